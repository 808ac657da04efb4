/* Rules that might save somebody, narrowest first, and their text. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/rule_calendar.h"
#include "what_if_private.h"

#define EXPIRES_DAYS 90
#define TEXT_OCTETS 4096

/* ---- one candidate ---- */

static struct candidate *add(struct candidates *all, enum of of, const char *key)
{
	if (all->n == all->size) {
		all->size = all->size > 0 ? 2 * all->size : 64;
		all->items = mem_realloc(all->items, all->size * sizeof(*all->items));
	}
	all->items[all->n] = (struct candidate){ .of = of, .key = key, .match = "" };
	return &all->items[all->n++];
}

static void add_match(struct candidates *all, struct candidate *c, const char *name, const char *value)
{
	c->match = arena_printf(all->arena, "%s%s%s = %s;", c->match, c->match[0] != '\0' ? " " : "",
				name, value);
}

static struct rule_match *match_of(struct candidate *c, const char *name)
{
	unsigned k = 0;

	rule_key_find(slice_of(name), &k);
	c->rule.match[k].given = true;
	return &c->rule.match[k];
}

/* "one", or [ "one", "two" ]. */
static const char *list_text(struct candidates *all, const struct often *often)
{
	const char *text = "";

	for (unsigned i = 0; i < often->n; i++)
		text = arena_printf(all->arena, "%s%s\"%s\"", text, i > 0 ? ", " : "", often->items[i].text);
	return often->n > 1 ? arena_printf(all->arena, "[ %s ]", text) : text;
}

static void need_domains(struct candidates *all, struct candidate *c, const char *name,
			 const struct often *often)
{
	struct rule_match *match = match_of(c, name);
	const char *ignored;

	match->domains = domainset_new();
	for (unsigned i = 0; i < often->n; i++)
		(void)domainset_add(match->domains, slice_of(often->items[i].text), &ignored);
	domainset_freeze(match->domains);
	add_match(all, c, name, list_text(all, often));
}

static struct often just(const char *text)
{
	return (struct often){ .items = { { text, 1 } }, .n = 1 };
}

static void need_domain(struct candidates *all, struct candidate *c, const char *name, const char *domain)
{
	const struct often one = just(domain);

	need_domains(all, c, name, &one);
}

static void need_networks(struct candidates *all, struct candidate *c, const struct often *often)
{
	struct rule_match *match = match_of(c, "client_network");
	const char *ignored;

	match->networks = netset_new();
	for (unsigned i = 0; i < often->n; i++)
		(void)netset_add(match->networks, slice_of(often->items[i].text), &ignored);
	netset_freeze(match->networks);
	add_match(all, c, "client_network", list_text(all, often));
}

static void need_list(struct candidates *all, struct candidate *c, struct slice id)
{
	struct rule_match *match = match_of(c, "list_id");

	match->texts = textset_new();
	textset_add(match->texts, id);
	textset_freeze(match->texts);
	add_match(all, c, "list_id", arena_printf(all->arena, "\"%.*s\"", SLICE_ARG(id)));
}

/* Ids are letters, digits and -_. only; a long one is cut and told apart by a sum. */
static const char *make_id(struct candidates *all, const char *kind, const char *text)
{
	char *id = arena_printf(all->arena, "%s-%s", kind, text);
	unsigned sum = 0;

	for (char *c = id; *c != '\0'; c++) {
		sum = sum * 31 + (unsigned char)*c;
		if (!ascii_is_alnum(*c) && strchr("-_.", *c) == NULL)
			*c = '-';
	}
	return strlen(id) <= LIMIT_RULE_ID ? id :
		arena_printf(all->arena, "%.*s-%08x", LIMIT_RULE_ID - 9, id, sum);
}

static void name_rule(struct candidate *c, const char *id, enum reason_type reason)
{
	c->rule.id = id;
	c->rule.action = RULE_ACCEPT;
	c->rule.reason = (int)reason;
}

static const char *both(struct candidates *all, const char *a, const char *b)
{
	return arena_printf(all->arena, "%s-%s", a, b);
}

/* ---- kinds of rules ---- */

static void by_network_and_author(struct candidates *all, enum of of, const char *key,
				  const struct often *networks, const struct often *authors)
{
	struct candidate *c;

	if (networks->n == 0 || authors->n == 0)
		return;
	c = add(all, of, key);
	c->author = authors->n == 1 ? authors->items[0].text : NULL;
	need_domains(all, c, "author_domain", authors);
	need_networks(all, c, networks);
	name_rule(c, make_id(all, "from", both(all, authors->items[0].text, networks->items[0].text)),
		  REASON_LOCAL_POLICY);
}

static void by_authentication_and_author(struct candidates *all, enum of of, const char *key,
					 const char *domain, const char *author)
{
	struct candidate *c;

	if (domain == NULL)
		return;
	c = add(all, of, key);
	c->author = author;
	need_domain(all, c, "author_domain", author);
	need_domain(all, c, "authenticated_domain", domain);
	name_rule(c, make_id(all, "by", both(all, author, domain)), REASON_LOCAL_POLICY);
}

/* Is it one more signer of a list that came before? */
static bool is_same_list(const char *a, const char *b)
{
	size_t len = strcspn(a, " ");

	return strncmp(a, b, len + 1) == 0;
}

static void by_list(struct candidates *all, enum of of, const char *key, const struct often *lists,
		    unsigned index)
{
	const char *list = lists->items[index].text;
	size_t len = strcspn(list, " ");
	struct often signers = { .n = 0 };
	struct candidate *c;

	for (unsigned i = 0; i < lists->n; i++)
		if (is_same_list(list, lists->items[i].text)) {
			if (i < index)
				return;
			signers.items[signers.n++].text = lists->items[i].text + len + 1;
		}
	c = add(all, of, key);
	need_list(all, c, slice_new(list, len));
	need_domains(all, c, "list_domain", &signers);
	name_rule(c, make_id(all, "list", arena_strndup(all->arena, list, len)), REASON_MAILING_LIST);
}

static void by_client_name(struct candidates *all, enum of of, const char *key, const char *name)
{
	const char *parent = name != NULL ? domain_parent(name) : NULL;
	struct candidate *c;

	if (name == NULL)
		return;
	c = add(all, of, key);
	need_domain(all, c, "client_name", name);
	name_rule(c, make_id(all, "client", name), REASON_TRUSTED_FORWARDER);
	if (parent == NULL || domain_labels(parent) < 2)
		return;
	c = add(all, of, key);          /* one of several hosts */
	need_domain(all, c, "client_name", arena_printf(all->arena, ".%s", parent));
	name_rule(c, make_id(all, "clients", parent), REASON_TRUSTED_FORWARDER);
}

static void by_network(struct candidates *all, enum of of, const char *network, const char *with_key,
		       const char *with)
{
	const struct often one = just(network);
	struct candidate *c;

	if (with_key != NULL && with == NULL)
		return;
	c = add(all, of, network);
	c->is_wide = with == NULL;
	need_networks(all, c, &one);
	if (with != NULL)
		need_domain(all, c, with_key, with);
	name_rule(c, make_id(all, "network", with != NULL ? both(all, network, with) : network),
		  REASON_TRUSTED_FORWARDER);
}

static void trust(struct candidates *all, const struct run *r, enum of of, const char *key,
		  struct slice names)
{
	struct candidate *c = add(all, of, key);
	struct slice one;
	const char *ignored;

	c->sealers = domainset_new();
	domainset_add_all(c->sealers, r->after.trusted_sealers);
	while (slice_split(&names, ',', &one)) {
		one = slice_trim(one, " ");
		(void)domainset_add(c->sealers, one, &ignored);
		c->match = arena_printf(all->arena, "%s%s\"%.*s\"", c->match,
					c->match[0] != '\0' ? ", " : "", SLICE_ARG(one));
	}
	domainset_freeze(c->sealers);
}

/* The newest sealer alone, then all of them. */
static void by_sealers(struct candidates *all, const struct run *r, enum of of, const char *key,
		       const char *sealers)
{
	struct slice names = slice_of(sealers);
	size_t comma = slice_find(names, ',');

	if (sealers == NULL)
		return;
	trust(all, r, of, key, slice_until(names, comma));
	if (comma < names.len)
		trust(all, r, of, key, names);
}

/* ---- whom they are for ---- */

static void for_author(struct candidates *all, const struct run *r, const char *author,
		       struct group *g)
{
	const struct often one = just(author);
	struct candidate *c;

	by_network_and_author(all, OF_AUTHOR, author, &g->networks, &one);
	for (unsigned i = 0; i < g->authenticated.n; i++)
		by_authentication_and_author(all, OF_AUTHOR, author, g->authenticated.items[i].text, author);
	for (unsigned i = 0; i < g->lists.n; i++)
		by_list(all, OF_AUTHOR, author, &g->lists, i);
	by_client_name(all, OF_AUTHOR, author, often_first(&g->names, 1));
	by_sealers(all, r, OF_AUTHOR, author, often_first(&g->sealers, 1));
	c = add(all, OF_AUTHOR, author);
	c->author = author;
	c->is_wide = true;
	need_domain(all, c, "author_domain", author);
	name_rule(c, make_id(all, "all", author), REASON_LOCAL_POLICY);
}

static void for_network(struct candidates *all, const struct run *r, const char *network,
			struct group *g)
{
	const struct often one = just(network);

	by_network_and_author(all, OF_NETWORK, network, &one, &g->authors);
	for (unsigned i = 0; i < g->lists.n; i++)
		by_list(all, OF_NETWORK, network, &g->lists, i);
	by_network(all, OF_NETWORK, network, "authenticated_domain", often_first(&g->authenticated, 1));
	by_network(all, OF_NETWORK, network, "client_name", often_first(&g->names, 1));
	by_client_name(all, OF_NETWORK, network, often_first(&g->names, 1));
	by_sealers(all, r, OF_NETWORK, network, often_first(&g->sealers, 1));
	by_network(all, OF_NETWORK, network, NULL, NULL);
}

static void sort_facets(struct group *g)
{
	often_sort(&g->authenticated);
	often_sort(&g->sealers);
	often_sort(&g->names);
	often_sort(&g->lists);
	often_sort(&g->networks);
	often_sort(&g->authors);
}

void rules_for_group(struct candidates *all, struct run *r, enum of of, const char *key,
		     struct group *g)
{
	sort_facets(g);
	if (of == OF_AUTHOR)
		for_author(all, r, key, g);
	else
		for_network(all, r, key, g);
}

/* Not by author: there are many, and more next month. */
void rules_for_forwarder(struct candidates *all, struct run *r, const char *key,
			 struct forward_group *g)
{
	by_network(all, OF_FORWARDER, key, "client_name", often_first(&g->names, 1));
	by_network(all, OF_FORWARDER, key, "authenticated_domain", often_first(&g->signers, 1));
	by_client_name(all, OF_FORWARDER, key, often_first(&g->names, 1));
	by_sealers(all, r, OF_FORWARDER, key, often_first(&g->sealers, 1));
	by_network(all, OF_FORWARDER, key, NULL, NULL);
}

void rules_free(struct candidates *all)
{
	for (unsigned i = 0; i < all->n; i++) {
		rules_free_sets(&all->items[i].rule, 1);
		domainset_free(all->items[i].sealers);
	}
	free(all->items);
	arena_free(all->arena);
}

/* ---- text ---- */

static const char *date(int64_t ms, char out[CLOCK_TEXT_SIZE])
{
	clock_format(ms, out);
	out[strlen("2027-03-31")] = '\0';
	return out;
}

static const char *note(const struct run *r, const struct candidate *c)
{
	char since[CLOCK_TEXT_SIZE], now[CLOCK_TEXT_SIZE];

	return arena_printf(r->arena, "from what-if of %s, mail since %s: saves %llu, lets through %llu "
			    "that look forged", date(r->options->now_ms, now),
			    date(r->options->span.since_ms, since), (unsigned long long)c->saves,
			    (unsigned long long)c->passes);
}

const char *rules_text(const struct run *r, const struct candidate *c)
{
	char expires[CLOCK_TEXT_SIZE];

	if (c->rule.id == NULL)
		return arena_printf(r->arena, "# no rule: one more name for the list that you have\n"
				    "arc: { trusted_sealers = [ %s ]; };", c->match);
	return arena_printf(r->arena,
			    "{ id = \"%s\"; owner = \"\";\n"
			    "  note = \"%s\";\n"
			    "  expires = \"%s\";\n"
			    "  match = { %s };\n"
			    "  action = \"accept\"; reason = \"%s\"; }",
			    c->rule.id, note(r, c),
			    date(r->options->now_ms + EXPIRES_DAYS * RULE_CALENDAR_DAY_MS, expires),
			    c->match, names_get(reason_type_names, c->rule.reason));
}
