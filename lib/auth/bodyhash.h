/* bodyhash.h - the hashes of one message's body that its signatures want.
 *
 * The body is brought into each canonical form once (core/canon.h) and hashed
 * once per length (l=), however many signatures there are; none of it is kept.
 * The library that hashes the header could do it too, but it keeps a whole line
 * in memory and loses lone CRs. One thread at a time.
 */
#ifndef AUTH_BODYHASH_H
#define AUTH_BODYHASH_H

#include "auth/crypto.h"
#include "base/arena.h"
#include "core/canon.h"

struct bodyhash {
	struct bodyhash *next;
	struct crypto_hash *hash;
	uint64_t limit, taken;          /* octets of the canonical form */
	uint8_t digest[CRYPTO_HASH_OCTETS];
};

struct bodyform {
	struct bodyform *next;
	struct canon_body canon;        /* its octets: the canonical length */
	struct bodyhash *hashes;
};

struct bodyhashes {
	struct arena *arena;
	struct bodyform *forms;
	unsigned n;                     /* distinct hashes that are wanted */
};

void bodyhashes_init(struct bodyhashes *bodies, struct arena *arena);
void bodyhashes_done(struct bodyhashes *bodies);
/* Asks for the hash of the first `limit` octets; before any body has come. The
 * same question gives the same hash. *form_r: where its canonical length is. */
struct bodyhash *bodyhashes_want(struct bodyhashes *bodies, enum canon method, uint64_t limit,
				 const struct bodyform **form_r);
void bodyhashes_add(struct bodyhashes *bodies, const char *data, size_t len);
void bodyhashes_end(struct bodyhashes *bodies);         /* the digests are there now */

#endif
