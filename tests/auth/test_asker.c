/* The asker over a fake resolver that holds every answer until the test lets
 * it go, from the same thread or another. Names below "now.example" are
 * answered at once; texts are the names themselves. */
#include "testmain.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "auth/asker.h"
#include "base/clock.h"

#define MAX_FLIGHTS 4096

struct flight {
	char name[RESOLVER_NAME_SIZE], author[RESOLVER_NAME_SIZE];
	enum dns_type type;
	resolver_done_fn *done;
	void *context;
	bool ended;
};

struct fake {
	struct resolver base;
	pthread_mutex_t lock;
	struct flight flights[MAX_FLIGHTS];
	unsigned n;
	int64_t age_ms;         /* flights are this old when they are joined */
	bool at_once;           /* the call-back comes before want() returns */
};

static const struct dns_answer *text_answer(const char *text)
{
	struct dns_record record = { slice_of(text), 0 };

	return dns_answer_new(DNS_DATA, 60, &record, 1);
}

static const struct dns_answer *fake_want(struct resolver *resolver, const char *name,
					  enum dns_type type, const char *author,
					  resolver_done_fn *done, void *context, int64_t *started_ms_r)
{
	struct fake *fake = (struct fake *)resolver;
	struct flight *flight;
	const char *now = strstr(name, "now.example");

	if (now != NULL)
		return text_answer(name);
	*started_ms_r = clock_mono_ms() - fake->age_ms;
	if (fake->at_once) {
		done(context, text_answer(name));
		return NULL;
	}
	pthread_mutex_lock(&fake->lock);
	ck_assert_uint_lt(fake->n, MAX_FLIGHTS);
	flight = &fake->flights[fake->n++];
	snprintf(flight->name, sizeof(flight->name), "%s", name);
	snprintf(flight->author, sizeof(flight->author), "%s", author);
	flight->type = type;
	flight->done = done;
	flight->context = context;
	pthread_mutex_unlock(&fake->lock);
	return NULL;
}

static struct fake *fake_new(void)
{
	static const struct resolver_ops ops = { fake_want, NULL, NULL };
	struct fake *fake = mem_zalloc(sizeof(*fake));

	fake->base.ops = &ops;
	pthread_mutex_init(&fake->lock, NULL);
	return fake;
}

static void fake_free(struct fake *fake)
{
	pthread_mutex_destroy(&fake->lock);
	free(fake);
}

static unsigned fake_asked(struct fake *fake)
{
	unsigned n;

	pthread_mutex_lock(&fake->lock);
	n = fake->n;
	pthread_mutex_unlock(&fake->lock);
	return n;
}

/* Lets the answers of a name go (NULL: of all); returns how many. */
static unsigned release(struct fake *fake, const char *name)
{
	unsigned released = 0;

	pthread_mutex_lock(&fake->lock);
	for (unsigned i = 0; i < fake->n; i++) {
		struct flight *flight = &fake->flights[i];

		if (flight->ended || (name != NULL && strcmp(flight->name, name) != 0))
			continue;
		flight->ended = true;
		released++;
		pthread_mutex_unlock(&fake->lock);
		flight->done(flight->context, text_answer(flight->name));
		pthread_mutex_lock(&fake->lock);
	}
	pthread_mutex_unlock(&fake->lock);
	return released;
}

static const struct asker_limits limits = { 60000, 160 };

/* A task that needs its names in order, each only after the one before. */
struct chain {
	const char *names[4];
	unsigned n, runs;
	enum dns_outcome last;
	bool finished;
};

static bool chain_task(struct asker *asker, void *context)
{
	struct chain *chain = context;

	chain->runs++;
	for (unsigned i = 0; i < chain->n; i++) {
		const struct dns_answer *answer = asker_get(asker, chain->names[i], DNS_TXT);

		if (answer == NULL)
			return false;
		chain->last = answer->outcome;
		if (answer->n > 0)
			arena_slice(asker_arena(asker), answer->records[0].data);
	}
	chain->finished = true;
	return true;
}

START_TEST(test_immediate)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct chain chain = { .names = { "a.now.example", "b.now.example" }, .n = 2 };

	asker_add(asker, chain_task, &chain);
	ck_assert(chain.finished);
	ck_assert_uint_eq(chain.runs, 1);
	ck_assert_uint_eq(asker_lookups(asker), 2);
	ck_assert_uint_lt(asker_wait(asker, 60000, 0, NULL, NULL), 30000);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

START_TEST(test_restart)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct chain chain = { .names = { "a.example", "b.now.example", "c.example", "a.example" }, .n = 4 };
	struct chain other = { .names = { "d.example" }, .n = 1 };

	asker_add(asker, chain_task, &chain);
	asker_add(asker, chain_task, &other);
	ck_assert_uint_eq(fake_asked(fake), 2);
	ck_assert_uint_eq(chain.runs, 1);
	ck_assert_uint_eq(release(fake, "d.example"), 1);
	ck_assert(other.finished);
	ck_assert_uint_eq(chain.runs, 1);       /* that answer was not for it */
	ck_assert_uint_eq(release(fake, "a.example"), 1);
	ck_assert_uint_eq(chain.runs, 2);
	ck_assert(!chain.finished);
	ck_assert_uint_eq(release(fake, "c.example"), 1);
	ck_assert(chain.finished);
	ck_assert_uint_eq(chain.runs, 3);
	ck_assert_uint_eq(fake_asked(fake), 3);
	ck_assert_uint_eq(asker_lookups(asker), 4);
	asker_wait(asker, 60000, 0, NULL, NULL);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

START_TEST(test_one_question)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	const struct dns_answer *answer;

	asker_set_purpose(asker, ASKER_POLICY, "author.example");
	asker_want(asker, "_dmarc.Example.COM", DNS_TXT);
	asker_want(asker, "_dmarc.example.com.", DNS_TXT);
	ck_assert(asker_get(asker, "_DMARC.example.com", DNS_TXT) == NULL);
	ck_assert_uint_eq(fake_asked(fake), 1);
	asker_want(asker, "_dmarc.example.com", DNS_A);
	ck_assert_uint_eq(fake_asked(fake), 2);
	ck_assert_str_eq(fake->flights[0].name, "_dmarc.example.com");
	ck_assert_str_eq(fake->flights[0].author, "author.example");
	ck_assert_uint_eq(asker_lookups(asker), 2);
	release(fake, NULL);
	answer = asker_get(asker, "_dmarc.EXAMPLE.com", DNS_TXT);
	ck_assert(answer != NULL && answer->outcome == DNS_DATA);
	ck_assert(asker_get(asker, "a..example", DNS_TXT)->outcome == DNS_BAD_NAME);
	ck_assert_uint_eq(fake_asked(fake), 2);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

/* What a task asks later is charged to whom it was started for, wherever it is
 * run and whoever has come since. */
START_TEST(test_author_of_a_task)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct chain chain = { .names = { "1.example", "2.example" }, .n = 2 };

	asker_set_purpose(asker, ASKER_POLICY, "first.example");
	asker_add(asker, chain_task, &chain);
	asker_set_purpose(asker, ASKER_POLICY, "second.example");
	release(fake, NULL);
	asker_want(asker, "3.example", DNS_TXT);
	ck_assert_uint_eq(fake_asked(fake), 3);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_str_eq(fake->flights[i].author, i < 2 ? "first.example" : "second.example");
	release(fake, NULL);
	ck_assert(chain.finished);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

START_TEST(test_bound)
{
	struct fake *fake = fake_new();
	const struct asker_limits three = { 60000, 3 };
	struct asker *asker = asker_new(&fake->base, &three);
	struct chain chain = { .names = { "1.example", "2.example", "3.example", "4.example" }, .n = 4 };

	for (unsigned i = 0; i < 4; i++)
		asker_want(asker, chain.names[i], DNS_TXT);
	ck_assert_uint_eq(fake_asked(fake), 3);
	asker_add(asker, chain_task, &chain);
	release(fake, NULL);
	ck_assert(chain.finished);
	ck_assert_int_eq(chain.last, DNS_LIMIT);
	ck_assert_uint_eq(asker_lookups(asker), 3);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

/* Each part has its share, whatever the others want; who is over it waits while shares
 * may grow, and is refused after that. */
START_TEST(test_shares)
{
	struct fake *fake = fake_new();
	const struct asker_limits six = { 60000, 6 };
	struct asker *asker = asker_new(&fake->base, &six);
	struct chain spf = { .names = { "a.now.example", "b.now.example", "c.now.example" }, .n = 3 };
	struct chain keys = { .names = { "k.now.example", "l.now.example" }, .n = 2 };
	struct chain policy = { .names = { "p.now.example", "b.now.example", "q.now.example" }, .n = 3 };

	asker_set_shares(asker, (const unsigned[N_ASKER_PARTS]){ 3, 2, 1, 0 }, true);
	asker_set_purpose(asker, ASKER_SPF, "");
	asker_add(asker, chain_task, &spf);
	asker_set_purpose(asker, ASKER_SIGNERS, "");
	asker_want(asker, "k.now.example", DNS_TXT);
	asker_want(asker, "l.now.example", DNS_TXT);
	asker_add(asker, chain_task, &keys);
	ck_assert(!spf.finished && !keys.finished);
	ck_assert_uint_eq(asker_lookups(asker), 3);
	/* what SPF has asked counts for the policy when it wants the same */
	asker_set_purpose(asker, ASKER_POLICY, "");
	asker_add(asker, chain_task, &policy);
	ck_assert(policy.finished);
	ck_assert_int_eq(policy.last, DNS_DATA);
	asker_set_shares(asker, (const unsigned[N_ASKER_PARTS]){ 3, 2, 1, 0 }, false);
	ck_assert(spf.finished && keys.finished);
	ck_assert_int_eq(spf.last, DNS_DATA);
	ck_assert_int_eq(keys.last, DNS_LIMIT);
	ck_assert_uint_eq(asker_lookups(asker), 6);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

/* What was asked ahead is in a share of its own, until it is wanted. */
START_TEST(test_ahead)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct chain spf = { .names = { "a.example", "b.example", "c.example" }, .n = 3 };

	asker_set_shares(asker, (const unsigned[N_ASKER_PARTS]){ 0, 2, 0, 2 }, false);
	asker_set_purpose(asker, ASKER_SPF, "");
	asker_want_ahead(asker, "a.example", DNS_TXT);
	asker_want_ahead(asker, "b.example", DNS_TXT);
	asker_want_ahead(asker, "c.example", DNS_TXT);
	ck_assert_uint_eq(fake_asked(fake), 2);
	asker_add(asker, chain_task, &spf);
	asker_want_ahead(asker, "c.example", DNS_TXT);
	ck_assert_uint_eq(fake_asked(fake), 3);
	release(fake, NULL);
	ck_assert(spf.finished);
	ck_assert_int_eq(spf.last, DNS_LIMIT);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

/* A share that nobody enlarged holds nothing up. */
START_TEST(test_share_at_the_end)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct chain chain = { .names = { "a.now.example" }, .n = 1 };

	asker_set_shares(asker, (const unsigned[N_ASKER_PARTS]){ 0, 0, 0, 0 }, true);
	asker_add(asker, chain_task, &chain);
	ck_assert(!chain.finished);
	ck_assert_uint_lt(asker_wait(asker, 60000, 0, NULL, NULL), 30000);
	ck_assert_int_eq(chain.last, DNS_LIMIT);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

/* Tasks that know of one another */

struct pair {
	struct chain first;
	bool second_finished, added_finished;
	unsigned second_runs;
};

static bool added_task(struct asker *asker, void *context)
{
	struct pair *pair = context;

	if (asker_get(asker, "added.example", DNS_TXT) == NULL)
		return false;
	return pair->added_finished = true;
}

static bool second_task(struct asker *asker, void *context)
{
	struct pair *pair = context;

	pair->second_runs++;
	if (!pair->first.finished)
		return false;
	asker_add(asker, added_task, pair);
	return pair->second_finished = true;
}

START_TEST(test_tasks_add_tasks)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct pair pair = { .first = { .names = { "a.example" }, .n = 1 } };

	asker_add(asker, second_task, &pair);
	asker_add(asker, chain_task, &pair.first);
	ck_assert(!pair.second_finished);
	release(fake, "a.example");
	ck_assert(pair.first.finished && pair.second_finished && !pair.added_finished);
	ck_assert_uint_eq(fake_asked(fake), 2);
	release(fake, "added.example");
	ck_assert(pair.added_finished);
	asker_wait(asker, 60000, 0, NULL, NULL);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

START_TEST(test_many_tasks)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct chain chains[100];
	char names[100][32];

	for (int i = 0; i < 100; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d.example", i);
		chains[i] = (struct chain){ .names = { names[i], i % 2 ? "odd.example" : "even.example" }, .n = 2 };
		asker_add(asker, chain_task, &chains[i]);
	}
	for (int i = 99; i >= 0; i--)
		release(fake, names[i]);
	release(fake, "even.example");
	for (int i = 0; i < 100; i++)
		ck_assert_msg(chains[i].finished == (i % 2 == 0), "task %d", i);
	release(fake, "odd.example");
	for (int i = 0; i < 100; i++)
		ck_assert_msg(chains[i].finished, "task %d", i);
	ck_assert_uint_eq(chains[5].runs, 3);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

/* Time */

START_TEST(test_timeout_from_the_start)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct chain chain = { .names = { "a.example" }, .n = 1 };

	fake->age_ms = 70000;           /* older than the time-out when it was joined */
	asker_add(asker, chain_task, &chain);
	ck_assert_uint_lt(asker_wait(asker, 600000, 0, NULL, NULL), 30000);
	ck_assert(chain.finished);
	ck_assert_int_eq(chain.last, DNS_TIMEOUT);
	asker_free(asker);
	release(fake, NULL);
	fake_free(fake);
}
END_TEST

START_TEST(test_timeout)
{
	struct fake *fake = fake_new();
	const struct asker_limits short_ones = { 40, 160 };
	struct asker *asker = asker_new(&fake->base, &short_ones);
	struct chain chain = { .names = { "a.example", "b.now.example", "a.example" }, .n = 3 };
	int64_t start_ms = clock_mono_ms();
	unsigned waited_ms;

	asker_add(asker, chain_task, &chain);
	asker_want(asker, "unread.example", DNS_TXT);
	waited_ms = asker_wait(asker, 600000, 0, NULL, NULL);
	ck_assert_int_ge(clock_mono_ms() - start_ms, 40);
	ck_assert_uint_lt(waited_ms, 30000);
	ck_assert_int_eq(chain.last, DNS_TIMEOUT);
	release(fake, "a.example");     /* too late: what was answered stays */
	ck_assert_int_eq(asker_get(asker, "a.example", DNS_TXT)->outcome, DNS_TIMEOUT);
	asker_free(asker);
	release(fake, NULL);
	fake_free(fake);
}
END_TEST

struct joining {
	struct fake *fake;
	int64_t age_ms;
};

static void *release_into_old_one(void *context)
{
	struct joining *joining = context;

	usleep(100000);                 /* the message waits */
	joining->fake->age_ms = joining->age_ms;
	release(joining->fake, "a.example");
	return NULL;
}

/* While the message waits, another one's look-up is joined, whose time is over sooner
 * than all that it waited for. */
START_TEST(test_timeout_of_one_that_is_joined)
{
	struct fake *fake = fake_new();
	const struct asker_limits long_ones = { 20000, 160 };
	struct asker *asker = asker_new(&fake->base, &long_ones);
	struct chain chain = { .names = { "a.example", "b.example" }, .n = 2 };
	struct joining joining = { fake, 19900 };
	pthread_t thread;

	asker_add(asker, chain_task, &chain);
	ck_assert_int_eq(pthread_create(&thread, NULL, release_into_old_one, &joining), 0);
	ck_assert_uint_lt(asker_wait(asker, 600000, 0, NULL, NULL), 15000);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert(chain.finished);
	ck_assert_int_eq(chain.last, DNS_TIMEOUT);
	asker_free(asker);
	release(fake, NULL);
	fake_free(fake);
}
END_TEST

START_TEST(test_budget)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct chain chain = { .names = { "a.example", "b.example", "c.now.example" }, .n = 3 };
	unsigned waited_ms;

	asker_add(asker, chain_task, &chain);
	waited_ms = asker_wait(asker, 30, 0, NULL, NULL);
	ck_assert_uint_ge(waited_ms, 25);
	ck_assert_uint_lt(waited_ms, 30000);
	ck_assert(chain.finished);
	ck_assert_int_eq(chain.last, DNS_TIMEOUT);
	ck_assert_uint_eq(fake_asked(fake), 1); /* nothing new is asked any more */
	asker_free(asker);
	release(fake, NULL);
	fake_free(fake);
}
END_TEST

struct ticker {
	struct asker *asker;
	struct fake *fake;
	unsigned ticks, release_at;
};

static void *try_lock(void *context)
{
	asker_lock(context);
	asker_unlock(context);
	return NULL;
}

static void tick(void *context)
{
	struct ticker *ticker = context;
	pthread_t thread;

	/* would hang if the lock were held */
	ck_assert_int_eq(pthread_create(&thread, NULL, try_lock, ticker->asker), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	if (++ticker->ticks == ticker->release_at)
		release(ticker->fake, NULL);
}

START_TEST(test_ticks)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct chain chain = { .names = { "a.example" }, .n = 1 };
	struct ticker ticker = { asker, fake, 0, 3 };

	asker_add(asker, chain_task, &chain);
	ck_assert_uint_ge(asker_wait(asker, 600000, 10, tick, &ticker), 25);
	ck_assert(chain.finished);
	ck_assert_int_eq(chain.last, DNS_DATA);
	ck_assert_uint_eq(ticker.ticks, 3);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

START_TEST(test_callback_before_return)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct chain chain = { .names = { "a.example", "b.example" }, .n = 2 };

	fake->at_once = true;
	asker_add(asker, chain_task, &chain);
	ck_assert(chain.finished);
	ck_assert_int_eq(chain.last, DNS_DATA);
	asker_free(asker);
	fake_free(fake);
}
END_TEST

START_TEST(test_free_under_way)
{
	struct fake *fake = fake_new();
	struct asker *asker = asker_new(&fake->base, &limits);
	struct chain *chain = mem_zalloc(sizeof(*chain));

	*chain = (struct chain){ .names = { "a.example", "b.example" }, .n = 2 };
	asker_add(asker, chain_task, chain);
	asker_want(asker, "c.example", DNS_MX);
	asker_free(asker);
	free(chain);
	ck_assert_uint_eq(release(fake, NULL), 2);
	ck_assert_uint_eq(fake_asked(fake), 2);
	fake_free(fake);
}
END_TEST

/* Many messages, their answers let go by two other threads. */

struct storm {
	struct fake *fake;
	bool stop;
};

static void *releaser(void *context)
{
	struct storm *storm = context;

	while (!__atomic_load_n(&storm->stop, __ATOMIC_ACQUIRE))
		if (release(storm->fake, NULL) == 0)
			usleep(100);
	release(storm->fake, NULL);
	return NULL;
}

START_TEST(test_threads)
{
	struct storm storm = { fake_new(), false };
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, releaser, &storm), 0);
	for (int i = 0; i < 300; i++) {
		struct asker *asker = asker_new(&storm.fake->base, &limits);
		struct chain chains[2] = {
			{ .names = { "a.example", "b.example", "c.example" }, .n = 3 },
			{ .names = { "b.example", "d.example", "a.example" }, .n = 3 },
		};

		asker_want(asker, "e.example", DNS_TXT);
		asker_add(asker, chain_task, &chains[0]);
		asker_add(asker, chain_task, &chains[1]);
		if (i % 5 != 0) {
			ck_assert_uint_lt(asker_wait(asker, 60000, 1000, NULL, NULL), 30000);
			ck_assert(chains[0].finished && chains[1].finished);
			ck_assert_int_eq(chains[0].last, DNS_DATA);
			arena_strdup(asker_arena(asker), "no other thread is in here");
		}
		asker_free(asker);
	}
	__atomic_store_n(&storm.stop, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	release(storm.fake, NULL);
	fake_free(storm.fake);
}
END_TEST

static Suite *asker_suite(void)
{
	Suite *suite = suite_create("asker");
	TCase *tcase = tcase_create("asker");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_immediate);
	tcase_add_test(tcase, test_restart);
	tcase_add_test(tcase, test_one_question);
	tcase_add_test(tcase, test_bound);
	tcase_add_test(tcase, test_shares);
	tcase_add_test(tcase, test_ahead);
	tcase_add_test(tcase, test_share_at_the_end);
	tcase_add_test(tcase, test_author_of_a_task);
	tcase_add_test(tcase, test_tasks_add_tasks);
	tcase_add_test(tcase, test_many_tasks);
	tcase_add_test(tcase, test_timeout_from_the_start);
	tcase_add_test(tcase, test_timeout);
	tcase_add_test(tcase, test_timeout_of_one_that_is_joined);
	tcase_add_test(tcase, test_budget);
	tcase_add_test(tcase, test_ticks);
	tcase_add_test(tcase, test_callback_before_return);
	tcase_add_test(tcase, test_free_under_way);
	tcase_add_test(tcase, test_threads);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(asker_suite())
