#include "auth/spf_guard.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "auth/spf_macro.h"
#include "base/names.h"

/* What libspf2 keeps of one compiled record is 511 octets; a term over that is
 * dropped without a word. Costs are at least what it uses. */
enum {
	ROOM_RECORD = 480,
	ROOM_INLINE = 240,              /* longer runs of networks become groups */
	COST_NAME = 28,                 /* a term with a token */
	COST_IP4 = 8,
	COST_IP6 = 20,
	COST_ALL = 4,
};

static const char version[] = "v=spf1";
#define VERSION_LEN (sizeof(version) - 1)

static const struct name_row mechanism_names[] = {
	{ SPF_ALL, "all" }, { SPF_INCLUDE, "include" }, { SPF_A, "a" }, { SPF_MX, "mx" },
	{ SPF_PTR, "ptr" }, { SPF_IP4, "ip4" }, { SPF_IP6, "ip6" }, { SPF_EXISTS, "exists" },
	{ 0, NULL },
};

bool spf_guard_is_record(struct slice text)
{
	return slice_starts_nocase(text, version) &&
	       (text.len == VERSION_LEN || text.data[VERSION_LEN] == ' ');
}

/* Reading. The helpers return NULL, or what is wrong. */

/* ip4-cidr-length, ip6-cidr-length: no leading zero. */
static const char *parse_bits(struct slice digits, unsigned max, uint8_t *bits_r)
{
	uint64_t bits;

	if ((digits.len > 1 && digits.data[0] == '0') || !slice_number(digits, max, &bits))
		return "a prefix length that is none";
	*bits_r = (uint8_t)bits;
	return NULL;
}

/* Where the digits at the end begin, when a slash stands before them; else 0. */
static size_t find_bits(struct slice text)
{
	size_t at = text.len;

	while (at > 0 && ascii_is_digit(text.data[at - 1]))
		at--;
	return at < text.len && at > 0 && text.data[at - 1] == '/' ? at : 0;
}

/* dual-cidr-length: [ "/" bits4 ] [ "//" bits6 ], cut off the end. A domain-spec
 * cannot end in such a thing itself. */
static const char *cut_prefixes(struct slice *rest, struct spf_term *term)
{
	size_t at = find_bits(*rest);
	const char *error;

	if (at > 1 && rest->data[at - 2] == '/') {
		error = parse_bits(slice_from(*rest, at), 128, &term->bits6);
		if (error != NULL)
			return error;
		*rest = slice_until(*rest, at - 2);
		at = find_bits(*rest);
	}
	if (at == 0)
		return NULL;
	error = parse_bits(slice_from(*rest, at), 32, &term->bits4);
	*rest = slice_until(*rest, at - 1);
	return error;
}

/* ":" domain-spec, or nothing. */
static const char *parse_domain(struct slice rest, bool required, struct spf_term *term)
{
	const char *error;

	if (rest.len == 0)
		return required ? "a mechanism without its domain" : NULL;
	if (rest.data[0] != ':')
		return "text behind a mechanism's name";
	term->domain = slice_from(rest, 1);
	return spf_macro_check_domain(term->domain, &error) < 0 ? error : NULL;
}

/* ":" network [ "/" bits ] */
static const char *parse_network(struct slice rest, int family, struct spf_term *term)
{
	const char *bad = family == AF_INET ? "an IPv4 network that is none" :
					      "an IPv6 network that is none";
	char text[INET6_ADDRSTRLEN];
	size_t slash;

	if (rest.len == 0 || rest.data[0] != ':')
		return bad;
	rest = slice_from(rest, 1);
	slash = slice_find(rest, '/');
	if (slash >= sizeof(text))
		return bad;
	memcpy(text, rest.data, slash);
	text[slash] = '\0';
	if (inet_pton(family, text, term->octets) != 1)
		return bad;
	if (slash == rest.len)
		return NULL;
	rest = slice_from(rest, slash + 1);
	return family == AF_INET ? parse_bits(rest, 32, &term->bits4) :
				   parse_bits(rest, 128, &term->bits6);
}

static const char *parse_mechanism(enum spf_mechanism mechanism, struct slice rest,
				   struct spf_term *term)
{
	const char *error = NULL;

	term->mechanism = mechanism;
	term->bits4 = 32;
	term->bits6 = 128;
	switch (mechanism) {
	case SPF_ALL:
		return rest.len > 0 ? "text behind a mechanism's name" : NULL;
	case SPF_IP4:
		return parse_network(rest, AF_INET, term);
	case SPF_IP6:
		return parse_network(rest, AF_INET6, term);
	case SPF_A:
	case SPF_MX:
		error = cut_prefixes(&rest, term);
		return error != NULL ? error : parse_domain(rest, false, term);
	case SPF_PTR:
		return parse_domain(rest, false, term);
	case SPF_INCLUDE:
	case SPF_EXISTS:
		return parse_domain(rest, true, term);
	case SPF_REDIRECT:
	case SPF_MECHANISM_UNSET:
		break;
	}
	assert(!"no mechanism of the table");
	return NULL;
}

struct parser {
	struct spf_record *record;
	struct spf_term redirect;
	bool all, has_redirect;
};

static const char *parse_directive(struct parser *parser, struct slice text)
{
	struct spf_term term = { .qualifier = '+' };
	const char *error;
	size_t end = 0;
	int mechanism;

	if (memchr("+-?~", text.data[0], 4) != NULL) {
		term.qualifier = text.data[0];
		text = slice_from(text, 1);
	}
	while (end < text.len && text.data[end] != ':' && text.data[end] != '/')
		end++;
	if (!names_find(mechanism_names, slice_until(text, end), &mechanism))
		return "an unknown mechanism";
	error = parse_mechanism((enum spf_mechanism)mechanism, slice_from(text, end), &term);
	if (error == NULL && !parser->all)
		parser->record->terms[parser->record->n_terms++] = term;
	parser->all = parser->all || term.mechanism == SPF_ALL;
	return error;
}

/* RFC 7208 6: name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) */
static bool is_modifier_name(struct slice name)
{
	if (name.len == 0 || !ascii_is_alpha(name.data[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!ascii_is_alnum(name.data[i]) && memchr("-_.", name.data[i], 3) == NULL)
			return false;
	return true;
}

static const char *parse_modifier(struct parser *parser, struct slice name, struct slice value)
{
	const char *error;
	bool ok;

	if (slice_is_nocase(name, "redirect")) {
		if (parser->has_redirect)
			return "a second redirect";
		parser->has_redirect = true;
		parser->redirect = (struct spf_term){ SPF_REDIRECT, '+', 32, 128, { 0 }, value };
		ok = spf_macro_check_domain(value, &error) == 0;
	} else if (slice_is_nocase(name, "exp")) {
		if (parser->record->exp.len > 0)
			return "a second exp";
		parser->record->exp = value;
		ok = spf_macro_check_domain(value, &error) == 0;
	} else {
		ok = spf_macro_check(value, SPF_MACRO_IN_RECORD, &error) == 0;
	}
	return ok ? NULL : error;
}

/* RFC 7208 4.6.1: a "=" behind a name, before any ":" or "/", makes a modifier. */
static const char *parse_term(struct parser *parser, struct slice text)
{
	size_t equals = slice_find(text, '=');
	struct slice name = slice_until(text, equals);

	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= ' ' || text.data[i] > '~')
			return "an octet outside printable ASCII";
	if (equals < text.len && is_modifier_name(name))
		return parse_modifier(parser, name, slice_from(text, equals + 1));
	return parse_directive(parser, text);
}

static unsigned count_words(struct slice text)
{
	struct slice word;
	unsigned n = 0;

	while (slice_split(&text, ' ', &word))
		n += word.len > 0;
	return n;
}

int spf_guard_parse(struct arena *arena, struct slice text, struct spf_record *record_r,
		    const char **error_r)
{
	struct parser parser = { .record = record_r };
	struct slice word;
	unsigned number = 0;

	assert(spf_guard_is_record(text));
	text = slice_from(text, VERSION_LEN);
	*record_r = (struct spf_record){ 0 };
	record_r->terms = ARENA_ARRAY(arena, struct spf_term, count_words(text) + 1);
	while (slice_split(&text, ' ', &word)) {
		const char *error;

		if (word.len == 0)
			continue;
		number++;
		error = parse_term(&parser, word);
		if (error != NULL) {
			*error_r = arena_printf(arena, "syntax error in term %u: %s", number, error);
			return -1;
		}
	}
	if (parser.has_redirect && !parser.all)
		record_r->terms[record_r->n_terms++] = parser.redirect;
	return 0;
}

/* Counting */

const char *spf_guard_count_term(struct spf_count *count)
{
	return ++count->terms > SPF_MAX_TERMS ? "more than 10 terms that need look-ups" : NULL;
}

const char *spf_guard_count_void(struct spf_count *count)
{
	return ++count->voids > SPF_MAX_VOIDS ? "more than 2 look-ups without an answer" : NULL;
}

/* Writing */

static bool is_network(const struct spf_term *term)
{
	return term->mechanism == SPF_IP4 || term->mechanism == SPF_IP6;
}

/* RFC 7208 5: an IPv4 client matches ip4 only, an IPv6 client ip6 only. */
static bool can_match(const struct spf_term *term, uint8_t family)
{
	return !is_network(term) || (term->mechanism == SPF_IP4) == (family == 4);
}

static unsigned cost_of(const struct spf_term *term)
{
	switch (term->mechanism) {
	case SPF_ALL:
		return COST_ALL;
	case SPF_IP4:
		return COST_IP4;
	case SPF_IP6:
		return COST_IP6;
	case SPF_MECHANISM_UNSET:
	case SPF_INCLUDE:
	case SPF_A:
	case SPF_MX:
	case SPF_PTR:
	case SPF_EXISTS:
	case SPF_REDIRECT:
		break;
	}
	return COST_NAME;
}

static void write_network(struct buf *out, const struct spf_term *term)
{
	char text[INET6_ADDRSTRLEN];
	bool four = term->mechanism == SPF_IP4;
	unsigned bits = four ? term->bits4 : term->bits6;

	if (bits == 0) {                /* libspf2 refuses /0 */
		buf_add_str(out, "all");
		return;
	}
	inet_ntop(four ? AF_INET : AF_INET6, term->octets, text, sizeof(text));
	buf_printf(out, "%s:%s/%u", four ? "ip4" : "ip6", text, bits);
}

/* With /0 any address at the name matches: the DNS layer then answers with the
 * client's own. */
static void write_prefixes(struct buf *out, const struct spf_term *term)
{
	buf_printf(out, "/%u//%u", term->bits4 > 0 ? term->bits4 : 32,
		   term->bits6 > 0 ? term->bits6 : 128);
}

static void write_term(struct buf *out, const struct spf_term *term, unsigned index,
		       const struct spf_tokens *tokens)
{
	unsigned token = 0;

	if (!is_network(term) && term->mechanism != SPF_ALL)
		token = tokens->make(tokens->context, SPF_TOKEN_TERM, index, index + 1);
	switch (term->mechanism) {
	case SPF_ALL:
		buf_printf(out, " %call", term->qualifier);
		return;
	case SPF_IP4:
	case SPF_IP6:
		buf_printf(out, " %c", term->qualifier);
		write_network(out, term);
		return;
	case SPF_INCLUDE:
		buf_printf(out, " %cinclude:%u.t", term->qualifier, token);
		return;
	case SPF_A:
	case SPF_MX:
		buf_printf(out, " %c%s:%u.t", term->qualifier,
			   names_get(mechanism_names, term->mechanism), token);
		write_prefixes(out, term);
		return;
	case SPF_PTR:                   /* answered as a whole by the DNS layer */
	case SPF_EXISTS:
		buf_printf(out, " %cexists:%u.t", term->qualifier, token);
		return;
	case SPF_REDIRECT:
		buf_printf(out, " redirect=%u.t", token);
		return;
	case SPF_MECHANISM_UNSET:
		break;
	}
	assert(!"a term without mechanism");
}

/* A run: networks with one qualifier side by side, as many as fit one record,
 * and those between them that cannot match. Anything else is a run of one.
 * Returns its end; *cost_r what it takes. */
static unsigned find_run(const struct spf_record *record, unsigned first, uint8_t family,
			 unsigned *cost_r)
{
	const struct spf_term *start = &record->terms[first];
	unsigned end = first + 1;

	*cost_r = cost_of(start);
	if (!is_network(start))
		return end;
	for (; end < record->n_terms; end++) {
		const struct spf_term *term = &record->terms[end];

		if (!can_match(term, family))
			continue;
		if (!is_network(term) || term->qualifier != start->qualifier ||
		    *cost_r + cost_of(term) > ROOM_RECORD)
			break;
		*cost_r += cost_of(term);
	}
	return end;
}

void spf_guard_write(struct buf *out, const struct spf_record *record, unsigned first,
		     uint8_t family, const struct spf_tokens *tokens)
{
	unsigned room = ROOM_RECORD - COST_NAME;        /* for the internal redirect */
	unsigned end, cost;

	buf_add_str(out, version);
	for (unsigned i = first; i < record->n_terms; i = end) {
		const struct spf_term *term = &record->terms[i];
		bool group;

		end = i + 1;
		if (!can_match(term, family))
			continue;
		end = find_run(record, i, family, &cost);
		group = cost > ROOM_INLINE;
		if (group)
			cost = COST_NAME;
		if (cost > room) {
			buf_printf(out, " redirect=%u.t",
				   tokens->make(tokens->context, SPF_TOKEN_REST, i, record->n_terms));
			return;
		}
		room -= cost;
		if (group)
			buf_printf(out, " %cinclude:%u.t", term->qualifier,
				   tokens->make(tokens->context, SPF_TOKEN_GROUP, i, end));
		for (unsigned k = i; k < end && !group; k++)
			if (can_match(&record->terms[k], family))
				write_term(out, &record->terms[k], k, tokens);
	}
}

void spf_guard_write_group(struct buf *out, const struct spf_record *record, unsigned first,
			   unsigned end, uint8_t family)
{
	buf_add_str(out, version);
	for (unsigned i = first; i < end; i++) {
		if (!can_match(&record->terms[i], family))
			continue;
		buf_add_str(out, " +");
		write_network(out, &record->terms[i]);
	}
}
