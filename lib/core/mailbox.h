/* mailbox.h - the domains of the authors, out of the body of one From field
 * (RFC 5322 3.4 and 3.6.2, RFC 6854).
 *
 * Strict about the address, tolerant about the phrase before it. Never
 * recurses; limits are in base/buf.h. Display names never count; an encoded
 * word is never decoded. The domains come back as they stand (U-labels
 * possible); the caller converts and normalises them. Counting From fields is
 * the caller's work. Pure; results live in the arena.
 */
#ifndef CORE_MAILBOX_H
#define CORE_MAILBOX_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"

enum from_status {
	FROM_UNSET = 0,
	FROM_OK,                /* at least one domain */
	FROM_ABSENT,            /* no From field (set by the caller) */
	FROM_REPEATED,          /* more than one field (set by the caller) */
	FROM_NO_DOMAIN,         /* empty group, or only address literals */
	FROM_UNUSABLE,          /* broken, cut short, over a limit, bad octets */
	FROM_TOO_MANY,          /* more than LIMIT_AUTHORS distinct domains (caller) */
};

struct from_domains {
	enum from_status status;
	const char *reason;             /* one short phrase of ours unless FROM_OK */
	unsigned n;
	struct slice domains[64];       /* LIMIT_FROM_MAILBOXES, in order, not distinct */
	unsigned n_phrase;              /* the first ones, out of a malformed phrase: one of
	                                 * these that cannot be converted is left out */
	unsigned mailboxes;
	bool trailing_dot;              /* one was removed */
	bool loose_phrase;              /* a malformed phrase was tolerated */
};

/* `body`: after the colon; folds as CRLF or bare LF before white space are
 * unfolded here; NUL, other CR or LF make it unusable. */
void from_parse(struct arena *arena, struct slice body, struct from_domains *out_r);

/* "more than one From field" and so on: a phrase for reason= and log (evidence.c). */
const char *from_status_phrase(enum from_status status);

#endif
