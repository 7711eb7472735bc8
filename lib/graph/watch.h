/*
 * A graph that is watched: what changes on disk makes procs wanted again.
 * eyes.h tells of files, quiet.h when it is time, schedule.h knows what is
 * wanted again; this is what is between them, as steps of the loop in run.c.
 */
#ifndef GRAPH_WATCH_H
#define GRAPH_WATCH_H

#include "graph/graph.h"
#include "graph/watch/eyes.h"
#include "graph/watch/quiet.h"

struct watch {
	struct eyes *eyes;
	struct poll_source files; /* fd -1: files are polled */
	struct poll_source timer; /* when there is something to do without a descriptor */
	struct quiet quiet;
	struct numbers noted; /* procs, each once */
	struct numbers fresh; /* for the length of a commit */
	char *own[2];         /* beginnings of paths of the graph's own files; NULL: none */
	char *here;           /* the current directory */
	uint64_t timer_ns;    /* when it is armed for; UINT64_MAX: it is not */
	uint64_t looked_ns;   /* of files that are polled: when they were looked at */
	uint32_t generation;
	uint32_t wanted;    /* what a try has changed: procs and edges */
	uint32_t tries;     /* how often what was noted was gathered, */
	uint32_t tried;     /* and how often that was before this time */
	int active;         /* a generation has begun and not ended */
	int warned;         /* that files are polled */
	struct error error; /* of a step that could not say so */
};

static inline int
watch_is_on(const struct ord_graph *graph)
{
	return graph->watch != NULL;
}

/* A proc is about to start: its files are watched from now on, and what has changed before is what it reads.  A status with graph->error. */
int watch_start(struct ord_graph *graph, struct ord_proc *proc);

/* Take what has changed: before a proc counts as one that does not run any more. */
void watch_take(struct ord_graph *graph);

/* It has ended. */
void watch_end(struct ord_graph *graph, struct ord_proc *proc);

/* Act upon changes if it is time; tell when a generation has ended.  A status with graph->error. */
int watch_move(struct ord_graph *graph);

/* What was noted is wanted again; a status with graph->error. */
int watch_act(struct ord_graph *graph);

/* What a change does to one that runs: an enum ord_on_busy. */
uint32_t watch_busy(const struct ord_graph *graph, const struct ord_proc *proc);

/* Those that run, and for which there is nothing to wait for any more: by their busy policy. */
void watch_heed(struct ord_graph *graph);

/* A change of all that a proc reads. */
void watch_note(struct ord_graph *graph, struct ord_proc *proc, uint64_t now_ns);

void watch_close(struct ord_graph *graph);

/* Of the two sources; user is the watch. */
void watch_on_files(struct ord_graph *graph, void *user);
void watch_on_timer(struct ord_graph *graph, void *user);

/* --- watch_look.c: what procs read and make; statuses with graph->error --- */

int watch_look(struct ord_graph *graph, struct ord_proc *proc);

/* Ask what it reads, as far as callbacks say that; *differs: it is not what they said when it was looked at. */
int watch_ask(struct ord_graph *graph, const struct ord_proc *proc, int *differs);

/* The same, and if it is not, or callbacks say what it makes, it is to be looked at anew. */
int watch_renew(struct ord_graph *graph, struct ord_proc *proc);

/* Its files are not watched any more. */
void watch_forget(struct ord_graph *graph, struct ord_proc *proc);

/* What its depfile named, as it is recorded. */
int watch_look_at_found(struct ord_graph *graph, const struct ord_proc *proc);

/* If files are polled now, the user is to know. */
void watch_warn(struct ord_graph *graph);

/* Whether a proc makes a file; -1 without memory. */
int watch_makes(const struct ord_proc *proc, const char *path);

#endif
