#include "replay_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

#define TICK_MS 200
#define QUEUE_PER_THREAD 4

struct replay_pool {
	struct replay_pool_options options;
	pthread_mutex_t mutex;
	pthread_cond_t changed;         /* of any kind: few wait */
	void **queue;
	unsigned size, first, n;        /* a ring */
	unsigned threads;               /* running */
	size_t free_octets;
	bool closing;
	pthread_t handles[];
};

/* The mutex is held. NULL: nothing will come any more. */
static void *next_item(struct replay_pool *pool)
{
	void *item;

	while (pool->n == 0 && !pool->closing)
		pthread_cond_wait(&pool->changed, &pool->mutex);
	if (pool->n == 0)
		return NULL;
	item = pool->queue[pool->first];
	pool->first = (pool->first + 1) % pool->size;
	pool->n--;
	pthread_cond_broadcast(&pool->changed);
	return item;
}

static void *run(void *context)
{
	struct replay_pool *pool = context;
	void *item;

	pthread_mutex_lock(&pool->mutex);
	while ((item = next_item(pool)) != NULL) {
		pthread_mutex_unlock(&pool->mutex);
		if (pool->options.stopped(pool->options.context))
			pool->options.drop(pool->options.context, item);
		else
			pool->options.work(pool->options.context, item);
		pthread_mutex_lock(&pool->mutex);
	}
	pool->threads--;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

struct replay_pool *replay_pool_new(const struct replay_pool_options *options)
{
	struct replay_pool *pool = mem_zalloc(sizeof(*pool) + options->threads * sizeof(pthread_t));
	unsigned started = 0;

	pool->options = *options;
	pool->free_octets = options->octets;
	pool->size = options->threads * QUEUE_PER_THREAD;
	pool->queue = mem_zalloc(pool->size * sizeof(*pool->queue));
	pthread_mutex_init(&pool->mutex, NULL);
	clock_cond_init(&pool->changed);
	pthread_mutex_lock(&pool->mutex);
	while (started < options->threads &&
	       pthread_create(&pool->handles[started], NULL, run, pool) == 0)
		started++;
	pool->options.threads = pool->threads = started;
	pthread_mutex_unlock(&pool->mutex);
	if (started > 0)
		return pool;
	free(pool->queue);
	free(pool);
	return NULL;
}

/* One wait of whoever feeds the pool; the mutex is held, and given up for the tick. */
static void wait_a_tick(struct replay_pool *pool)
{
	clock_cond_wait(&pool->changed, &pool->mutex, clock_mono_ms() + TICK_MS);
	pthread_mutex_unlock(&pool->mutex);
	pool->options.tick(pool->options.context);
	pthread_mutex_lock(&pool->mutex);
}

void replay_pool_put(struct replay_pool *pool, void *item)
{
	pthread_mutex_lock(&pool->mutex);
	while (pool->n == pool->size)
		wait_a_tick(pool);
	pool->queue[(pool->first + pool->n++) % pool->size] = item;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
}

void replay_pool_finish(struct replay_pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	pool->closing = true;
	pthread_cond_broadcast(&pool->changed);
	while (pool->threads > 0)
		wait_a_tick(pool);
	pthread_mutex_unlock(&pool->mutex);
	for (unsigned i = 0; i < pool->options.threads; i++)
		pthread_join(pool->handles[i], NULL);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->queue);
	free(pool);
}

static size_t within_budget(const struct replay_pool *pool, size_t octets)
{
	return octets < pool->options.octets ? octets : pool->options.octets;
}

void replay_pool_take(struct replay_pool *pool, size_t octets)
{
	octets = within_budget(pool, octets);
	pthread_mutex_lock(&pool->mutex);
	while (pool->free_octets < octets)
		pthread_cond_wait(&pool->changed, &pool->mutex);
	pool->free_octets -= octets;
	pthread_mutex_unlock(&pool->mutex);
}

void replay_pool_give(struct replay_pool *pool, size_t octets)
{
	pthread_mutex_lock(&pool->mutex);
	pool->free_octets += within_budget(pool, octets);
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
}
