#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

struct slice fuzz_slice(const uint8_t *data, size_t size)
{
	return slice_new((const char *)data, size);
}

struct slice fuzz_line(struct slice *rest)
{
	struct slice line;

	return slice_split(rest, '\n', &line) ? line : slice_new("", 0);
}

const char *fuzz_text(struct arena *arena, struct slice s)
{
	return arena_strndup(arena, s.data, slice_find(s, '\0'));
}

bool fuzz_same(struct slice a, struct slice b)
{
	return slice_equal(a, b) && (a.data == NULL) == (b.data == NULL);
}

bool fuzz_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}
