#include "store/journal.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/journal_files.h"
#include "store/journal_private.h"

#define CHUNK_OCTETS 1048576            /* of lines in one write */
#define RETRY_MS 200                    /* after a failed write */
#define DEFAULT_MEMORY 16777216
#define DEFAULT_CHECK_MS 5000

int64_t journal_utc_ms(const struct journal *j)
{
	return j->options.utc_ms != NULL ? j->options.utc_ms() : clock_utc_ms();
}

/* ---- the writer ---- */

/* The keeper hangs or is behind: what is closed now would be nobody's to sync. */
static void sync_output(struct journal *j)
{
	int code = fdatasync(j->output.fd) != 0 ? errno : 0;

	pthread_mutex_lock(&j->mutex);
	if (code != 0)
		journal_say(j, CAUSE_SYNC, "journal: cannot sync %s: %s", j->output.path,
			    strerrordesc_np(code));
	pthread_mutex_unlock(&j->mutex);
}

/* Leaves the open file to the keeper. */
static void retire_output(struct journal *j)
{
	bool is_full;

	pthread_mutex_lock(&j->mutex);
	is_full = j->n_retired == JOURNAL_RETIRED;
	pthread_mutex_unlock(&j->mutex);
	if (is_full && j->output.fd >= 0)
		sync_output(j);
	pthread_mutex_lock(&j->mutex);
	if (j->output.fd >= 0 && j->n_retired < JOURNAL_RETIRED) {
		j->retired[j->n_retired++] = j->output.fd;
		j->output.fd = -1;
	}
	journal_output_done(&j->output);
	pthread_mutex_unlock(&j->mutex);
}

static void note_rotation(struct journal *j)
{
	j->rotated = true;
	pthread_cond_signal(&j->keep);
}

static bool is_current(const struct journal *j, uint64_t max_file_bytes)
{
	return journal_output_is_current(&j->output, journal_day(journal_utc_ms(j)), max_file_bytes);
}

static int ready_output(struct journal *j, uint64_t max_file_bytes)
{
	struct journal_output fresh;
	int code;

	if (is_current(j, max_file_bytes))
		return 0;
	retire_output(j);
	journal_output_init(&fresh, j->directory, j->host);
	code = journal_output_open(&fresh, journal_day(journal_utc_ms(j)), max_file_bytes);
	if (code != 0)
		return code;
	pthread_mutex_lock(&j->mutex);
	j->output = fresh;
	note_rotation(j);
	pthread_mutex_unlock(&j->mutex);
	return 0;
}

/* One chunk of whole lines out of the batch. */
static size_t chunk_octets(const struct journal *j)
{
	size_t len = j->batch.len - j->batch_done;
	const char *start = j->batch.data + j->batch_done, *end;

	if (len <= CHUNK_OCTETS)
		return len;
	end = memrchr(start, '\n', CHUNK_OCTETS);       /* lines are shorter than this */
	return (size_t)(end - start) + 1;
}

static uint64_t count_lines(const char *data, size_t len)
{
	uint64_t n = 0;

	for (const char *p = data; (p = memchr(p, '\n', len - (size_t)(p - data))) != NULL; p++)
		n++;
	return n;
}

/* The mutex is held and given up meanwhile: who is woken while it is held runs
 * into it and sleeps again. */
static void wake_unlocked(struct journal *j, pthread_cond_t *whom, int (*wake)(pthread_cond_t *))
{
	pthread_mutex_unlock(&j->mutex);
	wake(whom);
	pthread_mutex_lock(&j->mutex);
}

/* What one try did. */
struct attempt {
	bool sync;                      /* before the answer */
	int code, sync_code;            /* 0 or an errno */
	uint64_t lines;                 /* that the kernel has now */
};

/* Returns the octets of whole lines that the kernel has now; *code_r ESTALE: try again. */
static size_t try_write(struct journal *j, const char *data, size_t len, uint64_t max_file_bytes,
			int *code_r)
{
	*code_r = ready_output(j, max_file_bytes);
	if (*code_r != 0)
		return 0;
	/* without the lock only where no process has a reason to compress the file */
	if (!journal_output_lock(&j->output) && !is_current(j, max_file_bytes)) {
		*code_r = ESTALE;
		return 0;
	}
	return journal_output_write(&j->output, data, len, code_r);
}

/* Writes one chunk, without the mutex. */
static void write_chunk(struct journal *j, bool sync, uint64_t max_file_bytes, struct attempt *try)
{
	const char *start = j->batch.data + j->batch_done;
	size_t len = chunk_octets(j), done = 0;

	*try = (struct attempt){ .sync = sync, .code = ESTALE };
	for (int tries = 0; tries < 3 && done == 0 && try->code == ESTALE; tries++)
		done = try_write(j, start, len, max_file_bytes, &try->code);
	if (sync && done > 0 && fdatasync(j->output.fd) != 0)
		try->sync_code = errno;
	try->lines = count_lines(start, done);
	j->batch_done += done;
}

/* The mutex is held. */
static void note_attempt(struct journal *j, const struct attempt *try, size_t octets)
{
	if (try->lines > 0) {
		j->written += try->lines;
		j->bytes += octets;
		/* with a sync of its own, nobody else's: the kernel tells an error of the
		 * disk once, and who answers for the line has to hear it */
		j->unsynced = !try->sync;
		j->slow = false;
		if (try->sync_code != 0)
			j->unsafe = j->written;
	}
	if (try->sync_code != 0)
		journal_say(j, CAUSE_SYNC, "journal: cannot sync %s: %s", j->output.path,
		    strerrordesc_np(try->sync_code));
	if (try->code != 0) {
		journal_say(j, CAUSE_WRITE, "journal: cannot write %s: %s; mail goes on, decisions "
			    "wait in memory", j->output.path != NULL ? j->output.path : j->directory,
			    strerrordesc_np(try->code));
	} else if (j->failing) {
		j->said[CAUSE_WRITE].waiting = false;
		journal_say(j, CAUSE_GOES_ON, "journal: writing goes on");
	}
	j->failing = try->code != 0;
}

/* Takes what has come in; the mutex is held. */
static void refill_batch(struct journal *j)
{
	struct buf swap = j->batch;

	if (j->batch_done < j->batch.len)
		return;
	j->batch = j->pending;
	j->pending = swap;
	buf_reset(&j->pending);
	if (j->pending.size > 4 * CHUNK_OCTETS)
		buf_done(&j->pending);
	j->batch_done = 0;
}

/* The mutex is held; it is given up while the disk works. */
static void write_some(struct journal *j)
{
	bool sync = j->options.sync_ms == 0;
	uint64_t max_file_bytes = j->options.max_file_bytes;
	struct attempt try;
	size_t before;

	refill_batch(j);
	before = j->batch_done;
	j->batch_left = j->batch.len - before;
	pthread_mutex_unlock(&j->mutex);
	write_chunk(j, sync, max_file_bytes, &try);
	pthread_mutex_lock(&j->mutex);
	j->batch_left = j->batch.len - j->batch_done;
	note_attempt(j, &try, j->batch_done - before);
	wake_unlocked(j, &j->progress, pthread_cond_broadcast);
}

/* The mutex is held; it is given up meanwhile. */
static void leave_past_day(struct journal *j)
{
	bool past;

	pthread_mutex_unlock(&j->mutex);
	past = j->output.fd >= 0 && j->output.day != journal_day(journal_utc_ms(j));
	if (past)
		retire_output(j);
	pthread_mutex_lock(&j->mutex);
	if (past)
		note_rotation(j);
}

/* New lines do not shorten this wait; closing does. */
static void wait_before_retry(struct journal *j)
{
	int64_t until_ms = clock_mono_ms() + (j->closing ? RETRY_MS / 10 : RETRY_MS);
	bool closing = j->closing;

	while (j->closing == closing && clock_mono_ms() < until_ms)
		clock_cond_wait(&j->work, &j->mutex, until_ms);
}

static bool has_work(const struct journal *j)
{
	return !j->no_room && (j->batch_left > 0 || j->pending.len > 0);
}

static void wait_for_work(struct journal *j)
{
	if (has_work(j) || j->closing)
		return;
	j->idle = true;
	clock_cond_wait(&j->work, &j->mutex, clock_mono_ms() + JOURNAL_IDLE_MS);
	j->idle = false;
}

static void *run_writer(void *context)
{
	struct journal *j = context;

	pthread_mutex_lock(&j->mutex);
	while (!j->closing || (has_work(j) && clock_mono_ms() < j->close_ms)) {
		if (has_work(j)) {
			write_some(j);
			if (j->failing)
				wait_before_retry(j);
		} else {
			leave_past_day(j);
			wait_for_work(j);
		}
	}
	j->unjournaled += j->taken - j->written;
	j->taken = j->written;
	j->writer_done = true;
	pthread_cond_broadcast(&j->progress);
	pthread_cond_signal(&j->keep);
	pthread_mutex_unlock(&j->mutex);
	return NULL;
}

/* ---- what others call ---- */

static bool is_host(const char *host)
{
	struct slice s = slice_of(host);

	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.data[i]) && strchr("-.", s.data[i]) == NULL)
			return false;
	return s.len > 0 && s.len <= 80 && s.data[0] != '.';
}

/* A small part of the whole, or the bounds could not be kept by removing. */
static uint64_t file_limit(const struct journal_options *options)
{
	uint64_t most = options->max_bytes / 4;

	if (options->max_bytes > 0 && (options->max_file_bytes == 0 || options->max_file_bytes > most))
		return most > 0 ? most : 1;
	return options->max_file_bytes;
}

static void take_bounds(struct journal *j, const struct journal_options *options)
{
	j->options.sync_ms = options->sync_ms;
	j->options.wait_ms = options->wait_ms;
	j->options.keep_days = options->keep_days;
	j->options.max_bytes = options->max_bytes;
	j->options.min_free = options->min_free;
	j->options.max_file_bytes = file_limit(options);
	j->options.max_memory = options->max_memory > 0 ? options->max_memory : DEFAULT_MEMORY;
	j->options.check_ms = options->check_ms > 0 ? options->check_ms : DEFAULT_CHECK_MS;
}

void journal_free(struct journal *j)
{
	journal_output_done(&j->output);
	for (unsigned i = 0; i < j->n_retired; i++)
		close(j->retired[i]);
	buf_done(&j->pending);
	buf_done(&j->batch);
	pthread_cond_destroy(&j->work);
	pthread_cond_destroy(&j->progress);
	pthread_cond_destroy(&j->keep);
	pthread_mutex_destroy(&j->mutex);
	free(j->directory);
	free(j->host);
	free(j);
}

static struct journal *new_journal(const struct journal_options *options)
{
	struct journal *j = mem_zalloc(sizeof(*j));

	j->directory = mem_strdup(options->directory);
	j->host = mem_strdup(options->host);
	j->options = (struct journal_options){
		.utc_ms = options->utc_ms, .report = options->report,
		.report_context = options->report_context, .is_loaded = options->is_loaded,
		.is_loaded_context = options->is_loaded_context,
	};
	take_bounds(j, options);
	j->start_ms = journal_utc_ms(j);
	j->process = getpid();
	atomic_init(&j->sequence, 0);
	pthread_mutex_init(&j->mutex, NULL);
	clock_cond_init(&j->work);
	clock_cond_init(&j->progress);
	clock_cond_init(&j->keep);
	buf_init(&j->pending, SIZE_MAX / 4);    /* the bound is max_memory */
	buf_init(&j->batch, SIZE_MAX / 4);
	journal_output_init(&j->output, j->directory, j->host);
	return j;
}

/* Signals are the main thread's; a file size limit shall be EFBIG. */
static int start_threads(struct journal *j)
{
	sigset_t all, before;
	int code;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&j->writer, NULL, run_writer, j);
	if (code == 0) {
		code = pthread_create(&j->keeper, NULL, journal_run_keeper, j);
		if (code != 0) {
			pthread_mutex_lock(&j->mutex);
			j->closing = true;
			pthread_cond_signal(&j->work);
			pthread_mutex_unlock(&j->mutex);
			pthread_join(j->writer, NULL);
		}
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

static const char *open_error(int code)
{
	switch (code) {
	case ENOENT:
		return "the journal's directory does not exist";
	case ENOTDIR:
		return "the journal's directory is not a directory";
	case EACCES:
	case EPERM:
		return "the journal's directory may not be written";
	case ENAMETOOLONG:
		return "the journal's directory has too long a name";
	default:
		return NULL;            /* a full or ailing disk: mail goes on */
	}
}

struct journal *journal_open(const struct journal_options *options, const char **error_r)
{
	struct journal *j;

	if (!is_host(options->host)) {
		*error_r = "the journal's host name has other octets than letters, digits, - and .";
		return NULL;
	}
	j = new_journal(options);
	*error_r = open_error(ready_output(j, j->options.max_file_bytes));
	if (*error_r == NULL && start_threads(j) != 0)
		*error_r = "cannot start the journal's threads";
	if (*error_r == NULL)
		return j;
	journal_free(j);
	return NULL;
}

/* The mutex is held. */
static uint64_t count_unsaid(const struct journal *j)
{
	return j->taken - j->written + j->unjournaled - j->unjournaled_said;
}

/* By whoever ends the journal: its own threads hang where the disk does. */
static void say_unsaid(const struct journal_options *options, uint64_t lines)
{
	char text[100];

	if (lines == 0 || options->report == NULL)
		return;
	snprintf(text, sizeof(text), "journal: %llu decisions were not journaled, there is no more time "
		 "for them", (unsigned long long)lines);
	options->report(options->report_context, text);
}

void journal_close(struct journal *journal, unsigned wait_ms)
{
	int64_t until_ms = clock_mono_ms() + wait_ms;
	struct journal_options options;
	uint64_t unsaid;
	bool done;

	if (journal == NULL)
		return;
	pthread_mutex_lock(&journal->mutex);
	journal->closing = true;
	journal->close_ms = until_ms - wait_ms / 4;     /* the rest is for the last sync */
	pthread_cond_signal(&journal->work);
	pthread_cond_signal(&journal->keep);
	while (!journal->keeper_done && clock_mono_ms() < until_ms)
		clock_cond_wait(&journal->progress, &journal->mutex, until_ms);
	done = journal->keeper_done;
	unsaid = count_unsaid(journal);
	options = journal->options;
	if (!done) {
		/* a disk that does not answer holds a thread */
		journal->abandoned = true;
		pthread_detach(journal->keeper);
	}
	pthread_mutex_unlock(&journal->mutex);
	if (!done) {
		say_unsaid(&options, unsaid);
		return;
	}
	pthread_join(journal->keeper, NULL);
	journal_free(journal);
}

void journal_leave(struct journal *journal, unsigned wait_ms)
{
	int64_t until_ms = clock_mono_ms() + wait_ms;
	uint64_t unsaid;

	if (journal == NULL)
		return;
	pthread_mutex_lock(&journal->mutex);
	while (journal->written < journal->taken && clock_mono_ms() < until_ms)
		clock_cond_wait(&journal->progress, &journal->mutex, until_ms);
	unsaid = count_unsaid(journal);
	pthread_mutex_unlock(&journal->mutex);
	say_unsaid(&journal->options, unsaid);
}

void journal_next_id(struct journal *journal, char out_r[128])
{
	snprintf(out_r, 128, "%s-%lld.%ld-%llu", journal->host, (long long)journal->start_ms,
		 (long)journal->process, atomic_fetch_add(&journal->sequence, 1) + 1);
}

/* Waits for line number `ticket`; the mutex is held. */
static bool wait_written(struct journal *j, uint64_t ticket)
{
	int64_t until_ms = clock_mono_ms() + j->options.wait_ms;

	while (j->written < ticket && !j->failing && !j->no_room && !j->slow) {
		if (clock_mono_ms() >= until_ms) {
			j->slow = true;
			break;
		}
		clock_cond_wait(&j->progress, &j->mutex, until_ms);
	}
	return j->written >= ticket && ticket > j->unsafe;
}

bool journal_append(struct journal *journal, struct slice line)
{
	uint64_t ticket;
	bool ok = false;

	assert(line.len > 0 && line.len <= CHUNK_OCTETS && slice_find(line, '\n') == line.len - 1);
	pthread_mutex_lock(&journal->mutex);
	if (journal->pending.len + journal->batch_left + line.len > journal->options.max_memory) {
		journal->unjournaled++;
	} else {
		buf_add_slice(&journal->pending, line);
		ticket = ++journal->taken;
		if (journal->idle) {
			journal->idle = false;
			wake_unlocked(journal, &journal->work, pthread_cond_signal);
		}
		ok = wait_written(journal, ticket);
	}
	pthread_mutex_unlock(&journal->mutex);
	return ok;
}

void journal_counts(struct journal *journal, struct journal_counts *out_r)
{
	pthread_mutex_lock(&journal->mutex);
	*out_r = (struct journal_counts){
		.written = journal->written, .waiting = journal->taken - journal->written,
		.unjournaled = journal->unjournaled, .bytes = journal->bytes,
	};
	pthread_mutex_unlock(&journal->mutex);
}

void journal_set(struct journal *journal, const struct journal_options *options)
{
	pthread_mutex_lock(&journal->mutex);
	take_bounds(journal, options);
	journal->rotated = true;                /* look at the bounds at once */
	pthread_cond_signal(&journal->keep);
	pthread_mutex_unlock(&journal->mutex);
}
