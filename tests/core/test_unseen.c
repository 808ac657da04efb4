#include "testmain.h"

#include "core/rules.h"
#include "core/signals.h"
#include "core/unseen.h"

/* A message that fails p=reject, as another program's history tells it. */
static void fill(struct arena *arena, struct evidence *e, bool from_history, bool passes)
{
	*e = (struct evidence){ .exempt = EXEMPT_NO, .from_history = from_history, .from = FROM_OK,
				.from_fields = 1, .n_authors = 1, .client_ip = "192.0.2.1" };
	e->authors[0].domain = "example.com";
	e->authors[0].policy.status = DISCOVERY_FOUND;
	e->authors[0].policy.domain = "example.com";
	record_parse(arena, SLICE("v=DMARC1; p=reject"), &e->authors[0].policy.record);
	if (passes)
		e->spf = (struct spf_evidence){ .result = RES_SPF_PASS, .domain = "example.com" };
}

static const struct {
	const char *name;
	bool from_history, passes;
	enum mode mode;
	unsigned reject_when;           /* 1: not-list-shaped */
	const char *key;                /* of a rule that accepts; NULL: no rule */
	bool sealers;
	enum arc_result arc;
	bool wanted;
} rows[] = {
	{ "our own evidence has no gaps", false, false, MODE_OVERRIDE, 1, "helo", true, RES_ARC_UNSET, false },
	{ "to the letter nothing is looked at", true, false, MODE_HONOR, 1, NULL, false, RES_ARC_UNSET, false },
	{ "signals are", true, false, MODE_OVERRIDE, 1, NULL, false, RES_ARC_UNSET, true },
	{ "no signal is asked for", true, false, MODE_OVERRIDE, 0, NULL, false, RES_ARC_UNSET, false },
	{ "it passed", true, true, MODE_OVERRIDE, 1, "helo", true, RES_ARC_UNSET, false },
	{ "a rule asks for the HELO name", true, false, MODE_HONOR, 0, "helo", false, RES_ARC_UNSET, true },
	{ "a rule asks for the recipient", true, false, MODE_HONOR, 0, "recipient", false, RES_ARC_UNSET, true },
	{ "a rule asks for what is told", true, false, MODE_HONOR, 0, "org_domain", false, RES_ARC_UNSET, false },
	{ "a chain that may be trusted", true, false, MODE_HONOR, 0, NULL, true, RES_ARC_PASS, true },
	{ "no chain, it says", true, false, MODE_HONOR, 0, NULL, true, RES_ARC_NONE, false },
};

START_TEST(gaps)
{
	struct ruleset ruleset = ruleset_to_the_letter;
	struct domainset *set = domainset_new();
	struct arena *arena = arena_new();
	struct rule rule = { .id = "r", .action = RULE_ACCEPT };
	struct evidence e;
	const char *error;
	unsigned index;

	ck_assert_int_eq(domainset_add(set, SLICE("other.example"), &error), 0);
	domainset_freeze(set);
	fill(arena, &e, rows[_i].from_history, rows[_i].passes);
	e.arc.result = rows[_i].arc;
	ruleset.mode = rows[_i].mode;
	ruleset.reject_when = 0;
	if (rows[_i].reject_when)
		ck_assert(signal_find(SLICE("not-list-shaped"), &ruleset.reject_when));
	ruleset.override_reject = REQUEST_FOLLOW;
	ruleset.override_uncorroborated = REQUEST_QUARANTINE;
	ruleset.trusted_sealers = rows[_i].sealers ? set : NULL;
	if (rows[_i].key != NULL) {
		ck_assert(rule_key_find(slice_of(rows[_i].key), &index));
		rule.match[index].given = true;
		rule.match[index].domains = set;
		ruleset.rules = &rule;
		ruleset.n_rules = 1;
	}
	ck_assert_msg(unseen_matters(&e, &ruleset) == rows[_i].wanted, "%s", rows[_i].name);
	domainset_free(set);
	arena_free(arena);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("unseen");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, gaps, 0, N_ROWS(rows));
	suite_add_tcase(s, tc);
	return s;
}

TEST_MAIN(suite())
