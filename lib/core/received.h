/* received.h - who gave a message to the host that wrote a Received field: for
 * mail through our own gateways (internal_relays). RFC 5321 4.4; the forms of
 * Postfix, Sendmail, Exim, qmail and Exchange. Pure.
 *
 * The writer is trusted, what it repeats is not: HELO, the name of the client,
 * ident and recipient are a stranger's words inside of the field. So the field
 * must have one of the known forms: a client's address is taken from the one place
 * where the form has it, and a second one elsewhere leaves the field unread.
 */
#ifndef CORE_RECEIVED_H
#define CORE_RECEIVED_H

#include "core/netset.h"

struct received {
	struct address client;
	struct slice helo;              /* of the text; empty when it is not told */
	struct slice name;              /* looked-up name; empty: none, or "unknown" */
	bool name_confirmed;            /* the writer says so by its form */
};

/* `text`: the field's value, folded or not. False and *error_r (ours) when the
 * client cannot be read without doubt: absent, two addresses, no address. */
bool received_parse(struct slice text, struct received *out_r, const char **error_r);
/* "(qmail 123 invoked from network)": a remark that qmail writes above its field
 * with the client, in a field of its own. */
bool received_is_remark(struct slice text);

#endif
