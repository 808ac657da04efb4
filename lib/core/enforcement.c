#include "core/enforcement.h"

#include "core/domain.h"

const struct name_row enforcement_class_names[] = {
	{ ENFORCEMENT_NO_RECORD, "no-record" }, { ENFORCEMENT_UNUSABLE, "unusable" },
	{ ENFORCEMENT_DAMAGED, "damaged" }, { ENFORCEMENT_MONITORING, "monitoring" },
	{ ENFORCEMENT_IDLE, "idle" }, { ENFORCEMENT_PARTIAL, "partial" },
	{ ENFORCEMENT_ENFORCED, "enforced" }, { ENFORCEMENT_UNSET, "-" }, { 0, NULL },
};
const struct name_row enforcement_flag_names[] = {
	{ FLAG_DOMAIN_OPEN, "domain-open" }, { FLAG_SUBDOMAINS_OPEN, "subdomains-open" },
	{ FLAG_GHOSTS_OPEN, "ghosts-open" }, { FLAG_SAMPLED, "sampled" },
	{ FLAG_TESTING, "testing" }, { FLAG_OBSOLETE_TAGS, "obsolete-tags" },
	{ FLAG_NO_REPORTS, "no-reports" }, { FLAG_INHERITED, "inherited" }, { 0, NULL },
};

static void branches_of(const struct record *record, enum disposition published[3])
{
	published[0] = record->p;
	published[1] = record->sp != DISPOSITION_UNSET ? record->sp : record->p;
	published[2] = record->np != DISPOSITION_UNSET ? record->np : published[1];
}

/* The mildest conforming receiver: one honours t, another honours pct, none
 * both in turn, so only one level is ever taken off. */
static enum disposition floor_of(const struct record *record, enum disposition published)
{
	return record->testing || record->pct < 100 ? disposition_milder(published) : published;
}

static unsigned open_flags(const enum disposition floors[3], unsigned branches)
{
	bool above[3];
	unsigned flags = 0;

	for (unsigned i = 0; i < 3; i++)
		above[i] = branches & 1u << i && floors[i] > DISPOSITION_NONE;
	if (branches & BRANCH_P && !above[0] && (above[1] || above[2]))
		flags |= FLAG_DOMAIN_OPEN;
	if (branches & BRANCH_SP && !above[1] && above[0])
		flags |= FLAG_SUBDOMAINS_OPEN;
	if (branches & BRANCH_NP && !above[2] && (above[0] || above[1]))
		flags |= FLAG_GHOSTS_OPEN;
	return flags;
}

static void classify_sound(const struct record *record, unsigned branches, struct enforcement *out)
{
	enum disposition published[3];
	bool any_published = false, any_open = false;

	branches_of(record, published);
	out->floor = DISPOSITION_REJECT;
	for (unsigned i = 0; i < 3; i++) {
		out->floors[i] = floor_of(record, published[i]);
		if (!(branches & 1u << i))
			continue;
		any_published |= published[i] > DISPOSITION_NONE;
		any_open |= out->floors[i] == DISPOSITION_NONE;
		if (out->floors[i] < out->floor)
			out->floor = out->floors[i];
	}
	out->flags |= open_flags(out->floors, branches);
	if (any_published && record->pct < 100)
		out->flags |= FLAG_SAMPLED;
	if (any_published && record->testing)
		out->flags |= FLAG_TESTING;
	if (!any_published)
		out->class = record->n_rua > 0 ? ENFORCEMENT_MONITORING : ENFORCEMENT_IDLE;
	else
		out->class = any_open ? ENFORCEMENT_PARTIAL : ENFORCEMENT_ENFORCED;
}

void enforcement_classify(const struct record *record, unsigned n_records, unsigned branches,
			  bool inherited, struct enforcement *out_r)
{
	struct enforcement out = {
		.floors = { DISPOSITION_NONE, DISPOSITION_NONE, DISPOSITION_NONE },
		.floor = DISPOSITION_NONE,
	};

	if (inherited)
		out.flags |= FLAG_INHERITED;
	if (n_records != 1 || record == NULL) {
		out.class = n_records > 1 ? ENFORCEMENT_UNUSABLE : ENFORCEMENT_NO_RECORD;
		*out_r = out;
		return;
	}
	if (record->n_rua == 0)
		out.flags |= FLAG_NO_REPORTS;
	if (record->obsolete_tags)
		out.flags |= FLAG_OBSOLETE_TAGS;
	if (record_is_damaged(record, true))            /* RFC 9989 4.10.1 */
		out.class = record->n_rua > 0 ? ENFORCEMENT_DAMAGED : ENFORCEMENT_UNUSABLE;
	else
		classify_sound(record, branches, &out);
	*out_r = out;
}

/* Only branches that can ever apply to the name count. */
static unsigned branches_for(const char *domain, const struct policy_found *found)
{
	if (!domain_equal(found->domain, domain))
		return found->exists == EXISTENCE_ABSENT ? BRANCH_NP : BRANCH_SP;
	return found->org.status == ORG_KNOWN && !domain_equal(found->org.domain, domain) ?
		BRANCH_P : BRANCH_ALL;
}

void enforcement_of_author(const char *domain, const struct policy_found *found,
			   struct enforcement *out_r)
{
	bool has_record = found->status == DISCOVERY_FOUND;

	if (found->status == DISCOVERY_TEMPERROR || found->status == DISCOVERY_UNSET) {
		*out_r = (struct enforcement){ .class = ENFORCEMENT_UNSET };
		return;
	}
	enforcement_classify(has_record ? &found->record : NULL, has_record ? 1 : found->several ? 2 : 0,
			     has_record ? branches_for(domain, found) : BRANCH_ALL,
			     has_record && !domain_equal(found->domain, domain), out_r);
}
