/* The page: what stands where, and its sentences. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "what_if_chart.h"
#include "what_if_style.h"
#include "what_if_tables.h"

#define WHAT_IF_ROWS 100        /* of each table, at most */

struct page {
	FILE *out;
	const struct what_if_report *report;
	struct what_if_bars bars;
	struct what_if_flow flow;
};

/* ---- what to do next ---- */

/* Rules that would save most, as few as do. Two may save the same mail: `saves` is
 * at most. */
struct rules {
	const struct suggestion *items[3 * WHAT_IF_ROWS];
	unsigned n;
	uint64_t saves, passes;
};

static void add_rule(struct rules *rules, const struct suggestion *s)
{
	if (s->text == NULL || s->saves == 0 || rules->n == sizeof(rules->items) / sizeof(rules->items[0]))
		return;
	for (unsigned i = 0; i < rules->n; i++)
		if (strcmp(rules->items[i]->text, s->text) == 0)
			return;
	rules->items[rules->n++] = s;
}

static int compare_saves(const void *a, const void *b)
{
	const struct suggestion *x = *(const struct suggestion *const *)a;
	const struct suggestion *y = *(const struct suggestion *const *)b;

	if (x->saves != y->saves)
		return x->saves > y->saves ? -1 : 1;
	return strcmp(x->text, y->text);
}

/* Leaves out what is no longer needed once the larger ones have saved all. */
static void count_rules(struct rules *rules, uint64_t hurt)
{
	unsigned n = 0;

	qsort(rules->items, rules->n, sizeof(rules->items[0]), compare_saves);
	for (; n < rules->n && rules->saves < hurt; n++) {
		rules->saves += rules->items[n]->saves;
		rules->passes += rules->items[n]->passes;
	}
	rules->n = n;
	rules->saves = rules->saves < hurt ? rules->saves : hurt;
}

/* By client, or by author: both are about the same mail. Rules by client are fewer, and
 * seldom save the same. */
static struct rules best_rules(const struct what_if_report *r)
{
	struct rules clients = { .n = 0 }, authors = { .n = 0 };

	for (unsigned i = 0; i < r->n_networks; i++)
		add_rule(&clients, &r->networks[i].suggestion);
	for (unsigned i = 0; i < r->n_forwarders; i++)
		add_rule(&clients, &r->forwarders[i].suggestion);
	for (unsigned i = 0; i < r->n_authors; i++)
		add_rule(&authors, &r->authors[i].suggestion);
	count_rules(&clients, r->hurt);
	count_rules(&authors, r->hurt);
	return authors.saves / 2 > clients.saves ? authors : clients;
}

static void put_rules_next(FILE *out, const struct what_if_report *r, const struct rules *rules)
{
	fputs("<p class=\"big\">Add ", out);
	html_plural(out, rules->n, "rule", "rules");
	fputs(rules->n == 1 ? "</p>\n<p>It saves " : "</p>\n<p>They may save ", out);
	if (rules->saves == r->hurt)
		fputs("all ", out);
	else
		html_put_number(out, "", rules->saves, " of the ");
	html_put_number(out, "", r->hurt, rules->n == 1 ? ", and lets " : ", and let ");
	if (rules->passes == 0)
		fputs("no forged message through.", out);
	else
		html_put_number(out, "", rules->passes, " forged through too.");
	fprintf(out, " <a href=\"#hurt\">See %s</a>, then ask again.</p>\n", rules->n == 1 ? "it" : "them");
}

static void put_look_next(FILE *out, const struct what_if_report *r)
{
	fputs("<p class=\"big\">Look at ", out);
	html_plural(out, r->n_networks, "network", "networks");
	fputs("</p>\n<p>No rule is narrow enough to save their mail. <a href=\"#networks\">See what speaks for "
	      "it</a> before you decide.</p>\n", out);
}

static const char *const nothing_to_say[][2] = {
	{ "Load mail", "Run <code>alignctl load</code>, or ask about a longer period." },
	{ "Read why not", "None of this mail can be decided again. <a href=\"#undecided\">See why</a>." },
	{ "Nothing to do", "These settings do the same to the same mail." },
	{ "Look at what is milder", "Mail that is held back now would come through. See whether you want that." },
	{ "Enforce", "Nothing that was seen speaks for the mail that would be stopped. "
	  "<a href=\"#forged\">See whose name it bears</a>." },
};

static void put_next(FILE *out, const struct what_if_report *r)
{
	struct rules rules = best_rules(r);
	int i = r->messages == 0 ? 0 : r->decided == 0 ? 1 : r->changed == 0 ? 2 : r->stopped == 0 ? 3 : 4;

	fputs("<section class=\"card next\">\n<h2>What to do next</h2>\n", out);
	if (r->hurt > 0 && rules.n > 0)
		put_rules_next(out, r, &rules);
	else if (r->hurt > 0)
		put_look_next(out, r);
	else
		fprintf(out, "<p class=\"big\">%s</p>\n<p>%s</p>\n", nothing_to_say[i][0], nothing_to_say[i][1]);
	fputs("</section>\n", out);
}

/* ---- the headline ---- */

static void put_counted(FILE *out, const char *class, uint64_t n, const char *kind, const char *behind)
{
	fprintf(out, "<span class=\"%s\">", class);
	html_number(out, n);
	fprintf(out, " %s</span>%s", kind, behind);
}

static void put_stricter(FILE *out, const struct what_if_report *r)
{
	if (r->stopped > 0 && r->hurt > 0) {
		put_counted(out, "stopped", r->stopped, "forged", r->stopped == 1 ? " message" : " messages");
		fputs(" would have been stopped, and ", out);
		put_counted(out, "hurt", r->hurt, "genuine", r->hurt == 1 ? " one hurt." : " ones hurt.");
	} else if (r->stopped > 0) {
		put_counted(out, "stopped", r->stopped, "forged", r->stopped == 1 ? " message" : " messages");
		fputs(" would have been stopped, and no genuine one hurt.", out);
	} else {
		put_counted(out, "hurt", r->hurt, "genuine", r->hurt == 1 ? " message" : " messages");
		fputs(" would have been hurt, and no forged one stopped.", out);
	}
}

static void put_headline(FILE *out, const struct what_if_report *r)
{
	if (r->messages == 0)
		fputs("There is no mail in this period.", out);
	else if (r->decided == 0)
		fputs("Nothing can be said: none of this mail can be decided again.", out);
	else if (r->changed == 0)
		fputs("Nothing would have changed.", out);
	else if (r->stopped == 0 && r->hurt == 0) {
		put_counted(out, "milder", r->milder, r->milder == 1 ? "message" : "messages", "");
		fputs(" would have been treated more mildly, and none more strictly.", out);
	} else
		put_stricter(out, r);
}

static void put_period(FILE *out, const struct what_if_report *r)
{
	int64_t first = r->span.since_ms, last = r->span.until_ms != 0 ? r->span.until_ms - 1 : 0;

	if (r->n_days > 0) {
		first = r->days[0].day_ms;
		last = r->days[r->n_days - 1].day_ms;
	}
	html_day(out, first);
	fputs(" to ", out);
	if (last != 0)
		html_day(out, last);
	else
		fputs("now", out);
}

static void put_question(FILE *out, const struct what_if_report *r)
{
	const struct what_if_setting *s = r->settings;

	if (r->n_settings == 0) {
		fputs("<p>No setting that decides differs.</p>\n", out);
		return;
	}
	html_put_text(out, "<p>What if <code>", s->name, "</code> ");
	html_put_text(out, "were <code>", s->after, "</code> ");
	html_put_text(out, "instead of <code>", s->before, "</code>");
	if (r->n_settings > 1)
		html_put_number(out, ", and <a href=\"#settings\">", r->n_settings - 1,
				r->n_settings == 2 ? " other setting too</a>" : " other settings too</a>");
	fputs("?</p>\n", out);
}

static void put_header(FILE *out, const struct what_if_report *r)
{
	fputs("<header>\n<p class=\"over\">What-if: ", out);
	put_period(out, r);
	fputs(", ", out);
	html_plural(out, r->messages, "message", "messages");
	if (r->domain != NULL)
		html_put_text(out, " from <bdi>", r->domain, "</bdi> and below");
	fputs("</p>\n<h1>", out);
	put_headline(out, r);
	fputs("</h1>\n", out);
	put_question(out, r);
	fputs("</header>\n", out);
}

/* ---- the cards ---- */

static void put_stopped_card(FILE *out, const struct what_if_report *r)
{
	fprintf(out, "<section class=\"card%s\">\n<h2>Forged, would be stopped</h2>\n<p class=\"big\">",
		r->stopped > 0 ? " stopped" : "");
	html_number(out, r->stopped);
	fputs("</p>\n<p>", out);
	html_share(out, r->stopped, r->decided);
	fputs(" of the mail; nothing speaks for ", out);
	fputs(r->stopped == 1 ? "it.</p>\n</section>\n" : "them.</p>\n</section>\n", out);
}

static void put_hurt_card(FILE *out, const struct what_if_report *r)
{
	fprintf(out, "<section class=\"card %s\">\n<h2>Genuine, would be hurt</h2>\n<p class=\"big\">",
		r->hurt > 0 ? "hurt" : r->stopped > 0 ? "good" : "");
	html_number(out, r->hurt);
	fputs("</p>\n<p>", out);
	html_share(out, r->hurt, r->decided);
	fputs(r->hurt > 0 ? " of the mail; <a href=\"#hurt\">something speaks for it</a>.</p>\n" :
			    " of the mail.</p>\n", out);
	fputs("</section>\n", out);
}

/* ---- the rest ---- */

static void section(FILE *out, const char *id, const char *title)
{
	fprintf(out, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
}

static void section_end(FILE *out)
{
	fputs("</section>\n", out);
}

static void put_flow(const struct page *page)
{
	FILE *out = page->out;

	section(out, "flow", "From asked to done");
	html_put_number(out, "<p>Not drawn: ", page->flow.n[ASKED_NOTHING][DONE_ACCEPT],
			" of which nothing was asked and which would be delivered.</p>\n<div class=\"pair\">\n<div>\n");
	what_if_chart_flow(out, &page->flow);
	fputs("</div>\n<div>\n", out);
	what_if_tables_flow(out, &page->flow);
	fputs("</div>\n</div>\n", out);
	section_end(out);
}

static void put_matrix(const struct page *page)
{
	const struct what_if_report *r = page->report;
	FILE *out = page->out;

	section(out, "matrix", "Now and then");
	fputs("<p>", out);
	html_plural(out, r->changed, "message", "messages");
	fputs(" would be treated otherwise: ", out);
	html_put_number(out, "", r->stopped + r->hurt, " more strictly, ");
	html_put_number(out, "", r->milder, " more mildly. They are from ");
	fputs(r->at_least ? "at least " : "", out);
	html_plural(out, r->senders_changed, "author domain", "author domains");
	fputs(r->at_least ? " to at least " : " to ", out);
	html_plural(out, r->recipients_changed, "recipient domain.</p>\n", "recipient domains.</p>\n");
	what_if_tables_matrix(out, r);
	section_end(out);
}

static void put_forwarders(FILE *out, const struct what_if_report *r)
{
	if (r->n_forwarders == 0)
		return;
	fputs("<h3 id=\"forwarders\">Who forwards mail to you</h3>\n", out);
	what_if_tables_forwarders(out, r);
}

static void put_hurt_tables(const struct page *page)
{
	const struct what_if_report *r = page->report;
	FILE *out = page->out;

	section(out, "hurt", "Who would be hurt, and what would save them");
	if (r->hurt == 0) {
		fputs("<p>Nobody whom anything speaks for.</p>\n", out);
		put_forwarders(out, r);
		section_end(out);
		return;
	}
	fputs("<p>Suggested rules are never applied by themselves. To take one, copy it into "
	      "<code>rules = ( )</code> of the settings, and ask again. The tables look at the same mail "
	      "from different sides.</p>\n"
	      "<h3 id=\"networks\">By client network</h3>\n", out);
	what_if_tables_networks(out, r);
	fputs("<h3 id=\"authors\">By author domain</h3>\n", out);
	what_if_tables_authors(out, r);
	put_forwarders(out, r);
	section_end(out);
}

static void put_other_tables(const struct page *page)
{
	const struct what_if_report *r = page->report;

	section(page->out, "forged", "Whose name was forged");
	if (r->n_forged > 0)
		what_if_tables_forged(page->out, r);
	else
		fputs("<p>No forgery would be stopped.</p>\n", page->out);
	section_end(page->out);
	section(page->out, "settings", "What was asked");
	if (r->n_settings > 0)
		what_if_tables_settings(page->out, r);
	else
		fputs("<p>No setting that decides differs.</p>\n", page->out);
	section_end(page->out);
}

static void put_undecided(const struct page *page)
{
	const struct what_if_report *r = page->report;
	FILE *out = page->out;

	section(out, "undecided", "What this does not tell");
	fputs("<ul>\n<li>", out);
	if (r->undecided == 0)
		fputs("Every message could be decided again", out);
	else
		html_plural(out, r->undecided, "message could not be decided again",
			    "messages could not be decided again");
	if (r->undecided_why != NULL)
		html_put_text(out, ": ", r->undecided_why, "");
	fputs(".</li>\n", out);
	if (r->together > 0) {
		fputs("<li>", out);
		html_plural(out, r->together, "message", "messages");
		fputs(" came to recipients whom &quot;split&quot; would part: decided as with "
		      "&quot;quarantine&quot;.</li>\n", out);
	}
	if (r->refused > 0) {
		fputs("<li>", out);
		html_plural(out, r->refused, "line of the journal was no decision that can be read, and is",
			    "lines of the journal were no decisions that can be read, and are");
		fputs(" in no number here.</li>\n", out);
	}
	if (r->exempt > 0) {
		fputs("<li>", out);
		html_plural(out, r->exempt, "message was", "messages were");
		fputs(" exempt, so nothing is known about ", out);
		fputs(r->exempt == 1 ? "it.</li>\n" : "them.</li>\n", out);
	}
	if (r->extent.messages > 0 && r->extent.first_ms > r->span.since_ms) {
		fputs("<li>The store reaches back to ", out);
		html_day(out, r->extent.first_ms);
		fputs(" only.</li>\n", out);
	}
	if (r->at_least)
		fputs("<li>There were more different domains or networks than are kept apart: some numbers are "
		      "the least there was.</li>\n", out);
	fputs("</ul>\n", out);
	section_end(out);
}

static void put_words(FILE *out)
{
	section(out, "words", "How to read this");
	fputs("<dl>\n"
	      "<dt>Stopped</dt><dd>The other settings would treat the message more strictly than the present "
	      "ones, and nothing speaks for it. A dry run counts as if it enforced, unless that is what "
	      "differs.</dd>\n"
	      "<dt>Hurt</dt><dd>The same, but something speaks for the message that a forger cannot write by "
	      "himself: who signed or sealed it, the list it came through, the client&#39;s confirmed name, "
	      "or aligned mail from the same network. These are signs, and no proof: look before you "
	      "make a rule of one.</dd>\n"
	      "<dt>Milder</dt><dd>Mail that would be delivered though it is held back now, or quarantined "
	      "though it is rejected now.</dd>\n"
	      "<dt>A rule saves</dt><dd>so many of all that are hurt, not only those of its row. It lets through "
	      "what it fits of the mail that looks forged. Two rules may save the same message.</dd>\n"
	      "<dt>How it is known</dt><dd>Each message is decided again out of the evidence of the time when "
	      "it came. Nothing is asked of the DNS.</dd>\n</dl>\n", out);
	section_end(out);
}

static void put_days_table(const struct page *page)
{
	section(page->out, "days", "The numbers by day");
	if (page->bars.n > 0)
		what_if_tables_days(page->out, &page->bars);
	else
		fputs("<p>There is no mail in this period.</p>\n", page->out);
	section_end(page->out);
}

/* Should markup of a stranger's ever get through, the policy keeps it from doing anything. */
static void put_head(FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	      "<meta name=\"robots\" content=\"noindex\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n"
	      "<title>What if: other settings on past mail</title>\n<style>\n", out);
	fputs(what_if_style, out);
	fputs("</style>\n</head>\n<body>\n", out);
}

static void put_page(const struct page *page)
{
	FILE *out = page->out;

	put_head(out);
	put_header(out, page->report);
	fputs("<main>\n<div class=\"cards\">\n", out);
	put_stopped_card(out, page->report);
	put_hurt_card(out, page->report);
	put_next(out, page->report);
	fputs("</div>\n", out);
	section(out, "time", "Day by day");
	what_if_chart_days(out, page->report, &page->bars);
	section_end(out);
	put_flow(page);
	put_matrix(page);
	put_hurt_tables(page);
	put_other_tables(page);
	put_undecided(page);
	put_words(out);
	put_days_table(page);
	fputs("</main>\n<footer>Made by alignctl what-if. Nothing in this page comes from elsewhere.</footer>\n"
	      "</body>\n</html>\n", out);
}

int what_if_write_html(const struct what_if_report *report, const char *path)
{
	struct page page = { .out = fopen(path, "we"), .report = report };
	int failed;

	if (page.out == NULL)
		return -1;
	what_if_chart_bars_init(&page.bars, report);
	what_if_chart_flow_init(&page.flow, report);
	put_page(&page);
	failed = fflush(page.out) != 0 ? errno : ferror(page.out) ? EIO : 0;
	if (fclose(page.out) != 0 && failed == 0)
		failed = errno;
	errno = failed;
	return failed != 0 ? -1 : 0;
}
