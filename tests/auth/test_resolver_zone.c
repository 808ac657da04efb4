/* The zone file as a picture of the DNS: each row is a question to one zone. */
#include "testmain.h"

#include <stdio.h>
#include <unistd.h>

#include "auth/resolver.h"
#include "base/buf.h"

static const char zone_text[] =
	"# the zone of all rows\n"
	"; and another comment\r\n"
	"\n"
	"example.com TXT \"v=spf1 \" \"-all\" # joined\n"
	"Example.COM. 300 IN TXT \"second\"\n"
	"example.com MX 20 B.example.com.\n"
	"example.com MX 10 a.example.com\n"
	"example.com A 192.0.2.1\n"
	"null.example.com MX 0 .\n"
	"odd.example.com TXT \"a\\000b\\255\\\"\\\\; #\"\n"
	"empty.example.com TXT \"\"\n"
	"six.example.com AAAA 2001:db8::1\n"
	"1.2.0.192.in-addr.arpa PTR mail.example.com\n"
	"x.y.z.example.com TXT \"deep\"\n"
	"www.example.com CNAME example.com\n"
	"both.example.com CNAME example.com\n"
	"both.example.com AAAA 2001:db8::2\n"
	"away.example.com CNAME nowhere.example.com\n"
	"loop1.example.com CNAME loop2.example.com\n"
	"loop2.example.com CNAME loop1.example.com\n"
	"tofail.example.com CNAME fail.example.com\n"
	"fail.example.com SERVFAIL\n"
	"slow.example.com TIMEOUT\n"
	"gone.example.com NXDOMAIN\n"
	"forged.example.com TXT BOGUS\n"
	"half.example.com TXT servfail\n"
	"half.example.com A 192.0.2.2\n"
	"*.wild.example.com TXT \"from the wildcard\"\n"
	"host.wild.example.com A 192.0.2.3\n"
	"under.ent.wild.example.com A 192.0.2.3\n"
	"*.alias.example.com CNAME example.com\n"
	"*.fail.example.org SERVFAIL\n";

static const struct {
	const char *name;
	const char *asked;
	enum dns_type type;
	enum dns_outcome outcome;
	unsigned n;
	const char *data;       /* of the first record; its length where it has a NUL */
	size_t data_len;
} rows[] = {
	{ "strings are joined", "example.com", DNS_TXT, DNS_DATA, 2, "v=spf1 -all", 0 },
	{ "any case, trailing dot", "eXample.Com.", DNS_TXT, DNS_DATA, 2, "v=spf1 -all", 0 },
	{ "order of the file, no trailing dot", "example.com", DNS_MX, DNS_DATA, 2, "B.example.com", 0 },
	{ "null MX", "null.example.com", DNS_MX, DNS_DATA, 1, "", 0 },
	{ "A is four octets", "example.com", DNS_A, DNS_DATA, 1, "\300\0\2\1", 4 },
	{ "AAAA is sixteen", "six.example.com", DNS_AAAA, DNS_DATA, 1, " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\1", 16 },
	{ "PTR", "1.2.0.192.in-addr.arpa", DNS_PTR, DNS_DATA, 1, "mail.example.com", 0 },
	{ "escapes", "odd.example.com", DNS_TXT, DNS_DATA, 1, "a\0b\377\"\\; #", 9 },
	{ "empty string is data", "empty.example.com", DNS_TXT, DNS_DATA, 1, "", 0 },
	{ "other type", "example.com", DNS_AAAA, DNS_NODATA, 0, NULL, 0 },
	{ "empty non-terminal", "y.z.example.com", DNS_TXT, DNS_NODATA, 0, NULL, 0 },
	{ "empty non-terminal higher up", "com", DNS_TXT, DNS_NODATA, 0, NULL, 0 },
	{ "no such name", "nowhere.example.com", DNS_TXT, DNS_NXDOMAIN, 0, NULL, 0 },
	{ "below a name with data", "a.b.example.com", DNS_A, DNS_NXDOMAIN, 0, NULL, 0 },
	{ "no such top-level name", "invalid", DNS_TXT, DNS_NXDOMAIN, 0, NULL, 0 },
	{ "CNAME is followed", "www.example.com", DNS_A, DNS_DATA, 1, "\300\0\2\1", 4 },
	{ "CNAME to a name without the type", "www.example.com", DNS_PTR, DNS_NODATA, 0, NULL, 0 },
	{ "own data beside a CNAME", "both.example.com", DNS_AAAA, DNS_DATA, 1, " \1\r\270\0\0\0\0\0\0\0\0\0\0\0\2", 16 },
	{ "other types by the CNAME", "both.example.com", DNS_A, DNS_DATA, 1, "\300\0\2\1", 4 },
	{ "CNAME to nowhere", "away.example.com", DNS_TXT, DNS_NXDOMAIN, 0, NULL, 0 },
	{ "CNAME loop", "loop1.example.com", DNS_TXT, DNS_SERVFAIL, 0, NULL, 0 },
	{ "CNAME to a failure", "tofail.example.com", DNS_TXT, DNS_SERVFAIL, 0, NULL, 0 },
	{ "failure of every type", "fail.example.com", DNS_MX, DNS_SERVFAIL, 0, NULL, 0 },
	{ "time-out", "slow.example.com", DNS_A, DNS_TIMEOUT, 0, NULL, 0 },
	{ "said not to exist", "gone.example.com", DNS_A, DNS_NXDOMAIN, 0, NULL, 0 },
	{ "forged", "forged.example.com", DNS_TXT, DNS_BOGUS, 0, NULL, 0 },
	{ "failure of one type", "half.example.com", DNS_TXT, DNS_SERVFAIL, 0, NULL, 0 },
	{ "the other type is fine", "half.example.com", DNS_A, DNS_DATA, 1, "\300\0\2\2", 4 },
	{ "wildcard", "a.wild.example.com", DNS_TXT, DNS_DATA, 1, "from the wildcard", 0 },
	{ "wildcard two labels down", "a.b.wild.example.com", DNS_TXT, DNS_DATA, 1, "from the wildcard", 0 },
	{ "wildcard without the type", "a.wild.example.com", DNS_A, DNS_NODATA, 0, NULL, 0 },
	{ "the wildcard itself", "*.wild.example.com", DNS_TXT, DNS_DATA, 1, "from the wildcard", 0 },
	{ "no wildcard for the name above", "wild.example.com", DNS_TXT, DNS_NODATA, 0, NULL, 0 },
	{ "an existing name hides it", "host.wild.example.com", DNS_TXT, DNS_NODATA, 0, NULL, 0 },
	{ "and all below that name", "a.host.wild.example.com", DNS_TXT, DNS_NXDOMAIN, 0, NULL, 0 },
	{ "an empty non-terminal hides it", "ent.wild.example.com", DNS_TXT, DNS_NODATA, 0, NULL, 0 },
	{ "and all below that", "b.ent.wild.example.com", DNS_TXT, DNS_NXDOMAIN, 0, NULL, 0 },
	{ "wildcard CNAME", "a.alias.example.com", DNS_A, DNS_DATA, 1, "\300\0\2\1", 4 },
	{ "wildcard failure", "a.fail.example.org", DNS_A, DNS_SERVFAIL, 0, NULL, 0 },
	{ "label of 64", "a123456789b123456789c123456789d123456789e123456789f123456789g123.example.com",
	  DNS_TXT, DNS_BAD_NAME, 0, NULL, 0 },
	{ "empty label", "a..example.com", DNS_TXT, DNS_BAD_NAME, 0, NULL, 0 },
	{ "leading dot", ".example.com", DNS_TXT, DNS_BAD_NAME, 0, NULL, 0 },
	{ "empty name", "", DNS_TXT, DNS_BAD_NAME, 0, NULL, 0 },
	{ "only a dot", ".", DNS_TXT, DNS_BAD_NAME, 0, NULL, 0 },
	{ "spaces are octets like others", "a b.example.com", DNS_TXT, DNS_NXDOMAIN, 0, NULL, 0 },
};

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
	const char *error, *name = rows[_i].name;
	struct resolver *zone = open_zone(zone_text, &error);
	const struct dns_answer *answer;

	ck_assert_msg(zone != NULL, "%s", error);
	answer = ask(zone, rows[_i].asked, rows[_i].type);
	ck_assert_msg(answer->outcome == rows[_i].outcome, "%s: %s", name,
		      names_get(dns_outcome_names, answer->outcome));
	ck_assert_msg(answer->n == rows[_i].n, "%s: %u records", name, answer->n);
	if (rows[_i].data != NULL) {
		size_t len = rows[_i].data_len > 0 ? rows[_i].data_len : strlen(rows[_i].data);

		ck_assert_msg(slice_equal(answer->records[0].data, slice_new(rows[_i].data, len)),
			      "%s: %.*s", name, SLICE_ARG(answer->records[0].data));
	}
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

	tcase_add_loop_test(tcase, test_row, 0, N_ROWS(rows));
	tcase_add_loop_test(tcase, test_bad, 0, N_ROWS(bad_rows));
	tcase_add_test(tcase, test_missing_file);
	tcase_add_test(tcase, test_typed);
	tcase_add_test(tcase, test_many_names);
	tcase_add_test(tcase, test_answer_limits);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(zone_suite())
