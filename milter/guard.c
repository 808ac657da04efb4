/* guard.c - sigwait() in place of the C library's, for libmilter (8.17.1, read and
 * tried). See packet.h for why this works.
 *
 * The library has a thread that waits for HUP, TERM and INT and stops serving
 * when it takes one, which it does whenever the main thread is not waiting at
 * that very moment, in the middle of a reload for example. Ours waits for ever;
 * the daemon itself uses sigwaitinfo().
 */
#include <signal.h>
#include <stddef.h>

int sigwait(const sigset_t *set, int *signal_r)
{
	sigset_t all;

	(void)set;
	(void)signal_r;
	sigfillset(&all);
	for (;;)
		sigsuspend(&all);
}
