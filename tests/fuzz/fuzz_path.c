/* The envelope's path: what is taken for the domain is what stands behind the last `@`
 * of the text, and writing a path again in its plain form changes nothing. */
#include "fuzz.h"

#include <string.h>

#include "base/buf.h"
#include "core/path.h"

static void check_domain(struct slice text, struct slice domain)
{
	struct slice end = slice_trim(text, " \t>");

	FUZZ_NEED(domain.len > 0 && domain.len < end.len);
	FUZZ_NEED(slice_equal(slice_from(end, end.len - domain.len), domain));
	FUZZ_NEED(end.data[end.len - domain.len - 1] == '@');
	for (size_t i = 0; i < domain.len; i++)
		FUZZ_NEED((unsigned char)domain.data[i] >= 0x80 || ascii_is_alnum(domain.data[i]) ||
			  strchr("-_.", domain.data[i]) != NULL);
}

static void check_status(struct slice text, const struct path *path)
{
	FUZZ_NEED(path->status != PATH_UNSET);
	FUZZ_NEED((path->status == PATH_UNUSABLE) == (path->reason != NULL));
	FUZZ_NEED(path->status == PATH_MAILBOX || path->domain.len == 0);
	FUZZ_NEED((path->status != PATH_NULL && path->status != PATH_UNUSABLE) || path->local.len == 0);
	FUZZ_NEED(path->status == PATH_UNUSABLE || slice_is_utf8(text));
	for (size_t i = 0; i < path->local.len; i++)
		FUZZ_NEED((unsigned char)path->local.data[i] >= ' ' && path->local.data[i] != 0x7f);
	if (path->status == PATH_MAILBOX)
		check_domain(text, path->domain);
}

static void add_quoted(struct buf *out, struct slice local)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < local.len; i++) {
		if (local.data[i] == '"' || local.data[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, local.data[i]);
	}
	buf_add_char(out, '"');
}

/* "local"@domain, with and without brackets and a source route, means the same. */
static void check_again(struct arena *arena, const struct path *path)
{
	static const char *const around[][2] = {
		{ "", "" }, { "<", ">" }, { " <@one.example,@two.example:", "> " },
	};

	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		struct path again;
		struct buf text;

		buf_init(&text, LIMIT_SENDER_OCTETS);
		buf_add_str(&text, around[i][0]);
		add_quoted(&text, path->local);
		buf_add_char(&text, '@');
		buf_add_slice(&text, path->domain);
		buf_add_str(&text, around[i][1]);
		if (!buf_is_full(&text)) {
			path_parse(arena, buf_slice(&text), &again);
			FUZZ_NEED(again.status == PATH_MAILBOX);
			FUZZ_NEED(slice_equal(again.local, path->local));
			FUZZ_NEED(slice_equal(again.domain, path->domain));
		}
		buf_done(&text);
	}
}

void fuzz_path(const uint8_t *data, size_t size)
{
	struct slice text = fuzz_slice(data, size);
	struct arena *arena = arena_new();
	struct path path;

	path_parse(arena, text, &path);
	check_status(text, &path);
	if (path.status == PATH_MAILBOX)
		check_again(arena, &path);
	arena_free(arena);
}
