/* What a call wants, while it is found: for plan.c and plan_again.c. */
#ifndef GRAPH_PLAN_H
#define GRAPH_PLAN_H

#include "graph/graph.h"

/* graph->found is the list of procs that are to be looked at; behind them lie names that are being found. */
struct plan {
	struct ord_graph *graph;
	struct numbers procs;    /* wanted by this call */
	uint32_t next;           /* of procs */
	struct asked_dep *asked; /* n_asked, of the proc that is looked at */
	uint32_t n_asked, asked_capacity;
};

/* Whether a need is asked for again: a callback says it, or it means all procs of a kind. */
int plan_is_asked(const struct need *need);

/* Ask what a proc needs, as far as callbacks say that; a status with graph->error. */
int plan_ask(struct plan *plan, struct ord_proc *proc);

/* Look at all procs that are wanted and were not looked at; the same. */
int plan_look(struct plan *plan);

void plan_finish(struct plan *plan);

#endif
