/*
 * Tasks of 0 to 40 bytes with outputs of 0 to 40, in any order and so at every place of a message: those that
 * take the short way of small tasks, and between them others with functions, pointers and time limits of their
 * own, values, failures, cancels and time-outs.  What each is follows from its sequence, so a model knows every byte.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tally.h"

enum { MOST = 40, TASKS = 30000, WINDOW = 512 };

/* What a task is, and what becomes of it. */
enum kind { PLAIN, OWN, OWN_USER, OWN_LIMIT, VALUE, FAILS, HANGS, KINDS };

struct shape {
	enum kind kind;
	int canceled; /* asked for as soon as it is submitted */
	size_t in;
	size_t out;
	uint64_t state; /* of the bytes */
};

static struct shape
shape_of(uint64_t sequence)
{
	uint64_t state = (sequence + 1) * UINT64_C(0x9e3779b97f4a7c15), kind;
	struct shape shape = { .kind = PLAIN };

	scene_random(&state);
	kind = scene_random(&state) % 1000;
	/* Mostly the short way, in runs that others end. */
	if (sequence / 64 % 3 != 0 || kind % 8 == 0)
		shape.kind = kind < 700 ? PLAIN : kind < 998 ? OWN + (enum kind)(kind % 5) : HANGS;
	shape.canceled = scene_random(&state) % 50 == 0;
	shape.in = scene_random(&state) % (MOST + 1);
	shape.out = scene_random(&state) % (MOST + 1);
	shape.state = scene_random(&state) | 1;
	return shape;
}

static void
fill(char *bytes, size_t size, uint64_t state)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)scene_random(&state);
}

/* The input is what was submitted, aligned, and with a NUL behind it. */
static int
is_input(struct ord_task *task, const struct shape *shape)
{
	char wanted[MOST];
	size_t size;
	const char *input = ord_task_input(task, &size);

	fill(wanted, shape->in, shape->state);
	return size == shape->in && (uintptr_t)input % 8 == 0 && memcmp(input, wanted, size) == 0;
}

static int
answer(struct ord_task *task, const struct shape *shape)
{
	char bytes[MOST];

	if (!is_input(task, shape))
		_exit(99);
	fill(bytes, shape->out, ~shape->state);
	return ord_task_return(task, bytes, shape->out);
}

static int
act(struct ord_task *task, void *user)
{
	struct shape shape = shape_of(ord_task_sequence(task));

	(void)user;
	if (shape.kind == HANGS) {
		for (;;)
			pause();
	}
	if (shape.kind == FAILS)
		return ord_task_fail(task, "%zu bytes", shape.in);
	return shape.kind == PLAIN || shape.kind == OWN_LIMIT ? answer(task, &shape) : ord_task_fail(task, "not mine");
}

static int
act_too(struct ord_task *task, void *user)
{
	struct shape shape = shape_of(ord_task_sequence(task));

	(void)user;
	return shape.kind == OWN || shape.kind == OWN_USER ? answer(task, &shape) : ord_task_fail(task, "not mine");
}

static void *
user_of(uint64_t sequence)
{
	return (void *)(uintptr_t)(sequence * 16 + 1);
}

static int
submit(struct ord_pool *pool, uint64_t sequence)
{
	struct shape shape = shape_of(sequence);
	struct ord_task_options task = ORD_TASK(.input_size = shape.in);
	uint64_t given;
	char bytes[MOST];
	int status;

	fill(bytes, shape.in, shape.state);
	task.input = bytes;
	if (shape.kind == OWN || shape.kind == OWN_USER)
		task.function = act_too;
	if (shape.kind == OWN_USER)
		task.user = user_of(sequence);
	if (shape.kind == OWN_LIMIT)
		task.timeout_ms = SCENE_LONG_MS;
	if (shape.kind == HANGS)
		task.timeout_ms = task.grace_ms = 1;
	task.pass = shape.kind == VALUE;
	status = shape.kind == PLAIN ? ord_pool_submit(pool, bytes, shape.in, &given)
				     : ord_pool_submit_task(pool, &task, &given);
	CHECK(status != 0 || given == sequence);
	return status;
}

static uint32_t
state_wanted(enum kind kind)
{
	switch (kind) {
	case VALUE: return ORD_PASSED;
	case FAILS: return ORD_FAILED;
	case HANGS: return ORD_TIMED_OUT;
	default: return ORD_DONE;
	}
}

static void
check_bytes(const struct ord_result *result, size_t wanted_size, uint64_t state)
{
	char wanted[MOST];
	size_t size;
	const char *output = ord_result_output(result, &size);

	fill(wanted, wanted_size, state);
	CHECK_EQ(size, wanted_size);
	CHECK((uintptr_t)output % 8 == 0 && memcmp(output, wanted, size) == 0);
	CHECK_EQ(output[size], '\0');
}

static void
check_result(struct tally *tally, const struct ord_result *result)
{
	uint64_t sequence = ord_result_sequence(result);
	struct shape shape = shape_of(sequence);
	int state = ord_result_state(result);
	char text[32];

	(void)tally;
	CHECK(ord_result_user(result) == (shape.kind == OWN_USER ? user_of(sequence) : NULL));
	if (shape.canceled && state == ORD_CANCELED)
		return;
	CHECK_EQ(state, state_wanted(shape.kind));
	if (state == ORD_DONE)
		check_bytes(result, shape.out, ~shape.state);
	else if (state == ORD_PASSED)
		check_bytes(result, shape.in, shape.state);
	else if (state == ORD_FAILED) {
		snprintf(text, sizeof text, ": %zu bytes", shape.in);
		CHECK(strstr(ord_result_error(result), text) != NULL);
	}
}

static void
play(const struct ord_pool_options *options, struct tally *tally)
{
	uint64_t sequence = 0;
	int status;

	tally_open(tally, options);
	while (sequence < TASKS) {
		status = submit(tally->pool, sequence);
		if (status == 0 && shape_of(sequence).canceled)
			CHECK_OK(tally->pool, ord_pool_cancel(tally->pool, sequence));
		sequence += status == 0;
		CHECK(status == 0 || status == ORD_EAGAIN);
		if (status != 0 || sequence % 100 == 0)
			CHECK_OK(tally->pool, ord_pool_step(tally->pool, status == 0 ? 0 : 100));
	}
	tally_close(tally, TASKS);
	CHECK(tally->states[ORD_CANCELED] != 0 && tally->states[ORD_CANCELED] <= TASKS / 20);
	CHECK(options->start == ORD_START_INLINE || tally->states[ORD_TIMED_OUT] > 5);
}

#define PLAY(...)                                                                                        \
	do {                                                                                             \
		struct tally tally = { .on_result = check_result };                                      \
		play(&TALLY_OPTIONS(&tally, .function = act, .workers = 3, .window = WINDOW, __VA_ARGS__), &tally); \
	} while (0)

SCENE(mixture, exec)
{
	PLAY(.start = ORD_START_EXEC);
}

SCENE(mixture, fork_without_capture)
{
	PLAY(.start = ORD_START_FORK, .capture = ORD_CAPTURE_OFF);
}

/* Results in any order are what their own sequence says. */
SCENE(mixture, completion)
{
	struct tally tally = { .on_result = check_result, .completion = 1 };

	play(&TALLY_OPTIONS(&tally, .function = act, .workers = 2, .window = WINDOW, .order = ORD_COMPLETION,
		     .start = ORD_START_EXEC),
		&tally);
}
