/* journal_private.h - the journal's insides: journal.c takes lines and writes
 * them, journal_keeper.c looks after the files. Private to these two.
 */
#ifndef STORE_JOURNAL_PRIVATE_H
#define STORE_JOURNAL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/buf.h"
#include "store/journal.h"
#include "store/journal_output.h"

#define JOURNAL_IDLE_MS 1000            /* the day may have ended */
#define JOURNAL_RETIRED 8               /* finished files that wait for their sync */

enum cause { CAUSE_WRITE = 0, CAUSE_LOST, CAUSE_ROOM, CAUSE_SYNC, CAUSE_FILES, CAUSE_GOES_ON, CAUSE_UNLOADED,
	N_CAUSES };

struct said {
	char text[512];
	bool waiting;
	int64_t said_ms;                /* monotonic; 0: never */
};

/* Lines are numbered by arrival: `taken` were given to append and kept,
 * `written` of them are with the kernel. The mutex guards everything but
 * `batch` and `output`, which are the writer's own; the keeper may look at the
 * output's descriptor and name under the mutex, as the writer changes them
 * under it. */
struct journal {
	struct journal_options options;         /* bounds may change */
	char *directory, *host;
	int64_t start_ms;
	pid_t process;                  /* two may start in the same millisecond */
	atomic_ullong sequence;

	pthread_mutex_t mutex;
	pthread_cond_t work, progress, keep;    /* for the writer; for those who append; for the keeper */
	pthread_t writer, keeper;
	struct buf pending;
	uint64_t taken, written, unjournaled, bytes;
	uint64_t unjournaled_said;
	bool failing;                   /* the last write did not succeed */
	bool slow;                      /* somebody waited in vain; until lines move again */
	bool no_room;                   /* bounds: nothing may be written */
	uint64_t unsafe;                /* the last line whose sync before the answer failed */
	bool unsynced, rotated;
	int retired[JOURNAL_RETIRED];
	unsigned n_retired;
	struct said said[N_CAUSES];
	bool closing, writer_done, keeper_done;
	bool idle;                      /* the writer waits for lines and has not been woken */
	bool abandoned;                 /* close did not wait: the keeper frees */
	int64_t close_ms;               /* monotonic: give up then */

	struct buf batch;
	size_t batch_done;              /* octets of it that the kernel has */
	size_t batch_left;              /* shared: octets of it still to write */
	struct journal_output output;
};

int64_t journal_utc_ms(const struct journal *j);
/* Keeps a text for the report function; the mutex is held. The newest text of
 * a cause counts. */
void journal_say(struct journal *j, enum cause cause, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void *journal_run_keeper(void *journal);        /* joins the writer at its end */
void journal_free(struct journal *j);           /* when no thread runs */

#endif
