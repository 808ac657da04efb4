#include "store/journal_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define GZ ".gz"
#define TEMPORARY ".tmp"

/* ---- names ---- */

unsigned journal_day(int64_t utc_ms)
{
	time_t seconds = (time_t)(utc_ms / 1000);
	struct tm t;

	gmtime_r(&seconds, &t);
	return (unsigned)(t.tm_year + 1900) * 10000 + (unsigned)(t.tm_mon + 1) * 100 +
	       (unsigned)t.tm_mday;
}

int64_t journal_day_end(unsigned day)
{
	struct tm t = {
		.tm_year = (int)(day / 10000) - 1900, .tm_mon = (int)(day / 100 % 100) - 1,
		.tm_mday = (int)(day % 100) + 1,
	};

	return (int64_t)timegm(&t) * 1000;
}

const char *journal_file_name(struct arena *arena, const char *host, unsigned day, unsigned number)
{
	if (number == 0)
		return arena_printf(arena, "%s-%08u" JOURNAL_SUFFIX, host, day);
	return arena_printf(arena, "%s-%08u.%u" JOURNAL_SUFFIX, host, day, number);
}

static bool cut_suffix(struct slice *s, const char *suffix)
{
	size_t len = strlen(suffix);

	if (s->len < len || !slice_is(slice_from(*s, s->len - len), suffix))
		return false;
	s->len -= len;
	return true;
}

/* Takes "-YYYYMMDD" off the end. */
static bool cut_day(struct slice *s, unsigned *day_r)
{
	uint64_t day;

	if (s->len < 10 || s->data[s->len - 9] != '-' ||
	    !slice_number(slice_from(*s, s->len - 8), 99991231, &day))
		return false;
	s->len -= 9;
	*day_r = (unsigned)day;
	return true;
}

bool journal_file_parse(const char *name, struct journal_file *out_r)
{
	struct journal_file file = { .name = name };
	struct slice rest = slice_of(name);
	size_t digits = 0;
	uint64_t number;

	file.compressed = cut_suffix(&rest, GZ);
	if (!cut_suffix(&rest, JOURNAL_SUFFIX) || name[0] == '.')
		return false;
	while (digits < rest.len && ascii_is_digit(rest.data[rest.len - 1 - digits]))
		digits++;
	if (digits > 0 && digits < rest.len && rest.data[rest.len - 1 - digits] == '.' &&
	    slice_number(slice_from(rest, rest.len - digits), 999999999, &number)) {
		rest.len -= digits + 1;
		file.number = (unsigned)number;
	}
	if (!cut_day(&rest, &file.day))
		return false;
	file.host = rest;
	*out_r = file;
	return true;
}

static int compare_hosts(struct slice a, struct slice b)
{
	int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_files(const void *left, const void *right)
{
	const struct journal_file *a = left, *b = right;
	int hosts = compare_hosts(a->host, b->host);

	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	if (hosts != 0)
		return hosts;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->compressed - b->compressed;
}

struct listing {
	struct arena *arena;
	struct journal_file *files;
	unsigned n, room;
};

static void add_file(struct listing *list, const struct journal_file *file, uint64_t bytes)
{
	if (list->n == list->room) {
		unsigned room = list->room > 0 ? list->room * 2 : 64;
		struct journal_file *files = ARENA_ARRAY(list->arena, struct journal_file, room);

		if (list->n > 0)
			memcpy(files, list->files, list->n * sizeof(*files));
		list->files = files;
		list->room = room;
	}
	list->files[list->n] = *file;
	list->files[list->n++].bytes = bytes;
}

int journal_files_list(struct arena *arena, const char *directory, const char *host,
		       struct journal_file **files_r, unsigned *n_r, const char **error_r)
{
	struct listing list = { .arena = arena };
	DIR *dir = opendir(directory);
	struct dirent *entry;

	if (dir == NULL) {
		int saved = errno;

		*error_r = arena_printf(arena, "cannot read the directory %s: %s", directory,
					strerrordesc_np(saved));
		errno = saved;
		return -1;
	}
	while ((entry = readdir(dir)) != NULL) {
		const char *name = arena_strdup(arena, entry->d_name);
		struct journal_file file;
		struct stat st;

		if (journal_file_parse(name, &file) && (host == NULL || slice_is(file.host, host)) &&
		    fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			add_file(&list, &file, (uint64_t)st.st_size);
	}
	closedir(dir);
	if (list.n > 0)
		qsort(list.files, list.n, sizeof(list.files[0]), compare_files);
	*files_r = list.files;
	*n_r = list.n;
	return 0;
}

bool journal_file_is_doubled(const struct journal_file *files, unsigned n, unsigned i)
{
	return !files[i].compressed && i + 1 < n && files[i + 1].compressed &&
	       files[i].day == files[i + 1].day && files[i].number == files[i + 1].number &&
	       slice_equal(files[i].host, files[i + 1].host);
}

int journal_sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code;

	if (fd < 0)
		return -1;
	code = fsync(fd);
	close(fd);
	return code;
}

/* ---- compression ---- */

#define COPY_BYTES 65536

struct compression {
	struct arena *arena;
	const char *from, *temporary, *to;
	int in, out;
	bool (*tick)(void *context);
	void *context;
};

static int fail_file(struct arena *arena, const char *what, const char *path, const char **error_r)
{
	*error_r = arena_printf(arena, "cannot %s %s: %s", what, path, strerrordesc_np(errno));
	return -1;
}

static int copy_compressed(struct compression *c, gzFile gz, const char **error_r)
{
	static const char what[] = "write";
	char data[COPY_BYTES];

	for (;;) {
		ssize_t n = read(c->in, data, sizeof(data));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_file(c->arena, "read", c->from, error_r);
		if (n == 0)
			return 0;
		errno = 0;
		if (gzwrite(gz, data, (unsigned)n) != n)
			return fail_file(c->arena, what, c->temporary, error_r);
		if (!c->tick(c->context))
			return -1;
	}
}

static int write_compressed(struct compression *c, const char **error_r)
{
	int out = dup(c->out);
	gzFile gz = out >= 0 ? gzdopen(out, "wb6") : NULL;
	int code;

	if (gz == NULL) {
		if (out >= 0)
			close(out);
		return fail_file(c->arena, "open", c->temporary, error_r);
	}
	code = copy_compressed(c, gz, error_r);
	errno = 0;
	if (gzclose(gz) != Z_OK && code == 0)
		code = fail_file(c->arena, "write", c->temporary, error_r);
	return code;
}

/* A second process may have appended meanwhile; then it is too early. */
static bool is_unchanged(const struct compression *c)
{
	struct stat st;

	return fstat(c->in, &st) == 0 && st.st_size == lseek(c->in, 0, SEEK_CUR);
}

/* Nobody writes into the file while this is done: who would, waits for the lock and finds
 * the file gone, or goes on in another one (try_write() in journal.c). */
static int put_in_place(struct compression *c, const char *directory, const char **error_r)
{
	if ((flock(c->in, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) || !is_unchanged(c)) {
		*error_r = arena_printf(c->arena, "%s still grows, it is compressed later", c->from);
		return -1;
	}
	if (rename(c->temporary, c->to) != 0)
		return fail_file(c->arena, "make", c->to, error_r);
	journal_sync_directory(directory);
	if (unlink(c->from) != 0 && errno != ENOENT)
		return fail_file(c->arena, "remove", c->from, error_r);
	return 0;
}

static int replace(struct compression *c, const char *directory, const char **error_r)
{
	if (ftruncate(c->out, 0) != 0)          /* a crash has left it */
		return fail_file(c->arena, "empty", c->temporary, error_r);
	if (write_compressed(c, error_r) != 0)
		return -1;
	if (fchmod(c->out, 0640) != 0 || fsync(c->out) != 0)
		return fail_file(c->arena, "write", c->temporary, error_r);
	return put_in_place(c, directory, error_r);
}

/* Whoever has a temporary file's lock is alone with it: a second process neither empties
 * nor removes it. It may have been put in place since it was opened here. */
static bool is_alone(int fd, int directory, const char *path)
{
	struct stat ours, named;

	if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return false;
	return fstat(fd, &ours) == 0 && fstatat(directory, path, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       named.st_ino == ours.st_ino && named.st_dev == ours.st_dev;
}

int journal_file_compress(struct arena *arena, const char *directory, const char *name,
			  bool (*tick)(void *context), void *context, const char **error_r)
{
	struct compression c = {
		.arena = arena,
		.from = arena_printf(arena, "%s/%s", directory, name),
		.temporary = arena_printf(arena, "%s/.%s" GZ TEMPORARY, directory, name),
		.to = arena_printf(arena, "%s/%s" GZ, directory, name),
		.tick = tick, .context = context,
	};
	int code;

	*error_r = NULL;
	c.in = open(c.from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (c.in < 0)
		return fail_file(arena, "open", c.from, error_r);
	c.out = open(c.temporary, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (c.out < 0) {
		close(c.in);
		return fail_file(arena, "make", c.temporary, error_r);
	}
	if (!is_alone(c.out, AT_FDCWD, c.temporary)) {
		close(c.in);
		close(c.out);
		return -1;
	}
	code = replace(&c, directory, error_r);
	if (code != 0)
		unlink(c.temporary);
	close(c.in);
	close(c.out);
	return code;
}

static void remove_left_over(int directory, const char *name)
{
	int fd = openat(directory, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	if (is_alone(fd, directory, name))
		unlinkat(directory, name, 0);
	close(fd);
}

void journal_files_sweep(const char *directory, const char *host)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		struct slice name = slice_of(entry->d_name);
		struct journal_file file;
		char plain[sizeof(entry->d_name)];

		if (name.data[0] != '.' || !cut_suffix(&name, TEMPORARY))
			continue;
		snprintf(plain, sizeof(plain), "%.*s", (int)name.len - 1, name.data + 1);
		if (journal_file_parse(plain, &file) && slice_is(file.host, host))
			remove_left_over(dirfd(dir), entry->d_name);
	}
	closedir(dir);
}

/* ---- bounds ---- */

static bool has_free(const char *directory, uint64_t min_free)
{
	struct statvfs fs;

	return min_free == 0 || statvfs(directory, &fs) != 0 ||
	       (uint64_t)fs.f_bavail * fs.f_frsize >= min_free;
}

struct trimming {
	struct arena *arena;
	const char *directory, *current;
	const struct journal_bounds *bounds;
	uint64_t total;
	unsigned unloaded;
};

static bool is_over(const struct trimming *t)
{
	return (t->bounds->max_bytes > 0 && t->total > t->bounds->max_bytes) ||
	       !has_free(t->directory, t->bounds->min_free);
}

static bool is_loaded(const struct trimming *t, const struct journal_file *file)
{
	return t->bounds->is_loaded == NULL || t->bounds->is_loaded(t->bounds->context, file->name);
}

/* A removed file has no name any more. */
static int remove_file(struct trimming *t, struct journal_file *file, bool loaded,
		       const char **error_r)
{
	const char *path = arena_printf(t->arena, "%s/%s", t->directory, file->name);

	if (unlink(path) != 0 && errno != ENOENT)
		return fail_file(t->arena, "remove", path, error_r);
	t->total -= file->bytes;
	t->unloaded += !loaded;
	file->name = NULL;
	return 0;
}

/* One round over the files, oldest first. The last one stays: the writer may have gone on
 * to it since the current one was looked at. */
static int trim(struct trimming *t, struct journal_file *files, unsigned n, bool only_loaded,
		const char **error_r)
{
	for (unsigned i = 0; i + 1 < n; i++) {
		bool loaded, old = files[i].day < t->bounds->oldest_day;

		if (files[i].name == NULL || strcmp(files[i].name, t->current) == 0 ||
		    (!old && !is_over(t)))
			continue;
		loaded = is_loaded(t, &files[i]);
		if (!old && only_loaded && !loaded)
			continue;
		if (remove_file(t, &files[i], loaded, error_r) != 0)
			return -1;
	}
	return 0;
}

int journal_files_trim(struct arena *arena, const char *directory, const char *host,
		       const char *current, const struct journal_bounds *bounds,
		       unsigned *unloaded_r, const char **error_r)
{
	struct trimming t = {
		.arena = arena, .directory = directory, .current = current, .bounds = bounds,
	};
	struct journal_file *files;
	unsigned n;
	int code;

	*unloaded_r = 0;
	if (journal_files_list(arena, directory, host, &files, &n, error_r) != 0)
		return -1;
	for (unsigned i = 0; i < n; i++)
		t.total += files[i].bytes;
	code = trim(&t, files, n, true, error_r);
	if (code == 0)
		code = trim(&t, files, n, false, error_r);
	*unloaded_r = t.unloaded;
	return code != 0 ? -1 : is_over(&t);
}
