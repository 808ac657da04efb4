/* dkimhash.h - what a DKIM signature covers of the header, hashed by libopendkim
 * (RFC 6376 3.4, 3.7, 5.4.2).
 *
 * The library gets the one signature and the fields that it covers. It makes each
 * field canonical for each signature anew and searches all fields for each name,
 * so it gets signatures of usual size; the others, and those that it does not read
 * as RFC 6376 3.5 has it, are for headerhash.h. Both give the same digest
 * (tests/auth/test_headerhash.c). Any thread.
 */
#ifndef AUTH_DKIMHASH_H
#define AUTH_DKIMHASH_H

#include "auth/crypto.h"
#include "auth/fields.h"

#define DKIMHASH_SIGNATURES 4           /* of a message that goes this way */

/* `covered`: the fields that h= names, in its order; `own`: the signature's.
 * False: not hashed, and nothing is said about the signature by that. */
bool dkimhash_signature(const struct signature *signature, struct field *const *covered, unsigned n,
			const struct field *own, uint8_t digest_r[CRYPTO_HASH_OCTETS]);

#endif
