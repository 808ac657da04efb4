/* log.h - the one place that writes to the log: syslog, or standard error in
 * the foreground.
 *
 * A message's line is made by publish.c, everything else is an event: one line
 * "event=NAME key=value ...", escaped by base/logline.h. In the foreground a
 * line goes to standard error, with the "<N>" priority in front when that is
 * the journal's stream (then its facility comes from the unit). Until
 * log_ready() a daemon in the background writes to standard error too, so
 * that whoever started it sees why it did not start. Thread-safe.
 */
#ifndef MILTER_LOG_H
#define MILTER_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "base/logline.h"

/* `facility`: "mail", "daemon", "local0" ... (settings check it). */
void log_open(bool foreground, const char *facility);
void log_ready(void);                           /* standard error is given up in the background */

void log_text(int priority, const char *text);
void log_line(int priority, struct logline *line);      /* writes it and is done with it */
/* Pairs of strings, ended by NULL; a pair whose value is NULL is left out. */
void log_event(int priority, const char *event, ...) __attribute__((sentinel));
/* At least, between two lines of one kind that a peer can cause (clock_is_due()). */
#define LOG_SAY_MS 60000

#endif
