/* publish.h - a verdict becomes header changes, an answer, one log line and one
 * journal line. It never thinks: what to do is in the verdict, every word that
 * people see is core/summary's, and what was really done (`done`) goes into
 * log and journal alike.
 *
 * All changes are sent last and together, the journal line is with the kernel
 * before the MTA gets its answer. Where what was chosen cannot be done, the
 * answer is "try again later" and the log says why.
 */
#ifndef MILTER_PUBLISH_H
#define MILTER_PUBLISH_H

#include "session.h"

struct smfi_str;                        /* libmilter's context */

/* Judges the session's message and acts; the return value is for libmilter. */
int publish(struct smfi_str *ctx, struct session *session);

#endif
