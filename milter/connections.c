#include "connections.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "log.h"
#include "packet.h"

#define PAUSE_US 100000         /* when there is not even the spare one */
#define STACK_OCTETS (1024 * 1024)      /* address space; what is used of it is some kB */
#define KEPT 64                         /* threads that wait for a connection */
#define KEPT_MS 30000

struct connection {
	SMFICTX *context;
	int socket;
};

/* A thread that waits for its next connection; on its own stack. */
struct waiter {
	struct waiter *next;
	struct connection connection;   /* its context is NULL as long as there is none */
	pthread_cond_t comes;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct waiter *waiters;          /* under the lock; the last to come is first */
static unsigned n_waiters;

/* Of the thread that listens. */
static int spare = -1;
static int accepted = -1;               /* the socket of the session that starts next */

static void say_none_left(_Atomic int64_t *next_ms, const char *problem)
{
	if (clock_is_due(next_ms, LOG_SAY_MS))
		log_event(LOG_ERR, "connections", "problem", problem, NULL);
}

static void keep_spare(void)
{
	if (spare < 0)
		spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* On the one that waits first. */
static void hang_up(int listening)
{
	static _Atomic int64_t next_ms;
	int taken;

	if (spare >= 0)
		close(spare);
	spare = -1;
	taken = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (taken >= 0)
		close(taken);
	else
		usleep(PAUSE_US);
	say_none_left(&next_ms, "no descriptors are left: new connections are hung up on, and the "
		      "MTA does what it does without a filter; raise the limit (LimitNOFILE of the "
		      "unit) or lower limits.connections");
}

/* With these the library comes again. */
static void bear(int code, int listening)
{
	if (code == EMFILE || code == ENFILE)
		hang_up(listening);
	if (code == ENOBUFS || code == ENOMEM)
		usleep(PAUSE_US);
}

int accept(int listening, __SOCKADDR_ARG address, socklen_t *len)
{
	int code;

	keep_spare();
	accepted = accept4(listening, address, len, SOCK_CLOEXEC);
	code = errno;
	if (accepted < 0)
		bear(code, listening);
	errno = code;
	return accepted;
}

/* poll(), under another name here: compilers take it for one that only writes.
 * "Is there a packet?" of a thread that has nothing else to do: it will wait in
 * mi_rd_cmd(), which knows what has been read already. */
int connections_poll(struct pollfd *fds, nfds_t n, int timeout_ms) __asm__("poll");

int connections_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct timespec timeout = { .tv_sec = timeout_ms / 1000,
				    .tv_nsec = (long)(timeout_ms % 1000) * 1000000 };

	if (n != 1 || !packet_is_reader_of(fds[0].fd) || fds[0].events != POLLIN)
		return ppoll(fds, n, timeout_ms < 0 ? NULL : &timeout, NULL);
	fds[0].revents = POLLIN;
	return 1;
}

/* Under the lock. */
static void forget(const struct waiter *waiter)
{
	struct waiter **at = &waiters;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
	n_waiters--;
}

static bool next_connection(struct connection *connection_r)
{
	int64_t until_ms = clock_mono_ms() + KEPT_MS;
	struct waiter me = { 0 };

	clock_cond_init(&me.comes);
	pthread_mutex_lock(&lock);
	if (n_waiters < KEPT) {
		me.next = waiters;
		waiters = &me;
		n_waiters++;
		while (me.connection.context == NULL && clock_mono_ms() < until_ms)
			clock_cond_wait(&me.comes, &lock, until_ms);
		if (me.connection.context == NULL)
			forget(&me);
	}
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&me.comes);
	*connection_r = me.connection;
	return me.connection.context != NULL;
}

/* Each waiting thread is called once: whoever calls it takes it off the list. */
static bool give(const struct connection *connection)
{
	struct waiter *waiter;

	pthread_mutex_lock(&lock);
	waiter = waiters;
	if (waiter != NULL) {
		waiter->connection = *connection;
		forget(waiter);
		pthread_cond_signal(&waiter->comes);
	}
	pthread_mutex_unlock(&lock);
	return waiter != NULL;
}

static void *serve(void *of)
{
	struct connection connection = *(struct connection *)of;

	free(of);
	do {
		packet_begin(connection.socket);
		while (mi_engine(connection.context) == MI_CONTINUE)
			;
		packet_end();
		mi_clr_ctx(connection.context);
	} while (next_connection(&connection));
	return NULL;
}

static bool start_thread(const struct connection *connection)
{
	struct connection *copy = malloc(sizeof(*copy));
	pthread_attr_t attributes;
	pthread_t thread;
	int code;

	if (copy == NULL)
		return false;
	*copy = *connection;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_OCTETS);
	code = pthread_create(&thread, &attributes, serve, copy);
	pthread_attr_destroy(&attributes);
	if (code != 0)
		free(copy);
	return code == 0;
}

int mi_pool_controller_init(void)
{
	return MI_SUCCESS;
}

/* The library ends the daemon after some failures in a row: never one. */
int mi_start_session(SMFICTX *context)
{
	static _Atomic int64_t next_ms;
	struct connection connection = { .context = context, .socket = accepted };

	if (give(&connection) || start_thread(&connection))
		return MI_SUCCESS;
	mi_clr_ctx(context);
	say_none_left(&next_ms, "no thread can be started: new connections are hung up on, and the "
		      "MTA does what it does without a filter; raise the limit (TasksMax of the "
		      "unit) or lower limits.connections");
	return MI_SUCCESS;
}
