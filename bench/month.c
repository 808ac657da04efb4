/* month - writes the journal of a generated month of mail, for measuring and
 * testing the store, stats and what-if.
 *
 *     month [-n MESSAGES] [-d DAYS] [-s SEED] [-u YYYY-MM-DD] DIRECTORY
 *
 * The same arguments give the same files. Mail is judged in a dry run of mode
 * honor by decide(), from evidence that is made up here:
 *
 *   share  story         what it is
 *   78.9%  aligned       300 domains, each from its own network, SPF and DKIM aligned; a third
 *                        publishes p=reject, a third p=quarantine, a third p=none; Zipf-like sizes
 *    8  %  no record     domains without a policy
 *    6  %  forger        brand1 ... brand20.example (p=reject), from 2001:db8:f000::/36, nothing
 *                        authenticated, no confirmed name; one address mostly once
 *    4  %  list          posts of strict domains through lists.example.org (198.51.100.16/28):
 *                        List-Id dev.lists.example.org, signed by lists.example.org
 *    2  %  forwarder     forward.example (192.0.2.64/28) passes on mail of many strict domains:
 *                        SRS sender, SPF of its own, ARC chain with dmarc=pass, no DKIM left
 *    1  %  newsletter    shop.example (p=reject) sends through mailer.example (203.0.113.32/27),
 *                        which signs and bounces in its own name only: the planted mistake
 *    0.1%  odd           From unusable, DNS failures
 *
 * Progress is written to standard error once a day of mail.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "core/decide.h"
#include "store/decision_json.h"

#define DAY_MS 86400000LL

struct month {
	uint64_t messages, written;
	unsigned days;
	int64_t start_ms;
	uint64_t random;
	const char *directory;
	FILE *file;
	struct arena *arena;
	struct evidence e;
};

static uint64_t next_random(struct month *m)
{
	uint64_t z = m->random += 0x9E3779B97F4A7C15ULL;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
	return z ^ (z >> 31);
}

static unsigned below(struct month *m, unsigned n)
{
	return (unsigned)(next_random(m) % n);
}

/* Small numbers much more often than large ones. */
static unsigned often_small(struct month *m, unsigned n)
{
	unsigned span = 1 + below(m, n);

	return below(m, 1 + below(m, span));
}

#define TEXT(m, ...) arena_printf((m)->arena, __VA_ARGS__)

static struct org org_of(const char *domain)
{
	return (struct org){ ORG_KNOWN, domain, false };
}

/* `policy` NULL: no record. */
static void add_author(struct month *m, const char *domain, const char *policy)
{
	struct author *author = &m->e.authors[m->e.n_authors++];

	author->domain = domain;
	author->policy = (struct policy_found){
		.method = DISCOVERY_TREEWALK, .org = org_of(domain),
		.status = policy != NULL ? DISCOVERY_FOUND : DISCOVERY_NO_RECORD,
	};
	if (policy == NULL)
		return;
	author->policy.domain = domain;
	record_parse(m->arena, slice_of(arena_printf(m->arena, "v=DMARC1; p=%s; rua=mailto:dmarc@%s",
						     policy, domain)), &author->policy.record);
}

static void set_spf(struct month *m, enum spf_result result, const char *domain)
{
	m->e.spf = (struct spf_evidence){
		.result = result, .scope = SCOPE_SPF_MAILFROM, .domain = domain, .org = org_of(domain),
	};
	m->e.sender = (struct sender){ PATH_MAILBOX, "bounce", domain, NULL };
}

static void add_signature(struct month *m, enum dkim_result result, const char *d)
{
	m->e.dkim[m->e.n_dkim++] = (struct dkim_evidence){
		.result = result, .reason = result == RES_DKIM_PASS ? NULL : "body hash mismatch",
		.d = d, .s = "s2026", .algorithm = "rsa-sha256", .key_bits = 2048, .covers_from = true,
		.b_start = TEXT(m, "%08x", (unsigned)next_random(m)), .org = org_of(d),
	};
}

static void set_client(struct month *m, const char *ip, const char *name)
{
	m->e.client_ip = ip;
	m->e.client_name = name;
	m->e.client_name_confirmed = name != NULL;
	m->e.helo = m->e.helo_domain = name != NULL ? name : "localhost.example";
}

static const char *policy_of(unsigned domain)
{
	static const char *const policies[] = { "reject", "quarantine", "none" };

	return policies[domain % 3];
}

static void story_aligned(struct month *m)
{
	unsigned i = often_small(m, 300);
	const char *domain = TEXT(m, "company%u.example", i);

	add_author(m, domain, policy_of(i));
	set_client(m, TEXT(m, "2001:db8:1:%x::%x", i + 1, 1 + below(m, 4)),
		   TEXT(m, "out.company%u.example", i));
	set_spf(m, RES_SPF_PASS, domain);
	add_signature(m, RES_DKIM_PASS, domain);
}

static void story_no_record(struct month *m)
{
	unsigned i = often_small(m, 2000);
	const char *domain = TEXT(m, "plain%u.example", i);

	add_author(m, domain, NULL);
	set_client(m, TEXT(m, "2001:db8:2:%x::1", i + 1), TEXT(m, "mx.plain%u.example", i));
	set_spf(m, below(m, 3) == 0 ? RES_SPF_NONE : RES_SPF_PASS, domain);
}

static void story_forger(struct month *m)
{
	add_author(m, TEXT(m, "brand%u.example", 1 + below(m, 20)), "reject");
	set_client(m, TEXT(m, "2001:db8:f%03x:%x::1", below(m, 4096), 1 + below(m, 65535)), NULL);
	set_spf(m, below(m, 2) == 0 ? RES_SPF_FAIL : RES_SPF_NONE,
		TEXT(m, "throwaway%u.example", below(m, 5000)));
}

/* A domain with p=reject. */
static const char *strict_domain(struct month *m)
{
	return TEXT(m, "company%u.example", 3 * often_small(m, 100));
}

static void story_list(struct month *m)
{
	const char *author = strict_domain(m);

	add_author(m, author, "reject");
	set_client(m, TEXT(m, "198.51.100.%u", 16 + below(m, 16)), "lists.example.org");
	set_spf(m, RES_SPF_PASS, "lists.example.org");
	add_signature(m, RES_DKIM_FAIL, author);
	add_signature(m, RES_DKIM_PASS, "lists.example.org");
	m->e.marks = (struct marks){
		.list_id = "<dev.lists.example.org>", .list_post = true, .list_unsubscribe = true,
		.precedence_list = true,
	};
}

static void story_forwarder(struct month *m)
{
	const char *author = strict_domain(m);
	struct arc_set *set = ARENA_NEW(m->arena, struct arc_set);

	add_author(m, author, "reject");
	set_client(m, TEXT(m, "192.0.2.%u", 64 + below(m, 16)), "out.forward.example");
	set_spf(m, RES_SPF_PASS, "forward.example");
	m->e.marks.srs = true;
	m->e.marks.arc_fields = 1;
	*set = (struct arc_set){
		.d = "forward.example", .s = "arc", .client_ip = "2001:db8:a::25", .seal_ok = true,
		.message_ok = true, .from_covered = true, .n_claims = 1,
		.results = arena_printf(m->arena, "mx.forward.example; dmarc=pass header.from=%s", author),
		.claims = ARENA_NEW(m->arena, struct arc_claim),
	};
	set->claims[0] = (struct arc_claim){ .method = ARC_METHOD_DMARC, .domain = author };
	m->e.arc = (struct arc_evidence){ .result = RES_ARC_PASS, .n_sets = 1, .sets = set };
}

static void story_newsletter(struct month *m)
{
	add_author(m, "shop.example", "reject");
	set_client(m, TEXT(m, "203.0.113.%u", 32 + below(m, 32)), "send.mailer.example");
	set_spf(m, RES_SPF_PASS, "mailer.example");
	add_signature(m, RES_DKIM_PASS, "mailer.example");
	m->e.marks.list_unsubscribe = m->e.marks.precedence_bulk = true;
}

static void story_odd(struct month *m)
{
	story_aligned(m);
	if (below(m, 2) == 0) {
		m->e.from = FROM_UNUSABLE;
		m->e.from_reason = "unusable From field";
		m->e.n_authors = 0;
	} else {
		m->e.authors[0].policy.status = DISCOVERY_TEMPERROR;
		m->e.authors[0].policy.reason = "a look-up timed out";
	}
}

static const struct {
	unsigned per_mille;
	void (*tell)(struct month *m);
} stories[] = {
	{ 789, story_aligned }, { 80, story_no_record }, { 60, story_forger }, { 40, story_list },
	{ 20, story_forwarder }, { 10, story_newsletter }, { 1, story_odd },
};

static void tell(struct month *m)
{
	unsigned left = below(m, 1000);

	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		if (left < stories[i].per_mille) {
			stories[i].tell(m);
			return;
		}
		left -= stories[i].per_mille;
	}
}

static void begin_message(struct month *m, int64_t when_ms)
{
	static const char *const recipients[] = { "receiver.example", "tenant.example", "customer.example" };
	static const char *no_rules = "";

	m->e = (struct evidence){
		.when_ms = when_ms, .exempt = EXEMPT_NO, .from = FROM_OK, .from_fields = 1,
		.dkim = ARENA_ARRAY(m->arena, struct dkim_evidence, 2),
		.recipient_domains = ARENA_NEW(m->arena, const char *), .recipient_rules = &no_rules,
		.n_recipient_domains = 1, .n_recipients = 1, .arc = { .result = RES_ARC_NONE },
		.sample_draw = below(m, 100), .enforce_draw = below(m, 100), .lookups = 6 + below(m, 6),
		.waited_ms = often_small(m, 200), .body_bytes = 1000 + often_small(m, 100000),
		.header_fields = 15 + below(m, 10),
	};
	m->e.recipient_domains[0] = recipients[often_small(m, 3)];
}

static int write_message(struct month *m, struct buf *line)
{
	static const struct decision_json_options options = { .full_addresses = false };
	struct ruleset ruleset = ruleset_to_the_letter;
	struct decision decision = {
		.line_id = arena_printf(m->arena, "mx1.example.com-%" PRId64 "-%" PRIu64, m->start_ms,
					m->written),
		.queue_id = arena_printf(m->arena, "Q%010" PRIX64, m->written), .mode = "honor",
		.evidence = m->e, .done = "none",
	};

	ruleset.dry_run = true;
	decide(&decision.evidence, &ruleset, m->arena, &decision.verdict);
	buf_reset(line);
	decision_json_write(line, &decision, &options);
	m->written++;
	return fwrite(line->data, 1, line->len, m->file) == line->len ? 0 : -1;
}

static int open_day(struct month *m, int64_t day_ms)
{
	char when[CLOCK_TEXT_SIZE];
	const char *path;

	clock_format(day_ms, when);
	path = arena_printf(m->arena, "%s/mx1.example.com-%.4s%.2s%.2s.jsonl", m->directory, when, when + 5,
			    when + 8);
	m->file = fopen(path, "w");
	return m->file != NULL ? 0 : -1;
}

/* Messages of one day, evenly over it. */
static int write_day(struct month *m, unsigned day, struct buf *line)
{
	uint64_t first = m->messages * day / m->days, last = m->messages * (day + 1) / m->days;
	int64_t day_ms = m->start_ms + day * DAY_MS;
	int status;

	m->arena = arena_new();
	status = open_day(m, day_ms);
	for (uint64_t i = first; status == 0 && i < last; i++) {
		begin_message(m, day_ms + (int64_t)((i - first) * (DAY_MS - 1) / (last - first)));
		tell(m);
		status = write_message(m, line);
		if (arena_bytes(m->arena) > 1000000) {
			arena_free(m->arena);
			m->arena = arena_new();
		}
	}
	if (m->file != NULL && fclose(m->file) != 0)
		status = -1;
	arena_free(m->arena);
	fprintf(stderr, "\rday %u of %u", day + 1, m->days);
	return status;
}

static int write_month(struct month *m)
{
	struct buf line;
	int status = 0;

	buf_init(&line, LIMIT_JOURNAL_LINE + 1);
	for (unsigned day = 0; day < m->days && status == 0; day++)
		status = write_day(m, day, &line);
	buf_done(&line);
	if (status != 0)
		fprintf(stderr, "\nmonth: %s: %s\n", m->directory, strerror(errno));
	else
		fprintf(stderr, "\n%" PRIu64 " lines\n", m->written);
	return status == 0 ? 0 : EX_IOERR;
}

int main(int argc, char **argv)
{
	struct month m = { .messages = 100000, .days = 30, .random = 1 };
	bool good = true;
	int c;

	clock_parse(SLICE("2026-10-01"), &m.start_ms);
	while ((c = getopt(argc, argv, "n:d:s:u:")) != -1) {
		if (c == 'n')
			m.messages = strtoull(optarg, NULL, 10);
		else if (c == 'd')
			m.days = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 's')
			m.random = strtoull(optarg, NULL, 10);
		else
			good = good && c == 'u' && clock_parse(slice_of(optarg), &m.start_ms);
	}
	if (!good || optind + 1 != argc || m.days == 0) {
		fprintf(stderr, "Usage: month [-n MESSAGES] [-d DAYS] [-s SEED] [-u YYYY-MM-DD] DIRECTORY\n");
		return EX_USAGE;
	}
	m.directory = argv[optind];
	return write_month(&m);
}
