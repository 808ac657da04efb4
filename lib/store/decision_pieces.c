#include "store/decision_pieces.h"

#include <assert.h>
#include <string.h>

/* ---- parts side by side ---- */

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

/* Every group of the evidence gets the message's verdict first. */
static void spread_chosen(struct decision *d, const struct chosen_list *chosen)
{
	struct verdict *v = &d->verdict;

	v->n_recipients = d->evidence.n_recipient_domains;
	for (unsigned i = 0; i < v->n_recipients; i++)
		v->recipients[i] = (struct recipient_verdict){
			.domain = d->evidence.recipient_domains[i], .chosen = v->chosen, .why = v->why,
			.rule = v->rule,
		};
	for (unsigned i = 0; i < chosen->n; i++)
		take_chosen_for(d, &chosen->items[i]);
}

bool decision_fit(struct decision *decision, const struct chosen_list *chosen, const char **error_r)
{
	const struct verdict *v = &decision->verdict;

	for (unsigned i = 0; i < v->n_authors; i++)
		if (v->authors[i].dkim_index >= (int)decision->evidence.n_dkim) {
			*error_r = "key \"dkim_index\": points behind the signatures";
			return false;
		}
	spread_chosen(decision, chosen);
	return true;
}

/* ---- pieces ---- */

struct decision_piece {
	enum decision_part part;
	struct chosen_list chosen;
	char values[];
};

/* The same walk counts octets, takes them out and puts them back. */
enum direction { COUNT = 0, TAKE, PUT };
struct walk {
	enum decision_part part;
	enum direction direction;
	char *values;
	size_t at;
};

static void move(struct walk *w, void *member, size_t n)
{
	if (w->direction == TAKE)
		memcpy(w->values + w->at, member, n);
	else if (w->direction == PUT)
		memcpy(member, w->values + w->at, n);
	w->at += n;
}

static void move_rows(struct walk *w, const struct field *fields, char *base);

/* Entries that are not there are not kept, and empty when they come back. */
static void move_inline(struct walk *w, const struct field *f, char *base)
{
	char *items = base + f->offset;
	unsigned n;

	move(w, base + f->count, sizeof(n));
	memcpy(&n, base + f->count, sizeof(n));
	if (w->direction == PUT)
		memset(items, 0, f->max * f->size);
	for (unsigned i = 0; i < n; i++)
		move_rows(w, f->sub, items + i * f->size);
}

/* Most of it is room for addresses. */
static void move_record(struct walk *w, struct record *record)
{
	move(w, record, offsetof(struct record, rua));
	move(w, &record->n_rua, sizeof(record->n_rua));
	move(w, &record->n_ruf, sizeof(record->n_ruf));
	move(w, &record->note, sizeof(record->note));
	move(w, record->rua, record->n_rua * sizeof(record->rua[0]));
	move(w, record->ruf, record->n_ruf * sizeof(record->ruf[0]));
}

static void move_list(struct walk *w, const struct field *f, char *base)
{
	move(w, base + f->count, sizeof(unsigned));
	move(w, base + f->offset, sizeof(void *));
}

static void move_row(struct walk *w, const struct field *f, char *base)
{
	switch (f->kind) {
	case FIELD_NAME:
	case FIELD_TEXT:
	case FIELD_LOCAL:
	case FIELD_ADDRESSES:
	case FIELD_BESIDE:
		move(w, base + f->offset, sizeof(void *));
		break;
	case FIELD_ENUM:
	case FIELD_UINT:
	case FIELD_INDEX:
	case FIELD_SIGNATURE:
	case FIELD_SIGNALS:
		move(w, base + f->offset, sizeof(int));
		break;
	case FIELD_BOOL:
		move(w, base + f->offset, sizeof(bool));
		break;
	case FIELD_U64:
	case FIELD_TIME:
		move(w, base + f->offset, sizeof(int64_t));
		break;
	case FIELD_OBJECT:
		move_rows(w, f->sub, base + f->offset);
		break;
	case FIELD_SIGNATURES:
	case FIELD_SETS:
	case FIELD_CLAIMS:
	case FIELD_NAMES:
		move_list(w, f, base);
		break;
	case FIELD_INLINE:
		move_inline(w, f, base);
		break;
	case FIELD_RECORD:
		move_record(w, (struct record *)(base + f->offset));
		break;
	case FIELD_END:
	case FIELD_CHOSEN_FOR:          /* beside the values */
		break;
	}
}

static void move_rows(struct walk *w, const struct field *fields, char *base)
{
	for (const struct field *f = fields; f->kind != FIELD_END; f++)
		if (f->part == w->part)
			move_row(w, f, base);
}

const struct decision_piece *decision_piece_read(struct arena *arena, enum decision_part part,
						 struct slice text, const char **error_r)
{
	struct walk w = { .part = part, .direction = COUNT };
	struct decision_piece *piece;
	struct chosen_list chosen;
	struct decision d;

	assert(part != PART_LINE);
	if (decision_json_read_part(arena, part, text, &d, &chosen, error_r) != 0)
		return NULL;
	move_rows(&w, decision_fields, (char *)&d);
	piece = arena_alloc(arena, sizeof(*piece) + w.at);
	*piece = (struct decision_piece){ .part = part, .chosen = chosen };
	w = (struct walk){ .part = part, .direction = TAKE, .values = piece->values };
	move_rows(&w, decision_fields, (char *)&d);
	return piece;
}

void decision_piece_put(const struct decision_piece *piece, struct decision *decision)
{
	struct walk w = { .part = piece->part, .direction = PUT, .values = (char *)piece->values };

	move_rows(&w, decision_fields, (char *)decision);
}

const struct chosen_list *decision_piece_chosen(const struct decision_piece *piece)
{
	return &piece->chosen;
}

int decision_json_read_more(struct arena *arena, const struct decision *base,
			    const struct slice parts[DECISION_PARTS], struct decision *out_r,
			    const char **error_r)
{
	struct chosen_list chosen = { NULL, 0 };
	struct decision d = *base;

	for (int part = PART_FACTS; part < DECISION_PARTS; part++) {
		const struct decision_piece *piece;

		if (parts[part].data == NULL)
			continue;
		piece = decision_piece_read(arena, (enum decision_part)part, parts[part], error_r);
		if (piece == NULL)
			return -1;
		decision_piece_put(piece, &d);
		if (part == PART_VERDICT)
			chosen = piece->chosen;
	}
	d.verdict.recipients = ARENA_ARRAY(arena, struct recipient_verdict,
					   d.evidence.n_recipient_domains);
	if (!decision_fit(&d, &chosen, error_r))
		return -1;
	*out_r = d;
	return 0;
}
