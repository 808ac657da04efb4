/* journal.h - appends one line per decision, before the MTA gets its answer.
 *
 * A file per UTC day (and per journal.max_file_bytes): DIRECTORY/HOST-YYYYMMDD[.N].jsonl;
 * closed ones are compressed to .jsonl.gz. A thread of the journal hands the
 * lines to the kernel, each within one write to an O_APPEND descriptor; a short
 * write is mended, and every line starts at the start of a line. A slow, full
 * or vanished disk does not hold the mail: journal_append waits at most
 * `wait_ms`, and not at all while writing fails; the line then waits in bounded
 * memory, and what cannot be kept is counted as unjournaled and said once a
 * minute through the report function. A second thread does fsync (every
 * sync_ms; with 0 the first one does, before the answer), compression and the
 * bounds in space and days: for space, the oldest files of this host go first
 * that are in the store, then the oldest (said), never the newest; when nothing is
 * left to remove, writing stops (said) and lines wait.
 *
 * Thread-safe; not fork-safe. The reader never takes a last line without its
 * line feed and reads .gz too.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

struct journal_options {                /* plain; strings are copied */
	const char *directory;          /* made when only its last part is missing */
	const char *host;               /* first part of line ids and file names; letters, digits, -, . */
	unsigned sync_ms;               /* 0: fsync before every answer */
	unsigned wait_ms;               /* longest hold of a message */
	unsigned keep_days;             /* 0: for ever; likewise 0 means no bound below */
	uint64_t max_bytes, min_free, max_file_bytes;
	uint64_t max_memory;            /* for waiting lines; 0: 16 MiB */
	unsigned check_ms;              /* bounds are looked at this often; 0: 5000 */
	int64_t (*utc_ms)(void);        /* NULL: the clock; for tests of midnight */
	/* Is this file in the store as a whole? From a thread of the journal. NULL:
	 * there is no store that would miss it. */
	bool (*is_loaded)(void *context, const char *file);
	void *is_loaded_context;
	/* said at most once a minute per cause; from the journal's thread, at the end also
	 * from the one that ends it */
	void (*report)(void *context, const char *text);
	void *report_context;
};

struct journal;
/* Fails only for what waiting does not mend: a bad host, a directory that is
 * not there or may not be written. */
struct journal *journal_open(const struct journal_options *options, const char **error_r);
/* Writes and syncs what it has (at most `wait_ms`), says what is left, then frees.
 * Nobody may be in another call. NULL is allowed. */
void journal_close(struct journal *journal, unsigned wait_ms);
/* Before the process ends although somebody may be in another call: writes and says the
 * same, frees nothing. NULL is allowed. */
void journal_leave(struct journal *journal, unsigned wait_ms);
/* Makes the next line id: "HOST-STARTms.PID-SEQUENCE". */
void journal_next_id(struct journal *journal, char out_r[128]);
/* `line` is one line with its line feed. True: the kernel has it (and the disk,
 * with sync_ms 0). False: it is waiting or lost; counted either way. */
bool journal_append(struct journal *journal, struct slice line);

struct journal_counts { uint64_t written, waiting, unjournaled, bytes; };
void journal_counts(struct journal *journal, struct journal_counts *out_r);
/* Reload: new bounds; directory, host, clock and report stay. */
void journal_set(struct journal *journal, const struct journal_options *options);

/* Reads all files oldest first (by day, then host, then number), without those
 * whose day ended before since_ms; stops when `line_fn` returns false. `line`
 * comes without its line feed; blank ones are left out. What is no whole line
 * is still given: a piece left by a crash is the caller's to refuse. Skipped
 * and counted: lines over 4 * LIMIT_JOURNAL_LINE and the rest of a damaged
 * .gz. -1 when the directory cannot be read. */
typedef bool journal_line_fn(void *context, const char *file, uint64_t line_no, struct slice line);
int journal_read(const char *directory, int64_t since_ms, journal_line_fn *line_fn,
		 void *context, uint64_t *skipped_r, const char **error_r);

#endif
