/* clock.h - the two clocks. Time-outs and times to live use the monotonic
 * one; only what people read uses the calendar. lib/core uses neither. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

int64_t clock_mono_ms(void);
int64_t clock_utc_ms(void);                   /* since 1970-01-01 UTC */
/* RFC 3339, UTC, milliseconds: "2026-05-04T10:20:30.123Z" */
#define CLOCK_TEXT_SIZE 32
void clock_format(int64_t utc_ms, char out[CLOCK_TEXT_SIZE]);
/* Reads that, any RFC 3339 date and time, or a date alone (its first moment,
 * UTC). False: neither; *utc_ms_r untouched. */
bool clock_parse(struct slice text, int64_t *utc_ms_r);
/* The date by which things are removed as too old: that of the calendar, except that it goes
 * forward by a day an hour at most, so that a clock that is wrong for some hours does not take
 * what cannot be had back. The first call believes the clock. Not thread-safe. */
struct clock_date {
	int64_t utc_ms, mono_ms;                /* at the last call; 0: there was none */
};
int64_t clock_date(struct clock_date *date, int64_t utc_ms, int64_t mono_ms);
/* For what others can make happen as often as they like, and the log should not say as
 * often: true, then not for `every_ms`. *next_ms begins as 0. Thread-safe. */
bool clock_is_due(_Atomic int64_t *next_ms, int64_t every_ms);
void clock_cond_init(pthread_cond_t *cond);   /* a condition that waits on the monotonic clock */
/* Waits until signalled or `until_ms` (monotonic); the mutex is held. */
void clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t until_ms);

#endif
