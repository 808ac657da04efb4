/* arc_trust.h - does a trusted ARC chain say that the authors were authenticated
 * before the message was changed on its way? (RFC 8617 7.2, RFC 9989 5.4)
 *
 * A chain proves only that its sealers said what they said, and anyone with a
 * domain can make a whole one. So: the chain passes; every sealer from the
 * newest down to the one whose word is taken is in arc.trusted_sealers; From is
 * covered by the newest message signature; and that word is dmarc=pass for the
 * very Author Domain, or an SPF or DKIM pass that our own rules align with it.
 * Pure.
 */
#ifndef CORE_ARC_TRUST_H
#define CORE_ARC_TRUST_H

#include "core/ruleset.h"

/* The lowest instance for which all sealers up to the newest are trusted; 0:
 * the newest is not, or the chain does not pass. While the result is not known yet, as
 * if it did. */
unsigned arc_trusted_from(const struct evidence *evidence, const struct ruleset *ruleset);
/* The instance whose word speaks for this author; 0: none. `why_not_r` (may be
 * NULL): the condition that failed, ours, for people. */
unsigned arc_vouches(const struct evidence *evidence, const struct ruleset *ruleset,
		     const struct author *author, const char **why_not_r);

/* Does the sealer of this set, whoever that is, say that the author passed? */
bool arc_claims_author(const struct arc_set *set, const struct author *author);

#endif
