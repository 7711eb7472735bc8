/*
 * What sharing out costs when tasks are uneven: how much longer a pool takes
 * than the list schedule of the durations that its tasks measured themselves,
 * under the same window.  Each workload runs with twelve seeds, each in a pool
 * of its own that knows nothing of it; where there is a goal each seed runs
 * three times and its median counts, because a machine that stands still for
 * 50 ms has lost 10 %.  Beside that the rate of no-op tasks with the same
 * options, so that what is good for the one is not paid by the other.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include <orderly/orderly.h>

#include "reference/loop.h"
#include "support/measure.h"
#include "support/ours.h"
#include "workload.h"

enum { WORKERS = 2, SEEDS = 12, RUNS = 3, NO_OPS = 400000 };

#define SPIN (UINT64_C(1) << 63)
#define SLEEP_NS 10000 /* a sleep cannot be much shorter */

static const struct workload workloads[] = {
	{ "lognormal 5 ms, sigma 1, 200 sleeping tasks", "median <= 1.5 %", LOGNORMAL, 5e6, 1, 0, 0,
		FEED_RUN, 200, 4096 },
	{ "lognormal 5 ms, sigma 1.5, 200 sleeping tasks", "median <= 1.5 %", LOGNORMAL, 5e6, 1.5,
		0, 0, FEED_RUN, 200, 4096 },
	{ "step 1 us to 2 ms, 2000 tasks each", "median <= 3 %", STEP, 1e3, 2e6, 0.5, 0, FEED_RUN,
		4000, 4096 },
	{ "bimodal 99 % 20 us, 1 % 5 ms, 20000 tasks, window 16384", "median <= 5 %", BIMODAL, 20e3,
		5e6, 0.01, 0, FEED_RUN, 20000, 16384 },
	{ "bimodal 99.9 % 1 us, 0.1 % 2 ms, 200000 tasks, window 16384", NULL, BIMODAL, 1e3, 2e6,
		0.001, 0, FEED_RUN, 200000, 16384 },
	{ "lognormal 50 us, sigma 1, 20000 spinning tasks", NULL, LOGNORMAL, 50e3, 1, 0, 1,
		FEED_RUN, 20000, 4096 },
	{ "lognormal 5 ms, sigma 1, 200 sleeping tasks, window 64, then finish", NULL, LOGNORMAL,
		5e6, 1, 0, 0, FEED_FINISH, 200, 64 },
	{ "lognormal 5 ms, sigma 1, 200 sleeping tasks, window 64, no known end", NULL, LOGNORMAL,
		5e6, 1, 0, 0, FEED_NEXT, 200, 64 },
	{ "step 1 us to 2 ms, 2000 tasks each, window 1024, no known end", NULL, STEP, 1e3, 2e6,
		0.5, 0, FEED_NEXT, 4000, 1024 },
	{ "bimodal 99 % 20 us, 1 % 5 ms, 20000 tasks, no known end", NULL, BIMODAL, 20e3, 5e6, 0.01,
		0, FEED_NEXT, 20000, 4096 },
};

struct run {
	struct ours ours;
	const struct workload *workload;
	uint64_t *wanted, *measured;
	size_t submitted, delivered;
	uint64_t ended_ns;
};

/* Sleeps or spins as long as its input says, and returns how long it took. */
static int
take_time(struct ord_task *task, void *user)
{
	static bool exact;
	size_t size;
	uint64_t began_ns = now_ns(), wanted, took_ns;

	(void)user;
	if (!exact)
		prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	exact = true;
	memcpy(&wanted, ord_task_input(task, &size), sizeof wanted);
	if (!(wanted & SPIN) && wanted >= SLEEP_NS)
		nanosleep(&(struct timespec){ (time_t)(wanted / 1000000000),
				  (long)(wanted % 1000000000) },
			NULL);
	while ((took_ns = now_ns() - began_ns) < (wanted & ~SPIN))
		;
	return ord_task_return(task, &took_ns, sizeof took_ns);
}

static void
take(const struct ord_result *result, void *user)
{
	struct run *run = user;
	size_t size;
	const void *output = ord_result_output(result, &size);

	if (ord_result_state(result) != ORD_DONE || size != sizeof *run->measured ||
		ord_result_sequence(result) != run->delivered)
		fail("task %llu: %s", (unsigned long long)ord_result_sequence(result),
			ord_result_error(result));
	memcpy(&run->measured[run->delivered++], output, size);
	run->ended_ns = now_ns();
}

static bool
take_next(struct run *run)
{
	const struct ord_result *result;

	if (ord_pool_next(run->ours.pool, &result) != 0)
		fail("next: %s", ord_pool_error(run->ours.pool));
	if (result)
		take(result, run);
	return result != NULL;
}

static void
submit(struct run *run)
{
	bool next = run->workload->feed == FEED_NEXT;
	uint64_t input = run->wanted[run->submitted] | (run->workload->spin ? SPIN : 0);
	int status;

	while ((status = (next ? ord_pool_submit : ord_pool_submit_wait)(
			run->ours.pool, &input, sizeof input, NULL)) == ORD_EAGAIN &&
		next)
		take_next(run);
	if (status != 0)
		fail("submit: %s", ord_pool_error(run->ours.pool));
	run->submitted++;
}

static void
open_pool(struct run *run)
{
	const struct workload *workload = run->workload;
	struct ord_pool_options options = ORD_POOL_OPTIONS(.workers = WORKERS,
		.window = workload->window, .capture = ORD_CAPTURE_OFF, .function = take_time);

	if (workload->feed != FEED_NEXT) {
		options.on_result = take;
		options.on_result_user = run;
	}
	if (ord_pool_new(&run->ours.pool, &options) != 0 || ord_pool_start(run->ours.pool) != 0)
		fail("start: %s", ord_pool_error(run->ours.pool));
	ours_wait_ready(&run->ours, WORKERS);
}

/* In percent of the ideal. */
static double
loss(struct run *run)
{
	const struct workload *workload = run->workload;
	uint64_t began_ns, ideal_ns;
	int status = 0;

	run->submitted = run->delivered = 0;
	open_pool(run);
	began_ns = now_ns();
	while (run->submitted < workload->tasks)
		submit(run);
	if (workload->feed == FEED_RUN)
		status = ord_pool_run(run->ours.pool);
	else if (workload->feed == FEED_FINISH)
		status = ord_pool_finish(run->ours.pool);
	else
		while (take_next(run))
			;
	if (status != 0 || run->delivered != workload->tasks)
		fail("run: %s", ord_pool_error(run->ours.pool));
	ours_stop(&run->ours);
	ideal_ns = workload_ideal_ns(run->measured, workload->tasks, workload->window, WORKERS);
	return 100 * ((double)(run->ended_ns - began_ns) / (double)ideal_ns - 1);
}

static double
loss_of_seed(struct run *run)
{
	struct series runs = { 0 };

	for (int i = run->workload->goal ? RUNS : 1; i > 0; i--)
		series_add(&runs, loss(run));
	return series_median(&runs);
}

static double
worst(const struct series *series)
{
	double most = series->at[0];

	for (size_t i = 1; i < series->n; i++)
		most = series->at[i] > most ? series->at[i] : most;
	return most;
}

static void
bench_workload(const struct workload *workload)
{
	struct run run = { .workload = workload,
		.wanted = calloc(workload->tasks, sizeof *run.wanted),
		.measured = calloc(workload->tasks, sizeof *run.measured) };
	struct series losses = { 0 }, most = { 0 };
	char name[128];

	if (!run.wanted || !run.measured)
		fail("no memory for %zu tasks", workload->tasks);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		workload_make(workload, seed, run.wanted);
		series_add(&losses, loss_of_seed(&run));
	}
	series_add(&most, worst(&losses));
	snprintf(name, sizeof name, "loss, %s", workload->name);
	figure_print(&(struct figure){ .name = name, .unit = "%", .goal = workload->goal }, &losses,
		NULL);
	snprintf(name, sizeof name, "worst loss, %s", workload->name);
	figure_print(&(struct figure){ .name = name, .unit = "%" }, &most, NULL);
	free(run.wanted);
	free(run.measured);
}

/* No-op tasks with the same options, against the raw loop. */
static void
bench_rate(struct loop *loop)
{
	const struct shape shape = { 1024, 256, 512, 8 };
	struct series rates = { 0 }, theirs = { 0 };
	struct ours ours = { 0 };

	ours_start(&ours,
		&ORD_POOL_OPTIONS(.workers = WORKERS, .window = 1024, .capture = ORD_CAPTURE_OFF));
	ours_wait_ready(&ours, WORKERS);
	ours_run(&ours, NO_OPS);
	for (size_t round = 0; round < rounds(); round++) {
		uint64_t began_ns = now_ns();

		ours_run(&ours, NO_OPS);
		series_add(&rates, NO_OPS * 1e9 / (double)(now_ns() - began_ns));
		began_ns = now_ns();
		loop_run(loop, &shape, (uint64_t)NO_OPS * 4);
		series_add(&theirs, NO_OPS * 4e9 / (double)(now_ns() - began_ns));
	}
	figure_print(&(struct figure){ .name = "no-op tasks, window 1024, policy as for the losses",
			     .unit = "tasks/s",
			     .against = "raw loop in batches" },
		&rates, &theirs);
	ours_stop(&ours);
}

/* A name as argument runs only workloads whose name contains it. */
int
main(int argc, char **argv)
{
	struct loop *loop;

	ord_worker_main(argc, argv);
	loop = loop_new(WORKERS);
	loop_connect(loop);
	for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
		if (argc < 2 || strstr(workloads[i].name, argv[1]))
			bench_workload(&workloads[i]);
	if (argc < 2 || strstr("no-op", argv[1]))
		bench_rate(loop);
	loop_destroy(loop);
	return 0;
}
