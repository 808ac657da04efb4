/* judge_author.h - the DMARC result: alignment of what passed with each Author
 * Domain, and the request that follows (RFC 9989 5.3). Pure; decide.c calls it.
 */
#ifndef CORE_JUDGE_AUTHOR_H
#define CORE_JUDGE_AUTHOR_H

#include "core/decide.h"

/* Does the signature name an identifier at all (RFC 9989 4.4.1)? */
bool judge_signature_counts(const struct dkim_evidence *dkim, const struct ruleset *ruleset);
/* For evidence with authors: fills authors, decisive, result, asked of *out_r. */
void judge_authors(const struct evidence *evidence, const struct ruleset *ruleset,
		   struct verdict *out_r);

#endif
