#include "judge/evaluate.h"

#include <assert.h>

#include "auth/idna.h"
#include "base/clock.h"
#include "judge/draws.h"
#include "judge/message_private.h"
#include "judge/signers.h"

#define PROGRESS_MS 3000

static void set_bad_from(struct evidence *e, enum from_status status, const char *reason)
{
	e->from = status;
	e->from_reason = reason != NULL ? reason : from_status_phrase(status);
	e->n_authors = 0;
}

static bool is_known_author(const struct evidence *e, const char *domain)
{
	for (unsigned i = 0; i < e->n_authors; i++)
		if (domain_equal(e->authors[i].domain, domain))
			return true;
	return false;
}

/* What was let pass although RFC 5322 does not allow it. */
static const char *oddity(const struct from_domains *from)
{
	if (from->trailing_dot)
		return "a trailing dot was removed";
	return from->loose_phrase ? "a malformed phrase before the address" : NULL;
}

void evaluate_from(struct evidence *evidence, struct arena *arena, unsigned fields,
		   struct slice body)
{
	struct from_domains *from = ARENA_NEW(arena, struct from_domains);
	char domain[DOMAIN_SIZE];

	evidence->from_fields = fields;
	if (fields != 1) {
		set_bad_from(evidence, fields == 0 ? FROM_ABSENT : FROM_REPEATED, NULL);
		return;
	}
	from_parse(arena, body, from);
	if (from->status != FROM_OK) {
		set_bad_from(evidence, from->status, from->reason);
		return;
	}
	evidence->from = FROM_OK;
	evidence->from_reason = oddity(from);
	evidence->n_authors = 0;
	for (unsigned i = 0; i < from->n; i++) {
		if (!idna_to_domain(from->domains[i], domain)) {
			if (i < from->n_phrase)
				continue;       /* odd octets in a phrase, no address */
			set_bad_from(evidence, FROM_UNUSABLE, "a domain in From is not valid");
			return;
		}
		if (is_known_author(evidence, domain))
			continue;
		if (evidence->n_authors == LIMIT_AUTHORS) {
			set_bad_from(evidence, FROM_TOO_MANY, NULL);
			return;
		}
		evidence->authors[evidence->n_authors++] =
			(struct author){ .domain = arena_strdup(arena, domain) };
	}
	if (evidence->n_authors == 0)
		set_bad_from(evidence, FROM_NO_DOMAIN, NULL);
}

static unsigned draw_author(const struct message *m, const struct author *author)
{
	const struct org *org = &author->policy.org;

	return draw_enforce(m->engine->sample_key, &m->client,
			    org->status == ORG_KNOWN ? org->domain : author->domain);
}

/* Of several authors the one on whom most is enforced: nobody gets out of it by
 * trying names beside the one he forges. */
static unsigned draw_authors(const struct message *m)
{
	const struct evidence *e = &m->evidence;
	unsigned lowest;

	if (e->n_authors == 0)
		return draw_enforce(m->engine->sample_key, &m->client, "");
	lowest = draw_author(m, &e->authors[0]);
	for (unsigned i = 1; i < e->n_authors; i++) {
		unsigned one = draw_author(m, &e->authors[i]);

		lowest = one < lowest ? one : lowest;
	}
	return lowest;
}

static void finish_draws(struct message *m)
{
	struct evidence *e = &m->evidence;

	e->sample_draw = draw_sample(m->engine->sample_key, &m->client, m->mail_from, m->from_body,
				     m->message_id);
	e->enforce_draw = draw_authors(m);
}

const struct verdict *message_judge(struct message *m, asker_tick_fn *tick, void *context)
{
	struct evidence *e = &m->evidence;

	assert(!m->judged);
	m->judged = true;
	if (!m->eoh_seen)
		message_eoh(m);
	if (e->exempt == EXEMPT_NO) {
		e->waited_ms = asker_wait(m->asker, m->engine->settings->dns_budget_ms,
					  PROGRESS_MS, tick, context);
		e->lookups = asker_lookups(m->asker);
		auth_dkim_finish(m->dkim, &e->dkim, &e->n_dkim, &e->dkim_unchecked);
		if (m->arc != NULL)
			auth_arc_finish(m->arc, auth_dkim_effort(m->dkim), &e->arc);
		signers_finish(m);
		if (e->from != FROM_OK)
			e->n_authors = 0;
		finish_draws(m);
	}
	if (e->when_ms == 0)
		e->when_ms = clock_utc_ms();
	decide(e, &m->engine->settings->ruleset, m->arena, &m->verdict);
	return &m->verdict;
}
