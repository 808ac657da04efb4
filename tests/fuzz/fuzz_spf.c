/* SPF. The input is a question and its zone, lines of text: the client's address, HELO,
 * sender ("" is the null reverse-path), then "NAME TYPE DATA". auth/auth_spf.h and
 * the plain evaluation of tests/auth agree on it; and whatever record stands there,
 * libspf2 keeps every term of every piece that the guard writes. */
#include <arpa/inet.h>
#include <netdb.h>
#include <spf2/spf.h>

#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "auth/spf_compare.h"
#include "auth/spf_guard.h"
#include "core/domain.h"

enum { ZONE_LINES = 64, TOKENS = 4096 };

/* What libspf2 is handed. */

struct pieces {
	struct { enum spf_token_kind kind; unsigned first, end; } made[TOKENS];
	unsigned n;
};

static unsigned make_token(void *context, enum spf_token_kind kind, unsigned first, unsigned end)
{
	struct pieces *pieces = context;

	FUZZ_NEED(pieces->n < TOKENS);
	pieces->made[pieces->n].kind = kind;
	pieces->made[pieces->n].first = first;
	pieces->made[pieces->n].end = end;
	return pieces->n++;
}

static unsigned count_words(struct slice text)
{
	struct slice word;
	unsigned n = 0;

	while (slice_split(&text, ' ', &word))
		n++;
	return n;
}

static void check_octets(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		FUZZ_NEED(ascii_is_alnum(text.data[i]) || strchr(" +-?~:/.=", text.data[i]) != NULL);
}

/* Compiled, nothing of it is missing. */
static void check_piece(const struct buf *text)
{
	char receiver[] = "alignd";
	SPF_dns_server_t dns = { .name = receiver };
	SPF_server_t server = { .resolver = &dns, .rec_dom = receiver };
	SPF_request_t *request = SPF_request_new(&server);
	SPF_response_t *response = SPF_response_new(request);
	SPF_record_t *record = NULL;

	FUZZ_NEED(!buf_is_full(text));
	check_octets(buf_slice(text));
	FUZZ_NEED(SPF_record_compile(&server, response, &record, buf_str(text)) == SPF_E_SUCCESS);
	FUZZ_NEED(record->num_mech + record->num_mod + 1u == count_words(buf_slice(text)));
	SPF_record_free(record);
	SPF_response_free(response);
	SPF_request_free(request);
}

static void check_pieces(const struct spf_record *record, uint8_t family)
{
	static struct pieces pieces;
	struct spf_tokens tokens = { .make = make_token, .context = &pieces };
	unsigned first = 0, next = 0, before = 0;
	struct buf text;

	pieces.n = 0;
	buf_init(&text, SPF_WRITTEN_MAX);
	for (bool more = true; more; first = next) {
		buf_reset(&text);
		spf_guard_write(&text, record, first, family, &tokens);
		check_piece(&text);
		more = false;
		for (; before < pieces.n; before++) {
			FUZZ_NEED(pieces.made[before].first < pieces.made[before].end &&
				  pieces.made[before].end <= record->n_terms);
			if (pieces.made[before].kind == SPF_TOKEN_REST) {
				next = pieces.made[before].first;
				more = true;
				FUZZ_NEED(next > first);
			} else if (pieces.made[before].kind == SPF_TOKEN_GROUP) {
				buf_reset(&text);
				spf_guard_write_group(&text, record, pieces.made[before].first,
						      pieces.made[before].end, family);
				check_piece(&text);
			}
		}
	}
	buf_done(&text);
}

static void check_record(struct arena *arena, struct slice text)
{
	struct spf_record record;
	const char *error;

	if (!spf_guard_is_record(text))
		return;
	if (spf_guard_parse(arena, text, &record, &error) != 0) {
		FUZZ_NEED(error != NULL);
		return;
	}
	check_pieces(&record, 4);
	check_pieces(&record, 6);
}

/* The zone. What the two name servers would take differently is left out: names that
 * are none, several kinds of things at a name, exchanges of equal preference. */

static const struct spf_zone_row *find_row(const struct spf_zone *zone, const char *name)
{
	for (unsigned i = 0; i < zone->n; i++)
		if (strcasecmp(zone->rows[i].name, name) == 0)
			return &zone->rows[i];
	return NULL;
}

static bool is_plain_row(const struct spf_zone_row *row)
{
	return row == NULL || (!row->is_alias && row->outcome == DNS_DATA);
}

static bool has_preference(const struct spf_zone *zone, const char *name, unsigned preference)
{
	for (unsigned i = 0; i < zone->n; i++)
		if (zone->rows[i].type == DNS_MX && zone->rows[i].preference == preference &&
		    strcasecmp(zone->rows[i].name, name) == 0)
			return true;
	return false;
}

static bool is_name_text(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '\\')
			return false;
	return text.len <= DOMAIN_MAX;
}

/* The one macro whose value is not the question's. */
static bool tells_time(struct slice text)
{
	for (size_t i = 0; i + 2 < text.len; i++)
		if (slice_starts_nocase(slice_from(text, i), "%{t"))
			return true;
	return false;
}

static void add_data(struct spf_zone *zone, const char *name, enum dns_type type, struct slice data)
{
	uint64_t preference = 0;
	uint8_t octets[16];
	struct slice word;

	if (type == DNS_MX && (!slice_split(&data, ' ', &word) ||
			       !slice_number(word, 65535, &preference) ||
			       has_preference(zone, name, (unsigned)preference)))
		return;
	data = data.data != NULL ? data : slice_new("", 0);
	if (type != DNS_TXT && !is_name_text(data))
		return;
	if ((type == DNS_A || type == DNS_AAAA) &&
	    inet_pton(type == DNS_A ? AF_INET : AF_INET6, fuzz_text(zone->arena, data), octets) != 1)
		return;
	if (type == DNS_TXT && tells_time(data))
		return;
	spf_zone_add(zone, name, type, data, (unsigned)preference);
}

static void add_line(struct spf_zone *zone, struct slice line)
{
	static const struct name_row types[] = {
		{ DNS_A, "A" }, { DNS_AAAA, "AAAA" }, { DNS_MX, "MX" }, { DNS_PTR, "PTR" },
		{ DNS_TXT, "TXT" }, { 0, NULL },
	};
	char name[DOMAIN_SIZE], target[DOMAIN_SIZE];
	struct slice word, type;
	const char *owner;
	int value;

	if (!slice_split(&line, ' ', &word) || !domain_normalize(word, name) ||
	    !slice_split(&line, ' ', &type))
		return;
	owner = arena_strdup(zone->arena, name);
	if (slice_is(type, "SERVFAIL") || slice_is(type, "TIMEOUT")) {
		if (find_row(zone, owner) == NULL)
			spf_zone_add_outcome(zone, owner, 0, slice_is(type, "TIMEOUT") ? DNS_TIMEOUT :
					     DNS_SERVFAIL);
	} else if (slice_is(type, "CNAME")) {
		if (find_row(zone, owner) == NULL && domain_normalize(line, target))
			spf_zone_add_alias(zone, owner, arena_strdup(zone->arena, target));
	} else if (names_find(types, type, &value) && is_plain_row(find_row(zone, owner))) {
		add_data(zone, owner, (enum dns_type)value, line.data != NULL ? line : slice_new("", 0));
	}
}

static bool read_sender(struct arena *arena, struct slice text, struct spf_identity *identity)
{
	char domain[DOMAIN_SIZE];
	size_t at = text.len;

	if (text.len == 0)
		return true;
	while (at > 0 && text.data[at - 1] != '@')
		at--;
	if (at == 0 || at > 200 || !domain_normalize(slice_from(text, at), domain))
		return false;
	identity->local = fuzz_text(arena, slice_until(text, at - 1));
	identity->domain = arena_strdup(arena, domain);
	return true;
}

static bool read_question(struct arena *arena, struct slice *lines, struct spf_identity *identity)
{
	struct slice helo;

	*identity = (struct spf_identity){ .receiver = "mx.receiver.example", .time_s = 0 };
	if (!address_parse(fuzz_line(lines), &identity->client))
		return false;
	helo = fuzz_line(lines);
	if (helo.len > 255)
		return false;
	identity->helo = fuzz_text(arena, helo);
	return read_sender(arena, fuzz_line(lines), identity);
}

void fuzz_spf(const uint8_t *data, size_t size)
{
	struct slice lines = fuzz_slice(data, size), line;
	struct spf_identity identity;
	struct spf_zone zone;

	spf_zone_init(&zone);
	if (read_question(zone.arena, &lines, &identity)) {
		for (unsigned i = 0; i < ZONE_LINES && slice_split(&lines, '\n', &line); i++)
			add_line(&zone, line);
		for (unsigned i = 0; i < zone.n; i++)
			if (zone.rows[i].type == DNS_TXT && zone.rows[i].outcome == DNS_DATA)
				check_record(zone.arena, zone.rows[i].data);
		FUZZ_NEED(spf_compare(&zone, &identity, stderr));
	}
	spf_zone_done(&zone);
}
