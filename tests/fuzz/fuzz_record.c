/* A DMARC record. What is no candidate is nothing; of a candidate every value is
 * one that exists; a record without a duplicate tag is read as the plainest of
 * readers would; white space and a `;` at the end mean nothing. */
#include "fuzz.h"

#include <string.h>

#include "base/buf.h"
#include "core/record.h"

static void check_uris(const struct record_uri *list, unsigned n)
{
	FUZZ_NEED(n <= LIMIT_RECORD_URIS);
	for (unsigned i = 0; i < n; i++) {
		FUZZ_NEED(list[i].uri.len >= 3 && slice_find(list[i].uri, ':') < list[i].uri.len);
		for (size_t k = 0; k < list[i].uri.len; k++)
			FUZZ_NEED(list[i].uri.data[k] > ' ' && list[i].uri.data[k] <= '~' &&
				  strchr(",;!<>\"\\", list[i].uri.data[k]) == NULL);
	}
}

static void check(const struct record *record)
{
	FUZZ_NEED(record->p <= DISPOSITION_REJECT && record->sp <= DISPOSITION_REJECT &&
		  record->np <= DISPOSITION_REJECT);
	FUZZ_NEED(!record->p_bad || record->p == DISPOSITION_UNSET);
	FUZZ_NEED(!record->sp_bad || record->sp == DISPOSITION_UNSET);
	FUZZ_NEED(!record->np_bad || record->np == DISPOSITION_UNSET);
	FUZZ_NEED(record->pct <= 100 && (record->pct_given || record->pct == 100));
	FUZZ_NEED(!record->pct_given || record->obsolete_tags);
	FUZZ_NEED(!(record->fo_0 && record->fo_1));
	FUZZ_NEED(record->text.len <= LIMIT_RECORD_OCTETS);
	FUZZ_NEED(record_psd(record->text) == record->psd);
	check_uris(record->rua, record->n_rua);
	check_uris(record->ruf, record->n_ruf);
}

/* The value of the only tag of this name; false: none, or several. */
static bool only_value(struct slice text, const char *name, struct slice *value_r)
{
	struct slice rest = text, spec;
	unsigned n = 0;

	slice_split(&rest, ';', &spec);
	while (slice_split(&rest, ';', &spec)) {
		size_t equals = slice_find(spec, '=');

		if (equals == spec.len || !slice_is_nocase(slice_trim_wsp(slice_until(spec, equals)), name))
			continue;
		*value_r = slice_trim_wsp(slice_from(spec, equals + 1));
		n++;
	}
	return n == 1;
}

static void check_request(struct slice text, const char *name, enum disposition found, bool bad)
{
	static const char *const words[] = { "none", "quarantine", "reject" };
	struct slice value;

	if (!only_value(text, name, &value))
		return;
	for (unsigned i = 0; i < 3; i++)
		if (slice_is_nocase(value, words[i])) {
			FUZZ_NEED(found == (enum disposition)(DISPOSITION_NONE + i) && !bad);
			return;
		}
	FUZZ_NEED(found == DISPOSITION_UNSET && bad);
}

static unsigned count_tags(struct slice text)
{
	struct slice spec;
	unsigned n = 0;

	while (slice_split(&text, ';', &spec))
		n++;
	return n - 1;                   /* but the version */
}

static void check_plain_reader(const struct record *record)
{
	struct slice text = record->text, value;
	uint64_t pct;

	if (count_tags(text) > LIMIT_RECORD_TAGS)
		return;
	check_request(text, "p", record->p, record->p_bad);
	check_request(text, "sp", record->sp, record->sp_bad);
	check_request(text, "np", record->np, record->np_bad);
	if (only_value(text, "t", &value))
		FUZZ_NEED(record->testing == slice_is_nocase(value, "y"));
	if (only_value(text, "adkim", &value))
		FUZZ_NEED((record->adkim == ALIGN_STRICT) == slice_is_nocase(value, "s"));
	if (only_value(text, "aspf", &value))
		FUZZ_NEED((record->aspf == ALIGN_STRICT) == slice_is_nocase(value, "s"));
	if (only_value(text, "psd", &value))
		FUZZ_NEED((record->psd == PSD_YES) == slice_is_nocase(value, "y"));
	if (only_value(text, "pct", &value) && slice_number(value, 100, &pct))
		FUZZ_NEED(record->pct == pct);
}

static void check_same(const struct record *a, const struct record *b)
{
	FUZZ_NEED(a->p == b->p && a->sp == b->sp && a->np == b->np);
	FUZZ_NEED(a->p_bad == b->p_bad && a->sp_bad == b->sp_bad && a->np_bad == b->np_bad);
	FUZZ_NEED(a->adkim == b->adkim && a->aspf == b->aspf && a->psd == b->psd);
	FUZZ_NEED(a->testing == b->testing && a->pct == b->pct && a->pct_given == b->pct_given);
	FUZZ_NEED(a->fo_0 == b->fo_0 && a->fo_1 == b->fo_1 && a->fo_d == b->fo_d && a->fo_s == b->fo_s);
	FUZZ_NEED(a->n_rua == b->n_rua && a->n_ruf == b->n_ruf);
	FUZZ_NEED(record_is_damaged(a, true) == record_is_damaged(b, true));
}

/* Blanks around each `;`, and one more at the end. */
static void check_blanks(struct arena *arena, const struct record *record)
{
	struct record again;
	struct buf text;

	buf_init(&text, LIMIT_RECORD_OCTETS);
	for (size_t i = 0; i < record->text.len; i++) {
		if (record->text.data[i] == ';')
			buf_add_str(&text, " ;\t ");
		else
			buf_add_char(&text, record->text.data[i]);
	}
	buf_add_str(&text, "; ");
	if (!buf_is_full(&text) && count_tags(record->text) < LIMIT_RECORD_TAGS) {
		FUZZ_NEED(record_is_candidate(buf_slice(&text)));
		record_parse(arena, buf_slice(&text), &again);
		check_same(record, &again);
	}
	buf_done(&text);
}

void fuzz_record(const uint8_t *data, size_t size)
{
	struct slice text = fuzz_slice(data, size);
	struct arena *arena;
	struct record record;

	if (!record_is_candidate(text))
		return;
	FUZZ_NEED(size >= 8 && (data[0] == 'v' || data[0] == 'V'));
	arena = arena_new();
	record_parse(arena, text, &record);
	check(&record);
	check_plain_reader(&record);
	check_blanks(arena, &record);
	arena_free(arena);
}
