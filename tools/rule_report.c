#include "rule_report.h"

#include <stdlib.h>
#include <string.h>

#include "alignctl.h"
#include "base/clock.h"
#include "base/json.h"
#include "core/ruleset.h"

#define CELL_OCTETS 32                  /* of a text; JSON has all of it */
#define ROW_OCTETS 65536

enum { COLUMN_ID, COLUMN_ACTION, COLUMN_OWNER, COLUMN_TICKET, COLUMN_EXPIRES, COLUMN_HITS,
       COLUMN_LAST, N_COLUMNS };
struct cells { const char *text[N_COLUMNS]; };
static const struct cells head = {
	{ "ID", "ACTION", "OWNER", "TICKET", "EXPIRES", "HITS", "LAST HIT" },
};

static struct rule_row row_of_rule(const struct rule_report *report, const struct rule *rule,
				   int64_t now_ms)
{
	struct rule_row row = { .id = rule->id, .rule = rule };

	row.term = rule_calendar_term(rule, now_ms, &row.days_left);
	if (report->hits != NULL)
		row.hit = rule_hits_find(report->hits, rule->id);
	return row;
}

static void take_row(struct rule_report *report, struct rule_row row, rule_row_fn *wanted,
		     void *context)
{
	if (wanted == NULL || wanted(context, &row))
		report->rows[report->n++] = row;
}

static bool is_known(const struct rule_hits *known, const char *id)
{
	return rule_hits_find(known, id) != NULL;
}

/* The ids of the settings, sorted, so that 10,000 of each are no matter. */
static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct rule_hit *)a)->id, ((const struct rule_hit *)b)->id);
}

static struct rule_hits ids_of(struct arena *arena, const struct ruleset *ruleset)
{
	struct rule_hits known = { .items = ARENA_ARRAY(arena, struct rule_hit, ruleset->n_rules + 1) };

	for (; known.n < ruleset->n_rules; known.n++)
		known.items[known.n].id = ruleset->rules[known.n].id;
	qsort(known.items, known.n, sizeof(known.items[0]), compare_ids);
	return known;
}

void rule_report_init(struct rule_report *report, const struct ruleset *ruleset, int64_t now_ms,
		      rule_row_fn *wanted, void *context)
{
	unsigned n_hits = report->hits != NULL ? report->hits->n : 0;
	struct rule_hits known = ids_of(report->arena, ruleset);

	report->now_ms = now_ms;
	report->rows = ARENA_ARRAY(report->arena, struct rule_row, ruleset->n_rules + n_hits + 1);
	for (unsigned i = 0; i < ruleset->n_rules; i++)
		take_row(report, row_of_rule(report, &ruleset->rules[i], now_ms), wanted, context);
	for (unsigned i = 0; i < n_hits; i++) {
		const struct rule_hit *hit = &report->hits->items[i];

		if (!is_known(&known, hit->id))
			take_row(report, (struct rule_row){ .id = hit->id, .hit = hit }, wanted, context);
	}
}

/* ---- text ---- */

static const char *time_text(struct arena *arena, int64_t utc_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(utc_ms, text);
	return arena_printf(arena, "%.*sZ", (int)strlen("2026-05-04T10:20:30"), text);
}

const char *rule_report_date(struct arena *arena, int64_t utc_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(utc_ms, text);
	return arena_strndup(arena, text, strlen("2026-05-04"));
}

const char *rule_report_expiry(struct arena *arena, const struct rule *rule, enum rule_term term,
			       int64_t days_left)
{
	const char *date = term != TERM_OPEN ?
		rule_report_date(arena, rule_calendar_last_day_ms(rule)) : "-";

	switch (term) {
	case TERM_OPEN:
		break;
	case TERM_RUNNING:
	case TERM_ENDING:
		return days_left == 0 ? arena_printf(arena, "%s today", date) :
			arena_printf(arena, "%s in %lld d", date, (long long)days_left);
	case TERM_OVER:
		return arena_printf(arena, "%s EXPIRED", date);
	}
	return date;
}

/* Escaped text is ASCII: its octets are its width. An escape is not cut in two. */
static const char *cell(struct arena *arena, const char *text)
{
	const char *escaped = tool_escape(arena, text), *back;
	size_t len = strlen(escaped);

	if (len <= CELL_OCTETS)
		return len > 0 ? escaped : "-";
	len = CELL_OCTETS - strlen("...");
	back = memrchr(escaped + len - 3, '\\', 3);
	if (back != NULL && back > escaped && back[-1] != '\\')
		len = (size_t)(back - escaped);
	return arena_printf(arena, "%.*s...", (int)len, escaped);
}

static struct cells cells_of(const struct rule_report *report, const struct rule_row *row)
{
	struct arena *a = report->arena;
	const struct rule *rule = row->rule;
	struct cells cells;

	cells.text[COLUMN_ID] = tool_escape(a, row->id);
	cells.text[COLUMN_ACTION] = rule != NULL ? rule_action_rows[rule->action].name : "gone";
	cells.text[COLUMN_OWNER] = cell(a, rule != NULL ? rule->owner : NULL);
	cells.text[COLUMN_TICKET] = cell(a, rule != NULL ? rule->ticket : NULL);
	cells.text[COLUMN_EXPIRES] = rule_report_expiry(a, rule, row->term, row->days_left);
	cells.text[COLUMN_HITS] = report->hits == NULL ? "?" :
		arena_printf(a, "%llu", row->hit != NULL ? (unsigned long long)row->hit->hits : 0);
	cells.text[COLUMN_LAST] = row->hit != NULL ? time_text(a, row->hit->last_ms) : "-";
	return cells;
}

static void print_cells(FILE *out, const struct cells *cells, const int widths[N_COLUMNS])
{
	for (int i = 0; i < N_COLUMNS - 1; i++)
		fprintf(out, "%*s  ", i == COLUMN_HITS ? widths[i] : -widths[i], cells->text[i]);
	fprintf(out, "%s\n", cells->text[N_COLUMNS - 1]);
}

static void print_table(const struct rule_report *report, FILE *out)
{
	struct cells *all = ARENA_ARRAY(report->arena, struct cells, report->n + 1);
	int widths[N_COLUMNS] = { 0 };

	all[0] = head;
	for (unsigned i = 0; i < report->n; i++)
		all[i + 1] = cells_of(report, &report->rows[i]);
	for (unsigned i = 0; i <= report->n; i++)
		for (int k = 0; k < N_COLUMNS; k++)
			if ((int)strlen(all[i].text[k]) > widths[k])
				widths[k] = (int)strlen(all[i].text[k]);
	for (unsigned i = 0; i <= report->n; i++)
		print_cells(out, &all[i], widths);
}

static bool has_gone(const struct rule_report *report)
{
	return report->n > 0 && report->rows[report->n - 1].rule == NULL;
}

static void print_source(const struct rule_report *report, FILE *out)
{
	const struct rule_hits *hits = report->hits;
	struct arena *a = report->arena;

	if (hits == NULL) {
		fputs("Hits are not known: the settings keep no journal (journal.directory).\n", out);
		return;
	}
	fprintf(out, "Hits from %s to %s, by %s.\n", time_text(a, hits->since_ms),
		time_text(a, hits->until_ms), tool_escape(a, report->directory));
	if (!hits->begins)
		fputs("The journal holds no line that can be read.\n", out);
	else if (hits->begins_ms > hits->since_ms)
		fprintf(out, "The journal reaches back to %s only.\n", time_text(a, hits->begins_ms));
}

void rule_report_text(const struct rule_report *report, FILE *out)
{
	if (report->n > 0)
		print_table(report, out);
	else
		fputs("No rule to show.\n", out);
	if (has_gone(report))
		fputs("gone: the rule is not in the settings any more.\n", out);
	print_source(report, out);
}

/* ---- JSON ---- */

static void put_time(struct json_out *out, const char *key, int64_t utc_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(utc_ms, text);
	json_put_string(out, key, text);
}

static void put_journal(struct json_out *out, const struct rule_report *report)
{
	const struct rule_hits *hits = report->hits;

	if (hits == NULL)
		return;
	json_put_object(out, "journal");
	json_put_string(out, "directory", report->directory);
	put_time(out, "since", hits->since_ms);
	put_time(out, "until", hits->until_ms);
	if (hits->begins)
		put_time(out, "begins", hits->begins_ms);
	json_put_int(out, "lines", (int64_t)hits->lines);
	json_put_int(out, "unreadable", (int64_t)(hits->broken.lines + hits->skipped));
	json_put_int(out, "cut", (int64_t)hits->cut);
	json_put_object_end(out);
}

void rule_report_put(struct json_out *out, struct arena *arena, const struct rule *rule, int64_t now_ms)
{
	int64_t days_left;
	enum rule_term term = rule_calendar_term(rule, now_ms, &days_left);

	json_put_string(out, "id", rule->id);
	json_put_string(out, "action", rule_action_rows[rule->action].name);
	json_put_string(out, "owner", rule->owner);
	json_put_string(out, "ticket", rule->ticket);
	json_put_string(out, "note", rule->note);
	json_put_string(out, "file", rule->file);
	json_put_int(out, "line", rule->line);
	if (term == TERM_OPEN)
		return;
	json_put_string(out, "expires", rule_report_date(arena, rule_calendar_last_day_ms(rule)));
	json_put_int(out, "days_left", days_left);
	json_put_bool(out, "expired", term == TERM_OVER);
}

static void put_row(struct json_out *out, const struct rule_report *report, const struct rule_row *row)
{
	json_put_object(out, NULL);
	if (row->rule != NULL)
		rule_report_put(out, report->arena, row->rule, report->now_ms);
	else
		json_put_string(out, "id", row->id);
	json_put_bool(out, "in_settings", row->rule != NULL);
	if (report->hits != NULL)
		json_put_int(out, "hits", row->hit != NULL ? (int64_t)row->hit->hits : 0);
	if (row->hit != NULL)
		put_time(out, "last_hit", row->hit->last_ms);
	json_put_object_end(out);
}

/* What is in the buffer goes out; commas go on where they were. */
static void flush(struct buf *buf, FILE *out)
{
	fputs(buf_str(buf), out);
	buf_reset(buf);
}

void rule_report_json(const struct rule_report *report, FILE *out)
{
	struct json_out json;
	struct buf buf;

	buf_init(&buf, ROW_OCTETS);
	json_begin(&json, &buf, LIMIT_JOURNAL_STRING);
	json_put_object(&json, NULL);
	json_put_string(&json, "settings", report->settings);
	put_journal(&json, report);
	json_put_array(&json, "rules");
	for (unsigned i = 0; i < report->n; i++) {
		flush(&buf, out);
		put_row(&json, report, &report->rows[i]);
	}
	json_put_array_end(&json);
	json_put_object_end(&json);
	buf_add_char(&buf, '\n');
	flush(&buf, out);
	buf_done(&buf);
}
