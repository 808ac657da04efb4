#include "auth/keyrecord.h"

#include "core/tags.h"

#define FWS " \t\r\n"

/* Is `word` in a list joined by colons? Without case: h=, s=, t= hold names. */
static bool list_has(struct slice list, const char *word)
{
	struct slice part;

	while (slice_split(&list, ':', &part))
		if (slice_is_nocase(slice_trim(part, FWS), word))
			return true;
	return false;
}

static const char *key_type(enum crypto_algorithm algorithm)
{
	return algorithm == CRYPTO_ED25519_SHA256 ? "ed25519" : "rsa";
}

/* The tags that restrict the use of a key; NULL: it may be used. */
static const char *check_use(const struct tags *tags, enum crypto_algorithm algorithm)
{
	struct slice k = tags_get(tags, "k"), h = tags_get(tags, "h"), s = tags_get(tags, "s");

	if (!slice_is_nocase(k.data != NULL ? k : SLICE("rsa"), key_type(algorithm)))
		return "key is of another type";
	if (h.data != NULL && !list_has(h, "sha256"))
		return "key is not for sha256";
	if (s.data != NULL && !list_has(s, "*") && !list_has(s, "email"))
		return "key is not for mail";
	return NULL;
}

static const char *read_record(struct slice text, enum crypto_algorithm algorithm,
			       struct keyrecord *out)
{
	struct tags tags;
	bool valid = tags_parse(text, &tags);
	struct slice v = tags_get(&tags, "v"), p = tags_get(&tags, "p"), t = tags_get(&tags, "t");
	const char *error;
	long len;

	out->is_key = slice_is(v, "DKIM1") || (v.data == NULL && p.data != NULL);
	if (!valid)
		return "broken key record";
	if (v.data != NULL && !slice_is(v, "DKIM1"))
		return "unknown key version";
	if (p.data == NULL)
		return "key record without p=";
	if (t.data != NULL) {
		out->test = list_has(t, "y");
		out->same_domain = list_has(t, "s");
	}
	if (p.len == 0)
		return "key revoked";
	error = check_use(&tags, algorithm);
	if (error != NULL)
		return error;
	len = crypto_base64_decode(p, out->octets, sizeof(out->octets));
	if (len <= 0)
		return "key cannot be decoded";
	out->len = (size_t)len;
	return NULL;
}

void keyrecord_parse(struct slice text, enum crypto_algorithm algorithm,
		     struct keyrecord *out_r)
{
	out_r->is_key = out_r->test = out_r->same_domain = false;
	out_r->len = 0;
	out_r->error = read_record(text, algorithm, out_r);
}
