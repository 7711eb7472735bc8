/*
 * The window: a slot for each task between submission and delivery.  In the
 * order of submission a task's slot is its sequence modulo the number of
 * slots; in the order of completion any free one, so that one slow task does
 * not hold the others up.
 */
#include "core/core.h"

#include <string.h>

#include <orderly/result.h>

#include "base/memory.h"
#include "core/lists.h"
#include "core/plain.h"
#include "core/roster.h"
#include "core/sets.h"

uint32_t
core_slots(uint32_t window)
{
	uint32_t slots = 1;

	while (slots < window)
		slots *= 2;
	return slots;
}

/* The first slot in memory for more than these: one to align it, and some that are only prefetched. */
static struct slot *
aligned(char *block)
{
	size_t beyond = (uintptr_t)block % alignof(struct slot);

	return (struct slot *)(void *)(beyond != 0 ? block + alignof(struct slot) - beyond : block);
}

int
core_init(struct core *core, const struct core_options *options, uint64_t first_sequence)
{
	memset(core, 0, sizeof *core);
	core->options = *options;
	core->n_slots = core_slots(options->window);
	core->next_sequence = core->next_delivery = first_sequence;
	core->slots_block =
		memory_new((size_t)core->n_slots + 1 + SLOTS_AHEAD, sizeof *core->slots);
	core->slots = aligned(core->slots_block);
	core->rests = memory_new(core->n_slots, sizeof *core->rests);
	core->n_places = core->target = options->workers;
	if (core->options.places < options->workers)
		core->options.places = options->workers;
	core->places = memory_new(core->options.places, sizeof *core->places);
	if (core->slots == NULL || core->rests == NULL || core->places == NULL ||
		sets_init(core, core->options.places) != 0) {
		core_finish(core);
		return -1;
	}
	for (uint32_t i = core->n_slots; i-- > 0;) {
		core->slots[i].index = i;
		core->slots[i].rest = &core->rests[i];
		if (options->completion) {
			core->slots[i].next = core->free;
			core->free = &core->slots[i];
		}
	}
	for (uint32_t i = 0; i < core->options.places && !options->functions; i++)
		core->places[i].state = PLACE_READY;
	for (uint32_t i = 0; i < core->n_places; i++)
		place_in(core, &core->places[i]);
	return 0;
}

void
core_finish(struct core *core)
{
	for (uint32_t i = 0; core->slots != NULL && core->rests != NULL && i < core->n_slots; i++) {
		blob_finish(&core->slots[i].task.input);
		blob_finish(&core->slots[i].result.output);
		blob_finish(&core->rests[i].extra.feed);
		detail_free(&core->rests[i].detail);
	}
	for (uint32_t i = 0; core->places != NULL && i < core->n_places; i++)
		memory_free(core->places[i].sent);
	memory_free(core->slots_block);
	memory_free(core->rests);
	memory_free(core->places);
	sets_finish(core);
	memset(core, 0, sizeof *core);
}

bool
core_has_room(const struct core *core, size_t size)
{
	if (core->live == 0)
		return true;
	if (core->live >= core->options.window)
		return false;
	return core->bytes < core->options.window_bytes &&
		size <= core->options.window_bytes - core->bytes;
}

static bool
is_plain(const struct core *core, const struct task *task)
{
	return !task->command && task->function == 0 && task->limits.timeout_ms == 0 &&
		task->input.block == NULL && !core->options.completion;
}

struct slot *
core_submit(struct core *core, const struct task *task, const struct extra *extra)
{
	struct slot *slot = slot_take(core);
	size_t size = task->input.size;

	slot->task = *task;
	slot->task.plain = extra == NULL && is_plain(core, task);
	if (extra != NULL) {
		slot->rest->extra = *extra;
		slot->burdens |= BURDEN_EXTRA;
		size += extra->feed.size;
	}
	slot_enter(core, slot, size);
	if (!task->command && (extra == NULL || !extra->pass))
		claim_arm(&core->options.claims[slot->index], slot->sequence, 0);
	return slot;
}

void
core_pass(struct core *core, struct slot *slot)
{
	slot->result.output = slot->task.input;
	slot->task.input = (struct blob){ 0 };
	core_settle(core, slot, ORD_PASSED);
}

struct slot *
core_find(const struct core *core, uint64_t sequence)
{
	struct slot *slot;

	if (!core->options.completion) {
		slot = &core->slots[sequence & (core->n_slots - 1)];
		return slot->state != SLOT_FREE && slot->sequence == sequence ? slot : NULL;
	}
	for (uint32_t i = 0; i < core->n_slots; i++) {
		slot = &core->slots[i];
		if (slot->state != SLOT_FREE && slot->sequence == sequence)
			return slot;
	}
	return NULL;
}

struct slot *
core_head(const struct core *core)
{
	struct slot *head = NULL;

	if (core->live == 0)
		return NULL;
	if (!core->options.completion)
		return &core->slots[core->next_delivery & (core->n_slots - 1)];
	for (uint32_t i = 0; i < core->n_slots; i++) {
		struct slot *slot = &core->slots[i];

		if (slot->state != SLOT_FREE &&
			(head == NULL || sequence_before(slot->sequence, head->sequence)))
			head = slot;
	}
	return head;
}

void
core_charge(struct core *core, struct slot *slot, ptrdiff_t bytes)
{
	slot->bytes += (size_t)bytes;
	core->bytes += (uint64_t)bytes;
}
