#include "core/evidence.h"

/* Result words of RFC 8601 2.7; a dash stands for "not evaluated". */
const struct name_row spf_result_names[] = {
	{ RES_SPF_UNSET, "-" }, { RES_SPF_NONE, "none" }, { RES_SPF_PASS, "pass" },
	{ RES_SPF_FAIL, "fail" }, { RES_SPF_SOFTFAIL, "softfail" },
	{ RES_SPF_NEUTRAL, "neutral" }, { RES_SPF_TEMPERROR, "temperror" },
	{ RES_SPF_PERMERROR, "permerror" }, { 0, NULL },
};
const struct name_row spf_scope_names[] = {
	{ SCOPE_SPF_UNSET, "-" }, { SCOPE_SPF_MAILFROM, "mfrom" }, { SCOPE_SPF_HELO, "helo" },
	{ 0, NULL },
};
const struct name_row dkim_result_names[] = {
	{ RES_DKIM_UNSET, "-" }, { RES_DKIM_NONE, "none" }, { RES_DKIM_PASS, "pass" },
	{ RES_DKIM_FAIL, "fail" }, { RES_DKIM_POLICY, "policy" },
	{ RES_DKIM_NEUTRAL, "neutral" }, { RES_DKIM_TEMPERROR, "temperror" },
	{ RES_DKIM_PERMERROR, "permerror" }, { 0, NULL },
};
const struct name_row arc_result_names[] = {
	{ RES_ARC_UNSET, "-" }, { RES_ARC_NONE, "none" }, { RES_ARC_PASS, "pass" },
	{ RES_ARC_FAIL, "fail" }, { 0, NULL },
};
const struct name_row arc_method_names[] = {
	{ ARC_METHOD_DMARC, "dmarc" }, { ARC_METHOD_SPF, "spf" }, { ARC_METHOD_DKIM, "dkim" },
	{ ARC_METHOD_UNSET, "-" }, { 0, NULL },
};
const struct name_row exemption_names[] = {
	{ EXEMPT_UNSET, "-" }, { EXEMPT_NO, "no" }, { EXEMPT_NETWORK, "network" },
	{ EXEMPT_AUTHENTICATED, "authenticated" }, { EXEMPT_LOCAL, "local" }, { 0, NULL },
};
const struct name_row from_status_names[] = {
	{ FROM_UNSET, "-" }, { FROM_OK, "ok" }, { FROM_ABSENT, "absent" },
	{ FROM_REPEATED, "repeated" }, { FROM_NO_DOMAIN, "no-domain" },
	{ FROM_UNUSABLE, "unusable" }, { FROM_TOO_MANY, "too-many" }, { 0, NULL },
};
const struct name_row path_status_names[] = {
	{ PATH_UNSET, "-" }, { PATH_NULL, "null" }, { PATH_MAILBOX, "mailbox" },
	{ PATH_LOCAL_ONLY, "local-only" }, { PATH_LITERAL, "literal" },
	{ PATH_UNUSABLE, "unusable" }, { 0, NULL },
};
const struct name_row discovery_method_names[] = {
	{ DISCOVERY_METHOD_UNSET, "-" }, { DISCOVERY_TREEWALK, "treewalk" },
	{ DISCOVERY_PSL, "psl" }, { 0, NULL },
};
const struct name_row discovery_status_names[] = {
	{ DISCOVERY_UNSET, "-" }, { DISCOVERY_NO_RECORD, "no-record" },
	{ DISCOVERY_FOUND, "found" }, { DISCOVERY_TEMPERROR, "temperror" }, { 0, NULL },
};
const struct name_row existence_names[] = {
	{ EXISTENCE_UNSET, "-" }, { EXISTENCE_PRESENT, "exists" },
	{ EXISTENCE_ABSENT, "absent" }, { EXISTENCE_UNKNOWN, "unknown" }, { 0, NULL },
};
const struct name_row org_status_names[] = {
	{ ORG_UNSET, "-" }, { ORG_KNOWN, "known" }, { ORG_TEMPERROR, "temperror" },
	{ ORG_LIMIT, "limit" }, { 0, NULL },
};

const char *from_status_phrase(enum from_status status)
{
	switch (status) {
	case FROM_UNSET:
	case FROM_OK:
		break;
	case FROM_ABSENT:
		return "no From field";
	case FROM_REPEATED:
		return "more than one From field";
	case FROM_NO_DOMAIN:
		return "no domain in the From field";
	case FROM_UNUSABLE:
		return "unusable From field";
	case FROM_TOO_MANY:
		return "too many domains in the From field";
	}
	return "From was not evaluated";
}
