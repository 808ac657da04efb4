/* replay_date.h - the date of a Received field (RFC 5322 3.3, with the zones of
 * 4.3), in UTC. Pure.
 */
#ifndef TOOLS_REPLAY_DATE_H
#define TOOLS_REPLAY_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* "Mon, 4 May 2026 10:20:30 +0200 (CEST)": a date and what comments stand behind
 * it. False when it is none, or of a year before 1970 or after 9999. */
bool replay_date_parse(struct slice text, int64_t *utc_ms_r);
/* The one behind the last `;` of a Received field. */
bool replay_date_of_received(struct slice value, int64_t *utc_ms_r);

#endif
