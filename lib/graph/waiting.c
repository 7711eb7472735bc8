/*
 * Who waits for whom.  Each that waits gets one answer, when what it waits for
 * is there, cannot come any more, or its proc has ended.  The answer lets the
 * proc go on, so it needs a slot first: those that come back are in a queue,
 * and a slot that becomes free is theirs before anything starts.
 */
#define _GNU_SOURCE /* explicit_bzero */
#include "graph/waiting.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "graph/graph.h"

/* One proc that another waits for. */
struct wait {
	struct waiting *owner;
	struct ord_proc *target;
	struct wait *next, **link; /* in target->waits */
	uint32_t edge;
};

/* An speaker that waits. */
struct waiting {
	struct speaker speaker;
	struct waiting *next, **link;                 /* in graph->waitings */
	struct waiting *next_of_proc, **link_of_proc; /* in proc->asks */
	struct wait *waits;                           /* waits[n_waits] */
	uint32_t n_waits;
	uint32_t left;   /* of them, not ended */
	uint32_t *locks; /* instead: locks[n_locks] */
	uint32_t n_locks;
	uint64_t question;             /* instead: of a person; 0: none */
	const struct ord_proc *failed; /* the first that did not end well */
	/* Of one that comes back, and has an answer. */
	struct waiting *next_back, **link_back; /* in graph->back; link_back NULL: it still waits */
	char *answer;                           /* answer[answer_size] */
	size_t answer_size;
	int status;
};

/* --- slots --- */

/* A command keeps its place in the pool while it waits: there is one more meanwhile. */
static int
resize(struct ord_graph *graph, const struct ord_proc *proc, int change)
{
	uint32_t spare = graph->n_commands_waiting;

	if (!definition_is_command(proc->definition) || graph->pool == NULL)
		return ORD_OK;
	spare = change > 0 ? spare + 1 : spare - 1;
	if (ord_pool_resize(graph->pool, graph->schedule.slots + spare) != ORD_OK && change > 0)
		return error_set(&graph->error, ORD_EAGAIN, "too many commands wait at once: %s",
			ord_pool_error(graph->pool));
	graph->n_commands_waiting = spare;
	return ORD_OK;
}

static int
yield_slot(struct ord_graph *graph, const struct ord_proc *proc)
{
	int status = resize(graph, proc, 1);

	if (status == ORD_OK)
		schedule_yield(&graph->schedule, proc->node);
	return status;
}

static void
resume_slot(struct ord_graph *graph, const struct ord_proc *proc)
{
	(void)resize(graph, proc, -1);
	if (graph->schedule.nodes[proc->node].state == NODE_RUNNING)
		schedule_resume(&graph->schedule, proc->node);
}

/* --- begin and end --- */

static void
free_waiting(struct waiting *waiting)
{
	if (waiting->answer != NULL)
		explicit_bzero(waiting->answer, waiting->answer_size); /* it may be a password */
	memory_free(waiting->answer);
	memory_free(waiting->locks);
	memory_free(waiting->waits);
	memory_free(waiting);
}

static void
enter(struct ord_graph *graph, struct waiting *waiting)
{
	struct ord_proc *proc = waiting->speaker.proc;

	waiting->link = &graph->waitings;
	waiting->next = graph->waitings;
	if (waiting->next != NULL)
		waiting->next->link = &waiting->next;
	graph->waitings = waiting;
	waiting->link_of_proc = &proc->asks;
	waiting->next_of_proc = proc->asks;
	if (waiting->next_of_proc != NULL)
		waiting->next_of_proc->link_of_proc = &waiting->next_of_proc;
	proc->asks = waiting;
}

/* NULL after an error, which is the graph's. */
static struct waiting *
begin(struct ord_graph *graph, const struct speaker *speaker, uint32_t n_waits, uint32_t n_locks)
{
	struct waiting *waiting = memory_new(1, sizeof *waiting);

	if (waiting != NULL && n_waits != 0)
		waiting->waits = memory_new(n_waits, sizeof *waiting->waits);
	if (waiting != NULL && n_locks != 0)
		waiting->locks = memory_new(n_locks, sizeof *waiting->locks);
	if (waiting == NULL || (n_waits != 0 && waiting->waits == NULL) ||
		(n_locks != 0 && waiting->locks == NULL))
		error_memory(&graph->error);
	else if (speaker->proc->asks != NULL || yield_slot(graph, speaker->proc) == ORD_OK) {
		waiting->speaker = *speaker;
		enter(graph, waiting);
		graph->n_lock_waits += waiting->locks != NULL;
		return waiting;
	}
	if (waiting != NULL)
		free_waiting(waiting);
	return NULL;
}

static void
unlink_wait(struct ord_graph *graph, struct wait *wait)
{
	if (wait->link == NULL)
		return;
	schedule_wait_over(&graph->schedule, wait->edge);
	*wait->link = wait->next;
	if (wait->next != NULL)
		wait->next->link = wait->link;
	wait->link = NULL;
}

static void
say_withdrawn(struct ord_graph *graph, const struct waiting *waiting)
{
	graph->n_inputs--;
	if (graph->pool == NULL)
		return; /* the graph is being freed */
	graph->callbacks++;
	graph->options.on_input(
		waiting->speaker.proc, waiting->question, NULL, 0, graph->options.on_input_user);
	graph->callbacks--;
}

static void
leave_queue(struct ord_graph *graph, struct waiting *waiting)
{
	if (waiting->link_back == NULL)
		return;
	*waiting->link_back = waiting->next_back;
	if (waiting->next_back != NULL)
		waiting->next_back->link_back = waiting->link_back;
	else
		graph->last_back = waiting->link_back;
}

/* The last of a proc's that ends has the slot again. */
static void
end(struct ord_graph *graph, struct waiting *waiting)
{
	struct ord_proc *proc = waiting->speaker.proc;

	leave_queue(graph, waiting);
	for (uint32_t i = 0; i < waiting->n_waits; i++)
		unlink_wait(graph, &waiting->waits[i]);
	*waiting->link = waiting->next;
	if (waiting->next != NULL)
		waiting->next->link = waiting->link;
	*waiting->link_of_proc = waiting->next_of_proc;
	if (waiting->next_of_proc != NULL)
		waiting->next_of_proc->link_of_proc = waiting->link_of_proc;
	graph->n_lock_waits -= waiting->locks != NULL;
	if (proc->asks == NULL)
		resume_slot(graph, proc);
	if (waiting->question != 0)
		say_withdrawn(graph, waiting);
	free_waiting(waiting);
}

/* --- coming back --- */

static int
may_come(struct ord_graph *graph)
{
	return graph->schedule.running < graph->schedule.slots && gate_may_return(graph);
}

/* Without memory it goes on at once: better one too many for a moment than one that hangs. */
static int
queue(struct ord_graph *graph, struct waiting *waiting, int status, const void *bytes, size_t size)
{
	waiting->answer = memory_copy(bytes, size);
	if (waiting->answer == NULL)
		return -1;
	waiting->answer_size = size;
	waiting->status = status;
	graph->n_lock_waits -= waiting->locks != NULL;
	memory_free(waiting->locks);
	waiting->locks = NULL;
	if (graph->back == NULL)
		graph->last_back = &graph->back;
	waiting->link_back = graph->last_back;
	*graph->last_back = waiting;
	graph->last_back = &waiting->next_back;
	return 0;
}

static void
go_on(struct ord_graph *graph, struct waiting *waiting, int status, const void *bytes, size_t size)
{
	struct speaker speaker = waiting->speaker;

	end(graph, waiting);
	ask_answer(graph, &speaker, status, bytes, size);
}

/* What it waited for is there.  One of several of its proc is answered at once, as the others have the slot away. */
static void
come_back(struct ord_graph *graph, struct waiting *waiting, int status, const void *bytes,
	size_t size)
{
	int is_last = waiting->speaker.proc->asks == waiting && waiting->next_of_proc == NULL;

	if (is_last && (graph->back != NULL || !may_come(graph)) &&
		queue(graph, waiting, status, bytes, size) == 0)
		return;
	go_on(graph, waiting, status, bytes, size);
}

void
waiting_return(struct ord_graph *graph)
{
	while (graph->back != NULL && may_come(graph)) {
		struct waiting *waiting = graph->back;
		char *answer = waiting->answer;
		size_t size = waiting->answer_size;

		waiting->answer = NULL;
		go_on(graph, waiting, waiting->status, answer, size);
		explicit_bzero(answer, size);
		memory_free(answer);
	}
}

static int
has_succeeded(const struct ord_proc *proc)
{
	return proc->graph->schedule.nodes[proc->node].state == NODE_DONE;
}

/* at_once: it has not waited, so its slot is still there. */
static void
finish(struct ord_graph *graph, struct waiting *waiting, int at_once)
{
	char sentence[sizeof graph->error.text] = "";
	const struct ord_proc *failed = waiting->failed;
	int status = failed != NULL ? ORD_EFAILED : ORD_OK;

	if (failed != NULL)
		snprintf(sentence, sizeof sentence, "%s did not end well: %.800s", failed->name,
			ord_proc_error(failed));
	if (at_once)
		go_on(graph, waiting, status, sentence, strlen(sentence));
	else
		come_back(graph, waiting, status, sentence, strlen(sentence));
}

/* --- what ends them --- */

void
waiting_ended(struct ord_graph *graph, struct ord_proc *proc)
{
	struct wait *wait;

	while ((wait = proc->waits) != NULL) {
		struct waiting *waiting = wait->owner;

		unlink_wait(graph, wait);
		if (waiting->failed == NULL && !has_succeeded(proc))
			waiting->failed = proc;
		if (--waiting->left == 0)
			finish(graph, waiting, 0);
	}
}

void
waiting_forget(struct ord_graph *graph, struct ord_proc *proc)
{
	while (proc->asks != NULL) {
		struct speaker speaker = proc->asks->speaker;

		end(graph, proc->asks);
		if (speaker.client == NULL)
			continue;
		error_set(&graph->error, ORD_ECLOSED,
			"%s has ended: nobody may ask in its name any more", proc->name);
		ask_answer_status(graph, &speaker, ORD_ECLOSED);
	}
}

static struct waiting *
find(const struct speaker *speaker)
{
	struct waiting *waiting = speaker->proc->asks;

	while (waiting != NULL && waiting->speaker.client != speaker->client)
		waiting = waiting->next_of_proc;
	return waiting;
}

int
waiting_is_on(const struct speaker *speaker)
{
	return find(speaker) != NULL;
}

void
waiting_drop(struct ord_graph *graph, const struct speaker *speaker)
{
	struct waiting *waiting = find(speaker);

	if (waiting != NULL)
		end(graph, waiting);
}

static int
are_free(const struct ord_graph *graph, const struct waiting *waiting)
{
	for (uint32_t i = 0; i < waiting->n_locks; i++)
		if (graph->schedule.locks[waiting->locks[i]].used != 0)
			return 0;
	return 1;
}

void
waiting_locks(struct ord_graph *graph)
{
	struct waiting *next;

	if (graph->n_lock_waits == 0)
		return;
	for (struct waiting *waiting = graph->waitings; waiting != NULL; waiting = next) {
		next = waiting->next;
		if (waiting->locks != NULL && are_free(graph, waiting))
			finish(graph, waiting, 0);
	}
}

int
waiting_break(struct ord_graph *graph)
{
	struct waiting *waiting = graph->waitings;
	struct speaker speaker;
	const char *what = "locks";

	while (waiting != NULL && waiting->link_back != NULL)
		waiting = waiting->next;
	if (waiting == NULL)
		return 0;
	speaker = waiting->speaker;
	for (uint32_t i = 0; i < waiting->n_waits; i++)
		if (waiting->waits[i].link != NULL)
			what = waiting->waits[i].target->name;
	error_set(&graph->error, ORD_ESTALLED,
		"nothing can move any more: %s waits for %s, which cannot start while procs that wait hold its locks or its wave",
		speaker.proc->name, what);
	end(graph, waiting);
	ask_answer_status(graph, &speaker, ORD_ESTALLED);
	return 1;
}

/* --- what begins them --- */

/* One that has not ended; 0 or a fault of the schedule. */
static int
wait_for_one(struct ord_graph *graph, struct waiting *waiting, struct ord_proc *target)
{
	struct wait *wait = &waiting->waits[waiting->n_waits];
	uint32_t edge;
	int fault =
		schedule_wait(&graph->schedule, waiting->speaker.proc->node, target->node, &edge);

	if (fault != 0)
		return fault;
	*wait = (struct wait){ .owner = waiting,
		.target = target,
		.next = target->waits,
		.link = &target->waits,
		.edge = edge };
	if (wait->next != NULL)
		wait->next->link = &wait->next;
	target->waits = wait;
	waiting->n_waits++;
	waiting->left++;
	return 0;
}

int
waiting_for_procs(struct ord_graph *graph, const struct speaker *speaker, uint32_t from)
{
	struct waiting *waiting = begin(graph, speaker, graph->found.count - from, 0);
	int fault = 0;

	if (waiting == NULL)
		return graph->error.status;
	for (uint32_t i = from; fault == 0 && i < graph->found.count; i++) {
		struct ord_proc *target = graph->procs[graph->found.at[i]];
		int state = graph->schedule.nodes[target->node].state;

		if (schedule_is_unfinished(state))
			fault = wait_for_one(graph, waiting, target);
		else if (waiting->failed == NULL && state != NODE_DONE)
			waiting->failed = target;
	}
	if (fault != 0) {
		end(graph, waiting);
		return plan_fault(graph, fault);
	}
	if (waiting->left == 0)
		finish(graph, waiting, 1);
	return ORD_EAGAIN;
}

static int
uses_lock(const struct ord_proc *proc, uint32_t lock)
{
	for (uint32_t i = 0; i < proc->definition->n_uses; i++)
		if (proc->definition->uses[i].lock == lock)
			return 1;
	return 0;
}

const char *
waiting_next_name(const char **at, const char *end)
{
	const char *name = *at;

	if (name >= end || memchr(name, '\0', (size_t)(end - name)) == NULL)
		return NULL;
	*at = name + strlen(name) + 1;
	return name;
}

int
waiting_for_locks(
	struct ord_graph *graph, const struct speaker *speaker, const char *at, const char *limit)
{
	struct waiting *waiting = begin(graph, speaker, 0, (uint32_t)(limit - at) + 1);
	const char *name;

	if (waiting == NULL)
		return graph->error.status;
	while ((name = waiting_next_name(&at, limit)) != NULL) {
		uint32_t lock = registry_lock(graph, name, strlen(name));

		if (lock == SCHEDULE_NONE || uses_lock(speaker->proc, lock)) {
			end(graph, waiting);
			return lock == SCHEDULE_NONE ? error_memory(&graph->error)
						     : error_set(&graph->error, ORD_EINVAL,
							       "%s holds the lock '%s' itself",
							       speaker->proc->name, name);
		}
		waiting->locks[waiting->n_locks++] = lock;
	}
	if (are_free(graph, waiting))
		finish(graph, waiting, 1);
	return ORD_EAGAIN;
}

int
waiting_for_input(struct ord_graph *graph, const struct speaker *speaker, uint64_t question)
{
	struct waiting *waiting = begin(graph, speaker, 0, 0);

	if (waiting == NULL)
		return graph->error.status;
	waiting->question = question;
	graph->n_inputs++;
	return ORD_EAGAIN;
}

int
waiting_answer_input(
	struct ord_graph *graph, uint64_t question, int status, const void *bytes, size_t size)
{
	struct waiting *waiting = graph->waitings;

	while (waiting != NULL && waiting->question != question)
		waiting = waiting->next;
	if (waiting == NULL || question == 0)
		return -1;
	waiting->question = 0;
	graph->n_inputs--;
	come_back(graph, waiting, status, bytes, size);
	return 0;
}
