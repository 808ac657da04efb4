#include "tool_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/arena.h"
#include "base/mem.h"

#define FIRST_SLOTS 64

struct entry {
	uint64_t hash;
	struct slice key;
	_Alignas(max_align_t) char value[];
};

struct tool_table {
	struct arena *arena;            /* keys and values */
	struct entry **entries;         /* in the order they came */
	unsigned *slots;                /* place in entries + 1; 0: free */
	unsigned n, size, n_slots, most;
	size_t value_octets;
	uint64_t secret;                /* so that nobody can choose texts that collide */
	bool was_full;
};

struct tool_table *tool_table_new(size_t value_octets, unsigned most)
{
	struct tool_table *table = mem_zalloc(sizeof(*table));

	table->arena = arena_new();
	table->value_octets = value_octets;
	table->most = most;
	table->n_slots = FIRST_SLOTS;
	table->slots = mem_zalloc(FIRST_SLOTS * sizeof(*table->slots));
	if (getrandom(&table->secret, sizeof(table->secret), GRND_NONBLOCK) < 0)
		table->secret = (uint64_t)(uintptr_t)table;
	return table;
}

void tool_table_free(struct tool_table *table)
{
	if (table == NULL)
		return;
	arena_free(table->arena);
	free(table->entries);
	free(table->slots);
	free(table);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)(a ^ 0x9E3779B97F4A7C15) * (b | 1);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const struct tool_table *table, struct slice key)
{
	uint64_t hash = table->secret ^ key.len;

	for (size_t i = 0; i < key.len; i += 8) {
		uint64_t eight = 0;

		memcpy(&eight, key.data + i, key.len - i < 8 ? key.len - i : 8);
		hash = mix(hash ^ eight, table->secret ^ 0xD6E8FEB86659FD93);
	}
	return mix(hash, table->secret);
}

/* The slot of the key, or the free one where it belongs. */
static unsigned slot_of(const struct tool_table *table, struct slice key, uint64_t hash)
{
	unsigned slot = (unsigned)hash & (table->n_slots - 1);

	for (; table->slots[slot] != 0; slot = (slot + 1) & (table->n_slots - 1)) {
		const struct entry *entry = table->entries[table->slots[slot] - 1];

		if (entry->hash == hash && slice_equal(entry->key, key))
			break;
	}
	return slot;
}

static void double_slots(struct tool_table *table)
{
	free(table->slots);
	table->n_slots *= 2;
	table->slots = mem_zalloc(table->n_slots * sizeof(*table->slots));
	for (unsigned i = 0; i < table->n; i++)
		table->slots[slot_of(table, table->entries[i]->key, table->entries[i]->hash)] = i + 1;
}

static struct entry *add_entry(struct tool_table *table, struct slice key, uint64_t hash)
{
	struct entry *entry = arena_alloc(table->arena, sizeof(*entry) + table->value_octets);

	entry->hash = hash;
	entry->key = arena_slice(table->arena, key);
	if (table->n == table->size) {
		table->size = table->size > 0 ? 2 * table->size : FIRST_SLOTS;
		table->entries = mem_realloc(table->entries, table->size * sizeof(struct entry *));
	}
	table->entries[table->n++] = entry;
	return entry;
}

static struct entry *get(struct tool_table *table, struct slice key)
{
	uint64_t hash = hash_of(table, key);
	unsigned slot = slot_of(table, key, hash);

	if (table->slots[slot] != 0)
		return table->entries[table->slots[slot] - 1];
	if (table->n >= table->most) {
		table->was_full = true;
		return NULL;
	}
	if (table->n * 2 >= table->n_slots) {
		double_slots(table);
		slot = slot_of(table, key, hash);
	}
	table->slots[slot] = table->n + 1;
	return add_entry(table, key, hash);
}

void *tool_table_add(struct tool_table *table, struct slice key)
{
	struct entry *entry = get(table, key);

	return entry != NULL ? entry->value : NULL;
}

const char *tool_table_text(struct tool_table *table, struct slice key)
{
	struct entry *entry = get(table, key);

	return entry != NULL ? entry->key.data : NULL;
}

void *tool_table_find(const struct tool_table *table, struct slice key)
{
	unsigned slot = slot_of(table, key, hash_of(table, key));

	return table->slots[slot] != 0 ? table->entries[table->slots[slot] - 1]->value : NULL;
}

unsigned tool_table_count(const struct tool_table *table)
{
	return table->n;
}

const char *tool_table_at(const struct tool_table *table, unsigned index, void **value_r)
{
	struct entry *entry = table->entries[index];

	if (value_r != NULL)
		*value_r = entry->value;
	return entry->key.data;
}

bool tool_table_was_full(const struct tool_table *table)
{
	return table->was_full;
}
