/* arc_sets.h - the ARC fields of one header as sets, and whether they are a chain
 * as far as that can be seen without hashing and keys (RFC 8617 4.2, 5.2).
 */
#ifndef AUTH_ARC_SETS_H
#define AUTH_ARC_SETS_H

#include "auth/fields.h"
#include "core/aar.h"

enum arc_part { ARC_PART_RESULTS = 0, ARC_PART_MESSAGE, ARC_PART_SEAL, N_ARC_PARTS };

struct arc_parts {
	struct field *fields[N_ARC_PARTS];      /* as long as the header lives */
	const struct signature *message, *seal;         /* the arena's */
};

struct arc_sets {
	bool any;                       /* there are ARC fields */
	bool whole;                     /* the structure holds: 1 to n, each complete, cv= right */
	const char *error;              /* why it fails, ours; NULL: not known yet */
	unsigned n;                     /* highest instance */
	struct arc_parts sets[LIMIT_ARC_SETS];           /* instance 1 first */
};

/* now_s: seconds since 1970, for x= of message signatures. */
void arc_sets_collect(struct arena *arena, const struct fields *fields, unsigned max_sets,
		      int64_t now_s, struct arc_sets *out_r);
/* The octets behind the colon. */
struct slice arc_sets_value(const struct field *field);

#endif
