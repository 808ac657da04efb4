/* Who is hurt, what is stopped, who forwards: counted by author domain and by client
 * network while the store is read, made into the report's tables at the end. */
#include <stdlib.h>
#include <string.h>

#include "core/judge_author.h"
#include "what_if_private.h"

enum {
	MOST_GROUPS = 50000,
	MOST_FORGED = 200000,
	MOST_DOMAINS = 200000,
	MOST_FORWARDERS = 2000,
	MOST_FORWARDED = 200000,
	MOST_TEXTS = 200000,
	TEXT_OCTETS = 512,
};

/* ---- what came most often ---- */

void often_add(struct often *often, const char *text, uint64_t n)
{
	unsigned rarest = 0;

	if (text == NULL)
		return;
	for (unsigned i = 0; i < often->n; i++) {
		if (often->items[i].text == text) {
			often->items[i].n += n;
			return;
		}
		if (often->items[i].n < often->items[rarest].n)
			rarest = i;
	}
	if (often->n < OFTEN) {
		often->items[often->n].text = text;
		often->items[often->n++].n = n;
		return;
	}
	often->items[rarest].text = text;
	often->items[rarest].n += n;
}

const char *often_first(const struct often *often, uint64_t at_least)
{
	unsigned first = 0;

	for (unsigned i = 1; i < often->n; i++)
		if (often->items[i].n > often->items[first].n)
			first = i;
	return often->n > 0 && often->items[first].n >= at_least ? often->items[first].text : NULL;
}

void often_sort(struct often *often)
{
	for (unsigned i = 1; i < often->n; i++)
		for (unsigned k = i; k > 0 && often->items[k].n > often->items[k - 1].n; k--) {
			const char *text = often->items[k].text;
			uint64_t n = often->items[k].n;

			often->items[k] = often->items[k - 1];
			often->items[k - 1].text = text;
			often->items[k - 1].n = n;
		}
}

/* ---- tables ---- */

void groups_open(struct run *r)
{
	r->texts = tool_table_new(0, MOST_TEXTS);
	r->authors = tool_table_new(sizeof(struct group), MOST_GROUPS);
	r->networks = tool_table_new(sizeof(struct group), MOST_GROUPS);
	r->forwarders = tool_table_new(sizeof(struct forward_group), MOST_FORWARDERS);
	r->forwarded = tool_table_new(0, MOST_FORWARDED);
	r->forged = tool_table_new(sizeof(struct forged_group), MOST_FORGED);
	r->senders = tool_table_new(0, MOST_DOMAINS);
	r->recipients = tool_table_new(0, MOST_DOMAINS);
}

void groups_close(struct run *r)
{
	tool_table_free(r->texts);
	tool_table_free(r->authors);
	tool_table_free(r->networks);
	tool_table_free(r->forwarders);
	tool_table_free(r->forwarded);
	tool_table_free(r->forged);
	tool_table_free(r->senders);
	tool_table_free(r->recipients);
}

bool groups_were_full(const struct run *r)
{
	return tool_table_was_full(r->texts) || tool_table_was_full(r->authors) ||
	       tool_table_was_full(r->networks) || tool_table_was_full(r->forwarders) ||
	       tool_table_was_full(r->forwarded) || tool_table_was_full(r->forged) ||
	       tool_table_was_full(r->senders) || tool_table_was_full(r->recipients);
}

static const char *keep(struct run *r, const char *text)
{
	return text != NULL && text[0] != '\0' ? tool_table_text(r->texts, slice_of(text)) : NULL;
}

/* ---- what a message brings with it ---- */

struct facets { const char *authenticated, *list, *sealers, *name, *network, *author; };

/* Signed for, the list first; else what SPF passed. */
static const char *authenticated_as(const struct run *r, const struct what_if_case *c)
{
	const char *signer = history_signer(&c->evidence, &r->after);

	if (signer == NULL && c->evidence.spf.result == RES_SPF_PASS)
		return c->evidence.spf.domain;
	return signer;
}

/* An identifier that a rule can ask for, and who signs for it. */
static const char *list_of(const struct run *r, const struct what_if_case *c, char out[TEXT_OCTETS])
{
	const char *signer = history_list_signer(&c->evidence, &r->after);
	struct slice id = rules_list_id(&c->evidence);
	struct buf text;

	if (signer == NULL || id.len > DOMAIN_MAX)
		return NULL;
	buf_init(&text, TEXT_OCTETS - 1);
	buf_add_slice(&text, id);
	buf_printf(&text, " %s", signer);
	memcpy(out, buf_str(&text), text.len + 1);
	buf_done(&text);
	return out;
}

static const char *sealers_of(const struct what_if_case *c, char out[TEXT_OCTETS])
{
	const struct arc_evidence *arc = &c->evidence.arc;
	struct buf text;

	if (arc->result != RES_ARC_PASS || arc->n_sets == 0)
		return NULL;
	buf_init(&text, TEXT_OCTETS - 1);
	for (unsigned i = arc->n_sets; i > 0; i--) {
		if (arc->sets[i - 1].d == NULL)
			buf_cut(&text, 0);      /* no rule can name it */
		else
			buf_printf(&text, "%s%s", text.len > 0 ? ", " : "", arc->sets[i - 1].d);
	}
	memcpy(out, buf_str(&text), text.len + 1);
	buf_done(&text);
	return out;
}

static struct facets facets_of(struct run *r, const struct what_if_case *c)
{
	char list[TEXT_OCTETS], sealers[TEXT_OCTETS], name[DOMAIN_SIZE];

	return (struct facets){
		.authenticated = keep(r, authenticated_as(r, c)), .list = keep(r, list_of(r, c, list)),
		.sealers = keep(r, sealers_of(c, sealers)), .network = keep(r, c->network),
		.name = history_client_name(&c->evidence, name) ? keep(r, name) : NULL,
		.author = keep(r, c->author),
	};
}

static void count_action(enum action becomes, uint64_t n, uint64_t *quarantined, uint64_t *rejected)
{
	*quarantined += becomes == ACTION_QUARANTINE ? n : 0;
	*rejected += becomes == ACTION_REJECT ? n : 0;
}

static void add_hurt(struct group *group, const struct what_if_case *c, const struct facets *f)
{
	if (group == NULL)
		return;
	group->n += c->n;
	group->pleas |= c->pleas;
	count_action(c->becomes, c->n, &group->quarantined, &group->rejected);
	often_add(&group->authenticated, f->authenticated, c->n);
	often_add(&group->lists, f->list, c->n);
	often_add(&group->sealers, f->sealers, c->n);
	often_add(&group->names, f->name, c->n);
	often_add(&group->networks, f->network, c->n);
	often_add(&group->authors, f->author, c->n);
}

static void add_stopped(struct run *r, const struct what_if_case *c)
{
	struct forged_group *forged = c->author != NULL ?
		tool_table_add(r->forged, slice_of(c->author)) : NULL;

	if (forged == NULL)
		return;
	forged->n += c->n;
	count_action(c->becomes, c->n, &forged->quarantined, &forged->rejected);
}

static void add_failing(struct run *r, const struct what_if_case *c, const struct facets *f,
			struct forward_group *group)
{
	char key[HISTORY_NETWORK_SIZE + DOMAIN_SIZE];
	uint64_t authors = history_forwards(r->history, c->evidence.client_ip);
	size_t len = strlen(c->network) + 1;
	unsigned known = tool_table_count(r->forwarded);

	group->told += c->n;
	often_add(&group->signers, keep(r, history_signer(&c->evidence, &r->after)), c->n);
	often_add(&group->sealers, f->sealers, c->n);
	often_add(&group->names, f->name, c->n);
	if (what_if_is_hurt(c))
		add_hurt(&group->hurt, c, f);
	memcpy(key, c->network, len);
	memcpy(key + len, c->author, strlen(c->author));
	tool_table_add(r->forwarded, slice_new(key, len + strlen(c->author)));
	group->authors += tool_table_count(r->forwarded) - known;
	if (group->authors_of_client < authors)
		group->authors_of_client = authors;
}

void groups_add(struct run *r, struct what_if_case *c)
{
	bool forwards = c->network[0] != '\0' && history_forwards(r->history, c->evidence.client_ip) > 0;
	bool fails = c->after.result == RES_DMARC_FAIL && c->author != NULL;
	struct forward_group *forwarder = forwards ?
		tool_table_add(r->forwarders, slice_of(c->network)) : NULL;
	struct facets facets;

	if (c->stricter && c->pleas == 0)
		add_stopped(r, c);
	if (!what_if_is_hurt(c) && (forwarder == NULL || !fails))
		return;
	facets = facets_of(r, c);
	if (what_if_is_hurt(c)) {
		add_hurt(tool_table_add(r->authors, slice_of(c->author)), c, &facets);
		if (c->network[0] != '\0')
			add_hurt(tool_table_add(r->networks, slice_of(c->network)), c, &facets);
	}
	if (forwarder != NULL && fails)
		add_failing(r, c, &facets, forwarder);
}

/* ---- the report ---- */

struct ranked { uint64_t n; const char *key; void *value; };

/* Most first; equal ones by name, so that the same store gives the same report. */
static int compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* The `top` greatest; values begin with a uint64_t that is ranked. */
static struct ranked *rank_all(const struct run *r, const struct tool_table *table, unsigned *n_r)
{
	unsigned n = tool_table_count(table), top = r->options->top > 0 ? r->options->top : WHAT_IF_TOP;
	struct ranked *all = ARENA_ARRAY(r->arena, struct ranked, n + 1);

	for (unsigned i = 0; i < n; i++) {
		all[i].key = tool_table_at(table, i, &all[i].value);
		memcpy(&all[i].n, all[i].value, sizeof(all[i].n));
	}
	if (n > 0)
		qsort(all, n, sizeof(*all), compare);
	*n_r = n < top ? n : top < WHAT_IF_TOP_MOST ? top : WHAT_IF_TOP_MOST;
	return all;
}

static const char *kept(const struct run *r, const char *text)
{
	return arena_strdup(r->arena, text);
}

/* The identifier alone. */
static const char *list_id(const struct run *r, const char *list)
{
	return list != NULL ? arena_strndup(r->arena, list, strcspn(list, " ")) : NULL;
}

static struct hurt hurt_of(const struct run *r, const struct ranked *ranked)
{
	const struct group *g = ranked->value;
	uint64_t most = g->n / 2 + 1;

	return (struct hurt){
		.key = kept(r, ranked->key), .n = g->n, .quarantined = g->quarantined,
		.rejected = g->rejected, .pleas = g->pleas,
		.authenticated_as = kept(r, often_first(&g->authenticated, 1)),
		.list_id = list_id(r, often_first(&g->lists, most)),
		.sealers = kept(r, often_first(&g->sealers, most)),
		.client_name = kept(r, often_first(&g->names, most)),
	};
}

static struct hurt *report_hurt(const struct run *r, const struct tool_table *table, unsigned *n_r)
{
	struct ranked *ranked = rank_all(r, table, n_r);
	struct hurt *out = ARENA_ARRAY(r->arena, struct hurt, *n_r + 1);

	for (unsigned i = 0; i < *n_r; i++)
		out[i] = hurt_of(r, &ranked[i]);
	return out;
}

static void report_forged(struct run *r)
{
	struct what_if_report *report = r->report;
	struct ranked *ranked = rank_all(r, r->forged, &report->n_forged);

	report->forged = ARENA_ARRAY(r->arena, struct stopped, report->n_forged + 1);
	for (unsigned i = 0; i < report->n_forged; i++) {
		const struct forged_group *g = ranked[i].value;

		report->forged[i] = (struct stopped){
			kept(r, ranked[i].key), g->n, g->quarantined, g->rejected,
		};
	}
}

static struct forwarder forwarder_of(const struct run *r, const struct ranked *ranked)
{
	const struct forward_group *g = ranked->value;
	uint64_t most = g->told / 2 + 1;
	const char *sealers = often_first(&g->sealers, most);

	return (struct forwarder){
		.network = kept(r, ranked->key), .client_name = kept(r, often_first(&g->names, most)),
		.n = g->n, .failing = g->failing,
		/* whatever --domain says */
		.authors = g->authors > g->authors_of_client ? g->authors : g->authors_of_client,
		.signature = kept(r, often_first(&g->signers, most)),
		.sealer = sealers != NULL ? arena_strndup(r->arena, sealers, strcspn(sealers, ",")) : NULL,
	};
}

/* Of all mail, whatever domain is asked for. */
static void add_client(void *context, const char *client_ip, uint64_t n, uint64_t failing)
{
	const struct run *r = context;
	char network[HISTORY_NETWORK_SIZE];
	struct forward_group *g;

	history_network(client_ip, network);
	g = tool_table_find(r->forwarders, slice_of(network));
	if (g == NULL)
		return;
	g->n += n;
	g->failing += failing;
}

/* Those that mail which fails came through, of the domain that is asked for. */
static void report_forwarders(struct run *r)
{
	struct what_if_report *report = r->report;
	struct ranked *ranked;
	unsigned n;

	history_forwarders(r->history, add_client, r);
	ranked = rank_all(r, r->forwarders, &n);
	report->forwarders = ARENA_ARRAY(r->arena, struct forwarder, n + 1);
	for (unsigned i = 0; i < n; i++) {
		const struct forward_group *g = ranked[i].value;

		if (g->told > 0)
			report->forwarders[report->n_forwarders++] = forwarder_of(r, &ranked[i]);
	}
}

void groups_report(struct run *r)
{
	struct what_if_report *report = r->report;

	report->authors = report_hurt(r, r->authors, &report->n_authors);
	report->networks = report_hurt(r, r->networks, &report->n_networks);
	for (unsigned i = 0; i < report->n_authors; i++)
		report->authors[i].aligned = history_aligned(r->history, report->authors[i].key);
	report_forged(r);
	report_forwarders(r);
}
