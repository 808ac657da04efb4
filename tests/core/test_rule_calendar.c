#include "testmain.h"

#include "core/rule_calendar.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define TODAY (20000 * DAY)             /* the first moment of some day */

static const struct {
	const char *name;
	int64_t expires_ms, now_ms;
	enum rule_term wanted;
	int64_t wanted_days;
} term_rows[] = {
	{ "no date", 0, TODAY, TERM_OPEN, 0 },
	{ "a year away", TODAY + 366 * DAY, TODAY, TERM_RUNNING, 365 },
	{ "15 days away", TODAY + 16 * DAY, TODAY + 23 * HOUR, TERM_RUNNING, 15 },
	{ "14 days away, early", TODAY + 15 * DAY, TODAY, TERM_ENDING, 14 },
	{ "14 days away, late", TODAY + 15 * DAY, TODAY + DAY - 1, TERM_ENDING, 14 },
	{ "tomorrow is the last day", TODAY + 2 * DAY, TODAY, TERM_ENDING, 1 },
	{ "its last day", TODAY + DAY, TODAY, TERM_ENDING, 0 },
	{ "its last moment", TODAY + DAY, TODAY + DAY - 1, TERM_ENDING, 0 },
	{ "the moment after", TODAY + DAY, TODAY + DAY, TERM_OVER, -1 },
	{ "long over", TODAY, TODAY + 30 * DAY, TERM_OVER, -31 },
	{ "a clock before 1970", DAY, -1, TERM_ENDING, 1 },
};

START_TEST(tells_the_term)
{
	struct rule rule = { .id = "r", .expires_ms = term_rows[_i].expires_ms };
	int64_t days = 99;
	enum rule_term term = rule_calendar_term(&rule, term_rows[_i].now_ms, &days);

	ck_assert_msg(term == term_rows[_i].wanted, "%s: %d", term_rows[_i].name, (int)term);
	ck_assert_msg(days == term_rows[_i].wanted_days, "%s: %lld days", term_rows[_i].name,
		      (long long)days);
}
END_TEST

/* Said at TODAY + 12 h, monotonic 1000 h; then both clocks went on by so much. */
static const struct {
	const char *name;
	int64_t utc_ms, mono_ms;
	bool due;
	int64_t wait_ms;
} due_rows[] = {
	{ "at once", 0, 0, false, HOUR },
	{ "in the evening", 11 * HOUR + HOUR / 2, 11 * HOUR + HOUR / 2, false, HOUR / 2 },
	{ "just before midnight", 12 * HOUR - 1, 12 * HOUR - 1, false, 1 },
	{ "midnight", 12 * HOUR, 12 * HOUR, true, 1 },
	{ "days later", 99 * HOUR, 99 * HOUR, true, 1 },
	{ "set forward by a day", DAY, 1, false, HOUR },
	{ "set forward, near the pause's end", DAY, 6 * HOUR - 5, false, 5 },
	{ "set forward, the pause is over", DAY, 6 * HOUR, true, 1 },
	{ "set back by a day", -DAY, 1, false, HOUR },
	{ "set back, the pause is over", -DAY, 7 * HOUR, true, 1 },
	{ "set back within the day", -HOUR, 30 * HOUR, false, HOUR },
};

START_TEST(says_it_once_a_day)
{
	struct rule_calendar said = { .utc_ms = TODAY + 12 * HOUR, .mono_ms = 1000 * HOUR };
	int64_t utc_ms = said.utc_ms + due_rows[_i].utc_ms;
	int64_t mono_ms = said.mono_ms + due_rows[_i].mono_ms;
	int64_t wait_ms = rule_calendar_wait_ms(&said, utc_ms, mono_ms);

	ck_assert_msg(rule_calendar_is_due(&said, utc_ms, mono_ms) == due_rows[_i].due, "%s",
		      due_rows[_i].name);
	ck_assert_msg(wait_ms == due_rows[_i].wait_ms, "%s: waits %lld", due_rows[_i].name,
		      (long long)wait_ms);
}
END_TEST

/* A daemon that asks whenever it was told to, for ten days, with a clock that is
 * set to and fro by a day every hour. */
START_TEST(a_mad_clock_does_not_flood)
{
	struct rule_calendar said = { .utc_ms = TODAY, .mono_ms = 0 };
	unsigned times = 0;

	for (int64_t mono_ms = 0; mono_ms < 10 * DAY;) {
		int64_t utc_ms = TODAY + mono_ms + (mono_ms / HOUR % 2 != 0 ? DAY : 0);

		if (rule_calendar_is_due(&said, utc_ms, mono_ms)) {
			said = (struct rule_calendar){ utc_ms, mono_ms };
			times++;
		}
		mono_ms += rule_calendar_wait_ms(&said, utc_ms, mono_ms);
	}
	ck_assert_uint_ge(times, 9);
	ck_assert_uint_le(times, 40);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("rule_calendar");
	TCase *tc = tcase_create("rule_calendar");

	tcase_add_loop_test(tc, tells_the_term, 0, N_ROWS(term_rows));
	tcase_add_loop_test(tc, says_it_once_a_day, 0, N_ROWS(due_rows));
	tcase_add_test(tc, a_mad_clock_does_not_flood);
	suite_add_tcase(s, tc);
	return s;
}

TEST_MAIN(suite())
