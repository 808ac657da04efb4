/* Rows in the order of their combinations. Texts are read once each: facts that
 * rows have in common stay read, and a verdict is only looked at for its pct. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

/* Sorted before the texts are joined, or the sorter would carry them all: both
 * databases keep an order below a limit. */
#define NO_LIMIT " LIMIT 9223372036854775807"
#define TEXTS "f.text, c.text, r.text, v.text"
#define JOINS \
	" JOIN facts f ON f.id = t.facts JOIN clients c ON c.id = t.client" \
	" JOIN recipients r ON r.id = t.recipients JOIN verdicts v ON v.id = t.verdict"
#define ORDER " ORDER BY facts, client, recipients, verdict"
#define TALLIES \
	"SELECT t.facts, t.client, t.recipients, t.verdict, t.day, t.n, 0, " TEXTS " FROM " \
	"(SELECT * FROM tallies WHERE day >= $1 AND day < $2" ORDER ", day" NO_LIMIT ") t" JOINS
#define MESSAGES \
	"SELECT t.facts, t.client, t.recipients, t.verdict, t.when_ms, 1, t.draws, " TEXTS " FROM " \
	"(SELECT * FROM messages WHERE when_ms >= $1 AND when_ms < $2" ORDER ", when_ms" NO_LIMIT ") t" \
	JOINS
enum { COLUMN_FACTS = 0, COLUMN_CLIENT, COLUMN_RECIPIENTS, COLUMN_VERDICT, COLUMN_TIME, COLUMN_N,
       COLUMN_DRAWS, COLUMN_TEXTS };

struct store_rows {
	struct store *store;
	struct db_statement *statement;
	bool by_message, failed;
	struct store_row row;
	struct buf text;
	struct arena *base_arena, *arena;
	uint64_t base_id;               /* facts that were read; 0: none */
	struct decision base;
	struct store_row read;          /* the combination that was read; ids 0: none */
	struct decision decision;
};

static bool is_same(const struct store_row *a, const struct store_row *b)
{
	return a->facts_id == b->facts_id && a->client_id == b->client_id &&
	       a->recipients_id == b->recipients_id && a->verdict_id == b->verdict_id;
}

static const struct decision *fail(struct store_rows *r, const char *what, uint64_t id, const char *error)
{
	snprintf(r->store->error, sizeof(r->store->error), "the store's %s %llu cannot be read: %s", what,
		 (unsigned long long)id, error);
	r->failed = true;
	r->base_id = 0;
	r->read = (struct store_row){ 0 };
	return NULL;
}

static struct slice text_of(struct store_rows *r, unsigned part)
{
	struct slice text = db_column_text(r->statement, COLUMN_TEXTS + part);

	return text.data != NULL ? text : SLICE("");    /* never NULL: it is read */
}

static bool read_base(struct store_rows *r)
{
	static const struct decision nothing = { .verdict.decisive = -1 };
	struct slice parts[DECISION_PARTS] = { { NULL, 0 } };
	const char *error = NULL;

	if (r->row.facts_id == r->base_id)
		return true;
	buf_reset(&r->text);
	if (packer_unpack(r->store->packer, db_column_blob(r->statement, COLUMN_TEXTS), &r->text) != 0)
		return fail(r, "facts", r->row.facts_id, "of a newer alignd, or damaged") != NULL;
	arena_free(r->base_arena);
	r->base_arena = arena_new();
	parts[PART_FACTS] = buf_slice(&r->text);
	if (decision_json_read_more(r->base_arena, &nothing, parts, &r->base, &error) != 0)
		return fail(r, "facts", r->row.facts_id, error) != NULL;
	r->base_id = r->row.facts_id;
	return true;
}

/* What else a verdict says is decided anew. */
static bool has_pct(const struct decision *base)
{
	for (unsigned i = 0; i < base->evidence.n_authors; i++)
		if (base->evidence.authors[i].policy.record.pct_given)
			return true;
	return false;
}

const struct decision *store_rows_decision(struct store_rows *r)
{
	struct slice parts[DECISION_PARTS] = { { NULL, 0 } };
	const char *error = NULL;

	if (is_same(&r->row, &r->read))
		return &r->decision;
	r->read = (struct store_row){ 0 };
	if (!read_base(r))
		return NULL;
	arena_free(r->arena);
	r->arena = arena_new();
	parts[PART_CLIENT] = text_of(r, 1);
	parts[PART_RECIPIENTS] = text_of(r, 2);
	if (has_pct(&r->base))
		parts[PART_VERDICT] = text_of(r, 3);
	if (decision_json_read_more(r->arena, &r->base, parts, &r->decision, &error) != 0)
		return fail(r, "row with facts", r->row.facts_id, error);
	r->read = r->row;
	return &r->decision;
}

static void read_row(struct store_rows *r)
{
	struct db_statement *s = r->statement;
	int64_t when = db_column_int(s, COLUMN_TIME), draws = db_column_int(s, COLUMN_DRAWS);
	int64_t day_ms = (r->by_message ? store_day(when) : when) * DAY_MS;

	r->row = (struct store_row){
		.facts_id = (uint64_t)db_column_int(s, COLUMN_FACTS),
		.client_id = (uint64_t)db_column_int(s, COLUMN_CLIENT),
		.recipients_id = (uint64_t)db_column_int(s, COLUMN_RECIPIENTS),
		.verdict_id = (uint64_t)db_column_int(s, COLUMN_VERDICT),
		.day_ms = day_ms, .when_ms = r->by_message ? when : day_ms + DAY_MS / 2,
		.n = (uint64_t)db_column_int(s, COLUMN_N),
		.sample_draw = (unsigned)(draws / 100) % 100, .enforce_draw = (unsigned)(draws % 100),
	};
}

static int read_all(struct store_rows *r, store_row_fn *fn, void *context)
{
	int code;

	while ((code = db_step(r->statement)) == 1) {
		read_row(r);
		if (!fn(context, &r->row, r))
			break;
	}
	db_finish(r->statement);
	return code < 0 || r->failed ? -1 : 0;
}

int store_rows(struct store *store, struct store_span span, bool by_message, store_row_fn *fn,
	       void *context)
{
	struct store_rows r = { .store = store, .by_message = by_message };
	int64_t first = store_day(span.since_ms), scale = by_message ? DAY_MS : 1;
	int64_t end = span.until_ms == 0 ? LAST_DAY + 1 : store_day(span.until_ms - 1) + 1;
	int code;

	store->error[0] = '\0';
	r.statement = db_prepare(store->db, by_message ? MESSAGES : TALLIES);
	if (r.statement == NULL)
		return -1;
	db_bind_int(r.statement, 1, first * scale);
	db_bind_int(r.statement, 2, end * scale);
	buf_init(&r.text, 2 * LIMIT_JOURNAL_LINE);
	code = read_all(&r, fn, context);
	buf_done(&r.text);
	arena_free(r.base_arena);
	arena_free(r.arena);
	return code;
}
