/* alignctl load: brings the journal into the store by hand, as alignd's own thread
 * does all the time. */
#include "alignctl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "store/loader.h"
#include "tool_options.h"
#include "tool_progress.h"
#include "tool_store.h"

struct options {
	const char *journal, *store, *config;
	bool again, json, help;
};

static const char help_text[] =
	"Usage: alignctl load [OPTION]...\n"
	"Loads the journal into the store: each line once, however often this is run. alignd\n"
	"does it by itself all the time; by hand it is for journals from elsewhere, and for\n"
	"a daemon that does not run.\n\n"
	"  -J, --journal DIR, --directory DIR\n"
	"                         the journal (default: journal.directory of the settings)\n"
	"  -S, --store WHERE      an SQLite file, or a PostgreSQL connection string (default:\n"
	"                         store.* of the settings)\n"
	"  -a, --again            read every file from its start: takes lines that an older\n"
	"                         version refused\n"
	"  -c, --config FILE      settings (default " TOOL_SETTINGS ")\n"
	"  -j, --json             one JSON object: alignctl(1)\n"
	"  -h, --help\n\n"
	"Exit: 0, 64 usage, 66 no such journal, 69 the store cannot be used, 75 interrupted\n"
	"      (the next run goes on there), 78 bad settings.\n\n"
	"Examples:\n"
	"  alignctl load\n"
	"  alignctl load --journal /srv/mx2/journal\n"
	"  alignctl load --journal ./replayed --store ./replayed.sqlite\n";

static volatile sig_atomic_t interrupted;

static void on_signal(int unused)
{
	(void)unused;
	interrupted = 1;
}

static int parse_options(int argc, char **argv, struct options *o)
{
	const struct tool_option rows[] = {
		{ "journal", 'J', .argument = &o->journal },
		{ "directory", '\0', .argument = &o->journal },
		{ "store", 'S', .argument = &o->store },
		{ "again", 'a', .flag = &o->again },
		{ "config", 'c', .argument = &o->config },
		{ "json", 'j', .flag = &o->json },
	};
	int code = TOOL_OPTIONS(argc, argv, rows, help_text, &o->help);

	return code != 0 || o->help ? code : tool_none_left(argc, argv);
}

struct work {
	const char *name;
	struct tool_progress progress;
};

static bool show_progress(void *context, const struct loader_counts *counts, uint64_t bytes_in_all)
{
	struct work *work = context;

	work->progress.calls = 0;               /* batches are few */
	if (tool_progress_due(&work->progress))
		tool_progress_show(&work->progress,
				   bytes_in_all > 0 ? (double)counts->bytes / (double)bytes_in_all : -1,
				   "%llu lines loaded, %llu known", (unsigned long long)counts->loaded,
				   (unsigned long long)counts->known);
	return !interrupted;
}

static void tell(void *context, bool is_problem, const char *text)
{
	struct work *work = context;

	(void)is_problem;
	tool_progress_clear(&work->progress);
	tool_fail(work->name, 0, "%s", text);
}

static void print_json(const struct loader_counts *counts, const char *driver)
{
	struct json_out out;
	struct buf text;

	buf_init(&text, 10000);
	json_begin(&out, &text, 0);
	json_put_object(&out, NULL);
	json_put_string(&out, "store", driver);
	json_put_int(&out, "loaded", (int64_t)counts->loaded);
	json_put_int(&out, "known", (int64_t)counts->known);
	json_put_int(&out, "refused", (int64_t)counts->refused);
	json_put_int(&out, "bytes", (int64_t)counts->bytes);
	json_put_int(&out, "files_left", (int64_t)counts->files_left);
	json_put_bool(&out, "interrupted", interrupted != 0);
	json_put_object_end(&out);
	puts(buf_str(&text));
	buf_done(&text);
}

static void print_text(const struct loader_counts *counts)
{
	printf("%llu %s loaded", (unsigned long long)counts->loaded,
	       counts->loaded == 1 ? "line" : "lines");
	if (counts->known > 0)
		printf(", %llu were there already", (unsigned long long)counts->known);
	if (counts->refused > 0)
		printf(", %llu could not be loaded", (unsigned long long)counts->refused);
	putchar('\n');
}

/* The names of files in another directory than the daemon's say nothing about
 * how far they are loaded. */
static bool is_daemons(const struct settings *settings, const char *directory)
{
	char *own, *this;
	bool same;

	if (settings == NULL || settings->journal_directory[0] == '\0')
		return false;
	own = realpath(settings->journal_directory, NULL);
	this = realpath(directory, NULL);
	same = own != NULL && this != NULL && strcmp(own, this) == 0;
	free(own);
	free(this);
	return same;
}

static int check_directory(const char *name, const char *directory)
{
	if (directory[0] == '\0')
		return tool_fail(name, EX_CONFIG, "the settings keep no journal (journal.directory); "
				 "--journal names one");
	if (access(directory, R_OK | X_OK) == 0)
		return 0;
	return tool_fail(name, EX_NOINPUT, "%s: %s%s", directory, strerror(errno),
			 errno == EACCES ? ": only alignd's user and root may (sudo alignctl ...)" : "");
}

/* A line that is begun is not cut: the batch under way is finished. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGXFSZ, SIG_IGN);       /* a file that may not grow is told like a full disk */
}

/* `settings` NULL: the store is named. */
static int load(const char *name, const struct options *o, const struct settings *settings)
{
	struct work work = { .name = name };
	struct loader_options options = {
		.directory = o->journal,
		.report = tell, .report_context = &work,
	};
	struct loader_counts counts;
	const char *error = NULL;
	char *folder = NULL;
	bool is_own;
	int code = check_directory(name, options.directory);

	if (code == 0)
		code = tool_store_options(name, settings, o->store, &options.store);
	if (code != 0)
		return code;
	is_own = is_daemons(settings, options.directory);
	options.by_id_alone = o->again || !is_own;
	if (!is_own)
		options.files_of = folder = realpath(options.directory, NULL);
	if (is_own && o->store == NULL) {
		options.keep_days = settings->store_keep_days;
		options.keep_sums_days = settings->store_keep_sums_days;
	}
	tool_store_own(&options.store);
	catch_signals();
	tool_progress_start(&work.progress);
	code = loader_run(&options, show_progress, &work, &counts, &error);
	free(folder);
	tool_progress_clear(&work.progress);
	if (code != 0)
		tool_fail(name, 0, "store: %s", error);
	if (o->json)
		print_json(&counts, options.store.driver->name);
	else if (code == 0 || counts.loaded > 0)
		print_text(&counts);
	if (code != 0)
		return EX_UNAVAILABLE;
	return interrupted ? tool_fail(name, EX_TEMPFAIL, "interrupted; the next run goes on there") : 0;
}

/* With both named, the settings could only say that they are the daemon's. */
static bool needs_settings(const struct options *o)
{
	return o->journal == NULL || o->store == NULL || o->config != NULL ||
	       access(TOOL_SETTINGS, R_OK) == 0;
}

int cmd_load(int argc, char **argv)
{
	struct options o = { 0 };
	struct settings *settings = NULL;
	int code = parse_options(argc, argv, &o);

	if (code != 0 || o.help)
		return code;
	if (needs_settings(&o)) {
		settings = tool_settings(argv[0], o.config != NULL ? o.config : TOOL_SETTINGS);
		if (settings == NULL)
			return EX_CONFIG;
		if (o.journal == NULL)
			o.journal = settings->journal_directory;
	}
	code = load(argv[0], &o, settings);
	settings_unref(settings);
	return code;
}
