/* engine.h - what all messages share: resolver, suffix list, key cache, DKIM
 * library, sampling key. Opened from the settings, shared by reference count;
 * reload makes a new one where the settings that matter changed, messages in
 * flight keep theirs. Thread-safe after engine_open.
 */
#ifndef JUDGE_ENGINE_H
#define JUDGE_ENGINE_H

#include "auth/auth_dkim.h"
#include "auth/crypto.h"
#include "auth/discover.h"
#include "auth/resolver.h"
#include "auth/suffix.h"
#include "settings/settings.h"

struct part;

struct engine {
	int references;                         /* atomic */
	struct settings *settings;              /* the engine's own reference */
	struct part *resolver_part, *psl_part, *keys_part;  /* engine.c */
	struct resolver *resolver;
	struct suffix_psl *psl;
	struct key_cache *keys;
	struct discover_options discover;
	uint8_t sample_key[32];
};

/* Threads start here: call it after fork. `zone` (may be NULL) answers instead
 * of the DNS, for alignctl --zone and tests. Parts of `previous` that did not
 * change are taken over (may be NULL). NULL and *error_r on failure. */
struct engine *engine_open(struct settings *settings, const char *zone,
			   struct engine *previous, const char **error_r);
/* What can be known without starting anything: the files that an engine reads. -1
 * and *error_r when it would not open. */
int engine_check(const struct settings *settings, const char **error_r);
/* The resolver that the settings ask for; `zone` as above. */
struct resolver *engine_resolver(const struct settings *settings, const char *zone,
				 const char **error_r);
/* The same with a resolver of the caller's (it is closed with the engine) and a
 * sampling key of zeroes: runners and tests. */
struct engine *engine_open_with(struct settings *settings, struct resolver *resolver,
				const char **error_r);
struct engine *engine_ref(struct engine *engine);
void engine_unref(struct engine *engine);

#endif
