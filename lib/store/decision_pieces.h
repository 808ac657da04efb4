/* decision_pieces.h - parts of a decision (decision_json.h), read once and put
 * together often: a piece is the values of a part's rows, one behind the other and
 * as they lie in memory, so that using it again is a copy. Private to store/.
 */
#ifndef STORE_DECISION_PIECES_H
#define STORE_DECISION_PIECES_H

#include "store/decision_fields.h"

/* What a verdict says of groups of recipients. */
struct chosen_list {
	struct chosen_for *items;
	unsigned n;
};

/* Reads a part's text, or with PART_LINE a whole line, into the decision's rows of
 * that part; the others are empty. All of it lives in the arena. decision_fit() is
 * still to come. */
int decision_json_read_part(struct arena *arena, enum decision_part part, struct slice text,
			    struct decision *out_r, struct chosen_list *chosen_r,
			    const char **error_r);

/* Of parts that are side by side now: gives every group of recipients its verdict, in
 * decision->verdict.recipients, which has room for them (LIMIT_RECIPIENT_DOMAINS at
 * most). False and *error_r, which lives for ever: they do not go together. */
bool decision_fit(struct decision *decision, const struct chosen_list *chosen, const char **error_r);

struct decision_piece;
/* In the arena. NULL and *error_r, there too, when it cannot be read. */
const struct decision_piece *decision_piece_read(struct arena *arena, enum decision_part part,
						 struct slice text, const char **error_r);
/* Overwrites the rows of its part. What they point to lives as long as the piece. */
void decision_piece_put(const struct decision_piece *piece, struct decision *decision);
const struct chosen_list *decision_piece_chosen(const struct decision_piece *piece);

#endif
