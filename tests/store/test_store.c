/* The store, the same cases over every driver: what was added is there once,
 * whole, and decides as it did. */
#include "store/store.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/enforcement.h"
#include "store/databases.h"
#include "store/sample.h"
#include "store/store_schema.h"

#define DAY_MS INT64_C(86400000)
#define NOON INT64_C(1778587200000)             /* 2026-05-12T12:00:00Z */

static struct database place;

static struct store *open_store(bool read_only)
{
	const struct store_options options = { place.driver, place.where, read_only };
	const char *error = NULL;
	struct store *store = store_open(&options, &error);

	ck_assert_msg(store != NULL, "%s", error);
	return store;
}

static struct store *fresh(int which)
{
	database_fresh(which, &place);
	return open_store(false);
}

static void ok(struct store *store, int code)
{
	ck_assert_msg(code == 0, "%s", store_error(store));
}

/* ---- plain messages ---- */

struct plain {
	const char *id, *author, *client_ip, *rule, *done;
	int64_t when_ms;
	unsigned draw;
	bool by_list, guarded;
};

static int add(struct store *store, struct arena *arena, struct plain p)
{
	struct decision d = {
		.line_id = p.id, .mode = "override", .done = p.done != NULL ? p.done : "none",
		.evidence = {
			.when_ms = p.when_ms != 0 ? p.when_ms : NOON, .exempt = EXEMPT_NO,
			.client_ip = p.client_ip != NULL ? p.client_ip : "192.0.2.7",
			.from = FROM_OK, .n_authors = 1, .sample_draw = p.draw, .enforce_draw = p.draw / 2,
			.spf = { .result = RES_SPF_FAIL, .scope = SCOPE_SPF_MAILFROM },
			.lookups = 3, .waited_ms = 10,
		},
	};
	struct ruleset ruleset = { .dry_run = true };

	d.evidence.authors[0].domain = p.author != NULL ? p.author : "example.com";
	d.evidence.authors[0].policy.status = DISCOVERY_FOUND;
	d.evidence.authors[0].policy.domain = d.evidence.authors[0].domain;
	d.evidence.authors[0].policy.org = (struct org){ ORG_KNOWN, "example.com", p.guarded };
	d.evidence.authors[0].policy.method = p.by_list ? DISCOVERY_PSL : DISCOVERY_TREEWALK;
	record_parse(arena, SLICE("v=DMARC1; p=reject; rua=mailto:a@example.com"),
		     &d.evidence.authors[0].policy.record);
	decide(&d.evidence, &ruleset, arena, &d.verdict);
	d.verdict.rule = p.rule;
	return store_add(store, &d);
}

static void add_committed(struct store *store, struct plain p)
{
	struct arena *arena = arena_new();

	ok(store, store_begin(store));
	ck_assert_msg(add(store, arena, p) == 1, "%s", store_error(store));
	ok(store, store_commit(store));
	arena_free(arena);
}

static uint64_t messages(struct store *store)
{
	struct store_extent extent;

	ok(store, store_extent(store, &extent));
	return extent.messages;
}

struct seen {
	unsigned rows;
	uint64_t n, waited_ms, lookups;
	char words[400];
};

static bool see_tally(void *context, const struct store_tally *tally)
{
	struct seen *seen = context;

	ck_assert_int_eq(tally->day_ms % DAY_MS, 0);
	seen->rows++;
	seen->n += tally->n;
	return true;
}

static bool see_sum(void *context, const struct store_sum *sum)
{
	struct seen *seen = context;

	seen->rows++;
	seen->n += sum->n;
	seen->waited_ms += sum->waited_ms;
	seen->lookups += sum->lookups;
	snprintf(seen->words, sizeof(seen->words), "%lld %s %s %s %d %d %d%d%d %d %d %s %s %s %d %d%d %d%d",
		 (long long)(sum->day_ms / DAY_MS), sum->author, sum->org, sum->network, sum->result,
		 sum->spf, sum->dkim_pass, sum->spf_aligned, sum->dkim_aligned, sum->asked, sum->chosen,
		 sum->done, sum->why, sum->rule, sum->class, sum->dry_run, sum->exempt, sum->method, sum->guarded);
	return true;
}

static const struct store_span always = { 0, 0 };

static struct seen tallies(struct store *store, struct store_span span, const char *domain)
{
	struct seen seen = { 0 };

	ok(store, store_tallies(store, span, domain, see_tally, &seen));
	return seen;
}

static struct seen sums(struct store *store, struct store_span span, const char *domain)
{
	struct seen seen = { 0 };

	ok(store, store_sums(store, span, domain, see_sum, &seen));
	return seen;
}

/* ---- adding ---- */

START_TEST(once)
{
	struct store *store = fresh(_i);
	struct arena *arena = arena_new();
	struct plain p = { .id = "mx1-1777890030123-1" }, q = { .id = "mx1-1777890030123-2", .draw = 50 };

	add_committed(store, p);
	ok(store, store_begin(store));
	ck_assert_int_eq(add(store, arena, p), 0);
	ck_assert_int_eq(add(store, arena, q), 1);
	ck_assert_int_eq(add(store, arena, q), 0);
	ck_assert_int_eq(add(store, arena, (struct plain){ .id = NULL }), 0);
	ck_assert_int_eq(add(store, arena, (struct plain){ .id = "\xff-1-1" }), 0);
	ok(store, store_commit(store));
	ck_assert_int_eq(messages(store), 2);
	ck_assert_int_eq(tallies(store, always, NULL).rows, 1); /* a draw is no difference */
	ck_assert_int_eq(tallies(store, always, NULL).n, 2);
	ck_assert_int_eq(sums(store, always, NULL).n, 2);
	store_close(store);
	store = open_store(false);                      /* and not by what is kept in memory */
	ok(store, store_begin(store));
	ck_assert_int_eq(add(store, arena, p), 0);
	ck_assert_int_eq(add(store, arena, (struct plain){ .id = "mx1-1777890030123-3" }), 1);
	ok(store, store_commit(store));
	ck_assert_int_eq(tallies(store, always, NULL).rows, 1);
	ck_assert_int_eq(tallies(store, always, NULL).n, 3);
	arena_free(arena);
	store_close(store);
}
END_TEST

/* Each of these is a message of its own. */
static const char *const line_ids[] = {
	"mx1-1-1", "mx1-1-2", "mx1-2-1", "mx-1-1-1", "1-1", "mx1-1", "mx1-1-01", "mx1-1-", "-1", "x",
	"mx1-1-123456789012345678901234", "b\xc3\xbc\x63her-1-1", "mx1-1-0", "0", "mx1-1--1",
};

START_TEST(ids)
{
	struct store *store = fresh(_i);
	struct arena *arena = arena_new();

	ok(store, store_begin(store));
	for (int round = 1; round >= 0; round--)
		for (int i = 0; i < N_ROWS(line_ids); i++)
			ck_assert_msg(add(store, arena, (struct plain){ .id = line_ids[i] }) == round,
				      "%s: %s", line_ids[i], store_error(store));
	ok(store, store_commit(store));
	ck_assert_int_eq(messages(store), N_ROWS(line_ids));
	arena_free(arena);
	store_close(store);
}
END_TEST

START_TEST(rolled_back)
{
	struct store *store = fresh(_i);
	struct store_position position = { 100, 1, 0, 7 };
	struct arena *arena = arena_new();

	ok(store, store_begin(store));
	ck_assert_int_eq(add(store, arena, (struct plain){ .id = "mx1-1-1" }), 1);
	ok(store, store_set_position(store, "mx1-20260512.jsonl", &position));
	store_rollback(store);
	ck_assert_int_eq(messages(store), 0);
	ok(store, store_position(store, "mx1-20260512.jsonl", &position));
	ck_assert(position.octets + position.lines + position.refused == 0 && position.first_line == 0);
	/* numbers that were given in it are not taken for real ones */
	add_committed(store, (struct plain){ .id = "mx1-1-1" });
	ck_assert_int_eq(tallies(store, always, NULL).n, 1);
	ck_assert_int_eq(sums(store, always, NULL).n, 1);
	arena_free(arena);
	store_close(store);
}
END_TEST

START_TEST(positions)
{
	struct store_position position = { 100, 7, 1, INT64_MIN }, read;
	struct store *store = fresh(_i);

	for (int i = 0; i < 3; i++) {
		position.octets = (uint64_t)1 << (20 * i);
		ok(store, store_begin(store));
		ok(store, store_set_position(store, "mx1-20260512.jsonl", &position));
		ok(store, store_commit(store));
		ok(store, store_position(store, "mx1-20260512.jsonl", &read));
		ck_assert(read.octets == position.octets && read.lines == 7 && read.refused == 1 &&
			  read.first_line == INT64_MIN);
		ok(store, store_position(store, "mx1-20260512.1.jsonl", &read));
		ck_assert(read.octets == 0 && read.lines == 0 && read.refused == 0);
	}
	store_close(store);
}
END_TEST

/* More rows than are added up in memory at a time. */
static const struct {
	const char *name, *file;
	struct store_span span;
	unsigned wanted;
} refused_rows[] = {
	{ "all days", "mx1-20260512.jsonl", { 0, 0 }, 3 },
	{ "its day", "mx1-20260512.jsonl", { NOON, NOON + 1 }, 3 },
	{ "the next part of it", "mx1-20260512.2.jsonl", { NOON, NOON + 1 }, 3 },
	{ "the day before", "mx1-20260512.jsonl", { NOON - DAY_MS, NOON - DAY_MS + 1 }, 0 },
	{ "the day after", "mx1-20260512.jsonl", { NOON + DAY_MS, 0 }, 0 },
	{ "in a folder", "/srv/mx-20260511.jsonl/mx2-20260512.jsonl", { NOON, NOON + 1 }, 3 },
	{ "in a folder, the day before", "/srv/mx2/mx2-20260512.jsonl", { 0, NOON - DAY_MS }, 0 },
	{ "no day", "x.jsonl", { NOON + DAY_MS, 0 }, 3 },
};

START_TEST(refused_lines)
{
	for (size_t i = 0; i < N_ROWS(refused_rows); i++) {
		struct store_position position = { 100, 9, 3, 7 };
		struct store *store = fresh(_i);
		uint64_t n = 99;

		ok(store, store_begin(store));
		ok(store, store_set_position(store, refused_rows[i].file, &position));
		ok(store, store_set_refused(store, "mx9-20200101.jsonl", 5));
		ok(store, store_set_refused(store, "mx9-20200101.jsonl", 0));
		ok(store, store_commit(store));
		ok(store, store_refused(store, refused_rows[i].span, &n));
		ck_assert_msg(n == refused_rows[i].wanted, "%s: %u", refused_rows[i].name, (unsigned)n);
		ok(store, store_begin(store));
		ok(store, store_set_refused(store, refused_rows[i].file, 1));
		ok(store, store_commit(store));
		ok(store, store_position(store, refused_rows[i].file, &position));
		ck_assert(position.octets == 100 && position.lines == 9 && position.refused == 1);
		store_close(store);
	}
}
END_TEST

START_TEST(large_transaction)
{
	struct store *store = fresh(_i);

	ok(store, store_begin(store));
	for (int i = 0; i < 9000; i++) {
		struct arena *arena = arena_new();
		const char *id = arena_printf(arena, "mx1-1-%d", i), *author;

		author = arena_printf(arena, "d%d.example", i % 1500);
		ck_assert_int_eq(add(store, arena, (struct plain){ .id = id, .author = author }), 1);
		arena_free(arena);
	}
	ok(store, store_commit(store));
	ck_assert_int_eq(messages(store), 9000);
	ck_assert_int_eq(tallies(store, always, NULL).rows, 1500);
	ck_assert_int_eq(tallies(store, always, NULL).n, 9000);
	ck_assert_int_eq(sums(store, always, NULL).n, 9000);
	ck_assert_int_eq(sums(store, always, NULL).rows, 1500);
	ck_assert_int_eq(sums(store, always, NULL).waited_ms, 90000);
	ck_assert_int_eq(sums(store, always, NULL).lookups, 27000);
	store_close(store);
}
END_TEST

/* ---- reading ---- */

enum { SAMPLES = 150 };
struct samples {
	struct arena *arena;
	struct decision decisions[SAMPLES];
	struct ruleset rulesets[SAMPLES];
	unsigned n;
};

/* As the journal gives them: the store sees nothing else. */
static void make_samples(struct samples *samples)
{
	static const struct decision_json_options options = { .full_addresses = false };
	struct buf line;

	samples->arena = arena_new();
	buf_init(&line, LIMIT_JOURNAL_LINE);
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct decision *made = ARENA_NEW(samples->arena, struct decision);
		const char *error = NULL;

		sample_seed = 4711 + i;
		sample_decision(samples->arena, made, &samples->rulesets[i]);
		made->line_id = arena_printf(samples->arena, "mx1-1777890030123-%u", i);
		made->evidence.when_ms = NOON + (int64_t)i * 1800000;
		buf_reset(&line);
		decision_json_write(&line, made, &options);
		ck_assert_msg(decision_json_read(samples->arena, buf_slice(&line),
						 &samples->decisions[i], &error) == 0, "%s", error);
	}
	buf_done(&line);
}

static bool same_message(void *context, const struct store_tally *tally)
{
	struct samples *samples = context;
	const struct decision *wanted = &samples->decisions[samples->n];
	const struct ruleset *ruleset = &samples->rulesets[samples->n];
	struct verdict now, then;
	char name[32];

	snprintf(name, sizeof(name), "sample %u", samples->n++);
	ck_assert_int_eq(tally->n, 1);
	ck_assert_msg(tally->evidence.when_ms == wanted->evidence.when_ms, "%s", name);
	ck_assert_msg(tally->verdict.chosen == wanted->verdict.chosen, "%s", name);
	ck_assert_msg(tally->verdict.asked == wanted->verdict.asked, "%s", name);
	ck_assert_msg(tally->verdict.why == wanted->verdict.why, "%s", name);
	decide(&tally->evidence, ruleset, samples->arena, &now);
	decide(&wanted->evidence, ruleset, samples->arena, &then);
	ck_assert_msg(now.chosen == then.chosen && now.asked == then.asked && now.why == then.why &&
		      now.result == then.result && now.apply == then.apply, "%s", name);
	return true;
}

START_TEST(decides_the_same)
{
	struct store *store = fresh(_i);
	struct samples samples = { .n = 0 };
	struct seen seen;

	make_samples(&samples);
	ok(store, store_begin(store));
	for (unsigned i = 0; i < SAMPLES; i++)
		ck_assert_msg(store_add(store, &samples.decisions[i]) == 1, "%u: %s", i, store_error(store));
	ok(store, store_commit(store));
	ok(store, store_messages(store, always, NULL, same_message, &samples));
	ck_assert_int_eq(samples.n, SAMPLES);
	seen = tallies(store, always, NULL);
	ck_assert_int_eq(seen.n, SAMPLES);
	ck_assert_int_eq(sums(store, always, NULL).n, SAMPLES);
	arena_free(samples.arena);
	store_close(store);
}
END_TEST

static bool first_only(void *context, const struct store_tally *tally)
{
	ck_assert_int_eq(tally->evidence.when_ms, tally->day_ms + DAY_MS / 2);
	++*(int *)context;
	return false;
}

static void add_days(struct store *store)
{
	struct arena *arena = arena_new();

	ok(store, store_begin(store));
	for (int day = 0; day < 4; day++)
		for (int n = 0; n < 3; n++) {
			struct plain p = {
				.id = arena_printf(arena, "mx1-1-%d", 10 * day + n), .draw = 42,
				.author = n == 0 ? "example.com" : n == 1 ? "a_b.example.com" : "axb.example.com",
				.when_ms = NOON + day * DAY_MS + n * (DAY_MS / 2 - 1) / 2,
			};

			ck_assert_int_eq(add(store, arena, p), 1);
		}
	ok(store, store_commit(store));
	arena_free(arena);
}

static const struct {
	const char *name;
	struct store_span span;
	const char *domain;
	unsigned n;
} spans[] = {
	{ "all", { 0, 0 }, NULL, 12 },
	{ "whole days", { NOON + DAY_MS + 5, 0 }, NULL, 9 },
	{ "up to a moment within a day", { 0, NOON + DAY_MS }, NULL, 6 },
	{ "up to the end of a day", { 0, NOON + DAY_MS / 2 }, NULL, 3 },
	{ "one day", { NOON, NOON + 1 }, NULL, 3 },
	{ "before", { 0, NOON - DAY_MS }, NULL, 0 },
	{ "below a domain", { 0, 0 }, "example.com", 12 },
	{ "an underscore is no wildcard", { 0, 0 }, "a_b.example.com", 4 },
	{ "half a label", { 0, 0 }, "ample.com", 0 },
	{ "percent", { 0, 0 }, "%", 0 },
	{ "domain and day", { NOON, NOON + 1 }, "axb.example.com", 1 },
};

START_TEST(spans_and_domains)
{
	struct store *store = fresh(_i);
	struct store_extent extent;
	int64_t first_ms, last_ms;
	int calls = 0;

	ok(store, store_extent(store, &extent));
	ck_assert(extent.messages == 0 && extent.first_ms == 0 && extent.last_ms == 0);
	ck_assert_int_eq(store_sums_extent(store, &first_ms, &last_ms), 0);
	add_days(store);
	for (int i = 0; i < N_ROWS(spans); i++) {
		struct seen seen = { 0 };

		ck_assert_msg(tallies(store, spans[i].span, spans[i].domain).n == spans[i].n, "%s", spans[i].name);
		ck_assert_msg(sums(store, spans[i].span, spans[i].domain).n == spans[i].n, "%s", spans[i].name);
		ok(store, store_messages(store, spans[i].span, spans[i].domain, see_tally, &seen));
		ck_assert_msg(seen.n == spans[i].n, "%s", spans[i].name);
	}
	ok(store, store_tallies(store, always, NULL, first_only, &calls));
	ck_assert_int_eq(calls, 1);
	ok(store, store_extent(store, &extent));
	ck_assert_int_eq(extent.first_ms, NOON);
	ck_assert_int_ge(extent.last_ms, NOON + 3 * DAY_MS);
	ck_assert_int_eq(store_sums_extent(store, &first_ms, &last_ms), 1);
	ck_assert_int_eq(first_ms, extent.first_ms / DAY_MS * DAY_MS);
	ck_assert_int_eq(last_ms, extent.last_ms / DAY_MS * DAY_MS);
	store_close(store);
}
END_TEST

static const struct {
	const char *name;
	struct plain p;
	const char *network, *done, *rule;
} sum_rows[] = {
	{ "plain", { .id = "m-1-1" }, "192.0.2.0/24", "none", "" },
	{ "ipv6, by the list", { .id = "m-1-1", .client_ip = "2001:db8:1:2:3::4", .by_list = true },
	  "2001:db8:1:2::/64", "none", "" },
	{ "no address, guarded", { .id = "m-1-1", .client_ip = "nowhere", .guarded = true }, "", "none", "" },
	{ "a failure's words are cut", { .id = "m-1-1", .done = "failed: \xff many words" },
	  "192.0.2.0/24", "failed", "" },
	{ "rule", { .id = "m-1-1", .rule = "let-in", .done = "accept" }, "192.0.2.0/24", "accept", "let-in" },
	{ "not UTF-8", { .id = "m-1-1", .rule = "let\xff\x01in" }, "192.0.2.0/24", "none", "let??in" },
};

/* Rows by combination are the same messages; what is asked for is read, whether the one
 * before was or not. */
struct combined {
	unsigned rows, combinations;
	uint64_t n, last[4];
	bool all;
};

static bool see_row(void *context, const struct store_row *row, struct store_rows *rows)
{
	const uint64_t four[4] = { row->facts_id, row->client_id, row->recipients_id, row->verdict_id };
	struct combined *seen = context;
	const struct decision *decision;

	seen->combinations += memcmp(four, seen->last, sizeof(four)) != 0;
	memcpy(seen->last, four, sizeof(four));
	seen->n += row->n;
	if (!seen->all && seen->rows++ % 2 == 0)
		return true;
	decision = store_rows_decision(rows);
	ck_assert_ptr_nonnull(decision);
	ck_assert_str_eq(decision->evidence.authors[0].domain, "a.example.com");
	ck_assert_str_eq(decision->evidence.client_ip, row->n == 2 || row->enforce_draw > 0 ?
			 "192.0.2.7" : "192.0.2.9");
	ck_assert_ptr_eq(store_rows_decision(rows), decision);
	return true;
}

START_TEST(rows_by_combination)
{
	struct store *store = fresh(_i);
	struct store_span span = { NOON, 0 };

	for (unsigned day = 0; day < 3; day++)
		for (unsigned i = 0; i < 3; i++) {
			char id[32];

			snprintf(id, sizeof(id), "mx1-1-%u", 3 * day + i);
			add_committed(store, (struct plain){ .id = id, .author = "a.example.com",
				.when_ms = NOON + day * DAY_MS, .client_ip = i == 2 ? "192.0.2.9" : NULL,
				.draw = i == 2 ? 0 : 50 });
		}
	for (unsigned all = 0; all < 2; all++) {
		struct combined tallies = { .all = all }, single = { .all = all };

		ok(store, store_rows(store, span, false, see_row, &tallies));
		ck_assert_int_eq(tallies.n, 9);
		ck_assert_int_eq(tallies.combinations, 2);
		ok(store, store_rows(store, span, true, see_row, &single));
		ck_assert_int_eq(single.n, 9);
		ck_assert_int_eq(single.combinations, 2);
	}
	store_close(store);
}
END_TEST

START_TEST(sum_keys)
{
	for (int i = 0; i < N_ROWS(sum_rows); i++) {
		struct store *store = fresh(_i);
		struct seen seen;
		char wanted[400];

		add_committed(store, sum_rows[i].p);
		seen = sums(store, always, NULL);
		snprintf(wanted, sizeof(wanted), "20585 example.com example.com %s %d %d 000 %d ",
			 sum_rows[i].network, RES_DMARC_FAIL, RES_SPF_FAIL, DISPOSITION_REJECT);
		ck_assert_msg(strncmp(seen.words, wanted, strlen(wanted)) == 0, "%s: %s, not %s",
			      sum_rows[i].name, seen.words, wanted);
		snprintf(wanted, sizeof(wanted), " %s %d ", sum_rows[i].rule, ENFORCEMENT_ENFORCED);
		ck_assert_msg(strstr(seen.words, wanted) != NULL, "%s: %s", sum_rows[i].name, seen.words);
		snprintf(wanted, sizeof(wanted), " %d%d", sum_rows[i].p.by_list ? DISCOVERY_PSL :
			 DISCOVERY_TREEWALK, sum_rows[i].p.guarded);
		ck_assert_msg(strcmp(seen.words + strlen(seen.words) - strlen(wanted), wanted) == 0, "%s: %s",
			      sum_rows[i].name, seen.words);
		snprintf(wanted, sizeof(wanted), " %s ", sum_rows[i].done);
		ck_assert_msg(strstr(seen.words, wanted) != NULL, "%s: %s", sum_rows[i].name, seen.words);
		store_close(store);
	}
}
END_TEST

/* More rows than a page, all of the same time; and more verdicts than are kept, the
 * first of them wanted again on the day after. */
enum { LONG_DAY = 9000, LONG_MORE = 200, LONG_CLIENTS = 190 };

static void add_long(struct store *store)
{
	ok(store, store_begin(store));
	for (int i = 0; i < LONG_DAY + LONG_MORE; i++) {
		struct arena *arena = arena_new();
		struct plain p = {
			.id = arena_printf(arena, "mx1-1-%d", i + 1),
			.author = arena_printf(arena, "d%d.example", i % 3),
			.client_ip = arena_printf(arena, "192.0.2.%d", i % LONG_CLIENTS),
			.rule = arena_printf(arena, "%d", i % LONG_DAY),
			.when_ms = i < LONG_DAY ? NOON : NOON + DAY_MS,
		};

		ck_assert_int_eq(add(store, arena, p), 1);
		arena_free(arena);
	}
	ok(store, store_commit(store));
}

struct long_reading {
	bool in_order;
	int step, next;                 /* each step-th message; the next one's number */
	int rows;
};

static bool see_long(void *context, const struct store_tally *tally)
{
	struct long_reading *r = context;
	int i = atoi(tally->verdict.rule) + (tally->day_ms + DAY_MS / 2 > NOON ? LONG_DAY : 0);
	char author[32], client[32];

	snprintf(author, sizeof(author), "d%d.example", i % 3);
	snprintf(client, sizeof(client), "192.0.2.%d", i % LONG_CLIENTS);
	ck_assert_str_eq(tally->evidence.authors[0].domain, author);
	ck_assert_str_eq(tally->evidence.client_ip, client);
	ck_assert_int_eq(tally->n, 1);
	if (r->in_order)
		ck_assert_int_eq(i, r->next);
	r->next = i + r->step;
	r->rows++;
	return true;
}

START_TEST(many_pages)
{
	struct store *store = fresh(_i);
	struct long_reading r = { .step = 1, .in_order = true };

	add_long(store);
	ok(store, store_messages(store, always, NULL, see_long, &r));
	ck_assert_int_eq(r.rows, LONG_DAY + LONG_MORE);
	r = (struct long_reading){ .step = 3, .in_order = true, .next = 1 };
	ok(store, store_messages(store, always, "d1.example", see_long, &r));
	ck_assert_int_eq(r.rows, (LONG_DAY + LONG_MORE + 1) / 3);
	r = (struct long_reading){ .step = 1 };
	ok(store, store_tallies(store, always, NULL, see_long, &r));
	ck_assert_int_eq(r.rows, LONG_DAY + LONG_MORE);
	store_close(store);
}
END_TEST

/* Rows that are damaged, or written by a newer alignd, are a failure with words. */
START_TEST(unreadable_facts)
{
	struct store *store = fresh(_i);
	const char *error = NULL;
	struct seen seen = { 0 };
	struct db *db;

	add_committed(store, (struct plain){ .id = "mx1-1-1" });
	db = db_open(place.driver, place.where, false, &error);
	ck_assert_int_eq(db_run(db, _i == DATABASE_SQLITE ? "UPDATE facts SET text = x'0901020304'"
							  : "UPDATE facts SET text = '\\x0901020304'"), 0);
	ck_assert_int_eq(store_tallies(store, always, NULL, see_tally, &seen), -1);
	ck_assert_msg(strstr(store_error(store), "of a newer alignd, or damaged") != NULL, "%s",
		      store_error(store));
	ck_assert_int_eq(db_run(db, _i == DATABASE_SQLITE ? "UPDATE facts SET text = x'01ffffff'"
							  : "UPDATE facts SET text = '\\x01ffffff'"), 0);
	ck_assert_int_eq(store_messages(store, always, NULL, see_tally, &seen), -1);
	ck_assert_int_eq(seen.rows, 0);
	ck_assert_int_eq(messages(store), 1);
	db_close(db);
	store_close(store);
}
END_TEST

/* ---- forgetting ---- */

static int64_t count(struct store *store, const char *table)
{
	const char *error = NULL;
	struct db *db = db_open(place.driver, place.where, true, &error);
	char sql[100];
	int64_t n;
	struct db_statement *statement;

	(void)store;
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	statement = db_prepare(db, sql);
	ck_assert_int_eq(db_step(statement), 1);
	n = db_column_int(statement, 0);
	db_close(db);
	return n;
}

static void add_many(struct store *store, int n, int64_t when_ms, int first)
{
	ok(store, store_begin(store));
	for (int i = first; i < first + n; i++) {
		struct arena *arena = arena_new();
		struct plain p = {
			.id = arena_printf(arena, "mx1-1-%d", i), .when_ms = when_ms,
			.author = arena_printf(arena, "d%d.example", i % 10),
		};

		ck_assert_int_eq(add(store, arena, p), 1);
		arena_free(arena);
	}
	ok(store, store_commit(store));
}

static unsigned prune(struct store *store, int64_t now_ms, unsigned days, unsigned sums_days)
{
	unsigned pieces = 1;

	while (store_prune(store, now_ms, days, sums_days))
		pieces++;
	ck_assert_str_eq(store_error(store), "");
	return pieces;
}

START_TEST(forgets)
{
	struct store *store = fresh(_i);

	add_many(store, 11000, NOON, 0);
	add_many(store, 5, NOON + 20 * DAY_MS, 11000);
	ck_assert_int_eq(prune(store, NOON + 20 * DAY_MS, 0, 0), 1);
	ck_assert_int_eq(prune(store, NOON + 20 * DAY_MS, 20, 400), 1);
	ck_assert_int_eq(messages(store), 11005);
	ck_assert_int_ge(prune(store, NOON + 20 * DAY_MS, 19, 400), 3);
	ck_assert_int_eq(messages(store), 5);
	ck_assert_int_eq(count(store, "facts"), 10);            /* marked for a week ahead */
	ck_assert_int_eq(prune(store, NOON + 27 * DAY_MS, 19, 400), 1);
	ck_assert_int_eq(messages(store), 5);
	ck_assert_int_eq(count(store, "tallies"), 5);
	ck_assert_int_eq(count(store, "facts"), 5);             /* d5 to d9 are gone */
	ck_assert_int_eq(sums(store, always, NULL).n, 11005);
	/* what is kept in memory of the rows that went is not believed */
	add_many(store, 10, NOON + 20 * DAY_MS, 20000);
	ck_assert_int_eq(tallies(store, always, NULL).n, 15);
	prune(store, NOON + 30 * DAY_MS, 19, 29);
	ck_assert_int_eq(sums(store, always, NULL).n, 15);
	prune(store, NOON + 300 * DAY_MS, 19, 29);
	ck_assert_int_eq(count(store, "facts") + count(store, "clients") + count(store, "verdicts") +
			 count(store, "tallies") + count(store, "sums") + count(store, "messages"), 0);
	store_close(store);
}
END_TEST

static int add_one(struct store *store, const char *id, int64_t when_ms)
{
	struct arena *arena = arena_new();
	int code;

	ok(store, store_begin(store));
	code = add(store, arena, (struct plain){ .id = id, .when_ms = when_ms });
	ok(store, store_commit(store));
	arena_free(arena);
	return code;
}

/* A journal is kept longer than the store, or loaded again by its lines' ids alone. */
static const struct {
	const char *name, *id;
	int wanted;
} gone_lines[] = {
	{ "the last that went", "mx1-1-4", 0 }, { "the first", "mx1-1-0", 0 }, { "kept", "mx1-1-5", 0 },
	{ "new", "mx1-1-6", 1 }, { "old, of another source", "mx2-1-3", 1 },
	{ "went, without a number", "replayed", 0 },
};

START_TEST(gone_is_known)
{
	for (size_t i = 0; i < N_ROWS(gone_lines); i++) {
		struct store *store = fresh(_i), *other;

		add_many(store, 5, NOON, 0);
		ck_assert_int_eq(add_one(store, "mx1-1-5", NOON + 40 * DAY_MS), 1);
		ck_assert_int_eq(add_one(store, "replayed", NOON), 1);
		other = open_store(false);
		prune(other, NOON + 40 * DAY_MS, 30, 400);
		store_close(other);
		ck_assert_int_eq(messages(store), 1);
		ck_assert_msg(add_one(store, gone_lines[i].id, NOON) == gone_lines[i].wanted, "%s",
			      gone_lines[i].name);
		ck_assert_msg(sums(store, always, NULL).n == 7 + (unsigned)gone_lines[i].wanted, "%s",
			      gone_lines[i].name);
		store_close(store);
	}
}
END_TEST

/* A late line of a day that another process has just forgotten: what it has is there. */
START_TEST(late_after_forgetting)
{
	struct store *store = fresh(_i), *other = open_store(false);

	add_many(store, 10, NOON, 0);
	prune(other, NOON + 300 * DAY_MS, 30, 400);
	add_many(store, 10, NOON, 10);
	ck_assert_int_eq(tallies(store, always, NULL).n, 10);
	store_close(other);
	store_close(store);
}
END_TEST

/* Another process forgets what this one has in memory; a later message brings it
 * back. */
START_TEST(forgotten_by_another)
{
	struct store *store = fresh(_i), *other = open_store(false);

	add_many(store, 10, NOON, 0);
	prune(other, NOON + 300 * DAY_MS, 30, 400);
	ck_assert_int_eq(count(store, "facts"), 0);
	add_many(store, 10, NOON + 300 * DAY_MS, 10);
	ck_assert_int_eq(tallies(store, always, NULL).n, 10);
	store_close(other);
	store_close(store);
}
END_TEST

/* ---- several processes ---- */

static void child_needs(bool holds)
{
	if (!holds)
		_exit(1);
}

/* Ids of both writers overlap by half; authors and clients wholly. */
static void child_loads(int which)
{
	const struct store_options options = { place.driver, place.where, false };
	const char *error = NULL;
	struct store *store = store_open(&options, &error);

	child_needs(store != NULL);
	for (int i = 0; i < 20; i++) {
		struct arena *arena = arena_new();

		child_needs(store_begin(store) == 0);
		for (int n = 0; n < 10; n++) {
			int number = 100 * which + 10 * i + (which == 0 ? n : 9 - n);
			struct plain p = {
				.id = arena_printf(arena, "mx1-1-%d", number),
				.author = arena_printf(arena, "d%d.example", number % 100),
				.client_ip = arena_printf(arena, "192.0.2.%d", (number * 7) % 100),
			};

			child_needs(add(store, arena, p) >= 0);
		}
		child_needs(store_commit(store) == 0);
		arena_free(arena);
	}
	store_close(store);
}

/* They make the schema at the same time too. */
START_TEST(two_writers)
{
	struct store *store;
	pid_t children[2];
	int status;

	database_fresh(_i, &place);
	for (int c = 0; c < 2; c++) {
		children[c] = fork();
		if (children[c] == 0) {
			child_loads(c);
			_exit(0);
		}
	}
	for (int c = 0; c < 2; c++) {
		ck_assert_int_eq(waitpid(children[c], &status, 0), children[c]);
		ck_assert_int_eq(status, 0);
	}
	store = open_store(true);
	ck_assert_int_eq(messages(store), 300);
	ck_assert_int_eq(tallies(store, always, NULL).n, 300);
	ck_assert_int_eq(sums(store, always, NULL).n, 300);
	ck_assert_int_eq(count(store, "facts"), 100);
	store_close(store);
}
END_TEST

START_TEST(killed_before_commit)
{
	struct store *store = fresh(_i);
	struct store_position position = { 1, 1, 0, 7 };
	int pipes[2];
	pid_t child;
	char c;

	ck_assert_int_eq(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		const struct store_options options = { place.driver, place.where, false };
		const char *error = NULL;
		struct store *own = store_open(&options, &error);

		child_needs(own != NULL && store_begin(own) == 0);
		child_needs(add(own, arena_new(), (struct plain){ .id = "mx1-1-1" }) == 1);
		child_needs(store_set_position(own, "f", &position) == 0);
		child_needs(write(pipes[1], "x", 1) == 1);
		pause();
	}
	ck_assert_int_eq(read(pipes[0], &c, 1), 1);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_eq(messages(store), 0);
	ok(store, store_position(store, "f", &position));
	ck_assert_int_eq(position.octets, 0);
	add_committed(store, (struct plain){ .id = "mx1-1-1" });
	ck_assert_int_eq(tallies(store, always, NULL).n, 1);
	store_close(store);
}
END_TEST

/* ---- the schema ---- */

static void refused(bool read_only, const char *wanted)
{
	const struct store_options options = { place.driver, place.where, read_only };
	const char *error = NULL;

	ck_assert_ptr_null(store_open(&options, &error));
	ck_assert_msg(error != NULL && strstr(error, wanted) != NULL, "%s", error);
}

static void run_sql(const char *sql)
{
	const char *error = NULL;
	struct db *db = db_open(place.driver, place.where, false, &error);

	ck_assert_msg(db_run(db, sql) == 0, "%s", db_error(db));
	db_close(db);
}

START_TEST(schema_versions)
{
	const char *error = NULL;

	database_fresh(_i, &place);
	db_close(db_open(place.driver, place.where, false, &error));
	refused(true, "nothing has been loaded into the store yet");
	store_close(open_store(false));
	store_close(open_store(true));
	run_sql("UPDATE meta SET value = '99' WHERE key = 'schema'");
	refused(false, "the store has schema 99, this alignd knows up to");
	refused(true, "upgrade this one");
	run_sql("UPDATE meta SET value = 'blue' WHERE key = 'schema'");
	refused(false, "that is not ours");
	run_sql("DROP TABLE meta; CREATE TABLE meta (x INTEGER)");
	refused(false, "");
}
END_TEST

static const struct schema_step steps[] = {
	{ 1, "sqlite", "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT); CREATE TABLE a (n INTEGER);" },
	{ 1, "postgresql", "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT); CREATE TABLE a (n INTEGER);" },
	{ 2, "sqlite", "ALTER TABLE a ADD COLUMN m INTEGER;" },
	{ 2, "postgresql", "ALTER TABLE a ADD COLUMN m INTEGER;" },
	{ 3, "sqlite", "CREATE TABLE b (n INTEGER); CREATE TABLE a (n INTEGER);" },     /* fails */
	{ 3, "postgresql", "CREATE TABLE b (n INTEGER); CREATE TABLE a (n INTEGER);" },
	{ 0, NULL, NULL },
};

START_TEST(schema_forward)
{
	struct schema_step two[5] = { steps[0], steps[1], steps[2], steps[3] };
	struct schema_step one[3] = { steps[0], steps[1] };
	const char *error = NULL;
	char text[400];
	struct db *db;

	database_fresh(_i, &place);
	db = db_open(place.driver, place.where, false, &error);
	ck_assert_int_eq(store_schema_ready(db, one, false, text, sizeof(text)), 0);
	ck_assert_int_eq(store_schema_ready(db, two, true, text, sizeof(text)), -1);
	ck_assert_msg(strstr(text, "of an older alignd") != NULL, "%s", text);
	ck_assert_int_eq(store_schema_ready(db, two, false, text, sizeof(text)), 0);
	ck_assert_int_eq(store_schema_ready(db, two, false, text, sizeof(text)), 0);
	ck_assert_int_eq(db_run(db, "INSERT INTO a (n, m) VALUES (1, 2)"), 0);
	/* a step that fails leaves nothing */
	ck_assert_int_eq(store_schema_ready(db, steps, false, text, sizeof(text)), -1);
	ck_assert_int_eq(db_has_table(db, "b"), 0);
	ck_assert_int_eq(store_schema_ready(db, two, false, text, sizeof(text)), 0);
	ck_assert_int_eq(store_schema_ready(db, one, false, text, sizeof(text)), -1);
	ck_assert_msg(strstr(text, "has schema 2, this alignd knows up to 1") != NULL, "%s", text);
	db_close(db);
}
END_TEST

/* What the first version kept is there in this one. */
START_TEST(first_schema_forward)
{
	struct schema_step first[N_ROWS(steps)] = { { 0, NULL, NULL } };
	const char *error = NULL;
	struct store *store;
	unsigned n = 0;
	char text[400];
	struct db *db;

	for (const struct schema_step *step = store_schema_steps; step->version != 0; step++)
		if (step->version == 1)
			first[n++] = *step;
	database_fresh(_i, &place);
	db = db_open(place.driver, place.where, false, &error);
	ck_assert_int_eq(store_schema_ready(db, first, false, text, sizeof(text)), 0);
	db_close(db);
	run_sql("INSERT INTO sources (name) VALUES ('mx1-1');"
		"INSERT INTO messages (source, seq, when_ms, facts, client, recipients, verdict, draws) "
		"SELECT id, 7, 1, 1, 1, 1, 1, 0 FROM sources");
	store = open_store(false);
	ck_assert_int_eq(add_one(store, "mx1-1-7", NOON), 0);
	ck_assert_int_eq(add_one(store, "mx1-1-6", NOON), 1);
	ck_assert_int_eq(messages(store), 2);
	store_close(store);
}
END_TEST

/* ---- the server goes ---- */

START_TEST(server_goes_and_comes)
{
	struct arena *arena = arena_new();
	struct store *store;
	char dir[96];
	pid_t pid;

	server_folder_fresh(dir);
	ck_assert_int_eq(server_init(dir), 0);
	place.driver = &db_postgresql;
	snprintf(place.where, sizeof(place.where), "host=%s user=alignd dbname=postgres", dir);
	pid = server_start(dir);
	store = open_store(false);
	add_committed(store, (struct plain){ .id = "mx1-1-1" });
	ok(store, store_begin(store));
	ck_assert_int_eq(add(store, arena, (struct plain){ .id = "mx1-1-2" }), 1);
	server_stop(pid, _i == 0 ? SIGINT : SIGQUIT);
	ck_assert_int_eq(_i == 0 ? store_commit(store)
				 : add(store, arena, (struct plain){ .id = "mx1-1-3" }), -1);
	ck_assert_msg(store_is_lost(store), "%s", store_error(store));
	store_rollback(store);
	store_close(store);
	refused(false, "is it running");
	pid = server_start(dir);
	store = open_store(false);
	ck_assert_int_eq(messages(store), 1);
	add_committed(store, (struct plain){ .id = "mx1-1-2" });
	ck_assert_int_eq(tallies(store, always, NULL).n, 2);
	store_close(store);
	server_stop(pid, SIGINT);
	arena_free(arena);
}
END_TEST

static Suite *store_suite(void)
{
	Suite *suite = suite_create("store");
	TCase *all = tcase_create("every driver"), *server = tcase_create("server");

	tcase_set_timeout(all, 120);
	tcase_set_timeout(server, 120);
	tcase_add_loop_test(all, once, 0, databases_n);
	tcase_add_loop_test(all, ids, 0, databases_n);
	tcase_add_loop_test(all, rolled_back, 0, databases_n);
	tcase_add_loop_test(all, positions, 0, databases_n);
	tcase_add_loop_test(all, large_transaction, 0, databases_n);
	tcase_add_loop_test(all, decides_the_same, 0, databases_n);
	tcase_add_loop_test(all, spans_and_domains, 0, databases_n);
	tcase_add_loop_test(all, rows_by_combination, 0, databases_n);
	tcase_add_loop_test(all, sum_keys, 0, databases_n);
	tcase_add_loop_test(all, many_pages, 0, databases_n);
	tcase_add_loop_test(all, unreadable_facts, 0, databases_n);
	tcase_add_loop_test(all, forgets, 0, databases_n);
	tcase_add_loop_test(all, refused_lines, 0, databases_n);
	tcase_add_loop_test(all, gone_is_known, 0, databases_n);
	tcase_add_loop_test(all, late_after_forgetting, 0, databases_n);
	tcase_add_loop_test(all, forgotten_by_another, 0, databases_n);
	tcase_add_loop_test(all, two_writers, 0, databases_n);
	tcase_add_loop_test(all, killed_before_commit, 0, databases_n);
	tcase_add_loop_test(all, schema_versions, 0, databases_n);
	tcase_add_loop_test(all, schema_forward, 0, databases_n);
	tcase_add_loop_test(all, first_schema_forward, 0, databases_n);
	suite_add_tcase(suite, all);
	if (databases_n > DATABASE_POSTGRESQL)
		tcase_add_loop_test(server, server_goes_and_comes, 0, 2);
	suite_add_tcase(suite, server);
	return suite;
}

DATABASES_MAIN(store_suite())
