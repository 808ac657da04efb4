#include "store/facts.h"

static struct slice write_part(struct arena *arena, struct buf *buf, const struct decision *decision,
			       enum decision_part part)
{
	buf_reset(buf);
	decision_json_write_part(buf, decision, part);
	return arena_slice(arena, buf_slice(buf));
}

void facts_split(struct arena *arena, const struct decision *decision, struct facts *out_r)
{
	struct buf buf;

	buf_init(&buf, LIMIT_JOURNAL_LINE);
	*out_r = (struct facts){
		.facts = write_part(arena, &buf, decision, PART_FACTS),
		.client = write_part(arena, &buf, decision, PART_CLIENT),
		.recipients = write_part(arena, &buf, decision, PART_RECIPIENTS),
		.verdict = write_part(arena, &buf, decision, PART_VERDICT),
	};
	buf_done(&buf);
}

int facts_join(struct arena *arena, const struct facts *facts, struct decision *out_r,
	       const char **error_r)
{
	const struct slice parts[DECISION_PARTS] = {
		[PART_FACTS] = facts->facts, [PART_CLIENT] = facts->client,
		[PART_RECIPIENTS] = facts->recipients, [PART_VERDICT] = facts->verdict,
	};
	static const struct decision nothing = { .verdict.decisive = -1 };

	return decision_json_read_more(arena, &nothing, parts, out_r, error_r);
}
