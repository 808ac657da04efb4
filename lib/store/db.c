#include "store/db.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/db_private.h"

static const struct db_calls *calls_of(const struct db_statement *statement)
{
	return statement->db->driver->calls;
}

int db_fail(struct db *db, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(db->error, sizeof(db->error), format, args);
	va_end(args);
	for (char *c = db->error; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	for (size_t len = strlen(db->error); len > 0 && db->error[len - 1] == ' '; len--)
		db->error[len - 1] = '\0';
	return -1;
}

const char *db_open_failed(const struct db *db)
{
	static _Thread_local char text[DB_ERROR_OCTETS];

	memcpy(text, db->error, sizeof(text));
	return text;
}

struct db *db_open(const struct db_driver *driver, const char *where, bool read_only,
		   const char **error_r)
{
	return driver->open(where, read_only, error_r);
}

void db_close(struct db *db)
{
	struct db_statement *statement, *next;

	if (db == NULL)
		return;
	for (statement = db->statements; statement != NULL; statement = next) {
		next = statement->next;
		free(statement->sql);
		db->driver->calls->free_statement(statement);
	}
	db->driver->calls->close(db);
}

const char *db_error(const struct db *db)
{
	return db->error;
}

bool db_is_lost(const struct db *db)
{
	return db->lost;
}

const char *db_driver_name(const struct db *db)
{
	return db->driver->name;
}

int db_run(struct db *db, const char *sql)
{
	assert(db->under_way == NULL);
	return db->driver->calls->run(db, sql);
}

struct db_statement *db_prepare(struct db *db, const char *sql)
{
	struct db_statement *statement;

	assert(db->under_way == NULL);
	for (statement = db->statements; statement != NULL; statement = statement->next)
		if (strcmp(statement->sql, sql) == 0)
			return statement;
	statement = db->driver->calls->prepare(db, sql);
	if (statement == NULL)
		return NULL;
	statement->db = db;
	statement->sql = mem_strdup(sql);
	statement->next = db->statements;
	db->statements = statement;
	return statement;
}

int db_has_table(struct db *db, const char *name)
{
	struct db_statement *statement = db_prepare(db, db->driver->calls->table_sql);
	int has = -1;

	if (statement == NULL)
		return -1;
	db_bind_text(statement, 1, slice_of(name));
	if (db_step(statement) == 1)
		has = db_column_int(statement, 0) > 0;
	db_finish(statement);
	return has;
}

void db_bind_int(struct db_statement *statement, unsigned n, int64_t value)
{
	calls_of(statement)->bind_int(statement, n, value);
}

void db_bind_text(struct db_statement *statement, unsigned n, struct slice text)
{
	calls_of(statement)->bind_octets(statement, n, text, true);
}

void db_bind_blob(struct db_statement *statement, unsigned n, struct slice octets)
{
	calls_of(statement)->bind_octets(statement, n, octets, false);
}

void db_bind_null(struct db_statement *statement, unsigned n)
{
	calls_of(statement)->bind_null(statement, n);
}

int db_step(struct db_statement *statement)
{
	struct db *db = statement->db;
	int code;

	assert(db->under_way == NULL || db->under_way == statement);
	code = calls_of(statement)->step(statement);
	db->under_way = statement;
	if (code != 1)
		db_finish(statement);
	return code;
}

void db_finish(struct db_statement *statement)
{
	if (statement->db->under_way == statement)
		calls_of(statement)->finish(statement);
	statement->db->under_way = NULL;
}

int64_t db_column_int(struct db_statement *statement, unsigned column)
{
	return calls_of(statement)->column_int(statement, column);
}

struct slice db_column_text(struct db_statement *statement, unsigned column)
{
	return calls_of(statement)->column_octets(statement, column);
}

struct slice db_column_blob(struct db_statement *statement, unsigned column)
{
	return calls_of(statement)->column_octets(statement, column);
}

bool db_column_is_null(struct db_statement *statement, unsigned column)
{
	return calls_of(statement)->column_is_null(statement, column);
}

static int begin(struct db *db, const char *sql)
{
	if (db_run(db, sql) == 0)
		return 0;
	db_rollback(db);
	return -1;
}

int db_begin(struct db *db)
{
	return begin(db, db->driver->calls->begin_sql);
}

int db_begin_reading(struct db *db)
{
	return begin(db, db->driver->calls->begin_reading_sql);
}

int db_commit(struct db *db)
{
	if (db_run(db, "COMMIT") == 0)
		return 0;
	db_rollback(db);
	return -1;
}

void db_rollback(struct db *db)
{
	char error[DB_ERROR_OCTETS];

	if (db->under_way != NULL)
		db_finish(db->under_way);
	memcpy(error, db->error, sizeof(error));
	if (!db->lost)
		db_run(db, "ROLLBACK");         /* refused when there is no transaction */
	memcpy(db->error, error, sizeof(error));
}
