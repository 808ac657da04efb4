#include "base/buf.h"
#include "core/mailbox.h"
#include "testmain.h"

#define U "b\xc3\xbc" "cher.example"

/* wanted: the domains, joined by blanks; of a field that gives none, empty */
static const struct row {
	const char *name, *input;
	enum from_status status;
	const char *wanted;
} rows[] = {
	/* addresses */
	{ "one mailbox", "alice@example.com", FROM_OK, "example.com" },
	{ "in brackets", "<alice@example.com>", FROM_OK, "example.com" },
	{ "with a name", "Alice <alice@example.com>", FROM_OK, "example.com" },
	{ "blanks around", "  alice@example.com  ", FROM_OK, "example.com" },
	{ "blanks in brackets", "Alice < alice@example.com\t>", FROM_OK, "example.com" },
	{ "case stays", "Alice@EXAMPLE.Com", FROM_OK, "EXAMPLE.Com" },
	{ "single label", "alice@localhost", FROM_OK, "localhost" },
	{ "underscore", "alice@a_b.example", FROM_OK, "a_b.example" },
	{ "every atext", "!#$%&'*+-/=?^_`{|}~a@example.com", FROM_OK, "example.com" },
	{ "odd dots in the local part", "<.a..b.@example.com>", FROM_OK, "example.com" },
	{ "quoted local part", "\"a@evil.example\"@example.com", FROM_OK, "example.com" },
	{ "quoted local part in brackets", "<\"a> b@evil.example\"@example.com>", FROM_OK, "example.com" },
	{ "quoted pair in the local part", "\"a\\\"@evil.example,\"@example.com", FROM_OK, "example.com" },
	{ "words and dots", "a.\"b@c\".d@example.com", FROM_OK, "example.com" },
	{ "UTF-8 local part", "\xc3\xa4@example.com", FROM_OK, "example.com" },
	{ "U-labels", "info@" U, FROM_OK, U },
	{ "trailing dot", "alice@example.com.", FROM_OK, "example.com" },
	{ "trailing dot in brackets", "<alice@example.com.>", FROM_OK, "example.com" },
	{ "route", "<@relay.example:alice@example.com>", FROM_OK, "example.com" },
	{ "route of two", "<@one.example, @two.example : alice@example.com>", FROM_OK, "example.com" },
	{ "blanks around @ and dots", "alice @ example . com", FROM_OK, "example.com" },
	/* comments */
	{ "comment behind", "alice@example.com (alice@evil.example)", FROM_OK, "example.com" },
	{ "comment before", "(x@evil.example) alice@example.com", FROM_OK, "example.com" },
	{ "comments next to @", "alice(x@evil.example)@(y@evil.example)example.com", FROM_OK, "example.com" },
	{ "comment next to a dot", "alice@example(.evil).com(.evil)", FROM_OK, "example.com" },
	{ "comment in brackets", "Jane <jane@example.com (work)>", FROM_OK, "example.com" },
	{ "nested comment", "alice@example.com (a (b@c.example) \\) d)", FROM_OK, "example.com" },
	{ "quote in a comment", "(\") alice@example.com", FROM_OK, "example.com" },
	{ "comment in a phrase", "Al (x@evil.example) Ice <alice@example.com>", FROM_OK, "example.com" },
	{ "8-bit comment", "alice@example.com (J\xfcrgen)", FROM_OK, "example.com" },
	{ "comment 16 deep", "a@example.com ((((((((((((((((x))))))))))))))))", FROM_OK, "example.com" },
	{ "comment 17 deep", "a@example.com (((((((((((((((((x)))))))))))))))))", FROM_UNUSABLE, "" },
	{ "comment 17 deep in a bad phrase", "a, (((((((((((((((((x))))))))))))))))) <a@example.com>",
	  FROM_UNUSABLE, "" },
	{ "parentheses in quotes", "\"((((((((((((((((((\" <a@example.com>", FROM_OK, "example.com" },
	/* phrases */
	{ "address in a quoted name", "\"ceo@example.com\" <x@evil.example>", FROM_OK, "evil.example" },
	{ "foreign address in a quoted name", "\"x@evil.example\" <alice@example.com>", FROM_OK, "example.com" },
	{ "quoted comma", "\"Doe, Jane\" <jane@example.com>", FROM_OK, "example.com" },
	{ "quoted bracket", "\"a <b@evil.example>\" <jane@example.com>", FROM_OK, "example.com" },
	{ "quoted word within a word", "O\"Brien <x@evil.example>\"<a@example.com>", FROM_OK, "example.com" },
	{ "encoded word", "=?utf-8?q?ceo=40evil=2Eexample?= <alice@example.com>", FROM_OK, "example.com" },
	{ "dots in a name", "J. R. Doe <jane@example.com>", FROM_OK, "example.com" },
	{ "Latin-1", "J\xfcrgen M\xfcller <j@example.com>", FROM_OK, "example.com" },
	{ "Latin-1 in quotes", "\"J\xfcrgen, M\xfcller\" <j@example.com>", FROM_OK, "example.com" },
	{ "UTF-8 name", "J\xc3\xbcrgen <j@example.com>", FROM_OK, "example.com" },
	{ "control characters in a name", "J\x01\x7f <j@example.com>", FROM_OK, "example.com" },
	{ "Latin-1 names in a list", "J\xfc <j@example.com>, \xe4 <k@example.org>", FROM_OK,
	  "example.com example.org" },
	/* malformed phrases, daily mail */
	{ "address as name, the same", "joe@a.example <joe@a.example>", FROM_OK, "a.example a.example" },
	{ "address as name, another", "ceo@example.com <x@evil.example>", FROM_OK, "example.com evil.example" },
	{ "comma in a name", "Foo, Inc. <x@a.example>", FROM_OK, "a.example" },
	{ "address before a comma", "ceo@example.com, Inc. <x@evil.example>", FROM_OK, "example.com evil.example" },
	{ "address in apostrophes", "'joe@b.example' <joe@a.example>", FROM_OK, "b.example a.example" },
	{ "address and words", "joe@b.example via List <list@a.example>", FROM_OK, "b.example a.example" },
	{ "two addresses as name", "x@one.example y@two.example <joe@a.example>", FROM_OK,
	  "one.example two.example a.example" },
	{ "chained @", "x@one.example@two.example <joe@a.example>", FROM_OK,
	  "one.example two.example a.example" },
	{ "quoted local part in the name", "\"ceo\"@example.com <x@evil.example>", FROM_OK,
	  "example.com evil.example" },
	{ "address apart from its @", "ceo@ example.com <x@evil.example>", FROM_OK, "example.com evil.example" },
	{ "comment next to @ in the name", "ceo@(x)example.com <x@evil.example>", FROM_OK,
	  "example.com evil.example" },
	{ "commented address", "Foo, (ceo@example.com) <x@evil.example>", FROM_OK, "evil.example" },
	{ "quoted address and a comma", "Foo, \"ceo@example.com\" <x@evil.example>", FROM_OK, "evil.example" },
	{ "trailing dot in the name", "ceo@example.com. <x@evil.example>", FROM_OK, "example.com evil.example" },
	{ "U-labels in the name", "ceo@" U " <x@evil.example>", FROM_OK, U " evil.example" },
	{ "Latin-1 behind a domain", "ceo@example.com\xfc <x@evil.example>", FROM_OK, "example.com evil.example" },
	{ "handle", "Foo @handle <x@a.example>", FROM_OK, "a.example" },
	{ "handle behind a comma", "Foo, @b.example <x@a.example>", FROM_OK, "a.example" },
	{ "ESC before the address", "Foo, \x1b<x@a.example>", FROM_OK, "a.example" },
	{ "at a place", "Sales @ Acme <x@a.example>", FROM_OK, "a.example" },
	{ "leading @", "@example.com <x@a.example>", FROM_OK, "a.example" },
	{ "impossible domain in the name", "x@a..b <x@a.example>", FROM_OK, "a.example" },
	{ "smiley", "Joe :) <x@a.example>", FROM_OK, "a.example" },
	{ "colon", "Re: hello <x@a.example>", FROM_OK, "a.example" },
	{ "brackets and slashes", "Joe [a\\b] <x@a.example>", FROM_OK, "a.example" },
	{ "stray bracket", "I <3 you <x@a.example>", FROM_OK, "a.example" },
	{ "stray bracket and an address", "<ceo@example.com <x@evil.example>", FROM_OK,
	  "example.com evil.example" },
	{ "stray closing bracket", "-> Joe <x@a.example>", FROM_OK, "a.example" },
	{ "open quote in the name", "\"Joe <x@a.example>", FROM_OK, "a.example" },
	{ "open quote and an address", "\"ceo@example.com <x@a.example>", FROM_OK, "example.com a.example" },
	{ "open comment in the name", "Joe (x@b.example <x@a.example>", FROM_OK, "b.example a.example" },
	{ "many open comments", "(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\(\\( <x@a.example>",
	  FROM_OK, "a.example" },
	{ "comment behind a bad phrase", "Foo, Inc. <x@a.example> (b@c.example)", FROM_OK, "a.example" },
	{ "Shift_JIS quote", "\"\x83\x5c\" <x@a.example>", FROM_OK, "a.example" },
	{ "Shift_JIS", "\x83\x5c\x83\x40\x8f\x5b <x@a.example>", FROM_OK, "a.example" },
	{ "ISO-2022-JP", "\x1b$B%F%9%H\x1b(B <x@a.example>", FROM_OK, "a.example" },
	{ "ISO-2022-JP specials", "\x1b$B<!>.\"(@,;:\x1b(B Inc \x1b$B)<>\x1b(J <x@a.example>", FROM_OK,
	  "a.example" },
	{ "ISO-2022-JP hides no address", "\x1b$Bceo@example.com\x1b(B <x@evil.example>", FROM_OK,
	  "example.com evil.example" },
	{ "ISO-2022-JP without end", "\x1b$Bceo@example.com <x@evil.example>", FROM_OK,
	  "example.com evil.example" },
	{ "route behind a bad phrase", "Foo, <@b.example:x@a.example>", FROM_OK, "a.example" },
	{ "literal behind a bad phrase", "ceo@example.com <x@[192.0.2.1]>", FROM_OK, "example.com" },
	/* lists and groups */
	{ "two mailboxes, one domain", "a@example.com, b@example.com", FROM_OK, "example.com example.com" },
	{ "two domains", "a@example.com, B <b@other.example>", FROM_OK, "example.com other.example" },
	{ "empty elements", ",a@example.com,, (x) ,b@example.org,", FROM_OK, "example.com example.org" },
	{ "empty group", "Undisclosed senders:;", FROM_NO_DOMAIN, "" },
	{ "empty group with a comment", "Undisclosed: (a@b.example) ; (c)", FROM_NO_DOMAIN, "" },
	{ "group", "Team: a@example.com, B <b@example.org>;", FROM_OK, "example.com example.org" },
	{ "group and mailboxes", "x@one.example, Team: a@example.com;, Empty:;, y@two.example", FROM_OK,
	  "one.example example.com two.example" },
	{ "literal", "a@[192.0.2.1]", FROM_NO_DOMAIN, "" },
	{ "literal of IPv6", "Joe <a@[IPv6:2001:db8::1]>", FROM_NO_DOMAIN, "" },
	{ "literal and a domain", "a@[192.0.2.1], b@example.com", FROM_OK, "example.com" },
	/* folds */
	{ "CRLF fold", "Alice\r\n <alice@example.com>", FROM_OK, "example.com" },
	{ "LF fold", "Alice\n\t<alice@example.com>", FROM_OK, "example.com" },
	{ "fold in a quote", "\"Doe,\r\n Jane\" <jane@example.com>", FROM_OK, "example.com" },
	{ "fold in a domain", "alice@example.\r\n com", FROM_OK, "example.com" },
	/* unusable */
	{ "empty", "", FROM_UNUSABLE, "" },
	{ "blank", "  ", FROM_UNUSABLE, "" },
	{ "comment alone", "(a@b.example)", FROM_UNUSABLE, "" },
	{ "commas alone", ", ,", FROM_UNUSABLE, "" },
	{ "words alone", "Alice", FROM_UNUSABLE, "" },
	{ "quoted address alone", "\"alice@example.com\"", FROM_UNUSABLE, "" },
	{ "empty brackets", "Alice <>", FROM_UNUSABLE, "" },
	{ "no local part", "@example.com", FROM_UNUSABLE, "" },
	{ "no local part in brackets", "<@example.com>", FROM_UNUSABLE, "" },
	{ "dots for a local part", "..@example.com", FROM_UNUSABLE, "" },
	{ "no domain", "alice@", FROM_UNUSABLE, "" },
	{ "no domain in brackets", "<alice@>", FROM_UNUSABLE, "" },
	{ "only a dot", "alice@.", FROM_UNUSABLE, "" },
	{ "empty label", "alice@example..com", FROM_UNUSABLE, "" },
	{ "leading dot", "alice@.example.com", FROM_UNUSABLE, "" },
	{ "two trailing dots", "alice@example.com..", FROM_UNUSABLE, "" },
	{ "impossible character", "alice@exam!ple.com", FROM_UNUSABLE, "" },
	{ "two @", "alice@evil.example@example.com", FROM_UNUSABLE, "" },
	{ "two @ in brackets", "<alice@evil.example@example.com>", FROM_UNUSABLE, "" },
	{ "long label", "a@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
	  FROM_UNUSABLE, "" },
	{ "quotes in the domain", "alice@\"example.com\"", FROM_UNUSABLE, "" },
	{ "unquoted backslash", "a\\@b@example.com", FROM_UNUSABLE, "" },
	{ "words before a bare address", "Alice alice@example.com", FROM_UNUSABLE, "" },
	{ "words behind a bare address", "alice@example.com Alice", FROM_UNUSABLE, "" },
	{ "words behind the brackets", "<alice@example.com> Alice", FROM_UNUSABLE, "" },
	{ "address behind the brackets", "<alice@example.com> x@evil.example", FROM_UNUSABLE, "" },
	{ "two addresses in brackets", "<alice@example.com> <x@evil.example>", FROM_UNUSABLE, "" },
	{ "broken and whole address", "<a@b..example> <x@evil.example>", FROM_UNUSABLE, "" },
	{ "semicolons", "a@example.com; b@example.org", FROM_UNUSABLE, "" },
	{ "Latin-1 local part", "\xe4@example.com", FROM_UNUSABLE, "" },
	{ "Latin-1 quoted local part", "\"\xe4\"@example.com", FROM_UNUSABLE, "" },
	{ "Latin-1 domain", "info@b\xfc" "cher.example", FROM_UNUSABLE, "" },
	{ "control character in the local part", "a\x01@example.com", FROM_UNUSABLE, "" },
	{ "control character in quotes", "\"a\x01\"@example.com", FROM_UNUSABLE, "" },
	{ "control character in the domain", "a@exam\x01ple.com", FROM_UNUSABLE, "" },
	{ "open literal", "a@[192.0.2.1", FROM_UNUSABLE, "" },
	{ "backslash in a literal", "a@[192.0.2\\.1]", FROM_UNUSABLE, "" },
	{ "control character in a literal", "a@[192.0.2.\x01]", FROM_UNUSABLE, "" },
	{ "bad literal", "a@[192.0.[2.1]", FROM_UNUSABLE, "" },
	{ "open quote", "a@example.com, \"b", FROM_UNUSABLE, "" },
	{ "open comment", "a@example.com (b", FROM_UNUSABLE, "" },
	{ "open bracket", "Alice <alice@example.com", FROM_UNUSABLE, "" },
	{ "open route", "<@relay.example alice@example.com>", FROM_UNUSABLE, "" },
	{ "open group", "Team: a@example.com", FROM_UNUSABLE, "" },
	{ "group in a group", "Team: Inner: a@example.com;;", FROM_UNUSABLE, "" },
	{ "group without a name", ": a@example.com;", FROM_UNUSABLE, "" },
	{ "cut short: no domain", "a@example.com, b@", FROM_UNUSABLE, "" },
	{ "cut short: a word", "a@example.com, b", FROM_UNUSABLE, "" },
	{ "cut short: a bracket", "\"A\" <a@example.com>, \"B\" <b", FROM_UNUSABLE, "" },
	{ "bad phrase in a list", "Foo, Inc. <x@a.example>, b@b.example", FROM_UNUSABLE, "" },
	{ "bad phrases in a list", "Foo, Inc. <x@a.example>, Bar, Inc. <y@b.example>", FROM_UNUSABLE, "" },
	{ "quoted pair at the end", "\"a\\", FROM_UNUSABLE, "" },
	{ "comment's pair at the end", "(a\\", FROM_UNUSABLE, "" },
	{ "ESC at the end", "a, \x1b", FROM_UNUSABLE, "" },
	{ "ESC ( at the end", "a, \x1b(", FROM_UNUSABLE, "" },
	{ "bare CR", "alice@example.com\r (x)", FROM_UNUSABLE, "" },
	{ "bare LF", "alice@example.com\n(x)", FROM_UNUSABLE, "" },
	{ "line end at the end", "alice@example.com\r\n", FROM_UNUSABLE, "" },
	{ "CR LF and a field", "alice@example.com\r\nX: y", FROM_UNUSABLE, "" },
	{ "CR at the end", "alice@example.com\r", FROM_UNUSABLE, "" },
};

static void parse_copy(struct arena *arena, struct slice body, struct from_domains *out_r)
{
	struct slice copy = heap_copy(body.data, body.len);

	from_parse(arena, copy, out_r);
	free((void *)copy.data);        /* results must not point into the input */
}

START_TEST(table)
{
	const struct row *row = &rows[_i];
	struct arena *arena = arena_new();
	struct from_domains got;
	struct buf joined;

	parse_copy(arena, slice_of(row->input), &got);
	buf_init(&joined, LIMIT_FROM_OCTETS);
	for (unsigned i = 0; i < got.n; i++)
		buf_printf(&joined, "%s%.*s", i > 0 ? " " : "", SLICE_ARG(got.domains[i]));
	ck_assert_msg(got.status == row->status, "%s: status %d (%s)", row->name, got.status,
		      got.reason != NULL ? got.reason : "-");
	ck_assert_msg(slice_is(buf_slice(&joined), row->wanted), "%s: '%s'", row->name, buf_str(&joined));
	ck_assert_msg((got.reason != NULL) == (row->status != FROM_OK), "%s: reason", row->name);
	buf_done(&joined);
	arena_free(arena);
}
END_TEST

/* Every way to cut a usable field short gives nothing, or domains of whole
 * addresses only. */
START_TEST(cut_short)
{
	static const char whole[] = "\"A, B\" <\"a\"@(c)one.example>, Team: x@two.example, Y <y@three.example>;";
	struct arena *arena = arena_new();
	struct from_domains got;

	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		parse_copy(arena, slice_new(whole, len), &got);
		if (got.status != FROM_OK)
			continue;
		ck_assert_msg(got.n == 1 && slice_is(got.domains[0], "one.example"),
			      "%zu octets: %u domains", len, got.n);
	}
	parse_copy(arena, slice_new(whole, sizeof(whole) - 1), &got);
	ck_assert_uint_eq(got.n, 3);
	ck_assert_uint_eq(got.mailboxes, 3);
	arena_free(arena);
}
END_TEST

START_TEST(nul_is_never_usable)
{
	static const struct slice bodies[] = {
		SLICE("alice@example.com\0"), SLICE("\0alice@example.com"),
		SLICE("alice@example.com\0.evil.example"), SLICE("\"A\0\" <alice@example.com>"),
		SLICE("alice@example.com (\0)"),
	};
	struct arena *arena = arena_new();
	struct from_domains got;

	for (int i = 0; i < N_ROWS(bodies); i++) {
		parse_copy(arena, bodies[i], &got);
		ck_assert_msg(got.status == FROM_UNUSABLE && got.n == 0, "row %d", i);
	}
	arena_free(arena);
}
END_TEST

START_TEST(marks)
{
	struct arena *arena = arena_new();
	struct from_domains got;

	parse_copy(arena, SLICE("a@example.com., b@example.org"), &got);
	ck_assert(got.trailing_dot && !got.loose_phrase);
	ck_assert_uint_eq(got.n_phrase, 0);
	parse_copy(arena, SLICE("Foo, x@one.example <b@example.org>"), &got);
	ck_assert(!got.trailing_dot && got.loose_phrase);
	ck_assert_uint_eq(got.n_phrase, 1);
	ck_assert_uint_eq(got.n, 2);
	arena_free(arena);
}
END_TEST

/* A field of `n` times `part`, the last comma cut off. */
static void parse_many(struct arena *arena, const char *part, unsigned n, const char *tail,
		       struct from_domains *out_r)
{
	struct buf text;

	buf_init(&text, 4 * LIMIT_FROM_OCTETS);
	for (unsigned i = 0; i < n; i++)
		buf_add_str(&text, part);
	buf_add_str(&text, tail);
	ck_assert(!buf_is_full(&text));
	parse_copy(arena, buf_slice(&text), out_r);
	buf_done(&text);
}

START_TEST(limits)
{
	struct arena *arena = arena_new();
	struct from_domains got;

	parse_many(arena, "a@example.com,", LIMIT_FROM_MAILBOXES - 1, "b@example.org", &got);
	ck_assert_int_eq(got.status, FROM_OK);
	ck_assert_uint_eq(got.n, LIMIT_FROM_MAILBOXES);
	parse_many(arena, "a@example.com,", LIMIT_FROM_MAILBOXES, "b@example.org", &got);
	ck_assert_int_eq(got.status, FROM_UNUSABLE);
	parse_many(arena, "a@[192.0.2.1],", LIMIT_FROM_MAILBOXES, "b@example.org", &got);
	ck_assert_int_eq(got.status, FROM_UNUSABLE);
	parse_many(arena, "x@a.example ", LIMIT_FROM_MAILBOXES, "<b@example.org>", &got);
	ck_assert_int_eq(got.status, FROM_UNUSABLE);
	/* tolerance does not lift a limit: single labels in a phrase do not count */
	parse_many(arena, "x@a,", LIMIT_FROM_MAILBOXES, "<b@example.org>", &got);
	ck_assert_int_eq(got.status, FROM_UNUSABLE);
	parse_many(arena, "\r\n ", LIMIT_FROM_OCTETS - 13, "b@example.org", &got);
	ck_assert_int_eq(got.status, FROM_OK);
	parse_many(arena, " ", LIMIT_FROM_OCTETS - 12, "b@example.org", &got);
	ck_assert_int_eq(got.status, FROM_UNUSABLE);
	arena_free(arena);
}
END_TEST

/* Inputs that would cost a parser with backtracking or recursion dear. */
START_TEST(hostile_repetition)
{
	static const char *const parts[] = {
		"(", ")", "\\(", "(\\", "(()", "<", "<(", "<\"", "\"", "@", "a@", "a@b.", "<a", "<@",
		"<@a,", ":", ";", "a:", ",", ".", "\x1b$", "\x1b(", "\x1b$B@", "[", "a@[", "\xff", "\\\"",
		"(\\(", "<a@(", "<a@b(", "a@(\\(",
	};
	struct arena *arena = arena_new();
	struct from_domains got;

	for (int i = 0; i < N_ROWS(parts); i++) {
		unsigned n = (unsigned)((LIMIT_FROM_OCTETS - 20) / strlen(parts[i]));

		parse_many(arena, parts[i], n, "", &got);
		ck_assert_msg(got.status == FROM_UNUSABLE || strcmp(parts[i], "a@b.") == 0,
			      "%s: status %d", parts[i], got.status);
		parse_many(arena, parts[i], n, " <b@example.org>", &got);
		ck_assert_msg(got.status != FROM_UNSET, "%s", parts[i]);
		if (got.status == FROM_OK)
			ck_assert_msg(slice_is(got.domains[got.n - 1], "example.org"), "%s", parts[i]);
	}
	arena_free(arena);
}
END_TEST

START_TEST(phrases_of_status)
{
	ck_assert_str_eq(from_status_phrase(FROM_ABSENT), "no From field");
	ck_assert_str_eq(from_status_phrase(FROM_REPEATED), "more than one From field");
	for (int s = FROM_UNSET; s <= FROM_TOO_MANY; s++)
		ck_assert(strlen(from_status_phrase((enum from_status)s)) > 0);
}
END_TEST

static Suite *mailbox_suite(void)
{
	Suite *suite = suite_create("mailbox");
	TCase *tc = tcase_create("mailbox");

	tcase_add_loop_test(tc, table, 0, N_ROWS(rows));
	tcase_add_test(tc, cut_short);
	tcase_add_test(tc, nul_is_never_usable);
	tcase_add_test(tc, marks);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, hostile_repetition);
	tcase_add_test(tc, phrases_of_status);
	suite_add_tcase(suite, tc);
	return suite;
}

TEST_MAIN(mailbox_suite())
