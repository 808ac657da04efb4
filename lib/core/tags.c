#include "core/tags.h"

/* FWS of RFC 6376 2.8: the octets that may stand around names and values. */
#define FWS " \t\r\n"

static bool is_name(struct slice name)
{
	if (name.len == 0 || !ascii_is_alpha(name.data[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!ascii_is_alnum(name.data[i]) && name.data[i] != '_')
			return false;
	return true;
}

/* tval: VALCHAR and FWS inside; `;` cannot be here (RFC 6376 3.2). U-labels in d=, s= and
 * i= come as UTF-8 (RFC 8616 5). */
static bool is_value(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.data[i];

		if ((c < 0x21 || c == 0x7F) && c != ' ' && c != '\t' && c != '\r' && c != '\n')
			return false;
	}
	return slice_is_utf8(value);
}

static bool fail(struct tags *out, const char *error)
{
	out->error = error;
	return false;
}

static bool add_pair(struct tags *out, struct slice spec)
{
	size_t equals = slice_find(spec, '=');
	struct slice name = slice_trim(slice_until(spec, equals), FWS);
	struct slice value = slice_trim(slice_from(spec, equals + 1), FWS);

	if (equals == spec.len || !is_name(name))
		return fail(out, "not a tag=value list");
	if (!is_value(value))
		return fail(out, "bad octet in a tag value");
	for (unsigned i = 0; i < out->n; i++)
		if (slice_equal(out->pairs[i].name, name))
			return fail(out, "duplicate tag");      /* RFC 6376 3.2 */
	if (out->n == TAGS_MAX)
		return fail(out, "too many tags");
	out->pairs[out->n].name = name;
	out->pairs[out->n++].value = value;
	return true;
}

bool tags_parse(struct slice text, struct tags *out_r)
{
	struct slice rest = text, spec;

	out_r->n = 0;
	out_r->error = NULL;
	if (slice_trim(text, FWS).len == 0)
		return fail(out_r, "empty tag list");
	while (slice_split(&rest, ';', &spec)) {
		bool last = rest.data == NULL;

		if (last && out_r->n > 0 && slice_trim(spec, FWS).len == 0)
			return true;                            /* one trailing ";" */
		if (!add_pair(out_r, spec))
			return false;
	}
	return true;
}

struct slice tags_get(const struct tags *tags, const char *name)
{
	for (unsigned i = 0; i < tags->n; i++)
		if (slice_is(tags->pairs[i].name, name))
			return tags->pairs[i].value;
	return slice_new(NULL, 0);
}
