/* authres.h - Authentication-Results (RFC 8601):
 * the safe writer of one field, and the recogniser of fields that claim to be
 * ours. Every value comes from strangers: the writer is the only way into the
 * field, and it leaves out what it cannot write safely. Pure.
 */
#ifndef CORE_AUTHRES_H
#define CORE_AUTHRES_H

#include "base/buf.h"
#include "base/slice.h"

#define AUTHRES_NAME "Authentication-Results"

struct authres {                        /* a writer; fields are its own */
	struct buf text;
	size_t line_start, result_start;
	unsigned n_results;
};

/* `authserv_id` was checked at start (authres_id_is_valid). */
void authres_init(struct authres *out, const char *authserv_id);
void authres_done(struct authres *out);
/* Opens one resinfo "method=result"; both are ours. */
void authres_result(struct authres *out, const char *method, const char *result);
/* Comment behind the result: non-printable octets dropped, `(`, `)` and `\`
 * become `_`, cut at LIMIT_AUTHRES_COMMENT; an empty one is left out. */
void authres_comment(struct authres *out, const char *text);
/* Quoted; non-printable octets dropped, cut at LIMIT_AUTHRES_COMMENT. */
void authres_reason(struct authres *out, const char *text);
/* ptype.property=value; a token plain, else a quoted-string; left out when the
 * value is NULL, empty or has an octet outside printable ASCII. */
void authres_property(struct authres *out, const char *property, const char *value);
/* A value that is always quoted (header.b). */
void authres_property_quoted(struct authres *out, const char *property, const char *value);
/* local@domain, the local part quoted where it must be; an empty one gives
 * "@domain", NULL only "domain". UTF-8 only with `utf8` (SMTPUTF8). A local part
 * that is too long or unsafe: only the domain. What is no domain (domain.h) is
 * left out. */
void authres_address(struct authres *out, const char *property, const char *local,
		     const char *domain, bool utf8);
/* Takes the last resinfo back when it did not fit; false when it had to. */
bool authres_fits(struct authres *out);
/* The value with LF line breaks, leading blank included, no line end; valid
 * until done. Without any resinfo: " id; none". `none_comment` may be NULL. */
const char *authres_text(struct authres *out, const char *none_comment);

bool authres_id_is_valid(struct slice id);      /* token or dotted name: may be written plain */

/* Does this field value (any folding) carry one of our ids, or is it so broken
 * that it must be removed (it contains one as a word)? `ids` in lower case. */
bool authres_is_ours(struct slice value, const char *const *ids, unsigned n_ids);

#endif
