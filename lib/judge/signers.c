#include "judge/signers.h"

#include "core/arc_trust.h"
#include "judge/message_private.h"

struct signer {
	const char *domain;
	struct org org;
	struct message *message;
};

static bool signer_task(struct asker *asker, void *context)
{
	struct signer *signer = context;

	return discover_org(asker, &signer->message->engine->discover, signer->domain,
			    &signer->org);
}

static struct signer *find(const struct message *m, const char *domain)
{
	for (unsigned i = 0; i < m->n_signers; i++)
		if (domain_equal(m->signers[i].domain, domain))
			return &m->signers[i];
	return NULL;
}

static void start(struct message *m, const char *domain)
{
	struct signer *signer = &m->signers[m->n_signers++];

	*signer = (struct signer){ .domain = domain, .message = m };
	asker_set_author(m->asker, domain);
	discover_want(m->asker, &m->engine->discover, domain);
	asker_add(m->asker, signer_task, signer);
}

/* Could a walk show that the two have one Organizational Domain? Equal ones are
 * aligned without it. */
static bool could_be_aligned(const struct evidence *e, const char *domain)
{
	for (unsigned i = 0; i < e->n_authors; i++)
		if (!domain_equal(domain, e->authors[i].domain) &&
		    domain_equal(domain_last_labels(domain, 2),
				 domain_last_labels(e->authors[i].domain, 2)))
			return true;
	return false;
}

static unsigned start_claims_of(struct message *m, const struct arc_set *set, unsigned max)
{
	unsigned started = 0;

	for (unsigned k = 0; k < set->n_claims && started < max; k++) {
		const struct arc_claim *claim = &set->claims[k];

		if (claim->method == ARC_METHOD_DMARC || claim->domain == NULL ||
		    find(m, claim->domain) != NULL || !could_be_aligned(&m->evidence, claim->domain))
			continue;
		start(m, claim->domain);
		started++;
	}
	return started;
}

/* The set whose word is taken comes first; the others too, since what-if may trust
 * other sealers. */
static void start_claims(struct message *m)
{
	const struct arc_evidence *arc = &m->evidence.arc;
	unsigned from = arc_trusted_from(&m->evidence, &m->engine->settings->ruleset);
	unsigned first = from > 0 ? from - 1 : 0, left = LIMIT_ARC_ORGS;

	if (arc->result == RES_ARC_FAIL)
		return;
	for (unsigned i = 0; i < arc->n_sets; i++)
		left -= start_claims_of(m, &arc->sets[(first + i) % arc->n_sets], left);
}

void signers_start(struct message *m)
{
	unsigned max = m->engine->settings->dkim_max_signatures;
	const char *domain;

	m->signers = ARENA_ARRAY(m->arena, struct signer, max + LIMIT_ARC_ORGS);
	for (unsigned i = 0; (domain = auth_dkim_signer(m->dkim, i)) != NULL; i++)
		if (find(m, domain) == NULL)
			start(m, domain);
	start_claims(m);
}

static void set_org(const struct message *m, const char *domain, struct org *org_r)
{
	const struct signer *signer = domain != NULL ? find(m, domain) : NULL;

	if (signer != NULL)
		*org_r = signer->org;
}

/* The Organizational Domain matters for what passed or may yet have passed. */
void signers_finish(struct message *m)
{
	struct evidence *e = &m->evidence;

	for (unsigned i = 0; i < e->n_dkim; i++)
		if (e->dkim[i].result == RES_DKIM_PASS || e->dkim[i].result == RES_DKIM_TEMPERROR)
			set_org(m, e->dkim[i].d, &e->dkim[i].org);
	for (unsigned i = 0; e->arc.result == RES_ARC_PASS && i < e->arc.n_sets; i++)
		for (unsigned k = 0; k < e->arc.sets[i].n_claims; k++) {
			struct arc_claim *claim = &e->arc.sets[i].claims[k];

			if (claim->method != ARC_METHOD_DMARC)
				set_org(m, claim->domain, &claim->org);
		}
}
