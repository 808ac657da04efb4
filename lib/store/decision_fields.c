#include "store/decision_fields.h"

#include <limits.h>

#define AT(type, member) .offset = offsetof(type, member)
#define NAME(type, member, k) { .key = k, .kind = FIELD_NAME, AT(type, member) }
#define TEXT(type, member, k) { .key = k, .kind = FIELD_TEXT, AT(type, member) }
#define LOCAL(type, member, k) { .key = k, .kind = FIELD_LOCAL, AT(type, member) }
#define BOOL(type, member, k) { .key = k, .kind = FIELD_BOOL, AT(type, member) }
#define UINT(type, member, k) { .key = k, .kind = FIELD_UINT, AT(type, member) }
#define U64(type, member, k) { .key = k, .kind = FIELD_U64, AT(type, member) }
#define ENUM(type, member, k, table) \
	{ .key = k, .kind = FIELD_ENUM, AT(type, member), .names = table }
#define OBJECT(type, member, k, rows) \
	{ .key = k, .kind = FIELD_OBJECT, AT(type, member), .sub = rows }
#define LIST(what, type, member, n, item, most, k, rows) \
	{ .key = k, .kind = what, AT(type, member), .count = offsetof(type, n), \
	  .size = sizeof(item), .max = most, .sub = rows }
#define INLINE(type, member, n, item, most, k, rows) \
	{ .key = k, .kind = FIELD_INLINE, AT(type, member), .count = offsetof(type, n), \
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
	ENUM(struct org, status, "status", org_status_names),
	NAME(struct org, domain, "domain"),
	BOOL(struct org, guarded, "guarded"),
	END,
};

static const struct field client_fields[] = {
	TEXT(struct evidence, client_ip, "ip"),
	TEXT(struct evidence, client_name, "name"),
	BOOL(struct evidence, client_name_confirmed, "name_confirmed"),
	TEXT(struct evidence, helo, "helo"),
	NAME(struct evidence, helo_domain, "helo_domain"),
	BOOL(struct evidence, smtputf8, "smtputf8"),
	END,
};

static const struct field sender_fields[] = {
	ENUM(struct sender, status, "status", path_status_names),
	LOCAL(struct sender, local, "local"),
	NAME(struct sender, domain, "domain"),
	TEXT(struct sender, reason, "reason"),
	END,
};

static const struct field recipient_fields[] = {
	{ .key = "domains", .kind = FIELD_NAMES, AT(struct evidence, recipient_domains),
	  .count = offsetof(struct evidence, n_recipient_domains) },
	{ .key = "rules", .kind = FIELD_BESIDE, AT(struct evidence, recipient_rules),
	  .count = offsetof(struct evidence, n_recipient_domains) },
	UINT(struct evidence, n_recipients, "count"),
	UINT(struct evidence, recipients_unlisted, "unlisted"),
	END,
};

static const struct field from_fields[] = {
	ENUM(struct evidence, from, "status", from_status_names),
	TEXT(struct evidence, from_reason, "reason"),
	UINT(struct evidence, from_fields, "fields"),
	END,
};

/* For people and jq; read back only when the text was cut. */
static const struct field record_fields[] = {
	ENUM(struct record, p, "p", disposition_names),
	ENUM(struct record, sp, "sp", disposition_names),
	ENUM(struct record, np, "np", disposition_names),
	BOOL(struct record, p_bad, "p_bad"),
	BOOL(struct record, sp_bad, "sp_bad"),
	BOOL(struct record, np_bad, "np_bad"),
	ENUM(struct record, adkim, "adkim", align_mode_names),
	ENUM(struct record, aspf, "aspf", align_mode_names),
	ENUM(struct record, psd, "psd", psd_names),
	BOOL(struct record, testing, "t"),
	{ .key = "pct", .kind = FIELD_UINT, .always = true, AT(struct record, pct) },
	BOOL(struct record, pct_given, "pct_given"),
	BOOL(struct record, obsolete_tags, "obsolete_tags"),
	BOOL(struct record, fo_0, "fo_0"),
	BOOL(struct record, fo_1, "fo_1"),
	BOOL(struct record, fo_d, "fo_d"),
	BOOL(struct record, fo_s, "fo_s"),
	TEXT(struct record, note, "note"),
	END,
};

static const struct field policy_found_fields[] = {
	ENUM(struct policy_found, method, "method", discovery_method_names),
	ENUM(struct policy_found, status, "status", discovery_status_names),
	NAME(struct policy_found, domain, "domain"),
	BOOL(struct policy_found, is_psd, "is_psd"),
	BOOL(struct policy_found, several, "several"),
	{ .key = "record", .kind = FIELD_RECORD, AT(struct policy_found, record),
	  .sub = record_fields },
	OBJECT(struct policy_found, org, "org", org_fields),
	ENUM(struct policy_found, exists, "exists", existence_names),
	TEXT(struct policy_found, reason, "reason"),
	END,
};

static const struct field author_fields[] = {
	NAME(struct author, domain, "domain"),
	OBJECT(struct author, policy, "policy", policy_found_fields),
	END,
};

static const struct field spf_fields[] = {
	ENUM(struct spf_evidence, result, "result", spf_result_names),
	ENUM(struct spf_evidence, scope, "scope", spf_scope_names),
	NAME(struct spf_evidence, domain, "domain"),
	TEXT(struct spf_evidence, reason, "reason"),
	/* the owner's text may hold the local part (RFC 7208 7.2, macro l) */
	LOCAL(struct spf_evidence, explanation, "explanation"),
	OBJECT(struct spf_evidence, org, "org", org_fields),
	END,
};

static const struct field dkim_fields[] = {
	ENUM(struct dkim_evidence, result, "result", dkim_result_names),
	TEXT(struct dkim_evidence, reason, "reason"),
	NAME(struct dkim_evidence, d, "d"),
	NAME(struct dkim_evidence, s, "s"),
	LOCAL(struct dkim_evidence, i_local, "i_local"),
	NAME(struct dkim_evidence, i_domain, "i_domain"),
	TEXT(struct dkim_evidence, algorithm, "a"),
	TEXT(struct dkim_evidence, b_start, "b"),
	UINT(struct dkim_evidence, key_bits, "key_bits"),
	BOOL(struct dkim_evidence, has_length, "l"),
	U64(struct dkim_evidence, surplus, "surplus"),
	BOOL(struct dkim_evidence, test_key, "test_key"),
	BOOL(struct dkim_evidence, covers_from, "covers_from"),
	OBJECT(struct dkim_evidence, org, "org", org_fields),
	END,
};

static const struct field arc_claim_fields[] = {
	ENUM(struct arc_claim, method, "method", arc_method_names),
	NAME(struct arc_claim, domain, "domain"),
	OBJECT(struct arc_claim, org, "org", org_fields),
	END,
};

static const struct field arc_set_fields[] = {
	NAME(struct arc_set, d, "d"),
	NAME(struct arc_set, s, "s"),
	TEXT(struct arc_set, client_ip, "client_ip"),
	{ .key = "results", .kind = FIELD_ADDRESSES, AT(struct arc_set, results) },
	LIST(FIELD_CLAIMS, struct arc_set, claims, n_claims, struct arc_claim, LIMIT_ARC_CLAIMS,
	     "claims", arc_claim_fields),
	BOOL(struct arc_set, seal_ok, "seal_ok"),
	BOOL(struct arc_set, message_ok, "message_ok"),
	BOOL(struct arc_set, from_covered, "from_covered"),
	END,
};

static const struct field arc_fields[] = {
	ENUM(struct arc_evidence, result, "result", arc_result_names),
	TEXT(struct arc_evidence, reason, "reason"),
	UINT(struct arc_evidence, oldest_pass, "oldest_pass"),
	LIST(FIELD_SETS, struct arc_evidence, sets, n_sets, struct arc_set, LIMIT_ARC_SETS, "sets",
	     arc_set_fields),
	END,
};

static const struct field marks_fields[] = {
	TEXT(struct marks, list_id, "list_id"),
	BOOL(struct marks, list_post, "list_post"),
	BOOL(struct marks, list_unsubscribe, "list_unsubscribe"),
	BOOL(struct marks, list_other, "list_other"),
	BOOL(struct marks, precedence_list, "precedence_list"),
	BOOL(struct marks, precedence_bulk, "precedence_bulk"),
	BOOL(struct marks, resent, "resent"),
	BOOL(struct marks, srs, "srs"),
	BOOL(struct marks, auto_submitted, "auto_submitted"),
	UINT(struct marks, arc_fields, "arc_fields"),
	END,
};

static const struct field relay_fields[] = {
	TEXT(struct relay, ip, "ip"),
	UINT(struct relay, hops, "hops"),
	TEXT(struct relay, unread, "unread"),
	END,
};

static const struct field draw_fields[] = {
	{ .key = "sample", .kind = FIELD_UINT, .always = true, AT(struct evidence, sample_draw) },
	{ .key = "enforce", .kind = FIELD_UINT, .always = true, AT(struct evidence, enforce_draw) },
	END,
};

static const struct field applied_fields[] = {
	ENUM(struct policy, status, "status", policy_status_names),
	ENUM(struct policy, published, "published", disposition_names),
	ENUM(struct policy, tag, "tag", applied_tag_names),
	ENUM(struct policy, effective, "effective", disposition_names),
	ENUM(struct policy, softened, "softened", softening_names),
	BOOL(struct policy, existence_unknown, "existence_unknown"),
	TEXT(struct policy, note, "note"),
	END,
};

static const struct field judged_fields[] = {
	ENUM(struct author_verdict, result, "result", dmarc_result_names),
	OBJECT(struct author_verdict, policy, "policy", applied_fields),
	ENUM(struct author_verdict, spf, "spf_aligned", alignment_names),
	ENUM(struct author_verdict, dkim, "dkim_aligned", alignment_names),
	{ .key = "dkim_index", .kind = FIELD_SIGNATURE, AT(struct author_verdict, dkim_index) },
	ENUM(struct author_verdict, asked, "asked", disposition_names),
	END,
};

static const struct field reason_fields[] = {
	ENUM(struct reason, type, "type", reason_type_names),
	NAME(struct reason, rule, "rule"),
	TEXT(struct reason, comment, "comment"),
	END,
};

#define ALWAYS(type, member, k, table) \
	{ .key = k, .kind = FIELD_ENUM, .always = true, AT(type, member), .names = table }

static const struct field chosen_for_fields[] = {
	NAME(struct chosen_for, domain, "domain"),
	TEXT(struct chosen_for, rules, "rules"),
	ALWAYS(struct chosen_for, chosen, "chosen", action_names),
	ENUM(struct chosen_for, why, "why", why_names),
	NAME(struct chosen_for, rule, "rule"),
	END,
};

static const struct field cost_fields[] = {
	UINT(struct evidence, lookups, "lookups"),
	UINT(struct evidence, waited_ms, "waited_ms"),
	U64(struct evidence, body_bytes, "body_bytes"),
	UINT(struct evidence, header_fields, "header_fields"),
	END,
};

const struct field decision_fields[] = {
	TEXT(struct decision, line_id, "id"),
	{ .key = "when", .kind = FIELD_TIME, AT(struct decision, evidence.when_ms) },
	TEXT(struct decision, queue_id, "queue_id"),
	NAME(struct decision, mode, "mode"),
	OBJECT(struct decision, evidence.relay, "relay", relay_fields),
	OBJECT(struct decision, evidence, "client", client_fields),
	ALWAYS(struct decision, evidence.exempt, "exempt", exemption_names),
	OBJECT(struct decision, evidence.sender, "sender", sender_fields),
	OBJECT(struct decision, evidence, "recipients", recipient_fields),
	OBJECT(struct decision, evidence, "from", from_fields),
	INLINE(struct decision, evidence.authors, evidence.n_authors, struct author,
	       LIMIT_AUTHORS, "authors", author_fields),
	OBJECT(struct decision, evidence.spf, "spf", spf_fields),
	LIST(FIELD_SIGNATURES, struct decision, evidence.dkim, evidence.n_dkim,
	     struct dkim_evidence, UINT_MAX, "dkim", dkim_fields),
	UINT(struct decision, evidence.dkim_unchecked, "dkim_unchecked"),
	OBJECT(struct decision, evidence.arc, "arc", arc_fields),
	OBJECT(struct decision, evidence.marks, "marks", marks_fields),
	OBJECT(struct decision, evidence, "draws", draw_fields),
	INLINE(struct decision, verdict.authors, verdict.n_authors, struct author_verdict,
	       LIMIT_AUTHORS, "judged", judged_fields),
	ALWAYS(struct decision, verdict.result, "result", dmarc_result_names),
	TEXT(struct decision, verdict.result_reason, "result_reason"),
	{ .key = "decisive", .kind = FIELD_INDEX, AT(struct decision, verdict.decisive) },
	ALWAYS(struct decision, verdict.asked, "asked", disposition_names),
	ALWAYS(struct decision, verdict.chosen, "chosen", action_names),
	{ .key = "chosen_for", .kind = FIELD_CHOSEN_FOR, AT(struct decision, verdict),
	  .sub = chosen_for_fields },
	ALWAYS(struct decision, verdict.why, "why", why_names),
	NAME(struct decision, verdict.rule, "rule"),
	TEXT(struct decision, verdict.reply, "reply"),
	{ .key = "missing", .kind = FIELD_SIGNALS, AT(struct decision, verdict.missing) },
	UINT(struct decision, verdict.trusted_set, "trusted_set"),
	BOOL(struct decision, verdict.recipients_differ, "recipients_differ"),
	BOOL(struct decision, verdict.left_out, "left_out"),
	INLINE(struct decision, verdict.reasons, verdict.n_reasons, struct reason,
	       VERDICT_REASONS, "reasons", reason_fields),
	{ .key = "dry_run", .kind = FIELD_BOOL, .always = true,
	  AT(struct decision, verdict.dry_run) },
	ENUM(struct decision, verdict.apply, "apply", action_names),
	ENUM(struct decision, verdict.method, "method", quarantine_method_names),
	TEXT(struct decision, done, "done"),
	OBJECT(struct decision, evidence, "cost", cost_fields),
	END,
};
