/* resolver_zone.c - answers from a text file: tests, what-if, demonstrations.
 *
 * One line per record, close to a master file; names are always complete:
 *
 *   # comment                        ; comment
 *   example.com        TXT    "v=spf1 ip4:192.0.2.0/24" " -all"
 *   example.com  300   MX     10 mail.example.com
 *   mail.example.com   A      192.0.2.25
 *   www.example.com    CNAME  example.com
 *   *.example.com      AAAA   2001:db8::1
 *   broken.example     SERVFAIL              (every type; also TIMEOUT, NXDOMAIN,
 *   slow.example       TXT    TIMEOUT         NODATA, BOGUS, BUSY; or one type)
 *
 * TXT strings are quoted (\" \\ \DDD inside) and joined with nothing between.
 * A TTL and the class IN may stand before the type. Types: A AAAA MX TXT PTR
 * CNAME. What is not there: NODATA for a name that has other data or names
 * below it, else the wildcard of the closest existing ancestor (RFC 4592), else
 * NXDOMAIN. A CNAME answers every type that the name does not have itself.
 *
 * Filled by one thread, then read by any number of them.
 */
#include "auth/resolver.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#define CNAME_HOPS 16
#define DEFAULT_TTL_S 3600
#define MAX_TTL_S 604800
#define MAX_TOKENS 300
#define N_TYPES 5
#define TYPE_CNAME 5    /* RFC 1035 3.2.2; never asked for by itself */

struct data {
	struct data *next;
	struct dns_record record;
};

struct node {                   /* a name that exists, by itself or above another */
	struct node *next;      /* same bucket */
	const char *name;
	const char *alias;
	uint32_t ttl_s;
	enum dns_outcome all, by_type[N_TYPES];
	struct data *data[N_TYPES], **tail[N_TYPES];
};

struct zone {
	struct resolver base;
	struct arena *arena;
	struct node **buckets;
	unsigned n_buckets, n_nodes;
};

static _Thread_local char error_text[512];

static unsigned type_index(enum dns_type type)
{
	switch (type) {
	case DNS_A: return 0;
	case DNS_PTR: return 1;
	case DNS_MX: return 2;
	case DNS_TXT: return 3;
	case DNS_AAAA: return 4;
	}
	assert(!"unknown type");
	return 0;
}

static unsigned hash_name(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h;
}

static struct node *find_node(const struct zone *zone, const char *name)
{
	struct node *node = zone->buckets[hash_name(name) & (zone->n_buckets - 1)];

	while (node != NULL && strcmp(node->name, name) != 0)
		node = node->next;
	return node;
}

static void grow(struct zone *zone)
{
	unsigned n = zone->n_buckets * 2;
	struct node **buckets = mem_zalloc(n * sizeof(*buckets));

	for (unsigned i = 0; i < zone->n_buckets; i++)
		for (struct node *node = zone->buckets[i]; node != NULL;) {
			struct node *next = node->next;
			struct node **to = &buckets[hash_name(node->name) & (n - 1)];

			node->next = *to;
			*to = node;
			node = next;
		}
	free(zone->buckets);
	zone->buckets = buckets;
	zone->n_buckets = n;
}

static struct node *make_node(struct zone *zone, const char *name)
{
	struct node *node = find_node(zone, name), **bucket;

	if (node != NULL)
		return node;
	if (zone->n_nodes++ >= zone->n_buckets)
		grow(zone);
	node = ARENA_NEW(zone->arena, struct node);
	node->name = arena_strdup(zone->arena, name);
	node->ttl_s = DEFAULT_TTL_S;
	for (unsigned i = 0; i < N_TYPES; i++)
		node->tail[i] = &node->data[i];
	bucket = &zone->buckets[hash_name(name) & (zone->n_buckets - 1)];
	node->next = *bucket;
	*bucket = node;
	return node;
}

static const char *parent_of(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL ? dot + 1 : NULL;
}

/* The node of a name, with its ancestors as empty non-terminals; NULL for a
 * name that can't be asked. */
static struct node *add_name(struct zone *zone, const char *name)
{
	char normal[RESOLVER_NAME_SIZE];

	if (!resolver_name(name, normal))
		return NULL;
	for (const char *up = parent_of(normal); up != NULL; up = parent_of(up))
		make_node(zone, up);
	return make_node(zone, normal);
}

/* RFC 4592 3.3.1: the wildcard below the closest encloser, which may be the root. */
static const struct node *find_wildcard(const struct zone *zone, const char *name)
{
	char text[RESOLVER_NAME_SIZE + 2];
	const char *up = parent_of(name);

	while (up != NULL && find_node(zone, up) == NULL)
		up = parent_of(up);
	snprintf(text, sizeof(text), "*%s%s", up != NULL ? "." : "", up != NULL ? up : "");
	return find_node(zone, text);
}

static const struct dns_answer *data_answer(const struct node *node, unsigned type)
{
	const struct data *data = node->data[type];
	struct dns_record records[LIMIT_DNS_RECORDS];
	unsigned n = 0;

	for (; data != NULL && n < LIMIT_DNS_RECORDS; data = data->next)
		records[n++] = data->record;
	return dns_answer_new(DNS_DATA, node->ttl_s, records, n);
}

static const struct dns_answer *zone_answer(const struct zone *zone, const char *name, unsigned type)
{
	for (unsigned hops = 0; hops < CNAME_HOPS; hops++) {
		const struct node *node = find_node(zone, name);

		if (node == NULL)
			node = find_wildcard(zone, name);
		if (node == NULL)
			return dns_answer_new(DNS_NXDOMAIN, DEFAULT_TTL_S, NULL, 0);
		if (node->by_type[type] != DNS_UNSET)
			return dns_answer_new(node->by_type[type], node->ttl_s, NULL, 0);
		if (node->all != DNS_UNSET)
			return dns_answer_new(node->all, node->ttl_s, NULL, 0);
		if (node->data[type] != NULL)
			return data_answer(node, type);
		if (node->alias == NULL)
			return dns_answer_new(DNS_NODATA, node->ttl_s, NULL, 0);
		name = node->alias;
	}
	return dns_answer_new(DNS_SERVFAIL, DEFAULT_TTL_S, NULL, 0);
}

static const struct dns_answer *zone_want(struct resolver *resolver, const char *name,
					  enum dns_type type, const char *author,
					  resolver_done_fn *done, void *context,
					  int64_t *started_ms_r)
{
	(void)author;
	(void)done;
	(void)context;
	*started_ms_r = clock_mono_ms();
	return zone_answer((struct zone *)resolver, name, type_index(type));
}

static void zone_close(struct resolver *resolver)
{
	struct zone *zone = (struct zone *)resolver;

	arena_free(zone->arena);
	free(zone->buckets);
	free(zone);
}

struct resolver *resolver_zone_new(void)
{
	static const struct resolver_ops ops = { zone_want, zone_close, NULL };
	struct zone *zone = mem_zalloc(sizeof(*zone));

	zone->base.ops = &ops;
	zone->arena = arena_new();
	zone->n_buckets = 64;
	zone->buckets = mem_zalloc(zone->n_buckets * sizeof(*zone->buckets));
	return &zone->base;
}

static void add_data(struct zone *zone, struct node *node, unsigned type, struct slice octets,
		     unsigned preference)
{
	struct data *data = ARENA_NEW(zone->arena, struct data);

	data->record.data = arena_slice(zone->arena, octets);
	data->record.preference = preference;
	*node->tail[type] = data;
	node->tail[type] = &data->next;
}

static bool parse_address(struct slice text, int family, char octets_r[16])
{
	char copy[INET6_ADDRSTRLEN];

	if (text.len >= sizeof(copy) || memchr(text.data, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	return inet_pton(family, copy, octets_r) == 1;
}

bool resolver_zone_add(struct resolver *resolver, const char *name, enum dns_type type,
		       struct slice data, unsigned preference)
{
	struct zone *zone = (struct zone *)resolver;
	char octets[16];

	if (type == DNS_A || type == DNS_AAAA) {
		if (!parse_address(data, type == DNS_A ? AF_INET : AF_INET6, octets))
			return false;
		data = slice_new(octets, type == DNS_A ? 4 : 16);
	} else if (type != DNS_TXT && data.len > 0 && data.data[data.len - 1] == '.') {
		data.len--;
	}
	struct node *node = add_name(zone, name);

	if (node != NULL)
		add_data(zone, node, type_index(type), data, preference);
	return true;
}

void resolver_zone_add_alias(struct resolver *resolver, const char *name, const char *target)
{
	struct zone *zone = (struct zone *)resolver;
	struct node *node = add_name(zone, name);
	char normal[RESOLVER_NAME_SIZE];

	if (node != NULL && resolver_name(target, normal))
		node->alias = arena_strdup(zone->arena, normal);
}

void resolver_zone_add_outcome(struct resolver *resolver, const char *name, enum dns_type type,
			       enum dns_outcome outcome)
{
	struct node *node = add_name((struct zone *)resolver, name);

	assert(outcome != DNS_DATA && outcome != DNS_UNSET);
	if (node == NULL)
		return;
	if (type == 0)
		node->all = outcome;
	else
		node->by_type[type_index(type)] = outcome;
}

/* The text format */

struct line {
	struct slice tokens[MAX_TOKENS];        /* quoted ones with their quotes */
	unsigned n, at;
};

static int fail(const char **error_r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int fail(const char **error_r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error_text, sizeof(error_text), format, args);
	va_end(args);
	*error_r = error_text;
	return -1;
}

/* Where the token that starts the text ends; 0 for an open quote. */
static size_t token_end(struct slice text)
{
	size_t i = 1;

	if (text.data[0] != '"') {
		while (i < text.len && text.data[i] != ' ' && text.data[i] != '\t')
			i++;
		return i;
	}
	for (; i < text.len && text.data[i] != '"'; i++)
		if (text.data[i] == '\\')
			i++;
	return i < text.len ? i + 1 : 0;
}

static int split_line(struct slice text, struct line *line_r, const char **error_r)
{
	line_r->n = line_r->at = 0;
	for (;;) {
		size_t end;

		text = slice_trim(text, " \t\r\n");
		if (text.len == 0 || text.data[0] == '#' || text.data[0] == ';')
			return 0;
		end = token_end(text);
		if (end == 0)
			return fail(error_r, "a quoted string does not end");
		if (line_r->n >= MAX_TOKENS)
			return fail(error_r, "more than %d words", MAX_TOKENS);
		line_r->tokens[line_r->n++] = slice_until(text, end);
		text = slice_from(text, end);
	}
}

static bool take(struct line *line, struct slice *token_r)
{
	if (line->at >= line->n)
		return false;
	*token_r = line->tokens[line->at++];
	return true;
}

static bool is_quoted(struct slice token)
{
	return token.len > 0 && token.data[0] == '"';
}

/* RFC 1035 5.1: \DDD is an octet, \X is X. */
static int unquote(struct slice token, struct buf *out, const char **error_r)
{
	token = slice_new(token.data + 1, token.len - 2);
	for (size_t i = 0; i < token.len; i++) {
		uint64_t octet;

		if (token.data[i] != '\\') {
			buf_add_char(out, token.data[i]);
		} else if (!ascii_is_digit(token.data[++i])) {
			buf_add_char(out, token.data[i]);
		} else {
			if (token.len - i < 3 || !slice_number(slice_new(token.data + i, 3), 255, &octet))
				return fail(error_r, "\\%.*s is no octet", (int)(token.len - i < 3 ? token.len - i : 3),
					    token.data + i);
			buf_add_char(out, (char)octet);
			i += 2;
		}
	}
	return 0;
}

static int add_text(struct zone *zone, struct node *node, struct line *line, const char **error_r)
{
	struct slice token;
	struct buf text;
	int rc = 0;

	buf_init(&text, LIMIT_DNS_TEXT);
	if (line->at >= line->n)
		rc = fail(error_r, "TXT without data");
	while (rc == 0 && take(line, &token))
		rc = is_quoted(token) ? unquote(token, &text, error_r) :
		     fail(error_r, "TXT data must be quoted");
	if (rc == 0 && buf_is_full(&text))
		rc = fail(error_r, "TXT data over %d octets", LIMIT_DNS_TEXT);
	if (rc == 0)
		add_data(zone, node, type_index(DNS_TXT), buf_slice(&text), 0);
	buf_done(&text);
	return rc;
}

static int add_address(struct zone *zone, struct node *node, enum dns_type type, struct slice token,
		       const char **error_r)
{
	char octets[16];

	if (!parse_address(token, type == DNS_A ? AF_INET : AF_INET6, octets))
		return fail(error_r, "%.*s is no %s address", (int)token.len, token.data,
			    type == DNS_A ? "IPv4" : "IPv6");
	add_data(zone, node, type_index(type), slice_new(octets, type == DNS_A ? 4 : 16), 0);
	return 0;
}

/* "." is the root, as in "MX 0 ." (RFC 7505): an empty name. */
static int parse_name(struct slice token, bool root_too, char out_r[RESOLVER_NAME_SIZE + 1],
		      const char **error_r)
{
	char normal[RESOLVER_NAME_SIZE];

	if (token.len <= RESOLVER_NAME_SIZE && !is_quoted(token)) {
		memcpy(out_r, token.data, token.len);
		out_r[token.len] = '\0';
		if (root_too && slice_is(token, "."))
			out_r[0] = '\0';
		if (out_r[0] == '\0' || resolver_name(out_r, normal))
			return 0;
	}
	return fail(error_r, "%.*s is no domain name", (int)(token.len < 80 ? token.len : 80), token.data);
}

static int add_target(struct resolver *zone, const char *owner, int type, struct line *line,
		      const char **error_r)
{
	char target[RESOLVER_NAME_SIZE + 1];
	struct slice token;
	uint64_t preference = 0;

	if (type == DNS_MX && (!take(line, &token) || !slice_number(token, 65535, &preference)))
		return fail(error_r, "MX needs a preference (0 to 65535) and a name");
	if (!take(line, &token))
		return fail(error_r, "the name is missing");
	if (parse_name(token, type == DNS_MX, target, error_r) < 0)
		return -1;
	if (type == TYPE_CNAME)
		resolver_zone_add_alias(zone, owner, target);
	else
		resolver_zone_add(zone, owner, (enum dns_type)type, slice_of(target), (unsigned)preference);
	return 0;
}

static bool is_outcome(struct slice token, enum dns_outcome *outcome_r)
{
	int value;

	if (!names_find(dns_outcome_names, token, &value) || value == DNS_UNSET || value == DNS_DATA)
		return false;
	*outcome_r = (enum dns_outcome)value;
	return true;
}

static bool is_type(struct slice token, int *type_r)
{
	if (slice_is_nocase(token, "CNAME")) {
		*type_r = TYPE_CNAME;
		return true;
	}
	return names_find(dns_type_names, token, type_r);
}

/* What follows the type. */
static int add_typed(struct zone *zone, const char *owner, int type, struct line *line,
		     const char **error_r)
{
	struct node *node = add_name(zone, owner);
	enum dns_outcome outcome;
	struct slice token;

	if (type != TYPE_CNAME && line->n == line->at + 1 &&
	    is_outcome(line->tokens[line->at], &outcome)) {
		take(line, &token);
		resolver_zone_add_outcome(&zone->base, owner, (enum dns_type)type, outcome);
		return 0;
	}
	switch (type) {
	case DNS_TXT:
		return add_text(zone, node, line, error_r);
	case DNS_A:
	case DNS_AAAA:
		if (!take(line, &token))
			return fail(error_r, "the address is missing");
		return add_address(zone, node, (enum dns_type)type, token, error_r);
	default:
		return add_target(&zone->base, owner, type, line, error_r);
	}
}

static int add_parsed(struct zone *zone, struct line *line, const char **error_r)
{
	char owner[RESOLVER_NAME_SIZE + 1];
	enum dns_outcome outcome;
	struct slice token;
	uint64_t ttl_s = DEFAULT_TTL_S;
	int type, rc;

	if (!take(line, &token))
		return 0;
	if (parse_name(token, false, owner, error_r) < 0)
		return -1;
	if (!take(line, &token))
		return fail(error_r, "nothing stands behind the name");
	if (slice_number(token, MAX_TTL_S, &ttl_s) && !take(line, &token))
		return fail(error_r, "the type is missing");
	if (slice_is_nocase(token, "IN") && !take(line, &token))
		return fail(error_r, "the type is missing");
	if (is_type(token, &type)) {
		rc = add_typed(zone, owner, type, line, error_r);
	} else if (is_outcome(token, &outcome)) {
		resolver_zone_add_outcome(&zone->base, owner, 0, outcome);
		rc = 0;
	} else {
		return fail(error_r, "%.*s is no type and no outcome that is known here",
			    (int)(token.len < 80 ? token.len : 80), token.data);
	}
	if (rc == 0 && take(line, &token))
		return fail(error_r, "surplus word %.*s", (int)(token.len < 80 ? token.len : 80), token.data);
	if (rc == 0)
		add_name(zone, owner)->ttl_s = (uint32_t)ttl_s;
	return rc;
}

static int add_slice(struct resolver *resolver, struct slice text, const char **error_r)
{
	struct line line;

	if (memchr(text.data, '\0', text.len) != NULL)
		return fail(error_r, "a NUL octet in the line (write \\000 in a string)");
	if (split_line(text, &line, error_r) < 0)
		return -1;
	return add_parsed((struct zone *)resolver, &line, error_r);
}

int resolver_zone_add_line(struct resolver *resolver, const char *line, const char **error_r)
{
	return add_slice(resolver, slice_of(line), error_r);
}

/* Puts FILE:LINE in front of the error text. */
static void place_error(const char *path, unsigned number, const char **error_r)
{
	char text[sizeof(error_text)];

	snprintf(text, sizeof(text), "%.200s:%u: %.280s", path, number, error_text);
	memcpy(error_text, text, sizeof(text));
	*error_r = error_text;
}

struct resolver *resolver_zone_open(const char *path, const char **error_r)
{
	struct resolver *zone;
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	unsigned number = 0;
	int rc = 0;

	if (file == NULL) {
		fail(error_r, "%.300s: %m", path);
		return NULL;
	}
	zone = resolver_zone_new();
	while (rc == 0 && (len = getline(&line, &size, file)) >= 0) {
		number++;
		rc = add_slice(zone, slice_new(line, (size_t)len), error_r);
		if (rc < 0)
			place_error(path, number, error_r);
	}
	if (rc == 0 && ferror(file))
		rc = fail(error_r, "%.300s: %m", path);
	free(line);
	fclose(file);
	if (rc < 0) {
		resolver_close(zone);
		return NULL;
	}
	return zone;
}
