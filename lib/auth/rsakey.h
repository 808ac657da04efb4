/* rsakey.h - modulus and exponent of an RSA key as DKIM publishes it: DER of
 * SubjectPublicKeyInfo (RFC 5280 4.1), as nearly all do, or of the RSAPublicKey that
 * RFC 6376 3.6.1 speaks of (RFC 8017 A.1.1).
 *
 * The crypto library's own decoder tries all that a key might be, which takes six times
 * as long as a verification: too much where a stranger has a new key for each signature. Pure.
 */
#ifndef AUTH_RSAKEY_H
#define AUTH_RSAKEY_H

#include "base/slice.h"

/* Big-endian, without leading zeros, parts of `der`. False: anything else, also octets
 * behind the structure, and lengths without end. */
bool rsakey_parse(struct slice der, struct slice *modulus_r, struct slice *exponent_r);

#endif
