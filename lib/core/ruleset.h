/* ruleset.h - the receiver's own will as plain data: everything that decide()
 * may look at besides evidence. Settings of kind `decide` end up here and
 * nowhere else, so that what-if can vary them. Immutable after it is built.
 */
#ifndef CORE_RULESET_H
#define CORE_RULESET_H

#include "core/evidence.h"
#include "core/rules.h"

enum mode { MODE_UNSET = 0, MODE_OVERRIDE, MODE_HONOR };
enum pct_mode { PCT_HONOR = 0, PCT_IGNORE };
enum temperror_action { TEMPERROR_ACCEPT = 0, TEMPERROR_TEMPFAIL };
/* What becomes of a request in mode override. */
enum request_answer { REQUEST_FOLLOW = 0, REQUEST_QUARANTINE, REQUEST_ACCEPT };
enum quarantine_method {
	QUARANTINE_UNSET = 0, QUARANTINE_HEADER, QUARANTINE_HOLD, QUARANTINE_REJECT,
};
/* What is done with a message; ordered by severity up to reject. */
enum action { ACTION_UNSET = 0, ACTION_ACCEPT, ACTION_QUARANTINE, ACTION_REJECT, ACTION_TEMPFAIL };
/* When the recipients of one message would get different verdicts. */
enum recipients_differ {
	DIFFER_QUARANTINE = 0,          /* accepted, with the quarantine mark */
	DIFFER_MILDEST, DIFFER_STRICTEST,
	DIFFER_SPLIT,                   /* told apart at RCPT; else as quarantine */
};
extern const struct name_row recipients_differ_names[];
extern const struct name_row mode_names[], pct_mode_names[], temperror_action_names[],
	request_answer_names[], quarantine_method_names[], action_names[];

struct ruleset {
	enum mode mode;
	bool dry_run;
	enum pct_mode pct;
	bool psl_honors_t;
	enum temperror_action on_temperror;
	enum action on_bad_from;                /* accept, quarantine, reject */
	enum request_answer override_reject, override_quarantine;
	enum quarantine_method quarantine;
	bool refuse_test_keys;                  /* dkim.test_keys = "ignore" */
	unsigned reject_when;                   /* override.reject_when: signals.h, a bit each */
	enum request_answer override_uncorroborated;
	const struct domainset *trusted_sealers;        /* arc.*; NULL: none */
	bool arc_require_intact;                /* the trusted set's content still verifies */
	const struct rule *rules;               /* file order */
	unsigned n_rules;
	bool rules_have_recipients;             /* verdicts may differ per recipient */
	enum recipients_differ recipients_differ;
	unsigned enforce_percent;               /* 0..100 */
};

/* 100 for enforce_percent and the defaults of alignd.conf for the rest but
 * dry_run (false), in mode honor: for tests and for alignctl explain. */
extern const struct ruleset ruleset_to_the_letter;

#endif
