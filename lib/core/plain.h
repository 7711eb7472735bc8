/*
 * The way of plain tasks, inline: a few bytes for the pool's own function, one
 * attempt, a few bytes back, in the middle of a message.  What can be special
 * about a task is asked where it is rare; here nothing is, and what counts for
 * many tasks is counted once for all of them.  Each step leaves behind what
 * the long way leaves.
 */
#ifndef CORE_PLAIN_H
#define CORE_PLAIN_H

#include <orderly/result.h>

#include "core/lists.h"
#include "shared/region.h"

#define SLOTS_AHEAD 4

/* A slot that will be touched so many tasks later: between two steps of a task lies the rest of the window. */
static inline void
slot_prefetch(const struct slot *slot)
{
	__builtin_prefetch(slot, 1);
	__builtin_prefetch(&slot->task, 1);
	__builtin_prefetch(&slot->result, 1);
}

/* --- submit --- */

/* Take the free slot that the next task gets. */
static inline struct slot *
slot_take(struct core *core)
{
	struct slot *slot;

	if (!core->options.completion)
		return &core->slots[core->next_sequence & (core->n_slots - 1)];
	slot = core->free;
	core->free = slot->next;
	return slot;
}

/* Its task, which has so many bytes, is filled in: it enters the window and waits. */
static inline void
slot_enter(struct core *core, struct slot *slot, size_t size)
{
	slot->sequence = core->next_sequence++;
	slot->place = UINT32_MAX;
	slot->attempt = slot->kills = slot->untold = 0;
	slot->cancel = slot->started = slot->asking = slot->begun = false;
	slot->told = slot->has_news = false;
	slot->bytes = size;
	core->bytes += size;
	core->live++;
	waiting_append(core, slot);
}

/* As core_has_room, but sometimes false where that is true. */
static inline bool
plain_has_room(const struct core *core, size_t size)
{
	return core->live < core->options.window && core->bytes + size < core->options.window_bytes;
}

static inline struct slot *
plain_submit(struct core *core, const void *input, size_t size, const struct limits *limits)
{
	struct slot *slot = slot_take(core);

	__builtin_prefetch(slot + SLOTS_AHEAD, 1);
	__builtin_prefetch(&slot[SLOTS_AHEAD].task, 1);
	slot->task.user = NULL;
	slot->task.limits = *limits;
	slot->task.function = 0;
	slot->task.command = false;
	slot->task.plain = limits->timeout_ms == 0 && !core->options.completion;
	blob_set_near(&slot->task.input, input, size);
	slot_enter(core, slot, size);
	/* Armed once per attempt: here, and where an attempt is counted. */
	claim_arm(&core->options.claims[slot->index], slot->sequence, 0);
	return slot;
}

/* May the task that has come be given out now? */
static inline bool
plain_may_give(const struct core *core)
{
	return core->n_idle != 0 || core->n_waiting >= core->prefetch_floor;
}

/* --- give out --- */

/*
 * Give up to most of the tasks that wait to a place, as long as they are plain
 * and follow each other; how many, and the bytes of their inputs.  There is
 * room for them in its sent.
 */
static inline uint32_t
plain_give(struct core *core, uint32_t place, uint32_t most, size_t *input_bytes)
{
	struct place *at = &core->places[place];
	struct sent *ring = at->sent;
	struct slot *slots = core->slots, *slot = core->waiting, *last = NULL;
	uint32_t mask = core->n_slots - 1, end = at->first + at->count, n = 0;
	uint64_t sequence = slot->sequence;
	size_t bytes = 0;

	while (n < most && slot->task.plain && slot->state == SLOT_WAITING &&
		slot->sequence == sequence) {
		__builtin_prefetch(slot + SLOTS_AHEAD, 1);
		__builtin_prefetch(&slot[SLOTS_AHEAD].task);
		bytes += (slot->task.input.size + 7) & ~(size_t)7;
		ring[(end + n) & (at->capacity - 1)] = (struct sent){ sequence, slot->index, 0 };
		slot->place = place;
		slot->copies = 1;
		slot->behind = 0;
		slot->state = SLOT_SENT;
		last = slot;
		slot = &slots[++sequence & mask];
		n++;
	}
	if (n == 0)
		return 0;
	core->waiting = last->next;
	*(last->next != NULL ? &last->next->previous : &core->waiting_last) = NULL;
	core->n_waiting -= n;
	at->count += n;
	*input_bytes = bytes;
	return n;
}

/* --- settle --- */

/* How many answers of a place may come this way before the next look. */
static inline uint32_t
plain_answers(const struct core *core, const struct place *place)
{
	if (place->batch < 2 || place->count < 3 || place->picked || place->yielded ||
		place->granted || place->command || core->options.completion ||
		core->options.announce ||
		(core->options.bulky_from != 0 && core->options.bulky_from <= BLOB_INLINE))
		return 0;
	return place->batch - 1 < place->count - 2 ? place->batch - 1 : place->count - 2;
}

/* What a place must answer next, for a row of looks. */
struct plain_reader {
	struct slot *slots;
	const struct sent *sent;
	const _Atomic uint64_t *claims;
	uint32_t first;
	uint32_t mask;
	uint32_t place;
	uint64_t sequence;
	uint64_t word; /* the claim word of that sequence, started by this place */
};

static inline void
plain_reader_init(
	struct plain_reader *reader, const struct core *core, uint32_t place, uint64_t sequence)
{
	const struct place *at = &core->places[place];

	*reader = (struct plain_reader){ core->slots, at->sent, core->options.claims, at->first,
		at->capacity - 1, place, sequence, CLAIM_WORD(sequence, 0, place, CLAIM_STARTED) };
}

/* The slot whose attempt 0 the place must answer as its n-th from now, and has started; NULL: it is no plain case. */
static inline struct slot *
plain_expected(const struct plain_reader *reader, uint32_t n)
{
	const struct sent *sent = &reader->sent[(reader->first + n) & reader->mask];
	struct slot *slot = &reader->slots[sent->index];
	uint64_t sequence = reader->sequence + n;

	slot_prefetch(slot + SLOTS_AHEAD);
	if (slot->sequence != sequence || sent->sequence != sequence || sent->attempt != 0 ||
		slot->state != SLOT_SENT || !slot->task.plain ||
		atomic_load_explicit(&reader->claims[sent->index], memory_order_acquire) !=
			CLAIM_NEXT(reader->word, n))
		return NULL;
	return slot;
}

/* It is done; its process and its times stand in its result.  BLOB_INLINE + 1 bytes can be read at output. */
static inline void
plain_settle(struct core *core, struct slot *slot, uint32_t place, const char *output, size_t size)
{
	size_t gone = slot->task.input.size;

	slot->task.input.size = 0;
	copy_all_near(slot->result.output.near, output);
	slot->result.output.near[size] = '\0';
	slot->result.output.size = size;
	slot->bytes += size - gone;
	core->bytes += size - gone;
	slot->place = place;
	slot->result.state = ORD_DONE;
	slot->result.attempts = 1;
	slot->started = true;
	slot->state = SLOT_SETTLED;
}

/* So many were settled this way, with so many bytes of output. */
static inline void
plain_settled(struct core *core, uint32_t place, uint32_t n, size_t output_bytes)
{
	struct place *at = &core->places[place];

	at->first += n;
	at->count -= n;
	at->batch -= n;
	at->moved_ns = core->now_ns;
	at->fed = true;
	at->fruitless = 0;
	core->fruitless = 0;
	core->mean_bytes += output_bytes / n / 8;
	core->mean_bytes -= core->mean_bytes / 8;
	core->n_sent -= n;
	core->n_settled += n;
}

/* --- deliver --- */

/* Can what is settled here leave without anything to say, read back or unlink first, or more to tell of it? */
static inline bool
plain_can_leave(const struct slot *slot)
{
	return slot->task.plain && slot->burdens == 0 && slot->result.state == ORD_DONE;
}

static inline void
slot_leave(struct core *core, struct slot *slot)
{
	slot->result.output.size = 0;
	slot->result.output.block = NULL;
	slot->state = SLOT_FREE;
	core->bytes -= slot->bytes;
	core->next_delivery++;
	core->n_settled--;
	core->live--;
}

/* The first slot's result leaves, and the slot is free. */
static inline void
plain_release(struct core *core, struct slot *slot, struct ord_result *result)
{
	memcpy(result, &slot->result, sizeof slot->result);
	result->sequence = slot->sequence;
	result->user = slot->task.user;
	result->detail = NULL;
	result->worker = slot->place;
	slot_leave(core, slot);
}

#endif
