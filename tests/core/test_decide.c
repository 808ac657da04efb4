#include "testmain.h"

#include "core/decide.h"

/* A message from author.example's point of view, in a few words. */
struct author_row {
	const char *domain, *record;    /* record NULL: none; "!": temperror */
};

struct row {
	const char *name;
	struct author_row authors[2];
	enum spf_result spf;
	const char *spf_domain;
	enum dkim_result dkim;
	const char *d;
	/* settings */
	enum mode mode;
	enum request_answer reject, quarantine;
	bool dry_run, tempfail;
	/* wanted */
	enum dmarc_result result;
	enum disposition asked;
	enum action chosen, apply;
	enum why why;
};

#define H MODE_HONOR
#define O MODE_OVERRIDE
#define NONE DISPOSITION_NONE
#define QUAR DISPOSITION_QUARANTINE
#define REJ DISPOSITION_REJECT
#define A ACTION_ACCEPT

static const struct row rows[] = {
	{ "aligned by SPF", { { "example.com", "p=reject" } }, RES_SPF_PASS, "example.com", 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_PASS, NONE, A, A, WHY_ALIGNED },
	{ "aligned by DKIM after forwarding", { { "example.com", "p=reject" } }, RES_SPF_FAIL,
	  "forwarder.example", RES_DKIM_PASS, "example.com",
	  H, 0, 0, false, false, RES_DMARC_PASS, NONE, A, A, WHY_ALIGNED },
	{ "forged, honoured", { { "example.com", "p=reject" } }, RES_SPF_PASS, "forger.example", 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_FAIL, REJ, ACTION_REJECT, ACTION_REJECT, WHY_REQUESTED },
	{ "forged, dry run", { { "example.com", "p=reject" } }, RES_SPF_PASS, "forger.example", 0, NULL,
	  H, 0, 0, true, false, RES_DMARC_FAIL, REJ, ACTION_REJECT, A, WHY_REQUESTED },
	{ "quarantine asked", { { "example.com", "p=quarantine" } }, RES_SPF_NONE, NULL, 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_FAIL, QUAR, ACTION_QUARANTINE, ACTION_QUARANTINE,
	  WHY_REQUESTED },
	{ "p=none", { { "example.com", "p=none" } }, RES_SPF_NONE, NULL, 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_FAIL, NONE, A, A, WHY_REQUESTED },
	{ "reject made milder", { { "example.com", "p=reject" } }, RES_SPF_NONE, NULL, 0, NULL,
	  O, REQUEST_QUARANTINE, REQUEST_FOLLOW, false, false, RES_DMARC_FAIL, REJ, ACTION_QUARANTINE,
	  ACTION_QUARANTINE, WHY_OVERRIDE_REJECT },
	{ "reject ignored", { { "example.com", "p=reject" } }, RES_SPF_NONE, NULL, 0, NULL,
	  O, REQUEST_ACCEPT, REQUEST_FOLLOW, false, false, RES_DMARC_FAIL, REJ, A, A,
	  WHY_OVERRIDE_REJECT },
	{ "reject followed", { { "example.com", "p=reject" } }, RES_SPF_NONE, NULL, 0, NULL,
	  O, REQUEST_FOLLOW, REQUEST_ACCEPT, false, false, RES_DMARC_FAIL, REJ, ACTION_REJECT,
	  ACTION_REJECT, WHY_REQUESTED },
	{ "quarantine ignored", { { "example.com", "p=quarantine" } }, RES_SPF_NONE, NULL, 0, NULL,
	  O, REQUEST_FOLLOW, REQUEST_ACCEPT, false, false, RES_DMARC_FAIL, QUAR, A, A,
	  WHY_OVERRIDE_QUARANTINE },
	{ "honour knows no override", { { "example.com", "p=reject" } }, RES_SPF_NONE, NULL, 0, NULL,
	  H, REQUEST_ACCEPT, REQUEST_ACCEPT, false, false, RES_DMARC_FAIL, REJ, ACTION_REJECT,
	  ACTION_REJECT, WHY_REQUESTED },
	{ "t=y", { { "example.com", "p=reject; t=y" } }, RES_SPF_NONE, NULL, 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_FAIL, QUAR, ACTION_QUARANTINE, ACTION_QUARANTINE,
	  WHY_TEST_MODE },
	{ "outside the sample", { { "example.com", "p=quarantine; pct=10" } }, RES_SPF_NONE, NULL, 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_FAIL, NONE, A, A, WHY_SAMPLED_OUT },
	{ "no record", { { "example.com", NULL } }, RES_SPF_PASS, "example.com", 0, NULL,
	  H, 0, 0, false, true, RES_DMARC_NONE, NONE, A, A, WHY_NO_POLICY },
	{ "policy not to be had", { { "example.com", "!" } }, RES_SPF_PASS, "example.com", 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_TEMPERROR, NONE, A, A, WHY_TEMPERROR },
	{ "policy not to be had, come again", { { "example.com", "!" } }, RES_SPF_PASS, "example.com",
	  0, NULL, H, 0, 0, false, true, RES_DMARC_TEMPERROR, NONE, ACTION_TEMPFAIL, ACTION_TEMPFAIL,
	  WHY_TEMPERROR },
	{ "aligned key not to be had", { { "example.com", "p=reject" } }, RES_SPF_FAIL, "example.com",
	  RES_DKIM_TEMPERROR, "example.com",
	  H, 0, 0, false, true, RES_DMARC_TEMPERROR, NONE, ACTION_TEMPFAIL, ACTION_TEMPFAIL,
	  WHY_TEMPERROR },
	{ "the same under p=none: nothing at stake", { { "example.com", "p=none" } }, RES_SPF_FAIL,
	  "example.com", RES_DKIM_TEMPERROR, "example.com",
	  H, 0, 0, false, true, RES_DMARC_TEMPERROR, NONE, A, A, WHY_TEMPERROR },
	{ "a forger's own broken name server", { { "example.com", "p=reject" } }, RES_SPF_TEMPERROR,
	  "forger.example", RES_DKIM_TEMPERROR, "forger.example",
	  H, 0, 0, false, true, RES_DMARC_FAIL, REJ, ACTION_REJECT, ACTION_REJECT, WHY_REQUESTED },
	{ "an aligned pass is final", { { "example.com", "p=reject" } }, RES_SPF_TEMPERROR,
	  "example.com", RES_DKIM_PASS, "example.com",
	  H, 0, 0, false, true, RES_DMARC_PASS, NONE, A, A, WHY_ALIGNED },
	{ "damaged, no reports", { { "example.com", "p=rejekt" } }, RES_SPF_NONE, NULL, 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_PERMERROR, NONE, A, A, WHY_DAMAGED_RECORD },
	{ "damaged, with reports", { { "example.com", "p=rejekt; rua=mailto:a@example.com" } },
	  RES_SPF_NONE, NULL, 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_FAIL, NONE, A, A, WHY_DAMAGED_RECORD },
	{ "two authors, the strict one fails",
	  { { "forger.example", "p=none" }, { "example.com", "p=reject" } }, RES_SPF_PASS,
	  "forger.example", 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_FAIL, REJ, ACTION_REJECT, ACTION_REJECT, WHY_REQUESTED },
	{ "two authors fail, the stricter counts",
	  { { "a.example", "p=quarantine" }, { "b.example", "p=reject" } }, RES_SPF_NONE, NULL, 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_FAIL, REJ, ACTION_REJECT, ACTION_REJECT, WHY_REQUESTED },
	{ "two authors, one passes, one has no record",
	  { { "example.com", "p=reject" }, { "norecord.example", NULL } }, RES_SPF_PASS,
	  "example.com", 0, NULL,
	  H, 0, 0, false, false, RES_DMARC_NONE, NONE, A, A, WHY_NO_POLICY },
};

static void fill_author(struct arena *arena, const struct author_row *row, struct author *out)
{
	out->domain = row->domain;
	out->policy.method = DISCOVERY_TREEWALK;
	out->policy.org = (struct org){ ORG_KNOWN, row->domain, false };
	out->policy.status = row->record == NULL ? DISCOVERY_NO_RECORD : DISCOVERY_TEMPERROR;
	if (row->record == NULL || row->record[0] == '!')
		return;
	out->policy.status = DISCOVERY_FOUND;
	out->policy.domain = row->domain;
	record_parse(arena, slice_of(arena_printf(arena, "v=DMARC1; %s", row->record)),
		     &out->policy.record);
}

static void fill(struct arena *arena, const struct row *row, struct evidence *e)
{
	static const char *recipients[] = { "receiver.example", "tenant.example" };

	*e = (struct evidence){ .exempt = EXEMPT_NO, .from = FROM_OK, .sample_draw = 50 };
	for (; e->n_authors < 2 && row->authors[e->n_authors].domain != NULL; e->n_authors++)
		fill_author(arena, &row->authors[e->n_authors], &e->authors[e->n_authors]);
	e->spf.result = row->spf;
	e->spf.domain = row->spf_domain;
	e->spf.org = (struct org){ ORG_KNOWN, row->spf_domain, false };
	if (row->d != NULL) {
		e->dkim = ARENA_NEW(arena, struct dkim_evidence);
		e->n_dkim = 1;
		e->dkim->result = row->dkim;
		e->dkim->d = row->d;
		e->dkim->org = (struct org){ ORG_KNOWN, row->d, false };
	}
	e->recipient_domains = recipients;
	e->n_recipient_domains = 2;
}

static void fill_rules(const struct row *row, struct ruleset *rules)
{
	*rules = (struct ruleset){
		.enforce_percent = 100,
		.mode = row->mode, .dry_run = row->dry_run,
		.on_temperror = row->tempfail ? TEMPERROR_TEMPFAIL : TEMPERROR_ACCEPT,
		.on_bad_from = ACTION_QUARANTINE, .quarantine = QUARANTINE_HOLD,
		.override_reject = row->reject, .override_quarantine = row->quarantine,
	};
}

START_TEST(decides)
{
	const struct row *row = &rows[_i];
	struct arena *arena = arena_new();
	struct evidence e;
	struct ruleset rules;
	struct verdict v;

	fill(arena, row, &e);
	fill_rules(row, &rules);
	decide(&e, &rules, arena, &v);
	ck_assert_msg(v.result == row->result, "%s: result %s", row->name,
		      names_get(dmarc_result_names, (int)v.result));
	ck_assert_msg(v.asked == row->asked, "%s: asked", row->name);
	ck_assert_msg(v.chosen == row->chosen, "%s: chosen", row->name);
	ck_assert_msg(v.apply == row->apply, "%s: apply", row->name);
	ck_assert_msg(v.why == row->why, "%s: why %s", row->name, names_get(why_names, (int)v.why));
	ck_assert_msg((v.method == QUARANTINE_HOLD) == (v.apply == ACTION_QUARANTINE), "%s", row->name);
	ck_assert_uint_eq(v.n_recipients, 2);
	ck_assert_int_eq(v.recipients[1].chosen, v.chosen);
	if (row->dry_run)
		ck_assert_str_eq(v.reasons[v.n_reasons - 1].comment, "dry-run");
	arena_free(arena);
}
END_TEST

static const struct { const char *spf_domain, *d; } identifiers[] = {
	{ "example.com", "example.com" }, { "example.com", "forger.example" },
	{ "forger.example", "example.com" }, { "forger.example", "forger.example" },
};

static enum dmarc_result result_of(const struct row *row)
{
	struct arena *arena = arena_new();
	struct evidence e;
	struct ruleset rules;
	struct verdict v;

	fill(arena, row, &e);
	fill_rules(row, &rules);
	decide(&e, &rules, arena, &v);
	arena_free(arena);
	return v.result;
}

/* Every result of SPF with every one of DKIM, each aligned or not: nothing but an
 * aligned pass passes, and an aligned failure to look it up is no fail. */
START_TEST(only_an_aligned_pass_passes)
{
	bool spf_aligned = identifiers[_i].spf_domain == identifiers[0].spf_domain;
	bool d_aligned = identifiers[_i].d == identifiers[0].d;

	for (enum spf_result spf = RES_SPF_UNSET; spf <= RES_SPF_PERMERROR; spf++)
		for (enum dkim_result dkim = RES_DKIM_UNSET; dkim <= RES_DKIM_PERMERROR; dkim++) {
			const struct row row = {
				.authors = { { "example.com", "p=reject" } }, .mode = H,
				.spf = spf, .spf_domain = identifiers[_i].spf_domain,
				.dkim = dkim, .d = identifiers[_i].d,
			};
			bool passes = (spf == RES_SPF_PASS && spf_aligned) || (dkim == RES_DKIM_PASS && d_aligned);
			bool open = (spf == RES_SPF_TEMPERROR && spf_aligned) ||
				(dkim == RES_DKIM_TEMPERROR && d_aligned);
			enum dmarc_result wanted = passes ? RES_DMARC_PASS : open ? RES_DMARC_TEMPERROR :
				RES_DMARC_FAIL;

			ck_assert_msg(result_of(&row) == wanted, "SPF %s of %s, DKIM %s of %s",
				      names_get(spf_result_names, (int)spf), row.spf_domain,
				      names_get(dkim_result_names, (int)dkim), row.d);
		}
}
END_TEST

static const struct { enum from_status from; enum action on_bad_from; } from_rows[] = {
	{ FROM_ABSENT, ACTION_QUARANTINE }, { FROM_REPEATED, ACTION_REJECT },
	{ FROM_NO_DOMAIN, ACTION_ACCEPT }, { FROM_UNUSABLE, ACTION_QUARANTINE },
	{ FROM_TOO_MANY, ACTION_REJECT },
};

START_TEST(bad_from_is_no_way_round)
{
	struct arena *arena = arena_new();
	struct evidence e = { .exempt = EXEMPT_NO, .from = from_rows[_i].from };
	struct ruleset rules = { .mode = MODE_HONOR, .enforce_percent = 100,
				 .on_bad_from = from_rows[_i].on_bad_from };
	struct verdict v;

	decide(&e, &rules, arena, &v);
	ck_assert_int_eq(v.result, RES_DMARC_PERMERROR);
	ck_assert_ptr_nonnull(v.result_reason);
	ck_assert_int_eq(v.chosen, from_rows[_i].on_bad_from);
	ck_assert_int_eq(v.why, WHY_BAD_FROM);
	ck_assert_int_eq(v.decisive, -1);
	rules.dry_run = true;
	decide(&e, &rules, arena, &v);
	ck_assert_int_eq(v.chosen, from_rows[_i].on_bad_from);
	ck_assert_int_eq(v.apply, ACTION_ACCEPT);
	arena_free(arena);
}
END_TEST

START_TEST(exempt_mail_is_not_evaluated)
{
	struct arena *arena = arena_new();
	struct evidence e;
	struct ruleset rules;
	struct verdict v;

	fill(arena, &rows[2], &e);
	fill_rules(&rows[2], &rules);
	e.exempt = EXEMPT_NETWORK;
	decide(&e, &rules, arena, &v);
	ck_assert_int_eq(v.result, RES_DMARC_UNSET);
	ck_assert_int_eq(v.apply, ACTION_ACCEPT);
	ck_assert_int_eq(v.why, WHY_EXEMPT);
	arena_free(arena);
}
END_TEST

START_TEST(test_keys_can_be_refused)
{
	struct arena *arena = arena_new();
	struct evidence e;
	struct ruleset rules;
	struct verdict v;

	fill(arena, &rows[1], &e);
	fill_rules(&rows[1], &rules);
	e.dkim->test_key = true;
	decide(&e, &rules, arena, &v);
	ck_assert_int_eq(v.result, RES_DMARC_PASS);
	rules.refuse_test_keys = true;
	decide(&e, &rules, arena, &v);
	ck_assert_int_eq(v.result, RES_DMARC_FAIL);
	arena_free(arena);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("decide");
	TCase *t = tcase_create("decide");

	tcase_add_loop_test(t, decides, 0, N_ROWS(rows));
	tcase_add_loop_test(t, only_an_aligned_pass_passes, 0, N_ROWS(identifiers));
	tcase_add_loop_test(t, bad_from_is_no_way_round, 0, N_ROWS(from_rows));
	tcase_add_test(t, exempt_mail_is_not_evaluated);
	tcase_add_test(t, test_keys_can_be_refused);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
