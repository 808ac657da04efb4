/* What is written about the receiver's own will: one scene, and what header,
 * log line, quarantine field and reply say of it. */
#include "core/signals.h"
#include "core/summary.h"
#include "testmain.h"
#include "will.h"

static struct scene s;

static void setup(void)
{
	scene_open(&s);
	s.e.client_ip = "192.0.2.7";
	s.e.client_name = NULL;
	s.e.spf.scope = SCOPE_SPF_MAILFROM;
	s.e.sender = (struct sender){ PATH_MAILBOX, "bounce", "bounce.example", NULL };
}

static void teardown(void)
{
	scene_close(&s);
}

/* Each result on one line. */
static const char *header(bool comments)
{
	struct summary_options options = { .authserv_id = "mx", .comments = comments };
	char *text = arena_strdup(s.arena, summary_header(s.arena, &s.e, &s.v, &options)), *fold;

	while ((fold = strstr(text, "\n\t ")) != NULL)
		memmove(fold, fold + 2, strlen(fold + 2) + 1);
	return text;
}

static const char *log_line(void)
{
	struct logline line;
	const char *text;

	logline_init(&line, "4Abc:");
	summary_log(&line, &s.e, &s.v, "x");
	text = arena_strdup(s.arena, logline_text(&line));
	logline_done(&line);
	return text;
}

static const char *reply(bool enhanced_7_26)
{
	struct summary_options options = { .authserv_id = "mx", .enhanced_7_26 = enhanced_7_26 };
	struct summary_reply out;

	summary_reply(s.arena, &s.e, &s.v, &options, "4Abc", &out);
	return arena_printf(s.arena, "%s %s %s", out.code, out.enhanced, out.text);
}

/* The scenes */

static void corroborated(unsigned how)
{
	s.ruleset.mode = MODE_OVERRIDE;
	ck_assert(signal_find(SLICE("not-list-shaped"), &s.ruleset.reject_when));
	s.ruleset.override_uncorroborated = (enum request_answer)how;
	s.e.marks.list_post = true;
}

static void list_post(void)
{
	corroborated(REQUEST_QUARANTINE);
}

static void list_post_in_a_dry_run(void)
{
	corroborated(REQUEST_ACCEPT);
	s.ruleset.dry_run = true;
}

static void two_missing(void)
{
	unsigned bit;

	corroborated(REQUEST_QUARANTINE);
	ck_assert(signal_find(SLICE("not-forwarded"), &bit));
	s.ruleset.reject_when |= bit;
	s.e.marks.srs = true;
}

static void rule_for_a_list(void)
{
	struct rule *rule = scene_rule(&s, "list-7", RULE_ACCEPT);

	rule->reason = REASON_MAILING_LIST;
	rule->comment = "agreed by phone";
	rule_set(rule, "author_domain", "example.com");
}

static struct rule *brand(const char *record)
{
	struct rule *rule = scene_rule(&s, "our-brand", RULE_REJECT);

	rule_set(rule, "author_domain", "example.com");
	rule->comment = "never sent from outside";
	s.e.n_authors = 0;
	scene_author(&s, "example.com", record);
	return rule;
}

static void brand_without_policy(void)
{
	brand("p=none");
}

static void brand_without_record(void)
{
	brand(NULL);
}

static void brand_with_a_reply(void)
{
	brand("p=none")->reply = "example.com is ours, 100%";
}

static void brand_left_out(void)
{
	brand(NULL);
	s.ruleset.enforce_percent = 10;
}

static void rule_honors(void)
{
	rule_set(scene_rule(&s, "letter", RULE_HONOR), "author_domain", "example.com");
}

static void rule_for_no_author(void)
{
	s.e.n_authors = 0;
	s.e.from = FROM_ABSENT;
	s.e.spf = (struct spf_evidence){ 0 };
	s.ruleset.on_bad_from = ACTION_QUARANTINE;
	scene_rule(&s, "printers", RULE_ACCEPT)->match_all = true;
}

static void rule_that_changes_nothing(void)
{
	struct rule *rule = scene_rule(&s, "all", RULE_ACCEPT);

	rule->match_all = true;
	s.e.n_authors = 0;
	scene_author(&s, "example.com", NULL);
}

static void left_out(void)
{
	s.ruleset.enforce_percent = 50;
}

static void staged_in(void)
{
	s.ruleset.enforce_percent = 51;
}

static void differing(enum recipients_differ how)
{
	struct rule *rule = scene_rule(&s, "tenant", RULE_ACCEPT);

	rule_set(rule, "recipient", "tenant.example");
	s.ruleset.rules_have_recipients = true;
	s.ruleset.recipients_differ = how;
	scene_recipient(&s, "receiver.example", "");
	scene_recipient(&s, "tenant.example", "");
}

static void differ(void)
{
	differing(DIFFER_QUARANTINE);
}

static void differ_strictest(void)
{
	differing(DIFFER_STRICTEST);
}

static void differ_by_rule(void)
{
	differing(DIFFER_STRICTEST);
	rule_set(scene_rule(&s, "brand", RULE_REJECT), "author_domain", "example.com");
	s.rules[1].reply = "not from outside";
}

static void trusted_chain(void)
{
	scene_chain(&s, "d1.example d2.example");
	s.e.arc.oldest_pass = 2;
	s.e.arc.sets[0].client_ip = "192.0.2.80";
	scene_claim(&s, 1, ARC_METHOD_DMARC, "example.com");
	scene_trust(&s, "d1.example d2.example");
}

static void long_chain(void)
{
	scene_chain(&s, "a.example.org "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example "
		"b.example.org");
	s.e.arc.sets[2].s = NULL;
}

static void sealer_without_name(void)
{
	scene_chain(&s, "d1.example d2.example");
	s.e.arc.sets[1].d = NULL;
}

static void failed_chain(void)
{
	scene_chain(&s, "d1.example");
	s.e.arc.result = RES_ARC_FAIL;
	s.e.arc.reason = "seal of set 1 does not verify";
}

static void relay(void)
{
	s.e.relay = (struct relay){ "198.51.100.9", 1, NULL };
}

static void unread_relay(void)
{
	s.e.relay = (struct relay){ "198.51.100.9", 2, "no address in the Received field" };
	s.e.spf = (struct spf_evidence){ 0 };
	s.e.client_ip = NULL;
}

static const struct {
	const char *name;
	void (*set)(void);
	const char *header;             /* wanted in it; NULL: not looked at */
	const char *log;
	const char *quarantine;
	const char *reply;              /* with apply = chosen; NULL: not looked at */
} rows[] = {
	{ "the request itself", staged_in, "dmarc=fail (p=reject dis=reject) header.from=",
	  " why=requested spf=fail dkim=none arc=- policy=reject ", NULL,
	  "550 5.7.26 rejected by DMARC policy of example.com: SPF fail, no aligned DKIM signature (4Abc)" },
	{ "not corroborated", list_post, "dmarc=fail (p=reject dis=quarantine local_policy) header.from=",
	  " why=not-corroborated spf=fail dkim=none arc=- reasons=local_policy missing=not-list-shaped policy=",
	  "author=example.com; asked=reject; why=not-corroborated; result=fail; missing=not-list-shaped", NULL },
	{ "two signals missing", two_missing, "dmarc=fail (p=reject dis=quarantine local_policy) header.from=",
	  " missing=not-list-shaped,not-forwarded policy=",
	  "; result=fail; missing=not-list-shaped,not-forwarded", NULL },
	{ "not corroborated, in a dry run", list_post_in_a_dry_run,
	  "dmarc=fail (p=reject dis=none local_policy) header.from=",
	  " chosen=accept done=x dry_run=yes why=not-corroborated ", NULL, NULL },
	{ "a rule accepts", rule_for_a_list, "dmarc=fail (p=reject dis=none mailing_list) header.from=",
	  " chosen=accept done=x dry_run=no why=rule spf=fail dkim=none arc=- rule=list-7 "
	  "reasons=mailing_list policy=reject ", NULL, NULL },
	{ "a rule is stricter than the policy", brand_without_policy,
	  "dmarc=fail (p=none dis=reject local_policy) header.from=",
	  " asked=none chosen=reject done=x dry_run=no why=rule spf=fail dkim=none arc=- rule=our-brand "
	  "reasons=local_policy ", "author=example.com; asked=none; why=rule; result=fail",
	  "550 5.7.1 rejected by local policy (4Abc)" },
	{ "a rule without any policy", brand_without_record,
	  "dmarc=none (dis=reject local_policy) header.from=example.com",
	  " result=none asked=none chosen=reject done=x dry_run=no why=rule ", NULL,
	  "550 5.7.1 rejected by local policy (4Abc)" },
	{ "a rule's own reply", brand_with_a_reply, "(p=none dis=reject local_policy)", " rule=our-brand ", NULL,
	  "550 5.7.1 example.com is ours, 100_ (4Abc)" },
	{ "a rule left out", brand_left_out,
	  "dmarc=none (dis=none local_policy left out of enforce_percent) header.from=",
	  " reasons=local_policy,local_policy left_out=yes ", NULL, NULL },
	{ "a rule honors", rule_honors, "dmarc=fail (p=reject dis=reject) header.from=",
	  " why=requested spf=fail dkim=none arc=- rule=letter policy=", NULL,
	  "550 5.7.26 rejected by DMARC policy of example.com: SPF fail, no aligned DKIM signature (4Abc)" },
	{ "a rule for mail without an author", rule_for_no_author,
	  "dmarc=permerror (dis=none local_policy) reason=\"no From field\"",
	  " why=rule spf=- dkim=none arc=- rule=printers reasons=local_policy from=absent "
	  "reason=\"no From field\" client=", NULL, NULL },
	{ "a rule that changes nothing", rule_that_changes_nothing, "dmarc=none header.from=example.com",
	  " why=rule spf=fail dkim=none arc=- rule=all spf_domain=", NULL, NULL },
	{ "left out", left_out, "dmarc=fail (p=reject dis=none left out of enforce_percent) header.from=",
	  " why=requested spf=fail dkim=none arc=- reasons=local_policy left_out=yes policy=", NULL, NULL },
	{ "recipients differ", differ,
	  "dmarc=fail (p=reject dis=quarantine local_policy recipients differ) header.from=",
	  " chosen=quarantine done=x dry_run=no why=recipients-differ spf=fail dkim=none arc=- "
	  "reasons=local_policy recipients_differ=accept,reject policy=",
	  "author=example.com; asked=reject; why=recipients-differ; result=fail", NULL },
	{ "the strictest, by request", differ_strictest,
	  "dmarc=fail (p=reject dis=reject recipients differ) header.from=",
	  " chosen=reject done=x dry_run=no why=recipients-differ ", NULL,
	  "550 5.7.26 rejected by DMARC policy of example.com: SPF fail, no aligned DKIM signature (4Abc)" },
	{ "the strictest, by a rule", differ_by_rule, "(p=reject dis=reject recipients differ)",
	  " recipients_differ=accept,reject ", NULL, "550 5.7.1 not from outside (4Abc)" },
	{ "a trusted chain", trusted_chain,
	  "arc=pass (as.2.d2.example=pass, as.1.d1.example=pass) "
	  "header.oldest-pass=2 smtp.remote-ip=192.0.2.7;\n"
	  "\tdmarc=fail (p=reject dis=none arc override) header.from=example.com "
	  "policy.dmarc=reject",
	  " why=trusted-arc spf=fail dkim=none arc=pass reasons=local_policy arc_sealers=d2.example,d1.example "
	  "policy=reject ", NULL, NULL },
	{ "a sealer's name is never cut", long_chain, "\tarc=pass (as.3.b.example.org=pass) header.oldest-pass=0",
	  " arc_sealers=b.example.org,aaaa", NULL, NULL },
	{ "a sealer without a name", sealer_without_name, "arc=pass (as.2=pass, as.1.d1.example=pass)",
	  " arc_sealers=-,d1.example ", NULL, NULL },
	{ "a failed chain", failed_chain, "\tarc=fail (seal of set 1 does not verify) smtp.remote-ip=192.0.2.7;",
	  " arc=fail arc_sealers=d1.example arc_reason=\"seal of set 1 does not verify\" policy=", NULL, NULL },
	{ "a relay of ours", relay, "\tspf=fail smtp.mailfrom=bounce.example;",
	  " arc=- relay=198.51.100.9 policy=", NULL, NULL },
	{ "an unread relay", unread_relay, "\tspf=none (client behind an internal relay is not known);\n",
	  " spf=- dkim=none arc=- relay=198.51.100.9 relay_unread=\"no address in the Received field\" policy=",
	  NULL, NULL },
};

START_TEST(will_is_told)
{
	const char *name = rows[_i].name, *text;

	rows[_i].set();
	scene_decide(&s);
	text = header(true);
	ck_assert_msg(strstr(text, rows[_i].header) != NULL, "%s:%s", name, text);
	text = log_line();
	ck_assert_msg(strstr(text, rows[_i].log) != NULL, "%s: %s", name, text);
	text = summary_quarantine(s.arena, &s.e, &s.v);
	ck_assert_msg(rows[_i].quarantine == NULL || strstr(text, rows[_i].quarantine) != NULL, "%s: %s", name,
		      text);
	s.v.apply = s.v.chosen;
	text = reply(true);
	ck_assert_msg(rows[_i].reply == NULL || strcmp(text, rows[_i].reply) == 0, "%s: %s", name, text);
}
END_TEST

/* Forwarded mail takes the header to strangers. */
START_TEST(strangers_are_not_told)
{
	static const char *const secrets[] = {
		"tenant", "receiver.example", "list-7", "our-brand", "phone", "outside", "printers",
	};
	const char *text;

	rows[_i].set();
	scene_decide(&s);
	text = header(true);
	for (size_t i = 0; i < N_ROWS(secrets); i++)
		ck_assert_msg(strstr(text, secrets[i]) == NULL, "%s:%s", rows[_i].name, text);
	ck_assert_ptr_null(strchr(header(false), '('));
	text = summary_quarantine(s.arena, &s.e, &s.v);
	for (size_t i = 0; i < N_ROWS(secrets); i++)
		ck_assert_msg(strstr(text, secrets[i]) == NULL, "%s: %s", rows[_i].name, text);
}
END_TEST

/* A quarantine by rejecting that no owner asked for. */
START_TEST(own_quarantine_names_no_policy)
{
	differing(DIFFER_QUARANTINE);
	rule_set(scene_rule(&s, "brand", RULE_REJECT), "author_domain", "example.com");
	s.e.n_authors = 0;
	scene_author(&s, "example.com", "p=none");
	s.ruleset.quarantine = QUARANTINE_REJECT;
	scene_decide(&s);
	ck_assert_int_eq(s.v.apply, ACTION_QUARANTINE);
	ck_assert_str_eq(reply(true), "550 5.7.1 rejected by local policy (4Abc)");
	ck_assert_ptr_nonnull(strstr(header(true), "(p=none dis=quarantine local_policy recipients differ)"));
}
END_TEST

START_TEST(sealers_are_bounded)
{
	static const char label[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	const char *name = arena_printf(s.arena, "%s.%s.%s.%s", label, label, label, label), *text;

	scene_chain(&s, "d");
	s.e.arc.n_sets = LIMIT_ARC_SETS;
	s.e.arc.sets = ARENA_ARRAY(s.arena, struct arc_set, LIMIT_ARC_SETS);
	for (unsigned i = 0; i < LIMIT_ARC_SETS; i++)
		s.e.arc.sets[i].d = name;
	scene_decide(&s);
	text = log_line();
	ck_assert_ptr_nonnull(strstr(text, arena_printf(s.arena, " arc_sealers=%s,%s ", name, name)));
	ck_assert_ptr_nonnull(strstr(text, " waited_ms=0"));
	ck_assert_ptr_nonnull(strstr(header(true), "\tarc=pass header.oldest-pass=0 "));
}
END_TEST

static const struct {
	struct verdict verdict;
	const char *wanted;
} done_rows[] = {
	{ { .apply = ACTION_ACCEPT, .chosen = ACTION_ACCEPT }, "accept" },
	{ { .apply = ACTION_ACCEPT, .chosen = ACTION_REJECT, .left_out = true }, "accept" },
	{ { .apply = ACTION_ACCEPT, .chosen = ACTION_REJECT, .dry_run = true }, "none" },
	{ { .apply = ACTION_REJECT }, "reject" },
	{ { .apply = ACTION_TEMPFAIL }, "tempfail" },
	{ { .apply = ACTION_QUARANTINE, .method = QUARANTINE_HEADER }, "quarantine" },
	{ { .apply = ACTION_QUARANTINE, .method = QUARANTINE_HOLD }, "hold" },
	{ { .apply = ACTION_QUARANTINE, .method = QUARANTINE_REJECT }, "reject" },
};

START_TEST(what_is_done)
{
	ck_assert_str_eq(summary_done(&done_rows[_i].verdict), done_rows[_i].wanted);
}
END_TEST

static Suite *summary_will_suite(void)
{
	Suite *suite = suite_create("summary_will");
	TCase *tc = tcase_create("summary_will");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, will_is_told, 0, N_ROWS(rows));
	tcase_add_loop_test(tc, strangers_are_not_told, 0, N_ROWS(rows));
	tcase_add_test(tc, own_quarantine_names_no_policy);
	tcase_add_test(tc, sealers_are_bounded);
	tcase_add_loop_test(tc, what_is_done, 0, N_ROWS(done_rows));
	suite_add_tcase(suite, tc);
	return suite;
}

TEST_MAIN(summary_will_suite())
