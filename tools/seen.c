#include "seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_SLOTS 1024
#define MOST 4000000                    /* of 20 octets, in twice as many slots at most */

struct slot { uint32_t ids[4]; uint8_t bits; };         /* bits 0: free */
struct seen {
	struct slot *slots;
	uint32_t n, n_slots;
};

struct seen *seen_new(void)
{
	struct seen *seen = mem_zalloc(sizeof(*seen));

	seen->n_slots = FIRST_SLOTS;
	seen->slots = mem_zalloc(FIRST_SLOTS * sizeof(*seen->slots));
	return seen;
}

void seen_free(struct seen *seen)
{
	if (seen == NULL)
		return;
	free(seen->slots);
	free(seen);
}

/* The database numbers from 1; false: it has numbered very much. */
static bool key_of(const struct store_row *row, struct slot *key)
{
	*key = (struct slot){ { (uint32_t)row->facts_id, (uint32_t)row->client_id,
				(uint32_t)row->recipients_id, (uint32_t)row->verdict_id }, 0 };
	return (row->facts_id | row->client_id | row->recipients_id | row->verdict_id) <= UINT32_MAX;
}

/* Numbers of our own, that no stranger chooses. */
static uint32_t start_of(const struct seen *seen, const uint32_t ids[4])
{
	uint64_t hash = 0;

	for (unsigned i = 0; i < 4; i++)
		hash = (hash ^ ids[i]) * 0x9E3779B97F4A7C15u;
	return (uint32_t)(hash >> 32) & (seen->n_slots - 1);
}

static struct slot *slot_of(const struct seen *seen, const uint32_t ids[4])
{
	uint32_t at = start_of(seen, ids);

	while (seen->slots[at].bits != 0 && memcmp(seen->slots[at].ids, ids, sizeof(uint32_t[4])) != 0)
		at = (at + 1) & (seen->n_slots - 1);
	return &seen->slots[at];
}

static void double_slots(struct seen *seen)
{
	struct slot *old = seen->slots;
	uint32_t n_old = seen->n_slots;

	seen->n_slots *= 2;
	seen->slots = mem_zalloc(seen->n_slots * sizeof(*seen->slots));
	for (uint32_t i = 0; i < n_old; i++)
		if (old[i].bits != 0)
			*slot_of(seen, old[i].ids) = old[i];
	free(old);
}

void seen_add(struct seen *seen, const struct store_row *row, unsigned bits)
{
	struct slot key, *slot;

	if (!key_of(row, &key))
		return;
	slot = slot_of(seen, key.ids);
	if (slot->bits == 0) {
		if (seen->n >= MOST)
			return;
		if (4 * (seen->n + 1) > 3 * seen->n_slots) {
			double_slots(seen);
			slot = slot_of(seen, key.ids);
		}
		seen->n++;
		*slot = key;
	}
	slot->bits |= (uint8_t)(bits | SEEN_KNOWN);
}

unsigned seen_get(const struct seen *seen, const struct store_row *row)
{
	struct slot key;

	return key_of(row, &key) ? slot_of(seen, key.ids)->bits : 0;
}
