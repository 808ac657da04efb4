/* aar.h - what an ARC-Authentication-Results field says (RFC 8617 4.1.1: `i=N;`
 * and then the payload of RFC 8601).
 *
 * A strict parser of a stranger's text: bounded, comments and quoted-strings
 * understood, the whole field unusable when any part of it is. An unusable one
 * claims nothing; the chain stays what it is. Pure.
 */
#ifndef CORE_AAR_H
#define CORE_AAR_H

#include "base/arena.h"
#include "core/evidence.h"

struct aar {
	const char *error;              /* why nothing can be taken from it; NULL */
	const char *authserv_id;
	const char *client_ip;          /* smtp.remote-ip or smtp.client-ip, canonical text; NULL */
	struct arc_claim *claims;
	unsigned n_claims;              /* at most LIMIT_ARC_CLAIMS, dmarc first */
};

/* `text`: the field's value, folded or not, its i= tag included. False: i= is
 * not the first thing, or not a number from 1 to 50 (RFC 8617 4.2.1). */
bool aar_instance(struct slice text, unsigned *instance_r);
void aar_parse(struct arena *arena, struct slice text, struct aar *out_r);

#endif
