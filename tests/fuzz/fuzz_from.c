/* The From field. The input is its body. Bounds and the status hold; line ends
 * as CRLF or LF mean the same; and the address that the plainest of readers would
 * show, <local@domain> in a field without quotes and comments, is one of the
 * authors. */
#include "fuzz.h"

#include <string.h>

#include "base/buf.h"
#include "core/domain.h"
#include "core/mailbox.h"

static void check_domain(struct slice body, struct slice domain)
{
	char normal[DOMAIN_SIZE];
	size_t at = 0;
	bool ascii = true;

	FUZZ_NEED(domain.len > 0 && slice_is_utf8(domain));
	for (size_t i = 0; i < domain.len; i++) {
		ascii = ascii && (unsigned char)domain.data[i] < 0x80;
		FUZZ_NEED((unsigned char)domain.data[i] >= 0x80 || ascii_is_alnum(domain.data[i]) ||
			  strchr("-_.", domain.data[i]) != NULL);
		while (at < body.len && body.data[at] != domain.data[i])
			at++;
		FUZZ_NEED(at++ < body.len);     /* all of its octets came, in this order */
	}
	FUZZ_NEED(!ascii || domain_normalize(domain, normal));
}

static void check(struct slice body, const struct from_domains *from)
{
	FUZZ_NEED(from->status == FROM_OK || from->status == FROM_NO_DOMAIN ||
		  from->status == FROM_UNUSABLE);
	FUZZ_NEED((from->status == FROM_OK) == (from->n > 0));
	FUZZ_NEED((from->status == FROM_OK) == (from->reason == NULL));
	FUZZ_NEED(from->n <= from->mailboxes && from->mailboxes <= LIMIT_FROM_MAILBOXES);
	FUZZ_NEED(from->n_phrase <= from->n);
	FUZZ_NEED(from->n_phrase == 0 || from->loose_phrase);
	for (unsigned i = 0; i < from->n; i++)
		check_domain(body, from->domains[i]);
}

static bool has(const struct from_domains *from, struct slice domain)
{
	for (unsigned i = 0; i < from->n; i++)
		if (slice_equal(from->domains[i], domain))
			return true;
	return false;
}

static bool is_word(struct slice s, const char *also)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alnum(s.data[i]) && (s.data[i] == '\0' || strchr(also, s.data[i]) == NULL))
			return false;
	return s.len > 0;
}

/* <local@domain>, in a field that has nothing to be understood otherwise. */
static void check_plain_reader(struct slice body, const struct from_domains *from)
{
	struct slice rest = body, part;

	for (size_t i = 0; i < body.len; i++)
		if (memchr("\"()\\[]:;\x1b", body.data[i], 9) != NULL)
			return;
	while (slice_split(&rest, '<', &part)) {
		struct slice address = rest.data == NULL ? slice_new("", 0) :
			slice_until(rest, slice_find(rest, '>'));
		size_t at = slice_find(address, '@');
		struct slice domain = slice_from(address, at + 1);
		char normal[DOMAIN_SIZE];

		if (address.len < rest.len && is_word(slice_until(address, at), "+-_=") &&
		    is_word(domain, "-.") && domain.data[domain.len - 1] != '.' &&
		    domain_normalize(domain, normal))
			FUZZ_NEED(has(from, domain));
	}
}

static bool is_same(const struct from_domains *a, const struct from_domains *b)
{
	if (a->status != b->status || a->n != b->n || a->mailboxes != b->mailboxes ||
	    a->n_phrase != b->n_phrase || !fuzz_same_text(a->reason, b->reason))
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (!slice_equal(a->domains[i], b->domains[i]))
			return false;
	return true;
}

/* With CRLF where LF alone stands. */
static void check_line_ends(struct arena *arena, struct slice body, const struct from_domains *from)
{
	struct from_domains again;
	struct buf text;

	buf_init(&text, 2 * body.len + 1);
	for (size_t i = 0; i < body.len; i++) {
		if (body.data[i] == '\n' && (i == 0 || body.data[i - 1] != '\r'))
			buf_add_char(&text, '\r');
		buf_add_char(&text, body.data[i]);
	}
	from_parse(arena, buf_slice(&text), &again);
	FUZZ_NEED(is_same(from, &again));
	buf_done(&text);
}

void fuzz_from(const uint8_t *data, size_t size)
{
	struct slice body = fuzz_slice(data, size);
	struct arena *arena = arena_new();
	struct from_domains from;

	from_parse(arena, body, &from);
	check(body, &from);
	if (from.status == FROM_OK)
		check_plain_reader(body, &from);
	check_line_ends(arena, body, &from);
	arena_free(arena);
}
