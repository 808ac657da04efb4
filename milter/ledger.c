#include "ledger.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/rule_calendar.h"
#include "log.h"

struct entry {
	char *id;
	uint64_t hits;
	int64_t last_ms;
	uint64_t message;               /* number of the last one that it counted for */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *entries;           /* by id; under the lock, changed by the main thread only */
static unsigned n_entries;
static uint64_t n_messages;             /* with a rule; under the lock */
static struct rule_calendar said;       /* main thread */

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->id, ((const struct entry *)b)->id);
}

static int compare_hits(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->hits != y->hits)
		return x->hits > y->hits ? -1 : 1;
	return compare_ids(a, b);
}

static struct entry *find(const char *id)
{
	struct entry key = { .id = (char *)(uintptr_t)id };

	return n_entries > 0 ? bsearch(&key, entries, n_entries, sizeof(key), compare_ids) : NULL;
}

static void free_entries(struct entry *old, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		free(old[i].id);
	free(old);
}

static void set_rules(const struct ruleset *ruleset)
{
	struct entry *new = mem_zalloc((ruleset->n_rules + 1) * sizeof(*new)), *old;
	unsigned n_old;

	for (unsigned i = 0; i < ruleset->n_rules; i++)
		new[i].id = mem_strdup(ruleset->rules[i].id);
	qsort(new, ruleset->n_rules, sizeof(*new), compare_ids);
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < ruleset->n_rules; i++) {
		const struct entry *known = find(new[i].id);

		if (known != NULL) {
			new[i].hits = known->hits;
			new[i].last_ms = known->last_ms;
		}
	}
	old = entries;
	n_old = n_entries;
	entries = new;
	n_entries = ruleset->n_rules;
	pthread_mutex_unlock(&lock);
	free_entries(old, n_old);
}

/* An id that is not there belongs to settings that a message kept over a reload. */
static void hit(const char *id, int64_t when_ms)
{
	struct entry *entry = id != NULL ? find(id) : NULL;

	if (entry == NULL || entry->message == n_messages)
		return;
	entry->message = n_messages;
	entry->hits++;
	entry->last_ms = when_ms;
}

static bool has_rule(const struct verdict *verdict)
{
	for (unsigned i = 0; i < verdict->n_recipients; i++)
		if (verdict->recipients[i].rule != NULL)
			return true;
	return verdict->rule != NULL;
}

void ledger_count(const struct verdict *verdict, int64_t when_ms)
{
	if (!has_rule(verdict))
		return;
	pthread_mutex_lock(&lock);
	n_messages++;
	hit(verdict->rule, when_ms);
	for (unsigned i = 0; i < verdict->n_recipients; i++)
		hit(verdict->recipients[i].rule, when_ms);
	pthread_mutex_unlock(&lock);
}

/* ---- what is said ---- */

static const char *date_of(int64_t utc_ms, char text[CLOCK_TEXT_SIZE])
{
	clock_format(utc_ms, text);
	text[strlen("2026-05-04")] = '\0';
	return text;
}

static void say_others(const char *event, unsigned others, uint64_t hits)
{
	struct logline line;

	if (others == 0)
		return;
	logline_init(&line, event);
	logline_int(&line, "others", others);
	if (hits > 0)
		logline_int(&line, "hits", (long long)hits);
	log_line(LOG_NOTICE, &line);
}

static void say_entry(const struct entry *entry)
{
	char when[CLOCK_TEXT_SIZE];
	struct logline line;

	clock_format(entry->last_ms, when);
	logline_init(&line, "event=rule-hits");
	logline_str(&line, "id", entry->id);
	logline_int(&line, "hits", (long long)entry->hits);
	logline_str(&line, "last", when);
	log_line(LOG_NOTICE, &line);
}

/* The ids stay the entries' own: only this thread frees them. */
static struct entry *copy_hits(unsigned *n_r)
{
	struct entry *copy = mem_alloc((n_entries + 1) * sizeof(*copy));

	*n_r = 0;
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < n_entries; i++)
		if (entries[i].hits > 0)
			copy[(*n_r)++] = entries[i];
	pthread_mutex_unlock(&lock);
	qsort(copy, *n_r, sizeof(*copy), compare_hits);
	return copy;
}

void ledger_say_hits(void)
{
	unsigned n, i;
	struct entry *copy = copy_hits(&n);
	uint64_t hits = 0;

	for (i = 0; i < n && i < LEDGER_LINES; i++)
		say_entry(&copy[i]);
	for (unsigned k = i; k < n; k++)
		hits += copy[k].hits;
	say_others("event=rule-hits", n - i, hits);
	free(copy);
}

static void say_ending(const struct rule *rule, int64_t days_left)
{
	char date[CLOCK_TEXT_SIZE];
	struct logline line;

	logline_init(&line, "event=rule-expires");
	logline_str(&line, "id", rule->id);
	logline_str(&line, "owner", rule->owner);
	logline_str(&line, "ticket", rule->ticket);
	logline_str(&line, "expires", date_of(rule_calendar_last_day_ms(rule), date));
	logline_int(&line, "days_left", days_left);
	log_line(LOG_WARNING, &line);
}

static void say_over(const struct rule *rule)
{
	char date[CLOCK_TEXT_SIZE], problem[LIMIT_RULE_ID + 120];
	struct logline line;

	date_of(rule_calendar_last_day_ms(rule), date);
	snprintf(problem, sizeof(problem), "rule %.*s expired on %s and no longer applies; "
		 "remove it or give it a new date", LIMIT_RULE_ID, rule->id, date);
	logline_init(&line, "event=rule-expired");
	logline_str(&line, "id", rule->id);
	logline_str(&line, "owner", rule->owner);
	logline_str(&line, "ticket", rule->ticket);
	logline_str(&line, "expires", date);
	logline_str(&line, "problem", problem);
	log_line(LOG_WARNING, &line);
}

static void say_terms(const struct ruleset *ruleset, int64_t utc_ms)
{
	unsigned ending = 0, over = 0;
	int64_t days_left;

	for (unsigned i = 0; i < ruleset->n_rules; i++) {
		const struct rule *rule = &ruleset->rules[i];

		switch (rule_calendar_term(rule, utc_ms, &days_left)) {
		case TERM_OPEN:
		case TERM_RUNNING:
			break;
		case TERM_ENDING:
			if (ending++ < LEDGER_LINES)
				say_ending(rule, days_left);
			break;
		case TERM_OVER:
			if (over++ < LEDGER_LINES)
				say_over(rule);
			break;
		}
	}
	say_others("event=rule-expires", ending > LEDGER_LINES ? ending - LEDGER_LINES : 0, 0);
	say_others("event=rule-expired", over > LEDGER_LINES ? over - LEDGER_LINES : 0, 0);
}

void ledger_start(const struct ruleset *ruleset, int64_t utc_ms, int64_t mono_ms)
{
	set_rules(ruleset);
	say_terms(ruleset, utc_ms);
	said = (struct rule_calendar){ utc_ms, mono_ms };
}

void ledger_reload(const struct ruleset *ruleset, int64_t utc_ms, int64_t mono_ms)
{
	ledger_say_hits();
	ledger_start(ruleset, utc_ms, mono_ms);
}

int64_t ledger_daily(const struct ruleset *ruleset, int64_t utc_ms, int64_t mono_ms)
{
	if (rule_calendar_is_due(&said, utc_ms, mono_ms)) {
		ledger_say_hits();
		say_terms(ruleset, utc_ms);
		said = (struct rule_calendar){ utc_ms, mono_ms };
	}
	return rule_calendar_wait_ms(&said, utc_ms, mono_ms);
}

void ledger_free(void)
{
	free_entries(entries, n_entries);
	entries = NULL;
	n_entries = 0;
}
