/* decide.h - evidence + ruleset -> verdict. The one place where a message's
 * fate is chosen; pure, total and without side effects. Daemon, alignctl
 * check, replay, what-if, tests and fuzzers all call it.
 *
 * The verdict says three things side by side: what the owner asked, what we
 * chose and why, and what is to be done about it (nothing in a dry run).
 */
#ifndef CORE_DECIDE_H
#define CORE_DECIDE_H

#include "core/align.h"
#include "core/policy.h"
#include "core/ruleset.h"

enum dmarc_result {
	RES_DMARC_UNSET = 0, RES_DMARC_NONE, RES_DMARC_PASS, RES_DMARC_FAIL,
	RES_DMARC_TEMPERROR, RES_DMARC_PERMERROR,
};

/* Types of RFC 9990 (and RFC 7489) `reason`. */
enum reason_type {
	REASON_UNSET = 0, REASON_LOCAL_POLICY, REASON_MAILING_LIST, REASON_TRUSTED_FORWARDER,
	REASON_POLICY_TEST_MODE, REASON_SAMPLED_OUT, REASON_OTHER,
};

/* Which step of the order of will chose; the word of the log line's why=. */
enum why {
	WHY_UNSET = 0,
	WHY_EXEMPT,             /* exempt */
	WHY_NO_POLICY,          /* no-policy: no record */
	WHY_ALIGNED,            /* aligned */
	WHY_TEMPERROR,          /* temperror */
	WHY_BAD_FROM,           /* bad-from */
	WHY_DAMAGED_RECORD,     /* damaged-record */
	WHY_REQUESTED,          /* requested: done as asked */
	WHY_TEST_MODE,          /* test-mode: t=y made it milder */
	WHY_SAMPLED_OUT,        /* sampled-out: pct made it milder */
	WHY_OVERRIDE_REJECT,    /* override.reject made it milder (RFC 9989 7.4) */
	WHY_OVERRIDE_QUARANTINE, /* override.quarantine did */
	WHY_RULE,               /* rule: a rule of ours, by its id */
	WHY_TRUSTED_ARC,        /* trusted-arc: a trusted sealer saw it pass */
	WHY_NOT_CORROBORATED,   /* not-corroborated: override.reject_when (RFC 9989 7.4) */
	WHY_RECIPIENTS_DIFFER,  /* recipients-differ: the recipients' rules disagree */
};
extern const struct name_row dmarc_result_names[], reason_type_names[], why_names[];

struct reason {
	enum reason_type type;
	const char *rule;               /* rule id; NULL */
	const char *comment;            /* ours, printable ASCII */
};
#define VERDICT_REASONS 8

struct author_verdict {
	enum dmarc_result result;
	struct policy policy;
	enum alignment spf;             /* YES only when SPF passed and is aligned */
	enum alignment dkim;            /* YES when some passing signature is */
	int dkim_index;                 /* that signature, or -1 */
	enum disposition asked;         /* what honouring to the letter does */
};

struct recipient_verdict {              /* of one group, as in evidence */
	const char *domain;
	enum action chosen;             /* were it alone */
	enum why why;
	const char *rule;               /* id of the rule that matched; NULL */
};

struct verdict {
	enum dmarc_result result;
	const char *result_reason;      /* ours, for reason=; NULL */
	struct author_verdict authors[LIMIT_AUTHORS];   /* beside evidence's */
	unsigned n_authors;
	int decisive;                   /* author whose result it is; -1 */
	enum disposition asked;         /* none unless result is fail */
	enum action chosen;
	enum why why;
	const char *rule;               /* id of the rule that matched, for all; NULL */
	const char *reply;              /* for a reject of our own, naming no policy of the
	                                 * owner; NULL: it is the owner's request that rejects */
	unsigned missing;               /* signals that did not hold (signals.h), a bit each */
	unsigned trusted_set;           /* with trusted-arc: instance whose word was taken */
	bool recipients_differ;         /* chosen is what recipients_differ made of them */
	bool left_out;                  /* enforce_percent: nothing is done, as in a dry run */
	struct reason reasons[VERDICT_REASONS];
	unsigned n_reasons;
	struct recipient_verdict *recipients;   /* per group of evidence */
	unsigned n_recipients;
	bool dry_run;
	enum action apply;              /* what publish does: accept in a dry run */
	enum quarantine_method method;  /* how, when apply is quarantine */
};

/* `arena` holds the verdict's texts and arrays. */
void decide(const struct evidence *evidence, const struct ruleset *ruleset,
	    struct arena *arena, struct verdict *out_r);

#endif
