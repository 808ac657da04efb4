#include "testmain.h"

#include "alignctl.h"
#include "stats.h"
#include "tool_grid.h"

#define DAY(n) ((20000 + (n)) * STATS_DAY_MS)   /* 20000: 2024-10-04 */
#define SUMS 4

static const struct store_sum plain = {
	.day_ms = DAY(0), .author = "example.com", .org = "example.com", .network = "192.0.2.0/24",
	.result = RES_DMARC_PASS, .spf = RES_SPF_PASS, .spf_aligned = true, .dkim_aligned = true,
	.asked = DISPOSITION_NONE, .chosen = ACTION_ACCEPT, .done = "accept", .why = "aligned", .rule = "",
	.class = ENFORCEMENT_ENFORCED, .method = DISCOVERY_TREEWALK, .n = 10, .waited_ms = 250, .lookups = 85,
};

/* What makes a sum another one. */
struct change {
	const char *author, *org, *network, *why, *rule;
	int day, result, asked, chosen, class, method;
	bool not_spf, not_dkim, spf_temperror, dry_run, exempt, guarded;
	unsigned n;
};

static struct store_sum sum_of(const struct change *c)
{
	struct store_sum sum = plain;

	sum.day_ms = DAY(c->day);
	sum.author = c->author != NULL ? c->author : sum.author;
	sum.org = c->org != NULL ? c->org : sum.org;
	sum.network = c->network != NULL ? c->network : sum.network;
	sum.why = c->why != NULL ? c->why : sum.why;
	sum.rule = c->rule != NULL ? c->rule : sum.rule;
	sum.result = c->result != 0 ? (enum dmarc_result)c->result : sum.result;
	sum.asked = c->asked != 0 ? (enum disposition)c->asked : sum.asked;
	sum.chosen = c->chosen != 0 ? (enum action)c->chosen : sum.chosen;
	sum.class = c->class != 0 ? c->class : sum.class;
	sum.method = c->method != 0 ? (enum discovery_method)c->method : sum.method;
	sum.spf_aligned = !c->not_spf;
	sum.dkim_aligned = !c->not_dkim;
	sum.spf = c->spf_temperror ? RES_SPF_TEMPERROR : sum.spf;
	sum.dry_run = c->dry_run;
	sum.exempt = c->exempt;
	sum.guarded = c->guarded;
	sum.n = c->n;
	return sum;
}

/* Two labels are an Organizational Domain, but below "two.example" it is three. */
static const char *suffix(void *context, const char *domain, bool icann_only)
{
	(void)context;
	(void)icann_only;
	return domain_is_within(domain, "two.example") ? domain_last_labels(domain, 2) :
							 domain_last_labels(domain, 1);
}
static const struct suffix_list suffixes = { suffix, NULL };

static struct stats_question question = {
	.span = { DAY(0), DAY(3) }, .top = 2, .has_sums = true, .first_day_ms = DAY(-5),
	.last_day_ms = DAY(7),
};

static void add_all(struct stats *stats, const struct change changes[SUMS], unsigned most)
{
	stats_init(stats, most);
	for (int i = 0; i < SUMS && changes[i].n > 0; i++) {
		struct store_sum sum = sum_of(&changes[i]);

		stats_add(stats, &sum);
	}
}

static char *printed(const struct stats *stats,
		     void (*print)(const struct stats *, const struct stats_question *, FILE *))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	print(stats, &question, out);
	fclose(out);
	return text;
}

#define FAILS .result = RES_DMARC_FAIL, .not_spf = true, .not_dkim = true
#define COUNTS(n) "\"messages\":" n ",\"exempt\":0,\"judged\":" n

static const struct {
	const char *name;
	struct change changes[SUMS];
	const char *wanted[3];          /* in the JSON */
} rows[] = {
	{ "no mail", { { .n = 0 } },
	  { "\"totals\":{" COUNTS("0"), "\"days\":[]", "\"domains\":{\"rows\":[],\"more\":0" } },
	{ "a plain day", { { .n = 10 } },
	  { "{\"period\":{\"first_day\":\"2024-10-04\",\"last_day\":\"2024-10-06\"},"
	    "\"store\":{\"first_day\":\"2024-09-29\",\"last_day\":\"2024-10-11\"}",
	    "\"totals\":{" COUNTS("10") ",\"dry_run\":0,\"results\":{\"none\":0,\"pass\":10,\"fail\":0,"
	    "\"temperror\":0,\"permerror\":0},\"spf_aligned\":10,\"dkim_aligned\":10,\"spf_temperror\":0,"
	    "\"asked\":{\"none\":10,\"quarantine\":0,\"reject\":0},\"chosen\":{\"accept\":10,"
	    "\"quarantine\":0,\"reject\":0,\"tempfail\":0},\"milder\":0,\"stricter\":0,"
	    "\"waited_ms\":250,\"lookups\":85}", "\"days\":[{\"day\":\"2024-10-04\"," COUNTS("10") } },
	{ "days are told apart and added", { { .n = 1 }, { .n = 2, .day = 2 }, { .n = 4, .day = 2, FAILS } },
	  { "\"totals\":{" COUNTS("7"), "{\"day\":\"2024-10-04\"," COUNTS("1"),
	    "{\"day\":\"2024-10-06\"," COUNTS("6") } },
	{ "exempt mail was not judged", { { .n = 3, .exempt = true, .why = "exempt" }, { .n = 4 } },
	  { "\"totals\":{\"messages\":7,\"exempt\":3,\"judged\":4,\"dry_run\":0,\"results\":{\"none\":0,"
	    "\"pass\":4", "\"whys\":{\"rows\":[{\"why\":\"aligned\"," COUNTS("4"),
	    "\"enforced\":{\"domains\":1,\"messages\":4}" } },
	{ "alignment counts with a policy", { { .n = 3, .result = RES_DMARC_NONE },
	    { .n = 4, .not_dkim = true }, { .n = 5, FAILS } },
	  { "\"none\":3,\"pass\":4,\"fail\":5", "\"spf_aligned\":4,\"dkim_aligned\":0" } },
	{ "temperrors", { { .n = 3, .result = RES_DMARC_TEMPERROR }, { .n = 4, .spf_temperror = true } },
	  { "\"temperror\":3,", "\"spf_temperror\":4," } },
	{ "sources only of what fails", { { .n = 9 }, { .n = 1, FAILS },
	    { .n = 2, FAILS, .network = "198.51.100.0/24" }, { .n = 1, FAILS, .day = 1 } },
	  { "\"sources\":{\"rows\":[{\"domain\":\"example.com\",\"network\":\"192.0.2.0/24\"," COUNTS("2"),
	    "{\"domain\":\"example.com\",\"network\":\"198.51.100.0/24\"," COUNTS("2") } },
	{ "networks and how many domains", { { .n = 1, FAILS, .author = "a.example" },
	    { .n = 2, FAILS, .author = "b.example" }, { .n = 2, .author = "c.example" },
	    { .n = 4, FAILS, .author = "b.example", .day = 1 } },
	  { "\"networks\":{\"rows\":[{\"network\":\"192.0.2.0/24\",\"domains\":2," COUNTS("7") } },
	{ "largest first, and the rest is counted", { { .n = 1, .author = "a.example" },
	    { .n = 5, .author = "b.example" }, { .n = 3, .author = "c.example" },
	    { .n = 2, .author = "d.example" } },
	  { "\"domains\":{\"rows\":[{\"domain\":\"b.example\",", "{\"domain\":\"c.example\",",
	    "],\"more\":2,\"more_messages\":3,\"untold_messages\":0}" } },
	{ "milder", { { .n = 7, FAILS, .asked = DISPOSITION_REJECT, .chosen = ACTION_QUARANTINE, .why = "rule",
	      .rule = "lists" } },
	  { "\"milder\":7,\"stricter\":0", "\"rules\":{\"rows\":[{\"rule\":\"lists\"," COUNTS("7"),
	    "\"outcomes\":{\"rows\":[{\"outcome\":{\"asked\":\"reject\",\"chosen\":\"quarantine\","
	    "\"done\":\"accept\"}," COUNTS("7") } },
	{ "stricter", { { .n = 7, .chosen = ACTION_REJECT }, { .n = 2, .chosen = ACTION_TEMPFAIL } },
	  { "\"milder\":0,\"stricter\":9", "\"rules\":{\"rows\":[],", "\"reject\":7,\"tempfail\":2" } },
	{ "as asked", { { .n = 7, FAILS, .asked = DISPOSITION_QUARANTINE, .chosen = ACTION_QUARANTINE } },
	  { "\"milder\":0,\"stricter\":0", "\"asked\":{\"none\":0,\"quarantine\":7,\"reject\":0}" } },
	{ "a dry run is an outcome of its own", { { .n = 7, .dry_run = true }, { .n = 1 } },
	  { "\"judged\":8,\"dry_run\":7", "\"done\":\"accept\"}," COUNTS("7") ",\"dry_run\":7",
	    "\"done\":\"accept\"}," COUNTS("1") ",\"dry_run\":0" } },
	{ "the class of the last day", { { .n = 7, .class = ENFORCEMENT_MONITORING },
	    { .n = 2, .day = 1 }, { .n = 1, .day = 2, .class = ENFORCEMENT_ENFORCED },
	    { .n = 1, .author = "a.example", .day = 2, .class = ENFORCEMENT_IDLE } },
	  { "\"monitoring\":{\"domains\":0,\"messages\":7}", "\"enforced\":{\"domains\":1,\"messages\":3}",
	    "\"idle\":{\"domains\":1,\"messages\":1}" } },
	{ "without From there is no domain", { { .n = 7, .author = "", .org = "", .class = -1 } },
	  { "\"domains\":{\"rows\":[{" COUNTS("7"), "\"unknown\":{\"domains\":0,\"messages\":7}",
	    "\"compared\":0" } },
	{ "walk and list agree", { { .n = 7, .author = "mail.example.com" } },
	  { "\"organizational_domains\":{\"compared\":1,\"differ\":0,\"rows\":[],\"treewalk_messages\":7,"
	    "\"guarded_messages\":0,\"psl_messages\":0}" } },
	{ "walk and list differ", { { .n = 7, .author = "mail.one.two.example", .org = "two.example" } },
	  { "\"compared\":1,\"differ\":1,\"rows\":[{\"domain\":\"mail.one.two.example\","
	    "\"treewalk\":\"two.example\",\"psl\":\"one.two.example\",\"messages\":7}]" } },
	{ "what cannot be compared", { { .n = 1, .guarded = true, .author = "a.two.example" },
	    { .n = 2, .method = DISCOVERY_PSL, .org = "x.example" },
	    { .n = 4, .class = ENFORCEMENT_NO_RECORD, .org = "x.example" },
	    { .n = 8, .author = "no domain", .org = "x.example" } },
	  { "\"compared\":0,\"differ\":0,\"rows\":[],\"treewalk_messages\":8,\"guarded_messages\":1,"
	    "\"psl_messages\":2" } },
	{ "hostile names", { { .n = 1, FAILS, .author = "\"</script>\\\x1b", .network = "=1+1" } },
	  { "{\"domain\":\"\\\"</script>\\\\\\\\\\u001b\",\"network\":\"=1+1\"," } },
};

START_TEST(arithmetic)
{
	struct stats stats;
	char *json;

	if (rows[_i].changes[0].class == -1) {  /* the one that is not evaluated */
		struct store_sum sum = sum_of(&rows[_i].changes[0]);

		sum.class = ENFORCEMENT_UNSET;
		stats_init(&stats, 100);
		stats_add(&stats, &sum);
	} else {
		add_all(&stats, rows[_i].changes, 100);
	}
	stats_finish(&stats, &suffixes, NULL);
	json = printed(&stats, stats_json);
	for (int i = 0; i < 3 && rows[_i].wanted[i] != NULL; i++)
		ck_assert_msg(strstr(json, rows[_i].wanted[i]) != NULL, "%s: no %s in %s", rows[_i].name,
			      rows[_i].wanted[i], json);
	free(json);
	stats_done(&stats);
}
END_TEST

/* Names over the limit are in the totals, and it is said. */
START_TEST(bounded)
{
	static const struct change changes[SUMS] = {
		{ .n = 1, .author = "a.example" }, { .n = 2, .author = "b.example" },
		{ .n = 4, .author = "c.example" }, { .n = 8, .author = "a.example" },
	};
	struct stats stats;
	char *text;

	add_all(&stats, changes, 2);
	stats_finish(&stats, NULL, "no list");
	ck_assert_int_eq(stats.all.messages, 15);
	ck_assert_int_eq(stats.lists[STATS_BY_DOMAIN].n, 2);
	ck_assert_int_eq(stats.lists[STATS_BY_DOMAIN].rows[0].item->counts.messages, 9);
	ck_assert_int_eq(stats.lists[STATS_BY_DOMAIN].surplus, 4);
	text = printed(&stats, stats_text);
	ck_assert_msg(strstr(text, "and 4 messages of further ones: only the first 2") != NULL, "%s", text);
	ck_assert_msg(strstr(text, "Not compared: no list.") != NULL, "%s", text);
	free(text);
	stats_done(&stats);
}
END_TEST

static const struct {
	const char *name;
	struct change changes[SUMS];
	const char *wanted;
} texts[] = {
	{ "no mail", { { .n = 0 } },
	  "Mail from 2024-10-04 to 2024-10-06, whole days UTC: none.\n"
	  "The store reaches from 2024-09-29 to 2024-10-11.\n" },
	{ "rows that stand", { { .n = 900 }, { .n = 100, FAILS } },
	  "  DMARC         900  90.0 %  ##################\n"
	  "  SPF aligned   900  90.0 %  ##################\n" },
	{ "more", { { .n = 3, .author = "a.example" }, { .n = 2, .author = "b.example" },
	    { .n = 1, .author = "c.example" } }, "  b.example\n  and 1 more, with 1 message\n" },
	{ "hostile", { { .n = 3, .author = "\x1b[2J\\" } }, "  \\x1B[2J\\\\\n" },
	{ "no From", { { .n = 3, .author = "" } }, "  (no usable From)\n" },
	{ "a long period", { { .n = 3 }, { .n = 3, .day = 31 } },
	  "Days, 2 to a row\n  from        messages                         pass  fail  waited ms\n"
	  "  2024-10-04         3  ####################  100 %   0 %       83.3\n"
	  "  2024-10-06         0                            -     -          -\n" },
};

START_TEST(text)
{
	struct stats stats;
	char *out;

	add_all(&stats, texts[_i].changes, 100);
	stats_finish(&stats, &suffixes, NULL);
	out = printed(&stats, stats_text);
	ck_assert_msg(strstr(out, texts[_i].wanted) != NULL, "%s:\n%s", texts[_i].name, out);
	free(out);
	stats_done(&stats);
}
END_TEST

static const struct {
	const char *name;
	struct change changes[SUMS];
	const char *wanted;             /* behind the head */
} csv_rows[] = {
	{ "nothing", { { .n = 0 } }, "" },
	{ "passing mail has no network", { { .n = 10 }, { .n = 5, .network = "198.51.100.0/24" } },
	  "2024-10-04,example.com,example.com,enforced,,pass,none,accept,accept,aligned,,0,0,15,15,15,0,500,170\n" },
	{ "failing mail has", { { .n = 1, FAILS, .spf_temperror = true }, { .n = 5, FAILS, .day = 1 } },
	  "2024-10-04,example.com,example.com,enforced,192.0.2.0/24,fail,none,accept,accept,aligned,,0,0,1,0,0,"
	  "1,250,85\n"
	  "2024-10-05,example.com,example.com,enforced,192.0.2.0/24,fail,none,accept,accept,aligned,,0,0,5,0,0,"
	  "0,250,85\n" },
	{ "formulas", { { .n = 1, .author = "=a.example", .org = "-b", .rule = "+c\",;\n@" },
	    { .n = 1, .author = "@d-e.example", .dry_run = true } },
	  "2024-10-04,\\x3Da.example,\\x2Db,enforced,,pass,none,accept,accept,aligned,"
	  "\\x2Bc\\x22\\x2C\\x3B\\x0A\\x40,0,0,1,1,1,0,250,85\n"
	  "2024-10-04,\\x40d-e.example,example.com,enforced,,pass,none,accept,accept,aligned,,1,0,1,1,1,0,250,85\n" },
};

START_TEST(csv)
{
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);
	struct stats_csv *writer = stats_csv_new(file);
	const char *behind;

	for (int i = 0; i < SUMS && csv_rows[_i].changes[i].n > 0; i++) {
		struct store_sum sum = sum_of(&csv_rows[_i].changes[i]);

		stats_csv_add(writer, &sum);
	}
	stats_csv_done(writer);
	fclose(file);
	behind = strchr(out, '\n');
	ck_assert(behind != NULL && strncmp(out, "day,domain,", 11) == 0);
	ck_assert_msg(strcmp(behind + 1, csv_rows[_i].wanted) == 0, "%s:\n%s", csv_rows[_i].name, out);
	free(out);
}
END_TEST

static const struct {
	uint64_t part, whole;
	const char *share, *bar;
} numbers[] = {
	{ 0, 0, "-", "" }, { 0, 5, "0 %", "" }, { 5, 5, "100 %", "####" }, { 1, 3, "33.3 %", "#" },
	{ 1, 100000, "under 0.01 %", "" }, { 1, 1000, "0.10 %", "" }, { 99999, 100000, "over 99.99 %", "####" },
	{ 9996, 10000, "99.96 %", "####" },
};

START_TEST(figures)
{
	struct arena *arena = arena_new();

	ck_assert_str_eq(tool_grid_share(arena, numbers[_i].part, numbers[_i].whole), numbers[_i].share);
	ck_assert_str_eq(tool_grid_bar(arena, numbers[_i].part, numbers[_i].whole, 4), numbers[_i].bar);
	ck_assert_str_eq(tool_grid_number(arena, 7), "7");
	ck_assert_str_eq(tool_grid_number(arena, 123), "123");
	ck_assert_str_eq(tool_grid_number(arena, 1234567), "1,234,567");
	ck_assert_str_eq(tool_grid_mean(arena, 85, 10), "8.5");
	ck_assert_str_eq(tool_grid_mean(arena, 85, 0), "-");
	arena_free(arena);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("stats");
	TCase *tests = tcase_create("stats");

	tcase_add_loop_test(tests, arithmetic, 0, N_ROWS(rows));
	tcase_add_loop_test(tests, text, 0, N_ROWS(texts));
	tcase_add_loop_test(tests, csv, 0, N_ROWS(csv_rows));
	tcase_add_loop_test(tests, figures, 0, N_ROWS(numbers));
	tcase_add_test(tests, bounded);
	suite_add_tcase(s, tests);
	return s;
}

TEST_MAIN(suite())
