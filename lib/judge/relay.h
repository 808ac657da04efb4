/* relay.h - mail through our own gateways and backup MX hosts (internal_relays):
 * it is judged by the client and HELO that their Received fields name.
 *
 * The fields are read from the top as they come, one for each host of ours, and
 * none below the one that names a client from outside: that is the sender's own
 * text. Other fields may stand between. SPF starts where the client becomes
 * known; where it does not, SPF is not checked and evidence.relay says why. One
 * thread at a time.
 */
#ifndef JUDGE_RELAY_H
#define JUDGE_RELAY_H

#include "judge/message.h"

/* At MAIL: true when the client is a relay of ours, whose Received field is
 * then waited for; evidence.relay says who connected. */
bool relay_begin(struct message *message, const struct address *client);
/* The value of the next Received field, whether or not it is waited for. */
void relay_received(struct message *message, struct slice value);
/* At the end of the header. */
void relay_end(struct message *message);

#endif
