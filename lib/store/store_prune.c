#include <stdlib.h>

#include "base/mem.h"
#include "store/store_private.h"

/* A piece: short enough that nobody waits long for the writer's lock. */
#define PIECE_ROWS 5000
#define PIECE "5000"

#define PRUNE_TEXTS(table) \
	"DELETE FROM " table " WHERE id IN " \
	"(SELECT id FROM " table " WHERE needed_day < $1 LIMIT " PIECE ") RETURNING 1"

/* Texts only when no row has them any more. */
static const char messages[] =
	"DELETE FROM messages WHERE (source, seq) IN (SELECT source, seq FROM messages "
	"WHERE when_ms < $1 ORDER BY when_ms LIMIT " PIECE ") RETURNING source, seq";
static const char pruned_of_source[] =
	"UPDATE sources SET pruned_seq = $1 WHERE id = $2 AND pruned_seq < $1";
/* Other processes see by this number that something went (store_begin). */
static const char pruned_once_more[] =
	"INSERT INTO meta (key, value) VALUES ('pruned', '1') "
	"ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)";
static const char tallies[] =
	"DELETE FROM tallies WHERE (day, facts, client, recipients, verdict) IN "
	"(SELECT day, facts, client, recipients, verdict FROM tallies WHERE day < $1 "
	"LIMIT " PIECE ") RETURNING 1";
static const char sums[] =
	"DELETE FROM sums WHERE (day, hash) IN (SELECT day, hash FROM sums WHERE day < $1 "
	"LIMIT " PIECE ") RETURNING 1";
static const char *const texts[] = {
	PRUNE_TEXTS("facts"), PRUNE_TEXTS("clients"), PRUNE_TEXTS("recipients"),
	PRUNE_TEXTS("verdicts"),
};

/* 1: a whole piece, there may be more; 0; -1. */
static int delete_piece(struct store *store, const char *sql, int64_t before)
{
	struct db_statement *statement = db_prepare(store->db, sql);
	unsigned n = 0;
	int code;

	if (statement == NULL)
		return -1;
	db_bind_int(statement, 1, before);
	while ((code = db_step(statement)) == 1)
		n++;
	return code < 0 ? -1 : n == PIECE_ROWS;
}

struct gone { int64_t source, seq; };

static int compare_gone(const void *a, const void *b)
{
	const struct gone *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* Their lines stay known, should they be loaded again: the last of each source. */
static int note_gone(struct store *store, struct gone *gone, unsigned n)
{
	struct db_statement *statement = db_prepare(store->db, pruned_of_source);
	int code = statement != NULL ? 0 : -1;

	if (n > 0)
		qsort(gone, n, sizeof(*gone), compare_gone);
	for (unsigned i = 0; i < n && code == 0; i++) {
		if (i + 1 < n && gone[i + 1].source == gone[i].source)
			continue;
		db_bind_int(statement, 1, gone[i].seq);
		db_bind_int(statement, 2, gone[i].source);
		code = db_step(statement);
	}
	return code;
}

static int delete_messages(struct store *store, int64_t before_ms)
{
	struct db_statement *statement = db_prepare(store->db, messages);
	struct gone *gone = mem_alloc(PIECE_ROWS * sizeof(*gone));
	unsigned n = 0;
	int code = -1;

	if (statement != NULL) {
		db_bind_int(statement, 1, before_ms);
		while ((code = db_step(statement)) == 1 && n < PIECE_ROWS)
			gone[n++] = (struct gone){
				db_column_int(statement, 0), db_column_int(statement, 1),
			};
	}
	if (code == 0)
		code = note_gone(store, gone, n);
	free(gone);
	return code < 0 ? -1 : n == PIECE_ROWS;
}

static int prune_rows(struct store *store, int64_t before_day)
{
	int more = delete_messages(store, before_day * DAY_MS);

	if (more == 0)
		more = delete_piece(store, tallies, before_day);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && more == 0; i++)
		more = delete_piece(store, texts[i], before_day);
	return more < 0 || db_run(store->db, pruned_once_more) != 0 ? -1 : more;
}

static int prune(struct store *store, int64_t today, unsigned keep_days, unsigned keep_sums_days)
{
	int more = 0;

	if (keep_sums_days != 0)
		more = delete_piece(store, sums, today - keep_sums_days);
	if (more == 0 && keep_days != 0)
		more = prune_rows(store, today - keep_days);
	return more;
}

bool store_prune(struct store *store, int64_t now_ms, unsigned keep_days, unsigned keep_sums_days)
{
	int more;

	if (store_begin(store) != 0)
		return false;
	more = prune(store, store_day(now_ms), keep_days, keep_sums_days);
	if (more < 0) {
		store_rollback(store);
		return false;
	}
	store_intern_forget(store);
	return store_commit(store) == 0 && more > 0;
}
