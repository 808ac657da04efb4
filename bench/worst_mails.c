#include "worst_mails.h"

#include <string.h>

#include "auth/crypto.h"

#define CHAIN_KEYS 8
#define EMPTY_BODY "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

void mail_init(struct mail *mail)
{
	buf_init(&mail->header, 16000000);
	buf_init(&mail->body, 64000000);
	mail->sender = "<a@sender.example>";
}

void mail_done(struct mail *mail)
{
	buf_done(&mail->header);
	buf_done(&mail->body);
}

static void add_signature(struct mail *mail, const char *selector, unsigned n, const char *names)
{
	buf_printf(&mail->header, "DKIM-Signature: v=1; a=%s-sha256; c=relaxed/relaxed; d=sender.example;"
		   " s=%s%u; l=0; bh=" EMPTY_BODY "; h=%s; b=\n", selector[0] == 'e' ? "ed25519" : "rsa",
		   selector, n, names);
}

static void add_usual(struct mail *mail)
{
	buf_add_str(&mail->header, "Received: from mail.sender.example by mx.receiver.example; Mon, 4 May 2026\n"
		    "From: Somebody <a@sender.example>\nTo: b@receiver.example\nSubject: a normal message\n"
		    "Date: Mon, 04 May 2026 10:00:00 +0000\nMessage-ID: <1@sender.example>\n"
		    "MIME-Version: 1.0\nContent-Type: text/plain\n");
}

static void add_body(struct mail *mail, size_t octets)
{
	while (mail->body.len < octets)
		buf_add_str(&mail->body, "The quick brown fox jumps over the lazy dog, again and again.\r\n");
}

/* Signed once, with a usual key, all of the body. */
void worst_normal(struct mail *mail, size_t octets)
{
	struct crypto_hash *hash = crypto_hash_new();
	uint8_t digest[CRYPTO_HASH_OCTETS];

	add_body(mail, octets);
	crypto_hash_add(hash, mail->body.data, mail->body.len);
	crypto_hash_end(hash, digest);
	crypto_hash_free(hash);
	buf_add_str(&mail->header, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=s0; bh=");
	worst_add_base64(&mail->header, digest, sizeof(digest));
	buf_add_str(&mail->header, "; h=from:to:subject:date:message-id; b=\n");
	add_usual(mail);
}

/* Sixteen that are all verified. */
static void make_signatures(struct mail *mail)
{
	for (unsigned i = 0; i < 16; i++)
		add_signature(mail, "u", i, "from:to:subject:date:message-id");
	add_usual(mail);
}

static void make_exponents(struct mail *mail)
{
	for (unsigned i = 0; i < 16; i++)
		add_signature(mail, "t", i, "from:to:subject:date:message-id");
	add_usual(mail);
}

/* With a key for each seal the look-ups would end it. */
static void add_chain(struct mail *mail, unsigned sets, const char *selector, const char *names)
{
	const char *algorithm = selector[0] == 'e' ? "ed25519" : "rsa";

	for (unsigned i = 1; i <= sets; i++)
		buf_printf(&mail->header, "ARC-Authentication-Results: i=%u; x.example; spf=pass smtp.mailfrom=a@sender.example\n"
			   "ARC-Message-Signature: i=%u; a=%s-sha256; c=relaxed/relaxed; d=sender.example; s=%s%u;"
			   " l=0; bh=" EMPTY_BODY "; h=%s; b=\n"
			   "ARC-Seal: i=%u; cv=%s; a=%s-sha256; d=sender.example; s=%s%u; b=\n", i, i, algorithm,
			   selector, 2 * i % CHAIN_KEYS, names, i, i == 1 ? "none" : "pass", algorithm,
			   selector, (2 * i + 1) % CHAIN_KEYS);
}

static void make_chain(struct mail *mail)
{
	add_chain(mail, 20, "s", "from:to:subject");
	make_exponents(mail);
}

static void add_names(struct buf *names, unsigned n, const char *name)
{
	buf_add_str(names, "from");
	for (unsigned i = 0; i < n; i++)
		buf_printf(names, ":%s", name);
}

/* Every field covered by every signature. */
static void make_fields(struct mail *mail, unsigned signatures, unsigned fields, unsigned octets,
			unsigned covered)
{
	struct buf names;

	buf_init(&names, 65536);
	add_names(&names, covered, "x");
	for (unsigned i = 0; i < signatures; i++)
		add_signature(mail, "t", i, buf_str(&names));
	add_usual(mail);
	for (unsigned i = 0; i < fields; i++) {
		buf_add_str(&mail->header, "x: ");
		for (unsigned k = 0; k < octets; k++)
			buf_add_str(&mail->header, k % 60 == 59 ? "\n " : k % 2 ? "a" : " ");
		buf_add_char(&mail->header, '\n');
	}
	buf_done(&names);
}

static void make_long_fields(struct mail *mail)
{
	make_fields(mail, 16, 30, 60000, 30);
}

static void make_large_header(struct mail *mail)
{
	make_fields(mail, 16, 250, 1000, 250);
}

static void make_many_fields(struct mail *mail)
{
	make_fields(mail, 16, 30000, 10, 250);
}

static void make_some_fields(struct mail *mail)
{
	make_fields(mail, 16, 250, 200, 250);
}

/* As many as libopendkim is given, and all that it is given of each. */
static void make_library_fields(struct mail *mail)
{
	make_fields(mail, 4, 63, 200, 63);
}

static void make_few_fields(struct mail *mail)
{
	make_fields(mail, 16, 60, 60, 60);
}

static void make_chain_fields(struct mail *mail)
{
	struct buf names;

	buf_init(&names, 65536);
	add_names(&names, 250, "x");
	add_chain(mail, 20, "s", buf_str(&names));
	make_fields(mail, 16, 250, 400, 250);
	buf_done(&names);
}

/* Small keys and signatures: nearly nothing but verifications. */
static void make_small(struct mail *mail)
{
	for (unsigned i = 0; i < 16; i++)
		add_signature(mail, "e", i, "from");
	add_chain(mail, 10, "e", "from");
	add_usual(mail);
}

static void make_usual_keys(struct mail *mail)
{
	for (unsigned i = 0; i < 16; i++)
		add_signature(mail, "s", i, "from");
	add_chain(mail, 4, "s", "from");
	add_usual(mail);
}

static void make_long_chain(struct mail *mail)
{
	add_chain(mail, 20, "s", "from");
	add_usual(mail);
}

/* All records that may be at a name, the right one last. */
static void make_several_keys(struct mail *mail)
{
	for (unsigned i = 0; i < 16; i++)
		add_signature(mail, "sm", i % 8, "from");
	add_usual(mail);
}

static void make_key_text(struct mail *mail)
{
	for (unsigned i = 0; i < 16; i++)
		add_signature(mail, "en", i, "from");
	add_chain(mail, 20, "en", "from");
	add_usual(mail);
}

/* Signatures that begin alike are told apart by more of b=. */
static void make_alike(struct mail *mail)
{
	for (unsigned i = 0; i < 64; i++) {
		buf_add_str(&mail->header, "DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=s1;"
			    " bh=" EMPTY_BODY "; h=from; b=");
		for (unsigned k = 0; k < 2600; k++)
			buf_add_char(&mail->header, 'A');
		buf_printf(&mail->header, "%03u\n", i);
	}
	add_usual(mail);
}

/* Names in h= that all differ, and fields that have all of them. */
static void make_names(struct mail *mail)
{
	struct buf names;

	buf_init(&names, 65536);
	for (unsigned i = 0; i < 16; i++) {
		buf_reset(&names);
		buf_add_str(&names, "from");
		for (unsigned k = 0; k < 255; k++)
			buf_printf(&names, ":x-%u", i * 255 + k);
		add_signature(mail, "s", i, buf_str(&names));
	}
	add_usual(mail);
	for (unsigned i = 0; i < 16 * 255; i++)
		buf_printf(&mail->header, "x-%u: \n", i);
	buf_done(&names);
}

static void make_policies(struct mail *mail)
{
	buf_add_str(&mail->header, "From: a@a.b.c.d.e.f.p0.example, a@a.b.c.d.e.f.p1.example,"
		    " a@a.b.c.d.e.f.p2.example, a@a.b.c.d.e.f.p3.example\n");
}

static void make_froms(struct mail *mail)
{
	for (unsigned i = 0; i < 5000; i++)
		buf_add_str(&mail->header, "From: a@a.b.c.d.e.f.p0.example\n");
}

static void make_received(struct mail *mail)
{
	for (unsigned i = 0; i < 5000; i++)
		buf_add_str(&mail->header, "Received: by x\n");
	add_usual(mail);
}

/* Results that are ours to read, in sets of a chain. */
static void make_results(struct mail *mail)
{
	for (unsigned i = 1; i <= 20; i++) {
		buf_printf(&mail->header, "ARC-Authentication-Results: i=%u; x.example", i);
		for (unsigned k = 0; k < 300; k++)
			buf_printf(&mail->header, "; dkim=pass (((((a))))) header.d=\"p%u.example\" header.b=\"\\a\"", k);
		buf_printf(&mail->header, "\nARC-Message-Signature: i=%u; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=s%u; l=0; bh="
			   EMPTY_BODY "; h=from; b=\nARC-Seal: i=%u; cv=%s; a=rsa-sha256; d=sender.example; s=s%u; b=\n", i,
			   2 * i % CHAIN_KEYS, i, i == 1 ? "none" : "pass", (2 * i + 1) % CHAIN_KEYS);
	}
	add_usual(mail);
}

/* Many addresses, comments, folds. */
static void make_from(struct mail *mail)
{
	buf_add_str(&mail->header, "From: ");
	for (unsigned i = 0; i < 60; i++)
		buf_printf(&mail->header, "\"name %u\" (a (b (c (d)))) <x@a.b.c.d.e.f.g%u.example>,\n ", i, i % 4);
	buf_add_str(&mail->header, "a@sender.example\n");
}

static void make_spf(struct mail *mail)
{
	mail->sender = "<some.long.local.part.of.a.sender@deep.example>";
	add_usual(mail);
}

static void make_long_spf(struct mail *mail)
{
	mail->sender = "<a@0.long.example>";
	add_usual(mail);
}

/* Pieces of the body, each hash of another length; none is the one that is told. */
static void make_lengths(struct mail *mail)
{
	for (unsigned i = 0; i < 16; i++)
		buf_printf(&mail->header, "DKIM-Signature: v=1; a=rsa-sha256; c=%s; d=sender.example; s=t%u; l=%u;"
			   " bh=" EMPTY_BODY "; h=from; b=AAAA\n", i % 2 ? "simple/simple" : "relaxed/relaxed", i,
			   1000000 + i);
	add_usual(mail);
	for (unsigned i = 0; i < 200000; i++)
		buf_add_str(&mail->body, "a b  c \r\n");
}

const struct kind worst_kinds[] = {
	{ "signatures", make_signatures, false, 4 },
	{ "exponents", make_exponents, false, 2 },
	{ "usual-keys", make_usual_keys, false, 17 },
	{ "small", make_small, false, 4 },
	{ "fresh-keys", make_usual_keys, true, 17 },
	{ "fresh-small", make_small, true, 4 },
	{ "several-keys", make_several_keys, false, 7 },
	{ "fresh-several", make_several_keys, true, 7 },
	{ "key-text", make_key_text, false, 4 },
	{ "alike", make_alike, false, 0 },
	{ "chain", make_chain, false, 2 },
	{ "long-chain", make_long_chain, false, 1 },
	{ "results", make_results, false, 1 },
	{ "chain-fields", make_chain_fields, false, 2 },
	{ "library-fields", make_library_fields, false, 2 },
	{ "few-fields", make_few_fields, false, 2 },
	{ "some-fields", make_some_fields, false, 2 },
	{ "large-header", make_large_header, false, 1 },
	{ "long-fields", make_long_fields, false, 1 },
	{ "many-fields", make_many_fields, false, 2 },
	{ "names", make_names, false, 16 },
	{ "from", make_from, false, 0 },
	{ "froms", make_froms, false, 0 },
	{ "received", make_received, false, 0 },
	{ "policies", make_policies, false, 0 },
	{ "spf", make_spf, false, 0 },
	{ "long-spf", make_long_spf, false, 0 },
	{ "lengths", make_lengths, false, 0 },
	{ NULL, NULL, false, 0 },
};
