/* alignd: a milter that judges incoming mail. This file: options and the order
 * of the start, which matters: signals are blocked before any thread exists,
 * settings are read before anything is opened, the socket is opened as root,
 * every thread is started after the fork and without privileges. */
#include <getopt.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/mem.h"
#include "callbacks.h"
#include "config.h"
#include "daemon.h"
#include "judge/engine.h"
#include "log.h"
#include "start.h"

#define DEFAULT_SETTINGS SYSCONFDIR "/alignd/alignd.conf"

struct options {
	const char *settings_path;
	bool foreground, only_check;
};

static const char help[] =
	"usage: alignd [-f] [-c FILE] [-n]\n"
	"       alignd -V | -h\n"
	"\n"
	"Judges incoming mail between the MTA and the mailbox (SPF, DKIM, DMARC).\n"
	"\n"
	"  -f, --foreground     stay in the foreground, log to standard error\n"
	"  -c, --config FILE    settings (" DEFAULT_SETTINGS ")\n"
	"  -n, --check          check the settings, say every fault, exit\n"
	"  -V, --version        version, and the libraries that are used\n"
	"  -h, --help           this text\n"
	"\n"
	"Signals: HUP and USR1 read the settings again, TERM and INT finish the\n"
	"messages in flight and stop.\n"
	"Exit codes: 0; 64 usage; 78 settings; 69 socket, DNS or journal; 71 system.\n"
	"\n"
	"Examples:\n"
	"  alignd -n                       are the settings in order?\n"
	"  alignd -f -c ./alignd.conf      try it in a terminal\n"
	"  systemctl reload alignd         after a change of the settings\n"
	"See alignd(8), alignd.conf(5).\n";

static int print_library(struct dl_phdr_info *info, size_t size, void *unused)
{
	char *real = info->dlpi_name[0] != '\0' ? realpath(info->dlpi_name, NULL) : NULL;
	const char *name = real != NULL ? strrchr(real, '/') + 1 : NULL;

	(void)size;
	(void)unused;
	if (name != NULL && strncmp(name, "ld-", 3) != 0)
		printf("  %s\n", name);
	free(real);
	return 0;
}

static int print_version(void)
{
	unsigned major = 0, minor = 0, patch = 0;

	smfi_version(&major, &minor, &patch);
	printf("alignd %s\nlibmilter %u.%u.%u\nlibraries:\n", PACKAGE_VERSION, major, minor, patch);
	dl_iterate_phdr(print_library, NULL);
	return 0;
}

/* -1: go on; otherwise the exit code. */
static int read_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "foreground", no_argument, NULL, 'f' }, { "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, 'n' }, { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "fc:nVh", names, NULL)) != -1) {
		if (letter == 'f')
			options->foreground = true;
		else if (letter == 'c')
			options->settings_path = optarg;
		else if (letter == 'n')
			options->only_check = true;
		else if (letter == 'V')
			return print_version();
		else if (letter == 'h')
			return fputs(help, stdout) < 0 ? EX_IOERR : 0;
		else
			return fputs("Try alignd --help\n", stderr) < 0 ? EX_IOERR : EX_USAGE;
	}
	if (optind < argc) {
		fprintf(stderr, "alignd: what is \"%s\"? Try alignd --help\n", argv[optind]);
		return EX_USAGE;
	}
	return -1;
}

/* A daemon leaves its folder; a reload must still find the file, or what a link of
 * that name then leads to. */
static char *absolute(const char *path)
{
	char *here = path[0] != '/' ? getcwd(NULL, 0) : NULL, *whole;

	if (here == NULL || asprintf(&whole, "%s/%s", here, path) < 0)
		whole = mem_strdup(path);
	free(here);
	return whole;
}

static struct settings *read_settings(const char *path)
{
	struct settings_faults faults = { 0, NULL };
	struct settings *settings = settings_load_guarded(path, &faults);

	for (unsigned i = 0; i < faults.n; i++)
		fprintf(stderr, "%s\n", faults.lines[i]);
	settings_faults_free(&faults);
	return settings;
}

static void print_warnings(struct string_list warnings)
{
	for (unsigned i = 0; i < warnings.n; i++)
		fprintf(stderr, "%s (warning)\n", warnings.items[i]);
}

/* What -n says beside the faults of the file: the exit code. */
static int print_check(const char *path, const struct settings *settings)
{
	struct arena *arena = arena_new();
	const char *error = NULL;

	print_warnings(settings->warnings);
	print_warnings(settings_expiring(settings, arena, clock_utc_ms()));
	arena_free(arena);
	if (engine_check(settings, &error) < 0) {
		fprintf(stderr, "%s: %s\n", path, error);
		return EX_CONFIG;
	}
	printf("%s: in order\n", path);
	return 0;
}

static int failed(int exit_code, const char *error)
{
	log_event(LOG_ERR, "start", "failed", error, "user", start_user(), NULL);
	start_remove_socket();
	start_report(exit_code);
	return exit_code;
}

static int serve(struct settings *settings, bool foreground)
{
	const char *error = NULL;
	bool is_clean;

	if (start_open_socket(settings, &error) != 0)
		return failed(EX_UNAVAILABLE, error);
	if (!foreground && start_background(&error) != 0)
		return failed(EX_OSERR, error);
	if (start_drop_privileges(settings, &error) != 0)
		return failed(EX_OSERR, error);
	if (daemon_open(settings, &error) != 0)
		return failed(EX_UNAVAILABLE, error);
	if (start_check_socket(&error) != 0)
		return failed(EX_UNAVAILABLE, error);
	if (start_write_pid(settings->pid_file, &error) != 0)
		return failed(EX_OSERR, error);
	if (callbacks_start(&error) != 0)
		return failed(EX_OSERR, error);
	log_event(LOG_NOTICE, "ready", "version", PACKAGE_VERSION, "socket", settings->socket,
		  "settings", settings->path, "dry_run", settings->ruleset.dry_run ? "yes" : "no", NULL);
	log_ready();
	start_report(0);
	daemon_run();
	is_clean = daemon_close();
	start_remove_socket();
	start_remove_pid();
	if (!is_clean)
		_exit(daemon_has_failed() ? EX_OSERR : 0);
	return daemon_has_failed() ? EX_OSERR : 0;
}

int main(int argc, char **argv)
{
	struct options options = { DEFAULT_SETTINGS, false, false };
	struct settings *settings;
	char *path;
	int code;

	descriptors_begin();
	code = read_options(argc, argv, &options);
	if (code >= 0)
		return code;
	daemon_block_signals();
	path = absolute(options.settings_path);
	settings = read_settings(path);
	free(path);
	if (settings == NULL)
		return EX_CONFIG;
	if (options.only_check) {
		code = print_check(options.settings_path, settings);
		settings_unref(settings);
		return code;
	}
	log_open(options.foreground, settings->log_facility);
	log_event(LOG_NOTICE, "start", "version", PACKAGE_VERSION, "settings", settings->path, NULL);
	start_raise_limits();
	code = serve(settings, options.foreground);
	settings_unref(settings);
	return code;
}
