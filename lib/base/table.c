/* Open addressing with linear probing, at most three quarters full, so that a search looks at two or three entries. */
#include "base/table.h"

#include <string.h>

#include "base/memory.h"

#define FIRST_CAPACITY 16

/*
 * Eight bytes a step; the multiplication carries low bits up, the shift brings
 * them down again.  The last bytes, which is where names in a row differ, are
 * the highest bits of their word: only after a second round they reach all.
 */
static uint32_t
hash_of(const char *key, size_t size)
{
	uint64_t hash = UINT64_C(0x9e3779b97f4a7c15) ^ size, word;

	for (; size >= sizeof word; key += sizeof word, size -= sizeof word) {
		memcpy(&word, key, sizeof word);
		hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, key, size);
	hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 32) * UINT64_C(0xff51afd7ed558ccd);
	return (uint32_t)(hash >> 32);
}

/* The entry with this key, or the free one where it belongs. */
static struct table_entry *
entry_for(const struct table *table, const char *key, size_t size, uint32_t hash)
{
	size_t mask = table->capacity - 1;

	for (size_t at = hash & mask;; at = (at + 1) & mask) {
		struct table_entry *entry = &table->entries[at];

		if (entry->key == NULL)
			return entry;
		if (entry->hash == hash && entry->size == size &&
			memcmp(entry->key, key, size) == 0)
			return entry;
	}
}

void *
table_find(const struct table *table, const char *key, size_t size)
{
	return table->used != 0 ? entry_for(table, key, size, hash_of(key, size))->thing : NULL;
}

int
table_reserve(struct table *table, size_t more)
{
	struct table larger = { .capacity = FIRST_CAPACITY, .used = table->used };

	while (larger.capacity / 4 * 3 < table->used + more)
		larger.capacity *= 2;
	if (larger.capacity <= table->capacity)
		return 0;
	larger.entries = memory_new(larger.capacity, sizeof *larger.entries);
	if (larger.entries == NULL)
		return -1;
	for (size_t at = 0; at < table->capacity; at++) {
		const struct table_entry *entry = &table->entries[at];

		if (entry->key != NULL)
			*entry_for(&larger, entry->key, entry->size, entry->hash) = *entry;
	}
	memory_free(table->entries);
	*table = larger;
	return 0;
}

int
table_put(struct table *table, const char *key, size_t size, void *thing)
{
	uint32_t hash = hash_of(key, size);

	if (table_reserve(table, 1) != 0)
		return -1;
	*entry_for(table, key, size, hash) =
		(struct table_entry){ key, thing, (uint32_t)size, hash };
	table->used++;
	return 0;
}

void
table_finish(struct table *table)
{
	memory_free(table->entries);
	*table = (struct table){ 0 };
}
