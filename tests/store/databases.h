/* databases.h - empty databases of every driver, for tests that hold for all.
 *
 * DATABASES_MAIN stands instead of TEST_MAIN: it makes a folder, starts a
 * PostgreSQL in it when one is installed (else says "skipped: needs PostgreSQL"),
 * and removes all of it afterwards. Loop over DATABASE_SQLITE up to, not
 * including, databases_n.
 */
#ifndef TESTS_STORE_DATABASES_H
#define TESTS_STORE_DATABASES_H

#include <sys/types.h>

#include "store/db.h"
#include "testmain.h"

enum { DATABASE_SQLITE = 0, DATABASE_POSTGRESQL, DATABASES };
extern int databases_n;
extern char databases_folder[64];

void databases_start(void);
void databases_stop(void);

struct database {
	const struct db_driver *driver;
	char where[256];
};
void database_fresh(int which, struct database *out_r);

/* A server of a test's own, to be stopped and started. -1: not installed. */
void server_folder_fresh(char dir_r[96]);
int server_init(const char *dir);
pid_t server_start(const char *dir);            /* and waits until it answers */
void server_stop(pid_t pid, int signal_number); /* SIGINT, or SIGQUIT without a goodbye */

#define DATABASES_MAIN(suite) \
	int main(void) \
	{ \
		SRunner *runner; \
		int failed; \
		databases_start(); \
		runner = srunner_create(suite); \
		/* whatever CK_FORK says: tests kill children that share a database */ \
		srunner_set_fork_status(runner, CK_FORK); \
		srunner_run_all(runner, CK_ENV); \
		failed = srunner_ntests_failed(runner); \
		srunner_free(runner); \
		databases_stop(); \
		return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
	}

#endif
