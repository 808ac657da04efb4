#include "settings/settings.h"

#include "config.h"

#include <assert.h>
#include <libconfig.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "settings/fault_list.h"
#include "settings/options.h"
#include "settings/source.h"

enum { MAX_OPTIONS = 128 };

struct loader {
	struct settings *settings;
	struct arena *arena;
	struct fault_list faults;
	struct source source;
	bool is_default;                /* the values come from the table */
	struct {
		bool given, faulty;
		struct place place;
	} state[MAX_OPTIONS];
};

static unsigned index_of(const struct option *option)
{
	return (unsigned)(option - options);
}

static struct place place_of(const struct loader *loader, const config_setting_t *setting)
{
	return source_place(&loader->source, config_setting_source_line(setting));
}

static void *field_of(const struct settings *settings, const struct option *option)
{
	return (char *)settings + option->offset;
}

/* The fault of a value: `what` is the end of a sentence. */
static void refuse(struct loader *loader, const struct option *option,
		   const config_setting_t *setting, const char *what, const char *near)
{
	struct buf accepted;

	assert(!loader->is_default);
	loader->state[index_of(option)].faulty = true;
	buf_init(&accepted, 1024);
	option_accepted(option, &accepted);
	fault_add(&loader->faults, place_of(loader, setting), option->name,
		  "%s; accepted: %s%s%s%s", what, buf_str(&accepted),
		  near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
		  near != NULL ? "\"?" : "");
	buf_done(&accepted);
}

/* What the file has, in words. */
static const char *describe(struct loader *loader, const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_GROUP:
		return "a group";
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
		return "a list";
	case CONFIG_TYPE_BOOL:
		return config_setting_get_bool(setting) ? "true" : "false";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return arena_printf(loader->arena, "the number %lld",
				    config_setting_get_int64(setting));
	case CONFIG_TYPE_FLOAT:
		return arena_printf(loader->arena, "the number %g", config_setting_get_float(setting));
	case CONFIG_TYPE_STRING:
		return arena_printf(loader->arena, "the text %s",
				    fault_quote(&loader->faults, config_setting_get_string(setting)));
	default:
		return "nothing";
	}
}

static void refuse_type(struct loader *loader, const struct option *option,
			const config_setting_t *setting, const char *wanted)
{
	refuse(loader, option, setting,
	       arena_printf(loader->arena, "has to be %s, not %s", wanted, describe(loader, setting)),
	       NULL);
}

static void refuse_value(struct loader *loader, const struct option *option,
			 const config_setting_t *setting, const char *what, const char *near)
{
	refuse(loader, option, setting,
	       arena_printf(loader->arena, "%s %s", describe(loader, setting), what), near);
}

static bool is_integer(const config_setting_t *setting)
{
	return config_setting_type(setting) == CONFIG_TYPE_INT ||
		config_setting_type(setting) == CONFIG_TYPE_INT64;
}

/* A string in the option's range of lengths that its check lets pass. */
static const char *good_text(struct loader *loader, const struct option *option,
			     const config_setting_t *setting, size_t min, size_t max)
{
	const char *text = config_setting_get_string(setting), *wrong = NULL;

	if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
		refuse_type(loader, option, setting, "text in quotes");
		return NULL;
	}
	if (strlen(text) < min)
		wrong = "is empty";
	else if (strlen(text) > max)
		wrong = arena_printf(loader->arena, "is longer than %zu octets", max);
	else if (text[0] != '\0' && option->check != NULL)
		wrong = option->check(text);
	if (wrong == NULL)
		return arena_strdup(loader->arena, text);
	refuse_value(loader, option, setting, wrong, NULL);
	return NULL;
}

/* "" is NULL in the settings: not set, off, the system's. */
static void apply_text(struct loader *loader, const struct option *option,
		       const config_setting_t *setting)
{
	const char *text = good_text(loader, option, setting, option->min, option->max);

	*(const char **)field_of(loader->settings, option) =
		text != NULL && text[0] != '\0' ? text : NULL;
}

static void apply_word(struct loader *loader, const struct option *option,
		       const config_setting_t *setting)
{
	void *field = field_of(loader->settings, option);
	const struct name_row *row = option->words;
	const char *word = config_setting_get_string(setting);

	if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
		refuse_type(loader, option, setting, "a word in quotes");
		return;
	}
	while (row->name != NULL && strcmp(row->name, word) != 0)
		row++;
	if (row->name == NULL)
		refuse_value(loader, option, setting, "is none of its values",
			     option_near_word(option->words, word));
	else if (option->bytes == sizeof(bool))
		*(bool *)field = row->value != 0;
	else if (option->bytes == sizeof(const char *))
		*(const char **)field = row->name;
	else
		memcpy(field, &row->value, sizeof(row->value));
}

static void apply_bool(struct loader *loader, const struct option *option,
		       const config_setting_t *setting)
{
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		refuse_type(loader, option, setting, "true or false without quotes");
	else
		*(bool *)field_of(loader->settings, option) = config_setting_get_bool(setting) != 0;
}

static void store_number(struct loader *loader, const struct option *option, uint64_t number)
{
	void *field = field_of(loader->settings, option);

	if (option->bytes == sizeof(uint64_t))
		*(uint64_t *)field = number;
	else
		*(unsigned *)field = (unsigned)number;
}

static void apply_integer(struct loader *loader, const struct option *option,
			  const config_setting_t *setting)
{
	long long number = config_setting_get_int64(setting);

	if (!is_integer(setting))
		refuse_type(loader, option, setting, "a whole number without quotes");
	else if (number < 0 || (uint64_t)number < option->min || (uint64_t)number > option->max)
		refuse_value(loader, option, setting, "is out of range", NULL);
	else
		store_number(loader, option, (uint64_t)number);
}

static void apply_size(struct loader *loader, const struct option *option,
		       const config_setting_t *setting)
{
	bool is_text = config_setting_type(setting) == CONFIG_TYPE_STRING;
	long long number = config_setting_get_int64(setting);
	uint64_t octets = number > 0 ? (uint64_t)number : 0;

	if (!is_text && !is_integer(setting))
		refuse_type(loader, option, setting, "a size");
	else if (is_text && !value_parse_size(config_setting_get_string(setting), &octets))
		refuse_value(loader, option, setting,
			     "is no size; units are B, KB, MB, GB, TB, KiB, MiB, GiB, TiB", NULL);
	else if ((!is_text && number < 0) || octets < option->min || octets > option->max)
		refuse_value(loader, option, setting, "is out of range", NULL);
	else
		store_number(loader, option, octets);
}

/* libconfig reads 0660 as six hundred and sixty: the digits are what people
 * mean, so they are taken as octal, whichever way they are written. */
static void apply_octal(struct loader *loader, const struct option *option,
			const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);
	unsigned bits = 0;

	if (is_integer(setting) && config_setting_get_format(setting) == CONFIG_FORMAT_DEFAULT)
		text = arena_printf(loader->arena, "%lld", config_setting_get_int64(setting));
	else if (config_setting_type(setting) != CONFIG_TYPE_STRING) {
		refuse_type(loader, option, setting, "octal digits");
		return;
	}
	if (!value_parse_octal(text, &bits))
		refuse_value(loader, option, setting, "is no octal number of three digits", NULL);
	else if (bits < option->min || bits > option->max || (bits & 0111) != 0)
		refuse_value(loader, option, setting, "is out of range", NULL);
	else
		store_number(loader, option, bits);
}

static bool is_list(const config_setting_t *setting)
{
	return config_setting_type(setting) == CONFIG_TYPE_ARRAY ||
		config_setting_type(setting) == CONFIG_TYPE_LIST;
}

/* A list with not too many entries. */
static bool good_list(struct loader *loader, const struct option *option,
		      const config_setting_t *setting)
{
	if (!is_list(setting)) {
		refuse_type(loader, option, setting, "a list in brackets");
		return false;
	}
	if ((uint64_t)config_setting_length(setting) > option->max) {
		refuse(loader, option, setting,
		       arena_printf(loader->arena, "has %d entries, more than %llu",
				    config_setting_length(setting),
				    (unsigned long long)option->max), NULL);
		return false;
	}
	return true;
}

/* Texts of a list are names and addresses: kept in lower case. */
static void apply_texts(struct loader *loader, const struct option *option,
			const config_setting_t *setting)
{
	struct string_list *list = field_of(loader->settings, option);
	unsigned n;

	if (!good_list(loader, option, setting))
		return;
	n = (unsigned)config_setting_length(setting);
	list->items = ARENA_ARRAY(loader->arena, const char *, n);
	for (unsigned i = 0; i < n; i++) {
		const config_setting_t *element = config_setting_get_elem(setting, i);
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
			   const config_setting_t *setting)
{
	struct netset **set = field_of(loader->settings, option);

	if (!good_list(loader, option, setting))
		return;
	netset_free(*set);
	*set = netset_new();
	for (unsigned i = 0; i < (unsigned)config_setting_length(setting); i++) {
		const config_setting_t *element = config_setting_get_elem(setting, i);
		const char *error = NULL;

		if (config_setting_type(element) != CONFIG_TYPE_STRING)
			refuse_type(loader, option, element, "networks in quotes");
		else if (netset_add(*set, slice_of(config_setting_get_string(element)), &error) != 0)
			refuse(loader, option, element,
			       arena_printf(loader->arena, "%s: %s",
					    describe(loader, element), error), NULL);
	}
	netset_freeze(*set);
}

static void apply(struct loader *loader, const struct option *option,
		  const config_setting_t *setting)
{
	switch (option->type) {
	case TYPE_TEXT:
	case TYPE_PATH:
		apply_text(loader, option, setting);
		break;
	case TYPE_WORD:
		apply_word(loader, option, setting);
		break;
	case TYPE_BOOL:
		apply_bool(loader, option, setting);
		break;
	case TYPE_INTEGER:
		apply_integer(loader, option, setting);
		break;
	case TYPE_SIZE:
		apply_size(loader, option, setting);
		break;
	case TYPE_OCTAL:
		apply_octal(loader, option, setting);
		break;
	case TYPE_TEXTS:
		apply_texts(loader, option, setting);
		break;
	case TYPE_NETWORKS:
		apply_networks(loader, option, setting);
		break;
	}
}

static void refuse_name(struct loader *loader, const config_setting_t *setting, const char *name)
{
	struct place place = place_of(loader, setting);
	const char *near;

	if (option_is_unbuilt(name)) {
		const char *dot = strchr(PACKAGE_VERSION, '.');

		fault_add(&loader->faults, place, name, "not built in this version (%.*s); remove it",
			  (int)strcspn(dot + 1, ".") + (int)(dot + 1 - PACKAGE_VERSION),
			  PACKAGE_VERSION);
		return;
	}
	near = option_near(name);
	fault_add(&loader->faults, place, name, "unknown name%s%s%s",
		  near != NULL ? "; did you mean " : "; accepted: the names of alignd.conf(5)",
		  near != NULL ? near : "", near != NULL ? "?" : "");
}

static void take_setting(struct loader *loader, const config_setting_t *setting, const char *name)
{
	const struct option *option = option_find(name);

	if (option == NULL) {
		refuse_name(loader, setting, name);
		return;
	}
	loader->state[index_of(option)].given = true;
	loader->state[index_of(option)].place = place_of(loader, setting);
	apply(loader, option, setting);
}

/* One level of the file: the top (group "") or one group. */
static void take_group(struct loader *loader, const config_setting_t *parent, const char *group)
{
	int n = config_setting_length(parent);

	for (int i = 0; i < n; i++) {
		const config_setting_t *setting = config_setting_get_elem(parent, (unsigned)i);
		const char *key = config_setting_name(setting);
		bool is_group = config_setting_type(setting) == CONFIG_TYPE_GROUP;
		const char *name = arena_printf(loader->arena, "%s%s%s", group,
						group[0] != '\0' ? "." : "", key);

		/* at fault already, or cut off by a syntax error */
		if (key[0] == '*' || config_setting_type(setting) == CONFIG_TYPE_NONE)
			continue;
		if (group[0] != '\0' || (!option_is_group(name) && !option_is_unbuilt(name)))
			take_setting(loader, setting, name);
		else if (is_group && config_setting_length(setting) > 0)
			take_group(loader, setting, name);
		else if (option_is_unbuilt(name))
			refuse_name(loader, setting, name);
		else if (!is_group)
			fault_add(&loader->faults, place_of(loader, setting), name,
				  "is a group of options; accepted: %s: { ... };", name);
	}
}

static const char *syntax_hint(const config_t *config, struct slice line)
{
	if (strstr(config_error_text(config), "mismatched element") != NULL)
		return "the entries of a list have to be of one kind";
	if (line.len == 0)
		return "something is missing on the lines before";
	return "a name, `=`, value or semicolon is missing or too many, here or on the line before";
}

static bool take_file(struct loader *loader)
{
	config_t config;
	bool good;

	config_init(&config);
	good = config_read_string(&config, buf_str(&loader->source.text)) == CONFIG_TRUE;
	if (!good && !loader->source.unbalanced) {
		unsigned at = (unsigned)config_error_line(&config);
		struct slice line = slice_trim_wsp(source_line(&loader->source, at));

		fault_add(&loader->faults, source_place(&loader->source, at), NULL, "%s near %s: %s",
			  config_error_text(&config),
			  fault_quote(&loader->faults, arena_strndup(loader->arena, line.data, line.len)),
			  syntax_hint(&config, line));
	}
	if (!loader->source.unbalanced)
		take_group(loader, config_root_setting(&config), "");
	config_destroy(&config);
	return good;
}

/* Defaults go through the same code as what the file says: all of them as
 * one text with a setting per option, in the order of the table. */
static void take_defaults(struct loader *loader)
{
	struct buf text;
	config_t config;
	int read;

	assert(n_options <= MAX_OPTIONS);
	buf_init(&text, 65536);
	for (unsigned i = 0; i < n_options; i++)
		buf_printf(&text, "o%u = %s;\n", i,
			   options[i].initial != NULL ? options[i].initial : "0");
	config_init(&config);
	read = config_read_string(&config, buf_str(&text));
	assert(read == CONFIG_TRUE);
	(void)read;
	loader->is_default = true;
	for (unsigned i = 0; i < n_options; i++)
		if (options[i].initial != NULL)
			apply(loader, &options[i],
			      config_setting_get_elem(config_root_setting(&config), i));
	loader->is_default = false;
	config_destroy(&config);
	buf_done(&text);
}

static bool is_given(const struct loader *loader, const char *name)
{
	return loader->state[index_of(option_find(name))].given;
}

static bool is_good(const struct loader *loader, const char *name)
{
	return !loader->state[index_of(option_find(name))].faulty;
}

/* Where to complain about two options: at the one that the file has. */
static struct place place_given(const struct loader *loader, const char *a, const char *b)
{
	const char *name = is_given(loader, a) ? a : b;

	return loader->state[index_of(option_find(name))].place;
}

static void check_id(struct loader *loader, struct place top)
{
	char host[HOST_NAME_MAX + 1] = "";
	struct settings *settings = loader->settings;

	if (settings->authserv_id != NULL || !is_good(loader, "authserv_id"))
		return;
	gethostname(host, sizeof(host) - 1);
	if (strchr(host, '.') != NULL && value_check_id(host) == NULL)
		settings->authserv_id = arena_strdup(loader->arena, host);
	else
		fault_add(&loader->faults, is_given(loader, "authserv_id") ?
			  place_given(loader, "authserv_id", "authserv_id") : top, "authserv_id",
			  "required, since the host name %s is no full name; set it to the full "
			  "name of this mail server, as in authserv_id = \"mx.example.com\";",
			  fault_quote(&loader->faults, host));
}

static void check_order(struct loader *loader, const char *small, uint64_t small_value,
			const char *large, uint64_t large_value)
{
	if (small_value > large_value && is_good(loader, small) && is_good(loader, large))
		fault_add(&loader->faults, place_given(loader, small, large),
			  is_given(loader, small) ? small : large,
			  "impossible: %s (%llu) is above %s (%llu); accepted: at most equal",
			  small, (unsigned long long)small_value, large,
			  (unsigned long long)large_value);
}

/* What no row can say alone. */
static void check_together(struct loader *loader)
{
	struct settings *settings = loader->settings;
	struct place top = source_place(&loader->source, 1);

	if (!is_given(loader, "dry_run"))
		fault_add(&loader->faults, top, "dry_run",
			  "required; accepted: true (judge and write down, do nothing), "
			  "false (enforce)");
	else if (is_good(loader, "dry_run") && !settings->ruleset.dry_run &&
		 !is_given(loader, "quarantine.method"))
		fault_add(&loader->faults, place_given(loader, "dry_run", "dry_run"),
			  "quarantine.method",
			  "required when dry_run = false; accepted: \"header\", \"hold\", \"reject\"");
	check_id(loader, top);
	check_order(loader, "dns.timeout_ms", settings->dns_timeout_ms,
		    "dns.budget_ms", settings->dns_budget_ms);
	check_order(loader, "journal.max_file_bytes", settings->journal_max_file_bytes,
		    "journal.max_bytes", settings->journal_max_bytes);
}

struct settings *settings_load(const char *path, struct settings_faults *faults)
{
	struct arena *arena = arena_new();
	struct settings *settings = ARENA_NEW(arena, struct settings);
	struct loader loader = { .settings = settings, .arena = arena, .faults.arena = arena };

	settings->references = 1;
	settings->arena = arena;
	settings->path = arena_strdup(arena, path);
	settings->ruleset.enforce_percent = 100;
	take_defaults(&loader);
	if (source_read(&loader.source, path, &loader.faults) == 0 && take_file(&loader))
		check_together(&loader);
	if (settings->journal_directory == NULL)
		settings->journal_directory = "";
	source_done(&loader.source);
	fault_list_take(&loader.faults, faults);
	if (faults->n == 0)
		return settings;
	settings_unref(settings);
	return NULL;
}

void settings_faults_free(struct settings_faults *faults)
{
	for (unsigned i = 0; i < faults->n; i++)
		free(faults->lines[i]);
	free(faults->lines);
	*faults = (struct settings_faults){ 0, NULL };
}

struct settings *settings_ref(struct settings *settings)
{
	__atomic_add_fetch(&settings->references, 1, __ATOMIC_RELAXED);
	return settings;
}

void settings_unref(struct settings *settings)
{
	if (settings == NULL || __atomic_sub_fetch(&settings->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	netset_free(settings->trusted_hops);
	netset_free(settings->exempt_networks);
	arena_free(settings->arena);
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Options that need a restart are texts, words and numbers, no lists. */
static bool is_same(const struct settings *a, const struct settings *b,
		    const struct option *option)
{
	const void *x = field_of(a, option), *y = field_of(b, option);

	assert(option->type != TYPE_TEXTS && option->type != TYPE_NETWORKS);
	if (option->type == TYPE_TEXT || option->type == TYPE_PATH ||
	    (option->type == TYPE_WORD && option->bytes == sizeof(const char *)))
		return is_same_text(*(const char *const *)x, *(const char *const *)y);
	return memcmp(x, y, option->bytes) == 0;
}

const char *settings_restart_needed(const struct settings *before, struct settings *now)
{
	const char *names = NULL;

	for (unsigned i = 0; i < n_options; i++) {
		if (options[i].change != CHANGE_RESTART || is_same(before, now, &options[i]))
			continue;
		names = names == NULL ? options[i].name :
			arena_printf(now->arena, "%s, %s", names, options[i].name);
	}
	return names;
}
