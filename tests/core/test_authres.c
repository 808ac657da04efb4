#include "core/authres.h"
#include "core/authres_reader.h"
#include "testmain.h"

#define ID "mx.receiver.example"

/* Reads what was written; fails the test when that is no field. */
static void read_back(struct authres_reader *r, struct authres *out, const char *name)
{
	static char unfolded[2 * LIMIT_AUTHRES_OCTETS];

	ck_assert_msg(authres_read(r, authres_text(out, NULL), unfolded, sizeof(unfolded)),
		      "%s: not a field:\n%s", name, authres_text(out, NULL));
	ck_assert_msg(strcmp(r->id, ID) == 0, "%s: id %s", name, r->id);
}

START_TEST(the_reader_can_fail)
{
	static const char *const bad[] = {
		ID, " " ID, " " ID ";", " " ID "; spf", " " ID "; spf=", " " ID "; spf=pass (",
		" " ID "; spf=pass ((x))", " " ID "; spf=pass x", " " ID "; spf=pass smtp.mailfrom=",
		" " ID "; spf=pass smtp.mailfrom=\"x", " " ID "; spf=pass smtp.mailfrom=a b",
		" " ID ";\nspf=pass", " " ID ";\n\tspf=pass\r", " " ID "; spf=pass;", " " ID "; none; spf=pass",
	};
	char unfolded[1024];
	struct authres_reader r;

	for (int i = 0; i < N_ROWS(bad); i++)
		ck_assert_msg(!authres_read(&r, bad[i], unfolded, sizeof(unfolded)), "%s", bad[i]);
	ck_assert(authres_read(&r, " " ID ";\n\tspf=pass (c) reason=\"a \\\" b\" smtp.mailfrom=a=b@c.example;"
			     "\n\tdkim=none", unfolded, sizeof(unfolded)));
	ck_assert_uint_eq(r.n_results, 2);
	ck_assert_str_eq(r.results[0].comment, "c");
	ck_assert_str_eq(r.results[0].reason, "a \" b");
	ck_assert_str_eq(r.results[0].properties[0].value, "a=b@c.example");
}
END_TEST

START_TEST(plain_field)
{
	struct authres out;

	authres_init(&out, ID);
	authres_result(&out, "spf", "pass");
	authres_address(&out, "smtp.mailfrom", "bounce", "example.com", false);
	authres_result(&out, "dkim", "pass");
	authres_property(&out, "header.d", "example.com");
	authres_address(&out, "header.i", "", "example.com", false);
	authres_property(&out, "header.a", "rsa-sha256");
	authres_property(&out, "header.s", "s1");
	authres_property_quoted(&out, "header.b", "dGhpc2lz");
	authres_result(&out, "dkim", "temperror");
	authres_reason(&out, "key lookup timed out");
	authres_property(&out, "header.d", NULL);
	authres_result(&out, "arc", "none");
	authres_property(&out, "smtp.remote-ip", "2001:db8::25");
	ck_assert(authres_fits(&out));
	ck_assert_str_eq(authres_text(&out, "unused"),
			 " " ID ";\n"
			 "\tspf=pass smtp.mailfrom=bounce@example.com;\n"
			 "\tdkim=pass header.d=example.com header.i=@example.com\n"
			 "\t header.a=rsa-sha256 header.s=s1 header.b=\"dGhpc2lz\";\n"
			 "\tdkim=temperror reason=\"key lookup timed out\";\n"
			 "\tarc=none smtp.remote-ip=\"2001:db8::25\"");
	authres_done(&out);
}
END_TEST

/* A line of 78 columns, the TAB counted as 8, is not folded; one of 79 is. */
START_TEST(folding)
{
	struct authres out;

	authres_init(&out, ID);
	authres_result(&out, "dkim", "policy");
	authres_comment(&out, "");
	authres_reason(&out, "\r\n");
	authres_property(&out, "header.d", "a234567890b234567890c234567890d234567890e23456789");
	authres_result(&out, "dkim", "policy");
	authres_property(&out, "header.d", "a234567890b234567890c234567890d234567890e234567890");
	ck_assert_str_eq(authres_text(&out, NULL), " " ID ";\n"
			 "\tdkim=policy header.d=a234567890b234567890c234567890d234567890e23456789;\n"
			 "\tdkim=policy\n\t header.d=a234567890b234567890c234567890d234567890e234567890");
	authres_done(&out);
}
END_TEST

START_TEST(nothing_run)
{
	struct authres out;
	struct authres_reader r;

	authres_init(&out, ID);
	ck_assert_str_eq(authres_text(&out, NULL), " " ID "; none");
	ck_assert_str_eq(authres_text(&out, "exempt: network"), " " ID "; none (exempt: network)");
	ck_assert_str_eq(authres_text(&out, "a) ; spf=pass (\r\n"), " " ID "; none (a_ ; spf=pass _)");
	read_back(&r, &out, "none");
	ck_assert(r.none);
	authres_done(&out);
}
END_TEST

static const struct {
	const char *name, *local, *domain, *wanted;     /* wanted NULL: left out */
	bool utf8;
} addresses[] = {
	{ "plain", "bounce", "example.com", "bounce@example.com", false },
	{ "no local part", NULL, "example.com", "example.com", false },
	{ "empty local part", "", "example.com", "@example.com", false },
	{ "dots", "a.b", "example.com", "a.b@example.com", false },
	{ "upper-case domain", "a", "Example.COM", "a@example.com", false },
	{ "odd dots", "a..b", "example.com", "\"a..b\"@example.com", false },
	{ "leading dot", ".a", "example.com", "\".a\"@example.com", false },
	{ "trailing dot", "a.", "example.com", "\"a.\"@example.com", false },
	{ "blank", "a b", "example.com", "\"a b\"@example.com", false },
	{ "quote and backslash", "a\"\\b", "example.com", "\"a\\\"\\\\b\"@example.com", false },
	{ "second result", "a; dmarc=pass", "evil.example", "\"a; dmarc=pass\"@evil.example", false },
	{ "at sign", "a@b", "example.com", "\"a@b\"@example.com", false },
	{ "equals sign", "SRS0=x=y", "example.com", "SRS0=x=y@example.com", false },
	{ "CR LF", "a\r\n dmarc=pass", "example.com", "example.com", false },
	{ "control character", "a\x01", "example.com", "example.com", false },
	{ "UTF-8 without SMTPUTF8", "\xc3\xa4", "example.com", "example.com", false },
	{ "UTF-8", "\xc3\xa4", "example.com", "\xc3\xa4@example.com", true },
	{ "UTF-8 and a blank", "\xc3\xa4 b", "example.com", "\"\xc3\xa4 b\"@example.com", true },
	{ "not UTF-8", "\xe4", "example.com", "example.com", true },
	{ "no domain", "a", NULL, NULL, false },
	{ "blank in the domain", "a", "x (", NULL, false },
	{ "8-bit domain", "a", "b\xc3\xbc" "cher.example", NULL, true },
	{ "empty domain", "a", "", NULL, false },
};

START_TEST(address)
{
	struct authres out;
	char wanted[256];

	authres_init(&out, ID);
	authres_result(&out, "spf", "none");
	authres_address(&out, "smtp.mailfrom", addresses[_i].local, addresses[_i].domain,
			addresses[_i].utf8);
	snprintf(wanted, sizeof(wanted), " " ID ";\n\tspf=none%s%s",
		 addresses[_i].wanted != NULL ? " smtp.mailfrom=" : "",
		 addresses[_i].wanted != NULL ? addresses[_i].wanted : "");
	ck_assert_msg(strcmp(authres_text(&out, NULL), wanted) == 0, "%s: %s", addresses[_i].name,
		      authres_text(&out, NULL));
	authres_done(&out);
}
END_TEST

START_TEST(long_local_part)
{
	char local[LIMIT_LOCAL_PART + 2];
	struct authres out;
	struct authres_reader r;

	memset(local, '"', sizeof(local));
	local[LIMIT_LOCAL_PART] = '\0';
	authres_init(&out, ID);
	authres_result(&out, "spf", "none");
	authres_address(&out, "smtp.mailfrom", local, "example.com", false);
	read_back(&r, &out, "at the limit");
	ck_assert_uint_eq(strlen(r.results[0].properties[0].value), LIMIT_LOCAL_PART + strlen("@example.com"));
	authres_done(&out);
	local[LIMIT_LOCAL_PART] = '"';
	local[LIMIT_LOCAL_PART + 1] = '\0';
	authres_init(&out, ID);
	authres_result(&out, "spf", "none");
	authres_address(&out, "smtp.mailfrom", local, "example.com", false);
	read_back(&r, &out, "over the limit");
	ck_assert_str_eq(r.results[0].properties[0].value, "example.com");
	authres_done(&out);
}
END_TEST

/* Writes a field with the value in every place and reads it back: one result
 * is as many as there are, and what is there is the value or nothing. */
static void check_hostile(const char *value, const char *name)
{
	char domain[300];
	struct authres out;
	struct authres_reader r;

	snprintf(domain, sizeof(domain), "%.200s.example", value);
	authres_init(&out, ID);
	authres_result(&out, "spf", "fail");
	authres_address(&out, "smtp.mailfrom", value, "example.com", true);
	authres_result(&out, "dkim", "permerror");
	authres_comment(&out, value);
	authres_reason(&out, value);
	authres_property(&out, "header.s", value);
	authres_property_quoted(&out, "header.b", value);
	authres_address(&out, "header.i", value, domain, false);
	authres_result(&out, "dmarc", "fail");
	authres_comment(&out, value);
	ck_assert(authres_fits(&out));
	read_back(&r, &out, name);
	ck_assert_msg(r.n_results == 3, "%s: %u results", name, r.n_results);
	ck_assert_msg(strcmp(r.results[0].method, "spf") == 0 && strcmp(r.results[0].result, "fail") == 0 &&
		      strcmp(r.results[1].method, "dkim") == 0 && strcmp(r.results[1].result, "permerror") == 0 &&
		      strcmp(r.results[2].method, "dmarc") == 0 && strcmp(r.results[2].result, "fail") == 0,
		      "%s: other results", name);
	ck_assert_msg(r.results[0].n_properties == 1 && r.results[2].n_properties == 0, "%s", name);
	for (unsigned i = 0; i < r.results[1].n_properties; i++) {
		const struct authres_read_property *p = &r.results[1].properties[i];

		if (strcmp(p->name, "header.i") != 0)
			ck_assert_msg(strcmp(p->value, value) == 0, "%s: %s=%s", name, p->name, p->value);
	}
	authres_done(&out);
}

static const char *const hostile[] = {
	"dmarc=pass", ";dmarc=pass", "x; dmarc=pass header.from=example.com", "\"; dmarc=pass; x=\"",
	"\\\"; dmarc=pass", "\\", "\\\\", "\"", "\"\"", "(", ")", "()", ") dmarc=pass (", "((", "\\)",
	"a\r\n\tdmarc=pass", "a\n\tdmarc=pass", "a\rdmarc=pass", "\r\n\r\nbody", "\t", " ", "", "a b",
	"\xc3\xa4", "\xe4", "\xff\xfe", "\x7f", "\x1b[2J", "@", "a@b", "@b;", "=", "a=b", "a/b", "[x]",
	"<x>", "?", ",", ":", "none", "; none", "%s%n", "reason=x", "x reason=\"y\"",
	"x.y=z", " header.from=example.com", "=?utf-8?q?dmarc=3Dpass?=",
};

START_TEST(hostile_table)
{
	char name[32];

	snprintf(name, sizeof(name), "hostile row %d", _i);
	check_hostile(hostile[_i], name);
}
END_TEST

START_TEST(hostile_random)
{
	static const char alphabet[] = "a;\"\\()=@. \r\n\t,<>[]:/?\x01\x7f\xc3\xa4\xff%dm";
	char value[320], name[32];
	uint32_t seed = 20260504;

	for (int i = 0; i < 5000; i++) {
		size_t len;

		seed = seed * 1664525 + 1013904223;
		len = (seed >> 8) % (i % 10 == 0 ? sizeof(value) - 1 : 24);
		for (size_t k = 0; k < len; k++) {
			seed = seed * 1664525 + 1013904223;
			value[k] = alphabet[(seed >> 8) % (sizeof(alphabet) - 1)];
		}
		value[len] = '\0';
		snprintf(name, sizeof(name), "random value %d", i);
		check_hostile(value, name);
	}
}
END_TEST

START_TEST(texts_are_bounded)
{
	char text[1000];
	struct authres out;
	struct authres_reader r;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	authres_init(&out, ID);
	authres_result(&out, "dkim", "policy");
	authres_comment(&out, text);
	authres_reason(&out, text);
	authres_property(&out, "header.s", text);       /* over 900: left out */
	authres_property(&out, "header.d", text + 750);
	read_back(&r, &out, "long texts");
	ck_assert_uint_eq(strlen(r.results[0].comment), LIMIT_AUTHRES_COMMENT);
	ck_assert_uint_eq(strlen(r.results[0].reason), LIMIT_AUTHRES_COMMENT);
	ck_assert_uint_eq(r.results[0].n_properties, 1);
	ck_assert_str_eq(r.results[0].properties[0].value, text + 750);
	authres_done(&out);
}
END_TEST

START_TEST(what_does_not_fit_goes)
{
	char value[201];
	struct authres out;
	struct authres_reader r;
	unsigned written = 0;

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	authres_init(&out, ID);
	for (;;) {
		authres_result(&out, "dkim", "pass");
		for (int i = 0; i < 4; i++)
			authres_property(&out, "header.d", value);
		if (!authres_fits(&out))
			break;
		written++;
	}
	ck_assert_uint_eq(written, 9);
	read_back(&r, &out, "full");
	ck_assert_uint_eq(r.n_results, written);
	authres_result(&out, "dmarc", "pass");
	ck_assert(authres_fits(&out));
	ck_assert_uint_le(strlen(authres_text(&out, NULL)) + strlen(AUTHRES_NAME ":"), LIMIT_AUTHRES_OCTETS);
	authres_done(&out);
}
END_TEST

START_TEST(nothing_fits)
{
	struct authres out;

	authres_init(&out, ID);
	authres_result(&out, "dkim", "pass");
	while (!buf_is_full(&out.text))
		authres_property(&out, "header.d", "example.com");
	ck_assert(!authres_fits(&out));
	ck_assert_str_eq(authres_text(&out, NULL), " " ID "; none");
	authres_done(&out);
}
END_TEST

static const struct {
	const char *name, *value;
	bool ours;
} fields[] = {
	{ "plain", " mx.receiver.example; spf=pass", true },
	{ "no blank", "mx.receiver.example;spf=pass", true },
	{ "none", " mx.receiver.example; none", true },
	{ "upper case", " MX.Receiver.EXAMPLE; spf=pass", true },
	{ "second id", " other.receiver.example; spf=pass", true },
	{ "version", " mx.receiver.example 1; spf=pass", true },
	{ "comment before", " (a (b) \\) c) mx.receiver.example; spf=pass", true },
	{ "comment behind", " mx.receiver.example(x)1(y);spf=pass", true },
	{ "folded", "\r\n\tmx.receiver.example\r\n\t;\r\n spf=pass", true },
	{ "folded by LF", "\n mx.receiver.example;\n spf=pass", true },
	{ "quoted", " \"mx.receiver.example\"; spf=pass", true },
	{ "quoted pairs", " \"m\\x.receiver\\.example\"; spf=pass", true },
	{ "line end in quotes", " \"mx.receiver.exam\r\nple\"; spf=pass", true },
	{ "open comment behind another id", " mx.other.example (mx.receiver.example", true },
	{ "id alone", " mx.receiver.example", true },
	{ "trailing dot", " mx.receiver.example.; spf=pass", true },
	{ "missing semicolon", " mx.receiver.example spf=pass", true },
	{ "slash", " mx.receiver.example/1; spf=pass", true },
	{ "behind another word", " x mx.receiver.example; spf=pass", true },
	{ "behind a bracket", " <mx.receiver.example>; spf=pass", true },
	{ "behind an equals sign", " =mx.receiver.example; spf=pass", true },
	{ "encoded word", " =?utf-8?q?mx.receiver.example?=; spf=pass", true },
	{ "open quote", " \"mx.receiver.example; spf=pass", true },
	{ "open comment", " (mx.receiver.example; spf=pass", true },
	{ "control character", " \x01mx.receiver.example; spf=pass", true },
	{ "8-bit", " \xa0mx.receiver.example; spf=pass", true },
	{ "no id, ours inside", " spf=pass smtp.helo=mx.receiver.example", true },
	{ "no id, ours at a sentence's end", " spf=pass (by mx.receiver.example.)", true },
	{ "foreign", " mx.other.example; spf=pass", false },
	{ "foreign, ours inside", " mx.other.example; spf=pass smtp.helo=mx.receiver.example", false },
	{ "foreign, ours in a comment", " (mx.receiver.example) mx.other.example; spf=pass", false },
	{ "quoted, blanks inside", " \"  mx.receiver.example\t\"; spf=pass", true },
	{ "dots around", " .mx.receiver.example..; spf=pass", true },
	{ "below ours", " a.mx.receiver.example; spf=pass", false },
	{ "above ours", " receiver.example; spf=pass", false },
	{ "longer", " mx.receiver.example.org; spf=pass", false },
	{ "longer by a letter", " mx.receiver.examples; spf=pass", false },
	{ "quoted longer", " \"mx.receiver.example x\"; spf=pass", false },
	{ "broken, foreign", " spf=pass smtp.helo=mx.other.example", false },
	{ "broken, part of a name", " =a.mx.receiver.example, xmx.receiver.example, mx.receiver.example-x, "
	  "mx.receiver.example.org", false },
	{ "empty", "", false },
	{ "blank", "  ", false },
	{ "open escape", " (\\", false },
	{ "open quoted escape", " \"\\", false },
};

START_TEST(recognise)
{
	static const char *const ids[] = { "mx.receiver.example", "other.receiver.example" };
	struct slice copy = heap_copy(fields[_i].value, strlen(fields[_i].value));

	ck_assert_msg(authres_is_ours(copy, ids, 2) == fields[_i].ours, "%s", fields[_i].name);
	ck_assert_msg(!authres_is_ours(copy, NULL, 0), "%s: no ids", fields[_i].name);
	free((void *)copy.data);
}
END_TEST

START_TEST(recognise_odd_octets)
{
	static const char *const ids[] = { "mx.receiver.example" };
	static char deep[100000];

	ck_assert(authres_is_ours(SLICE("\0mx.receiver.example; spf=pass"), ids, 1));
	ck_assert(authres_is_ours(SLICE("mx.receiver.example\0; spf=pass"), ids, 1));
	memset(deep, '(', sizeof(deep));
	ck_assert(!authres_is_ours(slice_new(deep, sizeof(deep)), ids, 1));
	memcpy(deep + sizeof(deep) - 25, " mx.receiver.example ", 21);
	ck_assert(authres_is_ours(slice_new(deep, sizeof(deep)), ids, 1));
	memset(deep, 'a', sizeof(deep));
	ck_assert(!authres_is_ours(slice_new(deep, sizeof(deep)), ids, 1));
}
END_TEST

/* What we write is always recognised as ours. */
START_TEST(own_field_is_ours)
{
	static const char *const ids[] = { ID };
	struct authres out;

	authres_init(&out, ID);
	ck_assert(authres_is_ours(slice_of(authres_text(&out, "x")), ids, 1));
	authres_result(&out, "spf", "pass");
	ck_assert(authres_is_ours(slice_of(authres_text(&out, NULL)), ids, 1));
	authres_done(&out);
}
END_TEST

START_TEST(valid_ids)
{
	static const char *const good[] = { "mx.receiver.example", "mx", "mx-1_a", "a+b" };
	static const char *const bad[] = { "", "a b", "a;b", "a\"", "(a)", "a/b", "a@b", "a\n", "\xc3\xa4", "a=b" };
	char text[300];

	for (int i = 0; i < N_ROWS(good); i++)
		ck_assert_msg(authres_id_is_valid(slice_of(good[i])), "%s", good[i]);
	for (int i = 0; i < N_ROWS(bad); i++)
		ck_assert_msg(!authres_id_is_valid(slice_of(bad[i])), "%s", bad[i]);
	ck_assert(!authres_id_is_valid(SLICE("a\0b")));
	memset(text, 'a', sizeof(text));
	ck_assert(authres_id_is_valid(slice_new(text, 253)));
	ck_assert(!authres_id_is_valid(slice_new(text, 254)));
}
END_TEST

static Suite *authres_suite(void)
{
	Suite *suite = suite_create("authres");
	TCase *tc = tcase_create("authres");

	tcase_add_test(tc, the_reader_can_fail);
	tcase_add_test(tc, plain_field);
	tcase_add_test(tc, folding);
	tcase_add_test(tc, nothing_run);
	tcase_add_loop_test(tc, address, 0, N_ROWS(addresses));
	tcase_add_test(tc, long_local_part);
	tcase_add_loop_test(tc, hostile_table, 0, N_ROWS(hostile));
	tcase_add_test(tc, hostile_random);
	tcase_add_test(tc, texts_are_bounded);
	tcase_add_test(tc, what_does_not_fit_goes);
	tcase_add_test(tc, nothing_fits);
	tcase_add_loop_test(tc, recognise, 0, N_ROWS(fields));
	tcase_add_test(tc, recognise_odd_octets);
	tcase_add_test(tc, own_field_is_ours);
	tcase_add_test(tc, valid_ids);
	suite_add_tcase(suite, tc);
	return suite;
}

TEST_MAIN(authres_suite())
