/* convert_opendmarc.h - an alignd.conf out of an opendmarc.conf. The rows of a
 * table say of each of its options what stands for it, or why nothing does.
 * opendmarc.conf(5) of 1.4.2, and the names that were renamed in 1.3.
 */
#ifndef TOOLS_CONVERT_OPENDMARC_H
#define TOOLS_CONVERT_OPENDMARC_H

#include "base/arena.h"
#include "base/buf.h"

struct convert_counts {
	unsigned lines;                 /* with an option */
	unsigned converted, without, unknown;
};
/* `text`: the whole file. Lists that it names (IgnoreHosts and the like) are read from
 * where it says; one that cannot be is told in the result. `host`: of this machine. */
void convert_opendmarc(struct arena *arena, struct slice text, const char *path, const char *host,
		       struct buf *out, struct convert_counts *counts_r);

#endif
