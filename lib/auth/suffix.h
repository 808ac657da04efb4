/* suffix.h - the public suffix list. suffix_psl.c is the only file with
 * libpsl. Opened once, immutable, thread-safe. */
#ifndef AUTH_SUFFIX_H
#define AUTH_SUFFIX_H

#include "core/orgdomain.h"

struct suffix_psl;
/* `path` NULL or "": the system's list. NULL and *error_r on failure. */
struct suffix_psl *suffix_psl_open(const char *path, const char **error_r);
void suffix_psl_close(struct suffix_psl *psl);
struct suffix_list suffix_psl_list(struct suffix_psl *psl);     /* borrows psl */

#endif
