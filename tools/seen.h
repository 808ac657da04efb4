/* seen.h - what a first reading found about each combination of the store (a few
 * bits), so that later ones can pass over most of them unread. Bounded: what does not
 * fit is not known, and read again. One thread.
 */
#ifndef TOOLS_SEEN_H
#define TOOLS_SEEN_H

#include "store/store.h"

#define SEEN_KNOWN 0x80u

struct seen;
struct seen *seen_new(void);
void seen_free(struct seen *seen);                      /* NULL is allowed */
void seen_add(struct seen *seen, const struct store_row *row, unsigned bits);
/* With SEEN_KNOWN; 0: never seen, or there was no room. */
unsigned seen_get(const struct seen *seen, const struct store_row *row);

#endif
