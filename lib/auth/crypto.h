/* crypto.h - signatures, keys, hashes and draws. crypto.c is the only file with
 * the crypto library.
 *
 * Decoded public keys are kept in a bounded cache keyed by algorithm and key
 * octets, since decoding takes a quarter of a verification's time; that a key cannot be
 * decoded is kept too. The least recently used key leaves first; one that is
 * in use lives on until its last crypto_key_unref(). Everything is thread-safe
 * but a struct crypto_hash, which belongs to one thread at a time.
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
struct key_cache *key_cache_new(unsigned entries);      /* about so many keys are kept */
void key_cache_free(struct key_cache *cache);           /* NULL is allowed */
struct key_cache_stats { uint64_t hits, misses; unsigned entries; };
void key_cache_stats(struct key_cache *cache, struct key_cache_stats *out_r);

struct crypto_key;                      /* shared by reference count */
/* Octets of a key that is looked at: RSA of 16384 bits. */
#define CRYPTO_KEY_OCTETS 2304
/* `key` is the decoded p= (DER of RSA: SubjectPublicKeyInfo or RSAPublicKey,
 * RFC 6376 3.6.1; 32 octets of Ed25519, RFC 8463). NULL: cannot be decoded, or
 * an exponent that no generator makes (even, below 3, over 33 bits). */
struct crypto_key *crypto_key_get(struct key_cache *cache, enum crypto_algorithm algorithm,
				  struct slice key);
void crypto_key_unref(struct crypto_key *key);                  /* NULL is allowed */
unsigned crypto_key_bits(const struct crypto_key *key);         /* true size */
/* What one verification with it costs; a usual key of RSA, 2048 bits, is 1. */
double crypto_key_effort(const struct crypto_key *key);

/* `digest`: SHA-256 of the signed data (32 octets); for Ed25519 it is the
 * message that was signed (RFC 8463 3). */
enum crypto_result crypto_verify(struct crypto_key *key, enum crypto_algorithm algorithm,
				 struct slice digest, struct slice signature);

/* SHA-256 of octets that come piece by piece. */
#define CRYPTO_HASH_OCTETS 32
struct crypto_hash;
struct crypto_hash *crypto_hash_new(void);
struct crypto_hash *crypto_hash_copy(const struct crypto_hash *hash);   /* goes on from there */
void crypto_hash_add(struct crypto_hash *hash, const char *data, size_t len);
void crypto_hash_end(struct crypto_hash *hash, uint8_t out_r[CRYPTO_HASH_OCTETS]);
void crypto_hash_free(struct crypto_hash *hash);                /* NULL is allowed */

/* HMAC-SHA-256 under a key of the site. */
void crypto_hmac(struct slice key, struct slice data, uint8_t out_r[CRYPTO_HASH_OCTETS]);
int crypto_random(void *out_r, size_t len);                     /* 0, -1 */
/* Random, one for the life of the process: spreads what strangers choose in tables. */
uint64_t crypto_seed(void);
/* Decodes base64 after removing FWS; padding may be absent (RFC 6376 2.10). -1
 * when it is none or larger than size. */
long crypto_base64_decode(struct slice text, uint8_t *out_r, size_t size);

#endif
