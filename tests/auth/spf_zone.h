/* spf_zone.h - the small DNS that the plain SPF evaluation asks.
 *
 * A list of records, aliases and outcomes in memory, searched from top to
 * bottom. It shares nothing with auth/resolver_zone.c but the enums, so that a
 * mistake there cannot hide behind itself here. It remembers what was asked,
 * which lets a generator put answers where questions will be.
 */
#ifndef TESTS_SPF_ZONE_H
#define TESTS_SPF_ZONE_H

#include "auth/resolver.h"
#include "base/arena.h"
#include "base/slice.h"

struct spf_zone_row {
	const char *name;
	enum dns_type type;             /* 0 with an outcome: every type */
	enum dns_outcome outcome;       /* DNS_DATA: a record */
	bool is_alias;
	struct slice data;              /* TXT: joined; A, AAAA: presentation; else a name */
	unsigned preference;
};

struct spf_zone_answer {
	enum dns_outcome outcome;
	const struct spf_zone_row **rows;       /* in the order of adding */
	unsigned n;
};

struct spf_zone {
	struct arena *arena;
	struct spf_zone_row *rows;
	unsigned n, size;
	struct spf_zone_row *asked;             /* name and type; each once */
	unsigned n_asked, asked_size;
};

void spf_zone_init(struct spf_zone *zone);
void spf_zone_done(struct spf_zone *zone);
void spf_zone_add(struct spf_zone *zone, const char *name, enum dns_type type,
		  struct slice data, unsigned preference);
void spf_zone_add_alias(struct spf_zone *zone, const char *name, const char *target);
void spf_zone_add_outcome(struct spf_zone *zone, const char *name, enum dns_type type,
			  enum dns_outcome outcome);
/* `name` without trailing dot, any case. The answer lives as long as the zone. */
struct spf_zone_answer spf_zone_ask(struct spf_zone *zone, const char *name, enum dns_type type);

#endif
