#include "testmain.h"

#include "base/buf.h"
#include "core/orgdomain.h"

static const struct { const char *start, *wanted; } name_rows[] = {
	{ "example.com", "example.com com" },
	{ "com", "com" },
	{ "a.b.c.d.e.mail.example.com",        /* 8 labels: the parent has 7 */
	  "a.b.c.d.e.mail.example.com b.c.d.e.mail.example.com c.d.e.mail.example.com "
	  "d.e.mail.example.com e.mail.example.com mail.example.com example.com com" },
	{ "a.b.c.d.e.f.g.h.i.j.mail.example.com",
	  "a.b.c.d.e.f.g.h.i.j.mail.example.com g.h.i.j.mail.example.com h.i.j.mail.example.com "
	  "i.j.mail.example.com j.mail.example.com mail.example.com example.com com" },
};

START_TEST(names_of_a_walk)
{
	const char *names[WALK_STEPS];
	unsigned n = walk_names(name_rows[_i].start, names);
	struct buf text;

	buf_init(&text, 4096);
	for (unsigned i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i > 0 ? " " : "", names[i]);
	ck_assert_str_eq(buf_str(&text), name_rows[_i].wanted);
	buf_done(&text);
}
END_TEST

/* A zone as "name=record" pairs; "name=!" fails, two pairs of a name are two records. */
#define MAX_PAIRS 6
struct walk_row {
	const char *name, *start;
	const char *zone[MAX_PAIRS][2];
	const char *asked;              /* names asked, last one */
	enum walk_status status;
	const char *found;              /* names with a record */
	const char *org, *guarded_org;  /* without and with the guard */
};

static const struct walk_row walk_rows[] = {
	{ "record at the start, walk goes on", "example.com",
	  { { "example.com", "v=DMARC1; p=none" } }, "com", WALK_DONE, "example.com ",
	  "example.com", "example.com" },
	{ "no record: the start itself", "a.example.com", { { NULL } }, "com", WALK_DONE, "",
	  "a.example.com", "a.example.com" },
	{ "fewest labels", "a.b.example.com",
	  { { "a.b.example.com", "v=DMARC1" }, { "example.com", "v=DMARC1" } }, "com", WALK_DONE,
	  "a.b.example.com example.com ", "example.com", "example.com" },
	{ "psd=n ends the walk", "a.b.example.com",
	  { { "b.example.com", "v=DMARC1; psd=n" }, { "example.com", "v=DMARC1" } },
	  "b.example.com", WALK_DONE, "b.example.com ", "b.example.com", "b.example.com" },
	{ "psd=y above: one label more", "a.b.bank.example",
	  { { "bank.example", "v=DMARC1; psd=y" } }, "bank.example", WALK_DONE, "bank.example ",
	  "b.bank.example", "b.bank.example" },
	{ "psd=y at the start", "bank.example",
	  { { "bank.example", "v=DMARC1; psd=y" } }, "bank.example", WALK_DONE, "bank.example ",
	  "bank.example", "bank.example" },
	{ "two records at one name cancel", "a.example.com",
	  { { "a.example.com", "v=DMARC1" }, { "a.example.com", "v=DMARC1" },
	    { "example.com", "v=DMARC1" } }, "com", WALK_DONE, "example.com ",
	  "example.com", "example.com" },
	{ "other TXT data do not count", "example.com",
	  { { "example.com", "v=spf1 -all" }, { "example.com", "v=DMARC1; p=none" } },
	  "com", WALK_DONE, "example.com ", "example.com", "example.com" },
	{ "a suffix that publishes without psd", "a.shop.co.uk",
	  { { "co.uk", "v=DMARC1; p=none" } }, "uk", WALK_DONE, "co.uk ",
	  "co.uk", "shop.co.uk" },
	{ "two suffixes that publish", "a.shop.co.uk",
	  { { "co.uk", "v=DMARC1" }, { "uk", "v=DMARC1" } }, "uk", WALK_DONE, "co.uk uk ",
	  "uk", "shop.co.uk" },
	{ "a failure ends it", "a.example.com",
	  { { "a.example.com", "v=DMARC1" }, { "example.com", "!" } }, "example.com",
	  WALK_TEMPERROR, "a.example.com ", NULL, NULL },
};

static const char *suffix_of(void *context, const char *domain, bool icann_only)
{
	(void)context;
	(void)icann_only;
	if (domain_is_within(domain, "co.uk"))
		return domain_last_labels(domain, 2);
	return domain_last_labels(domain, 1);
}

static void answer(struct walk *walk, const struct walk_row *row, const char *asked)
{
	struct slice texts[MAX_PAIRS];
	unsigned n = 0;
	bool failed = false;

	for (unsigned i = 0; i < MAX_PAIRS && row->zone[i][0] != NULL; i++) {
		if (strcmp(row->zone[i][0], asked) != 0)
			continue;
		failed |= strcmp(row->zone[i][1], "!") == 0;
		texts[n++] = slice_of(row->zone[i][1]);
	}
	walk_answer(walk, failed ? WALK_ANSWER_FAILED : WALK_ANSWER_RECORDS, texts, n);
}

START_TEST(walks)
{
	const struct walk_row *row = &walk_rows[_i];
	struct suffix_list list = { suffix_of, NULL };
	const char *name, *last = "";
	struct walk walk;
	struct buf found;
	bool guarded;

	walk_init(&walk, row->start);
	while ((name = walk_next(&walk)) != NULL) {
		last = name;
		answer(&walk, row, name);
	}
	ck_assert_msg(strcmp(last, row->asked) == 0, "%s: asked %s", row->name, last);
	ck_assert_msg(walk.status == row->status, "%s: status", row->name);
	buf_init(&found, 1024);
	for (unsigned i = 0; i < walk.n_found; i++)
		buf_printf(&found, "%s ", walk.found[i].name);
	ck_assert_msg(strcmp(buf_str(&found), row->found) == 0, "%s: found %s", row->name, buf_str(&found));
	if (row->org != NULL) {
		const char *org = orgdomain_from_walk(&walk, NULL, &guarded);

		ck_assert_msg(strcmp(org, row->org) == 0 && !guarded, "%s: %s", row->name, org);
		org = orgdomain_from_walk(&walk, &list, &guarded);
		ck_assert_msg(strcmp(org, row->guarded_org) == 0, "%s: guarded %s", row->name, org);
		ck_assert_msg(guarded == (strcmp(row->org, row->guarded_org) != 0), "%s", row->name);
	}
	buf_done(&found);
}
END_TEST

START_TEST(suffix_plus_one_label)
{
	struct suffix_list list = { suffix_of, NULL };

	ck_assert_str_eq(orgdomain_from_suffix("a.b.shop.co.uk", &list), "shop.co.uk");
	ck_assert_str_eq(orgdomain_from_suffix("co.uk", &list), "co.uk");
	ck_assert_str_eq(orgdomain_from_suffix("a.example.com", &list), "example.com");
	ck_assert_str_eq(orgdomain_from_suffix("com", &list), "com");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("walk");
	TCase *t = tcase_create("walk");

	tcase_add_loop_test(t, names_of_a_walk, 0, N_ROWS(name_rows));
	tcase_add_loop_test(t, walks, 0, N_ROWS(walk_rows));
	tcase_add_test(t, suffix_plus_one_label);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
