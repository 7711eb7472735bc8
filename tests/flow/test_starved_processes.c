/*
 * (not under TSAN: it has threads of its own)
 *
 * Too few processes and threads, at every number of them: fork and pthread_create say EAGAIN in the host, in
 * the spawner and in the workers.  libzmq would end the process that gets no thread.
 */
#define _GNU_SOURCE /* setresuid, prlimit */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "starved.h"

enum { TASKS = 20, RICH = 1000, FIRST_STRANGER = 1 << 20 };

static const char *const remedies[] = { "ulimit -u", "limits of processes", NULL };

/* Root has no limit of processes; another user that nobody else is has exactly the scene's.  0: somebody else's count too. */
static int
be_alone(void)
{
	uid_t stranger = FIRST_STRANGER + (uid_t)getpid();

	if (geteuid() != 0)
		return 0;
	CHECK(chown(getenv("XDG_RUNTIME_DIR"), stranger, stranger) == 0);
	CHECK(setresuid(stranger, stranger, stranger) == 0);
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
	scene_limit(RLIMIT_NPROC, RLIM_INFINITY);
	return 1;
}

/* From so many processes on all is done, if only one after the other. */
static void
sweep(const struct ord_pool_options *options, rlim_t from)
{
	struct fared fared = { .status = 1 };
	rlim_t last = 4 + 3 * (rlim_t)options->workers + 4;
	int alone = be_alone(), failures = 0;

	for (rlim_t n = 1; n <= last; n++) {
		scene_limit(RLIMIT_NPROC, n);
		fared = starved_pool(options, TASKS);
		failures += fared.status != 0;
		CHECK(fared.status == 0 || starved_says(&fared, remedies));
		CHECK(fared.status != 0 || fared.done == TASKS || n < (alone ? from : RICH));
		scene_await_alone();
		CHECK_EQ(scene_count_endpoints(), 0);
	}
	CHECK(!alone || (fared.status == 0 && failures > 0));
}

SCENE(starved_processes, any_number_exec)
{
	sweep(&STARVED_OPTIONS(.function = starved_work, .start = ORD_START_EXEC), 11);
}

SCENE(starved_processes, any_number_fork)
{
	sweep(&STARVED_OPTIONS(.function = starved_work, .start = ORD_START_FORK), 11);
}

SCENE(starved_processes, commands)
{
	sweep(&STARVED_OPTIONS(.start = ORD_START_EXEC), 3);
}

/* Where many workers start, the spawner has threads for a moment, too. */
SCENE(starved_processes, many_workers)
{
	sweep(&ORD_POOL_OPTIONS(.function = starved_work, .start = ORD_START_EXEC, .workers = 8, .max_deaths = 9,
		.grace_ms = 200), 32);
}

/* A queue needs a thread beside its pool; 1: it worked. */
static int
live_as_a_queue(const struct ord_pool_options *options)
{
	struct ord_result *result;
	struct ord_queue *queue;
	int status, done = 0;

	CHECK_EQ(ord_queue_new(&queue, &ORD_QUEUE_OPTIONS(.pool = options)), 0);
	status = ord_queue_start(queue);
	for (int i = 0; i < TASKS && status == 0; i++)
		status = ord_queue_put(queue, "x", 1, SCENE_LONG_MS, NULL);
	ord_queue_stop(queue);
	while (ord_queue_get(queue, SCENE_LONG_MS, &result) == 0) {
		done += ord_result_state(result) == ORD_DONE;
		ord_result_destroy(&result);
	}
	CHECK(done == TASKS || strstr(ord_queue_error(queue), "ulimit -u") != NULL);
	ord_queue_destroy(&queue);
	scene_await_alone();
	CHECK_EQ(scene_count_endpoints(), 0);
	return done == TASKS;
}

SCENE(starved_processes, queues)
{
	int alone = be_alone(), worked = 0;

	for (rlim_t n = 1; n <= 14; n++) {
		scene_limit(RLIMIT_NPROC, n);
		worked = live_as_a_queue(&STARVED_OPTIONS(.function = starved_work, .start = ORD_START_EXEC));
	}
	CHECK(!alone || worked);
}

/* --- while the pool lives --- */

static void
check_result(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	if (ord_result_state(result) == ORD_FAILED)
		CHECK(strstr(ord_result_error(result), "ulimit -u") != NULL);
}

static uint64_t
submit_all(struct ord_pool *pool)
{
	static const char *const argv[] = { "true", NULL };
	uint64_t submitted = 0;

	for (int i = 0; i < 10; i++) {
		submitted += ord_pool_submit(pool, i == 4 ? "k" : "x", 1, NULL) == 0;
		submitted += ord_pool_submit_command(pool, &ORD_COMMAND(.argv = argv), NULL) == 0;
	}
	return submitted;
}

static void
limit_spawner(pid_t spawner, rlim_t most)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_NPROC, &limit) == 0);
	limit.rlim_cur = most;
	CHECK(prlimit(spawner, RLIMIT_NPROC, &limit, NULL) == 0);
}

/* The spawner gets no process more; a worker dies, commands are given, more workers are wanted; then they are allowed again. */
static int
live_through(uint32_t start, rlim_t limit)
{
	struct tally tally = { .on_result = check_result };
	uint64_t submitted;
	pid_t spawner;
	int status = 0;

	tally_open(&tally,
		&TALLY_OPTIONS(&tally, .function = starved_or_die, .start = start, .workers = 2, .grace_ms = 200,
			.max_deaths = 5));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	while (tally.results == 0)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 100));
	spawner = starved_spawner();
	limit_spawner(spawner, limit);
	submitted = 1 + submit_all(tally.pool);
	CHECK_OK(tally.pool, ord_pool_resize(tally.pool, 3));
	while (status == 0 && tally.results < submitted)
		status = ord_pool_step(tally.pool, 100);
	CHECK(status == 0 || strstr(ord_pool_error(tally.pool), "ulimit -u") != NULL);
	if (status == 0)
		limit_spawner(spawner, RICH);
	submitted += submit_all(tally.pool);
	if (status == 0)
		CHECK_OK(tally.pool, ord_pool_finish(tally.pool));
	CHECK_EQ(tally.results, submitted);
	CHECK(status != 0 || tally.states[ORD_SIGNALED] == 2);
	ord_pool_destroy(&tally.pool);
	scene_await_alone();
	return status;
}

static void
sweep_alive(uint32_t start)
{
	if (!be_alone())
		return;
	for (rlim_t limit = 1; limit <= 12; limit += (rlim_t)starved_step(3))
		live_through(start, limit);
	CHECK_EQ(live_through(start, 64), 0);
}

SCENE(starved_processes, taken_from_a_pool)
{
	sweep_alive(ORD_START_EXEC);
}

SCENE(starved_processes, taken_from_a_forked_pool)
{
	sweep_alive(ORD_START_FORK);
}
