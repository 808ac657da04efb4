#include "testmain.h"

#include <unistd.h>

#include "alignctl.h"
#include "auth/keyfetch.h"
#include "base/buf.h"
#include "base/clock.h"
#include "replay_date.h"
#include "replay_envelope.h"
#include "replay_mbox.h"
#include "replay_message.h"
#include "replay_state.h"
#include "replay_tally.h"

/* The program's own are in the file with main(). */
int tool_fail(const char *name, int code, const char *format, ...)
{
	(void)name;
	(void)format;
	return code;
}

struct settings *tool_settings(const char *name, const char *path)
{
	(void)name;
	(void)path;
	return NULL;
}

static void ck_time(const char *name, int64_t got_ms, const char *wanted)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(got_ms, text);
	ck_assert_msg(strncmp(text, wanted, strlen(wanted)) == 0, "%s: %s, wanted %s", name, text, wanted);
}

/* ---- dates ---- */

static const struct {
	const char *text, *wanted;      /* NULL: none */
} date_rows[] = {
	{ "Mon, 4 May 2026 10:20:30 +0200", "2026-05-04T08:20:30" },
	{ " 4 May 2026 10:20 -0430 (VET; x)", "2026-05-04T14:50:00" },
	{ "Mon,  4 MAY 26 10:20:30 GMT\r\n", "2026-05-04T10:20:30" },
	{ "4 May 99 10:20:30 EST", "1999-05-04T15:20:30" },
	{ "4 May 104 10:20:30 PDT", "2004-05-04T17:20:30" },
	{ "4 May 2026 10:20:30", "2026-05-04T10:20:30" },
	{ "4 May 2026 10:20:30 Z", "2026-05-04T10:20:30" },
	{ "31 Dec 2026 23:59:60 +0000", "2027-01-01T00:00:00" },
	{ "", NULL }, { "Mon", NULL }, { "Mon, 4", NULL }, { "0 May 2026 10:20:30 +0000", NULL },
	{ "32 May 2026 10:20:30 +0000", NULL }, { "4 Mai 2026 10:20:30 +0000", NULL },
	{ "4 May 1969 10:20:30 +0000", NULL }, { "4 May 20260 10:20:30 +0000", NULL },
	{ "4 May 2026 24:20:30 +0000", NULL }, { "4 May 2026 10:20:30:1 +0000", NULL },
	{ "4 May 2026 10 +0000", NULL }, { "4 May 2026 10:20:30 +0261", NULL },
	{ "4 May 2026 10:20:30 +02", NULL }, { "4 May 2026 10:20:30 \x80", NULL },
	{ "2026-05-04T10:20:30Z", NULL },
	{ "1 Jan 1970 02:00:00 +0200", "1970-01-01T00:00:00" },
	{ "1 Jan 1970 01:59:59 +0200", NULL }, { "31 Dec 9999 23:00:00 -0100", NULL },
	{ "31 Dec 9999 22:59:59 -0100", "9999-12-31T23:59:59" },
};

START_TEST(dates)
{
	const char *text = date_rows[_i].text;
	struct slice copy = heap_copy(text, strlen(text));
	int64_t ms = 0;
	bool found = replay_date_parse(copy, &ms);

	ck_assert_msg(found == (date_rows[_i].wanted != NULL), "\"%s\"", text);
	if (found)
		ck_time(text, ms, date_rows[_i].wanted);
	free((void *)copy.data);
}
END_TEST

/* ---- envelopes ---- */

#define MX "Received: from h.example (h.example [192.0.2.1]) by mx.receiver.example with ESMTP id 1;" \
	" Mon, 4 May 2026 10:20:30 +0000\n"
#define FORGED "Received: from bank.example (bank.example [192.0.2.9]) by x; Mon, 4 May 2020 1:2:3 +0000\n"
#define LMTP "Received: from mx.receiver.example ([127.0.0.1]) by imap with LMTP id 2; x\n"
#define BY_ONLY "Received: by imap.receiver.example (x, from userid 5) id 3; Tue, 5 May 2026 10:20:30 +0000\n"
#define PATHS "Return-Path: <s@example.com>\nDelivered-To: u@receiver.example\n"
#define KNOWN "192.0.2.1", "h.example", "<s@example.com>", "u@receiver.example", "2026-05-04T10:20:30"
#define OLD "2000-01-01"

static const struct {
	const char *name, *header;
	unsigned hops;
	const char *client, *helo, *mail_from, *rcpt, *when;
	unsigned assumed, own_received;
	bool authenticated;
} envelope_rows[] = {
	{ "all known", PATHS MX FORGED "From: a\n", 0, KNOWN, 0, 1, false },
	{ "below the MX is a stranger's", MX PATHS FORGED, 0, "192.0.2.1", "h.example", "<>", "",
	  "2026-05-04T10:20:30", ASSUMED_NULL_SENDER | ASSUMED_NO_RCPT, 1, false },
	{ "LMTP on loopback", PATHS LMTP MX, 0, KNOWN, ASSUMED_PASSED_OVER, 2, false },
	{ "a delivery agent's", BY_ONLY PATHS MX, 0, KNOWN, ASSUMED_PASSED_OVER, 2, false },
	{ "one hop", "Received: from mx ([192.0.2.200]) by imap; x\n" PATHS MX FORGED, 1, KNOWN, 0, 2, false },
	{ "a hop too many", PATHS MX, 1, NULL, "", "<s@example.com>", "u@receiver.example", OLD,
	  ASSUMED_NO_RECEIVED | ASSUMED_FILE_TIME, 0, false },
	{ "X-Original-To is nearer to the envelope", "X-Original-To: list@receiver.example\n" PATHS MX, 0,
	  "192.0.2.1", "h.example", "<s@example.com>", "list@receiver.example", "2026-05-04T10:20:30", 0, 1,
	  false },
	{ "Exim's name for it", "Return-path: <s@example.com>\nEnvelope-to: u@receiver.example\n" MX, 0,
	  KNOWN, 0, 1, false },
	{ "the uppermost counts", PATHS "Return-Path: <x@forger.example>\nDelivered-To: x@y\n" MX, 0, KNOWN,
	  0, 1, false },
	{ "null sender", "Return-Path: <>\n" MX, 0, "192.0.2.1", "h.example", "<>", "",
	  "2026-05-04T10:20:30", ASSUMED_NO_RCPT, 1, false },
	{ "nothing", "From: a@example.com\n", 0, NULL, "", "<>", "", OLD, ASSUMED_NO_RECEIVED |
	  ASSUMED_NULL_SENDER | ASSUMED_NO_RCPT | ASSUMED_FILE_TIME, 0, false },
	{ "unread: nothing below is taken", "Received: from h by mx; Mon, 4 May 2026 10:20:30 +0000\n" MX PATHS,
	  0, NULL, "", "<>", "", "2026-05-04T10:20:30", ASSUMED_UNREAD | ASSUMED_NULL_SENDER |
	  ASSUMED_NO_RCPT, 1, false },
	{ "unread below a content filter", PATHS LMTP "Received: from h by mx; Mon, 4 May 2026 10:20:30 +0000\n"
	  MX, 0, NULL, "", "<s@example.com>", "u@receiver.example", "2026-05-04T10:20:30",
	  ASSUMED_UNREAD | ASSUMED_PASSED_OVER, 2, false },
	{ "loopback to the end", PATHS LMTP BY_ONLY, 0, "127.0.0.1", "mx.receiver.example",
	  "<s@example.com>", "u@receiver.example", OLD, ASSUMED_LOCAL | ASSUMED_FILE_TIME, 1, false },
	{ "logged in", PATHS "Received: from pc ([192.0.2.7]) (with ESMTP) by mx with\n\tESMTPSA (x) id 1;"
	  " Mon, 4 May 2026 10:20:30 +0000\n", 0, "192.0.2.7", "pc", "<s@example.com>",
	  "u@receiver.example", "2026-05-04T10:20:30", 0, 1, true },
	{ "its word in a stranger's field", PATHS "Received: from with.ESMTPSA ([192.0.2.7]) by mx (with ESMTPSA)"
	  " with ESMTP for <\"with ESMTPSA \"@example.com>; Mon, 4 May 2026 10:20:30 +0000\n", 0, "192.0.2.7",
	  "with.ESMTPSA", "<s@example.com>", "u@receiver.example", "2026-05-04T10:20:30", 0, 1, false },
	{ "qmail's remark", PATHS "Received: (qmail 1 invoked from network); x\nReceived: from unknown"
	  " (HELO h.example) (192.0.2.1) by mx with SMTP; 4 May 2026 10:20:30 -0000\n", 0, KNOWN, 0, 2, false },
	{ "no date", PATHS "Received: from h.example ([192.0.2.1]) by mx\n", 0, "192.0.2.1", "h.example",
	  "<s@example.com>", "u@receiver.example", OLD, ASSUMED_FILE_TIME, 1, false },
	{ "a date to come", PATHS "Received: from h.example ([192.0.2.1]) by mx; 4 May 2036 1:2:3 +0000\n", 0,
	  "192.0.2.1", "h.example", "<s@example.com>", "u@receiver.example", OLD, ASSUMED_FILE_TIME, 1,
	  false },
	{ "cut in the middle of a quoted-string", "Received: from h ([192.0.2.1]) by mx for \"\\", 0, NULL, "",
	  "<>", "", OLD, ASSUMED_UNREAD | ASSUMED_NULL_SENDER | ASSUMED_NO_RCPT | ASSUMED_FILE_TIME, 1, false },
};

START_TEST(envelopes)
{
	const char *name = envelope_rows[_i].name, *header = envelope_rows[_i].header;
	struct slice copy = heap_copy(header, strlen(header));
	char client[ADDRESS_TEXT_SIZE] = "";
	struct replay_envelope got;
	int64_t file_ms, now_ms;

	ck_assert(clock_parse(slice_of(OLD), &file_ms) && clock_parse(slice_of("2027-01-01"), &now_ms));
	replay_envelope_read(copy, envelope_rows[_i].hops, file_ms, now_ms, &got);
	if (got.arrival.client.family != 0)
		address_format(&got.arrival.client, client);
	ck_assert_msg(strcmp(client, envelope_rows[_i].client != NULL ? envelope_rows[_i].client : "") == 0,
		      "%s: client %s", name, client);
	ck_assert_msg(slice_is(got.arrival.helo, envelope_rows[_i].helo), "%s: helo", name);
	ck_assert_msg(slice_is(got.arrival.mail_from, envelope_rows[_i].mail_from), "%s: sender", name);
	ck_assert_msg(slice_is(got.rcpt, envelope_rows[_i].rcpt), "%s: recipient", name);
	ck_time(name, got.arrival.when_ms, envelope_rows[_i].when);
	ck_assert_msg(got.assumed == envelope_rows[_i].assumed, "%s: assumed %#x", name, got.assumed);
	ck_assert_msg(got.own_received == envelope_rows[_i].own_received, "%s: own %u", name,
		      got.own_received);
	ck_assert_msg(got.arrival.authenticated == envelope_rows[_i].authenticated, "%s: login", name);
	free((void *)copy.data);
}
END_TEST

/* ---- mbox ---- */

#define PAD64 "0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQ\n"

static const struct {
	const char *name, *text;
	size_t limit;
	const char *wanted[4];          /* "": too large */
} mbox_rows[] = {
	{ "two", "From a\nA: b\n\nx\n\nFrom b\nC: d\n\ny\n", 100, { "From a\nA: b\n\nx\n", "From b\nC: d\n\ny\n" } },
	{ "CRLF", "From a\r\nA: b\r\n\r\nx\r\n\r\nFrom b\r\n", 100, { "From a\r\nA: b\r\n\r\nx\r\n", "From b\r\n" } },
	{ "From inside of a paragraph", "From a\n\nx\nFrom here\n", 100, { "From a\n\nx\nFrom here\n" } },
	{ "quoted", "From a\n\n>From x\n>>From y\n >From z\n", 100, { "From a\n\nFrom x\n>>From y\n >From z\n" } },
	{ "quoted behind an empty line starts nothing", "From a\n\n>From x\n", 100, { "From a\n\nFrom x\n" } },
	{ "From alone", "From a\n\nFromage\n\nFrom:\n\nFrom", 100, { "From a\n\nFromage\n\nFrom:\n\nFrom" } },
	{ "too large in the middle", "From a\n\nFrom b\nxxxxxxxxxxxxxxxxxxxxx\n\nFrom c\n", 20,
	  { "From a\n", "", "From c\n" } },
	{ "no line end", "From a\n\nx", 100, { "From a\n\nx" } },
	{ "only separators", "From a\n\nFrom b\n\nFrom c", 100, { "From a\n", "From b\n", "From c" } },
	{ "no mark at the start", "A: b\n\nFrom b\nx\n", 100, { "From b\nx\n" } },
	{ "no mark", "A: b\nFrom b\nx\n", 100, { NULL } },
	{ "nothing", "", 100, { NULL } },
};

static int file_of(const char *text, size_t len)
{
	char path[] = "test-replay-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

START_TEST(mboxes)
{
	const char *name = mbox_rows[_i].name, *text = mbox_rows[_i].text;
	struct replay_mbox *mbox = replay_mbox_new(file_of(text, strlen(text)), mbox_rows[_i].limit);
	struct replay_mbox_message got = { 0 };
	unsigned n = 0;

	for (; mbox_rows[_i].wanted[n] != NULL; n++) {
		const char *wanted = mbox_rows[_i].wanted[n];

		ck_assert_msg(replay_mbox_next(mbox, &got) == 1, "%s: %u", name, n);
		ck_assert_msg(slice_is(slice_new(got.data, got.len), wanted) &&
			      (got.data == NULL) == (wanted[0] == '\0'), "%s: %u: \"%.*s\"", name, n,
			      (int)got.len, got.data);
		free(got.data);
	}
	ck_assert_msg(replay_mbox_next(mbox, &got) == 0, "%s: more than %u", name, n);
	ck_assert_msg(n == 0 || got.end == strlen(text), "%s: octets", name);
	replay_mbox_free(mbox);
}
END_TEST

/* A mark wherever the octets that are read at once end. */
START_TEST(mbox_chunks)
{
	struct replay_mbox_message got;
	struct replay_mbox *mbox;
	struct buf text;
	size_t first;

	buf_init(&text, 200000);
	buf_add_str(&text, "From a\r\n");
	while (text.len < (size_t)65536 - 64 - 16)
		buf_add_str(&text, PAD64);
	for (int i = 0; i < _i; i++)
		buf_add_char(&text, 'x');
	buf_add_str(&text, "\r\n>From q\r\n");
	first = text.len;
	buf_add_str(&text, "\r\nFrom b\r\n\r\nend\r\n");
	mbox = replay_mbox_new(file_of(buf_str(&text), text.len), 200000);
	ck_assert_int_eq(replay_mbox_next(mbox, &got), 1);
	ck_assert_uint_eq(got.len, first - 1);
	ck_assert(memcmp(got.data + got.len - 10, "\r\nFrom q\r\n", 10) == 0);
	free(got.data);
	ck_assert_int_eq(replay_mbox_next(mbox, &got), 1);
	ck_assert(slice_is(slice_new(got.data, got.len), "From b\r\n\r\nend\r\n"));
	free(got.data);
	ck_assert_int_eq(replay_mbox_next(mbox, &got), 0);
	replay_mbox_free(mbox);
	buf_done(&text);
}
END_TEST

/* ---- what is no message ---- */

static const struct {
	const char *name;
	struct slice content;
	enum replay_fault wanted;
} split_rows[] = {
	{ "message", SLICE("From: a\n\nx\n"), FAULT_NONE },
	{ "header alone", SLICE("From: a"), FAULT_NONE },
	{ "a blank before the colon", SLICE("From : a\n"), FAULT_NONE },
	{ "behind a mark", SLICE("From a@b date\nFrom: a\n\nx\n"), FAULT_NONE },
	{ "NUL in the body", SLICE("From: a\n\n\0\n"), FAULT_NONE },
	{ "NUL in the header", SLICE("From: a\0\n\nx\n"), FAULT_NUL },
	{ "binary", SLICE("\x89PNG\r\n\x1a\n\0\0"), FAULT_BINARY },
	{ "NUL first", SLICE("\0From: a\n"), FAULT_BINARY },
	{ "text", SLICE("Dear all,\nhello: you\n"), FAULT_NO_HEADER },
	{ "begins with a fold", SLICE(" From: a\n"), FAULT_NO_HEADER },
	{ "begins with an empty line", SLICE("\nFrom: a\n"), FAULT_NO_HEADER },
	{ "a mark alone", SLICE("From a@b date\n"), FAULT_NO_HEADER },
	{ "8-bit name", SLICE("Fr\xc3\xb6m: a\n"), FAULT_NO_HEADER },
	{ "a colon alone", SLICE(": a\n"), FAULT_NO_HEADER },
};

START_TEST(splits)
{
	struct slice copy = heap_copy(split_rows[_i].content.data, split_rows[_i].content.len);
	struct tool_text text;

	ck_assert_msg(replay_message_split(copy, &text) == split_rows[_i].wanted, "%s", split_rows[_i].name);
	free((void *)copy.data);
}
END_TEST

/* ---- ids ---- */

START_TEST(ids)
{
	uint64_t a = replay_id("/m/1", SLICE("x")), number = 0;
	char line_id[64];

	ck_assert(a == replay_id("/m/1", SLICE("x")));
	ck_assert(a != replay_id("/m/2", SLICE("x")) && a != replay_id("/m/1", SLICE("y")));
	ck_assert(replay_id("/m/1", SLICE("1x")) != replay_id("/m/11", SLICE("x")));
	ck_assert(a < UINT64_C(1000000000000000000));
	snprintf(line_id, sizeof(line_id), REPLAY_ID "%llu", (unsigned long long)a);
	ck_assert(replay_id_parse(REPLAY_ID, line_id, &number) && number == a);
	ck_assert(!replay_id_parse(REPLAY_ID, "mx1-0-1", &number) && !replay_id_parse(REPLAY_ID, NULL, &number));
	ck_assert(!replay_id_parse(REPLAY_ID, REPLAY_ID "1000000000000000000", &number));
}
END_TEST

START_TEST(seen)
{
	struct replay_seen *set = replay_seen_new();

	for (uint64_t i = 0; i < 5000; i++)
		replay_seen_earlier(set, i * 1024);
	for (uint64_t i = 0; i < 5000; i++)
		ck_assert_int_eq(replay_seen_now(set, i * 1024), SEEN_EARLIER);
	for (uint64_t i = 0; i < 5000; i++)
		ck_assert_int_eq(replay_seen_now(set, i * 1024 + 1), SEEN_NEVER);
	ck_assert_int_eq(replay_seen_now(set, 0), SEEN_NOW);
	ck_assert_int_eq(replay_seen_now(set, 1), SEEN_NOW);
	replay_seen_free(set);
}
END_TEST

/* ---- keys that are gone ---- */

#define GONE RES_DKIM_PERMERROR, KEYFETCH_NO_KEY

static const struct {
	const char *name;
	enum dkim_result result;
	const char *reason, *d;
	enum dmarc_result dmarc;
	uint64_t gone, broken, refused, fail_gone;
} key_rows[] = {
	{ "gone, the author's", GONE, "mail.example.com", RES_DMARC_FAIL, 1, 0, 0, 1 },
	{ "gone, and passed otherwise", GONE, "example.com", RES_DMARC_PASS, 1, 0, 0, 0 },
	{ "gone, of somebody else", GONE, "example.org", RES_DMARC_FAIL, 1, 0, 0, 0 },
	{ "gone, no domain", GONE, NULL, RES_DMARC_FAIL, 1, 0, 0, 0 },
	{ "broken", RES_DKIM_FAIL, "x", "example.com", RES_DMARC_FAIL, 0, 1, 0, 0 },
	{ "revoked", RES_DKIM_PERMERROR, "key revoked", "example.com", RES_DMARC_FAIL, 0, 0, 1, 0 },
	{ "refused without a word", RES_DKIM_POLICY, NULL, "example.com", RES_DMARC_FAIL, 0, 0, 1, 0 },
};

START_TEST(keys)
{
	struct dkim_evidence dkim = { .result = key_rows[_i].result, .reason = key_rows[_i].reason,
				      .d = key_rows[_i].d };
	struct decision decision = {
		.evidence = { .exempt = EXEMPT_NO, .dkim = &dkim, .n_dkim = 1, .n_authors = 1, .when_ms = 1 },
		.verdict = { .result = key_rows[_i].dmarc, .chosen = ACTION_ACCEPT },
	};
	struct replay_tally tally = { 0 };

	decision.evidence.authors[0].domain = "www.example.com";
	decision.evidence.authors[0].policy.org = (struct org){ .status = ORG_KNOWN, .domain = "example.com" };
	replay_tally_decision(&tally, &decision);
	ck_assert_msg(tally.key_gone == key_rows[_i].gone && tally.broken == key_rows[_i].broken &&
		      tally.refused == key_rows[_i].refused && tally.verified == 0 &&
		      tally.fail_key_gone == key_rows[_i].fail_gone, "%s", key_rows[_i].name);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("replay");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, dates, 0, N_ROWS(date_rows));
	tcase_add_loop_test(tc, envelopes, 0, N_ROWS(envelope_rows));
	tcase_add_loop_test(tc, mboxes, 0, N_ROWS(mbox_rows));
	tcase_add_loop_test(tc, mbox_chunks, 0, 140);
	tcase_add_loop_test(tc, splits, 0, N_ROWS(split_rows));
	tcase_add_test(tc, ids);
	tcase_add_test(tc, seen);
	tcase_add_loop_test(tc, keys, 0, N_ROWS(key_rows));
	suite_add_tcase(s, tc);
	return s;
}

TEST_MAIN(suite())
