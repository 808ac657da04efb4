#include "core/path.h"

#include <string.h>

#include "base/buf.h"

static void unusable(struct path *out, const char *reason)
{
	*out = (struct path){ .status = PATH_UNUSABLE, .reason = reason };
}

static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
			return true;
	return false;
}

/* atext of RFC 5322 3.2.3, UTF-8 of RFC 6532, and the dot, wherever it stands:
 * local parts like "a..b" and "a." are daily mail and put no domain in doubt. */
static bool is_local_octet(char c)
{
	return (unsigned char)c >= 0x80 || ascii_is_alnum(c) ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static bool is_domain_octet(char c)
{
	return (unsigned char)c >= 0x80 || ascii_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static bool is_domain_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_domain_octet(s.data[i]))
			return false;
	return s.len > 0;
}

/* "[" 1*dcontent "]" (RFC 5321 4.1.3), whatever kind of address it names. */
static bool is_literal(struct slice s)
{
	if (s.len < 3 || s.data[0] != '[' || s.data[s.len - 1] != ']')
		return false;
	for (size_t i = 1; i < s.len - 1; i++)
		if (strchr("[]\\@", s.data[i]) != NULL || s.data[i] == ' ')
			return false;
	return true;
}

/* Cuts the source route off (RFC 5321 4.1.2, A-d-l; it must be ignored, 4.1.1.3
 * and appendix C): "@one,@two:" before the mailbox. */
static bool drop_route(struct slice *text)
{
	size_t end = slice_find(*text, ':');
	struct slice route = slice_until(*text, end), hop;

	if (end == text->len)
		return false;
	while (slice_split(&route, ',', &hop))
		if (hop.len < 2 || hop.data[0] != '@' || !is_domain_text(slice_from(hop, 1)))
			return false;
	*text = slice_from(*text, end + 1);
	return true;
}

/* Reads the part before the last `@` that stands outside quotes (all of the
 * text when there is none) into `local`, without quotes and with quoted pairs
 * resolved. Returns why that is no local part, or NULL. */
static const char *read_local(struct slice text, struct buf *local, bool *has_at_r, size_t *at_r)
{
	bool quoted = false;
	size_t local_len = 0;

	*has_at_r = false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (quoted && c == '\\') {
			if (++i == text.len)
				break;
			buf_add_char(local, text.data[i]);
		} else if (c == '"') {
			quoted = !quoted;
		} else if (quoted) {
			buf_add_char(local, c);
		} else if (c == '@') {
			*has_at_r = true;
			*at_r = i;
			local_len = local->len;
			buf_add_char(local, c);
		} else if (c == '[' && *has_at_r && *at_r == i - 1) {
			break;                          /* an address literal: read by its own rule */
		} else if (!is_local_octet(c)) {
			return "a character that must be quoted";
		} else {
			buf_add_char(local, c);
		}
	}
	if (quoted)
		return "a quote that does not end";
	if (*has_at_r)
		buf_cut(local, local_len);
	return NULL;
}

static void read_mailbox(struct arena *arena, struct slice text, struct path *out)
{
	struct slice domain = slice_new(NULL, 0);
	struct buf local;
	const char *fault;
	bool has_at;
	size_t at = 0;

	buf_init(&local, LIMIT_SENDER_OCTETS);
	fault = read_local(text, &local, &has_at, &at);
	if (fault == NULL && (has_at ? at : text.len) == 0)
		fault = "no local part";
	if (fault == NULL && has_at) {
		domain = slice_from(text, at + 1);
		if (is_literal(domain))
			out->status = PATH_LITERAL;
		else if (is_domain_text(domain))
			out->status = PATH_MAILBOX;
		else
			fault = domain.len == 0 ? "no domain" : "a domain with impossible characters";
	} else {
		out->status = PATH_LOCAL_ONLY;
	}
	if (fault == NULL) {
		out->local = arena_slice(arena, buf_slice(&local));
		if (out->status == PATH_MAILBOX)
			out->domain = arena_slice(arena, domain);
	}
	buf_done(&local);
	if (fault != NULL)
		unusable(out, fault);
}

/* Takes the angle brackets off; false when they do not match. */
static bool unwrap(struct slice *text)
{
	*text = slice_trim_wsp(*text);
	if (text->len == 0 || text->data[0] != '<')
		return true;
	if (text->len < 2 || text->data[text->len - 1] != '>')
		return false;
	*text = slice_trim_wsp(slice_new(text->data + 1, text->len - 2));
	return true;
}

void path_parse(struct arena *arena, struct slice text, struct path *out_r)
{
	*out_r = (struct path){ .status = PATH_UNSET };
	if (text.len > LIMIT_SENDER_OCTETS)
		unusable(out_r, "too long");
	else if (!unwrap(&text))
		unusable(out_r, "angle brackets that do not match");
	else if (text.len == 0)
		out_r->status = PATH_NULL;
	else if (has_control(text))
		unusable(out_r, "a control character");
	else if (!slice_is_utf8(text))
		unusable(out_r, "8-bit octets that are not UTF-8");
	else if (text.data[0] == '@' && !drop_route(&text))
		unusable(out_r, "a source route that does not end in a mailbox");
	else
		read_mailbox(arena, text, out_r);
}
