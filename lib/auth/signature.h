/* signature.h - one DKIM-Signature field, read and checked (RFC 6376 3.5), or one
 * of the two ARC fields that are made like it (RFC 8617 4.1.2, 4.1.3).
 *
 * Everything that can be known without the DNS and without the rest of the
 * message. A field that can never verify is still read as far as possible, so
 * that it can be listed with its reason. Pure but for the arena.
 */
#ifndef AUTH_SIGNATURE_H
#define AUTH_SIGNATURE_H

#include "auth/crypto.h"
#include "base/arena.h"
#include "base/names.h"
#include "core/canon.h"
#include "core/domain.h"

#define SIGNATURE_FIELD_OCTETS 32768    /* a longer field is not looked into */
#define SIGNATURE_NAMES 256             /* in h= */

enum signature_kind { SIGNATURE_DKIM = 1, SIGNATURE_ARC_MESSAGE = 2, SIGNATURE_ARC_SEAL = 4 };
enum seal_cv { SEAL_CV_UNSET = 0, SEAL_CV_NONE, SEAL_CV_PASS, SEAL_CV_FAIL };

struct signature {
	const char *error;              /* why it can never verify; NULL: it may */
	bool broken;                    /* it is no tag list; then none of it is sure */
	unsigned instance;              /* ARC: i=, 1 to 50; 0: absent or bad */
	enum seal_cv cv;                /* of a seal; UNSET: absent or bad */
	const char *d, *s;              /* normal; NULL: no domain */
	const char *i_local, *i_domain; /* decoded; NULL as in dkim_evidence */
	enum crypto_algorithm algorithm;
	enum canon header_canon, body_canon;
	const struct slice *names;      /* h=, as written, without empty ones */
	unsigned n_names;
	bool has_length;
	uint64_t length;                /* l= */
	uint8_t body_hash[CRYPTO_HASH_OCTETS];
	struct slice value;             /* b=, decoded */
	const char *value_text;         /* b= without white space; NULL: absent or no base64 */
};

extern const struct name_row signature_algorithm_names[];

/* `text`: the field's value. now_s: seconds since 1970, for t= and x=. All
 * strings are the arena's. */
struct signature *signature_parse(struct arena *arena, enum signature_kind kind, struct slice text,
				  int64_t now_s);
/* Is this field name in h=? */
bool signature_covers(const struct signature *signature, struct slice name);

#endif
