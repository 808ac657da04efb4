#include "stats.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/domain.h"

uint64_t stats_judged(const struct stats_counts *counts)
{
	return counts->messages - counts->exempt;
}

uint64_t stats_with_policy(const struct stats_counts *counts)
{
	return counts->results[RES_DMARC_PASS] + counts->results[RES_DMARC_FAIL];
}

/* ---- one sum ---- */

static int strictness_asked(enum disposition asked)
{
	switch (asked) {
	case DISPOSITION_UNSET:
	case DISPOSITION_NONE:
		return 0;
	case DISPOSITION_QUARANTINE:
		return 1;
	case DISPOSITION_REJECT:
		return 2;
	}
	return 0;
}

static int strictness_chosen(enum action chosen)
{
	switch (chosen) {
	case ACTION_UNSET:
	case ACTION_ACCEPT:
		return 0;
	case ACTION_QUARANTINE:
		return 1;
	case ACTION_REJECT:
	case ACTION_TEMPFAIL:           /* not taken either */
		return 2;
	}
	return 0;
}

static void count_judged(struct stats_counts *counts, const struct store_sum *sum)
{
	int asked = strictness_asked(sum->asked), chosen = strictness_chosen(sum->chosen);

	counts->dry_run += sum->dry_run ? sum->n : 0;
	counts->results[sum->result] += sum->n;
	if (sum->result == RES_DMARC_PASS || sum->result == RES_DMARC_FAIL) {
		counts->spf_aligned += sum->spf_aligned ? sum->n : 0;
		counts->dkim_aligned += sum->dkim_aligned ? sum->n : 0;
	}
	counts->spf_temperror += sum->spf == RES_SPF_TEMPERROR ? sum->n : 0;
	counts->asked[sum->asked] += sum->n;
	counts->chosen[sum->chosen] += sum->n;
	counts->milder += chosen < asked ? sum->n : 0;
	counts->stricter += chosen > asked ? sum->n : 0;
	counts->waited_ms += sum->waited_ms;
	counts->lookups += sum->lookups;
}

static void count(struct stats_counts *counts, const struct store_sum *sum)
{
	counts->messages += sum->n;
	if (sum->exempt)
		counts->exempt += sum->n;
	else
		count_judged(counts, sum);
}

/* ---- tables ---- */

static bool fits_all(const struct store_sum *sum)
{
	(void)sum;
	return true;
}

static bool fits_judged(const struct store_sum *sum)
{
	return !sum->exempt;
}

static bool fits_failing(const struct store_sum *sum)
{
	return !sum->exempt && sum->result == RES_DMARC_FAIL;
}

static bool fits_rule(const struct store_sum *sum)
{
	return !sum->exempt && sum->rule[0] != '\0';
}

static void words_of_domain(const struct store_sum *sum, const char *words[STATS_WORDS])
{
	words[0] = sum->author;
}

static void words_of_source(const struct store_sum *sum, const char *words[STATS_WORDS])
{
	words[0] = sum->author;
	words[1] = sum->network;
}

static void words_of_network(const struct store_sum *sum, const char *words[STATS_WORDS])
{
	words[0] = sum->network;
}

static void words_of_outcome(const struct store_sum *sum, const char *words[STATS_WORDS])
{
	words[0] = names_get(disposition_names, (int)sum->asked);
	words[1] = names_get(action_names, (int)sum->chosen);
	words[2] = sum->done;
	words[3] = sum->dry_run ? "yes" : "";
}

static void words_of_why(const struct store_sum *sum, const char *words[STATS_WORDS])
{
	words[0] = sum->why;
}

static void words_of_rule(const struct store_sum *sum, const char *words[STATS_WORDS])
{
	words[0] = sum->rule;
}

static const struct {
	unsigned n_words;
	bool (*fits)(const struct store_sum *sum);
	void (*words)(const struct store_sum *sum, const char *words[STATS_WORDS]);
} kinds[STATS_TABLES] = {
	[STATS_BY_DOMAIN] = { 1, fits_all, words_of_domain },
	[STATS_BY_SOURCE] = { 2, fits_failing, words_of_source },
	[STATS_BY_NETWORK] = { 1, fits_failing, words_of_network },
	[STATS_BY_OUTCOME] = { 4, fits_judged, words_of_outcome },
	[STATS_BY_WHY] = { 1, fits_judged, words_of_why },
	[STATS_BY_RULE] = { 1, fits_rule, words_of_rule },
};

/* The words, each with its NUL. */
static struct stats_item *item_of(struct stats *stats, enum stats_by by, const struct store_sum *sum)
{
	const char *words[STATS_WORDS];
	struct stats_item *item;
	struct buf key;

	kinds[by].words(sum, words);
	buf_init(&key, LIMIT_JOURNAL_LINE);
	for (unsigned i = 0; i < kinds[by].n_words; i++)
		buf_add(&key, words[i], strlen(words[i]) + 1);
	item = tool_table_add(stats->tables[by], buf_slice(&key));
	buf_done(&key);
	return item;
}

static bool has_record(const struct store_sum *sum)
{
	return sum->class != ENFORCEMENT_UNSET && sum->class != ENFORCEMENT_NO_RECORD;
}

/* Sums come by day: the last one counts. */
static void note_domain(struct stats *stats, struct stats_item *item, const struct store_sum *sum)
{
	if (sum->exempt)
		return;
	if (sum->class != ENFORCEMENT_UNSET)
		item->class = sum->class;
	if (!has_record(sum) || sum->method != DISCOVERY_TREEWALK || sum->guarded || sum->org[0] == '\0')
		return;
	if (item->walk_org == NULL || strcmp(item->walk_org, sum->org) != 0)
		item->walk_org = arena_strdup(stats->arena, sum->org);
	item->walked += sum->n;
}

static void count_orgs(struct stats *stats, const struct store_sum *sum)
{
	if (sum->exempt || !has_record(sum) || sum->org[0] == '\0')
		return;
	if (sum->guarded)
		stats->org_guarded += sum->n;
	else if (sum->method == DISCOVERY_TREEWALK)
		stats->org_walked += sum->n;
	else
		stats->org_listed += sum->n;
}

static void count_day(struct stats *stats, const struct store_sum *sum)
{
	if (stats->n_days == 0 || stats->days[stats->n_days - 1].day_ms != sum->day_ms) {
		if (stats->n_days == stats->days_size) {
			stats->days_size = stats->days_size > 0 ? 2 * stats->days_size : 32;
			stats->days = mem_realloc(stats->days, stats->days_size * sizeof(stats->days[0]));
		}
		stats->days[stats->n_days++] = (struct stats_day){ .day_ms = sum->day_ms };
	}
	count(&stats->days[stats->n_days - 1].counts, sum);
}

void stats_add(struct stats *stats, const struct store_sum *sum)
{
	count(&stats->all, sum);
	count_day(stats, sum);
	count_orgs(stats, sum);
	if (!sum->exempt)
		stats->classes[sum->class].messages += sum->n;
	for (enum stats_by by = STATS_BY_DOMAIN; by < STATS_TABLES; by++) {
		struct stats_item *item = kinds[by].fits(sum) ? item_of(stats, by, sum) : NULL;

		if (item != NULL)
			count(&item->counts, sum);
		else if (kinds[by].fits(sum))
			stats->surplus[by] += sum->n;
		if (item != NULL && by == STATS_BY_DOMAIN)
			note_domain(stats, item, sum);
	}
}

/* ---- begin and end ---- */

void stats_init(struct stats *stats, unsigned rows_most)
{
	*stats = (struct stats){ .arena = arena_new() };
	for (unsigned by = 0; by < STATS_TABLES; by++)
		stats->tables[by] = tool_table_new(sizeof(struct stats_item), rows_most);
}

void stats_done(struct stats *stats)
{
	for (unsigned by = 0; by < STATS_TABLES; by++)
		tool_table_free(stats->tables[by]);
	free(stats->days);
	arena_free(stats->arena);
}

static int compare_rows(const void *left, const void *right)
{
	const struct stats_row *a = left, *b = right;
	uint64_t n = a->item->counts.messages, m = b->item->counts.messages;

	if (n != m)
		return n < m ? 1 : -1;
	for (unsigned i = 0; i < STATS_WORDS; i++) {
		int order = strcmp(a->words[i], b->words[i]);

		if (order != 0)
			return order;
	}
	return 0;
}

static struct stats_list rank(struct stats *stats, enum stats_by by)
{
	struct stats_list list = { .n = tool_table_count(stats->tables[by]), .surplus = stats->surplus[by] };

	list.rows = ARENA_ARRAY(stats->arena, struct stats_row, list.n + 1);
	for (unsigned i = 0; i < list.n; i++) {
		struct stats_row *row = &list.rows[i];
		void *item;
		const char *word = tool_table_at(stats->tables[by], i, &item);

		row->item = item;
		for (unsigned k = 0; k < STATS_WORDS; k++) {
			row->words[k] = k < kinds[by].n_words ? word : "";
			word += k < kinds[by].n_words ? strlen(word) + 1 : 0;
		}
	}
	qsort(list.rows, list.n, sizeof(list.rows[0]), compare_rows);
	return list;
}

static void count_domains_of_networks(struct stats *stats)
{
	const struct stats_list *sources = &stats->lists[STATS_BY_SOURCE];

	for (unsigned i = 0; i < sources->n; i++) {
		const char *network = sources->rows[i].words[1];
		struct stats_item *item = tool_table_find(stats->tables[STATS_BY_NETWORK],
							  slice_new(network, strlen(network) + 1));

		if (item != NULL)
			item->domains++;
	}
}

static int compare_differences(const void *left, const void *right)
{
	const struct stats_difference *a = left, *b = right;

	if (a->messages != b->messages)
		return a->messages < b->messages ? 1 : -1;
	return strcmp(a->domain, b->domain);
}

/* A journal from elsewhere may say anything. */
static bool is_normal(const char *domain)
{
	char normal[DOMAIN_SIZE];

	return domain_normalize(slice_of(domain), normal) && domain_equal(normal, domain);
}

static void compare_orgs(struct stats *stats, const struct suffix_list *suffixes)
{
	const struct stats_list *domains = &stats->lists[STATS_BY_DOMAIN];

	stats->differences = ARENA_ARRAY(stats->arena, struct stats_difference, domains->n + 1);
	for (unsigned i = 0; i < domains->n; i++) {
		const struct stats_row *row = &domains->rows[i];
		const char *domain = row->words[0], *walk = row->item->walk_org, *list;

		if (walk == NULL || !is_normal(domain))
			continue;
		stats->n_compared++;
		list = orgdomain_from_suffix(domain, suffixes);
		if (strcmp(list, walk) != 0)
			stats->differences[stats->n_differences++] =
				(struct stats_difference){ domain, walk, list, row->item->walked };
	}
	qsort(stats->differences, stats->n_differences, sizeof(stats->differences[0]), compare_differences);
}

void stats_finish(struct stats *stats, const struct suffix_list *suffixes, const char *why)
{
	const struct stats_list *domains = &stats->lists[STATS_BY_DOMAIN];

	for (enum stats_by by = STATS_BY_DOMAIN; by < STATS_TABLES; by++)
		stats->lists[by] = rank(stats, by);
	count_domains_of_networks(stats);
	for (unsigned i = 0; i < domains->n; i++)
		if (domains->rows[i].words[0][0] != '\0' && stats_judged(&domains->rows[i].item->counts) > 0)
			stats->classes[domains->rows[i].item->class].domains++;
	if (suffixes != NULL)
		compare_orgs(stats, suffixes);
	else
		stats->no_suffixes = why;
}

/* ---- days ---- */

int64_t stats_first_day(const struct stats_question *question)
{
	return question->span.since_ms / STATS_DAY_MS * STATS_DAY_MS;
}

int64_t stats_last_day(const struct stats_question *question)
{
	return (question->span.until_ms - 1) / STATS_DAY_MS * STATS_DAY_MS;
}

const char *stats_date(struct arena *arena, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(ms, text);
	return arena_strndup(arena, text, strlen("2026-05-01"));
}
