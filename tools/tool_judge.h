/* tool_judge.h - what check and explain share: settings that may be missing,
 * an engine for one run, and a message read from a file.
 */
#ifndef TOOLS_TOOL_JUDGE_H
#define TOOLS_TOOL_JUDGE_H

#include "judge/engine.h"
#include "judge/message.h"

struct tool_engine {
	struct settings *settings;
	struct engine *engine;
	bool settings_assumed;          /* no settings file: defaults */
	bool key_assumed;               /* sample.key_file could not be read */
};

/* `config` NULL: the usual file, or defaults when it does not exist. `zone`
 * may be NULL. 0, or an exit code after printing why. */
int tool_engine_open(const char *name, const char *config, const char *zone,
		     struct tool_engine *out_r);
void tool_engine_close(struct tool_engine *tool);

/* A whole message: CRLF or LF, an mbox "From " line before it is skipped. */
struct tool_text {
	struct slice header, body;
	char *data;
};
/* `path` NULL: standard input. 0, or an exit code after printing why. */
int tool_text_read(const char *name, const char *path, struct tool_text *out_r);
void tool_text_done(struct tool_text *text);
/* Sets header and body of a message in memory. */
void tool_text_split(struct slice all, struct tool_text *out);
/* Cuts the next field off *header; false at the end. A line that is no field
 * is skipped (and counted in *skipped when that is not NULL). */
bool tool_next_field(struct slice *header, struct slice *name_r, struct slice *value_r,
		     unsigned *skipped);
/* Feeds header and body (line ends become CRLF) to the message. */
void tool_feed(struct message *message, const struct tool_text *text);
void tool_feed_body(struct message *message, struct slice body);

#endif
