#include "testmain.h"

#include "core/align.h"

#define KNOWN(d) { ORG_KNOWN, (d), false }
#define FAILED { ORG_TEMPERROR, NULL, false }
#define LIMIT { ORG_LIMIT, NULL, false }
#define UNSET { ORG_UNSET, NULL, false }

static const struct {
	const char *author;
	struct org author_org;
	const char *id;
	struct org id_org;
	enum align_mode mode;
	enum alignment wanted;
} rows[] = {
	{ "example.com", UNSET, "example.com", UNSET, ALIGN_STRICT, ALIGNMENT_YES },
	{ "example.com", UNSET, "example.com", UNSET, ALIGN_RELAXED, ALIGNMENT_YES },
	{ "example.com", FAILED, "example.com", FAILED, ALIGN_RELAXED, ALIGNMENT_YES },
	{ "a.example.com", KNOWN("example.com"), "example.com", KNOWN("example.com"),
	  ALIGN_STRICT, ALIGNMENT_NO },
	{ "a.example.com", KNOWN("example.com"), "b.example.com", KNOWN("example.com"),
	  ALIGN_RELAXED, ALIGNMENT_YES },
	{ "a.example.com", KNOWN("example.com"), "b.example.com", KNOWN("b.example.com"),
	  ALIGN_RELAXED, ALIGNMENT_NO },
	{ "example.com", KNOWN("example.com"), "notexample.com", KNOWN("notexample.com"),
	  ALIGN_RELAXED, ALIGNMENT_NO },
	{ "a.example.com", FAILED, "b.example.com", KNOWN("example.com"),
	  ALIGN_RELAXED, ALIGNMENT_UNDECIDED },
	{ "a.example.com", FAILED, "b.example.com", KNOWN("b.example.com"),
	  ALIGN_RELAXED, ALIGNMENT_NO },
	{ "a.example.com", KNOWN("example.com"), "b.example.com", FAILED,
	  ALIGN_RELAXED, ALIGNMENT_UNDECIDED },
	{ "a.example.com", KNOWN("a.example.com"), "b.example.com", FAILED,
	  ALIGN_RELAXED, ALIGNMENT_NO },
	{ "example.com", FAILED, "forger.example", FAILED, ALIGN_RELAXED, ALIGNMENT_NO },
	{ "example.com", FAILED, "forger.example", FAILED, ALIGN_STRICT, ALIGNMENT_NO },
	{ "example.com", KNOWN("example.com"), "forger.com", FAILED, ALIGN_RELAXED, ALIGNMENT_NO },
	/* what nobody has found out does not align */
	{ "a.example.com", KNOWN("example.com"), "b.example.com", UNSET, ALIGN_RELAXED, ALIGNMENT_NO },
	{ "a.example.com", UNSET, "b.example.com", UNSET, ALIGN_RELAXED, ALIGNMENT_NO },
	/* what was too much to ask does not, whatever else has failed */
	{ "a.example.com", KNOWN("example.com"), "b.example.com", LIMIT, ALIGN_RELAXED, ALIGNMENT_NO },
	{ "a.example.com", FAILED, "b.example.com", LIMIT, ALIGN_RELAXED, ALIGNMENT_NO },
};

START_TEST(aligns)
{
	enum alignment got = align_check(rows[_i].author, &rows[_i].author_org, rows[_i].id,
					 &rows[_i].id_org, rows[_i].mode);

	ck_assert_msg(got == rows[_i].wanted, "row %d: %s and %s: %s", _i, rows[_i].author,
		      rows[_i].id, names_get(alignment_names, (int)got));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("align");
	TCase *t = tcase_create("align");

	tcase_add_loop_test(t, aligns, 0, N_ROWS(rows));
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
