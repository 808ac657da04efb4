/* arena.h - a region of memory that is freed in one call.
 *
 * Everything that belongs to one message (or one parsed record, one settings
 * file) lives in one arena, so error paths return at once and nothing is freed
 * piece by piece. Memory is zeroed and suitably aligned. Not thread-safe: one
 * thread at a time. Ends the process when memory runs out (mem.h).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/slice.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);         /* NULL is allowed */
void *arena_alloc(struct arena *arena, size_t size);
#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, n) ((type *)arena_alloc((arena), sizeof(type) * (n)))
char *arena_strndup(struct arena *arena, const char *text, size_t len); /* adds a NUL */
char *arena_strdup(struct arena *arena, const char *text);              /* NULL gives NULL */
struct slice arena_slice(struct arena *arena, struct slice s);          /* copy, NUL behind it */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull(2)));
size_t arena_bytes(const struct arena *arena);                          /* handed out so far */

#endif
