/*
 * A running proc as its function sees it, in the worker process: beside
 * ord_task_… these calls say who it is, and talk to its graph.  They take the
 * task that the function got.  Link with liborderly-graph.
 *
 * What fails leaves its sentence on the task, so that its status can be
 * returned from the function.  Of a task that no graph started every call
 * returns ORD_EINVAL, or NULL.
 */
#ifndef ORDERLY_CONTEXT_H
#define ORDERLY_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/export.h>
#include <orderly/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The proc's name; valid until the function returns.  Since 0.1.  Source: lib/graph/context.c. */
ORD_API const char *
ord_context_name(const struct ord_task *task);

/* The value of one of its args, or NULL; valid until the function returns.  Since 0.1.  Source: lib/graph/context.c. */
ORD_API const char *
ord_context_arg(const struct ord_task *task, const char *name);

/*
 * The value of an arg as a number: decimal, or hexadecimal with 0x.
 *
 * value  out; not changed on failure
 *
 * Returns 0, or ORD_EINVAL: there is no such arg, or it is no such number.
 * Since 0.1.  Source: lib/graph/context.c.
 */
ORD_API int
ord_context_arg_int(struct ord_task *task, const char *name, int64_t *value);

/* As ord_context_arg_int, a number with a decimal point.  Since 0.1.  Source: lib/graph/context.c. */
ORD_API int
ord_context_arg_float(struct ord_task *task, const char *name, double *value);

/* As ord_context_arg_int: 1 for true, yes, on, 1; 0 for false, no, off, 0; in any case.  Since 0.1.  Source: lib/graph/context.c. */
ORD_API int
ord_context_arg_bool(struct ord_task *task, const char *name, int *value);

/* The value of a param of the graph as it was when the proc started, or NULL; valid until the function returns.  Since 0.1.  Source: lib/graph/context.c. */
ORD_API const char *
ord_context_param(const struct ord_task *task, const char *name);

/* How often this proc was started before: 0 on the first attempt.  Since 0.1.  Source: lib/graph/context.c. */
ORD_API uint32_t
ord_context_attempt(const struct ord_task *task);

/*
 * The result of another proc that has succeeded: of what it depends on, or any.
 *
 * name    of the proc
 * output  out: output[size] and a NUL byte that is not counted, aligned to 8; valid until the next
 *         call of ord_context_… or ord_task_ask, or the return of the function
 * size    out, may be NULL: its bytes
 *
 * Returns 0, or
 *   ORD_EINVAL   there is no proc of this name
 *   ORD_EAGAIN   it has not ended: ord_context_wait
 *   ORD_EFAILED  it has not succeeded
 *   and as ord_task_ask.
 * Small results of what it depends on are there without asking.  Since 0.1.  Source: lib/graph/context.c.
 */
ORD_API int
ord_context_result(struct ord_task *task, const char *name, const void **output, size_t *size);

/*
 * As ord_graph_create, _start, _run and _wait on the graph that runs this
 * proc.  While it waits it gives its slot back (ord_task_yield), so that
 * others run, and has one again when the call returns.
 *
 * names  NULL-terminated
 *
 * Returns as these and as ord_task_ask, and
 *   ORD_EINVAL   it would wait for itself, or for what waits for it: the cycle is named
 *   ORD_EFAILED  one of them did not end well
 *   ORD_ESTALLED nothing can move any more while it waits
 * Since 0.1.  Source: lib/graph/context.c.
 */
ORD_API int
ord_context_create(struct ord_task *task, const char *const *names);

/* See ord_context_create.  Since 0.1.  Source: lib/graph/context.c. */
ORD_API int
ord_context_start(struct ord_task *task, const char *const *names);

/* See ord_context_create.  Since 0.1.  Source: lib/graph/context.c. */
ORD_API int
ord_context_run(struct ord_task *task, const char *const *names);

/* See ord_context_create.  Since 0.1.  Source: lib/graph/context.c. */
ORD_API int
ord_context_wait(struct ord_task *task, const char *const *names);

/*
 * Wait until nobody holds these locks, as ord_graph_wait_locks.
 *
 * locks  NULL-terminated
 *
 * Returns as ord_context_wait, and ORD_EINVAL: it holds one of them itself.
 * Since 0.1.  Source: lib/graph/context.c.
 */
ORD_API int
ord_context_wait_locks(struct ord_task *task, const char *const *locks);

/*
 * Which of its deps are new to it: their outputs or results are others than
 * those that its last success has seen.  Without such a success, or without a
 * database, all of them; soft ones and those that it only waits for do not
 * count.
 *
 * names  out: the names one behind the other, each with its NUL, and an empty one; valid until the
 *        next call of ord_context_… or ord_task_ask, or the return of the function
 *
 * Returns 0, or as ord_task_ask.  Since 0.1.  Source: lib/graph/context.c.
 */
ORD_API int
ord_context_changed_deps(struct ord_task *task, const char **names);

/*
 * What its inputs were before it started: 32 hexadecimal digits, which are the
 * same as long as paths and contents of all of them are.
 *
 * text  out: valid until the next call of ord_context_… or ord_task_ask, or the return of the
 *       function
 *
 * Returns 0, or
 *   ORD_ENOTSUP  the graph has no database, so nothing looks at inputs
 *   ORD_EAGAIN   one of them has changed since
 *   and as ord_task_ask.
 * Cost: reads what was not read for the judgement whether it has to run.  Since 0.1.  Source: lib/graph/context.c.
 */
ORD_API int
ord_context_fingerprint(struct ord_task *task, const char **text);

/*
 * Ask a person (.on_input of the graph).  While it waits it gives its slot
 * back, as ord_context_wait; its time limit goes on.
 *
 * prompt    what to ask
 * password  1: what is typed is not to be shown
 * text      out: text[size], the answer with its NUL; "" on failure
 *
 * Returns 0, or
 *   ORD_EFAILED   nobody answers
 *   ORD_ETOOBIG   the answer is longer than text
 *   ORD_ENOTSUP   the graph has nobody to ask
 *   and as ord_task_ask.
 * Since 0.1.  Source: lib/graph/context.c.
 */
ORD_API int
ord_context_input(struct ord_task *task, const char *prompt, int password, char *text, size_t size);

/*
 * There is nothing to do: if the function then returns 0 the proc is ORD_PROC_SKIPPED.
 *
 * Returns 0, or as ord_task_ask.  Since 0.1.  Source: lib/graph/context.c.
 */
ORD_API int
ord_context_skip(struct ord_task *task);

/*
 * It ran, and nothing is new: if the function then returns 0 the proc has succeeded with ORD_CAUSE_NO_CHANGE.
 *
 * Returns 0, or as ord_task_ask.  Since 0.1.  Source: lib/graph/context.c.
 */
ORD_API int
ord_context_no_change(struct ord_task *task);

#ifdef __cplusplus
}
#endif
#endif
