/* The journal against disks that are slow, full, read-only, removed or shared,
 * and its reader against what such disks leave behind. */
#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/journal_files.h"
#include "testmain.h"

/* ---- a directory of one's own, and what is in it ---- */

static char base[64], directory[80];

static void make_directory(void)
{
	snprintf(base, sizeof(base), "journal-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(directory, sizeof(directory), "%s/journal", base);
}

static void remove_tree(const char *path)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", path);
	ck_assert_int_eq(system(command), 0);
}

static void remove_directory(void)
{
	remove_tree(base);
}

static const char *path_of(const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void put_file(const char *name, const char *text, size_t len)
{
	FILE *file = fopen(path_of(name), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static void put_gz(const char *name, const char *text, size_t len)
{
	gzFile gz = gzopen(path_of(name), "wb");

	ck_assert_int_eq(gzwrite(gz, text, (unsigned)len), (int)len);
	ck_assert_int_eq(gzclose(gz), Z_OK);
}

static bool exists(const char *name)
{
	struct stat st;

	return stat(path_of(name), &st) == 0;
}

/* Waits (most of a test's time, for a loaded machine) until the keeper has done it. */
static bool comes_true(bool (*is_true)(void *context), void *context)
{
	for (int i = 0; i < 4000; i++) {
		if (is_true(context))
			return true;
		usleep(10000);
	}
	return false;
}

static bool is_there(void *name)
{
	return exists(name);
}

static bool is_gone(void *name)
{
	return !exists(name);
}

/* All lines, joined with "|"; ends reading at a line "stop". */
struct gathered {
	struct buf text;
	unsigned n;
	uint64_t skipped;
};

static bool gather(void *context, const char *file, uint64_t line_no, struct slice line)
{
	struct gathered *g = context;

	ck_assert(strchr(file, '/') == NULL && line_no > 0);
	g->n++;
	buf_add_slice(&g->text, slice_until(line, 60));
	buf_add_char(&g->text, '|');
	return !slice_is(line, "stop");
}

static const char *read_all(struct gathered *g, int64_t since_ms)
{
	const char *error = NULL;

	memset(g, 0, sizeof(*g));
	buf_init(&g->text, 10000000);
	ck_assert_msg(journal_read(directory, since_ms, gather, g, &g->skipped, &error) == 0, "%s", error);
	return buf_str(&g->text);
}

#define FILE_OF_DAY "mx1.example.com-20260504.jsonl"

/* ---- a journal with what it says ---- */

static struct {
	pthread_mutex_t mutex;
	struct buf text;
	unsigned n;
} reports = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void take_report(void *context, const char *text)
{
	pthread_mutex_lock(&reports.mutex);
	ck_assert_ptr_eq(context, &reports);
	if (reports.n++ == 0)
		buf_init(&reports.text, 100000);
	buf_printf(&reports.text, "%s\n", text);
	pthread_mutex_unlock(&reports.mutex);
}

static unsigned count_reports(const char *what)
{
	unsigned n = 0;

	pthread_mutex_lock(&reports.mutex);
	for (const char *p = buf_str(&reports.text); (p = strstr(p, what)) != NULL; p++)
		n++;
	pthread_mutex_unlock(&reports.mutex);
	return n;
}

static bool was_said(void *what)
{
	return count_reports(what) > 0;
}

static atomic_llong fake_ms;

static int64_t fake_clock(void)
{
	return atomic_load(&fake_ms);
}

#define NOON 1777896000000      /* 2026-05-04T12:00Z */
#define NEVER_MS 3600000        /* the test's own time-out comes before */

static struct journal_options usual(void)
{
	atomic_store(&fake_ms, NOON);
	return (struct journal_options){
		.directory = directory, .host = "mx1.example.com", .sync_ms = 1000, .wait_ms = NEVER_MS,
		.check_ms = 20, .utc_ms = fake_clock, .report = take_report, .report_context = &reports,
	};
}

static struct journal *open_journal(const struct journal_options *options)
{
	const char *error = NULL;
	struct journal *journal = journal_open(options, &error);

	ck_assert_msg(journal != NULL, "%s", error);
	return journal;
}

static bool append(struct journal *journal, const char *text)
{
	char line[300];

	snprintf(line, sizeof(line), "%s\n", text);
	return journal_append(journal, slice_of(line));
}

static struct journal_counts counts_of(struct journal *journal)
{
	struct journal_counts counts;

	journal_counts(journal, &counts);
	return counts;
}

static bool nothing_waits(void *journal)
{
	return counts_of(journal).waiting == 0;
}

/* Of a journal that nobody waited for: the line was written, or it is said again. */
static bool has_ended(void *line)
{
	struct gathered g;
	bool is_there = strstr(read_all(&g, 0), line) != NULL;

	buf_done(&g.text);
	return is_there || count_reports("1 decisions were not journaled") > 1;
}

/* ---- appending ---- */

START_TEST(lines_are_in_the_file_at_once)
{
	struct journal_options options = usual();
	struct journal *journal;
	struct gathered g;
	struct stat st;
	mode_t before = umask(0077);

	options.sync_ms = _i == 0 ? 1000 : 0;
	journal = open_journal(&options);
	umask(before);
	ck_assert(append(journal, "one") && append(journal, "two"));
	ck_assert_str_eq(read_all(&g, 0), "one|two|");
	ck_assert_int_eq(stat(path_of("mx1.example.com-20260504.jsonl"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_uint_eq(counts_of(journal).written, 2);
	ck_assert_uint_eq(counts_of(journal).bytes, 8);
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
	journal = open_journal(&options);
	ck_assert(append(journal, "three"));
	ck_assert_str_eq(read_all(&g, 0), "one|two|three|");
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
	journal_close(NULL, NEVER_MS);
	ck_assert_uint_eq(reports.n, 0);
}
END_TEST

static void take_ids(char ids[2][128])
{
	struct journal_options options = usual();
	struct journal *journal = open_journal(&options);

	for (int i = 0; i < 2; i++)
		journal_next_id(journal, ids[i]);
	journal_close(journal, NEVER_MS);
}

/* Also when a host starts two daemons in the same millisecond. */
START_TEST(ids_are_unique)
{
	char ids[2][128], others[2][128], wanted[2][128];
	int ends[2];

	for (int i = 0; i < 2; i++)
		snprintf(wanted[i], sizeof(wanted[i]), "mx1.example.com-1777896000000.%ld-%d", (long)getpid(),
			 i + 1);
	take_ids(ids);
	ck_assert_str_eq(ids[0], wanted[0]);
	ck_assert_str_eq(ids[1], wanted[1]);
	ck_assert_int_eq(pipe(ends), 0);
	if (fork() == 0) {
		take_ids(others);
		_exit(write(ends[1], others, sizeof(others)) != sizeof(others));
	}
	ck_assert_int_eq(read(ends[0], others, sizeof(others)), sizeof(others));
	ck_assert_str_ne(others[0], ids[0]);
	ck_assert_str_ne(others[1], ids[1]);
	wait(NULL);
}
END_TEST

/* A crash left half a line: it must not swallow the next one. */
START_TEST(new_line_starts_a_line)
{
	struct journal_options options = usual();
	struct journal *journal;
	struct gathered g;

	ck_assert_int_eq(mkdir(directory, 0700), 0);
	put_file("mx1.example.com-20260504.jsonl", "whole\n{\"v\":1,\"id", 16);
	journal = open_journal(&options);
	ck_assert_str_eq(read_all(&g, 0), "whole|");
	buf_done(&g.text);
	ck_assert(append(journal, "next"));
	ck_assert_str_eq(read_all(&g, 0), "whole|{\"v\":1,\"id|next|");
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
}
END_TEST

static const struct {
	const char *name, *directory, *host, *wanted;
} impossible[] = {
	{ "no parent", "/nonexistent/journal", "mx1", "does not exist" },
	{ "a file", "/dev/null", "mx1", "not a directory" },
	{ "host with a slash", NULL, "../mx1", "host" },
	{ "no host", NULL, "", "host" },
	{ "hidden host", NULL, ".mx1", "host" },
};

START_TEST(impossible_is_said_at_once)
{
	struct journal_options options = usual();
	const char *error = NULL;

	if (impossible[_i].directory != NULL)
		options.directory = impossible[_i].directory;
	options.host = impossible[_i].host;
	ck_assert_msg(journal_open(&options, &error) == NULL, "%s", impossible[_i].name);
	ck_assert_msg(strstr(error, impossible[_i].wanted) != NULL, "%s: %s", impossible[_i].name, error);
}
END_TEST

/* ---- rotation, compression ---- */

START_TEST(size_rotates_and_compresses)
{
	struct journal_options options = usual();
	struct journal *journal;
	struct gathered g;
	struct stat st;
	struct buf wanted;

	options.max_file_bytes = 100;
	buf_init(&wanted, 10000);
	journal = open_journal(&options);
	for (int i = 0; i < 50; i++) {
		char text[20];

		snprintf(text, sizeof(text), "line %04d", i);   /* 10 octets: ten to a file */
		ck_assert(append(journal, text));
		buf_printf(&wanted, "%s|", text);
	}
	ck_assert(comes_true(is_there, "mx1.example.com-20260504.jsonl.gz"));
	ck_assert(comes_true(is_there, "mx1.example.com-20260504.3.jsonl.gz"));
	ck_assert(comes_true(is_gone, "mx1.example.com-20260504.3.jsonl"));
	ck_assert(exists("mx1.example.com-20260504.4.jsonl"));
	ck_assert_int_eq(stat(path_of("mx1.example.com-20260504.3.jsonl.gz"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_str_eq(read_all(&g, 0), buf_str(&wanted));
	ck_assert_uint_eq(g.skipped, 0);
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
	/* the last file is full: the next start goes on with the next number */
	journal = open_journal(&options);
	ck_assert(append(journal, "again"));
	ck_assert(exists("mx1.example.com-20260504.5.jsonl"));
	journal_close(journal, NEVER_MS);
	buf_done(&wanted);
}
END_TEST

START_TEST(day_rotates)
{
	struct journal_options options = usual();
	struct journal *journal = open_journal(&options);
	struct gathered g;

	ck_assert(append(journal, "monday"));
	atomic_store(&fake_ms, NOON + JOURNAL_DAY_MS);
	if (_i == 0)
		ck_assert(append(journal, "tuesday"));
	/* with no further line the file is left too, within a second */
	ck_assert(comes_true(is_there, "mx1.example.com-20260504.jsonl.gz"));
	ck_assert(comes_true(is_gone, "mx1.example.com-20260504.jsonl"));
	if (_i == 1)
		ck_assert(append(journal, "tuesday"));
	ck_assert(exists("mx1.example.com-20260505.jsonl"));
	ck_assert_str_eq(read_all(&g, 0), "monday|tuesday|");
	buf_done(&g.text);
	ck_assert_str_eq(read_all(&g, NOON + JOURNAL_DAY_MS / 2 - 1), "monday|tuesday|");
	buf_done(&g.text);
	ck_assert_str_eq(read_all(&g, NOON + JOURNAL_DAY_MS / 2), "tuesday|");
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
}
END_TEST

/* What an earlier run left: plain files of past days, temporary ones, a plain
 * one beside its .gz. Others' files stay as they are. */
START_TEST(start_tidies_up)
{
	struct journal_options options = usual();
	struct journal *journal;
	struct gathered g;

	ck_assert_int_eq(mkdir(directory, 0700), 0);
	put_file("mx1.example.com-20260501.jsonl", "friday\n", 7);
	put_file("mx1.example.com-20260502.jsonl", "saturday\n", 9);
	put_gz("mx1.example.com-20260502.jsonl.gz", "saturday\n", 9);
	put_file(".mx1.example.com-20260502.jsonl.gz.tmp", "torn", 4);
	put_file(".mx2.example.com-20260502.jsonl.gz.tmp", "torn", 4);
	put_file("mx2.example.com-20260501.jsonl", "other\n", 6);
	put_file("notes.txt", "x\n", 2);
	ck_assert_str_eq(read_all(&g, 0), "friday|other|saturday|");
	buf_done(&g.text);
	journal = open_journal(&options);
	ck_assert(comes_true(is_gone, "mx1.example.com-20260501.jsonl"));
	ck_assert(comes_true(is_gone, "mx1.example.com-20260502.jsonl"));
	ck_assert(!exists(".mx1.example.com-20260502.jsonl.gz.tmp"));
	ck_assert(exists(".mx2.example.com-20260502.jsonl.gz.tmp"));
	ck_assert(exists("mx2.example.com-20260501.jsonl") && exists("notes.txt"));
	ck_assert_str_eq(read_all(&g, 0), "friday|other|saturday|");
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
}
END_TEST

/* ---- bounds ---- */

static void put_days(void)
{
	ck_assert_int_eq(mkdir(directory, 0700), 0);
	for (int day = 1; day <= 3; day++) {
		char name[64], text[1000];

		snprintf(name, sizeof(name), "mx1.example.com-2026050%d.jsonl.gz", day);
		memset(text, 'a' + day, sizeof(text));
		put_file(name, text, sizeof(text));     /* its size counts, not its content */
	}
	put_file("mx2.example.com-20200101.jsonl", "other\n", 6);
}

START_TEST(old_days_go)
{
	struct journal_options options = usual();
	struct journal *journal;

	put_days();
	options.keep_days = 2;
	journal = open_journal(&options);
	ck_assert(append(journal, "today"));
	ck_assert(comes_true(is_gone, "mx1.example.com-20260501.jsonl.gz"));
	ck_assert(exists("mx1.example.com-20260502.jsonl.gz"));
	ck_assert(exists("mx2.example.com-20200101.jsonl"));
	journal_close(journal, NEVER_MS);
	ck_assert_uint_eq(reports.n, 0);
}
END_TEST

START_TEST(oldest_go_for_space)
{
	struct journal_options options = usual();
	struct journal *journal;

	put_days();
	options.max_bytes = 2500;
	journal = open_journal(&options);
	ck_assert(comes_true(is_gone, "mx1.example.com-20260501.jsonl.gz"));
	ck_assert(append(journal, "today"));
	usleep(100000);
	ck_assert(exists("mx1.example.com-20260502.jsonl.gz"));
	ck_assert(exists("mx1.example.com-20260503.jsonl.gz"));
	/* a file of a quarter of the bound ends itself, so the bound can be kept */
	for (int i = 0; i < 1000; i++) {
		ck_assert(append(journal, "line of the day which is rather long, forty octets at least"));
		if (i % 10 == 0)
			usleep(1000);
	}
	ck_assert(comes_true(is_gone, "mx1.example.com-20260503.jsonl.gz"));
	journal_close(journal, NEVER_MS);
}
END_TEST

static bool is_second(void *context, const char *file)
{
	ck_assert_ptr_eq(context, &reports);
	return strstr(file, "20260502") != NULL;
}

/* What the store has goes first, whatever its age; then the oldest, which is said. */
START_TEST(loaded_go_first_for_space)
{
	struct journal_options options = usual();
	struct journal *journal;

	put_days();
	options.max_bytes = 2500;
	options.is_loaded = is_second;
	options.is_loaded_context = &reports;
	journal = open_journal(&options);
	ck_assert(comes_true(is_gone, "mx1.example.com-20260502.jsonl.gz"));
	ck_assert(exists("mx1.example.com-20260501.jsonl.gz"));
	ck_assert(exists("mx1.example.com-20260503.jsonl.gz"));
	usleep(100000);
	ck_assert_uint_eq(reports.n, 0);
	options.max_bytes = 1500;
	journal_set(journal, &options);
	ck_assert(comes_true(is_gone, "mx1.example.com-20260501.jsonl.gz"));
	ck_assert(exists("mx1.example.com-20260503.jsonl.gz"));
	ck_assert(comes_true(was_said, "before they were in the store: 1;"));
	journal_close(journal, NEVER_MS);
}
END_TEST

/* The writer may have gone on to the next file since its name was asked. */
START_TEST(newest_stays)
{
	static const char before[] = "mx1.example.com-20260503.jsonl", next[] = "mx1.example.com-20260504.1.jsonl";
	const struct journal_bounds bounds = { .max_bytes = 1 };
	struct arena *arena = arena_new();
	const char *error = NULL;
	unsigned unloaded;

	ck_assert_int_eq(mkdir(directory, 0750), 0);
	put_file(before, "one\n", 4);
	put_file(FILE_OF_DAY, "two\n", 4);
	put_file(next, "three\n", 6);
	ck_assert_int_eq(journal_files_trim(arena, directory, "mx1.example.com", FILE_OF_DAY, &bounds,
					    &unloaded, &error), 1);
	ck_assert(!exists(before) && exists(FILE_OF_DAY) && exists(next));
	arena_free(arena);
}
END_TEST

START_TEST(no_room_stops_writing_not_mail)
{
	struct journal_options options = usual();
	struct journal *journal;
	struct gathered g;

	put_days();
	options.min_free = UINT64_MAX / 2;
	journal = open_journal(&options);
	ck_assert(comes_true(was_said, "writing has stopped"));
	ck_assert(!exists("mx1.example.com-20260503.jsonl.gz"));
	for (int i = 0; i < 20; i++)            /* nobody is held for wait_ms */
		ck_assert(!append(journal, "waits"));
	ck_assert_uint_eq(counts_of(journal).waiting, 20);
	ck_assert_uint_eq(counts_of(journal).unjournaled, 0);
	options.min_free = 0;
	journal_set(journal, &options);
	ck_assert(comes_true(nothing_waits, journal));
	ck_assert(comes_true(was_said, "room again"));
	ck_assert(append(journal, "last"));
	read_all(&g, NOON - JOURNAL_DAY_MS / 2);
	ck_assert_uint_eq(g.n, 21);
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
	ck_assert_uint_eq(count_reports("writing has stopped"), 1);
}
END_TEST

/* ---- disks that fail ---- */

/* Removed under the running process, with and without being made again. */
START_TEST(directory_vanishes)
{
	struct journal_options options = usual();
	struct journal *journal = open_journal(&options);
	struct gathered g;
	char moved[100];

	ck_assert(append(journal, "one"));
	remove_tree(directory);
	if (_i == 1)
		ck_assert_int_eq(mkdir(directory, 0700), 0);
	ck_assert(append(journal, "two"));
	ck_assert_str_eq(read_all(&g, 0), "two|");
	buf_done(&g.text);
	ck_assert_int_eq(unlink(path_of("mx1.example.com-20260504.jsonl")), 0);
	ck_assert(append(journal, "three"));
	ck_assert_str_eq(read_all(&g, 0), "three|");
	buf_done(&g.text);
	/* moved away, and another one put in its place */
	snprintf(moved, sizeof(moved), "%s/moved", base);
	ck_assert_int_eq(rename(path_of("mx1.example.com-20260504.jsonl"), moved), 0);
	put_file("mx1.example.com-20260504.jsonl", "other\n", 6);
	ck_assert(append(journal, "four"));
	ck_assert_str_eq(read_all(&g, 0), "other|four|");
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
}
END_TEST

/* Where nothing can be made, lines wait, and are written when it is back. */
START_TEST(lines_wait_for_the_disk)
{
	struct journal_options options = usual();
	struct journal *journal = open_journal(&options);
	struct gathered g;

	ck_assert(append(journal, "one"));
	remove_tree(base);
	for (int i = 0; i < 50; i++)            /* not for wait_ms */
		ck_assert(!append(journal, "two"));
	ck_assert_uint_eq(counts_of(journal).waiting, 50);
	ck_assert(comes_true(was_said, "cannot write"));
	usleep(700000);                         /* some tries more, not said again */
	ck_assert_int_eq(mkdir(base, 0700), 0);
	ck_assert(comes_true(nothing_waits, journal));
	ck_assert(append(journal, "three"));
	read_all(&g, 0);
	ck_assert_uint_eq(g.n, 51);
	buf_done(&g.text);
	ck_assert(comes_true(was_said, "goes on"));
	ck_assert_uint_eq(counts_of(journal).written, 52);
	ck_assert_uint_eq(counts_of(journal).unjournaled, 0);
	journal_close(journal, NEVER_MS);
	ck_assert_uint_eq(count_reports("cannot write"), 1);
}
END_TEST

START_TEST(memory_is_bounded)
{
	struct journal_options options = usual();
	struct journal *journal;

	options.max_memory = 100;
	journal = open_journal(&options);
	remove_tree(base);
	for (int i = 0; i < 1000; i++)
		ck_assert(!append(journal, "123456789"));
	ck_assert_uint_eq(counts_of(journal).waiting, 10);
	ck_assert_uint_eq(counts_of(journal).unjournaled, 990);
	ck_assert(comes_true(was_said, "decisions were not journaled"));
	ck_assert_int_eq(mkdir(base, 0700), 0);
	ck_assert(comes_true(nothing_waits, journal));
	ck_assert(append(journal, "room again"));
	journal_close(journal, NEVER_MS);
	/* once a minute, and the rest at the end */
	ck_assert_uint_le(count_reports("decisions were not journaled"), 2);
}
END_TEST

/* The file cannot grow: a short write first, then EFBIG. */
START_TEST(short_writes_are_mended)
{
	struct journal_options options = usual();
	struct rlimit limit, small = { .rlim_cur = 1234 };
	struct journal *journal;
	struct gathered g;
	unsigned whole = 0, pieces = 0;
	char *rest = NULL;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small.rlim_max = limit.rlim_max;
	journal = open_journal(&options);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 300; i++) {
		char text[20];

		snprintf(text, sizeof(text), "<line %04d>", i);
		append(journal, text);
	}
	ck_assert_uint_eq(counts_of(journal).written, 1234 / 12);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert(comes_true(nothing_waits, journal));
	read_all(&g, 0);
	for (char *line = strtok_r(g.text.data, "|", &rest); line != NULL; line = strtok_r(NULL, "|", &rest)) {
		char wanted[20];

		snprintf(wanted, sizeof(wanted), "<line %04u>", whole);
		whole += strcmp(line, wanted) == 0;
		pieces += strcmp(line, wanted) != 0;
	}
	ck_assert_uint_eq(whole, 300);          /* each once, in order */
	ck_assert_uint_le(pieces, 1);           /* 1234 is no end of a line */
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
}
END_TEST

/* A disk that does not answer: the clock that the writer asks stands in. */
static atomic_bool disk_hangs;

static int64_t hanging_clock(void)
{
	while (atomic_load(&disk_hangs))
		usleep(1000);
	return fake_clock();
}

static void set_wait(struct journal *journal, struct journal_options *options, unsigned wait_ms)
{
	options->wait_ms = wait_ms;
	journal_set(journal, options);
}

START_TEST(slow_disk_holds_nobody)
{
	struct journal_options options = usual();
	struct journal *journal;
	int64_t before;
	struct gathered g;

	options.utc_ms = hanging_clock;
	journal = open_journal(&options);
	ck_assert(append(journal, "one"));
	set_wait(journal, &options, 100);
	atomic_store(&disk_hangs, true);
	before = clock_mono_ms();
	ck_assert(!append(journal, "two"));
	ck_assert_int_ge(clock_mono_ms() - before, 100);
	set_wait(journal, &options, NEVER_MS);
	for (int i = 0; i < 100; i++)           /* the second one does not even try */
		ck_assert(!append(journal, "more"));
	atomic_store(&disk_hangs, false);
	ck_assert(comes_true(nothing_waits, journal));
	ck_assert(append(journal, "last"));
	read_all(&g, 0);
	ck_assert_uint_eq(g.n, 103);
	buf_done(&g.text);
	/* a stop does not wait for it either */
	set_wait(journal, &options, 100);
	atomic_store(&disk_hangs, true);
	ck_assert(!append(journal, "lost"));
	journal_close(journal, 200);
	ck_assert_uint_eq(count_reports("1 decisions were not journaled"), 1);
	atomic_store(&disk_hangs, false);
	ck_assert(comes_true(has_ended, "lost"));
}
END_TEST

START_TEST(close_writes_what_waits)
{
	struct journal_options options = usual();
	struct journal *journal;
	struct gathered g;

	options.wait_ms = 0;
	journal = open_journal(&options);
	for (int i = 0; i < 1000; i++)
		append(journal, "line");
	journal_close(journal, NEVER_MS);
	read_all(&g, 0);
	ck_assert_uint_eq(g.n, 1000);
	buf_done(&g.text);
}
END_TEST

START_TEST(close_says_what_is_lost)
{
	struct journal_options options = usual();
	struct journal *journal = open_journal(&options);

	remove_tree(base);
	append(journal, "lost");
	append(journal, "lost");
	journal_close(journal, 400);
	/* at once, or by the keeper who was left alone with it, since he is slow */
	ck_assert(comes_true(was_said, "2 decisions were not journaled"));
}
END_TEST

/* ---- many at once ---- */

#define THREADS 8
#define EACH 400

struct worker {
	struct journal *journal;
	char name;
};

static void *append_many(void *context)
{
	struct worker *worker = context;

	for (int i = 0; i < EACH; i++) {
		char text[250], id[128];

		memset(text, worker->name, sizeof(text));
		text[20 + i % 200] = '\0';
		journal_next_id(worker->journal, id);
		append(worker->journal, text);
	}
	return NULL;
}

static void run_threads(char first)
{
	struct journal_options options = usual();
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct journal *journal;

	options.max_file_bytes = 50000;
	options.sync_ms = 5;
	options.report = NULL;
	journal = open_journal(&options);
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ journal, (char)(first + i) };
		ck_assert_int_eq(pthread_create(&threads[i], NULL, append_many, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(counts_of(journal).written + counts_of(journal).waiting, THREADS * EACH);
	journal_close(journal, NEVER_MS);
}

static bool count_whole(void *context, const char *file, uint64_t line_no, struct slice line)
{
	unsigned *count = context;

	for (size_t i = 1; i < line.len; i++)
		if (line.data[i] != line.data[0])
			ck_abort_msg("%s:%d is mixed", file, (int)line_no);
	count[(unsigned char)line.data[0]]++;
	return true;
}

/* Threads of one process, and two processes in the same files. */
START_TEST(lines_do_not_mix)
{
	unsigned count[256] = { 0 };
	uint64_t skipped = 0;
	const char *error;
	pid_t child = 0;

	if (_i == 1 && (child = fork()) == 0) {
		run_threads('A');
		_exit(0);
	}
	run_threads('a');
	if (child != 0) {
		int status;

		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(journal_read(directory, 0, count_whole, count, &skipped, &error), 0);
	ck_assert_uint_eq(skipped, 0);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_uint_eq(count['a' + i], EACH);
		ck_assert_uint_eq(count['A' + i], _i == 1 ? EACH : 0);
	}
}
END_TEST

/* What another process does when ours is about to write: it is asked for the lock by then. */
static struct {
	void (*does)(int tries);
	int tries, fd;
} other;

int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);

int __wrap_flock(int fd, int operation)
{
	if (operation == (LOCK_SH | LOCK_NB) && other.does != NULL)
		other.does(++other.tries);
	return __real_flock(fd, operation);
}

/* The end of a compression, in a moment. */
static void replace_file(int tries)
{
	if (tries == 1) {
		other.fd = open(path_of(FILE_OF_DAY), O_RDONLY);
		ck_assert_int_eq(__real_flock(other.fd, LOCK_EX), 0);
	}
	if (tries == 3) {
		ck_assert_int_eq(unlink(path_of(FILE_OF_DAY)), 0);
		close(other.fd);
	}
}

/* The last line that had room, and a compression that takes long to end. */
static void fill_and_hold(int tries)
{
	static const char line[] = "a line that fills the file\n";

	if (tries > 1)
		return;
	other.fd = open(path_of(FILE_OF_DAY), O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(other.fd, line, sizeof(line) - 1), sizeof(line) - 1);
	ck_assert_int_eq(__real_flock(other.fd, LOCK_EX), 0);
}

static struct journal *open_with_a_line(void (*does)(int tries))
{
	struct journal_options options = usual();
	struct journal *journal;

	options.max_file_bytes = 20;
	journal = open_journal(&options);
	ck_assert(append(journal, "one"));
	other.does = does;
	other.tries = 0;
	return journal;
}

START_TEST(line_waits_for_a_file_that_goes)
{
	struct journal *journal = open_with_a_line(replace_file);
	struct gathered g;

	ck_assert(append(journal, "two"));
	other.does = NULL;
	ck_assert_int_ge(other.tries, 3);
	ck_assert_str_eq(read_all(&g, 0), "two|");
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
}
END_TEST

/* It stands in for a second process that is paused before it removes the file. */
START_TEST(line_goes_elsewhere_than_into_a_file_that_goes)
{
	struct journal *journal = open_with_a_line(fill_and_hold);
	struct gathered g;

	ck_assert(append(journal, "two"));
	other.does = NULL;
	ck_assert_int_gt(other.tries, 1);
	ck_assert(exists("mx1.example.com-20260504.1.jsonl"));
	ck_assert_int_eq(unlink(path_of(FILE_OF_DAY)), 0);
	close(other.fd);                        /* our keeper may compress it now */
	ck_assert_ptr_nonnull(strstr(read_all(&g, 0), "two|"));
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
}
END_TEST

START_TEST(a_lock_for_ever_stops_nothing)
{
	struct journal_options options = usual();
	struct journal *journal = open_journal(&options);
	struct gathered g;
	int fd;

	ck_assert(append(journal, "one"));
	fd = open(path_of(FILE_OF_DAY), O_RDONLY);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert(append(journal, "two"));
	ck_assert_str_eq(read_all(&g, 0), "one|two|");
	buf_done(&g.text);
	journal_close(journal, NEVER_MS);
	close(fd);
}
END_TEST

static bool never_ends(void *context)
{
	(void)context;
	return true;
}

START_TEST(compression_leaves_a_file_that_is_written)
{
	struct arena *arena = arena_new();
	const char *error = NULL;
	int fd;

	ck_assert_int_eq(mkdir(directory, 0750), 0);
	put_file(FILE_OF_DAY, "one\n", 4);
	fd = open(path_of(FILE_OF_DAY), O_RDONLY);
	ck_assert_int_eq(flock(fd, LOCK_SH), 0);
	ck_assert_int_eq(journal_file_compress(arena, directory, FILE_OF_DAY, never_ends, NULL, &error), -1);
	ck_assert_ptr_nonnull(strstr(error, "still grows"));
	ck_assert(exists(FILE_OF_DAY) && !exists(FILE_OF_DAY ".gz"));
	close(fd);
	ck_assert_int_eq(journal_file_compress(arena, directory, FILE_OF_DAY, never_ends, NULL, &error), 0);
	ck_assert(!exists(FILE_OF_DAY) && exists(FILE_OF_DAY ".gz"));
	arena_free(arena);
}
END_TEST

START_TEST(two_do_not_compress_one_file)
{
	static const char temporary[] = "." FILE_OF_DAY ".gz.tmp", half[500] = "of another";
	struct arena *arena = arena_new();
	const char *error = "";
	struct stat st;
	int fd;

	ck_assert_int_eq(mkdir(directory, 0750), 0);
	put_file(FILE_OF_DAY, "one\n", 4);
	put_file(temporary, half, sizeof(half));
	fd = open(path_of(temporary), O_RDONLY);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert_int_eq(journal_file_compress(arena, directory, FILE_OF_DAY, never_ends, NULL, &error), -1);
	ck_assert_ptr_null(error);
	journal_files_sweep(directory, "mx1.example.com");
	ck_assert_int_eq(stat(path_of(temporary), &st), 0);
	ck_assert_int_eq(st.st_size, sizeof(half));
	ck_assert(exists(FILE_OF_DAY));
	close(fd);                              /* it was killed */
	ck_assert_int_eq(journal_file_compress(arena, directory, FILE_OF_DAY, never_ends, NULL, &error), 0);
	ck_assert(!exists(FILE_OF_DAY) && !exists(temporary));
	ck_assert_int_eq(stat(path_of(FILE_OF_DAY ".gz"), &st), 0);
	ck_assert_int_lt(st.st_size, 100);      /* nothing of it is left */
	arena_free(arena);
}
END_TEST

static int64_t slow_clock(void)
{
	usleep(500);                            /* the writer is behind */
	return fake_clock();
}

static void append_until_killed(int acknowledged)
{
	struct journal_options options = usual();
	struct journal *journal;

	options.utc_ms = slow_clock;
	journal = open_journal(&options);
	for (;;)
		if (append(journal, "line") && write(acknowledged, "x", 1) != 1)
			_exit(1);
}

/* What append said yes to is there after kill -9. */
START_TEST(nothing_is_lost_by_a_kill)
{
	char answers[4096];
	struct gathered g;
	size_t said = 0;
	int pipes[2];
	ssize_t n;
	pid_t child;

	ck_assert_int_eq(pipe(pipes), 0);
	child = fork();
	if (child == 0)
		append_until_killed(pipes[1]);
	close(pipes[1]);
	while (said < 500 && (n = read(pipes[0], answers, sizeof(answers))) > 0)
		said += (size_t)n;
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	while ((n = read(pipes[0], answers, sizeof(answers))) > 0)
		said += (size_t)n;
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	read_all(&g, 0);
	ck_assert_uint_ge(g.n, said);
	ck_assert_uint_ge(said, 500);
	buf_done(&g.text);
}
END_TEST

/* ---- reading ---- */

static const struct {
	const char *name;
	bool ok;
	unsigned day, number;
	bool compressed;
	const char *host;
} names[] = {
	{ "mx1-20260504.jsonl", true, 20260504, 0, false, "mx1" },
	{ "mx1-20260504.12.jsonl.gz", true, 20260504, 12, true, "mx1" },
	{ "mx-1.example.com-20260504.jsonl", true, 20260504, 0, false, "mx-1.example.com" },
	{ "mx-20260101-20260504.1.jsonl", true, 20260504, 1, false, "mx-20260101" },
	{ ".mx1-20260504.jsonl.gz.tmp", false, 0, 0, false, NULL },
	{ ".mx1-20260504.jsonl", false, 0, 0, false, NULL },
	{ "mx1-20260504.json", false, 0, 0, false, NULL },
	{ "mx1-2026054.jsonl", false, 0, 0, false, NULL },
	{ "mx1-20260504.x.jsonl", false, 0, 0, false, NULL },
	{ "mx1-20260504..jsonl", false, 0, 0, false, NULL },
	{ "mx1-20260504.99999999999.jsonl", false, 0, 0, false, NULL },
	{ "-20260504.jsonl", false, 0, 0, false, NULL },
	{ ".jsonl", false, 0, 0, false, NULL },
	{ "20260504.jsonl.gz", false, 0, 0, false, NULL },
};

START_TEST(names_are_understood)
{
	struct journal_file file;

	ck_assert_msg(journal_file_parse(names[_i].name, &file) == names[_i].ok, "%s", names[_i].name);
	if (!names[_i].ok)
		return;
	ck_assert_msg(file.day == names[_i].day && file.number == names[_i].number &&
		      file.compressed == names[_i].compressed && slice_is(file.host, names[_i].host),
		      "%s", names[_i].name);
}
END_TEST

START_TEST(days_are_understood)
{
	ck_assert_uint_eq(journal_day(NOON), 20260504);
	ck_assert_uint_eq(journal_day(1777852800000), 20260504);
	ck_assert_uint_eq(journal_day(1777852799999), 20260503);
	ck_assert_int_eq(journal_day_end(20260503), 1777852800000);
	ck_assert_int_eq(journal_day_end(20240228), 1709164800000);     /* 29 February */
	ck_assert_int_eq(journal_day_end(20261231), 1798761600000);
}
END_TEST

START_TEST(order_is_that_of_time)
{
	struct gathered g;

	ck_assert_int_eq(mkdir(directory, 0700), 0);
	put_file("mx1-20260504.10.jsonl", "e\n", 2);
	put_file("mx1-20260504.2.jsonl", "d\n", 2);
	put_gz("mx1-20260504.1.jsonl.gz", "c\n", 2);
	put_file("mx1-20260504.jsonl", "b\n", 2);
	put_file("mx2-20260504.jsonl", "f\n", 2);
	put_gz("mx2-20260503.jsonl.gz", "a\n", 2);
	put_file("mx1-20260505.jsonl", "stop\nnever\n", 11);
	ck_assert_str_eq(read_all(&g, 0), "a|b|c|d|e|f|stop|");
	buf_done(&g.text);
	ck_assert_str_eq(read_all(&g, NOON + JOURNAL_DAY_MS / 2), "stop|");
	buf_done(&g.text);
}
END_TEST

START_TEST(damage_is_passed_over)
{
	static char longest[4 * LIMIT_JOURNAL_LINE + 1];
	struct gathered g;
	FILE *file;

	ck_assert_int_eq(mkdir(directory, 0700), 0);
	memset(longest, 'x', sizeof(longest));
	file = fopen(path_of("mx1-20260501.jsonl"), "w");
	fprintf(file, "\n\nfirst\n");
	fwrite(longest, 1, sizeof(longest) - 1, file);  /* at the bound: a line */
	fputc('\n', file);
	fwrite(longest, 1, sizeof(longest), file);
	fprintf(file, "\nsecond\nlast without its line feed");
	fclose(file);
	put_gz("mx1-20260502.jsonl.gz", "third\nlast", 10);
	put_gz("mx1-20260503.jsonl.gz", longest, 100000);
	ck_assert_int_eq(truncate(path_of("mx1-20260503.jsonl.gz"), 60), 0);
	put_file("mx1-20260504.jsonl.gz", "\x1f\x8b" "no gzip at all", 16);
	put_file("mx1-20260505.jsonl", "", 0);
	put_file("mx1-20260506.jsonl", "fourth\n", 7);
	ck_assert_int_eq(symlink("/etc/passwd", path_of("mx1-20260507.jsonl")), 0);
	read_all(&g, 0);
	ck_assert_uint_eq(g.n, 5);
	ck_assert_uint_ge(g.skipped, 2);
	ck_assert(strncmp(buf_str(&g.text), "first|xxx", 9) == 0);
	ck_assert(strstr(buf_str(&g.text), "x|second|third|fourth|") != NULL);
	buf_done(&g.text);
}
END_TEST

static bool cut_the_file(void *context, const char *file, uint64_t line_no, struct slice line)
{
	unsigned *n = context;

	(void)line;
	if (line_no == 1)
		ck_assert_int_eq(truncate(path_of(file), 5), 0);
	(*n)++;
	return true;
}

START_TEST(truncation_while_reading)
{
	uint64_t skipped;
	const char *error;
	unsigned n = 0;
	FILE *file;

	ck_assert_int_eq(mkdir(directory, 0700), 0);
	file = fopen(path_of("mx1-20260501.jsonl"), "w");
	for (int i = 0; i < 100000; i++)
		fprintf(file, "line %06d\n", i);
	fclose(file);
	ck_assert_int_eq(journal_read(directory, 0, cut_the_file, &n, &skipped, &error), 0);
	ck_assert_uint_ge(n, 1);
	ck_assert_uint_lt(n, 100000);
}
END_TEST

static bool compress_the_next(void *context, const char *file, uint64_t line_no, struct slice line)
{
	unsigned *n = context;

	(void)line_no;
	if (slice_is(line, "first")) {
		put_gz("mx1-20260502.jsonl.gz", "second\n", 7);
		ck_assert_int_eq(unlink(path_of("mx1-20260502.jsonl")), 0);
	} else {
		ck_assert(slice_is(line, "second"));
		ck_assert_str_eq(file, "mx1-20260502.jsonl.gz");
	}
	(*n)++;
	return true;
}

START_TEST(compression_while_reading)
{
	uint64_t skipped;
	const char *error;
	unsigned n = 0;

	ck_assert_int_eq(mkdir(directory, 0700), 0);
	put_file("mx1-20260501.jsonl", "first\n", 6);
	put_file("mx1-20260502.jsonl", "second\n", 7);
	ck_assert_int_eq(journal_read(directory, 0, compress_the_next, &n, &skipped, &error), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(skipped, 0);
}
END_TEST

START_TEST(no_directory_is_an_error)
{
	uint64_t skipped = 4711;
	const char *error = NULL;

	ck_assert_int_eq(journal_read("/nonexistent", 0, gather, NULL, &skipped, &error), -1);
	ck_assert_ptr_nonnull(error);
	ck_assert_uint_eq(skipped, 4711);
}
END_TEST

static Suite *journal_suite(void)
{
	Suite *suite = suite_create("journal");
	TCase *tcase = tcase_create("journal");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, make_directory, remove_directory);
	tcase_add_loop_test(tcase, lines_are_in_the_file_at_once, 0, 2);
	tcase_add_test(tcase, ids_are_unique);
	tcase_add_test(tcase, new_line_starts_a_line);
	tcase_add_loop_test(tcase, impossible_is_said_at_once, 0, N_ROWS(impossible));
	tcase_add_test(tcase, size_rotates_and_compresses);
	tcase_add_loop_test(tcase, day_rotates, 0, 2);
	tcase_add_test(tcase, start_tidies_up);
	tcase_add_test(tcase, old_days_go);
	tcase_add_test(tcase, oldest_go_for_space);
	tcase_add_test(tcase, loaded_go_first_for_space);
	tcase_add_test(tcase, newest_stays);
	tcase_add_test(tcase, no_room_stops_writing_not_mail);
	tcase_add_loop_test(tcase, directory_vanishes, 0, 2);
	tcase_add_test(tcase, lines_wait_for_the_disk);
	tcase_add_test(tcase, memory_is_bounded);
	tcase_add_test(tcase, short_writes_are_mended);
	tcase_add_test(tcase, slow_disk_holds_nobody);
	tcase_add_test(tcase, close_writes_what_waits);
	tcase_add_test(tcase, close_says_what_is_lost);
	tcase_add_loop_test(tcase, lines_do_not_mix, 0, 2);
	tcase_add_test(tcase, line_waits_for_a_file_that_goes);
	tcase_add_test(tcase, line_goes_elsewhere_than_into_a_file_that_goes);
	tcase_add_test(tcase, a_lock_for_ever_stops_nothing);
	tcase_add_test(tcase, compression_leaves_a_file_that_is_written);
	tcase_add_test(tcase, two_do_not_compress_one_file);
	tcase_add_test(tcase, nothing_is_lost_by_a_kill);
	tcase_add_loop_test(tcase, names_are_understood, 0, N_ROWS(names));
	tcase_add_test(tcase, days_are_understood);
	tcase_add_test(tcase, order_is_that_of_time);
	tcase_add_test(tcase, damage_is_passed_over);
	tcase_add_test(tcase, truncation_while_reading);
	tcase_add_test(tcase, compression_while_reading);
	tcase_add_test(tcase, no_directory_is_an_error);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(journal_suite())
