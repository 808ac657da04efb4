/* tool_options.h - the options of a subcommand, each a row of its table. -h and --help
 * are there without one.
 */
#ifndef TOOLS_TOOL_OPTIONS_H
#define TOOLS_TOOL_OPTIONS_H

#include <getopt.h>             /* optind */
#include <stdbool.h>
#include <stddef.h>

#define TOOL_OPTIONS_MAX 16

/* Arguments of an option that may be repeated, in their order. */
struct tool_list {
	const char **items;
	unsigned n, max;
};

struct tool_option {
	const char *word;               /* --word; NULL: there is only the letter */
	char letter;                    /* '\0': there is only the word */
	/* Where it goes: one of the three. Arguments are argv's own; the last one counts. */
	bool *flag;
	const char **argument;
	struct tool_list *list;
};

/* 0, and what is left begins at argv[optind]; or an exit code after it was told. Help that
 * is asked for is printed; then *helped_r is set, and nothing behind it was looked at. */
int tool_options(int argc, char **argv, const struct tool_option *rows, size_t n, const char *help,
		 bool *helped_r);
#define TOOL_OPTIONS(argc, argv, rows, help, helped_r) \
	tool_options((argc), (argv), (rows), sizeof(rows) / sizeof((rows)[0]), (help), (helped_r))
/* For a subcommand that takes options only. */
int tool_none_left(int argc, char **argv);

#endif
