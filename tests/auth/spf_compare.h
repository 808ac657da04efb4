/* spf_compare.h - both evaluations of one question, the plain one and auth/auth_spf.h. */
#ifndef TESTS_SPF_COMPARE_H
#define TESTS_SPF_COMPARE_H

#include <stdio.h>

#include "spf_reference.h"

/* False when they differ; then both opinions are printed. The sender's domain is
 * normal (core/domain.h). */
bool spf_compare(struct spf_zone *zone, const struct spf_identity *identity, FILE *out);

#endif
