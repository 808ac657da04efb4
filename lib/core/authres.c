#include "core/authres.h"

#include <string.h>

#include "core/domain.h"

#define LINE_MAX_COLUMNS 78
#define TAB_COLUMNS 8
#define PIECE_OCTETS 900                /* keeps every line below 998 (RFC 5322 2.1.1) */

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* RFC 2045 5.1 */
static bool is_token_octet(char c)
{
	return c > ' ' && c <= '~' && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_token_octet(s.data[i]))
			return false;
	return s.len > 0;
}

bool authres_id_is_valid(struct slice id)
{
	return is_token(id) && id.len <= DOMAIN_MAX;
}

void authres_init(struct authres *out, const char *authserv_id)
{
	*out = (struct authres){ .n_results = 0 };
	buf_init(&out->text, LIMIT_AUTHRES_OCTETS - sizeof(AUTHRES_NAME ":"));
	buf_printf(&out->text, " %s", authserv_id);
	out->result_start = out->text.len;
}

void authres_done(struct authres *out)
{
	buf_done(&out->text);
}

/* Each resinfo begins a line of its own. */
void authres_result(struct authres *out, const char *method, const char *result)
{
	out->result_start = out->text.len;
	out->n_results++;
	buf_add_str(&out->text, ";\n");
	out->line_start = out->text.len;
	buf_printf(&out->text, "\t%s=%s", method, result);
}

/* Folds before the piece when its line would become too long, never within. */
static void add_piece(struct authres *out, const struct buf *piece)
{
	size_t columns = out->text.len - out->line_start + TAB_COLUMNS - 1;

	if (buf_is_full(piece) || piece->len == 0)
		return;
	if (columns + 1 + piece->len > LINE_MAX_COLUMNS) {
		buf_add_str(&out->text, "\n");
		out->line_start = out->text.len;
		buf_add_str(&out->text, "\t");
	}
	buf_add_char(&out->text, ' ');
	buf_add_slice(&out->text, buf_slice(piece));
}

static void add_comment_text(struct buf *out, const char *text)
{
	size_t start = out->len;

	buf_add_char(out, '(');
	for (; *text != '\0' && out->len - start <= LIMIT_AUTHRES_COMMENT; text++)
		if (is_printable(*text))
			buf_add_char(out, strchr("()\\", *text) != NULL ? '_' : *text);
	buf_add_char(out, ')');
}

void authres_comment(struct authres *out, const char *text)
{
	struct buf piece;

	buf_init(&piece, PIECE_OCTETS);
	add_comment_text(&piece, text);
	if (piece.len > 2)
		add_piece(out, &piece);
	buf_done(&piece);
}

static void add_quoted(struct buf *out, struct slice value)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '"' || value.data[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, value.data[i]);
	}
	buf_add_char(out, '"');
}

static void add_value(struct buf *out, struct slice value, bool quoted)
{
	if (!quoted && is_token(value))
		buf_add_slice(out, value);
	else
		add_quoted(out, value);
}

void authres_reason(struct authres *out, const char *text)
{
	struct buf clean, piece;

	buf_init(&clean, LIMIT_AUTHRES_COMMENT);
	for (; *text != '\0'; text++)
		if (is_printable(*text))
			buf_add_char(&clean, *text);
	buf_init(&piece, PIECE_OCTETS);
	buf_add_str(&piece, "reason=");
	add_quoted(&piece, buf_slice(&clean));
	if (clean.len > 0)
		add_piece(out, &piece);
	buf_done(&piece);
	buf_done(&clean);
}

/* A value with an octet outside printable ASCII has no safe form. */
static bool is_safe(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (!is_printable(value.data[i]))
			return false;
	return value.len > 0;
}

static void add_property(struct authres *out, const char *property, const char *value, bool quoted)
{
	struct buf piece;

	if (value == NULL || !is_safe(slice_of(value)))
		return;
	buf_init(&piece, PIECE_OCTETS);
	buf_add_str(&piece, property);
	buf_add_char(&piece, '=');
	add_value(&piece, slice_of(value), quoted);
	add_piece(out, &piece);
	buf_done(&piece);
}

void authres_property(struct authres *out, const char *property, const char *value)
{
	add_property(out, property, value, false);
}

void authres_property_quoted(struct authres *out, const char *property, const char *value)
{
	add_property(out, property, value, true);
}

static bool is_high(char c)
{
	return (unsigned char)c >= 0x80;
}

/* RFC 5322 3.2.3, with UTF-8 by RFC 6532 3.2 */
static bool is_dot_atom(struct slice s)
{
	bool dot = true;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (c == '.' ? dot : !is_high(c) && !ascii_is_alnum(c) &&
		    strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL)
			return false;
		dot = c == '.';
	}
	return !dot;
}

/* May the local part be written, plain or quoted? */
static bool is_safe_local(struct slice local, bool utf8)
{
	if (local.len > LIMIT_LOCAL_PART || !slice_is_utf8(local))
		return false;
	for (size_t i = 0; i < local.len; i++)
		if (!is_printable(local.data[i]) && !(utf8 && is_high(local.data[i])))
			return false;
	return true;
}

void authres_address(struct authres *out, const char *property, const char *local,
		     const char *domain, bool utf8)
{
	struct slice name = slice_of(local);
	char normal[DOMAIN_SIZE];
	struct buf piece;

	if (domain == NULL || !domain_normalize(slice_of(domain), normal))
		return;
	buf_init(&piece, PIECE_OCTETS);
	buf_add_str(&piece, property);
	buf_add_char(&piece, '=');
	if (local != NULL && is_safe_local(name, utf8)) {
		if (is_dot_atom(name))
			buf_add_slice(&piece, name);
		else if (name.len > 0)
			add_quoted(&piece, name);
		buf_add_char(&piece, '@');
	}
	buf_add_str(&piece, normal);
	add_piece(out, &piece);
	buf_done(&piece);
}

bool authres_fits(struct authres *out)
{
	if (!buf_is_full(&out->text))
		return true;
	buf_cut(&out->text, out->result_start);
	out->n_results--;
	return false;
}

const char *authres_text(struct authres *out, const char *none_comment)
{
	if (out->n_results == 0) {
		buf_cut(&out->text, out->result_start);
		buf_add_str(&out->text, "; none");
		if (none_comment != NULL) {
			buf_add_char(&out->text, ' ');
			add_comment_text(&out->text, none_comment);
		}
	}
	return buf_str(&out->text);
}

/* White space, line ends and comments; false when a comment does not end. */
static bool skip_cfws(struct slice *rest)
{
	unsigned depth = 0;
	size_t i;

	for (i = 0; i < rest->len; i++) {
		char c = rest->data[i];

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '\\' && depth > 0)
			i++;
		else if (depth == 0 && (c == '\0' || strchr(" \t\r\n", c) == NULL))
			break;
	}
	*rest = slice_from(*rest, i);
	return depth == 0;
}

static bool read_quoted(struct slice *rest, struct buf *id)
{
	for (size_t i = 1; i < rest->len; i++) {
		char c = rest->data[i];

		if (c == '"') {
			*rest = slice_from(*rest, i + 1);
			return true;
		}
		if (c == '\\' && i + 1 < rest->len)
			c = rest->data[++i];
		if (c != '\r' && c != '\n')
			buf_add_char(id, c);
	}
	return false;
}

static bool read_token(struct slice *rest, struct buf *id)
{
	size_t len = 0;

	while (len < rest->len && is_token_octet(rest->data[len]))
		len++;
	buf_add(id, rest->data, len);
	*rest = slice_from(*rest, len);
	return len > 0;
}

/* Reads up to the first semicolon: authserv-id and version (RFC 8601 2.2).
 * False when that is not what stands there; `id` holds what was read. */
static bool read_head(struct slice value, struct buf *id)
{
	if (!skip_cfws(&value) || value.len == 0)
		return false;
	if (!(value.data[0] == '"' ? read_quoted(&value, id) : read_token(&value, id)))
		return false;
	if (value.len > 0 && strchr(" \t\r\n(;", value.data[0]) == NULL)
		return false;
	if (!skip_cfws(&value))
		return false;
	while (value.len > 0 && ascii_is_digit(value.data[0]))
		value = slice_from(value, 1);
	return skip_cfws(&value) && (value.len == 0 || value.data[0] == ';');
}

static bool is_name_octet(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

/* Is there an occurrence of `id` that is no part of a longer name? */
static bool has_word(struct slice text, struct slice id)
{
	for (size_t i = 0; i + id.len <= text.len; i++) {
		struct slice behind = slice_from(text, i + id.len);

		if (!slice_equal_nocase(slice_until(slice_from(text, i), id.len), id))
			continue;
		if (i > 0 && (is_name_octet(text.data[i - 1]) || text.data[i - 1] == '.'))
			continue;
		if (behind.len > 0 && is_name_octet(behind.data[0]))
			continue;
		if (behind.len > 1 && behind.data[0] == '.' && is_name_octet(behind.data[1]))
			continue;
		return true;
	}
	return false;
}

bool authres_is_ours(struct slice value, const char *const *ids, unsigned n_ids)
{
	struct slice found;
	struct buf id;
	bool whole, ours = false;

	buf_init(&id, DOMAIN_MAX + 2);
	whole = read_head(value, &id);
	found = slice_trim(buf_slice(&id), " \t.");     /* the same name to a careless reader */
	for (unsigned i = 0; i < n_ids && !ours; i++)
		ours = (!buf_is_full(&id) && slice_is_nocase(found, ids[i])) ||
		       (!whole && has_word(value, slice_of(ids[i])));
	buf_done(&id);
	return ours;
}
