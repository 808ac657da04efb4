/* message.h - one message as it arrives: envelope, header fields, body octets.
 *
 * No libmilter here: the daemon, alignctl check, replay, the runners and the
 * fuzzers all come through these calls, in this order. Each starts the look-ups
 * whose names it makes known (SPF at MAIL; keys, walks at their fields). One
 * thread at a time per message. Everything given is copied.
 */
#ifndef JUDGE_MESSAGE_H
#define JUDGE_MESSAGE_H

#include "auth/asker.h"
#include "core/decide.h"
#include "core/evidence.h"
#include "judge/engine.h"

struct arrival {                        /* facts known at MAIL */
	struct address client;          /* family 0: unknown */
	struct slice client_name;       /* as the MTA gave it; len 0 unknown */
	bool client_name_confirmed;
	struct slice helo;
	struct slice mail_from;         /* with or without <> */
	bool smtputf8;
	bool authenticated;             /* SMTP AUTH */
	bool local;                     /* locally submitted: no SMTP client at all */
	int64_t when_ms;                /* UTC, of old mail that is judged again; 0: now */
};

struct message;
struct message *message_new(struct engine *engine, const struct arrival *arrival);
/* A recipient that was not taken leaves no trace and has to be put off (452);
 * never in a dry run: recipients.c. */
enum message_rcpt {
	MESSAGE_RCPT_TAKEN = 0,
	MESSAGE_RCPT_OTHER_RULES,       /* recipients_differ = "split": not the first one's */
	MESSAGE_RCPT_TOO_MANY,          /* groups, where rules may tell them apart */
};
/* `resolved`: what the MTA makes of an address without a domain, such as <user>,
 * <user%example.com>; looked at where rcpt_to has none. May be empty. */
enum message_rcpt message_rcpt(struct message *message, struct slice rcpt_to, struct slice resolved);
/* Name without colon (a trailing blank is cut, RFC 5322 4.5 obsolete syntax),
 * value as it came, with or without its leading blank; folds CRLF or LF. */
void message_header(struct message *message, struct slice name, struct slice value);
void message_eoh(struct message *message);
void message_body(struct message *message, const char *data, size_t len);
void message_free(struct message *message);     /* at any point of its life */

bool message_is_exempt(const struct message *message);
struct arena *message_arena(struct message *message);
const struct evidence *message_evidence(const struct message *message);

/* Waits for what is missing (at most dns.budget_ms; `tick` about every 3 s),
 * completes the evidence and decides: evaluate.c. Once per message. */
const struct verdict *message_judge(struct message *message, asker_tick_fn *tick, void *context);

#endif
