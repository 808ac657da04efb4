/* A line of the journal. Whatever could be read of it can be decided, and written: one
 * line within its bound, which reads back to the same line and the same verdict, whole
 * or in the parts that the store keeps. Several lines are such parts, of whatever decisions:
 * if they go together, the same holds of what they make. */
#include "fuzz.h"

#include <string.h>

#include "store/facts.h"

static const struct ruleset wills[] = {
	{ .mode = MODE_HONOR, .enforce_percent = 100, .on_bad_from = ACTION_QUARANTINE },
	{ .mode = MODE_OVERRIDE, .enforce_percent = 50, .on_bad_from = ACTION_REJECT, .dry_run = true,
	  .refuse_test_keys = true },
};

static void write_line(struct buf *out, const struct decision *decision, bool full)
{
	const struct decision_json_options options = { .full_addresses = full };
	struct slice line;

	buf_init(out, LIMIT_JOURNAL_LINE);
	decision_json_write(out, decision, &options);
	line = buf_slice(out);
	FUZZ_NEED(!buf_is_full(out) && line.len > 2 && line.data[line.len - 2] == '}');
	FUZZ_NEED(slice_find(line, '\n') == line.len - 1);
	for (size_t i = 0; i + 1 < line.len; i++)
		FUZZ_NEED((unsigned char)line.data[i] >= ' ' && line.data[i] != 0x7f);
}

static bool is_cut(const struct buf *line)
{
	return strstr(buf_str(line), "\"cut\":") != NULL;
}

static void check_same_verdict(struct arena *arena, const struct decision *a, const struct decision *b)
{
	for (unsigned i = 0; i < sizeof(wills) / sizeof(wills[0]); i++) {
		struct verdict x, y;

		decide(&a->evidence, &wills[i], arena, &x);
		decide(&b->evidence, &wills[i], arena, &y);
		FUZZ_NEED(x.why != WHY_UNSET && x.chosen != ACTION_UNSET);
		FUZZ_NEED(x.result == y.result && x.chosen == y.chosen && x.apply == y.apply);
		FUZZ_NEED(x.why == y.why && x.asked == y.asked && x.missing == y.missing);
	}
}

/* What is written is read back, and then written alike. */
static void check_written(struct arena *arena, const struct decision *decision, bool full)
{
	struct decision *again = ARENA_NEW(arena, struct decision);
	const char *error = NULL;
	struct buf first, second;

	write_line(&first, decision, full);
	FUZZ_NEED(decision_json_read(arena, buf_slice(&first), again, &error) == 0);
	write_line(&second, again, full);
	if (!is_cut(&first)) {
		FUZZ_NEED(slice_equal(buf_slice(&first), buf_slice(&second)));
		check_same_verdict(arena, decision, again);
	}
	buf_done(&first);
	buf_done(&second);
}

static void check_parts(struct arena *arena, const struct decision *decision)
{
	struct decision *joined = ARENA_NEW(arena, struct decision);
	struct facts facts, again;
	const char *error = NULL;

	facts_split(arena, decision, &facts);
	FUZZ_NEED(facts_join(arena, &facts, joined, &error) == 0);
	facts_split(arena, joined, &again);
	if (memmem(facts.facts.data, facts.facts.len, "\"cut\":", 6) != NULL)
		return;
	FUZZ_NEED(slice_equal(facts.facts, again.facts));
	FUZZ_NEED(slice_equal(facts.client, again.client));
	FUZZ_NEED(slice_equal(facts.recipients, again.recipients));
	FUZZ_NEED(slice_equal(facts.verdict, again.verdict));
}

static void check_read(struct arena *arena, const struct decision *decision)
{
	check_same_verdict(arena, decision, decision);
	check_written(arena, decision, true);
	check_written(arena, decision, false);
	check_parts(arena, decision);
}

static void check_joined(struct arena *arena, struct slice lines)
{
	struct facts facts = {
		.facts = fuzz_line(&lines), .client = fuzz_line(&lines),
		.recipients = fuzz_line(&lines), .verdict = fuzz_line(&lines),
	};
	struct decision *decision = ARENA_NEW(arena, struct decision);
	const char *error = NULL;

	if (facts_join(arena, &facts, decision, &error) != 0) {
		FUZZ_NEED(error != NULL);
		return;
	}
	FUZZ_NEED(decision->evidence.n_recipient_domains <= LIMIT_RECIPIENT_DOMAINS);
	decision->line_id = "host-1-2";
	check_read(arena, decision);
}

void fuzz_journal(const uint8_t *data, size_t size)
{
	struct slice text = fuzz_slice(data, size);
	struct arena *arena = arena_new();
	struct decision *decision = ARENA_NEW(arena, struct decision);
	const char *error = NULL;

	if (slice_find(text, '\n') + 1 < text.len)
		check_joined(arena, text);
	else if (decision_json_read(arena, text, decision, &error) == 0)
		check_read(arena, decision);
	else
		FUZZ_NEED(error != NULL);
	arena_free(arena);
}
