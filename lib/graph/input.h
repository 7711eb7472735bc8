/* Procs that ask a person: .on_input of the graph, and ord_graph_answer. */
#ifndef GRAPH_INPUT_H
#define GRAPH_INPUT_H

#include "graph/ask.h"

/* ORD_EAGAIN: the answer comes later, or came; else an error. */
int input_take(
	struct ord_graph *graph, const struct speaker *speaker, const char *prompt, int password);

#endif
