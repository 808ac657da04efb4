/* The zone file as a picture of the DNS: rows (zone_rows.h), faults, limits. */
#include "testmain.h"

#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "zone_rows.h"

static char path[] = "test_resolver_zone.XXXXXX";

static void write_zone(const char *text)
{
	FILE *file;

	memcpy(path, "test_resolver_zone.XXXXXX", sizeof(path));
	file = fdopen(mkstemp(path), "w");
	ck_assert(file != NULL);
	ck_assert(fputs(text, file) >= 0);
	ck_assert_int_eq(fclose(file), 0);
}

static struct resolver *open_zone(const char *text, const char **error_r)
{
	struct resolver *zone;

	write_zone(text);
	zone = resolver_zone_open(path, error_r);
	unlink(path);
	return zone;
}

static void never(void *context, const struct dns_answer *answer)
{
	(void)context;
	(void)answer;
	ck_abort_msg("a zone answers at once");
}

static const struct dns_answer *ask(struct resolver *zone, const char *name, enum dns_type type)
{
	int64_t started_ms;

	return resolver_want(zone, name, type, "", never, NULL, &started_ms);
}

START_TEST(test_row)
{
	const struct zone_row *row = &zone_rows[_i];
	const char *error;
	struct resolver *zone = open_zone(zone_text, &error);
	const struct dns_answer *answer;

	ck_assert_msg(zone != NULL, "%s", error);
	answer = ask(zone, row->asked, row->type);
	check_zone_row(row, answer);
	dns_answer_unref(answer);
	resolver_close(zone);
}
END_TEST

static const struct {
	const char *name, *text, *error;
} bad_rows[] = {
	{ "unknown type", "a.example A 192.0.2.1\n\nb.example HINFO \"x\"\n", ":3: HINFO is no type" },
	{ "bare text", "a.example TXT v=spf1 -all\n", ":1: TXT data must be quoted" },
	{ "no data", "a.example TXT\n", ":1: TXT without data" },
	{ "open quote", "a.example TXT \"v=spf1\n", ":1: a quoted string does not end" },
	{ "escaped end quote", "a.example TXT \"v=spf1\\\"\n", ":1: a quoted string does not end" },
	{ "escape at the end", "a.example TXT \"v=spf1\\", ":1: a quoted string does not end" },
	{ "octet over 255", "a.example TXT \"\\256\"\n", ":1: \\256 is no octet" },
	{ "short octet", "a.example TXT \"\\25\"\n", ":1: \\25 is no octet" },
	{ "no address", "a.example A 192.0.2\n", ":1: 192.0.2 is no IPv4 address" },
	{ "other family", "a.example AAAA 192.0.2.1\n", ":1: 192.0.2.1 is no IPv6 address" },
	{ "no preference", "a.example MX mail.example\n", ":1: MX needs a preference" },
	{ "preference too large", "a.example MX 65536 mail.example\n", ":1: MX needs a preference" },
	{ "target missing", "a.example CNAME\n", ":1: the name is missing" },
	{ "bad owner", "a..example A 192.0.2.1\n", ":1: a..example is no domain name" },
	{ "bad target", "a.example CNAME a..example\n", ":1: a..example is no domain name" },
	{ "root as alias target", "a.example CNAME .\n", ":1: . is no domain name" },
	{ "only a name", "a.example\n", ":1: nothing stands behind the name" },
	{ "surplus", "a.example A 192.0.2.1 192.0.2.2\n", ":1: surplus word 192.0.2.2" },
	{ "outcome of a CNAME", "a.example CNAME TXT x\n", ":1: surplus word x" },
	{ "TTL alone", "a.example 300\n", ":1: the type is missing" },
};

START_TEST(test_bad)
{
	const char *error = "";
	struct resolver *zone = open_zone(bad_rows[_i].text, &error);

	ck_assert_msg(zone == NULL, "%s", bad_rows[_i].name);
	ck_assert_msg(strncmp(error, path, strlen(path)) == 0 &&
		      strncmp(error + strlen(path), bad_rows[_i].error, strlen(bad_rows[_i].error)) == 0,
		      "%s: %s", bad_rows[_i].name, error);
}
END_TEST

START_TEST(test_missing_file)
{
	const char *error = "";

	ck_assert(resolver_zone_open("no-such-file.zone", &error) == NULL);
	ck_assert(strstr(error, "no-such-file.zone: ") == error);
}
END_TEST

START_TEST(test_typed)
{
	struct resolver *zone = resolver_zone_new();
	const char *error = NULL;
	const struct dns_answer *answer;

	ck_assert(resolver_zone_add(zone, "a.example", DNS_A, SLICE("192.0.2.9"), 0));
	ck_assert(!resolver_zone_add(zone, "a.example", DNS_A, SLICE("192.0.2"), 0));
	ck_assert(resolver_zone_add(zone, "a.example", DNS_TXT, slice_new("x\0y", 3), 0));
	ck_assert(resolver_zone_add(zone, "a..example", DNS_TXT, SLICE("never asked"), 0));
	resolver_zone_add_alias(zone, "b.example", "A.example.");
	resolver_zone_add_outcome(zone, "c.example", 0, DNS_TIMEOUT);
	ck_assert_int_eq(resolver_zone_add_line(zone, "d.example 60 TXT \"line\"", &error), 0);
	ck_assert_int_eq(resolver_zone_add_line(zone, "d.example TXT line", &error), -1);
	ck_assert_str_eq(error, "TXT data must be quoted");

	answer = ask(zone, "b.example", DNS_TXT);
	ck_assert_uint_eq(answer->n, 1);
	ck_assert(slice_equal(answer->records[0].data, slice_new("x\0y", 3)));
	dns_answer_unref(answer);
	answer = ask(zone, "c.example", DNS_MX);
	ck_assert_int_eq(answer->outcome, DNS_TIMEOUT);
	dns_answer_unref(answer);
	answer = ask(zone, "d.example", DNS_TXT);
	ck_assert_uint_eq(answer->ttl_s, 60);
	dns_answer_unref(answer);
	resolver_close(zone);
}
END_TEST

START_TEST(test_many_names)
{
	struct resolver *zone = resolver_zone_new();
	char name[64], text[64];

	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%d.example", i);
		resolver_zone_add(zone, name, DNS_TXT, slice_of(name), 0);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "n%d.example", i);
		const struct dns_answer *answer = ask(zone, text, DNS_TXT);

		ck_assert(answer->n == 1 && slice_is(answer->records[0].data, text));
		dns_answer_unref(answer);
	}
	resolver_close(zone);
}
END_TEST

START_TEST(test_answer_limits)
{
	struct dns_record many[LIMIT_DNS_RECORDS + 1], large[2];
	char *text = mem_zalloc(LIMIT_DNS_TEXT + 1);
	struct dns_answer *answer;

	for (int i = 0; i <= LIMIT_DNS_RECORDS; i++)
		many[i] = (struct dns_record){ SLICE("x"), (unsigned)i };
	answer = dns_answer_new(DNS_DATA, 1, many, LIMIT_DNS_RECORDS + 1);
	ck_assert_uint_eq(answer->n, LIMIT_DNS_RECORDS);
	ck_assert_uint_eq(answer->records[255].preference, 255);
	dns_answer_unref(answer);

	large[0] = (struct dns_record){ slice_new(text, LIMIT_DNS_TEXT + 1), 0 };
	large[1] = (struct dns_record){ slice_new(text, LIMIT_DNS_TEXT), 0 };
	answer = dns_answer_new(DNS_DATA, 1, large, 2);
	ck_assert_uint_eq(answer->n, 1);
	ck_assert_uint_eq(answer->records[0].data.len, LIMIT_DNS_TEXT);
	dns_answer_unref(answer);

	answer = dns_answer_new(DNS_DATA, 1, large, 1);
	ck_assert_int_eq(answer->outcome, DNS_SERVFAIL);
	ck_assert_uint_eq(answer->n, 0);
	dns_answer_unref(dns_answer_ref(answer));
	dns_answer_unref(answer);
	free(text);
}
END_TEST

static Suite *zone_suite(void)
{
	Suite *suite = suite_create("resolver_zone");
	TCase *tcase = tcase_create("zone");

	tcase_add_loop_test(tcase, test_row, 0, N_ROWS(zone_rows));
	tcase_add_loop_test(tcase, test_bad, 0, N_ROWS(bad_rows));
	tcase_add_test(tcase, test_missing_file);
	tcase_add_test(tcase, test_typed);
	tcase_add_test(tcase, test_many_names);
	tcase_add_test(tcase, test_answer_limits);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(zone_suite())
