#include "publish.h"

#include <string.h>

#include <libmilter/mfapi.h>

#include "core/summary.h"
#include "ledger.h"
#include "log.h"
#include "store/decision_json.h"

#define LIMIT_QUEUE_ID 64

/* What is at hand while one message is published. */
struct job {
	SMFICTX *ctx;
	struct session *session;
	const struct settings *settings;
	struct arena *arena;
	const struct evidence *evidence;
	const struct verdict *verdict;
	struct summary_options options;
	const char *queue_id;
	bool mta_gone;                  /* it hung up while we waited */
	bool fields_failed;             /* a header change could not be sent */
	const char *done;
};

static void tick(void *context)
{
	struct job *job = context;

	if (smfi_progress(job->ctx) != MI_SUCCESS)
		job->mta_gone = true;
}

/* Ours to print: anything but what MTAs make their ids of is left out. */
static const char *clean_queue_id(struct arena *arena, const char *id)
{
	char *copy;
	size_t n = 0;

	if (id == NULL || id[0] == '\0')
		return "NOQUEUE";
	copy = arena_strndup(arena, id, strnlen(id, LIMIT_QUEUE_ID));
	for (size_t i = 0; copy[i] != '\0'; i++)
		if (ascii_is_alnum(copy[i]) || strchr("-_.", copy[i]) != NULL)
			copy[n++] = copy[i];
	copy[n] = '\0';
	return n > 0 ? copy : "NOQUEUE";
}

/* From the highest index down: Postfix renumbers at once, Sendmail does not. */
static void remove_field(struct job *job, const char *name, uint32_t index)
{
	if (smfi_chgheader(job->ctx, (char *)name, (int)index, NULL) != MI_SUCCESS)
		job->fields_failed = true;
}

static void remove_fields(struct job *job)
{
	struct session *session = job->session;

	if (session->keep_fields)
		return;
	for (unsigned i = session->ours.n; i > 0; i--)
		remove_field(job, AUTHRES_NAME, session->ours.items[i - 1]);
	for (unsigned i = session->n_quarantine; i > 0; i--)
		remove_field(job, job->settings->quarantine_header, i);
}

/* On top, above the Received field of our own MTA. `value` with its leading blank. */
static void insert_field(struct job *job, const char *name, const char *value)
{
	if (!job->session->lead_space && value[0] == ' ')
		value++;
	if (smfi_insheader(job->ctx, 0, (char *)name, (char *)value) != MI_SUCCESS)
		job->fields_failed = true;
}

static void change_fields(struct job *job)
{
	const char *value;

	if (job->settings->authres_write == WRITE_NEVER)
		return;
	remove_fields(job);
	value = summary_header(job->arena, job->evidence, job->verdict, &job->options);
	if (value != NULL)
		insert_field(job, AUTHRES_NAME, value);
}

static sfsistat reply_with(struct job *job, sfsistat answer)
{
	struct summary_reply reply;

	summary_reply(job->arena, job->evidence, job->verdict, &job->options, job->queue_id, &reply);
	if (smfi_setreply(job->ctx, (char *)reply.code, (char *)reply.enhanced,
			  (char *)reply.text) != MI_SUCCESS)
		log_event(LOG_ERR, "reply", "queue_id", job->queue_id, "problem",
			  "libmilter refused the reply's text; the MTA uses its own", NULL);
	return answer;
}

/* The receiver's will cannot be done: the sender keeps the message. */
static sfsistat cannot(struct job *job, const char *done)
{
	job->done = done;
	smfi_setreply(job->ctx, (char *)"451", (char *)"4.3.0",
		      (char *)"mail filter could not finish, try again later");
	return SMFIS_TEMPFAIL;
}

static sfsistat quarantine_by_header(struct job *job)
{
	const char *text = summary_quarantine(job->arena, job->evidence, job->verdict);

	change_fields(job);
	insert_field(job, job->settings->quarantine_header, arena_printf(job->arena, " %s", text));
	if (job->fields_failed)
		return cannot(job, "failed: quarantine field");
	return SMFIS_CONTINUE;
}

/* Held first: if we end between the two, a held message does no harm. */
static sfsistat quarantine_by_hold(struct job *job)
{
	const char *text = summary_quarantine(job->arena, job->evidence, job->verdict);

	if (smfi_quarantine(job->ctx, (char *)text) != MI_SUCCESS)
		return cannot(job, "failed: hold");
	change_fields(job);
	return SMFIS_CONTINUE;
}

static sfsistat quarantine(struct job *job)
{
	switch (job->verdict->method) {
	case QUARANTINE_HEADER:
		return quarantine_by_header(job);
	case QUARANTINE_HOLD:
		return quarantine_by_hold(job);
	case QUARANTINE_REJECT:
		return reply_with(job, SMFIS_REJECT);
	case QUARANTINE_UNSET:
		break;
	}
	return cannot(job, job->done);
}

static sfsistat accept_message(struct job *job)
{
	change_fields(job);
	if (job->fields_failed)
		job->done = "failed: header fields";
	return SMFIS_CONTINUE;
}

static sfsistat act(struct job *job)
{
	job->done = summary_done(job->verdict);
	switch (job->verdict->apply) {
	case ACTION_ACCEPT:
		return accept_message(job);
	case ACTION_QUARANTINE:
		return quarantine(job);
	case ACTION_REJECT:
		return reply_with(job, SMFIS_REJECT);
	case ACTION_TEMPFAIL:
		return reply_with(job, SMFIS_TEMPFAIL);
	case ACTION_UNSET:
		break;
	}
	return cannot(job, job->done);
}

static bool write_journal(const struct job *job)
{
	struct journal *journal = daemon_journal();
	struct decision decision = {
		.queue_id = job->queue_id,
		.mode = names_get(mode_names, job->settings->ruleset.mode),
		.evidence = *job->evidence,
		.verdict = *job->verdict,
		.done = job->done,
	};
	struct decision_json_options options = {
		.full_addresses = job->settings->journal_addresses == ADDRESS_FULL,
	};
	char line_id[128];
	struct buf line;
	bool written;

	if (journal == NULL)
		return true;
	journal_next_id(journal, line_id);
	decision.line_id = line_id;
	buf_init(&line, LIMIT_JOURNAL_LINE + 1);
	decision_json_write(&line, &decision, &options);
	written = journal_append(journal, buf_slice(&line));
	buf_done(&line);
	return written;
}

/* The line that parsers of another filter's log look for: "QID: DOMAIN fail". */
static void log_compatible(const struct job *job)
{
	int who = job->verdict->decisive >= 0 ? job->verdict->decisive : 0;
	struct buf line;

	if (job->evidence->exempt != EXEMPT_NO || job->evidence->n_authors == 0)
		return;
	buf_init(&line, LIMIT_LOG_LINE);
	buf_printf(&line, "%s: %s %s", job->queue_id, job->evidence->authors[who].domain,
		   names_get(dmarc_result_names, job->verdict->result));
	log_text(LOG_INFO, buf_str(&line));
	buf_done(&line);
}

static void write_log(const struct job *job, bool is_journaled)
{
	struct logline line;

	if (job->settings->log_opendmarc_line)
		log_compatible(job);
	logline_init(&line, arena_printf(job->arena, "%s:", job->queue_id));
	summary_log(&line, job->evidence, job->verdict, job->done);
	if (job->session->ours.n > 0)
		logline_int(&line, "forged_fields", job->session->ours.n);
	if (job->session->put_off > 0)
		logline_int(&line, "put_off", job->session->put_off);
	if (!is_journaled)
		logline_str(&line, "journaled", "no");
	log_line(LOG_INFO, &line);
}

static void count(const struct job *job, sfsistat answer)
{
	bool is_failure = strncmp(job->done, "failed", 6) == 0;

	daemon_count(COUNT_MESSAGES);
	ledger_count(job->verdict, job->evidence->when_ms);
	if (job->evidence->exempt != EXEMPT_NO)
		daemon_count(COUNT_EXEMPT);
	if (is_failure)
		daemon_count(COUNT_FAILED);
	if (job->verdict->left_out)
		daemon_count(COUNT_LEFT_OUT);
	if (answer == SMFIS_REJECT)
		daemon_count(COUNT_REJECTED);
	else if (answer == SMFIS_TEMPFAIL)
		daemon_count(COUNT_TEMPFAILED);
	else if (job->verdict->apply == ACTION_QUARANTINE)
		daemon_count(COUNT_QUARANTINED);
	else
		daemon_count(COUNT_ACCEPTED);
}

static sfsistat unjudged(struct job *job)
{
	log_event(LOG_ERR, "unjudged", "queue_id", job->queue_id, "done", "tempfail", NULL);
	daemon_count(COUNT_FAILED);
	return cannot(job, "tempfail");
}

int publish(struct smfi_str *ctx, struct session *session)
{
	const struct settings *settings = session->state->settings;
	struct job job = {
		.ctx = ctx,
		.session = session,
		.settings = settings,
		.arena = message_arena(session->message),
		.options = {
			.authserv_id = settings->authserv_id,
			.full_addresses = settings->authres_addresses == ADDRESS_FULL,
			.comments = settings->authres_comments,
			.polrec = settings->authres_polrec,
			.enhanced_7_26 = settings->reject_code == REPLY_5_7_26,
		},
	};
	sfsistat answer;

	job.queue_id = clean_queue_id(job.arena, smfi_getsymval(ctx, (char *)"i"));
	job.verdict = message_judge(session->message, tick, &job);
	job.evidence = message_evidence(session->message);
	if (job.verdict == NULL)
		return unjudged(&job);
	answer = act(&job);
	if (job.mta_gone)
		job.done = "failed: the MTA hung up";
	write_log(&job, write_journal(&job));
	count(&job, answer);
	return answer;
}
