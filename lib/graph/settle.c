/* Ends as they are told: of procs that ran, and of those that did not have to or may not any more. */
#include <stdio.h>

#include "graph/graph.h"
#include "graph/increment.h"
#include "graph/waiting.h"

void
run_tell_end(struct ord_graph *graph, struct ord_proc *proc)
{
	waiting_ended(graph, proc);
	run_tell(graph, ORD_PROC_EVENT_ENDED, proc);
	/* It ran when the last that needed it did not any more. */
	if (proc->left && numbers_push(&graph->schedule.dropped, proc->node) == 0)
		plan_let_go(graph);
}

void
run_say_wanted(struct ord_graph *graph, struct ord_proc *proc)
{
	if (!proc->unsaid)
		return;
	proc->unsaid = 0;
	run_tell(graph, ORD_PROC_EVENT_WANTED, proc);
}

static void
settle(struct ord_graph *graph, struct ord_proc *proc)
{
	const struct node *node = &graph->schedule.nodes[proc->node];
	char why[200];

	if (node->state == NODE_CANCELED) {
		snprintf(
			why, sizeof why, "canceled: %.150s failed", graph->procs[node->root]->name);
		verdict_set(proc, ORD_CAUSE_DEP, why);
	} else if (proc->left) {
		verdict_clear(proc);
	} else {
		verdict_set(proc, ORD_CAUSE_STOPPED, "not started: the graph was stopped before");
	}
	proc->left = 0;
	increment_drop(graph, proc);
	run_say_wanted(graph, proc);
	run_tell_end(graph, proc);
}

void
run_take_settled(struct ord_graph *graph)
{
	uint32_t id;

	while ((id = schedule_settled(&graph->schedule)) != SCHEDULE_NONE) {
		struct ord_proc *proc = graph->procs[id];
		int state = graph->schedule.nodes[id].state;

		if (state == NODE_CANCELED || state == NODE_IDLE) {
			settle(graph, proc);
			continue;
		}
		/* Nothing that it needs had news: it is as it was. */
		proc->unsaid = 0;
		waiting_ended(graph, proc);
	}
}

int
run_has_news(const struct ord_graph *graph, struct ord_proc *proc)
{
	uint64_t told = proc->told;

	if (graph->history == NULL)
		return proc->cause != ORD_CAUSE_NO_CHANGE && proc->cause != ORD_CAUSE_SKIPPED;
	proc->told = proc->version;
	return proc->version == 0 || proc->version != told;
}
