/* Rows that grow by doubling; what is in them is moved, never copied. */
#include "queue/rows.h"

#include <string.h>

#include "base/memory.h"

#define FIRST_CAPACITY 16u

/* --- tasks --- */

int
entry_init(struct entry *entry, const struct ord_task_options *task)
{
	memset(entry, 0, sizeof *entry);
	entry->task = *task;
	if (blob_set(&entry->input, task->input, task->input_size) != 0)
		return -1;
	if (task->function_name == NULL)
		return 0;
	entry->name = memory_copy(task->function_name, strlen(task->function_name));
	if (entry->name != NULL)
		return 0;
	entry_finish(entry);
	return -1;
}

void
entry_finish(struct entry *entry)
{
	blob_finish(&entry->input);
	memory_free(entry->name);
	entry->name = NULL;
}

struct ord_task_options
entry_task(const struct entry *entry)
{
	struct ord_task_options task = entry->task;

	task.input = blob_bytes(&entry->input);
	task.function_name = entry->name;
	return task;
}

int
entries_add(struct entries *entries, const struct entry *entry)
{
	if (entries->end == entries->capacity) {
		uint32_t capacity = entries->capacity != 0 ? entries->capacity * 2 : FIRST_CAPACITY;
		struct entry *at = memory_resize(entries->at, capacity * sizeof *at);

		if (at == NULL)
			return -1;
		entries->at = at;
		entries->capacity = capacity;
	}
	entries->at[entries->end++] = *entry;
	return 0;
}

struct entry *
entries_first(const struct entries *entries)
{
	return entries->first != entries->end ? &entries->at[entries->first] : NULL;
}

void
entries_drop(struct entries *entries)
{
	entry_finish(&entries->at[entries->first++]);
	if (entries->first == entries->end)
		entries->first = entries->end = 0;
}

void
entries_finish(struct entries *entries)
{
	while (entries_first(entries) != NULL)
		entries_drop(entries);
	memory_free(entries->at);
	memset(entries, 0, sizeof *entries);
}

/* --- results --- */

static size_t
bytes_of(const struct ord_result *result)
{
	size_t size;

	ord_result_output(result, &size);
	return size;
}

static int
grow(struct row *row)
{
	uint32_t capacity = row->capacity != 0 ? row->capacity * 2 : FIRST_CAPACITY;
	struct ord_result **at = memory_resize(row->at, capacity * sizeof(struct ord_result *));

	if (at == NULL)
		return -1;
	/* It was full: what had come round to the front goes behind the rest. */
	memcpy(at + row->capacity, at, row->first * sizeof(struct ord_result *));
	row->at = at;
	row->capacity = capacity;
	return 0;
}

int
row_add(struct row *row, struct ord_result *result)
{
	if (row->count == row->capacity && grow(row) != 0)
		return -1;
	row->at[(row->first + row->count) & (row->capacity - 1)] = result;
	row->count++;
	row->bytes += bytes_of(result);
	return 0;
}

struct ord_result *
row_take(struct row *row)
{
	struct ord_result *result;

	if (row->count == 0)
		return NULL;
	result = row->at[row->first];
	row->first = (row->first + 1) & (row->capacity - 1);
	row->count--;
	row->bytes -= bytes_of(result);
	return result;
}

void
row_finish(struct row *row)
{
	for (struct ord_result *result; (result = row_take(row)) != NULL;)
		ord_result_destroy(&result);
	memory_free(row->at);
	memset(row, 0, sizeof *row);
}
