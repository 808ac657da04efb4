/* spf_reference.h - check_host() of RFC 7208, written down plainly.
 *
 * The second opinion for auth/auth_spf.h: made from the RFC's text alone, top
 * to bottom, without speed, waiting or bounds beyond the RFC's own. It recurses
 * for include and redirect, which the limit of ten terms bounds. The two are
 * compared on generated zones by test_spf_reference.c.
 *
 * Where the RFC leaves a choice it does this:
 * - a target name that cannot be asked (empty or overlong label, 4.8; UTF-8, RFC
 *   8616 4) does not match, and is no void look-up since nothing is looked up;
 * - a void look-up (4.6.4) is a term whose target name, or client's name for
 *   ptr, has no record of the type asked; the addresses of names that came
 *   with an answer, the macro `p` and `exp` are not counted;
 * - more than ten MX names are the permerror of 4.6.4, wherever a match is;
 *   otherwise they are looked up in order of preference until one matches;
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

struct spf_opinion {
	enum spf_result result;
	const char *explanation;        /* expanded text of exp for a fail; NULL; in the zone's arena */
	bool met_bad_name;              /* 4.8: then a permerror would be as good */
};

struct spf_opinion spf_reference_check(struct spf_zone *zone,
				       const struct spf_identity *identity);

#endif
