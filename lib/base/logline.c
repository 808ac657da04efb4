#include "base/logline.h"

#include <stdio.h>
#include <string.h>

#define TRUNCATED " truncated=yes"

void logline_init(struct logline *line, const char *head)
{
	buf_init(&line->text, LIMIT_LOG_LINE);
	/* a queue id comes from the MTA: never let it take the whole line */
	buf_add_slice(&line->text, slice_until(slice_of(head), LIMIT_LOG_LINE / 4));
}

void logline_done(struct logline *line)
{
	buf_done(&line->text);
}

static bool is_plain(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] <= ' ' || value.data[i] > '~' || strchr("\"\\=", value.data[i]) != NULL)
			return false;
	return value.len > 0;
}

static void add_quoted(struct buf *out, struct slice value)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < ' ' || c > '~')
			buf_printf(out, "\\x%02X", (unsigned char)c);
		else
			buf_add_char(out, c);
	}
	buf_add_char(out, '"');
}

void logline_slice(struct logline *line, const char *key, struct slice value)
{
	size_t before = line->text.len;
	bool was_full = line->text.full;

	buf_add_char(&line->text, ' ');
	buf_add_str(&line->text, key);
	buf_add_char(&line->text, '=');
	if (is_plain(value))
		buf_add_slice(&line->text, value);
	else
		add_quoted(&line->text, value);
	if (!was_full && (line->text.full || line->text.len + sizeof(TRUNCATED) > line->text.limit)) {
		buf_cut(&line->text, before);
		buf_add_str(&line->text, TRUNCATED);
		line->text.full = true;
	}
}

void logline_str(struct logline *line, const char *key, const char *value)
{
	if (value != NULL)
		logline_slice(line, key, slice_of(value));
}

void logline_int(struct logline *line, const char *key, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	logline_str(line, key, text);
}

const char *logline_text(struct logline *line)
{
	return buf_str(&line->text);
}
