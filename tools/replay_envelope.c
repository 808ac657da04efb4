#include "replay_envelope.h"

#include <string.h>

#include "base/buf.h"
#include "core/received.h"
#include "replay_date.h"
#include "tool_judge.h"

#define BLANKS " \t\r\n"
#define DAY_MS INT64_C(86400000)

const struct name_row replay_assumption_names[] = {
	{ ASSUMED_NO_RECEIVED, "client unknown, SPF not checked: no Received field of ours" },
	{ ASSUMED_UNREAD, "client unknown, SPF not checked: the Received field cannot be read" },
	{ ASSUMED_PASSED_OVER, "Received fields of our own passed over: no client in them, or loopback" },
	{ ASSUMED_LOCAL, "submitted on our own host: all Received fields name loopback" },
	{ ASSUMED_NO_HELO, "HELO unknown: the Received field does not tell it" },
	{ ASSUMED_NULL_SENDER, "envelope sender <>: no Return-Path field of ours" },
	{ ASSUMED_NO_RCPT, "recipient unknown: no X-Original-To, Delivered-To or Envelope-To field of ours" },
	{ ASSUMED_FILE_TIME, "time of the file: no date in the Received field" },
	{ 0, NULL },
};

struct reader {
	struct replay_envelope *out;
	unsigned hops;                  /* still to go down */
	unsigned seen;                  /* Received fields, remarks too */
	bool found, passed_over;
	bool loopback, from_loopback;   /* the last one read; and none else */
	struct slice return_path, original_to, delivered_to, date_field;
};

static bool is_loopback(const struct address *a)
{
	static const struct address six = { .family = 6, .octets = { [15] = 1 } };

	return (a->family == 4 && a->octets[0] == 127) ||
	       (a->family == 6 && memcmp(a->octets, six.octets, sizeof(six.octets)) == 0);
}

/* The words of a field's value outside of comments and quoted-strings. */
static bool next_word(struct slice *rest, struct slice *word_r)
{
	unsigned depth = 0;
	size_t i = 0, start;

	for (; i < rest->len; i++) {
		char c = rest->data[i];

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (depth == 0 && memchr(BLANKS ";", c, sizeof(BLANKS)) == NULL)
			break;
	}
	for (start = i; i < rest->len && memchr(BLANKS ";(", rest->data[i], sizeof(BLANKS) + 1) == NULL; i++)
		if (rest->data[i] == '"')
			while (i + 1 < rest->len && rest->data[++i] != '"')
				i += rest->data[i] == '\\';
	if (i > rest->len)
		i = rest->len;
	*word_r = slice_new(rest->data + start, i - start);
	*rest = slice_from(*rest, i);
	return word_r->len > 0;
}

/* "with ESMTPSA" (RFC 3848): the writer has seen the client log in. */
static void read_protocol(struct slice value, struct arrival *arrival)
{
	struct slice rest = value, word;

	while (next_word(&rest, &word))
		if (slice_is_nocase(word, "with"))
			break;
	if (!next_word(&rest, &word))
		return;
	arrival->smtputf8 = slice_starts_nocase(word, "UTF8");
	if (arrival->smtputf8)
		word = slice_from(word, 4);
	arrival->authenticated = slice_is_nocase(word, "ESMTPA") || slice_is_nocase(word, "ESMTPSA") ||
				 slice_is_nocase(word, "SMTPA") || slice_is_nocase(word, "SMTPSA") ||
				 slice_is_nocase(word, "LMTPA") || slice_is_nocase(word, "LMTPSA");
}

static void take_client(struct reader *r, struct slice value, const struct received *received)
{
	struct arrival *arrival = &r->out->arrival;

	arrival->client = received->client;
	arrival->client_name = received->name;
	arrival->client_name_confirmed = received->name_confirmed;
	arrival->helo = received->helo;
	read_protocol(value, arrival);
	r->date_field = value;
	r->out->own_received = r->seen;
}

/* Nothing below is looked at any more; and a content filter on loopback, above, is not the
 * client, or mail that nobody can tell the origin of would be taken for our own. */
static void take_unread(struct reader *r, struct slice value)
{
	r->out->arrival = (struct arrival){ .when_ms = 0 };
	r->loopback = false;
	r->date_field = value;
	r->out->own_received = r->seen;
	r->out->assumed |= ASSUMED_UNREAD;
	r->found = true;
}

static bool has_from_clause(struct slice value)
{
	struct slice rest = value, word;

	return next_word(&rest, &word) && slice_is_nocase(word, "from");
}

static void on_received(struct reader *r, struct slice value)
{
	struct received received;
	const char *error;

	r->seen++;
	if (r->found || received_is_remark(value))
		return;
	if (r->hops > 0) {
		r->hops--;
		return;
	}
	if (!has_from_clause(value) || r->seen > 2 * LIMIT_RELAY_HOPS) {
		r->passed_over = true;
		return;
	}
	if (!received_parse(value, &received, &error)) {
		take_unread(r, value);
		return;
	}
	take_client(r, value, &received);
	r->loopback = is_loopback(&received.client);
	r->passed_over = r->passed_over || r->loopback;
	r->found = !r->loopback;
}

static void keep_first(struct slice *kept, struct slice value)
{
	if (kept->data == NULL)
		*kept = slice_trim(value, BLANKS);
}

/* What stands below the trusted Received field is the sender's own text. */
static void on_field(struct reader *r, struct slice name, struct slice value)
{
	name = slice_trim_wsp(name);
	if (slice_is_nocase(name, "Received"))
		on_received(r, value);
	else if (r->found)
		return;
	else if (slice_is_nocase(name, "Return-Path"))
		keep_first(&r->return_path, value);
	else if (slice_is_nocase(name, "X-Original-To"))
		keep_first(&r->original_to, value);
	else if (slice_is_nocase(name, "Delivered-To") || slice_is_nocase(name, "Envelope-To"))
		keep_first(&r->delivered_to, value);
}

static void finish_client(struct reader *r)
{
	struct replay_envelope *out = r->out;

	if (out->arrival.client.family == 0 && (out->assumed & ASSUMED_UNREAD) == 0)
		out->assumed |= ASSUMED_NO_RECEIVED;
	if (r->passed_over && r->found)
		out->assumed |= ASSUMED_PASSED_OVER;
	if (r->loopback)
		out->assumed |= ASSUMED_LOCAL;
	if (out->arrival.client.family != 0 && out->arrival.helo.len == 0)
		out->assumed |= ASSUMED_NO_HELO;
}

static void finish_paths(struct reader *r)
{
	struct replay_envelope *out = r->out;

	out->arrival.mail_from = r->return_path;
	if (r->return_path.data == NULL) {
		out->arrival.mail_from = SLICE("<>");
		out->assumed |= ASSUMED_NULL_SENDER;
	}
	out->rcpt = r->original_to.data != NULL ? r->original_to : r->delivered_to;
	if (out->rcpt.len == 0)
		out->assumed |= ASSUMED_NO_RCPT;
}

static void finish_time(struct reader *r, int64_t file_ms, int64_t now_ms)
{
	int64_t *when_ms = &r->out->arrival.when_ms;

	if (r->date_field.data != NULL && replay_date_of_received(r->date_field, when_ms) &&
	    *when_ms <= now_ms + DAY_MS)
		return;
	*when_ms = file_ms;
	r->out->assumed |= ASSUMED_FILE_TIME;
}

void replay_envelope_read(struct slice header, unsigned hops, int64_t file_ms,
			  int64_t now_ms, struct replay_envelope *out_r)
{
	struct reader r = { .out = out_r, .hops = hops };
	struct slice rest = header, name, value;

	*out_r = (struct replay_envelope){ 0 };
	while (tool_next_field(&rest, &name, &value, NULL))
		on_field(&r, name, value);
	finish_client(&r);
	finish_paths(&r);
	finish_time(&r, file_ms, now_ms);
}

void replay_envelope_feed(struct message *message, struct slice header, unsigned own_received)
{
	struct slice rest = header, name, value;
	unsigned received = 0;

	while (tool_next_field(&rest, &name, &value, NULL))
		if (!slice_is_nocase(slice_trim_wsp(name), "Received") || ++received > own_received)
			message_header(message, name, value);
	message_eoh(message);
}
