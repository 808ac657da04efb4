#include "spf_zone.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum { ALIASES_FOLLOWED = 8 };

void spf_zone_init(struct spf_zone *zone)
{
	memset(zone, 0, sizeof(*zone));
	zone->arena = arena_new();
}

void spf_zone_done(struct spf_zone *zone)
{
	arena_free(zone->arena);
	free(zone->rows);
	free(zone->asked);
}

static struct spf_zone_row *append(struct spf_zone_row **rows, unsigned *n, unsigned *size)
{
	if (*n == *size) {
		*size = *size == 0 ? 32 : *size * 2;
		*rows = mem_realloc(*rows, *size * sizeof(**rows));
	}
	memset(&(*rows)[*n], 0, sizeof(**rows));
	return &(*rows)[(*n)++];
}

static struct spf_zone_row *add_row(struct spf_zone *zone, const char *name)
{
	struct spf_zone_row *row = append(&zone->rows, &zone->n, &zone->size);

	row->name = arena_strdup(zone->arena, name);
	return row;
}

void spf_zone_add(struct spf_zone *zone, const char *name, enum dns_type type,
		  struct slice data, unsigned preference)
{
	struct spf_zone_row *row = add_row(zone, name);

	row->type = type;
	row->outcome = DNS_DATA;
	row->data = arena_slice(zone->arena, data);
	row->preference = preference;
}

void spf_zone_add_alias(struct spf_zone *zone, const char *name, const char *target)
{
	struct spf_zone_row *row = add_row(zone, name);

	row->is_alias = true;
	row->data = arena_slice(zone->arena, slice_of(target));
}

void spf_zone_add_outcome(struct spf_zone *zone, const char *name, enum dns_type type,
			  enum dns_outcome outcome)
{
	struct spf_zone_row *row = add_row(zone, name);

	row->type = type;
	row->outcome = outcome;
}

static void remember(struct spf_zone *zone, const char *name, enum dns_type type)
{
	struct spf_zone_row *row;

	for (unsigned i = 0; i < zone->n_asked; i++)
		if (zone->asked[i].type == type && strcasecmp(zone->asked[i].name, name) == 0)
			return;
	row = append(&zone->asked, &zone->n_asked, &zone->asked_size);
	row->name = arena_strdup(zone->arena, name);
	row->type = type;
}

/* The row's name is `name`, or below it: then `name` exists, though empty. */
static bool is_within(const char *row_name, const char *name)
{
	size_t row_len = strlen(row_name), len = strlen(name);

	if (row_len < len || strcasecmp(row_name + row_len - len, name) != 0)
		return false;
	return row_len == len || row_name[row_len - len - 1] == '.';
}

/* The alias at the name; NULL when there is none. */
static const char *find_alias(const struct spf_zone *zone, const char *name)
{
	for (unsigned i = 0; i < zone->n; i++)
		if (zone->rows[i].is_alias && strcasecmp(zone->rows[i].name, name) == 0)
			return zone->rows[i].data.data;
	return NULL;
}

static struct spf_zone_answer ask_name(struct spf_zone *zone, const char *name, enum dns_type type)
{
	struct spf_zone_answer answer = { .outcome = DNS_NXDOMAIN };

	answer.rows = ARENA_ARRAY(zone->arena, const struct spf_zone_row *, zone->n + 1);
	for (unsigned i = 0; i < zone->n; i++) {
		const struct spf_zone_row *row = &zone->rows[i];

		if (row->outcome != DNS_NXDOMAIN && is_within(row->name, name) &&
		    answer.outcome == DNS_NXDOMAIN)
			answer.outcome = DNS_NODATA;
		if (strcasecmp(row->name, name) != 0 || row->is_alias)
			continue;
		if (row->outcome == DNS_DATA && row->type == type) {
			answer.rows[answer.n++] = row;
		} else if (row->outcome != DNS_DATA && (row->type == type || row->type == 0)) {
			answer.outcome = row->outcome;
			answer.n = 0;
			return answer;
		}
	}
	if (answer.n > 0)
		answer.outcome = DNS_DATA;
	return answer;
}

struct spf_zone_answer spf_zone_ask(struct spf_zone *zone, const char *name, enum dns_type type)
{
	remember(zone, name, type);
	for (unsigned i = 0; i <= ALIASES_FOLLOWED; i++) {
		const char *target = find_alias(zone, name);

		if (target == NULL)
			return ask_name(zone, name, type);
		name = target;
	}
	return (struct spf_zone_answer){ .outcome = DNS_SERVFAIL };
}
