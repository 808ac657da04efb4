#include "auth/spf_macro.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define KEEP_MAX 1000                   /* parts; RFC 7208 7.3 asks for 127 at least */
#define EXPANSION_MAX (LIMIT_DNS_TEXT + 16384)
#define TAIL_OCTETS 1024                /* of a long expansion: more than a name can use */

struct piece {
	struct slice literal;           /* with letter 0 */
	bool escaped;                   /* %% %_ %- : the literal is what it stands for */
	char letter;                    /* lower case; 0: literal */
	bool url_escape;                /* the letter was upper case */
	bool reverse;
	unsigned keep;                  /* right-hand parts; 0: all */
	struct slice delimiters;
};

static bool contains(const char *set, char c)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* macro-literal = %x21-24 / %x26-7E; explain-string has SP too. */
static bool is_literal(char c, enum spf_macro_place place)
{
	return (c > ' ' && c <= '~' && c != '%') || (c == ' ' && place == SPF_MACRO_IN_EXPLANATION);
}

static size_t skip_set(struct slice text, size_t at, const char *set)
{
	while (at < text.len && contains(set, text.data[at]))
		at++;
	return at;
}

/* What stands between "%{" and "}". */
static const char *parse_macro(struct slice text, enum spf_macro_place place, struct piece *piece)
{
	size_t at = 1, end;
	uint64_t keep;

	if (text.len == 0)
		return "an empty macro";
	piece->letter = ascii_lower(text.data[0]);
	piece->url_escape = piece->letter != text.data[0];
	if (!contains("slodiphv", piece->letter) &&
	    !(place == SPF_MACRO_IN_EXPLANATION && contains("crt", piece->letter)))
		return "a macro letter that is not allowed here";
	end = skip_set(text, at, "0123456789");
	if (end > at) {
		if (!slice_number(slice_new(text.data + at, end - at), UINT64_MAX, &keep))
			keep = KEEP_MAX;
		if (keep == 0)
			return "a macro that keeps no part";    /* RFC 7208 7.3 */
		piece->keep = keep < KEEP_MAX ? (unsigned)keep : KEEP_MAX;
	}
	at = end;
	piece->reverse = at < text.len && ascii_lower(text.data[at]) == 'r';
	at += piece->reverse;
	end = skip_set(text, at, ".-+,/_=");
	piece->delimiters = slice_new(text.data + at, end - at);
	return end == text.len ? NULL : "a macro that cannot be read";
}

/* Cuts the next piece off *rest, which is not empty. NULL, or what is wrong. */
static const char *next_piece(struct slice *rest, enum spf_macro_place place, struct piece *piece_r)
{
	size_t end = 0;

	*piece_r = (struct piece){ 0 };
	while (end < rest->len && is_literal(rest->data[end], place))
		end++;
	if (end > 0) {
		piece_r->literal = slice_until(*rest, end);
		*rest = slice_from(*rest, end);
		return NULL;
	}
	if (rest->data[0] != '%')
		return "an octet outside printable ASCII";
	if (rest->len < 2)
		return "a lone %";
	piece_r->escaped = true;
	switch (rest->data[1]) {
	case '%':
		piece_r->literal = SLICE("%");
		break;
	case '_':
		piece_r->literal = SLICE(" ");
		break;
	case '-':
		piece_r->literal = SLICE("%20");
		break;
	case '{':
		end = slice_find(*rest, '}');
		if (end == rest->len)
			return "a macro that does not end";
		*piece_r = (struct piece){ 0 };
		const char *error = parse_macro(slice_new(rest->data + 2, end - 2), place, piece_r);

		*rest = slice_from(*rest, end + 1);
		return error;
	default:
		return "a lone %";
	}
	*rest = slice_from(*rest, 2);
	return NULL;
}

int spf_macro_check(struct slice text, enum spf_macro_place place, const char **error_r)
{
	struct piece piece;

	while (text.len > 0) {
		*error_r = next_piece(&text, place, &piece);
		if (*error_r != NULL)
			return -1;
	}
	return 0;
}

/* toplabel: letters, digits and inner hyphens, not digits alone. */
static bool is_toplabel(struct slice label)
{
	bool digits_only = true;

	if (label.len == 0 || label.data[0] == '-' || label.data[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		if (!ascii_is_alnum(label.data[i]) && label.data[i] != '-')
			return false;
		digits_only = digits_only && ascii_is_digit(label.data[i]);
	}
	return !digits_only;
}

/* The literal behind the last macro: ... "." toplabel [ "." ] */
static bool ends_in_toplabel(struct slice text)
{
	size_t dot;

	if (text.len > 0 && text.data[text.len - 1] == '.')
		text.len--;
	for (dot = text.len; dot > 0 && text.data[dot - 1] != '.'; dot--)
		;
	return dot > 0 && is_toplabel(slice_from(text, dot));
}

int spf_macro_check_domain(struct slice spec, const char **error_r)
{
	struct piece piece = { 0 };

	if (spec.len == 0) {
		*error_r = "an empty domain";
		return -1;
	}
	while (spec.len > 0) {
		*error_r = next_piece(&spec, SPF_MACRO_IN_RECORD, &piece);
		if (*error_r != NULL)
			return -1;
	}
	if (piece.letter == 0 && !piece.escaped && !ends_in_toplabel(piece.literal)) {
		*error_r = "a domain without a usable last label";
		return -1;
	}
	return 0;
}

bool spf_macro_uses(struct slice text, char letter)
{
	struct piece piece;

	while (text.len > 0) {
		if (next_piece(&text, SPF_MACRO_IN_EXPLANATION, &piece) != NULL)
			return false;
		if (piece.letter == letter)
			return true;
	}
	return false;
}

/* %{i}: dotted quad, or nibbles with dots (RFC 7208 7.3, example in 7.4). */
static void dotted_address(const struct address *client, char out[80])
{
	char *p = out;

	assert(client->family == 4 || client->family == 6);
	if (client->family == 4) {
		address_format(client, out);
		return;
	}
	for (unsigned i = 0; i < 16; i++)
		p += snprintf(p, 5, "%s%X.%X", i > 0 ? "." : "", client->octets[i] >> 4,
			      client->octets[i] & 15);
}

/* RFC 7208 7.2; `scratch` is for what is computed. */
static const char *letter_value(char letter, const struct spf_macro_values *values, char scratch[80])
{
	switch (letter) {
	case 'l':
		return values->local;
	case 'o':
		return values->sender_domain;
	case 'd':
		return values->domain;
	case 'h':
		return values->helo;
	case 'r':
		return values->receiver;
	case 'p':
		return values->validated != NULL ? values->validated : "unknown";
	case 'v':
		return values->client.family == 4 ? "in-addr" : "ip6";
	case 'i':
		dotted_address(&values->client, scratch);
		return scratch;
	case 'c':
		address_format(&values->client, scratch);
		return scratch;
	case 't':
		snprintf(scratch, 80, "%lld", (long long)values->now_s);
		return scratch;
	default:
		assert(!"a macro letter that the check let through");
		return "";
	}
}

/* RFC 7208 7.3: what RFC 3986 calls unreserved stays. */
static void add_octets(struct buf *out, struct slice text, bool url_escape)
{
	if (!url_escape) {
		buf_add_slice(out, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (ascii_is_alnum(c) || contains("-._~", c))
			buf_add_char(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

static bool is_delimiter(const struct piece *piece, char c)
{
	if (piece->delimiters.len == 0)
		return c == '.';
	return slice_find(piece->delimiters, c) < piece->delimiters.len;
}

/* Leaves the parts that are kept: the right-hand ones after a reversal are the
 * left-hand ones before it. */
static struct slice cut_parts(struct slice value, const struct piece *piece)
{
	unsigned parts = 1;

	if (piece->keep == 0)
		return value;
	if (piece->reverse) {
		for (size_t i = 0; i < value.len; i++)
			if (is_delimiter(piece, value.data[i]) && parts++ == piece->keep)
				return slice_until(value, i);
		return value;
	}
	for (size_t i = value.len; i > 0; i--)
		if (is_delimiter(piece, value.data[i - 1]) && parts++ == piece->keep)
			return slice_from(value, i);
	return value;
}

static void add_reversed(struct buf *out, struct slice value, const struct piece *piece)
{
	size_t end = value.len;

	for (size_t i = value.len; i > 0; i--) {
		if (!is_delimiter(piece, value.data[i - 1]))
			continue;
		add_octets(out, slice_new(value.data + i, end - i), piece->url_escape);
		buf_add_char(out, '.');
		end = i - 1;
	}
	add_octets(out, slice_until(value, end), piece->url_escape);
}

static void add_rejoined(struct buf *out, struct slice value, const struct piece *piece)
{
	size_t start = 0;

	for (size_t i = 0; i < value.len; i++) {
		if (!is_delimiter(piece, value.data[i]))
			continue;
		add_octets(out, slice_new(value.data + start, i - start), piece->url_escape);
		buf_add_char(out, '.');
		start = i + 1;
	}
	add_octets(out, slice_from(value, start), piece->url_escape);
}

/* RFC 7208 7.3: split, reverse, keep the right-hand parts, join with dots;
 * without transformer and delimiter the value stays as it is. */
static void add_value(struct buf *out, struct slice value, const struct piece *piece)
{
	if (piece->keep == 0 && !piece->reverse && piece->delimiters.len == 0) {
		add_octets(out, value, piece->url_escape);
		return;
	}
	value = cut_parts(value, piece);
	if (piece->reverse)
		add_reversed(out, value, piece);
	else
		add_rejoined(out, value, piece);
}

static void add_macro(struct buf *out, const struct piece *piece, const struct spf_macro_values *values)
{
	char scratch[80];
	struct buf sender;

	if (piece->letter != 's') {
		add_value(out, slice_of(letter_value(piece->letter, values, scratch)), piece);
		return;
	}
	buf_init(&sender, LIMIT_SENDER_OCTETS + DOMAIN_SIZE);
	buf_printf(&sender, "%s@%s", values->local, values->sender_domain);
	add_value(out, buf_slice(&sender), piece);
	buf_done(&sender);
}

static void add_piece(struct buf *out, const struct piece *piece, const struct spf_macro_values *values)
{
	if (piece->letter == 0)
		buf_add_slice(out, piece->literal);
	else
		add_macro(out, piece, values);
}

void spf_macro_expand(struct buf *out, struct slice text, const struct spf_macro_values *values)
{
	struct piece piece;

	while (text.len > 0 && next_piece(&text, SPF_MACRO_IN_EXPLANATION, &piece) == NULL)
		add_piece(out, &piece, values);
}

/* Thousands of macros in one domain-spec must not grow the text without end:
 * only its tail can become the name. */
static void keep_tail(struct buf *name)
{
	if (name->len <= 2 * TAIL_OCTETS || buf_is_full(name))
		return;
	memmove(name->data, name->data + name->len - TAIL_OCTETS, TAIL_OCTETS);
	buf_cut(name, TAIL_OCTETS);
}

static bool cut_name(struct slice name, char out_r[DOMAIN_SIZE])
{
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	while (name.len > DOMAIN_MAX)
		name = slice_from(name, slice_find(name, '.') + 1);
	if (name.len == 0)
		return false;
	/* octets that no macro of ASCII values makes: RFC 8616 4, no match */
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] < ' ' || name.data[i] > '~')
			return false;
	memcpy(out_r, name.data, name.len);
	out_r[name.len] = '\0';
	return true;
}

bool spf_macro_domain(struct slice spec, const struct spf_macro_values *values,
		      char out_r[DOMAIN_SIZE])
{
	struct piece piece;
	struct buf name;
	bool ok;

	buf_init(&name, EXPANSION_MAX);
	while (spec.len > 0 && next_piece(&spec, SPF_MACRO_IN_RECORD, &piece) == NULL) {
		add_piece(&name, &piece, values);
		keep_tail(&name);
	}
	ok = !buf_is_full(&name) && cut_name(buf_slice(&name), out_r);
	buf_done(&name);
	return ok;
}
