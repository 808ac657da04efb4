/* crypto.h - signatures, keys and draws. crypto.c is the only file with the
 * crypto library.
 *
 * Decoded public keys are kept in a bounded cache keyed by the key record's
 * text, since decoding is most of a verification's cost. Thread-safe.
 */
#ifndef AUTH_CRYPTO_H
#define AUTH_CRYPTO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum crypto_algorithm { CRYPTO_UNKNOWN = 0, CRYPTO_RSA_SHA256, CRYPTO_ED25519_SHA256, CRYPTO_RSA_SHA1 };
enum crypto_result {
	CRYPTO_OK = 1,
	CRYPTO_MISMATCH,                /* does not verify */
	CRYPTO_BAD_KEY,                 /* cannot be decoded, or of another kind */
	CRYPTO_BAD_SIGNATURE,           /* impossible length */
};

struct key_cache;
struct key_cache *key_cache_new(unsigned entries);
void key_cache_free(struct key_cache *cache);

struct crypto_key;                      /* shared by reference count */
/* `key` is the decoded p= (DER of RSA: SubjectPublicKeyInfo or RSAPublicKey,
 * RFC 6376 3.6.1; 32 octets of Ed25519, RFC 8463). NULL: cannot be decoded. */
struct crypto_key *crypto_key_get(struct key_cache *cache, enum crypto_algorithm algorithm,
				  struct slice key);
void crypto_key_unref(struct crypto_key *key);
unsigned crypto_key_bits(const struct crypto_key *key);         /* true size */

/* `digest`: SHA-256 of the signed data (32 octets). */
enum crypto_result crypto_verify(struct crypto_key *key, enum crypto_algorithm algorithm,
				 struct slice digest, struct slice signature);

/* HMAC-SHA-256 under a key of the site. */
void crypto_hmac(struct slice key, struct slice data, uint8_t out_r[32]);
int crypto_random(void *out_r, size_t len);                     /* 0, -1 */
/* Decodes base64 after removing FWS; -1 when it is none or larger than size. */
long crypto_base64_decode(struct slice text, uint8_t *out_r, size_t size);

#endif
