/* packer.h - short JSON texts, small: deflated with a dictionary of the words that
 * all of them have. The first octet is the version: 1; what was packed can be
 * unpacked for ever, so a dictionary is never changed. Private to store/.
 */
#ifndef STORE_PACKER_H
#define STORE_PACKER_H

#include "base/arena.h"
#include "base/buf.h"

/* One thread at a time; a stream is kept, since making one costs more than
 * packing a text. */
struct packer;
struct packer *packer_new(void);
void packer_free(struct packer *packer);                /* NULL is allowed */
/* In the arena. */
struct slice packer_pack(struct packer *packer, struct arena *arena, struct slice text);
/* At most LIMIT_JOURNAL_LINE octets. -1: nothing that packer_pack() made. */
int packer_unpack(struct packer *packer, struct slice packed, struct buf *out);

#endif
