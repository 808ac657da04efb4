/* replay_state.h - the directory that a replay, or a converted history, is written
 * to: whose it is, that nobody else is writing there, and which messages are there.
 *
 * DIR/replay.state says how the messages were judged; a run that would judge the
 * rest of them otherwise is refused. What is judged is what the journal says, so a
 * killed run loses nothing but the messages under way.
 */
#ifndef TOOLS_REPLAY_STATE_H
#define TOOLS_REPLAY_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Makes the directory when only its last part is missing. `how`: lines of text. 0, or an
 * exit code after printing why. *lock_r is closed at the end. */
int replay_state_open(const char *name, const char *directory, const char *how, int *lock_r);

/* Line ids: "replay-0-NUMBER" (or another prefix), the number a hash of place and content. Below 10^18:
 * the store counts lines with it. */
#define REPLAY_ID "replay-0-"
uint64_t replay_id(const char *key, struct slice content);
bool replay_id_parse(const char *prefix, const char *line_id, uint64_t *number_r);

/* The messages that are judged; 8 to 16 octets each. Thread-safe. */
struct replay_seen;
enum replay_seen_when { SEEN_NEVER = 0, SEEN_EARLIER, SEEN_NOW };
struct replay_seen *replay_seen_new(void);
void replay_seen_free(struct replay_seen *seen);
void replay_seen_earlier(struct replay_seen *seen, uint64_t number);
/* Marks it as seen in this run; tells what it was before. */
enum replay_seen_when replay_seen_now(struct replay_seen *seen, uint64_t number);

#endif
