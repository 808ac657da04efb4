#include "store/loader.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/loading.h"

#define POLL_MS 1000
#define LONGEST_WAIT_MS 60000           /* between two tries at a store that is down */
#define PRUNE_MS 3600000

/* ---- by hand ---- */

struct run {
	struct loading loading;
	loader_progress_fn *progress;
	void *context;
};

static bool tell_progress(void *context, uint64_t bytes_in_all)
{
	struct run *run = context;
	struct loader_counts counts;

	loading_counts(&run->loading, &counts);
	return run->progress == NULL || run->progress(run->context, &counts, bytes_in_all);
}

static void prune(const struct loader_options *options, struct store *store)
{
	if (options->keep_days == 0 && options->keep_sums_days == 0)
		return;
	while (store_prune(store, clock_utc_ms(), options->keep_days, options->keep_sums_days))
		;
}

int loader_run(const struct loader_options *options, loader_progress_fn *progress, void *context,
	       struct loader_counts *counts_r, const char **error_r)
{
	static _Thread_local char text[sizeof(((struct loading *)NULL)->error)];
	struct run run = { .progress = progress, .context = context };
	struct store *store = store_open(&options->store, error_r);
	enum loading_result result;

	*counts_r = (struct loader_counts){ 0 };
	if (store == NULL)
		return -1;
	loading_init(&run.loading, options);
	run.loading.go_on = tell_progress;
	run.loading.context = &run;
	loading_use(&run.loading, store);
	result = loading_look(&run.loading);
	if (result == LOADING_DONE)
		prune(options, store);
	loading_counts(&run.loading, counts_r);
	snprintf(text, sizeof(text), "%s", run.loading.error);
	loading_done(&run.loading);
	store_close(store);
	if (result == LOADING_DONE || result == LOADING_ENDED)
		return 0;
	*error_r = text;
	return -1;
}

/* ---- the daemon's ---- */

struct loader {
	struct loader_options options;
	struct loading loading;
	char *directory, *where;
	pthread_t thread;
	pthread_mutex_t mutex;          /* for the three flags */
	pthread_cond_t changed;
	bool stopping, ended;
	bool abandoned;                 /* stop did not wait: the thread frees */
	/* the thread's own */
	bool down;                      /* and it was said */
	int64_t prune_ms;               /* monotonic: when it is due */
	struct clock_date date;
};

static bool is_stopping(struct loader *loader)
{
	bool stopping;

	pthread_mutex_lock(&loader->mutex);
	stopping = loader->stopping;
	pthread_mutex_unlock(&loader->mutex);
	return stopping;
}

static void say_up(struct loader *loader)
{
	if (loader->down)
		loading_report(&loader->loading, false, "store is back, loading goes on");
	loader->down = false;
}

static void say_down(struct loader *loader, const char *what, const char *error)
{
	if (!loader->down)
		loading_report(&loader->loading, true, "%s: %s; mail goes on, the journal keeps what comes",
			       what, error);
	loader->down = true;
}

static bool after_batch(void *context, uint64_t bytes_in_all)
{
	struct loader *loader = context;

	(void)bytes_in_all;
	say_up(loader);
	return !is_stopping(loader);
}

static void prune_when_due(struct loader *loader, struct store *store)
{
	int64_t mono_ms = clock_mono_ms(), today_ms;
	bool more = mono_ms >= loader->prune_ms;

	if (!more)
		return;
	loader->prune_ms = mono_ms + PRUNE_MS;
	today_ms = clock_date(&loader->date, clock_utc_ms(), mono_ms);
	while (more && !is_stopping(loader))
		more = store_prune(store, today_ms, loader->options.keep_days,
				   loader->options.keep_sums_days);
}

/* True: all that is there is in the store. */
static bool load_once(struct loader *loader, struct store **store)
{
	const char *error = NULL;
	enum loading_result result;

	if (*store == NULL) {
		*store = store_open(&loader->options.store, &error);
		loading_use(&loader->loading, *store);
	}
	if (*store == NULL) {
		say_down(loader, "store is down", error);
		return false;
	}
	result = loading_look(&loader->loading);
	if (result == LOADING_DONE)
		prune_when_due(loader, *store);
	if (result == LOADING_DONE || result == LOADING_ENDED) {
		say_up(loader);
		return true;
	}
	say_down(loader, result == LOADING_NO_STORE ? "store is down" : "nothing is loaded",
		 loader->loading.error);
	store_close(*store);
	*store = NULL;
	return false;
}

static void wait_for_more(struct loader *loader, int64_t wait_ms)
{
	int64_t until_ms = clock_mono_ms() + wait_ms;

	pthread_mutex_lock(&loader->mutex);
	while (!loader->stopping && clock_mono_ms() < until_ms)
		clock_cond_wait(&loader->changed, &loader->mutex, until_ms);
	pthread_mutex_unlock(&loader->mutex);
}

static void loader_free(struct loader *loader)
{
	loading_done(&loader->loading);
	pthread_cond_destroy(&loader->changed);
	pthread_mutex_destroy(&loader->mutex);
	free(loader->directory);
	free(loader->where);
	free(loader);
}

static void *run_loader(void *context)
{
	struct loader *loader = context;
	int64_t poll_ms = loader->options.poll_ms > 0 ? loader->options.poll_ms : POLL_MS;
	int64_t wait_ms = poll_ms;
	struct store *store = NULL;
	bool abandoned;

	while (!is_stopping(loader)) {
		bool loaded = load_once(loader, &store);

		if (loaded)
			wait_ms = poll_ms;
		wait_for_more(loader, wait_ms);
		if (!loaded)
			wait_ms = wait_ms * 2 < LONGEST_WAIT_MS ? wait_ms * 2 : LONGEST_WAIT_MS;
	}
	store_close(store);
	pthread_mutex_lock(&loader->mutex);
	loader->ended = true;
	abandoned = loader->abandoned;
	pthread_cond_broadcast(&loader->changed);
	pthread_mutex_unlock(&loader->mutex);
	if (abandoned)
		loader_free(loader);
	return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct loader *loader)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&loader->thread, NULL, run_loader, loader);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

struct loader *loader_start(const struct loader_options *options, const char **error_r)
{
	struct loader *loader = mem_zalloc(sizeof(*loader));

	loader->directory = mem_strdup(options->directory);
	loader->where = mem_strdup(options->store.where);
	loader->options = *options;
	loader->options.directory = loader->directory;
	loader->options.store.where = loader->where;
	pthread_mutex_init(&loader->mutex, NULL);
	clock_cond_init(&loader->changed);
	loading_init(&loader->loading, &loader->options);
	loader->loading.go_on = after_batch;
	loader->loading.context = loader;
	if (start_thread(loader) == 0)
		return loader;
	*error_r = "cannot start the loader's thread";
	loader_free(loader);
	return NULL;
}

bool loader_stop(struct loader *loader, unsigned wait_ms, struct loader_counts *counts_r)
{
	int64_t until_ms = clock_mono_ms() + wait_ms;
	bool ended;

	pthread_mutex_lock(&loader->mutex);
	loader->stopping = true;
	pthread_cond_broadcast(&loader->changed);
	while (!loader->ended && clock_mono_ms() < until_ms)
		clock_cond_wait(&loader->changed, &loader->mutex, until_ms);
	ended = loader->ended;
	if (counts_r != NULL)
		loading_counts(&loader->loading, counts_r);
	if (!ended) {
		loader->abandoned = true;
		pthread_detach(loader->thread);
	}
	pthread_mutex_unlock(&loader->mutex);
	if (ended) {
		pthread_join(loader->thread, NULL);
		loader_free(loader);
	}
	return ended;
}

void loader_counts(struct loader *loader, struct loader_counts *out_r)
{
	loading_counts(&loader->loading, out_r);
}

bool loader_has_whole(struct loader *loader, const char *file)
{
	return loading_has_whole(&loader->loading, file);
}
