/* replay_tally.h - what a replay found, for its summary. One thread at a time. */
#ifndef TOOLS_REPLAY_TALLY_H
#define TOOLS_REPLAY_TALLY_H

#include <stdio.h>

#include "replay_envelope.h"
#include "replay_walk.h"
#include "store/decision_json.h"

#define REPLAY_EXAMPLES 3

struct replay_tally {
	uint64_t now, earlier;          /* judged in this run; lines of earlier ones */
	uint64_t exempt;
	uint64_t result[RES_DMARC_PERMERROR + 1];       /* of those that are not exempt */
	uint64_t chosen[ACTION_TEMPFAIL + 1];
	/* signatures */
	uint64_t verified, key_gone, broken, key_unknown, refused;
	uint64_t fail_key_gone;         /* messages that fail, with a key gone of the author's */
	uint64_t assumed[REPLAY_ASSUMPTIONS];
	struct {
		uint64_t n;
		char *example[REPLAY_EXAMPLES];
	} faults[REPLAY_FAULTS];
	uint64_t broken_lines;          /* of the journal of earlier runs */
	int64_t first_ms, last_ms;      /* 0: no message */
};

void replay_tally_done(struct replay_tally *tally);
void replay_tally_decision(struct replay_tally *tally, const struct decision *decision);
void replay_tally_assumed(struct replay_tally *tally, unsigned mask);
void replay_tally_fault(struct replay_tally *tally, enum replay_fault fault, const char *path);

struct replay_words {
	const char *directory, *settings;       /* settings NULL: defaults */
	unsigned trusted_hops;
	bool interrupted;
};
void replay_tally_text(const struct replay_tally *tally, const struct replay_words *words, FILE *out);
void replay_tally_json(const struct replay_tally *tally, const struct replay_words *words, FILE *out);

#endif
