/* rule_report.h - the ledger of rules as a table for people and as JSON: the
 * rules of the settings in file order, then ids that only the journal knows.
 */
#ifndef TOOLS_RULE_REPORT_H
#define TOOLS_RULE_REPORT_H

#include <stdio.h>

#include "base/json.h"
#include "core/rule_calendar.h"
#include "rule_hits.h"

struct rule_row {
	const char *id;
	const struct rule *rule;        /* NULL: not in the settings (any more) */
	const struct rule_hit *hit;     /* NULL: none */
	enum rule_term term;
	int64_t days_left;
};

struct rule_report {
	struct arena *arena;
	const char *settings;           /* path */
	const char *directory;          /* of the journal; NULL: none is kept, hits are not known */
	const struct rule_hits *hits;   /* NULL likewise */
	int64_t now_ms;                 /* by rule_report_init(), as the rows */
	struct rule_row *rows;
	unsigned n;
};

/* Only rows for which `wanted` (NULL: all) says yes. */
typedef bool rule_row_fn(void *context, const struct rule_row *row);
void rule_report_init(struct rule_report *report, const struct ruleset *ruleset, int64_t now_ms,
		      rule_row_fn *wanted, void *context);
void rule_report_text(const struct rule_report *report, FILE *out);
/* One object on one line; its keys are told in alignctl(1). */
void rule_report_json(const struct rule_report *report, FILE *out);

/* Puts the keys of a rule of the settings into an open object: id to expired. */
void rule_report_put(struct json_out *out, struct arena *arena, const struct rule *rule, int64_t now_ms);
/* "2026-12-04", in the arena. */
const char *rule_report_date(struct arena *arena, int64_t utc_ms);
/* "2026-12-04 in 12 d", "2026-12-04 today", "2026-12-04 EXPIRED"; "-" without a date. */
const char *rule_report_expiry(struct arena *arena, const struct rule *rule, enum rule_term term,
			       int64_t days_left);

#endif
