#include "store/journal_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/journal_files.h"

#define LOCK_TRIES 200                  /* a second in all */
#define LOCK_PAUSE_US 5000

void journal_output_init(struct journal_output *out, const char *directory, const char *host)
{
	*out = (struct journal_output){ .directory = directory, .host = host, .fd = -1 };
}

bool journal_output_is_current(const struct journal_output *out, unsigned day,
			       uint64_t max_file_bytes)
{
	struct stat ours, named;

	return out->fd >= 0 && out->day == day && fstat(out->fd, &ours) == 0 &&
	       stat(out->path, &named) == 0 && named.st_dev == ours.st_dev &&
	       named.st_ino == ours.st_ino &&
	       (max_file_bytes == 0 || (uint64_t)ours.st_size < max_file_bytes);
}

/* The number to go on with: that of the day's last file while it has room. */
static int choose_number(struct arena *arena, const struct journal_output *out, unsigned day,
			 uint64_t max_file_bytes, unsigned *number_r)
{
	struct journal_file *files;
	const char *error;
	unsigned n;

	if (journal_files_list(arena, out->directory, out->host, &files, &n, &error) != 0)
		return errno;
	*number_r = 0;
	for (unsigned i = 0; i < n; i++) {
		bool is_full = files[i].compressed ||
			       (max_file_bytes > 0 && files[i].bytes >= max_file_bytes);

		if (files[i].day == day && files[i].number >= *number_r)
			*number_r = files[i].number + is_full;
	}
	return 0;
}

/* RDWR, to see how the file ends. 0640 whatever the umask. */
static int open_file(const char *path, bool *is_new_r)
{
	const int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = open(path, flags | O_CREAT | O_EXCL, 0640);

	*is_new_r = fd >= 0;
	if (fd >= 0 && fchmod(fd, 0640) != 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd < 0 && errno == EEXIST ? open(path, flags) : fd;
}

static bool ends_inside_line(int fd, off_t size)
{
	char last;

	return size > 0 && (pread(fd, &last, 1, size - 1) != 1 || last != '\n');
}

static int adopt(struct journal_output *out, int fd, const char *path, bool is_new)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EINVAL;
	if (is_new)
		journal_sync_directory(out->directory);
	out->fd = fd;
	out->dirty = ends_inside_line(fd, st.st_size);
	free(out->path);
	out->path = mem_strdup(path);
	out->name = strrchr(out->path, '/') + 1;
	return 0;
}

static int open_day(struct arena *arena, struct journal_output *out, unsigned day,
		    uint64_t max_file_bytes)
{
	const char *path;
	unsigned number = 0;
	bool is_new;
	int fd, code = choose_number(arena, out, day, max_file_bytes, &number);

	if (code == ENOENT && (mkdir(out->directory, 0750) == 0 || errno == EEXIST))
		code = 0;
	if (code != 0)
		return code;
	path = arena_printf(arena, "%s/%s", out->directory,
			    journal_file_name(arena, out->host, day, number));
	fd = open_file(path, &is_new);
	if (fd < 0)
		return errno;
	code = adopt(out, fd, path, is_new);
	if (code != 0)
		close(fd);
	else
		out->day = day;
	return code;
}

int journal_output_open(struct journal_output *out, unsigned day, uint64_t max_file_bytes)
{
	struct arena *arena = arena_new();
	int code = open_day(arena, out, day, max_file_bytes);

	arena_free(arena);
	return code;
}

/* Octets up to and with the last line feed. */
static size_t whole_lines(const char *data, size_t len)
{
	const char *last = len > 0 ? memrchr(data, '\n', len) : NULL;

	return last != NULL ? (size_t)(last - data) + 1 : 0;
}

static bool is_removed(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

static size_t write_lines(struct journal_output *out, const char *data, size_t len, int *errno_r)
{
	size_t done = 0;

	while (done < len) {
		struct iovec parts[2] = {
			{ (void *)"\n", out->dirty ? 1 : 0 },
			{ (void *)(data + done), len - done },
		};
		ssize_t n = writev(out->fd, parts, 2);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			/* the piece of a line stays alone on its line: the whole
			 * one is written again, behind a line feed */
			*errno_r = n < 0 ? errno : EIO;
			out->dirty = out->dirty || done > whole_lines(data, done);
			return whole_lines(data, done);
		}
		done += (size_t)n - parts[0].iov_len;
		out->dirty = false;
	}
	return len;
}

/* A second process may be about to remove the file, since it is compressed: it holds the
 * lock for that moment, and what was written meanwhile would be lost. */
bool journal_output_lock(struct journal_output *out)
{
	int tries = 0;

	while (flock(out->fd, LOCK_SH | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK || ++tries == LOCK_TRIES)
			return false;
		usleep(LOCK_PAUSE_US);
	}
	return true;
}

size_t journal_output_write(struct journal_output *out, const char *data, size_t len, int *errno_r)
{
	size_t done = 0;

	*errno_r = ESTALE;
	if (!is_removed(out->fd)) {
		*errno_r = 0;
		done = write_lines(out, data, len, errno_r);
	}
	flock(out->fd, LOCK_UN);
	if (done == len && is_removed(out->fd)) {
		*errno_r = ESTALE;
		return 0;
	}
	return done;
}

void journal_output_done(struct journal_output *out)
{
	if (out->fd >= 0)
		close(out->fd);
	free(out->path);
	journal_output_init(out, out->directory, out->host);
}
