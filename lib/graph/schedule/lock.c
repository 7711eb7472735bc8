/*
 * Locks with units.  A node takes all that it needs or none, when it is about
 * to start.  One that does not get a lock is parked there, and nobody who
 * comes later passes it at this lock, so that one who needs much gets it in
 * the end.  A release wakes the first only; each one that was woken and
 * looked at wakes the next, as long as there are units.
 */
#include "graph/schedule/schedule.h"

static uint32_t
left(const struct lock *lock)
{
	return lock->used < lock->capacity ? lock->capacity - lock->used : 0;
}

/* A barrier that was parked is held again since its wave has more to do: it is in nobody's way. */
static void
pass_held(struct schedule *schedule, struct lock *lock)
{
	while (lock->parked != HEAP_EMPTY) {
		struct node *node = &schedule->nodes[lock->parked];
		struct wave *wave = &schedule->waves[node->wave];

		if ((node->flags & NODE_BARRIER) == 0 || wave->ahead == 0)
			break;
		node->state = NODE_HELD;
		heap_push(schedule->nodes, &wave->held, heap_pop(schedule->nodes, &lock->parked));
	}
}

static int
is_free_for(const struct schedule *schedule, uint32_t node, const struct use *use)
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
		pass_held(schedule, &schedule->locks[uses[i].lock]);
		if (!is_free_for(schedule, id, &uses[i])) {
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

static void
wake_first(struct schedule *schedule, uint32_t at, uint32_t but)
{
	struct lock *lock = &schedule->locks[at];

	pass_held(schedule, lock);
	if (lock->parked != HEAP_EMPTY && lock->parked != but &&
		units_of(schedule, lock->parked, at) <= left(lock))
		schedule_enqueue(schedule, heap_pop(schedule->nodes, &lock->parked));
}

void
lock_wake(struct schedule *schedule, uint32_t id)
{
	const struct node *node = &schedule->nodes[id];

	for (uint32_t i = 0; i < node->n_uses; i++)
		wake_first(schedule, schedule->uses[node->uses + i].lock, id);
}

void
lock_review(struct schedule *schedule)
{
	for (uint32_t at = 0; at < schedule->n_locks; at++)
		wake_first(schedule, at, SCHEDULE_NONE);
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

void
schedule_set_capacity(struct schedule *schedule, uint32_t lock, uint32_t capacity)
{
	schedule->locks[lock].capacity = capacity;
	wake_first(schedule, lock, SCHEDULE_NONE);
}
