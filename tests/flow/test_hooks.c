/* What workers do before their first task and behind their last. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tally.h"

enum { WORKERS = 3, PLACES = WORKERS + 1 + WORKERS / 2, TASKS = 300, FLOOD = 30000 }; /* PLACES: with those that start ahead */

/* The start methods that have this program's functions. */
#define EACH_PROCESS(start) \
	(uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start += start == ORD_START_FORK ? 2 : 1)

/* What hooks said, by its beginning. */
struct heard {
	struct tally tally;
	uint64_t starts, stops, printed, unfinished, floods, others;
	uint64_t next_of_flood;
};

static void
hear(struct tally *tally, const struct ord_message *message)
{
	struct heard *heard = tally->user;
	const char *text = ord_message_text(message, NULL);

	if (strncmp(text, "of a task", 9) == 0) {
		CHECK(ord_message_sequence(message) != ORD_NO_SEQUENCE);
		return;
	}
	CHECK(ord_message_sequence(message) == ORD_NO_SEQUENCE);
	CHECK(ord_message_worker(message) < PLACES);
	if (strncmp(text, "flood ", 6) == 0) {
		CHECK_EQ(strtoull(text + 6, NULL, 10), heard->next_of_flood);
		heard->next_of_flood = (heard->next_of_flood + 1) % FLOOD;
	}
	heard->starts += strcmp(text, "start hook") == 0;
	heard->stops += strcmp(text, "stop hook") == 0;
	heard->printed += strcmp(text, "printed") == 0;
	heard->unfinished += strcmp(text, "unfinished") == 0;
	heard->floods += strncmp(text, "flood ", 6) == 0;
}

static void
must_be_done(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_DONE);
}

static struct heard
listener(struct heard *heard)
{
	return (struct heard){ .tally = { .on_message = hear, .on_result = must_be_done, .user = heard } };
}

static void
check_task_of_hook(struct ord_task *task)
{
	size_t size = 1;

	CHECK(ord_task_sequence(task) == ORD_NO_SEQUENCE);
	CHECK(ord_task_input(task, &size) != NULL);
	CHECK_EQ(size, 0);
	CHECK_EQ(ord_task_attempt(task), 0);
	CHECK(ord_task_worker(task) < PLACES);
	CHECK(!ord_task_canceled(task));
	CHECK(ord_task_shared(task, &size) != NULL);
	CHECK_EQ(size, 0);
	CHECK_EQ(ord_task_ask(task, "x", 1, NULL, NULL), ORD_ENOTSUP);
	CHECK_EQ(ord_task_yield(task), 0);
	CHECK_EQ(ord_task_resume(task), 0);
}

/* A worker's own page of knowledge. */
struct state {
	pid_t pid;
	uint32_t place;
	uint64_t tasks;
};

static void *
start_up(struct ord_task *task, void *user)
{
	struct state *state = malloc(sizeof *state);

	(void)user;
	check_task_of_hook(task);
	CHECK_EQ(ord_log(ORD_WARNING, "start hook"), 0);
	CHECK_EQ(ord_log(ORD_TRACE, "not wanted"), 0);
	*state = (struct state){ .pid = getpid(), .place = ord_task_worker(task) };
	return state;
}

static int
work(struct ord_task *task, void *user)
{
	struct state *state = user;

	CHECK_EQ(state->pid, getpid());
	CHECK_EQ(state->place, ord_task_worker(task));
	state->tasks++;
	if (state->tasks % 10 == 1)
		ord_log(ORD_WARNING, "of a task");
	return ord_task_return(task, &state->tasks, sizeof state->tasks);
}

static void
shut_down(struct ord_task *task, void *user)
{
	struct state *state = user;

	check_task_of_hook(task);
	CHECK_EQ(state->pid, getpid());
	ord_log(ORD_WARNING, "stop hook");
	free(state);
}

SCENE(hooks, begin_and_end_each_worker)
{
	for EACH_PROCESS(start)
		for (uint32_t mode = 0; mode < 4; mode++) {
			struct heard heard = listener(&heard);
			uint32_t workers = start == ORD_START_INLINE ? 1 : WORKERS;

			heard.tally.completion = mode % 2 == 1;
			tally_open(&heard.tally,
				&TALLY_OPTIONS(&heard.tally, .function = work, .on_worker_start = start_up,
					.on_worker_stop = shut_down, .workers = workers, .start = start,
					.order = mode % 2, .messages = mode / 2, .level = ORD_WARNING));
			/* Only workers that are ready are asked to leave. */
			for (uint64_t i = 0; i < TASKS || (start != ORD_START_INLINE && heard.starts < workers); i++) {
				TALLY_SUBMIT(&heard.tally, i);
				CHECK_OK(heard.tally.pool, ord_pool_run(heard.tally.pool));
			}
			for (struct ord_statistics statistics = ORD_STATISTICS; statistics.workers < workers && start != ORD_START_INLINE;) {
				CHECK_OK(heard.tally.pool, ord_pool_step(heard.tally.pool, 10));
				CHECK_OK(heard.tally.pool, ord_pool_statistics(heard.tally.pool, &statistics));
			}
			tally_close(&heard.tally, heard.tally.results);
			CHECK_EQ(heard.starts, workers);
			CHECK_EQ(heard.stops, workers);
		}
}

static char mine;

/* Without a start hook the user pointer is what tasks get too. */
static int
work_with_user(struct ord_task *task, void *user)
{
	return ord_task_return(task, &user, sizeof user);
}

static void
stop_with_user(struct ord_task *task, void *user)
{
	(void)task;
	ord_log(ORD_INFO, user == &mine ? "stop hook" : user == NULL ? "printed" : "unfinished");
}

SCENE(hooks, stop_alone)
{
	for EACH_PROCESS(start) {
		struct heard heard = listener(&heard);
		uint64_t i = 0;

		tally_open(&heard.tally,
			&TALLY_OPTIONS(&heard.tally, .function = work_with_user, .function_user = &mine,
				.on_worker_stop = stop_with_user, .workers = 1, .start = start));
		TALLY_SUBMIT(&heard.tally, i);
		CHECK_OK(heard.tally.pool, ord_pool_run(heard.tally.pool));
		tally_close(&heard.tally, 1);
		CHECK_EQ(heard.stops, start != ORD_START_EXEC);
		CHECK_EQ(heard.printed, start == ORD_START_EXEC);
	}
}

/* --- what they say arrives --- */

static void
say(void)
{
	printf("printed\n");
	fflush(stdout);
	for (int i = 0; i < FLOOD; i++)
		ord_log(ORD_INFO, "flood %d, much more than an outbox holds", i);
	printf("unfinished");
}

static void *
say_at_start(struct ord_task *task, void *user)
{
	(void)task;
	say();
	return user;
}

static void
say_at_end(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	say();
}

static int
say_of_task(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	printf("of a task\n");
	return 0;
}

SCENE(hooks, what_they_say_arrives)
{
	for EACH_START(start) {
		struct heard heard = listener(&heard);
		uint64_t i = 0;

		tally_open(&heard.tally,
			&TALLY_OPTIONS(&heard.tally, .function = say_of_task, .on_worker_start = say_at_start,
				.on_worker_stop = say_at_end, .workers = 1, .start = start, .grace_ms = SCENE_LONG_MS));
		for (; i < 10; i++)
			TALLY_SUBMIT(&heard.tally, i);
		CHECK_OK(heard.tally.pool, ord_pool_run(heard.tally.pool));
		CHECK_EQ(heard.floods, FLOOD);
		CHECK_EQ(heard.printed + heard.unfinished, 2);
		tally_close(&heard.tally, 10);
		CHECK_EQ(heard.floods, 2 * FLOOD);
		CHECK_EQ(heard.printed + heard.unfinished, 4);
		CHECK_EQ(heard.tally.messages, 10 + 4 + 2 * FLOOD);
	}
}

static void *
log_at_start(struct ord_task *task, void *user)
{
	(void)task;
	for (int i = 0; i < FLOOD; i++)
		ord_log(ORD_INFO, "flood %d, much more than an outbox holds", i);
	return user;
}

static void
log_at_end(struct ord_task *task, void *user)
{
	log_at_start(task, user);
}

static void *
greet(struct ord_task *task, void *user)
{
	check_task_of_hook(task);
	ord_log(ORD_INFO, "start hook");
	return user;
}

SCENE(hooks, of_inline_wait_for_the_first_step)
{
	struct heard heard = listener(&heard);

	tally_open(&heard.tally,
		&TALLY_OPTIONS(&heard.tally, .function = say_of_task, .on_worker_start = greet, .on_worker_stop = log_at_end,
			.start = ORD_START_INLINE));
	CHECK_EQ(heard.tally.messages, 0);
	CHECK_OK(heard.tally.pool, ord_pool_step(heard.tally.pool, 0));
	CHECK_EQ(heard.starts, 1);
	tally_close(&heard.tally, 0);
	CHECK_EQ(heard.floods, FLOOD);
	heard = listener(&heard);
	tally_open(&heard.tally, &TALLY_OPTIONS(&heard.tally, .function = say_of_task, .on_worker_start = greet, .start = ORD_START_INLINE));
	tally_close(&heard.tally, 0);
	CHECK_EQ(heard.starts, 1);
	tally_open(&heard.tally, &TALLY_OPTIONS(&heard.tally, .function = say_of_task, .on_worker_start = log_at_start, .start = ORD_START_INLINE));
	tally_close(&heard.tally, 0);
	CHECK_EQ(heard.floods, FLOOD);
}

/* A pool that is destroyed does not leave in good order, and says nothing any more. */
SCENE(hooks, are_not_heard_after_destroy)
{
	for EACH_PROCESS(start) {
		struct heard heard = listener(&heard);
		uint64_t i = 0;

		tally_open(&heard.tally,
			&TALLY_OPTIONS(&heard.tally, .function = say_of_task, .on_worker_stop = log_at_end, .workers = 1, .start = start));
		TALLY_SUBMIT(&heard.tally, i);
		CHECK_OK(heard.tally.pool, ord_pool_run(heard.tally.pool));
		ord_pool_destroy(&heard.tally.pool);
		CHECK_EQ(heard.floods, 0);
	}
}

/* --- and what goes wrong --- */

static void *
unfit(struct ord_task *task, void *user)
{
	ord_log(ORD_INFO, "start hook");
	ord_task_fail(task, "no licence for worker %u", ord_task_worker(task));
	return user;
}

static void *
crash(struct ord_task *task, void *user)
{
	(void)task;
	ord_log(ORD_INFO, "start hook");
	printf("printed\n");
	raise(SIGSEGV);
	return user;
}

static void *
hang(struct ord_task *task, void *user)
{
	(void)task;
	ord_log(ORD_INFO, "start hook");
	pause();
	return user;
}

static void
never(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	ord_log(ORD_INFO, "stop hook");
}

static void
must_be_canceled(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_CANCELED);
}

static void
loops(uint32_t start, ord_worker_start_fn hook, const char *words)
{
	struct heard heard = listener(&heard);
	struct ord_statistics statistics = ORD_STATISTICS;
	uint64_t i = 0;

	heard.tally.on_result = must_be_canceled;
	tally_open(&heard.tally,
		&TALLY_OPTIONS(&heard.tally, .function = say_of_task, .on_worker_start = hook, .on_worker_stop = never,
			.workers = 2, .max_deaths = 4, .start_timeout_ms = hook == hang ? 1500 : SCENE_LONG_MS, .start = start));
	TALLY_SUBMIT(&heard.tally, i);
	CHECK_FAILS(heard.tally.pool, ord_pool_run(heard.tally.pool), ORD_ECRASHLOOP, words);
	CHECK_OK(heard.tally.pool, ord_pool_statistics(heard.tally.pool, &statistics));
	CHECK(statistics.deaths >= 4);
	CHECK_EQ(ord_pool_finish(heard.tally.pool), ORD_ECRASHLOOP);
	ord_pool_destroy(&heard.tally.pool);
	CHECK(hook == hang || heard.starts >= 4); /* one that hangs may be ended before it says so */
	CHECK_EQ(heard.stops, 0);
	CHECK_EQ(heard.tally.results, 1);
	CHECK(hook != crash || heard.printed >= 4);
}

SCENE(hooks, that_fail_end_the_pool)
{
	for EACH_START(start)
		loops(start, unfit, "no licence for worker ");
}

SCENE(hooks, that_crash_end_the_pool)
{
	for EACH_START(start)
		loops(start, crash, "SIGSEGV, perhaps in on_worker_start");
}

SCENE(hooks, that_hang_end_the_pool)
{
	for EACH_START(start)
		loops(start, hang, "start_timeout_ms");
}

SCENE(hooks, of_inline_that_fail)
{
	struct heard heard = listener(&heard);

	CHECK_OK(NULL, ord_pool_new(&heard.tally.pool, &TALLY_OPTIONS(&heard.tally, .function = say_of_task,
		.on_worker_start = unfit, .on_worker_stop = never, .start = ORD_START_INLINE)));
	CHECK_FAILS(heard.tally.pool, ord_pool_start(heard.tally.pool), ORD_ECRASHLOOP, "no licence for worker 0");
	ord_pool_destroy(&heard.tally.pool);
	CHECK_EQ(heard.stops, 0);
}

/* Fails as often as the shared counter says. */
static void *
fail_first(struct ord_task *task, void *user)
{
	_Atomic int *left = user;

	if ((*left)-- > 0)
		ord_task_fail(task, "not yet");
	return user;
}

SCENE(hooks, that_fail_at_first)
{
	_Atomic int *left = mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct heard heard = listener(&heard);
	struct ord_statistics statistics = ORD_STATISTICS;

	CHECK(left != MAP_FAILED);
	*left = 5;
	tally_open(&heard.tally,
		&TALLY_OPTIONS(&heard.tally, .function = say_of_task, .function_user = (void *)(uintptr_t)left, .on_worker_start = fail_first,
			.workers = 2, .start = ORD_START_FORK));
	for (uint64_t i = 0; i < 100; i++)
		TALLY_SUBMIT(&heard.tally, i);
	CHECK_OK(heard.tally.pool, ord_pool_run(heard.tally.pool));
	while (statistics.workers < 2) {
		CHECK_OK(heard.tally.pool, ord_pool_step(heard.tally.pool, 10));
		CHECK_OK(heard.tally.pool, ord_pool_statistics(heard.tally.pool, &statistics));
	}
	CHECK_EQ(statistics.deaths, 5);
	tally_close(&heard.tally, 100);
	CHECK(munmap((void *)(uintptr_t)left, sizeof *left) == 0);
}

/* A stop hook cannot spoil what is done. */
static void
crash_at_end(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	ord_log(ORD_INFO, "stop hook");
	raise(SIGSEGV);
}

static void
hang_at_end(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	ord_log(ORD_INFO, "stop hook");
	printf("printed\n");
	pause();
}

/* How many of its two messages have come of a hook that hangs; one that crashes has one. */
static uint64_t
end_badly(uint32_t start, ord_worker_stop_fn hook, uint32_t grace_ms)
{
	struct heard heard = listener(&heard);
	uint64_t i = 0;

	tally_open(&heard.tally, &TALLY_OPTIONS(&heard.tally, .function = say_of_task, .on_worker_stop = hook,
		.workers = 1, .grace_ms = grace_ms, .start = start));
	TALLY_SUBMIT(&heard.tally, i);
	CHECK_OK(heard.tally.pool, ord_pool_run(heard.tally.pool));
	tally_close(&heard.tally, 1);
	CHECK(heard.stops <= 1 && heard.printed <= (hook == hang_at_end));
	return heard.stops + heard.printed;
}

/* A worker that was not heard in the grace had not got that far, perhaps. */
SCENE(hooks, that_do_not_end_well)
{
	for EACH_START(start) {
		CHECK_EQ(end_badly(start, crash_at_end, SCENE_LONG_MS), 1);
		for (uint32_t ms = 300; end_badly(start, hang_at_end, ms) != 2; ms *= 10)
			CHECK(ms < SCENE_LONG_MS);
	}
}

/* A child of a hook is no worker. */
static void *
fork_in_hook(struct ord_task *task, void *user)
{
	(void)task;
	if (fork() == 0)
		CHECK_EQ(ord_log(ORD_INFO, "of a child"), ORD_ENOTSUP);
	return user;
}

SCENE(hooks, whose_children_return)
{
	for EACH_START(start) {
		struct heard heard = listener(&heard);
		uint64_t i = 0;

		tally_open(&heard.tally,
			&TALLY_OPTIONS(&heard.tally, .function = say_of_task, .on_worker_start = fork_in_hook, .workers = 1, .start = start));
		for (; i < 10; i++)
			TALLY_SUBMIT(&heard.tally, i);
		tally_close(&heard.tally, 10);
	}
}

SCENE(hooks, of_this_program_are_not_the_installed_commands)
{
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function_name = "a.so:b", .on_worker_start = start_up, .start = ORD_START_COMMAND)));
	CHECK_FAILS(pool, ord_pool_start(pool), ORD_ENOTSUP, "this program");
	ord_pool_destroy(&pool);
}

/* --- workers that are replaced, and places that go --- */

/* Grows, so that its worker is replaced, and what lies behind it in the message with it. */
static int
grow(struct ord_task *task, void *user)
{
	enum { STEP = 4 << 20 };
	char *more = malloc(STEP);

	(void)user;
	CHECK(more != NULL);
	memset(more, (int)ord_task_sequence(task), STEP);
	__asm__ volatile("" : : "r"(more) : "memory"); /* so that the compiler does not leave it out */
	return 0;
}

static void
replaced(uint32_t start, uint32_t tasks, uint32_t mib)
{
	struct heard heard = listener(&heard);
	struct ord_statistics statistics = ORD_STATISTICS;

	tally_open(&heard.tally,
		&TALLY_OPTIONS(&heard.tally, .function = mib != 0 ? grow : work, .on_worker_start = start_up, .on_worker_stop = shut_down,
			.workers = 2, .recycle_tasks = tasks, .recycle_rss_mib = mib, .start = start));
	for (uint64_t i = 0; i < TASKS; i++)
		TALLY_SUBMIT(&heard.tally, i);
	CHECK_OK(heard.tally.pool, ord_pool_run(heard.tally.pool));
	CHECK_OK(heard.tally.pool, ord_pool_statistics(heard.tally.pool, &statistics));
	CHECK(statistics.recycled >= 10);
	CHECK_EQ(statistics.deaths, 0);
	tally_close(&heard.tally, TASKS);
	CHECK(heard.stops >= statistics.recycled - 2);
	CHECK(heard.starts >= heard.stops);
}

SCENE(hooks, of_workers_that_are_replaced)
{
	for EACH_START(start) {
		replaced(start, 7, 0);
		replaced(start, 1, 0);
	}
}

#ifndef __SANITIZE_ADDRESS__
SCENE(hooks, of_workers_that_have_grown)
{
	for EACH_START(start)
		replaced(start, 0, 64);
}
#endif

SCENE(hooks, of_places_that_go)
{
	for EACH_START(start) {
		struct heard heard = listener(&heard);
		struct ord_statistics statistics = ORD_STATISTICS;

		tally_open(&heard.tally,
			&TALLY_OPTIONS(&heard.tally, .function = work, .on_worker_start = start_up, .on_worker_stop = shut_down,
				.workers = WORKERS, .start = start));
		for (uint64_t i = 0; i < TASKS; i++)
			TALLY_SUBMIT(&heard.tally, i);
		while (statistics.workers < WORKERS) {
			CHECK_OK(heard.tally.pool, ord_pool_step(heard.tally.pool, 10));
			CHECK_OK(heard.tally.pool, ord_pool_statistics(heard.tally.pool, &statistics));
		}
		CHECK_OK(heard.tally.pool, ord_pool_resize(heard.tally.pool, 1));
		CHECK_OK(heard.tally.pool, ord_pool_run(heard.tally.pool));
		while (heard.stops < WORKERS - 1)
			CHECK_OK(heard.tally.pool, ord_pool_step(heard.tally.pool, 10));
		tally_close(&heard.tally, TASKS);
		CHECK_EQ(heard.stops, WORKERS);
	}
}

static int
do_nothing(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 0;
}

static void
say_and_stay(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	ord_log(ORD_INFO, "stays");
	for (;;)
		pause();
}

static void
interrupt_twice(struct tally *tally, const struct ord_message *message)
{
	(void)message;
	CHECK_OK(tally->pool, ord_pool_interrupt(tally->pool));
	CHECK_OK(tally->pool, ord_pool_interrupt(tally->pool));
}

/* A hook that does not end has the grace; a second interrupt does not wait for that. */
SCENE(hooks, a_stop_hook_that_is_interrupted)
{
	struct tally tally = { .on_message = interrupt_twice };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = do_nothing, .workers = 1, .on_worker_stop = say_and_stay,
				   .grace_ms = 10 * SCENE_LONG_MS));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, NULL, 0, NULL));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	ord_pool_finish(tally.pool);
	ord_pool_destroy(&tally.pool);
	CHECK_EQ(tally.messages, 1);
}
