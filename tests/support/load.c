/* See load.h: the master's side, and the model. */
#define _GNU_SOURCE /* memfd_create */
#include "load.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "children.h"
#include "host.h"
#include "victims.h"

enum {
	MOST_WORKERS = 6,
	MOST_CHILDREN = 512,
	MOST_STOPPED = 4,
	MOST_ASKS = 64,
	STOPPED_STEPS = 60,
	HANG_MS = 100000,
	LOST_MS = 100000,
	MAX_DEATHS = 1 << 30,
	GRACE_MS = 20,
	QUARANTINE = 3,
	RING_BYTES = 256 << 10,
	UNTAKEN_BYTES = 4 << 20,
	MIB = 1 << 20
};

/* Of one task between submission and delivery, what the master's callbacks have seen. */
struct pending {
	uint64_t sequence, seed;
	struct load_task task;
	uint32_t delivered, canceled;
	uint32_t logged, printed;        /* over all attempts */
	uint32_t log_attempt, log_index; /* the next record that may come */
	uint32_t line_attempt, line_index;
	uint32_t started, ended; /* by events */
};

struct load {
	struct load_plan plan;
	struct load_setup setup;
	uint64_t random;
	struct ord_pool *pool;
	struct load_table *table;
	struct pending *tasks; /* [LOAD_ENTRIES] */
	uint64_t submitted, delivered;
	pid_t spawner;
	uint32_t workers, most_workers;
	int lost, interrupted, suspended_steps;
	uint64_t
		speaker; /* where messages come with their result: whose has come; else ORD_NO_SEQUENCE */
	uint32_t n_stopped;
	struct {
		int held, steps;
	} stopped[MOST_STOPPED];
	uint32_t n_asks;
	struct {
		uint64_t sequence, question;
	} asks[MOST_ASKS];
	char *bytes;      /* of an input */
	uint64_t outside; /* attempts that ended by nothing that the task did */
	struct load_total sum;
};

static struct pending *
find(struct load *load, uint64_t sequence)
{
	struct pending *pending = &load->tasks[sequence % LOAD_ENTRIES];

	CHECK(sequence < load->submitted && pending->sequence == sequence && !pending->delivered);
	return pending;
}

static void
check_faults(struct load *load)
{
	if (atomic_load(&load->table->faults) == 0)
		return;
	fprintf(stderr, "%s\n", load->table->fault);
	CHECK(atomic_load(&load->table->faults) == 0);
}

/* "SEQUENCE ATTEMPT INDEX 000…": in the order of attempts, and in one of the index. */
static void
check_text(const struct pending *pending, const char *text, int drops, uint32_t *attempt,
	uint32_t *index)
{
	unsigned long long sequence;
	unsigned a, i;
	int at = 0;

	CHECK(sscanf(text, "%llu %u %u %n", &sequence, &a, &i, &at) == 3);
	CHECK(sequence == pending->sequence);
	if (!drops &&
		(!(a > *attempt || (a == *attempt && i == *index)) || (a != *attempt && i != 0)))
		fprintf(stderr, "operation %d, %s: attempt %u, number %u is expected: %.60s\n",
			(int)pending->task.op, index == &pending->log_index ? "log" : "line",
			*attempt, *index, text);
	CHECK(a > *attempt || (a == *attempt && (i == *index || (drops && i > *index))));
	CHECK(a == *attempt || i == 0 || drops);
	CHECK(strspn(text + at, "0") == strlen(text + at));
	CHECK(strlen(text + at) == (pending->task.width > 0 ? pending->task.width : 1));
	*attempt = a;
	*index = i + 1;
}

static void
on_message(const struct ord_message *message, void *user)
{
	struct load *load = user;
	uint64_t sequence = ord_message_sequence(message);
	const char *text = ord_message_text(message, NULL);
	int drops = load->plan.overflow == ORD_OVERFLOW_DROP && load->plan.messages == ORD_ORDERED;
	struct pending *pending;

	load->sum.messages++;
	if (sequence == ORD_NO_SEQUENCE)
		fprintf(stderr, "of no task: %s\n", text);
	CHECK(sequence != ORD_NO_SEQUENCE);
	pending = find(load, sequence);
	if (load->plan.messages == ORD_ORDERED && load->plan.order == ORD_SUBMISSION)
		CHECK(sequence == load->delivered);
	if (load->plan.messages == ORD_ORDERED && load->plan.order == ORD_COMPLETION) {
		CHECK(load->speaker == ORD_NO_SEQUENCE || load->speaker == sequence);
		load->speaker = sequence;
	}
	switch (ord_message_source(message)) {
	case ORD_SOURCE_LOG:
		check_text(pending, text, drops, &pending->log_attempt, &pending->log_index);
		pending->logged++;
		break;
	case ORD_SOURCE_WORDS:
		check_text(pending, text, drops, &pending->line_attempt, &pending->line_index);
		pending->printed++;
		break;
	default:
		CHECK(ord_message_source(message) == ORD_SOURCE_STDERR);
		CHECK(text[0] == 'E' && strtoull(text + 1, NULL, 10) == sequence);
		pending->printed++;
		break;
	}
}

/* All that was said has come, and nothing else. */
static void
check_said(struct load *load, const struct pending *pending, const struct ord_result *result)
{
	const struct load_entry *entry = &load->table->entries[pending->sequence % LOAD_ENTRIES];
	uint32_t attempts = ord_result_attempts(result);

	if ((load->plan.overflow == ORD_OVERFLOW_DROP && load->plan.messages == ORD_ORDERED) ||
		pending->task.op == LOAD_COMMAND || load->lost)
		return;
	CHECK(pending->logged >= atomic_load(&entry->logged));
	CHECK(pending->printed >= atomic_load(&entry->printed));
	CHECK(pending->logged <= atomic_load(&entry->logged) + attempts);
	CHECK(pending->printed <= atomic_load(&entry->printed) + attempts);
	if (ord_result_state(result) != ORD_DONE)
		return;
	if (pending->task.logs != 0)
		CHECK(pending->log_attempt == attempts - 1 &&
			pending->log_index == pending->task.logs);
	if (pending->task.lines != 0)
		CHECK(pending->line_attempt == attempts - 1 &&
			pending->line_index == pending->task.lines);
}

static void
check_output(struct load *load, const struct pending *pending, const struct ord_result *result)
{
	const struct load_task *task = &pending->task;
	struct load_head head;
	size_t size;
	const char *output = ord_result_output(result, &size);

	load->sum.bytes += size;
	CHECK(output[size] == '\0');
	if (task->op == LOAD_PASS) {
		CHECK(size == sizeof pending->seed + task->input);
		CHECK(memcmp(output, &pending->seed, sizeof pending->seed) == 0);
		CHECK(load_is_filled(output + sizeof pending->seed, task->input, ~pending->seed));
		return;
	}
	CHECK(size == sizeof head + task->output);
	memcpy(&head, output, sizeof head);
	CHECK(head.sequence == pending->sequence && head.check == (uint32_t)pending->seed);
	CHECK(head.attempt == ord_result_attempts(result) - 1);
	CHECK(load_is_filled(output + sizeof head, task->output, pending->seed));
}

static void
check_command(struct load *load, const struct pending *pending, const struct ord_result *result)
{
	size_t size;
	const char *output = ord_result_output(result, &size);

	load->sum.bytes += size;
	if (pending->task.variant % 3 == 0) {
		CHECK(size == pending->task.input);
		CHECK(load_is_filled(output, size, ~pending->seed));
	} else {
		CHECK(output[0] == 'R' && strtoull(output + 1, NULL, 10) == pending->sequence);
		CHECK(load->plan.overflow == ORD_OVERFLOW_DROP ||
			(pending->printed >= 1 && pending->printed <= ord_result_attempts(result)));
	}
}

static void
show(const struct pending *pending, const struct ord_result *result)
{
	fprintf(stderr, "task %llu: operation %d, %s after %u attempts, code %d, signal %d: %s\n",
		(unsigned long long)pending->sequence, (int)pending->task.op,
		ord_state_name(ord_result_state(result)), ord_result_attempts(result),
		ord_result_exit_code(result), ord_result_signal(result), ord_result_error(result));
}

/* Deaths of a task that nothing in it explains: each needs a signal from outside. */
static void
count_outside(struct load *load, const struct pending *pending, const struct ord_result *result)
{
	int state = ord_result_state(result);

	if (pending->task.timeout_ms != 0)
		return;
	switch (pending->task.op) {
	case LOAD_EXIT:
	case LOAD_SEGV:
	case LOAD_KILL:
	case LOAD_CRASH_ONCE:
	case LOAD_PASS:
	case LOAD_COMMAND: return;
	default: break;
	}
	if (ord_result_attempts(result) > 1)
		load->outside += ord_result_attempts(result) - 1;
	load->outside += state == ORD_SIGNALED || state == ORD_QUARANTINED;
	if (!load->lost)
		CHECK(load->outside <= load->sum.strikes);
}

/* Which states can be, by what it does and what was done to it. */
static int
can_be(const struct load *load, const struct pending *pending, const struct ord_result *result)
{
	const struct load_task *task = &pending->task;
	int state = ord_result_state(result), struck = load->sum.strikes != 0;

	if (load->lost)
		return 1;
	switch (state) {
	case ORD_DONE:
		return task->op != LOAD_FAIL && task->op != LOAD_EXIT && task->op != LOAD_SEGV &&
			task->op != LOAD_KILL && task->op != LOAD_PASS;
	case ORD_PASSED: return task->op == LOAD_PASS;
	case ORD_FAILED: return task->op == LOAD_FAIL;
	case ORD_EXITED:
		return (task->op == LOAD_EXIT && ord_result_exit_code(result) == 7) ||
			(task->op == LOAD_COMMAND && ord_result_exit_code(result) == 3);
	case ORD_SIGNALED:
		return task->op == LOAD_SEGV || task->op == LOAD_KILL ||
			(struck && task->op != LOAD_PASS) ||
			(task->op == LOAD_CRASH_ONCE && (pending->canceled || load->interrupted));
	case ORD_TIMED_OUT: return task->timeout_ms != 0;
	case ORD_QUARANTINED: return ord_result_attempts(result) >= QUARANTINE;
	case ORD_CANCELED: return pending->canceled || load->interrupted;
	default: return 0;
	}
}

/* A worker that went on had committed its result, so that is the one. */
static void
check_committed(struct load *load, const struct pending *pending, const struct ord_result *result)
{
	const struct load_entry *entry = &load->table->entries[pending->sequence % LOAD_ENTRIES];
	uint64_t ran = atomic_load(&entry->ran), committed = atomic_load(&entry->committed);
	int state = ord_result_state(result);
	uint32_t calls = (uint32_t)__builtin_popcountll(ran & 0xffff);

	CHECK(ran >> 16 == pending->sequence);
	load->sum.calls += calls;
	if (!load->lost)
		CHECK(calls <= ord_result_attempts(result));
	if (pending->canceled || load->interrupted || pending->task.timeout_ms != 0)
		return;
	if (committed >> 16 == pending->sequence && (committed & 0xffff) != 0) {
		CHECK(state == ORD_DONE || state == ORD_FAILED);
		CHECK(ord_result_attempts(result) == (committed & 0xffff));
	}
}

static void
take(struct load *load, const struct ord_result *result)
{
	uint64_t sequence = ord_result_sequence(result);
	struct pending *pending;
	int state = ord_result_state(result);

	if (load->plan.order == ORD_SUBMISSION)
		CHECK(sequence == load->delivered);
	CHECK(load->speaker == ORD_NO_SEQUENCE || load->speaker == sequence);
	load->speaker = ORD_NO_SEQUENCE;
	pending = find(load, sequence);
	if (!can_be(load, pending, result)) {
		show(pending, result);
		CHECK(0 && "a state that cannot be");
	}
	check_faults(load);
	check_said(load, pending, result);
	check_committed(load, pending, result);
	count_outside(load, pending, result);
	if (state == ORD_DONE && pending->task.op == LOAD_COMMAND)
		check_command(load, pending, result);
	else if (state == ORD_DONE || state == ORD_PASSED)
		check_output(load, pending, result);
	CHECK((ord_result_error(result)[0] == '\0') == (state == ORD_DONE || state == ORD_PASSED));
	CHECK(!load->plan.events || pending->ended);
	pending->delivered = 1;
	load->delivered++;
	load->sum.tasks++;
	load->sum.done += state == ORD_DONE;
	load->sum.canceled += state == ORD_CANCELED;
}

static void
on_result(const struct ord_result *result, void *user)
{
	take(user, result);
}

/* Each attempt begins once, a retry lies between two, the end is the last and comes once. */
static void
on_event(const struct ord_event *event, void *user)
{
	struct load *load = user;
	struct pending *pending;

	if (ord_event_sequence(event) == ORD_NO_SEQUENCE)
		return;
	pending = find(load, ord_event_sequence(event));
	CHECK(!pending->ended);
	CHECK(ord_event_running(event) + ord_event_queued(event) + ord_event_completed(event) ==
		load->submitted);
	switch (ord_event_kind(event)) {
	case ORD_TASK_STARTED:
		CHECK(!pending->started);
		pending->started = 1;
		break;
	case ORD_TASK_RETRIED:
		CHECK(pending->started);
		pending->started = 0;
		break;
	case ORD_TASK_ENDED: pending->ended = 1; break;
	default: break;
	}
}

static void
answer(struct load *load, uint64_t sequence, uint64_t question)
{
	uint64_t reply = ~question;
	int status = ord_pool_answer(load->pool, sequence, &reply, sizeof reply);

	/* Whoever asked may have died or have been canceled meanwhile. */
	if (status != 0)
		CHECK_STATUS(load->pool, status, ORD_EINVAL);
}

static void
on_ask(const struct ord_ask *ask, void *user)
{
	struct load *load = user;
	uint64_t question;
	size_t size;

	memcpy(&question, ord_ask_request(ask, &size), sizeof question);
	CHECK(size == sizeof question);
	CHECK((question >> 8 & 0xffffffff) == (ord_ask_sequence(ask) & 0xffffffff));
	find(load, ord_ask_sequence(ask));
	if (load->n_asks == MOST_ASKS || host_random(&load->random) % 2 == 0) {
		answer(load, ord_ask_sequence(ask), question);
		return;
	}
	load->asks[load->n_asks].sequence = ord_ask_sequence(ask);
	load->asks[load->n_asks++].question = question;
}

/* An old question must not be answered in the place of a new one of the same task: the last wins. */
static void
answer_all(struct load *load)
{
	for (uint32_t i = 0; i < load->n_asks; i++) {
		uint32_t later = i + 1;

		while (later < load->n_asks && load->asks[later].sequence != load->asks[i].sequence)
			later++;
		if (later == load->n_asks)
			answer(load, load->asks[i].sequence, load->asks[i].question);
	}
	load->n_asks = 0;
}

static uint32_t
pick(uint64_t *random, uint32_t limit)
{
	return (uint32_t)((host_random(random) >> 11) % limit);
}

static const uint32_t common_ops[LOAD_OPS] = { [LOAD_RETURN] = 1000,
	[LOAD_FAIL] = 20,
	[LOAD_EXIT] = 4,
	[LOAD_SEGV] = 3,
	[LOAD_KILL] = 3,
	[LOAD_CRASH_ONCE] = 4,
	[LOAD_HANG] = 4,
	[LOAD_ASK] = 20,
	[LOAD_YIELD] = 6,
	[LOAD_FLOOD] = 2,
	[LOAD_DAEMON] = 1,
	[LOAD_PASS] = 20,
	[LOAD_COMMAND] = 6 };
static const uint32_t common_actions[LOAD_ACTIONS] = { [LOAD_SUBMIT] = 1000,
	[LOAD_STEP] = 100,
	[LOAD_CANCEL] = 10,
	[LOAD_CANCEL_ALL] = 1,
	[LOAD_RESIZE] = 2,
	[LOAD_SUSPEND] = 1,
	[LOAD_STRIKE] = 4,
	[LOAD_STOP] = 2,
	[LOAD_STOP_SPAWNER] = 1,
	[LOAD_SLOW] = 2,
	[LOAD_ANSWER] = 20,
	[LOAD_LOOK] = 10 };

struct load_plan
load_plan_random(uint64_t *random)
{
	struct load_plan plan = { .start = pick(random, 2) == 0 ? ORD_START_EXEC : ORD_START_FORK,
		.workers = 1 + pick(random, 4),
		.window = pick(random, 4) == 0 ? 1 + pick(random, 8) : 16 + pick(random, 1500),
		.window_bytes = pick(random, 3) == 0 ? (uint64_t)(1 + pick(random, 512)) << 10 : 0,
		.order = pick(random, 4) == 0 ? ORD_COMPLETION : ORD_SUBMISSION,
		.messages = pick(random, 3) == 0 ? ORD_ORDERED : ORD_LIVE,
		.capture = pick(random, 4) == 0 ? ORD_CAPTURE_OFF : ORD_CAPTURE_EXACT,
		.overflow = pick(random, 3),
		.recycle_tasks = pick(random, 4) == 0 ? 1 + pick(random, 50) : 0,
		.retries = pick(random, 3),
		.iterator = pick(random, 4) == 0,
		.events = pick(random, 3) == 0,
		.largest = pick(random, 2) == 0 ? MIB : pick(random, MIB),
		.pause_us = pick(random, 3) == 0 ? 0 : 1 + pick(random, 20000) };

	memcpy(plan.ops, common_ops, sizeof plan.ops);
	memcpy(plan.actions, common_actions, sizeof plan.actions);
	/* Some pools never know harm, some nothing else. */
	if (pick(random, 4) == 0)
		plan.actions[LOAD_STRIKE] = 0;
	if (pick(random, 4) == 0)
		plan.ops[LOAD_DAEMON] = plan.ops[LOAD_EXIT] = plan.ops[LOAD_SEGV] =
			plan.ops[LOAD_KILL] = 0;
	if (pick(random, 4) == 0)
		plan.actions[LOAD_CANCEL] = plan.actions[LOAD_CANCEL_ALL] = 0;
	return plan;
}

static void
make_table(struct load *load)
{
	load->setup.plan = load->plan;
	load->setup.pid = getpid();
	load->setup.fd = memfd_create("load", MFD_CLOEXEC);
	CHECK(load->setup.fd >= 0 && ftruncate(load->setup.fd, sizeof *load->table) == 0);
	load->table = mmap(
		NULL, sizeof *load->table, PROT_READ | PROT_WRITE, MAP_SHARED, load->setup.fd, 0);
	CHECK(load->table != MAP_FAILED);
}

/* The child that was not there before. */
static pid_t
new_child(const pid_t *before, size_t n_before)
{
	pid_t now[MOST_CHILDREN];
	size_t n = victims_of(getpid(), now, MOST_CHILDREN);

	for (size_t i = 0; i < n; i++) {
		size_t j = 0;

		while (j < n_before && before[j] != now[i])
			j++;
		if (j == n_before)
			return now[i];
	}
	CHECK(0 && "there is no spawner");
	return 0;
}

struct load *
load_open(const struct load_plan *plan, uint64_t seed)
{
	struct load *load = calloc(1, sizeof *load);
	pid_t before[MOST_CHILDREN];
	size_t n_before;

	CHECK(load != NULL);
	load->plan = *plan;
	load->random = seed | 1;
	load->speaker = ORD_NO_SEQUENCE;
	load->tasks = calloc(LOAD_ENTRIES, sizeof *load->tasks);
	load->bytes = malloc(plan->largest + sizeof seed);
	CHECK(load->tasks != NULL && load->bytes != NULL && plan->window <= LOAD_ENTRIES / 4);
	make_table(load);
	load->workers = load->most_workers = plan->workers;
	CHECK_OK(NULL,
		ord_pool_new(&load->pool,
			&ORD_POOL_OPTIONS(.function = load_worker_run,
				.on_worker_start = load_worker_start, .shared = &load->setup,
				.shared_size = sizeof load->setup, .on_message = on_message,
				.on_message_user = load,
				.on_result = plan->iterator ? NULL : on_result,
				.on_result_user = load, .on_event = plan->events ? on_event : NULL,
				.on_event_user = load, .on_ask = on_ask, .on_ask_user = load,
				.window_bytes = plan->window_bytes, .window = plan->window,
				.start = plan->start, .workers = plan->workers,
				.order = plan->order, .messages = plan->messages,
				.capture = plan->capture, .overflow = plan->overflow,
				.recycle_tasks = plan->recycle_tasks, .grace_ms = GRACE_MS,
				.max_deaths = MAX_DEATHS, .quarantine = QUARANTINE)));
	n_before = victims_of(getpid(), before, MOST_CHILDREN);
	CHECK_OK(load->pool, ord_pool_start(load->pool));
	load->spawner = new_child(before, n_before);
	return load;
}

static int
submit_command(struct load *load, const struct pending *pending)
{
	static const char *const cat[] = { "cat", NULL };
	char number[32];
	const char *shell[] = { "sh", "-c", "echo E$0 >&2; printf %s R$0; exit $1", number,
		pending->task.variant % 3 == 1 ? "0" : "3", NULL };
	int copies = pending->task.variant % 3 == 0;
	struct ord_command command = ORD_COMMAND(.argv = copies ? cat : shell,
		.retries = pending->task.retries != 0 ? pending->task.retries : ORD_NONE);

	if (copies && pending->task.input > 0) {
		command.input = load->bytes;
		command.input_size = pending->task.input;
		load_fill(load->bytes, pending->task.input, ~pending->seed);
	}
	snprintf(number, sizeof number, "%llu", (unsigned long long)pending->sequence);
	return ord_pool_submit_command(load->pool, &command, NULL);
}

static int
submit_call(struct load *load, const struct pending *pending)
{
	const struct load_task *task = &pending->task;
	size_t size = sizeof pending->seed + task->input;

	memcpy(load->bytes, &pending->seed, sizeof pending->seed);
	load_fill(load->bytes + sizeof pending->seed, task->input, ~pending->seed);
	if (task->timeout_ms == 0 && task->retries == 0 && task->op != LOAD_PASS)
		return ord_pool_submit(load->pool, load->bytes, size, NULL);
	return ord_pool_submit_task(load->pool,
		&ORD_TASK(.input = load->bytes, .input_size = size, .timeout_ms = task->timeout_ms,
			.grace_ms = GRACE_MS,
			.retries = task->retries != 0 ? task->retries : ORD_NONE,
			.pass = task->op == LOAD_PASS),
		NULL);
}

static void
check_window(struct load *load)
{
	CHECK(load->submitted - load->delivered <= load->plan.window);
}

/* 0, or the status that says that the pool takes nothing now or any more. */
static int
submit_one(struct load *load)
{
	uint64_t sequence = load->submitted;
	struct pending *pending = &load->tasks[sequence % LOAD_ENTRIES], old = *pending;
	struct load_entry *entry = &load->table->entries[sequence % LOAD_ENTRIES];
	int status;

	/* In the order of completion a slow task may lag very far behind. */
	if (sequence >= LOAD_ENTRIES && !pending->delivered)
		return ORD_EAGAIN;
	memset(pending, 0, sizeof *pending);
	pending->sequence = sequence;
	pending->seed = host_random(&load->random);
	pending->task = load_task_of(&load->plan, pending->seed);
	atomic_store(&entry->committed, 0);
	atomic_store(&entry->logged, 0);
	atomic_store(&entry->printed, 0);
	atomic_store(&entry->ran, sequence << 16);
	load->submitted++; /* before, because it may be called before submit returns */
	status = pending->task.op == LOAD_COMMAND ? submit_command(load, pending)
						  : submit_call(load, pending);
	if (status != 0) {
		load->submitted--;
		*pending = old;
	} else {
		check_window(load);
	}
	return status;
}

static int
is_lost(struct load *load, int status)
{
	if (status == ORD_ELOST)
		load->lost = 1;
	return load->lost;
}

static void
act_submit(struct load *load)
{
	int status = submit_one(load);

	if (status != 0 && status != ORD_EAGAIN && !is_lost(load, status))
		CHECK_STATUS(load->pool, status, load->interrupted ? ORD_ECLOSED : 0);
}

static void
step(struct load *load, int timeout_ms)
{
	const struct ord_result *result = NULL;
	int status;

	if (load->plan.iterator) {
		status = ord_pool_next_within(load->pool, timeout_ms, &result);
		if (result != NULL)
			take(load, result);
		if (status == ORD_EAGAIN)
			status = 0;
	} else {
		status = ord_pool_step(load->pool, timeout_ms);
	}
	if (status != 0 && !is_lost(load, status) &&
		!(status == ORD_EINTERRUPTED && load->interrupted))
		CHECK_OK(load->pool, status);
	check_window(load);
}

static uint64_t
most_bytes(const struct load *load)
{
	uint64_t bytes = load->plan.window_bytes != 0 ? load->plan.window_bytes : 64 * MIB;

	/* What workers had committed when the bound was met, and the first task of all. */
	return bytes +
		(load->most_workers + 2) *
		(uint64_t)(RING_BYTES + UNTAKEN_BYTES + 2 * (uint64_t)load->plan.largest);
}

static void
look(struct load *load)
{
	struct ord_statistics now = ORD_STATISTICS;

	CHECK_OK(load->pool, ord_pool_statistics(load->pool, &now));
	CHECK(now.submitted == load->submitted);
	if (load->plan.order == ORD_SUBMISSION)
		CHECK(now.delivered == load->delivered);
	CHECK(now.submitted - now.delivered <= load->plan.window);
	CHECK(now.waiting + now.running + now.settled == now.submitted - now.delivered);
	CHECK(now.bytes <= most_bytes(load));
	CHECK(now.messages == load->sum.messages);
	load->sum.deaths = now.deaths;
	load->sum.retried = now.retried;
}

static void
cancel_one(struct load *load)
{
	uint64_t behind = load->submitted - load->delivered, sequence;
	struct pending *pending;

	if (load->submitted == 0)
		return;
	sequence = load->submitted - 1 -
		host_random(&load->random) %
			(behind + 3 < load->submitted ? behind + 3 : load->submitted);
	pending = &load->tasks[sequence % LOAD_ENTRIES];
	if (pending->sequence == sequence)
		pending->canceled = 1;
	/* One that is delivered already is no task any more, or is done. */
	if (ord_pool_cancel(load->pool, sequence) != 0)
		CHECK(pending->sequence != sequence || pending->delivered);
}

static void
cancel_all(struct load *load)
{
	for (size_t i = 0; i < LOAD_ENTRIES; i++)
		load->tasks[i].canceled = 1;
	CHECK_OK(load->pool, ord_pool_cancel_all(load->pool));
}

static void
resize(struct load *load)
{
	int status;

	load->workers = 1 + pick(&load->random, MOST_WORKERS);
	if (load->workers > load->most_workers)
		load->most_workers = load->workers;
	status = ord_pool_resize(load->pool, load->workers);
	if (!is_lost(load, status) && !load->interrupted)
		CHECK_OK(load->pool, status);
}

/* A pidfd of a child of the spawner by chance, -1. */
static int
hold_one(struct load *load)
{
	pid_t children[MOST_CHILDREN];
	size_t n = victims_of(load->spawner, children, MOST_CHILDREN);

	return n == 0 ? -1
		      : victims_hold(children[pick(&load->random, (uint32_t)n)], load->spawner);
}

static void
strike(struct load *load)
{
	int held = hold_one(load);

	if (held < 0)
		return;
	load->sum.strikes++;
	victims_signal(
		held, !load->plan.only_sigkill && pick(&load->random, 4) == 0 ? SIGSEGV : SIGKILL);
	close(held);
}

static void
hold_still(struct load *load, int held)
{
	if (held < 0)
		return;
	if (load->n_stopped == MOST_STOPPED) {
		close(held);
		return;
	}
	victims_signal(held, SIGSTOP);
	load->sum.stops++;
	load->stopped[load->n_stopped].held = held;
	load->stopped[load->n_stopped++].steps = 1 + (int)pick(&load->random, STOPPED_STEPS);
}

void
load_release(struct load *load)
{
	for (uint32_t i = 0; i < load->n_stopped; i++) {
		victims_signal(load->stopped[i].held, SIGCONT);
		close(load->stopped[i].held);
	}
	load->n_stopped = 0;
	if (load->suspended_steps > 0)
		is_lost(load, ord_pool_resume(load->pool));
	load->suspended_steps = 0;
}

/* Those whose time has come. */
static void
release_some(struct load *load)
{
	for (uint32_t i = 0; i < load->n_stopped; i++) {
		if (--load->stopped[i].steps > 0)
			continue;
		victims_signal(load->stopped[i].held, SIGCONT);
		close(load->stopped[i].held);
		load->stopped[i--] = load->stopped[--load->n_stopped];
	}
	if (load->suspended_steps > 0 && --load->suspended_steps == 0)
		is_lost(load, ord_pool_resume(load->pool));
}

static void
suspend(struct load *load)
{
	if (load->suspended_steps == 0 && is_lost(load, ord_pool_suspend(load->pool)) == 0)
		load->suspended_steps = 1 + (int)pick(&load->random, STOPPED_STEPS);
}

static enum load_action
choose(struct load *load)
{
	uint32_t sum = 0, i;

	for (i = 0; i < LOAD_ACTIONS; i++)
		sum += load->plan.actions[i];
	sum = pick(&load->random, sum);
	for (i = 0; sum >= load->plan.actions[i]; i++)
		sum -= load->plan.actions[i];
	return (enum load_action)i;
}

int
load_act(struct load *load)
{
	switch (choose(load)) {
	case LOAD_SUBMIT: act_submit(load); break;
	case LOAD_STEP: step(load, (int)pick(&load->random, 3)); break;
	case LOAD_CANCEL: cancel_one(load); break;
	case LOAD_CANCEL_ALL: cancel_all(load); break;
	case LOAD_RESIZE: resize(load); break;
	case LOAD_SUSPEND: suspend(load); break;
	case LOAD_STRIKE: strike(load); break;
	case LOAD_STOP: hold_still(load, hold_one(load)); break;
	case LOAD_STOP_SPAWNER: hold_still(load, victims_hold(load->spawner, getpid())); break;
	case LOAD_SLOW: host_pause_us(pick(&load->random, 10000)); break;
	case LOAD_ANSWER: answer_all(load); break;
	default: look(load); break;
	}
	release_some(load);
	return load->lost ? ORD_ELOST : 0;
}

void
load_strike_spawner(struct load *load)
{
	int held = victims_hold(load->spawner, getpid());

	if (held < 0)
		return;
	load->sum.strikes++;
	victims_signal(held, SIGKILL);
	close(held);
	load->lost = 1;
}

void
load_interrupt(struct load *load, int times)
{
	load->interrupted = 1;
	while (times-- > 0)
		CHECK_OK(load->pool, ord_pool_interrupt(load->pool));
}

static void
drain(struct load *load)
{
	uint64_t end_ms = host_now_ms() + (load->lost ? LOST_MS : HANG_MS);

	for (int steps = 0; load->delivered < load->submitted && host_now_ms() < end_ms; steps++) {
		step(load, 10);
		if (steps % 10 == 0)
			answer_all(load);
	}
}

static void
forget(struct load *load, struct load_total *total)
{
	struct rusage usage;
	uint64_t fds = host_count_fds();

	getrusage(RUSAGE_SELF, &usage);
	total->pools++;
	total->lost += (uint64_t)load->lost;
	total->tasks += load->sum.tasks;
	total->done += load->sum.done;
	total->canceled += load->sum.canceled;
	total->messages += load->sum.messages;
	total->bytes += load->sum.bytes;
	total->strikes += load->sum.strikes;
	total->stops += load->sum.stops;
	total->deaths += load->sum.deaths;
	total->retried += load->sum.retried;
	total->calls += load->sum.calls;
	if ((uint64_t)usage.ru_maxrss > total->peak_rss_kib)
		total->peak_rss_kib = (uint64_t)usage.ru_maxrss;
	if (fds > total->peak_fds)
		total->peak_fds = fds;
	ord_pool_destroy(&load->pool);
	check_faults(load);
	munmap(load->table, sizeof *load->table);
	close(load->setup.fd);
	free(load->tasks);
	free(load->bytes);
	free(load);
}

/* Who loses a spawner when everything is committed already has lost nothing. */
static void
finish(struct load *load)
{
	int status = ord_pool_finish(load->pool);

	if (load->lost && status == 0)
		return;
	CHECK_STATUS(load->pool, status,
		load->lost                  ? ORD_ELOST
			: load->interrupted ? ORD_EINTERRUPTED
					    : 0);
}

void
load_close(struct load *load, struct load_total *total)
{
	load_release(load);
	drain(load);
	look(load);
	if (load->delivered != load->submitted)
		fprintf(stderr, "%llu of %llu delivered, lost: %d, interrupted: %d: %s\n",
			(unsigned long long)load->delivered, (unsigned long long)load->submitted,
			load->lost, load->interrupted, ord_pool_error(load->pool));
	CHECK(load->delivered == load->submitted);
	finish(load);
	forget(load, total);
}

void
load_destroy(struct load *load, struct load_total *total)
{
	load_release(load);
	forget(load, total);
}

uint64_t
load_strikes(const struct load *load)
{
	return load->sum.strikes;
}

void
load_total_print(const struct load_total *total)
{
	printf("pools    %llu, of which %llu lost their spawner\n"
	       "tasks    %llu, of which %llu done and %llu canceled; %llu calls, %llu attempts after the first\n"
	       "messages %llu; %.1f MiB of outputs compared\n"
	       "kills    %llu from outside, %llu workers died; %llu stopped for a while\n"
	       "peaks    %.1f MiB resident, %llu descriptors\n",
		(unsigned long long)total->pools, (unsigned long long)total->lost,
		(unsigned long long)total->tasks, (unsigned long long)total->done,
		(unsigned long long)total->canceled, (unsigned long long)total->calls,
		(unsigned long long)total->retried, (unsigned long long)total->messages,
		(double)total->bytes / MIB, (unsigned long long)total->strikes,
		(unsigned long long)total->deaths, (unsigned long long)total->stops,
		(double)total->peak_rss_kib / 1024, (unsigned long long)total->peak_fds);
}
