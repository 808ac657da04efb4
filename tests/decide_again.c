/* decide_again - for tests/cases/run: what other settings make of a message, and of its
 * journal line; many in one process:
 *     decide_again STORE       a file for the store of what-if: made and removed
 * Commands are lines on standard input, their words apart by tabs:
 *     options                  the option table (settings_print_table)
 *     line SETTINGS LINE       LINE is decided from now on; these settings wrote it
 *     decide SETTINGS          prints it with the verdict of these settings; and in a second
 *                              line what what-if makes of it: exempt, undecided, or the action
 *     check ARGUMENT...        alignctl check
 * Behind what each prints comes a line "= CODE", 0 when all is well; faults are told on
 * standard error.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alignctl.h"
#include "core/summary.h"
#include "what_if.h"

#define WORDS 1100                      /* check has up to 1000 recipients */

struct again {
	const char *path;               /* of the store */
	struct store *store;            /* with the one line */
	struct arena *arena;            /* of the line */
	struct settings *before;        /* wrote it */
	struct decision decision;
};

/* The program's own are in the file with main(). */
static void say(const char *format, va_list args) __attribute__((format(printf, 1, 0)));
static void say(const char *format, va_list args)
{
	fputs("decide_again: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int tool_usage(const char *name, const char *format, ...)
{
	va_list args;

	(void)name;
	va_start(args, format);
	say(format, args);
	va_end(args);
	return EX_USAGE;
}

int tool_fail(const char *name, int code, const char *format, ...)
{
	va_list args;

	(void)name;
	va_start(args, format);
	say(format, args);
	va_end(args);
	return code;
}

struct settings *tool_settings(const char *name, const char *path)
{
	struct settings_faults faults;
	struct settings *settings = settings_load(path, &faults);

	for (unsigned i = 0; i < faults.n; i++)
		tool_fail(name, EX_CONFIG, "%s", faults.lines[i]);
	settings_faults_free(&faults);
	return settings;
}

static void forget(struct again *again)
{
	static const char *const ends[] = { "", "-wal", "-shm" };

	store_close(again->store);
	for (unsigned i = 0; i < 3 && again->arena != NULL; i++)
		unlink(arena_printf(again->arena, "%s%s", again->path, ends[i]));
	settings_unref(again->before);
	if (again->arena != NULL)
		arena_free(again->arena);
	*again = (struct again){ .path = again->path };
}

/* As alignctl load does. */
static int load(struct again *again)
{
	const struct store_options options = { .driver = &db_sqlite, .where = again->path };
	const char *error = NULL;

	again->store = store_open(&options, &error);
	if (again->store == NULL)
		return tool_fail(NULL, EX_IOERR, "%s", error);
	if (store_begin(again->store) != 0 || store_add(again->store, &again->decision) != 1 ||
	    store_commit(again->store) != 0)
		return tool_fail(NULL, EX_IOERR, "%s: not taken: %s", again->decision.line_id,
				 store_error(again->store));
	return 0;
}

static int take_line(struct again *again, int argc, char **argv)
{
	const char *error = NULL;

	forget(again);
	again->arena = arena_new();
	if (argc != 3)
		return tool_usage(NULL, "line SETTINGS LINE");
	again->before = tool_settings(NULL, argv[1]);
	if (again->before == NULL)
		return EX_CONFIG;
	if (decision_json_read(again->arena, slice_of(argv[2]), &again->decision, &error) != 0)
		return tool_fail(NULL, EX_DATAERR, "%s", error);
	return load(again);
}

/* The line again, with the other verdict. */
static void print_decided(const struct again *again, const struct settings *after, struct arena *arena)
{
	const struct decision_json_options options = {
		.full_addresses = after->journal_addresses == ADDRESS_FULL,
	};
	struct decision *d = ARENA_NEW(arena, struct decision);
	struct buf line;

	*d = again->decision;
	decide(&d->evidence, &after->ruleset, arena, &d->verdict);
	d->mode = names_get(mode_names, (int)after->ruleset.mode);
	d->done = summary_done(&d->verdict);
	buf_init(&line, LIMIT_JOURNAL_LINE + 1);
	decision_json_write(&line, d, &options);
	fputs(buf_str(&line), stdout);
	buf_done(&line);
}

static const char *outcome_of(const struct what_if_report *report)
{
	if (report->exempt > 0)
		return "exempt";
	if (report->undecided > 0)
		return "undecided";
	for (int from = 0; from < 5; from++)
		for (int to = 0; to < 5; to++)
			if (report->from_to[from][to] > 0)
				return names_get(action_names, to);
	return "-";
}

/* What-if compares as if both enforced, unless they differ in just that: with the
 * contrary before it, a dry run is one. */
static int print_what_if(const struct again *again, const struct settings *after, struct arena *arena)
{
	struct ruleset before = again->before->ruleset;
	const struct what_if_options question = {
		.store = again->store, .before = &before, .after = &after->ruleset,
		.now_ms = again->decision.evidence.when_ms,
	};
	struct what_if_report *report = ARENA_NEW(arena, struct what_if_report);
	const char *error = NULL;

	before.dry_run = !after->ruleset.dry_run;
	if (what_if(arena, &question, report, &error) != 0)
		return tool_fail(NULL, EX_IOERR, "%s", error);
	puts(outcome_of(report));
	return 0;
}

static int decide_line(struct again *again, int argc, char **argv)
{
	struct settings *after;
	struct arena *arena;
	int code;

	if (argc != 2 || again->store == NULL)
		return tool_usage(NULL, "decide SETTINGS, behind line");
	after = tool_settings(NULL, argv[1]);
	if (after == NULL)
		return EX_CONFIG;
	arena = arena_new();
	print_decided(again, after, arena);
	code = print_what_if(again, after, arena);
	arena_free(arena);
	settings_unref(after);
	return code;
}

static int obey(struct again *again, int argc, char **argv)
{
	if (strcmp(argv[0], "line") == 0)
		return take_line(again, argc, argv);
	if (strcmp(argv[0], "decide") == 0)
		return decide_line(again, argc, argv);
	if (strcmp(argv[0], "options") == 0) {
		settings_print_table(stdout);
		return 0;
	}
	optind = 0;                     /* getopt_long begins anew */
	return strcmp(argv[0], "check") == 0 ? cmd_check(argc, argv) :
		tool_usage(NULL, "no command \"%s\"", argv[0]);
}

/* Gives how many. */
static int split(char *line, char **words)
{
	int n = 0;

	line[strcspn(line, "\n")] = '\0';
	while (line != NULL && n < WORDS)
		words[n++] = strsep(&line, "\t");
	words[n] = NULL;
	return n;
}

int main(int argc, char **argv)
{
	struct again again = { .path = argc == 2 ? argv[1] : NULL };
	static char *words[WORDS + 1];
	char *line = NULL;
	size_t size = 0;

	if (again.path == NULL)
		return tool_usage(NULL, "decide_again STORE < COMMANDS");
	while (getline(&line, &size, stdin) >= 0) {
		int n = split(line, words);

		printf("= %d\n", obey(&again, n, words));
		fflush(stdout);
	}
	free(line);
	forget(&again);
	return 0;
}
