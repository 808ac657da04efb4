/* replay_mbox.h - the messages of an mbox file, one after the other, in bounded
 * memory. A line that begins with "From " starts a message when it is the first of
 * the file or stands behind an empty line; ">From " at the start of a line
 * loses its first octet; the empty line before the next message belongs to neither.
 * Lines may end with CRLF or LF.
 */
#ifndef TOOLS_REPLAY_MBOX_H
#define TOOLS_REPLAY_MBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay_mbox;
/* Reads from `fd`, which is the reader's now. `limit`: octets of one message. */
struct replay_mbox *replay_mbox_new(int fd, size_t limit);
void replay_mbox_free(struct replay_mbox *mbox);

struct replay_mbox_message {
	char *data;                     /* malloc'd, with its "From " line; NULL: too large */
	size_t len;
	uint64_t end;                   /* octets of the file up to its end */
};
/* 1: a message, its data is the caller's to free; 0: the end; -1: errno. What stands
 * before the first "From " line belongs to none. */
int replay_mbox_next(struct replay_mbox *mbox, struct replay_mbox_message *out_r);

#endif
