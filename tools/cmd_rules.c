/* alignctl rules: the receiver's rules, who answers for them, when they end and
 * how often they matched; what can be cleared away. */
#include "alignctl.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "rule_report.h"
#include "tool_argument.h"
#include "tool_options.h"

#define DEFAULT_SINCE "30d"

struct options {
	const char *since, *until, *unused, *expiring, *journal, *config;
	bool json, help;
};

struct selection {
	int64_t now_ms, since_ms, until_ms;
	bool only_unused, only_expiring;
	int64_t expiring_ms;            /* their last day has begun by then */
};

static const char help_text[] =
	"Usage: alignctl rules [OPTION]...\n"
	"Lists the rules of the settings: what they do, who answers for them, when they end,\n"
	"and how often they matched, by the journal. A rule that the journal knows and the\n"
	"settings do not is listed as \"gone\".\n\n"
	"  -s, --since WHEN       hits not older than: 30d, 12h, 2026-05-01, or an RFC 3339 time\n"
	"                         (default " DEFAULT_SINCE ")\n"
	"  -t, --until WHEN       hits before it (default: now)\n"
	"  -u, --unused TIME      only rules of the settings without a hit for so long: 90d;\n"
	"                         refused when the journal does not reach back so far\n"
	"  -e, --expiring TIME    only rules that end within that time, and those that are over\n"
	"  -J, --journal DIR      the journal (default: journal.directory of the settings)\n"
	"  -c, --config FILE      settings (default " TOOL_SETTINGS ")\n"
	"  -j, --json             one JSON object: alignctl(1)\n"
	"  -h, --help\n\n"
	"Exit: 0, 64 usage, 65 the journal does not reach back far enough, 66 no such journal,\n"
	"      78 bad settings.\n\n"
	"Examples:\n"
	"  alignctl rules\n"
	"  alignctl rules --expiring 30d\n"
	"  alignctl rules --unused 90d --json | jq -r '.rules[] | .owner + \" \" + .id'\n";

static int parse_options(int argc, char **argv, struct options *o)
{
	const struct tool_option rows[] = {
		{ "since", 's', .argument = &o->since },
		{ "until", 't', .argument = &o->until },
		{ "unused", 'u', .argument = &o->unused },
		{ "expiring", 'e', .argument = &o->expiring },
		{ "journal", 'J', .argument = &o->journal },
		{ "config", 'c', .argument = &o->config },
		{ "json", 'j', .flag = &o->json },
	};
	int code = TOOL_OPTIONS(argc, argv, rows, help_text, &o->help);

	return code != 0 || o->help ? code : tool_none_left(argc, argv);
}

static int parse_period(const char *name, const struct options *o, struct selection *s)
{
	const char *since = o->since != NULL ? o->since : DEFAULT_SINCE;
	int64_t unused_ms;

	s->only_unused = o->unused != NULL;
	if (!s->only_unused)
		return tool_period(name, since, o->until, s->now_ms, &s->since_ms, &s->until_ms);
	if (o->since != NULL || o->until != NULL)
		return tool_usage(name, "--unused is a period of its own: no --since, no --until");
	if (!tool_duration(o->unused, &unused_ms))
		return tool_usage(name, "--unused: \"%s\" is no length of time; accepted: 90d, 12h, 15m or 90s",
				  o->unused);
	s->until_ms = s->now_ms + 1;
	s->since_ms = s->now_ms - unused_ms;
	return 0;
}

static int parse_selection(const char *name, const struct options *o, struct selection *s)
{
	int64_t expiring_ms = 0;

	s->only_expiring = o->expiring != NULL;
	if (s->only_expiring && !tool_duration(o->expiring, &expiring_ms))
		return tool_usage(name, "--expiring: \"%s\" is no length of time; accepted: 30d, 12h, 15m or "
				  "90s", o->expiring);
	s->expiring_ms = s->now_ms + expiring_ms;
	return parse_period(name, o, s);
}

static bool is_wanted(void *context, const struct rule_row *row)
{
	const struct selection *s = context;

	if (s->only_unused && row->hit != NULL)
		return false;
	return !s->only_expiring || (row->rule != NULL && row->term != TERM_OPEN &&
				     rule_calendar_last_day_ms(row->rule) < s->expiring_ms +
									    RULE_CALENDAR_DAY_MS);
}

/* "Unused for 90 days" must not be said by a journal of 30. */
static int check_reach(const char *name, const struct selection *s, const struct rule_hits *hits,
		       const struct settings *settings, const char *directory)
{
	char begins[CLOCK_TEXT_SIZE], since[CLOCK_TEXT_SIZE];

	if (!s->only_unused || (hits->begins && hits->begins_ms <= s->since_ms))
		return 0;
	if (!hits->begins)
		return tool_fail(name, EX_DATAERR, "%s has no line that can be read: whether a rule is "
				 "unused cannot be said", directory);
	clock_format(hits->begins_ms, begins);
	clock_format(s->since_ms, since);
	return tool_fail(name, EX_DATAERR, "%s reaches back to %s only, not to %s: a rule that matched "
			 "before would look unused; ask for less, or keep more (journal.keep_days is %u)",
			 directory, begins, since, settings->journal_keep_days);
}

static void tell_faults(const char *name, const struct rule_hits *hits)
{
	tool_journal_tell(name, &hits->broken, hits->skipped);
	if (hits->cut > 0)
		tool_fail(name, 0, "lines from which recipients had to be cut, so a hit may be missing: "
			  "%llu", (unsigned long long)hits->cut);
	if (hits->surplus > 0)
		tool_fail(name, 0, "hits of further ids, over the first %d, not counted: %llu",
			  LIMIT_RULES, (unsigned long long)hits->surplus);
}

static int read_hits(const char *name, struct selection *s, const struct settings *settings,
		     struct rule_report *report, struct rule_hits *hits)
{
	int code;

	if (report->directory == NULL)
		return !s->only_unused ? 0 : tool_fail(name, EX_CONFIG,
			"the settings keep no journal (journal.directory): what is unused is not known");
	code = rule_hits_read(name, report->directory, report->arena, s->since_ms, s->until_ms, hits);
	if (code != 0)
		return code;
	report->hits = hits;
	tell_faults(name, hits);
	return check_reach(name, s, hits, settings, report->directory);
}

static int list(const char *name, const struct options *o, struct selection *s,
		const struct settings *settings)
{
	const char *directory = o->journal != NULL ? o->journal : settings->journal_directory;
	struct rule_report report = {
		.arena = arena_new(), .settings = settings->path,
		.directory = directory != NULL && directory[0] != '\0' ? directory : NULL,
	};
	struct rule_hits hits;
	int code = read_hits(name, s, settings, &report, &hits);

	if (code == 0) {
		rule_report_init(&report, &settings->ruleset, s->now_ms, is_wanted, s);
		if (o->json)
			rule_report_json(&report, stdout);
		else
			rule_report_text(&report, stdout);
	}
	arena_free(report.arena);
	return code;
}

int cmd_rules(int argc, char **argv)
{
	struct selection s = { .now_ms = clock_utc_ms() };
	struct options o = { 0 };
	struct settings *settings;
	int code = parse_options(argc, argv, &o);

	if (code != 0 || o.help)
		return code;
	code = parse_selection(argv[0], &o, &s);
	if (code != 0)
		return code;
	settings = tool_settings(argv[0], o.config != NULL ? o.config : TOOL_SETTINGS);
	if (settings == NULL)
		return EX_CONFIG;
	code = list(argv[0], &o, &s, settings);
	settings_unref(settings);
	return code;
}
