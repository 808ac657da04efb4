/* Corroboration, trusted chains, recipients that differ, staged enforcement. */
#include "testmain.h"

#include "core/arc_trust.h"
#include "core/signals.h"
#include "will.h"

static void nothing(struct scene *s)
{
	(void)s;
}

static void has_list_id(struct scene *s)
{
	s->e.marks.list_id = "<a.example>";
}

static void has_list_post(struct scene *s)
{
	s->e.marks.list_post = true;
}

static void has_precedence(struct scene *s)
{
	s->e.marks.precedence_list = true;
}

static void has_bulk(struct scene *s)
{
	s->e.marks.precedence_bulk = s->e.marks.list_unsubscribe = true;
}

static void was_resent(struct scene *s)
{
	s->e.marks.resent = true;
}

static void has_srs(struct scene *s)
{
	s->e.marks.srs = true;
}

static void one_set(struct scene *s)
{
	s->e.marks.arc_fields = 1;
}

static void two_sets(struct scene *s)
{
	s->e.marks.arc_fields = 2;
}

static void arc_passes(struct scene *s)
{
	scene_chain(s, "stranger.example");
}

static void arc_fails(struct scene *s)
{
	s->e.arc.result = RES_ARC_FAIL;
}

static void spf_softfail(struct scene *s)
{
	s->e.spf.result = RES_SPF_SOFTFAIL;
}

static void any_dkim(struct scene *s)
{
	scene_signature(s, "stranger.example");
}

static void named_client(struct scene *s)
{
	s->e.client_name_confirmed = true;
}

static const struct {
	const char *name;
	void (*change)(struct scene *s);
	const char *missing;            /* of all signals */
} signal_cases[] = {
	{ "a plain forgery", nothing, "" },
	{ "List-Id", has_list_id, "not-list-shaped" },
	{ "List-Post", has_list_post, "not-list-shaped" },
	{ "Precedence: list", has_precedence, "not-list-shaped" },
	{ "newsletters are no lists", has_bulk, "" },
	{ "Resent-From", was_resent, "not-forwarded" },
	{ "SRS", has_srs, "not-forwarded" },
	{ "one ARC set", one_set, "" },
	{ "two ARC sets", two_sets, "not-forwarded" },
	{ "a chain that passes", arc_passes, "no-arc-pass" },
	{ "a chain that fails", arc_fails, "" },
	{ "SPF did not say fail", spf_softfail, "spf-fail" },
	{ "somebody's signature", any_dkim, "no-valid-dkim" },
	{ "a client with a name", named_client, "client-name-unverified" },
};

static unsigned all_signals(void)
{
	unsigned n = 0;

	while (signal_rows[n].name != NULL)
		n++;
	return (1u << n) - 1;
}

START_TEST(signals_hold)
{
	struct buf names;
	struct scene s;

	scene_open(&s);
	signal_cases[_i].change(&s);
	buf_init(&names, 1000);
	signals_names(signals_missing(&s.e, all_signals()), " ", &names);
	ck_assert_msg(strcmp(buf_str(&names), signal_cases[_i].missing) == 0, "%s: %s",
		      signal_cases[_i].name, buf_str(&names));
	buf_done(&names);
	scene_close(&s);
}
END_TEST

START_TEST(each_signal_has_a_case_here)
{
	for (const struct signal_row *row = signal_rows; row->name != NULL; row++) {
		bool found = false;
		unsigned bit;

		for (int i = 0; i < N_ROWS(signal_cases); i++)
			found |= strcmp(signal_cases[i].missing, row->name) == 0;
		ck_assert_msg(found, "signal %s needs a case in which it alone is missing", row->name);
		ck_assert(signal_find(slice_of(row->name), &bit));
		ck_assert_uint_eq(bit, 1u << (row - signal_rows));
	}
}
END_TEST

static const struct {
	const char *name, *record;
	enum mode mode;
	bool list_shaped;
	enum request_answer reject, uncorroborated;
	enum action chosen;
	enum why why;
} override_rows[] = {
	{ "blatant", "p=reject", MODE_OVERRIDE, false, REQUEST_FOLLOW, REQUEST_QUARANTINE, ACTION_REJECT,
	  WHY_REQUESTED },
	{ "ambiguous", "p=reject", MODE_OVERRIDE, true, REQUEST_FOLLOW, REQUEST_QUARANTINE,
	  ACTION_QUARANTINE, WHY_NOT_CORROBORATED },
	{ "ambiguous, accepted", "p=reject", MODE_OVERRIDE, true, REQUEST_FOLLOW, REQUEST_ACCEPT,
	  ACTION_ACCEPT, WHY_NOT_CORROBORATED },
	{ "ambiguous, followed all the same", "p=reject", MODE_OVERRIDE, true, REQUEST_FOLLOW,
	  REQUEST_FOLLOW, ACTION_REJECT, WHY_REQUESTED },
	{ "blatant, made milder", "p=reject", MODE_OVERRIDE, false, REQUEST_QUARANTINE, REQUEST_ACCEPT,
	  ACTION_QUARANTINE, WHY_OVERRIDE_REJECT },
	{ "honor does not ask for signals", "p=reject", MODE_HONOR, true, REQUEST_FOLLOW,
	  REQUEST_QUARANTINE, ACTION_REJECT, WHY_REQUESTED },
	{ "quarantine needs no signals", "p=quarantine", MODE_OVERRIDE, true, REQUEST_FOLLOW,
	  REQUEST_ACCEPT, ACTION_QUARANTINE, WHY_REQUESTED },
};

START_TEST(corroboration)
{
	struct scene s;

	scene_open(&s);
	s.e.n_authors = 0;
	scene_author(&s, "example.com", override_rows[_i].record);
	s.ruleset.mode = override_rows[_i].mode;
	s.ruleset.override_reject = override_rows[_i].reject;
	s.ruleset.override_uncorroborated = override_rows[_i].uncorroborated;
	ck_assert(signal_find(SLICE("not-list-shaped"), &s.ruleset.reject_when));
	s.e.marks.list_post = override_rows[_i].list_shaped;
	scene_decide(&s);
	ck_assert_msg(s.v.chosen == override_rows[_i].chosen, "%s", override_rows[_i].name);
	ck_assert_msg(s.v.why == override_rows[_i].why, "%s: why %s", override_rows[_i].name,
		      names_get(why_names, (int)s.v.why));
	ck_assert_int_eq(s.v.missing != 0, s.v.why == WHY_NOT_CORROBORATED);
	if (s.v.missing != 0)
		ck_assert_str_eq(s.v.reasons[0].comment, "not corroborated: not-list-shaped");
	scene_close(&s);
}
END_TEST

/* Trusted: t1.example, t2.example. The claim is set 1's unless said. */
static void claims_dmarc(struct scene *s)
{
	scene_claim(s, 1, ARC_METHOD_DMARC, "example.com");
}

static void claims_other_dmarc(struct scene *s)
{
	scene_claim(s, 1, ARC_METHOD_DMARC, "news.example.com");
}

static void claims_spf(struct scene *s)
{
	scene_claim(s, 1, ARC_METHOD_SPF, "bounce.example.com");
	s->e.arc.sets[0].claims[0].org.domain = "example.com";
}

static void claims_strict_spf(struct scene *s)
{
	claims_spf(s);
	s->e.authors[0].policy.record.aspf = ALIGN_STRICT;
}

static void claims_dkim(struct scene *s)
{
	scene_claim(s, 1, ARC_METHOD_DKIM, "example.com");
}

static void claims_unaligned(struct scene *s)
{
	scene_claim(s, 1, ARC_METHOD_DKIM, "example.net");
}

static void claims_by_newest(struct scene *s)
{
	scene_claim(s, s->e.arc.n_sets, ARC_METHOD_DMARC, "example.com");
}

static void from_not_covered(struct scene *s)
{
	claims_dmarc(s);
	s->e.arc.sets[s->e.arc.n_sets - 1].from_covered = false;
}

static void chain_fails(struct scene *s)
{
	claims_dmarc(s);
	s->e.arc.result = RES_ARC_FAIL;
}

static void changed_since(struct scene *s)
{
	claims_dmarc(s);
	s->e.arc.oldest_pass = 2;
}

static void changed_since_strict(struct scene *s)
{
	changed_since(s);
	s->ruleset.arc_require_intact = true;
}

static void intact(struct scene *s)
{
	claims_by_newest(s);
	s->e.arc.oldest_pass = 2;
	s->ruleset.arc_require_intact = true;
}

static void second_author(struct scene *s)
{
	claims_dmarc(s);
	scene_author(s, "example.net", "p=reject");
}

static void second_author_asks_nothing(struct scene *s)
{
	claims_dmarc(s);
	scene_author(s, "example.net", "p=none");
}

static const struct {
	const char *name, *sealers;
	void (*change)(struct scene *s);
	unsigned set;                   /* whose word is taken; 0: rejected as asked */
} arc_rows[] = {
	{ "a trusted forwarder", "t1.example", claims_dmarc, 1 },
	{ "trusted all the way", "t1.example t2.example", claims_dmarc, 1 },
	{ "an untrusted one", "x.example", claims_dmarc, 0 },
	{ "an untrusted one in between", "t1.example x.example t2.example", claims_dmarc, 0 },
	{ "an untrusted first: its word is not taken", "x.example t1.example", claims_dmarc, 0 },
	{ "an untrusted first, but the trusted one saw it pass", "x.example t1.example", claims_by_newest, 2 },
	{ "an untrusted last", "t1.example x.example", claims_dmarc, 0 },
	{ "below a trusted name", "a.t1.example", claims_dmarc, 0 },
	{ "dmarc=pass for another domain", "t1.example", claims_other_dmarc, 0 },
	{ "aligned SPF", "t1.example", claims_spf, 1 },
	{ "SPF that strict alignment refuses", "t1.example", claims_strict_spf, 0 },
	{ "aligned DKIM", "t1.example", claims_dkim, 1 },
	{ "unaligned DKIM", "t1.example", claims_unaligned, 0 },
	{ "no word at all", "t1.example", nothing, 0 },
	{ "From not covered", "t1.example t2.example", from_not_covered, 0 },
	{ "a failed chain", "t1.example", chain_fails, 0 },
	{ "changed since, as lists do", "t1.example t2.example", changed_since, 1 },
	{ "changed since, arc.require_intact", "t1.example t2.example", changed_since_strict, 0 },
	{ "intact since the trusted one", "x.example t1.example", intact, 2 },
	{ "a second author", "t1.example", second_author, 0 },
	{ "a second author that asks for nothing", "t1.example", second_author_asks_nothing, 1 },
};

START_TEST(trusted_chains)
{
	struct scene s;

	scene_open(&s);
	scene_chain(&s, arc_rows[_i].sealers);
	scene_trust(&s, "t1.example t2.example");
	s.e.arc.sets[0].client_ip = "192.0.2.80";
	arc_rows[_i].change(&s);
	scene_decide(&s);
	ck_assert_msg(s.v.trusted_set == arc_rows[_i].set, "%s: set %u", arc_rows[_i].name, s.v.trusted_set);
	ck_assert_msg(s.v.chosen == (s.v.trusted_set > 0 ? ACTION_ACCEPT : ACTION_REJECT), "%s",
		      arc_rows[_i].name);
	ck_assert_int_eq(s.v.why == WHY_TRUSTED_ARC, s.v.trusted_set > 0);
	ck_assert_int_eq(s.v.result, RES_DMARC_FAIL);
	scene_close(&s);
}
END_TEST

START_TEST(arc_comment)
{
	struct scene s;

	scene_open(&s);
	scene_chain(&s, "t1.example t2.example");
	scene_trust(&s, "t1.example t2.example");
	claims_dmarc(&s);
	s.e.arc.sets[0].client_ip = "192.0.2.80";
	scene_decide(&s);
	ck_assert_uint_eq(s.v.n_reasons, 1);
	ck_assert_int_eq(s.v.reasons[0].type, REASON_LOCAL_POLICY);
	ck_assert_str_eq(s.v.reasons[0].comment, "arc=pass as[2].d=t2.example as[2].s=arc "
			 "as[1].d=t1.example as[1].s=arc remote-ip[1]=192.0.2.80");
	s.e.arc.sets[0].client_ip = NULL;
	scene_decide(&s);
	ck_assert_ptr_null(strstr(s.v.reasons[0].comment, "remote-ip"));
	scene_close(&s);
}
END_TEST

/* Each group finds it anew, in words of its own. */
START_TEST(a_reason_is_given_once)
{
	for (int chain = 0; chain < 2; chain++) {
		struct scene s;

		scene_open(&s);
		s.ruleset.rules_have_recipients = true;
		s.ruleset.mode = MODE_OVERRIDE;
		s.ruleset.override_uncorroborated = REQUEST_QUARANTINE;
		ck_assert(signal_find(SLICE("not-list-shaped"), &s.ruleset.reject_when));
		s.e.marks.list_post = true;
		if (chain) {
			scene_chain(&s, "t1.example");
			scene_trust(&s, "t1.example");
			claims_dmarc(&s);
		}
		for (int i = 0; i < 3; i++)
			scene_recipient(&s, arena_printf(s.arena, "r%d.example", i), "");
		scene_decide(&s);
		ck_assert_int_eq(s.v.why, chain ? WHY_TRUSTED_ARC : WHY_NOT_CORROBORATED);
		ck_assert_uint_eq(s.v.n_reasons, 1);
		scene_close(&s);
	}
}
END_TEST

START_TEST(rules_come_before_the_chain)
{
	struct scene s;

	scene_open(&s);
	scene_chain(&s, "t1.example");
	scene_trust(&s, "t1.example");
	claims_dmarc(&s);
	rule_set(scene_rule(&s, "no", RULE_HONOR), "trusted_arc", "yes");
	ck_assert_int_eq(scene_decide(&s)->chosen, ACTION_REJECT);
	scene_close(&s);
}
END_TEST

/* Two tenants: one accepts all, one does what is in the row. */
static const struct {
	enum rule_action second;
	enum recipients_differ how;
	enum action chosen;
} differ_rows[] = {
	{ RULE_HONOR, DIFFER_QUARANTINE, ACTION_QUARANTINE },
	{ RULE_HONOR, DIFFER_MILDEST, ACTION_ACCEPT },
	{ RULE_HONOR, DIFFER_STRICTEST, ACTION_REJECT },
	{ RULE_HONOR, DIFFER_SPLIT, ACTION_QUARANTINE },
	{ RULE_QUARANTINE, DIFFER_QUARANTINE, ACTION_QUARANTINE },
	{ RULE_QUARANTINE, DIFFER_MILDEST, ACTION_ACCEPT },
	{ RULE_QUARANTINE, DIFFER_STRICTEST, ACTION_QUARANTINE },
	{ RULE_ACCEPT, DIFFER_STRICTEST, ACTION_ACCEPT },
};

static void two_tenants(struct scene *s, enum rule_action second, enum recipients_differ how)
{
	rule_set(scene_rule(s, "lax", RULE_ACCEPT), "recipient", "lax.example");
	s->rules[0].reason = REASON_OTHER;
	rule_set(scene_rule(s, "second", second), "recipient", "second.example");
	s->ruleset.rules_have_recipients = true;
	s->ruleset.recipients_differ = how;
}

START_TEST(recipients_differ)
{
	bool differ = differ_rows[_i].second != RULE_ACCEPT;

	for (int order = 0; order < 2; order++) {
		struct scene s;

		scene_open(&s);
		two_tenants(&s, differ_rows[_i].second, differ_rows[_i].how);
		scene_recipient(&s, order == 0 ? "lax.example" : "second.example", "");
		scene_recipient(&s, order == 0 ? "second.example" : "lax.example", "");
		scene_decide(&s);
		ck_assert_msg(s.v.chosen == differ_rows[_i].chosen, "row %d, order %d", _i, order);
		ck_assert_int_eq(s.v.apply, s.v.chosen);
		ck_assert_int_eq(s.v.recipients_differ, differ);
		ck_assert_int_eq(s.v.why == WHY_RECIPIENTS_DIFFER, differ);
		ck_assert_str_eq(s.v.recipients[order].rule, "lax");
		ck_assert_int_eq(s.v.recipients[order].chosen, ACTION_ACCEPT);
		ck_assert_str_eq(s.v.recipients[1 - order].rule, "second");
		ck_assert_ptr_null(s.v.rule);
		scene_close(&s);
	}
}
END_TEST

/* Nobody would get a quarantine alone: it is nobody's reply, signal or chain. */
START_TEST(settled_speaks_for_nobody)
{
	for (int order = 0; order < 2; order++) {
		struct scene s;

		scene_open(&s);
		two_tenants(&s, RULE_REJECT, DIFFER_QUARANTINE);
		s.rules[1].reply = "the second's words";
		s.ruleset.quarantine = QUARANTINE_REJECT;
		scene_recipient(&s, order == 0 ? "lax.example" : "second.example", "");
		scene_recipient(&s, order == 0 ? "second.example" : "lax.example", "");
		scene_decide(&s);
		ck_assert_int_eq(s.v.chosen, ACTION_QUARANTINE);
		ck_assert_str_eq(s.v.reply, "rejected by local policy");
		scene_close(&s);
	}
}
END_TEST

static const struct {
	enum recipients_differ how;
	enum action chosen;
} undecided_rows[] = {
	{ DIFFER_QUARANTINE, ACTION_TEMPFAIL }, { DIFFER_SPLIT, ACTION_TEMPFAIL },
	{ DIFFER_MILDEST, ACTION_ACCEPT }, { DIFFER_STRICTEST, ACTION_TEMPFAIL },
};

/* A DNS failure is no reason to file mail away. */
START_TEST(undecided_recipients_come_again)
{
	for (int order = 0; order < 2; order++) {
		struct scene s;

		scene_open(&s);
		s.e.authors[0].policy.status = DISCOVERY_TEMPERROR;
		s.ruleset.on_temperror = TEMPERROR_TEMPFAIL;
		two_tenants(&s, RULE_REJECT, undecided_rows[_i].how);
		scene_recipient(&s, order == 0 ? "lax.example" : "other.example", "");
		scene_recipient(&s, order == 0 ? "other.example" : "lax.example", "");
		ck_assert_int_eq(scene_decide(&s)->chosen, undecided_rows[_i].chosen);
		ck_assert_int_eq(s.v.apply, s.v.chosen);
		scene_close(&s);
	}
}
END_TEST

/* Both are accepted, one by a rule: no rule is said to have chosen for all. */
START_TEST(recipients_agree_for_other_reasons)
{
	for (int order = 0; order < 2; order++) {
		struct scene s;

		scene_open(&s);
		two_tenants(&s, RULE_ACCEPT, DIFFER_QUARANTINE);
		scene_recipient(&s, order == 0 ? "lax.example" : "other.example", "");
		scene_recipient(&s, order == 0 ? "other.example" : "lax.example", "");
		s.e.n_authors = 0;
		scene_author(&s, "example.com", "p=none");
		scene_decide(&s);
		ck_assert_int_eq(s.v.chosen, ACTION_ACCEPT);
		ck_assert(!s.v.recipients_differ);
		ck_assert_int_eq(s.v.why, WHY_REQUESTED);
		ck_assert_ptr_null(s.v.rule);
		scene_close(&s);
	}
}
END_TEST

START_TEST(recipients_alone_and_unlisted)
{
	struct scene s;

	scene_open(&s);
	two_tenants(&s, RULE_HONOR, DIFFER_MILDEST);
	scene_recipient(&s, "lax.example", "");
	scene_recipient(&s, "lax.example", "");
	ck_assert_int_eq(scene_decide(&s)->chosen, ACTION_ACCEPT);
	ck_assert_str_eq(s.v.rule, "lax");
	ck_assert(!s.v.recipients_differ);
	/* one more that is not on the list: it has no rule, so it is rejected */
	s.e.recipients_unlisted = 1;
	s.ruleset.recipients_differ = DIFFER_STRICTEST;
	ck_assert_int_eq(scene_decide(&s)->chosen, ACTION_REJECT);
	ck_assert_ptr_null(s.v.reply);
	scene_close(&s);
}
END_TEST

/* enforce_draw is 50 */
static const struct {
	const char *name;
	unsigned global, rule;          /* 101: not given */
	enum rule_action action;        /* UNSET: no rule */
	bool left_out;
} percent_rows[] = {
	{ "all", 100, 101, RULE_UNSET, false },
	{ "none", 0, 101, RULE_UNSET, true },
	{ "drawn", 51, 101, RULE_UNSET, false },
	{ "not drawn", 50, 101, RULE_UNSET, true },
	{ "a rule has its own", 0, 100, RULE_REJECT, false },
	{ "a rule without its own", 0, 101, RULE_QUARANTINE, true },
	{ "a rule is staged alone", 100, 10, RULE_REJECT, true },
	{ "accepting is not staged", 0, 101, RULE_ACCEPT, false },
};

START_TEST(staged_enforcement)
{
	struct scene s;

	scene_open(&s);
	s.ruleset.enforce_percent = percent_rows[_i].global;
	if (percent_rows[_i].action != RULE_UNSET) {
		struct rule *rule = scene_rule(&s, "r", percent_rows[_i].action);

		rule_set(rule, "author_domain", "example.com");
		rule->has_percent = percent_rows[_i].rule <= 100;
		rule->enforce_percent = percent_rows[_i].rule;
	}
	scene_decide(&s);
	ck_assert_msg(s.v.left_out == percent_rows[_i].left_out, "%s", percent_rows[_i].name);
	ck_assert_int_eq(s.v.apply, s.v.left_out ? ACTION_ACCEPT : s.v.chosen);
	if (s.v.left_out)
		ck_assert_str_eq(s.v.reasons[s.v.n_reasons - 1].comment, "enforce_percent");
	s.ruleset.dry_run = true;
	scene_decide(&s);
	ck_assert(!s.v.left_out);
	ck_assert_int_eq(s.v.apply, ACTION_ACCEPT);
	scene_close(&s);
}
END_TEST

START_TEST(staging_does_not_touch_tempfail)
{
	struct scene s;

	scene_open(&s);
	s.e.authors[0].policy.status = DISCOVERY_TEMPERROR;
	s.ruleset.on_temperror = TEMPERROR_TEMPFAIL;
	s.ruleset.enforce_percent = 0;
	ck_assert_int_eq(scene_decide(&s)->apply, ACTION_TEMPFAIL);
	scene_close(&s);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("will");
	TCase *t = tcase_create("will");

	tcase_add_loop_test(t, signals_hold, 0, N_ROWS(signal_cases));
	tcase_add_test(t, each_signal_has_a_case_here);
	tcase_add_loop_test(t, corroboration, 0, N_ROWS(override_rows));
	tcase_add_loop_test(t, trusted_chains, 0, N_ROWS(arc_rows));
	tcase_add_test(t, arc_comment);
	tcase_add_test(t, a_reason_is_given_once);
	tcase_add_test(t, rules_come_before_the_chain);
	tcase_add_loop_test(t, recipients_differ, 0, N_ROWS(differ_rows));
	tcase_add_test(t, settled_speaks_for_nobody);
	tcase_add_loop_test(t, undecided_recipients_come_again, 0, N_ROWS(undecided_rows));
	tcase_add_test(t, recipients_agree_for_other_reasons);
	tcase_add_test(t, recipients_alone_and_unlisted);
	tcase_add_loop_test(t, staged_enforcement, 0, N_ROWS(percent_rows));
	tcase_add_test(t, staging_does_not_touch_tempfail);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
