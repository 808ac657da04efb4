#include "replay_message.h"

#include <string.h>

#define BINARY_OCTETS 512               /* looked at for control octets */

static bool has_control(struct slice text)
{
	for (size_t i = 0; i < text.len && i < BINARY_OCTETS; i++)
		if ((unsigned char)text.data[i] < ' ' && strchr("\t\n\f\r", text.data[i]) == NULL)
			return true;
	return memchr(text.data, '\0', text.len < BINARY_OCTETS ? text.len : BINARY_OCTETS) != NULL;
}

/* RFC 5322 2.2: printable octets, then a colon (4.5.8: blanks before it). */
static bool begins_with_field(struct slice text)
{
	size_t i = 0;

	while (i < text.len && text.data[i] > ' ' && text.data[i] <= '~' && text.data[i] != ':')
		i++;
	if (i == 0)
		return false;
	while (i < text.len && (text.data[i] == ' ' || text.data[i] == '\t'))
		i++;
	return i < text.len && text.data[i] == ':';
}

enum replay_fault replay_message_split(struct slice content, struct tool_text *text_r)
{
	*text_r = (struct tool_text){ .data = NULL };
	tool_text_split(content, text_r);
	if (!begins_with_field(text_r->header))
		return content.len > 0 && has_control(content) ? FAULT_BINARY : FAULT_NO_HEADER;
	if (memchr(text_r->header.data, '\0', text_r->header.len) != NULL)
		return FAULT_NUL;
	return FAULT_NONE;
}

struct message *replay_message_judge(struct engine *engine, const struct tool_text *text,
				     const struct replay_envelope *envelope,
				     const struct verdict **verdict_r)
{
	struct message *message = message_new(engine, &envelope->arrival);

	if (envelope->rcpt.len > 0)
		message_rcpt(message, envelope->rcpt, SLICE(""));
	replay_envelope_feed(message, text->header, envelope->own_received);
	tool_feed_body(message, text->body);
	*verdict_r = message_judge(message, NULL, NULL);
	return message;
}
