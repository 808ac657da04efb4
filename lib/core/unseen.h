/* unseen.h - evidence that somebody else's history tells (evidence.from_history)
 * has gaps: marks of lists and forwarding, HELO, the client's name, recipients, what
 * is in ARC sets. They were not seen, which is not the same as absent. Pure.
 */
#ifndef CORE_UNSEEN_H
#define CORE_UNSEEN_H

#include "core/decide.h"

/* Could the verdict under this ruleset be another one, were the gaps filled?
 * Always false for evidence of our own. */
bool unseen_matters(const struct evidence *evidence, const struct ruleset *ruleset);

#endif
