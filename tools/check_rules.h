/* check_rules.h - which of our rules decided about a message, and which nearly
 * did: the answer to "why does my rule not work?".
 *
 * Nearly: all conditions hold but one (and at least one does); or all hold, and
 * something else speaks against the rule (it has expired, the message passed), or
 * a rule that stands before it decided. Where rules have recipients, each group of
 * recipients is looked at, and what differs is told apart.
 */
#ifndef TOOLS_CHECK_RULES_H
#define TOOLS_CHECK_RULES_H

#include <stdio.h>

#include "core/decide.h"

#define CHECK_RULES_NEAR 20             /* told at most; more are counted */

/* A part of the explanation; nothing without rules. */
void check_rules_text(struct arena *arena, const struct ruleset *ruleset,
		      const struct evidence *evidence, const struct verdict *verdict, FILE *out);
/* Prints `line`, the journal's line (an object with its line feed), and adds the
 * key "rules" to it; as it is without rules. */
void check_rules_json(struct arena *arena, const struct ruleset *ruleset,
		      const struct evidence *evidence, const struct verdict *verdict,
		      struct slice line, FILE *out);

#endif
