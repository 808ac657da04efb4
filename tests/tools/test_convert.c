#include "testmain.h"

#include "convert_history.h"

#define HEAD "job 4AB\nreporter mx.example.net\nreceived 1777883520\nipaddr 192.0.2.1\n"
#define ASKS "policy 16\nrua mailto:d@example.com\npct 100\nadkim 114\naspf 114\np 114\nsp 0\n"
#define FAILS "align_dkim 5\nalign_spf 5\naction 2\n"

static const struct {
	const char *name, *text;
	enum history_fault fault;
	enum dmarc_result result;
	enum disposition asked;
	enum action chosen;
	const char *done, *org;         /* NULL: not told */
	bool differs;
} rows[] = {
	{ "fails, and was delivered", HEAD "from example.com\nmfrom forger.example\nspf 0\npdomain example.com\n" ASKS
	  FAILS, HISTORY_OK, RES_DMARC_FAIL, DISPOSITION_REJECT, ACTION_ACCEPT, "none", NULL, false },
	{ "fails, and was rejected", HEAD "from example.com\nmfrom forger.example\nspf 7\npdomain example.com\n" ASKS
	  "align_dkim 5\nalign_spf 5\naction 0\n", HISTORY_OK, RES_DMARC_FAIL, DISPOSITION_REJECT,
	  ACTION_REJECT, "reject", NULL, false },
	{ "aligned by SPF of a subdomain", HEAD "from example.com\nmfrom bounce.example.com\nspf 0\npdomain example.com\n"
	  "policy 15\np 114\nalign_dkim 5\nalign_spf 4\naction 2\n", HISTORY_OK, RES_DMARC_PASS,
	  DISPOSITION_NONE, ACTION_ACCEPT, "none", "example.com", false },
	{ "the same names, not aligned", HEAD "from example.com\nmfrom bounce.example.com\nspf 0\npdomain example.com\n"
	  ASKS FAILS, HISTORY_OK, RES_DMARC_FAIL, DISPOSITION_REJECT, ACTION_ACCEPT, "none", NULL, false },
	{ "SPF result in its other numbers", HEAD "from a.example.com\nmfrom b.example.com\nspf 1\npdomain example.com\n"
	  "policy 15\np 114\nalign_dkim 5\nalign_spf 4\naction 2\n", HISTORY_OK, RES_DMARC_PASS,
	  DISPOSITION_NONE, ACTION_ACCEPT, "none", "example.com", false },
	{ "aligned by the second signature", HEAD "from a.example.com\nmfrom example.org\nspf 6\n"
	  "dkim example.org s1 0\ndkim mail.example.com s2 0\ndkim example.com s3 7\npdomain a.example.com\n"
	  "policy 15\np 113\nalign_dkim 4\nalign_spf 5\naction 2\n", HISTORY_OK, RES_DMARC_PASS,
	  DISPOSITION_NONE, ACTION_ACCEPT, "none", "example.com", false },
	{ "signature without a selector", HEAD "from example.com\nmfrom\ndkim example.com 0\npdomain example.com\n"
	  "policy 15\np 114\nalign_dkim 4\nalign_spf 5\naction 2\n", HISTORY_OK, RES_DMARC_PASS,
	  DISPOSITION_NONE, ACTION_ACCEPT, "none", NULL, false },
	{ "no record", HEAD "from example.com\nmfrom example.org\nspf 0\npdomain example.com\npolicy 14\n" FAILS,
	  HISTORY_OK, RES_DMARC_NONE, DISPOSITION_NONE, ACTION_ACCEPT, "none", NULL, false },
	{ "the record of the organization, sp", HEAD "from a.example.com\nmfrom x.example\nspf 7\n"
	  "pdomain example.com\npolicy 17\np 114\nsp 113\n" FAILS, HISTORY_OK, RES_DMARC_FAIL,
	  DISPOSITION_QUARANTINE, ACTION_ACCEPT, "none", "example.com", false },
	{ "pass without anything aligned", HEAD "from example.com\nmfrom x.example\nspf 7\npdomain example.com\n"
	  "policy 15\np 114\n" FAILS, HISTORY_OK, RES_DMARC_FAIL, DISPOSITION_REJECT, ACTION_ACCEPT, "none",
	  NULL, true },
	{ "no action told", HEAD "from example.com\nmfrom x.example\npdomain example.com\n" ASKS, HISTORY_OK,
	  RES_DMARC_FAIL, DISPOSITION_REJECT, ACTION_REJECT, NULL, NULL, false },
	{ "numbers out of range", HEAD "from example.com\nmfrom x.example\nspf 99\narc 4000000000\n"
	  "dkim example.com s -1\npdomain \x01\n" ASKS "align_spf 99\naction 17\n", HISTORY_OK,
	  RES_DMARC_FAIL, DISPOSITION_REJECT, ACTION_REJECT, NULL, NULL, false },
	{ "no time", "job 1\nfrom example.com\npolicy 14\n", HISTORY_NO_TIME, RES_DMARC_UNSET,
	  DISPOSITION_UNSET, ACTION_UNSET, NULL, NULL, false },
	{ "a time that is none", "job 1\nreceived 99999999999999999999\nfrom example.com\npolicy 14\n",
	  HISTORY_NO_TIME, RES_DMARC_UNSET, DISPOSITION_UNSET, ACTION_UNSET, NULL, NULL, false },
	{ "no From", HEAD "from not a domain\npolicy 14\n", HISTORY_NO_FROM, RES_DMARC_UNSET,
	  DISPOSITION_UNSET, ACTION_UNSET, NULL, NULL, false },
	{ "no policy", HEAD "from example.com\n", HISTORY_NO_POLICY, RES_DMARC_UNSET, DISPOSITION_UNSET,
	  ACTION_UNSET, NULL, NULL, false },
	{ "nothing", "", HISTORY_NO_TIME, RES_DMARC_UNSET, DISPOSITION_UNSET, ACTION_UNSET, NULL, NULL, false },
};

static void read_record(struct slice text, struct history_record *out)
{
	struct slice rest = text, line;

	history_record_init(out);
	while (rest.data != NULL && slice_split(&rest, '\n', &line))
		history_record_line(out, line);
}

START_TEST(records)
{
	const char *name = rows[_i].name;
	struct slice copy = heap_copy(rows[_i].text, strlen(rows[_i].text));
	struct arena *arena = arena_new();
	struct history_record record;
	struct decision got;
	bool differs = false;
	const struct org *org;

	read_record(copy, &record);
	ck_assert_msg(history_decision(arena, &record, &got, &differs) == rows[_i].fault, "%s: fault", name);
	if (rows[_i].fault == HISTORY_OK) {
		org = &got.evidence.authors[0].policy.org;
		ck_assert_msg(got.evidence.from_history, "%s: not marked", name);
		ck_assert_msg(got.verdict.result == rows[_i].result, "%s: result %d", name, got.verdict.result);
		ck_assert_msg(got.verdict.asked == rows[_i].asked, "%s: asked %d", name, got.verdict.asked);
		ck_assert_msg(got.verdict.chosen == rows[_i].chosen, "%s: chosen", name);
		ck_assert_msg((got.done == NULL) == (rows[_i].done == NULL) &&
			      (got.done == NULL || strcmp(got.done, rows[_i].done) == 0), "%s: done", name);
		ck_assert_msg((org->status == ORG_KNOWN) == (rows[_i].org != NULL) &&
			      (org->domain == NULL || strcmp(org->domain, rows[_i].org) == 0), "%s: org %s",
			      name, org->domain);
		ck_assert_msg(differs == rows[_i].differs, "%s: differs", name);
	}
	arena_free(arena);
	free((void *)copy.data);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("convert");
	TCase *tc = tcase_create("rows");

	tcase_add_loop_test(tc, records, 0, N_ROWS(rows));
	suite_add_tcase(s, tc);
	return s;
}

TEST_MAIN(suite())
