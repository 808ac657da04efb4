/* orgdomain.h - the Organizational Domain, out of a finished tree walk (RFC
 * 9989 4.10.2) or by the public suffix list (RFC 7489 3.2). Pure: the list is
 * a function of the caller's. Results are inside the name that was given.
 */
#ifndef CORE_ORGDOMAIN_H
#define CORE_ORGDOMAIN_H

#include "core/walk.h"

/* The public suffix of a normal domain, inside `domain`; never NULL (the
 * implicit rule is `*`). `icann_only` leaves out the private section. */
struct suffix_list {
	const char *(*suffix)(void *context, const char *domain, bool icann_only);
	void *context;
};

/* `walk` must be WALK_DONE. `guard` (dmarc.psl_guard) may be NULL: an
 * Organizational Domain that is a public suffix of the ICANN section is
 * treated as if it had said psd=y (RFC 9989 11.8); *guarded_r says so. */
const char *orgdomain_from_walk(const struct walk *walk, const struct suffix_list *guard,
				bool *guarded_r);
/* The suffix plus one label; a suffix is its own Organizational Domain. */
const char *orgdomain_from_suffix(const char *domain, const struct suffix_list *list);

#endif
