/* What a running proc is told of its deps and inputs since its last success. */
#include "graphs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CTX "\"$ORDERLY\" ctx "

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* The names that are new, separated by commas, and the fingerprint. */
static int
say_changed(struct ord_task *task, void *user)
{
	char text[200] = "";
	const char *names, *digits;
	int status = ord_context_changed_deps(task, &names);

	(void)user;
	for (; status == 0 && *names != '\0'; names += strlen(names) + 1) {
		strcat(text, names);
		strcat(text, ",");
	}
	if (status == 0)
		status = ord_context_fingerprint(task, &digits);
	if (status != 0)
		return status;
	CHECK_EQ(strlen(digits), 32);
	strcat(text, digits);
	return graphs_return(task, text);
}

/* Run all; what function and command say must begin so.  The fingerprint goes to `digits`. */
static void
run_all(const char *database, const char *of_function, const char *of_command, char digits[33])
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2, .with_socket = 1, .database = database));
	const char *text;

	ADD(graph, .name = "a", .shell = "cat a.txt", .stdout_result = 1, .inputs = ORD_NAMES("a.txt"));
	ADD(graph, .name = "b", .shell = "wc -c <b.txt", .stdout_result = 1, .inputs = ORD_NAMES("b.txt"));
	ADD(graph, .name = "soft", .shell = "true");
	ADD(graph, .name = "function", .function = say_changed, .deps = ORD_NAMES("a", "b"), .no_skip = 1,
		.special_deps = ORD_DEPS(&ORD_DEP(.name = "soft", .soft = 1)), .inputs = ORD_NAMES("?.txt"));
	ADD(graph, .name = "command", .deps = ORD_NAMES("b", "a"), .no_skip = 1, .stdout_result = 1, .inputs = ORD_NAMES("?.txt"),
		.shell = "echo \"$ORDERLY_DEPS_CHANGED\" $ORDERLY_CHANGED_DEPS; " CTX "changed-deps; " CTX "fingerprint 2>&1; true");
	if (database == NULL) {
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("function")), ORD_EFAILED, "has no database");
	} else {
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("function")));
		text = graphs_output(graph, "function");
		CHECK(strncmp(text, of_function, strlen(of_function)) == 0 && strlen(text) == strlen(of_function) + 32);
		memcpy(digits, text + strlen(of_function), 33);
	}
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("command")));
	text = graphs_output(graph, "command");
	if (strncmp(text, of_command, strlen(of_command)) != 0)
		fprintf(stderr, "%s---\n", text);
	CHECK(strncmp(text, of_command, strlen(of_command)) == 0);
	if (database != NULL)
		CHECK(strncmp(text + strlen(of_command), digits, 32) == 0);
	ord_graph_destroy(&graph);
}

SCENE(changed, since_the_last_success)
{
	char directory[] = "/tmp/ord-changed-XXXXXX", first[33], now[33], command[60];

	CHECK(mkdtemp(directory) != NULL && chdir(directory) == 0);
	write_file("a.txt", "one\n");
	write_file("b.txt", "one\n");
	run_all("db", "a,b,", "1 b a\nb\na\n", first);
	run_all("db", "", "0\n", now);
	CHECK(strcmp(first, now) == 0);
	write_file("a.txt", "two\n");
	run_all("db", "a,", "1 a\na\n", now);
	CHECK(strcmp(first, now) != 0);
	write_file("b.txt", "two\n"); /* it runs, and its result is the same */
	run_all("db", "", "0\n", now);
	write_file("a.txt", "one\n");
	write_file("b.txt", "one\n");
	run_all("db", "a,", "1 a\na\n", now);
	CHECK(strcmp(first, now) == 0);
	run_all(NULL, "", "1 b a\nb\na\norderly ctx: command has no fingerprint: the graph has no database\n", now);
	CHECK(chdir("/") == 0);
	snprintf(command, sizeof command, "rm -r %s", directory);
	CHECK(system(command) == 0);
}

/* A list that no environment could hold is left out. */
SCENE(changed, too_many_to_be_told)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2));
	static char name[250], list[20][250];
	const char *values[21] = { 0 };

	memset(name, 'x', sizeof name - 10);
	for (int i = 0; i < 20; i++) {
		snprintf(list[i], sizeof list[i], "%.230s%d", name, i);
		values[i] = list[i];
	}
	ADD(graph, .name = "d::[x]::[y]", .choices = ORD_CHOICES(&ORD_CHOICE(.arg = "x", .values = values),
						  &ORD_CHOICE(.arg = "y", .values = values)));
	ADD(graph, .name = "ask", .shell = "echo $ORDERLY_DEPS_CHANGED ${#ORDERLY_CHANGED_DEPS}", .stdout_result = 1,
		.deps = ORD_NAMES("d::*::*"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("ask")));
	CHECK(strcmp(graphs_output(graph, "ask"), "1 0\n") == 0);
	ord_graph_destroy(&graph);
}
