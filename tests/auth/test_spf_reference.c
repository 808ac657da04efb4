#include "testmain.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

#include "spf_compare.h"
#include "spf_generate.h"

/* The plain evaluation by itself: one small zone a row, a record a line,
 * "NAME TYPE DATA", MX with its preference first. */
static const struct reference_row {
	const char *name;
	const char *zone;
	const char *client, *sender;    /* sender "": null reverse-path */
	enum spf_result wanted;
	const char *explanation;        /* NULL: none */
} rows[] = {
	/* 4.3 to 4.5: the domain and its record */
	{ "no record", "d.example TXT hello", "192.0.2.1", "u@d.example", RES_SPF_NONE, NULL },
	{ "no name", "e.example A 192.0.2.1", "192.0.2.1", "u@d.example", RES_SPF_NONE, NULL },
	{ "one label", "example TXT v=spf1 all", "192.0.2.1", "u@example", RES_SPF_NONE, NULL },
	{ "empty label", "d..example TXT v=spf1 all", "192.0.2.1", "u@d..example", RES_SPF_NONE, NULL },
	{ "look-up fails", "d.example SERVFAIL", "192.0.2.1", "u@d.example", RES_SPF_TEMPERROR, NULL },
	{ "look-up times out", "d.example TIMEOUT", "192.0.2.1", "u@d.example", RES_SPF_TEMPERROR, NULL },
	{ "two records", "d.example TXT v=spf1 all\nd.example TXT v=spf1 -all", "192.0.2.1",
	  "u@d.example", RES_SPF_PERMERROR, NULL },
	{ "other versions", "d.example TXT v=spf10 -all\nd.example TXT v=spf1\nd.example TXT v=spf1\tx",
	  "192.0.2.1", "u@d.example", RES_SPF_NEUTRAL, NULL },
	{ "null sender", "mail.example TXT v=spf1 exists:%{l}.%{o} -all\npostmaster.mail.example A 127.0.0.2",
	  "192.0.2.1", "", RES_SPF_PASS, NULL },
	{ "no local part", "d.example TXT v=spf1 exists:%{l}.x.d.example -all\n"
	  "postmaster.x.d.example A 127.0.0.2", "192.0.2.1", "@d.example", RES_SPF_PASS, NULL },
	/* 4.6: syntax */
	{ "error behind a match", "d.example TXT v=spf1 all moo", "192.0.2.1", "u@d.example",
	  RES_SPF_PERMERROR, NULL },
	{ "unknown modifier", "d.example TXT v=spf1 m.o-o_=a:b/%{d}  -all ", "192.0.2.1", "u@d.example",
	  RES_SPF_FAIL, NULL },
	{ "modifier with a qualifier", "d.example TXT v=spf1 +exp=x.example -all", "192.0.2.1",
	  "u@d.example", RES_SPF_PERMERROR, NULL },
	{ "redirect twice", "d.example TXT v=spf1 redirect=a.example redirect=a.example all",
	  "192.0.2.1", "u@d.example", RES_SPF_PERMERROR, NULL },
	{ "upper case", "d.example TXT V=SPF1 IP4:192.0.2.1 -ALL", "192.0.2.1", "u@d.example",
	  RES_SPF_PASS, NULL },
	{ "prefix with a zero", "d.example TXT v=spf1 ip4:192.0.2.0/024 all", "192.0.2.1",
	  "u@d.example", RES_SPF_PERMERROR, NULL },
	{ "prefix too long", "d.example TXT v=spf1 a:x.example/33 all", "192.0.2.1", "u@d.example",
	  RES_SPF_PERMERROR, NULL },
	{ "no toplabel", "d.example TXT v=spf1 a:x.123 all", "192.0.2.1", "u@d.example",
	  RES_SPF_PERMERROR, NULL },
	{ "one label is no domain-spec", "d.example TXT v=spf1 a:museum all", "192.0.2.1", "u@d.example",
	  RES_SPF_PERMERROR, NULL },
	{ "macro letter c", "d.example TXT v=spf1 exists:%{c}.d.example all", "192.0.2.1",
	  "u@d.example", RES_SPF_PERMERROR, NULL },
	{ "macro letter t", "d.example TXT v=spf1 exists:%{T}.d.example all", "192.0.2.1",
	  "u@d.example", RES_SPF_PERMERROR, NULL },
	{ "local part in UTF-8", "d.example TXT v=spf1 exists:%{l}.d.example -all\n"
	  "\303\251.d.example A 127.0.0.2", "192.0.2.1", "\303\251@d.example", RES_SPF_FAIL, NULL },
	{ "bad name is not void", "d.example TXT v=spf1 a:x..example a:y..example a:z..example ~all",
	  "192.0.2.1", "u@d.example", RES_SPF_SOFTFAIL, NULL },
	{ "mx in order", "d.example TXT v=spf1 mx -all\nd.example MX 9 s.example\n"
	  "d.example MX 1 h.example\nh.example A 192.0.2.1\ns.example SERVFAIL", "192.0.2.1",
	  "u@d.example", RES_SPF_PASS, NULL },
	{ "zero parts", "d.example TXT v=spf1 exists:%{d0}.d.example all", "192.0.2.1",
	  "u@d.example", RES_SPF_PERMERROR, NULL },
	{ "text behind a macro", "d.example TXT v=spf1 a:%{d}x all", "192.0.2.1", "u@d.example",
	  RES_SPF_PERMERROR, NULL },
	/* 5: mechanisms */
	{ "default", "d.example TXT v=spf1 ip4:192.0.2.2", "192.0.2.1", "u@d.example",
	  RES_SPF_NEUTRAL, NULL },
	{ "softfail", "d.example TXT v=spf1 ~all", "192.0.2.1", "u@d.example", RES_SPF_SOFTFAIL, NULL },
	{ "network", "d.example TXT v=spf1 ip4:192.0.2.128/25 -all", "192.0.2.200", "u@d.example",
	  RES_SPF_PASS, NULL },
	{ "outside by one bit", "d.example TXT v=spf1 ip4:192.0.2.128/25 -all", "192.0.2.127",
	  "u@d.example", RES_SPF_FAIL, NULL },
	{ "mapped client is IPv4", "d.example TXT v=spf1 ip6:::ffff:192.0.2.1 -ip4:192.0.2.1 all",
	  "::ffff:192.0.2.1", "u@d.example", RES_SPF_FAIL, NULL },
	{ "ip6", "d.example TXT v=spf1 ip6:2001:db8::/33 -all", "2001:db8:7fff::1", "u@d.example",
	  RES_SPF_PASS, NULL },
	{ "a with both prefixes", "d.example TXT v=spf1 a:h.example/24//64 -all\nh.example A 192.0.2.9\n"
	  "h.example AAAA 2001:db8::1", "2001:db8::ffff", "u@d.example", RES_SPF_PASS, NULL },
	{ "a/0 needs a record", "d.example TXT v=spf1 a/0 -all", "192.0.2.1", "u@d.example",
	  RES_SPF_FAIL, NULL },
	{ "a fails", "d.example TXT v=spf1 a:h.example -all\nh.example SERVFAIL", "192.0.2.1",
	  "u@d.example", RES_SPF_TEMPERROR, NULL },
	{ "mx", "d.example TXT v=spf1 mx -all\nd.example MX 10 h.example\nh.example A 192.0.2.1",
	  "192.0.2.1", "u@d.example", RES_SPF_PASS, NULL },
	{ "mx has no implicit a", "d.example TXT v=spf1 mx -all\nd.example A 192.0.2.1", "192.0.2.1",
	  "u@d.example", RES_SPF_FAIL, NULL },
	{ "exists asks A for IPv6 too", "d.example TXT v=spf1 exists:h.example -all\nh.example A 127.0.0.2",
	  "2001:db8::1", "u@d.example", RES_SPF_PASS, NULL },
	{ "ptr", "d.example TXT v=spf1 ptr -all\n1.2.0.192.in-addr.arpa PTR H.D.Example\n"
	  "h.d.example A 192.0.2.1", "192.0.2.1", "u@d.example", RES_SPF_PASS, NULL },
	{ "ptr not validated", "d.example TXT v=spf1 ptr -all\n1.2.0.192.in-addr.arpa PTR h.d.example\n"
	  "h.d.example A 192.0.2.2", "192.0.2.1", "u@d.example", RES_SPF_FAIL, NULL },
	{ "ptr by whole labels", "d.example TXT v=spf1 ptr -all\n1.2.0.192.in-addr.arpa PTR hd.example\n"
	  "hd.example A 192.0.2.1", "192.0.2.1", "u@d.example", RES_SPF_FAIL, NULL },
	{ "ptr failure does not match", "d.example TXT v=spf1 ptr ~all\n1.2.0.192.in-addr.arpa SERVFAIL",
	  "192.0.2.1", "u@d.example", RES_SPF_SOFTFAIL, NULL },
	{ "include of a fail", "d.example TXT v=spf1 include:i.example ?all\ni.example TXT v=spf1 -all",
	  "192.0.2.1", "u@d.example", RES_SPF_NEUTRAL, NULL },
	{ "include of a pass", "d.example TXT v=spf1 ~include:i.example ?all\ni.example TXT v=spf1 all",
	  "192.0.2.1", "u@d.example", RES_SPF_SOFTFAIL, NULL },
	{ "include of nothing", "d.example TXT v=spf1 include:i.example all", "192.0.2.1",
	  "u@d.example", RES_SPF_PERMERROR, NULL },
	{ "include fails", "d.example TXT v=spf1 include:i.example all\ni.example TIMEOUT", "192.0.2.1",
	  "u@d.example", RES_SPF_TEMPERROR, NULL },
	{ "alias", "d.example TXT v=spf1 a:x.example -all\nx.example CNAME y.example\ny.example A 192.0.2.1",
	  "192.0.2.1", "u@d.example", RES_SPF_PASS, NULL },
	{ "alias loop", "d.example TXT v=spf1 a:x.example -all\nx.example CNAME x.example",
	  "192.0.2.1", "u@d.example", RES_SPF_TEMPERROR, NULL },
	/* 6: modifiers */
	{ "redirect", "d.example TXT v=spf1 redirect=r.example\nr.example TXT v=spf1 a -all\n"
	  "r.example A 192.0.2.1", "192.0.2.1", "u@d.example", RES_SPF_PASS, NULL },
	{ "redirect to nothing", "d.example TXT v=spf1 redirect=r.example", "192.0.2.1", "u@d.example",
	  RES_SPF_PERMERROR, NULL },
	{ "redirect beside all", "d.example TXT v=spf1 redirect=r.example ~all", "192.0.2.1",
	  "u@d.example", RES_SPF_SOFTFAIL, NULL },
	{ "explanation", "d.example TXT v=spf1 -all exp=e.example\ne.example TXT %{c} %{R} %{t}%_%{L}",
	  "192.0.2.1", "a&b@d.example", RES_SPF_FAIL, "192.0.2.1 mx.receiver.example 1700000000 a%26b" },
	{ "explanation of the target", "d.example TXT v=spf1 exp=no.example redirect=r.example\n"
	  "r.example TXT v=spf1 -all exp=e.example\ne.example TXT no", "192.0.2.1", "u@d.example",
	  RES_SPF_FAIL, "no" },
	{ "two explanations", "d.example TXT v=spf1 -all exp=e.example\ne.example TXT a\ne.example TXT b",
	  "192.0.2.1", "u@d.example", RES_SPF_FAIL, NULL },
	/* 7: macros; the examples of 7.4 */
	{ "letters", "d.example TXT v=spf1 -all exp=e.d.example\n"
	  "e.d.example TXT %{s} %{o} %{d} %{d4} %{d1} %{dr} %{l} %{l-} %{lr} %{lr-} %{l1r-}",
	  "192.0.2.3", "strong-bad@d.example", RES_SPF_FAIL, "strong-bad@d.example d.example d.example "
	  "d.example example example.d strong-bad strong.bad strong-bad bad.strong strong" },
	{ "address macros", "d.example TXT v=spf1 -all exp=e.d.example\ne.d.example TXT %{ir}.%{v} %{i} %{c}",
	  "192.0.2.3", "u@d.example", RES_SPF_FAIL, "3.2.0.192.in-addr 192.0.2.3 192.0.2.3" },
	{ "IPv6 macros", "d.example TXT v=spf1 -all exp=e.d.example\ne.d.example TXT %{i3r}.%{v} %{c}",
	  "2001:db8::cb01", "u@d.example", RES_SPF_FAIL, "0.0.2.ip6 2001:db8::cb01" },
	{ "validated name", "d.example TXT v=spf1 -all exp=e.d.example\ne.d.example TXT %{p}\n"
	  "1.2.0.192.in-addr.arpa PTR x.example\n1.2.0.192.in-addr.arpa PTR h.d.example\n"
	  "x.example A 192.0.2.1\nh.d.example A 192.0.2.1", "192.0.2.1", "u@d.example",
	  RES_SPF_FAIL, "h.d.example" },
	{ "no validated name", "d.example TXT v=spf1 -all exp=e.d.example\ne.d.example TXT %{p}%%%-",
	  "192.0.2.1", "u@d.example", RES_SPF_FAIL, "unknown%%20" },
	/* 4.6.4: limits */
	{ "ten terms", "d.example TXT v=spf1 a a a a a a a a a a all\nd.example A 192.0.2.2", "192.0.2.1",
	  "u@d.example", RES_SPF_PASS, NULL },
	{ "eleven terms", "d.example TXT v=spf1 a a a a a a a a a a a all\nd.example A 192.0.2.2",
	  "192.0.2.1", "u@d.example", RES_SPF_PERMERROR, NULL },
	{ "include of itself", "d.example TXT v=spf1 include:d.example all", "192.0.2.1", "u@d.example",
	  RES_SPF_PERMERROR, NULL },
	{ "redirect to itself", "d.example TXT v=spf1 redirect=d.example", "192.0.2.1", "u@d.example",
	  RES_SPF_PERMERROR, NULL },
	{ "two void look-ups", "d.example TXT v=spf1 a:x.example exists:y.example all", "192.0.2.1",
	  "u@d.example", RES_SPF_PASS, NULL },
	{ "three void look-ups", "d.example TXT v=spf1 a:x.example a exists:y.example all", "192.0.2.1",
	  "u@d.example", RES_SPF_PERMERROR, NULL },
	{ "match on the tenth mx", "d.example TXT v=spf1 mx -all\nd.example MX 1 h.example\n"
	  "d.example MX 2 h.example\nd.example MX 3 h.example\nd.example MX 4 h.example\n"
	  "d.example MX 5 h.example\nd.example MX 6 h.example\nd.example MX 7 h.example\n"
	  "d.example MX 8 h.example\nd.example MX 9 h.example\nd.example MX 10 i.example\n"
	  "h.example A 192.0.2.2\ni.example A 192.0.2.1", "192.0.2.1", "u@d.example", RES_SPF_PASS, NULL },
	{ "eleven mx names", "d.example TXT v=spf1 mx -all\nd.example MX 1 h.example\n"
	  "d.example MX 2 h.example\nd.example MX 3 h.example\nd.example MX 4 h.example\n"
	  "d.example MX 5 h.example\nd.example MX 6 h.example\nd.example MX 7 h.example\n"
	  "d.example MX 8 h.example\nd.example MX 9 h.example\nd.example MX 10 h.example\n"
	  "d.example MX 11 h.example\nh.example A 192.0.2.2", "192.0.2.1", "u@d.example",
	  RES_SPF_PERMERROR, NULL },
};

static void add_record(struct spf_zone *zone, struct slice line)
{
	static const struct name_row outcomes[] = {
		{ DNS_SERVFAIL, "SERVFAIL" }, { DNS_TIMEOUT, "TIMEOUT" }, { 0, NULL },
	};
	static const struct name_row types[] = {
		{ DNS_A, "A" }, { DNS_AAAA, "AAAA" }, { DNS_MX, "MX" }, { DNS_PTR, "PTR" },
		{ DNS_TXT, "TXT" }, { 0, NULL },
	};
	struct slice name, type, preference;
	const char *owner;
	uint64_t number = 0;
	int value;

	slice_split(&line, ' ', &name);
	slice_split(&line, ' ', &type);
	owner = arena_strndup(zone->arena, name.data, name.len);
	if (names_find(outcomes, type, &value)) {
		spf_zone_add_outcome(zone, owner, 0, (enum dns_outcome)value);
	} else if (slice_is(type, "CNAME")) {
		spf_zone_add_alias(zone, owner, arena_strndup(zone->arena, line.data, line.len));
	} else {
		ck_assert(names_find(types, type, &value));
		if (value == DNS_MX) {
			slice_split(&line, ' ', &preference);
			ck_assert(slice_number(preference, 65535, &number));
		}
		spf_zone_add(zone, owner, (enum dns_type)value, line, (unsigned)number);
	}
}

static struct address address_of(const char *text)
{
	struct address address = { .family = strchr(text, ':') != NULL ? 6 : 4 };

	ck_assert_int_eq(inet_pton(address.family == 4 ? AF_INET : AF_INET6, text, address.octets), 1);
	return address;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcasecmp(a, b) == 0;
}

START_TEST(test_reference)
{
	const struct reference_row *row = &rows[_i];
	struct spf_identity identity = {
		.client = address_of(row->client), .helo = "mail.example",
		.receiver = "mx.receiver.example", .time_s = 1700000000,
	};
	struct slice rest = slice_of(row->zone), line;
	const char *at = strchr(row->sender, '@');
	struct spf_zone zone;
	struct spf_opinion opinion;

	spf_zone_init(&zone);
	while (slice_split(&rest, '\n', &line))
		add_record(&zone, line);
	if (at != NULL) {
		identity.local = arena_strndup(zone.arena, row->sender, (size_t)(at - row->sender));
		identity.domain = at + 1;
	}
	opinion = spf_reference_check(&zone, &identity);
	ck_assert_msg(opinion.result == row->wanted, "%s: got %s, wanted %s", row->name,
		      names_get(spf_result_names, (int)opinion.result),
		      names_get(spf_result_names, (int)row->wanted));
	ck_assert_msg(is_same_text(opinion.explanation, row->explanation),
		      "%s: got explanation %s, wanted %s", row->name, opinion.explanation,
		      row->explanation);
	spf_zone_done(&zone);
}
END_TEST

/* Generated cases are worth something only while every result is reached. */
START_TEST(test_generator)
{
	unsigned seen[RES_SPF_PERMERROR + 1] = { 0 }, explained = 0;

	for (unsigned i = 0; i < 1000; i++) {
		struct spf_case c;
		struct spf_opinion opinion;

		spf_case_init(&c, i);
		opinion = spf_reference_check(&c.zone, &c.identity);
		seen[opinion.result]++;
		explained += opinion.explanation != NULL;
		spf_case_done(&c);
	}
	for (unsigned i = RES_SPF_NONE; i <= RES_SPF_PERMERROR; i++)
		ck_assert_msg(seen[i] >= 20, "result %u was reached by %u cases of 1000", i, seen[i]);
	ck_assert_uint_ge(explained, 5);
}
END_TEST

/* Both evaluations of one case; false when they differ, which is printed. */
static bool agree(uint64_t seed)
{
	struct spf_case c;
	bool same;

	spf_case_init(&c, seed);
	same = spf_compare(&c.zone, &c.identity, stdout);
	if (!same)
		spf_case_print(&c, stdout);
	spf_case_done(&c);
	return same;
}

/* Settable: SPF_CASES (how many), SPF_SEED (the first). */
static unsigned long from_environment(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);

	return text != NULL ? strtoul(text, NULL, 10) : fallback;
}

START_TEST(test_agreement)
{
	unsigned long n = from_environment("SPF_CASES", effort(10000, 500)), first = from_environment("SPF_SEED", 1);
	unsigned long differ = 0;

	for (unsigned long i = 0; i < n && differ < 10; i++)
		differ += !agree(first + i);
	fflush(stdout);
	ck_assert_msg(differ == 0, "%lu generated cases differ", differ);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("spf_reference");
	TCase *table = tcase_create("table"), *generated = tcase_create("generated");

	tcase_add_loop_test(table, test_reference, 0, N_ROWS(rows));
	tcase_add_test(generated, test_generator);
	tcase_add_test(generated, test_agreement);
	tcase_set_timeout(generated, 3600);
	suite_add_tcase(s, table);
	suite_add_tcase(s, generated);
	return s;
}

TEST_MAIN(suite())
