/* That journal lines are on the disk when they are promised to be: what had been
 * synced of the files when the journal said so. */
#include "store/journal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "testmain.h"

#define NOON 1777896000000      /* 2026-05-04T12:00Z */
#define DAY_MS 86400000
#define NEVER_MS 60000

static char base[64], directory[80];
static atomic_llong fake_ms;
static atomic_bool disk_fails, descriptors_fail;       /* all; the next one */
static atomic_bool disk_fails_by_turns;
static atomic_bool next_hangs, hangs;           /* the next sync, until the other is false */
static atomic_uint said, promised;

struct file {
	ino_t number;
	off_t size;
};

/* What each file had when its last sync began: two syncs of one file may overlap. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file synced[16];
static int n_synced, n_syncs;
static off_t seen_octets, good_octets;          /* by turns: of all; of those without an error */

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fdatasync(int fd)
{
	struct stat st;
	int code, i;

	ck_assert_int_eq(fstat(fd, &st), 0);
	if (atomic_load(&disk_fails)) {
		errno = EIO;
		return -1;
	}
	if (atomic_exchange(&next_hangs, false))
		while (atomic_load(&hangs))
			usleep(1000);
	code = __real_fdatasync(fd);
	pthread_mutex_lock(&lock);
	for (i = 0; i < n_synced && synced[i].number != st.st_ino; i++)
		;
	ck_assert_int_lt(i, N_ROWS(synced));
	if (i == n_synced || synced[i].size < st.st_size)
		synced[i] = (struct file){ st.st_ino, st.st_size };
	n_synced += i == n_synced;
	n_syncs++;
	if (atomic_load(&disk_fails_by_turns)) {
		code = n_syncs % 2 == 0 ? -1 : code;
		good_octets += code == 0 ? st.st_size - seen_octets : 0;
		seen_octets = st.st_size;
	}
	pthread_mutex_unlock(&lock);
	errno = EIO;
	return code;
}

int __real_dup(int fd);
int __wrap_dup(int fd);

int __wrap_dup(int fd)
{
	if (!atomic_exchange(&descriptors_fail, false))
		return __real_dup(fd);
	errno = EMFILE;
	return -1;
}

static struct file file_of(const char *day)
{
	char path[200];
	struct stat st;

	snprintf(path, sizeof(path), "%s/mx1.example.com-%s.jsonl", directory, day);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_gt(st.st_size, 0);
	return (struct file){ st.st_ino, st.st_size };
}

static bool is_synced(struct file file)
{
	bool is = false;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < n_synced; i++)
		is |= synced[i].number == file.number && synced[i].size == file.size;
	pthread_mutex_unlock(&lock);
	return is;
}

/* With a fault this never ends: the test's time-out says so. */
static void wait_synced(struct file file)
{
	while (!is_synced(file))
		usleep(1000);
}

static int64_t fake_clock(void)
{
	return atomic_load(&fake_ms);
}

static void take_report(void *unused, const char *text)
{
	(void)unused;
	said += strstr(text, "cannot sync") != NULL;
}

static struct journal *open_journal(unsigned sync_ms)
{
	struct journal_options options = {
		.directory = directory, .host = "mx1.example.com", .sync_ms = sync_ms, .wait_ms = 60000,
		.utc_ms = fake_clock, .report = take_report,
	};
	const char *error = NULL;
	struct journal *journal = journal_open(&options, &error);

	ck_assert_msg(journal != NULL, "%s", error);
	return journal;
}

START_TEST(before_every_answer)
{
	struct journal *journal = open_journal(0);

	for (int i = 0; i < 20; i++) {
		ck_assert(journal_append(journal, SLICE("a line\n")));
		ck_assert_msg(is_synced(file_of("20260504")), "line %d", i);
	}
	journal_close(journal, NEVER_MS);
}
END_TEST

/* The kernel tells an error once: to whoever syncs first. */
START_TEST(by_who_answers_alone)
{
	struct journal *journal = open_journal(0);

	for (int i = 1; i <= 12; i++) {
		ck_assert(journal_append(journal, SLICE("a line\n")));
		usleep(100000);                 /* a keeper would have its turn */
		ck_assert_int_eq(n_syncs, i);
	}
	journal_close(journal, NEVER_MS);
}
END_TEST

START_TEST(not_if_the_disk_fails)
{
	struct journal *journal = open_journal(0);

	atomic_store(&disk_fails, true);
	ck_assert(!journal_append(journal, SLICE("a line\n")));
	atomic_store(&disk_fails, false);
	ck_assert(journal_append(journal, SLICE("a line\n")));
	ck_assert(is_synced(file_of("20260504")));
	journal_close(journal, NEVER_MS);
	ck_assert_uint_gt(said, 0);
}
END_TEST

static void *append_some(void *context)
{
	for (int i = 0; i < 1000; i++)
		promised += journal_append(context, SLICE("a line\n"));
	return NULL;
}

/* Of many who wait, each hears of its own line, whatever became of the next ones. */
START_TEST(each_of_its_own)
{
	struct journal *journal = open_journal(0);
	pthread_t threads[8];

	atomic_store(&disk_fails_by_turns, true);
	for (int i = 0; i < N_ROWS(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, append_some, journal), 0);
	for (int i = 0; i < N_ROWS(threads); i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	journal_close(journal, NEVER_MS);
	ck_assert_uint_gt(promised, 0);
	ck_assert_uint_le(promised * strlen("a line\n"), (uint64_t)good_octets);
}
END_TEST

START_TEST(after_a_while)
{
	struct journal *journal = open_journal(5);

	for (int i = 0; i < 3; i++) {
		ck_assert(journal_append(journal, SLICE("a line\n")));
		wait_synced(file_of("20260504"));
	}
	journal_close(journal, NEVER_MS);
}
END_TEST

START_TEST(later_without_descriptors)
{
	struct journal *journal = open_journal(5);

	atomic_store(&descriptors_fail, true);
	ck_assert(journal_append(journal, SLICE("a line\n")));
	wait_synced(file_of("20260504"));
	ck_assert(!atomic_load(&descriptors_fail));
	journal_close(journal, NEVER_MS);
}
END_TEST

/* The file of a day that is over is synced at once, and its end is not forgotten. */
START_TEST(when_a_day_is_over)
{
	struct journal *journal = open_journal(NEVER_MS);
	struct file today;

	ck_assert(journal_append(journal, SLICE("today\n")));
	today = file_of("20260504");            /* which will be compressed, and gone */
	fake_ms += DAY_MS;
	ck_assert(journal_append(journal, SLICE("tomorrow\n")));
	wait_synced(today);
	journal_close(journal, NEVER_MS);
	ck_assert(is_synced(file_of("20260505")));
}
END_TEST

/* More files end while the keeper hangs than it can be left. */
START_TEST(when_the_keeper_hangs)
{
	struct journal *journal = open_journal(NEVER_MS);
	struct file files[14];

	atomic_store(&hangs, true);
	atomic_store(&next_hangs, true);
	for (unsigned i = 0; i < N_ROWS(files); i++) {
		char day[16];

		ck_assert(journal_append(journal, SLICE("a line\n")));
		snprintf(day, sizeof(day), "%u", 20260504 + i);
		files[i] = file_of(day);
		fake_ms += DAY_MS;
		while (i == 1 && atomic_load(&next_hangs))
			usleep(1000);
	}
	atomic_store(&hangs, false);
	journal_close(journal, NEVER_MS);
	for (unsigned i = 0; i < N_ROWS(files); i++)
		ck_assert_msg(is_synced(files[i]), "%u", i);
}
END_TEST

START_TEST(at_the_end)
{
	struct journal *journal = open_journal(NEVER_MS);

	ck_assert(journal_append(journal, SLICE("a line\n")));
	journal_close(journal, NEVER_MS);
	ck_assert(is_synced(file_of("20260504")));
}
END_TEST

static void make_directory(void)
{
	snprintf(base, sizeof(base), "journal-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	snprintf(directory, sizeof(directory), "%s/journal", base);
	atomic_store(&fake_ms, NOON);
	n_synced = n_syncs = 0;
	seen_octets = good_octets = 0;
	said = promised = 0;
}

static void remove_directory(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", base);
	ck_assert_int_eq(system(command), 0);
}

static Suite *suite(void)
{
	Suite *s = suite_create("journal_sync");
	TCase *t = tcase_create("journal_sync");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, make_directory, remove_directory);
	tcase_add_test(t, before_every_answer);
	tcase_add_test(t, by_who_answers_alone);
	tcase_add_test(t, not_if_the_disk_fails);
	tcase_add_test(t, each_of_its_own);
	tcase_add_test(t, after_a_while);
	tcase_add_test(t, later_without_descriptors);
	tcase_add_test(t, when_a_day_is_over);
	tcase_add_test(t, when_the_keeper_hangs);
	tcase_add_test(t, at_the_end);
	suite_add_tcase(s, t);
	return s;
}

TEST_MAIN(suite())
