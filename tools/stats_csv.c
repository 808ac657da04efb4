/* A day's rows are held until its end, or until there are too many: then a key can
 * have two rows, which add up all the same. */
#include "stats.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define KEY_OCTETS 16384

static const char head[] =
	"day,domain,org_domain,class,network,result,asked,chosen,done,why,rule,dry_run,exempt,"
	"messages,spf_aligned,dkim_aligned,spf_temperror,waited_ms,lookups\n";

struct measures {
	uint64_t messages, spf_aligned, dkim_aligned, spf_temperror, waited_ms, lookups;
};

struct stats_csv {
	FILE *out;
	struct tool_table *rows;        /* measures by the row's first fields, as written */
	int64_t day_ms;
};

struct stats_csv *stats_csv_new(FILE *out)
{
	struct stats_csv *csv = mem_zalloc(sizeof(*csv));

	csv->out = out;
	csv->rows = tool_table_new(sizeof(struct measures), STATS_ROWS_MOST);
	fputs(head, out);
	return csv;
}

/* ---- fields ---- */

static bool is_harmless(char c, bool is_first)
{
	return ascii_is_alnum(c) || (c != '\0' && strchr("._:/", c) != NULL) || (c == '-' && !is_first);
}

static void add_field(struct buf *key, const char *text)
{
	if (key->len > 0)
		buf_add_char(key, ',');
	for (const char *c = text; *c != '\0'; c++)
		if (is_harmless(*c, c == text))
			buf_add_char(key, *c);
		else
			buf_printf(key, "\\x%02X", (unsigned char)*c);
}

/* Not known, "-" for people, is an empty field. */
static void add_word(struct buf *key, const struct name_row *names, int value)
{
	add_field(key, value != 0 ? names_get(names, value) : "");
}

static void add_key(struct buf *key, struct arena *arena, const struct store_sum *sum)
{
	bool fails = !sum->exempt && sum->result == RES_DMARC_FAIL;

	add_field(key, stats_date(arena, sum->day_ms));
	add_field(key, sum->author);
	add_field(key, sum->org);
	add_word(key, enforcement_class_names, sum->class);
	add_field(key, fails ? sum->network : "");
	add_word(key, dmarc_result_names, (int)sum->result);
	add_word(key, disposition_names, (int)sum->asked);
	add_word(key, action_names, (int)sum->chosen);
	add_field(key, sum->done);
	add_field(key, sum->why);
	add_field(key, sum->rule);
	add_field(key, sum->dry_run ? "1" : "0");
	add_field(key, sum->exempt ? "1" : "0");
}

/* ---- rows ---- */

struct row {
	const char *key;
	const struct measures *measures;
};

static int compare_rows(const void *left, const void *right)
{
	return strcmp(((const struct row *)left)->key, ((const struct row *)right)->key);
}

static void write_row(FILE *out, const struct row *row)
{
	const struct measures *m = row->measures;

	fprintf(out, "%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", row->key,
		m->messages, m->spf_aligned, m->dkim_aligned, m->spf_temperror, m->waited_ms, m->lookups);
}

static void write_rows(struct stats_csv *csv)
{
	unsigned n = tool_table_count(csv->rows);
	struct row *rows = mem_alloc((n + 1) * sizeof(rows[0]));

	for (unsigned i = 0; i < n; i++) {
		void *measures;

		rows[i].key = tool_table_at(csv->rows, i, &measures);
		rows[i].measures = measures;
	}
	qsort(rows, n, sizeof(rows[0]), compare_rows);
	for (unsigned i = 0; i < n; i++)
		write_row(csv->out, &rows[i]);
	free(rows);
	tool_table_free(csv->rows);
	csv->rows = tool_table_new(sizeof(struct measures), STATS_ROWS_MOST);
}

static struct measures *measures_of(struct stats_csv *csv, struct slice key)
{
	struct measures *measures = tool_table_add(csv->rows, key);

	if (measures != NULL)
		return measures;
	write_rows(csv);
	return tool_table_add(csv->rows, key);
}

void stats_csv_add(struct stats_csv *csv, const struct store_sum *sum)
{
	bool has_policy = sum->result == RES_DMARC_PASS || sum->result == RES_DMARC_FAIL;
	struct arena *arena = arena_new();
	struct measures *measures;
	struct buf key;

	if (csv->day_ms != sum->day_ms)
		write_rows(csv);
	csv->day_ms = sum->day_ms;
	buf_init(&key, KEY_OCTETS);
	add_key(&key, arena, sum);
	measures = measures_of(csv, buf_slice(&key));
	measures->messages += sum->n;
	measures->spf_aligned += has_policy && sum->spf_aligned ? sum->n : 0;
	measures->dkim_aligned += has_policy && sum->dkim_aligned ? sum->n : 0;
	measures->spf_temperror += sum->spf == RES_SPF_TEMPERROR ? sum->n : 0;
	measures->waited_ms += sum->waited_ms;
	measures->lookups += sum->lookups;
	buf_done(&key);
	arena_free(arena);
}

void stats_csv_done(struct stats_csv *csv)
{
	write_rows(csv);
	tool_table_free(csv->rows);
	free(csv);
}
