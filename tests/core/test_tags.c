#include "testmain.h"

#include "core/tags.h"

static const struct {
	const char *name, *input;
	bool valid;
	const char *tag, *value;        /* one that is looked for */
} rows[] = {
	{ "plain", "a=1;b=2", true, "b", "2" },
	{ "trailing semicolon", "a=1; b=2 ;", true, "b", "2" },
	{ "folds", "a=1;\r\n\tb = x\r\n y", true, "b", "x\r\n y" },
	{ "empty value", "p=;k=rsa", true, "p", "" },
	{ "equals inside a value", "b=aGk==; x=1", true, "b", "aGk==" },
	{ "absent", "a=1", true, "b", NULL },
	{ "names are case-sensitive", "A=1;a=2", true, "a", "2" },
	{ "duplicate", "a=1;b=2;a=3", false, NULL, NULL },
	{ "empty spec", "a=1;;b=2", false, NULL, NULL },
	{ "two trailing semicolons", "a=1;;", false, NULL, NULL },
	{ "no equals", "a", false, NULL, NULL },
	{ "name begins with a digit", "1a=x", false, NULL, NULL },
	{ "blank in a name", "a b=x", false, NULL, NULL },
	{ "control octet in a value", "a=x\001", false, NULL, NULL },
	{ "UTF-8 in a value", "a=\xC3\xBC", true, "a", "\xC3\xBC" },
	{ "UTF-8 in a name", "\xC3\xBC=a", false, NULL, NULL },
	{ "8-bit that is not UTF-8", "a=\xFC", false, NULL, NULL },
	{ "DEL in a value", "a=\x7F", false, NULL, NULL },
	{ "empty", "", false, NULL, NULL },
	{ "only white space", " \r\n ", false, NULL, NULL },
};

START_TEST(parses)
{
	struct slice input = heap_copy(rows[_i].input, strlen(rows[_i].input));
	struct tags tags;
	bool ok = tags_parse(input, &tags);

	ck_assert_msg(ok == rows[_i].valid, "%s", rows[_i].name);
	ck_assert_msg(ok || tags.error != NULL, "%s", rows[_i].name);
	if (ok && rows[_i].tag != NULL) {
		struct slice value = tags_get(&tags, rows[_i].tag);

		ck_assert_msg((value.data != NULL) == (rows[_i].value != NULL), "%s", rows[_i].name);
		ck_assert_msg(value.data == NULL || slice_is(value, rows[_i].value), "%s", rows[_i].name);
	}
	free((void *)(uintptr_t)input.data);
}
END_TEST

START_TEST(bounds_the_number)
{
	char text[8 * (TAGS_MAX + 1)];
	int at = 0;
	struct tags tags;

	for (int i = 0; i <= TAGS_MAX; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, "t%d=1;", i);
	ck_assert(!tags_parse(slice_new(text, (size_t)at), &tags));
	ck_assert_str_eq(tags.error, "too many tags");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("tags");
	TCase *t = tcase_create("tags");

	tcase_add_loop_test(t, parses, 0, N_ROWS(rows));
	tcase_add_test(t, bounds_the_number);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
