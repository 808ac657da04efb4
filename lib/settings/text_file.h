/* text_file.h - a file of the postmaster's, read whole. Private to lib/settings. */
#ifndef SETTINGS_TEXT_FILE_H
#define SETTINGS_TEXT_FILE_H

#include <stddef.h>

/* The octets of a regular file of at most max_mb megabytes (2^20) without NUL,
 * on the heap, a NUL behind them. NULL: *error_r is the end of "cannot be
 * read: ..."; valid until the next call of the thread. Never waits on a FIFO. */
char *text_file_read(const char *path, size_t max_mb, size_t *len_r, const char **error_r);

#endif
