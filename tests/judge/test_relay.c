#include "testjudge.h"

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

static Suite *suite(void)
{
	Suite *s = suite_create("relay");
	TCase *t = tcase_create("relay");

	tcase_add_loop_test(t, looks_behind_relays, 0, N_ROWS(relay_rows));
	tcase_add_test(t, relays_are_bounded);
	tcase_add_test(t, draws_look_behind_relays);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
