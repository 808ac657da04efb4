/* aar.h - what an ARC-Authentication-Results field says (RFC 8617 4.1.1: `i=N;`
 * and then the payload of RFC 8601 2.2).
 *
 * A strict parser of a stranger's text: bounded, comments and quoted-strings
 * understood, the whole field unusable when any part of it is. An unusable one
 * claims nothing; the chain stays what it is. What large sealers write beyond
 * the grammar is borne where it leaves no doubt about who said what: octets that
 * are no token in an unquoted value (an IPv6 address, base64), a property
 * without its type ("action=none"), "_" in a word, a semicolon at the end. Pure.
 */
#ifndef CORE_AAR_H
#define CORE_AAR_H

#include "base/arena.h"
#include "core/evidence.h"

#define AAR_OCTETS 32768                /* a longer field is not looked into */

struct aar {
	const char *error;              /* why nothing can be taken from it; NULL */
	const char *authserv_id;
	const char *client_ip;          /* smtp.remote-ip or smtp.client-ip, canonical text; NULL */
	struct arc_claim *claims;       /* no two alike */
	unsigned n_claims;              /* at most LIMIT_ARC_CLAIMS, dmarc first */
};

/* The instance of an ARC field: one or two digits, from 1 to LIMIT_ARC_SETS. */
bool aar_number(struct slice digits, unsigned *instance_r);
/* `text`: the field's value, folded or not, its i= tag included. False: i= is
 * not the first thing, or no instance. */
bool aar_instance(struct slice text, unsigned *instance_r);
void aar_parse(struct arena *arena, struct slice text, struct aar *out_r);

#endif
