#include "core/summary.h"

#include <string.h>

#include "core/domain.h"

#define HEADER_SIGNATURES 16            /* dkim results in one field */
#define B_OCTETS 8                      /* of a signature: RFC 6008 3 */
#define QUEUE_ID_OCTETS 64
#define LOGGED_HELO_OCTETS 128

static const struct author *decisive_author(const struct evidence *e, const struct verdict *v)
{
	return v->decisive >= 0 && (unsigned)v->decisive < e->n_authors ? &e->authors[v->decisive] : NULL;
}

static const struct author_verdict *decisive_verdict(const struct evidence *e, const struct verdict *v)
{
	return decisive_author(e, v) != NULL ? &v->authors[v->decisive] : NULL;
}

static bool is_exempt(const struct evidence *e)
{
	return e->exempt != EXEMPT_UNSET && e->exempt != EXEMPT_NO;
}

/* Would the signature's domain be aligned, as far as one can tell? Its own
 * Organizational Domain is not looked up when it did not pass. */
static bool is_related(const struct author *author, const char *d)
{
	const struct org *org = &author->policy.org;

	if (d == NULL)
		return false;
	if (org->status == ORG_KNOWN)
		return domain_is_within(d, org->domain);
	return domain_is_within(d, author->domain) ||
	       (domain_labels(d) > 1 && domain_is_within(author->domain, d));
}

static bool is_related_to_any(const struct evidence *e, const char *d)
{
	for (unsigned i = 0; i < e->n_authors; i++)
		if (is_related(&e->authors[i], d))
			return true;
	return false;
}

/* The header */

static void header_spf(struct authres *out, const struct evidence *e,
		       const struct summary_options *options)
{
	const struct spf_evidence *spf = &e->spf;
	bool full = options->full_addresses && e->sender.status == PATH_MAILBOX &&
		    e->sender.local != NULL && e->sender.local[0] != '\0';

	if (spf->result == RES_SPF_UNSET)
		return;
	authres_result(out, "spf", names_get(spf_result_names, (int)spf->result));
	if (spf->reason != NULL &&
	    (spf->result == RES_SPF_TEMPERROR || spf->result == RES_SPF_PERMERROR))
		authres_reason(out, spf->reason);
	if (spf->scope == SCOPE_SPF_HELO)
		authres_address(out, "smtp.helo", NULL, spf->domain, false);
	else
		authres_address(out, "smtp.mailfrom", full ? e->sender.local : NULL, spf->domain,
				e->smtputf8);
}

/* As much of the signature as tells it from the others (RFC 6008 3). */
static const char *header_b(struct arena *arena, const struct evidence *e, unsigned index)
{
	const char *b = e->dkim[index].b_start;
	size_t len = b != NULL ? strlen(b) : 0, need = B_OCTETS;

	if (len == 0)
		return NULL;
	for (unsigned i = 0; i < e->n_dkim; i++)
		while (i != index && e->dkim[i].b_start != NULL && need < len &&
		       slice_equal(slice_until(slice_of(b), need),
				   slice_until(slice_of(e->dkim[i].b_start), need)))
			need++;
	return arena_strndup(arena, b, need < len ? need : len);
}

static void header_dkim_comment(struct arena *arena, struct authres *out,
				const struct dkim_evidence *dkim)
{
	const char *surplus = "";

	if (dkim->result != RES_DKIM_PASS)
		return;
	if (dkim->has_length && dkim->surplus > 0)
		surplus = arena_printf(arena, "%llu octets behind l= not signed",
				       (unsigned long long)dkim->surplus);
	if (dkim->test_key || surplus[0] != '\0')
		authres_comment(out, arena_printf(arena, "%s%s%s", dkim->test_key ? "test key" : "",
						  dkim->test_key && surplus[0] != '\0' ? ", " : "",
						  surplus));
}

/* i= and a= of a signature that did not pass are nobody's word. */
static void header_signature(struct arena *arena, struct authres *out, const struct evidence *e,
			     unsigned index, const struct summary_options *options)
{
	const struct dkim_evidence *dkim = &e->dkim[index];
	bool passed = dkim->result == RES_DKIM_PASS;

	authres_result(out, "dkim", names_get(dkim_result_names, (int)dkim->result));
	if (options->comments)
		header_dkim_comment(arena, out, dkim);
	if (!passed && dkim->reason != NULL)
		authres_reason(out, dkim->reason);
	authres_property(out, "header.d", dkim->d);
	if (passed) {
		bool full = options->full_addresses && dkim->i_local != NULL;

		authres_address(out, "header.i", full ? dkim->i_local : "", dkim->i_domain, e->smtputf8);
		authres_property(out, "header.a", dkim->algorithm);
	}
	authres_property(out, "header.s", dkim->s);
	authres_property_quoted(out, "header.b", header_b(arena, e, index));
}

static void header_dkim(struct arena *arena, struct authres *out, const struct evidence *e,
			const bool *keep, const struct summary_options *options)
{
	if (e->n_dkim == 0)
		authres_result(out, "dkim", "none");
	for (unsigned i = 0; i < e->n_dkim; i++)
		if (keep[i] && e->dkim[i].result != RES_DKIM_UNSET)
			header_signature(arena, out, e, i, options);
}

static void header_arc(struct arena *arena, struct authres *out, const struct evidence *e)
{
	if (e->arc.result == RES_ARC_UNSET)
		return;
	authres_result(out, "arc", names_get(arc_result_names, (int)e->arc.result));
	if (e->arc.result == RES_ARC_PASS)
		authres_property(out, "header.oldest-pass", arena_printf(arena, "%u", e->arc.oldest_pass));
	authres_property(out, "smtp.remote-ip", e->client_ip);
}

/* What was done, in the words of a published policy. */
static enum disposition applied_disposition(enum action apply)
{
	switch (apply) {
	case ACTION_UNSET:
	case ACTION_ACCEPT:
	case ACTION_TEMPFAIL:
		return DISPOSITION_NONE;
	case ACTION_QUARANTINE:
		return DISPOSITION_QUARANTINE;
	case ACTION_REJECT:
		return DISPOSITION_REJECT;
	}
	return DISPOSITION_NONE;
}

static const char *disposition_word(enum disposition d)
{
	return names_get(disposition_names, (int)(d == DISPOSITION_UNSET ? DISPOSITION_NONE : d));
}

/* The reason (in the words of RFC 9990) why something milder was chosen than
 * was asked; NULL when that is not so. */
static const char *milder_word(const struct verdict *v)
{
	if (applied_disposition(v->chosen) >= v->asked)
		return NULL;
	for (unsigned i = 0; i < v->n_reasons; i++)
		if (v->reasons[i].type != REASON_POLICY_TEST_MODE && v->reasons[i].type != REASON_SAMPLED_OUT)
			return names_get(reason_type_names, (int)v->reasons[i].type);
	return NULL;
}

/* "p=reject dis=none": the form that existing consumers read. */
static void header_fail_comment(struct authres *out, const struct author *author,
				const struct author_verdict *judged, const struct verdict *v)
{
	const struct record *record = &author->policy.record;
	bool damaged = judged->policy.status == POLICY_DAMAGED_NONE;
	bool inherited = !damaged && !domain_equal(author->policy.domain, author->domain);
	const char *milder = milder_word(v);
	struct buf text;

	buf_init(&text, LIMIT_AUTHRES_COMMENT);
	buf_printf(&text, "p=%s", disposition_word(damaged ? DISPOSITION_NONE : record->p));
	if (inherited && record->sp != DISPOSITION_UNSET)
		buf_printf(&text, " sp=%s", disposition_word(record->sp));
	if (judged->policy.tag == TAG_NP)
		buf_printf(&text, " np=%s", disposition_word(record->np));
	if (judged->policy.softened == SOFTENED_TEST_MODE)
		buf_add_str(&text, " t=y");
	if (judged->policy.softened == SOFTENED_SAMPLED_OUT)
		buf_printf(&text, " pct=%u", record->pct);
	buf_printf(&text, " dis=%s", disposition_word(applied_disposition(v->apply)));
	if (damaged)
		buf_add_str(&text, " damaged record");
	if (milder != NULL)
		buf_printf(&text, " %s", milder);
	if (v->dry_run && v->chosen != ACTION_ACCEPT)
		buf_add_str(&text, " dry-run");
	authres_comment(out, buf_str(&text));
	buf_done(&text);
}

static void header_dmarc_comments(struct arena *arena, struct authres *out, const struct author *author,
				  const struct author_verdict *judged, const struct verdict *v)
{
	const char *where = author->policy.domain;

	if (v->result != RES_DMARC_PASS && v->result != RES_DMARC_FAIL)
		where = NULL;
	if (v->result == RES_DMARC_FAIL && where != NULL)
		header_fail_comment(out, author, judged, v);
	/* a name cut short would be another name */
	if (where != NULL && !domain_equal(where, author->domain) &&
	    strlen(where) + strlen("policy of ") <= LIMIT_AUTHRES_COMMENT)
		authres_comment(out, arena_printf(arena, "policy of %s", where));
	if (v->n_authors > 1)
		authres_comment(out, arena_printf(arena, "%u authors", v->n_authors));
}

static const char *dmarc_reason(const struct evidence *e, const struct verdict *v)
{
	if (v->result != RES_DMARC_TEMPERROR && v->result != RES_DMARC_PERMERROR)
		return NULL;
	if (v->result_reason == NULL && v->why == WHY_BAD_FROM)
		return e->from_reason != NULL ? e->from_reason : from_status_phrase(e->from);
	return v->result_reason;
}

static void header_dmarc(struct arena *arena, struct authres *out, const struct evidence *e,
			 const struct verdict *v, const struct summary_options *options)
{
	const struct author *author = decisive_author(e, v);
	const struct author_verdict *judged = decisive_verdict(e, v);
	bool applies = v->result == RES_DMARC_PASS || v->result == RES_DMARC_FAIL;

	if (v->result == RES_DMARC_UNSET)
		return;
	authres_result(out, "dmarc", names_get(dmarc_result_names, (int)v->result));
	if (options->comments && author != NULL)
		header_dmarc_comments(arena, out, author, judged, v);
	if (dmarc_reason(e, v) != NULL)
		authres_reason(out, dmarc_reason(e, v));
	if (author == NULL)
		return;
	authres_property(out, "header.from", author->domain);
	if (!applies)
		return;
	authres_property(out, "policy.dmarc", disposition_word(judged->asked));
	if (options->polrec) {
		authres_property(out, "polrec.p", disposition_word(author->policy.record.p));
		if (author->policy.domain != NULL && !domain_equal(author->policy.domain, author->domain))
			authres_property(out, "polrec.domain", author->policy.domain);
	}
}

/* Leaves one more signature out: failed unaligned first, then failed aligned,
 * then passed unaligned; of equals the last. False when none is left. */
static bool drop_signature(const struct evidence *e, bool *keep)
{
	int worst = -1, worst_rank = 4;

	for (unsigned i = 0; i < e->n_dkim; i++) {
		int rank = (e->dkim[i].result == RES_DKIM_PASS ? 2 : 0) +
			   (is_related_to_any(e, e->dkim[i].d) ? 1 : 0);

		if (keep[i] && rank <= worst_rank) {
			worst = (int)i;
			worst_rank = rank;
		}
	}
	if (worst >= 0)
		keep[worst] = false;
	return worst >= 0;
}

static const char *header_exempt(struct arena *arena, const struct evidence *e,
				 const struct summary_options *options)
{
	struct authres out;
	const char *comment = NULL, *text;

	/* authenticated mail leaves the site: nothing is said on it */
	if (e->exempt == EXEMPT_AUTHENTICATED)
		return NULL;
	if (options->comments)
		comment = arena_printf(arena, "exempt: %s", names_get(exemption_names, (int)e->exempt));
	authres_init(&out, options->authserv_id);
	text = arena_strdup(arena, authres_text(&out, comment));
	authres_done(&out);
	return text;
}

const char *summary_header(struct arena *arena, const struct evidence *evidence,
			   const struct verdict *verdict, const struct summary_options *options)
{
	bool *keep = ARENA_ARRAY(arena, bool, evidence->n_dkim), fits;
	const char *text;

	if (is_exempt(evidence))
		return header_exempt(arena, evidence, options);
	memset(keep, true, evidence->n_dkim);
	for (unsigned i = HEADER_SIGNATURES; i < evidence->n_dkim; i++)
		drop_signature(evidence, keep);
	do {
		struct authres out;

		authres_init(&out, options->authserv_id);
		header_spf(&out, evidence, options);
		header_dkim(arena, &out, evidence, keep, options);
		header_arc(arena, &out, evidence);
		header_dmarc(arena, &out, evidence, verdict, options);
		fits = authres_fits(&out);
		text = arena_strdup(arena, authres_text(&out, NULL));
		authres_done(&out);
	} while (!fits && drop_signature(evidence, keep));
	return text;
}

/* The reply */

/* Printable ASCII without `%`, which the milter library would expand. */
static void add_clean(struct buf *out, const char *text, size_t max)
{
	for (size_t i = 0; text[i] != '\0' && i < max; i++)
		if (text[i] >= ' ' && text[i] <= '~')
			buf_add_char(out, text[i] == '%' ? '_' : text[i]);
}

/* Adds the part whole or not at all. */
static void add_part(struct buf *out, const char *before, const char *text, const char *behind)
{
	size_t start = out->len;

	buf_add_str(out, before);
	add_clean(out, text, LIMIT_REPLY_TEXT);
	buf_add_str(out, behind);
	if (buf_is_full(out))
		buf_cut(out, start);
}

static void reply_spf(struct buf *out, const struct evidence *e)
{
	if (e->spf.result == RES_SPF_UNSET)
		add_part(out, ": ", "SPF not checked", "");
	else if (e->spf.result == RES_SPF_PASS)
		add_part(out, ": ", "SPF pass but not aligned", "");
	else
		add_part(out, ": SPF ", names_get(spf_result_names, (int)e->spf.result), "");
}

/* Says more when a signature of the author's was there and did not pass. */
static void reply_dkim(struct buf *out, const struct evidence *e, const struct author *author)
{
	add_part(out, ", ", "no aligned DKIM signature", "");
	for (unsigned i = 0; i < e->n_dkim; i++) {
		const struct dkim_evidence *dkim = &e->dkim[i];

		if (dkim->result == RES_DKIM_PASS || !is_related(author, dkim->d))
			continue;
		add_part(out, " passed (", dkim->reason != NULL ? dkim->reason :
			 names_get(dkim_result_names, (int)dkim->result), ")");
		return;
	}
}

static void reply_bad_from(struct buf *out, const struct evidence *e)
{
	const char *phrase = from_status_phrase(e->from);

	add_part(out, "rejected: ", phrase, "");
	if (e->from == FROM_ABSENT || e->from == FROM_REPEATED)
		add_part(out, ", ", "RFC 5322 requires exactly one", "");
	else if (e->from_reason != NULL && strcmp(e->from_reason, phrase) != 0)
		add_part(out, ": ", e->from_reason, "");
}

static void reply_tempfail(struct buf *out, const struct evidence *e, const struct verdict *v)
{
	const struct author *author = decisive_author(e, v);

	if (author != NULL)
		add_part(out, "DMARC check of ", author->domain, " is not possible now");
	else
		add_part(out, "", "DMARC check is not possible now", "");
	if (v->result_reason != NULL)
		add_part(out, ": ", v->result_reason, "");
	add_part(out, ", ", "please try again later", "");
}

static void reply_text(struct buf *out, const struct evidence *e, const struct verdict *v)
{
	const struct author *author = decisive_author(e, v);

	if (v->apply == ACTION_TEMPFAIL) {
		reply_tempfail(out, e, v);
	} else if (v->why == WHY_BAD_FROM) {
		reply_bad_from(out, e);
	} else if (author == NULL || v->result != RES_DMARC_FAIL || v->asked <= DISPOSITION_NONE) {
		add_part(out, "", "rejected by local policy", "");
	} else {
		add_part(out, v->asked == DISPOSITION_REJECT ? "rejected by DMARC policy of " :
			 "not accepted under DMARC policy quarantine of ", author->domain, "");
		reply_spf(out, e);
		reply_dkim(out, e, author);
	}
}

void summary_reply(struct arena *arena, const struct evidence *evidence,
		   const struct verdict *verdict, const struct summary_options *options,
		   const char *queue_id, struct summary_reply *out_r)
{
	struct buf text, id;

	buf_init(&id, QUEUE_ID_OCTETS + 3);
	if (queue_id != NULL && queue_id[0] != '\0') {
		buf_add_str(&id, " (");
		add_clean(&id, queue_id, QUEUE_ID_OCTETS);
		buf_add_char(&id, ')');
	}
	buf_init(&text, LIMIT_REPLY_TEXT - id.len);
	reply_text(&text, evidence, verdict);
	out_r->code = verdict->apply == ACTION_TEMPFAIL ? "451" : "550";
	if (verdict->apply == ACTION_TEMPFAIL)
		out_r->enhanced = "4.7.1";
	else if (options->enhanced_7_26 && verdict->result == RES_DMARC_FAIL)
		out_r->enhanced = "5.7.26";             /* RFC 7372 3.3 */
	else
		out_r->enhanced = "5.7.1";
	out_r->text = arena_printf(arena, "%s%s", buf_str(&text), buf_str(&id));
	buf_done(&text);
	buf_done(&id);
}

/* The log line */

/* The signature that tells most: the aligned one, else a passing one, else one
 * of the author's, else the first. */
static const struct dkim_evidence *telling_signature(const struct evidence *e, const struct verdict *v)
{
	const struct author_verdict *judged = decisive_verdict(e, v);
	const struct dkim_evidence *best = NULL;
	int best_rank = -1;

	if (judged != NULL && judged->dkim == ALIGNMENT_YES && judged->dkim_index >= 0 &&
	    (unsigned)judged->dkim_index < e->n_dkim)
		return &e->dkim[judged->dkim_index];
	for (unsigned i = 0; i < e->n_dkim; i++) {
		int rank = (e->dkim[i].result == RES_DKIM_PASS ? 2 : 0) +
			   (is_related_to_any(e, e->dkim[i].d) ? 1 : 0);

		if (rank > best_rank) {
			best = &e->dkim[i];
			best_rank = rank;
		}
	}
	return best;
}

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

static void log_decision(struct logline *line, const struct evidence *e, const struct verdict *v,
			 const char *done)
{
	const struct author *author = decisive_author(e, v);
	const struct dkim_evidence *dkim = telling_signature(e, v);
	enum dkim_result dkim_result = is_exempt(e) ? RES_DKIM_UNSET : RES_DKIM_NONE;
	enum arc_result arc = e->arc.result != RES_ARC_UNSET ? e->arc.result : RES_ARC_NONE;

	if (dkim != NULL)
		dkim_result = dkim->result;
	logline_str(line, "author", author != NULL ? author->domain : "-");
	logline_str(line, "result", names_get(dmarc_result_names, (int)v->result));
	logline_str(line, "asked", disposition_word(v->asked));
	logline_str(line, "chosen", names_get(action_names, (int)v->chosen));
	logline_str(line, "done", done);
	logline_str(line, "dry_run", yes_no(v->dry_run));
	logline_str(line, "why", names_get(why_names, (int)v->why));
	logline_str(line, "spf", names_get(spf_result_names, (int)e->spf.result));
	logline_str(line, "dkim", names_get(dkim_result_names, (int)dkim_result));
	logline_str(line, "arc", names_get(arc_result_names, (int)arc));
}

static const char *record_note(const struct policy_found *found)
{
	if (found->several)
		return "several records at the author domain";
	return found->status == DISCOVERY_FOUND ? found->record.note : NULL;
}

static void log_policy(struct logline *line, const struct evidence *e, const struct verdict *v)
{
	const struct author *author = decisive_author(e, v);
	const struct author_verdict *judged = decisive_verdict(e, v);

	if (is_exempt(e))
		logline_str(line, "exempt", names_get(exemption_names, (int)e->exempt));
	if (v->why == WHY_BAD_FROM)
		logline_str(line, "from", names_get(from_status_names, (int)e->from));
	logline_str(line, "reason", dmarc_reason(e, v));
	if (v->n_authors > 1)
		logline_int(line, "authors", v->n_authors);
	if (author == NULL)
		return;
	logline_str(line, "record_note", record_note(&author->policy));
	if (author->policy.status != DISCOVERY_FOUND)
		return;
	logline_str(line, "policy", disposition_word(judged->policy.published));
	logline_str(line, "policy_tag", names_get(applied_tag_names, (int)judged->policy.tag));
	logline_str(line, "policy_domain", author->policy.domain);
	if (judged->policy.existence_unknown)
		logline_str(line, "existence", names_get(existence_names, (int)EXISTENCE_UNKNOWN));
	if (author->policy.org.guarded)
		logline_str(line, "psl_guard", "yes");
}

static void log_identifiers(struct logline *line, const struct evidence *e, const struct verdict *v)
{
	const struct author_verdict *judged = decisive_verdict(e, v);
	const struct dkim_evidence *dkim = telling_signature(e, v);

	logline_str(line, "spf_domain", e->spf.domain);
	if (judged != NULL && e->spf.result != RES_SPF_UNSET)
		logline_str(line, "spf_aligned", yes_no(judged->spf == ALIGNMENT_YES));
	if (dkim != NULL) {
		logline_str(line, "dkim_domain", dkim->d);
		logline_str(line, "dkim_reason", dkim->reason);
		if (judged != NULL)
			logline_str(line, "dkim_aligned", yes_no(judged->dkim == ALIGNMENT_YES));
		logline_int(line, "dkim_signatures", e->n_dkim);
	}
	if (e->dkim_unchecked > 0)
		logline_int(line, "dkim_unchecked", e->dkim_unchecked);
}

static const char *sender_word(const struct sender *sender)
{
	switch (sender->status) {
	case PATH_UNSET:
		return NULL;
	case PATH_NULL:
		return "<>";
	case PATH_LOCAL_ONLY:
		return "(local-only)";
	case PATH_LITERAL:
		return "(literal)";
	case PATH_UNUSABLE:
		return "(unusable)";
	case PATH_MAILBOX:
		return sender->domain != NULL ? sender->domain : "(unusable)";
	}
	return NULL;
}

void summary_log(struct logline *line, const struct evidence *evidence,
		 const struct verdict *verdict, const char *done)
{
	log_decision(line, evidence, verdict, done);
	log_policy(line, evidence, verdict);
	log_identifiers(line, evidence, verdict);
	logline_str(line, "client", evidence->client_ip);
	logline_str(line, "mail_from", sender_word(&evidence->sender));
	logline_int(line, "recipients", evidence->n_recipients);
	logline_int(line, "lookups", evidence->lookups);
	logline_int(line, "waited_ms", evidence->waited_ms);
	if (evidence->helo != NULL)
		logline_slice(line, "helo", slice_until(slice_of(evidence->helo), LOGGED_HELO_OCTETS));
}

const char *summary_quarantine(struct arena *arena, const struct evidence *evidence,
			       const struct verdict *verdict)
{
	const struct author *author = decisive_author(evidence, verdict);

	/* The author first: Sendmail's mailq shows 60 octets of a reason. */
	return arena_printf(arena, "author=%s; asked=%s; why=%s; result=%s",
			    author != NULL ? author->domain : "none",
			    disposition_word(verdict->asked), names_get(why_names, (int)verdict->why),
			    names_get(dmarc_result_names, (int)verdict->result));
}
