/* worst - what a message built to cost as much as possible costs, against a normal one
 * of its size.
 *
 *   bench/worst [-s] [KIND...]
 *   bench/worst -n COUNT [KIND]     one kind, or a normal message of 4 kB, so often: for a
 *                                   profiler
 *
 * Both go through lib/judge as the daemon's do, with a zone for a warm cache and keys
 * that are known already, where the kind is not of fresh ones; the milter protocol is left
 * out. What is compared is CPU time: the best of several rounds, in turns, and of more where
 * that is too much, since others may have been at work. Ends with 1 when a ratio is over 20 or
 * look-ups are over 60; -s (short) makes one round where that is enough.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "judge/message.h"
#include "worst_mails.h"

#define MOST 20.0
#define MOST_LOOKUPS 60
#define BATCH 20
#define MOST_ROUNDS 21

static struct settings *settings;
static struct engine *engine;

static void open_engine(void)
{
	struct resolver *zone = resolver_zone_new();
	char path[] = "/tmp/worst-XXXXXX";
	struct settings_faults faults;
	const char *error;
	int fd = mkstemp(path);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (file == NULL)
		worst_die("no file for the settings");
	fputs("dry_run = true; authserv_id = \"mx.receiver.example\"; mode = \"honor\";\n", file);
	fclose(file);
	settings = settings_load(path, &faults);
	unlink(path);
	if (settings == NULL)
		worst_die(faults.lines[0]);
	worst_zone(zone);
	engine = engine_open_with(settings, zone, &error);
	if (engine == NULL)
		worst_die(error);
}

static void give_header(struct message *m, struct slice text)
{
	while (text.len > 0) {
		size_t end = 0, colon = slice_find(text, ':');

		do
			end += slice_find(slice_from(text, end), '\n') + 1;
		while (end < text.len && text.data[end] == ' ');
		message_header(m, slice_until(text, colon),
			       slice_from(slice_until(text, end - 1), colon + 1));
		text = slice_from(text, end);
	}
}

/* What a judged message was. */
struct outcome {
	unsigned lookups, good;         /* signatures, the chain with its seals as one */
};

static struct outcome outcome_of(const struct evidence *evidence)
{
	struct outcome out = { .lookups = evidence->lookups };

	for (unsigned i = 0; i < evidence->n_dkim; i++)
		out.good += evidence->dkim[i].result == RES_DKIM_PASS;
	out.good += evidence->arc.result == RES_ARC_PASS;
	return out;
}

static struct outcome judge(const struct mail *mail)
{
	struct arrival arrival = { .helo = SLICE("mail.sender.example"), .mail_from = slice_of(mail->sender) };
	struct slice body = buf_slice(&mail->body);
	struct message *m;
	struct outcome outcome;

	if (!address_parse(SLICE("192.0.2.1"), &arrival.client))
		worst_die("no address");
	m = message_new(engine, &arrival);
	message_rcpt(m, SLICE("<b@receiver.example>"), SLICE(""));
	give_header(m, buf_slice(&mail->header));
	message_eoh(m);
	for (; body.len > 0; body = slice_from(body, 65535))
		message_body(m, body.data, body.len < 65535 ? body.len : 65535);
	message_judge(m, NULL, NULL);
	outcome = outcome_of(message_evidence(m));
	message_free(m);
	return outcome;
}

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A message's mean over BATCH; with `fresh` each finds no key that is known. */
static double batch_ms(const struct mail *mail, bool fresh)
{
	struct key_cache *known = engine->keys, *caches[BATCH];
	double start;

	for (unsigned i = 0; i < BATCH; i++)
		caches[i] = fresh ? key_cache_new(100) : known;
	start = cpu_ms();
	for (unsigned i = 0; i < BATCH; i++) {
		engine->keys = caches[i];
		judge(mail);
	}
	start = cpu_ms() - start;
	engine->keys = known;
	for (unsigned i = 0; i < BATCH && fresh; i++)
		key_cache_free(caches[i]);
	return start / BATCH;
}

/* The mean over at least 10 ms. */
static double round_ms(const struct mail *mail, bool fresh)
{
	double took = 0;
	unsigned n = 0;

	while (took * BATCH < 10) {
		took += batch_ms(mail, fresh);
		n++;
	}
	return took / n;
}

static bool compare(const struct kind *kind, unsigned rounds)
{
	double worst_ms = 1e9, normal_ms = 1e9, took;
	struct mail worst, normal;
	struct outcome outcome;
	size_t octets;
	bool good;

	mail_init(&worst);
	mail_init(&normal);
	kind->make(&worst);
	worst_sign(&worst);
	octets = worst.header.len + worst.body.len;
	worst_normal(&normal, octets > 900 ? octets - 900 : 0);
	worst_sign(&normal);
	outcome = judge(&worst);
	if (judge(&normal).good != 1 || outcome.good < kind->good)
		worst_die("signatures are not good: they cost little");
	for (unsigned i = 0; i < rounds || (worst_ms > MOST * normal_ms && i < MOST_ROUNDS); i++) {
		took = round_ms(&worst, kind->fresh);
		worst_ms = took < worst_ms ? took : worst_ms;
		took = round_ms(&normal, kind->fresh);
		normal_ms = took < normal_ms ? took : normal_ms;
	}
	good = worst_ms <= MOST * normal_ms && outcome.lookups <= MOST_LOOKUPS;
	printf("%-14s %9zu octets  %8.3f ms  normal %7.3f ms  %5.1f times  %2u look-ups  %2u pass%s\n", kind->name, octets,
	       worst_ms, normal_ms, worst_ms / normal_ms, outcome.lookups, outcome.good, good ? "" : "  TOO MUCH");
	fflush(stdout);
	mail_done(&worst);
	mail_done(&normal);
	return good;
}

static int repeat(unsigned count, const char *kind)
{
	struct mail mail;

	mem_tune(1);
	open_engine();
	mail_init(&mail);
	for (const struct kind *k = worst_kinds; kind != NULL && k->name != NULL; k++)
		if (strcmp(k->name, kind) == 0)
			k->make(&mail);
	if (mail.header.len == 0)
		worst_normal(&mail, 4096);
	worst_sign(&mail);
	while (count-- > 0)
		judge(&mail);
	mail_done(&mail);
	engine_unref(engine);
	settings_unref(settings);
	return 0;
}

int main(int argc, char **argv)
{
	bool good = true, named = false;
	unsigned rounds = 7;

	if (argc >= 3 && strcmp(argv[1], "-n") == 0)
		return repeat((unsigned)atoi(argv[2]), argv[3]);
	if (argc > 1 && strcmp(argv[1], "-s") == 0) {
		rounds = 1;
		argc--;
		argv++;
	}
	mem_tune(1);
	open_engine();
	for (const struct kind *kind = worst_kinds; kind->name != NULL; kind++) {
		named = argc == 1;
		for (int k = 1; k < argc; k++)
			named |= strcmp(argv[k], kind->name) == 0;
		if (named)
			good &= compare(kind, rounds);
	}
	engine_unref(engine);
	settings_unref(settings);
	return good ? 0 : 1;
}
