/* what_if.h - what other settings would have done with the mail of a period, who
 * would have been hurt, and the smallest rule that saves them.
 *
 * Reads the store's tallies (or messages, where the draws matter), decides each
 * distinct combination again, and sums. Memory is bounded: what does not fit the
 * tables is counted as "other". One thread.
 *
 * A message is hurt when the other settings do something stricter to it than the
 * present ones and something speaks for it (enum plea); without a plea it counts
 * as a forgery stopped. Pleas are what a forger cannot write by himself.
 */
#ifndef TOOLS_WHAT_IF_H
#define TOOLS_WHAT_IF_H

#include "base/arena.h"
#include "core/decide.h"
#include "store/store.h"

/* What speaks for a message that DMARC fails; a mask. */
enum plea {
	PLEA_HISTORY = 1 << 0,          /* the same client network delivered aligned mail of the same
	                                 * Organizational Domain in the period */
	PLEA_SIGNED = 1 << 1,           /* a signature of somebody's verified, and that domain signed mail
	                                 * of many authors, some of it aligned (a provider) */
	PLEA_ARC = 1 << 2,              /* a chain passes, and its oldest sealer saw the author pass */
	PLEA_LIST = 1 << 3,             /* shaped as a list post, and signed by the list's domain */
	PLEA_CLIENT = 1 << 4,           /* confirmed client name within the author's Organizational Domain */
	PLEA_FORWARDER = 1 << 5,        /* the client forwards: see struct forwarder */
	PLEA_STEADY = 1 << 6,           /* SPF, a signature and the client's name all say the same
	                                 * domain, day after day, and it sends for few authors */
};
extern const struct name_row plea_names[];

/* One way to save mail, in settings syntax, ready to be pasted into rules = ( ). */
struct suggestion {
	const char *text;
	uint64_t saves;                 /* messages that are hurt and would not be */
	uint64_t passes;                /* messages without a plea that it would let through too */
};

struct hurt {                           /* by author domain, or by client network */
	const char *key;
	uint64_t n, quarantined, rejected;
	unsigned pleas;
	const char *authenticated_as;   /* the domain that passed most often; NULL */
	const char *list_id, *sealers, *client_name;    /* of most of it; NULL */
	uint64_t aligned;               /* aligned messages of the same author in the period */
	struct suggestion suggestion;   /* text NULL: none is narrow enough */
};

struct forwarder {                      /* delivers failing mail of many unrelated authors */
	const char *network, *client_name;
	uint64_t n, failing, authors;   /* authors: distinct Organizational Domains that fail */
	const char *signature, *sealer; /* of its own, on most of it; NULL */
	struct suggestion suggestion;
};

struct stopped {                        /* forgeries, by author domain */
	const char *author;
	uint64_t n, quarantined, rejected;
};

struct what_if_day {
	int64_t day_ms;
	uint64_t n, stricter, milder, hurt, stopped;
};

struct what_if_setting {                /* that differs */
	const char *name, *before, *after;
};

struct what_if_report {
	struct store_span span;
	struct store_extent extent;
	const char *domain;             /* asked for; NULL: all */
	struct what_if_setting *settings;
	unsigned n_settings;
	uint64_t messages, decided, undecided, exempt;
	const char *undecided_why;      /* NULL: none */
	uint64_t refused;               /* lines that are in no other number: store_refused() */
	uint64_t together;              /* "split" would have parted them: decided as with "quarantine" */
	uint64_t changed, hurt, stopped, milder;
	uint64_t senders_changed, recipients_changed;   /* domains; may be "at least" */
	bool at_least;                  /* a table was full */
	uint64_t from_to[5][5];         /* enum action: before, after */
	uint64_t asked_to[4][5];        /* enum disposition asked, enum action after */
	struct what_if_day *days;
	unsigned n_days;
	struct hurt *authors, *networks;        /* most hurt first, at most `top` */
	unsigned n_authors, n_networks;
	struct stopped *forged;
	unsigned n_forged;
	struct forwarder *forwarders;
	unsigned n_forwarders;
};

struct what_if_options {
	struct store *store;
	struct store_span span;
	const char *domain;             /* NULL: all */
	const struct ruleset *before, *after;   /* before: decides anew too, so that unchanged
	                                         * settings give no difference by definition of dry_run */
	unsigned top;                   /* rows of each table; 0: 20; at most 100 */
	int64_t now_ms;                 /* suggested rules end 90 days later */
	void (*progress)(void *context, uint64_t done, uint64_t all);
	void *context;
};

/* Everything is the arena's. -1 and *error_r. */
int what_if(struct arena *arena, const struct what_if_options *options,
	    struct what_if_report *out_r, const char **error_r);

void what_if_print_text(const struct what_if_report *report);
void what_if_print_json(const struct what_if_report *report);
/* One self-contained file. -1 and errno. */
int what_if_write_html(const struct what_if_report *report, const char *path);

#endif
