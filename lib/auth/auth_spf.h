/* auth_spf.h - the SPF check of one identity (RFC 7208). auth_spf.c is the
 * only file with libspf2, which evaluates behind spf_guard.h.
 *
 * A check is a task in the sense of asker.h: spf_check() evaluates from the
 * start with the answers that are there, and returns false while one it needs
 * is missing. Thread-safe; no state between calls but the asker's answers.
 *
 * Bounds: what RFC 7208 4.6.4 counts, and LIMIT_SPF_OCTETS of records together; over
 * either, permerror.
 */
#ifndef AUTH_SPF_H
#define AUTH_SPF_H

#include "auth/asker.h"
#include "core/evidence.h"
#include "core/netset.h"

struct spf_question {
	struct address client;          /* family 0: unknown, never pass */
	const char *client_unknown;     /* why, ours; NULL: nothing is known about it */
	const char *helo;               /* raw, bounded; "" */
	const char *helo_domain;        /* normal or NULL */
	const struct sender *sender;    /* null: postmaster@helo (RFC 7208 2.4) */
	const char *receiver;           /* for %{r}: authserv-id */
};

/* *out_r is complete when true is returned (but for org); its texts are those
 * of the question or in the asker's arena. */
bool auth_spf_check(struct asker *asker, const struct spf_question *question,
		    struct spf_evidence *out_r);

#endif
