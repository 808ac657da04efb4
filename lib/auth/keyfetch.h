/* keyfetch.h - the key records that a message's signatures need, and the check of
 * a hash with them (RFC 6376 6.1.2, 6.1.3). Shared by DKIM signatures and ARC
 * seals, so that a key means the same to both.
 *
 * Life: keyfetch_new, keyfetch_want for each signature, keyfetch_start; when
 * asker_wait() is over, keyfetch_verify. One thread at a time. The memory is the
 * arena of the message's thread, which outlives the asker: its task writes there.
 */
#ifndef AUTH_KEYFETCH_H
#define AUTH_KEYFETCH_H

#include "auth/asker.h"
#include "auth/crypto.h"
#include "base/arena.h"
#include "core/evidence.h"

struct wanted_key {
	const char *name;
	const struct dns_answer *answer;        /* NULL: not there yet */
};

struct keyfetch;
struct keyfetch *keyfetch_new(struct arena *arena, unsigned most);
/* At most `most` of them, before the start; the asker asks for none twice. */
struct wanted_key *keyfetch_want(struct keyfetch *fetch, const char *name);
void keyfetch_start(struct keyfetch *fetch, struct asker *asker);

struct keyfetch_question {
	enum crypto_algorithm algorithm;
	struct slice digest, value;     /* what was signed; b=, decoded */
	unsigned minimum_bits;          /* RSA */
	bool elsewhere;                 /* i= is below d=, not d= itself */
	struct keyfetch_effort *effort; /* what verifying may still cost; NULL: no bound */
};
/* Verifications in terms of a usual key (crypto_key_effort). The first is made whatever it
 * costs; one that is over it is not made (policy). */
struct keyfetch_effort {
	double used, most;
};
/* The reason of a permerror when the DNS says that there is no key (any more). */
#define KEYFETCH_NO_KEY "no key"
struct keyfetch_result {
	enum dkim_result result;        /* pass, fail, policy (key size), temperror, permerror */
	const char *reason;             /* ours; NULL with pass */
	unsigned key_bits;              /* 0: no key came that far */
	bool test_key;                  /* t=y */
};
void keyfetch_verify(const struct wanted_key *key, struct key_cache *cache,
		     const struct keyfetch_question *question, struct keyfetch_result *out_r);

#endif
