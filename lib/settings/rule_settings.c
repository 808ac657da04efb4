#include "settings/rule_settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/decide.h"
#include "core/rule_calendar.h"
#include "settings/options.h"

void rule_settings_refuse(struct rule_reader *reader, struct place place, const char *name,
			  const char *what)
{
	fault_add(reader->faults, place, reader->label, "%s%s%s", name != NULL ? name : "",
		  name != NULL ? ": " : "", what);
}

#define TEXT_OF(reader, ...) arena_printf((reader)->faults->arena, __VA_ARGS__)

/* Names the value, then what is wrong with it. */
static void refuse_value(struct rule_reader *reader, const struct node *node, const char *what)
{
	rule_settings_refuse(reader, node->place, node->name,
			     TEXT_OF(reader, "%s %s", tree_describe(reader->faults, node), what));
}

static void refuse_type(struct rule_reader *reader, const struct node *node, const char *wanted)
{
	rule_settings_refuse(reader, node->place, node->name,
			     TEXT_OF(reader, "has to be %s, not %s", wanted,
				     tree_describe(reader->faults, node)));
}

static const char *text_of(struct rule_reader *reader, const struct node *node)
{
	if (node->kind == NODE_TEXT)
		return node->text;
	refuse_type(reader, node, "text in quotes");
	return NULL;
}

static bool is_id(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > LIMIT_RULE_ID)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!ascii_is_alnum(text[i]) && strchr("-_.", text[i]) == NULL)
			return false;
	return true;
}

static void take_id(struct rule_reader *reader, const struct node *node, const char **field,
		    size_t max)
{
	const char *text = text_of(reader, node);

	if (text != NULL && is_id(text))
		*field = arena_strdup(reader->arena, text);
	else if (text != NULL)
		refuse_value(reader, node, TEXT_OF(reader, "is no id; accepted: 1 to %zu letters, "
						   "digits, `-`, `_` and `.`", max));
}

/* Control characters of ASCII and of the block behind it, and the two line ends
 * of Unicode. */
static bool is_control(struct slice character)
{
	const unsigned char *octets = (const unsigned char *)character.data;

	if (character.len == 1)
		return octets[0] < ' ' || octets[0] == 127;
	return (character.len == 2 && octets[0] == 0xC2 && octets[1] < 0xA0) ||
	       (character.len == 3 && memcmp(octets, "\xE2\x80", 2) == 0 &&
		(octets[2] == 0xA8 || octets[2] == 0xA9));
}

static bool is_printable(struct slice text)
{
	while (text.len > 0) {
		size_t len = slice_utf8_octets(text);

		if (len == 0 || is_control(slice_until(text, len)))
			return false;
		text = slice_from(text, len);
	}
	return true;
}

/* Text for people of this house: "" is the same as none. */
static void take_note(struct rule_reader *reader, const struct node *node, const char **field,
		      size_t max)
{
	const char *text = text_of(reader, node);

	if (text == NULL)
		return;
	if (strlen(text) > max || !is_printable(slice_of(text)))
		refuse_value(reader, node, TEXT_OF(reader, "cannot be kept; accepted: up to %zu octets "
						   "of printable UTF-8 on one line", max));
	else if (text[0] != '\0')
		*field = arena_strdup(reader->arena, text);
}

/* Text that leaves the house, in SMTP or in a report. */
static void take_line(struct rule_reader *reader, const struct node *node, const char **field,
		      size_t max)
{
	const char *text = text_of(reader, node), *wrong = NULL;

	if (text == NULL)
		return;
	if (text[0] == '\0')
		wrong = "is empty";
	else if (strlen(text) > max)
		wrong = "is too long";
	for (const char *c = text; wrong == NULL && *c != '\0'; c++) {
		if (*c == '%')
			wrong = "has a `%`";
		else if (*c < ' ' || *c > '~')
			wrong = "has a character that is not printable ASCII";
	}
	if (wrong == NULL)
		*field = arena_strdup(reader->arena, text);
	else
		refuse_value(reader, node, TEXT_OF(reader, "%s; accepted: 1 to %zu characters of "
						   "printable ASCII without `%%`", wrong, max));
}

static void take_expires(struct rule_reader *reader, const struct node *node)
{
	const char *text = text_of(reader, node);
	int64_t day_ms = 0;

	if (text == NULL)
		return;
	if (strlen(text) != strlen("2027-03-31") || !clock_parse(slice_of(text), &day_ms) ||
	    day_ms < 0)
		refuse_value(reader, node, "is no date of the calendar; accepted: \"YYYY-MM-DD\", the "
			     "last day (UTC) on which the rule applies");
	else
		reader->rule->expires_ms = day_ms + RULE_CALENDAR_DAY_MS;
}

static void take_match_all(struct rule_reader *reader, const struct node *node)
{
	if (node->kind != NODE_BOOL)
		refuse_type(reader, node, "true or false without quotes");
	else
		reader->rule->match_all = node->yes;
}

static void take_word(struct rule_reader *reader, const struct node *node,
		      const struct name_row *words, int *value)
{
	const char *word = text_of(reader, node), *near;
	struct buf accepted;

	for (const struct name_row *row = words; word != NULL && row->name != NULL; row++)
		if (strcmp(row->name, word) == 0) {
			*value = row->value;
			return;
		}
	if (word == NULL)
		return;
	buf_init(&accepted, 512);
	options_add_words(words, &accepted);
	near = option_near_word(words, word);
	refuse_value(reader, node,
		     TEXT_OF(reader, "is none of its values; accepted: %s%s%s%s", buf_str(&accepted),
			     near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
			     near != NULL ? "\"?" : ""));
	buf_done(&accepted);
}

static const struct name_row reason_words[] = {
	{ REASON_LOCAL_POLICY, "local_policy" }, { REASON_MAILING_LIST, "mailing_list" },
	{ REASON_TRUSTED_FORWARDER, "trusted_forwarder" }, { REASON_OTHER, "other" }, { 0, NULL },
};

/* The actions as a table of words; the last row stays empty. */
static const struct name_row *action_words(struct rule_reader *reader)
{
	struct name_row *words = ARENA_ARRAY(reader->faults->arena, struct name_row, n_rule_actions);

	for (unsigned i = RULE_UNSET + 1; i < n_rule_actions; i++)
		words[i - 1] = (struct name_row){ (int)i, rule_action_rows[i].name };
	return words;
}

static void take_action(struct rule_reader *reader, const struct node *node)
{
	int action = RULE_UNSET;

	take_word(reader, node, action_words(reader), &action);
	reader->rule->action = (enum rule_action)action;
}

static void take_reason(struct rule_reader *reader, const struct node *node)
{
	take_word(reader, node, reason_words, &reader->rule->reason);
}

static void take_percent(struct rule_reader *reader, const struct node *node)
{
	if (node->kind != NODE_INTEGER)
		refuse_type(reader, node, "a whole number without quotes");
	else if (node->number < 0 || node->number > 100)
		refuse_value(reader, node, "is out of range; accepted: a whole number from 0 to 100");
	else
		reader->rule->enforce_percent = (unsigned)node->number;
	reader->rule->has_percent = true;
}

enum { ID = 0, OWNER, TICKET, NOTE, EXPIRES, MATCH, MATCH_ALL, ACTION, REASON, COMMENT, REPLY,
       PERCENT, N_FIELDS };

/* What stands in a rule, in the order of alignd.conf(5). */
static const struct field {
	const char *name, *value;
	void (*take)(struct rule_reader *reader, const struct node *node);
	void (*take_text)(struct rule_reader *reader, const struct node *node, const char **field,
			  size_t max);
	size_t offset, max;             /* with take_text: the field of struct rule */
} fields[N_FIELDS] = {
#define TEXT(how, member, limit) .take_text = (how), .offset = offsetof(struct rule, member), \
	.max = (limit)
	[ID] = { "id", "a name, required", TEXT(take_id, id, LIMIT_RULE_ID) },
	[OWNER] = { "owner", "text", TEXT(take_note, owner, LIMIT_RULE_NOTE) },
	[TICKET] = { "ticket", "text", TEXT(take_note, ticket, LIMIT_RULE_NOTE) },
	[NOTE] = { "note", "text", TEXT(take_note, note, LIMIT_RULE_NOTE) },
	[EXPIRES] = { "expires", "a date", take_expires, NULL, 0, 0 },
	[MATCH] = { "match", "a group", rule_match_take, NULL, 0, 0 },
	[MATCH_ALL] = { "match_all", "true", take_match_all, NULL, 0, 0 },
	[ACTION] = { "action", "a word, required", take_action, NULL, 0, 0 },
	[REASON] = { "reason", "a word", take_reason, NULL, 0, 0 },
	[COMMENT] = { "comment", "text", TEXT(take_line, comment, LIMIT_RULE_LINE) },
	[REPLY] = { "reply", "text", TEXT(take_line, reply, LIMIT_RULE_LINE) },
	[PERCENT] = { "enforce_percent", "a whole number", take_percent, NULL, 0, 0 },
};

static int find_field(const char *name)
{
	for (int i = 0; i < N_FIELDS; i++)
		if (strcmp(fields[i].name, name) == 0)
			return i;
	return N_FIELDS;
}

static void refuse_name(struct rule_reader *reader, const struct node *node)
{
	struct name_row names[N_FIELDS + 1] = { { 0, NULL } };
	const char *near;

	for (int i = 0; i < N_FIELDS; i++)
		names[i].name = fields[i].name;
	near = option_near_word(names, node->name);
	if (rule_match_has_name(node->name))
		near = TEXT_OF(reader, "match = { %s = ...; }", node->name);
	rule_settings_refuse(reader, node->place, node->name,
			     near != NULL ? TEXT_OF(reader, "unknown name; did you mean %s?", near) :
			     "unknown name; accepted: the names of a rule in alignd.conf(5)");
}

static void take_field(struct rule_reader *reader, const struct node *node, int index)
{
	const struct field *field = &fields[index];

	if (field->take != NULL)
		field->take(reader, node);
	else
		field->take_text(reader, node,
				 (const char **)((char *)reader->rule + field->offset), field->max);
}

static void check_match(struct rule_reader *reader, struct place place,
			const struct node *const given[N_FIELDS])
{
	if (given[MATCH_ALL] != NULL && given[MATCH_ALL]->kind != NODE_BOOL)
		return;
	if (given[MATCH] != NULL && reader->rule->match_all)
		rule_settings_refuse(reader, given[MATCH_ALL]->place, "match_all",
				     "contradicts match; accepted: one of the two");
	else if (given[MATCH] == NULL && !reader->rule->match_all)
		rule_settings_refuse(reader, place, "match", "required; accepted: match = { ... } "
				     "with one key at least, or match_all = true");
	else if (given[MATCH] != NULL && given[MATCH]->kind == NODE_GROUP && given[MATCH]->n == 0)
		rule_settings_refuse(reader, given[MATCH]->place, "match", "is empty, so it would "
				     "match every message; accepted: one key at least, or, if this is "
				     "meant, match_all = true in its place");
	else if (given[MATCH] != NULL)
		rule_match_check(reader, given[MATCH]);
}

/* What is done as asked needs no reason of ours. */
static void check_reason(struct rule_reader *reader, const struct node *const given[N_FIELDS])
{
	static const int told[] = { REASON, COMMENT };

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (given[told[i]] != NULL)
			rule_settings_refuse(reader, given[told[i]]->place, fields[told[i]].name,
					     "has no effect with this action, which does what the owner "
					     "asks; accepted: with any other action");
}

static void check_action(struct rule_reader *reader, const struct node *const given[N_FIELDS])
{
	const struct rule *rule = reader->rule;
	const struct rule_action_row *action = &rule_action_rows[rule->action];

	if (!action->explains)
		check_reason(reader, given);
	else if (!action->exempts && (rule->reason == REASON_MAILING_LIST ||
				      rule->reason == REASON_TRUSTED_FORWARDER))
		refuse_value(reader, given[REASON], "is a reason to accept; accepted with this "
			     "action: \"local_policy\", \"other\"");
	if (!action->rejects && given[REPLY] != NULL)
		rule_settings_refuse(reader, given[REPLY]->place, "reply",
				     "is the answer of a reject; accepted: only with action = \"reject\"");
	if (!action->staged && given[PERCENT] != NULL)
		rule_settings_refuse(reader, given[PERCENT]->place, "enforce_percent",
				     "has no effect with this action; accepted: only with action = "
				     "\"quarantine\" or \"reject\"");
}

static void refuse_action(struct rule_reader *reader, struct place place)
{
	struct buf accepted;

	buf_init(&accepted, 512);
	options_add_words(action_words(reader), &accepted);
	rule_settings_refuse(reader, place, "action",
			     TEXT_OF(reader, "required; accepted: %s", buf_str(&accepted)));
	buf_done(&accepted);
}

/* What the fields demand of one another; nothing that follows from a fault that
 * has been told. */
static void check_rule(struct rule_reader *reader, struct place place,
		       const struct node *const given[N_FIELDS])
{
	if (given[ID] == NULL)
		rule_settings_refuse(reader, place, "id", "required: log, journal and reports know a "
				     "rule by its id; accepted: 1 to 64 letters, digits, `-`, `_` and `.`");
	if (given[ACTION] == NULL)
		refuse_action(reader, place);
	else if (reader->rule->action != RULE_UNSET)
		check_action(reader, given);
	check_match(reader, place, given);
}

/* The id first, since the other faults name it. */
static const char *label_of(struct rule_reader *reader, const struct node *node, unsigned index)
{
	for (unsigned i = 0; i < node->n; i++)
		if (strcmp(node->items[i].name, "id") == 0 && node->items[i].kind == NODE_TEXT &&
		    is_id(node->items[i].text))
			return TEXT_OF(reader, "rule %s", node->items[i].text);
	return TEXT_OF(reader, "rule %u of the list", index + 1);
}

static void take_rule(struct rule_reader *reader, const struct node *node, unsigned index)
{
	const struct node *given[N_FIELDS] = { NULL };

	reader->label = label_of(reader, node, index);
	if (node->kind == NODE_NOTHING)
		return;                 /* at fault already */
	if (node->kind != NODE_GROUP) {
		rule_settings_refuse(reader, node->place, NULL,
				     TEXT_OF(reader, "has to be a group, { id = ...; }, not %s",
					     tree_describe(reader->faults, node)));
		return;
	}
	for (unsigned i = 0; i < node->n; i++) {
		const struct node *item = &node->items[i];
		int field = find_field(item->name);

		if (item->name[0] == '*' || item->kind == NODE_NOTHING)
			continue;       /* at fault already */
		if (field == N_FIELDS) {
			refuse_name(reader, item);
			continue;
		}
		given[field] = item;
		take_field(reader, item, field);
	}
	check_rule(reader, node->place, given);
}

struct seen_id {
	const char *id;
	struct place place;
};

static int compare_ids(const void *a, const void *b)
{
	const struct seen_id *x = a, *y = b;
	int order = strcmp(x->id, y->id);

	return order != 0 ? order : x->place.order < y->place.order ? -1 : 1;
}

static void check_ids(struct rule_reader *reader, const struct rule *rules, const struct node *node)
{
	struct seen_id *ids = ARENA_ARRAY(reader->faults->arena, struct seen_id, node->n);
	unsigned n = 0;

	for (unsigned i = 0; i < node->n; i++)
		if (rules[i].id != NULL)
			ids[n++] = (struct seen_id){ rules[i].id, node->items[i].place };
	qsort(ids, n, sizeof(*ids), compare_ids);
	for (unsigned i = 1, first = 0; i < n; i++) {
		if (strcmp(ids[i].id, ids[first].id) != 0) {
			first = i;
			continue;
		}
		reader->label = TEXT_OF(reader, "rule %s", ids[i].id);
		rule_settings_refuse(reader, ids[i].place, "id",
				     TEXT_OF(reader, "given twice, first to the rule of %s:%u; "
					     "accepted: every id once", ids[first].place.file,
					     ids[first].place.line));
	}
}

/* Where the rule stands; most share a file with the rule before. */
static void set_place(struct rule_reader *reader, struct place place, const struct rule *before)
{
	struct rule *rule = reader->rule;

	rule->line = place.line;
	rule->file = before != NULL && strcmp(before->file, place.file) == 0 ? before->file :
		arena_strdup(reader->arena, place.file);
}

static bool names_recipients(const struct rule *rule)
{
	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		if (rule_keys[k].value == VALUE_RECIPIENTS && rule->match[k].given)
			return true;
	return false;
}

void rule_settings_take(struct settings *settings, struct fault_list *faults,
			struct fault_list *warnings, const struct node *node)
{
	struct rule_reader reader = { faults, warnings, settings->arena, 0, NULL, "rules" };
	struct rule *rules;

	if (node->kind != NODE_LIST)
		rule_settings_refuse(&reader, node->place, NULL,
				     TEXT_OF(&reader, "has to be a list of groups, not %s; accepted: "
					     "rules = ( { id = ...; }, { id = ...; } );",
					     tree_describe(faults, node)));
	else if (node->n > LIMIT_RULES)
		rule_settings_refuse(&reader, node->place, NULL,
				     TEXT_OF(&reader, "has %u rules; accepted: up to %d; many domains "
					     "or networks belong into one rule with a list file",
					     node->n, LIMIT_RULES));
	if (node->kind != NODE_LIST || node->n > LIMIT_RULES)
		return;
	rules = ARENA_ARRAY(settings->arena, struct rule, node->n);
	settings->ruleset.rules = rules;
	settings->ruleset.n_rules = node->n;
	for (unsigned i = 0; i < node->n; i++) {
		reader.rule = &rules[i];
		rules[i].reason = REASON_LOCAL_POLICY;
		set_place(&reader, node->items[i].place, i > 0 ? &rules[i - 1] : NULL);
		take_rule(&reader, &node->items[i], i);
		settings->ruleset.rules_have_recipients |= names_recipients(&rules[i]);
	}
	check_ids(&reader, rules, node);
}

void rule_settings_print(FILE *out)
{
	for (int i = 0; i < N_FIELDS; i++)
		fprintf(out, "%s\t%s\n", fields[i].name, fields[i].value);
	rule_match_print(out);
}
