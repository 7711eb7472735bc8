/*
 * Locks with units.  A node takes all that it needs or none, when it is about
 * to start.  One that does not get a lock is parked there, and nobody who
 * comes later passes it at this lock, so that one who needs much gets it in
 * the end.  A release wakes the first only; each one that was woken and
 * looked at wakes the next, as long as there are units.
 */
#include "graph/schedule.h"

static uint32_t
left(const struct lock *lock)
{
	return lock->used < lock->capacity ? lock->capacity - lock->used : 0;
}

static int
gets(const struct schedule *schedule, uint32_t node, const struct use *use)
{
	const struct lock *lock = &schedule->locks[use->lock];

	if (left(lock) < use->units)
		return 0;
	return lock->parked == HEAP_EMPTY ||
		heap_before(&schedule->nodes[node].link, &schedule->nodes[lock->parked].link);
}

int
lock_take(struct schedule *schedule, uint32_t id)
{
	struct node *node = &schedule->nodes[id];
	const struct use *uses = schedule->uses + node->uses;

	for (uint32_t i = 0; i < node->n_uses; i++) {
		if (!gets(schedule, id, &uses[i])) {
			node->state = NODE_PARKED;
			node->next = uses[i].lock;
			heap_push(schedule->nodes, &schedule->locks[uses[i].lock].parked, id);
			return 0;
		}
	}
	for (uint32_t i = 0; i < node->n_uses; i++)
		schedule->locks[uses[i].lock].used += uses[i].units;
	return 1;
}

static uint32_t
units_of(const struct schedule *schedule, uint32_t id, uint32_t lock)
{
	const struct node *node = &schedule->nodes[id];
	const struct use *use = schedule->uses + node->uses;

	while (use->lock != lock)
		use++;
	return use->units;
}

void
lock_wake(struct schedule *schedule, uint32_t id)
{
	const struct node *node = &schedule->nodes[id];

	for (uint32_t i = 0; i < node->n_uses; i++) {
		uint32_t at = schedule->uses[node->uses + i].lock;
		struct lock *lock = &schedule->locks[at];

		if (lock->parked != HEAP_EMPTY && lock->parked != id &&
			units_of(schedule, lock->parked, at) <= left(lock))
			schedule_enqueue(schedule, heap_pop(schedule->nodes, &lock->parked));
	}
}

void
lock_give_back(struct schedule *schedule, uint32_t id)
{
	const struct node *node = &schedule->nodes[id];

	for (uint32_t i = 0; i < node->n_uses; i++) {
		const struct use *use = &schedule->uses[node->uses + i];

		schedule->locks[use->lock].used -= use->units;
	}
	lock_wake(schedule, id);
}
