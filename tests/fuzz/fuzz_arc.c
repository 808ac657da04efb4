/* The ARC fields of a header, as sets; the input is the header. A structure that holds
 * has each part of each set once, with the right cv=; the order of the fields does
 * not matter; what a results field claims stands in it, each once. */
#include "fuzz.h"

#include <string.h>

#include "auth/arc_sets.h"
#include "core/domain.h"
#include "core/netset.h"
#include "tool_judge.h"

enum { FIELDS = 200, NOW_S = 1700000000, MAX_SETS = 20 };
static const char *const names[N_ARC_PARTS] = {
	"ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal",
};

struct header {
	struct slice names[FIELDS], values[FIELDS];
	unsigned n;
};

static void read_header(struct slice text, struct header *header)
{
	header->n = 0;
	while (header->n < FIELDS && tool_next_field(&text, &header->names[header->n],
						     &header->values[header->n], NULL))
		header->n++;
}

static void collect(struct arena *arena, const struct header *header, bool backwards,
		    struct arc_sets *sets_r)
{
	struct fields *fields = ARENA_NEW(arena, struct fields);

	fields_init(fields, arena);
	for (unsigned i = 0; i < header->n; i++) {
		unsigned k = backwards ? header->n - 1 - i : i;
		const char *reason;

		fields_add(fields, header->names[k], header->values[k], &reason);
	}
	arc_sets_collect(arena, fields, MAX_SETS, NOW_S, sets_r);
}

static bool is_text_in(struct slice text, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= text.len; i++)
		if (slice_equal_nocase(slice_until(slice_from(text, i), len), slice_of(word)))
			return true;
	return false;
}

/* Without what folding and quoting put in. */
static struct slice plain(struct arena *arena, struct slice text)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++)
		if (strchr("\r\n\\", text.data[i]) == NULL)
			out[len++] = text.data[i];
	return slice_new(out, len);
}

static void check_results(struct arena *arena, struct slice text)
{
	struct address address;
	unsigned instance;
	struct aar aar;

	aar_parse(arena, text, &aar);
	if (aar.error != NULL) {
		FUZZ_NEED(aar.n_claims == 0 && aar.client_ip == NULL);
		return;
	}
	FUZZ_NEED(aar.n_claims <= LIMIT_ARC_CLAIMS && aar.authserv_id != NULL);
	FUZZ_NEED(aar_instance(text, &instance) && instance >= 1 && instance <= LIMIT_ARC_SETS);
	FUZZ_NEED(aar.client_ip == NULL || address_parse(slice_of(aar.client_ip), &address));
	FUZZ_NEED(aar.n_claims == 0 || is_text_in(text, "pass"));
	text = plain(arena, text);
	for (unsigned i = 0; i < aar.n_claims; i++) {
		char again[DOMAIN_SIZE];

		FUZZ_NEED(domain_normalize(slice_of(aar.claims[i].domain), again));
		FUZZ_NEED(is_text_in(text, aar.claims[i].domain));
		FUZZ_NEED(aar.claims[i].method != ARC_METHOD_UNSET);
		FUZZ_NEED(i == 0 || aar.claims[i].method != ARC_METHOD_DMARC);
		for (unsigned k = 0; k < i; k++)
			FUZZ_NEED(aar.claims[k].method != aar.claims[i].method ||
				  strcmp(aar.claims[k].domain, aar.claims[i].domain) != 0);
	}
}

static unsigned count_fields(const struct header *header, const char *name)
{
	unsigned n = 0;

	for (unsigned i = 0; i < header->n; i++)
		n += slice_is_nocase(slice_trim_wsp(header->names[i]), name);
	return n;
}

/* Each field is in the set that it is in when they come the other way round. */
static void check_order(const struct arc_sets *sets, const struct arc_sets *backwards)
{
	FUZZ_NEED(sets->n == backwards->n);
	for (unsigned i = 0; i < sets->n; i++)
		for (unsigned part = 0; part < N_ARC_PARTS; part++)
			FUZZ_NEED(slice_equal(sets->sets[i].fields[part]->text,
					      backwards->sets[i].fields[part]->text));
}

static void check_whole(const struct header *header, const struct arc_sets *sets)
{
	FUZZ_NEED(sets->n >= 1 && sets->n <= MAX_SETS);
	for (unsigned part = 0; part < N_ARC_PARTS; part++)
		FUZZ_NEED(count_fields(header, names[part]) == sets->n);
	for (unsigned i = 0; i < sets->n; i++) {
		const struct arc_parts *set = &sets->sets[i];
		unsigned instance = 0;

		FUZZ_NEED(set->message->instance == i + 1 && set->seal->instance == i + 1);
		FUZZ_NEED(set->seal->cv == (i == 0 ? SEAL_CV_NONE : SEAL_CV_PASS));
		for (unsigned part = 0; part < N_ARC_PARTS; part++)
			FUZZ_NEED(slice_is_nocase(slice_until(set->fields[part]->text,
							      set->fields[part]->name_len), names[part]));
		FUZZ_NEED(aar_instance(arc_sets_value(set->fields[ARC_PART_RESULTS]), &instance));
		FUZZ_NEED(instance == i + 1);
		FUZZ_NEED(sets->error != NULL || set->seal->error == NULL);
	}
	FUZZ_NEED(sets->error != NULL || sets->sets[sets->n - 1].message->error == NULL);
}

void fuzz_arc(const uint8_t *data, size_t size)
{
	static struct arc_sets sets, backwards;
	static struct header header;
	struct arena *arena = arena_new();

	read_header(fuzz_slice(data, size), &header);
	collect(arena, &header, false, &sets);
	collect(arena, &header, true, &backwards);
	FUZZ_NEED(sets.any || (!sets.whole && sets.error == NULL));
	FUZZ_NEED(!sets.any || sets.whole || sets.error != NULL);
	FUZZ_NEED(sets.whole == backwards.whole && sets.any == backwards.any);
	FUZZ_NEED((sets.error == NULL) == (backwards.error == NULL));
	if (sets.whole) {
		check_whole(&header, &sets);
		check_order(&sets, &backwards);
	}
	for (unsigned i = 0; i < header.n; i++)
		if (slice_is_nocase(slice_trim_wsp(header.names[i]), names[ARC_PART_RESULTS]))
			check_results(arena, header.values[i]);
	check_results(arena, fuzz_slice(data, size));
	arena_free(arena);
}
