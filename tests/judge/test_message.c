/* Whole messages through lib/judge, with DNS from a zone file and the settings
 * of a file: what the daemon, alignctl check and the runners share. */
#include "testjudge.h"

#include <pthread.h>

#include "judge/draws.h"

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
	{ "a failure above the author's record", FORGER, { "From: a@shop.late.example" }, RES_DMARC_FAIL,
	  DISPOSITION_REJECT, ACTION_REJECT, "shop.late.example" },
	{ "a failure above both", "192.0.2.1", "h.example", "<x@mail.late.example>",
	  { "From: a@shop.late.example" }, RES_DMARC_TEMPERROR, DISPOSITION_NONE, ACTION_ACCEPT,
	  "shop.late.example" },
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
	message_rcpt(m, SLICE("<c@tenant.example>"), SLICE(""));
	message_rcpt(m, SLICE("<d@TENANT.example>"), SLICE(""));
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

/* A rule about an author must not fit the first of two From fields. */
START_TEST(repeated_from_has_no_author)
{
	static const char *const fields[] = { "From: a@example.com", "From: b@open.example", NULL };
	struct arrival arrival = arrival_from(FORGER);
	const struct evidence *e;
	struct message *m;

	open_engine("rules = ( { id = \"ours\"; match = { author_domain = \"example.com\"; };"
		    " action = \"accept\"; } );");
	m = message_new(engine, &arrival);
	ck_assert_int_eq(run(m, fields)->why, WHY_BAD_FROM);
	e = message_evidence(m);
	ck_assert_uint_eq(e->n_authors, 0);
	ck_assert_uint_eq(e->from_fields, 2);
	message_free(m);
	close_engine();
}
END_TEST

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

/* All that a sender can have asked: 123 look-ups of SPF, 16 keys, walks of
 * eight names, 40 keys of an ARC chain and walks of what it claims. The forged
 * author's record must be among what is answered. */
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

static void add_chain(struct message *m, int n)
{
	char text[512];

	for (int i = 1; i <= n; i++) {
		snprintf(text, sizeof(text), " i=%d; cv=%s; a=rsa-sha256; d=d%d.example; s=s; b=AAAA", i,
			 i == 1 ? "none" : "pass", i);
		message_header(m, SLICE("ARC-Seal"), slice_of(text));
		snprintf(text, sizeof(text), " i=%d; a=rsa-sha256; c=relaxed/relaxed; d=e%d.example; s=s; h=from; b=AAAA;"
			 " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", i, i);
		message_header(m, SLICE("ARC-Message-Signature"), slice_of(text));
		snprintf(text, sizeof(text), " i=%d; x.example; dkim=pass header.d=f%d.b.c.d.e.f.g.example.com;"
			 " spf=pass smtp.mailfrom=g%d.b.c.d.e.f.g.example.com", i, i, i);
		message_header(m, SLICE("ARC-Authentication-Results"), slice_of(text));
	}
}

/* In front of From, where the authors are not known yet, and behind it. */
static void add_signatures(struct message *m, int first, int end, const char *below)
{
	char value[512];

	for (int i = first; i < end; i++) {
		snprintf(value, sizeof(value), " v=1; a=rsa-sha256; s=s; h=from; b=AAAA; d=a.b.c.d.e.f%d.%s;"
			 " bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=", i, below);
		message_header(m, SLICE("DKIM-Signature"), slice_of(value));
	}
}

#define OTHERS "x@a.b.c.d.e.f.g.one, x@a.b.c.d.e.f.g.two, x@a.b.c.d.e.f.g.three, "
static const struct {
	const char *name, *more, *from, *mail_from, *below;
	const char *arc;                /* its reason */
	enum action chosen;             /* the same as without the flood */
	enum spf_result spf;
	unsigned unasked;               /* at least so many signatures whose key was not asked */
} flood_rows[] = {
	{ "one author", "", "a@example.com", "<x@flood.forger.example>", "g.example", "message signature"
	  " of set 20: no key", ACTION_REJECT, RES_SPF_PERMERROR, 0 },
	{ "four long authors", "", OTHERS "a@a.b.c.d.e.f.example.com", "<x@flood.forger.example>", "g.example",
	  "message signature of set 20: not checked: too many look-ups in this message",
	  ACTION_QUARANTINE, RES_SPF_PERMERROR, 6 },
	{ "the victim as first author", "", "a@a.b.c.d.e.f.example.com, x@a.b.c.d.e.f.g.one",
	  "<x@a.b.c.d.e.f.g.h.i.j.flood.forger.example>", "g.example.com",
	  "message signature of set 20: not checked: too many look-ups in this message",
	  ACTION_QUARANTINE, RES_SPF_NONE, 0 },
	{ "signers below the victim", "", "a@example.com", "<x@flood.forger.example>", "g.example.com",
	  "message signature of set 20: not checked: too many look-ups in this message",
	  ACTION_REJECT, RES_SPF_PERMERROR, 0 },
	{ "by the list", "dmarc: { discovery = \"psl\"; };", OTHERS "a@a.b.c.d.e.f.example.com",
	  "<x@flood.forger.example>", "g.example.com", "message signature of set 20: no key",
	  ACTION_QUARANTINE, RES_SPF_PERMERROR, 0 },
	{ "more allowed", "dns: { max_lookups = 500; };", OTHERS "a@a.b.c.d.e.f.example.com",
	  "<x@flood.forger.example>", "g.example", "message signature of set 20: no key",
	  ACTION_QUARANTINE, RES_SPF_FAIL, 0 },
};

static unsigned count_unasked(const struct evidence *e)
{
	unsigned n = 0;

	for (unsigned i = 0; i < e->n_dkim; i++)
		n += e->dkim[i].reason != NULL && strstr(e->dkim[i].reason, "too many look-ups") != NULL;
	return n;
}

/* Whatever else a message has asked, the policy of the author it forges is found, and
 * nothing becomes a temperror, which would be a way round it. */
START_TEST(floods_starve_nothing)
{
	const char *name = flood_rows[_i].name;
	struct arrival arrival = arrival_from("198.51.100.66", "h.example", flood_rows[_i].mail_from);
	const struct evidence *e;
	const struct verdict *v;
	struct message *m;

	open_engine(flood_rows[_i].more);
	settings->ruleset.mode = MODE_HONOR;
	add_flood(engine->resolver);
	m = message_new(engine, &arrival);
	add_chain(m, 20);
	add_signatures(m, 0, 20, flood_rows[_i].below);
	message_header(m, SLICE("From"), slice_of(flood_rows[_i].from));
	add_signatures(m, 20, 40, flood_rows[_i].below);
	v = message_judge(m, NULL, NULL);
	e = message_evidence(m);
	ck_assert_msg(v->result == RES_DMARC_FAIL, "%s: %s", name, names_get(dmarc_result_names, (int)v->result));
	ck_assert_msg(v->chosen == flood_rows[_i].chosen, "%s: %s", name, names_get(action_names, (int)v->chosen));
	ck_assert_msg(e->spf.result == flood_rows[_i].spf, "%s: %s", name, names_get(spf_result_names, (int)e->spf.result));
	for (unsigned i = 0; i < e->n_dkim; i++)
		ck_assert_msg(e->dkim[i].result != RES_DKIM_TEMPERROR, "%s", name);
	ck_assert_msg(count_unasked(e) >= flood_rows[_i].unasked, "%s: %u", name, count_unasked(e));
	ck_assert_msg(strcmp(e->arc.reason, flood_rows[_i].arc) == 0, "%s: %s", name, e->arc.reason);
	ck_assert_msg(e->lookups <= settings->dns_max_lookups, "%s: %u", name, e->lookups);
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
			message_rcpt(m, SLICE("<b@receiver.example>"), SLICE(""));
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

/* A second author can only bring the draw down. */
START_TEST(authors_share_the_lowest_draw)
{
	static const char *const from[] = { "From: a@example.com", "From: a@open.example",
		"From: a@example.com, b@open.example", "From: b@open.example, a@example.com" };
	bool differed = false;

	open_engine("");
	for (int client = 1; client < 20; client++) {
		unsigned draw[4], lowest;
		char ip[32];

		snprintf(ip, sizeof(ip), "203.0.%d.9", client);
		for (int i = 0; i < 4; i++) {
			struct arrival arrival = arrival_from(ip, "h.example", "<x@forger.example>");
			struct message *m = message_new(engine, &arrival);
			const char *fields[] = { from[i], NULL };

			run(m, fields);
			draw[i] = message_evidence(m)->enforce_draw;
			message_free(m);
		}
		lowest = draw[0] < draw[1] ? draw[0] : draw[1];
		differed |= draw[0] != lowest;
		ck_assert_uint_eq(draw[2], lowest);
		ck_assert_uint_eq(draw[3], lowest);
	}
	ck_assert(differed);
	close_engine();
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

#define STARTERS 8
#define KEYS 200

static char key_path[64];
static pthread_barrier_t key_gate;

static void *load_keys(void *context)
{
	uint8_t (*keys)[32] = context;
	const char *error = NULL;

	for (int i = 0; i < KEYS; i++) {
		pthread_barrier_wait(&key_gate);
		ck_assert_msg(draw_key_load(key_path, keys[i], &error) == 0, "%s", error);
		if (pthread_barrier_wait(&key_gate) == PTHREAD_BARRIER_SERIAL_THREAD)
			unlink(key_path);
	}
	return NULL;
}

/* Of all who start at one time, nobody finds it made by half. */
START_TEST(key_file_is_made_whole)
{
	static uint8_t keys[STARTERS][KEYS][32];
	char folder[] = "test-key-XXXXXX";
	pthread_t threads[STARTERS];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(key_path, sizeof(key_path), "%s/sample.key", folder);
	pthread_barrier_init(&key_gate, NULL, STARTERS);
	for (int i = 0; i < STARTERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, load_keys, keys[i]), 0);
	for (int i = 0; i < STARTERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (int i = 1; i < STARTERS; i++)
		ck_assert_mem_eq(keys[i], keys[0], sizeof(keys[0]));
	pthread_barrier_destroy(&key_gate);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* Old mail that is judged again: rules are over by when it came. */
START_TEST(time_is_when_it_came)
{
	static const char *const from[] = { "From: a@example.com", NULL };
	struct arrival arrival = arrival_from(FORGER);
	struct message *m;

	open_engine("mode = \"honor\"; rules = ( { id = \"old\"; owner = \"x\"; expires = \"2020-01-01\";"
		    " match = { author_domain = \"example.com\"; client_network = \"198.51.100.0/24\"; };"
		    " action = \"accept\"; } );");
	m = message_new(engine, &arrival);
	ck_assert_int_eq(run(m, from)->chosen, ACTION_REJECT);
	ck_assert(message_evidence(m)->when_ms > INT64_C(1577836800000));
	message_free(m);
	arrival.when_ms = INT64_C(1575158400000);       /* 2019-12-01 */
	m = message_new(engine, &arrival);
	ck_assert_int_eq(run(m, from)->chosen, ACTION_ACCEPT);
	ck_assert(message_evidence(m)->when_ms == INT64_C(1575158400000));
	message_free(m);
	close_engine();
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("message");
	TCase *t = tcase_create("message");

	tcase_add_loop_test(t, judges, 0, N_ROWS(rows));
	tcase_add_test(t, keeps_the_evidence);
	tcase_add_test(t, repeated_from_has_no_author);
	tcase_add_loop_test(t, exempts, 0, N_ROWS(exempt_rows));
	tcase_add_loop_test(t, never_judges_a_part_of_from, 0, 3);
	tcase_add_loop_test(t, floods_starve_nothing, 0, N_ROWS(flood_rows));
	tcase_add_test(t, can_be_left_at_any_point);
	tcase_add_test(t, draws_are_keyed_and_stable);
	tcase_add_test(t, authors_share_the_lowest_draw);
	tcase_add_test(t, key_file_is_made_once);
	tcase_add_test(t, key_file_is_made_whole);
	tcase_add_test(t, time_is_when_it_came);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
