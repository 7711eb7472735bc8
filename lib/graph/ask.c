/*
 * What running procs ask.  Each question gets one answer: at once, or when
 * what it waits for has ended (waiting.c).  Questions come from functions by
 * their tasks and from clients of the socket; only the first and the last step
 * know the difference.
 */
#include "graph/ask.h"

#include <string.h>

#include "graph/changed.h"
#include "graph/context.h"
#include "graph/graph.h"
#include "graph/increment.h"
#include "graph/input.h"
#include "graph/socket.h"
#include "graph/waiting.h"

/* --- answers --- */

static void
answer_function(struct ord_graph *graph, const struct ord_proc *proc, int status, const void *bytes,
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

void
ask_answer(struct ord_graph *graph, const struct speaker *speaker, int status, const void *bytes,
	size_t size)
{
	if (speaker->client != NULL)
		socket_answer(graph, speaker->client, status, bytes, size);
	else
		answer_function(graph, speaker->proc, status, bytes, size);
}

void
ask_answer_status(struct ord_graph *graph, const struct speaker *speaker, int status)
{
	char sentence[sizeof graph->error.text];

	memcpy(sentence, graph->error.text, sizeof sentence);
	ask_answer(graph, speaker, status, sentence, status != ORD_OK ? strlen(sentence) : 0);
	error_clear(&graph->error);
}

/* --- questions --- */

static int
find_all(struct ord_graph *graph, const char *at, const char *end)
{
	const char *name;
	int status = ORD_OK;

	while (status == ORD_OK && (name = waiting_next_name(&at, end)) != NULL)
		status = registry_find(graph, name);
	return status;
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
take_names(struct ord_graph *graph, const struct speaker *speaker, uint32_t kind, const char *at,
	const char *end)
{
	uint32_t from = graph->found.count;
	int status = find_all(graph, at, end);

	for (uint32_t i = from; kind != ASK_CREATE && i < graph->found.count; i++)
		increment_asked(speaker->proc, graph->procs[graph->found.at[i]]);
	if (status == ORD_OK && (kind == ASK_START || kind == ASK_RUN))
		status = plan_want(graph, from);
	if (status == ORD_OK && kind == ASK_RUN)
		status = find_all(graph, at, end); /* plan_want has taken them off the list */
	if (status == ORD_OK && kind == ASK_WAIT)
		status = check_wanted(graph, from);
	if (status == ORD_OK && (kind == ASK_RUN || kind == ASK_WAIT))
		status = waiting_for_procs(graph, speaker, from);
	graph->found.count = from;
	return status;
}

static int
take_result(struct ord_graph *graph, const struct speaker *speaker, const char *name)
{
	const struct ord_proc *other = registry_proc(graph, (struct span){ name, strlen(name) });
	int state;

	if (other == NULL)
		return error_set(
			&graph->error, ORD_EINVAL, "%s: there is no proc of this name", name);
	increment_asked(speaker->proc, other);
	state = graph->schedule.nodes[other->node].state;
	if (!schedule_is_end(state))
		return error_set(
			&graph->error, ORD_EAGAIN, "%s has no result yet: wait for it", name);
	if (state != NODE_DONE)
		return error_set(&graph->error, ORD_EFAILED, "%s has no result: %.800s", name,
			ord_proc_error(other));
	ask_answer(graph, speaker, ORD_OK, ord_proc_output(other, NULL), other->output_size);
	return ORD_EAGAIN;
}

/* An arg of the proc, or a param. */
static int
take_value(struct ord_graph *graph, const struct speaker *speaker, uint32_t kind, const char *name)
{
	const struct named *param = NULL;
	const char *value = NULL;

	if (kind == ASK_ARG)
		value = ord_proc_arg(speaker->proc, name);
	else if ((param = graph_param(graph, (struct span){ name, strlen(name) })) != NULL)
		value = param->value;
	if (value == NULL)
		return error_set(&graph->error, ORD_EINVAL, "%s has no %s '%s'",
			speaker->proc->name, kind == ASK_ARG ? "arg" : "param", name);
	ask_answer(graph, speaker, ORD_OK, value, strlen(value));
	return ORD_EAGAIN;
}

/* Of a function each name has its NUL, and behind all is one that every answer has. */
static int
take_changed(struct ord_graph *graph, const struct speaker *speaker)
{
	struct buffer names = { 0 };
	uint32_t count =
		changed_deps(graph, speaker->proc, &names, speaker->client != NULL ? '\n' : '\0');

	if (count != UINT32_MAX)
		ask_answer(graph, speaker, ORD_OK, names.bytes, names.size);
	buffer_finish(&names);
	return count != UINT32_MAX ? ORD_EAGAIN : error_memory(&graph->error);
}

static int
take_fingerprint(struct ord_graph *graph, const struct speaker *speaker)
{
	char text[CHANGED_FINGERPRINT];
	int status = changed_fingerprint(graph, speaker->proc, text);

	if (status != ORD_OK)
		return status;
	ask_answer(graph, speaker, ORD_OK, text, sizeof text - 1);
	return ORD_EAGAIN;
}

/* 0 or an error to be answered; ORD_EAGAIN without an error: the answer has been given, or will be. */
static int
take_question(struct ord_graph *graph, const struct speaker *speaker, uint32_t kind, const char *at,
	const char *end)
{
	const char *rest = at, *first = waiting_next_name(&rest, end);

	if (first == NULL)
		first = "";
	switch (kind) {
	case ASK_SKIP: speaker->proc->saying = SAID_SKIPPED; return ORD_OK;
	case ASK_NO_CHANGE: speaker->proc->saying = SAID_NO_CHANGE; return ORD_OK;
	case ASK_RESULT: return take_result(graph, speaker, first);
	case ASK_ARG:
	case ASK_PARAM: return take_value(graph, speaker, kind, first);
	case ASK_CHANGED_DEPS: return take_changed(graph, speaker);
	case ASK_FINGERPRINT: return take_fingerprint(graph, speaker);
	case ASK_INPUT:
	case ASK_PASSWORD: return input_take(graph, speaker, first, kind == ASK_PASSWORD);
	case ASK_WAIT_LOCKS: return waiting_for_locks(graph, speaker, at, end);
	case ASK_CREATE:
	case ASK_START:
	case ASK_RUN:
	case ASK_WAIT: return take_names(graph, speaker, kind, at, end);
	default:
		return error_set(&graph->error, ORD_EINVAL,
			"a question that this version of orderly does not know");
	}
}

void
ask_question(struct ord_graph *graph, const struct speaker *speaker, uint32_t kind, const char *at,
	const char *end)
{
	struct speaker who = *speaker; /* the answer may be the last that is heard of it */
	int status;

	graph->callbacks++;
	error_clear(&graph->error);
	status = take_question(graph, &who, kind, at, end);
	if (status != ORD_EAGAIN || graph->error.status == ORD_EAGAIN)
		ask_answer_status(graph, &who, status);
	error_clear(&graph->error);
	graph->callbacks--;
	run_give(graph);
}

void
ask_refuse(struct ord_graph *graph, const struct speaker *speaker)
{
	ask_question(graph, speaker, 0, NULL, NULL);
}

void
ask_take(const struct ord_ask *question, void *user)
{
	struct ord_graph *graph = user;
	struct speaker speaker = { .proc = ord_ask_user(question) };
	size_t size;
	const char *request = ord_ask_request(question, &size);
	uint32_t head[2];

	if (size < sizeof head || waiting_is_on(&speaker)) {
		ask_refuse(graph, &speaker);
		return;
	}
	memcpy(head, request, sizeof head);
	ask_question(graph, &speaker, head[0], request + sizeof head, request + size);
}
