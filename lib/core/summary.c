#include "core/summary_private.h"

#include "core/domain.h"
#include "core/signals.h"

bool summary_is_exempt(const struct evidence *e)
{
	return e->exempt != EXEMPT_UNSET && e->exempt != EXEMPT_NO;
}

const struct author *summary_author(const struct evidence *e, const struct verdict *v)
{
	return v->decisive >= 0 && (unsigned)v->decisive < e->n_authors ? &e->authors[v->decisive] : NULL;
}

const struct author_verdict *summary_judged(const struct evidence *e, const struct verdict *v)
{
	return summary_author(e, v) != NULL ? &v->authors[v->decisive] : NULL;
}

bool summary_is_related(const struct author *author, const char *d)
{
	const struct org *org = &author->policy.org;

	if (d == NULL)
		return false;
	if (org->status == ORG_KNOWN)
		return domain_is_within(d, org->domain);
	return domain_is_within(d, author->domain) ||
	       (domain_labels(d) > 1 && domain_is_within(author->domain, d));
}

bool summary_is_related_to_any(const struct evidence *e, const char *d)
{
	for (unsigned i = 0; i < e->n_authors; i++)
		if (summary_is_related(&e->authors[i], d))
			return true;
	return false;
}

const char *summary_result_reason(const struct evidence *e, const struct verdict *v)
{
	if (v->result != RES_DMARC_TEMPERROR && v->result != RES_DMARC_PERMERROR)
		return NULL;
	if (v->result_reason == NULL && summary_author(e, v) == NULL)
		return e->from_reason != NULL ? e->from_reason : from_status_phrase(e->from);
	return v->result_reason;
}

const char *summary_disposition(enum disposition d)
{
	return names_get(disposition_names, (int)(d == DISPOSITION_UNSET ? DISPOSITION_NONE : d));
}

enum disposition summary_as_disposition(enum action action)
{
	switch (action) {
	case ACTION_UNSET:
	case ACTION_ACCEPT:
	case ACTION_TEMPFAIL:
		return DISPOSITION_NONE;
	case ACTION_QUARANTINE:
		return DISPOSITION_QUARANTINE;
	case ACTION_REJECT:
		return DISPOSITION_REJECT;
	}
	return DISPOSITION_NONE;
}

const char *summary_quarantine(struct arena *arena, const struct evidence *evidence,
			       const struct verdict *verdict)
{
	const struct author *author = summary_author(evidence, verdict);
	const char *text;
	struct buf missing;

	/* The author first: Sendmail's mailq shows 60 octets of a reason. */
	text = arena_printf(arena, "author=%s; asked=%s; why=%s; result=%s",
			    author != NULL ? author->domain : "none",
			    summary_disposition(verdict->asked), names_get(why_names, (int)verdict->why),
			    names_get(dmarc_result_names, (int)verdict->result));
	if (verdict->missing == 0)
		return text;
	buf_init(&missing, LIMIT_JOURNAL_STRING);
	signals_names(verdict->missing, ",", &missing);
	text = arena_printf(arena, "%s; missing=%s", text, buf_str(&missing));
	buf_done(&missing);
	return text;
}
