#include "core/align.h"

const struct name_row alignment_names[] = {
	{ ALIGNMENT_NO, "no" }, { ALIGNMENT_YES, "yes" }, { ALIGNMENT_UNDECIDED, "undecided" },
	{ ALIGNMENT_UNSET, "-" }, { 0, NULL },
};

/* Can the two still have one Organizational Domain? It is an ancestor-or-self
 * of both, so one known Organizational Domain rules out what is not within. */
static bool is_possible(const char *author, const struct org *author_org,
			const char *identifier, const struct org *identifier_org)
{
	if (!domain_share_suffix(author, identifier))
		return false;
	if (author_org->status == ORG_KNOWN && !domain_is_within(identifier, author_org->domain))
		return false;
	return identifier_org->status != ORG_KNOWN ||
	       domain_is_within(author, identifier_org->domain);
}

enum alignment align_check(const char *author, const struct org *author_org,
			   const char *identifier, const struct org *identifier_org,
			   enum align_mode mode)
{
	if (domain_equal(author, identifier))           /* RFC 9989 3.2.10.1 and .2 */
		return ALIGNMENT_YES;
	if (mode == ALIGN_STRICT || !is_possible(author, author_org, identifier, identifier_org))
		return ALIGNMENT_NO;
	if (author_org->status == ORG_KNOWN && identifier_org->status == ORG_KNOWN)
		return domain_equal(author_org->domain, identifier_org->domain) ?
			ALIGNMENT_YES : ALIGNMENT_NO;
	if (identifier_org->status == ORG_LIMIT)        /* the sender has made it */
		return ALIGNMENT_NO;
	if (author_org->status == ORG_TEMPERROR || identifier_org->status == ORG_TEMPERROR)
		return ALIGNMENT_UNDECIDED;
	return ALIGNMENT_NO;
}
