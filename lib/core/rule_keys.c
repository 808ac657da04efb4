/* What a rule can ask for: one function and one row per key. */
#include <string.h>

#include "core/arc_trust.h"
#include "core/enforcement.h"
#include "core/judge_author.h"
#include "core/rules.h"

static bool author_domain(const struct rule_question *q, const struct rule_match *match)
{
	return domainset_has(match->domains, q->author->domain);
}

static bool org_domain(const struct rule_question *q, const struct rule_match *match)
{
	const struct org *org = &q->author->policy.org;

	return org->status == ORG_KNOWN && domainset_has(match->domains, org->domain);
}

static bool client_network(const struct rule_question *q, const struct rule_match *match)
{
	struct address address;

	return q->evidence->client_ip != NULL &&
	       address_parse(slice_of(q->evidence->client_ip), &address) &&
	       netset_has(match->networks, &address);
}

static bool client_name(const struct rule_question *q, const struct rule_match *match)
{
	char name[DOMAIN_SIZE];

	return q->evidence->client_name_confirmed &&
	       domain_normalize(slice_of(q->evidence->client_name), name) &&
	       domainset_has(match->domains, name);
}

static bool has_signature_of(const struct rule_question *q, const struct domainset *domains)
{
	const struct evidence *e = q->evidence;

	for (unsigned i = 0; i < e->n_dkim; i++)
		if (judge_signature_counts(&e->dkim[i], q->ruleset) &&
		    domainset_has(domains, e->dkim[i].d))
			return true;
	return false;
}

static bool authenticated_domain(const struct rule_question *q, const struct rule_match *match)
{
	const struct spf_evidence *spf = &q->evidence->spf;

	return (spf->result == RES_SPF_PASS && domainset_has(match->domains, spf->domain)) ||
	       has_signature_of(q, match->domains);
}

static bool helo(const struct rule_question *q, const struct rule_match *match)
{
	return domainset_has(match->domains, q->evidence->helo_domain);
}

/* Is `id` one of the ids, with a blank between, in `ids`? */
static bool is_listed(const char *ids, const char *id)
{
	struct slice rest = slice_of(ids), one;

	while (slice_split(&rest, ' ', &one))
		if (slice_is(one, id))
			return true;
	return false;
}

static bool recipient(const struct rule_question *q, const struct rule_match *match)
{
	return domainset_has(match->domains, q->recipient) ||
	       (match->texts != NULL && q->recipient_rules != NULL &&
		is_listed(q->recipient_rules, q->rule->id));
}

/* RFC 2919 3: an optional phrase, then the identifier between < and >. */
struct slice rules_list_id(const struct evidence *evidence)
{
	struct slice text = slice_trim(slice_of(evidence->marks.list_id), " \t\r\n");
	size_t start = text.len;

	if (text.len > 0 && text.data[text.len - 1] == '>') {
		while (start > 0 && text.data[start - 1] != '<')
			start--;
		text = slice_from(slice_until(text, text.len - 1), start);
	}
	return slice_trim(text, " \t\r\n");
}

static bool list_id(const struct rule_question *q, const struct rule_match *match)
{
	struct slice id = rules_list_id(q->evidence);

	return id.len > 0 && textset_has(match->texts, id);
}

static bool list_domain(const struct rule_question *q, const struct rule_match *match)
{
	return has_signature_of(q, match->domains);
}

static bool has_word(const struct rule_match *match, int value)
{
	return (match->words & 1u << value) != 0;
}

static bool asked(const struct rule_question *q, const struct rule_match *match)
{
	return has_word(match, (int)q->verdict->asked);
}

static bool result(const struct rule_question *q, const struct rule_match *match)
{
	return has_word(match, (int)q->verdict->result);
}

static bool enforcement(const struct rule_question *q, const struct rule_match *match)
{
	struct enforcement found;

	enforcement_of_author(q->author->domain, &q->author->policy, &found);
	return has_word(match, (int)found.class);
}

static bool trusted_arc(const struct rule_question *q, const struct rule_match *match)
{
	(void)match;
	return arc_vouches(q->evidence, q->ruleset, q->author, NULL) > 0;
}

/* Names without a value behind them ("-") are not for people to write. */
static const struct name_row asked_words[] = {
	{ DISPOSITION_NONE, "none" }, { DISPOSITION_QUARANTINE, "quarantine" },
	{ DISPOSITION_REJECT, "reject" }, { 0, NULL },
};
static const struct name_row result_words[] = {
	{ RES_DMARC_NONE, "none" }, { RES_DMARC_PASS, "pass" }, { RES_DMARC_FAIL, "fail" },
	{ RES_DMARC_TEMPERROR, "temperror" }, { RES_DMARC_PERMERROR, "permerror" }, { 0, NULL },
};
static const struct name_row enforcement_words[] = {
	{ ENFORCEMENT_NO_RECORD, "no-record" }, { ENFORCEMENT_UNUSABLE, "unusable" },
	{ ENFORCEMENT_DAMAGED, "damaged" }, { ENFORCEMENT_MONITORING, "monitoring" },
	{ ENFORCEMENT_IDLE, "idle" }, { ENFORCEMENT_PARTIAL, "partial" },
	{ ENFORCEMENT_ENFORCED, "enforced" }, { 0, NULL },
};

#define AUTHOR .about_author = true
#define PROOF .proof = true

const struct rule_key rule_keys[] = {
	{ "author_domain", VALUE_DOMAINS, .file = "domains_file", AUTHOR, .holds = author_domain,
	  .help = "the domain in From" },
	{ "org_domain", VALUE_DOMAINS, AUTHOR, .holds = org_domain,
	  .help = "the Organizational Domain of the domain in From" },
	{ "client_network", VALUE_NETWORKS, .file = "networks_file", PROOF,
	  .holds = client_network, .help = "the address of the client" },
	{ "client_name", VALUE_DOMAINS, PROOF, .holds = client_name,
	  .help = "the client's name, when the MTA confirmed it forward and back" },
	{ "authenticated_domain", VALUE_DOMAINS, .file = "authenticated_domains_file", PROOF,
	  .holds = authenticated_domain,
	  .help = "a domain for which SPF or a DKIM signature passed, aligned or not" },
	{ "helo", VALUE_DOMAINS, .holds = helo, .help = "the HELO name; a stranger chooses it" },
	{ "recipient", VALUE_RECIPIENTS, .holds = recipient,
	  .help = "the recipient's domain or address; the verdict is then per recipient" },
	{ "list_id", VALUE_TEXTS, .needs = "list_domain", .holds = list_id,
	  .help = "the identifier in List-Id; a stranger chooses it" },
	{ "list_domain", VALUE_DOMAINS, PROOF, .needs = "list_id", .holds = list_domain,
	  .help = "the domain that has to have signed the list's mail (DKIM)" },
	{ "asked", VALUE_WORDS, .words = asked_words, .holds = asked,
	  .help = "what the domain's owner asks for this message" },
	{ "enforcement", VALUE_WORDS, .words = enforcement_words, AUTHOR, .holds = enforcement,
	  .help = "the class of the policy that the domain in From publishes" },
	{ "result", VALUE_WORDS, .words = result_words, .names_result = true, .holds = result,
	  .help = "the DMARC result; pass only counts when it is named" },
	{ "trusted_arc", VALUE_YES, AUTHOR, PROOF, .holds = trusted_arc,
	  .help = "a trusted ARC chain saw the domain in From authenticated" },
	{ .name = NULL },
};
_Static_assert(sizeof(rule_keys) / sizeof(rule_keys[0]) <= RULE_KEYS_MAX + 1,
	       "RULE_KEYS_MAX is too small");
