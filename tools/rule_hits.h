/* rule_hits.h - which rules a journal saw matching, how often and when last.
 *
 * A hit is a line whose decision names the rule, for all recipients or for some;
 * a line counts once per rule. A line without any rule is not parsed, so months are
 * read in seconds.
 */
#ifndef TOOLS_RULE_HITS_H
#define TOOLS_RULE_HITS_H

#include "base/arena.h"
#include "tool_journal.h"

struct rule_hit {
	const char *id;
	uint64_t hits;
	int64_t last_ms;
	uint64_t line;                  /* the last one that counted */
};

struct rule_hits {
	struct arena *arena;            /* the caller's */
	int64_t since_ms, until_ms;     /* from, and before */
	struct rule_hit *items;         /* by id */
	unsigned n, size;
	bool begins;                    /* the journal has a line that can be read */
	int64_t begins_ms;              /* the time of the oldest one */
	uint64_t lines;                 /* read, in and around the period */
	uint64_t cut;                   /* recipients had to be left out: a hit can be missing */
	uint64_t surplus;               /* hits of ids over LIMIT_RULES different ones */
	uint64_t skipped;
	struct tool_broken broken;
};

/* Frees nothing but what it needed itself: the result is the arena's. 0, or an
 * exit code after printing why. */
int rule_hits_read(const char *name, const char *directory, struct arena *arena,
		   int64_t since_ms, int64_t until_ms, struct rule_hits *out_r);
const struct rule_hit *rule_hits_find(const struct rule_hits *hits, const char *id);    /* NULL: none */

#endif
