/*
 * Procs that are wanted again, as files have changed, are asked again: what
 * they need and what they read, as far as callbacks or commands say that, or
 * choices that do.
 * Whoever cannot be asked fails when its turn comes, and what it said before
 * stays; the watch goes on.  What nobody needs any more is idle.
 */
#include <string.h>

#include "base/memory.h"
#include "graph/increment.h"
#include "graph/plan.h"
#include "graph/watch.h"

/* --- asking --- */

static int
asks(const struct definition *definition)
{
	for (uint32_t i = 0; i < definition->n_needs; i++)
		if (plan_is_asked(&definition->needs[i]))
			return 1;
	return definition->tracked.n_asked != 0;
}

/* What is paused tries again what it was; whoever could not be asked in an earlier try fails. */
static int
is_to_be_asked(struct ord_graph *graph, struct ord_proc *proc)
{
	const struct node *node = &graph->schedule.nodes[proc->node];

	if (node->state == NODE_PAUSED || !asks(proc->definition) ||
		(node->state == NODE_RUNNING && (node->flags & NODE_AGAIN) == 0) ||
		proc->asked_in == graph->watch->tries)
		return 0;
	if (proc->plight != NULL && proc->asked_in > graph->watch->tried) {
		graph->schedule.nodes[proc->node].flags &= (uint8_t)~NODE_LAZY;
		return 0;
	}
	memory_free(proc->plight);
	proc->plight = NULL;
	proc->asked_in = graph->watch->tries;
	return 1;
}

/* The graph's sentence is why it cannot start. */
static int
blame(struct ord_graph *graph, struct ord_proc *proc)
{
	if (graph->error.status == ORD_ENOMEM)
		return ORD_ENOMEM;
	memory_free(proc->plight);
	proc->plight = memory_copy(graph->error.text, strlen(graph->error.text));
	if (proc->plight == NULL)
		return error_memory(&graph->error);
	error_clear(&graph->error);
	return PLAN_ANEW;
}

static int
ask(struct plan *plan, struct ord_proc *proc)
{
	struct ord_graph *graph = plan->graph;
	int status, differs = 0;

	if (!is_to_be_asked(graph, proc))
		return ORD_OK;
	status = plan_ask(plan, proc);
	if (status == ORD_OK)
		status = plan_look(plan);
	if (status == ORD_OK)
		status = watch_ask(graph, proc, &differs);
	if (differs)
		graph->schedule.nodes[proc->node].flags &= (uint8_t)~NODE_LAZY;
	return status == ORD_OK ? ORD_OK : blame(graph, proc);
}

/* Those of a list, which may grow meanwhile, but by procs that are asked anyway. */
static int
ask_all(struct plan *plan, const struct numbers *list)
{
	uint32_t n = list->count;
	int status = ORD_OK;

	for (uint32_t i = 0; status == ORD_OK && i < n; i++)
		status = ask(plan, plan->graph->procs[list->at[i]]);
	return status;
}

int
plan_again(struct ord_graph *graph)
{
	struct plan plan = { .graph = graph };
	struct schedule *schedule = &graph->schedule;
	int status = ask_all(&plan, &schedule->fresh);

	if (status == ORD_OK)
		status = ask_all(&plan, &schedule->again);
	if (status == ORD_OK)
		status = ask_all(&plan, &schedule->touched);
	if (status != ORD_OK)
		schedule_rollback(schedule);
	plan_finish(&plan);
	return status;
}

/* Those that were asked, and that the fault is about; else all that were asked. */
int
plan_again_fault(struct ord_graph *graph, int fault)
{
	const struct numbers *nodes = &graph->schedule.fault;
	int status = plan_fault(graph, fault), blamed = 0;
	struct error error = graph->error;

	for (uint32_t i = 0; status != ORD_ENOMEM && i < nodes->count; i++) {
		struct ord_proc *proc = graph->procs[nodes->at[i]];

		if (fault == FAULT_LOCK && i != 0)
			break;
		if (proc->asked_in != graph->watch->tries)
			continue;
		graph->error = error;
		status = blame(graph, proc);
		blamed = 1;
	}
	for (uint32_t id = 0; status != ORD_ENOMEM && !blamed && id < graph->schedule.n_nodes; id++)
		if (graph->procs[id]->asked_in == graph->watch->tries) {
			graph->error = error;
			status = blame(graph, graph->procs[id]);
		}
	return status;
}

/* --- letting go --- */

/* It was told that it ended, unless it has not begun: then the schedule tells. */
static void
forget(struct ord_graph *graph, struct ord_proc *proc, int had_ended)
{
	proc->left = !had_ended;
	proc->attempts = 0;
	increment_clear(graph, proc);
	if (!had_ended)
		return;
	verdict_clear(proc);
	run_tell_end(graph, proc);
}

static void
let_go(struct ord_graph *graph, struct ord_proc *proc)
{
	struct schedule *schedule = &graph->schedule;
	const struct node *node = &schedule->nodes[proc->node];
	int had_ended = schedule_is_end(node->state);

	proc->left = 0;
	if (proc->named || node->state == NODE_IDLE || schedule_is_needed(schedule, proc->node))
		return;
	if (node->state != NODE_RUNNING)
		for (uint32_t at = node->deps; at != SCHEDULE_NONE;
			at = schedule->edges[at].next_dep)
			if (schedule->edges[at].kind <= EDGE_SOFT)
				(void)numbers_push(&schedule->dropped, schedule->edges[at].dep);
	if (schedule_leave(schedule, proc->node))
		forget(graph, proc, had_ended);
	else
		proc->left = 1; /* when it has ended */
}

void
plan_let_go(struct ord_graph *graph)
{
	struct numbers *dropped = &graph->schedule.dropped;

	for (uint32_t i = 0; i < dropped->count; i++)
		let_go(graph, graph->procs[dropped->at[i]]);
	dropped->count = 0;
}
