#include "core/mailbox.h"

#include <string.h>

#include "base/buf.h"
#include "core/domain.h"

#define ESC '\x1b'

struct parser {
	struct slice text;              /* unfolded */
	size_t at;
	struct arena *arena;
	struct from_domains *out;
	unsigned groups;
	const char *fault;              /* the first one, ours */
	bool over_limit;                /* no tolerance helps */
};

struct address_found {
	struct slice domain;            /* empty for an address literal */
	bool trailing_dot;
};

static bool fail(struct parser *p, const char *reason)
{
	if (p->fault == NULL)
		p->fault = reason;
	return false;
}

static bool fail_limit(struct parser *p, const char *reason)
{
	p->over_limit = true;
	p->fault = reason;
	return false;
}

static bool at_end(const struct parser *p)
{
	return p->at >= p->text.len;
}

/* No special is a NUL, so the end of the text compares unequal to each. */
static char peek(const struct parser *p)
{
	return at_end(p) ? '\0' : p->text.data[p->at];
}

static bool accept(struct parser *p, char c)
{
	if (at_end(p) || peek(p) != c)
		return false;
	p->at++;
	return true;
}

static bool is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_high(char c)
{
	return (unsigned char)c >= 0x80;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* RFC 5322 3.2.3, UTF-8 by RFC 6532 3.2 (checked as a whole afterwards) */
static bool is_atext(char c)
{
	return is_high(c) || ascii_is_alnum(c) ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_label_octet(char c)
{
	return is_high(c) || ascii_is_alnum(c) || c == '-' || c == '_';
}

/* In a phrase every octet that is no special is part of some word. */
static bool is_phrase_octet(char c)
{
	return !is_wsp(c) && strchr("()<>[]:;@\\,.\"", c) == NULL;
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_high(s.data[i]))
			return false;
	return true;
}

/* The index behind a quoted string or comment that begins at `at`, or 0 when it
 * does not end. */
static size_t quoted_end(struct slice text, size_t at)
{
	for (at++; at < text.len; at++) {
		if (text.data[at] == '\\')
			at++;
		else if (text.data[at] == '"')
			return at + 1;
	}
	return 0;
}

static size_t comment_end(struct slice text, size_t at, bool *deep_r)
{
	unsigned depth = 0;

	for (; at < text.len; at++) {
		if (text.data[at] == '\\')
			at++;
		else if (text.data[at] == ')' && --depth == 0)
			return at + 1;
		else if (text.data[at] == '(' && ++depth > LIMIT_COMMENT_DEPTH) {
			*deep_r = true;
			return 0;
		}
	}
	return 0;
}

static bool skip_comment(struct parser *p)
{
	bool deep = false;
	size_t end = comment_end(p->text, p->at, &deep);

	if (deep)
		return fail_limit(p, "comments nested too deep");
	if (end == 0)
		return fail(p, "a comment that does not end");
	p->at = end;
	return true;
}

static bool skip_quoted(struct parser *p)
{
	size_t end = quoted_end(p->text, p->at);

	if (end == 0)
		return fail(p, "a quote that does not end");
	p->at = end;
	return true;
}

static bool skip_cfws(struct parser *p)
{
	for (;;) {
		while (is_wsp(peek(p)))
			p->at++;
		if (peek(p) != '(')
			return true;
		if (!skip_comment(p))
			return false;
	}
}

/* A word of an address, unlike one of a phrase, has no control characters and
 * no 8-bit octets that are not UTF-8. */
static bool check_word(struct parser *p, struct slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (is_control(word.data[i]) && word.data[i] != '\t')
			return fail(p, "a control character in an address");
	return slice_is_utf8(word) || fail(p, "8-bit octets in an address that are not UTF-8");
}

/* Words between dots, white space and comments around each (RFC 5322 4.4,
 * obs-local-part). Dots are free to stand anywhere: "a..b@" and "a.@" are daily
 * mail and leave no doubt about the domain. */
static bool parse_local(struct parser *p)
{
	bool any = false, after_word = false;

	for (;;) {
		size_t start;

		if (!skip_cfws(p))
			return false;
		if (accept(p, '.')) {
			after_word = false;
			continue;
		}
		start = p->at;
		if (peek(p) == '"') {
			if (!skip_quoted(p))
				return false;
		} else {
			while (is_atext(peek(p)))
				p->at++;
		}
		if (p->at == start)
			return any || fail(p, "an address without a local part");
		if (after_word)
			return fail(p, "two words in a local part");
		if (!check_word(p, slice_new(p->text.data + start, p->at - start)))
			return false;
		any = after_word = true;
	}
}

/* RFC 5322 3.4.1: no Author Domain, but it must be whole. */
static bool skip_literal(struct parser *p)
{
	p->at++;
	for (; !at_end(p); p->at++) {
		if (peek(p) == ']') {
			p->at++;
			return true;
		}
		if (peek(p) == '[' || peek(p) == '\\' || is_control(peek(p)))
			return fail(p, "a broken address literal");
	}
	return fail(p, "an address literal that does not end");
}

static bool check_domain(struct parser *p, struct slice name, struct address_found *found_r)
{
	char normal[DOMAIN_SIZE];

	if (name.len > 1 && name.data[name.len - 1] == '.') {
		found_r->trailing_dot = true;
		name.len--;
	}
	if (name.len == 0)
		return fail(p, "an address without a domain");
	if (is_ascii(name) ? !domain_normalize(name, normal) : !slice_is_utf8(name))
		return fail(p, "an impossible domain in an address");
	found_r->domain = arena_slice(p->arena, name);
	return true;
}

/* Labels between dots, white space and comments around each (obs-domain), or
 * an address literal. */
static bool parse_domain(struct parser *p, struct address_found *found_r)
{
	struct buf name;
	bool ok = true;

	*found_r = (struct address_found){ .trailing_dot = false };
	if (!skip_cfws(p))
		return false;
	if (peek(p) == '[')
		return skip_literal(p);
	buf_init(&name, LIMIT_FROM_OCTETS);
	do {
		size_t start = p->at;

		while (is_label_octet(peek(p)))
			p->at++;
		if (p->at == start)
			break;
		buf_add(&name, p->text.data + start, p->at - start);
		ok = skip_cfws(p);
		if (!ok || peek(p) != '.')
			break;
		p->at++;
		buf_add_char(&name, '.');
		ok = skip_cfws(p);
	} while (ok);
	ok = ok && check_domain(p, buf_slice(&name), found_r);
	buf_done(&name);
	return ok;
}

static bool parse_addr_spec(struct parser *p, struct address_found *found_r)
{
	if (!parse_local(p))
		return false;
	if (!accept(p, '@'))
		return fail(p, "an address without @");
	return parse_domain(p, found_r) && skip_cfws(p);
}

/* "@one,@two:" before the address (RFC 5322 4.4, obs-route): dropped. */
static bool skip_route(struct parser *p)
{
	struct address_found hop;

	while (peek(p) == '@' || peek(p) == ',') {
		bool named = peek(p) == '@';

		p->at++;
		if ((named && !parse_domain(p, &hop)) || !skip_cfws(p))
			return false;
	}
	return accept(p, ':') || fail(p, "a source route that does not end");
}

static bool parse_angle(struct parser *p, struct address_found *found_r)
{
	p->at++;
	if (!skip_cfws(p) || (peek(p) == '@' && !skip_route(p)) || !parse_addr_spec(p, found_r))
		return false;
	return accept(p, '>') || fail(p, "an angle bracket that does not end");
}

static bool add_address(struct parser *p, const struct address_found *found)
{
	struct from_domains *out = p->out;

	if (out->mailboxes == LIMIT_FROM_MAILBOXES)
		return fail_limit(p, "too many addresses");
	out->mailboxes++;
	if (found->domain.len > 0)
		out->domains[out->n++] = found->domain;
	out->trailing_dot |= found->trailing_dot;
	return true;
}

static bool skip_phrase(struct parser *p)
{
	for (;;) {
		if (!skip_cfws(p))
			return false;
		if (peek(p) == '"') {
			if (!skip_quoted(p))
				return false;
		} else if (!at_end(p) && (peek(p) == '.' || is_phrase_octet(peek(p)))) {
			p->at++;
		} else {
			return true;
		}
	}
}

/* One element of the list: nothing (obs-addr-list), a mailbox, or the head of
 * a group. */
static bool parse_element(struct parser *p, bool in_group, bool *opened_r)
{
	struct address_found found = { .trailing_dot = false };
	size_t start = p->at;

	if (!skip_phrase(p))
		return false;
	if (peek(p) == '@') {
		p->at = start;
		return parse_addr_spec(p, &found) && add_address(p, &found);
	}
	if (peek(p) == '<')
		return parse_angle(p, &found) && add_address(p, &found) && skip_cfws(p);
	if (peek(p) == ':' && !in_group && p->at > start) {
		p->at++;
		p->groups++;
		*opened_r = true;
		return true;
	}
	p->at = start;
	if (!skip_cfws(p))
		return false;
	if (at_end(p) || peek(p) == ',' || (in_group && peek(p) == ';'))
		return true;
	return fail(p, "words without an address");
}

/* RFC 5322 3.4 address-list, with the obsolete forms of 4.4. */
static bool parse_list(struct parser *p)
{
	bool in_group = false;

	for (;;) {
		bool opened = false;

		if (!parse_element(p, in_group, &opened))
			return false;
		if (opened) {
			in_group = true;
			continue;
		}
		if (in_group && accept(p, ';')) {
			in_group = false;
			if (!skip_cfws(p))
				return false;
		}
		if (!accept(p, ','))
			break;
	}
	if (!at_end(p))
		return fail(p, "something unreadable behind an address");
	if (in_group)
		return fail(p, "a group that does not end");
	return p->out->mailboxes + p->groups > 0 || fail(p, "no address");
}

/* What a malformed phrase is looked at with: a quote or comment that does not
 * end is an octet like any other, and text shifted by ISO-2022 (ESC $ to the
 * next ESC) hides nothing but addresses. */
struct phrase_scan {
	size_t shifted_until;
	bool word;                      /* something that could be a local part */
	bool open;                      /* a `<` that began no address */
	unsigned unclosed;              /* comments that did not end */
};

/* `x@domain` in a phrase is one more author (the domain behind the @ of the
 * cursor): a reader may take it for the address. Only names with a dot. */
static bool phrase_domain(struct parser *p, bool shifted)
{
	struct address_found found = { .trailing_dot = false };
	char normal[DOMAIN_SIZE];
	struct slice name;
	size_t start;

	p->at++;
	if (!shifted && !skip_cfws(p)) {
		p->fault = p->over_limit ? p->fault : NULL;
		return !p->over_limit;
	}
	start = p->at;
	while (is_label_octet(peek(p)) || peek(p) == '.')
		p->at++;
	name = slice_new(p->text.data + start, p->at - start);
	if (!slice_is_utf8(name))
		for (name.len = 0; !is_high(name.data[name.len]); name.len++)
			;
	while (name.len > 0 && strchr(".-_", name.data[name.len - 1]) != NULL)
		name.len--;
	if (slice_find(name, '.') == name.len || (is_ascii(name) && !domain_normalize(name, normal)))
		return true;
	found.domain = arena_slice(p->arena, name);
	p->out->n_phrase++;
	return add_address(p, &found);
}

/* ESC $ ... ESC, or ESC ( X. */
static void phrase_escape(struct parser *p, struct phrase_scan *scan)
{
	struct slice rest = slice_from(p->text, p->at + 1);
	size_t next = slice_find(rest, ESC);

	if (rest.len > 1 && rest.data[0] == '$' && next < rest.len)
		scan->shifted_until = p->at + 1 + next;
	else if (rest.len > 1 && rest.data[0] == '(')
		p->at += 2;
	p->at++;
}

/* At `<`: the address that must end the field, or a stray bracket. */
static bool phrase_angle(struct parser *p, struct phrase_scan *scan, struct address_found *found_r)
{
	size_t start = p->at;

	if (parse_angle(p, found_r))
		return true;
	p->at = start + 1;
	scan->open = true;
	return false;
}

static bool phrase_comment(struct parser *p, struct phrase_scan *scan)
{
	bool deep = false;
	size_t end = scan->unclosed < LIMIT_COMMENT_DEPTH ? comment_end(p->text, p->at, &deep) : 0;

	if (deep)
		return fail_limit(p, "comments nested too deep");
	scan->unclosed += end == 0;
	p->at = end > 0 ? end : p->at + 1;
	return true;
}

/* One step through the phrase; *found_r is set when its address was read. */
static bool phrase_step(struct parser *p, struct phrase_scan *scan, struct address_found *found_r,
			bool *done_r)
{
	bool shifted = p->at < scan->shifted_until;
	char c = peek(p);
	size_t end;

	if (c == '@' && (scan->word || shifted))
		return phrase_domain(p, shifted);
	if (shifted) {
		p->at++;
	} else if (c == ESC) {
		phrase_escape(p, scan);
	} else if (c == '(') {
		return phrase_comment(p, scan);
	} else if (c == '<') {
		*done_r = phrase_angle(p, scan, found_r);
		return *done_r || !p->over_limit;
	} else if (c == '>' && scan->open) {
		return fail(p, "two addresses in angle brackets without a comma");
	} else {
		end = c == '"' ? quoted_end(p->text, p->at) : 0;
		scan->word = end > 0 || (is_wsp(c) ? scan->word : is_phrase_octet(c) || c == '.');
		p->at = end > 0 ? end : p->at + 1;
	}
	return true;
}

/* A malformed phrase followed by exactly one address in angle brackets: that
 * address, and every one that stands unquoted in the phrase. */
static bool parse_loose(struct parser *p)
{
	struct phrase_scan scan = { .word = false };
	struct address_found found;
	bool done = false;

	while (!done) {
		if (at_end(p))
			return fail(p, "words without an address");
		if (!phrase_step(p, &scan, &found, &done))
			return false;
	}
	p->fault = NULL;
	return skip_cfws(p) && add_address(p, &found) &&
	       (at_end(p) || fail(p, "something unreadable behind an address"));
}

/* RFC 5322 2.2.3; the line end before white space goes, the white space stays. */
static const char *unfold(struct slice body, struct buf *text)
{
	for (size_t i = 0; i < body.len; i++) {
		size_t end = i;

		if (body.data[i] == '\0')
			return "a NUL octet";
		if (body.data[i] == '\r')
			end++;
		if (end < body.len && body.data[end] == '\n') {
			i = end;
			if (end + 1 == body.len || !is_wsp(body.data[end + 1]))
				return "a line end that is no fold";
		} else if (end > i) {
			return "a carriage return that is no fold";
		} else {
			buf_add_char(text, body.data[i]);
		}
	}
	return buf_is_full(text) ? "longer than 8192 octets" : NULL;
}

static void start_over(struct parser *p)
{
	*p->out = (struct from_domains){ .status = FROM_UNSET };
	p->at = 0;
	p->groups = 0;
	p->fault = NULL;
}

static void parse_text(struct parser *p)
{
	struct from_domains *out = p->out;
	const char *fault = NULL;

	start_over(p);
	if (!parse_list(p)) {
		fault = p->fault;
		if (!p->over_limit) {
			start_over(p);
			if (parse_loose(p))
				fault = NULL;
			else if (p->over_limit)
				fault = p->fault;
			out->loose_phrase = true;
		}
	}
	if (fault != NULL)
		*out = (struct from_domains){ .status = FROM_UNUSABLE, .reason = fault };
	else if (out->n > 0)
		out->status = FROM_OK;
	else
		*out = (struct from_domains){
			.status = FROM_NO_DOMAIN, .mailboxes = out->mailboxes,
			.reason = out->mailboxes > 0 ? "only address literals" : "a group without members",
		};
}

void from_parse(struct arena *arena, struct slice body, struct from_domains *out_r)
{
	struct parser p = { .arena = arena, .out = out_r };
	struct buf text;
	const char *fault;

	buf_init(&text, LIMIT_FROM_OCTETS);
	fault = unfold(body, &text);
	p.text = buf_slice(&text);
	if (fault == NULL)
		parse_text(&p);
	else
		*out_r = (struct from_domains){ .status = FROM_UNUSABLE, .reason = fault };
	buf_done(&text);
}
