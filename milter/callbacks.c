#include "callbacks.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include <libmilter/mfapi.h>

#include "base/clock.h"
#include "daemon.h"
#include "log.h"
#include "packet.h"
#include "publish.h"
#include "session.h"

/* Longest wait for the MTA's next command. Sendmail lets an SMTP client take an
 * hour for one (Timeout.command, Timeout.datablock). */
#define COMMAND_TIMEOUT_S 3700

#define STOPPING "mail filter is restarting, try again later"
#define OTHER_RULES "recipients of this message have different rules, please send them separately"
#define TOO_MANY_GROUPS "too many recipients with different rules, please send them separately"
#define TOO_MANY "too many connections to the mail filter, try again later"

#define WANTED_ACTIONS (SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE)
/* Connect and MAIL may be told to try later, and so may a recipient whose rules
 * are not the others'; the settings that say so can come by a reload, when the
 * connection has been negotiated. The last part of the body may come
 * with the end of message, and then the library ends the message without its
 * end and without an answer when on_body() gives none. */
#define UNIX_NO_REPLY (SMFIP_NR_HELO | SMFIP_NR_HDR | SMFIP_NR_EOH)

static unsigned long no_reply_steps;    /* by kind of socket; set before any thread */

/* Every call-back begins with this; what reads the next packet leaves. NULL: the
 * daemon is over. */
static struct session *enter(SMFICTX *ctx)
{
	struct session *session;

	if (!daemon_enter())
		return NULL;
	session = smfi_getpriv(ctx);
	if (session == NULL) {
		session = session_new();
		smfi_setpriv(ctx, session);
	}
	return session;
}

static sfsistat go_on(unsigned long step)
{
	return (no_reply_steps & step) != 0 ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

/* The daemon is over: where nothing may be said, the next step is refused. */
static sfsistat too_late(unsigned long step)
{
	return (no_reply_steps & step) != 0 ? SMFIS_NOREPLY : SMFIS_TEMPFAIL;
}

static sfsistat try_later(SMFICTX *ctx, const char *why)
{
	daemon_count(COUNT_REFUSED);
	/* libmilter copies the texts; it takes no const. */
	smfi_setreply(ctx, (char *)"451", (char *)"4.3.2", (char *)why);
	return SMFIS_TEMPFAIL;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
			     unsigned long unused2, unsigned long unused3,
			     unsigned long *actions_r, unsigned long *steps_r,
			     unsigned long *unused2_r, unsigned long *unused3_r)
{
	static _Atomic int64_t next_ms;
	struct session *session = enter(ctx);

	(void)unused2;
	(void)unused3;
	if (session == NULL) {
		/* The connection itself is told to try later. Anything but
		 * SMFIS_CONTINUE is a fault that the library logs. */
		*actions_r = *unused2_r = *unused3_r = 0;
		*steps_r = no_reply_steps;
		return SMFIS_CONTINUE;
	}
	session->lead_space = (steps & SMFIP_HDR_LEADSPC) != 0;
	*actions_r = actions & (WANTED_ACTIONS | SMFIF_SETSYMLIST);
	*steps_r = (*steps_r & ~SMFIP_SKIP) | no_reply_steps | (steps & SMFIP_HDR_LEADSPC);
	*unused2_r = *unused3_r = 0;
	if ((actions & SMFIF_SETSYMLIST) != 0) {
		smfi_setsymlist(ctx, SMFIM_CONNECT, (char *)"j _ {client_name} {client_resolve}");
		smfi_setsymlist(ctx, SMFIM_ENVFROM, (char *)"i {auth_authen} {auth_type}");
		smfi_setsymlist(ctx, SMFIM_ENVRCPT, (char *)"{rcpt_addr}");
		smfi_setsymlist(ctx, SMFIM_EOM, (char *)"i");
		smfi_setsymlist(ctx, SMFIM_EOH, (char *)"i");
	}
	if ((actions & WANTED_ACTIONS) != WANTED_ACTIONS && clock_is_due(&next_ms, LOG_SAY_MS))
		log_event(LOG_WARNING, "negotiate",
			  "problem", "the MTA does not let this filter change header fields and quarantine", NULL);
	return SMFIS_CONTINUE;
}

static void address_of(const struct sockaddr *from, struct client_facts *facts)
{
	if (from == NULL)
		return;
	if (from->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)from;

		facts->address.family = 4;
		memcpy(facts->address.octets, &in->sin_addr, 4);
		facts->port = ntohs(in->sin_port);
	} else if (from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)from;
		bool is_mapped = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);

		facts->address.family = is_mapped ? 4 : 6;
		memcpy(facts->address.octets, in6->sin6_addr.s6_addr + (is_mapped ? 12 : 0),
		       is_mapped ? 4 : 16);
		facts->port = ntohs(in6->sin6_port);
	} else if (from->sa_family == AF_UNIX) {
		facts->is_local = true;
	}
}

static sfsistat on_connect(SMFICTX *ctx, char *host, struct sockaddr *from)
{
	struct session *session = enter(ctx);
	struct client_facts facts = {
		.host = host,
		.client_name = smfi_getsymval(ctx, (char *)"{client_name}"),
		.client_resolve = smfi_getsymval(ctx, (char *)"{client_resolve}"),
		.underscore = smfi_getsymval(ctx, (char *)"_"),
	};

	if (session == NULL)
		return SMFIS_TEMPFAIL;
	address_of(from, &facts);
	if (daemon_is_stopping())
		return try_later(ctx, STOPPING);
	if (!session_connect(session, &facts))
		return try_later(ctx, TOO_MANY);
	return SMFIS_CONTINUE;
}

static sfsistat on_helo(SMFICTX *ctx, char *helo)
{
	struct session *session = enter(ctx);

	if (session == NULL)
		return too_late(SMFIP_NR_HELO);
	session_helo(session, helo);
	return go_on(SMFIP_NR_HELO);
}

static bool has_macro(SMFICTX *ctx, const char *name)
{
	const char *value = smfi_getsymval(ctx, (char *)name);

	return value != NULL && value[0] != '\0';
}

static sfsistat on_mail(SMFICTX *ctx, char **words)
{
	struct session *session = enter(ctx);
	bool is_authenticated;

	if (session == NULL)
		return SMFIS_TEMPFAIL;
	if (session->refused)
		return try_later(ctx, TOO_MANY);
	is_authenticated = has_macro(ctx, "{auth_authen}") || has_macro(ctx, "{auth_type}");
	if (!session_mail(session, words, is_authenticated))
		return try_later(ctx, STOPPING);
	return SMFIS_CONTINUE;
}

/* RFC 5321 4.5.3.1.10: the client sends the rest in a transaction of its own. */
static sfsistat put_off(SMFICTX *ctx, const char *why)
{
	smfi_setreply(ctx, (char *)"452", (char *)"4.5.3", (char *)why);
	return SMFIS_TEMPFAIL;
}

static sfsistat on_rcpt(SMFICTX *ctx, char **words)
{
	struct session *session = enter(ctx);

	if (session == NULL)
		return SMFIS_TEMPFAIL;
	if (session->message == NULL)
		return SMFIS_CONTINUE;
	switch (session_rcpt(session, words[0], smfi_getsymval(ctx, (char *)"{rcpt_addr}"))) {
	case MESSAGE_RCPT_TAKEN:
		break;
	case MESSAGE_RCPT_OTHER_RULES:
		return put_off(ctx, OTHER_RULES);
	case MESSAGE_RCPT_TOO_MANY:
		return put_off(ctx, TOO_MANY_GROUPS);
	}
	return SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *session = enter(ctx);

	if (session == NULL)
		return too_late(SMFIP_NR_HDR);
	if (session->message != NULL)
		session_header(session, name, value);
	return go_on(SMFIP_NR_HDR);
}

static sfsistat on_eoh(SMFICTX *ctx)
{
	struct session *session = enter(ctx);

	if (session == NULL)
		return too_late(SMFIP_NR_EOH);
	if (session->message != NULL)
		session_eoh(session);
	return go_on(SMFIP_NR_EOH);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *data, size_t len)
{
	struct session *session = enter(ctx);

	if (session == NULL)
		return SMFIS_TEMPFAIL;
	if (session->message != NULL)
		session_body(session, (const char *)data, len);
	return SMFIS_CONTINUE;
}

static sfsistat on_eom(SMFICTX *ctx)
{
	static _Atomic int64_t next_ms;
	struct session *session = enter(ctx);
	sfsistat answer;

	if (session == NULL)
		return SMFIS_TEMPFAIL;
	if (session->message == NULL) {
		if (clock_is_due(&next_ms, LOG_SAY_MS))
			log_event(LOG_ERR, "message", "problem",
				  "end of a message that was never begun", NULL);
		return SMFIS_TEMPFAIL;
	}
	session_eoh(session);
	answer = publish(ctx, session);
	session_end_message(session);
	return answer;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct session *session = enter(ctx);

	if (session == NULL)
		return SMFIS_CONTINUE;
	session_end_message(session);
	return SMFIS_CONTINUE;
}

/* Also without an abort before it: the library closes idle connections so. The
 * last of a connection, and nothing is answered. */
static sfsistat on_close(SMFICTX *ctx)
{
	if (daemon_enter())
		session_free(smfi_getpriv(ctx));
	smfi_setpriv(ctx, NULL);
	daemon_leave();
	return SMFIS_CONTINUE;
}

/* The library sends small packets and has no way to say how; a socket that is
 * accepted inherits the option. The only listening descriptor is the library's. */
static void set_nodelay(void)
{
	int listens, one = 1;
	socklen_t len = sizeof(listens);

	for (int fd = 3; fd < 256; fd++)
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens != 0)
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

int callbacks_open(const char *spec, bool is_unix, const char **error_r)
{
	struct smfiDesc filter = {
		.xxfi_name = (char *)"alignd",
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = WANTED_ACTIONS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_eoh,
		.xxfi_body = on_body,
		.xxfi_eom = on_eom,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};

	no_reply_steps = is_unix ? UNIX_NO_REPLY : 0;
	smfi_setmaxdatasize(PACKET_OCTETS);
	smfi_settimeout(COMMAND_TIMEOUT_S);
	if (smfi_register(filter) != MI_SUCCESS) {
		*error_r = "libmilter at run time does not fit the one alignd was built with";
		return -1;
	}
	if (smfi_setconn((char *)spec) != MI_SUCCESS || smfi_opensocket(is_unix) != MI_SUCCESS) {
		*error_r = "the socket cannot be opened";
		return -1;
	}
	if (!is_unix)
		set_nodelay();
	return 0;
}

static void *run_library(void *unused)
{
	(void)unused;
	smfi_main();            /* returns only when it cannot go on */
	daemon_fail("libmilter stopped serving");
	return NULL;
}

int callbacks_start(const char **error_r)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_library, NULL) != 0) {
		*error_r = "no thread could be started";
		return -1;
	}
	pthread_detach(thread);
	return 0;
}
