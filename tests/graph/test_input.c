/* Procs that ask a person: functions and commands, answers at once, later, or never. */
#include "graphs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CTX "\"$ORDERLY\" ctx "

/* A person: what is asked, and how it is answered. */
struct person {
	struct ord_graph *graph;
	const char *answers; /* at once; NULL: later, from the test */
	uint64_t question;   /* the last one */
	char prompt[80];
	int password;
	int asked, withdrawn;
};

static void
be_asked(const struct ord_proc *proc, uint64_t question, const char *prompt, int password, void *user)
{
	struct person *person = user;

	CHECK(ord_proc_name(proc)[0] != '\0');
	if (prompt == NULL) {
		CHECK_EQ(question, person->question);
		person->withdrawn++;
		return;
	}
	person->asked++;
	person->question = question;
	person->password = password;
	snprintf(person->prompt, sizeof person->prompt, "%s", prompt);
	if (person->answers != NULL)
		GRAPH_OK(person->graph, ord_graph_answer(person->graph, question, person->answers));
}

static struct ord_graph *
open_graph(struct person *person)
{
	person->graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 1, .with_socket = 1, .on_input = be_asked, .on_input_user = person));
	return person->graph;
}

static int
ask(struct ord_task *task, void *user)
{
	char text[20];
	int status = ord_context_input(task, "Who?", 0, text, sizeof text);

	(void)user;
	return status != 0 ? status : graphs_return(task, text);
}

static int
ask_password(struct ord_task *task, void *user)
{
	char text[8] = "x";
	int status = ord_context_input(task, "Word?", 1, text, sizeof text);

	(void)user;
	CHECK(status == 0 || text[0] == '\0');
	return status != 0 ? status : graphs_return(task, text);
}

static void
add_all(struct ord_graph *graph)
{
	ADD(graph, .name = "function", .function = ask);
	ADD(graph, .name = "password", .function = ask_password);
	ADD(graph, .name = "command", .shell = CTX "input 'Where to?' 2>&1; echo $?", .stdout_result = 1);
	ADD(graph, .name = "secret", .shell = CTX "input --password 'Key?' 2>&1; echo $?", .stdout_result = 1);
	ADD(graph, .name = "other", .shell = "true");
	ADD(graph, .name = "slow", .shell = CTX "input Now?", .timeout_ms = 300);
}

SCENE(input, answered_at_once)
{
	struct person person = { .answers = "it is me" };
	struct ord_graph *graph = open_graph(&person);

	add_all(graph);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("function")));
	CHECK(strcmp(person.prompt, "Who?") == 0 && !person.password);
	CHECK(strcmp(graphs_output(graph, "function"), "it is me") == 0);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("secret")));
	CHECK(strcmp(person.prompt, "Key?") == 0 && person.password);
	CHECK(strcmp(graphs_output(graph, "secret"), "it is me\n0\n") == 0);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("password")), ORD_EFAILED, "longer than there is room");
	person.answers = "";
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("command")));
	CHECK(strcmp(graphs_output(graph, "command"), "\n0\n") == 0);
	CHECK_EQ(person.asked, 4);
	CHECK_EQ(person.withdrawn, 0);
	ord_graph_destroy(&graph);
}

static void
step_until(struct ord_graph *graph, const int *count, int wanted)
{
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; *count < wanted && scene_now_ms() < end;)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	CHECK_EQ(*count, wanted);
}

/* With one slot: who waits for a person lets others run. */
SCENE(input, answered_later)
{
	static const char *const names[] = { "function", "command" };

	for (int i = 0; i < 2; i++) {
		struct person person = { 0 };
		struct ord_graph *graph = open_graph(&person);

		add_all(graph);
		GRAPH_OK(graph, ord_graph_start(graph, names[i]));
		step_until(graph, &person.asked, 1);
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("other")));
		CHECK_EQ(STATE_OF(graph, names[i]), ORD_PROC_RUNNING);
		GRAPH_SAYS(graph, ord_graph_answer(graph, person.question + 1, "no"), ORD_EINVAL, "nobody waits");
		GRAPH_SAYS(graph, ord_graph_answer(graph, 0, "no"), ORD_EINVAL, "nobody waits");
		GRAPH_OK(graph, ord_graph_answer(graph, person.question, "there"));
		GRAPH_SAYS(graph, ord_graph_answer(graph, person.question, "again"), ORD_EINVAL, "nobody waits");
		GRAPH_OK(graph, ord_graph_wait(graph, ORD_NAMES(names[i])));
		CHECK(strncmp(graphs_output(graph, names[i]), "there", 5) == 0);
		ord_graph_destroy(&graph);
	}
}

SCENE(input, never_answered)
{
	struct person person = { 0 };
	struct ord_graph *graph = open_graph(&person);

	add_all(graph);
	GRAPH_OK(graph, ord_graph_start(graph, "function"));
	step_until(graph, &person.asked, 1);
	GRAPH_OK(graph, ord_graph_answer(graph, person.question, NULL));
	GRAPH_SAYS(graph, ord_graph_wait(graph, ORD_NAMES("function")), ORD_EFAILED, "nobody answers");
	GRAPH_OK(graph, ord_graph_start(graph, "command"));
	step_until(graph, &person.asked, 2);
	GRAPH_OK(graph, ord_graph_answer(graph, person.question, NULL));
	GRAPH_OK(graph, ord_graph_wait(graph, ORD_NAMES("command")));
	CHECK(strcmp(graphs_output(graph, "command"), "orderly ctx: nobody answers\n1\n") == 0);

	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("slow")), ORD_EFAILED, "slow did not end well");
	CHECK_EQ(CAUSE_OF(graph, "slow"), ORD_CAUSE_TIMED_OUT);
	CHECK_EQ(person.withdrawn, 1);
	GRAPH_SAYS(graph, ord_graph_answer(graph, person.question, "too late"), ORD_EINVAL, "nobody waits");
	GRAPH_OK(graph, ord_graph_start(graph, "password")); /* and one that is open at the end */
	step_until(graph, &person.asked, 4);
	ord_graph_destroy(&graph);
	CHECK_EQ(person.withdrawn, 1);
}

SCENE(input, nobody_is_there)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.with_socket = 1));

	add_all(graph);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("function")), ORD_EFAILED, "nobody is there to answer");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("command")));
	CHECK(strcmp(graphs_output(graph, "command"),
		      "orderly ctx: command asks 'Where to?', and nobody is there to answer\n3\n") == 0);
	ord_graph_destroy(&graph);
}
