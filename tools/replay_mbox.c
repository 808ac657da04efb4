#include "replay_mbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define CHUNK 65536
#define MARK "From "
#define MARK_OCTETS 5

struct replay_mbox {
	int fd;
	size_t limit;
	char *chunk;                    /* what is read and not taken: start to end */
	size_t start, end;
	uint64_t taken;                 /* octets of the file before start */
	bool eof, at_line_start, after_empty;
	char *data;                     /* the message under way */
	size_t len, size;
	bool open, too_large;
};

struct replay_mbox *replay_mbox_new(int fd, size_t limit)
{
	struct replay_mbox *m = mem_zalloc(sizeof(*m));

	m->fd = fd;
	m->limit = limit;
	m->chunk = mem_alloc(CHUNK);
	m->at_line_start = m->after_empty = true;
	return m;
}

void replay_mbox_free(struct replay_mbox *m)
{
	if (m == NULL)
		return;
	close(m->fd);
	free(m->chunk);
	free(m->data);
	free(m);
}

/* Until the chunk holds enough to see whether a line is a mark. */
static int fill(struct replay_mbox *m)
{
	while (!m->eof && m->end - m->start < MARK_OCTETS + 1) {
		ssize_t n;

		memmove(m->chunk, m->chunk + m->start, m->end - m->start);
		m->end -= m->start;
		m->start = 0;
		n = read(m->fd, m->chunk + m->end, CHUNK - m->end);
		if (n < 0 && errno != EINTR)
			return -1;
		m->eof = n == 0;
		m->end += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static bool is_at(const struct replay_mbox *m, const char *text)
{
	size_t n = strlen(text);

	return m->end - m->start >= n && memcmp(m->chunk + m->start, text, n) == 0;
}

static void keep(struct replay_mbox *m, const char *data, size_t len)
{
	if (m->too_large || len > m->limit - m->len) {
		m->too_large = true;
		return;
	}
	if (m->size - m->len < len) {
		m->size = 2 * (m->len + len);
		m->data = mem_realloc(m->data, m->size);
	}
	memcpy(m->data + m->len, data, len);
	m->len += len;
}

/* A line, or as much of it as the chunk has. */
static void take_line(struct replay_mbox *m)
{
	const char *from, *feed;
	size_t n;

	if (m->at_line_start && is_at(m, ">" MARK)) {
		m->start++;
		m->taken++;
	}
	from = m->chunk + m->start;
	feed = memchr(from, '\n', m->end - m->start);
	n = feed != NULL ? (size_t)(feed - from) + 1 : m->end - m->start;
	m->after_empty = m->at_line_start && feed != NULL && (n == 1 || (n == 2 && from[0] == '\r'));
	m->at_line_start = feed != NULL;
	if (m->open)
		keep(m, from, n);
	m->start += n;
	m->taken += n;
}

static void drop_separator(struct replay_mbox *m)
{
	if (!m->after_empty || m->len < 2)
		return;
	m->len -= m->data[m->len - 2] == '\r' ? 2 : 1;
}

static void give(struct replay_mbox *m, struct replay_mbox_message *out_r)
{
	if (!m->too_large)
		drop_separator(m);
	*out_r = (struct replay_mbox_message){ .data = m->data, .len = m->len, .end = m->taken };
	if (m->too_large) {
		free(m->data);
		*out_r = (struct replay_mbox_message){ .end = m->taken };
	}
	m->data = NULL;
	m->len = m->size = 0;
	m->open = m->too_large = false;
}

int replay_mbox_next(struct replay_mbox *m, struct replay_mbox_message *out_r)
{
	for (;;) {
		bool mark;

		if (fill(m) != 0)
			return -1;
		mark = m->at_line_start && m->after_empty && is_at(m, MARK);
		if (m->open && (mark || m->start == m->end)) {
			give(m, out_r);
			return 1;
		}
		if (m->start == m->end)
			return 0;
		m->open = m->open || mark;
		take_line(m);
	}
}
