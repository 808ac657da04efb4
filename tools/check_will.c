#include "check_will.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/arc_trust.h"
#include "core/signals.h"
#include "tool_words.h"

struct printer {
	struct arena *arena;
	const struct ruleset *ruleset;
	const struct evidence *e;
	const struct verdict *v;
	bool begun;
};

static void row(struct printer *p, const char *label, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void row(struct printer *p, const char *label, const char *format, ...)
{
	va_list args;

	if (!p->begun)
		puts("What the settings make of it");
	p->begun = true;
	printf("  %-22s ", label);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* Did a rule decide for everybody, so that nothing behind it was asked? */
static bool rule_decided(const struct verdict *v)
{
	return v->rule != NULL && !v->recipients_differ;
}

/* A request that fails is what there is to decide about. */
static bool is_open(const struct author_verdict *author)
{
	return author->result == RES_DMARC_FAIL && author->asked > DISPOSITION_NONE;
}

static void print_arc(struct printer *p)
{
	if (p->e->arc.result != RES_ARC_PASS || rule_decided(p->v))
		return;
	for (unsigned i = 0; i < p->v->n_authors; i++) {
		const char *domain = p->e->authors[i].domain, *why_not;
		unsigned set;

		if (!is_open(&p->v->authors[i]))
			continue;
		set = arc_vouches(p->e, p->ruleset, &p->e->authors[i], &why_not);
		if (set > 0)
			row(p, "trusted ARC", "yes, for %s: %s", domain, tool_arc_set(p->arena, &p->e->arc, set));
		else
			row(p, "trusted ARC", "no, not for %s: %s", domain, why_not);
	}
}

static void print_signals(struct printer *p)
{
	for (unsigned i = 0; signal_rows[i].name != NULL; i++)
		if (p->ruleset->reject_when & 1u << i)
			row(p, "", "%-7s  %s: %s", signal_rows[i].holds(p->e) ? "holds" : "missing",
			    signal_rows[i].name, signal_rows[i].help);
}

static void print_corroboration(struct printer *p)
{
	unsigned missing = signals_missing(p->e, p->ruleset->reject_when);
	enum request_answer answer = missing != 0 ? p->ruleset->override_uncorroborated :
						    p->ruleset->override_reject;

	if (p->ruleset->mode != MODE_OVERRIDE || p->v->result != RES_DMARC_FAIL ||
	    p->v->asked != DISPOSITION_REJECT || rule_decided(p->v) || p->v->why == WHY_TRUSTED_ARC)
		return;
	row(p, "corroboration", "%s: %s = \"%s\"", p->ruleset->reject_when == 0 ?
	    "override.reject_when names no signal" : missing == 0 ? "all signals hold" :
	    arena_printf(p->arena, "missing %s", tool_signals(p->arena, missing)),
	    missing != 0 ? "override.uncorroborated" : "override.reject",
	    names_get(request_answer_names, (int)answer));
	print_signals(p);
}

static void print_recipients(struct printer *p)
{
	if (!p->ruleset->rules_have_recipients || p->v->n_recipients == 0)
		return;
	for (unsigned i = 0; i < p->v->n_recipients; i++)
		row(p, i == 0 ? "recipients" : "", "%s", tool_recipient(p->arena, p->e, p->v, i));
	if (p->v->recipients_differ)
		row(p, "they differ", "recipients_differ = \"%s\" makes it %s",
		    names_get(recipients_differ_names, (int)p->ruleset->recipients_differ),
		    names_get(action_names, (int)p->v->chosen));
}

/* The rule's own percentage, or the one for all. */
static unsigned percent_of(const struct ruleset *ruleset, const char *rule)
{
	for (unsigned i = 0; rule != NULL && i < ruleset->n_rules; i++)
		if (ruleset->rules[i].has_percent && strcmp(ruleset->rules[i].id, rule) == 0)
			return ruleset->rules[i].enforce_percent;
	return ruleset->enforce_percent;
}

bool check_will_is_staged(const struct ruleset *ruleset, const struct verdict *v)
{
	bool touched = v->chosen == ACTION_QUARANTINE || v->chosen == ACTION_REJECT;

	for (unsigned i = 0; i < v->n_recipients; i++)
		if (percent_of(ruleset, v->recipients[i].rule) < 100)
			return touched;
	return touched && percent_of(ruleset, v->rule) < 100;
}

static void print_staged(struct printer *p)
{
	unsigned percent = percent_of(p->ruleset, p->v->rule);

	if (!check_will_is_staged(p->ruleset, p->v))
		return;
	if (p->v->recipients_differ)
		row(p, "enforce_percent", "the draw is %u, which counts for each recipient's verdict",
		    p->e->enforce_draw);
	else
		row(p, "enforce_percent", "%u, the draw is %u: %s", percent, p->e->enforce_draw,
		    p->e->enforce_draw < percent ? "enforced" : "left out");
}

void check_will_text(struct arena *arena, const struct ruleset *ruleset,
		     const struct evidence *evidence, const struct verdict *verdict)
{
	struct printer p = { .arena = arena, .ruleset = ruleset, .e = evidence, .v = verdict };

	print_arc(&p);
	print_corroboration(&p);
	print_recipients(&p);
	print_staged(&p);
}
