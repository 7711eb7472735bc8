/*
 * Nodes that are wanted again (watch).  Who has ended is counted anew with the
 * edges that it has; who needs it and is wanted by now gets these edges a
 * second time, as late ones.  Who runs is only marked: what it has to wait for
 * is counted while it runs, and looked at when it ends.
 */
#include "graph/schedule/schedule.h"

int
again_holds(const struct schedule *schedule, const struct edge *edge)
{
	const struct node *node = &schedule->nodes[edge->dependent];

	if (edge->kind > EDGE_SOFT)
		return edge->kind == EDGE_WAIT;
	return node->state != NODE_RUNNING || (node->flags & NODE_AGAIN) != 0;
}

/* --- gather --- */

static int
push_late(struct schedule *schedule, uint32_t edge)
{
	return numbers_push(&schedule->late, edge) == 0 ? 0 : FAULT_MEMORY;
}

/* One that runs: it has a first edge, or nothing to wait for. */
static int
mark_running(struct schedule *schedule, uint32_t id, int lazily)
{
	struct node *node = &schedule->nodes[id];

	node->flags |= NODE_AGAIN;
	if (lazily)
		node->flags |= NODE_LAZY;
	node->blocked = 0;
	node->root = SCHEDULE_NONE;
	return numbers_push(&schedule->again, id) == 0 ? 0 : FAULT_MEMORY;
}

/* 0 or a fault; *further: those that need it are to be touched. */
static int
touch(struct schedule *schedule, uint32_t id, int lazily, int *further)
{
	struct node *node = &schedule->nodes[id];

	*further = 0;
	if (node->state == NODE_IDLE)
		return 0;
	if (node->state == NODE_RUNNING && (node->flags & NODE_AGAIN) == 0)
		return mark_running(schedule, id, lazily);
	if (!schedule_is_end(node->state)) {
		if (!lazily)
			node->flags &= (uint8_t)~NODE_LAZY;
		return numbers_push(&schedule->touched, id) == 0 ? 0 : FAULT_MEMORY;
	}
	if (numbers_push(&schedule->fresh, id) != 0)
		return FAULT_MEMORY;
	node->was = node->state;
	node->news = 0;
	node->state = NODE_FRESH;
	node->link.priority = 0;
	/* What was canceled has not run. */
	if (lazily && node->was != NODE_CANCELED)
		node->flags |= NODE_LAZY;
	*further = 1;
	return 0;
}

int
schedule_again(struct schedule *schedule, uint32_t id)
{
	uint32_t at = schedule->fresh.count;
	int further, status = touch(schedule, id, 0, &further);

	schedule->reruns = 1;
	for (; status == 0 && further && at < schedule->fresh.count; at++) {
		uint32_t edge = schedule->nodes[schedule->fresh.at[at]].dependents;
		int more;

		for (; status == 0 && edge != SCHEDULE_NONE;
			edge = schedule->edges[edge].next_dependent)
			if (schedule->edges[edge].kind == EDGE_HARD)
				status = touch(schedule, schedule->edges[edge].dependent, 1, &more);
	}
	if (status != 0)
		schedule_rollback(schedule);
	return status;
}

/* Those that need a node, are wanted, and were not gathered with it. */
static int
gather_dependents(struct schedule *schedule, uint32_t id)
{
	int status = 0;

	for (uint32_t at = schedule->nodes[id].dependents; status == 0 && at != SCHEDULE_NONE;
		at = schedule->edges[at].next_dependent) {
		const struct edge *edge = &schedule->edges[at];
		int state = schedule->nodes[edge->dependent].state;

		if (edge->kind <= EDGE_SOFT && again_holds(schedule, edge) &&
			schedule_is_unfinished(state) && state != NODE_FRESH &&
			at < schedule->committed)
			status = push_late(schedule, at);
	}
	return status;
}

int
again_gather(struct schedule *schedule)
{
	int status = 0;

	for (uint32_t i = 0; status == 0 && i < schedule->again.count; i++) {
		const struct node *node = &schedule->nodes[schedule->again.at[i]];

		if (node->deps != SCHEDULE_NONE)
			status = push_late(schedule, node->deps);
	}
	for (uint32_t i = 0; status == 0 && i < schedule->fresh.count; i++)
		if (schedule->nodes[schedule->fresh.at[i]].was != NODE_IDLE)
			status = gather_dependents(schedule, schedule->fresh.at[i]);
	return status;
}

void
again_take_back(struct schedule *schedule, uint32_t id)
{
	struct node *node = &schedule->nodes[id];

	node->state = node->was;
	node->flags &= (uint8_t)~NODE_LAZY;
}

/* --- commit --- */

static void
find_first_failed(struct schedule *schedule)
{
	schedule->first_failed = SCHEDULE_NONE;
	for (uint32_t id = schedule->n_nodes; id-- > 0;)
		if (schedule->nodes[id].state == NODE_FAILED)
			schedule->first_failed = id;
}

void
again_mend(struct schedule *schedule, uint32_t id)
{
	if (schedule->nodes[id].state != NODE_FAILED)
		return;
	schedule->failures--;
	schedule->nodes[id].state = NODE_IDLE;
	if (schedule->first_failed == id)
		find_first_failed(schedule);
}

/* What failed before is none of the failures any more. */
void
again_commit(struct schedule *schedule)
{
	int lost = 0;

	for (uint32_t i = 0; i < schedule->fresh.count; i++)
		if (schedule->nodes[schedule->fresh.at[i]].was == NODE_FAILED) {
			schedule->failures--;
			lost |= schedule->first_failed == schedule->fresh.at[i];
		}
	schedule->again.count = schedule->touched.count = 0;
	if (lost)
		find_first_failed(schedule);
}

void
again_count(struct schedule *schedule, uint32_t id)
{
	struct node *node = &schedule->nodes[id];

	node->blocked = 0;
	node->root = SCHEDULE_NONE;
	for (uint32_t at = node->deps; at != SCHEDULE_NONE; at = schedule->edges[at].next_dep) {
		const struct edge *edge = &schedule->edges[at];
		const struct node *dep = &schedule->nodes[edge->dep];

		if (edge->kind > EDGE_SOFT || dep->state == NODE_DONE)
			continue;
		if (schedule_is_unfinished(dep->state))
			node->blocked++;
		else if (edge->kind == EDGE_HARD && (node->flags & NODE_ALWAYS) == 0)
			node->root = dep->state == NODE_CANCELED ? dep->root : edge->dep;
	}
}

/* --- ends --- */

/* Those that need it have not seen how this run ended: what is new stays new. */
static void
keep_news(struct node *node, int state, int news)
{
	node->news |= news || state != NODE_DONE || node->was != NODE_DONE;
	node->was = (uint8_t)state;
}

int
again_end(struct schedule *schedule, uint32_t id, int state, int news)
{
	struct node *node = &schedule->nodes[id];
	int was_again = (node->flags & NODE_AGAIN) != 0;

	/* What it needs may have become unfinished, in order only, while it ran. */
	again_count(schedule, id);
	if (state == NODE_PAUSED)
		node->flags &= (uint8_t)~NODE_LAZY;
	node->flags &= (uint8_t)~NODE_AGAIN;
	if (node->blocked == 0 && node->root == SCHEDULE_NONE &&
		((node->flags & NODE_LAZY) != 0 || !was_again)) {
		node->flags &= (uint8_t)~NODE_LAZY;
		return 0;
	}
	if (state != NODE_PAUSED)
		keep_news(node, state, news);
	if (node->root != SCHEDULE_NONE) {
		lock_give_back(schedule, id);
		schedule_cancel(schedule, id, node->root);
		return 1;
	}
	node->state = NODE_BLOCKED;
	schedule_look_behind(schedule, id);
	lock_give_back(schedule, id);
	if (node->blocked == 0)
		schedule_make_ready(schedule, id);
	else if (!was_again)
		schedule_raise(schedule, id);
	return 1;
}

int
schedule_is_due(const struct schedule *schedule, uint32_t id)
{
	const struct node *node = &schedule->nodes[id];

	return node->state == NODE_RUNNING && (node->flags & NODE_AGAIN) != 0 &&
		(node->flags & NODE_LAZY) == 0 && node->blocked == 0 && node->root == SCHEDULE_NONE;
}

void
schedule_forgo(struct schedule *schedule, uint32_t id)
{
	schedule->nodes[id].flags &= (uint8_t) ~(NODE_AGAIN | NODE_LAZY);
}
