/* A journal line holds everything: what is written comes back equal, whatever
 * strangers put into it, and decides the same. */
#include "store/decision_json.h"

#include <stdio.h>

#include "base/json.h"
#include "core/signals.h"
#include "store/decision_fields.h"
#include "store/sample.h"
#include "testmain.h"

#define S(text) text, sizeof(text) - 1

/* ---- tests ---- */

static const struct decision_json_options full = { .full_addresses = true };
static const struct decision_json_options domains_only = { .full_addresses = false };

/* One whole line, and JSON by a judge of its own. */
static void check_line(struct arena *arena, const char *name, struct slice line)
{
	const char *error = NULL;
	struct json_doc *doc = json_parse(arena, line, &error);

	ck_assert_msg(doc != NULL, "%s: %s", name, error);
	json_doc_free(doc);
	ck_assert_msg(line.len <= LIMIT_JOURNAL_LINE, "%s: %zu octets", name, line.len);
	ck_assert_msg(slice_find(line, '\n') == line.len - 1, "%s: line feed", name);
	for (size_t i = 0; i + 1 < line.len; i++)
		if ((unsigned char)line.data[i] < ' ' || line.data[i] == 0x7f)
			ck_abort_msg("%s: control character", name);
}

static void write_and_read(struct arena *arena, const char *name, const struct decision *d,
			   const struct decision_json_options *options, struct buf *line,
			   struct decision *back)
{
	const char *error = NULL;
	struct slice copy;

	decision_json_write(line, d, options);
	copy = heap_copy(line->data, line->len);
	check_line(arena, name, copy);
	ck_assert_msg(decision_json_read(arena, copy, back, &error) == 0, "%s: %s in %s", name, error,
		      buf_str(line));
	free((void *)copy.data);
}

START_TEST(random_decisions_come_back)
{
	sample_seed = 99u + (uint32_t)_i;
	for (int round = 0; round < 300; round++) {
		struct arena *arena = arena_new();
		struct ruleset ruleset;
		struct decision d, back;
		struct verdict again;
		struct buf line;
		char name[64];

		snprintf(name, sizeof(name), "seed %d round %d", _i, round);
		buf_init(&line, LIMIT_JOURNAL_LINE);
		sample_decision(arena, &d, &ruleset);
		write_and_read(arena, name, &d, &full, &line, &back);
		ck_assert_msg(strstr(buf_str(&line), "\"cut\"") == NULL, "%s", name);
		sample_same(name, &d, &back);
		/* the same will on what was read gives the same verdict */
		decide(&d.evidence, &ruleset, arena, &d.verdict);
		decide(&back.evidence, &ruleset, arena, &again);
		sample_same_verdict(name, &d.verdict, &again);
		buf_done(&line);
		arena_free(arena);
	}
}
END_TEST

/* What is kept back with journal.addresses = "domain" changes no verdict. */
START_TEST(local_parts_stay_out)
{
	struct arena *arena = arena_new();
	struct arc_set set = {
		.d = "example.org",
		.results = "mx.example.org; spf=pass smtp.mailfrom=secret@example.com; "
			   "dkim=pass header.i=\"se cret\\\" x\"@example.net (secret@example.com) "
			   "auth=pass smtp.auth=<secret@[192.0.2.1]>,secret@x",
	};
	struct dkim_evidence dkim = { .result = RES_DKIM_PASS, .d = "example.com", .i_local = "secret",
				      .i_domain = "example.com" };
	struct decision back, d = {
		.line_id = "x-1-1", .queue_id = "4Q", .mode = "honor", .done = "none",
		.evidence = {
			.exempt = EXEMPT_NO,
			.sender = { .status = PATH_MAILBOX, .local = "secret", .domain = "example.com" },
			.spf = { .result = RES_SPF_FAIL, .explanation = "no mail from secret, sorry" },
			.dkim = &dkim, .n_dkim = 1, .arc = { .n_sets = 1, .sets = &set },
		},
		.verdict = { .decisive = -1 },
	};
	struct buf line;

	buf_init(&line, LIMIT_JOURNAL_LINE);
	write_and_read(arena, "domains", &d, &domains_only, &line, &back);
	ck_assert_msg(strstr(buf_str(&line), "cret") == NULL, "%s", buf_str(&line));
	ck_assert_str_eq(back.evidence.sender.domain, "example.com");
	ck_assert_ptr_null(back.evidence.sender.local);
	ck_assert_str_eq(back.evidence.arc.sets[0].results,
			 "mx.example.org; spf=pass smtp.mailfrom=@example.com; dkim=pass header.i=@example.net "
			 "(@example.com) auth=pass smtp.auth=<@[192.0.2.1]>,@x");
	buf_reset(&line);
	write_and_read(arena, "full", &d, &full, &line, &back);
	sample_same("full", &d, &back);
	buf_done(&line);
	arena_free(arena);
}
END_TEST

static void worst_arc(struct arena *arena, const char *domain, const char *text, struct arc_evidence *arc)
{
	const struct arc_claim claim = { ARC_METHOD_DMARC, domain, { ORG_KNOWN, domain, true } };

	*arc = (struct arc_evidence){ RES_ARC_PASS, text, LIMIT_ARC_SETS, LIMIT_ARC_SETS, NULL };
	arc->sets = ARENA_ARRAY(arena, struct arc_set, LIMIT_ARC_SETS);
	for (unsigned i = 0; i < LIMIT_ARC_SETS; i++) {
		arc->sets[i] = (struct arc_set){ domain, domain, text, text, NULL, LIMIT_ARC_CLAIMS,
						 true, true, true };
		arc->sets[i].claims = ARENA_ARRAY(arena, struct arc_claim, LIMIT_ARC_CLAIMS);
		for (unsigned k = 0; k < LIMIT_ARC_CLAIMS; k++)
			arc->sets[i].claims[k] = claim;
	}
	arc->sets[LIMIT_ARC_SETS - 1].d = "newest.example";
}

static void worst_will(const char *text, struct verdict *v)
{
	static const char id[] = "0123456789012345678901234567890123456789012345678901234567890123";

	_Static_assert(sizeof(id) == LIMIT_RULE_ID + 1, "the longest id");
	v->rule = id;
	v->reply = text;
	v->missing = (1u << 6) - 1;
	v->trusted_set = LIMIT_ARC_SETS;
	v->recipients_differ = v->left_out = true;
	for (unsigned i = 0; i < VERDICT_REASONS; i++)
		v->reasons[i] = (struct reason){ REASON_TRUSTED_FORWARDER, id, text };
	v->n_reasons = VERDICT_REASONS;
	v->result_reason = text;
	for (unsigned i = 0; i < v->n_recipients; i++)
		v->recipients[i] = (struct recipient_verdict){ v->recipients[i].domain, ACTION_QUARANTINE,
							       WHY_OVERRIDE_QUARANTINE, "another" };
}

/* The largest that a stranger can cause: every text at `fill`. */
static void worst_decision(struct arena *arena, const char *fill, unsigned signatures,
			   const char *record_tail, struct decision *d, struct ruleset *ruleset)
{
	const char *domain = arena_printf(arena, "%063d.%063d.%063d.%061d", 1, 2, 3, 4);
	char *text = arena_alloc(arena, 1025), *ids = arena_alloc(arena, 5001);
	char *record = arena_alloc(arena, LIMIT_RECORD_OCTETS);
	struct evidence *e = &d->evidence;
	struct org org = { ORG_KNOWN, domain, true };

	memset(ids, 'r', 5000);
	for (size_t i = 64; i < 5000; i += 65)
		ids[i] = ' ';
	for (size_t i = 0; i < 1024; i++)
		text[i] = fill[i % strlen(fill)];
	for (size_t i = 0; i < LIMIT_RECORD_OCTETS; i++)
		record[i] = fill[i % strlen(fill)] != ';' ? fill[i % strlen(fill)] : '_';
	memcpy(record, "v=DMARC1;x=", 11);
	memcpy(record + LIMIT_RECORD_OCTETS - strlen(record_tail), record_tail, strlen(record_tail));

	sample_seed = 5;
	sample_decision(arena, d, ruleset);
	*ruleset = (struct ruleset){ .mode = MODE_HONOR, .on_bad_from = ACTION_REJECT,
				       .enforce_percent = 100 };
	d->line_id = d->queue_id = d->mode = d->done = text;
	d->mode = domain;
	e->exempt = EXEMPT_NO;
	e->client_ip = e->client_name = e->helo = e->sender.local = e->sender.reason = text;
	e->helo_domain = e->sender.domain = e->spf.domain = domain;
	e->n_recipient_domains = LIMIT_RECIPIENT_DOMAINS;
	e->recipient_domains = ARENA_ARRAY(arena, const char *, LIMIT_RECIPIENT_DOMAINS);
	for (unsigned i = 0; i < LIMIT_RECIPIENT_DOMAINS; i++)
		e->recipient_domains[i] = domain;
	e->recipient_rules = ARENA_ARRAY(arena, const char *, LIMIT_RECIPIENT_DOMAINS);
	for (unsigned i = 0; i < LIMIT_RECIPIENT_DOMAINS; i++)
		e->recipient_rules[i] = ids;
	e->recipients_unlisted = 0;
	e->from = FROM_OK;
	e->from_reason = e->spf.reason = e->spf.explanation = e->marks.list_id = text;
	e->spf = (struct spf_evidence){ RES_SPF_FAIL, SCOPE_SPF_MAILFROM, domain, text, text, org };
	e->n_authors = LIMIT_AUTHORS;
	for (unsigned i = 0; i < LIMIT_AUTHORS; i++) {
		struct policy_found *found = &e->authors[i].policy;

		e->authors[i].domain = found->domain = domain;
		*found = (struct policy_found){ DISCOVERY_TREEWALK, DISCOVERY_FOUND, domain, true, true,
						{ .pct = 1 }, org, EXISTENCE_UNKNOWN, text };
		record_parse(arena, slice_new(record, LIMIT_RECORD_OCTETS), &found->record);
	}
	e->n_dkim = signatures;
	e->dkim = ARENA_ARRAY(arena, struct dkim_evidence, signatures);
	for (unsigned i = 0; i < signatures; i++)
		e->dkim[i] = (struct dkim_evidence){
			i + 1 < signatures ? RES_DKIM_FAIL : RES_DKIM_PASS, text, domain, domain, text, domain,
			"rsa-sha256", "dzdVyOfA", 4294967295u, true, INT64_MAX, true, true, org,
		};
	worst_arc(arena, domain, text, &e->arc);
	e->relay = (struct relay){ text, 8, text };
	decide(e, ruleset, arena, &d->verdict);
	worst_will(text, &d->verdict);
}

static const struct {
	const char *name, *fill;
	unsigned signatures;
	const char *record_tail;
	bool pass;
} worst[] = {
	{ "plain, 16 signatures", "a", 16, ";p=reject", true },
	{ "non-UTF-8, 16 signatures", "\xff", 16, ";p=reject", true },
	{ "control characters", "\x01", 16, ";p=quarantine;rua=mailto:a@example.com", true },
	{ "backslashes, 64 signatures", "\\", 64, ";p=reject", true },
	{ "semicolons", ";", 64, ";p=reject;t=y", true },
	{ "mixed", "\"\\\xff\x01\xc3\xbc", 40, ";p=none", true },
	{ "no signature", "\x7f", 0, ";p=reject;sp=none;np=quarantine;adkim=s;psd=n", false },
	{ "damaged, reports wanted", "\x7f", 0, ";p=x;rua=mailto:a@example.com", false },
	{ "damaged, no reports", "\x7f", 0, ";p=x", false },
};

START_TEST(worst_case_fits)
{
	struct arena *arena = arena_new();
	struct decision d, back;
	struct ruleset ruleset;
	struct verdict again;
	struct buf line;
	const char *name = worst[_i].name;

	buf_init(&line, LIMIT_JOURNAL_LINE + 10);
	buf_add_str(&line, "0123456789");               /* others' text stays */
	worst_decision(arena, worst[_i].fill, worst[_i].signatures, worst[_i].record_tail, &d, &ruleset);
	decision_json_write(&line, &d, &full);
	ck_assert_msg(memcmp(line.data, "0123456789", 10) == 0 && !buf_is_full(&line), "%s", name);
	memmove(line.data, line.data + 10, line.len - 9);
	buf_cut(&line, line.len - 10);
	check_line(arena, name, buf_slice(&line));
	buf_reset(&line);
	write_and_read(arena, name, &d, &full, &line, &back);

	/* marked: what is missing is counted, and the record's true length given */
	ck_assert_msg(strstr(buf_str(&line), "\"cut\":{\"strings\":") != NULL, "%s", name);
	ck_assert_msg(strstr(buf_str(&line), "\"text_octets\":65536") != NULL, "%s", name);
	ck_assert_msg(back.evidence.n_recipient_domains + back.evidence.recipients_unlisted ==
		      LIMIT_RECIPIENT_DOMAINS, "%s", name);
	/* every ARC set has its instance, the newest are there and the others empty */
	ck_assert_msg(back.evidence.arc.n_sets == LIMIT_ARC_SETS && back.evidence.arc.sets[0].d == NULL, "%s",
		      name);
	ck_assert_str_eq(back.evidence.arc.sets[LIMIT_ARC_SETS - 1].d, "newest.example");
	ck_assert_uint_eq(back.evidence.arc.sets[LIMIT_ARC_SETS - 1].n_claims, 2);
	ck_assert_msg(strstr(buf_str(&line), "\"arc_sets\":46,\"arc_claims\":24}") != NULL, "%s", name);
	/* and what is there decides the same */
	decide(&d.evidence, &ruleset, arena, &d.verdict);
	decide(&back.evidence, &ruleset, arena, &again);
	ck_assert_msg(d.verdict.result == again.result && d.verdict.asked == again.asked &&
		      d.verdict.chosen == again.chosen && d.verdict.why == again.why, "%s: %d %d", name,
		      (int)d.verdict.result, (int)again.result);
	ck_assert_msg((again.result == RES_DMARC_PASS) == worst[_i].pass, "%s", name);
	buf_done(&line);
	arena_free(arena);
}
END_TEST

/* A long record alone leaves the rest of the line whole. */
START_TEST(long_record_is_marked)
{
	struct arena *arena = arena_new();
	struct ruleset ruleset;
	struct decision d, back;
	struct buf line, text;

	sample_seed = 31;
	sample_decision(arena, &d, &ruleset);
	buf_init(&line, LIMIT_JOURNAL_LINE);
	buf_init(&text, 40000);
	buf_add_str(&text, "v=DMARC1; rua=mailto:reports@example.com; p=reject; x=");
	while (text.len < 39000)
		buf_add_str(&text, "filler");
	buf_add_str(&text, "; sp=none");
	d.evidence.from = FROM_OK;
	d.evidence.n_authors = 1;
	d.evidence.authors[0] = (struct author){
		"example.com", { .method = DISCOVERY_TREEWALK, .status = DISCOVERY_FOUND,
				 .domain = "example.com" } };
	record_parse(arena, buf_slice(&text), &d.evidence.authors[0].policy.record);
	decide(&d.evidence, &ruleset, arena, &d.verdict);
	write_and_read(arena, "long", &d, &full, &line, &back);
	ck_assert_uint_eq(back.evidence.authors[0].policy.record.text.len, 16384 + 3);
	ck_assert_int_eq(back.evidence.authors[0].policy.record.sp, DISPOSITION_NONE);
	ck_assert_uint_eq(back.evidence.authors[0].policy.record.n_rua, 1);
	back.evidence.authors[0].policy.record.text = d.evidence.authors[0].policy.record.text;
	sample_same("long", &d, &back);
	buf_done(&line);
	buf_done(&text);
	arena_free(arena);
}
END_TEST

static unsigned signals(const char *name)
{
	unsigned bit = 0;

	ck_assert(signal_find(slice_of(name), &bit));
	return bit;
}

/* A line of the time before rules, as it was written then. */
static const char first_line[] =
	"{\"v\":1,\"id\":\"mx1-1777890000000-7\",\"when\":\"2026-05-04T10:20:30.123Z\","
	"\"queue_id\":\"4XyZ1\",\"mode\":\"override\",\"client\":{\"ip\":\"192.0.2.7\","
	"\"helo\":\"relay.example.net\",\"helo_domain\":\"relay.example.net\"},\"exempt\":\"no\","
	"\"sender\":{\"status\":\"mailbox\",\"domain\":\"example.net\"},"
	"\"recipients\":{\"domains\":[\"example.org\",\"lists.example.org\"],\"count\":3},"
	"\"from\":{\"status\":\"ok\",\"fields\":1},\"authors\":[{\"domain\":\"example.com\",\"policy\":{"
	"\"method\":\"treewalk\",\"status\":\"found\",\"domain\":\"example.com\",\"record\":{"
	"\"text\":\"v=DMARC1; p=reject\",\"p\":\"reject\",\"pct\":100,\"fo_0\":true},"
	"\"org\":{\"status\":\"known\",\"domain\":\"example.com\"}}}],"
	"\"spf\":{\"result\":\"pass\",\"scope\":\"mfrom\",\"domain\":\"example.net\","
	"\"org\":{\"status\":\"known\",\"domain\":\"example.net\"}},"
	"\"dkim\":[{\"result\":\"fail\",\"reason\":\"bad signature\",\"d\":\"example.com\",\"s\":\"s1\","
	"\"a\":\"rsa-sha256\",\"b\":\"dzdVyOfA\",\"key_bits\":2048,\"covers_from\":true}],"
	"\"arc\":{\"result\":\"none\"},\"marks\":{\"list_post\":true},"
	"\"draws\":{\"sample\":0,\"enforce\":61},"
	"\"judged\":[{\"result\":\"fail\",\"policy\":{\"status\":\"applies\",\"published\":\"reject\","
	"\"tag\":\"p\",\"effective\":\"reject\"},\"spf_aligned\":\"no\",\"dkim_aligned\":\"no\","
	"\"asked\":\"reject\"}],\"result\":\"fail\",\"decisive\":0,\"asked\":\"reject\","
	"\"chosen\":\"quarantine\",\"chosen_for\":[{\"domain\":\"lists.example.org\","
	"\"chosen\":\"accept\"}],\"why\":\"override.reject\",\"reasons\":[{\"type\":\"local_policy\","
	"\"comment\":\"override.reject\"}],\"dry_run\":true,\"apply\":\"accept\",\"done\":\"none\","
	"\"cost\":{\"lookups\":4,\"body_bytes\":512,\"header_fields\":9}}\n";

static const char golden[] =
	"{\"v\":1,\"id\":\"mx1-1777890000000-7\",\"when\":\"2026-05-04T10:20:30.123Z\","
	"\"queue_id\":\"4XyZ1\",\"mode\":\"override\",\"relay\":{\"ip\":\"198.51.100.9\","
	"\"hops\":1},\"client\":{\"ip\":\"192.0.2.7\",\"helo\":\"relay.example.net\","
	"\"helo_domain\":\"relay.example.net\"},\"exempt\":\"no\","
	"\"sender\":{\"status\":\"mailbox\",\"domain\":\"example.net\"},"
	"\"recipients\":{\"domains\":[\"example.org\",\"example.org\",\"lists.example.org\"],"
	"\"rules\":[\"\",\"press office\",\"\"],\"count\":3},\"from\":{\"status\":\"ok\","
	"\"fields\":1},\"authors\":[{\"domain\":\"example.com\","
	"\"policy\":{\"method\":\"treewalk\",\"status\":\"found\",\"domain\":\"example.com\","
	"\"record\":{\"text\":\"v=DMARC1; p=reject\",\"p\":\"reject\",\"pct\":100,\"fo_0\":true},"
	"\"org\":{\"status\":\"known\",\"domain\":\"example.com\"}}}],"
	"\"spf\":{\"result\":\"pass\",\"scope\":\"mfrom\",\"domain\":\"example.net\","
	"\"org\":{\"status\":\"known\",\"domain\":\"example.net\"}},"
	"\"dkim\":[{\"result\":\"fail\",\"reason\":\"bad signature\",\"d\":\"example.com\","
	"\"s\":\"s1\",\"a\":\"rsa-sha256\",\"b\":\"dzdVyOfA\",\"key_bits\":2048,"
	"\"covers_from\":true}],\"arc\":{\"result\":\"pass\",\"oldest_pass\":2,"
	"\"sets\":[{\"d\":\"forwarder.example\",\"s\":\"s1\",\"client_ip\":\"192.0.2.80\","
	"\"results\":\"mx; dmarc=pass\",\"claims\":[{\"method\":\"dmarc\","
	"\"domain\":\"example.com\"},{\"method\":\"spf\",\"domain\":\"mail.example.com\","
	"\"org\":{\"status\":\"known\",\"domain\":\"example.com\"}}],\"seal_ok\":true,"
	"\"from_covered\":true},{\"d\":\"lists.example\",\"s\":\"s2\","
	"\"results\":\"lists; none\",\"seal_ok\":true,\"message_ok\":true,"
	"\"from_covered\":true}]},\"marks\":{\"list_post\":true},\"draws\":{\"sample\":0,"
	"\"enforce\":61},\"judged\":[{\"result\":\"fail\",\"policy\":{\"status\":\"applies\","
	"\"published\":\"reject\",\"tag\":\"p\",\"effective\":\"reject\"},\"spf_aligned\":\"no\","
	"\"dkim_aligned\":\"no\",\"asked\":\"reject\"}],\"result\":\"fail\",\"decisive\":0,"
	"\"asked\":\"reject\",\"chosen\":\"quarantine\","
	"\"chosen_for\":[{\"domain\":\"example.org\",\"chosen\":\"quarantine\","
	"\"why\":\"not-corroborated\"},{\"domain\":\"example.org\",\"rules\":\"press office\","
	"\"chosen\":\"reject\",\"why\":\"rule\",\"rule\":\"press\"},"
	"{\"domain\":\"lists.example.org\",\"chosen\":\"accept\",\"why\":\"rule\","
	"\"rule\":\"lists\"}],\"why\":\"recipients-differ\",\"missing\":[\"not-list-shaped\","
	"\"not-forwarded\"],\"recipients_differ\":true,\"left_out\":true,"
	"\"reasons\":[{\"type\":\"mailing_list\",\"rule\":\"lists\","
	"\"comment\":\"list of ours\"}],\"dry_run\":false,\"apply\":\"accept\",\"done\":\"none\","
	"\"cost\":{\"lookups\":4,\"body_bytes\":512,\"header_fields\":9}}\n";

/* The verdict is told here, not decided: what is tested is how it is written. */
static void first_decision(struct arena *arena, struct decision *d)
{
	static const char *recipients[] = { "example.org", "lists.example.org" };
	static const char *rules[] = { "", "" };
	static struct recipient_verdict chosen[] = {
		{ "example.org", ACTION_QUARANTINE, WHY_OVERRIDE_REJECT, NULL },
		{ "lists.example.org", ACTION_ACCEPT, WHY_OVERRIDE_REJECT, NULL },
	};
	static struct dkim_evidence dkim = {
		.result = RES_DKIM_FAIL, .reason = "bad signature", .d = "example.com", .s = "s1",
		.algorithm = "rsa-sha256", .b_start = "dzdVyOfA", .key_bits = 2048, .covers_from = true,
	};
	struct policy_found found = {
		.method = DISCOVERY_TREEWALK, .status = DISCOVERY_FOUND, .domain = "example.com",
		.org = { ORG_KNOWN, "example.com", false },
	};

	record_parse(arena, SLICE("v=DMARC1; p=reject"), &found.record);
	*d = (struct decision){
		.line_id = "mx1-1777890000000-7", .queue_id = "4XyZ1",
		.mode = "override", .done = "none",
		.evidence = {
			.when_ms = 1777890030123, .client_ip = "192.0.2.7", .helo = "relay.example.net",
			.helo_domain = "relay.example.net", .exempt = EXEMPT_NO,
			.sender = { PATH_MAILBOX, NULL, "example.net", NULL },
			.recipient_domains = recipients, .recipient_rules = rules,
			.n_recipient_domains = 2, .n_recipients = 3,
			.from = FROM_OK, .from_fields = 1, .n_authors = 1,
			.authors = { { "example.com", found } },
			.spf = { RES_SPF_PASS, SCOPE_SPF_MAILFROM, "example.net", NULL, NULL,
				 { ORG_KNOWN, "example.net", false } },
			.dkim = &dkim, .n_dkim = 1, .arc = { .result = RES_ARC_NONE },
			.marks = { .list_post = true }, .enforce_draw = 61, .lookups = 4,
			.body_bytes = 512, .header_fields = 9,
		},
		.verdict = {
			.result = RES_DMARC_FAIL, .n_authors = 1, .asked = DISPOSITION_REJECT,
			.chosen = ACTION_QUARANTINE, .why = WHY_OVERRIDE_REJECT, .n_reasons = 1,
			.reasons = { { REASON_LOCAL_POLICY, NULL, "override.reject" } },
			.recipients = chosen, .n_recipients = 2, .dry_run = true, .apply = ACTION_ACCEPT,
			.authors = { { .result = RES_DMARC_FAIL, .spf = ALIGNMENT_NO, .dkim = ALIGNMENT_NO,
				       .dkim_index = -1, .asked = DISPOSITION_REJECT,
				       .policy = { .status = POLICY_APPLIES, .published = DISPOSITION_REJECT,
						   .tag = TAG_P, .effective = DISPOSITION_REJECT } } },
		},
	};
}

/* The same through a relay, with a chain, and with rules for recipients. */
static void golden_decision(struct arena *arena, struct decision *d)
{
	static const char *recipients[] = { "example.org", "example.org", "lists.example.org" };
	static const char *rules[] = { "", "press office", "" };
	static struct recipient_verdict chosen[] = {
		{ "example.org", ACTION_QUARANTINE, WHY_NOT_CORROBORATED, NULL },
		{ "example.org", ACTION_REJECT, WHY_RULE, "press" },
		{ "lists.example.org", ACTION_ACCEPT, WHY_RULE, "lists" },
	};
	static struct arc_claim claims[] = {
		{ ARC_METHOD_DMARC, "example.com", { 0 } },
		{ ARC_METHOD_SPF, "mail.example.com", { ORG_KNOWN, "example.com", false } },
	};
	static struct arc_set sets[] = {
		{ "forwarder.example", "s1", "192.0.2.80", "mx; dmarc=pass", claims, 2, true, false, true },
		{ "lists.example", "s2", NULL, "lists; none", NULL, 0, true, true, true },
	};
	struct evidence *e = &d->evidence;
	struct verdict *v = &d->verdict;

	first_decision(arena, d);
	e->relay = (struct relay){ "198.51.100.9", 1, NULL };
	e->recipient_domains = recipients;
	e->recipient_rules = rules;
	e->n_recipient_domains = v->n_recipients = 3;
	e->arc = (struct arc_evidence){ RES_ARC_PASS, NULL, 2, 2, sets };
	v->why = WHY_RECIPIENTS_DIFFER;
	v->recipients = chosen;
	v->recipients_differ = v->left_out = true;
	v->dry_run = false;
	v->missing = signals("not-list-shaped") | signals("not-forwarded");
	v->reasons[0] = (struct reason){ REASON_MAILING_LIST, "lists", "list of ours" };
}

/* Keys and their order are an interface: people keep jq lines. */
START_TEST(line_looks_so)
{
	struct arena *arena = arena_new();
	struct decision d;
	struct buf line;

	buf_init(&line, LIMIT_JOURNAL_LINE);
	golden_decision(arena, &d);
	decision_json_write(&line, &d, &domains_only);
	ck_assert_str_eq(buf_str(&line), golden);
	buf_done(&line);
	arena_free(arena);
}
END_TEST

static int read_text(struct arena *arena, const char *text, size_t len, struct decision *d, const char **error)
{
	struct slice copy = heap_copy(text, len);
	int code;

	*error = NULL;
	code = decision_json_read(arena, copy, d, error);
	free((void *)copy.data);
	ck_assert((code == 0) == (*error == NULL));
	return code;
}

START_TEST(first_lines_are_read_for_ever)
{
	struct arena *arena = arena_new();
	struct decision d, back;
	const char *error;

	first_decision(arena, &d);
	ck_assert_int_eq(read_text(arena, first_line, sizeof(first_line) - 1, &back, &error), 0);
	sample_same("first line", &d, &back);
	golden_decision(arena, &d);
	ck_assert_int_eq(read_text(arena, golden, sizeof(golden) - 1, &back, &error), 0);
	sample_same("golden", &d, &back);
	arena_free(arena);
}
END_TEST

START_TEST(cut_short_lines_are_refused)
{
	struct arena *arena = arena_new();
	struct decision d;
	const char *error;

	for (size_t len = 0; len < sizeof(golden) - 2; len++)
		ck_assert_msg(read_text(arena, golden, len, &d, &error) == -1, "%zu octets", len);
	ck_assert_int_eq(read_text(arena, golden, sizeof(golden) - 2, &d, &error), 0);
	arena_free(arena);
}
END_TEST

/* Without these the rest of a line that has them makes no sense. */
static bool is_needed(const char *key)
{
	static const char *const needed[] = { "v\"", "domain\"", "domains\"", "text\"", "judged\"" };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (strncmp(key, needed[i], strlen(needed[i])) == 0)
			return true;
	/* in chosen_for */
	return strncmp(key, "chosen\"", 7) == 0 && strncmp(strchr(key, ','), ",\"why\"", 6) == 0;
}

/* Every key once under a name nobody knows: ignored, and the default taken. */
START_TEST(missing_keys_have_defaults)
{
	struct arena *arena = arena_new();
	const char *error;
	struct decision d;
	unsigned keys = 0;

	for (const char *p = strstr(golden, "\":"); p != NULL; p = strstr(p + 1, "\":")) {
		char *line = arena_strdup(arena, golden);
		const char *key = p;

		while (key[-1] != '"')
			key--;
		line[key - golden] = '#';
		if (is_needed(key))
			continue;
		ck_assert_msg(read_text(arena, line, strlen(line), &d, &error) == 0, "%.20s: %s", key, error);
		keys++;
	}
	ck_assert_uint_gt(keys, 60);
	ck_assert_int_eq(read_text(arena, S("{\"v\":1}"), &d, &error), 0);
	ck_assert_int_eq(d.verdict.decisive, -1);
	ck_assert(d.line_id == NULL && d.evidence.n_authors == 0 && d.verdict.chosen == ACTION_UNSET);
	ck_assert_int_eq(read_text(arena, S("{\"v\":1,\"judged\":[{}]}"), &d, &error), 0);
	ck_assert_int_eq(d.verdict.authors[0].dkim_index, -1);
	arena_free(arena);
}
END_TEST

static const struct {
	const char *name, *line;
	size_t len;
	const char *wanted;
} refused[] = {
	{ "empty", S(""), "line 1" },
	{ "no JSON", S("mail from example.com\n"), "line 1" },
	{ "a list", S("[{\"v\":1}]"), "no object with a version" },
	{ "no version", S("{\"id\":\"x\"}"), "no object with a version" },
	{ "version as text", S("{\"v\":\"1\"}"), "no object with a version" },
	{ "version 0", S("{\"v\":0}"), "no object with a version" },
	{ "newer", S("{\"v\":2,\"id\":7}"), "version 2 of the journal is newer" },
	{ "invalid UTF-8", S("{\"v\":1,\"id\":\"\xff\"}"), "byte 0xff" },
	{ "two lines", S("{\"v\":1}\n{\"v\":1}\n"), "line 2" },
	{ "id is a number", S("{\"v\":1,\"id\":7}"), "\"id\"" },
	{ "not a time", S("{\"v\":1,\"when\":\"yesterday\"}"), "\"when\"" },
	{ "unknown word", S("{\"v\":1,\"result\":\"maybe\"}"), "\"result\"" },
	{ "bool as text", S("{\"v\":1,\"dry_run\":\"yes\"}"), "\"dry_run\"" },
	{ "negative count", S("{\"v\":1,\"dkim_unchecked\":-1}"), "\"dkim_unchecked\"" },
	{ "count too large", S("{\"v\":1,\"dkim_unchecked\":4294967296}"), "\"dkim_unchecked\"" },
	{ "broken number", S("{\"v\":1,\"dkim_unchecked\":1.5}"), "\"dkim_unchecked\"" },
	{ "spf is a list", S("{\"v\":1,\"spf\":[]}"), "\"spf\"" },
	{ "dkim is an object", S("{\"v\":1,\"dkim\":{}}"), "\"dkim\"" },
	{ "dkim of numbers", S("{\"v\":1,\"dkim\":[1]}"), "\"dkim\"" },
	{ "five authors", S("{\"v\":1,\"authors\":[{},{},{},{},{}]}"), "\"authors\"" },
	{ "recipients of numbers", S("{\"v\":1,\"recipients\":{\"domains\":[1]},\"chosen_for\":"
				     "[{\"domain\":\"a\",\"chosen\":\"accept\"}]}"), "\"domains\"" },
	{ "decisive without authors", S("{\"v\":1,\"decisive\":0}"), "\"decisive\"" },
	{ "index without signature", S("{\"v\":1,\"judged\":[{\"dkim_index\":0}]}"), "\"dkim_index\"" },
	{ "author without domain", S("{\"v\":1,\"authors\":[{}]}"), "\"authors\"" },
	{ "policy without domain", S("{\"v\":1,\"authors\":[{\"domain\":\"a\",\"policy\":"
				     "{\"status\":\"found\"}}]}"), "\"policy\"" },
	{ "known org without domain", S("{\"v\":1,\"spf\":{\"org\":{\"status\":\"known\"}}}"), "\"org\"" },
	{ "negative index", S("{\"v\":1,\"decisive\":-2}"), "\"decisive\"" },
	{ "record is none", S("{\"v\":1,\"authors\":[{\"policy\":{\"record\":{\"text\":\"v=spf1\"}}}]}"), "\"record\"" },
	{ "recipient's why", S("{\"v\":1,\"chosen_for\":[{\"domain\":\"a\",\"chosen\":\"accept\",\"why\":7}]}"),
	  "\"why\"" },
	{ "recipient without chosen", S("{\"v\":1,\"chosen_for\":[{\"domain\":\"a\"}]}"), "\"chosen_for\"" },
	{ "fewer rules than domains", S("{\"v\":1,\"recipients\":{\"domains\":[\"a\",\"b\"],"
					"\"rules\":[\"x\"]}}"), "\"rules\": is not as long" },
	{ "rules without domains", S("{\"v\":1,\"recipients\":{\"rules\":[\"x\"]}}"), "\"rules\"" },
	{ "rules of numbers", S("{\"v\":1,\"recipients\":{\"domains\":[\"a\"],\"rules\":[1]}}"), "\"rules\"" },
	{ "rules are a text", S("{\"v\":1,\"recipients\":{\"rules\":\"x\"}}"), "\"rules\"" },
	{ "missing as a number", S("{\"v\":1,\"missing\":3}"), "\"missing\"" },
	{ "unknown signal", S("{\"v\":1,\"missing\":[\"not-forwarded\",\"full-moon\"]}"), "\"missing\"" },
	{ "signal as a number", S("{\"v\":1,\"missing\":[1]}"), "\"missing\"" },
	{ "claim without domain", S("{\"v\":1,\"arc\":{\"sets\":[{\"claims\":[{\"method\":\"spf\"}]}]}}"),
	  "\"claims\"" },
	{ "nine claims", S("{\"v\":1,\"arc\":{\"sets\":[{\"claims\":[{},{},{},{},{},{},{},{},{}]}]}}"),
	  "\"claims\": has too many" },
	{ "claim's org without domain", S("{\"v\":1,\"arc\":{\"sets\":[{\"claims\":[{\"domain\":\"a\","
					  "\"org\":{\"status\":\"known\"}}]}]}}"), "\"org\"" },
	{ "sets over the limit", S("{\"v\":1,\"arc\":{\"sets\":[{}]},\"cut\":{\"arc_sets\":50}}"),
	  "\"arc_sets\"" },
	{ "recipient's word", S("{\"v\":1,\"chosen_for\":[{\"domain\":\"a\",\"chosen\":\"x\"}]}"), "\"chosen\"" },
};

START_TEST(bad_lines_are_refused)
{
	struct arena *arena = arena_new();
	struct decision d;
	const char *error;

	ck_assert_msg(read_text(arena, refused[_i].line, refused[_i].len, &d, &error) == -1, "%s", refused[_i].name);
	ck_assert_msg(strstr(error, refused[_i].wanted) != NULL, "%s: %s", refused[_i].name, error);
	arena_free(arena);
}
END_TEST

START_TEST(huge_line_is_refused)
{
	struct arena *arena = arena_new();
	size_t len = 10 * 1024 * 1024;
	char *line = mem_alloc(len);
	struct decision d;
	const char *error;

	memset(line, 'a', len);
	memcpy(line, "{\"v\":1,\"id\":\"", 13);
	memcpy(line + len - 2, "\"}", 2);
	ck_assert_int_eq(read_text(arena, line, len, &d, &error), -1);
	ck_assert_ptr_nonnull(strstr(error, "longer than"));
	ck_assert_uint_lt(arena_bytes(arena), 100000);
	free(line);
	arena_free(arena);
}
END_TEST

/* Damage on the disk: an error or a reading, never a crash. */
START_TEST(damaged_lines_do_no_harm)
{
	sample_seed = 7u + (uint32_t)_i;
	for (unsigned round = 0; round < effort(3000, 300); round++) {
		struct arena *arena = arena_new();
		char *line = arena_strdup(arena, golden);
		struct decision d;
		const char *error;

		for (unsigned n = 1 + sample_random(3); n > 0; n--)
			line[sample_random(sizeof(golden) - 1)] = "\"{}[],:0a\\-1\xff"[sample_random(13)];
		if (read_text(arena, line, sizeof(golden) - 1, &d, &error) == 0) {
			struct ruleset ruleset = sample_ruleset();
			struct verdict verdict;

			decide(&d.evidence, &ruleset, arena, &verdict);
		}
		arena_free(arena);
	}
}
END_TEST

/* ---- no member of evidence or verdict without a row ---- */

static void cover(const struct field *fields, size_t base, bool *covered)
{
	for (const struct field *f = fields; f->kind != FIELD_END; f++) {
		size_t size = sizeof(void *);

		if (f->kind == FIELD_OBJECT) {
			cover(f->sub, base + f->offset, covered);
			continue;
		}
		if (f->kind == FIELD_ENUM || f->kind == FIELD_UINT || f->kind == FIELD_INDEX ||
		    f->kind == FIELD_SIGNALS)
			size = sizeof(int);
		else if (f->kind == FIELD_BOOL)
			size = sizeof(bool);
		else if (f->kind == FIELD_INLINE)
			size = f->size * f->max;
		if (f->kind == FIELD_CHOSEN_FOR)
			memset(covered + base + f->offset + offsetof(struct verdict, recipients), 1, 12);
		else
			memset(covered + base + f->offset, 1, size);
		if (f->count != 0)
			memset(covered + base + f->count, 1, sizeof(unsigned));
	}
}

START_TEST(every_member_has_a_row)
{
	static bool covered[sizeof(struct decision)];
	size_t gap = 0;

	cover(decision_fields, 0, covered);
	for (size_t i = 0; i < sizeof(covered); i++) {
		gap = covered[i] ? 0 : gap + 1;
		ck_assert_msg(gap < sizeof(void *), "octets to %zu of struct decision (evidence at %zu, verdict "
			      "at %zu) are in no row of decision_fields.c", i,
			      offsetof(struct decision, evidence), offsetof(struct decision, verdict));
	}
}
END_TEST

/* ---- and no row without its words in the manual ---- */

static void find_rows(const char *page, const struct field *fields, const char *prefix)
{
	for (const struct field *f = fields; f->kind != FIELD_END; f++) {
		bool list = f->kind >= FIELD_SIGNATURES && f->kind != FIELD_RECORD;
		char path[200], item[220];

		snprintf(path, sizeof(path), "%s%s%s", prefix, f->key, list ? "[]" : "");
		snprintf(item, sizeof(item), "\n.It Va %s\n", path);
		if (f->sub == NULL && strstr(page, item) == NULL)
			ck_abort_msg("alignd-journal.5 does not tell of %s", path);
		snprintf(item, sizeof(item), "%s.", path);
		if (f->sub != NULL)
			find_rows(page, f->sub, item);
	}
}

START_TEST(manual_tells_every_key)
{
	static char page[65536];
	FILE *file = fopen(TESTDIR "/../tools/alignd-journal.5", "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(page, 1, sizeof(page) - 1, file), 1000);
	fclose(file);
	find_rows(page, decision_fields, "");
}
END_TEST

static Suite *decision_json_suite(void)
{
	Suite *suite = suite_create("decision_json");
	TCase *tcase = tcase_create("decision_json");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, random_decisions_come_back, 0, 4);
	tcase_add_test(tcase, local_parts_stay_out);
	tcase_add_loop_test(tcase, worst_case_fits, 0, N_ROWS(worst));
	tcase_add_test(tcase, long_record_is_marked);
	tcase_add_test(tcase, line_looks_so);
	tcase_add_test(tcase, first_lines_are_read_for_ever);
	tcase_add_test(tcase, cut_short_lines_are_refused);
	tcase_add_test(tcase, missing_keys_have_defaults);
	tcase_add_loop_test(tcase, bad_lines_are_refused, 0, N_ROWS(refused));
	tcase_add_test(tcase, huge_line_is_refused);
	tcase_add_loop_test(tcase, damaged_lines_do_no_harm, 0, 2);
	tcase_add_test(tcase, every_member_has_a_row);
	tcase_add_test(tcase, manual_tells_every_key);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(decision_json_suite())
