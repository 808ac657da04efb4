/* libunbound against a name server on loopback that answers from a zone file,
 * holds answers back and misbehaves (tests/nameserver.py). What happens when is
 * told by the server, not by a stop-watch: a time in here is either the
 * time-out that is tested, or a bound that only a failing test reaches. */
#include "testmain.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unbound.h>
#include <unistd.h>

#include "auth/asker.h"
#include "auth/cache.h"
#include "base/buf.h"
#include "base/clock.h"
#include "nameserver.h"
#include "zone_rows.h"

#define PATIENCE_MS 60000

static struct nameserver ns;
static char folder[32], zone_path[64], anchor_path[64];

static const char more_zone[] =
	"plain.example.net TXT \"plain\"\n"
	"*.plain.example.net TXT \"any\"\n"
	"*.held.example.net TXT \"held\"\n"
	"zero.example.net 0 TXT \"zero\"\n"
	"short.example.net 1 TXT \"short\"\n"
	"good.signed.example.net TXT \"signed\"\n"
	"bad.signed.example.net TXT \"signed\"\n";

/* One server for all tests; each test begins with its rules removed. */
static void start_server(void)
{
	FILE *file;
	char signed_zone[128];

	snprintf(folder, sizeof(folder), "test_resolver.XXXXXX");
	ck_assert(mkdtemp(folder) != NULL);
	snprintf(zone_path, sizeof(zone_path), "%s/zone", folder);
	snprintf(anchor_path, sizeof(anchor_path), "%s/signed.example.net.anchor", folder);
	snprintf(signed_zone, sizeof(signed_zone), "signed.example.net=%s", folder);
	file = fopen(zone_path, "w");
	ck_assert(file != NULL);
	fputs(zone_text, file);
	fputs(more_zone, file);
	fclose(file);
	nameserver_start(&ns, (const char *const[]){ "--zone", zone_path, "--signed", signed_zone, NULL });
}

static void stop_server(void)
{
	nameserver_stop(&ns);
	unlink(zone_path);
	unlink(anchor_path);
	rmdir(folder);
}

static void forget_rules(void)
{
	nameserver_command(&ns, "normal");
	nameserver_command(&ns, "release *");
	nameserver_command(&ns, "forget");
}

static struct resolver *open_with(const char *server, unsigned per_author, const char *anchor)
{
	const struct resolver_options options = {
		.servers = &server, .n_servers = 1, .cache_entries = 1000,
		.max_in_flight_per_author = per_author, .trust_anchor = anchor,
	};
	const char *error = "";
	struct resolver *resolver = resolver_unbound_open(&options, &error);

	ck_assert_msg(resolver != NULL, "%s", error);
	return resolver;
}

static struct resolver *open_resolver(void)
{
	return open_with(ns.server, 60, NULL);
}

/* One question at a time, through an asker */

struct question {
	const char *name;
	enum dns_type type;
	const struct dns_answer *answer;
};

static bool ask_task(struct asker *asker, void *context)
{
	struct question *q = context;

	q->answer = asker_get(asker, q->name, q->type);
	return q->answer != NULL;
}

static const struct dns_answer *ask_within(struct resolver *resolver, const char *name,
					   enum dns_type type, unsigned timeout_ms)
{
	const struct asker_limits limits = { timeout_ms, 160 };
	struct asker *asker = asker_new(resolver, &limits);
	struct question q = { name, type, NULL };

	asker_add(asker, ask_task, &q);
	asker_wait(asker, PATIENCE_MS, 0, NULL, NULL);
	dns_answer_ref(q.answer);
	asker_free(asker);
	return q.answer;
}

static const struct dns_answer *ask(struct resolver *resolver, const char *name, enum dns_type type)
{
	return ask_within(resolver, name, type, PATIENCE_MS);
}

static enum dns_outcome outcome_of(struct resolver *resolver, const char *name, unsigned timeout_ms)
{
	const struct dns_answer *answer = ask_within(resolver, name, DNS_TXT, timeout_ms);
	enum dns_outcome outcome = answer->outcome;

	dns_answer_unref(answer);
	return outcome;
}

START_TEST(test_row)
{
	const struct zone_row *row = &zone_rows[_i];
	struct resolver *resolver;
	const struct dns_answer *answer;

	if (row->outcome == DNS_TIMEOUT || row->outcome == DNS_BOGUS)
		return;         /* have tests of their own */
	resolver = open_resolver();
	answer = ask(resolver, row->asked, row->type);
	check_zone_row(row, answer);
	dns_answer_unref(answer);
	resolver_close(resolver);
}
END_TEST

static const struct {
	const char *name, *rule;
	enum dns_outcome outcome, other;
} rule_rows[] = {
	{ "SERVFAIL", "servfail", DNS_SERVFAIL, DNS_SERVFAIL },
	{ "REFUSED", "refuse", DNS_SERVFAIL, DNS_SERVFAIL },
	{ "TCP after truncation", "truncate", DNS_DATA, DNS_DATA },
	{ "silence", "silent", DNS_TIMEOUT, DNS_TIMEOUT },
	{ "garbage", "garbage", DNS_SERVFAIL, DNS_TIMEOUT },
	{ "answers to another question", "wrong-id", DNS_SERVFAIL, DNS_TIMEOUT },
};

START_TEST(test_rule)
{
	struct resolver *resolver = open_resolver();
	int64_t start_ms = clock_mono_ms();
	enum dns_outcome outcome;

	nameserver_command(&ns, "%s plain.example.net", rule_rows[_i].rule);
	outcome = outcome_of(resolver, "plain.example.net",
			     rule_rows[_i].other == DNS_TIMEOUT ? 400 : PATIENCE_MS);
	ck_assert_msg(outcome == rule_rows[_i].outcome || outcome == rule_rows[_i].other,
		      "%s: %s", rule_rows[_i].name, names_get(dns_outcome_names, outcome));
	ck_assert_msg(clock_mono_ms() - start_ms < PATIENCE_MS / 2, "%s: too long", rule_rows[_i].name);
	/* other names are not held up */
	ck_assert_int_eq(outcome_of(resolver, "a.plain.example.net", PATIENCE_MS), DNS_DATA);
	resolver_close(resolver);
}
END_TEST

START_TEST(test_large_text)
{
	struct resolver *resolver = open_resolver();
	const struct dns_answer *answer = ask(resolver, "large.example.net", DNS_TXT);

	ck_assert_int_eq(answer->outcome, DNS_DATA);
	ck_assert_uint_eq(answer->n, 1);
	ck_assert_uint_eq(answer->records[0].data.len, 64000);
	for (size_t i = 0; i < 64000; i++)
		ck_assert_int_eq(answer->records[0].data.data[i], 'a' + (char)(i % 26));
	dns_answer_unref(answer);
	resolver_close(resolver);
}
END_TEST

/* The zone file has no room for it in one command line: a line of its own. */
static void add_large(void)
{
	FILE *file;

	start_server();
	file = fopen(zone_path, "a");
	ck_assert(file != NULL);
	fputs("large.example.net TXT \"", file);
	for (int i = 0; i < 64000; i++)
		fputc('a' + i % 26, file);
	fputs("\"\n", file);
	fclose(file);
	nameserver_stop(&ns);
	nameserver_start(&ns, (const char *const[]){ "--zone", zone_path, NULL });
}

/* Call-backs that count */

struct counter {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned calls;
	enum dns_outcome last;
	struct resolver *resolver;      /* asked again from the call-back */
};

static void counter_init(struct counter *counter)
{
	*counter = (struct counter){ .calls = 0 };
	pthread_mutex_init(&counter->lock, NULL);
	clock_cond_init(&counter->changed);
}

static void counted(void *context, const struct dns_answer *answer)
{
	struct counter *counter = context;
	int64_t started_ms;

	if (counter->resolver != NULL) {
		const struct dns_answer *again = resolver_want(counter->resolver, "again.held.example.net",
			DNS_TXT, "", counted, counter, &started_ms);

		if (again != NULL)
			dns_answer_unref(again);
	}
	pthread_mutex_lock(&counter->lock);
	counter->calls++;
	counter->last = answer->outcome;
	pthread_cond_broadcast(&counter->changed);
	pthread_mutex_unlock(&counter->lock);
	dns_answer_unref(answer);
}

static void counter_wait(struct counter *counter, unsigned calls)
{
	const int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	pthread_mutex_lock(&counter->lock);
	while (counter->calls < calls && clock_mono_ms() < end_ms)
		clock_cond_wait(&counter->changed, &counter->lock, end_ms);
	ck_assert_uint_eq(counter->calls, calls);
	pthread_mutex_unlock(&counter->lock);
}

struct asking {
	struct resolver *resolver;
	struct counter *counter;
};

/* The server cannot tell how often: the library asks it once for all who want the same, and
 * again when no answer has come for 376 ms. */
static atomic_uint ones_asked;

int __real_ub_resolve_async(struct ub_ctx *, const char *, int, int, void *, ub_callback_type, int *);
int __wrap_ub_resolve_async(struct ub_ctx *, const char *, int, int, void *, ub_callback_type, int *);

int __wrap_ub_resolve_async(struct ub_ctx *context, const char *name, int type, int class, void *of,
			    ub_callback_type found, int *id_r)
{
	if (strcmp(name, "one.held.example.net") == 0)
		atomic_fetch_add(&ones_asked, 1);
	return __real_ub_resolve_async(context, name, type, class, of, found, id_r);
}

static void *ask_one_name(void *context)
{
	struct asking *asking = context;
	int64_t started_ms;

	ck_assert(resolver_want(asking->resolver, "One.Held.example.net", DNS_TXT, "author.example",
				counted, asking->counter, &started_ms) == NULL);
	return NULL;
}

START_TEST(test_single_flight)
{
	struct resolver *resolver = open_resolver();
	struct counter counter;
	struct asking asking = { resolver, &counter };
	pthread_t threads[16];

	counter_init(&counter);
	nameserver_command(&ns, "hold *.held.example.net");
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_one_name, &asking), 0);
	for (int i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
	nameserver_command(&ns, "wait 1 one.held.example.net");
	counter_wait(&counter, 0);
	nameserver_command(&ns, "release *.held.example.net");
	counter_wait(&counter, 16);
	ck_assert_int_eq(counter.last, DNS_DATA);
	ck_assert_int_eq(outcome_of(resolver, "one.held.example.net", PATIENCE_MS), DNS_DATA);
	ck_assert_uint_eq(atomic_load(&ones_asked), 1);
	resolver_close(resolver);
}
END_TEST

static const struct dns_answer *want(struct resolver *resolver, struct counter *counter,
				     const char *author, int number, const char *under)
{
	char name[64];
	int64_t started_ms;

	snprintf(name, sizeof(name), "n%d.%s", number, under);
	return resolver_want(resolver, name, DNS_TXT, author, counted, counter, &started_ms);
}

START_TEST(test_author_bound)
{
	struct resolver *resolver = open_with(ns.server, 3, NULL);
	const struct dns_answer *answer;
	struct counter counter;

	counter_init(&counter);
	nameserver_command(&ns, "hold *.held.example.net");
	for (int i = 0; i < 3; i++)
		ck_assert(want(resolver, &counter, "author.example", i, "held.example.net") == NULL);
	usleep((CACHE_SLOW_MS + 50) * 1000);
	answer = want(resolver, &counter, "author.example", 3, "held.example.net");
	ck_assert(answer != NULL && answer->outcome == DNS_BUSY);
	dns_answer_unref(answer);
	ck_assert(want(resolver, &counter, "other.example", 4, "held.example.net") == NULL);
	nameserver_command(&ns, "wait 4 *.held.example.net");
	nameserver_command(&ns, "release *.held.example.net");
	counter_wait(&counter, 4);
	ck_assert(want(resolver, &counter, "author.example", 3, "held.example.net") == NULL);
	counter_wait(&counter, 5);
	resolver_close(resolver);
}
END_TEST

/* Fifty silent names do not hold up the rest. */
START_TEST(test_silent_names)
{
	struct resolver *resolver = open_resolver();
	struct counter counter;

	counter_init(&counter);
	nameserver_command(&ns, "silent *.held.example.net");
	for (int i = 0; i < 50; i++)
		ck_assert(want(resolver, &counter, "author.example", i, "held.example.net") == NULL);
	for (int i = 0; i < 50; i++)
		ck_assert(want(resolver, &counter, "other.example", i, "plain.example.net") == NULL);
	counter_wait(&counter, 50);
	ck_assert_int_eq(counter.last, DNS_DATA);
	resolver_close(resolver);
	ck_assert_uint_eq(counter.calls, 100);
	ck_assert_int_eq(counter.last, DNS_SERVFAIL);
}
END_TEST

START_TEST(test_close_under_way)
{
	struct resolver *resolver = open_resolver();
	struct counter counter;

	counter_init(&counter);
	counter.resolver = resolver;
	nameserver_command(&ns, "hold *.held.example.net");
	for (int i = 0; i < 40; i++)
		ck_assert(want(resolver, &counter, "author.example", i, "held.example.net") == NULL);
	if (_i > 0)
		nameserver_command(&ns, "wait 40 *.held.example.net");
	if (_i > 1)
		nameserver_command(&ns, "release n1*");
	resolver_close(resolver);
	/* some may have asked once more before it closed: those are called, too */
	ck_assert_uint_ge(counter.calls, 40);
	nameserver_command(&ns, "release *.held.example.net");
}
END_TEST

/* What the server says changes between two questions. (How often it is asked tells less: the
 * library asks again what is not answered for 376 ms.) */
START_TEST(test_cached)
{
	struct resolver *resolver = open_resolver();
	int64_t start_ms = clock_mono_ms();
	enum dns_outcome broken;

	nameserver_command(&ns, "servfail broken.plain.example.net");
	ck_assert_int_eq(outcome_of(resolver, "plain.example.net", PATIENCE_MS), DNS_DATA);
	ck_assert_int_eq(outcome_of(resolver, "none.example.net", PATIENCE_MS), DNS_NXDOMAIN);
	ck_assert_int_eq(outcome_of(resolver, "broken.plain.example.net", PATIENCE_MS), DNS_SERVFAIL);
	nameserver_command(&ns, "normal");
	broken = outcome_of(resolver, "broken.plain.example.net", PATIENCE_MS);
	ck_assert(broken == DNS_SERVFAIL || clock_mono_ms() - start_ms >= CACHE_FAILURE_TTL_S * 1000);
	nameserver_command(&ns, "servfail *");
	ck_assert_int_eq(outcome_of(resolver, "PLAIN.example.net", PATIENCE_MS), DNS_DATA);
	ck_assert_int_eq(outcome_of(resolver, "none.example.net", PATIENCE_MS), DNS_NXDOMAIN);
	nameserver_command(&ns, "normal");
	/* a TTL of 0 is asked anew, by the next message */
	ck_assert_int_eq(outcome_of(resolver, "zero.example.net", PATIENCE_MS), DNS_DATA);
	ck_assert_int_eq(outcome_of(resolver, "short.example.net", PATIENCE_MS), DNS_DATA);
	nameserver_command(&ns, "servfail *");
	ck_assert_int_eq(outcome_of(resolver, "zero.example.net", PATIENCE_MS), DNS_SERVFAIL);
	/* and one of a second some time later; the library counts in seconds */
	while (outcome_of(resolver, "short.example.net", PATIENCE_MS) == DNS_DATA)
		usleep(100000);
	resolver_close(resolver);
}
END_TEST

START_TEST(test_dnssec)
{
	struct resolver *resolver = open_with(ns.server, 60, anchor_path);
	const struct dns_answer *answer;

	nameserver_command(&ns, "forged bad.signed.example.net");
	answer = ask(resolver, "good.signed.example.net", DNS_TXT);
	ck_assert_int_eq(answer->outcome, DNS_DATA);
	ck_assert(answer->secure);
	dns_answer_unref(answer);
	ck_assert_int_eq(outcome_of(resolver, "bad.signed.example.net", PATIENCE_MS), DNS_BOGUS);
	answer = ask(resolver, "plain.example.net", DNS_TXT);
	ck_assert_int_eq(answer->outcome, DNS_DATA);
	ck_assert(!answer->secure);
	dns_answer_unref(answer);
	resolver_close(resolver);
}
END_TEST

/* Nobody listens: the start succeeds, the look-up fails. */
START_TEST(test_dead_server)
{
	struct resolver *resolver;
	int64_t start_ms = clock_mono_ms();
	enum dns_outcome outcome;

	resolver = open_with("127.0.0.1@1", 60, NULL);
	ck_assert_int_lt(clock_mono_ms() - start_ms, PATIENCE_MS / 2);
	outcome = outcome_of(resolver, "plain.example.net", 500);
	ck_assert(outcome == DNS_SERVFAIL || outcome == DNS_TIMEOUT);
	resolver_close(resolver);
}
END_TEST

static int64_t pause_ms;                /* the clock is so much ahead from its second reading on */

int64_t __real_clock_mono_ms(void);
int64_t __wrap_clock_mono_ms(void);

int64_t __wrap_clock_mono_ms(void)
{
	static int readings;

	return __real_clock_mono_ms() + (pause_ms > 0 && readings++ > 0 ? pause_ms : 0);
}

/* While the library starts; the library itself has answered by then. */
START_TEST(test_paused_at_start)
{
	struct resolver *resolver;

	pause_ms = 5000;
	resolver = open_resolver();
	pause_ms = 0;
	resolver_close(resolver);
}
END_TEST

START_TEST(test_silent_at_start)
{
	struct resolver *resolver;

	nameserver_command(&ns, "silent *");
	resolver = open_resolver();
	ck_assert_int_eq(outcome_of(resolver, "plain.example.net", 100), DNS_TIMEOUT);
	resolver_close(resolver);
}
END_TEST

static const struct {
	const char *name, *server, *anchor, *error;
} fault_rows[] = {
	{ "a name as server", "ns.example.com", NULL, "ns.example.com" },
	{ "no port", "127.0.0.1@port", NULL, "127.0.0.1@port" },
	{ "anchor missing", "127.0.0.1", "no-such.anchor", "no-such.anchor" },
	{ "anchor that is none", "127.0.0.1", TESTDIR "/nameserver.py", "trust_anchor" },
};

START_TEST(test_fault)
{
	const struct resolver_options options = {
		.servers = &fault_rows[_i].server, .n_servers = 1, .trust_anchor = fault_rows[_i].anchor,
	};
	const char *error = "";

	ck_assert_msg(resolver_unbound_open(&options, &error) == NULL, "%s", fault_rows[_i].name);
	ck_assert_msg(strstr(error, fault_rows[_i].error) != NULL, "%s: %s", fault_rows[_i].name, error);
}
END_TEST

/* Messages in several threads, some of them given up half-way. */

static void *many_messages(void *context)
{
	const struct asker_limits limits = { PATIENCE_MS, 160 };
	char names[4][64];

	for (int i = 0; i < 60; i++) {
		struct asker *asker = asker_new(context, &limits);
		struct question questions[4];

		for (int k = 0; k < 4; k++) {
			snprintf(names[k], sizeof(names[k]), "n%d.plain.example.net", (i * 7 + k) % 90);
			questions[k] = (struct question){ names[k], DNS_TXT, NULL };
			asker_add(asker, ask_task, &questions[k]);
		}
		if (i % 3 != 0) {
			asker_wait(asker, PATIENCE_MS, 0, NULL, NULL);
			for (int k = 0; k < 4; k++)
				ck_assert_int_eq(questions[k].answer->outcome, DNS_DATA);
		}
		asker_free(asker);
	}
	return NULL;
}

START_TEST(test_threads)
{
	struct resolver *resolver = open_resolver();
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, many_messages, resolver), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	resolver_close(resolver);
}
END_TEST

/* As at a reload: told apart from luck by the thread sanitizer. */
static void *open_and_close(void *unused)
{
	for (int i = 0; i < 4; i++)
		resolver_close(open_resolver());
	return unused;
}

START_TEST(test_several_resolvers)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, open_and_close, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

static Suite *resolver_suite(void)
{
	Suite *suite = suite_create("resolver");
	TCase *tcase = tcase_create("server"), *large = tcase_create("large"), *faults = tcase_create("faults");

	tcase_set_timeout(tcase, 2 * PATIENCE_MS / 1000);
	tcase_add_unchecked_fixture(tcase, start_server, stop_server);
	tcase_add_checked_fixture(tcase, forget_rules, NULL);
	tcase_add_loop_test(tcase, test_row, 0, N_ROWS(zone_rows));
	tcase_add_loop_test(tcase, test_rule, 0, N_ROWS(rule_rows));
	tcase_add_test(tcase, test_single_flight);
	tcase_add_test(tcase, test_author_bound);
	tcase_add_test(tcase, test_silent_names);
	tcase_add_loop_test(tcase, test_close_under_way, 0, 3);
	tcase_add_test(tcase, test_cached);
	tcase_add_test(tcase, test_dnssec);
	tcase_add_test(tcase, test_dead_server);
	tcase_add_test(tcase, test_paused_at_start);
	tcase_add_test(tcase, test_silent_at_start);
	tcase_add_test(tcase, test_threads);
	tcase_add_test(tcase, test_several_resolvers);
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(large, 2 * PATIENCE_MS / 1000);
	tcase_add_unchecked_fixture(large, add_large, stop_server);
	tcase_add_test(large, test_large_text);
	suite_add_tcase(suite, large);
	tcase_add_loop_test(faults, test_fault, 0, N_ROWS(fault_rows));
	suite_add_tcase(suite, faults);
	return suite;
}

int main(void)
{
	SRunner *runner;
	int failed;

	if (!nameserver_is_possible()) {
		puts("skipped, needs /usr/bin/python3 with dnspython");
		return 77;
	}
	runner = srunner_create(resolver_suite());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
