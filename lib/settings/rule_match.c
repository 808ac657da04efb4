/* match = { ... } of a rule, worked from the rows of rule_keys[]. */
#include <stdlib.h>
#include <string.h>

#include "core/rules.h"
#include "settings/apply.h"
#include "settings/file_checks.h"
#include "settings/rule_settings.h"
#include "settings/text_file.h"

enum {
	LIST_MB_MAX = 100,
	LIST_FAULTS_MAX = 10,           /* told of one list file */
	TEXT_MAX = 255,
	ENTRY_SIZE = 1024,
};

#define TEXT_OF(reader, ...) arena_printf((reader)->faults->arena, __VA_ARGS__)

static const char *accepted(const struct rule_key *key, struct buf *out)
{
	switch (key->value) {
	case VALUE_DOMAINS:
		return "\"example.com\", \".example.com\" for the names below it, or a list of such";
	case VALUE_NETWORKS:
		return "\"192.0.2.0/24\", \"2001:db8::1\", or a list of such";
	case VALUE_RECIPIENTS:
		return "\"example.com\", \".example.com\", \"user@example.com\", or a list of such";
	case VALUE_TEXTS:
		return "text without blanks and < >, or a list of such";
	case VALUE_WORDS:
		options_add_words(key->words, out);
		return buf_str(out);
	case VALUE_YES:
		break;
	}
	return "true";
}

static void refuse(struct rule_reader *reader, const struct rule_key *key, const struct node *node,
		   const char *what)
{
	struct buf words;

	buf_init(&words, 1024);
	rule_settings_refuse(reader, node->place, TEXT_OF(reader, "match.%s", key->name),
			     TEXT_OF(reader, "%s; accepted: %s", what, accepted(key, &words)));
	buf_done(&words);
}

/* The adders: what is wrong with the text, or NULL and it is in the set. */
static const char *add_domain(struct rule_reader *reader, struct rule_match *match, const char *text)
{
	const char *wrong = value_check_domain(text);

	(void)reader;
	if (match->domains == NULL)
		match->domains = domainset_new();
	if (wrong == NULL && domainset_add(match->domains, slice_of(text), &wrong) == 0)
		wrong = NULL;
	return wrong;
}

static const char *add_network(struct rule_reader *reader, struct rule_match *match,
			       const char *text)
{
	const char *error = NULL;

	if (match->networks == NULL)
		match->networks = netset_new();
	if (netset_add(match->networks, slice_of(text), &error) == 0)
		return NULL;
	return TEXT_OF(reader, "cannot be used: %s%s", error,
		       apply_network_hint(reader->faults, slice_of(text)));
}

static const char *add_text(struct rule_match *match, const char *text)
{
	if (strlen(text) > TEXT_MAX)
		return "is too long";
	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || *c == '<' || *c == '>')
			return "has a blank, < or >, or a character that is not printable ASCII";
	if (match->texts == NULL)
		match->texts = textset_new();
	textset_add(match->texts, slice_of(text));
	return NULL;
}

/* An address as core/rules.h compares it: local part without quotes, `@`,
 * normal domain. */
static const char *add_address(struct rule_reader *reader, struct rule_match *match,
			       const char *text)
{
	struct path path;
	const char *domain, *wrong;
	char normal[DOMAIN_SIZE];

	path_parse(reader->faults->arena, slice_of(text), &path);
	if (path.status != PATH_MAILBOX || path.local.len == 0)
		return "is no address";
	domain = arena_strndup(reader->faults->arena, path.domain.data, path.domain.len);
	wrong = value_check_domain(domain);
	if (wrong != NULL || domain[0] == '.')
		return TEXT_OF(reader, "has a domain that %s", wrong != NULL ? wrong :
			       "begins with a dot");
	domain_normalize(slice_of(domain), normal);
	if (match->texts == NULL)
		match->texts = textset_new();
	textset_add(match->texts, slice_of(TEXT_OF(reader, "%.*s@%s", SLICE_ARG(path.local), normal)));
	return NULL;
}

static const char *add_word(const struct rule_key *key, struct rule_match *match, const char *text)
{
	for (const struct name_row *row = key->words; row->name != NULL; row++)
		if (strcmp(row->name, text) == 0) {
			match->words |= 1u << row->value;
			return NULL;
		}
	return "is none of its values";
}

static const char *add(struct rule_reader *reader, const struct rule_key *key,
		       struct rule_match *match, const char *text)
{
	switch (key->value) {
	case VALUE_DOMAINS:
		return add_domain(reader, match, text);
	case VALUE_NETWORKS:
		return add_network(reader, match, text);
	case VALUE_RECIPIENTS:
		return strchr(text, '@') != NULL ? add_address(reader, match, text) :
			add_domain(reader, match, text);
	case VALUE_TEXTS:
		return add_text(match, text);
	case VALUE_WORDS:
		return add_word(key, match, text);
	case VALUE_YES:
		break;
	}
	return "is not true";
}

static void take_text(struct rule_reader *reader, const struct rule_key *key,
		      struct rule_match *match, const struct node *node)
{
	const char *what = "is empty", *near = NULL;

	if (node->kind != NODE_TEXT) {
		refuse(reader, key, node, TEXT_OF(reader, "has to be text in quotes, not %s",
						  tree_describe(reader->faults, node)));
		return;
	}
	if (node->text[0] != '\0')
		what = add(reader, key, match, node->text);
	if (what == NULL)
		return;
	if (key->value == VALUE_WORDS)
		near = option_near_word(key->words, node->text);
	refuse(reader, key, node, TEXT_OF(reader, "%s %s%s%s%s", tree_describe(reader->faults, node),
					  what, near != NULL ? " (did you mean \"" : "",
					  near != NULL ? near : "", near != NULL ? "\"?)" : ""));
}

static void take_values(struct rule_reader *reader, const struct rule_key *key,
			struct rule_match *match, const struct node *node)
{
	if (key->value == VALUE_YES) {
		if (node->kind != NODE_BOOL || !node->yes)
			refuse(reader, key, node, TEXT_OF(reader, "%s means nothing here",
							  tree_describe(reader->faults, node)));
	} else if (node->kind != NODE_LIST) {
		take_text(reader, key, match, node);
	} else if (node->n == 0) {
		refuse(reader, key, node, "is an empty list, so the rule could never match");
	}
	for (unsigned i = 0; key->value != VALUE_YES && node->kind == NODE_LIST && i < node->n; i++)
		take_text(reader, key, match, &node->items[i]);
}

/* One line without comment and blanks; empty: nothing to take. */
static struct slice entry_of(struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] == '#' && (i == 0 || strchr(" \t", line.data[i - 1]) != NULL))
			return slice_trim(slice_until(line, i), " \t\r");
	return slice_trim(line, " \t\r");
}

static const char *add_entry(struct rule_reader *reader, const struct rule_key *key,
			     struct rule_match *match, struct slice entry)
{
	char text[ENTRY_SIZE];

	if (entry.len >= sizeof(text))
		return "is too long";
	memcpy(text, entry.data, entry.len);
	text[entry.len] = '\0';
	return add(reader, key, match, text);
}

struct list_file {
	const struct rule_key *key;
	const char *name;               /* "match.domains_file" */
	struct place place;             /* the line, in the order of where the rule names it */
	unsigned n_faults;
};

static void refuse_entry(struct rule_reader *reader, struct list_file *file, struct slice entry,
			 const char *what)
{
	const char *text = arena_strndup(reader->faults->arena, entry.data, entry.len);

	rule_settings_refuse(reader, file->place, file->name,
			     TEXT_OF(reader, "%s %s; accepted: one entry a line, and `#` before "
				     "comments%s", fault_quote(reader->faults, text), what,
				     ++file->n_faults == LIST_FAULTS_MAX ?
				     "; the rest of this file was not looked at" : ""));
}

/* False when there are too many. */
static bool take_entries(struct rule_reader *reader, struct list_file *file,
			 struct rule_match *match, struct slice rest)
{
	struct slice line;

	while (file->n_faults < LIST_FAULTS_MAX && slice_split(&rest, '\n', &line)) {
		struct slice entry = entry_of(line);
		const char *wrong = NULL;

		file->place.line++;
		if (entry.len == 0)
			continue;
		if (++reader->n_entries > LIMIT_LIST_ENTRIES)
			return false;
		wrong = add_entry(reader, file->key, match, entry);
		if (wrong != NULL)
			refuse_entry(reader, file, entry, wrong);
	}
	return true;
}

static void take_lines(struct rule_reader *reader, struct list_file *file,
		       struct rule_match *match, struct slice all)
{
	unsigned n_before = reader->n_entries;

	if (slice_starts_nocase(all, "\xEF\xBB\xBF"))
		all = slice_from(all, 3);
	if (!take_entries(reader, file, match, all))
		rule_settings_refuse(reader, file->place, file->name,
				     TEXT_OF(reader, "too many entries; accepted: up to %d in all list "
					     "files together", LIMIT_LIST_ENTRIES));
	else if (reader->n_entries == n_before)
		fault_add(reader->warnings, (struct place){ file->place.file, 0, file->place.order },
			  reader->label, "%s: there is no entry in this file, so nothing matches it",
			  file->name);
}

static bool is_path(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			return false;
	return value_check_path(text) == NULL;
}

static void take_list_file(struct rule_reader *reader, const struct rule_key *key,
			   struct rule_match *match, const struct node *node)
{
	struct list_file file = { key, TEXT_OF(reader, "match.%s", node->name),
				  { node->text, 0, node->place.order }, 0 };
	const char *error = NULL;
	size_t len = 0;
	char *data;

	if (node->kind != NODE_TEXT || !is_path(node->text)) {
		rule_settings_refuse(reader, node->place, file.name,
				     TEXT_OF(reader, "%s is no absolute path; accepted: the path of a "
					     "file with one entry a line, such as \"/etc/alignd/list\"",
					     tree_describe(reader->faults, node)));
		return;
	}
	data = text_file_read(node->text, LIST_MB_MAX, &len, &error);
	if (data == NULL)
		rule_settings_refuse(reader, node->place, file.name,
				     TEXT_OF(reader, "%s cannot be read: %s; accepted: a file that "
					     "alignd's user may read",
					     fault_quote_path(reader->faults, node->text), error));
	else
		take_lines(reader, &file, match, slice_new(data, len));
	if (data != NULL)
		file_checks_read(reader->faults, node->place, file.name, node->text);
	free(data);
}

static bool find_file_key(const char *name, unsigned *index_r)
{
	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		if (rule_keys[k].file != NULL && strcmp(rule_keys[k].file, name) == 0) {
			*index_r = k;
			return true;
		}
	return false;
}

bool rule_match_has_name(const char *name)
{
	unsigned k;

	return rule_key_find(slice_of(name), &k) || find_file_key(name, &k);
}

static void refuse_name(struct rule_reader *reader, const struct node *node)
{
	struct name_row names[2 * RULE_KEYS_MAX + 1] = { { 0, NULL } };
	unsigned n = 0;
	const char *near;

	for (unsigned k = 0; rule_keys[k].name != NULL; k++) {
		names[n++].name = rule_keys[k].name;
		if (rule_keys[k].file != NULL)
			names[n++].name = rule_keys[k].file;
	}
	near = option_near_word(names, node->name);
	rule_settings_refuse(reader, node->place, TEXT_OF(reader, "match.%s", node->name),
			     near != NULL ? TEXT_OF(reader, "unknown name; did you mean %s?", near) :
			     "unknown name; accepted: the keys of match in alignd.conf(5)");
}

static void freeze(struct rule_match *match)
{
	if (match->domains != NULL)
		domainset_freeze(match->domains);
	if (match->networks != NULL)
		netset_freeze(match->networks);
	if (match->texts != NULL)
		textset_freeze(match->texts);
}

void rule_match_take(struct rule_reader *reader, const struct node *node)
{
	if (node->kind != NODE_GROUP) {
		rule_settings_refuse(reader, node->place, "match",
				     TEXT_OF(reader, "has to be a group, match = { ... }, not %s",
					     tree_describe(reader->faults, node)));
		return;
	}
	for (unsigned i = 0; i < node->n; i++) {
		const struct node *item = &node->items[i];
		unsigned k = 0;

		if (item->name[0] == '*' || item->kind == NODE_NOTHING)
			continue;       /* at fault already */
		if (rule_key_find(slice_of(item->name), &k))
			take_values(reader, &rule_keys[k], &reader->rule->match[k], item);
		else if (find_file_key(item->name, &k))
			take_list_file(reader, &rule_keys[k], &reader->rule->match[k], item);
		else
			refuse_name(reader, item);
		if (rule_match_has_name(item->name))
			reader->rule->match[k].given = true;
	}
	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		freeze(&reader->rule->match[k]);
}

/* Where a key stands in match. */
static struct place place_of(const struct node *match, const struct rule_key *key)
{
	for (unsigned i = 0; i < match->n; i++)
		if (strcmp(match->items[i].name, key->name) == 0)
			return match->items[i].place;
	return match->place;
}

static void check_needs(struct rule_reader *reader, const struct node *match)
{
	for (unsigned k = 0; rule_keys[k].name != NULL; k++) {
		const struct rule_key *key = &rule_keys[k];
		unsigned other = 0;

		if (!reader->rule->match[k].given || key->needs == NULL ||
		    !rule_key_find(slice_of(key->needs), &other) || reader->rule->match[other].given)
			continue;
		rule_settings_refuse(reader, place_of(match, key), TEXT_OF(reader, "match.%s", key->name),
				     TEXT_OF(reader, "%s; accepted: together with %s, %s",
					     key->proof ? "says little alone" :
					     "refused alone, since anyone can write such a field",
					     key->needs, rule_keys[other].help));
	}
}

/* Says something about who sends or receives, so that an exception is one. */
static bool tells(const struct rule_key *key)
{
	return key->proof || key->value == VALUE_RECIPIENTS ||
	       (key->about_author && key->value != VALUE_WORDS);
}

static bool is_strangers_choice(const struct rule_key *key)
{
	return !tells(key) && (key->value == VALUE_DOMAINS || key->value == VALUE_TEXTS);
}

const char *rule_match_proofs(struct arena *arena)
{
	const char *names = NULL;

	for (unsigned k = 0; rule_keys[k].name != NULL; k++)
		if (rule_keys[k].proof && rule_keys[k].needs == NULL)
			names = names == NULL ? rule_keys[k].name :
				arena_printf(arena, "%s, %s", names, rule_keys[k].name);
	return names;
}

/* An exception for whoever writes the right word. */
static void check_proof(struct rule_reader *reader, const struct node *match)
{
	const struct rule_key *choice = NULL;

	for (unsigned k = 0; rule_keys[k].name != NULL; k++) {
		if (!reader->rule->match[k].given)
			continue;
		if (tells(&rule_keys[k]))
			return;
		if (is_strangers_choice(&rule_keys[k]))
			choice = &rule_keys[k];
	}
	if (choice == NULL || choice->needs != NULL)
		return;
	rule_settings_refuse(reader, place_of(match, choice), TEXT_OF(reader, "match.%s", choice->name),
			     TEXT_OF(reader, "a stranger chooses it, so anyone could have forgeries "
				     "accepted; accepted with action = \"accept\": together with a key "
				     "that proves something: %s", rule_match_proofs(reader->faults->arena)));
}

void rule_match_check(struct rule_reader *reader, const struct node *match)
{
	check_needs(reader, match);
	if (rule_action_rows[reader->rule->action].exempts)
		check_proof(reader, match);
}

static const char *value_name(const struct rule_key *key)
{
	switch (key->value) {
	case VALUE_DOMAINS:
		return "domains";
	case VALUE_NETWORKS:
		return "networks";
	case VALUE_RECIPIENTS:
		return "domains and addresses";
	case VALUE_TEXTS:
		return "texts";
	case VALUE_WORDS:
		return "words";
	case VALUE_YES:
		break;
	}
	return "true";
}

void rule_match_print(FILE *out)
{
	for (unsigned k = 0; rule_keys[k].name != NULL; k++) {
		const struct rule_key *key = &rule_keys[k];

		fprintf(out, "match.%s\t%s", key->name, value_name(key));
		for (const struct name_row *word = key->words; word != NULL && word->name != NULL; word++)
			fprintf(out, "%s %s", word != key->words ? "," : "", word->name);
		fprintf(out, "%s%s\n", key->file != NULL ? ", or a file: " : "",
			key->file != NULL ? key->file : "");
	}
}
