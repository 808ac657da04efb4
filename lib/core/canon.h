/* canon.h - the canonical form of a message's body (RFC 6376 3.4.3, 3.4.4).
 *
 * Takes the body in pieces of any size (a line end may be cut in two) and hands
 * the canonical octets to a sink, in pieces again; nothing else is kept, however
 * long the lines are. CRLF and a lone LF end a line; a lone CR is an octet like
 * any other. Pure; one thread at a time.
 */
#ifndef CORE_CANON_H
#define CORE_CANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum canon { CANON_UNSET = 0, CANON_SIMPLE, CANON_RELAXED };

typedef void canon_sink_fn(void *context, const char *data, size_t len);

struct canon_body {
	enum canon method;
	canon_sink_fn *sink;
	void *context;
	uint64_t octets;                /* canonical length so far */
	uint64_t line_ends;             /* seen, not written: they may be the last ones */
	bool cr;                        /* a CR was last: half of a line end, or an octet */
	bool space;                     /* relaxed: white space was last */
	size_t used;
	char out[4096];
};

void canon_body_init(struct canon_body *canon, enum canon method, canon_sink_fn *sink,
		     void *context);
void canon_body_add(struct canon_body *canon, const char *data, size_t len);
void canon_body_end(struct canon_body *canon);

#endif
