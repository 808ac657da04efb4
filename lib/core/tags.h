/* tags.h - tag=value lists (RFC 6376 3.2), one list split into its pairs.
 *
 * Serves the DKIM-Signature pre-parser, DKIM key records and ARC fields, whose
 * rules are the same: names case-sensitive, duplicate names make the list
 * invalid, white space (folding included) around `=` and `;`, one trailing
 * `;`; values may hold UTF-8 (RFC 8616 5). DMARC records have a looser grammar
 * of their own (record.h). Pure; values are slices of the input, outer white
 * space cut.
 */
#ifndef CORE_TAGS_H
#define CORE_TAGS_H

#include <stdbool.h>

#include "base/slice.h"

#define TAGS_MAX 64

struct tags {
	unsigned n;
	struct { struct slice name, value; } pairs[TAGS_MAX];
	const char *error;              /* why the list is invalid */
};

bool tags_parse(struct slice text, struct tags *out_r);
/* The value of a tag; data NULL when the list has no such tag. */
struct slice tags_get(const struct tags *tags, const char *name);

#endif
