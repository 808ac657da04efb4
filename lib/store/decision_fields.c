#include "store/decision_fields.h"

#include <limits.h>

#define AT(type, member) .offset = offsetof(type, member)
/* The part of a decision that it belongs to is said in every row: whoever adds
 * one says whether messages share it (facts.h) or only the line keeps it. */
#define ROW(p, k) .part = PART_##p, .key = k
#define NAME(p, type, member, k) { ROW(p, k), .kind = FIELD_NAME, AT(type, member) }
#define TEXT(p, type, member, k) { ROW(p, k), .kind = FIELD_TEXT, AT(type, member) }
#define LOCAL(p, type, member, k) { ROW(p, k), .kind = FIELD_LOCAL, AT(type, member) }
#define BOOL(p, type, member, k) { ROW(p, k), .kind = FIELD_BOOL, AT(type, member) }
#define UINT(p, type, member, k) { ROW(p, k), .kind = FIELD_UINT, AT(type, member) }
#define U64(p, type, member, k) { ROW(p, k), .kind = FIELD_U64, AT(type, member) }
#define ENUM(p, type, member, k, table) \
	{ ROW(p, k), .kind = FIELD_ENUM, AT(type, member), .names = table }
#define OBJECT(p, type, member, k, rows) \
	{ ROW(p, k), .kind = FIELD_OBJECT, AT(type, member), .sub = rows }
#define LIST(what, p, type, member, n, item, most, k, rows) \
	{ ROW(p, k), .kind = what, AT(type, member), .count = offsetof(type, n), \
	  .size = sizeof(item), .max = most, .sub = rows }
#define INLINE(p, type, member, n, item, most, k, rows) \
	{ ROW(p, k), .kind = FIELD_INLINE, AT(type, member), .count = offsetof(type, n), \
	  .size = sizeof(item), .max = most, .sub = rows }
#define END { .kind = FIELD_END }

static const struct name_row align_mode_names[] = {
	{ ALIGN_RELAXED, "r" }, { ALIGN_STRICT, "s" }, { 0, NULL },
};
static const struct name_row psd_names[] = {
	{ PSD_UNKNOWN, "u" }, { PSD_YES, "y" }, { PSD_NO, "n" }, { 0, NULL },
};
static const struct name_row policy_status_names[] = {
	{ POLICY_UNSET, "-" }, { POLICY_NONE, "none" }, { POLICY_APPLIES, "applies" },
	{ POLICY_DAMAGED_NONE, "damaged-as-none" }, { POLICY_DAMAGED_IGNORED, "damaged-ignored" },
	{ POLICY_TEMPERROR, "temperror" }, { 0, NULL },
};
static const struct name_row softening_names[] = {
	{ SOFTENED_NO, "no" }, { SOFTENED_TEST_MODE, "test-mode" },
	{ SOFTENED_SAMPLED_OUT, "sampled-out" }, { 0, NULL },
};

static const struct field org_fields[] = {
	ENUM(FACTS, struct org, status, "status", org_status_names),
	NAME(FACTS, struct org, domain, "domain"),
	BOOL(FACTS, struct org, guarded, "guarded"),
	END,
};

static const struct field client_fields[] = {
	TEXT(CLIENT, struct evidence, client_ip, "ip"),
	TEXT(CLIENT, struct evidence, client_name, "name"),
	BOOL(CLIENT, struct evidence, client_name_confirmed, "name_confirmed"),
	TEXT(LINE, struct evidence, helo, "helo"),
	NAME(CLIENT, struct evidence, helo_domain, "helo_domain"),
	BOOL(LINE, struct evidence, smtputf8, "smtputf8"),
	END,
};

static const struct field sender_fields[] = {
	ENUM(FACTS, struct sender, status, "status", path_status_names),
	LOCAL(LINE, struct sender, local, "local"),
	NAME(FACTS, struct sender, domain, "domain"),
	TEXT(LINE, struct sender, reason, "reason"),
	END,
};

static const struct field recipient_fields[] = {
	{ ROW(RECIPIENTS, "domains"), .kind = FIELD_NAMES, AT(struct evidence, recipient_domains),
	  .count = offsetof(struct evidence, n_recipient_domains) },
	{ ROW(RECIPIENTS, "rules"), .kind = FIELD_BESIDE, AT(struct evidence, recipient_rules),
	  .count = offsetof(struct evidence, n_recipient_domains) },
	UINT(LINE, struct evidence, n_recipients, "count"),
	UINT(RECIPIENTS, struct evidence, recipients_unlisted, "unlisted"),
	END,
};

static const struct field from_fields[] = {
	ENUM(FACTS, struct evidence, from, "status", from_status_names),
	TEXT(FACTS, struct evidence, from_reason, "reason"),
	UINT(LINE, struct evidence, from_fields, "fields"),
	END,
};

/* For people and jq; read back only when the text was cut. */
static const struct field record_fields[] = {
	ENUM(FACTS, struct record, p, "p", disposition_names),
	ENUM(FACTS, struct record, sp, "sp", disposition_names),
	ENUM(FACTS, struct record, np, "np", disposition_names),
	BOOL(FACTS, struct record, p_bad, "p_bad"),
	BOOL(FACTS, struct record, sp_bad, "sp_bad"),
	BOOL(FACTS, struct record, np_bad, "np_bad"),
	ENUM(FACTS, struct record, adkim, "adkim", align_mode_names),
	ENUM(FACTS, struct record, aspf, "aspf", align_mode_names),
	ENUM(FACTS, struct record, psd, "psd", psd_names),
	BOOL(FACTS, struct record, testing, "t"),
	{ ROW(FACTS, "pct"), .kind = FIELD_UINT, .always = true, AT(struct record, pct) },
	BOOL(FACTS, struct record, pct_given, "pct_given"),
	BOOL(FACTS, struct record, obsolete_tags, "obsolete_tags"),
	BOOL(FACTS, struct record, fo_0, "fo_0"),
	BOOL(FACTS, struct record, fo_1, "fo_1"),
	BOOL(FACTS, struct record, fo_d, "fo_d"),
	BOOL(FACTS, struct record, fo_s, "fo_s"),
	TEXT(FACTS, struct record, note, "note"),
	END,
};

static const struct field policy_found_fields[] = {
	ENUM(FACTS, struct policy_found, method, "method", discovery_method_names),
	ENUM(FACTS, struct policy_found, status, "status", discovery_status_names),
	NAME(FACTS, struct policy_found, domain, "domain"),
	BOOL(FACTS, struct policy_found, is_psd, "is_psd"),
	BOOL(FACTS, struct policy_found, several, "several"),
	{ ROW(FACTS, "record"), .kind = FIELD_RECORD, AT(struct policy_found, record),
	  .sub = record_fields },
	OBJECT(FACTS, struct policy_found, org, "org", org_fields),
	ENUM(FACTS, struct policy_found, exists, "exists", existence_names),
	TEXT(LINE, struct policy_found, reason, "reason"),
	END,
};

static const struct field author_fields[] = {
	NAME(FACTS, struct author, domain, "domain"),
	OBJECT(FACTS, struct author, policy, "policy", policy_found_fields),
	END,
};

static const struct field spf_fields[] = {
	ENUM(FACTS, struct spf_evidence, result, "result", spf_result_names),
	ENUM(FACTS, struct spf_evidence, scope, "scope", spf_scope_names),
	NAME(FACTS, struct spf_evidence, domain, "domain"),
	TEXT(LINE, struct spf_evidence, reason, "reason"),
	/* the owner's text may hold the local part (RFC 7208 7.2, macro l) */
	LOCAL(LINE, struct spf_evidence, explanation, "explanation"),
	OBJECT(FACTS, struct spf_evidence, org, "org", org_fields),
	END,
};

static const struct field dkim_fields[] = {
	ENUM(FACTS, struct dkim_evidence, result, "result", dkim_result_names),
	TEXT(LINE, struct dkim_evidence, reason, "reason"),
	NAME(FACTS, struct dkim_evidence, d, "d"),
	NAME(FACTS, struct dkim_evidence, s, "s"),
	LOCAL(LINE, struct dkim_evidence, i_local, "i_local"),
	NAME(LINE, struct dkim_evidence, i_domain, "i_domain"),
	TEXT(LINE, struct dkim_evidence, algorithm, "a"),
	TEXT(LINE, struct dkim_evidence, b_start, "b"),
	UINT(LINE, struct dkim_evidence, key_bits, "key_bits"),
	BOOL(LINE, struct dkim_evidence, has_length, "l"),
	U64(LINE, struct dkim_evidence, surplus, "surplus"),
	BOOL(FACTS, struct dkim_evidence, test_key, "test_key"),
	BOOL(LINE, struct dkim_evidence, covers_from, "covers_from"),
	OBJECT(FACTS, struct dkim_evidence, org, "org", org_fields),
	END,
};

static const struct field arc_claim_fields[] = {
	ENUM(FACTS, struct arc_claim, method, "method", arc_method_names),
	NAME(FACTS, struct arc_claim, domain, "domain"),
	OBJECT(FACTS, struct arc_claim, org, "org", org_fields),
	END,
};

static const struct field arc_set_fields[] = {
	NAME(FACTS, struct arc_set, d, "d"),
	NAME(FACTS, struct arc_set, s, "s"),
	TEXT(FACTS, struct arc_set, client_ip, "client_ip"),
	{ ROW(LINE, "results"), .kind = FIELD_ADDRESSES, AT(struct arc_set, results) },
	LIST(FIELD_CLAIMS, FACTS, struct arc_set, claims, n_claims, struct arc_claim, LIMIT_ARC_CLAIMS,
	     "claims", arc_claim_fields),
	BOOL(LINE, struct arc_set, seal_ok, "seal_ok"),
	BOOL(LINE, struct arc_set, message_ok, "message_ok"),
	BOOL(FACTS, struct arc_set, from_covered, "from_covered"),
	END,
};

static const struct field arc_fields[] = {
	ENUM(FACTS, struct arc_evidence, result, "result", arc_result_names),
	TEXT(LINE, struct arc_evidence, reason, "reason"),
	UINT(FACTS, struct arc_evidence, oldest_pass, "oldest_pass"),
	LIST(FIELD_SETS, FACTS, struct arc_evidence, sets, n_sets, struct arc_set, LIMIT_ARC_SETS,
	     "sets", arc_set_fields),
	END,
};

static const struct field marks_fields[] = {
	TEXT(FACTS, struct marks, list_id, "list_id"),
	BOOL(FACTS, struct marks, list_post, "list_post"),
	BOOL(FACTS, struct marks, list_unsubscribe, "list_unsubscribe"),
	BOOL(FACTS, struct marks, list_other, "list_other"),
	BOOL(FACTS, struct marks, precedence_list, "precedence_list"),
	BOOL(FACTS, struct marks, precedence_bulk, "precedence_bulk"),
	BOOL(FACTS, struct marks, resent, "resent"),
	BOOL(FACTS, struct marks, srs, "srs"),
	BOOL(FACTS, struct marks, auto_submitted, "auto_submitted"),
	UINT(FACTS, struct marks, arc_fields, "arc_fields"),
	END,
};

static const struct field relay_fields[] = {
	TEXT(LINE, struct relay, ip, "ip"),
	UINT(LINE, struct relay, hops, "hops"),
	TEXT(LINE, struct relay, unread, "unread"),
	END,
};

static const struct field draw_fields[] = {
	{ ROW(LINE, "sample"), .kind = FIELD_UINT, .always = true, AT(struct evidence, sample_draw) },
	{ ROW(LINE, "enforce"), .kind = FIELD_UINT, .always = true, AT(struct evidence, enforce_draw) },
	END,
};

static const struct field applied_fields[] = {
	ENUM(VERDICT, struct policy, status, "status", policy_status_names),
	ENUM(VERDICT, struct policy, published, "published", disposition_names),
	ENUM(VERDICT, struct policy, tag, "tag", applied_tag_names),
	ENUM(VERDICT, struct policy, effective, "effective", disposition_names),
	ENUM(VERDICT, struct policy, softened, "softened", softening_names),
	BOOL(VERDICT, struct policy, existence_unknown, "existence_unknown"),
	TEXT(LINE, struct policy, note, "note"),
	END,
};

static const struct field judged_fields[] = {
	ENUM(VERDICT, struct author_verdict, result, "result", dmarc_result_names),
	OBJECT(VERDICT, struct author_verdict, policy, "policy", applied_fields),
	ENUM(VERDICT, struct author_verdict, spf, "spf_aligned", alignment_names),
	ENUM(VERDICT, struct author_verdict, dkim, "dkim_aligned", alignment_names),
	{ ROW(VERDICT, "dkim_index"), .kind = FIELD_SIGNATURE, AT(struct author_verdict, dkim_index) },
	ENUM(VERDICT, struct author_verdict, asked, "asked", disposition_names),
	END,
};

static const struct field reason_fields[] = {
	ENUM(VERDICT, struct reason, type, "type", reason_type_names),
	NAME(VERDICT, struct reason, rule, "rule"),
	TEXT(VERDICT, struct reason, comment, "comment"),
	END,
};

#define ALWAYS(p, type, member, k, table) \
	{ ROW(p, k), .kind = FIELD_ENUM, .always = true, AT(type, member), .names = table }

static const struct field chosen_for_fields[] = {
	NAME(VERDICT, struct chosen_for, domain, "domain"),
	TEXT(VERDICT, struct chosen_for, rules, "rules"),
	ALWAYS(VERDICT, struct chosen_for, chosen, "chosen", action_names),
	ENUM(VERDICT, struct chosen_for, why, "why", why_names),
	NAME(VERDICT, struct chosen_for, rule, "rule"),
	END,
};

static const struct field cost_fields[] = {
	UINT(LINE, struct evidence, lookups, "lookups"),
	UINT(LINE, struct evidence, waited_ms, "waited_ms"),
	U64(LINE, struct evidence, body_bytes, "body_bytes"),
	UINT(LINE, struct evidence, header_fields, "header_fields"),
	END,
};

const struct field decision_fields[] = {
	TEXT(LINE, struct decision, line_id, "id"),
	{ ROW(LINE, "when"), .kind = FIELD_TIME, AT(struct decision, evidence.when_ms) },
	TEXT(LINE, struct decision, queue_id, "queue_id"),
	NAME(VERDICT, struct decision, mode, "mode"),
	OBJECT(LINE, struct decision, evidence.relay, "relay", relay_fields),
	OBJECT(CLIENT, struct decision, evidence, "client", client_fields),
	ALWAYS(FACTS, struct decision, evidence.exempt, "exempt", exemption_names),
	BOOL(FACTS, struct decision, evidence.from_history, "from_history"),
	OBJECT(FACTS, struct decision, evidence.sender, "sender", sender_fields),
	OBJECT(RECIPIENTS, struct decision, evidence, "recipients", recipient_fields),
	OBJECT(FACTS, struct decision, evidence, "from", from_fields),
	INLINE(FACTS, struct decision, evidence.authors, evidence.n_authors, struct author,
	       LIMIT_AUTHORS, "authors", author_fields),
	OBJECT(FACTS, struct decision, evidence.spf, "spf", spf_fields),
	LIST(FIELD_SIGNATURES, FACTS, struct decision, evidence.dkim, evidence.n_dkim,
	     struct dkim_evidence, UINT_MAX, "dkim", dkim_fields),
	UINT(LINE, struct decision, evidence.dkim_unchecked, "dkim_unchecked"),
	OBJECT(FACTS, struct decision, evidence.arc, "arc", arc_fields),
	OBJECT(FACTS, struct decision, evidence.marks, "marks", marks_fields),
	OBJECT(LINE, struct decision, evidence, "draws", draw_fields),
	INLINE(VERDICT, struct decision, verdict.authors, verdict.n_authors, struct author_verdict,
	       LIMIT_AUTHORS, "judged", judged_fields),
	ALWAYS(VERDICT, struct decision, verdict.result, "result", dmarc_result_names),
	TEXT(LINE, struct decision, verdict.result_reason, "result_reason"),
	{ ROW(VERDICT, "decisive"), .kind = FIELD_INDEX, AT(struct decision, verdict.decisive) },
	ALWAYS(VERDICT, struct decision, verdict.asked, "asked", disposition_names),
	ALWAYS(VERDICT, struct decision, verdict.chosen, "chosen", action_names),
	{ ROW(VERDICT, "chosen_for"), .kind = FIELD_CHOSEN_FOR, AT(struct decision, verdict),
	  .sub = chosen_for_fields },
	ALWAYS(VERDICT, struct decision, verdict.why, "why", why_names),
	NAME(VERDICT, struct decision, verdict.rule, "rule"),
	TEXT(LINE, struct decision, verdict.reply, "reply"),
	{ ROW(VERDICT, "missing"), .kind = FIELD_SIGNALS, AT(struct decision, verdict.missing) },
	UINT(VERDICT, struct decision, verdict.trusted_set, "trusted_set"),
	BOOL(VERDICT, struct decision, verdict.recipients_differ, "recipients_differ"),
	BOOL(VERDICT, struct decision, verdict.left_out, "left_out"),
	INLINE(VERDICT, struct decision, verdict.reasons, verdict.n_reasons, struct reason,
	       VERDICT_REASONS, "reasons", reason_fields),
	{ ROW(VERDICT, "dry_run"), .kind = FIELD_BOOL, .always = true,
	  AT(struct decision, verdict.dry_run) },
	ENUM(VERDICT, struct decision, verdict.apply, "apply", action_names),
	ENUM(VERDICT, struct decision, verdict.method, "method", quarantine_method_names),
	TEXT(VERDICT, struct decision, done, "done"),
	OBJECT(LINE, struct decision, evidence, "cost", cost_fields),
	END,
};
