#include "testjudge.h"

/* Two rules: "tenant" for tenant.example and all below it, "desk" for one address.
 * rcpts: answers in front, T taken, O other rules, M too many; groups: as
 * "domain:rules", comma between. */
static struct rule rules[] = { { .id = "tenant" }, { .id = "desk" } };

static void add_recipient_rules(enum recipients_differ differ)
{
	unsigned k = 0;
	const char *error;

	ck_assert(rule_key_find(SLICE("recipient"), &k));
	for (int i = 0; i < N_ROWS(rules); i++) {
		rules[i].action = RULE_ACCEPT;
		rules[i].match[k].given = true;
		rules[i].match[k].domains = domainset_new();
		rules[i].match[k].texts = textset_new();
	}
	domainset_add(rules[0].match[k].domains, SLICE("tenant.example"), &error);
	domainset_add(rules[0].match[k].domains, SLICE(".tenant.example"), &error);
	textset_add(rules[1].match[k].texts, SLICE("desk@receiver.example"));
	for (int i = 0; i < N_ROWS(rules); i++) {
		domainset_freeze(rules[i].match[k].domains);
		textset_freeze(rules[i].match[k].texts);
	}
	settings->ruleset.rules = rules;
	settings->ruleset.n_rules = N_ROWS(rules);
	settings->ruleset.rules_have_recipients = true;
	settings->ruleset.recipients_differ = differ;
}

static void close_engine_with_rules(void)
{
	settings->ruleset.rules = NULL;
	settings->ruleset.n_rules = 0;
	close_engine();
	rules_free_sets(rules, N_ROWS(rules));
}

static const struct {
	const char *name;
	enum recipients_differ differ;
	const char *ip;
	const char *rcpts[6];
	const char *groups;
	unsigned n, unlisted;
	bool dry_run;
} rcpt_rows[] = {
	{ "groups by domain and rules", DIFFER_QUARANTINE, "192.0.2.1", { "T<a@receiver.example>",
	  "T<desk@receiver.example>", "T<b@Receiver.example>", "T<DESK@receiver.example>", "T<c@tenant.example>" },
	  "receiver.example:,receiver.example:desk,tenant.example:", 5, 0, false },
	{ "split", DIFFER_SPLIT, "192.0.2.1", { "T<a@receiver.example>", "O<desk@receiver.example>",
	  "T<b@other.example>", "O<c@tenant.example>", "T<d@receiver.example>" },
	  "receiver.example:,other.example:", 3, 0, false },
	{ "split, the first has rules", DIFFER_SPLIT, "192.0.2.1", { "T<a@tenant.example>",
	  "T<a@sub.tenant.example>", "O<desk@receiver.example>", "O<a@receiver.example>" },
	  "tenant.example:,sub.tenant.example:", 2, 0, false },
	{ "split, an address has rules", DIFFER_SPLIT, "192.0.2.1", { "T<\"desk\"@receiver.example>",
	  "O<a@receiver.example>", "T<@relay.example:desk@receiver.example>" }, "receiver.example:desk", 2, 0, false },
	{ "split, without a domain", DIFFER_SPLIT, "192.0.2.1", { "T<postmaster>", "T<a@receiver.example>",
	  "O<a@tenant.example>", "T<a@[192.0.2.9]>", "T<nonsense" }, "receiver.example:", 4, 3, false },
	{ "split, without a domain behind a tenant", DIFFER_SPLIT, "192.0.2.1", { "T<a@tenant.example>",
	  "O<postmaster>", "O<a@[192.0.2.9]>" }, "tenant.example:", 1, 0, false },
	{ "exempt mail is not split", DIFFER_SPLIT, "127.0.0.1", { "T<a@receiver.example>",
	  "T<desk@receiver.example>", "T<c@tenant.example>" }, "receiver.example:,tenant.example:", 3, 0, false },
	{ "a dry run puts nobody off", DIFFER_SPLIT, "192.0.2.1", { "T<a@receiver.example>",
	  "T<c@tenant.example>" }, "receiver.example:,tenant.example:", 2, 0, true },
};

START_TEST(groups_recipients)
{
	struct arrival arrival = arrival_from(rcpt_rows[_i].ip, "h.example", "<x@example.com>");
	static const char letters[] = { [MESSAGE_RCPT_TAKEN] = 'T', [MESSAGE_RCPT_OTHER_RULES] = 'O',
					[MESSAGE_RCPT_TOO_MANY] = 'M' };
	const struct evidence *e;
	struct message *m;
	struct buf groups;

	open_engine("");
	add_recipient_rules(rcpt_rows[_i].differ);
	settings->ruleset.dry_run = rcpt_rows[_i].dry_run;
	m = message_new(engine, &arrival);
	for (int i = 0; i < 6 && rcpt_rows[_i].rcpts[i] != NULL; i++)
		ck_assert_msg(letters[message_rcpt(m, slice_of(rcpt_rows[_i].rcpts[i] + 1), SLICE(""))] ==
			      rcpt_rows[_i].rcpts[i][0], "%s: %s", rcpt_rows[_i].name, rcpt_rows[_i].rcpts[i]);
	e = message_evidence(m);
	buf_init(&groups, 1024);
	for (unsigned i = 0; i < e->n_recipient_domains; i++)
		buf_printf(&groups, "%s%s:%s", i > 0 ? "," : "", e->recipient_domains[i], e->recipient_rules[i]);
	ck_assert_msg(strcmp(buf_str(&groups), rcpt_rows[_i].groups) == 0, "%s: %s", rcpt_rows[_i].name,
		      buf_str(&groups));
	ck_assert_msg(e->n_recipients == rcpt_rows[_i].n && e->recipients_unlisted == rcpt_rows[_i].unlisted,
		      "%s: %u, %u", rcpt_rows[_i].name, e->n_recipients, e->recipients_unlisted);
	buf_done(&groups);
	message_free(m);
	close_engine_with_rules();
}
END_TEST

/* When the message came, not today, says which rules hold. */
START_TEST(rules_hold_as_of_the_message)
{
	static const int64_t when_ms[] = { 999, 1000, 0 };
	struct arrival arrival = arrival_from("192.0.2.1", "h.example", "<x@example.com>");

	open_engine("");
	add_recipient_rules(DIFFER_SPLIT);
	rules[0].expires_ms = 1000;
	for (int i = 0; i < N_ROWS(when_ms); i++) {
		struct message *m;

		arrival.when_ms = when_ms[i];
		m = message_new(engine, &arrival);
		message_rcpt(m, SLICE("<a@receiver.example>"), SLICE(""));
		ck_assert_int_eq(message_rcpt(m, SLICE("<a@tenant.example>"), SLICE("")),
				 i == 0 ? MESSAGE_RCPT_OTHER_RULES : MESSAGE_RCPT_TAKEN);
		message_free(m);
	}
	rules[0].expires_ms = 0;
	close_engine_with_rules();
}
END_TEST

/* However an address is written, a tenant's rules are his. */
static const struct {
	const char *name, *rcpt, *resolved, *group;     /* group: NULL: in none */
	unsigned padding;               /* octets more in front of the @ */
} odd_rows[] = {
	{ "no domain, the MTA adds one", "<desk>", "desk@receiver.example", "receiver.example:desk", 0 },
	{ "no domain, nobody adds one", "<desk>", "", NULL, 0 },
	{ "an old way to name a domain", "<a%tenant.example>", "a@tenant.example", "tenant.example:", 0 },
	{ "a domain of its own counts", "<a@tenant.example>", "mapped@receiver.example", "tenant.example:", 0 },
	{ "a trailing dot", "<desk@Receiver.example.>", "", "receiver.example:desk", 0 },
	{ "longer than any rule's", "<desk+@tenant.example>", "", "tenant.example:", 1100 },
	{ "longer than any rule's, without <>", "desk+@tenant.example", "", "tenant.example:", 1100 },
	{ "long and no address", "<desk", "", NULL, 1100 },
};

START_TEST(odd_recipients)
{
	struct arrival arrival = arrival_from("192.0.2.1", "h.example", "<x@example.com>");
	struct slice rcpt = slice_of(odd_rows[_i].rcpt);
	size_t at = slice_find(rcpt, '@');
	const struct evidence *e;
	struct message *m;
	char text[2048];

	snprintf(text, sizeof(text), "%.*s%0*d%s", (int)at, rcpt.data, (int)odd_rows[_i].padding, 0,
		 rcpt.data + at);
	open_engine("");
	add_recipient_rules(DIFFER_QUARANTINE);
	m = message_new(engine, &arrival);
	message_rcpt(m, odd_rows[_i].padding > 0 ? slice_of(text) : rcpt, slice_of(odd_rows[_i].resolved));
	e = message_evidence(m);
	ck_assert_msg(e->n_recipient_domains == (odd_rows[_i].group != NULL) &&
		      e->recipients_unlisted == (odd_rows[_i].group == NULL), "%s", odd_rows[_i].name);
	if (odd_rows[_i].group != NULL) {
		snprintf(text, sizeof(text), "%s:%s", e->recipient_domains[0], e->recipient_rules[0]);
		ck_assert_msg(strcmp(text, odd_rows[_i].group) == 0, "%s: %s", odd_rows[_i].name, text);
	}
	message_free(m);
	close_engine_with_rules();
}
END_TEST

/* Beyond the limit nobody could say whose rules a recipient has. */
START_TEST(recipients_are_bounded)
{
	struct arrival arrival = arrival_from("192.0.2.1", "h.example", "<x@example.com>");
	bool with_rules = _i > 0;
	struct message *m;
	char text[64];

	open_engine("");
	if (with_rules)
		add_recipient_rules(DIFFER_QUARANTINE);
	m = message_new(engine, &arrival);
	for (int i = 0; i < LIMIT_RECIPIENT_DOMAINS + 10; i++) {
		enum message_rcpt answer;

		snprintf(text, sizeof(text), "<a@d%d.example>", i);
		answer = message_rcpt(m, slice_of(text), SLICE(""));
		ck_assert_int_eq(answer, with_rules && i >= LIMIT_RECIPIENT_DOMAINS ?
				 MESSAGE_RCPT_TOO_MANY : MESSAGE_RCPT_TAKEN);
	}
	ck_assert_int_eq(message_rcpt(m, SLICE("<b@d7.example>"), SLICE("")), MESSAGE_RCPT_TAKEN);
	ck_assert_uint_eq(message_evidence(m)->n_recipient_domains, LIMIT_RECIPIENT_DOMAINS);
	ck_assert_uint_eq(message_evidence(m)->recipients_unlisted, with_rules ? 0 : 10);
	message_free(m);
	if (with_rules)
		close_engine_with_rules();
	else
		close_engine();
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("recipients");
	TCase *t = tcase_create("recipients");

	tcase_add_loop_test(t, groups_recipients, 0, N_ROWS(rcpt_rows));
	tcase_add_test(t, rules_hold_as_of_the_message);
	tcase_add_loop_test(t, odd_recipients, 0, N_ROWS(odd_rows));
	tcase_add_loop_test(t, recipients_are_bounded, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
