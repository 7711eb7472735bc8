/*
 * Things by name: a hash table whose keys lie in the things themselves, so
 * that it owns nothing but its array.  A zeroed struct is an empty table.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_entry {
	const char *key; /* key[size], in the thing; NULL: free */
	void *thing;
	uint32_t size;
	uint32_t hash;
};

struct table {
	struct table_entry *entries; /* capacity of them, a power of two; NULL if that is 0 */
	size_t capacity;
	size_t used; /* entries that are not free */
};

/* The thing with this key, or NULL. */
void *table_find(const struct table *table, const char *key, size_t size);

/* Room for so many things more: what is put then cannot fail.  -1 without memory, nothing changed. */
int table_reserve(struct table *table, size_t more);

/* Enter a thing whose key, of less than 4 GiB, is not there; key stays as it is while the thing is.  -1 without memory, nothing changed. */
int table_put(struct table *table, const char *key, size_t size, void *thing);

/* Free the memory; the table is empty and usable. */
void table_finish(struct table *table);

#endif
