/* domainset.h - a frozen set of domains, built once, then shared by all
 * threads. "example.com" is that name alone, ".example.com" every name below
 * it. Look-up is a binary search per label. Pure.
 */
#ifndef CORE_DOMAINSET_H
#define CORE_DOMAINSET_H

#include "core/domain.h"

struct domainset;
struct domainset *domainset_new(void);
int domainset_add(struct domainset *set, struct slice text, const char **error_r);
void domainset_add_all(struct domainset *set, const struct domainset *from);       /* from may be NULL */
void domainset_freeze(struct domainset *set);
bool domainset_has(const struct domainset *set, const char *domain);      /* set may be NULL */
void domainset_free(struct domainset *set);

#endif
