/* rules.h - the receiver's rules: first match in file order wins.
 *
 * A rule's conditions are values beside rule_keys[]: one row and one function
 * per key; the settings parser, alignctl and the manual's check work from the
 * rows. All keys that are given have to hold. Immutable after the settings are
 * read, shared by all threads. Pure.
 *
 * Rules are looked at for every message that is not exempt and did not pass
 * DMARC; for one that passed only when the rule's `result` says so. A rule that
 * hardens (quarantine, reject) needs `result` to name temperror before it
 * touches mail that a DNS failure left undecided, for all authors that did not pass.
 *
 * With several authors, accept and honor need all of them to match what the rule
 * says about authors (a second author must not borrow the first one's
 * exception); for reject one is enough; for quarantine one is enough too, and
 * when not all match, it never makes anything milder: neither the request nor
 * what the rules behind it say about the others.
 */
#ifndef CORE_RULES_H
#define CORE_RULES_H

#include "base/arena.h"
#include "core/domainset.h"
#include "core/evidence.h"
#include "core/netset.h"
#include "core/textset.h"

struct rule;
struct ruleset;
struct verdict;

enum rule_action { RULE_UNSET = 0, RULE_ACCEPT, RULE_QUARANTINE, RULE_REJECT, RULE_HONOR };
enum rule_fit { FIT_NO = 0, FIT_SOME_AUTHORS, FIT_ALL };
struct choice;
struct outcome;
/* One row and one function per action (rule_actions.c); a row's place is the
 * action's value. */
struct rule_action_row {
	const char *name;
	void (*apply)(const struct choice *choice, const struct rule *rule, enum rule_fit fit,
		      struct outcome *out_r);
	bool hardens;                   /* one author of several is enough; `result` has to name
	                                 * temperror */
	bool rejects;                   /* `reply` means something */
	bool staged;                    /* enforce_percent means something */
	bool exempts;                   /* reasons for indirect mail (RFC 9990) are allowed */
	bool explains;                  /* `reason` and `comment` mean something */
	const char *help;
};
extern const struct rule_action_row rule_action_rows[];
extern const unsigned n_rule_actions;
bool rule_action_find(struct slice name, enum rule_action *action_r);   /* exact */

/* What kind of value a key takes: how it is read from the settings. */
enum rule_value {
	VALUE_DOMAINS = 0,              /* "example.com", ".example.com"; one or a list */
	VALUE_NETWORKS,
	VALUE_RECIPIENTS,               /* domains, and addresses (with an @) */
	VALUE_TEXTS,                    /* compared without case */
	VALUE_WORDS,                    /* of `words`; a mask of 1u << value */
	VALUE_YES,                      /* true; false is refused */
};

struct rule_match {                     /* the value of one key */
	bool given;
	struct domainset *domains;      /* DOMAINS, RECIPIENTS */
	struct netset *networks;
	struct textset *texts;          /* TEXTS; RECIPIENTS: addresses, local@domain */
	unsigned words;
};

struct rule_question {                  /* what a key is asked about */
	const struct evidence *evidence;
	const struct ruleset *ruleset;
	const struct verdict *verdict;  /* authors, result and asked are set */
	const struct rule *rule;
	const struct author *author;    /* for keys about authors: one of them; NULL: there is none */
	unsigned author_index;
	const char *recipient, *recipient_rules;        /* of one group; NULL: none */
};

struct rule_key {
	const char *name;               /* in match = { ... } */
	enum rule_value value;
	const struct name_row *words;   /* VALUE_WORDS */
	const char *file;               /* key that adds entries from a file, one a line; NULL */
	bool about_author;              /* asked once per author */
	bool proof;                     /* a stranger cannot choose what it looks at */
	bool names_result;              /* without it the rule is not looked at for mail that passed */
	const char *needs;              /* key without which it is refused; NULL */
	bool (*holds)(const struct rule_question *question, const struct rule_match *match);
	const char *help;
};
#define RULE_KEYS_MAX 24
extern const struct rule_key rule_keys[];       /* ends with a NULL name */

struct rule {
	const char *id;                 /* letters, digits, - _ .; at most LIMIT_RULE_ID */
	const char *owner, *ticket, *note;      /* printable UTF-8; NULL */
	int64_t expires_ms;             /* UTC, end of that day; 0: never */
	bool match_all;
	struct rule_match match[RULE_KEYS_MAX]; /* beside rule_keys */
	enum rule_action action;
	int reason;                     /* enum reason_type (decide.h) */
	const char *comment;            /* of the reason, printable ASCII; NULL */
	const char *reply;              /* of a reject, printable ASCII without `%`; NULL */
	unsigned enforce_percent;       /* 0..100 */
	bool has_percent;               /* else the ruleset's */
	const char *file;               /* where it stands */
	unsigned line;
};

/* Frees the sets of all matches; the array itself is the settings' arena's. */
void rules_free_sets(struct rule *rules, unsigned n);

bool rule_key_find(struct slice name, unsigned *index_r);
bool rule_has_expired(const struct rule *rule, int64_t now_ms);

/* The identifier of the List-Id field, as the key list_id compares it; empty: none. */
struct slice rules_list_id(const struct evidence *evidence);
/* The question's rule, author and author_index are set by the callee. */
enum rule_fit rule_fits(const struct rule *rule, struct rule_question *question);
/* The first rule that decides, of those behind `after` (NULL: of all); NULL. */
const struct rule *rules_next(const struct ruleset *ruleset, const struct rule *after,
			      struct rule_question *question, enum rule_fit *fit_r);
/* For people: why a rule did not fit. Sets *missed_r to a mask of the keys that
 * do not hold, a bit for each place in rule_keys[], and gives their number;
 * *other_r (may be NULL) is what else speaks against it: "expired", "the message passed"
 * ...; NULL. */
unsigned rule_misses(const struct rule *rule, struct rule_question *question, unsigned *missed_r,
		     const char **other_r);

/* Ids of the rules that name this very address, blank between, "" without any;
 * in the arena. `local` without quotes (path.h), `domain` normal. */
const char *rules_for_address(const struct ruleset *ruleset, struct arena *arena,
			      struct slice local, const char *domain);
/* Two recipients with equal keys get equal verdicts: the ids of the rules whose
 * `recipient` fits the group and which have not expired, blank between. */
const char *rules_recipient_key(const struct ruleset *ruleset, struct arena *arena, int64_t now_ms,
				const char *domain, const char *address_rules);

#endif
