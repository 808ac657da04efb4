/* A Received field of a relay of ours, and the date at its end; and the other form of dates,
 * RFC 3339. An address that is taken stands in the text; what is told of HELO and name is a
 * part of it; folding names nobody else. A date is of the years that are promised, and
 * written again it is the same moment. */
#include "fuzz.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "core/received.h"
#include "replay_date.h"

static bool is_part(struct slice part, struct slice text)
{
	return part.len == 0 || (part.data >= text.data && part.data + part.len <= text.data + text.len);
}

/* Some word of the text, as an address is written, is this address. */
static bool stands_in(struct slice text, const struct address *client)
{
	for (size_t at = 0; at < text.len;) {
		size_t end = at;
		struct address address;

		while (end < text.len && (ascii_is_alnum(text.data[end]) || strchr(".:", text.data[end]) != NULL) &&
		       text.data[end] != '\0')
			end++;
		for (size_t start = at; start < end; start++)
			for (size_t stop = end; stop > start && stop + 3 > end; stop--)
				if (address_parse(slice_new(text.data + start, stop - start), &address) &&
				    memcmp(&address, client, sizeof(address)) == 0)
					return true;
		at = end + 1;
	}
	return false;
}

static void check_folded(struct slice text, const struct received *received)
{
	struct received again;
	const char *error;
	struct buf folded;

	buf_init(&folded, LIMIT_RECEIVED_OCTETS);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == ' ' && i > 0 && text.data[i - 1] != '\n')
			buf_add_str(&folded, "\r\n");
		buf_add_char(&folded, text.data[i]);
	}
	/* "(may be forged)" is no such comment when it is folded */
	if (!buf_is_full(&folded) && received_parse(buf_slice(&folded), &again, &error)) {
		FUZZ_NEED(memcmp(&again.client, &received->client, sizeof(again.client)) == 0);
		FUZZ_NEED(again.name_confirmed == received->name_confirmed);
	}
	buf_done(&folded);
}

static void check_date(int64_t when_ms)
{
	time_t when_s = (time_t)(when_ms / 1000);
	int64_t again_ms;
	char text[80];
	struct tm t;

	FUZZ_NEED(when_ms >= 0 && when_ms < INT64_C(253402300800000));
	FUZZ_NEED(when_ms % 1000 == 0 && gmtime_r(&when_s, &t) != NULL);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000 (UTC)", &t);
	FUZZ_NEED(replay_date_parse(slice_of(text), &again_ms) && again_ms == when_ms);
	when_s -= 5400;                 /* an hour and a half to the west */
	if (when_s < 0)
		return;
	gmtime_r(&when_s, &t);
	strftime(text, sizeof(text), "%d %b %Y %H:%M:%S -0130", &t);
	FUZZ_NEED(replay_date_parse(slice_of(text), &again_ms) && again_ms == when_ms);
}

static void check_clock(struct slice text)
{
	char again[CLOCK_TEXT_SIZE];
	int64_t utc_ms, again_ms;

	if (!clock_parse(text, &utc_ms))
		return;
	clock_format(utc_ms, again);
	FUZZ_NEED(clock_parse(slice_of(again), &again_ms) && again_ms == utc_ms);
}

void fuzz_received(const uint8_t *data, size_t size)
{
	struct slice text = fuzz_slice(data, size);
	struct received received;
	const char *error = NULL;
	int64_t when_ms;

	received_is_remark(text);
	if (replay_date_of_received(text, &when_ms))
		check_date(when_ms);
	if (replay_date_parse(text, &when_ms))
		check_date(when_ms);
	check_clock(text);
	if (!received_parse(text, &received, &error)) {
		FUZZ_NEED(error != NULL);
		return;
	}
	FUZZ_NEED(size <= LIMIT_RECEIVED_OCTETS);
	FUZZ_NEED(received.client.family == 4 || received.client.family == 6);
	FUZZ_NEED(stands_in(text, &received.client));
	FUZZ_NEED(is_part(received.helo, text) && is_part(received.name, text));
	FUZZ_NEED(!received.name_confirmed || received.name.len > 0);
	if (slice_find(text, '"') == text.len && slice_find(text, '\\') == text.len)
		check_folded(text, &received);
}
