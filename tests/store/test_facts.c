/* A decision in pieces: together again it decides as the whole line does, and
 * what messages have in common gives one text. */
#include "store/facts.h"

#include <stdio.h>

#include "store/sample.h"
#include "testmain.h"

static const struct decision_json_options full = { .full_addresses = true };

/* What the journal made of it: the store sees nothing else. */
static void through_line(struct arena *arena, const char *name, const struct decision *d,
			 struct decision *back)
{
	const char *error = NULL;
	struct buf line;

	buf_init(&line, LIMIT_JOURNAL_LINE);
	decision_json_write(&line, d, &full);
	ck_assert_msg(decision_json_read(arena, buf_slice(&line), back, &error) == 0, "%s: %s", name, error);
	buf_done(&line);
}

static void split_and_join(struct arena *arena, const char *name, const struct decision *d,
			   struct facts *facts, struct decision *back)
{
	struct facts copies;
	const char *error = NULL;

	facts_split(arena, d, facts);
	copies = (struct facts){
		heap_copy(facts->facts.data, facts->facts.len), heap_copy(facts->client.data, facts->client.len),
		heap_copy(facts->recipients.data, facts->recipients.len),
		heap_copy(facts->verdict.data, facts->verdict.len),
	};
	ck_assert_msg(facts_join(arena, &copies, back, &error) == 0, "%s: %s", name, error);
	free((void *)copies.facts.data);
	free((void *)copies.client.data);
	free((void *)copies.recipients.data);
	free((void *)copies.verdict.data);
}

/* The message's own numbers, which the store keeps in its row. */
static void put_back(const struct decision *from, struct decision *to)
{
	to->evidence.when_ms = from->evidence.when_ms;
	to->evidence.sample_draw = from->evidence.sample_draw;
	to->evidence.enforce_draw = from->evidence.enforce_draw;
}

static void decide_both(struct arena *arena, const char *name, const struct decision *a,
			const struct decision *b, const struct ruleset *ruleset)
{
	struct verdict of_a, of_b;

	decide(&a->evidence, ruleset, arena, &of_a);
	decide(&b->evidence, ruleset, arena, &of_b);
	sample_same_verdict(name, &of_a, &of_b);
}

static void same_texts(const char *name, const struct facts *a, const struct facts *b)
{
	const struct { const char *part; struct slice a, b; } parts[] = {
		{ "facts", a->facts, b->facts }, { "client", a->client, b->client },
		{ "recipients", a->recipients, b->recipients }, { "verdict", a->verdict, b->verdict },
	};

	for (size_t i = 0; i < N_ROWS(parts); i++)
		ck_assert_msg(slice_equal(parts[i].a, parts[i].b), "%s: %s: %.*s / %.*s", name, parts[i].part,
			      (int)parts[i].a.len, parts[i].a.data, (int)parts[i].b.len, parts[i].b.data);
}

/* What only people read is not kept with the verdict. */
static void forget_words(struct verdict *v)
{
	v->reply = v->result_reason = NULL;
	for (unsigned i = 0; i < v->n_authors; i++)
		v->authors[i].policy.note = NULL;
}

START_TEST(together_it_decides_as_the_line)
{
	sample_seed = 400u + (uint32_t)_i;
	for (int round = 0; round < 300; round++) {
		struct arena *arena = arena_new();
		struct ruleset ruleset;
		struct decision d, line, joined, again;
		struct facts facts, twice;
		char name[64];

		snprintf(name, sizeof(name), "seed %d round %d", _i, round);
		sample_decision(arena, &d, &ruleset);
		through_line(arena, name, &d, &line);
		split_and_join(arena, name, &line, &facts, &joined);
		put_back(&line, &joined);
		decide_both(arena, name, &line, &joined, &ruleset);
		for (int other = 0; other < 5; other++) {
			ruleset = sample_ruleset();
			decide_both(arena, name, &line, &joined, &ruleset);
		}
		split_and_join(arena, name, &joined, &twice, &again);
		same_texts(name, &facts, &twice);
		forget_words(&line.verdict);
		sample_same_verdict(name, &line.verdict, &joined.verdict);
		ck_assert_msg(joined.done == line.done || strcmp(joined.done, line.done) == 0, "%s", name);
		ck_assert_str_eq(joined.mode, line.mode);
		arena_free(arena);
	}
}
END_TEST

/* One message more of the same kind. */
static void another_message(struct arena *arena, struct decision *d)
{
	struct evidence *e = &d->evidence;
	struct dkim_evidence *dkim = ARENA_ARRAY(arena, struct dkim_evidence, e->n_dkim);

	d->line_id = "mx2.example.com-1-1";
	d->queue_id = "another";
	e->when_ms++;
	e->relay = (struct relay){ "203.0.113.7", 7, "other words" };
	e->helo = e->sender.local = e->sender.reason = e->spf.reason = e->spf.explanation = "other words";
	e->smtputf8 = !e->smtputf8;
	e->n_recipients++;
	e->from_fields++;
	e->sample_draw = 99 - e->sample_draw;
	e->enforce_draw = 99 - e->enforce_draw;
	e->lookups++;
	e->waited_ms++;
	e->body_bytes++;
	e->header_fields++;
	e->dkim_unchecked++;
	for (unsigned i = 0; i < e->n_dkim; i++) {
		dkim[i] = e->dkim[i];
		dkim[i].reason = dkim[i].i_local = dkim[i].algorithm = dkim[i].b_start = "other words";
		dkim[i].i_domain = "other.example";
		dkim[i].key_bits++;
		dkim[i].surplus ^= 1;
	}
	e->dkim = dkim;
	for (unsigned i = 0; i < e->n_authors; i++)
		e->authors[i].policy.reason = "other words";
	for (unsigned i = 0; i < e->arc.n_sets; i++)
		e->arc.sets[i].results = "other words";
	e->arc.reason = "other words";
}

START_TEST(equal_parts_give_equal_texts)
{
	sample_seed = 77;
	for (int round = 0; round < 200; round++) {
		struct arena *arena = arena_new();
		struct ruleset ruleset;
		struct decision d;
		struct facts one, two;

		sample_decision(arena, &d, &ruleset);
		facts_split(arena, &d, &one);
		another_message(arena, &d);
		facts_split(arena, &d, &two);
		same_texts("another message", &one, &two);
		arena_free(arena);
	}
}
END_TEST

/* A record that the line has cut: its text begins like another one's, and must
 * not be parsed as if it were all of it. */
START_TEST(cut_record_keeps_its_tags)
{
	static const size_t octets[] = { 1500, 20000, 60000 };
	struct arena *arena = arena_new();
	struct ruleset ruleset;
	struct decision d, line, joined;
	struct facts facts;
	struct buf text;

	sample_seed = 31;
	sample_decision(arena, &d, &ruleset);
	buf_init(&text, LIMIT_RECORD_OCTETS);
	buf_add_str(&text, "v=DMARC1; rua=mailto:reports@example.com; p=reject; x=");
	while (text.len < octets[_i])
		buf_add_str(&text, "\xff\x01");
	buf_add_str(&text, "; sp=quarantine");
	d.evidence.exempt = EXEMPT_NO;
	d.evidence.from = FROM_OK;
	d.evidence.n_authors = LIMIT_AUTHORS;
	for (unsigned i = 0; i < LIMIT_AUTHORS; i++) {
		d.evidence.authors[i] = (struct author){
			"a.example.com", { .method = DISCOVERY_TREEWALK, .status = DISCOVERY_FOUND,
					   .domain = "example.com" } };
		record_parse(arena, buf_slice(&text), &d.evidence.authors[i].policy.record);
	}
	decide(&d.evidence, &ruleset, arena, &d.verdict);
	through_line(arena, "cut", &d, &line);
	split_and_join(arena, "cut", &line, &facts, &joined);
	put_back(&line, &joined);
	ck_assert_int_eq(joined.evidence.authors[0].policy.record.sp, DISPOSITION_QUARANTINE);
	ck_assert_uint_eq(joined.evidence.authors[0].policy.record.n_rua, 1);
	decide_both(arena, "cut", &d, &joined, &ruleset);
	buf_done(&text);
	arena_free(arena);
}
END_TEST

static const struct decision plain = {
	.line_id = "mx-1-1", .queue_id = "4XyZ1", .mode = "honor", .done = "none",
	.evidence = {
		.exempt = EXEMPT_NO, .client_ip = "192.0.2.1", .helo_domain = "mail.example.net",
		.sender = { .status = PATH_MAILBOX, .local = "secret", .domain = "example.net" },
		.from = FROM_OK, .from_fields = 1,
		.spf = { .result = RES_SPF_PASS, .scope = SCOPE_SPF_MAILFROM, .domain = "example.net" },
		.marks = { .list_id = "<list\"\xff\n\x1b.example.net>" },
	},
	.verdict = { .result = RES_DMARC_NONE, .decisive = -1, .asked = DISPOSITION_NONE,
		     .chosen = ACTION_ACCEPT, .why = WHY_NO_POLICY, .apply = ACTION_ACCEPT },
};

/* Small, without what tells one message from another; the shape is kept for ever. */
START_TEST(parts_look_so)
{
	struct arena *arena = arena_new();
	struct facts facts;

	facts_split(arena, &plain, &facts);
	ck_assert_str_eq(facts.facts.data,
		"{\"v\":1,\"exempt\":\"no\",\"sender\":{\"status\":\"mailbox\",\"domain\":\"example.net\"},"
		"\"from\":{\"status\":\"ok\"},\"spf\":{\"result\":\"pass\",\"scope\":\"mfrom\","
		"\"domain\":\"example.net\"},"
		"\"marks\":{\"list_id\":\"<list\\\"\\\\xFF\\u000a\\u001b.example.net>\"}}");
	ck_assert_str_eq(facts.client.data,
		"{\"v\":1,\"client\":{\"ip\":\"192.0.2.1\",\"helo_domain\":\"mail.example.net\"}}");
	ck_assert_str_eq(facts.recipients.data, "{\"v\":1}");
	ck_assert_str_eq(facts.verdict.data,
		"{\"v\":1,\"mode\":\"honor\",\"result\":\"none\",\"asked\":\"none\",\"chosen\":\"accept\","
		"\"why\":\"no-policy\",\"dry_run\":false,\"apply\":\"accept\",\"done\":\"none\"}");
	arena_free(arena);
}
END_TEST

static const struct {
	const char *name, *facts, *verdict, *wanted;
} refused[] = {
	{ "no JSON", "{\"v\":1", "{\"v\":1}", "" },
	{ "no version", "{}", "{\"v\":1}", "version" },
	{ "newer", "{\"v\":1}", "{\"v\":2}", "newer" },
	{ "wrong type", "{\"v\":1,\"spf\":7}", "{\"v\":1}", "spf" },
	{ "index without signature", "{\"v\":1}", "{\"v\":1,\"judged\":[{\"dkim_index\":0}]}", "dkim_index" },
	{ "org without a domain", "{\"v\":1,\"spf\":{\"org\":{\"status\":\"known\"}}}", "{\"v\":1}", "org" },
	{ "empty", "", "{\"v\":1}", "" },
};

START_TEST(bad_parts_are_refused)
{
	struct arena *arena = arena_new();
	struct facts facts = {
		.facts = slice_of(refused[_i].facts), .client = SLICE("{\"v\":1}"),
		.recipients = SLICE("{\"v\":1}"), .verdict = slice_of(refused[_i].verdict),
	};
	struct decision d;
	const char *error = NULL;

	ck_assert_msg(facts_join(arena, &facts, &d, &error) == -1, "%s", refused[_i].name);
	ck_assert_msg(error != NULL && strstr(error, refused[_i].wanted) != NULL, "%s: %s", refused[_i].name,
		      error);
	arena_free(arena);
}
END_TEST

/* A part says nothing about the rows of another. */
START_TEST(parts_keep_to_their_rows)
{
	struct arena *arena = arena_new();
	struct facts facts = {
		.facts = SLICE("{\"v\":1,\"client\":{\"ip\":\"192.0.2.66\"},\"result\":\"pass\",\"id\":\"x\"}"),
		.client = SLICE("{\"v\":1,\"client\":{\"ip\":\"192.0.2.1\"}}"),
		.recipients = SLICE("{\"v\":1}"),
		.verdict = SLICE("{\"v\":1,\"spf\":{\"result\":\"pass\"},\"result\":\"fail\"}"),
	};
	struct decision d;
	const char *error = NULL;

	ck_assert_int_eq(facts_join(arena, &facts, &d, &error), 0);
	ck_assert_str_eq(d.evidence.client_ip, "192.0.2.1");
	ck_assert_int_eq(d.verdict.result, RES_DMARC_FAIL);
	ck_assert_int_eq(d.evidence.spf.result, RES_SPF_UNSET);
	ck_assert_int_eq(d.verdict.decisive, -1);
	ck_assert_ptr_null(d.line_id);
	arena_free(arena);
}
END_TEST

static Suite *facts_suite(void)
{
	Suite *suite = suite_create("facts");
	TCase *tcase = tcase_create("facts");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, together_it_decides_as_the_line, 0, 4);
	tcase_add_test(tcase, equal_parts_give_equal_texts);
	tcase_add_loop_test(tcase, cut_record_keeps_its_tags, 0, 3);
	tcase_add_test(tcase, parts_look_so);
	tcase_add_loop_test(tcase, bad_parts_are_refused, 0, N_ROWS(refused));
	tcase_add_test(tcase, parts_keep_to_their_rows);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(facts_suite())
