#include "packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "daemon.h"
#include "log.h"

#define MACROS 'D'
#define ADD_HEADER 'h'
#define INSERT_HEADER 'i'
#define CHANGE_HEADER 'm'
#define QUARANTINE 'q'
#define AHEAD_OCTETS 16384      /* a message of usual size, or most of a packet of body */
#define GATHERED_OCTETS 4096    /* more than the changes of a usual message */

/* What has been read of the thread's connection and not taken yet. */
static _Thread_local struct {
	bool is_open;
	int socket;
	size_t at, end;
	char octets[AHEAD_OCTETS];
} ahead;

/* Changes for it that have not been sent yet. */
static _Thread_local struct {
	size_t len;
	bool is_lost;           /* sending failed, perhaps within a packet: nothing may follow */
	char octets[GATHERED_OCTETS];
} gathered;

/* What one call sends. */
enum { GATHERED, HEAD, DATA, PARTS };

/* How a connection ends, in the library's words for *command_r. */
enum reading {
	READ_ALL = ' ',
	READ_TIMEOUT = 1,
	READ_NO_MEMORY = 3,
	READ_ERROR = 4,
	READ_END = 5,
	READ_TOO_LARGE = 7,
};

enum problem { CANNOT_READ, MEMORY, MACRO, LENGTH, PROBLEMS };

/* Each once a minute: over TCP everybody on the host may send what he likes. */
static void say(enum problem problem)
{
	static const char *const texts[PROBLEMS] = {
		[CANNOT_READ] = "cannot read from the MTA; the connection is closed",
		[MEMORY] = "no memory for a packet of the MTA; the connection is closed",
		[MACRO] = "a macro without a value from the MTA; the connection is closed",
		[LENGTH] = "a packet that is empty or too large from the MTA; the connection is closed",
	};
	static _Atomic int64_t next_ms[PROBLEMS];

	if (clock_is_due(&next_ms[problem], LOG_SAY_MS))
		log_event(LOG_WARNING, "connection", "problem", texts[problem], NULL);
}

static enum reading failed(void)
{
	if (errno == ECONNRESET)
		return READ_END;
	say(CANNOT_READ);
	return READ_ERROR;
}

static enum reading wait_for(int socket, short events, const struct timeval *timeout)
{
	struct pollfd ready = { .fd = socket, .events = events };
	struct timespec left = { .tv_sec = timeout->tv_sec, .tv_nsec = timeout->tv_usec * 1000 };
	int n;

	do
		n = ppoll(&ready, 1, &left, NULL);      /* poll() is ours: connections.h */
	while (n < 0 && errno == EINTR);
	return n > 0 ? READ_ALL : n == 0 ? READ_TIMEOUT : failed();
}

void packet_begin(int socket)
{
	ahead.is_open = true;
	ahead.socket = socket;
	ahead.at = ahead.end = 0;
	gathered.len = 0;
	gathered.is_lost = false;
}

void packet_end(void)
{
	ahead.is_open = false;
}

bool packet_is_reader_of(int socket)
{
	return ahead.is_open && ahead.socket == socket;
}

/* Waits for what there is, at most `room` octets; *len_r is over 0 with READ_ALL. */
static enum reading receive(int socket, const struct timeval *timeout, char *data, size_t room,
			    size_t *len_r)
{
	for (;;) {
		ssize_t n = recv(socket, data, room, MSG_DONTWAIT);
		enum reading outcome = READ_ALL;

		if (n == 0)
			return READ_END;
		if (n > 0) {
			*len_r = (size_t)n;
			return READ_ALL;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			outcome = wait_for(socket, POLLIN, timeout);
		else if (errno != EINTR)
			outcome = failed();
		if (outcome != READ_ALL)
			return outcome;
	}
}

/* What is larger than the room ahead goes where it belongs at once. */
static enum reading read_all(int socket, const struct timeval *timeout, char *data, size_t len)
{
	while (len > 0) {
		enum reading outcome = READ_ALL;
		size_t n = 0;

		if (ahead.at < ahead.end) {
			n = len < ahead.end - ahead.at ? len : ahead.end - ahead.at;
			memcpy(data, ahead.octets + ahead.at, n);
			ahead.at += n;
		} else if (len >= AHEAD_OCTETS) {
			outcome = receive(socket, timeout, data, len, &n);
		} else {
			ahead.at = ahead.end = 0;
			outcome = receive(socket, timeout, ahead.octets, AHEAD_OCTETS, &ahead.end);
		}
		if (outcome != READ_ALL)
			return outcome;
		data += n;
		len -= n;
	}
	return READ_ALL;
}

/* The step's letter, then names and values in turn, each with its NUL. */
static bool are_pairs(const char *data, size_t len)
{
	unsigned strings = 0;

	for (size_t i = 1; i < len; i++)
		strings += data[i] == '\0';
	return strings % 2 == 0 && (len == 1 || data[len - 1] == '\0');
}

static enum reading read_data(int socket, const struct timeval *timeout, char command,
			      size_t len, char **data_r)
{
	char *data = malloc(len);       /* the library frees it */
	enum reading outcome = READ_NO_MEMORY;

	if (data == NULL) {
		say(MEMORY);
		return outcome;
	}
	outcome = read_all(socket, timeout, data, len);
	if (outcome == READ_ALL && command == MACROS && !are_pairs(data, len)) {
		say(MACRO);
		outcome = READ_ERROR;
	}
	if (outcome == READ_ALL)
		*data_r = data;
	else
		free(data);
	return outcome;
}

/* Four octets of length, which counts the letter, and the letter. */
static enum reading read_packet(int socket, const struct timeval *timeout, char *command_r,
				char **data_r, size_t *len_r)
{
	char head[5];
	uint32_t len;
	enum reading outcome = read_all(socket, timeout, head, sizeof(head));

	if (outcome != READ_ALL)
		return outcome;
	memcpy(&len, head, sizeof(len));
	len = ntohl(len);
	if (len == 0 || len - 1 > PACKET_OCTETS) {
		say(LENGTH);
		return READ_TOO_LARGE;
	}
	*command_r = head[4];
	*len_r = len - 1;
	return len > 1 ? read_data(socket, timeout, head[4], len - 1, data_r) : READ_ALL;
}

/* What is left to send. */
static size_t skip(struct iovec parts[PARTS], size_t sent)
{
	size_t left = 0;

	for (int i = 0; i < PARTS; i++) {
		size_t n = sent < parts[i].iov_len ? sent : parts[i].iov_len;

		parts[i].iov_base = (char *)parts[i].iov_base + n;
		parts[i].iov_len -= n;
		sent -= n;
		left += parts[i].iov_len;
	}
	return left;
}

/* After a failed send: its errno. */
static bool may_go_on(int socket, const struct timeval *timeout)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return wait_for(socket, POLLOUT, timeout) == READ_ALL;
	return errno == EINTR;
}

static int send_all(int socket, const struct timeval *timeout, struct iovec parts[PARTS])
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = PARTS };
	size_t left = skip(parts, 0);

	while (left > 0) {
		ssize_t n = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			left = skip(parts, (size_t)n);
		else if (!may_go_on(socket, timeout))
			return -1;
	}
	return 0;
}

/* What was gathered, and the packet behind it. */
static int send_behind(int socket, const struct timeval *timeout, struct iovec parts[PARTS])
{
	if (gathered.is_lost)
		return -1;
	parts[GATHERED] = (struct iovec){ gathered.octets, gathered.len };
	gathered.is_lost = send_all(socket, timeout, parts) < 0;
	gathered.len = 0;
	return gathered.is_lost ? -1 : 0;
}

static int send_gathered(int socket, const struct timeval *timeout)
{
	char nothing[1];
	struct iovec parts[PARTS] = { [HEAD] = { nothing, 0 }, [DATA] = { nothing, 0 } };

	return send_behind(socket, timeout, parts);
}

static bool is_change(int command)
{
	static const char changes[] = { ADD_HEADER, INSERT_HEADER, CHANGE_HEADER, QUARANTINE };

	return memchr(changes, command, sizeof(changes)) != NULL;
}

/* False when there is no room, or the connection has failed. */
static bool gather(const struct iovec parts[PARTS])
{
	size_t len = parts[HEAD].iov_len + parts[DATA].iov_len;

	if (gathered.is_lost || len > GATHERED_OCTETS - gathered.len)
		return false;
	for (int i = HEAD; i < PARTS; i++) {
		memcpy(gathered.octets + gathered.len, parts[i].iov_base, parts[i].iov_len);
		gathered.len += parts[i].iov_len;
	}
	return true;
}

char *mi_rd_cmd(int socket, struct timeval *timeout, char *command_r, size_t *len_r, char *name)
{
	char *data = NULL;
	enum reading outcome;

	(void)name;
	if (!packet_is_reader_of(socket))
		packet_begin(socket);   /* a thread of the library's own */
	outcome = send_gathered(socket, timeout) < 0 ? READ_ERROR : READ_ALL;
	daemon_leave();                 /* what came before is answered */
	if (outcome == READ_ALL)
		outcome = read_packet(socket, timeout, command_r, &data, len_r);
	if (outcome == READ_ALL)
		return data;
	*command_r = (char)outcome;
	*len_r = 0;
	return NULL;
}

int mi_wr_cmd(int socket, struct timeval *timeout, int command, char *data, size_t len)
{
	uint32_t count = htonl((uint32_t)len + 1);
	char head[5];
	struct iovec parts[PARTS] = {
		[GATHERED] = { head, 0 },
		[HEAD] = { head, sizeof(head) },
		[DATA] = { data != NULL ? data : head, len },
	};

	if (len > PACKET_OCTETS || (len > 0 && data == NULL))
		return -1;
	memcpy(head, &count, sizeof(count));
	head[4] = (char)command;
	if (!packet_is_reader_of(socket))
		return send_all(socket, timeout, parts);
	if (is_change(command) && gather(parts))
		return 0;
	return send_behind(socket, timeout, parts);
}
