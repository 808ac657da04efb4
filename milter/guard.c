/* guard.c - two functions in place of the C library's, for libmilter (8.17.1, read
 * and tried). See packet.h for why this works.
 *
 * sigwait(): the library has a thread that waits for HUP, TERM and INT and stops
 * serving when it takes one, which it does whenever the main thread is not
 * waiting at that very moment, in the middle of a reload for example. Ours
 * waits for ever; the daemon itself uses sigwaitinfo().
 *
 * accept(): without a descriptor for a connection the library tries again at
 * once, for ever and without a word, and the MTA waits for its time-out. Ours
 * keeps one descriptor to take such a connection with and hang up, so that the
 * MTA does what it does without a filter, and says it once a minute.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "log.h"

#define SAY_MS 60000
#define PAUSE_US 100000         /* when there is not even the spare one */

/* Of the thread that listens. */
static int spare = -1;
static int64_t next_say_ms;

int sigwait(const sigset_t *set, int *signal_r)
{
	sigset_t all;

	(void)set;
	(void)signal_r;
	sigfillset(&all);
	for (;;)
		sigsuspend(&all);
}

static void keep_spare(void)
{
	if (spare < 0)
		spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void say_none_left(void)
{
	int64_t now_ms = clock_mono_ms();

	if (now_ms < next_say_ms)
		return;
	next_say_ms = now_ms + SAY_MS;
	log_event(LOG_ERR, "connections", "problem", "no descriptors are left: new connections "
		  "are hung up on, and the MTA does what it does without a filter; raise the limit "
		  "(LimitNOFILE of the unit) or lower limits.connections", NULL);
}

/* On the one that waits first. */
static void hang_up(int listening)
{
	int taken;

	if (spare >= 0)
		close(spare);
	spare = -1;
	taken = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (taken >= 0)
		close(taken);
	else
		usleep(PAUSE_US);
	say_none_left();
}

/* With EMFILE and ENFILE the library comes again. */
int accept(int listening, __SOCKADDR_ARG address, socklen_t *len)
{
	int taken, code;

	keep_spare();
	taken = accept4(listening, address, len, SOCK_CLOEXEC);
	code = errno;
	if (taken < 0 && (code == EMFILE || code == ENFILE))
		hang_up(listening);
	errno = code;
	return taken;
}
