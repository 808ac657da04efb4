#include "base/buf.h"
#include "core/received.h"
#include "testmain.h"

/* client NULL: unread. name: as told, "+" in front when it is confirmed. */
static const struct {
	const char *name, *input, *client, *helo, *told;
} rows[] = {
	/* Postfix */
	{ "postfix", "from mail.example.com (mail.example.com [192.0.2.1])\r\n\tby mx.example (Postfix)"
	  " with ESMTP id 4Xq1\r\n\tfor <b@receiver.example>; Mon, 4 May 2026 10:00:00 +0000 (UTC)",
	  "192.0.2.1", "mail.example.com", "+mail.example.com" },
	{ "postfix, folds as LF, leading blank", " from h.example (n.example [192.0.2.1])\n\tby mx (Postfix)",
	  "192.0.2.1", "h.example", "+n.example" },
	{ "postfix without a name", "from h.example (unknown [192.0.2.1]) by mx (Postfix); x",
	  "192.0.2.1", "h.example", "" },
	{ "postfix, IPv6", "from h.example (n.example [IPv6:2001:db8::77]) by mx (Postfix) with ESMTP; x",
	  "2001:db8::77", "h.example", "+n.example" },
	{ "postfix, HELO is a literal", "from [192.0.2.1] (n.example [198.51.100.66]) by mx (Postfix); x",
	  "198.51.100.66", "[192.0.2.1]", "+n.example" },
	{ "postfix, TLS", "from h.example (n.example [192.0.2.1])\n\t(using TLSv1.3 with cipher TLS_AES"
	  " (256/256 bits)\n\t key-exchange X25519 server-digest SHA256)\n\t(Client CN \"x\", Issuer \"y\""
	  " (verified OK))\n\tby mx.example (Postfix) with ESMTPS id 4Xq1; x",
	  "192.0.2.1", "h.example", "+n.example" },
	{ "postfix, quoted recipient", "from h.example (n.example [192.0.2.1]) by mx (Postfix) with ESMTP"
	  " id 1 for <\"a (b \\\" by c\"@receiver.example>; x", "192.0.2.1", "h.example", "+n.example" },
	{ "postfix, loopback", "from localhost (localhost [127.0.0.1]) by mx (Postfix); x",
	  "127.0.0.1", "localhost", "+localhost" },
	{ "postfix, client unknown", "from h.example (unknown [unknown]) by mx (Postfix); x", NULL, "", "" },
	{ "postfix, local submission", "by mx.example (Postfix, from userid 1000) id 4Xq1; x", NULL, "", "" },
	{ "amavis", "from mx.example ([127.0.0.1]) by localhost (mx.example [127.0.0.1])"
	  " (amavisd-new, port 10024) with ESMTP id x for <b@receiver.example>; x",
	  "127.0.0.1", "mx.example", "" },
	/* Sendmail */
	{ "sendmail", "from h.example (n.example [192.0.2.1]) by mx.example (8.17.1/8.17.1/Debian-1) with"
	  " ESMTPS id 1 (version=TLSv1.3 cipher=X bits=256 verify=NO)\n\tfor <b@receiver.example>; x",
	  "192.0.2.1", "h.example", "+n.example" },
	{ "sendmail, may be forged", "from h.example (n.example [192.0.2.1] (may be forged)) by mx; x",
	  "192.0.2.1", "h.example", "n.example" },
	{ "sendmail without a name", "from h.example ([192.0.2.1]) by mx (8.17.1/8.17.1); x",
	  "192.0.2.1", "h.example", "" },
	{ "sendmail, ident", "from h.example (IDENT:u@n.example [192.0.2.1]) by mx; x",
	  "192.0.2.1", "h.example", "+n.example" },
	{ "sendmail, local submission", "(from user@localhost) by mx.example (8.17.1) id 1; x", NULL, "", "" },
	/* Exim */
	{ "exim", "from n.example ([192.0.2.1] helo=h.example)\n\tby mx with esmtps (TLS1.3) tls X\n\t"
	  "(Exim 4.96)\n\t(envelope-from <a@example.com>)\n\tid 1; x", "192.0.2.1", "h.example", "+n.example" },
	{ "exim, HELO is the name", "from n.example ([2001:db8::77]) by mx with esmtp (Exim 4.96) id 1; x",
	  "2001:db8::77", "n.example", "" },
	{ "exim without a name", "from [192.0.2.1] (helo=h.example) by mx with esmtp (Exim 4.96) id 1; x",
	  "192.0.2.1", "h.example", "" },
	{ "exim, HELO is a literal", "from [198.51.100.66] (helo=[192.0.2.1]) by mx with esmtp; x",
	  "198.51.100.66", "[192.0.2.1]", "" },
	{ "exim, name and a literal", "from n.example ([198.51.100.66] helo=[192.0.2.1]) by mx; x",
	  "198.51.100.66", "[192.0.2.1]", "+n.example" },
	{ "exim, port and ident", "from n.example ([192.0.2.1]:25001 helo=h.example ident=u) by mx; x",
	  "192.0.2.1", "h.example", "+n.example" },
	{ "exim, port without a name", "from [192.0.2.1] (port=25001 helo=h.example) by mx; x",
	  "192.0.2.1", "h.example", "" },
	{ "exim, two HELOs", "from n.example ([192.0.2.1] helo=h.example helo=x) by mx; x", NULL, "", "" },
	{ "only a literal", "from [192.0.2.1] by mx with esmtp; x", NULL, "", "" },
	/* qmail, Exchange, others */
	{ "qmail", "from unknown (HELO h.example) (192.0.2.1)\n  by mx.example with SMTP; 4 May 2026 10:00:00 -0000",
	  "192.0.2.1", "h.example", "" },
	{ "qmail, name and ident", "from n.example (EHLO h.example) (u@192.0.2.1) by mx with SMTP; x",
	  "192.0.2.1", "h.example", "n.example" },
	{ "qmail, HELO is the name", "from n.example (192.0.2.1) by mx with SMTP; x", "192.0.2.1", "n.example", "" },
	{ "qmail, address as HELO", "from unknown (HELO 192.0.2.1) (198.51.100.66) by mx with SMTP; x",
	  "198.51.100.66", "192.0.2.1", "" },
	{ "qmail, literal as HELO", "from unknown (HELO [192.0.2.1]) (198.51.100.66) by mx with SMTP; x",
	  "198.51.100.66", "[192.0.2.1]", "" },
	{ "qmail without a client", "from unknown (HELO h.example) by mx with SMTP; x", NULL, "", "" },
	{ "qmail remark", "(qmail 123 invoked from network); 4 May 2026", NULL, "", "" },
	{ "exchange", "from h.example (192.0.2.1) by MX.example (10.0.0.5) with Microsoft SMTP Server\n"
	  " (version=TLS1_2, cipher=X) id 15.1.2375.7; x", "192.0.2.1", "h.example", "" },
	{ "exchange, IPv6", "from h.example (2001:db8::77) by MX.example (2001:db8::1) with Microsoft SMTP"
	  " Server id 15.20.1 via Frontend Transport; x", "2001:db8::77", "h.example", "" },
	{ "exchange, literal as HELO", "from [192.0.2.1] (198.51.100.66) by MX (10.0.0.5) with Microsoft; x",
	  "198.51.100.66", "[192.0.2.1]", "" },
	{ "trailing dot", "from h.example (n.example. [192.0.2.1]) by mx.example with ESMTPS id 1; x",
	  "192.0.2.1", "h.example", "+n.example" },
	{ "opensmtpd", "from h.example (n.example [192.0.2.1]) by mx (OpenSMTPD) with ESMTP id 1; x",
	  "192.0.2.1", "h.example", "n.example" },
	{ "opensmtpd without a name", "from h.example (<unknown> [192.0.2.1]) by mx (OpenSMTPD); x",
	  "192.0.2.1", "h.example", "" },
	{ "courier, mapped", "from h.example (n.example [::ffff:192.0.2.1]) (TLS: TLSv1.3) by mx with ESMTPS; x",
	  "192.0.2.1", "h.example", "+n.example" },
	{ "case and no blank", "FROM h.example(n.example [192.0.2.1])BY mx;x", "192.0.2.1", "h.example", "+n.example" },
	/* hostile: a HELO that is a field, names and certificates with addresses */
	{ "HELO with a client of its own", "from x (y [192.0.2.1]) (unknown [198.51.100.66]) by mx (Postfix); x",
	  NULL, "", "" },
	{ "HELO with a bare client", "from x (192.0.2.1) (198.51.100.66) by mx with Microsoft; x", NULL, "", "" },
	{ "HELO that is exim's", "from [192.0.2.1] (helo=x) (198.51.100.66) by mx; x", NULL, "", "" },
	{ "HELO with a by clause", "from x (y [192.0.2.1]) by z (unknown [198.51.100.66]) by mx (Postfix); x",
	  NULL, "", "" },
	{ "HELO with a with clause", "from x (y [192.0.2.1]) by z with A (unknown [198.51.100.66]) by mx; x",
	  NULL, "", "" },
	{ "HELO with a date", "from x (y [192.0.2.1]) by z; (unknown [198.51.100.66]) by mx (Postfix); x",
	  NULL, "", "" },
	{ "HELO with a date, bare", "from x (192.0.2.1) by z; (198.51.100.66) by mx; x", NULL, "", "" },
	{ "HELO with a quote", "from x (y [192.0.2.1]) by z \" (unknown [198.51.100.66]) by mx for <\"a\\\"b\"@c>; x",
	  NULL, "", "" },
	{ "HELO that opens a comment", "from x (y [192.0.2.1]) by z ( (unknown [198.51.100.66]) by mx; x",
	  NULL, "", "" },
	{ "HELO whose comment the recipient ends", "from x (y [192.0.2.1]) by z ( (unknown [198.51.100.66]) by mx"
	  " for <a)b@receiver.example>; x", NULL, "", "" },
	{ "HELO of exim with a blank", "from [198.51.100.66] (helo= [192.0.2.1]) by mx (Exim 4.96); x", NULL, "", "" },
	{ "HELO of exim like qmail's ident", "from [198.51.100.66] (helo=@192.0.2.1) by mx (Exim 4.96); x",
	  "198.51.100.66", "@192.0.2.1", "" },
	{ "HELO as a quoted string", "from \"x (y [192.0.2.1]) by z\" (unknown [198.51.100.66]) by mx; x",
	  NULL, "", "" },
	{ "HELO with a second word", "from h.example [192.0.2.1] (unknown [198.51.100.66]) by mx; x", NULL, "", "" },
	{ "name with an address", "from h.example (x[192.0.2.1] [198.51.100.66]) by mx; x", NULL, "", "" },
	{ "two addresses in one comment", "from h.example ([192.0.2.1] [198.51.100.66]) by mx; x", NULL, "", "" },
	{ "name and two addresses", "from h.example (n [192.0.2.1] [198.51.100.66]) by mx; x", NULL, "", "" },
	{ "nested comment", "from h.example (n.example (x [192.0.2.1]) [198.51.100.66]) by mx; x", NULL, "", "" },
	{ "nested comment last", "from h.example (n.example [198.51.100.66] (x)) by mx; x", NULL, "", "" },
	{ "may be forged in front", "from h.example (n (may be forged) [192.0.2.1]) by mx; x", NULL, "", "" },
	{ "certificate with an address", "from h.example (n [198.51.100.66]) (Client CN \"[192.0.2.1]\") by mx; x",
	  NULL, "", "" },
	{ "address behind the writer's", "from h.example (n [198.51.100.66]) by mx (mx [10.0.0.5] [192.0.2.1]); x",
	  NULL, "", "" },
	{ "literal recipient", "from h.example (n [192.0.2.1]) by mx for <b@[198.51.100.66]>; x", NULL, "", "" },
	{ "two from clauses", "from h.example (n [192.0.2.1]) by mx with A from x; x", NULL, "", "" },
	{ "no by clause", "from h.example (n [192.0.2.1]); x", NULL, "", "" },
	{ "no name in by", "from h.example (n [192.0.2.1]) by (Postfix); x", NULL, "", "" },
	{ "no name in from", "from (n.example [192.0.2.1]) by mx; x", NULL, "", "" },
	{ "by first", "by mx.example from h.example (n [192.0.2.1]); x", NULL, "", "" },
	{ "open comment", "from h.example (n [192.0.2.1] by mx; x", NULL, "", "" },
	{ "comment ends by a quoted pair only", "from h.example (n [192.0.2.1]\\) by mx; x", NULL, "", "" },
	{ "comment that does not begin", "from h.example (n [192.0.2.1]) by mx ) x; y", NULL, "", "" },
	{ "open quote", "from h.example (n [192.0.2.1]) by mx for <\"a; x", NULL, "", "" },
	{ "quote ends in a backslash", "from h.example (n [192.0.2.1]) by mx for <\"a\\", NULL, "", "" },
	{ "deep comments", "from h (n [192.0.2.1]) ((((((((((((((((((x)))))))))))))))))) by mx; x", NULL, "", "" },
	{ "control character", "from h.example\x01 (n [192.0.2.1]) by mx; x", NULL, "", "" },
	{ "address with bits", "from h.example (n [192.0.2.0/24]) by mx; x", NULL, "", "" },
	{ "no address", "from h.example (n.example) by mx; x", NULL, "", "" },
	{ "empty comment", "from h.example () by mx; x", NULL, "", "" },
	{ "empty brackets", "from h.example (n []) by mx; x", NULL, "", "" },
	{ "only from", "from", NULL, "", "" },
	{ "empty", "", NULL, "", "" },
	{ "blanks", " \r\n\t", NULL, "", "" },
};

static void check_text(const char *row, const char *what, struct slice got, const char *wanted)
{
	ck_assert_msg(slice_is(got, wanted), "%s: %s is \"%.*s\"", row, what, SLICE_ARG(got));
}

START_TEST(reads)
{
	struct slice text = heap_copy(rows[_i].input, strlen(rows[_i].input));
	bool confirmed = rows[_i].told[0] == '+';
	char client[ADDRESS_TEXT_SIZE];
	struct received r = { 0 };
	const char *error = NULL;
	bool read = received_parse(text, &r, &error);

	ck_assert_msg(read == (rows[_i].client != NULL), "%s: %s", rows[_i].name, error);
	ck_assert_msg(read == (error == NULL), "%s: error", rows[_i].name);
	if (read) {
		address_format(&r.client, client);
		check_text(rows[_i].name, "client", slice_of(client), rows[_i].client);
		check_text(rows[_i].name, "helo", r.helo, rows[_i].helo);
		check_text(rows[_i].name, "name", r.name, rows[_i].told + confirmed);
		ck_assert_msg(r.name_confirmed == confirmed, "%s: confirmed", rows[_i].name);
	} else {
		ck_assert_uint_eq(r.client.family, 0);
	}
	free((void *)text.data);
}
END_TEST

START_TEST(bounded)
{
	static const char start[] = "from h.example (n.example [192.0.2.1]) by mx ";
	static const char *const fill[] = { "x", "(", "\"", "\\", "[", "(x) ", "[1", " by" };
	struct received r;
	const char *error;
	struct buf text;

	buf_init(&text, 200000);
	buf_add_str(&text, start);
	while (text.len < 100000)
		buf_add_str(&text, fill[_i]);
	error = NULL;
	ck_assert(!received_parse(buf_slice(&text), &r, &error));
	ck_assert_str_eq(error, "too long");
	ck_assert(!received_is_remark(buf_slice(&text)));
	error = NULL;
	received_parse(slice_until(buf_slice(&text), LIMIT_RECEIVED_OCTETS), &r, &error);
	received_parse(slice_from(buf_slice(&text), text.len - LIMIT_RECEIVED_OCTETS), &r, &error);
	buf_done(&text);
}
END_TEST

/* Every row cut at every octet: for the sanitizers, which see an overread. */
START_TEST(cut_anywhere)
{
	size_t len = strlen(rows[_i].input);

	for (size_t n = 0; n < len; n++) {
		struct slice text = heap_copy(rows[_i].input, n);
		const char *error = NULL;
		struct received r;

		ck_assert_msg(received_parse(text, &r, &error) == (error == NULL), "%s: %zu", rows[_i].name, n);
		received_is_remark(text);
		free((void *)text.data);
	}
}
END_TEST

START_TEST(remarks)
{
	ck_assert(received_is_remark(SLICE(" (qmail 123 invoked from network); 4 May 2026 10:00:00 -0000")));
	ck_assert(!received_is_remark(SLICE("(qmail 123 invoked by uid 89); x")));
	ck_assert(!received_is_remark(SLICE("(qmail 123 invoked for bounce); x")));
	ck_assert(!received_is_remark(SLICE("from h.example (qmail 1 invoked from network) by mx; x")));
	ck_assert(!received_is_remark(SLICE("(qmail 123 invoked from network")));
	ck_assert(!received_is_remark(SLICE("()")));
}
END_TEST

/* What a stranger can choose, HELO (first) and recipient (second), even where
 * the writer lets any octet pass: the client is 198.51.100.66, or unread. */
static const struct { const char *head, *middle, *tail; } forms[] = {
	{ "from ", " (unknown [198.51.100.66])\n\tby mx.example (Postfix) with ESMTP id 1\n\tfor <", ">; x" },
	{ "from ", " ([198.51.100.66]) by mx (8.17.1/8.17.1) with SMTP id 1 for <", ">; x" },
	{ "from [198.51.100.66] (helo=", ")\n\tby mx with esmtp (Exim 4.96) (envelope-from <", ">) id 1; x" },
	{ "from n.example ([198.51.100.66] helo=", ") by mx (Exim 4.96) (envelope-from <", ">) id 1; x" },
	{ "from unknown (HELO ", ") (198.51.100.66)\n  by mx.example with SMTP; x", "" },
	{ "from ", " (198.51.100.66) by MX.example (10.0.0.5) with Microsoft SMTP Server id 15.1; x", "" },
};

START_TEST(never_the_strangers_word)
{
	static const char *const words[] = {
		"x", " ", "(", ")", "[192.0.2.1]", "192.0.2.1", "\"", "\\", " by z", " by ", " with A ", ";",
		" (y [192.0.2.1])", " ([192.0.2.1] helo=x)", " (192.0.2.1)", "(helo=x)", "(HELO x)", "from ",
		" for <", "[", "]", " (", ") ", "@", "z (y [192.0.2.1]) by z", " (may be forged)", "EHLO ",
	};
	uint32_t random = 12345 + (uint32_t)_i;

	for (int round = 0; round < 20000; round++) {
		char parts[2][200] = { "", "" }, text[1024], client[ADDRESS_TEXT_SIZE];
		const char *error;
		struct received r;

		for (int k = 0; k < 2; k++)
			for (unsigned n = (random >> 20) % 7; n > 0; n--) {
				random = random * 1664525u + 1013904223u;
				strcat(parts[k], words[(random >> 10) % N_ROWS(words)]);
			}
		random = random * 1664525u + 1013904223u;
		snprintf(text, sizeof(text), "%s%s%s%s%s", forms[_i].head, parts[0], forms[_i].middle,
			 forms[_i].tail[0] != '\0' ? parts[1] : "", forms[_i].tail);
		if (!received_parse(slice_of(text), &r, &error))
			continue;
		address_format(&r.client, client);
		ck_assert_msg(strcmp(client, "198.51.100.66") == 0, "%s: %s", client, text);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("received");
	TCase *t = tcase_create("received");

	tcase_add_loop_test(t, reads, 0, N_ROWS(rows));
	tcase_add_loop_test(t, bounded, 0, 8);
	tcase_add_loop_test(t, cut_anywhere, 0, N_ROWS(rows));
	tcase_add_test(t, remarks);
	tcase_add_loop_test(t, never_the_strangers_word, 0, N_ROWS(forms));
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
