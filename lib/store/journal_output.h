/* journal_output.h - the one file that is being appended to. Used by the
 * writing thread alone. Private to store/.
 */
#ifndef STORE_JOURNAL_OUTPUT_H
#define STORE_JOURNAL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal_output {
	const char *directory, *host;   /* borrowed */
	int fd;                         /* -1: none */
	char *path, *name;
	unsigned day;
	bool dirty;                     /* the file may not end with a line feed */
};

void journal_output_init(struct journal_output *out, const char *directory, const char *host);
/* May lines of this day go to the open file? Not when it is another day's,
 * full, or no longer what its path names (removed, compressed, moved). */
bool journal_output_is_current(const struct journal_output *out, unsigned day,
			       uint64_t max_file_bytes);
/* Opens or makes the day's file: the newest that has room, or the next number;
 * makes the directory when only its last part is missing. The old descriptor
 * is the caller's business before. 0, or an errno. */
int journal_output_open(struct journal_output *out, unsigned day, uint64_t max_file_bytes);
/* Keeps other processes from putting a compressed file in its place until the next write
 * has ended. False: one may be about to, or a reader holds the lock (for ever, if he likes).
 * It was waited for, a second, and the file may be current no more. */
bool journal_output_lock(struct journal_output *out);
/* Gives whole lines to the kernel. Returns the octets of the lines that it has
 * now: less than len with *errno_r set. When the file turns out to be removed,
 * 0 with *errno_r ESTALE: open again. */
size_t journal_output_write(struct journal_output *out, const char *data, size_t len, int *errno_r);
void journal_output_done(struct journal_output *out);    /* closes */

#endif
