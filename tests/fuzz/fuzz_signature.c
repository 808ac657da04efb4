/* A DKIM-Signature, or one of the ARC fields made like it; the first octet says which.
 * One that may verify has all it needs, and says of each tag what the plainest of
 * readers finds; folding changes nothing; what is cut out for hashing is the value of
 * b= and nothing else. */
#include "fuzz.h"

#include <string.h>

#include "auth/idna.h"
#include "auth/signature.h"
#include "base/buf.h"
#include "core/canon_header.h"
#include "core/tags.h"

enum { NOW_S = 1700000000, DRIFT_S = 300 };
#define FWS " \t\r\n"

static bool is_normal(const char *domain)
{
	char again[DOMAIN_SIZE];

	return domain_normalize(slice_of(domain), again) && strcmp(again, domain) == 0;
}

static void check_usable(const struct signature *s, enum signature_kind kind)
{
	FUZZ_NEED(s->d != NULL && s->s != NULL && s->value.len > 0 && s->value_text != NULL);
	FUZZ_NEED(s->algorithm == CRYPTO_RSA_SHA256 || s->algorithm == CRYPTO_ED25519_SHA256);
	FUZZ_NEED(!s->broken);
	FUZZ_NEED(kind != SIGNATURE_DKIM || signature_covers(s, SLICE("from")));
	FUZZ_NEED(kind != SIGNATURE_ARC_MESSAGE || !signature_covers(s, SLICE("arc-seal")));
	FUZZ_NEED(kind == SIGNATURE_DKIM || s->instance >= 1);
	FUZZ_NEED(kind != SIGNATURE_ARC_SEAL || (s->cv != SEAL_CV_UNSET && s->n_names == 0));
	FUZZ_NEED(s->i_domain == NULL || domain_is_within(s->i_domain, s->d));
}

static void check(const struct signature *s)
{
	FUZZ_NEED(s->d == NULL || is_normal(s->d));
	FUZZ_NEED(s->s == NULL || is_normal(s->s));
	FUZZ_NEED(s->i_domain == NULL || is_normal(s->i_domain));
	FUZZ_NEED(s->instance <= 50 && s->n_names <= SIGNATURE_NAMES);
	for (unsigned i = 0; i < s->n_names; i++) {
		FUZZ_NEED(s->names[i].len > 0);
		for (size_t k = 0; k < s->names[i].len; k++)
			FUZZ_NEED(s->names[i].data[k] > ' ' && s->names[i].data[k] <= '~' &&
				  s->names[i].data[k] != ':' && s->names[i].data[k] != ';');
	}
	for (const char *c = s->i_local; c != NULL && *c != '\0'; c++)
		FUZZ_NEED((unsigned char)*c >= ' ' && *c != 0x7f);
	for (const char *c = s->value_text; c != NULL && *c != '\0'; c++)
		FUZZ_NEED(ascii_is_alnum(*c) || strchr("+/=", *c) != NULL);
}

/* Split at each `;`, then at the first `=`: the value of the only such tag. */
static struct slice plain_value(struct slice text, const char *name)
{
	struct slice spec, value = slice_new(NULL, 0);
	unsigned n = 0;

	while (slice_split(&text, ';', &spec)) {
		size_t equals = slice_find(spec, '=');

		if (equals < spec.len && slice_is(slice_trim(slice_until(spec, equals), FWS), name)) {
			value = slice_trim(slice_from(spec, equals + 1), FWS);
			n++;
		}
	}
	FUZZ_NEED(n <= 1);
	return value;
}

static unsigned count_names(struct slice text)
{
	struct slice name;
	unsigned n = 0;

	while (slice_split(&text, ':', &name))
		n += slice_trim(name, FWS).len > 0;
	return n;
}

static bool is_name_of(struct slice text, const char *domain)
{
	char labels[DOMAIN_SIZE];

	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] > 0x7F)         /* U-labels */
			return idna_to_domain(text, labels) && strcmp(labels, domain) == 0;
	return slice_equal_nocase(slice_trim(text, "."), slice_of(domain));
}

static void check_plain_reader(struct slice text, const struct signature *s, enum signature_kind kind)
{
	struct slice l = plain_value(text, "l"), c = plain_value(text, "c"), a = plain_value(text, "a");
	uint64_t length, expires_s;

	FUZZ_NEED(is_name_of(plain_value(text, "d"), s->d));
	FUZZ_NEED(is_name_of(plain_value(text, "s"), s->s));
	FUZZ_NEED(s->algorithm == (slice_is_nocase(a, "rsa-sha256") ? CRYPTO_RSA_SHA256 : CRYPTO_ED25519_SHA256));
	FUZZ_NEED((s->header_canon == CANON_RELAXED) == slice_starts_nocase(c, "relaxed") ||
		  kind == SIGNATURE_ARC_SEAL);
	FUZZ_NEED(s->n_names == count_names(plain_value(text, "h")));
	if (kind != SIGNATURE_ARC_SEAL && slice_number(plain_value(text, "x"), INT64_MAX, &expires_s))
		FUZZ_NEED(expires_s > NOW_S - DRIFT_S);
	FUZZ_NEED((l.data != NULL) == s->has_length || kind == SIGNATURE_ARC_SEAL);
	FUZZ_NEED(!s->has_length || (slice_number(l, INT64_MAX, &length) && length == s->length));
}

static bool is_same(const struct signature *a, const struct signature *b)
{
	return fuzz_same_text(a->error, b->error) && fuzz_same_text(a->d, b->d) &&
	       fuzz_same_text(a->s, b->s) && fuzz_same_text(a->i_local, b->i_local) &&
	       fuzz_same_text(a->i_domain, b->i_domain) && a->instance == b->instance &&
	       a->cv == b->cv && a->algorithm == b->algorithm && a->n_names == b->n_names &&
	       a->header_canon == b->header_canon && a->body_canon == b->body_canon &&
	       a->length == b->length && slice_equal(a->value, b->value) &&
	       memcmp(a->body_hash, b->body_hash, sizeof(a->body_hash)) == 0;
}

static void check_folded(struct arena *arena, enum signature_kind kind, struct slice text,
			 const struct signature *s)
{
	struct buf folded;

	buf_init(&folded, SIGNATURE_FIELD_OCTETS);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == ';')
			buf_add_str(&folded, " ;\r\n\t");
		else
			buf_add_char(&folded, text.data[i]);
	}
	if (!buf_is_full(&folded))
		FUZZ_NEED(is_same(s, signature_parse(arena, kind, buf_slice(&folded), NOW_S)));
	buf_done(&folded);
}

/* Without what is cut out, b= is empty, and the other tags are what they were. */
static void check_cut(struct arena *arena, struct slice text)
{
	static struct tags before, after;
	struct slice field = slice_of(arena_printf(arena, "DKIM-Signature:%s", fuzz_text(arena, text)));
	struct slice cut = canon_header_signature(field), left;
	size_t at;

	FUZZ_NEED(cut.data >= field.data && cut.data + cut.len <= field.data + field.len);
	at = (size_t)(cut.data - field.data);
	left = slice_of(arena_printf(arena, "%.*s%s", (int)at, field.data, cut.data + cut.len));
	FUZZ_NEED(tags_parse(slice_from(field, 15), &before) && tags_parse(slice_from(left, 15), &after));
	FUZZ_NEED(before.n == after.n);
	for (unsigned i = 0; i < before.n; i++) {
		FUZZ_NEED(slice_equal(before.pairs[i].name, after.pairs[i].name));
		if (slice_is(before.pairs[i].name, "b"))
			FUZZ_NEED(after.pairs[i].value.len == 0);
		else
			FUZZ_NEED(slice_equal(before.pairs[i].value, after.pairs[i].value));
	}
}

void fuzz_signature(const uint8_t *data, size_t size)
{
	static const enum signature_kind kinds[] = {
		SIGNATURE_DKIM, SIGNATURE_ARC_MESSAGE, SIGNATURE_ARC_SEAL,
	};
	enum signature_kind kind = kinds[size > 0 ? data[0] % 3 : 0];
	struct slice text = slice_from(fuzz_slice(data, size), 1);
	struct arena *arena = arena_new();
	const struct signature *s = signature_parse(arena, kind, text, NOW_S);

	check(s);
	if (s->error == NULL) {
		check_usable(s, kind);
		check_plain_reader(text, s, kind);
		check_cut(arena, text);
	}
	if (text.len < SIGNATURE_FIELD_OCTETS)
		check_folded(arena, kind, text, s);
	arena_free(arena);
}
