/* What signatures cover of a header: hashed by us, by libopendkim given the whole header,
 * and as dkimhash.c uses it, one signature with what it covers. What the two disagree
 * about on purpose is left out: h= that names the signature itself, and blanks before
 * the `=` of b=. */
#include <sys/types.h>

#include <dkim.h>
#include <stdlib.h>
#include <string.h>

#include "../testmain.h"
#include "auth/dkimhash.h"
#include "auth/headerhash.h"
#include "base/buf.h"

#define SIGNATURES 3
#define ROUNDS effort(3000, 300)

static uint32_t state;

static unsigned dice(unsigned sides)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % sides;
}

/* --- the other way ---------------------------------------------------- */

struct digests {
	uint8_t digest[SIGNATURES][CRYPTO_HASH_OCTETS];
	unsigned n;
};

static DKIM_CBSTAT no_key(DKIM *handle, DKIM_SIGINFO *info, u_char *buf, size_t size)
{
	(void)handle;
	(void)info;
	(void)buf;
	(void)size;
	return DKIM_CBSTAT_ERROR;
}

static DKIM_CBSTAT take_digests(DKIM *handle, DKIM_SIGINFO **infos, int n)
{
	struct digests *out = dkim_get_user_context(handle);

	for (int i = 0; i < n && i < SIGNATURES; i++) {
		void *header, *body;
		size_t header_len, body_len;

		if (dkim_sig_gethashes(infos[i], &header, &header_len, &body, &body_len) == DKIM_STAT_OK &&
		    header_len == CRYPTO_HASH_OCTETS) {
			memcpy(out->digest[i], header, header_len);
			out->n++;
		}
	}
	return DKIM_CBSTAT_REJECT;
}

static void hash_there(DKIM_LIB *lib, const struct fields *fields, struct digests *out_r)
{
	static char spare[] = "not a field:";   /* it never looks at the uppermost */
	DKIM_STAT status;
	DKIM *handle = dkim_verify(lib, (const unsigned char *)"-", NULL, &status);

	ck_assert_ptr_nonnull(handle);
	memset(out_r, 0, sizeof(*out_r));
	dkim_set_user_context(handle, out_r);
	for (const struct field *field = fields->first; field != NULL; field = field->below)
		ck_assert_int_eq(dkim_header(handle, (u_char *)(uintptr_t)field->text.data,
					     field->text.len), DKIM_STAT_OK);
	dkim_header(handle, (u_char *)spare, sizeof(spare) - 1);
	ck_assert_int_eq(dkim_eoh(handle), DKIM_STAT_OK);
	dkim_eom(handle, NULL);
	dkim_free(handle);
}

/* --- headers ---------------------------------------------------------- */

static const char *const names[] = { "From", "from", "To", "TO", "Subject", "X-A", "x-a", "X-AB", "Cc", "List-Id" };

static const char *any_name(void)
{
	return names[dice(N_ROWS(names))];
}

static void add_value(struct buf *out)
{
	static const char *const pieces[] = { " ", "\t", "  ", "\r\n ", "\r\n\t", "a", "B", "cd", ":", ";", "=", "\xc3\xa9" };

	buf_reset(out);
	for (unsigned n = dice(30); n > 0; n--)
		buf_add_str(out, pieces[dice(N_ROWS(pieces))]);
	if (dice(8) == 0)
		for (unsigned n = dice(5000); n > 0; n--)
			buf_add_char(out, 'x');
	buf_add_char(out, '.');
}

static void add_signature(struct buf *out)
{
	static const char *const canons[] = { "relaxed/simple", "simple/simple", "relaxed", "simple" };

	buf_reset(out);
	buf_printf(out, " v=1; a=rsa-sha256; c=%s; d=example.com;\r\n\ts=s; h=From", canons[dice(4)]);
	for (unsigned n = dice(14); n > 0; n--)
		buf_printf(out, "%s:%s%s", dice(9) ? "" : "\r\n ", any_name(), dice(9) ? "" : " ");
	buf_add_str(out, ";\r\n bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;");
	buf_printf(out, " %sb=%s\r\n\tAAAA%s", dice(2) ? "" : "\r\n ", dice(2) ? "AAAA" : " A A", dice(2) ? "" : "; z=b");
}

/* From is among them: the library wants one. */
static void make_header(struct fields *fields, struct field **own_r, const struct signature **signatures_r,
			struct arena *arena)
{
	unsigned left = SIGNATURES;
	const char *reason;
	struct buf text;

	buf_init(&text, 100000);
	fields_add(fields, SLICE("From"), SLICE(" a@example.com"), &reason);
	for (unsigned n = dice(20) + SIGNATURES; n > 0; n--) {
		bool signature = left > 0 && (n <= left || dice(4) == 0);

		if (!signature) {
			add_value(&text);
			fields_add(fields, slice_of(any_name()), buf_slice(&text), &reason);
			continue;
		}
		add_signature(&text);
		own_r[SIGNATURES - left] = fields_add(fields, SLICE("DKIM-Signature"), buf_slice(&text), &reason);
		signatures_r[SIGNATURES - left--] =
			signature_parse(arena, SIGNATURE_DKIM, buf_slice(&text), 1700000000);
	}
	buf_done(&text);
}

/* Whether dkimhash.c took it; when it did, with this digest. */
static bool is_hashed_alone(struct headerhash *hash, unsigned index, const struct signature *signature,
			    const struct field *own, const uint8_t *wanted)
{
	struct field *covered[200];
	uint8_t digest[CRYPTO_HASH_OCTETS];
	unsigned n = headerhash_covered(hash, index, own, covered);

	ck_assert_uint_le(n, signature->n_names);
	if (!dkimhash_signature(signature, covered, n, own, digest))
		return false;
	ck_assert(memcmp(digest, wanted, sizeof(digest)) == 0);
	return true;
}

START_TEST(hashes_what_libopendkim_hashes)
{
	unsigned alone = 0;
	unsigned flags = DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES;
	DKIM_LIB *lib = dkim_init(NULL, NULL);

	ck_assert_ptr_nonnull(lib);
	dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags, sizeof(flags));
	dkim_set_key_lookup(lib, no_key);
	dkim_set_final(lib, take_digests);
	for (unsigned round = 0; round < ROUNDS; round++) {
		const struct signature *signatures[SIGNATURES];
		struct field *own[SIGNATURES];
		struct arena *arena = arena_new();
		struct headerhash *hash;
		struct digests there;
		struct fields fields;

		state = round;
		fields_init(&fields, arena);
		make_header(&fields, own, signatures, arena);
		hash_there(lib, &fields, &there);
		ck_assert_uint_eq(there.n, SIGNATURES);
		hash = headerhash_new(&fields, signatures, SIGNATURES);
		for (unsigned i = 0; i < SIGNATURES; i++) {
			uint8_t here[CRYPTO_HASH_OCTETS];

			ck_assert_ptr_null(signatures[i]->error);
			headerhash_signature(hash, i, own[i], here);
			ck_assert_msg(memcmp(here, there.digest[i], sizeof(here)) == 0, "round %u, %u", round, i);
			alone += is_hashed_alone(hash, i, signatures[i], own[i], here);
		}
		arena_free(arena);
	}
	dkim_close(lib);
	ck_assert_uint_gt(alone, ROUNDS * SIGNATURES * 9 / 10);
}
END_TEST

#define HEAD " v=1; a=rsa-sha256; d=example.com; s=s; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define TEN(x) x x x x x x x x x x
static const struct {
	const char *name, *text, *subject;
	bool is_taken;
} unusual_rows[] = {
	{ "usual", HEAD "; h=From:Subject; b=AAAA", " s", true },
	{ "names its own field", HEAD "; h=From:dkim-signature; b=AAAA", " s", false },
	{ "a blank behind b", HEAD "; h=From; b =AAAA", " s", false },
	{ "another tag that ends in b", HEAD "; h=From; xb=1; b=AAAA", " s", false },
	{ "a value that ends in b=", HEAD "; h=From; zz=ab=; b=AAAb", " s", true },
	{ "61 names", HEAD "; h=From" TEN(":A:B:C:D:E:F") "; b=AAAA", " s", true },
	{ "71 names", HEAD "; h=From" TEN(":A:B:C:D:E:F:G") "; b=AAAA", " s", false },
	{ "a long field", HEAD "; h=From:Subject; b=AAAA", NULL, false },
	{ "a long field that is not covered", HEAD "; h=From; b=AAAA", NULL, true },
};

/* What the library reads otherwise than RFC 6376, or what costs it much, is not for it. */
START_TEST(gives_the_library_what_is_usual)
{
	static char large[20001] = " ";
	const char *text = unusual_rows[_i].text, *subject = unusual_rows[_i].subject, *reason;
	struct arena *arena = arena_new();
	const struct signature *signature = signature_parse(arena, SIGNATURE_DKIM, slice_of(text), 1700000000);
	struct headerhash *hash;
	struct fields fields;
	struct field *own;
	uint8_t digest[CRYPTO_HASH_OCTETS];

	memset(large + 1, 'x', sizeof(large) - 2);
	fields_init(&fields, arena);
	own = fields_add(&fields, SLICE("DKIM-Signature"), slice_of(text), &reason);
	fields_add(&fields, SLICE("From"), SLICE(" a@example.com"), &reason);
	fields_add(&fields, SLICE("Subject"), slice_of(subject != NULL ? subject : large), &reason);
	ck_assert_msg(signature->error == NULL, "%s: %s", unusual_rows[_i].name, signature->error);
	hash = headerhash_new(&fields, &signature, 1);
	headerhash_signature(hash, 0, own, digest);
	ck_assert_msg(is_hashed_alone(hash, 0, signature, own, digest) == unusual_rows[_i].is_taken, "%s",
		      unusual_rows[_i].name);
	arena_free(arena);
}
END_TEST

/* A signature that the library refuses, while we do not: it is over since it was read. */
START_TEST(bears_what_the_library_refuses)
{
	static const char *const texts[] = {
		HEAD "; t=1600000000; x=1600000001; h=From; b=AAAA", HEAD "; i=@elsewhere.example; h=From; b=AAAA",
		HEAD "; h=Subject; b=AAAA", HEAD "; v=2; h=From; b=AAAA", HEAD "; c=none; h=From; b=AAAA",
	};
	struct slice covers[] = { SLICE("From") };
	struct signature signature = { .names = covers, .n_names = 1 };
	struct arena *arena = arena_new();
	uint8_t digest[CRYPTO_HASH_OCTETS];
	struct field *own, *covered[1];
	struct fields fields;
	const char *reason;

	fields_init(&fields, arena);
	own = fields_add(&fields, SLICE("DKIM-Signature"), slice_of(texts[_i]), &reason);
	covered[0] = fields_add(&fields, SLICE("From"), SLICE(" a@example.com"), &reason);
	ck_assert(!dkimhash_signature(&signature, covered, 1, own, digest));
	arena_free(arena);
}
END_TEST

/* RFC 6376 3.5: the one being verified is never among what h= names, others are. */
START_TEST(never_covers_itself)
{
	static const char text[] = " v=1; a=rsa-sha256; d=example.com; s=s; h=From:DKIM-Signature:DKIM-Signature;"
		" bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA";
	uint8_t digest[CRYPTO_HASH_OCTETS];
	struct arena *arena = arena_new();
	struct fields fields;
	const char *reason;
	struct field *own;
	const struct signature *signature = signature_parse(arena, SIGNATURE_DKIM, slice_of(text), 1700000000);
	size_t alone, beside;

	fields_init(&fields, arena);
	own = fields_add(&fields, SLICE("DKIM-Signature"), slice_of(text), &reason);
	alone = headerhash_signature(headerhash_new(&fields, &signature, 1), 0, own, digest);
	fields_add(&fields, SLICE("dkim-signature"), SLICE(" other"), &reason);
	beside = headerhash_signature(headerhash_new(&fields, &signature, 1), 0, own, digest);
	ck_assert_uint_eq(alone, own->text.len - 4);
	ck_assert_uint_eq(beside, alone + strlen("dkim-signature: other\r\n"));
	arena_free(arena);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("headerhash");
	TCase *t = tcase_create("headerhash");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, hashes_what_libopendkim_hashes);
	tcase_add_loop_test(t, gives_the_library_what_is_usual, 0, N_ROWS(unusual_rows));
	tcase_add_loop_test(t, bears_what_the_library_refuses, 0, 5);
	tcase_add_test(t, never_covers_itself);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
