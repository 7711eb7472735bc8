/* What the files of this room share about places. */
#ifndef CORE_ROSTER_H
#define CORE_ROSTER_H

#include "base/memory.h"
#include "core/core.h"

/* Its worker may be sent tasks, now or when it is done with those that it has. */
bool place_usable(const struct core *core, const struct place *place);

/* A task can be given to it now. */
bool place_idle(const struct core *core, const struct place *place);

/* It wants a worker. */
bool place_empty(const struct core *core, const struct place *place);

/* It counts among the places that work at once. */
bool place_active(const struct place *place);

/* Its worker is not needed now. */
bool place_spare(const struct core *core, const struct place *place);

/* It works on its last message: one more can be sent ahead. */
bool place_hungry(const struct core *core, const struct place *place);

/* It holds tasks behind the one that it runs, which another could take over. */
bool place_loaded(const struct core *core, const struct place *place);

/* The sets that it belongs to: a bit for each (sets.h). */
uint32_t place_sets(const struct core *core, const struct place *place);

/* It has had its share: its worker leaves behind what it was sent last. */
bool place_is_last(const struct core *core, const struct place *place);

/* Forget its first entry. */
void place_pop(struct core *core, uint32_t place);

/* What changes a place's state, count or messages stands between these two, which keep the counts of places right. */
void place_out(struct core *core, const struct place *place);
void place_in(struct core *core, const struct place *place);

/* Room for so many more entries of sent; -1 without memory. */
int place_reserve(struct place *place, uint32_t more);

/* As many places as may work do so, no more and no fewer. */
void balance(struct core *core);

/* An idle place makes room for a task that wants its slot back. */
void balance_wishes(struct core *core);

/* Copies have gone, or are held up: what they were copies of can be copied again. */
void balance_unpick(struct core *core);

/* Workers that were started ahead take the places of those that have had their share. */
void balance_exchange(struct core *core);

/* So many processes may live beside those that work, where workers are replaced again and again. */
uint32_t balance_ahead(const struct core *core);

/* A parked place where one more worker can be started ahead; NO_PLACE: not now. */
uint32_t balance_room(struct core *core);

/* The task that runs there, which may have yielded, ends: before its entry is popped; balance follows. */
void balance_forget(struct core *core, struct place *place);

/* Its attempt had no process; a result names that of the one before. */
void slot_clear_run(struct slot *slot);

#define BATCH_TASKS 4096u          /* in one message */
#define BATCH_BYTES (256u * 1024u) /* of inputs in one message */

#define SHARE_NS UINT64_C(100000) /* of work is not divided further, by the mean of recent tasks */

/* take.c: may an idle place be given copies of what others hold? */
bool take_over_possible(const struct core *core);

/* When it is time for that, if nothing happens before. */
uint64_t take_over_time(const struct core *core);

/* Give them to an idle place, if some other has what is worth it. */
struct dispatch take_over(struct core *core, uint32_t idle, uint64_t now_ns);

/* A place is given a task: the next entry of its sent, for which there is room. */
static inline void
place_note(struct place *place, const struct slot *slot)
{
	place->sent[(place->first + place->count) & (place->capacity - 1)] =
		(struct sent){ slot->sequence, slot->index, slot->attempt };
	place->count++;
}

/* What a message will be like with this task too, which comes behind that one (NULL: it is the first). */
static inline void
dispatch_weigh(const struct core *core, struct dispatch *dispatch, const struct slot *before,
	struct slot *slot)
{
	dispatch->input_bytes += (slot->task.input.size + 7) & ~(size_t)7;
	dispatch->timed += slot->task.limits.timeout_ms != 0;
	dispatch->bounded += slot->task.limits.bounded != 0;
	dispatch->functions |= slot->task.function != 0;
	dispatch->plain = false;
	dispatch->n++;
	if (before == NULL)
		dispatch->slot = slot;
	else if (slot->attempt != 0 || slot->sequence != before->sequence + 1 ||
		slot->index != ((before->index + 1) & (core->n_slots - 1)))
		dispatch->breaks++;
}

/* The slot that an entry means, or NULL if it is stale. */
struct slot *sent_slot(const struct core *core, const struct sent *sent);

#endif
