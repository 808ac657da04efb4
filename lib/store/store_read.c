#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/enforcement.h"
#include "store/journal_files.h"
#include "store/store_private.h"

/* ---- what is asked for ---- */

static int64_t first_day(struct store_span span)
{
	return store_day(span.since_ms);
}

/* The day behind the last one. */
static int64_t end_day(struct store_span span)
{
	return span.until_ms == 0 ? LAST_DAY + 1 : store_day(span.until_ms - 1) + 1;
}

/* A pattern of LIKE, with '!' before what would mean something in it: a domain
 * may have '_'. */
static struct slice pattern(struct arena *arena, const char *before, const char *domain,
			    const char *behind)
{
	char *escaped = arena_alloc(arena, 2 * strlen(domain) + 1), *to = escaped;

	for (const char *c = domain; *c != '\0'; c++) {
		if (*c == '_' || *c == '%' || *c == '!')
			*to++ = '!';
		*to++ = *c;
	}
	return slice_of(arena_printf(arena, "%s%s%s", before, escaped, behind));
}

/* ---- messages and tallies ---- */

/* Narrow rows, a page at a time and in the order of a key that is there: no join, no
 * sort, and what their numbers mean is looked up between two pages' statements.
 * CROSS JOIN: SQLite keeps to the order that is written. */
#define FROM(rows) " FROM " rows " CROSS JOIN facts f WHERE f.id = "
#define OF_DOMAIN(a, b) \
	" AND (f.authors LIKE " a " ESCAPE '!' OR f.authors LIKE " b " ESCAPE '!')"
#define TALLIES "SELECT t.facts, t.client, t.recipients, t.verdict, t.n, 0, t.day"
#define TALLIES_PAGE \
	"(t.day, t.facts, t.client, t.recipients, t.verdict) > ($1, $2, $3, $4, $5) AND t.day < $6"
#define TALLIES_ORDER " ORDER BY t.day, t.facts, t.client, t.recipients, t.verdict LIMIT 4096"
#define MESSAGES \
	"SELECT m.facts, m.client, m.recipients, m.verdict, 1, m.draws, m.when_ms, m.source, m.seq"
#define MESSAGES_PAGE "(m.when_ms, m.source, m.seq) > ($1, $2, $3) AND m.when_ms < $4"
#define MESSAGES_ORDER " ORDER BY m.when_ms, m.source, m.seq LIMIT 4096"
#define PAGE_ROWS 4096

static const char all_tallies[] =
	TALLIES " FROM tallies t WHERE " TALLIES_PAGE TALLIES_ORDER;
static const char tallies_of_domain[] =
	TALLIES FROM("tallies t") "t.facts AND " TALLIES_PAGE OF_DOMAIN("$7", "$8") TALLIES_ORDER;
static const char all_messages[] =
	MESSAGES " FROM messages m WHERE " MESSAGES_PAGE MESSAGES_ORDER;
static const char messages_of_domain[] =
	MESSAGES FROM("messages m") "m.facts AND " MESSAGES_PAGE OF_DOMAIN("$5", "$6") MESSAGES_ORDER;

struct row {
	int64_t parts[KINDS];
	int64_t n, draws, time;         /* a day, or ms */
	int64_t source, seq;            /* of a message */
};

struct reading {
	struct store *store;
	const char *sql;
	bool is_tallies;
	int64_t end;                    /* not in it; of row.time */
	struct slice patterns[2];       /* of a domain; NULL */
	struct store_pieces *pieces;
	struct row *rows;               /* a page */
	unsigned n_rows;
	struct row last;                /* what was put into `decision`, 0 for nothing yet */
	const struct chosen_list *chosen;
	struct decision decision;
	struct recipient_verdict recipients[LIMIT_RECIPIENT_DOMAINS];
	struct store_tally tally;
	store_tally_fn *fn;
	void *context;
};

static void set_time(const struct row *row, bool is_tallies, struct store_tally *tally)
{
	int64_t day = is_tallies ? row->time : store_day(row->time);

	tally->day_ms = day * DAY_MS;
	tally->evidence.when_ms = is_tallies ? tally->day_ms + DAY_MS / 2 : row->time;
	tally->evidence.sample_draw = (unsigned)(row->draws / 100) % 100;
	tally->evidence.enforce_draw = (unsigned)(row->draws % 100);
}

/* What the row before had is there already. */
static int put_parts(struct reading *r, const struct row *row)
{
	for (unsigned kind = 0; kind < KINDS; kind++) {
		const struct decision_piece *piece;

		if (row->parts[kind] == r->last.parts[kind])
			continue;
		piece = store_piece(r->pieces, (enum kind)kind, row->parts[kind]);
		if (piece == NULL)
			return -1;
		decision_piece_put(piece, &r->decision);
		r->last.parts[kind] = row->parts[kind];
		if (kind == KIND_VERDICT)
			r->chosen = decision_piece_chosen(piece);
	}
	return 0;
}

/* 1: go on; 0: the function has seen enough. */
static int read_row(struct reading *r, const struct row *row)
{
	struct decision *decision = &r->decision;
	const char *error = NULL;

	if (put_parts(r, row) != 0)
		return -1;
	decision->verdict.recipients = r->recipients;
	if (!decision_fit(decision, r->chosen, &error)) {
		snprintf(r->store->error, sizeof(r->store->error),
			 "the store's row with facts %lld cannot be read: %s",
			 (long long)row->parts[KIND_FACTS], error);
		return -1;
	}
	r->tally = (struct store_tally){
		.n = (uint64_t)row->n, .facts_id = (uint64_t)row->parts[KIND_FACTS],
		.evidence = decision->evidence, .verdict = decision->verdict, .done = decision->done,
	};
	set_time(row, r->is_tallies, &r->tally);
	return r->fn(r->context, &r->tally);
}

/* Behind the last row of the page before. */
static void bind_page(const struct reading *r, struct db_statement *statement, const struct row *after)
{
	unsigned n = 1;

	db_bind_int(statement, n++, after->time);
	if (r->is_tallies) {
		for (unsigned kind = 0; kind < KINDS; kind++)
			db_bind_int(statement, n++, after->parts[kind]);
	} else {
		db_bind_int(statement, n++, after->source);
		db_bind_int(statement, n++, after->seq);
	}
	db_bind_int(statement, n++, r->end);
	for (unsigned i = 0; i < 2 && r->patterns[i].data != NULL; i++)
		db_bind_text(statement, n++, r->patterns[i]);
}

static void read_columns(const struct reading *r, struct db_statement *statement, struct row *row)
{
	for (unsigned kind = 0; kind < KINDS; kind++)
		row->parts[kind] = db_column_int(statement, kind);
	row->n = db_column_int(statement, 4);
	row->draws = db_column_int(statement, 5);
	row->time = db_column_int(statement, 6);
	row->source = r->is_tallies ? 0 : db_column_int(statement, 7);
	row->seq = r->is_tallies ? 0 : db_column_int(statement, 8);
}

static int read_page(struct reading *r, const struct row *after)
{
	struct db_statement *statement = db_prepare(r->store->db, r->sql);
	int code;

	r->n_rows = 0;
	if (statement == NULL)
		return -1;
	bind_page(r, statement, after);
	while ((code = db_step(statement)) == 1 && r->n_rows < PAGE_ROWS)
		read_columns(r, statement, &r->rows[r->n_rows++]);
	db_finish(statement);
	return code;
}

static int read_pages(struct reading *r, int64_t since)
{
	/* before every row of that time: numbers begin with 0 */
	struct row after = { .parts = { -1, -1, -1, -1 }, .time = since, .source = -1, .seq = -1 };
	int code;

	do {
		code = read_page(r, &after);
		if (code != 0)
			return code;
		for (unsigned i = 0; i < r->n_rows; i++)
			if ((code = read_row(r, &r->rows[i])) != 1)
				return code;
		if (r->n_rows > 0)
			after = r->rows[r->n_rows - 1];
	} while (r->n_rows == PAGE_ROWS);
	return 0;
}

/* One state of the database from the first page to the last. */
static int read_all(struct reading *r, int64_t since, const char *domain)
{
	struct arena *arena = arena_new();
	int code;

	r->store->error[0] = '\0';
	if (domain != NULL) {
		r->patterns[0] = pattern(arena, "% ", domain, " %");
		r->patterns[1] = pattern(arena, "%.", domain, " %");
	}
	r->rows = ARENA_ARRAY(arena, struct row, PAGE_ROWS);
	r->pieces = store_pieces_new(r->store);
	code = db_begin_reading(r->store->db);
	if (code == 0) {
		code = read_pages(r, since);
		db_rollback(r->store->db);
	}
	store_pieces_free(r->pieces);
	arena_free(arena);
	return code;
}

int store_tallies(struct store *store, struct store_span span, const char *domain,
		  store_tally_fn *fn, void *context)
{
	struct reading r = {
		.store = store, .is_tallies = true, .fn = fn, .context = context,
		.sql = domain != NULL ? tallies_of_domain : all_tallies, .end = end_day(span),
	};

	return read_all(&r, first_day(span), domain);
}

int store_messages(struct store *store, struct store_span span, const char *domain,
		   store_tally_fn *fn, void *context)
{
	struct reading r = {
		.store = store, .fn = fn, .context = context,
		.sql = domain != NULL ? messages_of_domain : all_messages, .end = end_day(span) * DAY_MS,
	};

	return read_all(&r, first_day(span) * DAY_MS, domain);
}

int store_begin_reading(struct store *store)
{
	store->error[0] = '\0';
	return db_begin_reading(store->db);
}

void store_end_reading(struct store *store)
{
	db_rollback(store->db);
}

int store_extent(struct store *store, struct store_extent *out_r)
{
	struct db_statement *statement = db_prepare(store->db,
		"SELECT min(when_ms), max(when_ms), count(*) FROM messages");
	int code;

	store->error[0] = '\0';
	*out_r = (struct store_extent){ 0 };
	if (statement == NULL)
		return -1;
	code = db_step(statement);
	if (code == 1) {
		out_r->first_ms = db_column_int(statement, 0);
		out_r->last_ms = db_column_int(statement, 1);
		out_r->messages = (uint64_t)db_column_int(statement, 2);
	}
	db_finish(statement);
	return code == 1 ? 0 : -1;
}

/* Of "mx1-20260512.jsonl", with or without a folder before it. */
static bool is_in_span(struct slice file, struct store_span span)
{
	struct arena *arena = arena_new();
	struct journal_file parsed;
	int64_t day;
	bool in = true;

	for (size_t slash; (slash = slice_find(file, '/')) < file.len; )
		file = slice_from(file, slash + 1);
	if (journal_file_parse(arena_slice(arena, file).data, &parsed)) {
		day = store_day(journal_day_end(parsed.day) - 1);
		in = day >= first_day(span) && day < end_day(span);
	}
	arena_free(arena);
	return in;
}

int store_refused(struct store *store, struct store_span span, uint64_t *lines_r)
{
	struct db_statement *statement = db_prepare(store->db,
		"SELECT name, refused FROM files WHERE refused > 0");
	int code = -1;

	store->error[0] = '\0';
	*lines_r = 0;
	while (statement != NULL && (code = db_step(statement)) == 1)
		if (is_in_span(db_column_text(statement, 0), span))
			*lines_r += (uint64_t)db_column_int(statement, 1);
	return code;
}

/* ---- sums ---- */

#define SUMS \
	"SELECT day, author, org, network, result, spf, asked, chosen, done, why, rule, enforcement, " \
	"method, dkim_pass, spf_aligned, dkim_aligned, guarded, dry_run, exempt, n, waited_ms, lookups " \
	"FROM sums WHERE day >= $1 AND day < $2"
#define SUMS_OF_DOMAIN " AND (author LIKE $3 ESCAPE '!' OR author LIKE $4 ESCAPE '!')"
#define SUMS_ORDER " ORDER BY day, hash"

/* A word that is not known (of a newer alignd) is 0, not evaluated. */
static int enum_column(struct db_statement *statement, unsigned column, const struct name_row *names)
{
	int value = 0;

	names_find(names, db_column_text(statement, column), &value);
	return value;
}

static const char *text_column(struct db_statement *statement, unsigned column, struct arena *arena)
{
	struct slice s = db_column_text(statement, column);

	return arena_strndup(arena, s.len > 0 ? s.data : "", s.len);
}

static struct store_sum read_sum(struct db_statement *s, struct arena *arena)
{
	return (struct store_sum){
		.day_ms = db_column_int(s, 0) * DAY_MS,
		.author = text_column(s, 1, arena), .org = text_column(s, 2, arena),
		.network = text_column(s, 3, arena),
		.result = (enum dmarc_result)enum_column(s, 4, dmarc_result_names),
		.spf = (enum spf_result)enum_column(s, 5, spf_result_names),
		.asked = (enum disposition)enum_column(s, 6, disposition_names),
		.chosen = (enum action)enum_column(s, 7, action_names),
		.done = text_column(s, 8, arena), .why = text_column(s, 9, arena),
		.rule = text_column(s, 10, arena), .class = enum_column(s, 11, enforcement_class_names),
		.method = (enum discovery_method)enum_column(s, 12, discovery_method_names),
		.dkim_pass = db_column_int(s, 13) != 0, .spf_aligned = db_column_int(s, 14) != 0,
		.dkim_aligned = db_column_int(s, 15) != 0, .guarded = db_column_int(s, 16) != 0,
		.dry_run = db_column_int(s, 17) != 0, .exempt = db_column_int(s, 18) != 0,
		.n = (uint64_t)db_column_int(s, 19), .waited_ms = (uint64_t)db_column_int(s, 20),
		.lookups = (uint64_t)db_column_int(s, 21),
	};
}

static int read_sums(struct db_statement *statement, store_sum_fn *fn, void *context)
{
	int code;

	while ((code = db_step(statement)) == 1) {
		struct arena *arena = arena_new();
		struct store_sum sum = read_sum(statement, arena);

		code = fn(context, &sum);
		arena_free(arena);
		if (code == 0)
			break;
	}
	db_finish(statement);
	return code;
}

int store_sums(struct store *store, struct store_span span, const char *domain,
	       store_sum_fn *fn, void *context)
{
	struct db_statement *statement = db_prepare(store->db, domain != NULL
		? SUMS SUMS_OF_DOMAIN SUMS_ORDER : SUMS SUMS_ORDER);
	struct arena *arena;

	store->error[0] = '\0';
	if (statement == NULL)
		return -1;
	db_bind_int(statement, 1, first_day(span));
	db_bind_int(statement, 2, end_day(span));
	arena = arena_new();
	if (domain != NULL) {
		db_bind_text(statement, 3, pattern(arena, "", domain, ""));
		db_bind_text(statement, 4, pattern(arena, "%.", domain, ""));
	}
	arena_free(arena);
	return read_sums(statement, fn, context);
}

int store_sums_extent(struct store *store, int64_t *first_day_ms_r, int64_t *last_day_ms_r)
{
	/* each by itself is one look at the key */
	struct db_statement *statement = db_prepare(store->db,
		"SELECT (SELECT min(day) FROM sums), (SELECT max(day) FROM sums)");
	int code;

	store->error[0] = '\0';
	if (statement == NULL)
		return -1;
	code = db_step(statement);
	if (code == 1 && db_column_is_null(statement, 0))
		code = 0;
	else if (code == 1) {
		*first_day_ms_r = db_column_int(statement, 0) * DAY_MS;
		*last_day_ms_r = db_column_int(statement, 1) * DAY_MS;
	}
	db_finish(statement);
	return code;
}
