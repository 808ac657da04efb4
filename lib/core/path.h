/* path.h - the envelope's path (RFC 5321 4.1.2), parsed once.
 *
 * The one parser of MAIL FROM and RCPT TO: its value serves SPF, alignment,
 * header, journal and rules, so that no two of them can disagree. A source
 * route is dropped (RFC 5321 4.1.1.3, appendix C), the domain begins after the
 * last `@` outside quotes. Pure; results live in the arena.
 */
#ifndef CORE_PATH_H
#define CORE_PATH_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

enum path_status {
	PATH_UNSET = 0,
	PATH_NULL,              /* <> */
	PATH_MAILBOX,           /* local part and domain */
	PATH_LOCAL_ONLY,        /* no domain: <postmaster>, <user> */
	PATH_LITERAL,           /* user@[192.0.2.1]: local part, no domain */
	PATH_UNUSABLE,          /* not a path: SPF cannot be checked, that is said */
};

struct path {
	enum path_status status;
	struct slice local;     /* without quotes, quoted pairs resolved */
	struct slice domain;    /* as it came (may be U-labels, any case), no trailing
	                         * dot removed; empty unless PATH_MAILBOX */
	const char *reason;     /* for PATH_UNUSABLE: one short phrase, ours */
};

/* `text` with or without angle brackets, without ESMTP parameters. */
void path_parse(struct arena *arena, struct slice text, struct path *out_r);

#endif
