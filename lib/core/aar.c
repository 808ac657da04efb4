#include "core/aar.h"

#include <string.h>

#include "base/buf.h"
#include "core/domain.h"
#include "core/netset.h"

enum property {
	PROPERTY_FROM, PROPERTY_MAILFROM, PROPERTY_HELO, PROPERTY_D, PROPERTY_I,
	PROPERTY_REMOTE_IP, PROPERTY_CLIENT_IP,
	N_PROPERTIES,
};

static const struct {
	const char *type, *name;
	enum property property;
} property_rows[] = {
	{ "header", "from", PROPERTY_FROM },
	{ "smtp", "mailfrom", PROPERTY_MAILFROM },
	{ "smtp", "mfrom", PROPERTY_MAILFROM },
	{ "smtp", "helo", PROPERTY_HELO },
	{ "header", "d", PROPERTY_D },
	{ "header", "i", PROPERTY_I },
	{ "smtp", "remote-ip", PROPERTY_REMOTE_IP },
	{ "smtp", "client-ip", PROPERTY_CLIENT_IP },
};

struct parser {
	struct slice rest;
	struct arena *arena;
	struct aar *out;
	const char *error;              /* the first one */
	struct slice remote_ip, client_ip;
	bool dmarc_seen;
};

struct resinfo {                        /* one method and what stands behind it */
	int method;                     /* enum arc_method; UNSET: another one */
	bool pass;
	struct slice values[N_PROPERTIES];      /* data NULL: not given */
};

/* --- words ------------------------------------------------------------ */

static bool fail(struct parser *p, const char *error)
{
	if (p->error == NULL)
		p->error = error;
	return false;
}

static bool at(const struct parser *p, char c)
{
	return p->rest.len > 0 && p->rest.data[0] == c;
}

static bool accept(struct parser *p, char c)
{
	if (!at(p, c))
		return false;
	p->rest = slice_from(p->rest, 1);
	return true;
}

static bool is_fws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_control(char c)
{
	return ((unsigned char)c < 0x20 && !is_fws(c)) || c == 0x7F;
}

/* RFC 2045 5.1 */
static bool is_token_octet(char c)
{
	return c > ' ' && c <= '~' && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static bool is_value_octet(char c)
{
	return !is_fws(c) && !is_control(c) && strchr(";()\"\\", c) == NULL;
}

/* Keyword of RFC 8601, and "_" */
static bool is_word_octet(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

static struct slice read_while(struct parser *p, bool (*wanted)(char c))
{
	struct slice word = p->rest;
	size_t len = 0;

	while (len < word.len && wanted(word.data[len]))
		len++;
	p->rest = slice_from(p->rest, len);
	return slice_until(word, len);
}

static bool skip_comment(struct parser *p)
{
	unsigned depth = 0;

	for (size_t i = 0; i < p->rest.len; i++) {
		char c = p->rest.data[i];

		if (c == '\\')
			i++;
		else if (c == '(' && ++depth > LIMIT_COMMENT_DEPTH)
			return fail(p, "comments nested too deep");
		else if (c == ')' && --depth == 0) {
			p->rest = slice_from(p->rest, i + 1);
			return true;
		}
	}
	return fail(p, "a comment that does not end");
}

static bool skip_cfws(struct parser *p)
{
	for (;;) {
		read_while(p, is_fws);
		if (!at(p, '('))
			return true;
		if (!skip_comment(p))
			return false;
	}
}

static bool skip_sign(struct parser *p, char sign, const char *error)
{
	return skip_cfws(p) && (accept(p, sign) || fail(p, error)) && skip_cfws(p);
}

/* What follows must be apart from what was just read. */
static bool is_apart(struct parser *p)
{
	return p->rest.len == 0 || is_fws(p->rest.data[0]) || at(p, '(') || at(p, ';') ||
	       fail(p, "words that run together");
}

/* The index of the quote that ends the text, or its length. */
static size_t quoted_end(struct slice text)
{
	size_t i = 1;

	while (i < text.len && text.data[i] != '"')
		i += text.data[i] == '\\' ? 2 : 1;
	return i < text.len ? i : text.len;
}

static bool read_quoted(struct parser *p, struct slice *out_r)
{
	size_t end = quoted_end(p->rest), n = 0;
	char *text;

	if (end == p->rest.len)
		return fail(p, "a quote that does not end");
	text = arena_alloc(p->arena, end);
	for (size_t i = 1; i < end; i++) {
		if (p->rest.data[i] == '\\')
			i++;
		if (p->rest.data[i] != '\r' && p->rest.data[i] != '\n')
			text[n++] = p->rest.data[i];
	}
	*out_r = slice_new(text, n);
	p->rest = slice_from(p->rest, end + 1);
	return true;
}

/* A quoted local part with its domain behind it: only the domain counts. */
static bool read_value(struct parser *p, struct slice *out_r)
{
	if (!at(p, '"')) {
		*out_r = read_while(p, is_value_octet);
		return out_r->len > 0 ? is_apart(p) : fail(p, "a property without a value");
	}
	if (!read_quoted(p, out_r))
		return false;
	if (at(p, '@'))
		*out_r = read_while(p, is_value_octet);
	return is_apart(p);
}

/* --- the instance ----------------------------------------------------- */

bool aar_number(struct slice digits, unsigned *instance_r)
{
	uint64_t number;

	if (digits.len > 2 || !slice_number(digits, LIMIT_ARC_SETS, &number) || number == 0)
		return false;
	*instance_r = (unsigned)number;
	return true;
}

static bool read_instance(struct parser *p, unsigned *instance_r)
{
	if (!skip_cfws(p) || !accept(p, 'i') || !skip_sign(p, '=', "no instance") ||
	    !aar_number(read_while(p, ascii_is_digit), instance_r) || !skip_cfws(p))
		return fail(p, "no instance");
	return at(p, ';') || fail(p, "no semicolon after the instance");
}

bool aar_instance(struct slice text, unsigned *instance_r)
{
	struct parser p = { .rest = text };
	unsigned instance;

	if (!read_instance(&p, &instance))
		return false;
	*instance_r = instance;
	return true;
}

/* --- claims ----------------------------------------------------------- */

static bool has_claim(const struct aar *out, enum arc_method method, const char *domain)
{
	for (unsigned i = 0; i < out->n_claims; i++)
		if (out->claims[i].method == method && domain_equal(out->claims[i].domain, domain))
			return true;
	return false;
}

/* dmarc goes first, in the last one's place if need be. */
static void add_claim(struct parser *p, enum arc_method method, const char *domain)
{
	struct aar *out = p->out;
	unsigned place = method == ARC_METHOD_DMARC ? 0 : out->n_claims;

	if (has_claim(out, method, domain) || place == LIMIT_ARC_CLAIMS)
		return;
	if (out->claims == NULL)
		out->claims = ARENA_ARRAY(p->arena, struct arc_claim, LIMIT_ARC_CLAIMS);
	if (out->n_claims < LIMIT_ARC_CLAIMS)
		out->n_claims++;
	memmove(&out->claims[place + 1], &out->claims[place],
		(out->n_claims - 1 - place) * sizeof(out->claims[0]));
	out->claims[place] = (struct arc_claim){ .method = method,
						 .domain = arena_strdup(p->arena, domain) };
}

static struct slice behind_at(struct slice value)
{
	for (size_t i = value.len; i > 0; i--)
		if (value.data[i - 1] == '@')
			return slice_from(value, i);
	return value;
}

static bool is_null_sender(struct slice value)
{
	return value.data == NULL || value.len == 0 || slice_is(value, "<>");
}

/* The value that names who passed; data NULL: none. */
static struct slice identity_of(const struct resinfo *info)
{
	const struct slice *values = info->values;

	switch ((enum arc_method)info->method) {
	case ARC_METHOD_DMARC:
		return values[PROPERTY_FROM];
	case ARC_METHOD_SPF:
		return values[is_null_sender(values[PROPERTY_MAILFROM]) ? PROPERTY_HELO : PROPERTY_MAILFROM];
	case ARC_METHOD_DKIM:
		return values[values[PROPERTY_D].data != NULL ? PROPERTY_D : PROPERTY_I];
	case ARC_METHOD_UNSET:
		break;
	}
	return slice_new(NULL, 0);
}

static bool take(struct parser *p, const struct resinfo *info)
{
	char domain[DOMAIN_SIZE];

	if (p->remote_ip.data == NULL)
		p->remote_ip = info->values[PROPERTY_REMOTE_IP];
	if (p->client_ip.data == NULL)
		p->client_ip = info->values[PROPERTY_CLIENT_IP];
	if (info->method == ARC_METHOD_DMARC && p->dmarc_seen)
		return fail(p, "two dmarc results");
	p->dmarc_seen |= info->method == ARC_METHOD_DMARC;
	if (info->pass && domain_normalize(behind_at(identity_of(info)), domain))
		add_claim(p, (enum arc_method)info->method, domain);
	return true;
}

static const char *address_of(struct arena *arena, struct slice text)
{
	char out[ADDRESS_TEXT_SIZE];
	struct address address;

	if (text.data == NULL || !address_parse(text, &address))
		return NULL;
	address_format(&address, out);
	return arena_strdup(arena, out);
}

/* --- results ---------------------------------------------------------- */

static bool keep_value(struct parser *p, struct resinfo *info, struct slice type,
		       struct slice name, struct slice value)
{
	for (size_t i = 0; i < sizeof(property_rows) / sizeof(property_rows[0]); i++) {
		struct slice *place = &info->values[property_rows[i].property];

		if (!slice_is_nocase(type, property_rows[i].type) ||
		    !slice_is_nocase(name, property_rows[i].name))
			continue;
		if (place->data != NULL)
			return fail(p, "a property given twice");
		*place = value;
	}
	return true;
}

/* type.property=value, reason=value, or property=value, which is skipped */
static bool read_property(struct parser *p, struct resinfo *info)
{
	struct slice type = read_while(p, is_word_octet), name = SLICE(""), value;

	if (type.len == 0 || !skip_cfws(p))
		return fail(p, "not a property");
	if (accept(p, '.')) {
		if (!skip_cfws(p))
			return false;
		name = read_while(p, is_word_octet);
		if (name.len == 0)
			return fail(p, "not a property");
	}
	return skip_sign(p, '=', "not a property") && read_value(p, &value) &&
	       keep_value(p, info, type, name, value) && skip_cfws(p);
}

/* method [/ version] = result */
static bool read_method(struct parser *p, struct resinfo *info)
{
	struct slice method = read_while(p, is_word_octet), result;

	if (method.len == 0 || !skip_cfws(p))
		return fail(p, "not a result");
	if (accept(p, '/') && (!skip_cfws(p) || read_while(p, ascii_is_digit).len == 0))
		return fail(p, "not a version");
	if (!skip_sign(p, '=', "not a result"))
		return false;
	result = read_while(p, is_word_octet);
	if (result.len == 0)
		return fail(p, "not a result");
	info->pass = slice_is_nocase(result, "pass");
	names_find(arc_method_names, method, &info->method);
	return is_apart(p) && skip_cfws(p);
}

static bool read_result(struct parser *p)
{
	struct resinfo info = { .method = ARC_METHOD_UNSET };

	if (!read_method(p, &info))
		return false;
	while (p->rest.len > 0 && !at(p, ';'))
		if (!read_property(p, &info))
			return false;
	return take(p, &info);
}

static bool read_authserv_id(struct parser *p)
{
	struct slice id;

	if (!skip_cfws(p))
		return false;
	if (!at(p, '"'))
		id = read_while(p, is_token_octet);
	else if (!read_quoted(p, &id))
		return false;
	if (id.len == 0)
		return fail(p, "no authserv-id");
	p->out->authserv_id = arena_strndup(p->arena, id.data, id.len);
	if (!is_apart(p) || !skip_cfws(p))
		return false;
	read_while(p, ascii_is_digit);          /* authres-version */
	return is_apart(p) && skip_cfws(p);
}

/* The only "result" without a method. */
static bool is_none(struct parser *p)
{
	struct parser ahead = *p;

	if (!slice_is_nocase(read_while(&ahead, is_word_octet), "none") || !skip_cfws(&ahead) ||
	    ahead.rest.len > 0)
		return false;
	*p = ahead;
	return true;
}

static bool read_results(struct parser *p)
{
	unsigned n = 0;

	while (p->rest.len > 0) {
		if (!skip_sign(p, ';', "no semicolon after a result"))
			return false;
		if ((n == 0 && is_none(p)) || (n > 0 && p->rest.len == 0))
			return true;
		if (!read_result(p))
			return false;
		n++;
	}
	return n > 0 || fail(p, "no results");
}

static const char *check_octets(struct slice text)
{
	if (text.len > AAR_OCTETS)
		return "field too long";
	for (size_t i = 0; i < text.len; i++)
		if (is_control(text.data[i]))
			return "a control character";
	return NULL;
}

void aar_parse(struct arena *arena, struct slice text, struct aar *out_r)
{
	struct parser p = { .rest = text, .arena = arena, .out = out_r };
	unsigned instance;

	*out_r = (struct aar){ .error = check_octets(text) };
	if (out_r->error != NULL)
		return;
	if (!read_instance(&p, &instance) || !accept(&p, ';') || !read_authserv_id(&p) ||
	    !read_results(&p)) {
		*out_r = (struct aar){ .error = p.error };
		return;
	}
	out_r->client_ip = address_of(arena, p.remote_ip);
	if (out_r->client_ip == NULL)
		out_r->client_ip = address_of(arena, p.client_ip);
}
