#include "testmain.h"

#include "base/buf.h"
#include "core/record.h"

static const struct { const char *text; bool candidate; } candidate_rows[] = {
	{ "v=DMARC1", true }, { "v=DMARC1;", true }, { "v = DMARC1 ; p=none", true },
	{ "V=DMARC1; p=none", true }, { "v=dmarc1; p=none", false }, { " v=DMARC1", false },
	{ "v=DMARC1 p=none", false }, { "v=DMARC10", false }, { "v=DMARC", false },
	{ "v=spf1 -all", false }, { "p=none; v=DMARC1", false }, { "", false }, { "v", false },
};

START_TEST(recognises_candidates)
{
	struct slice text = heap_copy(candidate_rows[_i].text, strlen(candidate_rows[_i].text));

	ck_assert_msg(record_is_candidate(text) == candidate_rows[_i].candidate, "%s",
		      candidate_rows[_i].text);
	free((void *)(uintptr_t)text.data);
}
END_TEST

#define NONE DISPOSITION_NONE
#define QUAR DISPOSITION_QUARANTINE
#define REJ DISPOSITION_REJECT

static const struct {
	const char *text;               /* behind "v=DMARC1;" */
	enum disposition p, sp, np;
	bool damaged;                   /* with np */
	unsigned pct, n_rua;
	bool testing;
	const char *note;
} rows[] = {
	{ "p=reject", REJ, 0, 0, false, 100, 0, false, NULL },
	{ "P=Reject; SP=NONE; np=quarantine", REJ, NONE, QUAR, false, 100, 0, false, NULL },
	{ " p = reject ;; sp=none ; ", REJ, NONE, 0, false, 100, 0, false, NULL },
	{ "", 0, 0, 0, true, 100, 0, false, NULL },
	{ "p=block", 0, 0, 0, true, 100, 0, false, "impossible value of p" },
	{ "p=-", 0, 0, 0, true, 100, 0, false, "impossible value of p" },
	{ "p=", 0, 0, 0, true, 100, 0, false, "impossible value of p" },
	{ "p=reject; sp=rejected", REJ, 0, 0, true, 100, 0, false, "impossible value of sp" },
	{ "p=reject; np=off", REJ, 0, 0, true, 100, 0, false, "impossible value of np" },
	{ "p=none; p=reject", NONE, 0, 0, false, 100, 0, false, "duplicate tag, the first one counts" },
	{ "p=reject; pct=0", REJ, 0, 0, false, 0, 0, false, NULL },
	{ "p=reject; pct=101", REJ, 0, 0, false, 100, 0, false, "impossible value of pct, 100 is used" },
	{ "p=reject; pct=-1", REJ, 0, 0, false, 100, 0, false, "impossible value of pct, 100 is used" },
	{ "p=reject; t=y", REJ, 0, 0, false, 100, 0, true, NULL },
	{ "p=reject; t=maybe", REJ, 0, 0, false, 100, 0, false, "impossible value of t" },
	{ "p=reject; x-new=1; unknown", REJ, 0, 0, false, 100, 0, false, "a part without =" },
	{ "p=none; rua=mailto:a@example.com!10m, https://r.example/x,nonsense", NONE, 0, 0, false,
	  100, 2, false, "a report address is not a URI" },
	{ "p=none; rua=mailto:a@example.com", NONE, 0, 0, false, 100, 1, false, NULL },
	{ "p=none; psd=u", NONE, 0, 0, false, 100, 0, false, NULL },
	{ "p=none; psd=maybe", NONE, 0, 0, false, 100, 0, false, "impossible value of psd" },
	{ "p=none; fo=2", NONE, 0, 0, false, 100, 0, false, "impossible value of fo, 0 is used" },
	{ "p=none; fo=10", NONE, 0, 0, false, 100, 0, false, "impossible value of fo, 0 is used" },
	{ "p=none; rua=mailto:a@example.com!10x", NONE, 0, 0, false, 100, 1, false,
	  "impossible size behind a report address" },
	{ "p=none; rua=mailto:a@example.com!", NONE, 0, 0, false, 100, 1, false,
	  "impossible size behind a report address" },
	{ "p=none; rua=mailto:a@example.com!2000000", NONE, 0, 0, false, 100, 1, false,
	  "impossible size behind a report address" },
	{ "p=none; rua=1mail:a", NONE, 0, 0, false, 100, 0, false, "a report address is not a URI" },
	{ "p=none; rua=mailto:", NONE, 0, 0, false, 100, 0, false, "a report address is not a URI" },
	{ "p=none; rua=mail_to:a", NONE, 0, 0, false, 100, 0, false, "a report address is not a URI" },
	{ "p=none; rua=mailto:a b", NONE, 0, 0, false, 100, 0, false, "a report address is not a URI" },
	{ "p=none; rua=mailto:<a>", NONE, 0, 0, false, 100, 0, false, "a report address is not a URI" },
	{ "p=none; rua=mailto:\xc3\xa4", NONE, 0, 0, false, 100, 0, false, "a report address is not a URI" },
	{ "p=none; rua=a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8,a:9,a:10,a:11,a:12,a:13,a:14,a:15,a:16,a:17",
	  NONE, 0, 0, false, 100, 16, false, "more report addresses than are kept" },
};

START_TEST(parses)
{
	char text[256];
	struct arena *arena = arena_new();
	struct record record;
	struct slice copy;

	snprintf(text, sizeof(text), "v=DMARC1;%s", rows[_i].text);
	copy = heap_copy(text, strlen(text));
	record_parse(arena, copy, &record);
	free((void *)(uintptr_t)copy.data);             /* nothing may point there */
	ck_assert_msg(record.p == rows[_i].p, "%s: p", text);
	ck_assert_msg(record.sp == rows[_i].sp, "%s: sp", text);
	ck_assert_msg(record.np == rows[_i].np, "%s: np", text);
	ck_assert_msg(record_is_damaged(&record, true) == rows[_i].damaged, "%s: damaged", text);
	ck_assert_msg(record.pct == rows[_i].pct, "%s: pct", text);
	ck_assert_msg(record.n_rua == rows[_i].n_rua, "%s: rua", text);
	ck_assert_msg(record.testing == rows[_i].testing, "%s: t", text);
	ck_assert_msg((record.note == NULL) == (rows[_i].note == NULL) &&
		      (record.note == NULL || strcmp(record.note, rows[_i].note) == 0),
		      "%s: note %s", text, record.note);
	ck_assert(slice_is(record.text, text));
	ck_assert_msg(record_psd(slice_of(text)) == record.psd, "%s: psd", text);
	arena_free(arena);
}
END_TEST

START_TEST(parses_the_other_tags)
{
	struct arena *arena = arena_new();
	struct record record;

	record_parse(arena, SLICE("v=DMARC1; adkim=s; aspf=S; psd=n; fo=1:d:s; "
				  "ruf=mailto:f@example.com!2k; rf=afrf; ri=3600"), &record);
	ck_assert_int_eq(record.adkim, ALIGN_STRICT);
	ck_assert_int_eq(record.aspf, ALIGN_STRICT);
	ck_assert_int_eq(record.psd, PSD_NO);
	ck_assert(!record.fo_0 && record.fo_1 && record.fo_d && record.fo_s);
	ck_assert_uint_eq(record.n_ruf, 1);
	ck_assert(slice_is(record.ruf[0].uri, "mailto:f@example.com"));
	ck_assert_uint_eq(record.ruf[0].max_bytes, 2048);
	ck_assert(record.obsolete_tags);
	record_parse(arena, SLICE("v=DMARC1; adkim=x; fo=0:1"), &record);
	ck_assert_int_eq(record.adkim, ALIGN_RELAXED);
	ck_assert(record.fo_0 && !record.fo_1);
	ck_assert(!record_is_damaged(&(struct record){ .p = NONE, .np_bad = true }, false));
	arena_free(arena);
}
END_TEST

/* Both ways to the same value. */
START_TEST(psd_alone)
{
	static const struct { const char *text; enum psd_flag wanted; } psd_rows[] = {
		{ "v=DMARC1; p=none; psd=y", PSD_YES }, { "v=DMARC1;PSD = N ; p=none", PSD_NO },
		{ "v=DMARC1; psd=u; psd=y", PSD_UNKNOWN }, { "v=DMARC1; psd; psd=n", PSD_NO },
		{ "v=DMARC1; psd=; psd=y", PSD_UNKNOWN }, { "v=DMARC1; psd=n\x7f", PSD_UNKNOWN },
		{ "v=DMARC1; psd=x; psd=n", PSD_UNKNOWN }, { "v=DMARC1", PSD_UNKNOWN },
		{ "v=DMARC1; xpsd=y; rua=psd=y", PSD_UNKNOWN }, { "v = DMARC1 ;;;psd=y=", PSD_UNKNOWN },
	};
	struct arena *arena = arena_new();
	struct record record;
	struct buf text;

	for (int i = 0; i < N_ROWS(psd_rows); i++) {
		record_parse(arena, slice_of(psd_rows[i].text), &record);
		ck_assert_msg(record.psd == psd_rows[i].wanted, "%s", psd_rows[i].text);
		ck_assert_msg(record_psd(slice_of(psd_rows[i].text)) == record.psd, "%s", psd_rows[i].text);
	}
	buf_init(&text, 200000);
	for (int specs = LIMIT_RECORD_TAGS - 1; specs <= LIMIT_RECORD_TAGS; specs++) {
		buf_reset(&text);
		buf_add_str(&text, "v=DMARC1");
		for (int i = 0; i < specs; i++)
			buf_add_str(&text, i % 2 ? ";" : ";x=1");
		buf_add_str(&text, ";psd=y");
		record_parse(arena, buf_slice(&text), &record);
		ck_assert_int_eq(record.psd, specs < LIMIT_RECORD_TAGS ? PSD_YES : PSD_UNKNOWN);
		ck_assert_int_eq(record_psd(buf_slice(&text)), record.psd);
	}
	buf_reset(&text);
	buf_add_str(&text, "v=DMARC1; rua=");
	while (text.len < LIMIT_RECORD_OCTETS)
		buf_add_char(&text, 'x');
	buf_add_str(&text, ";psd=y");
	ck_assert_int_eq(record_psd(buf_slice(&text)), PSD_UNKNOWN);
	buf_done(&text);
	arena_free(arena);
}
END_TEST

START_TEST(bounds_what_it_keeps)
{
	struct arena *arena = arena_new();
	struct record record;
	struct buf text;

	buf_init(&text, 200000);
	buf_add_str(&text, "v=DMARC1; rua=mailto:a@example.com");
	for (int i = 0; i < 40; i++)
		buf_printf(&text, ",mailto:a%d@example.com", i);
	buf_add_str(&text, ";");
	for (int i = 0; i < 100; i++)
		buf_printf(&text, "x%d=1;", i);
	buf_add_str(&text, "p=reject");
	record_parse(arena, buf_slice(&text), &record);
	ck_assert_uint_eq(record.n_rua, 16);
	ck_assert_int_eq(record.p, DISPOSITION_UNSET);  /* behind the 64th tag */
	while (text.len < 70000)
		buf_add_str(&text, ";x=1");
	record_parse(arena, buf_slice(&text), &record);
	ck_assert_uint_eq(record.text.len, LIMIT_RECORD_OCTETS);
	buf_reset(&text);
	buf_add_str(&text, "v=DMARC1; p=none; rua=");
	for (int i = 0; i < LIMIT_RECORD_ITEMS; i++)
		buf_add_str(&text, ",");
	buf_add_str(&text, "mailto:late@example.com");
	record_parse(arena, buf_slice(&text), &record);
	ck_assert_uint_eq(record.n_rua, 0);
	buf_cut(&text, text.len - strlen(",mailto:late@example.com"));
	buf_add_str(&text, "mailto:last@example.com");
	record_parse(arena, buf_slice(&text), &record);
	ck_assert_uint_eq(record.n_rua, 1);
	buf_done(&text);
	arena_free(arena);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("record");
	TCase *t = tcase_create("record");

	tcase_add_loop_test(t, recognises_candidates, 0, N_ROWS(candidate_rows));
	tcase_add_loop_test(t, parses, 0, N_ROWS(rows));
	tcase_add_test(t, parses_the_other_tags);
	tcase_add_test(t, psd_alone);
	tcase_add_test(t, bounds_what_it_keeps);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
