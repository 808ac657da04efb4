#include "testmain.h"

#include "auth/spf_macro.h"

static const struct { const char *input; size_t len; bool text; const char *wanted; } check_rows[] = {
	{ "plain/text:with=any|octet", 0, false, NULL },
	{ "", 0, false, NULL },
	{ "%{d}%{L2r-.}%%%_%-", 0, false, NULL },
	{ "%{s1R+,/_=}", 0, false, NULL },
	{ "%{l099999999999999999999999999}", 0, false, NULL },
	{ "see us, %{c} %{r} %{t}", 0, true, NULL },
	{ "see us", 0, false, "an octet outside printable ASCII" },
	{ "%{c}", 0, false, "a macro letter that is not allowed here" },
	{ "%{T}", 0, false, "a macro letter that is not allowed here" },
	{ "%{x}", 0, true, "a macro letter that is not allowed here" },
	{ "%{d0}", 0, false, "a macro that keeps no part" },
	{ "%{d00r}", 0, false, "a macro that keeps no part" },
	{ "%{dr2}", 0, false, "a macro that cannot be read" },
	{ "%{drr}", 0, false, "a macro that cannot be read" },
	{ "%{d|}", 0, false, "a macro that cannot be read" },
	{ "%{d", 0, false, "a macro that does not end" },
	{ "%{}", 0, false, "an empty macro" },
	{ "%", 0, false, "a lone %" },
	{ "100%.", 0, false, "a lone %" },
	{ "a\0b", 3, true, "an octet outside printable ASCII" },
	{ "%{\0}", 4, false, "a macro letter that is not allowed here" },
	{ "%{d\0}", 5, false, "a macro that cannot be read" },
	{ "%\0", 2, false, "a lone %" },
	{ "b\xFCro", 0, true, "an octet outside printable ASCII" },
	{ "tab\there", 0, true, "an octet outside printable ASCII" },
};

START_TEST(checks_macro_strings)
{
	size_t len = check_rows[_i].len > 0 ? check_rows[_i].len : strlen(check_rows[_i].input);
	struct slice input = heap_copy(check_rows[_i].input, len);
	const char *error = NULL, *wanted = check_rows[_i].wanted;
	enum spf_macro_place place = check_rows[_i].text ? SPF_MACRO_IN_EXPLANATION : SPF_MACRO_IN_RECORD;
	int rc = spf_macro_check(input, place, &error);

	ck_assert_msg(rc == (wanted != NULL ? -1 : 0), "%s: %s", check_rows[_i].input, error);
	if (wanted != NULL)
		ck_assert_str_eq(error, wanted);
	free((void *)(uintptr_t)input.data);
}
END_TEST

static const struct { const char *input; bool wanted; } domain_rows[] = {
	{ "example.com", true }, { "example.com.", true }, { "_spf.%{d}", true }, { "%{d}", true },
	{ "a%%", true }, { "a%_", true }, { "x.com%-", true }, { "%{i}.x.example.com", true },
	{ "a.xn--zckzah", true }, { "a.1-2", true }, { "a.1x", true }, { "a:b/c.example", true },
	{ "a..b...example", true }, { ".com", true },
	{ "", false }, { "com", false }, { "com.", false }, { ".", false }, { "..", false },
	{ "a.123", false }, { "192.0.2.1", false }, { "a.-com", false }, { "a.com-", false },
	{ "a.b_c", false }, { "example.com:25", false }, { "example.com/24", false },
	{ "%{d}com", false }, { "%{d}.com..", false }, { "%{d}.", false }, { "a.%{r}", false },
	{ "a.c\xF6m", false }, { "a b.com", false },
};

START_TEST(checks_domain_specs)
{
	struct slice input = heap_copy(domain_rows[_i].input, strlen(domain_rows[_i].input));
	const char *error = NULL;

	ck_assert_msg((spf_macro_check_domain(input, &error) == 0) == domain_rows[_i].wanted,
		      "\"%s\": %s", domain_rows[_i].input, error);
	ck_assert_msg(domain_rows[_i].wanted || error != NULL, "%s", domain_rows[_i].input);
	free((void *)(uintptr_t)input.data);
}
END_TEST

static struct spf_macro_values values_of(const char *client)
{
	struct spf_macro_values values = {
		.local = "strong-bad", .sender_domain = "email.example.com", .domain = "email.example.com",
		.helo = "mx.example.org", .receiver = "receiver.example.net", .now_s = 1234567890,
	};

	ck_assert(address_parse(slice_of(client), &values.client));
	return values;
}

/* The rows from "%{s}" to the IPv6 one are the examples of RFC 7208 7.4. */
static const struct { const char *input, *client, *wanted; } expand_rows[] = {
	{ "%{s}", "192.0.2.3", "strong-bad@email.example.com" },
	{ "%{o}", "192.0.2.3", "email.example.com" },
	{ "%{d}", "192.0.2.3", "email.example.com" },
	{ "%{d4}", "192.0.2.3", "email.example.com" },
	{ "%{d3}", "192.0.2.3", "email.example.com" },
	{ "%{d2}", "192.0.2.3", "example.com" },
	{ "%{d1}", "192.0.2.3", "com" },
	{ "%{dr}", "192.0.2.3", "com.example.email" },
	{ "%{d2r}", "192.0.2.3", "example.email" },
	{ "%{l}", "192.0.2.3", "strong-bad" },
	{ "%{l-}", "192.0.2.3", "strong.bad" },
	{ "%{lr}", "192.0.2.3", "strong-bad" },
	{ "%{lr-}", "192.0.2.3", "bad.strong" },
	{ "%{l1r-}", "192.0.2.3", "strong" },
	{ "%{ir}.%{v}._spf.%{d2}", "192.0.2.3", "3.2.0.192.in-addr._spf.example.com" },
	{ "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "192.0.2.3",
	  "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
	{ "%{d2}.trusted-domains.example.net", "192.0.2.3", "example.com.trusted-domains.example.net" },
	{ "%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01",
	  "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf.example.com" },
	{ "%{c}", "2001:DB8:0::CB01", "2001:db8::cb01" },
	{ "%{C}", "2001:db8::1", "2001%3Adb8%3A%3A1" },
	{ "%{i1}", "192.0.2.3", "3" },
	{ "%{p}%{h}%{r}%{t}", "192.0.2.3", "unknownmx.example.orgreceiver.example.net1234567890" },
	{ "%{S}", "192.0.2.3", "strong-bad%40email.example.com" },
	{ "%{l1-}", "192.0.2.3", "bad" },
	{ "%{D999}", "192.0.2.3", "email.example.com" },
	{ "%{s2@}", "192.0.2.3", NULL },
	{ "%{h,}", "192.0.2.3", "mx.example.org" },
	{ "%%%_%-.", "192.0.2.3", "% %20." },
	{ "nothing", "192.0.2.3", "nothing" },
};

START_TEST(expands)
{
	struct spf_macro_values values = values_of(expand_rows[_i].client);
	const char *input = expand_rows[_i].input, *wanted = expand_rows[_i].wanted, *error;
	struct slice text = heap_copy(input, strlen(input));
	struct buf out;

	ck_assert_msg((spf_macro_check(text, SPF_MACRO_IN_EXPLANATION, &error) == 0) == (wanted != NULL),
		      "%s", input);
	buf_init(&out, 1000);
	if (wanted != NULL) {
		spf_macro_expand(&out, text, &values);
		ck_assert_msg(strcmp(buf_str(&out), wanted) == 0, "%s: %s", input, buf_str(&out));
	}
	buf_done(&out);
	free((void *)(uintptr_t)text.data);
}
END_TEST

/* Empty parts stay (RFC 7208 7.3: no special treatment). */
static const struct { const char *local, *input, *wanted; } split_rows[] = {
	{ "a--b", "%{l-}", "a..b" }, { "-a", "%{l-}", ".a" }, { "a-", "%{lr-}", ".a" },
	{ "a-b+c", "%{l2-+}", "b.c" }, { "a-b+c", "%{l2r-+}", "b.a" }, { "", "%{lr-}", "" },
	{ "a=b_c,d/e", "%{lr=_,/}", "e.d.c.b.a" }, { "q.r-s", "%{lr-}", "s.q.r" },
	{ "~x\xE9'", "%{L}", "~x%E9%27" },
};

START_TEST(splits_values)
{
	struct spf_macro_values values = values_of("192.0.2.3");
	struct buf out;

	values.local = split_rows[_i].local;
	buf_init(&out, 1000);
	spf_macro_expand(&out, slice_of(split_rows[_i].input), &values);
	ck_assert_msg(strcmp(buf_str(&out), split_rows[_i].wanted) == 0, "%s of %s: %s",
		      split_rows[_i].input, split_rows[_i].local, buf_str(&out));
	buf_done(&out);
}
END_TEST

START_TEST(prefers_the_validated_name)
{
	struct spf_macro_values values = values_of("192.0.2.3");
	char name[DOMAIN_SIZE];

	values.validated = "mx.example.org";
	ck_assert(spf_macro_domain(SLICE("%{p2}.x.example"), &values, name));
	ck_assert_str_eq(name, "example.org.x.example");
	ck_assert(spf_macro_uses(SLICE("a.%{P}.b"), 'p'));
	ck_assert(!spf_macro_uses(SLICE("p.%{d}.%%{p}"), 'p'));
}
END_TEST

static const struct { const char *spec, *wanted; } name_rows[] = {
	{ "mail.example.com", "mail.example.com" },
	{ "mail.example.com.", "mail.example.com" },
	{ "a..example.com", "a..example.com" },
	{ "with%_space.example.com", "with space.example.com" },
	{ "%{l}.example.com", NULL },           /* 8-bit local part */
	{ "%{h}", NULL },                       /* empty */
};

START_TEST(makes_names)
{
	struct spf_macro_values values = values_of("192.0.2.3");
	char name[DOMAIN_SIZE] = "untouched";
	bool ok;

	values.local = "j\xC3\xB6rg";
	values.helo = "";
	ok = spf_macro_domain(slice_of(name_rows[_i].spec), &values, name);
	ck_assert_msg(ok == (name_rows[_i].wanted != NULL), "%s: %s", name_rows[_i].spec, name);
	ck_assert_str_eq(name, ok ? name_rows[_i].wanted : "untouched");
}
END_TEST

/* RFC 7208 7.3: labels go from the left until 253 octets are left. */
START_TEST(cuts_long_names_at_labels)
{
	struct spf_macro_values values = values_of("192.0.2.3");
	char name[DOMAIN_SIZE], spec[20000] = "";
	size_t len = 0;

	for (unsigned i = 0; i < 3000; i++)
		len += (size_t)snprintf(spec + len, sizeof(spec) - len, "%s", "%{d2}.");
	ck_assert(spf_macro_domain(slice_new(spec, len), &values, name));
	/* 21 times "example.com", 20 dots; a further "com" still fits: 255 > 253, so not */
	ck_assert_uint_eq(strlen(name), 21 * 11 + 20);
	ck_assert_int_eq(strncmp(name, "example.com.example.com.", 24), 0);
}
END_TEST

START_TEST(a_giant_label_is_no_name)
{
	struct spf_macro_values values = values_of("192.0.2.3");
	char name[DOMAIN_SIZE], *spec = mem_alloc(LIMIT_DNS_TEXT);

	memset(spec, 'a', LIMIT_DNS_TEXT);
	ck_assert(!spf_macro_domain(slice_new(spec, LIMIT_DNS_TEXT), &values, name));
	ck_assert(!spf_macro_domain(slice_new(spec, 254), &values, name));
	ck_assert(spf_macro_domain(slice_new(spec, 253), &values, name));
	spec[1000] = '.';
	ck_assert(spf_macro_domain(slice_new(spec, 1001 + 253), &values, name));
	ck_assert_uint_eq(strlen(name), 253);
	free(spec);
}
END_TEST

START_TEST(long_values_stay_bounded)
{
	struct spf_macro_values values = values_of("192.0.2.3");
	char name[DOMAIN_SIZE], *local = mem_zalloc(1025), *spec = mem_alloc(60000);
	size_t len = 0;

	memset(local, '-', 1024);
	values.local = local;
	while (len < 60000 - 6)
		len += (size_t)snprintf(spec + len, 60000 - len, "%s", "%{Lr}");
	ck_assert(!spf_macro_domain(slice_new(spec, len), &values, name));
	memset(local, '.', 1024);
	ck_assert(spf_macro_domain(slice_new(spec, len), &values, name));
	free(local);
	free(spec);
}
END_TEST

static Suite *suite_macro(void)
{
	Suite *suite = suite_create("spf_macro");
	TCase *tcase = tcase_create("spf_macro");

	tcase_add_loop_test(tcase, checks_macro_strings, 0, N_ROWS(check_rows));
	tcase_add_loop_test(tcase, checks_domain_specs, 0, N_ROWS(domain_rows));
	tcase_add_loop_test(tcase, expands, 0, N_ROWS(expand_rows));
	tcase_add_loop_test(tcase, splits_values, 0, N_ROWS(split_rows));
	tcase_add_test(tcase, prefers_the_validated_name);
	tcase_add_loop_test(tcase, makes_names, 0, N_ROWS(name_rows));
	tcase_add_test(tcase, cuts_long_names_at_labels);
	tcase_add_test(tcase, a_giant_label_is_no_name);
	tcase_add_test(tcase, long_values_stay_bounded);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(suite_macro())
