/* The DKIM adapter over messages signed by someone else: tests/data/dkim/make.py
 * (dkimpy) writes them and the zone of their key records. Every message is fed
 * in pieces of several sizes, which must not change anything. */
#include "testmain.h"

#include <pthread.h>
#include <stdio.h>

#include "auth/auth_dkim.h"
#include "core/domain.h"
#include "mail_file.h"

#define DATA TESTDIR "/data/dkim/"
#define MAX_ASKED 256

static struct resolver *zone;
static struct key_cache *keys;
static const struct auth_dkim_options usual = { 16, 1024, false };

static void open_all(void)
{
	const char *error = NULL;

	zone = resolver_zone_open(DATA "zone", &error);
	ck_assert_msg(zone != NULL, "%s", error);
	keys = key_cache_new(100);
}

static void close_all(void)
{
	key_cache_free(keys);
	resolver_close(zone);
}

/* --- feeding ---------------------------------------------------------- */

static struct buf read_message(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), DATA "%s.eml", name);
	return mail_file(path, 64 << 20);
}

struct run {                            /* one message through the adapter */
	struct arena *arena;
	struct asker *asker;
	struct auth_dkim *dkim;
	struct dkim_evidence *list;
	unsigned n, unchecked;
};

static void run_begin(struct run *run, struct resolver *resolver,
		      const struct auth_dkim_options *options)
{
	const struct asker_limits limits = { 1000, 100 };

	*run = (struct run){ .arena = arena_new(), .asker = asker_new(resolver, &limits) };
	run->dkim = auth_dkim_new(keys, run->asker, run->arena, options);
}

static void run_field(struct run *run, struct slice name, struct slice value)
{
	struct slice n = heap_copy(name.data, name.len), v = heap_copy(value.data, value.len);

	auth_dkim_header(run->dkim, n, v);
	free((void *)(uintptr_t)n.data);
	free((void *)(uintptr_t)v.data);
}

static void run_text_field(struct run *run, const char *name, const char *value)
{
	run_field(run, slice_of(name), slice_of(value));
}

/* Feeds the header's fields; returns what is behind the empty line. */
static struct slice run_header(struct run *run, struct slice message)
{
	while (message.len >= 2 && message.data[0] != '\r') {
		size_t end = 0;
		size_t colon = slice_find(message, ':');

		do {
			end += slice_find(slice_from(message, end), '\n') + 1;
		} while (end < message.len && (message.data[end] == ' ' || message.data[end] == '\t'));
		ck_assert_uint_lt(colon, end);
		run_field(run, slice_until(message, colon),
			  slice_from(slice_until(message, end - 2), colon + 1));
		message = slice_from(message, end);
	}
	return slice_from(message, 2);
}

static void run_body(struct run *run, struct slice body, size_t piece)
{
	for (size_t at = 0; at < body.len; at += piece) {
		struct slice part = slice_until(slice_from(body, at), piece);
		struct slice copy = heap_copy(part.data, part.len);

		auth_dkim_body(run->dkim, copy.data, copy.len);
		free((void *)(uintptr_t)copy.data);
	}
}

static void run_end(struct run *run)
{
	asker_wait(run->asker, 100, 0, NULL, NULL);
	auth_dkim_finish(run->dkim, &run->list, &run->n, &run->unchecked);
}

static void run_done(struct run *run)
{
	auth_dkim_free(run->dkim);
	asker_free(run->asker);
	arena_free(run->arena);
}

static void run_message(struct run *run, struct slice message, const char *author, size_t piece,
			const struct auth_dkim_options *options)
{
	struct slice body;

	run_begin(run, zone, options);
	body = run_header(run, message);
	auth_dkim_eoh(run->dkim, author);
	run_body(run, body, piece);
	run_end(run);
}

static void run_file(struct run *run, const char *name, const struct auth_dkim_options *options)
{
	struct buf message = read_message(name);

	run_message(run, buf_slice(&message), NULL, 1000, options);
	buf_done(&message);
}

/* --- one signature, one outcome --------------------------------------- */

static const struct {
	const char *file;
	enum dkim_result result;
	const char *reason;
} rows[] = {
	/* canonical forms */
	{ "simple-simple", RES_DKIM_PASS, NULL },
	{ "simple-relaxed", RES_DKIM_PASS, NULL },
	{ "relaxed-simple", RES_DKIM_PASS, NULL },
	{ "relaxed-relaxed", RES_DKIM_PASS, NULL },
	{ "empty-body-simple", RES_DKIM_PASS, NULL },
	{ "empty-body-relaxed", RES_DKIM_PASS, NULL },
	{ "no-line-end-simple", RES_DKIM_PASS, NULL },
	{ "no-line-end-relaxed", RES_DKIM_PASS, NULL },
	{ "only-line-ends-simple", RES_DKIM_PASS, NULL },
	{ "only-line-ends-relaxed", RES_DKIM_PASS, NULL },
	{ "lone-cr-simple", RES_DKIM_PASS, NULL },
	{ "lone-cr-relaxed", RES_DKIM_PASS, NULL },
	{ "nul-in-body-simple", RES_DKIM_PASS, NULL },
	{ "nul-in-body-relaxed", RES_DKIM_PASS, NULL },
	{ "c-absent", RES_DKIM_PASS, NULL },
	{ "c-half", RES_DKIM_PASS, NULL },
	{ "c-unknown", RES_DKIM_PERMERROR, "unknown canonicalization" },
	/* key sizes and kinds */
	{ "rsa512", RES_DKIM_POLICY, "key too short" },
	{ "rsa512-altered", RES_DKIM_FAIL, "signature did not verify" },
	{ "rsa1023", RES_DKIM_POLICY, "key too short" },
	{ "rsa1024", RES_DKIM_PASS, NULL },
	{ "rsa2048", RES_DKIM_PASS, NULL },
	{ "rsa4096", RES_DKIM_PASS, NULL },
	{ "rsa4104", RES_DKIM_POLICY, "key too long" },
	{ "ed25519", RES_DKIM_PASS, NULL },
	{ "ed25519-altered", RES_DKIM_FAIL, "signature did not verify" },
	{ "sha1", RES_DKIM_PERMERROR, "rsa-sha1 is not accepted" },
	{ "a-unknown", RES_DKIM_PERMERROR, "unknown algorithm" },
	{ "a-case", RES_DKIM_PASS, NULL },
	/* l= */
	{ "length-exact", RES_DKIM_PASS, NULL },
	{ "length-surplus", RES_DKIM_POLICY, "octets after the signed part" },
	{ "length-blank", RES_DKIM_PASS, NULL },
	{ "length-zero", RES_DKIM_POLICY, "octets after the signed part" },
	{ "length-in-line", RES_DKIM_POLICY, "octets after the signed part" },
	{ "length-too-long", RES_DKIM_FAIL, "body is shorter than l=" },
	{ "length-huge", RES_DKIM_PERMERROR, "bad l=" },
	{ "length-negative", RES_DKIM_PERMERROR, "bad l=" },
	/* altered */
	{ "by-hand", RES_DKIM_PASS, NULL },
	{ "body-altered", RES_DKIM_FAIL, "body hash mismatch" },
	{ "subject-altered", RES_DKIM_FAIL, "signature did not verify" },
	{ "both-altered", RES_DKIM_FAIL, "body hash mismatch" },
	{ "blanks-in-subject", RES_DKIM_PASS, NULL },
	{ "from-added-above", RES_DKIM_PASS, NULL },    /* the lower one is signed */
	{ "oversigned", RES_DKIM_PASS, NULL },
	{ "oversigned-broken", RES_DKIM_FAIL, "signature did not verify" },
	{ "no-from", RES_DKIM_PERMERROR, "no From field" },
	{ "unreadable-from", RES_DKIM_PASS, NULL },
	{ "two-from", RES_DKIM_PASS, NULL },
	{ "all-covered", RES_DKIM_PASS, NULL },         /* h= names itself: 3.5, others are meant */
	{ "long-field", RES_DKIM_PASS, NULL },
	/* tags of the signature */
	{ "expires-later", RES_DKIM_PASS, NULL },
	{ "expired", RES_DKIM_PERMERROR, "signature expired" },
	{ "from-the-future", RES_DKIM_PERMERROR, "signed in the future" },
	{ "expires-before", RES_DKIM_PERMERROR, "x= is not after t=" },
	{ "no-time", RES_DKIM_PASS, NULL },
	{ "bad-time", RES_DKIM_PERMERROR, "bad t=" },
	{ "i-plain", RES_DKIM_PASS, NULL },
	{ "i-sub", RES_DKIM_PASS, NULL },
	{ "i-domain-only", RES_DKIM_PASS, NULL },
	{ "i-semicolon", RES_DKIM_PASS, NULL },
	{ "i-line-end", RES_DKIM_PERMERROR, "i= cannot be decoded" },
	{ "i-nul", RES_DKIM_PERMERROR, "i= cannot be decoded" },
	{ "i-half-code", RES_DKIM_PERMERROR, "i= cannot be decoded" },
	{ "i-elsewhere", RES_DKIM_PERMERROR, "i= is not within d=" },
	{ "i-above", RES_DKIM_PERMERROR, "i= is not within d=" },
	{ "i-lookalike", RES_DKIM_PERMERROR, "i= is not within d=" },
	{ "i-no-at", RES_DKIM_PERMERROR, "i= is not an address" },
	{ "d-upper", RES_DKIM_PASS, NULL },
	{ "d-dot", RES_DKIM_PASS, NULL },
	{ "d-suffix", RES_DKIM_PASS, NULL },            /* alignment's business */
	{ "d-no-domain", RES_DKIM_PERMERROR, "d= is not a domain" },
	{ "d-empty", RES_DKIM_PERMERROR, "d= is not a domain" },
	{ "d-quotes", RES_DKIM_PERMERROR, "d= is not a domain" },
	{ "d-blank", RES_DKIM_PERMERROR, "d= is not a domain" },
	{ "s-quotes", RES_DKIM_PERMERROR, "s= is not a domain" },
	{ "s-labels", RES_DKIM_PASS, NULL },
	{ "h-no-from", RES_DKIM_PERMERROR, "From is not signed" },
	{ "h-empty-names", RES_DKIM_PASS, NULL },
	{ "h-too-many", RES_DKIM_PERMERROR, "h= is too long" },
	{ "h-too-long", RES_DKIM_PERMERROR, "h= is too long" },
	{ "h-bad-name", RES_DKIM_PERMERROR, "h= is not a list of field names" },
	{ "q-dns", RES_DKIM_PASS, NULL },
	{ "q-list", RES_DKIM_PASS, NULL },
	{ "q-other", RES_DKIM_PERMERROR, "unknown query method" },
	{ "v-2", RES_DKIM_PERMERROR, "unknown version" },
	{ "extra-tags", RES_DKIM_PASS, NULL },
	{ "blank-around-equals", RES_DKIM_PASS, NULL },
	{ "blank-after-b", RES_DKIM_PASS, NULL },
	{ "blank-before-b", RES_DKIM_PASS, NULL },
	{ "tag-ending-in-b", RES_DKIM_PASS, NULL },
	{ "duplicate-tag", RES_DKIM_PERMERROR, "duplicate tag" },
	{ "bad-tag-name", RES_DKIM_PERMERROR, "not a tag=value list" },
	{ "not-a-list", RES_DKIM_PERMERROR, "not a tag=value list" },
	{ "8-bit", RES_DKIM_PERMERROR, "bad octet in a tag value" },
	{ "utf-8", RES_DKIM_PASS, NULL },
	{ "d-u-label", RES_DKIM_PASS, NULL },           /* RFC 8616 5 */
	{ "d-u-label-upper", RES_DKIM_PASS, NULL },
	{ "d-not-utf-8", RES_DKIM_PERMERROR, "bad octet in a tag value" },
	{ "d-no-u-label", RES_DKIM_PERMERROR, "d= is not a domain" },
	{ "i-u-label", RES_DKIM_PASS, NULL },
	{ "i-a-label", RES_DKIM_PASS, NULL },
	{ "s-u-label", RES_DKIM_PASS, NULL },
	{ "bh-short", RES_DKIM_PERMERROR, "bad bh=" },
	{ "bh-garbage", RES_DKIM_PERMERROR, "bad bh=" },
	{ "b-garbage", RES_DKIM_PERMERROR, "bad b=" },
	{ "b-empty", RES_DKIM_PERMERROR, "bad b=" },
	{ "b-short", RES_DKIM_FAIL, "signature did not verify" },
	{ "no-v", RES_DKIM_PERMERROR, "no v=" },
	{ "no-a", RES_DKIM_PERMERROR, "no a=" },
	{ "no-d", RES_DKIM_PERMERROR, "no d=" },
	{ "no-s", RES_DKIM_PERMERROR, "no s=" },
	{ "no-h", RES_DKIM_PERMERROR, "no h=" },
	{ "no-bh", RES_DKIM_PERMERROR, "no bh=" },
	{ "no-b", RES_DKIM_PERMERROR, "no b=" },
	/* key records */
	{ "key-plain", RES_DKIM_PASS, NULL },
	{ "key-pkcs1", RES_DKIM_PASS, NULL },
	{ "key-folded", RES_DKIM_PASS, NULL },
	{ "key-padded", RES_DKIM_PERMERROR, "key cannot be decoded" },
	{ "key-truncated", RES_DKIM_PERMERROR, "key cannot be decoded" },
	{ "key-garbage", RES_DKIM_PERMERROR, "key cannot be decoded" },
	{ "key-even-exponent", RES_DKIM_PERMERROR, "key cannot be decoded" },
	{ "key-revoked", RES_DKIM_PERMERROR, "key revoked" },
	{ "key-no-p", RES_DKIM_PERMERROR, "key record without p=" },
	{ "key-version", RES_DKIM_PERMERROR, "unknown key version" },
	{ "key-version-last", RES_DKIM_PASS, NULL },    /* first by 3.6.1; no verifier asks for it */
	{ "key-broken", RES_DKIM_PERMERROR, "broken key record" },
	{ "key-testing", RES_DKIM_PASS, NULL },
	{ "key-testing-both", RES_DKIM_PASS, NULL },
	{ "key-sha1-only", RES_DKIM_PERMERROR, "key is not for sha256" },
	{ "key-sha-list", RES_DKIM_PASS, NULL },
	{ "key-service", RES_DKIM_PERMERROR, "key is not for mail" },
	{ "key-service-mail", RES_DKIM_PASS, NULL },
	{ "key-granularity", RES_DKIM_PASS, NULL },     /* g= is no tag of RFC 6376 any more */
	{ "key-service-any", RES_DKIM_PASS, NULL },
	{ "key-wrong-type", RES_DKIM_PERMERROR, "key is of another type" },
	{ "key-claims-ed", RES_DKIM_PERMERROR, "key is of another type" },
	{ "key-ed-short", RES_DKIM_PERMERROR, "key cannot be decoded" },
	{ "key-ed-as-rsa", RES_DKIM_PERMERROR, "key is of another type" },
	{ "key-other-key", RES_DKIM_FAIL, "signature did not verify" },
	{ "key-notes", RES_DKIM_PASS, NULL },
	{ "key-several", RES_DKIM_PASS, NULL },
	{ "key-several-none", RES_DKIM_FAIL, "signature did not verify" },
	{ "key-not-a-key", RES_DKIM_PERMERROR, "unknown key version" },
	{ "key-strict", RES_DKIM_PERMERROR, "i= is not d= as the key demands" },
	{ "key-strict-same", RES_DKIM_PASS, NULL },
	{ "key-strict-no-i", RES_DKIM_PASS, NULL },
	{ "key-servfail", RES_DKIM_TEMPERROR, "key lookup failed" },
	{ "key-timeout", RES_DKIM_TEMPERROR, "key lookup timed out" },
	{ "key-bogus", RES_DKIM_TEMPERROR, "key lookup failed DNSSEC" },
	{ "key-busy", RES_DKIM_TEMPERROR, "too many lookups" },
	{ "key-nodata", RES_DKIM_PERMERROR, "no key" },
	{ "key-nxdomain", RES_DKIM_PERMERROR, "no key" },
	{ "key-absent", RES_DKIM_PERMERROR, "no key" },
	{ "key-long-name", RES_DKIM_PERMERROR, "no key" },
	/* no key can mend it: nobody is to gain a temperror by breaking his DNS */
	{ "key-servfail-body-altered", RES_DKIM_FAIL, "body hash mismatch" },
};

static void check_row(const char *file, const struct run *run, enum dkim_result result,
		      const char *reason)
{
	const struct dkim_evidence *one = &run->list[0];

	ck_assert_msg(run->n == 1, "%s: %u signatures", file, run->n);
	ck_assert_msg(run->unchecked == 0, "%s", file);
	ck_assert_msg(one->result == result, "%s: %s (%s)", file,
		      names_get(dkim_result_names, (int)one->result), one->reason != NULL ? one->reason : "");
	ck_assert_msg((one->reason == NULL) == (reason == NULL), "%s: %s", file, one->reason);
	ck_assert_msg(reason == NULL || strcmp(reason, one->reason) == 0, "%s: %s", file, one->reason);
	ck_assert_msg(result != RES_DKIM_PASS || (one->covers_from && one->d != NULL), "%s", file);
}

START_TEST(judges)
{
	static const size_t pieces[] = { 1, 7, 100000 };
	struct buf message = read_message(rows[_i].file);

	for (unsigned k = 0; k < 3; k++) {
		struct run run;

		run_message(&run, buf_slice(&message), NULL, pieces[k], &usual);
		check_row(rows[_i].file, &run, rows[_i].result, rows[_i].reason);
		run_done(&run);
	}
	buf_done(&message);
}
END_TEST

/* --- what is written down about a signature --------------------------- */

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static const struct {
	const char *file;
	struct dkim_evidence wanted;
} details[] = {
	{ "simple-simple", { .d = "example.com", .s = "s2048", .i_domain = "example.com",
		.algorithm = "rsa-sha256", .key_bits = 2048 } },
	{ "i-u-label", { .d = "xn--bcher-kva.example", .s = "s2048", .i_local = "j\xC3\xB6" "e",
		.i_domain = "news.xn--bcher-kva.example", .algorithm = "rsa-sha256", .key_bits = 2048 } },
	{ "ed25519", { .d = "example.com", .s = "ed", .i_domain = "example.com",
		.algorithm = "ed25519-sha256", .key_bits = 256 } },
	{ "rsa1023", { .d = "example.com", .s = "s1023", .i_domain = "example.com",
		.algorithm = "rsa-sha256", .key_bits = 1023 } },
	{ "rsa4104", { .d = "example.com", .s = "s4104", .i_domain = "example.com",
		.algorithm = "rsa-sha256", .key_bits = 4104 } },
	{ "sha1", { .d = "example.com", .s = "s2048", .algorithm = "rsa-sha1" } },
	{ "i-sub", { .d = "example.com", .s = "s2048", .i_local = "joe",
		.i_domain = "news.example.com", .algorithm = "rsa-sha256", .key_bits = 2048 } },
	{ "i-semicolon", { .d = "example.com", .s = "s2048", .i_local = "a;dmarc=pass",
		.i_domain = "example.com", .algorithm = "rsa-sha256", .key_bits = 2048 } },
	{ "i-line-end", { .d = "example.com", .s = "s2048", .algorithm = "rsa-sha256" } },
	{ "d-upper", { .d = "example.com", .s = "s2048", .algorithm = "rsa-sha256", .key_bits = 2048 } },
	{ "d-dot", { .d = "example.com", .s = "s2048", .algorithm = "rsa-sha256", .key_bits = 2048 } },
	{ "d-quotes", { .s = "s2048", .algorithm = "rsa-sha256" } },
	{ "s-labels", { .d = "example.com", .s = "a.b.c", .algorithm = "rsa-sha256", .key_bits = 2048 } },
	{ "duplicate-tag", { .d = "example.org", .algorithm = "rsa-sha256" } },
	{ "key-testing", { .d = "example.com", .s = "testing", .algorithm = "rsa-sha256",
		.key_bits = 2048, .test_key = true } },
	{ "length-exact", { .d = "example.com", .s = "s2048", .i_domain = "example.com",
		.algorithm = "rsa-sha256", .key_bits = 2048, .has_length = true } },
	{ "length-surplus", { .d = "example.com", .s = "s2048", .i_domain = "example.com",
		.algorithm = "rsa-sha256", .key_bits = 2048, .has_length = true, .surplus = 24 } },
};

START_TEST(describes)
{
	const struct dkim_evidence *wanted = &details[_i].wanted, *one;
	const char *file = details[_i].file;
	struct run run;

	run_file(&run, file, &usual);
	ck_assert_uint_eq(run.n, 1);
	one = &run.list[0];
	ck_assert_msg(same(one->d, wanted->d), "%s: d %s", file, one->d);
	ck_assert_msg(same(one->s, wanted->s), "%s: s %s", file, one->s);
	ck_assert_msg(same(one->i_local, wanted->i_local), "%s: i %s", file, one->i_local);
	ck_assert_msg(same(one->i_domain, wanted->i_domain), "%s: i %s", file, one->i_domain);
	ck_assert_msg(same(one->algorithm, wanted->algorithm), "%s: a %s", file, one->algorithm);
	ck_assert_msg(one->key_bits == wanted->key_bits, "%s: %u bits", file, one->key_bits);
	ck_assert_msg(one->test_key == wanted->test_key, "%s", file);
	ck_assert_msg(one->has_length == wanted->has_length, "%s", file);
	ck_assert_msg(one->surplus == wanted->surplus, "%s: %u", file, (unsigned)one->surplus);
	run_done(&run);
}
END_TEST

START_TEST(surplus_can_be_accepted)
{
	static const struct auth_dkim_options accepting = { 16, 1024, true };
	struct run run;

	run_file(&run, "length-surplus", &accepting);
	ck_assert_int_eq((int)run.list[0].result, RES_DKIM_PASS);
	ck_assert_uint_gt(run.list[0].surplus, 0);
	run_done(&run);
}
END_TEST

START_TEST(minimum_key_size_is_an_option)
{
	static const struct auth_dkim_options lax = { 16, 512, false }, strict = { 16, 4096, false };
	struct run run;

	run_file(&run, "rsa512", &lax);
	ck_assert_int_eq((int)run.list[0].result, RES_DKIM_PASS);
	run_done(&run);
	run_file(&run, "rsa2048", &strict);
	ck_assert_str_eq(run.list[0].reason, "key too short");
	run_done(&run);
	run_file(&run, "ed25519", &strict);
	ck_assert_int_eq((int)run.list[0].result, RES_DKIM_PASS);
	run_done(&run);
}
END_TEST

/* --- several signatures ----------------------------------------------- */

START_TEST(unsigned_message_has_none)
{
	struct run run;

	run_file(&run, "unsigned", &usual);
	ck_assert_uint_eq(run.n, 0);
	ck_assert_uint_eq(run.unchecked, 0);
	ck_assert_ptr_null(auth_dkim_signer(run.dkim, 0));
	run_done(&run);
}
END_TEST

START_TEST(order_of_the_message_is_kept)
{
	struct run run;

	run_file(&run, "two-signatures", &usual);
	ck_assert_uint_eq(run.n, 2);
	ck_assert_str_eq(run.list[0].algorithm, "ed25519-sha256");
	ck_assert_str_eq(run.list[1].algorithm, "rsa-sha256");
	ck_assert_int_eq((int)run.list[0].result, RES_DKIM_PASS);
	ck_assert_int_eq((int)run.list[1].result, RES_DKIM_PASS);
	ck_assert_uint_eq(strlen(run.list[0].b_start), 8);
	ck_assert_str_ne(run.list[0].b_start, run.list[1].b_start);
	run_done(&run);
	run_file(&run, "two-one-broken", &usual);
	ck_assert_int_eq((int)run.list[0].result, RES_DKIM_FAIL);
	ck_assert_int_eq((int)run.list[1].result, RES_DKIM_PASS);
	run_done(&run);
}
END_TEST

START_TEST(signatures_may_be_covered)
{
	struct run run;

	run_file(&run, "covers-signature", &usual);
	ck_assert_uint_eq(run.n, 2);
	ck_assert_int_eq((int)run.list[0].result, RES_DKIM_PASS);
	ck_assert_int_eq((int)run.list[1].result, RES_DKIM_PASS);
	ck_assert_str_eq(run.list[1].d, "first.example");
	run_done(&run);
	run_file(&run, "covers-broken-signature", &usual);
	ck_assert_uint_eq(run.n, 2);
	ck_assert_int_eq((int)run.list[0].result, RES_DKIM_PASS);
	ck_assert_str_eq(run.list[1].reason, "no a=");
	run_done(&run);
}
END_TEST

/* a.example b.example c.example d.example com sub.example.com example.com */
static const struct {
	const char *author;
	unsigned most;
	const char *checked;            /* which of the seven */
} choices[] = {
	{ NULL, 16, "1111111" },
	{ NULL, 3, "1110000" },
	{ "example.com", 1, "0000100" },        /* com is above, and comes first */
	{ "example.com", 3, "0000111" },
	{ "example.com", 4, "1000111" },
	{ "sub.example.com", 2, "0000110" },
	{ "c.example", 2, "1010000" },
	{ "other.example", 2, "1100000" },
	{ "other.example.com", 3, "0000111" },  /* sub.example.com may be the same organization's */
	{ "other.example.org", 3, "1110000" },
};

/* All of them signatures that were checked. */
static unsigned signers(const struct run *run)
{
	const char *signer;
	unsigned n = 0;

	for (; (signer = auth_dkim_signer(run->dkim, n)) != NULL; n++) {
		bool passed = false;

		for (unsigned i = 0; i < run->n; i++)
			passed |= run->list[i].result == RES_DKIM_PASS && strcmp(run->list[i].d, signer) == 0;
		ck_assert_msg(passed, "%s", signer);
	}
	return n;
}

START_TEST(aligned_signatures_come_first)
{
	struct auth_dkim_options options = { choices[_i].most, 1024, false };
	struct buf message = read_message("seven-signatures");
	unsigned left = 0;
	char reason[80];
	struct run run;

	snprintf(reason, sizeof(reason), "not checked: more than %u signatures", choices[_i].most);
	run_message(&run, buf_slice(&message), choices[_i].author, 1000, &options);
	ck_assert_uint_eq(run.n, 7);
	for (unsigned i = 0; i < 7; i++) {
		bool checked = choices[_i].checked[i] == '1';

		left += !checked;
		ck_assert_msg((run.list[i].result == RES_DKIM_PASS) == checked, "%d: %u", _i, i);
		ck_assert_msg(checked || (run.list[i].result == RES_DKIM_POLICY &&
					  strcmp(run.list[i].reason, reason) == 0), "%d: %u", _i, i);
	}
	/* whose Organizational Domains are asked for */
	ck_assert_uint_eq(signers(&run), 7 - left);
	ck_assert_uint_eq(run.unchecked, left);
	run_done(&run);
	buf_done(&message);
}
END_TEST

/* Signatures without end: 64 are looked at, the rest is counted. */
static const struct { unsigned n, checked; const char *reason; } flood_rows[] = {
	{ 100, 16, "not checked: more than 16 signatures" },
	{ 1000, 16, "not checked: more than 16 signatures" },
};

START_TEST(floods_are_bounded)
{
	const unsigned n = flood_rows[_i].n, checked = flood_rows[_i].checked;
	struct buf message = read_message("by-hand");
	struct run run;
	struct slice body;

	run_begin(&run, zone, &usual);
	for (unsigned i = 0; i < n; i++) {
		char value[200];

		snprintf(value, sizeof(value), " v=1; a=rsa-sha256; d=d%u.example; s=s; h=From; "
			 "bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=; b=AAAAAAAAAAAAAAAA%04u", i, i);
		run_text_field(&run, "DKIM-Signature", value);
	}
	body = run_header(&run, buf_slice(&message));
	auth_dkim_eoh(run.dkim, NULL);
	run_body(&run, body, 1000);
	run_end(&run);
	ck_assert_uint_eq(run.n, LIMIT_SIGNATURES_SEEN);
	ck_assert_uint_eq(run.unchecked, n + 1 - checked);
	ck_assert_uint_eq(asker_lookups(run.asker), 16);
	ck_assert_str_eq(run.list[0].reason, "body hash mismatch");
	ck_assert_str_eq(run.list[0].b_start, "AAAAAAAAAAAAAAAA0000");
	ck_assert_str_eq(run.list[63].b_start, "AAAAAAAAAAAAAAAA0063");
	ck_assert_str_eq(run.list[16].reason, flood_rows[_i].reason);
	run_done(&run);
	buf_done(&message);
}
END_TEST

/* Key records at one name are read as far as 4096 octets, together. */
static const struct { const char *name; size_t octets[2]; enum dkim_result result; const char *reason; } key_rows[] = {
	{ "as long as may be", { LIMIT_KEY_OCTETS, 0 }, RES_DKIM_PASS, NULL },
	{ "longer", { LIMIT_KEY_OCTETS + 1, 0 }, RES_DKIM_PERMERROR, "key record too long" },
	{ "behind a long one", { LIMIT_KEY_OCTETS + 1, 500 }, RES_DKIM_PERMERROR, "key record too long" },
	{ "in front of a long one", { 500, LIMIT_KEY_OCTETS }, RES_DKIM_PASS, NULL },
};

static void add_key(struct resolver *own, size_t octets)
{
	char record[2 * LIMIT_KEY_OCTETS];
	const struct dns_answer *answer = NULL;
	const struct asker_limits limits = { 1000, 100 };
	struct asker *asker = asker_new(zone, &limits);

	answer = asker_get(asker, "s2048._domainkey.example.com", DNS_TXT);
	memset(record, ' ', sizeof(record));
	ck_assert_uint_le(answer->records[0].data.len, octets);
	memcpy(record, answer->records[0].data.data, answer->records[0].data.len);
	resolver_zone_add(own, "absent._domainkey.example.com", DNS_TXT, slice_new(record, octets), 0);
	asker_free(asker);
}

START_TEST(key_records_are_bounded)
{
	struct buf message = read_message("key-absent");
	struct resolver *own = resolver_zone_new();
	struct slice body;
	struct run run;

	for (unsigned i = 0; i < 2 && key_rows[_i].octets[i] > 0; i++)
		add_key(own, key_rows[_i].octets[i]);
	run_begin(&run, own, &usual);
	body = run_header(&run, buf_slice(&message));
	auth_dkim_eoh(run.dkim, NULL);
	run_body(&run, body, 1000);
	run_end(&run);
	check_row(key_rows[_i].name, &run, key_rows[_i].result, key_rows[_i].reason);
	run_done(&run);
	resolver_close(own);
	buf_done(&message);
}
END_TEST

/* 128 KiB of header are hashed, of what could be the author's first, and what is left
 * says so; a signature that covers little of it is as good as ever. */
START_TEST(hashed_header_is_bounded)
{
	static const char *const reasons[] = {
		"body hash mismatch", "body hash mismatch",
		"not checked: too many signatures of so large a header",
		"not checked: too many signatures of so large a header", "body hash mismatch",
	};
	char value[200], *large = mem_alloc(60000);
	struct run run;

	memset(large, 'x', 60000);
	run_begin(&run, zone, &usual);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(value, sizeof(value), " v=1; a=rsa-sha256; d=%s.example; s=s; h=From%s; "
			 "bh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=; b=AAAAAAAAAAAAAAAA%04u",
			 i == 4 ? "author" : "d", _i == 1 ? "" : ":X", i);
		run_text_field(&run, "DKIM-Signature", value);
	}
	run_text_field(&run, "From", " a@author.example");
	run_field(&run, SLICE("X"), slice_new(large, 60000));
	auth_dkim_eoh(run.dkim, "author.example");
	run_end(&run);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_str_eq(run.list[i].reason, _i == 1 ? reasons[0] : reasons[i]);
	ck_assert_uint_eq(run.unchecked, _i == 1 ? 0 : 2);
	run_done(&run);
	free(large);
}
END_TEST

/* A key of 4096 bits costs 3.4 of 2048: of three, the first is checked, whatever it
 * costs, and the author's own is the first. */
static const struct { const char *author; unsigned max; enum dkim_result results[2]; } effort_rows[] = {
	{ NULL, 16, { RES_DKIM_PASS, RES_DKIM_PASS } },
	{ NULL, 3, { RES_DKIM_PASS, RES_DKIM_POLICY } },
	{ "example.com", 6, { RES_DKIM_PASS, RES_DKIM_POLICY } },
	{ "example.com", 7, { RES_DKIM_PASS, RES_DKIM_PASS } },
};

START_TEST(long_keys_are_bounded)
{
	const struct auth_dkim_options options = { effort_rows[_i].max, 1024, false };
	struct buf message = read_message("rsa4096");
	struct slice first = buf_slice(&message), body;
	struct run run;

	first = slice_until(first, slice_find(first, '\r') + 2);
	while (message.data[first.len] == ' ' || message.data[first.len] == '\t')
		first.len += slice_find(slice_from(buf_slice(&message), first.len), '\n') + 1;
	run_begin(&run, zone, &options);
	run_field(&run, SLICE("DKIM-Signature"), slice_from(slice_until(first, first.len - 2), 15));
	body = run_header(&run, buf_slice(&message));
	auth_dkim_eoh(run.dkim, effort_rows[_i].author);
	run_body(&run, body, 1000);
	run_end(&run);
	ck_assert_uint_eq(run.n, 2);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_msg(run.list[i].result == effort_rows[_i].results[i], "row %d, %u: %s", _i, i,
			      run.list[i].reason);
	ck_assert(auth_dkim_effort(run.dkim) > (run.list[1].result == RES_DKIM_PASS ? 6.5 : 3.2));
	if (run.list[1].result == RES_DKIM_POLICY)
		ck_assert_str_eq(run.list[1].reason, "not checked: too many long keys in this message");
	run_done(&run);
	buf_done(&message);
}
END_TEST

/* --- unpleasant headers ----------------------------------------------- */

/* Puts fields above a signed message; the one signature's outcome. */
static void judge_below(struct run *run, const char *file, unsigned n, const char *name,
			struct slice value)
{
	struct buf message = read_message(file);
	struct slice body;

	run_begin(run, zone, &usual);
	for (unsigned i = 0; i < n; i++)
		run_field(run, slice_of(name), value);
	body = run_header(run, buf_slice(&message));
	auth_dkim_eoh(run->dkim, NULL);
	run_body(run, body, 1000);
	run_end(run);
	buf_done(&message);
}

static const struct {
	const char *name;
	const char *file;
	unsigned n;
	const char *field;
	struct slice value;
	enum dkim_result result;
	const char *reason;
} additions[] = {
	{ "20000 fields", "by-hand", 20000, "X-Other", { " value", 6 }, RES_DKIM_PASS, NULL },
	{ "20000 fields of a signed name", "by-hand", 20000, "To", { " x", 2 }, RES_DKIM_PASS, NULL },
	{ "too many fields", "by-hand", 40000, "X", { " x", 2 }, RES_DKIM_NEUTRAL, "header too large" },
	{ "NUL, not signed", "by-hand", 1, "X", { " a\0b", 4 }, RES_DKIM_PASS, NULL },
	{ "NUL, signed", "by-hand", 1, "Subject", { " a\0b", 4 }, RES_DKIM_NEUTRAL,
	  "control character in a signed field" },
	{ "lone CR", "by-hand", 1, "from", { " a\rb", 4 }, RES_DKIM_NEUTRAL,
	  "control character in a signed field" },
	{ "CR at the end", "by-hand", 1, "from", { " a\r", 3 }, RES_DKIM_NEUTRAL,
	  "control character in a signed field" },
	{ "line end without a fold", "by-hand", 1, "To", { " a\nb", 4 }, RES_DKIM_NEUTRAL,
	  "control character in a signed field" },
	{ "form feed", "by-hand", 1, "Date", { " a\fb", 4 }, RES_DKIM_NEUTRAL,
	  "control character in a signed field" },
	{ "8-bit", "by-hand", 1, "Subject", { " \xFF", 2 }, RES_DKIM_PASS, NULL },
	{ "name with a blank inside", "by-hand", 1, "not a field", { " x", 2 }, RES_DKIM_PASS, NULL },
	{ "empty name", "by-hand", 1, "", { " x", 2 }, RES_DKIM_PASS, NULL },
	{ "empty value", "by-hand", 1, "X", { "", 0 }, RES_DKIM_PASS, NULL },
	{ "blank before the colon", "oversigned", 1, "From  ", { " x@example.org", 14 }, RES_DKIM_FAIL,
	  "signature did not verify" },
	{ "tab before the colon", "oversigned", 1, "From\t", { " x@example.org", 14 }, RES_DKIM_NEUTRAL,
	  "control character in a signed field" },
	{ "oversigned name added with NUL", "oversigned", 1, "Subject", { "\0", 1 }, RES_DKIM_NEUTRAL,
	  "control character in a signed field" },
};

START_TEST(bears_what_is_added)
{
	struct run run;

	judge_below(&run, additions[_i].file, additions[_i].n, additions[_i].field, additions[_i].value);
	check_row(additions[_i].name, &run, additions[_i].result, additions[_i].reason);
	run_done(&run);
}
END_TEST

/* Many large fields: dropped ones make neutral what covers them, nothing else. */
START_TEST(large_headers)
{
	struct slice large = slice_new(mem_zalloc(1000000), 1000000);
	struct run run;

	memset((char *)(uintptr_t)large.data, 'x', large.len);
	judge_below(&run, "by-hand", 2, "X-Large", large);
	check_row("two fields of 1 MB", &run, RES_DKIM_PASS, NULL);
	run_done(&run);
	judge_below(&run, "by-hand", 5, "X-Large", large);      /* X-Large, then the rest */
	check_row("five fields of 1 MB", &run, RES_DKIM_PASS, NULL);
	run_done(&run);
	judge_below(&run, "by-hand", 5, "Subject", large);
	check_row("five subjects of 1 MB", &run, RES_DKIM_NEUTRAL, "header too large");
	run_done(&run);
	judge_below(&run, "by-hand", 1, "DKIM-Signature", large);
	ck_assert_uint_eq(run.n, 2);
	ck_assert_str_eq(run.list[0].reason, "signature field too long");
	ck_assert_int_eq((int)run.list[1].result, RES_DKIM_PASS);
	run_done(&run);
	judge_below(&run, "covers-signature", 1, "DKIM-Signature", large);
	ck_assert_int_eq((int)run.list[1].result, RES_DKIM_PASS);
	run_done(&run);
	free((void *)(uintptr_t)large.data);
}
END_TEST

START_TEST(broken_signature_with_control_octets)
{
	struct run run;

	judge_below(&run, "by-hand", 1, "DKIM-Signature", SLICE(" v=1; d=example.com; s=x\0; b=AAAA"));
	ck_assert_uint_eq(run.n, 2);
	ck_assert_int_eq((int)run.list[0].result, RES_DKIM_NEUTRAL);
	ck_assert_str_eq(run.list[0].d, "example.com");
	ck_assert_int_eq((int)run.list[1].result, RES_DKIM_PASS);
	run_done(&run);
}
END_TEST

/* The same message with LF for line ends: as a milter gets its folds, and as a
 * file has its body. */
START_TEST(line_feeds_are_line_ends)
{
	struct buf message = read_message("simple-simple"), bare;
	struct slice rest = buf_slice(&message), part;
	struct run run;
	size_t end, at = 0;

	buf_init(&bare, 1 << 20);
	while (slice_split(&rest, '\r', &part))
		buf_add_slice(&bare, part);
	run_begin(&run, zone, &usual);
	while (buf_str(&bare)[at] != '\n') {
		struct slice field;

		end = at;
		do
			end += slice_find(slice_from(buf_slice(&bare), end), '\n') + 1;
		while (buf_str(&bare)[end] == ' ' || buf_str(&bare)[end] == '\t');
		field = slice_new(buf_str(&bare) + at, end - at);
		run_field(&run, slice_until(field, slice_find(field, ':')),
			  slice_from(field, slice_find(field, ':') + 1));
		at = end;
	}
	auth_dkim_eoh(run.dkim, NULL);
	run_body(&run, slice_from(buf_slice(&bare), at + 1), 3);
	run_end(&run);
	check_row("line feeds", &run, RES_DKIM_PASS, NULL);
	run_done(&run);
	buf_done(&bare);
	buf_done(&message);
}
END_TEST

/* 50 MB in one line: the relaxed form keeps nothing of it. */
START_TEST(long_bodies_are_not_kept)
{
	struct buf message = read_message("relaxed-relaxed");
	static char block[65536];
	struct run run;
	size_t before;

	memset(block, 'x', sizeof(block));
	run_begin(&run, zone, &usual);
	run_header(&run, buf_slice(&message));
	auth_dkim_eoh(run.dkim, NULL);
	before = arena_bytes(run.arena);
	for (unsigned i = 0; i < 800; i++)
		auth_dkim_body(run.dkim, block, sizeof(block));
	ck_assert_uint_eq(arena_bytes(run.arena), before);
	run_end(&run);
	check_row("50 MB", &run, RES_DKIM_FAIL, "body hash mismatch");
	run_done(&run);
	buf_done(&message);
}
END_TEST

/* --- when keys are asked for ------------------------------------------ */

struct watch {                          /* in front of the zone: who asked what */
	struct resolver base;
	char asked[MAX_ASKED][RESOLVER_NAME_SIZE];
	unsigned n;
};

static const struct dns_answer *watch_want(struct resolver *resolver, const char *name,
					   enum dns_type type, const char *author,
					   resolver_done_fn *done, void *context,
					   int64_t *started_ms_r)
{
	struct watch *watch = (struct watch *)resolver;

	ck_assert_uint_lt(watch->n, MAX_ASKED);
	snprintf(watch->asked[watch->n++], RESOLVER_NAME_SIZE, "%s", name);
	return resolver_want(zone, name, type, author, done, context, started_ms_r);
}

static void watch_close(struct resolver *resolver)
{
	(void)resolver;
}

START_TEST(keys_are_asked_for_as_fields_come)
{
	static const struct resolver_ops ops = { watch_want, watch_close, NULL };
	static struct watch watch = { .base = { &ops } };
	struct auth_dkim_options options = { 4, 1024, false };
	struct buf message = read_message("seven-signatures");
	struct slice body;
	struct run run;

	run_begin(&run, &watch.base, &options);
	body = run_header(&run, buf_slice(&message));
	ck_assert_uint_eq(watch.n, 4);
	ck_assert_str_eq(watch.asked[0], "s2048._domainkey.a.example");
	ck_assert_str_eq(watch.asked[3], "s2048._domainkey.d.example");
	auth_dkim_eoh(run.dkim, "example.com");         /* three of them come first now */
	ck_assert_uint_eq(watch.n, 7);
	run_body(&run, body, 1000);
	run_end(&run);
	ck_assert_uint_eq(watch.n, 7);
	for (unsigned i = 0; i < watch.n; i++)
		for (unsigned k = 0; k < i; k++)
			ck_assert_str_ne(watch.asked[i], watch.asked[k]);
	run_done(&run);
	buf_done(&message);
}
END_TEST

/* Hangs up everywhere: nothing must be left or touched. */
START_TEST(can_be_given_up_at_any_time)
{
	struct buf message = read_message("two-signatures");
	struct slice body;
	struct run run;

	for (int stage = 0; stage < 4; stage++) {
		run_begin(&run, zone, &usual);
		if (stage > 0)
			body = run_header(&run, buf_slice(&message));
		if (stage > 1)
			auth_dkim_eoh(run.dkim, NULL);
		if (stage > 2)
			run_body(&run, body, 10);
		run_done(&run);
	}
	buf_done(&message);
}
END_TEST

/* --- threads ---------------------------------------------------------- */

#define THREADS 8
static struct buf loaded[N_ROWS(rows)];

static void *judge_all(void *context)
{
	unsigned long wrong = 0;

	for (int i = 0; i < N_ROWS(rows); i++) {
		int at = (i + (int)(intptr_t)context * 17) % N_ROWS(rows);
		struct run run;

		if (loaded[at].len > 100000)
			continue;
		run_message(&run, buf_slice(&loaded[at]), NULL, 1000, &usual);
		wrong += run.list[0].result != rows[at].result;
		run_done(&run);
	}
	return (void *)wrong;
}

START_TEST(eight_threads)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < N_ROWS(rows); i++)
		loaded[i] = read_message(rows[i].file);
	for (intptr_t t = 0; t < THREADS; t++)
		ck_assert_int_eq(pthread_create(&threads[t], NULL, judge_all, (void *)t), 0);
	for (int t = 0; t < THREADS; t++) {
		void *wrong;

		pthread_join(threads[t], &wrong);
		ck_assert_ptr_null(wrong);
	}
	for (int i = 0; i < N_ROWS(rows); i++)
		buf_done(&loaded[i]);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("dkim");
	TCase *t = tcase_create("dkim");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, open_all, close_all);
	tcase_add_loop_test(t, judges, 0, N_ROWS(rows));
	tcase_add_loop_test(t, describes, 0, N_ROWS(details));
	tcase_add_test(t, surplus_can_be_accepted);
	tcase_add_test(t, minimum_key_size_is_an_option);
	tcase_add_test(t, unsigned_message_has_none);
	tcase_add_test(t, order_of_the_message_is_kept);
	tcase_add_test(t, signatures_may_be_covered);
	tcase_add_loop_test(t, aligned_signatures_come_first, 0, N_ROWS(choices));
	tcase_add_loop_test(t, floods_are_bounded, 0, N_ROWS(flood_rows));
	tcase_add_loop_test(t, key_records_are_bounded, 0, N_ROWS(key_rows));
	tcase_add_loop_test(t, hashed_header_is_bounded, 0, 2);
	tcase_add_loop_test(t, long_keys_are_bounded, 0, N_ROWS(effort_rows));
	tcase_add_loop_test(t, bears_what_is_added, 0, N_ROWS(additions));
	tcase_add_test(t, large_headers);
	tcase_add_test(t, broken_signature_with_control_octets);
	tcase_add_test(t, line_feeds_are_line_ends);
	tcase_add_test(t, long_bodies_are_not_kept);
	tcase_add_test(t, keys_are_asked_for_as_fields_come);
	tcase_add_test(t, can_be_given_up_at_any_time);
	tcase_add_test(t, eight_threads);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
