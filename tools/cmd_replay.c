/* alignctl replay: judges stored mail as if it were received now, into a journal
 * that stats and what-if read. */
#include "alignctl.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/crypto.h"
#include "replay_run.h"
#include "tool_argument.h"
#include "tool_options.h"

#define DEFAULT_OUT "alignd-replay"
#define MAX_JOBS 256
#define MAX_HOPS 50
#define SETTINGS_OCTETS 1048576

struct options {
	const char *out, *zone, *config;
	uint64_t hops, jobs;            /* jobs 0: as many as serve */
	bool json, help;
	char **paths;
	unsigned n_paths;
};

static atomic_int interrupted;            /* lock-free: a signal may set it, threads read it */

static const char help_text[] =
	"Usage: alignctl replay PATH... [OPTION]...\n"
	"Judges stored mail as if it were received now: Maildirs with their folders, mbox files,\n"
	"*.eml below a directory, MH folders. The decisions become a journal of their own, which\n"
	"load, stats and what-if read; the mail is only read. Who delivered a message is taken\n"
	"from the Received field of your own MX, the envelope sender from Return-Path; what had\n"
	"to be assumed is counted. Look-ups are today's: a signature whose key is gone is told\n"
	"apart from one that does not verify.\n\n"
	"  -o, --out DIR          the journal (default " DEFAULT_OUT " here). Messages that it has\n"
	"                         are not judged again, so an interrupted run goes on\n"
	"  -t, --trusted-hops N   Received fields of your own hosts above the one of the MX (0)\n"
	"  -J, --jobs N           messages judged at the same time (default: 8 for each core, of\n"
	"                         which most wait for the DNS; with --zone one for each core)\n"
	"  -z, --zone FILE        answers from this file instead of the DNS\n"
	"  -c, --config FILE      settings (default " TOOL_SETTINGS ")\n"
	"  -j, --json             the summary as one JSON object: alignctl(1)\n"
	"  -h, --help\n\n"
	"Exit: 0, 64 usage, 65 DIR is of a replay with other settings, 66 no PATH is there, 69 no\n"
	"      DNS, 73 DIR cannot be used, 74 it cannot be written, 75 interrupted (the same command\n"
	"      goes on), or another replay writes there, 78 bad settings.\n\n"
	"Examples:\n"
	"  alignctl replay ~/Maildir --out /var/tmp/replay\n"
	"  alignctl replay /var/mail/archive.mbox --trusted-hops 1 --out /var/tmp/replay\n"
	"  alignctl load --journal /var/tmp/replay --store /var/tmp/replay.db\n";

static int parse_options(int argc, char **argv, struct options *o)
{
	const char *hops = NULL, *jobs = NULL;
	const struct tool_option rows[] = {
		{ "out", 'o', .argument = &o->out },
		{ "trusted-hops", 't', .argument = &hops },
		{ "jobs", 'J', .argument = &jobs },
		{ "zone", 'z', .argument = &o->zone },
		{ "config", 'c', .argument = &o->config },
		{ "json", 'j', .flag = &o->json },
	};
	int code = TOOL_OPTIONS(argc, argv, rows, help_text, &o->help);

	if (code != 0 || o->help)
		return code;
	o->paths = argv + optind;
	o->n_paths = (unsigned)(argc - optind);
	if (hops != NULL)
		code = tool_number(argv[0], "trusted-hops", hops, 0, MAX_HOPS, &o->hops);
	if (code == 0 && jobs != NULL)
		code = tool_number(argv[0], "jobs", jobs, 1, MAX_JOBS, &o->jobs);
	if (code == 0 && o->n_paths == 0)
		code = tool_usage(argv[0], "no PATH given");
	return code;
}

/* One that is there will do: the others are passed over and counted. */
static int check_paths(const char *name, const struct options *o)
{
	for (unsigned i = 0; i < o->n_paths; i++)
		if (access(o->paths[i], F_OK) == 0)
			return 0;
	return tool_fail(name, EX_NOINPUT, "%s: %s", o->paths[o->n_paths - 1], strerror(errno));
}

/* A second one ends the process at once. */
static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static unsigned choose_jobs(const struct options *o, const struct settings *settings)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	bool waits = o->zone == NULL && settings->dns_zone_file == NULL;

	if (o->jobs > 0)
		return (unsigned)o->jobs;
	cores = (cores > 0 ? cores : 1) * (waits ? 8 : 1);
	return cores < MAX_JOBS ? (unsigned)cores : MAX_JOBS;
}

/* The settings file as it is now, without what it includes. */
static void hash_settings(const struct tool_engine *tool, char out_r[2 * CRYPTO_HASH_OCTETS + 1])
{
	FILE *in = tool->settings_assumed ? NULL : fopen(tool->settings->path, "rb");
	struct crypto_hash *hash = crypto_hash_new();
	uint8_t octets[CRYPTO_HASH_OCTETS];
	char data[4096];
	size_t n;

	while (in != NULL && (n = fread(data, 1, sizeof(data), in)) > 0)
		crypto_hash_add(hash, data, n);
	if (in != NULL)
		fclose(in);
	crypto_hash_end(hash, octets);
	crypto_hash_free(hash);
	for (int i = 0; i < CRYPTO_HASH_OCTETS; i++)
		snprintf(out_r + 2 * i, 3, "%02x", octets[i]);
}

static void print_summary(const struct options *o, const struct tool_engine *tool,
			  const struct replay_tally *tally, const char *directory)
{
	struct replay_words words = {
		.directory = directory, .trusted_hops = (unsigned)o->hops, .interrupted = interrupted != 0,
		.settings = tool->settings_assumed ? NULL : tool->settings->path,
	};

	if (o->json)
		replay_tally_json(tally, &words, stdout);
	else
		replay_tally_text(tally, &words, stdout);
}

static int replay(const char *name, const struct options *o, const struct tool_engine *tool)
{
	struct replay_options options = {
		.name = name, .paths = o->paths, .n_paths = o->n_paths, .trusted_hops = (unsigned)o->hops,
		.directory = o->out != NULL ? o->out : DEFAULT_OUT, .tool = tool,
		.jobs = choose_jobs(o, tool->settings), .interrupted = &interrupted,
	};
	char settings[2 * CRYPTO_HASH_OCTETS + 1];
	struct arena *arena = arena_new();
	struct replay_tally tally;
	int lock = -1, code;

	hash_settings(tool, settings);
	code = replay_state_open(name, options.directory,
				 arena_printf(arena, "alignctl replay 1\ntrusted_hops %u\nsettings %s\nzone %s\n",
					      options.trusted_hops, settings, o->zone != NULL ? o->zone : "-"),
				 &lock);
	arena_free(arena);
	if (code != 0)
		return code;
	catch_signals();
	code = replay_run(&options, &tally);
	if (code == 0 || code == EX_IOERR)
		print_summary(o, tool, &tally, options.directory);
	replay_tally_done(&tally);
	close(lock);
	return code == 0 && interrupted ? EX_TEMPFAIL : code;
}

int cmd_replay(int argc, char **argv)
{
	struct options o = { 0 };
	struct tool_engine tool;
	int code = parse_options(argc, argv, &o);

	if (code != 0 || o.help)
		return code;
	code = check_paths(argv[0], &o);
	if (code == 0)
		code = tool_engine_open(argv[0], o.config, o.zone, &tool);
	if (code != 0)
		return code;
	code = replay(argv[0], &o, &tool);
	tool_engine_close(&tool);
	return code;
}
