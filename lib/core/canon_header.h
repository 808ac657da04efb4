/* canon_header.h - the canonical form of one header field (RFC 6376 3.4.1, 3.4.2),
 * and of the field that holds the signature itself.
 *
 * A field is `name:value`, folded with CRLF, without a line end behind it; its
 * canonical form has none either, since the last one hashed goes without (3.7).
 * Pure.
 */
#ifndef CORE_CANON_HEADER_H
#define CORE_CANON_HEADER_H

#include "base/slice.h"
#include "core/canon.h"

/* What is to be cut when the field is the signature itself: all octets between
 * the `=` of its b tag and the next `;`, white space too (RFC 6376 3.7). Empty
 * when it has no b tag. */
struct slice canon_header_signature(struct slice field);
/* Hands the canonical octets to the sink, in pieces. `cut`: octets inside `field`
 * that are taken as not there; an empty slice for none. */
void canon_header(enum canon method, struct slice field, struct slice cut, canon_sink_fn *sink,
		  void *context);

#endif
