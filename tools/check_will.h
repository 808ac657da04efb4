/* check_will.h - for alignctl check: what the settings made of the request, in
 * the order of will behind the rules (check_rules.h): trusted ARC chain,
 * corroboration, recipients, staged enforcement. Only what there is to say.
 */
#ifndef TOOLS_CHECK_WILL_H
#define TOOLS_CHECK_WILL_H

#include "core/decide.h"

void check_will_text(struct arena *arena, const struct ruleset *ruleset,
		     const struct evidence *evidence, const struct verdict *verdict);
/* May the draw of enforce_percent matter for this message? */
bool check_will_is_staged(const struct ruleset *ruleset, const struct verdict *verdict);

#endif
