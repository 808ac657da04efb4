/* headerhash.h - SHA-256 of what the signatures of one message cover of its header
 * (RFC 6376 3.7, 5.4.2; RFC 8617 4.1.2).
 *
 * The names in all h= are put into one table, the header is walked once, and a
 * field that several signatures cover in relaxed form is made canonical once, for
 * DKIM and ARC together. So time grows with the header, with the names, and with
 * the octets that are hashed, and with no product of them. All memory is the
 * fields' arena's. One thread at a time.
 */
#ifndef AUTH_HEADERHASH_H
#define AUTH_HEADERHASH_H

#include "auth/crypto.h"
#include "auth/fields.h"

struct headerhash;
/* Borrows the fields and the signatures. */
struct headerhash *headerhash_new(const struct fields *fields, const struct signature *const *signatures,
				  unsigned n);
/* The fields that the h= of signatures[index] names, in its order; how many, at most
 * as many as it has names. */
unsigned headerhash_covered(struct headerhash *hash, unsigned index, const struct field *own,
			    struct field **covered_r);
/* Of signatures[index]. `own`: the field that holds it, which covers no copy of
 * itself. Returns how many octets were hashed. */
size_t headerhash_signature(struct headerhash *hash, unsigned index, const struct field *own,
			    uint8_t digest_r[CRYPTO_HASH_OCTETS]);

#endif
