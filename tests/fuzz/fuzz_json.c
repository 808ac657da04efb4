/* JSON. The input is read as one text; and its lines are strings that are written, which
 * come back as they were, whatever their octets, or cut where it is said. What is written
 * is UTF-8 without control octets; what was read is no deeper than is promised. */
#include "fuzz.h"

#include <string.h>

#include "base/json.h"

enum { STRINGS = 32, LIMIT = 40, NUMBER = -7 };

static void check_error(const char *error)
{
	FUZZ_NEED(error != NULL && error[0] != '\0');
	for (; *error != '\0'; error++)
		FUZZ_NEED(*error >= ' ' && *error <= '~');
}

static void walk(struct arena *arena, const struct json *value, unsigned depth)
{
	const struct json *inner;
	const char *key;

	FUZZ_NEED(value != NULL);
	FUZZ_NEED(depth <= LIMIT_JSON_DEPTH || !(json_is_object(value) || json_is_array(value)));
	FUZZ_NEED(json_is_object(value) + json_is_array(value) + json_is_string(value) <= 1);
	FUZZ_NEED((json_text(value) != NULL) == json_is_string(value));
	if (json_is_string(value))
		FUZZ_NEED(json_unescape(arena, json_text(value)).len <= strlen(json_text(value)));
	FUZZ_NEED(json_length(value) == 0 || json_is_array(value));
	for (unsigned i = 0; i < json_length(value); i++)
		walk(arena, json_at(value, i), depth + 1);
	for (unsigned i = 0; (key = json_member(value, i, &inner)) != NULL; i++) {
		FUZZ_NEED(json_get(value, key) == inner);
		walk(arena, inner, depth + 1);
	}
	FUZZ_NEED(json_number(value, NUMBER) == NUMBER ||
		  !(json_is_object(value) || json_is_array(value) || json_is_string(value)));
	FUZZ_NEED(json_truth(value, true) || !json_truth(value, false));
}

static void check_text(struct arena *arena, struct slice text)
{
	const char *error = NULL;
	struct json_doc *doc = json_parse(arena, text, &error);

	if (doc == NULL)
		check_error(error);
	else
		walk(arena, json_root(doc), 1);
	json_doc_free(doc);
}

/* Each line by itself, then all of them in an array. */
static unsigned write_lines(struct json_out *out, struct slice text, struct slice lines_r[STRINGS])
{
	unsigned n = 0;

	json_put_object(out, NULL);
	json_put_int(out, "number", INT64_MIN);
	json_put_array(out, "lines");
	while (n < STRINGS && slice_split(&text, '\n', &lines_r[n])) {
		json_put_slice(out, NULL, lines_r[n]);
		n++;
	}
	json_put_array_end(out);
	json_put_bool(out, "truth", true);
	json_put_null(out, "null");
	json_put_object_end(out);
	return n;
}

/* Whole, or what it begins with and "...". */
static void check_string(struct slice found, struct slice line, size_t limit)
{
	size_t kept;

	if (limit == 0 || line.len <= limit) {
		FUZZ_NEED(slice_equal(found, line));
		return;
	}
	FUZZ_NEED(found.len >= 3 && slice_is(slice_from(found, found.len - 3), "..."));
	kept = found.len - 3;
	FUZZ_NEED(kept <= limit && kept + 3 >= limit);
	FUZZ_NEED(slice_equal(slice_until(found, kept), slice_until(line, kept)));
}

static void check_octets(struct slice text)
{
	FUZZ_NEED(slice_is_utf8(text));
	for (size_t i = 0; i < text.len; i++) {
		FUZZ_NEED((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f);
		FUZZ_NEED(text.data[i] != '\xC2' || (unsigned char)text.data[i + 1] >= 0xA0);
	}
}

static void check_written(struct arena *arena, struct slice text, size_t limit)
{
	struct slice lines[STRINGS];
	const struct json *root, *array;
	const char *error = NULL;
	struct json_doc *doc;
	struct json_out out;
	struct buf buf;
	unsigned n, cut = 0;

	buf_init(&buf, LIMIT_JSON_OCTETS);
	json_begin(&out, &buf, limit);
	n = write_lines(&out, text, lines);
	FUZZ_NEED(!buf_is_full(&buf));
	check_octets(buf_slice(&buf));
	doc = json_parse(arena, buf_slice(&buf), &error);
	FUZZ_NEED(doc != NULL);
	root = json_root(doc);
	array = json_get(root, "lines");
	FUZZ_NEED(json_number(json_get(root, "number"), 0) == INT64_MIN);
	FUZZ_NEED(json_truth(json_get(root, "truth"), false) && json_length(array) == n);
	for (unsigned i = 0; i < n; i++) {
		check_string(json_unescape(arena, json_text(json_at(array, i))), lines[i], limit);
		cut += limit > 0 && lines[i].len > limit;
	}
	FUZZ_NEED(out.strings_cut == cut);
	json_doc_free(doc);
	buf_done(&buf);
}

void fuzz_json(const uint8_t *data, size_t size)
{
	struct slice text = fuzz_slice(data, size);
	struct arena *arena = arena_new();

	check_text(arena, text);
	check_written(arena, text, 0);
	check_written(arena, text, LIMIT);
	arena_free(arena);
}
