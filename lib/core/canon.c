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
	while (len > 0) {
		size_t room = sizeof(canon->out) - canon->used;
		size_t n = len < room ? len : room;

		memcpy(canon->out + canon->used, data, n);
		canon->used += n;
		data += n;
		len -= n;
		if (canon->used == sizeof(canon->out))
			flush(canon);
	}
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

static bool is_text(const struct canon_body *canon, char c)
{
	return c != '\r' && c != '\n' &&
	       (canon->method == CANON_SIMPLE || (c != ' ' && c != '\t'));
}

void canon_body_add(struct canon_body *canon, const char *data, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t start = i;

		if (canon->cr && data[i] != '\n')
			put_text(canon, "\r", 1);
		canon->cr = false;
		while (i < len && is_text(canon, data[i]))
			i++;
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
