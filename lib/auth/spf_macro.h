/* spf_macro.h - macro strings of SPF (RFC 7208 7): syntax and expansion.
 *
 * Pure text work for spf_guard.c and auth_spf.c; asks nobody. The one macro
 * that needs the DNS is %{p}: the caller finds out with spf_macro_uses() and
 * has the validated name at hand before it expands. Input may hold any octet;
 * expand only what spf_macro_check() accepted. Thread-safe.
 */
#ifndef AUTH_SPF_MACRO_H
#define AUTH_SPF_MACRO_H

#include "base/buf.h"
#include "core/domain.h"
#include "core/netset.h"

enum spf_macro_place {
	SPF_MACRO_IN_RECORD = 1,
	SPF_MACRO_IN_EXPLANATION,       /* spaces, and the letters c, r and t */
};

struct spf_macro_values {               /* no NULL but `validated` */
	const char *local;              /* %{l}, %{s} */
	const char *sender_domain;      /* %{o}, %{s} */
	const char *domain;             /* %{d}, where the record stands */
	const char *helo;               /* %{h} */
	const char *receiver;           /* %{r} */
	const char *validated;          /* %{p}; NULL: "unknown" */
	struct address client;          /* %{i}, %{c}, %{v} */
	int64_t now_s;                  /* %{t} */
};

/* -1 and *error_r (a phrase of ours) when it is no macro-string. */
int spf_macro_check(struct slice text, enum spf_macro_place place, const char **error_r);
/* Likewise for a domain-spec: a macro-string that ends in "." toplabel or in a
 * macro (RFC 7208 7.1). */
int spf_macro_check_domain(struct slice spec, const char **error_r);
/* `letter` in lower case; either case counts. */
bool spf_macro_uses(struct slice text, char letter);
/* Appends; overflow of the buffer is the caller's to look at. */
void spf_macro_expand(struct buf *out, struct slice text, const struct spf_macro_values *values);
/* The name to ask for, cut on the left to 253 octets (RFC 7208 7.3). False:
 * nothing that can be asked, which acts as a name that does not exist. */
bool spf_macro_domain(struct slice spec, const struct spf_macro_values *values,
		      char out_r[DOMAIN_SIZE]);

#endif
