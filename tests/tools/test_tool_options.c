#include "testmain.h"

#include "alignctl.h"
#include "tool_options.h"

#define ITEMS 2
#define WORDS 8

/* What tool_usage() was told; nothing is printed here. */
static unsigned n_told;

int tool_usage(const char *name, const char *format, ...)
{
	ck_assert_str_eq(name, "command");
	ck_assert_ptr_nonnull(format);
	n_told++;
	return EX_USAGE;
}

/* Where the options below go, and the first of what is left; "" stands for none. */
static const struct {
	const char *name, *arguments[WORDS];
	int code;
	bool helped, flag;
	const char *text, *letter_only, *items[ITEMS], *left;
} rows[] = {
	{ "nothing", { "rest" }, 0, false, false, "", "", { "", "" }, "rest" },
	{ "words", { "--flag", "--text", "a", "--item=b" }, 0, false, true, "a", "", { "b", "" }, "" },
	{ "letters", { "-f", "-ta", "-i", "b", "rest" }, 0, false, true, "a", "", { "b", "" }, "rest" },
	{ "the last one counts", { "-t", "a", "--text", "b" }, 0, false, false, "b", "", { "", "" }, "" },
	{ "a list keeps all", { "-i", "a", "--item", "b" }, 0, false, false, "", "", { "a", "b" }, "" },
	{ "until it is full", { "-i", "a", "-i", "b", "-i", "c" }, EX_USAGE, false, false, "", "", { "a", "b" }, "" },
	{ "only a letter", { "-o", "a" }, 0, false, false, "", "a", { "", "" }, "" },
	{ "only a word", { "--word", "a" }, 0, false, false, "a", "", { "", "" }, "" },
	{ "not its letter", { "-w", "a" }, EX_USAGE, false, false, "", "", { "", "" }, "" },
	{ "begun, as far as it is clear", { "--fl" }, 0, false, true, "", "", { "", "" }, "" },
	{ "after what is left", { "rest", "-f" }, 0, false, true, "", "", { "", "" }, "rest" },
	{ "the end of options", { "--", "-f" }, 0, false, false, "", "", { "", "" }, "-f" },
	{ "no such word", { "--none" }, EX_USAGE, false, false, "", "", { "", "" }, "" },
	{ "argument missing", { "--text" }, EX_USAGE, false, false, "", "", { "", "" }, "" },
	{ "argument not wanted", { "--flag=a" }, EX_USAGE, false, false, "", "", { "", "" }, "" },
	{ "help", { "--help", "--none" }, 0, true, false, "", "", { "", "" }, "" },
	{ "help by its letter", { "-f", "-h", "-t", "a" }, 0, true, true, "", "", { "", "" }, "" },
	{ "help after a fault", { "--none", "--help" }, EX_USAGE, false, false, "", "", { "", "" }, "" },
};

static int parse(char **arguments, bool *helped_r, bool *flag_r, const char **text_r,
		 const char **letter_only_r, struct tool_list *list)
{
	const struct tool_option options[] = {
		{ "flag", 'f', .flag = flag_r },
		{ "text", 't', .argument = text_r },
		{ "word", '\0', .argument = text_r },
		{ NULL, 'o', .argument = letter_only_r },
		{ "item", 'i', .list = list },
	};
	int n = 0;

	while (arguments[n] != NULL)
		n++;
	optind = 0;                     /* begins anew */
	opterr = 0;
	n_told = 0;
	return TOOL_OPTIONS(n, arguments, options, "", helped_r);
}

START_TEST(options)
{
	char *arguments[WORDS + 1] = { (char *)"command" };
	const char *text = "", *letter_only = "", *items[ITEMS] = { "", "" };
	struct tool_list list = { .items = items, .max = ITEMS };
	bool helped, flag = false;
	int code;

	for (int i = 0; i + 1 < WORDS; i++)
		arguments[i + 1] = (char *)(uintptr_t)rows[_i].arguments[i];
	code = parse(arguments, &helped, &flag, &text, &letter_only, &list);
	ck_assert_msg(code == rows[_i].code && n_told == (code != 0), "%s: %d", rows[_i].name, code);
	ck_assert_msg(helped == rows[_i].helped && flag == rows[_i].flag, "%s", rows[_i].name);
	ck_assert_str_eq(text, rows[_i].text);
	ck_assert_str_eq(letter_only, rows[_i].letter_only);
	for (int i = 0; i < ITEMS; i++)
		ck_assert_str_eq(items[i], rows[_i].items[i]);
	if (code == 0 && !helped)
		ck_assert_str_eq(arguments[optind] != NULL ? arguments[optind] : "", rows[_i].left);
}
END_TEST

START_TEST(none_left)
{
	char *arguments[] = { (char *)"command", (char *)"rest", NULL };

	n_told = 0;
	optind = 2;
	ck_assert_int_eq(tool_none_left(2, arguments), 0);
	optind = 1;
	ck_assert_int_eq(tool_none_left(2, arguments), EX_USAGE);
	ck_assert_uint_eq(n_told, 1);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("tool_options");
	TCase *tc = tcase_create("tool_options");

	tcase_add_loop_test(tc, options, 0, N_ROWS(rows));
	tcase_add_test(tc, none_left);
	suite_add_tcase(s, tc);
	return s;
}

TEST_MAIN(suite())
