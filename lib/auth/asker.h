/* asker.h - everything one message asks the DNS.
 *
 * Evaluations (SPF, discovery, keys) are written as plain top to bottom code
 * that asks asker_get() for what it needs. When an answer is not there yet the
 * evaluation gives up and is run again from its start when answers have come;
 * the asker remembers every answer for the life of the message, so running
 * again is cheap, nothing is asked twice, and a TTL of 0 does no harm. That is
 * how look-ups that depend on one another go on while the message is still
 * being transferred, without a thread per message.
 *
 * A task is such an evaluation: a function that returns true when it is
 * finished. asker_run() runs the unfinished tasks; it is called by whoever adds
 * questions and by the resolver's thread when answers arrive. All tasks of a
 * message run under the asker's lock, one at a time: a task touches only its
 * own data, the asker, and the asker's arena.
 *
 * Owned by one message (asker_new, asker_free); answers under way survive it
 * (reference count), are kept for the cache and touch nothing of the message.
 */
#ifndef AUTH_ASKER_H
#define AUTH_ASKER_H

#include "auth/resolver.h"
#include "base/arena.h"

struct asker;

struct asker_limits {
	unsigned timeout_ms;            /* one look-up, from the start of its flight */
	unsigned max_lookups;           /* distinct questions; beyond: DNS_LIMIT */
};

/* What a question is for. Each part has a share of max_lookups, so that none can
 * use up what another needs. A question that several want is asked once and
 * counts for the first of them in this order. */
enum asker_part {
	ASKER_POLICY = 0,               /* what the authors' domains publish */
	ASKER_SPF,                      /* what an SPF check has come to */
	ASKER_SIGNERS,                  /* keys, and the walks of who sent, signed, sealed */
	ASKER_AHEAD,                    /* what an SPF check may come to */
	N_ASKER_PARTS,
};

struct asker *asker_new(struct resolver *resolver, const struct asker_limits *limits);
void asker_free(struct asker *asker);
/* Memory for tasks' results; only under the lock or after asker_wait(). */
struct arena *asker_arena(struct asker *asker);
/* What for, and on whose behalf later questions are asked and later tasks ask
 * (dns.max_in_flight_per_author). That must be the domain whose name servers are
 * meant: what a stranger's slow names take up is not the author's. */
void asker_set_purpose(struct asker *asker, enum asker_part part, const char *author);
/* How much each part may ask, together at most max_lookups; until then, all of it.
 * What is over its share waits for another call while `more` is true, and is
 * answered DNS_LIMIT otherwise: so what becomes of a message does not hang on
 * which of its answers came first. */
void asker_set_shares(struct asker *asker, const unsigned shares[N_ASKER_PARTS], bool more);

/* NULL: not there yet (the look-up is under way). The answer lives as long as
 * the asker. For tasks, under the lock. */
const struct dns_answer *asker_get(struct asker *asker, const char *name, enum dns_type type);

typedef bool asker_task_fn(struct asker *asker, void *context);
/* Adds a task and runs it at once; from the message's thread, or from a task. */
void asker_add(struct asker *asker, asker_task_fn *task, void *context);
/* Starts a look-up whose answer some task will want; nothing when the share is used
 * up. From the message's thread, or from a task. */
void asker_want(struct asker *asker, const char *name, enum dns_type type);
/* The same for what a task may or may not come to: out of ASKER_AHEAD. */
void asker_want_ahead(struct asker *asker, const char *name, enum dns_type type);

/* Called about every tick_ms while waiting, without the lock. */
typedef void asker_tick_fn(void *context);
/* Waits until all tasks are finished or budget_ms have passed; then what is
 * still under way is answered DNS_TIMEOUT and the tasks are finished with
 * that. Shares do not grow any more. Afterwards no task is left and no other thread touches the asker.
 * Returns the milliseconds spent waiting. */
unsigned asker_wait(struct asker *asker, unsigned budget_ms,
		    unsigned tick_ms, asker_tick_fn *tick, void *context);

unsigned asker_lookups(struct asker *asker);     /* distinct questions so far */
void asker_lock(struct asker *asker);
void asker_unlock(struct asker *asker);

#endif
