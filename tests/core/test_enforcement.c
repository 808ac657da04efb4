#include "testmain.h"

#include "base/buf.h"
#include "core/enforcement.h"

#define RUA "; rua=mailto:a@example.com"

static const struct { const char *record, *class, *floors, *flags; unsigned branches; } rows[] = {
	{ "p=reject", "enforced", "rrr", "no-reports", 0 },
	{ "p=reject" RUA, "enforced", "rrr", "", 0 },
	{ "p=reject; pct=50" RUA, "enforced", "qqq", "sampled obsolete-tags", 0 },
	{ "p=reject; pct=0" RUA, "enforced", "qqq", "sampled obsolete-tags", 0 },
	{ "p=quarantine" RUA, "enforced", "qqq", "", 0 },
	{ "p=quarantine; pct=100" RUA, "enforced", "qqq", "obsolete-tags", 0 },
	{ "p=quarantine; pct=99" RUA, "partial", "nnn", "sampled obsolete-tags", 0 },
	{ "p=quarantine; pct=0" RUA, "partial", "nnn", "sampled obsolete-tags", 0 },
	{ "p=none" RUA, "monitoring", "nnn", "", 0 },
	{ "p=none", "idle", "nnn", "no-reports", 0 },
	{ "x=y" RUA, "damaged", "nnn", "", 0 },
	{ "p=reject; sp=none" RUA, "partial", "rnn", "subdomains-open ghosts-open", 0 },
	{ "p=quarantine; sp=none" RUA, "partial", "qnn", "subdomains-open ghosts-open", 0 },
	{ "p=none; sp=reject" RUA, "partial", "nrr", "domain-open", 0 },
	{ "p=reject; sp=quarantine" RUA, "enforced", "rqq", "", 0 },
	{ "p=quarantine; sp=reject" RUA, "enforced", "qrr", "", 0 },
	{ "p=reject; sp=quarantine; pct=50" RUA, "partial", "qnn",
	  "subdomains-open ghosts-open sampled obsolete-tags", 0 },
	{ "p=quarantine; sp=reject; pct=50" RUA, "partial", "nqq", "domain-open sampled obsolete-tags", 0 },
	{ "p=reject; sp=reject; pct=10" RUA, "enforced", "qqq", "sampled obsolete-tags", 0 },
	{ "p=reject; np=none" RUA, "partial", "rrn", "ghosts-open", 0 },
	{ "p=reject; sp=none; np=reject" RUA, "partial", "rnr", "subdomains-open", 0 },
	{ "p=none; np=reject" RUA, "partial", "nnr", "domain-open", 0 },
	{ "p=quarantine; sp=quarantine; np=reject" RUA, "enforced", "qqr", "", 0 },
	{ "p=reject; t=y" RUA, "enforced", "qqq", "testing", 0 },
	{ "p=quarantine; t=y" RUA, "partial", "nnn", "testing", 0 },
	{ "p=reject; sp=quarantine; t=y" RUA, "partial", "qnn", "subdomains-open ghosts-open testing", 0 },
	{ "p=reject; pct=0; t=y" RUA, "enforced", "qqq", "sampled testing obsolete-tags", 0 },
	{ "p=none; t=y" RUA, "monitoring", "nnn", "", 0 },
	{ "p=reject; pct=abc" RUA, "enforced", "rrr", "obsolete-tags", 0 },
	{ "p=reject; pct=150" RUA, "enforced", "rrr", "obsolete-tags", 0 },
	{ "p=reject; sp=rejected" RUA, "damaged", "nnn", "", 0 },
	{ "p=reject; sp=rejected", "unusable", "nnn", "no-reports", 0 },
	{ "p=reject; np=off" RUA, "damaged", "nnn", "", 0 },
	{ "p=block" RUA, "damaged", "nnn", "", 0 },
	{ "p=reject; adkim=s; aspf=s" RUA, "enforced", "rrr", "", 0 },
	{ "p=reject; sp=none; np=none; pct=100" RUA, "partial", "rnn",
	  "subdomains-open ghosts-open obsolete-tags", 0 },
	/* only the branches that can apply to the name count */
	{ "p=reject; sp=none" RUA, "enforced", "rnn", "", BRANCH_P },
	{ "p=reject; sp=none" RUA, "monitoring", "rnn", "inherited", BRANCH_SP },
	{ "p=none; sp=quarantine; np=reject" RUA, "enforced", "nqr", "inherited", BRANCH_NP },
};

static void write_flags(unsigned flags, struct buf *out)
{
	for (const struct name_row *row = enforcement_flag_names; row->name != NULL; row++)
		if (flags & (unsigned)row->value)
			buf_printf(out, "%s%s", out->len > 0 ? " " : "", row->name);
}

START_TEST(classifies)
{
	unsigned branches = rows[_i].branches != 0 ? rows[_i].branches : BRANCH_ALL;
	struct arena *arena = arena_new();
	struct enforcement e;
	struct record record;
	struct buf flags;

	record_parse(arena, slice_of(arena_printf(arena, "v=DMARC1; %s", rows[_i].record)), &record);
	enforcement_classify(&record, 1, branches, branches == BRANCH_SP || branches == BRANCH_NP, &e);
	ck_assert_msg(strcmp(names_get(enforcement_class_names, (int)e.class), rows[_i].class) == 0,
		      "%s: class", rows[_i].record);
	for (int i = 0; i < 3; i++)
		ck_assert_msg(names_get(disposition_names, (int)e.floors[i])[0] == rows[_i].floors[i],
			      "%s: floor %d", rows[_i].record, i);
	buf_init(&flags, 256);
	write_flags(e.flags, &flags);
	ck_assert_msg(strcmp(buf_str(&flags), rows[_i].flags) == 0, "%s: %s", rows[_i].record,
		      buf_str(&flags));
	buf_done(&flags);
	arena_free(arena);
}
END_TEST

START_TEST(classifies_without_one_record)
{
	struct enforcement e;

	enforcement_classify(NULL, 0, BRANCH_ALL, false, &e);
	ck_assert_int_eq(e.class, ENFORCEMENT_NO_RECORD);
	enforcement_classify(NULL, 2, BRANCH_ALL, false, &e);
	ck_assert_int_eq(e.class, ENFORCEMENT_UNUSABLE);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("enforcement");
	TCase *t = tcase_create("enforcement");

	tcase_add_loop_test(t, classifies, 0, N_ROWS(rows));
	tcase_add_test(t, classifies_without_one_record);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
