/* evaluate.h - from what was collected to evidence and verdict. Start reading
 * the program here: message_judge() is the whole journey of a message.
 */
#ifndef JUDGE_EVALUATE_H
#define JUDGE_EVALUATE_H

#include "base/arena.h"
#include "core/evidence.h"

/* The Author Domains out of the From field(s): sets from, from_reason,
 * from_fields, authors[].domain and n_authors (RFC 9989 4.1, 5.3.1). `body` is
 * the first field's, looked at only when `fields` is 1. */
void evaluate_from(struct evidence *evidence, struct arena *arena, unsigned fields,
		   struct slice body);

#endif
