/* Whole messages through lib/judge, with DNS from a zone file and the settings
 * of a file: what the daemon, alignctl check and the runners share. */
#include "testmain.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "judge/draws.h"
#include "judge/message.h"

static const char *const zone_lines[] = {
	"example.com TXT \"v=spf1 ip4:192.0.2.1 -all\"",
	"_dmarc.example.com TXT \"v=DMARC1; p=reject; sp=quarantine\"",
	"a.example.com A 192.0.2.9",
	"open.example TXT \"v=spf1 ip4:192.0.2.1 -all\"",
	"_dmarc.open.example TXT \"v=DMARC1; p=none; np=reject\"",
	"there.open.example A 192.0.2.9",
	"_dmarc.late.example TIMEOUT",
	"forger.example TXT \"v=spf1 ip4:198.51.100.66 -all\"",
	"mail.example.com TXT \"v=spf1 ip4:192.0.2.1 -all\"",
	"xn--bcher-kva.example TXT \"v=spf1 ip4:192.0.2.1 -all\"",
	"_dmarc.xn--bcher-kva.example TXT \"v=DMARC1; p=reject\"",
};

static struct settings *settings;
static struct engine *engine;

static struct settings *settings_from(const char *text)
{
	char path[] = "test-message-XXXXXX";
	struct settings_faults faults;
	int fd = mkstemp(path);
	struct settings *loaded;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	loaded = settings_load(path, &faults);
	unlink(path);
	ck_assert_msg(loaded != NULL, "%s", faults.n > 0 ? faults.lines[0] : "?");
	settings_faults_free(&faults);
	return loaded;
}

static void open_engine(const char *more)
{
	struct resolver *zone = resolver_zone_new();
	const char *error = NULL;
	char text[1024];

	snprintf(text, sizeof(text), "dry_run = false; quarantine: { method = \"header\"; };"
		 "authserv_id = \"mx.receiver.example\"; %s", more);
	for (int i = 0; i < N_ROWS(zone_lines); i++)
		ck_assert_int_eq(resolver_zone_add_line(zone, zone_lines[i], &error), 0);
	settings = settings_from(text);
	engine = engine_open_with(settings, zone, &error);
	ck_assert_msg(engine != NULL, "%s", error);
}

static void close_engine(void)
{
	engine_unref(engine);
	settings_unref(settings);
}

static struct arrival arrival_from(const char *ip, const char *helo, const char *mail_from)
{
	struct arrival arrival = { .helo = slice_of(helo), .mail_from = slice_of(mail_from) };

	if (ip != NULL)
		ck_assert(address_parse(slice_of(ip), &arrival.client));
	return arrival;
}

/* Header lines "Name: value", ended by NULL. */
static const struct verdict *run(struct message *m, const char *const *fields)
{
	message_rcpt(m, SLICE("<b@receiver.example>"));
	for (; *fields != NULL; fields++) {
		struct slice line = slice_of(*fields);
		size_t colon = slice_find(line, ':');

		message_header(m, slice_until(line, colon), slice_from(line, colon + 1));
	}
	message_eoh(m);
	message_body(m, "Hello\r\n", 7);
	return message_judge(m, NULL, NULL);
}

#define FORGER "198.51.100.66", "forger.example", "<x@forger.example>"
#define GENUINE "192.0.2.1", "mail.example.com", "<bounce@example.com>"

static const struct {
	const char *name, *ip, *helo, *mail_from;
	const char *fields[4];
	enum dmarc_result result;
	enum disposition asked;
	enum action chosen;
	const char *author;             /* of the decisive one */
} rows[] = {
	{ "genuine", GENUINE, { "From: a@example.com" }, RES_DMARC_PASS, DISPOSITION_NONE,
	  ACTION_ACCEPT, "example.com" },
	{ "forged", FORGER, { "From: a@example.com" }, RES_DMARC_FAIL, DISPOSITION_REJECT,
	  ACTION_REJECT, "example.com" },
	{ "forged subdomain that is there", FORGER, { "From: a@a.example.com" }, RES_DMARC_FAIL,
	  DISPOSITION_QUARANTINE, ACTION_QUARANTINE, "a.example.com" },
	{ "subdomain that is there, np=reject", FORGER, { "From: a@there.open.example" },
	  RES_DMARC_FAIL, DISPOSITION_NONE, ACTION_ACCEPT, "there.open.example" },
	{ "subdomain that is not there, np=reject", FORGER, { "From: a@gone.open.example" },
	  RES_DMARC_FAIL, DISPOSITION_REJECT, ACTION_REJECT, "gone.open.example" },
	{ "genuine under the author's organization", "192.0.2.1", "mail.example.com",
	  "<x@example.com>", { "From: a@a.example.com" }, RES_DMARC_PASS, DISPOSITION_NONE,
	  ACTION_ACCEPT, "a.example.com" },
	{ "null sender: HELO is the identity", "192.0.2.1", "mail.example.com", "<>",
	  { "From: a@example.com" }, RES_DMARC_PASS, DISPOSITION_NONE, ACTION_ACCEPT, "example.com" },
	{ "quoted @ in the envelope sender", "192.0.2.1", "h.example",
	  "<\"x@example.com\"@forger.example>", { "From: a@example.com" }, RES_DMARC_FAIL,
	  DISPOSITION_REJECT, ACTION_REJECT, "example.com" },
	{ "source route in the envelope sender", "192.0.2.1", "h.example",
	  "<@forger.example:a@example.com>", { "From: a@example.com" }, RES_DMARC_PASS,
	  DISPOSITION_NONE, ACTION_ACCEPT, "example.com" },
	{ "no From", GENUINE, { "Subject: x" }, RES_DMARC_PERMERROR, DISPOSITION_NONE,
	  ACTION_QUARANTINE, NULL },
	{ "two From fields, one written oddly", GENUINE, { "From: a@example.com", "from : b@open.example" },
	  RES_DMARC_PERMERROR, DISPOSITION_NONE, ACTION_QUARANTINE, NULL },
	{ "two authors, one forged", FORGER, { "From: x@forger.example, a@example.com" },
	  RES_DMARC_FAIL, DISPOSITION_REJECT, ACTION_REJECT, "example.com" },
	{ "five authors", FORGER, { "From: a@a.example, a@b.example, a@c.example, a@d.example, a@e.example" },
	  RES_DMARC_PERMERROR, DISPOSITION_NONE, ACTION_QUARANTINE, NULL },
	{ "display name is no author", FORGER, { "From: \"a@example.com\" <x@forger.example>" },
	  RES_DMARC_NONE, DISPOSITION_NONE, ACTION_ACCEPT, "forger.example" },
	{ "U-labels", "192.0.2.1", "h.example", "<x@b\xC3\xBC" "cher.example>",
	  { "From: x@B\xC3\xBC" "cher.example" }, RES_DMARC_PASS, DISPOSITION_NONE, ACTION_ACCEPT,
	  "xn--bcher-kva.example" },
	{ "policy that never comes", GENUINE, { "From: a@late.example" }, RES_DMARC_TEMPERROR,
	  DISPOSITION_NONE, ACTION_ACCEPT, "late.example" },
	{ "client unknown", NULL, "h.example", "<a@example.com>", { "From: a@example.com" },
	  RES_DMARC_FAIL, DISPOSITION_REJECT, ACTION_REJECT, "example.com" },
};

START_TEST(judges)
{
	struct arrival arrival = arrival_from(rows[_i].ip, rows[_i].helo, rows[_i].mail_from);
	const struct verdict *v;
	struct message *m;

	open_engine("mode = \"honor\";");
	m = message_new(engine, &arrival);
	v = run(m, rows[_i].fields);
	ck_assert_msg(v->result == rows[_i].result, "%s: %s", rows[_i].name,
		      names_get(dmarc_result_names, (int)v->result));
	ck_assert_msg(v->asked == rows[_i].asked, "%s: asked", rows[_i].name);
	ck_assert_msg(v->chosen == rows[_i].chosen, "%s: chosen", rows[_i].name);
	ck_assert_msg((v->decisive >= 0) == (rows[_i].author != NULL), "%s", rows[_i].name);
	if (rows[_i].author != NULL)
		ck_assert_str_eq(message_evidence(m)->authors[v->decisive].domain, rows[_i].author);
	message_free(m);
	close_engine();
}
END_TEST

START_TEST(keeps_the_evidence)
{
	static const char *const fields[] = {
		"From: a@example.com", "List-Id: <news.example.com>", "List-Post: <mailto:l@example.com>",
		"Precedence: list", "Resent-From: x@example.org", "ARC-Seal: i=1", "ARC-Seal: i=2",
		"List-Help: x", "Auto-Submitted: auto-replied", NULL,
	};
	struct arrival arrival = arrival_from("192.0.2.1", "mail.example.com",
					      "<SRS0=ab=cd=example.org=x@example.com>");
	const struct evidence *e;
	struct message *m;

	open_engine("mode = \"honor\";");
	arrival.client_name = SLICE("mail.example.com");
	arrival.client_name_confirmed = true;
	m = message_new(engine, &arrival);
	message_rcpt(m, SLICE("<c@tenant.example>"));
	message_rcpt(m, SLICE("<d@TENANT.example>"));
	run(m, fields);
	e = message_evidence(m);
	ck_assert_str_eq(e->client_ip, "192.0.2.1");
	ck_assert(e->client_name_confirmed);
	ck_assert_str_eq(e->helo_domain, "mail.example.com");
	ck_assert_uint_eq(e->n_recipients, 3);
	ck_assert_uint_eq(e->n_recipient_domains, 2);
	ck_assert_str_eq(e->recipient_domains[0], "tenant.example");
	ck_assert_str_eq(e->marks.list_id, "<news.example.com>");
	ck_assert(e->marks.list_post && e->marks.list_other && e->marks.precedence_list);
	ck_assert(e->marks.resent && e->marks.srs && e->marks.auto_submitted);
	ck_assert_uint_eq(e->marks.arc_fields, 2);
	ck_assert_int_eq(e->spf.org.status, ORG_KNOWN);
	ck_assert_str_eq(e->spf.org.domain, "example.com");
	ck_assert_str_eq(e->authors[0].policy.org.domain, "example.com");
	ck_assert_uint_eq(e->body_bytes, 7);
	ck_assert_uint_gt(e->lookups, 2);
	message_free(m);
	close_engine();
}
END_TEST

static const struct { const char *ip; bool authenticated, local; enum exemption wanted; } exempt_rows[] = {
	{ "127.0.0.1", false, false, EXEMPT_NETWORK },
	{ "::1", false, false, EXEMPT_NETWORK },
	{ "198.51.100.66", true, false, EXEMPT_AUTHENTICATED },
	{ NULL, false, true, EXEMPT_LOCAL },
	{ "192.0.2.77", false, false, EXEMPT_NETWORK },
	{ "198.51.100.66", false, false, EXEMPT_NO },
};

START_TEST(exempts)
{
	static const char *const fields[] = { "From: a@example.com", NULL };
	struct arrival arrival = arrival_from(exempt_rows[_i].ip, "x", "<x@forger.example>");
	const struct verdict *v;
	struct message *m;

	open_engine("mode = \"honor\"; exempt: { networks = [ \"127.0.0.0/8\", \"::1/128\", "
		    "\"192.0.2.64/26\" ]; };");
	arrival.authenticated = exempt_rows[_i].authenticated;
	arrival.local = exempt_rows[_i].local;
	m = message_new(engine, &arrival);
	v = run(m, fields);
	ck_assert_int_eq(message_evidence(m)->exempt, exempt_rows[_i].wanted);
	ck_assert_int_eq(v->why == WHY_EXEMPT, exempt_rows[_i].wanted != EXEMPT_NO);
	ck_assert_uint_eq(message_evidence(m)->lookups > 0, exempt_rows[_i].wanted == EXEMPT_NO);
	message_free(m);
	close_engine();
}
END_TEST

/* Mail through our own gateways (203.0.113.0/28): the client is whom their Received
 * fields name, and nothing below those fields is believed. */
#define RELAYED "relay.receiver.example", "<bounce@example.com>"
#define GATEWAY "203.0.113.1", RELAYED
#define BY " by relay.receiver.example (Postfix); x"

static const struct {
	const char *name, *ip, *helo, *mail_from;
	const char *fields[6];
	const char *relay;              /* who connected; NULL: not a relay of ours */
	unsigned hops;
	const char *unread, *client, *client_name, *client_helo;
	enum spf_result spf;
	enum exemption exempt;
} relay_rows[] = {
	{ "genuine", GATEWAY, { "Received: from mail.example.com (mail.example.com [192.0.2.1])" BY,
	  "From: a@example.com" }, "203.0.113.1", 1, NULL, "192.0.2.1", "mail.example.com",
	  "mail.example.com", RES_SPF_PASS, EXEMPT_NO },
	{ "forged", GATEWAY, { "Received: from mail.example.com (unknown [198.51.100.66])" BY,
	  "Received: from mail.example.com (mail.example.com [192.0.2.1])" BY, "From: a@example.com" },
	  "203.0.113.1", 1, NULL, "198.51.100.66", NULL, "mail.example.com", RES_SPF_FAIL, EXEMPT_NO },
	{ "no relay: its fields are a stranger's", FORGER, { "Received: from mail.example.com"
	  " (mail.example.com [192.0.2.1])" BY, "From: a@example.com" }, NULL, 0, NULL, "198.51.100.66",
	  NULL, "forger.example", RES_SPF_PASS, EXEMPT_NO },
	{ "two relays, a field between", GATEWAY, { "Received: from b.receiver.example (b [203.0.113.2])" BY,
	  "X-Spam: no", "From: a@example.com", "received : from h.example (mail.example.com [192.0.2.1]) by b" },
	  "203.0.113.1", 2, NULL, "192.0.2.1", "mail.example.com", "h.example", RES_SPF_PASS, EXEMPT_NO },
	{ "two relays, the second field is forged", GATEWAY, { "Received: from b.receiver.example"
	  " (b [203.0.113.2])" BY, "Received: from h (h [198.51.100.66]) by b", "Received: from h.example"
	  " (mail.example.com [192.0.2.1]) by b" }, "203.0.113.1", 2, NULL, "198.51.100.66", "h", "h",
	  RES_SPF_FAIL, EXEMPT_NO },
	{ "content filter on the relay", GATEWAY, { "Received: from localhost (localhost [127.0.0.1])" BY,
	  "Received: from relay.receiver.example ([127.0.0.1]) by localhost (x [127.0.0.1]) (amavisd-new); x",
	  "Received: from h.example (mail.example.com [192.0.2.1])" BY }, "203.0.113.1", 3, NULL,
	  "192.0.2.1", "mail.example.com", "h.example", RES_SPF_PASS, EXEMPT_NO },
	{ "relay with qmail", GATEWAY, { "Received: (qmail 1 invoked from network); x",
	  "Received: from unknown (HELO h.example) (192.0.2.1) by relay with SMTP; x" }, "203.0.113.1", 1,
	  NULL, "192.0.2.1", NULL, "h.example", RES_SPF_PASS, EXEMPT_NO },
	{ "null sender: the outer HELO is checked", "203.0.113.1", "forger.example", "<>",
	  { "Received: from mail.example.com (unknown [192.0.2.1])" BY }, "203.0.113.1", 1, NULL,
	  "192.0.2.1", NULL, "mail.example.com", RES_SPF_PASS, EXEMPT_NO },
	{ "unreadable", GATEWAY, { "Received: from mail.example.com by relay.receiver.example; x",
	  "Received: from mail.example.com (mail.example.com [192.0.2.1])" BY }, "203.0.113.1", 1,
	  "Received field 1: no client address", NULL, NULL, "", RES_SPF_NONE, EXEMPT_NO },
	{ "second one unreadable", GATEWAY, { "Received: from b (b [203.0.113.2])" BY, "Received: by b; x",
	  "Received: from mail.example.com (mail.example.com [192.0.2.1])" BY }, "203.0.113.1", 2,
	  "Received field 2: no from clause", NULL, NULL, "", RES_SPF_NONE, EXEMPT_NO },
	{ "none", GATEWAY, { "From: a@example.com" }, "203.0.113.1", 0, "no Received field", NULL, NULL, "",
	  RES_SPF_NONE, EXEMPT_NO },
	{ "none from outside", GATEWAY, { "Received: from localhost (localhost [127.0.0.1])" BY },
	  "203.0.113.1", 1, "no Received field names a client from outside", NULL, NULL, "", RES_SPF_NONE,
	  EXEMPT_NO },
	{ "exempt client", GATEWAY, { "From: a@example.com", "DKIM-Signature: v=1; a=rsa-sha256; d=late.example;"
	  " s=s; h=from; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA",
	  "Received: from app (app [203.0.113.77])" BY, "List-Id: <l.example>", "From: b@late.example" },
	  "203.0.113.1", 1, NULL, "203.0.113.77", "app", "app", RES_SPF_UNSET, EXEMPT_NETWORK },
	{ "relay that is exempt itself", "203.0.113.15", RELAYED, { "Received: from mail.example.com"
	  " (mail.example.com [192.0.2.1])" BY }, NULL, 0, NULL, "203.0.113.15", NULL,
	  "relay.receiver.example", RES_SPF_UNSET, EXEMPT_NETWORK },
};

static void same_text(const char *row, const char *what, const char *got, const char *wanted)
{
	ck_assert_msg((got == NULL) == (wanted == NULL) && (got == NULL || strcmp(got, wanted) == 0),
		      "%s: %s is %s", row, what, got);
}

START_TEST(looks_behind_relays)
{
	struct arrival arrival = arrival_from(relay_rows[_i].ip, relay_rows[_i].helo, relay_rows[_i].mail_from);
	const char *name = relay_rows[_i].name;
	const struct evidence *e;
	struct message *m;

	open_engine("mode = \"honor\"; internal_relays = [ \"203.0.113.0/28\" ]; exempt: { networks = [ "
		    "\"127.0.0.0/8\", \"203.0.113.15\", \"203.0.113.64/26\" ]; };");
	m = message_new(engine, &arrival);
	run(m, relay_rows[_i].fields);
	e = message_evidence(m);
	same_text(name, "relay", e->relay.ip, relay_rows[_i].relay);
	same_text(name, "unread", e->relay.unread, relay_rows[_i].unread);
	same_text(name, "client", e->client_ip, relay_rows[_i].client);
	same_text(name, "client's name", e->client_name, relay_rows[_i].client_name);
	same_text(name, "HELO", e->helo, relay_rows[_i].client_helo);
	ck_assert_msg(e->relay.hops == relay_rows[_i].hops, "%s: hops %u", name, e->relay.hops);
	ck_assert_msg(e->exempt == relay_rows[_i].exempt, "%s: exempt", name);
	ck_assert_msg(e->spf.result == relay_rows[_i].spf, "%s: spf=%s", name,
		      names_get(spf_result_names, (int)e->spf.result));
	if (e->relay.unread != NULL)
		same_text(name, "reason of spf", e->spf.reason, e->relay.unread);
	if (e->exempt == EXEMPT_NETWORK)
		ck_assert_msg(e->n_authors + e->n_dkim + e->from_fields == 0 && e->marks.list_id == NULL,
			      "%s: something was seen", name);
	message_free(m);
	close_engine();
}
END_TEST

START_TEST(relays_are_bounded)
{
	static const char inside[] = " from b (b [203.0.113.2]) by relay";
	struct arrival arrival = arrival_from(GATEWAY);
	const struct evidence *e;
	struct message *m;

	open_engine("internal_relays = [ \"203.0.113.0/28\" ];");
	m = message_new(engine, &arrival);
	for (int i = 0; i < LIMIT_RELAY_HOPS + 3; i++)
		message_header(m, SLICE("Received"), slice_of(inside));
	message_header(m, SLICE("Received"), SLICE(" from h (h [192.0.2.1]) by b"));
	message_judge(m, NULL, NULL);
	e = message_evidence(m);
	ck_assert_uint_eq(e->relay.hops, LIMIT_RELAY_HOPS);
	ck_assert_str_eq(e->relay.unread, "too many Received fields of relays");
	ck_assert_ptr_null(e->client_ip);
	message_free(m);
	close_engine();
}
END_TEST

/* Both draws are of the client that the relay saw, not of the relay. */
START_TEST(draws_look_behind_relays)
{
	static const char *const direct[] = { "From: a@example.com", "Message-ID: <1@x>", NULL };
	static const char *const relayed[] = { "Received: from h (h [192.0.2.1])" BY, "From: a@example.com",
					       "Message-ID: <1@x>", NULL };
	struct arrival near = arrival_from("192.0.2.1", "h", "<bounce@example.com>");
	struct arrival far = arrival_from(GATEWAY);
	struct message *a, *b;

	open_engine("internal_relays = [ \"203.0.113.0/28\" ];");
	a = message_new(engine, &near);
	b = message_new(engine, &far);
	run(a, direct);
	run(b, relayed);
	ck_assert_uint_eq(message_evidence(a)->sample_draw, message_evidence(b)->sample_draw);
	ck_assert_uint_eq(message_evidence(a)->enforce_draw, message_evidence(b)->enforce_draw);
	message_free(a);
	message_free(b);
	close_engine();
}
END_TEST

/* Folds go away before the length counts: what is kept of a huge field must not
 * pass for the whole of it, wherever it is cut. */
START_TEST(never_judges_a_part_of_from)
{
	static const char start[] = " x@forger.example", end[] = ", a@example.com";
	struct arrival arrival = arrival_from(FORGER);
	const struct verdict *v;
	struct message *m;
	struct buf from;

	open_engine("mode = \"honor\";");
	buf_init(&from, 131072);
	buf_add_str(&from, start);
	for (int i = 0; i < _i; i++)
		buf_add_char(&from, ' ');
	for (int i = 0; i < 20000; i++)
		buf_add_str(&from, "\r\n ");
	buf_add_str(&from, end);
	m = message_new(engine, &arrival);
	message_header(m, SLICE("From"), buf_slice(&from));
	v = message_judge(m, NULL, NULL);
	ck_assert_int_eq(v->result, RES_DMARC_PERMERROR);
	ck_assert_int_eq(v->chosen, ACTION_QUARANTINE);
	ck_assert_int_eq(message_evidence(m)->from, FROM_UNUSABLE);
	message_free(m);
	buf_done(&from);
	close_engine();
}
END_TEST

/* All that a sender can make us ask: 123 look-ups of SPF, 16 keys, walks of
 * eight names. The forged author's record must be among what is answered. */
static void add_flood(struct resolver *resolver)
{
	const char *error = NULL;
	char line[256];

	for (int i = 0; i < 10; i++)
		for (int k = 0; k < 10; k++) {
			snprintf(line, sizeof(line), "m%d.forger.example MX 10 x%d-%d.forger.example", i, i, k);
			ck_assert_int_eq(resolver_zone_add_line(resolver, line, &error), 0);
			snprintf(line, sizeof(line), "x%d-%d.forger.example A 192.0.2.200", i, k);
			ck_assert_int_eq(resolver_zone_add_line(resolver, line, &error), 0);
		}
	for (int k = 0; k < 10; k++) {
		snprintf(line, sizeof(line), "66.100.51.198.in-addr.arpa PTR p%d.forger.example", k);
		ck_assert_int_eq(resolver_zone_add_line(resolver, line, &error), 0);
	}
	ck_assert_int_eq(resolver_zone_add_line(resolver, "flood.forger.example TXT \"v=spf1"
		" mx:m0.forger.example mx:m1.forger.example mx:m2.forger.example mx:m3.forger.example"
		" mx:m4.forger.example mx:m5.forger.example mx:m6.forger.example mx:m7.forger.example"
		" mx:m8.forger.example mx:m9.forger.example -all exp=%{p}.forger.example\"", &error), 0);
}

START_TEST(floods_starve_nothing)
{
	struct arrival arrival = arrival_from("198.51.100.66", "h.example", "<x@flood.forger.example>");
	char value[512];
	const struct verdict *v;
	struct message *m;

	open_engine("mode = \"honor\"; dmarc: { on_temperror = \"accept\"; };");
	add_flood(engine->resolver);
	m = message_new(engine, &arrival);
	for (int i = 0; i < 40; i++) {
		snprintf(value, sizeof(value), " v=1; a=rsa-sha256; s=s; h=from; b=AAAA; d=a.b.c.d.e.f.g%d.h%d;"
			 " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", i, i);
		message_header(m, SLICE("DKIM-Signature"), slice_of(value));
	}
	message_header(m, SLICE("DKIM-Signature"), SLICE(" v=1; a=rsa-sha256; s=s; h=from; b=AAAA;"
		       " d=example.com; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
	message_header(m, SLICE("From"), SLICE("x@a.b.c.d.e.f.g.one, x@a.b.c.d.e.f.g.two, "
		       "x@a.b.c.d.e.f.g.three, a@a.b.c.d.e.f.example.com"));
	v = message_judge(m, NULL, NULL);
	ck_assert_int_eq(v->result, RES_DMARC_FAIL);
	ck_assert_int_eq(v->chosen, ACTION_QUARANTINE);         /* sp of example.com */
	ck_assert_str_eq(message_evidence(m)->spf.domain, "flood.forger.example");
	ck_assert_int_eq(message_evidence(m)->spf.result, RES_SPF_FAIL);
	for (unsigned i = 0; i < message_evidence(m)->n_dkim; i++)
		ck_assert_int_ne(message_evidence(m)->dkim[i].result, RES_DKIM_TEMPERROR);
	ck_assert_uint_gt(message_evidence(m)->lookups, 250);
	message_free(m);
	close_engine();
}
END_TEST

/* At any point of its life, and with a second From while tasks may run. */
START_TEST(can_be_left_at_any_point)
{
	struct arrival arrival = arrival_from("192.0.2.1", "h.example", "<a@example.com>");

	open_engine("");
	for (int steps = 0; steps < 5; steps++) {
		struct message *m = message_new(engine, &arrival);

		if (steps > 0)
			message_rcpt(m, SLICE("<b@receiver.example>"));
		if (steps > 1)
			message_header(m, SLICE("From"), SLICE(" a@example.com"));
		if (steps > 2)
			message_eoh(m);
		if (steps > 3)
			message_body(m, "x", 1);
		message_free(m);
	}
	message_free(NULL);
	close_engine();
}
END_TEST

START_TEST(draws_are_keyed_and_stable)
{
	uint8_t key[32] = { 1 }, other[32] = { 2 };
	struct address a, b;
	unsigned first, inside = 0;

	ck_assert(address_parse(SLICE("192.0.2.1"), &a));
	ck_assert(address_parse(SLICE("192.0.2.200"), &b));
	first = draw_sample(key, &a, SLICE("<x@example.com>"), SLICE("f"), SLICE("<1@x>"));
	ck_assert_uint_lt(first, 100);
	ck_assert_uint_eq(first, draw_sample(key, &b, SLICE("<x@example.com>"), SLICE("f"), SLICE("<1@x>")));
	for (unsigned i = 0; i < 1000; i++) {
		char id[32];

		snprintf(id, sizeof(id), "<%u@x>", i);
		inside += draw_sample(key, &a, SLICE("<x@example.com>"), SLICE("f"), slice_of(id)) < 30;
	}
	ck_assert_uint_ge(inside, 240);
	ck_assert_uint_le(inside, 360);
	ck_assert_uint_eq(draw_enforce(key, &a, "example.com"), draw_enforce(key, &b, "example.com"));
	ck_assert(draw_enforce(key, &a, "example.com") != draw_enforce(other, &a, "example.com") ||
		  draw_enforce(key, &a, "example.org") != draw_enforce(other, &a, "example.org"));
}
END_TEST

START_TEST(key_file_is_made_once)
{
	char folder[] = "test-key-XXXXXX", path[64];
	uint8_t key[32], again[32];
	const char *error = NULL;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/sample.key", folder);
	ck_assert_int_eq(draw_key_read(path, key, &error), -1);
	ck_assert_int_eq(draw_key_load(path, key, &error), 0);
	ck_assert_int_eq(draw_key_load(path, again, &error), 0);
	ck_assert_mem_eq(key, again, 32);
	ck_assert_int_eq(truncate(path, 5), 0);
	ck_assert_int_eq(draw_key_load(path, again, &error), -1);
	ck_assert_ptr_nonnull(error);
	unlink(path);
	rmdir(folder);
	ck_assert_int_eq(draw_key_load(path, again, &error), -1);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("message");
	TCase *t = tcase_create("message");

	tcase_add_loop_test(t, judges, 0, N_ROWS(rows));
	tcase_add_test(t, keeps_the_evidence);
	tcase_add_loop_test(t, exempts, 0, N_ROWS(exempt_rows));
	tcase_add_loop_test(t, looks_behind_relays, 0, N_ROWS(relay_rows));
	tcase_add_test(t, relays_are_bounded);
	tcase_add_test(t, draws_look_behind_relays);
	tcase_add_loop_test(t, never_judges_a_part_of_from, 0, 3);
	tcase_add_test(t, floods_starve_nothing);
	tcase_add_test(t, can_be_left_at_any_point);
	tcase_add_test(t, draws_are_keyed_and_stable);
	tcase_add_test(t, key_file_is_made_once);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
