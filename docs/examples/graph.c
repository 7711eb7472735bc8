/*
 * A graph of functions and a command: the squares of some numbers, at once and in any order, then their sum, then a
 * command that tells of it.
 */
#include <inttypes.h>
#include <stdio.h>

#include <orderly/graph.h>
#include <orderly/orderly.h>

static int
square(struct ord_task *task, void *user)
{
	int64_t number;
	int status = ord_context_arg_int(task, "number", &number);

	(void)user;
	if (status != 0)
		return status;
	number *= number;
	return ord_task_return(task, &number, sizeof number);
}

static int
add(struct ord_task *task, void *user)
{
	static const char *const names[] = { "square::1", "square::2", "square::3" };
	int64_t sum = 0;
	char text[32];
	int size;

	(void)user;
	for (int i = 0; i < 3; i++) {
		const void *output;
		int status = ord_context_result(task, names[i], &output, NULL);

		if (status != 0)
			return status;
		sum += *(const int64_t *)output;
	}
	size = snprintf(text, sizeof text, "%" PRId64, sum);
	return ord_task_return(task, text, (size_t)size);
}

static int
describe(struct ord_graph *graph)
{
	int status = ord_graph_add(graph,
		&ORD_PROC(.name = "square::[number]", .function = square, .args = ORD_NAMES("number:int"),
			.choices = ORD_CHOICES(&ORD_CHOICE(.arg = "number", .values = ORD_NAMES("1", "2", "3")))));

	if (status == 0)
		status = ord_graph_add(graph,
			&ORD_PROC(.name = "sum", .function = add, .deps = ORD_NAMES("square::*")));
	if (status == 0)
		status = ord_graph_add(graph,
			&ORD_PROC(.name = "show", .shell = "echo \"the [param.what] were added\"", .stdout_result = 1,
				.deps = ORD_NAMES("sum"), .retries = 1, .timeout_ms = 60000));
	return status != 0 ? status : ord_graph_set_param(graph, "what", "squares");
}

int
main(int argc, char **argv)
{
	struct ord_graph *graph;
	int status;

	ord_worker_main(argc, argv);
	status = ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.parallel = 2));
	if (status != 0) {
		fprintf(stderr, "graph: %s\n", ord_strerror(status));
		return 1;
	}
	status = describe(graph);
	if (status == 0)
		status = ord_graph_run(graph, ORD_NAMES("show"));
	if (status == 0) {
		printf("%s: %s\n", "sum", (const char *)ord_proc_output(ord_graph_proc(graph, "sum"), NULL));
		printf("%s", (const char *)ord_proc_output(ord_graph_proc(graph, "show"), NULL));
	} else {
		fprintf(stderr, "graph: %s\n", ord_graph_error(graph));
	}
	ord_graph_destroy(&graph);
	return status != 0;
}
