/* One look into a table for each different length of a beginning: there are few. */
#include "graph/names/index.h"

#include <stddef.h>

int
index_reserve(struct index *index)
{
	if (numbers_push(&index->lengths, 0) != 0)
		return -1;
	index->lengths.count--;
	return table_reserve(&index->first, 1);
}

void
index_add(struct index *index, struct entry *entry)
{
	const struct pattern *pattern = entry->pattern;
	struct entry *first = table_find(&index->first, pattern->text, pattern->prefix);
	uint32_t at = 0;

	entry->next = NULL;
	if (first != NULL) {
		while (first->next != NULL)
			first = first->next;
		first->next = entry;
		return;
	}
	while (at < index->lengths.count && index->lengths.at[at] != pattern->prefix)
		at++;
	if (at == index->lengths.count)
		index->lengths.at[index->lengths.count++] = pattern->prefix;
	(void)table_put(&index->first, pattern->text, pattern->prefix, entry); /* there is room */
}

struct entry *
index_next(const struct index *index, struct span name, struct cursor *cursor)
{
	struct entry *entry = cursor->entry;

	while (entry == NULL && cursor->length < index->lengths.count) {
		uint32_t length = index->lengths.at[cursor->length++];

		if (length <= name.size)
			entry = table_find(&index->first, name.at, length);
	}
	cursor->entry = entry != NULL ? entry->next : NULL;
	return entry;
}

void
index_finish(struct index *index)
{
	table_finish(&index->first);
	numbers_finish(&index->lengths);
}
