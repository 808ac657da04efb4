/* ARC chains beyond a single status, which tests/data/arc.yml has by the hundred:
 * oldest-pass, what the sets say, which keys are asked for and when, floods.
 * tests/data/arc_make.py writes the messages and the zone of their keys. */
#include "testmain.h"

#include <stdio.h>

#include "auth/auth_arc.h"
#include "auth/auth_dkim.h"
#include "base/clock.h"
#include "mail_file.h"

#define DATA TESTDIR "/data/arc/"
#define MAX_ASKED 128

static const struct auth_arc_options usual = { 20, 1024, false, 24 };

/* --- who asked what --------------------------------------------------- */

struct watch {                          /* in front of the zone */
	struct resolver base;
	char asked[MAX_ASKED][RESOLVER_NAME_SIZE];
	unsigned n;
	const char *silent;             /* is not answered before the end */
	resolver_done_fn *done;
	void *context;
};

static struct resolver *zone;
static struct key_cache *keys;
static struct watch watch;

static const struct dns_answer *watch_want(struct resolver *resolver, const char *name,
					   enum dns_type type, const char *author,
					   resolver_done_fn *done, void *context,
					   int64_t *started_ms_r)
{
	(void)resolver;
	ck_assert_uint_lt(watch.n, MAX_ASKED);
	ck_assert_int_eq((int)type, DNS_TXT);
	ck_assert(slice_starts_nocase(slice_of(author), "_domainkey."));        /* not the author's own */
	snprintf(watch.asked[watch.n++], RESOLVER_NAME_SIZE, "%s", name);
	if (watch.silent == NULL || strcmp(watch.silent, name) != 0)
		return resolver_want(zone, name, type, author, done, context, started_ms_r);
	watch.done = done;
	watch.context = context;
	*started_ms_r = clock_mono_ms();
	return NULL;
}

static void watch_close(struct resolver *resolver)
{
	(void)resolver;
}

static void open_all(void)
{
	static const struct resolver_ops ops = { watch_want, watch_close, NULL };
	const char *error = NULL;

	zone = resolver_zone_open(DATA "zone", &error);
	ck_assert_msg(zone != NULL, "%s", error);
	keys = key_cache_new(100);
	watch = (struct watch){ .base = { &ops } };
}

static void close_all(void)
{
	key_cache_free(keys);
	resolver_close(zone);
}

/* --- feeding ---------------------------------------------------------- */

static struct buf read_message(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), DATA "%s.eml", name);
	return mail_file(path, 1 << 20);
}

struct run {
	struct arena *arena, *header;
	struct asker *asker;
	struct auth_arc *arc;
	struct fields fields;
	struct arc_evidence early, got; /* after the header; at the end */
	double spent;                   /* by DKIM */
};

static void run_begin(struct run *run, const struct auth_arc_options *options)
{
	static const struct asker_limits limits = { 1000, 100 };

	*run = (struct run){ .arena = arena_new(), .header = arena_new() };
	watch.n = 0;
	run->asker = asker_new(&watch.base, &limits);
	run->arc = auth_arc_new(keys, run->asker, run->arena, options);
	fields_init(&run->fields, run->header);
}

static void run_field(struct run *run, struct slice name, struct slice value)
{
	const char *reason;

	fields_add(&run->fields, name, value, &reason);
}

/* Feeds the header's fields; returns what is behind the empty line. */
static struct slice run_header(struct run *run, struct slice message)
{
	while (message.len > 0 && message.data[0] != '\n') {
		size_t end = 0, colon = slice_find(message, ':');

		do {
			end += slice_find(slice_from(message, end), '\n') + 1;
		} while (end < message.len && (message.data[end] == ' ' || message.data[end] == '\t'));
		run_field(run, slice_until(message, colon), slice_from(slice_until(message, end), colon + 1));
		message = slice_from(message, end);
	}
	return slice_from(message, 1);
}

/* The header is gone after its end, as auth_dkim frees it. */
static void run_eoh(struct run *run)
{
	auth_arc_eoh(run->arc, &run->fields, &run->early);
	auth_arc_ask(run->arc);
	arena_free(run->header);
	run->header = NULL;
}

static void run_body(struct run *run, struct slice body, size_t piece)
{
	for (size_t at = 0; at < body.len; at += piece) {
		struct slice part = slice_until(slice_from(body, at), piece);
		struct slice copy = heap_copy(part.data, part.len);

		auth_arc_body(run->arc, copy.data, copy.len);
		free((void *)(uintptr_t)copy.data);
	}
}

static void run_end(struct run *run)
{
	asker_wait(run->asker, 50, 0, NULL, NULL);
	auth_arc_finish(run->arc, run->spent, &run->got);
}

static void run_done(struct run *run)
{
	auth_arc_free(run->arc);
	asker_free(run->asker);
	if (watch.done != NULL)
		watch.done(watch.context, dns_answer_new(DNS_NODATA, 0, NULL, 0));
	watch.done = NULL;
	arena_free(run->header);
	arena_free(run->arena);
}

static void run_message(struct run *run, struct slice message, size_t piece,
			const struct auth_arc_options *options)
{
	struct slice body;

	run_begin(run, options);
	body = run_header(run, message);
	run_eoh(run);
	run_body(run, body, piece);
	run_end(run);
}

static void run_file(struct run *run, const char *name, const struct auth_arc_options *options)
{
	struct buf message = read_message(name);

	run_message(run, buf_slice(&message), 1000, options);
	buf_done(&message);
}

/* Puts n fields above a message. */
static void run_below(struct run *run, const char *file, unsigned n, const char *name, struct slice value)
{
	struct buf message = read_message(file);
	struct slice body;

	run_begin(run, &usual);
	for (unsigned i = 0; i < n; i++)
		run_field(run, slice_of(name), value);
	body = run_header(run, buf_slice(&message));
	run_eoh(run);
	run_body(run, body, 1000);
	run_end(run);
	buf_done(&message);
}

static void check_got(const char *name, const struct run *run, enum arc_result result, const char *reason)
{
	const struct arc_evidence *got = &run->got;

	ck_assert_msg(got->result == result, "%s: %s (%s)", name, names_get(arc_result_names, (int)got->result),
		      got->reason != NULL ? got->reason : "");
	ck_assert_msg((got->reason == NULL) == (reason == NULL), "%s: %s", name, got->reason);
	ck_assert_msg(reason == NULL || strcmp(got->reason, reason) == 0, "%s: %s", name, got->reason);
	ck_assert_msg((got->n_sets == 0) == (got->sets == NULL), "%s", name);
}

/* --- one chain, one outcome ------------------------------------------- */

static const struct {
	const char *file;
	struct auth_arc_options options;
	enum arc_result result;
	const char *reason;
	unsigned n_sets, oldest_pass, asked;
} rows[] = {
	{ "none", { 20, 1024, false, 24 }, RES_ARC_NONE, NULL, 0, 0, 0 },
	{ "two", { 20, 1024, false, 24 }, RES_ARC_PASS, NULL, 2, 0, 2 },
	{ "five", { 20, 1024, false, 24 }, RES_ARC_PASS, NULL, 5, 0, 5 },
	{ "changed", { 20, 1024, false, 24 }, RES_ARC_PASS, NULL, 5, 4, 5 },
	/* of message signatures 5 and 4; that of 3 can never verify */
	{ "keys", { 20, 1024, false, 24 }, RES_ARC_PASS, NULL, 5, 4, 7 },
	{ "claims", { 20, 1024, false, 24 }, RES_ARC_PASS, NULL, 3, 0, 3 },
	{ "forged-results", { 20, 1024, false, 24 }, RES_ARC_FAIL, "seal of set 2: signature did not verify", 2, 0, 2 },
	{ "expired", { 20, 1024, false, 24 }, RES_ARC_FAIL, "message signature of set 2: signature expired", 2, 0, 0 },
	/* limits */
	{ "five", { 5, 1024, false, 24 }, RES_ARC_PASS, NULL, 5, 0, 5 },
	{ "five", { 4, 1024, false, 24 }, RES_ARC_FAIL, "more than 4 sets", 0, 0, 0 },
	{ "fifty", { 20, 1024, false, 24 }, RES_ARC_FAIL, "more than 20 sets", 0, 0, 0 },
	{ "fifty", { 50, 1024, false, 54 }, RES_ARC_PASS, NULL, 50, 0, 1 },
	{ "small-key", { 20, 512, false, 24 }, RES_ARC_FAIL, "message signature of set 1: key too short", 1, 0, 1 },
	{ "two", { 20, 2048, false, 24 }, RES_ARC_FAIL, "message signature of set 2: key too short", 2, 0, 2 },
	{ "lengths", { 20, 1024, false, 24 }, RES_ARC_FAIL, "message signature of set 11: octets after the signed part",
	  11, 0, 1 },
	/* eight body hashes besides the newest one's */
	{ "lengths", { 20, 1024, true, 24 }, RES_ARC_PASS, NULL, 11, 3, 1 },
	/* 128 KiB of header for older message signatures, which is one of these */
	{ "large", { 20, 1024, false, 24 }, RES_ARC_PASS, NULL, 12, 11, 1 },
};

START_TEST(judges)
{
	static const size_t pieces[] = { 1, 7, 100000 };
	struct buf message = read_message(rows[_i].file);

	for (unsigned k = 0; k < 3; k++) {
		struct run run;

		run_message(&run, buf_slice(&message), pieces[k], &rows[_i].options);
		check_got(rows[_i].file, &run, rows[_i].result, rows[_i].reason);
		ck_assert_msg(run.got.n_sets == rows[_i].n_sets, "%s: %u", rows[_i].file, run.got.n_sets);
		ck_assert_msg(run.got.oldest_pass == rows[_i].oldest_pass, "%s: oldest-pass %u", rows[_i].file,
			      run.got.oldest_pass);
		ck_assert_msg(watch.n == rows[_i].asked, "%s: %u asked", rows[_i].file, watch.n);
		run_done(&run);
	}
	buf_done(&message);
}
END_TEST

START_TEST(keys_are_asked_once_and_before_the_body)
{
	struct buf message = read_message("keys");
	struct run run;

	run_begin(&run, &usual);
	run_header(&run, buf_slice(&message));
	ck_assert_uint_eq(watch.n, 0);
	run_eoh(&run);
	ck_assert_uint_eq(watch.n, 7);
	ck_assert_str_eq(watch.asked[0], "m5._domainkey.d5.example");
	ck_assert_str_eq(watch.asked[1], "s1._domainkey.d5.example");
	for (unsigned i = 0; i < watch.n; i++)
		for (unsigned k = 0; k < i; k++)
			ck_assert_str_ne(watch.asked[i], watch.asked[k]);
	run_end(&run);
	ck_assert_uint_eq(watch.n, 7);
	ck_assert_uint_le(watch.n, AUTH_ARC_LOOKUPS(5));
	run_done(&run);
	buf_done(&message);
}
END_TEST

START_TEST(result_is_known_early_where_nothing_can_change_it)
{
	struct run run;

	run_file(&run, "none", &usual);
	ck_assert_int_eq((int)run.early.result, RES_ARC_NONE);
	run_done(&run);
	run_file(&run, "two", &usual);
	ck_assert_int_eq((int)run.early.result, RES_ARC_UNSET);
	run_done(&run);
	run_file(&run, "expired", &usual);
	ck_assert_int_eq((int)run.early.result, RES_ARC_FAIL);
	run_done(&run);
}
END_TEST

/* --- what the sets say ------------------------------------------------ */

static void check_claim(const struct arc_set *set, unsigned index, enum arc_method method, const char *domain)
{
	ck_assert_uint_lt(index, set->n_claims);
	ck_assert_int_eq((int)set->claims[index].method, (int)method);
	ck_assert_str_eq(set->claims[index].domain, domain);
}

START_TEST(sets_are_described_at_the_end_of_the_header)
{
	const struct arc_set *sets;
	struct run run;

	run_file(&run, "claims", &usual);
	ck_assert_uint_eq(run.early.n_sets, 3);
	sets = run.early.sets;
	ck_assert_str_eq(sets[0].d, "d1.example");
	ck_assert_str_eq(sets[0].s, "s1");
	ck_assert_str_eq(sets[0].client_ip, "192.0.2.25");
	ck_assert_uint_eq(sets[0].n_claims, 3);
	check_claim(&sets[0], 0, ARC_METHOD_DMARC, "example.com");
	check_claim(&sets[0], 1, ARC_METHOD_SPF, "b.example.com");
	check_claim(&sets[0], 2, ARC_METHOD_DKIM, "example.com");
	ck_assert(!sets[0].from_covered);
	ck_assert_int_eq(strncmp(sets[0].results, "d1.example;\r\n    spf=pass", 24), 0);
	ck_assert_str_eq(sets[1].s, "ed");
	ck_assert_str_eq(sets[1].client_ip, "2001:db8::25");
	ck_assert_uint_eq(sets[1].n_claims, 0);
	ck_assert(sets[1].from_covered);
	/* unreadable: claims nothing, and the chain is none the worse */
	ck_assert_str_eq(sets[2].results, "d3.example; dmarc=pass (");
	ck_assert_uint_eq(sets[2].n_claims, 0);
	ck_assert_ptr_null(sets[2].client_ip);
	run_done(&run);
}
END_TEST

START_TEST(verified_sets_are_marked)
{
	struct run run;

	run_file(&run, "changed", &usual);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_msg(run.got.sets[i].seal_ok && run.got.sets[i].from_covered, "%u", i);
		ck_assert_msg(run.got.sets[i].message_ok == (i >= 3), "%u", i);
	}
	run_done(&run);
	run_file(&run, "forged-results", &usual);
	ck_assert(!run.got.sets[1].seal_ok);
	ck_assert(run.got.sets[1].message_ok);
	run_done(&run);
}
END_TEST

START_TEST(results_are_bounded)
{
	struct run run;

	run_file(&run, "long-results", &usual);
	check_got("long-results", &run, RES_ARC_PASS, NULL);
	ck_assert_uint_eq(strlen(run.got.sets[0].results), LIMIT_ARC_RESULTS);
	run_done(&run);
}
END_TEST

/* --- silence ---------------------------------------------------------- */

static const struct {
	const char *silent;
	enum arc_result result;
	const char *reason;
	unsigned oldest_pass;
} silences[] = {
	{ "s1._domainkey.d1.example", RES_ARC_FAIL, "seal of set 1: key lookup timed out", 0 },
	{ "s1._domainkey.d5.example", RES_ARC_FAIL, "seal of set 5: key lookup timed out", 0 },
	{ "m5._domainkey.d5.example", RES_ARC_FAIL, "message signature of set 5: key lookup timed out", 0 },
	{ "m4._domainkey.d4.example", RES_ARC_PASS, NULL, 5 },
	{ "m1._domainkey.d1.example", RES_ARC_PASS, NULL, 4 },  /* is not even asked for */
};

START_TEST(keys_that_never_come)
{
	struct run run;

	watch.silent = silences[_i].silent;
	run_file(&run, "keys", &usual);
	check_got(silences[_i].silent, &run, silences[_i].result, silences[_i].reason);
	ck_assert_uint_eq(run.got.oldest_pass, silences[_i].oldest_pass);
	run_done(&run);
}
END_TEST

/* A false body needs no key to be seen. */
START_TEST(body_is_judged_before_keys)
{
	struct buf message = read_message("keys");
	struct run run;

	watch.silent = "m5._domainkey.d5.example";
	buf_add_str(&message, "more\n");
	run_message(&run, buf_slice(&message), 1000, &usual);
	check_got("body", &run, RES_ARC_FAIL, "message signature of set 5: body hash mismatch");
	run_done(&run);
	buf_done(&message);
}
END_TEST

/* --- unpleasant headers ----------------------------------------------- */

static const struct {
	const char *name;
	unsigned n;
	const char *field;
	struct slice value;
	enum arc_result result;
	const char *reason;
} additions[] = {
#define VALUE(text) { text, sizeof(text) - 1 }
	{ "another field", 20000, "X-Other", VALUE(" x"), RES_ARC_PASS, NULL },
	{ "a covered name", 10000, "To", VALUE(" x"), RES_ARC_PASS, NULL },
	{ "duplicated instance", 1, "ARC-Seal", VALUE(" i=2; cv=pass; d=a.example; s=s; a=rsa-sha256; b=AAAA"),
	  RES_ARC_FAIL, "set 2 has two ARC-Seal fields" },
	{ "a thousand times", 1000, "ARC-Authentication-Results", VALUE(" i=1; a.example; none"),
	  RES_ARC_FAIL, "set 1 has two ARC-Authentication-Results fields" },
	{ "any case", 1, "arc-seal ", VALUE(" i=1; a=rsa-sha256"), RES_ARC_FAIL, "set 1 has two ARC-Seal fields" },
	{ "51 sets", 1, "ARC-Seal", VALUE(" i=51; cv=pass; d=a.example; s=s; a=rsa-sha256; b=AAAA"),
	  RES_ARC_FAIL, "ARC-Seal: bad i=" },
	{ "set 50 of two", 1, "ARC-Authentication-Results", VALUE(" i=50; a.example; none"),
	  RES_ARC_FAIL, "more than 20 sets" },
	{ "half a third set", 1, "ARC-Authentication-Results", VALUE(" i=3; a.example; none"),
	  RES_ARC_FAIL, "set 3 has no message signature" },
	{ "NUL in a seal", 1, "ARC-Seal", VALUE(" i=3\0"), RES_ARC_FAIL,
	  "ARC-Seal: control character in a signed field" },
	{ "CR in results", 1, "ARC-Authentication-Results", VALUE(" i=3; \r x"), RES_ARC_FAIL,
	  "ARC-Authentication-Results: control character in a signed field" },
	{ "NUL in a covered field", 1, "Subject", VALUE(" \0"), RES_ARC_FAIL,
	  "message signature of set 2: control character in a signed field" },
	{ "NUL elsewhere", 1, "X-Other", VALUE(" \0"), RES_ARC_PASS, NULL },
	{ "name that is none", 1, "ARC Seal", VALUE(" i=1"), RES_ARC_PASS, NULL },
};

START_TEST(bears_what_is_added)
{
	struct run run;

	run_below(&run, "two", additions[_i].n, additions[_i].field, additions[_i].value);
	check_got(additions[_i].name, &run, additions[_i].result, additions[_i].reason);
	if (additions[_i].result == RES_ARC_FAIL)
		ck_assert_msg(watch.n == 0, "%s: %u asked", additions[_i].name, watch.n);
	run_done(&run);
}
END_TEST

START_TEST(more_than_fifty_sets)
{
	static const struct auth_arc_options most = { 50, 1024, false, 54 };
	struct buf message = read_message("fifty");
	struct run run;

	run_begin(&run, &most);
	run_field(&run, SLICE("ARC-Authentication-Results"), SLICE(" i=51; a.example; none"));
	run_header(&run, buf_slice(&message));
	run_eoh(&run);
	run_end(&run);
	check_got("51 sets", &run, RES_ARC_FAIL, "ARC-Authentication-Results: no instance");
	ck_assert_uint_eq(watch.n, 0);
	run_done(&run);
	buf_done(&message);
}
END_TEST

/* As one field, and as many; the message's arena holds little of it. */
START_TEST(a_megabyte_of_arc_fields)
{
	static const unsigned counts[] = { 1, 10, 1000 };
	size_t total = LIMIT_ARC_OCTETS + 1000;

	for (unsigned i = 0; i < 3; i++) {
		struct slice value = slice_new(mem_alloc(total), total / counts[i]);
		struct run run;

		memset((char *)(uintptr_t)value.data, 'x', value.len);
		memcpy((char *)(uintptr_t)value.data, " i=3; a; ", 9);
		run_below(&run, "two", counts[i], "ARC-Authentication-Results", value);
		check_got("1 MB", &run, RES_ARC_FAIL, counts[i] == 1 ? "more than 1 MB of ARC fields" :
			  "set 3 has two ARC-Authentication-Results fields");
		ck_assert_uint_eq(watch.n, 0);
		ck_assert_uint_lt(arena_bytes(run.arena), 100000);
		run_done(&run);
		free((void *)(uintptr_t)value.data);
	}
}
END_TEST

START_TEST(header_over_the_limit)
{
	struct slice value = slice_new(mem_zalloc(LIMIT_HEADER_OCTETS), LIMIT_HEADER_OCTETS);
	struct run run;

	memset((char *)(uintptr_t)value.data, 'x', value.len);
	run_below(&run, "two", 1, "X-Large", slice_until(value, value.len - 1000));
	check_got("ARC fields dropped", &run, RES_ARC_FAIL, "ARC-Seal: header too large");
	run_done(&run);
	run_below(&run, "none", 1, "X-Large", slice_until(value, value.len - 10));
	check_got("no ARC fields", &run, RES_ARC_NONE, NULL);
	run_done(&run);
	free((void *)(uintptr_t)value.data);
}
END_TEST

/* --- effort ----------------------------------------------------------- */

/* Five sets with keys of 1024 bits, each 0.4 of a usual one: the newest message signature and five seals are needed, the
 * four older ones only say from where on it is whole. */
static const struct { double spent; enum arc_result result; const char *reason; unsigned oldest; } efforts[] = {
	{ 19.9, RES_ARC_PASS, NULL, 0 },
	{ 20.1, RES_ARC_PASS, NULL, 2 },
	{ 21.5, RES_ARC_PASS, NULL, 5 },
	{ 21.7, RES_ARC_FAIL, "seal of set 1: not checked: too many long keys in this message", 0 },
	{ 24, RES_ARC_FAIL, "seal of set 5: not checked: too many long keys in this message", 0 },
	{ 30, RES_ARC_FAIL, "seal of set 5: not checked: too many long keys in this message", 0 },
};

START_TEST(takes_what_dkim_has_left)
{
	struct buf message = read_message("five");
	struct slice body;
	struct run run;

	run_begin(&run, &usual);
	run.spent = efforts[_i].spent;
	body = run_header(&run, buf_slice(&message));
	run_eoh(&run);
	run_body(&run, body, 1000);
	run_end(&run);
	check_got("five", &run, efforts[_i].result, efforts[_i].reason);
	ck_assert_uint_eq(run.got.oldest_pass, efforts[_i].oldest);
	run_done(&run);
	buf_done(&message);
}
END_TEST

/* --- beside DKIM ------------------------------------------------------ */

START_TEST(takes_the_header_from_dkim)
{
	static const struct auth_dkim_options options = { 16, 1024, false };
	struct buf message = read_message("two");
	struct auth_dkim *dkim;
	struct slice rest = buf_slice(&message), line;
	struct run run;

	run_begin(&run, &usual);
	dkim = auth_dkim_new(keys, run.asker, run.arena, &options);
	run_header(&run, rest);
	for (struct field *field = run.fields.first; field != NULL; field = field->below)
		auth_dkim_header(dkim, slice_until(field->text, field->name_len),
				 slice_from(field->text, field->name_len + 1));
	auth_arc_eoh(run.arc, auth_dkim_fields(dkim), &run.early);
	auth_arc_ask(run.arc);
	auth_dkim_eoh(dkim, NULL);
	while (slice_split(&rest, '\n', &line) && line.len > 0)
		;
	run_body(&run, rest, 1000);
	run_end(&run);
	check_got("two", &run, RES_ARC_PASS, NULL);
	auth_dkim_free(dkim);
	run_done(&run);
	buf_done(&message);
}
END_TEST

/* Hangs up everywhere: nothing must be left or touched. */
START_TEST(can_be_given_up_at_any_time)
{
	struct buf message = read_message("five");
	struct slice body;
	struct run run;

	for (int stage = 0; stage < 4; stage++) {
		run_begin(&run, &usual);
		if (stage > 0)
			body = run_header(&run, buf_slice(&message));
		if (stage > 1)
			run_eoh(&run);
		if (stage > 2)
			run_body(&run, body, 10);
		run_done(&run);
	}
	auth_arc_free(NULL);
	buf_done(&message);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("arc");
	TCase *t = tcase_create("arc");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, open_all, close_all);
	tcase_add_loop_test(t, judges, 0, N_ROWS(rows));
	tcase_add_test(t, keys_are_asked_once_and_before_the_body);
	tcase_add_test(t, result_is_known_early_where_nothing_can_change_it);
	tcase_add_test(t, sets_are_described_at_the_end_of_the_header);
	tcase_add_test(t, verified_sets_are_marked);
	tcase_add_test(t, results_are_bounded);
	tcase_add_loop_test(t, keys_that_never_come, 0, N_ROWS(silences));
	tcase_add_test(t, body_is_judged_before_keys);
	tcase_add_loop_test(t, bears_what_is_added, 0, N_ROWS(additions));
	tcase_add_test(t, more_than_fifty_sets);
	tcase_add_test(t, a_megabyte_of_arc_fields);
	tcase_add_test(t, header_over_the_limit);
	tcase_add_loop_test(t, takes_what_dkim_has_left, 0, N_ROWS(efforts));
	tcase_add_test(t, takes_the_header_from_dkim);
	tcase_add_test(t, can_be_given_up_at_any_time);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
