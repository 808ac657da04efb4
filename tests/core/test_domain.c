#include "testmain.h"

#include "core/domain.h"

static const struct {
	const char *input;
	size_t len;             /* 0: strlen */
	const char *wanted;     /* NULL: refused */
} normal_rows[] = {
	{ "example.com", 0, "example.com" },
	{ "EXAMPLE.Com", 0, "example.com" },
	{ "example.com.", 0, "example.com" },
	{ "example.com..", 0, NULL },
	{ ".", 0, NULL },
	{ "com", 0, "com" },
	{ "_dmarc.x--y.example", 0, "_dmarc.x--y.example" },
	{ ".example.com", 0, NULL },
	{ "example..com", 0, NULL },
	{ "exa mple.com", 0, NULL },
	{ "exa\0mple.com", 12, NULL },
	{ "b\xC3\xBC" "cher.example", 0, NULL },
	{ "[192.0.2.1]", 0, NULL },
	{ "a123456789012345678901234567890123456789012345678901234567890ab.example", 0,
	  "a123456789012345678901234567890123456789012345678901234567890ab.example" },
	{ "a123456789012345678901234567890123456789012345678901234567890abc.example", 0, NULL },
};

START_TEST(normalizes)
{
	size_t len = normal_rows[_i].len > 0 ? normal_rows[_i].len : strlen(normal_rows[_i].input);
	struct slice input = heap_copy(normal_rows[_i].input, len);
	char out[DOMAIN_SIZE] = "untouched";
	bool ok = domain_normalize(input, out);

	ck_assert_msg(ok == (normal_rows[_i].wanted != NULL), "%s", normal_rows[_i].input);
	ck_assert_str_eq(out, ok ? normal_rows[_i].wanted : "untouched");
	free((void *)(uintptr_t)input.data);
}
END_TEST

START_TEST(takes_253_octets_not_254)
{
	char text[256], out[DOMAIN_SIZE];

	memset(text, 'a', sizeof(text));
	for (int i = 50; i < 250; i += 50)
		text[i] = '.';
	ck_assert(domain_normalize(slice_new(text, 253), out));
	ck_assert_uint_eq(strlen(out), 253);
	ck_assert(!domain_normalize(slice_new(text, 254), out));
}
END_TEST

START_TEST(knows_labels)
{
	ck_assert_uint_eq(domain_labels("a.b.example.com"), 4);
	ck_assert_uint_eq(domain_labels("com"), 1);
	ck_assert_str_eq(domain_parent("a.b"), "b");
	ck_assert_ptr_null(domain_parent("com"));
	ck_assert_str_eq(domain_last_labels("a.b.example.com", 2), "example.com");
	ck_assert_str_eq(domain_last_labels("example.com", 7), "example.com");
}
END_TEST

static const struct { const char *a, *b; bool below, share; } relation_rows[] = {
	{ "sub.example.com", "example.com", true, true },
	{ "example.com", "example.com", false, true },
	{ "notexample.com", "example.com", false, true },
	{ "example.com", "sub.example.com", false, true },
	{ "example.org", "example.com", false, false },
	{ ".com", "com", false, true },
	{ "xcom", "com", false, false },
};

START_TEST(compares_whole_labels)
{
	const char *a = relation_rows[_i].a, *b = relation_rows[_i].b;

	ck_assert_msg(domain_is_below(a, b) == relation_rows[_i].below, "%s below %s", a, b);
	ck_assert_msg(domain_is_within(a, b) == (relation_rows[_i].below || strcmp(a, b) == 0),
		      "%s within %s", a, b);
	ck_assert_msg(domain_share_suffix(a, b) == relation_rows[_i].share, "%s and %s", a, b);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("domain");
	TCase *t = tcase_create("domain");

	tcase_add_loop_test(t, normalizes, 0, N_ROWS(normal_rows));
	tcase_add_test(t, takes_253_octets_not_254);
	tcase_add_test(t, knows_labels);
	tcase_add_loop_test(t, compares_whole_labels, 0, N_ROWS(relation_rows));
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
