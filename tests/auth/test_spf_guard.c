#include "testmain.h"

#include "auth/spf_guard.h"

static const struct { const char *text; size_t len; bool wanted; } version_rows[] = {
	{ "v=spf1", 0, true }, { "V=SpF1 -all", 0, true }, { "v=spf1 ", 0, true },
	{ "v=spf10", 0, false }, { "v=spf1-all", 0, false }, { "v=spf1\t-all", 0, false },
	{ "v=spf1\0 -all", 12, false }, { " v=spf1 -all", 0, false }, { "v=spf", 0, false },
	{ "", 0, false }, { "v=spf2.0/pra", 0, false },
};

START_TEST(knows_records)
{
	size_t len = version_rows[_i].len > 0 ? version_rows[_i].len : strlen(version_rows[_i].text);
	struct slice text = heap_copy(version_rows[_i].text, len);

	ck_assert_msg(spf_guard_is_record(text) == version_rows[_i].wanted, "%s", version_rows[_i].text);
	free((void *)(uintptr_t)text.data);
}
END_TEST

#define GOOD NULL
#define BAD(n, what) "syntax error in term " #n ": " what
#define NO_LABEL "a domain without a usable last label"
#define NO_BITS "a prefix length that is none"
#define NO_IP4 "an IPv4 network that is none"
#define NO_IP6 "an IPv6 network that is none"
#define TEXT_BEHIND "text behind a mechanism's name"
#define UNKNOWN "an unknown mechanism"
#define NOT_ASCII "an octet outside printable ASCII"

static const struct { const char *terms; size_t len; const char *wanted; } syntax_rows[] = {
	{ "", 0, GOOD }, { "   ", 0, GOOD }, { "all", 0, GOOD }, { "-ALL", 0, GOOD },
	{ "  +a   ?mX ~ptr  -all  ", 0, GOOD },
	{ "-all.", 0, BAD(1, UNKNOWN) }, { "all:x.com", 0, BAD(1, TEXT_BEHIND) },
	{ "all/8", 0, BAD(1, TEXT_BEHIND) }, { "--all", 0, BAD(1, UNKNOWN) }, { "+", 0, BAD(1, UNKNOWN) },
	{ "moo", 0, BAD(1, UNKNOWN) }, { ":x.com", 0, BAD(1, UNKNOWN) }, { "/24", 0, BAD(1, UNKNOWN) },
	{ "a mx ptr -all moo", 0, BAD(5, UNKNOWN) },
	{ "a/24 a//64 a/0//0 a/32//128 a:x.com/24//64 mx:%{d}/8 mx//1", 0, GOOD },
	{ "a/33", 0, BAD(1, NO_BITS) }, { "a//129", 0, BAD(1, NO_BITS) }, { "a/024", 0, BAD(1, NO_BITS) },
	{ "a//00", 0, BAD(1, NO_BITS) }, { "a/24/64", 0, BAD(1, NO_BITS) }, { "a/", 0, BAD(1, TEXT_BEHIND) },
	{ "mx/24/32", 0, BAD(1, TEXT_BEHIND) }, { "a///64", 0, BAD(1, TEXT_BEHIND) },
	{ "a//", 0, BAD(1, TEXT_BEHIND) }, { "a/x", 0, BAD(1, TEXT_BEHIND) },
	{ "a//64/24", 0, BAD(1, TEXT_BEHIND) }, { "a/99999999999999999999", 0, BAD(1, NO_BITS) },
	{ "a:", 0, BAD(1, "an empty domain") }, { "a:/24", 0, BAD(1, "an empty domain") },
	{ "a:foo:bar/baz.example.com", 0, GOOD }, { "a:example.com:8080", 0, BAD(1, NO_LABEL) },
	{ "a:192.0.2.1", 0, BAD(1, NO_LABEL) }, { "a:museum", 0, BAD(1, NO_LABEL) },
	{ "a:x.com/24x", 0, BAD(1, NO_LABEL) }, { "a:x.com//", 0, BAD(1, NO_LABEL) },
	{ "mx: -all", 0, BAD(1, "an empty domain") }, { "ptr:", 0, BAD(1, "an empty domain") },
	{ "ptr/0", 0, BAD(1, TEXT_BEHIND) }, { "ptr:x.com/24", 0, BAD(1, NO_LABEL) },
	{ "include", 0, BAD(1, "a mechanism without its domain") },
	{ "exists", 0, BAD(1, "a mechanism without its domain") },
	{ "include:x.com/24", 0, BAD(1, NO_LABEL) }, { "include/24", 0, BAD(1, TEXT_BEHIND) },
	{ "exists:%{ir}.x.com", 0, GOOD }, { "exists:%(ir).x.com", 0, BAD(1, "a lone %") },
	{ "exists:%{c}.x.com", 0, BAD(1, "a macro letter that is not allowed here") },
	{ "ip4:192.0.2.0/24 ip4:0.0.0.0/0 IP4:255.255.255.255/32", 0, GOOD },
	{ "ip4", 0, BAD(1, NO_IP4) }, { "ip4:", 0, BAD(1, NO_IP4) }, { "ip4/24", 0, BAD(1, NO_IP4) },
	{ "ip4:192.0.2", 0, BAD(1, NO_IP4) }, { "ip4:192.0.2.256", 0, BAD(1, NO_IP4) },
	{ "ip4:192.0.2.01", 0, BAD(1, NO_IP4) }, { "ip4:192.0.2.1:25", 0, BAD(1, NO_IP4) },
	{ "ip4:192.0.2.1/33", 0, BAD(1, NO_BITS) }, { "ip4:192.0.2.1/032", 0, BAD(1, NO_BITS) },
	{ "ip4:192.0.2.1//32", 0, BAD(1, NO_BITS) }, { "ip4:192.0.2.1/", 0, BAD(1, NO_BITS) },
	{ "ip4:192.0.2.1/-1", 0, BAD(1, NO_BITS) }, { "ip4:2001:db8::1", 0, BAD(1, NO_IP4) },
	{ "ip6:2001:db8::/32 ip6:::/0 ip6:::ffff:192.0.2.1/128", 0, GOOD },
	{ "ip6:2001:0db8:0000:0000:0000:0000:192.168.100.100", 0, GOOD },
	{ "ip6:2001:0db8:0000:0000:0000:0000:0000:000000000001", 0, BAD(1, NO_IP6) },
	{ "ip6:2001:db8::1::2", 0, BAD(1, NO_IP6) }, { "ip6:192.0.2.1", 0, BAD(1, NO_IP6) },
	{ "ip6:2001:db8::/129", 0, BAD(1, NO_BITS) }, { "ip6:2001:db8::%eth0", 0, BAD(1, NO_IP6) },
	{ "ip6:[2001:db8::1]", 0, BAD(1, NO_IP6) }, { "ip6::2001::1", 0, BAD(1, NO_IP6) },
	{ "redirect=x.com", 0, GOOD }, { "redirect:x.com", 0, BAD(1, UNKNOWN) },
	{ "redirect=", 0, BAD(1, "an empty domain") }, { "redirect=x.com/24", 0, BAD(1, NO_LABEL) },
	{ "all redirect=x", 0, BAD(2, NO_LABEL) }, { "-redirect=x.com", 0, BAD(1, UNKNOWN) },
	{ "redirect=x.com -all Redirect=x.com", 0, BAD(3, "a second redirect") },
	{ "exp=x.com", 0, GOOD }, { "exp=", 0, BAD(1, "an empty domain") },
	{ "exp=x.com EXP=y.com", 0, BAD(2, "a second exp") }, { "exp=%{r}.x", 0,
	  BAD(1, "a macro letter that is not allowed here") },
	{ "moo.cow-far_out=man:dog/cat op= a=b", 0, GOOD }, { "1up=foo", 0, BAD(1, UNKNOWN) },
	{ "=all", 0, BAD(1, UNKNOWN) }, { "moo/cow=x", 0, BAD(1, UNKNOWN) }, { "foo=%abc", 0, BAD(1, "a lone %") },
	{ "a:b=c.example", 0, GOOD }, { "foo=%{d2r}", 0, GOOD },
	{ "-all\r", 0, BAD(1, NOT_ASCII) }, { "a\tmx", 0, BAD(1, NOT_ASCII) },
	{ "a mx\0 -all", 10, BAD(2, NOT_ASCII) }, { "a:x.com\0", 8, BAD(1, NOT_ASCII) },
	{ "-all \x96", 0, BAD(2, NOT_ASCII) }, { "a:b\xC3\xBC" "cher.example", 0, BAD(1, NOT_ASCII) },
	{ "\x7F", 0, BAD(1, NOT_ASCII) },
};

/* "v=spf1 " and the terms, on the heap without a NUL. */
static struct slice record_text(const char *terms, size_t len)
{
	char *text = mem_alloc(len + 7);

	memcpy(text, "v=spf1 ", 7);
	memcpy(text + 7, terms, len);
	return slice_new(text, len + 7);
}

START_TEST(checks_the_grammar)
{
	const char *terms = syntax_rows[_i].terms, *wanted = syntax_rows[_i].wanted, *error = NULL;
	struct slice text = record_text(terms, syntax_rows[_i].len > 0 ? syntax_rows[_i].len : strlen(terms));
	struct arena *arena = arena_new();
	struct spf_record record;
	int rc = spf_guard_parse(arena, text, &record, &error);

	ck_assert_msg(rc == (wanted == NULL ? 0 : -1), "\"%s\": %s", terms, error);
	ck_assert_msg(rc == 0 || strcmp(error, wanted) == 0, "\"%s\": %s", terms, error);
	arena_free(arena);
	free((void *)(uintptr_t)text.data);
}
END_TEST

START_TEST(reads_a_record)
{
	static const char text[] = "v=spf1 a:x.com/24//64 redirect=r.com -ip4:192.0.2.1 exp=e.com ~MX//56 foo=bar";
	struct arena *arena = arena_new();
	struct spf_record record;
	const char *error;

	ck_assert_int_eq(spf_guard_parse(arena, slice_of(text), &record, &error), 0);
	ck_assert_uint_eq(record.n_terms, 4);
	ck_assert(record.terms[0].mechanism == SPF_A && record.terms[0].qualifier == '+');
	ck_assert(record.terms[0].bits4 == 24 && record.terms[0].bits6 == 64);
	ck_assert(slice_is(record.terms[0].domain, "x.com"));
	ck_assert(record.terms[1].mechanism == SPF_IP4 && record.terms[1].qualifier == '-');
	ck_assert(record.terms[1].bits4 == 32 && memcmp(record.terms[1].octets, "\300\0\2\1", 4) == 0);
	ck_assert(record.terms[2].mechanism == SPF_MX && record.terms[2].qualifier == '~');
	ck_assert(record.terms[2].bits4 == 32 && record.terms[2].bits6 == 56);
	ck_assert_uint_eq(record.terms[2].domain.len, 0);
	ck_assert(record.terms[3].mechanism == SPF_REDIRECT && slice_is(record.terms[3].domain, "r.com"));
	ck_assert(slice_is(record.exp, "e.com"));
	arena_free(arena);
}
END_TEST

/* Tokens are numbered as they are made; the list says what each stands for. */
struct made {
	unsigned n;
	struct { enum spf_token_kind kind; unsigned first, end; } list[2000];
};

static unsigned make(void *context, enum spf_token_kind kind, unsigned first, unsigned end)
{
	struct made *made = context;

	ck_assert_uint_lt(made->n, 2000);
	made->list[made->n].kind = kind;
	made->list[made->n].first = first;
	made->list[made->n].end = end;
	return made->n++;
}

static const struct { const char *terms; uint8_t family; const char *wanted; } write_rows[] = {
	{ "", 4, "v=spf1" },
	{ "a mx:%{d2} -all", 4, "v=spf1 +a:0.t/32//128 +mx:1.t/32//128 -all" },
	{ "~a/24//64 ?mx/0//0", 6, "v=spf1 ~a:0.t/24//64 ?mx:1.t/32//128" },
	{ "ptr -ptr:x.com exists:%{i}.x.com", 4, "v=spf1 +exists:0.t -exists:1.t +exists:2.t" },
	{ "-include:x.com redirect=y.com ?a", 4, "v=spf1 -include:0.t ?a:1.t/32//128 redirect=2.t" },
	{ "redirect=y.com -all a moo=%{d}", 4, "v=spf1 -all" },
	{ "exp=x.com -all", 4, "v=spf1 -all" },
	{ "ip4:192.0.2.0/24 ip6:2001:DB8::/32 -all", 4, "v=spf1 +ip4:192.0.2.0/24 -all" },
	{ "ip4:192.0.2.0/24 ip6:2001:DB8::/32 -all", 6, "v=spf1 +ip6:2001:db8::/32 -all" },
	{ "-ip4:192.0.2.1/0 a", 4, "v=spf1 -all +a:0.t/32//128" },
	{ "-ip4:192.0.2.1/0 a", 6, "v=spf1 +a:0.t/32//128" },
	{ "?ip6:::/0", 6, "v=spf1 ?all" },
};

START_TEST(writes_what_libspf2_gets)
{
	struct made made = { 0 };
	const struct spf_tokens tokens = { make, &made };
	struct arena *arena = arena_new();
	struct spf_record record;
	const char *terms = write_rows[_i].terms, *error;
	struct buf out;

	ck_assert_int_eq(spf_guard_parse(arena, slice_of(arena_printf(arena, "v=spf1 %s", terms)),
					 &record, &error), 0);
	buf_init(&out, SPF_WRITTEN_MAX);
	spf_guard_write(&out, &record, 0, write_rows[_i].family, &tokens);
	ck_assert_msg(strcmp(buf_str(&out), write_rows[_i].wanted) == 0, "%s: %s", terms, buf_str(&out));
	for (unsigned i = 0; i < made.n; i++)
		ck_assert_int_eq(made.list[i].kind, SPF_TOKEN_TERM);
	buf_done(&out);
	arena_free(arena);
}
END_TEST

/* Long records: whatever pieces they come in, each fits what libspf2 keeps of
 * one (511 octets), and together they hold every term that can match, in order. */
struct walk {
	const struct spf_record *record;
	struct spf_tokens tokens;
	struct made made;
	struct buf seen;                /* the terms in order, groups resolved */
	unsigned deepest;
};

static unsigned compiled_size(struct slice written)
{
	static const struct { const char *start; unsigned size; } sizes[] = {
		{ "ip4:", 8 }, { "ip6:", 20 }, { "all", 4 }, { "include:", 16 }, { "exists:", 16 },
		{ "redirect=", 16 }, { "a:", 24 }, { "mx:", 24 },
	};
	struct slice word;
	unsigned size = 0, known = 0, words = 0;

	for (slice_split(&written, ' ', &word); slice_split(&written, ' ', &word); words++) {
		word = slice_trim(word, "+-~?");
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			if (slice_starts_nocase(word, sizes[i].start)) {
				size += sizes[i].size;
				known++;
			}
	}
	ck_assert_uint_eq(known, words);
	return size;
}

static void see_group(struct walk *walk, char qualifier, unsigned token)
{
	struct slice rest, word;
	struct buf out;

	buf_init(&out, SPF_WRITTEN_MAX);
	spf_guard_write_group(&out, walk->record, walk->made.list[token].first,
			      walk->made.list[token].end, 4);
	ck_assert(!buf_is_full(&out));
	ck_assert_uint_le(compiled_size(buf_slice(&out)), 511);
	rest = buf_slice(&out);
	for (slice_split(&rest, ' ', &word); slice_split(&rest, ' ', &word);) {
		ck_assert(word.data[0] == '+');
		buf_printf(&walk->seen, " %c%.*s", qualifier, (int)word.len - 1, word.data + 1);
	}
	buf_done(&out);
}

/* Returns the token of the rest, or -1. */
static int see_words(struct walk *walk, struct slice rest)
{
	struct slice word;

	for (slice_split(&rest, ' ', &word); slice_split(&rest, ' ', &word);) {
		unsigned token = 0;
		size_t at = slice_find(word, ':');

		if (slice_starts_nocase(word, "redirect=")) {
			token = (unsigned)strtoul(word.data + 9, NULL, 10);
			ck_assert_int_eq(walk->made.list[token].kind, SPF_TOKEN_REST);
			return (int)token;
		}
		if (at < word.len)
			token = (unsigned)strtoul(word.data + at + 1, NULL, 10);
		if (slice_starts_nocase(slice_from(word, 1), "include:") &&
		    walk->made.list[token].kind == SPF_TOKEN_GROUP)
			see_group(walk, word.data[0], token);
		else if (slice_starts_nocase(slice_from(word, 1), "a:"))
			buf_printf(&walk->seen, " %ca%u", word.data[0], walk->made.list[token].first);
		else
			buf_printf(&walk->seen, " %.*s", SLICE_ARG(word));
	}
	return -1;
}

static void see_all(struct walk *walk)
{
	unsigned first = 0;

	for (int token = 0; token >= 0;) {
		struct buf out;

		buf_init(&out, SPF_WRITTEN_MAX);
		spf_guard_write(&out, walk->record, first, 4, &walk->tokens);
		ck_assert(!buf_is_full(&out));
		ck_assert_uint_le(compiled_size(buf_slice(&out)), 511);
		token = see_words(walk, buf_slice(&out));
		if (token >= 0)
			first = walk->made.list[token].first;
		walk->deepest++;
		buf_done(&out);
	}
}

/* pattern, repeated: 4 an ip4, 6 an ip6 (never matches), a a name */
static const struct { const char *pattern; unsigned n, depth; } long_rows[] = {
	{ "+4", 20, 1 }, { "+4", 500, 1 }, { "-4+6", 500, 1 }, { "+4-4", 500, 9 }, { "+6", 500, 1 },
	{ "+4+4+4~4~4~4", 1000, 19 }, { "+a", 100, 7 }, { "+a+4-4", 300, 11 }, { "+4", 4000, 5 },
};

static void make_long(const char *pattern, unsigned n, struct buf *text, struct buf *wanted)
{
	buf_add_str(text, "v=spf1");
	for (unsigned i = 0; i < n; i++) {
		const char *term = pattern + i * 2 % strlen(pattern);
		char address[32];

		snprintf(address, sizeof(address), "192.0.%u.%u", i / 250, i % 250);
		if (term[1] == '4') {
			buf_printf(text, " %cip4:%s/30", term[0], address);
			buf_printf(wanted, " %cip4:%s/30", term[0], address);
		} else if (term[1] == '6') {
			buf_printf(text, " %cip6:2001:db8::%x/127", term[0], i);
		} else {
			buf_printf(text, " %ca:x.com", term[0]);
			buf_printf(wanted, " %ca%u", term[0], i);
		}
	}
	buf_add_str(text, " -all");
	buf_add_str(wanted, " -all");
}

START_TEST(writes_long_records_in_pieces)
{
	struct walk *walk = mem_zalloc(sizeof(*walk));
	struct arena *arena = arena_new();
	struct spf_record record;
	struct buf text, wanted;
	const char *error;

	buf_init(&text, 200000);
	buf_init(&wanted, 200000);
	buf_init(&walk->seen, 200000);
	make_long(long_rows[_i].pattern, long_rows[_i].n, &text, &wanted);
	ck_assert_int_eq(spf_guard_parse(arena, buf_slice(&text), &record, &error), 0);
	walk->record = &record;
	walk->tokens = (struct spf_tokens){ make, &walk->made };
	see_all(walk);
	ck_assert_msg(strcmp(buf_str(&walk->seen), buf_str(&wanted)) == 0, "%s", long_rows[_i].pattern);
	ck_assert_msg(walk->deepest <= long_rows[_i].depth, "%s x %u: depth %u", long_rows[_i].pattern,
		      long_rows[_i].n, walk->deepest);
	buf_done(&text);
	buf_done(&wanted);
	buf_done(&walk->seen);
	arena_free(arena);
	free(walk);
}
END_TEST

START_TEST(counts)
{
	struct spf_count count = { 0 };

	for (int i = 0; i < 10; i++)
		ck_assert_ptr_null(spf_guard_count_term(&count));
	ck_assert_str_eq(spf_guard_count_term(&count), "more than 10 terms that need look-ups");
	ck_assert_ptr_null(spf_guard_count_void(&count));
	ck_assert_ptr_null(spf_guard_count_void(&count));
	ck_assert_str_eq(spf_guard_count_void(&count), "more than 2 look-ups without an answer");
}
END_TEST

static Suite *suite_guard(void)
{
	Suite *suite = suite_create("spf_guard");
	TCase *tcase = tcase_create("spf_guard");

	tcase_add_loop_test(tcase, knows_records, 0, N_ROWS(version_rows));
	tcase_add_loop_test(tcase, checks_the_grammar, 0, N_ROWS(syntax_rows));
	tcase_add_test(tcase, reads_a_record);
	tcase_add_loop_test(tcase, writes_what_libspf2_gets, 0, N_ROWS(write_rows));
	tcase_add_loop_test(tcase, writes_long_records_in_pieces, 0, N_ROWS(long_rows));
	tcase_add_test(tcase, counts);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(suite_guard())
