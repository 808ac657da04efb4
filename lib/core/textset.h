/* textset.h - a frozen set of short texts, compared without case (ASCII), built
 * once, then shared by all threads. Look-up is a binary search. Pure.
 */
#ifndef CORE_TEXTSET_H
#define CORE_TEXTSET_H

#include "base/slice.h"

struct textset;
struct textset *textset_new(void);
void textset_add(struct textset *set, struct slice text);
void textset_freeze(struct textset *set);
bool textset_has(const struct textset *set, struct slice text);         /* set may be NULL */
size_t textset_count(const struct textset *set);                           /* likewise */
struct slice textset_at(const struct textset *set, size_t index);      /* in lower case */
void textset_free(struct textset *set);                                 /* NULL is allowed */

#endif
