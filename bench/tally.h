/* tally - what a run of the load generator has measured, and its report.
 *
 * Each connection has its own; they are added up when all have ended. Times are
 * in microseconds.
 */
#ifndef BENCH_TALLY_H
#define BENCH_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mta.h"

enum { TALLY_EXAMPLES = 10 };

struct times {
	uint32_t *us;
	size_t count, room;
};

struct tally {
	struct times whole;             /* from the first step to the answer to the last */
	struct times end;               /* end of message to its answer, all filters together */
	uint64_t answers[MTA_ANSWERS];
	uint64_t wrong;                 /* judged, but not as expected */
	uint64_t quarantined, changes;
	uint64_t failures;
	char *examples[TALLY_EXAMPLES]; /* of failures */
	size_t example_count;
};

struct report {
	double seconds;
	unsigned connections, idle_lost;
};

void tally_time(struct times *times, uint64_t us);
/* Counts a failure and keeps the text, if there is room for more. */
void tally_fail(struct tally *tally, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void tally_add(struct tally *sum, struct tally *part);  /* frees part */
void tally_free(struct tally *tally);
uint64_t tally_messages(const struct tally *tally);
void tally_print(struct tally *tally, const struct report *report, bool json, FILE *out);

#endif
