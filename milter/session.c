#include "session.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/authres.h"
#include "log.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct session *all;
static unsigned n_counted;

/* Large bodies take turns, so that many at once leave half of the processors to
 * ordinary messages; a turn is one packet of body, at most 1 MB, mostly 64 kB. */
static sem_t turns;
static pthread_once_t turns_once = PTHREAD_ONCE_INIT;

struct session *session_new(void)
{
	struct session *session = mem_zalloc(sizeof(*session));

	session->lead_space = true;
	pthread_mutex_lock(&lock);
	session->next = all;
	session->link = &all;
	if (all != NULL)
		all->link = &session->next;
	all = session;
	pthread_mutex_unlock(&lock);
	return session;
}

static void forget_connection(struct session *session)
{
	free(session->client_name);
	free(session->helo);
	session->client_name = NULL;
	session->helo = NULL;
	session->name_confirmed = session->local = session->refused = false;
	memset(&session->client, 0, sizeof(session->client));
}

void session_free(struct session *session)
{
	if (session == NULL)
		return;
	session_end_message(session);
	forget_connection(session);
	pthread_mutex_lock(&lock);
	*session->link = session->next;
	if (session->next != NULL)
		session->next->link = session->link;
	if (session->counted)
		n_counted--;
	pthread_mutex_unlock(&lock);
	free(session->ours.items);
	free(session);
}

void session_free_all(void)
{
	while (all != NULL)
		session_free(all);
}

/* Takes one of the `limit` places, once per connection. */
static bool take_place(struct session *session, unsigned limit)
{
	bool has_place;

	pthread_mutex_lock(&lock);
	if (!session->counted && n_counted < limit) {
		session->counted = true;
		n_counted++;
	}
	has_place = session->counted;
	pthread_mutex_unlock(&lock);
	return has_place;
}

static bool has_name(const char *host)
{
	return host != NULL && host[0] != '\0' && host[0] != '[' && strcmp(host, "unknown") != 0;
}

/* The MTA looked the address up, and the name back: Postfix then gives the name
 * and otherwise "unknown"; Sendmail gives [address] or says in
 * {client_resolve} or {_} that the name may be forged. */
static bool is_confirmed(const struct client_facts *facts)
{
	if (!has_name(facts->host))
		return false;
	if (facts->client_resolve != NULL && strcmp(facts->client_resolve, "OK") != 0)
		return false;
	if (facts->underscore != NULL && strstr(facts->underscore, "(may be forged)") != NULL)
		return false;
	return facts->client_name == NULL || strcmp(facts->client_name, "unknown") != 0;
}

/* Postfix gives mail without an SMTP client (non_smtpd_milters) the client
 * 127.0.0.1, or ::1, and port 0; a real client on loopback has a port. */
static bool is_submitted_locally(const struct client_facts *facts)
{
	static const uint8_t v4[4] = { 127, 0, 0, 1 }, v6[16] = { [15] = 1 };
	const struct address *address = &facts->address;

	if (facts->is_local)
		return true;
	if (facts->port != 0 || facts->host == NULL || strcmp(facts->host, "localhost") != 0)
		return false;
	return (address->family == 4 && memcmp(address->octets, v4, sizeof(v4)) == 0) ||
	       (address->family == 6 && memcmp(address->octets, v6, sizeof(v6)) == 0);
}

/* Said once a minute: the log must not grow with what it warns of. */
static void say_limit(unsigned limit)
{
	static _Atomic int64_t next_ms;
	struct logline line;

	if (!clock_is_due(&next_ms, LOG_SAY_MS))
		return;
	logline_init(&line, "event=connections");
	logline_str(&line, "problem", "all places are taken, the MTA is told to try again later");
	logline_int(&line, "limit", limit);
	log_line(LOG_WARNING, &line);
}

static char *bounded_copy(const char *text, size_t limit)
{
	return text != NULL && text[0] != '\0' ? mem_strndup(text, strnlen(text, limit)) : NULL;
}

bool session_connect(struct session *session, const struct client_facts *facts)
{
	struct state *state = daemon_state();
	bool has_place = take_place(session, state->settings->connections);

	if (!has_place)
		say_limit(state->settings->connections);
	state_unref(state);
	session_end_message(session);
	forget_connection(session);
	session->refused = !has_place;
	session->client = facts->address;
	if (has_name(facts->host))
		session->client_name = bounded_copy(facts->host, LIMIT_HELO_OCTETS);
	session->name_confirmed = is_confirmed(facts);
	session->local = is_submitted_locally(facts);
	return has_place;
}

void session_helo(struct session *session, const char *helo)
{
	free(session->helo);
	session->helo = bounded_copy(helo, LIMIT_HELO_OCTETS);
}

static bool has_word(char *const *words, const char *wanted)
{
	for (unsigned i = 1; words[0] != NULL && words[i] != NULL; i++)
		if (slice_is_nocase(slice_of(words[i]), wanted))
			return true;
	return false;
}

bool session_mail(struct session *session, char *const *words, bool authenticated)
{
	struct arrival arrival = {
		.client = session->client,
		.client_name = slice_of(session->client_name),
		.client_name_confirmed = session->name_confirmed,
		.helo = slice_of(session->helo),
		.mail_from = slice_of(words[0]),
		.smtputf8 = has_word(words, "SMTPUTF8"),
		.authenticated = authenticated,
		.local = session->local,
	};

	session_end_message(session);
	if (!daemon_begin_message())
		return false;
	session->state = daemon_state();
	session->keep_fields = netset_has(session->state->settings->trusted_hops, &session->client);
	session->message = message_new(session->state->engine, &arrival);
	return true;
}

enum message_rcpt session_rcpt(struct session *session, const char *address, const char *resolved)
{
	enum message_rcpt answer = message_rcpt(session->message, slice_of(address), slice_of(resolved));

	if (answer != MESSAGE_RCPT_TAKEN)
		session->put_off++;
	return answer;
}

static void note_index(struct index_list *list, uint32_t index)
{
	if (list->n == list->size) {
		list->size = list->size > 0 ? 2 * list->size : 16;
		list->items = mem_realloc(list->items, list->size * sizeof(*list->items));
	}
	list->items[list->n++] = index;
}

static bool claims_our_id(const struct settings *settings, struct slice value)
{
	const char *const *strip = settings->authres_strip_ids.items;

	return authres_is_ours(value, &settings->authserv_id, 1) ||
	       (settings->authres_strip_ids.n > 0 &&
		authres_is_ours(value, strip, settings->authres_strip_ids.n));
}

/* MTAs count the fields of a name without regard to case, and that count is
 * how a field is named when it is deleted: every one counts, kept or not. */
void session_header(struct session *session, const char *name, const char *value)
{
	const struct settings *settings = session->state->settings;
	struct slice field = slice_trim_wsp(slice_of(name));

	if (slice_is_nocase(field, AUTHRES_NAME)) {
		session->n_authres++;
		if (claims_our_id(settings, slice_of(value)))
			note_index(&session->ours, session->n_authres);
	} else if (slice_is_nocase(field, settings->quarantine_header)) {
		session->n_quarantine++;
	}
	message_header(session->message, slice_of(name), slice_of(value));
}

void session_eoh(struct session *session)
{
	if (session->eoh_seen)
		return;
	session->eoh_seen = true;
	message_eoh(session->message);
}

static void make_turns(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	sem_init(&turns, 0, processors > 3 ? (unsigned)processors / 2 : 1);
}

void session_body(struct session *session, const char *data, size_t len)
{
	bool takes_turns = session->body_octets > LIMIT_PLAIN_BODY;

	session_eoh(session);           /* an MTA may leave it out */
	session->body_octets += len;
	if (takes_turns) {
		pthread_once(&turns_once, make_turns);
		while (sem_wait(&turns) < 0)
			;               /* a signal, at most */
	}
	message_body(session->message, data, len);
	if (takes_turns)
		sem_post(&turns);
}

void session_end_message(struct session *session)
{
	if (session->message != NULL) {
		message_free(session->message);
		daemon_end_message();
	}
	session->message = NULL;
	state_unref(session->state);
	session->state = NULL;
	session->eoh_seen = session->keep_fields = false;
	session->n_authres = session->n_quarantine = session->put_off = 0;
	session->body_octets = 0;
	session->ours.n = 0;
}
