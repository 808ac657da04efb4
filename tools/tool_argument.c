#include "tool_argument.h"

#include <inttypes.h>

#include "alignctl.h"
#include "auth/idna.h"
#include "base/clock.h"

bool tool_duration(const char *text, int64_t *ms_r)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
	struct slice s = slice_of(text);
	uint64_t n;

	for (size_t i = 0; s.len > 1 && i < sizeof(units) / sizeof(units[0]); i++)
		if (s.data[s.len - 1] == units[i].unit &&
		    slice_number(slice_until(s, s.len - 1), 1000000, &n)) {
			*ms_r = (int64_t)n * units[i].ms;
			return true;
		}
	return false;
}

int tool_time(const char *command, const char *option, const char *text, int64_t now_ms, int64_t *ms_r)
{
	int64_t ago_ms;

	if (tool_duration(text, &ago_ms))
		*ms_r = now_ms - ago_ms;
	else if (!clock_parse(slice_of(text), ms_r))
		return tool_usage(command, "--%s: \"%s\" is no time; accepted: 30d, 12h, 15m, 90s (back from "
				  "now), 2026-05-01, or an RFC 3339 time", option, text);
	return 0;
}

int tool_period(const char *command, const char *since, const char *until, int64_t now_ms,
		int64_t *since_ms_r, int64_t *until_ms_r)
{
	int code = tool_time(command, "since", since, now_ms, since_ms_r);

	*until_ms_r = now_ms + 1;
	if (code == 0 && until != NULL)
		code = tool_time(command, "until", until, now_ms, until_ms_r);
	if (code == 0 && *until_ms_r <= *since_ms_r)
		code = tool_usage(command, "the period ends before it begins");
	return code;
}

int tool_domain(const char *command, const char *option, const char *text, char domain_r[DOMAIN_SIZE])
{
	if (idna_to_domain(slice_of(text), domain_r))
		return 0;
	return tool_usage(command, "--%s: not a domain: %s", option, text);
}

int tool_number(const char *command, const char *option, const char *text, uint64_t least,
		uint64_t most, uint64_t *n_r)
{
	if (slice_number(slice_of(text), most, n_r) && *n_r >= least)
		return 0;
	return tool_usage(command, "--%s: a number from %" PRIu64 " to %" PRIu64, option, least, most);
}
