/* connections.h - a thread for each connection of the MTA, in place of libmilter's
 * pool of threads; and what is done when there is no descriptor or thread for one.
 * A thread whose connection has ended waits half a minute for another one.
 *
 * Why (8.17.1, read and tried). The pool counts a thread as idle until it runs
 * again, so two commands that come at nearly the same time may both be left to
 * the one idle thread. The second waits until any message is done, which with
 * silent name servers is the whole budget. And the pool moves a connection from
 * thread to thread for each command, by a pipe and a condition: with a thread that
 * stays, packets that have come together are read together.
 *
 * mi_pool_controller_init() and mi_start_session() are the pool's two entries; the
 * library calls them before it listens, and for each connection. mi_engine() is
 * the library's: it reads commands and calls the call-backs till the connection
 * ends, and leaves early when poll() has no packet for it. Ours lets it wait.
 *
 * accept(): without a descriptor for a connection the library tries again at
 * once, for ever and without a word, and the MTA waits for its time-out. Ours
 * keeps one descriptor to take such a connection with and hang up, so that the
 * MTA does what it does without a filter, and says it once a minute.
 *
 * See packet.h for why symbols of ours come before the library's. A libmilter
 * without a pool starts a thread for each connection by itself.
 */
#ifndef MILTER_CONNECTIONS_H
#define MILTER_CONNECTIONS_H

/* The library's, of no header that is installed. */
enum { MI_FAILURE = -1, MI_SUCCESS = 0, MI_CONTINUE = 1 };

typedef struct smfi_str SMFICTX;        /* mfapi.h's name */

int mi_engine(SMFICTX *context);        /* MI_SUCCESS, MI_FAILURE, or MI_CONTINUE: call again */
void mi_clr_ctx(SMFICTX *context);      /* closes the socket and frees */

/* The pool's, replaced. Both: MI_SUCCESS. */
int mi_pool_controller_init(void);
int mi_start_session(SMFICTX *context);

#endif
