#include "core/policy.h"

#include "core/domain.h"

const struct name_row applied_tag_names[] = {
	{ TAG_P, "p" }, { TAG_SP, "sp" }, { TAG_NP, "np" }, { TAG_UNSET, "-" }, { 0, NULL },
};

/* What a name without a record of its own gets when it exists. */
static enum disposition below_policy(const struct record *record, enum applied_tag *tag_r)
{
	*tag_r = record->sp != DISPOSITION_UNSET ? TAG_SP : TAG_P;
	return *tag_r == TAG_SP ? record->sp : record->p;
}

bool policy_needs_existence(const char *author, const struct policy_found *found)
{
	enum applied_tag tag;

	return found->status == DISCOVERY_FOUND && !domain_equal(author, found->domain) &&
	       found->record.np != DISPOSITION_UNSET &&
	       found->record.np != below_policy(&found->record, &tag);
}

/* RFC 9989 4.7: p for the domain itself; np, sp, p for names below it. When
 * it is not known whether the name exists, the milder of the two: a DNS failure must
 * not make the policy stricter. */
static void choose_tag(const char *author, const struct policy_found *found, struct policy *out)
{
	const struct record *record = &found->record;

	if (domain_equal(author, found->domain)) {
		out->tag = TAG_P;
		out->published = record->p;
		return;
	}
	out->published = below_policy(record, &out->tag);
	if (!policy_needs_existence(author, found))
		return;
	out->existence_unknown = found->exists != EXISTENCE_ABSENT &&
				 found->exists != EXISTENCE_PRESENT;
	if (found->exists == EXISTENCE_ABSENT ||
	    (out->existence_unknown && record->np < out->published)) {
		out->tag = TAG_NP;
		out->published = record->np;
	}
}

/* t (RFC 9989 4.7) or pct (RFC 7489 6.6.4): only one level is taken off. */
static void soften(const struct policy_found *found, const struct ruleset *ruleset,
		   unsigned sample_draw, struct policy *out)
{
	bool honors_t = found->method == DISCOVERY_TREEWALK || ruleset->psl_honors_t;

	out->effective = out->published;
	if (out->published <= DISPOSITION_NONE)
		return;
	if (honors_t && found->record.testing)
		out->softened = SOFTENED_TEST_MODE;
	else if (ruleset->pct == PCT_HONOR && sample_draw >= found->record.pct)
		out->softened = SOFTENED_SAMPLED_OUT;
	if (out->softened != SOFTENED_NO)
		out->effective = disposition_milder(out->published);
}

/* RFC 9989 4.10.1: a damaged record counts as p=none while reports are
 * wanted, and as no record otherwise. */
static void select_damaged(const struct policy_found *found, struct policy *out)
{
	out->status = found->record.n_rua > 0 ? POLICY_DAMAGED_NONE : POLICY_DAMAGED_IGNORED;
	out->published = out->effective = DISPOSITION_NONE;
	out->note = found->record.note != NULL ? found->record.note : "p is missing";
}

void policy_select(const char *author, const struct policy_found *found,
		   const struct ruleset *ruleset, unsigned sample_draw, struct policy *out_r)
{
	struct policy out = { .status = POLICY_UNSET };

	switch (found->status) {
	case DISCOVERY_UNSET:
		break;
	case DISCOVERY_NO_RECORD:
		out.status = POLICY_NONE;
		break;
	case DISCOVERY_TEMPERROR:
		out.status = POLICY_TEMPERROR;
		break;
	case DISCOVERY_FOUND:
		if (record_is_damaged(&found->record, found->method == DISCOVERY_TREEWALK)) {
			select_damaged(found, &out);
			break;
		}
		out.status = POLICY_APPLIES;
		choose_tag(author, found, &out);
		soften(found, ruleset, sample_draw, &out);
		break;
	}
	*out_r = out;
}
