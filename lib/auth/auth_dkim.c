#include "auth/auth_dkim.h"

#include <stdlib.h>
#include <string.h>

#include "auth/bodyhash.h"
#include "auth/dkimhash.h"
#include "auth/headerhash.h"
#include "auth/keyfetch.h"
#include "auth/signature.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define B_START_LEAST 8                 /* RFC 6008 4 */
#define B_START_MOST 64
#define SIGNATURE_FIELD "DKIM-Signature"

struct seen {                           /* one DKIM-Signature field that is looked at */
	struct signature *signature;
	const char *key_name;           /* NULL: can never verify */
	bool related;                   /* could be the author's */
	bool checked;                   /* among the first max_signatures */
	const char *unprocessed;        /* why the result is neutral */
	bool too_much;                  /* others have hashed all that may be: policy */
	const struct field *field;      /* until the header's end */
	uint8_t digest[CRYPTO_HASH_OCTETS];
	struct bodyhash *body;
	const struct bodyform *form;
	struct wanted_key *key;
};

struct auth_dkim {
	struct key_cache *keys;
	struct asker *asker;
	struct arena *arena;            /* the caller's: results, signatures */
	struct arena *header;           /* fields; ours, gone after the header */
	struct auth_dkim_options options;
	struct fields fields;
	struct bodyhashes bodies;
	unsigned n_from, n_signatures, n_asked;
	struct keyfetch_effort effort;
	struct seen seen[LIMIT_SIGNATURES_SEEN];
	unsigned n_seen;
};

/* --- the header ------------------------------------------------------- */

struct auth_dkim *auth_dkim_new(struct key_cache *keys, struct asker *asker, struct arena *arena,
				const struct auth_dkim_options *options)
{
	struct auth_dkim *dkim = mem_zalloc(sizeof(*dkim));

	dkim->keys = keys;
	dkim->asker = asker;
	dkim->arena = arena;
	dkim->options = *options;
	dkim->header = arena_new();
	fields_init(&dkim->fields, dkim->header);
	bodyhashes_init(&dkim->bodies, arena);
	return dkim;
}

void auth_dkim_free(struct auth_dkim *dkim)
{
	if (dkim == NULL)
		return;
	bodyhashes_done(&dkim->bodies);
	arena_free(dkim->header);
	free(dkim);
}

static void ask_key(struct auth_dkim *dkim, struct seen *seen)
{
	asker_set_purpose(dkim->asker, ASKER_SIGNERS, seen->signature->d);
	asker_want(dkim->asker, seen->key_name, DNS_TXT);
}

static struct seen *look_at(struct auth_dkim *dkim, struct slice value, const char *withheld)
{
	struct seen *seen = &dkim->seen[dkim->n_seen++];

	seen->signature = signature_parse(dkim->arena, SIGNATURE_DKIM, value,
					  clock_utc_ms() / 1000);
	seen->unprocessed = withheld;
	if (seen->signature->error != NULL || seen->unprocessed != NULL)
		return seen;
	seen->key_name = arena_printf(dkim->arena, "%s._domainkey.%s", seen->signature->s,
				      seen->signature->d);
	if (dkim->n_asked++ < dkim->options.max_signatures)
		ask_key(dkim, seen);
	return seen;
}

void auth_dkim_header(struct auth_dkim *dkim, struct slice name, struct slice value)
{
	struct slice trimmed = slice_trim_wsp(name);
	const char *withheld;
	struct field *field = fields_add(&dkim->fields, name, value, &withheld);

	dkim->n_from += slice_is_nocase(trimmed, "From");
	if (!slice_is_nocase(trimmed, SIGNATURE_FIELD))
		return;
	if (dkim->n_signatures++ >= LIMIT_SIGNATURES_SEEN)
		return;
	look_at(dkim, value, withheld)->field = field;
}

const struct fields *auth_dkim_fields(const struct auth_dkim *dkim)
{
	return &dkim->fields;
}

const char *auth_dkim_signer(const struct auth_dkim *dkim, unsigned n)
{
	for (unsigned i = 0; i < dkim->n_seen; i++) {
		const struct seen *seen = &dkim->seen[i];

		if (seen->checked && n-- == 0)
			return seen->signature->d;
	}
	return NULL;
}

/* --- the end of the header -------------------------------------------- */

/* Before it is known who is one organization: the author's name, one above or below it,
 * or one beside it, which has two labels in common. */
static bool is_related(const struct seen *seen, const char *author)
{
	const char *d = seen->signature->d;

	if (author == NULL)
		return false;
	if (domain_is_within(d, author) || domain_is_within(author, d))
		return true;
	return domain_labels(author) > 2 &&
	       domain_is_below(d, domain_last_labels(author, 2));
}

/* What could be aligned first, then by their order in the message; the keys too. */
static unsigned choose(struct auth_dkim *dkim, const char *author)
{
	unsigned left = dkim->options.max_signatures;

	for (int related = 1; related >= 0; related--)
		for (unsigned i = 0; i < dkim->n_seen && left > 0; i++) {
			struct seen *seen = &dkim->seen[i];

			if (seen->key_name == NULL || is_related(seen, author) != (related == 1))
				continue;
			seen->related = related == 1;
			seen->checked = true;
			ask_key(dkim, seen);
			left--;
		}
	return dkim->options.max_signatures - left;
}

static void want_keys(struct auth_dkim *dkim, unsigned n)
{
	struct keyfetch *fetch = keyfetch_new(dkim->arena, n);

	for (unsigned i = 0; i < dkim->n_seen; i++) {
		struct seen *seen = &dkim->seen[i];

		if (!seen->checked)
			continue;
		seen->key = keyfetch_want(fetch, seen->key_name);
	}
	keyfetch_start(fetch, dkim->asker);
}

/* Those that are checked, what could be the author's first. */
static unsigned list_checked(struct auth_dkim *dkim, struct seen **list_r, const struct signature **signatures_r)
{
	unsigned n = 0;

	for (int related = 1; related >= 0; related--)
		for (unsigned i = 0; i < dkim->n_seen; i++)
			if (dkim->seen[i].checked && dkim->seen[i].related == (related == 1)) {
				list_r[n] = &dkim->seen[i];
				signatures_r[n++] = dkim->seen[i].signature;
			}
	return n;
}

/* By the library when it bears it; how many octets that is, about. */
static size_t hash_one(struct auth_dkim *dkim, struct headerhash *hash, unsigned index, bool by_library,
		       struct seen *seen)
{
	struct field **covered = ARENA_ARRAY(dkim->header, struct field *, seen->signature->n_names + 1);
	unsigned n = by_library ? headerhash_covered(hash, index, seen->field, covered) : 0;
	size_t octets = seen->field->text.len;

	if (!by_library || !dkimhash_signature(seen->signature, covered, n, seen->field, seen->digest))
		return headerhash_signature(hash, index, seen->field, seen->digest);
	for (unsigned i = 0; i < n; i++)
		octets += covered[i]->text.len;
	return octets;
}

static void hash_header(struct auth_dkim *dkim)
{
	const struct signature *signatures[LIMIT_SIGNATURES_SEEN] = { NULL };
	struct seen *checked[LIMIT_SIGNATURES_SEEN];
	unsigned n = list_checked(dkim, checked, signatures);
	struct headerhash *hash = headerhash_new(&dkim->fields, signatures, n);
	size_t octets = 0;

	for (unsigned i = 0; i < n; i++) {
		struct seen *seen = checked[i];

		seen->unprocessed = fields_lack(&dkim->fields, seen->signature);
		seen->too_much = octets >= LIMIT_HASHED_OCTETS;
		if (seen->unprocessed == NULL && !seen->too_much)
			octets += hash_one(dkim, hash, i, n <= DKIMHASH_SIGNATURES, seen);
	}
}

static void want_body(struct auth_dkim *dkim, struct seen *seen)
{
	const struct signature *signature = seen->signature;
	uint64_t limit = signature->has_length ? signature->length : UINT64_MAX;

	seen->body = bodyhashes_want(&dkim->bodies, signature->body_canon, limit, &seen->form);
}

void auth_dkim_eoh(struct auth_dkim *dkim, const char *author)
{
	unsigned n;

	dkim->effort.most = dkim->options.max_signatures;
	n = choose(dkim, author);
	if (n > 0) {
		want_keys(dkim, n);
		hash_header(dkim);
	}
	for (unsigned i = 0; i < dkim->n_seen; i++)
		if (dkim->seen[i].checked)
			want_body(dkim, &dkim->seen[i]);
	arena_free(dkim->header);
	dkim->header = NULL;
}

void auth_dkim_body(struct auth_dkim *dkim, const char *data, size_t len)
{
	bodyhashes_add(&dkim->bodies, data, len);
}

/* --- results ---------------------------------------------------------- */

static bool says(struct dkim_evidence *out, enum dkim_result result, const char *reason)
{
	out->result = result;
	out->reason = reason;
	return false;
}

/* What is known without a key. False: the result is set. */
static bool check_message(struct auth_dkim *dkim, const struct seen *seen,
			  struct dkim_evidence *out)
{
	const struct signature *signature = seen->signature;

	if (seen->unprocessed != NULL)
		return says(out, RES_DKIM_NEUTRAL, seen->unprocessed);
	if (signature->error != NULL)
		return says(out, RES_DKIM_PERMERROR, signature->error);
	if (!seen->checked)
		return says(out, RES_DKIM_POLICY, arena_printf(dkim->arena, "not checked: more than %u signatures",
							       dkim->options.max_signatures));
	if (seen->too_much)
		return says(out, RES_DKIM_POLICY, "not checked: too many signatures of so large a header");
	if (dkim->n_from == 0)
		return says(out, RES_DKIM_PERMERROR, "no From field");
	if (signature->has_length && signature->length > seen->form->canon.octets)
		return says(out, RES_DKIM_FAIL, "body is shorter than l=");
	if (memcmp(seen->body->digest, signature->body_hash, sizeof(signature->body_hash)) != 0)
		return says(out, RES_DKIM_FAIL, "body hash mismatch");
	return true;
}

static void check_keys(struct auth_dkim *dkim, const struct seen *seen, struct dkim_evidence *out)
{
	const struct signature *signature = seen->signature;
	const struct keyfetch_question question = {
		.algorithm = signature->algorithm,
		.digest = slice_new((const char *)seen->digest, sizeof(seen->digest)),
		.value = signature->value,
		.minimum_bits = dkim->options.minimum_key_bits,
		.effort = &dkim->effort,
		.elsewhere = signature->i_domain != NULL &&
			     !domain_equal(signature->i_domain, signature->d),
	};
	struct keyfetch_result got;

	keyfetch_verify(seen->key, dkim->keys, &question, &got);
	out->key_bits = got.key_bits;
	out->test_key = got.test_key;
	says(out, got.result, got.reason);
	if (got.result == RES_DKIM_PASS && out->surplus > 0 && !dkim->options.accept_surplus)
		says(out, RES_DKIM_POLICY, "octets after the signed part");
}

static size_t common_prefix(const char *a, const char *b)
{
	size_t len = 0;

	while (len < B_START_MOST && a[len] != '\0' && a[len] == b[len])
		len++;
	return len;
}

/* Eight characters of b=, more where another signature begins alike (RFC 6008 4). */
static const char *b_start(const struct auth_dkim *dkim, unsigned index)
{
	const char *text = dkim->seen[index].signature->value_text;
	size_t len = B_START_LEAST;

	if (text == NULL)
		return NULL;
	for (unsigned i = 0; i < dkim->n_seen; i++) {
		const char *other = dkim->seen[i].signature->value_text;
		size_t common = other != NULL && i != index ? common_prefix(text, other) : 0;

		if (common >= len && common < B_START_MOST)
			len = common + 1;
	}
	if (len > B_START_MOST)
		len = B_START_MOST;
	return arena_strndup(dkim->arena, text, strnlen(text, len));
}

static void describe(struct auth_dkim *dkim, unsigned index, struct dkim_evidence *out)
{
	const struct seen *seen = &dkim->seen[index];
	const struct signature *signature = seen->signature;

	out->d = signature->d;
	out->s = signature->s;
	out->i_local = signature->i_local;
	out->i_domain = signature->i_domain;
	if (signature->algorithm != CRYPTO_UNKNOWN)
		out->algorithm = names_get(signature_algorithm_names, signature->algorithm);
	out->b_start = b_start(dkim, index);
	out->has_length = signature->has_length;
	out->covers_from = signature_covers(signature, SLICE("From"));
	if (seen->checked && signature->has_length && seen->form->canon.octets > signature->length)
		out->surplus = seen->form->canon.octets - signature->length;
}

void auth_dkim_finish(struct auth_dkim *dkim, struct dkim_evidence **list_r, unsigned *n_r,
		      unsigned *unchecked_r)
{
	struct dkim_evidence *list = ARENA_ARRAY(dkim->arena, struct dkim_evidence, dkim->n_seen + 1);
	unsigned unchecked = dkim->n_signatures - dkim->n_seen;

	bodyhashes_end(&dkim->bodies);
	for (unsigned i = 0; i < dkim->n_seen; i++) {
		const struct seen *seen = &dkim->seen[i];

		describe(dkim, i, &list[i]);
		unchecked += seen->key_name != NULL && (!seen->checked || seen->too_much);
	}
	/* what may be aligned first, since all of them may be too costly */
	for (int related = 1; related >= 0; related--)
		for (unsigned i = 0; i < dkim->n_seen; i++)
			if (dkim->seen[i].related == (related == 1) &&
			    check_message(dkim, &dkim->seen[i], &list[i]))
				check_keys(dkim, &dkim->seen[i], &list[i]);
	*list_r = list;
	*n_r = dkim->n_seen;
	*unchecked_r = unchecked;
}

double auth_dkim_effort(const struct auth_dkim *dkim)
{
	return dkim->effort.used;
}
