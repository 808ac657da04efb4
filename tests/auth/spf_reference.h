/* spf_reference.h - check_host() of RFC 7208, written down plainly.
 *
 * The second opinion for auth/auth_spf.h: made from the RFC's text alone, top
 * to bottom, without speed, waiting or bounds beyond the RFC's own. It recurses
 * for include and redirect, which the limit of ten terms bounds. The two are
 * compared on generated zones by test_spf_reference.c.
 *
 * Where the RFC leaves a choice it does this:
 * - a target name that cannot be asked (empty or overlong label, 4.8) does not
 *   match, and is not a void look-up since nothing is looked up;
 * - a void look-up is one query without an answer (4.6.4), of whatever term;
 *   look-ups for `exp` and for the macro `p` are not counted;
 * - MX names are looked up in order of preference until one matches; needing
 *   an eleventh is the permerror of 4.6.4;
 * - an unknown modifier's text must be a macro-string, without `c`, `r`, `t`.
 */
#ifndef TESTS_SPF_REFERENCE_H
#define TESTS_SPF_REFERENCE_H

#include "core/evidence.h"
#include "core/netset.h"
#include "spf_zone.h"

struct spf_identity {
	struct address client;          /* family 4 or 6 */
	const char *helo;               /* as it came */
	const char *local;              /* NULL: null reverse-path */
	const char *domain;
	const char *receiver;           /* for %{r} */
	long time_s;                    /* for %{t} */
};

/* *explanation_r: expanded text of exp for a fail, in the zone's arena; or
 * NULL. explanation_r may be NULL. */
enum spf_result spf_reference_check(struct spf_zone *zone, const struct spf_identity *identity,
				    const char **explanation_r);

#endif
