#include "settings/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static const char *too_large(size_t max_mb)
{
	static __thread char text[64];

	snprintf(text, sizeof(text), "it is larger than %zu MB", max_mb);
	return text;
}

/* Up to max + 1 octets; more than the file had when it was opened, if it grows. */
static char *read_to(int fd, size_t expected, size_t max, size_t *len_r)
{
	size_t size = (expected < max ? expected : max) + 2, len = 0;
	char *data = mem_alloc(size);
	ssize_t got;

	while (len <= max && (got = read(fd, data + len, size - 1 - len)) != 0) {
		if (got < 0) {
			free(data);
			return NULL;
		}
		len += (size_t)got;
		if (len == size - 1) {
			size = size * 2;
			data = mem_realloc(data, size);
		}
	}
	data[len] = '\0';
	*len_r = len;
	return data;
}

char *text_file_read(const char *path, size_t max_mb, size_t *len_r, const char **error_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t max = max_mb << 20, len = 0;
	struct stat status;
	char *data = NULL;

	*error_r = NULL;
	if (fd < 0 || fstat(fd, &status) != 0)
		*error_r = strerror(errno);
	else if (!S_ISREG(status.st_mode))
		*error_r = S_ISDIR(status.st_mode) ? "it is a directory" : "it is not a regular file";
	else if ((data = read_to(fd, (size_t)status.st_size, max, &len)) == NULL)
		*error_r = strerror(errno);
	else if (len > max)
		*error_r = too_large(max_mb);
	else if (memchr(data, '\0', len) != NULL)
		*error_r = "it has a NUL octet, so it is no text file";
	if (fd >= 0)
		close(fd);
	if (*error_r != NULL) {
		free(data);
		return NULL;
	}
	*len_r = len;
	return data;
}
