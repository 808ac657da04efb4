#include "core/rule_calendar.h"

#define PAUSE_MS (6 * INT64_C(3600000))         /* at least, between two days' words */
#define LONGEST_WAIT_MS INT64_C(3600000)

/* Rounds down before 1970 too. */
static int64_t day_of(int64_t utc_ms)
{
	return utc_ms / RULE_CALENDAR_DAY_MS - (utc_ms % RULE_CALENDAR_DAY_MS < 0);
}

int64_t rule_calendar_last_day_ms(const struct rule *rule)
{
	return rule->expires_ms - 1;
}

enum rule_term rule_calendar_term(const struct rule *rule, int64_t now_ms, int64_t *days_left_r)
{
	*days_left_r = 0;
	if (rule->expires_ms == 0)
		return TERM_OPEN;
	*days_left_r = day_of(rule_calendar_last_day_ms(rule)) - day_of(now_ms);
	if (rule_has_expired(rule, now_ms))
		return TERM_OVER;
	return *days_left_r <= RULE_CALENDAR_WARN_DAYS ? TERM_ENDING : TERM_RUNNING;
}

bool rule_calendar_is_due(const struct rule_calendar *said, int64_t utc_ms, int64_t mono_ms)
{
	return day_of(utc_ms) != day_of(said->utc_ms) && mono_ms - said->mono_ms >= PAUSE_MS;
}

int64_t rule_calendar_wait_ms(const struct rule_calendar *said, int64_t utc_ms, int64_t mono_ms)
{
	int64_t wait_ms = (day_of(utc_ms) + 1) * RULE_CALENDAR_DAY_MS - utc_ms;
	int64_t pause_ms = said->mono_ms + PAUSE_MS - mono_ms;

	if (day_of(utc_ms) != day_of(said->utc_ms))
		wait_ms = 1;            /* the day is there, only the pause may be missing */
	if (pause_ms > wait_ms)
		wait_ms = pause_ms;
	return wait_ms < LONGEST_WAIT_MS ? wait_ms : LONGEST_WAIT_MS;
}
