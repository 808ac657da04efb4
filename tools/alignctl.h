/* alignctl.h - what the subcommands of alignctl share.
 *
 * A subcommand is one file cmd_NAME.c with one function, one row in the table
 * of alignctl.c and one part of alignctl.1. Its options are a table
 * (tool_options.h; argv[0] is its own name); it calls lib/ and prints. Text
 * from strangers goes through tool_escape(): nothing that a sender wrote can
 * move a terminal's cursor. Exit codes are those of sysexits.h where no others
 * are documented: 0, EX_USAGE 64, EX_DATAERR 65, EX_NOINPUT 66, EX_UNAVAILABLE 69, EX_CONFIG 78.
 */
#ifndef TOOLS_ALIGNCTL_H
#define TOOLS_ALIGNCTL_H

#include <stdbool.h>
#include <stdint.h>
#include <sysexits.h>

#include "base/arena.h"
#include "settings/settings.h"

#define TOOL_SETTINGS SYSCONFDIR "/alignd/alignd.conf"

int cmd_check(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_what_if(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_convert(int argc, char **argv);

/* Prints "alignctl NAME: text" and where help is; gives EX_USAGE. */
int tool_usage(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints "alignctl NAME: text"; gives `code`. */
int tool_fail(const char *name, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Loads the settings file or prints every fault and gives NULL (EX_CONFIG). */
struct settings *tool_settings(const char *name, const char *path);
/* Printable ASCII as it is, the rest as \xHH, backslash doubled. NULL gives "-". */
const char *tool_escape(struct arena *arena, const char *text);

#endif
