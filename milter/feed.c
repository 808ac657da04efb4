#include "feed.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "log.h"
#include "store/loader.h"

#define STOP_WAIT_MS 3000               /* for the batch under way */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct loader *loader;           /* under the lock; NULL: no store */
static struct settings *in_force;       /* that the loader works by */
static char *journal_directory;
static struct loader_counts before;     /* of loaders that a reload has stopped */
static bool is_off;                     /* under the lock: there is to be no store */
static bool abandoned;                  /* one of them did not end */

static void say(void *unused, bool is_problem, const char *text)
{
	(void)unused;
	log_event(is_problem ? LOG_ERR : LOG_NOTICE, "store", is_problem ? "problem" : "note", text, NULL);
}

static struct loader_options options_of(const struct settings *settings)
{
	bool is_sqlite = settings->store_driver == STORE_SQLITE;

	return (struct loader_options){
		.store = {
			.driver = is_sqlite ? &db_sqlite : &db_postgresql,
			.where = is_sqlite ? settings->store_path : settings->store_conninfo,
		},
		.directory = journal_directory,
		.keep_days = settings->store_keep_days,
		.keep_sums_days = settings->store_keep_sums_days,
		.report = say,
	};
}

/* A password, in a URI or by its keyword, that everybody on this host can read. */
static void warn_of_readers(const struct settings *settings)
{
	const char *where = settings->store_conninfo;
	struct stat st;

	if (where != NULL && (strstr(where, "password") != NULL || strchr(where, '@') != NULL) &&
	    stat(settings->path, &st) == 0 && (st.st_mode & S_IROTH) != 0)
		log_event(LOG_WARNING, "settings", "problem", "everybody can read this file and the password "
			  "in store.conninfo: chown root:alignd, chmod 0640", "settings", settings->path, NULL);
}

void feed_expect(const struct settings *settings)
{
	pthread_mutex_lock(&lock);
	is_off = settings->store_driver == STORE_NONE;
	pthread_mutex_unlock(&lock);
}

static void start(const struct settings *settings)
{
	struct loader_options options;
	struct loader *started;
	const char *error = NULL;

	warn_of_readers(settings);
	feed_expect(settings);
	if (settings->store_driver == STORE_NONE || journal_directory == NULL)
		return;
	options = options_of(settings);
	started = loader_start(&options, &error);
	if (started == NULL)
		say(NULL, true, error);
	pthread_mutex_lock(&lock);
	loader = started;
	pthread_mutex_unlock(&lock);
}

void feed_start(struct settings *settings, const char *directory)
{
	journal_directory = directory != NULL ? mem_strdup(directory) : NULL;
	in_force = settings_ref(settings);
	start(settings);
}

static void stop(void)
{
	struct loader_counts counts;
	struct loader *stopped;

	pthread_mutex_lock(&lock);
	stopped = loader;
	loader = NULL;
	pthread_mutex_unlock(&lock);
	if (stopped == NULL)
		return;
	if (!loader_stop(stopped, STOP_WAIT_MS, &counts)) {
		abandoned = true;
		say(NULL, true, "the database does not answer; loading goes on from there with the next start");
	}
	before.loaded += counts.loaded;
	before.known += counts.known;
	before.refused += counts.refused;
	before.files_left = counts.files_left;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_same_store(const struct settings *a, const struct settings *b)
{
	return a->store_driver == b->store_driver && is_same_text(a->store_path, b->store_path) &&
	       is_same_text(a->store_conninfo, b->store_conninfo) &&
	       a->store_keep_days == b->store_keep_days &&
	       a->store_keep_sums_days == b->store_keep_sums_days;
}

void feed_reload(struct settings *settings)
{
	if (!is_same_store(in_force, settings)) {
		stop();
		start(settings);
	}
	settings_unref(in_force);
	in_force = settings_ref(settings);
}

static void log_counts(void)
{
	struct logline line;

	logline_init(&line, "event=store");
	logline_int(&line, "loaded", (long long)before.loaded);
	logline_int(&line, "known", (long long)before.known);
	logline_int(&line, "refused", (long long)before.refused);
	logline_int(&line, "files_left", (long long)before.files_left);
	log_line(LOG_NOTICE, &line);
}

bool feed_stop(void)
{
	bool was_on = loader != NULL || before.loaded > 0;

	stop();
	if (was_on)
		log_counts();
	if (in_force != NULL)
		settings_unref(in_force);
	in_force = NULL;
	free(journal_directory);
	journal_directory = NULL;
	return !abandoned;
}

bool feed_has_whole(void *unused, const char *file)
{
	bool has;

	(void)unused;
	pthread_mutex_lock(&lock);
	has = loader != NULL ? loader_has_whole(loader, file) : is_off;
	pthread_mutex_unlock(&lock);
	return has;
}
