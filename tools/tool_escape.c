#include <string.h>

#include "alignctl.h"
#include "base/buf.h"

const char *tool_escape(struct arena *arena, const char *text)
{
	struct buf out;
	char *copy;

	if (text == NULL)
		return "-";
	buf_init(&out, 4 * strlen(text));
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\\')
			buf_add_str(&out, "\\\\");
		else if (*p < ' ' || *p > '~')
			buf_printf(&out, "\\x%02X", (unsigned char)*p);
		else
			buf_add_char(&out, *p);
	}
	copy = arena_strdup(arena, buf_str(&out));
	buf_done(&out);
	return copy;
}
