/* session.h - what is known about one connection of the MTA and the message
 * that it is sending; no libmilter here.
 *
 * Two marked blocks: facts of the connection live until it closes (several
 * messages may follow one another), facts of the message from MAIL until end of
 * message, abort or close. All sessions are on one list, so that the end of the
 * daemon can free what the library forgets. A session is touched by the thread
 * of its connection alone (connections.h).
 */
#ifndef MILTER_SESSION_H
#define MILTER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/netset.h"
#include "daemon.h"
#include "judge/message.h"

struct index_list {             /* which fields of a name, counted from 1 as MTAs do */
	uint32_t *items;
	unsigned n, size;
};

struct session {
	struct session *next, **link;           /* the list of all sessions */

	/* the connection */
	bool lead_space;                        /* values come and go with their leading blank */
	bool counted;                           /* one of limits.connections */
	bool refused;                           /* it was told to try again later */
	struct address client;                  /* family 0: unknown */
	char *client_name;                      /* NULL: unknown */
	bool name_confirmed;
	bool local;                             /* no SMTP client at all */
	char *helo;                             /* NULL: none yet */

	/* the message; `message` NULL between messages */
	struct state *state;
	struct message *message;
	bool eoh_seen;
	uint64_t body_octets;                   /* so far */
	unsigned put_off;                       /* recipients that were told to come separately */
	bool keep_fields;                       /* trusted hop: its fields stay */
	unsigned n_authres, n_quarantine;       /* fields of these names so far */
	struct index_list ours;                 /* Authentication-Results fields to remove */
};

struct session *session_new(void);
void session_free(struct session *session);     /* NULL is allowed */
void session_free_all(void);                    /* at the end of the daemon */

struct client_facts {           /* as the MTA gave them; strings may be NULL */
	struct address address;
	unsigned port;
	bool is_local;                  /* a unix socket's peer */
	const char *host;               /* argument of the connect event */
	const char *client_name, *client_resolve, *underscore;  /* macros */
};
/* Also for the second connect after XCLIENT. False: too many connections. */
bool session_connect(struct session *session, const struct client_facts *facts);
void session_helo(struct session *session, const char *helo);
/* `words`: the address, then ESMTP parameters, ended by NULL. False: the daemon
 * is stopping. */
bool session_mail(struct session *session, char *const *words, bool authenticated);
/* `resolved`: {rcpt_addr}, which may be NULL. */
enum message_rcpt session_rcpt(struct session *session, const char *address, const char *resolved);
void session_header(struct session *session, const char *name, const char *value);
void session_eoh(struct session *session);
/* The next octets; may wait for its turn when the body is large. */
void session_body(struct session *session, const char *data, size_t len);
void session_end_message(struct session *session);      /* also without a message */

#endif
