#include <errno.h>

#include "store/journal.h"
#include "store/journal_files.h"
#include "store/journal_lines.h"

struct source {
	const char *name;
	journal_line_fn *line_fn;
	void *context;
	uint64_t skipped;
};

/* False: the caller has enough. */
static bool read_lines(struct source *s, struct journal_lines *lines)
{
	enum journal_read_state state;
	uint64_t line_no = 0;
	struct slice line;

	while ((state = journal_lines_next(lines, &line)) == JOURNAL_LINE || state == JOURNAL_TOO_LONG) {
		line_no++;
		s->skipped += state == JOURNAL_TOO_LONG;
		if (line.len > 0 && !s->line_fn(s->context, journal_lines_name(lines), line_no, line))
			return false;
	}
	s->skipped += state == JOURNAL_DAMAGED;
	return true;
}

static bool read_file(const char *directory, struct source *s)
{
	struct journal_lines *lines = journal_lines_open(directory, s->name);
	bool go_on;

	if (lines == NULL) {
		s->skipped += errno != ENOENT;
		return true;
	}
	go_on = read_lines(s, lines);
	journal_lines_close(lines);
	return go_on;
}

int journal_read(const char *directory, int64_t since_ms, journal_line_fn *line_fn,
		 void *context, uint64_t *skipped_r, const char **error_r)
{
	struct arena *arena = arena_new();
	struct journal_file *files;
	const char *error;
	uint64_t skipped = 0;
	bool go_on = true;
	unsigned n;

	if (journal_files_list(arena, directory, NULL, &files, &n, &error) != 0) {
		*error_r = "the journal's directory cannot be read";
		arena_free(arena);
		return -1;
	}
	for (unsigned i = 0; i < n && go_on; i++) {
		struct source s = { .name = files[i].name, .line_fn = line_fn, .context = context };

		if (journal_day_end(files[i].day) <= since_ms || journal_file_is_doubled(files, n, i))
			continue;
		go_on = read_file(directory, &s);
		skipped += s.skipped;
	}
	arena_free(arena);
	*skipped_r = skipped;
	return 0;
}
