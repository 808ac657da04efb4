#include "core/summary_private.h"

#include "core/signals.h"

#define LOGGED_HELO_OCTETS 128
#define LOGGED_LIST_OCTETS 512

/* The signature that tells most: the aligned one, else a passing one, else one
 * of the author's, else the first. */
static const struct dkim_evidence *telling_signature(const struct evidence *e, const struct verdict *v)
{
	const struct author_verdict *judged = summary_judged(e, v);
	const struct dkim_evidence *best = NULL;
	int best_rank = -1;

	if (judged != NULL && judged->dkim == ALIGNMENT_YES && judged->dkim_index >= 0 &&
	    (unsigned)judged->dkim_index < e->n_dkim)
		return &e->dkim[judged->dkim_index];
	for (unsigned i = 0; i < e->n_dkim; i++) {
		int rank = (e->dkim[i].result == RES_DKIM_PASS ? 2 : 0) +
			   (summary_is_related_to_any(e, e->dkim[i].d) ? 1 : 0);

		if (rank > best_rank) {
			best = &e->dkim[i];
			best_rank = rank;
		}
	}
	return best;
}

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

static void add_reason_types(struct buf *out, const struct verdict *v)
{
	for (unsigned i = 0; i < v->n_reasons; i++)
		buf_printf(out, "%s%s", i > 0 ? "," : "",
			   names_get(reason_type_names, (int)v->reasons[i].type));
}

/* What the recipients would have got, the mildest first. */
static void add_differing(struct buf *out, const struct verdict *v)
{
	for (enum action action = ACTION_ACCEPT; action <= ACTION_TEMPFAIL; action++)
		for (unsigned i = 0; i < v->n_recipients; i++)
			if (v->recipients[i].chosen == action) {
				buf_printf(out, "%s%s", out->len > 0 ? "," : "",
					   names_get(action_names, (int)action));
				break;
			}
}

static void add_sealers(struct buf *out, const struct arc_evidence *arc)
{
	for (unsigned i = arc->n_sets; i > 0; i--)
		buf_printf(out, "%s%s", i < arc->n_sets ? "," : "",
			   arc->sets[i - 1].d != NULL ? arc->sets[i - 1].d : "-");
}

static void log_list(struct logline *line, const char *key, struct buf *list)
{
	if (list->len > 0)
		logline_str(line, key, buf_str(list));
	buf_reset(list);
}

/* Our own will, and what it looked at. */
static void log_will(struct logline *line, const struct evidence *e, const struct verdict *v)
{
	struct buf list;

	buf_init(&list, LOGGED_LIST_OCTETS);
	logline_str(line, "rule", v->rule);
	add_reason_types(&list, v);
	log_list(line, "reasons", &list);
	signals_names(v->missing, ",", &list);
	log_list(line, "missing", &list);
	add_sealers(&list, &e->arc);
	log_list(line, "arc_sealers", &list);
	logline_str(line, "arc_reason", e->arc.reason);
	if (v->recipients_differ) {
		add_differing(&list, v);
		log_list(line, "recipients_differ", &list);
	}
	if (v->left_out)
		logline_str(line, "left_out", "yes");
	logline_str(line, "relay", e->relay.ip);
	logline_str(line, "relay_unread", e->relay.unread);
	buf_done(&list);
}

static void log_decision(struct logline *line, const struct evidence *e, const struct verdict *v,
			 const char *done)
{
	const struct author *author = summary_author(e, v);
	const struct dkim_evidence *dkim = telling_signature(e, v);
	enum dkim_result dkim_result = summary_is_exempt(e) ? RES_DKIM_UNSET : RES_DKIM_NONE;

	if (dkim != NULL)
		dkim_result = dkim->result;
	logline_str(line, "author", author != NULL ? author->domain : "-");
	logline_str(line, "result", names_get(dmarc_result_names, (int)v->result));
	logline_str(line, "asked", summary_disposition(v->asked));
	logline_str(line, "chosen", names_get(action_names, (int)v->chosen));
	logline_str(line, "done", done);
	logline_str(line, "dry_run", yes_no(v->dry_run));
	logline_str(line, "why", names_get(why_names, (int)v->why));
	logline_str(line, "spf", names_get(spf_result_names, (int)e->spf.result));
	logline_str(line, "dkim", names_get(dkim_result_names, (int)dkim_result));
	logline_str(line, "arc", names_get(arc_result_names, (int)e->arc.result));
}

static const char *record_note(const struct policy_found *found)
{
	if (found->several)
		return "several records at the author domain";
	return found->status == DISCOVERY_FOUND ? found->record.note : NULL;
}

static void log_policy(struct logline *line, const struct evidence *e, const struct verdict *v)
{
	const struct author *author = summary_author(e, v);
	const struct author_verdict *judged = summary_judged(e, v);

	if (summary_is_exempt(e))
		logline_str(line, "exempt", names_get(exemption_names, (int)e->exempt));
	else if (e->from != FROM_OK && e->from != FROM_UNSET)
		logline_str(line, "from", names_get(from_status_names, (int)e->from));
	logline_str(line, "reason", summary_result_reason(e, v));
	if (v->n_authors > 1)
		logline_int(line, "authors", v->n_authors);
	if (author == NULL)
		return;
	logline_str(line, "record_note", record_note(&author->policy));
	if (author->policy.status != DISCOVERY_FOUND)
		return;
	logline_str(line, "policy", summary_disposition(judged->policy.published));
	logline_str(line, "policy_tag", names_get(applied_tag_names, (int)judged->policy.tag));
	logline_str(line, "policy_domain", author->policy.domain);
	if (judged->policy.existence_unknown)
		logline_str(line, "existence", names_get(existence_names, (int)EXISTENCE_UNKNOWN));
	if (author->policy.org.guarded)
		logline_str(line, "psl_guard", "yes");
}

static void log_identifiers(struct logline *line, const struct evidence *e, const struct verdict *v)
{
	const struct author_verdict *judged = summary_judged(e, v);
	const struct dkim_evidence *dkim = telling_signature(e, v);

	logline_str(line, "spf_domain", e->spf.domain);
	if (judged != NULL && e->spf.result != RES_SPF_UNSET)
		logline_str(line, "spf_aligned", yes_no(judged->spf == ALIGNMENT_YES));
	if (dkim != NULL) {
		logline_str(line, "dkim_domain", dkim->d);
		logline_str(line, "dkim_reason", dkim->reason);
		if (judged != NULL)
			logline_str(line, "dkim_aligned", yes_no(judged->dkim == ALIGNMENT_YES));
		logline_int(line, "dkim_signatures", e->n_dkim);
	}
	if (e->dkim_unchecked > 0)
		logline_int(line, "dkim_unchecked", e->dkim_unchecked);
}

static const char *sender_word(const struct sender *sender)
{
	switch (sender->status) {
	case PATH_UNSET:
		return NULL;
	case PATH_NULL:
		return "<>";
	case PATH_LOCAL_ONLY:
		return "(local-only)";
	case PATH_LITERAL:
		return "(literal)";
	case PATH_UNUSABLE:
		return "(unusable)";
	case PATH_MAILBOX:
		return sender->domain != NULL ? sender->domain : "(unusable)";
	}
	return NULL;
}

void summary_log(struct logline *line, const struct evidence *evidence,
		 const struct verdict *verdict, const char *done)
{
	log_decision(line, evidence, verdict, done);
	log_will(line, evidence, verdict);
	log_policy(line, evidence, verdict);
	log_identifiers(line, evidence, verdict);
	logline_str(line, "client", evidence->client_ip);
	logline_str(line, "mail_from", sender_word(&evidence->sender));
	logline_int(line, "recipients", evidence->n_recipients);
	logline_int(line, "lookups", evidence->lookups);
	logline_int(line, "waited_ms", evidence->waited_ms);
	if (evidence->helo != NULL)
		logline_slice(line, "helo", slice_until(slice_of(evidence->helo), LOGGED_HELO_OCTETS));
}

static const char *quarantine_done(enum quarantine_method method)
{
	switch (method) {
	case QUARANTINE_HEADER:
		return "quarantine";
	case QUARANTINE_HOLD:
		return "hold";
	case QUARANTINE_REJECT:
		return "reject";
	case QUARANTINE_UNSET:
		break;
	}
	return "failed: no quarantine.method";
}

const char *summary_done(const struct verdict *verdict)
{
	switch (verdict->apply) {
	case ACTION_ACCEPT:
		return verdict->dry_run ? "none" : "accept";
	case ACTION_QUARANTINE:
		return quarantine_done(verdict->method);
	case ACTION_REJECT:
		return "reject";
	case ACTION_TEMPFAIL:
		return "tempfail";
	case ACTION_UNSET:
		break;
	}
	return "failed: nothing was decided";
}
