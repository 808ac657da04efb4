#include "worst_mails.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/headerhash.h"
#include "core/canon_header.h"

#define LINES 40000

/* --- keys ------------------------------------------------------------- */

/* By the first letter of the selector: usual, large, with a long exponent, Ed25519. */
static struct { char letter; unsigned bits, exponent; EVP_PKEY *pkey; } keys[] = {
	{ 's', 2048, 65537, NULL }, { 'u', 4096, 65537, NULL }, { 't', 4096, 0x7fffffff, NULL },
	{ 'e', 0, 0, NULL },
};
enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

void worst_die(const char *what)
{
	fprintf(stderr, "worst: %s\n", what);
	exit(1);
}

void worst_add_base64(struct buf *out, const unsigned char *data, size_t len)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = (unsigned)data[i] << 16 | (i + 1 < len ? (unsigned)data[i + 1] << 8 : 0) |
				(i + 2 < len ? data[i + 2] : 0);

		for (unsigned k = 0; k < 4; k++)
			buf_add_char(out, i + k > len ? '=' : set[bits >> (18 - 6 * k) & 63]);
	}
}

static EVP_PKEY *make_key(unsigned bits, unsigned exponent)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(bits > 0 ? EVP_PKEY_RSA : EVP_PKEY_ED25519, NULL);
	BIGNUM *e = BN_new();
	EVP_PKEY *pkey = NULL;

	BN_set_word(e, exponent);
	if (EVP_PKEY_keygen_init(context) != 1 ||
	    (bits > 0 && (EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)bits) != 1 ||
			  EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e) != 1)) ||
	    EVP_PKEY_generate(context, &pkey) != 1)
		worst_die("no key can be made");
	BN_free(e);
	EVP_PKEY_CTX_free(context);
	return pkey;
}

static EVP_PKEY *key_of(const char *selector)
{
	for (unsigned i = 0; i < N_KEYS; i++)
		if (keys[i].letter == selector[0])
			return keys[i].pkey;
	worst_die("a selector without a key");
	return NULL;
}

static void add_public(struct buf *out, EVP_PKEY *pkey)
{
	unsigned char raw[32], *der = NULL;
	size_t len = sizeof(raw);

	if (EVP_PKEY_get_raw_public_key(pkey, raw, &len) == 1) {
		buf_add_str(out, "v=DKIM1; k=ed25519; p=");
		worst_add_base64(out, raw, len);
		return;
	}
	buf_add_str(out, "v=DKIM1; p=");
	len = (size_t)i2d_PUBKEY(pkey, &der);
	worst_add_base64(out, der, len);
	OPENSSL_free(der);
}

/* --- the zone --------------------------------------------------------- */

static void add_record(struct resolver *zone, const char *name, EVP_PKEY *pkey, size_t octets)
{
	struct buf text;

	buf_init(&text, 100000);
	add_public(&text, pkey);
	if (octets > 0)
		buf_add_str(&text, "; n=");
	while (text.len < octets)
		buf_add_char(&text, 'n');
	resolver_zone_add(zone, name, DNS_TXT, buf_slice(&text), 0);
	buf_done(&text);
}

static void add_line(struct resolver *zone, const char *line)
{
	const char *error;

	if (resolver_zone_add_line(zone, line, &error) < 0)
		worst_die(error);
}

/* Ten records, together as long as may be. */
static void add_long_records(struct resolver *zone)
{
	static const char begin[] = ".long.example TXT \"";
	struct buf line;

	buf_init(&line, 100000);
	for (unsigned i = 0; i < 10; i++) {
		buf_reset(&line);
		buf_printf(&line, "%u%sv=spf1", i, begin);
		for (unsigned k = 0; k < 9 && i == 0; k++)
			buf_printf(&line, " include:%u.long.example", k + 1);
		while (line.len < sizeof(begin) + LIMIT_SPF_OCTETS / 10 - 16)
			buf_add_str(&line, " ip4:1.1.1.1");
		buf_add_char(&line, '"');
		add_line(zone, buf_str(&line));
	}
	buf_done(&line);
}

/* Policies as long as they may be, at all names above the authors. */
static void add_long_policies(struct resolver *zone)
{
	struct buf text;
	char name[100];

	buf_init(&text, LIMIT_RECORD_OCTETS);
	buf_add_str(&text, "v=DMARC1; p=reject; rua=mailto:a@policy.example");
	while (text.len < LIMIT_RECORD_OCTETS - 40)
		buf_add_str(&text, ",mailto:a@policy.example");
	for (unsigned i = 0; i < 4; i++)
		for (const char *at = "a.b.c.d.e.f"; at != NULL; at = strchr(at, '.') != NULL ? strchr(at, '.') + 1 : NULL) {
			snprintf(name, sizeof(name), "_dmarc.%s.p%u.example", at, i);
			resolver_zone_add(zone, name, DNS_TXT, buf_slice(&text), 0);
		}
	buf_done(&text);
}

void worst_zone(struct resolver *zone)
{
	char name[64];

	add_line(zone, "sender.example TXT \"v=spf1 ip4:192.0.2.1 -all\"");
	add_line(zone, "_dmarc.sender.example TXT \"v=DMARC1; p=reject\"");
	add_line(zone, "deep.example TXT \"v=spf1 include:a.deep.example include:b.deep.example exists:%{l}.%{i}.deep.example"
		 " a:c.deep.example/0 mx:d.deep.example -all\"");
	add_line(zone, "a.deep.example TXT \"v=spf1 include:aa.deep.example -all\"");
	add_line(zone, "aa.deep.example TXT \"v=spf1 mx:d.deep.example ptr -all\"");
	add_line(zone, "b.deep.example TXT \"v=spf1 ip4:198.51.100.1 -all\"");
	add_long_records(zone);
	add_long_policies(zone);
	for (unsigned k = 0; k < N_KEYS; k++) {
		keys[k].pkey = make_key(keys[k].bits, keys[k].exponent);
		for (unsigned i = 0; i < 64; i++) {
			snprintf(name, sizeof(name), "%c%u._domainkey.sender.example", keys[k].letter, i);
			add_record(zone, name, keys[k].pkey, 0);
			snprintf(name, sizeof(name), "%cn%u._domainkey.sender.example", keys[k].letter, i);
			add_record(zone, name, keys[k].pkey, LIMIT_KEY_OCTETS);
			snprintf(name, sizeof(name), "%cm%u._domainkey.sender.example", keys[k].letter, i);
			for (unsigned other = 0; other < 4 && keys[k].letter == 's'; other++) {
				EVP_PKEY *pkey = other == 3 ? keys[k].pkey : make_key(1024, 65537);

				if (i < 8)
					add_record(zone, name, pkey, 0);
				if (other < 3)
					EVP_PKEY_free(pkey);
			}
		}
	}
}

/* --- signing ---------------------------------------------------------- */

static void add_value(struct buf *out, const char *selector, const uint8_t digest[CRYPTO_HASH_OCTETS])
{
	EVP_PKEY *pkey = key_of(selector);
	bool rsa = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA;
	unsigned char value[1024];
	size_t len = sizeof(value);

	if (rsa) {
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);

		if (EVP_PKEY_sign_init(context) != 1 ||
		    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1 ||
		    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1 ||
		    EVP_PKEY_sign(context, value, &len, digest, CRYPTO_HASH_OCTETS) != 1)
			worst_die("cannot sign");
		EVP_PKEY_CTX_free(context);
	} else {
		EVP_MD_CTX *context = EVP_MD_CTX_new();

		if (EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) != 1 ||
		    EVP_DigestSign(context, value, &len, digest, CRYPTO_HASH_OCTETS) != 1)
			worst_die("cannot sign");
		EVP_MD_CTX_free(context);
	}
	worst_add_base64(out, value, len);
}

static void add_to_hash(void *context, const char *data, size_t len)
{
	crypto_hash_add(context, data, len);
}

static struct slice value_of(struct slice line)
{
	return slice_from(line, slice_find(line, ':') + 1);
}

static void sign_message(struct arena *arena, struct slice *line, const struct fields *fields, const struct field *own,
			 enum signature_kind kind)
{
	const struct signature *signature = signature_parse(arena, kind, value_of(*line), 1800000000);
	uint8_t digest[CRYPTO_HASH_OCTETS];
	struct buf text;

	buf_init(&text, 40000);
	buf_add_slice(&text, *line);
	headerhash_signature(headerhash_new(fields, &signature, 1), 0, own, digest);
	add_value(&text, signature->s, digest);
	*line = arena_slice(arena, buf_slice(&text));
	buf_done(&text);
}

/* `all`: what the sets before it have hashed, and this one's other fields. */
static void sign_seal(struct arena *arena, struct slice *line, struct crypto_hash *all)
{
	const struct signature *signature = signature_parse(arena, SIGNATURE_ARC_SEAL, value_of(*line), 1800000000);
	struct crypto_hash *one = crypto_hash_copy(all);
	uint8_t digest[CRYPTO_HASH_OCTETS];
	struct buf text;

	buf_init(&text, 40000);
	buf_add_slice(&text, *line);
	canon_header(CANON_RELAXED, *line, SLICE(""), add_to_hash, one);
	crypto_hash_end(one, digest);
	crypto_hash_free(one);
	add_value(&text, signature->s, digest);
	*line = arena_slice(arena, buf_slice(&text));
	buf_done(&text);
}

static bool begins(struct slice line, const char *name)
{
	return slice_starts_nocase(line, name) && line.data[strlen(name)] == ':';
}

static unsigned split(struct slice text, struct slice *lines)
{
	unsigned n = 0;

	while (text.len > 0 && n < LINES) {
		size_t end = 0;

		do
			end += slice_find(slice_from(text, end), '\n') + 1;
		while (end < text.len && text.data[end] == ' ');
		lines[n++] = slice_until(text, end - 1);
		text = slice_from(text, end);
	}
	return n;
}

/* Fills every b= that is empty. Seals come in the order of their sets, each behind its set. */
void worst_sign(struct mail *mail)
{
	struct crypto_hash *all = crypto_hash_new();
	struct slice *lines = calloc(LINES, sizeof(*lines));
	struct field **own = calloc(LINES, sizeof(*own));
	struct arena *arena = arena_new();
	unsigned n = split(buf_slice(&mail->header), lines);
	struct fields fields;
	const char *reason;
	struct buf out;

	fields_init(&fields, arena);
	for (unsigned i = 0; i < n; i++)
		own[i] = fields_add(&fields, slice_until(lines[i], slice_find(lines[i], ':')), value_of(lines[i]), &reason);
	buf_init(&out, 16000000);
	for (unsigned i = 0; i < n; i++) {
		if (begins(lines[i], "DKIM-Signature"))
			sign_message(arena, &lines[i], &fields, own[i], SIGNATURE_DKIM);
		else if (begins(lines[i], "ARC-Message-Signature"))
			sign_message(arena, &lines[i], &fields, own[i], SIGNATURE_ARC_MESSAGE);
		else if (begins(lines[i], "ARC-Seal"))
			sign_seal(arena, &lines[i], all);
		if (slice_starts_nocase(lines[i], "ARC-")) {
			canon_header(CANON_RELAXED, lines[i], SLICE(""), add_to_hash, all);
			crypto_hash_add(all, "\r\n", 2);
		}
		buf_add_slice(&out, lines[i]);
		buf_add_char(&out, '\n');
	}
	buf_done(&mail->header);
	mail->header = out;
	crypto_hash_free(all);
	arena_free(arena);
	free(lines);
	free(own);
}
