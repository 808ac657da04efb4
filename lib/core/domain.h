/* domain.h - domain names in the one form that core works with.
 *
 * A normal domain is lower-case ASCII, labels of letters, digits, `-` and `_`
 * (1 to 63 octets each), joined by single dots, without a trailing dot, at most
 * 253 octets. U-labels have become A-labels before (auth/idna.h). Only
 * domain_normalize() makes one from foreign text; every other function takes
 * normal domains. Comparison is by whole labels (RFC 9989 3.2, RFC 5890).
 * Pure; thread-safe.
 */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

#define DOMAIN_MAX 253
#define DOMAIN_SIZE (DOMAIN_MAX + 1)

/* Lower-cases, drops one trailing dot, checks. False: not a domain, out
 * untouched. */
bool domain_normalize(struct slice text, char out_r[DOMAIN_SIZE]);
unsigned domain_labels(const char *domain);
/* The name without its left-most label, inside `domain`; NULL for one label. */
const char *domain_parent(const char *domain);
/* The last n labels, inside `domain`; all of it when it has no more. */
const char *domain_last_labels(const char *domain, unsigned n);
bool domain_equal(const char *a, const char *b);
bool domain_is_below(const char *domain, const char *ancestor);   /* not equal */
bool domain_is_within(const char *domain, const char *ancestor);  /* equal or below */
/* False when the two share not even the right-most label: they can never be
 * aligned (RFC 9989 3.2.10). */
bool domain_share_suffix(const char *a, const char *b);

#endif
