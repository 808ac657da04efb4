/* rule_settings.h - `rules = ( { ... }, ... )`: from the tree to struct rule.
 *
 * rule_settings.c reads the fields of a rule and what they demand of one
 * another, rule_match.c what stands in match = { ... }, by rule_keys[], with its
 * list files, rule_warnings.c says what is no fault but odd. The array and its
 * strings are the settings' arena's. Private to lib/settings.
 */
#ifndef SETTINGS_RULE_SETTINGS_H
#define SETTINGS_RULE_SETTINGS_H

#include "settings/tree.h"

struct rule_reader {
	struct fault_list *faults, *warnings;
	struct arena *arena;            /* the settings' */
	unsigned n_entries;             /* of all list files so far */
	struct rule *rule;              /* the one being read */
	const char *label;              /* "rule staff"; "rule 3" while it has no id */
};

/* Faults go to the list; what was read is in the ruleset all the same, so that
 * settings_unref() frees it. */
void rule_settings_take(struct settings *settings, struct fault_list *faults,
			struct fault_list *warnings, const struct node *node);
/* The fault of the field `name` ("match.helo"; NULL: of the rule): `what` is the
 * end of a sentence. */
void rule_settings_refuse(struct rule_reader *reader, struct place place, const char *name,
			  const char *what);
void rule_settings_print(FILE *out);

/* match = { ... } of the rule being read. */
void rule_match_take(struct rule_reader *reader, const struct node *node);
/* What the keys demand of one another, and of the rule's action. */
void rule_match_check(struct rule_reader *reader, const struct node *match);
/* "client_network, ...": the keys that alone prove who sends. */
const char *rule_match_proofs(struct arena *arena);
void rule_match_print(FILE *out);
/* Is there a key of this name, or one for a file of its entries? */
bool rule_match_has_name(const char *name);

/* Adds to the list what is odd about the rules, and what their dates say. */
void rule_warnings_order(const struct ruleset *ruleset, struct fault_list *list);
void rule_warnings_proof(const struct ruleset *ruleset, struct fault_list *list);
void rule_warnings_dates(const struct ruleset *ruleset, int64_t now_ms, struct fault_list *list);

#endif
