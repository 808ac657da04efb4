#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/journal_files.h"
#include "store/journal_private.h"

#define REPORT_MS 60000                 /* of one cause */
#define COMPRESS_AGAIN_MS 60000         /* after a failure */

/* ---- what is said; the mutex is held ---- */

void journal_say(struct journal *j, enum cause cause, const char *format, ...)
{
	struct said *said = &j->said[cause];
	va_list args;

	va_start(args, format);
	vsnprintf(said->text, sizeof(said->text), format, args);
	va_end(args);
	if (!said->waiting)
		pthread_cond_signal(&j->keep);
	said->waiting = true;
}

static bool is_due(const struct journal *j, const struct said *said, int64_t mono_ms)
{
	return said->waiting &&
	       (j->writer_done || said->said_ms == 0 || mono_ms - said->said_ms >= REPORT_MS);
}

/* From the keeper: tells what is due; the mutex is given up meanwhile. */
static void tell(struct journal *j)
{
	int64_t mono_ms = clock_mono_ms();

	for (int i = 0; i < N_CAUSES; i++) {
		struct said *said = &j->said[i];
		char text[sizeof(said->text)];

		if (i == CAUSE_LOST && j->unjournaled > j->unjournaled_said)
			journal_say(j, CAUSE_LOST, "journal: %llu decisions were not journaled",
			    (unsigned long long)(j->unjournaled - j->unjournaled_said));
		if (!is_due(j, said, mono_ms))
			continue;
		if (i == CAUSE_LOST)
			j->unjournaled_said = j->unjournaled;
		memcpy(text, said->text, sizeof(text));
		said->waiting = false;
		said->said_ms = mono_ms;
		pthread_mutex_unlock(&j->mutex);
		if (j->options.report != NULL)
			j->options.report(j->options.report_context, text);
		pthread_mutex_lock(&j->mutex);
	}
}

/* ---- the keeper ---- */

/* Syncs what is due. The mutex is held, and given up meanwhile. */
static void sync_files(struct journal *j)
{
	int fds[JOURNAL_RETIRED + 1], code = 0;
	unsigned n = j->n_retired;

	memcpy(fds, j->retired, sizeof(j->retired));
	j->n_retired = 0;
	if (j->unsynced && j->output.fd >= 0) {
		fds[n] = dup(j->output.fd);
		j->unsynced = fds[n] < 0;       /* no descriptors: the next time */
		n += fds[n] >= 0;
	}
	if (n == 0)
		return;
	pthread_mutex_unlock(&j->mutex);
	for (unsigned i = 0; i < n; i++) {
		if (fdatasync(fds[i]) != 0)
			code = errno;
		close(fds[i]);
	}
	pthread_mutex_lock(&j->mutex);
	if (code != 0)
		journal_say(j, CAUSE_SYNC, "journal: cannot sync %s: %s", j->directory, strerrordesc_np(code));
}

struct keeper {
	struct journal *journal;
	int64_t sync_due_ms, check_due_ms, compress_due_ms;
	struct clock_date date;
};

/* Called by long work: syncs on time. */
static bool keep_in_step(void *context)
{
	struct keeper *k = context;
	struct journal *j = k->journal;
	bool closing;

	pthread_mutex_lock(&j->mutex);
	if (j->options.sync_ms > 0 && clock_mono_ms() >= k->sync_due_ms) {
		sync_files(j);
		k->sync_due_ms = clock_mono_ms() + j->options.sync_ms;
	}
	closing = j->closing;
	pthread_mutex_unlock(&j->mutex);
	return !closing;
}

static void say_locked(struct journal *j, enum cause cause, const char *what)
{
	pthread_mutex_lock(&j->mutex);
	journal_say(j, cause, "journal: %s", what);
	pthread_mutex_unlock(&j->mutex);
}

static const char *current_name(struct journal *j, struct arena *arena)
{
	const char *name;

	pthread_mutex_lock(&j->mutex);
	name = arena_strdup(arena, j->output.fd >= 0 ? j->output.name : "");
	pthread_mutex_unlock(&j->mutex);
	return name;
}

/* Compresses this host's files that are no longer written: those before the
 * current one, and all of days gone by. */
static void compress_files(struct keeper *k, struct arena *arena)
{
	struct journal *j = k->journal;
	const char *error = NULL, *current = current_name(j, arena);
	struct journal_file *files, at;
	unsigned n, today = journal_day(journal_utc_ms(j));
	bool known = journal_file_parse(current, &at);

	if (journal_files_list(arena, j->directory, j->host, &files, &n, &error) != 0)
		return;                         /* the writer says that */
	for (unsigned i = 0; i < n; i++) {
		bool past = files[i].day < today ||
			    (known && files[i].day == at.day && files[i].number < at.number);

		if (files[i].compressed || !past || strcmp(files[i].name, current) == 0)
			continue;
		if (journal_file_compress(arena, j->directory, files[i].name, keep_in_step, k, &error) == 0)
			continue;
		if (error != NULL)
			say_locked(j, CAUSE_FILES, error);
		k->compress_due_ms = clock_mono_ms() + COMPRESS_AGAIN_MS;
		return;
	}
	k->compress_due_ms = INT64_MAX;         /* until the next rotation */
}

static void apply_bounds(struct keeper *k, struct arena *arena, const struct journal_options *options)
{
	struct journal *j = k->journal;
	const char *error = NULL, *current = current_name(j, arena);
	struct journal_bounds bounds = {
		.max_bytes = options->max_bytes, .min_free = options->min_free,
		.is_loaded = options->is_loaded, .context = options->is_loaded_context,
	};
	unsigned unloaded;
	int code;
	int64_t now_ms = clock_date(&k->date, journal_utc_ms(j), clock_mono_ms());

	if (options->keep_days > 0)
		bounds.oldest_day = journal_day(now_ms - options->keep_days * JOURNAL_DAY_MS);
	code = journal_files_trim(arena, j->directory, j->host, current, &bounds, &unloaded,
				  &error);
	pthread_mutex_lock(&j->mutex);
	if (code < 0)
		journal_say(j, CAUSE_FILES, "journal: %s", error);
	if (unloaded > 0)
		journal_say(j, CAUSE_UNLOADED, "journal: files that had to go before they were in the store: "
			    "%u; the store misses their decisions", unloaded);
	if (code == 1)
		journal_say(j, CAUSE_ROOM, "journal: no room within max_bytes and min_free in %s and nothing "
		    "left to remove: writing has stopped, mail goes on", j->directory);
	if (j->no_room && code != 1) {
		j->said[CAUSE_ROOM].waiting = false;
		journal_say(j, CAUSE_GOES_ON, "journal: there is room again, writing goes on");
	}
	j->no_room = code == 1;
	pthread_cond_signal(&j->work);
	pthread_mutex_unlock(&j->mutex);
}

static void keep_files(struct keeper *k, const struct journal_options *options)
{
	struct arena *arena = arena_new();

	apply_bounds(k, arena, options);
	if (clock_mono_ms() >= k->compress_due_ms)
		compress_files(k, arena);
	arena_free(arena);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* One round of what is due; the mutex is held. */
static void keep(struct keeper *k)
{
	struct journal *j = k->journal;
	int64_t now_ms = clock_mono_ms();

	if (j->rotated) {
		j->rotated = false;
		k->sync_due_ms = k->check_due_ms = k->compress_due_ms = now_ms;
	}
	if (now_ms >= k->sync_due_ms) {
		sync_files(j);
		k->sync_due_ms = now_ms + (j->options.sync_ms > 0 ? j->options.sync_ms : JOURNAL_IDLE_MS);
	}
	if (now_ms >= k->check_due_ms) {
		struct journal_options options = j->options;

		pthread_mutex_unlock(&j->mutex);
		keep_files(k, &options);
		pthread_mutex_lock(&j->mutex);
		k->check_due_ms = now_ms + options.check_ms;
	}
	tell(j);
}

void *journal_run_keeper(void *context)
{
	struct journal *j = context;
	struct keeper k = { .journal = j };
	bool abandoned;

	journal_files_sweep(j->directory, j->host);
	pthread_mutex_lock(&j->mutex);
	while (!j->closing) {
		keep(&k);
		if (!j->closing && !j->rotated)
			clock_cond_wait(&j->keep, &j->mutex, earlier(k.sync_due_ms, k.check_due_ms));
	}
	pthread_mutex_unlock(&j->mutex);
	pthread_join(j->writer, NULL);
	pthread_mutex_lock(&j->mutex);
	j->unsynced = true;
	sync_files(j);
	tell(j);
	j->keeper_done = true;
	abandoned = j->abandoned;
	pthread_cond_broadcast(&j->progress);
	pthread_mutex_unlock(&j->mutex);
	if (abandoned)
		journal_free(j);
	return NULL;
}

