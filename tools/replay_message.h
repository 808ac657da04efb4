/* replay_message.h - one stored message: is it one, and its judgement. */
#ifndef TOOLS_REPLAY_MESSAGE_H
#define TOOLS_REPLAY_MESSAGE_H

#include "replay_envelope.h"
#include "replay_walk.h"
#include "tool_judge.h"

/* FAULT_NONE: a message; header and body are set. */
enum replay_fault replay_message_split(struct slice content, struct tool_text *text_r);
/* Fed and decided; message_free() it. */
struct message *replay_message_judge(struct engine *engine, const struct tool_text *text,
				     const struct replay_envelope *envelope,
				     const struct verdict **verdict_r);

#endif
