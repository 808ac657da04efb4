/* start.h - what a daemon does before it serves and after: the socket, the
 * background, privileges, the pid file.
 *
 * Errors are one sentence in *error_r (static until the next call; only the
 * main thread comes here, before any other thread or after the last).
 */
#ifndef MILTER_START_H
#define MILTER_START_H

#include <stdbool.h>

#include "settings/settings.h"

/* Opens settings->socket with its mode, as the user that will serve it. A
 * socket that a living daemon serves is an error, a stale one is removed; of several
 * that start at one time one gets it. */
int start_open_socket(const struct settings *settings, const char **error_r);
/* Before serving: is it still the one that was opened? Somebody else may have removed it. */
int start_check_socket(const char **error_r);
/* Removes the socket file, when it is still the one that was opened. */
void start_remove_socket(void);

/* Goes into the background: returns in the child; the parent waits for
 * start_report() and exits with that code. */
int start_background(const char **error_r);
/* The child says how the start went (0: ready) and gives up its terminal. */
void start_report(int exit_code);

/* Becomes settings->user and group, with the user's supplementary groups. Not
 * root: stays who it is, and logs it when that is somebody else. */
int start_drop_privileges(const struct settings *settings, const char **error_r);
void start_raise_limits(void);          /* descriptors; allocator arenas */

int start_write_pid(const char *path, const char **error_r);
void start_remove_pid(void);

const char *start_user(void);           /* whom it is now; for messages */

#endif
