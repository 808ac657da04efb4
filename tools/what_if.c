#include "what_if_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/rules.h"
#include "core/unseen.h"

/* ---- what is compared ---- */

enum action what_if_done(const struct verdict *v)
{
	return v->apply == ACTION_QUARANTINE && v->method == QUARANTINE_REJECT ? ACTION_REJECT :
										 v->apply;
}

int what_if_rank(enum action action)
{
	switch (action) {
	case ACTION_UNSET:
	case ACTION_ACCEPT:
		return 0;
	case ACTION_TEMPFAIL:
		return 1;
	case ACTION_QUARANTINE:
		return 2;
	case ACTION_REJECT:
		return 3;
	}
	return 0;
}

/* A dry run is compared as if it enforced, unless that is what is asked. */
static void take_rulesets(struct run *r)
{
	r->before = *r->options->before;
	r->after = *r->options->after;
	if (r->before.dry_run == r->after.dry_run)
		r->before.dry_run = r->after.dry_run = false;
}

static bool is_staged(const struct ruleset *ruleset)
{
	if (ruleset->dry_run)
		return false;
	for (unsigned i = 0; i < ruleset->n_rules; i++)
		if (ruleset->rules[i].has_percent && ruleset->rules[i].enforce_percent < 100)
			return true;
	return ruleset->enforce_percent < 100;
}

/* A tally has no draws. What pct decided can be had back from the verdict that it
 * has, as long as pct was and is honoured alike. */
static bool draws_matter(const struct ruleset *before, const struct ruleset *after)
{
	return is_staged(before) || is_staged(after) || before->pct != after->pct ||
	       before->psl_honors_t != after->psl_honors_t;
}

/* The lowest draw with which pct made the same of every author. */
static unsigned draw_of(const struct decision *d)
{
	unsigned draw = 0;

	for (unsigned i = 0; i < d->verdict.n_authors && i < d->evidence.n_authors; i++) {
		unsigned pct = d->evidence.authors[i].policy.record.pct;

		if (d->verdict.authors[i].policy.softened == SOFTENED_SAMPLED_OUT && pct > draw)
			draw = pct;
	}
	return draw;
}

/* ---- recipients that the store does not know apart ---- */

static const struct rule_match *addresses_of(const struct rule *rule)
{
	unsigned k = 0;

	rule_key_find(SLICE("recipient"), &k);
	return &rule->match[k];
}

static const struct rule *find_rule(const struct ruleset *ruleset, const char *id)
{
	for (unsigned i = 0; i < ruleset->n_rules; i++)
		if (strcmp(ruleset->rules[i].id, id) == 0)
			return &ruleset->rules[i];
	return NULL;
}

static bool has_same_addresses(const struct rule *a, const struct rule *b)
{
	const struct textset *x = addresses_of(a)->texts, *y = addresses_of(b)->texts;

	if (textset_count(x) != textset_count(y))
		return false;
	for (size_t i = 0; i < textset_count(x); i++)
		if (!textset_has(y, textset_at(x, i)))
			return false;
	return true;
}

static void add_unknown(struct run *r, const struct rule *rule)
{
	const struct textset *texts = addresses_of(rule)->texts;
	const char *ignored;

	for (size_t i = 0; i < textset_count(texts); i++) {
		struct slice address = textset_at(texts, i);
		size_t at = address.len;

		while (at > 0 && address.data[at - 1] != '@')
			at--;
		if (r->unknown == NULL)
			r->unknown = domainset_new();
		(void)domainset_add(r->unknown, slice_from(address, at), &ignored);
	}
	if (r->report->undecided_why == NULL)
		r->report->undecided_why = arena_printf(r->arena,
			"rule %s names addresses that were no rule's when the mail came, and only the "
			"recipients' domains are kept", rule->id);
}

/* Recipients were grouped by the rules of their time (evidence.h). */
static void find_unknown(struct run *r)
{
	for (unsigned i = 0; i < r->after.n_rules; i++) {
		const struct rule *rule = &r->after.rules[i];
		const struct rule *known = textset_count(addresses_of(rule)->texts) > 0 ?
			find_rule(&r->before, rule->id) : rule;

		if (known == NULL || !has_same_addresses(rule, known))
			add_unknown(r, rule);
	}
	if (r->unknown != NULL)
		domainset_freeze(r->unknown);
}

/* A ruleset may look at what another program's history does not tell. */
static bool has_gap(struct run *r, const struct evidence *e)
{
	if (!unseen_matters(e, &r->before) && !unseen_matters(e, &r->after))
		return false;
	if (r->report->undecided_why == NULL)
		r->report->undecided_why = "the history that they were converted from does not tell what the "
					   "settings look at: marks of lists and forwarding, HELO, the client's "
					   "name, recipients, ARC sets";
	return true;
}

static bool is_undecided(struct run *r, const struct evidence *e)
{
	for (unsigned i = 0; r->unknown != NULL && i < e->n_recipient_domains; i++)
		if (domainset_has(r->unknown, e->recipient_domains[i]))
			return true;
	return has_gap(r, e);
}

/* ---- reading ---- */

struct reading {
	struct run *run;
	what_if_case_fn *fn;
	unsigned wanted;                /* bits of enum seen_bit; 0: all */
	struct what_if_case *c;         /* of `row` */
	struct arena *arena;            /* its texts */
	struct store_row row;
	unsigned epoch;
	bool has_case;
};

static int compare_times(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void add_expiries(struct run *r, const struct ruleset *ruleset)
{
	for (unsigned i = 0; i < ruleset->n_rules; i++)
		if (ruleset->rules[i].expires_ms != 0)
			r->expiries[r->n_expiries++] = ruleset->rules[i].expires_ms;
}

/* When rules end, equal mail is decided differently from then on. */
static void find_expiries(struct run *r)
{
	r->expiries = ARENA_ARRAY(r->arena, int64_t, r->before.n_rules + r->after.n_rules + 1);
	add_expiries(r, &r->before);
	add_expiries(r, &r->after);
	if (r->n_expiries > 0)
		qsort(r->expiries, r->n_expiries, sizeof(*r->expiries), compare_times);
}

/* How many rules were over. */
static unsigned epoch_of(const struct run *r, int64_t when_ms)
{
	unsigned low = 0, high = r->n_expiries;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (r->expiries[middle] <= when_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of_domain(const struct run *r, const struct evidence *e)
{
	if (r->options->domain == NULL)
		return true;
	for (unsigned i = 0; i < e->n_authors; i++)
		if (domain_is_within(e->authors[i].domain, r->options->domain))
			return true;
	return false;
}

static void decide_both(const struct run *r, struct arena *arena, struct what_if_case *c)
{
	decide(&c->evidence, &r->before, arena, &c->before);
	decide(&c->evidence, &r->after, arena, &c->after);
	c->was = what_if_done(&c->before);
	c->becomes = what_if_done(&c->after);
	c->stricter = what_if_rank(c->becomes) > what_if_rank(c->was);
	c->milder = what_if_rank(c->becomes) < what_if_rank(c->was);
	c->author = c->after.decisive >= 0 ? c->evidence.authors[c->after.decisive].domain : NULL;
	history_network(c->evidence.client_ip, c->network);
}

static bool make_case(struct reading *reading, const struct store_row *row, struct store_rows *rows)
{
	struct run *r = reading->run;
	const struct decision *d = store_rows_decision(rows);
	struct what_if_case *c = reading->c;

	reading->has_case = false;
	if (d == NULL)
		return false;
	arena_free(reading->arena);
	reading->arena = arena_new();
	*c = (struct what_if_case){ .evidence = d->evidence };
	c->evidence.when_ms = row->when_ms;
	c->evidence.enforce_draw = row->enforce_draw;
	c->evidence.sample_draw = r->by_message ? row->sample_draw : draw_of(d);
	c->is_exempt = d->evidence.exempt != EXEMPT_NO && d->evidence.exempt != EXEMPT_UNSET;
	c->is_undecided = !c->is_exempt && is_undecided(r, &d->evidence);
	c->is_of_domain = is_of_domain(r, &d->evidence);
	if (!c->is_exempt && !c->is_undecided)
		decide_both(r, reading->arena, c);
	reading->row = *row;
	reading->epoch = epoch_of(r, row->when_ms);
	reading->has_case = true;
	return true;
}

/* Is the case made before that of this row too? */
static bool holds(const struct reading *reading, const struct store_row *row)
{
	const struct store_row *made = &reading->row;

	return reading->has_case && !reading->run->by_message && made->facts_id == row->facts_id &&
	       made->client_id == row->client_id && made->recipients_id == row->recipients_id &&
	       made->verdict_id == row->verdict_id &&
	       reading->epoch == epoch_of(reading->run, row->when_ms);
}

static void tell_progress(struct run *r, uint64_t n)
{
	r->done += n;
	if (r->options->progress != NULL)
		r->options->progress(r->options->context, r->done, r->all);
}

static bool take_row(void *context, const struct store_row *row, struct store_rows *rows)
{
	struct reading *reading = context;
	struct run *r = reading->run;
	unsigned seen = reading->wanted != 0 ? seen_get(r->seen, row) : 0;

	tell_progress(r, row->n);
	if (seen != 0 && (seen & reading->wanted) == 0)
		return true;
	if (!holds(reading, row) && !make_case(reading, row, rows))
		return false;
	reading->c->n = row->n;
	reading->c->day_ms = row->day_ms;
	reading->fn(r, reading->c, row);
	return true;
}

int what_if_read(struct run *r, unsigned wanted, what_if_case_fn *fn)
{
	struct arena *arena = arena_new();
	struct reading reading = {
		.run = r, .fn = fn, .wanted = wanted, .c = ARENA_NEW(arena, struct what_if_case),
	};
	int code = store_rows(r->options->store, r->options->span, r->by_message, take_row, &reading);

	arena_free(reading.arena);
	arena_free(arena);
	return code;
}

/* ---- counting ---- */

static struct what_if_day *day_of(struct run *r, int64_t day_ms)
{
	struct what_if_report *report = r->report;
	struct what_if_day *days;

	for (unsigned i = report->n_days; i > 0; i--)
		if (report->days[i - 1].day_ms == day_ms)
			return &report->days[i - 1];
	if (report->n_days == r->days_room) {
		r->days_room = r->days_room > 0 ? 2 * r->days_room : 32;
		days = ARENA_ARRAY(r->arena, struct what_if_day, r->days_room);
		if (report->n_days > 0)
			memcpy(days, report->days, report->n_days * sizeof(*days));
		report->days = days;
	}
	report->days[report->n_days].day_ms = day_ms;
	return &report->days[report->n_days++];
}

static void count_changed(struct run *r, const struct what_if_case *c)
{
	r->report->changed += c->n;
	if (c->author != NULL)
		tool_table_add(r->senders, slice_of(c->author));
	for (unsigned i = 0; i < c->evidence.n_recipient_domains; i++)
		tool_table_add(r->recipients, slice_of(c->evidence.recipient_domains[i]));
}

static bool would_be_split(const struct ruleset *ruleset, const struct verdict *v)
{
	return ruleset->recipients_differ == DIFFER_SPLIT && v->recipients_differ;
}

/* All that does not depend on what speaks for a message. */
static void count(struct run *r, const struct what_if_case *c)
{
	struct what_if_report *report = r->report;
	struct what_if_day *day = day_of(r, c->day_ms);

	report->messages += c->n;
	day->n += c->n;
	report->exempt += c->is_exempt ? c->n : 0;
	report->undecided += c->is_undecided ? c->n : 0;
	if (c->is_exempt || c->is_undecided)
		return;
	report->decided += c->n;
	if (would_be_split(&r->before, &c->before) || would_be_split(&r->after, &c->after))
		report->together += c->n;
	report->from_to[c->was][c->becomes] += c->n;
	report->asked_to[c->after.asked][c->becomes] += c->n;
	report->milder += c->milder ? c->n : 0;
	day->stricter += c->stricter ? c->n : 0;
	day->milder += c->milder ? c->n : 0;
	if (c->was != c->becomes)
		count_changed(r, c);
}

/* The first reading: of all mail, whosever it is. */
static void learn(struct run *r, struct what_if_case *c, const struct store_row *row)
{
	bool fails = c->after.result == RES_DMARC_FAIL && c->author != NULL;

	if (!c->is_exempt && !c->is_undecided)
		history_add(r->history, &c->evidence, &c->after, &r->after, c->n, c->day_ms);
	if (c->is_of_domain)
		count(r, c);
	seen_add(r->seen, row, (c->is_of_domain && (c->stricter || fails) ? SEEN_TELLS : 0) |
			       (what_if_rank(c->becomes) > 0 ? SEEN_SEVERE : 0));
}

/* The second: of what fails or would be treated more strictly. */
static void weigh(struct run *r, struct what_if_case *c, const struct store_row *row)
{
	struct what_if_day *day;

	(void)row;
	if (c->is_exempt || c->is_undecided || !c->is_of_domain)
		return;
	c->pleas = history_pleas(r->history, &c->evidence, &c->after, &r->after);
	if (c->stricter) {
		day = day_of(r, c->day_ms);
		*(c->pleas != 0 ? &r->report->hurt : &r->report->stopped) += c->n;
		*(c->pleas != 0 ? &day->hurt : &day->stopped) += c->n;
	}
	groups_add(r, c);
}

static int by_day(const void *a, const void *b)
{
	const struct what_if_day *x = a, *y = b;

	return (x->day_ms > y->day_ms) - (x->day_ms < y->day_ms);
}

static void finish(struct run *r)
{
	struct what_if_report *report = r->report;

	if (report->n_days > 0)
		qsort(report->days, report->n_days, sizeof(*report->days), by_day);
	if (report->undecided == 0)
		report->undecided_why = NULL;
	report->senders_changed = tool_table_count(r->senders);
	report->recipients_changed = tool_table_count(r->recipients);
	report->at_least = history_was_full(r->history) || groups_were_full(r);
	groups_report(r);
}

static int run(struct run *r)
{
	if (store_extent(r->options->store, &r->report->extent) != 0 ||
	    store_refused(r->options->store, r->options->span, &r->report->refused) != 0)
		return -1;
	r->all = 3 * r->report->extent.messages;
	if (what_if_read(r, 0, learn) != 0 || what_if_read(r, SEEN_TELLS, weigh) != 0)
		return -1;
	finish(r);
	return suggest(r);
}

int what_if(struct arena *arena, const struct what_if_options *options,
	    struct what_if_report *out_r, const char **error_r)
{
	struct run r = { .options = options, .arena = arena, .report = out_r };
	int code;

	*out_r = (struct what_if_report){ .span = options->span, .domain = options->domain };
	take_rulesets(&r);
	r.by_message = draws_matter(&r.before, &r.after);
	find_unknown(&r);
	find_expiries(&r);
	r.history = history_new();
	r.seen = seen_new();
	groups_open(&r);
	code = store_begin_reading(options->store);     /* mail goes on, and numbers must go together */
	if (code == 0)
		code = run(&r);
	if (code != 0)
		*error_r = arena_strdup(arena, store_error(options->store));
	store_end_reading(options->store);
	groups_close(&r);
	history_free(r.history);
	seen_free(r.seen);
	domainset_free(r.unknown);
	return code;
}
