/* zone_rows.h - one zone and questions to it. test_resolver_zone.c asks the zone
 * file itself, test_resolver.c asks a name server that serves it: both must
 * see the same world.
 */
#ifndef ZONE_ROWS_H
#define ZONE_ROWS_H

#include "testmain.h"

#include "auth/resolver.h"

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
	"*.fail.example.org SERVFAIL\n"
	"back\\slash.example.com TXT \"an octet like others\"\n";

struct zone_row {
	const char *name;
	const char *asked;
	enum dns_type type;
	enum dns_outcome outcome;
	unsigned n;
	const char *data;       /* of the first record; its length where it has a NUL */
	size_t data_len;
};

static const struct zone_row zone_rows[] = {
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
	{ "no such top-level name", "nowhere", DNS_TXT, DNS_NXDOMAIN, 0, NULL, 0 },
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
	{ "and so are backslashes", "back\\slash.example.com", DNS_TXT, DNS_DATA, 1, "an octet like others", 0 },
	{ "label of 64", "a123456789b123456789c123456789d123456789e123456789f123456789g123.example.com",
	  DNS_TXT, DNS_BAD_NAME, 0, NULL, 0 },
	{ "empty label", "a..example.com", DNS_TXT, DNS_BAD_NAME, 0, NULL, 0 },
	{ "leading dot", ".example.com", DNS_TXT, DNS_BAD_NAME, 0, NULL, 0 },
	{ "empty name", "", DNS_TXT, DNS_BAD_NAME, 0, NULL, 0 },
	{ "only a dot", ".", DNS_TXT, DNS_BAD_NAME, 0, NULL, 0 },
	{ "spaces are octets like others", "a b.example.com", DNS_TXT, DNS_NXDOMAIN, 0, NULL, 0 },
};

static inline void check_zone_row(const struct zone_row *row, const struct dns_answer *answer)
{
	bool found = row->data == NULL;

	ck_assert_msg(answer->outcome == row->outcome, "%s: %s", row->name,
		      names_get(dns_outcome_names, answer->outcome));
	ck_assert_msg(answer->n == row->n, "%s: %u records", row->name, answer->n);
	/* the order of records is nobody's promise */
	for (unsigned i = 0; i < answer->n && !found; i++)
		found = slice_equal(answer->records[i].data, slice_new(row->data,
				    row->data_len > 0 ? row->data_len : strlen(row->data)));
	ck_assert_msg(found, "%s: %.*s", row->name, SLICE_ARG(answer->records[0].data));
}

#endif
