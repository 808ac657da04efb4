/* auth_dkim.h - the DKIM signatures of one message (RFC 6376, 8301, 8463).
 * signature.h reads the fields, fields.h keeps the header until its end, dkimhash.h,
 * headerhash.h and bodyhash.h hash, crypto.h verifies with decoded keys kept.
 *
 * Life: auth_dkim_new at MAIL; auth_dkim_header for every field in order (a
 * DKIM-Signature's key look-up starts right there); auth_dkim_eoh; auth_dkim_body
 * as octets arrive (streamed, nothing kept); then, when asker_wait() is over,
 * auth_dkim_finish. One thread at a time.
 * The arena is the message's thread's own, not asker_arena(), and outlives the
 * asker: what the asker's task writes to is in it.
 */
#ifndef AUTH_DKIM_H
#define AUTH_DKIM_H

#include "auth/asker.h"
#include "auth/crypto.h"
#include "auth/fields.h"
#include "base/arena.h"
#include "core/evidence.h"

struct auth_dkim_options {
	unsigned max_signatures;        /* verified; the rest is `policy` */
	unsigned minimum_key_bits;
	bool accept_surplus;            /* dkim.body_length = "accept" */
};

struct auth_dkim;
struct auth_dkim *auth_dkim_new(struct key_cache *keys, struct asker *asker, struct arena *arena,
				const struct auth_dkim_options *options);
/* name without colon, value as it came with leading blank; folds CRLF or LF. */
void auth_dkim_header(struct auth_dkim *dkim, struct slice name, struct slice value);
/* The header as it came, for whoever else hashes it; until auth_dkim_eoh(). */
const struct fields *auth_dkim_fields(const struct auth_dkim *dkim);
/* `author`: signatures of its domain or below and above it are taken first
 * when there are more than max_signatures; NULL when there is none. */
void auth_dkim_eoh(struct auth_dkim *dkim, const char *author);
/* After that: d= of the n-th signature that is checked (normal), NULL past the
 * end: whose Organizational Domains may matter. */
const char *auth_dkim_signer(const struct auth_dkim *dkim, unsigned n);
void auth_dkim_body(struct auth_dkim *dkim, const char *data, size_t len);
/* Fills the list in message order (memory of the arena); org is left unset.
 * Never fails: what cannot be checked says so in its result and reason. */
void auth_dkim_finish(struct auth_dkim *dkim, struct dkim_evidence **list_r, unsigned *n_r,
		      unsigned *unchecked_r);
/* After that: what verifying has cost (crypto_key_effort). */
double auth_dkim_effort(const struct auth_dkim *dkim);
void auth_dkim_free(struct auth_dkim *dkim);

#endif
