/*
 * What running procs ask, and who waits for whom.  Each question gets one
 * answer: at once, or when what it waits for has ended.  A proc asks one
 * question at a time.
 */
#include <string.h>

#include "base/memory.h"
#include "graph/context.h"
#include "graph/graph.h"
#include "graph/increment.h"

/* One proc that another waits for. */
struct wait {
	struct waiting *owner;
	struct ord_proc *target;
	struct wait *next, **link; /* in target->waits */
	uint32_t edge;
};

/* A proc that waits. */
struct waiting {
	struct ord_proc *proc;
	struct waiting *next, **link; /* in graph->waitings */
	struct wait *waits;           /* waits[n_waits] */
	uint32_t n_waits;
	uint32_t left;   /* of them, not ended */
	uint32_t *locks; /* instead: locks[n_locks] */
	uint32_t n_locks;
	const struct ord_proc *failed; /* the first that did not end well */
};

/* --- answers --- */

static void
answer(struct ord_graph *graph, const struct ord_proc *proc, int status, const void *bytes,
	size_t size)
{
	struct context_answer head = { .status = status };

	graph->text.size = 0;
	if (buffer_append(&graph->text, &head, sizeof head) != 0 ||
		buffer_append(&graph->text, bytes, size) != 0 ||
		buffer_append(&graph->text, "", 1) != 0)
		graph->text.size = 0;
	/* It may have ended meanwhile; an answer for which there is no memory is asked for again by nobody: stop it. */
	if (ord_pool_answer(graph->pool, proc->sequence, graph->text.bytes, graph->text.size) ==
		ORD_ENOMEM)
		(void)ord_pool_cancel(graph->pool, proc->sequence);
}

static void
answer_status(struct ord_graph *graph, const struct ord_proc *proc, int status)
{
	char sentence[sizeof graph->error.text];

	memcpy(sentence, graph->error.text, sizeof sentence);
	answer(graph, proc, status, sentence, status != ORD_OK ? strlen(sentence) : 0);
	error_clear(&graph->error);
}

/* --- waiting --- */

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

/* Free what a proc waits for; it has its slot again. */
static void
end_waiting(struct ord_graph *graph, struct waiting *waiting)
{
	for (uint32_t i = 0; i < waiting->n_waits; i++)
		unlink_wait(graph, &waiting->waits[i]);
	*waiting->link = waiting->next;
	if (waiting->next != NULL)
		waiting->next->link = waiting->link;
	graph->n_lock_waits -= waiting->locks != NULL;
	waiting->proc->asks = NULL;
	if (graph->schedule.nodes[waiting->proc->node].state == NODE_RUNNING)
		schedule_resume(&graph->schedule, waiting->proc->node);
	memory_free(waiting->locks);
	memory_free(waiting->waits);
	memory_free(waiting);
}

static struct waiting *
begin_waiting(struct ord_graph *graph, struct ord_proc *proc, uint32_t n_waits, uint32_t n_locks)
{
	struct waiting *waiting = memory_new(1, sizeof *waiting);

	if (waiting == NULL)
		return NULL;
	waiting->waits = n_waits != 0 ? memory_new(n_waits, sizeof *waiting->waits) : NULL;
	waiting->locks = n_locks != 0 ? memory_new(n_locks, sizeof *waiting->locks) : NULL;
	if ((n_waits != 0 && waiting->waits == NULL) || (n_locks != 0 && waiting->locks == NULL)) {
		memory_free(waiting->waits);
		memory_free(waiting->locks);
		memory_free(waiting);
		return NULL;
	}
	waiting->proc = proc;
	proc->asks = waiting;
	waiting->link = &graph->waitings;
	waiting->next = graph->waitings;
	if (waiting->next != NULL)
		waiting->next->link = &waiting->next;
	graph->waitings = waiting;
	graph->n_lock_waits += waiting->locks != NULL;
	schedule_yield(&graph->schedule, proc->node);
	return waiting;
}

static int
has_succeeded(const struct ord_proc *proc)
{
	return proc->graph->schedule.nodes[proc->node].state == NODE_DONE;
}

static void
finish_waiting(struct ord_graph *graph, struct waiting *waiting)
{
	struct ord_proc *proc = waiting->proc;
	const struct ord_proc *failed = waiting->failed;
	int status = ORD_OK;

	end_waiting(graph, waiting);
	if (failed != NULL)
		status = error_set(&graph->error, ORD_EFAILED, "%s did not end well: %.800s",
			failed->name, ord_proc_error(failed));
	answer_status(graph, proc, status);
}

void
ask_ended(struct ord_graph *graph, struct ord_proc *proc)
{
	struct wait *wait;

	while ((wait = proc->waits) != NULL) {
		struct waiting *waiting = wait->owner;

		unlink_wait(graph, wait);
		if (waiting->failed == NULL && !has_succeeded(proc))
			waiting->failed = proc;
		if (--waiting->left == 0)
			finish_waiting(graph, waiting);
	}
}

void
ask_forget(struct ord_graph *graph, struct ord_proc *proc)
{
	if (proc->asks != NULL)
		end_waiting(graph, proc->asks);
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
ask_locks(struct ord_graph *graph)
{
	struct waiting *next;

	if (graph->n_lock_waits == 0)
		return;
	for (struct waiting *waiting = graph->waitings; waiting != NULL; waiting = next) {
		next = waiting->next;
		if (waiting->locks != NULL && are_free(graph, waiting))
			finish_waiting(graph, waiting);
	}
}

int
ask_break(struct ord_graph *graph)
{
	struct waiting *waiting = graph->waitings;
	struct ord_proc *proc;
	const char *what = "locks";

	if (waiting == NULL)
		return 0;
	proc = waiting->proc;
	for (uint32_t i = 0; i < waiting->n_waits; i++)
		if (waiting->waits[i].link != NULL)
			what = waiting->waits[i].target->name;
	error_set(&graph->error, ORD_ESTALLED,
		"nothing can move any more: %s waits for %s, which cannot start while procs that wait hold its locks or its wave",
		proc->name, what);
	end_waiting(graph, waiting);
	answer_status(graph, proc, ORD_ESTALLED);
	return 1;
}

/* --- questions --- */

/* The names of a question, one after the other; NULL: no more. */
static const char *
next_name(const char **at, const char *end)
{
	const char *name = *at;

	if (name >= end || memchr(name, '\0', (size_t)(end - name)) == NULL)
		return NULL;
	*at = name + strlen(name) + 1;
	return name;
}

static int
find_all(struct ord_graph *graph, const char *at, const char *end)
{
	const char *name;
	int status = ORD_OK;

	while (status == ORD_OK && (name = next_name(&at, end)) != NULL)
		status = registry_find(graph, name);
	return status;
}

/* The procs in graph->found from `from` on: those that have not ended are waited for. */
static int
wait_for_found(struct ord_graph *graph, struct ord_proc *proc, uint32_t from)
{
	struct waiting *waiting = begin_waiting(graph, proc, graph->found.count - from, 0);
	int fault = 0;

	if (waiting == NULL)
		return error_memory(&graph->error);
	for (uint32_t i = from; fault == 0 && i < graph->found.count; i++) {
		struct ord_proc *target = graph->procs[graph->found.at[i]];
		struct wait *wait = &waiting->waits[waiting->n_waits];
		int state = graph->schedule.nodes[target->node].state;

		if (waiting->failed == NULL && !schedule_is_unfinished(state) && state != NODE_DONE)
			waiting->failed = target;
		if (!schedule_is_unfinished(state))
			continue;
		fault = schedule_wait(&graph->schedule, proc->node, target->node, &wait->edge);
		if (fault != 0)
			break;
		*wait = (struct wait){ .owner = waiting,
			.target = target,
			.next = target->waits,
			.link = &target->waits,
			.edge = wait->edge };
		if (wait->next != NULL)
			wait->next->link = &wait->next;
		target->waits = wait;
		waiting->n_waits++;
		waiting->left++;
	}
	if (fault != 0) {
		end_waiting(graph, waiting);
		return plan_fault(graph, fault);
	}
	if (waiting->left == 0)
		finish_waiting(graph, waiting);
	return ORD_EAGAIN;
}

static int
check_wanted(struct ord_graph *graph, uint32_t from)
{
	for (uint32_t i = from; i < graph->found.count; i++) {
		const struct ord_proc *proc = graph->procs[graph->found.at[i]];

		if (graph->schedule.nodes[proc->node].state == NODE_IDLE &&
			proc->cause != ORD_CAUSE_STOPPED)
			return error_set(&graph->error, ORD_EINVAL,
				"%s is not wanted by anybody: start it first", proc->name);
	}
	return ORD_OK;
}

/* Names are found, wanted, waited for; how far says the kind of the question.  ORD_EAGAIN: the answer comes later, or came. */
static int
take_names(struct ord_graph *graph, struct ord_proc *proc, uint32_t kind, const char *at,
	const char *end)
{
	uint32_t from = graph->found.count;
	int status = find_all(graph, at, end);

	for (uint32_t i = from; kind != ASK_CREATE && i < graph->found.count; i++)
		increment_asked(proc, graph->procs[graph->found.at[i]]);
	if (status == ORD_OK && (kind == ASK_START || kind == ASK_RUN))
		status = plan_want(graph, from);
	if (status == ORD_OK && kind == ASK_RUN)
		status = find_all(graph, at, end); /* plan_want has taken them off the list */
	if (status == ORD_OK && kind == ASK_WAIT)
		status = check_wanted(graph, from);
	if (status == ORD_OK && (kind == ASK_RUN || kind == ASK_WAIT))
		status = wait_for_found(graph, proc, from);
	graph->found.count = from;
	return status;
}

static int
uses_lock(const struct ord_graph *graph, const struct ord_proc *proc, uint32_t lock)
{
	(void)graph;
	for (uint32_t i = 0; i < proc->definition->n_uses; i++)
		if (proc->definition->uses[i].lock == lock)
			return 1;
	return 0;
}

static int
take_locks(struct ord_graph *graph, struct ord_proc *proc, const char *at, const char *end)
{
	struct waiting *waiting = begin_waiting(graph, proc, 0, (uint32_t)(end - at) + 1);
	const char *name;

	if (waiting == NULL)
		return error_memory(&graph->error);
	while ((name = next_name(&at, end)) != NULL) {
		uint32_t lock = registry_lock(graph, name, strlen(name));

		if (lock == SCHEDULE_NONE || uses_lock(graph, proc, lock)) {
			end_waiting(graph, waiting);
			return lock == SCHEDULE_NONE
				? error_memory(&graph->error)
				: error_set(&graph->error, ORD_EINVAL,
					  "%s holds the lock '%s' itself", proc->name, name);
		}
		waiting->locks[waiting->n_locks++] = lock;
	}
	if (are_free(graph, waiting))
		finish_waiting(graph, waiting);
	return ORD_EAGAIN;
}

static int
take_result(struct ord_graph *graph, struct ord_proc *proc, const char *at, const char *end)
{
	const char *name = next_name(&at, end);
	const struct ord_proc *other =
		name != NULL ? registry_proc(graph, (struct span){ name, strlen(name) }) : NULL;

	if (other == NULL)
		return error_set(&graph->error, ORD_EINVAL, "%s: there is no proc of this name",
			name != NULL ? name : "");
	increment_asked(proc, other);
	if (!schedule_is_end(graph->schedule.nodes[other->node].state))
		return error_set(
			&graph->error, ORD_EAGAIN, "%s has no result yet: wait for it", name);
	if (!has_succeeded(other))
		return error_set(&graph->error, ORD_EFAILED, "%s has no result: %.800s", name,
			ord_proc_error(other));
	answer(graph, proc, ORD_OK, ord_proc_output(other, NULL), other->output_size);
	return ORD_EAGAIN;
}

/* 0 or an error to be answered; *later: the answer has been given, or will be. */
static int
take_question(struct ord_graph *graph, struct ord_proc *proc, uint32_t kind, const char *at,
	const char *end, int *later)
{
	int status;

	switch (kind) {
	case ASK_SKIP: proc->saying = SAID_SKIPPED; return ORD_OK;
	case ASK_NO_CHANGE: proc->saying = SAID_NO_CHANGE; return ORD_OK;
	case ASK_RESULT: status = take_result(graph, proc, at, end); break;
	case ASK_WAIT_LOCKS: status = take_locks(graph, proc, at, end); break;
	case ASK_CREATE:
	case ASK_START:
	case ASK_RUN:
	case ASK_WAIT: status = take_names(graph, proc, kind, at, end); break;
	default:
		return error_set(&graph->error, ORD_EINVAL,
			"a question that this version of orderly does not know");
	}
	*later = status == ORD_EAGAIN && graph->error.status != ORD_EAGAIN;
	return status;
}

void
ask_take(const struct ord_ask *question, void *user)
{
	struct ord_graph *graph = user;
	struct ord_proc *proc = ord_ask_user(question);
	size_t size;
	const char *request = ord_ask_request(question, &size);
	uint32_t head[2];
	int later = 0, status;

	graph->callbacks++;
	error_clear(&graph->error);
	if (size < sizeof head || proc->asks != NULL) {
		status = error_set(&graph->error, ORD_EINVAL, "a question that makes no sense");
	} else {
		memcpy(head, request, sizeof head);
		status = take_question(
			graph, proc, head[0], request + sizeof head, request + size, &later);
	}
	if (!later)
		answer_status(graph, proc, status);
	error_clear(&graph->error);
	graph->callbacks--;
	run_give(graph);
}
