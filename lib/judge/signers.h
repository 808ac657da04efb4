/* signers.h - the walks for domains that authenticated the message, or say so:
 * d= of DKIM signatures, and what passed at ARC sealers and could be aligned. Started
 * at the end of the header, each domain once.
 */
#ifndef JUDGE_SIGNERS_H
#define JUDGE_SIGNERS_H

#include "judge/message.h"

/* When the authors, the signatures that are checked and the ARC sets are known. */
void signers_start(struct message *message);
/* Their Organizational Domains into evidence, after asker_wait() and after the
 * results of DKIM and ARC are there. */
void signers_finish(struct message *message);

#endif
