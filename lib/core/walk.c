#include "core/walk.h"

#include <assert.h>
#include <string.h>

/* RFC 9989 4.10: a start of more than 8 labels goes on with its last 7. */
#define WALK_LONG 8
#define WALK_JUMP 7

unsigned walk_names(const char *start, const char *names_r[WALK_STEPS])
{
	const char *name = start;
	unsigned n = 0;

	while (name != NULL) {
		assert(n < WALK_STEPS);
		names_r[n++] = name;
		if (n == 1 && domain_labels(name) > WALK_LONG)
			name = domain_last_labels(name, WALK_JUMP);
		else
			name = domain_parent(name);
	}
	return n;
}

void walk_init(struct walk *walk, const char *start)
{
	size_t len = strlen(start);

	assert(len <= DOMAIN_MAX);
	memset(walk, 0, sizeof(*walk));
	memcpy(walk->start, start, len + 1);
	walk->n_names = walk_names(walk->start, walk->names);
	walk->status = WALK_GOING;
}

const char *walk_next(const struct walk *walk)
{
	return walk->status == WALK_GOING ? walk->names[walk->at] : NULL;
}

/* Takes the one candidate of this name. None, or two and more: nothing is
 * taken from it (RFC 9989 4.10, steps 2 and 3). */
static const struct walk_found *take(struct walk *walk, const struct slice *texts, unsigned n_texts)
{
	const struct slice *only = NULL;
	struct walk_found *found;
	unsigned candidates = 0;

	for (unsigned i = 0; i < n_texts; i++)
		if (record_is_candidate(texts[i])) {
			only = &texts[i];
			candidates++;
		}
	if (walk->at == 0)
		walk->several_at_start = candidates > 1;
	if (candidates != 1)
		return NULL;
	found = &walk->found[walk->n_found++];
	found->name = walk->names[walk->at];
	found->text = *only;
	found->psd = record_psd(found->text);
	return found;
}

void walk_answer(struct walk *walk, enum walk_answer_kind kind,
		 const struct slice *texts, unsigned n_texts)
{
	const struct walk_found *found;

	assert(walk->status == WALK_GOING);
	if (kind == WALK_ANSWER_FAILED) {
		walk->status = WALK_TEMPERROR;
		return;
	}
	found = take(walk, texts, n_texts);
	walk->at++;
	if (walk->at == walk->n_names || (found != NULL && found->psd != PSD_UNKNOWN))
		walk->status = WALK_DONE;
}
