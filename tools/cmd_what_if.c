/* alignctl what-if: what other settings would have done with the mail of a period,
 * who would have been hurt, and the smallest rule that saves them. */
#include "alignctl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tool_argument.h"
#include "tool_options.h"
#include "tool_progress.h"
#include "tool_store.h"
#include "what_if.h"

#define DEFAULT_SINCE "30d"
#define CHANGES_MAX 64
#define TOP_MOST 100

struct options {
	const char *since, *until, *domain, *top, *store;
	const char *in_force, *other, *html;
	struct tool_list changes;       /* --set */
	bool json, help;
};

static const char help_text[] =
	"Usage: alignctl what-if [OPTION]...\n"
	"Decides the mail of the store again, under the settings in force and under others, and\n"
	"tells what becomes of it: what would change, which forgeries would be stopped, who\n"
	"would be hurt, what speaks for them, and the smallest rule that saves them. It asks\n"
	"nobody and changes nothing.\n\n"
	"  -x, --set NAME=VALUE   another value of an option, as alignd.conf has it; may be\n"
	"                         repeated; only what decides can be varied\n"
	"      --config FILE      other settings: a whole file (rules are varied this way)\n"
	"  -c FILE                the settings in force (default " TOOL_SETTINGS ")\n"
	"  -s, --since WHEN       mail not older than: 30d, 2026-05-01 (default " DEFAULT_SINCE ");\n"
	"                         days are whole ones, UTC\n"
	"  -t, --until WHEN       mail before it (default: now)\n"
	"  -d, --domain DOMAIN    mail of this author domain and of those below it\n"
	"  -n, --top N            rows of each table, up to 100 (default 20)\n"
	"  -S, --store WHERE      an SQLite file, or a PostgreSQL connection string (default:\n"
	"                         store.* of the settings)\n"
	"  -j, --json             one JSON object: alignctl(1)\n"
	"      --html FILE        a page to look at, whole in this one file; the text is printed too\n"
	"  -h, --help\n\n"
	"Settings in a dry run are compared as if they enforced; with --set dry_run=false the\n"
	"question is what enforcing them would do.\n\n"
	"Exit: 0, 64 usage, 69 the store cannot be used, 73 the page cannot be written, 78 bad settings.\n\n"
	"Examples:\n"
	"  alignctl what-if --set dry_run=false\n"
	"  alignctl what-if --since 7d --set mode=honor --domain example.com\n"
	"  alignctl what-if --set 'override.reject_when=[ \"spf-fail\" ]'\n"
	"  alignctl what-if --config /etc/alignd/new.conf --json | jq .authors\n"
	"  alignctl what-if --set dry_run=false --html what-if.html\n";

static int parse_options(int argc, char **argv, struct options *o)
{
	const struct tool_option rows[] = {
		{ "set", 'x', .list = &o->changes },
		{ "config", '\0', .argument = &o->other },
		{ NULL, 'c', .argument = &o->in_force },
		{ "since", 's', .argument = &o->since },
		{ "until", 't', .argument = &o->until },
		{ "domain", 'd', .argument = &o->domain },
		{ "top", 'n', .argument = &o->top },
		{ "store", 'S', .argument = &o->store },
		{ "json", 'j', .flag = &o->json },
		{ "html", '\0', .argument = &o->html },
	};
	int code = TOOL_OPTIONS(argc, argv, rows, help_text, &o->help);

	return code != 0 || o->help ? code : tool_none_left(argc, argv);
}

struct question {
	struct what_if_options what;
	char domain[DOMAIN_SIZE];
	struct tool_progress progress;
};

static int parse_question(const char *name, const struct options *o, struct question *q)
{
	const char *since = o->since != NULL ? o->since : DEFAULT_SINCE;
	struct store_span *span = &q->what.span;
	uint64_t top = 0;               /* the usual number */
	int code = tool_period(name, since, o->until, q->what.now_ms, &span->since_ms, &span->until_ms);

	if (o->until == NULL)
		span->until_ms = 0;     /* what comes meanwhile belongs to it */
	if (code == 0 && o->domain != NULL)
		code = tool_domain(name, "domain", o->domain, q->domain);
	if (code == 0 && o->top != NULL)
		code = tool_number(name, "top", o->top, 1, TOP_MOST, &top);
	q->what.domain = o->domain != NULL ? q->domain : NULL;
	q->what.top = (unsigned)top;
	return code;
}

static void show_progress(void *context, uint64_t done, uint64_t all)
{
	struct tool_progress *progress = context;

	if (tool_progress_due(progress))
		tool_progress_show(progress, all > 0 ? (double)done / (double)all : -1,
				   "%" PRIu64 " of %" PRIu64 " messages", done, all);
}

/* ---- the two settings ---- */

static struct settings *load_other(const char *name, const struct options *o, const char *in_force)
{
	struct settings_faults faults;
	struct settings *settings = settings_load_with(o->other != NULL ? o->other : in_force, o->changes.items,
						       o->changes.n, &faults);

	for (unsigned i = 0; settings == NULL && i < faults.n; i++)
		tool_fail(name, EX_CONFIG, "%s", faults.lines[i]);
	settings_faults_free(&faults);
	return settings;
}

/* What another file says about gathering would need other evidence. */
static void tell_left_out(const char *name, const struct settings_difference *all, struct arena *arena)
{
	const char *names = "";
	unsigned n = 0;

	for (; all->name != NULL; all++)
		if (all->gathers)
			names = arena_printf(arena, "%s%s%s", names, n++ > 0 ? ", " : "", all->name);
	if (n > 0)
		tool_fail(name, 0, "left out, since what is stored was gathered under the %s of its time: %s",
			  n == 1 ? "value" : "values", names);
}

static void list_settings(struct arena *arena, const struct settings_difference *all,
			  struct what_if_report *report)
{
	unsigned n = 0;

	while (all[n].name != NULL)
		n++;
	report->settings = ARENA_ARRAY(arena, struct what_if_setting, n + 1);
	for (unsigned i = 0; i < n; i++)
		if (all[i].decides)
			report->settings[report->n_settings++] = (struct what_if_setting){
				all[i].name, all[i].before, all[i].after,
			};
}

static void tell_hint(const char *name, const struct what_if_report *report, const struct settings *now)
{
	if (report->n_settings == 0)
		tool_fail(name, 0, "the settings are the same: nothing can differ; name others with --set "
			  "or --config%s", now->ruleset.dry_run ?
			  "; what enforcing would do: --set dry_run=false" : "");
}

static int print(const char *name, const struct options *o, const struct what_if_report *report)
{
	/* first: whoever reads the text may leave before its end */
	if (o->html != NULL && what_if_write_html(report, o->html) != 0)
		return tool_fail(name, EX_CANTCREAT, "%s: %s", o->html, strerror(errno));
	if (o->json)
		what_if_print_json(report);
	else
		what_if_print_text(report);
	return 0;
}

static int answer(const char *name, const struct options *o, struct question *q,
		  const struct settings *before, const struct settings *after)
{
	struct arena *arena = arena_new();
	const struct settings_difference *differences = settings_compare(before, after, arena);
	struct what_if_report report;
	const char *error = NULL;
	int code;

	q->what.before = &before->ruleset;
	q->what.after = &after->ruleset;
	tell_left_out(name, differences, arena);
	tool_progress_start(&q->progress);
	q->what.progress = show_progress;
	q->what.context = &q->progress;
	code = what_if(arena, &q->what, &report, &error);
	tool_progress_clear(&q->progress);
	if (code != 0) {
		code = tool_fail(name, EX_UNAVAILABLE, "%s", error);
	} else {
		list_settings(arena, differences, &report);
		tell_hint(name, &report, before);
		code = print(name, o, &report);
	}
	arena_free(arena);
	return code;
}

static int ask(const char *name, const struct options *o, struct question *q,
	       const struct settings *before, const struct settings *after)
{
	struct store_options where;
	int code = tool_store_options(name, before, o->store, &where);

	if (code != 0)
		return code;
	where.read_only = true;
	q->what.store = tool_store_open(name, &where);
	if (q->what.store == NULL)
		return EX_UNAVAILABLE;
	code = answer(name, o, q, before, after);
	store_close(q->what.store);
	return code;
}

int cmd_what_if(int argc, char **argv)
{
	struct question q = { .what.now_ms = clock_utc_ms() };
	const char *changes[CHANGES_MAX];
	struct options o = { .changes = { .items = changes, .max = CHANGES_MAX } };
	struct settings *before, *after;
	int code = parse_options(argc, argv, &o);

	if (code != 0 || o.help)
		return code;
	code = parse_question(argv[0], &o, &q);
	if (code != 0)
		return code;
	if (o.in_force == NULL)
		o.in_force = TOOL_SETTINGS;
	before = tool_settings(argv[0], o.in_force);
	after = before != NULL ? load_other(argv[0], &o, o.in_force) : NULL;
	code = before != NULL && after != NULL ? ask(argv[0], &o, &q, before, after) : EX_CONFIG;
	settings_unref(after);
	settings_unref(before);
	return code;
}
