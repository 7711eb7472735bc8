/* A table by address: a graph's procs live as long as the graph. */
#include "run_items.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_FIRST 64

static size_t
place_of(const struct items *items, const struct ord_proc *proc)
{
	uint64_t hash = (uint64_t)(uintptr_t)proc * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(hash >> 32) & (items->n_buckets - 1);

	while (items->buckets[at] != NULL && items->buckets[at]->proc != proc)
		at = (at + 1) & (items->n_buckets - 1);
	return at;
}

static void
grow(struct items *items)
{
	struct item *item;

	free(items->buckets);
	items->n_buckets = items->n_buckets != 0 ? 2 * items->n_buckets : BUCKETS_FIRST;
	items->buckets = text_allocate(items->n_buckets, sizeof *items->buckets);
	for (item = items->first; item != NULL; item = item->next)
		items->buckets[place_of(items, item->proc)] = item;
}

struct item *
items_of(struct items *items, const struct ord_proc *proc)
{
	struct item *item;
	size_t at;

	if (2 * items->count >= items->n_buckets)
		grow(items);
	at = place_of(items, proc);
	if (items->buckets[at] != NULL)
		return items->buckets[at];
	item = text_allocate(1, sizeof *item);
	item->proc = proc;
	item->slot = ORD_NONE;
	items->buckets[at] = item;
	items->count++;
	if (items->end != NULL)
		items->end->next = item;
	else
		items->first = item;
	items->end = item;
	return item;
}

static uint32_t
take_slot(struct items *items)
{
	uint32_t slot = 0;

	while (slot < items->n_slots && items->slots[slot] != 0)
		slot++;
	if (slot == items->n_slots) {
		items->slots = text_reallocate(
			items->slots, (size_t)items->n_slots + 1, sizeof *items->slots);
		items->n_slots++;
	}
	items->slots[slot] = 1;
	return slot;
}

void
items_begin(struct items *items, struct item *item, uint64_t now_ns)
{
	item->begun_ns = now_ns;
	item->started = true;
	item->shown = false;
	item->log_read = item->log_shown = 0;
	item->in_line = false;
	text_clear(&item->tail);
	text_clear(&item->last);
	if (item->slot != ORD_NONE)
		return;
	item->slot = item->row = take_slot(items);
	item->before = items->newest;
	item->behind = NULL;
	if (items->newest != NULL)
		items->newest->behind = item;
	else
		items->oldest = item;
	items->newest = item;
	items->n_running++;
}

void
items_end(struct items *items, struct item *item, uint64_t now_ns)
{
	if (item->slot == ORD_NONE)
		return;
	item->took_ns = now_ns - item->begun_ns;
	items->slots[item->slot] = 0;
	item->slot = ORD_NONE;
	if (item->before != NULL)
		item->before->behind = item->behind;
	else
		items->oldest = item->behind;
	if (item->behind != NULL)
		item->behind->before = item->before;
	else
		items->newest = item->before;
	items->n_running--;
}

void
items_finish(struct items *items)
{
	struct item *item, *next;

	for (item = items->first; item != NULL; item = next) {
		next = item->next;
		text_finish(&item->body);
		text_finish(&item->tail);
		text_finish(&item->last);
		text_finish(&item->said);
		ansi_finish(&item->ansi);
		free(item);
	}
	free(items->buckets);
	free(items->slots);
	*items = (struct items){ 0 };
}
