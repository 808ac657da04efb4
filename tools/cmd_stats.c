/* alignctl stats: what happened in a period, in all, by day and by domain, from the
 * store's sums. */
#include "alignctl.h"

#include <stdio.h>
#include <string.h>

#include "auth/suffix.h"
#include "base/clock.h"
#include "stats.h"
#include "tool_argument.h"
#include "tool_options.h"
#include "tool_progress.h"
#include "tool_store.h"

#define DEFAULT_SINCE "30d"
#define DEFAULT_TOP 10
#define TOP_MOST 100000
#define NOTHING 1

struct options {
	const char *since, *until, *domain, *top, *store, *config;
	bool json, csv, help;
};

static const char help_text[] =
	"Usage: alignctl stats [OPTION]...\n"
	"Says what happened to the mail of a period: volumes, pass rates, what was asked, chosen\n"
	"and done and why, days, author domains, sources of mail that fails, what domains\n"
	"publish, and how long the DNS took. It reads the sums that the store keeps per day\n"
	"(store.keep_sums_days), so days are whole ones, UTC.\n\n"
	"  -s, --since WHEN       mail not older than: 30d, 12h, 2026-05-01, or an RFC 3339 time\n"
	"                         (default " DEFAULT_SINCE ")\n"
	"  -t, --until WHEN       mail before it (default: now)\n"
	"  -d, --domain DOMAIN    mail of this author domain and of those below it\n"
	"  -n, --top N            rows of each table (default 10)\n"
	"  -S, --store WHERE      an SQLite file, or a PostgreSQL connection string (default:\n"
	"                         store.* of the settings)\n"
	"  -c, --config FILE      settings (default " TOOL_SETTINGS ")\n"
	"  -j, --json             one JSON object: alignctl(1)\n"
	"  -C, --csv              a row per day and key, all of them: alignctl(1)\n"
	"  -h, --help\n\n"
	"What the sums cannot tell: how the waiting times spread (only their mean), temperrors of\n"
	"DKIM alone, and tree walk against public suffix list where only the list was asked\n"
	"(dmarc.discovery = \"psl\"), or where dmarc.psl_guard had put the walk right: such mail\n"
	"is counted, not compared. Only author domains with a policy are compared, and with the\n"
	"list as it is now.\n\n"
	"Exit: 0, 1 no mail in the period, 64 usage, 69 the store cannot be used, 78 bad settings.\n\n"
	"Examples:\n"
	"  alignctl stats\n"
	"  alignctl stats --since 2026-09-01 --until 2026-10-01 --domain example.com\n"
	"  alignctl stats --since 7d --json | jq '.totals.results'\n"
	"  alignctl stats --since 90d --csv > mail.csv\n";

static int parse_options(int argc, char **argv, struct options *o)
{
	const struct tool_option rows[] = {
		{ "since", 's', .argument = &o->since },
		{ "until", 't', .argument = &o->until },
		{ "domain", 'd', .argument = &o->domain },
		{ "top", 'n', .argument = &o->top },
		{ "store", 'S', .argument = &o->store },
		{ "config", 'c', .argument = &o->config },
		{ "json", 'j', .flag = &o->json },
		{ "csv", 'C', .flag = &o->csv },
	};
	int code = TOOL_OPTIONS(argc, argv, rows, help_text, &o->help);

	if (code != 0 || o->help)
		return code;
	if (o->json && o->csv)
		return tool_usage(argv[0], "--json or --csv, not both");
	if (o->csv && o->top != NULL)
		return tool_usage(argv[0], "--csv writes all rows: no --top");
	return tool_none_left(argc, argv);
}

struct question {
	struct stats_question what;
	char domain[DOMAIN_SIZE];
};

static int parse_question(const char *name, const struct options *o, struct question *q)
{
	const char *since = o->since != NULL ? o->since : DEFAULT_SINCE;
	struct store_span *span = &q->what.span;
	uint64_t top = DEFAULT_TOP;
	int code = tool_period(name, since, o->until, clock_utc_ms(), &span->since_ms, &span->until_ms);

	span->since_ms = span->since_ms > 0 ? span->since_ms : 0;
	if (code == 0 && o->domain != NULL)
		code = tool_domain(name, "domain", o->domain, q->domain);
	if (code == 0 && o->top != NULL)
		code = tool_number(name, "top", o->top, 1, TOP_MOST, &top);
	q->what.domain = o->domain != NULL ? q->domain : NULL;
	q->what.top = (unsigned)top;
	return code;
}

/* ---- reading ---- */

struct reading {
	struct stats stats;
	struct stats_csv *csv;          /* NULL: sums go into stats */
	const struct stats_question *question;
	struct tool_progress progress;
	uint64_t rows;
};

static void show_progress(struct reading *r, int64_t day_ms)
{
	int64_t first = stats_first_day(r->question), last = stats_last_day(r->question);

	if (tool_progress_due(&r->progress))
		tool_progress_show(&r->progress, (double)(day_ms - first) / (double)(last - first + STATS_DAY_MS),
				   "%s", stats_date(r->stats.arena, day_ms));
}

static bool take_sum(void *context, const struct store_sum *sum)
{
	struct reading *r = context;

	show_progress(r, sum->day_ms);
	r->rows++;
	if (r->csv != NULL)
		stats_csv_add(r->csv, sum);
	else
		stats_add(&r->stats, sum);
	return true;
}

static int read_store(struct store *store, struct stats_question *what, struct reading *r)
{
	int has_sums = store_sums_extent(store, &what->first_day_ms, &what->last_day_ms);

	if (has_sums < 0)
		return -1;
	what->has_sums = has_sums == 1;
	return store_sums(store, what->span, what->domain, take_sum, r) < 0 ? -1 : 0;
}

/* ---- answering ---- */

static void finish(struct stats *stats, const struct settings *settings)
{
	const char *error = NULL;
	struct suffix_psl *psl = suffix_psl_open(settings->psl_file, &error);
	struct suffix_list suffixes;

	if (psl != NULL)
		suffixes = suffix_psl_list(psl);
	stats_finish(stats, psl != NULL ? &suffixes : NULL, error);
	suffix_psl_close(psl);
}

/* With --csv the rows are out already; words would spoil them. */
static void tell_nothing(const char *name, const struct stats_question *what)
{
	struct arena *arena = arena_new();

	if (what->has_sums)
		tool_fail(name, 0, "no mail in that period; the store reaches from %s to %s",
			  stats_date(arena, what->first_day_ms), stats_date(arena, what->last_day_ms));
	else
		tool_fail(name, 0, "the store holds no sums at all");
	arena_free(arena);
}

static int answer(const char *name, const struct options *o, struct stats_question *what,
		  struct store *store, const struct settings *settings)
{
	struct reading r = { .question = what, .csv = o->csv ? stats_csv_new(stdout) : NULL };
	int code = 0;

	stats_init(&r.stats, STATS_ROWS_MOST);
	tool_progress_start(&r.progress);
	if (read_store(store, what, &r) != 0)
		code = EX_UNAVAILABLE;
	tool_progress_clear(&r.progress);
	if (r.csv != NULL)
		stats_csv_done(r.csv);
	if (code != 0) {
		tool_fail(name, code, "%s", store_error(store));
	} else if (!o->csv) {
		finish(&r.stats, settings);
		(o->json ? stats_json : stats_text)(&r.stats, what, stdout);
	} else if (r.rows == 0) {
		tell_nothing(name, what);
	}
	stats_done(&r.stats);
	return code != 0 || r.rows > 0 ? code : NOTHING;
}

static int run(const char *name, const struct options *o, struct stats_question *what,
	       const struct settings *settings)
{
	struct store_options options;
	struct store *store;
	int code = tool_store_options(name, settings, o->store, &options);

	if (code != 0)
		return code;
	options.read_only = true;
	store = tool_store_open(name, &options);
	if (store == NULL)
		return EX_UNAVAILABLE;
	code = answer(name, o, what, store, settings);
	store_close(store);
	return code;
}

int cmd_stats(int argc, char **argv)
{
	struct question q = { 0 };
	struct options o = { 0 };
	struct settings *settings;
	int code = parse_options(argc, argv, &o);

	if (code != 0 || o.help)
		return code;
	code = parse_question(argv[0], &o, &q);
	if (code != 0)
		return code;
	settings = tool_settings(argv[0], o.config != NULL ? o.config : TOOL_SETTINGS);
	if (settings == NULL)
		return EX_CONFIG;
	code = run(argv[0], &o, &q.what, settings);
	settings_unref(settings);
	return code;
}
