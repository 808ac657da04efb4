/* A key record, for each algorithm, and the key in it. It can be used when the plainest of
 * readers finds nothing against it but its base64; a key that can be decoded has a size,
 * and verifies no signature of zeroes. */
#include "fuzz.h"

#include <string.h>

#include "auth/keyrecord.h"
#include "core/tags.h"

#define FWS " \t\r\n"
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

/* Split at each `;`, then at the first `=`: the value of the only such tag. */
static struct slice plain_value(struct slice text, const char *name)
{
	struct slice spec, value = slice_new(NULL, 0);

	while (slice_split(&text, ';', &spec)) {
		size_t equals = slice_find(spec, '=');

		if (equals == spec.len || !slice_is(slice_trim(slice_until(spec, equals), FWS), name))
			continue;
		FUZZ_NEED(value.data == NULL);
		value = slice_trim(slice_from(spec, equals + 1), FWS);
	}
	return value;
}

/* A tag that is not there allows everything. */
static bool allows(struct slice list, const char *a, const char *b)
{
	bool allowed = list.data == NULL;
	struct slice item;

	while (list.data != NULL && slice_split(&list, ':', &item))
		allowed = allowed || slice_is_nocase(slice_trim(item, FWS), a) ||
			  slice_is_nocase(slice_trim(item, FWS), b);
	return allowed;
}

static bool is_plainly_usable(struct slice text, enum crypto_algorithm algorithm)
{
	struct slice v = plain_value(text, "v"), k = plain_value(text, "k");
	const char *type = algorithm == CRYPTO_RSA_SHA256 ? "rsa" : "ed25519";

	return (v.data == NULL || slice_is(v, "DKIM1")) && plain_value(text, "p").len > 0 &&
	       (k.data == NULL ? algorithm == CRYPTO_RSA_SHA256 : slice_is_nocase(k, type)) &&
	       allows(plain_value(text, "h"), "sha256", "sha256") &&
	       allows(plain_value(text, "s"), "*", "email");
}

static void check_plain_reader(struct slice text, const struct keyrecord *record,
			       enum crypto_algorithm algorithm)
{
	struct slice t;
	struct tags tags;

	if (!tags_parse(text, &tags)) {
		FUZZ_NEED(record->error != NULL);
		return;
	}
	t = plain_value(text, "t");
	FUZZ_NEED(is_plainly_usable(text, algorithm) ?
		  record->error == NULL || strcmp(record->error, "key cannot be decoded") == 0 :
		  record->error != NULL);
	if (record->error == NULL)
		FUZZ_NEED(record->test == (t.data != NULL && allows(t, "y", "y")) &&
			  record->same_domain == (t.data != NULL && allows(t, "s", "s")));
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
		check_plain_reader(text, &record, algorithms[i]);
		if (record.error != NULL)
			continue;
		check_usable(text, &record);
		check_key(&record, algorithms[i]);
		check_key(&record, algorithms[i]);
	}
	key_cache_free(cache);
}
