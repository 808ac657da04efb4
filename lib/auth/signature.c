#include "auth/signature.h"

#include <string.h>

#include "auth/idna.h"
#include "base/names.h"
#include "core/aar.h"
#include "core/tags.h"

#define FWS " \t\r\n"
#define NAMES_OCTETS 4000               /* h= */
#define VALUE_OCTETS 2048               /* RSA of 16384 bits */
#define CLOCK_DRIFT_S 300

const struct name_row signature_algorithm_names[] = {
	{ CRYPTO_RSA_SHA256, "rsa-sha256" },
	{ CRYPTO_ED25519_SHA256, "ed25519-sha256" },
	{ CRYPTO_RSA_SHA1, "rsa-sha1" },
	{ 0, NULL },
};

static const struct name_row canon_names[] = {
	{ CANON_SIMPLE, "simple" },
	{ CANON_RELAXED, "relaxed" },
	{ 0, NULL },
};

static const struct {
	const char *word;
	enum seal_cv cv;
} cv_words[] = {
	{ "none", SEAL_CV_NONE }, { "pass", SEAL_CV_PASS }, { "fail", SEAL_CV_FAIL },
};

static bool is_fws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct reading {
	struct arena *arena;
	enum signature_kind kind;
	struct tags tags;
	int64_t now_s;
	struct signature *out;
};

/* The checks below return why the signature can never verify, or NULL. */
typedef const char *check_fn(struct reading *r, struct slice value);

static const char *check_version(struct reading *r, struct slice value)
{
	(void)r;
	return slice_is(value, "1") ? NULL : "unknown version";
}

static const char *check_algorithm(struct reading *r, struct slice value)
{
	int algorithm;

	if (!names_find(signature_algorithm_names, value, &algorithm))
		return "unknown algorithm";
	r->out->algorithm = (enum crypto_algorithm)algorithm;
	return algorithm == CRYPTO_RSA_SHA1 ? "rsa-sha1 is not accepted" : NULL; /* RFC 8301 3.1 */
}

static const char *keep_domain(struct reading *r, struct slice value, const char **out_r)
{
	char domain[DOMAIN_SIZE];

	if (!idna_to_domain(value, domain))             /* RFC 8616 5 */
		return "not a domain";
	*out_r = arena_strdup(r->arena, domain);
	return NULL;
}

static const char *check_domain(struct reading *r, struct slice value)
{
	return keep_domain(r, value, &r->out->d) != NULL ? "d= is not a domain" : NULL;
}

static const char *check_selector(struct reading *r, struct slice value)
{
	return keep_domain(r, value, &r->out->s) != NULL ? "s= is not a domain" : NULL;
}

static int hex_value(char c)
{
	return ascii_is_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* dkim-quoted-printable (RFC 6376 2.11): white space is dropped. False: broken,
 * or an octet that would end or garble a line elsewhere. */
static bool decode_identity(struct slice value, char *out_r, size_t *len_r)
{
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (is_fws(c))
			continue;
		if (c == '=') {
			int high = i + 2 < value.len ? hex_value(value.data[i + 1]) : -1;
			int low = high >= 0 ? hex_value(value.data[i + 2]) : -1;

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if ((unsigned char)c < 0x20 || c == 0x7F)
			return false;
		out_r[len++] = c;
	}
	*len_r = len;
	return true;
}

static const char *check_identity(struct reading *r, struct slice value)
{
	char *text = arena_alloc(r->arena, value.len + 1);
	const char *domain;
	size_t len, at;

	if (!decode_identity(value, text, &len))
		return "i= cannot be decoded";
	for (at = len; at > 0 && text[at - 1] != '@';)
		at--;
	if (at == 0 || keep_domain(r, slice_new(text + at, len - at), &domain) != NULL)
		return "i= is not an address";
	r->out->i_domain = domain;
	if (at > 1)
		r->out->i_local = arena_strndup(r->arena, text, at - 1);
	if (r->out->d != NULL && !domain_is_within(domain, r->out->d))
		return "i= is not within d=";                   /* RFC 6376 3.5 */
	return NULL;
}

static const char *check_instance(struct reading *r, struct slice value)
{
	return aar_number(value, &r->out->instance) ? NULL : "bad i=";
}

static const char *check_cv(struct reading *r, struct slice value)
{
	for (size_t i = 0; i < sizeof(cv_words) / sizeof(cv_words[0]); i++)
		if (slice_is(value, cv_words[i].word))
			r->out->cv = cv_words[i].cv;
	return r->out->cv != SEAL_CV_UNSET ? NULL : "bad cv=";
}

static const char *check_canon(struct reading *r, struct slice value)
{
	size_t slash = slice_find(value, '/');
	int header, body = CANON_SIMPLE;

	if (!names_find(canon_names, slice_until(value, slash), &header) ||
	    (slash < value.len && !names_find(canon_names, slice_from(value, slash + 1), &body)))
		return "unknown canonicalization";
	r->out->header_canon = (enum canon)header;
	r->out->body_canon = (enum canon)body;
	return NULL;
}

static bool is_field_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] < 0x21 || name.data[i] > 0x7E)
			return false;
	return true;
}

static const char *check_names(struct reading *r, struct slice value)
{
	struct slice *names, name, rest;
	unsigned n = 0, most = 1;

	if (value.len > NAMES_OCTETS)
		return "h= is too long";
	for (size_t i = 0; i < value.len; i++)
		most += value.data[i] == ':';
	names = ARENA_ARRAY(r->arena, struct slice, most);
	rest = arena_slice(r->arena, value);
	while (slice_split(&rest, ':', &name)) {
		name = slice_trim(name, FWS);
		if (name.len == 0)
			continue;
		if (!is_field_name(name))
			return "h= is not a list of field names";
		if (n == SIGNATURE_NAMES)
			return "h= is too long";
		names[n++] = name;
	}
	r->out->names = names;
	r->out->n_names = n;
	if (r->kind == SIGNATURE_ARC_MESSAGE)   /* may cover nothing at all */
		return signature_covers(r->out, SLICE("ARC-Seal")) ? "ARC-Seal is in h=" : NULL;
	return signature_covers(r->out, SLICE("From")) ? NULL : "From is not signed";
}

static const char *refuse_names(struct reading *r, struct slice value)
{
	(void)r;
	(void)value;
	return "h= is not for a seal";                          /* RFC 8617 4.1.3 */
}

static const char *check_length(struct reading *r, struct slice value)
{
	r->out->has_length = true;
	return slice_number(value, INT64_MAX, &r->out->length) ? NULL : "bad l=";
}

static const char *check_query(struct reading *r, struct slice value)
{
	struct slice rest = value, method;

	(void)r;
	while (slice_split(&rest, ':', &method))
		if (slice_is_nocase(slice_trim(method, FWS), "dns/txt"))
			return NULL;
	return "unknown query method";
}

static const char *check_body_hash(struct reading *r, struct slice value)
{
	uint8_t hash[CRYPTO_HASH_OCTETS];

	if (crypto_base64_decode(value, hash, sizeof(hash)) != (long)sizeof(hash))
		return "bad bh=";
	memcpy(r->out->body_hash, hash, sizeof(hash));
	return NULL;
}

static const char *check_value(struct reading *r, struct slice value)
{
	uint8_t octets[VALUE_OCTETS];
	long len = crypto_base64_decode(value, octets, sizeof(octets));
	char *text = arena_alloc(r->arena, value.len + 1);
	size_t n = 0;

	if (len <= 0)
		return "bad b=";
	for (size_t i = 0; i < value.len; i++)
		if (!is_fws(value.data[i]))
			text[n++] = value.data[i];
	r->out->value_text = text;
	r->out->value = arena_slice(r->arena, slice_new((char *)octets, (size_t)len));
	return NULL;
}

static const char *check_times(struct reading *r, struct slice value)
{
	struct slice expiry = tags_get(&r->tags, "x");
	uint64_t signed_s = 0, expires_s = INT64_MAX, now_s = (uint64_t)r->now_s;

	if (value.data != NULL && !slice_number(value, INT64_MAX, &signed_s))
		return "bad t=";
	if (expiry.data != NULL && !slice_number(expiry, INT64_MAX, &expires_s))
		return "bad x=";
	if (expires_s <= signed_s)
		return "x= is not after t=";
	if (now_s >= CLOCK_DRIFT_S && expires_s <= now_s - CLOCK_DRIFT_S)
		return "signature expired";
	return signed_s > now_s + CLOCK_DRIFT_S ? "signed in the future" : NULL;
}

static const char *check_seal_time(struct reading *r, struct slice value)
{
	uint64_t signed_s;

	(void)r;
	return slice_number(value, INT64_MAX, &signed_s) ? NULL : "bad t=";
}

enum { DKIM = SIGNATURE_DKIM, AMS = SIGNATURE_ARC_MESSAGE, SEAL = SIGNATURE_ARC_SEAL };

/* In this order: d= before i=, and what is found first is the reason. */
static const struct {
	const char *tag;
	int kinds;                      /* that it is looked at in */
	const char *missing;            /* why, when a required tag is not there */
	check_fn *check;
	bool always;                    /* also without the tag */
} checks[] = {
	{ "v", DKIM, "no v=", check_version, false },
	{ "i", AMS | SEAL, "no i=", check_instance, false },
	{ "d", DKIM | AMS | SEAL, "no d=", check_domain, false },
	{ "s", DKIM | AMS | SEAL, "no s=", check_selector, false },
	{ "a", DKIM | AMS | SEAL, "no a=", check_algorithm, false },
	{ "b", DKIM | AMS | SEAL, "no b=", check_value, false },
	{ "cv", SEAL, "no cv=", check_cv, false },
	{ "bh", DKIM | AMS, "no bh=", check_body_hash, false },
	{ "h", DKIM | AMS, "no h=", check_names, false },
	{ "h", SEAL, NULL, refuse_names, false },
	{ "i", DKIM, NULL, check_identity, false },
	{ "c", DKIM | AMS, NULL, check_canon, false },
	{ "l", DKIM | AMS, NULL, check_length, false },
	{ "q", DKIM | AMS, NULL, check_query, false },
	{ "t", DKIM | AMS, NULL, check_times, true },
	{ "t", SEAL, NULL, check_seal_time, false },
};

static void run_check(struct reading *r, size_t index)
{
	struct slice value = tags_get(&r->tags, checks[index].tag);
	const char *error = NULL;

	if ((checks[index].kinds & (int)r->kind) == 0)
		return;
	if (value.data != NULL || checks[index].always)
		error = checks[index].check(r, value);
	else
		error = checks[index].missing;
	if (r->out->error == NULL)
		r->out->error = error;
}

struct signature *signature_parse(struct arena *arena, enum signature_kind kind, struct slice text,
				  int64_t now_s)
{
	struct reading r = { .arena = arena, .kind = kind, .now_s = now_s };

	r.out = ARENA_NEW(arena, struct signature);
	r.out->header_canon = r.out->body_canon = CANON_SIMPLE;
	if (text.len > SIGNATURE_FIELD_OCTETS) {
		r.out->broken = true;
		r.out->error = "signature field too long";
		return r.out;
	}
	r.out->broken = !tags_parse(text, &r.tags);
	r.out->error = r.tags.error;            /* what was read before the fault is kept */
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		run_check(&r, i);
	return r.out;
}

bool signature_covers(const struct signature *signature, struct slice name)
{
	for (unsigned i = 0; i < signature->n_names; i++)
		if (slice_equal_nocase(signature->names[i], name))
			return true;
	return false;
}
