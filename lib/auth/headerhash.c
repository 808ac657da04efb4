#include "auth/headerhash.h"

#include <string.h>

#include "core/canon_header.h"

#define BATCH_OCTETS 4096               /* handed over at once: a call costs as much as 100 octets */

struct entry {                          /* one name of some h= */
	struct entry *next;             /* same bucket */
	struct slice name;
	unsigned pass, run;             /* how often it has come in this pass over an h= */
	unsigned most;                  /* fields that a signature may need */
	unsigned n;
	struct field **fields;          /* of this name, the lowest of the header first */
};

struct headerhash {
	const struct fields *fields;
	const struct signature *const *signatures;
	struct entry ***names;          /* of each signature, for each name in its h= */
	struct entry **buckets;
	unsigned mask, pass;
	uint64_t seed;
};

/* --- the table of names ----------------------------------------------- */

static struct entry **bucket_of(const struct headerhash *hash, struct slice name)
{
	uint64_t sum = hash->seed;

	for (size_t i = 0; i < name.len; i++)
		sum = (sum ^ (uint8_t)ascii_lower(name.data[i])) * UINT64_C(0x100000001b3);
	return &hash->buckets[(sum ^ sum >> 29) & hash->mask];
}

static struct entry *find(struct entry *entry, struct slice name)
{
	while (entry != NULL && !slice_equal_nocase(entry->name, name))
		entry = entry->next;
	return entry;
}

static struct entry *find_or_add(struct headerhash *hash, struct slice name)
{
	struct entry **bucket = bucket_of(hash, name), *entry = find(*bucket, name);

	if (entry == NULL) {
		entry = ARENA_NEW(hash->fields->arena, struct entry);
		entry->name = name;
		entry->next = *bucket;
		*bucket = entry;
	}
	return entry;
}

/* Counts the name as one of this pass; how often it has come before. */
static unsigned count(struct entry *entry, unsigned pass)
{
	if (entry->pass != pass) {
		entry->pass = pass;
		entry->run = 0;
	}
	return entry->run++;
}

static void add_names(struct headerhash *hash, unsigned index)
{
	const struct signature *signature = hash->signatures[index];
	struct entry **names = ARENA_ARRAY(hash->fields->arena, struct entry *, signature->n_names + 1);

	hash->pass++;
	for (unsigned i = 0; i < signature->n_names; i++) {
		names[i] = find_or_add(hash, signature->names[i]);
		count(names[i], hash->pass);
		if (names[i]->most < names[i]->run + 1)
			names[i]->most = names[i]->run + 1;     /* one more: it may be the signature itself */
	}
	hash->names[index] = names;
}

/* Of a name that is in an h= k times, its last k fields (RFC 6376 5.4.2). */
static void add_fields(struct headerhash *hash)
{
	for (struct field *field = hash->fields->last; field != NULL; field = field->above) {
		struct slice name = slice_until(field->text, field->name_len);
		struct entry *entry = find(*bucket_of(hash, name), name);

		if (entry == NULL || entry->n == entry->most)
			continue;
		if (entry->fields == NULL)
			entry->fields = ARENA_ARRAY(hash->fields->arena, struct field *, entry->most);
		entry->fields[entry->n++] = field;
	}
}

static void open_table(struct headerhash *hash, unsigned n)
{
	unsigned names = 0;

	for (unsigned i = 0; i < n; i++)
		names += hash->signatures[i]->n_names;
	hash->mask = 15;
	while (hash->mask < names)
		hash->mask = hash->mask * 2 + 1;
	hash->buckets = ARENA_ARRAY(hash->fields->arena, struct entry *, hash->mask + 1);
	hash->seed = crypto_seed();
}

struct headerhash *headerhash_new(const struct fields *fields, const struct signature *const *signatures,
				  unsigned n)
{
	struct headerhash *hash = ARENA_NEW(fields->arena, struct headerhash);

	hash->fields = fields;
	hash->signatures = signatures;
	hash->names = ARENA_ARRAY(fields->arena, struct entry **, n + 1);
	open_table(hash, n);
	for (unsigned i = 0; i < n; i++)
		add_names(hash, i);
	add_fields(hash);
	return hash;
}

/* --- hashing ---------------------------------------------------------- */

struct batch {
	struct crypto_hash *sum;
	size_t octets, used;
	char data[BATCH_OCTETS];
};

static void flush(struct batch *batch)
{
	if (batch->used > 0)
		crypto_hash_add(batch->sum, batch->data, batch->used);
	batch->used = 0;
}

static void add(void *context, const char *data, size_t len)
{
	struct batch *batch = context;

	batch->octets += len;
	if (len > sizeof(batch->data) - batch->used)
		flush(batch);
	if (len > sizeof(batch->data)) {
		crypto_hash_add(batch->sum, data, len);
		return;
	}
	memcpy(batch->data + batch->used, data, len);
	batch->used += len;
}

static void add_field(struct batch *batch, struct arena *arena, struct field *field, enum canon method)
{
	struct slice text = method == CANON_RELAXED ? fields_relaxed(arena, field) : field->text;

	add(batch, text.data, text.len);
	add(batch, "\r\n", 2);
}

/* The field that this name of this signature stands for; NULL: none is left. */
static struct field *take_field(struct entry *entry, unsigned pass, const struct field *own)
{
	unsigned at = count(entry, pass);

	if (at < entry->n && entry->fields[at] == own)
		at = count(entry, pass);
	return at < entry->n ? entry->fields[at] : NULL;
}

unsigned headerhash_covered(struct headerhash *hash, unsigned index, const struct field *own,
			    struct field **covered_r)
{
	unsigned n = 0;

	hash->pass++;
	for (unsigned i = 0; i < hash->signatures[index]->n_names; i++) {
		covered_r[n] = take_field(hash->names[index][i], hash->pass, own);
		n += covered_r[n] != NULL;
	}
	return n;
}

size_t headerhash_signature(struct headerhash *hash, unsigned index, const struct field *own,
			    uint8_t digest_r[CRYPTO_HASH_OCTETS])
{
	const struct signature *signature = hash->signatures[index];
	enum canon method = signature->header_canon;
	struct batch batch;

	batch.sum = crypto_hash_new();
	batch.octets = batch.used = 0;
	hash->pass++;
	for (unsigned i = 0; i < signature->n_names; i++) {
		struct field *field = take_field(hash->names[index][i], hash->pass, own);

		if (field != NULL)
			add_field(&batch, hash->fields->arena, field, method);
	}
	canon_header(method, own->text, canon_header_signature(own->text), add, &batch);
	flush(&batch);
	crypto_hash_end(batch.sum, digest_r);
	crypto_hash_free(batch.sum);
	return batch.octets;
}
