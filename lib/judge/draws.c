#include "judge/draws.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/crypto.h"
#include "base/buf.h"

/* Each part goes in with its length, so no two lists of parts are alike. */
static void add_part(struct buf *buf, struct slice part)
{
	buf_printf(buf, "%zu:", part.len);
	buf_add_slice(buf, part);
}

static void add_network(struct buf *buf, const struct address *client)
{
	char text[ADDRESS_TEXT_SIZE];
	struct address network = *client;

	address_mask(&network, network.family == 4 ? 24 : 64);
	address_format(&network, text);
	add_part(buf, slice_of(text));
}

static unsigned draw(const uint8_t key[32], struct buf *buf)
{
	uint8_t hash[32];
	uint64_t number = 0;

	crypto_hmac(slice_new((const char *)key, 32), buf_slice(buf), hash);
	for (int i = 0; i < 8; i++)
		number = number << 8 | hash[i];
	buf_done(buf);
	return (unsigned)(number % 100);        /* bias below 2^-57 */
}

unsigned draw_sample(const uint8_t key[32], const struct address *client,
		     struct slice mail_from, struct slice from, struct slice message_id)
{
	struct buf buf;

	buf_init(&buf, 4 * LIMIT_FROM_OCTETS + 2 * LIMIT_SENDER_OCTETS);
	buf_add_str(&buf, "sample ");
	add_network(&buf, client);
	add_part(&buf, slice_until(mail_from, LIMIT_SENDER_OCTETS));
	add_part(&buf, slice_until(from, LIMIT_FROM_OCTETS));
	add_part(&buf, slice_until(message_id, LIMIT_FROM_OCTETS));
	return draw(key, &buf);
}

unsigned draw_enforce(const uint8_t key[32], const struct address *client, const char *org)
{
	struct buf buf;

	buf_init(&buf, 1024);
	buf_add_str(&buf, "enforce ");
	add_part(&buf, slice_of(org));
	add_network(&buf, client);
	return draw(key, &buf);
}

/* Keeps errno. */
static int key_fail(const char **error_r, const char *path, const char *what, const char *next)
{
	static _Thread_local char text[512];
	int reason = errno;

	snprintf(text, sizeof(text), "sample.key_file %s: %s: %s; %s", path, what,
		 reason != 0 ? strerrordesc_np(reason) : "too short", next);
	*error_r = text;
	errno = reason;
	return -1;
}

int draw_key_read(const char *path, uint8_t key_r[32], const char **error_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return key_fail(error_r, path, "cannot be read",
				"it belongs to the user of alignd, mode 0600");
	errno = 0;
	got = read(fd, key_r, 32);
	close(fd);
	if (got == 32)
		return 0;
	key_fail(error_r, path, "holds no 32 octets", "remove it, a new one is made at the start");
	errno = EINVAL;
	return -1;
}

/* 32 octets in a file that nobody else knows yet, and on the disk. */
static int key_write(char *path, const uint8_t key[32])
{
	int fd = mkostemp(path, O_CLOEXEC), code;

	if (fd < 0)
		return -1;
	errno = ENOSPC;                 /* of a write that was short */
	code = write(fd, key, 32) == 32 && fsync(fd) == 0 ? 0 : errno;
	if (close(fd) != 0 && code == 0)
		code = errno;
	if (code != 0)
		unlink(path);
	errno = code;
	return code == 0 ? 0 : -1;
}

/* It gets its name when it is whole: of two processes that start at once, one makes it,
 * both read it, and one that is killed leaves none by half. */
static int key_make(const char *path, const char **error_r)
{
	uint8_t key[32];
	struct buf temporary;
	int code;

	if (crypto_random(key, sizeof(key)) < 0) {
		*error_r = "no random octets for sample.key_file";
		return -1;
	}
	buf_init(&temporary, PATH_MAX);
	buf_printf(&temporary, "%s.XXXXXX", path);
	code = buf_is_full(&temporary) ? ENAMETOOLONG : 0;
	if (code == 0 && key_write(temporary.data, key) < 0)
		code = errno;
	if (code == 0) {
		if (link(temporary.data, path) != 0 && errno != EEXIST)
			code = errno;
		unlink(temporary.data);
	}
	buf_done(&temporary);
	errno = code;
	return code == 0 ? 0 : key_fail(error_r, path, "cannot be made", "its folder has to exist "
					"and to be writable for the user of alignd, and the disk "
					"to have room");
}

int draw_key_load(const char *path, uint8_t key_r[32], const char **error_r)
{
	uint8_t key[32];

	if (draw_key_read(path, key, error_r) < 0) {
		if (errno != ENOENT || key_make(path, error_r) < 0 || draw_key_read(path, key, error_r) < 0)
			return -1;
	}
	memcpy(key_r, key, 32);
	return 0;
}
