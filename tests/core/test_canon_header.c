#include "testmain.h"

#include "base/buf.h"
#include "core/canon_header.h"

static const struct {
	const char *name;
	const char *field;
	const char *simple, *relaxed;
} rows[] = {
	{ "plain", "A: X", "A: X", "a:X" },
	{ "no blank", "Subject:x", "Subject:x", "subject:x" },
	{ "blanks around the colon", "Subject \t:  \t x", "Subject \t:  \t x", "subject:x" },
	{ "fold", "B : Y\t\r\n\tZ  ", "B : Y\t\r\n\tZ  ", "b:Y Z" },
	{ "fold first", "To:\r\n a@example.com", "To:\r\n a@example.com", "to:a@example.com" },
	{ "fold last", "To: a\r\n ", "To: a\r\n ", "to:a" },
	{ "only blanks", "To: \t \r\n\t", "To: \t \r\n\t", "to:" },
	{ "empty", "To:", "To:", "to:" },
	{ "blanks inside", "To: a \t  b\tc", "To: a \t  b\tc", "to:a b c" },
	{ "colons in the value", "To: a : b:c", "To: a : b:c", "to:a : b:c" },
	{ "value keeps its case", "X-A: Bc", "X-A: Bc", "x-a:Bc" },
	{ "8-bit and controls", "X: \xFF\v\f \x7F", "X: \xFF\v\f \x7F", "x:\xFF\v\f \x7F" },
	{ "no colon", "X", "X", "x:" },
	{ "nothing", "", "", ":" },
};

static const struct {
	const char *name;
	const char *field;
	const char *simple, *relaxed;
} signatures[] = {
	{ "in the middle", "S: a=1; b=abc; d=x", "S: a=1; b=; d=x", "s:a=1; b=; d=x" },
	{ "last", "S: a=1; b=abc", "S: a=1; b=", "s:a=1; b=" },
	{ "last with a semicolon", "S: a=1; b=abc;", "S: a=1; b=;", "s:a=1; b=;" },
	{ "first", "S: b=abc; a=1", "S: b=; a=1", "s:b=; a=1" },
	{ "without a blank", "S:b=abc;a=1", "S:b=;a=1", "s:b=;a=1" },
	{ "folded value", "S: b=ab\r\n\tcd ef;\r\n a=1", "S: b=;\r\n a=1", "s:b=; a=1" },
	{ "blanks around the value", "S: b= abc \r\n ; a=1", "S: b=; a=1", "s:b=; a=1" },
	{ "blanks at the end", "S: a=1; b=abc \r\n ", "S: a=1; b=", "s:a=1; b=" },
	{ "blanks before the sign", "S: a=1; b \r\n = abc; d=x", "S: a=1; b \r\n =; d=x", "s:a=1; b =; d=x" },
	{ "empty already", "S: b=; a=1", "S: b=; a=1", "s:b=; a=1" },
	{ "= inside", "S: b=ab==; a=b=c", "S: b=; a=b=c", "s:b=; a=b=c" },
	{ "not bh", "S: bh=x; b=y; xb=z", "S: bh=x; b=; xb=z", "s:bh=x; b=; xb=z" },
	{ "not B", "S: B=x; b=y", "S: B=x; b=", "s:B=x; b=" },
	{ "b= in another value", "S: z=b=1; b=2", "S: z=b=1; b=", "s:z=b=1; b=" },
	{ "none", "S: a=1; c", "S: a=1; c", "s:a=1; c" },
	{ "in the name", "b=x: a=1", "b=x: a=1", "b=x:a=1" },
	{ "no colon", "b=x", "b=x", "b=x:" },
};

static void sink(void *context, const char *data, size_t len)
{
	buf_add(context, data, len);
}

static void check(const char *name, enum canon method, const char *text, bool signature,
		  const char *wanted)
{
	struct slice field = heap_copy(text, strlen(text));
	struct buf out;

	buf_init(&out, 10000);
	canon_header(method, field, signature ? canon_header_signature(field) : SLICE(""), sink, &out);
	ck_assert_msg(strcmp(buf_str(&out), wanted) == 0, "%s: %s", name, buf_str(&out));
	buf_done(&out);
	free((void *)(uintptr_t)field.data);
}

START_TEST(forms)
{
	check(rows[_i].name, CANON_SIMPLE, rows[_i].field, false, rows[_i].simple);
	check(rows[_i].name, CANON_RELAXED, rows[_i].field, false, rows[_i].relaxed);
}
END_TEST

START_TEST(own_field_goes_without_its_value)
{
	check(signatures[_i].name, CANON_SIMPLE, signatures[_i].field, true, signatures[_i].simple);
	check(signatures[_i].name, CANON_RELAXED, signatures[_i].field, true, signatures[_i].relaxed);
}
END_TEST

START_TEST(long_fields)
{
	char field[5000], wanted[5000];

	memset(field, 'a', sizeof(field) - 1);
	memset(wanted, 'a', sizeof(wanted) - 1);
	field[sizeof(field) - 1] = wanted[sizeof(wanted) - 1] = '\0';
	memcpy(field, "N:", 2);
	memcpy(wanted, "n:", 2);
	check("long", CANON_SIMPLE, field, false, field);
	check("long", CANON_RELAXED, field, false, wanted);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("canon_header");
	TCase *t = tcase_create("canon_header");

	tcase_add_loop_test(t, forms, 0, N_ROWS(rows));
	tcase_add_loop_test(t, own_field_goes_without_its_value, 0, N_ROWS(signatures));
	tcase_add_test(t, long_fields);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
