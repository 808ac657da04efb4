#include "core/rules.h"

#include "base/buf.h"
#include "core/decide.h"

void rules_free_sets(struct rule *rules, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < RULE_KEYS_MAX; k++) {
			struct rule_match *match = &rules[i].match[k];

			domainset_free(match->domains);
			netset_free(match->networks);
			textset_free(match->texts);
			*match = (struct rule_match){ .given = match->given };
		}
}

bool rule_key_find(struct slice name, unsigned *index_r)
{
	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		if (slice_is(name, rule_keys[k].name)) {
			*index_r = k;
			return true;
		}
	return false;
}

bool rule_has_expired(const struct rule *rule, int64_t now_ms)
{
	return rule->expires_ms != 0 && now_ms >= rule->expires_ms;
}

static bool hardens(const struct rule *rule)
{
	return rule_action_rows[rule->action].hardens;
}

static bool names_result(const struct rule *rule)
{
	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		if (rule_keys[k].names_result && rule->match[k].given)
			return true;
	return false;
}

static bool author_is_undecided(const struct verdict *verdict, unsigned index)
{
	return verdict->authors[index].result == RES_DMARC_TEMPERROR;
}

/* Is there an author who neither passed nor waits for the DNS? One whose name
 * servers fail must not hide him from a rule that hardens. */
static bool some_author_is_decided(const struct verdict *verdict)
{
	for (unsigned i = 0; i < verdict->n_authors; i++)
		if (!author_is_undecided(verdict, i) && verdict->authors[i].result != RES_DMARC_PASS)
			return true;
	return false;
}

/* Results that a rule leaves alone unless it names them; NULL: none. */
static const char *left_alone(const struct rule *rule, const struct verdict *verdict)
{
	const char *why = NULL;

	if (verdict->result == RES_DMARC_PASS)
		why = "the message passed";
	else if (verdict->result == RES_DMARC_TEMPERROR && hardens(rule) && !some_author_is_decided(verdict))
		why = "a DNS failure left the message undecided";
	return why != NULL && !names_result(rule) ? why : NULL;
}

static bool key_holds(const struct rule_question *q, unsigned k)
{
	return rule_keys[k].holds(q, &q->rule->match[k]);
}

static bool message_fits(const struct rule_question *q)
{
	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		if (q->rule->match[k].given && !rule_keys[k].about_author && !key_holds(q, k))
			return false;
	return true;
}

static bool asks_about_authors(const struct rule *rule)
{
	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		if (rule->match[k].given && rule_keys[k].about_author)
			return true;
	return false;
}

static bool author_fits(struct rule_question *q, unsigned index)
{
	if (author_is_undecided(q->verdict, index) && hardens(q->rule) && !names_result(q->rule))
		return false;
	q->author_index = index;
	q->author = &q->evidence->authors[index];
	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		if (q->rule->match[k].given && rule_keys[k].about_author && !key_holds(q, k))
			return false;
	return true;
}

static enum rule_fit authors_fit(struct rule_question *q)
{
	unsigned n = q->evidence->n_authors, fitting = 0;

	if (!asks_about_authors(q->rule))
		return FIT_ALL;
	for (unsigned i = 0; i < n; i++)
		fitting += author_fits(q, i);
	if (fitting == 0)
		return FIT_NO;
	return fitting == n ? FIT_ALL : FIT_SOME_AUTHORS;
}

/* A second author must not borrow the exception of the first. */
static bool is_enough(const struct rule *rule, enum rule_fit fit)
{
	return fit == FIT_ALL || (fit == FIT_SOME_AUTHORS && hardens(rule));
}

enum rule_fit rule_fits(const struct rule *rule, struct rule_question *q)
{
	enum rule_fit fit;

	q->rule = rule;
	if (rule_has_expired(rule, q->evidence->when_ms) || left_alone(rule, q->verdict) != NULL ||
	    !message_fits(q))
		return FIT_NO;
	fit = authors_fit(q);
	return is_enough(rule, fit) ? fit : FIT_NO;
}

const struct rule *rules_next(const struct ruleset *ruleset, const struct rule *after,
			      struct rule_question *q, enum rule_fit *fit_r)
{
	for (size_t i = after != NULL ? (size_t)(after - ruleset->rules) + 1 : 0; i < ruleset->n_rules; i++) {
		*fit_r = rule_fits(&ruleset->rules[i], q);
		if (*fit_r != FIT_NO)
			return &ruleset->rules[i];
	}
	*fit_r = FIT_NO;
	return NULL;
}

/* Does a key about authors hold for as many of them as the action needs? */
static bool author_key_holds(struct rule_question *q, unsigned k)
{
	unsigned n = q->evidence->n_authors, holding = 0;

	for (unsigned i = 0; i < n; i++) {
		q->author_index = i;
		q->author = &q->evidence->authors[i];
		holding += key_holds(q, k);
	}
	return holding > 0 && (holding == n || hardens(q->rule));
}

unsigned rule_misses(const struct rule *rule, struct rule_question *q, unsigned *missed_r,
		     const char **other_r)
{
	unsigned n = 0, missed = 0;

	q->rule = rule;
	for (unsigned k = 0; rule_keys[k].name != NULL; k++) {
		if (!rule->match[k].given)
			continue;
		if (rule_keys[k].about_author ? !author_key_holds(q, k) : !key_holds(q, k)) {
			missed |= 1u << k;
			n++;
		}
	}
	*missed_r = missed;
	if (other_r == NULL)
		return n;
	*other_r = left_alone(rule, q->verdict);
	if (rule_has_expired(rule, q->evidence->when_ms))
		*other_r = "expired";
	else if (*other_r == NULL && n == 0 && rule_fits(rule, q) == FIT_NO)
		*other_r = "no author meets all of it";
	return n;
}

static unsigned recipient_key(void)
{
	unsigned k = 0;

	rule_key_find(SLICE("recipient"), &k);
	return k;
}

static void add_id(struct buf *out, const char *id)
{
	buf_printf(out, "%s%s", out->len > 0 ? " " : "", id);
}

const char *rules_for_address(const struct ruleset *ruleset, struct arena *arena,
			      struct slice local, const char *domain)
{
	unsigned k = recipient_key();
	struct buf address, ids;
	const char *text;

	buf_init(&address, LIMIT_SENDER_OCTETS + DOMAIN_SIZE);
	buf_add_slice(&address, local);
	buf_printf(&address, "@%s", domain);
	buf_init(&ids, LIMIT_RULES * (LIMIT_RULE_ID + 1));
	for (unsigned i = 0; i < ruleset->n_rules; i++)
		if (textset_has(ruleset->rules[i].match[k].texts, buf_slice(&address)))
			add_id(&ids, ruleset->rules[i].id);
	text = ids.len > 0 ? arena_strdup(arena, buf_str(&ids)) : "";
	buf_done(&address);
	buf_done(&ids);
	return text;
}

const char *rules_recipient_key(const struct ruleset *ruleset, struct arena *arena, int64_t now_ms,
				const char *domain, const char *address_rules)
{
	struct rule_question q = {
		.ruleset = ruleset, .recipient = domain, .recipient_rules = address_rules,
	};
	unsigned k = recipient_key();
	struct buf ids;
	const char *text;

	buf_init(&ids, LIMIT_RULES * (LIMIT_RULE_ID + 1));
	for (unsigned i = 0; i < ruleset->n_rules; i++) {
		q.rule = &ruleset->rules[i];
		if (q.rule->match[k].given && !rule_has_expired(q.rule, now_ms) && key_holds(&q, k))
			add_id(&ids, q.rule->id);
	}
	text = ids.len > 0 ? arena_strdup(arena, buf_str(&ids)) : "";
	buf_done(&ids);
	return text;
}
