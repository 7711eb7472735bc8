/*
 * What people say of the history: that procs are to run, that what is there
 * counts as made, that nothing is known.  To touch is a run in which nothing
 * runs: what would have to is recorded as if it had.
 */
#include <string.h>

#include "base/memory.h"
#include "graph/increment.h"

static int
check_pattern(struct ord_graph *graph, const char *pattern)
{
	if (pattern == NULL || *pattern == '\0')
		return error_set(&graph->error, ORD_EINVAL, "the name of procs is missing");
	return ORD_OK;
}

/* A call that changes the database, while nothing runs. */
static int
enter(struct ord_graph *graph, const char *pattern)
{
	int status = graph_enter(graph);

	if (status == ORD_OK)
		status = check_pattern(graph, pattern);
	if (status != ORD_OK)
		return status;
	if (graph->options.dry_run)
		return error_set(&graph->error, ORD_EINVAL,
			"a dry run writes nothing: open the graph without dry_run");
	if (graph->schedule.unfinished != 0)
		return error_set(&graph->error, ORD_EBUSY,
			"procs are wanted or run: wait for them first (ord_graph_wait_all)");
	status = increment_open(graph);
	if (status == ORD_OK && graph->history == NULL)
		status = error_set(&graph->error, ORD_EINVAL,
			"the graph has no database: set the option database");
	return status;
}

/* --- force --- */

int
ord_graph_force(struct ord_graph *graph, const char *pattern)
{
	int status = graph_may_change(graph);

	if (status == ORD_OK)
		status = check_pattern(graph, pattern);
	if (status != ORD_OK)
		return status;
	return texts_add(&graph->forced, pattern) == 0 ? ORD_OK : error_memory(&graph->error);
}

int
touch_is_forced(const struct ord_graph *graph, const struct ord_proc *proc)
{
	const char *pattern = graph->forced.text.bytes;
	struct span name = { proc->name, strlen(proc->name) };

	for (uint32_t i = 0; i < graph->forced.n; i++) {
		struct span glob = { pattern, strlen(pattern) };

		if (glob_match(glob, name))
			return 1;
		pattern += glob.size + 1;
	}
	return 0;
}

/* --- forget --- */

struct search {
	struct span glob;
	struct texts names;
};

static int
add_matching(void *user, const char *name)
{
	struct search *search = user;

	if (!glob_match(search->glob, (struct span){ name, strlen(name) }))
		return 0;
	return texts_add(&search->names, name);
}

int
ord_graph_forget(struct ord_graph *graph, const char *pattern)
{
	struct search search = { 0 };
	const char *name;
	int status = enter(graph, pattern);

	if (status != ORD_OK)
		return status;
	search.glob = (struct span){ pattern, strlen(pattern) };
	if (history_each(graph->history, add_matching, &search) != 0)
		status = error_memory(&graph->error);
	else if (search.names.n == 0)
		status = error_set(&graph->error, ORD_EINVAL,
			"%.300s: of no proc of this name anything is known", pattern);
	name = search.names.text.bytes;
	for (uint32_t i = 0; status == ORD_OK && i < search.names.n; i++) {
		if (history_forget(graph->history, name) != 0)
			status = error_set(
				&graph->error, ORD_ESYSTEM, "%s", history_error(graph->history));
		name += strlen(name) + 1;
	}
	texts_finish(&search.names);
	increment_warn(graph, ORD_OK);
	return status;
}

/* --- touch --- */

static int
say_failed(struct ord_graph *graph, uint32_t from)
{
	for (uint32_t i = from; i < graph->found.count; i++) {
		const struct ord_proc *proc = graph->procs[graph->found.at[i]];
		int state = graph->schedule.nodes[proc->node].state;

		if (state != NODE_DONE)
			return error_set(&graph->error, ORD_EFAILED,
				"%.300s is not as after a run: %.600s", proc->name,
				ord_proc_error(proc));
	}
	return ORD_OK;
}

static int
touch(struct ord_graph *graph, const char *pattern)
{
	int status = registry_find(graph, pattern);

	for (uint32_t i = 0; i < graph->found.count; i++)
		graph->procs[graph->found.at[i]]->touched = 1;
	if (status == ORD_OK)
		status = plan_want(graph, 0);
	if (status != ORD_OK)
		return status;
	graph->touching = 1;
	run_give(graph);
	graph->touching = 0;
	status = registry_find(graph, pattern); /* plan_want has taken them off the list */
	return status == ORD_OK ? say_failed(graph, 0) : status;
}

int
ord_graph_touch(struct ord_graph *graph, const char *pattern)
{
	int status = enter(graph, pattern);

	if (status != ORD_OK)
		return status;
	graph_reset(graph);
	graph->found.count = 0;
	status = touch(graph, pattern);
	graph->found.count = 0;
	for (uint32_t i = 0; i < graph->schedule.n_nodes; i++)
		graph->procs[i]->touched = 0;
	if (graph->schedule.unfinished == 0)
		graph_reset(graph);
	return graph_leave(graph, status);
}
