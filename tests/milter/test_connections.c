/* A thread for each connection: all at once, one after the other, and none to be had. */
#include "testmain.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connections.h"
#include "daemon.h"
#include "log.h"
#include "packet.h"

#define AT_ONCE 50

/* What the library has in its context; ours is only handed through. */
struct smfi_str {
	int number;
	pthread_t served_by;
	bool is_cleared, is_left;       /* left: its thread waits for the next one */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned begun, cleared, wanted, threads_left;
static const char *said;
static _Thread_local SMFICTX *served;

void log_event(int priority, const char *event, ...)
{
	va_list pairs;

	ck_assert_int_eq(priority, LOG_ERR);
	ck_assert_str_eq(event, "connections");
	va_start(pairs, event);
	ck_assert_str_eq(va_arg(pairs, const char *), "problem");
	said = va_arg(pairs, const char *);
	va_end(pairs);
}

void daemon_leave(void)
{
}

/* Ends when as many as wanted have begun: with a thread too few, never. */
int mi_engine(SMFICTX *context)
{
	pthread_mutex_lock(&lock);
	served = context;
	context->served_by = pthread_self();
	begun++;
	pthread_cond_broadcast(&changed);
	while (begun < wanted)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return MI_FAILURE;
}

void mi_clr_ctx(SMFICTX *context)
{
	pthread_mutex_lock(&lock);
	ck_assert(!context->is_cleared);
	context->is_cleared = true;
	cleared++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void wait_cleared(unsigned n)
{
	pthread_mutex_lock(&lock);
	while (cleared < n)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

void __real_clock_cond_wait(pthread_cond_t *, pthread_mutex_t *, int64_t);
void __wrap_clock_cond_wait(pthread_cond_t *, pthread_mutex_t *, int64_t);

/* Whoever gives a connection has to have that mutex, and finds a thread that waits. */
void __wrap_clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t until_ms)
{
	pthread_mutex_lock(&lock);
	served->is_left = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	__real_clock_cond_wait(cond, mutex, until_ms);
}

static void wait_left(const SMFICTX *context)
{
	pthread_mutex_lock(&lock);
	while (!context->is_left)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

/* No message waits for another one's end. */
START_TEST(test_all_at_once)
{
	static struct smfi_str contexts[4 * AT_ONCE];

	ck_assert_int_eq(mi_pool_controller_init(), MI_SUCCESS);
	for (unsigned round = 1; round <= 4; round++) {
		wanted = round * AT_ONCE;
		for (unsigned i = wanted - AT_ONCE; i < wanted; i++)
			ck_assert_int_eq(mi_start_session(&contexts[i]), MI_SUCCESS);
		wait_cleared(wanted);
	}
}
END_TEST

/* A thread that has nothing to do takes the next connection. */
START_TEST(test_one_after_the_other)
{
	static struct smfi_str contexts[AT_ONCE];
	unsigned same = 0;

	for (unsigned i = 0; i < AT_ONCE; i++) {
		ck_assert_int_eq(mi_start_session(&contexts[i]), MI_SUCCESS);
		wait_left(&contexts[i]);
		same += i > 0 && pthread_equal(contexts[i].served_by, contexts[i - 1].served_by);
	}
	ck_assert_uint_gt(same, AT_ONCE / 2);
}
END_TEST

/* The library would end the daemon after a few failures: there are none. */
START_TEST(test_no_thread)
{
	static struct smfi_str contexts[3];

	wanted = 1;
	threads_left = 0;
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(mi_start_session(&contexts[i]), MI_SUCCESS);
		ck_assert(contexts[i].is_cleared);
	}
	ck_assert_uint_eq(begun, 0);
	ck_assert_ptr_nonnull(strstr(said, "no thread can be started"));
	threads_left = 1;
	contexts[0].is_cleared = false;
	ck_assert_int_eq(mi_start_session(&contexts[0]), MI_SUCCESS);
	wait_cleared(4);
	ck_assert_uint_eq(begun, 1);
}
END_TEST

/* poll() has a packet for the thread that will read it, and asks for all else. */
START_TEST(test_poll)
{
	int ends[2];
	struct pollfd fd = { .events = POLLIN };

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	fd.fd = ends[0];
	ck_assert_int_eq(poll(&fd, 1, 1), 0);
	packet_begin(ends[0]);
	ck_assert_int_eq(poll(&fd, 1, 1), 1);
	ck_assert_int_eq(fd.revents, POLLIN);
	fd.events = POLLOUT;
	ck_assert_int_eq(poll(&fd, 1, -1), 1);
	ck_assert_int_eq(fd.revents, POLLOUT);
	fd.events = POLLIN;
	packet_end();
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert_int_eq(poll(&fd, 1, 20000), 1);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static int codes[4], n_codes;           /* with which accept4() fails */
static unsigned pauses;

int __wrap_accept4(int socket, struct sockaddr *address, socklen_t *len, int flags);
int __wrap_usleep(useconds_t us);

int __wrap_accept4(int socket, struct sockaddr *address, socklen_t *len, int flags)
{
	(void)address;
	(void)len;
	(void)flags;
	if (n_codes == 0)
		return dup(socket);
	errno = codes[--n_codes];
	return -1;
}

int __wrap_usleep(useconds_t us)
{
	pauses += us >= 100000;
	return 0;
}

static const struct {
	int codes[2], n;                /* the last one comes first */
	unsigned pauses;
	bool says;
} accept_rows[] = {
	{ { EINTR }, 1, 0, false },
	{ { ENOMEM }, 1, 1, false },
	{ { ENOBUFS }, 1, 1, false },
	{ { EMFILE }, 1, 0, true },             /* taken with the spare one, and hung up on */
	{ { ENFILE, ENFILE }, 2, 1, true },     /* not even that */
};

/* The library comes again at once: what it cannot go on with for a while is waited for. */
START_TEST(test_accept)
{
	const int first = accept_rows[_i].codes[accept_rows[_i].n - 1];
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	memcpy(codes, accept_rows[_i].codes, sizeof(accept_rows[_i].codes));
	n_codes = accept_rows[_i].n;
	pauses = 0;
	ck_assert_int_eq(accept(ends[0], NULL, NULL), -1);
	ck_assert_int_eq(errno, first);
	ck_assert_uint_eq(pauses, accept_rows[_i].pauses);
	/* it is said once a minute, and these may run in one process */
	ck_assert(accept_rows[_i].says || said == NULL);
	ck_assert_int_eq(n_codes, 0);
	close(accept(ends[0], NULL, NULL));
	close(ends[0]);
	close(ends[1]);
}
END_TEST

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*run)(void *), void *context)
{
	if (threads_left == 0)
		return EAGAIN;
	threads_left--;
	return __real_pthread_create(thread, attributes, run, context);
}

static void setup(void)
{
	begun = cleared = wanted = 0;
	threads_left = 1000;
	said = NULL;
}

static Suite *suite(void)
{
	Suite *s = suite_create("connections");
	TCase *t = tcase_create("connections");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, test_no_thread);
	tcase_add_test(t, test_one_after_the_other);
	tcase_add_test(t, test_all_at_once);
	tcase_add_test(t, test_poll);
	tcase_add_loop_test(t, test_accept, 0, N_ROWS(accept_rows));
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
