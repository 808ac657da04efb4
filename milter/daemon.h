/* daemon.h - what the whole process shares: the state in force (settings and
 * engine), the journal, counters; and how it reloads and stops.
 *
 * State is immutable and reference-counted; a reload swaps the pointer, and a
 * message keeps the state it began with. Signals are blocked in every thread
 * and taken by the main thread alone (daemon_run).
 *
 * The gate: each call-back of libmilter begins with daemon_enter(), and its thread
 * is inside until the MTA has the answer: daemon_leave() stands where the next packet
 * is read (packet.c), and at the end of a connection. Once the daemon is over, enter says
 * no and nothing of ours is touched any more by the library's threads, so the end needs
 * no help from the library (whose own stop takes seconds and drops the messages in flight).
 * Thread-safe but for the functions that say "main thread".
 */
#ifndef MILTER_DAEMON_H
#define MILTER_DAEMON_H

#include "judge/engine.h"
#include "settings/settings.h"
#include "store/journal.h"

struct state {
	int references;                 /* atomic */
	struct settings *settings;
	struct engine *engine;
};
struct state *daemon_state(void);               /* a reference to the state in force */
void state_unref(struct state *state);          /* NULL is allowed */

enum count {
	COUNT_MESSAGES = 0, COUNT_EXEMPT, COUNT_ACCEPTED, COUNT_QUARANTINED, COUNT_REJECTED,
	COUNT_TEMPFAILED, COUNT_FAILED, COUNT_REFUSED, COUNT_LEFT_OUT, COUNT_ALL,
};
void daemon_count(enum count which);

struct journal *daemon_journal(void);           /* NULL: no journal is kept */

/* Main thread: blocks HUP, USR1, TERM, INT for all threads to come. */
void daemon_block_signals(void);
/* Main thread: engine and journal from the settings (takes a reference).
 * Threads start here. -1 and *error_r on failure. */
int daemon_open(struct settings *settings, const char **error_r);
/* Main thread: until TERM or INT; reloads on HUP and USR1. Returns when no
 * message is in flight or stop_timeout is over. */
void daemon_run(void);
/* Any thread: ends the daemon as TERM does, but with a failure's exit code. */
void daemon_fail(const char *why);
bool daemon_has_failed(void);
/* Main thread: closes the gate, frees everything. False when a thread did not
 * leave in time: then the process must end without cleaning up. */
bool daemon_close(void);

bool daemon_enter(void);                /* of a thread that is inside: true */
void daemon_leave(void);                /* of one that is not: nothing */
bool daemon_is_stopping(void);          /* new connections are told to come later */
/* False: the daemon is stopping, and no message begins any more. After true the
 * stop waits for daemon_end_message(). */
bool daemon_begin_message(void);
void daemon_end_message(void);

#endif
