/* Texts that many messages have are rows with a number. What was looked up lately
 * is kept in a table of fixed size: a text's hash says where, the newer one takes
 * the place. */
#include <stdlib.h>
#include <string.h>

#include "auth/crypto.h"
#include "base/mem.h"
#include "store/store_private.h"

/* A row is marked as needed for a week ahead, so that the mark is not written
 * every day; it goes a week later than it could. */
#define DAYS_AHEAD 7

struct known_text {
	uint8_t hash[HASH_OCTETS];
	int64_t id;                     /* 0: an empty place */
	int64_t needed_day;
};

static const unsigned places[KINDS] = {
	[KIND_FACTS] = 32768, [KIND_CLIENT] = 32768, [KIND_RECIPIENTS] = 8192, [KIND_VERDICT] = 8192,
};

void store_intern_init(struct store *store)
{
	for (unsigned kind = 0; kind < KINDS; kind++)
		store->known[kind] = mem_zalloc(places[kind] * sizeof(struct known_text));
}

void store_intern_done(struct store *store)
{
	for (unsigned kind = 0; kind < KINDS; kind++)
		free(store->known[kind]);
}

void store_intern_forget(struct store *store)
{
	for (unsigned kind = 0; kind < KINDS; kind++)
		memset(store->known[kind], 0, places[kind] * sizeof(struct known_text));
}

static struct known_text *place_of(struct store *store, enum kind kind, const uint8_t hash[HASH_OCTETS])
{
	uint32_t number;

	memcpy(&number, hash, sizeof(number));
	return &store->known[kind][number % places[kind]];
}

static struct slice hash_text(struct slice text, uint8_t out_r[CRYPTO_HASH_OCTETS])
{
	struct crypto_hash *hash = crypto_hash_new();

	crypto_hash_add(hash, text.data, text.len);
	crypto_hash_end(hash, out_r);
	crypto_hash_free(hash);
	return slice_new((const char *)out_r, HASH_OCTETS);
}

static int find(struct store *store, enum kind kind, struct slice hash, struct known_text *out_r)
{
	struct db_statement *statement = store_statement(store, STATEMENT_FIND + kind);

	if (statement == NULL)
		return -1;
	db_bind_blob(statement, 1, hash);
	return store_one_row(statement, &out_r->id, &out_r->needed_day);
}

/* Wanted on a later day than any before. */
static int need(struct store *store, enum kind kind, int64_t day, struct known_text *known)
{
	struct db_statement *statement;

	if (known->needed_day >= day)
		return 0;
	statement = store_statement(store, STATEMENT_NEED + kind);
	if (statement == NULL)
		return -1;
	known->needed_day = day + DAYS_AHEAD;
	db_bind_int(statement, 1, known->needed_day);
	db_bind_int(statement, 2, known->id);
	return db_step(statement);
}

static int number(struct store *store, struct arena *arena, enum kind kind, struct slice hash,
		  struct slice text, const char *authors, struct known_text *known)
{
	struct db_statement *statement = store_statement(store, STATEMENT_NUMBER + kind);

	if (statement == NULL)
		return -1;
	db_bind_blob(statement, 1, hash);
	db_bind_int(statement, 2, known->needed_day);
	if (kind == KIND_FACTS) {
		db_bind_blob(statement, 3, packer_pack(store->packer, arena, text));
		db_bind_text(statement, 4, slice_of(authors));
	} else {
		db_bind_text(statement, 3, text);
	}
	return store_one_row(statement, &known->id, NULL) == 1 ? 0 : -1;
}

int store_intern(struct store *store, struct arena *arena, enum kind kind, struct slice text,
	   int64_t day, const char *authors, int64_t *id_r)
{
	uint8_t octets[CRYPTO_HASH_OCTETS];
	struct slice hash = hash_text(text, octets);
	struct known_text *place = place_of(store, kind, octets), found = { .id = 0 };
	int code = 1;

	if (place->id != 0 && memcmp(place->hash, octets, HASH_OCTETS) == 0 && place->needed_day >= day) {
		*id_r = place->id;
		return 0;
	}
	/* not what is kept here of a row that another process may have removed */
	code = find(store, kind, hash, &found);
	if (code == 1)
		code = need(store, kind, day, &found);
	else if (code == 0) {
		found.needed_day = day + DAYS_AHEAD;
		code = number(store, arena, kind, hash, text, authors, &found);
	}
	if (code != 0)
		return -1;
	memcpy(found.hash, octets, HASH_OCTETS);
	*place = found;
	*id_r = found.id;
	return 0;
}
