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

#include "log.h"

#define MACROS 'D'
#define AHEAD_OCTETS 16384      /* a message of usual size, or most of a packet of body */

/* What has been read of the thread's connection and not taken yet. */
static _Thread_local struct {
	bool is_open;
	int socket;
	size_t at, end;
	char octets[AHEAD_OCTETS];
} ahead;

/* How a connection ends, in the library's words for *command_r. */
enum outcome {
	READ_ALL = ' ',
	READ_TIMEOUT = 1,
	READ_NO_MEMORY = 3,
	READ_ERROR = 4,
	READ_END = 5,
	READ_TOO_LARGE = 7,
};

static void say(const char *problem)
{
	log_event(LOG_WARNING, "connection", "problem", problem, NULL);
}

static enum outcome failed(void)
{
	if (errno == ECONNRESET)
		return READ_END;
	say("cannot read from the MTA; the connection is closed");
	return READ_ERROR;
}

static enum outcome wait_for(int socket, short events, const struct timeval *timeout)
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
static enum outcome receive(int socket, const struct timeval *timeout, char *data, size_t room,
			    size_t *len_r)
{
	for (;;) {
		ssize_t n = recv(socket, data, room, MSG_DONTWAIT);
		enum outcome outcome = READ_ALL;

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
static enum outcome read_all(int socket, const struct timeval *timeout, char *data, size_t len)
{
	while (len > 0) {
		enum outcome outcome = READ_ALL;
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

static enum outcome read_data(int socket, const struct timeval *timeout, char command,
			      size_t len, char **data_r)
{
	char *data = malloc(len);       /* the library frees it */
	enum outcome outcome = READ_NO_MEMORY;

	if (data == NULL) {
		say("no memory for a packet of the MTA; the connection is closed");
		return outcome;
	}
	outcome = read_all(socket, timeout, data, len);
	if (outcome == READ_ALL && command == MACROS && !are_pairs(data, len)) {
		say("a macro without a value from the MTA; the connection is closed");
		outcome = READ_ERROR;
	}
	if (outcome == READ_ALL)
		*data_r = data;
	else
		free(data);
	return outcome;
}

/* Four octets of length, which counts the letter, and the letter. */
static enum outcome read_packet(int socket, const struct timeval *timeout, char *command_r,
				char **data_r, size_t *len_r)
{
	char head[5];
	uint32_t len;
	enum outcome outcome = read_all(socket, timeout, head, sizeof(head));

	if (outcome != READ_ALL)
		return outcome;
	memcpy(&len, head, sizeof(len));
	len = ntohl(len);
	if (len == 0 || len - 1 > PACKET_OCTETS) {
		say("a packet of no or of too large a length from the MTA; the connection is closed");
		return READ_TOO_LARGE;
	}
	*command_r = head[4];
	*len_r = len - 1;
	return len > 1 ? read_data(socket, timeout, head[4], len - 1, data_r) : READ_ALL;
}

char *mi_rd_cmd(int socket, struct timeval *timeout, char *command_r, size_t *len_r, char *name)
{
	char *data = NULL;
	enum outcome outcome;

	(void)name;
	if (!packet_is_reader_of(socket))
		packet_begin(socket);   /* a thread of the library's own */
	outcome = read_packet(socket, timeout, command_r, &data, len_r);
	if (outcome == READ_ALL)
		return data;
	*command_r = (char)outcome;
	*len_r = 0;
	return NULL;
}

/* What is left to send of `parts`, of which there are two. */
static size_t skip(struct iovec parts[2], size_t sent)
{
	for (int i = 0; i < 2; i++) {
		size_t n = sent < parts[i].iov_len ? sent : parts[i].iov_len;

		parts[i].iov_base = (char *)parts[i].iov_base + n;
		parts[i].iov_len -= n;
		sent -= n;
	}
	return parts[0].iov_len + parts[1].iov_len;
}

/* After a failed send: its errno. */
static bool may_go_on(int socket, const struct timeval *timeout)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return wait_for(socket, POLLOUT, timeout) == READ_ALL;
	return errno == EINTR;
}

int mi_wr_cmd(int socket, struct timeval *timeout, int command, char *data, size_t len)
{
	uint32_t count = htonl((uint32_t)len + 1);
	char head[5];
	struct iovec parts[2] = { { head, sizeof(head) }, { data != NULL ? data : head, data != NULL ? len : 0 } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	size_t left = sizeof(head) + parts[1].iov_len;

	if (len > PACKET_OCTETS || (len > 0 && data == NULL))
		return -1;
	memcpy(head, &count, sizeof(count));
	head[4] = (char)command;
	while (left > 0) {
		ssize_t n = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			left = skip(parts, (size_t)n);
		else if (!may_go_on(socket, timeout))
			return -1;
	}
	return 0;
}
