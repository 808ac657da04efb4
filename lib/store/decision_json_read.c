#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "core/signals.h"
#include "store/decision_fields.h"

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

/* Every group of the evidence gets the message's verdict first. */
static void spread_chosen(struct reader *r, struct decision *d)
{
	struct verdict *v = &d->verdict;

	v->n_recipients = d->evidence.n_recipient_domains;
	v->recipients = ARENA_ARRAY(r->arena, struct recipient_verdict, v->n_recipients);
	for (unsigned i = 0; i < v->n_recipients; i++)
		v->recipients[i] = (struct recipient_verdict){
			.domain = d->evidence.recipient_domains[i], .chosen = v->chosen, .why = v->why,
			.rule = v->rule,
		};
}

static void take_chosen_for(struct decision *d, const struct chosen_for *item)
{
	for (unsigned i = 0; i < d->verdict.n_recipients; i++) {
		struct recipient_verdict *r = &d->verdict.recipients[i];

		if (strcmp(r->domain, item->domain) != 0 ||
		    strcmp(d->evidence.recipient_rules[i], item->rules) != 0)
			continue;
		r->chosen = item->chosen;
		r->why = item->why;
		r->rule = item->rule;
	}
}

/* Early lines have domain and chosen only. */
static void read_chosen_for(struct reader *r, const struct field *f, const struct json *list,
			    struct decision *d)
{
	for (unsigned i = 0; i < json_length(list); i++) {
		struct chosen_for item = { .rules = "", .why = d->verdict.why };

		read_fields(r, f->sub, json_at(list, i), &item);
		if (item.domain == NULL || item.chosen == ACTION_UNSET)
			fault(r, f->key, "has an entry without domain or chosen");
		if (r->error != NULL)
			return;
		take_chosen_for(d, &item);
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

/* What decide() takes for granted. */
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
	for (unsigned i = 0; i < d->verdict.n_authors; i++)
		if (d->verdict.authors[i].dkim_index >= (int)e->n_dkim)
			fault(r, "dkim_index", "points behind the signatures");
}

/* Of a decision whose rows have been read; chosen_for and cut may be NULL. */
static void complete(struct reader *r, struct decision *d, const struct json *chosen_for,
		     const struct json *sets_cut)
{
	if (r->error != NULL)
		return;
	spread_rules(r, &d->evidence);
	spread_chosen(r, d);
	read_chosen_for(r, row_of(FIELD_CHOSEN_FOR), chosen_for, d);
	if (sets_cut != NULL)
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

static const struct json *chosen_for_of(const struct json *root)
{
	return json_get(root, row_of(FIELD_CHOSEN_FOR)->key);
}

static const struct json *sets_cut_of(const struct json *root)
{
	return json_get(json_get(root, "cut"), "arc_sets");
}

int decision_json_read(struct arena *arena, struct slice line, struct decision *out_r,
		       const char **error_r)
{
	struct reader r = { .arena = arena };
	struct decision d = { .verdict.decisive = -1 };
	struct json_doc *doc;

	if (line.len > MOST_OCTETS) {
		*error_r = "longer than any line of the journal";
		return -1;
	}
	doc = json_parse(arena, line, error_r);
	if (doc == NULL)
		return -1;
	read_rows(&r, json_root(doc), &d);
	complete(&r, &d, chosen_for_of(json_root(doc)), sets_cut_of(json_root(doc)));
	json_doc_free(doc);
	if (r.error != NULL) {
		*error_r = r.error;
		return -1;
	}
	*out_r = d;
	return 0;
}

int decision_json_read_parts(struct arena *arena, const struct slice parts[DECISION_PARTS],
			     struct decision *out_r, const char **error_r)
{
	static const struct decision nothing = { .verdict.decisive = -1 };

	return decision_json_read_more(arena, &nothing, parts, out_r, error_r);
}

int decision_json_read_more(struct arena *arena, const struct decision *base,
			    const struct slice parts[DECISION_PARTS], struct decision *out_r,
			    const char **error_r)
{
	struct reader r = { .arena = arena };
	struct decision d = *base;
	struct json_doc *docs[DECISION_PARTS] = { NULL };

	for (int part = PART_FACTS; part < DECISION_PARTS && r.error == NULL; part++) {
		if (parts[part].data == NULL)
			continue;
		docs[part] = json_parse(arena, parts[part], &r.error);
		r.part = (enum decision_part)part;
		if (docs[part] != NULL)
			read_rows(&r, json_root(docs[part]), &d);
	}
	r.part = PART_LINE;
	if (r.error == NULL)
		complete(&r, &d, chosen_for_of(json_root(docs[PART_VERDICT])),
			 sets_cut_of(json_root(docs[PART_FACTS])));
	for (int part = PART_FACTS; part < DECISION_PARTS; part++)
		json_doc_free(docs[part]);
	if (r.error != NULL) {
		*error_r = r.error;
		return -1;
	}
	*out_r = d;
	return 0;
}
