/* What db.h promises, of every driver; and what each says when the world is not
 * as it should be. */
#include "store/db.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/databases.h"

static struct database place;

static struct db *open_it(bool read_only)
{
	const char *error = NULL;
	struct db *db = db_open(place.driver, place.where, read_only, &error);

	ck_assert_msg(db != NULL, "%s", error);
	return db;
}

static void ok(struct db *db, int code)
{
	ck_assert_msg(code == 0, "%s", db_error(db));
}

static struct db_statement *prepared(struct db *db, const char *sql)
{
	struct db_statement *statement = db_prepare(db, sql);

	ck_assert_msg(statement != NULL, "%s", db_error(db));
	return statement;
}

static struct db *with_table(int which)
{
	struct db *db;

	database_fresh(which, &place);
	db = open_it(false);
	ok(db, db_run(db, which == DATABASE_SQLITE
		      ? "CREATE TABLE things (id INTEGER PRIMARY KEY, word TEXT UNIQUE, octets BLOB)"
		      : "CREATE TABLE things (id BIGINT PRIMARY KEY, word TEXT UNIQUE, octets BYTEA)"));
	return db;
}

static int put(struct db *db, int64_t id, const char *word)
{
	struct db_statement *statement = prepared(db,
		"INSERT INTO things (id, word) VALUES ($1, $2)");

	db_bind_int(statement, 1, id);
	db_bind_text(statement, 2, slice_of(word));
	return db_step(statement);
}

static int64_t count(struct db *db)
{
	struct db_statement *statement = prepared(db, "SELECT count(*) FROM things");
	int64_t n;

	ck_assert_int_eq(db_step(statement), 1);
	n = db_column_int(statement, 0);
	ck_assert_int_eq(db_step(statement), 0);
	return n;
}

/* ---- for all drivers ---- */

static const int64_t numbers[] = { 0, 1, -1, 65536, -2147483649, INT64_MAX, INT64_MIN };

START_TEST(values)
{
	static const char octets[] = "\0\x01\xff'\\\n\0";
	struct db *db = with_table(_i);
	struct db_statement *insert = prepared(db, "INSERT INTO things (id, word, octets) "
						   "VALUES ($1, $2, $3) RETURNING id");
	struct db_statement *read = prepared(db, "SELECT id, octets, word FROM things WHERE id = $1");

	for (int i = 0; i < N_ROWS(numbers); i++) {
		bool is_null = i % 2 == 1;

		db_bind_int(insert, 1, numbers[i]);
		db_bind_text(insert, 2, is_null ? slice_of("") : slice_of("b\xc3\xbc\x63her'\\"));
		if (is_null)
			db_bind_null(insert, 2);
		db_bind_blob(insert, 3, i == 4 ? slice_of(NULL) : slice_new(octets, sizeof(octets)));
		if (i >= 2 && !is_null)
			db_bind_text(insert, 2, slice_new("abcdefghij", (size_t)i));
		ck_assert_int_eq(db_step(insert), 1);
		ck_assert_int_eq(db_column_int(insert, 0), numbers[i]);
		ck_assert_int_eq(db_step(insert), 0);
		db_bind_int(read, 1, numbers[i]);
		ck_assert_int_eq(db_step(read), 1);
		ck_assert_int_eq(db_column_int(read, 0), numbers[i]);
		ck_assert(slice_equal(db_column_blob(read, 1),
				      i == 4 ? slice_of("") : slice_new(octets, sizeof(octets))));
		ck_assert_int_eq(db_column_is_null(read, 2), is_null);
		ck_assert_int_eq(db_column_text(read, 2).len, is_null ? 0 : i == 0 ? 9 : (size_t)i);
		db_finish(read);
	}
	db_close(db);
}
END_TEST

START_TEST(transactions)
{
	struct db *db = with_table(_i), *reader = open_it(true);

	ok(db, db_begin(db));
	ok(db, put(db, 1, "one"));
	ck_assert_int_eq(count(reader), 0);
	ok(db, db_commit(db));
	ck_assert_int_eq(count(reader), 1);
	ok(db, db_begin(db));
	ok(db, put(db, 2, "two"));
	db_rollback(db);
	ck_assert_int_eq(count(db), 1);
	db_rollback(db);                                /* none: no harm */
	ck_assert_int_eq(put(reader, 3, "three"), -1);
	ck_assert_int_eq(count(db), 1);
	db_close(reader);
	db_close(db);
}
END_TEST

/* After a failure inside a transaction nothing of it is there, in either. */
START_TEST(failure_inside)
{
	struct db *db = with_table(_i);

	ok(db, put(db, 1, "one"));
	ok(db, db_begin(db));
	ok(db, put(db, 2, "two"));
	ck_assert_int_eq(put(db, 3, "one"), -1);
	ck_assert_msg(strlen(db_error(db)) > 10 && strchr(db_error(db), '\n') == NULL, "%s", db_error(db));
	db_rollback(db);
	ck_assert_msg(strlen(db_error(db)) > 10, "a rollback forgets the error");
	ck_assert(!db_is_lost(db));
	ck_assert_int_eq(count(db), 1);
	ck_assert_ptr_null(db_prepare(db, "SELECT nonsense FROM nowhere"));
	ck_assert_int_eq(count(db), 1);
	db_close(db);
}
END_TEST

START_TEST(many_rows_left_early)
{
	struct db *db = with_table(_i);
	struct db_statement *read;

	ok(db, db_run(db, _i == DATABASE_SQLITE
		      ? "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 20000) "
			"INSERT INTO things (id) SELECT n FROM s"
		      : "INSERT INTO things (id) SELECT generate_series(1, 20000)"));
	read = prepared(db, "SELECT id FROM things ORDER BY id");
	for (int64_t i = 1; i <= 3; i++) {
		ck_assert_int_eq(db_step(read), 1);
		ck_assert_int_eq(db_column_int(read, 0), i);
	}
	db_finish(read);
	ck_assert_int_eq(count(db), 20000);
	ck_assert_int_eq(db_step(read), 1);
	ck_assert_int_eq(db_column_int(read, 0), 1);
	db_finish(read);
	db_close(db);
}
END_TEST

START_TEST(tables)
{
	struct db *db = with_table(_i);

	ck_assert_int_eq(db_has_table(db, "things"), 1);
	ck_assert_int_eq(db_has_table(db, "thing"), 0);
	ck_assert_str_eq(db_driver_name(db), _i == DATABASE_SQLITE ? "sqlite" : "postgresql");
	db_close(db);
}
END_TEST

START_TEST(locked_by_another)
{
	struct db *db = with_table(_i), *other = open_it(false);

	ok(other, db_begin(other));
	ck_assert_int_eq(db_begin(db), -1);             /* waits for 10 s */
	ck_assert_msg(strstr(db_error(db), "locked by another") != NULL, "%s", db_error(db));
	ck_assert(!db_is_lost(db));
	ok(other, db_commit(other));
	ok(db, db_begin(db));
	ok(db, put(db, 1, "one"));
	ok(db, db_commit(db));
	db_close(other);
	db_close(db);
}
END_TEST

/* ck_assert belongs to the test's own process. */
static void child_needs(bool holds)
{
	if (!holds)
		_exit(1);
}

static void child_writes(int which, int times)
{
	const char *error = NULL;
	struct db *db = db_open(place.driver, place.where, false, &error);
	struct db_statement *insert;
	char word[32];

	child_needs(db != NULL);
	insert = db_prepare(db, "INSERT INTO things (id, word) VALUES ($1, $2)");
	for (int i = 0; i < times; i++) {
		snprintf(word, sizeof(word), "%d-%d", which, i);
		child_needs(db_begin(db) == 0);
		db_bind_int(insert, 1, which * 1000 + i);
		db_bind_text(insert, 2, slice_of(word));
		child_needs(db_step(insert) == 0);
		if (times > 1)
			child_needs(db_commit(db) == 0);
	}
	if (times > 1)
		db_close(db);
}

/* The writers take turns; none fails. */
START_TEST(writers_take_turns)
{
	struct db *db = with_table(_i);
	pid_t writers[3];
	int status;

	for (int w = 0; w < 3; w++) {
		writers[w] = fork();
		if (writers[w] == 0) {
			child_writes(w, 50);
			_exit(0);
		}
	}
	for (int w = 0; w < 3; w++) {
		ck_assert_int_eq(waitpid(writers[w], &status, 0), writers[w]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(count(db), 150);
	db_close(db);
}
END_TEST

START_TEST(killed_before_commit)
{
	struct db *db = with_table(_i);
	int pipes[2];
	pid_t child;
	char c;

	ck_assert_int_eq(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		child_writes(1, 1);
		child_needs(write(pipes[1], "x", 1) == 1);
		pause();
	}
	ck_assert_int_eq(read(pipes[0], &c, 1), 1);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ok(db, db_begin(db));                           /* its lock is gone too */
	ck_assert_int_eq(count(db), 0);
	db_rollback(db);
	db_close(db);
}
END_TEST

/* ---- SQLite: the file ---- */

static void write_file(const char *path, const char *text, int mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void refused(bool read_only, const char *wanted)
{
	const char *error = NULL;

	ck_assert_ptr_null(db_open(place.driver, place.where, read_only, &error));
	ck_assert_msg(error != NULL && strstr(error, wanted) != NULL, "%s", error);
}

START_TEST(sqlite_file)
{
	struct stat st;

	umask(0);
	db_close(with_table(DATABASE_SQLITE));
	ck_assert_int_eq(stat(place.where, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0640);
	database_fresh(DATABASE_SQLITE, &place);
	refused(true, "No such file");
	write_file(place.where, "This is a letter to a friend, and by no means a database.\n"
		   "It goes on for a while, since a header has a hundred octets.\n", 0640);
	refused(false, "is no database: move it away");
	refused(true, "is no database: move it away");
	snprintf(place.where, sizeof(place.where), "%s", databases_folder);
	refused(true, "is no file");
	snprintf(place.where, sizeof(place.where), "%s/no/such/folder.db", databases_folder);
	refused(false, "No such file");
}
END_TEST

static void wait_for_word(int from)
{
	char c;

	child_needs(read(from, &c, 1) == 1);
}

/* The last one to close a database puts its log away. */
static void other_process(int from, int to)
{
	const char *error = NULL;
	struct db *db;

	wait_for_word(from);
	db = db_open(place.driver, place.where, false, &error);
	child_needs(db != NULL && put(db, 2, "two") == 0);
	db_close(db);
	child_needs(write(to, "x", 1) == 1);
	wait_for_word(from);
	db = db_open(place.driver, place.where, false, &error);
	child_needs(db != NULL && count(db) == 3);
	db_close(db);
}

/* A second connection of a process takes nothing from its first: what another process
 * then does must not lose what the first writes. */
START_TEST(sqlite_twice_in_a_process)
{
	struct db *db = with_table(DATABASE_SQLITE);
	int there[2], back[2], status;
	pid_t other;
	char c;

	db_close(db);
	ck_assert(pipe(there) == 0 && pipe(back) == 0);
	other = fork();                 /* before SQLite has a file open here */
	if (other == 0) {
		other_process(there[0], back[1]);
		_exit(0);
	}
	db = open_it(false);
	ok(db, put(db, 1, "one"));
	db_close(open_it(false));
	ck_assert(write(there[1], "x", 1) == 1 && read(back[0], &c, 1) == 1);
	ok(db, put(db, 3, "three"));
	ck_assert_int_eq(write(there[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(other, &status, 0), other);
	ck_assert_int_eq(status, 0);
	db_close(db);
}
END_TEST

START_TEST(sqlite_damaged)
{
	struct db *db = with_table(DATABASE_SQLITE);
	char junk[4096];
	int fd;

	for (int i = 0; i < 2000; i++) {
		char word[32];

		snprintf(word, sizeof(word), "word %d of many", i);
		ok(db, put(db, i, word));
	}
	db_close(db);
	fd = open(place.where, O_WRONLY);
	memset(junk, 0x55, sizeof(junk));
	for (int page = 1; page < 15; page++)
		ck_assert_int_eq(pwrite(fd, junk, sizeof(junk), page * 4096), 4096);
	close(fd);
	db = open_it(false);
	ck_assert_int_eq(put(db, 1, "one"), -1);
	ck_assert_msg(strstr(db_error(db), "is damaged: move it away") != NULL, "%s", db_error(db));
	ck_assert(db_is_lost(db));
	db_close(db);
}
END_TEST

START_TEST(sqlite_moved_away)
{
	struct db *db = with_table(DATABASE_SQLITE);

	ck_assert_int_eq(unlink(place.where), 0);
	if (_i == 1)                                    /* another has taken its place */
		write_file(place.where, "", 0640);
	ck_assert_int_eq(db_begin(db), -1);
	ck_assert_msg(strstr(db_error(db), "was moved or removed") != NULL, "%s", db_error(db));
	ck_assert(db_is_lost(db));
	db_close(db);
	db_close(open_it(false));                       /* makes a new one */
}
END_TEST

START_TEST(sqlite_full_disk)
{
	const struct rlimit limit = { 2000000, 2000000 };       /* check's own file has it too */
	char word[10000];
	int code = 0;
	struct db *db;

	db = with_table(DATABASE_SQLITE);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ok(db, put(db, 0, "kept"));
	ok(db, db_begin(db));
	for (int i = 1; i < 1000 && code == 0; i++) {
		snprintf(word, sizeof(word), "%09000d", i);
		code = put(db, i, word);
	}
	if (code == 0)
		code = db_commit(db);
	ck_assert_int_eq(code, -1);
	ck_assert_msg(strstr(db_error(db), "look at the disk") != NULL ||
		      strstr(db_error(db), "make room") != NULL, "%s", db_error(db));
	db_rollback(db);
	db_close(db);
	db = open_it(true);
	ck_assert_int_eq(count(db), 1);
	db_close(db);
}
END_TEST

START_TEST(sqlite_read_only)
{
	db_close(with_table(DATABASE_SQLITE));
	if (getuid() == 0)              /* root may write everywhere */
		ck_assert(setgid(65534) == 0 && setuid(65534) == 0);
	ck_assert(chmod(place.where, 0444) == 0 || getuid() == 65534);
	refused(false, "cannot be opened: Permission denied");
}
END_TEST

/* ---- PostgreSQL: the server ---- */

START_TEST(server_not_there)
{
	place.driver = &db_postgresql;
	snprintf(place.where, sizeof(place.where), "host=%s/nowhere dbname=x", databases_folder);
	refused(false, "is it running, and is store.conninfo right?");
	snprintf(place.where, sizeof(place.where), "host==/ nonsense");
	refused(false, "store.conninfo");
}
END_TEST

static void make_server(char dir[96])
{
	server_folder_fresh(dir);
	ck_assert_int_eq(server_init(dir), 0);
	place.driver = &db_postgresql;
	snprintf(place.where, sizeof(place.where), "host=%s user=alignd dbname=postgres", dir);
}

START_TEST(server_goes_and_comes)
{
	char dir[96];
	struct db *db;
	pid_t pid;

	make_server(dir);
	pid = server_start(dir);
	db = open_it(false);
	ok(db, db_run(db, "CREATE TABLE things (id BIGINT PRIMARY KEY, word TEXT)"));
	ok(db, put(db, 1, "one"));
	ok(db, db_begin(db));
	ok(db, put(db, 2, "two"));
	server_stop(pid, _i == 0 ? SIGINT : SIGQUIT);
	ck_assert_int_eq(_i == 0 ? db_commit(db) : db_run(db, "SELECT 1"), -1);
	ck_assert_msg(db_is_lost(db), "%s", db_error(db));
	ck_assert_msg(strncmp(db_error(db), "PostgreSQL: ", 12) == 0, "%s", db_error(db));
	db_rollback(db);
	ck_assert_ptr_null(db_prepare(db, "SELECT 2"));
	db_close(db);
	refused(false, "is it running");
	pid = server_start(dir);
	db = open_it(false);
	ck_assert_int_eq(count(db), 1);
	db_close(db);
	server_stop(pid, SIGINT);
}
END_TEST

/* Gone while rows are being read: that is no end of the rows. */
START_TEST(server_goes_while_reading)
{
	struct db_statement *read;
	char dir[96];
	struct db *db;
	pid_t pid;
	int code = 1;

	make_server(dir);
	pid = server_start(dir);
	db = open_it(true);
	read = prepared(db, "SELECT repeat('x', 1000) FROM generate_series(1, 200000)");
	ck_assert_int_eq(db_step(read), 1);
	server_stop(pid, SIGQUIT);
	while (code == 1)
		code = db_step(read);
	ck_assert_int_eq(code, -1);
	ck_assert(db_is_lost(db));
	db_close(db);
}
END_TEST

static Suite *db_suite(void)
{
	Suite *suite = suite_create("db");
	TCase *all = tcase_create("every driver"), *sqlite = tcase_create("sqlite");
	TCase *postgresql = tcase_create("postgresql");

	tcase_add_loop_test(all, values, 0, databases_n);
	tcase_add_loop_test(all, transactions, 0, databases_n);
	tcase_add_loop_test(all, failure_inside, 0, databases_n);
	tcase_add_loop_test(all, many_rows_left_early, 0, databases_n);
	tcase_add_loop_test(all, tables, 0, databases_n);
	tcase_add_loop_test(all, locked_by_another, 0, databases_n);
	tcase_add_loop_test(all, writers_take_turns, 0, databases_n);
	tcase_add_loop_test(all, killed_before_commit, 0, databases_n);
	suite_add_tcase(suite, all);
	tcase_add_test(sqlite, sqlite_file);
	tcase_add_test(sqlite, sqlite_twice_in_a_process);
	tcase_add_test(sqlite, sqlite_damaged);
	tcase_add_loop_test(sqlite, sqlite_moved_away, 0, 2);
	tcase_add_test(sqlite, sqlite_full_disk);
	tcase_add_test(sqlite, sqlite_read_only);
	suite_add_tcase(suite, sqlite);
	tcase_add_test(postgresql, server_not_there);
	if (databases_n > DATABASE_POSTGRESQL) {
		tcase_add_loop_test(postgresql, server_goes_and_comes, 0, 2);
		tcase_add_test(postgresql, server_goes_while_reading);
	}
	suite_add_tcase(suite, postgresql);
	return suite;
}

DATABASES_MAIN(db_suite())
