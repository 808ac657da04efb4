/* auth_arc.h - the ARC chain of one message (RFC 8617 5.2). Validation only.
 *
 * Life: auth_arc_new at MAIL; auth_arc_eoh, which checks the structure, hashes the
 * header, and fills what the sets say (evidence.h: sets, claims); auth_arc_ask, which
 * starts the look-ups of all keys that can matter, newest first; auth_arc_body; then, when asker_wait() is
 * over, auth_arc_finish. One thread at a time. The arena is the message's, as for
 * auth_dkim.h. Every error is final: fail, never temperror; a failed chain counts
 * like none.
 *
 * Bounds: LIMIT_ARC_OCTETS of fields, max_sets; older message signatures, which
 * change only oldest-pass, are tried from the newest on until one fails, or they
 * have taken LIMIT_HASHED_OCTETS of header or eight hashes of the body. Those
 * behind count as not verified, and their keys are not asked for. Of the effort that DKIM
 * has left the newest message signature comes first, then the seals; a chain that needs
 * more fails.
 */
#ifndef AUTH_AUTH_ARC_H
#define AUTH_AUTH_ARC_H

#include "auth/asker.h"
#include "auth/crypto.h"
#include "auth/fields.h"
#include "base/arena.h"
#include "core/evidence.h"

struct auth_arc_options {
	unsigned max_sets;              /* longer chains fail */
	unsigned minimum_key_bits;      /* RSA; never below 1024 */
	bool accept_surplus;            /* dkim.body_length = "accept" */
	unsigned effort;                /* of DKIM and ARC together, see keyfetch.h */
};
/* Questions that one chain can ask. */
#define AUTH_ARC_LOOKUPS(max_sets) (2 * (max_sets))

struct auth_arc;
struct auth_arc *auth_arc_new(struct key_cache *keys, struct asker *asker, struct arena *arena,
			      const struct auth_arc_options *options);
/* `fields`: the whole header as auth_dkim keeps it (auth_dkim_fields), before
 * auth_dkim_eoh() frees it. The result is set when no key and no body can change
 * it any more (none, most of fail), else left unset. */
void auth_arc_eoh(struct auth_arc *arc, const struct fields *fields, struct arc_evidence *out_r);
void auth_arc_ask(struct auth_arc *arc);
void auth_arc_body(struct auth_arc *arc, const char *data, size_t len);
/* `spent`: effort that DKIM has had. */
void auth_arc_finish(struct auth_arc *arc, double spent, struct arc_evidence *out_r);
void auth_arc_free(struct auth_arc *arc);       /* NULL is allowed */

#endif
