/* store.h - decisions in a database, for questions over weeks: made from journal
 * lines, never written by the mail path.
 *
 * Each line is taken exactly once, by its line id, even when its message is not kept
 * any more: the numbers of a source rise with time. What is the same in many
 * messages is kept once and numbered: the facts that a decision looks at (facts.h),
 * the client, the recipients, the verdict; a message is a narrow row of these
 * numbers, and a tally counts equal rows per day, so that what-if decides once
 * per distinct combination. Sums per day outlive the rows.
 *
 * Schema: store/schema/; it is made and brought forward by store_open(). One
 * thread at a time per store; several processes may write into one database.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "core/decide.h"
#include "store/db.h"
#include "store/decision_json.h"

struct store_options {
	const struct db_driver *driver;
	const char *where;
	bool read_only;                 /* reads what is there; no schema is made */
};

struct store;
/* Fails for a newer schema too, and says so. *error_r is valid until this thread
 * opens again. */
struct store *store_open(const struct store_options *options, const char **error_r);
void store_close(struct store *store);                  /* NULL is allowed */
const char *store_error(const struct store *store);     /* of the last failure, else "" */
bool store_is_lost(const struct store *store);          /* close it and open it again later */

/* --- loading: begin, add lines, position, commit --- */

int store_begin(struct store *store);
/* 1: taken; 0: it is there already (or its line id is none, so that nobody could
 * tell); -1: the database failed (roll back). */
int store_add(struct store *store, const struct decision *decision);
/* How far a journal file has been loaded: octets of its uncompressed text, and
 * lines that were no decisions; and which file: a hash of its first line, 0 when that is
 * not known. All 0 for a file that is not known. */
struct store_position { uint64_t octets, lines, refused; int64_t first_line; };
int store_position(struct store *store, const char *file, struct store_position *out_r);
int store_set_position(struct store *store, const char *file, const struct store_position *position);
/* The same of a file that is loaded by its lines' ids alone: its place stays as it is. */
int store_set_refused(struct store *store, const char *file, uint64_t refused);
int store_commit(struct store *store);
void store_rollback(struct store *store);
/* Deletes what is older, in a transaction of its own; a bounded piece at a time
 * (true: more is left; false with a store_error(): failed). 0 days: for ever. What
 * repeats goes up to a week after the last message that had it. */
bool store_prune(struct store *store, int64_t now_ms, unsigned keep_days, unsigned keep_sums_days);

/* --- reading --- */

struct store_span { int64_t since_ms, until_ms; };      /* until 0: now; days are whole, UTC */
struct store_extent { int64_t first_ms, last_ms; uint64_t messages; };
int store_extent(struct store *store, struct store_extent *out_r);
/* Lines that were refused, of the journal files whose names are of these days, or of
 * none: when a line that nobody can read was written, its file alone tells. */
int store_refused(struct store *store, struct store_span span, uint64_t *lines_r);

/* Several store_rows() and the like, of one state: until it ends, what others load is
 * not seen. The store cannot be written meanwhile. */
int store_begin_reading(struct store *store);
void store_end_reading(struct store *store);

/* A distinct combination, and how often it came. The evidence can be decided
 * again; it has no draws, no cost and no local parts, and its when_ms is noon of
 * the day. All of it lives until the function returns. */
struct store_tally {
	int64_t day_ms;                 /* 00:00 UTC */
	uint64_t n;
	uint64_t facts_id;              /* the same facts have the same number */
	struct evidence evidence;
	struct verdict verdict;         /* as it was: asked, chosen, why, rule, reasons, apply ... */
	const char *done;
};
typedef bool store_tally_fn(void *context, const struct store_tally *tally);
/* By day; messages by time. The function must not use the store. -1: failure.
 * `domain` (normal, domain.h) NULL: all; else where an author is it or below. */
int store_tallies(struct store *store, struct store_span span, const char *domain,
		  store_tally_fn *fn, void *context);
/* The same, message by message with the draws and the time: for settings under
 * which the draws matter. n is 1. */
int store_messages(struct store *store, struct store_span span, const char *domain,
		   store_tally_fn *fn, void *context);

/* For readers that decide once what many days have: rows of equal messages (with
 * `by_message`: single ones, with their draws) so that those of one combination follow
 * one another. What is in a row is read when it is asked for. */
struct store_row {
	uint64_t facts_id, client_id, recipients_id, verdict_id;        /* the combination */
	int64_t day_ms, when_ms;        /* when_ms: as in the evidence of a tally or message */
	uint64_t n;
	unsigned sample_draw, enforce_draw;
};
struct store_rows;
typedef bool store_row_fn(void *context, const struct store_row *row, struct store_rows *rows);
int store_rows(struct store *store, struct store_span span, bool by_message, store_row_fn *fn,
	       void *context);
/* Of the row at hand, without time and draws; of the verdict it has what pct made of the
 * authors, where a record has pct. Lives until a row of another combination. NULL: it
 * cannot be read; end the reading, which then fails. */
const struct decision *store_rows_decision(struct store_rows *rows);

/* Sums per day; the key's texts are "" where there is none. */
struct store_sum {
	int64_t day_ms;
	const char *author, *org, *network;     /* decisive author; client's /24 or /64 */
	enum dmarc_result result;
	enum spf_result spf;
	bool dkim_pass, spf_aligned, dkim_aligned;
	enum disposition asked;
	enum action chosen;
	const char *done, *why, *rule;
	int class;                              /* enum enforcement_class */
	enum discovery_method method;           /* that found org */
	bool guarded;                           /* dmarc.psl_guard changed it */
	bool dry_run, exempt;
	uint64_t n, waited_ms, lookups;
};
typedef bool store_sum_fn(void *context, const struct store_sum *sum);
int store_sums(struct store *store, struct store_span span, const char *domain,
	       store_sum_fn *fn, void *context);
/* The first and the last day that has sums. 1; 0: none has; -1. */
int store_sums_extent(struct store *store, int64_t *first_day_ms_r, int64_t *last_day_ms_r);

#endif
