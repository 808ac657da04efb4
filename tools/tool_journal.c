#include "tool_journal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alignctl.h"

#define WRITE_WAIT_MS 60000             /* for a slow disk */
#define GIVE_UP_MS 1000                 /* on one that is full: the next run writes it anew */

int tool_journal_read(const char *name, const char *directory, int64_t since_ms,
		      journal_line_fn *line_fn, void *context, uint64_t *skipped_r)
{
	const char *error;

	if (journal_read(directory, since_ms, line_fn, context, skipped_r, &error) == 0)
		return 0;
	return tool_fail(name, EX_NOINPUT, "%s: %s%s", directory, error,
			 access(directory, R_OK | X_OK) != 0 && errno == EACCES ?
			 ": only alignd's user and root may (sudo alignctl ...)" : "");
}

bool tool_journal_repeats(struct tool_last_id *last, const char *id)
{
	if (id == NULL || strlen(id) >= sizeof(last->text))
		return false;
	if (strcmp(id, last->text) == 0)
		return true;
	memcpy(last->text, id, strlen(id) + 1);
	return false;
}

void tool_journal_broken(struct tool_broken *broken, const char *file, uint64_t line_no,
			 const char *error)
{
	if (broken->lines++ == 0)
		snprintf(broken->first, sizeof(broken->first), "%s:%llu: %s", file,
			 (unsigned long long)line_no, error);
}

void tool_journal_tell(const char *name, const struct tool_broken *broken, uint64_t skipped)
{
	if (broken->lines > 0)
		tool_fail(name, 0, "lines that could not be read: %llu, the first is %s",
			  (unsigned long long)broken->lines, broken->first);
	if (skipped > 0)
		tool_fail(name, 0, "lines and ends of damaged files passed over: %llu",
			  (unsigned long long)skipped);
}

/* What stands behind a semicolon is about a daemon, who goes on. */
static void say(void *context, const char *text)
{
	static char last[1024];         /* each try says it again; one thread does */
	struct slice kept = slice_until(slice_of(text), sizeof(last) - 1);

	if (strcmp(text, last) == 0)
		return;
	memcpy(last, kept.data, kept.len);
	last[kept.len] = '\0';
	tool_fail(context, 0, "%.*s", (int)(strchrnul(text, ';') - text), text);
}

struct journal *tool_journal_open(const char *name, const char *directory, const char *host,
				  int *code_r)
{
	struct journal_options options = {
		.directory = directory, .host = host, .sync_ms = 1000, .wait_ms = WRITE_WAIT_MS,
		.report = say, .report_context = (void *)name,
	};
	const char *error;
	struct journal *journal = journal_open(&options, &error);

	*code_r = journal != NULL ? 0 : tool_fail(name, EX_CANTCREAT, "%s", error);
	return journal;
}

int tool_journal_close(const char *name, const char *directory, struct journal *journal, bool failed)
{
	journal_close(journal, failed ? GIVE_UP_MS : WRITE_WAIT_MS);
	return !failed ? 0 : tool_fail(name, EX_IOERR, "the journal in %s cannot be written: stopped; "
				       "the same command again goes on", directory);
}
