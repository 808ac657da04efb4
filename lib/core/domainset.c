#include "core/domainset.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct entry {
	char *name;                     /* without the leading dot */
	bool below;                     /* ".example.com" */
};

struct domainset {
	struct entry *entries;
	size_t n, size;
};

struct domainset *domainset_new(void)
{
	return mem_zalloc(sizeof(struct domainset));
}

static void append(struct domainset *set, const char *name, bool below)
{
	if (set->n == set->size) {
		set->size = set->size > 0 ? set->size * 2 : 16;
		set->entries = mem_realloc(set->entries, set->size * sizeof(*set->entries));
	}
	set->entries[set->n++] = (struct entry){ mem_strdup(name), below };
}

int domainset_add(struct domainset *set, struct slice text, const char **error_r)
{
	char name[DOMAIN_SIZE];
	bool below = text.len > 0 && text.data[0] == '.';

	if (!domain_normalize(slice_from(text, below ? 1 : 0), name)) {
		*error_r = "not a domain (\"example.com\", or \".example.com\" for all names below it)";
		return -1;
	}
	append(set, name, below);
	return 0;
}

void domainset_add_all(struct domainset *set, const struct domainset *from)
{
	for (size_t i = 0; from != NULL && i < from->n; i++)
		append(set, from->entries[i].name, from->entries[i].below);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : (int)x->below - (int)y->below;
}

void domainset_freeze(struct domainset *set)
{
	if (set->n > 0)
		qsort(set->entries, set->n, sizeof(*set->entries), compare_entries);
}

static bool has_entry(const struct domainset *set, const char *name, bool below)
{
	struct entry key = { (char *)(uintptr_t)name, below };

	return bsearch(&key, set->entries, set->n, sizeof(*set->entries), compare_entries) != NULL;
}

bool domainset_has(const struct domainset *set, const char *domain)
{
	if (set == NULL || set->n == 0 || domain == NULL)
		return false;
	if (has_entry(set, domain, false))
		return true;
	while ((domain = domain_parent(domain)) != NULL)
		if (has_entry(set, domain, true))
			return true;
	return false;
}

void domainset_free(struct domainset *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++)
		free(set->entries[i].name);
	free(set->entries);
	free(set);
}
