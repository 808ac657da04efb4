/* slice, buf, arena, names, logline, clock: the rows that the rest leans on. */
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/logline.h"
#include "base/names.h"
#include "testmain.h"

#define S(text) text, sizeof(text) - 1

/* ---- slice ---- */

static const struct {
	const char *name, *input;
	size_t len;
	uint64_t max, wanted;
	bool ok;
} numbers[] = {
	{ "zero", S("0"), 10, 0, true },
	{ "leading zeros", S("0007"), 10, 7, true },
	{ "at the bound", S("100"), 100, 100, true },
	{ "over the bound", S("101"), 100, 0, false },
	{ "digit over a small bound", S("9"), 5, 0, false },
	{ "second digit over a small bound", S("09"), 5, 0, false },
	{ "largest", S("18446744073709551615"), UINT64_MAX, UINT64_MAX, true },
	{ "overflow by one", S("18446744073709551616"), UINT64_MAX, 0, false },
	{ "overflow by far", S("99999999999999999999999"), UINT64_MAX, 0, false },
	{ "empty", S(""), 10, 0, false },
	{ "sign", S("+1"), 10, 0, false },
	{ "minus", S("-1"), 10, 0, false },
	{ "blank behind", S("1 "), 10, 0, false },
	{ "NUL behind", S("1\0"), 10, 0, false },
	{ "high octet", S("\xb2"), 10, 0, false },
};

START_TEST(slice_reads_numbers)
{
	struct slice input = heap_copy(numbers[_i].input, numbers[_i].len);
	uint64_t value = 4711;
	bool ok = slice_number(input, numbers[_i].max, &value);

	ck_assert_msg(ok == numbers[_i].ok, "%s", numbers[_i].name);
	ck_assert_msg(value == (ok ? numbers[_i].wanted : 4711), "%s", numbers[_i].name);
	free((void *)input.data);
}
END_TEST

static const struct {
	const char *name, *input;
	size_t len;
	size_t sequence;        /* octets of the first one */
	bool utf8;
} utf8[] = {
	{ "empty", S(""), 0, true },
	{ "ASCII", S("abc"), 1, true },
	{ "NUL", S("\0"), 1, true },
	{ "first of two", S("\xc2\x80"), 2, true },
	{ "overlong two", S("\xc1\xbf"), 0, false },
	{ "three", S("\xe2\x82\xac"), 3, true },
	{ "overlong three", S("\xe0\x9f\xbf"), 0, false },
	{ "first of three", S("\xe0\xa0\x80"), 3, true },
	{ "last before surrogates", S("\xed\x9f\xbf"), 3, true },
	{ "surrogate", S("\xed\xa0\x80"), 0, false },
	{ "U+FFFF", S("\xef\xbf\xbf"), 3, true },
	{ "first of four", S("\xf0\x90\x80\x80"), 4, true },
	{ "overlong four", S("\xf0\x8f\xbf\xbf"), 0, false },
	{ "last", S("\xf4\x8f\xbf\xbf"), 4, true },
	{ "past the last", S("\xf4\x90\x80\x80"), 0, false },
	{ "F5", S("\xf5\x80\x80\x80"), 0, false },
	{ "continuation alone", S("\x80"), 0, false },
	{ "two cut short", S("\xc3"), 0, false },
	{ "three cut short", S("\xe2\x82"), 0, false },
	{ "four cut short", S("\xf0\x90\x80"), 0, false },
	{ "third octet wrong", S("\xe2\x82" "a"), 0, false },
	{ "bad at the end", S("abc\xff"), 1, false },
};

START_TEST(slice_knows_utf8)
{
	struct slice input = heap_copy(utf8[_i].input, utf8[_i].len);

	ck_assert_msg(slice_is_utf8(input) == utf8[_i].utf8, "%s", utf8[_i].name);
	ck_assert_msg(slice_utf8_octets(input) == utf8[_i].sequence, "%s", utf8[_i].name);
	free((void *)input.data);
}
END_TEST

static const struct {
	const char *name, *input;
	size_t len;
	const char *parts[4];
	unsigned n;
} splits[] = {
	{ "one", S("a"), { "a" }, 1 },
	{ "empty is one part", S(""), { "" }, 1 },
	{ "two", S("a;b"), { "a", "b" }, 2 },
	{ "empty ends", S(";a;"), { "", "a", "" }, 3 },
	{ "only separators", S(";;;"), { "", "", "", "" }, 4 },
};

START_TEST(slice_splits)
{
	struct slice input = heap_copy(splits[_i].input, splits[_i].len), rest = input, part;
	unsigned n = 0;

	while (slice_split(&rest, ';', &part)) {
		ck_assert_msg(n < splits[_i].n, "%s", splits[_i].name);
		ck_assert_msg(slice_is(part, splits[_i].parts[n]), "%s", splits[_i].name);
		n++;
	}
	ck_assert_msg(n == splits[_i].n, "%s", splits[_i].name);
	free((void *)input.data);
}
END_TEST

START_TEST(slice_compares_and_cuts)
{
	struct slice none = slice_of(NULL), null = { NULL, 0 }, text = SLICE("Hello\0x");

	ck_assert(none.data != NULL && none.len == 0);
	ck_assert(slice_equal(null, none) && slice_equal_nocase(null, none));
	ck_assert(slice_from(null, 3).len == 0 && slice_until(null, 3).len == 0);
	ck_assert(slice_find(null, 'x') == 0 && slice_is(null, ""));
	ck_assert(slice_equal(slice_from(text, 100), none) && slice_from(text, 6).data[0] == 'x');
	ck_assert(slice_until(text, 2).len == 2 && slice_until(text, 100).len == 7);
	ck_assert(!slice_is(text, "Hello") && slice_is(slice_until(text, 5), "Hello"));
	ck_assert(slice_is_nocase(slice_until(text, 5), "hELLO"));
	ck_assert(!slice_is_nocase(SLICE("\xc4"), "\xe4"));     /* ASCII only */
	ck_assert(!slice_is_nocase(SLICE("@"), "`") && !slice_is_nocase(SLICE("["), "{"));
	ck_assert(slice_starts_nocase(text, "HELL") && !slice_starts_nocase(text, "Hello, you"));
	ck_assert_uint_eq(slice_find(text, '\0'), 5);
	ck_assert_uint_eq(slice_find(text, 'z'), 7);
	ck_assert(slice_is(slice_trim_wsp(SLICE("\t a b ")), "a b"));
	ck_assert(slice_trim_wsp(SLICE(" \t ")).len == 0);
	ck_assert(slice_is(slice_trim(SLICE("xyax"), "xy"), "a"));
	ck_assert(slice_trim(SLICE("\0a\0"), " ").len == 3);    /* NUL is no blank */
	ck_assert(ascii_is_alpha('z') && !ascii_is_alpha('{') && !ascii_is_alpha((char)0xe4));
	ck_assert(ascii_is_alnum('0') && !ascii_is_digit('/') && !ascii_is_digit(':'));
}
END_TEST

/* ---- buf ---- */

START_TEST(buf_refuses_as_a_whole)
{
	struct buf buf;

	buf_init(&buf, 5);
	ck_assert_str_eq(buf_str(&buf), "");
	buf_add(&buf, NULL, 0);
	buf_add_str(&buf, "abc");
	buf_add_str(&buf, "def");
	ck_assert(buf_is_full(&buf));
	ck_assert_str_eq(buf_str(&buf), "abc");
	buf_add_char(&buf, 'x');                /* would fit, but comes after a loss */
	buf_printf(&buf, "y");
	ck_assert_str_eq(buf_str(&buf), "abc");
	buf_cut(&buf, 2);
	ck_assert(!buf_is_full(&buf));
	buf_printf(&buf, "%d", 345);
	ck_assert(!buf_is_full(&buf));
	ck_assert_str_eq(buf_str(&buf), "ab345");
	buf_printf(&buf, "%d", 6);
	ck_assert(buf_is_full(&buf));
	ck_assert_str_eq(buf_str(&buf), "ab345");
	buf_reset(&buf);
	ck_assert(!buf_is_full(&buf) && buf_slice(&buf).len == 0);
	buf_done(&buf);
	ck_assert_str_eq(buf_str(&buf), "");
}
END_TEST

/* Every length around the sizes that memory grows by. */
START_TEST(buf_printf_grows)
{
	static const char text[] = "0123456789";

	for (int before = 0; before < 300; before++) {
		struct buf buf;

		buf_init(&buf, 320);
		for (int i = 0; i < before; i++)
			buf_add_char(&buf, '.');
		buf_printf(&buf, "%s%d", text, before);
		ck_assert(!buf_is_full(&buf));
		ck_assert_uint_eq(buf.len, strlen(buf.data));
		ck_assert_int_eq(strncmp(buf.data + before, text, 10), 0);
		ck_assert_int_eq(atoi(buf.data + before + 10), before);
		buf_done(&buf);
	}
}
END_TEST

START_TEST(buf_ints)
{
	static const long long values[] = { 0, 7, -7, 10, 1234567890123, INT64_MAX, INT64_MIN };
	struct buf buf;
	char wanted[32];

	buf_init(&buf, 100);
	for (int i = 0; i < N_ROWS(values); i++) {
		buf_reset(&buf);
		buf_add_int(&buf, values[i]);
		snprintf(wanted, sizeof(wanted), "%lld", values[i]);
		ck_assert_str_eq(buf_str(&buf), wanted);
	}
	buf_done(&buf);
}
END_TEST

START_TEST(buf_grows)
{
	struct buf buf;

	buf_init(&buf, 100000);
	for (int i = 0; i < 10000; i++)
		buf_add_slice(&buf, SLICE("0123456789"));
	ck_assert(!buf_is_full(&buf));
	ck_assert_uint_eq(buf.len, 100000);
	ck_assert_uint_eq(strlen(buf_str(&buf)), 100000);
	ck_assert(memcmp(buf_str(&buf) + 99990, "0123456789", 11) == 0);
	buf_add_char(&buf, 'x');
	ck_assert(buf_is_full(&buf));
	buf_done(&buf);
	buf_init(&buf, 0);
	buf_add_str(&buf, "");
	ck_assert(!buf_is_full(&buf));
	buf_add_char(&buf, 'x');
	ck_assert(buf_is_full(&buf));
	buf_done(&buf);
}
END_TEST

/* ---- arena ---- */

static bool all_are(const unsigned char *p, size_t len, unsigned char wanted)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != wanted)
			return false;
	return true;
}

START_TEST(arena_gives_zeroed_aligned_memory)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 1000, 1024, 1025, 4095, 4096, 4097, 100000 };
	struct arena *arena = arena_new();
	unsigned char *pieces[12 * 20];
	size_t total = 0;

	for (int i = 0; i < 12 * 20; i++) {
		size_t size = sizes[i % 12];

		pieces[i] = arena_alloc(arena, size);
		ck_assert_uint_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		ck_assert_msg(all_are(pieces[i], size, 0), "%zu octets", size);
		memset(pieces[i], i + 1, size);
		total += size;
	}
	for (int i = 0; i < 12 * 20; i++)
		ck_assert_msg(all_are(pieces[i], sizes[i % 12], (unsigned char)(i + 1)),
			      "piece %d was overwritten", i);
	ck_assert_uint_ge(arena_bytes(arena), total);
	arena_free(arena);
	arena_free(NULL);
}
END_TEST

START_TEST(arena_copies_text)
{
	struct arena *arena = arena_new();
	struct slice copy = arena_slice(arena, SLICE("a\0b"));

	ck_assert(slice_equal(copy, SLICE("a\0b")));
	ck_assert_int_eq(copy.data[3], '\0');
	ck_assert_uint_eq(arena_slice(arena, (struct slice){ NULL, 0 }).len, 0);
	ck_assert_ptr_null(arena_strdup(arena, NULL));
	ck_assert_str_eq(arena_strdup(arena, "text"), "text");
	ck_assert_str_eq(arena_strndup(arena, "text", 2), "te");
	ck_assert_str_eq(arena_printf(arena, "%s=%d", "key", 7), "key=7");
	ck_assert_uint_eq(strlen(arena_printf(arena, "%5000d", 7)), 5000);
	arena_free(arena);
}
END_TEST

/* ---- names ---- */

START_TEST(names_go_both_ways)
{
	static const struct name_row table[] = {
		{ 0, "-" }, { 2, "two" }, { 2, "zwei" }, { 0, NULL },
	};
	int value = 99;

	ck_assert_str_eq(names_get(table, 0), "-");
	ck_assert_str_eq(names_get(table, 2), "two");
	ck_assert(names_find(table, SLICE("ZWEI"), &value) && value == 2);
	ck_assert(names_find(table, SLICE("-"), &value) && value == 0);
	value = 99;
	ck_assert(!names_find(table, SLICE("tw"), &value) && value == 99);
	ck_assert(!names_find(table, SLICE("two\0"), &value) && value == 99);
	ck_assert(!names_find(table, SLICE(""), &value) && value == 99);
}
END_TEST

/* ---- logline ---- */

static const struct {
	const char *name, *input;
	size_t len;
	const char *wanted;
} values[] = {
	{ "word", S("example.com"), "Q: k=example.com" },
	{ "empty", S(""), "Q: k=\"\"" },
	{ "blank", S("a b"), "Q: k=\"a b\"" },
	{ "another pair", S("x result=pass"), "Q: k=\"x result=pass\"" },
	{ "equals sign", S("a=b"), "Q: k=\"a=b\"" },
	{ "quote", S("a\" result=pass \""), "Q: k=\"a\\\" result=pass \\\"\"" },
	{ "backslash", S("a\\"), "Q: k=\"a\\\\\"" },
	{ "line end", S("a\nb: x"), "Q: k=\"a\\x0Ab: x\"" },
	{ "NUL", S("a\0b"), "Q: k=\"a\\x00b\"" },
	{ "DEL and 8-bit", S("\x7f\xfc"), "Q: k=\"\\x7F\\xFC\"" },
};

START_TEST(logline_escapes)
{
	struct slice input = heap_copy(values[_i].input, values[_i].len);
	struct logline line;

	logline_init(&line, "Q:");
	logline_slice(&line, "k", input);
	ck_assert_msg(strcmp(logline_text(&line), values[_i].wanted) == 0, "%s: %s",
		      values[_i].name, logline_text(&line));
	logline_done(&line);
	free((void *)input.data);
}
END_TEST

START_TEST(logline_is_cut_at_a_pair)
{
	/* every length around the limit: the mark must always fit */
	for (size_t len = LIMIT_LOG_LINE - 60; len < LIMIT_LOG_LINE + 10; len++) {
		char *value = mem_alloc(len + 1);
		struct logline line;
		const char *text;

		memset(value, 'v', len);
		value[len] = '\0';
		logline_init(&line, "Q:");
		logline_str(&line, "a", "1");
		logline_str(&line, "b", value);
		logline_str(&line, "absent", NULL);
		logline_int(&line, "c", -3);
		logline_str(&line, "d", value);
		logline_int(&line, "e", 4);
		text = logline_text(&line);
		ck_assert_uint_le(strlen(text), LIMIT_LOG_LINE);
		ck_assert_msg(strcmp(text + strlen(text) - 14, " truncated=yes") == 0, "%zu", len);
		ck_assert_msg(strncmp(text, "Q: a=1 ", 7) == 0 && strstr(text, "e=4") == NULL, "%zu", len);
		ck_assert_msg(strstr(text, " b=") == NULL || strstr(text, value) != NULL, "%zu", len);
		logline_done(&line);
		free(value);
	}
}
END_TEST

START_TEST(logline_bounds_the_head)
{
	char head[LIMIT_LOG_LINE * 2];
	struct logline line;

	memset(head, 'q', sizeof(head) - 1);
	head[sizeof(head) - 1] = '\0';
	logline_init(&line, head);
	logline_str(&line, "result", "fail");
	ck_assert_ptr_nonnull(strstr(logline_text(&line), "q result=fail"));
	logline_done(&line);
}
END_TEST

/* ---- clock ---- */

static const struct {
	const char *name;
	int64_t ms;
	const char *text;
} moments[] = {
	{ "epoch", 0, "1970-01-01T00:00:00.000Z" },
	{ "usual", 1777890030123, "2026-05-04T10:20:30.123Z" },
	{ "leap day", 1709164800000, "2024-02-29T00:00:00.000Z" },
	{ "before the epoch", -1, "1969-12-31T23:59:59.999Z" },
	{ "long before", -62135596800000, "0001-01-01T00:00:00.000Z" },
	{ "last", 253402300799999, "9999-12-31T23:59:59.999Z" },
};

START_TEST(clock_writes_and_reads)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t ms = 0;

	clock_format(moments[_i].ms, text);
	ck_assert_msg(strcmp(text, moments[_i].text) == 0, "%s: %s", moments[_i].name, text);
	ck_assert_msg(clock_parse(slice_of(text), &ms), "%s", moments[_i].name);
	ck_assert_msg(ms == moments[_i].ms, "%s: %lld", moments[_i].name, (long long)ms);
}
END_TEST

static const struct {
	const char *input;
	bool ok;
	int64_t ms;
} dates[] = {
	{ "2026-05-04", true, 1777852800000 },
	{ "2026-05-04T10:20:30Z", true, 1777890030000 },
	{ "2026-05-04t10:20:30z", true, 1777890030000 },
	{ "2026-05-04 10:20:30.5Z", true, 1777890030500 },
	{ "2026-05-04T10:20:30.123999Z", true, 1777890030123 },
	{ "2026-05-04T12:20:30+02:00", true, 1777890030000 },
	{ "2026-05-04T04:50:30-05:30", true, 1777890030000 },
	{ "2016-12-31T23:59:60Z", true, 1483228800000 },
	{ "2023-02-29", false, 0 },
	{ "2026-13-01", false, 0 },
	{ "2026-00-10", false, 0 },
	{ "2026-05-00", false, 0 },
	{ "2026-5-4", false, 0 },
	{ "2026-05-04T", false, 0 },
	{ "2026-05-04T24:00:00Z", false, 0 },
	{ "2026-05-04T10:20:30", false, 0 },
	{ "2026-05-04T10:20:30.Z", false, 0 },
	{ "2026-05-04T10:20:30Zx", false, 0 },
	{ "2026-05-04T10:20:30+2:00", false, 0 },
	{ "2026-05-04T10:20:30+24:00", false, 0 },
	{ "+026-05-04", false, 0 },
	{ "", false, 0 },
};

START_TEST(clock_reads_dates)
{
	struct slice input = heap_copy(dates[_i].input, strlen(dates[_i].input));
	int64_t ms = 4711;

	ck_assert_msg(clock_parse(input, &ms) == dates[_i].ok, "%s", dates[_i].input);
	ck_assert_msg(ms == (dates[_i].ok ? dates[_i].ms : 4711), "%s: %lld", dates[_i].input,
		      (long long)ms);
	free((void *)input.data);
}
END_TEST

START_TEST(clock_says_what_is_due)
{
	_Atomic int64_t next_ms = 0, other_ms = 0;

	ck_assert(clock_is_due(&next_ms, 3600000));
	ck_assert(!clock_is_due(&next_ms, 3600000));
	ck_assert(clock_is_due(&other_ms, 0));
	ck_assert(clock_is_due(&other_ms, 0));
}
END_TEST

START_TEST(clock_bounds_the_absurd)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(INT64_MAX, text);
	ck_assert_uint_eq(strlen(text), 24);
	clock_format(INT64_MIN, text);
	ck_assert_uint_eq(strlen(text), 24);
}
END_TEST

START_TEST(clock_waits_no_longer)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	int64_t before = clock_mono_ms();
	pthread_cond_t cond;

	clock_cond_init(&cond);
	pthread_mutex_lock(&mutex);
	clock_cond_wait(&cond, &mutex, before - 5);     /* in the past: at once */
	while (clock_mono_ms() < before + 30)
		clock_cond_wait(&cond, &mutex, before + 30);
	pthread_mutex_unlock(&mutex);
	ck_assert_int_ge(clock_mono_ms() - before, 30);
	pthread_cond_destroy(&cond);
}
END_TEST

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define TODAY_MS INT64_C(1777890030123)

/* One after the other, an hour apart: what the calendar says, and what is believed. */
static const struct {
	const char *name;
	int64_t utc_ms, wanted_ms;
} believed[] = {
	{ "the first is believed", TODAY_MS, TODAY_MS },
	{ "as time goes", TODAY_MS + HOUR_MS, TODAY_MS + HOUR_MS },
	{ "back", TODAY_MS - 300 * DAY_MS, TODAY_MS - 300 * DAY_MS },
	{ "and on, a day an hour", TODAY_MS, TODAY_MS - 299 * DAY_MS },
	{ "the same again", TODAY_MS, TODAY_MS - 298 * DAY_MS },
	{ "years ahead", TODAY_MS + 3000 * DAY_MS, TODAY_MS - 297 * DAY_MS },
	{ "half a day ahead", TODAY_MS - 297 * DAY_MS + DAY_MS / 2, TODAY_MS - 297 * DAY_MS + DAY_MS / 2 },
};

START_TEST(clock_date_goes_slowly)
{
	struct clock_date date = { 0, 0 };
	int64_t mono_ms = 5;

	for (unsigned i = 0; i < N_ROWS(believed); i++, mono_ms += HOUR_MS)
		ck_assert_msg(clock_date(&date, believed[i].utc_ms, mono_ms) == believed[i].wanted_ms,
			      "%s", believed[i].name);
	/* what matters is how much time went by, not how often it was looked at */
	for (int i = 0; i < 60; i++)
		clock_date(&date, INT64_MAX, mono_ms - HOUR_MS + (i + 1) * HOUR_MS / 60);
	ck_assert_int_eq(date.utc_ms, believed[N_ROWS(believed) - 1].wanted_ms + DAY_MS);
}
END_TEST

static Suite *base_suite(void)
{
	Suite *suite = suite_create("base");
	TCase *tcase = tcase_create("base");

	tcase_add_loop_test(tcase, slice_reads_numbers, 0, N_ROWS(numbers));
	tcase_add_loop_test(tcase, slice_knows_utf8, 0, N_ROWS(utf8));
	tcase_add_loop_test(tcase, slice_splits, 0, N_ROWS(splits));
	tcase_add_test(tcase, slice_compares_and_cuts);
	tcase_add_test(tcase, buf_refuses_as_a_whole);
	tcase_add_test(tcase, buf_grows);
	tcase_add_test(tcase, buf_printf_grows);
	tcase_add_test(tcase, buf_ints);
	tcase_add_test(tcase, arena_gives_zeroed_aligned_memory);
	tcase_add_test(tcase, arena_copies_text);
	tcase_add_test(tcase, names_go_both_ways);
	tcase_add_loop_test(tcase, logline_escapes, 0, N_ROWS(values));
	tcase_add_test(tcase, logline_is_cut_at_a_pair);
	tcase_add_test(tcase, logline_bounds_the_head);
	tcase_add_test(tcase, clock_date_goes_slowly);
	tcase_add_loop_test(tcase, clock_writes_and_reads, 0, N_ROWS(moments));
	tcase_add_loop_test(tcase, clock_reads_dates, 0, N_ROWS(dates));
	tcase_add_test(tcase, clock_says_what_is_due);
	tcase_add_test(tcase, clock_bounds_the_absurd);
	tcase_add_test(tcase, clock_waits_no_longer);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(base_suite())
