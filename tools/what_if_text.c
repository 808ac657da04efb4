/* The report as text: what matters first. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alignctl.h"
#include "base/clock.h"
#include "tool_grid.h"
#include "what_if.h"

#define KEY_COLUMNS 32
#define DAY_MS 86400000

/* ---- numbers and dates ---- */

static const char *plural(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

static const char *date(struct arena *a, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(ms, text);
	return arena_strndup(a, text, strlen("2026-05-01"));
}

/* The days that the mail is of, which may be fewer than were asked for. */
static int64_t first_day(const struct what_if_report *r)
{
	return r->n_days > 0 ? r->days[0].day_ms : r->span.since_ms;
}

/* Of the period, where there is no mail; it ends before until_ms. */
static const char *last_day(struct arena *a, const struct what_if_report *r)
{
	if (r->n_days > 0)
		return date(a, r->days[r->n_days - 1].day_ms);
	return r->span.until_ms != 0 ? date(a, r->span.until_ms - 1) : "now";
}

/* ---- the headline ---- */

static void print_headline(struct arena *a, const struct what_if_report *r)
{
	uint64_t stricter = r->hurt + r->stopped;

	if (r->decided == 0) {
		puts("No message to decide in this period.");
		return;
	}
	if (r->changed == 0) {
		printf("Nothing would have changed: all %s messages would have been treated as before.\n",
		       tool_grid_number(a, r->decided));
		return;
	}
	printf("%s of %s messages would have been treated differently (%s).\n\n",
	       tool_grid_number(a, r->changed), tool_grid_number(a, r->decided),
	       tool_grid_share(a, r->changed, r->decided));
	if (stricter > 0) {
		printf("  %12s  %s, with nothing to speak for %s: stopped\n", tool_grid_number(a, r->stopped),
		       plural(r->stopped, "looks forged", "look forged"), plural(r->stopped, "it", "them"));
		printf("  %12s  %s, though something speaks for %s: HURT\n", tool_grid_number(a, r->hurt),
		       plural(r->hurt, "fails", "fail"), plural(r->hurt, "it", "them"));
	}
	if (r->milder > 0)
		printf("  %12s  would have been treated more mildly\n", tool_grid_number(a, r->milder));
	printf("\nThat is mail of %s%s author %s to %s%s recipient %s.\n",
	       r->at_least ? "at least " : "", tool_grid_number(a, r->senders_changed),
	       plural(r->senders_changed, "domain", "domains"), r->at_least ? "at least " : "",
	       tool_grid_number(a, r->recipients_changed), plural(r->recipients_changed, "domain", "domains"));
}

static void print_period(struct arena *a, const struct what_if_report *r)
{
	printf("Mail from %s to %s (UTC)%s%s: %s %s", date(a, first_day(r)), last_day(a, r),
	       r->domain != NULL ? ", author domain " : "", r->domain != NULL ? tool_escape(a, r->domain) : "",
	       tool_grid_number(a, r->messages), plural(r->messages, "message", "messages"));
	if (r->exempt > 0)
		printf(", %s of them exempt", tool_grid_number(a, r->exempt));
	puts("");
	if (r->n_days > 0 && first_day(r) > r->span.since_ms + DAY_MS)
		printf("The store has no mail before %s.\n", date(a, first_day(r)));
	if (r->n_days == 0 && r->extent.messages > 0)
		printf("The store has mail from %s to %s.\n", date(a, r->extent.first_ms),
		       date(a, r->extent.last_ms));
	if (r->undecided > 0)
		printf("%s %s could not be decided: %s.\n", tool_grid_number(a, r->undecided),
		       plural(r->undecided, "message", "messages"), tool_escape(a, r->undecided_why));
	if (r->together > 0)
		printf("%s %s to recipients whom \"split\" would part: decided as with \"quarantine\".\n",
		       tool_grid_number(a, r->together), plural(r->together, "message came", "messages came"));
	if (r->refused > 0)
		printf("%s %s of the journal could not be read when it was loaded, and %s in no number "
		       "here.\n", tool_grid_number(a, r->refused), plural(r->refused, "line", "lines"),
		       plural(r->refused, "is", "are"));
}

static void print_settings(struct arena *a, const struct what_if_report *r)
{
	if (r->n_settings > 0)
		puts("\nSettings that differ:");
	for (unsigned i = 0; i < r->n_settings; i++)
		printf("  %-*s  %s  ->  %s\n", KEY_COLUMNS, r->settings[i].name,
		       tool_escape(a, r->settings[i].before), tool_escape(a, r->settings[i].after));
}

/* ---- what becomes of what ---- */

static void print_changes(struct arena *a, const struct what_if_report *r)
{
	if (r->changed == 0)
		return;
	puts("\nFrom          to            messages");
	for (int from = ACTION_ACCEPT; from <= ACTION_TEMPFAIL; from++)
		for (int to = ACTION_ACCEPT; to <= ACTION_TEMPFAIL; to++)
			if (from != to && r->from_to[from][to] > 0)
				printf("%-12s  %-12s  %8s\n", names_get(action_names, from),
				       names_get(action_names, to), tool_grid_number(a, r->from_to[from][to]));
}

/* ---- who is hurt ---- */

static const char *plea_text(enum plea plea)
{
	switch (plea) {
	case PLEA_HISTORY:
		return "aligned mail of the same organization came from the same network";
	case PLEA_SIGNED:
		return "signed by a domain that signs mail of many authors";
	case PLEA_ARC:
		return "an ARC chain that passes says it was authentic";
	case PLEA_LIST:
		return "a list's post, signed by the list's domain";
	case PLEA_CLIENT:
		return "the client's confirmed name is the author's own";
	case PLEA_FORWARDER:
		return "the client forwards mail of many authors";
	case PLEA_STEADY:
		return "a sender that stands for it with SPF, signature and host name, day after day";
	}
	return "";
}

static void print_pleas(unsigned pleas)
{
	for (const struct name_row *row = plea_names; row->name != NULL; row++)
		if (pleas & (unsigned)row->value)
			printf("    %s: %s\n", row->name, plea_text((enum plea)row->value));
}

static void print_fact(struct arena *a, const char *name, const char *value)
{
	if (value != NULL)
		printf("    %s %s\n", name, tool_escape(a, value));
}

/* Lines of a rule, moved to the right; what stands in them is ours or escaped. */
static void print_rule(const char *text)
{
	struct slice rest = slice_of(text), line;

	while (slice_split(&rest, '\n', &line))
		printf("      %.*s\n", SLICE_ARG(line));
}

static void print_suggestion(struct arena *a, const struct suggestion *s, const char *none)
{
	if (s->text == NULL) {
		if (none != NULL)
			printf("    %s\n", none);
		return;
	}
	printf("    smallest rule: saves %s, lets through %s that %s forged\n", tool_grid_number(a, s->saves),
	       tool_grid_number(a, s->passes), plural(s->passes, "looks", "look"));
	print_rule(s->text);
}

static void print_hurt(struct arena *a, const struct what_if_report *r, const struct hurt *hurt,
		       unsigned n, const char *title)
{
	if (n == 0)
		return;
	printf("\n%s\n", title);
	for (unsigned i = 0; i < n; i++) {
		const struct hurt *h = &hurt[i];

		printf("\n  %s: %s %s (%s rejected, %s quarantined), %s of all that is hurt\n",
		       tool_escape(a, h->key), tool_grid_number(a, h->n), plural(h->n, "message", "messages"),
		       tool_grid_number(a, h->rejected), tool_grid_number(a, h->quarantined),
		       tool_grid_share(a, h->n, r->hurt));
		print_pleas(h->pleas);
		print_fact(a, "authenticated as", h->authenticated_as);
		print_fact(a, "list", h->list_id);
		print_fact(a, "sealed by", h->sealers);
		print_fact(a, "client", h->client_name);
		if (h->aligned > 0)
			printf("    aligned mail of this domain in the period: %s\n",
			       tool_grid_number(a, h->aligned));
		print_suggestion(a, &h->suggestion, "no rule is narrow enough: ask the sender to mend it");
	}
}

static void print_forwarders(struct arena *a, const struct what_if_report *r)
{
	if (r->n_forwarders > 0)
		puts("\nWHO FORWARDS: clients with failing mail of many authors, and genuine mail of others");
	for (unsigned i = 0; i < r->n_forwarders; i++) {
		const struct forwarder *f = &r->forwarders[i];

		printf("\n  %s: %s of %s messages fail, of %s organizations\n", tool_escape(a, f->network),
		       tool_grid_number(a, f->failing), tool_grid_number(a, f->n), tool_grid_number(a, f->authors));
		print_fact(a, "client", f->client_name);
		print_fact(a, "signs as", f->signature);
		print_fact(a, "seals as", f->sealer);
		print_suggestion(a, &f->suggestion, NULL);
	}
}

static void print_forged(struct arena *a, const struct what_if_report *r)
{
	if (r->n_forged > 0)
		printf("\nFORGERIES STOPPED, by author domain\n\n  %-*s  %10s  %10s  %12s\n", KEY_COLUMNS,
		       "domain", "messages", "rejected", "quarantined");
	for (unsigned i = 0; i < r->n_forged; i++)
		printf("  %-*s  %10s  %10s  %12s\n", KEY_COLUMNS, tool_escape(a, r->forged[i].author),
		       tool_grid_number(a, r->forged[i].n), tool_grid_number(a, r->forged[i].rejected),
		       tool_grid_number(a, r->forged[i].quarantined));
}

void what_if_print_text(const struct what_if_report *r)
{
	struct arena *a = arena_new();

	print_headline(a, r);
	puts("");
	print_period(a, r);
	print_settings(a, r);
	print_changes(a, r);
	print_hurt(a, r, r->authors, r->n_authors, "WHO IS HURT, by author domain");
	print_hurt(a, r, r->networks, r->n_networks, "WHO IS HURT, by client network");
	print_forwarders(a, r);
	print_forged(a, r);
	if (r->n_authors > 0)
		puts("\nRules are suggestions: put the ones that you answer for into rules = ( ) of the\n"
		     "settings, with an owner, and check them with alignd -n.");
	if (r->at_least)
		puts("\nNot everything fitted the tables: counts of domains and the lists are at least that.");
	arena_free(a);
}
