/*
 * What reaches procs that run from outside: a signal, an end, a halt.  The pool
 * does it; here it is found out for whom, and the time of a halt is taken out
 * of pauses and durations.
 */
#include <signal.h>

#include "base/clock.h"
#include "graph/graph.h"

static int
enter(struct ord_graph *graph)
{
	int status = graph_may_change(graph);

	if (status != ORD_OK)
		return status;
	return *graph->alive != 0
		? ORD_OK
		: error_set(&graph->error, ORD_EFORKED,
			  "this graph belongs to the process that made it: a forked child cannot reach what runs");
}

static struct ord_proc *
find_running(const struct ord_graph *graph, const struct ord_proc *wanted)
{
	struct ord_proc *proc = graph->running[wanted->sequence % GRAPH_BUCKETS];

	while (proc != NULL && proc != wanted)
		proc = proc->next_running;
	return proc;
}

/* --- signals --- */

static int
signal_one(struct ord_graph *graph, const struct ord_proc *proc, int number)
{
	int status = ord_pool_signal(graph->pool, proc->sequence, number);

	return status == ORD_OK ? ORD_OK
				: error_set(&graph->error, status, "%s: %s", proc->name,
					  ord_pool_error(graph->pool));
}

/* Who has the terminal gets from it what all others get from us. */
static int
is_reached(const struct ord_proc *proc)
{
	return definition_is_command(proc->definition) && !proc->definition->terminal;
}

int
ord_graph_signal(struct ord_graph *graph, const struct ord_proc *proc, int number)
{
	int status = enter(graph);

	if (status != ORD_OK)
		return status;
	if (number < 1 || number > SIGRTMAX || (proc != NULL && proc->graph != graph))
		return error_set(&graph->error, ORD_EINVAL,
			"there is no signal %d, or the proc is of another graph", number);
	if (proc != NULL)
		return find_running(graph, proc) != NULL ? signal_one(graph, proc, number) : ORD_OK;
	for (uint32_t i = 0; i < GRAPH_BUCKETS; i++)
		for (proc = graph->running[i]; proc != NULL && status == ORD_OK;
			proc = proc->next_running)
			if (is_reached(proc))
				status = signal_one(graph, proc, number);
	return status;
}

/* --- ends --- */

void
signals_cancel(struct ord_graph *graph)
{
	for (uint32_t i = 0; i < GRAPH_BUCKETS; i++)
		for (const struct ord_proc *proc = graph->running[i]; proc != NULL;
			proc = proc->next_running)
			(void)ord_pool_cancel(graph->pool, proc->sequence);
}

int
ord_graph_cancel(struct ord_graph *graph, const struct ord_proc *proc)
{
	int status = enter(graph);

	if (status != ORD_OK)
		return status;
	if (proc != NULL && proc->graph != graph)
		return error_set(&graph->error, ORD_EINVAL, "the proc is of another graph");
	if (proc == NULL)
		signals_cancel(graph);
	else if (find_running(graph, proc) != NULL)
		(void)ord_pool_cancel(graph->pool, proc->sequence);
	poll_wake(graph);
	return ORD_OK;
}

/* --- halts --- */

int
ord_graph_suspend(struct ord_graph *graph)
{
	int status = enter(graph);

	if (status != ORD_OK || graph->suspended_ns != 0)
		return status;
	if (graph->pool != NULL && graph->ended == 0)
		status = ord_pool_suspend(graph->pool);
	if (status != ORD_OK)
		return error_set(&graph->error, status, "%s", ord_pool_error(graph->pool));
	graph->suspended_ns = clock_now_ns();
	return ORD_OK;
}

/* As if the time had not passed. */
static void
leave_out(struct ord_graph *graph, uint64_t passed)
{
	for (uint32_t i = 0; i < GRAPH_BUCKETS; i++)
		for (struct ord_proc *proc = graph->running[i]; proc != NULL;
			proc = proc->next_running)
			proc->halted_ns += passed;
	for (uint32_t i = 0; i < graph->paused.count; i++)
		graph->procs[graph->paused.at[i]]->due_ns += passed;
}

int
ord_graph_resume(struct ord_graph *graph)
{
	int status = enter(graph);

	if (status != ORD_OK || graph->suspended_ns == 0)
		return status;
	if (graph->pool != NULL && graph->ended == 0)
		status = ord_pool_resume(graph->pool);
	if (status != ORD_OK)
		return error_set(&graph->error, status, "%s", ord_pool_error(graph->pool));
	leave_out(graph, clock_now_ns() - graph->suspended_ns);
	graph->suspended_ns = 0;
	poll_wake(graph);
	return ORD_OK;
}

uint64_t
signals_due_ns(const struct ord_graph *graph)
{
	uint64_t due_ns = UINT64_MAX;

	for (uint32_t i = 0; graph->suspended_ns == 0 && i < graph->paused.count; i++) {
		uint32_t id = graph->paused.at[i];

		if (graph->schedule.nodes[id].state == NODE_PAUSED &&
			graph->procs[id]->due_ns < due_ns)
			due_ns = graph->procs[id]->due_ns;
	}
	return due_ns;
}

int
signals_hold(struct ord_graph *graph, int timeout_ms)
{
	if (graph->suspended_ns == 0 || timeout_ms >= 0 || atomic_load(&graph->interrupts) > 1)
		return 0;
	error_set(&graph->error, ORD_ESTALLED,
		"the graph is suspended: nothing moves until ord_graph_resume");
	return 1;
}
