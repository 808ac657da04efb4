/* replay_walk.h - finds the messages below a PATH: Maildirs (cur and new, not tmp,
 * with their folders), mbox files, *.eml and the numbered files of MH folders.
 * Symbolic links to files are followed, to directories not, so that there are no loops.
 */
#ifndef TOOLS_REPLAY_WALK_H
#define TOOLS_REPLAY_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/names.h"

/* What cannot be judged, and why. */
enum replay_fault {
	FAULT_NONE = 0,
	FAULT_EMPTY,                    /* 0 octets */
	FAULT_TOO_LARGE,                /* over REPLAY_MAX_OCTETS */
	FAULT_BINARY,                   /* control octets where a header should be */
	FAULT_NUL,                      /* NUL in the header */
	FAULT_NO_HEADER,                /* does not begin with a header field */
	FAULT_NO_FROM_LINE,             /* named mbox, without a "From " line at its start */
	FAULT_OTHER_FILE,               /* no message by its name, and no mbox */
	FAULT_NOT_REGULAR,              /* socket, pipe, device */
	FAULT_LINKED_DIRECTORY,
	FAULT_LOOP,                     /* of symbolic links */
	FAULT_TOO_DEEP,
	FAULT_GONE,                     /* removed or renamed meanwhile; a link to nothing */
	FAULT_UNREADABLE,
	FAULT_REPEATED,                 /* the same message at the same path, again */
	REPLAY_FAULTS,
};
extern const struct name_row replay_fault_names[];
#define REPLAY_MAX_OCTETS ((size_t)50 << 20)

enum replay_kind { REPLAY_MESSAGE = 1, REPLAY_MBOX };
struct replay_file {
	enum replay_kind kind;
	const char *path;               /* as walked */
	const char *key;                /* the place of the message, whatever its Maildir flags */
	uint64_t octets;
	int64_t changed_ms;
};
struct replay_visitor {
	bool (*file)(void *context, const struct replay_file *file);    /* false stops */
	void (*fault)(void *context, enum replay_fault fault, const char *path);
	void *context;
};
/* The fault that an errno of open or read stands for. */
enum replay_fault replay_fault_of(int code);

/* False when it was stopped. A PATH that is not there is a fault. */
bool replay_walk(const char *path, const struct replay_visitor *visitor);

#endif
