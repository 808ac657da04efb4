/* what_if_chart.h - the drawings of what-if's page: SVG that stretches with the page, with
 * its words as text of the page, so that they keep their size on a phone. Each has
 * a title and a description; the numbers are in tables (what_if_tables.h).
 */
#ifndef TOOLS_WHAT_IF_CHART_H
#define TOOLS_WHAT_IF_CHART_H

#include <stdio.h>

#include "what_if.h"

#define WHAT_IF_BARS 120        /* more days than that: several a bar */

/* The days, put together where they are many; days without mail are there too. */
struct what_if_bars {
	unsigned days_each, n;
	struct what_if_day bars[WHAT_IF_BARS];
};
void what_if_chart_bars_init(struct what_if_bars *bars, const struct what_if_report *report);

void what_if_chart_days(FILE *out, const struct what_if_report *report,
			const struct what_if_bars *bars);

/* What is done, as rows and columns of the page; a message that nothing was done about was
 * delivered. */
enum { DONE_ACCEPT = 0, DONE_TEMPFAIL, DONE_QUARANTINE, DONE_REJECT, DONE_ALL };
extern const char *const what_if_chart_done_words[DONE_ALL];
/* What was asked. */
enum { ASKED_NOTHING = 0, ASKED_QUARANTINE, ASKED_REJECT, ASKED_ALL };
extern const char *const what_if_chart_asked_words[ASKED_ALL];

struct what_if_flow { uint64_t n[ASKED_ALL][DONE_ALL]; };
void what_if_chart_flow_init(struct what_if_flow *flow, const struct what_if_report *report);
void what_if_chart_flow(FILE *out, const struct what_if_flow *flow);

int what_if_chart_row(enum action action);

#endif
