/* logline.h - builds one log line of key=value pairs; writes nothing itself.
 *
 * Values that are not plain printable ASCII words are quoted, with `"` and `\`
 * escaped and every octet outside printable ASCII written as \xHH, so no
 * stranger can end the line or add a pair. The line is cut at LIMIT_LOG_LINE
 * at a pair's boundary and then ends in " truncated=yes".
 */
#ifndef BASE_LOGLINE_H
#define BASE_LOGLINE_H

#include "base/buf.h"

struct logline {
	struct buf text;
};

/* `head` is ours (a queue id with its colon, an event's name). */
void logline_init(struct logline *line, const char *head);
void logline_done(struct logline *line);
void logline_str(struct logline *line, const char *key, const char *value);   /* NULL: left out */
void logline_slice(struct logline *line, const char *key, struct slice value);
void logline_int(struct logline *line, const char *key, long long value);
const char *logline_text(struct logline *line);  /* finishes the line; valid until done */

#endif
