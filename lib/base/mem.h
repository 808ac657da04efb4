/* mem.h - heap memory that is there or ends the process.
 *
 * Everything a stranger can size has a limit in buf.h, so running out means
 * that the host is out of memory: the process ends and is restarted, as
 * Postfix and Dovecot do. All functions are thread-safe. What they return is
 * freed with free().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#define MEM_KEPT (4 << 20)

void *mem_alloc(size_t size);                 /* not zeroed; size 0 gives a unique pointer */
void *mem_zalloc(size_t size);                /* zeroed */
void *mem_realloc(void *old, size_t size);
char *mem_strdup(const char *text);           /* NULL gives NULL */
char *mem_strndup(const char *text, size_t len);

/* Before the first thread: at most so many heaps for all of them, each of which keeps up
 * to MEM_KEPT octets of what is freed. Giving them back and getting them again takes longer
 * than a message that needs them. */
void mem_tune(int heaps);

#endif
