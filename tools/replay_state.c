#include "replay_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alignctl.h"
#include "auth/crypto.h"
#include "base/mem.h"

#define STATE "replay.state"
#define STATE_OCTETS 8192
#define ID_BELOW UINT64_C(1000000000000000000)

/* ---- the directory ---- */

static bool is_empty_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = dir != NULL;

	while (empty && (entry = readdir(dir)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (dir != NULL)
		closedir(dir);
	return empty;
}

static int open_state(const char *name, const char *directory, const char *path, int *fd_r)
{
	if (mkdir(directory, 0750) != 0 && errno != EEXIST)
		return tool_fail(name, EX_CANTCREAT, "%s: %s", directory, strerror(errno));
	*fd_r = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (*fd_r >= 0)
		return 0;
	if (errno != ENOENT)
		return tool_fail(name, EX_CANTCREAT, "%s: %s", path, strerror(errno));
	if (!is_empty_directory(directory))
		return tool_fail(name, EX_CANTCREAT, "%s is not empty and was not made by this command: "
				 "name another directory with --out", directory);
	*fd_r = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (*fd_r < 0)
		return tool_fail(name, EX_CANTCREAT, "%s: %s", path, strerror(errno));
	return 0;
}

/* An empty file is one that a run made and did not come to write. */
static int compare_state(const char *name, const char *directory, int fd, const char *how)
{
	char text[STATE_OCTETS + 1];
	ssize_t n = pread(fd, text, STATE_OCTETS, 0), length = (ssize_t)strlen(how);

	if (n < 0)
		return tool_fail(name, EX_IOERR, "%s/" STATE ": %s", directory, strerror(errno));
	text[n] = '\0';
	if (n == 0 && pwrite(fd, how, (size_t)length, 0) != length)
		return tool_fail(name, EX_IOERR, "%s/" STATE ": cannot be written: %s", directory,
				 strerror(errno));
	if (n == 0 || strcmp(text, how) == 0)
		return 0;
	return tool_fail(name, EX_DATAERR, "%s was made with other settings, --trusted-hops or "
			 "--zone, or by another command: name another directory with --out, or remove it", directory);
}

int replay_state_open(const char *name, const char *directory, const char *how, int *lock_r)
{
	struct arena *arena = arena_new();
	const char *path = arena_printf(arena, "%s/" STATE, directory);
	int fd = -1, code = open_state(name, directory, path, &fd);

	if (code == 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
		code = tool_fail(name, EX_TEMPFAIL, "%s: another one is writing there", directory);
	if (code == 0)
		code = compare_state(name, directory, fd, how);
	if (code != 0 && fd >= 0)
		close(fd);
	if (code == 0)
		*lock_r = fd;
	arena_free(arena);
	return code;
}

/* ---- line ids ---- */

uint64_t replay_id(const char *key, struct slice content)
{
	struct crypto_hash *hash = crypto_hash_new();
	uint8_t octets[CRYPTO_HASH_OCTETS];
	uint64_t number = 0;

	crypto_hash_add(hash, key, strlen(key) + 1);
	crypto_hash_add(hash, content.data, content.len);
	crypto_hash_end(hash, octets);
	crypto_hash_free(hash);
	for (int i = 0; i < 8; i++)
		number = number << 8 | octets[i];
	return number % ID_BELOW;
}

bool replay_id_parse(const char *prefix, const char *line_id, uint64_t *number_r)
{
	size_t n = strlen(prefix);

	return line_id != NULL && strncmp(line_id, prefix, n) == 0 &&
	       slice_number(slice_of(line_id + n), ID_BELOW - 1, number_r);
}

/* ---- which are judged: open addressing, at most half full ---- */

#define NOW_BIT (UINT64_C(1) << 63)
#define USED_BIT (UINT64_C(1) << 62)

struct replay_seen {
	pthread_mutex_t mutex;
	uint64_t *slots;
	size_t size, n;                 /* size: a power of 2 */
};

struct replay_seen *replay_seen_new(void)
{
	struct replay_seen *seen = mem_zalloc(sizeof(*seen));

	pthread_mutex_init(&seen->mutex, NULL);
	seen->size = 1024;
	seen->slots = mem_zalloc(seen->size * sizeof(*seen->slots));
	return seen;
}

void replay_seen_free(struct replay_seen *seen)
{
	if (seen == NULL)
		return;
	pthread_mutex_destroy(&seen->mutex);
	free(seen->slots);
	free(seen);
}

/* Where the number is, or would be. */
static uint64_t *find_slot(uint64_t *slots, size_t size, uint64_t number)
{
	size_t at = (size_t)(number * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (size - 1);

	while (slots[at] != 0 && (slots[at] & ~NOW_BIT) != (number | USED_BIT))
		at = (at + 1) & (size - 1);
	return &slots[at];
}

static void grow(struct replay_seen *seen)
{
	size_t size = 2 * seen->size;
	uint64_t *slots = mem_zalloc(size * sizeof(*slots));

	for (size_t i = 0; i < seen->size; i++)
		if (seen->slots[i] != 0)
			*find_slot(slots, size, seen->slots[i] & ~(NOW_BIT | USED_BIT)) = seen->slots[i];
	free(seen->slots);
	seen->slots = slots;
	seen->size = size;
}

static enum replay_seen_when mark(struct replay_seen *seen, uint64_t number, uint64_t now)
{
	enum replay_seen_when was = SEEN_NEVER;
	uint64_t *slot;

	pthread_mutex_lock(&seen->mutex);
	if (2 * seen->n >= seen->size)
		grow(seen);
	slot = find_slot(seen->slots, seen->size, number);
	if (*slot != 0)
		was = *slot & NOW_BIT ? SEEN_NOW : SEEN_EARLIER;
	else
		seen->n++;
	*slot |= number | USED_BIT | now;
	pthread_mutex_unlock(&seen->mutex);
	return was;
}

void replay_seen_earlier(struct replay_seen *seen, uint64_t number)
{
	mark(seen, number, 0);
}

enum replay_seen_when replay_seen_now(struct replay_seen *seen, uint64_t number)
{
	return mark(seen, number, NOW_BIT);
}
