/* journal_lines.h - the lines of one file of the journal, from a place in its
 * text on. Plain and .gz files have the same text and the same places: octets
 * of what is uncompressed. Private to store/. One thread at a time per file.
 */
#ifndef STORE_JOURNAL_LINES_H
#define STORE_JOURNAL_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

#define JOURNAL_GZ ".gz"

enum journal_read_state {
	JOURNAL_END = 0,        /* no more whole line; a piece without a line feed is none. To
	                         * look again, open the file again */
	JOURNAL_LINE,
	JOURNAL_TOO_LONG,       /* over 4 * LIMIT_JOURNAL_LINE: passed over, the slice is empty */
	JOURNAL_DAMAGED,        /* the rest of the file cannot be read */
};

struct journal_lines;
/* `name` may have been compressed or be it: what is there is opened. NULL: errno
 * tells, ENOENT when it is gone. */
struct journal_lines *journal_lines_open(const char *directory, const char *name);
void journal_lines_close(struct journal_lines *lines);          /* NULL is allowed */
const char *journal_lines_name(const struct journal_lines *lines);      /* of what was opened */
/* Goes on behind so many octets. False: no line ends there, so the file is not what
 * it was; then it begins at its start. */
bool journal_lines_seek(struct journal_lines *lines, uint64_t octets);
/* Without the line feed; until the next call. */
enum journal_read_state journal_lines_next(struct journal_lines *lines, struct slice *line_r);
uint64_t journal_lines_octets(const struct journal_lines *lines);       /* behind the last line */

/* Octets of a file's text; of a .gz it is known modulo 2^32, so this may be 4 GiB or
 * more too small for a very large one. -1: it is gone or no such file. */
int journal_lines_size(const char *directory, const char *name, uint64_t *octets_r);

#endif
