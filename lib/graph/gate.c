/* Whether one more proc may start: gate.h. */
#define _GNU_SOURCE /* timerfd */
#include "graph/gate.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alive.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/machine.h"
#include "graph/graph.h"

#define LOOK_NS CLOCK_NS_PER_S /* the kernel counts anew every five seconds */

/* The loop asks what may start whatever woke it. */
static void
on_token(struct ord_graph *graph, void *user)
{
	(void)graph;
	(void)user;
}

static void
on_rest(struct ord_graph *graph, void *user)
{
	uint64_t times;

	(void)user;
	if (read(graph->gate.rest.fd, &times, sizeof times) < 0)
		return; /* set anew meanwhile */
}

void
gate_init(struct gate *gate)
{
	*gate = (struct gate){ .tokens = { .fd = -1, .events = POLLIN, .ready = on_token },
		.rest = { .fd = -1, .events = POLLIN, .ready = on_rest },
		.root = "" };
	jobserver_init(&gate->jobserver);
}

int
gate_start(struct ord_graph *graph)
{
	struct jobserver *jobserver = &graph->gate.jobserver;
	struct jobserver_options options = { .mode = graph->options.jobserver,
		.jobs = graph->schedule.slots,
		.own_jobs = graph->options.parallel != 0,
		.makeflags = getenv("MAKEFLAGS") };
	struct error warning = { 0 };
	int status;

	/* Between two attempts to start the pool it stays. */
	if (jobserver_is_open(jobserver) || graph->pool_options.start == ORD_START_INLINE)
		return ORD_OK;
	status = jobserver_open(jobserver, &options, &warning);
	if (status != ORD_OK)
		return error_memory(&graph->error);
	if (warning.status != 0)
		graph_warn(graph, warning.text);
	graph->gate.tokens.fd = jobserver->reader;
	if (!options.own_jobs && jobserver->jobs != 0)
		graph->schedule.slots =
			jobserver->jobs < PARALLEL_MAX ? jobserver->jobs : PARALLEL_MAX;
	return ORD_OK;
}

uint32_t
gate_lent(const struct gate *gate, int keep[2])
{
	if (gate->jobserver.lent[0] < 0)
		return 0;
	keep[0] = gate->jobserver.lent[0];
	keep[1] = gate->jobserver.lent[1];
	return 2;
}

const char *
gate_environment(const struct gate *gate)
{
	return gate->jobserver.makeflags;
}

/* --- starts --- */

static int
is_busy(struct ord_graph *graph)
{
	struct gate *gate = &graph->gate;
	uint64_t now;

	if (graph->options.max_load == 0)
		return 0;
	now = clock_now_ns();
	if (now >= gate->look_ns) {
		gate->busy = machine_load(gate->root) >= graph->options.max_load;
		gate->look_ns = now + LOOK_NS;
	}
	return gate->busy;
}

/* Those that run beside the first have a token each. */
static int
lacks_token(const struct ord_graph *graph)
{
	const struct jobserver *jobserver = &graph->gate.jobserver;

	return jobserver_is_open(jobserver) && graph->schedule.running > jobserver->n_tokens;
}

static int
is_limited(const struct ord_graph *graph)
{
	return graph->schedule.running != 0 &&
		(graph->options.max_load != 0 || jobserver_is_open(&graph->gate.jobserver));
}

int
gate_may_start(struct ord_graph *graph)
{
	if (!is_limited(graph))
		return 1;
	if (!schedule_could(&graph->schedule) || is_busy(graph))
		return 0;
	return !lacks_token(graph) || jobserver_take(&graph->gate.jobserver);
}

int
gate_may_return(struct ord_graph *graph)
{
	return graph->schedule.running == 0 || !lacks_token(graph) ||
		jobserver_take(&graph->gate.jobserver);
}

/* --- waiting --- */

static void
wait_for(struct ord_graph *graph, struct poll_source *source, int *is_in, int wanted)
{
	if (wanted == *is_in)
		return;
	if (!wanted)
		poll_remove(graph, source);
	else if (poll_add(graph, source) != ORD_OK)
		wanted = 0; /* then it is asked when something ends */
	*is_in = wanted;
}

static int
set_timer(struct gate *gate)
{
	struct itimerspec when = { .it_value = { (time_t)(gate->look_ns / CLOCK_NS_PER_S),
					   (long)(gate->look_ns % CLOCK_NS_PER_S) } };

	if (gate->rest.fd < 0)
		gate->rest.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return timerfd_settime(gate->rest.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void
gate_settle(struct ord_graph *graph)
{
	struct gate *gate = &graph->gate;
	uint32_t running = graph->schedule.running;
	int could, lacks;

	if (jobserver_is_open(&gate->jobserver))
		jobserver_give_back(&gate->jobserver, running != 0 ? running - 1 : 0);
	if (!is_limited(graph) && !gate->in_tokens && !gate->in_rest)
		return;
	could = is_limited(graph) && schedule_could(&graph->schedule);
	wait_for(graph, &gate->rest, &gate->in_rest, could && gate->busy && set_timer(gate) == 0);
	lacks = (could && !gate->busy) || (graph->back != NULL && running < graph->schedule.slots);
	wait_for(graph, &gate->tokens, &gate->in_tokens, lacks && lacks_token(graph));
}

void
gate_finish(struct ord_graph *graph)
{
	struct gate *gate = &graph->gate;

	wait_for(graph, &gate->rest, &gate->in_rest, 0);
	wait_for(graph, &gate->tokens, &gate->in_tokens, 0);
	fd_close(&gate->rest.fd);
	if (graph->alive != NULL && *graph->alive != 0)
		jobserver_close(&gate->jobserver);
	else
		jobserver_leave(&gate->jobserver);
}
