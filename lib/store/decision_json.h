/* decision_json.h - one journal line <-> evidence and verdict.
 *
 * "v":1, keys in a fixed order, unknown keys ignored by the reader, older
 * versions read for ever. The line carries the whole evidence, so decide() can
 * be run on what is read back; and the verdict as it was (asked, chosen, done).
 * Pure but for the buffer. The format is documented in journal(5) terms at the
 * head of decision_json.c and in alignctl(1).
 */
#ifndef STORE_DECISION_JSON_H
#define STORE_DECISION_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "core/decide.h"

struct decision {
	/* line */
	const char *line_id;            /* HOST-START-SEQUENCE, unique for ever */
	int64_t when_ms;                /* UTC */
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

/* One line with its line feed. Always a whole JSON object within
 * LIMIT_JOURNAL_LINE: surplus list entries are left out and counted. */
void decision_json_write(struct buf *out, const struct decision *decision,
			 const struct decision_json_options *options);
/* Everything lives in the arena. -1 and *error_r when it is no such line. */
int decision_json_read(struct arena *arena, struct slice line, struct decision *out_r,
		       const char **error_r);

#endif
