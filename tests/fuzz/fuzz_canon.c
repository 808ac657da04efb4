/* Canonical forms and what is hashed of them. The input: an octet that says how the body
 * is cut, then h=, then l=, a line each; header fields up to an empty line, the last
 * of them the signature; then the body. Body and fields are as the plainest of
 * readers would make them, in whatever pieces they came, and stay so when they are made
 * canonical again; the hashes are of these octets, of the fields that h= takes from
 * below (RFC 6376 3.4, 3.7, 5.4.2). */
#include "fuzz.h"

#include <string.h>

#include "auth/bodyhash.h"
#include "auth/headerhash.h"
#include "base/buf.h"
#include "core/canon_header.h"
#include "tool_judge.h"

enum { OCTETS = 1 << 22, FIELDS = 64, NAMES = 64 };
#define FWS " \t\r\n"

static void add_to_buf(void *context, const char *data, size_t len)
{
	FUZZ_NEED(len > 0 || data != NULL);
	buf_add(context, data, len);
}

static void hash_of(struct slice text, uint8_t digest_r[CRYPTO_HASH_OCTETS])
{
	struct crypto_hash *hash = crypto_hash_new();

	crypto_hash_add(hash, text.data, text.len);
	crypto_hash_end(hash, digest_r);
	crypto_hash_free(hash);
}

static bool is_hash_of(const uint8_t digest[CRYPTO_HASH_OCTETS], struct slice text)
{
	uint8_t wanted[CRYPTO_HASH_OCTETS];

	hash_of(text, wanted);
	return memcmp(digest, wanted, sizeof(wanted)) == 0;
}

/* The plainest of readers: text with runs of white space as one space. */
static void add_squeezed(struct buf *out, struct slice text, const char *white)
{
	for (size_t i = 0; i < text.len; i++) {
		bool is_white = text.data[i] != '\0' && strchr(white, text.data[i]) != NULL;
		bool was_white = i > 0 && text.data[i - 1] != '\0' && strchr(white, text.data[i - 1]) != NULL;

		if (!is_white)
			buf_add_char(out, text.data[i]);
		else if (!was_white)
			buf_add_char(out, ' ');
	}
}

/* Bodies: line by line, and then the empty lines at the end taken off. */

static void plain_body(enum canon method, struct slice body, struct buf *out)
{
	struct slice line;

	while (slice_split(&body, '\n', &line)) {
		bool ended = body.data != NULL;

		if (!ended && line.len == 0)
			break;
		if (ended && line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		if (method == CANON_RELAXED) {
			while (line.len > 0 && strchr(" \t", line.data[line.len - 1]) != NULL &&
			       line.data[line.len - 1] != '\0')
				line.len--;
			add_squeezed(out, line, " \t");
		} else {
			buf_add_slice(out, line);
		}
		buf_add_str(out, "\r\n");
	}
	while (out->len >= 4 && memcmp(out->data + out->len - 4, "\r\n\r\n", 4) == 0)
		buf_cut(out, out->len - 2);
	if (out->len == 2 && method == CANON_RELAXED)
		buf_cut(out, 0);
	if (out->len == 0 && method == CANON_SIMPLE)
		buf_add_str(out, "\r\n");
}

/* How long the piece is that begins at `at`; `cut` 0: all. */
static size_t piece_at(unsigned cut, size_t at, size_t left)
{
	size_t len = cut == 0 ? left : 1 + (at * at + cut) % cut;

	return len < left ? len : left;
}

static void made_body(enum canon method, struct slice body, unsigned cut, struct buf *out)
{
	struct canon_body canon;

	canon_body_init(&canon, method, add_to_buf, out);
	for (size_t at = 0, len; at < body.len; at += len) {
		len = piece_at(cut, at, body.len - at);
		canon_body_add(&canon, body.data + at, len);
	}
	canon_body_end(&canon);
	FUZZ_NEED(canon.octets == out->len);
}

static void check_bodyhashes(struct arena *arena, struct slice body, unsigned cut, uint64_t limit,
			     const struct buf forms[])
{
	static const enum canon methods[] = { CANON_SIMPLE, CANON_RELAXED };
	const uint64_t limits[] = { UINT64_MAX, limit, 0 };
	const struct bodyform *form;
	struct bodyhash *hashes[2][3];
	struct bodyhashes bodies;

	bodyhashes_init(&bodies, arena);
	for (unsigned m = 0; m < 2; m++)
		for (unsigned i = 0; i < 3; i++)
			hashes[m][i] = bodyhashes_want(&bodies, methods[m], limits[i], &form);
	FUZZ_NEED(bodyhashes_want(&bodies, CANON_SIMPLE, limit, &form) == hashes[0][1]);
	FUZZ_NEED(bodies.n == (limit == 0 || limit == UINT64_MAX ? 4 : 6));
	for (size_t at = 0, len; at < body.len; at += len) {
		len = piece_at(cut, at, body.len - at);
		bodyhashes_add(&bodies, body.data + at, len);
	}
	bodyhashes_end(&bodies);
	for (unsigned m = 0; m < 2; m++)
		for (unsigned i = 0; i < 3; i++) {
			size_t len = limits[i] < forms[m].len ? (size_t)limits[i] : forms[m].len;

			FUZZ_NEED(hashes[m][i]->taken == len);
			FUZZ_NEED(is_hash_of(hashes[m][i]->digest, slice_until(buf_slice(&forms[m]), len)));
		}
	bodyhashes_done(&bodies);
}

static void check_body(struct arena *arena, struct slice body, unsigned cut, uint64_t limit)
{
	static const enum canon methods[] = { CANON_SIMPLE, CANON_RELAXED };
	const unsigned cuts[] = { 0, 1, cut };
	struct buf wanted[2], made;

	buf_init(&made, OCTETS);
	for (unsigned m = 0; m < 2; m++) {
		buf_init(&wanted[m], OCTETS);
		plain_body(methods[m], body, &wanted[m]);
		for (unsigned i = 0; i < 3; i++) {
			buf_reset(&made);
			made_body(methods[m], body, cuts[i], &made);
			FUZZ_NEED(slice_equal(buf_slice(&made), buf_slice(&wanted[m])));
		}
		buf_reset(&made);
		made_body(methods[m], buf_slice(&wanted[m]), cut, &made);
		FUZZ_NEED(slice_equal(buf_slice(&made), buf_slice(&wanted[m])));
	}
	check_bodyhashes(arena, body, cut, limit, wanted);
	buf_done(&made);
	buf_done(&wanted[0]);
	buf_done(&wanted[1]);
}

/* Fields. */

static void plain_field(enum canon method, struct slice name, struct slice value, struct buf *out)
{
	struct buf squeezed;

	if (method == CANON_SIMPLE) {
		buf_printf(out, "%.*s:", SLICE_ARG(name));
		buf_add_slice(out, value);
		return;
	}
	name = slice_trim(name, FWS);
	for (size_t i = 0; i < name.len; i++)
		buf_add_char(out, ascii_lower(name.data[i]));
	buf_add_char(out, ':');
	buf_init(&squeezed, OCTETS);
	add_squeezed(&squeezed, value, FWS);
	buf_add_slice(out, slice_trim(buf_slice(&squeezed), " "));
	buf_done(&squeezed);
}

static struct slice name_of(const struct field *field)
{
	return slice_until(field->text, slice_find(field->text, ':'));
}

static struct slice value_of(const struct field *field)
{
	return slice_from(field->text, slice_find(field->text, ':') + 1);
}

static void check_field(const struct field *field)
{
	for (enum canon method = CANON_SIMPLE; method <= CANON_RELAXED; method++) {
		struct buf wanted, made, again;

		buf_init(&wanted, OCTETS);
		buf_init(&made, OCTETS);
		buf_init(&again, OCTETS);
		plain_field(method, name_of(field), value_of(field), &wanted);
		canon_header(method, field->text, SLICE(""), add_to_buf, &made);
		FUZZ_NEED(slice_equal(buf_slice(&made), buf_slice(&wanted)));
		canon_header(method, buf_slice(&made), SLICE(""), add_to_buf, &again);
		FUZZ_NEED(slice_equal(buf_slice(&made), buf_slice(&again)));
		buf_done(&wanted);
		buf_done(&made);
		buf_done(&again);
	}
}

/* A value without what stands between the `=` of the first tag b and the next `;`. */
static struct slice without_signature(struct arena *arena, struct slice value)
{
	struct slice rest = value, spec;

	while (slice_split(&rest, ';', &spec)) {
		size_t equals = slice_find(spec, '='), before;

		if (equals == spec.len || !slice_is(slice_trim(slice_until(spec, equals), FWS), "b"))
			continue;
		before = (size_t)(spec.data - value.data) + equals + 1;
		spec = arena_slice(arena, value);
		memmove((char *)(uintptr_t)spec.data + before, value.data + value.len - rest.len, rest.len);
		if (rest.data == NULL)
			return slice_until(spec, before);
		memmove((char *)(uintptr_t)spec.data + before, rest.data - 1, rest.len + 1);
		return slice_until(spec, before + rest.len + 1);
	}
	return value;
}

/* Of each name in h= the lowest field that no name before it has taken. */
static void plain_header(struct arena *arena, const struct fields *fields, const struct signature *s,
			 const struct field *own, struct buf *out)
{
	const struct field *taken[NAMES];
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_names; i++)
		for (const struct field *field = fields->last; field != NULL; field = field->above) {
			bool free = field != own;

			for (unsigned k = 0; k < n; k++)
				free = free && taken[k] != field;
			if (!free || !slice_is_nocase(slice_trim_wsp(name_of(field)),
						      fuzz_text(arena, s->names[i])))
				continue;
			taken[n++] = field;
			plain_field(s->header_canon, name_of(field), value_of(field), out);
			buf_add_str(out, "\r\n");
			break;
		}
	plain_field(s->header_canon, name_of(own), without_signature(arena, value_of(own)), out);
}

/* Both forms, and as one of two that cover the same. */
static void check_headerhash(struct arena *arena, const struct fields *fields, struct signature *s)
{
	uint8_t digest[CRYPTO_HASH_OCTETS];
	struct buf wanted;

	for (s->header_canon = CANON_SIMPLE; s->header_canon <= CANON_RELAXED; s->header_canon++) {
		const struct signature *const both[] = { s, s };
		struct headerhash *hash = headerhash_new(fields, both, 2);

		buf_init(&wanted, OCTETS);
		plain_header(arena, fields, s, fields->last, &wanted);
		for (unsigned i = 0; i < 2; i++) {
			FUZZ_NEED(headerhash_signature(hash, i, fields->last, digest) == wanted.len);
			FUZZ_NEED(!buf_is_full(&wanted) && is_hash_of(digest, buf_slice(&wanted)));
		}
		buf_done(&wanted);
	}
}

static void read_names(struct slice text, struct slice names[NAMES], struct signature *s)
{
	struct slice name;

	s->names = names;
	while (s->n_names < NAMES && slice_split(&text, ':', &name)) {
		name = slice_trim(name, FWS);
		if (name.len > 0 && slice_find(name, '\0') == name.len)
			names[s->n_names++] = name;
	}
}

static void check_header(struct arena *arena, struct slice names_text, struct slice *rest)
{
	struct slice names[NAMES], name, value;
	struct signature signature = { .error = NULL };
	struct fields fields;
	const char *reason;

	read_names(names_text, names, &signature);
	fields_init(&fields, arena);
	while (fields.n < FIELDS && tool_next_field(rest, &name, &value, NULL))
		fields_add(&fields, name, value, &reason);
	for (const struct field *field = fields.first; field != NULL; field = field->below)
		check_field(field);
	if (fields.last == NULL)
		return;
	check_headerhash(arena, &fields, &signature);
}

void fuzz_canon(const uint8_t *data, size_t size)
{
	unsigned cut = size > 0 ? data[0] : 0;
	struct slice rest = slice_from(fuzz_slice(data, size), 1), names = fuzz_line(&rest);
	struct slice length = fuzz_line(&rest);
	struct arena *arena = arena_new();
	uint64_t limit = UINT64_MAX;
	struct tool_text text;

	if (!slice_number(length, UINT64_MAX, &limit))
		limit = length.len;
	tool_text_split(rest.data != NULL ? rest : slice_new("", 0), &text);
	check_header(arena, names, &text.header);
	check_body(arena, text.body, cut, limit);
	check_body(arena, rest.data != NULL ? rest : slice_new("", 0), cut, limit);
	arena_free(arena);
}
