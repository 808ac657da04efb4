/* spf_guard.h - what stands between a published SPF record and libspf2.
 *
 * libspf2 reads records loosely, forgets terms past some 500 compiled octets,
 * crashes on odd explanations and counts look-ups in its own way. So it never
 * sees remote text: this file checks a record against RFC 7208's grammar, and
 * writes the record that libspf2 gets, made of our own words: domain-specs
 * become tokens ("12.t") that the DNS layer in auth_spf.c understands, long
 * runs of networks become includes of groups, what does not fit goes behind an
 * internal redirect, /0 becomes something libspf2 can say. The counters of RFC
 * 7208 4.6.4 are here too. Pure text work, asks nobody; thread-safe. Input may
 * hold any octet; a parsed record points into it.
 */
#ifndef AUTH_SPF_GUARD_H
#define AUTH_SPF_GUARD_H

#include "base/arena.h"
#include "base/buf.h"

enum spf_mechanism {
	SPF_MECHANISM_UNSET = 0,
	SPF_ALL, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_IP4, SPF_IP6, SPF_EXISTS,
	SPF_REDIRECT,                   /* a modifier, evaluated like one, last */
};

struct spf_term {
	enum spf_mechanism mechanism;
	char qualifier;                 /* + - ~ ? */
	uint8_t bits4, bits6;           /* prefix lengths; 32 and 128 when none is given */
	uint8_t octets[16];             /* ip4 (4 of them), ip6 */
	struct slice domain;            /* domain-spec; empty: the current domain */
};

/* What can be reached of it: nothing behind `all`, redirect= only without one
 * (RFC 7208 5.1). The rest was checked all the same (4.6). */
struct spf_record {
	struct spf_term *terms;         /* in the order of evaluation */
	unsigned n_terms;
	struct slice exp;               /* domain-spec; empty: none */
};

/* RFC 7208 4.5: "v=spf1", then a space or the end. */
bool spf_guard_is_record(struct slice text);
/* -1 and *error_r, a phrase in the arena, when the grammar does not allow it
 * (permerror). `text` is a record by spf_guard_is_record(). */
int spf_guard_parse(struct arena *arena, struct slice text, struct spf_record *record_r,
		    const char **error_r);

/* RFC 7208 4.6.4, for one whole check. Each returns NULL, or the reason of the
 * permerror when this one is over the limit. */
enum { SPF_MAX_TERMS = 10, SPF_MAX_VOIDS = 2, SPF_MAX_NAMES = 10 };
struct spf_count {
	unsigned terms, voids;
};
const char *spf_guard_count_term(struct spf_count *count);
/* A term whose own question had no answer, not each address of its exchanges:
 * the RFC counts terms, and a sender cannot be blamed when IPv4 hosts have no
 * AAAA. */
const char *spf_guard_count_void(struct spf_count *count);

enum spf_token_kind {
	SPF_TOKEN_TERM = 1,             /* terms[first] */
	SPF_TOKEN_GROUP,                /* include: terms[first] to before terms[end] */
	SPF_TOKEN_REST,                 /* redirect: terms[first] and all behind it */
};
struct spf_tokens {
	/* A number for the token; the record names it NUMBER.t */
	unsigned (*make)(void *context, enum spf_token_kind kind, unsigned first, unsigned end);
	void *context;
};
enum { SPF_WRITTEN_MAX = 8192 };        /* octets, of either */

/* The terms from `first` on, for a client of this family (4, 6). */
void spf_guard_write(struct buf *out, const struct spf_record *record, unsigned first,
		     uint8_t family, const struct spf_tokens *tokens);
/* The networks of a group, each as a pass. */
void spf_guard_write_group(struct buf *out, const struct spf_record *record, unsigned first,
			   unsigned end, uint8_t family);

#endif
