/* alignctl check: judges one message with the daemon's code and settings, and
 * explains the judgement step by step. */
#include "alignctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "check_rules.h"
#include "check_will.h"
#include "core/summary.h"
#include "store/decision_json.h"
#include "tool_judge.h"
#include "tool_options.h"
#include "tool_words.h"

#define EXIT_QUARANTINE 1
#define EXIT_REJECT 2
#define MAX_RCPT 1000

struct options {
	const char *file, *ip, *helo, *mail_from, *client_name, *zone, *config;
	struct tool_list rcpt;
	bool put_off[MAX_RCPT];         /* by its place in rcpt */
	bool authenticated, json, help;
	const char *sender_assumed;     /* why; NULL when it was given */
};

static const char help_text[] =
	"Usage: alignctl check [FILE] --ip ADDRESS [OPTION]...\n"
	"Judges one message (FILE, or standard input) as the daemon would, and explains it.\n"
	"Nothing is changed, logged or journalled. What is not given is shown as assumed.\n\n"
	"  -i, --ip ADDRESS       the client that delivered it\n"
	"  -H, --helo NAME        its HELO or EHLO name\n"
	"  -m, --mail-from PATH   envelope sender; \"\" or \"<>\" is the null sender\n"
	"  -r, --rcpt PATH        envelope recipient; may be repeated\n"
	"  -n, --client-name NAME the client's confirmed host name\n"
	"  -a, --authenticated    as if the client had logged in\n"
	"  -z, --zone FILE        answers from this file instead of the DNS\n"
	"  -c, --config FILE      settings (default " TOOL_SETTINGS ")\n"
	"  -j, --json             the journal line that the daemon would write\n"
	"  -h, --help\n\n"
	"Exit: 0 nothing to do, 1 quarantine, 2 reject, 75 could not decide (temporary),\n"
	"      64 usage, 66 no such file, 69 no DNS, 78 bad settings.\n\n"
	"Examples:\n"
	"  alignctl check message.eml --ip 192.0.2.1 --helo mail.example.com \\\n"
	"      --mail-from bounce@example.com\n"
	"  alignctl check --ip 2001:db8::25 --zone demo.zone --json < message.eml | jq .chosen\n";

static int parse_options(int argc, char **argv, struct options *o)
{
	const struct tool_option rows[] = {
		{ "ip", 'i', .argument = &o->ip },
		{ "helo", 'H', .argument = &o->helo },
		{ "mail-from", 'm', .argument = &o->mail_from },
		{ "rcpt", 'r', .list = &o->rcpt },
		{ "client-name", 'n', .argument = &o->client_name },
		{ "authenticated", 'a', .flag = &o->authenticated },
		{ "zone", 'z', .argument = &o->zone },
		{ "config", 'c', .argument = &o->config },
		{ "json", 'j', .flag = &o->json },
	};
	int code = TOOL_OPTIONS(argc, argv, rows, help_text, &o->help);

	if (code == 0 && argc - optind > 1)
		return tool_usage(argv[0], "one FILE only");
	if (optind < argc)
		o->file = argv[optind];
	return code;
}

/* The envelope sender that the message itself names, when none was given. */
static void assume_sender(struct arena *arena, const struct tool_text *text, struct options *o)
{
	struct slice header = text->header, name, value;

	if (o->mail_from != NULL)
		return;
	o->mail_from = "<>";
	o->sender_assumed = " (assumed: not given, and no Return-Path field)";
	while (tool_next_field(&header, &name, &value, NULL))
		if (slice_is_nocase(slice_trim_wsp(name), "Return-Path")) {
			value = slice_trim(value, " \t\r\n");
			o->mail_from = arena_strndup(arena, value.data, value.len);
			o->sender_assumed = " (assumed: the Return-Path field)";
			return;
		}
}

static void row(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void row(const char *label, const char *format, ...)
{
	va_list args;

	printf("  %-22s ", label);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static const char *or_text(const char *given, const char *otherwise)
{
	return given != NULL ? given : otherwise;
}

static void print_sender(struct arena *a, const struct options *o, const struct sender *sender)
{
	const char *assumed = or_text(o->sender_assumed, "");

	if (sender->status == PATH_NULL)
		row("envelope sender", "<>, the null sender%s", assumed);
	else if (sender->status == PATH_MAILBOX)
		row("envelope sender", "%s, domain %s%s", tool_escape(a, o->mail_from), sender->domain,
		    assumed);
	else
		row("envelope sender", "%s, no domain%s%s%s", tool_escape(a, o->mail_from),
		    sender->reason != NULL ? ": " : "", or_text(sender->reason, ""), assumed);
}

static void print_client(struct arena *a, const struct options *o, const struct evidence *e)
{
	row("client", "%s", o->ip != NULL ? e->client_ip :
	    "unknown (assumed: --ip not given; SPF cannot be checked)");
	row("HELO", "%s", o->helo != NULL ? tool_escape(a, e->helo) : "none (assumed: --helo not given)");
}

/* --ip and --helo are those of a gateway; the message says whom it had there. */
static void print_relay(struct arena *a, const struct evidence *e)
{
	row("internal relay", "%s, Received fields read: %u", e->relay.ip, e->relay.hops);
	if (e->relay.unread != NULL) {
		row("client", "unknown: %s; SPF cannot be checked", e->relay.unread);
		return;
	}
	row("client", "%s", e->client_ip);
	row("HELO", "%s", tool_escape(a, e->helo));
}

static void print_arrival(struct arena *a, const struct options *o, const struct evidence *e)
{
	puts("Arrival");
	if (e->relay.ip != NULL)
		print_relay(a, e);
	else
		print_client(a, o, e);
	print_sender(a, o, &e->sender);
	for (unsigned i = 0; i < o->rcpt.n; i++)
		if (o->put_off[i])
			row("recipient put off", "%s: other rules than the first one's",
			    tool_escape(a, o->rcpt.items[i]));
	if (e->exempt != EXEMPT_NO)
		row("exempt", "yes: %s", names_get(exemption_names, (int)e->exempt));
}

static void print_org(const char *label, const struct org *org)
{
	switch (org->status) {
	case ORG_UNSET:
		break;
	case ORG_KNOWN:
		row(label, "%s%s", org->domain,
		    org->guarded ? " (the record above is a public suffix's: dmarc.psl_guard)" : "");
		break;
	case ORG_TEMPERROR:
		row(label, "not known: a DNS look-up failed");
		break;
	case ORG_LIMIT:
		row(label, "not looked up: too many look-ups in this message (dns.max_lookups)");
		break;
	}
}

static void print_signature(struct arena *a, const struct dkim_evidence *d, unsigned n)
{
	char label[32];

	snprintf(label, sizeof(label), "DKIM signature %u", n);
	row(label, "%s%s%s  d=%s s=%s %s%s%s", names_get(dkim_result_names, (int)d->result),
	    d->reason != NULL ? ": " : "", or_text(d->reason, ""), or_text(d->d, "(none)"),
	    or_text(d->s, "(none)"), tool_escape(a, or_text(d->algorithm, "")),
	    d->test_key ? ", test key" : "", d->covers_from ? "" : ", does not cover From");
	if (d->surplus > 0)
		row("", "%llu octets stand behind the signed part (l=)", (unsigned long long)d->surplus);
	print_org("  its organization", &d->org);
}

static void print_authenticated(struct arena *a, const struct evidence *e)
{
	puts("What was authenticated");
	row("SPF", "%s%s%s%s%s", names_get(spf_result_names, (int)e->spf.result),
	    e->spf.domain != NULL ? " for " : "", or_text(e->spf.domain, ""),
	    e->spf.reason != NULL ? ": " : "", or_text(e->spf.reason, ""));
	if (e->spf.scope == SCOPE_SPF_HELO)
		row("", "(of the HELO name: the envelope sender is null)");
	print_org("  its organization", &e->spf.org);
	if (e->n_dkim == 0)
		row("DKIM", "no signature");
	for (unsigned i = 0; i < e->n_dkim; i++)
		print_signature(a, &e->dkim[i], i + 1);
	if (e->dkim_unchecked > 0)
		row("", "%u more signatures were not checked (dkim.max_signatures)", e->dkim_unchecked);
	if (e->arc.result != RES_ARC_UNSET)
		row("ARC", "%s", tool_arc(a, &e->arc));
	for (unsigned i = e->arc.n_sets; i > 0; i--)
		row("", "%s", tool_arc_set(a, &e->arc, i));
}

static void print_record(struct arena *a, const struct author *author, const struct author_verdict *av)
{
	const struct policy_found *p = &author->policy;

	row("record", "%s", tool_escape(a, p->record.text.data));
	row("found at", "%s%s (%s)", p->domain,
	    domain_equal(p->domain, author->domain) ? "" :
	    p->is_psd ? ", a Public Suffix Domain" : ", above the author's domain",
	    tool_method(p->method));
	print_org("Organizational Domain", &p->org);
	if (p->exists == EXISTENCE_ABSENT)
		row("", "%s does not exist in the DNS: np applies", author->domain);
	if (av->policy.note != NULL || p->record.note != NULL)
		row("oddity", "%s", or_text(av->policy.note, p->record.note));
}

static void print_policy(struct arena *a, const struct author *author, const struct author_verdict *av)
{
	const struct policy_found *p = &author->policy;

	switch (p->status) {
	case DISCOVERY_UNSET:
		break;
	case DISCOVERY_NO_RECORD:
		row("record", "none (%s)%s", tool_method(p->method),
		    p->several ? "; two or more stand at this name and cancel each other" : "");
		break;
	case DISCOVERY_TEMPERROR:
		row("record", "not known: %s", or_text(p->reason, "a DNS look-up failed"));
		break;
	case DISCOVERY_FOUND:
		print_record(a, author, av);
		break;
	}
}

static void print_alignment(const struct evidence *e, const struct author *author,
			    const struct author_verdict *av)
{
	const struct record *record = &author->policy.record;
	bool passed = e->spf.result == RES_SPF_PASS;

	if (author->policy.status != DISCOVERY_FOUND)
		return;
	row("SPF aligned", "%s (%s)%s%s", names_get(alignment_names, (int)av->spf),
	    record->aspf == ALIGN_STRICT ? "strict" : "relaxed",
	    !passed ? ": SPF did not pass" : av->spf == ALIGNMENT_YES ? ": " : ": passed for ",
	    passed ? or_text(e->spf.domain, "") : "");
	row("DKIM aligned", "%s (%s)%s%s", names_get(alignment_names, (int)av->dkim),
	    record->adkim == ALIGN_STRICT ? "strict" : "relaxed",
	    av->dkim_index >= 0 ? ": d=" : e->n_dkim == 0 ? ": no signature" :
	    ": no verified signature of this organization",
	    av->dkim_index >= 0 ? e->dkim[av->dkim_index].d : "");
}

static void print_authors(struct arena *a, const struct evidence *e, const struct verdict *v)
{
	if (e->from != FROM_OK) {
		puts("Who claims to write");
		row("From", "%s", or_text(e->from_reason, from_status_phrase(e->from)));
		return;
	}
	for (unsigned i = 0; i < v->n_authors; i++) {
		printf("Who claims to write: %s\n", e->authors[i].domain);
		if (e->from_reason != NULL)
			row("From", "%s", e->from_reason);
		print_policy(a, &e->authors[i], &v->authors[i]);
		print_alignment(e, &e->authors[i], &v->authors[i]);
		row("result", "%s", names_get(dmarc_result_names, (int)v->authors[i].result));
	}
}

static void print_published(const struct verdict *v)
{
	const struct policy *p = &v->authors[v->decisive].policy;

	if (p->tag == TAG_UNSET)
		row("published", "%s", names_get(disposition_names, (int)p->published));
	else
		row("published", "%s, by %s", names_get(disposition_names, (int)p->published),
		    names_get(applied_tag_names, (int)p->tag));
}

/* In the words of a report to the owner (RFC 9990). */
static void print_reasons(struct arena *a, const struct verdict *v)
{
	for (unsigned i = 0; i < v->n_reasons; i++)
		row(i == 0 ? "reasons" : "", "%s%s%s", names_get(reason_type_names, (int)v->reasons[i].type),
		    v->reasons[i].comment != NULL ? ": " : "",
		    v->reasons[i].comment != NULL ? tool_escape(a, v->reasons[i].comment) : "");
}

static const char *spared_words(const struct verdict *v)
{
	if (v->dry_run && v->chosen != ACTION_ACCEPT)
		return " (dry_run = true)";
	return v->left_out ? " (left out of enforce_percent)" : "";
}

static bool draw_matters(const struct tool_engine *tool, const struct evidence *e, const struct verdict *v)
{
	return (v->decisive >= 0 && e->authors[v->decisive].policy.record.pct < 100) ||
	       check_will_is_staged(&tool->settings->ruleset, v);
}

static void print_decision(struct arena *a, const struct tool_engine *tool, const struct evidence *e,
			   const struct verdict *v)
{
	puts("Decision");
	if (v->decisive >= 0)
		print_published(v);
	row("asked", "%s", names_get(disposition_names, (int)v->asked));
	row("chosen", "%s", names_get(action_names, (int)v->chosen));
	row("why", "%s", tool_why(v->why));
	print_reasons(a, v);
	row("the daemon would do", "%s%s", v->apply == ACTION_ACCEPT ? "nothing" :
	    names_get(action_names, (int)v->apply), spared_words(v));
	row("settings", "%s, mode = \"%s\"", tool->settings_assumed ?
	    "defaults (assumed: no settings file)" : tool->settings->path,
	    names_get(mode_names, (int)tool->settings->ruleset.mode));
	if (tool->key_assumed && draw_matters(tool, e, v))
		row("", "sample.key_file cannot be read: the daemon's draw may differ");
	row("look-ups", "%u, %u ms waited", e->lookups, e->waited_ms);
}

/* What the sender would be told, were it enforced. */
static void print_reply(struct arena *arena, const struct tool_engine *tool, const struct evidence *e,
			const struct verdict *v, const struct summary_options *options)
{
	bool rejects = v->chosen == ACTION_QUARANTINE &&
		       tool->settings->ruleset.quarantine == QUARANTINE_REJECT;
	struct verdict enforced = *v;
	struct summary_reply reply;

	if (v->chosen != ACTION_REJECT && v->chosen != ACTION_TEMPFAIL && !rejects)
		return;
	enforced.apply = v->chosen;
	summary_reply(arena, e, &enforced, options, "QUEUEID", &reply);
	puts(v->dry_run ? "Reply, if this were no dry run" :
	     v->left_out ? "Reply, if it were not left out" : "Reply");
	printf("  %s %s %s\n", reply.code, reply.enhanced, reply.text);
}

static void print_header(struct arena *arena, const struct tool_engine *tool,
			 const struct evidence *e, const struct verdict *v)
{
	struct summary_options options = {
		.authserv_id = tool->settings->authserv_id,
		.full_addresses = tool->settings->authres_addresses == ADDRESS_FULL,
		.comments = tool->settings->authres_comments,
		.polrec = tool->settings->authres_polrec,
		.enhanced_7_26 = tool->settings->reject_code == REPLY_5_7_26,
	};
	const char *header;

	puts(tool->settings->authres_write == WRITE_NEVER ?
	     "Header (not written: authres.write = \"never\")" : "Header");
	header = summary_header(arena, e, v, &options);
	if (header != NULL)
		printf("  %s:%s\n", AUTHRES_NAME, header);
	else
		puts("  none");
	print_reply(arena, tool, e, v, &options);
}

static void print_json(struct arena *arena, const struct tool_engine *tool, const struct evidence *e,
		       const struct verdict *v)
{
	struct decision_json_options options = {
		.full_addresses = tool->settings->journal_addresses == ADDRESS_FULL,
	};
	struct decision decision = {
		.line_id = "check", .queue_id = "check",
		.mode = names_get(mode_names, (int)tool->settings->ruleset.mode),
		.evidence = *e, .verdict = *v, .done = summary_done(v),
	};
	struct buf line;

	buf_init(&line, LIMIT_JOURNAL_LINE + 1);
	decision_json_write(&line, &decision, &options);
	check_rules_json(arena, &tool->settings->ruleset, e, v, buf_slice(&line), stdout);
	buf_done(&line);
}

static int exit_code(const struct verdict *v)
{
	switch (v->chosen) {
	case ACTION_UNSET:
	case ACTION_ACCEPT:
		return v->result == RES_DMARC_TEMPERROR ? EX_TEMPFAIL : EX_OK;
	case ACTION_QUARANTINE:
		return EXIT_QUARANTINE;
	case ACTION_REJECT:
		return EXIT_REJECT;
	case ACTION_TEMPFAIL:
		return EX_TEMPFAIL;
	}
	return EX_SOFTWARE;
}

static void print_text(const struct options *o, const struct tool_engine *tool,
		       struct message *message, const struct verdict *v)
{
	const struct evidence *e = message_evidence(message);
	struct arena *arena = message_arena(message);

	print_arrival(arena, o, e);
	if (e->exempt == EXEMPT_NO) {
		print_authenticated(arena, e);
		print_authors(arena, e, v);
		check_will_text(arena, &tool->settings->ruleset, e, v);
	}
	print_decision(arena, tool, e, v);
	check_rules_text(arena, &tool->settings->ruleset, e, v, stdout);
	print_header(arena, tool, e, v);
}

static int judge(struct options *o, struct tool_engine *tool, const struct tool_text *text)
{
	struct arrival arrival = {
		.helo = slice_of(o->helo), .mail_from = slice_of(o->mail_from),
		.client_name = slice_of(o->client_name),
		.client_name_confirmed = o->client_name != NULL,
		.authenticated = o->authenticated,
	};
	const struct verdict *v;
	struct message *message;
	int code;

	if (o->ip != NULL && !address_parse(slice_of(o->ip), &arrival.client))
		return tool_usage("check", "--ip %s is not an address", o->ip);
	message = message_new(tool->engine, &arrival);
	for (unsigned i = 0; i < o->rcpt.n; i++)
		o->put_off[i] = message_rcpt(message, slice_of(o->rcpt.items[i]), SLICE("")) != MESSAGE_RCPT_TAKEN;
	tool_feed(message, text);
	v = message_judge(message, NULL, NULL);
	if (o->json)
		print_json(message_arena(message), tool, message_evidence(message), v);
	else
		print_text(o, tool, message, v);
	code = exit_code(v);
	message_free(message);
	return code;
}

int cmd_check(int argc, char **argv)
{
	const char *rcpt[MAX_RCPT];
	struct options o = { .rcpt = { .items = rcpt, .max = MAX_RCPT } };
	struct tool_engine tool;
	struct tool_text text;
	struct arena *arena;
	int code = parse_options(argc, argv, &o);

	if (code != 0 || o.help)
		return code;
	code = tool_text_read(argv[0], o.file, &text);
	if (code != 0)
		return code;
	code = tool_engine_open(argv[0], o.config, o.zone, &tool);
	if (code == 0) {
		arena = arena_new();
		assume_sender(arena, &text, &o);
		code = judge(&o, &tool, &text);
		arena_free(arena);
		tool_engine_close(&tool);
	}
	tool_text_done(&text);
	return code;
}
