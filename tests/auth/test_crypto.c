/* Keys and signatures are from tests/data/dkim/crypto-cases, made by make.py
 * beside it. Each line: name, algorithm, key, signature of SHA-256("data"),
 * wanted result, wanted bits. */
#include "testmain.h"

#include <pthread.h>
#include <stdio.h>

#include "auth/crypto.h"

#define CASES TESTDIR "/data/dkim/crypto-cases"
#define MAX_OCTETS 4000
#define MAX_CASES 64

struct one_case {
	char name[40];
	enum crypto_algorithm algorithm;
	uint8_t key[MAX_OCTETS], signature[MAX_OCTETS];
	struct slice key_octets, signature_octets;
	char result[12];
	unsigned bits;
};

static struct one_case cases[MAX_CASES];
static unsigned n_cases;
static uint8_t digest[CRYPTO_HASH_OCTETS];

static struct slice decode(const char *text, uint8_t octets[MAX_OCTETS])
{
	long len = crypto_base64_decode(slice_of(text), octets, MAX_OCTETS);

	ck_assert_int_gt(len, 0);
	return slice_new((char *)octets, (size_t)len);
}

static void load(void)
{
	FILE *file = fopen(CASES, "r");
	char algorithm[12], key[6000], signature[6000];
	struct crypto_hash *hash = crypto_hash_new();

	ck_assert_ptr_nonnull(file);
	for (n_cases = 0; n_cases < MAX_CASES; n_cases++) {
		struct one_case *c = &cases[n_cases];

		if (fscanf(file, "%39s %11s %5999s %5999s %11s %u\n", c->name, algorithm, key, signature,
			   c->result, &c->bits) != 6)
			break;
		c->algorithm = strcmp(algorithm, "rsa") == 0 ? CRYPTO_RSA_SHA256 : CRYPTO_ED25519_SHA256;
		c->key_octets = decode(key, c->key);
		c->signature_octets = decode(signature, c->signature);
	}
	fclose(file);
	crypto_hash_add(hash, "da", 2);
	crypto_hash_add(hash, "", 0);
	crypto_hash_add(hash, "ta", 2);
	crypto_hash_end(hash, digest);
	crypto_hash_free(hash);
}

static struct one_case *find(const char *name)
{
	for (unsigned i = 0; i < n_cases; i++)
		if (strcmp(cases[i].name, name) == 0)
			return &cases[i];
	ck_abort_msg("no case %s", name);
	return NULL;
}

static struct crypto_key *get(struct key_cache *cache, const struct one_case *c)
{
	struct slice octets = heap_copy(c->key_octets.data, c->key_octets.len);
	struct crypto_key *key = crypto_key_get(cache, c->algorithm, octets);

	free((void *)(uintptr_t)octets.data);
	return key;
}

static const char *verify(struct crypto_key *key, const struct one_case *c)
{
	struct slice signature = heap_copy(c->signature_octets.data, c->signature_octets.len);
	enum crypto_result result = crypto_verify(key, c->algorithm,
						  slice_new((char *)digest, sizeof(digest)), signature);

	free((void *)(uintptr_t)signature.data);
	return result == CRYPTO_OK ? "ok" : result == CRYPTO_MISMATCH ? "mismatch" :
		result == CRYPTO_BAD_SIGNATURE ? "length" : "bad key";
}

/* --- keys and signatures ---------------------------------------------- */

START_TEST(verifies)
{
	struct key_cache *cache = key_cache_new(100);

	ck_assert_uint_gt(n_cases, 30);
	for (unsigned i = 0; i < n_cases * 2; i++) {            /* decoded, then from the cache */
		const struct one_case *c = &cases[i % n_cases];
		struct crypto_key *key = get(cache, c);

		ck_assert_msg((key == NULL) == (strcmp(c->result, "none") == 0), "%s", c->name);
		if (key == NULL)
			continue;
		ck_assert_msg(crypto_key_bits(key) == c->bits, "%s: %u", c->name, crypto_key_bits(key));
		ck_assert_msg(strcmp(verify(key, c), c->result) == 0, "%s: %s", c->name, verify(key, c));
		crypto_key_unref(key);
	}
	key_cache_free(cache);
}
END_TEST

START_TEST(algorithms_are_not_mixed)
{
	struct key_cache *cache = key_cache_new(10);
	const struct one_case *rsa = find("rsa2048");
	struct crypto_key *key = get(cache, rsa);
	struct slice hash = slice_new((char *)digest, sizeof(digest));

	ck_assert_int_eq(crypto_verify(key, CRYPTO_ED25519_SHA256, hash, rsa->signature_octets),
			 CRYPTO_BAD_KEY);
	ck_assert_int_eq(crypto_verify(key, CRYPTO_RSA_SHA1, hash, rsa->signature_octets), CRYPTO_BAD_KEY);
	ck_assert_int_eq(crypto_verify(key, CRYPTO_UNKNOWN, hash, rsa->signature_octets), CRYPTO_BAD_KEY);
	crypto_key_unref(key);
	ck_assert_ptr_null(crypto_key_get(cache, CRYPTO_ED25519_SHA256, rsa->key_octets));
	ck_assert_ptr_null(crypto_key_get(cache, CRYPTO_RSA_SHA1, rsa->key_octets));
	ck_assert_ptr_null(crypto_key_get(cache, CRYPTO_RSA_SHA256, SLICE("")));
	key_cache_free(cache);
}
END_TEST

/* --- the cache -------------------------------------------------------- */

START_TEST(keeps_keys_and_failures)
{
	struct key_cache *cache = key_cache_new(100);
	struct key_cache_stats stats;
	struct crypto_key *first = get(cache, find("rsa2048")), *second = get(cache, find("rsa2048"));

	ck_assert_ptr_eq(first, second);
	ck_assert_ptr_null(get(cache, find("garbage-key")));
	ck_assert_ptr_null(get(cache, find("garbage-key")));
	key_cache_stats(cache, &stats);
	ck_assert_uint_eq(stats.hits, 2);
	ck_assert_uint_eq(stats.misses, 2);
	ck_assert_uint_eq(stats.entries, 2);
	crypto_key_unref(first);
	crypto_key_unref(second);
	key_cache_free(cache);
}
END_TEST

/* Ten thousand keys of strangers go through; one that is in use lives on, also
 * when the cache has gone. */
START_TEST(is_bounded)
{
	struct key_cache *cache = key_cache_new(32);
	const struct one_case *c = find("rsa2048");
	struct crypto_key *key = get(cache, c), *again;
	struct key_cache_stats stats;

	for (uint32_t i = 0; i < 10000; i++) {
		uint8_t octets[32] = { 1 };

		memcpy(octets + 4, &i, sizeof(i));
		crypto_key_unref(crypto_key_get(cache, CRYPTO_ED25519_SHA256,
						slice_new((char *)octets, sizeof(octets))));
	}
	key_cache_stats(cache, &stats);
	ck_assert_uint_ge(stats.entries, 32);
	ck_assert_uint_le(stats.entries, 32 + 16);
	again = get(cache, c);
	ck_assert_ptr_ne(again, key);           /* it had left, and was decoded anew */
	crypto_key_unref(again);
	key_cache_free(cache);
	ck_assert_str_eq(verify(key, c), "ok");
	crypto_key_unref(key);
}
END_TEST

/* What is used stays, what is not used leaves. */
START_TEST(oldest_leaves_first)
{
	struct key_cache *cache = key_cache_new(32);
	struct key_cache_stats before, after;

	crypto_key_unref(get(cache, find("ed25519")));
	for (uint32_t i = 0; i < 5000; i++) {
		uint8_t octets[32] = { 2 };

		memcpy(octets + 4, &i, sizeof(i));
		crypto_key_unref(crypto_key_get(cache, CRYPTO_ED25519_SHA256,
						slice_new((char *)octets, sizeof(octets))));
		crypto_key_unref(get(cache, find("ed25519")));
	}
	key_cache_stats(cache, &before);
	crypto_key_unref(get(cache, find("ed25519")));
	key_cache_stats(cache, &after);
	ck_assert_uint_eq(after.misses, before.misses);
	ck_assert_uint_eq(after.misses, 5001);
	key_cache_free(cache);
}
END_TEST

static void *hammer(void *context)
{
	struct key_cache *cache = context;
	unsigned long wrong = 0;

	for (unsigned i = 0; i < 500; i++) {
		const struct one_case *c = &cases[i * 7 % n_cases];
		struct crypto_key *key = crypto_key_get(cache, c->algorithm, c->key_octets);

		if (key == NULL)
			wrong += strcmp(c->result, "none") != 0;
		else
			wrong += strcmp(verify(key, c), c->result) != 0;
		crypto_key_unref(key);
	}
	return (void *)wrong;
}

START_TEST(eight_threads)
{
	struct key_cache *cache = key_cache_new(5);     /* smaller than the cases: much eviction */
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, cache), 0);
	for (int i = 0; i < 8; i++) {
		void *wrong;

		pthread_join(threads[i], &wrong);
		ck_assert_ptr_null(wrong);
	}
	key_cache_free(cache);
}
END_TEST

/* --- hashes, draws ---------------------------------------------------- */

static void check_hex(const uint8_t *octets, const char *wanted)
{
	char text[65];

	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", octets[i]);
	ck_assert_str_eq(text, wanted);
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
START_TEST(hmac)
{
	char key[131];
	uint8_t out[32];

	memset(key, 0x0b, sizeof(key));
	crypto_hmac(slice_new(key, 20), SLICE("Hi There"), out);
	check_hex(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	crypto_hmac(SLICE("Jefe"), SLICE("what do ya want for nothing?"), out);
	check_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	crypto_hmac(slice_new(key, 131), SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), out);
	check_hex(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	crypto_hmac(slice_new(key, 64), SLICE("block"), out);
	check_hex(out, "17fdf183abeadb3f439b70ca7d86f064900bd9e62791d5a5b0e6e3cd8db333b1");
	crypto_hmac(SLICE(""), SLICE(""), out);
	check_hex(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}
END_TEST

START_TEST(sha256)
{
	struct crypto_hash *hash = crypto_hash_new();
	uint8_t out[32];

	crypto_hash_add(hash, "abc", 3);
	crypto_hash_end(hash, out);
	crypto_hash_free(hash);
	check_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	crypto_hash_free(crypto_hash_new());    /* given up */
	crypto_hash_free(NULL);
}
END_TEST

START_TEST(random_differs)
{
	uint8_t a[16] = { 0 }, b[16] = { 0 };

	ck_assert_int_eq(crypto_random(a, sizeof(a)), 0);
	ck_assert_int_eq(crypto_random(b, sizeof(b)), 0);
	ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

/* --- base64 ----------------------------------------------------------- */

static const struct {
	const char *name, *text;
	long len;
	const char *wanted;
} texts[] = {
	{ "empty", "", 0, "" },
	{ "one octet", "Zg==", 1, "f" },
	{ "two octets", "Zm8=", 2, "fo" },
	{ "three octets", "Zm9v", 3, "foo" },
	{ "four octets", "Zm9vYg==", 4, "foob" },
	{ "no padding", "Zm9vYg", 4, "foob" },
	{ "folded", " Zm\r\n\t9v Yg = =\n", 4, "foob" },
	{ "all signs", "+/+/", 3, "\xfb\xff\xbf" },
	{ "half a padding", "Zg=", -1, NULL },
	{ "too much padding", "Zg===", -1, NULL },
	{ "padding alone", "=", -1, NULL },
	{ "padding after a whole group", "Zm9v=", -1, NULL },
	{ "padding inside", "Zg==Zg==", -1, NULL },
	{ "one sign left", "Zm9vY", -1, NULL },
	{ "other sign", "Zm-_", -1, NULL },
	{ "8-bit", "Zm\xC3\xBC", -1, NULL },
	{ "exactly the size", "QUFBQUFB", 6, "AAAAAA" },
	{ "over the size", "QUFBQUFBQQ==", -1, NULL },
};

START_TEST(base64)
{
	struct slice text = heap_copy(texts[_i].text, strlen(texts[_i].text));
	uint8_t out[6];
	long len = crypto_base64_decode(text, out, sizeof(out));

	ck_assert_msg(len == texts[_i].len, "%s: %ld", texts[_i].name, len);
	ck_assert_msg(len <= 0 || memcmp(out, texts[_i].wanted, (size_t)len) == 0, "%s", texts[_i].name);
	free((void *)(uintptr_t)text.data);
}
END_TEST

/* --- keys that are none ----------------------------------------------- */

static bool is_key(struct key_cache *cache, const char *data, size_t len)
{
	struct slice octets = heap_copy(data, len);
	struct crypto_key *key = crypto_key_get(cache, CRYPTO_RSA_SHA256, octets);

	free((void *)(uintptr_t)octets.data);
	crypto_key_unref(key);
	return key != NULL;
}

/* No beginning of a key is one, nor one with an octet behind it; and what became of any
 * octet of its frame, it is read within its bounds. */
START_TEST(damaged_keys)
{
	const struct slice whole = find("rsa2048")->key_octets;
	struct key_cache *cache = key_cache_new(10);
	char *text = mem_zalloc(whole.len + 1);

	memcpy(text, whole.data, whole.len);
	ck_assert(is_key(cache, text, whole.len));
	ck_assert(!is_key(cache, text, whole.len + 1));
	for (size_t len = 0; len < whole.len; len++)
		ck_assert_msg(!is_key(cache, text, len), "%zu octets", len);
	for (size_t at = 0; at < whole.len; at = at == 40 ? whole.len - 6 : at + 1)
		for (unsigned value = 0; value < 256; value++) {
			text[at] = (char)value;
			is_key(cache, text, whole.len);
			text[at] = whole.data[at];
		}
	free(text);
	key_cache_free(cache);
}
END_TEST

static const struct { const char *name, *octets; size_t len; bool key; } small_keys[] = {
	{ "smallest", "\x30\x06\x02\x01\x23\x02\x01\x03", 8, true },
	{ "zeros in front", "\x30\x08\x02\x02\x00\x23\x02\x02\x00\x03", 10, true },
	{ "long form of a length", "\x30\x81\x06\x02\x01\x23\x02\x01\x03", 9, true },
	{ "length without end", "\x30\x80\x02\x01\x23\x02\x01\x03\x00\x00", 10, false },
	{ "length of three octets", "\x30\x83\x00\x00\x06\x02\x01\x23\x02\x01\x03", 11, false },
	{ "modulus without its zero octet", "\x30\x06\x02\x01\x83\x02\x01\x03", 8, true },
	{ "exponent without its zero octet", "\x30\x06\x02\x01\x23\x02\x01\x83", 8, true },
	{ "modulus 0", "\x30\x06\x02\x01\x00\x02\x01\x03", 8, false },
	{ "no exponent", "\x30\x03\x02\x01\x23", 5, false },
	{ "empty exponent", "\x30\x05\x02\x01\x23\x02\x00", 7, false },
	{ "exponent 1", "\x30\x06\x02\x01\x23\x02\x01\x01", 8, false },
	{ "exponent of 33 bits", "\x30\x0a\x02\x01\x23\x02\x05\x01\x00\x00\x00\x01", 12, true },
	{ "exponent of 34 bits", "\x30\x0a\x02\x01\x23\x02\x05\x02\x00\x00\x00\x01", 12, false },
	{ "something behind the exponent", "\x30\x09\x02\x01\x23\x02\x01\x03\x02\x01\x03", 11, false },
};

START_TEST(frames_of_keys)
{
	struct key_cache *cache = key_cache_new(10);

	ck_assert_msg(is_key(cache, small_keys[_i].octets, small_keys[_i].len) == small_keys[_i].key, "%s",
		      small_keys[_i].name);
	key_cache_free(cache);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("crypto");
	TCase *t = tcase_create("crypto");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, load, NULL);
	tcase_add_test(t, verifies);
	tcase_add_test(t, algorithms_are_not_mixed);
	tcase_add_test(t, keeps_keys_and_failures);
	tcase_add_test(t, is_bounded);
	tcase_add_test(t, oldest_leaves_first);
	tcase_add_test(t, eight_threads);
	tcase_add_test(t, damaged_keys);
	tcase_add_loop_test(t, frames_of_keys, 0, N_ROWS(small_keys));
	tcase_add_test(t, hmac);
	tcase_add_test(t, sha256);
	tcase_add_test(t, random_differs);
	tcase_add_loop_test(t, base64, 0, N_ROWS(texts));
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
