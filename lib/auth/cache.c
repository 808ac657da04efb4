#include "auth/cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"

#define SHARDS 64
#define SHARD_MIN_ENTRIES 16            /* a small cache has fewer shards */
#define SHARD_MIN_OCTETS (256 * 1024)
#define AUTHOR_BUCKETS 256

struct entry {
	struct entry *next;             /* same bucket */
	struct entry *newer, *older;    /* by last use */
	const struct dns_answer *answer;
	int64_t expires_ms;
	bool failing;                   /* stale, and asking again has failed */
	int64_t retry_ms;               /* when it is asked again after that */
	size_t octets;
	uint32_t hash;
	enum dns_type type;
	char name[];
};

struct waiter {
	struct waiter *next;
	resolver_done_fn *done;
	void *context;
};

struct flight {
	struct cache_flight public;
	struct flight *next, **prev;    /* in the shard */
	struct waiter *waiters, **tail;
	struct author *author;          /* NULL: not counted */
	struct flight *author_next, **author_prev;
	int64_t started_ms;
	uint32_t hash;
	enum dns_type type;
	char name[];
};

struct shard {
	pthread_mutex_t lock;
	struct entry **buckets;
	unsigned n_buckets, n_entries;
	size_t octets;
	struct entry *newest, *oldest;
	struct flight *flights;
	uint64_t hits, joined, started, busy, evicted, stale;
};

struct author {
	struct author *next;
	unsigned in_flight;
	struct flight *flights, **tail; /* oldest first */
	char domain[];
};

struct cache {
	struct cache_limits limits;
	uint32_t seed;                  /* strangers choose the names */
	unsigned n_shards, shard_entries;
	size_t shard_octets;
	struct shard shards[SHARDS];
	pthread_mutex_t authors_lock;   /* taken inside a shard's */
	struct author *authors[AUTHOR_BUCKETS];
	unsigned in_flight;
};

static uint32_t hash_text(uint32_t h, const char *text)
{
	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

/* FNV mixes its high bits poorly; they choose the shard. */
static uint32_t hash_question(const struct cache *cache, const char *name, enum dns_type type)
{
	uint32_t h = hash_text(cache->seed, name) ^ (uint32_t)type * 2654435761u;

	h ^= h >> 16;
	h *= 0x85EBCA6Bu;
	h ^= h >> 13;
	h *= 0xC2B2AE35u;
	return h ^ h >> 16;
}

static struct shard *shard_of(struct cache *cache, uint32_t hash)
{
	return &cache->shards[(hash >> 24) & (cache->n_shards - 1)];
}

static struct entry **bucket_of(struct shard *shard, uint32_t hash)
{
	return &shard->buckets[hash & (shard->n_buckets - 1)];
}

static unsigned power_of_two(unsigned at_least)
{
	unsigned n = 1;

	while (n < at_least && n < 1u << 30)
		n *= 2;
	return n;
}

struct cache *cache_new(const struct cache_limits *limits)
{
	struct cache *cache = mem_zalloc(sizeof(*cache));

	cache->limits = *limits;
	if (getrandom(&cache->seed, sizeof(cache->seed), GRND_NONBLOCK) < 0)
		cache->seed = (uint32_t)(uintptr_t)cache;
	cache->n_shards = SHARDS;
	while (cache->n_shards > 1 && limits->entries / cache->n_shards < SHARD_MIN_ENTRIES)
		cache->n_shards /= 2;
	cache->shard_entries = limits->entries / cache->n_shards;
	cache->shard_octets = (size_t)cache->shard_entries * CACHE_OCTETS_PER_ENTRY;
	if (cache->shard_octets < SHARD_MIN_OCTETS)
		cache->shard_octets = SHARD_MIN_OCTETS;
	pthread_mutex_init(&cache->authors_lock, NULL);
	for (unsigned i = 0; i < cache->n_shards; i++) {
		struct shard *shard = &cache->shards[i];

		pthread_mutex_init(&shard->lock, NULL);
		shard->n_buckets = power_of_two(cache->shard_entries);
		shard->buckets = mem_zalloc(shard->n_buckets * sizeof(*shard->buckets));
	}
	return cache;
}

/* Entries */

static struct entry **find_entry(struct shard *shard, uint32_t hash, const char *name, enum dns_type type)
{
	struct entry **at = bucket_of(shard, hash);

	while (*at != NULL && ((*at)->hash != hash || (*at)->type != type ||
			       strcmp((*at)->name, name) != 0))
		at = &(*at)->next;
	return at;
}

static void unlink_use(struct shard *shard, struct entry *entry)
{
	*(entry->newer != NULL ? &entry->newer->older : &shard->newest) = entry->older;
	*(entry->older != NULL ? &entry->older->newer : &shard->oldest) = entry->newer;
}

static void link_newest(struct shard *shard, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = shard->newest;
	*(entry->older != NULL ? &entry->older->newer : &shard->oldest) = entry;
	shard->newest = entry;
}

static void remove_entry(struct shard *shard, struct entry **at)
{
	struct entry *entry = *at;

	assert(entry != NULL);
	*at = entry->next;
	unlink_use(shard, entry);
	shard->n_entries--;
	shard->octets -= entry->octets;
	dns_answer_unref(entry->answer);
	free(entry);
}

static void remove_oldest(struct shard *shard)
{
	struct entry *oldest = shard->oldest;

	remove_entry(shard, find_entry(shard, oldest->hash, oldest->name, oldest->type));
	shard->evicted++;
}

static size_t octets_of(const struct dns_answer *answer, size_t name_len)
{
	size_t octets = sizeof(struct entry) + name_len + 1 + sizeof(*answer);

	for (unsigned i = 0; i < answer->n; i++)
		octets += sizeof(answer->records[i]) + answer->records[i].data.len + 1;
	return octets;
}

static int64_t keep_ms(const struct dns_answer *answer)
{
	uint32_t ttl_s = answer->ttl_s < CACHE_MAX_TTL_S ? answer->ttl_s : CACHE_MAX_TTL_S;

	if (answer->outcome == DNS_BUSY)
		return 0;
	if (dns_outcome_is_failure(answer->outcome))
		ttl_s = CACHE_FAILURE_TTL_S;
	return (int64_t)ttl_s * 1000;
}

static void keep(struct cache *cache, struct shard *shard, const struct flight *flight,
		 const struct dns_answer *answer, int64_t now_ms)
{
	size_t len = strlen(flight->name), octets = octets_of(answer, len);
	struct entry **at, *entry;

	at = find_entry(shard, flight->hash, flight->name, flight->type);
	if (*at != NULL)
		remove_entry(shard, at);
	if (keep_ms(answer) == 0 || cache->shard_entries == 0 || octets > cache->shard_octets)
		return;
	while (shard->n_entries >= cache->shard_entries || shard->octets + octets > cache->shard_octets)
		remove_oldest(shard);
	entry = mem_zalloc(sizeof(*entry) + len + 1);
	entry->answer = dns_answer_ref(answer);
	entry->expires_ms = now_ms + keep_ms(answer);
	entry->octets = octets;
	entry->hash = flight->hash;
	entry->type = flight->type;
	memcpy(entry->name, flight->name, len);
	entry->next = *bucket_of(shard, entry->hash);
	*bucket_of(shard, entry->hash) = entry;
	link_newest(shard, entry);
	shard->n_entries++;
	shard->octets += octets;
}

static bool is_stale(const struct cache *cache, const struct entry *entry, int64_t now_ms)
{
	return entry->expires_ms <= now_ms && !dns_outcome_is_failure(entry->answer->outcome) &&
	       now_ms - entry->expires_ms < (int64_t)cache->limits.stale_s * 1000;
}

/* NULL: there is none. It may be stale. */
static struct entry *look_up(const struct cache *cache, struct shard *shard, uint32_t hash,
			     const char *name, enum dns_type type, int64_t now_ms)
{
	struct entry **at = find_entry(shard, hash, name, type), *entry = *at;

	if (entry == NULL)
		return NULL;
	if (entry->expires_ms <= now_ms && !is_stale(cache, entry, now_ms)) {
		remove_entry(shard, at);
		return NULL;
	}
	if (shard->newest != entry) {
		unlink_use(shard, entry);
		link_newest(shard, entry);
	}
	return entry;
}

static const struct dns_answer *give_stale(struct shard *shard, const struct entry *entry)
{
	shard->stale++;
	return dns_answer_ref(entry->answer);
}

/* The stale answer in place of a failure; NULL: there is none. */
static const struct dns_answer *spare(struct cache *cache, struct shard *shard,
				      const struct flight *flight,
				      const struct dns_answer *answer, int64_t now_ms)
{
	struct entry *entry = *find_entry(shard, flight->hash, flight->name, flight->type);

	if (entry == NULL || !is_stale(cache, entry, now_ms) ||
	    (answer->outcome != DNS_SERVFAIL && answer->outcome != DNS_TIMEOUT))
		return NULL;
	entry->failing = true;
	entry->retry_ms = now_ms + CACHE_FAILURE_TTL_S * 1000;
	return give_stale(shard, entry);
}

/* Authors: how much is under way on behalf of each */

static struct author **find_author(struct cache *cache, const char *domain)
{
	struct author **at = &cache->authors[hash_text(cache->seed, domain) % AUTHOR_BUCKETS];

	while (*at != NULL && strcmp((*at)->domain, domain) != 0)
		at = &(*at)->next;
	return at;
}

static struct author *make_author(struct author **at, const char *domain)
{
	size_t len = strlen(domain);

	if (*at == NULL) {
		*at = mem_zalloc(sizeof(**at) + len + 1);
		memcpy((*at)->domain, domain, len);
		(*at)->tail = &(*at)->flights;
	}
	return *at;
}

/* As many of its flights as the bound allows have been under way for long. */
static bool is_slow(const struct author *author, unsigned bound, int64_t now_ms)
{
	const struct flight *flight;

	if (author->in_flight < bound)
		return false;
	for (flight = author->flights; bound > 1; bound--)
		flight = flight->author_next;
	return now_ms - flight->started_ms >= CACHE_SLOW_MS;
}

static void link_author(struct author *author, struct flight *flight)
{
	flight->author = author;
	flight->author_prev = author->tail;
	*author->tail = flight;
	author->tail = &flight->author_next;
	author->in_flight++;
}

static void unlink_author(struct author *author, struct flight *flight)
{
	*flight->author_prev = flight->author_next;
	if (flight->author_next != NULL)
		flight->author_next->author_prev = flight->author_prev;
	else
		author->tail = flight->author_prev;
	author->in_flight--;
}

/* False over a bound. Nothing is counted for the author "". */
static bool enter(struct cache *cache, const char *domain, struct flight *flight)
{
	const struct cache_limits *limits = &cache->limits;
	struct author **at;
	bool ok = true;

	pthread_mutex_lock(&cache->authors_lock);
	if (limits->max_in_flight > 0 && cache->in_flight >= limits->max_in_flight)
		ok = false;
	if (ok && domain[0] != '\0') {
		at = find_author(cache, domain);
		if (limits->max_in_flight_per_author > 0 && *at != NULL &&
		    is_slow(*at, limits->max_in_flight_per_author, flight->started_ms))
			ok = false;
		else
			link_author(make_author(at, domain), flight);
	}
	if (ok)
		cache->in_flight++;
	pthread_mutex_unlock(&cache->authors_lock);
	return ok;
}

static void leave(struct cache *cache, struct flight *flight)
{
	struct author *author = flight->author;

	pthread_mutex_lock(&cache->authors_lock);
	cache->in_flight--;
	if (author != NULL)
		unlink_author(author, flight);
	if (author != NULL && author->in_flight == 0) {
		struct author **at = find_author(cache, author->domain);

		*at = author->next;
		free(author);
	}
	pthread_mutex_unlock(&cache->authors_lock);
}

/* Flights */

static struct flight *find_flight(struct shard *shard, uint32_t hash, const char *name, enum dns_type type)
{
	struct flight *flight = shard->flights;

	while (flight != NULL && (flight->hash != hash || flight->type != type ||
				  strcmp(flight->name, name) != 0))
		flight = flight->next;
	return flight;
}

static struct flight *make_flight(uint32_t hash, const char *name, enum dns_type type, int64_t now_ms)
{
	size_t len = strlen(name);
	struct flight *flight = mem_zalloc(sizeof(*flight) + len + 1);

	flight->hash = hash;
	flight->type = type;
	flight->started_ms = now_ms;
	flight->tail = &flight->waiters;
	memcpy(flight->name, name, len);
	return flight;
}

static void link_flight(struct shard *shard, struct flight *flight)
{
	flight->next = shard->flights;
	flight->prev = &shard->flights;
	if (flight->next != NULL)
		flight->next->prev = &flight->next;
	shard->flights = flight;
}

static void add_waiter(struct flight *flight, resolver_done_fn *done, void *context)
{
	struct waiter *waiter = mem_zalloc(sizeof(*waiter));

	waiter->done = done;
	waiter->context = context;
	*flight->tail = waiter;
	flight->tail = &waiter->next;
}

/* Under the shard's lock. */
static enum cache_state want(struct cache *cache, struct shard *shard, uint32_t hash,
			     const char *name, enum dns_type type, const char *author,
			     int64_t now_ms, const struct dns_answer **answer_r,
			     struct flight **flight_r)
{
	struct entry *entry = look_up(cache, shard, hash, name, type, now_ms);
	struct flight *flight;
	bool failing = entry != NULL && entry->failing;

	*answer_r = NULL;
	if (entry != NULL && entry->expires_ms > now_ms) {
		shard->hits++;
		*answer_r = dns_answer_ref(entry->answer);
		return CACHE_ANSWERED;
	}
	flight = find_flight(shard, hash, name, type);
	if (failing || (entry != NULL && flight != NULL && now_ms - flight->started_ms >= CACHE_SLOW_MS))
		*answer_r = give_stale(shard, entry);
	if (*answer_r != NULL && (flight != NULL || now_ms < entry->retry_ms))
		return CACHE_ANSWERED;
	if (flight != NULL) {
		shard->joined++;
		*flight_r = flight;
		return CACHE_JOINED;
	}
	flight = make_flight(hash, name, type, now_ms);
	if (!enter(cache, author, flight)) {
		free(flight);
		shard->busy++;
		if (*answer_r == NULL)
			*answer_r = dns_answer_new(DNS_BUSY, 0, NULL, 0);
		return CACHE_ANSWERED;
	}
	link_flight(shard, flight);
	*flight_r = flight;
	shard->started++;
	return *answer_r != NULL ? CACHE_STALE : CACHE_STARTED;
}

const struct dns_answer *cache_stale(struct cache *cache, const char *name, enum dns_type type,
				     int64_t now_ms)
{
	uint32_t hash = hash_question(cache, name, type);
	struct shard *shard = shard_of(cache, hash);
	const struct dns_answer *answer = NULL;
	struct entry *entry;

	pthread_mutex_lock(&shard->lock);
	entry = look_up(cache, shard, hash, name, type, now_ms);
	if (entry != NULL && entry->expires_ms <= now_ms)
		answer = give_stale(shard, entry);
	pthread_mutex_unlock(&shard->lock);
	return answer;
}

enum cache_state cache_want(struct cache *cache, const char *name, enum dns_type type,
			    const char *author, resolver_done_fn *done, void *context,
			    int64_t now_ms, const struct dns_answer **answer_r,
			    struct cache_flight **flight_r, int64_t *started_ms_r)
{
	uint32_t hash = hash_question(cache, name, type);
	struct shard *shard = shard_of(cache, hash);
	struct flight *flight = NULL;
	enum cache_state state;

	*started_ms_r = now_ms;
	*flight_r = NULL;
	pthread_mutex_lock(&shard->lock);
	state = want(cache, shard, hash, name, type, author, now_ms, answer_r, &flight);
	if (state == CACHE_STARTED || state == CACHE_JOINED) {
		add_waiter(flight, done, context);
		*started_ms_r = flight->started_ms;
	}
	if (state == CACHE_STARTED || state == CACHE_STALE)
		*flight_r = &flight->public;
	pthread_mutex_unlock(&shard->lock);
	return state;
}

/* Under the shard's lock: from here on nobody can join. */
static void unlink_flight(struct flight *flight)
{
	*flight->prev = flight->next;
	if (flight->next != NULL)
		flight->next->prev = flight->prev;
}

static void call_waiters(struct flight *flight, const struct dns_answer *answer)
{
	for (struct waiter *waiter = flight->waiters; waiter != NULL;) {
		struct waiter *next = waiter->next;

		waiter->done(waiter->context, dns_answer_ref(answer));
		free(waiter);
		waiter = next;
	}
	free(flight);
}

void cache_finish(struct cache *cache, struct cache_flight *public,
		  const struct dns_answer *answer, int64_t now_ms)
{
	struct flight *flight = (struct flight *)public;
	struct shard *shard = shard_of(cache, flight->hash);
	const struct dns_answer *stale;

	pthread_mutex_lock(&shard->lock);
	unlink_flight(flight);
	stale = spare(cache, shard, flight, answer, now_ms);
	if (stale == NULL)
		keep(cache, shard, flight, answer, now_ms);
	pthread_mutex_unlock(&shard->lock);
	leave(cache, flight);
	call_waiters(flight, stale != NULL ? stale : answer);
	dns_answer_unref(stale);
	dns_answer_unref(answer);
}

static struct cache_flight *any_flight(struct cache *cache)
{
	struct flight *flight = NULL;

	for (unsigned i = 0; i < cache->n_shards && flight == NULL; i++) {
		pthread_mutex_lock(&cache->shards[i].lock);
		flight = cache->shards[i].flights;
		pthread_mutex_unlock(&cache->shards[i].lock);
	}
	return flight != NULL ? &flight->public : NULL;
}

void cache_abandon(struct cache *cache, enum dns_outcome outcome, int64_t now_ms)
{
	struct cache_flight *flight;

	while ((flight = any_flight(cache)) != NULL)
		cache_finish(cache, flight, dns_answer_new(outcome, 0, NULL, 0), now_ms);
}

void cache_free(struct cache *cache)
{
	assert(cache->in_flight == 0);
	for (unsigned i = 0; i < cache->n_shards; i++) {
		struct shard *shard = &cache->shards[i];

		while (shard->oldest != NULL)
			remove_oldest(shard);
		free(shard->buckets);
		pthread_mutex_destroy(&shard->lock);
	}
	pthread_mutex_destroy(&cache->authors_lock);
	free(cache);
}

void cache_count(struct cache *cache, struct cache_counters *out_r)
{
	struct cache_counters sum = { 0 };

	for (unsigned i = 0; i < cache->n_shards; i++) {
		struct shard *shard = &cache->shards[i];

		pthread_mutex_lock(&shard->lock);
		sum.hits += shard->hits;
		sum.joined += shard->joined;
		sum.started += shard->started;
		sum.busy += shard->busy;
		sum.evicted += shard->evicted;
		sum.stale += shard->stale;
		sum.entries += shard->n_entries;
		sum.octets += shard->octets;
		pthread_mutex_unlock(&shard->lock);
	}
	pthread_mutex_lock(&cache->authors_lock);
	sum.in_flight = cache->in_flight;
	pthread_mutex_unlock(&cache->authors_lock);
	*out_r = sum;
}
