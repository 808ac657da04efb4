/* alignctl show: what was decided about a message and why, out of the journal:
 * the help desk's first question. */
#include "alignctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/domain.h"
#include "tool_argument.h"
#include "tool_journal.h"
#include "tool_options.h"
#include "tool_progress.h"
#include "tool_words.h"

#define EXIT_NOT_FOUND 1
#define DEFAULT_SINCE "7d"              /* for --from */

struct options {
	const char *queue_id, *from, *since, *journal, *config;
	bool json, brief, help;
};

struct search {
	const struct options *options;
	const char *directory;
	char from[DOMAIN_SIZE];
	int64_t since_ms;
	struct arena *arena;            /* of the line at hand */
	struct tool_last_id last;
	uint64_t lines, found;
	struct tool_broken broken;
	uint64_t enforced, left_out;    /* found lines that a dry run, enforce_percent spared */
	int64_t now_ms;
	struct tool_progress progress;
};

static const char help_text[] =
	"Usage: alignctl show QUEUEID [OPTION]...\n"
	"       alignctl show --from DOMAIN [OPTION]...\n"
	"Says what was decided about a message and why, from the journal.\n\n"
	"  -f, --from DOMAIN    messages whose From says DOMAIN or a name below it,\n"
	"                       one line each\n"
	"  -s, --since WHEN     not older than: 30d, 12h, 15m, 2026-05-01, or an RFC 3339\n"
	"                       time (default: " DEFAULT_SINCE " with --from, else all that is kept)\n"
	"  -l, --long           with --from: everything about each message\n"
	"  -J, --journal DIR    the journal (default: journal.directory of the settings)\n"
	"  -c, --config FILE    settings (default " TOOL_SETTINGS ")\n"
	"  -j, --json           the journal's lines themselves: alignd-journal(5)\n"
	"  -h, --help\n\n"
	"Exit: 0 found, 1 nothing found, 64 usage, 66 no such journal, 78 bad settings.\n\n"
	"Examples:\n"
	"  alignctl show 4XyZ1k2m3n\n"
	"  alignctl show --from example.com --since 30d\n"
	"  alignctl show --from example.com --since 2026-05-01 --json | jq .client.ip\n";

static int parse_options(int argc, char **argv, struct options *o)
{
	bool all = false;
	const struct tool_option rows[] = {
		{ "from", 'f', .argument = &o->from },
		{ "since", 's', .argument = &o->since },
		{ "long", 'l', .flag = &all },
		{ "journal", 'J', .argument = &o->journal },
		{ "config", 'c', .argument = &o->config },
		{ "json", 'j', .flag = &o->json },
	};
	int code = TOOL_OPTIONS(argc, argv, rows, help_text, &o->help);

	if (code != 0 || o->help)
		return code;
	if (argc - optind > 1 || (optind < argc) == (o->from != NULL))
		return tool_usage(argv[0], "one QUEUEID or --from DOMAIN is needed");
	o->queue_id = argv[optind];
	o->brief = o->from != NULL && !all;
	if (o->from != NULL && o->since == NULL)
		o->since = DEFAULT_SINCE;
	return 0;
}

/* ---- one message, in words ---- */

static void row(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void row(const char *label, const char *format, ...)
{
	va_list args;

	printf("  %-14s ", label);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static const char *or_text(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

/* ": text" of ours or of strangers, or nothing. */
static const char *because(struct arena *a, const char *text)
{
	return text != NULL ? arena_printf(a, ": %s", tool_escape(a, text)) : "";
}

static const char *domains(struct arena *a, const char *const *names, unsigned n, unsigned left_out)
{
	const char *text = n > 0 ? tool_escape(a, names[0]) : "nobody";

	for (unsigned i = 1; i < n; i++)
		text = arena_printf(a, "%s, %s", text, tool_escape(a, names[i]));
	return left_out > 0 ? arena_printf(a, "%s and %u more", text, left_out) : text;
}

static const char *from_words(struct arena *a, const struct evidence *e)
{
	const char *names[LIMIT_AUTHORS];

	if (e->n_authors == 0)
		return arena_printf(a, "no author%s", because(a, or_text(e->from_reason,
				    e->from != FROM_UNSET ? from_status_phrase(e->from) : NULL)));
	for (unsigned i = 0; i < e->n_authors; i++)
		names[i] = e->authors[i].domain;
	return domains(a, names, e->n_authors, 0);
}

static const char *sender_words(struct arena *a, const struct sender *sender)
{
	if (sender->status == PATH_NULL)
		return "<>, the null sender";
	if (sender->domain == NULL)
		return arena_printf(a, "%s%s", names_get(path_status_names, (int)sender->status),
				    because(a, sender->reason));
	return arena_printf(a, "%s@%s", sender->local != NULL ? tool_escape(a, sender->local) : "...",
			    tool_escape(a, sender->domain));
}

static void print_arrival(struct arena *a, const struct evidence *e)
{
	row("from", "%s", from_words(a, e));
	row("sender", "%s", sender_words(a, &e->sender));
	row("to", "%s (%u %s)", domains(a, e->recipient_domains, e->n_recipient_domains,
					e->recipients_unlisted), e->n_recipients,
	    e->n_recipients == 1 ? "recipient" : "recipients");
	row("client", "%s%s%s%s, HELO %s", or_text(tool_escape(a, e->client_ip), "unknown"),
	    e->client_name != NULL ? " (" : "", e->client_name != NULL ? tool_escape(a, e->client_name) : "",
	    e->client_name != NULL ? e->client_name_confirmed ? ")" : ", not confirmed)" : "",
	    tool_escape(a, e->helo));
	if (e->relay.ip != NULL)
		row("", "through the internal relay %s%s", tool_escape(a, e->relay.ip),
		    because(a, e->relay.unread));
}

static void print_authenticated(struct arena *a, const struct evidence *e)
{
	row("SPF", "%s%s%s%s", names_get(spf_result_names, (int)e->spf.result),
	    e->spf.domain != NULL ? " for " : "", e->spf.domain != NULL ? tool_escape(a, e->spf.domain) : "",
	    because(a, e->spf.reason));
	if (e->n_dkim == 0)
		row("DKIM", "no signature");
	for (unsigned i = 0; i < e->n_dkim; i++) {
		const struct dkim_evidence *d = &e->dkim[i];

		row("DKIM", "%s for %s (selector %s)%s", names_get(dkim_result_names, (int)d->result),
		    tool_escape(a, d->d), tool_escape(a, d->s), because(a, d->reason));
	}
	if (e->arc.result > RES_ARC_NONE)
		row("ARC", "%s", tool_arc(a, &e->arc));
	for (unsigned i = e->arc.n_sets; i > 0; i--)
		row("", "%s", tool_arc_set(a, &e->arc, i));
	if (e->marks.list_id != NULL || e->marks.list_post || e->marks.resent || e->marks.srs)
		row("marks", "looks like %s mail%s (anybody can write that)",
		    e->marks.list_id != NULL || e->marks.list_post ? "list" : "forwarded",
		    because(a, e->marks.list_id));
}

static void print_policy(struct arena *a, const struct author *author)
{
	const struct policy_found *found = &author->policy;

	switch (found->status) {
	case DISCOVERY_UNSET:
		break;
	case DISCOVERY_NO_RECORD:
		row("policy", "%s publishes none that counts%s", tool_escape(a, author->domain),
		    found->several ? ": two or more stand there and cancel each other" : "");
		break;
	case DISCOVERY_TEMPERROR:
		row("policy", "that of %s is not known%s", tool_escape(a, author->domain),
		    because(a, or_text(found->reason, "a DNS look-up failed")));
		break;
	case DISCOVERY_FOUND:
		row("policy", "_dmarc.%s (%s): %s", tool_escape(a, found->domain),
		    tool_method(found->method), tool_escape(a, found->record.text.data));
		break;
	}
}

/* What the result rests on, in a sentence. */
static const char *result_words(struct arena *a, const struct decision *d)
{
	const struct verdict *v = &d->verdict;
	const struct author_verdict *av = v->decisive >= 0 ? &v->authors[v->decisive] : NULL;

	switch (v->result) {
	case RES_DMARC_UNSET:
		return arena_printf(a, "not evaluated, %s", names_get(exemption_names, (int)d->evidence.exempt));
	case RES_DMARC_NONE:
		return "DMARC says nothing: no policy applies";
	case RES_DMARC_PASS:
		if (av != NULL && av->dkim_index >= 0)
			return arena_printf(a, "the author is genuine: signed by %s",
					    tool_escape(a, d->evidence.dkim[av->dkim_index].d));
		return arena_printf(a, "the author is genuine: SPF passed for %s",
				    tool_escape(a, d->evidence.spf.domain));
	case RES_DMARC_FAIL:
		return "nothing that was authenticated belongs to the author's organization";
	case RES_DMARC_TEMPERROR:
	case RES_DMARC_PERMERROR:
		return arena_printf(a, "cannot be said%s", because(a, v->result_reason));
	}
	return "";
}

static const char *chosen_words(struct arena *a, const struct verdict *v)
{
	const char *text = names_get(action_names, (int)v->chosen);

	for (unsigned i = 0; i < v->n_recipients; i++)
		if (v->recipients[i].chosen != v->chosen)
			text = arena_printf(a, "%s, but %s for %s", text,
					    names_get(action_names, (int)v->recipients[i].chosen),
					    tool_escape(a, v->recipients[i].domain));
	return text;
}

/* What of our own will had a hand in it. */
static void print_will(struct arena *a, const struct evidence *e, const struct verdict *v)
{
	if (v->rule != NULL)
		row("rule", "%s", tool_escape(a, v->rule));
	if (v->missing != 0)
		row("missing", "%s", tool_signals(a, v->missing));
	if (v->trusted_set > 0 && v->trusted_set <= e->arc.n_sets)
		row("trusted", "%s", tool_arc_set(a, &e->arc, v->trusted_set));
	for (unsigned i = 0; v->recipients_differ && i < v->n_recipients; i++)
		row(i == 0 ? "recipients" : "", "%s", tool_recipient(a, e, v, i));
}

static const char *spared_words(const struct verdict *v)
{
	if (v->dry_run)
		return " (dry run: nothing is done to mail)";
	return v->left_out ? " (left out of enforce_percent: nothing is done)" : "";
}

static void print_verdict(struct arena *a, const struct decision *d)
{
	const struct verdict *v = &d->verdict;

	row("result", "%s: %s", names_get(dmarc_result_names, (int)v->result), result_words(a, d));
	row("asked", "%s", names_get(disposition_names, (int)v->asked));
	row("chosen", "%s", chosen_words(a, v));
	row("why", "%s", tool_why(v->why));
	print_will(a, &d->evidence, v);
	for (unsigned i = 0; i < v->n_reasons; i++)
		row(i == 0 ? "reasons" : "", "%s%s%s%s", names_get(reason_type_names, (int)v->reasons[i].type),
		    v->reasons[i].rule != NULL ? ", rule " : "",
		    v->reasons[i].rule != NULL ? tool_escape(a, v->reasons[i].rule) : "",
		    because(a, v->reasons[i].comment));
	if (v->reply != NULL && d->done != NULL && strcmp(d->done, "reject") == 0)
		row("reply", "%s", tool_escape(a, v->reply));
	row("done", "%s%s", tool_escape(a, d->done), spared_words(v));
}

static void print_long(struct arena *a, const struct decision *d, const char *when)
{
	printf("%s  %s\n", tool_escape(a, d->queue_id), when);
	print_arrival(a, &d->evidence);
	print_authenticated(a, &d->evidence);
	for (unsigned i = 0; i < d->evidence.n_authors; i++)
		print_policy(a, &d->evidence.authors[i]);
	print_verdict(a, d);
	row("line", "%s (mode %s)", tool_escape(a, d->line_id), tool_escape(a, d->mode));
}

static void print_brief(struct arena *a, const struct decision *d, const char *when)
{
	const struct verdict *v = &d->verdict;

	printf("%s %-12s %-9s asked=%-10s chosen=%-10s done=%-10s %-18s %s\n", when,
	       tool_escape(a, d->queue_id), names_get(dmarc_result_names, (int)v->result),
	       names_get(disposition_names, (int)v->asked), names_get(action_names, (int)v->chosen),
	       tool_escape(a, d->done), names_get(why_names, (int)v->why),
	       tool_escape(a, d->evidence.client_ip));
}

/* ---- the search ---- */

/* A line without the wanted text cannot be a hit, and most are none: parsing
 * is spared. Text that JSON would escape is not looked for. */
static bool may_match(const struct search *s, struct slice line)
{
	const char *wanted = s->options->from != NULL ? s->from : s->options->queue_id;

	for (const char *p = wanted; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\')
			return true;
	return memmem(line.data, line.len, wanted, strlen(wanted)) != NULL;
}

static bool matches(const struct search *s, const struct decision *d)
{
	if (d->evidence.when_ms < s->since_ms)
		return false;
	if (s->options->queue_id != NULL)
		return d->queue_id != NULL && strcmp(d->queue_id, s->options->queue_id) == 0;
	for (unsigned i = 0; i < d->evidence.n_authors; i++)
		if (domain_is_within(d->evidence.authors[i].domain, s->from))
			return true;
	return false;
}

static void show_progress(struct search *s, const char *file, struct slice line)
{
	s->lines++;
	if (tool_progress_due(&s->progress))
		tool_progress_show(&s->progress,
				   s->since_ms > 0 ? tool_progress_of_line(line, s->since_ms, s->now_ms) : -1,
				   "%s: %llu lines, %llu found", file, (unsigned long long)s->lines,
				   (unsigned long long)s->found);
}

static void print_found(struct search *s, const struct decision *d, struct slice line)
{
	char when[CLOCK_TEXT_SIZE];

	tool_progress_clear(&s->progress);
	if (s->options->json) {
		printf("%.*s\n", SLICE_ARG(line));
		return;
	}
	clock_format(d->evidence.when_ms, when);
	if (s->options->brief) {
		print_brief(s->arena, d, when);
		return;
	}
	if (s->found > 1)
		putchar('\n');
	print_long(s->arena, d, when);
}

static bool take_line(void *context, const char *file, uint64_t line_no, struct slice line)
{
	struct search *s = context;
	struct decision d;
	const char *error;

	show_progress(s, file, line);
	if (!may_match(s, line))
		return true;
	s->arena = arena_new();
	if (decision_json_read(s->arena, line, &d, &error) != 0) {
		tool_journal_broken(&s->broken, file, line_no, error);
	} else if (matches(s, &d) && !tool_journal_repeats(&s->last, d.line_id)) {
		s->found++;
		s->enforced += d.verdict.dry_run && d.verdict.chosen > ACTION_ACCEPT;
		s->left_out += d.verdict.left_out;
		print_found(s, &d, line);
	}
	arena_free(s->arena);
	return true;
}

static int finish(struct search *s, const char *name, uint64_t skipped)
{
	tool_progress_clear(&s->progress);
	if (s->options->brief && !s->options->json && s->found > 0)
		printf("messages: %llu, spared by a dry run: %llu, by enforce_percent: %llu\n",
		       (unsigned long long)s->found, (unsigned long long)s->enforced,
		       (unsigned long long)s->left_out);
	tool_journal_tell(name, &s->broken, skipped);
	return s->found > 0 ? EX_OK : tool_fail(name, EXIT_NOT_FOUND, "nothing found in %s",
						     s->directory);
}

static int search_journal(struct search *s, const char *name, const char *directory)
{
	uint64_t skipped;
	int code;

	if (directory == NULL || directory[0] == '\0')
		return tool_fail(name, EX_CONFIG, "the settings keep no journal (journal.directory)");
	s->directory = directory;
	tool_progress_start(&s->progress);
	code = tool_journal_read(name, directory, s->since_ms, take_line, s, &skipped);
	return code != 0 ? code : finish(s, name, skipped);
}

static int search_configured(struct search *s, const char *name)
{
	const char *config = s->options->config;
	struct settings *settings = tool_settings(name, config != NULL ? config : TOOL_SETTINGS);
	int code;

	if (settings == NULL)
		return EX_CONFIG;
	code = search_journal(s, name, settings->journal_directory);
	settings_unref(settings);
	return code;
}

int cmd_show(int argc, char **argv)
{
	struct options o = { 0 };
	struct search s = { .options = &o, .since_ms = INT64_MIN, .now_ms = clock_utc_ms() };
	int code = parse_options(argc, argv, &o);

	if (code != 0 || o.help)
		return code;
	if (o.from != NULL)
		code = tool_domain(argv[0], "from", o.from, s.from);
	if (code == 0 && o.since != NULL)
		code = tool_time(argv[0], "since", o.since, s.now_ms, &s.since_ms);
	if (code != 0)
		return code;
	return o.journal != NULL ? search_journal(&s, argv[0], o.journal) : search_configured(&s, argv[0]);
}
