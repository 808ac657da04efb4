/* walk.h - the DNS tree walk (RFC 9989 4.10) as question and answer steps.
 *
 * The caller asks TXT at _dmarc.NAME for walk_next() and hands the answer to
 * walk_answer(), until walk_next() returns NULL: at most 8 questions. All
 * names a walk can ever ask are known from its start (walk_names), so they may
 * be asked in advance. No I/O here. The struct is plain data; texts stay the
 * answers', which must live as long.
 */
#ifndef CORE_WALK_H
#define CORE_WALK_H

#include "core/domain.h"
#include "core/record.h"

#define WALK_STEPS 8

enum walk_status {
	WALK_UNSET = 0,
	WALK_GOING,
	WALK_DONE,
	WALK_TEMPERROR,         /* a look-up failed: nothing below it is decided */
};

/* What one name gave: facts about its TXT records. */
enum walk_answer_kind {
	WALK_ANSWER_RECORDS = 1,        /* the answer's TXT data, possibly none */
	WALK_ANSWER_FAILED,             /* SERVFAIL, time-out, bogus ... */
};

struct walk_found {
	const char *name;               /* inside `start` */
	struct slice text;              /* the record's, where the answer has it */
	enum psd_flag psd;
};

struct walk {
	char start[DOMAIN_SIZE];
	const char *names[WALK_STEPS];  /* inside `start`, longest first */
	unsigned n_names, at;
	enum walk_status status;
	struct walk_found found[WALK_STEPS];
	unsigned n_found;
	bool several_at_start;          /* two or more records at the start: noted */
};

void walk_init(struct walk *walk, const char *start);
/* The names of a walk from `start`, without a walk; returns their number. */
unsigned walk_names(const char *start, const char *names_r[WALK_STEPS]);
const char *walk_next(const struct walk *walk);
void walk_answer(struct walk *walk, enum walk_answer_kind kind,
		 const struct slice *texts, unsigned n_texts);

#endif
