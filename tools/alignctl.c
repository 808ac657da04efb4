#include "alignctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/descriptors.h"
#include "config.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "check", cmd_check, "judge one message and explain it" },
	{ "show", cmd_show, "what was decided about a message, from the journal" },
	{ "explain", cmd_explain, "what a domain publishes, and what follows from it" },
	{ "rules", cmd_rules, "the rules in force, who answers for them, how often they matched" },
	{ "stats", cmd_stats, "what happened in a period, in all and by domain" },
	{ "what-if", cmd_what_if, "what other settings would have done, and to whom" },
	{ "replay", cmd_replay, "judge stored mail as if it were received now, into a journal" },
	{ "load", cmd_load, "bring the journal into the store, by hand" },
	{ "convert", cmd_convert, "take over opendmarc's settings and history" },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void say(const char *name, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
static void say(const char *name, const char *format, va_list args)
{
	fprintf(stderr, "alignctl%s%s: ", name != NULL ? " " : "", name != NULL ? name : "");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int tool_usage(const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(name, format, args);
	va_end(args);
	fprintf(stderr, "Try \"alignctl %s%s--help\".\n", name != NULL ? name : "",
		name != NULL ? " " : "");
	return EX_USAGE;
}

int tool_fail(const char *name, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(name, format, args);
	va_end(args);
	return code;
}

struct settings *tool_settings(const char *name, const char *path)
{
	struct settings_faults faults;
	struct settings *settings = settings_load(path, &faults);

	for (unsigned i = 0; settings == NULL && i < faults.n; i++)
		tool_fail(name, EX_CONFIG, "%s", faults.lines[i]);
	settings_faults_free(&faults);
	for (unsigned i = 0; settings != NULL && i < settings->warnings.n; i++)
		tool_fail(name, 0, "warning: %s", settings->warnings.items[i]);
	return settings;
}

static void print_help(FILE *out)
{
	fputs("Usage: alignctl COMMAND [ARGUMENTS]\n"
	      "       alignctl COMMAND --help\n"
	      "       alignctl --help | --version\n\n"
	      "Commands:\n", out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\nExamples:\n"
	      "  alignctl check message.eml --ip 192.0.2.1 --mail-from bounce@example.com\n"
	      "  alignctl show 4XyZ1k2m3n\n"
	      "  alignctl explain example.com\n"
	      "  alignctl rules --expiring 30d\n"
	      "  alignctl stats --since 7d\n"
	      "  alignctl what-if --since 30d --set dry_run=false\n"
	      "\nalignctl(1) tells the rest.\n", out);
}

static int run(int argc, char **argv)
{
	if (argc < 2)
		return tool_usage(NULL, "no command given");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		return EX_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts(PACKAGE_STRING);
		return EX_OK;
	}
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return tool_usage(NULL, "no command \"%s\"", argv[1]);
}

int main(int argc, char **argv)
{
	int code;

	descriptors_begin();
	code = run(argc, argv);
	/* a full disk behind "> file" must not look like success */
	if (fflush(stdout) != 0 || ferror(stdout))
		return tool_fail(NULL, EX_IOERR, "cannot write the output");
	return code;
}
