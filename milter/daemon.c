#include "daemon.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "base/clock.h"
#include "base/mem.h"
#include "feed.h"
#include "ledger.h"
#include "log.h"
#include "session.h"

#define JOURNAL_WAIT_MS 2000            /* longest hold of one message by a slow disk */
#define JOURNAL_MEMORY_BYTES (16u << 20)
#define GATE_WAIT_MS 3000               /* at least, for packets that are worked on at the end */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static struct state *current;           /* under the lock */
static struct settings *at_start;       /* what only a restart changes is used from here */
static struct journal *journal;
static unsigned in_flight;              /* messages; under the lock */
static int64_t stop_by_ms;              /* the main thread's; stop_timeout is over then */
static atomic_uint inside;              /* threads of connections */
static _Thread_local bool is_inside;    /* this thread is one of them */
static atomic_bool stopping, closed, failed;
static atomic_ullong counts[COUNT_ALL];

struct state *daemon_state(void)
{
	struct state *state;

	pthread_mutex_lock(&lock);
	state = current;
	__atomic_add_fetch(&state->references, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&lock);
	return state;
}

void state_unref(struct state *state)
{
	if (state == NULL || __atomic_sub_fetch(&state->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	engine_unref(state->engine);
	settings_unref(state->settings);
	free(state);
}

void daemon_count(enum count which)
{
	atomic_fetch_add_explicit(&counts[which], 1, memory_order_relaxed);
}

struct journal *daemon_journal(void)
{
	return journal;
}

/* The gate. `inside` is raised before `closed` is looked at, and daemon_close()
 * does it the other way round: one of the two sees the other. */
bool daemon_enter(void)
{
	if (is_inside)
		return true;
	atomic_fetch_add(&inside, 1);
	is_inside = !atomic_load(&closed);
	if (!is_inside)
		atomic_fetch_sub(&inside, 1);
	return is_inside;
}

void daemon_leave(void)
{
	if (is_inside)
		atomic_fetch_sub(&inside, 1);
	is_inside = false;
}

bool daemon_is_stopping(void)
{
	return atomic_load(&stopping);
}

bool daemon_begin_message(void)
{
	bool may_begin;

	pthread_mutex_lock(&lock);
	may_begin = !atomic_load(&stopping);
	if (may_begin)
		in_flight++;
	pthread_mutex_unlock(&lock);
	return may_begin;
}

void daemon_end_message(void)
{
	pthread_mutex_lock(&lock);
	if (--in_flight == 0)
		pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

void daemon_fail(const char *why)
{
	log_event(LOG_CRIT, "failure", "problem", why, NULL);
	atomic_store(&failed, true);
	kill(getpid(), SIGTERM);
}

bool daemon_has_failed(void)
{
	return atomic_load(&failed);
}

static void our_signals(sigset_t *set_r)
{
	sigemptyset(set_r);
	sigaddset(set_r, SIGHUP);
	sigaddset(set_r, SIGUSR1);
	sigaddset(set_r, SIGTERM);
	sigaddset(set_r, SIGINT);
}

void daemon_block_signals(void)
{
	sigset_t set;

	our_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void tell_systemd(const char *text)
{
#ifdef HAVE_SYSTEMD
	sd_notify(0, text);
#else
	(void)text;
#endif
}

static void journal_says(void *unused, const char *text)
{
	(void)unused;
	log_event(LOG_ERR, "journal", "problem", text, NULL);
}

static struct journal_options journal_options_of(const struct settings *settings, const char *host)
{
	return (struct journal_options){
		.directory = settings->journal_directory,
		.host = host,
		.sync_ms = settings->journal_sync_ms,
		.wait_ms = JOURNAL_WAIT_MS,
		.keep_days = settings->journal_keep_days,
		.max_bytes = settings->journal_max_bytes,
		.min_free = settings->journal_min_free,
		.max_file_bytes = settings->journal_max_file_bytes,
		.max_memory = JOURNAL_MEMORY_BYTES,
		.is_loaded = feed_has_whole,
		.report = journal_says,
	};
}

/* Letters, digits, `-` and `.` of the host's name, for line ids. */
static void host_name(char *out_r, size_t size)
{
	size_t n = 0;

	if (gethostname(out_r, size) != 0)
		out_r[0] = '\0';
	out_r[size - 1] = '\0';
	for (size_t i = 0; out_r[i] != '\0'; i++)
		if (ascii_is_alnum(out_r[i]) || out_r[i] == '-' || out_r[i] == '.')
			out_r[n++] = out_r[i];
	out_r[n] = '\0';
	if (n == 0)
		memcpy(out_r, "host", sizeof("host"));
}

static struct state *state_new(struct settings *settings, struct engine *previous,
			       const char **error_r)
{
	struct engine *engine = engine_open(settings, NULL, previous, error_r);
	struct state *state;

	if (engine == NULL)
		return NULL;
	state = mem_zalloc(sizeof(*state));
	state->references = 1;
	state->settings = settings_ref(settings);
	state->engine = engine;
	return state;
}

static int open_journal(const struct settings *settings, const char *host, const char **error_r)
{
	static char text[512];
	struct journal_options options = journal_options_of(settings, host);

	journal = journal_open(&options, error_r);
	if (journal != NULL)
		return 0;
	snprintf(text, sizeof(text), "journal.directory %s: %s; make it as root: "
		 "install -d -o %s -m 0750 %s", settings->journal_directory, *error_r,
		 settings->user != NULL && settings->user[0] != '\0' ? settings->user : "alignd",
		 settings->journal_directory);
	*error_r = text;
	return -1;
}

static void log_warnings(const struct settings *settings)
{
	for (unsigned i = 0; i < settings->warnings.n; i++)
		log_event(LOG_WARNING, "settings", "warning", settings->warnings.items[i], NULL);
}

int daemon_open(struct settings *settings, const char **error_r)
{
	char host[65];

	clock_cond_init(&changed);
	host_name(host, sizeof(host));
	feed_expect(settings);
	if (settings->journal_directory != NULL && settings->journal_directory[0] != '\0' &&
	    open_journal(settings, host, error_r) != 0)
		return -1;
	current = state_new(settings, NULL, error_r);
	if (current == NULL) {
		if (journal != NULL)
			journal_close(journal, 0);
		journal = NULL;
		return -1;
	}
	at_start = settings_ref(settings);
	feed_start(settings, journal != NULL ? settings->journal_directory : NULL);
	log_warnings(settings);
	ledger_start(&settings->ruleset, clock_utc_ms(), clock_mono_ms());
	return 0;
}

static void log_faults(const struct settings_faults *faults)
{
	for (unsigned i = 0; i < faults->n; i++)
		log_event(LOG_ERR, "settings", "fault", faults->lines[i], NULL);
}

static void swap_state(struct state *state)
{
	struct state *old;

	pthread_mutex_lock(&lock);
	old = current;
	current = state;
	pthread_mutex_unlock(&lock);
	state_unref(old);
}

/* False: the old settings stay in force, and why has been logged; else it says so. */
static bool load_anew(void)
{
	struct settings_faults faults = { 0, NULL };
	struct settings *settings = settings_load_guarded(at_start->path, &faults);
	const char *error = NULL, *restart = NULL;
	struct state *state;

	if (settings == NULL) {
		log_faults(&faults);
		settings_faults_free(&faults);
		return false;
	}
	settings_faults_free(&faults);
	state = state_new(settings, current->engine, &error);
	if (state == NULL) {
		log_event(LOG_ERR, "settings", "fault", error, NULL);
		settings_unref(settings);
		return false;
	}
	restart = settings_restart_needed(at_start, settings);
	if (restart != NULL)
		log_event(LOG_WARNING, "reload", "restart_needed_for", restart, NULL);
	if (journal != NULL) {
		struct journal_options options = journal_options_of(settings, NULL);

		options.directory = at_start->journal_directory;
		journal_set(journal, &options);
	}
	swap_state(state);
	log_warnings(settings);
	feed_reload(settings);
	ledger_reload(&settings->ruleset, clock_utc_ms(), clock_mono_ms());
	log_event(LOG_NOTICE, "reload", "result", "new settings in force", "settings", at_start->path,
		  "dry_run", settings->ruleset.dry_run ? "yes" : "no", NULL);
	settings_unref(settings);
	return true;
}

static void reload(void)
{
	struct buf text;

	buf_init(&text, 100);
	buf_printf(&text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_mono_ms() * 1000);
	tell_systemd(buf_str(&text));
	buf_done(&text);
	if (!load_anew())
		log_event(LOG_ERR, "reload", "result", "failed: the old settings stay in force",
			  "settings", at_start->path, NULL);
	tell_systemd("READY=1");
}

/* Messages in flight are finished, new ones told to come later; said when it is so. */
static void drain(const char *signal)
{
	unsigned left;

	stop_by_ms = clock_mono_ms() + (int64_t)current->settings->stop_timeout_s * 1000;
	tell_systemd("STOPPING=1");
	atomic_store(&stopping, true);
	log_event(LOG_NOTICE, "stopping", "signal", signal, NULL);
	pthread_mutex_lock(&lock);
	while (in_flight > 0 && clock_mono_ms() < stop_by_ms)
		clock_cond_wait(&changed, &lock, stop_by_ms);
	left = in_flight;
	pthread_mutex_unlock(&lock);
	if (left > 0) {
		char text[32];

		snprintf(text, sizeof(text), "%u", left);
		log_event(LOG_WARNING, "stop", "unfinished_messages", text, NULL);
	}
}

/* The next of our signals; -1 when there was none for a while. */
static int next_signal(const sigset_t *set)
{
	int64_t wait_ms = ledger_daily(&current->settings->ruleset, clock_utc_ms(), clock_mono_ms());
	struct timespec wait = { .tv_sec = (time_t)(wait_ms / 1000),
				 .tv_nsec = (long)(wait_ms % 1000) * 1000000 };

	return sigtimedwait(set, NULL, &wait);
}

void daemon_run(void)
{
	sigset_t set;
	int caught;

	our_signals(&set);
	tell_systemd("READY=1");
	do {
		caught = next_signal(&set);
		if (caught == SIGHUP || caught == SIGUSR1)
			reload();
	} while (caught != SIGTERM && caught != SIGINT);
	drain(caught == SIGINT ? "INT" : "TERM");
}

/* A message is finished when the MTA has the answer, which a slow one may not have read yet. */
static bool close_gate(void)
{
	int64_t until_ms = clock_mono_ms() + GATE_WAIT_MS;

	if (until_ms < stop_by_ms)
		until_ms = stop_by_ms;
	atomic_store(&closed, true);
	while (atomic_load(&inside) > 0) {
		if (clock_mono_ms() > until_ms)
			return false;
		usleep(2000);
	}
	return true;
}

static void log_counts(void)
{
	static const char *const keys[COUNT_ALL] = {
		"messages", "exempt", "accepted", "quarantined", "rejected", "tempfailed",
		"failed", "refused", "left_out",
	};
	struct logline line;

	logline_init(&line, "event=stop");
	for (unsigned i = 0; i < COUNT_ALL; i++)
		logline_int(&line, keys[i], (long long)atomic_load(&counts[i]));
	log_line(LOG_NOTICE, &line);
}

bool daemon_close(void)
{
	bool is_quiet = close_gate(), is_fed;

	if (is_quiet) {
		session_free_all();
		journal_close(journal, JOURNAL_WAIT_MS);
	} else {
		journal_leave(journal, JOURNAL_WAIT_MS);
	}
	is_fed = feed_stop();
	ledger_say_hits();
	log_counts();
	if (!is_quiet)
		return false;   /* somebody still uses what would be freed */
	ledger_free();
	state_unref(current);
	settings_unref(at_start);
	current = NULL;
	at_start = NULL;
	journal = NULL;
	return is_fed;
}
