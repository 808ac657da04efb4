#include "judge/engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "judge/draws.h"

#define KEY_CACHE_ENTRIES 4096

/* A thing that several engines may share; the last one closes it. */
struct part {
	int references;                         /* atomic */
	void *thing;
	void (*close)(void *thing);
};

static struct part *part_new(void *thing, void (*close)(void *thing))
{
	struct part *part = mem_zalloc(sizeof(*part));

	part->references = 1;
	part->thing = thing;
	part->close = close;
	return part;
}

static struct part *part_ref(struct part *part)
{
	__atomic_add_fetch(&part->references, 1, __ATOMIC_RELAXED);
	return part;
}

static void part_unref(struct part *part)
{
	if (part == NULL || __atomic_sub_fetch(&part->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	part->close(part->thing);
	free(part);
}

static void close_resolver(void *thing)
{
	resolver_close(thing);
}

static void close_psl(void *thing)
{
	suffix_psl_close(thing);
}

static void close_keys(void *thing)
{
	key_cache_free(thing);
}

static bool same_text(const char *a, const char *b)
{
	return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

static bool same_list(const struct string_list *a, const struct string_list *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool same_dns(const struct settings *a, const struct settings *b)
{
	return same_list(&a->dns_servers, &b->dns_servers) &&
	       a->dns_cache_entries == b->dns_cache_entries &&
	       a->dns_max_in_flight_per_author == b->dns_max_in_flight_per_author &&
	       a->dns_serve_stale_s == b->dns_serve_stale_s &&
	       same_text(a->dns_trust_anchor, b->dns_trust_anchor) &&
	       a->dns_zone_file == NULL && b->dns_zone_file == NULL;
}

struct resolver *engine_resolver(const struct settings *settings, const char *zone,
				 const char **error_r)
{
	struct resolver_options options = {
		.servers = settings->dns_servers.items,
		.n_servers = settings->dns_servers.n,
		.cache_entries = settings->dns_cache_entries,
		.max_in_flight_per_author = settings->dns_max_in_flight_per_author,
		.stale_s = settings->dns_serve_stale_s,
		.trust_anchor = settings->dns_trust_anchor,
	};

	if (zone == NULL)
		zone = settings->dns_zone_file;
	return zone != NULL ? resolver_zone_open(zone, error_r) :
			      resolver_unbound_open(&options, error_r);
}

static int take_resolver(struct engine *engine, const char *zone, struct engine *previous,
			 const char **error_r)
{
	struct resolver *resolver;

	if (previous != NULL && zone == NULL && same_dns(engine->settings, previous->settings)) {
		engine->resolver_part = part_ref(previous->resolver_part);
		return 0;
	}
	resolver = engine_resolver(engine->settings, zone, error_r);
	if (resolver == NULL)
		return -1;
	engine->resolver_part = part_new(resolver, close_resolver);
	return 0;
}

/* The list is read anew at every reload: its file may have been updated. */
static int take_psl(struct engine *engine, const char **error_r)
{
	struct suffix_psl *psl = suffix_psl_open(engine->settings->psl_file, error_r);

	if (psl == NULL)
		return -1;
	engine->psl_part = part_new(psl, close_psl);
	return 0;
}

static void take_keys(struct engine *engine, struct engine *previous)
{
	engine->keys_part = previous != NULL ? part_ref(previous->keys_part) :
		part_new(key_cache_new(KEY_CACHE_ENTRIES), close_keys);
}

static void wire(struct engine *engine)
{
	engine->resolver = engine->resolver_part->thing;
	engine->psl = engine->psl_part->thing;
	engine->keys = engine->keys_part->thing;
	engine->discover = (struct discover_options){
		.method = engine->settings->discovery,
		.psl_guard = engine->settings->psl_guard,
		.suffixes = suffix_psl_list(engine->psl),
	};
}

static struct engine *engine_new(struct settings *settings)
{
	struct engine *engine = mem_zalloc(sizeof(*engine));

	engine->references = 1;
	engine->settings = settings_ref(settings);
	return engine;
}

struct engine *engine_open(struct settings *settings, const char *zone,
			   struct engine *previous, const char **error_r)
{
	struct engine *engine = engine_new(settings);

	if (draw_key_load(settings->sample_key_file, engine->sample_key, error_r) < 0 ||
	    take_resolver(engine, zone, previous, error_r) < 0 ||
	    take_psl(engine, error_r) < 0) {
		engine_unref(engine);
		return NULL;
	}
	take_keys(engine, previous);
	wire(engine);
	return engine;
}

static bool can_be_read(const char *path)
{
	return path == NULL || path[0] == '\0' || access(path, R_OK) == 0;
}

int engine_check(const struct settings *settings, const char **error_r)
{
	struct suffix_psl *psl = suffix_psl_open(settings->psl_file, error_r);
	struct resolver *zone;

	if (psl == NULL)
		return -1;
	suffix_psl_close(psl);
	if (!can_be_read(settings->dns_trust_anchor)) {
		*error_r = "dns.trust_anchor: the file is missing or cannot be read";
		return -1;
	}
	if (settings->dns_zone_file == NULL)
		return 0;
	zone = resolver_zone_open(settings->dns_zone_file, error_r);
	if (zone == NULL)
		return -1;
	resolver_close(zone);
	return 0;
}

struct engine *engine_open_with(struct settings *settings, struct resolver *resolver,
				const char **error_r)
{
	struct engine *engine = engine_new(settings);

	engine->resolver_part = part_new(resolver, close_resolver);
	if (take_psl(engine, error_r) < 0) {
		engine_unref(engine);
		return NULL;
	}
	take_keys(engine, NULL);
	wire(engine);
	return engine;
}

struct engine *engine_ref(struct engine *engine)
{
	__atomic_add_fetch(&engine->references, 1, __ATOMIC_RELAXED);
	return engine;
}

void engine_unref(struct engine *engine)
{
	if (engine == NULL || __atomic_sub_fetch(&engine->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	part_unref(engine->resolver_part);
	part_unref(engine->keys_part);
	part_unref(engine->psl_part);
	settings_unref(engine->settings);
	free(engine);
}
