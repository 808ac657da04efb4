#include "store/journal_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"

#define LINE_OCTETS (4 * (size_t)LIMIT_JOURNAL_LINE)
#define READ_OCTETS 65536

struct journal_lines {
	char *path;
	gzFile gz;                      /* reads plain files as they are */
	char *data;                     /* what was read; the lines at [at, len) are still to give */
	size_t at, len;
	struct buf line;                /* a line whose beginning was in data read before */
	uint64_t pieces;                /* octets of that beginning */
	bool too_long;                  /* the rest of the line at hand is passed over */
	uint64_t octets;
};

static char *path_of(const char *directory, const char *name, const char *suffix)
{
	struct buf path;
	char *text;

	buf_init(&path, SIZE_MAX / 4);
	buf_printf(&path, "%s/%s%s", directory, name, suffix);
	text = mem_strdup(buf_str(&path));
	buf_done(&path);
	return text;
}

static bool is_compressed(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && strcmp(name + len - 3, JOURNAL_GZ) == 0;
}

struct journal_lines *journal_lines_open(const char *directory, const char *name)
{
	char *path = path_of(directory, name, "");
	gzFile gz = gzopen(path, "rbe");
	struct journal_lines *lines;

	if (gz == NULL && errno == ENOENT && !is_compressed(name)) {
		free(path);
		path = path_of(directory, name, JOURNAL_GZ);    /* compressed since it was listed */
		gz = gzopen(path, "rbe");
	}
	if (gz == NULL) {
		int saved = errno;

		free(path);
		errno = saved;
		return NULL;
	}
	gzbuffer(gz, READ_OCTETS);
	lines = mem_zalloc(sizeof(*lines));
	lines->path = path;
	lines->gz = gz;
	lines->data = mem_alloc(READ_OCTETS);
	buf_init(&lines->line, LINE_OCTETS);
	return lines;
}

void journal_lines_close(struct journal_lines *lines)
{
	if (lines == NULL)
		return;
	gzclose(lines->gz);
	buf_done(&lines->line);
	free(lines->data);
	free(lines->path);
	free(lines);
}

const char *journal_lines_name(const struct journal_lines *lines)
{
	return strrchr(lines->path, '/') + 1;
}

/* A seek may go behind the end: the octet before says whether it did. */
bool journal_lines_seek(struct journal_lines *lines, uint64_t octets)
{
	bool ends_line = octets == 0 ||
			 (gzseek(lines->gz, (z_off_t)(octets - 1), SEEK_SET) == (z_off_t)(octets - 1) &&
			  gzgetc(lines->gz) == '\n');

	if (!ends_line || octets == 0)
		gzrewind(lines->gz);
	lines->octets = ends_line ? octets : 0;
	lines->at = lines->len = 0;
	return ends_line;
}

/* 1, 0 at the end, -1. Of a .gz that ends too early zlib gives what it has and
 * then tells of it. */
static int refill(struct journal_lines *lines)
{
	int code = Z_OK, n = gzread(lines->gz, lines->data, READ_OCTETS);

	lines->at = 0;
	lines->len = n > 0 ? (size_t)n : 0;
	if (n == 0)
		gzerror(lines->gz, &code);
	return n > 0 ? 1 : n < 0 || code == Z_BUF_ERROR ? -1 : 0;
}

static void keep_piece(struct journal_lines *lines, struct slice piece)
{
	lines->pieces += piece.len;
	if (!lines->too_long)
		buf_add_slice(&lines->line, piece);
	lines->too_long = lines->too_long || buf_is_full(&lines->line);
}

/* The line feed stands at data[end]. */
static enum journal_read_state give_line(struct journal_lines *lines, size_t end, struct slice *line_r)
{
	struct slice line = slice_new(lines->data + lines->at, end - lines->at);

	if (lines->pieces > 0) {
		lines->octets += lines->pieces;
		keep_piece(lines, line);
		line = buf_slice(&lines->line);
	}
	lines->octets += end + 1 - lines->at;
	lines->at = end + 1;
	*line_r = lines->too_long ? slice_new("", 0) : line;
	return lines->too_long ? JOURNAL_TOO_LONG : JOURNAL_LINE;
}

enum journal_read_state journal_lines_next(struct journal_lines *lines, struct slice *line_r)
{
	buf_reset(&lines->line);
	lines->pieces = 0;
	lines->too_long = false;
	for (;;) {
		struct slice rest = slice_new(lines->data + lines->at, lines->len - lines->at);
		size_t end = slice_find(rest, '\n');
		int more;

		if (end < rest.len)
			return give_line(lines, lines->at + end, line_r);
		keep_piece(lines, rest);
		more = refill(lines);
		if (more <= 0)
			return more < 0 ? JOURNAL_DAMAGED : JOURNAL_END;
	}
}

uint64_t journal_lines_octets(const struct journal_lines *lines)
{
	return lines->octets;
}

/* RFC 1952 2.3.1: ISIZE, the size modulo 2^32, little-endian, stands last. Deflated,
 * no text becomes larger by more than a hundredth and the frame. */
static int read_isize(int fd, off_t bytes, uint64_t *octets_r)
{
	unsigned char last[4];

	if (bytes < 18 || pread(fd, last, sizeof(last), bytes - 4) != sizeof(last))
		return -1;
	*octets_r = last[0] | (uint64_t)last[1] << 8 | (uint64_t)last[2] << 16 | (uint64_t)last[3] << 24;
	while (*octets_r + *octets_r / 100 + 64 < (uint64_t)bytes)
		*octets_r += UINT64_C(1) << 32;
	return 0;
}

int journal_lines_size(const char *directory, const char *name, uint64_t *octets_r)
{
	char *path = path_of(directory, name, "");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), code = -1;
	struct stat st;

	free(path);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*octets_r = (uint64_t)st.st_size;
		code = is_compressed(name) ? read_isize(fd, st.st_size, octets_r) : 0;
	}
	close(fd);
	return code;
}
