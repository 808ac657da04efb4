#include "core/arc_trust.h"

#include "core/align.h"
#include "core/domain.h"

unsigned arc_trusted_from(const struct evidence *e, const struct ruleset *ruleset)
{
	unsigned lowest = 0;

	if (e->arc.result == RES_ARC_NONE || e->arc.result == RES_ARC_FAIL)
		return 0;
	for (unsigned i = e->arc.n_sets; i > 0; i--) {
		if (!domainset_has(ruleset->trusted_sealers, e->arc.sets[i - 1].d))
			break;
		lowest = i;
	}
	return lowest;
}

/* The sealer's own dmarc=pass for this very domain; else what passed there,
 * aligned by our rules. */
bool arc_claims_author(const struct arc_set *set, const struct author *author)
{
	const struct policy_found *policy = &author->policy;

	for (unsigned i = 0; i < set->n_claims; i++) {
		const struct arc_claim *claim = &set->claims[i];
		enum align_mode mode = claim->method == ARC_METHOD_SPF ? policy->record.aspf :
									 policy->record.adkim;

		if (claim->domain == NULL || claim->method == ARC_METHOD_UNSET)
			continue;
		if (claim->method == ARC_METHOD_DMARC ?
		    domain_equal(claim->domain, author->domain) :
		    align_check(author->domain, &policy->org, claim->domain, &claim->org, mode) ==
		    ALIGNMENT_YES)
			return true;
	}
	return false;
}

static unsigned refuse(const char **why_not_r, const char *why_not)
{
	if (why_not_r != NULL)
		*why_not_r = why_not;
	return 0;
}

unsigned arc_vouches(const struct evidence *e, const struct ruleset *ruleset,
		     const struct author *author, const char **why_not_r)
{
	unsigned from = arc_trusted_from(e, ruleset);

	if (e->arc.result != RES_ARC_PASS)
		return refuse(why_not_r, "no ARC chain that passes");
	if (from == 0)
		return refuse(why_not_r, "the newest sealer is not in arc.trusted_sealers");
	if (!e->arc.sets[e->arc.n_sets - 1].from_covered)
		return refuse(why_not_r, "the newest message signature does not cover From");
	if (!arc_claims_author(&e->arc.sets[from - 1], author))
		return refuse(why_not_r, "the trusted sealer did not see the author authenticated");
	if (ruleset->arc_require_intact && e->arc.oldest_pass > from)
		return refuse(why_not_r, "the message changed after the trusted sealer");
	if (why_not_r != NULL)
		*why_not_r = NULL;
	return from;
}
