/* shares.h - how the look-ups that one message may make (dns.max_lookups) are divided.
 *
 * Names come from strangers, so each part of the work has a share that no other can
 * use up. The authors' policies always have what they need. While the authors are not
 * known, that is what four of them could need, and the others have their least; at the
 * end of the header they get what the authors have left. What is over its share is said
 * in the evidence, and is never a temperror, which would be a way round a policy: SPF
 * permerror, a signature `policy`, a chain fail, an Organizational Domain "limit". None
 * of it hangs on the order of answers.
 */
#ifndef JUDGE_SHARES_H
#define JUDGE_SHARES_H

#include "judge/message.h"

/* Names of the envelope sender's walk that are asked before the authors are known. */
#define SHARES_EARLY_WALK 4

void shares_begin(struct message *message);
void shares_end(struct message *message);       /* the authors are known */

#endif
