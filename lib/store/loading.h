/* loading.h - one look over the journal's files, and what is new in them brought
 * into an open store: the work of loader.c. Private to store/.
 *
 * One thread loads; others may ask for the counts and for loading_has_whole().
 */
#ifndef STORE_LOADING_H
#define STORE_LOADING_H

#include <pthread.h>

#include "store/loader.h"

struct loading_file {
	char *name;                     /* without .gz */
	struct store_position position; /* committed */
	bool placed;                    /* position is the store's */
	bool told;                      /* the first line that was refused has been said */
	/* Read to its end when it was so large and so named. */
	bool whole, compressed;
	uint64_t bytes;
};

struct loading {
	const struct loader_options *options;
	struct store *store;
	/* After each batch; false ends the look. */
	bool (*go_on)(void *context, uint64_t bytes_in_all);
	void *context;
	uint64_t bytes_in_all;          /* of the look under way */
	char error[512];
	pthread_mutex_t mutex;          /* for what follows: this thread changes it, others read */
	struct loading_file *files;     /* in the order of the listing */
	unsigned n_files;
	struct loader_counts counts;
};

enum loading_result {
	LOADING_DONE = 0, LOADING_ENDED,        /* nothing is left; go_on said no */
	LOADING_NO_STORE, LOADING_NO_JOURNAL,   /* error tells; the look can be taken again */
};

void loading_init(struct loading *loading, const struct loader_options *options);
void loading_done(struct loading *loading);     /* the store is not closed */
/* The store was opened, perhaps anew: places are asked for again. */
void loading_use(struct loading *loading, struct store *store);
enum loading_result loading_look(struct loading *loading);
bool loading_has_whole(struct loading *loading, const char *file);
void loading_counts(struct loading *loading, struct loader_counts *out_r);
void loading_report(const struct loading *loading, bool is_problem, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
