#include "testmain.h"

#include <stdio.h>

#include "base/buf.h"
#include "core/canon.h"

static const struct {
	const char *name;
	struct slice input;
	const char *simple, *relaxed;
} rows[] = {
	{ "empty", { "", 0 }, "\r\n", "" },
	{ "one line end", { "\r\n", 2 }, "\r\n", "" },
	{ "many line ends", { "\r\n\r\n\r\n", 6 }, "\r\n", "" },
	{ "line feeds alone", { "\n\n", 2 }, "\r\n", "" },
	{ "one line", { "a\r\n", 3 }, "a\r\n", "a\r\n" },
	{ "no line end", { "a", 1 }, "a\r\n", "a\r\n" },
	{ "empty lines at the end", { "a\r\n\r\n\r\n", 7 }, "a\r\n", "a\r\n" },
	{ "empty lines between", { "a\r\n\r\n\r\nb\r\n", 10 }, "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n" },
	{ "empty lines before", { "\r\n\r\na", 5 }, "\r\n\r\na\r\n", "\r\n\r\na\r\n" },
	{ "blanks at the end of a line", { "a \t\r\nb", 6 }, "a \t\r\nb\r\n", "a\r\nb\r\n" },
	{ "blanks at the end", { "a \t", 3 }, "a \t\r\n", "a\r\n" },
	{ "only blanks", { " \t", 2 }, " \t\r\n", "" },
	{ "lines of blanks at the end", { "a\r\n \r\n\t\r\n", 9 }, "a\r\n \r\n\t\r\n", "a\r\n" },
	{ "lines of blanks between", { "a\r\n \r\nb\r\n", 9 }, "a\r\n \r\nb\r\n", "a\r\n\r\nb\r\n" },
	{ "blanks inside", { "a \t b\tc\r\n", 9 }, "a \t b\tc\r\n", "a b c\r\n" },
	{ "blanks before", { "  a\r\n", 5 }, "  a\r\n", " a\r\n" },
	{ "line feed", { "a\nb \nc", 6 }, "a\r\nb \r\nc\r\n", "a\r\nb\r\nc\r\n" },
	{ "lone CR", { "a\rb\r\n", 5 }, "a\rb\r\n", "a\rb\r\n" },
	{ "lone CR at the end", { "a\r", 2 }, "a\r\r\n", "a\r\r\n" },
	{ "two CR and LF", { "a\r\r\nb", 5 }, "a\r\r\nb\r\n", "a\r\r\nb\r\n" },
	{ "only a CR", { "\r", 1 }, "\r\r\n", "\r\r\n" },
	{ "CR after a blank", { "a \rb", 4 }, "a \rb\r\n", "a \rb\r\n" },
	{ "CR before blanks", { "a\r \r\nb", 6 }, "a\r \r\nb\r\n", "a\r\r\nb\r\n" },
	{ "8-bit and other controls", { "\xFF\v\f\x7F", 4 }, "\xFF\v\f\x7F\r\n", "\xFF\v\f\x7F\r\n" },
};

static void sink(void *context, const char *data, size_t len)
{
	buf_add(context, data, len);
}

static void check(const char *name, enum canon method, struct slice input, size_t cut,
		  const char *wanted)
{
	struct canon_body canon;
	struct buf out;

	buf_init(&out, 1000);
	canon_body_init(&canon, method, sink, &out);
	canon_body_add(&canon, input.data, cut);
	canon_body_add(&canon, input.data + cut, input.len - cut);
	canon_body_end(&canon);
	ck_assert_msg(slice_is(buf_slice(&out), wanted), "%s, cut at %zu", name, cut);
	ck_assert_msg(canon.octets == strlen(wanted), "%s, cut at %zu", name, cut);
	buf_done(&out);
}

START_TEST(forms)
{
	struct slice input = heap_copy(rows[_i].input.data, rows[_i].input.len);

	for (size_t cut = 0; cut <= input.len; cut++) {
		check(rows[_i].name, CANON_SIMPLE, input, cut, rows[_i].simple);
		check(rows[_i].name, CANON_RELAXED, input, cut, rows[_i].relaxed);
	}
	free((void *)(uintptr_t)input.data);
}
END_TEST

START_TEST(octet_by_octet)
{
	for (int method = CANON_SIMPLE; method <= CANON_RELAXED; method++) {
		struct canon_body canon;
		struct buf out;

		buf_init(&out, 1000);
		canon_body_init(&canon, (enum canon)method, sink, &out);
		for (size_t i = 0; i < rows[_i].input.len; i++)
			canon_body_add(&canon, rows[_i].input.data + i, 1);
		canon_body_end(&canon);
		ck_assert_msg(slice_is(buf_slice(&out), method == CANON_SIMPLE ? rows[_i].simple : rows[_i].relaxed),
			      "%s", rows[_i].name);
		buf_done(&out);
	}
}
END_TEST

/* More than the buffer inside holds, in one line and in many. */
START_TEST(large_bodies)
{
	struct canon_body canon;
	struct buf out;
	char line[1000];

	memset(line, 'x', sizeof(line));
	buf_init(&out, 1 << 20);
	canon_body_init(&canon, CANON_RELAXED, sink, &out);
	for (int i = 0; i < 100; i++)
		canon_body_add(&canon, line, sizeof(line));
	for (int i = 0; i < 9000; i++)
		canon_body_add(&canon, " \r\n", 3);
	canon_body_add(&canon, "y", 1);
	canon_body_end(&canon);
	ck_assert_uint_eq(out.len, 100000 + 18000 + 3);
	ck_assert_uint_eq(canon.octets, out.len);
	ck_assert_mem_eq(out.data + 100000, "\r\n\r\n", 4);
	ck_assert_mem_eq(out.data + out.len - 5, "\r\ny\r\n", 5);
	buf_done(&out);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("canon");
	TCase *t = tcase_create("canon");

	tcase_add_loop_test(t, forms, 0, N_ROWS(rows));
	tcase_add_loop_test(t, octet_by_octet, 0, N_ROWS(rows));
	tcase_add_test(t, large_bodies);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
