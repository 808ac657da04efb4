/* Loaded before the C library (LD_PRELOAD): a clock that jumps, a disk that hangs, is
 * slow or fails, a resolver that is held up, and an MTA's time-out short enough to wait for.
 * The test writes what is to happen into the file ALIGND_SHIM, which is mapped here. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unbound.h>
#include <unistd.h>

struct control {
	volatile int64_t clock_ms;      /* added to the time of day */
	volatile int64_t hang;          /* writes wait while it is set */
	volatile int64_t error;         /* errno of every write, 0: none */
	volatile int64_t slow_ms;       /* what every write takes */
};
static struct control *control;

__attribute__((constructor)) static void map_control(void)
{
	const char *path = getenv("ALIGND_SHIM");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	control = mmap(NULL, sizeof(*control), PROT_READ, MAP_SHARED, fd, 0);
	if (control == MAP_FAILED)
		_exit(99);
	close(fd);
}

/* ---- the clock ---- */

static void *next_of(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	static int (*next)(clockid_t, struct timespec *);
	int64_t ms;
	int code;

	if (next == NULL)
		next = next_of("clock_gettime");
	code = next(id, out);
	if (code != 0 || control == NULL || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
		return code;
	ms = (int64_t)out->tv_sec * 1000 + out->tv_nsec / 1000000 + control->clock_ms;
	out->tv_sec = ms / 1000;
	out->tv_nsec = ms % 1000 * 1000000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict unused)
{
	struct timespec now;

	(void)unused;
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

/* ---- the disk: of journal files ---- */

static int is_journal(int fd)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	return strstr(path, ".jsonl") != NULL;
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
	static ssize_t (*next)(int, const struct iovec *, int);

	if (next == NULL)
		next = next_of("writev");
	if (!is_journal(fd))
		return next(fd, parts, n);
	while (control->hang != 0)
		usleep(2000);
	usleep((useconds_t)control->slow_ms * 1000);
	if (control->error != 0) {
		errno = (int)control->error;
		return -1;
	}
	return next(fd, parts, n);
}

/* ---- a machine that is busy when alignd starts ---- */

int ub_resolve_async(struct ub_ctx *context, const char *name, int type, int class, void *data,
		     ub_callback_type callback, int *id_r)
{
	int (*next)(struct ub_ctx *, const char *, int, int, void *, ub_callback_type, int *) =
		next_of("ub_resolve_async");
	const char *late = getenv("ALIGND_SHIM_LATE_MS");

	usleep(late != NULL ? (useconds_t)atoi(late) * 1000 : 0);
	return next(context, name, type, class, data, callback, id_r);
}

/* ---- libmilter ---- */

int smfi_settimeout(int seconds)
{
	int (*next)(int) = next_of("smfi_settimeout");
	const char *other = getenv("ALIGND_SHIM_TIMEOUT_S");

	return next(other != NULL ? atoi(other) : seconds);
}
