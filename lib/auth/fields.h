/* fields.h - the header fields of one message, kept until its header has ended
 * and it is known which of them the signatures cover.
 *
 * A field that is not kept (too large a header, octets that cannot be hashed as
 * they came) is remembered by its name, so that no signature that covers the
 * name can be taken for verified. One thread at a time.
 */
#ifndef AUTH_FIELDS_H
#define AUTH_FIELDS_H

#include "auth/signature.h"
#include "base/arena.h"

#define FIELDS_WITHHELD_NAMES 32

struct field {
	struct field *above, *below;
	struct slice text;              /* name:value, line ends CRLF, none at the end */
	size_t name_len;                /* without white space before the colon */
	struct slice relaxed;           /* fields_relaxed(); data NULL: not made yet */
};

struct fields {
	struct arena *arena;
	struct field *first, *last;
	unsigned n;
	size_t octets;
	struct { struct slice name; const char *reason; } withheld[FIELDS_WITHHELD_NAMES];
	unsigned n_withheld;
	const char *all_withheld;       /* too many names to remember: why */
};

void fields_init(struct fields *fields, struct arena *arena);
/* NULL and *reason_r (NULL: not a field at all) when it is not kept. */
struct field *fields_add(struct fields *fields, struct slice name, struct slice value,
			 const char **reason_r);
/* Remembers that a field of this name came and is not here. */
void fields_withhold(struct fields *fields, struct slice name, const char *reason);
/* Why a signature cannot be hashed from what is kept; NULL: it can. */
const char *fields_lack(const struct fields *fields, const struct signature *signature);
/* The relaxed form (RFC 6376 3.4.2), made once. */
struct slice fields_relaxed(struct arena *arena, struct field *field);

#endif
