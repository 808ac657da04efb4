#include "tool_words.h"

#include "alignctl.h"
#include "core/signals.h"

const char *tool_why(enum why why)
{
	switch (why) {
	case WHY_UNSET: break;
	case WHY_EXEMPT: return "exempt mail is not evaluated (exempt.networks, exempt.authenticated)";
	case WHY_NO_POLICY: return "the author's domain publishes nothing that applies";
	case WHY_ALIGNED: return "an aligned identifier passed";
	case WHY_TEMPERROR: return "a DNS look-up failed (dmarc.on_temperror)";
	case WHY_BAD_FROM: return "From names no author to evaluate (dmarc.on_bad_from)";
	case WHY_DAMAGED_RECORD: return "the published record is damaged and disarms itself";
	case WHY_REQUESTED: return "as the author's domain asks (mode)";
	case WHY_TEST_MODE: return "one level milder: the record says t=y";
	case WHY_SAMPLED_OUT: return "one level milder: outside the sample of pct (dmarc.pct)";
	case WHY_OVERRIDE_REJECT: return "the receiver's own answer to reject (override.reject)";
	case WHY_OVERRIDE_QUARANTINE:
		return "the receiver's own answer to quarantine (override.quarantine)";
	case WHY_RULE: return "a rule of the receiver's (rules)";
	case WHY_TRUSTED_ARC: return "a trusted sealer saw it pass (arc.trusted_sealers)";
	case WHY_NOT_CORROBORATED:
		return "it bears marks of an indirect way (override.reject_when, override.uncorroborated)";
	case WHY_RECIPIENTS_DIFFER: return "the recipients' rules disagree (recipients_differ)";
	}
	return "";
}

const char *tool_method(enum discovery_method method)
{
	return method == DISCOVERY_PSL ? "public suffix list" : "DNS tree walk";
}

const char *tool_arc(struct arena *arena, const struct arc_evidence *arc)
{
	const char *result = names_get(arc_result_names, (int)arc->result);

	if (arc->result == RES_ARC_PASS)
		return arena_printf(arena, "%s, %u %s", result, arc->n_sets,
				    arc->n_sets == 1 ? "set" : "sets");
	if (arc->reason == NULL)
		return result;
	return arena_printf(arena, "%s: %s", result, tool_escape(arena, arc->reason));
}

static const char *claims(struct arena *arena, const struct arc_set *set)
{
	const char *text = "";

	for (unsigned i = 0; i < set->n_claims; i++)
		text = arena_printf(arena, "%s%s %s=pass for %s", text, i > 0 ? "," : ", who says",
				    names_get(arc_method_names, (int)set->claims[i].method),
				    tool_escape(arena, set->claims[i].domain));
	return text;
}

const char *tool_arc_set(struct arena *arena, const struct arc_evidence *arc, unsigned instance)
{
	const struct arc_set *set = &arc->sets[instance - 1];

	return arena_printf(arena, "set %u by %s%s%s", instance, tool_escape(arena, set->d),
			    arc->result != RES_ARC_PASS || set->from_covered ? "" : ", does not cover From",
			    claims(arena, set));
}

const char *tool_signals(struct arena *arena, unsigned mask)
{
	struct buf names;
	const char *text;

	buf_init(&names, LIMIT_JOURNAL_STRING);
	signals_names(mask, ", ", &names);
	text = arena_strdup(arena, buf_str(&names));
	buf_done(&names);
	return text;
}

const char *tool_recipient(struct arena *arena, const struct evidence *evidence,
			   const struct verdict *verdict, unsigned group)
{
	const struct recipient_verdict *r = &verdict->recipients[group];
	const char *rules = evidence->recipient_rules != NULL ? evidence->recipient_rules[group] : "";

	return arena_printf(arena, "%s%s%s%s: %s, %s%s%s", tool_escape(arena, r->domain),
			    rules[0] != '\0' ? " (addresses of " : "", tool_escape(arena, rules),
			    rules[0] != '\0' ? ")" : "", names_get(action_names, (int)r->chosen),
			    r->rule != NULL ? "rule " : names_get(why_names, (int)r->why),
			    r->rule != NULL ? tool_escape(arena, r->rule) : "",
			    r->rule != NULL && r->why != WHY_RULE ?
			    arena_printf(arena, ", %s", names_get(why_names, (int)r->why)) : "");
}
