#include "tool_words.h"

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
