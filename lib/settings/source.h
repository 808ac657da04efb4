/* source.h - the text of a settings file before libconfig sees it.
 *
 * Puts @include files in place and remembers where each line came from. It
 * reports, and mends so that reading can go on, what libconfig would either
 * pass over in silence or stop at: integers beyond 32 bits (cut off silently by
 * version 1.5), repeated names, dotted names, words without quotes, a comma
 * before a closing bracket, quotes that are not closed on their line. Settings
 * whose name is at fault come out with a name that begins with `*`, which no
 * option has; their fault is in the list already. Private to lib/settings.
 */
#ifndef SETTINGS_SOURCE_H
#define SETTINGS_SOURCE_H

#include <stdbool.h>

#include "base/buf.h"
#include "settings/fault_list.h"

struct source {
	struct fault_list *faults;
	const char *path;
	struct buf text;
	struct place *lines;            /* of text, line 1 first */
	unsigned n_lines, size_lines;
	bool has_secret;                /* a value that must not be shown: faults quote nothing */
	bool unbalanced;                /* brackets, reported: names cannot be trusted */
};

/* -1 when the file itself cannot be read; else 0. Faults go to the list. Done
 * with source_done() in either case. */
int source_read(struct source *source, const char *path, struct fault_list *faults);
void source_done(struct source *source);
struct place source_place(const struct source *source, unsigned order);
struct slice source_line(const struct source *source, unsigned order);

#endif
