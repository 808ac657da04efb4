/* message_private.h - what message.c and evaluate.c share. */
#ifndef JUDGE_MESSAGE_PRIVATE_H
#define JUDGE_MESSAGE_PRIVATE_H

#include "auth/auth_spf.h"
#include "judge/message.h"

struct signer {                         /* a d= whose walk was started */
	const char *domain;
	struct org org;
	struct message *message;
};

struct author_task;

struct message {
	struct arena *arena;
	struct engine *engine;
	struct asker *asker;            /* NULL: exempt, nothing is asked */
	struct auth_dkim *dkim;
	struct evidence evidence;
	struct verdict verdict;
	struct spf_question spf_question;
	bool spf_done;                  /* only its org is missing */
	struct slice mail_from;
	struct slice from_body;         /* the first From field's */
	struct slice message_id;        /* of the first Message-ID field, for the draw */
	struct signer *signers;
	unsigned n_signers;
	struct author_task *author_tasks;
	bool eoh_seen, judged;
};

#endif
