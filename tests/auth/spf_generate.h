/* spf_generate.h - random zones and questions for SPF, the same for the same
 * seed: small sets of names and addresses, so that they meet often, records
 * that are mostly valid, and answers added where the plain evaluation asked.
 */
#ifndef TESTS_SPF_GENERATE_H
#define TESTS_SPF_GENERATE_H

#include <stdio.h>

#include "spf_reference.h"

struct spf_case {
	uint64_t seed, state;
	struct spf_zone zone;
	struct spf_identity identity;
	char client[ADDRESS_TEXT_SIZE];         /* as text */
};

void spf_case_init(struct spf_case *out_r, uint64_t seed);
void spf_case_done(struct spf_case *c);
/* The question, and what the evaluations have asked for since. */
void spf_case_print(const struct spf_case *c, FILE *out);

#endif
