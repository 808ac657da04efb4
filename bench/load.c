/* load - many connections of an MTA, for measuring milters and for wearing them out.
 *
 *   bench/load -s SOCKET [-s SOCKET]... [options] CORPUS
 *
 * Speaks the MTA's side of the milter protocol (mta.h) to one filter, or to
 * several as an MTA chains them: each step goes to all in turn, the content of a
 * message to the first up to its answer at end of message, then, with the first
 * one's changes of the header, to the next. CORPUS is a folder as in mails.h;
 * its messages are taken in turn, again from the first after the last. What the
 * filters write into Authentication-Results is compared with what is expected.
 *
 *   -s SOCKET     unix:PATH or inet:PORT@HOST; repeat it for a chain
 *   -c N          connections, each a thread (1)
 *   -m N          messages in all (those of the corpus, once)
 *   -e N          messages each connection sends, instead of -m
 *   -k N          messages on a filter's connection before it is closed and opened
 *                 again; 0: all (0). 1 is Postfix's way with clients that send one each;
 *                 otherwise "quit, new connection follows" parts one SMTP client from
 *                 the next. libmilter obeys that only behind a message that was accepted;
 *                 elsewhere it drops this and the connect that follows without an answer,
 *                 so use 1 where something is refused. Postfix and Sendmail do not send it
 *   -o N          first message of the corpus (0)
 *   -d S          ends after so many seconds; without -m and -e not sooner
 *   -p STEP:MS    waits after this step of each message: mail, rcpt, data, or body
 *                 (so before the end of message)
 *   -w MS         each connection begins a message so many ms after the one before: a
 *                 given load instead of as much as goes
 *   -b MS         sends one octet every MS ms: a stalling peer
 *   -i N          further connections that are opened and then silent (0)
 *   -t S          longest wait for one answer; after it the connection is lost (60)
 *   -x LIST       what is compared: dmarc, spf, dkim with commas between, or none (dmarc)
 *   -n            XXXXXXX in the envelope sender and in From becomes the message's number:
 *                 names that nobody has asked for
 *   -a            a tempfail is an answer like others, not a failure
 *   -j            prints JSON
 *
 * To warm a filter's caches run this twice. The clock runs from when all connections are open to the last answer. Exit
 * status 0 when nothing has failed, 1 otherwise, 64 and more when it could not run.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "mails.h"
#include "mta.h"
#include "tally.h"

enum { CHAIN_MAX = 8, STACK_OCTETS = 256 * 1024, LOST_IN_A_ROW = 5 };
enum pause { PAUSE_NONE, PAUSE_MAIL, PAUSE_RCPT, PAUSE_DATA, PAUSE_BODY };

static struct {
	const char *specs[CHAIN_MAX];
	size_t chain;
	unsigned connections, idle, timeout_s, octet_wait_ms, pause_ms, every_ms;
	enum pause pause;
	unsigned long messages, each, keep, first;
	double seconds;
	bool compared[RESULTS], bears_tempfail, numbered, json;
	struct mails mails;
	atomic_ulong next;              /* message to send, over all connections */
	unsigned long goal;             /* where `next` ends; 0: nowhere */
	_Atomic double end_s;           /* when to end, on the monotonic clock; 0: never */
	atomic_uint serial;             /* for queue ids */
	pthread_barrier_t start;
} load = { .connections = 1, .timeout_s = 60, .compared = { [RESULT_DMARC] = true } };

struct client {
	pthread_t thread;
	unsigned place;                 /* among all, from 0 */
	struct milter chain[CHAIN_MAX];
	struct draft draft;
	unsigned long sent, sent_here;  /* here: on this connection */
	unsigned lost_in_a_row;
	const struct mail *greeted;     /* whose client it is now; NULL: none yet */
	struct tally tally;
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void pause_after(enum pause step)
{
	struct timespec wait = { .tv_sec = load.pause_ms / 1000,
				 .tv_nsec = load.pause_ms % 1000 * 1000000L };

	if (load.pause == step)
		nanosleep(&wait, NULL);
}

static void disconnect(struct client *client)
{
	for (size_t i = 0; i < load.chain; i++)
		milter_close(&client->chain[i]);
	client->sent_here = 0;
	client->greeted = NULL;
}

typedef enum mta_answer step_fn(struct milter *milter, const struct mail *mail);

/* One step with all filters; the first answer but "continue" is the answer.
 * A filter that accepts is left out until the next message. */
static enum mta_answer all_step(struct client *client, const struct mail *mail, step_fn *step)
{
	for (size_t i = 0; i < load.chain; i++) {
		struct milter *milter = &client->chain[i];
		enum mta_answer answer;

		if (milter->is_done && step != milter_mail)
			continue;
		answer = step(milter, mail);
		if (answer != MTA_CONTINUE && answer != MTA_ACCEPT)
			return answer;
	}
	return MTA_CONTINUE;
}

static bool open_all(struct client *client)
{
	for (size_t i = 0; i < load.chain; i++) {
		if (!milter_open(&client->chain[i], load.specs[i], load.timeout_s))
			return false;
		client->chain[i].octet_wait_ms = load.octet_wait_ms;
	}
	return true;
}

static bool is_same_client(const struct mail *a, const struct mail *b)
{
	return strcmp(a->address, b->address) == 0 && strcmp(a->helo, b->helo) == 0;
}

/* An SMTP connection from the message's client. Where there is one from another,
 * that ends, and the filters' connections serve the next one, as in Sendmail. */
static enum mta_answer greet(struct client *client, const struct mail *mail)
{
	enum mta_answer answer;

	if (client->chain[0].fd < 0 && !open_all(client))
		return MTA_LOST;
	if (client->greeted != NULL && is_same_client(client->greeted, mail))
		return MTA_CONTINUE;
	for (size_t i = 0; i < load.chain && client->greeted != NULL; i++)
		milter_end_client(&client->chain[i]);
	client->greeted = mail;
	answer = all_step(client, mail, milter_connect);
	return answer == MTA_CONTINUE ? all_step(client, mail, milter_helo) : answer;
}

static enum mta_answer envelope(struct client *client, const struct mail *mail, const char *id)
{
	enum mta_answer answer = all_step(client, mail, milter_mail);

	pause_after(PAUSE_MAIL);
	if (answer == MTA_CONTINUE)
		answer = all_step(client, mail, milter_rcpt);
	pause_after(PAUSE_RCPT);
	for (size_t i = 0; i < load.chain && answer == MTA_CONTINUE; i++)
		if (!client->chain[i].is_done)
			answer = milter_data(&client->chain[i], id);
	pause_after(PAUSE_DATA);
	return answer;
}

/* The message itself to one filter; the time at end of message is added. */
static enum mta_answer content(struct client *client, struct milter *milter, const char *id,
			       double *end_s)
{
	enum mta_answer answer = milter_content(milter, &client->draft, id);
	double start;

	if (load.pause == PAUSE_BODY && answer == MTA_CONTINUE) {
		answer = milter_flush(milter);
		pause_after(PAUSE_BODY);
	}
	if (answer != MTA_CONTINUE)
		return answer;
	start = now_s();
	answer = milter_eom(milter, &client->draft, id);
	*end_s += now_s() - start;
	return answer;
}

static enum mta_answer transaction(struct client *client, const struct mail *mail, const char *id,
				   double *end_s)
{
	enum mta_answer answer = envelope(client, mail, id);

	for (size_t i = 0; i < load.chain && answer == MTA_CONTINUE; i++) {
		if (client->chain[i].is_done)
			continue;
		answer = content(client, &client->chain[i], id, end_s);
		if (answer == MTA_ACCEPT && i + 1 < load.chain)
			answer = MTA_CONTINUE;
	}
	if (answer == MTA_REJECT || answer == MTA_TEMPFAIL || answer == MTA_DISCARD)
		for (size_t i = 0; i < load.chain; i++)
			milter_abort(&client->chain[i]);
	return answer;
}

static const char *const methods[RESULTS] = { "dmarc", "spf", "dkim" };

/* "-" stands for anything; a method that is not mentioned has the result none. */
static bool is_expected(struct client *client, const struct mail *mail)
{
	for (int i = 0; i < RESULTS; i++) {
		const char *seen = client->draft.results[i];

		if (!load.compared[i] || strcmp(mail->wanted[i], "-") == 0 ||
		    strcmp(mail->wanted[i], seen == NULL ? "none" : seen) == 0)
			continue;
		client->tally.wrong++;
		tally_fail(&client->tally, "%s: %s=%s, %s was expected", mail->file, methods[i],
			   seen == NULL ? "(none written)" : seen, mail->wanted[i]);
		return false;
	}
	return true;
}

static void note(struct client *client, const struct mail *mail, enum mta_answer answer,
		 double whole_s, double end_s)
{
	struct tally *tally = &client->tally;

	tally->answers[answer]++;
	tally->changes += client->draft.changes;
	tally->quarantined += client->draft.quarantined;
	if (answer == MTA_CONTINUE || answer == MTA_ACCEPT) {
		is_expected(client, mail);
		tally_time(&tally->whole, (uint64_t)(whole_s * 1e6));
		tally_time(&tally->end, (uint64_t)(end_s * 1e6));
	} else if (answer != MTA_TEMPFAIL || !load.bears_tempfail) {
		tally_fail(tally, "%s: %s", mail->file, mta_answer_names[answer]);
	}
}

static void send_mail(struct client *client, unsigned long number)
{
	const struct mail *mail = &load.mails.rows[(load.first + number) % load.mails.count];
	double start, end_s = 0;
	enum mta_answer answer;
	char id[16];

	draft_begin(&client->draft, mail);
	if (load.numbered)
		mail = draft_number(&client->draft, load.first + number);
	snprintf(id, sizeof(id), "4L%08X", atomic_fetch_add(&load.serial, 1));
	if (load.keep > 0 && client->sent_here >= load.keep)
		disconnect(client);
	start = now_s();
	answer = greet(client, mail);
	if (answer == MTA_CONTINUE)
		answer = transaction(client, mail, id, &end_s);
	note(client, mail, answer, now_s() - start, end_s);
	client->sent_here++;
	client->lost_in_a_row = answer == MTA_LOST ? client->lost_in_a_row + 1 : 0;
	if (answer == MTA_LOST || (answer == MTA_TEMPFAIL && client->sent_here == 1))
		disconnect(client);     /* in the second case perhaps as a connection too many */
	draft_end(&client->draft);
}

/* The number of the message to send next; false when it is enough. */
static bool take(struct client *client, unsigned long *number_r)
{
	double end_s = atomic_load(&load.end_s);

	if ((end_s > 0 && now_s() >= end_s) || client->lost_in_a_row >= LOST_IN_A_ROW)
		return false;
	if (load.each > 0 && client->sent >= load.each)
		return false;
	*number_r = atomic_fetch_add(&load.next, 1);
	return load.goal == 0 || *number_r < load.goal;
}

/* The filters are connected before the clock runs; when that fails it is tried
 * again, and counted, with the first message. */
static void open_first(struct client *client)
{
	if (load.keep != 1 && !open_all(client))
		disconnect(client);
}

/* `due_s`, on the clock of now_s(), goes on by what -w says; late is at once. */
static void wait_until_due(double *due_s)
{
	double left_s = *due_s - now_s();
	struct timespec wait = { .tv_sec = (time_t)left_s };

	wait.tv_nsec = (long)((left_s - (double)wait.tv_sec) * 1e9);
	if (left_s > 0)
		nanosleep(&wait, NULL);
	else
		*due_s -= left_s;
	*due_s += load.every_ms / 1e3;
}

static void *client_main(void *opaque)
{
	struct client *client = opaque;
	unsigned long number;
	double due_s;

	open_first(client);
	pthread_barrier_wait(&load.start);
	due_s = now_s() + load.every_ms / 1e3 * client->place / load.connections;
	for (;;) {
		if (load.every_ms > 0)
			wait_until_due(&due_s);
		if (!take(client, &number))
			break;
		send_mail(client, number);
		client->sent++;
	}
	return NULL;
}

static struct client *clients_start(void)
{
	struct client *clients = calloc(load.connections, sizeof(*clients));
	pthread_attr_t attributes;

	if (clients == NULL || pthread_barrier_init(&load.start, NULL, load.connections + 1) != 0)
		err(EX_OSERR, "memory");
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_OCTETS);
	for (unsigned i = 0; i < load.connections; i++) {
		clients[i].place = i;
		for (size_t m = 0; m < load.chain; m++)
			clients[i].chain[m].fd = -1;
		errno = pthread_create(&clients[i].thread, &attributes, client_main, &clients[i]);
		if (errno != 0)
			err(EX_OSERR, "thread");
	}
	pthread_attr_destroy(&attributes);
	return clients;
}

static void client_free(struct client *client)
{
	disconnect(client);
	for (size_t i = 0; i < load.chain; i++)
		milter_free(&client->chain[i]);
	free(client->draft.fields);
	free(client->draft.owned);
}

/* Open, said hello, and then not a word: to the first filter only. */
static struct milter *idle_open(unsigned *lost)
{
	struct milter *idle = calloc(load.idle + 1, sizeof(*idle));

	if (idle == NULL)
		err(EX_OSERR, "memory");
	for (unsigned i = 0; i < load.idle; i++)
		if (!milter_open(&idle[i], load.specs[0], load.timeout_s) ||
		    milter_connect(&idle[i], &load.mails.rows[i % load.mails.count]) != MTA_CONTINUE)
			(*lost)++;
	return idle;
}

static void idle_close(struct milter *idle)
{
	for (unsigned i = 0; i < load.idle; i++) {
		milter_close(&idle[i]);
		milter_free(&idle[i]);
	}
	free(idle);
}

static struct tally measure(struct report *report)
{
	struct tally sum = { 0 };
	struct client *clients = clients_start();
	double start;

	pthread_barrier_wait(&load.start);
	start = now_s();
	if (load.seconds > 0)
		atomic_store(&load.end_s, start + load.seconds);
	for (unsigned i = 0; i < load.connections; i++)
		pthread_join(clients[i].thread, NULL);
	report->seconds = now_s() - start;
	report->connections = load.connections;
	for (unsigned i = 0; i < load.connections; i++) {
		client_free(&clients[i]);
		tally_add(&sum, &clients[i].tally);
	}
	free(clients);
	return sum;
}

static unsigned long number_of(const char *text, const char *option)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (end == text || *end != '\0')
		errx(EX_USAGE, "-%s %s: a number is wanted", option, text);
	return number;
}

static void read_pause(const char *text)
{
	static const char *const names[] = { "mail", "rcpt", "data", "body" };
	const char *colon = strchr(text, ':');

	for (int i = 0; colon != NULL && i < 4; i++)
		if (strncmp(names[i], text, (size_t)(colon - text)) == 0)
			load.pause = (enum pause)(PAUSE_MAIL + i);
	if (load.pause == PAUSE_NONE)
		errx(EX_USAGE, "-p %s: STEP:MS is wanted, with a step of mail, rcpt, data, body", text);
	load.pause_ms = (unsigned)number_of(colon + 1, "p");
}

static void read_compared(char *list)
{
	char *word;

	memset(load.compared, 0, sizeof(load.compared));
	while ((word = strsep(&list, ",")) != NULL) {
		bool found = strcmp(word, "none") == 0;

		for (int i = 0; i < RESULTS; i++)
			if (strcmp(word, methods[i]) == 0)
				found = load.compared[i] = true;
		if (!found)
			errx(EX_USAGE, "-x: %s is none of dmarc, spf, dkim, none", word);
	}
}

static void add_spec(const char *spec)
{
	if (load.chain == CHAIN_MAX)
		errx(EX_USAGE, "at most %d filters", CHAIN_MAX);
	load.specs[load.chain++] = spec;
}

static void read_option(int option, char *value)
{
	switch (option) {
	case 's': add_spec(value); break;
	case 'c': load.connections = (unsigned)number_of(value, "c"); break;
	case 'm': load.messages = number_of(value, "m"); break;
	case 'e': load.each = number_of(value, "e"); break;
	case 'k': load.keep = number_of(value, "k"); break;
	case 'o': load.first = number_of(value, "o"); break;
	case 'd': load.seconds = (double)number_of(value, "d"); break;
	case 'p': read_pause(value); break;
	case 'w': load.every_ms = (unsigned)number_of(value, "w"); break;
	case 'b': load.octet_wait_ms = (unsigned)number_of(value, "b"); break;
	case 'i': load.idle = (unsigned)number_of(value, "i"); break;
	case 't': load.timeout_s = (unsigned)number_of(value, "t"); break;
	case 'x': read_compared(value); break;
	case 'n': load.numbered = true; break;
	case 'a': load.bears_tempfail = true; break;
	case 'j': load.json = true; break;
	default: errx(EX_USAGE, "bench/load -s SOCKET [options] CORPUS; see the head of load.c");
	}
}

static void read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "s:c:m:e:k:o:d:p:w:b:i:t:x:naj")) != -1)
		read_option(option, optarg);
	if (load.chain == 0 || load.connections == 0 || optind + 1 != argc)
		read_option('?', NULL);
	mails_read(&load.mails, argv[optind]);
	load.goal = load.messages;
	if (load.goal == 0 && load.each == 0 && load.seconds <= 0)
		load.goal = load.mails.count;
}

/* Several descriptors a connection, and a chain has more. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct report report = { 0 };
	struct milter *idle;
	struct tally tally;
	bool failed;

	read_options(argc, argv);
	raise_limit();
	signal(SIGPIPE, SIG_IGN);
	idle = idle_open(&report.idle_lost);
	tally = measure(&report);
	idle_close(idle);
	tally_print(&tally, &report, load.json, stdout);
	failed = tally.failures > 0 || tally_messages(&tally) == 0;
	tally_free(&tally);
	return failed;
}
