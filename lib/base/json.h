/* json.h - JSON: written through a bounded buffer without a tree, read with
 * jansson (json.c is the only file with it).
 *
 * Writer: commas and quotes are its business. Octets that are not UTF-8 are
 * written reversibly: each as the four characters \xHH (a NUL too), and every
 * backslash of the original is doubled; so a string is always valid JSON and
 * the original can be had back (json_unescape). Control characters are written
 * as \uHHHH, DEL and the C1 ones included. A string over the limit is cut and
 * ends in the four characters \... which no whole string can hold; cuts are
 * counted. Reader: bounded depth and size. The writer's names begin with
 * json_put_ because json_object() and its sisters are jansson's.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

struct json_out {
	struct buf *buf;
	bool comma;                     /* a comma is due before the next item */
	size_t string_limit;            /* octets of one string before escaping; 0: none */
	unsigned strings_cut;           /* how many passed it */
};
void json_begin(struct json_out *out, struct buf *buf, size_t string_limit);
void json_put_object(struct json_out *out, const char *key);   /* key NULL inside arrays */
void json_put_object_end(struct json_out *out);
void json_put_array(struct json_out *out, const char *key);
void json_put_array_end(struct json_out *out);
void json_put_string(struct json_out *out, const char *key, const char *value); /* NULL: left out */
void json_put_slice(struct json_out *out, const char *key, struct slice value);
void json_put_int(struct json_out *out, const char *key, int64_t value);
void json_put_bool(struct json_out *out, const char *key, bool value);
void json_put_null(struct json_out *out, const char *key);

struct json;                            /* a read value; owned by its document */
struct json_doc;
/* NULL and *error_r (in the arena) when it is no JSON, too deep or too large. */
struct json_doc *json_parse(struct arena *arena, struct slice text, const char **error_r);
const struct json *json_root(const struct json_doc *doc);
void json_doc_free(struct json_doc *doc);
/* All getters take NULL and wrong types: they give NULL, the default, or 0. */
const struct json *json_get(const struct json *object, const char *key);
unsigned json_length(const struct json *array);
const struct json *json_at(const struct json *array, unsigned index);
const char *json_text(const struct json *value);                /* lives as long as the doc */
int64_t json_number(const struct json *value, int64_t fallback);
bool json_truth(const struct json *value, bool fallback);
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);
bool json_is_string(const struct json *value);
/* i-th member of an object: key or NULL past the end. */
const char *json_member(const struct json *object, unsigned index, const struct json **value_r);
/* Undoes \xHH and \\ of the writer (the marker of a cut becomes "..."); in the
 * arena. NULL gives an empty slice. */
struct slice json_unescape(struct arena *arena, const char *text);

#endif
