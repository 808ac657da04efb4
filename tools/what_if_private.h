/* what_if_private.h - what the files of what-if share. what_if.c reads the store,
 * decides and counts; what_if_groups.c keeps who is hurt and makes the tables;
 * what_if_rules.c thinks of rules, what_if_suggest.c tries them. Private to these.
 */
#ifndef TOOLS_WHAT_IF_PRIVATE_H
#define TOOLS_WHAT_IF_PRIVATE_H

#include "history.h"
#include "seen.h"
#include "tool_table.h"
#include "what_if.h"

#define WHAT_IF_TOP 20
#define WHAT_IF_TOP_MOST 100

/* The texts that came most often, roughly: with more than OFTEN different ones, the
 * rarest gives way. */
#define OFTEN 4
struct often {
	struct { const char *text; uint64_t n; } items[OFTEN];
	unsigned n;
};
void often_add(struct often *often, const char *text, uint64_t n);      /* a kept text; NULL: nothing */
const char *often_first(const struct often *often, uint64_t at_least);  /* NULL */
void often_sort(struct often *often);

/* Mail of one author domain or one client network. Each group begins with the
 * number by which it is ranked. */
struct group {
	uint64_t n, quarantined, rejected;
	unsigned pleas;
	struct often authenticated, sealers, names;     /* sealers: newest first, comma between */
	struct often lists;             /* "IDENTIFIER SIGNER" */
	struct often networks, authors;
};
struct forward_group {
	uint64_t failing, n;            /* of all mail */
	struct group hurt;
	uint64_t told;                  /* failing, of the domain that is asked for */
	uint64_t authors, authors_of_client;    /* of what is counted; of all mail of one client */
	struct often signers, sealers, names;
};
struct forged_group { uint64_t n, quarantined, rejected; };

/* One combination, decided under both. */
struct what_if_case {
	struct evidence evidence;       /* with draws that fit what was decided */
	struct verdict before, after;
	enum action was, becomes;       /* what is done with it */
	const char *author;             /* decisive one; NULL */
	char network[HISTORY_NETWORK_SIZE];
	unsigned pleas;
	bool stricter, milder;
	bool is_exempt, is_undecided;   /* then not decided */
	bool is_of_domain;              /* the one that is asked for */
	int64_t day_ms;
	uint64_t n;
};

struct run {
	const struct what_if_options *options;
	struct ruleset before, after;   /* dry_run only where that is what differs */
	struct arena *arena;            /* the report's */
	struct what_if_report *report;
	struct history *history;
	bool by_message;                /* the draws matter */
	uint64_t done, all;             /* for progress */
	struct seen *seen;
	int64_t *expiries;              /* of both rulesets, earliest first */
	unsigned n_expiries;
	struct domainset *unknown;      /* domains some of whose recipients cannot be told apart */
	struct tool_table *texts;       /* what groups name */
	struct tool_table *authors, *networks;          /* struct group */
	struct tool_table *forwarders;                  /* struct forward_group */
	struct tool_table *forwarded;   /* forwarder, author: nothing */
	struct tool_table *forged;                      /* struct forged_group */
	struct tool_table *senders, *recipients;        /* domains of what changes */
	unsigned days_room;
	struct trial *trial;            /* what_if_suggest.c */
};

/* What is done with a message, as the sender sees it. */
enum action what_if_done(const struct verdict *verdict);
/* How hard that is: a delay is harder than nothing and milder than the rest. */
int what_if_rank(enum action action);
static inline bool what_if_is_hurt(const struct what_if_case *c)
{
	return c->stricter && c->pleas != 0;
}

/* Bits of seen.h: what a combination has for the later readings. */
enum seen_bit {
	SEEN_TELLS = 1,                 /* it fails, or would be treated more strictly */
	SEEN_SEVERE = 2,                /* it would not just be accepted */
};
/* Reads those of the store with a wanted bit (0: all) and decides them. -1: the store failed. */
typedef void what_if_case_fn(struct run *run, struct what_if_case *c, const struct store_row *row);
int what_if_read(struct run *run, unsigned wanted, what_if_case_fn *fn);

void groups_open(struct run *run);
void groups_close(struct run *run);
void groups_add(struct run *run, struct what_if_case *c);
bool groups_were_full(const struct run *run);
/* The tables of the report, without suggestions. */
void groups_report(struct run *run);

/* A rule that might save somebody. */
enum of { OF_AUTHOR = 0, OF_NETWORK, OF_FORWARDER };
struct candidate {
	enum of of;
	const char *key;                /* of the group that it is for */
	const char *author;             /* it needs this one; NULL */
	struct rule rule;               /* id NULL: a sealer instead */
	struct domainset *sealers;      /* arc.trusted_sealers with one more */
	const char *match;              /* in settings syntax; the sealers' list */
	bool is_wide;                   /* takes all of an author or of a network: only when there
	                                 * is nothing else */
	uint64_t saves_group, saves, passes;
};
struct candidates {
	struct arena *arena;
	struct candidate *items;
	unsigned n, size;
};
/* Narrowest first. */
void rules_for_group(struct candidates *candidates, struct run *run, enum of of, const char *key,
		     struct group *group);
void rules_for_forwarder(struct candidates *candidates, struct run *run, const char *key,
			 struct forward_group *group);
void rules_free(struct candidates *candidates);
const char *rules_text(const struct run *run, const struct candidate *candidate);

/* Fills in the suggestions of the report's tables. */
int suggest(struct run *run);

#endif
