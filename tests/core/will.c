#include "will.h"

#include "testmain.h"

void scene_open(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->arena = arena_new();
	s->ruleset = ruleset_to_the_letter;
	s->ruleset.rules = s->rules;
	s->e = (struct evidence){
		.when_ms = 1790000000000, .exempt = EXEMPT_NO, .from = FROM_OK, .from_fields = 1,
		.client_ip = "192.0.2.7", .helo_domain = "helo.example", .client_name = "Out.Client.example",
		.recipient_domains = s->groups, .recipient_rules = s->group_rules,
		.enforce_draw = 50, .sample_draw = 50,
		.spf = { .result = RES_SPF_FAIL, .domain = "bounce.example",
			 .org = { ORG_KNOWN, "bounce.example", false } },
		.dkim = ARENA_ARRAY(s->arena, struct dkim_evidence, 4),
	};
	scene_author(s, "example.com", "p=reject");
}

void scene_close(struct scene *s)
{
	for (unsigned i = 0; i < s->ruleset.n_rules; i++)
		rules_free_sets(&s->rules[i], 1);
	domainset_free((struct domainset *)(uintptr_t)s->ruleset.trusted_sealers);
	arena_free(s->arena);
}

void scene_author(struct scene *s, const char *domain, const char *record)
{
	struct author *author = &s->e.authors[s->e.n_authors++];

	*author = (struct author){ .domain = domain };
	author->policy.method = DISCOVERY_TREEWALK;
	author->policy.org = (struct org){ ORG_KNOWN, domain, false };
	author->policy.status = record != NULL ? DISCOVERY_FOUND : DISCOVERY_NO_RECORD;
	if (record == NULL)
		return;
	author->policy.domain = domain;
	record_parse(s->arena, slice_of(arena_printf(s->arena, "v=DMARC1; %s", record)),
		     &author->policy.record);
}

void scene_signature(struct scene *s, const char *d)
{
	s->e.dkim[s->e.n_dkim++] = (struct dkim_evidence){
		.result = RES_DKIM_PASS, .d = d, .s = "s", .org = { ORG_KNOWN, d, false },
	};
}

void scene_recipient(struct scene *s, const char *domain, const char *rules)
{
	s->groups[s->e.n_recipient_domains] = domain;
	s->group_rules[s->e.n_recipient_domains++] = rules;
	s->e.n_recipients++;
}

struct rule *scene_rule(struct scene *s, const char *id, enum rule_action action)
{
	struct rule *rule = &s->rules[s->ruleset.n_rules++];

	*rule = (struct rule){ .id = id, .action = action, .reason = REASON_LOCAL_POLICY };
	return rule;
}

static unsigned words_of(const struct name_row *words, struct slice text)
{
	unsigned mask = 0;
	struct slice one;
	int value;

	while (slice_split(&text, ' ', &one)) {
		ck_assert_msg(names_find(words, one, &value), "no such word: %.*s", SLICE_ARG(one));
		mask |= 1u << value;
	}
	return mask;
}

static struct domainset *domains_of(struct slice text)
{
	struct domainset *set = domainset_new();
	const char *error;
	struct slice one;

	while (slice_split(&text, ' ', &one))
		if (slice_find(one, '@') == one.len)
			ck_assert_int_eq(domainset_add(set, one, &error), 0);
	domainset_freeze(set);
	return set;
}

static struct textset *texts_of(struct slice text, bool addresses)
{
	struct textset *set = textset_new();
	struct slice one;

	while (slice_split(&text, ' ', &one))
		if (!addresses || slice_find(one, '@') < one.len)
			textset_add(set, one);
	textset_freeze(set);
	return set;
}

void rule_set(struct rule *rule, const char *key, const char *value)
{
	struct slice text = slice_of(value);
	const char *error;
	unsigned k;

	ck_assert_msg(rule_key_find(slice_of(key), &k), "no such key: %s", key);
	rule->match[k].given = true;
	switch (rule_keys[k].value) {
	case VALUE_DOMAINS:
		rule->match[k].domains = domains_of(text);
		break;
	case VALUE_NETWORKS:
		rule->match[k].networks = netset_new();
		ck_assert_int_eq(netset_add(rule->match[k].networks, text, &error), 0);
		netset_freeze(rule->match[k].networks);
		break;
	case VALUE_RECIPIENTS:
		rule->match[k].domains = domains_of(text);
		rule->match[k].texts = texts_of(text, true);
		break;
	case VALUE_TEXTS:
		rule->match[k].texts = texts_of(text, false);
		break;
	case VALUE_WORDS:
		rule->match[k].words = words_of(rule_keys[k].words, text);
		break;
	case VALUE_YES:
		break;
	}
}

void scene_chain(struct scene *s, const char *sealers)
{
	struct slice rest = slice_of(sealers), one;

	s->e.arc.result = RES_ARC_PASS;
	s->e.arc.sets = ARENA_ARRAY(s->arena, struct arc_set, 8);
	while (slice_split(&rest, ' ', &one))
		s->e.arc.sets[s->e.arc.n_sets++] = (struct arc_set){
			.d = arena_strndup(s->arena, one.data, one.len), .s = "arc", .seal_ok = true,
			.message_ok = true, .from_covered = true,
			.claims = ARENA_ARRAY(s->arena, struct arc_claim, LIMIT_ARC_CLAIMS),
		};
	s->e.marks.arc_fields = s->e.arc.n_sets;
}

void scene_claim(struct scene *s, unsigned instance, enum arc_method method, const char *domain)
{
	struct arc_set *set = &s->e.arc.sets[instance - 1];

	set->claims[set->n_claims++] = (struct arc_claim){ method, domain, { ORG_KNOWN, domain, false } };
}

void scene_trust(struct scene *s, const char *domains)
{
	s->ruleset.trusted_sealers = domains_of(slice_of(domains));
}

const struct verdict *scene_decide(struct scene *s)
{
	if (s->e.n_recipient_domains == 0)
		scene_recipient(s, "receiver.example", "");
	decide(&s->e, &s->ruleset, s->arena, &s->v);
	return &s->v;
}
