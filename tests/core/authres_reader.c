#include "core/authres_reader.h"

#include <string.h>

#include "base/buf.h"

static bool take(struct authres_reader *r, char c)
{
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

static bool is_special(char c)
{
	return strchr("()<>@,;:\\\"/[]?=", c) != NULL;
}

static bool put(char *out, size_t size, size_t *len, char c)
{
	if (*len + 1 >= size)
		return false;
	out[(*len)++] = c;
	out[*len] = '\0';
	return true;
}

/* The content of one comment, or nothing; no nesting, no quoted pairs. */
static bool read_comment(struct authres_reader *r, char *out, size_t size, unsigned *n)
{
	size_t len = 0;

	while (*r->at == ' ' || *r->at == '\t')
		r->at++;
	if (!take(r, '('))
		return true;
	while (*r->at != ')') {
		if (*r->at == '\0' || *r->at == '(' || *r->at == '\\')
			return false;
		if (!put(out, size, &len, *r->at++))
			return false;
	}
	r->at++;
	(*n)++;
	return read_comment(r, out, size, n);
}

/* A token (RFC 2045); with `also` a local part: these specials and UTF-8 too. */
static bool is_in_token(char c, const char *also)
{
	if ((unsigned char)c >= 0x80)
		return also[0] != '\0';
	return c > ' ' && c <= '~' && (!is_special(c) || strchr(also, c) != NULL);
}

static bool read_token(struct authres_reader *r, char *out, size_t size, const char *also)
{
	size_t len = 0;

	while (is_in_token(*r->at, also))
		if (!put(out, size, &len, *r->at++))
			return false;
	return len > 0;
}

static bool read_quoted(struct authres_reader *r, char *out, size_t size)
{
	size_t len = 0;

	if (!take(r, '"'))
		return false;
	while (*r->at != '"') {
		if (*r->at == '\\')
			r->at++;
		if (*r->at == '\0' || !put(out, size, &len, *r->at++))
			return false;
	}
	r->at++;
	return true;
}

/* pvalue: a value, or [[local-part] "@"] domain-name. An unquoted local part
 * is a dot-atom, whose characters are more than a token's. */
static bool read_pvalue(struct authres_reader *r, char *out, size_t size)
{
	size_t len;

	out[0] = '\0';
	if (*r->at == '"') {
		if (!read_quoted(r, out, size))
			return false;
	} else if (*r->at != '@' && !read_token(r, out, size, "/?=")) {
		return false;
	}
	if (*r->at != '@')
		return out[0] != '\0';
	len = strlen(out);
	put(out, size, &len, '@');
	r->at++;
	return read_token(r, out + len, size - len, "");
}

static bool read_properties(struct authres_reader *r, struct authres_read_result *result)
{
	unsigned ignored = 0;

	for (;;) {
		struct authres_read_property *property = &result->properties[result->n_properties];
		char comment[256];

		if (!read_comment(r, comment, sizeof(comment), &ignored))
			return false;
		if (*r->at == '\0' || *r->at == ';')
			return ignored == 0;
		if (!read_token(r, property->name, sizeof(property->name), "") || !take(r, '='))
			return false;
		if (strcmp(property->name, "reason") == 0) {
			if (result->n_properties > 0 || result->reason[0] != '\0' ||
			    !read_quoted(r, result->reason, sizeof(result->reason)))
				return false;
			continue;
		}
		if (strchr(property->name, '.') == NULL ||
		    !read_pvalue(r, property->value, sizeof(property->value)) ||
		    ++result->n_properties == 8)
			return false;
	}
}

static bool read_result(struct authres_reader *r)
{
	struct authres_read_result *result = &r->results[r->n_results];
	unsigned ignored = 0;
	char comment[256];

	memset(result, 0, sizeof(*result));
	if (!read_comment(r, comment, sizeof(comment), &ignored) || ignored > 0)
		return false;
	if (!read_token(r, result->method, sizeof(result->method), ""))
		return false;
	if (r->n_results == 0 && strcmp(result->method, "none") == 0) {
		r->none = true;
		return read_comment(r, r->none_comment, sizeof(r->none_comment), &ignored) && *r->at == '\0';
	}
	if (!take(r, '=') || !read_token(r, result->result, sizeof(result->result), "") ||
	    !read_comment(r, result->comment, sizeof(result->comment), &result->n_comments) ||
	    !read_properties(r, result))
		return false;
	return ++r->n_results < 24;
}

/* Lines: LF and TAB between them, printable or UTF-8, none too long. */
static bool unfold(const char *text, char *out, size_t size)
{
	size_t len = 0, line = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			if (text[1] != '\t' || line > 990)
				return false;
			line = 0;
			continue;
		}
		if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
			return false;
		line++;
		if (!put(out, size, &len, *text))
			return false;
	}
	return line <= 990 && len <= LIMIT_AUTHRES_OCTETS;
}

bool authres_read(struct authres_reader *r, const char *text, char *unfolded, size_t size)
{
	r->none = false;
	r->none_comment[0] = '\0';
	r->n_results = 0;
	if (text[0] != ' ' || !unfold(text, unfolded, size))
		return false;
	r->at = unfolded + 1;
	if (!read_token(r, r->id, sizeof(r->id), ""))
		return false;
	while (take(r, ';'))
		if (!read_result(r))
			return false;
	return *r->at == '\0' && (r->none || r->n_results > 0);
}
