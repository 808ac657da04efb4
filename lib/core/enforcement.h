/* enforcement.h - is a domain "at enforcement", and if not, why not?
 *
 * At enforcement means: every unauthenticated message that uses the domain or
 * any of its subdomains in From is to be quarantined or rejected (RFC 9989
 * 3.2.9). For people and statistics; it never changes the evaluation of a
 * message. Pure.
 */
#ifndef CORE_ENFORCEMENT_H
#define CORE_ENFORCEMENT_H

#include "core/evidence.h"

enum enforcement_class {
	ENFORCEMENT_UNSET = 0,
	ENFORCEMENT_NO_RECORD,
	ENFORCEMENT_UNUSABLE,           /* receivers apply nothing */
	ENFORCEMENT_DAMAGED,            /* treated as p=none */
	ENFORCEMENT_MONITORING,         /* none, with reports */
	ENFORCEMENT_IDLE,               /* none, without */
	ENFORCEMENT_PARTIAL,            /* some forged mail goes through untouched */
	ENFORCEMENT_ENFORCED,
};

enum enforcement_flag {
	FLAG_DOMAIN_OPEN = 1 << 0, FLAG_SUBDOMAINS_OPEN = 1 << 1, FLAG_GHOSTS_OPEN = 1 << 2,
	FLAG_SAMPLED = 1 << 3, FLAG_TESTING = 1 << 4, FLAG_OBSOLETE_TAGS = 1 << 5,
	FLAG_NO_REPORTS = 1 << 6, FLAG_INHERITED = 1 << 7,
};
extern const struct name_row enforcement_class_names[], enforcement_flag_names[];

/* The branches of a record that can ever apply to the name in question: all
 * for an Organizational Domain, p alone for a record below one, sp or np for a
 * name that takes its policy from above. */
enum enforcement_branch { BRANCH_P = 1, BRANCH_SP = 2, BRANCH_NP = 4, BRANCH_ALL = 7 };

struct enforcement {
	enum enforcement_class class;
	enum disposition floors[3];     /* p, sp, np branch: what the mildest receiver does */
	enum disposition floor;         /* the mildest of those that count */
	unsigned flags;
};

/* `n_records` candidates stood at the name; `record` (NULL without) is read
 * when there is exactly one. */
void enforcement_classify(const struct record *record, unsigned n_records, unsigned branches,
			  bool inherited, struct enforcement *out_r);
/* The class of what a message's evidence found for an Author Domain. With a DNS
 * failure there is none: ENFORCEMENT_UNSET. */
void enforcement_of_author(const char *domain, const struct policy_found *found,
			   struct enforcement *out_r);

#endif
