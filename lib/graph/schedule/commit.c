/*
 * Nodes become wanted, all of a call or none: schedule_want and _edge gather,
 * schedule_commit checks and counts.  What it looks at is what is new: fresh
 * nodes and their edges, and of older nodes those whose priority rises.
 */
#include "graph/schedule/schedule.h"

static int
is_fresh(const struct schedule *schedule, uint32_t id)
{
	return schedule->nodes[id].state == NODE_FRESH;
}

static int
fault(struct schedule *schedule, int kind, uint32_t node, uint32_t other)
{
	schedule->fault.count = 0;
	if (numbers_push(&schedule->fault, node) != 0 || numbers_push(&schedule->fault, other) != 0)
		kind = FAULT_MEMORY;
	schedule_rollback(schedule);
	return kind;
}

/* --- gather --- */

int
schedule_want(struct schedule *schedule, uint32_t id)
{
	if (schedule->nodes[id].state != NODE_IDLE)
		return 0;
	if (numbers_push(&schedule->fresh, id) != 0)
		return fault(schedule, FAULT_MEMORY, id, id);
	schedule->nodes[id].state = NODE_FRESH;
	schedule->nodes[id].was = NODE_IDLE;
	schedule->nodes[id].news = 0;
	schedule->nodes[id].link.priority = 0;
	return 0;
}

static int
add_edge(struct schedule *schedule, uint32_t dependent, uint32_t dep, int kind)
{
	uint32_t at = schedule->n_edges;

	if (schedule_grow(
		    &schedule->edges, at, &schedule->edges_capacity, sizeof *schedule->edges) != 0)
		return -1;
	schedule->edges[at] = (struct edge){ .dependent = dependent,
		.dep = dep,
		.next_dep = schedule->nodes[dependent].deps,
		.next_dependent = schedule->nodes[dep].dependents,
		.kind = (uint8_t)kind };
	schedule->nodes[dependent].deps = at;
	schedule->nodes[dep].dependents = at;
	schedule->n_edges++;
	return 0;
}

/* An edge that was there before the node was left; SCHEDULE_NONE: there was none.  New ones stand in front. */
static uint32_t
find_left(const struct schedule *schedule, uint32_t dependent, uint32_t dep)
{
	const struct node *node = &schedule->nodes[dependent];
	uint32_t at = SCHEDULE_NONE;

	if (schedule->reruns && node->state == NODE_FRESH && node->was == NODE_IDLE)
		at = node->deps;
	while (at != SCHEDULE_NONE &&
		(schedule->edges[at].dep != dep || schedule->edges[at].kind != EDGE_OVER ||
			schedule->edges[at].asked))
		at = schedule->edges[at].next_dep;
	return at;
}

static int
is_too_late(const struct node *node)
{
	if (node->state == NODE_RUNNING)
		return (node->flags & NODE_AGAIN) == 0;
	return node->state == NODE_PAUSED || schedule_is_end(node->state);
}

int
schedule_edge(struct schedule *schedule, uint32_t dependent, uint32_t dep, int kind)
{
	uint32_t left = find_left(schedule, dependent, dep);

	if (left == SCHEDULE_NONE)
		return schedule_add_edge(schedule, dependent, dep, kind);
	if (needs_change(schedule, left, kind) != 0)
		return fault(schedule, FAULT_MEMORY, dependent, dep);
	return 0;
}

int
schedule_add_edge(struct schedule *schedule, uint32_t dependent, uint32_t dep, int kind)
{
	int state = schedule->nodes[dependent].state;

	if (is_too_late(&schedule->nodes[dependent]))
		return fault(schedule, FAULT_LATE, dependent, dep);
	if (state != NODE_FRESH && numbers_push(&schedule->late, schedule->n_edges) != 0)
		return fault(schedule, FAULT_MEMORY, dependent, dep);
	if (add_edge(schedule, dependent, dep, kind) != 0)
		return fault(schedule, FAULT_MEMORY, dependent, dep);
	return 0;
}

/* Edges were put in front, so the last one is in front of both its lists. */
void
schedule_rollback(struct schedule *schedule)
{
	while (schedule->n_edges > schedule->committed) {
		const struct edge *edge = &schedule->edges[--schedule->n_edges];

		schedule->nodes[edge->dependent].deps = edge->next_dep;
		schedule->nodes[edge->dep].dependents = edge->next_dependent;
	}
	needs_take_back(schedule);
	for (uint32_t i = 0; i < schedule->fresh.count; i++)
		again_take_back(schedule, schedule->fresh.at[i]);
	for (uint32_t i = 0; i < schedule->again.count; i++)
		schedule_forgo(schedule, schedule->again.at[i]);
	schedule->fresh.count = schedule->late.count = 0;
	schedule->again.count = schedule->touched.count = 0;
}

/* --- check --- */

static int
check_node(struct schedule *schedule, uint32_t id)
{
	const struct node *node = &schedule->nodes[id];

	for (uint32_t i = 0; i < node->n_uses; i++) {
		const struct use *use = &schedule->uses[node->uses + i];

		if (use->units > schedule->locks[use->lock].capacity)
			return fault(schedule, FAULT_LOCK, id, use->lock);
	}
	for (uint32_t at = node->deps; at != SCHEDULE_NONE; at = schedule->edges[at].next_dep) {
		uint32_t dep = schedule->edges[at].dep;

		if (schedule->nodes[dep].link.wave > node->link.wave)
			return fault(schedule, FAULT_WAVE, id, dep);
	}
	return 0;
}

static int
check(struct schedule *schedule)
{
	int status = needs_gather(schedule);

	if (status == 0)
		status = again_gather(schedule);
	if (status == 0)
		status = cycle_reserve(schedule) == 0 ? cycle_sort(schedule) : FAULT_MEMORY;
	if (status != 0) {
		schedule_rollback(schedule);
		return status;
	}
	for (uint32_t i = 0; status == 0 && i < schedule->fresh.count; i++)
		status = check_node(schedule, schedule->fresh.at[i]);
	for (uint32_t i = 0; status == 0 && i < schedule->late.count; i++)
		status = check_node(schedule, schedule->edges[schedule->late.at[i]].dependent);
	return status;
}

/* --- priorities --- */

/* Those whose deps are to become more urgent, first in, first out; each is in it once, so that there is room. */
struct queue {
	uint32_t *at; /* room for every node */
	uint32_t size;
	uint32_t first;
	uint32_t count;
	int in_order; /* fresh nodes are looked at anyway */
};

static void
put(struct schedule *schedule, struct queue *queue, uint32_t id)
{
	if ((schedule->nodes[id].flags & NODE_QUEUED) != 0)
		return;
	schedule->nodes[id].flags |= NODE_QUEUED;
	queue->at[(queue->first + queue->count++) % queue->size] = id;
}

static uint32_t
get(struct schedule *schedule, struct queue *queue)
{
	uint32_t id = queue->at[queue->first];

	queue->first = (queue->first + 1) % queue->size;
	queue->count--;
	schedule->nodes[id].flags &= (uint8_t)~NODE_QUEUED;
	return id;
}

/* One that is parked is looked at again, because it may now be the first there. */
static int
raise_node(struct schedule *schedule, uint32_t id, uint64_t above)
{
	struct node *node = &schedule->nodes[id];
	int is_parked = node->state == NODE_PARKED;
	int in_heap = is_parked || node->state == NODE_READY || node->state == NODE_HELD;

	if (!schedule_is_unfinished(node->state) || above + node->weight <= node->link.priority ||
		(in_heap && schedule->random != 0))
		return 0;
	if (in_heap)
		schedule_withdraw(schedule, id);
	node->link.priority = above + node->weight;
	if (node->state == NODE_HELD)
		heap_push(schedule->nodes, &schedule->waves[node->wave].held, id);
	else if (in_heap)
		schedule_enqueue(schedule, id);
	return 1;
}

/* What a node needs is as urgent as the node. */
static void
raise_deps(struct schedule *schedule, struct queue *queue, uint32_t id)
{
	const struct node *node = &schedule->nodes[id];
	uint32_t at;

	for (at = node->deps; at != SCHEDULE_NONE; at = schedule->edges[at].next_dep) {
		uint32_t dep = schedule->edges[at].dep;

		if (again_holds(schedule, &schedule->edges[at]) &&
			raise_node(schedule, dep, node->link.priority) &&
			(!queue->in_order || !is_fresh(schedule, dep)))
			put(schedule, queue, dep);
	}
}

static struct queue
queue_of(struct schedule *schedule)
{
	return (struct queue){ .at = schedule->stack.at, .size = schedule->n_nodes };
}

void
schedule_raise(struct schedule *schedule, uint32_t id)
{
	struct queue queue = queue_of(schedule);

	if (schedule->stack.capacity < schedule->n_nodes)
		return; /* nodes were added since the last commit: their order is not that important */
	for (put(schedule, &queue, id); queue.count != 0;)
		raise_deps(schedule, &queue, get(schedule, &queue));
}

/* Fresh nodes from the last to the first, so that each is looked at when its own priority is known; then older ones. */
static void
set_priorities(struct schedule *schedule)
{
	struct queue queue = queue_of(schedule);

	for (uint32_t i = 0; i < schedule->fresh.count; i++) {
		struct node *node = &schedule->nodes[schedule->fresh.at[i]];

		node->link.priority = node->weight;
	}
	queue.in_order = 1;
	for (uint32_t i = schedule->fresh.count; i-- > 0;)
		raise_deps(schedule, &queue, schedule->fresh.at[i]);
	queue.in_order = 0;
	for (uint32_t i = 0; i < schedule->late.count; i++)
		put(schedule, &queue, schedule->edges[schedule->late.at[i]].dependent);
	while (queue.count != 0)
		raise_deps(schedule, &queue, get(schedule, &queue));
}

/* --- count --- */

/* A late edge can put nodes behind a barrier that were not. */
static void
move_behind(struct schedule *schedule, uint32_t id)
{
	uint32_t *stack = schedule->stack.at, top = 0;

	if ((schedule->nodes[id].flags & NODE_BEHIND) != 0)
		return;
	schedule->nodes[id].flags |= NODE_BEHIND;
	for (stack[top++] = id; top != 0;) {
		const struct node *node = &schedule->nodes[stack[--top]];
		struct wave *wave = &schedule->waves[node->wave];

		if (--wave->ahead == 0)
			schedule_release(schedule, wave);
		for (uint32_t at = node->dependents; at != SCHEDULE_NONE;
			at = schedule->edges[at].next_dependent) {
			const struct edge *edge = &schedule->edges[at];
			struct node *next = &schedule->nodes[edge->dependent];

			if (edge->kind <= EDGE_SOFT && again_holds(schedule, edge) &&
				schedule_is_unfinished(next->state) &&
				(next->flags & NODE_BEHIND) == 0) {
				next->flags |= NODE_BEHIND;
				stack[top++] = edge->dependent;
			}
		}
	}
}

/* A dep of a node that is wanted: 1 if the node has to wait for it.  One that has failed counts for ever, until `release`. */
static int
count_dep(struct schedule *schedule, uint32_t id, const struct edge *edge)
{
	struct node *node = &schedule->nodes[id];
	const struct node *dep = &schedule->nodes[edge->dep];
	int unfinished = schedule_is_unfinished(dep->state);
	int failed = !unfinished && dep->state != NODE_DONE && edge->kind == EDGE_HARD &&
		(node->flags & NODE_ALWAYS) == 0;

	if (failed)
		node->root = dep->state == NODE_CANCELED ? dep->root : edge->dep;
	if (unfinished || failed)
		node->blocked++;
	return unfinished;
}

static void
count_node(struct schedule *schedule, uint32_t id)
{
	struct node *node = &schedule->nodes[id];
	struct wave *wave = &schedule->waves[node->wave];

	node->blocked = 0;
	node->root = SCHEDULE_NONE;
	node->flags &= (uint8_t)~NODE_BEHIND;
	if ((node->flags & NODE_BARRIER) != 0)
		node->flags |= NODE_BEHIND;
	for (uint32_t at = node->deps; at != SCHEDULE_NONE; at = schedule->edges[at].next_dep) {
		const struct edge *edge = &schedule->edges[at];

		if (edge->kind <= EDGE_SOFT && count_dep(schedule, id, edge))
			node->flags |= schedule->nodes[edge->dep].flags & NODE_BEHIND;
	}
	schedule->unfinished++;
	wave->unfinished++;
	wave->ahead += (node->flags & NODE_BEHIND) == 0;
	if (wave->rank < schedule->first)
		schedule->first = wave->rank;
}

static int
needs_behind(const struct schedule *schedule, const struct edge *edge)
{
	return edge->kind <= EDGE_SOFT && (schedule->nodes[edge->dep].flags & NODE_BEHIND) != 0 &&
		schedule_is_unfinished(schedule->nodes[edge->dep].state);
}

void
schedule_look_behind(struct schedule *schedule, uint32_t id)
{
	uint32_t at = schedule->nodes[id].deps;

	while (at != SCHEDULE_NONE && !needs_behind(schedule, &schedule->edges[at]))
		at = schedule->edges[at].next_dep;
	if (at != SCHEDULE_NONE)
		move_behind(schedule, id);
}

/* A node that was wanted before has a dep more. */
static void
count_late(struct schedule *schedule, const struct edge *edge)
{
	struct node *node = &schedule->nodes[edge->dependent];

	if (node->state == NODE_RUNNING)
		again_count(schedule, edge->dependent);
	else if (count_dep(schedule, edge->dependent, edge) || node->root != SCHEDULE_NONE) {
		schedule_withdraw(schedule, edge->dependent);
		if (node->state != NODE_BLOCKED) {
			node->state = NODE_BLOCKED;
			lock_wake(schedule, edge->dependent);
		}
	}
	/* Of one that runs it is not known which edge is new. */
	if (node->state == NODE_RUNNING)
		schedule_look_behind(schedule, edge->dependent);
	else if (needs_behind(schedule, edge))
		move_behind(schedule, edge->dependent);
}

/* Now that all are counted. */
static void
release(struct schedule *schedule, uint32_t id)
{
	const struct node *node = &schedule->nodes[id];

	if (node->state != NODE_BLOCKED)
		return;
	if (node->root != SCHEDULE_NONE)
		schedule_cancel(schedule, id, node->root);
	else if (node->blocked == 0)
		schedule_come(schedule, id);
}

/* Nothing starts any more: what was wanted now is idle again. */
static int
refuse(struct schedule *schedule)
{
	for (uint32_t i = 0; i < schedule->fresh.count; i++)
		if (schedule->nodes[schedule->fresh.at[i]].was == NODE_IDLE)
			schedule_settle(schedule, schedule->fresh.at[i]);
	schedule_rollback(schedule);
	return 0;
}

int
schedule_commit(struct schedule *schedule)
{
	int status;

	if (schedule->stopped)
		return refuse(schedule);
	status = check(schedule);
	if (status != 0)
		return status;
	set_priorities(schedule);
	for (uint32_t i = 0; i < schedule->fresh.count; i++)
		count_node(schedule, schedule->fresh.at[i]);
	for (uint32_t i = 0; i < schedule->fresh.count; i++)
		schedule->nodes[schedule->fresh.at[i]].state = NODE_BLOCKED;
	again_commit(schedule);
	for (uint32_t i = 0; i < schedule->late.count; i++)
		count_late(schedule, &schedule->edges[schedule->late.at[i]]);
	needs_commit(schedule);
	for (uint32_t i = 0; i < schedule->fresh.count; i++)
		release(schedule, schedule->fresh.at[i]);
	for (uint32_t i = 0; i < schedule->late.count; i++)
		release(schedule, schedule->edges[schedule->late.at[i]].dependent);
	for (uint32_t i = 0; i < schedule->changed.count; i++)
		release(schedule, schedule->edges[schedule->changed.at[i]].dependent);
	if (schedule->barriers != 0)
		lock_review(schedule);
	schedule->fresh.count = schedule->late.count = schedule->changed.count = 0;
	schedule->committed = schedule->n_edges;
	return 0;
}

/* --- waits --- */

/* In its wave what is behind a barrier begins when everything else has ended. */
static int
is_held_up_by(const struct schedule *schedule, uint32_t target, uint32_t id)
{
	const struct node *node = &schedule->nodes[id], *other = &schedule->nodes[target];

	return node->wave == other->wave && (other->flags & NODE_BEHIND) != 0 &&
		(node->flags & NODE_BEHIND) == 0;
}

/* One that runs again and again does not get more edges each time. */
static uint32_t
find_over(const struct schedule *schedule, uint32_t id, uint32_t target)
{
	uint32_t at = schedule->reruns ? schedule->nodes[id].deps : SCHEDULE_NONE;

	while (at != SCHEDULE_NONE &&
		(schedule->edges[at].dep != target || schedule->edges[at].kind != EDGE_OVER ||
			schedule->edges[at].asked))
		at = schedule->edges[at].next_dep;
	return at;
}

int
schedule_wait(struct schedule *schedule, uint32_t id, uint32_t target, uint32_t *edge)
{
	const struct node *node = &schedule->nodes[id], *other = &schedule->nodes[target];

	*edge = SCHEDULE_NONE;
	if (!schedule_is_unfinished(other->state))
		return 0;
	if (other->link.wave > node->link.wave)
		return fault(schedule, FAULT_WAVE, id, target);
	if (is_held_up_by(schedule, target, id))
		return fault(schedule, FAULT_BARRIER, id, target);
	if (cycle_reserve(schedule) != 0)
		return fault(schedule, FAULT_MEMORY, id, target);
	if (cycle_reach(schedule, target, id))
		return FAULT_CYCLE;
	*edge = find_over(schedule, id, target);
	if (*edge == SCHEDULE_NONE) {
		if (add_edge(schedule, id, target, EDGE_WAIT) != 0)
			return fault(schedule, FAULT_MEMORY, id, target);
		schedule->committed = schedule->n_edges;
		*edge = schedule->n_edges - 1;
	}
	schedule->edges[*edge].kind = EDGE_WAIT;
	schedule_raise(schedule, id);
	return 0;
}

void
schedule_wait_over(struct schedule *schedule, uint32_t edge)
{
	if (edge != SCHEDULE_NONE)
		schedule->edges[edge].kind = EDGE_OVER;
}
