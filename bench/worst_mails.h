/* worst_mails.h - messages built to cost much, normal ones (worst_mails.c), and the keys,
 * signatures and DNS of both (worst_keys.c). All
 * signatures are good ones, by keys of the sender's own (a chain that fails costs little),
 * but for those of which the body's hash is the cost.
 */
#ifndef WORST_MAILS_H
#define WORST_MAILS_H

#include "auth/resolver.h"
#include "base/buf.h"

struct mail {
	struct buf header;              /* lines, "\n" ends a field, "\n " folds it */
	struct buf body;
	const char *sender;
};

struct kind {
	const char *name;               /* NULL: behind the last */
	void (*make)(struct mail *mail);
	bool fresh;                     /* no key is known yet */
	unsigned good;                  /* so many pass at least: signatures, the chain as one */
};
extern const struct kind worst_kinds[];

void worst_die(const char *what);
void worst_zone(struct resolver *zone);         /* and makes the keys */
void mail_init(struct mail *mail);
void mail_done(struct mail *mail);
void worst_normal(struct mail *mail, size_t octets);    /* of the body */
void worst_add_base64(struct buf *out, const unsigned char *data, size_t len);
void worst_sign(struct mail *mail);             /* what make() and worst_normal() left open */

#endif
