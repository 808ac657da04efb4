#include "auth/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define NAME_OCTETS 512                 /* of a name that is remembered */

struct need {                           /* a name in some h= */
	struct slice name;
	unsigned signature;             /* whose; sorting only */
	unsigned left;                  /* fields that are still to be marked */
};

void fields_init(struct fields *fields, struct arena *arena)
{
	memset(fields, 0, sizeof(*fields));
	fields->arena = arena;
}

void fields_withhold(struct fields *fields, struct slice name, const char *reason)
{
	for (unsigned i = 0; i < fields->n_withheld; i++)
		if (slice_equal_nocase(fields->withheld[i].name, name))
			return;
	if (fields->n_withheld == FIELDS_WITHHELD_NAMES || name.len > NAME_OCTETS) {
		fields->all_withheld = reason;
		return;
	}
	fields->withheld[fields->n_withheld].name = arena_slice(fields->arena, name);
	fields->withheld[fields->n_withheld++].reason = reason;
}

/* Copies a value with every line end as CRLF. False: octets that the library
 * would drop or change while it hashes (NUL, a lone CR, VT, FF) or a line end
 * that is no fold: then more would verify than what was signed. */
static bool copy_value(struct slice value, char *out_r, size_t *len_r)
{
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (c == '\r' && i + 1 < value.len && value.data[i + 1] == '\n')
			continue;
		if (c == '\0' || c == '\r' || c == '\v' || c == '\f')
			return false;
		if (c == '\n') {
			char next = i + 1 < value.len ? value.data[i + 1] : '\0';

			if (next != ' ' && next != '\t')
				return false;
			out_r[len++] = '\r';
		}
		out_r[len++] = c;
	}
	*len_r = len;
	return true;
}

static struct slice without_line_end(struct slice value)
{
	if (value.len == 0 || value.data[value.len - 1] != '\n')
		return value;
	value.len--;
	if (value.len > 0 && value.data[value.len - 1] == '\r')
		value.len--;
	return value;
}

static size_t count_octet(struct slice s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.data[i] == c;
	return n;
}

static struct field *keep(struct fields *fields, struct slice name, struct slice value)
{
	size_t most = name.len + 1 + value.len + count_octet(value, '\n'), len;
	struct field *field = ARENA_NEW(fields->arena, struct field);
	char *text = arena_alloc(fields->arena, most + 1);

	fields->n++;
	fields->octets += name.len + value.len;
	memcpy(text, name.data, name.len);
	text[name.len] = ':';
	if (!copy_value(value, text + name.len + 1, &len))
		return NULL;
	field->text = slice_new(text, name.len + 1 + len);
	field->name_len = name.len;
	while (field->name_len > 0 && strchr(" \t", name.data[field->name_len - 1]) != NULL)
		field->name_len--;
	field->above = fields->last;
	*(fields->last != NULL ? &fields->last->below : &fields->first) = field;
	fields->last = field;
	return field;
}

/* Names that no h= can hold are no concern of a signature. */
static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] < 0x21 || name.data[i] > 0x7E || strchr(":;", name.data[i]) != NULL)
			return false;
	return name.len > 0;
}

struct field *fields_add(struct fields *fields, struct slice name, struct slice value,
			 const char **reason_r)
{
	struct field *field = NULL;

	*reason_r = NULL;
	if (!is_name(slice_trim_wsp(name)))
		return NULL;
	value = without_line_end(value);
	if (fields->n >= LIMIT_HEADER_FIELDS ||
	    name.len + value.len > LIMIT_HEADER_OCTETS - fields->octets)
		*reason_r = "header too large";
	else if (slice_find(name, '\t') < name.len || (field = keep(fields, name, value)) == NULL)
		*reason_r = "control character in a signed field";
	if (*reason_r != NULL)
		fields_withhold(fields, slice_trim_wsp(name), *reason_r);
	return field;
}

const char *fields_lack(const struct fields *fields, const struct signature *signature)
{
	for (unsigned i = 0; i < fields->n_withheld; i++)
		if (signature_covers(signature, fields->withheld[i].name))
			return fields->withheld[i].reason;
	return fields->all_withheld;
}

int fields_compare_names(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < len; i++) {
		int difference = ascii_lower(a.data[i]) - ascii_lower(b.data[i]);

		if (difference != 0)
			return difference;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static int compare_needs(const void *a, const void *b)
{
	const struct need *x = a, *y = b;
	int difference = fields_compare_names(x->name, y->name);

	return difference != 0 ? difference : (x->signature > y->signature) - (x->signature < y->signature);
}

static int compare_name_to_need(const void *name, const void *need)
{
	return fields_compare_names(*(const struct slice *)name, ((const struct need *)need)->name);
}

/* Leaves one entry per name, with the largest number that one signature wants. */
static unsigned merge(struct need *needs, unsigned n)
{
	unsigned merged = 0, run = 0;

	for (unsigned i = 0; i < n; i++) {
		run = i > 0 && compare_needs(&needs[i], &needs[i - 1]) == 0 ? run + 1 : 1;
		if (i == 0 || fields_compare_names(needs[i].name, needs[merged - 1].name) != 0) {
			needs[merged] = needs[i];
			needs[merged++].left = 0;
		}
		if (needs[merged - 1].left < run)
			needs[merged - 1].left = run;
	}
	return merged;
}

void fields_select(struct fields *fields, const struct signature *const *signatures, unsigned n)
{
	struct need *needs;
	unsigned total = 0, at = 0;

	for (unsigned i = 0; i < n; i++)
		total += signatures[i]->n_names;
	if (total == 0)
		return;
	needs = ARENA_ARRAY(fields->arena, struct need, total);
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < signatures[i]->n_names; k++)
			needs[at++] = (struct need){ signatures[i]->names[k], i, 0 };
	qsort(needs, total, sizeof(needs[0]), compare_needs);
	total = merge(needs, total);
	for (struct field *field = fields->last; field != NULL; field = field->above) {
		struct slice name = slice_new(field->text.data, field->name_len);
		struct need *need = bsearch(&name, needs, total, sizeof(needs[0]), compare_name_to_need);

		if (need != NULL && need->left > 0) {
			need->left--;
			field->selected = true;
		}
	}
}
