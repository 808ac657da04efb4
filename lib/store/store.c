#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/facts.h"
#include "store/store_private.h"
#include "store/store_schema.h"

/* ---- open and close ---- */

struct store *store_open(const struct store_options *options, const char **error_r)
{
	static _Thread_local char error[sizeof(((struct store *)NULL)->error)];
	struct db *db = db_open(options->driver, options->where, options->read_only, error_r);
	struct store *store;

	if (db == NULL)
		return NULL;
	if (store_schema_ready(db, store_schema_steps, options->read_only, error, sizeof(error)) != 0) {
		db_close(db);
		*error_r = error;
		return NULL;
	}
	store = mem_zalloc(sizeof(*store));
	store->db = db;
	store->packer = packer_new();
	store_intern_init(store);
	store_batch_init(&store->batch);
	return store;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	db_close(store->db);
	packer_free(store->packer);
	store_intern_done(store);
	store_batch_done(&store->batch);
	free(store->source);
	free(store);
}

const char *store_error(const struct store *store)
{
	return store->error[0] != '\0' ? store->error : db_error(store->db);
}

bool store_is_lost(const struct store *store)
{
	return db_is_lost(store->db);
}

int64_t store_day(int64_t ms)
{
	if (ms < 0)
		return 0;
	return ms / DAY_MS < LAST_DAY ? ms / DAY_MS : LAST_DAY;
}

/* ---- statements ---- */

#define FIND(table) "SELECT id, needed_day FROM " table " WHERE hash = $1"
#define NEED(table) "UPDATE " table " SET needed_day = $1 WHERE id = $2"
#define TEXT(table) "SELECT text FROM " table " WHERE id = $1"
#define NUMBER(table) \
	"INSERT INTO " table " (hash, needed_day, text) VALUES ($1, $2, $3) RETURNING id"

static const char *const statements[STATEMENTS] = {
	[STATEMENT_FIND + KIND_FACTS] = FIND("facts"),
	[STATEMENT_FIND + KIND_CLIENT] = FIND("clients"),
	[STATEMENT_FIND + KIND_RECIPIENTS] = FIND("recipients"),
	[STATEMENT_FIND + KIND_VERDICT] = FIND("verdicts"),
	[STATEMENT_NEED + KIND_FACTS] = NEED("facts"),
	[STATEMENT_NEED + KIND_CLIENT] = NEED("clients"),
	[STATEMENT_NEED + KIND_RECIPIENTS] = NEED("recipients"),
	[STATEMENT_NEED + KIND_VERDICT] = NEED("verdicts"),
	[STATEMENT_NUMBER + KIND_FACTS] = "INSERT INTO facts (hash, needed_day, text, authors) "
					  "VALUES ($1, $2, $3, $4) RETURNING id",
	[STATEMENT_NUMBER + KIND_CLIENT] = NUMBER("clients"),
	[STATEMENT_NUMBER + KIND_RECIPIENTS] = NUMBER("recipients"),
	[STATEMENT_NUMBER + KIND_VERDICT] = NUMBER("verdicts"),
	[STATEMENT_TEXT + KIND_FACTS] = TEXT("facts"),
	[STATEMENT_TEXT + KIND_CLIENT] = TEXT("clients"),
	[STATEMENT_TEXT + KIND_RECIPIENTS] = TEXT("recipients"),
	[STATEMENT_TEXT + KIND_VERDICT] = TEXT("verdicts"),
	[STATEMENT_FIND_SOURCE] = "SELECT id, pruned_seq FROM sources WHERE name = $1",
	[STATEMENT_ADD_SOURCE] = "INSERT INTO sources (name) VALUES ($1) RETURNING id, pruned_seq",
	[STATEMENT_FIND_PRUNED] = "SELECT count(*), coalesce(max(CAST(value AS BIGINT)), 0) "
				  "FROM meta WHERE key = 'pruned'",
	[STATEMENT_ADD_MESSAGE] =
		"INSERT INTO messages (source, seq, when_ms, facts, client, recipients, verdict, draws) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING seq",
	[STATEMENT_ADD_TALLY] =
		"INSERT INTO tallies (day, facts, client, recipients, verdict, n) "
		"VALUES ($1, $2, $3, $4, $5, $6) "
		"ON CONFLICT (day, facts, client, recipients, verdict) "
		"DO UPDATE SET n = tallies.n + excluded.n",
	[STATEMENT_ADD_SUM] =
		"INSERT INTO sums (day, hash, author, org, network, result, spf, asked, chosen, done, "
		"why, rule, enforcement, method, dkim_pass, spf_aligned, dkim_aligned, guarded, dry_run, "
		"exempt, n, waited_ms, lookups) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
		"$12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) "
		"ON CONFLICT (day, hash) DO UPDATE SET n = sums.n + excluded.n, "
		"waited_ms = sums.waited_ms + excluded.waited_ms, "
		"lookups = sums.lookups + excluded.lookups",
	[STATEMENT_FIND_FILE] = "SELECT octets, lines, refused, first_line FROM files WHERE name = $1",
	[STATEMENT_SET_FILE] =
		"INSERT INTO files (name, octets, lines, refused, first_line) VALUES ($1, $2, $3, $4, $5) "
		"ON CONFLICT (name) DO UPDATE SET octets = excluded.octets, lines = excluded.lines, "
		"refused = excluded.refused, first_line = excluded.first_line",
	[STATEMENT_SET_REFUSED] =
		"INSERT INTO files (name, octets, lines, refused) VALUES ($1, 0, 0, $2) "
		"ON CONFLICT (name) DO UPDATE SET refused = excluded.refused",
};

struct db_statement *store_statement(struct store *store, enum statement which)
{
	store->error[0] = '\0';
	if (store->statements[which] == NULL)
		store->statements[which] = db_prepare(store->db, statements[which]);
	return store->statements[which];
}

int store_one_row(struct db_statement *statement, int64_t *first_r, int64_t *second_r)
{
	int code = db_step(statement);

	if (code != 1)
		return code;
	*first_r = db_column_int(statement, 0);
	if (second_r != NULL)
		*second_r = db_column_int(statement, 1);
	return db_step(statement) < 0 ? -1 : 1;
}

/* ---- transactions ---- */

static void forget_source(struct store *store)
{
	free(store->source);
	store->source = NULL;
}

/* Another process may have removed what is known here as being there. */
static int forget_pruned(struct store *store)
{
	struct db_statement *statement = store_statement(store, STATEMENT_FIND_PRUNED);
	int64_t ignored, pruned;

	if (statement == NULL || store_one_row(statement, &ignored, &pruned) != 1)
		return -1;
	if (pruned == store->pruned)
		return 0;
	store->pruned = pruned;
	store_intern_forget(store);
	forget_source(store);
	return 0;
}

int store_begin(struct store *store)
{
	store->error[0] = '\0';
	store_batch_forget(&store->batch);
	if (db_begin(store->db) != 0)
		return -1;
	if (forget_pruned(store) == 0)
		return 0;
	store_rollback(store);
	return -1;
}

int store_commit(struct store *store)
{
	store->error[0] = '\0';
	if (store_batch_write(store) == 0 && db_commit(store->db) == 0)
		return 0;
	store_rollback(store);
	return -1;
}

void store_rollback(struct store *store)
{
	db_rollback(store->db);
	store_batch_forget(&store->batch);
	store_intern_forget(store);
	forget_source(store);
}

/* ---- lines ---- */

/* HOST-START-SEQUENCE in two; any other id is a source of one message. */
static int64_t split_line_id(struct slice id, struct slice *source_r)
{
	uint64_t seq = 0;
	size_t dash = id.len;

	*source_r = id;
	while (dash > 0 && id.data[dash - 1] != '-')
		dash--;
	if (dash < 2 || id.len - dash > 18 || !slice_number(slice_from(id, dash), INT64_MAX, &seq) ||
	    (id.data[dash] == '0' && id.len - dash > 1))
		return -1;
	*source_r = slice_until(id, dash - 1);
	return (int64_t)seq;
}

static int find_source(struct store *store, struct slice name)
{
	struct db_statement *statement = store_statement(store, STATEMENT_FIND_SOURCE);
	int code;

	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, name);
	code = store_one_row(statement, &store->source_id, &store->source_pruned);
	if (code != 0)
		return code < 0 ? -1 : 0;
	statement = store_statement(store, STATEMENT_ADD_SOURCE);
	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, name);
	return store_one_row(statement, &store->source_id, &store->source_pruned) == 1 ? 0 : -1;
}

static int number_source(struct store *store, struct slice name)
{
	if (store->source != NULL && slice_is(name, store->source))
		return 0;
	forget_source(store);
	if (find_source(store, name) != 0)
		return -1;
	store->source = mem_strndup(name.data, name.len);
	return 0;
}

/* " a.example b.example ", to be found by one of them. */
static const char *list_authors(struct arena *arena, const struct evidence *evidence)
{
	const char *list = " ";

	for (unsigned i = 0; i < evidence->n_authors; i++)
		list = arena_printf(arena, "%s%s ", list, evidence->authors[i].domain);
	return list;
}

static int number_parts(struct store *store, struct arena *arena, const struct decision *decision,
			int64_t parts_r[KINDS])
{
	const char *authors = list_authors(arena, &decision->evidence);
	int64_t day = store_day(decision->evidence.when_ms);
	struct facts facts;

	facts_split(arena, decision, &facts);
	if (store_intern(store, arena, KIND_FACTS, facts.facts, day, authors, &parts_r[KIND_FACTS]) != 0 ||
	    store_intern(store, arena, KIND_CLIENT, facts.client, day, NULL, &parts_r[KIND_CLIENT]) != 0 ||
	    store_intern(store, arena, KIND_RECIPIENTS, facts.recipients, day, NULL,
		   &parts_r[KIND_RECIPIENTS]) != 0 ||
	    store_intern(store, arena, KIND_VERDICT, facts.verdict, day, NULL, &parts_r[KIND_VERDICT]) != 0)
		return -1;
	return 0;
}

static unsigned draws_of(const struct evidence *evidence)
{
	unsigned sample = evidence->sample_draw < 100 ? evidence->sample_draw : 99;
	unsigned enforce = evidence->enforce_draw < 100 ? evidence->enforce_draw : 99;

	return 100 * sample + enforce;
}

/* 1: a new row; 0: its line id is there. Of the source at hand. */
static int add_message(struct store *store, const struct decision *decision, int64_t seq,
		       const int64_t parts[KINDS])
{
	struct db_statement *statement = store_statement(store, STATEMENT_ADD_MESSAGE);
	int64_t ignored;

	if (statement == NULL)
		return -1;
	db_bind_int(statement, 1, store->source_id);
	db_bind_int(statement, 2, seq);
	db_bind_int(statement, 3, decision->evidence.when_ms);
	for (unsigned kind = 0; kind < KINDS; kind++)
		db_bind_int(statement, 4 + kind, parts[kind]);
	db_bind_int(statement, 8, draws_of(&decision->evidence));
	return store_one_row(statement, &ignored, NULL);
}

int store_add(struct store *store, const struct decision *decision)
{
	struct slice line_id = slice_of(decision->line_id), source;
	struct arena *arena;
	int64_t parts[KINDS], seq;
	int code = -1;

	if (line_id.len == 0 || !slice_is_utf8(line_id))
		return 0;
	seq = split_line_id(line_id, &source);
	if (number_source(store, source) != 0)
		return -1;
	if (seq <= store->source_pruned)        /* numbers of a source rise with time */
		return 0;
	arena = arena_new();
	if (number_parts(store, arena, decision, parts) == 0)
		code = add_message(store, decision, seq, parts);
	arena_free(arena);
	if (code == 1 && store_batch_add(store, decision, parts) != 0)
		return -1;
	return code;
}

/* ---- files ---- */

int store_position(struct store *store, const char *file, struct store_position *out_r)
{
	struct db_statement *statement = store_statement(store, STATEMENT_FIND_FILE);
	int code;

	*out_r = (struct store_position){ 0 };
	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, slice_of(file));
	code = db_step(statement);
	if (code == 1) {
		out_r->octets = (uint64_t)db_column_int(statement, 0);
		out_r->lines = (uint64_t)db_column_int(statement, 1);
		out_r->refused = (uint64_t)db_column_int(statement, 2);
		out_r->first_line = db_column_int(statement, 3);
		db_finish(statement);
	}
	return code < 0 ? -1 : 0;
}

int store_set_position(struct store *store, const char *file, const struct store_position *position)
{
	struct db_statement *statement = store_statement(store, STATEMENT_SET_FILE);

	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, slice_of(file));
	db_bind_int(statement, 2, (int64_t)position->octets);
	db_bind_int(statement, 3, (int64_t)position->lines);
	db_bind_int(statement, 4, (int64_t)position->refused);
	db_bind_int(statement, 5, position->first_line);
	return db_step(statement) == 0 ? 0 : -1;
}

int store_set_refused(struct store *store, const char *file, uint64_t refused)
{
	struct db_statement *statement = store_statement(store, STATEMENT_SET_REFUSED);

	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, slice_of(file));
	db_bind_int(statement, 2, (int64_t)refused);
	return db_step(statement) == 0 ? 0 : -1;
}
