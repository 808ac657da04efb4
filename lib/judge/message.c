#include "judge/message.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "auth/idna.h"
#include "base/mem.h"
#include "judge/evaluate.h"
#include "judge/message_private.h"
#include "judge/relay.h"
#include "judge/shares.h"
#include "judge/signers.h"

/* A fold is at most CR LF before the octet that stays: a field that is cut here
 * is over the limit when it is unfolded, and never a part that looks whole. */
#define FROM_KEPT (3 * LIMIT_FROM_OCTETS + 1)

struct author_task {
	struct message *message;
	struct author *author;
};

/* A bounded copy of raw text; an octet NUL, which no MTA passes on, becomes `?`. */
static const char *raw_copy(struct arena *arena, struct slice text, size_t limit)
{
	char *copy;

	text = slice_until(text, limit);
	copy = arena_strndup(arena, text.data, text.len);
	for (size_t i = 0; i < text.len; i++)
		if (copy[i] == '\0')
			copy[i] = '?';
	return copy;
}

static enum exemption exemption_of(const struct settings *settings, const struct arrival *arrival)
{
	if (arrival->local)
		return EXEMPT_LOCAL;
	if (arrival->authenticated && settings->exempt_authenticated)
		return EXEMPT_AUTHENTICATED;
	if (netset_has(settings->exempt_networks, &arrival->client))
		return EXEMPT_NETWORK;
	return EXEMPT_NO;
}

/* SRS0=..., SRS1=... with any of the separators in use. */
static bool is_srs(struct slice local)
{
	return local.len > 5 && (slice_starts_nocase(local, "SRS0") ||
				 slice_starts_nocase(local, "SRS1")) &&
	       strchr("=+-", local.data[4]) != NULL;
}

static void take_sender(struct message *m, struct slice mail_from)
{
	struct sender *sender = &m->evidence.sender;
	char domain[DOMAIN_SIZE];
	struct path path;

	m->mail_from = arena_slice(m->arena, slice_until(mail_from, LIMIT_SENDER_OCTETS));
	if (mail_from.len > LIMIT_SENDER_OCTETS) {
		sender->status = PATH_UNUSABLE;
		sender->reason = "envelope sender is too long";
		return;
	}
	path_parse(m->arena, m->mail_from, &path);
	sender->status = path.status;
	sender->reason = path.reason;
	if (path.status != PATH_NULL && path.status != PATH_UNUSABLE)
		sender->local = raw_copy(m->arena, path.local, LIMIT_SENDER_OCTETS);
	if (path.status != PATH_MAILBOX)
		return;
	m->evidence.marks.srs = is_srs(path.local);
	if (idna_to_domain(path.domain, domain)) {
		sender->domain = arena_strdup(m->arena, domain);
	} else {
		sender->status = PATH_UNUSABLE;
		sender->reason = "the domain of the envelope sender is not valid";
	}
}

/* A HELO name counts as a domain when it has a dot and is no literal
 * (RFC 7208 2.3). */
static const char *helo_domain(struct arena *arena, struct slice helo)
{
	char domain[DOMAIN_SIZE];
	struct address address;

	if (idna_to_domain(helo, domain) && strchr(domain, '.') != NULL &&
	    !address_parse(slice_of(domain), &address))
		return arena_strdup(arena, domain);
	return NULL;
}

void message_set_client(struct message *m, const struct arrival *arrival)
{
	struct evidence *e = &m->evidence;
	char text[ADDRESS_TEXT_SIZE];

	m->client = arrival->client;
	e->client_ip = e->client_name = NULL;
	if (arrival->client.family != 0) {
		address_format(&arrival->client, text);
		e->client_ip = arena_strdup(m->arena, text);
	}
	if (arrival->client_name.len > 0)
		e->client_name = raw_copy(m->arena, arrival->client_name, LIMIT_HELO_OCTETS);
	e->client_name_confirmed = arrival->client_name_confirmed;
	e->helo = raw_copy(m->arena, arrival->helo, LIMIT_HELO_OCTETS);
	e->helo_domain = helo_domain(m->arena, arrival->helo);
}

static bool spf_task(struct asker *asker, void *context)
{
	struct message *m = context;

	return auth_spf_check(asker, &m->spf_question, &m->evidence.spf);
}

static bool policy_task(struct asker *asker, void *context)
{
	struct author_task *task = context;

	return discover_policy(asker, &task->message->engine->discover, task->author->domain,
			       &task->author->policy);
}

/* What verifying may cost, signatures and chain together: eight usual keys more than
 * all signatures may, or what the longest chain needs. */
static unsigned most_effort(const struct settings *settings)
{
	unsigned signatures = settings->dkim_max_signatures + 8, chain = settings->arc_max_sets + 4;

	return signatures > chain ? signatures : chain;
}

static void open_arc(struct message *m)
{
	const struct settings *settings = m->engine->settings;
	struct auth_arc_options options = {
		.max_sets = settings->arc_max_sets,
		.minimum_key_bits = settings->dkim_minimum_key_bits,
		.accept_surplus = settings->dkim_accept_surplus,
		.effort = most_effort(settings),
	};

	if (settings->arc_check)
		m->arc = auth_arc_new(m->engine->keys, m->asker, m->arena, &options);
}

static void open_asker(struct message *m)
{
	const struct settings *settings = m->engine->settings;
	struct asker_limits limits = {
		.timeout_ms = settings->dns_timeout_ms, .max_lookups = settings->dns_max_lookups,
	};
	struct auth_dkim_options options = {
		.max_signatures = settings->dkim_max_signatures,
		.minimum_key_bits = settings->dkim_minimum_key_bits,
		.accept_surplus = settings->dkim_accept_surplus,
	};

	m->asker = asker_new(m->engine->resolver, &limits);
	shares_begin(m);
	m->dkim = auth_dkim_new(m->engine->keys, m->asker, m->arena, &options);
	open_arc(m);
}

/* SPF, and the names of its domain's walk that the author's are likely to share. */
void message_start_spf(struct message *m)
{
	struct evidence *e = &m->evidence;
	const char *domain = e->sender.domain != NULL ? e->sender.domain : e->helo_domain;

	m->spf_question = (struct spf_question){
		.client = m->client, .helo = e->helo, .helo_domain = e->helo_domain,
		.sender = &e->sender, .receiver = m->engine->settings->authserv_id,
		.client_unknown = e->relay.unread,
	};
	asker_set_purpose(m->asker, ASKER_SPF, domain != NULL ? domain : "");
	asker_add(m->asker, spf_task, m);
	if (domain == NULL || m->client.family == 0)
		return;
	asker_set_purpose(m->asker, ASKER_SIGNERS, domain);
	discover_want_shortest(m->asker, &m->engine->discover, domain, SHARES_EARLY_WALK);
}

/* Nothing may be left that points into the asker's memory. */
void message_become_exempt(struct message *m)
{
	struct evidence *e = &m->evidence;

	e->lookups = asker_lookups(m->asker);
	auth_arc_free(m->arc);
	auth_dkim_free(m->dkim);
	asker_free(m->asker);
	m->arc = NULL;
	m->dkim = NULL;
	m->asker = NULL;
	e->exempt = EXEMPT_NETWORK;
	e->from = FROM_UNSET;
	e->from_reason = NULL;
	e->from_fields = e->n_authors = 0;
	memset(e->authors, 0, sizeof(e->authors));
	e->marks = (struct marks){ .srs = e->marks.srs };
}

/* What is known at MAIL is asked at MAIL: SPF, unless a relay of ours stands
 * between the client and us. */
struct message *message_new(struct engine *engine, const struct arrival *arrival)
{
	struct message *m = mem_zalloc(sizeof(*m));

	m->arena = arena_new();
	m->engine = engine_ref(engine);
	m->evidence.exempt = exemption_of(engine->settings, arrival);
	m->evidence.smtputf8 = arrival->smtputf8;
	m->evidence.when_ms = arrival->when_ms;
	m->evidence.recipient_domains = ARENA_ARRAY(m->arena, const char *, LIMIT_RECIPIENT_DOMAINS);
	m->evidence.recipient_rules = ARENA_ARRAY(m->arena, const char *, LIMIT_RECIPIENT_DOMAINS);
	message_set_client(m, arrival);
	take_sender(m, arrival->mail_from);
	if (m->evidence.exempt == EXEMPT_NO) {
		open_asker(m);
		if (!relay_begin(m, &arrival->client))
			message_start_spf(m);
	}
	return m;
}

/* Every walk name of every author is asked now; the tasks read the answers in
 * their order and ask what depends on them. */
static void on_from(struct message *m, struct slice value)
{
	struct evidence *e = &m->evidence;

	if (e->from_fields > 0) {
		/* tasks of the first field may still be running: authors[] stays */
		e->from_fields++;
		e->from = FROM_REPEATED;
		e->from_reason = from_status_phrase(FROM_REPEATED);
		return;
	}
	m->from_body = arena_slice(m->arena, slice_until(value, FROM_KEPT));
	evaluate_from(e, m->arena, 1, m->from_body);
	m->author_tasks = ARENA_ARRAY(m->arena, struct author_task, LIMIT_AUTHORS);
	for (unsigned i = 0; i < e->n_authors; i++) {
		asker_set_purpose(m->asker, ASKER_POLICY, e->authors[i].domain);
		discover_want(m->asker, &m->engine->discover, e->authors[i].domain);
		m->author_tasks[i] = (struct author_task){ m, &e->authors[i] };
		asker_add(m->asker, policy_task, &m->author_tasks[i]);
	}
}

static void on_message_id(struct message *m, struct slice value)
{
	if (m->message_id.data == NULL)
		m->message_id = arena_slice(m->arena, slice_until(value, LIMIT_FROM_OCTETS));
}

static void on_list_id(struct message *m, struct slice value)
{
	if (m->evidence.marks.list_id == NULL)
		m->evidence.marks.list_id = raw_copy(m->arena, slice_trim(value, " \t\r\n"),
						     LIMIT_HELO_OCTETS);
}

static void on_precedence(struct message *m, struct slice value)
{
	struct marks *marks = &m->evidence.marks;

	value = slice_trim(value, " \t\r\n");
	marks->precedence_list |= slice_is_nocase(value, "list");
	marks->precedence_bulk |= slice_is_nocase(value, "bulk");
}

static void on_auto_submitted(struct message *m, struct slice value)
{
	if (!slice_starts_nocase(slice_trim(value, " \t\r\n"), "no"))
		m->evidence.marks.auto_submitted = true;
}

static void on_arc_seal(struct message *m, struct slice value)
{
	(void)value;
	m->evidence.marks.arc_fields++;
}

/* Marks of lists and forwarding whose names begin alike (RFC 2369, 5322 3.6.6). */
static void on_prefix(struct message *m, struct slice name)
{
	struct marks *marks = &m->evidence.marks;

	if (slice_starts_nocase(name, "Resent-"))
		marks->resent = true;
	else if (slice_is_nocase(name, "List-Post"))
		marks->list_post = true;
	else if (slice_is_nocase(name, "List-Unsubscribe") ||
		 slice_is_nocase(name, "List-Unsubscribe-Post"))
		marks->list_unsubscribe = true;
	else if (slice_starts_nocase(name, "List-") && !slice_is_nocase(name, "List-Id"))
		marks->list_other = true;
}

static const struct field_row {
	const char *name;
	void (*take)(struct message *m, struct slice value);
} field_rows[] = {
	{ "From", on_from }, { "Message-ID", on_message_id }, { "List-Id", on_list_id },
	{ "Precedence", on_precedence }, { "Auto-Submitted", on_auto_submitted },
	{ "ARC-Seal", on_arc_seal }, { "Received", relay_received },
};

void message_header(struct message *m, struct slice name, struct slice value)
{
	m->evidence.header_fields++;
	if (m->evidence.exempt != EXEMPT_NO)
		return;
	auth_dkim_header(m->dkim, name, value);
	name = slice_trim_wsp(name);            /* RFC 5322 4.5: "From :" is From */
	for (size_t i = 0; i < sizeof(field_rows) / sizeof(field_rows[0]); i++)
		if (slice_is_nocase(name, field_rows[i].name)) {
			field_rows[i].take(m, value);
			return;
		}
	on_prefix(m, name);
}

void message_eoh(struct message *m)
{
	struct evidence *e = &m->evidence;

	assert(!m->eoh_seen);
	m->eoh_seen = true;
	if (e->exempt != EXEMPT_NO)
		return;
	relay_end(m);
	if (e->from_fields == 0)
		evaluate_from(e, m->arena, 0, slice_of(""));
	if (m->arc != NULL)
		auth_arc_eoh(m->arc, auth_dkim_fields(m->dkim), &e->arc);
	shares_end(m);
	auth_dkim_eoh(m->dkim, e->from == FROM_OK ? e->authors[0].domain : NULL);
	signers_start(m);
	if (m->arc != NULL)
		auth_arc_ask(m->arc);
	signers_start_claims(m);
}

void message_body(struct message *m, const char *data, size_t len)
{
	m->evidence.body_bytes += len;
	if (m->dkim != NULL)
		auth_dkim_body(m->dkim, data, len);
	if (m->arc != NULL)
		auth_arc_body(m->arc, data, len);
}

void message_free(struct message *m)
{
	if (m == NULL)
		return;
	auth_arc_free(m->arc);
	auth_dkim_free(m->dkim);
	asker_free(m->asker);
	engine_unref(m->engine);
	arena_free(m->arena);
	free(m);
}

bool message_is_exempt(const struct message *m)
{
	return m->evidence.exempt != EXEMPT_NO;
}

struct arena *message_arena(struct message *m)
{
	return m->arena;
}

const struct evidence *message_evidence(const struct message *m)
{
	return &m->evidence;
}
