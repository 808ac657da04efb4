#include "settings/tree.h"

#include <libconfig.h>
#include <string.h>

static void copy_items(struct arena *arena, const struct source *source,
		       const config_setting_t *from, struct node *to);

static enum node_kind kind_of(const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_GROUP:
		return NODE_GROUP;
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
		return NODE_LIST;
	case CONFIG_TYPE_BOOL:
		return NODE_BOOL;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return NODE_INTEGER;
	case CONFIG_TYPE_FLOAT:
		return NODE_FRACTION;
	case CONFIG_TYPE_STRING:
		return NODE_TEXT;
	default:
		return NODE_NOTHING;
	}
}

/* Depth is bounded by source.c's BRACKET_DEPTH. */
static void copy(struct arena *arena, const struct source *source, const config_setting_t *from,
		 struct node *to)
{
	const char *name = config_setting_name(from);

	to->kind = kind_of(from);
	to->name = name != NULL ? arena_strdup(arena, name) : "";
	if (source != NULL)
		to->place = source_place(source, config_setting_source_line(from));
	switch (to->kind) {
	case NODE_GROUP:
	case NODE_LIST:
		copy_items(arena, source, from, to);
		break;
	case NODE_BOOL:
		to->yes = config_setting_get_bool(from) != 0;
		break;
	case NODE_INTEGER:
		to->number = config_setting_get_int64(from);
		to->is_decimal = config_setting_get_format(from) == CONFIG_FORMAT_DEFAULT;
		break;
	case NODE_FRACTION:
		to->fraction = config_setting_get_float(from);
		break;
	case NODE_TEXT:
		to->text = arena_strdup(arena, config_setting_get_string(from));
		break;
	case NODE_NOTHING:
		break;
	}
}

static void copy_items(struct arena *arena, const struct source *source,
		       const config_setting_t *from, struct node *to)
{
	to->n = (unsigned)config_setting_length(from);
	to->items = to->n > 0 ? ARENA_ARRAY(arena, struct node, to->n) : NULL;
	for (unsigned i = 0; i < to->n; i++)
		copy(arena, source, config_setting_get_elem(from, i), &to->items[i]);
}

static const char *syntax_hint(const config_t *config, struct slice line)
{
	if (strstr(config_error_text(config), "mismatched element") != NULL)
		return "the entries of a list have to be of one kind";
	if (line.len == 0)
		return "something is missing on the lines before";
	return "a name, `=`, value or semicolon is missing or too many, here or on the line before";
}

static void add_syntax_fault(const struct source *source, const config_t *config)
{
	struct fault_list *faults = source->faults;
	unsigned at = (unsigned)config_error_line(config);
	struct slice line = slice_trim_wsp(source_line(source, at));

	fault_add(faults, source_place(source, at), NULL, "%s%s%s: %s", config_error_text(config),
		  source->has_secret ? "" : " near ",
		  source->has_secret ? "" :
		  fault_quote(faults, arena_strndup(faults->arena, line.data, line.len)),
		  syntax_hint(config, line));
}

const struct node *tree_read(const struct source *source, bool *whole_r)
{
	struct node *root = NULL;
	config_t config;

	config_init(&config);
	*whole_r = config_read_string(&config, buf_str(&source->text)) == CONFIG_TRUE;
	if (!source->unbalanced) {
		if (!*whole_r)
			add_syntax_fault(source, &config);
		root = ARENA_NEW(source->faults->arena, struct node);
		copy(source->faults->arena, source, config_root_setting(&config), root);
	}
	config_destroy(&config);
	return root;
}

const struct node *tree_of(struct fault_list *faults, const char *text)
{
	struct node *root = NULL;
	config_t config;

	config_init(&config);
	if (config_read_string(&config, text) == CONFIG_TRUE) {
		root = ARENA_NEW(faults->arena, struct node);
		copy(faults->arena, NULL, config_root_setting(&config), root);
	}
	config_destroy(&config);
	return root;
}

static void write_text(const char *text, struct buf *out)
{
	buf_add_char(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_char(out, '\\');
		if ((unsigned char)*text < ' ' || *text == 127)
			buf_printf(out, "\\x%02x", (unsigned char)*text);
		else
			buf_add_char(out, *text);
	}
	buf_add_char(out, '"');
}

static void write_items(const struct node *node, struct buf *out)
{
	bool group = node->kind == NODE_GROUP;

	buf_add_char(out, group ? '{' : '[');
	for (unsigned i = 0; i < node->n; i++) {
		buf_add_str(out, i > 0 && !group ? ", " : " ");
		if (group)
			buf_printf(out, "%s = ", node->items[i].name);
		tree_write(&node->items[i], out);
		if (group)
			buf_add_char(out, ';');
	}
	buf_add_str(out, group ? " }" : node->n > 0 ? " ]" : "]");
}

void tree_write(const struct node *node, struct buf *out)
{
	switch (node->kind) {
	case NODE_GROUP:
	case NODE_LIST:
		write_items(node, out);
		break;
	case NODE_BOOL:
		buf_add_str(out, node->yes ? "true" : "false");
		break;
	case NODE_INTEGER:
		buf_printf(out, "%lld", node->number);
		break;
	case NODE_FRACTION:
		buf_printf(out, "%g", node->fraction);
		break;
	case NODE_TEXT:
		write_text(node->text, out);
		break;
	case NODE_NOTHING:
		break;
	}
}

const char *tree_describe(struct fault_list *faults, const struct node *node)
{
	switch (node->kind) {
	case NODE_GROUP:
		return "a group";
	case NODE_LIST:
		return "a list";
	case NODE_BOOL:
		return node->yes ? "true" : "false";
	case NODE_INTEGER:
		return arena_printf(faults->arena, "the number %lld", node->number);
	case NODE_FRACTION:
		return arena_printf(faults->arena, "the number %g", node->fraction);
	case NODE_TEXT:
		return arena_printf(faults->arena, "the text %s", fault_quote(faults, node->text));
	case NODE_NOTHING:
		break;
	}
	return "nothing";
}
