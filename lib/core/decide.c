#include "core/decide_private.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "core/arc_trust.h"
#include "core/judge_author.h"
#include "core/signals.h"

const struct name_row dmarc_result_names[] = {
	{ RES_DMARC_NONE, "none" }, { RES_DMARC_PASS, "pass" }, { RES_DMARC_FAIL, "fail" },
	{ RES_DMARC_TEMPERROR, "temperror" }, { RES_DMARC_PERMERROR, "permerror" },
	{ RES_DMARC_UNSET, "-" }, { 0, NULL },
};
const struct name_row reason_type_names[] = {
	{ REASON_LOCAL_POLICY, "local_policy" }, { REASON_MAILING_LIST, "mailing_list" },
	{ REASON_TRUSTED_FORWARDER, "trusted_forwarder" },
	{ REASON_POLICY_TEST_MODE, "policy_test_mode" }, { REASON_SAMPLED_OUT, "sampled_out" },
	{ REASON_OTHER, "other" }, { REASON_UNSET, "-" }, { 0, NULL },
};
const struct name_row why_names[] = {
	{ WHY_EXEMPT, "exempt" }, { WHY_NO_POLICY, "no-policy" }, { WHY_ALIGNED, "aligned" },
	{ WHY_TEMPERROR, "temperror" }, { WHY_BAD_FROM, "bad-from" },
	{ WHY_DAMAGED_RECORD, "damaged-record" }, { WHY_REQUESTED, "requested" },
	{ WHY_TEST_MODE, "test-mode" }, { WHY_SAMPLED_OUT, "sampled-out" },
	{ WHY_OVERRIDE_REJECT, "override.reject" },
	{ WHY_OVERRIDE_QUARANTINE, "override.quarantine" }, { WHY_RULE, "rule" },
	{ WHY_TRUSTED_ARC, "trusted-arc" }, { WHY_NOT_CORROBORATED, "not-corroborated" },
	{ WHY_RECIPIENTS_DIFFER, "recipients-differ" }, { WHY_UNSET, "-" }, { 0, NULL },
};

void outcome_add_reason(struct outcome *out, enum reason_type type, const char *rule,
			const char *comment)
{
	assert(out->n_reasons < sizeof(out->reasons) / sizeof(out->reasons[0]));
	out->reasons[out->n_reasons++] = (struct reason){ type, rule, comment };
}

static enum action requested_action(enum disposition asked)
{
	switch (asked) {
	case DISPOSITION_UNSET:
	case DISPOSITION_NONE:
		return ACTION_ACCEPT;
	case DISPOSITION_QUARANTINE:
		return ACTION_QUARANTINE;
	case DISPOSITION_REJECT:
		return ACTION_REJECT;
	}
	return ACTION_ACCEPT;
}

/* What an override setting makes of a request; never something stricter. */
static enum action overridden(enum action requested, enum request_answer answer)
{
	switch (answer) {
	case REQUEST_FOLLOW:
		return requested;
	case REQUEST_QUARANTINE:
		return requested < ACTION_QUARANTINE ? requested : ACTION_QUARANTINE;
	case REQUEST_ACCEPT:
		return ACTION_ACCEPT;
	}
	return requested;
}

/* The request itself, and what t or pct took off it. */
static void take_request(const struct verdict *v, struct outcome *out)
{
	const struct policy *policy = &v->authors[v->decisive].policy;

	out->chosen = requested_action(v->asked);
	switch (policy->softened) {
	case SOFTENED_NO:
		out->why = policy->status == POLICY_DAMAGED_NONE ? WHY_DAMAGED_RECORD : WHY_REQUESTED;
		break;
	case SOFTENED_TEST_MODE:
		out->why = WHY_TEST_MODE;
		outcome_add_reason(out, REASON_POLICY_TEST_MODE, NULL, NULL);
		break;
	case SOFTENED_SAMPLED_OUT:
		out->why = WHY_SAMPLED_OUT;
		outcome_add_reason(out, REASON_SAMPLED_OUT, NULL, NULL);
		break;
	}
}

static void add_sealer(struct buf *out, unsigned instance, const struct arc_set *set)
{
	buf_printf(out, " as[%u].d=%s as[%u].s=%s", instance, set->d != NULL ? set->d : "-", instance,
		   set->s != NULL ? set->s : "-");
}

/* One line, newest set first (RFC 8617 7.2.2); cut at whole sets. */
static const char *arc_comment(const struct evidence *e, struct arena *arena)
{
	const char *remote_ip = e->arc.sets[0].client_ip, *text;
	struct buf comment;

	buf_init(&comment, LIMIT_JOURNAL_STRING - ADDRESS_TEXT_SIZE - 32);
	buf_add_str(&comment, "arc=pass");
	for (unsigned i = e->arc.n_sets; i > 0; i--)
		add_sealer(&comment, i, &e->arc.sets[i - 1]);
	text = buf_str(&comment);
	text = remote_ip != NULL ? arena_printf(arena, "%s remote-ip[1]=%s", text, remote_ip) :
				   arena_strdup(arena, text);
	buf_done(&comment);
	return text;
}

/* Every author that fails with a request above none has to be vouched for. */
static unsigned trusted_set(const struct evidence *e, const struct ruleset *ruleset,
			    const struct verdict *v)
{
	unsigned set = 0;

	for (unsigned i = 0; i < v->n_authors; i++) {
		if (v->authors[i].result != RES_DMARC_FAIL || v->authors[i].asked <= DISPOSITION_NONE)
			continue;
		set = arc_vouches(e, ruleset, &e->authors[i], NULL);
		if (set == 0)
			return 0;
	}
	return set;
}

static bool trust_arc(const struct choice *c, struct outcome *out)
{
	unsigned set = out->chosen > ACTION_ACCEPT ?
		trusted_set(c->evidence, c->ruleset, c->verdict) : 0;

	if (set == 0)
		return false;
	*out = (struct outcome){ .chosen = ACTION_ACCEPT, .why = WHY_TRUSTED_ARC, .trusted_set = set };
	outcome_add_reason(out, REASON_LOCAL_POLICY, NULL, arc_comment(c->evidence, c->arena));
	return true;
}

static const char *missing_comment(unsigned missing, struct arena *arena)
{
	struct buf names;
	const char *text;

	buf_init(&names, LIMIT_JOURNAL_STRING);
	buf_add_str(&names, "not corroborated: ");
	signals_names(missing, ", ", &names);
	text = arena_strdup(arena, buf_str(&names));
	buf_done(&names);
	return text;
}

/* The receiver's own answer to a request to reject: it stands only while the
 * signals agree (RFC 9989 7.4). */
static void override_reject(const struct choice *c, struct outcome *out)
{
	unsigned missing = signals_missing(c->evidence, c->ruleset->reject_when);
	enum action answer = overridden(out->chosen, missing != 0 ? c->ruleset->override_uncorroborated :
								    c->ruleset->override_reject);

	if (answer == out->chosen)
		return;
	out->chosen = answer;
	out->missing = missing;
	out->why = missing != 0 ? WHY_NOT_CORROBORATED : WHY_OVERRIDE_REJECT;
	outcome_add_reason(out, REASON_LOCAL_POLICY, NULL,
			   missing != 0 ? missing_comment(missing, c->arena) : "override.reject");
}

static void override_quarantine(const struct ruleset *ruleset, struct outcome *out)
{
	enum action answer = overridden(out->chosen, ruleset->override_quarantine);

	if (answer == out->chosen)
		return;
	out->chosen = answer;
	out->why = WHY_OVERRIDE_QUARANTINE;
	outcome_add_reason(out, REASON_LOCAL_POLICY, NULL, "override.quarantine");
}

/* May the sender be asked to come again? Only where a policy above none is at
 * stake, or none is known (RFC 9989 5.3.6 leaves it to the receiver). */
static bool temperror_matters(const struct verdict *v)
{
	for (unsigned i = 0; i < v->n_authors; i++)
		if (v->authors[i].result == RES_DMARC_TEMPERROR &&
		    (v->authors[i].policy.status == POLICY_TEMPERROR ||
		     v->authors[i].policy.effective > DISPOSITION_NONE))
			return true;
	return false;
}

/* Results in which nothing is requested. */
static void choose_unrequested(const struct ruleset *ruleset, const struct verdict *v,
			       struct outcome *out)
{
	out->chosen = ACTION_ACCEPT;
	switch (v->result) {
	case RES_DMARC_UNSET:
	case RES_DMARC_NONE:
		out->why = WHY_NO_POLICY;
		break;
	case RES_DMARC_PASS:
		out->why = WHY_ALIGNED;
		break;
	case RES_DMARC_PERMERROR:
		out->why = v->decisive < 0 ? WHY_BAD_FROM : WHY_DAMAGED_RECORD;
		if (v->decisive < 0)
			out->chosen = ruleset->on_bad_from;
		break;
	case RES_DMARC_TEMPERROR:
		out->why = WHY_TEMPERROR;
		if (ruleset->on_temperror == TEMPERROR_TEMPFAIL && temperror_matters(v))
			out->chosen = ACTION_TEMPFAIL;
		break;
	case RES_DMARC_FAIL:
		break;
	}
}

void choose_letter(const struct choice *c, struct outcome *out_r)
{
	*out_r = (struct outcome){ .why = WHY_UNSET };
	if (c->verdict->result == RES_DMARC_FAIL)
		take_request(c->verdict, out_r);
	else
		choose_unrequested(c->ruleset, c->verdict, out_r);
}

void choose_plain(const struct choice *c, struct outcome *out_r)
{
	choose_letter(c, out_r);
	if (c->verdict->result != RES_DMARC_FAIL || trust_arc(c, out_r) ||
	    c->ruleset->mode != MODE_OVERRIDE)
		return;
	if (out_r->chosen == ACTION_REJECT)
		override_reject(c, out_r);
	else if (out_r->chosen == ACTION_QUARANTINE)
		override_quarantine(c->ruleset, out_r);
}

/* One sender always gets the same: its Organizational Domain and client network
 * decide. Only what would touch the mail is staged. */
static bool is_left_out(const struct evidence *e, const struct ruleset *ruleset,
			const struct outcome *out)
{
	unsigned percent = out->rule != NULL && out->rule->has_percent ? out->rule->enforce_percent :
									 ruleset->enforce_percent;

	return (out->chosen == ACTION_QUARANTINE || out->chosen == ACTION_REJECT) &&
	       e->enforce_draw >= percent;
}

/* A rule that only some of the authors match does not end the search: the rules
 * behind it may be stricter with the others. */
static void choose_by_rules(const struct choice *c, struct rule_question *question, struct outcome *out)
{
	enum rule_fit fit;
	const struct rule *rule = rules_next(c->ruleset, NULL, question, &fit);

	if (rule == NULL) {
		choose_plain(c, out);
		return;
	}
	choose_by_rule(c, rule, fit, out);
	while (fit == FIT_SOME_AUTHORS && out->chosen < ACTION_REJECT &&
	       (rule = rules_next(c->ruleset, rule, question, &fit)) != NULL) {
		struct outcome next;

		choose_by_rule(c, rule, fit, &next);
		if (next.chosen > out->chosen)
			*out = next;
	}
}

static void choose(const struct choice *c, unsigned group, struct outcome *out)
{
	const struct evidence *e = c->evidence;
	bool has_recipient = group < e->n_recipient_domains;
	struct rule_question question = {
		.evidence = e, .ruleset = c->ruleset, .verdict = c->verdict,
		.recipient = has_recipient ? e->recipient_domains[group] : NULL,
		.recipient_rules = has_recipient && e->recipient_rules != NULL ?
			e->recipient_rules[group] : NULL,
	};

	choose_by_rules(c, &question, out);
	out->left_out = is_left_out(e, c->ruleset, out);
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void merge_reason(struct verdict *v, const struct reason *reason)
{
	for (unsigned i = 0; i < v->n_reasons; i++)
		if (v->reasons[i].type == reason->type &&
		    is_same_text(v->reasons[i].rule, reason->rule) &&
		    is_same_text(v->reasons[i].comment, reason->comment))
			return;
	if (v->n_reasons < VERDICT_REASONS)
		v->reasons[v->n_reasons++] = *reason;
}

static void merge_reasons(struct verdict *v, const struct outcome *outcomes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < outcomes[i].n_reasons; k++)
			merge_reason(v, &outcomes[i].reasons[k]);
}

static enum action effective(const struct outcome *out)
{
	return out->left_out ? ACTION_ACCEPT : out->chosen;
}

/* The one thing that is done with a message whose recipients disagree. */
static enum action settle(enum recipients_differ how, enum action a, enum action b)
{
	if (a == b)
		return a;
	switch (how) {
	case DIFFER_MILDEST:
		return a < b ? a : b;
	case DIFFER_STRICTEST:
		return a > b ? a : b;
	case DIFFER_QUARANTINE:
	case DIFFER_SPLIT:              /* not told apart in time */
		break;
	}
	/* what the DNS left open for one of them is asked again, not filed away */
	return a == ACTION_TEMPFAIL || b == ACTION_TEMPFAIL ? ACTION_TEMPFAIL : ACTION_QUARANTINE;
}

#define OWN_REPLY "rejected by local policy"

/* A reject of our own names no policy of the owner. */
static const char *own_reply(const struct outcome *out)
{
	if (out->why != WHY_RULE || out->chosen < ACTION_QUARANTINE)
		return NULL;
	return out->rule->reply != NULL ? out->rule->reply : OWN_REPLY;
}

/* Whose step and reply are the message's: one of those who would get alone what
 * is chosen for all; without a rule when there is one, since `rule` only names
 * what matched for all; NULL: nobody would. The order of the recipients must not
 * matter. */
static const struct outcome *speaker_of(const struct outcome *outcomes, unsigned n,
					enum action chosen)
{
	const struct outcome *speaker = NULL;

	for (unsigned i = 0; i < n; i++)
		if (outcomes[i].chosen == chosen &&
		    (speaker == NULL || (speaker->rule != NULL && outcomes[i].rule == NULL)))
			speaker = &outcomes[i];
	return speaker;
}

static void settle_outcomes(const struct ruleset *ruleset, const struct outcome *outcomes, unsigned n,
			    struct verdict *v)
{
	const struct outcome *speaker;
	enum action done = effective(&outcomes[0]);
	bool same_rule = true;

	v->chosen = outcomes[0].chosen;
	for (unsigned i = 1; i < n; i++) {
		v->recipients_differ |= outcomes[i].chosen != outcomes[0].chosen;
		same_rule &= outcomes[i].rule == outcomes[0].rule;
		v->chosen = settle(ruleset->recipients_differ, v->chosen, outcomes[i].chosen);
		done = settle(ruleset->recipients_differ, done, effective(&outcomes[i]));
	}
	speaker = speaker_of(outcomes, n, v->chosen);
	merge_reasons(v, outcomes, n);
	v->why = v->recipients_differ ? WHY_RECIPIENTS_DIFFER : speaker->why;
	v->rule = same_rule && outcomes[0].rule != NULL ? outcomes[0].rule->id : NULL;
	v->reply = speaker != NULL ? own_reply(speaker) : OWN_REPLY;
	v->missing = speaker != NULL ? speaker->missing : 0;
	v->trusted_set = speaker != NULL ? speaker->trusted_set : 0;
	v->apply = v->dry_run ? ACTION_ACCEPT : done;
	v->left_out = !v->dry_run && done != v->chosen;
}

static void spread_to_recipients(const struct evidence *e, struct arena *arena,
				 const struct outcome *outcomes, unsigned n, struct verdict *v)
{
	v->recipients = ARENA_ARRAY(arena, struct recipient_verdict, e->n_recipient_domains);
	v->n_recipients = e->n_recipient_domains;
	for (unsigned i = 0; i < v->n_recipients; i++) {
		const struct outcome *out = &outcomes[i < n ? i : 0];

		v->recipients[i] = (struct recipient_verdict){
			.domain = e->recipient_domains[i], .chosen = out->chosen, .why = out->why,
			.rule = out->rule != NULL ? out->rule->id : NULL,
		};
	}
}

/* What was held back is told to whoever reads reports. */
static void add_held_back(struct verdict *v)
{
	static const struct reason dry_run = { REASON_LOCAL_POLICY, NULL, "dry-run" };
	static const struct reason left_out = { REASON_LOCAL_POLICY, NULL, "enforce_percent" };

	if (v->decisive < 0 || v->chosen == ACTION_ACCEPT || v->chosen == ACTION_TEMPFAIL)
		return;
	if (v->dry_run)
		merge_reason(v, &dry_run);
	else if (v->left_out)
		merge_reason(v, &left_out);
}

/* Groups beyond the list, and recipients without a domain, are one more group
 * that no recipient rule fits. */
static void choose_for_all(const struct evidence *e, const struct ruleset *ruleset,
			   struct arena *arena, struct verdict *v)
{
	unsigned n = ruleset->rules_have_recipients ?
		e->n_recipient_domains + (e->recipients_unlisted > 0) : 1;
	const struct choice choice = { e, ruleset, v, arena };
	struct outcome *outcomes;

	if (n == 0)
		n = 1;
	outcomes = ARENA_ARRAY(arena, struct outcome, n);
	for (unsigned i = 0; i < n; i++)
		choose(&choice, i, &outcomes[i]);
	settle_outcomes(ruleset, outcomes, n, v);
	spread_to_recipients(e, arena, outcomes, n, v);
	add_held_back(v);
}

static void exempt(const struct evidence *e, struct arena *arena, struct verdict *v)
{
	static const struct outcome outcome = { .chosen = ACTION_ACCEPT, .why = WHY_EXEMPT };

	v->why = WHY_EXEMPT;
	v->chosen = v->apply = ACTION_ACCEPT;
	spread_to_recipients(e, arena, &outcome, 1, v);
}

/* No, repeated or unusable From: DMARC does not apply, which must not look
 * like a domain without a record (RFC 9989 5.3.1, 11.5). */
static void judge_bad_from(const struct evidence *e, struct verdict *v)
{
	v->result = RES_DMARC_PERMERROR;
	v->result_reason = e->from_reason != NULL ? e->from_reason : from_status_phrase(e->from);
}

static void judge_from(const struct evidence *e, const struct ruleset *ruleset, struct verdict *v)
{
	judge_authors(e, ruleset, v);
	if (v->result == RES_DMARC_PERMERROR)
		v->result_reason = v->authors[v->decisive].policy.note;
	else if (v->result == RES_DMARC_TEMPERROR)
		v->result_reason = "a DNS look-up failed";
}

void decide(const struct evidence *evidence, const struct ruleset *ruleset,
	    struct arena *arena, struct verdict *out_r)
{
	struct verdict v = { .decisive = -1, .asked = DISPOSITION_NONE };

	v.dry_run = ruleset->dry_run;
	if (evidence->exempt != EXEMPT_NO && evidence->exempt != EXEMPT_UNSET) {
		exempt(evidence, arena, &v);
	} else {
		if (evidence->from != FROM_OK || evidence->n_authors == 0)
			judge_bad_from(evidence, &v);
		else
			judge_from(evidence, ruleset, &v);
		choose_for_all(evidence, ruleset, arena, &v);
	}
	v.method = v.apply == ACTION_QUARANTINE ? ruleset->quarantine : QUARANTINE_UNSET;
	*out_r = v;
}
