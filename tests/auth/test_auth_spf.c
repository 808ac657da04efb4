/* How a check asks: what, when, and that running it again changes nothing. The
 * asker here is a fake whose answers come when the test says so; the answers
 * themselves are a zone's. Results are covered by tests/data/spf.yml. */
#include "testmain.h"

#include <pthread.h>

#include "auth/auth_spf.h"
#include "base/buf.h"

#define MAX_QUESTIONS 64

struct asker {
	struct resolver *zone;
	struct arena *arena;
	struct {
		char name[300];
		enum dns_type type;
		const struct dns_answer *answer;
		bool there;
	} list[MAX_QUESTIONS];
	unsigned n, n_there;
	bool late;
};

struct arena *asker_arena(struct asker *asker)
{
	return asker->arena;
}

const struct dns_answer *asker_get(struct asker *asker, const char *name, enum dns_type type)
{
	unsigned i = 0;
	int64_t started_ms;

	while (i < asker->n && (asker->list[i].type != type || strcmp(asker->list[i].name, name) != 0))
		i++;
	if (i == asker->n) {
		ck_assert_uint_lt(asker->n, MAX_QUESTIONS);
		snprintf(asker->list[i].name, sizeof(asker->list[i].name), "%s", name);
		asker->list[i].type = type;
		asker->list[i].answer = resolver_want(asker->zone, name, type, "", NULL, NULL, &started_ms);
		asker->list[i].there = !asker->late;
		asker->n++;
	}
	return asker->list[i].there ? asker->list[i].answer : NULL;
}

void asker_want_ahead(struct asker *asker, const char *name, enum dns_type type)
{
	asker_get(asker, name, type);
}

static struct asker *fake_new(const char *const *zone, bool late)
{
	struct asker *asker = mem_zalloc(sizeof(*asker));
	const char *error;

	asker->zone = resolver_zone_new();
	asker->arena = arena_new();
	asker->late = late;
	for (; *zone != NULL; zone++)
		ck_assert_msg(resolver_zone_add_line(asker->zone, *zone, &error) == 0, "%s: %s", *zone, error);
	return asker;
}

static void fake_free(struct asker *asker)
{
	for (unsigned i = 0; i < asker->n; i++)
		dns_answer_unref(asker->list[i].answer);
	resolver_close(asker->zone);
	arena_free(asker->arena);
	free(asker);
}

static const char *const zone[] = {
	"plain.example.net TXT \"v=spf1 ip4:192.0.2.1 a:a.example.net a:b.example.net -all exp=why.example.net\"",
	"a.example.net A 192.0.2.2",
	"b.example.net A 192.0.2.3",
	"why.example.net TXT \"because of %{p}\"",
	"mx.example.net TXT \"v=spf1 mx -all\"",
	"mx.example.net MX 10 a.example.net",
	"mx.example.net MX 20 b.example.net",
	"mx.example.net MX 30 c.example.net",
	"c.example.net A 192.0.2.4",
	"inc.example.net TXT \"v=spf1 include:plain.example.net include:mx.example.net redirect=ptr.example.net\"",
	"ptr.example.net TXT \"v=spf1 ptr ~all\"",
	"9.2.0.192.in-addr.arpa PTR a.example.net",
	"9.2.0.192.in-addr.arpa PTR b.example.net",
	"same.example.net TXT \"v=spf1 a:a.example.net a:A.example.net mx:mx.example.net ?all\"",
	"names.example.net TXT \"v=spf1 a:a.example.net mx:mx.example.net exists:%{v}.example.net"
	" exists:%{p}.example.net include:plain.example.net -all\"",
	"many.example.net TXT \"v=spf1 a:1.example.net ip4:192.0.2.1 ptr:x.example.net a:3.example.net a:4.example.net"
	" a:5.example.net a:6.example.net a:7.example.net a:8.example.net a:9.example.net a:10.example.net"
	" a:11.example.net a:12.example.net -all\"",
	"slow.example.net TIMEOUT",
	NULL,
};

/* What is asked, "|" between what is asked together. */
static const struct { const char *name, *sender, *client, *asked, *result; } order_rows[] = {
	{ "a network needs no look-up", "plain.example.net", "192.0.2.1", "TXT plain.example.net", "pass" },
	{ "all that a record names together", "plain.example.net", "192.0.2.2",
	  "TXT plain.example.net, A a.example.net | A b.example.net", "pass" },
	{ "an explanation when it fails", "plain.example.net", "192.0.2.9",
	  "TXT plain.example.net, A a.example.net | A b.example.net, TXT why.example.net, "
	  "PTR 9.2.0.192.in-addr.arpa", "fail" },
	{ "not what lies behind names of the client", "names.example.net", "192.0.2.9",
	  "TXT names.example.net, A a.example.net | MX mx.example.net | A in-addr.example.net | TXT plain.example.net, "
	  "A b.example.net | A c.example.net, PTR 9.2.0.192.in-addr.arpa, A unknown.example.net", "fail" },
	{ "names of the client together", "ptr.example.net", "192.0.2.9",
	  "TXT ptr.example.net, PTR 9.2.0.192.in-addr.arpa, A a.example.net | A b.example.net", "softfail" },
	{ "exchanges together", "mx.example.net", "192.0.2.4",
	  "TXT mx.example.net, MX mx.example.net, A a.example.net | A b.example.net | A c.example.net", "pass" },
	{ "includes, redirect, names", "inc.example.net", "192.0.2.9",
	  "TXT inc.example.net, TXT plain.example.net | TXT mx.example.net | TXT ptr.example.net, "
	  "A a.example.net | A b.example.net, MX mx.example.net, A c.example.net, "
	  "PTR 9.2.0.192.in-addr.arpa", "softfail" },
	{ "not what is beyond ten terms", "many.example.net", "192.0.2.9",
	  "TXT many.example.net, A 1.example.net | A 3.example.net | A 4.example.net | A 5.example.net"
	  " | A 6.example.net | A 7.example.net | A 8.example.net | A 9.example.net | A 10.example.net, "
	  "PTR 9.2.0.192.in-addr.arpa, A a.example.net | A b.example.net", "permerror" },
	{ "client unknown", "plain.example.net", "", "", "none" },
	{ "no domain", NULL, "192.0.2.9", "", "none" },
	{ "failure", "slow.example.net", "192.0.2.9", "TXT slow.example.net", "temperror" },
};

static void make_question(const char *sender_domain, const char *client, struct sender *sender,
			  struct spf_question *question_r)
{
	*sender = (struct sender){ .status = PATH_MAILBOX, .local = "user", .domain = sender_domain };
	*question_r = (struct spf_question){ .helo = "helo.example.net", .helo_domain = "helo.example.net",
					     .sender = sender, .receiver = "receiver.example.net" };
	address_parse(slice_of(client), &question_r->client);
}

/* Runs to the end, `all` answers (or the oldest missing one) at a time; what
 * was asked together goes to `asked`. */
static void run_late(struct asker *asker, const struct spf_question *question, bool all,
		     struct spf_evidence *got, struct buf *asked)
{
	unsigned listed = 0, runs = 0;

	while (!auth_spf_check(asker, question, got)) {
		ck_assert_uint_lt(runs++, 100);
		ck_assert_uint_lt(asker->n_there, asker->n);
		for (bool first = true; listed < asker->n; listed++, first = false)
			buf_printf(asked, "%s%s %s", listed == 0 ? "" : first ? ", " : " | ",
				   names_get(dns_type_names, asker->list[listed].type),
				   asker->list[listed].name);
		do
			asker->list[asker->n_there++].there = true;
		while (all && asker->n_there < asker->n);
	}
	ck_assert_uint_eq(listed, asker->n);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

START_TEST(asks_in_order)
{
	struct asker *asker = fake_new(zone, true);
	struct spf_question question;
	struct spf_evidence got;
	struct sender sender;
	struct buf asked;

	buf_init(&asked, 4096);
	make_question(order_rows[_i].sender, order_rows[_i].client, &sender, &question);
	run_late(asker, &question, true, &got, &asked);
	ck_assert_msg(strcmp(buf_str(&asked), order_rows[_i].asked) == 0, "%s: %s", order_rows[_i].name,
		      buf_str(&asked));
	ck_assert_msg(strcmp(names_get(spf_result_names, got.result), order_rows[_i].result) == 0,
		      "%s: %s", order_rows[_i].name, names_get(spf_result_names, got.result));
	buf_done(&asked);
	fake_free(asker);
}
END_TEST

START_TEST(late_answers_change_nothing)
{
	struct asker *late = fake_new(zone, true), *prompt = fake_new(zone, false);
	struct spf_question question;
	struct spf_evidence got, wanted;
	struct sender sender;
	struct buf asked;

	buf_init(&asked, 4096);
	make_question(order_rows[_i].sender, order_rows[_i].client, &sender, &question);
	run_late(late, &question, false, &got, &asked);
	ck_assert(auth_spf_check(prompt, &question, &wanted));
	ck_assert_int_eq(got.result, wanted.result);
	ck_assert_int_eq(got.scope, wanted.scope);
	ck_assert(same_text(got.domain, wanted.domain));
	ck_assert(same_text(got.reason, wanted.reason));
	ck_assert(same_text(got.explanation, wanted.explanation));
	ck_assert_uint_ge(late->n, prompt->n);          /* what was asked ahead */
	buf_done(&asked);
	fake_free(late);
	fake_free(prompt);
}
END_TEST

START_TEST(knows_the_scope)
{
	static const enum path_status status[] = { PATH_NULL, PATH_MAILBOX, PATH_LOCAL_ONLY, PATH_LITERAL,
						   PATH_UNUSABLE };
	struct asker *asker = fake_new(zone, false);
	struct spf_question question;
	struct spf_evidence got;
	struct sender sender;

	for (unsigned i = 0; i < sizeof(status) / sizeof(status[0]); i++) {
		make_question("plain.example.net", "192.0.2.1", &sender, &question);
		question.helo_domain = "mx.example.net";
		sender = (struct sender){ .status = status[i], .reason = "two at signs",
					  .domain = status[i] == PATH_MAILBOX ? "plain.example.net" : NULL };
		ck_assert(auth_spf_check(asker, &question, &got));
		ck_assert_int_eq(got.scope, i == 0 ? SCOPE_SPF_HELO : SCOPE_SPF_MAILFROM);
		ck_assert(same_text(got.domain, i == 0 ? "mx.example.net" : i == 1 ? "plain.example.net" : NULL));
		ck_assert_int_eq(got.result, i == 0 ? RES_SPF_FAIL : i == 1 ? RES_SPF_PASS : RES_SPF_NONE);
		ck_assert(i < 2 || got.reason != NULL);
	}
	ck_assert_str_eq(got.reason, "two at signs");
	question.sender = NULL;
	ck_assert(auth_spf_check(asker, &question, &got));
	ck_assert_int_eq(got.scope, SCOPE_SPF_HELO);
	fake_free(asker);
}
END_TEST

/* Records of `octets` together, the last of which passes. */
static enum spf_result check_long(size_t octets)
{
	static const char start[] = "long.example.net TXT \"v=spf1", more[] = " include:more.example.net -all\"",
			  rest[] = "more.example.net TXT \"v=spf1", end[] = " ip4:192.0.2.9 -all\"";
	size_t names = 2 * strlen("long.example.net TXT \"\"");
	const char *lines[] = { NULL, NULL, NULL };
	struct asker *asker;
	struct spf_question question;
	struct spf_evidence got;
	struct sender sender;
	struct buf text[2];

	for (int i = 0; i < 2; i++) {
		buf_init(&text[i], 65536);
		buf_add_str(&text[i], i == 0 ? start : rest);
		while (i == 0 ? text[0].len < octets / 2 :
		       text[0].len + text[1].len + strlen(end) < octets + names)
			buf_add_str(&text[i], i == 0 ? " ip4:192.0.2.1" : " ");
		buf_add_str(&text[i], i == 0 ? more : end);
		lines[i] = buf_str(&text[i]);
	}
	asker = fake_new(lines, false);
	make_question("long.example.net", "192.0.2.9", &sender, &question);
	ck_assert(auth_spf_check(asker, &question, &got));
	ck_assert(got.result != RES_SPF_PERMERROR || strstr(got.reason, "too long") != NULL);
	fake_free(asker);
	buf_done(&text[0]);
	buf_done(&text[1]);
	return got.result;
}

START_TEST(records_have_a_limit_together)
{
	ck_assert_int_eq(check_long(LIMIT_SPF_OCTETS), RES_SPF_PASS);
	ck_assert_int_eq(check_long(LIMIT_SPF_OCTETS + 1), RES_SPF_PERMERROR);
}
END_TEST

static void *check_many(void *context)
{
	unsigned *wrong = context;

	for (unsigned round = 0; round < 200; round++)
		for (unsigned i = 0; i < sizeof(order_rows) / sizeof(order_rows[0]); i++) {
			struct asker *asker = fake_new(zone, false);
			struct spf_question question;
			struct spf_evidence got;
			struct sender sender;

			make_question(order_rows[i].sender, order_rows[i].client, &sender, &question);
			if (!auth_spf_check(asker, &question, &got) ||
			    strcmp(names_get(spf_result_names, got.result), order_rows[i].result) != 0)
				++*wrong;
			fake_free(asker);
		}
	return NULL;
}

START_TEST(threads_do_not_meet)
{
	pthread_t threads[4];
	unsigned wrong[4] = { 0 };

	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, check_many, &wrong[i]), 0);
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_uint_eq(wrong[i], 0);
	}
}
END_TEST

static Suite *suite_spf(void)
{
	Suite *suite = suite_create("auth_spf");
	TCase *tcase = tcase_create("auth_spf");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, asks_in_order, 0, N_ROWS(order_rows));
	tcase_add_loop_test(tcase, late_answers_change_nothing, 0, N_ROWS(order_rows));
	tcase_add_test(tcase, knows_the_scope);
	tcase_add_test(tcase, records_have_a_limit_together);
	tcase_add_test(tcase, threads_do_not_meet);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(suite_spf())
