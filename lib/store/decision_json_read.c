#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "core/signals.h"
#include "store/decision_pieces.h"

/* A line is twice as long at most after a repair by hand; more is no line. */
#define MOST_OCTETS (4 * (size_t)LIMIT_JOURNAL_LINE)

struct reader {
	struct arena *arena;
	enum decision_part part;        /* PART_LINE: all rows */
	const char *error;              /* the first fault; ours and printable */
};

static void read_fields(struct reader *r, const struct field *fields, const struct json *object,
			void *base);

static void fault(struct reader *r, const char *key, const char *what)
{
	if (r->error == NULL)
		r->error = arena_printf(r->arena, "key \"%s\": %s", key, what);
}

static const char *read_text(struct reader *r, const char *key, const struct json *value)
{
	if (json_is_string(value))
		return json_unescape(r->arena, json_text(value)).data;
	fault(r, key, "is not a string");
	return NULL;
}

static void read_enum(struct reader *r, const struct field *f, const struct json *value, void *at)
{
	const char *word = json_text(value);
	int number;

	if (word == NULL || !names_find(f->names, slice_of(word), &number))
		fault(r, f->key, "has an unknown word");
	else
		memcpy(at, &number, sizeof(number));
}

static int64_t read_number(struct reader *r, const char *key, const struct json *value,
			   int64_t least, int64_t most)
{
	int64_t number = json_number(value, INT64_MIN);

	if (number >= least && number <= most)
		return number;
	fault(r, key, "is not a number in its range");
	return least;
}

static void read_bool(struct reader *r, const struct field *f, const struct json *value, void *at)
{
	bool truth = json_truth(value, false);

	if (truth != json_truth(value, true))
		fault(r, f->key, "is neither true nor false");
	memcpy(at, &truth, sizeof(truth));
}

static void read_time(struct reader *r, const struct field *f, const struct json *value, void *at)
{
	int64_t ms = 0;

	if (json_text(value) == NULL || !clock_parse(slice_of(json_text(value)), &ms))
		fault(r, f->key, "is not a time");
	memcpy(at, &ms, sizeof(ms));
}

static void read_items(struct reader *r, const struct field *f, const struct json *list, char *items,
		       unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!json_is_object(json_at(list, i)))
			fault(r, f->key, "is not a list of objects");
		read_fields(r, f->sub, json_at(list, i), items + i * f->size);
	}
}

static void read_list(struct reader *r, const struct field *f, const struct json *list, char *base)
{
	unsigned n = json_length(list);
	void *items;

	if (!json_is_array(list)) {
		fault(r, f->key, "is not a list");
		return;
	}
	if (n > f->max) {
		fault(r, f->key, "has too many entries");
		return;
	}
	if (f->kind == FIELD_INLINE) {
		items = base + f->offset;
	} else {
		items = arena_alloc(r->arena, n * f->size);
		memcpy(base + f->offset, &items, sizeof(items));
	}
	memcpy(base + f->count, &n, sizeof(n));
	read_items(r, f, list, items, n);
}

static const char **read_texts(struct reader *r, const char *key, const struct json *list)
{
	unsigned n = json_length(list);
	const char **texts = ARENA_ARRAY(r->arena, const char *, n);

	if (!json_is_array(list) || n > LIMIT_RECIPIENT_DOMAINS)
		fault(r, key, "is not a list, or has too many entries");
	for (unsigned i = 0; i < n; i++)
		texts[i] = read_text(r, key, json_at(list, i));
	return texts;
}

static void read_names(struct reader *r, const struct field *f, const struct json *list, char *base)
{
	const char **names = read_texts(r, f->key, list);
	unsigned n = json_length(list);

	memcpy(base + f->offset, &names, sizeof(names));
	memcpy(base + f->count, &n, sizeof(n));
}

static void read_beside(struct reader *r, const struct field *f, const struct json *list, char *base)
{
	const char **texts = read_texts(r, f->key, list);
	unsigned n;

	memcpy(&n, base + f->count, sizeof(n));
	if (json_length(list) != n)
		fault(r, f->key, "is not as long as the list beside it");
	memcpy(base + f->offset, &texts, sizeof(texts));
}

static void read_signals(struct reader *r, const struct field *f, const struct json *list, char *at)
{
	unsigned mask = 0, bit = 0;

	if (!json_is_array(list))
		fault(r, f->key, "is not a list");
	for (unsigned i = 0; i < json_length(list); i++) {
		if (!signal_find(slice_of(json_text(json_at(list, i))), &bit))
			fault(r, f->key, "has an unknown word");
		mask |= bit;
	}
	memcpy(at, &mask, sizeof(mask));
}

static unsigned read_uris(struct reader *r, const struct json *list, struct record_uri *uris)
{
	unsigned n = json_length(list);

	if (n > LIMIT_RECORD_URIS)
		n = LIMIT_RECORD_URIS;
	for (unsigned i = 0; i < n; i++)
		uris[i] = (struct record_uri){
			.uri = json_unescape(r->arena, json_text(json_at(list, i))),
		};
	return n;
}

/* A whole text is parsed again, so that a better parser sees more. Of one that
 * was cut the tags count as they were written. */
static void read_record(struct reader *r, const struct field *f, const struct json *object,
			struct record *record)
{
	struct slice text = json_unescape(r->arena, json_text(json_get(object, "text")));
	bool cut = json_get(object, "text_octets") != NULL;

	if (!cut && !record_is_candidate(text)) {
		fault(r, f->key, "is not a DMARC record");
	} else if (!cut) {
		record_parse(r->arena, text, record);
	} else {
		*record = (struct record){ .text = text, .is_cut = true };
		read_fields(r, f->sub, object, record);
		record->n_rua = read_uris(r, json_get(object, "rua"), record->rua);
		record->n_ruf = read_uris(r, json_get(object, "ruf"), record->ruf);
	}
}

/* Every group has its text of rules, "" without any. */
static void spread_rules(struct reader *r, struct evidence *e)
{
	if (e->recipient_rules != NULL || e->n_recipient_domains == 0)
		return;
	e->recipient_rules = ARENA_ARRAY(r->arena, const char *, e->n_recipient_domains);
	for (unsigned i = 0; i < e->n_recipient_domains; i++)
		e->recipient_rules[i] = "";
}

/* Early lines have domain and chosen only. */
static void read_chosen_for(struct reader *r, const struct field *f, const struct json *list,
			    enum why why, struct chosen_list *out_r)
{
	unsigned n = json_length(list);

	*out_r = (struct chosen_list){ ARENA_ARRAY(r->arena, struct chosen_for, n), n };
	for (unsigned i = 0; i < n && r->error == NULL; i++) {
		struct chosen_for *item = &out_r->items[i];

		*item = (struct chosen_for){ .rules = "", .why = why };
		read_fields(r, f->sub, json_at(list, i), item);
		if (item->domain == NULL || item->chosen == ACTION_UNSET)
			fault(r, f->key, "has an entry without domain or chosen");
	}
}

/* Sets that the line had no room for come back empty, so that each keeps its
 * instance and nobody is trusted for what is not known. */
static void restore_sets(struct reader *r, const struct json *cut, struct arc_evidence *arc)
{
	unsigned missing = (unsigned)read_number(r, "arc_sets", cut, 0, LIMIT_ARC_SETS - arc->n_sets);
	struct arc_set *sets = ARENA_ARRAY(r->arena, struct arc_set, missing + arc->n_sets);

	if (arc->n_sets > 0)
		memcpy(sets + missing, arc->sets, arc->n_sets * sizeof(*sets));
	arc->sets = sets;
	arc->n_sets += missing;
}

static void read_object(struct reader *r, const struct field *f, const struct json *value, void *at)
{
	if (json_is_object(value))
		read_fields(r, f->sub, value, at);
	else
		fault(r, f->key, "is not an object");
}

static void read_integer(struct reader *r, const struct field *f, const struct json *value, void *at)
{
	int64_t number;
	uint64_t u64;
	unsigned u;
	int i;

	if (f->kind == FIELD_U64) {
		u64 = (uint64_t)read_number(r, f->key, value, 0, INT64_MAX);
		memcpy(at, &u64, sizeof(u64));
		return;
	}
	number = read_number(r, f->key, value, 0, f->kind == FIELD_UINT ? UINT_MAX : INT_MAX);
	u = (unsigned)number;
	i = (int)number;
	memcpy(at, f->kind == FIELD_UINT ? (void *)&u : (void *)&i, sizeof(int));
}

static void read_field(struct reader *r, const struct field *f, const struct json *value, char *base)
{
	const char *text;

	switch (f->kind) {
	case FIELD_NAME:
	case FIELD_TEXT:
	case FIELD_LOCAL:
	case FIELD_ADDRESSES:
		text = read_text(r, f->key, value);
		memcpy(base + f->offset, &text, sizeof(text));
		break;
	case FIELD_ENUM:
		read_enum(r, f, value, base + f->offset);
		break;
	case FIELD_BOOL:
		read_bool(r, f, value, base + f->offset);
		break;
	case FIELD_UINT:
	case FIELD_U64:
	case FIELD_INDEX:
	case FIELD_SIGNATURE:
		read_integer(r, f, value, base + f->offset);
		break;
	case FIELD_TIME:
		read_time(r, f, value, base + f->offset);
		break;
	case FIELD_OBJECT:
		read_object(r, f, value, base + f->offset);
		break;
	case FIELD_SIGNATURES:
	case FIELD_SETS:
	case FIELD_CLAIMS:
	case FIELD_INLINE:
		read_list(r, f, value, base);
		break;
	case FIELD_NAMES:
		read_names(r, f, value, base);
		break;
	case FIELD_BESIDE:
		read_beside(r, f, value, base);
		break;
	case FIELD_SIGNALS:
		read_signals(r, f, value, base + f->offset);
		break;
	case FIELD_RECORD:
		read_record(r, f, value, (struct record *)(base + f->offset));
		break;
	case FIELD_END:
	case FIELD_CHOSEN_FOR:          /* after all others: it needs the recipients */
		break;
	}
}

/* Recursion is bounded by the depth of our own tables. Keys without a row are
 * ignored, keys that are missing leave what is there. */
static void read_fields(struct reader *r, const struct field *fields, const struct json *object,
			void *base)
{
	for (const struct field *f = fields; f->kind != FIELD_END; f++) {
		const struct json *value = json_get(object, f->key);

		if (r->part != PART_LINE && f->part != r->part)
			continue;
		if (f->kind == FIELD_INDEX || f->kind == FIELD_SIGNATURE) {
			int none = -1;

			memcpy((char *)base + f->offset, &none, sizeof(none));
		}
		if (value != NULL)
			read_field(r, f, value, base);
	}
}

static const struct field *row_of(enum field_kind kind)
{
	const struct field *f = decision_fields;

	while (f->kind != kind)
		f++;
	return f;
}

static void check_org(struct reader *r, const struct org *org)
{
	if (org->status == ORG_KNOWN && org->domain == NULL)
		fault(r, "org", "is known but has no domain");
}

static void check_claims(struct reader *r, const struct arc_set *set)
{
	for (unsigned i = 0; i < set->n_claims; i++) {
		if (set->claims[i].domain == NULL)
			fault(r, "claims", "has a claim without a domain");
		check_org(r, &set->claims[i].org);
	}
}

/* What decide() takes for granted of each part; of parts side by side: decision_fit(). */
static void check_decision(struct reader *r, const struct decision *d)
{
	const struct evidence *e = &d->evidence;

	for (unsigned i = 0; i < e->n_authors; i++) {
		const struct policy_found *found = &e->authors[i].policy;

		if (e->authors[i].domain == NULL)
			fault(r, "authors", "has an author without a domain");
		if (found->status == DISCOVERY_FOUND && found->domain == NULL)
			fault(r, "policy", "was found but has no domain");
		check_org(r, &found->org);
	}
	check_org(r, &e->spf.org);
	for (unsigned i = 0; i < e->n_dkim; i++)
		check_org(r, &e->dkim[i].org);
	for (unsigned i = 0; i < e->arc.n_sets; i++)
		check_claims(r, &e->arc.sets[i]);
	if (d->verdict.decisive >= (int)d->verdict.n_authors)
		fault(r, "decisive", "points behind the authors");
}

/* Of a decision whose rows, or those of a part, have been read. */
static void complete(struct reader *r, struct decision *d, const struct json *root,
		     struct chosen_list *chosen)
{
	const struct field *f = row_of(FIELD_CHOSEN_FOR);
	const struct json *sets_cut = json_get(json_get(root, "cut"), "arc_sets");

	if (r->error != NULL)
		return;
	spread_rules(r, &d->evidence);
	if (r->part == PART_LINE || r->part == f->part)
		read_chosen_for(r, f, json_get(root, f->key), d->verdict.why, chosen);
	if (sets_cut != NULL && (r->part == PART_LINE || r->part == PART_FACTS))
		restore_sets(r, sets_cut, &d->evidence.arc);
	check_decision(r, d);
}

static void read_rows(struct reader *r, const struct json *root, struct decision *d)
{
	int64_t version = json_number(json_get(root, "v"), 0);
	const struct json *recipients = json_get(json_get(root, "cut"), "recipients");

	if (!json_is_object(root) || version < 1) {
		r->error = "not a line of the journal: no object with a version \"v\"";
		return;
	}
	if (version > 1) {
		r->error = arena_printf(r->arena, "version %lld of the journal is newer than this "
					"program, which reads version 1", (long long)version);
		return;
	}
	read_fields(r, decision_fields, root, d);
	if (recipients != NULL)
		d->evidence.recipients_unlisted +=
			(unsigned)read_number(r, "recipients", recipients, 0, INT_MAX);
}

int decision_json_read_part(struct arena *arena, enum decision_part part, struct slice text,
			    struct decision *out_r, struct chosen_list *chosen_r,
			    const char **error_r)
{
	struct reader r = { .arena = arena, .part = part };
	struct json_doc *doc;

	*out_r = (struct decision){ .verdict.decisive = -1 };
	*chosen_r = (struct chosen_list){ NULL, 0 };
	doc = json_parse(arena, text, &r.error);
	if (doc != NULL) {
		read_rows(&r, json_root(doc), out_r);
		complete(&r, out_r, json_root(doc), chosen_r);
	}
	json_doc_free(doc);
	if (r.error == NULL)
		return 0;
	*error_r = r.error;
	return -1;
}

int decision_json_read(struct arena *arena, struct slice line, struct decision *out_r,
		       const char **error_r)
{
	struct chosen_list chosen;
	struct decision d;

	if (line.len > MOST_OCTETS) {
		*error_r = "longer than any line of the journal";
		return -1;
	}
	if (decision_json_read_part(arena, PART_LINE, line, &d, &chosen, error_r) != 0)
		return -1;
	d.verdict.recipients = ARENA_ARRAY(arena, struct recipient_verdict,
					   d.evidence.n_recipient_domains);
	if (!decision_fit(&d, &chosen, error_r))
		return -1;
	*out_r = d;
	return 0;
}
