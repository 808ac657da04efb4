#include "core/orgdomain.h"

#include <assert.h>

static bool is_public_suffix(const char *name, const struct suffix_list *guard)
{
	return guard != NULL && domain_equal(guard->suffix(guard->context, name, true), name);
}

static const char *one_label_more(const char *start, const char *name)
{
	return domain_last_labels(start, domain_labels(name) + 1);
}

/* RFC 9989 4.10.2. The guard takes a public suffix for a PSD whatever it says
 * of itself (RFC 9989 11.8), except where the suffix itself is the start. */
const char *orgdomain_from_walk(const struct walk *walk, const struct suffix_list *guard,
				bool *guarded_r)
{
	*guarded_r = false;
	assert(walk->status == WALK_DONE);
	for (unsigned i = 0; i < walk->n_found; i++) {
		const struct walk_found *found = &walk->found[i];
		bool at_start = domain_equal(found->name, walk->start);

		if (!at_start && found->psd != PSD_YES &&
		    is_public_suffix(found->name, guard)) {
			*guarded_r = true;
			return one_label_more(walk->start, found->name);
		}
		if (found->psd == PSD_NO)
			return found->name;
		if (found->psd == PSD_YES && !at_start)
			return one_label_more(walk->start, found->name);
	}
	return walk->n_found > 0 ? walk->found[walk->n_found - 1].name : walk->start;
}

/* RFC 7489 3.2 */
const char *orgdomain_from_suffix(const char *domain, const struct suffix_list *list)
{
	const char *suffix = list->suffix(list->context, domain, false);

	return domain_equal(suffix, domain) ? domain : one_label_more(domain, suffix);
}
