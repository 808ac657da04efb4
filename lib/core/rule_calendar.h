/* rule_calendar.h - when a rule ends, and when the day's words about rules are
 * due; the time is an argument. Days are those of UTC. Pure.
 */
#ifndef CORE_RULE_CALENDAR_H
#define CORE_RULE_CALENDAR_H

#include "core/rules.h"

#define RULE_CALENDAR_DAY_MS INT64_C(86400000)
#define RULE_CALENDAR_WARN_DAYS 14

enum rule_term {
	TERM_OPEN = 0,                  /* without a date */
	TERM_RUNNING,
	TERM_ENDING,                    /* its last day is at most WARN_DAYS away */
	TERM_OVER,                      /* no longer applies */
};
/* *days_left_r: midnights until the first moment of its last day, 0 on that day,
 * negative after it; 0 with TERM_OPEN. */
enum rule_term rule_calendar_term(const struct rule *rule, int64_t now_ms, int64_t *days_left_r);
/* A moment of its last day, for printing; expires_ms must be set. */
int64_t rule_calendar_last_day_ms(const struct rule *rule);

/* When the day's words were last said, by both clocks: the calendar says that a
 * new day has come; the monotonic one that a clock which is set to and fro does not
 * make us say everything again and again. */
struct rule_calendar {
	int64_t utc_ms, mono_ms;
};
bool rule_calendar_is_due(const struct rule_calendar *said, int64_t utc_ms, int64_t mono_ms);
/* How long to wait before asking again: to the next midnight or to the end of
 * the pause, and never over an hour, since the calendar's clock can be set. */
int64_t rule_calendar_wait_ms(const struct rule_calendar *said, int64_t utc_ms, int64_t mono_ms);

#endif
