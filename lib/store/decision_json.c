#include "store/decision_json.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "core/signals.h"
#include "store/decision_fields.h"

/* How much of a line's parts is kept. Almost every line fits the first row; a
 * line that does not is written again with the next. The last one always fits. */
static const struct limits {
	size_t text, record;            /* octets of one text, of one record's text */
	unsigned recipients, signatures, sets, claims;
} levels[] = {
	{ LIMIT_JOURNAL_STRING, 16384, LIMIT_RECIPIENT_DOMAINS, LIMIT_SIGNATURES_SEEN,
	  LIMIT_ARC_SETS, LIMIT_ARC_CLAIMS },
	{ 256, 1024, LIMIT_RECIPIENT_DOMAINS, LIMIT_SIGNATURES_SEEN, 20, LIMIT_ARC_CLAIMS },
	{ 64, 256, 16, 6, 4, 2 },
};
#define N_LEVELS (sizeof(levels) / sizeof(levels[0]))
#define NAME_OCTETS 255                 /* a domain or a word of ours */

struct writer {
	struct json_out out;
	const struct limits *limits;
	const struct decision *decision;
	enum decision_part part;        /* PART_LINE: all rows */
	bool full_addresses;
	bool keep[LIMIT_SIGNATURES_SEEN];       /* signatures that are written */
	unsigned signatures_out;
};

static void write_fields(struct writer *w, const struct field *fields, const void *base);

static const char *text_at(const void *p)
{
	const char *text;

	memcpy(&text, p, sizeof(text));
	return text;
}

static const char *const *list_at(const void *p)
{
	const char *const *list;

	memcpy(&list, p, sizeof(list));
	return list;
}

static unsigned uint_at(const void *p)
{
	unsigned value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static int int_at(const void *p)
{
	int value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static void put_text(struct writer *w, const char *key, const char *text, size_t limit)
{
	w->out.string_limit = limit;
	json_put_string(&w->out, key, text);
}

/* Where the local part before an @ at `end` begins: back to a delimiter,
 * through quoted-strings. */
static size_t local_start(const char *text, size_t end)
{
	size_t at = end;

	for (;;) {
		if (at > 0 && text[at - 1] == '"') {
			at--;
			while (at > 0 && (text[at - 1] != '"' || (at > 1 && text[at - 2] == '\\')))
				at--;
			at -= at > 0;
		} else if (at > 0 && strchr(" \t\r\n=<(,;:", text[at - 1]) == NULL) {
			at--;
		} else {
			return at;
		}
	}
}

static void put_without_locals(struct writer *w, const char *key, const char *text)
{
	struct buf clean;

	if (text == NULL)
		return;
	buf_init(&clean, strlen(text));
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '@')
			buf_cut(&clean, local_start(buf_str(&clean), clean.len));
		buf_add_char(&clean, *p);
	}
	put_text(w, key, buf_str(&clean), w->limits->text);
	buf_done(&clean);
}

static void put_enum(struct writer *w, const struct field *f, const void *at)
{
	if (int_at(at) != 0 || f->always)
		json_put_string(&w->out, f->key, names_get(f->names, int_at(at)));
}

static void put_number(struct writer *w, const struct field *f, int64_t value, int64_t absent)
{
	if (value != absent || f->always)
		json_put_int(&w->out, f->key, value);
}

static void put_u64(struct writer *w, const struct field *f, const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	put_number(w, f, value > INT64_MAX ? INT64_MAX : (int64_t)value, 0);
}

static void put_bool(struct writer *w, const struct field *f, const void *at)
{
	bool value;

	memcpy(&value, at, sizeof(value));
	if (value || f->always)
		json_put_bool(&w->out, f->key, value);
}

static void put_time(struct writer *w, const char *key, const void *at)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t ms;

	memcpy(&ms, at, sizeof(ms));
	clock_format(ms, text);
	json_put_string(&w->out, key, text);
}

/* An object in which nothing was written is left out. */
static void put_object(struct writer *w, const struct field *f, const void *base)
{
	struct buf *buf = w->out.buf;
	size_t before = buf->len, inside;
	bool comma = w->out.comma;

	json_put_object(&w->out, f->key);
	inside = buf->len;
	write_fields(w, f->sub, base);
	if (buf->len > inside || buf_is_full(buf)) {
		json_put_object_end(&w->out);
	} else {
		buf_cut(buf, before);
		w->out.comma = comma;
	}
}

/* Of ARC sets the newest are kept: trust goes from the newest down. */
static bool is_written(const struct writer *w, enum field_kind kind, unsigned i, unsigned n)
{
	if (kind == FIELD_SIGNATURES)
		return i < LIMIT_SIGNATURES_SEEN && w->keep[i];
	if (kind == FIELD_SETS)
		return i + w->limits->sets >= n;
	return kind != FIELD_CLAIMS || i < w->limits->claims;
}

static void put_list(struct writer *w, const struct field *f, const char *items, unsigned n)
{
	if (n == 0)
		return;
	json_put_array(&w->out, f->key);
	for (unsigned i = 0; i < n; i++) {
		if (!is_written(w, f->kind, i, n))
			continue;
		json_put_object(&w->out, NULL);
		write_fields(w, f->sub, items + i * f->size);
		json_put_object_end(&w->out);
	}
	json_put_array_end(&w->out);
}

static void put_names(struct writer *w, const char *key, const char *const *names, unsigned n,
		      size_t limit)
{
	if (n == 0 || names == NULL)
		return;
	json_put_array(&w->out, key);
	for (unsigned i = 0; i < n && i < w->limits->recipients; i++)
		put_text(w, NULL, names[i], limit);
	json_put_array_end(&w->out);
}

static void put_beside(struct writer *w, const char *key, const char *const *texts, unsigned n)
{
	bool any = false;

	for (unsigned i = 0; texts != NULL && i < n; i++)
		any = any || texts[i][0] != '\0';
	if (any)
		put_names(w, key, texts, n, w->limits->text);
}

/* By name: a bit's meaning would change with the order of the table. */
static void put_signals(struct writer *w, const char *key, unsigned mask)
{
	if (mask == 0)
		return;
	json_put_array(&w->out, key);
	for (unsigned i = 0; signal_rows[i].name != NULL; i++)
		if (mask & 1u << i)
			json_put_string(&w->out, NULL, signal_rows[i].name);
	json_put_array_end(&w->out);
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Groups that would get something else than the message, or for another reason. */
static void put_chosen_for(struct writer *w, const struct field *f, const struct verdict *v)
{
	const char **rules = w->decision->evidence.recipient_rules;
	bool open = false;

	for (unsigned i = 0; i < v->n_recipients && i < w->limits->recipients; i++) {
		const struct recipient_verdict *r = &v->recipients[i];
		struct chosen_for item = { .domain = r->domain, .chosen = r->chosen, .why = r->why,
					   .rule = r->rule };

		if (r->chosen == v->chosen && r->why == v->why && is_same_text(r->rule, v->rule))
			continue;
		if (rules != NULL && rules[i][0] != '\0')
			item.rules = rules[i];
		if (!open)
			json_put_array(&w->out, f->key);
		open = true;
		json_put_object(&w->out, NULL);
		write_fields(w, f->sub, &item);
		json_put_object_end(&w->out);
	}
	if (open)
		json_put_array_end(&w->out);
}

static void put_uris(struct writer *w, const char *key, const struct record_uri *uris, unsigned n)
{
	if (n == 0)
		return;
	json_put_array(&w->out, key);
	for (unsigned i = 0; i < n; i++) {
		w->out.string_limit = w->limits->record / 16;
		json_put_slice(&w->out, NULL, uris[i].uri);
	}
	json_put_array_end(&w->out);
}

/* The text is parsed again by the reader. A text that had to be cut is marked
 * by its true length (of one that was cut before: what is left); then the tags
 * beside it are what the reader takes. */
static void put_record(struct writer *w, const struct field *f, const struct record *record)
{
	bool cut = record->is_cut || record->text.len > w->limits->record;

	if (record->text.len == 0)
		return;
	json_put_object(&w->out, f->key);
	w->out.string_limit = w->limits->record;
	json_put_slice(&w->out, "text", record->text);
	if (cut || w->part == PART_LINE)
		write_fields(w, f->sub, record);
	if (cut) {
		json_put_int(&w->out, "text_octets", (int64_t)record->text.len);
		put_uris(w, "rua", record->rua, record->n_rua);
		put_uris(w, "ruf", record->ruf, record->n_ruf);
	}
	json_put_object_end(&w->out);
}

/* The place of a signature among those that are written. */
static int written_index(const struct writer *w, int index)
{
	int place = 0;

	if (index < 0 || index >= LIMIT_SIGNATURES_SEEN || !w->keep[index])
		return -1;
	for (int i = 0; i < index; i++)
		place += w->keep[i];
	return place;
}

static void write_field(struct writer *w, const struct field *f, const char *base)
{
	const char *at = base + f->offset;

	switch (f->kind) {
	case FIELD_END:
		break;
	case FIELD_NAME:
		put_text(w, f->key, text_at(at), NAME_OCTETS);
		break;
	case FIELD_TEXT:
		put_text(w, f->key, text_at(at), w->limits->text);
		break;
	case FIELD_LOCAL:
		if (w->full_addresses)
			put_text(w, f->key, text_at(at), w->limits->text);
		break;
	case FIELD_ADDRESSES:
		if (w->full_addresses)
			put_text(w, f->key, text_at(at), w->limits->text);
		else
			put_without_locals(w, f->key, text_at(at));
		break;
	case FIELD_ENUM:
		put_enum(w, f, at);
		break;
	case FIELD_BOOL:
		put_bool(w, f, at);
		break;
	case FIELD_UINT:
		put_number(w, f, uint_at(at), 0);
		break;
	case FIELD_U64:
		put_u64(w, f, at);
		break;
	case FIELD_TIME:
		put_time(w, f->key, at);
		break;
	case FIELD_INDEX:
		put_number(w, f, int_at(at), -1);
		break;
	case FIELD_SIGNATURE:
		put_number(w, f, written_index(w, int_at(at)), -1);
		break;
	case FIELD_OBJECT:
		put_object(w, f, at);
		break;
	case FIELD_SIGNATURES:
	case FIELD_SETS:
	case FIELD_CLAIMS:
		put_list(w, f, text_at(at), uint_at(base + f->count));
		break;
	case FIELD_INLINE:
		put_list(w, f, at, uint_at(base + f->count));
		break;
	case FIELD_NAMES:
		put_names(w, f->key, list_at(at), uint_at(base + f->count), NAME_OCTETS);
		break;
	case FIELD_BESIDE:
		put_beside(w, f->key, list_at(at), uint_at(base + f->count));
		break;
	case FIELD_SIGNALS:
		put_signals(w, f->key, uint_at(at));
		break;
	case FIELD_RECORD:
		put_record(w, f, (const struct record *)at);
		break;
	case FIELD_CHOSEN_FOR:
		put_chosen_for(w, f, (const struct verdict *)at);
		break;
	}
}

/* Recursion is bounded by the depth of our own tables. */
static void write_fields(struct writer *w, const struct field *fields, const void *base)
{
	for (const struct field *f = fields; f->kind != FIELD_END; f++)
		if (w->part == PART_LINE || f->part == w->part)
			write_field(w, f, base);
}

/* Marks up to *room signatures of this kind for keeping. */
static void keep_signatures(struct writer *w, enum dkim_result result, unsigned *room)
{
	const struct evidence *e = &w->decision->evidence;

	for (unsigned i = 0; i < e->n_dkim && i < LIMIT_SIGNATURES_SEEN && *room > 0; i++)
		if (!w->keep[i] && (e->dkim[i].result == result || result == RES_DKIM_UNSET)) {
			w->keep[i] = true;
			(*room)--;
		}
}

/* First those that a verdict rests on, then what else a decision can rest on. */
static void choose_signatures(struct writer *w)
{
	const struct verdict *v = &w->decision->verdict;
	unsigned room = w->limits->signatures;

	for (unsigned i = 0; i < v->n_authors; i++) {
		int index = v->authors[i].dkim_index;

		if (index >= 0 && index < LIMIT_SIGNATURES_SEEN && !w->keep[index]) {
			w->keep[index] = true;
			room--;
		}
	}
	keep_signatures(w, RES_DKIM_PASS, &room);
	keep_signatures(w, RES_DKIM_TEMPERROR, &room);
	keep_signatures(w, RES_DKIM_UNSET, &room);      /* any */
	w->signatures_out = w->decision->evidence.n_dkim - (w->limits->signatures - room);
}

static unsigned surplus(unsigned n, unsigned limit)
{
	return n > limit ? n - limit : 0;
}

/* Of the sets that are written. */
static unsigned claims_cut(const struct writer *w)
{
	const struct arc_evidence *arc = &w->decision->evidence.arc;
	unsigned n = 0;

	for (unsigned i = 0; i < arc->n_sets; i++)
		if (is_written(w, FIELD_SETS, i, arc->n_sets))
			n += surplus(arc->sets[i].n_claims, w->limits->claims);
	return n;
}

/* What the line does not hold, by number. */
static void put_cut(struct writer *w)
{
	const struct evidence *e = &w->decision->evidence;
	const unsigned recipients = surplus(e->n_recipient_domains, w->limits->recipients);
	const unsigned sets = surplus(e->arc.n_sets, w->limits->sets);
	const unsigned claims = claims_cut(w);
	const struct { enum decision_part part; const char *key; unsigned n; } losses[] = {
		{ w->part, "strings", w->out.strings_cut }, { PART_RECIPIENTS, "recipients", recipients },
		{ PART_FACTS, "signatures", w->signatures_out }, { PART_FACTS, "arc_sets", sets },
		{ PART_FACTS, "arc_claims", claims },
	};
	bool open = false;

	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		if (losses[i].n == 0 || (w->part != PART_LINE && w->part != losses[i].part))
			continue;
		if (!open)
			json_put_object(&w->out, "cut");
		open = true;
		json_put_int(&w->out, losses[i].key, losses[i].n);
	}
	if (open)
		json_put_object_end(&w->out);
}

static void write_object(struct buf *out, const struct decision *decision, enum decision_part part,
			 bool full_addresses, const struct limits *limits)
{
	struct writer w = {
		.limits = limits, .decision = decision, .part = part, .full_addresses = full_addresses,
	};

	json_begin(&w.out, out, 0);
	choose_signatures(&w);
	json_put_object(&w.out, NULL);
	json_put_int(&w.out, "v", 1);
	write_fields(&w, decision_fields, decision);
	put_cut(&w);
	json_put_object_end(&w.out);
	if (part == PART_LINE)
		buf_add_char(out, '\n');
}

static void write_within(struct buf *out, const struct decision *decision, enum decision_part part,
			 bool full_addresses)
{
	size_t start = out->len;

	for (size_t i = 0; i < N_LEVELS; i++) {
		write_object(out, decision, part, full_addresses, &levels[i]);
		if (!buf_is_full(out) && out->len - start <= LIMIT_JOURNAL_LINE)
			return;
		buf_cut(out, start);
	}
	assert(!"the last level always fits a buffer with room for one line");
}

void decision_json_write(struct buf *out, const struct decision *decision,
			 const struct decision_json_options *options)
{
	write_within(out, decision, PART_LINE, options->full_addresses);
}

void decision_json_write_part(struct buf *out, const struct decision *decision,
			      enum decision_part part)
{
	assert(part != PART_LINE);
	write_within(out, decision, part, false);
}
