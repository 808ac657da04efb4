#include "base/mem.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the section .comment, for tests/shape/hardening.sh: how far functions are checked
 * cannot be told from a program otherwise. */
#if defined(__USE_FORTIFY_LEVEL)
#define TEXT(x) #x
#define TEXT_OF(macro) TEXT(macro)
__asm__(".ident \"fortified: " TEXT_OF(__USE_FORTIFY_LEVEL) "\"");
#endif

static void *must(void *p)
{
	if (p == NULL) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *mem_alloc(size_t size)
{
	return must(malloc(size > 0 ? size : 1));
}

void *mem_zalloc(size_t size)
{
	return must(calloc(1, size > 0 ? size : 1));
}

void *mem_realloc(void *old, size_t size)
{
	return must(realloc(old, size > 0 ? size : 1));
}

char *mem_strndup(const char *text, size_t len)
{
	char *copy = mem_alloc(len + 1);

	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *mem_strdup(const char *text)
{
	return text != NULL ? mem_strndup(text, strlen(text)) : NULL;
}

void mem_tune(int heaps)
{
	mallopt(M_ARENA_MAX, heaps);
	mallopt(M_TRIM_THRESHOLD, MEM_KEPT);
}
