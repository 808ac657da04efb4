#include "core/judge_author.h"

bool judge_signature_counts(const struct dkim_evidence *dkim, const struct ruleset *ruleset)
{
	return dkim->result == RES_DKIM_PASS && dkim->d != NULL &&
	       !(dkim->test_key && ruleset->refuse_test_keys);
}

static void align_spf(const struct evidence *e, const struct author *author,
		      struct author_verdict *out, bool *open)
{
	enum alignment alignment;

	out->spf = ALIGNMENT_NO;
	if (e->spf.domain == NULL ||
	    (e->spf.result != RES_SPF_PASS && e->spf.result != RES_SPF_TEMPERROR))
		return;
	alignment = align_check(author->domain, &author->policy.org, e->spf.domain, &e->spf.org,
				author->policy.record.aspf);
	if (e->spf.result == RES_SPF_PASS && alignment == ALIGNMENT_YES)
		out->spf = ALIGNMENT_YES;
	else if (alignment != ALIGNMENT_NO) {
		out->spf = ALIGNMENT_UNDECIDED;
		*open = true;
	}
}

static void align_dkim(const struct evidence *e, const struct ruleset *ruleset,
		       const struct author *author, struct author_verdict *out, bool *open)
{
	out->dkim = ALIGNMENT_NO;
	out->dkim_index = -1;
	for (unsigned i = 0; i < e->n_dkim; i++) {
		const struct dkim_evidence *dkim = &e->dkim[i];
		enum alignment alignment;

		if (!judge_signature_counts(dkim, ruleset) &&
		    (dkim->result != RES_DKIM_TEMPERROR || dkim->d == NULL))
			continue;
		alignment = align_check(author->domain, &author->policy.org, dkim->d, &dkim->org,
					author->policy.record.adkim);
		if (dkim->result == RES_DKIM_PASS && alignment == ALIGNMENT_YES) {
			out->dkim = ALIGNMENT_YES;
			out->dkim_index = (int)i;
			return;
		}
		if (alignment != ALIGNMENT_NO) {
			out->dkim = ALIGNMENT_UNDECIDED;
			*open = true;
		}
	}
}

/* The result for one Author Domain (RFC 9989 5.3.5, 5.3.6). A failure to look
 * up something that could never be aligned changes nothing: else a forger's
 * own broken name server would be a way round the policy. */
static enum dmarc_result author_result(const struct evidence *e, const struct ruleset *ruleset,
				       const struct author *author, struct author_verdict *out)
{
	bool open = false;

	switch (out->policy.status) {
	case POLICY_UNSET:
	case POLICY_NONE:
		return RES_DMARC_NONE;
	case POLICY_DAMAGED_IGNORED:
		return RES_DMARC_PERMERROR;
	case POLICY_TEMPERROR:
		return RES_DMARC_TEMPERROR;
	case POLICY_APPLIES:
	case POLICY_DAMAGED_NONE:
		break;
	}
	align_spf(e, author, out, &open);
	align_dkim(e, ruleset, author, out, &open);
	if (out->spf == ALIGNMENT_YES || out->dkim == ALIGNMENT_YES)
		return RES_DMARC_PASS;                  /* final, whatever else failed */
	return open ? RES_DMARC_TEMPERROR : RES_DMARC_FAIL;
}

static void judge_author(const struct evidence *e, const struct ruleset *ruleset,
			 const struct author *author, struct author_verdict *out)
{
	*out = (struct author_verdict){ .dkim_index = -1 };
	policy_select(author->domain, &author->policy, ruleset, e->sample_draw, &out->policy);
	out->result = author_result(e, ruleset, author, out);
	out->asked = out->result == RES_DMARC_FAIL ? out->policy.effective : DISPOSITION_NONE;
}

/* With several authors the least assured result is the message's: it fails if
 * any fails, and passes only if all pass (RFC 7489 6.6.1, RFC 9989 11.5). */
static int rank(enum dmarc_result result)
{
	switch (result) {
	case RES_DMARC_UNSET:
		return 0;
	case RES_DMARC_PASS:
		return 1;
	case RES_DMARC_NONE:
		return 2;
	case RES_DMARC_PERMERROR:
		return 3;
	case RES_DMARC_TEMPERROR:
		return 4;
	case RES_DMARC_FAIL:
		return 5;
	}
	return 0;
}

static bool is_more_decisive(const struct author_verdict *a, const struct author_verdict *b)
{
	if (rank(a->result) != rank(b->result))
		return rank(a->result) > rank(b->result);
	if (a->asked != b->asked)
		return a->asked > b->asked;
	return a->policy.published > b->policy.published;
}

void judge_authors(const struct evidence *e, const struct ruleset *ruleset, struct verdict *v)
{
	v->n_authors = e->n_authors;
	for (unsigned i = 0; i < e->n_authors; i++) {
		judge_author(e, ruleset, &e->authors[i], &v->authors[i]);
		if (v->decisive < 0 || is_more_decisive(&v->authors[i], &v->authors[v->decisive]))
			v->decisive = (int)i;
	}
	v->result = v->authors[v->decisive].result;
	v->asked = v->authors[v->decisive].asked;
}
