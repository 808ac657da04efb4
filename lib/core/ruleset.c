#include "core/ruleset.h"

const struct name_row mode_names[] = {
	{ MODE_OVERRIDE, "override" }, { MODE_HONOR, "honor" }, { MODE_UNSET, "-" }, { 0, NULL },
};
const struct name_row pct_mode_names[] = {
	{ PCT_HONOR, "honor" }, { PCT_IGNORE, "ignore" }, { 0, NULL },
};
const struct name_row temperror_action_names[] = {
	{ TEMPERROR_ACCEPT, "accept" }, { TEMPERROR_TEMPFAIL, "tempfail" }, { 0, NULL },
};
const struct name_row request_answer_names[] = {
	{ REQUEST_FOLLOW, "follow" }, { REQUEST_QUARANTINE, "quarantine" },
	{ REQUEST_ACCEPT, "accept" }, { 0, NULL },
};
const struct name_row quarantine_method_names[] = {
	{ QUARANTINE_HEADER, "header" }, { QUARANTINE_HOLD, "hold" },
	{ QUARANTINE_REJECT, "reject" }, { QUARANTINE_UNSET, "-" }, { 0, NULL },
};
const struct name_row action_names[] = {
	{ ACTION_ACCEPT, "accept" }, { ACTION_QUARANTINE, "quarantine" },
	{ ACTION_REJECT, "reject" }, { ACTION_TEMPFAIL, "tempfail" }, { ACTION_UNSET, "-" },
	{ 0, NULL },
};
const struct name_row recipients_differ_names[] = {
	{ DIFFER_QUARANTINE, "quarantine" }, { DIFFER_MILDEST, "mildest" },
	{ DIFFER_STRICTEST, "strictest" }, { DIFFER_SPLIT, "split" }, { 0, NULL },
};

const struct ruleset ruleset_to_the_letter = {
	.mode = MODE_HONOR,
	.on_bad_from = ACTION_QUARANTINE,
	.quarantine = QUARANTINE_HEADER,
	.override_uncorroborated = REQUEST_QUARANTINE,
	.enforce_percent = 100,
};
