/* Packets of the milter protocol, whole, in pieces, broken; both ways. */
#include "testmain.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon.h"
#include "log.h"
#include "packet.h"

#define LARGE 100000
#define LONGER_THAN_ANY "\x00\x10\x00\x02" "L"  /* PACKET_OCTETS + 1 of data */

enum { TIMEOUT = 1, ERROR = 4, END = 5, TOO_LARGE = 7 };

static const char *said;
static int here, there;                 /* ours, the MTA's */
static int sends;
static struct timeval patience = { .tv_sec = 20 };

void log_event(int priority, const char *event, ...)
{
	va_list pairs;

	ck_assert_int_eq(priority, LOG_WARNING);
	ck_assert_str_eq(event, "connection");
	va_start(pairs, event);
	ck_assert_str_eq(va_arg(pairs, const char *), "problem");
	said = va_arg(pairs, const char *);
	va_end(pairs);
}

static unsigned left;                   /* how often */

void daemon_leave(void)
{
	left++;
}

bool __wrap_clock_is_due(_Atomic int64_t *, int64_t);

bool __wrap_clock_is_due(_Atomic int64_t *next_ms, int64_t every_ms)
{
	(void)next_ms;
	return every_ms >= 60000;       /* all may run in one process */
}

ssize_t __real_sendmsg(int, const struct msghdr *, int);
ssize_t __wrap_sendmsg(int, const struct msghdr *, int);

ssize_t __wrap_sendmsg(int socket, const struct msghdr *message, int flags)
{
	sends++;
	return __real_sendmsg(socket, message, flags);
}

static void setup(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	here = ends[0];
	there = ends[1];
	packet_begin(here);
	said = NULL;
	sends = 0;
	left = 0;
}

static void teardown(void)
{
	close(here);
	if (there >= 0)
		close(there);
}

static void send_all(const char *data, size_t len)
{
	ck_assert_int_eq(write(there, data, len), (ssize_t)len);
}

static void hang_up(void)
{
	close(there);
	there = -1;
}

#define ROW(name, text, command, data, says) \
	{ name, text, sizeof(text) - 1, command, data, sizeof(data) - 1, says }
static const struct {
	const char *name, *text;
	size_t len;
	int command;
	const char *data;
	size_t data_len;
	const char *says;
} read_rows[] = {
	ROW("no data", "\0\0\0\1N", 'N', "", NULL),
	ROW("data", "\0\0\0\5Hmail", 'H', "mail", NULL),
	ROW("only its own octets", "\0\0\0\3Hab\0\0\0\1N", 'H', "ab", NULL),
	ROW("macros", "\0\0\0\6DMi\0x\0", 'D', "Mi\0x\0", NULL),
	ROW("macros of a step, none", "\0\0\0\2DM", 'D', "M", NULL),
	ROW("a macro without a value", "\0\0\0\4DMi\0", ERROR, "", "a macro without a value"),
	ROW("a macro's value without its end", "\0\0\0\5DMi\0x", ERROR, "", "a macro without a value"),
	ROW("no length", "\0\0\0\0N", TOO_LARGE, "", "empty or too large"),
	ROW("one octet too long", LONGER_THAN_ANY, TOO_LARGE, "", "empty or too large"),
	ROW("as long as can be written", "\xff\xff\xff\xffN", TOO_LARGE, "", "empty or too large"),
	ROW("nothing at all", "", END, "", NULL),
	ROW("half a head", "\0\0\0", END, "", NULL),
	ROW("half its data", "\0\0\0\5Hma", END, "", NULL),
};

START_TEST(test_read)
{
	char command = 'x', *data;
	size_t len = 77;

	send_all(read_rows[_i].text, read_rows[_i].len);
	hang_up();
	data = mi_rd_cmd(here, &patience, &command, &len, NULL);
	ck_assert_msg(command == read_rows[_i].command, "%s: %d", read_rows[_i].name, command);
	ck_assert_uint_eq(len, read_rows[_i].data_len);
	ck_assert_int_eq(data != NULL, len > 0);
	ck_assert(len == 0 || memcmp(data, read_rows[_i].data, len) == 0);
	ck_assert_msg(read_rows[_i].says == NULL ? said == NULL :
		      said != NULL && strstr(said, read_rows[_i].says) != NULL,
		      "%s: %s", read_rows[_i].name, said);
	free(data);
}
END_TEST

/* What came with a packet is there for the next ones, small or large. */
START_TEST(test_read_ahead)
{
	static char text[LARGE + 30];
	const uint32_t count = htonl(LARGE + 1);
	char command, *data;
	size_t len;

	memcpy(text, "\0\0\0\1N\0\0\0\3Hab", 12);
	memcpy(text + 12, &count, 4);
	memset(text + 16, 'B', LARGE + 1);
	memcpy(text + 17 + LARGE, "\0\0\0\1E", 5);
	send_all(text, 22 + LARGE);
	hang_up();
	ck_assert_ptr_null(mi_rd_cmd(here, &patience, &command, &len, NULL));
	ck_assert_int_eq(command, 'N');
	data = mi_rd_cmd(here, &patience, &command, &len, NULL);
	ck_assert_mem_eq(data, "ab", 2);
	free(data);
	data = mi_rd_cmd(here, &patience, &command, &len, NULL);
	ck_assert_uint_eq(len, LARGE);
	ck_assert_mem_eq(data, text + 17, LARGE);
	free(data);
	mi_rd_cmd(here, &patience, &command, &len, NULL);
	ck_assert_int_eq(command, 'E');
	mi_rd_cmd(here, &patience, &command, &len, NULL);
	ck_assert_int_eq(command, END);
}
END_TEST

/* The end of the daemon waits till the answer is sent, and not for the next packet. */
START_TEST(test_leaves)
{
	struct timeval soon = { .tv_usec = 20000 };
	char command;
	size_t len;

	send_all("\0\0\0\1N", 5);
	mi_rd_cmd(here, &patience, &command, &len, NULL);
	ck_assert_uint_eq(left, 1);
	ck_assert_int_eq(mi_wr_cmd(here, &patience, 'c', NULL, 0), 0);
	ck_assert_uint_eq(left, 1);
	mi_rd_cmd(here, &soon, &command, &len, NULL);
	ck_assert_int_eq(command, TIMEOUT);
	ck_assert_uint_eq(left, 2);
}
END_TEST

static void *send_slowly(void *text)
{
	for (int i = 0; i < 9; i++) {
		usleep(2000);
		send_all((const char *)text + i, 1);
	}
	return NULL;
}

/* What has not come yet is waited for. */
START_TEST(test_octet_by_octet)
{
	char command, *data;
	pthread_t mta;
	size_t len;

	pthread_create(&mta, NULL, send_slowly, (void *)"\0\0\0\5Hmail");
	data = mi_rd_cmd(here, &patience, &command, &len, NULL);
	pthread_join(mta, NULL);
	ck_assert_int_eq(command, 'H');
	ck_assert_uint_eq(len, 4);
	ck_assert_mem_eq(data, "mail", 4);
	free(data);
}
END_TEST

START_TEST(test_nothing_comes)
{
	struct timeval soon = { .tv_usec = 20000 };
	char command;
	size_t len;

	send_all("\0\0\0\5Hma", 7);
	ck_assert_ptr_null(mi_rd_cmd(here, &soon, &command, &len, NULL));
	ck_assert_int_eq(command, TIMEOUT);
	ck_assert_uint_eq(len, 0);
}
END_TEST

static void *read_slowly(void *out)
{
	size_t done = 0;

	while (done < LARGE + 5) {
		ssize_t n = read(there, (char *)out + done, 20000);

		ck_assert_int_gt(n, 0);
		done += (size_t)n;
		usleep(500);
	}
	return NULL;
}

/* More than the socket holds. */
START_TEST(test_write_in_pieces)
{
	static char data[LARGE], got[LARGE + 20000 + 5];
	uint32_t count = htonl(LARGE + 1);
	pthread_t mta;

	for (int i = 0; i < LARGE; i++)
		data[i] = (char)(i * 31 % 251);
	pthread_create(&mta, NULL, read_slowly, got);
	ck_assert_int_eq(mi_wr_cmd(here, &patience, 'h', data, LARGE), 0);
	pthread_join(mta, NULL);
	ck_assert_mem_eq(got, &count, 4);
	ck_assert_int_eq(got[4], 'h');
	ck_assert_mem_eq(got + 5, data, LARGE);
}
END_TEST

START_TEST(test_write)
{
	static char data[PACKET_OCTETS];
	struct timeval soon = { .tv_usec = 20000 };
	char got[8];

	ck_assert_int_eq(mi_wr_cmd(here, &patience, 'c', NULL, 0), 0);
	ck_assert_int_eq(read(there, got, sizeof(got)), 5);
	ck_assert_mem_eq(got, "\0\0\0\1c", 5);
	ck_assert_int_eq(mi_wr_cmd(here, &patience, 'c', NULL, 1), -1);
	ck_assert_int_eq(mi_wr_cmd(here, &patience, 'c', data, PACKET_OCTETS + 1), -1);
	ck_assert_int_eq(mi_wr_cmd(here, &soon, 'h', data, PACKET_OCTETS), -1);      /* nobody reads */
	hang_up();
	ck_assert_int_eq(mi_wr_cmd(here, &patience, 'c', NULL, 0), -1);
}
END_TEST

#define HEAD_OCTETS 5
#define ROOM 4096                       /* for what is gathered, packet.c */
#define CHANGE 32                       /* a change as below */

static void write_changes(unsigned n)
{
	char data[CHANGE - HEAD_OCTETS];

	for (unsigned i = 0; i < n; i++) {
		memset(data, 'a' + (int)(i % 26), sizeof(data));
		ck_assert_int_eq(mi_wr_cmd(here, &patience, "himq"[i % 4], data, sizeof(data)), 0);
	}
}

static size_t arrived(char *got, size_t room)
{
	ssize_t n = recv(there, got, room, MSG_DONTWAIT);

	return n < 0 ? 0 : (size_t)n;
}

static void check_changes(const char *got, unsigned n)
{
	char wanted[CHANGE] = { 0, 0, 0, CHANGE - HEAD_OCTETS + 1 };

	for (unsigned i = 0; i < n; i++) {
		wanted[4] = "himq"[i % 4];
		memset(wanted + HEAD_OCTETS, 'a' + (int)(i % 26), CHANGE - HEAD_OCTETS);
		ck_assert_mem_eq(got + i * CHANGE, wanted, CHANGE);
	}
}

static const struct {
	const char *name;
	unsigned changes;
	size_t then;            /* octets of the last packet's data */
	int command;            /* of it */
	int sends;
} gathered_rows[] = {
	{ "a reply alone", 0, 0, 'c', 1 },
	{ "changes and a reply", 3, 0, 'c', 1 },
	{ "with a text", 3, 40, 'y', 1 },
	{ "progress", 3, 0, 'p', 1 },
	{ "no other change waits", 3, 40, 'b', 1 },
	{ "as many as there is room for", ROOM / CHANGE, 0, 'c', 1 },
	{ "one more", ROOM / CHANGE + 1, 0, 'c', 2 },
	{ "2,000 of them", 2000, 0, 'c', 16 },
	{ "a change without room, behind some", 3, ROOM - 3 * CHANGE - HEAD_OCTETS + 1, 'i', 1 },
	{ "a change larger than all room", 0, 3 * ROOM, 'm', 1 },
};

START_TEST(test_gathered)
{
	static char got[2001 * CHANGE + 4 * ROOM], data[4 * ROOM];
	size_t done = gathered_rows[_i].changes * (size_t)CHANGE, then = gathered_rows[_i].then, n;
	uint32_t count = htonl((uint32_t)then + 1);
	int command = gathered_rows[_i].command;

	memset(data, 'z', sizeof(data));
	write_changes(gathered_rows[_i].changes);
	ck_assert_int_eq(mi_wr_cmd(here, &patience, command, then > 0 ? data : NULL, then), 0);
	ck_assert_msg(sends == gathered_rows[_i].sends, "%s: %d", gathered_rows[_i].name, sends);
	n = arrived(got, sizeof(got));
	ck_assert_msg(n == done + HEAD_OCTETS + then, "%s: %zu octets", gathered_rows[_i].name, n);
	check_changes(got, gathered_rows[_i].changes);
	ck_assert_mem_eq(got + done, &count, 4);
	ck_assert_int_eq(got[done + 4], command);
	ck_assert_mem_eq(got + done + HEAD_OCTETS, data, then);
}
END_TEST

/* Also with the next packet read ahead: nothing is held back from an MTA that waits. */
START_TEST(test_gathered_before_reading)
{
	struct timeval soon = { .tv_usec = 20000 };
	char command, got[4 * CHANGE];
	size_t len;

	send_all("\0\0\0\1N\0\0\0\1N", 10);
	for (int i = 0; i < 3; i++) {
		write_changes(3);
		ck_assert_uint_eq(arrived(got, sizeof(got)), 0);
		ck_assert_ptr_null(mi_rd_cmd(here, &soon, &command, &len, NULL));
		ck_assert_int_eq(command, i < 2 ? 'N' : TIMEOUT);
		ck_assert_uint_eq(arrived(got, sizeof(got)), 3 * CHANGE);
		check_changes(got, 3);
	}
	ck_assert_int_eq(sends, 3);
}
END_TEST

/* By another thread, or on another connection: at once. */
START_TEST(test_others_do_not_wait)
{
	char got[4 * CHANGE];

	packet_end();
	write_changes(3);
	ck_assert_int_eq(sends, 3);
	ck_assert_uint_eq(arrived(got, sizeof(got)), 3 * CHANGE);
	check_changes(got, 3);
	packet_begin(there);
	write_changes(1);
	ck_assert_uint_eq(arrived(got, sizeof(got)), CHANGE);
}
END_TEST

/* Nothing of one connection comes to the next. */
START_TEST(test_gathered_at_the_end)
{
	char got[2 * CHANGE];

	write_changes(1);
	packet_end();
	packet_begin(here);
	ck_assert_int_eq(mi_wr_cmd(here, &patience, 'c', NULL, 0), 0);
	ck_assert_uint_eq(arrived(got, sizeof(got)), HEAD_OCTETS);
}
END_TEST

START_TEST(test_gathered_for_nobody)
{
	char command = 'x';
	size_t len = 77;

	write_changes(3);
	hang_up();
	ck_assert_int_eq(mi_wr_cmd(here, &patience, 'c', NULL, 0), -1);
	ck_assert_int_eq(mi_wr_cmd(here, &patience, 'i', NULL, 0), -1);
	ck_assert_ptr_null(mi_rd_cmd(here, &patience, &command, &len, NULL));
	ck_assert_int_eq(command, ERROR);
	ck_assert_uint_eq(len, 0);
	packet_begin(here);
	write_changes(3);
	mi_rd_cmd(here, &patience, &command, &len, NULL);
	ck_assert_int_eq(command, ERROR);
}
END_TEST

/* An MTA that reads again would take what follows for the rest of the packet that was cut. */
START_TEST(test_nothing_behind_half_a_packet)
{
	static char data[PACKET_OCTETS], got[PACKET_OCTETS];
	struct timeval soon = { .tv_usec = 20000 };

	ck_assert_int_eq(mi_wr_cmd(here, &soon, 'i', data, PACKET_OCTETS), -1);
	ck_assert_uint_gt(arrived(got, sizeof(got)), 0);
	ck_assert_int_eq(mi_wr_cmd(here, &soon, 'm', data, 10), -1);
	ck_assert_int_eq(mi_wr_cmd(here, &soon, 't', NULL, 0), -1);
	while (arrived(got, sizeof(got)) > 0)
		;
	ck_assert_int_eq(mi_wr_cmd(here, &soon, 't', NULL, 0), -1);
	ck_assert_uint_eq(arrived(got, sizeof(got)), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("packet");
	TCase *t = tcase_create("packet");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_read, 0, N_ROWS(read_rows));
	tcase_add_test(t, test_read_ahead);
	tcase_add_test(t, test_octet_by_octet);
	tcase_add_test(t, test_nothing_comes);
	tcase_add_test(t, test_leaves);
	tcase_add_test(t, test_write_in_pieces);
	tcase_add_test(t, test_write);
	tcase_add_loop_test(t, test_gathered, 0, N_ROWS(gathered_rows));
	tcase_add_test(t, test_gathered_before_reading);
	tcase_add_test(t, test_others_do_not_wait);
	tcase_add_test(t, test_gathered_at_the_end);
	tcase_add_test(t, test_gathered_for_nobody);
	tcase_add_test(t, test_nothing_behind_half_a_packet);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
