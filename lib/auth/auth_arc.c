#include "auth/auth_arc.h"

#include <stdlib.h>
#include <string.h>

#include "auth/arc_sets.h"
#include "auth/bodyhash.h"
#include "auth/headerhash.h"
#include "auth/keyfetch.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/canon_header.h"

#define LEAST_KEY_BITS 1024             /* RFC 8301 3.2 */
/* What an older message signature may cost, which changes only oldest-pass. */
#define OLDER_BODY_HASHES 8
#define OLDER_HEADER_OCTETS LIMIT_HASHED_OCTETS

struct check {                          /* one signature that is to verify */
	const struct signature *signature;      /* NULL: not tried */
	uint8_t digest[CRYPTO_HASH_OCTETS];
	const struct wanted_key *key;
	const struct bodyhash *body;    /* of a message signature */
	const struct bodyform *form;
};

struct auth_arc {
	struct key_cache *keys;
	struct asker *asker;
	struct arena *arena;
	struct auth_arc_options options;
	struct bodyhashes bodies;
	struct arc_evidence evidence;
	struct keyfetch_effort effort;
	struct check *messages, *seals; /* of each set, instance 1 first */
};

struct auth_arc *auth_arc_new(struct key_cache *keys, struct asker *asker, struct arena *arena,
			      const struct auth_arc_options *options)
{
	struct auth_arc *arc = mem_zalloc(sizeof(*arc));

	arc->keys = keys;
	arc->asker = asker;
	arc->arena = arena;
	arc->options = *options;
	if (arc->options.minimum_key_bits < LEAST_KEY_BITS)
		arc->options.minimum_key_bits = LEAST_KEY_BITS;
	bodyhashes_init(&arc->bodies, arena);
	return arc;
}

void auth_arc_free(struct auth_arc *arc)
{
	if (arc == NULL)
		return;
	bodyhashes_done(&arc->bodies);
	free(arc);
}

static bool fail(struct auth_arc *arc, const char *reason)
{
	arc->evidence.result = RES_ARC_FAIL;
	arc->evidence.reason = reason;
	return false;
}

/* --- the end of the header -------------------------------------------- */

static void describe_set(struct auth_arc *arc, const struct arc_parts *parts, struct arc_set *out)
{
	struct slice text = arc_sets_value(parts->fields[ARC_PART_RESULTS]);
	struct slice results = slice_trim(slice_from(text, slice_find(text, ';') + 1), " \t\r\n");
	struct aar aar;

	aar_parse(arc->arena, arena_slice(arc->arena, text), &aar);
	out->d = parts->seal->d;
	out->s = parts->seal->s;
	out->results = arena_strndup(arc->arena, results.data,
				     results.len < LIMIT_ARC_RESULTS ? results.len : LIMIT_ARC_RESULTS);
	out->client_ip = aar.client_ip;
	out->claims = aar.claims;
	out->n_claims = aar.n_claims;
	out->from_covered = signature_covers(parts->message, SLICE("From"));
}

static void describe(struct auth_arc *arc, const struct arc_sets *sets)
{
	arc->evidence.n_sets = sets->n;
	arc->evidence.sets = ARENA_ARRAY(arc->arena, struct arc_set, sets->n);
	for (unsigned i = 0; i < sets->n; i++)
		describe_set(arc, &sets->sets[i], &arc->evidence.sets[i]);
}

static void add_to_hash(void *context, const char *data, size_t len)
{
	crypto_hash_add(context, data, len);
}

static void add_field(struct crypto_hash *hash, struct arena *arena, struct field *field)
{
	struct slice text = fields_relaxed(arena, field);

	crypto_hash_add(hash, text.data, text.len);
	crypto_hash_add(hash, "\r\n", 2);
}

/* A seal covers all sets up to its own, itself last (RFC 8617 5.1.1): one hash
 * runs through the chain, and each seal ends a copy of it. */
static void hash_seals(struct auth_arc *arc, const struct arc_sets *sets, struct arena *arena)
{
	struct crypto_hash *all = crypto_hash_new();

	for (unsigned i = 0; i < sets->n; i++) {
		const struct arc_parts *set = &sets->sets[i];
		struct slice own = set->fields[ARC_PART_SEAL]->text;
		struct crypto_hash *one;

		add_field(all, arena, set->fields[ARC_PART_RESULTS]);
		add_field(all, arena, set->fields[ARC_PART_MESSAGE]);
		one = crypto_hash_copy(all);
		canon_header(CANON_RELAXED, own, canon_header_signature(own), add_to_hash, one);
		crypto_hash_end(one, arc->seals[i].digest);
		crypto_hash_free(one);
		arc->seals[i].signature = set->seal;
		add_field(all, arena, set->fields[ARC_PART_SEAL]);
	}
	crypto_hash_free(all);
}

static size_t hash_message(struct auth_arc *arc, struct headerhash *header, unsigned index,
			   const struct arc_parts *set, struct check *check)
{
	const struct signature *signature = set->message;
	uint64_t limit = signature->has_length ? signature->length : UINT64_MAX;

	check->signature = signature;
	check->body = bodyhashes_want(&arc->bodies, signature->body_canon, limit, &check->form);
	return headerhash_signature(header, index, set->fields[ARC_PART_MESSAGE], check->digest);
}

/* The newest, and the older ones for oldest-pass, until one cannot verify or it
 * has cost enough. */
static void hash_messages(struct auth_arc *arc, const struct arc_sets *sets, const struct fields *fields)
{
	const struct signature *signatures[LIMIT_ARC_SETS] = { NULL };
	struct headerhash *header;
	size_t octets = 0;
	unsigned n = 0;

	for (unsigned i = sets->n; i > 0; i--) {
		const struct signature *signature = sets->sets[i - 1].message;

		if (signature->error != NULL || fields_lack(fields, signature) != NULL)
			break;
		signatures[n++] = signature;
	}
	header = headerhash_new(fields, signatures, n);
	for (unsigned k = 0; k < n; k++) {
		unsigned i = sets->n - k;
		size_t taken = hash_message(arc, header, k, &sets->sets[i - 1], &arc->messages[i - 1]);

		if (k > 0)
			octets += taken;
		if (octets > OLDER_HEADER_OCTETS || arc->bodies.n > OLDER_BODY_HASHES)
			break;
	}
}

/* On behalf of the keys below d= and not of d= itself: anyone can write a chain of
 * some author's names, which must not use up what his policy and his own keys may
 * have under way. */
static void want_key(struct auth_arc *arc, struct keyfetch *fetch, struct check *check)
{
	const char *name;

	if (check->signature == NULL)
		return;
	name = arena_printf(arc->arena, "%s._domainkey.%s", check->signature->s, check->signature->d);
	check->key = keyfetch_want(fetch, name);
	asker_set_purpose(arc->asker, ASKER_SIGNERS, name + strlen(check->signature->s) + 1);
	asker_want(arc->asker, name, DNS_TXT);
}

void auth_arc_ask(struct auth_arc *arc)
{
	unsigned n = arc->evidence.n_sets;
	struct keyfetch *fetch;

	if (arc->messages == NULL)
		return;
	fetch = keyfetch_new(arc->arena, AUTH_ARC_LOOKUPS(n));
	for (unsigned i = n; i > 0; i--) {
		want_key(arc, fetch, &arc->messages[i - 1]);
		want_key(arc, fetch, &arc->seals[i - 1]);
	}
	keyfetch_start(fetch, arc->asker);
}

/* Everything that a chain needs whose fields are all right. */
static bool prepare(struct auth_arc *arc, const struct arc_sets *sets, const struct fields *fields)
{
	const char *lack = fields_lack(fields, sets->sets[sets->n - 1].message);

	if (lack != NULL)
		return fail(arc, arena_printf(arc->arena, "message signature of set %u: %s", sets->n, lack));
	arc->messages = ARENA_ARRAY(arc->arena, struct check, sets->n);
	arc->seals = ARENA_ARRAY(arc->arena, struct check, sets->n);
	hash_seals(arc, sets, fields->arena);
	hash_messages(arc, sets, fields);
	return true;
}

void auth_arc_eoh(struct auth_arc *arc, const struct fields *fields, struct arc_evidence *out_r)
{
	struct arc_sets *sets = ARENA_NEW(arc->arena, struct arc_sets);

	arc_sets_collect(arc->arena, fields, arc->options.max_sets, clock_utc_ms() / 1000, sets);
	if (sets->whole)
		describe(arc, sets);
	if (sets->error != NULL)
		fail(arc, sets->error);
	else if (!sets->any)
		arc->evidence.result = RES_ARC_NONE;
	else
		prepare(arc, sets, fields);
	*out_r = arc->evidence;
}

void auth_arc_body(struct auth_arc *arc, const char *data, size_t len)
{
	bodyhashes_add(&arc->bodies, data, len);
}

/* --- results ---------------------------------------------------------- */

/* Why the key does not verify it; NULL: it does. */
static const char *check_key(struct auth_arc *arc, const struct check *check)
{
	const struct keyfetch_question question = {
		.algorithm = check->signature->algorithm,
		.digest = slice_new((const char *)check->digest, sizeof(check->digest)),
		.value = check->signature->value,
		.minimum_bits = arc->options.minimum_key_bits,
		.effort = &arc->effort,
	};
	struct keyfetch_result got;

	keyfetch_verify(check->key, arc->keys, &question, &got);
	return got.reason;
}

static const char *check_body(struct auth_arc *arc, const struct check *check)
{
	const struct signature *signature = check->signature;
	uint64_t octets = check->form->canon.octets;

	if (signature->has_length && signature->length > octets)
		return "body is shorter than l=";
	if (memcmp(check->body->digest, signature->body_hash, sizeof(signature->body_hash)) != 0)
		return "body hash mismatch";
	if (signature->has_length && octets > signature->length && !arc->options.accept_surplus)
		return "octets after the signed part";
	return NULL;
}

static const char *check_message(struct auth_arc *arc, unsigned instance)
{
	const struct check *check = &arc->messages[instance - 1];
	const char *error = check_body(arc, check);

	if (error == NULL)
		error = check_key(arc, check);
	arc->evidence.sets[instance - 1].message_ok = error == NULL;
	return error;
}

/* The oldest set from which on all message signatures verify; 0: all do. */
static unsigned find_oldest(struct auth_arc *arc)
{
	unsigned oldest = arc->evidence.n_sets;

	while (oldest > 1 && arc->messages[oldest - 2].signature != NULL &&
	       check_message(arc, oldest - 1) == NULL)
		oldest--;
	return oldest > 1 ? oldest : 0;
}

static bool check_seals(struct auth_arc *arc)
{
	for (unsigned i = arc->evidence.n_sets; i > 0; i--) {
		const char *error = check_key(arc, &arc->seals[i - 1]);

		if (error != NULL)
			return fail(arc, arena_printf(arc->arena, "seal of set %u: %s", i, error));
		arc->evidence.sets[i - 1].seal_ok = true;
	}
	return true;
}

/* RFC 8617 5.2, from the newest message signature on. */
static void judge(struct auth_arc *arc)
{
	unsigned n = arc->evidence.n_sets;
	const char *error = check_message(arc, n);

	if (error != NULL) {
		fail(arc, arena_printf(arc->arena, "message signature of set %u: %s", n, error));
		return;
	}
	if (!check_seals(arc))
		return;
	arc->evidence.oldest_pass = find_oldest(arc);
	arc->evidence.result = RES_ARC_PASS;
}

void auth_arc_finish(struct auth_arc *arc, double spent, struct arc_evidence *out_r)
{
	arc->effort.most = spent < arc->options.effort ? arc->options.effort - spent : 0;
	bodyhashes_end(&arc->bodies);
	if (arc->evidence.result == RES_ARC_UNSET)
		judge(arc);
	*out_r = arc->evidence;
}
