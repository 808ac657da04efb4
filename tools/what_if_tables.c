#include "what_if_tables.h"

#include <stddef.h>
#include <string.h>

#include "html.h"

/* ---- parts of tables ---- */

/* Columns: names with '|' between; those from the `first_number`-th on are numbers. */
static void begin(FILE *out, const char *class, const char *caption, const char *columns,
		  unsigned first_number)
{
	struct slice rest = slice_of(columns), column;

	fprintf(out, "<table class=\"%s\">\n<caption>%s</caption>\n<thead><tr>", class, caption);
	for (unsigned i = 0; slice_split(&rest, '|', &column); i++)
		fprintf(out, "<th scope=\"col\"%s>%.*s</th>", i >= first_number ? " class=\"n\"" : "",
			SLICE_ARG(column));
	fputs("</tr></thead>\n", out);
}

static void end(FILE *out)
{
	fputs("</table>\n", out);
}

static void put_cell(FILE *out, const char *of, uint64_t n)
{
	fprintf(out, "<td class=\"n%s\" data-of=\"%s\">", n == 0 ? " zero" : "", of);
	html_put_number(out, "", n, "</td>");
}

/* A number with a bar that compares it with the table's most. */
static void put_bar_cell(FILE *out, const char *of, const char *class, uint64_t n, uint64_t most)
{
	fprintf(out, "<td class=\"n bar %s\" data-of=\"%s\" style=\"--wide:%.1f%%\">", class, of,
		most > 0 ? 100.0 * (double)n / (double)most : 0);
	html_put_number(out, "", n, "");
}

static void put_fates(FILE *out, uint64_t n, uint64_t quarantined, uint64_t rejected)
{
	const struct {
		uint64_t n;
		const char *words;
	} fates[] = {
		{ rejected, " rejected" }, { quarantined, " quarantined" },
		{ n > rejected + quarantined ? n - rejected - quarantined : 0, " deferred" },
	};
	const char *between = "<small>";

	for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
		if (fates[i].n == 0)
			continue;
		html_put_number(out, between, fates[i].n, fates[i].words);
		between = ", ";
	}
	fputs(strcmp(between, ", ") == 0 ? "</small></td>\n" : "</td>\n", out);
}

/* ---- flow, from and to, days ---- */

void what_if_tables_flow(FILE *out, const struct what_if_flow *flow)
{
	begin(out, "stack", "Messages by what was asked, and what would be done",
	      "The domain asks|delivered|deferred|quarantined|rejected", 1);
	fputs("<tbody>\n", out);
	for (int i = ASKED_ALL - 1; i >= 0; i--) {
		html_put_text(out, "<tr><th scope=\"row\">", what_if_chart_asked_words[i], "</th>");
		for (int k = 0; k < DONE_ALL; k++)
			put_cell(out, what_if_chart_done_words[k], flow->n[i][k]);
		fputs("</tr>\n", out);
	}
	fputs("</tbody>\n", out);
	end(out);
}

/* Told by a sign too, for whoever does not see the colours. */
static void put_change(FILE *out, int was, int becomes, uint64_t n)
{
	const char *class = was == becomes ? "same" : was < becomes ? "up" : "down";
	const char *sign = was == becomes ? "" : was < becomes ? "&#9650;&#160;" : "&#9660;&#160;";

	fprintf(out, "<td class=\"n %s\" data-of=\"then %s\">%s", n == 0 ? "zero" : class,
		what_if_chart_done_words[becomes], n == 0 ? "" : sign);
	html_put_number(out, "", n, "</td>");
}

void what_if_tables_matrix(FILE *out, const struct what_if_report *report)
{
	uint64_t sums[DONE_ALL][DONE_ALL] = { { 0 } };

	for (int was = 0; was <= ACTION_TEMPFAIL; was++)
		for (int becomes = 0; becomes <= ACTION_TEMPFAIL; becomes++)
			sums[what_if_chart_row((enum action)was)][what_if_chart_row((enum action)becomes)] +=
				report->from_to[was][becomes];
	begin(out, "stack", "Messages by what the present settings do (rows) and what the others would do "
	      "(columns); &#9650; stricter, &#9660; milder",
	      "Now|then delivered|then deferred|then quarantined|then rejected", 1);
	fputs("<tbody>\n", out);
	for (int was = 0; was < DONE_ALL; was++) {
		html_put_text(out, "<tr><th scope=\"row\">now ", what_if_chart_done_words[was], "</th>");
		for (int becomes = 0; becomes < DONE_ALL; becomes++)
			put_change(out, was, becomes, sums[was][becomes]);
		fputs("</tr>\n", out);
	}
	fputs("</tbody>\n", out);
	end(out);
}

void what_if_tables_days(FILE *out, const struct what_if_bars *bars)
{
	char caption[80] = "Messages by day (UTC)";

	if (bars->days_each > 1)
		snprintf(caption, sizeof(caption), "Messages by day, each row %u days from its date on (UTC)",
			 bars->days_each);
	begin(out, "stack", caption, "Day|messages|stricter|stopped|hurt|milder", 1);
	fputs("<tbody>\n", out);
	for (unsigned i = 0; i < bars->n; i++) {
		const struct what_if_day *day = &bars->bars[i];

		fputs("<tr><th scope=\"row\">", out);
		html_day(out, day->day_ms);
		fputs("</th>", out);
		put_cell(out, "messages", day->n);
		put_cell(out, "stricter", day->stricter);
		put_cell(out, "stopped", day->stopped);
		put_cell(out, "hurt", day->hurt);
		put_cell(out, "milder", day->milder);
		fputs("</tr>\n", out);
	}
	fputs("</tbody>\n", out);
	end(out);
}

/* ---- suggestions ---- */

/* Of one author or network that had the same rule before; NULL. */
static const struct hurt *same_rule(const struct hurt *rows, unsigned n, const char *text)
{
	for (unsigned i = 0; i < n; i++)
		if (rows[i].suggestion.text != NULL && strcmp(rows[i].suggestion.text, text) == 0)
			return &rows[i];
	return NULL;
}

static void put_effect(FILE *out, const struct suggestion *s)
{
	html_put_number(out, "<p>Suggested rule: <b>saves ", s->saves, "</b>, ");
	if (s->passes == 0)
		fputs("lets no forged message through.</p>\n", out);
	else
		html_put_number(out, "<b class=\"hurt\">lets ", s->passes,
				" forged through</b> too.</p>\n");
}

static void put_suggestion(FILE *out, const struct suggestion *s, const struct hurt *same)
{
	fputs("<tr class=\"rule\"><td colspan=\"3\">", out);
	if (s->text == NULL) {
		fputs("<p>No rule is narrow enough to save it without letting forgeries through.</p>", out);
	} else if (same != NULL) {
		html_put_text(out, "<p>The rule suggested for ", same->key, " saves it.</p>");
	} else {
		put_effect(out, s);
		fputs("<pre tabindex=\"0\"><code>", out);
		html_code(out, s->text);
		fputs("</code></pre>", out);
	}
	fputs("</td></tr>\n", out);
}

/* ---- who is hurt ---- */

/* What speaks for it, and where its name stands in struct hurt. */
#define NO_NAME SIZE_MAX
static const struct plea_row {
	unsigned plea;
	const char *words;
	size_t name;
} plea_rows[] = {
	{ PLEA_HISTORY, "the same network delivers mail of this organization that aligns", NO_NAME },
	{ PLEA_SIGNED, "signed by a domain that signs for many authors too", NO_NAME },
	{ PLEA_ARC, "its ARC chain passes, and the first sealer saw the author pass",
	  offsetof(struct hurt, sealers) },
	{ PLEA_LIST, "a list post, signed by the list's domain", offsetof(struct hurt, list_id) },
	{ PLEA_CLIENT, "the client's confirmed name is the author's", offsetof(struct hurt, client_name) },
	{ PLEA_FORWARDER, "the client forwards mail of many unrelated authors", NO_NAME },
	{ PLEA_STEADY, "SPF, a signature and the client's name all say the same other domain, for days",
	  offsetof(struct hurt, client_name) },
};

static const char *name_of(const struct plea_row *row, const struct hurt *hurt)
{
	const char *name = NULL;

	if (row->name != NO_NAME)
		memcpy(&name, (const char *)hurt + row->name, sizeof(name));
	return name;
}

static void put_pleas(FILE *out, const struct hurt *hurt)
{
	fputs("<td data-of=\"what speaks for it\"><ul>", out);
	for (size_t i = 0; i < sizeof(plea_rows) / sizeof(plea_rows[0]); i++) {
		if ((hurt->pleas & plea_rows[i].plea) == 0)
			continue;
		fprintf(out, "<li>%s", plea_rows[i].words);
		if (name_of(&plea_rows[i], hurt) != NULL)
			html_put_text(out, ": <bdi>", name_of(&plea_rows[i], hurt), "</bdi>");
		fputs("</li>", out);
	}
	if (hurt->authenticated_as != NULL)
		html_put_text(out, "<li>authenticated as <bdi>", hurt->authenticated_as, "</bdi></li>");
	if (hurt->aligned > 0) {
		fputs("<li>", out);
		html_plural(out, hurt->aligned, "message", "messages");
		fputs(" of the same author aligned in this period</li>", out);
	}
	fputs("</ul></td></tr>\n", out);
}

static void put_hurt(FILE *out, const struct hurt *hurt, const char *under, uint64_t most,
		     const struct hurt *same)
{
	html_put_text(out, "<tbody>\n<tr><th scope=\"row\"><bdi>", hurt->key, "</bdi>");
	if (under != NULL)
		html_put_text(out, "<small><bdi>", under, "</bdi></small>");
	fputs("</th>", out);
	put_bar_cell(out, "hurt", "hurt", hurt->n, most);
	put_fates(out, hurt->n, hurt->quarantined, hurt->rejected);
	put_pleas(out, hurt);
	put_suggestion(out, &hurt->suggestion, same);
	fputs("</tbody>\n", out);
}

void what_if_tables_networks(FILE *out, const struct what_if_report *report)
{
	begin(out, "stack who", "Genuine mail that would be hurt, by client network",
	      "Client network|Hurt|What speaks for it", 3);
	for (unsigned i = 0; i < report->n_networks; i++) {
		const struct hurt *hurt = &report->networks[i];

		put_hurt(out, hurt, hurt->client_name, report->networks[0].n, hurt->suggestion.text == NULL ?
			 NULL : same_rule(report->networks, i, hurt->suggestion.text));
	}
	end(out);
}

static const struct hurt *same_as_author(const struct what_if_report *report, unsigned i)
{
	const char *text = report->authors[i].suggestion.text;
	const struct hurt *same;

	if (text == NULL)
		return NULL;
	same = same_rule(report->networks, report->n_networks, text);
	return same != NULL ? same : same_rule(report->authors, i, text);
}

void what_if_tables_authors(FILE *out, const struct what_if_report *report)
{
	begin(out, "stack who", "Genuine mail that would be hurt, by author domain",
	      "Author domain|Hurt|What speaks for it", 3);
	for (unsigned i = 0; i < report->n_authors; i++)
		put_hurt(out, &report->authors[i], NULL, report->authors[0].n, same_as_author(report, i));
	end(out);
}

/* ---- forwarders, forgeries, settings ---- */

static void put_own_signs(FILE *out, const struct forwarder *f)
{
	fputs("<td data-of=\"its own signs\"><ul>", out);
	if (f->signature != NULL)
		html_put_text(out, "<li>signs as <bdi>", f->signature, "</bdi></li>");
	if (f->sealer != NULL)
		html_put_text(out, "<li>seals (ARC) as <bdi>", f->sealer, "</bdi></li>");
	if (f->signature == NULL && f->sealer == NULL)
		fputs("<li>none: known by its address only</li>", out);
	fputs("</ul></td></tr>\n", out);
}

static void put_forwarder(FILE *out, const struct what_if_report *report, const struct forwarder *f,
			  uint64_t most)
{
	html_put_text(out, "<tbody>\n<tr><th scope=\"row\"><bdi>", f->network, "</bdi>");
	if (f->client_name != NULL)
		html_put_text(out, "<small><bdi>", f->client_name, "</bdi></small>");
	fputs("</th>", out);
	put_bar_cell(out, "failing", "plain", f->failing, most);
	html_put_number(out, "<small>of ", f->n, "; ");
	html_plural(out, f->authors, "author", "authors");
	fputs("</small></td>\n", out);
	put_own_signs(out, f);
	if (f->suggestion.text != NULL)
		put_suggestion(out, &f->suggestion,
			       same_rule(report->networks, report->n_networks, f->suggestion.text));
	fputs("</tbody>\n", out);
}

void what_if_tables_forwarders(FILE *out, const struct what_if_report *report)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < report->n_forwarders; i++)
		most = report->forwarders[i].failing > most ? report->forwarders[i].failing : most;
	begin(out, "stack who", "Clients that deliver failing mail of many unrelated authors",
	      "Client network|Failing|Its own signs", 3);
	for (unsigned i = 0; i < report->n_forwarders; i++)
		put_forwarder(out, report, &report->forwarders[i], most);
	end(out);
}

void what_if_tables_forged(FILE *out, const struct what_if_report *report)
{
	begin(out, "stack", "Mail that looks forged and would be stopped, by the domain it claims",
	      "Author domain|Stopped", 2);
	fputs("<tbody>\n", out);
	for (unsigned i = 0; i < report->n_forged; i++) {
		const struct stopped *stopped = &report->forged[i];

		html_put_text(out, "<tr><th scope=\"row\"><bdi>", stopped->author, "</bdi></th>");
		put_bar_cell(out, "stopped", "stopped", stopped->n, report->forged[0].n);
		put_fates(out, stopped->n, stopped->quarantined, stopped->rejected);
		fputs("</tr>\n", out);
	}
	fputs("</tbody>\n", out);
	end(out);
}

void what_if_tables_settings(FILE *out, const struct what_if_report *report)
{
	begin(out, "stack", "Settings that differ", "Setting|now|then", 3);
	fputs("<tbody>\n", out);
	for (unsigned i = 0; i < report->n_settings; i++) {
		html_put_text(out, "<tr><th scope=\"row\"><code>", report->settings[i].name, "</code></th>");
		html_put_text(out, "<td data-of=\"now\"><code>", report->settings[i].before, "</code></td>");
		html_put_text(out, "<td data-of=\"then\"><code>", report->settings[i].after,
			      "</code></td></tr>\n");
	}
	fputs("</tbody>\n", out);
	end(out);
}
