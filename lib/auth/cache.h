/* cache.h - the answers that are known, and the look-ups under way.
 *
 * A bounded cache in shards (least recently used goes first, by number of
 * answers and by octets) with single flight: one look-up for all who ask the
 * same at the same time. It also bounds what is under way, in all and on behalf
 * of one author domain, so that a silent name server of one sender cannot hold
 * up all mail. Of an author only look-ups that have taken CACHE_SLOW_MS count:
 * if quick ones did, a forger who asks many names of his victim at once could
 * have the rest refused, and the victim's policy with it. Knows nothing of how answers are found: whoever gets
 * CACHE_STARTED looks up and calls cache_finish().
 *
 * Times are monotonic and given by the caller. TTLs are cut at CACHE_MAX_TTL_S;
 * a failure is kept for CACHE_FAILURE_TTL_S whatever its TTL says, except
 * DNS_BUSY, which is never kept. A look-up that nobody waits for any more goes on,
 * and its answer is kept. Thread-safe; call-backs run without a lock.
 *
 * With stale_s an answer whose TTL is over is kept for so long (RFC 8767). It is asked
 * again all the same; the old one is given only when that fails, or takes long
 * (CACHE_SLOW_MS), and then at once to all who ask until it has succeeded.
 */
#ifndef AUTH_CACHE_H
#define AUTH_CACHE_H

#include "auth/resolver.h"

#define CACHE_MAX_TTL_S 86400
#define CACHE_FAILURE_TTL_S 5
#define CACHE_SLOW_MS 1000
#define CACHE_OCTETS_PER_ENTRY 1024     /* on average; beyond, fewer answers are kept */

struct cache_limits {
	unsigned entries;               /* 0: nothing is kept */
	unsigned max_in_flight;         /* 0: no bound, here and below */
	unsigned max_in_flight_per_author;      /* slow ones */
	unsigned stale_s;               /* 0: nothing is given after its TTL */
};

enum cache_state {
	CACHE_ANSWERED = 1,             /* *answer_r, a reference of the caller's */
	CACHE_JOINED,                   /* `done` will be called */
	CACHE_STARTED,                  /* the same, and *flight_r is the caller's to finish */
	CACHE_STALE,                    /* *answer_r and *flight_r both; `done` will not be called */
};

struct cache;
struct cache_flight {                   /* a look-up under way; for whoever has to finish it: */
	struct cache_flight *link;
	void *owner;
};

struct cache *cache_new(const struct cache_limits *limits);
void cache_free(struct cache *cache);   /* no flight may be left */
/* `name` has gone through resolver_name(). Over a bound: answered DNS_BUSY. */
enum cache_state cache_want(struct cache *cache, const char *name, enum dns_type type,
			    const char *author, resolver_done_fn *done, void *context,
			    int64_t now_ms, const struct dns_answer **answer_r,
			    struct cache_flight **flight_r, int64_t *started_ms_r);
/* What is kept although its TTL is over, a reference of the caller's: for who has
 * waited long enough. NULL: nothing. */
const struct dns_answer *cache_stale(struct cache *cache, const char *name, enum dns_type type,
				     int64_t now_ms);
/* Takes over flight and answer, keeps the answer, calls all waiters. */
void cache_finish(struct cache *cache, struct cache_flight *flight,
		  const struct dns_answer *answer, int64_t now_ms);
/* Finishes every flight with a failure: for closing, when nobody else will. */
void cache_abandon(struct cache *cache, enum dns_outcome outcome, int64_t now_ms);

struct cache_counters {
	uint64_t hits, joined, started, busy, evicted, stale;
	unsigned entries, in_flight;    /* now */
	uint64_t octets;
};
void cache_count(struct cache *cache, struct cache_counters *out_r);

#endif
