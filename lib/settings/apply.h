/* apply.h - from a value of the file to the field of its option: one applier
 * per type of the option table. Private to lib/settings.
 */
#ifndef SETTINGS_APPLY_H
#define SETTINGS_APPLY_H

#include "settings/options.h"
#include "settings/settings.h"
#include "settings/tree.h"

enum { MAX_OPTIONS = 128 };

struct loader {
	struct settings *settings;
	struct arena *arena;            /* the settings' own; what is not kept is in faults.arena */
	struct fault_list faults, warnings;
	struct source source;
	bool is_default;                /* the values come from the table */
	bool is_varied;                 /* for a question: nothing is done by these settings */
	struct {
		bool given, faulty;
		struct place place;
	} state[MAX_OPTIONS];           /* beside the option table */
};

/* A value that is not good leaves a fault and marks the option as faulty. */
void apply_option(struct loader *loader, const struct option *option, const struct node *node);
void *apply_field(const struct settings *settings, const struct option *option);
/* "; did you mean \"192.0.2.0/24\"?" for a network with host bits; else "". */
const char *apply_network_hint(struct fault_list *faults, struct slice text);

/* vary.c: values that come from elsewhere than the file, as settings_load_with() has
 * them; and the text of a value as a file would write it. */
void vary_take(struct loader *loader, const char *const *changes, unsigned n);
const char *vary_text(struct loader *loader, const struct node *node);

#endif
