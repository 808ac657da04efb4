/* tool_argument.h - arguments that several subcommands take: times, domains, numbers.
 * What gives an int gives 0, or an exit code after the fault was told.
 */
#ifndef TOOLS_TOOL_ARGUMENT_H
#define TOOLS_TOOL_ARGUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/domain.h"

/* "30d", "12h", "15m", "90s". */
bool tool_duration(const char *text, int64_t *ms_r);
/* Back from now by such a text; or at "2026-05-01", or at an RFC 3339 time. */
int tool_time(const char *command, const char *option, const char *text, int64_t now_ms, int64_t *ms_r);
/* From since_r to before until_r; `until` NULL: up to now. */
int tool_period(const char *command, const char *since, const char *until, int64_t now_ms,
		int64_t *since_ms_r, int64_t *until_ms_r);
/* With A-labels or U-labels. */
int tool_domain(const char *command, const char *option, const char *text, char domain_r[DOMAIN_SIZE]);
int tool_number(const char *command, const char *option, const char *text, uint64_t least,
		uint64_t most, uint64_t *n_r);

#endif
