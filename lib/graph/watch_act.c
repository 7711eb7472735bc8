/*
 * What was noted is wanted again, as one commit: with what stands behind it,
 * with what was stopped before, and with what is needed now by those that are
 * asked again (plan_again.c).
 */
#include "graph/increment.h"
#include "graph/watch.h"

static int
is_seen(const struct ord_graph *graph, const struct ord_proc *proc)
{
	int state = graph->schedule.nodes[proc->node].state;

	return (state == NODE_RUNNING || schedule_is_end(state)) && proc->noted_ns < proc->begun_ns;
}

/* What was stopped is wanted as it was, with the edges that it has. */
static int
want_stopped(struct ord_graph *graph)
{
	struct schedule *schedule = &graph->schedule;
	int fault = 0;

	for (uint32_t id = 0; fault == 0 && id < schedule->n_nodes; id++)
		if (schedule->nodes[id].state == NODE_IDLE &&
			graph->procs[id]->cause == ORD_CAUSE_STOPPED)
			fault = schedule_want(schedule, id);
	return fault;
}

/* 0 or a fault: what was noted is wanted again, unless its last run has seen it. */
static int
want_noted(struct ord_graph *graph)
{
	struct watch *watch = graph->watch;
	int fault = 0;

	for (uint32_t i = 0; i < watch->noted.count; i++) {
		struct ord_proc *proc = graph->procs[watch->noted.at[i]];
		int running = graph->schedule.nodes[proc->node].state == NODE_RUNNING;

		if (fault == 0 && !proc->left && !is_seen(graph, proc) &&
			!(running && watch_busy(graph, proc) == ORD_BUSY_IGNORE))
			fault = schedule_again(&graph->schedule, proc->node);
	}
	return fault;
}

/* Who is wanted by this commit, and whether lazily, as the commit itself may end it. */
static int
keep_fresh(struct ord_graph *graph)
{
	struct watch *watch = graph->watch;
	const struct numbers *fresh = &graph->schedule.fresh;

	watch->fresh.count = 0;
	for (uint32_t i = 0; i < fresh->count; i++) {
		const struct node *node = &graph->schedule.nodes[fresh->at[i]];

		if (numbers_push(&watch->fresh, fresh->at[i]) != 0)
			return FAULT_MEMORY;
		graph->procs[fresh->at[i]]->unsaid = (node->flags & NODE_LAZY) != 0;
	}
	return 0;
}

static void
begin(struct ord_graph *graph)
{
	struct watch *watch = graph->watch;

	if (!watch->active) {
		watch->active = 1;
		watch->generation++;
		run_tell(graph, ORD_GRAPH_EVENT_CHANGED, NULL);
	}
	plan_let_go(graph);
	for (uint32_t i = 0; i < watch->fresh.count; i++) {
		struct ord_proc *proc = graph->procs[watch->fresh.at[i]];

		proc->attempts = 0;
		if (proc->left || graph->schedule.nodes[proc->node].state == NODE_IDLE)
			proc->unsaid = 0;
		else if (!proc->unsaid)
			run_tell(graph, ORD_PROC_EVENT_WANTED, proc);
	}
}

/* One try: nothing of it is left unless it ends well. */
static int
try(struct ord_graph *graph, int stopped)
{
	struct schedule *schedule = &graph->schedule;
	int fault = stopped ? want_stopped(graph) : 0, status;

	graph->watch->tries++;
	if (fault == 0)
		fault = want_noted(graph);
	if (fault != 0)
		return plan_fault(graph, fault);
	status = plan_again(graph);
	if (status != ORD_OK)
		return status;
	fault = keep_fresh(graph);
	if (fault != 0) {
		schedule_rollback(schedule);
		return plan_fault(graph, fault);
	}
	graph->watch->wanted = schedule->fresh.count + schedule->again.count +
		schedule->late.count + schedule->changed.count;
	if (graph->watch->wanted == 0) {
		schedule_rollback(schedule);
		return ORD_OK;
	}
	increment_pass(graph);
	fault = schedule_commit(schedule);
	return fault == 0 ? ORD_OK : plan_again_fault(graph, fault);
}

static void
forget_noted(struct ord_graph *graph)
{
	struct watch *watch = graph->watch;

	for (uint32_t i = 0; i < watch->noted.count; i++)
		graph->procs[watch->noted.at[i]]->noted_ns = 0;
	watch->noted.count = 0;
}

int
watch_act(struct ord_graph *graph)
{
	struct schedule *schedule = &graph->schedule;
	int stopped = schedule->stopped && atomic_load(&graph->interrupts) == 0, status;

	if (stopped)
		schedule_go_on(schedule);
	graph->watch->tried = graph->watch->tries;
	graph->acts++;
	do
		status = try(graph, stopped);
	while (status == PLAN_ANEW);
	forget_noted(graph);
	if (status != ORD_OK || graph->watch->wanted == 0)
		return status;
	begin(graph);
	run_take_settled(graph);
	watch_heed(graph);
	return ORD_OK;
}
