/* The cache by itself: times are given, look-ups are ended by the test. */
#include "testmain.h"

#include <pthread.h>
#include <stdio.h>

#include "auth/cache.h"
#include "base/buf.h"

static const struct cache_limits roomy = { 1000, 0, 0, 0 };

static const struct dns_answer *text_answer(const char *text, uint32_t ttl_s)
{
	struct dns_record record = { slice_of(text), 0 };

	return dns_answer_new(DNS_DATA, ttl_s, &record, 1);
}

struct seen {
	unsigned calls;
	enum dns_outcome outcome;
	char text[64];
};

static void note(void *context, const struct dns_answer *answer)
{
	struct seen *seen = context;

	seen->calls++;
	seen->outcome = answer->outcome;
	seen->text[0] = '\0';
	if (answer->n > 0)
		snprintf(seen->text, sizeof(seen->text), "%.*s", SLICE_ARG(answer->records[0].data));
	dns_answer_unref(answer);
}

/* The outcome of a question that is answered at once; DNS_UNSET when it is not. */
static enum dns_outcome known(struct cache *cache, const char *name, int64_t now_ms)
{
	const struct dns_answer *answer;
	struct cache_flight *flight;
	struct seen seen = { 0 };
	int64_t started_ms;
	enum dns_outcome outcome = DNS_UNSET;

	switch (cache_want(cache, name, DNS_TXT, "", note, &seen, now_ms, &answer, &flight, &started_ms)) {
	case CACHE_ANSWERED:
		outcome = answer->outcome;
		dns_answer_unref(answer);
		break;
	case CACHE_JOINED:
	case CACHE_STALE:
		ck_abort_msg("%s: joined", name);
		break;
	case CACHE_STARTED:     /* ended at once, and with nothing that is kept */
		cache_finish(cache, flight, dns_answer_new(DNS_NODATA, 0, NULL, 0), now_ms);
		ck_assert_uint_eq(seen.calls, 1);
		break;
	}
	return outcome;
}

static void put(struct cache *cache, const char *name, const struct dns_answer *answer, int64_t now_ms)
{
	const struct dns_answer *none;
	struct cache_flight *flight;
	struct seen seen = { 0 };
	int64_t started_ms;

	ck_assert_int_eq(cache_want(cache, name, DNS_TXT, "", note, &seen, now_ms, &none, &flight,
				    &started_ms), CACHE_STARTED);
	cache_finish(cache, flight, answer, now_ms);
	ck_assert_uint_eq(seen.calls, 1);
}

static const struct {
	const char *name;
	enum dns_outcome outcome;
	uint32_t ttl_s;
	int64_t kept_s;         /* still there one millisecond before */
} ttl_rows[] = {
	{ "data", DNS_DATA, 300, 300 },
	{ "data, longest", DNS_DATA, 4294967295u, CACHE_MAX_TTL_S },
	{ "TTL 0", DNS_DATA, 0, 0 },
	{ "nodata", DNS_NODATA, 60, 60 },
	{ "nxdomain", DNS_NXDOMAIN, 60, 60 },
	{ "servfail with a TTL", DNS_SERVFAIL, 32768, CACHE_FAILURE_TTL_S },
	{ "servfail without", DNS_SERVFAIL, 0, CACHE_FAILURE_TTL_S },
	{ "bogus", DNS_BOGUS, 300, CACHE_FAILURE_TTL_S },
	{ "timeout", DNS_TIMEOUT, 300, CACHE_FAILURE_TTL_S },
	{ "busy", DNS_BUSY, 300, 0 },
};

START_TEST(test_ttl)
{
	struct cache *cache = cache_new(&roomy);
	const int64_t now_ms = 1000000, end_ms = now_ms + ttl_rows[_i].kept_s * 1000;
	enum dns_outcome outcome = ttl_rows[_i].outcome;

	put(cache, "a.example", outcome == DNS_DATA ? text_answer("x", ttl_rows[_i].ttl_s) :
	    dns_answer_new(outcome, ttl_rows[_i].ttl_s, NULL, 0), now_ms);
	if (ttl_rows[_i].kept_s > 0) {
		ck_assert_msg(known(cache, "a.example", now_ms) == outcome, "%s", ttl_rows[_i].name);
		ck_assert_msg(known(cache, "a.example", end_ms - 1) == outcome, "%s", ttl_rows[_i].name);
	}
	ck_assert_msg(known(cache, "a.example", end_ms) == DNS_UNSET, "%s", ttl_rows[_i].name);
	cache_free(cache);
}
END_TEST

START_TEST(test_single_flight)
{
	struct cache *cache = cache_new(&roomy);
	struct cache_flight *flight, *other;
	const struct dns_answer *answer;
	struct seen seen[3] = { { 0 } };
	struct cache_counters counters;
	int64_t started_ms;

	ck_assert_int_eq(cache_want(cache, "a.example", DNS_TXT, "", note, &seen[0], 100, &answer,
				    &flight, &started_ms), CACHE_STARTED);
	ck_assert_int_eq(cache_want(cache, "a.example", DNS_TXT, "", note, &seen[1], 200, &answer,
				    &other, &started_ms), CACHE_JOINED);
	ck_assert_int_eq(started_ms, 100);
	ck_assert(other == NULL);
	ck_assert_int_eq(cache_want(cache, "a.example", DNS_MX, "", note, &seen[2], 200, &answer,
				    &other, &started_ms), CACHE_STARTED);
	ck_assert_int_eq(started_ms, 200);
	cache_finish(cache, flight, text_answer("first", 60), 300);
	ck_assert_uint_eq(seen[0].calls + seen[1].calls, 2);
	ck_assert_str_eq(seen[0].text, "first");
	ck_assert_str_eq(seen[1].text, "first");
	ck_assert_uint_eq(seen[2].calls, 0);
	cache_count(cache, &counters);
	ck_assert_uint_eq(counters.in_flight, 1);
	ck_assert_uint_eq(counters.started, 2);
	ck_assert_uint_eq(counters.joined, 1);
	cache_abandon(cache, DNS_SERVFAIL, 400);
	ck_assert_uint_eq(seen[2].calls, 1);
	ck_assert_int_eq(seen[2].outcome, DNS_SERVFAIL);
	ck_assert_int_eq(known(cache, "a.example", 400), DNS_DATA);
	cache_free(cache);
}
END_TEST

START_TEST(test_bound_in_all)
{
	const struct cache_limits two = { 1000, 2, 1, 0 };
	struct cache *cache = cache_new(&two);
	struct cache_flight *flights[2], *none;
	const struct dns_answer *answer;
	struct seen seen = { 0 };
	struct cache_counters counters;
	int64_t started_ms;

	put(cache, "known.example", text_answer("x", 60), 0);
	ck_assert_int_eq(cache_want(cache, "a.example", DNS_TXT, "author.example", note, &seen,
				    0, &answer, &flights[0], &started_ms), CACHE_STARTED);
	ck_assert_int_eq(cache_want(cache, "b.example", DNS_TXT, "", note, &seen,
				    0, &answer, &flights[1], &started_ms), CACHE_STARTED);
	/* nothing new, but what is known or under way is still given */
	ck_assert_int_eq(known(cache, "f.example", 0), DNS_BUSY);
	ck_assert_int_eq(known(cache, "known.example", 0), DNS_DATA);
	ck_assert_int_eq(cache_want(cache, "a.example", DNS_TXT, "author.example", note, &seen,
				    0, &answer, &none, &started_ms), CACHE_JOINED);
	cache_finish(cache, flights[0], dns_answer_new(DNS_NODATA, 0, NULL, 0), 0);
	ck_assert_int_eq(cache_want(cache, "e.example", DNS_TXT, "author.example", note, &seen,
				    0, &answer, &flights[0], &started_ms), CACHE_STARTED);
	cache_count(cache, &counters);
	ck_assert_uint_eq(counters.busy, 1);
	ck_assert_uint_eq(counters.in_flight, 2);
	cache_abandon(cache, DNS_SERVFAIL, 0);
	cache_free(cache);
}
END_TEST

/* Two slow look-ups are the bound here; quick ones are not held against anyone. */
START_TEST(test_author_bound)
{
	static const struct {
		const char *name, *author;
		int64_t now_ms;
		bool started;
		int ends;               /* the row that is finished before */
	} asked[] = {
		{ "a.example", "author.example", 0, true, -1 },
		{ "b.example", "author.example", 0, true, -1 },
		{ "c.example", "author.example", CACHE_SLOW_MS - 1, true, -1 },
		{ "d.example", "author.example", CACHE_SLOW_MS, false, -1 },
		{ "d.example", "other.example", CACHE_SLOW_MS, true, -1 },
		{ "e.example", "", CACHE_SLOW_MS, true, -1 },
		{ "f.example", "author.example", CACHE_SLOW_MS, true, 0 },
		{ "g.example", "author.example", 2 * CACHE_SLOW_MS - 2, true, -1 },
		{ "h.example", "author.example", 2 * CACHE_SLOW_MS - 1, false, -1 },
		{ "h.example", "author.example", 2 * CACHE_SLOW_MS - 1, true, 2 },
		{ "i.example", "author.example", 2 * CACHE_SLOW_MS, false, -1 },
		{ "i.example", "author.example", 2 * CACHE_SLOW_MS, true, 6 },
	};
	const struct cache_limits two = { 1000, 0, 2, 0 };
	struct cache *cache = cache_new(&two);
	struct cache_flight *flights[N_ROWS(asked)];
	const struct dns_answer *answer;
	struct seen seen = { 0 };
	int64_t started_ms;

	for (int i = 0; i < N_ROWS(asked); i++) {
		enum cache_state state;

		if (asked[i].ends >= 0)
			cache_finish(cache, flights[asked[i].ends],
				     dns_answer_new(DNS_NODATA, 0, NULL, 0), asked[i].now_ms);
		state = cache_want(cache, asked[i].name, DNS_TXT, asked[i].author, note, &seen,
				   asked[i].now_ms, &answer, &flights[i], &started_ms);
		ck_assert_msg(state == (asked[i].started ? CACHE_STARTED : CACHE_ANSWERED), "row %d", i);
		if (asked[i].started)
			continue;
		ck_assert_int_eq(answer->outcome, DNS_BUSY);
		dns_answer_unref(answer);
	}
	cache_abandon(cache, DNS_SERVFAIL, 0);
	cache_free(cache);
}
END_TEST

START_TEST(test_bound)
{
	const struct cache_limits few = { 16, 0, 0, 0 };
	struct cache *cache = cache_new(&few);
	struct cache_counters counters;
	char name[32];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		put(cache, name, text_answer(name, 3600), 0);
		ck_assert_int_eq(known(cache, "n0.example", 0), DNS_DATA);      /* used: stays */
	}
	cache_count(cache, &counters);
	ck_assert_uint_eq(counters.entries, 16);
	ck_assert_uint_eq(counters.evicted, 84);
	ck_assert_int_eq(known(cache, "n99.example", 0), DNS_DATA);
	ck_assert_int_eq(known(cache, "n1.example", 0), DNS_UNSET);
	cache_free(cache);
}
END_TEST

START_TEST(test_bound_in_octets)
{
	const struct cache_limits many = { 6400, 0, 0, 0 };
	struct cache *cache = cache_new(&many);
	char *large = mem_zalloc(LIMIT_DNS_TEXT), name[32];
	struct dns_record record = { slice_new(large, LIMIT_DNS_TEXT), 0 };
	const unsigned n = effort(2000, 500);
	struct cache_counters counters;

	for (unsigned i = 1; i <= n; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		put(cache, name, dns_answer_new(DNS_DATA, 3600, &record, 1), 0);
	}
	cache_count(cache, &counters);
	ck_assert_uint_gt(counters.entries, 64);
	ck_assert_uint_lt(counters.octets, 64u * 256 * 1024);
	ck_assert_int_eq(known(cache, name, 0), DNS_DATA);
	cache_free(cache);
	free(large);
}
END_TEST

/* One want of the stale name at a time: what it gets at once, "+" with a look-up to make;
 * "wait" where it has to wait. */
static const char *ask_stale(struct cache *cache, int64_t now_ms, struct seen *seen,
			     struct cache_flight **flight_r)
{
	static char got[80];
	const struct dns_answer *answer = NULL;
	int64_t started_ms;

	switch (cache_want(cache, "a.example", DNS_TXT, "", note, seen, now_ms, &answer, flight_r, &started_ms)) {
	case CACHE_STARTED:
		return "wait+";
	case CACHE_JOINED:
		return "wait";
	case CACHE_ANSWERED:
	case CACHE_STALE:
		break;
	}
	snprintf(got, sizeof(got), "%.*s%s", SLICE_ARG(answer->records[0].data), *flight_r != NULL ? "+" : "");
	dns_answer_unref(answer);
	return got;
}

/* Off: asked again like any other. On: asked again, and the old one only when that
 * fails or takes long; then at once, and asked again every some seconds. */
START_TEST(test_stale)
{
	const struct cache_limits limits = { 1000, 0, 0, 100 };
	struct cache *cache = cache_new(&limits);
	struct cache_flight *flight, *none;
	const struct dns_answer *answer;
	struct seen seen[3] = { { 0 } };

	put(cache, "a.example", text_answer("old", 10), 0);
	ck_assert_ptr_null(cache_stale(cache, "a.example", DNS_TXT, 9999));
	ck_assert_str_eq(ask_stale(cache, 10000, &seen[0], &flight), "wait+");
	ck_assert_str_eq(ask_stale(cache, 10999, &seen[1], &none), "wait");
	ck_assert_str_eq(ask_stale(cache, 11000, &seen[2], &none), "old");
	answer = cache_stale(cache, "a.example", DNS_TXT, 12000);
	ck_assert_ptr_nonnull(answer);
	dns_answer_unref(answer);
	cache_finish(cache, flight, dns_answer_new(DNS_SERVFAIL, 0, NULL, 0), 13000);
	ck_assert_uint_eq(seen[0].calls + seen[1].calls, 2);
	ck_assert_str_eq(seen[0].text, "old");
	ck_assert_str_eq(ask_stale(cache, 17999, &seen[2], &none), "old");
	ck_assert_str_eq(ask_stale(cache, 18000, &seen[2], &flight), "old+");
	ck_assert_str_eq(ask_stale(cache, 18001, &seen[2], &none), "old");
	cache_finish(cache, flight, text_answer("new", 10), 18500);
	ck_assert_uint_eq(seen[2].calls, 0);
	ck_assert_str_eq(ask_stale(cache, 18501, &seen[2], &none), "new");
	/* and when that is over, it is waited for again; forged is never replaced */
	ck_assert_str_eq(ask_stale(cache, 28500, &seen[2], &flight), "wait+");
	cache_finish(cache, flight, dns_answer_new(DNS_BOGUS, 0, NULL, 0), 28600);
	ck_assert_int_eq(seen[2].outcome, DNS_BOGUS);
	ck_assert_int_eq(known(cache, "a.example", 28601), DNS_BOGUS);
	/* a failure does not go stale, nor is an answer too old */
	ck_assert_ptr_null(cache_stale(cache, "a.example", DNS_TXT, 40000));
	put(cache, "b.example", text_answer("old", 10), 0);
	ck_assert_ptr_null(cache_stale(cache, "b.example", DNS_TXT, 110000));
	cache_free(cache);
}
END_TEST

START_TEST(test_nothing_kept)
{
	const struct cache_limits none = { 0, 0, 0, 0 };
	struct cache *cache = cache_new(&none);

	put(cache, "a.example", text_answer("x", 3600), 0);
	ck_assert_int_eq(known(cache, "a.example", 0), DNS_UNSET);
	cache_free(cache);
}
END_TEST

/* Threads that ask and end the same few names */

struct worker {
	struct cache *cache;
	unsigned calls, wanted, started;
};

static void count_call(void *context, const struct dns_answer *answer)
{
	__atomic_add_fetch((unsigned *)context, 1, __ATOMIC_RELAXED);
	dns_answer_unref(answer);
}

static void *work(void *context)
{
	struct worker *worker = context;
	char name[32];

	for (int i = 0; i < 5000; i++) {
		const struct dns_answer *answer;
		struct cache_flight *flight;
		int64_t started_ms;

		snprintf(name, sizeof(name), "n%d.example", i % 37);
		switch (cache_want(worker->cache, name, DNS_TXT, "author.example", count_call,
				   &worker->calls, i, &answer, &flight, &started_ms)) {
		case CACHE_ANSWERED:
			dns_answer_unref(answer);
			break;
		case CACHE_STARTED:
			worker->started++;
			worker->wanted++;
			cache_finish(worker->cache, flight, text_answer(name, i % 3 == 0), i);
			break;
		case CACHE_STALE:
		case CACHE_JOINED:
			worker->wanted++;
			break;
		}
	}
	return NULL;
}

START_TEST(test_threads)
{
	const struct cache_limits limits = { 20, 0, 60, 0 };
	struct cache *cache = cache_new(&limits);
	struct worker workers[4] = { { 0 } };
	struct cache_counters counters;
	pthread_t threads[4];
	unsigned calls = 0, wanted = 0, started = 0;

	for (int i = 0; i < 4; i++) {
		workers[i].cache = cache;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 4; i++) {
		calls += workers[i].calls;
		wanted += workers[i].wanted;
		started += workers[i].started;
	}
	ck_assert_uint_eq(calls, wanted);
	cache_count(cache, &counters);
	ck_assert_uint_eq(counters.started, started);
	ck_assert_uint_eq(counters.in_flight, 0);
	ck_assert_uint_le(counters.entries, 20);
	cache_free(cache);
}
END_TEST

static Suite *cache_suite(void)
{
	Suite *suite = suite_create("cache");
	TCase *tcase = tcase_create("cache");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, test_ttl, 0, N_ROWS(ttl_rows));
	tcase_add_test(tcase, test_single_flight);
	tcase_add_test(tcase, test_bound_in_all);
	tcase_add_test(tcase, test_author_bound);
	tcase_add_test(tcase, test_bound);
	tcase_add_test(tcase, test_bound_in_octets);
	tcase_add_test(tcase, test_stale);
	tcase_add_test(tcase, test_nothing_kept);
	tcase_add_test(tcase, test_threads);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(cache_suite())
