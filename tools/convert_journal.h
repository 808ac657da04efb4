/* convert_journal.h - history files into a journal (host "history"). Line ids are
 * made from the record, so that none is written twice, however often the same files,
 * or longer ones, are given.
 */
#ifndef TOOLS_CONVERT_JOURNAL_H
#define TOOLS_CONVERT_JOURNAL_H

#include "convert_history.h"

struct convert_tally {
	uint64_t records, written, known;       /* known: the journal had them */
	uint64_t faults[HISTORY_FAULTS];
	uint64_t differ;                /* decided otherwise than the history says */
	uint64_t too_long, torn, unknown_lines; /* torn: cut off at the end of its file */
	uint64_t stray_lines;           /* before the first "job" */
	int64_t first_ms, last_ms;
};
/* 0, or an exit code after printing why. */
int convert_journal(const char *name, char **files, unsigned n_files, const char *directory,
		    struct convert_tally *tally_r);

#endif
