/* What is no fault about the rules, but odd, or about to matter. */
#include "base/clock.h"
#include "core/rule_calendar.h"
#include "settings/rule_settings.h"

enum { TOLD_MAX = 20 };                 /* one by one */

static struct place place_of(const struct rule *rule)
{
	return (struct place){ rule->file, rule->line, 0 };
}

static const char *label_of(const struct rule *rule, struct fault_list *list)
{
	return arena_printf(list->arena, "rule %s", rule->id);
}

static bool hardens(const struct rule *rule)
{
	return rule_action_rows[rule->action].hardens;
}

static bool names_result(const struct rule *rule)
{
	unsigned k = 0;

	return rule_key_find(SLICE("result"), &k) && rule->match[k].given;
}

/* Rules without `result` leave mail that passed alone, and, if they harden, mail
 * that a DNS failure left undecided (core/rules.h). */
static bool takes_all_of(const struct rule *first, const struct rule *later)
{
	return first->match_all && first->expires_ms == 0 && !names_result(later) &&
	       (!hardens(first) || hardens(later));
}

static void warn_unreached(const struct rule *rule, const struct rule *first, unsigned nth,
			   struct fault_list *list)
{
	if (nth < TOLD_MAX)
		fault_add(list, place_of(rule), label_of(rule, list),
			  "can never be reached, since rule %s of %s:%u matches all before it",
			  first->id, first->file, first->line);
	else if (nth == TOLD_MAX)
		fault_add(list, place_of(rule), label_of(rule, list),
			  "can never be reached, nor can others behind it");
}

void rule_warnings_order(const struct ruleset *ruleset, struct fault_list *list)
{
	const struct rule *hard = NULL, *any = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < ruleset->n_rules; i++) {
		const struct rule *rule = &ruleset->rules[i];
		const struct rule *first = any != NULL && takes_all_of(any, rule) ? any :
			hard != NULL && takes_all_of(hard, rule) ? hard : NULL;

		if (first != NULL)
			warn_unreached(rule, first, n++, list);
		else if (rule->match_all && hardens(rule) && hard == NULL)
			hard = rule;
		else if (rule->match_all && !hardens(rule) && any == NULL)
			any = rule;
	}
}

/* All that has to fit is what a stranger writes into From. What a recipient wants
 * for himself is his to say. */
static bool trusts_from(const struct rule *rule)
{
	bool by_name = false;

	if (!rule_action_rows[rule->action].exempts)
		return false;
	for (unsigned k = 0; rule_keys[k].name != NULL; k++) {
		const struct rule_key *key = &rule_keys[k];

		if (!rule->match[k].given)
			continue;
		if (key->proof || key->value == VALUE_RECIPIENTS)
			return false;
		by_name = by_name || (key->about_author && key->value == VALUE_DOMAINS);
	}
	return by_name;
}

void rule_warnings_proof(const struct ruleset *ruleset, struct fault_list *list)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ruleset->n_rules && n <= TOLD_MAX; i++) {
		const struct rule *rule = &ruleset->rules[i];

		if (!trusts_from(rule))
			continue;
		if (n++ < TOLD_MAX)
			fault_add(list, place_of(rule), label_of(rule, list),
				  "delivers forgeries, since anyone can write such a From; match also "
				  "what the sender has to prove: %s", rule_match_proofs(list->arena));
		else
			fault_add(list, place_of(rule), label_of(rule, list),
				  "delivers forgeries, and others behind it may");
	}
}

void rule_warnings_dates(const struct ruleset *ruleset, int64_t now_ms, struct fault_list *list)
{
	for (unsigned i = 0; i < ruleset->n_rules; i++) {
		const struct rule *rule = &ruleset->rules[i];
		int64_t days_left;
		enum rule_term term = rule_calendar_term(rule, now_ms, &days_left);
		char date[CLOCK_TEXT_SIZE];

		if (term != TERM_ENDING && term != TERM_OVER)
			continue;
		clock_format(rule_calendar_last_day_ms(rule), date);
		if (term == TERM_OVER)
			fault_add(list, place_of(rule), label_of(rule, list),
				  "is over: its last day was %.10s; it applies no longer", date);
		else
			fault_add(list, place_of(rule), label_of(rule, list),
				  "ends soon: its last day is %.10s (days left: %d)", date,
				  (int)days_left);
	}
}
