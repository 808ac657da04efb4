/* headerhash.h - SHA-256 of what a message signature covers of the header
 * (RFC 6376 3.7, 5.4.2). For ARC; DKIM's are hashed by its library.
 *
 * The fields are sorted by name once, so that the time grows with what is
 * covered, not with the fields times the names in all h=. One thread at a time.
 */
#ifndef AUTH_HEADERHASH_H
#define AUTH_HEADERHASH_H

#include "auth/crypto.h"
#include "auth/fields.h"

struct headerhash;
/* Borrows the fields. */
struct headerhash *headerhash_new(const struct fields *fields);
void headerhash_free(struct headerhash *hash);          /* NULL is allowed */
/* `own`: the field that holds the signature, which covers no copy of itself.
 * Returns how many octets were hashed, before they were made canonical. */
size_t headerhash_signature(const struct headerhash *hash, const struct signature *signature,
			    const struct field *own, uint8_t digest_r[CRYPTO_HASH_OCTETS]);

#endif
