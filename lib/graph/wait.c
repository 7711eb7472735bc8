/* Calls that wait: for procs, for locks, for all. */
#include <string.h>

#include "graph/graph.h"

static int
find_all(struct ord_graph *graph, const char *const *names)
{
	int status = ORD_OK;

	if (names == NULL)
		return error_set(&graph->error, ORD_EINVAL, "names is NULL");
	graph->found.count = 0;
	for (; status == ORD_OK && *names != NULL; names++)
		status = registry_find(graph, *names);
	return status;
}

static int
say_failed(struct ord_graph *graph, const struct ord_proc *proc)
{
	return error_set(&graph->error, ORD_EFAILED, "%s did not end well: %.800s", proc->name,
		ord_proc_error(proc));
}

/* graph->found stays as it is while the graph moves: what is found meanwhile lies behind it. */
static int
wait_for_found(struct ord_graph *graph)
{
	uint32_t count = graph->found.count;
	const struct ord_proc *failed = NULL;
	int status = ORD_OK;

	for (uint32_t i = 0; i < count; i++) {
		const struct ord_proc *proc = graph->procs[graph->found.at[i]];
		const struct node *node;

		while (node = &graph->schedule.nodes[proc->node],
			status == ORD_OK && !graph->destroy && schedule_is_unfinished(node->state))
			status = run_move(graph, -1);
		if (status != ORD_OK || graph->destroy)
			return status;
		if (node->state == NODE_IDLE && proc->cause != ORD_CAUSE_STOPPED)
			return error_set(&graph->error, ORD_EINVAL,
				"%s is not wanted by anybody: start it first", proc->name);
		if (failed == NULL && node->state != NODE_DONE)
			failed = proc;
	}
	if (atomic_load(&graph->interrupts) != 0)
		return run_to_end(graph);
	return failed != NULL ? say_failed(graph, failed) : ORD_OK;
}

/* Wait for these; want: they become wanted first. */
static int
wait_for(struct ord_graph *graph, const char *const *names, int want)
{
	int status = graph_enter(graph);

	if (status != ORD_OK)
		return status;
	status = find_all(graph, names);
	if (want && status == ORD_OK)
		status = plan_want(graph, 0);
	if (want && status == ORD_OK)
		status = find_all(graph, names);
	if (want)
		run_take_settled(graph); /* a graph that was stopped wants nothing more */
	if (status == ORD_OK)
		status = wait_for_found(graph);
	graph->found.count = 0;
	return graph_leave(graph, status);
}

int
ord_graph_wait(struct ord_graph *graph, const char *const *names)
{
	return wait_for(graph, names, 0);
}

int
ord_graph_run(struct ord_graph *graph, const char *const *names)
{
	return wait_for(graph, names, 1);
}

int
ord_graph_wait_locks(struct ord_graph *graph, const char *const *locks)
{
	int status = graph_enter(graph);

	if (status != ORD_OK)
		return status;
	if (locks == NULL)
		return graph_leave(graph, error_set(&graph->error, ORD_EINVAL, "locks is NULL"));
	for (; *locks != NULL && status == ORD_OK; locks++) {
		uint32_t lock = registry_lock(graph, *locks, strlen(*locks));

		if (lock == SCHEDULE_NONE)
			status = error_memory(&graph->error);
		while (status == ORD_OK && !graph->destroy && graph->schedule.locks[lock].used != 0)
			status = run_move(graph, -1);
	}
	return graph_leave(graph, status);
}

int
ord_graph_wait_all(struct ord_graph *graph)
{
	int status = graph_enter(graph);

	if (status != ORD_OK)
		return status;
	while (status == ORD_OK && !graph->destroy && graph->schedule.unfinished != 0)
		status = run_move(graph, -1);
	if (status == ORD_OK && atomic_load(&graph->interrupts) != 0)
		status = run_to_end(graph);
	if (status == ORD_OK && graph->schedule.failures != 0)
		status = say_failed(graph, graph->procs[graph->schedule.first_failed]);
	return graph_leave(graph, status);
}
