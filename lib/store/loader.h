/* loader.h - moves journal lines into the store, exactly once each.
 *
 * Files are read in order from where the store says; lines and position are
 * committed in one transaction, so that a kill at any moment neither loses nor
 * doubles one. A store that is down only makes the journal wait: it is opened
 * again, later and later up to a minute. A file that is still written is read up
 * to its last whole line and looked at again.
 */
#ifndef STORE_LOADER_H
#define STORE_LOADER_H

#include "store/store.h"

struct loader_options {
	struct store_options store;
	const char *directory;          /* the journal's */
	unsigned keep_days, keep_sums_days;
	unsigned batch_lines;           /* 0: 1000 */
	/* said once when things change: "store is down: ...", "store is back" */
	void (*report)(void *context, bool is_problem, const char *text);
	void *report_context;
};

struct loader_counts { uint64_t loaded, known, refused, bytes, files_left; };

/* All that is there now; `progress` (may be NULL) after each batch, false stops.
 * 0, or -1 and *error_r. Any thread. */
typedef bool loader_progress_fn(void *context, const struct loader_counts *counts,
				uint64_t bytes_in_all);
int loader_run(const struct loader_options *options, loader_progress_fn *progress, void *context,
	       struct loader_counts *counts_r, const char **error_r);

/* The daemon's: a thread that goes on until it is stopped. */
struct loader;
struct loader *loader_start(const struct loader_options *options, const char **error_r);
void loader_stop(struct loader *loader);        /* after the batch under way; NULL is allowed */
void loader_counts(struct loader *loader, struct loader_counts *out_r);
/* Is this file in the store as a whole? The journal's keeper removes such first. */
bool loader_has_whole(struct loader *loader, const char *file);

#endif
