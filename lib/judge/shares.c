#include "judge/shares.h"

#include <assert.h>

#include "core/walk.h"
#include "judge/message_private.h"

/* What the others have whatever the authors need. */
enum { LEAST_SPF = 10, LEAST_SIGNERS = 10, LEAST_AHEAD = 4 };
static_assert(LIMIT_AUTHORS * (WALK_STEPS + 1) + LEAST_SPF + LEAST_SIGNERS + LEAST_AHEAD <=
	      LIMIT_MESSAGE_LOOKUPS, "the policies of all authors and the least of the others");

void shares_begin(struct message *m)
{
	const unsigned shares[N_ASKER_PARTS] = {
		[ASKER_POLICY] = LIMIT_AUTHORS * discover_policy_lookups(&m->engine->discover, NULL),
		[ASKER_SPF] = LEAST_SPF, [ASKER_SIGNERS] = LEAST_SIGNERS, [ASKER_AHEAD] = LEAST_AHEAD,
	};

	asker_set_shares(m->asker, shares, true);
}

/* SPF gets a third of what is left: with one author as most have it, and 60 look-ups,
 * that is twenty in all. RFC 7208 4.6.4 allows ten terms, of which few take more than
 * one question. */
void shares_end(struct message *m)
{
	const struct evidence *e = &m->evidence;
	unsigned policy = 0, left, spf, ahead;

	for (unsigned i = 0; i < e->n_authors; i++)
		policy += discover_policy_lookups(&m->engine->discover, e->authors[i].domain);
	left = m->engine->settings->dns_max_lookups - policy - LEAST_SPF - LEAST_SIGNERS - LEAST_AHEAD;
	spf = left / 3;
	ahead = left / 6;
	asker_set_shares(m->asker, (const unsigned[N_ASKER_PARTS]){
		[ASKER_POLICY] = policy, [ASKER_SPF] = LEAST_SPF + spf,
		[ASKER_SIGNERS] = LEAST_SIGNERS + left - spf - ahead, [ASKER_AHEAD] = LEAST_AHEAD + ahead,
	}, false);
}
