/* draws.h - the two keyed draws of a message (RFC 7489 6.6.4 sampling, and
 * staged enforcement). HMAC under the site's key: a sender cannot predict
 * them and a retry draws the same. Pure but for the key; thread-safe.
 */
#ifndef JUDGE_DRAWS_H
#define JUDGE_DRAWS_H

#include <stdint.h>

#include "core/evidence.h"
#include "core/netset.h"

/* 0..99 over client network (/24, /64), reverse-path, From and Message-ID. */
unsigned draw_sample(const uint8_t key[32], const struct address *client,
		     struct slice mail_from, struct slice from, struct slice message_id);
/* 0..99 over Organizational Domain and client network. */
unsigned draw_enforce(const uint8_t key[32], const struct address *client, const char *org);

/* Reads the key file (32 octets). -1 and *error_r, with errno, on failure. */
int draw_key_read(const char *path, uint8_t key_r[32], const char **error_r);
/* The same; makes it (mode 0600) when it is not there. */
int draw_key_load(const char *path, uint8_t key_r[32], const char **error_r);

#endif
