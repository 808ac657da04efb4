#include "auth/keyfetch.h"

#include <assert.h>
#include <string.h>

#include "auth/keyrecord.h"
#include "base/buf.h"

#define MAX_KEY_BITS 4096               /* RSA; a larger one costs too much */
#define MAX_KEY_RECORDS 4               /* tried, of those at one name */

struct keyfetch {
	unsigned n, most;
	struct wanted_key keys[];
};

struct keyfetch *keyfetch_new(struct arena *arena, unsigned most)
{
	struct keyfetch *fetch = arena_alloc(arena, sizeof(*fetch) + most * sizeof(fetch->keys[0]));

	fetch->most = most;
	return fetch;
}

struct wanted_key *keyfetch_want(struct keyfetch *fetch, const char *name)
{
	assert(fetch->n < fetch->most);
	fetch->keys[fetch->n].name = name;
	return &fetch->keys[fetch->n++];
}

static bool wait_for_keys(struct asker *asker, void *context)
{
	struct keyfetch *fetch = context;
	bool done = true;

	for (unsigned i = 0; i < fetch->n; i++) {
		struct wanted_key *key = &fetch->keys[i];

		if (key->answer == NULL)
			key->answer = asker_get(asker, key->name, DNS_TXT);
		done &= key->answer != NULL;
	}
	return done;
}

void keyfetch_start(struct keyfetch *fetch, struct asker *asker)
{
	asker_add(asker, wait_for_keys, fetch);
}

/* --- the check -------------------------------------------------------- */

static bool says(struct keyfetch_result *out, enum dkim_result result, const char *reason)
{
	out->result = result;
	out->reason = reason;
	return false;
}

static bool check_outcome(const struct dns_answer *answer, struct keyfetch_result *out)
{
	switch (answer != NULL ? answer->outcome : DNS_TIMEOUT) {
	case DNS_DATA:
		return true;
	case DNS_NODATA:
	case DNS_NXDOMAIN:
	case DNS_BAD_NAME:
		return says(out, RES_DKIM_PERMERROR, KEYFETCH_NO_KEY);  /* RFC 6376 6.1.2 */
	case DNS_TIMEOUT:
		return says(out, RES_DKIM_TEMPERROR, "key lookup timed out");
	case DNS_BOGUS:
		return says(out, RES_DKIM_TEMPERROR, "key lookup failed DNSSEC");
	case DNS_BUSY:
		return says(out, RES_DKIM_TEMPERROR, "too many lookups");
	case DNS_LIMIT:         /* no temperror: the sender has made it */
		return says(out, RES_DKIM_POLICY, "not checked: too many look-ups in this message");
	case DNS_SERVFAIL:
	case DNS_UNSET:
		break;
	}
	return says(out, RES_DKIM_TEMPERROR, "key lookup failed");
}

static bool take_effort(struct keyfetch_effort *effort, const struct crypto_key *key)
{
	double needed = crypto_key_effort(key);

	if (effort == NULL)
		return true;
	if (effort->used > 0 && effort->used + needed > effort->most)
		return false;
	effort->used += needed;
	return true;
}

static bool verify(const struct keyfetch_question *question, struct crypto_key *key,
		   struct keyfetch_result *out)
{
	bool rsa = question->algorithm == CRYPTO_RSA_SHA256;

	out->key_bits = crypto_key_bits(key);
	if (rsa && out->key_bits > MAX_KEY_BITS)
		return says(out, RES_DKIM_POLICY, "key too long");
	if (!take_effort(question->effort, key))
		return says(out, RES_DKIM_POLICY, "not checked: too many long keys in this message");
	if (crypto_verify(key, question->algorithm, question->digest, question->value) != CRYPTO_OK)
		return says(out, RES_DKIM_FAIL, "signature did not verify");
	if (rsa && out->key_bits < question->minimum_bits)              /* RFC 8301 3.2 */
		return says(out, RES_DKIM_POLICY, "key too short");
	out->result = RES_DKIM_PASS;
	out->reason = NULL;
	return true;
}

static bool try_record(struct key_cache *cache, const struct keyfetch_question *question,
		       const struct keyrecord *record, struct keyfetch_result *out)
{
	struct crypto_key *key;
	bool passed;

	out->test_key = record->test;
	if (record->error != NULL)
		return says(out, RES_DKIM_PERMERROR, record->error);
	if (record->same_domain && question->elsewhere)                 /* RFC 6376 3.6.1 */
		return says(out, RES_DKIM_PERMERROR, "i= is not d= as the key demands");
	key = crypto_key_get(cache, question->algorithm,
			     slice_new((const char *)record->octets, record->len));
	if (key == NULL)
		return says(out, RES_DKIM_PERMERROR, "key cannot be decoded");
	passed = verify(question, key, out);
	crypto_key_unref(key);
	return passed;
}

/* Of several key records at a name, which there should not be (RFC 6376
 * 3.6.2.2), one that verifies is enough; else the first that came furthest
 * speaks. Text that is no key record counts only when it is alone. */
static void try_records(const struct dns_answer *answer, struct key_cache *cache,
			const struct keyfetch_question *question, struct keyfetch_result *best)
{
	unsigned tried = 0;
	size_t octets = 0;

	says(best, RES_DKIM_PERMERROR, "no key record");
	for (unsigned i = 0; i < answer->n && tried < MAX_KEY_RECORDS; i++) {
		struct keyfetch_result one = { 0 };
		struct keyrecord record;

		octets += answer->records[i].data.len;
		if (octets > LIMIT_KEY_OCTETS) {
			if (tried == 0)
				says(best, RES_DKIM_PERMERROR, "key record too long");
			break;
		}
		keyrecord_parse(answer->records[i].data, question->algorithm, &record);
		if (!record.is_key && answer->n > 1)
			continue;
		if (try_record(cache, question, &record, &one) || tried == 0 ||
		    (best->result == RES_DKIM_PERMERROR && one.result != RES_DKIM_PERMERROR) ||
		    (best->result == RES_DKIM_FAIL && one.result == RES_DKIM_POLICY))
			*best = one;
		tried++;
		if (best->result == RES_DKIM_PASS)
			break;
	}
}

void keyfetch_verify(const struct wanted_key *key, struct key_cache *cache,
		     const struct keyfetch_question *question, struct keyfetch_result *out_r)
{
	const struct dns_answer *answer = key != NULL ? key->answer : NULL;

	memset(out_r, 0, sizeof(*out_r));
	if (check_outcome(answer, out_r))
		try_records(answer, cache, question, out_r);
}
