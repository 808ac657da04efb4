/* U-labels to A-labels, and the public suffix list. */
#include "testmain.h"

#include <stdio.h>
#include <unistd.h>

#include "auth/idna.h"
#include "auth/suffix.h"

static const struct {
	const char *name, *text, *wanted;       /* NULL: unusable */
} idna_rows[] = {
	{ "plain", "example.com", "example.com" },
	{ "upper case", "Example.COM", "example.com" },
	{ "one trailing dot", "example.com.", "example.com" },
	{ "two trailing dots", "example.com..", NULL },
	{ "U-label", "b\303\274cher.example", "xn--bcher-kva.example" },
	{ "A-label stays", "XN--bcher-kva.example", "xn--bcher-kva.example" },
	{ "upper-case U-label", "B\303\234CHER.Example", "xn--bcher-kva.example" },
	{ "decomposed", "bu\314\210cher.example", "xn--bcher-kva.example" },
	{ "trailing dot behind a U-label", "b\303\274cher.example.", "xn--bcher-kva.example" },
	{ "sharp s is kept (not transitional)", "fa\303\237.example", "xn--fa-hia.example" },
	{ "several U-labels", "\321\217.b\303\274cher.example", "xn--41a.xn--bcher-kva.example" },
	{ "underscore beside U-labels", "_dmarc.b\303\274cher.example", "_dmarc.xn--bcher-kva.example" },
	{ "full-width letters", "\357\275\205xample.com", "example.com" },
	{ "ideographic dot", "a\343\200\202b\303\274cher.example", "a.xn--bcher-kva.example" },
	{ "Latin-1", "b\374cher.example", NULL },
	{ "overlong", "b\300\257cher.example", NULL },
	{ "surrogate", "\355\240\200.example", NULL },
	{ "lone combining mark", "\314\210.example", NULL },
	{ "right-to-left override", "a\342\200\256b.example", NULL },
	{ "disallowed symbol maps to a slash", "\342\204\200.example", NULL },
	{ "full-width slash", "b\303\274\357\274\217x.example", NULL },
	{ "full-width at", "b\303\274\357\274\240x.example", NULL },
	{ "space", "b\303\274 cher.example", NULL },
	{ "empty label", "b\303\274cher..example", NULL },
	{ "empty", "", NULL },
	{ "only a dot", ".", NULL },
	{ "label of 64", "a123456789b123456789c123456789d123456789e123456789f123456789g123.example", NULL },
	{ "U-label over 63 as A-label",
	  "\303\274123456789b123456789c123456789d123456789e123456789f123456789.example", NULL },
};

START_TEST(test_idna)
{
	struct slice text = heap_copy(idna_rows[_i].text, strlen(idna_rows[_i].text));
	char out[DOMAIN_SIZE] = "";
	bool ok = idna_to_domain(text, out);

	ck_assert_msg(ok == (idna_rows[_i].wanted != NULL), "%s: %s", idna_rows[_i].name, out);
	if (ok)
		ck_assert_msg(strcmp(out, idna_rows[_i].wanted) == 0, "%s: %s", idna_rows[_i].name, out);
	free((void *)text.data);
}
END_TEST

START_TEST(test_idna_octets)
{
	static const char nul[] = "b\303\274\0cher.example";
	struct slice text = heap_copy(nul, sizeof(nul) - 1);
	char out[DOMAIN_SIZE], *longest = mem_alloc(100000);

	ck_assert(!idna_to_domain(text, out));
	free((void *)text.data);
	for (int i = 0; i < 100000; i += 2)
		memcpy(longest + i, "\303\274", 2);
	ck_assert(!idna_to_domain(slice_new(longest, 100000), out));
	ck_assert(!idna_to_domain(slice_new(longest, DOMAIN_MAX * 4), out));
	free(longest);
}
END_TEST

/* Rows for any current list, as the vectors rely on it, and for one of ours. */
static const struct {
	const char *name, *domain, *suffix, *icann;
	bool own;
} suffix_rows[] = {
	{ "plain", "www.example.com", "com", "com", false },
	{ "the suffix itself", "com", "com", "com", false },
	{ "two labels", "a.b.example.co.uk", "co.uk", "co.uk", false },
	{ "wildcard rule", "a.b.xyz.ck", "xyz.ck", "xyz.ck", false },
	{ "exception", "www.ck", "ck", "ck", false },
	{ "below the exception", "a.www.ck", "ck", "ck", false },
	{ "not listed", "x.example", "example", "example", false },
	{ "not listed, deeper", "a.b.example", "example", "example", false },
	{ "one label, not listed", "example", "example", "example", false },
	{ "own: private section", "a.host.example", "host.example", "example", true },
	{ "own: private name itself", "host.example", "host.example", "example", true },
	{ "own: wildcard", "a.b.wild.example", "b.wild.example", "b.wild.example", true },
	{ "own: exception", "x.city.wild.example", "wild.example", "wild.example", true },
	{ "own: U-label of the list", "a.xn--bcher-kva.example", "xn--bcher-kva.example",
	  "xn--bcher-kva.example", true },
	{ "own: not listed any more", "example.co.uk", "uk", "uk", true },
};

static const char own_list[] =
	"// ===BEGIN ICANN DOMAINS===\n"
	"example\n"
	"*.wild.example\n"
	"!city.wild.example\n"
	"b\303\274cher.example\n"
	"// ===END ICANN DOMAINS===\n"
	"// ===BEGIN PRIVATE DOMAINS===\n"
	"host.example\n"
	"// ===END PRIVATE DOMAINS===\n";

static struct suffix_psl *open_list(const char *text)
{
	char path[] = "test_names.XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	const char *error = NULL;
	struct suffix_psl *psl;

	ck_assert(file != NULL);
	fputs(text, file);
	fclose(file);
	psl = suffix_psl_open(path, &error);
	unlink(path);
	ck_assert_msg(psl != NULL || error != NULL, "no reason given");
	return psl;
}

START_TEST(test_suffix)
{
	const char *error = NULL;
	struct suffix_psl *psl = suffix_rows[_i].own ? open_list(own_list) : suffix_psl_open(NULL, &error);
	struct suffix_list list;
	const char *suffix, *icann, *domain = suffix_rows[_i].domain;

	ck_assert_msg(psl != NULL, "%s", error);
	list = suffix_psl_list(psl);
	suffix = list.suffix(list.context, domain, false);
	icann = list.suffix(list.context, domain, true);
	ck_assert_msg(strcmp(suffix, suffix_rows[_i].suffix) == 0, "%s: %s", suffix_rows[_i].name, suffix);
	ck_assert_msg(strcmp(icann, suffix_rows[_i].icann) == 0, "%s: icann %s", suffix_rows[_i].name, icann);
	ck_assert(suffix >= domain && suffix < domain + strlen(domain));
	suffix_psl_close(psl);
}
END_TEST

START_TEST(test_suffix_files)
{
	const char *error = NULL;

	ck_assert(suffix_psl_open("no-such-list.dat", &error) == NULL);
	ck_assert(error != NULL);
	ck_assert(open_list("") == NULL);
	suffix_psl_close(NULL);
}
END_TEST

static Suite *names_suite(void)
{
	Suite *suite = suite_create("names");
	TCase *tcase = tcase_create("names");

	tcase_add_loop_test(tcase, test_idna, 0, N_ROWS(idna_rows));
	tcase_add_test(tcase, test_idna_octets);
	tcase_add_loop_test(tcase, test_suffix, 0, N_ROWS(suffix_rows));
	tcase_add_test(tcase, test_suffix_files);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(names_suite())
