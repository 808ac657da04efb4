#include "settings/fault_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define FAULT_OCTETS 2048
#define QUOTED_OCTETS 60
#define QUOTED_PATH_OCTETS 400

static void append(struct fault_list *list, unsigned order, const char *line)
{
	if (list->n == list->size) {
		struct fault *wider;

		list->size = list->size == 0 ? 16 : list->size * 2;
		wider = ARENA_ARRAY(list->arena, struct fault, list->size);
		if (list->n > 0)
			memcpy(wider, list->items, sizeof(*wider) * list->n);
		list->items = wider;
	}
	list->items[list->n++] = (struct fault){ order, line };
}

void fault_add(struct fault_list *list, struct place place, const char *name,
	       const char *format, ...)
{
	char text[FAULT_OCTETS], position[32] = "";
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (place.line > 0)
		snprintf(position, sizeof(position), ":%u", place.line);
	append(list, place.order,
	       arena_printf(list->arena, "%s%s: %s%s%s", place.file, position,
			    name != NULL ? name : "", name != NULL ? ": " : "", text));
}

static const char *quote(struct fault_list *list, const char *text, size_t most)
{
	struct buf out;
	const char *quoted;

	buf_init(&out, most * 4 + 8);
	buf_add_char(&out, '"');
	for (size_t i = 0; text[i] != '\0' && i < most; i++) {
		if (text[i] >= ' ' && text[i] <= '~')
			buf_add_char(&out, text[i]);
		else
			buf_printf(&out, "\\x%02X", (unsigned char)text[i]);
	}
	buf_add_str(&out, strnlen(text, most + 1) > most ? "...\"" : "\"");
	quoted = arena_strdup(list->arena, buf_str(&out));
	buf_done(&out);
	return quoted;
}

const char *fault_quote(struct fault_list *list, const char *text)
{
	return quote(list, text, QUOTED_OCTETS);
}

const char *fault_quote_path(struct fault_list *list, const char *path)
{
	return quote(list, path, QUOTED_PATH_OCTETS);
}

void fault_list_take(struct fault_list *list, struct settings_faults *out_r)
{
	/* insertion sort: stable, and nearly sorted already */
	for (unsigned i = 1; i < list->n; i++) {
		struct fault moved = list->items[i];
		unsigned k = i;

		for (; k > 0 && list->items[k - 1].order > moved.order; k--)
			list->items[k] = list->items[k - 1];
		list->items[k] = moved;
	}
	out_r->n = list->n;
	out_r->lines = list->n > 0 ? mem_alloc(sizeof(char *) * list->n) : NULL;
	for (unsigned i = 0; i < list->n; i++)
		out_r->lines[i] = mem_strdup(list->items[i].line);
}

struct string_list fault_list_lines(const struct fault_list *list, struct arena *arena)
{
	struct string_list lines = { ARENA_ARRAY(arena, const char *, list->n), list->n };

	for (unsigned i = 0; i < list->n; i++)
		lines.items[i] = arena_strdup(arena, list->items[i].line);
	return lines;
}
