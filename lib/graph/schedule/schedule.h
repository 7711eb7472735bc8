/*
 * The core of the graph: which proc starts when.  Procs are nodes, which are
 * numbers; nothing here knows a name, a clock or a process.  Events go in
 * (schedule_commit, _end, _hold, _yield …), and what is to be done is asked
 * for (schedule_next, _settled).  After an event only the edges of the node
 * that it is about are looked at.  No call but those that add needs memory.
 */
#ifndef GRAPH_SCHEDULE_H
#define GRAPH_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "graph/schedule/heap.h"

#define SCHEDULE_NONE UINT32_MAX

enum node_state {
	NODE_IDLE,    /* not wanted, or stopped before it started */
	NODE_FRESH,   /* wanted by the commit that is being made */
	NODE_BLOCKED, /* deps are unfinished */
	NODE_READY,   /* in the heap of its wave */
	NODE_HELD,    /* a barrier that waits for the rest of its wave */
	NODE_PARKED,  /* in the heap of a lock */
	NODE_RUNNING, /* since schedule_next gave it out */
	NODE_PAUSED,  /* between two attempts */
	NODE_DONE,    /* the last three are ends */
	NODE_FAILED,
	NODE_CANCELED /* something that it needs failed */
};

enum node_flag {
	NODE_BARRIER = 1,     /* held until nothing of its wave is left but what is behind one */
	NODE_NO_FAILURES = 2, /* canceled instead of started if anything has failed */
	NODE_ALWAYS = 4,      /* its deps may fail */
	/* kept by the core */
	NODE_BEHIND = 8,   /* a barrier, or depends on one */
	NODE_YIELDED = 16, /* runs without a slot */
	NODE_QUEUED = 32,  /* its deps are to become more urgent */
	NODE_LAZY = 64,    /* wanted again only if something that it needs has news */
	NODE_AGAIN = 128   /* runs, and when that ends it is wanted again */
};

enum edge_kind {
	EDGE_HARD, /* the dependent is canceled if the dep fails */
	EDGE_SOFT, /* order only */
	EDGE_WAIT, /* the dependent runs and waits for the dep; holds nothing back, but closes cycles */
	EDGE_OVER /* a wait that has ended, or what is not needed any more */
};

struct edge {
	uint32_t dependent;
	uint32_t dep;
	uint32_t next_dep;       /* of the same dependent */
	uint32_t next_dependent; /* of the same dep */
	uint8_t kind;            /* an enum edge_kind */
	uint8_t was;             /* the same, at the last commit; if it has changed since */
	uint8_t changed;         /* it has: it is in schedule.changed */
	uint8_t asked;           /* schedule_needs may take it away */
};

/* It was asked for, and is not any more. */
static inline int
edge_is_gone(const struct edge *edge)
{
	return edge->asked && edge->kind == EDGE_OVER;
}

/* What schedule_needs is told. */
struct asked_dep {
	uint32_t dep;
	uint8_t kind;  /* EDGE_HARD or EDGE_SOFT */
	uint8_t known; /* 0; kept by the core */
};

/* Units of a lock that a node needs. */
struct use {
	uint32_t lock;
	uint32_t units;
};

struct node {
	struct link link;    /* in one heap, or in none */
	uint64_t weight;     /* how long it takes */
	uint32_t deps;       /* its first edges, or SCHEDULE_NONE */
	uint32_t dependents; /* the same */
	uint32_t blocked;    /* hard and soft deps that are unfinished */
	uint32_t wave;       /* index of waves */
	uint32_t uses;       /* first of n_uses entries of schedule.uses, by lock */
	uint32_t n_uses;
	uint32_t root; /* of NODE_CANCELED: who failed */
	uint32_t next; /* in the list of those that settled; of NODE_PARKED: the lock */
	uint32_t mark; /* of the search for cycles */
	uint8_t state; /* an enum node_state */
	uint8_t flags; /* of enum node_flag */
	uint8_t was;   /* its state before it was wanted again; NODE_IDLE: it had not ended */
	uint8_t news;  /* those that need it are to look at it when it has ended */
};

struct wave {
	int32_t number;
	uint32_t rank;       /* its place in schedule.order */
	uint32_t unfinished; /* wanted nodes of it */
	uint32_t ahead;      /* of them, those that are not behind a barrier */
	uint32_t ready;      /* heap */
	uint32_t held;       /* heap of barriers */
};

struct lock {
	uint32_t capacity;
	uint32_t used;
	uint32_t parked; /* heap */
};

/* Why schedule_commit or schedule_wait refused. */
enum schedule_fault {
	FAULT_MEMORY = 1,
	FAULT_CYCLE,  /* nodes[0 … n_nodes), each depends on the next, the last on the first */
	FAULT_WAVE,   /* nodes[0] needs nodes[1] of a higher wave */
	FAULT_LATE,   /* nodes[0] runs or has ended and cannot get nodes[1] as a dep */
	FAULT_LOCK,   /* nodes[0] needs more units of a lock than there are */
	FAULT_BARRIER /* nodes[0] would wait for nodes[1], which is held until nodes[0] has ended */
};

/* A list of numbers that grows. */
struct numbers {
	uint32_t *at;
	uint32_t count;
	uint32_t capacity;
};

struct schedule {
	struct node *nodes;
	uint32_t n_nodes, nodes_capacity;
	struct edge *edges;
	uint32_t n_edges, edges_capacity;
	uint32_t committed; /* edges before this one are not to be taken back */
	struct use *uses;
	uint32_t n_uses, uses_capacity;
	struct wave *waves;
	uint32_t n_waves, waves_capacity;
	struct lock *locks;
	uint32_t n_locks, locks_capacity;
	struct numbers order;   /* waves by number */
	uint32_t first;         /* all waves of order before this one have nothing unfinished */
	struct numbers fresh;   /* nodes of this commit; sorted so that deps come first */
	struct numbers late;    /* edges whose dependent is not fresh */
	struct numbers again;   /* nodes that run and were marked NODE_AGAIN by this commit */
	struct numbers touched; /* nodes that are wanted by now, and by this commit once more */
	struct numbers changed; /* edges whose kind has */
	struct numbers
		dropped; /* deps of edges that are not needed any more; whoever looks empties it */
	struct numbers sorted; /* what fresh becomes */
	struct numbers stack;  /* of searches; room for two numbers a node while a commit lasts */
	struct numbers fault;  /* nodes that a fault is about */
	uint32_t epoch;        /* of marks */
	uint32_t settled, settled_last; /* list through node.next */
	uint32_t slots;                 /* nodes that may run at once */
	uint32_t ready;                 /* NODE_READY */
	uint32_t running;               /* with a slot */
	uint32_t waiting;               /* running without one */
	uint32_t unfinished;            /* wanted nodes */
	uint32_t failures;              /* nodes that failed themselves */
	uint32_t first_failed;
	uint32_t barriers;   /* nodes that are one */
	uint32_t keep_going; /* stop after so many failures; 0: never */
	uint64_t random;     /* state of the shuffle; 0: none */
	int stopped;
	int reruns; /* schedule_again was called: an edge may point at what is unfinished though its dependent runs */
};

struct node_options {
	uint64_t weight; /* how long it takes; 0: it only groups others */
	int32_t wave;
	uint32_t flags;         /* of the first three of enum node_flag */
	const struct use *uses; /* n_uses, in the order of locks, each lock once */
	uint32_t n_uses;
};

void schedule_init(struct schedule *schedule, uint32_t slots);
void schedule_finish(struct schedule *schedule);

/* A lock has so many units from now on. */
void schedule_set_capacity(struct schedule *schedule, uint32_t lock, uint32_t capacity);

/* A new lock or node: its number, or SCHEDULE_NONE without memory. */
uint32_t schedule_add_lock(struct schedule *schedule, uint32_t capacity);
uint32_t schedule_add(struct schedule *schedule, const struct node_options *options);

static inline int
schedule_is_end(int state)
{
	return state >= NODE_DONE;
}

/* Running, blocked, ready …: neither idle nor ended. */
static inline int
schedule_is_unfinished(int state)
{
	return state > NODE_IDLE && state < NODE_DONE;
}

/*
 * Want nodes: first schedule_want for each that is idle, schedule_edge for
 * what they need (and for what others need that are wanted already), then
 * schedule_commit.  They return 0 or a schedule_fault; after one everything
 * since the last commit is taken back, but for nodes and locks, and
 * schedule.fault has the nodes that it is about.
 */
int schedule_want(struct schedule *schedule, uint32_t node);
int schedule_edge(struct schedule *schedule, uint32_t dependent, uint32_t dep, int kind);
int schedule_commit(struct schedule *schedule);

/*
 * A node that has ended is wanted again, and what is behind it over hard edges
 * lazily: each of these runs only if something that it needs has news, else it
 * is what it was.  One that runs is wanted again when that has ended; one that
 * is wanted by now has not been lazy; one that is idle stays so.  Edges stay.
 * As schedule_want: then schedule_commit.
 */
int schedule_again(struct schedule *schedule, uint32_t node);

/*
 * What a node needs that is asked for: from now on these, sorted by dep, each
 * once; other edges stay.  The node is wanted by the commit that is made, or
 * was, or runs and is wanted again; so is each dep.  If it is not what it was
 * a lazy node is none any more.  As schedule_edge.
 */
int schedule_needs(struct schedule *schedule, uint32_t node, struct asked_dep *deps, uint32_t n);

/* Whether one that is not idle needs a node, or waits for it. */
int schedule_is_needed(const struct schedule *schedule, uint32_t node);

/* Nobody needs a node any more: it is idle, and its edges are gone.  0: it runs, and is not wanted again. */
int schedule_leave(struct schedule *schedule, uint32_t node);

/* A node that runs is wanted again for certain, and nothing but its end is waited for; and: it is not wanted again, after all. */
int schedule_is_due(const struct schedule *schedule, uint32_t node);
void schedule_forgo(struct schedule *schedule, uint32_t node);

/* Take back what was wanted since the last commit. */
void schedule_rollback(struct schedule *schedule);

/* The node that starts now, or SCHEDULE_NONE: nothing may. */
uint32_t schedule_next(struct schedule *schedule);

/* Whether a node is ready for the slot that is free: it may still lack a lock. */
int schedule_could(struct schedule *schedule);

/*
 * A node that runs has ended, and nothing of it is left; state: NODE_DONE or
 * NODE_FAILED; news: 0 if it is as it was when it ended well before.  Returns
 * 1 if that is no end, as the node is wanted again, or was canceled meanwhile.
 */
int schedule_end(struct schedule *schedule, uint32_t node, int state, int news);

/* A node that ended, was put back to idle, or is what it was, without having started: each once, or SCHEDULE_NONE. */
uint32_t schedule_settled(struct schedule *schedule);

/* A node that runs will be started again: it gives its slot and locks back, until schedule_make_ready. */
void schedule_hold(struct schedule *schedule, uint32_t node);
void schedule_make_ready(struct schedule *schedule, uint32_t node);

/* A node that runs gives its slot back while it waits, and takes one again, whether there is one or not. */
void schedule_yield(struct schedule *schedule, uint32_t node);
void schedule_resume(struct schedule *schedule, uint32_t node);

/* A node that runs will wait for another, until schedule_wait_over.  0 or a schedule_fault. */
int schedule_wait(struct schedule *schedule, uint32_t node, uint32_t target, uint32_t *edge);
void schedule_wait_over(struct schedule *schedule, uint32_t edge);

/* Start nothing any more: what has not started is idle again (schedule_settled tells which); until schedule_go_on. */
void schedule_stop(struct schedule *schedule);
void schedule_go_on(struct schedule *schedule);

/* Everything is idle, and no edges are left.  Only when nothing is unfinished. */
void schedule_clear(struct schedule *schedule);

/* --- between the files of the core --- */

int numbers_push(struct numbers *numbers, uint32_t number);
void numbers_finish(struct numbers *numbers);

/* Room for one more of count entries of size bytes; -1 without memory. */
int schedule_grow(void *entries, uint32_t count, uint32_t *capacity, size_t size);

/* Room for a search over all nodes; -1 without memory. */
int cycle_reserve(struct schedule *schedule);

/* After cycle_reserve: sort the fresh nodes so that deps come first; 0 or FAULT_CYCLE. */
int cycle_sort(struct schedule *schedule);

/* After cycle_reserve: whether node is reached from `from` over what is unfinished; the way is in schedule.fault, from `from` to node. */
int cycle_reach(struct schedule *schedule, uint32_t from, uint32_t node);

/* Take the locks of a node, or park it; 1 or 0. */
int lock_take(struct schedule *schedule, uint32_t node);
void lock_give_back(struct schedule *schedule, uint32_t node);

/* Those that a node has left behind it at its locks, now that it has been looked at. */
void lock_wake(struct schedule *schedule, uint32_t node);

/* Barriers that are parked may be held again, now that more is wanted. */
void lock_review(struct schedule *schedule);

/* An edge that is not one that was left. */
int schedule_add_edge(struct schedule *schedule, uint32_t dependent, uint32_t dep, int kind);

/* What was wanted and has not started is idle, and is told as one that settled. */
void schedule_put_back(struct schedule *schedule, uint32_t node);

/* The kind of an edge, until the commit; -1 without memory. */
int needs_change(struct schedule *schedule, uint32_t edge, int kind);

/* Of edges that have changed: those that are late; what they mean for those that are not fresh; take them back. */
int needs_gather(struct schedule *schedule);
void needs_commit(struct schedule *schedule);
void needs_take_back(struct schedule *schedule);

/* A node is none of the failures any more. */
void again_mend(struct schedule *schedule, uint32_t node);

/* Into the heap of its wave. */
void schedule_enqueue(struct schedule *schedule, uint32_t node);

/* After the gathering of a commit: edges at nodes that are wanted again are late ones.  0 or a schedule_fault. */
int again_gather(struct schedule *schedule);

/* Count what holds a node back that runs and will be wanted again. */
void again_count(struct schedule *schedule, uint32_t node);

/* Whether an edge holds its dependent back. */
int again_holds(const struct schedule *schedule, const struct edge *edge);

/* A node that waits again may wait for what is behind a barrier: then it is, too. */
void schedule_look_behind(struct schedule *schedule, uint32_t node);

/* What a node needs is as urgent as the node. */
void schedule_raise(struct schedule *schedule, uint32_t node);

/* A node is gathered, or would be: it was FAILED, it is none any more. */
void again_take_back(struct schedule *schedule, uint32_t node);
void again_commit(struct schedule *schedule);

/* A run has ended so, or with NODE_PAUSED is to be tried again: 1 if the node is somewhere else now. */
int again_end(struct schedule *schedule, uint32_t node, int state, int news);

/* A node that is in no heap and waits for nothing: it is ready, or what it was. */
void schedule_come(struct schedule *schedule, uint32_t node);

/* Out of the heap that it is in, if it is in one. */
void schedule_withdraw(struct schedule *schedule, uint32_t node);

/* To be told by schedule_settled. */
void schedule_settle(struct schedule *schedule, uint32_t node);

/* A wave has nothing left but barriers: they are looked at. */
void schedule_release(struct schedule *schedule, struct wave *wave);

/* Cancel a node that is in no heap, and everything behind it. */
void schedule_cancel(struct schedule *schedule, uint32_t node, uint32_t root);

#endif
