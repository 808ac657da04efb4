/* keyrecord.h - one DKIM key record (RFC 6376 3.6.1, 8301, 8463), and whether it
 * may be used for a signature. Pure; the record's text is not kept. */
#ifndef AUTH_KEYRECORD_H
#define AUTH_KEYRECORD_H

#include "auth/crypto.h"

struct keyrecord {
	const char *error;              /* why it cannot be used; NULL: it can */
	bool is_key;                    /* something of a key record: v=DKIM1 or a p= */
	bool test;                      /* t=y */
	bool same_domain;               /* t=s: i= and d= must be equal */
	size_t len;                     /* of the decoded p= */
	uint8_t octets[CRYPTO_KEY_OCTETS];
};

/* For a signature made with `algorithm`. */
void keyrecord_parse(struct slice text, enum crypto_algorithm algorithm,
		     struct keyrecord *out_r);

#endif
