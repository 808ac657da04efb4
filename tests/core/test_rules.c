#include "testmain.h"

#include "will.h"

static void by_spf(struct scene *s)
{
	s->e.spf.result = RES_SPF_PASS;
}

static void by_signature(struct scene *s)
{
	scene_signature(s, "list.example");
}

static void by_test_key(struct scene *s)
{
	scene_signature(s, "list.example");
	s->e.dkim[0].test_key = true;
	s->ruleset.refuse_test_keys = true;
}

static void name_confirmed(struct scene *s)
{
	s->e.client_name_confirmed = true;
}

static void list_post(struct scene *s)
{
	scene_signature(s, "list.example");
	s->e.marks.list_id = "\"Our <list>\" <Dev.List.example>";
}

static void bare_list_id(struct scene *s)
{
	s->e.marks.list_id = " dev.list.example\r\n";
}

static void odd_list_id(struct scene *s)
{
	s->e.marks.list_id = "<";
}

static void no_record(struct scene *s)
{
	s->e.n_authors = 0;
	scene_author(s, "example.com", NULL);
}

static void monitoring(struct scene *s)
{
	s->e.n_authors = 0;
	scene_author(s, "example.com", "p=none; rua=mailto:a@example.com");
}

static void passes(struct scene *s)
{
	s->e.spf = (struct spf_evidence){
		.result = RES_SPF_PASS, .domain = "example.com", .org = { ORG_KNOWN, "example.com", false },
	};
}

static void undecided(struct scene *s)
{
	s->e.authors[0].policy.status = DISCOVERY_TEMPERROR;
}

static void no_from(struct scene *s)
{
	s->e.n_authors = 0;
	s->e.from = FROM_ABSENT;
}

static void org_unknown(struct scene *s)
{
	s->e.authors[0].policy.org.status = ORG_TEMPERROR;
}

static void no_client(struct scene *s)
{
	s->e.client_ip = s->e.client_name = s->e.helo_domain = NULL;
	s->e.client_name_confirmed = true;
}

static void vouched(struct scene *s)
{
	scene_chain(s, "forwarder.example");
	scene_claim(s, 1, ARC_METHOD_DMARC, "example.com");
	scene_trust(s, "forwarder.example");
}

static void named_address(struct scene *s)
{
	scene_recipient(s, "tenant.example", "first the-rule last");
}

static void other_address(struct scene *s)
{
	scene_recipient(s, "tenant.example", "the-rule-2");
}

static void tenant(struct scene *s)
{
	scene_recipient(s, "tenant.example", "");
}

/* One rule whose action is reject for results other than fail, else accept. */
static const struct {
	const char *name, *keys[4];     /* key, value, key, value */
	void (*change)(struct scene *s);
	bool fits;
} key_rows[] = {
	{ "author", { "author_domain", "example.com" }, NULL, true },
	{ "author: another", { "author_domain", "example.net" }, NULL, false },
	{ "author: below only", { "author_domain", ".example.com" }, NULL, false },
	{ "author: below", { "author_domain", ".com" }, NULL, true },
	{ "author: no From", { "author_domain", "example.com" }, no_from, false },
	{ "organizational domain", { "org_domain", "example.com" }, NULL, true },
	{ "organizational domain unknown", { "org_domain", "example.com" }, org_unknown, false },
	{ "network", { "client_network", "192.0.2.0/24" }, NULL, true },
	{ "network: another", { "client_network", "198.51.100.0/24" }, NULL, false },
	{ "network: unknown client", { "client_network", "192.0.2.0/24" }, no_client, false },
	{ "name not confirmed", { "client_name", "out.client.example" }, NULL, false },
	{ "name confirmed", { "client_name", "out.client.example" }, name_confirmed, true },
	{ "name confirmed, below", { "client_name", ".client.example" }, name_confirmed, true },
	{ "no name", { "client_name", "out.client.example" }, no_client, false },
	{ "authenticated: nobody", { "authenticated_domain", "bounce.example" }, NULL, false },
	{ "authenticated by SPF", { "authenticated_domain", "bounce.example" }, by_spf, true },
	{ "authenticated by DKIM", { "authenticated_domain", "list.example" }, by_signature, true },
	{ "authenticated: a test key that does not count", { "authenticated_domain", "list.example" },
	  by_test_key, false },
	{ "helo", { "helo", "helo.example", "client_network", "192.0.2.7" }, NULL, true },
	{ "helo, but another network", { "helo", "helo.example", "client_network", "192.0.2.8" }, NULL,
	  false },
	{ "helo unknown", { "helo", "helo.example" }, no_client, false },
	{ "recipient's domain", { "recipient", "tenant.example" }, tenant, true },
	{ "another recipient", { "recipient", "tenant.example" }, NULL, false },
	{ "recipient's address", { "recipient", "boss@tenant.example" }, named_address, true },
	{ "an address of another rule", { "recipient", "boss@tenant.example" }, other_address, false },
	{ "list", { "list_id", "dev.list.example", "list_domain", "list.example" }, list_post, true },
	{ "list id not between < and >", { "list_id", "dev.list.example" }, bare_list_id, true },
	{ "list id without a signature", { "list_id", "dev.list.example", "list_domain", "list.example" },
	  bare_list_id, false },
	{ "signature without the list id", { "list_id", "dev.list.example", "list_domain", "list.example" },
	  by_signature, false },
	{ "odd list id", { "list_id", "dev.list.example" }, odd_list_id, false },
	{ "asked", { "asked", "quarantine reject" }, NULL, true },
	{ "asked for less", { "asked", "none quarantine" }, NULL, false },
	{ "class", { "enforcement", "enforced" }, NULL, true },
	{ "class: no record", { "enforcement", "no-record" }, no_record, true },
	{ "class: monitoring", { "enforcement", "monitoring idle" }, monitoring, true },
	{ "class: another", { "enforcement", "monitoring idle" }, NULL, false },
	{ "class: not known", { "enforcement", "no-record unusable damaged monitoring idle partial enforced" },
	  undecided, false },
	{ "result", { "result", "fail" }, NULL, true },
	{ "result: another", { "result", "none" }, NULL, false },
	{ "passed mail is left alone", { "author_domain", "example.com" }, passes, false },
	{ "unless it is named", { "author_domain", "example.com", "result", "pass" }, passes, true },
	{ "trusted chain", { "trusted_arc", "yes" }, vouched, true },
	{ "no chain", { "trusted_arc", "yes" }, NULL, false },
	{ "no author, no chain", { "trusted_arc", "yes" }, no_from, false },
	{ "bad From from a network", { "client_network", "192.0.2.7" }, no_from, true },
};

START_TEST(keys_hold)
{
	struct scene s;
	struct rule *rule;

	scene_open(&s);
	rule = scene_rule(&s, "the-rule", RULE_ACCEPT);
	for (unsigned i = 0; i < 4 && key_rows[_i].keys[i] != NULL; i += 2)
		rule_set(rule, key_rows[_i].keys[i], key_rows[_i].keys[i + 1]);
	if (key_rows[_i].change != NULL)
		key_rows[_i].change(&s);
	s.ruleset.rules_have_recipients = true;
	scene_decide(&s);
	ck_assert_msg((s.v.rule != NULL) == key_rows[_i].fits, "%s", key_rows[_i].name);
	ck_assert_msg((s.v.why == WHY_RULE) == key_rows[_i].fits, "%s", key_rows[_i].name);
	scene_close(&s);
}
END_TEST

START_TEST(each_key_has_a_row_here)
{
	for (const struct rule_key *key = rule_keys; key->name != NULL; key++) {
		bool fits = false, fails = false;

		for (size_t i = 0; i < sizeof(key_rows) / sizeof(key_rows[0]); i++) {
			if (strcmp(key_rows[i].keys[0], key->name) != 0 &&
			    (key_rows[i].keys[2] == NULL || strcmp(key_rows[i].keys[2], key->name) != 0))
				continue;
			fits |= key_rows[i].fits;
			fails |= !key_rows[i].fits;
		}
		ck_assert_msg(fits && fails, "rule key %s needs a row that fits and one that does not",
			      key->name);
	}
}
END_TEST

/* A second author must not borrow the exception of the first; and cannot hide
 * the first one from a rule that hardens. */
static const struct {
	const char *name;
	enum rule_action action;
	const char *domains, *second, *record;
	enum action chosen;
	bool by_rule;
} author_rows[] = {
	{ "accept, one of two", RULE_ACCEPT, "example.com", "example.net", "p=reject", ACTION_REJECT, false },
	{ "accept, both", RULE_ACCEPT, "example.com example.net", "example.net", "p=reject",
	  ACTION_ACCEPT, true },
	{ "honor, one of two", RULE_HONOR, "example.com", "example.net", "p=reject", ACTION_REJECT, false },
	{ "reject, one of two", RULE_REJECT, "example.net", "example.net", "p=none", ACTION_REJECT, true },
	{ "quarantine never makes milder", RULE_QUARANTINE, "example.net", "example.net", "p=none",
	  ACTION_REJECT, false },
	{ "quarantine of all makes milder", RULE_QUARANTINE, "example.net example.com", "example.net",
	  "p=none", ACTION_QUARANTINE, true },
};

START_TEST(several_authors)
{
	struct scene s;

	scene_open(&s);
	rule_set(scene_rule(&s, "r", author_rows[_i].action), "author_domain", author_rows[_i].domains);
	scene_author(&s, author_rows[_i].second, author_rows[_i].record);
	scene_decide(&s);
	ck_assert_msg(s.v.chosen == author_rows[_i].chosen, "%s", author_rows[_i].name);
	ck_assert_msg((s.v.why == WHY_RULE) == author_rows[_i].by_rule, "%s", author_rows[_i].name);
	scene_close(&s);
}
END_TEST

/* Behind a quarantine for one author stands a reject for the other. */
START_TEST(a_rule_for_some_authors_does_not_end_the_search)
{
	static const enum rule_action behind[] = { RULE_REJECT, RULE_HONOR, RULE_ACCEPT };
	static const enum action chosen[] = { ACTION_REJECT, ACTION_QUARANTINE, ACTION_QUARANTINE };

	for (int i = 0; i < 3; i++) {
		struct scene s;

		scene_open(&s);
		s.e.n_authors = 0;
		scene_author(&s, "brand.example", "p=none");
		scene_author(&s, "partner.example", "p=none");
		rule_set(scene_rule(&s, "partner", RULE_QUARANTINE), "author_domain", "partner.example");
		rule_set(scene_rule(&s, "behind", behind[i]), "author_domain",
			 behind[i] == RULE_REJECT ? "brand.example" : "brand.example partner.example");
		ck_assert_int_eq(scene_decide(&s)->chosen, chosen[i]);
		ck_assert_str_eq(s.v.rule, behind[i] == RULE_REJECT ? "behind" : "partner");
		s.e.n_authors = 0;      /* in the other order too */
		scene_author(&s, "partner.example", "p=none");
		scene_author(&s, "brand.example", "p=none");
		ck_assert_int_eq(scene_decide(&s)->chosen, chosen[i]);
		scene_close(&s);
	}
}
END_TEST

START_TEST(first_match_wins)
{
	struct scene s;

	scene_open(&s);
	rule_set(scene_rule(&s, "other", RULE_REJECT), "author_domain", "example.net");
	rule_set(scene_rule(&s, "first", RULE_ACCEPT), "author_domain", "example.com");
	rule_set(scene_rule(&s, "second", RULE_QUARANTINE), "author_domain", "example.com");
	ck_assert_str_eq(scene_decide(&s)->rule, "first");
	ck_assert_int_eq(s.v.chosen, ACTION_ACCEPT);
	ck_assert_str_eq(s.v.recipients[0].rule, "first");
	scene_close(&s);
}
END_TEST

START_TEST(expired_rules_do_not_apply)
{
	struct scene s;

	scene_open(&s);
	rule_set(scene_rule(&s, "old", RULE_ACCEPT), "author_domain", "example.com");
	s.rules[0].expires_ms = s.e.when_ms;
	ck_assert_int_eq(scene_decide(&s)->chosen, ACTION_REJECT);
	s.rules[0].expires_ms = s.e.when_ms + 1;
	ck_assert_int_eq(scene_decide(&s)->chosen, ACTION_ACCEPT);
	scene_close(&s);
}
END_TEST

START_TEST(hardening_leaves_temperror_alone)
{
	struct scene s;

	scene_open(&s);
	rule_set(scene_rule(&s, "brand", RULE_REJECT), "author_domain", "example.com");
	undecided(&s);
	ck_assert_int_eq(scene_decide(&s)->chosen, ACTION_ACCEPT);
	rule_set(&s.rules[0], "result", "fail temperror");
	ck_assert_int_eq(scene_decide(&s)->chosen, ACTION_REJECT);
	scene_close(&s);
}
END_TEST

/* A second author whose name servers fail does not hide the first one. */
START_TEST(hardening_is_not_escaped_by_a_second_author)
{
	struct scene s;

	scene_open(&s);
	no_record(&s);
	scene_author(&s, "broken.example", NULL);
	s.e.authors[1].policy.status = DISCOVERY_TEMPERROR;
	rule_set(scene_rule(&s, "brand", RULE_REJECT), "author_domain", "example.com");
	ck_assert_int_eq(scene_decide(&s)->result, RES_DMARC_TEMPERROR);
	ck_assert_int_eq(s.v.chosen, ACTION_REJECT);
	/* what is not known of himself is left alone */
	undecided(&s);
	ck_assert_int_eq(scene_decide(&s)->chosen, ACTION_ACCEPT);
	no_record(&s);
	scene_author(&s, "broken.example", NULL);
	undecided(&s);
	s.e.authors[1].policy.status = DISCOVERY_NO_RECORD;
	ck_assert_int_eq(scene_decide(&s)->chosen, ACTION_ACCEPT);
	scene_close(&s);
}
END_TEST

static const struct {
	const char *name;
	enum rule_action action;
	const char *record;
	enum action chosen;
	unsigned n_reasons;
	const char *reply;
} action_rows[] = {
	{ "accept", RULE_ACCEPT, "p=reject", ACTION_ACCEPT, 1, NULL },
	{ "accept what nobody minds", RULE_ACCEPT, "p=none", ACTION_ACCEPT, 0, NULL },
	{ "quarantine makes milder", RULE_QUARANTINE, "p=reject", ACTION_QUARANTINE, 1,
	  "rejected by local policy" },
	{ "quarantine hardens", RULE_QUARANTINE, "p=none", ACTION_QUARANTINE, 1, "rejected by local policy" },
	{ "reject hardens", RULE_REJECT, "p=none", ACTION_REJECT, 1, "rejected by local policy" },
	{ "reject without a record", RULE_REJECT, NULL, ACTION_REJECT, 1, "rejected by local policy" },
	{ "reject as asked", RULE_REJECT, "p=reject", ACTION_REJECT, 0, "rejected by local policy" },
	{ "honor", RULE_HONOR, "p=reject", ACTION_REJECT, 0, NULL },
	{ "honor without a record", RULE_HONOR, NULL, ACTION_ACCEPT, 0, NULL },
	{ "honor t=y", RULE_HONOR, "p=reject; t=y", ACTION_QUARANTINE, 1, NULL },
};

START_TEST(actions)
{
	struct scene s;

	scene_open(&s);
	s.e.n_authors = 0;
	scene_author(&s, "example.com", action_rows[_i].record);
	s.ruleset.mode = MODE_OVERRIDE;
	s.ruleset.override_reject = REQUEST_ACCEPT;
	rule_set(scene_rule(&s, "r", action_rows[_i].action), "author_domain", "example.com");
	scene_decide(&s);
	ck_assert_msg(s.v.chosen == action_rows[_i].chosen, "%s", action_rows[_i].name);
	ck_assert_msg(s.v.n_reasons == action_rows[_i].n_reasons, "%s: %u reasons", action_rows[_i].name,
		      s.v.n_reasons);
	ck_assert_str_eq(s.v.rule, "r");
	ck_assert_pstr_eq(s.v.reply, action_rows[_i].reply);
	scene_close(&s);
}
END_TEST

START_TEST(each_action_has_a_row_here)
{
	for (unsigned action = RULE_UNSET + 1; action < n_rule_actions; action++) {
		bool found = false;

		for (int i = 0; i < N_ROWS(action_rows); i++)
			found |= action_rows[i].action == action;
		ck_assert_msg(found, "rule action %s needs a row", rule_action_rows[action].name);
	}
}
END_TEST

START_TEST(misses_are_named)
{
	struct rule_question q;
	const char *other;
	unsigned missed, k;
	struct scene s;

	scene_open(&s);
	rule_set(scene_rule(&s, "r", RULE_ACCEPT), "author_domain", "example.com");
	rule_set(&s.rules[0], "client_network", "198.51.100.0/24");
	scene_decide(&s);
	q = (struct rule_question){ .evidence = &s.e, .ruleset = &s.ruleset, .verdict = &s.v };
	ck_assert_uint_eq(rule_misses(&s.rules[0], &q, &missed, &other), 1);
	ck_assert(rule_key_find(SLICE("client_network"), &k));
	ck_assert_uint_eq(missed, 1u << k);
	ck_assert_ptr_null(other);
	s.e.client_ip = "198.51.100.1";
	ck_assert_uint_eq(rule_misses(&s.rules[0], &q, &missed, &other), 0);
	ck_assert_ptr_null(other);
	s.rules[0].expires_ms = 1;
	ck_assert_uint_eq(rule_misses(&s.rules[0], &q, &missed, &other), 0);
	ck_assert_str_eq(other, "expired");
	scene_close(&s);
}
END_TEST

START_TEST(recipients_by_address)
{
	struct scene s;

	scene_open(&s);
	rule_set(scene_rule(&s, "boss", RULE_ACCEPT), "recipient", "Boss@tenant.example");
	rule_set(scene_rule(&s, "all", RULE_ACCEPT), "recipient", "tenant.example");
	rule_set(scene_rule(&s, "staff", RULE_ACCEPT), "recipient", "x@tenant.example boss@tenant.example");
	ck_assert_str_eq(rules_for_address(&s.ruleset, s.arena, SLICE("bOSS"), "tenant.example"), "boss staff");
	ck_assert_str_eq(rules_for_address(&s.ruleset, s.arena, SLICE("y"), "tenant.example"), "");
	s.rules[1].expires_ms = 1000;
	ck_assert_str_eq(rules_recipient_key(&s.ruleset, s.arena, 999, "tenant.example", "boss staff"),
			 "boss all staff");
	ck_assert_str_eq(rules_recipient_key(&s.ruleset, s.arena, 1000, "tenant.example", "boss staff"),
			 "boss staff");
	ck_assert_str_eq(rules_recipient_key(&s.ruleset, s.arena, 0, "other.example", "staff"), "staff");
	ck_assert_str_eq(rules_recipient_key(&s.ruleset, s.arena, 0, "other.example", ""), "");
	scene_close(&s);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("rules");
	TCase *t = tcase_create("rules");

	tcase_add_loop_test(t, keys_hold, 0, N_ROWS(key_rows));
	tcase_add_test(t, each_key_has_a_row_here);
	tcase_add_loop_test(t, several_authors, 0, N_ROWS(author_rows));
	tcase_add_test(t, a_rule_for_some_authors_does_not_end_the_search);
	tcase_add_test(t, first_match_wins);
	tcase_add_test(t, expired_rules_do_not_apply);
	tcase_add_test(t, hardening_leaves_temperror_alone);
	tcase_add_test(t, hardening_is_not_escaped_by_a_second_author);
	tcase_add_loop_test(t, actions, 0, N_ROWS(action_rows));
	tcase_add_test(t, each_action_has_a_row_here);
	tcase_add_test(t, misses_are_named);
	tcase_add_test(t, recipients_by_address);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
