/* feed.h - the thread that loads the journal into the store (store/loader.h), as
 * the settings say: which database, and what is said about it in the log.
 *
 * A store that is down or refuses never stops the daemon or a message. Main
 * thread only, but for feed_has_whole().
 */
#ifndef MILTER_FEED_H
#define MILTER_FEED_H

#include "settings/settings.h"

/* Before the journal is opened: will its files be missed by a store? */
void feed_expect(const struct settings *settings);
/* After the fork and the journal in `directory` (NULL: there is none). Takes a reference. */
void feed_start(struct settings *settings, const char *directory);
/* New options start it anew; without any it goes on. */
void feed_reload(struct settings *settings);
/* Says its counts. False: a database held its thread for too long; then the process has to
 * end without cleaning up. */
bool feed_stop(void);
/* For the journal's keeper; any thread. With store.driver = "none" always. */
bool feed_has_whole(void *unused, const char *file);

#endif
