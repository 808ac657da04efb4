/* tool_words.h - words for evidence and verdict that check and show share. Texts
 * are in the arena; what strangers wrote is escaped. */
#ifndef TOOLS_TOOL_WORDS_H
#define TOOLS_TOOL_WORDS_H

#include "core/decide.h"

/* Which step chose, and the setting behind it. */
const char *tool_why(enum why why);
const char *tool_method(enum discovery_method method);
/* "pass, 2 sets", "fail: why". */
const char *tool_arc(struct arena *arena, const struct arc_evidence *arc);
/* Who sealed the set of this instance, and what that sealer says. */
const char *tool_arc_set(struct arena *arena, const struct arc_evidence *arc, unsigned instance);
/* Names with ", " between. */
const char *tool_signals(struct arena *arena, unsigned mask);
/* One group of recipients: who, what were chosen for it alone, and why. */
const char *tool_recipient(struct arena *arena, const struct evidence *evidence,
			   const struct verdict *verdict, unsigned group);

#endif
