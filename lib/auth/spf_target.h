/* spf_target.h - what the tokens in libspf2's records stand for.
 *
 * spf_guard.h writes records of tokens ("12.t"); here each is a target: the
 * start of the check, a term with a domain, a group of networks, the rest of a
 * long record, an exchange of an mx. libspf2 comes back with a token and wants
 * a record (spf_target_record) or addresses and names (spf_target_answer). The
 * counting of RFC 7208 4.6.4 happens at a term's first question.
 */
#ifndef AUTH_SPF_TARGET_H
#define AUTH_SPF_TARGET_H

#include "auth/spf_check.h"

struct spf_answers {                    /* octets of an address, or a token and its NUL */
	unsigned n;
	struct slice list[LIMIT_DNS_RECORDS];
};

/* The first target, token "0.t". */
void spf_target_start(struct spf_check *check);
/* Appends the record libspf2 gets. False: the check is stopped. */
bool spf_target_record(struct spf_check *check, const char *token, struct buf *out);
bool spf_target_answer(struct spf_check *check, const char *token, struct spf_answers *answers_r);

#endif
