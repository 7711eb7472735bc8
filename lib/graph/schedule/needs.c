/*
 * Edges that come and go while what they are of is wanted again.  An edge that
 * is not needed any more stays in its lists as one that is over, and is the
 * same edge when it is needed once more: so lists do not grow with each change,
 * and what was taken away can be put back as it was.
 */
#include "graph/schedule/schedule.h"

/* --- gather --- */

int
needs_change(struct schedule *schedule, uint32_t at, int kind)
{
	struct edge *edge = &schedule->edges[at];

	if (edge->kind == kind)
		return 0;
	if (kind == EDGE_OVER && numbers_push(&schedule->dropped, edge->dep) != 0)
		return -1;
	if (!edge->changed && numbers_push(&schedule->changed, at) != 0)
		return -1;
	if (!edge->changed)
		edge->was = edge->kind;
	edge->changed = 1;
	edge->kind = (uint8_t)kind;
	return 0;
}

static struct asked_dep *
find(struct asked_dep *deps, uint32_t n, uint32_t dep)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (deps[middle].dep < dep)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && deps[low].dep == dep ? &deps[low] : NULL;
}

/* Edges that are there: needed as before, in another way, again, or not any more.  -1 without memory; *news: not all are as before. */
static int
look_at_edges(struct schedule *schedule, uint32_t id, struct asked_dep *deps, uint32_t n, int *news)
{
	for (uint32_t at = schedule->nodes[id].deps; at != SCHEDULE_NONE;
		at = schedule->edges[at].next_dep) {
		struct edge *edge = &schedule->edges[at];
		struct asked_dep *dep;
		int kind;

		if (!edge->asked)
			continue;
		dep = find(deps, n, edge->dep);
		kind = dep != NULL && !dep->known ? dep->kind : EDGE_OVER;
		if (dep != NULL)
			dep->known = 1;
		*news |= edge->kind != kind;
		if (needs_change(schedule, at, kind) != 0)
			return -1;
	}
	return 0;
}

int
schedule_needs(struct schedule *schedule, uint32_t id, struct asked_dep *deps, uint32_t n)
{
	int news = 0, status = 0;

	if (look_at_edges(schedule, id, deps, n, &news) != 0) {
		schedule_rollback(schedule);
		return FAULT_MEMORY;
	}
	for (uint32_t i = 0; status == 0 && i < n; i++) {
		if (deps[i].known)
			continue;
		news = 1;
		status = schedule_add_edge(schedule, id, deps[i].dep, deps[i].kind);
		if (status == 0)
			schedule->edges[schedule->n_edges - 1].asked = 1;
	}
	if (status == 0 && news)
		schedule->nodes[id].flags &= (uint8_t)~NODE_LAZY;
	return status;
}

/* --- commit --- */

int
needs_gather(struct schedule *schedule)
{
	for (uint32_t i = 0; i < schedule->changed.count; i++) {
		const struct edge *edge = &schedule->edges[schedule->changed.at[i]];

		if (edge->kind != edge->was && edge->kind <= EDGE_SOFT &&
			schedule->nodes[edge->dependent].state != NODE_FRESH &&
			numbers_push(&schedule->late, schedule->changed.at[i]) != 0)
			return FAULT_MEMORY;
	}
	return 0;
}

/* Who waited for what it does not need any more, or was counted late for two reasons, is counted anew. */
void
needs_commit(struct schedule *schedule)
{
	for (uint32_t i = 0; i < schedule->changed.count; i++) {
		struct edge *edge = &schedule->edges[schedule->changed.at[i]];
		struct node *node = &schedule->nodes[edge->dependent];
		int waits = node->state == NODE_BLOCKED ||
			(node->state == NODE_RUNNING && (node->flags & NODE_AGAIN) != 0);

		if (waits && edge->changed && edge->kind != edge->was) {
			again_count(schedule, edge->dependent);
			/* What has failed counts for ever, until `release`. */
			node->blocked += node->state == NODE_BLOCKED && node->root != SCHEDULE_NONE;
		}
		edge->changed = 0;
	}
}

void
needs_take_back(struct schedule *schedule)
{
	for (uint32_t i = 0; i < schedule->changed.count; i++) {
		struct edge *edge = &schedule->edges[schedule->changed.at[i]];

		edge->kind = edge->was;
		edge->changed = 0;
	}
	schedule->changed.count = schedule->dropped.count = 0;
}

/* --- who is needed --- */

int
schedule_is_needed(const struct schedule *schedule, uint32_t id)
{
	for (uint32_t at = schedule->nodes[id].dependents; at != SCHEDULE_NONE;
		at = schedule->edges[at].next_dependent)
		if (schedule->edges[at].kind != EDGE_OVER &&
			schedule->nodes[schedule->edges[at].dependent].state != NODE_IDLE)
			return 1;
	return 0;
}

int
schedule_leave(struct schedule *schedule, uint32_t id)
{
	struct node *node = &schedule->nodes[id];

	if (node->state == NODE_RUNNING) {
		schedule_forgo(schedule, id);
		return 0;
	}
	for (uint32_t at = node->deps; at != SCHEDULE_NONE; at = schedule->edges[at].next_dep)
		schedule->edges[at].kind = EDGE_OVER;
	again_mend(schedule, id);
	if (schedule_is_unfinished(node->state)) {
		schedule_withdraw(schedule, id);
		schedule_put_back(schedule, id);
		lock_wake(schedule, id);
	}
	node->state = NODE_IDLE;
	return 1;
}
