#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/arc_trust.h"
#include "core/judge_author.h"
#include "tool_table.h"
#include "what_if.h"

#define DAY_MS 86400000

enum {
	MOST_PAIRS = 1000000,
	MOST_AUTHORS = 500000,
	MOST_SIGNERS = 200000,
	MOST_CLIENTS = 500000,
	/* many authors: one who forges signs for many too, but nothing genuine comes by him */
	SIGNER_ORGS = 4, SIGNER_ALIGNED_ORGS = 2,
	FORWARDER_ORGS = 5, FORWARDER_ALIGNED_ORGS = 3,
	STEADY_DAYS = 4, STEADY_ORGS = 3,
};

struct pair {                           /* of two texts */
	uint64_t aligned, failing;
	uint64_t days;                  /* on which the signer stood for it, a bit for each of 64 */
};
struct signer { unsigned orgs, aligned_orgs, failing_orgs; };   /* not its own */
struct client {
	unsigned failing_orgs, aligned_orgs;
	uint64_t n, failing, marked, sealed;    /* marked: it says who it is */
};

struct history {
	struct tool_table *networks;    /* network, Organizational Domain: struct pair; aligned only */
	struct tool_table *authors;     /* uint64_t: aligned messages */
	struct tool_table *signers;     /* struct signer */
	struct tool_table *signed_for;  /* signer, Organizational Domain: struct pair */
	struct tool_table *clients;     /* address: struct client */
	struct tool_table *clients_for; /* address, Organizational Domain: struct pair */
};

struct history *history_new(void)
{
	struct history *h = mem_zalloc(sizeof(*h));

	h->networks = tool_table_new(sizeof(struct pair), MOST_PAIRS);
	h->authors = tool_table_new(sizeof(uint64_t), MOST_AUTHORS);
	h->signers = tool_table_new(sizeof(struct signer), MOST_SIGNERS);
	h->signed_for = tool_table_new(sizeof(struct pair), MOST_PAIRS);
	h->clients = tool_table_new(sizeof(struct client), MOST_CLIENTS);
	h->clients_for = tool_table_new(sizeof(struct pair), MOST_PAIRS);
	return h;
}

void history_free(struct history *h)
{
	if (h == NULL)
		return;
	tool_table_free(h->networks);
	tool_table_free(h->authors);
	tool_table_free(h->signers);
	tool_table_free(h->signed_for);
	tool_table_free(h->clients);
	tool_table_free(h->clients_for);
	free(h);
}

bool history_was_full(const struct history *h)
{
	return tool_table_was_full(h->networks) || tool_table_was_full(h->authors) ||
	       tool_table_was_full(h->signers) || tool_table_was_full(h->signed_for) ||
	       tool_table_was_full(h->clients) || tool_table_was_full(h->clients_for);
}

/* ---- what a message says of itself ---- */

void history_network(const char *client_ip, char out[HISTORY_NETWORK_SIZE])
{
	struct address address;
	char text[ADDRESS_TEXT_SIZE];
	unsigned bits;

	out[0] = '\0';
	if (client_ip == NULL || !address_parse(slice_of(client_ip), &address))
		return;
	bits = address.family == 4 ? 24 : 64;
	address_mask(&address, bits);
	address_format(&address, text);
	snprintf(out, HISTORY_NETWORK_SIZE, "%s/%u", text, bits);
}

bool history_client_name(const struct evidence *e, char out[DOMAIN_SIZE])
{
	return e->client_name_confirmed && domain_normalize(slice_of(e->client_name), out);
}

static bool is_list_shaped(const struct evidence *e)
{
	return e->marks.list_id != NULL || e->marks.list_post || e->marks.precedence_list;
}

/* A top-level domain signs for no list. */
const char *history_list_signer(const struct evidence *e, const struct ruleset *ruleset)
{
	char list[DOMAIN_SIZE];

	if (!is_list_shaped(e) || !domain_normalize(rules_list_id(e), list))
		return NULL;
	for (unsigned i = 0; i < e->n_dkim; i++)
		if (judge_signature_counts(&e->dkim[i], ruleset) && domain_labels(e->dkim[i].d) > 1 &&
		    domain_is_within(list, e->dkim[i].d))
			return e->dkim[i].d;
	return NULL;
}

const char *history_signer(const struct evidence *e, const struct ruleset *ruleset)
{
	const char *list = history_list_signer(e, ruleset);

	for (unsigned i = 0; list == NULL && i < e->n_dkim; i++)
		if (judge_signature_counts(&e->dkim[i], ruleset))
			return e->dkim[i].d;
	return list;
}

/* Without one the domain stands for itself. */
static const char *org_of(const struct author *author)
{
	const struct org *org = &author->policy.org;

	return org->status == ORG_KNOWN && org->domain != NULL ? org->domain : author->domain;
}

static const char *signers_org(const struct dkim_evidence *dkim)
{
	return dkim->org.status == ORG_KNOWN && dkim->org.domain != NULL ? dkim->org.domain : dkim->d;
}

static const struct author *decisive(const struct evidence *e, const struct verdict *v)
{
	return v->decisive >= 0 && (unsigned)v->decisive < e->n_authors ? &e->authors[v->decisive] : NULL;
}

/* The chain passes, and its first sealer saw the author pass. */
static bool is_sealed(const struct evidence *e, const struct author *author)
{
	return e->arc.result == RES_ARC_PASS && e->arc.n_sets > 0 &&
	       e->arc.sets[e->arc.n_sets - 1].from_covered && arc_claims_author(&e->arc.sets[0], author);
}

/* ---- gathering ---- */

#define PAIR_SIZE (2 * DOMAIN_SIZE)

static struct slice pair_key(const char *a, const char *b, char out[PAIR_SIZE])
{
	size_t len_a = strlen(a), len_b = strlen(b);

	if (len_a + len_b + 1 > PAIR_SIZE)
		return SLICE("");
	memcpy(out, a, len_a + 1);
	memcpy(out + len_a + 1, b, len_b);
	return slice_new(out, len_a + 1 + len_b);
}

/* The pair, which is now known; NULL: there is no room. */
static struct pair *count_pair(struct tool_table *table, const char *a, const char *b, bool aligned,
			       uint64_t n)
{
	char text[PAIR_SIZE];
	struct pair *pair = tool_table_add(table, pair_key(a, b, text));

	if (pair == NULL)
		return NULL;
	if (aligned)
		pair->aligned += n;
	else
		pair->failing += n;
	return pair;
}

/* SPF and the client's name say the same as the signature. */
static bool stands_for_it(const struct evidence *e, const struct dkim_evidence *dkim)
{
	const char *org = signers_org(dkim);
	char name[DOMAIN_SIZE];

	return e->spf.result == RES_SPF_PASS && e->spf.domain != NULL &&
	       domain_is_within(e->spf.domain, org) && history_client_name(e, name) &&
	       domain_is_within(name, org);
}

static void add_signers(struct history *h, const struct evidence *e, const struct ruleset *ruleset,
			const char *org, bool aligned, uint64_t n, int64_t day_ms)
{
	for (unsigned i = 0; i < e->n_dkim; i++) {
		struct signer *signer;
		struct pair *pair;

		if (!judge_signature_counts(&e->dkim[i], ruleset) ||
		    domain_equal(signers_org(&e->dkim[i]), org))
			continue;
		signer = tool_table_add(h->signers, slice_of(e->dkim[i].d));
		pair = count_pair(h->signed_for, e->dkim[i].d, org, aligned, n);
		if (signer == NULL || pair == NULL)
			continue;
		signer->orgs += pair->aligned + pair->failing == n;
		signer->aligned_orgs += aligned && pair->aligned == n;
		signer->failing_orgs += !aligned && pair->failing == n;
		if (stands_for_it(e, &e->dkim[i]))
			pair->days |= UINT64_C(1) << (uint64_t)day_ms / DAY_MS % 64;
	}
}

/* Somebody can be asked about it. */
static bool is_marked(const struct evidence *e, const struct ruleset *ruleset)
{
	char name[DOMAIN_SIZE];

	return history_client_name(e, name) || history_signer(e, ruleset) != NULL;
}

/* A forger has as many addresses as he likes: half of the room is for clients that
 * have something to show. NULL: not known. */
static struct client *client_of(struct history *h, const char *client_ip, bool shows)
{
	if (shows || tool_table_count(h->clients) < MOST_CLIENTS / 2)
		return tool_table_add(h->clients, slice_of(client_ip));
	return tool_table_find(h->clients, slice_of(client_ip));
}

static void add_client(struct history *h, const struct evidence *e, const char *org, bool aligned,
		       uint64_t n)
{
	struct client *client = tool_table_find(h->clients, slice_of(e->client_ip));
	struct pair *pair = client == NULL ? NULL : count_pair(h->clients_for, e->client_ip, org, aligned, n);

	if (pair == NULL)
		return;
	client->aligned_orgs += aligned && pair->aligned == n;
	client->failing_orgs += !aligned && pair->failing == n;
}

static void add_failing(struct history *h, const struct evidence *e, const struct ruleset *ruleset,
			const struct author *author, uint64_t n)
{
	struct client *client = tool_table_find(h->clients, slice_of(e->client_ip));
	bool sealed = is_sealed(e, author);

	if (client == NULL)
		return;
	client->failing += n;
	client->sealed += sealed ? n : 0;
	if (sealed || is_marked(e, ruleset))
		client->marked += n;
}

static void add_author(struct history *h, const struct evidence *e, const struct ruleset *ruleset,
		       const struct author *author, bool aligned, uint64_t n, int64_t day_ms)
{
	const char *org = org_of(author);
	char network[HISTORY_NETWORK_SIZE];
	uint64_t *known;

	add_signers(h, e, ruleset, org, aligned, n, day_ms);
	history_network(e->client_ip, network);
	if (network[0] != '\0') {
		if (aligned)
			count_pair(h->networks, network, org, true, n);
		add_client(h, e, org, aligned, n);
	}
	known = aligned ? tool_table_add(h->authors, slice_of(author->domain)) : NULL;
	if (known != NULL)
		*known += n;
}

void history_add(struct history *h, const struct evidence *e, const struct verdict *v,
		 const struct ruleset *ruleset, uint64_t n, int64_t day_ms)
{
	const struct author *author = decisive(e, v);
	bool shows = v->result == RES_DMARC_PASS || is_marked(e, ruleset) ||
		     (author != NULL && is_sealed(e, author));
	struct client *client = e->client_ip != NULL ? client_of(h, e->client_ip, shows) : NULL;

	if (client != NULL)
		client->n += n;
	for (unsigned i = 0; i < v->n_authors && i < e->n_authors; i++)
		if (v->authors[i].result == RES_DMARC_PASS || v->authors[i].result == RES_DMARC_FAIL)
			add_author(h, e, ruleset, &e->authors[i],
				   v->authors[i].result == RES_DMARC_PASS, n, day_ms);
	if (author != NULL && v->result == RES_DMARC_FAIL && e->client_ip != NULL)
		add_failing(h, e, ruleset, author, n);
}

/* ---- asking ---- */

static bool has_aligned_before(const struct history *h, const struct evidence *e, const char *org)
{
	char network[HISTORY_NETWORK_SIZE], text[PAIR_SIZE];
	const struct pair *pair;

	history_network(e->client_ip, network);
	if (network[0] == '\0')
		return false;
	pair = tool_table_find(h->networks, pair_key(network, org, text));
	return pair != NULL && pair->aligned > 0;
}

static bool has_known_signer(const struct history *h, const struct evidence *e,
			     const struct ruleset *ruleset)
{
	for (unsigned i = 0; i < e->n_dkim; i++) {
		const struct signer *signer = judge_signature_counts(&e->dkim[i], ruleset) ?
			tool_table_find(h->signers, slice_of(e->dkim[i].d)) : NULL;

		if (signer != NULL && signer->orgs >= SIGNER_ORGS &&
		    signer->aligned_orgs >= SIGNER_ALIGNED_ORGS)
			return true;
	}
	return false;
}

/* One who forges for a living forges many; a sender who is misconfigured sends for
 * one, or a few, and has a name that can be asked. */
static bool is_steady(const struct history *h, const struct evidence *e, const struct ruleset *ruleset,
		      const char *org)
{
	char text[PAIR_SIZE];

	for (unsigned i = 0; i < e->n_dkim; i++) {
		const struct signer *signer;
		const struct pair *pair;

		if (!judge_signature_counts(&e->dkim[i], ruleset) || !stands_for_it(e, &e->dkim[i]))
			continue;
		signer = tool_table_find(h->signers, slice_of(e->dkim[i].d));
		pair = tool_table_find(h->signed_for, pair_key(e->dkim[i].d, org, text));
		if (signer != NULL && pair != NULL && __builtin_popcountll(pair->days) >= STEADY_DAYS &&
		    signer->failing_orgs <= STEADY_ORGS)
			return true;
	}
	return false;
}

/* Genuine mail of several comes through it, or sealed mail, and it says who it is:
 * a host that forges can have none of the first two. */
uint64_t history_forwards(const struct history *h, const char *client_ip)
{
	const struct client *c = client_ip != NULL ? tool_table_find(h->clients, slice_of(client_ip)) :
						     NULL;

	if (c == NULL || c->failing_orgs < FORWARDER_ORGS || 2 * c->marked < c->failing)
		return 0;
	return c->aligned_orgs >= FORWARDER_ALIGNED_ORGS || 2 * c->sealed >= c->failing ?
		c->failing_orgs : 0;
}

unsigned history_pleas(const struct history *h, const struct evidence *e, const struct verdict *v,
		       const struct ruleset *ruleset)
{
	const struct author *author = decisive(e, v);
	char name[DOMAIN_SIZE];
	unsigned pleas = 0;

	if (author == NULL)
		return 0;
	if (has_aligned_before(h, e, org_of(author)))
		pleas |= PLEA_HISTORY;
	if (has_known_signer(h, e, ruleset))
		pleas |= PLEA_SIGNED;
	if (is_sealed(e, author))
		pleas |= PLEA_ARC;
	if (history_list_signer(e, ruleset) != NULL)
		pleas |= PLEA_LIST;
	if (history_client_name(e, name) && domain_is_within(name, org_of(author)))
		pleas |= PLEA_CLIENT;
	if (history_forwards(h, e->client_ip) > 0)
		pleas |= PLEA_FORWARDER;
	if (is_steady(h, e, ruleset, org_of(author)))
		pleas |= PLEA_STEADY;
	return pleas;
}

uint64_t history_aligned(const struct history *h, const char *author)
{
	const uint64_t *n = tool_table_find(h->authors, slice_of(author));

	return n != NULL ? *n : 0;
}

void history_forwarders(const struct history *h, history_forwarder_fn *fn, void *context)
{
	for (unsigned i = 0; i < tool_table_count(h->clients); i++) {
		void *value;
		const char *client_ip = tool_table_at(h->clients, i, &value);
		const struct client *client = value;

		if (history_forwards(h, client_ip) > 0)
			fn(context, client_ip, client->n, client->failing);
	}
}
