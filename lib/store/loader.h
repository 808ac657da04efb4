/* loader.h - moves journal lines into the store, exactly once each.
 *
 * Files are read in order from where the store says; lines and position are
 * committed in one transaction, so that a kill at any moment neither loses nor
 * doubles one. A store that is down only makes the journal wait: it is opened
 * again, later and later up to a minute. A file that is still written is read up
 * to its last whole line and looked at again; compressed, it keeps its place. A
 * file that is shorter than what was read of it is read from its start: a line
 * that is in the store already is known by its id.
 *
 * Lines that are no decisions, from a newer version, or too long are passed over
 * and counted; the first of each file is said.
 */
#ifndef STORE_LOADER_H
#define STORE_LOADER_H

#include "store/store.h"

struct loader_options {                 /* plain; strings are copied */
	struct store_options store;
	const char *directory;          /* the journal's */
	/* Positions are neither looked up nor kept: for files whose names other files
	 * have too, and to have lines taken that an older version refused. */
	bool by_id_alone;
	const char *files_of;           /* with it: stands before the files' names, for what was
	                                 * refused (a folder); NULL: nothing does */
	unsigned keep_days, keep_sums_days;     /* of the store: what is older is deleted; 0: for ever */
	unsigned batch_lines;           /* 0: 1000 */
	unsigned poll_ms;               /* the daemon's; 0: 1000 */
	/* Said when things change ("store is down: ...", "store is back"), and what is
	 * wrong with a file; from the thread that loads. */
	void (*report)(void *context, bool is_problem, const char *text);
	void *report_context;
};

struct loader_counts {
	uint64_t loaded, known;         /* lines that were taken; that were there already */
	uint64_t refused;               /* lines and ends of damaged files that were passed over */
	uint64_t bytes;                 /* of journal text that was read */
	uint64_t files_left;            /* not in the store as a whole, at the last look */
};

/* All that is there now; `progress` (may be NULL) after each batch, false stops.
 * 0, or -1 and *error_r, static until the next call. Any thread. */
typedef bool loader_progress_fn(void *context, const struct loader_counts *counts,
				uint64_t bytes_in_all);
int loader_run(const struct loader_options *options, loader_progress_fn *progress, void *context,
	       struct loader_counts *counts_r, const char **error_r);

/* The daemon's: a thread that goes on until it is stopped. Not fork-safe. */
struct loader;
struct loader *loader_start(const struct loader_options *options, const char **error_r);
/* After the batch under way. False: the database does not answer within `wait_ms`;
 * the thread is left alone with it, and frees itself when it ends. The counts are
 * those of now; counts_r may be NULL. */
bool loader_stop(struct loader *loader, unsigned wait_ms, struct loader_counts *counts_r);
void loader_counts(struct loader *loader, struct loader_counts *out_r);
/* Is this file in the store as a whole? The journal's keeper removes such first. */
bool loader_has_whole(struct loader *loader, const char *file);

#endif
