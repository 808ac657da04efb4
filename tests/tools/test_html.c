#include "testmain.h"

#include "html.h"

static char *text;
static size_t len;
static FILE *out;

static void setup(void)
{
	out = open_memstream(&text, &len);
}

static void wants(const char *name, const char *wanted)
{
	fclose(out);
	ck_assert_msg(strcmp(text, wanted) == 0, "%s: \"%s\", wanted \"%s\"", name, text, wanted);
	free(text);
}

/* An empty `code`: as `text`. */
static const struct {
	const char *name, *input, *text, *code;
} texts[] = {
	{ "plain", "mx.example.com", "mx.example.com", NULL },
	{ "nothing", "", "-", "" },
	{ "markup", "<b a=\"1\" c='2'>&amp;", "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;", NULL },
	{ "controls", "a\r\x1b[0m\x01\x7f", "a\\x0D\\x1B[0m\\x01\\x7F", NULL },
	{ "lines", "a\tb\nc", "a\\x09b\\x0Ac", "a\tb\nc" },
	{ "backslash", "\\x41", "\\\\x41", "\\x41" },
	{ "UTF-8", "b\xc3\xbc" "cher \xe6\x97\xa5 \xf0\x9f\x93\xa7", "b\xc3\xbc" "cher \xe6\x97\xa5 \xf0\x9f\x93\xa7", NULL },
	{ "octets that are none", "\xff\xc3(\x80", "\\xFF\\xC3(\\x80", NULL },
	{ "cut short", "\xe6\x97", "\\xE6\\x97", NULL },
	{ "overlong", "\xc0\xbc", "\\xC0\\xBC", NULL },
	{ "surrogate", "\xed\xa0\x80", "\\xED\\xA0\\x80", NULL },
	{ "C1", "\xc2\x85", "\\xC2\\x85", NULL },
	{ "right to left", "\xe2\x80\xae" "a\xe2\x81\xa9", "\\xE2\\x80\\xAEa\\xE2\\x81\\xA9", NULL },
	{ "no width", "a\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x81\x81", "a\\xE2\\x80\\x8B\\xEF\\xBB\\xBF\\xF3\\xA0\\x81\\x81",
	  NULL },
	{ "no character of XML", "\xef\xbf\xbf\xf0\x9f\xbf\xbe", "\\xEF\\xBF\\xBF\\xF0\\x9F\\xBF\\xBE", NULL },
};

START_TEST(escaped)
{
	setup();
	html_text(out, texts[_i].input);
	wants(texts[_i].name, texts[_i].text);
	setup();
	html_code(out, texts[_i].input);
	wants(texts[_i].name, texts[_i].code != NULL ? texts[_i].code : texts[_i].text);
}
END_TEST

START_TEST(no_text)
{
	setup();
	html_put_text(out, "<b>", NULL, "</b>");
	wants("NULL", "<b>-</b>");
}
END_TEST

static const struct {
	const char *name;
	uint64_t n;
	const char *number, *plural;
} numbers[] = {
	{ "none", 0, "0", "0 domains" },
	{ "one", 1, "1", "1 domain" },
	{ "three digits", 999, "999", "999 domains" },
	{ "four", 1000, "1,000", "1,000 domains" },
	{ "ten", 1234567890, "1,234,567,890", "1,234,567,890 domains" },
	{ "all", UINT64_MAX, "18,446,744,073,709,551,615", "18,446,744,073,709,551,615 domains" },
};

START_TEST(number)
{
	setup();
	html_put_number(out, "<b>", numbers[_i].n, "");
	fputs(" | ", out);
	html_plural(out, numbers[_i].n, "domain", "domains");
	fflush(out);
	ck_assert_msg(strncmp(text + 3, numbers[_i].number, strlen(numbers[_i].number)) == 0, "%s: %s",
		      numbers[_i].name, text);
	ck_assert_msg(strcmp(strstr(text, " | ") + 3, numbers[_i].plural) == 0, "%s: %s", numbers[_i].name, text);
	fclose(out);
	free(text);
}
END_TEST

static const struct {
	const char *name;
	uint64_t n, of;
	const char *wanted;
} shares[] = {
	{ "of nothing", 0, 0, "0 %" },
	{ "none", 0, 5, "0 %" },
	{ "few", 1, 1001, "under 0.1 %" },
	{ "small", 7, 1000, "0.7 %" },
	{ "half", 5, 10, "50 %" },
	{ "nearly all", 999999, 1000000, "over 99.9 %" },
	{ "all", 7, 7, "100 %" },
};

START_TEST(share)
{
	setup();
	html_share(out, shares[_i].n, shares[_i].of);
	wants(shares[_i].name, shares[_i].wanted);
}
END_TEST

START_TEST(day)
{
	setup();
	html_day(out, INT64_C(1795305600000));
	wants("day", "2026-11-22");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("html");
	TCase *tc = tcase_create("html");

	tcase_add_loop_test(tc, escaped, 0, N_ROWS(texts));
	tcase_add_test(tc, no_text);
	tcase_add_loop_test(tc, number, 0, N_ROWS(numbers));
	tcase_add_loop_test(tc, share, 0, N_ROWS(shares));
	tcase_add_test(tc, day);
	suite_add_tcase(s, tc);
	return s;
}

TEST_MAIN(suite())
