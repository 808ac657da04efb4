#include "testmain.h"

#include "alignctl.h"
#include "check_rules.h"
#include "core/will.h"

#define DAY INT64_C(86400000)
#define TODAY (INT64_C(1790000000000) / DAY * DAY)      /* 2026-09-21; the scene's */

/* The program's own are in the file with main(). */
const char *tool_escape(struct arena *arena, const char *text)
{
	(void)arena;
	return text != NULL ? text : "-";
}

int tool_fail(const char *name, int code, const char *format, ...)
{
	(void)name;
	(void)format;
	return code;
}

static struct rule *rule(struct scene *s, const char *id, enum rule_action action, const char *domain)
{
	struct rule *r = scene_rule(s, id, action);

	rule_set(r, "author_domain", domain);
	rule_set(r, "result", "fail");
	return r;
}

static void decided(struct scene *s)
{
	struct rule *r = rule(s, "second", RULE_ACCEPT, "example.com");

	r->owner = "Jane Doe";
	r->ticket = "T-17";
	r->note = "their relay";
	r->expires_ms = TODAY + 10 * DAY;
	r->file = "rules.conf";
	r->line = 12;
}

static void nearly(struct scene *s)
{
	rule(s, "other-domain", RULE_ACCEPT, "example.net");
	rule_set(rule(s, "other-network", RULE_ACCEPT, "example.com"), "client_network", "198.51.100.0/24");
	rule_set(rule(s, "far-off", RULE_ACCEPT, "example.net"), "client_network", "198.51.100.0/24");
	rule_set(scene_rule(s, "only-key", RULE_REJECT), "author_domain", "example.net");
	rule(s, "old", RULE_ACCEPT, "example.com")->expires_ms = TODAY - 9 * DAY;
	rule(s, "old-and-other", RULE_ACCEPT, "example.net")->expires_ms = TODAY - 9 * DAY;
}

static void behind(struct scene *s)
{
	rule(s, "first", RULE_QUARANTINE, "example.com");
	rule(s, "second", RULE_ACCEPT, "example.com");
	scene_rule(s, "third", RULE_REJECT)->match_all = true;
}

static void passed(struct scene *s)
{
	rule_set(scene_rule(s, "brand", RULE_REJECT), "author_domain", "example.com");
	s->e.spf = (struct spf_evidence){
		.result = RES_SPF_PASS, .domain = "example.com", .org = { ORG_KNOWN, "example.com", false },
	};
}

static void exempt(struct scene *s)
{
	passed(s);
	s->e.exempt = EXEMPT_NETWORK;
}

static void recipients(struct scene *s)
{
	rule_set(rule(s, "tenant", RULE_ACCEPT, "example.com"), "recipient", "b.example");
	rule_set(rule(s, "address", RULE_REJECT, "example.com"), "recipient", "boss@c.example");
	rule(s, "rest", RULE_QUARANTINE, "example.com");
	s->ruleset.rules_have_recipients = true;
	scene_recipient(s, "a.example", "");
	scene_recipient(s, "b.example", "");
	scene_recipient(s, "c.example", "address");
}

static void no_rules(struct scene *s)
{
	(void)s;
}

static const struct {
	const char *name;
	void (*prepare)(struct scene *s);
	const char *text, *json;
} rows[] = {
	{ "the one that decided", decided,
	  "Rules\n"
	  "  decided                second (accept)\n"
	  "    owner                Jane Doe\n"
	  "    ticket               T-17\n"
	  "    note                 their relay\n"
	  "    expires              2026-09-30 in 9 d\n"
	  "    stands at            rules.conf:12\n",
	  ",\"rules\":{\"decided\":[{\"id\":\"second\",\"action\":\"accept\",\"owner\":\"Jane Doe\","
	  "\"ticket\":\"T-17\",\"note\":\"their relay\",\"file\":\"rules.conf\",\"line\":12,"
	  "\"expires\":\"2026-09-30\",\"days_left\":9,\"expired\":false}],\"near\":[]}" },
	{ "nearly, and not at all", nearly,
	  "Rules\n"
	  "  decided                none of 6\n"
	  "  nearly                 other-domain (accept): author_domain does not hold\n"
	  "  nearly                 other-network (accept): client_network does not hold\n"
	  "  nearly                 old (accept): all of it holds, but it expired on 2026-09-11\n",
	  ",\"rules\":{\"decided\":[],\"near\":["
	  "{\"id\":\"other-domain\",\"action\":\"accept\",\"line\":0,\"obstacle\":\"one-missed\","
	  "\"missed\":\"author_domain\"},"
	  "{\"id\":\"other-network\",\"action\":\"accept\",\"line\":0,\"obstacle\":\"one-missed\","
	  "\"missed\":\"client_network\"},"
	  "{\"id\":\"old\",\"action\":\"accept\",\"line\":0,\"expires\":\"2026-09-11\","
	  "\"days_left\":-10,\"expired\":true,\"obstacle\":\"held-back\",\"but\":\"expired\"}]}" },
	{ "those behind it", behind,
	  "Rules\n"
	  "  decided                first (quarantine)\n"
	  "  nearly                 second (accept): it fits too, but stands behind the one that decided\n"
	  "  nearly                 third (reject): it fits too, but stands behind the one that decided\n",
	  ",\"rules\":{\"decided\":[{\"id\":\"first\",\"action\":\"quarantine\",\"line\":0}],\"near\":["
	  "{\"id\":\"second\",\"action\":\"accept\",\"line\":0,\"obstacle\":\"behind\"},"
	  "{\"id\":\"third\",\"action\":\"reject\",\"line\":0,\"obstacle\":\"behind\"}]}" },
	{ "a message that passed", passed,
	  "Rules\n"
	  "  decided                none of 1\n"
	  "  nearly                 brand (reject): all of it holds, but the message passed\n",
	  ",\"rules\":{\"decided\":[],\"near\":[{\"id\":\"brand\",\"action\":\"reject\",\"line\":0,"
	  "\"obstacle\":\"held-back\",\"but\":\"the message passed\"}]}" },
	{ "exempt mail", exempt,
	  "Rules\n"
	  "  decided                none: rules are not asked about exempt mail\n",
	  ",\"rules\":{\"decided\":[],\"near\":[]}" },
	{ "recipients apart", recipients,
	  "Rules\n"
	  "  decided                tenant (accept), for b.example\n"
	  "  decided                address (reject), for c.example\n"
	  "  decided                rest (quarantine), for a.example\n"
	  "  nearly                 tenant (accept), for a.example, c.example: recipient does not hold\n"
	  "  nearly                 address (reject), for a.example, b.example: recipient does not hold\n"
	  "  nearly                 rest (quarantine), for b.example, c.example: it fits too, but stands "
	  "behind the one that decided\n",
	  ",\"rules\":{\"decided\":["
	  "{\"id\":\"tenant\",\"action\":\"accept\",\"line\":0,\"recipients\":[\"b.example\"]},"
	  "{\"id\":\"address\",\"action\":\"reject\",\"line\":0,\"recipients\":[\"c.example\"]},"
	  "{\"id\":\"rest\",\"action\":\"quarantine\",\"line\":0,\"recipients\":[\"a.example\"]}],"
	  "\"near\":["
	  "{\"id\":\"tenant\",\"action\":\"accept\",\"line\":0,\"obstacle\":\"one-missed\","
	  "\"missed\":\"recipient\",\"recipients\":[\"a.example\",\"c.example\"]},"
	  "{\"id\":\"address\",\"action\":\"reject\",\"line\":0,\"obstacle\":\"one-missed\","
	  "\"missed\":\"recipient\",\"recipients\":[\"a.example\",\"b.example\"]},"
	  "{\"id\":\"rest\",\"action\":\"quarantine\",\"line\":0,\"obstacle\":\"behind\","
	  "\"recipients\":[\"b.example\",\"c.example\"]}]}" },
	{ "no rules at all", no_rules, "", "" },
};

START_TEST(explains)
{
	struct slice line = SLICE("{\"v\":1}\n");
	char *text = NULL, *json = NULL;
	const struct verdict *v;
	size_t len;
	struct scene s;
	FILE *out;

	scene_open(&s);
	rows[_i].prepare(&s);
	v = scene_decide(&s);
	out = open_memstream(&text, &len);
	check_rules_text(s.arena, &s.ruleset, &s.e, v, out);
	fclose(out);
	ck_assert_msg(strcmp(text, rows[_i].text) == 0, "%s: %s", rows[_i].name, text);
	out = open_memstream(&json, &len);
	check_rules_json(s.arena, &s.ruleset, &s.e, v, line, out);
	fclose(out);
	ck_assert_str_eq(json, arena_printf(s.arena, "{\"v\":1%s}\n", rows[_i].json));
	free(text);
	free(json);
	scene_close(&s);
}
END_TEST

START_TEST(is_bounded)
{
	struct rule rules[100];
	char *text = NULL;
	const struct verdict *v;
	struct scene s;
	size_t len;
	FILE *out;

	scene_open(&s);
	for (unsigned i = 0; i < 100; i++)
		rules[i] = (struct rule){ .id = "r", .action = RULE_ACCEPT, .match_all = true, .expires_ms = 1 };
	s.ruleset.rules = rules;
	s.ruleset.n_rules = 100;
	v = scene_decide(&s);
	out = open_memstream(&text, &len);
	check_rules_text(s.arena, &s.ruleset, &s.e, v, out);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "and 80 more\n"));
	free(text);
	s.ruleset.n_rules = 0;
	scene_close(&s);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("check_rules");
	TCase *tc = tcase_create("check_rules");

	tcase_add_loop_test(tc, explains, 0, N_ROWS(rows));
	tcase_add_test(tc, is_bounded);
	suite_add_tcase(s, tc);
	return s;
}

TEST_MAIN(suite())
