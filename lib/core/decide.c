#include "core/decide.h"

const struct name_row dmarc_result_names[] = {
	{ RES_DMARC_NONE, "none" }, { RES_DMARC_PASS, "pass" }, { RES_DMARC_FAIL, "fail" },
	{ RES_DMARC_TEMPERROR, "temperror" }, { RES_DMARC_PERMERROR, "permerror" },
	{ RES_DMARC_UNSET, "-" }, { 0, NULL },
};
const struct name_row reason_type_names[] = {
	{ REASON_LOCAL_POLICY, "local_policy" }, { REASON_MAILING_LIST, "mailing_list" },
	{ REASON_TRUSTED_FORWARDER, "trusted_forwarder" },
	{ REASON_POLICY_TEST_MODE, "policy_test_mode" }, { REASON_SAMPLED_OUT, "sampled_out" },
	{ REASON_OTHER, "other" }, { REASON_UNSET, "-" }, { 0, NULL },
};
const struct name_row why_names[] = {
	{ WHY_EXEMPT, "exempt" }, { WHY_NO_POLICY, "no-policy" }, { WHY_ALIGNED, "aligned" },
	{ WHY_TEMPERROR, "temperror" }, { WHY_BAD_FROM, "bad-from" },
	{ WHY_DAMAGED_RECORD, "damaged-record" }, { WHY_REQUESTED, "requested" },
	{ WHY_TEST_MODE, "test-mode" }, { WHY_SAMPLED_OUT, "sampled-out" },
	{ WHY_OVERRIDE_REJECT, "override.reject" },
	{ WHY_OVERRIDE_QUARANTINE, "override.quarantine" }, { WHY_RULE, "rule" },
	{ WHY_TRUSTED_ARC, "trusted-arc" }, { WHY_NOT_CORROBORATED, "not-corroborated" },
	{ WHY_RECIPIENTS_DIFFER, "recipients-differ" }, { WHY_UNSET, "-" }, { 0, NULL },
};

static void add_reason(struct verdict *v, enum reason_type type, const char *comment)
{
	if (v->n_reasons < VERDICT_REASONS)
		v->reasons[v->n_reasons++] = (struct reason){ .type = type, .comment = comment };
}

/* Does the signature name an identifier at all (RFC 9989 4.4.1)? */
static bool dkim_counts(const struct dkim_evidence *dkim, const struct ruleset *ruleset)
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

		if (!dkim_counts(dkim, ruleset) &&
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

static void judge_authors(const struct evidence *e, const struct ruleset *ruleset, struct verdict *v)
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

static enum action requested_action(enum disposition asked)
{
	switch (asked) {
	case DISPOSITION_UNSET:
	case DISPOSITION_NONE:
		return ACTION_ACCEPT;
	case DISPOSITION_QUARANTINE:
		return ACTION_QUARANTINE;
	case DISPOSITION_REJECT:
		return ACTION_REJECT;
	}
	return ACTION_ACCEPT;
}

/* What an override setting makes of a request; never something stricter. */
static enum action overridden(enum action requested, enum request_answer answer)
{
	switch (answer) {
	case REQUEST_FOLLOW:
		return requested;
	case REQUEST_QUARANTINE:
		return requested < ACTION_QUARANTINE ? requested : ACTION_QUARANTINE;
	case REQUEST_ACCEPT:
		return ACTION_ACCEPT;
	}
	return requested;
}

static void soften_reason(struct verdict *v, const struct policy *policy)
{
	switch (policy->softened) {
	case SOFTENED_NO:
		v->why = policy->status == POLICY_DAMAGED_NONE ? WHY_DAMAGED_RECORD : WHY_REQUESTED;
		return;
	case SOFTENED_TEST_MODE:
		v->why = WHY_TEST_MODE;
		add_reason(v, REASON_POLICY_TEST_MODE, NULL);
		return;
	case SOFTENED_SAMPLED_OUT:
		v->why = WHY_SAMPLED_OUT;
		add_reason(v, REASON_SAMPLED_OUT, NULL);
		return;
	}
}

/* Mode override: the receiver's own answer to each kind of request (RFC 9989
 * 5.4, 7.4: a reject on the request alone is not owed to anybody). */
static void override_request(const struct ruleset *ruleset, struct verdict *v)
{
	bool reject = v->chosen == ACTION_REJECT;
	enum action answer;

	if (ruleset->mode != MODE_OVERRIDE || v->chosen == ACTION_ACCEPT)
		return;
	answer = overridden(v->chosen, reject ? ruleset->override_reject :
						ruleset->override_quarantine);
	if (answer == v->chosen)
		return;
	v->chosen = answer;
	v->why = reject ? WHY_OVERRIDE_REJECT : WHY_OVERRIDE_QUARANTINE;
	add_reason(v, REASON_LOCAL_POLICY, reject ? "override.reject" : "override.quarantine");
}

static void choose_failed(const struct ruleset *ruleset, struct verdict *v)
{
	v->chosen = requested_action(v->asked);
	soften_reason(v, &v->authors[v->decisive].policy);
	override_request(ruleset, v);
	if (ruleset->dry_run && v->chosen != ACTION_ACCEPT)
		add_reason(v, REASON_LOCAL_POLICY, "dry-run");
}

/* May the sender be asked to come again? Only where a policy above none is at
 * stake, or none is known (RFC 9989 5.3.6 leaves it to the receiver). */
static bool temperror_matters(const struct verdict *v)
{
	for (unsigned i = 0; i < v->n_authors; i++)
		if (v->authors[i].result == RES_DMARC_TEMPERROR &&
		    (v->authors[i].policy.status == POLICY_TEMPERROR ||
		     v->authors[i].policy.effective > DISPOSITION_NONE))
			return true;
	return false;
}

static void choose(const struct ruleset *ruleset, struct verdict *v)
{
	v->chosen = ACTION_ACCEPT;
	switch (v->result) {
	case RES_DMARC_UNSET:
	case RES_DMARC_NONE:
		v->why = WHY_NO_POLICY;
		break;
	case RES_DMARC_PASS:
		v->why = WHY_ALIGNED;
		break;
	case RES_DMARC_PERMERROR:
		v->why = WHY_DAMAGED_RECORD;
		v->result_reason = v->authors[v->decisive].policy.note;
		break;
	case RES_DMARC_TEMPERROR:
		v->why = WHY_TEMPERROR;
		v->result_reason = "a DNS look-up failed";
		if (ruleset->on_temperror == TEMPERROR_TEMPFAIL && temperror_matters(v))
			v->chosen = ACTION_TEMPFAIL;
		break;
	case RES_DMARC_FAIL:
		choose_failed(ruleset, v);
		break;
	}
}

/* No, repeated or unusable From: DMARC does not apply, which must not look
 * like a domain without a record (RFC 9989 5.3.1, 11.5). */
static void choose_bad_from(const struct evidence *e, const struct ruleset *ruleset,
			    struct verdict *v)
{
	v->result = RES_DMARC_PERMERROR;
	v->result_reason = e->from_reason != NULL ? e->from_reason : from_status_phrase(e->from);
	v->why = WHY_BAD_FROM;
	v->chosen = ruleset->on_bad_from;
}

static void spread_to_recipients(const struct evidence *e, struct arena *arena, struct verdict *v)
{
	v->recipients = ARENA_ARRAY(arena, struct recipient_verdict, e->n_recipient_domains);
	v->n_recipients = e->n_recipient_domains;
	for (unsigned i = 0; i < v->n_recipients; i++) {
		v->recipients[i].domain = e->recipient_domains[i];
		v->recipients[i].chosen = v->chosen;
	}
}

void decide(const struct evidence *evidence, const struct ruleset *ruleset,
	    struct arena *arena, struct verdict *out_r)
{
	struct verdict v = { .decisive = -1, .asked = DISPOSITION_NONE };

	v.dry_run = ruleset->dry_run;
	if (evidence->exempt != EXEMPT_NO && evidence->exempt != EXEMPT_UNSET) {
		v.why = WHY_EXEMPT;
		v.chosen = ACTION_ACCEPT;
	} else if (evidence->from != FROM_OK || evidence->n_authors == 0) {
		choose_bad_from(evidence, ruleset, &v);
	} else {
		judge_authors(evidence, ruleset, &v);
		choose(ruleset, &v);
	}
	spread_to_recipients(evidence, arena, &v);
	v.apply = v.dry_run ? ACTION_ACCEPT : v.chosen;
	v.method = v.apply == ACTION_QUARANTINE ? ruleset->quarantine : QUARANTINE_UNSET;
	*out_r = v;
}
