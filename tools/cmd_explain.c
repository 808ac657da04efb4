/* alignctl explain: what a domain publishes, where it was found, and what
 * follows from it for the domain and the names below it. */
#include "alignctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "auth/idna.h"
#include "base/buf.h"
#include "base/json.h"
#include "core/enforcement.h"
#include "core/policy.h"
#include "tool_judge.h"
#include "tool_options.h"

static const char help_text[] =
	"Usage: alignctl explain DOMAIN [OPTION]...\n"
	"Says what DOMAIN asks receivers to do about mail that only pretends to be from it.\n\n"
	"  -z, --zone FILE    answers from this file instead of the DNS\n"
	"  -c, --config FILE  settings (default " TOOL_SETTINGS "): resolvers, suffix list\n"
	"  -j, --json\n"
	"  -h, --help\n\n"
	"Both ways of finding the record are shown where they differ: the DNS tree walk\n"
	"(RFC 9989) and the public suffix list (RFC 7489).\n"
	"Exit: 0, 64 usage, 66 no such file, 69 no DNS, 75 a look-up failed, 78 bad settings.\n\n"
	"Examples:\n"
	"  alignctl explain example.com\n"
	"  alignctl explain news.example.com --json | jq .treewalk.enforcement.class\n";

struct options {
	const char *domain, *zone, *config;
	bool json, help;
};

/* What one method of discovery found, and what follows from it. */
struct finding {
	const char *method_name;
	struct policy_found found;
	struct enforcement enforcement;
	struct policy own, existing, missing;   /* the name; names below that exist or not */
};

struct explanation {
	char domain[DOMAIN_SIZE];
	struct arena *arena;
	struct asker *asker;
	struct engine *engine;
	struct discover_options methods[2];
	struct finding findings[2];
	enum existence exists;
};

static int parse_options(int argc, char **argv, struct options *o)
{
	const struct tool_option rows[] = {
		{ "zone", 'z', .argument = &o->zone },
		{ "config", 'c', .argument = &o->config },
		{ "json", 'j', .flag = &o->json },
	};
	int code = TOOL_OPTIONS(argc, argv, rows, help_text, &o->help);

	if (code != 0 || o->help)
		return code;
	if (argc - optind != 1)
		return tool_usage(argv[0], "one DOMAIN is needed");
	o->domain = argv[optind];
	return 0;
}

static bool ask(struct asker *asker, void *context)
{
	struct explanation *x = context;
	const struct dns_answer *a = asker_get(asker, x->domain, DNS_A);
	bool done = a != NULL;

	for (unsigned i = 0; i < 2; i++)
		done = discover_policy(asker, &x->methods[i], x->domain, &x->findings[i].found) && done;
	if (a != NULL)
		x->exists = dns_outcome_is_failure(a->outcome) ? EXISTENCE_UNKNOWN :
			    a->outcome == DNS_NXDOMAIN ? EXISTENCE_ABSENT : EXISTENCE_PRESENT;
	return done;
}

/* What a receiver chooses to the letter, all of the sample included. */
static void select_for(const char *name, const struct policy_found *found, enum existence exists,
		       struct policy *out)
{
	struct policy_found seen = *found;

	seen.exists = exists;
	policy_select(name, &seen, &ruleset_to_the_letter, 0, out);
}

static void conclude(struct explanation *x, struct finding *f)
{
	struct policy_found seen = f->found;
	char below[DOMAIN_SIZE + 2];

	snprintf(below, sizeof(below), "x.%s", x->domain);
	select_for(x->domain, &f->found, x->exists, &f->own);
	select_for(below, &f->found, EXISTENCE_PRESENT, &f->existing);
	select_for(below, &f->found, EXISTENCE_ABSENT, &f->missing);
	seen.exists = x->exists;
	enforcement_of_author(x->domain, &seen, &f->enforcement);
}

static void row(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void row(const char *label, const char *format, ...)
{
	va_list args;

	printf("  %-26s ", label);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static const char *class_words(enum enforcement_class class)
{
	switch (class) {
	case ENFORCEMENT_UNSET: break;
	case ENFORCEMENT_NO_RECORD: return "no record: receivers are asked for nothing";
	case ENFORCEMENT_UNUSABLE: return "unusable: receivers apply nothing";
	case ENFORCEMENT_DAMAGED: return "damaged: treated as p=none, reports still go out";
	case ENFORCEMENT_MONITORING: return "monitoring: asks for reports, protects nobody";
	case ENFORCEMENT_IDLE: return "idle: neither protects nor informs";
	case ENFORCEMENT_PARTIAL: return "partial: some forged mail goes through untouched";
	case ENFORCEMENT_ENFORCED: return "enforced: all forged mail is to be quarantined or rejected";
	}
	return "";
}

static const char *flag_words(struct arena *arena, unsigned flags)
{
	struct buf out;
	const char *text;

	buf_init(&out, 512);
	for (const struct name_row *r = enforcement_flag_names; r->name != NULL; r++)
		if (flags & (unsigned)r->value)
			buf_printf(&out, "%s%s", out.len > 0 ? ", " : "", r->name);
	text = arena_strdup(arena, buf_str(&out));
	buf_done(&out);
	return text;
}

static const char *request(const struct policy *policy)
{
	return policy->status == POLICY_APPLIES || policy->status == POLICY_DAMAGED_NONE ?
		names_get(disposition_names, (int)policy->published) : "nothing";
}

static void print_reports(struct explanation *x, const struct record *record)
{
	if (record->n_rua == 0)
		row("aggregate reports", "not wanted");
	for (unsigned i = 0; i < record->n_rua; i++)
		row(i == 0 ? "aggregate reports to" : "", "%s",
		    tool_escape(x->arena, record->rua[i].uri.data));
}

static void print_record(struct explanation *x, const struct finding *f)
{
	const struct record *record = &f->found.record;

	row("record", "%s", tool_escape(x->arena, record->text.data));
	row("found at", "_dmarc.%s%s", f->found.domain, f->found.is_psd ? " (a Public Suffix Domain)" :
	    domain_equal(f->found.domain, x->domain) ? "" : " (above the domain: inherited)");
	row("for the domain itself", "%s", request(&f->own));
	row("names below that exist", "%s (unless they publish their own)", request(&f->existing));
	row("names that do not exist", "%s", request(&f->missing));
	if (record->testing)
		row("t=y", "in test: receivers take one level off");
	if (record->pct < 100)
		row("pct", "%u: older receivers treat the rest one level milder", record->pct);
	row("alignment", "SPF %s, DKIM %s", record->aspf == ALIGN_STRICT ? "strict" : "relaxed",
	    record->adkim == ALIGN_STRICT ? "strict" : "relaxed");
	print_reports(x, record);
	if (record->note != NULL)
		row("oddity", "%s", record->note);
}

static void print_enforcement(struct explanation *x, const struct finding *f)
{
	const char *flags = flag_words(x->arena, f->enforcement.flags);

	row("at enforcement", "%s (%s)", f->enforcement.class == ENFORCEMENT_ENFORCED ? "yes" : "no",
	    class_words(f->enforcement.class));
	if (flags[0] != '\0')
		row("flags", "%s", flags);
}

static void print_finding(struct explanation *x, const struct finding *f)
{
	const struct policy_found *found = &f->found;

	printf("By %s\n", f->method_name);
	if (found->status == DISCOVERY_FOUND)
		print_record(x, f);
	else if (found->status == DISCOVERY_NO_RECORD)
		row("record", "none%s", found->several ?
		    ": two or more stand here and cancel each other" : "");
	else
		row("record", "not known: %s", found->reason != NULL ? found->reason : "a look-up failed");
	if (found->org.status == ORG_KNOWN)
		row("Organizational Domain", "%s%s", found->org.domain, found->org.guarded ?
		    " (a public suffix published a record: dmarc.psl_guard)" : "");
	if (found->status != DISCOVERY_TEMPERROR)
		print_enforcement(x, f);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_same(const struct finding *a, const struct finding *b)
{
	return a->found.status == b->found.status && same_text(a->found.domain, b->found.domain) &&
	       same_text(a->found.org.domain, b->found.org.domain) &&
	       a->enforcement.class == b->enforcement.class &&
	       a->enforcement.flags == b->enforcement.flags &&
	       a->own.published == b->own.published && a->missing.published == b->missing.published;
}

static void print_text(struct explanation *x)
{
	printf("%s%s\n", x->domain, x->exists == EXISTENCE_ABSENT ? " (does not exist in the DNS)" : "");
	if (is_same(&x->findings[0], &x->findings[1])) {
		x->findings[0].method_name = "both methods (DNS tree walk, public suffix list)";
		print_finding(x, &x->findings[0]);
		return;
	}
	puts(x->findings[0].found.status == DISCOVERY_TEMPERROR ||
	     x->findings[1].found.status == DISCOVERY_TEMPERROR ?
	     "The DNS did not answer (dns.servers of the settings, or /etc/resolv.conf):" :
	     "The two methods differ:");
	print_finding(x, &x->findings[0]);
	print_finding(x, &x->findings[1]);
}

static void json_finding(struct explanation *x, struct json_out *out, const char *key,
			 const struct finding *f)
{
	json_put_object(out, key);
	json_put_string(out, "status", names_get(discovery_status_names, (int)f->found.status));
	if (f->found.status == DISCOVERY_FOUND) {
		json_put_slice(out, "record", f->found.record.text);
		json_put_string(out, "found_at", f->found.domain);
		json_put_string(out, "domain", request(&f->own));
		json_put_string(out, "subdomains", request(&f->existing));
		json_put_string(out, "nonexistent", request(&f->missing));
		json_put_string(out, "note", f->found.record.note);
	}
	json_put_string(out, "organizational_domain", f->found.org.domain);
	json_put_object(out, "enforcement");
	json_put_bool(out, "at_enforcement", f->enforcement.class == ENFORCEMENT_ENFORCED);
	json_put_string(out, "class", names_get(enforcement_class_names, (int)f->enforcement.class));
	json_put_string(out, "floor", names_get(disposition_names, (int)f->enforcement.floor));
	json_put_string(out, "flags", flag_words(x->arena, f->enforcement.flags));
	json_put_object_end(out);
	json_put_object_end(out);
}

static void print_json(struct explanation *x)
{
	struct json_out out;
	struct buf text;

	buf_init(&text, 16 * LIMIT_RECORD_OCTETS);
	json_begin(&out, &text, LIMIT_RECORD_OCTETS);
	json_put_object(&out, NULL);
	json_put_string(&out, "domain", x->domain);
	json_put_string(&out, "exists", names_get(existence_names, (int)x->exists));
	json_finding(x, &out, "treewalk", &x->findings[0]);
	json_finding(x, &out, "psl", &x->findings[1]);
	json_put_object_end(&out);
	puts(buf_str(&text));
	buf_done(&text);
}

static void ask_all(struct explanation *x, const struct settings *settings)
{
	for (unsigned i = 0; i < 2; i++) {
		x->methods[i] = x->engine->discover;
		x->methods[i].method = i == 0 ? DISCOVERY_TREEWALK : DISCOVERY_PSL;
		x->findings[i].method_name = i == 0 ? "DNS tree walk (RFC 9989)" :
						      "public suffix list (RFC 7489)";
		discover_want(x->asker, &x->methods[i], x->domain);
	}
	asker_add(x->asker, ask, x);
	asker_wait(x->asker, settings->dns_budget_ms, settings->dns_budget_ms, NULL, NULL);
	for (unsigned i = 0; i < 2; i++)
		conclude(x, &x->findings[i]);
}

static int explain(struct explanation *x, const struct settings *settings, bool json)
{
	struct asker_limits limits = { settings->dns_timeout_ms, LIMIT_MESSAGE_LOOKUPS };
	bool failed;

	x->arena = arena_new();
	x->asker = asker_new(x->engine->resolver, &limits);
	ask_all(x, settings);
	if (json)
		print_json(x);
	else
		print_text(x);
	failed = x->findings[0].found.status == DISCOVERY_TEMPERROR ||
		 x->findings[1].found.status == DISCOVERY_TEMPERROR;
	asker_free(x->asker);
	arena_free(x->arena);
	return failed ? EX_TEMPFAIL : EX_OK;
}

int cmd_explain(int argc, char **argv)
{
	struct explanation x = { 0 };
	struct options o = { 0 };
	struct tool_engine tool;
	int code = parse_options(argc, argv, &o);

	if (code != 0 || o.help)
		return code;
	if (!idna_to_domain(slice_of(o.domain), x.domain))
		return tool_usage(argv[0], "not a domain: %s", o.domain);
	code = tool_engine_open(argv[0], o.config, o.zone, &tool);
	if (code != 0)
		return code;
	x.engine = tool.engine;
	code = explain(&x, tool.settings, o.json);
	tool_engine_close(&tool);
	return code;
}
