/* Parts of decisions by their number, as they were read. Bounded: what is read goes
 * into the younger of two generations; full, it becomes the older one, and what was
 * the older one is freed at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_private.h"

/* Twice as many places as pieces: a search is short, and ends. */
#define PLACES(bits) ((size_t)1 << (bits))
#define MOST_PIECES(bits) (PLACES(bits) / 2)

static const struct {
	const char *table;
	enum decision_part part;
	unsigned place_bits;
	size_t octets;                  /* of a generation */
} kinds[KINDS] = {
	/* by day each comes once a day: those of a day should have room */
	[KIND_FACTS] = { "facts", PART_FACTS, 17, 48u << 20 },
	[KIND_CLIENT] = { "clients", PART_CLIENT, 17, 12u << 20 },
	[KIND_RECIPIENTS] = { "recipients", PART_RECIPIENTS, 15, 4u << 20 },
	[KIND_VERDICT] = { "verdicts", PART_VERDICT, 13, 4u << 20 },
};

struct place {
	int64_t id;                     /* 0: empty */
	const struct decision_piece *piece;
};
struct generation {
	struct arena *arena;
	struct place *places;
	size_t n;
};
struct store_pieces {
	struct store *store;
	struct buf text;                /* unpacked */
	struct generation young[KINDS], old[KINDS];
};

static struct generation generation_new(enum kind kind)
{
	return (struct generation){
		arena_new(), mem_zalloc(PLACES(kinds[kind].place_bits) * sizeof(struct place)), 0,
	};
}

static void generation_free(struct generation *generation)
{
	arena_free(generation->arena);
	free(generation->places);
}

struct store_pieces *store_pieces_new(struct store *store)
{
	struct store_pieces *pieces = mem_zalloc(sizeof(*pieces));

	pieces->store = store;
	buf_init(&pieces->text, LIMIT_JOURNAL_LINE);
	for (unsigned kind = 0; kind < KINDS; kind++) {
		pieces->young[kind] = generation_new((enum kind)kind);
		pieces->old[kind] = generation_new((enum kind)kind);
	}
	return pieces;
}

void store_pieces_free(struct store_pieces *pieces)
{
	for (unsigned kind = 0; kind < KINDS; kind++) {
		generation_free(&pieces->young[kind]);
		generation_free(&pieces->old[kind]);
	}
	buf_done(&pieces->text);
	free(pieces);
}

/* Where it is, or would be. */
static struct place *find(const struct generation *generation, enum kind kind, int64_t id)
{
	unsigned bits = kinds[kind].place_bits;
	size_t at = (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> (64 - bits));

	while (generation->places[at].id != 0 && generation->places[at].id != id)
		at = (at + 1) % PLACES(bits);
	return &generation->places[at];
}

static const struct decision_piece *fail(struct store_pieces *pieces, enum kind kind, int64_t id,
					 const char *error)
{
	snprintf(pieces->store->error, sizeof(pieces->store->error),
		 "the store's %s %lld cannot be read: %s", kinds[kind].table, (long long)id, error);
	return NULL;
}

static const struct decision_piece *read_column(struct store_pieces *pieces, struct arena *arena,
						enum kind kind, int64_t id,
						struct db_statement *statement)
{
	const struct decision_piece *piece;
	const char *error = NULL;
	struct slice text;

	if (kind == KIND_FACTS) {
		buf_reset(&pieces->text);
		if (packer_unpack(pieces->store->packer, db_column_blob(statement, 0),
				  &pieces->text) != 0)
			return fail(pieces, kind, id, "of a newer alignd, or damaged");
		text = buf_slice(&pieces->text);
	} else {
		text = db_column_text(statement, 0);
	}
	piece = decision_piece_read(arena, kinds[kind].part, text, &error);
	return piece != NULL ? piece : fail(pieces, kind, id, error);
}

static const struct decision_piece *read_piece(struct store_pieces *pieces, struct arena *arena,
					       enum kind kind, int64_t id)
{
	struct db_statement *statement = store_statement(pieces->store, STATEMENT_TEXT + kind);
	const struct decision_piece *piece = NULL;
	int code;

	if (statement == NULL)
		return NULL;
	db_bind_int(statement, 1, id);
	code = db_step(statement);
	if (code == 1)
		piece = read_column(pieces, arena, kind, id, statement);
	else if (code == 0)
		fail(pieces, kind, id, "it is not there");
	db_finish(statement);
	return piece;
}

static struct generation *room_in(struct store_pieces *pieces, enum kind kind)
{
	struct generation *young = &pieces->young[kind];

	if (young->n >= MOST_PIECES(kinds[kind].place_bits) ||
	    arena_bytes(young->arena) >= kinds[kind].octets) {
		generation_free(&pieces->old[kind]);
		pieces->old[kind] = *young;
		*young = generation_new(kind);
	}
	return young;
}

const struct decision_piece *store_piece(struct store_pieces *pieces, enum kind kind, int64_t id)
{
	struct generation *young;
	struct place *place = find(&pieces->young[kind], kind, id);

	if (place->id != id)
		place = find(&pieces->old[kind], kind, id);
	if (place->id == id)
		return place->piece;
	young = room_in(pieces, kind);
	place = find(young, kind, id);
	place->piece = read_piece(pieces, young->arena, kind, id);
	if (place->piece == NULL)
		return NULL;
	place->id = id;
	young->n++;
	return place->piece;
}
