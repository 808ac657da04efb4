/* A mailbox file, and what alignctl replay makes of its messages. The reader finds a
 * message at each "From " line that begins one, and gives what the plainest of readers
 * finds up to the next, however much of the file there is before; the envelope is read
 * from the header alone. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "replay_envelope.h"
#include "replay_mbox.h"
#include "tool_judge.h"

enum { NOW_S = 1777890030, LIMIT = 2048 };

static int file_of(struct slice text)
{
	int fd = memfd_create("mbox", MFD_CLOEXEC);

	FUZZ_NEED(fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len);
	FUZZ_NEED(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static bool is_empty(struct slice line)
{
	return slice_is(line, "\n") || slice_is(line, "\r\n");
}

static bool begins(struct slice line, const char *word)
{
	return slice_is(slice_until(line, strlen(word)), word);
}

/* The next message: from "From " at the start, or behind an empty line, up to the next
 * such line; without one `>` of each ">From " and without the empty line before the next.
 * False: there is none. */
static bool next_message(struct slice *rest, bool *after_empty, struct buf *out)
{
	bool open = false;
	size_t last = 0;

	while (rest->len > 0) {
		struct slice line = slice_until(*rest, slice_find(*rest, '\n') + 1);

		if (*after_empty && begins(line, "From ")) {
			if (open)
				break;
			open = true;
		}
		*rest = slice_from(*rest, line.len);
		last = out->len;
		if (open)
			buf_add_slice(out, slice_from(line, begins(line, ">From ")));
		*after_empty = is_empty(line);
	}
	if (open && *after_empty)
		buf_cut(out, last);
	return open;
}

static bool is_within(struct slice part, struct slice whole)
{
	return part.len == 0 || (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static void check_message(struct slice content)
{
	for (unsigned hops = 0; hops < 3; hops++) {
		struct replay_envelope envelope;
		struct tool_text text = { .data = NULL };

		tool_text_split(content, &text);
		FUZZ_NEED(is_within(text.header, content) && is_within(text.body, content));
		replay_envelope_read(text.header, hops, INT64_C(1000) * NOW_S, INT64_C(1000) * NOW_S, &envelope);
		FUZZ_NEED(envelope.arrival.when_ms >= 0);
		FUZZ_NEED(envelope.arrival.when_ms <= INT64_C(1000) * (NOW_S + 86400));
		FUZZ_NEED(is_within(envelope.arrival.helo, content));
		FUZZ_NEED(is_within(envelope.rcpt, content));
		FUZZ_NEED((envelope.assumed & (ASSUMED_NO_RECEIVED | ASSUMED_UNREAD)) == 0 ||
			  envelope.arrival.client.family == 0);
	}
}

void fuzz_mailbox(const uint8_t *data, size_t size)
{
	struct slice text = fuzz_slice(data, size);
	struct replay_mbox *mbox = replay_mbox_new(file_of(text), LIMIT);
	struct replay_mbox_message message;
	bool after_empty = true;
	struct slice rest = text;
	struct buf wanted;
	uint64_t end = 0;
	int more;

	buf_init(&wanted, 2 * size + 1);

	while ((more = replay_mbox_next(mbox, &message)) > 0) {
		FUZZ_NEED(message.end > end && message.end <= size);
		FUZZ_NEED(message.data == NULL || message.len <= LIMIT);
		end = message.end;
		buf_reset(&wanted);
		FUZZ_NEED(next_message(&rest, &after_empty, &wanted) && end == size - rest.len);
		FUZZ_NEED(message.data != NULL || wanted.len + 2 > LIMIT);
		if (message.data != NULL) {
			FUZZ_NEED(slice_equal(slice_new(message.data, message.len), buf_slice(&wanted)));
			check_message(buf_slice(&wanted));
		}
		free(message.data);
	}
	FUZZ_NEED(more == 0 && !next_message(&rest, &after_empty, &wanted));
	buf_done(&wanted);
	replay_mbox_free(mbox);
	check_message(text);
}
