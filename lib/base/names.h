/* names.h - tables between enum values and the words people write.
 *
 * A table ends with a row whose name is NULL. The first row of a value is the
 * one that is written; further rows of the same value are other spellings that
 * are read.
 */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stdbool.h>

#include "base/slice.h"

struct name_row {
	int value;
	const char *name;
};

/* The name of a value; a value without a row is our own mistake (assert). */
const char *names_get(const struct name_row *table, int value);
/* Compared without case (ASCII). False when no row fits, *value_r untouched. */
bool names_find(const struct name_row *table, struct slice name, int *value_r);

#endif
