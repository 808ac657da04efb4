/* stats.h - what happened to the mail of a period, added up from the store's sums
 * per day: in all, by day, by domain, and by what was decided.
 *
 * Memory is bounded: of the author domains (and of the others that strangers
 * choose) the first STATS_ROWS_MOST are told apart; mail of further ones counts in
 * the totals only, and how much that is, is known. One thread.
 *
 * Not to be had from sums: temperrors of DKIM, how the waiting times spread (only
 * their mean), the types of reasons, and what a tree walk found where the public
 * suffix list was asked instead of it.
 */
#ifndef TOOLS_STATS_H
#define TOOLS_STATS_H

#include <stdio.h>

#include "base/arena.h"
#include "core/enforcement.h"
#include "core/orgdomain.h"
#include "store/store.h"
#include "tool_table.h"

#define STATS_DAY_MS INT64_C(86400000)
#define STATS_ROWS_MOST 200000
#define STATS_WORDS 4

struct stats_counts {
	uint64_t messages;
	uint64_t exempt;                /* of them; all below is of the others, who were judged */
	uint64_t dry_run;
	uint64_t results[RES_DMARC_PERMERROR + 1];
	uint64_t spf_aligned, dkim_aligned;     /* of those that pass or fail */
	uint64_t spf_temperror;
	uint64_t asked[DISPOSITION_REJECT + 1];
	uint64_t chosen[ACTION_TEMPFAIL + 1];
	uint64_t milder, stricter;      /* chosen, than was asked */
	uint64_t waited_ms, lookups;
};
uint64_t stats_judged(const struct stats_counts *counts);
uint64_t stats_with_policy(const struct stats_counts *counts);  /* pass or fail */

/* What is told apart, and by which words. */
enum stats_by {
	STATS_BY_DOMAIN = 0,            /* author domain ("": none that could be used) */
	STATS_BY_SOURCE,                /* mail that fails: author domain, client network */
	STATS_BY_NETWORK,               /* the same by client network alone */
	STATS_BY_OUTCOME,               /* judged: asked, chosen, done, "yes" in a dry run */
	STATS_BY_WHY,                   /* judged: why */
	STATS_BY_RULE,                  /* rule id */
	STATS_TABLES,
};
struct stats_item {
	struct stats_counts counts;
	/* of a domain */
	int class;                      /* enum enforcement_class, the last that is known */
	const char *walk_org;           /* by the tree walk alone, the last one; NULL: not known */
	uint64_t walked;                /* messages whose walk found a record */
	/* of a network, by stats_finish() */
	unsigned domains;               /* whose mail failed from there */
};
struct stats_row {
	const char *words[STATS_WORDS];
	const struct stats_item *item;
};
struct stats_list {
	struct stats_row *rows;         /* most messages first */
	unsigned n;
	uint64_t surplus;               /* messages over the limit */
};

struct stats_day {
	int64_t day_ms;
	struct stats_counts counts;
};
struct stats_class {
	unsigned domains;               /* that had it on their last day */
	uint64_t messages;
};
/* An author domain that has a policy, whose Organizational Domain by the walk is
 * not the one of the public suffix list. */
struct stats_difference {
	const char *domain, *walk, *list;
	uint64_t messages;
};

struct stats {
	struct arena *arena;            /* its own */
	struct stats_counts all;
	struct stats_day *days;         /* with mail, in their order */
	unsigned n_days, days_size;
	struct tool_table *tables[STATS_TABLES];
	uint64_t surplus[STATS_TABLES];
	struct stats_class classes[ENFORCEMENT_ENFORCED + 1];
	/* messages with a policy, by how the Organizational Domain was found */
	uint64_t org_walked, org_guarded, org_listed;

	/* by stats_finish() */
	struct stats_list lists[STATS_TABLES];
	const char *no_suffixes;        /* why nothing was compared; NULL */
	struct stats_difference *differences;   /* most messages first */
	unsigned n_differences, n_compared;     /* domains */
};
void stats_init(struct stats *stats, unsigned rows_most);
void stats_done(struct stats *stats);
void stats_add(struct stats *stats, const struct store_sum *sum);       /* in the order of days */
/* `suffixes` NULL: there is no list, because of `why`. */
void stats_finish(struct stats *stats, const struct suffix_list *suffixes, const char *why);

/* What was asked for, and how far the store reaches. */
struct stats_question {
	struct store_span span;         /* until_ms is set */
	const char *domain;             /* NULL: all */
	unsigned top;
	bool has_sums;
	int64_t first_day_ms, last_day_ms;      /* with sums, of all domains */
};
int64_t stats_first_day(const struct stats_question *question);         /* 00:00 UTC */
int64_t stats_last_day(const struct stats_question *question);
const char *stats_date(struct arena *arena, int64_t ms);                /* "2026-05-01" */

void stats_text(const struct stats *stats, const struct stats_question *question, FILE *out);
/* One object on one line; its keys are told in alignctl(1). */
void stats_json(const struct stats *stats, const struct stats_question *question, FILE *out);

/* One row per day and key. A field holds ASCII letters, digits and . _ : / - and
 * does not begin with -; any other octet is \xHH: so it needs no quotes, and no
 * spreadsheet takes it for a formula. */
struct stats_csv;
struct stats_csv *stats_csv_new(FILE *out);             /* writes the head */
void stats_csv_add(struct stats_csv *csv, const struct store_sum *sum);
void stats_csv_done(struct stats_csv *csv);             /* writes the last day */

#endif
