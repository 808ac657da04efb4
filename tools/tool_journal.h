/* tool_journal.h - what the subcommands that read or write a journal share.
 */
#ifndef TOOLS_TOOL_JOURNAL_H
#define TOOLS_TOOL_JOURNAL_H

#include "store/decision_json.h"
#include "store/journal.h"

/* journal_read(), with its failure told in words. 0 or an exit code. */
int tool_journal_read(const char *name, const char *directory, int64_t since_ms,
		      journal_line_fn *line_fn, void *context, uint64_t *skipped_r);

/* A line can be there twice when its file was compressed while it came; the
 * second one follows at once. */
struct tool_last_id { char text[256]; };
bool tool_journal_repeats(struct tool_last_id *last, const char *id);

/* What could not be read, counted and told at the end. */
struct tool_broken {
	uint64_t lines;
	char first[300];
};
void tool_journal_broken(struct tool_broken *broken, const char *file, uint64_t line_no,
			 const char *error);
void tool_journal_tell(const char *name, const struct tool_broken *broken, uint64_t skipped);

/* A journal of a subcommand's own. NULL: told in words, and *code_r is the exit code.
 * When a journal_append() `failed` closing does not wait for the disk: what is not
 * written can be made again. 0 or an exit code, told. */
struct journal *tool_journal_open(const char *name, const char *directory, const char *host,
				  int *code_r);
int tool_journal_close(const char *name, const char *directory, struct journal *journal, bool failed);

#endif
