/* decision_json.h - one journal line <-> evidence and verdict.
 *
 * "v":1, keys in a fixed order, unknown keys ignored by the reader, older
 * versions read for ever. The line carries the whole evidence, so decide() can
 * be run on what is read back; and the verdict as it was (asked, chosen, done).
 * Record texts are parsed again when they are read. Pure but for the buffer.
 * The keys are rows in decision_fields.c and told in alignd-journal(5).
 */
#ifndef STORE_DECISION_JSON_H
#define STORE_DECISION_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "core/decide.h"

struct decision {
	/* line */
	const char *line_id;            /* HOST-START-SEQUENCE, unique for ever */
	const char *queue_id;
	const char *mode;               /* settings that chose: "honor", "override" */
	struct evidence evidence;
	struct verdict verdict;
	const char *done;               /* "none", "reject", "quarantine", "hold", "tempfail",
	                                 * "accept", "failed: ..." */
};

struct decision_json_options {
	bool full_addresses;            /* journal.addresses = "full" */
};

/* Adds one line with its line feed to `out`, which must have room for
 * LIMIT_JOURNAL_LINE. Always a whole JSON object within that limit: strings
 * are cut, surplus list entries left out, and both counted under "cut". */
void decision_json_write(struct buf *out, const struct decision *decision,
			 const struct decision_json_options *options);
/* Everything lives in the arena. -1 and *error_r when it is no such line;
 * decide() can be run on whatever was read. */
int decision_json_read(struct arena *arena, struct slice line, struct decision *out_r,
		       const char **error_r);

/* The line in pieces: what is the same in many messages (facts.h). Each is a JSON
 * object like the line, with its own rows alone and "v":1; never local parts. */
enum decision_part {
	PART_LINE = 0,                  /* of the message alone */
	PART_FACTS, PART_CLIENT, PART_RECIPIENTS, PART_VERDICT, DECISION_PARTS,
};
/* Equal parts give equal texts. No line feed. Room as above. */
void decision_json_write_part(struct buf *out, const struct decision *decision,
			      enum decision_part part);
/* Adds parts to what was read before: those whose text is NULL are passed over. What
 * is in *base has to live as long as *out_r. */
int decision_json_read_more(struct arena *arena, const struct decision *base,
			    const struct slice parts[DECISION_PARTS], struct decision *out_r,
			    const char **error_r);

#endif
