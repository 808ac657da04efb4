/* Tries the rules: each is put before those of the other settings, and what it fits is
 * decided again. */
#include <string.h>

#include "what_if_private.h"

struct trial {
	struct candidates all;
	struct ruleset ruleset;         /* the other settings with room for one rule before theirs */
	struct rule *rules;
	struct run *run;
};

/* ---- trying ---- */

static bool fits(const struct candidate *c, const struct trial *t, const struct what_if_case *of)
{
	struct rule_question question = {
		.evidence = &of->evidence, .ruleset = &t->run->after, .verdict = &of->after,
	};

	if (c->author != NULL && (of->author == NULL || strcmp(c->author, of->author) != 0))
		return false;
	if (c->sealers != NULL)
		return of->evidence.arc.result == RES_ARC_PASS;
	return rule_fits(&c->rule, &question) == FIT_ALL;
}

static enum action decide_with(struct trial *t, const struct candidate *c,
			       const struct what_if_case *of, struct arena *arena)
{
	struct verdict *verdict = ARENA_NEW(arena, struct verdict);
	struct ruleset ruleset = t->run->after;

	if (c->sealers != NULL) {
		ruleset.trusted_sealers = c->sealers;
	} else {
		t->rules[0] = c->rule;
		ruleset = t->ruleset;
	}
	decide(&of->evidence, &ruleset, arena, verdict);
	return what_if_done(verdict);
}

static bool is_of(const struct run *r, const struct candidate *c, const struct what_if_case *of)
{
	switch (c->of) {
	case OF_AUTHOR:
		return of->author != NULL && strcmp(c->key, of->author) == 0;
	case OF_NETWORK:
		return strcmp(c->key, of->network) == 0;
	case OF_FORWARDER:
		return strcmp(c->key, of->network) == 0 &&
		       history_forwards(r->history, of->evidence.client_ip) > 0;
	}
	return false;
}

static void try(struct trial *t, struct candidate *c, const struct what_if_case *of)
{
	struct arena *arena;
	int rank;

	if (!fits(c, t, of))
		return;
	arena = arena_new();
	rank = what_if_rank(decide_with(t, c, of, arena));
	arena_free(arena);
	if (what_if_is_hurt(of) && rank <= what_if_rank(of->was)) {
		c->saves += of->n;
		c->saves_group += is_of(t->run, c, of) ? of->n : 0;
	} else if (of->pleas == 0 && rank < what_if_rank(of->becomes)) {
		c->passes += of->n;
	}
}

static void try_all(struct run *r, struct what_if_case *of, const struct store_row *row)
{
	struct trial *t = r->trial;

	(void)row;
	if (of->is_exempt || of->is_undecided || what_if_rank(of->becomes) == 0)
		return;
	of->pleas = history_pleas(r->history, &of->evidence, &of->after, &r->after);
	for (unsigned i = 0; i < t->all.n; i++)
		try(t, &t->all.items[i], of);
}

/* ---- choosing ---- */

static bool is_better(const struct candidate *c, const struct candidate *best)
{
	if (c->saves_group != best->saves_group)
		return c->saves_group > best->saves_group;
	return c->passes < best->passes;
}

/* A rule that takes in more forgeries than mail to be saved is no help, nor is one
 * that gives a domain away while somebody forges it. */
static bool is_sound(const struct candidate *c)
{
	return c->saves_group > 0 && c->passes <= (c->is_wide ? 0 : c->saves);
}

/* By the fewest forgeries, then by the narrowest, of those that save the most; half
 * of the group at least. */
static const struct candidate *best_of(const struct trial *t, enum of of, const char *key, uint64_t n,
				       bool wide)
{
	const struct candidate *best = NULL;

	for (unsigned i = 0; i < t->all.n; i++) {
		const struct candidate *c = &t->all.items[i];

		if (c->of == of && c->is_wide == wide && strcmp(c->key, key) == 0 && is_sound(c) &&
		    2 * c->saves_group >= n && (best == NULL || is_better(c, best)))
			best = c;
	}
	return best;
}

static void choose(const struct trial *t, enum of of, const char *key, uint64_t n,
		   struct suggestion *out)
{
	const struct candidate *best = best_of(t, of, key, n, false);

	if (best == NULL)
		best = best_of(t, of, key, n, true);
	if (best != NULL)
		*out = (struct suggestion){ rules_text(t->run, best), best->saves, best->passes };
}

/* ---- all of it ---- */

static void think(struct trial *t)
{
	struct what_if_report *report = t->run->report;

	for (unsigned i = 0; i < report->n_authors; i++)
		rules_for_group(&t->all, t->run, OF_AUTHOR, report->authors[i].key,
				tool_table_find(t->run->authors, slice_of(report->authors[i].key)));
	for (unsigned i = 0; i < report->n_networks; i++)
		rules_for_group(&t->all, t->run, OF_NETWORK, report->networks[i].key,
				tool_table_find(t->run->networks, slice_of(report->networks[i].key)));
	for (unsigned i = 0; i < report->n_forwarders; i++)
		rules_for_forwarder(&t->all, t->run, report->forwarders[i].network,
				    tool_table_find(t->run->forwarders,
						    slice_of(report->forwarders[i].network)));
}

static void choose_all(const struct trial *t)
{
	struct what_if_report *report = t->run->report;

	for (unsigned i = 0; i < report->n_authors; i++)
		choose(t, OF_AUTHOR, report->authors[i].key, report->authors[i].n,
		       &report->authors[i].suggestion);
	for (unsigned i = 0; i < report->n_networks; i++)
		choose(t, OF_NETWORK, report->networks[i].key, report->networks[i].n,
		       &report->networks[i].suggestion);
	for (unsigned i = 0; i < report->n_forwarders; i++) {
		const struct forward_group *g = tool_table_find(t->run->forwarders,
			slice_of(report->forwarders[i].network));

		choose(t, OF_FORWARDER, report->forwarders[i].network, g->hurt.n,
		       &report->forwarders[i].suggestion);
	}
}

int suggest(struct run *r)
{
	struct trial t = { .run = r, .all.arena = arena_new(), .ruleset = r->after };
	int code = 0;

	t.rules = ARENA_ARRAY(t.all.arena, struct rule, r->after.n_rules + 1);
	if (r->after.n_rules > 0)
		memcpy(t.rules + 1, r->after.rules, r->after.n_rules * sizeof(*t.rules));
	t.ruleset.rules = t.rules;
	t.ruleset.n_rules++;
	r->trial = &t;
	think(&t);
	if (t.all.n > 0)
		code = what_if_read(r, SEEN_SEVERE, try_all);
	if (code == 0)
		choose_all(&t);
	rules_free(&t.all);
	return code;
}
