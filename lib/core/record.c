#include "core/record.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"

const struct name_row disposition_names[] = {
	{ DISPOSITION_NONE, "none" }, { DISPOSITION_QUARANTINE, "quarantine" },
	{ DISPOSITION_REJECT, "reject" }, { DISPOSITION_UNSET, "-" }, { 0, NULL },
};

enum disposition disposition_milder(enum disposition d)
{
	switch (d) {
	case DISPOSITION_UNSET:
	case DISPOSITION_NONE:
		return d;
	case DISPOSITION_QUARANTINE:
		return DISPOSITION_NONE;
	case DISPOSITION_REJECT:
		return DISPOSITION_QUARANTINE;
	}
	return d;
}

/* Splits "name = value" at the first `=`; the outer white space is cut. */
static bool split_pair(struct slice spec, struct slice *name_r, struct slice *value_r)
{
	size_t equals = slice_find(spec, '=');

	*name_r = slice_trim_wsp(slice_until(spec, equals));
	*value_r = slice_trim_wsp(slice_from(spec, equals + 1));
	return equals < spec.len;
}

/* version = "v" *WSP "=" *WSP %s"DMARC1" (RFC 9989 4.8). White space before
 * `v` makes it no record. */
bool record_is_candidate(struct slice text)
{
	struct slice spec = slice_until(text, slice_find(text, ';'));
	struct slice name, value;

	return text.len > 0 && ascii_lower(text.data[0]) == 'v' &&
	       split_pair(spec, &name, &value) && name.len == 1 && slice_is(value, "DMARC1");
}

static bool is_tag_value(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < 0x20 || value.data[i] > 0x7E || value.data[i] == ';')
			return false;
	return value.len > 0;
}

static void note(struct record *record, const char *text)
{
	if (record->note == NULL)
		record->note = text;
}

struct request_tag {
	enum disposition *value;
	bool *bad;
	const char *damage;
};

static void parse_request(struct record *record, const struct request_tag *tag, struct slice value)
{
	int request;

	if (names_find(disposition_names, value, &request) && request != DISPOSITION_UNSET) {
		*tag->value = (enum disposition)request;
	} else {
		*tag->bad = true;
		note(record, tag->damage);
	}
}

static void parse_p(struct record *record, struct arena *arena, struct slice value)
{
	struct request_tag tag = { &record->p, &record->p_bad, "impossible value of p" };

	(void)arena;
	parse_request(record, &tag, value);
}

static void parse_sp(struct record *record, struct arena *arena, struct slice value)
{
	struct request_tag tag = { &record->sp, &record->sp_bad, "impossible value of sp" };

	(void)arena;
	parse_request(record, &tag, value);
}

static void parse_np(struct record *record, struct arena *arena, struct slice value)
{
	struct request_tag tag = { &record->np, &record->np_bad, "impossible value of np" };

	(void)arena;
	parse_request(record, &tag, value);
}

static void parse_align(struct record *record, enum align_mode *mode, struct slice value)
{
	if (slice_is_nocase(value, "s"))
		*mode = ALIGN_STRICT;
	else if (!slice_is_nocase(value, "r"))
		note(record, "impossible alignment mode, relaxed is used");
}

static void parse_adkim(struct record *record, struct arena *arena, struct slice value)
{
	(void)arena;
	parse_align(record, &record->adkim, value);
}

static void parse_aspf(struct record *record, struct arena *arena, struct slice value)
{
	(void)arena;
	parse_align(record, &record->aspf, value);
}

static void parse_psd(struct record *record, struct arena *arena, struct slice value)
{
	(void)arena;
	if (slice_is_nocase(value, "y"))
		record->psd = PSD_YES;
	else if (slice_is_nocase(value, "n"))
		record->psd = PSD_NO;
	else if (!slice_is_nocase(value, "u"))
		note(record, "impossible value of psd");
}

static void parse_t(struct record *record, struct arena *arena, struct slice value)
{
	(void)arena;
	record->testing = slice_is_nocase(value, "y");
	if (!record->testing && !slice_is_nocase(value, "n"))
		note(record, "impossible value of t");
}

static void parse_pct(struct record *record, struct arena *arena, struct slice value)
{
	uint64_t pct;

	(void)arena;
	record->obsolete_tags = true;
	record->pct_given = true;
	if (slice_number(value, 100, &pct))
		record->pct = (unsigned)pct;
	else
		note(record, "impossible value of pct, 100 is used");
}

static void parse_obsolete(struct record *record, struct arena *arena, struct slice value)
{
	(void)arena;
	(void)value;
	record->obsolete_tags = true;
}

/* 0 and 1 exclude each other (RFC 9989 4.7): both given fall back to 0. */
static void parse_fo(struct record *record, struct arena *arena, struct slice value)
{
	bool fo[4] = { false };
	struct slice rest = value, item;

	(void)arena;
	while (slice_split(&rest, ':', &item)) {
		static const char letters[] = "01ds";
		const char *hit;

		item = slice_trim_wsp(item);
		hit = item.len == 1 ? memchr(letters, ascii_lower(item.data[0]), 4) : NULL;
		if (hit == NULL) {
			note(record, "impossible value of fo, 0 is used");
			return;
		}
		fo[hit - letters] = true;
	}
	if (fo[0] && fo[1]) {
		note(record, "fo has both 0 and 1, 0 is used");
		fo[1] = false;
	}
	record->fo_0 = fo[0];
	record->fo_1 = fo[1];
	record->fo_d = fo[2];
	record->fo_s = fo[3];
}

/* "!10m" behind a URI (RFC 7489 6.2; obsolete in RFC 9989). */
static bool parse_size(struct slice text, uint64_t *bytes_r)
{
	static const char units[] = "kmgt";
	const char *unit = text.len > 0 ? strchr(units, ascii_lower(text.data[text.len - 1])) : NULL;
	uint64_t value;
	unsigned shift = 0;

	if (unit != NULL && *unit != '\0') {
		shift = (unsigned)(unit - units + 1) * 10;
		text.len--;
	}
	if (!slice_number(text, UINT64_C(1) << 20, &value))
		return false;
	*bytes_r = value << shift;
	return true;
}

/* scheme ":" and visible octets (RFC 3986 3.1, 2): enough to be a URI. */
static bool is_uri(struct slice uri)
{
	static const bool excluded[256] = {
		['"'] = true, ['<'] = true, ['>'] = true, ['\\'] = true, ['^'] = true, ['`'] = true,
		['{'] = true, ['|'] = true, ['}'] = true,
	};
	size_t colon = slice_find(uri, ':');

	if (colon == 0 || colon + 1 >= uri.len || !ascii_is_alpha(uri.data[0]))
		return false;
	for (size_t i = 0; i < colon; i++)
		if (!ascii_is_alnum(uri.data[i]) && strchr("+-.", uri.data[i]) == NULL)
			return false;
	for (size_t i = colon; i < uri.len; i++)
		if (uri.data[i] <= ' ' || uri.data[i] > '~' || excluded[(unsigned char)uri.data[i]])
			return false;
	return true;
}

static void parse_uris(struct record *record, struct arena *arena, struct slice value,
		       struct record_uri *list, unsigned *n)
{
	struct slice rest = value, item;
	unsigned items = 0;

	while (slice_split(&rest, ',', &item)) {
		struct record_uri uri = { .uri = slice_trim_wsp(item) };
		size_t bang = slice_find(uri.uri, '!');

		if (*n == LIMIT_RECORD_URIS || ++items > LIMIT_RECORD_ITEMS) {
			note(record, "more report addresses than are kept");
			return;
		}
		if (bang < uri.uri.len) {
			record->obsolete_tags = true;
			if (!parse_size(slice_from(uri.uri, bang + 1), &uri.max_bytes))
				note(record, "impossible size behind a report address");
			uri.uri = slice_until(uri.uri, bang);
		}
		if (!is_uri(uri.uri)) {
			note(record, "a report address is not a URI");
		} else {
			uri.uri = arena_slice(arena, uri.uri);
			list[(*n)++] = uri;
		}
	}
}

static void parse_rua(struct record *record, struct arena *arena, struct slice value)
{
	parse_uris(record, arena, value, record->rua, &record->n_rua);
}

static void parse_ruf(struct record *record, struct arena *arena, struct slice value)
{
	parse_uris(record, arena, value, record->ruf, &record->n_ruf);
}

static const struct tag_row {
	const char *name;
	void (*parse)(struct record *record, struct arena *arena, struct slice value);
} known_tags[] = {
	{ "p", parse_p }, { "sp", parse_sp }, { "np", parse_np },
	{ "adkim", parse_adkim }, { "aspf", parse_aspf }, { "psd", parse_psd },
	{ "t", parse_t }, { "fo", parse_fo }, { "rua", parse_rua }, { "ruf", parse_ruf },
	{ "pct", parse_pct }, { "rf", parse_obsolete }, { "ri", parse_obsolete },
};
#define N_KNOWN_TAGS (sizeof(known_tags) / sizeof(known_tags[0]))

/* One spec behind the version; `seen` holds a bit per known tag: the first
 * occurrence counts, unknown tags are ignored (RFC 9989 4.7). */
static void parse_spec(struct record *record, struct arena *arena, struct slice spec, unsigned *seen)
{
	struct slice name, value;

	if (slice_trim_wsp(spec).len == 0)
		return;
	if (!split_pair(spec, &name, &value)) {
		note(record, "a part without =");
		return;
	}
	for (unsigned i = 0; i < N_KNOWN_TAGS; i++) {
		if (!slice_is_nocase(name, known_tags[i].name))
			continue;
		if (*seen & 1u << i) {
			note(record, "duplicate tag, the first one counts");
			return;
		}
		*seen |= 1u << i;
		if (!is_tag_value(value))
			value = slice_new("", 0);       /* empty or with bad octets: damage */
		known_tags[i].parse(record, arena, value);
		return;
	}
}

void record_parse(struct arena *arena, struct slice text, struct record *out_r)
{
	struct slice rest, spec;
	unsigned seen = 0, n = 0;

	assert(record_is_candidate(text));
	*out_r = (struct record){ .pct = 100, .fo_0 = true };
	if (text.len > LIMIT_RECORD_OCTETS) {
		text.len = LIMIT_RECORD_OCTETS;
		note(out_r, "record is too long, the rest is ignored");
	}
	out_r->text = arena_slice(arena, text);
	rest = out_r->text;
	slice_split(&rest, ';', &spec);                 /* the version */
	while (slice_split(&rest, ';', &spec)) {
		if (++n > LIMIT_RECORD_TAGS) {
			note(out_r, "too many tags, the rest is ignored");
			break;
		}
		parse_spec(out_r, arena, spec, &seen);
	}
}

enum psd_flag record_psd(struct slice text)
{
	struct slice rest = slice_until(text, LIMIT_RECORD_OCTETS), spec;
	unsigned n = 0;

	slice_split(&rest, ';', &spec);
	while (slice_split(&rest, ';', &spec) && n < LIMIT_RECORD_TAGS) {
		size_t equals = slice_find(spec, '=');
		struct record record = { .psd = PSD_UNKNOWN };

		n++;
		if (equals == spec.len || !slice_is_nocase(slice_trim_wsp(slice_until(spec, equals)), "psd"))
			continue;
		parse_psd(&record, NULL, slice_trim_wsp(slice_from(spec, equals + 1)));
		return record.psd;              /* the first one counts */
	}
	return PSD_UNKNOWN;
}

bool record_is_damaged(const struct record *record, bool with_np)
{
	return record->p == DISPOSITION_UNSET || record->sp_bad || (with_np && record->np_bad);
}
