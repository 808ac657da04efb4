#include "replay_date.h"

#include <string.h>
#include <time.h>

#define BLANKS " \t\r\n"
#define YEAR_10000_S INT64_C(253402300800)

static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
static const char days[] = "sunmontuewedthufrisat";

/* Hours of the zones of RFC 5322 4.3; others count as UTC there too. */
static const struct {
	const char *name;
	int hours;
} zones[] = {
	{ "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 },
	{ "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 },
};

static struct slice take_word(struct slice *rest)
{
	size_t n = 0;

	*rest = slice_trim(*rest, BLANKS);
	while (n < rest->len && memchr(BLANKS, rest->data[n], sizeof(BLANKS) - 1) == NULL)
		n++;
	*rest = slice_from(*rest, n);
	return slice_new(rest->data - n, n);
}

/* Which of the three-letter names it is, from 0; -1. */
static int find_name(const char *names, struct slice word)
{
	for (int i = 0; word.len == 3 && names[3 * i] != '\0'; i++)
		if (slice_equal_nocase(word, slice_new(names + 3 * i, 3)))
			return i;
	return -1;
}

static bool read_number(struct slice word, int max, int *value_r)
{
	uint64_t value;

	if (!slice_number(word, (uint64_t)max, &value))
		return false;
	*value_r = (int)value;
	return true;
}

/* Two digits are of 1950 to 2049 (RFC 5322 4.3). */
static bool read_year(struct slice word, struct tm *t)
{
	int year;

	if (word.len < 2 || !read_number(word, 9999, &year))
		return false;
	if (word.len == 2)
		year += year < 50 ? 2000 : 1900;
	else if (word.len == 3)
		year += 1900;
	t->tm_year = year - 1900;
	return year >= 1970;
}

static bool read_time(struct slice word, struct tm *t)
{
	struct slice rest = word, part;
	bool seconds;

	if (!slice_split(&rest, ':', &part) || !read_number(part, 23, &t->tm_hour) ||
	    !slice_split(&rest, ':', &part) || !read_number(part, 59, &t->tm_min))
		return false;
	seconds = slice_split(&rest, ':', &part);
	return !seconds || (rest.data == NULL && read_number(part, 60, &t->tm_sec));
}

static bool read_zone(struct slice word, int *minutes_r)
{
	uint64_t n;

	*minutes_r = 0;
	if (word.len == 5 && (word.data[0] == '+' || word.data[0] == '-')) {
		if (!slice_number(slice_from(word, 1), 9999, &n) || n % 100 > 59)
			return false;
		*minutes_r = (int)(n / 100 * 60 + n % 100) * (word.data[0] == '-' ? -1 : 1);
		return true;
	}
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (slice_is_nocase(word, zones[i].name))
			*minutes_r = zones[i].hours * 60;
	return word.len == 0 || word.data[0] == '(' || ascii_is_alpha(word.data[0]);
}

/* Takes the day of the week off, when it is there: "Mon," or "Mon". */
static struct slice take_day(struct slice *rest)
{
	struct slice word = take_word(rest), name = slice_trim(word, ",");

	if (find_name(days, name) < 0)
		return word;
	return take_word(rest);
}

bool replay_date_parse(struct slice text, int64_t *utc_ms_r)
{
	struct slice rest = text, day = take_day(&rest), month = take_word(&rest);
	struct slice year = take_word(&rest), clock = take_word(&rest);
	struct tm t = { 0 };
	int64_t utc_s;
	int minutes;

	t.tm_mon = find_name(months, month);
	if (t.tm_mon < 0 || !read_number(day, 31, &t.tm_mday) || t.tm_mday == 0 ||
	    !read_year(year, &t) || !read_time(clock, &t) || !read_zone(take_word(&rest), &minutes))
		return false;
	utc_s = (int64_t)timegm(&t) - minutes * 60;
	if (utc_s < 0 || utc_s >= YEAR_10000_S)         /* by its zone it is of another year */
		return false;
	*utc_ms_r = utc_s * 1000;
	return true;
}

bool replay_date_of_received(struct slice value, int64_t *utc_ms_r)
{
	const char *last = value.len > 0 ? memrchr(value.data, ';', value.len) : NULL;

	if (last == NULL)
		return false;
	return replay_date_parse(slice_from(value, (size_t)(last - value.data) + 1), utc_ms_r);
}
