/* align.h - identifier alignment (RFC 9989 3.2.10, 4.4).
 * Pure. The Organizational Domains are facts found before.
 */
#ifndef CORE_ALIGN_H
#define CORE_ALIGN_H

#include "core/domain.h"
#include "core/evidence.h"

enum alignment {
	ALIGNMENT_UNSET = 0,
	ALIGNMENT_NO,
	ALIGNMENT_YES,
	ALIGNMENT_UNDECIDED,            /* a look-up that decides it failed */
};
extern const struct name_row alignment_names[];

/* Is the identifier aligned with the author, whether or not it passed? */
enum alignment align_check(const char *author, const struct org *author_org,
			   const char *identifier, const struct org *identifier_org,
			   enum align_mode mode);

#endif
