/* ledger.h - how often each rule matched since the start, and which rules end.
 *
 * Both are said in the log: hits at a reload, at the end and once a day; rules
 * that end within RULE_CALENDAR_WARN_DAYS and rules that are over at the start,
 * at a reload and once a day. What is said at one time is bounded. Counts are
 * kept by id: they survive a reload, and an id that is gone is forgotten. They are
 * for the eye; what is kept is the journal (alignctl rules).
 * ledger_count() is thread-safe, the rest is the main thread's. Times are arguments.
 */
#ifndef MILTER_LEDGER_H
#define MILTER_LEDGER_H

#include "core/decide.h"

#define LEDGER_LINES 50                 /* of one kind, at one time */

void ledger_start(const struct ruleset *ruleset, int64_t utc_ms, int64_t mono_ms);
/* Once per message: a rule counts once, however many recipients it decided for. */
void ledger_count(const struct verdict *verdict, int64_t when_ms);
void ledger_reload(const struct ruleset *ruleset, int64_t utc_ms, int64_t mono_ms);
/* Says the day's words when they are due; gives the time to wait before the next call. */
int64_t ledger_daily(const struct ruleset *ruleset, int64_t utc_ms, int64_t mono_ms);
void ledger_say_hits(void);
void ledger_free(void);                 /* nobody counts any more */

#endif
