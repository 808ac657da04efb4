#include "base/names.h"

#include <assert.h>
#include <stddef.h>

const char *names_get(const struct name_row *table, int value)
{
	for (; table->name != NULL; table++)
		if (table->value == value)
			return table->name;
	assert(!"value without a name");
	return "?";
}

bool names_find(const struct name_row *table, struct slice name, int *value_r)
{
	for (; table->name != NULL; table++)
		if (slice_is_nocase(name, table->name)) {
			*value_r = table->value;
			return true;
		}
	return false;
}
