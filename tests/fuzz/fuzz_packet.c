/* Packets of the milter protocol, both ways. The input: an octet that says how the rest
 * is cut, then what an MTA sends. Read in any pieces it is the packets that the plainest
 * of readers finds; no more is read ahead than is promised, and none of it comes to light
 * in the next connection; the end of what can be read comes without waiting, and says
 * why. What is written is what was sent, and can be read back. Of what is gathered, nothing
 * is held back longer than is promised, and all of it comes in order. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon.h"
#include "log.h"
#include "packet.h"

enum { AT_ONCE, IN_PIECES, WAYS, PIECES = 64, OCTETS = 65536, HEAD = 5, AHEAD = 16384 };
enum { GATHERED = 4096, ENOUGH = 2 * GATHERED };
enum { TIMEOUT = 1, NO_MEMORY = 3, ERROR = 4, END = 5, TOO_LARGE = 7 };   /* libmilter's words */

static struct timeval no_time;          /* what has not come by now does not come */
static int here, there;                 /* ours, the MTA's */

void log_event(int priority, const char *event, ...)
{
	FUZZ_NEED(priority == LOG_WARNING && strcmp(event, "connection") == 0);
}

void daemon_leave(void)
{
}

static void open_pair(void)
{
	int ends[2];

	FUZZ_NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	here = ends[0];
	there = ends[1];
}

static void hang_up(int *end)
{
	if (*end >= 0)
		close(*end);
	*end = -1;
}

/* A descriptor goes with each piece: no recv() reads beyond one. */
static void send_piece(const char *data, size_t len)
{
	static int nothing = -1;
	union { char octets[CMSG_SPACE(sizeof(int))]; struct cmsghdr head; } control = { { 0 } };
	struct iovec part = { (void *)(uintptr_t)data, len };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.octets, .msg_controllen = sizeof(control.octets),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	if (nothing < 0)
		nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &nothing, sizeof(nothing));
	FUZZ_NEED(sendmsg(there, &message, MSG_DONTWAIT) == (ssize_t)len);
}

static void send_text(struct slice text, int way, unsigned cut)
{
	for (unsigned i = 0; way == IN_PIECES && i < PIECES && text.len > 0; i++) {
		size_t len = 1 + (cut + i * i) % (cut % 16 + 1);

		len = len < text.len ? len : text.len;
		send_piece(text.data, len);
		text = slice_from(text, len);
	}
	if (text.len > 0)
		FUZZ_NEED(send(there, text.data, text.len, MSG_DONTWAIT) == (ssize_t)text.len);
}

/* The plainest of readers. */

struct packet {
	int command;                    /* below a blank: why there is none */
	struct slice data;
};

/* Names and values, each with its NUL, behind the step's letter. */
static bool are_pairs(struct slice data)
{
	bool name = true;

	for (data = slice_from(data, 1); data.len > 0; name = !name) {
		size_t end = slice_find(data, '\0');

		if (end == data.len)
			return false;
		data = slice_from(data, end + 1);
	}
	return name;
}

static struct packet next_packet(struct slice *rest, int at_end)
{
	const unsigned char *head = (const unsigned char *)rest->data;
	struct packet packet = { at_end, slice_new("", 0) };
	uint64_t len;

	if (rest->len < HEAD)
		return packet;
	len = (uint64_t)head[0] << 24 | (uint64_t)head[1] << 16 | (uint64_t)head[2] << 8 | head[3];
	*rest = slice_from(*rest, HEAD);
	if (len == 0 || len > PACKET_OCTETS + 1) {
		packet.command = TOO_LARGE;
	} else if (rest->len >= len - 1) {
		packet.data = slice_until(*rest, len - 1);
		packet.command = (char)head[4];
		if (head[4] == 'D' && !are_pairs(packet.data) && len > 1)
			packet.command = ERROR;
		*rest = slice_from(*rest, len - 1);
	}
	return packet;
}

static bool is_over(int command)
{
	return command == TIMEOUT || command == NO_MEMORY || command == ERROR || command == END ||
	       command == TOO_LARGE;
}

/* Returns the command that was read. */
static int check_next(struct packet wanted, size_t left)
{
	char command = 'x', *data;
	size_t len = SIZE_MAX;
	int waiting;

	data = mi_rd_cmd(here, &no_time, &command, &len, NULL);
	FUZZ_NEED(command == wanted.command);
	FUZZ_NEED((data != NULL) == (len > 0));
	if (is_over(wanted.command) && data == NULL)
		return command;
	FUZZ_NEED(slice_equal(slice_new(data != NULL ? data : "", len), wanted.data));
	FUZZ_NEED(ioctl(here, FIONREAD, &waiting) == 0 && (size_t)waiting <= left);
	FUZZ_NEED(left - (size_t)waiting <= AHEAD);
	free(data);
	return command;
}

/* With and without an end behind it. */
static void check_read(struct slice text, int way, unsigned cut, bool ended)
{
	struct slice rest = text;
	int command;

	open_pair();
	send_text(text, way, cut);
	if (ended)
		hang_up(&there);
	packet_begin(here);
	do {
		struct packet wanted = next_packet(&rest, ended ? END : TIMEOUT);

		command = check_next(wanted, rest.len);
	} while (!is_over(command));
	packet_end();
	hang_up(&there);
	hang_up(&here);
}

static void check_octets(int command, struct slice data)
{
	unsigned char head[HEAD];
	char *octets = mem_alloc(data.len + 1);

	FUZZ_NEED(recv(there, head, HEAD, MSG_DONTWAIT | MSG_PEEK) == HEAD);
	FUZZ_NEED(((uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3]) ==
		  data.len + 1);
	FUZZ_NEED(head[4] == (unsigned char)command);
	FUZZ_NEED(recv(there, head, HEAD, MSG_DONTWAIT) == HEAD);
	FUZZ_NEED(recv(there, octets, data.len + 1, MSG_DONTWAIT) == (data.len > 0 ? (ssize_t)data.len : -1));
	FUZZ_NEED(slice_equal(slice_new(octets, data.len), data));
	free(octets);
}

static int write_packet(int command, struct slice data)
{
	return mi_wr_cmd(here, &no_time, command, (char *)(uintptr_t)(data.len > 0 ? data.data : NULL),
			 data.len);
}

static void check_write(struct packet packet)
{
	char command, *data;
	size_t len;
	int swap;

	open_pair();
	FUZZ_NEED(write_packet(packet.command, packet.data) == 0);
	check_octets(packet.command, packet.data);
	FUZZ_NEED(write_packet(packet.command, packet.data) == 0);
	swap = here;
	here = there;
	there = swap;
	packet_begin(here);
	data = mi_rd_cmd(here, &no_time, &command, &len, NULL);
	packet_end();
	FUZZ_NEED(command == (char)packet.command && len == packet.data.len);
	FUZZ_NEED(len == 0 || memcmp(data, packet.data.data, len) == 0);
	free(data);
	hang_up(&there);
	FUZZ_NEED(write_packet(packet.command, packet.data) == -1);     /* and no SIGPIPE */
	hang_up(&here);
}

/* Nobody reads: it ends when there is no room. */
static void check_full(struct packet packet)
{
	int octets = 1, written = 0;

	open_pair();
	FUZZ_NEED(setsockopt(here, SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets)) == 0);
	while (write_packet(packet.command, packet.data) == 0)
		FUZZ_NEED(++written < OCTETS);
	hang_up(&there);
	hang_up(&here);
}

/* Takes what has been sent to the MTA, the next part of `text`; its length. */
static size_t take(struct slice text)
{
	char *octets = mem_alloc(OCTETS);
	ssize_t n = recv(there, octets, OCTETS, MSG_DONTWAIT);

	if (n < 0)
		n = 0;
	FUZZ_NEED((size_t)n <= text.len && memcmp(octets, text.data, (size_t)n) == 0);
	free(octets);
	return (size_t)n;
}

static void check_nothing_to_read(int wanted)
{
	char command = 'x';
	size_t len = 7;

	FUZZ_NEED(mi_rd_cmd(here, &no_time, &command, &len, NULL) == NULL);
	FUZZ_NEED(command == wanted && len == 0);
}

/* The packets of `text` again and again, for more than can be gathered. */
static struct slice repeat(struct slice text, char room[OCTETS])
{
	struct slice rest = text;
	size_t whole, len;

	do
		whole = text.len - rest.len;
	while (!is_over(next_packet(&rest, END).command));
	for (len = 0; whole > 0 && len < ENOUGH && len + whole <= OCTETS; len += whole)
		memcpy(room + len, text.data, whole);
	return slice_new(room, len);
}

/* All packets of `text` to one MTA, which is asked for one of its own between some. */
static void check_gathered(struct slice text, unsigned cut)
{
	struct slice rest = text;
	size_t taken = 0;
	struct packet packet;

	open_pair();
	packet_begin(here);
	for (unsigned i = 1; !is_over((packet = next_packet(&rest, END)).command); i++) {
		struct slice sent = slice_until(text, text.len - rest.len);
		bool asks = i % (cut % 16 + 1) == 0;

		FUZZ_NEED(write_packet(packet.command, packet.data) == 0);
		if (asks)
			check_nothing_to_read(TIMEOUT);
		taken += take(slice_from(sent, taken));
		FUZZ_NEED(sent.len - taken <= GATHERED);
		if (asks || memchr("himq", packet.command, 4) == NULL)
			FUZZ_NEED(sent.len == taken);
	}
	FUZZ_NEED(write_packet('i', slice_new("", 0)) == 0);
	hang_up(&there);
	check_nothing_to_read(ERROR);
	FUZZ_NEED(write_packet('i', slice_new("", 0)) == -1);
	packet_end();
	hang_up(&here);
}

void fuzz_packet(const uint8_t *data, size_t size)
{
	unsigned cut = size > 0 ? data[0] : 0;
	struct slice text = slice_until(slice_from(fuzz_slice(data, size), 1), OCTETS), rest = text;
	struct packet packet;
	bool full = cut >= 0xF0;        /* this costs much */
	char room[OCTETS];

	for (int way = 0; way < WAYS; way++) {
		check_read(text, way, cut, true);
		check_read(text, way, cut, false);
	}
	check_gathered(repeat(text, room), cut);
	while (!is_over((packet = next_packet(&rest, END)).command)) {
		check_write(packet);
		if (full)
			check_full(packet);
		full = false;
	}
}
