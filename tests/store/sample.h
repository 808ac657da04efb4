/* sample.h - pseudo-random decisions full of what breaks naive writers, and
 * their comparison member by member (by hand, not by the tables under test).
 */
#ifndef TESTS_STORE_SAMPLE_H
#define TESTS_STORE_SAMPLE_H

#include "store/decision_json.h"

extern uint32_t sample_seed;
unsigned sample_random(unsigned below);
struct ruleset sample_ruleset(void);
/* Evidence of any kind, decided by *ruleset. */
void sample_decision(struct arena *arena, struct decision *d, struct ruleset *ruleset);
/* Fail the running test with `name` where two differ. */
void sample_same(const char *name, const struct decision *a, const struct decision *b);
void sample_same_verdict(const char *name, const struct verdict *a, const struct verdict *b);

#endif
