/* Stack traces of tasks that crash: what they say, what they must not change, and tracers that misbehave; not under TSAN. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tally.h"

/* What the stack of one task must say. */
struct expected {
	const char *input;
	int state, signal; /* for ORD_TIMED_OUT the first one; who does not get around to it in its grace is killed */
	const char *pieces[3]; /* in this order; NULL: no more; none at all: the stack is "" */
	uint32_t timeout_ms;
};

struct bench {
	struct tally tally;
	const struct expected *expected;
	char name[4200];
};

static void
check_stack(struct tally *tally, const struct ord_result *result)
{
	const struct bench *bench = tally->user;
	const struct expected *expected = bench->expected;
	const char *stack = ord_result_stack(result), *at = stack;

	CHECK_EQ(ord_result_state(result), expected->state);
	if (expected->state != ORD_TIMED_OUT || ord_result_signal(result) != SIGKILL)
		CHECK_EQ(ord_result_signal(result), expected->signal);
	CHECK(strlen(stack) <= 16384);
	CHECK((stack[0] == '\0') == (expected->pieces[0] == NULL));
	for (int i = 0; i < 3 && expected->pieces[i] != NULL; i++) {
		at = strstr(at, expected->pieces[i]);
		if (at == NULL)
			fprintf(stderr, "%s: no \"%s\" in\n%s", expected->input, expected->pieces[i], stack);
		CHECK(at != NULL);
	}
}

/* 0: stack traces are not built in, and that is said. */
static int
bench_open(struct bench *bench, uint32_t start, uint32_t traces, uint32_t trace_ms)
{
	struct ord_pool *pool;

	CHECK(getenv("ORDERLY_BUILD") != NULL && getenv("ORDERLY") != NULL);
	*bench = (struct bench){ .expected = NULL };
	snprintf(bench->name, sizeof bench->name, "%s/modules/module_die.so:die", getenv("ORDERLY_BUILD"));
	if (ord_pool_new(&pool, &ORD_POOL_OPTIONS(.stack_trace = 1)) == ORD_ENOTSUP) {
		fprintf(stderr, "skipped: stack traces are not built in (libdw)\n");
		return 0;
	}
	ord_pool_destroy(&pool);
	bench->tally = (struct tally){ .on_result = check_stack, .user = bench };
	tally_open(&bench->tally,
		&TALLY_OPTIONS(&bench->tally, .function_name = bench->name, .start = start,
			.program = start == ORD_START_COMMAND ? getenv("ORDERLY") : NULL, .workers = 1,
			.max_deaths = 100, 
			.stack_trace = traces, .stack_trace_ms = trace_ms, .grace_ms = 50));
	return 1;
}

static void
expect(struct bench *bench, struct expected expected)
{
	bench->expected = &expected;
	CHECK_OK(bench->tally.pool, ord_pool_submit_task(bench->tally.pool,
					    &ORD_TASK(.input = expected.input, .input_size = strlen(expected.input) + 1,
						    .timeout_ms = expected.timeout_ms),
					    NULL));
	CHECK_OK(bench->tally.pool, ord_pool_run(bench->tally.pool));
	bench->expected = NULL;
}

/* The spawner finds its tracer there before any other. */
static void
put_in_path(const char *folder)
{
	char path[8192];

	snprintf(path, sizeof path, "%s:%s", folder, getenv("PATH"));
	CHECK_EQ(setenv("PATH", path, 1), 0);
}

static void
use_built_tracer(void)
{
	CHECK(getenv("ORDERLY_BUILD") != NULL);
	put_in_path(getenv("ORDERLY_BUILD"));
}

#define EXPECT(bench, words, ...) expect((bench), (struct expected){ .input = (words), __VA_ARGS__ })

SCENE(stack, of_each_signal)
{
	use_built_tracer();
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_COMMAND; start++) {
		struct bench bench;

		if (!bench_open(&bench, start, 1, SCENE_LONG_MS))
			return;
		EXPECT(&bench, "crash", .state = ORD_SIGNALED, .signal = SIGSEGV,
			.pieces = { "#0 crash_here at ", "module_die.c:", " die at " });
		EXPECT(&bench, "abort", .state = ORD_SIGNALED, .signal = SIGABRT,
			.pieces = { "abort", " obey at ", " die at " });
		EXPECT(&bench, "raise=8", .state = ORD_SIGNALED, .signal = SIGFPE, .pieces = { "raise", " obey at " });
		EXPECT(&bench, "raise=7", .state = ORD_SIGNALED, .signal = SIGBUS, .pieces = { "raise", " obey at " });
		EXPECT(&bench, "raise=4", .state = ORD_SIGNALED, .signal = SIGILL, .pieces = { "raise", " obey at " });
		/* The stack is full then, and the trace is bounded. */
		EXPECT(&bench, "recurse", .state = ORD_SIGNALED, .signal = SIGSEGV,
			.pieces = { "#0 recurse at ", "#1 recurse at ", "#100 recurse at " });
		EXPECT(&bench, "raise=9", .state = ORD_SIGNALED, .signal = SIGKILL);
		EXPECT(&bench, "exit=3", .state = ORD_EXITED);
		EXPECT(&bench, "print=fine", .state = ORD_DONE);
		tally_close(&bench.tally, bench.tally.results);
	}
}

/* A child that a task forks dies as it would without, at once and unseen. */
SCENE(stack, not_of_children)
{
	use_built_tracer();
	for EACH_START (start) {
		struct bench bench;

		if (!bench_open(&bench, start, 1, SCENE_LONG_MS))
			return;
		EXPECT(&bench, "fork", .state = ORD_DONE);
		EXPECT(&bench, "fork;crash", .state = ORD_SIGNALED, .signal = SIGSEGV, .pieces = { "#0 crash_here at " });
		tally_close(&bench.tally, bench.tally.results);
	}
}

SCENE(stack, off_by_default)
{
	struct bench bench;

	use_built_tracer();
	if (!bench_open(&bench, ORD_START_EXEC, 0, 0))
		return;
	EXPECT(&bench, "crash", .state = ORD_SIGNALED, .signal = SIGSEGV);
	tally_close(&bench.tally, bench.tally.results);
}

static void
count_stacks(struct tally *tally, const struct ord_result *result)
{
	unsigned *stacks = tally->user;

	CHECK_EQ(ord_result_state(result), ORD_SIGNALED);
	CHECK_EQ(ord_result_signal(result), SIGSEGV);
	*stacks += strstr(ord_result_stack(result), "crash_here") != NULL;
}

/* Many at once: each has its own tracer. */
SCENE(stack, of_many)
{
	unsigned stacks = 0;
	struct bench bench;
	struct tally tally = { .on_result = count_stacks, .user = &stacks };

	use_built_tracer();
	if (!bench_open(&bench, ORD_START_EXEC, 1, SCENE_LONG_MS))
		return;
	tally_close(&bench.tally, bench.tally.results);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function_name = bench.name, .workers = 8, .stack_trace = 1,
				   .stack_trace_ms = SCENE_LONG_MS, .max_deaths = 1000));
	for (int i = 0; i < 40; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "crash", 6, NULL));
	tally_close(&tally, 40);
	CHECK_EQ(stacks, 40);
}

/* A program in the tracer's place; returns its folder. */
static void
play_tracer(char *folder, const char *script)
{
	char path[128];
	FILE *file;

	strcpy(folder, "/tmp/orderly-tracer-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof path, "%s/orderly-stack", folder);
	file = fopen(path, "we");
	CHECK(file != NULL);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	fclose(file);
	CHECK_EQ(chmod(path, 0755), 0);
	put_in_path(folder);
}

static void
remove_tracer(const char *folder)
{
	char path[128];

	snprintf(path, sizeof path, "%s/orderly-stack", folder);
	CHECK_EQ(unlink(path), 0);
	CHECK_EQ(rmdir(folder), 0);
}

/* It costs its trace, and some time at most. */
SCENE(stack, of_a_tracer_that_fails)
{
	static const char *const scripts[] = { "exit 1", "kill -9 $$",
		/* Far more than is taken. */
		"head -c 100000 /dev/zero | tr '\\0' x" };
	char folder[64];

	for (int i = 0; i < 3; i++) {
		struct bench bench;

		play_tracer(folder, scripts[i]);
		if (!bench_open(&bench, ORD_START_EXEC, 1, SCENE_LONG_MS)) {
			remove_tracer(folder);
			return;
		}
		if (i < 2)
			EXPECT(&bench, "crash", .state = ORD_SIGNALED, .signal = SIGSEGV);
		else
			EXPECT(&bench, "crash", .state = ORD_SIGNALED, .signal = SIGSEGV, .pieces = { "xxx" });
		EXPECT(&bench, "print=fine", .state = ORD_DONE);
		tally_close(&bench.tally, bench.tally.results);
		remove_tracer(folder);
	}
}

SCENE(stack, of_a_tracer_that_is_missing)
{
	struct bench bench;

	CHECK_EQ(setenv("PATH", "/nowhere", 1), 0);
	if (!bench_open(&bench, ORD_START_EXEC, 1, SCENE_LONG_MS))
		return;
	EXPECT(&bench, "crash", .state = ORD_SIGNALED, .signal = SIGSEGV);
	tally_close(&bench.tally, bench.tally.results);
}

/* One that stops the worker for ever, as a debugger can: deadlines and the end of the pool still end it. */
SCENE(stack, deadlines_hold_while_a_tracer_hangs)
{
	struct bench bench;
	char folder[64];

	play_tracer(folder, "kill -STOP $1; exec sleep 1000");
	if (bench_open(&bench, ORD_START_EXEC, 1, SCENE_LONG_MS)) {
		EXPECT(&bench, "crash", .state = ORD_TIMED_OUT, .signal = SIGTERM, .timeout_ms = 300);
		tally_close(&bench.tally, bench.tally.results);
		CHECK(bench_open(&bench, ORD_START_EXEC, 1, 300));
		EXPECT(&bench, "crash", .state = ORD_SIGNALED, .signal = SIGSEGV);
		tally_close(&bench.tally, bench.tally.results);
	}
	remove_tracer(folder);
}
