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
#include "core/roster.h"
#include "core/sets.h"
#include "shared/region.h"

uint32_t
core_slots(uint32_t window)
{
	uint32_t slots = 1;

	while (slots < window)
		slots *= 2;
	return slots;
}

int
core_init(struct core *core, const struct core_options *options, uint64_t first_sequence)
{
	memset(core, 0, sizeof *core);
	core->options = *options;
	core->n_slots = core_slots(options->window);
	core->next_sequence = core->next_delivery = first_sequence;
	core->slots = memory_new(core->n_slots, sizeof *core->slots);
	core->n_places = core->target = options->workers;
	if (core->options.places < options->workers)
		core->options.places = options->workers;
	core->places = memory_new(core->options.places, sizeof *core->places);
	if (core->slots == NULL || core->places == NULL ||
		sets_init(core, core->options.places) != 0) {
		core_finish(core);
		return -1;
	}
	for (uint32_t i = core->n_slots; i-- > 0;) {
		core->slots[i].index = i;
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

static void
task_finish(struct task *task)
{
	blob_finish(&task->input);
	blob_finish(&task->feed);
}

void
core_finish(struct core *core)
{
	for (uint32_t i = 0; core->slots != NULL && i < core->n_slots; i++) {
		task_finish(&core->slots[i].task);
		result_finish(&core->slots[i].result);
	}
	for (uint32_t i = 0; core->places != NULL && i < core->n_places; i++)
		memory_free(core->places[i].sent);
	memory_free(core->slots);
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

static struct slot *
take_slot(struct core *core)
{
	struct slot *slot;

	if (!core->options.completion)
		return &core->slots[core->next_sequence & (core->n_slots - 1)];
	slot = core->free;
	core->free = slot->next;
	return slot;
}

struct slot *
core_submit(struct core *core, struct task *task)
{
	struct slot *slot = take_slot(core);

	slot->sequence = core->next_sequence++;
	slot->place = UINT32_MAX;
	slot->attempt = 0;
	slot->kills = 0;
	slot->cancel = false;
	slot->started = slot->begun = slot->told = slot->has_news = false;
	slot->asking = false;
	slot->untold = 0;
	slot->bytes = 0;
	slot->task = *task;
	slot->messages = NULL;
	slot->messages_tail = &slot->messages;
	slot->result.sequence = slot->sequence;
	slot->result.worker = UINT32_MAX;
	slot->result.user = task->user;
	/* Armed once per attempt: here, and where an attempt is counted. */
	if (!task->command && !task->pass)
		claim_arm(&core->options.claims[slot->index], slot->sequence, 0);
	core->live++;
	core_charge(core, slot, (ptrdiff_t)(task->input.size + task->feed.size));
	waiting_insert(core, slot);
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
