#include "store/databases.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int databases_n = DATABASE_POSTGRESQL;
char databases_folder[64];
static pid_t server;

/* Before and after the tests there is no ck_assert. */
static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s failed; see %s\n", what, databases_folder);
	exit(EXIT_FAILURE);
}

static pid_t script(const char *verb, const char *dir)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl(TESTDIR "/store/pg.sh", "pg.sh", verb, dir, (char *)NULL);
		_exit(127);
	}
	return pid;
}

int server_init(const char *dir)
{
	int status = -1;
	pid_t pid = script("init", dir);

	must(waitpid(pid, &status, 0) == pid, "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return -1;
	must(status == 0, "initdb");
	return 0;
}

pid_t server_start(const char *dir)
{
	pid_t pid = script("run", dir);
	const char *error = NULL;
	char where[256];

	snprintf(where, sizeof(where), "host=%s user=alignd dbname=postgres", dir);
	for (int i = 0; i < 3000; i++) {
		struct db *db = db_open(&db_postgresql, where, false, &error);

		db_close(db);
		if (db != NULL)
			return pid;
		usleep(20000);
	}
	must(false, "starting PostgreSQL");
	return -1;
}

void server_stop(pid_t pid, int signal_number)
{
	must(kill(pid, signal_number) == 0 && waitpid(pid, NULL, 0) == pid, "stopping PostgreSQL");
}

void server_folder_fresh(char dir_r[96])
{
	static int number;

	snprintf(dir_r, 96, "%s/own-%d-%d", databases_folder, (int)getpid(), ++number);
}

static const char *server_folder(void)
{
	static char dir[80];

	snprintf(dir, sizeof(dir), "%s/pg", databases_folder);
	return dir;
}

void databases_start(void)
{
	snprintf(databases_folder, sizeof(databases_folder), "/tmp/alignd-test-XXXXXX");
	/* the server is another user */
	must(mkdtemp(databases_folder) != NULL && chmod(databases_folder, 0755) == 0, "mkdtemp");
	setbuf(stdout, NULL);
	if (server_init(server_folder()) != 0) {
		printf("skipped: needs PostgreSQL\n");
		return;
	}
	server = server_start(server_folder());
	databases_n = DATABASES;
}

void databases_stop(void)
{
	char command[128];

	if (server != 0)
		server_stop(server, SIGINT);
	snprintf(command, sizeof(command), "rm -rf -- '%s'", databases_folder);
	must(system(command) == 0, command);
}

static void fresh_postgresql(int number, struct database *out_r)
{
	const char *error = NULL;
	struct db *db;
	char sql[64];

	snprintf(out_r->where, sizeof(out_r->where), "host=%s user=alignd dbname=postgres",
		 server_folder());
	db = db_open(&db_postgresql, out_r->where, false, &error);
	ck_assert_msg(db != NULL, "%s", error);
	snprintf(sql, sizeof(sql), "CREATE DATABASE t%d_%d", (int)getpid(), number);
	ck_assert_msg(db_run(db, sql) == 0, "%s", db_error(db));
	db_close(db);
	snprintf(out_r->where, sizeof(out_r->where), "host=%s user=alignd dbname=t%d_%d",
		 server_folder(), (int)getpid(), number);
}

void database_fresh(int which, struct database *out_r)
{
	static int number;

	number++;
	out_r->driver = which == DATABASE_SQLITE ? &db_sqlite : &db_postgresql;
	if (which == DATABASE_POSTGRESQL)
		fresh_postgresql(number, out_r);
	else
		snprintf(out_r->where, sizeof(out_r->where), "%s/%d-%d.db", databases_folder,
			 (int)getpid(), number);
}
