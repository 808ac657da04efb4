/* A whole message through lib/judge. The input: a line with the settings' number and
 * flags, lines with client, HELO, MAIL FROM and RCPT TO, lines of a zone up to
 * an empty one, then header and body. The world is the zone, behind it the keys of
 * tests/data and victim.example, about which the input can change nothing: it sends no
 * mail, so whatever claims to be from there fails, with its policy.
 *
 * A verdict exists, its cost is bounded, it passes only when each author has an
 * identifier that passed and is aligned; header, log, reply and journal say what it
 * says. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/authres_reader.h"
#include "core/domain.h"
#include "core/summary.h"
#include "judge/message.h"
#include "store/decision_json.h"
#include "tool_judge.h"

#define VICTIM "victim.example"
enum { ZONE_LINES = 32, CPU_SECONDS = 5, WHEN_S = 1777890030 };

static const char *const victim_lines[] = {
	VICTIM " TXT \"v=spf1 -all\"",
	"_dmarc." VICTIM " TXT \"v=DMARC1; p=reject\"",
	"s1._domainkey." VICTIM " TXT \"v=DKIM1; k=ed25519; p=n5O7t5off5VdZxWlXS5JA6nX+uq2Kw7cHqEF/NP3vc0=\"",
	"example.com TXT \"v=spf1 ip4:192.0.2.1 -all\"",
	"_dmarc.example.com TXT \"v=DMARC1; p=reject; sp=quarantine\"",
	"d1.example TXT \"v=spf1 a:mail.d1.example ~all\"",
	"mail.d1.example A 192.0.2.25",
	"_dmarc.d1.example TXT \"v=DMARC1; p=quarantine; adkim=s; np=reject\"",
};

#define COMMON "authserv_id = \"mx.receiver.example\"; quarantine: { method = \"header\"; };"
static const char *const settings_texts[] = {
	COMMON "dry_run = false; mode = \"honor\";",
	COMMON "dry_run = true; mode = \"override\";",
	COMMON "dry_run = false; mode = \"override\"; dmarc: { discovery = \"psl\"; on_temperror = \"tempfail\"; };"
	       "enforce_percent = 50;",
	COMMON "dry_run = false; mode = \"honor\"; arc: { trusted_sealers = [ \"d1.example\", \"d2.example\" ]; };"
	       "dkim: { body_length = \"accept\"; max_signatures = 4; };",
	COMMON "dry_run = false; mode = \"honor\"; internal_relays = [ \"198.51.100.0/24\" ];"
	       "authres: { addresses = \"full\"; polrec = true; };",
	COMMON "dry_run = false; mode = \"honor\"; recipients_differ = \"split\"; rules = ("
	       "{ id = \"a\"; match = { author_domain = \"example.com\"; recipient = \"b.example\"; };"
	       " action = \"accept\"; } );",
};
enum { VARIANTS = sizeof(settings_texts) / sizeof(settings_texts[0]) };

/* The world: what the input says of it, else the base. */

static struct resolver *base, *of_input;
static unsigned asked;

static bool is_fixed(const char *name)
{
	return domain_is_within(name, VICTIM) || strcmp(name, "example") == 0 ||
	       strcmp(name, "_dmarc.example") == 0;
}

static const struct dns_answer *want(struct resolver *resolver, const char *name, enum dns_type type,
				     const char *author, resolver_done_fn *done, void *context,
				     int64_t *started_ms_r)
{
	const struct dns_answer *answer = NULL;

	(void)resolver;
	asked++;
	if (of_input != NULL && !is_fixed(name)) {
		answer = resolver_want(of_input, name, type, author, done, context, started_ms_r);
		FUZZ_NEED(answer != NULL);
		if (answer->outcome != DNS_NXDOMAIN)
			return answer;
		dns_answer_unref(answer);
	}
	answer = resolver_want(base, name, type, author, done, context, started_ms_r);
	FUZZ_NEED(answer != NULL);
	return answer;
}

static void close_world(struct resolver *resolver)
{
	(void)resolver;
}

static void add_file(const char *path)
{
	const char *error;
	char line[4096];
	FILE *in = fopen(path, "r");

	FUZZ_NEED(in != NULL);
	while (fgets(line, sizeof(line), in) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '#' && line[0] != '\0')
			FUZZ_NEED(resolver_zone_add_line(base, line, &error) == 0);
	}
	fclose(in);
}

static struct engine *open_variant(unsigned n)
{
	static const struct resolver_ops ops = { .want = want, .close = close_world };
	static struct resolver world = { &ops };
	char path[] = "/tmp/fuzz-message-XXXXXX";
	struct settings_faults faults;
	struct settings *settings;
	const char *error = NULL;
	struct engine *engine;
	int fd = mkstemp(path);

	FUZZ_NEED(fd >= 0);
	FUZZ_NEED(write(fd, settings_texts[n], strlen(settings_texts[n])) ==
		  (ssize_t)strlen(settings_texts[n]));
	close(fd);
	settings = settings_load(path, &faults);
	unlink(path);
	if (settings == NULL)
		fprintf(stderr, "settings %u: %s\n", n, faults.lines[0]);
	FUZZ_NEED(settings != NULL);
	engine = engine_open_with(settings, &world, &error);
	FUZZ_NEED(engine != NULL);
	return engine;
}

static struct engine *engine_of(unsigned n)
{
	static struct engine *engines[VARIANTS];
	const char *error;

	if (base == NULL) {
		base = resolver_zone_new();
		add_file(TESTDIR "/data/dkim/zone");
		add_file(TESTDIR "/data/arc/zone");
		for (size_t i = 0; i < sizeof(victim_lines) / sizeof(victim_lines[0]); i++)
			FUZZ_NEED(resolver_zone_add_line(base, victim_lines[i], &error) == 0);
	}
	if (engines[n] == NULL)
		engines[n] = open_variant(n);
	return engines[n];
}

/* What is to hold. */

static bool is_aligned(const struct author *author, const char *identifier, const struct org *org,
		       enum align_mode mode)
{
	const struct org *own = &author->policy.org;

	if (identifier == NULL)
		return false;
	if (strcmp(identifier, author->domain) == 0)
		return true;
	return mode == ALIGN_RELAXED && org->status == ORG_KNOWN && own->status == ORG_KNOWN &&
	       strcmp(org->domain, own->domain) == 0 && domain_is_within(identifier, own->domain) &&
	       domain_is_within(author->domain, own->domain);
}

static bool has_aligned_pass(const struct evidence *e, const struct author *author)
{
	const struct record *record = &author->policy.record;

	if (e->spf.result == RES_SPF_PASS && is_aligned(author, e->spf.domain, &e->spf.org, record->aspf))
		return true;
	for (unsigned i = 0; i < e->n_dkim; i++)
		if (e->dkim[i].result == RES_DKIM_PASS && e->dkim[i].covers_from &&
		    is_aligned(author, e->dkim[i].d, &e->dkim[i].org, record->adkim))
			return true;
	return false;
}

/* Whatever else is in the message and in other people's DNS. */
static void check_victim(const struct author *author, const struct author_verdict *judged)
{
	FUZZ_NEED(author->policy.status == DISCOVERY_FOUND);
	FUZZ_NEED(author->policy.record.p == DISPOSITION_REJECT);
	FUZZ_NEED(judged->result == RES_DMARC_FAIL && judged->asked == DISPOSITION_REJECT);
}

static void check_verdict(const struct evidence *e, const struct verdict *v)
{
	FUZZ_NEED((v->result == RES_DMARC_UNSET) == (e->exempt != EXEMPT_NO));
	FUZZ_NEED(v->why != WHY_UNSET && v->chosen != ACTION_UNSET && v->apply != ACTION_UNSET);
	FUZZ_NEED(!v->dry_run || v->apply == ACTION_ACCEPT);
	FUZZ_NEED(e->from == FROM_OK || e->n_authors == 0);
	FUZZ_NEED(e->n_authors <= LIMIT_AUTHORS && v->n_authors == e->n_authors);
	FUZZ_NEED(e->arc.result != RES_ARC_PASS || e->arc.n_sets > 0);
	for (unsigned i = 0; i < e->n_authors; i++)
		if (domain_is_within(e->authors[i].domain, VICTIM))
			check_victim(&e->authors[i], &v->authors[i]);
	if (v->result != RES_DMARC_PASS)
		return;
	FUZZ_NEED(e->from == FROM_OK && e->n_authors > 0 && e->from_fields == 1);
	for (unsigned i = 0; i < e->n_authors; i++) {
		FUZZ_NEED(has_aligned_pass(e, &e->authors[i]));
		FUZZ_NEED(v->authors[i].result == RES_DMARC_PASS);
	}
}

static void check_header(struct arena *arena, const struct evidence *e, const struct verdict *v,
			 const struct settings *settings)
{
	static char unfolded[2 * LIMIT_AUTHRES_OCTETS];
	static struct authres_reader reader;
	struct summary_options options = {
		.authserv_id = settings->authserv_id, .comments = true, .polrec = settings->authres_polrec,
		.full_addresses = settings->authres_addresses == ADDRESS_FULL,
	};
	const char *text = summary_header(arena, e, v, &options);
	unsigned dmarc = 0;

	if (text == NULL) {
		FUZZ_NEED(e->exempt == EXEMPT_AUTHENTICATED);
		return;
	}
	FUZZ_NEED(authres_read(&reader, text, unfolded, sizeof(unfolded)));
	FUZZ_NEED(strcmp(reader.id, settings->authserv_id) == 0);
	for (unsigned i = 0; i < reader.n_results; i++) {
		if (strcmp(reader.results[i].method, "dmarc") != 0)
			continue;
		dmarc++;
		FUZZ_NEED(strcmp(reader.results[i].result,
				 names_get(dmarc_result_names, (int)v->result)) == 0);
	}
	FUZZ_NEED(dmarc == (e->exempt == EXEMPT_NO ? 1 : 0));
}

static void check_line(struct slice text, bool (*is_wrong)(char c))
{
	for (size_t i = 0; i < text.len; i++)
		FUZZ_NEED(!is_wrong(text.data[i]));
}

static bool is_not_printable(char c)
{
	return c < ' ' || c > '~';
}

static bool is_not_for_reply(char c)
{
	return is_not_printable(c) || c == '%';
}

static void check_words(struct arena *arena, const struct evidence *e, const struct verdict *v,
			const struct settings *settings)
{
	struct summary_options options = { .authserv_id = settings->authserv_id };
	struct summary_reply reply;
	struct logline line;

	logline_init(&line, "4TEST:");
	summary_log(&line, e, v, summary_done(v));
	check_line(slice_of(logline_text(&line)), is_not_printable);
	FUZZ_NEED(strlen(logline_text(&line)) <= LIMIT_LOG_LINE);
	logline_done(&line);
	check_line(slice_of(summary_quarantine(arena, e, v)), is_not_printable);
	if (v->apply == ACTION_ACCEPT)
		return;
	summary_reply(arena, e, v, &options, "4TEST", &reply);
	check_line(slice_of(reply.text), is_not_for_reply);
	FUZZ_NEED(strlen(reply.text) <= LIMIT_REPLY_TEXT);
}

/* Read from the journal, it is decided alike. */
static void check_journal(struct arena *arena, const struct evidence *e, const struct verdict *v,
			  const struct settings *settings)
{
	const struct decision_json_options options = { .full_addresses = true };
	struct decision decision = {
		.line_id = "host-1-2", .queue_id = "4TEST", .mode = "honor", .evidence = *e, .verdict = *v,
		.done = summary_done(v),
	}, *read = ARENA_NEW(arena, struct decision);
	struct verdict again;
	const char *error = NULL;
	struct buf line;

	buf_init(&line, LIMIT_JOURNAL_LINE + 1);
	decision_json_write(&line, &decision, &options);
	FUZZ_NEED(!buf_is_full(&line) && line.len <= LIMIT_JOURNAL_LINE);
	FUZZ_NEED(slice_find(buf_slice(&line), '\n') == line.len - 1);
	FUZZ_NEED(decision_json_read(arena, slice_until(buf_slice(&line), line.len - 1), read, &error) == 0);
	decide(&read->evidence, &settings->ruleset, arena, &again);
	if (strstr(buf_str(&line), "\"cut\":") == NULL) {
		FUZZ_NEED(again.result == v->result && again.asked == v->asked);
		FUZZ_NEED(again.chosen == v->chosen && again.apply == v->apply && again.why == v->why);
	}
	buf_done(&line);
}

/* The input. */

static void read_zone(struct slice *rest)
{
	struct arena *arena = arena_new();
	struct slice line = fuzz_line(rest);
	const char *error;

	of_input = resolver_zone_new();
	for (unsigned i = 0; i < ZONE_LINES && line.len > 0; i++, line = fuzz_line(rest))
		resolver_zone_add_line(of_input, fuzz_text(arena, line), &error);
	arena_free(arena);
}

static struct arrival read_arrival(struct slice flags, struct slice *rest)
{
	struct arrival arrival = { .when_ms = (int64_t)WHEN_S * 1000 };

	address_parse(fuzz_line(rest), &arrival.client);
	arrival.helo = fuzz_line(rest);
	arrival.mail_from = fuzz_line(rest);
	arrival.smtputf8 = slice_find(flags, 'u') < flags.len;
	arrival.authenticated = slice_find(flags, 'a') < flags.len;
	arrival.local = slice_find(flags, 'l') < flags.len;
	arrival.client_name_confirmed = slice_find(flags, 'c') < flags.len;
	arrival.client_name = arrival.client_name_confirmed ? arrival.helo : slice_new("", 0);
	return arrival;
}

static struct message *read_message(struct engine *engine, struct slice flags, struct slice rest)
{
	struct arrival arrival = read_arrival(flags, &rest);
	struct slice rcpts = fuzz_line(&rest), rcpt;
	struct message *message;
	struct tool_text text;

	read_zone(&rest);
	message = message_new(engine, &arrival);
	while (slice_split(&rcpts, ' ', &rcpt))
		message_rcpt(message, rcpt, slice_new("", 0));
	tool_text_split(rest.data != NULL ? rest : slice_new("", 0), &text);
	tool_feed(message, &text);
	return message;
}

void fuzz_message(const uint8_t *data, size_t size)
{
	struct slice rest = fuzz_slice(data, size), flags = fuzz_line(&rest);
	struct engine *engine = engine_of(flags.len > 0 ? (unsigned char)flags.data[0] % VARIANTS : 0);
	clock_t start = clock();
	const struct verdict *verdict;
	const struct evidence *evidence;
	struct message *message;

	asked = 0;
	message = read_message(engine, flags, rest);
	verdict = message_judge(message, NULL, NULL);
	FUZZ_NEED(verdict != NULL);
	evidence = message_evidence(message);
	FUZZ_NEED(evidence->lookups <= engine->settings->dns_max_lookups);
	FUZZ_NEED(asked <= evidence->lookups);
	FUZZ_NEED(clock() - start < CPU_SECONDS * CLOCKS_PER_SEC);
	check_verdict(evidence, verdict);
	check_header(message_arena(message), evidence, verdict, engine->settings);
	check_words(message_arena(message), evidence, verdict, engine->settings);
	check_journal(message_arena(message), evidence, verdict, engine->settings);
	message_free(message);
	resolver_close(of_input);
	of_input = NULL;
}
