#include "judge/relay.h"

#include <string.h>

#include "core/received.h"
#include "judge/message_private.h"

bool relay_begin(struct message *m, const struct address *client)
{
	char text[ADDRESS_TEXT_SIZE];

	if (!netset_has(m->engine->settings->internal_relays, client))
		return false;
	address_format(client, text);
	m->evidence.relay.ip = arena_strdup(m->arena, text);
	m->relay_awaited = true;
	return true;
}

static void give_up(struct message *m, const char *why)
{
	struct arrival nobody = { .client = { .family = 0 } };

	m->relay_awaited = false;
	m->evidence.relay.unread = why;
	message_set_client(m, &nobody);
	message_start_spf(m);
}

/* On loopback is the relay itself, which passed the message through a content
 * filter of its own: it is not ours, and not exempt as our loopback is. */
static bool is_loopback(const struct address *a)
{
	static const struct address six = { .family = 6, .octets = { [15] = 1 } };

	return (a->family == 4 && a->octets[0] == 127) ||
	       (a->family == 6 && memcmp(a->octets, six.octets, sizeof(six.octets)) == 0);
}

static bool is_inside(const struct message *m, const struct address *client)
{
	return is_loopback(client) || netset_has(m->engine->settings->internal_relays, client);
}

static void found(struct message *m, const struct received *received)
{
	struct arrival outer = {
		.client = received->client, .client_name = received->name,
		.client_name_confirmed = received->name_confirmed, .helo = received->helo,
	};

	m->relay_awaited = false;
	message_set_client(m, &outer);
	if (netset_has(m->engine->settings->exempt_networks, &outer.client))
		message_become_exempt(m);
	else
		message_start_spf(m);
}

void relay_received(struct message *m, struct slice value)
{
	struct received received;
	const char *error;

	if (!m->relay_awaited || received_is_remark(value))
		return;
	m->evidence.relay.hops++;
	if (!received_parse(value, &received, &error))
		give_up(m, arena_printf(m->arena, "Received field %u: %s", m->evidence.relay.hops, error));
	else if (!is_inside(m, &received.client))
		found(m, &received);
	else if (m->evidence.relay.hops == LIMIT_RELAY_HOPS)
		give_up(m, "too many Received fields of relays");
}

void relay_end(struct message *m)
{
	if (!m->relay_awaited)
		return;
	give_up(m, m->evidence.relay.hops == 0 ? "no Received field" :
		"no Received field names a client from outside");
}
