/*
 * A graph (graph.h) that is watched: what changes on disk runs again.  The
 * rules about threads and callbacks are those of graph.h.
 */
#ifndef ORDERLY_WATCH_H
#define ORDERLY_WATCH_H

#include <stdint.h>

#include <orderly/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_graph;

/* What a change does to a proc that runs and reads what has changed (ord_graph_watch).  Never do two runs of it overlap. */
enum ord_on_busy {
	ORD_BUSY_QUEUE = 1,   /* it runs again when it has ended: the default */
	ORD_BUSY_RESTART = 2, /* it is ended as by a timeout, and runs again when nothing of it is left */
	ORD_BUSY_IGNORE = 3,  /* nothing */
	ORD_BUSY_SIGNAL = 4   /* a command gets .busy_signal, and no other run */
};

/*
 * Watch the files that procs read: from now on each call that moves the graph
 * also reacts to changes, and waits for them when nothing is wanted.  A proc
 * whose inputs (or what its depfile named) have changed, or files that are new
 * and match them, is wanted again, and what depends on it over deps that are
 * not soft if it ends with something new.  Only procs that were wanted are
 * watched.  What procs write into their outputs while they run is no change,
 * nor are the graph's own files.  Callbacks for deps and inputs, and for
 * choices over which a dep goes, are asked again when their proc is wanted
 * again; whoever is not needed any more is idle then.
 *
 * Returns 0 (also when it is watched already), or
 *   ORD_EINVAL   a pattern of a proc is none, or a proc has a file as input and
 *                as output; the sentence names them
 *   ORD_EFAILED  a callback of inputs or outputs failed
 *   ORD_ESYSTEM  no descriptors
 *   ORD_EBUSY    called from a callback
 *   ORD_ENOMEM, ORD_EFORKED
 * Where the system does not allow so many directories to be watched all files are looked at from
 * time to time instead, and ord_graph_warning says so.  Since 0.1.  Source: lib/graph/watch_calls.c.
 */
ORD_API int
ord_graph_watch_start(struct ord_graph *graph);

/*
 * Watch, want the procs of names, and move until ord_graph_interrupt.
 *
 * names  NULL-terminated; NULL: nothing more is wanted than is by now
 *
 * Returns ORD_EINTERRUPTED, or as ord_graph_watch_start, ord_graph_start and
 * ord_graph_step; that procs fail is no error.  Since 0.1.  Source: lib/graph/watch_calls.c.
 */
ORD_API int
ord_graph_watch(struct ord_graph *graph, const char *const *names);

/*
 * Want procs that have ended again, now, and what has changed so far with
 * them; as after a change of all their inputs.
 *
 * names  NULL-terminated, `*` and `?` stand for those that exist; NULL: all that are watched
 *
 * Returns 0, or
 *   ORD_EINVAL   the graph is not watched (ord_graph_watch_start); there is none of a name
 *   ORD_EBUSY    called while names are asked for
 *   ORD_ENOMEM
 * May be called from a callback; it acts when the graph moves.  Since 0.1.  Source: lib/graph/watch_calls.c.
 */
ORD_API int
ord_graph_again(struct ord_graph *graph, const char *const *names);

/* How many directories are watched, or files where these are looked at; 0: the graph is not watched.  Since 0.1.  Source: lib/graph/watch_calls.c. */
ORD_API uint32_t
ord_graph_watched(const struct ord_graph *graph);

/* How often changes have made procs wanted again, from 1 on, which is what was wanted first; 0: the graph is not watched.  Since 0.1.  Source: lib/graph/watch_calls.c. */
ORD_API uint32_t
ord_graph_generation(const struct ord_graph *graph);

#ifdef __cplusplus
}
#endif
#endif
