#include "judge/signers.h"

#include "core/arc_trust.h"
#include "judge/message_private.h"

struct signer {
	const char *domain;
	struct org org;
	struct message *message;
	bool wanted;                    /* its walk may matter: it is made */
};

/* A signer that has only its last label in common with an author. With a record at a
 * top level domain that is no public suffix, that is the Organizational Domain of all
 * below it. And where an author's own walk has failed, the signer's may still show that
 * it is somebody else's: without it, a failure above the author's record would be a way
 * round that record for all who have a domain of their own. *done_r: the authors' walks
 * are over. */
static bool is_wanted_after_all(const struct signer *signer, bool *done_r)
{
	const struct evidence *e = &signer->message->evidence;

	*done_r = true;
	for (unsigned i = 0; i < e->n_authors; i++) {
		const struct org *org = &e->authors[i].policy.org;

		if (org->status == ORG_UNSET)
			*done_r = false;
		else if (org->status == ORG_TEMPERROR ||
			 (org->status == ORG_KNOWN && domain_labels(org->domain) == 1 &&
			  domain_is_within(signer->domain, org->domain)))
			return true;
	}
	return false;
}

static bool signer_task(struct asker *asker, void *context)
{
	struct signer *signer = context;
	bool done = false;

	if (!signer->wanted)
		signer->wanted = is_wanted_after_all(signer, &done);
	return signer->wanted ? discover_org(asker, &signer->message->engine->discover,
					     signer->domain, &signer->org) : done;
}

static struct signer *find(const struct message *m, const char *domain)
{
	for (unsigned i = 0; i < m->n_signers; i++)
		if (domain_equal(m->signers[i].domain, domain))
			return &m->signers[i];
	return NULL;
}

static void start(struct message *m, const char *domain, bool wanted)
{
	struct signer *signer = &m->signers[m->n_signers++];

	*signer = (struct signer){ .domain = domain, .message = m, .wanted = wanted };
	asker_set_purpose(m->asker, ASKER_SIGNERS, domain);
	asker_add(m->asker, signer_task, signer);
}

/* Do the names of an author end alike? Then a walk may show that the two have one
 * Organizational Domain. */
static bool ends_alike(const struct evidence *e, const char *domain, unsigned labels)
{
	for (unsigned i = 0; i < e->n_authors; i++)
		if (domain_equal(domain_last_labels(domain, labels),
				 domain_last_labels(e->authors[i].domain, labels)))
			return true;
	return false;
}

/* By the suffix list nothing is asked. */
static void start_identifier(struct message *m, const char *domain)
{
	bool wanted = m->engine->discover.method == DISCOVERY_PSL ||
		      ends_alike(&m->evidence, domain, 2);

	if (find(m, domain) == NULL && (wanted || ends_alike(&m->evidence, domain, 1)))
		start(m, domain, wanted);
}

/* Equal ones are aligned without it. */
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
		start(m, claim->domain, true);
		started++;
	}
	return started;
}

/* The set whose word is taken comes first; the others too, since what-if may trust
 * other sealers. */
void signers_start_claims(struct message *m)
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
	const struct evidence *e = &m->evidence;
	const char *domain = e->sender.domain != NULL ? e->sender.domain : e->helo_domain;

	m->signers = ARENA_ARRAY(m->arena, struct signer, 1 + max + LIMIT_ARC_ORGS);
	if (domain != NULL)
		start_identifier(m, domain);
	for (unsigned i = 0; (domain = auth_dkim_signer(m->dkim, i)) != NULL; i++)
		start_identifier(m, domain);
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

	if (e->spf.result == RES_SPF_PASS || e->spf.result == RES_SPF_TEMPERROR)
		set_org(m, e->spf.domain, &e->spf.org);
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
