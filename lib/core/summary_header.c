#include "core/summary_private.h"

#include <string.h>

#include "core/domain.h"

#define HEADER_SIGNATURES 16            /* dkim results in one field */
#define B_OCTETS 8                      /* of a signature: RFC 6008 3 */

/* Whoever reads the field must not take the silence for a plain message of ours. */
static void header_unread_relay(struct authres *out, const struct summary_options *options)
{
	authres_result(out, "spf", "none");
	if (options->comments)
		authres_comment(out, "client behind an internal relay is not known");
}

static void header_spf(struct authres *out, const struct evidence *e,
		       const struct summary_options *options)
{
	const struct spf_evidence *spf = &e->spf;
	bool full = options->full_addresses && e->sender.status == PATH_MAILBOX &&
		    e->sender.local != NULL && e->sender.local[0] != '\0';

	if (e->relay.unread != NULL) {
		header_unread_relay(out, options);
		return;
	}
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

		/* absent, it is "@" and d= (RFC 6376 3.5) */
		authres_address(out, "header.i", full ? dkim->i_local : "",
				dkim->i_domain != NULL ? dkim->i_domain : dkim->d, e->smtputf8);
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

/* "as.2.d2.example=pass, as.1.d1.example=pass": all sealers or as many as a
 * comment holds, newest first; a name is never cut. */
static void header_sealers(struct authres *out, const struct arc_evidence *arc)
{
	struct buf text;

	buf_init(&text, LIMIT_AUTHRES_COMMENT);
	for (unsigned i = arc->n_sets; i > 0; i--) {
		const char *d = arc->sets[i - 1].d;

		buf_printf(&text, "%sas.%u%s%s=pass", i < arc->n_sets ? ", " : "", i, d != NULL ? "." : "",
			   d != NULL ? d : "");
	}
	authres_comment(out, buf_str(&text));
	buf_done(&text);
}

/* The reason of a fail is only a comment: RFC 8617 10.1 registers no place for it. */
static void header_arc(struct arena *arena, struct authres *out, const struct evidence *e,
		       const struct summary_options *options)
{
	const struct arc_evidence *arc = &e->arc;

	if (arc->result == RES_ARC_UNSET)
		return;
	authres_result(out, "arc", names_get(arc_result_names, (int)arc->result));
	if (options->comments && arc->result == RES_ARC_PASS)
		header_sealers(out, arc);
	if (options->comments && arc->result == RES_ARC_FAIL && arc->reason != NULL)
		authres_comment(out, arc->reason);
	if (arc->result == RES_ARC_PASS)
		authres_property(out, "header.oldest-pass", arena_printf(arena, "%u", arc->oldest_pass));
	authres_property(out, "smtp.remote-ip", e->client_ip);
}

/* Why something else was chosen than was asked; NULL when that is not so. Of
 * what a rule says only its type (RFC 9990): the rest is not for strangers. */
static const char *exception_word(const struct verdict *v)
{
	if (v->why == WHY_TRUSTED_ARC)
		return "arc override";
	if (v->result == RES_DMARC_FAIL && summary_as_disposition(v->chosen) == v->asked)
		return NULL;
	for (unsigned i = 0; i < v->n_reasons; i++)
		if (v->reasons[i].type != REASON_POLICY_TEST_MODE && v->reasons[i].type != REASON_SAMPLED_OUT)
			return names_get(reason_type_names, (int)v->reasons[i].type);
	return NULL;
}

/* "dis=none mailing_list": what is done, and what of our own will made it so. */
static void add_done(struct buf *text, const struct verdict *v)
{
	const char *exception = exception_word(v);

	buf_printf(text, "dis=%s", summary_disposition(summary_as_disposition(v->apply)));
	if (exception != NULL)
		buf_printf(text, " %s", exception);
	if (v->recipients_differ)
		buf_add_str(text, " recipients differ");
	if (v->dry_run && v->chosen != ACTION_ACCEPT)
		buf_add_str(text, " dry-run");
	if (v->left_out)
		buf_add_str(text, " left out of enforce_percent");
}

/* "p=reject dis=none": the form that existing consumers read. */
static void header_fail_comment(struct authres *out, const struct author *author,
				const struct author_verdict *judged, const struct verdict *v)
{
	const struct record *record = &author->policy.record;
	bool damaged = judged->policy.status == POLICY_DAMAGED_NONE;
	bool inherited = !damaged && !domain_equal(author->policy.domain, author->domain);
	struct buf text;

	buf_init(&text, LIMIT_AUTHRES_COMMENT);
	buf_printf(&text, "p=%s", summary_disposition(damaged ? DISPOSITION_NONE : record->p));
	if (inherited && record->sp != DISPOSITION_UNSET)
		buf_printf(&text, " sp=%s", summary_disposition(record->sp));
	if (judged->policy.tag == TAG_NP)
		buf_printf(&text, " np=%s", summary_disposition(record->np));
	if (judged->policy.softened == SOFTENED_TEST_MODE)
		buf_add_str(&text, " t=y");
	if (judged->policy.softened == SOFTENED_SAMPLED_OUT)
		buf_printf(&text, " pct=%u", record->pct);
	buf_add_char(&text, ' ');
	add_done(&text, v);
	if (damaged)
		buf_add_str(&text, " damaged record");
	authres_comment(out, buf_str(&text));
	buf_done(&text);
}

/* No policy applies, and yet a rule of ours did something. */
static void header_rule_comment(struct authres *out, const struct verdict *v)
{
	struct buf text;

	if ((v->why != WHY_RULE && !v->recipients_differ) ||
	    (v->chosen == ACTION_ACCEPT && v->n_reasons == 0))
		return;
	buf_init(&text, LIMIT_AUTHRES_COMMENT);
	add_done(&text, v);
	authres_comment(out, buf_str(&text));
	buf_done(&text);
}

static void header_dmarc_comments(struct arena *arena, struct authres *out, const struct evidence *e,
				  const struct verdict *v)
{
	const struct author *author = summary_author(e, v);
	const char *where = author != NULL ? author->policy.domain : NULL;

	if (v->result != RES_DMARC_PASS && v->result != RES_DMARC_FAIL)
		where = NULL;
	if (v->result == RES_DMARC_FAIL && where != NULL)
		header_fail_comment(out, author, summary_judged(e, v), v);
	else
		header_rule_comment(out, v);
	/* a name cut short would be another name */
	if (where != NULL && !domain_equal(where, author->domain) &&
	    strlen(where) + strlen("policy of ") <= LIMIT_AUTHRES_COMMENT)
		authres_comment(out, arena_printf(arena, "policy of %s", where));
	if (v->n_authors > 1)
		authres_comment(out, arena_printf(arena, "%u authors", v->n_authors));
}

static void header_policy(struct authres *out, const struct author *author,
			  const struct author_verdict *judged, const struct summary_options *options)
{
	authres_property(out, "policy.dmarc", summary_disposition(judged->asked));
	if (!options->polrec)
		return;
	authres_property(out, "polrec.p", summary_disposition(author->policy.record.p));
	if (author->policy.domain != NULL && !domain_equal(author->policy.domain, author->domain))
		authres_property(out, "polrec.domain", author->policy.domain);
}

static void header_dmarc(struct arena *arena, struct authres *out, const struct evidence *e,
			 const struct verdict *v, const struct summary_options *options)
{
	const struct author *author = summary_author(e, v);
	const char *reason = summary_result_reason(e, v);

	if (v->result == RES_DMARC_UNSET)
		return;
	authres_result(out, "dmarc", names_get(dmarc_result_names, (int)v->result));
	if (options->comments)
		header_dmarc_comments(arena, out, e, v);
	if (reason != NULL)
		authres_reason(out, reason);
	if (author == NULL)
		return;
	authres_property(out, "header.from", author->domain);
	if (v->result == RES_DMARC_PASS || v->result == RES_DMARC_FAIL)
		header_policy(out, author, summary_judged(e, v), options);
}

/* Leaves one more signature out: failed unaligned first, then failed aligned,
 * then passed unaligned; of equals the last. False when none is left. */
static bool drop_signature(const struct evidence *e, bool *keep)
{
	int worst = -1, worst_rank = 4;

	for (unsigned i = 0; i < e->n_dkim; i++) {
		int rank = (e->dkim[i].result == RES_DKIM_PASS ? 2 : 0) +
			   (summary_is_related_to_any(e, e->dkim[i].d) ? 1 : 0);

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

	if (summary_is_exempt(evidence))
		return header_exempt(arena, evidence, options);
	memset(keep, true, evidence->n_dkim);
	for (unsigned i = HEADER_SIGNATURES; i < evidence->n_dkim; i++)
		drop_signature(evidence, keep);
	do {
		struct authres out;

		authres_init(&out, options->authserv_id);
		header_spf(&out, evidence, options);
		header_dkim(arena, &out, evidence, keep, options);
		header_arc(arena, &out, evidence, options);
		header_dmarc(arena, &out, evidence, verdict, options);
		fits = authres_fits(&out);
		text = arena_strdup(arena, authres_text(&out, NULL));
		authres_done(&out);
	} while (!fits && drop_signature(evidence, keep));
	return text;
}
