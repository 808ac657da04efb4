#include "core/summary.h"
#include "testmain.h"

/* One message: evidence is filled by the helpers, decide() judges it. */
struct scene {
	struct arena *arena;
	struct evidence e;
	struct dkim_evidence dkim[64];
	struct ruleset rules;
	struct verdict v;
	struct summary_options options;
};

static struct scene scene;

static void setup(void)
{
	memset(&scene, 0, sizeof(scene));
	scene.arena = arena_new();
	scene.e.exempt = EXEMPT_NO;
	scene.e.from = FROM_OK;
	scene.e.dkim = scene.dkim;
	scene.e.client_ip = "192.0.2.1";
	scene.e.helo = "mail.example.com";
	scene.e.n_recipients = 1;
	scene.rules = (struct ruleset){
		.enforce_percent = 100,
		.mode = MODE_HONOR, .on_bad_from = ACTION_REJECT, .quarantine = QUARANTINE_HEADER,
	};
	scene.options = (struct summary_options){
		.authserv_id = "mx.receiver.example", .full_addresses = true, .comments = true,
	};
}

static void teardown(void)
{
	arena_free(scene.arena);
}

/* record NULL: none found */
static void add_author(const char *domain, const char *found_at, const char *record)
{
	struct author *author = &scene.e.authors[scene.e.n_authors++];

	author->domain = domain;
	author->policy.method = DISCOVERY_TREEWALK;
	author->policy.status = record != NULL ? DISCOVERY_FOUND : DISCOVERY_NO_RECORD;
	if (record == NULL)
		return;
	author->policy.domain = found_at;
	author->policy.org = (struct org){ .status = ORG_KNOWN, .domain = found_at };
	record_parse(scene.arena, slice_of(record), &author->policy.record);
}

static void set_spf(enum spf_result result, const char *local, const char *domain)
{
	scene.e.sender = (struct sender){ .status = PATH_MAILBOX, .local = local, .domain = domain };
	scene.e.spf = (struct spf_evidence){
		.result = result, .scope = SCOPE_SPF_MAILFROM, .domain = domain,
	};
}

static struct dkim_evidence *add_dkim(enum dkim_result result, const char *reason, const char *d,
				      const char *s, const char *b)
{
	struct dkim_evidence *dkim = &scene.dkim[scene.e.n_dkim++];

	*dkim = (struct dkim_evidence){
		.result = result, .reason = reason, .d = d, .s = s, .i_local = "", .i_domain = d,
		.algorithm = "rsa-sha256", .b_start = b, .covers_from = true,
	};
	return dkim;
}

static const char *judge(void)
{
	decide(&scene.e, &scene.rules, scene.arena, &scene.v);
	return summary_header(scene.arena, &scene.e, &scene.v, &scene.options);
}

#define HEAD " mx.receiver.example;\n"

START_TEST(all_pass)
{
	add_author("example.com", "example.com", "v=DMARC1; p=reject");
	set_spf(RES_SPF_PASS, "bounce", "example.com");
	add_dkim(RES_DKIM_PASS, NULL, "example.com", "s1", "dGhpc2lz");
	ck_assert_str_eq(judge(), HEAD
		"\tspf=pass smtp.mailfrom=bounce@example.com;\n"
		"\tdkim=pass header.d=example.com header.i=@example.com\n"
		"\t header.a=rsa-sha256 header.s=s1 header.b=\"dGhpc2lz\";\n"
		"\tdmarc=pass header.from=example.com policy.dmarc=none");
	scene.options.full_addresses = false;
	scene.options.comments = false;
	scene.dkim[0].i_local = "alice";
	ck_assert_str_eq(judge(), HEAD
		"\tspf=pass smtp.mailfrom=example.com;\n"
		"\tdkim=pass header.d=example.com header.i=@example.com\n"
		"\t header.a=rsa-sha256 header.s=s1 header.b=\"dGhpc2lz\";\n"
		"\tdmarc=pass header.from=example.com policy.dmarc=none");
	scene.options.full_addresses = true;
	ck_assert_ptr_nonnull(strstr(judge(), "header.i=alice@example.com"));
	scene.dkim[0].i_local = scene.dkim[0].i_domain = NULL;          /* no i= */
	ck_assert_ptr_nonnull(strstr(judge(), "header.d=example.com header.i=@example.com\n"));
}
END_TEST

START_TEST(spoofed)
{
	add_author("example.com", "example.com", "v=DMARC1; p=reject");
	set_spf(RES_SPF_FAIL, NULL, "example.com");
	ck_assert_str_eq(judge(), HEAD
		"\tspf=fail smtp.mailfrom=example.com;\n"
		"\tdkim=none;\n"
		"\tdmarc=fail (p=reject dis=reject) header.from=example.com\n"
		"\t policy.dmarc=reject");
	scene.rules.dry_run = true;
	ck_assert_str_eq(judge(), HEAD
		"\tspf=fail smtp.mailfrom=example.com;\n"
		"\tdkim=none;\n"
		"\tdmarc=fail (p=reject dis=none dry-run) header.from=example.com\n"
		"\t policy.dmarc=reject");
	scene.options.comments = false;
	ck_assert_str_eq(judge(), HEAD
		"\tspf=fail smtp.mailfrom=example.com;\n"
		"\tdkim=none;\n"
		"\tdmarc=fail header.from=example.com policy.dmarc=reject");
}
END_TEST

START_TEST(test_mode)
{
	add_author("example.com", "example.com", "v=DMARC1; p=reject; t=y");
	set_spf(RES_SPF_SOFTFAIL, "bounce", "esp.example");
	add_dkim(RES_DKIM_PASS, NULL, "esp.example", "k1", "Zm9yd2Fy");
	ck_assert_str_eq(judge(), HEAD
		"\tspf=softfail smtp.mailfrom=bounce@esp.example;\n"
		"\tdkim=pass header.d=esp.example header.i=@esp.example\n"
		"\t header.a=rsa-sha256 header.s=k1 header.b=\"Zm9yd2Fy\";\n"
		"\tdmarc=fail (p=reject t=y dis=quarantine) header.from=example.com\n"
		"\t policy.dmarc=quarantine");
}
END_TEST

START_TEST(null_reverse_path)
{
	add_author("example.com", "example.com", "v=DMARC1; p=reject");
	set_spf(RES_SPF_PASS, NULL, "mail.example.com");
	scene.e.sender = (struct sender){ .status = PATH_NULL };
	scene.e.spf.scope = SCOPE_SPF_HELO;
	scene.e.spf.org = (struct org){ .status = ORG_KNOWN, .domain = "example.com" };
	ck_assert_str_eq(judge(), HEAD
		"\tspf=pass smtp.helo=mail.example.com;\n"
		"\tdkim=none;\n"
		"\tdmarc=pass header.from=example.com policy.dmarc=none");
	scene.e.spf.result = RES_SPF_NONE;
	scene.e.spf.domain = NULL;              /* HELO was no domain */
	ck_assert_ptr_nonnull(strstr(judge(), HEAD "\tspf=none;\n"));
}
END_TEST

START_TEST(no_record)
{
	add_author("norecord.example", NULL, NULL);
	set_spf(RES_SPF_NONE, "user", "norecord.example");
	ck_assert_str_eq(judge(), HEAD
		"\tspf=none smtp.mailfrom=user@norecord.example;\n"
		"\tdkim=none;\n"
		"\tdmarc=none header.from=norecord.example");
}
END_TEST

START_TEST(dns_failure)
{
	add_author("example.com", "example.com", "v=DMARC1; p=reject");
	set_spf(RES_SPF_TEMPERROR, "bounce", "example.com");
	add_dkim(RES_DKIM_TEMPERROR, "key lookup timed out", "example.com", "s1", "QUJDREVG");
	decide(&scene.e, &scene.rules, scene.arena, &scene.v);
	scene.v.result_reason = NULL;
	ck_assert_str_eq(summary_header(scene.arena, &scene.e, &scene.v, &scene.options), HEAD
		"\tspf=temperror smtp.mailfrom=bounce@example.com;\n"
		"\tdkim=temperror reason=\"key lookup timed out\" header.d=example.com\n"
		"\t header.s=s1 header.b=\"QUJDREVG\";\n"
		"\tdmarc=temperror header.from=example.com");
	ck_assert_ptr_nonnull(strstr(judge(), "dmarc=temperror reason=\""));
}
END_TEST

START_TEST(repeated_from)
{
	scene.e.from = FROM_REPEATED;
	scene.e.from_fields = 2;
	set_spf(RES_SPF_PASS, "x", "evil.example");
	ck_assert_str_eq(judge(), HEAD
		"\tspf=pass smtp.mailfrom=x@evil.example;\n"
		"\tdkim=none;\n"
		"\tdmarc=permerror reason=\"more than one From field\"");
}
END_TEST

START_TEST(reasons)
{
	add_author("a.example.com", "example.com", "v=DMARC1; p=rejcet");
	set_spf(RES_SPF_PERMERROR, NULL, "example.com");
	scene.e.spf.reason = "two SPF records";
	decide(&scene.e, &scene.rules, scene.arena, &scene.v);
	scene.v.result_reason = "p is impossible";
	ck_assert_str_eq(summary_header(scene.arena, &scene.e, &scene.v, &scene.options), HEAD
		"\tspf=permerror reason=\"two SPF records\" smtp.mailfrom=example.com;\n"
		"\tdkim=none;\n"
		"\tdmarc=permerror reason=\"p is impossible\" header.from=a.example.com");
	scene.e.spf.result = RES_SPF_FAIL;
	ck_assert_ptr_nonnull(strstr(judge(), "spf=fail smtp.mailfrom="));
	scene.e.spf.result = RES_SPF_TEMPERROR;
	ck_assert_ptr_nonnull(strstr(judge(), "spf=temperror reason="));
	scene.e.n_authors = 0;
	scene.e.from = FROM_UNUSABLE;
	scene.e.from_reason = "a quote that does not end";
	decide(&scene.e, &scene.rules, scene.arena, &scene.v);
	scene.v.result_reason = NULL;
	ck_assert_ptr_nonnull(strstr(summary_header(scene.arena, &scene.e, &scene.v, &scene.options),
				     "dmarc=permerror reason=\"a quote that does not end\""));
}
END_TEST

START_TEST(several_signatures)
{
	add_author("example.com", "example.com", "v=DMARC1; p=reject");
	set_spf(RES_SPF_PASS, "list-bounces", "lists.example");
	add_dkim(RES_DKIM_FAIL, "body hash mismatch", "example.com", "s1", "aaaabbbb");
	add_dkim(RES_DKIM_POLICY, "key too short", "old.example", "k", "ccccdddd");
	add_dkim(RES_DKIM_PASS, NULL, "lists.example", "ed", "eeeeffff")->algorithm = "ed25519-sha256";
	decide(&scene.e, &scene.rules, scene.arena, &scene.v);
	scene.v.chosen = scene.v.apply = ACTION_QUARANTINE;
	scene.v.reasons[scene.v.n_reasons++] = (struct reason){ .type = REASON_MAILING_LIST };
	ck_assert_str_eq(summary_header(scene.arena, &scene.e, &scene.v, &scene.options), HEAD
		"\tspf=pass smtp.mailfrom=list-bounces@lists.example;\n"
		"\tdkim=fail reason=\"body hash mismatch\" header.d=example.com header.s=s1\n"
		"\t header.b=\"aaaabbbb\";\n"
		"\tdkim=policy reason=\"key too short\" header.d=old.example header.s=k\n"
		"\t header.b=\"ccccdddd\";\n"
		"\tdkim=pass header.d=lists.example header.i=@lists.example\n"
		"\t header.a=ed25519-sha256 header.s=ed header.b=\"eeeeffff\";\n"
		"\tdmarc=fail (p=reject dis=quarantine mailing_list)\n"
		"\t header.from=example.com policy.dmarc=reject");
}
END_TEST

START_TEST(hostile_sender)
{
	add_author("evil.example", NULL, NULL);
	set_spf(RES_SPF_NONE, "a; dmarc=pass", "evil.example");
	scene.e.helo = "x (";
	ck_assert_str_eq(judge(), HEAD
		"\tspf=none smtp.mailfrom=\"a; dmarc=pass\"@evil.example;\n"
		"\tdkim=none;\n"
		"\tdmarc=none header.from=evil.example");
}
END_TEST

START_TEST(inherited_record)
{
	add_author("news.xn--bcher-kva.example", "xn--bcher-kva.example", "v=DMARC1; p=reject");
	set_spf(RES_SPF_PASS, "bounce", "xn--bcher-kva.example");
	scene.e.spf.org = scene.e.authors[0].policy.org;
	scene.e.arc.result = RES_ARC_NONE;
	scene.e.client_ip = "2001:db8::25";
	ck_assert_str_eq(judge(), HEAD
		"\tspf=pass smtp.mailfrom=bounce@xn--bcher-kva.example;\n"
		"\tdkim=none;\n"
		"\tarc=none smtp.remote-ip=\"2001:db8::25\";\n"
		"\tdmarc=pass (policy of xn--bcher-kva.example)\n"
		"\t header.from=news.xn--bcher-kva.example policy.dmarc=none");
	scene.options.comments = false;
	scene.options.polrec = true;
	ck_assert_ptr_nonnull(strstr(judge(), "\tdmarc=pass header.from=news.xn--bcher-kva.example"
		" policy.dmarc=none\n\t polrec.p=reject polrec.domain=xn--bcher-kva.example"));
	scene.e.authors[0].domain = "xn--bcher-kva.example";
	ck_assert_ptr_nonnull(strstr(judge(), "polrec.p=reject"));
	ck_assert_ptr_null(strstr(judge(), "polrec.domain"));
}
END_TEST

START_TEST(arc_pass)
{
	add_author("example.com", NULL, NULL);
	scene.e.arc = (struct arc_evidence){ .result = RES_ARC_PASS };
	ck_assert_str_eq(judge(), HEAD
		"\tdkim=none;\n"
		"\tarc=pass header.oldest-pass=0 smtp.remote-ip=192.0.2.1;\n"
		"\tdmarc=none header.from=example.com");
}
END_TEST

static const struct {
	const char *name, *record, *found_at, *comment;
	enum existence exists;
	unsigned draw;
	enum request_answer answer;
} comments[] = {
	{ "own record ignores sp", "v=DMARC1; p=none; sp=reject", "a.example.com", "(p=none dis=none)",
	  0, 0, 0 },
	{ "sp", "v=DMARC1; p=none; sp=reject", "example.com", "(p=none sp=reject dis=reject)", 0, 0, 0 },
	{ "inherited p", "v=DMARC1; p=reject", "example.com", "(p=reject dis=reject)", 0, 0, 0 },
	{ "np", "v=DMARC1; p=none; sp=quarantine; np=reject", "example.com",
	  "(p=none sp=quarantine np=reject dis=reject)", EXISTENCE_ABSENT, 0, 0 },
	{ "np of a name that exists", "v=DMARC1; p=none; np=reject", "example.com", "(p=none dis=none)",
	  EXISTENCE_PRESENT, 0, 0 },
	{ "pct outside", "v=DMARC1; p=reject; pct=20", "a.example.com", "(p=reject pct=20 dis=quarantine)",
	  0, 20, 0 },
	{ "pct inside", "v=DMARC1; p=reject; pct=20", "a.example.com", "(p=reject dis=reject)", 0, 19, 0 },
	{ "override", "v=DMARC1; p=reject", "a.example.com", "(p=reject dis=none local_policy)",
	  0, 0, REQUEST_ACCEPT },
	{ "damaged", "v=DMARC1; p=rejcet; rua=mailto:d@example.com", "a.example.com",
	  "(p=none dis=none damaged record)", 0, 0, 0 },
};

START_TEST(fail_comment)
{
	const char *text;

	add_author("a.example.com", comments[_i].found_at, comments[_i].record);
	scene.e.authors[0].policy.exists = comments[_i].exists;
	scene.e.sample_draw = comments[_i].draw;
	scene.rules.mode = MODE_OVERRIDE;
	scene.rules.override_reject = comments[_i].answer;
	set_spf(RES_SPF_FAIL, NULL, "evil.example");
	text = judge();
	ck_assert_msg(strstr(text, comments[_i].comment) != NULL, "%s:%s", comments[_i].name, text);
	ck_assert_msg((strstr(text, "(policy of example.com)") != NULL) ==
		      (strcmp(comments[_i].found_at, "example.com") == 0), "%s:%s", comments[_i].name, text);
}
END_TEST

START_TEST(two_authors)
{
	const char *text;

	add_author("other.example", "other.example", "v=DMARC1; p=none");
	add_author("example.com", "example.com", "v=DMARC1; p=reject");
	set_spf(RES_SPF_PASS, NULL, "other.example");
	text = judge();
	ck_assert_ptr_nonnull(strstr(text, "dmarc=fail (p=reject dis=reject) (2 authors) header.from=example.com\n"
				     "\t policy.dmarc=reject"));
	ck_assert_ptr_eq(strstr(strstr(text, "dmarc=") + 1, "\tdmarc="), NULL);
}
END_TEST

START_TEST(dkim_comments)
{
	struct dkim_evidence *dkim = add_dkim(RES_DKIM_PASS, NULL, "example.com", "s", "aaaa");

	add_author("example.com", "example.com", "v=DMARC1; p=reject");
	dkim->test_key = true;
	ck_assert_ptr_nonnull(strstr(judge(), "dkim=pass (test key) header.d="));
	dkim->has_length = true;
	ck_assert_ptr_nonnull(strstr(judge(), "dkim=pass (test key) header.d="));
	dkim->surplus = 12;
	ck_assert_ptr_nonnull(strstr(judge(), "dkim=pass (test key, 12 octets behind l= not signed)"));
	dkim->test_key = false;
	ck_assert_ptr_nonnull(strstr(judge(), "dkim=pass (12 octets behind l= not signed)"));
	scene.options.comments = false;
	ck_assert_ptr_nonnull(strstr(judge(), "dkim=pass header.d="));
}
END_TEST

START_TEST(signatures_stay_distinct)
{
	const char *text;

	add_author("example.com", NULL, NULL);
	add_dkim(RES_DKIM_PASS, NULL, "example.com", "s", "aaaaaaaabbbb");
	add_dkim(RES_DKIM_PASS, NULL, "example.com", "s", "aaaaaaaabbcc");
	add_dkim(RES_DKIM_PASS, NULL, "example.com", "s", "aaaaddddeeee");
	add_dkim(RES_DKIM_PASS, NULL, "example.com", "s", NULL);
	text = judge();
	ck_assert_ptr_nonnull(strstr(text, "header.b=\"aaaaaaaabbb\""));
	ck_assert_ptr_nonnull(strstr(text, "header.b=\"aaaaaaaabbc\""));
	ck_assert_ptr_nonnull(strstr(text, "header.b=\"aaaadddd\""));
}
END_TEST

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)) != NULL; text++)
		n++;
	return n;
}

/* Which signature was left out is seen by its selector. */
START_TEST(surplus_signatures)
{
	const char *text;

	add_author("example.com", "example.com", "v=DMARC1; p=reject");
	add_dkim(RES_DKIM_PASS, NULL, "esp.example", "passed-unaligned", "aaaa");
	add_dkim(RES_DKIM_FAIL, NULL, "example.com", "failed-aligned", "aaab");
	add_dkim(RES_DKIM_FAIL, NULL, "esp.example", "failed-unaligned", "aaac");
	for (int i = 0; i < 14; i++)
		add_dkim(RES_DKIM_PASS, NULL, "example.com", "s", "bbbb");
	text = judge();
	ck_assert_uint_eq(count(text, "\tdkim="), 16);
	ck_assert_ptr_null(strstr(text, "failed-unaligned"));
	add_dkim(RES_DKIM_PASS, NULL, "example.com", "s", "bbbb");
	text = judge();
	ck_assert_uint_eq(count(text, "\tdkim="), 16);
	ck_assert_ptr_null(strstr(text, "failed-aligned"));
	add_dkim(RES_DKIM_PASS, NULL, "example.com", "s", "bbbb");
	text = judge();
	ck_assert_uint_eq(count(text, "\tdkim="), 16);
	ck_assert_ptr_null(strstr(text, "passed-unaligned"));
}
END_TEST

START_TEST(header_is_bounded)
{
	static const char label[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	char name[DOMAIN_SIZE], local[LIMIT_LOCAL_PART + 1];
	const char *text;

	snprintf(name, sizeof(name), "%s.%s.%s.%s", label, label, label, label);
	memset(local, '"', sizeof(local) - 1);
	local[sizeof(local) - 1] = '\0';
	add_author(name, name, "v=DMARC1; p=reject");
	set_spf(RES_SPF_FAIL, local, name);
	for (int i = 0; i < 64; i++) {
		add_dkim(i == 40 ? RES_DKIM_PASS : RES_DKIM_FAIL, "signature did not verify",
			 i == 40 ? name : "evil.example", name, "aaaa")->i_local = local;
		scene.dkim[i].i_domain = name;
	}
	text = judge();
	ck_assert_uint_le(strlen(text), LIMIT_AUTHRES_OCTETS);
	ck_assert_uint_eq(count(text, "\tdkim=pass"), 1);
	ck_assert_uint_ge(count(text, "\tdkim=fail"), 5);
	ck_assert_uint_eq(count(text, "\tdmarc=pass"), 1);
	ck_assert_uint_eq(count(text, "\tspf=fail"), 1);
}
END_TEST

START_TEST(exempt)
{
	scene.e.exempt = EXEMPT_NETWORK;
	scene.e.from = FROM_UNSET;
	ck_assert_str_eq(judge(), " mx.receiver.example; none (exempt: network)");
	scene.options.comments = false;
	ck_assert_str_eq(judge(), " mx.receiver.example; none");
	scene.e.exempt = EXEMPT_AUTHENTICATED;
	ck_assert_ptr_null(judge());
}
END_TEST

/* The reply */

static const char *reply(const char *queue_id)
{
	struct summary_reply out;

	judge();
	summary_reply(scene.arena, &scene.e, &scene.v, &scene.options, queue_id, &out);
	ck_assert_uint_le(strlen(out.text), LIMIT_REPLY_TEXT);
	for (const char *p = out.text; *p != '\0'; p++)
		ck_assert_msg(*p >= ' ' && *p <= '~' && *p != '%', "%s", out.text);
	return arena_printf(scene.arena, "%s %s %s", out.code, out.enhanced, out.text);
}

START_TEST(reply_rejected)
{
	add_author("example.com", "example.com", "v=DMARC1; p=reject");
	set_spf(RES_SPF_FAIL, NULL, "example.com");
	ck_assert_str_eq(reply("4Abc"), "550 5.7.1 rejected by DMARC policy of example.com: SPF fail, "
			 "no aligned DKIM signature (4Abc)");
	set_spf(RES_SPF_PASS, NULL, "evil.example");
	add_dkim(RES_DKIM_PASS, NULL, "evil.example", "s", "aaaa");
	ck_assert_str_eq(reply("4Abc"), "550 5.7.1 rejected by DMARC policy of example.com: SPF pass but not "
			 "aligned, no aligned DKIM signature (4Abc)");
	add_dkim(RES_DKIM_FAIL, "body hash mismatch", "mail.example.com", "s", "bbbb");
	ck_assert_str_eq(reply("4Abc"), "550 5.7.1 rejected by DMARC policy of example.com: SPF pass but not "
			 "aligned, no aligned DKIM signature passed (body hash mismatch) (4Abc)");
	scene.dkim[1].d = "com";
	ck_assert_ptr_null(strstr(reply("4Abc"), "passed"));
	scene.e.authors[0].policy.org.status = ORG_UNSET;
	ck_assert_ptr_null(strstr(reply("4Abc"), "passed"));
	scene.dkim[1].d = "mail.example.com";
	ck_assert_ptr_nonnull(strstr(reply("4Abc"), "passed (body hash mismatch)"));
	scene.e.spf.result = RES_SPF_UNSET;
	scene.e.n_dkim = 0;
	scene.options.enhanced_7_26 = true;
	ck_assert_str_eq(reply(NULL), "550 5.7.26 rejected by DMARC policy of example.com: SPF not checked, "
			 "no aligned DKIM signature");
}
END_TEST

START_TEST(reply_quarantined)
{
	add_author("example.com", "example.com", "v=DMARC1; p=quarantine");
	set_spf(RES_SPF_SOFTFAIL, NULL, "example.com");
	scene.rules.quarantine = QUARANTINE_REJECT;
	ck_assert_str_eq(reply("4Abc"), "550 5.7.1 not accepted under DMARC policy quarantine of example.com: "
			 "SPF softfail, no aligned DKIM signature (4Abc)");
}
END_TEST

START_TEST(reply_bad_from)
{
	scene.e.from = FROM_REPEATED;
	scene.e.from_reason = "more than one From field";
	ck_assert_str_eq(reply("4Abc"), "550 5.7.1 rejected: more than one From field, RFC 5322 requires "
			 "exactly one (4Abc)");
	scene.e.from = FROM_ABSENT;
	scene.e.from_reason = NULL;
	ck_assert_str_eq(reply("4Abc"), "550 5.7.1 rejected: no From field, RFC 5322 requires exactly one (4Abc)");
	scene.e.from = FROM_UNUSABLE;
	scene.e.from_reason = "a quote that does not end";
	scene.options.enhanced_7_26 = true;
	ck_assert_str_eq(reply("4Abc"), "550 5.7.1 rejected: unusable From field: a quote that does not end (4Abc)");
}
END_TEST

START_TEST(reply_tempfail)
{
	struct summary_reply out;

	add_author("example.com", "example.com", "v=DMARC1; p=reject");
	set_spf(RES_SPF_TEMPERROR, NULL, "example.com");
	scene.rules.on_temperror = TEMPERROR_TEMPFAIL;
	ck_assert_str_eq(reply("4Abc"), "451 4.7.1 DMARC check of example.com is not possible now: "
			 "a DNS look-up failed, please try again later (4Abc)");
	scene.e.n_authors = 0;
	decide(&scene.e, &scene.rules, scene.arena, &scene.v);
	scene.v.apply = ACTION_TEMPFAIL;
	scene.v.result_reason = NULL;
	summary_reply(scene.arena, &scene.e, &scene.v, &scene.options, "4Abc", &out);
	ck_assert_str_eq(out.text, "DMARC check is not possible now, please try again later (4Abc)");
}
END_TEST

START_TEST(reply_is_clean_and_bounded)
{
	static const char label[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	char name[DOMAIN_SIZE], id[200];
	const char *text;

	snprintf(name, sizeof(name), "%s.%s.%s.%s", label, label, label, label);
	memset(id, 'Q', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	add_author(name, name, "v=DMARC1; p=reject");
	set_spf(RES_SPF_FAIL, NULL, "evil.example");
	add_dkim(RES_DKIM_FAIL, "100% wrong\r\n250 ok \xff and far too long for this reply, so that it is left "
		 "out as a whole", name, "s", "aaaa");
	text = reply(id);
	ck_assert_ptr_nonnull(strstr(text, name));
	ck_assert_ptr_null(strstr(text, "wrong"));
	ck_assert_ptr_nonnull(strstr(text, "SPF fail, no aligned DKIM signature (QQQ"));
	ck_assert_ptr_nonnull(strstr(text, "Q)"));
	scene.e.authors[0].domain = "example.com";
	scene.e.authors[0].policy.domain = "example.com";
	scene.e.authors[0].policy.org.domain = "example.com";
	scene.dkim[0].d = "example.com";
	ck_assert_ptr_nonnull(strstr(reply("a%b\r\nc"), "passed (100_ wrong250 ok  and far"));
	ck_assert_ptr_nonnull(strstr(reply("a%b\r\nc"), "(a_bc)"));
}
END_TEST

/* A verdict that a later rule could give: no policy of the owner is named. */
START_TEST(reply_of_a_rule)
{
	struct summary_reply out;

	add_author("example.com", NULL, NULL);
	judge();
	scene.v.chosen = scene.v.apply = ACTION_REJECT;
	summary_reply(scene.arena, &scene.e, &scene.v, &scene.options, "4Abc", &out);
	ck_assert_str_eq(out.text, "rejected by local policy (4Abc)");
}
END_TEST

/* The log line */

static const char *log_line(const char *done)
{
	struct logline line;
	const char *text;

	judge();
	logline_init(&line, "4Abc:");
	summary_log(&line, &scene.e, &scene.v, done);
	text = arena_strdup(scene.arena, logline_text(&line));
	logline_done(&line);
	return text;
}

START_TEST(log_of_a_fail)
{
	add_author("a.example.com", "example.com", "v=DMARC1; p=none; sp=reject");
	set_spf(RES_SPF_FAIL, "bounce", "evil.example");
	add_dkim(RES_DKIM_FAIL, "body hash mismatch", "example.com", "s", "aaaa");
	scene.e.lookups = 7;
	scene.e.waited_ms = 42;
	scene.rules.dry_run = true;
	ck_assert_str_eq(log_line("none"),
		"4Abc: author=a.example.com result=fail asked=reject chosen=reject done=none dry_run=yes "
		"why=requested spf=fail dkim=fail arc=- reasons=local_policy policy=reject policy_tag=sp "
		"policy_domain=example.com spf_domain=evil.example spf_aligned=no dkim_domain=example.com "
		"dkim_reason=\"body hash mismatch\" dkim_aligned=no dkim_signatures=1 client=192.0.2.1 "
		"mail_from=evil.example recipients=1 lookups=7 waited_ms=42 helo=mail.example.com");
}
END_TEST

START_TEST(log_names_the_aligned_signature)
{
	add_author("example.com", "example.com", "v=DMARC1; p=reject; pct=200");
	set_spf(RES_SPF_PASS, NULL, "esp.example");
	scene.e.sender = (struct sender){ .status = PATH_NULL };
	scene.e.arc.result = RES_ARC_FAIL;
	add_dkim(RES_DKIM_FAIL, "x", "example.com", "s", "aaaa");
	add_dkim(RES_DKIM_PASS, NULL, "esp.example", "s", "bbbb");
	add_dkim(RES_DKIM_PASS, NULL, "example.com", "s", "cccc");
	scene.e.dkim_unchecked = 3;
	scene.e.helo = "x y\r\n=z\"";
	ck_assert_str_eq(log_line("accept"), arena_printf(scene.arena,
		"4Abc: author=example.com result=pass asked=none chosen=accept done=accept dry_run=no "
		"why=aligned spf=pass dkim=pass arc=fail record_note=\"%s\" policy=reject policy_tag=p "
		"policy_domain=example.com spf_domain=esp.example spf_aligned=no dkim_domain=example.com "
		"dkim_aligned=yes dkim_signatures=3 dkim_unchecked=3 client=192.0.2.1 mail_from=<> "
		"recipients=1 lookups=0 waited_ms=0 helo=\"x y\\x0D\\x0A=z\\\"\"",
		scene.e.authors[0].policy.record.note));
}
END_TEST

START_TEST(log_without_author)
{
	scene.e.from = FROM_UNUSABLE;
	scene.e.from_reason = "a quote that does not end";
	scene.e.client_ip = NULL;
	scene.e.sender.status = PATH_UNUSABLE;
	ck_assert_str_eq(log_line("reject"),
		"4Abc: author=- result=permerror asked=none chosen=reject done=reject dry_run=no "
		"why=bad-from spf=- dkim=none arc=- from=unusable reason=\"a quote that does not end\" "
		"mail_from=(unusable) recipients=1 lookups=0 waited_ms=0 helo=mail.example.com");
}
END_TEST

START_TEST(log_of_exempt_mail)
{
	scene.e.exempt = EXEMPT_AUTHENTICATED;
	scene.e.from = FROM_UNSET;
	ck_assert_str_eq(log_line("accept"),
		"4Abc: author=- result=- asked=none chosen=accept done=accept dry_run=no why=exempt spf=- "
		"dkim=- arc=- exempt=authenticated client=192.0.2.1 recipients=1 lookups=0 waited_ms=0 "
		"helo=mail.example.com");
}
END_TEST

START_TEST(log_of_several_authors)
{
	const char *text;

	add_author("example.com", "example.com", "v=DMARC1; p=reject");
	add_author("other.example", NULL, NULL);
	scene.e.authors[0].policy.several = true;
	scene.e.authors[0].policy.org.guarded = true;
	text = log_line("reject");
	ck_assert_ptr_nonnull(strstr(text, " author=example.com result=fail "));
	ck_assert_ptr_nonnull(strstr(text, " authors=2 "));
	ck_assert_ptr_nonnull(strstr(text, " record_note=\"several records at the author domain\" "));
	ck_assert_ptr_nonnull(strstr(text, " psl_guard=yes "));
	ck_assert_ptr_null(strstr(text, "spf_aligned"));
}
END_TEST

START_TEST(log_without_an_aligned_signature)
{
	const char *text;

	add_author("a.example.com", "example.com", "v=DMARC1; p=reject; np=none");
	scene.e.authors[0].policy.exists = EXISTENCE_UNKNOWN;
	add_dkim(RES_DKIM_FAIL, "x", "example.com", "s", "aaaa");
	add_dkim(RES_DKIM_PASS, NULL, "esp.example", "s", "bbbb");
	text = log_line("accept");
	ck_assert_ptr_nonnull(strstr(text, " dkim=pass "));
	ck_assert_ptr_nonnull(strstr(text, " dkim_domain=esp.example dkim_aligned=no "));
	ck_assert_ptr_nonnull(strstr(text, " policy=none policy_tag=np policy_domain=example.com "
				     "existence=unknown "));
	scene.dkim[1].result = RES_DKIM_FAIL;
	ck_assert_ptr_nonnull(strstr(log_line("accept"), " dkim_domain=example.com "));
}
END_TEST

START_TEST(log_is_bounded)
{
	char helo[LIMIT_HELO_OCTETS + 1];

	memset(helo, '\xff', sizeof(helo) - 1);
	helo[sizeof(helo) - 1] = '\0';
	scene.e.helo = helo;
	add_author("example.com", NULL, NULL);
	ck_assert_uint_lt(strlen(log_line("accept")), 800);
}
END_TEST

START_TEST(quarantine_field)
{
	add_author("example.com", "example.com", "v=DMARC1; p=quarantine");
	judge();
	ck_assert_str_eq(summary_quarantine(scene.arena, &scene.e, &scene.v),
			 "author=example.com; asked=quarantine; why=requested; result=fail");
	scene.e.n_authors = 0;
	scene.e.from = FROM_ABSENT;
	judge();
	ck_assert_str_eq(summary_quarantine(scene.arena, &scene.e, &scene.v),
			 "author=none; asked=none; why=bad-from; result=permerror");
}
END_TEST

static Suite *summary_suite(void)
{
	Suite *suite = suite_create("summary");
	TCase *tc = tcase_create("summary");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, all_pass);
	tcase_add_test(tc, spoofed);
	tcase_add_test(tc, test_mode);
	tcase_add_test(tc, null_reverse_path);
	tcase_add_test(tc, no_record);
	tcase_add_test(tc, dns_failure);
	tcase_add_test(tc, repeated_from);
	tcase_add_test(tc, reasons);
	tcase_add_test(tc, several_signatures);
	tcase_add_test(tc, hostile_sender);
	tcase_add_test(tc, inherited_record);
	tcase_add_test(tc, arc_pass);
	tcase_add_loop_test(tc, fail_comment, 0, N_ROWS(comments));
	tcase_add_test(tc, two_authors);
	tcase_add_test(tc, dkim_comments);
	tcase_add_test(tc, signatures_stay_distinct);
	tcase_add_test(tc, surplus_signatures);
	tcase_add_test(tc, header_is_bounded);
	tcase_add_test(tc, exempt);
	tcase_add_test(tc, reply_rejected);
	tcase_add_test(tc, reply_quarantined);
	tcase_add_test(tc, reply_bad_from);
	tcase_add_test(tc, reply_tempfail);
	tcase_add_test(tc, reply_is_clean_and_bounded);
	tcase_add_test(tc, reply_of_a_rule);
	tcase_add_test(tc, log_of_a_fail);
	tcase_add_test(tc, log_names_the_aligned_signature);
	tcase_add_test(tc, log_without_author);
	tcase_add_test(tc, log_of_exempt_mail);
	tcase_add_test(tc, log_of_several_authors);
	tcase_add_test(tc, log_without_an_aligned_signature);
	tcase_add_test(tc, log_is_bounded);
	tcase_add_test(tc, quarantine_field);
	suite_add_tcase(suite, tc);
	return suite;
}

TEST_MAIN(summary_suite())
