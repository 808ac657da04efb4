#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/journal.h"
#include "store/journal_files.h"

#define LINE_OCTETS (4 * (size_t)LIMIT_JOURNAL_LINE)
#define READ_OCTETS 65536

struct source {
	const char *name;
	gzFile gz;                      /* reads plain files as they are */
	journal_line_fn *line_fn;
	void *context;
	struct buf line;
	bool too_long;                  /* the line at hand; the rest of it is passed over */
	uint64_t line_no, skipped;
};

/* The end of a line has come; false to stop reading. */
static bool give_line(struct source *s)
{
	bool go_on = true;

	s->line_no++;
	if (s->too_long)
		s->skipped++;
	else if (s->line.len > 0)
		go_on = s->line_fn(s->context, s->name, s->line_no, buf_slice(&s->line));
	s->too_long = false;
	buf_reset(&s->line);
	return go_on;
}

static bool take_octets(struct source *s, struct slice rest)
{
	while (rest.len > 0) {
		size_t end = slice_find(rest, '\n');

		if (!s->too_long)
			buf_add_slice(&s->line, slice_until(rest, end));
		s->too_long = s->too_long || buf_is_full(&s->line);
		if (end == rest.len)
			return true;
		if (!give_line(s))
			return false;
		rest = slice_from(rest, end + 1);
	}
	return true;
}

/* What stands behind the last line feed is not given. */
static bool read_lines(struct source *s)
{
	char *data = mem_alloc(READ_OCTETS);
	bool go_on = true;
	int n;

	while (go_on && (n = gzread(s->gz, data, READ_OCTETS)) > 0)
		go_on = take_octets(s, slice_new(data, (size_t)n));
	if (go_on && n < 0)
		s->skipped++;
	free(data);
	return go_on;
}

static bool read_file(struct arena *arena, const char *directory, struct source *s)
{
	bool go_on;

	s->gz = gzopen(arena_printf(arena, "%s/%s", directory, s->name), "rbe");
	if (s->gz == NULL && errno == ENOENT) {
		/* compressed since it was listed */
		s->name = arena_printf(arena, "%s.gz", s->name);
		s->gz = gzopen(arena_printf(arena, "%s/%s", directory, s->name), "rbe");
	}
	if (s->gz == NULL) {
		s->skipped += errno != ENOENT;
		return true;
	}
	gzbuffer(s->gz, READ_OCTETS);
	buf_init(&s->line, LINE_OCTETS);
	go_on = read_lines(s);
	buf_done(&s->line);
	gzclose(s->gz);
	return go_on;
}

/* A crash can leave a plain file beside its complete .gz. */
static bool is_doubled(const struct journal_file *files, unsigned n, unsigned i)
{
	return !files[i].compressed && i + 1 < n && files[i + 1].compressed &&
	       files[i].day == files[i + 1].day && files[i].number == files[i + 1].number &&
	       slice_equal(files[i].host, files[i + 1].host);
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

		if (journal_day_end(files[i].day) <= since_ms || is_doubled(files, n, i))
			continue;
		go_on = read_file(arena, directory, &s);
		skipped += s.skipped;
	}
	arena_free(arena);
	*skipped_r = skipped;
	return 0;
}
