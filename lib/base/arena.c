#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#ifndef BLOCK_BYTES
#define BLOCK_BYTES 4096                /* 0: a block for each piece, where sanitizers look */
#endif

struct block {
	struct block *next;
	size_t size, used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *first;
	size_t bytes;
};

struct arena *arena_new(void)
{
	return mem_zalloc(sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	if (arena == NULL)
		return;
	for (struct block *b = arena->first; b != NULL;) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
	free(arena);
}

static struct block *block_for(struct arena *arena, size_t size)
{
	struct block *b = arena->first;
	size_t room = size > BLOCK_BYTES / 4 ? size : BLOCK_BYTES;

	if (b != NULL && b->size - b->used >= size)
		return b;
	b = mem_alloc(sizeof(*b) + room);
	b->size = room;
	b->used = 0;
	b->next = NULL;
	if (room != BLOCK_BYTES && arena->first != NULL) {
		/* a large piece gets a block of its own behind the current one */
		b->next = arena->first->next;
		arena->first->next = b;
	} else {
		b->next = arena->first;
		arena->first = b;
	}
	return b;
}

/* Octets as they come from the heap. */
static void *take(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct block *b;
	void *p;

	if (size > SIZE_MAX / 2)
		abort();
	size = (size + align - 1) / align * align;
	b = block_for(arena, size);
	p = b->data + b->used;
	b->used += size;
	arena->bytes += size;
	return p;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *p = take(arena, size);

	memset(p, 0, size);
	return p;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = take(arena, len + 1);

	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text != NULL ? arena_strndup(arena, text, strlen(text)) : NULL;
}

struct slice arena_slice(struct arena *arena, struct slice s)
{
	return slice_new(arena_strndup(arena, s.data, s.len), s.len);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		return arena_strdup(arena, "");
	text = take(arena, (size_t)len + 1);
	va_start(args, format);
	vsnprintf(text, (size_t)len + 1, format, args);
	va_end(args);
	return text;
}

size_t arena_bytes(const struct arena *arena)
{
	return arena->bytes;
}
