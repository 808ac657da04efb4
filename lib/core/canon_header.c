#include "core/canon_header.h"

#include <string.h>

#define FWS " \t\r\n"

struct slice canon_header_signature(struct slice field)
{
	struct slice rest = slice_from(field, slice_find(field, ':') + 1), spec;

	while (slice_split(&rest, ';', &spec)) {
		size_t equals = slice_find(spec, '=');

		if (equals < spec.len && slice_is(slice_trim(slice_until(spec, equals), FWS), "b"))
			return slice_from(spec, equals + 1);
	}
	return slice_new(NULL, 0);
}

struct writer {
	canon_sink_fn *sink;
	void *context;
	size_t used;
	char out[512];
};

static void flush(struct writer *w)
{
	if (w->used > 0)
		w->sink(w->context, w->out, w->used);
	w->used = 0;
}

static void put(struct writer *w, char c)
{
	w->out[w->used++] = c;
	if (w->used == sizeof(w->out))
		flush(w);
}

static void put_run(struct writer *w, struct slice run)
{
	if (run.len >= sizeof(w->out) - w->used)
		flush(w);
	if (run.len >= sizeof(w->out)) {
		w->sink(w->context, run.data, run.len);
		return;
	}
	memcpy(w->out + w->used, run.data, run.len);
	w->used += run.len;
}

static bool is_fws(char c)
{
	return (unsigned char)c <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

/* In lower case, no white space before the colon. */
static void put_name(struct writer *w, struct slice name)
{
	name = slice_trim(name, FWS);
	for (size_t i = 0; i < name.len; i++)
		put(w, ascii_lower(name.data[i]));
	put(w, ':');
}

/* Unfolded, each run of white space one space, none at both ends. `space`: some
 * is waiting for the text that must follow it. */
static void put_text(struct writer *w, struct slice text, bool *begun, bool *space)
{
	for (size_t i = 0, end; i < text.len; i = end) {
		for (end = i; end < text.len && !is_fws(text.data[end]);)
			end++;
		if (end == i) {
			*space = true;
			end++;
			continue;
		}
		if (*space && *begun)
			put(w, ' ');
		put_run(w, slice_new(text.data + i, end - i));
		*space = false;
		*begun = true;
	}
}

static void relax(struct writer *w, struct slice field, size_t cut_start, size_t cut_end)
{
	size_t colon = slice_find(field, ':');
	bool begun = false, space = false;

	put_name(w, slice_until(field, colon));
	put_text(w, slice_from(slice_until(field, cut_start), colon + 1), &begun, &space);
	put_text(w, slice_from(field, cut_end), &begun, &space);
}

void canon_header(enum canon method, struct slice field, struct slice cut, canon_sink_fn *sink,
		  void *context)
{
	size_t start = cut.len > 0 ? (size_t)(cut.data - field.data) : field.len;
	size_t end = start + cut.len;
	struct writer w = { .sink = sink, .context = context };

	if (method == CANON_RELAXED) {
		relax(&w, field, start, end);
		flush(&w);
		return;
	}
	sink(context, field.data, start);
	if (end < field.len)
		sink(context, field.data + end, field.len - end);
}
