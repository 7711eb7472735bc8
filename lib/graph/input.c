/*
 * Procs that ask a person.  The host gets a number with each question and
 * answers it when it likes; a proc that ends before withdraws its questions.
 */
#include "graph/input.h"

#include <string.h>

#include "graph/graph.h"
#include "graph/waiting.h"

int
input_take(struct ord_graph *graph, const struct speaker *speaker, const char *prompt, int password)
{
	uint64_t question = graph->last_input + 1;
	int status;

	if (graph->options.on_input == NULL)
		return error_set(&graph->error, ORD_ENOTSUP,
			"%s asks '%.200s', and nobody is there to answer", speaker->proc->name,
			prompt);
	status = waiting_for_input(graph, speaker, question);
	if (status != ORD_EAGAIN || graph->error.status == ORD_EAGAIN)
		return status;
	graph->last_input = question;
	graph->callbacks++;
	graph->options.on_input(
		speaker->proc, question, prompt, password, graph->options.on_input_user);
	graph->callbacks--;
	return ORD_EAGAIN;
}

int
ord_graph_answer(struct ord_graph *graph, uint64_t question, const char *text)
{
	int status = graph_may_change(graph);
	static const char nobody[] = "nobody answers";

	if (status != ORD_OK)
		return status;
	if (*graph->alive == 0)
		return error_set(&graph->error, ORD_EFORKED,
			"this graph belongs to the process that made it: a forked child cannot answer");
	status = text != NULL
		? waiting_answer_input(graph, question, ORD_OK, text, strlen(text))
		: waiting_answer_input(graph, question, ORD_EFAILED, nobody, sizeof nobody - 1);
	if (status != 0)
		return error_set(&graph->error, ORD_EINVAL,
			"nobody waits for an answer to question %llu: its proc has ended, or it is answered",
			(unsigned long long)question);
	poll_wake(graph);
	return ORD_OK;
}
