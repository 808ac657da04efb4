#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/enforcement.h"
#include "store/facts.h"
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

static int fail(struct store *store, const char *what, uint64_t id, const char *error)
{
	snprintf(store->error, sizeof(store->error), "the store's %s %llu cannot be read: %s", what,
		 (unsigned long long)id, error);
	return -1;
}

/* ---- messages and tallies ---- */

#define TEXTS "f.text, c.text, r.text, v.text"
#define JOINS(rows) \
	" JOIN facts f ON f.id = " rows ".facts JOIN clients c ON c.id = " rows ".client" \
	" JOIN recipients r ON r.id = " rows ".recipients JOIN verdicts v ON v.id = " rows ".verdict"
#define OF_DOMAIN " AND (f.authors LIKE $3 ESCAPE '!' OR f.authors LIKE $4 ESCAPE '!')"
/* facts, when, n, draws, texts */
#define TALLIES \
	"SELECT t.facts, t.day, t.n, 0, " TEXTS " FROM tallies t" JOINS("t") \
	" WHERE t.day >= $1 AND t.day < $2"
#define TALLIES_ORDER " ORDER BY t.day, t.facts, t.client, t.recipients, t.verdict"
#define MESSAGES \
	"SELECT m.facts, m.when_ms, 1, m.draws, " TEXTS " FROM messages m" JOINS("m") \
	" WHERE m.when_ms >= $1 AND m.when_ms < $2"
#define MESSAGES_ORDER " ORDER BY m.when_ms, m.source, m.seq"

struct reading {
	struct store *store;
	struct db_statement *statement;
	bool is_tallies;
	store_tally_fn *fn;
	void *context;
	struct buf facts;               /* of facts_id: many rows have the same */
	int64_t facts_id;
};

static int read_facts(struct reading *r, int64_t id)
{
	if (id == r->facts_id)
		return 0;
	r->facts_id = 0;
	buf_reset(&r->facts);
	if (packer_unpack(r->store->packer, db_column_blob(r->statement, 4), &r->facts) != 0)
		return fail(r->store, "facts", (uint64_t)id, "of a newer alignd, or damaged");
	r->facts_id = id;
	return 0;
}

static void set_time(const struct reading *r, struct store_tally *tally)
{
	int64_t when = db_column_int(r->statement, 1), draws = db_column_int(r->statement, 3);
	int64_t day = r->is_tallies ? when : store_day(when);

	tally->day_ms = day * DAY_MS;
	tally->evidence.when_ms = r->is_tallies ? tally->day_ms + DAY_MS / 2 : when;
	tally->evidence.sample_draw = (unsigned)(draws / 100) % 100;
	tally->evidence.enforce_draw = (unsigned)(draws % 100);
}

/* 1: go on; 0: the function has seen enough. */
static int read_row(struct reading *r, struct arena *arena)
{
	int64_t id = db_column_int(r->statement, 0);
	struct decision *decision = ARENA_NEW(arena, struct decision);
	struct store_tally *tally = ARENA_NEW(arena, struct store_tally);
	struct facts facts;
	const char *error = NULL;

	if (read_facts(r, id) != 0)
		return -1;
	facts = (struct facts){
		buf_slice(&r->facts), db_column_text(r->statement, 5),
		db_column_text(r->statement, 6), db_column_text(r->statement, 7),
	};
	if (facts_join(arena, &facts, decision, &error) != 0)
		return fail(r->store, "row with facts", (uint64_t)id, error);
	*tally = (struct store_tally){
		.n = (uint64_t)db_column_int(r->statement, 2), .facts_id = (uint64_t)id,
		.evidence = decision->evidence, .verdict = decision->verdict, .done = decision->done,
	};
	set_time(r, tally);
	return r->fn(r->context, tally);
}

static int read_rows(struct reading *r)
{
	int code;

	buf_init(&r->facts, 2 * LIMIT_JOURNAL_LINE);
	while ((code = db_step(r->statement)) == 1) {
		struct arena *arena = arena_new();

		code = read_row(r, arena);
		arena_free(arena);
		if (code != 1)
			break;
	}
	db_finish(r->statement);
	buf_done(&r->facts);
	return code;
}

static int read_all(struct reading *r, const char *sql, int64_t since, int64_t until,
		    const char *domain)
{
	struct arena *arena;

	r->store->error[0] = '\0';
	r->statement = db_prepare(r->store->db, sql);
	if (r->statement == NULL)
		return -1;
	db_bind_int(r->statement, 1, since);
	db_bind_int(r->statement, 2, until);
	arena = arena_new();
	if (domain != NULL) {
		db_bind_text(r->statement, 3, pattern(arena, "% ", domain, " %"));
		db_bind_text(r->statement, 4, pattern(arena, "%.", domain, " %"));
	}
	arena_free(arena);
	return read_rows(r);
}

int store_tallies(struct store *store, struct store_span span, const char *domain,
		  store_tally_fn *fn, void *context)
{
	struct reading r = { .store = store, .is_tallies = true, .fn = fn, .context = context };

	return read_all(&r, domain != NULL ? TALLIES OF_DOMAIN TALLIES_ORDER : TALLIES TALLIES_ORDER,
			first_day(span), end_day(span), domain);
}

int store_messages(struct store *store, struct store_span span, const char *domain,
		   store_tally_fn *fn, void *context)
{
	struct reading r = { .store = store, .fn = fn, .context = context };

	return read_all(&r, domain != NULL ? MESSAGES OF_DOMAIN MESSAGES_ORDER : MESSAGES MESSAGES_ORDER,
			first_day(span) * DAY_MS, end_day(span) * DAY_MS, domain);
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
