/* store_private.h - the store's insides. store.c opens, takes lines and keeps
 * transactions; store_intern.c numbers what repeats; store_batch.c adds up what a
 * transaction counts; store_read.c and store_pieces.c read, store_prune.c forgets.
 * Private to these.
 */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include "store/decision_pieces.h"
#include "store/packer.h"
#include "store/store.h"

#define DAY_MS INT64_C(86400000)
#define LAST_DAY INT64_C(2932896)       /* 9999-12-31 */
#define HASH_OCTETS 16                  /* of SHA-256: nobody finds two equal ones */

/* Rows of one table in store_intern.c: a kind of text. */
enum kind { KIND_FACTS = 0, KIND_CLIENT, KIND_RECIPIENTS, KIND_VERDICT, KINDS };

enum statement {
	STATEMENT_FIND = 0,                             /* + kind */
	STATEMENT_NEED = STATEMENT_FIND + KINDS,        /* + kind */
	STATEMENT_NUMBER = STATEMENT_NEED + KINDS,      /* + kind */
	STATEMENT_TEXT = STATEMENT_NUMBER + KINDS,      /* + kind */
	STATEMENT_FIND_SOURCE = STATEMENT_TEXT + KINDS,
	STATEMENT_ADD_SOURCE,
	STATEMENT_FIND_PRUNED,
	STATEMENT_ADD_MESSAGE,
	STATEMENT_ADD_TALLY,
	STATEMENT_ADD_SUM,
	STATEMENT_FIND_FILE,
	STATEMENT_SET_FILE,
	STATEMENT_SET_REFUSED,
	STATEMENTS,
};

struct tally_row {
	int64_t day;
	int64_t parts[KINDS];
	uint64_t n;
};
struct sum_row {
	struct store_sum sum;           /* texts in the batch's arena */
	uint8_t hash[HASH_OCTETS];
};
/* What a transaction has counted so far; full, it is written before its end. */
#define BATCH_ROWS 4096
struct batch {
	struct arena *arena;
	struct tally_row *tallies;
	struct sum_row *sums;
	unsigned n;                     /* of both: one each a message */
};

struct known_text;                      /* store_intern.c */
struct store {
	struct db *db;
	struct db_statement *statements[STATEMENTS];
	struct known_text *known[KINDS];
	char *source;                   /* the last one; most lines have the same */
	int64_t source_id, source_pruned;       /* schema/2 */
	int64_t pruned;                 /* how often something had been forgotten when this was known */
	struct packer *packer;
	struct batch batch;
	char error[640];     /* ours; "" : the database's counts */
};

/* Days since 1970; what a journal says about the time is kept within reason. */
int64_t store_day(int64_t ms);
/* Prepared when it is first wanted. NULL: failure. */
struct db_statement *store_statement(struct store *store, enum statement which);
/* For the last row of a statement that gives at most one: 1 with its first two
 * columns, 0, -1. */
int store_one_row(struct db_statement *statement, int64_t *first_r, int64_t *second_r);

void store_intern_init(struct store *store);
void store_intern_done(struct store *store);
void store_intern_forget(struct store *store);        /* numbers may have been taken back */
/* The number of a text that a message of this day has. */
int store_intern(struct store *store, struct arena *arena, enum kind kind, struct slice text,
	   int64_t day, const char *authors, int64_t *id_r);

void store_batch_init(struct batch *batch);
void store_batch_done(struct batch *batch);
void store_batch_forget(struct batch *batch);
int store_batch_add(struct store *store, const struct decision *decision, const int64_t parts[KINDS]);
int store_batch_write(struct store *store);

/* What repeats, read. A piece lives until the next one of its kind is asked for. */
struct store_pieces;
struct store_pieces *store_pieces_new(struct store *store);
void store_pieces_free(struct store_pieces *pieces);
/* NULL: failure, and store_error() says what. `id` is not 0. */
const struct decision_piece *store_piece(struct store_pieces *pieces, enum kind kind, int64_t id);

#endif
