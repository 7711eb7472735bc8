/*
 * THE loop: what the schedule says starts, what the pool says has ended.
 *
 *   run_give      schedule_next → pool          as long as something may start
 *   on_result     pool → verdict → schedule_end → those who wait → run_give
 *   move          retries that are due, stalls, one step of the pool
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/processors.h"
#include "graph/ask.h"
#include "graph/graph.h"
#include "graph/increment.h"
#include "graph/socket.h"
#include "graph/waiting.h"
#include "graph/watch.h"

#define WINDOW \
	65536 /* tasks given to the pool that have not ended: those that wait for others too */
#define BUSY_NS (10 * CLOCK_NS_PER_MS) /* until a full pool is asked again */
#define LONG_MS \
	INT32_MAX /* a pool that is asked to wait for ever takes tasks that wait for us for a stall */

/* --- telling --- */

void
run_tell(struct ord_graph *graph, int kind, const struct ord_proc *proc)
{
	if (graph->options.on_event == NULL)
		return;
	graph->callbacks++;
	graph->options.on_event(kind, proc, graph->options.on_event_user);
	graph->callbacks--;
}

static struct ord_proc **
bucket_of(struct ord_graph *graph, uint64_t sequence)
{
	return &graph->running[sequence % GRAPH_BUCKETS];
}

static void
enter_running(struct ord_graph *graph, struct ord_proc *proc)
{
	struct ord_proc **bucket = bucket_of(graph, proc->sequence);

	proc->next_running = *bucket;
	*bucket = proc;
}

static void
leave_running(struct ord_graph *graph, const struct ord_proc *proc)
{
	struct ord_proc **at = bucket_of(graph, proc->sequence);

	while (*at != proc)
		at = &(*at)->next_running;
	*at = proc->next_running;
}

static void
on_message(const struct ord_message *message, void *user)
{
	struct ord_graph *graph = user;
	uint64_t sequence = ord_message_sequence(message);
	struct ord_proc *proc = *bucket_of(graph, sequence);

	while (proc != NULL && proc->sequence != sequence)
		proc = proc->next_running;
	logs_take(graph, proc, message);
	if (graph->options.on_message == NULL)
		return;
	graph->callbacks++;
	graph->options.on_message(message, proc, graph->options.on_message_user);
	graph->callbacks--;
}

/* --- ends --- */

/* It has ended, and is wanted again; or was canceled meanwhile, which is told with those that settled. */
static void
go_again(struct ord_graph *graph, struct ord_proc *proc)
{
	proc->attempts = 0;
	proc->restarted = 0;
	if (schedule_is_unfinished(graph->schedule.nodes[proc->node].state))
		run_tell(graph, ORD_PROC_EVENT_AGAIN, proc);
}

static void
end(struct ord_graph *graph, struct ord_proc *proc, int state)
{
	int stopped = graph->schedule.stopped;

	if (watch_is_on(graph))
		watch_end(graph, proc);
	run_say_wanted(graph, proc);
	if (schedule_end(&graph->schedule, proc->node, state, run_has_news(graph, proc)))
		go_again(graph, proc);
	else
		run_tell_end(graph, proc);
	run_take_settled(graph);
	waiting_locks(graph);
	if (watch_is_on(graph))
		watch_heed(graph);
	/* A stop lets nothing start any more; with fail_fast what runs is to end too. */
	if (!stopped && graph->schedule.stopped && graph->options.fail_fast)
		signals_cancel(graph);
}

static int
pause(struct ord_graph *graph, struct ord_proc *proc, uint64_t delay_ns)
{
	if (numbers_push(&graph->paused, proc->node) != 0)
		return -1;
	proc->due_ns = clock_now_ns() + delay_ns;
	schedule_hold(&graph->schedule, proc->node);
	/* Or something that it needs is wanted again, and then it is looked at anew. */
	if (graph->schedule.nodes[proc->node].state != NODE_PAUSED)
		increment_drop(graph, proc);
	run_take_settled(graph);
	waiting_locks(graph);
	return 0;
}

/* After an interrupt nothing starts: what has not is idle again. */
static void
heed_interrupt(struct ord_graph *graph)
{
	if (atomic_load(&graph->interrupts) == 0 || graph->schedule.stopped)
		return;
	schedule_stop(&graph->schedule);
	run_take_settled(graph);
}

static void
on_result(const struct ord_result *result, void *user)
{
	struct ord_graph *graph = user;
	struct ord_proc *proc = ord_result_user(result);
	int state;

	graph->callbacks++;
	heed_interrupt(graph);
	/* What it wrote is its own: while it counts as one that runs. */
	if (watch_is_on(graph))
		watch_take(graph);
	leave_running(graph, proc);
	waiting_forget(graph, proc);
	socket_dismiss(graph, proc);
	logs_end(graph, proc);
	state = verdict_take(proc, result);
	if (state == NODE_PAUSED && pause(graph, proc, verdict_delay_ns(proc)) == 0)
		run_tell(graph, ORD_PROC_EVENT_RETRIED, proc);
	else
		end(graph, proc,
			increment_after(graph, proc, state == NODE_DONE ? NODE_DONE : NODE_FAILED));
	graph->callbacks--;
	run_give(graph);
}

/* --- starts --- */

/* Never called: it says that functions of this program are to be run, and each task brings its own. */
static int
no_function(struct ord_task *task, void *user)
{
	(void)user;
	return ord_task_fail(task, "a task without a function");
}

/* A worker says which task it runs, the spawner which process it made of a command. */
static void
on_process(const struct ord_event *event, void *user)
{
	struct ord_graph *graph = user;
	struct ord_proc *proc = ord_event_user(event);

	if (ord_event_pid(event) == 0 || proc->pid != 0 ||
		proc->sequence != ord_event_sequence(event))
		return;
	proc->pid = ord_event_pid(event);
	run_tell(graph, ORD_PROC_EVENT_PROCESS, proc);
}

/* Those that the jobserver lends to commands, beside the owner's. */
static int
keep_descriptors(struct ord_graph *graph, struct ord_pool_options *options, int **keep)
{
	int lent[2];
	uint32_t n_lent = gate_lent(&graph->gate, lent);

	if (n_lent == 0)
		return ORD_OK;
	*keep = memory_new(options->n_keep_fds + n_lent, sizeof **keep);
	if (*keep == NULL)
		return error_memory(&graph->error);
	if (options->n_keep_fds != 0)
		memcpy(*keep, options->keep_fds, options->n_keep_fds * sizeof **keep);
	memcpy(*keep + options->n_keep_fds, lent, n_lent * sizeof **keep);
	options->keep_fds = *keep;
	options->n_keep_fds += n_lent;
	return ORD_OK;
}

static int
start_pool(struct ord_graph *graph)
{
	struct ord_pool_options options = graph->pool_options;
	struct ord_pool *pool;
	int *keep = NULL;
	int status = gate_start(graph);

	if (status == ORD_OK)
		status = keep_descriptors(graph, &options, &keep);
	if (status != ORD_OK)
		return status;
	options.size = sizeof options;
	options.function = graph->n_functions != 0 ? no_function : NULL;
	options.on_result = on_result;
	options.on_result_user = graph;
	options.on_message = logs_wants_messages(graph) ? on_message : NULL;
	options.on_message_user = graph;
	if (graph->options.tell_processes) {
		options.on_event = on_process;
		options.on_event_user = graph;
		options.events = ORD_EVENT_BIT(ORD_TASK_STARTED) | ORD_EVENT_BIT(ORD_TASK_PROCESS);
	}
	options.on_ask = ask_take;
	options.on_ask_user = graph;
	options.order = ORD_COMPLETION;
	options.window = WINDOW;
	options.workers = options.start == ORD_START_INLINE ? 0 : graph->schedule.slots;
	status = ord_pool_new(&pool, &options);
	memory_free(keep);
	if (status != ORD_OK)
		return error_set(
			&graph->error, status, "the options of the pool: %s", ord_strerror(status));
	graph->with_functions = graph->n_functions != 0;
	status = ord_pool_start(pool);
	if (status != ORD_OK) {
		error_set(&graph->error, status, "%s", ord_pool_error(pool));
		ord_pool_destroy(&pool);
		return status;
	}
	graph->pool = pool;
	status = poll_take_pool(graph);
	if (status == ORD_OK && graph->options.with_socket)
		status = socket_open(graph);
	if (status != ORD_OK) {
		socket_close(graph);
		graph->pool = NULL;
		ord_pool_destroy(&pool);
	}
	return status;
}

static int
submit(struct ord_graph *graph, struct ord_proc *proc, struct span *missing)
{
	return definition_is_command(proc->definition) ? submit_command(graph, proc, missing)
						       : submit_function(graph, proc);
}

/* The pool does not take it: later, or not at all. */
static void
refuse(struct ord_graph *graph, struct ord_proc *proc, int status, const struct span *missing)
{
	char why[300];

	logs_end(graph, proc);
	heed_interrupt(
		graph); /* it came between the schedule and the pool: then it is idle again */
	if ((status == ORD_EAGAIN || graph->schedule.stopped) && pause(graph, proc, BUSY_NS) == 0)
		return;
	proc->attempts++;
	if (status == 1)
		snprintf(why, sizeof why, "'%.*s' in its command has no value", (int)missing->size,
			missing->at);
	else
		snprintf(why, sizeof why, "%.290s",
			status == ORD_ENOMEM ? "there was no memory to start it"
					     : ord_pool_error(graph->pool));
	verdict_clear(proc);
	verdict_set(proc, ORD_CAUSE_NOT_STARTED, why);
	end(graph, proc, increment_after(graph, proc, NODE_FAILED));
}

static void
refuse_to_watch(struct ord_graph *graph, struct ord_proc *proc)
{
	char why[1100];

	snprintf(why, sizeof why, "not started: %.1000s", graph->error.text);
	error_clear(&graph->error);
	verdict_clear(proc);
	verdict_set(proc, ORD_CAUSE_NOT_STARTED, why);
	end(graph, proc, NODE_FAILED);
}

/* The first that has to run starts the pool; if that fails, it stays ready and the call says why. */
static int
need_pool(struct ord_graph *graph, const struct ord_proc *proc)
{
	if (graph->pool == NULL)
		graph->start_fault = start_pool(graph);
	if (graph->start_fault == ORD_OK)
		return 1;
	schedule_hold(&graph->schedule, proc->node);
	if (graph->schedule.nodes[proc->node].state == NODE_PAUSED)
		schedule_make_ready(&graph->schedule, proc->node);
	return 0;
}

static void
give(struct ord_graph *graph, struct ord_proc *proc)
{
	struct span missing = { 0 };
	int status;

	proc->saying = SAID_NOTHING;
	proc->halted_ns = 0;
	if (watch_is_on(graph) && watch_start(graph, proc) != ORD_OK) {
		refuse_to_watch(graph, proc);
		return;
	}
	status = increment_before(graph, proc);
	if (status != INCREMENT_RUN) {
		end(graph, proc, status == INCREMENT_DONE ? NODE_DONE : NODE_FAILED);
		return;
	}
	if (!definition_is_command(proc->definition) && !definition_is_function(proc->definition)) {
		verdict_clear(proc); /* it may have been canceled before */
		end(graph, proc, NODE_DONE);
		return;
	}
	if (!need_pool(graph, proc))
		return;
	run_say_wanted(graph, proc);
	status = submit(graph, proc, &missing);
	if (status != ORD_OK) {
		refuse(graph, proc, status, &missing);
		return;
	}
	proc->attempts++;
	proc->pid = 0;
	graph->poll.given = 1;
	enter_running(graph, proc);
	run_tell(graph, ORD_PROC_EVENT_STARTED, proc);
	increment_started(graph, proc);
}

void
run_give(struct ord_graph *graph)
{
	uint32_t id;

	if (graph->giving || graph->suspended_ns != 0)
		return;
	graph->giving = 1;
	run_take_settled(graph);
	waiting_return(graph);
	/* A callback may have suspended the graph. */
	while (graph->start_fault == ORD_OK && graph->suspended_ns == 0 && gate_may_start(graph) &&
		(id = schedule_next(&graph->schedule)) != SCHEDULE_NONE) {
		give(graph, graph->procs[id]);
		run_take_settled(graph);
		waiting_return(graph);
	}
	run_take_settled(graph);
	gate_settle(graph);
	graph->giving = 0;
}

/* --- moving --- */

int
ord_graph_interrupt(struct ord_graph *graph)
{
	struct ord_pool *pool;
	int status = ORD_OK;

	if (graph == NULL)
		return ORD_EINVAL;
	atomic_fetch_add(&graph->interrupting, 1);
	atomic_fetch_add(&graph->interrupts, 1);
	poll_wake(graph);
	pool = graph->asker.pool;
	if (pool != NULL)
		(void)ord_pool_interrupt(pool);
	pool = graph->pool;
	if (pool != NULL)
		status = ord_pool_interrupt(pool);
	atomic_fetch_sub(&graph->interrupting, 1);
	return status;
}

/* Pools that were interrupted or have ended take nothing any more: others begin in their place. */
void
run_begin_anew(struct ord_graph *graph)
{
	struct ord_pool *pool = graph->pool;

	if (atomic_exchange(&graph->interrupts, 0) == 0 && graph->ended == 0)
		return;
	socket_close(graph);
	graph->ended = 0;
	graph->with_functions = 0;
	graph->pool = NULL;
	while (atomic_load(&graph->interrupting) != 0)
		sched_yield(); /* another thread still has the pool in its hand */
	ord_pool_destroy(&pool);
	asker_finish(graph);
}

/* Those whose pause is over are ready; how long until the next, or -1. */
static int
end_pauses(struct ord_graph *graph)
{
	uint64_t now = graph->paused.count != 0 ? clock_now_ns() : 0, next = UINT64_MAX;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < graph->paused.count; i++) {
		uint32_t id = graph->paused.at[i];
		const struct ord_proc *proc = graph->procs[id];

		if (graph->schedule.nodes[id].state != NODE_PAUSED)
			continue; /* stopped meanwhile */
		if (proc->due_ns <= now) {
			schedule_make_ready(&graph->schedule, id);
			continue;
		}
		next = proc->due_ns < next ? proc->due_ns : next;
		graph->paused.at[kept++] = id;
	}
	graph->paused.count = kept;
	return next != UINT64_MAX ? clock_left_ms(now, next) : -1;
}

static int
say_stalled(struct ord_graph *graph)
{
	for (uint32_t i = 0; i < graph->schedule.n_nodes; i++)
		if (schedule_is_unfinished(graph->schedule.nodes[i].state))
			return error_set(&graph->error, ORD_ESTALLED,
				"nothing can move any more: %s is wanted, and nothing that runs could let it start",
				graph->procs[i]->name);
	return ORD_OK;
}

/* Wait for other descriptors and the pool's.  What came may have stopped the graph. */
static int
wait_for_all(struct ord_graph *graph, int timeout_ms)
{
	int status = poll_wait(graph, timeout_ms);

	if (status == ORD_OK && !graph->destroy)
		heed_interrupt(graph);
	return status;
}

/* Nothing starts any more, and what ran has no result. */
static void
lose_all(struct ord_graph *graph)
{
	char why[300];

	snprintf(why, sizeof why, "its pool ended: %.280s", graph->error.text);
	schedule_stop(&graph->schedule);
	for (uint32_t i = 0; i < GRAPH_BUCKETS; i++)
		while (graph->running[i] != NULL) {
			struct ord_proc *proc = graph->running[i];

			leave_running(graph, proc);
			waiting_forget(graph, proc);
			socket_dismiss(graph, proc);
			verdict_clear(proc);
			verdict_set(proc, ORD_CAUSE_STOPPED, why);
			end(graph, proc, increment_after(graph, proc, NODE_FAILED));
		}
	run_take_settled(graph);
}

/* A pool that has ended with an error takes nothing any more. */
static int
step_pool(struct ord_graph *graph, int timeout_ms)
{
	int status = ORD_OK;

	/* What is wanted starts no pool as long as the graph is suspended: there is nothing else to wait in. */
	if (graph->pool == NULL && graph->suspended_ns != 0 && graph->schedule.unfinished != 0 &&
		timeout_ms > 0)
		status = poll_open(graph);
	if (status == ORD_OK && poll_is_open(&graph->poll)) {
		status = wait_for_all(graph, timeout_ms);
		timeout_ms = 0;
	}
	if (status != ORD_OK || graph->pool == NULL || graph->destroy)
		return status;
	status = ord_pool_step(graph->pool, timeout_ms);
	graph->poll.given = 0;
	if (status == ORD_OK || graph->destroy)
		return status;
	graph->ended = status;
	error_set(&graph->error, status, "%s", ord_pool_error(graph->pool));
	lose_all(graph);
	return error_set(&graph->error, status, "%s", ord_pool_error(graph->pool));
}

/* Whether something is under way that could let the graph go on. */
static int
can_move(const struct ord_graph *graph)
{
	if (poll_is_awaited(&graph->poll) || graph->n_inputs != 0)
		return 1;
	return graph->schedule.unfinished != 0 &&
		(graph->schedule.running != 0 || graph->paused.count != 0);
}

int
run_move(struct ord_graph *graph, int timeout_ms)
{
	int due, status;

	if (graph->ended != 0)
		return error_set(&graph->error, graph->ended, "the graph's pool has ended: %s",
			ord_pool_error(graph->pool));
	graph->start_fault = ORD_OK;
	heed_interrupt(graph);
	run_take_settled(graph);
	due = graph->suspended_ns == 0 ? end_pauses(graph) : -1; /* they last longer by a halt */
	status = watch_is_on(graph) ? watch_move(graph) : ORD_OK;
	if (status != ORD_OK)
		return status;
	run_give(graph);
	if (graph->start_fault != ORD_OK)
		return graph->start_fault;
	if (signals_hold(graph, timeout_ms))
		return graph->error.status;
	if (!can_move(graph) && graph->suspended_ns == 0) {
		if (graph->schedule.unfinished != 0)
			return waiting_break(graph) ? ORD_OK : say_stalled(graph);
		if (!poll_is_open(&graph->poll))
			return ORD_OK;
		timeout_ms = 0; /* a foreign loop is told of what is there until it is taken */
	}
	if (timeout_ms < 0)
		timeout_ms = LONG_MS;
	status = step_pool(graph, due >= 0 && due < timeout_ms ? due : timeout_ms);
	if (!graph->destroy)
		run_give(graph);
	if (status != ORD_OK || graph->destroy || !watch_is_on(graph))
		return status;
	status = watch_move(graph);
	if (!graph->destroy)
		run_give(graph);
	return status;
}

int
run_to_end(struct ord_graph *graph)
{
	int status = ORD_OK;

	while (status == ORD_OK && !graph->destroy && graph->schedule.unfinished != 0)
		status = run_move(graph, -1);
	if (status != ORD_OK)
		return status;
	return error_set(&graph->error, ORD_EINTERRUPTED,
		"interrupted: ord_graph_interrupt was called, and nothing more is started");
}

int
ord_graph_step(struct ord_graph *graph, int timeout_ms)
{
	int status = graph_enter(graph);

	if (status != ORD_OK)
		return status;
	status = run_move(graph, timeout_ms);
	if (status == ORD_OK && atomic_load(&graph->interrupts) != 0 &&
		graph->schedule.unfinished == 0)
		status = run_to_end(graph);
	return graph_leave(graph, status);
}
