/* discover.h - drives core/walk and core/orgdomain with an asker: the policy
 * of one author, the Organizational Domain of one identifier. Both are tasks
 * (asker.h): run again until their answers are there. RFC 9989 4.10, RFC 7489
 * 6.6.3. */
#ifndef AUTH_DISCOVER_H
#define AUTH_DISCOVER_H

#include "auth/asker.h"
#include "core/evidence.h"
#include "core/orgdomain.h"

struct discover_options {
	enum discovery_method method;
	bool psl_guard;                         /* treewalk only */
	struct suffix_list suffixes;
};

/* Fills *found_r (memory of the asker's arena); true when finished. Existence
 * is asked only where policy_needs_existence() says so. */
bool discover_policy(struct asker *asker, const struct discover_options *options,
		     const char *author, struct policy_found *found_r);
bool discover_org(struct asker *asker, const struct discover_options *options,
		  const char *identifier, struct org *org_r);
/* Starts all look-ups that a walk from `start` may need (psl: both names). */
void discover_want(struct asker *asker, const struct discover_options *options,
		   const char *start);
/* Only the `most` shortest names, which are those of its neighbours too. */
void discover_want_shortest(struct asker *asker, const struct discover_options *options,
			    const char *start, unsigned most);
/* How many questions the policy of this author can take; NULL: of any. */
unsigned discover_policy_lookups(const struct discover_options *options, const char *author);

#endif
