/* tool_table.h - texts with a value beside each: a hash table that stops growing
 * at a limit, for counting what strangers choose. Keys may hold any octet; values
 * are zeroed at first. Entries stay in place and in the order they came. One thread.
 */
#ifndef TOOLS_TOOL_TABLE_H
#define TOOLS_TOOL_TABLE_H

#include <stddef.h>

#include "base/slice.h"

struct tool_table;
struct tool_table *tool_table_new(size_t value_octets, unsigned most);
void tool_table_free(struct tool_table *table);         /* NULL is allowed */
/* The value of the key, which is made when it is not there; NULL: the table is
 * full, and that is remembered. */
void *tool_table_add(struct tool_table *table, struct slice key);
void *tool_table_find(const struct tool_table *table, struct slice key);        /* or NULL */
/* The key's own copy, with a NUL behind it; NULL: the table is full. */
const char *tool_table_text(struct tool_table *table, struct slice key);
unsigned tool_table_count(const struct tool_table *table);
const char *tool_table_at(const struct tool_table *table, unsigned index, void **value_r);
bool tool_table_was_full(const struct tool_table *table);

#endif
