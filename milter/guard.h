/* guard.h - two functions that libmilter calls in place of others, since it has
 * faults there that nothing else can get at (8.17.1, read and tried):
 *
 * sigwait(): the library has a thread that waits for HUP, TERM and INT and stops
 * serving when it takes one, which it does whenever the main thread is not
 * waiting at that very moment, in the middle of a reload for example. Ours
 * waits for ever; the daemon itself uses sigwaitinfo().
 *
 * mi_rd_cmd(): the library's reader of packets. A packet of macros with a name
 * that has no value makes the library read behind its table when a macro is
 * looked up. Ours reads with the library's and takes such a packet for a broken
 * one, which closes the connection.
 *
 * Both work because symbols of the program come before those of libraries; a
 * libmilter that binds its own calls would just go without.
 */
#ifndef MILTER_GUARD_H
#define MILTER_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>

char *mi_rd_cmd(int socket, struct timeval *timeout, char *command, size_t *len, char *name);

/* Main thread, before any other: finds the library's reader. */
bool guard_init(void);

#endif
