#include "base/buf.h"
#include "core/path.h"
#include "testmain.h"

static const struct {
	const char *name, *input;
	enum path_status status;
	const char *local, *domain;
} rows[] = {
	{ "null", "<>", PATH_NULL, "", "" },
	{ "null without brackets", "", PATH_NULL, "", "" },
	{ "null with a blank", "< >", PATH_NULL, "", "" },
	{ "plain", "<bounce@example.com>", PATH_MAILBOX, "bounce", "example.com" },
	{ "without brackets", "bounce@example.com", PATH_MAILBOX, "bounce", "example.com" },
	{ "case kept", "<Bounce@EXAMPLE.Com>", PATH_MAILBOX, "Bounce", "EXAMPLE.Com" },
	{ "trailing dot kept", "<a@example.com.>", PATH_MAILBOX, "a", "example.com." },
	{ "outer blanks", "  <a@example.com> ", PATH_MAILBOX, "a", "example.com" },
	{ "every atext", "<!#$%&'*+-/=?^_`{|}~a@example.com>", PATH_MAILBOX,
	  "!#$%&'*+-/=?^_`{|}~a", "example.com" },
	{ "odd dots", "<.a..b.@example.com>", PATH_MAILBOX, ".a..b.", "example.com" },
	{ "srs", "<SRS0=x=y=example.com=a@forwarder.example>", PATH_MAILBOX,
	  "SRS0=x=y=example.com=a", "forwarder.example" },
	{ "quoted", "<\"a b\"@example.com>", PATH_MAILBOX, "a b", "example.com" },
	{ "quoted at", "<\"a@evil.example\"@example.com>", PATH_MAILBOX, "a@evil.example", "example.com" },
	{ "quoted angle", "<\"a> <b@evil.example\"@example.com>", PATH_MAILBOX,
	  "a> <b@evil.example", "example.com" },
	{ "quoted pair", "<\"a\\\"@evil.example\\\\\"@example.com>", PATH_MAILBOX,
	  "a\"@evil.example\\", "example.com" },
	{ "quoted and plain words", "<a.\"b@c\".d@example.com>", PATH_MAILBOX, "a.b@c.d", "example.com" },
	{ "empty quotes", "<\"\"@example.com>", PATH_MAILBOX, "", "example.com" },
	{ "quoted empty local dmarc=pass", "<\"a; dmarc=pass\"@evil.example>", PATH_MAILBOX,
	  "a; dmarc=pass", "evil.example" },
	{ "two ats: the last", "<a@evil.example@example.com>", PATH_MAILBOX,
	  "a@evil.example", "example.com" },
	{ "route", "<@relay.example:a@example.com>", PATH_MAILBOX, "a", "example.com" },
	{ "route of one letter, odd names", "<@a:x@a-b_c.example>", PATH_MAILBOX, "x", "a-b_c.example" },
	{ "route of two", "<@one.example,@two.example:a@example.com>", PATH_MAILBOX, "a", "example.com" },
	{ "route and quoted colon", "<@one.example:\"a:b@c\"@example.com>", PATH_MAILBOX,
	  "a:b@c", "example.com" },
	{ "U-labels", "<a@b\xc3\xbc" "cher.example>", PATH_MAILBOX, "a", "b\xc3\xbc" "cher.example" },
	{ "UTF-8 local part", "<\xc3\x80@example.com>", PATH_MAILBOX, "\xc3\x80", "example.com" },
	{ "postmaster", "<postmaster>", PATH_LOCAL_ONLY, "postmaster", "" },
	{ "quoted local only", "<\"a@b\">", PATH_LOCAL_ONLY, "a@b", "" },
	{ "bang path", "<host!user>", PATH_LOCAL_ONLY, "host!user", "" },
	{ "literal", "<a@[192.0.2.1]>", PATH_LITERAL, "a", "" },
	{ "literal of IPv6", "<a@[IPv6:2001:db8::1]>", PATH_LITERAL, "a", "" },
	{ "route and literal", "<@x.example:a@[192.0.2.1]>", PATH_LITERAL, "a", "" },
	{ "literal with an address", "<a@[b@example.com]>", PATH_UNUSABLE, "", "" },
	{ "literal, then a domain", "<a@[192.0.2.1]@example.com>", PATH_UNUSABLE, "", "" },
	{ "empty literal", "<a@[]>", PATH_UNUSABLE, "", "" },
	{ "open literal", "<a@[192.0.2.1>", PATH_UNUSABLE, "", "" },
	{ "no closing bracket", "<a@example.com", PATH_UNUSABLE, "", "" },
	{ "no opening bracket", "a@example.com>", PATH_UNUSABLE, "", "" },
	{ "one bracket", "<", PATH_UNUSABLE, "", "" },
	{ "two paths", "<a@example.com> <b@example.org>", PATH_UNUSABLE, "", "" },
	{ "parameters", "<a@example.com> SIZE=1", PATH_UNUSABLE, "", "" },
	{ "open quote", "<\"a@example.com>", PATH_UNUSABLE, "", "" },
	{ "open quote, escaped end", "<\"a\\\">", PATH_UNUSABLE, "", "" },
	{ "backslash last", "\"a\\", PATH_UNUSABLE, "", "" },
	{ "unquoted backslash", "<a\\@b@example.com>", PATH_UNUSABLE, "", "" },
	{ "unquoted blank", "<a b@example.com>", PATH_UNUSABLE, "", "" },
	{ "unquoted comment", "<a(b)@example.com>", PATH_UNUSABLE, "", "" },
	{ "no local part", "<@example.com>", PATH_UNUSABLE, "", "" },
	{ "route alone", "<@example.com:>", PATH_UNUSABLE, "", "" },
	{ "route without at", "<@one.example,two.example:a@example.com>", PATH_UNUSABLE, "", "" },
	{ "empty hop", "<@:a@example.com>", PATH_UNUSABLE, "", "" },
	{ "no domain", "<a@>", PATH_UNUSABLE, "", "" },
	{ "quotes in the domain", "<a@\"example\".com>", PATH_UNUSABLE, "", "" },
	{ "slash in the domain", "<a@exa/mple.com>", PATH_UNUSABLE, "", "" },
	{ "raw 8-bit", "<a@b\xfc" "cher.example>", PATH_UNUSABLE, "", "" },
	{ "CR LF", "<a@example.com\r\nX: y>", PATH_UNUSABLE, "", "" },
	{ "control character in quotes", "<\"a\x01\"@example.com>", PATH_UNUSABLE, "", "" },
	{ "DEL", "<a\x7f@example.com>", PATH_UNUSABLE, "", "" },
};

static void check_row(const char *name, struct slice input, enum path_status status,
		      const char *local, const char *domain)
{
	struct arena *arena = arena_new();
	struct slice copy = heap_copy(input.data, input.len);
	struct path path;

	path_parse(arena, copy, &path);
	free((void *)copy.data);        /* results must not point into the input */
	ck_assert_msg(path.status == status, "%s: status %d", name, path.status);
	ck_assert_msg(slice_is(path.local, local), "%s: local '%.*s'", name, SLICE_ARG(path.local));
	ck_assert_msg(slice_is(path.domain, domain), "%s: domain '%.*s'", name, SLICE_ARG(path.domain));
	ck_assert_msg((path.reason != NULL) == (status == PATH_UNUSABLE), "%s: reason", name);
	arena_free(arena);
}

START_TEST(table)
{
	check_row(rows[_i].name, slice_of(rows[_i].input), rows[_i].status,
		  rows[_i].local, rows[_i].domain);
}
END_TEST

START_TEST(nul_is_a_control_character)
{
	check_row("NUL in the domain", SLICE("<a@example.com\0.evil.example>"), PATH_UNUSABLE, "", "");
	check_row("NUL in quotes", SLICE("<\"a\0\"@example.com>"), PATH_UNUSABLE, "", "");
	check_row("NUL in a literal", SLICE("<a@[\0]>"), PATH_UNUSABLE, "", "");
}
END_TEST

START_TEST(length_is_bounded)
{
	char text[LIMIT_SENDER_OCTETS + 1], local[LIMIT_SENDER_OCTETS] = "";

	memset(text, 'a', sizeof(text));
	memcpy(text + LIMIT_SENDER_OCTETS - 12, "@example.com", 12);
	memset(local, 'a', LIMIT_SENDER_OCTETS - 12);
	check_row("at the limit", slice_new(text, LIMIT_SENDER_OCTETS), PATH_MAILBOX,
		  local, "example.com");
	check_row("over the limit", slice_new(text, LIMIT_SENDER_OCTETS + 1), PATH_UNUSABLE, "", "");
}
END_TEST

static Suite *path_suite(void)
{
	Suite *suite = suite_create("path");
	TCase *tc = tcase_create("path");

	tcase_add_loop_test(tc, table, 0, N_ROWS(rows));
	tcase_add_test(tc, nul_is_a_control_character);
	tcase_add_test(tc, length_is_bounded);
	suite_add_tcase(suite, tc);
	return suite;
}

TEST_MAIN(path_suite())
