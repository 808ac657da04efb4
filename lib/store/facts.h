/* facts.h - the parts of a decision that repeat, as texts of their own: what the
 * store keeps once and numbers.
 *
 * facts: what decide() and reports look at but the client, the recipients, the
 * draws and the time. client: address, name, HELO domain. recipients: groups.
 * verdict: asked, chosen ..., settings' mode and what was done. What only tells
 * one message from another or is for people's eyes (b=, i=, local parts,
 * explanation, raw HELO, queue id, cost, words about a result) is in none: the
 * rows of decision_fields.c say it. Equal parts give equal texts; versioned
 * ("v":1), read by the journal's own reader. Pure but for the buffer.
 */
#ifndef STORE_FACTS_H
#define STORE_FACTS_H

#include "store/decision_json.h"

struct facts {
	struct slice facts, client, recipients, verdict;        /* JSON objects */
};

/* In the arena. */
void facts_split(struct arena *arena, const struct decision *decision, struct facts *out_r);
/* Puts them together again; -1 and *error_r when one cannot be read. Line id,
 * queue id, when_ms, draws and cost are NULL or 0: the caller's to put back. */
int facts_join(struct arena *arena, const struct facts *facts, struct decision *out_r,
	       const char **error_r);

#endif
