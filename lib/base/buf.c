#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void buf_init(struct buf *buf, size_t limit)
{
	*buf = (struct buf){ .limit = limit };
}

void buf_done(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ .limit = buf->limit };
}

void buf_reset(struct buf *buf)
{
	buf_cut(buf, 0);
}

void buf_cut(struct buf *buf, size_t len)
{
	assert(len <= buf->len);
	buf->len = len;
	buf->full = false;
	if (buf->data != NULL)
		buf->data[len] = '\0';
}

/* Makes room for `len` octets and a NUL; false past the limit. */
static bool buf_room(struct buf *buf, size_t len)
{
	size_t want;

	if (buf->full || len > buf->limit - buf->len) {
		buf->full = true;
		return false;
	}
	want = buf->len + len + 1;
	if (want > buf->size) {
		size_t size = buf->size > 0 ? buf->size * 2 : 128;

		if (size < want)
			size = want;
		buf->data = mem_realloc(buf->data, size);
		buf->size = size;
	}
	return true;
}

void buf_add(struct buf *buf, const char *data, size_t len)
{
	if (!buf_room(buf, len))
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_add_slice(struct buf *buf, struct slice s)
{
	buf_add(buf, s.data, s.len);
}

void buf_add_str(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
	buf_add(buf, &c, 1);
}

/* Into the room that is there: most often it is enough. */
void buf_printf(struct buf *buf, const char *format, ...)
{
	size_t room = buf->size - buf->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(room > 0 ? buf->data + buf->len : NULL, room, format, args);
	va_end(args);
	if (len < 0 || !buf_room(buf, (size_t)len)) {
		if (room > 0)
			buf->data[buf->len] = '\0';
		return;
	}
	if ((size_t)len >= room) {
		va_start(args, format);
		vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
		va_end(args);
	}
	buf->len += (size_t)len;
}

void buf_add_int(struct buf *buf, long long value)
{
	char digits[24], *at = digits + sizeof(digits);
	unsigned long long left = value < 0 ? -(unsigned long long)value : (unsigned long long)value;

	do
		*--at = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (value < 0)
		*--at = '-';
	buf_add(buf, at, (size_t)(digits + sizeof(digits) - at));
}

const char *buf_str(const struct buf *buf)
{
	return buf->data != NULL ? buf->data : "";
}

struct slice buf_slice(const struct buf *buf)
{
	return slice_new(buf_str(buf), buf->len);
}

bool buf_is_full(const struct buf *buf)
{
	return buf->full;
}
