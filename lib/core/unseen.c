#include "core/unseen.h"

#include <string.h>

#include "core/rules.h"

static const char *const unseen_keys[] = {
	"client_name", "helo", "recipient", "list_id", "list_domain", "trusted_arc",
};

static bool is_same(const struct evidence *evidence, const struct ruleset *ruleset,
		    struct arena *arena, const struct verdict *wanted)
{
	struct verdict *got = ARENA_NEW(arena, struct verdict);

	decide(evidence, ruleset, arena, got);
	return got->chosen == wanted->chosen && got->apply == wanted->apply;
}

/* All that a signal looks for, present; a chain that passes, unless it is told. */
static bool marks_matter(const struct evidence *evidence, const struct ruleset *ruleset,
			 struct arena *arena, const struct verdict *verdict)
{
	struct evidence *marked = ARENA_NEW(arena, struct evidence);

	*marked = *evidence;
	marked->marks.list_post = marked->marks.precedence_list = true;
	marked->marks.resent = marked->marks.srs = true;
	marked->client_name_confirmed = true;
	if (marked->arc.result == RES_ARC_UNSET)
		marked->arc.result = RES_ARC_PASS;
	return !is_same(marked, ruleset, arena, verdict);
}

/* Gives the rule without the keys that look at gaps; false when it has none. */
static bool relax(const struct rule *rule, struct rule *out)
{
	bool any = false, left = false;
	unsigned index;

	*out = *rule;
	for (size_t i = 0; i < sizeof(unseen_keys) / sizeof(unseen_keys[0]); i++)
		if (rule_key_find(slice_of(unseen_keys[i]), &index) && out->match[index].given) {
			out->match[index].given = false;
			any = true;
		}
	for (unsigned i = 0; rule_keys[i].name != NULL; i++)
		left = left || out->match[i].given;
	out->match_all = out->match_all || !left;
	return any;
}

/* One rule at a time fits as far as the gaps go. */
static bool rules_matter(const struct evidence *evidence, const struct ruleset *ruleset,
			 struct arena *arena, const struct verdict *verdict)
{
	struct rule *rules = ARENA_ARRAY(arena, struct rule, ruleset->n_rules + 1);
	struct ruleset relaxed = *ruleset;

	memcpy(rules, ruleset->rules, ruleset->n_rules * sizeof(*rules));
	relaxed.rules = rules;
	for (unsigned i = 0; i < ruleset->n_rules; i++) {
		if (!relax(&ruleset->rules[i], &rules[i]))
			continue;
		if (!is_same(evidence, &relaxed, arena, verdict))
			return true;
		rules[i] = ruleset->rules[i];
	}
	return false;
}

static bool arc_matters(const struct evidence *evidence, const struct ruleset *ruleset,
			const struct verdict *verdict)
{
	return ruleset->trusted_sealers != NULL && verdict->result == RES_DMARC_FAIL &&
	       (evidence->arc.result == RES_ARC_UNSET || evidence->arc.result == RES_ARC_PASS) &&
	       verdict->chosen != ACTION_ACCEPT;
}

bool unseen_matters(const struct evidence *evidence, const struct ruleset *ruleset)
{
	struct verdict *verdict;
	struct arena *arena;
	bool matters;

	if (!evidence->from_history)
		return false;
	arena = arena_new();
	verdict = ARENA_NEW(arena, struct verdict);
	decide(evidence, ruleset, arena, verdict);
	matters = arc_matters(evidence, ruleset, verdict) ||
		  marks_matter(evidence, ruleset, arena, verdict) ||
		  (ruleset->n_rules > 0 && rules_matter(evidence, ruleset, arena, verdict));
	arena_free(arena);
	return matters;
}
