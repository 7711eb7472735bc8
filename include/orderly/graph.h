/*
 * The graph: procs that depend on each other, run by a pool.  A proc is a
 * function or a command with a name; a name with placeholders describes many.
 * Link with liborderly-graph.
 *
 * A graph has no thread of its own: it moves when its owner calls
 * ord_graph_step, _run, _wait, _wait_locks or _wait_all, and callbacks come on
 * the owner's thread from inside these calls.  One graph, one thread at a
 * time; the exception is ord_graph_interrupt.
 *
 * In a callback: ord_graph_add, _create, _start, _set_lock, _set_param, _proc,
 * _next, _fd, _again, _signal, _cancel, _suspend, _resume and all of
 * ord_proc_… are allowed; ord_graph_destroy is done when the callbacks have
 * returned; what waits (_step, _run, _wait, _wait_locks, _wait_all, _watch),
 * _watch_start and _clear return ORD_EBUSY.  In the callbacks that are asked for
 * names and values while procs are planned only ord_graph_proc, _next, _param
 * and ord_proc_… are allowed; all else returns ORD_EBUSY.
 *
 * In a process that the owner forked every call that moves the graph returns
 * ORD_EFORKED, and ord_graph_destroy only frees memory.  For NULL instead of
 * a graph every call returns ORD_EINVAL.
 */
#ifndef ORDERLY_GRAPH_H
#define ORDERLY_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/context.h>
#include <orderly/export.h>
#include <orderly/graph_options.h>
#include <orderly/message.h>
#include <orderly/pool.h>
#include <orderly/proc.h>
#include <orderly/status.h>
#include <orderly/task.h>
#include <orderly/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_graph;

/*
 * Make a graph.  Nothing is started.
 *
 * graph    out: the graph, or NULL on failure; free it with ord_graph_destroy
 * options  copied, with .pool; NULL: all defaults
 *
 * Returns 0, or
 *   ORD_ENOMEM
 *   ORD_EINVAL   an option is out of its range, or a size is not one of ours
 *   ORD_ENOTSUP  an option is set that this version does not know
 * Any thread.  Since 0.1.  Source: lib/graph/graph.c.  See ord_graph(3).
 */
ORD_API int ORD_MUST_CHECK
ord_graph_new(struct ord_graph **graph, const struct ord_graph_options *options);

/*
 * Add a proc, or with placeholders in its name a description of many.
 *
 * Returns 0, or (the sentence is ord_graph_error)
 *   ORD_EINVAL   something in it is not valid, or there is one of this name
 *   ORD_ENOTSUP  an option is set that this version does not know; a function, but
 *                the first proc was started when there were only commands
 *   ORD_EBUSY    called while names are asked for
 *   ORD_ENOMEM
 *   and with .now as ord_graph_start.
 * May be called from a callback.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_add(struct ord_graph *graph, const struct ord_proc_options *proc);

/*
 * Add what a graph's file (YAML or JSON) and those that it
 * includes say: options where the caller's are 0 or NULL, params that are not
 * set, locks, variables for all commands, and procs; then those with `now` are
 * wanted.  Procs, commands and paths are as seen from the directory in which
 * the program is, so it should be that of the file.
 *
 * Commands that print names are run when these are asked for, each for at most
 * its proc's timeout, or a minute.  Variables come from a proc's `env`, the
 * process environment as it is now, dotenv files (the last one that has it),
 * the file's `env`, in this order.  What this version does nothing with is in
 * ord_graph_warning.
 *
 * path  of a file, which is not needed any more when this returns
 *
 * Returns 0, or (the sentence has file, line and column)
 *   ORD_EINVAL   something in the file is not valid, or a proc of the same name is there
 *   ORD_ESYSTEM  a file cannot be read
 *   ORD_EBUSY    called while names are asked for
 *   ORD_ENOMEM
 *   ORD_EFAILED  a command for the choices of a proc without placeholders failed
 *   and for procs with `now` as ord_graph_start.
 * After the first two nothing of the file is in the graph, unless it is about
 * starting; after the others the sentence says what is.  An option `parallel`
 * counts only before the first start.
 * May be called from a callback.  Since 0.1.  Source: lib/graph/load.c.
 */
ORD_API int
ord_graph_load(struct ord_graph *graph, const char *path);

/*
 * Whether ord_graph_load would take a file, on a graph of its own; no command
 * is run but for `now`, and none of the procs.
 *
 * sentence  out, may be NULL: sentence[size], what is wrong, "" if nothing is
 *
 * Returns as ord_graph_load.  Any thread.  Since 0.1.  Source: lib/graph/load.c.
 */
ORD_API int
ord_graph_check(const char *path, char *sentence, size_t size);

/*
 * How many units a lock has; one that is not set has 1.
 *
 * name      any text without `=`
 * capacity  units; 0: nobody gets it
 *
 * Returns 0, or ORD_EINVAL (no name), ORD_ENOMEM.
 * Takes effect with what starts next.  May be called from a callback.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_set_lock(struct ord_graph *graph, const char *name, uint32_t capacity);

/*
 * Set a param: text that all procs see, ord_context_param, [param.NAME],
 * $ORDERLY_PARAM_NAME.
 *
 * value  copied; NULL: the param is no more
 *
 * Returns 0, or ORD_EINVAL (no name), ORD_ENOMEM.
 * What has started sees what was set before.  May be called from a callback.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_set_param(struct ord_graph *graph, const char *name, const char *value);

/* The value of a param, or NULL; valid until it is set again.  Since 0.1.  Source: lib/graph/graph.c. */
ORD_API const char *
ord_graph_param(const struct ord_graph *graph, const char *name);

/*
 * Make the procs of a name exist, without running them; `*` and `?` in it go
 * over the choices.  Those that are there stay as they are.
 *
 * Returns 0, or
 *   ORD_EINVAL   no description or more than one matches; a value that is none of the
 *                choices or of another type; a glob without choices
 *   ORD_EFAILED  a callback of choices failed
 *   ORD_EBUSY    called while names are asked for
 *   ORD_ENOMEM
 * May be called from a callback.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_create(struct ord_graph *graph, const char *name);

/*
 * Want the procs of a name, and all that they depend on: they run when the
 * graph moves.  What runs, is wanted or has ended stays as it is.  If an error
 * is returned nothing is wanted by this call.
 *
 * Returns as ord_graph_create, and
 *   ORD_EINVAL   a dependency has no name that is there or a placeholder without
 *                value; procs depend on each other in a cycle, which is named; one
 *                depends on a proc of a higher wave; a proc that runs or has ended
 *                would have to wait; a lock has too few units
 * May be called from a callback.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_start(struct ord_graph *graph, const char *name);

/*
 * Move the graph: start what may start, take what has ended, call back.  The
 * first call that moves a graph starts its pool.
 *
 * timeout_ms  how long to wait if nothing is there to do; 0 not at all, -1 until something is
 *
 * Returns 0 (also when the time is up, or nothing is wanted), or
 *   ORD_EBUSY         called from a callback
 *   ORD_EINTERRUPTED  ord_graph_interrupt was called, and nothing runs any more
 *   ORD_ESTALLED      procs are wanted that nothing can start any more
 *   and what ord_pool_start and ord_pool_step return.
 * Since 0.1.  Source: lib/graph/run.c.
 */
ORD_API int
ord_graph_step(struct ord_graph *graph, int timeout_ms);

/*
 * A descriptor for a foreign event loop: readable when ord_graph_step(graph, 0)
 * has something to do.  Poll it, never read it; it belongs to the graph.  Its
 * first call makes it, with two more.
 *
 * Returns the descriptor, the same each time, or
 *   ORD_EBUSY    called while names are asked for
 *   ORD_ESYSTEM  no descriptors or memory from the system
 *   ORD_EFORKED
 * May be called from a callback.  Since 0.1.  Source: lib/graph/poll.c.
 */
ORD_API int
ord_graph_fd(struct ord_graph *graph);

/*
 * Want procs, and move until they have ended: ord_graph_start for each name,
 * but all of them or none, then ord_graph_wait.
 *
 * names  NULL-terminated
 *
 * Returns as these.  Since 0.1.  Source: lib/graph/wait.c.
 */
ORD_API int
ord_graph_run(struct ord_graph *graph, const char *const *names);

/*
 * Move until procs have ended; `*` and `?` stand for those that exist.
 *
 * names  NULL-terminated
 *
 * Returns 0 if all of them ended well, or
 *   ORD_EFAILED  one did not, or was stopped; the sentence names the first
 *   ORD_EINVAL   there is none of a name, or nobody wants it
 *   and as ord_graph_step(graph, -1).
 * Since 0.1.  Source: lib/graph/wait.c.
 */
ORD_API int
ord_graph_wait(struct ord_graph *graph, const char *const *names);

/*
 * Move until nobody holds these locks.
 *
 * locks  NULL-terminated names; one that nobody knows is free
 *
 * Returns 0, or as ord_graph_step(graph, -1).  Since 0.1.  Source: lib/graph/wait.c.
 */
ORD_API int
ord_graph_wait_locks(struct ord_graph *graph, const char *const *locks);

/*
 * Move until nothing is wanted any more.
 *
 * Returns 0 if no proc has failed since ord_graph_clear, or ORD_EFAILED, with
 * the first in the sentence; or as ord_graph_step(graph, -1).  Since 0.1.  Source: lib/graph/wait.c.
 */
ORD_API int
ord_graph_wait_all(struct ord_graph *graph);

/*
 * Answer what a proc asked a person (.on_input).
 *
 * question  its number
 * text      the answer; NULL: there is none, the proc's call fails with ORD_EFAILED
 *
 * Returns 0, or
 *   ORD_EINVAL   nobody waits for it: its proc has ended, or it is answered
 *   ORD_EBUSY    called while names are asked for
 *   ORD_EFORKED
 * May be called from a callback.  Since 0.1.  Source: lib/graph/input.c.
 */
ORD_API int
ord_graph_answer(struct ord_graph *graph, uint64_t question, const char *text);

/*
 * Forget what has run: every proc is idle and has no result, and its deps are
 * asked for anew.  An interrupt is forgotten, too, and the end of the pool if
 * an error ended it: the next proc starts another.  Descriptions, procs,
 * params and locks stay.
 *
 * Returns 0, or ORD_EBUSY: procs are wanted or run (ord_graph_wait_all), or called from a callback.
 * Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_clear(struct ord_graph *graph);

/*
 * From now on procs whose names a pattern matches run when they are wanted,
 * up to date or not.
 *
 * pattern  a name, or with `*` and `?`
 *
 * Returns 0, or ORD_EINVAL (no pattern), ORD_ENOMEM.
 * May be called from a callback.  Since 0.1.  Source: lib/graph/touch.c.
 */
ORD_API int
ord_graph_force(struct ord_graph *graph, const char *pattern);

/*
 * What is there counts as made by procs: records as after a run, without
 * running anything.  Their result is that of their last success.  Then
 * everything is as after ord_graph_clear.
 *
 * pattern  as in ord_graph_start
 *
 * Returns 0, or
 *   ORD_EINVAL   there is none of this name, or the graph has no database, or it is a dry run
 *   ORD_EFAILED  an output is not there; the sentence names the proc
 *   ORD_EBUSY    procs are wanted or run, or called from a callback
 *   and as ord_graph_start.
 * Since 0.1.  Source: lib/graph/touch.c.
 */
ORD_API int
ord_graph_touch(struct ord_graph *graph, const char *pattern);

/*
 * Forget the successes of procs: they run when they are wanted next.
 *
 * pattern  a name, or with `*` and `?`; also of procs that the graph does not know any more
 *
 * Returns 0, or
 *   ORD_EINVAL   nothing is known of such a proc, or the graph has no database, or it is a dry run
 *   ORD_EBUSY    procs are wanted or run, or called from a callback
 *   ORD_ETIMEDOUT  another runner has the database
 *   ORD_ESYSTEM  it cannot be written
 *   ORD_ENOMEM
 * Since 0.1.  Source: lib/graph/touch.c.
 */
ORD_API int
ord_graph_forget(struct ord_graph *graph, const char *pattern);

/*
 * Stop soon, from any thread or a signal handler.  The first call: nothing
 * more is started, what runs ends in its own time.  The second: it is killed.
 * The graph starts nothing after that, until ord_graph_clear.
 *
 * Returns 0, or ORD_EINVAL for NULL.  Async-signal-safe.  Since 0.1.  Source: lib/graph/run.c.
 */
ORD_API int
ord_graph_interrupt(struct ord_graph *graph);

/*
 * Send a signal to commands that run, each with its process group.  What comes
 * of it is theirs: who dies of it has failed.
 *
 * proc    whose command; NULL: all that run, but for one that has the terminal,
 *         which is in the host's process group and gets what the terminal sends
 * number  such as SIGINT
 *
 * Returns 0 (also if it does not run; functions are left out of all), or
 *   ORD_EINVAL   no such signal, or a proc of another graph
 *   ORD_ENOTSUP  the proc is a function
 *   ORD_EBUSY    called while names are asked for
 *   ORD_EFORKED
 * Takes effect with the next step at the latest.  May be called from a callback.  Since 0.1.  Source: lib/graph/signals.c.
 */
ORD_API int
ord_graph_signal(struct ord_graph *graph, const struct ord_proc *proc, int number);

/*
 * End what runs: a command's group gets its stop signal, a function is asked
 * (ord_task_canceled), and who is there after the grace is killed.  It has
 * failed with ORD_CAUSE_STOPPED, unless it was done first, and is not tried again.
 *
 * proc  NULL: all that run
 *
 * Returns 0 (also if it does not run), ORD_EINVAL: a proc of another graph,
 * ORD_EBUSY: called while names are asked for, or ORD_EFORKED.
 * May be called from a callback.  Since 0.1.  Source: lib/graph/signals.c.
 */
ORD_API int
ord_graph_cancel(struct ord_graph *graph, const struct ord_proc *proc);

/*
 * Halt: what runs is stopped (SIGSTOP), nothing starts.  For hosts that are
 * stopped themselves: commands, in process groups of their own, never see a
 * terminal's Ctrl-Z.  Time that passes until ord_graph_resume counts for no
 * deadline, pause or duration.
 *
 * Calls that would wait for ever say ORD_ESTALLED meanwhile; the second
 * ord_graph_interrupt, ord_graph_cancel and ord_graph_destroy work as ever.
 * Returns 0 (also if it is halted), ORD_EBUSY: called while names are asked
 * for, ORD_EFORKED, or as ord_pool_suspend.
 * May be called from a callback.  Since 0.1.  Source: lib/graph/signals.c.
 */
ORD_API int
ord_graph_suspend(struct ord_graph *graph);

/* Go on after ord_graph_suspend.  Returns as it.  May be called from a callback.  Since 0.1.  Source: lib/graph/signals.c. */
ORD_API int
ord_graph_resume(struct ord_graph *graph);

/* The proc of this name, or NULL if it does not exist; valid as long as the graph.  Since 0.1.  Source: lib/graph/graph.c. */
ORD_API const struct ord_proc *
ord_graph_proc(const struct ord_graph *graph, const char *name);

/* The procs one after the other, in the order in which they were made; previous NULL: the first; NULL: no more.  Since 0.1.  Source: lib/graph/graph.c. */
ORD_API const struct ord_proc *
ord_graph_next(const struct ord_graph *graph, const struct ord_proc *previous);

/* Procs whose deps have ended and that wait for a slot, or for a lower wave.  Since 0.1.  Source: lib/graph/graph.c. */
ORD_API uint32_t
ord_graph_ready(const struct ord_graph *graph);

/*
 * The sentence that belongs to the last error of a call on this graph; "" if
 * there was none; for NULL: that there is no graph.  Valid until the next call
 * on it.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API const char *
ord_graph_error(const struct ord_graph *graph);

/*
 * What the user should know, though it is no error: such as a jobserver that
 * cannot be used, a damaged database that was set aside, or a key of a file
 * that this version does nothing with.  A sentence a line, "" if there is
 * nothing; valid until the next call on the graph.
 * Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API const char *
ord_graph_warning(const struct ord_graph *graph);

/*
 * Stop and free a graph: what runs is killed (ord_pool_destroy).
 *
 * graph  in: the graph, *graph NULL or graph NULL: nothing happens; out: NULL
 *
 * In a callback it is deferred until the callbacks have returned.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API void
ord_graph_destroy(struct ord_graph **graph);

#ifdef __cplusplus
}
#endif
#endif
