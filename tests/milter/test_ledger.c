#include "testmain.h"

#include <pthread.h>

#include "ledger.h"
#include "log.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define NOON (20000 * DAY + 12 * HOUR)  /* 2024-10-04 */
#define MAX_RULES 200

/* What the ledger says, a line each. */
static char heard[32768];

void log_line(int priority, struct logline *line)
{
	size_t used = strlen(heard);

	snprintf(heard + used, sizeof(heard) - used, "%s%s\n", priority == LOG_WARNING ? "! " : "",
		 logline_text(line));
	logline_done(line);
}

static struct rule rules[MAX_RULES];
static char ids[MAX_RULES][16];
static struct ruleset ruleset;

/* Rules with these ids; the text ends with NULL. */
static void set(const char *const *names)
{
	memset(rules, 0, sizeof(rules));
	ruleset = (struct ruleset){ .rules = rules };
	for (; names[ruleset.n_rules] != NULL; ruleset.n_rules++)
		rules[ruleset.n_rules].id = names[ruleset.n_rules];
}

static void set_many(unsigned n)
{
	memset(rules, 0, sizeof(rules));
	ruleset = (struct ruleset){ .rules = rules, .n_rules = n };
	for (unsigned i = 0; i < n; i++) {
		snprintf(ids[i], sizeof(ids[i]), "r%03u", i);
		rules[i].id = ids[i];
	}
}

static void count(const char *id, unsigned times)
{
	struct verdict verdict = { .rule = id };

	while (times-- > 0)
		ledger_count(&verdict, NOON);
}

static void wants(const char *text)
{
	ck_assert_str_eq(heard, text);
	heard[0] = '\0';
}

static void finish(void)
{
	ledger_free();
	heard[0] = '\0';
}

static unsigned lines(void)
{
	unsigned n = 0;

	for (const char *p = heard; *p != '\0'; p++)
		n += *p == '\n';
	return n;
}

START_TEST(counts_a_rule_once_per_message)
{
	struct recipient_verdict groups[] = {
		{ .domain = "a.example", .rule = "b" }, { .domain = "b.example", .rule = "b" },
		{ .domain = "c.example", .rule = "a" }, { .domain = "d.example", .rule = NULL },
		{ .domain = "e.example", .rule = "a" },
	};
	struct verdict verdict = { .recipients = groups, .n_recipients = 5 };

	set((const char *const[]){ "c", "a", "b", NULL });
	ledger_start(&ruleset, NOON, 0);
	ledger_count(&verdict, NOON + 1);
	verdict.rule = "b";
	ledger_count(&verdict, NOON + 2);
	verdict = (struct verdict){ .rule = "b" };
	ledger_count(&verdict, NOON + 3);
	verdict = (struct verdict){ .rule = NULL };
	ledger_count(&verdict, NOON + 4);
	ledger_say_hits();
	wants("event=rule-hits id=b hits=3 last=2024-10-04T12:00:00.003Z\n"
	      "event=rule-hits id=a hits=2 last=2024-10-04T12:00:00.002Z\n");
	finish();
}
END_TEST

START_TEST(a_reload_keeps_ids_and_forgets_others)
{
	set((const char *const[]){ "gone", "stays", NULL });
	ledger_start(&ruleset, NOON, 0);
	count("gone", 2);
	count("stays", 1);
	set((const char *const[]){ "new", "stays", NULL });
	ledger_reload(&ruleset, NOON, 0);
	wants("event=rule-hits id=gone hits=2 last=2024-10-04T12:00:00.000Z\n"
	      "event=rule-hits id=stays hits=1 last=2024-10-04T12:00:00.000Z\n");
	count("gone", 1);               /* a message that began before the reload */
	count("stays", 1);
	set((const char *const[]){ "gone", "stays", NULL });
	ledger_reload(&ruleset, NOON, 0);
	wants("event=rule-hits id=stays hits=2 last=2024-10-04T12:00:00.000Z\n");
	ledger_say_hits();
	wants("event=rule-hits id=stays hits=2 last=2024-10-04T12:00:00.000Z\n");
	set((const char *const[]){ NULL });
	ledger_reload(&ruleset, NOON, 0);
	heard[0] = '\0';
	count("stays", 1);
	ledger_say_hits();
	wants("");
	finish();
}
END_TEST

START_TEST(what_is_said_is_bounded)
{
	set_many(MAX_RULES);
	ledger_start(&ruleset, NOON, 0);
	for (unsigned i = 0; i < 60; i++)
		count(ids[i], 1 + i);
	ledger_say_hits();
	ck_assert_uint_eq(lines(), LEDGER_LINES + 1);
	ck_assert_ptr_nonnull(strstr(heard, "id=r059 hits=60 "));
	/* the ten with the fewest: 1 + 2 + ... + 10 */
	ck_assert_ptr_nonnull(strstr(heard, "event=rule-hits others=10 hits=55\n"));
	heard[0] = '\0';
	for (unsigned i = 0; i < 120; i++)
		rules[i].expires_ms = i < 60 ? NOON - DAY : NOON + DAY;
	ledger_start(&ruleset, NOON, 0);
	ck_assert_uint_eq(lines(), 2 * (LEDGER_LINES + 1));
	ck_assert_ptr_nonnull(strstr(heard, "event=rule-expires others=10\n"));
	ck_assert_ptr_nonnull(strstr(heard, "event=rule-expired others=10\n"));
	finish();
}
END_TEST

START_TEST(says_which_rules_end)
{
	set((const char *const[]){ "over", "ends", "far", "open", NULL });
	rules[0].expires_ms = NOON - 12 * HOUR;
	rules[0].owner = "Jane \"J\" Doe";
	rules[1].expires_ms = NOON + 12 * HOUR + 9 * DAY;
	rules[1].owner = "mail team";
	rules[1].ticket = "T-1";
	rules[2].expires_ms = NOON + 100 * DAY;
	ledger_start(&ruleset, NOON, 0);
	wants("! event=rule-expired id=over owner=\"Jane \\\"J\\\" Doe\" expires=2024-10-03 "
	      "problem=\"rule over expired on 2024-10-03 and no longer applies; remove it or "
	      "give it a new date\"\n"
	      "! event=rule-expires id=ends owner=\"mail team\" ticket=T-1 expires=2024-10-13 "
	      "days_left=9\n");
	finish();
}
END_TEST

START_TEST(says_it_once_a_day)
{
	set((const char *const[]){ "ends", NULL });
	rules[0].expires_ms = NOON + 12 * HOUR;
	ledger_start(&ruleset, NOON, 0);
	wants("! event=rule-expires id=ends expires=2024-10-04 days_left=0\n");
	count("ends", 1);
	ck_assert_int_eq(ledger_daily(&ruleset, NOON + HOUR, HOUR), HOUR);
	wants("");
	ledger_daily(&ruleset, NOON + 12 * HOUR, 12 * HOUR);
	wants("event=rule-hits id=ends hits=1 last=2024-10-04T12:00:00.000Z\n"
	      "! event=rule-expired id=ends expires=2024-10-04 problem=\"rule ends expired on "
	      "2024-10-04 and no longer applies; remove it or give it a new date\"\n");
	ck_assert_int_eq(ledger_daily(&ruleset, NOON + 13 * HOUR, 13 * HOUR), HOUR);
	/* the clock is set back, then forward again */
	ledger_daily(&ruleset, NOON, 13 * HOUR);
	ledger_daily(&ruleset, NOON + 13 * HOUR, 13 * HOUR);
	wants("");
	finish();
}
END_TEST

static void *count_much(void *unused)
{
	(void)unused;
	count("a", 10000);
	return NULL;
}

START_TEST(threads_count_while_rules_are_set)
{
	pthread_t threads[4];

	set((const char *const[]){ "a", NULL });
	ledger_start(&ruleset, NOON, 0);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, count_much, NULL);
	for (int i = 0; i < 20; i++)
		ledger_start(&ruleset, NOON, 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ledger_say_hits();
	wants("event=rule-hits id=a hits=40000 last=2024-10-04T12:00:00.000Z\n");
	finish();
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("ledger");
	TCase *tc = tcase_create("ledger");

	tcase_add_test(tc, counts_a_rule_once_per_message);
	tcase_add_test(tc, a_reload_keeps_ids_and_forgets_others);
	tcase_add_test(tc, what_is_said_is_bounded);
	tcase_add_test(tc, says_which_rules_end);
	tcase_add_test(tc, says_it_once_a_day);
	tcase_add_test(tc, threads_count_while_rules_are_set);
	suite_add_tcase(s, tc);
	return s;
}

TEST_MAIN(suite())
