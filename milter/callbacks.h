/* callbacks.h - the SMTP events as libmilter calls them: facts go to the
 * session, nothing is decided here. Also the library's life: the listening
 * socket, its thread.
 *
 * Return values: a step that was negotiated to get no answer returns
 * SMFIS_NOREPLY. Which steps do is by kind of socket: leaving answers out makes
 * unix sockets faster and TCP slower.
 */
#ifndef MILTER_CALLBACKS_H
#define MILTER_CALLBACKS_H

#include <stdbool.h>

/* Registers the filter and opens the listening socket `spec` as libmilter
 * wants it written; a stale unix socket is removed. No thread yet. -1 and
 * *error_r on failure. */
int callbacks_open(const char *spec, bool is_unix, const char **error_r);
/* Starts the library in a thread of its own. */
int callbacks_start(const char **error_r);

#endif
