#include "settings/settings.h"

#include "config.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings/apply.h"
#include "settings/file_checks.h"
#include "settings/rule_settings.h"

static unsigned index_of(const struct option *option)
{
	return (unsigned)(option - options);
}

static void refuse_name(struct loader *loader, const struct node *node, const char *name)
{
	const char *near;

	if (option_is_unbuilt(name)) {
		const char *dot = strchr(PACKAGE_VERSION, '.');

		fault_add(&loader->faults, node->place, name, "not built in this version (%.*s); remove it",
			  (int)strcspn(dot + 1, ".") + (int)(dot + 1 - PACKAGE_VERSION),
			  PACKAGE_VERSION);
		return;
	}
	near = option_near(name);
	fault_add(&loader->faults, node->place, name, "unknown name%s%s%s",
		  near != NULL ? "; did you mean " : "; accepted: the names of alignd.conf(5)",
		  near != NULL ? near : "", near != NULL ? "?" : "");
}

static void take_setting(struct loader *loader, const struct node *node, const char *name)
{
	const struct option *option = option_find(name);

	if (strcmp(name, "rules") == 0) {
		loader->settings->rules_text = vary_text(loader, node);
		rule_settings_take(loader->settings, &loader->faults, &loader->warnings, node);
		return;
	}
	if (option == NULL) {
		refuse_name(loader, node, name);
		return;
	}
	loader->state[index_of(option)].given = true;
	loader->state[index_of(option)].place = node->place;
	loader->settings->texts[index_of(option)] = option->is_secret ? NULL : vary_text(loader, node);
	apply_option(loader, option, node);
}

/* One level of the file: the top (group "") or one group. */
static void take_group(struct loader *loader, const struct node *parent, const char *group)
{
	for (unsigned i = 0; i < parent->n; i++) {
		const struct node *node = &parent->items[i];
		const char *name = arena_printf(loader->faults.arena, "%s%s%s", group,
						group[0] != '\0' ? "." : "", node->name);

		if (node->name[0] == '*' || node->kind == NODE_NOTHING)
			continue;       /* at fault already */
		if (group[0] != '\0' || (!option_is_group(name) && !option_is_unbuilt(name)))
			take_setting(loader, node, name);
		else if (node->kind == NODE_GROUP && node->n > 0)
			take_group(loader, node, name);
		else if (option_is_unbuilt(name))
			refuse_name(loader, node, name);
		else if (node->kind != NODE_GROUP)
			fault_add(&loader->faults, node->place, name,
				  "is a group of options; accepted: %s: { ... };", name);
	}
}

static bool take_file(struct loader *loader)
{
	bool whole;
	const struct node *root = tree_read(&loader->source, &whole);

	if (root != NULL)
		take_group(loader, root, "");
	return root != NULL && whole;
}

/* Defaults go through the same code as what the file says: all of them as
 * one text with a setting per option, in the order of the table. */
static void take_defaults(struct loader *loader)
{
	const struct node *root;
	struct buf text;

	assert(n_options <= MAX_OPTIONS);
	buf_init(&text, 65536);
	for (unsigned i = 0; i < n_options; i++)
		buf_printf(&text, "o%u = %s;\n", i,
			   options[i].initial != NULL ? options[i].initial : "0");
	root = tree_of(&loader->faults, buf_str(&text));
	assert(root != NULL);
	loader->is_default = true;
	for (unsigned i = 0; i < n_options; i++)
		if (options[i].initial != NULL)
			apply_option(loader, &options[i], &root->items[i]);
	loader->is_default = false;
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

static void check_store(struct loader *loader)
{
	if (loader->settings->store_driver != STORE_POSTGRESQL || !is_good(loader, "store.conninfo") ||
	    loader->settings->store_conninfo != NULL)
		return;
	fault_add(&loader->faults, place_given(loader, "store.conninfo", "store.driver"),
		  "store.conninfo", "required with store.driver = \"postgresql\"; accepted: %s",
		  option_find("store.conninfo")->accepted);
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
	else if (is_good(loader, "dry_run") && !settings->ruleset.dry_run && !loader->is_varied &&
		 !is_given(loader, "quarantine.method"))
		fault_add(&loader->faults, place_given(loader, "dry_run", "dry_run"),
			  "quarantine.method",
			  "required when dry_run = false; accepted: \"header\", \"hold\", \"reject\"");
	check_id(loader, top);
	check_order(loader, "dns.timeout_ms", settings->dns_timeout_ms,
		    "dns.budget_ms", settings->dns_budget_ms);
	check_order(loader, "store.keep_days", settings->store_keep_days,
		    "store.keep_sums_days", settings->store_keep_sums_days);
	check_store(loader);
	check_order(loader, "journal.max_file_bytes", settings->journal_max_file_bytes,
		    "journal.max_bytes", settings->journal_max_bytes);
}

/* Settling a difference by the quarantine mark, where there is none. */
static void warn_of_reject(struct loader *loader)
{
	const struct ruleset *ruleset = &loader->settings->ruleset;

	if (ruleset->rules_have_recipients && ruleset->quarantine == QUARANTINE_REJECT &&
	    (ruleset->recipients_differ == DIFFER_QUARANTINE ||
	     ruleset->recipients_differ == DIFFER_SPLIT))
		fault_add(&loader->warnings,
			  place_given(loader, "recipients_differ", "quarantine.method"),
			  "recipients_differ", "a message whose recipients' rules differ is rejected for "
			  "all of them, since quarantine.method = \"reject\"; \"mildest\" delivers it");
}

static void take_warnings(struct loader *loader)
{
	warn_of_reject(loader);
	rule_warnings_order(&loader->settings->ruleset, &loader->warnings);
	rule_warnings_proof(&loader->settings->ruleset, &loader->warnings);
	loader->settings->warnings = fault_list_lines(&loader->warnings, loader->arena);
}

static struct settings *load(const char *path, const char *const *changes, unsigned n_changes,
			     bool is_guarded, struct settings_faults *faults)
{
	struct arena *arena = arena_new(), *scratch = arena_new();
	struct settings *settings = ARENA_NEW(arena, struct settings);
	struct loader loader = {
		.settings = settings, .arena = arena,
		.faults.arena = scratch, .warnings.arena = scratch, .is_varied = n_changes > 0,
		.faults.is_guarded = is_guarded,
	};

	settings->references = 1;
	settings->arena = arena;
	settings->path = arena_strdup(arena, path);
	settings->ruleset.enforce_percent = 100;
	settings->texts = ARENA_ARRAY(arena, const char *, n_options);
	take_defaults(&loader);
	if (source_read(&loader.source, path, &loader.faults) == 0 && take_file(&loader)) {
		vary_take(&loader, changes, n_changes);
		check_together(&loader);
		file_checks_options(&loader);
	}
	if (settings->journal_directory == NULL)
		settings->journal_directory = "";
	source_done(&loader.source);
	fault_list_take(&loader.faults, faults);
	if (faults->n == 0)
		take_warnings(&loader);
	arena_free(scratch);
	if (faults->n == 0)
		return settings;
	settings_unref(settings);
	return NULL;
}

struct settings *settings_load(const char *path, struct settings_faults *faults)
{
	return load(path, NULL, 0, false, faults);
}

struct settings *settings_load_guarded(const char *path, struct settings_faults *faults)
{
	return load(path, NULL, 0, true, faults);
}

struct settings *settings_load_with(const char *path, const char *const *changes, unsigned n_changes,
				    struct settings_faults *faults)
{
	return load(path, changes, n_changes, false, faults);
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
	netset_free(settings->internal_relays);
	rules_free_sets((struct rule *)(uintptr_t)settings->ruleset.rules, settings->ruleset.n_rules);
	domainset_free((struct domainset *)(uintptr_t)settings->ruleset.trusted_sealers);
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
	const void *x = apply_field(a, option), *y = apply_field(b, option);

	assert(option->type < TYPE_TEXTS);
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

struct string_list settings_expiring(const struct settings *settings, struct arena *arena,
				     int64_t now_ms)
{
	struct fault_list list = { .arena = arena };

	rule_warnings_dates(&settings->ruleset, now_ms, &list);
	return fault_list_lines(&list, arena);
}

void settings_print_rule_table(FILE *out)
{
	rule_settings_print(out);
}
