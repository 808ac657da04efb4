/* replay_pool.h - threads that work on items from a bounded queue, and a budget
 * of octets that all of them share. One thread puts items in.
 */
#ifndef TOOLS_REPLAY_POOL_H
#define TOOLS_REPLAY_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct replay_pool;
struct replay_pool_options {
	unsigned threads;
	size_t octets;                  /* the budget; an item over it waits until it is alone */
	void (*work)(void *context, void *item);
	void (*drop)(void *context, void *item);        /* one that nobody worked on: stopped before */
	void (*tick)(void *context);    /* about five times a second, from whoever waits below */
	bool (*stopped)(void *context); /* true: what is not begun is dropped */
	void *context;
};
/* NULL: no thread could be started. */
struct replay_pool *replay_pool_new(const struct replay_pool_options *options);
/* Waits for room in the queue. */
void replay_pool_put(struct replay_pool *pool, void *item);
/* Waits until all is done, then frees. */
void replay_pool_finish(struct replay_pool *pool);

/* From work, or before an item is put in: waits until so many octets are free. */
void replay_pool_take(struct replay_pool *pool, size_t octets);
void replay_pool_give(struct replay_pool *pool, size_t octets);

#endif
