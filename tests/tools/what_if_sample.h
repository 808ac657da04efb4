/* what_if_sample.h - reports to make pages of, by name. */
#ifndef WHAT_IF_SAMPLE_H
#define WHAT_IF_SAMPLE_H

#include "base/arena.h"
#include "what_if.h"

struct what_if_sample {
	const char *name;
	void (*fill)(struct arena *arena, struct what_if_report *report);
};
extern const struct what_if_sample what_if_samples[];   /* ends with a name of NULL */

/* What strangers write: markup, quotes, controls, broken UTF-8, long labels. */
extern const char *const what_if_hostile[];
extern const unsigned n_what_if_hostile;

/* NULL when there is none of this name. The arena's. */
struct what_if_report *what_if_sample(struct arena *arena, const char *name);

#endif
