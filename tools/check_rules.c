#include "check_rules.h"

#include <string.h>

#include "alignctl.h"
#include "base/json.h"
#include "rule_report.h"

enum nearness {
	NEAR_NOT = 0,
	NEAR_DECIDED,
	NEAR_ONE_MISSED,                /* one key does not hold */
	NEAR_HELD_BACK,                 /* all hold, but: `other` */
	NEAR_BEHIND,                    /* it fits too; an earlier rule decided */
};
static const struct name_row nearness_names[] = {
	{ NEAR_DECIDED, "decided" }, { NEAR_ONE_MISSED, "one-missed" },
	{ NEAR_HELD_BACK, "held-back" }, { NEAR_BEHIND, "behind" }, { 0, NULL },
};

struct finding {
	const struct rule *rule;
	enum nearness nearness;
	unsigned missed;                /* bit of the key that does not hold */
	const char *other;              /* ours */
	uint64_t groups;                /* of recipients, a bit each */
};

struct findings {
	struct arena *arena;
	const struct ruleset *ruleset;
	const struct evidence *e;
	const struct verdict *v;
	unsigned n_groups;              /* 1 where recipients make no difference */
	struct finding decided[LIMIT_RECIPIENT_DOMAINS], near[CHECK_RULES_NEAR];
	unsigned n_decided, n_near, more;
};

static const char *decider(const struct findings *f, unsigned group)
{
	return group < f->v->n_recipients ? f->v->recipients[group].rule : f->v->rule;
}

static unsigned n_given(const struct rule *rule)
{
	unsigned n = 0;

	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		n += rule->match[k].given;
	return n;
}

static struct finding look_at(const struct findings *f, const struct rule *rule, unsigned group)
{
	const struct evidence *e = f->e;
	bool has_recipient = group < e->n_recipient_domains;
	struct rule_question question = {
		.evidence = e, .ruleset = f->ruleset, .verdict = f->v,
		.recipient = has_recipient ? e->recipient_domains[group] : NULL,
		.recipient_rules = has_recipient && e->recipient_rules != NULL ?
			e->recipient_rules[group] : NULL,
	};
	const char *decided = decider(f, group);
	struct finding finding = { .rule = rule, .groups = UINT64_C(1) << group };
	unsigned n;

	if (decided != NULL && strcmp(decided, rule->id) == 0) {
		finding.nearness = NEAR_DECIDED;
		return finding;
	}
	n = rule_misses(rule, &question, &finding.missed, &finding.other);
	if (n == 0)
		finding.nearness = finding.other != NULL ? NEAR_HELD_BACK : NEAR_BEHIND;
	else if (n == 1 && finding.other == NULL && n_given(rule) > 1)
		finding.nearness = NEAR_ONE_MISSED;
	return finding;
}

static bool is_same(const struct finding *a, const struct finding *b)
{
	return a->rule == b->rule && a->nearness == b->nearness && a->missed == b->missed &&
	       (a->other == b->other || (a->other != NULL && b->other != NULL &&
					 strcmp(a->other, b->other) == 0));
}

/* False: there is no room. */
static bool merge(struct finding *list, unsigned *n, unsigned room, const struct finding *finding)
{
	for (unsigned i = 0; i < *n; i++)
		if (is_same(&list[i], finding)) {
			list[i].groups |= finding->groups;
			return true;
		}
	if (*n == room)
		return false;
	list[(*n)++] = *finding;
	return true;
}

static void take(struct findings *f, const struct finding *finding)
{
	if (finding->nearness == NEAR_NOT)
		return;
	if (finding->nearness == NEAR_DECIDED)
		merge(f->decided, &f->n_decided, LIMIT_RECIPIENT_DOMAINS, finding);
	else if (!merge(f->near, &f->n_near, CHECK_RULES_NEAR, finding))
		f->more++;
}

static void find(struct findings *f)
{
	bool told_apart = f->ruleset->rules_have_recipients && f->e->n_recipient_domains > 0;

	f->n_groups = told_apart ? f->e->n_recipient_domains : 1;
	if (f->n_groups > LIMIT_RECIPIENT_DOMAINS)
		f->n_groups = LIMIT_RECIPIENT_DOMAINS;
	if (f->e->exempt != EXEMPT_NO)
		return;
	for (unsigned i = 0; i < f->ruleset->n_rules; i++)
		for (unsigned group = 0; group < f->n_groups; group++) {
			struct finding finding = look_at(f, &f->ruleset->rules[i], group);

			take(f, &finding);
		}
}

static const char *missed_key(const struct finding *finding)
{
	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		if (finding->missed == 1u << k)
			return rule_keys[k].name;
	return NULL;
}

static bool is_for(const struct finding *finding, unsigned group)
{
	return (finding->groups >> group & 1) != 0;
}

static bool is_for_all(const struct findings *f, const struct finding *finding)
{
	for (unsigned group = 0; group < f->n_groups; group++)
		if (!is_for(finding, group))
			return false;
	return true;
}

/* ---- text ---- */

static void row(FILE *out, const char *label, const char *text)
{
	fprintf(out, "  %-22s %s\n", label, text);
}

/* ", for a.example, b.example"; nothing when it is for all. */
static const char *for_whom(const struct findings *f, const struct finding *finding)
{
	const char *text = "", *between = ", for ";

	if (is_for_all(f, finding))
		return text;
	for (unsigned group = 0; group < f->n_groups; group++)
		if (is_for(finding, group)) {
			text = arena_printf(f->arena, "%s%s%s", text, between,
					    tool_escape(f->arena, f->e->recipient_domains[group]));
			between = ", ";
		}
	return text;
}

static void print_decided(const struct findings *f, const struct finding *finding, FILE *out)
{
	const struct rule *rule = finding->rule;
	struct arena *a = f->arena;
	int64_t days_left;
	enum rule_term term = rule_calendar_term(rule, f->e->when_ms, &days_left);

	row(out, "decided", arena_printf(a, "%s (%s)%s", rule->id, rule_action_rows[rule->action].name,
					 for_whom(f, finding)));
	if (rule->owner != NULL)
		row(out, "  owner", tool_escape(a, rule->owner));
	if (rule->ticket != NULL)
		row(out, "  ticket", tool_escape(a, rule->ticket));
	if (rule->note != NULL)
		row(out, "  note", tool_escape(a, rule->note));
	if (term != TERM_OPEN)
		row(out, "  expires", rule_report_expiry(a, rule, term, days_left));
	if (rule->file != NULL)
		row(out, "  stands at", arena_printf(a, "%s:%u", tool_escape(a, rule->file), rule->line));
}

static const char *obstacle(const struct findings *f, const struct finding *finding)
{
	struct arena *a = f->arena;

	switch (finding->nearness) {
	case NEAR_NOT:
	case NEAR_DECIDED:
		break;
	case NEAR_ONE_MISSED:
		return arena_printf(a, "%s does not hold", missed_key(finding));
	case NEAR_HELD_BACK:
		if (!rule_has_expired(finding->rule, f->e->when_ms))
			return arena_printf(a, "all of it holds, but %s", finding->other);
		return arena_printf(a, "all of it holds, but it expired on %s", rule_report_date(
					a, rule_calendar_last_day_ms(finding->rule)));
	case NEAR_BEHIND:
		return "it fits too, but stands behind the one that decided";
	}
	return "";
}

static void print_near(const struct findings *f, FILE *out)
{
	for (unsigned i = 0; i < f->n_near; i++) {
		const struct rule *rule = f->near[i].rule;

		row(out, "nearly", arena_printf(f->arena, "%s (%s)%s: %s", rule->id,
						rule_action_rows[rule->action].name,
						for_whom(f, &f->near[i]), obstacle(f, &f->near[i])));
	}
	if (f->more > 0)
		row(out, "", arena_printf(f->arena, "and %u more", f->more));
}

static void gather(struct findings *f, struct arena *arena, const struct ruleset *ruleset,
		   const struct evidence *e, const struct verdict *v)
{
	*f = (struct findings){ .arena = arena, .ruleset = ruleset, .e = e, .v = v };
	find(f);
}

void check_rules_text(struct arena *arena, const struct ruleset *ruleset,
		      const struct evidence *evidence, const struct verdict *verdict, FILE *out)
{
	struct findings f;

	if (ruleset->n_rules == 0)
		return;
	gather(&f, arena, ruleset, evidence, verdict);
	fputs("Rules\n", out);
	for (unsigned i = 0; i < f.n_decided; i++)
		print_decided(&f, &f.decided[i], out);
	if (evidence->exempt != EXEMPT_NO)
		row(out, "decided", "none: rules are not asked about exempt mail");
	else if (f.n_decided == 0)
		row(out, "decided", arena_printf(arena, "none of %u", ruleset->n_rules));
	print_near(&f, out);
}

/* ---- JSON ---- */

static void put_groups(struct json_out *json, const struct findings *f, const struct finding *finding)
{
	if (is_for_all(f, finding))
		return;
	json_put_array(json, "recipients");
	for (unsigned group = 0; group < f->n_groups; group++)
		if (is_for(finding, group))
			json_put_string(json, NULL, f->e->recipient_domains[group]);
	json_put_array_end(json);
}

static void put_finding(struct json_out *json, const struct findings *f, const struct finding *finding)
{
	json_put_object(json, NULL);
	rule_report_put(json, f->arena, finding->rule, f->e->when_ms);
	if (finding->nearness != NEAR_DECIDED)
		json_put_string(json, "obstacle", names_get(nearness_names, (int)finding->nearness));
	if (finding->nearness == NEAR_ONE_MISSED)
		json_put_string(json, "missed", missed_key(finding));
	if (finding->nearness == NEAR_HELD_BACK)
		json_put_string(json, "but", finding->other);
	put_groups(json, f, finding);
	json_put_object_end(json);
}

static void put_list(struct json_out *json, const char *key, const struct findings *f,
		     const struct finding *list, unsigned n, FILE *out)
{
	json_put_array(json, key);
	for (unsigned i = 0; i < n; i++) {
		put_finding(json, f, &list[i]);
		fputs(buf_str(json->buf), out);
		buf_reset(json->buf);
	}
	json_put_array_end(json);
}

void check_rules_json(struct arena *arena, const struct ruleset *ruleset,
		      const struct evidence *evidence, const struct verdict *verdict,
		      struct slice line, FILE *out)
{
	struct json_out json;
	struct findings f;
	struct buf buf;

	if (ruleset->n_rules == 0) {
		fwrite(line.data, 1, line.len, out);
		return;
	}
	gather(&f, arena, ruleset, evidence, verdict);
	fwrite(line.data, 1, line.len - strlen("}\n"), out);
	buf_init(&buf, LIMIT_JOURNAL_LINE);
	json_begin(&json, &buf, LIMIT_JOURNAL_STRING);
	fputs(",\"rules\":", out);
	json_put_object(&json, NULL);
	put_list(&json, "decided", &f, f.decided, f.n_decided, out);
	put_list(&json, "near", &f, f.near, f.n_near, out);
	if (f.more > 0)
		json_put_int(&json, "near_more", f.more);
	json_put_object_end(&json);
	fprintf(out, "%s}\n", buf_str(&buf));
	buf_done(&buf);
}
