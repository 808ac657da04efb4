/* message_private.h - what the files of this folder that work on a message share. */
#ifndef JUDGE_MESSAGE_PRIVATE_H
#define JUDGE_MESSAGE_PRIVATE_H

#include "auth/auth_arc.h"
#include "auth/auth_spf.h"
#include "judge/message.h"

struct signer;                          /* signers.c */
struct author_task;

struct message {
	struct arena *arena;
	struct engine *engine;
	struct asker *asker;            /* NULL: exempt, nothing is asked */
	struct auth_dkim *dkim;
	struct auth_arc *arc;           /* NULL too with arc.check = false */
	struct evidence evidence;
	struct verdict verdict;
	struct address client;          /* in front of our relays; family 0: unknown */
	struct spf_question spf_question;
	bool relay_awaited;             /* the next Received field is a relay's of ours (relay.h) */
	const char *recipient_key;      /* rules of the first recipient; NULL: none yet */
	struct slice mail_from;
	struct slice from_body;         /* the first From field's */
	struct slice message_id;        /* of the first Message-ID field, for the draw */
	struct signer *signers;
	unsigned n_signers;
	struct author_task *author_tasks;
	bool eoh_seen, judged;
};

/* Client, its name and HELO: of `arrival`, nothing else of it. */
void message_set_client(struct message *message, const struct arrival *arrival);
/* Once, when client and HELO are known or known to stay unknown. */
void message_start_spf(struct message *message);
/* Found out late: what was asked is dropped, and what was seen of the content. */
void message_become_exempt(struct message *message);

#endif
