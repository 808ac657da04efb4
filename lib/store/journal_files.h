/* journal_files.h - the files of a journal's directory: their names, their
 * order, and what is done to those that are no longer written. Private to
 * store/. Functions return -1 and set *error_r (in the arena) on failure.
 */
#ifndef STORE_JOURNAL_FILES_H
#define STORE_JOURNAL_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct journal_file {
	const char *name;               /* without the directory */
	struct slice host;              /* inside name */
	unsigned day;                   /* 20260504 */
	unsigned number;                /* 0 for the day's first file */
	bool compressed;
	uint64_t bytes;
};

#define JOURNAL_SUFFIX ".jsonl"
#define JOURNAL_DAY_MS INT64_C(86400000)

unsigned journal_day(int64_t utc_ms);
int64_t journal_day_end(unsigned day);          /* first moment of the next day */
bool journal_file_parse(const char *name, struct journal_file *out_r);
/* HOST-YYYYMMDD[.N].jsonl[.gz] */
const char *journal_file_name(struct arena *arena, const char *host, unsigned day, unsigned number);
/* Sorted by day, host, number, plain before compressed; `host` NULL: of all. */
int journal_files_list(struct arena *arena, const char *directory, const char *host,
		       struct journal_file **files_r, unsigned *n_r, const char **error_r);

/* Is the i-th of a listing a plain file beside its complete .gz? A crash can leave one. */
bool journal_file_is_doubled(const struct journal_file *files, unsigned n, unsigned i);

/* Replaces a plain file by its .gz: written under a temporary name, synced,
 * renamed, then the original goes. `tick` is called now and then; false gives
 * up (-1 with *error_r NULL), as does a second process that is at the same file. */
int journal_file_compress(struct arena *arena, const char *directory, const char *name,
			  bool (*tick)(void *context), void *context, const char **error_r);
/* Temporary names that a crash left. */
void journal_files_sweep(const char *directory, const char *host);

struct journal_bounds {
	unsigned oldest_day;            /* days before go; 0 none */
	uint64_t max_bytes, min_free;   /* 0: no bound */
	bool (*is_loaded)(void *context, const char *name);     /* NULL: all are */
	void *context;
};
/* Removes files until the bounds hold: for space the oldest that are loaded, then
 * the oldest; never the one named `current`. 1 when they still do not hold, 0 when
 * they do. *unloaded_r: how many were removed that are not loaded. */
int journal_files_trim(struct arena *arena, const char *directory, const char *host,
		       const char *current, const struct journal_bounds *bounds,
		       unsigned *unloaded_r, const char **error_r);

int journal_sync_directory(const char *directory);

#endif
