/* What a rule can do: one function and one row per action. */
#include "core/decide_private.h"

/* A reason is owed where something else is done than the letter (RFC 9990). */
static void follow(const struct choice *choice, const struct rule *rule, enum action action,
		   struct outcome *out)
{
	struct outcome letter;

	choose_letter(choice, &letter);
	*out = (struct outcome){ .chosen = action, .why = WHY_RULE, .rule = rule };
	if (action != letter.chosen)
		outcome_add_reason(out, (enum reason_type)rule->reason, rule->id, rule->comment);
}

static void do_accept(const struct choice *choice, const struct rule *rule, enum rule_fit fit,
		      struct outcome *out)
{
	(void)fit;
	follow(choice, rule, ACTION_ACCEPT, out);
}

/* Where not all authors match, it must not make the others' fate milder. */
static void do_quarantine(const struct choice *choice, const struct rule *rule, enum rule_fit fit,
			  struct outcome *out)
{
	choose_plain(choice, out);
	if (fit == FIT_ALL || out->chosen < ACTION_QUARANTINE)
		follow(choice, rule, ACTION_QUARANTINE, out);
}

static void do_reject(const struct choice *choice, const struct rule *rule, enum rule_fit fit,
		      struct outcome *out)
{
	(void)fit;
	follow(choice, rule, ACTION_REJECT, out);
}

static void do_honor(const struct choice *choice, const struct rule *rule, enum rule_fit fit,
		     struct outcome *out)
{
	(void)fit;
	choose_letter(choice, out);
	out->rule = rule;
}

const struct rule_action_row rule_action_rows[] = {
	[RULE_UNSET] = { .name = "-" },
	[RULE_ACCEPT] = { "accept", do_accept, .exempts = true, .explains = true,
		.help = "let it through, whatever the owner asks" },
	[RULE_QUARANTINE] = { "quarantine", do_quarantine, .hardens = true, .staged = true, .explains = true,
		.help = "mark or hold it (quarantine.method)" },
	[RULE_REJECT] = { "reject", do_reject, .hardens = true, .staged = true, .rejects = true,
		.explains = true,
		.help = "refuse it in our own name" },
	[RULE_HONOR] = { "honor", do_honor,
		.help = "do what the owner asks, without override and ARC" },
};
const unsigned n_rule_actions = sizeof(rule_action_rows) / sizeof(rule_action_rows[0]);

bool rule_action_find(struct slice name, enum rule_action *action_r)
{
	for (unsigned i = RULE_UNSET + 1; i < n_rule_actions; i++)
		if (slice_is(name, rule_action_rows[i].name)) {
			*action_r = (enum rule_action)i;
			return true;
		}
	return false;
}

void choose_by_rule(const struct choice *choice, const struct rule *rule, enum rule_fit fit,
		    struct outcome *out_r)
{
	rule_action_rows[rule->action].apply(choice, rule, fit, out_r);
}
