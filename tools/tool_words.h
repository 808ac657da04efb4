/* tool_words.h - words for a verdict that check and show share. */
#ifndef TOOLS_TOOL_WORDS_H
#define TOOLS_TOOL_WORDS_H

#include "core/decide.h"

/* Which step chose, and the setting behind it. */
const char *tool_why(enum why why);
const char *tool_method(enum discovery_method method);

#endif
