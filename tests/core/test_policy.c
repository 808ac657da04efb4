#include "testmain.h"

#include "core/policy.h"

#define NONE DISPOSITION_NONE
#define QUAR DISPOSITION_QUARANTINE
#define REJ DISPOSITION_REJECT

static const struct {
	const char *name, *author, *record;     /* found at example.com */
	enum discovery_method method;
	enum existence exists;
	unsigned draw;
	bool pct_ignored;
	enum policy_status status;
	enum disposition published, effective;
	enum applied_tag tag;
	bool needs_existence;
} rows[] = {
	{ "own record", "example.com", "p=reject; sp=none", DISCOVERY_TREEWALK, 0, 0, false,
	  POLICY_APPLIES, REJ, REJ, TAG_P, false },
	{ "sp for a name below", "a.example.com", "p=reject; sp=none", DISCOVERY_TREEWALK, 0, 0, false,
	  POLICY_APPLIES, NONE, NONE, TAG_SP, false },
	{ "p when sp is not given", "a.example.com", "p=quarantine", DISCOVERY_TREEWALK, 0, 0, false,
	  POLICY_APPLIES, QUAR, QUAR, TAG_P, false },
	{ "np for a name that is not there", "a.example.com", "p=none; np=reject", DISCOVERY_TREEWALK,
	  EXISTENCE_ABSENT, 0, false, POLICY_APPLIES, REJ, REJ, TAG_NP, true },
	{ "not np for one that is", "a.example.com", "p=none; np=reject", DISCOVERY_TREEWALK,
	  EXISTENCE_PRESENT, 0, false, POLICY_APPLIES, NONE, NONE, TAG_P, true },
	{ "not known: the milder, here sp", "a.example.com", "p=reject; sp=quarantine; np=reject",
	  DISCOVERY_TREEWALK, EXISTENCE_UNKNOWN, 0, false, POLICY_APPLIES, QUAR, QUAR, TAG_SP, true },
	{ "not known: the milder, here np", "a.example.com", "p=reject; np=none", DISCOVERY_TREEWALK,
	  EXISTENCE_UNKNOWN, 0, false, POLICY_APPLIES, NONE, NONE, TAG_NP, true },
	{ "np as sp needs no test", "a.example.com", "p=none; sp=reject; np=reject",
	  DISCOVERY_TREEWALK, EXISTENCE_UNSET, 0, false, POLICY_APPLIES, REJ, REJ, TAG_SP, false },
	{ "np works with the suffix list too", "a.example.com", "p=none; np=reject", DISCOVERY_PSL,
	  EXISTENCE_ABSENT, 0, false, POLICY_APPLIES, REJ, REJ, TAG_NP, true },
	{ "t=y takes one level", "example.com", "p=reject; t=y", DISCOVERY_TREEWALK, 0, 0, false,
	  POLICY_APPLIES, REJ, QUAR, TAG_P, false },
	{ "t=y on none", "example.com", "p=none; t=y", DISCOVERY_TREEWALK, 0, 0, false,
	  POLICY_APPLIES, NONE, NONE, TAG_P, false },
	{ "t is unknown to RFC 7489", "example.com", "p=reject; t=y", DISCOVERY_PSL, 0, 0, false,
	  POLICY_APPLIES, REJ, REJ, TAG_P, false },
	{ "in the sample", "example.com", "p=reject; pct=50", DISCOVERY_PSL, 0, 49, false,
	  POLICY_APPLIES, REJ, REJ, TAG_P, false },
	{ "out of the sample", "example.com", "p=reject; pct=50", DISCOVERY_PSL, 0, 50, false,
	  POLICY_APPLIES, REJ, QUAR, TAG_P, false },
	{ "pct=0: never inside", "example.com", "p=quarantine; pct=0", DISCOVERY_TREEWALK, 0, 0, false,
	  POLICY_APPLIES, QUAR, NONE, TAG_P, false },
	{ "pct ignored", "example.com", "p=reject; pct=0", DISCOVERY_TREEWALK, 0, 99, true,
	  POLICY_APPLIES, REJ, REJ, TAG_P, false },
	{ "t and pct: one level only", "example.com", "p=reject; pct=0; t=y", DISCOVERY_TREEWALK, 0, 99,
	  false, POLICY_APPLIES, REJ, QUAR, TAG_P, false },
	{ "damaged with reports", "example.com", "p=reject; sp=rejct; rua=mailto:a@example.com",
	  DISCOVERY_TREEWALK, 0, 0, false, POLICY_DAMAGED_NONE, NONE, NONE, TAG_UNSET, false },
	{ "damaged without", "example.com", "p=reject; sp=rejct", DISCOVERY_TREEWALK, 0, 0, false,
	  POLICY_DAMAGED_IGNORED, NONE, NONE, TAG_UNSET, false },
	{ "p missing", "example.com", "rua=https://r.example/x", DISCOVERY_TREEWALK, 0, 0, false,
	  POLICY_DAMAGED_NONE, NONE, NONE, TAG_UNSET, false },
	{ "bad np damages RFC 9989", "example.com", "p=reject; np=off", DISCOVERY_TREEWALK, 0, 0, false,
	  POLICY_DAMAGED_IGNORED, NONE, NONE, TAG_UNSET, false },
	{ "bad np is unknown to RFC 7489", "example.com", "p=reject; np=off", DISCOVERY_PSL, 0, 0, false,
	  POLICY_APPLIES, REJ, REJ, TAG_P, false },
};

START_TEST(selects)
{
	char text[256];
	struct arena *arena = arena_new();
	struct ruleset ruleset = { .mode = MODE_HONOR,
				   .pct = rows[_i].pct_ignored ? PCT_IGNORE : PCT_HONOR };
	struct policy_found found = { .method = rows[_i].method, .status = DISCOVERY_FOUND,
				      .domain = "example.com", .exists = rows[_i].exists };
	struct policy policy;

	snprintf(text, sizeof(text), "v=DMARC1; %s", rows[_i].record);
	record_parse(arena, slice_of(text), &found.record);
	policy_select(rows[_i].author, &found, &ruleset, rows[_i].draw, &policy);
	ck_assert_msg(policy.status == rows[_i].status, "%s: status", rows[_i].name);
	ck_assert_msg(policy.published == rows[_i].published, "%s: published", rows[_i].name);
	ck_assert_msg(policy.effective == rows[_i].effective, "%s: effective", rows[_i].name);
	ck_assert_msg(policy.tag == rows[_i].tag, "%s: tag", rows[_i].name);
	ck_assert_msg(policy_needs_existence(rows[_i].author, &found) == rows[_i].needs_existence,
		      "%s: existence", rows[_i].name);
	arena_free(arena);
}
END_TEST

START_TEST(selects_without_a_record)
{
	struct ruleset ruleset = { .mode = MODE_HONOR };
	struct policy_found found = { .status = DISCOVERY_NO_RECORD };
	struct policy policy;

	policy_select("example.com", &found, &ruleset, 0, &policy);
	ck_assert_int_eq(policy.status, POLICY_NONE);
	found.status = DISCOVERY_TEMPERROR;
	policy_select("example.com", &found, &ruleset, 0, &policy);
	ck_assert_int_eq(policy.status, POLICY_TEMPERROR);
	ruleset.psl_honors_t = true;
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("policy");
	TCase *t = tcase_create("policy");

	tcase_add_loop_test(t, selects, 0, N_ROWS(rows));
	tcase_add_test(t, selects_without_a_record);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
