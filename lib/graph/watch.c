/*
 * From a change to a run.
 *
 *   hear     a path has changed, for a proc: noted, with the time; unless it is the graph's own file,
 *            or an output of the proc itself or of one that runs
 *   act      no more has come for a while: what was noted is wanted again, as one generation
 *   heed     who runs and is wanted again is left alone, ended, signalled, or the change is forgotten
 *
 * A change before the start of a run has been seen by that run: so each start
 * first takes what has come, and changes carry their time.  Each end takes what has come, too,
 * while the outputs of the proc still count as written by a run.
 */
#include "graph/watch.h"

#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

/* --- what is the graph's own --- */

/* The database, and what SQLite and the lock put beside it. */
static int
is_own(const struct watch *watch, const char *path)
{
	size_t here = strlen(watch->here);

	for (size_t i = 0; i < sizeof watch->own / sizeof *watch->own; i++) {
		const char *own = watch->own[i];

		if (own == NULL)
			continue;
		if (*path != '/' && strncmp(own, watch->here, here) == 0 && own[here] == '/')
			own += here + 1;
		if (strncmp(path, own, strlen(own)) == 0)
			return 1;
	}
	return 0;
}

/* Files that are polled are seen late: who has ended since the look before may have written them. */
static int
was_made(const struct ord_graph *graph, const char *path)
{
	for (uint32_t id = 0; id < graph->schedule.n_nodes; id++) {
		const struct ord_proc *proc = graph->procs[id];
		int answer = 0;

		if (proc->makes != NULL && proc->over_ns >= graph->watch->looked_ns)
			answer = watch_makes(proc, path);
		if (answer != 0)
			return answer;
	}
	return 0;
}

/* 1 with the proc that runs and makes it, or has made it. */
static int
find_maker(const struct ord_graph *graph, const char *path, const struct ord_proc **maker)
{
	*maker = NULL;
	if (graph->watch->files.fd < 0) {
		int answer = was_made(graph, path);

		if (answer != 0)
			return answer;
	}
	for (uint32_t i = 0; i < GRAPH_BUCKETS; i++)
		for (const struct ord_proc *proc = graph->running[i]; proc != NULL;
			proc = proc->next_running) {
			int answer = watch_makes(proc, path);

			*maker = proc;
			if (answer != 0)
				return answer;
		}
	return 0;
}

/*
 * What is made for those that depend on it is no change: they look at it when
 * its maker has ended with news.  Who depends on it by others only, and reads
 * it, looks at it also if those have none.
 */
static void
expect_made(struct ord_graph *graph, const struct ord_proc *reader, const struct ord_proc *maker)
{
	struct schedule *schedule = &graph->schedule;
	struct node *node = &schedule->nodes[reader->node];

	if (maker == NULL || node->state != NODE_BLOCKED || (node->flags & NODE_LAZY) == 0)
		return;
	for (uint32_t at = node->deps; at != SCHEDULE_NONE; at = schedule->edges[at].next_dep)
		if (schedule->edges[at].dep == maker->node && schedule->edges[at].kind == EDGE_HARD)
			return;
	node->flags &= (uint8_t)~NODE_LAZY;
}

/* --- hearing --- */

/* A step that has no status of its own. */
static void
keep_error(struct ord_graph *graph)
{
	graph->watch->error = graph->error;
}

void
watch_note(struct ord_graph *graph, struct ord_proc *proc, uint64_t now_ns)
{
	struct watch *watch = graph->watch;

	if (graph->schedule.nodes[proc->node].state == NODE_IDLE &&
		proc->cause != ORD_CAUSE_STOPPED)
		return;
	if (proc->noted_ns == 0 && numbers_push(&watch->noted, proc->node) != 0) {
		error_memory(&watch->error);
		return;
	}
	proc->noted_ns = now_ns;
	quiet_note(&watch->quiet, now_ns);
}

static void
note_all(struct ord_graph *graph, uint64_t now_ns)
{
	for (uint32_t id = 0; id < graph->schedule.n_nodes; id++)
		if (graph->procs[id]->looked)
			watch_note(graph, graph->procs[id], now_ns);
}

static void
hear(void *user, uint32_t who, const char *path)
{
	struct ord_graph *graph = user;
	const struct ord_proc *maker = NULL;
	int answer = 0;

	if (who == EYES_ALL) {
		note_all(graph, clock_now_ns());
		return;
	}
	if (is_own(graph->watch, path))
		return;
	answer = watch_makes(graph->procs[who], path);
	if (answer == 0)
		answer = find_maker(graph, path, &maker);
	if (answer < 0)
		error_memory(&graph->watch->error);
	else if (answer > 0)
		expect_made(graph, graph->procs[who], maker);
	else
		watch_note(graph, graph->procs[who], clock_now_ns());
}

static void
set_timer(struct watch *watch)
{
	uint64_t due_ns = eyes_due_ns(watch->eyes);
	struct itimerspec when = { 0 };

	if (watch->quiet.due_ns < due_ns)
		due_ns = watch->quiet.due_ns;
	if (due_ns == watch->timer_ns)
		return;
	watch->timer_ns = due_ns;
	if (due_ns != UINT64_MAX) {
		/* A time of nothing would disarm it. */
		due_ns += due_ns == 0;
		when.it_value.tv_sec = (time_t)(due_ns / CLOCK_NS_PER_S);
		when.it_value.tv_nsec = (long)(due_ns % CLOCK_NS_PER_S);
	}
	(void)timerfd_settime(watch->timer.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static int
take_changes(struct ord_graph *graph)
{
	struct watch *watch = graph->watch;
	struct error error = { 0 };
	uint64_t now_ns = clock_now_ns();
	int looks = eyes_due_ns(watch->eyes) <= now_ns;
	int status = eyes_take(watch->eyes, now_ns, hear, graph, &error);

	if (looks)
		watch->looked_ns = now_ns;
	if (status != ORD_OK)
		graph->error = error;
	/* Its descriptor may be gone. */
	if (watch->files.fd >= 0 && eyes_fd(watch->eyes) < 0) {
		poll_remove(graph, &watch->files);
		watch->files.fd = -1;
	}
	watch_warn(graph);
	set_timer(watch);
	return status;
}

void
watch_take(struct ord_graph *graph)
{
	if (take_changes(graph) != ORD_OK)
		keep_error(graph);
}

void
watch_on_files(struct ord_graph *graph, void *user)
{
	(void)user;
	watch_take(graph);
}

/* The loop asks what there is to do whatever woke it. */
void
watch_on_timer(struct ord_graph *graph, void *user)
{
	struct watch *watch = user;
	uint64_t times;

	if (read(watch->timer.fd, &times, sizeof times) == (ssize_t)sizeof times)
		watch->timer_ns = UINT64_MAX;
	if (watch->files.fd < 0)
		watch_take(graph);
}

/* --- steps of the loop --- */

/* What it needs could not be said: why not is said now. */
static int
say_plight(struct ord_graph *graph, struct ord_proc *proc)
{
	error_set(&graph->error, ORD_EFAILED, "%s", proc->plight);
	memory_free(proc->plight);
	proc->plight = NULL;
	return graph->error.status;
}

int
watch_start(struct ord_graph *graph, struct ord_proc *proc)
{
	int status = proc->plight != NULL ? say_plight(graph, proc) : watch_renew(graph, proc);

	if (status == ORD_OK)
		status = watch_look(graph, proc);
	if (status == ORD_OK)
		status = take_changes(graph);
	proc->begun_ns = clock_now_ns();
	proc->restarted = 0;
	return status;
}

void
watch_end(struct ord_graph *graph, struct ord_proc *proc)
{
	proc->over_ns = clock_now_ns();
	if (watch_look_at_found(graph, proc) != ORD_OK)
		keep_error(graph);
}

/* --- those that run --- */

uint32_t
watch_busy(const struct ord_graph *graph, const struct ord_proc *proc)
{
	if (proc->definition->on_busy != 0)
		return proc->definition->on_busy;
	return graph->options.on_busy != 0 ? graph->options.on_busy : ORD_BUSY_QUEUE;
}

/* It is told, and that is all. */
static void
signal_it(struct ord_graph *graph, struct ord_proc *proc)
{
	uint32_t number = proc->definition->busy_signal;

	if (number == 0)
		number = graph->options.busy_signal != 0 ? graph->options.busy_signal : SIGHUP;
	schedule_forgo(&graph->schedule, proc->node);
	(void)ord_pool_signal(graph->pool, proc->sequence, (int)number);
}

void
watch_heed(struct ord_graph *graph)
{
	for (uint32_t i = 0; i < GRAPH_BUCKETS; i++)
		for (struct ord_proc *proc = graph->running[i]; proc != NULL;
			proc = proc->next_running) {
			if (!schedule_is_due(&graph->schedule, proc->node))
				continue;
			switch (watch_busy(graph, proc)) {
			case ORD_BUSY_RESTART:
				if (!proc->restarted)
					(void)ord_pool_cancel(graph->pool, proc->sequence);
				proc->restarted = 1;
				break;
			case ORD_BUSY_IGNORE: schedule_forgo(&graph->schedule, proc->node); break;
			case ORD_BUSY_SIGNAL: signal_it(graph, proc); break;
			default: break;
			}
		}
}

static void
end_generation(struct ord_graph *graph)
{
	struct watch *watch = graph->watch;

	if (!watch->active || graph->schedule.unfinished != 0)
		return;
	watch->active = 0;
	run_tell(graph, ORD_GRAPH_EVENT_WATCHING, NULL);
}

int
watch_move(struct ord_graph *graph)
{
	struct watch *watch = graph->watch;
	int status = watch->error.status;

	if (status != ORD_OK) {
		graph->error = watch->error;
		error_clear(&watch->error);
		return status;
	}
	if (quiet_take(&watch->quiet, clock_now_ns()))
		status = watch_act(graph);
	if (status == ORD_OK)
		end_generation(graph);
	set_timer(watch);
	return status;
}
