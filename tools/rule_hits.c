#include "rule_hits.h"

#include <string.h>

#include "base/buf.h"
#include "tool_progress.h"

struct reading {
	struct rule_hits *hits;
	struct tool_last_id last;
	struct tool_progress progress;
};

/* Where `id` is, or where it belongs. */
static unsigned place_of(const struct rule_hits *hits, const char *id)
{
	unsigned low = 0, high = hits->n;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (strcmp(hits->items[middle].id, id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct rule_hit *rule_hits_find(const struct rule_hits *hits, const char *id)
{
	unsigned place = place_of(hits, id);

	return place < hits->n && strcmp(hits->items[place].id, id) == 0 ? &hits->items[place] : NULL;
}

static struct rule_hit *insert(struct rule_hits *hits, unsigned place, const char *id)
{
	if (hits->n == hits->size) {
		unsigned size = hits->size > 0 ? 2 * hits->size : 64;
		struct rule_hit *items = ARENA_ARRAY(hits->arena, struct rule_hit, size);

		if (hits->n > 0)
			memcpy(items, hits->items, hits->n * sizeof(*items));
		hits->items = items;
		hits->size = size;
	}
	memmove(&hits->items[place + 1], &hits->items[place],
		(hits->n - place) * sizeof(hits->items[0]));
	hits->n++;
	hits->items[place] = (struct rule_hit){ .id = arena_strdup(hits->arena, id) };
	return &hits->items[place];
}

static void hit(struct rule_hits *hits, const char *id, int64_t when_ms)
{
	unsigned place;
	struct rule_hit *item;

	if (id == NULL)
		return;
	place = place_of(hits, id);
	if (place < hits->n && strcmp(hits->items[place].id, id) == 0) {
		item = &hits->items[place];
	} else if (hits->n < LIMIT_RULES) {
		item = insert(hits, place, id);
	} else {
		hits->surplus++;
		return;
	}
	if (item->line == hits->lines)
		return;
	item->line = hits->lines;
	item->hits++;
	if (when_ms > item->last_ms)
		item->last_ms = when_ms;
}

static bool has(struct slice line, struct slice text)
{
	return memmem(line.data, line.len, text.data, text.len) != NULL;
}

/* Quotes inside strings are escaped: these can only be keys. */
static bool has_cut_recipients(struct slice line)
{
	const struct slice key = SLICE("\"cut\":{");
	const char *cut = memmem(line.data, line.len, key.data, key.len);

	return cut != NULL && has(slice_from(line, (size_t)(cut - line.data)), SLICE("\"recipients\":"));
}

static bool is_whole(struct slice line)
{
	return line.len > 1 && line.data[0] == '{' && line.data[line.len - 1] == '}';
}

static void count_line(struct reading *r, const struct decision *d, bool cut)
{
	struct rule_hits *hits = r->hits;
	int64_t when_ms = d->evidence.when_ms;

	if (when_ms < hits->since_ms || when_ms >= hits->until_ms ||
	    tool_journal_repeats(&r->last, d->line_id))
		return;
	hits->cut += cut;
	hit(hits, d->verdict.rule, when_ms);
	for (unsigned i = 0; i < d->verdict.n_recipients; i++)
		hit(hits, d->verdict.recipients[i].rule, when_ms);
}

static bool take_line(void *context, const char *file, uint64_t line_no, struct slice line)
{
	struct reading *r = context;
	struct rule_hits *hits = r->hits;
	bool cut = has_cut_recipients(line);
	struct arena *arena;
	struct decision d;
	const char *error;

	hits->lines++;
	if (tool_progress_due(&r->progress))
		tool_progress_show(&r->progress,
				   tool_progress_of_line(line, hits->since_ms, hits->until_ms),
				   "%s: %llu lines", file, (unsigned long long)hits->lines);
	if (is_whole(line) && !cut && !has(line, SLICE("\"rule\":\"")))
		return true;
	arena = arena_new();
	if (decision_json_read(arena, line, &d, &error) != 0)
		tool_journal_broken(&hits->broken, file, line_no, error);
	else
		count_line(r, &d, cut);
	arena_free(arena);
	return true;
}

/* The first line that can be read is, to a day, the oldest: that is the order of
 * the files. */
static bool take_first(void *context, const char *file, uint64_t line_no, struct slice line)
{
	struct rule_hits *hits = context;
	struct arena *arena = arena_new();
	struct decision d;
	const char *error;

	(void)file;
	(void)line_no;
	if (decision_json_read(arena, line, &d, &error) == 0 && d.evidence.when_ms > 0) {
		hits->begins = true;
		hits->begins_ms = d.evidence.when_ms;
	}
	arena_free(arena);
	return !hits->begins;
}

int rule_hits_read(const char *name, const char *directory, struct arena *arena,
		   int64_t since_ms, int64_t until_ms, struct rule_hits *out_r)
{
	struct rule_hits hits = { .arena = arena, .since_ms = since_ms, .until_ms = until_ms };
	struct reading r = { .hits = &hits };
	uint64_t unused;
	int code = tool_journal_read(name, directory, INT64_MIN, take_first, &hits, &unused);

	if (code != 0)
		return code;
	tool_progress_start(&r.progress);
	code = tool_journal_read(name, directory, since_ms, take_line, &r, &hits.skipped);
	tool_progress_clear(&r.progress);
	if (code == 0)
		*out_r = hits;
	return code;
}
