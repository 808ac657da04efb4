/* What stands in the page. That it is well-formed HTML and XML: tests/tools/html.sh;
 * that it can be looked at: tests/system/html.sh. */
#include "testmain.h"

#include <errno.h>

#include "html.h"
#include "what_if_chart.h"
#include "tools/what_if_sample.h"

static char *page_of(const struct what_if_report *report)
{
	char path[] = "/tmp/what-if-XXXXXX", *text;
	int fd = mkstemp(path);
	FILE *in = fdopen(fd, "r");
	size_t size = 1 << 20, len;

	ck_assert_int_eq(what_if_write_html(report, path), 0);
	text = mem_alloc(size);
	len = fread(text, 1, size - 1, in);
	ck_assert(len < size - 1);
	text[len] = '\0';
	ck_assert_uint_eq(strlen(text), len);
	fclose(in);
	remove(path);
	return text;
}

static char *sample(const char *name)
{
	struct arena *arena = arena_new();
	char *page = page_of(what_if_sample(arena, name));

	arena_free(arena);
	return page;
}

static void has(const char *name, const char *page, const char *text)
{
	ck_assert_msg(strstr(page, text) != NULL, "%s: no \"%s\" in the page", name, text);
}

static unsigned count(const char *page, const char *text)
{
	unsigned n = 0;

	for (const char *p = page; (p = strstr(p, text)) != NULL; p++)
		n++;
	return n;
}

static const struct {
	const char *name, *headline, *next;
} headlines[] = {
	{ "month", "<h1><span class=\"stopped\">22,805 forged</span> messages would have been stopped, and "
	  "<span class=\"hurt\">356 genuine</span> ones hurt.</h1>",
	  "Add 4 rules</p>\n<p>They may save all 356, and let 6 forged through too." },
	{ "empty", "<h1>There is no mail in this period.</h1>", "Load mail" },
	{ "same", "<h1>Nothing would have changed.</h1>", "Nothing to do" },
	{ "calm", "forged</span> messages would have been stopped, and no genuine one hurt.</h1>", "Enforce" },
	{ "milder", "<span class=\"milder\">1 message</span> would have been treated more mildly, and none more "
	  "strictly.</h1>", "Look at what is milder" },
	{ "undecided", "<h1>Nothing can be said: none of this mail can be decided again.</h1>", "Read why not" },
	{ "huge", "5,379,200,000 forged", "Look at 4 networks" },
};

START_TEST(headline)
{
	char *page = sample(headlines[_i].name);

	has(headlines[_i].name, page, headlines[_i].headline);
	has(headlines[_i].name, page, headlines[_i].next);
	free(page);
}
END_TEST

START_TEST(fewest_rules)
{
	struct arena *arena = arena_new();
	struct what_if_report *report = what_if_sample(arena, "month");
	char *page;

	report->n_forwarders = 0;
	page = page_of(report);
	has("part", page, "Add 3 rules</p>\n<p>They may save 314 of the 356, and let 2 forged through too.");
	free(page);
	report->hurt = 212;
	page = page_of(report);
	has("all by the first", page, "Add 1 rule</p>\n<p>It saves all 212, and lets no forged message through.");
	free(page);
	report->n_networks = 0;
	page = page_of(report);
	has("by author", page, "Add 1 rule</p>\n<p>It saves all 212,");
	free(page);
	arena_free(arena);
}
END_TEST

/* A rule that several rows suggest is shown once. */
START_TEST(same_rule_once)
{
	char *page = sample("month");

	ck_assert_uint_eq(count(page, "{ id = &quot;list-users&quot;"), 1);
	ck_assert_uint_eq(count(page, "The rule suggested for 192.0.2.0/24 saves it."), 2);
	free(page);
}
END_TEST

static const struct {
	const char *name, *sample, *wanted;
} parts[] = {
	{ "lines of a rule stay", "month", ";\n  expires = &quot;2027-02-19&quot;;\n" },
	{ "stricter", "month", "<td class=\"n up\" data-of=\"then rejected\">&#9650;&#160;7,720</td>" },
	{ "milder", "month", "<td class=\"n down\" data-of=\"then delivered\">&#9660;&#160;12</td>" },
	{ "days", "month", "Each bar is 1 day." },
	{ "weeks", "huge", "Each bar is 7 days." },
	{ "weeks in the table", "huge", "Messages by day, each row 7 days from its date on (UTC)" },
	{ "no changes", "same", "On no day would anything change." },
	{ "domain", "same", "17 messages from <bdi>example.com</bdi> and below" },
	{ "at least", "huge", "from at least 41 author domains to at least 12 recipient domains" },
	{ "why undecided", "undecided", "17 messages could not be decided again: rule &quot;a&quot; names" },
	{ "refused", "undecided", "<li>1 line of the journal was no decision that can be read, and is in no" },
	{ "no rule", "huge", "No rule is narrow enough" },
	{ "ordinary mail is not drawn", "month", "Not drawn: 3,227,369 of which nothing was asked" },
	{ "forwarder", "month", "<small>of 1,412; 97 authors</small>" },
	{ "exempt", "month", "48,211 messages were exempt" },
};

START_TEST(part)
{
	char *page = sample(parts[_i].sample);

	has(parts[_i].name, page, parts[_i].wanted);
	free(page);
}
END_TEST

/* Whatever speaks for a sender is told in words, in a line of its own. */
START_TEST(every_plea_has_words)
{
	for (const struct name_row *plea = plea_names; plea->name != NULL; plea++) {
		struct arena *arena = arena_new();
		struct what_if_report *report = what_if_sample(arena, "month");
		unsigned lines[2];

		for (unsigned with = 0; with < 2; with++) {
			struct hurt plain = {
				.key = "192.0.2.0/24", .n = 1, .rejected = 1, .pleas = with ? (unsigned)plea->value : 0,
			};
			char *page;

			report->networks[0] = plain;
			page = page_of(report);
			lines[with] = count(page, "<li>");
			free(page);
		}
		ck_assert_msg(lines[1] == lines[0] + 1, "%s: %u lines more, wanted 1", plea->name,
			      lines[1] - lines[0]);
		arena_free(arena);
	}
}
END_TEST

/* Markup of strangers is text: no element is in the hostile page that is not in the ordinary one. */
START_TEST(hostile)
{
	static const char *const never[] = {
		"<script", "<img", "<h1>taken", " onmouseover='", "<!--", "]]>", "\x1b", "\x01", "\x7f", "\xff",
		"\xe2\x80\xae", "\xef\xbb\xbf",
	};
	char *page = sample("hostile");

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		ck_assert_msg(strstr(page, never[i]) == NULL, "\"%s\" is in the page", never[i]);
	for (unsigned i = 0; i < n_what_if_hostile; i++) {
		char *text;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		html_put_text(out, "<bdi>", what_if_hostile[i], "</bdi>");
		fclose(out);
		has("hostile", page, text);
		free(text);
	}
	free(page);
}
END_TEST

START_TEST(nothing_from_elsewhere)
{
	static const char *const never[] = {
		"<script", "http:", "https:", "url(", "@import", "src=", "javascript:", "xlink", "<link", "<object",
		"<iframe", "<form",
	};

	for (const struct what_if_sample *s = what_if_samples; s->name != NULL; s++) {
		char *page = sample(s->name);

		for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
			ck_assert_msg(strstr(page, never[i]) == NULL || strcmp(s->name, "hostile") == 0,
				      "%s: \"%s\" is in the page", s->name, never[i]);
		ck_assert_uint_eq(count(page, "href=\"#"), count(page, "href="));
		has(s->name, page, "default-src 'none'");
		free(page);
	}
}
END_TEST

/* Days in any order, with some between that have no mail, and more than bars. */
static const struct {
	const char *name;
	int64_t days[3];
	unsigned each, n;
	uint64_t first, last;
} bars_rows[] = {
	{ "one", { 0, 0, 0 }, 1, 1, 3, 3 },
	{ "a gap", { 9, 4, 5 }, 1, 6, 1, 1 },
	{ "as many as there are bars", { 0, 1, 119 }, 1, 120, 1, 1 },
	{ "one more", { 0, 1, 120 }, 7, 18, 2, 1 },
	{ "as many as there are weeks", { 0, 6, 839 }, 7, 120, 2, 1 },
	{ "more", { 0, 13, 840 }, 14, 61, 2, 1 },
	{ "ten years", { 0, 3649, 3650 }, 35, 105, 1, 2 },
};

START_TEST(bars)
{
	struct what_if_day days[3];
	struct what_if_report report = { .days = days, .n_days = 3 };
	struct what_if_bars found;

	for (unsigned i = 0; i < 3; i++)
		days[i] = (struct what_if_day){ .day_ms = bars_rows[_i].days[i] * INT64_C(86400000), .n = 1 };
	what_if_chart_bars_init(&found, &report);
	ck_assert_msg(found.days_each == bars_rows[_i].each && found.n == bars_rows[_i].n,
		      "%s: %u bars of %u days", bars_rows[_i].name, found.n, found.days_each);
	ck_assert_uint_eq(found.bars[0].n, bars_rows[_i].first);
	ck_assert_uint_eq(found.bars[found.n - 1].n, bars_rows[_i].last);
}
END_TEST

static const struct {
	const char *name, *path;
	int wanted;
} paths[] = {
	{ "no folder", "/nonexistent/page.html", ENOENT },
	{ "full", "/dev/full", ENOSPC },
};

START_TEST(cannot_write)
{
	struct arena *arena = arena_new();

	errno = 0;
	ck_assert_int_eq(what_if_write_html(what_if_sample(arena, "month"), paths[_i].path), -1);
	ck_assert_msg(errno == paths[_i].wanted, "%s: %s", paths[_i].name, strerror(errno));
	arena_free(arena);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("what_if_html");
	TCase *tc = tcase_create("what_if_html");

	tcase_add_loop_test(tc, headline, 0, N_ROWS(headlines));
	tcase_add_test(tc, fewest_rules);
	tcase_add_test(tc, same_rule_once);
	tcase_add_loop_test(tc, part, 0, N_ROWS(parts));
	tcase_add_test(tc, every_plea_has_words);
	tcase_add_test(tc, hostile);
	tcase_add_test(tc, nothing_from_elsewhere);
	tcase_add_loop_test(tc, bars, 0, N_ROWS(bars_rows));
	tcase_add_loop_test(tc, cannot_write, 0, N_ROWS(paths));
	suite_add_tcase(s, tc);
	return s;
}

TEST_MAIN(suite())
