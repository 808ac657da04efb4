#include "testmain.h"

#include "alignctl.h"
#include "base/arena.h"
#include "rule_report.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define NOON (20000 * DAY + 12 * HOUR)  /* 2024-10-04 */

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

static const struct rule rules[] = {
	{ .id = "lists", .action = RULE_ACCEPT, .owner = "Jane Doe", .ticket = "T-17",
	  .expires_ms = NOON + 12 * HOUR + 12 * DAY, .file = "a.conf", .line = 7 },
	{ .id = "own-brands-never-from-outside", .action = RULE_REJECT },
	{ .id = "today", .action = RULE_HONOR, .expires_ms = NOON + 12 * HOUR, .note = "a \"note\"" },
	{ .id = "over", .action = RULE_QUARANTINE, .expires_ms = NOON - 12 * HOUR,
	  .owner = "somebody with a name that is much too long for it" },
};
static const struct ruleset ruleset = { .rules = rules, .n_rules = 4 };

static struct rule_hit items[] = {
	{ .id = "former", .hits = 3, .last_ms = NOON - 3 * DAY },
	{ .id = "lists", .hits = 1200, .last_ms = NOON - HOUR },
};
static const struct rule_hits hits = {
	.since_ms = NOON - 30 * DAY, .until_ms = NOON, .items = items, .n = 2,
	.begins = true, .begins_ms = NOON - 20 * DAY, .lines = 5000, .cut = 1, .skipped = 2,
};

static bool is_expiring(void *context, const struct rule_row *row)
{
	(void)context;
	return row->term == TERM_ENDING;
}

static char *printed(const struct rule_hits *known, rule_row_fn *wanted,
		     void (*print)(const struct rule_report *, FILE *))
{
	struct rule_report report = {
		.arena = arena_new(), .settings = "a.conf", .directory = "/j", .hits = known,
	};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	rule_report_init(&report, &ruleset, NOON, wanted, NULL);
	print(&report, out);
	fclose(out);
	arena_free(report.arena);
	return text;
}

static void wants(char *text, const char *wanted)
{
	ck_assert_str_eq(text, wanted);
	free(text);
}

START_TEST(table)
{
	wants(printed(&hits, NULL, rule_report_text),
"ID                             ACTION      OWNER                             TICKET  EXPIRES             HITS  LAST HIT\n"
"lists                          accept      Jane Doe                          T-17    2024-10-16 in 12 d  1200  2024-10-04T11:00:00Z\n"
"own-brands-never-from-outside  reject      -                                 -       -                      0  -\n"
"today                          honor       -                                 -       2024-10-04 today       0  -\n"
"over                           quarantine  somebody with a name that is ...  -       2024-10-03 EXPIRED     0  -\n"
"former                         gone        -                                 -       -                      3  2024-10-01T12:00:00Z\n"
"gone: the rule is not in the settings any more.\n"
"Hits from 2024-09-04T12:00:00Z to 2024-10-04T12:00:00Z, by /j.\n"
"The journal reaches back to 2024-09-14T12:00:00Z only.\n");
}
END_TEST

START_TEST(without_a_journal)
{
	wants(printed(NULL, is_expiring, rule_report_text),
	      "ID     ACTION  OWNER     TICKET  EXPIRES             HITS  LAST HIT\n"
	      "lists  accept  Jane Doe  T-17    2024-10-16 in 12 d     ?  -\n"
	      "today  honor   -         -       2024-10-04 today       ?  -\n"
	      "Hits are not known: the settings keep no journal (journal.directory).\n");
}
END_TEST

START_TEST(as_json)
{
	wants(printed(&hits, NULL, rule_report_json),
	      "{\"settings\":\"a.conf\",\"journal\":{\"directory\":\"/j\","
	      "\"since\":\"2024-09-04T12:00:00.000Z\",\"until\":\"2024-10-04T12:00:00.000Z\","
	      "\"begins\":\"2024-09-14T12:00:00.000Z\",\"lines\":5000,\"unreadable\":2,\"cut\":1},"
	      "\"rules\":[{\"id\":\"lists\",\"action\":\"accept\","
	      "\"owner\":\"Jane Doe\",\"ticket\":\"T-17\",\"file\":\"a.conf\",\"line\":7,"
	      "\"expires\":\"2024-10-16\",\"days_left\":12,\"expired\":false,\"in_settings\":true,\"hits\":1200,"
	      "\"last_hit\":\"2024-10-04T11:00:00.000Z\"},"
	      "{\"id\":\"own-brands-never-from-outside\","
	      "\"action\":\"reject\",\"line\":0,\"in_settings\":true,\"hits\":0},"
	      "{\"id\":\"today\",\"action\":\"honor\","
	      "\"note\":\"a \\\"note\\\"\",\"line\":0,\"expires\":\"2024-10-04\",\"days_left\":0,"
	      "\"expired\":false,\"in_settings\":true,\"hits\":0},"
	      "{\"id\":\"over\",\"action\":\"quarantine\","
	      "\"owner\":\"somebody with a name that is much too long for it\",\"line\":0,"
	      "\"expires\":\"2024-10-03\",\"days_left\":-1,\"expired\":true,\"in_settings\":true,\"hits\":0},"
	      "{\"id\":\"former\",\"in_settings\":false,\"hits\":3,"
	      "\"last_hit\":\"2024-10-01T12:00:00.000Z\"}]}\n");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("rule_report");
	TCase *tc = tcase_create("rule_report");

	tcase_add_test(tc, table);
	tcase_add_test(tc, without_a_journal);
	tcase_add_test(tc, as_json);
	suite_add_tcase(s, tc);
	return s;
}

TEST_MAIN(suite())
