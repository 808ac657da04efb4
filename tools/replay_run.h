/* replay_run.h - judges every message below some paths into a journal.
 *
 * One thread finds the messages, others judge them. All of them stop at the next
 * message when *interrupted is set; a later run goes on.
 */
#ifndef TOOLS_REPLAY_RUN_H
#define TOOLS_REPLAY_RUN_H

#include <stdatomic.h>

#include "replay_state.h"
#include "replay_tally.h"
#include "tool_judge.h"

struct replay_options {
	const char *name;               /* of the command, for what is said */
	char **paths;
	unsigned n_paths;
	const char *directory;
	unsigned trusted_hops, jobs;
	const struct tool_engine *tool;
	const atomic_int *interrupted;
};

/* 0, or an exit code after printing why; the tally is filled as far as it came. */
int replay_run(const struct replay_options *options, struct replay_tally *tally_r);

#endif
