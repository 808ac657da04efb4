/* will.h - a forged message and the rules for it, in a few words, for the tests
 * of the receiver's own will. */
#ifndef TESTS_WILL_H
#define TESTS_WILL_H

#include "core/decide.h"

struct scene {
	struct arena *arena;
	struct evidence e;
	struct ruleset ruleset;
	struct rule rules[8];
	struct verdict v;
	const char *groups[8], *group_rules[8];
};

/* From example.com with p=reject, SPF fail, no signature, one recipient; mode
 * honor, no rules. */
void scene_open(struct scene *s);
void scene_close(struct scene *s);
/* One more author, failing with this record ("p=none"; NULL: none). */
void scene_author(struct scene *s, const char *domain, const char *record);
void scene_signature(struct scene *s, const char *d);           /* passes */
void scene_recipient(struct scene *s, const char *domain, const char *rules);
struct rule *scene_rule(struct scene *s, const char *id, enum rule_action action);
/* Gives a key of the rule a value: domains, a network, texts or words with blanks
 * between; "yes". */
void rule_set(struct rule *rule, const char *key, const char *value);
/* N sets, "d1 d2": sealers oldest first; the chain passes. */
void scene_chain(struct scene *s, const char *sealers);
void scene_claim(struct scene *s, unsigned instance, enum arc_method method, const char *domain);
void scene_trust(struct scene *s, const char *domains);
const struct verdict *scene_decide(struct scene *s);

#endif
