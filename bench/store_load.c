/* store_load - how fast decisions go into the store, and how large it gets.
 *
 *   bench/store_load [-n MESSAGES] [-p] [-r] WHERE
 *
 * WHERE is a file that is not there yet, or with -p a PostgreSQL connection string.
 * Messages are made up and written as journal lines; what is timed is reading a
 * line and adding it, in transactions of 1000, on one core. -r reads the tallies
 * back. A mix like a mid-sized site's: known senders with a few selectors and
 * hosts each, providers that send for many, lists, a tenth of forgeries from hosts
 * that are seen once, and names that are never seen again. -f prints facts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "core/decide.h"
#include "store/facts.h"
#include "store/store.h"

enum { DOMAINS = 20000, PROVIDERS = 40, RECIPIENTS = 300, BATCH = 1000 };
#define START_MS INT64_C(1778457600000)

static uint64_t seed = 1;

static unsigned rnd(unsigned below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(((seed >> 33) * below) >> 31);
}

/* Few come often, many come seldom. */
static unsigned skewed(unsigned below)
{
	double u = rnd(1u << 30) / (double)(1u << 30);

	return (unsigned)(below * u * u * u * u);
}

static const char *const records[] = {
	"v=DMARC1; p=none; rua=mailto:dmarc@example.com",
	"v=DMARC1; p=reject; rua=mailto:d@reports.example,mailto:x@example.net; fo=1",
	"v=DMARC1; p=quarantine; sp=reject; adkim=s; aspf=s",
	"v=DMARC1; p=none;", "v=DMARC1; p=reject; pct=100; ri=86400; rf=afrf",
	NULL, NULL,
};

struct mail {
	struct arena *arena;
	unsigned number;                /* of the sender */
	const char *domain, *bounces;
	bool forged, is_list;
};

static void set_author(const struct mail *mail, struct evidence *e)
{
	const char *record = records[mail->number % 7];
	struct author *author = &e->authors[0];

	e->from = FROM_OK;
	e->from_fields = e->n_authors = 1;
	author->domain = mail->domain;
	author->policy = (struct policy_found){
		.method = DISCOVERY_TREEWALK, .org = { ORG_KNOWN, mail->domain, false },
		.status = record != NULL ? DISCOVERY_FOUND : DISCOVERY_NO_RECORD,
		.exists = EXISTENCE_PRESENT,
	};
	if (record == NULL)
		return;
	author->policy.domain = mail->domain;
	record_parse(mail->arena, slice_of(record), &author->policy.record);
}

static void set_signatures(const struct mail *mail, struct evidence *e)
{
	bool through_provider = mail->bounces != mail->domain;

	e->n_dkim = mail->forged || mail->number % 10 == 9 ? 0 : 1 + through_provider;
	e->dkim = ARENA_ARRAY(mail->arena, struct dkim_evidence, e->n_dkim);
	for (unsigned i = 0; i < e->n_dkim; i++) {
		const char *d = i == 0 ? mail->domain : mail->bounces;

		e->dkim[i] = (struct dkim_evidence){
			.result = mail->is_list ? RES_DKIM_FAIL : RES_DKIM_PASS,
			.reason = mail->is_list ? "body hash does not match" : NULL,
			.d = d, .s = arena_printf(mail->arena, "s%u", mail->number % 5 + rnd(2)),
			.i_domain = d, .algorithm = "rsa-sha256", .key_bits = 2048, .covers_from = true,
			.b_start = arena_printf(mail->arena, "%08x", rnd(1u << 30)),
			.org = { ORG_KNOWN, d, false },
		};
	}
}

static void set_client(const struct mail *mail, struct evidence *e)
{
	unsigned host = mail->is_list ? rnd(3) : rnd(mail->number % 8 + 1);

	if (mail->forged && rnd(4) > 0) {
		e->client_ip = arena_printf(mail->arena, "198.%u.%u.%u", 18 + rnd(2), rnd(256), rnd(256));
		e->helo = arena_printf(mail->arena, "dsl-%u.isp.example", rnd(100000));
	} else {
		e->client_ip = arena_printf(mail->arena, "10.%u.%u.%u", mail->number >> 8, mail->number & 255,
					    host);
		e->helo = arena_printf(mail->arena, "out%u.%s", host, mail->bounces);
		e->client_name = e->helo;
		e->client_name_confirmed = true;
	}
	e->helo_domain = e->helo;
}

static void set_recipients(const struct mail *mail, struct evidence *e)
{
	e->n_recipient_domains = rnd(20) == 0 ? 2 : 1;
	e->n_recipients = e->n_recipient_domains + (rnd(10) == 0);
	e->recipient_domains = ARENA_ARRAY(mail->arena, const char *, e->n_recipient_domains);
	e->recipient_rules = ARENA_ARRAY(mail->arena, const char *, e->n_recipient_domains);
	for (unsigned i = 0; i < e->n_recipient_domains; i++) {
		e->recipient_domains[i] = arena_printf(mail->arena, "customer%u.example", skewed(RECIPIENTS));
		e->recipient_rules[i] = "";
	}
}

static void make_evidence(struct mail *mail, struct evidence *e)
{
	mail->number = skewed(DOMAINS);
	mail->forged = rnd(10) == 0;
	mail->is_list = !mail->forged && rnd(25) == 0;
	mail->domain = rnd(25) == 0
		? arena_printf(mail->arena, "once-%u-%u.example", rnd(1u << 20), rnd(1000))
		: arena_printf(mail->arena, "sender-number-%u.example", mail->number);
	mail->bounces = mail->domain;
	if (mail->number % 3 == 0)
		mail->bounces = arena_printf(mail->arena, "bounces.provider%u.example",
					     mail->number % PROVIDERS);
	if (mail->is_list)
		mail->bounces = arena_printf(mail->arena, "lists%u.example", rnd(30));
	e->exempt = EXEMPT_NO;
	e->sender = (struct sender){ PATH_MAILBOX, "bounce", mail->bounces, NULL };
	e->spf = (struct spf_evidence){
		.result = mail->forged ? (rnd(2) ? RES_SPF_FAIL : RES_SPF_SOFTFAIL) : RES_SPF_PASS,
		.scope = SCOPE_SPF_MAILFROM, .domain = mail->bounces,
		.org = { ORG_KNOWN, mail->bounces, false },
	};
	if (mail->is_list) {
		e->marks.list_id = mail->bounces;
		e->marks.list_post = e->marks.list_unsubscribe = true;
	}
	set_author(mail, e);
	set_signatures(mail, e);
	set_client(mail, e);
	set_recipients(mail, e);
	e->sample_draw = rnd(100);
	e->enforce_draw = rnd(100);
	e->lookups = 5 + rnd(10);
	e->waited_ms = rnd(200);
	e->body_bytes = rnd(100000);
}

static void make_line(unsigned n, struct arena *arena, struct buf *line)
{
	static const struct decision_json_options options = { .full_addresses = false };
	struct decision *d = ARENA_NEW(arena, struct decision);
	struct ruleset *ruleset = ARENA_NEW(arena, struct ruleset);
	struct mail mail = { .arena = arena };

	make_evidence(&mail, &d->evidence);
	d->evidence.when_ms = START_MS + (int64_t)n * 260;
	d->line_id = arena_printf(arena, "mx1-1778457600000-%u", n + 1);
	d->queue_id = arena_printf(arena, "4XyZ%08x", n);
	d->mode = "override";
	ruleset->dry_run = true;
	decide(&d->evidence, ruleset, arena, &d->verdict);
	d->done = "none";
	buf_reset(line);
	decision_json_write(line, d, &options);
}

static double cpu_seconds(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *error)
{
	fprintf(stderr, "store_load: %s\n", error);
	exit(EXIT_FAILURE);
}

struct times { double cpu, wall, journal_octets; };

static void load_batch(struct store *store, unsigned first, unsigned n, struct times *times)
{
	struct arena *made = arena_new();
	struct slice *lines = ARENA_ARRAY(made, struct slice, n);
	const char *error = NULL;
	double cpu, wall;
	struct buf line;

	buf_init(&line, LIMIT_JOURNAL_LINE);
	for (unsigned i = 0; i < n; i++) {
		make_line(first + i, made, &line);
		lines[i] = arena_slice(made, buf_slice(&line));
		times->journal_octets += (double)line.len;
	}
	buf_done(&line);
	cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
	wall = cpu_seconds(CLOCK_MONOTONIC);
	if (store_begin(store) != 0)
		fail(store_error(store));
	for (unsigned i = 0; i < n; i++) {
		struct arena *arena = arena_new();
		struct decision *decision = ARENA_NEW(arena, struct decision);

		if (decision_json_read(arena, lines[i], decision, &error) != 0)
			fail(error);
		if (store_add(store, decision) != 1)
			fail(store_error(store));
		arena_free(arena);
	}
	if (store_commit(store) != 0)
		fail(store_error(store));
	times->cpu += cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	times->wall += cpu_seconds(CLOCK_MONOTONIC) - wall;
	arena_free(made);
}

static bool count_tally(void *context, const struct store_tally *tally)
{
	uint64_t *counts = context;

	counts[0]++;
	counts[1] += tally->n;
	return true;
}

static void print_facts(void)
{
	struct buf line;

	buf_init(&line, LIMIT_JOURNAL_LINE);
	for (unsigned i = 0; i < 12; i++) {
		struct arena *arena = arena_new();
		struct decision *decision = ARENA_NEW(arena, struct decision);
		const char *error = NULL;
		struct facts facts;

		make_line(i, arena, &line);
		decision_json_read(arena, buf_slice(&line), decision, &error);
		facts_split(arena, decision, &facts);
		printf("%.*s\n%.*s\n%.*s\n%.*s\n", SLICE_ARG(facts.facts), SLICE_ARG(facts.client),
		       SLICE_ARG(facts.recipients), SLICE_ARG(facts.verdict));
		arena_free(arena);
	}
	buf_done(&line);
}

static void load(struct store *store, unsigned n, const char *where)
{
	struct times times = { 0 };
	struct stat st;

	for (unsigned i = 0; i < n; i += BATCH)
		load_batch(store, i, n - i < BATCH ? n - i : BATCH, &times);
	printf("messages %u\nlines/s of processor time %.0f\nlines/s of the clock %.0f\n"
	       "journal octets/message %.0f\n", n, n / times.cpu, n / times.wall, times.journal_octets / n);
	if (stat(where, &st) == 0)
		printf("store octets/message %.1f\n", (double)st.st_size / n);
}

static void read_back(struct store *store)
{
	uint64_t counts[2] = { 0 };
	double start = cpu_seconds(CLOCK_MONOTONIC);

	if (store_tallies(store, (struct store_span){ 0, 0 }, NULL, count_tally, counts) != 0)
		fail(store_error(store));
	printf("tallies %llu of %llu messages, read in %.1f s\n", (unsigned long long)counts[0],
	       (unsigned long long)counts[1], cpu_seconds(CLOCK_MONOTONIC) - start);
}

int main(int argc, char **argv)
{
	struct store_options options = { .driver = &db_sqlite };
	unsigned n = 1000000;
	bool read_too = false;
	const char *error = NULL;
	struct store *store;
	int letter;

	while ((letter = getopt(argc, argv, "n:prf")) != -1) {
		if (letter == 'n')
			n = (unsigned)strtoul(optarg, NULL, 10);
		else if (letter == 'p')
			options.driver = &db_postgresql;
		else if (letter == 'r')
			read_too = true;
		else if (letter == 'f')
			return print_facts(), 0;
		else
			return 64;
	}
	if (optind + 1 != argc)
		fail("usage: store_load [-n MESSAGES] [-p] [-r] WHERE");
	options.where = argv[optind];
	store = store_open(&options, &error);
	if (store == NULL)
		fail(error);
	load(store, n, options.where);
	if (read_too)
		read_back(store);
	store_close(store);
	return 0;
}
