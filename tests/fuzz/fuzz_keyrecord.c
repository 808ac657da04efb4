/* A key record, for each algorithm, and the key in it. One that can be used has what
 * it needs; a key that can be decoded has a size, and verifies no signature of
 * zeroes. */
#include "fuzz.h"

#include <string.h>

#include "auth/keyrecord.h"
#include "core/tags.h"

static struct key_cache *cache;

static void check_key(const struct keyrecord *record, enum crypto_algorithm algorithm)
{
	static const char zeroes[CRYPTO_KEY_OCTETS];
	struct crypto_key *key = crypto_key_get(cache, algorithm,
						slice_new((const char *)record->octets, record->len));
	unsigned octets;

	if (key == NULL)
		return;
	octets = algorithm == CRYPTO_RSA_SHA256 ? (crypto_key_bits(key) + 7) / 8 : 64;
	FUZZ_NEED(crypto_key_bits(key) > 0 && octets <= sizeof(zeroes));
	FUZZ_NEED(crypto_verify(key, algorithm, slice_new(zeroes, CRYPTO_HASH_OCTETS),
				slice_new(zeroes, octets)) != CRYPTO_OK);
	FUZZ_NEED(crypto_verify(key, algorithm, slice_new(zeroes, CRYPTO_HASH_OCTETS),
				slice_new(zeroes, 1)) != CRYPTO_OK);
	crypto_key_unref(key);
}

static void check_usable(struct slice text, const struct keyrecord *record)
{
	struct tags tags;

	FUZZ_NEED(record->is_key && record->len > 0 && record->len <= CRYPTO_KEY_OCTETS);
	FUZZ_NEED(tags_parse(text, &tags));
	FUZZ_NEED(tags_get(&tags, "p").len > 0);
	FUZZ_NEED(tags_get(&tags, "v").data == NULL || slice_is(tags_get(&tags, "v"), "DKIM1"));
}

void fuzz_keyrecord(const uint8_t *data, size_t size)
{
	static const enum crypto_algorithm algorithms[] = { CRYPTO_RSA_SHA256, CRYPTO_ED25519_SHA256 };
	struct slice text = fuzz_slice(data, size);

	cache = key_cache_new(16);
	for (unsigned i = 0; i < 2; i++) {
		struct keyrecord record;

		keyrecord_parse(text, algorithms[i], &record);
		if (record.error != NULL)
			continue;
		check_usable(text, &record);
		check_key(&record, algorithms[i]);
		check_key(&record, algorithms[i]);
	}
	key_cache_free(cache);
}
