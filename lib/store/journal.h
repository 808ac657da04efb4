/* journal.h - appends one line per decision, before the MTA gets its answer.
 *
 * A file per UTC day (and per journal.max_file_bytes): DIRECTORY/HOST-YYYYMMDD[.N].jsonl;
 * closed ones are compressed to .jsonl.gz. One write to an O_APPEND descriptor;
 * a short write is mended. A slow, full or vanished disk does not hold the
 * mail: journal_append waits at most `wait_ms`, the line then waits in bounded
 * memory, and what cannot be kept is counted as unjournaled and said once a minute
 * through the report function. A thread of its own does rotation, fsync (every
 * sync_ms), compression and the bounds in space and days.
 *
 * Thread-safe. The reader (journal_read_*) never takes a last line without its
 * line feed and reads .gz too.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

struct journal_options {                /* plain; strings are copied */
	const char *directory;
	const char *host;               /* first part of line ids and file names; letters, digits, -, . */
	unsigned sync_ms;               /* 0: fsync before every answer */
	unsigned wait_ms;               /* longest hold of a message */
	unsigned keep_days;
	uint64_t max_bytes, min_free, max_file_bytes, max_memory;
	/* said at most once a minute per cause; from the journal's thread */
	void (*report)(void *context, const char *text);
	void *report_context;
};

struct journal;
struct journal *journal_open(const struct journal_options *options, const char **error_r);
/* Writes and syncs what it has (at most `wait_ms`), then frees. */
void journal_close(struct journal *journal, unsigned wait_ms);
/* Makes the next line id: "HOST-STARTms-SEQUENCE". */
void journal_next_id(struct journal *journal, char out_r[128]);
/* `line` with its line feed. True: the kernel has it. False: it is waiting or
 * lost; counted either way. */
bool journal_append(struct journal *journal, struct slice line);

struct journal_counts { uint64_t written, waiting, unjournaled, bytes; };
void journal_counts(struct journal *journal, struct journal_counts *out_r);
/* Reload: new bounds; the directory cannot change. */
void journal_set(struct journal *journal, const struct journal_options *options);

/* Reading, newest file first or oldest first; stops when `line_fn` returns
 * false. Lines over 4 * LIMIT_JOURNAL_LINE are skipped and counted. */
typedef bool journal_line_fn(void *context, const char *file, uint64_t line_no, struct slice line);
int journal_read(const char *directory, int64_t since_ms, journal_line_fn *line_fn,
		 void *context, uint64_t *skipped_r, const char **error_r);

#endif
