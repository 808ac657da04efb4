#include "base/json.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

#include "base/mem.h"

/* Ours are functions that take a struct json. */
#undef json_is_object
#undef json_is_array
#undef json_is_string

/* ---- writer ---- */

void json_begin(struct json_out *out, struct buf *buf, size_t string_limit)
{
	*out = (struct json_out){ .buf = buf, .string_limit = string_limit };
}

/* Comma and key: what stands before any value. Keys are ours. */
static void add_key(struct json_out *out, const char *key)
{
	if (out->comma)
		buf_add_char(out->buf, ',');
	out->comma = true;
	if (key == NULL)
		return;
	buf_add_char(out->buf, '"');
	buf_add_str(out->buf, key);
	buf_add(out->buf, "\":", 2);
}

static void open_with(struct json_out *out, const char *key, char bracket)
{
	add_key(out, key);
	buf_add_char(out->buf, bracket);
	out->comma = false;
}

static void close_with(struct json_out *out, char bracket)
{
	buf_add_char(out->buf, bracket);
	out->comma = true;
}

void json_put_object(struct json_out *out, const char *key)
{
	open_with(out, key, '{');
}

void json_put_object_end(struct json_out *out)
{
	close_with(out, '}');
}

void json_put_array(struct json_out *out, const char *key)
{
	open_with(out, key, '[');
}

void json_put_array_end(struct json_out *out)
{
	close_with(out, ']');
}

/* DEL and the C1 controls (U+0080 to U+009F) are legal in JSON but not on a
 * terminal. */
static bool is_control(const unsigned char *p, size_t len)
{
	return p[0] < 0x20 || p[0] == 0x7F || (len == 2 && p[0] == 0xC2 && p[1] < 0xA0);
}

static void add_special(struct buf *buf, const unsigned char *p, size_t len)
{
	if (len == 0 || p[0] == '\0')
		buf_printf(buf, "\\\\x%02X", p[0]);
	else if (p[0] == '"')
		buf_add_str(buf, "\\\"");
	else if (p[0] == '\\')
		buf_add_str(buf, "\\\\\\\\");
	else
		buf_printf(buf, "\\u%04x", len == 2 ? p[1] : p[0]);
}

static void add_escaped(struct buf *buf, struct slice s)
{
	size_t plain = 0, at = 0;

	while (at < s.len) {
		const unsigned char *p = (const unsigned char *)s.data + at;
		size_t len = *p < 0x80 ? 1 : slice_utf8_octets(slice_from(s, at));

		if (len > 0 && *p != '"' && *p != '\\' && !is_control(p, len)) {
			at += len;
			continue;
		}
		buf_add(buf, s.data + plain, at - plain);
		add_special(buf, p, len);
		at += len > 0 ? len : 1;
		plain = at;
	}
	if (at > plain)
		buf_add(buf, s.data + plain, at - plain);
}

/* Where to cut so that no UTF-8 sequence is halved. */
static size_t cut_at(struct slice s, size_t limit)
{
	size_t at = limit;

	while (at > 0 && limit - at < 3 && ((unsigned char)s.data[at] & 0xC0) == 0x80)
		at--;
	return slice_utf8_octets(slice_from(s, at)) > 1 ? at : limit;
}

void json_put_slice(struct json_out *out, const char *key, struct slice value)
{
	bool cut = out->string_limit > 0 && value.len > out->string_limit;

	add_key(out, key);
	buf_add_char(out->buf, '"');
	add_escaped(out->buf, cut ? slice_until(value, cut_at(value, out->string_limit)) : value);
	if (cut) {
		buf_add_str(out->buf, "\\\\...");
		out->strings_cut++;
	}
	buf_add_char(out->buf, '"');
}

void json_put_string(struct json_out *out, const char *key, const char *value)
{
	if (value != NULL)
		json_put_slice(out, key, slice_of(value));
}

void json_put_int(struct json_out *out, const char *key, int64_t value)
{
	add_key(out, key);
	buf_add_int(out->buf, value);
}

void json_put_bool(struct json_out *out, const char *key, bool value)
{
	add_key(out, key);
	buf_add_str(out->buf, value ? "true" : "false");
}

void json_put_null(struct json_out *out, const char *key)
{
	add_key(out, key);
	buf_add_str(out->buf, "null");
}

/* ---- reader: a struct json is jansson's json_t, seen from outside ---- */

struct json_doc {
	json_t *root;
};

static const json_t *inside(const struct json *value)
{
	return (const json_t *)value;
}

static const struct json *outside(const json_t *value)
{
	return (const struct json *)value;
}

static bool is_type(const struct json *value, json_type type)
{
	return value != NULL && json_typeof(inside(value)) == type;
}

/* Jansson's parser recurses: the depth is bounded before it starts. */
static bool is_too_deep(struct slice text)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > LIMIT_JSON_DEPTH)
			return true;
	}
	return false;
}

/* Jansson quotes the offending octets: strangers' text. */
static const char *error_text(struct arena *arena, const json_error_t *error)
{
	char *text = arena_printf(arena, "line %d, column %d: %s", error->line, error->column,
				  error->text);

	for (char *p = text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return text;
}

struct json_doc *json_parse(struct arena *arena, struct slice text, const char **error_r)
{
	struct json_doc *doc;
	json_error_t error;
	json_t *root;

	if (text.len > LIMIT_JSON_OCTETS) {
		*error_r = arena_printf(arena, "longer than %d octets", (int)LIMIT_JSON_OCTETS);
		return NULL;
	}
	if (is_too_deep(text)) {
		*error_r = arena_printf(arena, "nested deeper than %d", (int)LIMIT_JSON_DEPTH);
		return NULL;
	}
	root = json_loadb(text.len > 0 ? text.data : "", text.len,
			  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (root == NULL) {
		*error_r = error_text(arena, &error);
		return NULL;
	}
	doc = mem_zalloc(sizeof(*doc));
	doc->root = root;
	return doc;
}

const struct json *json_root(const struct json_doc *doc)
{
	return doc != NULL ? outside(doc->root) : NULL;
}

void json_doc_free(struct json_doc *doc)
{
	if (doc == NULL)
		return;
	json_decref(doc->root);
	free(doc);
}

const struct json *json_get(const struct json *object, const char *key)
{
	return outside(json_object_get(inside(object), key));
}

unsigned json_length(const struct json *array)
{
	return (unsigned)json_array_size(inside(array));
}

const struct json *json_at(const struct json *array, unsigned index)
{
	return outside(json_array_get(inside(array), index));
}

const char *json_text(const struct json *value)
{
	return json_string_value(inside(value));
}

int64_t json_number(const struct json *value, int64_t fallback)
{
	return is_type(value, JSON_INTEGER) ? json_integer_value(inside(value)) : fallback;
}

bool json_truth(const struct json *value, bool fallback)
{
	if (is_type(value, JSON_TRUE))
		return true;
	return is_type(value, JSON_FALSE) ? false : fallback;
}

bool json_is_object(const struct json *value)
{
	return is_type(value, JSON_OBJECT);
}

bool json_is_array(const struct json *value)
{
	return is_type(value, JSON_ARRAY);
}

bool json_is_string(const struct json *value)
{
	return is_type(value, JSON_STRING);
}

const char *json_member(const struct json *object, unsigned index, const struct json **value_r)
{
	json_t *o = (json_t *)object;
	void *at = json_object_iter(o);

	while (at != NULL && index-- > 0)
		at = json_object_iter_next(o, at);
	if (at == NULL)
		return NULL;
	*value_r = outside(json_object_iter_value(at));
	return json_object_iter_key(at);
}

static int hex_value(char c)
{
	c = ascii_lower(c);
	if (ascii_is_digit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct slice json_unescape(struct arena *arena, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0, n = 0;
	char *out = arena_strndup(arena, text, len);

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && text[i + 1] == 'x' && hex_value(text[i + 2]) >= 0 &&
		    hex_value(text[i + 3]) >= 0) {
			out[n++] = (char)(hex_value(text[i + 2]) * 16 + hex_value(text[i + 3]));
			i += 3;
			continue;
		}
		if (text[i] == '\\' && (text[i + 1] == '\\' || text[i + 1] == '.'))
			i++;
		out[n++] = text[i];
	}
	out[n] = '\0';
	return slice_new(out, n);
}
