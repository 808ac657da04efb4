#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_utc_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

bool clock_is_due(_Atomic int64_t *next_ms, int64_t every_ms)
{
	int64_t now_ms = clock_mono_ms(), due_ms = atomic_load(next_ms);

	return now_ms >= due_ms && atomic_compare_exchange_strong(next_ms, &due_ms, now_ms + every_ms);
}

/* 0000-01-01 to 9999-12-31: what four digits of a year can say. */
#define FIRST_S (-62167219200LL)
#define LAST_S 253402300799LL

void clock_format(int64_t utc_ms, char out[CLOCK_TEXT_SIZE])
{
	int64_t ms = utc_ms % 1000;
	time_t seconds = (time_t)(utc_ms / 1000);
	struct tm t;

	if (ms < 0) {                   /* before 1970: round down */
		ms += 1000;
		seconds--;
	}
	if (seconds < FIRST_S || seconds > LAST_S)
		seconds = seconds < 0 ? FIRST_S : LAST_S;
	gmtime_r(&seconds, &t);
	snprintf(out, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		 (unsigned)(t.tm_year + 1900) % 10000, (unsigned)(t.tm_mon + 1) % 100,
		 (unsigned)t.tm_mday % 100, (unsigned)t.tm_hour % 100,
		 (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100, (unsigned)ms);
}

/* Takes `n` digits and the `end` behind them (NUL: none) off *s. */
static bool take_number(struct slice *s, size_t n, char end, int *value_r)
{
	uint64_t value;

	if (s->len < n || !slice_number(slice_until(*s, n), 9999, &value))
		return false;
	*s = slice_from(*s, n);
	*value_r = (int)value;
	if (end == '\0')
		return true;
	if (s->len == 0 || ascii_lower(s->data[0]) != ascii_lower(end))
		return false;
	*s = slice_from(*s, 1);
	return true;
}

static bool take_fraction(struct slice *s, int *ms_r)
{
	int scale = 100;

	*ms_r = 0;
	if (s->len == 0 || s->data[0] != '.')
		return true;
	*s = slice_from(*s, 1);
	if (s->len == 0 || !ascii_is_digit(s->data[0]))
		return false;
	for (; s->len > 0 && ascii_is_digit(s->data[0]); scale /= 10, *s = slice_from(*s, 1))
		*ms_r += (s->data[0] - '0') * scale;
	return true;
}

static bool take_zone(struct slice *s, int *minutes_r)
{
	int hours, minutes, sign;

	*minutes_r = 0;
	if (s->len == 1 && ascii_lower(s->data[0]) == 'z')
		return true;
	if (s->len != 6 || (s->data[0] != '+' && s->data[0] != '-'))
		return false;
	sign = s->data[0] == '-' ? -1 : 1;
	*s = slice_from(*s, 1);
	if (!take_number(s, 2, ':', &hours) || !take_number(s, 2, '\0', &minutes) ||
	    hours > 23 || minutes > 59)
		return false;
	*minutes_r = sign * (hours * 60 + minutes);
	return true;
}

static bool take_date(struct slice *s, struct tm *t)
{
	struct tm same;

	if (!take_number(s, 4, '-', &t->tm_year) || !take_number(s, 2, '-', &t->tm_mon) ||
	    !take_number(s, 2, '\0', &t->tm_mday))
		return false;
	t->tm_year -= 1900;
	t->tm_mon -= 1;
	same = *t;
	timegm(&same);                  /* moves 30 February to March */
	return same.tm_mday == t->tm_mday && same.tm_mon == t->tm_mon;
}

static bool take_time(struct slice *s, struct tm *t)
{
	return take_number(s, 2, ':', &t->tm_hour) && t->tm_hour <= 23 &&
	       take_number(s, 2, ':', &t->tm_min) && t->tm_min <= 59 &&
	       take_number(s, 2, '\0', &t->tm_sec) && t->tm_sec <= 60;   /* leap second */
}

bool clock_parse(struct slice text, int64_t *utc_ms_r)
{
	struct tm t = { 0 };
	int ms = 0, zone = 0;

	if (!take_date(&text, &t))
		return false;
	if (text.len > 0) {
		if (ascii_lower(text.data[0]) != 't' && text.data[0] != ' ')
			return false;
		text = slice_from(text, 1);
		if (!take_time(&text, &t) || !take_fraction(&text, &ms) || !take_zone(&text, &zone))
			return false;
	}
	*utc_ms_r = ((int64_t)timegm(&t) - zone * 60) * 1000 + ms;
	return true;
}

#define DATE_RATE 24            /* a day an hour */

int64_t clock_date(struct clock_date *date, int64_t utc_ms, int64_t mono_ms)
{
	int64_t most_ms = date->utc_ms + DATE_RATE * (mono_ms - date->mono_ms);
	bool is_first = date->mono_ms == 0;

	date->utc_ms = is_first || utc_ms < most_ms ? utc_ms : most_ms;
	date->mono_ms = mono_ms;
	return date->utc_ms;
}

void clock_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
}

void clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t until_ms)
{
	struct timespec until = {
		.tv_sec = (time_t)(until_ms / 1000),
		.tv_nsec = (long)(until_ms % 1000) * 1000000,
	};

	pthread_cond_timedwait(cond, mutex, &until);
}
