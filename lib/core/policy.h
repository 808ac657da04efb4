/* policy.h - the request that applies to this message: p, sp or np of the
 * governing record, then t or pct (RFC 9989 4.7, 5.3, RFC 7489 6.6.3, 6.6.4).
 * Pure.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "core/evidence.h"
#include "core/ruleset.h"

enum applied_tag { TAG_UNSET = 0, TAG_P, TAG_SP, TAG_NP };
extern const struct name_row applied_tag_names[];

enum policy_status {
	POLICY_UNSET = 0,
	POLICY_NONE,                    /* no record: DMARC does not apply */
	POLICY_APPLIES,
	POLICY_DAMAGED_NONE,            /* damaged, with reports: as if p=none */
	POLICY_DAMAGED_IGNORED,         /* damaged, without: DMARC is not applied */
	POLICY_TEMPERROR,
};

enum softening { SOFTENED_NO = 0, SOFTENED_TEST_MODE, SOFTENED_SAMPLED_OUT };

struct policy {
	enum policy_status status;
	enum disposition published;     /* what the tag says */
	enum applied_tag tag;
	enum disposition effective;     /* after t or pct, for a failing message */
	enum softening softened;
	bool existence_unknown;         /* the milder of sp and np was taken */
	const char *note;               /* damage, ours; NULL */
};

/* Is the existence of the Author Domain needed to choose the tag? */
bool policy_needs_existence(const char *author, const struct policy_found *found);
void policy_select(const char *author, const struct policy_found *found,
		   const struct ruleset *ruleset, unsigned sample_draw, struct policy *out_r);

#endif
