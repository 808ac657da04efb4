/* worst - what a message built to cost as much as possible costs, against a normal one
 * of its size.
 *
 *   bench/worst [-s] [KIND...]
 *   bench/worst -n COUNT [KIND]     one kind, or a normal message of 4 kB, so often: for a
 *                                   profiler
 *
 * Both go through lib/judge as the daemon's do, with a zone for a warm cache and keys
 * that are known already; the milter protocol is left out, which both would pay. What
 * is compared is CPU time: the best of several rounds. Ends with 1 when a ratio is over
 * 20; -s (short) makes one round.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "judge/message.h"

#define MOST 20.0
#define EMPTY_BODY "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

static struct settings *settings;
static struct engine *engine;

static void die(const char *what)
{
	fprintf(stderr, "worst: %s\n", what);
	exit(1);
}

/* --- keys ------------------------------------------------------------- */

static void add_base64(struct buf *out, const unsigned char *data, size_t len)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = (unsigned)data[i] << 16 | (i + 1 < len ? (unsigned)data[i + 1] << 8 : 0) |
				(i + 2 < len ? data[i + 2] : 0);

		for (unsigned k = 0; k < 4; k++)
			buf_add_char(out, i + k > len ? '=' : set[bits >> (18 - 6 * k) & 63]);
	}
}

/* An odd number is modulus enough: nothing here ever verifies. */
static void add_key(struct buf *out, unsigned bits, const char *exponent)
{
	unsigned char der[1024], *at = der;
	size_t modulus = bits / 8 + 1, e = strlen(exponent), len = 4 + modulus + 2 + e;

	*at++ = 0x30; *at++ = 0x82; *at++ = (unsigned char)(len >> 8); *at++ = (unsigned char)len;
	*at++ = 0x02; *at++ = 0x82; *at++ = (unsigned char)(modulus >> 8); *at++ = (unsigned char)modulus;
	memset(at, 0xAB, modulus);
	at[0] = 0;
	at += modulus;
	*at++ = 0x02; *at++ = (unsigned char)e;
	memcpy(at, exponent, e);
	add_base64(out, der, (size_t)(at + e - der));
}

static void add_record(struct resolver *zone, const char *name, unsigned bits, const char *exponent)
{
	struct buf text;

	buf_init(&text, 4096);
	buf_add_str(&text, "v=DKIM1; p=");
	add_key(&text, bits, exponent);
	resolver_zone_add(zone, name, DNS_TXT, buf_slice(&text), 0);
	buf_done(&text);
}

static void add_line(struct resolver *zone, const char *line)
{
	const char *error;

	if (resolver_zone_add_line(zone, line, &error) < 0)
		die(error);
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

static void open_engine(void)
{
	struct resolver *zone = resolver_zone_new();
	char path[] = "/tmp/worst-XXXXXX", name[64];
	struct settings_faults faults;
	const char *error;
	int fd = mkstemp(path);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (file == NULL)
		die("no file for the settings");
	fputs("dry_run = true; authserv_id = \"mx.receiver.example\"; mode = \"honor\";\n", file);
	fclose(file);
	settings = settings_load(path, &faults);
	unlink(path);
	if (settings == NULL)
		die(faults.lines[0]);
	add_line(zone, "sender.example TXT \"v=spf1 ip4:192.0.2.1 -all\"");
	add_line(zone, "_dmarc.sender.example TXT \"v=DMARC1; p=reject\"");
	add_line(zone, "deep.example TXT \"v=spf1 include:a.deep.example include:b.deep.example exists:%{l}.%{i}.deep.example"
		 " a:c.deep.example/0 mx:d.deep.example -all\"");
	add_line(zone, "a.deep.example TXT \"v=spf1 include:aa.deep.example -all\"");
	add_line(zone, "aa.deep.example TXT \"v=spf1 mx:d.deep.example ptr -all\"");
	add_line(zone, "b.deep.example TXT \"v=spf1 ip4:198.51.100.1 -all\"");
	add_long_records(zone);
	add_record(zone, "s._domainkey.sender.example", 2048, "\x01\x00\x01");
	for (unsigned i = 0; i < 64; i++) {
		snprintf(name, sizeof(name), "s%u._domainkey.sender.example", i);
		add_record(zone, name, 4096, "\x01\x00\x01");
		snprintf(name, sizeof(name), "t%u._domainkey.sender.example", i);
		add_record(zone, name, 4096, "\x7f\xff\xff\xff");
	}
	engine = engine_open_with(settings, zone, &error);
	if (engine == NULL)
		die(error);
}

/* --- messages --------------------------------------------------------- */

struct mail {
	struct buf header;              /* lines, "\n" ends a field, "\n " folds it */
	struct buf body;
	const char *sender;
};

static void mail_init(struct mail *mail)
{
	buf_init(&mail->header, 16000000);
	buf_init(&mail->body, 64000000);
	mail->sender = "<a@sender.example>";
}

static void mail_done(struct mail *mail)
{
	buf_done(&mail->header);
	buf_done(&mail->body);
}

static void add_value(struct buf *out, unsigned octets)
{
	unsigned char value[1024];

	memset(value, 0x55, sizeof(value));
	add_base64(out, value, octets);
}

static void add_signature(struct mail *mail, const char *selector, unsigned n, const char *more, unsigned octets)
{
	buf_printf(&mail->header, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example;"
		   " s=%s%u; l=%u; bh=" EMPTY_BODY "; h=%s; b=", selector, n, 0u, more);
	add_value(&mail->header, octets);
	buf_add_char(&mail->header, '\n');
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

static void make_normal(struct mail *mail, size_t octets)
{
	buf_add_str(&mail->header, "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=s;"
		    " l=0; bh=" EMPTY_BODY "; h=from:to:subject:date:message-id; b=");
	add_value(&mail->header, 256);
	buf_add_char(&mail->header, '\n');
	add_usual(mail);
	add_body(mail, octets);
}

/* Sixteen that are all verified. */
static void make_signatures(struct mail *mail)
{
	for (unsigned i = 0; i < 16; i++)
		add_signature(mail, "s", i, "from:to:subject:date:message-id", 512);
	add_usual(mail);
}

static void make_exponents(struct mail *mail)
{
	for (unsigned i = 0; i < 16; i++)
		add_signature(mail, "t", i, "from:to:subject:date:message-id", 512);
	add_usual(mail);
}

static void add_chain(struct mail *mail, const char *names)
{
	for (unsigned i = 1; i <= 20; i++) {
		buf_printf(&mail->header, "ARC-Authentication-Results: i=%u; x.example; spf=pass smtp.mailfrom=a@sender.example\n"
			   "ARC-Message-Signature: i=%u; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=t%u;"
			   " l=0; bh=" EMPTY_BODY "; h=%s; b=", i, i, 2 * i, names);
		add_value(&mail->header, 512);
		buf_printf(&mail->header, "\nARC-Seal: i=%u; cv=%s; a=rsa-sha256; d=sender.example; s=t%u; b=", i,
			   i == 1 ? "none" : "pass", 2 * i + 1);
		add_value(&mail->header, 512);
		buf_add_char(&mail->header, '\n');
	}
}

static void make_chain(struct mail *mail)
{
	add_chain(mail, "from:to:subject");
	make_exponents(mail);
}

static void add_names(struct buf *names, unsigned n, const char *name)
{
	buf_add_str(names, "from");
	for (unsigned i = 0; i < n; i++)
		buf_printf(names, ":%s", name);
}

/* Every field covered by every signature. */
static void make_fields(struct mail *mail, unsigned fields, unsigned octets, unsigned covered)
{
	struct buf names;

	buf_init(&names, 65536);
	add_names(&names, covered, "x");
	for (unsigned i = 0; i < 16; i++)
		add_signature(mail, "t", i, buf_str(&names), 512);
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
	make_fields(mail, 30, 60000, 30);
}

static void make_large_header(struct mail *mail)
{
	make_fields(mail, 250, 1000, 250);
}

static void make_many_fields(struct mail *mail)
{
	make_fields(mail, 30000, 10, 250);
}

static void make_some_fields(struct mail *mail)
{
	make_fields(mail, 250, 200, 250);
}

static void make_few_fields(struct mail *mail)
{
	make_fields(mail, 60, 60, 60);
}

static void make_chain_fields(struct mail *mail)
{
	struct buf names;

	buf_init(&names, 65536);
	add_names(&names, 250, "x");
	add_chain(mail, buf_str(&names));
	make_fields(mail, 250, 400, 250);
	buf_done(&names);
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

/* Pieces of the body, each hash of another length. */
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

static const struct kind {
	const char *name;
	void (*make)(struct mail *mail);
} kinds[] = {
	{ "signatures", make_signatures }, { "exponents", make_exponents }, { "chain", make_chain },
	{ "few-fields", make_few_fields }, { "chain-fields", make_chain_fields },
	{ "some-fields", make_some_fields }, { "large-header", make_large_header },
	{ "long-fields", make_long_fields }, { "many-fields", make_many_fields },
	{ "from", make_from }, { "spf", make_spf }, { "long-spf", make_long_spf },
	{ "lengths", make_lengths },
};

/* --- measuring -------------------------------------------------------- */

static void give_header(struct message *m, struct slice text)
{
	while (text.len > 0) {
		size_t end = 0, colon = slice_find(text, ':');

		do
			end += slice_find(slice_from(text, end), '\n') + 1;
		while (end < text.len && text.data[end] == ' ');
		message_header(m, slice_until(text, colon),
			       slice_from(slice_until(text, end - 1), colon + 1));
		text = slice_from(text, end);
	}
}

static void judge(const struct mail *mail)
{
	struct arrival arrival = { .helo = SLICE("mail.sender.example"), .mail_from = slice_of(mail->sender) };
	struct slice body = buf_slice(&mail->body);
	struct message *m;

	if (!address_parse(SLICE("192.0.2.1"), &arrival.client))
		die("no address");
	m = message_new(engine, &arrival);
	message_rcpt(m, SLICE("<b@receiver.example>"), SLICE(""));
	give_header(m, buf_slice(&mail->header));
	message_eoh(m);
	for (; body.len > 0; body = slice_from(body, 65535))
		message_body(m, body.data, body.len < 65535 ? body.len : 65535);
	message_judge(m, NULL, NULL);
	message_free(m);
}

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The best round, each of at least 20 ms. */
static double measure(const struct mail *mail, unsigned rounds)
{
	double best = 1e9;

	judge(mail);
	for (unsigned i = 0; i < rounds; i++) {
		double start = cpu_ms(), took;
		unsigned n = 0;

		do
			judge(mail);
		while (++n < 1000 && cpu_ms() - start < 20);
		took = (cpu_ms() - start) / n;
		best = took < best ? took : best;
	}
	return best;
}

static bool compare(const struct kind *kind, unsigned rounds)
{
	struct mail worst, normal;
	double worst_ms, normal_ms;
	size_t octets;

	mail_init(&worst);
	mail_init(&normal);
	kind->make(&worst);
	octets = worst.header.len + worst.body.len;
	make_normal(&normal, octets > 1200 ? octets - 1200 : 0);
	worst_ms = measure(&worst, rounds);
	normal_ms = measure(&normal, rounds);
	printf("%-14s %9zu octets  %8.3f ms  normal %7.3f ms  %5.1f times%s\n", kind->name, octets, worst_ms,
	       normal_ms, worst_ms / normal_ms, worst_ms > MOST * normal_ms ? "  TOO MUCH" : "");
	mail_done(&worst);
	mail_done(&normal);
	return worst_ms <= MOST * normal_ms;
}

static int repeat(unsigned count, const char *kind)
{
	struct mail mail;

	open_engine();
	mail_init(&mail);
	for (size_t i = 0; kind != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, kind) == 0)
			kinds[i].make(&mail);
	if (mail.header.len == 0)
		make_normal(&mail, 4096);
	while (count-- > 0)
		judge(&mail);
	mail_done(&mail);
	engine_unref(engine);
	settings_unref(settings);
	return 0;
}

int main(int argc, char **argv)
{
	bool good = true, named = false;
	unsigned rounds = 5;

	if (argc >= 3 && strcmp(argv[1], "-n") == 0)
		return repeat((unsigned)atoi(argv[2]), argv[3]);
	if (argc > 1 && strcmp(argv[1], "-s") == 0) {
		rounds = 1;
		argc--;
		argv++;
	}
	open_engine();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		named = argc == 1;
		for (int k = 1; k < argc; k++)
			named |= strcmp(argv[k], kinds[i].name) == 0;
		if (named)
			good &= compare(&kinds[i], rounds);
	}
	engine_unref(engine);
	settings_unref(settings);
	return good ? 0 : 1;
}
