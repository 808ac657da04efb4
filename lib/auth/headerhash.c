#include "auth/headerhash.h"

#include <stdlib.h>

#include "base/mem.h"
#include "core/canon_header.h"

struct entry {
	const struct field *field;
	unsigned height;                /* 0: the lowest field of the header */
};

struct headerhash {
	unsigned n;
	struct entry entries[];         /* by name, the lowest field first */
};

static struct slice name_of(const struct entry *entry)
{
	return slice_until(entry->field->text, entry->field->name_len);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int difference = fields_compare_names(name_of(x), name_of(y));

	return difference != 0 ? difference : (x->height > y->height) - (x->height < y->height);
}

struct headerhash *headerhash_new(const struct fields *fields)
{
	struct headerhash *hash;
	unsigned n = 0;

	for (const struct field *field = fields->last; field != NULL; field = field->above)
		n++;
	hash = mem_alloc(sizeof(*hash) + n * sizeof(hash->entries[0]));
	hash->n = n;
	n = 0;
	for (const struct field *field = fields->last; field != NULL; field = field->above) {
		hash->entries[n] = (struct entry){ field, n };
		n++;
	}
	qsort(hash->entries, n, sizeof(hash->entries[0]), compare_entries);
	return hash;
}

void headerhash_free(struct headerhash *hash)
{
	free(hash);
}

/* The first entry whose name is not before this one. */
static unsigned find_name(const struct headerhash *hash, struct slice name)
{
	unsigned low = 0, high = hash->n;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (fields_compare_names(name_of(&hash->entries[middle]), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How often the name stands before its place `index` in h=. */
static unsigned count_before(const struct signature *signature, unsigned index)
{
	unsigned n = 0;

	for (unsigned i = 0; i < index; i++)
		n += slice_equal_nocase(signature->names[i], signature->names[index]);
	return n;
}

/* The field that the name at `index` of h= stands for; NULL: none is left. */
static const struct field *find_field(const struct headerhash *hash, const struct signature *signature,
				      unsigned index, const struct field *own)
{
	struct slice name = signature->names[index];
	unsigned left = count_before(signature, index);

	for (unsigned i = find_name(hash, name); i < hash->n; i++) {
		const struct entry *entry = &hash->entries[i];

		if (!slice_equal_nocase(name_of(entry), name))
			return NULL;
		if (entry->field != own && left-- == 0)
			return entry->field;
	}
	return NULL;
}

static void add_to_hash(void *context, const char *data, size_t len)
{
	crypto_hash_add(context, data, len);
}

size_t headerhash_signature(const struct headerhash *hash, const struct signature *signature,
			    const struct field *own, uint8_t digest_r[CRYPTO_HASH_OCTETS])
{
	struct crypto_hash *sum = crypto_hash_new();
	size_t octets = own->text.len;

	for (unsigned i = 0; i < signature->n_names; i++) {
		const struct field *field = find_field(hash, signature, i, own);

		if (field == NULL)
			continue;
		canon_header(signature->header_canon, field->text, SLICE(""), add_to_hash, sum);
		crypto_hash_add(sum, "\r\n", 2);
		octets += field->text.len;
	}
	canon_header(signature->header_canon, own->text, canon_header_signature(own->text), add_to_hash, sum);
	crypto_hash_end(sum, digest_r);
	crypto_hash_free(sum);
	return octets;
}
