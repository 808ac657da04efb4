#include "stats.h"

#include "base/json.h"

#define ROW_OCTETS 65536

struct writer {
	const struct stats *stats;
	const struct stats_question *question;
	struct json_out json;
	struct buf buf;
	struct arena *arena;
	FILE *out;
};

/* What is in the buffer goes out; commas go on where they were. */
static void flush(struct writer *w)
{
	fputs(buf_str(&w->buf), w->out);
	buf_reset(&w->buf);
}

static void put(struct writer *w, const char *key, uint64_t n)
{
	json_put_int(&w->json, key, (int64_t)n);
}

static void put_word(struct writer *w, const char *key, const char *word)
{
	if (word[0] != '\0')
		json_put_string(&w->json, key, word);
}

/* A number per value that has a word; what is not known has none. */
static void put_named(struct writer *w, const char *key, const struct name_row *names, const uint64_t *n)
{
	json_put_object(&w->json, key);
	for (; names->name != NULL; names++)
		if (names->value != 0)
			put(w, names->name, n[names->value]);
	json_put_object_end(&w->json);
}

static void put_counts(struct writer *w, const struct stats_counts *counts)
{
	put(w, "messages", counts->messages);
	put(w, "exempt", counts->exempt);
	put(w, "judged", stats_judged(counts));
	put(w, "dry_run", counts->dry_run);
	put_named(w, "results", dmarc_result_names, counts->results);
	put(w, "spf_aligned", counts->spf_aligned);
	put(w, "dkim_aligned", counts->dkim_aligned);
	put(w, "spf_temperror", counts->spf_temperror);
	put_named(w, "asked", disposition_names, counts->asked);
	put_named(w, "chosen", action_names, counts->chosen);
	put(w, "milder", counts->milder);
	put(w, "stricter", counts->stricter);
	put(w, "waited_ms", counts->waited_ms);
	put(w, "lookups", counts->lookups);
}

static void put_period(struct writer *w)
{
	const struct stats_question *q = w->question;

	json_put_object(&w->json, "period");
	json_put_string(&w->json, "first_day", stats_date(w->arena, stats_first_day(q)));
	json_put_string(&w->json, "last_day", stats_date(w->arena, stats_last_day(q)));
	json_put_object_end(&w->json);
	json_put_string(&w->json, "domain", q->domain);
	if (!q->has_sums)
		return;
	json_put_object(&w->json, "store");
	json_put_string(&w->json, "first_day", stats_date(w->arena, q->first_day_ms));
	json_put_string(&w->json, "last_day", stats_date(w->arena, q->last_day_ms));
	json_put_object_end(&w->json);
}

static void put_days(struct writer *w)
{
	json_put_array(&w->json, "days");
	for (unsigned i = 0; i < w->stats->n_days; i++) {
		json_put_object(&w->json, NULL);
		json_put_string(&w->json, "day", stats_date(w->arena, w->stats->days[i].day_ms));
		put_counts(w, &w->stats->days[i].counts);
		json_put_object_end(&w->json);
		flush(w);
	}
	json_put_array_end(&w->json);
}

/* ---- tables ---- */

/* An outcome's words are in an object: its counts have the same keys. */
static const struct {
	enum stats_by by;
	const char *key, *words[STATS_WORDS], *object;
} tables[] = {
	{ STATS_BY_DOMAIN, "domains", { "domain" }, NULL },
	{ STATS_BY_SOURCE, "sources", { "domain", "network" }, NULL },
	{ STATS_BY_NETWORK, "networks", { "network" }, NULL },
	{ STATS_BY_OUTCOME, "outcomes", { "asked", "chosen", "done" }, "outcome" },
	{ STATS_BY_WHY, "whys", { "why" }, NULL },
	{ STATS_BY_RULE, "rules", { "rule" }, NULL },
};

static void put_row(struct writer *w, unsigned table, const struct stats_row *row)
{
	json_put_object(&w->json, NULL);
	if (tables[table].object != NULL)
		json_put_object(&w->json, tables[table].object);
	for (unsigned i = 0; i < STATS_WORDS && tables[table].words[i] != NULL; i++)
		put_word(w, tables[table].words[i], row->words[i]);
	if (tables[table].object != NULL)
		json_put_object_end(&w->json);
	if (tables[table].by == STATS_BY_DOMAIN && row->item->class != ENFORCEMENT_UNSET)
		json_put_string(&w->json, "class", names_get(enforcement_class_names, row->item->class));
	if (tables[table].by == STATS_BY_NETWORK)
		put(w, "domains", row->item->domains);
	put_counts(w, &row->item->counts);
	json_put_object_end(&w->json);
	flush(w);
}

static void put_table(struct writer *w, unsigned table)
{
	const struct stats_list *list = &w->stats->lists[tables[table].by];
	unsigned n = list->n < w->question->top ? list->n : w->question->top;
	uint64_t messages = 0;

	json_put_object(&w->json, tables[table].key);
	json_put_array(&w->json, "rows");
	for (unsigned i = 0; i < n; i++)
		put_row(w, table, &list->rows[i]);
	json_put_array_end(&w->json);
	for (unsigned i = n; i < list->n; i++)
		messages += list->rows[i].item->counts.messages;
	put(w, "more", list->n - n);
	put(w, "more_messages", messages);
	put(w, "untold_messages", list->surplus);
	json_put_object_end(&w->json);
}

/* ---- what domains publish ---- */

static void put_classes(struct writer *w)
{
	json_put_object(&w->json, "classes");
	for (const struct name_row *row = enforcement_class_names; row->name != NULL; row++) {
		const struct stats_class *class = &w->stats->classes[row->value];

		json_put_object(&w->json, row->value != ENFORCEMENT_UNSET ? row->name : "unknown");
		put(w, "domains", class->domains);
		put(w, "messages", class->messages);
		json_put_object_end(&w->json);
	}
	json_put_object_end(&w->json);
}

static void put_difference(struct writer *w, const struct stats_difference *difference)
{
	json_put_object(&w->json, NULL);
	json_put_string(&w->json, "domain", difference->domain);
	json_put_string(&w->json, "treewalk", difference->walk);
	json_put_string(&w->json, "psl", difference->list);
	put(w, "messages", difference->messages);
	json_put_object_end(&w->json);
	flush(w);
}

static void put_orgs(struct writer *w)
{
	const struct stats *stats = w->stats;
	unsigned n = stats->n_differences < w->question->top ? stats->n_differences : w->question->top;

	json_put_object(&w->json, "organizational_domains");
	json_put_string(&w->json, "not_compared", stats->no_suffixes);
	if (stats->no_suffixes == NULL) {
		put(w, "compared", stats->n_compared);
		put(w, "differ", stats->n_differences);
		json_put_array(&w->json, "rows");
		for (unsigned i = 0; i < n; i++)
			put_difference(w, &stats->differences[i]);
		json_put_array_end(&w->json);
	}
	put(w, "treewalk_messages", stats->org_walked);
	put(w, "guarded_messages", stats->org_guarded);
	put(w, "psl_messages", stats->org_listed);
	json_put_object_end(&w->json);
}

void stats_json(const struct stats *stats, const struct stats_question *question, FILE *out)
{
	struct writer w = { .stats = stats, .question = question, .arena = arena_new(), .out = out };

	buf_init(&w.buf, ROW_OCTETS);
	json_begin(&w.json, &w.buf, LIMIT_JOURNAL_STRING);
	json_put_object(&w.json, NULL);
	put_period(&w);
	json_put_object(&w.json, "totals");
	put_counts(&w, &stats->all);
	json_put_object_end(&w.json);
	put_days(&w);
	for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		put_table(&w, i);
	put_classes(&w);
	put_orgs(&w);
	json_put_object_end(&w.json);
	buf_add_char(&w.buf, '\n');
	flush(&w);
	buf_done(&w.buf);
	arena_free(w.arena);
}
