/* db_private.h - what a driver gives to db.c. Private to the drivers and db.c,
 * which keeps the rules of db.h: one statement under way at a time, parameters
 * forgotten after a statement, errors kept as text.
 *
 * A driver's structs begin with the ones below. Its functions return as those of
 * db.h and say failures through db_fail().
 */
#ifndef STORE_DB_PRIVATE_H
#define STORE_DB_PRIVATE_H

#include "store/db.h"

#define DB_ERROR_OCTETS 640
#define DB_BUSY_MS 10000                /* how long a lock of another is waited for */

struct db_statement {
	struct db *db;
	struct db_statement *next;      /* all of a connection */
	char *sql;
};

struct db {
	const struct db_driver *driver;
	struct db_statement *statements, *under_way;
	bool read_only, lost;
	char error[DB_ERROR_OCTETS];
};

struct db_calls {
	void (*close)(struct db *db);
	int (*run)(struct db *db, const char *sql);
	struct db_statement *(*prepare)(struct db *db, const char *sql);
	void (*free_statement)(struct db_statement *statement);
	void (*bind_int)(struct db_statement *statement, unsigned n, int64_t value);
	void (*bind_octets)(struct db_statement *statement, unsigned n, struct slice octets,
			    bool is_text);
	void (*bind_null)(struct db_statement *statement, unsigned n);
	int (*step)(struct db_statement *statement);
	void (*finish)(struct db_statement *statement);
	int64_t (*column_int)(struct db_statement *statement, unsigned column);
	struct slice (*column_octets)(struct db_statement *statement, unsigned column);
	bool (*column_is_null)(struct db_statement *statement, unsigned column);
	/* The lock of a writer is taken here, not at its first row: nobody is
	 * thrown out half-way because another was there first. */
	const char *begin_sql;
	const char *begin_reading_sql;
	/* one row, one column: how many tables of ours have the name $1 */
	const char *table_sql;
};

/* Keeps the text, in one line. Always -1. */
int db_fail(struct db *db, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text of a failed open, which outlives its connection: per thread. */
const char *db_open_failed(const struct db *db);

#endif
