/* Statistics as text: the totals, then tables, each with its largest rows first. */
#include "stats.h"

#include <inttypes.h>
#include <string.h>

#include "alignctl.h"
#include "tool_grid.h"

#define BAR 20
#define DAY_ROWS 31

struct page {
	const struct stats *stats;
	const struct stats_question *question;
	struct arena *arena;
	FILE *out;
};

static const char *number(const struct page *p, uint64_t n)
{
	return tool_grid_number(p->arena, n);
}

static const char *share(const struct page *p, uint64_t part, uint64_t whole)
{
	return tool_grid_share(p->arena, part, whole);
}

static const char *bar(const struct page *p, uint64_t part, uint64_t whole)
{
	return tool_grid_bar(p->arena, part, whole, BAR);
}

static const char *or_dash(const struct page *p, const char *text)
{
	return text[0] != '\0' ? tool_escape(p->arena, text) : "-";
}

static unsigned shown(const struct page *p, unsigned n)
{
	return n < p->question->top ? n : p->question->top;
}

static void print_title(const struct page *p, const char *title)
{
	fprintf(p->out, "\n%s\n", title);
}

/* ---- the period ---- */

static void print_reach(const struct page *p)
{
	const struct stats_question *q = p->question;

	if (!q->has_sums) {
		fputs("The store holds no sums at all: nothing was loaded into it.\n", p->out);
		return;
	}
	fprintf(p->out, "The store reaches from %s to %s.\n", stats_date(p->arena, q->first_day_ms),
		stats_date(p->arena, q->last_day_ms));
}

static void print_period(const struct page *p)
{
	const struct stats_question *q = p->question;
	int64_t first = stats_first_day(q), last = stats_last_day(q);

	fprintf(p->out, "Mail from %s to %s, whole days UTC", stats_date(p->arena, first),
		stats_date(p->arena, last));
	if (q->domain != NULL)
		fprintf(p->out, ", author domain %s and below it", tool_escape(p->arena, q->domain));
	fputs(p->stats->n_days > 0 ? ".\n" : ": none.\n", p->out);
	if (!q->has_sums || p->stats->n_days == 0 || q->first_day_ms > first || q->last_day_ms < last)
		print_reach(p);
}

/* ---- totals ---- */

static void print_volume(const struct page *p)
{
	const struct stats_counts *all = &p->stats->all;
	struct tool_grid *grid = tool_grid_new(p->arena, "lrr");

	fputc('\n', p->out);
	TOOL_GRID_ADD(grid, "messages", number(p, all->messages),
		      arena_printf(p->arena, "%s a day", number(p, all->messages / p->stats->n_days)));
	if (all->exempt > 0)
		TOOL_GRID_ADD(grid, "exempt, not judged", number(p, all->exempt),
			      share(p, all->exempt, all->messages));
	TOOL_GRID_ADD(grid, "judged", number(p, stats_judged(all)),
		      share(p, stats_judged(all), all->messages));
	if (all->dry_run > 0)
		TOOL_GRID_ADD(grid, "of these in a dry run", number(p, all->dry_run),
			      share(p, all->dry_run, stats_judged(all)));
	tool_grid_print(grid, p->out);
}

static void print_results(const struct page *p)
{
	static const enum dmarc_result order[] = {
		RES_DMARC_PASS, RES_DMARC_FAIL, RES_DMARC_NONE, RES_DMARC_TEMPERROR, RES_DMARC_PERMERROR,
		RES_DMARC_UNSET,
	};
	const struct stats_counts *all = &p->stats->all;
	struct tool_grid *grid = tool_grid_new(p->arena, "lrrl");

	print_title(p, "DMARC result, of mail that was judged");
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		uint64_t n = all->results[order[i]];

		if (n > 0 || order[i] == RES_DMARC_PASS || order[i] == RES_DMARC_FAIL)
			TOOL_GRID_ADD(grid, names_get(dmarc_result_names, (int)order[i]), number(p, n),
				      share(p, n, stats_judged(all)), bar(p, n, stats_judged(all)));
	}
	tool_grid_print(grid, p->out);
}

static void print_alignment(const struct page *p)
{
	const struct stats_counts *all = &p->stats->all;
	uint64_t whole = stats_with_policy(all), pass = all->results[RES_DMARC_PASS];
	struct tool_grid *grid = tool_grid_new(p->arena, "lrrl");

	if (whole == 0)
		return;
	print_title(p, "Pass rates, of mail whose domain has a policy (pass or fail)");
	TOOL_GRID_ADD(grid, "DMARC", number(p, pass), share(p, pass, whole), bar(p, pass, whole));
	TOOL_GRID_ADD(grid, "SPF aligned", number(p, all->spf_aligned), share(p, all->spf_aligned, whole),
		      bar(p, all->spf_aligned, whole));
	TOOL_GRID_ADD(grid, "DKIM aligned", number(p, all->dkim_aligned), share(p, all->dkim_aligned, whole),
		      bar(p, all->dkim_aligned, whole));
	tool_grid_print(grid, p->out);
}

static void print_dns(const struct page *p)
{
	const struct stats_counts *all = &p->stats->all;
	uint64_t judged = stats_judged(all);
	struct tool_grid *grid = tool_grid_new(p->arena, "lrl");

	if (judged == 0)
		return;
	print_title(p, "DNS");
	TOOL_GRID_ADD(grid, "waited for it, mean", tool_grid_mean(p->arena, all->waited_ms, judged),
		      "ms a message");
	TOOL_GRID_ADD(grid, "questions, mean", tool_grid_mean(p->arena, all->lookups, judged), "a message");
	TOOL_GRID_ADD(grid, "DMARC temperror", number(p, all->results[RES_DMARC_TEMPERROR]),
		      share(p, all->results[RES_DMARC_TEMPERROR], judged));
	TOOL_GRID_ADD(grid, "SPF temperror", number(p, all->spf_temperror),
		      share(p, all->spf_temperror, judged));
	tool_grid_print(grid, p->out);
}

/* ---- days ---- */

struct span_of_days { int64_t first_ms, last_ms; struct stats_counts counts; };

static void carry(struct stats_counts *to, const struct stats_counts *from)
{
	to->messages += from->messages;
	to->exempt += from->exempt;
	to->waited_ms += from->waited_ms;
	for (unsigned i = 0; i <= RES_DMARC_PERMERROR; i++)
		to->results[i] += from->results[i];
}

/* Days from the first with mail to the last, so many to a row that they fit; the rows are empty. */
static unsigned gather_days(const struct page *p, struct span_of_days rows[DAY_ROWS], int64_t *width_r)
{
	const struct stats *stats = p->stats;
	int64_t first = stats->days[0].day_ms, last = stats->days[stats->n_days - 1].day_ms;
	int64_t days = (last - first) / STATS_DAY_MS + 1, each = (days + DAY_ROWS - 1) / DAY_ROWS;
	unsigned n = (unsigned)((days + each - 1) / each);

	for (unsigned i = 0; i < n; i++)
		rows[i].first_ms = first + i * each * STATS_DAY_MS;
	for (unsigned i = 0; i < stats->n_days; i++)
		carry(&rows[(stats->days[i].day_ms - first) / STATS_DAY_MS / each].counts,
		      &stats->days[i].counts);
	*width_r = each;
	return n;
}

static void print_days(const struct page *p)
{
	struct tool_grid *grid = tool_grid_new(p->arena, "lrlrrr");
	struct span_of_days rows[DAY_ROWS] = { 0 };
	uint64_t most = 0;
	int64_t each;
	unsigned n = gather_days(p, rows, &each);

	print_title(p, each == 1 ? "Days" : arena_printf(p->arena, "Days, %" PRId64 " to a row", each));
	TOOL_GRID_ADD(grid, "from", "messages", "", "pass", "fail", "waited ms");
	for (unsigned i = 0; i < n; i++)
		most = rows[i].counts.messages > most ? rows[i].counts.messages : most;
	for (unsigned i = 0; i < n; i++) {
		const struct stats_counts *c = &rows[i].counts;

		TOOL_GRID_ADD(grid, stats_date(p->arena, rows[i].first_ms), number(p, c->messages),
			      bar(p, c->messages, most), share(p, c->results[RES_DMARC_PASS], stats_judged(c)),
			      share(p, c->results[RES_DMARC_FAIL], stats_judged(c)),
			      tool_grid_mean(p->arena, c->waited_ms, stats_judged(c)));
	}
	tool_grid_print(grid, p->out);
}

/* ---- tables ---- */

static void print_rest(const struct page *p, const struct stats_list *list)
{
	uint64_t messages = 0;

	for (unsigned i = shown(p, list->n); i < list->n; i++)
		messages += list->rows[i].item->counts.messages;
	if (shown(p, list->n) < list->n)
		fprintf(p->out, "  and %s more, with %s %s\n", number(p, list->n - shown(p, list->n)),
			number(p, messages), messages == 1 ? "message" : "messages");
	if (list->surplus > 0)
		fprintf(p->out, "  and %s messages of further ones: only the first %s were told apart\n",
			number(p, list->surplus), number(p, list->n));
}

static uint64_t largest(const struct stats_list *list)
{
	return list->n > 0 ? list->rows[0].item->counts.messages : 0;
}

static void add_domain(const struct page *p, struct tool_grid *grid, const struct stats_row *row,
		       uint64_t most)
{
	const struct stats_counts *c = &row->item->counts;
	uint64_t whole = stats_with_policy(c);

	TOOL_GRID_ADD(grid, number(p, c->messages), bar(p, c->messages, most),
		      share(p, c->results[RES_DMARC_PASS], whole), share(p, c->spf_aligned, whole),
		      share(p, c->dkim_aligned, whole), number(p, c->results[RES_DMARC_FAIL]),
		      number(p, c->results[RES_DMARC_TEMPERROR]),
		      names_get(enforcement_class_names, row->item->class),
		      row->words[0][0] != '\0' ? tool_escape(p->arena, row->words[0]) : "(no usable From)");
}

static void print_domains(const struct page *p)
{
	const struct stats_list *list = &p->stats->lists[STATS_BY_DOMAIN];
	struct tool_grid *grid = tool_grid_new(p->arena, "rlrrrrrll");

	print_title(p, "Author domains");
	TOOL_GRID_ADD(grid, "messages", "", "DMARC", "SPF", "DKIM", "fail", "temperror", "class", "domain");
	for (unsigned i = 0; i < shown(p, list->n); i++)
		add_domain(p, grid, &list->rows[i], largest(list));
	tool_grid_print(grid, p->out);
	print_rest(p, list);
}

static void print_sources(const struct page *p)
{
	const struct stats_list *list = &p->stats->lists[STATS_BY_SOURCE];
	struct tool_grid *grid = tool_grid_new(p->arena, "rlrrll");

	if (list->n == 0)
		return;
	print_title(p, "Sources of mail that fails: client networks by author domain (q+r: quarantine or reject)");
	TOOL_GRID_ADD(grid, "messages", "", "asked q+r", "chosen q+r", "domain", "network");
	for (unsigned i = 0; i < shown(p, list->n); i++) {
		const struct stats_counts *c = &list->rows[i].item->counts;

		TOOL_GRID_ADD(grid, number(p, c->messages), bar(p, c->messages, largest(list)),
			      number(p, c->asked[DISPOSITION_QUARANTINE] + c->asked[DISPOSITION_REJECT]),
			      number(p, c->chosen[ACTION_QUARANTINE] + c->chosen[ACTION_REJECT]),
			      or_dash(p, list->rows[i].words[0]), or_dash(p, list->rows[i].words[1]));
	}
	tool_grid_print(grid, p->out);
	print_rest(p, list);
}

static void print_networks(const struct page *p)
{
	const struct stats_list *list = &p->stats->lists[STATS_BY_NETWORK];
	struct tool_grid *grid = tool_grid_new(p->arena, "rlrl");

	if (list->n == 0)
		return;
	print_title(p, "Client networks of mail that fails, of however many author domains");
	TOOL_GRID_ADD(grid, "messages", "", "domains", "network");
	for (unsigned i = 0; i < shown(p, list->n); i++)
		TOOL_GRID_ADD(grid, number(p, list->rows[i].item->counts.messages),
			      bar(p, list->rows[i].item->counts.messages, largest(list)),
			      number(p, list->rows[i].item->domains), or_dash(p, list->rows[i].words[0]));
	tool_grid_print(grid, p->out);
	print_rest(p, list);
}

static void print_outcomes(const struct page *p)
{
	const struct stats_list *list = &p->stats->lists[STATS_BY_OUTCOME];
	struct tool_grid *grid = tool_grid_new(p->arena, "rrlllll");

	if (list->n == 0)
		return;
	print_title(p, "What was asked, chosen and done");
	TOOL_GRID_ADD(grid, "messages", "", "", "asked", "chosen", "done", "");
	for (unsigned i = 0; i < shown(p, list->n); i++) {
		const struct stats_row *row = &list->rows[i];
		uint64_t n = row->item->counts.messages, whole = stats_judged(&p->stats->all);

		TOOL_GRID_ADD(grid, number(p, n), share(p, n, whole), bar(p, n, whole), row->words[0],
			      row->words[1], or_dash(p, row->words[2]),
			      row->words[3][0] != '\0' ? "(dry run)" : "");
	}
	tool_grid_print(grid, p->out);
	print_rest(p, list);
}

static void print_choices(const struct page *p, enum stats_by by, const char *title, const char *head)
{
	const struct stats_list *list = &p->stats->lists[by];
	struct tool_grid *grid = tool_grid_new(p->arena, "rlrrl");

	if (list->n == 0)
		return;
	print_title(p, title);
	TOOL_GRID_ADD(grid, "messages", "", "milder", "stricter", head);
	for (unsigned i = 0; i < shown(p, list->n); i++) {
		const struct stats_counts *c = &list->rows[i].item->counts;

		TOOL_GRID_ADD(grid, number(p, c->messages), bar(p, c->messages, largest(list)),
			      number(p, c->milder), number(p, c->stricter), or_dash(p, list->rows[i].words[0]));
	}
	tool_grid_print(grid, p->out);
	print_rest(p, list);
}

/* ---- what domains publish ---- */

static const struct {
	enum enforcement_class class;
	const char *words;
} classes[] = {
	{ ENFORCEMENT_ENFORCED, "all forged mail is to be quarantined or rejected" },
	{ ENFORCEMENT_PARTIAL, "some forged mail goes through untouched" },
	{ ENFORCEMENT_MONITORING, "p=none, with reports" },
	{ ENFORCEMENT_IDLE, "p=none, without reports" },
	{ ENFORCEMENT_DAMAGED, "read as p=none" },
	{ ENFORCEMENT_UNUSABLE, "receivers apply nothing" },
	{ ENFORCEMENT_NO_RECORD, "no policy" },
	{ ENFORCEMENT_UNSET, "not known: the DNS failed, or no usable From" },
};
#define N_CLASSES (sizeof(classes) / sizeof(classes[0]))

static void print_classes(const struct page *p)
{
	struct tool_grid *grid = tool_grid_new(p->arena, "rrlrll");
	unsigned whole = 0;

	for (unsigned i = 0; i < N_CLASSES; i++)
		whole += p->stats->classes[classes[i].class].domains;
	print_title(p, "Author domains by enforcement, as last seen");
	TOOL_GRID_ADD(grid, "domains", "", "", "messages", "class", "");
	for (unsigned i = 0; i < N_CLASSES; i++) {
		const struct stats_class *c = &p->stats->classes[classes[i].class];

		if (c->messages > 0 || c->domains > 0)
			TOOL_GRID_ADD(grid, number(p, c->domains), share(p, c->domains, whole),
				      bar(p, c->domains, whole), number(p, c->messages),
				      names_get(enforcement_class_names, (int)classes[i].class), classes[i].words);
	}
	tool_grid_print(grid, p->out);
}

static void print_differences(const struct page *p)
{
	const struct stats *stats = p->stats;
	struct tool_grid *grid = tool_grid_new(p->arena, "rlll");

	if (stats->n_differences == 0)
		return;
	TOOL_GRID_ADD(grid, "messages", "domain", "tree walk", "suffix list");
	for (unsigned i = 0; i < shown(p, stats->n_differences); i++) {
		const struct stats_difference *d = &stats->differences[i];

		TOOL_GRID_ADD(grid, number(p, d->messages), tool_escape(p->arena, d->domain),
			      tool_escape(p->arena, d->walk), tool_escape(p->arena, d->list));
	}
	tool_grid_print(grid, p->out);
	if (shown(p, stats->n_differences) < stats->n_differences)
		fprintf(p->out, "  and %s more\n",
			number(p, stats->n_differences - shown(p, stats->n_differences)));
}

static void print_orgs(const struct page *p)
{
	const struct stats *stats = p->stats;

	print_title(p, "Organizational Domain: tree walk and public suffix list");
	if (stats->no_suffixes != NULL)
		fprintf(p->out, "  Not compared: %s.\n", tool_escape(p->arena, stats->no_suffixes));
	else
		fprintf(p->out, "  %s of %s author domains with a policy differ (walk as it was, list as it is "
			"now).\n", number(p, stats->n_differences), number(p, stats->n_compared));
	print_differences(p);
	if (stats->org_guarded > 0)
		fprintf(p->out, "  %s messages: dmarc.psl_guard took the list's side against the walk.\n",
			number(p, stats->org_guarded));
	if (stats->org_listed > 0)
		fprintf(p->out, "  %s messages: found by the list, so what a walk says is not known.\n",
			number(p, stats->org_listed));
}

void stats_text(const struct stats *stats, const struct stats_question *question, FILE *out)
{
	struct page page = { stats, question, arena_new(), out };

	print_period(&page);
	if (stats->n_days > 0) {
		print_volume(&page);
		print_results(&page);
		print_alignment(&page);
		print_outcomes(&page);
		print_choices(&page, STATS_BY_WHY, "Why (milder, stricter: than was asked)", "why");
		print_choices(&page, STATS_BY_RULE, "Rules", "rule");
		print_days(&page);
		print_domains(&page);
		print_sources(&page);
		print_networks(&page);
		print_classes(&page);
		print_orgs(&page);
		print_dns(&page);
	}
	arena_free(page.arena);
}
