#include "mta.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* As libmilter/mfapi.h has them; it wants to be linked. */
#define ALL_ACTIONS 0x1ffU
#define SKIP 0x400U             /* SMFIP_SKIP: not offered, all get the whole body */
#define LEADING_SPACE 0x100000U /* SMFIP_HDR_LEADSPC */
#define ALL_STEPS (0x1fffffU & ~SKIP)

enum { CHUNK = 65535, FLUSH_OCTETS = 1 << 17, PACKET_MAX = 1 << 24, VERSION = 6 };

const char *const mta_answer_names[MTA_ANSWERS] = {
	"continue", "accept", "reject", "tempfail", "discard", "lost",
};

static const struct step {
	char command;
	uint32_t not_sent, no_reply;
} steps[] = {
	{ 'C', 0x01, 0x01000 }, { 'H', 0x02, 0x02000 }, { 'M', 0x04, 0x04000 },
	{ 'R', 0x08, 0x08000 }, { 'T', 0x200, 0x10000 }, { 'L', 0x20, 0x00080 },
	{ 'N', 0x40, 0x40000 }, { 'B', 0x10, 0x80000 }, { 'E', 0, 0 }, { 'O', 0, 0 },
};

static const struct step *step_of(char command)
{
	const struct step *step = steps;

	while (step->command != command)
		step++;
	return step;
}

static bool is_wanted(const struct milter *milter, char command)
{
	return (milter->steps & step_of(command)->not_sent) == 0;
}

static void make_room(struct octets *octets, size_t more)
{
	if (octets->room - octets->count >= more)
		return;
	octets->room = (octets->count + more) * 2;
	octets->at = realloc(octets->at, octets->room);
	if (octets->at == NULL)
		err(EX_OSERR, "memory");
}

static void put(struct milter *milter, const void *data, size_t octets)
{
	make_room(&milter->out, octets);
	memcpy(milter->out.at + milter->out.count, data, octets);
	milter->out.count += octets;
}

static void put_number(struct milter *milter, uint32_t number)
{
	number = htonl(number);
	put(milter, &number, sizeof(number));
}

/* A packet's length and command; exactly `octets` follow. */
static void put_packet(struct milter *milter, char command, size_t octets)
{
	put_number(milter, (uint32_t)octets + 1);
	put(milter, &command, 1);
}

static void put_text(struct milter *milter, const char *text)
{
	put(milter, text, strlen(text) + 1);
}

static ssize_t send_some(const struct milter *milter, const char *at, size_t octets)
{
	struct timespec wait = { .tv_sec = milter->octet_wait_ms / 1000,
				 .tv_nsec = milter->octet_wait_ms % 1000 * 1000000L };

	if (milter->octet_wait_ms > 0) {
		nanosleep(&wait, NULL);
		octets = 1;
	}
	return send(milter->fd, at, octets, MSG_NOSIGNAL);
}

enum mta_answer milter_flush(struct milter *milter)
{
	size_t sent = 0;

	while (sent < milter->out.count) {
		ssize_t got = send_some(milter, milter->out.at + sent, milter->out.count - sent);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return MTA_LOST;
		sent += (size_t)got;
	}
	milter->out.count = 0;
	return MTA_CONTINUE;
}

/* Until so many octets are there, not yet looked at. */
static bool fill(struct milter *milter, size_t wanted)
{
	struct octets *in = &milter->in;

	if (milter->in_used > 0) {
		in->count -= milter->in_used;
		memmove(in->at, in->at + milter->in_used, in->count);
		milter->in_used = 0;
	}
	make_room(in, wanted + 16384);
	while (in->count < wanted) {
		ssize_t got = recv(milter->fd, in->at + in->count, in->room - in->count, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		in->count += (size_t)got;
	}
	return true;
}

/* The next packet; its data are valid until the next call. */
static bool receive(struct milter *milter, char *command_r, const char **data_r, size_t *octets_r)
{
	uint32_t octets;

	if (milter->in.count - milter->in_used < 5 && !fill(milter, 5))
		return false;
	memcpy(&octets, milter->in.at + milter->in_used, 4);
	octets = ntohl(octets);
	if (octets == 0 || octets > PACKET_MAX)
		return false;
	if (milter->in.count - milter->in_used < 4 + octets && !fill(milter, 4 + octets))
		return false;
	*command_r = milter->in.at[milter->in_used + 4];
	*data_r = milter->in.at + milter->in_used + 5;
	*octets_r = octets - 1;
	milter->in_used += 4 + octets;
	return true;
}

/* The answer a packet is, or -1 when it is none. */
static int answer_of(char command, const char *data, size_t octets)
{
	switch (command) {
	case 'c':
		return MTA_CONTINUE;
	case 'a':
		return MTA_ACCEPT;
	case 'r':
		return MTA_REJECT;
	case 't':
		return MTA_TEMPFAIL;
	case 'd':
		return MTA_DISCARD;
	case 'y':
		return octets > 0 && data[0] == '5' ? MTA_REJECT : MTA_TEMPFAIL;
	}
	return -1;
}

/* Flushes and waits. `draft` NULL: changes are against the protocol here. */
static enum mta_answer await(struct milter *milter, struct draft *draft)
{
	char command;
	const char *data;
	size_t octets;

	if (milter_flush(milter) == MTA_LOST)
		return MTA_LOST;
	while (receive(milter, &command, &data, &octets)) {
		int answer = answer_of(command, data, octets);

		if (answer >= 0) {
			milter->is_done = answer != MTA_CONTINUE;
			return (enum mta_answer)answer;
		}
		if (command != 'p' &&
		    (draft == NULL || !draft_change(draft, command, data, octets)))
			return MTA_LOST;
	}
	return MTA_LOST;
}

static enum mta_answer end_step(struct milter *milter, char command)
{
	if ((milter->steps & step_of(command)->no_reply) != 0)
		return MTA_CONTINUE;
	return await(milter, NULL);
}

/* A filter forgets a step's macros when more come: all of a step stand in one packet. */
static void put_macros(struct milter *milter, char command, const char *const words[], size_t count)
{
	size_t octets = 1;

	for (size_t i = 0; i < count; i++)
		octets += strlen(words[i]) + 1;
	put_packet(milter, 'D', octets);
	put(milter, &command, 1);
	for (size_t i = 0; i < count; i++)
		put_text(milter, words[i]);
}

static void put_macro(struct milter *milter, char command, const char *name, const char *value)
{
	put_macros(milter, command, (const char *const[]){ name, value }, 2);
}

static int open_unix(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof(un)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* PORT@HOST */
static int open_inet(const char *place, int family)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM }, *found;
	char port[16] = "";
	const char *host = strchr(place, '@');
	int fd, one = 1;

	if (host == NULL || sscanf(place, "%15[0-9]", port) != 1 ||
	    getaddrinfo(host + 1, port, &hints, &found) != 0)
		errx(EX_USAGE, "%s: PORT@HOST is wanted", place);
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int open_socket(const char *spec)
{
	if (strncmp(spec, "inet:", 5) == 0)
		return open_inet(spec + 5, AF_INET);
	if (strncmp(spec, "inet6:", 6) == 0)
		return open_inet(spec + 6, AF_INET6);
	if (strncmp(spec, "unix:", 5) == 0)
		return open_unix(spec + 5);
	return open_unix(strncmp(spec, "local:", 6) == 0 ? spec + 6 : spec);
}

static bool negotiate(struct milter *milter)
{
	char command;
	const char *data;
	size_t octets;
	uint32_t answer[3];

	put_packet(milter, 'O', 12);
	put_number(milter, VERSION);
	put_number(milter, ALL_ACTIONS);
	put_number(milter, ALL_STEPS);
	if (milter_flush(milter) == MTA_LOST || !receive(milter, &command, &data, &octets) ||
	    command != 'O' || octets < sizeof(answer))
		return false;
	memcpy(answer, data, sizeof(answer));
	milter->actions = ntohl(answer[1]);
	milter->steps = ntohl(answer[2]);
	return ((milter->actions & ~ALL_ACTIONS) | (milter->steps & ~ALL_STEPS)) == 0;
}

bool milter_open(struct milter *milter, const char *spec, unsigned timeout_s)
{
	struct timeval timeout = { .tv_sec = timeout_s };

	milter->out.count = milter->in.count = milter->in_used = 0;
	milter->is_done = false;
	milter->fd = open_socket(spec);
	if (milter->fd < 0)
		return false;
	setsockopt(milter->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(milter->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	return negotiate(milter);
}

void milter_close(struct milter *milter)
{
	if (milter->fd < 0)
		return;
	milter->out.count = 0;
	milter->octet_wait_ms = 0;
	put_packet(milter, 'Q', 0);
	milter_flush(milter);
	close(milter->fd);
	milter->fd = -1;
}

void milter_free(struct milter *milter)
{
	free(milter->out.at);
	free(milter->in.at);
	milter->out = milter->in = (struct octets){ 0 };
}

enum mta_answer milter_connect(struct milter *milter, const struct mail *mail)
{
	const char *const macros[] = {
		"j", "mx.example.org", "{daemon_name}", "smtpd", "v", "load",
		"{client_name}", mail->client_name, "{client_resolve}", "OK",
	};
	bool is_ip6 = strchr(mail->address, ':') != NULL;
	const char *prefix = is_ip6 ? "IPv6:" : "";
	uint16_t port = htons(25001);
	size_t octets = strlen(mail->client_name) + 1 + 1 + 2 + strlen(prefix) +
			strlen(mail->address) + 1;

	if (!is_wanted(milter, 'C'))
		return MTA_CONTINUE;
	put_macros(milter, 'C', macros, sizeof(macros) / sizeof(macros[0]));
	put_packet(milter, 'C', octets);
	put_text(milter, mail->client_name);
	put(milter, is_ip6 ? "6" : "4", 1);
	put(milter, &port, sizeof(port));
	put(milter, prefix, strlen(prefix));
	put_text(milter, mail->address);
	return end_step(milter, 'C');
}

static enum mta_answer text_step(struct milter *milter, char command, const char *text)
{
	if (!is_wanted(milter, command))
		return MTA_CONTINUE;
	put_packet(milter, command, strlen(text) + 1);
	put_text(milter, text);
	return end_step(milter, command);
}

/* An address without its brackets, as the MTAs' macros have it. */
static void put_address_macro(struct milter *milter, char command, const char *name,
			      const char *address)
{
	char bare[512];

	if (address[0] == '<')
		address++;
	snprintf(bare, sizeof(bare), "%s", address);
	bare[strcspn(bare, ">")] = '\0';
	put_macro(milter, command, name, bare);
}

enum mta_answer milter_helo(struct milter *milter, const struct mail *mail)
{
	return text_step(milter, 'H', mail->helo);
}

enum mta_answer milter_mail(struct milter *milter, const struct mail *mail)
{
	milter->is_done = false;
	if (is_wanted(milter, 'M'))
		put_address_macro(milter, 'M', "{mail_addr}", mail->sender);
	return text_step(milter, 'M', mail->sender);
}

enum mta_answer milter_rcpt(struct milter *milter, const struct mail *mail)
{
	if (is_wanted(milter, 'R'))
		put_address_macro(milter, 'R', "{rcpt_addr}", mail->recipient);
	return text_step(milter, 'R', mail->recipient);
}

enum mta_answer milter_data(struct milter *milter, const char *queue_id)
{
	put_macro(milter, 'T', "i", queue_id);
	if (!is_wanted(milter, 'T'))
		return MTA_CONTINUE;
	put_packet(milter, 'T', 0);
	return end_step(milter, 'T');
}

static enum mta_answer send_field(struct milter *milter, const struct field *field)
{
	size_t skip = (milter->steps & LEADING_SPACE) == 0 && field->value_octets > 0 &&
		      field->value[0] == ' ';

	put_packet(milter, 'L', field->name_octets + 1 + field->value_octets - skip + 1);
	put(milter, field->name, field->name_octets);
	put(milter, "", 1);
	put(milter, field->value + skip, field->value_octets - skip);
	put(milter, "", 1);
	return end_step(milter, 'L');
}

static enum mta_answer send_fields(struct milter *milter, const struct draft *draft)
{
	enum mta_answer answer = MTA_CONTINUE;

	if (!is_wanted(milter, 'L'))
		return MTA_CONTINUE;
	for (size_t i = 0; i < draft->field_count && answer == MTA_CONTINUE; i++)
		if (draft->fields[i].name != NULL)
			answer = send_field(milter, &draft->fields[i]);
	return answer;
}

static enum mta_answer send_body(struct milter *milter, const char *body, size_t octets)
{
	enum mta_answer answer = MTA_CONTINUE;

	if (!is_wanted(milter, 'B'))
		return MTA_CONTINUE;
	for (size_t at = 0; at < octets && answer == MTA_CONTINUE; at += CHUNK) {
		size_t part = octets - at < CHUNK ? octets - at : CHUNK;

		put_packet(milter, 'B', part);
		put(milter, body + at, part);
		answer = end_step(milter, 'B');
		if (answer == MTA_CONTINUE && milter->out.count > FLUSH_OCTETS)
			answer = milter_flush(milter);
	}
	return answer;
}

enum mta_answer milter_content(struct milter *milter, const struct draft *draft,
			       const char *queue_id)
{
	enum mta_answer answer = send_fields(milter, draft);

	if (answer == MTA_CONTINUE && is_wanted(milter, 'N')) {
		put_macro(milter, 'N', "i", queue_id);
		put_packet(milter, 'N', 0);
		answer = end_step(milter, 'N');
	}
	if (answer == MTA_CONTINUE)
		answer = send_body(milter, draft->mail->body, draft->mail->body_octets);
	return answer;
}

enum mta_answer milter_eom(struct milter *milter, struct draft *draft, const char *queue_id)
{
	put_macro(milter, 'E', "i", queue_id);
	put_packet(milter, 'E', 0);
	return await(milter, draft);
}

void milter_end_client(struct milter *milter)
{
	put_packet(milter, 'K', 0);
	milter->is_done = false;
}

void milter_abort(struct milter *milter)
{
	put_packet(milter, 'A', 0);
	milter_flush(milter);
}
