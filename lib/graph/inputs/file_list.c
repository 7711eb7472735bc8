/* Lists of files, sorted by path. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/inputs/inputs.h"

int
file_list_add(struct file_list *list, const struct file *file)
{
	if (list->n == list->capacity) {
		uint32_t capacity = list->capacity != 0 ? 2 * list->capacity : 16;
		struct file *items = memory_resize(list->items, capacity * sizeof *items);

		if (items == NULL)
			return -1;
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->n++] = *file;
	return 0;
}

void
file_list_sort(struct file_list *list)
{
	uint32_t kept = 0;

	stale_sort_files(list->items, list->n);
	for (uint32_t i = 0; i < list->n; i++)
		if (kept == 0 || strcmp(list->items[kept - 1].path, list->items[i].path) != 0)
			list->items[kept++] = list->items[i];
	list->n = kept;
}

static int
compare(const void *path, const void *file)
{
	return strcmp(path, ((const struct file *)file)->path);
}

struct file *
file_list_find(const struct file_list *list, const char *path)
{
	return list->n != 0 ? bsearch(path, list->items, list->n, sizeof *list->items, compare)
			    : NULL;
}

void
file_list_finish(struct file_list *list)
{
	memory_free(list->items);
	*list = (struct file_list){ 0 };
}
