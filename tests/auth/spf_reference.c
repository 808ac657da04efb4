#include "spf_reference.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* RFC 7208 4.6.4 */
enum { MAX_TERMS = 10, MAX_VOID = 2, MAX_MX_NAMES = 10, MAX_PTR_NAMES = 10 };
enum { MAX_NAME = 253, MAX_LABEL = 63, TEXT_LIMIT = 1 << 20 };

enum mechanism {
	MECH_ALL, MECH_INCLUDE, MECH_A, MECH_MX, MECH_PTR, MECH_IP4, MECH_IP6, MECH_EXISTS,
};
static const struct name_row mechanism_names[] = {
	{ MECH_ALL, "all" },
	{ MECH_INCLUDE, "include" },
	{ MECH_A, "a" },
	{ MECH_MX, "mx" },
	{ MECH_PTR, "ptr" },
	{ MECH_IP4, "ip4" },
	{ MECH_IP6, "ip6" },
	{ MECH_EXISTS, "exists" },
	{ 0, NULL },
};

struct directive {
	enum mechanism mechanism;
	enum spf_result qualifier;      /* the result when it matches */
	struct slice spec;              /* domain-spec; data NULL: not given */
	uint8_t network[16];
	unsigned bits4, bits6;
};

struct spf_record {
	struct directive *directives;
	unsigned n;
	struct slice redirect, exp;     /* domain-specs; data NULL: not given */
};

/* One element of a macro-string (7.1). */
struct element {
	char literal;                   /* 0: one of the following two */
	const char *fixed;              /* what %%, %_ and %- stand for */
	char letter;                    /* lower case */
	bool escaped;                   /* it was upper case: URL escaping */
	unsigned keep;                  /* right-hand parts; 0: all */
	bool reversed;
	struct slice delimiters;
};

struct check {                          /* one check, includes and redirects and all */
	struct spf_zone *zone;
	const struct spf_identity *identity;
	struct address client;          /* an IPv4-mapped one is IPv4 (5) */
	const char *sender_local, *sender_domain;
	unsigned terms, voids;
	bool met_bad_name;
};

enum match { MATCH_NO, MATCH_YES, MATCH_TEMPERROR, MATCH_PERMERROR };

/* Syntax: everything is checked before anything is evaluated (4.6). */

static bool is_between(char c, char low, char high)
{
	return c >= low && c <= high;
}

/* macro-expand = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-" */
static bool parse_expand(struct slice *rest, bool explanation, struct element *out_r)
{
	const char *letters = explanation ? "slodipvhcrt" : "slodipvh";     /* 7.2: c, r, t */
	size_t i = 3, start;

	if (rest->len >= 2 && rest->data[1] != '{') {
		out_r->fixed = rest->data[1] == '%' ? "%" : rest->data[1] == '_' ? " " :
			rest->data[1] == '-' ? "%20" : NULL;
		*rest = slice_from(*rest, 2);
		return out_r->fixed != NULL;
	}
	if (rest->len < 4)
		return false;
	out_r->letter = ascii_lower(rest->data[2]);
	out_r->escaped = is_between(rest->data[2], 'A', 'Z');
	if (out_r->letter == '\0' || strchr(letters, out_r->letter) == NULL)
		return false;
	for (start = i; i < rest->len && ascii_is_digit(rest->data[i]); i++)
		if (out_r->keep < 100000)       /* more parts than any text has */
			out_r->keep = out_r->keep * 10 + (unsigned)(rest->data[i] - '0');
	if (i > start && out_r->keep == 0)      /* 7.3: MUST be nonzero */
		return false;
	if (i < rest->len && ascii_lower(rest->data[i]) == 'r') {
		out_r->reversed = true;
		i++;
	}
	for (start = i; i < rest->len && rest->data[i] != '\0' &&
	     strchr(".-+,/_=", rest->data[i]) != NULL; i++)
		;
	out_r->delimiters = slice_new(rest->data + start, i - start);
	if (i == rest->len || rest->data[i] != '}')
		return false;
	*rest = slice_from(*rest, i + 1);
	return true;
}

/* Cuts one element off; false: not a macro-string. A blank is one only in
 * explanation text. */
static bool next_element(struct slice *rest, bool explanation, struct element *out_r)
{
	memset(out_r, 0, sizeof(*out_r));
	if (rest->data[0] == '%')
		return parse_expand(rest, explanation, out_r);
	if (!is_between(rest->data[0], 0x21, 0x7e) && !(explanation && rest->data[0] == ' '))
		return false;
	out_r->literal = rest->data[0];
	*rest = slice_from(*rest, 1);
	return true;
}

static bool is_macro_string(struct slice text, bool explanation)
{
	struct element element;

	while (text.len > 0)
		if (!next_element(&text, explanation, &element))
			return false;
	return true;
}

/* toplabel = ( *alphanum ALPHA *alphanum ) /
 *            ( 1*alphanum "-" *( alphanum / "-" ) alphanum ) */
static bool is_toplabel(struct slice label)
{
	bool only_digits = true;

	if (label.len == 0 || label.data[0] == '-' || label.data[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		if (!ascii_is_alnum(label.data[i]) && label.data[i] != '-')
			return false;
		if (!ascii_is_digit(label.data[i]))
			only_digits = false;
	}
	return !only_digits;
}

/* domain-spec = macro-string domain-end
 * domain-end  = ( "." toplabel [ "." ] ) / macro-expand */
static bool is_domain_spec(struct slice spec)
{
	struct slice rest = spec, end = spec;   /* end: literals behind the last macro */
	struct element element;
	size_t dot;

	if (spec.len == 0)
		return false;
	while (rest.len > 0) {
		if (!next_element(&rest, false, &element))
			return false;
		if (element.literal == '\0')
			end = rest;
	}
	if (end.len == 0)
		return true;
	if (end.data[end.len - 1] == '.')
		end.len--;
	for (dot = end.len; dot > 0 && end.data[dot - 1] != '.'; dot--)
		;
	return dot > 0 && is_toplabel(slice_from(end, dot));
}

/* "0" / %x31-39 *DIGIT, up to max */
static bool parse_bits(struct slice text, unsigned max, unsigned *bits_r)
{
	uint64_t value;

	if ((text.len > 1 && text.data[0] == '0') || !slice_number(text, max, &value))
		return false;
	*bits_r = (unsigned)value;
	return true;
}

/* Index of the last '/' , or len. */
static size_t last_slash(struct slice text)
{
	size_t i = text.len;

	while (i > 0 && text.data[i - 1] != '/')
		i--;
	return i > 0 ? i - 1 : text.len;
}

/* Cuts [ ip4-cidr-length ] [ "/" ip6-cidr-length ] off the end; what does not
 * fit is left, and no domain-spec ends so. */
static void cut_dual_cidr(struct slice *text, struct directive *out_r)
{
	size_t slash = last_slash(*text);

	if (slash < text->len && slash > 0 && text->data[slash - 1] == '/' &&
	    parse_bits(slice_from(*text, slash + 1), 128, &out_r->bits6)) {
		text->len = slash - 1;
		slash = last_slash(*text);
	}
	if (slash < text->len && parse_bits(slice_from(*text, slash + 1), 32, &out_r->bits4))
		text->len = slash;
}

/* ip4-network [ ip4-cidr-length ], ip6-network [ ip6-cidr-length ] */
static bool parse_network(struct slice text, struct directive *out_r)
{
	bool is_ip4 = out_r->mechanism == MECH_IP4;
	size_t slash = slice_find(text, '/');
	char address[64];

	if (slash < text.len && !parse_bits(slice_from(text, slash + 1), is_ip4 ? 32 : 128,
					    is_ip4 ? &out_r->bits4 : &out_r->bits6))
		return false;
	if (slash >= sizeof(address) || memchr(text.data, '\0', slash) != NULL)
		return false;
	memcpy(address, text.data, slash);
	address[slash] = '\0';
	return inet_pton(is_ip4 ? AF_INET : AF_INET6, address, out_r->network) == 1;
}

/* What follows the mechanism's name: "", ":..." or "/...". */
static bool parse_arguments(struct slice text, struct directive *out_r)
{
	bool has_colon = text.len > 0 && text.data[0] == ':';

	switch (out_r->mechanism) {
	case MECH_ALL:
		return text.len == 0;
	case MECH_IP4:
	case MECH_IP6:
		return has_colon && parse_network(slice_from(text, 1), out_r);
	case MECH_INCLUDE:
	case MECH_EXISTS:
		if (!has_colon)
			return false;
		break;
	case MECH_A:
	case MECH_MX:
		cut_dual_cidr(&text, out_r);
		break;
	case MECH_PTR:
		break;
	}
	if (text.len == 0)
		return true;
	out_r->spec = slice_from(text, 1);
	return text.data[0] == ':' && is_domain_spec(out_r->spec);
}

/* directive = [ qualifier ] mechanism */
static bool parse_directive(struct slice term, struct directive *out_r)
{
	static const struct { char c; enum spf_result result; } qualifiers[] = {
		{ '+', RES_SPF_PASS }, { '-', RES_SPF_FAIL },
		{ '~', RES_SPF_SOFTFAIL }, { '?', RES_SPF_NEUTRAL },
	};
	size_t end;
	int mechanism;

	memset(out_r, 0, sizeof(*out_r));
	out_r->qualifier = RES_SPF_PASS;        /* 4.6.2 */
	out_r->bits4 = 32;
	out_r->bits6 = 128;
	for (unsigned i = 0; i < 4; i++) {
		if (term.len > 0 && term.data[0] == qualifiers[i].c) {
			out_r->qualifier = qualifiers[i].result;
			term = slice_from(term, 1);
			break;
		}
	}
	for (end = 0; end < term.len && ascii_is_alnum(term.data[end]); end++)
		;
	if (!names_find(mechanism_names, slice_until(term, end), &mechanism))
		return false;
	out_r->mechanism = (enum mechanism)mechanism;
	return parse_arguments(slice_from(term, end), out_r);
}

/* Length of name in name "=", or 0 when the term is not a modifier.
 * name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) */
static size_t modifier_name(struct slice term)
{
	size_t i;

	if (term.len == 0 || !ascii_is_alpha(term.data[0]))
		return 0;
	for (i = 1; i < term.len && (ascii_is_alnum(term.data[i]) || term.data[i] == '-' ||
				     term.data[i] == '_' || term.data[i] == '.'); i++)
		;
	return i < term.len && term.data[i] == '=' ? i : 0;
}

static bool parse_modifier(struct slice term, size_t name_len, struct spf_record *out_r)
{
	struct slice name = slice_until(term, name_len), value = slice_from(term, name_len + 1);
	struct slice *place = slice_is_nocase(name, "redirect") ? &out_r->redirect :
		slice_is_nocase(name, "exp") ? &out_r->exp : NULL;

	if (place == NULL)
		return is_macro_string(value, false);
	if (place->data != NULL || !is_domain_spec(value))      /* 6: not more than once */
		return false;
	*place = value;
	return true;
}

/* `terms`: what is behind the version. False: a syntax error anywhere. */
static bool parse_record(struct arena *arena, struct slice terms, struct spf_record *out_r)
{
	struct slice term;

	memset(out_r, 0, sizeof(*out_r));
	out_r->directives = ARENA_ARRAY(arena, struct directive, terms.len / 2 + 1);
	while (slice_split(&terms, ' ', &term)) {
		size_t name_len = modifier_name(term);

		if (term.len == 0)
			continue;
		if (name_len > 0 ? !parse_modifier(term, name_len, out_r) :
		    !parse_directive(term, &out_r->directives[out_r->n]))
			return false;
		if (name_len == 0)
			out_r->n++;
	}
	return true;
}

/* Names. */

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* 253 octets, labels of 1 to 63 (RFC 1035 2.3.4), no octet of a local part in
 * UTF-8 (RFC 8616 4) */
static bool can_be_asked(const char *name)
{
	struct slice rest = slice_of(name), label;

	if (rest.len == 0 || rest.len > MAX_NAME || !is_ascii(name))
		return false;
	while (slice_split(&rest, '.', &label))
		if (label.len == 0 || label.len > MAX_LABEL)
			return false;
	return true;
}

/* Counts what comes back empty; BAD_NAME when there is nothing to ask. */
static struct spf_zone_answer ask(struct check *check, const char *name, enum dns_type type,
				  bool counts)
{
	struct spf_zone_answer answer = { .outcome = DNS_BAD_NAME };

	if (!can_be_asked(name)) {
		check->met_bad_name = true;
		return answer;
	}
	answer = spf_zone_ask(check->zone, name, type);
	if (counts && (answer.outcome == DNS_NODATA || answer.outcome == DNS_NXDOMAIN))
		check->voids++;
	return answer;
}

static bool is_failure(struct spf_zone_answer answer)
{
	return answer.outcome >= DNS_SERVFAIL;
}

static enum dns_type address_type(const struct check *check)
{
	return check->client.family == 4 ? DNS_A : DNS_AAAA;
}

/* The client is in the network (both of the client's family). */
static bool is_client_in(const struct check *check, const uint8_t *network, unsigned bits)
{
	const uint8_t *client = check->client.octets;

	for (unsigned i = 0; i < bits; i++)
		if (((network[i / 8] ^ client[i / 8]) >> (7 - i % 8)) & 1)
			return false;
	return true;
}

static bool has_client(const struct check *check, struct spf_zone_answer answer, unsigned bits)
{
	uint8_t octets[16];

	for (unsigned i = 0; i < answer.n; i++) {
		if (inet_pton(check->client.family == 4 ? AF_INET : AF_INET6,
			      answer.rows[i]->data.data, octets) == 1 &&
		    is_client_in(check, octets, bits))
			return true;
	}
	return false;
}

/* 192.0.2.1, or 32 nibbles with dots between (7.3, `i`) */
static void format_dotted(const struct check *check, struct buf *out)
{
	const uint8_t *o = check->client.octets;

	if (check->client.family == 4) {
		buf_printf(out, "%u.%u.%u.%u", o[0], o[1], o[2], o[3]);
		return;
	}
	for (unsigned i = 0; i < 16; i++)
		buf_printf(out, "%s%x.%x", i > 0 ? "." : "", o[i] >> 4, o[i] & 15);
}

static void add_parts(struct slice text, unsigned keep, bool reversed, struct slice delimiters,
		      struct buf *out);

static const char *without_dot(struct arena *arena, struct slice name)
{
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	return arena_strndup(arena, name.data, name.len);
}

static struct spf_zone_answer ask_ptr(struct check *check, bool counts)
{
	struct buf dotted, name;
	struct spf_zone_answer answer;

	buf_init(&dotted, TEXT_LIMIT);
	buf_init(&name, TEXT_LIMIT);
	format_dotted(check, &dotted);
	add_parts(buf_slice(&dotted), 0, true, SLICE("."), &name);
	buf_add_str(&name, check->client.family == 4 ? ".in-addr.arpa" : ".ip6.arpa");
	answer = ask(check, buf_str(&name), DNS_PTR, counts);
	buf_done(&name);
	buf_done(&dotted);
	if (answer.n > MAX_PTR_NAMES)           /* 4.6.4: the rest is ignored */
		answer.n = MAX_PTR_NAMES;
	return answer;
}

/* The name points back to the client (5.5); a name with a failure is skipped. */
static bool is_validated(struct check *check, const char *name)
{
	struct spf_zone_answer answer = ask(check, name, address_type(check), false);

	return has_client(check, answer, check->client.family == 4 ? 32 : 128);
}

static bool is_same_or_below(const char *name, const char *ancestor)
{
	size_t len = strlen(name), ancestor_len = strlen(ancestor);

	if (len < ancestor_len || strcasecmp(name + len - ancestor_len, ancestor) != 0)
		return false;
	return len == ancestor_len || name[len - ancestor_len - 1] == '.';
}

/* Macros (7). */

/* The domain itself, else a name below it, else the first (7.3, `p`). */
static const char *validated_name(struct check *check, const char *domain)
{
	struct spf_zone_answer answer = ask_ptr(check, false);
	const char *best = "unknown";
	unsigned best_rank = 0;

	for (unsigned i = 0; i < answer.n; i++) {
		const char *name = without_dot(check->zone->arena, answer.rows[i]->data);
		unsigned rank = strcasecmp(name, domain) == 0 ? 3 :
			is_same_or_below(name, domain) ? 2 : 1;

		if (rank > best_rank && is_validated(check, name)) {
			best = name;
			best_rank = rank;
		}
	}
	return best;
}

static bool is_delimiter(struct slice delimiters, char c)
{
	return delimiters.len == 0 ? c == '.' : slice_find(delimiters, c) < delimiters.len;
}

/* Splits, reverses, keeps the right-hand parts, joins with dots. */
static void add_parts(struct slice text, unsigned keep, bool reversed, struct slice delimiters,
		      struct buf *out)
{
	unsigned n = 1, first;

	for (size_t i = 0; i < text.len; i++)
		if (is_delimiter(delimiters, text.data[i]))
			n++;
	first = keep > 0 && keep < n ? n - keep : 0;
	for (unsigned wanted = first; wanted < n; wanted++) {
		unsigned part = reversed ? n - 1 - wanted : wanted, at = 0;

		if (wanted > first)
			buf_add_char(out, '.');
		for (size_t i = 0; i < text.len; i++) {
			if (is_delimiter(delimiters, text.data[i]))
				at++;
			else if (at == part)
				buf_add_char(out, text.data[i]);
		}
	}
}

static void add_escaped(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (ascii_is_alnum(text.data[i]) || (c != '\0' && strchr("-._~", c) != NULL))
			buf_add_char(out, text.data[i]);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static void add_letter(struct check *check, const char *domain, char letter, struct buf *out)
{
	char address[INET6_ADDRSTRLEN];

	switch (letter) {
	case 's':
		buf_printf(out, "%s@%s", check->sender_local, check->sender_domain);
		break;
	case 'l':
		buf_add_str(out, check->sender_local);
		break;
	case 'o':
		buf_add_str(out, check->sender_domain);
		break;
	case 'd':
		buf_add_str(out, domain);
		break;
	case 'i':
		format_dotted(check, out);
		break;
	case 'p':
		buf_add_str(out, validated_name(check, domain));
		break;
	case 'v':
		buf_add_str(out, check->client.family == 4 ? "in-addr" : "ip6");
		break;
	case 'h':
		buf_add_str(out, check->identity->helo);
		break;
	case 'c':
		inet_ntop(check->client.family == 4 ? AF_INET : AF_INET6, check->client.octets,
			  address, sizeof(address));
		buf_add_str(out, address);
		break;
	case 'r':
		buf_add_str(out, check->identity->receiver);
		break;
	case 't':
		buf_printf(out, "%ld", check->identity->time_s);
		break;
	}
}

/* Expands a macro-string that is known to be one. In the zone's arena. */
static const char *expand(struct check *check, const char *domain, struct slice text,
			  bool explanation)
{
	struct buf out, value, parts;
	struct element element;
	const char *result;

	buf_init(&out, TEXT_LIMIT);
	buf_init(&value, TEXT_LIMIT);
	buf_init(&parts, TEXT_LIMIT);
	while (text.len > 0 && next_element(&text, explanation, &element)) {
		if (element.literal != '\0') {
			buf_add_char(&out, element.literal);
		} else if (element.fixed != NULL) {
			buf_add_str(&out, element.fixed);
		} else {
			buf_reset(&value);
			buf_reset(&parts);
			add_letter(check, domain, element.letter, &value);
			add_parts(buf_slice(&value), element.keep, element.reversed,
				  element.delimiters, &parts);
			if (element.escaped)
				add_escaped(buf_slice(&parts), &out);
			else
				buf_add_slice(&out, buf_slice(&parts));
		}
	}
	result = arena_strndup(check->zone->arena, out.len > 0 ? buf_str(&out) : "", out.len);
	buf_done(&out);
	buf_done(&value);
	buf_done(&parts);
	return result;
}

/* The <target-name> (4.8): <domain> when no domain-spec is given. Labels are
 * dropped on the left until 253 octets are left (7.3). */
static const char *target_name(struct check *check, const char *domain, struct slice spec)
{
	const char *name = domain, *dot;

	if (spec.data != NULL)
		name = without_dot(check->zone->arena,
				   slice_of(expand(check, domain, spec, false)));
	while (strlen(name) > MAX_NAME && (dot = strchr(name, '.')) != NULL)
		name = dot + 1;
	return name;
}

/* Mechanisms (5). */

static enum spf_result check_host(struct check *check, const char *domain,
				  const char **explanation_r);

static enum match match_addresses(struct check *check, const char *name,
				  const struct directive *directive, bool counts)
{
	struct spf_zone_answer answer = ask(check, name, address_type(check), counts);

	if (is_failure(answer))
		return MATCH_TEMPERROR;
	if (check->voids > MAX_VOID)
		return MATCH_PERMERROR;
	return has_client(check, answer, check->client.family == 4 ? directive->bits4 :
			  directive->bits6) ? MATCH_YES : MATCH_NO;
}

/* Lowest preference first; equal ones in the order of the answer. */
static void sort_by_preference(struct spf_zone_answer *answer)
{
	for (unsigned i = 1; i < answer->n; i++) {
		const struct spf_zone_row *row = answer->rows[i];
		unsigned j = i;

		for (; j > 0 && answer->rows[j - 1]->preference > row->preference; j--)
			answer->rows[j] = answer->rows[j - 1];
		answer->rows[j] = row;
	}
}

static enum match match_mx(struct check *check, const char *name,
			   const struct directive *directive)
{
	struct spf_zone_answer answer = ask(check, name, DNS_MX, true);

	if (is_failure(answer))
		return MATCH_TEMPERROR;
	if (check->voids > MAX_VOID)
		return MATCH_PERMERROR;
	if (answer.n > MAX_MX_NAMES)
		return MATCH_PERMERROR;         /* 5.4: each name would be looked up */
	sort_by_preference(&answer);
	for (unsigned i = 0; i < answer.n; i++) {
		enum match match = match_addresses(check, without_dot(check->zone->arena,
							   answer.rows[i]->data), directive, false);
		if (match != MATCH_NO)
			return match;
	}
	return MATCH_NO;
}

static enum match match_ptr(struct check *check, const char *target)
{
	struct spf_zone_answer answer = ask_ptr(check, true);   /* a failure has no names: 5.5 */
	enum match match = MATCH_NO;

	for (unsigned i = 0; i < answer.n && check->voids <= MAX_VOID; i++) {
		const char *name = without_dot(check->zone->arena, answer.rows[i]->data);

		if (is_validated(check, name) && is_same_or_below(name, target))
			match = MATCH_YES;
	}
	return check->voids > MAX_VOID ? MATCH_PERMERROR : match;
}

static enum match match_exists(struct check *check, const char *name)
{
	struct spf_zone_answer answer = ask(check, name, DNS_A, true);  /* 5.7: always A */

	if (is_failure(answer))
		return MATCH_TEMPERROR;
	if (check->voids > MAX_VOID)
		return MATCH_PERMERROR;
	return answer.n > 0 ? MATCH_YES : MATCH_NO;
}

/* The table of 5.2 */
static enum match match_include(struct check *check, const char *name)
{
	switch (check_host(check, name, NULL)) {
	case RES_SPF_PASS:
		return MATCH_YES;
	case RES_SPF_FAIL:
	case RES_SPF_SOFTFAIL:
	case RES_SPF_NEUTRAL:
		return MATCH_NO;
	case RES_SPF_TEMPERROR:
		return MATCH_TEMPERROR;
	case RES_SPF_PERMERROR:
	case RES_SPF_NONE:
	case RES_SPF_UNSET:
		break;
	}
	return MATCH_PERMERROR;
}

static enum match match_directive(struct check *check, const char *domain,
				  const struct directive *directive)
{
	const char *target;

	switch (directive->mechanism) {
	case MECH_ALL:
		return MATCH_YES;
	case MECH_IP4:
		return check->client.family == 4 &&
			is_client_in(check, directive->network, directive->bits4) ?
			MATCH_YES : MATCH_NO;
	case MECH_IP6:
		return check->client.family == 6 &&
			is_client_in(check, directive->network, directive->bits6) ?
			MATCH_YES : MATCH_NO;
	case MECH_INCLUDE:
	case MECH_A:
	case MECH_MX:
	case MECH_PTR:
	case MECH_EXISTS:
		break;
	}
	if (++check->terms > MAX_TERMS)
		return MATCH_PERMERROR;
	target = target_name(check, domain, directive->spec);
	switch (directive->mechanism) {
	case MECH_INCLUDE:
		return match_include(check, target);
	case MECH_A:
		return match_addresses(check, target, directive, true);
	case MECH_MX:
		return match_mx(check, target, directive);
	case MECH_PTR:
		return match_ptr(check, target);
	case MECH_EXISTS:
	case MECH_ALL:
	case MECH_IP4:
	case MECH_IP6:
		break;
	}
	return match_exists(check, target);
}

/* check_host() (4). */

/* 6.2: whatever goes wrong here, there is just no explanation. */
static const char *explain(struct check *check, const char *domain, struct slice exp)
{
	struct spf_zone_answer answer;
	const char *text;

	if (exp.data == NULL)
		return NULL;
	answer = ask(check, target_name(check, domain, exp), DNS_TXT, false);
	if (answer.n != 1 || !is_macro_string(answer.rows[0]->data, true))
		return NULL;
	text = expand(check, domain, answer.rows[0]->data, true);
	return is_ascii(text) ? text : NULL;    /* it is for an SMTP reply */
}

static enum spf_result evaluate(struct check *check, const char *domain,
				const struct spf_record *record, const char **explanation_r)
{
	enum spf_result result;

	for (unsigned i = 0; i < record->n; i++) {
		switch (match_directive(check, domain, &record->directives[i])) {
		case MATCH_NO:
			break;
		case MATCH_TEMPERROR:
			return RES_SPF_TEMPERROR;
		case MATCH_PERMERROR:
			return RES_SPF_PERMERROR;
		case MATCH_YES:
			if (explanation_r != NULL && record->directives[i].qualifier == RES_SPF_FAIL)
				*explanation_r = explain(check, domain, record->exp);
			return record->directives[i].qualifier;
		}
	}
	if (record->redirect.data == NULL)
		return RES_SPF_NEUTRAL;         /* 4.7 */
	if (++check->terms > MAX_TERMS)
		return RES_SPF_PERMERROR;
	result = check_host(check, target_name(check, domain, record->redirect), explanation_r);
	return result == RES_SPF_NONE ? RES_SPF_PERMERROR : result;     /* 6.1 */
}

/* 4.5: exactly "v=spf1" before a blank or the end. */
static bool select_record(struct slice text, struct slice *terms_r)
{
	if (!slice_starts_nocase(text, "v=spf1") || (text.len > 6 && text.data[6] != ' '))
		return false;
	*terms_r = slice_from(text, 6);
	return true;
}

static enum spf_result check_host(struct check *check, const char *domain,
				  const char **explanation_r)
{
	struct spf_zone_answer answer;
	struct spf_record record;
	struct slice terms;
	unsigned n = 0;

	if (!can_be_asked(domain)) {
		check->met_bad_name = true;
		return RES_SPF_NONE;                    /* 4.3 */
	}
	if (strchr(domain, '.') == NULL)
		return RES_SPF_NONE;
	answer = ask(check, domain, DNS_TXT, false);    /* empty: the end in any case */
	if (is_failure(answer))
		return RES_SPF_TEMPERROR;               /* 4.4 */
	for (unsigned i = 0; i < answer.n; i++)
		if (select_record(answer.rows[i]->data, &terms))
			n++;
	if (n != 1)
		return n == 0 ? RES_SPF_NONE : RES_SPF_PERMERROR;
	if (!parse_record(check->zone->arena, terms, &record))
		return RES_SPF_PERMERROR;               /* 4.6 */
	return evaluate(check, domain, &record, explanation_r);
}

static struct address unmapped(struct address address)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	if (address.family == 6 && memcmp(address.octets, prefix, 12) == 0) {
		address.family = 4;
		memmove(address.octets, address.octets + 12, 4);
	}
	return address;
}

struct spf_opinion spf_reference_check(struct spf_zone *zone,
				       const struct spf_identity *identity)
{
	struct check check = { .zone = zone, .identity = identity };
	bool null_sender = identity->local == NULL;     /* 2.4: postmaster at the HELO name */
	struct spf_opinion opinion = { .result = RES_SPF_NONE };

	if (null_sender && identity->helo[0] == '[')    /* a literal is no domain */
		return opinion;
	check.client = unmapped(identity->client);
	check.sender_local = null_sender || identity->local[0] == '\0' ?
		"postmaster" : identity->local;         /* 4.3 */
	check.sender_domain = null_sender ? identity->helo : identity->domain;
	opinion.result = check_host(&check, check.sender_domain, &opinion.explanation);
	opinion.met_bad_name = check.met_bad_name;
	return opinion;
}
