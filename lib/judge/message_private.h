/* message_private.h - what message.c and evaluate.c share. */
#ifndef JUDGE_MESSAGE_PRIVATE_H
#define JUDGE_MESSAGE_PRIVATE_H

#include "auth/auth_spf.h"
#include "judge/message.h"

struct message {
	struct arena *arena;
	struct engine *engine;
	struct asker *asker;
	struct auth_dkim *dkim;
	struct evidence evidence;
	struct verdict verdict;
	struct spf_question spf_question;
	struct slice from_body;         /* the first From field's */
	struct slice message_id;        /* of the first Message-ID field, for the draw */
	bool eoh_seen, judged;
};

#endif
