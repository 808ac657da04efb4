/* Counts of a transaction, added up here so that each row is written once; in the
 * order of their keys, which the database likes best. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/crypto.h"
#include "base/mem.h"
#include "core/enforcement.h"
#include "core/netset.h"
#include "store/store_private.h"

#define LIMIT_SUM_TEXT 255

void store_batch_init(struct batch *batch)
{
	batch->arena = arena_new();
	batch->tallies = mem_alloc(BATCH_ROWS * sizeof(batch->tallies[0]));
	batch->sums = mem_alloc(BATCH_ROWS * sizeof(batch->sums[0]));
}

void store_batch_done(struct batch *batch)
{
	arena_free(batch->arena);
	free(batch->tallies);
	free(batch->sums);
}

void store_batch_forget(struct batch *batch)
{
	if (batch->n == 0)
		return;
	arena_free(batch->arena);
	batch->arena = arena_new();
	batch->n = 0;
}

/* ---- the sum that a message belongs to ---- */

/* Words and domains; whatever else a journal holds must still be UTF-8. */
static const char *text(struct arena *arena, const char *from)
{
	struct slice s = slice_until(slice_of(from), LIMIT_SUM_TEXT);
	char *copy;

	if (s.len == 0)
		return "";
	copy = arena_strndup(arena, s.data, s.len);
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	return copy;
}

/* "failed: ..." says why in many words. */
static const char *done_word(struct arena *arena, const char *done)
{
	struct slice s = slice_of(done);

	return text(arena, arena_slice(arena, slice_until(s, slice_find(s, ':'))).data);
}

static const char *network(struct arena *arena, const char *client_ip)
{
	struct address address;
	char ip[ADDRESS_TEXT_SIZE];
	unsigned bits;

	if (client_ip == NULL || !address_parse(slice_of(client_ip), &address))
		return "";
	bits = address.family == 4 ? 24 : 64;
	address_mask(&address, bits);
	address_format(&address, ip);
	return arena_printf(arena, "%s/%u", ip, bits);
}

static bool has_dkim_pass(const struct evidence *evidence)
{
	for (unsigned i = 0; i < evidence->n_dkim; i++)
		if (evidence->dkim[i].result == RES_DKIM_PASS)
			return true;
	return false;
}

/* The author whose result it is; with none, the first. */
static void set_author(struct arena *arena, const struct decision *decision, struct store_sum *sum)
{
	const struct verdict *verdict = &decision->verdict;
	unsigned n = verdict->decisive >= 0 ? (unsigned)verdict->decisive : 0;
	struct enforcement enforcement;
	const struct author *author;

	sum->author = sum->org = "";
	if (n >= decision->evidence.n_authors)
		return;
	author = &decision->evidence.authors[n];
	sum->author = text(arena, author->domain);
	if (author->policy.org.status == ORG_KNOWN)
		sum->org = text(arena, author->policy.org.domain);
	sum->method = author->policy.method;
	sum->guarded = author->policy.org.guarded;
	enforcement_of_author(author->domain, &author->policy, &enforcement);
	sum->class = (int)enforcement.class;
	if (n < verdict->n_authors) {
		sum->spf_aligned = verdict->authors[n].spf == ALIGNMENT_YES;
		sum->dkim_aligned = verdict->authors[n].dkim == ALIGNMENT_YES;
	}
}

static struct store_sum sum_of(struct arena *arena, const struct decision *decision)
{
	const struct evidence *evidence = &decision->evidence;
	const struct verdict *verdict = &decision->verdict;
	struct store_sum sum = {
		.day_ms = store_day(evidence->when_ms) * DAY_MS,
		.network = network(arena, evidence->client_ip),
		.result = verdict->result, .spf = evidence->spf.result,
		.dkim_pass = has_dkim_pass(evidence),
		.asked = verdict->asked, .chosen = verdict->chosen,
		.done = done_word(arena, decision->done), .why = names_get(why_names, verdict->why),
		.rule = text(arena, verdict->rule), .dry_run = verdict->dry_run,
		.exempt = evidence->exempt > EXEMPT_NO, .n = 1,
		.waited_ms = evidence->waited_ms, .lookups = evidence->lookups,
	};

	set_author(arena, decision, &sum);
	return sum;
}

/* ---- one column list for the hash and the row ---- */

#define SUM_WORDS 12
static void words_of(const struct store_sum *sum, const char *out[SUM_WORDS])
{
	const char *words[SUM_WORDS] = {
		sum->author, sum->org, sum->network, names_get(dmarc_result_names, (int)sum->result),
		names_get(spf_result_names, (int)sum->spf), names_get(disposition_names, (int)sum->asked),
		names_get(action_names, (int)sum->chosen), sum->done, sum->why, sum->rule,
		names_get(enforcement_class_names, sum->class),
		names_get(discovery_method_names, (int)sum->method),
	};

	memcpy(out, words, sizeof(words));
}

#define SUM_FLAGS 6
static void flags_of(const struct store_sum *sum, bool out[SUM_FLAGS])
{
	const bool flags[SUM_FLAGS] = {
		sum->dkim_pass, sum->spf_aligned, sum->dkim_aligned, sum->guarded, sum->dry_run, sum->exempt,
	};

	memcpy(out, flags, sizeof(flags));
}

static void hash_sum(const struct store_sum *sum, uint8_t out_r[HASH_OCTETS])
{
	struct crypto_hash *hash = crypto_hash_new();
	uint8_t octets[CRYPTO_HASH_OCTETS];
	const char *words[SUM_WORDS];
	bool flags[SUM_FLAGS];

	words_of(sum, words);
	flags_of(sum, flags);
	for (unsigned i = 0; i < SUM_WORDS; i++)        /* with the NUL: no two lists are alike */
		crypto_hash_add(hash, words[i], strlen(words[i]) + 1);
	for (unsigned i = 0; i < SUM_FLAGS; i++)
		crypto_hash_add(hash, flags[i] ? "1" : "0", 1);
	crypto_hash_end(hash, octets);
	crypto_hash_free(hash);
	memcpy(out_r, octets, HASH_OCTETS);
}

int store_batch_add(struct store *store, const struct decision *decision, const int64_t parts[KINDS])
{
	struct batch *batch = &store->batch;
	struct tally_row *tally;
	struct sum_row *sum;

	if (batch->n == BATCH_ROWS && store_batch_write(store) != 0)
		return -1;
	tally = &batch->tallies[batch->n];
	sum = &batch->sums[batch->n++];
	*tally = (struct tally_row){ .day = store_day(decision->evidence.when_ms), .n = 1 };
	memcpy(tally->parts, parts, sizeof(tally->parts));
	sum->sum = sum_of(batch->arena, decision);
	hash_sum(&sum->sum, sum->hash);
	return 0;
}

/* ---- writing ---- */

static int compare_numbers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_tallies(const void *left, const void *right)
{
	const struct tally_row *a = left, *b = right;
	int order = compare_numbers(a->day, b->day);

	for (unsigned kind = 0; kind < KINDS && order == 0; kind++)
		order = compare_numbers(a->parts[kind], b->parts[kind]);
	return order;
}

static int compare_sums(const void *left, const void *right)
{
	const struct sum_row *a = left, *b = right;
	int order = compare_numbers(a->sum.day_ms, b->sum.day_ms);

	return order != 0 ? order : memcmp(a->hash, b->hash, HASH_OCTETS);
}

static int write_tally(struct db_statement *statement, const struct tally_row *tally)
{
	db_bind_int(statement, 1, tally->day);
	for (unsigned kind = 0; kind < KINDS; kind++)
		db_bind_int(statement, 2 + kind, tally->parts[kind]);
	db_bind_int(statement, 6, (int64_t)tally->n);
	return db_step(statement);
}

static int write_sum(struct db_statement *statement, const struct sum_row *row)
{
	const char *words[SUM_WORDS];
	bool flags[SUM_FLAGS];
	unsigned n = 3;

	words_of(&row->sum, words);
	flags_of(&row->sum, flags);
	db_bind_int(statement, 1, row->sum.day_ms / DAY_MS);
	db_bind_blob(statement, 2, slice_new((const char *)row->hash, HASH_OCTETS));
	for (unsigned i = 0; i < SUM_WORDS; i++)
		db_bind_text(statement, n++, slice_of(words[i]));
	for (unsigned i = 0; i < SUM_FLAGS; i++)
		db_bind_int(statement, n++, flags[i]);
	db_bind_int(statement, n++, (int64_t)row->sum.n);
	db_bind_int(statement, n++, (int64_t)row->sum.waited_ms);
	db_bind_int(statement, n++, (int64_t)row->sum.lookups);
	return db_step(statement);
}

static int write_tallies(struct store *store, struct tally_row *rows, unsigned n)
{
	struct db_statement *statement = store_statement(store, STATEMENT_ADD_TALLY);
	int code = statement != NULL ? 0 : -1;

	qsort(rows, n, sizeof(rows[0]), compare_tallies);
	for (unsigned i = 0; i < n && code == 0; i++)
		if (i + 1 < n && compare_tallies(&rows[i], &rows[i + 1]) == 0)
			rows[i + 1].n += rows[i].n;
		else
			code = write_tally(statement, &rows[i]);
	return code;
}

static void carry(const struct store_sum *from, struct store_sum *to)
{
	to->n += from->n;
	to->waited_ms += from->waited_ms;
	to->lookups += from->lookups;
}

static int write_sums(struct store *store, struct sum_row *rows, unsigned n)
{
	struct db_statement *statement = store_statement(store, STATEMENT_ADD_SUM);
	int code = statement != NULL ? 0 : -1;

	qsort(rows, n, sizeof(rows[0]), compare_sums);
	for (unsigned i = 0; i < n && code == 0; i++)
		if (i + 1 < n && compare_sums(&rows[i], &rows[i + 1]) == 0)
			carry(&rows[i].sum, &rows[i + 1].sum);
		else
			code = write_sum(statement, &rows[i]);
	return code;
}

int store_batch_write(struct store *store)
{
	struct batch *batch = &store->batch;

	if (batch->n == 0)
		return 0;
	if (write_tallies(store, batch->tallies, batch->n) != 0 ||
	    write_sums(store, batch->sums, batch->n) != 0)
		return -1;
	store_batch_forget(batch);
	return 0;
}
