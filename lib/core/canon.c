#include "core/canon.h"

#include <string.h>

void canon_body_init(struct canon_body *canon, enum canon method, canon_sink_fn *sink,
		     void *context)
{
	canon->method = method;
	canon->sink = sink;
	canon->context = context;
	canon->octets = canon->line_ends = 0;
	canon->cr = canon->space = false;
	canon->used = 0;
}

static void flush(struct canon_body *canon)
{
	if (canon->used > 0)
		canon->sink(canon->context, canon->out, canon->used);
	canon->used = 0;
}

static void put(struct canon_body *canon, const char *data, size_t len)
{
	canon->octets += len;
	while (len >= sizeof(canon->out) - canon->used) {
		size_t room = sizeof(canon->out) - canon->used;

		memcpy(canon->out + canon->used, data, room);
		canon->used += room;
		flush(canon);
		data += room;
		len -= room;
	}
	memcpy(canon->out + canon->used, data, len);
	canon->used += len;
}

/* Octets of a line that belong to the canonical form whatever follows. */
static void put_text(struct canon_body *canon, const char *data, size_t len)
{
	for (; canon->line_ends > 0; canon->line_ends--)
		put(canon, "\r\n", 2);
	if (canon->space)
		put(canon, " ", 1);
	canon->space = false;
	put(canon, data, len);
}

static void end_line(struct canon_body *canon)
{
	canon->space = false;           /* white space at the end of a line */
	canon->line_ends++;
}

/* Where a run of text stops: nearly every octet of a body is asked this. */
static const bool stops[][256] = {
	[CANON_UNSET] = { false },
	[CANON_SIMPLE] = { ['\r'] = true, ['\n'] = true },
	[CANON_RELAXED] = { ['\r'] = true, ['\n'] = true, [' '] = true, ['\t'] = true },
};

/* The end of the text that begins at `i`. A single space with text behind it is
 * its own canonical form (RFC 6376 3.4.4) and goes along. */
static size_t text_end(const bool stop[256], const char *data, size_t i, size_t len)
{
	for (;;) {
		while (i < len && !stop[(unsigned char)data[i]])
			i++;
		if (i + 1 >= len || data[i] != ' ' || stop[(unsigned char)data[i + 1]])
			return i;
		i++;
	}
}

void canon_body_add(struct canon_body *canon, const char *data, size_t len)
{
	const bool *stop = stops[canon->method];

	for (size_t i = 0; i < len;) {
		size_t start = i;

		if (canon->cr && data[i] != '\n')
			put_text(canon, "\r", 1);
		canon->cr = false;
		if (!canon->space || data[i] != ' ')
			i = text_end(stop, data, i, len);
		if (i > start)
			put_text(canon, data + start, i - start);
		if (i == len)
			break;
		if (data[i] == '\n')
			end_line(canon);
		else if (data[i] == '\r')
			canon->cr = true;
		else
			canon->space = true;
		i++;
	}
}

/* Empty lines at the end are dropped and the last line is ended; the empty body
 * is one line end in the simple form, nothing in the relaxed one. */
void canon_body_end(struct canon_body *canon)
{
	if (canon->cr)
		put_text(canon, "\r", 1);
	canon->cr = canon->space = false;
	if (canon->octets > 0 || canon->method == CANON_SIMPLE)
		put(canon, "\r\n", 2);
	flush(canon);
}
