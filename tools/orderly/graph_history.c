/* What is known of earlier runs: why procs would run; and what people say of it. */
#include "graph.h"

#include <stdio.h>
#include <string.h>

#include "complain.h"

static int
complain_graph(const struct graph_call *call, int status)
{
	complain("%s", ord_graph_error(call->graph));
	return status == ORD_ENOMEM || status == ORD_ESYSTEM || status == ORD_ETIMEDOUT
		? GRAPH_TROUBLE
		: GRAPH_FAILED;
}

void
graph_warnings(const struct graph_call *call)
{
	const char *warning = ord_graph_warning(call->graph);

	if (*warning != '\0')
		complain("%s", warning);
}

/* --- why --- */

static bool
is_named(const struct graph_call *call, const char *name)
{
	for (size_t i = 0; i < call->n_arguments; i++)
		if (graph_matches(call->arguments[i], name))
			return true;
	return call->n_arguments == 0;
}

/* All reasons of what was named, of what else would run the first one. */
static void
show_reasons(const struct graph_call *call, const struct ord_proc *proc)
{
	bool named = is_named(call, ord_proc_name(proc));
	const char *reason = ord_proc_reason(proc, 0);

	switch (ord_proc_state(proc)) {
	case ORD_PROC_UP_TO_DATE:
		if (named)
			printf("%s: up to date\n", ord_proc_name(proc));
		return;
	case ORD_PROC_SUCCEEDED:
		printf("%s: runs%s%s\n", ord_proc_name(proc), !named && reason != NULL ? ": " : "",
			!named && reason != NULL ? reason : "");
		for (uint32_t i = 0; named && reason != NULL; reason = ord_proc_reason(proc, ++i))
			printf("  %s\n", reason);
		return;
	case ORD_PROC_FAILED: printf("%s: %s\n", ord_proc_name(proc), ord_proc_error(proc)); return;
	default: return;
	}
}

int
graph_why(struct graph_call *call)
{
	const struct ord_proc *proc = NULL;
	int status = graph_plan(call);

	if (status != 0)
		return status;
	status = ord_graph_wait_all(call->graph);
	if (status != ORD_OK && status != ORD_EFAILED)
		return complain_graph(call, status);
	while ((proc = ord_graph_next(call->graph, proc)) != NULL)
		show_reasons(call, proc);
	graph_warnings(call);
	return status == ORD_OK ? 0 : GRAPH_FAILED;
}

/* --- touch, forget --- */

static int
for_each(struct graph_call *call, int (*act)(struct ord_graph *graph, const char *pattern))
{
	int status = ORD_OK;

	for (size_t i = 0; i < call->n_arguments && status == ORD_OK; i++)
		status = act(call->graph, call->arguments[i]);
	graph_warnings(call);
	return status == ORD_OK ? 0 : complain_graph(call, status);
}

int
graph_touch(struct graph_call *call)
{
	return for_each(call, ord_graph_touch);
}

int
graph_forget(struct graph_call *call)
{
	return for_each(call, ord_graph_forget);
}
