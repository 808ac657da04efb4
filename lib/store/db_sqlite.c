/* The only file with SQLite.
 *
 * Write-ahead log, so that those who read (what-if, stats) and the one who loads
 * do not wait for each other; synchronous NORMAL: a loss of power may cost the
 * last transactions, each as a whole and from the end. That is no loss here: the
 * journal is the truth, and how far it was loaded is in the same transaction as
 * what was loaded, so it is loaded again.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/db_private.h"

#define FILE_MODE 0640                  /* who reads it knows who writes to whom */

struct sqlite {
	struct db db;
	sqlite3 *handle;
	char *path;
	dev_t device;                   /* of the file that was opened */
	ino_t inode;
};
struct sqlite_statement {
	struct db_statement statement;
	sqlite3_stmt *handle;
};

/* ---- failures ---- */

/* What SQLite's code means to a postmaster, after the path. */
static const struct {
	int code;
	const char *text;
} failures[] = {
	{ SQLITE_NOTADB, "is no database: move it away, then it is made anew from the journal" },
	{ SQLITE_CORRUPT, "is damaged: move it away, then it is made anew from the journal" },
	{ SQLITE_BUSY, "is locked by another process for over 10 s: fuser(1) tells by which" },
	{ SQLITE_LOCKED, "is locked by another process for over 10 s: fuser(1) tells by which" },
	{ SQLITE_FULL, "cannot grow, the disk is full: make room, or keep fewer days" },
	{ SQLITE_READONLY, "may not be written: look at owner and mode of the file and its folder" },
	{ SQLITE_CANTOPEN, "cannot be opened: look at owner and mode of the file and its folder" },
	{ SQLITE_PERM, "may not be used: look at owner and mode of the file and its folder" },
	{ SQLITE_AUTH, "may not be used: look at owner and mode of the file and its folder" },
	{ SQLITE_IOERR, "cannot be read or written: look at the disk and at limits of file size" },
};

/* After these, what the connection knows of the file may be wrong. */
static bool is_lost(int code)
{
	return code == SQLITE_NOTADB || code == SQLITE_CORRUPT || code == SQLITE_IOERR ||
	       code == SQLITE_CANTOPEN;
}

static int fail(struct sqlite *sqlite, int code)
{
	const char *detail = sqlite->handle != NULL ? sqlite3_errmsg(sqlite->handle)
						    : sqlite3_errstr(code);

	code &= 0xff;                   /* without the extension */
	sqlite->db.lost = sqlite->db.lost || is_lost(code);
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].code == code)
			return db_fail(&sqlite->db, "%s %s (SQLite: %s)", sqlite->path,
				       failures[i].text, detail);
	return db_fail(&sqlite->db, "%s: SQLite says: %s", sqlite->path, detail);
}

/* Moved away or replaced: SQLite would go on writing into what nobody sees. */
static int check_place(struct sqlite *sqlite)
{
	struct stat st;

	if (stat(sqlite->path, &st) == 0 && st.st_dev == sqlite->device && st.st_ino == sqlite->inode)
		return 0;
	sqlite->db.lost = true;
	return db_fail(&sqlite->db, "%s was moved or removed", sqlite->path);
}

/* ---- opening ---- */

static int run(struct db *db, const char *sql)
{
	struct sqlite *sqlite = (struct sqlite *)db;
	int code;

	if (check_place(sqlite) != 0)
		return -1;
	code = sqlite3_exec(sqlite->handle, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? 0 : fail(sqlite, code);
}

/* SQLite would make it with 0644; its -wal and -shm take the file's mode. */
static int make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);

	return fd < 0 ? -1 : close(fd);
}

/* A file that is there is not opened here: to close it would give up, without a word, the
 * locks that another connection of this process has on it (fcntl(2)). */
static int find_file(struct sqlite *sqlite)
{
	bool read_only = sqlite->db.read_only;
	struct stat st;

	if ((!read_only && stat(sqlite->path, &st) != 0 && errno == ENOENT && make_file(sqlite->path) != 0) ||
	    stat(sqlite->path, &st) != 0 ||
	    faccessat(AT_FDCWD, sqlite->path, read_only ? R_OK : R_OK | W_OK, AT_EACCESS) != 0)
		return db_fail(&sqlite->db, "%s cannot be opened: %s", sqlite->path,
			       strerrordesc_np(errno));
	sqlite->device = st.st_dev;
	sqlite->inode = st.st_ino;
	if (!S_ISREG(st.st_mode))
		return db_fail(&sqlite->db, "%s is no file: store.path names the database's file",
			       sqlite->path);
	return 0;
}

/* One row, one column, which must be `wanted`. */
static int expect(struct sqlite *sqlite, const char *sql, const char *wanted, const char *otherwise)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(sqlite->handle, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code != SQLITE_ROW)
		code = fail(sqlite, code);
	else if (strcmp((const char *)sqlite3_column_text(statement, 0), wanted) != 0)
		code = db_fail(&sqlite->db, "%s %s", sqlite->path, otherwise);
	else
		code = 0;
	sqlite3_finalize(statement);
	return code;
}

static int prepare_file(struct sqlite *sqlite)
{
	if (sqlite->db.read_only)       /* reads it, so that what is wrong is said now */
		return run(&sqlite->db, "PRAGMA cache_size = -32768; PRAGMA schema_version;");
	if (run(&sqlite->db, "PRAGMA cache_size = -32768; PRAGMA synchronous = NORMAL;"
			     "PRAGMA wal_autocheckpoint = 4000; PRAGMA schema_version;") != 0)
		return -1;
	return expect(sqlite, "PRAGMA journal_mode = WAL", "wal",
		      "cannot have a write-ahead log there: it must be on a disk of this machine");
}

static int open_file(struct sqlite *sqlite)
{
	int flags = sqlite->db.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	int code;

	if (find_file(sqlite) != 0)
		return -1;
	code = sqlite3_open_v2(sqlite->path, &sqlite->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		return fail(sqlite, code);
	sqlite3_busy_timeout(sqlite->handle, DB_BUSY_MS);
	/* what a damaged or hostile file could make SQL do is not ours */
	sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(sqlite->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return prepare_file(sqlite);
}

static void close_db(struct db *db)
{
	struct sqlite *sqlite = (struct sqlite *)db;

	sqlite3_close(sqlite->handle);
	free(sqlite->path);
	free(sqlite);
}

static struct db *open_db(const char *where, bool read_only, const char **error_r)
{
	struct sqlite *sqlite = mem_zalloc(sizeof(*sqlite));

	sqlite->db.driver = &db_sqlite;
	sqlite->db.read_only = read_only;
	sqlite->path = mem_strdup(where);
	if (open_file(sqlite) == 0)
		return &sqlite->db;
	*error_r = db_open_failed(&sqlite->db);
	close_db(&sqlite->db);
	return NULL;
}

/* ---- statements ---- */

static sqlite3_stmt *handle_of(struct db_statement *statement)
{
	return ((struct sqlite_statement *)statement)->handle;
}

static struct db_statement *prepare(struct db *db, const char *sql)
{
	struct sqlite *sqlite = (struct sqlite *)db;
	struct sqlite_statement *statement;
	sqlite3_stmt *handle;
	int code = sqlite3_prepare_v3(sqlite->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);

	if (code != SQLITE_OK) {
		fail(sqlite, code);
		return NULL;
	}
	/* "$1" is a name to SQLite, numbered by its first appearance */
	for (int i = 1; i <= sqlite3_bind_parameter_count(handle); i++)
		assert(atoi(sqlite3_bind_parameter_name(handle, i) + 1) == i);
	statement = mem_zalloc(sizeof(*statement));
	statement->handle = handle;
	return &statement->statement;
}

static void free_statement(struct db_statement *statement)
{
	sqlite3_finalize(handle_of(statement));
	free(statement);
}

static void bind_int(struct db_statement *statement, unsigned n, int64_t value)
{
	int code = sqlite3_bind_int64(handle_of(statement), (int)n, value);

	assert(code == SQLITE_OK);
	(void)code;
}

static void bind_octets(struct db_statement *statement, unsigned n, struct slice octets, bool is_text)
{
	const char *data = octets.data != NULL ? octets.data : "";
	int code;

	if (is_text)
		code = sqlite3_bind_text(handle_of(statement), (int)n, data, (int)octets.len,
					 SQLITE_TRANSIENT);
	else
		code = sqlite3_bind_blob(handle_of(statement), (int)n, data, (int)octets.len,
					 SQLITE_TRANSIENT);
	assert(code == SQLITE_OK);
	(void)code;
}

static void bind_null(struct db_statement *statement, unsigned n)
{
	sqlite3_bind_null(handle_of(statement), (int)n);
}

static int step(struct db_statement *statement)
{
	int code = sqlite3_step(handle_of(statement));

	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : fail((struct sqlite *)statement->db, code);
}

static void finish(struct db_statement *statement)
{
	sqlite3_reset(handle_of(statement));
	sqlite3_clear_bindings(handle_of(statement));
}

static int64_t column_int(struct db_statement *statement, unsigned column)
{
	return sqlite3_column_int64(handle_of(statement), (int)column);
}

static struct slice column_octets(struct db_statement *statement, unsigned column)
{
	const char *data = sqlite3_column_blob(handle_of(statement), (int)column);

	return slice_new(data, (size_t)sqlite3_column_bytes(handle_of(statement), (int)column));
}

static bool column_is_null(struct db_statement *statement, unsigned column)
{
	return sqlite3_column_type(handle_of(statement), (int)column) == SQLITE_NULL;
}

static const struct db_calls calls = {
	.close = close_db, .run = run, .prepare = prepare, .free_statement = free_statement,
	.bind_int = bind_int, .bind_octets = bind_octets, .bind_null = bind_null,
	.step = step, .finish = finish, .column_int = column_int,
	.column_octets = column_octets, .column_is_null = column_is_null,
	.begin_sql = "BEGIN IMMEDIATE",
	.begin_reading_sql = "BEGIN",
	.table_sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
};
const struct db_driver db_sqlite = { "sqlite", open_db, &calls };
