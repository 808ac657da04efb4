/* The loader over real databases, killed at any moment, and with a server that is
 * stopped and started under it: in the end each line is there exactly once, in the
 * rows, in the tallies and in the sums. */
#include "store/loader.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "store/databases.h"

#define FILES 8
#define LINES 1500                      /* in each file */
#define KILLS effort(50, 8)

static char directory[128];
static uint32_t seed = 7;

static unsigned below(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (unsigned)(((uint64_t)(seed >> 8) * n) >> 24);
}

static const char *path_of(unsigned file, const char *suffix)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/mx1-202605%02u.jsonl%s", directory, file + 1, suffix);
	return path;
}

/* Of a mail server's variety, more or less. */
static int write_line(char *out, size_t size, unsigned file, unsigned n)
{
	unsigned domain = below(200), client = below(300);

	return snprintf(out, size, "{\"v\":1,\"id\":\"mx1-177%u-%u\",\"when\":\"2026-05-%02uT%02u:20:30.123Z\","
			"\"mode\":\"honor\",\"client\":{\"ip\":\"192.0.2.%u\"},\"exempt\":\"no\","
			"\"recipients\":{\"domains\":[\"r%u.example\"],\"count\":1},\"from\":{\"status\":\"ok\"},"
			"\"authors\":[{\"domain\":\"d%u.example\",\"policy\":{\"status\":\"no-record\"}}],"
			"\"spf\":{\"result\":\"%s\"},\"draws\":{\"sample\":%u,\"enforce\":%u},\"judged\":[{}],\"result\":\"none\","
			"\"decisive\":0,\"asked\":\"none\",\"chosen\":\"accept\",\"why\":\"no-policy\","
			"\"dry_run\":true,\"apply\":\"accept\",\"done\":\"none\"}\n", file, n, file + 1, n % 24,
			client % 250, below(5), domain, below(2) == 0 ? "pass" : "fail", below(100), below(100));
}

/* Every other file is compressed. */
static void write_journal(void)
{
	char line[1024];

	snprintf(directory, sizeof(directory), "%s/journal-%d", databases_folder, (int)getpid());
	ck_assert_int_eq(mkdir(directory, 0755), 0);
	for (unsigned file = 0; file < FILES; file++) {
		/* T: as it is */
		gzFile out = gzopen(path_of(file, file % 2 == 0 ? ".gz" : ""), file % 2 == 0 ? "wb" : "wbT");

		for (unsigned n = 1; n <= LINES; n++) {
			int len = write_line(line, sizeof(line), file, n);

			ck_assert_int_eq(gzwrite(out, line, (unsigned)len), len);
		}
		ck_assert_int_eq(gzclose(out), Z_OK);
	}
}

static struct loader_options options_for(const struct database *database, unsigned batch_lines)
{
	return (struct loader_options){
		.store = { .driver = database->driver, .where = database->where },
		.directory = directory, .batch_lines = batch_lines, .poll_ms = 5,
	};
}

static bool add_tally(void *context, const struct store_tally *tally)
{
	*(uint64_t *)context += tally->n;
	return true;
}

static bool add_sum(void *context, const struct store_sum *sum)
{
	*(uint64_t *)context += sum->n;
	return true;
}

static uint64_t messages(const struct database *database)
{
	const struct store_options options = { .driver = database->driver, .where = database->where };
	const char *error = NULL;
	struct store *store = store_open(&options, &error);
	struct store_extent extent;

	ck_assert_msg(store != NULL, "%s", error);
	ck_assert_msg(store_extent(store, &extent) == 0, "%s", store_error(store));
	store_close(store);
	return extent.messages;
}

static void check_all_there(const struct database *database)
{
	const struct store_options options = { .driver = database->driver, .where = database->where };
	const struct store_span span = { 0, INT64_C(4000000000000) };
	const char *error = NULL;
	struct store *store = store_open(&options, &error);
	uint64_t tallied = 0, summed = 0;

	ck_assert_msg(store != NULL, "%s", error);
	ck_assert_uint_eq(messages(database), FILES * LINES);
	ck_assert_msg(store_tallies(store, span, NULL, add_tally, &tallied) == 0, "%s", store_error(store));
	ck_assert_uint_eq(tallied, FILES * LINES);
	ck_assert_msg(store_sums(store, span, NULL, add_sum, &summed) == 0, "%s", store_error(store));
	ck_assert_uint_eq(summed, FILES * LINES);
	store_close(store);
}

/* ---- killed ---- */

static pid_t load_in_child(const struct database *database)
{
	struct loader_options options = options_for(database, 20 + below(100));
	struct loader_counts counts;
	const char *error;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(loader_run(&options, NULL, NULL, &counts, &error) == 0 ? 0 : 1);
	return pid;
}

/* Was it still loading? */
static bool kill_a_loader(const struct database *database, unsigned longest_us)
{
	pid_t pid = load_in_child(database);
	int status = 0;

	usleep(1000 + below(longest_us));
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return WIFSIGNALED(status);
}

/* The rest, without a kill. */
static void load_to_the_end(const struct database *database)
{
	struct loader_options options = options_for(database, 0);
	struct loader_counts counts;
	const char *error = NULL;

	ck_assert_msg(loader_run(&options, NULL, NULL, &counts, &error) == 0, "%s", error);
	check_all_there(database);
	ck_assert_uint_eq(counts.refused, 0);
	/* places and lines went together: nothing had to be known by its id */
	ck_assert_uint_eq(counts.known, 0);
}

/* Fifty that hit a loader at work; a database that is full by then is checked, and
 * an empty one takes its place. */
START_TEST(killed_at_any_moment)
{
	unsigned killed = 0, databases = 1, longest_us = 30000;
	uint64_t before = 0, now;
	struct database database;

	write_journal();
	database_fresh(_i, &database);
	for (int tries = 0; killed < KILLS; tries++) {
		ck_assert_int_lt(tries, 20 * KILLS);
		killed += kill_a_loader(&database, longest_us);
		now = messages(&database);
		if (now == before && longest_us < 1000000)
			longest_us *= 2;                /* too short for this machine */
		else if (longest_us > 30000)
			longest_us /= 2;
		before = now;
		if (now == FILES * LINES) {
			load_to_the_end(&database);
			database_fresh(_i, &database);
			databases++;
			before = 0;
		}
	}
	load_to_the_end(&database);
	printf("%s: %u killed while they loaded, into %u databases one after the other\n",
	       database.driver->name, killed, databases);
}
END_TEST

/* ---- a server that goes away and comes back ---- */

static struct {
	atomic_uint problems, notes;
} said;

static void take_report(void *unused, bool is_problem, const char *text)
{
	(void)unused;
	(void)text;
	atomic_fetch_add(is_problem ? &said.problems : &said.notes, 1);
}

static uint64_t loaded_by(struct loader *loader)
{
	struct loader_counts counts;

	loader_counts(loader, &counts);
	return counts.loaded + counts.known;
}

static void wait_for_lines(struct loader *loader, uint64_t lines)
{
	for (int i = 0; i < 12000 && loaded_by(loader) < lines; i++)
		usleep(5000);
	ck_assert_msg(loaded_by(loader) >= lines, "%llu lines", (unsigned long long)loaded_by(loader));
}

static void wait_for_notes(unsigned n)
{
	for (int i = 0; i < 12000 && atomic_load(&said.notes) < n; i++)
		usleep(5000);
	ck_assert_uint_eq(atomic_load(&said.notes), n);
}

/* A file is hidden, or comes to light: there is something to load when the server is away. */
static void move_file(unsigned file, const char *from, const char *to)
{
	char old[256];

	snprintf(old, sizeof(old), "%s", path_of(file, from));
	ck_assert_int_eq(rename(old, path_of(file, to)), 0);
}

START_TEST(server_stops_and_starts)
{
	static const int how[] = { SIGQUIT, SIGINT, SIGQUIT };
	struct loader_options options;
	struct database database = { .driver = &db_postgresql };
	struct loader *loader;
	const char *error;
	char folder[96];
	pid_t server;

	if (databases_n <= DATABASE_POSTGRESQL) {
		printf("skipped: needs PostgreSQL\n");
		return;
	}
	write_journal();
	for (unsigned i = 0; i < N_ROWS(how); i++)
		move_file(3 + 2 * i, "", ".hidden");
	server_folder_fresh(folder);
	ck_assert_int_eq(server_init(folder), 0);
	server = server_start(folder);
	snprintf(database.where, sizeof(database.where), "host=%s user=alignd dbname=postgres", folder);
	options = options_for(&database, 50);
	options.report = take_report;
	loader = loader_start(&options, &error);
	ck_assert_ptr_nonnull(loader);
	for (unsigned i = 0; i < N_ROWS(how); i++) {
		wait_for_lines(loader, (i + 1) * LINES);
		server_stop(server, how[i]);
		move_file(3 + 2 * i, ".hidden", "");
		usleep(50000);
		server = server_start(folder);
		wait_for_notes(i + 1);
	}
	wait_for_lines(loader, FILES * LINES);
	ck_assert(loader_stop(loader, 60000, NULL));
	check_all_there(&database);
	ck_assert_uint_eq(said.problems, N_ROWS(how));
	ck_assert_uint_eq(said.notes, N_ROWS(how));
	server_stop(server, SIGINT);
}
END_TEST

static Suite *loader_kill_suite(void)
{
	Suite *suite = suite_create("loader_kill");
	TCase *tcase = tcase_create("loader_kill");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, killed_at_any_moment, 0, databases_n);
	tcase_add_test(tcase, server_stops_and_starts);
	suite_add_tcase(suite, tcase);
	return suite;
}

DATABASES_MAIN(loader_kill_suite())
