#include "settings/apply.h"

#include <assert.h>
#include <string.h>

#include "core/signals.h"

static unsigned index_of(const struct option *option)
{
	return (unsigned)(option - options);
}

void *apply_field(const struct settings *settings, const struct option *option)
{
	return (char *)settings + option->offset;
}

/* The fault of a value: `what` is the end of a sentence. */
static void refuse(struct loader *loader, const struct option *option, const struct node *node,
		   const char *what, const char *near)
{
	struct buf accepted;

	assert(!loader->is_default);
	loader->state[index_of(option)].faulty = true;
	buf_init(&accepted, 1024);
	option_accepted(option, &accepted);
	fault_add(&loader->faults, node->place, option->name,
		  "%s; accepted: %s%s%s%s", what, buf_str(&accepted),
		  near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
		  near != NULL ? "\"?" : "");
	buf_done(&accepted);
}

/* The value, as far as it may be shown. */
static const char *describe(struct loader *loader, const struct option *option,
			    const struct node *node)
{
	return option->is_secret && node->kind == NODE_TEXT ? "this text" :
							      tree_describe(&loader->faults, node);
}

static void refuse_type(struct loader *loader, const struct option *option,
			const struct node *node, const char *wanted)
{
	refuse(loader, option, node,
	       arena_printf(loader->faults.arena, "has to be %s, not %s", wanted,
			    describe(loader, option, node)), NULL);
}

static void refuse_value(struct loader *loader, const struct option *option,
			 const struct node *node, const char *what, const char *near)
{
	refuse(loader, option, node,
	       arena_printf(loader->faults.arena, "%s %s", describe(loader, option, node), what),
	       near);
}

/* A string in the option's range of lengths that its check lets pass. */
static const char *good_text(struct loader *loader, const struct option *option,
			     const struct node *node, size_t min, size_t max)
{
	const char *text = node->text, *wrong = NULL;

	if (node->kind != NODE_TEXT) {
		refuse_type(loader, option, node, "text in quotes");
		return NULL;
	}
	if (strlen(text) < min)
		wrong = "is empty";
	else if (strlen(text) > max)
		wrong = arena_printf(loader->faults.arena, "is longer than %zu octets", max);
	else if (text[0] != '\0' && option->check != NULL)
		wrong = option->check(text);
	if (wrong == NULL)
		return arena_strdup(loader->arena, text);
	refuse_value(loader, option, node, wrong, NULL);
	return NULL;
}

/* "" is NULL in the settings: not set, off, the system's. */
static void apply_text(struct loader *loader, const struct option *option,
		       const struct node *node)
{
	const char *text = good_text(loader, option, node, option->min, option->max);

	*(const char **)apply_field(loader->settings, option) =
		text != NULL && text[0] != '\0' ? text : NULL;
}

static void apply_word(struct loader *loader, const struct option *option,
		       const struct node *node)
{
	void *field = apply_field(loader->settings, option);
	const struct name_row *row = option->words;
	const char *word = node->text;

	if (node->kind != NODE_TEXT) {
		refuse_type(loader, option, node, "a word in quotes");
		return;
	}
	while (row->name != NULL && strcmp(row->name, word) != 0)
		row++;
	if (row->name == NULL)
		refuse_value(loader, option, node, "is none of its values",
			     option_near_word(option->words, word));
	else if (option->bytes == sizeof(bool))
		*(bool *)field = row->value != 0;
	else if (option->bytes == sizeof(const char *))
		*(const char **)field = row->name;
	else
		memcpy(field, &row->value, sizeof(row->value));
}

static void apply_bool(struct loader *loader, const struct option *option,
		       const struct node *node)
{
	if (node->kind != NODE_BOOL)
		refuse_type(loader, option, node, "true or false without quotes");
	else
		*(bool *)apply_field(loader->settings, option) = node->yes;
}

static void store_number(struct loader *loader, const struct option *option, uint64_t number)
{
	void *field = apply_field(loader->settings, option);

	if (option->bytes == sizeof(uint64_t))
		*(uint64_t *)field = number;
	else
		*(unsigned *)field = (unsigned)number;
}

static void apply_integer(struct loader *loader, const struct option *option,
			  const struct node *node)
{
	long long number = node->number;

	if (node->kind != NODE_INTEGER)
		refuse_type(loader, option, node, "a whole number without quotes");
	else if (number < 0 || (uint64_t)number < option->min || (uint64_t)number > option->max)
		refuse_value(loader, option, node, "is out of range", NULL);
	else
		store_number(loader, option, (uint64_t)number);
}

static void apply_size(struct loader *loader, const struct option *option,
		       const struct node *node)
{
	bool is_text = node->kind == NODE_TEXT;
	long long number = node->number;
	uint64_t octets = number > 0 ? (uint64_t)number : 0;

	if (!is_text && node->kind != NODE_INTEGER)
		refuse_type(loader, option, node, "a size");
	else if (is_text && !value_parse_size(node->text, &octets))
		refuse_value(loader, option, node,
			     "is no size; units are B, KB, MB, GB, TB, KiB, MiB, GiB, TiB", NULL);
	else if ((!is_text && number < 0) || octets < option->min || octets > option->max)
		refuse_value(loader, option, node, "is out of range", NULL);
	else
		store_number(loader, option, octets);
}

/* libconfig reads 0660 as six hundred and sixty: the digits are what people
 * mean, so they are taken as octal, whichever way they are written. */
static void apply_octal(struct loader *loader, const struct option *option,
			const struct node *node)
{
	const char *text = node->text;
	unsigned bits = 0;

	if (node->kind == NODE_INTEGER && node->is_decimal)
		text = arena_printf(loader->faults.arena, "%lld", node->number);
	else if (node->kind != NODE_TEXT) {
		refuse_type(loader, option, node, "octal digits");
		return;
	}
	if (!value_parse_octal(text, &bits))
		refuse_value(loader, option, node, "is no octal number of three digits", NULL);
	else if (bits < option->min || bits > option->max || (bits & 0111) != 0)
		refuse_value(loader, option, node, "is out of range", NULL);
	else
		store_number(loader, option, bits);
}

/* A list with not too many entries. */
static bool good_list(struct loader *loader, const struct option *option,
		      const struct node *node)
{
	if (node->kind != NODE_LIST) {
		refuse_type(loader, option, node, "a list in brackets");
		return false;
	}
	if (node->n > option->max) {
		refuse(loader, option, node,
		       arena_printf(loader->faults.arena, "has %u entries, more than %llu",
				    node->n, (unsigned long long)option->max), NULL);
		return false;
	}
	return true;
}

const char *apply_network_hint(struct fault_list *faults, struct slice text)
{
	char network[NETWORK_TEXT_SIZE];

	if (!netset_mend(text, network))
		return "";
	return arena_printf(faults->arena, "; did you mean \"%s\"?", network);
}

/* Texts of a list are names and addresses: kept in lower case. */
static void apply_texts(struct loader *loader, const struct option *option,
			const struct node *node)
{
	struct string_list *list = apply_field(loader->settings, option);

	if (!good_list(loader, option, node))
		return;
	*list = (struct string_list){ ARENA_ARRAY(loader->arena, const char *, node->n), 0 };
	for (unsigned i = 0; i < node->n; i++) {
		const struct node *element = &node->items[i];
		const char *text = good_text(loader, option, element, 1, 253);
		char *lower;

		if (text == NULL)
			continue;
		lower = arena_strdup(loader->arena, text);
		for (char *c = lower; *c != '\0'; c++)
			*c = ascii_lower(*c);
		list->items[list->n++] = lower;
	}
}

static void apply_networks(struct loader *loader, const struct option *option,
			   const struct node *node)
{
	struct netset **set = apply_field(loader->settings, option);

	if (!good_list(loader, option, node))
		return;
	netset_free(*set);
	*set = netset_new();
	for (unsigned i = 0; i < node->n; i++) {
		const struct node *element = &node->items[i];
		const char *error = NULL;

		if (element->kind != NODE_TEXT)
			refuse_type(loader, option, element, "networks in quotes");
		else if (netset_add(*set, slice_of(element->text), &error) != 0)
			refuse_value(loader, option, element,
				     arena_printf(loader->faults.arena, "cannot be used: %s%s", error,
						  apply_network_hint(&loader->faults,
								     slice_of(element->text))),
				     NULL);
	}
	netset_freeze(*set);
}

/* An empty list is NULL: nothing has to be asked of it. */
static void apply_domains(struct loader *loader, const struct option *option,
			  const struct node *node)
{
	struct domainset **set = apply_field(loader->settings, option);

	if (!good_list(loader, option, node))
		return;
	domainset_free(*set);
	*set = node->n > 0 ? domainset_new() : NULL;
	for (unsigned i = 0; i < node->n; i++) {
		const char *text = good_text(loader, option, &node->items[i], 1, DOMAIN_SIZE + 1);
		const char *error;

		if (text != NULL)
			domainset_add(*set, slice_of(text), &error);    /* checked before */
	}
	if (*set != NULL)
		domainset_freeze(*set);
}

static const char *near_signal(struct fault_list *faults, const char *word)
{
	struct name_row *rows;
	unsigned n = 0;

	while (signal_rows[n].name != NULL)
		n++;
	rows = ARENA_ARRAY(faults->arena, struct name_row, n + 1);
	for (unsigned i = 0; i < n; i++)
		rows[i].name = signal_rows[i].name;
	return option_near_word(rows, word);
}

static void apply_signals(struct loader *loader, const struct option *option,
			  const struct node *node)
{
	unsigned *mask = apply_field(loader->settings, option);

	if (!good_list(loader, option, node))
		return;
	*mask = 0;
	for (unsigned i = 0; i < node->n; i++) {
		const struct node *element = &node->items[i];
		unsigned bit = 0;

		if (element->kind != NODE_TEXT)
			refuse_type(loader, option, element, "signals in quotes");
		else if (!signal_find(slice_of(element->text), &bit))
			refuse_value(loader, option, element, "is no signal",
				     near_signal(&loader->faults, element->text));
		*mask |= bit;
	}
}

void apply_option(struct loader *loader, const struct option *option, const struct node *node)
{
	switch (option->type) {
	case TYPE_TEXT:
	case TYPE_PATH:
		apply_text(loader, option, node);
		break;
	case TYPE_WORD:
		apply_word(loader, option, node);
		break;
	case TYPE_BOOL:
		apply_bool(loader, option, node);
		break;
	case TYPE_INTEGER:
		apply_integer(loader, option, node);
		break;
	case TYPE_SIZE:
		apply_size(loader, option, node);
		break;
	case TYPE_OCTAL:
		apply_octal(loader, option, node);
		break;
	case TYPE_TEXTS:
		apply_texts(loader, option, node);
		break;
	case TYPE_NETWORKS:
		apply_networks(loader, option, node);
		break;
	case TYPE_DOMAINS:
		apply_domains(loader, option, node);
		break;
	case TYPE_SIGNALS:
		apply_signals(loader, option, node);
		break;
	}
}

