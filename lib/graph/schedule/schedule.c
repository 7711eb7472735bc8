/*
 * The core's events: schedule.h.  A node that is wanted is in exactly one
 * place, which its state names: counted (BLOCKED), in the heap of its wave
 * (READY), of its wave's barriers (HELD) or of a lock (PARKED), given out
 * (RUNNING), or out for a while (PAUSED).
 */
#include "graph/schedule/schedule.h"

#include <string.h>

#include "base/memory.h"

/* --- lists --- */

int
schedule_grow(void *entries, uint32_t count, uint32_t *capacity, size_t size)
{
	uint32_t larger = *capacity != 0 ? *capacity * 2 : 16;
	void *block;

	if (count < *capacity)
		return 0;
	if (larger <= *capacity || larger == SCHEDULE_NONE)
		return -1;
	memcpy(&block, entries, sizeof block); /* a pointer of any type */
	block = memory_resize(block, larger * size);
	if (block == NULL)
		return -1;
	memcpy(entries, &block, sizeof block);
	*capacity = larger;
	return 0;
}

int
numbers_push(struct numbers *numbers, uint32_t number)
{
	if (schedule_grow(&numbers->at, numbers->count, &numbers->capacity, sizeof *numbers->at) !=
		0)
		return -1;
	numbers->at[numbers->count++] = number;
	return 0;
}

void
numbers_finish(struct numbers *numbers)
{
	memory_free(numbers->at);
	*numbers = (struct numbers){ 0 };
}

void
schedule_init(struct schedule *schedule, uint32_t slots)
{
	*schedule = (struct schedule){ .slots = slots,
		.settled = SCHEDULE_NONE,
		.settled_last = SCHEDULE_NONE,
		.first_failed = SCHEDULE_NONE };
}

void
schedule_finish(struct schedule *schedule)
{
	memory_free(schedule->nodes);
	memory_free(schedule->edges);
	memory_free(schedule->uses);
	memory_free(schedule->waves);
	memory_free(schedule->locks);
	numbers_finish(&schedule->order);
	numbers_finish(&schedule->fresh);
	numbers_finish(&schedule->sorted);
	numbers_finish(&schedule->late);
	numbers_finish(&schedule->again);
	numbers_finish(&schedule->touched);
	numbers_finish(&schedule->changed);
	numbers_finish(&schedule->dropped);
	numbers_finish(&schedule->stack);
	numbers_finish(&schedule->fault);
	*schedule = (struct schedule){ 0 };
}

uint32_t
schedule_add_lock(struct schedule *schedule, uint32_t capacity)
{
	if (schedule_grow(&schedule->locks, schedule->n_locks, &schedule->locks_capacity,
		    sizeof *schedule->locks) != 0)
		return SCHEDULE_NONE;
	schedule->locks[schedule->n_locks] =
		(struct lock){ .capacity = capacity, .parked = HEAP_EMPTY };
	return schedule->n_locks++;
}

/* The index of a wave; a new one takes its place in the order. */
static uint32_t
wave_of(struct schedule *schedule, int32_t number)
{
	struct numbers *order = &schedule->order;
	uint32_t low = 0, high = order->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (schedule->waves[order->at[middle]].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < order->count && schedule->waves[order->at[low]].number == number)
		return order->at[low];
	if (schedule_grow(&schedule->waves, schedule->n_waves, &schedule->waves_capacity,
		    sizeof *schedule->waves) != 0 ||
		numbers_push(order, 0) != 0)
		return SCHEDULE_NONE;
	memmove(order->at + low + 1, order->at + low, (order->count - 1 - low) * sizeof *order->at);
	order->at[low] = schedule->n_waves;
	schedule->waves[schedule->n_waves] =
		(struct wave){ .number = number, .ready = HEAP_EMPTY, .held = HEAP_EMPTY };
	for (uint32_t i = low; i < order->count; i++)
		schedule->waves[order->at[i]].rank = i;
	if (schedule->first > low || schedule->first >= order->count)
		schedule->first = low;
	return schedule->n_waves++;
}

uint32_t
schedule_add(struct schedule *schedule, const struct node_options *options)
{
	uint32_t wave = wave_of(schedule, options->wave), id = schedule->n_nodes;

	if (wave == SCHEDULE_NONE ||
		schedule_grow(&schedule->nodes, id, &schedule->nodes_capacity,
			sizeof *schedule->nodes) != 0)
		return SCHEDULE_NONE;
	for (uint32_t i = 0; i < options->n_uses; i++) {
		if (schedule_grow(&schedule->uses, schedule->n_uses + i, &schedule->uses_capacity,
			    sizeof *schedule->uses) != 0)
			return SCHEDULE_NONE;
		schedule->uses[schedule->n_uses + i] = options->uses[i];
	}
	schedule->nodes[id] =
		(struct node){ .link = { .key = id, .wave = options->wave, .before = HEAP_EMPTY },
			.weight = options->weight,
			.deps = SCHEDULE_NONE,
			.dependents = SCHEDULE_NONE,
			.wave = wave,
			.uses = schedule->n_uses,
			.n_uses = options->n_uses,
			.root = SCHEDULE_NONE,
			.next = SCHEDULE_NONE,
			.flags = (uint8_t)options->flags };
	schedule->n_uses += options->n_uses;
	schedule->barriers += (options->flags & NODE_BARRIER) != 0;
	schedule->n_nodes++;
	return id;
}

/* --- where nodes are --- */

/* xorshift64 */
static uint64_t
draw(struct schedule *schedule)
{
	schedule->random ^= schedule->random << 13;
	schedule->random ^= schedule->random >> 7;
	schedule->random ^= schedule->random << 17;
	return schedule->random;
}

void
schedule_enqueue(struct schedule *schedule, uint32_t id)
{
	struct node *node = &schedule->nodes[id];

	node->state = NODE_READY;
	schedule->ready++;
	heap_push(schedule->nodes, &schedule->waves[node->wave].ready, id);
}

/* All deps are done. */
void
schedule_make_ready(struct schedule *schedule, uint32_t id)
{
	struct link *link = &schedule->nodes[id].link;

	if (schedule->random != 0) {
		link->priority = 0;
		link->key = draw(schedule);
	}
	schedule_enqueue(schedule, id);
}

void
schedule_withdraw(struct schedule *schedule, uint32_t id)
{
	const struct node *node = &schedule->nodes[id];
	struct wave *wave = &schedule->waves[node->wave];

	if (node->state == NODE_READY) {
		heap_remove(schedule->nodes, &wave->ready, id);
		schedule->ready--;
	} else if (node->state == NODE_HELD) {
		heap_remove(schedule->nodes, &wave->held, id);
	} else if (node->state == NODE_PARKED) {
		heap_remove(schedule->nodes, &schedule->locks[node->next].parked, id);
	}
}

/* --- ends --- */

void
schedule_settle(struct schedule *schedule, uint32_t id)
{
	schedule->nodes[id].next = SCHEDULE_NONE;
	if (schedule->settled_last != SCHEDULE_NONE)
		schedule->nodes[schedule->settled_last].next = id;
	else
		schedule->settled = id;
	schedule->settled_last = id;
}

void
schedule_release(struct schedule *schedule, struct wave *wave)
{
	uint32_t id;

	while ((id = heap_pop(schedule->nodes, &wave->held)) != HEAP_EMPTY)
		schedule_enqueue(schedule, id);
}

/* A node is not unfinished any more. */
static void
leave_wave(struct schedule *schedule, uint32_t id)
{
	const struct node *node = &schedule->nodes[id];
	struct wave *wave = &schedule->waves[node->wave];

	schedule->unfinished--;
	wave->unfinished--;
	if ((node->flags & NODE_BEHIND) == 0 && --wave->ahead == 0)
		schedule_release(schedule, wave);
}

static void
cancel(struct schedule *schedule, uint32_t id, uint32_t root)
{
	struct node *node = &schedule->nodes[id];

	node->news = node->was != NODE_CANCELED;
	node->flags &= (uint8_t) ~(NODE_LAZY | NODE_AGAIN);
	node->state = NODE_CANCELED;
	node->root = root;
	leave_wave(schedule, id);
	schedule_settle(schedule, id);
}

/* Nothing that it needs has news: it is what it was. */
static void
stay(struct schedule *schedule, uint32_t id)
{
	struct node *node = &schedule->nodes[id];

	node->flags &= (uint8_t)~NODE_LAZY;
	node->state = node->was;
	if (node->was == NODE_FAILED && schedule->failures++ == 0)
		schedule->first_failed = id;
	leave_wave(schedule, id);
	schedule_settle(schedule, id);
}

/* What a node waits for has come: it starts when it may, unless it was wanted for news only. */
static void
come(struct schedule *schedule, uint32_t id)
{
	if ((schedule->nodes[id].flags & NODE_LAZY) != 0)
		stay(schedule, id);
	else
		schedule_make_ready(schedule, id);
}

/* What the end of a node means for one that runs, and will be wanted again. */
static void
tell_running(struct schedule *schedule, const struct edge *edge, int cancels, uint32_t root)
{
	struct node *node = &schedule->nodes[edge->dependent];

	if (node->blocked != 0)
		node->blocked--;
	if (cancels)
		node->root = root;
}

/* What the end of a node means for those that wait for it; who is canceled by it is appended to the settled ones. */
static void
tell_dependents(struct schedule *schedule, uint32_t id)
{
	const struct node *ended = &schedule->nodes[id];
	int failed = ended->state != NODE_DONE;
	uint32_t root = ended->state == NODE_CANCELED ? ended->root : id, next;

	for (uint32_t at = ended->dependents; at != SCHEDULE_NONE; at = next) {
		const struct edge *edge = &schedule->edges[at];
		struct node *node = &schedule->nodes[edge->dependent];
		int cancels = failed && edge->kind == EDGE_HARD && (node->flags & NODE_ALWAYS) == 0;

		next = edge->next_dependent;
		if (edge->kind > EDGE_SOFT ||
			(node->state != NODE_BLOCKED && (node->flags & NODE_AGAIN) == 0))
			continue;
		if (ended->news && edge->kind == EDGE_HARD)
			node->flags &= (uint8_t)~NODE_LAZY;
		if (node->state == NODE_RUNNING) {
			tell_running(schedule, edge, cancels, root);
			continue;
		}
		node->blocked--;
		if (cancels)
			cancel(schedule, edge->dependent, root);
		else if (node->blocked == 0)
			come(schedule, edge->dependent);
	}
}

/* Those that ended with it tell theirs, until nobody is left. */
static void
spread(struct schedule *schedule, uint32_t from)
{
	for (uint32_t id = from; id != SCHEDULE_NONE; id = schedule->nodes[id].next)
		tell_dependents(schedule, id);
}

/* Cancel a node and everything behind it. */
void
schedule_cancel(struct schedule *schedule, uint32_t id, uint32_t root)
{
	cancel(schedule, id, root);
	spread(schedule, id);
}

void
schedule_come(struct schedule *schedule, uint32_t id)
{
	come(schedule, id);
	if (schedule_is_end(schedule->nodes[id].state))
		spread(schedule, id);
}

/* What has not started, or would have been started again, is idle again. */
void
schedule_put_back(struct schedule *schedule, uint32_t id)
{
	schedule->nodes[id].state = NODE_IDLE;
	schedule->nodes[id].flags &= (uint8_t)~NODE_LAZY;
	leave_wave(schedule, id);
	schedule_settle(schedule, id);
}

/* A node that ran needs neither slot nor locks. */
static void
vacate(struct schedule *schedule, uint32_t id)
{
	struct node *node = &schedule->nodes[id];

	if ((node->flags & NODE_YIELDED) != 0)
		schedule->waiting--;
	else
		schedule->running--;
	node->flags &= (uint8_t)~NODE_YIELDED;
}

/* Nobody is in a heap any more: emptying them one by one would cost more than this. */
static void
empty_heaps(struct schedule *schedule)
{
	for (uint32_t i = 0; i < schedule->n_waves; i++)
		schedule->waves[i].ready = schedule->waves[i].held = HEAP_EMPTY;
	for (uint32_t i = 0; i < schedule->n_locks; i++)
		schedule->locks[i].parked = HEAP_EMPTY;
}

void
schedule_stop(struct schedule *schedule)
{
	schedule->stopped = 1;
	empty_heaps(schedule);
	schedule->ready = 0;
	for (uint32_t id = 0; id < schedule->n_nodes; id++) {
		int state = schedule->nodes[id].state;

		if (state == NODE_RUNNING)
			schedule->nodes[id].flags &= (uint8_t) ~(NODE_AGAIN | NODE_LAZY);
		else if (schedule_is_unfinished(state))
			schedule_put_back(schedule, id);
	}
}

void
schedule_go_on(struct schedule *schedule)
{
	schedule->stopped = 0;
}

int
schedule_end(struct schedule *schedule, uint32_t id, int state, int news)
{
	uint32_t last = schedule->settled_last;
	struct node *node = &schedule->nodes[id];

	vacate(schedule, id);
	if ((node->flags & NODE_AGAIN) != 0 && again_end(schedule, id, state, news))
		return 1;
	node->state = (uint8_t)state;
	node->news |= news || state != NODE_DONE || node->was != NODE_DONE;
	if (state == NODE_FAILED && schedule->failures++ == 0)
		schedule->first_failed = id;
	lock_give_back(schedule, id);
	leave_wave(schedule, id);
	tell_dependents(schedule, id);
	spread(schedule, last != SCHEDULE_NONE ? schedule->nodes[last].next : schedule->settled);
	if (schedule->keep_going != 0 && schedule->failures >= schedule->keep_going)
		schedule_stop(schedule);
	return 0;
}

void
schedule_hold(struct schedule *schedule, uint32_t id)
{
	vacate(schedule, id);
	if (schedule->reruns && !schedule->stopped && again_end(schedule, id, NODE_PAUSED, 0))
		return;
	schedule->nodes[id].state = NODE_PAUSED;
	lock_give_back(schedule, id);
	if (schedule->stopped)
		schedule_put_back(schedule, id);
}

uint32_t
schedule_settled(struct schedule *schedule)
{
	uint32_t id = schedule->settled;

	if (id == SCHEDULE_NONE)
		return id;
	schedule->settled = schedule->nodes[id].next;
	if (schedule->settled == SCHEDULE_NONE)
		schedule->settled_last = SCHEDULE_NONE;
	return id;
}

/* --- starts --- */

static struct wave *
open_wave(struct schedule *schedule)
{
	while (schedule->first < schedule->order.count) {
		struct wave *wave = &schedule->waves[schedule->order.at[schedule->first]];

		if (wave->unfinished != 0)
			return wave;
		schedule->first++;
	}
	return NULL;
}

/* Whether a ready node starts now; else it is somewhere else. */
static int
start(struct schedule *schedule, struct wave *wave, uint32_t id)
{
	struct node *node = &schedule->nodes[id];

	if ((node->flags & NODE_BARRIER) != 0 && wave->ahead != 0) {
		node->state = NODE_HELD;
		heap_push(schedule->nodes, &wave->held, id);
		return 0;
	}
	if ((node->flags & NODE_NO_FAILURES) != 0 && schedule->failures != 0) {
		schedule_cancel(schedule, id, schedule->first_failed);
		return 0;
	}
	if (!lock_take(schedule, id))
		return 0;
	node->state = NODE_RUNNING;
	schedule->running++;
	return 1;
}

int
schedule_could(struct schedule *schedule)
{
	const struct wave *wave;

	if (schedule->stopped || schedule->running >= schedule->slots)
		return 0;
	wave = open_wave(schedule);
	return wave != NULL && wave->ready != HEAP_EMPTY;
}

uint32_t
schedule_next(struct schedule *schedule)
{
	while (!schedule->stopped && schedule->running < schedule->slots) {
		struct wave *wave = open_wave(schedule);
		uint32_t id;
		int started;

		if (wave == NULL)
			break;
		id = heap_pop(schedule->nodes, &wave->ready);
		if (id == HEAP_EMPTY)
			break;
		schedule->ready--;
		started = start(schedule, wave, id);
		lock_wake(schedule, id);
		if (started)
			return id;
	}
	return SCHEDULE_NONE;
}

void
schedule_yield(struct schedule *schedule, uint32_t id)
{
	schedule->nodes[id].flags |= NODE_YIELDED;
	schedule->running--;
	schedule->waiting++;
}

void
schedule_resume(struct schedule *schedule, uint32_t id)
{
	schedule->nodes[id].flags &= (uint8_t)~NODE_YIELDED;
	schedule->waiting--;
	schedule->running++;
}

void
schedule_clear(struct schedule *schedule)
{
	for (uint32_t id = 0; id < schedule->n_nodes; id++) {
		struct node *node = &schedule->nodes[id];

		node->state = NODE_IDLE;
		node->deps = node->dependents = node->root = SCHEDULE_NONE;
		node->flags &= NODE_BARRIER | NODE_NO_FAILURES | NODE_ALWAYS;
		node->was = NODE_IDLE;
	}
	schedule->n_edges = schedule->committed = 0;
	schedule->settled = schedule->settled_last = SCHEDULE_NONE;
	schedule->failures = 0;
	schedule->first_failed = SCHEDULE_NONE;
	schedule->stopped = schedule->reruns = 0;
	schedule->dropped.count = 0;
}
