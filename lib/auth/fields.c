#include "auth/fields.h"

#include <string.h>

#include "base/buf.h"
#include "core/canon_header.h"

#define NAME_OCTETS 512                 /* of a name that is remembered */

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

/* Copies a value with every line end as CRLF. False: octets that verifiers drop or
 * change, each in its own way (NUL, a lone CR, VT, FF), or a line end that is no
 * fold: then what verifies may not be what is read. */
static bool copy_value(struct slice value, char *out_r, size_t *len_r)
{
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if ((unsigned char)c > '\r') {
			out_r[len++] = c;
			continue;
		}
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
	size_t n = 0, at;

	while ((at = slice_find(s, c)) < s.len) {
		s = slice_from(s, at + 1);
		n++;
	}
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

struct form {
	char *text;
	size_t len;
};

static void append(void *context, const char *data, size_t len)
{
	struct form *form = context;

	memcpy(form->text + form->len, data, len);
	form->len += len;
}

struct slice fields_relaxed(struct arena *arena, struct field *field)
{
	if (field->relaxed.data == NULL) {
		struct form form = { .text = arena_alloc(arena, field->text.len + 1) };

		canon_header(CANON_RELAXED, field->text, SLICE(""), append, &form);
		field->relaxed = slice_new(form.text, form.len);
	}
	return field->relaxed;
}
