/* Authentication-Results, both ways. The input as a whole is a field's value that
 * came with a message: is it ours? Its lines, six for each result, are what
 * strangers chose of a field that we write: read back by a strict reader it says
 * what was meant, has no result more, and is recognised as ours. */
#include "fuzz.h"

#include <string.h>

#include "core/aar.h"
#include "core/authres.h"
#include "core/authres_reader.h"
#include "core/domain.h"

#define ID "mx.receiver.example"
static const char *const ids[] = { ID };
static struct authres_reader reader;    /* large */

/* The recogniser, on a value that came. */

static bool has_nocase(struct slice text, const char *word)
{
	for (size_t i = 0; i + strlen(word) <= text.len; i++)
		if (slice_equal_nocase(slice_until(slice_from(text, i), strlen(word)), slice_of(word)))
			return true;
	return false;
}

/* Without what may stand inside of a quoted id. */
static struct slice plain(struct arena *arena, struct slice value)
{
	char *out = arena_alloc(arena, value.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] != '\r' && value.data[i] != '\n' && value.data[i] != '\\')
			out[len++] = value.data[i];
	return slice_new(out, len);
}

/* A field that is a field, and names us. */
static bool reads_as_ours(struct arena *arena, struct slice value)
{
	static char unfolded[2 * LIMIT_AUTHRES_OCTETS];

	return value.len < LIMIT_AUTHRES_OCTETS && slice_find(value, '\0') == value.len &&
	       authres_read(&reader, fuzz_text(arena, value), unfolded, sizeof(unfolded)) &&
	       slice_is_nocase(slice_of(reader.id), ID);
}

static void check_foreign(struct arena *arena, struct slice value)
{
	bool ours = authres_is_ours(value, ids, 1);

	FUZZ_NEED(!ours || has_nocase(plain(arena, value), ID));
	FUZZ_NEED(ours || !reads_as_ours(arena, value));
	FUZZ_NEED(!authres_is_ours(value, ids, 0));
}

/* The writer, on values that came. */

enum { RESULTS = 6 };
struct meant {
	const char *method, *result;
	const char *comment, *reason, *selector, *value, *local, *domain;
};

static const char *const methods[] = { "spf", "dkim", "dkim", "arc", "dmarc", "x-own" };
static const char *const results[] = { "fail", "neutral", "permerror", "fail", "fail", "none" };

static void take_lines(struct arena *arena, struct slice *rest, unsigned i, struct meant *meant_r)
{
	*meant_r = (struct meant){ .method = methods[i], .result = results[i] };
	meant_r->comment = fuzz_text(arena, fuzz_line(rest));
	meant_r->reason = fuzz_text(arena, fuzz_line(rest));
	meant_r->selector = fuzz_text(arena, fuzz_line(rest));
	meant_r->value = fuzz_text(arena, fuzz_line(rest));
	meant_r->local = fuzz_text(arena, fuzz_line(rest));
	meant_r->domain = fuzz_text(arena, fuzz_line(rest));
}

static void write_result(struct authres *out, const struct meant *meant)
{
	authres_result(out, meant->method, meant->result);
	authres_comment(out, meant->comment);
	authres_reason(out, meant->reason);
	authres_property(out, "header.s", meant->selector);
	authres_property_quoted(out, "header.b", meant->value);
	authres_address(out, "smtp.mailfrom", meant->local, meant->domain, true);
}

/* What is left of a text: printable ASCII of it, the octets of `change` as `_`. */
static void check_text(const char *found, const char *text, const char *change)
{
	size_t len = strlen(found);

	FUZZ_NEED(len <= LIMIT_AUTHRES_COMMENT);
	for (; *text != '\0' && len > 0; text++) {
		if (*text < ' ' || *text > '~')
			continue;
		FUZZ_NEED(*found == (strchr(change, *text) != NULL ? '_' : *text));
		found++;
		len--;
	}
	FUZZ_NEED(*found == '\0');
}

static void check_address(const char *found, const struct meant *meant)
{
	char normal[DOMAIN_SIZE];
	const char *at = strrchr(found, '@');

	FUZZ_NEED(domain_normalize(slice_of(meant->domain), normal));
	FUZZ_NEED(strcmp(at != NULL ? at + 1 : found, normal) == 0);
	FUZZ_NEED(at == NULL || slice_equal(slice_new(found, (size_t)(at - found)),
					    slice_of(meant->local)));
}

static void check_result(const struct authres_read_result *found, const struct meant *meant)
{
	FUZZ_NEED(strcmp(found->method, meant->method) == 0);
	FUZZ_NEED(strcmp(found->result, meant->result) == 0);
	FUZZ_NEED(found->n_comments <= 1);
	check_text(found->comment, meant->comment, "()\\");
	check_text(found->reason, meant->reason, "");
	for (unsigned i = 0; i < found->n_properties; i++) {
		const struct authres_read_property *p = &found->properties[i];

		if (strcmp(p->name, "header.s") == 0)
			FUZZ_NEED(strcmp(p->value, meant->selector) == 0);
		else if (strcmp(p->name, "header.b") == 0)
			FUZZ_NEED(strcmp(p->value, meant->value) == 0);
		else
			check_address(p->value, meant);
	}
	FUZZ_NEED(found->n_properties <= 3);
}

/* What a sealer would copy of it claims no pass. */
static void check_as_sealed(struct arena *arena, const char *text)
{
	struct aar aar;

	aar_parse(arena, slice_of(arena_printf(arena, "i=1;%s", text)), &aar);
	FUZZ_NEED(aar.n_claims == 0);
}

static void check_written(struct arena *arena, const char *text, const struct meant *meant, unsigned n)
{
	static char unfolded[2 * LIMIT_AUTHRES_OCTETS];

	FUZZ_NEED(strlen(text) + strlen(AUTHRES_NAME ":") <= LIMIT_AUTHRES_OCTETS);
	FUZZ_NEED(authres_read(&reader, text, unfolded, sizeof(unfolded)));
	FUZZ_NEED(strcmp(reader.id, ID) == 0);
	FUZZ_NEED(reader.n_results == n);
	FUZZ_NEED(reader.none == (n == 0));
	for (unsigned i = 0; i < n; i++)
		check_result(&reader.results[i], &meant[i]);
	FUZZ_NEED(authres_is_ours(slice_of(text), ids, 1));
	check_as_sealed(arena, text);
}

static void check_writer(struct arena *arena, struct slice lines)
{
	struct meant *meant = ARENA_ARRAY(arena, struct meant, RESULTS);
	const char *comment = fuzz_text(arena, slice_until(lines, slice_find(lines, '\n')));
	struct authres out;
	unsigned n = 0;

	authres_init(&out, ID);
	while (lines.data != NULL && n < RESULTS) {
		take_lines(arena, &lines, n, &meant[n]);
		write_result(&out, &meant[n]);
		if (!authres_fits(&out))
			break;
		n++;
	}
	check_written(arena, authres_text(&out, comment), meant, n);
	authres_done(&out);
	authres_init(&out, ID);
	check_written(arena, authres_text(&out, comment), meant, 0);
	authres_done(&out);
}

void fuzz_authres(const uint8_t *data, size_t size)
{
	struct slice text = fuzz_slice(data, size);
	struct arena *arena = arena_new();

	check_foreign(arena, text);
	check_writer(arena, text);
	arena_free(arena);
}
