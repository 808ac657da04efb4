#include "core/received.h"

#include <string.h>

#include "base/buf.h"

#define BLANKS " \t\r\n"

/* The field from left to right. */
struct parser {
	struct slice text;
	size_t at;
	const char *error;
};

static bool is_blank(char c)
{
	return c != '\0' && strchr(BLANKS, c) != NULL;
}

static bool fail(struct parser *p, const char *error)
{
	if (p->error == NULL)
		p->error = error;
	return false;
}

static void skip_blanks(struct parser *p)
{
	while (p->at < p->text.len && is_blank(p->text.data[p->at]))
		p->at++;
}

static bool is_at(const struct parser *p, char c)
{
	return p->at < p->text.len && p->text.data[p->at] == c;
}

/* What is inside of the comment that begins here; comments may nest. */
static bool take_comment(struct parser *p, struct slice *inside_r)
{
	size_t start = p->at + 1;
	unsigned depth = 0;

	for (; p->at < p->text.len; p->at++) {
		char c = p->text.data[p->at];

		if (c == '\\' && p->at + 1 < p->text.len) {
			p->at++;
		} else if (c == '(' && ++depth > LIMIT_COMMENT_DEPTH) {
			return fail(p, "comments nested too deep");
		} else if (c == ')' && --depth == 0) {
			*inside_r = slice_trim(slice_new(p->text.data + start, p->at - start), BLANKS);
			p->at++;
			return true;
		}
	}
	return fail(p, "a comment that does not end");
}

/* Octets up to a blank or to what separates words; possibly none. */
static struct slice take_word(struct parser *p)
{
	size_t start = p->at;

	while (p->at < p->text.len && !is_blank(p->text.data[p->at]) &&
	       memchr("();\"", p->text.data[p->at], 4) == NULL)
		p->at++;
	return slice_new(p->text.data + start, p->at - start);
}

static bool bracketed_address(struct slice word, struct address *out_r)
{
	return word.len > 2 && word.data[0] == '[' && word.data[word.len - 1] == ']' &&
	       address_parse(slice_new(word.data + 1, word.len - 2), out_r);
}

/* Is there an address in brackets anywhere? Whatever quotes and comments are
 * around it: this is what a field with somebody's words in it is refused for. */
static bool has_address(struct slice text)
{
	struct address unused;
	size_t open = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '[')
			open = i;
		else if (text.data[i] == ']' &&
			 bracketed_address(slice_new(text.data + open, i - open + 1), &unused))
			return true;
	}
	return false;
}

/* What a comment about the client says. */
struct told {
	struct slice word[4];
	unsigned n;
	bool has_address, may_be_forged, is_exim;
	struct address address;
	struct slice helo, name;
};

/* The words of a comment; a comment inside of it is only Sendmail's. */
static bool split_words(struct parser *p, struct slice inside, struct told *told)
{
	struct parser words = { .text = inside };
	struct slice nested;

	for (skip_blanks(&words); words.at < inside.len; skip_blanks(&words)) {
		if (is_at(&words, '(')) {
			if (!take_comment(&words, &nested) || !slice_is_nocase(nested, "may be forged"))
				return fail(p, "a comment about the client that is not known");
			told->may_be_forged = true;
			continue;
		}
		if (told->n == sizeof(told->word) / sizeof(told->word[0]) || told->may_be_forged)
			return fail(p, "a comment about the client that is not known");
		told->word[told->n] = take_word(&words);
		if (told->word[told->n++].len == 0)
			return fail(p, "a comment about the client that is not known");
	}
	return true;
}

/* Exim: "[ADDRESS]:25001" where ports are logged. */
static struct slice without_port(struct slice word)
{
	size_t end = slice_find(word, ']');
	uint64_t port;

	if (end + 1 < word.len && word.data[end + 1] == ':' &&
	    slice_number(slice_from(word, end + 2), 65535, &port))
		return slice_until(word, end + 1);
	return word;
}

/* Exim's "helo=NAME", "port=N", "ident=USER" from the word `first` on. */
static bool take_exim(struct told *told, unsigned first)
{
	for (unsigned i = first; i < told->n; i++) {
		if (slice_starts_nocase(told->word[i], "helo=") && told->helo.data == NULL)
			told->helo = slice_from(told->word[i], 5);
		else if (!slice_starts_nocase(told->word[i], "port=") &&
			 !slice_starts_nocase(told->word[i], "ident="))
			return false;
	}
	told->is_exim = told->n > first;
	return true;
}

/* "unknown" (Postfix, qmail) and "<unknown>" (OpenSMTPD) are no name; "USER@NAME"
 * has an ident's answer in front; some writers end the name with a dot. */
static struct slice name_of(struct slice word)
{
	for (size_t i = word.len; i > 0; i--)
		if (word.data[i - 1] == '@') {
			word = slice_from(word, i);
			break;
		}
	if (word.len > 0 && word.data[word.len - 1] == '.')
		word.len--;
	if (slice_is_nocase(word, "unknown") || slice_is_nocase(word, "<unknown>"))
		word.len = 0;
	return word;
}

/* Neither an address in brackets nor one of Exim's pairs is in it. */
static bool is_name(struct slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (memchr("[]\\,=", word.data[i], 5) != NULL)
			return false;
	return true;
}

/* Exchange's "(ADDRESS)", qmail's "(USER@ADDRESS)". */
static bool is_bare_address(struct slice word, struct address *out_r)
{
	for (size_t i = word.len; i > 0; i--)
		if (word.data[i - 1] == '@')
			return is_name(slice_until(word, i)) && address_parse(slice_from(word, i), out_r);
	return address_parse(word, out_r);
}

/* The words of one comment behind `from WORD`. */
static bool read_told(struct parser *p, struct slice inside, struct told *told)
{
	if (!split_words(p, inside, told) || told->n == 0)
		return fail(p, "a comment about the client that is not known");
	if (bracketed_address(without_port(told->word[0]), &told->address)) {
		told->has_address = true;
		if (take_exim(told, 1))
			return true;
	} else if (told->n == 2 && (slice_is(told->word[0], "HELO") ||
				    slice_is(told->word[0], "EHLO"))) {
		told->helo = told->word[1];
		return true;
	} else if (told->n == 2 && is_name(told->word[0]) &&
		   bracketed_address(told->word[1], &told->address)) {
		told->has_address = true;
		told->name = name_of(told->word[0]);
		return true;
	} else if (told->n == 1 && is_bare_address(told->word[0], &told->address)) {
		told->has_address = true;
		return true;
	} else if (take_exim(told, 0)) {
		return true;
	}
	return fail(p, "a comment about the client that is not known");
}

static bool take_keyword(struct parser *p, const char *keyword)
{
	size_t start;

	skip_blanks(p);
	start = p->at;
	if (slice_is_nocase(take_word(p), keyword))
		return true;
	p->at = start;
	return false;
}

/* qmail: "(HELO NAME) (ADDRESS)"; its name is not always looked up both ways. */
static bool read_qmail(struct parser *p, struct slice word, struct received *out)
{
	struct told told = { 0 };
	struct slice inside;

	skip_blanks(p);
	if (!is_at(p, '(') || !take_comment(p, &inside) || !read_told(p, inside, &told))
		return fail(p, "no client address");
	if (!told.has_address || told.n != 1)
		return fail(p, "no client address");
	out->client = told.address;
	out->name = name_of(word);
	return true;
}

/* WORD (comment), or with qmail WORD (comment) (comment). What Postfix and
 * Sendmail write there is the HELO, what Exim and qmail write is a name. */
static bool read_client(struct parser *p, struct slice word, struct received *out)
{
	struct told told = { 0 };
	struct slice inside;

	skip_blanks(p);
	if (!is_at(p, '('))
		return fail(p, "no client address");
	if (!take_comment(p, &inside) || !read_told(p, inside, &told))
		return false;
	out->helo = told.helo.data != NULL ? told.helo : word;
	if (!told.has_address && !told.is_exim)
		return read_qmail(p, word, out);
	if (!told.has_address) {
		out->helo = told.helo;
		return bracketed_address(word, &out->client) || fail(p, "no client address");
	}
	out->client = told.address;
	out->name = told.is_exim ? name_of(word) : told.name;
	out->name_confirmed = out->name.len > 0 && !told.may_be_forged;
	return true;
}

/* TLS, certificates, authentication: between the client and `by`. */
static bool skip_comments(struct parser *p)
{
	struct address unused;
	struct slice inside;

	for (skip_blanks(p); is_at(p, '('); skip_blanks(p)) {
		if (!take_comment(p, &inside))
			return false;
		if (has_address(inside) || is_bare_address(inside, &unused))
			return fail(p, "two addresses");
	}
	return true;
}

/* A comment behind the writer's own name may hold the writer's own address. */
static bool read_by(struct parser *p, struct received *out)
{
	struct told told = { 0 };
	struct parser by = { .text = { NULL, 0 } };
	struct slice inside;

	if (!take_keyword(p, "by"))
		return fail(p, "no by clause behind the client");
	skip_blanks(p);
	if (take_word(p).len == 0)
		return fail(p, "no name in the by clause");
	skip_blanks(p);
	if (!is_at(p, '('))
		return true;
	if (!take_comment(p, &inside))
		return false;
	if (slice_starts_nocase(inside, "OpenSMTPD"))
		out->name_confirmed = false;    /* looked up one way only */
	if (has_address(inside) && (!read_told(&by, inside, &told) || told.may_be_forged))
		return fail(p, "two addresses");
	return true;
}

/* RFC 5322 3.2.4; the recipient may have one (for <"a b"@example.com>). */
static bool skip_quoted(struct parser *p)
{
	for (p->at++; p->at < p->text.len; p->at++) {
		if (is_at(p, '\\'))
			p->at++;
		else if (is_at(p, '"'))
			break;
	}
	if (p->at >= p->text.len)
		return fail(p, "a quoted string that does not end");
	p->at++;
	return true;
}

/* Behind the by clause nothing is taken; it must not look as if the field
 * began anew, which it does when a HELO is a whole field by itself. */
static bool check_rest(struct parser *p)
{
	struct slice inside;

	if (has_address(slice_from(p->text, p->at)))
		return fail(p, "two addresses");
	for (skip_blanks(p); p->at < p->text.len; skip_blanks(p)) {
		if (is_at(p, '(')) {
			if (!take_comment(p, &inside))
				return false;
		} else if (is_at(p, '"')) {
			if (!skip_quoted(p))
				return false;
		} else if (is_at(p, ')')) {
			return fail(p, "a comment that does not begin");
		} else if (is_at(p, ';')) {
			p->at++;
		} else if (take_keyword(p, "by") || take_keyword(p, "from")) {
			return fail(p, "two clauses of one kind");
		} else {
			take_word(p);
		}
	}
	return true;
}

static bool is_text(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (((unsigned char)text.data[i] < 0x20 && !is_blank(text.data[i])) ||
		    text.data[i] == 0x7f)
			return false;
	return true;
}

static bool read_field(struct parser *p, struct received *out)
{
	struct slice word;

	if (p->text.len > LIMIT_RECEIVED_OCTETS)
		return fail(p, "too long");
	if (!is_text(p->text))
		return fail(p, "a control character");
	if (!take_keyword(p, "from"))
		return fail(p, "no from clause");
	skip_blanks(p);
	word = take_word(p);
	if (word.len == 0)
		return fail(p, "no name in the from clause");
	return read_client(p, word, out) && skip_comments(p) && read_by(p, out) && check_rest(p);
}

bool received_parse(struct slice text, struct received *out_r, const char **error_r)
{
	struct parser p = { .text = text };
	struct received out = { 0 };

	if (!read_field(&p, &out)) {
		*error_r = p.error;
		return false;
	}
	*out_r = out;
	return true;
}

bool received_is_remark(struct slice text)
{
	static const char end[] = " invoked from network";
	struct parser p = { .text = slice_until(text, LIMIT_RECEIVED_OCTETS) };
	struct slice inside;

	skip_blanks(&p);
	if (!is_at(&p, '(') || !take_comment(&p, &inside))
		return false;
	return slice_starts_nocase(inside, "qmail ") && inside.len > sizeof(end) &&
	       slice_is(slice_from(inside, inside.len - (sizeof(end) - 1)), end);
}
