/* fault_list.h - the faults of one settings file, gathered while it is read
 * and put in file order at the end. Private to lib/settings.
 *
 * A fault is "FILE:LINE: name: what is wrong". Everything lives in the arena
 * of the list's owner until fault_list_take(), which makes heap copies. Values
 * from the file go in through fault_quote(), so that no octet of a broken file
 * disturbs a terminal.
 */
#ifndef SETTINGS_FAULT_LIST_H
#define SETTINGS_FAULT_LIST_H

#include <stdbool.h>

#include "base/arena.h"
#include "settings/settings.h"

/* Where something stands: `order` is the line in the text with its includes
 * put in place, file and line are what a person is told. */
struct place {
	const char *file;
	unsigned line;                  /* 0: the file as a whole */
	unsigned order;
};

struct fault_list {
	struct arena *arena;
	struct fault {
		unsigned order;
		const char *line;
	} *items;
	unsigned n, size;
	bool is_guarded;                /* files that others could change are faults (file_checks.h) */
};

/* `name` may be NULL. */
void fault_add(struct fault_list *list, struct place place, const char *name,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* `text` in quotes, what is not printable ASCII as \xHH, cut at 60 octets; in
 * the arena. */
const char *fault_quote(struct fault_list *list, const char *text);
/* The same for the name of a file, cut at 400: its end is what tells it. */
const char *fault_quote_path(struct fault_list *list, const char *path);
void fault_list_take(struct fault_list *list, struct settings_faults *out_r);
/* The lines in the order they came, copied into `arena`. */
struct string_list fault_list_lines(const struct fault_list *list, struct arena *arena);

#endif
