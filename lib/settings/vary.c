/* Other settings than the file's, for what-if; and how two of them differ. */
#include <string.h>

#include "settings/apply.h"

enum { TEXT_OCTETS = 1 << 22, NUMBER_DIGITS = 9 };

const char *vary_text(struct loader *loader, const struct node *node)
{
	struct buf text;
	const char *copy;

	buf_init(&text, TEXT_OCTETS);
	tree_write(node, &text);
	copy = arena_strdup(loader->arena, buf_str(&text));
	buf_done(&text);
	return copy;
}

/* Behind the file's last line. */
static struct place place_of(const struct loader *loader)
{
	return (struct place){ "--set", 0, loader->source.n_lines + 1 };
}

/* What is given for a name may be anything. */
static const char *shown(struct loader *loader, const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (!ascii_is_alnum(*c) && *c != '_' && *c != '.' && *c != '-')
			return fault_quote(&loader->faults, name);
	return name;
}

static void refuse(struct loader *loader, const char *name, const char *why)
{
	const char *near = option_near(name);

	name = shown(loader, name);
	if (why == NULL && near != NULL)
		fault_add(&loader->faults, place_of(loader), name, "unknown name; did you mean %s?", near);
	else
		fault_add(&loader->faults, place_of(loader), name, "%s", why != NULL ? why :
			  "unknown name; accepted: the names of alignd.conf(5), such as dmarc.pct");
}

static const char *why_not(const char *name, const struct option *option)
{
	if (strcmp(name, "rules") == 0)
		return "too much for a line: rules are varied by a settings file of their own, --config";
	if (option == NULL || option->kind == KIND_DECIDE)
		return NULL;
	return option->kind == KIND_COLLECT ?
		"cannot be varied: it says what is gathered about a message, and what is stored was "
		"gathered under the value of its time" :
		"cannot be varied: it says how alignd runs, and changes no decision";
}

/* A word goes without quotes, which a shell would eat. An integer that libconfig
 * would cut off is none. */
static const struct node *parse(struct loader *loader, const struct option *option, const char *value)
{
	bool bare = option->type == TYPE_WORD && strpbrk(value, "\"\\") == NULL;
	const struct node *root;

	if (option->type == TYPE_INTEGER && strlen(value) > NUMBER_DIGITS)
		return NULL;
	root = tree_of(&loader->faults, arena_printf(loader->faults.arena, "value = %s%s%s;",
						     bare ? "\"" : "", value, bare ? "\"" : ""));
	return root != NULL && root->n == 1 ? &root->items[0] : NULL;
}

static void take_value(struct loader *loader, const struct option *option, const char *value)
{
	const struct node *parsed = parse(loader, option, value);
	struct node node;

	if (parsed == NULL) {
		refuse(loader, option->name, arena_printf(loader->faults.arena,
			"%s is no value; written as in alignd.conf: 5, true, \"text\", [ \"a\", \"b\" ]",
			fault_quote(&loader->faults, value)));
		return;
	}
	node = *parsed;
	node.place = place_of(loader);
	for (unsigned i = 0; i < node.n; i++)
		node.items[i].place = node.place;
	loader->state[option - options].given = true;
	loader->state[option - options].place = node.place;
	loader->settings->texts[option - options] = vary_text(loader, &node);
	apply_option(loader, option, &node);
}

static void take_change(struct loader *loader, const char *change)
{
	size_t len = strcspn(change, "=");
	struct slice trimmed = slice_trim(slice_new(change, len), " \t");
	const char *name = arena_strndup(loader->faults.arena, trimmed.data, trimmed.len);
	const struct option *option = option_find(name);
	const char *wrong = why_not(name, option);

	if (wrong != NULL || option == NULL) {
		refuse(loader, name, wrong);
	} else if (change[len] == '\0') {
		refuse(loader, name, "without a value; written as --set NAME=VALUE");
	} else {
		struct slice value = slice_trim(slice_of(change + len + 1), " \t");

		take_value(loader, option, arena_strndup(loader->faults.arena, value.data, value.len));
	}
}

void vary_take(struct loader *loader, const char *const *changes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		take_change(loader, changes[i]);
}

/* ---- differences ---- */

static const char *text_of(const struct settings *settings, unsigned index)
{
	if (settings->texts[index] != NULL)
		return settings->texts[index];
	return options[index].initial != NULL ? options[index].initial : "none";
}

static bool has_rule(const struct ruleset *ruleset, const char *id)
{
	for (unsigned i = 0; i < ruleset->n_rules; i++)
		if (strcmp(ruleset->rules[i].id, id) == 0)
			return true;
	return false;
}

/* "3 rules: a, b": those that the other settings do not have. */
static const char *rules_of(const struct settings *settings, const struct settings *other,
			    struct arena *arena)
{
	const struct ruleset *ruleset = &settings->ruleset;
	struct buf text;
	const char *copy, *before = ": ";

	buf_init(&text, 512);
	buf_printf(&text, "%u rule%s", ruleset->n_rules, ruleset->n_rules == 1 ? "" : "s");
	for (unsigned i = 0; i < ruleset->n_rules; i++)
		if (!has_rule(&other->ruleset, ruleset->rules[i].id)) {
			buf_printf(&text, "%s%s", before, ruleset->rules[i].id);
			before = ", ";
		}
	copy = arena_printf(arena, "%s%s", buf_str(&text), buf_is_full(&text) ? " ..." : "");
	buf_done(&text);
	return copy;
}

static bool are_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

const struct settings_difference *settings_compare(const struct settings *before,
						   const struct settings *after,
						   struct arena *arena)
{
	struct settings_difference *all = ARENA_ARRAY(arena, struct settings_difference, n_options + 2);
	unsigned n = 0;

	for (unsigned i = 0; i < n_options; i++)
		if (strcmp(text_of(before, i), text_of(after, i)) != 0)
			all[n++] = (struct settings_difference){
				options[i].name, arena_strdup(arena, text_of(before, i)),
				arena_strdup(arena, text_of(after, i)), options[i].kind == KIND_DECIDE,
				options[i].kind == KIND_COLLECT,
			};
	if (!are_same(before->rules_text, after->rules_text))
		all[n] = (struct settings_difference){
			"rules", rules_of(before, after, arena), rules_of(after, before, arena), true,
			false,
		};
	return all;
}
