#include "auth/crypto.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "auth/rsakey.h"
#include "base/mem.h"

#define SHARDS 16
#define ED25519_KEY_OCTETS 32
#define ED25519_SIGNATURE_OCTETS 64
#define EXPONENT_OCTETS 5               /* 33 bits */
#define ED25519_EFFORT 4                /* seen: 90 us, against 20 */
#define USUAL_BITS 2048.0
#define USUAL_EXPONENT_BITS 17          /* of 65537 */

struct crypto_key {
	int references;                 /* atomic */
	enum crypto_algorithm algorithm;
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *prepared;         /* of RSA, or NULL: ready to verify; only copied from */
	unsigned bits;
	double effort;
};

struct entry {                          /* one key, or that it is none */
	struct entry *newer, *older;    /* least recently used last */
	struct entry *next;             /* same bucket */
	uint64_t hash;
	enum crypto_algorithm algorithm;
	struct crypto_key *key;         /* NULL: cannot be decoded */
	size_t len;
	uint8_t octets[];
};

struct shard {
	pthread_mutex_t mutex;
	struct entry **buckets;
	struct entry *newest, *oldest;
	unsigned n;
	uint64_t hits, misses;
};

struct key_cache {
	uint64_t seed;                  /* strangers choose the keys */
	unsigned shard_entries, n_buckets;
	struct shard shards[SHARDS];
};

/* Fails only when memory runs out; then the process ends as in mem.h. */
static void need(const void *pointer)
{
	if (pointer == NULL)
		abort();
}

/* --- keys ------------------------------------------------------------- */

/* What no generator makes: even, 1, or of more bits. */
static bool exponent_is_sane(struct slice e)
{
	unsigned first = (unsigned char)e.data[0], last = (unsigned char)e.data[e.len - 1];

	return e.len <= EXPONENT_OCTETS && (e.len < EXPONENT_OCTETS || first == 1) && last % 2 == 1 &&
	       (e.len > 1 || last > 1);
}

static unsigned count_bits(struct slice number)
{
	unsigned bits = 8 * (unsigned)(number.len - 1);

	for (unsigned first = (unsigned char)number.data[0]; first > 0; first >>= 1)
		bits++;
	return bits;
}

/* Fitted to what was seen (1024 to 4096 bits, exponents of 2 to 33): some is spent on any
 * key, a multiplication grows with the square of the size, and each bit of the exponent takes
 * one, or more where many are set. */
static double rsa_effort(unsigned bits, unsigned exponent_bits)
{
	double size = bits / USUAL_BITS;
	double steps = (double)exponent_bits / USUAL_EXPONENT_BITS;

	if (exponent_bits > USUAL_EXPONENT_BITS)
		steps *= 1.4;
	return 0.2 + 0.8 * size * size * (0.2 + 0.8 * steps);
}

/* The crypto library wants numbers with the lowest octet first. */
static OSSL_PARAM number(const char *name, struct slice octets, unsigned char *room)
{
	for (size_t i = 0; i < octets.len; i++)
		room[i] = (unsigned char)octets.data[octets.len - 1 - i];
	return OSSL_PARAM_construct_BN(name, room, octets.len);
}

static EVP_PKEY *decode_rsa(struct slice octets, double *effort_r)
{
	unsigned char room[2][CRYPTO_KEY_OCTETS];
	struct slice modulus, exponent;
	OSSL_PARAM params[3];
	EVP_PKEY_CTX *context;
	EVP_PKEY *pkey = NULL;

	if (!rsakey_parse(octets, &modulus, &exponent) || !exponent_is_sane(exponent))
		return NULL;
	*effort_r = rsa_effort(count_bits(modulus), count_bits(exponent));
	params[0] = number(OSSL_PKEY_PARAM_RSA_N, modulus, room[0]);
	params[1] = number(OSSL_PKEY_PARAM_RSA_E, exponent, room[1]);
	params[2] = OSSL_PARAM_construct_end();
	context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	need(context);
	if (EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(context);
	return pkey;
}

/* A fresh context looks up the library's parts by their names; a copy does not. NULL:
 * the library does not take this key. */
static EVP_PKEY_CTX *prepare_rsa(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);

	need(context);
	if (EVP_PKEY_verify_init(context) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1)
		return context;
	EVP_PKEY_CTX_free(context);
	return NULL;
}

static struct crypto_key *decode(enum crypto_algorithm algorithm, struct slice octets)
{
	double effort = ED25519_EFFORT;
	EVP_PKEY *pkey = NULL;
	struct crypto_key *key;

	switch (algorithm) {
	case CRYPTO_RSA_SHA256:
		pkey = decode_rsa(octets, &effort);
		break;
	case CRYPTO_ED25519_SHA256:
		if (octets.len == ED25519_KEY_OCTETS)           /* RFC 8463 4 */
			pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
							   (const unsigned char *)octets.data,
							   octets.len);
		break;
	case CRYPTO_RSA_SHA1:
	case CRYPTO_UNKNOWN:
		break;
	}
	if (pkey == NULL)
		return NULL;
	key = mem_zalloc(sizeof(*key));
	key->references = 1;
	key->algorithm = algorithm;
	key->pkey = pkey;
	if (algorithm == CRYPTO_RSA_SHA256)
		key->prepared = prepare_rsa(pkey);
	key->bits = (unsigned)EVP_PKEY_get_bits(pkey);
	key->effort = effort;
	return key;
}

static struct crypto_key *key_ref(struct crypto_key *key)
{
	if (key != NULL)
		__atomic_add_fetch(&key->references, 1, __ATOMIC_RELAXED);
	return key;
}

void crypto_key_unref(struct crypto_key *key)
{
	if (key == NULL || __atomic_sub_fetch(&key->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	EVP_PKEY_CTX_free(key->prepared);
	EVP_PKEY_free(key->pkey);
	free(key);
}

unsigned crypto_key_bits(const struct crypto_key *key)
{
	return key->bits;
}

double crypto_key_effort(const struct crypto_key *key)
{
	return key->effort;
}

/* --- the cache -------------------------------------------------------- */

struct key_cache *key_cache_new(unsigned entries)
{
	struct key_cache *cache = mem_zalloc(sizeof(*cache));

	if (crypto_random(&cache->seed, sizeof(cache->seed)) != 0)
		abort();
	cache->shard_entries = entries / SHARDS + 1;
	for (cache->n_buckets = 1; cache->n_buckets < cache->shard_entries;)
		cache->n_buckets *= 2;
	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard *shard = &cache->shards[i];

		pthread_mutex_init(&shard->mutex, NULL);
		shard->buckets = mem_zalloc(cache->n_buckets * sizeof(shard->buckets[0]));
	}
	return cache;
}

static void entry_free(struct entry *entry)
{
	crypto_key_unref(entry->key);
	free(entry);
}

void key_cache_free(struct key_cache *cache)
{
	if (cache == NULL)
		return;
	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard *shard = &cache->shards[i];

		for (struct entry *e = shard->newest; e != NULL;) {
			struct entry *older = e->older;

			entry_free(e);
			e = older;
		}
		free(shard->buckets);
		pthread_mutex_destroy(&shard->mutex);
	}
	free(cache);
}

void key_cache_stats(struct key_cache *cache, struct key_cache_stats *out_r)
{
	*out_r = (struct key_cache_stats){ 0 };
	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard *shard = &cache->shards[i];

		pthread_mutex_lock(&shard->mutex);
		out_r->hits += shard->hits;
		out_r->misses += shard->misses;
		out_r->entries += shard->n;
		pthread_mutex_unlock(&shard->mutex);
	}
}

/* FNV-1a from a random start, stirred at the end: spreads the keys. */
static uint64_t hash_octets(uint64_t seed, struct slice octets)
{
	uint64_t hash = seed ^ UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < octets.len; i++)
		hash = (hash ^ (uint8_t)octets.data[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 29;
}

static void take_out(struct shard *shard, struct entry *entry)
{
	*(entry->newer != NULL ? &entry->newer->older : &shard->newest) = entry->older;
	*(entry->older != NULL ? &entry->older->newer : &shard->oldest) = entry->newer;
}

static void put_first(struct shard *shard, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = shard->newest;
	*(shard->newest != NULL ? &shard->newest->newer : &shard->oldest) = entry;
	shard->newest = entry;
}

static struct entry **bucket_of(struct key_cache *cache, struct shard *shard, uint64_t hash)
{
	return &shard->buckets[hash / SHARDS % cache->n_buckets];
}

static struct entry *find(struct key_cache *cache, struct shard *shard, uint64_t hash,
			  enum crypto_algorithm algorithm, struct slice octets)
{
	struct entry *e = *bucket_of(cache, shard, hash);

	for (; e != NULL; e = e->next)
		if (e->hash == hash && e->algorithm == algorithm && e->len == octets.len &&
		    memcmp(e->octets, octets.data, e->len) == 0)
			break;
	return e;
}

static void evict_oldest(struct key_cache *cache, struct shard *shard)
{
	struct entry *oldest = shard->oldest;
	struct entry **at = bucket_of(cache, shard, oldest->hash);

	while (*at != oldest)
		at = &(*at)->next;
	*at = oldest->next;
	take_out(shard, oldest);
	shard->n--;
	entry_free(oldest);
}

static void insert(struct key_cache *cache, struct shard *shard, struct entry *entry)
{
	struct entry **bucket = bucket_of(cache, shard, entry->hash);

	if (shard->n == cache->shard_entries)
		evict_oldest(cache, shard);
	entry->next = *bucket;
	*bucket = entry;
	put_first(shard, entry);
	shard->n++;
}

static struct entry *entry_new(uint64_t hash, enum crypto_algorithm algorithm, struct slice octets)
{
	struct entry *entry = mem_zalloc(sizeof(*entry) + octets.len);

	entry->hash = hash;
	entry->algorithm = algorithm;
	entry->len = octets.len;
	memcpy(entry->octets, octets.data, octets.len);
	entry->key = decode(algorithm, octets);
	return entry;
}

struct crypto_key *crypto_key_get(struct key_cache *cache, enum crypto_algorithm algorithm,
				  struct slice octets)
{
	uint64_t hash = hash_octets(cache->seed, octets);
	struct shard *shard = &cache->shards[hash % SHARDS];
	struct entry *entry, *fresh;
	struct crypto_key *key;

	if (octets.len == 0 || octets.len > CRYPTO_KEY_OCTETS)
		return NULL;
	pthread_mutex_lock(&shard->mutex);
	entry = find(cache, shard, hash, algorithm, octets);
	if (entry != NULL) {
		shard->hits++;
		take_out(shard, entry);
		put_first(shard, entry);
		key = key_ref(entry->key);
		pthread_mutex_unlock(&shard->mutex);
		return key;
	}
	shard->misses++;
	pthread_mutex_unlock(&shard->mutex);

	/* decoded without the lock; another thread may do the same meanwhile */
	fresh = entry_new(hash, algorithm, octets);
	key = key_ref(fresh->key);
	pthread_mutex_lock(&shard->mutex);
	if (find(cache, shard, hash, algorithm, octets) == NULL) {
		insert(cache, shard, fresh);
		fresh = NULL;
	}
	pthread_mutex_unlock(&shard->mutex);
	if (fresh != NULL)
		entry_free(fresh);
	return key;
}

/* --- verification ----------------------------------------------------- */

static enum crypto_result verify_rsa(const struct crypto_key *key, struct slice digest,
				     struct slice signature)
{
	EVP_PKEY_CTX *context;
	bool good;

	if (key->prepared == NULL)
		return CRYPTO_BAD_KEY;
	if (signature.len != (size_t)EVP_PKEY_get_size(key->pkey))      /* RFC 8017 8.2.2 */
		return CRYPTO_BAD_SIGNATURE;
	context = EVP_PKEY_CTX_dup(key->prepared);
	need(context);
	good = EVP_PKEY_verify(context, (const unsigned char *)signature.data, signature.len,
			       (const unsigned char *)digest.data, digest.len) == 1;
	EVP_PKEY_CTX_free(context);
	return good ? CRYPTO_OK : CRYPTO_MISMATCH;
}

static enum crypto_result verify_ed25519(EVP_PKEY *pkey, struct slice digest,
					 struct slice signature)
{
	EVP_MD_CTX *context;
	bool good;

	if (signature.len != ED25519_SIGNATURE_OCTETS)
		return CRYPTO_BAD_SIGNATURE;
	context = EVP_MD_CTX_new();
	need(context);
	good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
	       EVP_DigestVerify(context, (const unsigned char *)signature.data, signature.len,
				(const unsigned char *)digest.data, digest.len) == 1;
	EVP_MD_CTX_free(context);
	return good ? CRYPTO_OK : CRYPTO_MISMATCH;
}

enum crypto_result crypto_verify(struct crypto_key *key, enum crypto_algorithm algorithm,
				 struct slice digest, struct slice signature)
{
	if (key->algorithm != algorithm)
		return CRYPTO_BAD_KEY;
	switch (algorithm) {
	case CRYPTO_RSA_SHA256:
		return verify_rsa(key, digest, signature);
	case CRYPTO_ED25519_SHA256:
		return verify_ed25519(key->pkey, digest, signature);
	case CRYPTO_RSA_SHA1:           /* RFC 8301 3.1 */
	case CRYPTO_UNKNOWN:
		break;
	}
	return CRYPTO_BAD_KEY;
}

/* --- hashes and draws ------------------------------------------------- */

static EVP_MD *sha256;

static void fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	need(sha256);
}

/* With EVP_sha256() the library would look it up by its name for each hash. */
struct crypto_hash *crypto_hash_new(void)
{
	static pthread_once_t fetched = PTHREAD_ONCE_INIT;
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	need(context);
	pthread_once(&fetched, fetch_sha256);
	if (EVP_DigestInit_ex(context, sha256, NULL) != 1)
		abort();
	return (struct crypto_hash *)context;
}

struct crypto_hash *crypto_hash_copy(const struct crypto_hash *hash)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	need(context);
	if (EVP_MD_CTX_copy_ex(context, (const EVP_MD_CTX *)hash) != 1)
		abort();
	return (struct crypto_hash *)context;
}

void crypto_hash_add(struct crypto_hash *hash, const char *data, size_t len)
{
	if (EVP_DigestUpdate((EVP_MD_CTX *)hash, data, len) != 1)
		abort();
}

void crypto_hash_end(struct crypto_hash *hash, uint8_t out_r[CRYPTO_HASH_OCTETS])
{
	unsigned len = 0;

	if (EVP_DigestFinal_ex((EVP_MD_CTX *)hash, out_r, &len) != 1)
		abort();
	assert(len == CRYPTO_HASH_OCTETS);
}

void crypto_hash_free(struct crypto_hash *hash)
{
	EVP_MD_CTX_free((EVP_MD_CTX *)hash);
}

static EVP_MAC_CTX *hmac;

static void prepare_hmac(void)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

	need(mac);
	hmac = EVP_MAC_CTX_new(mac);
	need(hmac);
	need(EVP_MAC_CTX_set_params(hmac, params) == 1 ? hmac : NULL);
	EVP_MAC_free(mac);
}

/* With HMAC() the library would look up its parts by their names at each call. */
void crypto_hmac(struct slice key, struct slice data, uint8_t out_r[CRYPTO_HASH_OCTETS])
{
	static pthread_once_t prepared = PTHREAD_ONCE_INIT;
	EVP_MAC_CTX *context;
	size_t len = 0;

	pthread_once(&prepared, prepare_hmac);
	context = EVP_MAC_CTX_dup(hmac);
	need(context);
	if (EVP_MAC_init(context, (const unsigned char *)key.data, key.len, NULL) != 1 ||
	    EVP_MAC_update(context, (const unsigned char *)data.data, data.len) != 1 ||
	    EVP_MAC_final(context, out_r, &len, CRYPTO_HASH_OCTETS) != 1)
		need(NULL);
	EVP_MAC_CTX_free(context);
	assert(len == CRYPTO_HASH_OCTETS);
}

int crypto_random(void *out_r, size_t len)
{
	return RAND_bytes(out_r, (int)len) == 1 ? 0 : -1;
}

static uint64_t seed;

static void make_seed(void)
{
	if (crypto_random(&seed, sizeof(seed)) != 0)
		abort();
}

uint64_t crypto_seed(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_seed);
	return seed;
}

/* --- base64 ----------------------------------------------------------- */

enum { BLANK = 64, PADDING = 65, NONE = -1 };

static const signed char base64_values[128] = {
	-1, -1, -1, -1, -1, -1, -1, -1, -1, BLANK, BLANK, -1, -1, BLANK, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	BLANK, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, -1, -1, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, PADDING, -1, -1,
	-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, -1,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
};

static int base64_value(char c)
{
	return (unsigned char)c < 128 ? base64_values[(unsigned char)c] : NONE;
}

long crypto_base64_decode(struct slice text, uint8_t *out_r, size_t size)
{
	uint32_t bits = 0;
	unsigned n = 0, padding = 0;    /* characters of the current group of four */
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		int value = base64_value(text.data[i]);

		if (value == BLANK)
			continue;
		if (value == PADDING && n + padding >= 2 && n + padding < 4) {
			padding++;
			continue;
		}
		if (value < 0 || value == PADDING || padding > 0)
			return -1;
		bits = bits << 6 | (uint32_t)value;
		if (++n % 4 == 0 || n % 4 > 1) {
			unsigned left = n % 4 == 0 ? 0 : n % 4 == 3 ? 2 : 4;

			if (len == size)
				return -1;
			out_r[len++] = (uint8_t)(bits >> left);
		}
		n %= 4;
	}
	if (n == 1 || (padding > 0 && n + padding != 4))
		return -1;
	return (long)len;
}
