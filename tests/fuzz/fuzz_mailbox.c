/* A mailbox file, and what alignctl replay makes of its messages. The reader finds a
 * message at each "From " line that begins one, and loses nothing between; the envelope
 * is read from the header alone. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* "From " at the start, or behind an empty line. */
static unsigned count_marks(struct slice text)
{
	bool after_empty = true;
	unsigned n = 0;

	while (text.len > 0) {
		struct slice line = slice_until(text, slice_find(text, '\n'));

		n += after_empty && line.len >= 5 && memcmp(line.data, "From ", 5) == 0;
		after_empty = line.len == 0 || slice_is(line, "\r");
		text = slice_from(text, line.len + 1);
	}
	return n;
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
	uint64_t end = 0;
	unsigned n = 0;
	int more;

	while ((more = replay_mbox_next(mbox, &message)) > 0) {
		FUZZ_NEED(message.end > end && message.end <= size);
		FUZZ_NEED(message.data == NULL || message.len <= LIMIT);
		end = message.end;
		n++;
		if (message.data != NULL)
			check_message(slice_new(message.data, message.len));
		free(message.data);
	}
	FUZZ_NEED(more == 0);
	FUZZ_NEED(n == count_marks(text));
	FUZZ_NEED(n == 0 || end == size);
	replay_mbox_free(mbox);
	check_message(text);
}
