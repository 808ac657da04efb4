/* db.h - a database as the store needs it: prepared statements, rows, one
 * transaction at a time. Two drivers, each the only file with its library:
 * db_sqlite.c and db_pgsql.c. Both take the same SQL: parameters are $1, $2 ...
 * in the order of their first appearance; only what SQLite 3.40 and PostgreSQL 15
 * both know; what differs (schema types) is in the schema files. Text is UTF-8
 * without NUL, which PostgreSQL insists on; anything else is a blob.
 *
 * One thread at a time per connection, one statement under way at a time (to its
 * last row or db_finish); several connections may be open. A failure is -1 and
 * db_error(), which says what to do next where we know it; the connection may
 * then be lost, which db_is_lost() tells: close it and open another. Nothing is
 * tried again here.
 *
 * One writer at a time: db_begin() waits for the others, 10 s at most. Readers
 * see the state of the last commit and hold nobody up.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct db;
struct db_statement;

struct db_calls;                        /* db_private.h */
struct db_driver {
	const char *name;               /* "sqlite", "postgresql": values of store.driver */
	struct db *(*open)(const char *where, bool read_only, const char **error_r);
	const struct db_calls *calls;
};
extern const struct db_driver db_sqlite, db_postgresql;

/* `where`: a path (made with mode 0640 when it is not there and may be written),
 * or a libpq connection string. NULL and *error_r (with what to do next, valid
 * until this thread opens again) when it cannot be opened, is no database, or is
 * locked for over 10 s. */
struct db *db_open(const struct db_driver *driver, const char *where, bool read_only,
		   const char **error_r);
void db_close(struct db *db);                           /* NULL is allowed */
const char *db_error(const struct db *db);              /* of the last failure */
bool db_is_lost(const struct db *db);
const char *db_driver_name(const struct db *db);

int db_run(struct db *db, const char *sql);             /* statements without rows, separated by ; */
/* Lives as long as the connection; freed with it. The same text gives the same
 * statement again. */
struct db_statement *db_prepare(struct db *db, const char *sql);        /* NULL: failure */
int db_has_table(struct db *db, const char *name);      /* 1, 0, -1 */
/* Parameters count from 1 and are forgotten after the statement was finished: all
 * are given each time. */
void db_bind_int(struct db_statement *statement, unsigned n, int64_t value);
void db_bind_text(struct db_statement *statement, unsigned n, struct slice text);  /* copied */
void db_bind_blob(struct db_statement *statement, unsigned n, struct slice octets);
void db_bind_null(struct db_statement *statement, unsigned n);
/* 1: a row is there; 0: no more rows, the statement is finished; -1. Big results
 * are not held in memory (PostgreSQL: single-row mode). */
int db_step(struct db_statement *statement);
void db_finish(struct db_statement *statement);         /* before the last row */
int64_t db_column_int(struct db_statement *statement, unsigned column); /* from 0; NULL gives 0 */
struct slice db_column_text(struct db_statement *statement, unsigned column);   /* until the next step */
struct slice db_column_blob(struct db_statement *statement, unsigned column);
bool db_column_is_null(struct db_statement *statement, unsigned column);

int db_begin(struct db *db);            /* for writing */
int db_begin_reading(struct db *db);    /* all statements until db_rollback() see one state */
int db_commit(struct db *db);           /* -1: nothing of it is there, or (connection lost)
                                         * nobody knows: look again with a new one */
void db_rollback(struct db *db);        /* also when there is none; keeps db_error() */

#endif
