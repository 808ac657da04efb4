/* month.h - a store with mail that is told in a few words, for the tests of what is
 * made of a month. */
#ifndef TESTS_MONTH_H
#define TESTS_MONTH_H

#include "store/store.h"

#define MONTH_START_MS INT64_C(1777593600000)   /* 2026-05-01 */

struct mail {
	const char *author;             /* NULL: example.com */
	const char *record;             /* NULL: p=reject */
	const char *ip;                 /* NULL: 192.0.2.7 */
	const char *name;               /* of the client, confirmed */
	const char *spf;                /* passes for it; NULL: fails */
	const char *dkim[3];            /* signatures that verify */
	const char *list_id;
	const char *sealers;            /* "d1 d2", oldest first; the chain passes */
	const char *sealed_author;      /* whom the oldest saw pass; NULL: the author */
	const char *recipient;          /* NULL: receiver.example */
	bool no_from, exempt, unconfirmed;
	unsigned day, n;                /* n 0: one */
	unsigned draw;                  /* both */
};

struct month {
	char path[64];
	struct store *store;
	struct arena *arena;
	struct ruleset ruleset;         /* in force */
	unsigned seq;
};
void month_open(struct month *month);           /* opened for writing, in a transaction */
void month_add(struct month *month, const struct mail *mail);
void month_decision(struct month *month, struct decision *decision);    /* gets a line id */
void month_ready(struct month *month);          /* committed: to be read */
void month_close(struct month *month);

#endif
