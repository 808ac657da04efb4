#include "core/textset.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct textset {
	struct slice *items;            /* their octets are its own, in lower case */
	size_t n, size;
};

struct textset *textset_new(void)
{
	return mem_zalloc(sizeof(struct textset));
}

void textset_add(struct textset *set, struct slice text)
{
	char *copy = mem_strndup(text.data, text.len);

	for (size_t i = 0; i < text.len; i++)
		copy[i] = ascii_lower(copy[i]);
	if (set->n == set->size) {
		set->size = set->size > 0 ? set->size * 2 : 16;
		set->items = mem_realloc(set->items, set->size * sizeof(*set->items));
	}
	set->items[set->n++] = slice_new(copy, text.len);
}

/* Without case, then by length. */
static int compare(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	for (size_t i = 0; i < x->len && i < y->len; i++) {
		unsigned char c = (unsigned char)ascii_lower(x->data[i]);
		unsigned char d = (unsigned char)ascii_lower(y->data[i]);

		if (c != d)
			return c < d ? -1 : 1;
	}
	return x->len == y->len ? 0 : x->len < y->len ? -1 : 1;
}

void textset_freeze(struct textset *set)
{
	if (set->n > 0)
		qsort(set->items, set->n, sizeof(*set->items), compare);
}

bool textset_has(const struct textset *set, struct slice text)
{
	return set != NULL && set->n > 0 &&
	       bsearch(&text, set->items, set->n, sizeof(*set->items), compare) != NULL;
}

size_t textset_count(const struct textset *set)
{
	return set != NULL ? set->n : 0;
}

struct slice textset_at(const struct textset *set, size_t index)
{
	return set->items[index];
}

void textset_free(struct textset *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++)
		free((char *)(uintptr_t)set->items[i].data);
	free(set->items);
	free(set);
}
