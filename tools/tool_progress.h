/* tool_progress.h - a bar on standard error for work that takes more than a
 * second; nothing at all unless that is a terminal. The line is wiped before
 * anything else is printed there.
 */
#ifndef TOOLS_TOOL_PROGRESS_H
#define TOOLS_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct tool_progress {
	bool on, shown;
	unsigned calls;
	int64_t next_ms;
};
void tool_progress_start(struct tool_progress *progress);
/* Is it time to show something? Cheap enough for every line of a journal. */
bool tool_progress_due(struct tool_progress *progress);
/* `part` of the work that is done, 0 to 1; negative: not known, then no bar. */
void tool_progress_show(struct tool_progress *progress, double part, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void tool_progress_clear(struct tool_progress *progress);

/* How far a journal is read, by the time of the line at hand; for `part`. */
double tool_progress_of_line(struct slice line, int64_t since_ms, int64_t until_ms);

#endif
