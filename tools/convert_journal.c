#include "convert_journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alignctl.h"
#include "base/mem.h"
#include "replay_state.h"
#include "tool_journal.h"
#include "tool_progress.h"

#define HISTORY_ID "history-0-"
#define RECORD_OCTETS 65536
#define CHUNK 65536

struct reader {
	const char *name;
	struct journal *journal;
	struct replay_seen *seen;
	struct convert_tally *tally;
	struct tool_progress progress;
	struct buf line, record;
	bool line_cut, open;            /* open: a "job" came */
	bool failed;
};

static void count_time(struct convert_tally *t, int64_t when_ms)
{
	if (t->first_ms == 0 || when_ms < t->first_ms)
		t->first_ms = when_ms;
	if (when_ms > t->last_ms)
		t->last_ms = when_ms;
}

static void write_decision(struct reader *r, const struct decision *decision)
{
	struct decision_json_options options = { .full_addresses = false };
	struct buf line;

	buf_init(&line, LIMIT_JOURNAL_LINE + 1);
	decision_json_write(&line, decision, &options);
	r->failed = !journal_append(r->journal, buf_slice(&line));
	buf_done(&line);
	if (r->failed)
		return;
	r->tally->written++;
	count_time(r->tally, decision->evidence.when_ms);
}

static void take_record(struct reader *r, struct arena *arena, struct slice text)
{
	struct slice rest = text, line;
	struct history_record record;
	struct decision decision;
	enum history_fault fault;
	bool differs = false;
	uint64_t id;

	history_record_init(&record);
	while (slice_split(&rest, '\n', &line))
		history_record_line(&record, line);
	r->tally->unknown_lines += record.unknown;
	fault = history_decision(arena, &record, &decision, &differs);
	if (fault != HISTORY_OK) {
		r->tally->faults[fault]++;
		return;
	}
	r->tally->differ += differs;
	id = replay_id("", text);
	if (replay_seen_now(r->seen, id) != SEEN_NEVER) {
		r->tally->known++;
		return;
	}
	decision.line_id = arena_printf(arena, HISTORY_ID "%llu", (unsigned long long)id);
	write_decision(r, &decision);
}

static void end_record(struct reader *r)
{
	struct arena *arena;

	if (!r->open || r->failed)
		return;
	r->open = false;
	r->tally->records++;
	if (buf_is_full(&r->record)) {
		r->tally->too_long++;
	} else {
		arena = arena_new();
		take_record(r, arena, buf_slice(&r->record));
		arena_free(arena);
	}
	buf_reset(&r->record);
	if (tool_progress_due(&r->progress))
		tool_progress_show(&r->progress, -1, "%llu messages converted",
				   (unsigned long long)r->tally->records);
}

static void end_line(struct reader *r)
{
	struct slice line = buf_slice(&r->line);

	if (slice_starts_nocase(line, "job ")) {
		end_record(r);
		r->open = true;
	}
	if (r->open) {
		buf_add_slice(&r->record, line);
		buf_add_char(&r->record, '\n');
	} else if (slice_trim(line, " \t\r").len > 0) {
		r->tally->stray_lines++;
	}
	buf_reset(&r->line);
	r->line_cut = false;
}

static void take_octets(struct reader *r, struct slice rest)
{
	while (rest.len > 0 && !r->failed) {
		size_t end = slice_find(rest, '\n');
		struct slice part = slice_until(rest, end);

		if (!r->line_cut)
			buf_add_slice(&r->line, slice_until(part, HISTORY_LINE_OCTETS - r->line.len));
		r->line_cut = r->line_cut || r->line.len >= HISTORY_LINE_OCTETS;
		if (end < rest.len)
			end_line(r);
		rest = slice_from(rest, end + 1);
	}
}

/* A last line without a line feed: its writer is not done, and the record goes in
 * when it is whole. */
static void end_file(struct reader *r)
{
	if (r->line.len > 0 && r->open) {
		r->tally->torn++;
		r->open = false;
		buf_reset(&r->record);
	}
	end_record(r);
	buf_reset(&r->line);
	r->line_cut = false;
}

static int read_file(struct reader *r, const char *path)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	char *data = mem_alloc(CHUNK);
	int code = 0;
	size_t n;

	if (in == NULL)
		code = tool_fail(r->name, EX_NOINPUT, "%s: %s", path, strerror(errno));
	while (in != NULL && !r->failed && (n = fread(data, 1, CHUNK, in)) > 0)
		take_octets(r, slice_new(data, n));
	if (in != NULL && ferror(in))
		code = tool_fail(r->name, EX_NOINPUT, "%s: %s", path, strerror(errno));
	if (in != NULL && in != stdin)
		fclose(in);
	free(data);
	end_file(r);
	return code;
}

static bool on_line(void *context, const char *file, uint64_t line_no, struct slice line)
{
	struct reader *r = context;
	struct arena *arena = arena_new();
	struct decision decision;
	const char *error;
	uint64_t id;

	(void)file;
	(void)line_no;
	if (decision_json_read(arena, line, &decision, &error) == 0 &&
	    replay_id_parse(HISTORY_ID, decision.line_id, &id))
		replay_seen_earlier(r->seen, id);
	arena_free(arena);
	return true;
}

static int convert(struct reader *r, char **files, unsigned n_files, const char *directory)
{
	uint64_t skipped = 0;
	int written, code = tool_journal_read(r->name, directory, 0, on_line, r, &skipped);

	if (code == 0)
		r->journal = tool_journal_open(r->name, directory, "history", &code);
	if (code != 0)
		return code;
	tool_progress_start(&r->progress);
	for (unsigned i = 0; i < n_files && code == 0 && !r->failed; i++)
		code = read_file(r, files[i]);
	tool_progress_clear(&r->progress);
	written = tool_journal_close(r->name, directory, r->journal, r->failed);
	return code != 0 ? code : written;
}

int convert_journal(const char *name, char **files, unsigned n_files, const char *directory,
		    struct convert_tally *tally_r)
{
	struct reader r = { .name = name, .tally = tally_r };
	int lock = -1, code;

	*tally_r = (struct convert_tally){ 0 };
	code = replay_state_open(name, directory, "alignctl convert history 1\n", &lock);
	if (code != 0)
		return code;
	buf_init(&r.line, HISTORY_LINE_OCTETS);
	buf_init(&r.record, RECORD_OCTETS);
	r.seen = replay_seen_new();
	code = convert(&r, files, n_files, directory);
	replay_seen_free(r.seen);
	buf_done(&r.line);
	buf_done(&r.record);
	close(lock);
	return code;
}
