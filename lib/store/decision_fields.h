/* decision_fields.h - the shape of a journal line as tables: one row per key,
 * in the order of the line. Writer and reader work from the same rows, so they
 * cannot disagree; a new piece of evidence is a new row here (and one in
 * alignd-journal(5)). Private to store/.
 */
#ifndef STORE_DECISION_FIELDS_H
#define STORE_DECISION_FIELDS_H

#include <stddef.h>

#include "base/names.h"
#include "store/decision_json.h"

enum field_kind {
	FIELD_END = 0,
	FIELD_NAME,             /* const char *: a domain or a word of ours; never cut */
	FIELD_TEXT,             /* const char *: may come from strangers */
	FIELD_LOCAL,            /* const char *: a local part; only with full addresses */
	FIELD_ADDRESSES,        /* const char *: free text, local parts taken out */
	FIELD_ENUM,
	FIELD_BOOL,
	FIELD_UINT,
	FIELD_U64,
	FIELD_TIME,             /* int64_t ms */
	FIELD_INDEX,            /* int, -1 is none */
	FIELD_SIGNATURE,        /* int, index of a signature, -1 is none */
	FIELD_OBJECT,           /* `sub` rows of the struct at `offset` */
	FIELD_SIGNATURES,       /* pointer to structs of `size` octets, unsigned at `count` */
	FIELD_SETS,             /* likewise: ARC sets, at most `max` */
	FIELD_CLAIMS,           /* likewise: what one of them claims */
	FIELD_INLINE,           /* array of at most `max` structs, unsigned at `count` */
	FIELD_NAMES,            /* const char **, unsigned at `count` */
	FIELD_BESIDE,           /* const char **, beside the FIELD_NAMES with this `count`; "" is
	                         * none, and a list of these alone is not written */
	FIELD_SIGNALS,          /* unsigned: a mask of signals.h; their names are written */
	FIELD_RECORD,           /* struct record: text, and `sub` rows for its tags */
	FIELD_CHOSEN_FOR,       /* groups of recipients that differ; `sub` of struct chosen_for */
};

/* A group of recipients whose verdict is not that of the whole message. */
struct chosen_for {
	const char *domain, *rules;     /* which group: as in evidence */
	enum action chosen;
	enum why why;
	const char *rule;
};

struct field {
	enum decision_part part;        /* PART_LINE: the line alone has it */
	const char *key;
	enum field_kind kind;
	bool always;            /* written even when false, 0 or not evaluated */
	size_t offset, count, size;
	unsigned max;
	const struct name_row *names;
	const struct field *sub;
};

extern const struct field decision_fields[];    /* of struct decision */

#endif
