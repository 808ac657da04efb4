/* signers.h - the walks for domains that authenticated the message, or say so: the
 * envelope sender's, d= of DKIM signatures, and what passed at ARC sealers. Started at
 * the end of the header, each domain once, and only where it could be aligned with an
 * author: whatever else a stranger writes there is not asked for.
 */
#ifndef JUDGE_SIGNERS_H
#define JUDGE_SIGNERS_H

#include "judge/message.h"

/* When the authors, the signatures that are checked and the ARC sets are known; the
 * claims when all that has more right to the look-ups has been asked. */
void signers_start(struct message *message);
void signers_start_claims(struct message *message);
/* Their Organizational Domains into evidence, after asker_wait() and after the
 * results of DKIM and ARC are there. */
void signers_finish(struct message *message);

#endif
