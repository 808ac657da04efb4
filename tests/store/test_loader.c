/* The loader against files that are cut, compressed, removed and full of junk, and
 * against a store that comes and goes. The store is one in memory (fake_store.h);
 * with real databases and kills: test_loader_kill.c. */
#include "store/loader.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "store/fake_store.h"
#include "store/journal_files.h"
#include "testmain.h"

#define GOOD(n) "{\"v\":1,\"id\":\"mx1-1-" n "\",\"when\":\"2026-05-04T10:20:30.123Z\",\"exempt\":\"no\"}\n"
#define FILE_1 "mx1-20260504.jsonl"
#define FILE_2 "mx1-20260505.jsonl"
#define PATIENCE_MS 60000

/* ---- a directory of one's own, and what is in it ---- */

static char directory[64];

static const char *path_of(const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void put(const char *name, const char *mode, const char *text, size_t len)
{
	FILE *file = fopen(path_of(name), mode);

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static void put_text(const char *name, const char *text)
{
	put(name, "w", text, strlen(text));
}

static void append_text(const char *name, const char *text)
{
	put(name, "a", text, strlen(text));
}

static void put_gz(const char *name, const char *text, size_t len)
{
	gzFile gz = gzopen(path_of(name), "wb");

	ck_assert_int_eq(gzwrite(gz, text, (unsigned)len), (int)len);
	ck_assert_int_eq(gzclose(gz), Z_OK);
}

/* `n` lines from number `first` on. */
static void add_lines(const char *name, unsigned first, unsigned n)
{
	FILE *file = fopen(path_of(name), "a");

	for (unsigned i = first; i < first + n; i++)
		fprintf(file, "{\"v\":1,\"id\":\"mx1-1-%u\",\"when\":\"2026-05-04T10:20:30.123Z\"}\n", i);
	ck_assert_int_eq(fclose(file), 0);
}

static uint64_t size_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(path_of(name), &st), 0);
	return (uint64_t)st.st_size;
}

static struct {
	pthread_mutex_t mutex;
	char text[20000];
} said = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void take_report(void *context, bool is_problem, const char *text)
{
	size_t len;

	ck_assert_ptr_eq(context, &said);
	pthread_mutex_lock(&said.mutex);
	len = strlen(said.text);
	snprintf(said.text + len, sizeof(said.text) - len, "%c %s\n", is_problem ? '!' : '-', text);
	pthread_mutex_unlock(&said.mutex);
}

static unsigned times_said(const char *what)
{
	unsigned n = 0;

	pthread_mutex_lock(&said.mutex);
	for (const char *p = said.text; (p = strstr(p, what)) != NULL; p++)
		n++;
	pthread_mutex_unlock(&said.mutex);
	return n;
}

static void set_up(void)
{
	snprintf(directory, sizeof(directory), "journal-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	said.text[0] = '\0';
	fake_store_reset();
}

static void tear_down(void)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", directory);
	ck_assert_int_eq(system(command), 0);
}

static struct loader_options usual(void)
{
	return (struct loader_options){
		.directory = directory, .poll_ms = 5, .report = take_report, .report_context = &said,
	};
}

static struct loader_counts run(const struct loader_options *options)
{
	struct loader_counts counts;
	const char *error = NULL;

	ck_assert_msg(loader_run(options, NULL, NULL, &counts, &error) == 0, "%s", error);
	return counts;
}

static struct loader_counts run_usual(void)
{
	const struct loader_options options = usual();

	return run(&options);
}

/* ---- what stands in the files ---- */

static const struct {
	const char *name, *text;
	unsigned loaded, refused;
	const char *said;
} bad_lines[] = {
	{ "none", GOOD("1") GOOD("2"), 2, 0, NULL },
	{ "blank", "\n" GOOD("1") "\n\n" GOOD("2"), 2, 0, NULL },
	{ "cut short", GOOD("1") "{\"v\":1,\"id\":\"mx1-1-9\",\"wh\n" GOOD("2"), 2, 1, FILE_1 ":2: not loaded" },
	{ "newer", GOOD("1") "{\"v\":2,\"id\":\"mx1-1-9\"}\n{\"v\":2}\n" GOOD("2"), 2, 2, "newer than this" },
	{ "no UTF-8", GOOD("1") "{\"v\":1,\"id\":\"\xff\xfe\"}\n" GOOD("2"), 2, 1, ":2: not loaded" },
	{ "no id", GOOD("1") "{\"v\":1,\"when\":\"2026-05-04T10:20:30.123Z\"}\n" GOOD("2"), 2, 1, "no id" },
	{ "no number in the id", GOOD("1") "{\"v\":1,\"id\":\"mx1\",\"when\":\"2026-05-04T10:20:30.123Z\"}\n"
	  GOOD("2"), 2, 1, "no id" },
	{ "too large a number", GOOD("1") GOOD("99999999999999999999") GOOD("2"), 2, 1, "no id" },
	{ "no time", GOOD("1") "{\"v\":1,\"id\":\"mx1-1-9\"}\n" GOOD("2"), 2, 1, "no time" },
	{ "a wrong type", GOOD("1") "{\"v\":1,\"id\":7}\n" GOOD("2"), 2, 1, ":2: not loaded" },
	{ "a NUL", GOOD("1") "@\n" GOOD("2"), 2, 1, ":2: not loaded" },
	{ "a piece at the end", GOOD("1") GOOD("2") "{\"v\":1,", 2, 0, NULL },
	{ "twice", GOOD("1") GOOD("2") GOOD("1"), 2, 0, NULL },
	{ "nothing", "", 0, 0, NULL },
};

static void check_bad_line(int row, const struct loader_counts *counts)
{
	const char *name = bad_lines[row].name;

	ck_assert_msg(counts->loaded == bad_lines[row].loaded, "%s: %u loaded", name, (unsigned)counts->loaded);
	ck_assert_msg(counts->refused == bad_lines[row].refused, "%s: %u refused", name,
		      (unsigned)counts->refused);
	ck_assert_msg(counts->files_left == 0, "%s", name);
	if (bad_lines[row].said == NULL)
		ck_assert_str_eq(said.text, "");
	else
		ck_assert_msg(times_said(bad_lines[row].said) == 1 && times_said("not loaded") == 1, "%s: %s",
			      name, said.text);
}

START_TEST(junk_is_passed_over)
{
	size_t len = strlen(bad_lines[_i].text);
	char *text = mem_strdup(bad_lines[_i].text);
	struct loader_counts counts;

	for (size_t i = 0; i < len; i++)
		text[i] = text[i] == '@' ? '\0' : text[i];
	put(FILE_1, "w", text, len);
	counts = run_usual();
	check_bad_line(_i, &counts);
	/* the second time nothing of it is read again */
	counts = run_usual();
	ck_assert_uint_eq(counts.loaded + counts.known + counts.refused, 0);
	tear_down();
	set_up();
	put_gz(FILE_1 ".gz", text, len);
	counts = run_usual();
	check_bad_line(_i, &counts);
	free(text);
}
END_TEST

START_TEST(huge_line_is_passed_over)
{
	const size_t len = 10u << 20;
	char *huge = mem_alloc(len);
	struct loader_counts counts;

	memset(huge, 'x', len);
	put_text(FILE_1, GOOD("1"));
	put(FILE_1, "a", huge, len);
	ck_assert_uint_eq(run_usual().refused, 0);              /* it has no end yet */
	append_text(FILE_1, "\n" GOOD("2"));
	counts = run_usual();
	ck_assert_uint_eq(counts.loaded, 1);
	ck_assert_uint_eq(counts.refused, 1);
	ck_assert_uint_eq(times_said(FILE_1 ":2: not loaded: longer than"), 1);
	ck_assert_uint_eq(fake_store_octets(FILE_1), size_of(FILE_1));
	free(huge);
}
END_TEST

/* ---- places ---- */

START_TEST(goes_on_where_it_was)
{
	struct loader_counts counts;

	put_text(FILE_1, GOOD("1") GOOD("2") "{\"v\":1,");
	ck_assert_uint_eq(run_usual().loaded, 2);
	append_text(FILE_1, "\"id\":\"mx1-1-3\",\"when\":\"2026-05-04T10:20:30.123Z\"}\n" GOOD("4"));
	counts = run_usual();
	ck_assert_uint_eq(counts.loaded, 2);
	ck_assert_uint_eq(counts.known, 0);
	ck_assert(fake_store_has("mx1-1-3") && fake_store_has("mx1-1-4"));
	ck_assert_str_eq(said.text, "");
}
END_TEST

START_TEST(compressed_keeps_its_place)
{
	static const char text[] = GOOD("1") GOOD("2") GOOD("3");
	struct loader_counts counts;

	put_text(FILE_1, GOOD("1") GOOD("2"));
	ck_assert_uint_eq(run_usual().loaded, 2);
	put_gz(FILE_1 ".gz", text, sizeof(text) - 1);
	counts = run_usual();                   /* both are there: a crash left the plain one */
	ck_assert_uint_eq(counts.loaded, 1);
	ck_assert_uint_eq(counts.known, 0);
	ck_assert_uint_eq(counts.files_left, 0);
	ck_assert_int_eq(unlink(path_of(FILE_1)), 0);
	counts = run_usual();
	ck_assert_uint_eq(counts.loaded + counts.known + counts.bytes, 0);
	ck_assert_uint_eq(counts.files_left, 0);
	ck_assert_str_eq(said.text, "");
}
END_TEST

static const struct {
	const char *name, *now;
	unsigned loaded, known;
	const char *said;
} replaced[] = {
	{ "empty", "", 0, 0, " is shorter than the " },
	{ "begun anew", GOOD("7"), 1, 0, " is another file " },
	{ "half of it", GOOD("1"), 0, 1, " is shorter than the " },
	{ "another one", GOOD("11") GOOD("12") GOOD("13"), 3, 0, " is another file " },
	{ "another one, as long", GOOD("4") GOOD("5") GOOD("6"), 3, 0, " is another file " },
	{ "a longer one whose third line ends there", GOOD("4") GOOD("5") GOOD("6") GOOD("7"), 4, 0,
	  " is another file " },
};

START_TEST(replaced_is_said_and_goes_on)
{
	struct loader_counts counts;

	put_text(FILE_1, GOOD("1") GOOD("2") GOOD("3"));
	run_usual();
	put_text(FILE_1, replaced[_i].now);
	counts = run_usual();
	ck_assert_msg(counts.loaded == replaced[_i].loaded && counts.known == replaced[_i].known, "%s",
		      replaced[_i].name);
	ck_assert_msg(times_said("! " FILE_1) == 1 && times_said(replaced[_i].said) == 1, "%s: %s",
		      replaced[_i].name, said.text);
	run_usual();
	ck_assert_uint_eq(times_said("! " FILE_1), 1);
	append_text(FILE_1, GOOD("8"));
	ck_assert_uint_eq(run_usual().loaded, 1);
	ck_assert_uint_eq(fake_store_octets(FILE_1), size_of(FILE_1));
}
END_TEST

START_TEST(by_id_alone_needs_no_place)
{
	struct loader_options options = usual();
	struct loader_counts counts;

	options.by_id_alone = true;
	put_text(FILE_1, GOOD("1") GOOD("2"));
	ck_assert_uint_eq(run(&options).loaded, 2);
	ck_assert_uint_eq(fake_store_octets(FILE_1), 0);
	append_text(FILE_1, GOOD("3"));
	counts = run(&options);
	ck_assert_uint_eq(counts.loaded, 1);
	ck_assert_uint_eq(counts.known, 2);
}
END_TEST

/* Lines that are refused are counted anew each time, also of a place that another has. */
START_TEST(by_id_alone_counts_refused)
{
	struct loader_options options = usual();

	options.by_id_alone = true;
	put_text(FILE_1, GOOD("1") "rubbish\n" "more of it\n");
	run(&options);
	ck_assert_uint_eq(fake_store_refused(FILE_1), 2);
	run(&options);
	ck_assert_uint_eq(fake_store_refused(FILE_1), 2);
	run_usual();
	ck_assert_uint_eq(fake_store_refused(FILE_1), 2);
	put_text(FILE_1, GOOD("1") GOOD("2") "more of it\n");
	options.files_of = "/srv/mx2";
	run(&options);
	ck_assert_uint_eq(fake_store_refused(FILE_1), 2);
	ck_assert_uint_eq(fake_store_refused("/srv/mx2/" FILE_1), 1);
	options.files_of = NULL;
	run(&options);
	ck_assert_uint_eq(fake_store_refused(FILE_1), 1);
}
END_TEST

/* ---- what happens while it is read ---- */

struct event {
	void (*happens)(void);
	unsigned calls;
	bool stops;
	uint64_t bytes_in_all;
};

static bool on_progress(void *context, const struct loader_counts *counts, uint64_t bytes_in_all)
{
	struct event *event = context;

	ck_assert_uint_le(counts->bytes, bytes_in_all);
	event->bytes_in_all = bytes_in_all;
	if (event->calls++ == 0 && event->happens != NULL)
		event->happens();
	return !event->stops;
}

static struct loader_counts run_with(struct event *event)
{
	struct loader_options options = usual();
	struct loader_counts counts;
	const char *error = NULL;

	options.batch_lines = 10;
	ck_assert_msg(loader_run(&options, on_progress, event, &counts, &error) == 0, "%s", error);
	return counts;
}

static void truncate_first(void)
{
	ck_assert_int_eq(truncate(path_of(FILE_1), 0), 0);
	add_lines(FILE_1, 100000, 3);
}

START_TEST(truncated_while_it_is_read)
{
	struct event event = { .happens = truncate_first };

	add_lines(FILE_1, 1, 20000);
	run_with(&event);
	ck_assert_uint_lt(fake_store_lines(), 20000);
	run_usual();
	ck_assert_uint_eq(times_said("! " FILE_1 " is another file"), 1);
	ck_assert(fake_store_has("mx1-1-100002"));
	ck_assert_uint_eq(fake_store_octets(FILE_1), size_of(FILE_1));
}
END_TEST

static void remove_second(void)
{
	ck_assert_int_eq(unlink(path_of(FILE_1)), 0);
	ck_assert_int_eq(unlink(path_of(FILE_2)), 0);
}

START_TEST(files_vanish)
{
	struct event event = { .happens = remove_second };

	add_lines(FILE_1, 1, 25);
	add_lines(FILE_2, 101, 25);
	ck_assert_uint_eq(run_with(&event).loaded, 25);         /* the open one is read to its end */
	ck_assert_uint_eq(run_usual().files_left, 0);
	ck_assert_str_eq(said.text, "");
}
END_TEST

static bool never(void *context)
{
	(void)context;
	return true;
}

static void compress_second(void)
{
	struct arena *arena = arena_new();
	const char *error;

	ck_assert_int_eq(journal_file_compress(arena, directory, FILE_2, never, NULL, &error), 0);
	arena_free(arena);
}

START_TEST(compressed_while_it_is_read)
{
	struct event event = { .happens = compress_second };

	add_lines(FILE_1, 1, 25);
	add_lines(FILE_2, 101, 25);
	ck_assert_uint_eq(run_with(&event).loaded, 50);
	ck_assert_uint_eq(run_usual().bytes, 0);
	ck_assert_str_eq(said.text, "");
}
END_TEST

START_TEST(progress_knows_the_whole)
{
	struct event event = { 0 };

	add_lines(FILE_1, 1, 25);
	add_lines(FILE_2, 101, 25);
	compress_second();
	ck_assert_uint_eq(run_with(&event).bytes, event.bytes_in_all);
	ck_assert_uint_ge(event.calls, 6);
	add_lines(FILE_1, 201, 25);
	event = (struct event){ .stops = true };
	ck_assert_uint_eq(run_with(&event).loaded, 10);
	ck_assert_uint_eq(event.calls, 1);
	ck_assert_uint_eq(run_usual().loaded, 15);
}
END_TEST

START_TEST(damaged_gz)
{
	struct loader_counts counts;
	static char text[200000];
	size_t len = 0;

	for (unsigned i = 1; len < sizeof(text) - 100; i++)
		len += (size_t)snprintf(text + len, 100, GOOD("%u%u"), i, i * 2654435761u);
	put_gz(FILE_1 ".gz", text, len);
	ck_assert_int_eq(truncate(path_of(FILE_1 ".gz"), (off_t)size_of(FILE_1 ".gz") / 2), 0);
	put_text(FILE_2, GOOD("1"));
	counts = run_usual();
	ck_assert(fake_store_has("mx1-1-1") && counts.loaded > 10);
	ck_assert_uint_eq(counts.refused, 1);
	ck_assert_uint_eq(times_said("the file is damaged"), 1);
	ck_assert_uint_eq(counts.files_left, 0);
}
END_TEST

START_TEST(no_directory_is_an_error)
{
	struct loader_options options = usual();
	struct loader_counts counts;
	const char *error = NULL;

	options.directory = "/nonexistent";
	ck_assert_int_eq(loader_run(&options, NULL, NULL, &counts, &error), -1);
	ck_assert_ptr_nonnull(strstr(error, "/nonexistent"));
	fake_store_set_up(false);
	ck_assert_int_eq(loader_run(&options, NULL, NULL, &counts, &error), -1);
	ck_assert_str_eq(error, "nobody is there");
}
END_TEST

/* ---- a store that fails ---- */

/* Whatever call it is that fails: in the end each line is there once. */
START_TEST(any_call_may_fail)
{
	unsigned failures = 0;

	for (unsigned n = 1; n < 120; n++) {
		struct loader_options options = usual();
		struct loader_counts counts;
		const char *error = NULL;

		unlink(path_of(FILE_1));        /* a shell for each round costs most of it */
		unlink(path_of(FILE_2));
		fake_store_reset();
		options.batch_lines = 7;
		add_lines(FILE_1, 1, 30);
		add_lines(FILE_2, 31, 30);
		fake_store_fail_at(n);
		while (loader_run(&options, NULL, NULL, &counts, &error) != 0) {
			ck_assert_str_eq(error, "the connection is lost");
			ck_assert_uint_eq(fake_store_lines() % 30 % 7 == 0 || fake_store_lines() == 30, true);
			failures++;
		}
		ck_assert_uint_eq(fake_store_lines(), 60);
		ck_assert_uint_eq(fake_store_octets(FILE_1), size_of(FILE_1));
		ck_assert_uint_eq(fake_store_octets(FILE_2), size_of(FILE_2));
	}
	ck_assert_uint_gt(failures, 80);
}
END_TEST

static struct loader *start(unsigned batch_lines)
{
	struct loader_options options = usual();
	const char *error = NULL;
	struct loader *loader;

	options.batch_lines = batch_lines;
	loader = loader_start(&options, &error);
	ck_assert_msg(loader != NULL, "%s", error);
	return loader;
}

/* A minute at most, for a loaded machine. */
static void wait_for_lines(unsigned n)
{
	for (int i = 0; i < 6000 && fake_store_lines() != n; i++)
		usleep(10000);
	ck_assert_uint_eq(fake_store_lines(), n);
}

static void wait_for_word(const char *what, unsigned n)
{
	for (int i = 0; i < 6000 && times_said(what) < n; i++)
		usleep(10000);
	ck_assert_msg(times_said(what) == n, "%s", said.text);
}

START_TEST(thread_follows_the_journal)
{
	struct loader *loader;
	struct loader_counts counts;

	add_lines(FILE_1, 1, 25);
	loader = start(10);
	wait_for_lines(25);
	add_lines(FILE_1, 26, 1);
	wait_for_lines(26);
	add_lines(FILE_2, 27, 5);
	compress_second();
	wait_for_lines(31);                     /* which are counted a moment later */
	ck_assert(loader_stop(loader, PATIENCE_MS, &counts));
	ck_assert_uint_eq(counts.loaded, 31);
	ck_assert_uint_eq(counts.known, 0);
	ck_assert_str_eq(said.text, "");
	ck_assert_uint_eq(fake_store_opened(), 1);
	ck_assert_uint_eq(fake_store_prunes(), 3);      /* to the end of a round, once an hour */
}
END_TEST

START_TEST(store_comes_and_goes)
{
	struct loader *loader;

	fake_store_set_up(false);
	add_lines(FILE_1, 1, 25);
	loader = start(10);
	wait_for_word("! store is down: nobody is there; mail goes on", 1);
	usleep(100000);
	fake_store_set_up(true);
	wait_for_lines(25);
	wait_for_word("- store is back", 1);
	fake_store_set_up(false);
	add_lines(FILE_1, 26, 25);
	wait_for_word("! store is down: the connection is lost", 1);
	usleep(100000);
	ck_assert_uint_eq(times_said("store is down"), 2);
	fake_store_set_up(true);
	wait_for_lines(50);
	wait_for_word("- store is back", 2);
	ck_assert(loader_stop(loader, PATIENCE_MS, NULL));
	ck_assert_uint_eq(times_said("\n"), 4);
}
END_TEST

START_TEST(whole_files_are_known)
{
	struct loader *loader;

	add_lines(FILE_1, 1, 25);
	put_text(FILE_2, GOOD("101"));
	loader = start(10);
	wait_for_lines(26);
	for (int i = 0; i < 6000 && !loader_has_whole(loader, FILE_2); i++)
		usleep(10000);
	ck_assert(loader_has_whole(loader, FILE_1) && loader_has_whole(loader, FILE_2));
	ck_assert(!loader_has_whole(loader, "mx1-20260506.jsonl"));
	fake_store_set_up(false);
	append_text(FILE_2, GOOD("102"));
	ck_assert(!loader_has_whole(loader, FILE_2));
	ck_assert(loader_has_whole(loader, FILE_1));
	wait_for_word("store is down", 1);
	ck_assert(!loader_has_whole(loader, FILE_2));
	fake_store_set_up(true);
	wait_for_lines(27);
	compress_second();
	for (int i = 0; i < 6000 && !loader_has_whole(loader, FILE_2 ".gz"); i++)
		usleep(10000);
	ck_assert(loader_has_whole(loader, FILE_2 ".gz"));
	ck_assert(!loader_has_whole(loader, FILE_2));
	ck_assert(loader_stop(loader, PATIENCE_MS, NULL));
}
END_TEST

START_TEST(another_database_gets_all)
{
	struct loader *loader;

	add_lines(FILE_1, 1, 25);
	add_lines(FILE_2, 26, 25);
	compress_second();
	loader = start(10);
	wait_for_lines(50);
	fake_store_set_up(false);
	append_text(FILE_1, GOOD("101"));
	wait_for_word("store is down", 1);
	fake_store_forget();
	fake_store_set_up(true);
	wait_for_lines(51);
	ck_assert(loader_stop(loader, PATIENCE_MS, NULL));
}
END_TEST

/* A database that does not answer holds nobody; the thread ends when it does. */
START_TEST(stop_does_not_wait_for_ever)
{
	struct loader *loader;

	fake_store_hang(true);
	add_lines(FILE_1, 1, 25);
	loader = start(10);
	while (fake_store_opened() == 0)        /* from here on it goes on to a line */
		usleep(1000);
	ck_assert(!loader_stop(loader, 30, NULL));
	ck_assert_uint_eq(fake_store_lines(), 0);
	fake_store_hang(false);
	wait_for_lines(10);                     /* the batch under way */
	usleep(50000);
	ck_assert_uint_eq(fake_store_lines(), 10);
}
END_TEST

static Suite *loader_suite(void)
{
	Suite *suite = suite_create("loader");
	TCase *tcase = tcase_create("loader");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, junk_is_passed_over, 0, N_ROWS(bad_lines));
	tcase_add_test(tcase, huge_line_is_passed_over);
	tcase_add_test(tcase, goes_on_where_it_was);
	tcase_add_test(tcase, compressed_keeps_its_place);
	tcase_add_loop_test(tcase, replaced_is_said_and_goes_on, 0, N_ROWS(replaced));
	tcase_add_test(tcase, by_id_alone_needs_no_place);
	tcase_add_test(tcase, by_id_alone_counts_refused);
	tcase_add_test(tcase, truncated_while_it_is_read);
	tcase_add_test(tcase, files_vanish);
	tcase_add_test(tcase, compressed_while_it_is_read);
	tcase_add_test(tcase, progress_knows_the_whole);
	tcase_add_test(tcase, damaged_gz);
	tcase_add_test(tcase, no_directory_is_an_error);
	tcase_add_test(tcase, any_call_may_fail);
	tcase_add_test(tcase, thread_follows_the_journal);
	tcase_add_test(tcase, store_comes_and_goes);
	tcase_add_test(tcase, whole_files_are_known);
	tcase_add_test(tcase, another_database_gets_all);
	tcase_add_test(tcase, stop_does_not_wait_for_ever);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(loader_suite())
