/* Who is looked at lies in a struct of its own: of ten thousand procs it is one at a time. */
#include "graph/history/known.h"

#include <string.h>

#include "base/memory.h"
#include "graph/history/encoding.h"

struct known *
known_find(const struct known_all *all, const char *name)
{
	return table_find(&all->table, name, strlen(name));
}

struct known *
known_place(struct known_all *all, const char *name)
{
	size_t size = strlen(name);
	struct known *known = table_find(&all->table, name, size);

	if (known != NULL)
		return known;
	if (table_reserve(&all->table, 1) != 0)
		return NULL;
	known = memory_new(1, sizeof *known + size + 1);
	if (known == NULL)
		return NULL;
	memcpy(known->name, name, size + 1);
	known->forgotten = 1;
	known->next = all->first;
	all->first = known;
	return table_put(&all->table, known->name, size, known) == 0 ? known : NULL;
}

void
known_let_go(struct known_all *all, struct known *known)
{
	struct looked *looked = known->looked;

	if (looked == NULL)
		return;
	record_finish(&looked->record);
	known->looked = NULL;
	looked->next = all->spare;
	all->spare = looked;
}

void
known_set(struct known_all *all, struct known *known, char *bytes, size_t size)
{
	known_let_go(all, known);
	memory_free(known->bytes);
	known->bytes = bytes;
	known->size = (uint32_t)size;
	known->forgotten = 0;
}

static struct looked *
take_looked(struct known_all *all)
{
	struct looked *looked = all->spare;

	if (looked == NULL)
		return memory_new(1, sizeof *looked);
	all->spare = looked->next;
	looked->next = NULL;
	return looked;
}

int
known_look(struct known_all *all, struct known *known)
{
	int status = 0;

	if (known->looked != NULL)
		return 0;
	known->looked = take_looked(all);
	if (known->looked == NULL)
		return -1;
	known->looked->known = known;
	if (known->bytes != NULL)
		status = record_decode(&known->looked->record, known->bytes, known->size);
	if (status < 0)
		known_let_go(all, known);
	if (status <= 0)
		return status;
	/* What cannot be read is not known. */
	known_set(all, known, NULL, 0);
	return known_look(all, known);
}

struct known *
known_of(struct record *record)
{
	return ((struct looked *)(void *)record)->known; /* it is its first field */
}

void
known_finish(struct known_all *all)
{
	while (all->first != NULL) {
		struct known *next = all->first->next;

		known_set(all, all->first, NULL, 0);
		memory_free(all->first);
		all->first = next;
	}
	while (all->spare != NULL) {
		struct looked *next = all->spare->next;

		memory_free(all->spare);
		all->spare = next;
	}
	table_finish(&all->table);
}
