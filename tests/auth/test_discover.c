/* Policy and Organizational Domain, by the walk and by the list. Each row is a
 * zone and a question; a second part holds answers back to see what is asked
 * when, and what is waited for. */
#include "testmain.h"

#include <stdio.h>

#include "auth/discover.h"
#include "auth/suffix.h"
#include "base/clock.h"

#define MAX_LINES 8

static const struct asker_limits limits = { 60000, 160 };

#define WALK DISCOVERY_TREEWALK
#define LIST DISCOVERY_PSL

struct row {
	const char *name;
	enum discovery_method method;
	bool guard;
	const char *author;
	const char *zone[MAX_LINES];
	enum discovery_status status;
	const char *domain, *org;       /* NULL org: its look-up failed */
	enum disposition p;
	enum existence exists;
	bool is_psd, several, guarded;
};

static const struct row rows[] = {
	{ .name = "own record", .method = WALK, .author = "example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=reject\"" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_REJECT },
	{ .name = "none at all", .method = WALK, .author = "a.example.com",
	  .zone = { "a.example.com A 192.0.2.1" },
	  .status = DISCOVERY_NO_RECORD, .org = "a.example.com" },
	{ .name = "record of the Organizational Domain", .method = WALK, .author = "a.b.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=reject\"",
		    "_dmarc.b.example.com TXT \"v=DMARC1; p=none\"" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_REJECT },
	{ .name = "own record, another one above", .method = WALK, .author = "a.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=reject\"",
		    "_dmarc.a.example.com TXT \"v=DMARC1; p=none\"" },
	  .status = DISCOVERY_FOUND, .domain = "a.example.com", .org = "example.com",
	  .p = DISPOSITION_NONE },
	{ .name = "psd=y governs what has none", .method = WALK, .author = "a.b.bank.example",
	  .zone = { "_dmarc.bank.example TXT \"v=DMARC1; p=reject; psd=y\"" },
	  .status = DISCOVERY_FOUND, .domain = "bank.example", .org = "b.bank.example",
	  .p = DISPOSITION_REJECT, .is_psd = true },
	{ .name = "psd=y is not used when its domain has one", .method = WALK, .author = "a.b.bank.example",
	  .zone = { "_dmarc.bank.example TXT \"v=DMARC1; p=reject; psd=y\"",
		    "_dmarc.b.bank.example TXT \"v=DMARC1; p=none\"" },
	  .status = DISCOVERY_FOUND, .domain = "b.bank.example", .org = "b.bank.example",
	  .p = DISPOSITION_NONE },
	{ .name = "psd=n ends it", .method = WALK, .author = "a.b.example.com",
	  .zone = { "_dmarc.b.example.com TXT \"v=DMARC1; p=none; psd=n\"",
		    "_dmarc.example.com TXT \"v=DMARC1; p=reject\"" },
	  .status = DISCOVERY_FOUND, .domain = "b.example.com", .org = "b.example.com",
	  .p = DISPOSITION_NONE },
	{ .name = "psd=n ends it before a failure above", .method = WALK, .author = "a.b.example.com",
	  .zone = { "_dmarc.b.example.com TXT \"v=DMARC1; p=none; psd=n\"",
		    "_dmarc.example.com SERVFAIL" },
	  .status = DISCOVERY_FOUND, .domain = "b.example.com", .org = "b.example.com",
	  .p = DISPOSITION_NONE },
	{ .name = "two records cancel, the walk goes on", .method = WALK, .author = "a.example.com",
	  .zone = { "_dmarc.a.example.com TXT \"v=DMARC1; p=none\"",
		    "_dmarc.a.example.com TXT \"v=DMARC1; p=none\"",
		    "_dmarc.example.com TXT \"v=DMARC1; p=reject\"" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_REJECT, .several = true },
	{ .name = "other TXT data do not count", .method = WALK, .author = "example.com",
	  .zone = { "_dmarc.example.com TXT \"v=spf1 -all\"",
		    "_dmarc.example.com TXT \"v=DMARC1; p=quarantine\"" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_QUARANTINE },
	{ .name = "by an alias", .method = WALK, .author = "example.com",
	  .zone = { "_dmarc.example.com CNAME _dmarc.example.org",
		    "_dmarc.example.org TXT \"v=DMARC1; p=quarantine\"" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_QUARANTINE },
	{ .name = "failure at the Author Domain", .method = WALK, .author = "example.com",
	  .zone = { "_dmarc.example.com TIMEOUT" }, .status = DISCOVERY_TEMPERROR },
	{ .name = "failure above, nothing found yet", .method = WALK, .author = "a.example.com",
	  .zone = { "_dmarc.example.com BOGUS" }, .status = DISCOVERY_TEMPERROR },
	{ .name = "failure above, only a name between found", .method = WALK, .author = "a.b.example.com",
	  .zone = { "_dmarc.b.example.com TXT \"v=DMARC1; p=none\"", "_dmarc.example.com SERVFAIL" },
	  .status = DISCOVERY_TEMPERROR },
	{ .name = "failure above an own record", .method = WALK, .author = "a.example.com",
	  .zone = { "_dmarc.a.example.com TXT \"v=DMARC1; p=reject\"", "_dmarc.example.com SERVFAIL" },
	  .status = DISCOVERY_FOUND, .domain = "a.example.com", .p = DISPOSITION_REJECT },
	{ .name = "nine labels: the skipped name is not seen", .method = WALK,
	  .author = "a.b.c.d.e.f.g.example.com",
	  .zone = { "_dmarc.b.c.d.e.f.g.example.com TXT \"v=DMARC1; p=none; psd=n\"",
		    "_dmarc.example.com TXT \"v=DMARC1; p=reject\"" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_REJECT },
	{ .name = "guard: a public suffix without psd", .method = WALK, .guard = true,
	  .author = "a.shop.co.uk", .zone = { "_dmarc.co.uk TXT \"v=DMARC1; p=reject\"" },
	  .status = DISCOVERY_FOUND, .domain = "co.uk", .org = "shop.co.uk",
	  .p = DISPOSITION_REJECT, .is_psd = true, .guarded = true },
	{ .name = "guard: and the one above it", .method = WALK, .guard = true,
	  .author = "a.shop.co.uk", .zone = { "_dmarc.co.uk TXT \"v=DMARC1; p=reject\"",
					      "_dmarc.uk TXT \"v=DMARC1; p=none\"" },
	  .status = DISCOVERY_FOUND, .domain = "co.uk", .org = "shop.co.uk",
	  .p = DISPOSITION_REJECT, .is_psd = true, .guarded = true },
	{ .name = "no guard: the letter", .method = WALK,
	  .author = "a.shop.co.uk", .zone = { "_dmarc.co.uk TXT \"v=DMARC1; p=reject\"" },
	  .status = DISCOVERY_FOUND, .domain = "co.uk", .org = "co.uk", .p = DISPOSITION_REJECT },
	{ .name = "np: the name exists with another type", .method = WALK, .author = "a.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=none; np=reject\"", "a.example.com TXT \"x\"" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_NONE, .exists = EXISTENCE_PRESENT },
	{ .name = "np: an empty non-terminal exists", .method = WALK, .author = "a.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=none; np=reject\"", "b.a.example.com A 192.0.2.1" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_NONE, .exists = EXISTENCE_PRESENT },
	{ .name = "np: no such name", .method = WALK, .author = "a.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=none; np=reject\"" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_NONE, .exists = EXISTENCE_ABSENT },
	{ .name = "np: the test fails", .method = WALK, .author = "a.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=none; np=reject\"", "a.example.com SERVFAIL" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_NONE, .exists = EXISTENCE_UNKNOWN },
	{ .name = "np as sp: not asked", .method = WALK, .author = "a.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=none; sp=reject; np=reject\"",
		    "a.example.com SERVFAIL" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com", .p = DISPOSITION_NONE },

	{ .name = "list: own record", .method = LIST, .author = "a.example.com",
	  .zone = { "_dmarc.a.example.com TXT \"v=DMARC1; p=none\"",
		    "_dmarc.example.com TXT \"v=DMARC1; p=reject\"" },
	  .status = DISCOVERY_FOUND, .domain = "a.example.com", .org = "example.com",
	  .p = DISPOSITION_NONE },
	{ .name = "list: the Organizational Domain's", .method = LIST, .author = "a.b.example.co.uk",
	  .zone = { "_dmarc.b.example.co.uk TXT \"v=DMARC1; p=none\"",
		    "_dmarc.example.co.uk TXT \"v=DMARC1; p=reject\"" },
	  .status = DISCOVERY_FOUND, .domain = "example.co.uk", .org = "example.co.uk",
	  .p = DISPOSITION_REJECT },
	{ .name = "list: two records end the search", .method = LIST, .author = "a.example.com",
	  .zone = { "_dmarc.a.example.com TXT \"v=DMARC1; p=none\"",
		    "_dmarc.a.example.com TXT \"v=DMARC1; p=none\"",
		    "_dmarc.example.com TXT \"v=DMARC1; p=reject\"" },
	  .status = DISCOVERY_NO_RECORD, .org = "example.com", .several = true },
	{ .name = "list: two records above", .method = LIST, .author = "a.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=none\"",
		    "_dmarc.example.com TXT \"v=DMARC1; p=none\"" },
	  .status = DISCOVERY_NO_RECORD, .org = "example.com" },
	{ .name = "list: nothing above the Organizational Domain", .method = LIST, .author = "example.com",
	  .zone = { "_dmarc.com TXT \"v=DMARC1; p=none; psd=y\"" },
	  .status = DISCOVERY_NO_RECORD, .org = "example.com" },
	{ .name = "list: psd has no effect", .method = LIST, .author = "a.b.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=none; psd=y\"" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_NONE },
	{ .name = "list: failure at the Author Domain", .method = LIST, .author = "a.example.com",
	  .zone = { "_dmarc.a.example.com SERVFAIL", "_dmarc.example.com TXT \"v=DMARC1; p=none\"" },
	  .status = DISCOVERY_TEMPERROR, .org = "example.com" },
	{ .name = "list: failure above", .method = LIST, .author = "a.example.com",
	  .zone = { "_dmarc.example.com SERVFAIL" },
	  .status = DISCOVERY_TEMPERROR, .org = "example.com" },
	{ .name = "list: failure above an own record", .method = LIST, .author = "a.example.com",
	  .zone = { "_dmarc.a.example.com TXT \"v=DMARC1; p=reject\"", "_dmarc.example.com SERVFAIL" },
	  .status = DISCOVERY_FOUND, .domain = "a.example.com", .org = "example.com",
	  .p = DISPOSITION_REJECT },
	{ .name = "list: np, only TXT there", .method = LIST, .author = "a.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=none; np=reject\"", "a.example.com TXT \"x\"" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_NONE, .exists = EXISTENCE_ABSENT },
	{ .name = "list: np, an MX is there, A fails", .method = LIST, .author = "a.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=none; np=reject\"",
		    "a.example.com MX 10 mail.example", "a.example.com A SERVFAIL" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_NONE, .exists = EXISTENCE_PRESENT },
	{ .name = "list: np, one look-up fails", .method = LIST, .author = "a.example.com",
	  .zone = { "_dmarc.example.com TXT \"v=DMARC1; p=none; np=reject\"", "a.example.com AAAA TIMEOUT" },
	  .status = DISCOVERY_FOUND, .domain = "example.com", .org = "example.com",
	  .p = DISPOSITION_NONE, .exists = EXISTENCE_UNKNOWN },
};

static struct suffix_psl *open_psl(void)
{
	const char *error = NULL;
	struct suffix_psl *psl = suffix_psl_open(NULL, &error);

	ck_assert_msg(psl != NULL, "%s", error);
	return psl;
}

static struct resolver *open_zone(const char *const *lines, unsigned max)
{
	struct resolver *zone = resolver_zone_new();
	const char *error = "";

	for (unsigned i = 0; i < max && lines[i] != NULL; i++)
		ck_assert_msg(resolver_zone_add_line(zone, lines[i], &error) == 0, "%s", error);
	return zone;
}

static bool same(const char *a, const char *b)
{
	return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

static void check_found(const struct row *row, const struct policy_found *found)
{
	ck_assert_msg(found->method == row->method, "%s: method", row->name);
	ck_assert_msg(found->status == row->status, "%s: %s", row->name,
		      names_get(discovery_status_names, found->status));
	ck_assert_msg(same(found->domain, row->domain), "%s: found at %s", row->name, found->domain);
	ck_assert_msg(found->record.p == row->p, "%s: p=%s", row->name,
		      names_get(disposition_names, found->record.p));
	ck_assert_msg(found->org.status == (row->org != NULL ? ORG_KNOWN : ORG_TEMPERROR),
		      "%s: org status", row->name);
	ck_assert_msg(same(found->org.domain, row->org), "%s: org %s", row->name, found->org.domain);
	ck_assert_msg(found->exists == row->exists, "%s: %s", row->name,
		      names_get(existence_names, found->exists));
	ck_assert_msg(found->is_psd == row->is_psd && found->several == row->several &&
		      found->org.guarded == row->guarded, "%s: flags", row->name);
	ck_assert_msg((found->reason != NULL) == (row->status == DISCOVERY_TEMPERROR || row->org == NULL),
		      "%s: reason %s", row->name, found->reason);
}

struct question {
	const struct discover_options *options;
	const char *domain;
	struct policy_found found;
	struct org org;
	unsigned runs;
	bool finished;
};

static bool policy_task(struct asker *asker, void *context)
{
	struct question *q = context;

	q->runs++;
	return q->finished = discover_policy(asker, q->options, q->domain, &q->found);
}

static bool org_task(struct asker *asker, void *context)
{
	struct question *q = context;

	q->runs++;
	return q->finished = discover_org(asker, q->options, q->domain, &q->org);
}

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct suffix_psl *psl = open_psl();
	struct discover_options options = { row->method, row->guard, suffix_psl_list(psl) };
	struct resolver *zone = open_zone(row->zone, MAX_LINES);
	struct asker *asker = asker_new(zone, &limits);
	struct question policy = { .options = &options, .domain = row->author };
	struct question org = policy;

	asker_add(asker, policy_task, &policy);
	asker_add(asker, org_task, &org);
	asker_wait(asker, 60000, 0, NULL, NULL);
	check_found(row, &policy.found);
	if (row->method == WALK)
		ck_assert_msg(same(org.org.domain, row->org), "%s: alone %s", row->name, org.org.domain);
	else
		ck_assert_msg(same(org.org.domain, row->org) && org.org.status == ORG_KNOWN,
			      "%s: alone %s", row->name, org.org.domain);
	asker_free(asker);
	resolver_close(zone);
	suffix_psl_close(psl);
}
END_TEST

/* A zone behind a resolver that holds all answers until they are let go. */

struct holder {
	struct resolver base;
	struct resolver *zone;
	struct held {
		char name[RESOLVER_NAME_SIZE];
		enum dns_type type;
		resolver_done_fn *done;
		void *context;
	} held[64];
	unsigned n;
};

static const struct dns_answer *hold(struct resolver *resolver, const char *name, enum dns_type type,
				     const char *author, resolver_done_fn *done, void *context,
				     int64_t *started_ms_r)
{
	struct holder *holder = (struct holder *)resolver;
	struct held *held = &holder->held[holder->n++];

	(void)author;
	ck_assert_uint_le(holder->n, 64);
	*started_ms_r = clock_mono_ms();
	snprintf(held->name, sizeof(held->name), "%s", name);
	held->type = type;
	held->done = done;
	held->context = context;
	return NULL;
}

static void release(struct holder *holder, const char *name)
{
	for (unsigned i = 0; i < holder->n; i++) {
		struct held *held = &holder->held[i];
		int64_t started_ms;

		if (held->done == NULL || (name != NULL && strcmp(held->name, name) != 0))
			continue;
		resolver_done_fn *done = held->done;

		held->done = NULL;
		done(held->context, resolver_want(holder->zone, held->name, held->type, "", NULL, NULL,
						  &started_ms));
	}
}

static const struct resolver_ops hold_ops = { hold, NULL, NULL };

START_TEST(test_all_names_at_once)
{
	static const char *const lines[] = { "_dmarc.example.com TXT \"v=DMARC1; p=none; np=reject\"" };
	struct suffix_psl *psl = open_psl();
	struct discover_options options = { WALK, true, suffix_psl_list(psl) };
	struct holder holder = { .base = { &hold_ops }, .zone = open_zone(lines, 1) };
	struct asker *asker = asker_new(&holder.base, &limits);
	struct question q = { .options = &options, .domain = "a.b.example.com" };

	asker_add(asker, policy_task, &q);
	ck_assert_uint_eq(holder.n, 4);
	ck_assert_str_eq(holder.held[0].name, "_dmarc.a.b.example.com");
	ck_assert_str_eq(holder.held[3].name, "_dmarc.com");
	release(&holder, "_dmarc.com");         /* order of arrival does not matter */
	release(&holder, "_dmarc.example.com");
	ck_assert_uint_eq(q.runs, 1);
	release(&holder, "_dmarc.a.b.example.com");
	release(&holder, "_dmarc.b.example.com");
	ck_assert(!q.finished);
	ck_assert_uint_eq(holder.n, 5);         /* the existence test, only now */
	ck_assert_str_eq(holder.held[4].name, "a.b.example.com");
	release(&holder, "a.b.example.com");
	ck_assert(q.finished);
	ck_assert_int_eq(q.found.exists, EXISTENCE_ABSENT);
	asker_free(asker);
	resolver_close(holder.zone);
	suffix_psl_close(psl);
}
END_TEST

START_TEST(test_early_end)
{
	static const char *const lines[] = { "_dmarc.b.example.com TXT \"v=DMARC1; p=none; psd=n\"" };
	struct suffix_psl *psl = open_psl();
	struct discover_options options = { WALK, true, suffix_psl_list(psl) };
	struct holder holder = { .base = { &hold_ops }, .zone = open_zone(lines, 1) };
	struct asker *asker = asker_new(&holder.base, &limits);
	struct question policy = { .options = &options, .domain = "a.b.example.com" };
	struct question org = policy;

	asker_add(asker, policy_task, &policy);
	asker_add(asker, org_task, &org);
	release(&holder, "_dmarc.a.b.example.com");
	release(&holder, "_dmarc.b.example.com");
	ck_assert(policy.finished && org.finished);     /* example.com and com are still held */
	ck_assert_str_eq(org.org.domain, "b.example.com");
	release(&holder, NULL);
	asker_free(asker);
	resolver_close(holder.zone);
	suffix_psl_close(psl);
}
END_TEST

START_TEST(test_list_asks_both)
{
	static const char *const lines[] = { "_dmarc.a.b.example.com TXT \"v=DMARC1; p=none\"" };
	struct suffix_psl *psl = open_psl();
	struct discover_options options = { LIST, true, suffix_psl_list(psl) };
	struct holder holder = { .base = { &hold_ops }, .zone = open_zone(lines, 1) };
	struct asker *asker = asker_new(&holder.base, &limits);
	struct question q = { .options = &options, .domain = "a.b.example.com" };

	asker_add(asker, policy_task, &q);
	ck_assert_uint_eq(holder.n, 2);
	ck_assert_str_eq(holder.held[1].name, "_dmarc.example.com");
	release(&holder, "_dmarc.a.b.example.com");
	ck_assert(q.finished);
	release(&holder, NULL);
	asker_free(asker);
	resolver_close(holder.zone);
	suffix_psl_close(psl);
}
END_TEST

START_TEST(test_longest_name)
{
	struct suffix_psl *psl = open_psl();
	struct discover_options options = { WALK, true, suffix_psl_list(psl) };
	struct resolver *zone = open_zone(NULL, 0);
	struct asker *asker = asker_new(zone, &limits);
	char name[DOMAIN_SIZE];
	struct question q = { .options = &options, .domain = name };

	for (int i = 0; i < DOMAIN_MAX; i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	name[DOMAIN_MAX] = '\0';
	asker_add(asker, policy_task, &q);
	ck_assert(q.finished);
	ck_assert_int_eq(q.found.status, DISCOVERY_NO_RECORD);
	asker_free(asker);
	resolver_close(zone);
	suffix_psl_close(psl);
}
END_TEST

static Suite *discover_suite(void)
{
	Suite *suite = suite_create("discover");
	TCase *tcase = tcase_create("discover");

	tcase_add_loop_test(tcase, test_row, 0, N_ROWS(rows));
	tcase_add_test(tcase, test_all_names_at_once);
	tcase_add_test(tcase, test_early_end);
	tcase_add_test(tcase, test_list_asks_both);
	tcase_add_test(tcase, test_longest_name);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(discover_suite())
