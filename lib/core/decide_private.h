/* decide_private.h - what decide.c and rule_actions.c share. */
#ifndef CORE_DECIDE_PRIVATE_H
#define CORE_DECIDE_PRIVATE_H

#include "core/decide.h"

/* What is at hand while one message is decided; authors, result and asked of the
 * verdict are set. */
struct choice {
	const struct evidence *evidence;
	const struct ruleset *ruleset;
	const struct verdict *verdict;
	struct arena *arena;
};

/* What becomes of the message for one group of recipients. */
struct outcome {
	enum action chosen;
	enum why why;
	const struct rule *rule;        /* that matched; NULL */
	struct reason reasons[2];
	unsigned n_reasons;
	unsigned missing, trusted_set;
	bool left_out;
};

void outcome_add_reason(struct outcome *out, enum reason_type type, const char *rule,
			const char *comment);
/* As if there were no rules: ARC, mode and override.* included. */
void choose_plain(const struct choice *choice, struct outcome *out_r);
/* The owner's request and nothing else, whatever the mode. */
void choose_letter(const struct choice *choice, struct outcome *out_r);
/* What the rule's action makes of it (rule_actions.c). */
void choose_by_rule(const struct choice *choice, const struct rule *rule, enum rule_fit fit,
		    struct outcome *out_r);

#endif
