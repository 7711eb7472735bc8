/*
 * Planted hangs: messages that are lost, a ledger that counts wrong, workers that are stopped or stuck,
 * an owner that does not step. Each is repaired, or the call that would wait for ever says so with a dump;
 * and whoever is merely slow is left alone.
 */
#define _GNU_SOURCE /* usleep */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/roster.h"
#include "pool/pool.h"
#include "tally.h"

enum { DUMP_MAX = 16384 };

static void
dump_of(const struct ord_pool *pool, char text[DUMP_MAX])
{
	int length = ord_pool_dump(pool, text, DUMP_MAX);

	CHECK(length > 0 && length < DUMP_MAX);
	CHECK_EQ(strlen(text), length);
	CHECK(text[length - 1] == '\n');
}

static int
dump_says(const struct ord_pool *pool, const char *words)
{
	char text[DUMP_MAX];

	dump_of(pool, text);
	return strstr(text, words) != NULL;
}

static void
check_dump(const struct ord_pool *pool, const char *words)
{
	char text[DUMP_MAX];

	dump_of(pool, text);
	if (strstr(text, words) == NULL)
		fprintf(stderr, "no \"%s\" in:\n%s", words, text);
	CHECK(strstr(text, words) != NULL);
}

/* Steps until the dump says so. */
static void
await_dump(struct ord_pool *pool, const char *words)
{
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; !dump_says(pool, words);) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(pool, ord_pool_step(pool, 20));
	}
}

static void
await_looks(struct ord_pool *pool, uint32_t looks)
{
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; pool->look.still < looks;) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(pool, ord_pool_step(pool, 1000));
	}
}

static uint64_t
repaired(const struct ord_pool *pool)
{
	struct ord_statistics statistics = ORD_STATISTICS;

	CHECK_EQ(ord_pool_statistics(pool, &statistics), 0);
	return statistics.repaired;
}

static void
submit(struct tally *tally)
{
	CHECK_OK(tally->pool, ord_pool_submit(tally->pool, "x", 1, NULL));
}

static int
nothing(struct ord_task *task, void *user)
{
	(void)user;
	return ord_task_return(task, "y", 1);
}

/* Until it is asked to end. */
static int
stay(struct ord_task *task, void *user)
{
	(void)user;
	while (!ord_task_canceled(task))
		scene_pause_ms(5);
	return 0;
}

/* One worker that has run one task and is idle. */
static void
open_one(struct tally *tally, ord_task_fn function, uint32_t start)
{
	tally_open(tally, &TALLY_OPTIONS(tally, .function = function, .workers = 1, .start = start, .grace_ms = 2000));
	submit(tally);
	CHECK_OK(tally->pool, ord_pool_run(tally->pool));
}

static void
check_whole(struct tally *tally, uint64_t results, uint64_t repairs)
{
	struct ord_statistics statistics = ORD_STATISTICS;

	CHECK_EQ(ord_pool_statistics(tally->pool, &statistics), 0);
	CHECK_EQ(statistics.repaired, repairs);
	CHECK_EQ(statistics.deaths, 0);
	CHECK_EQ(statistics.retried, 0);
	tally_close(tally, results);
	CHECK_EQ(tally->states[ORD_DONE], results);
}

/* --- messages that are lost --- */

/* A socket that takes messages for nobody. */
static void *
open_abyss(void **context)
{
	struct error error;
	void *socket;

	CHECK_EQ(channel_open(context, &error), 0);
	CHECK_EQ(channel_connect(*context, "/nonexistent/directory", 1, &socket, &error), 0);
	return socket;
}

SCENE(stalls, a_lost_message_is_found_and_its_task_given_out_again)
{
	for EACH_START (start) {
		struct tally tally = { 0 };
		void *real, *context;

		open_one(&tally, nothing, start);
		real = tally.pool->incarnations[0].tasks;
		tally.pool->incarnations[0].tasks = open_abyss(&context);
		submit(&tally);
		channel_disconnect(&tally.pool->incarnations[0].tasks);
		tally.pool->incarnations[0].tasks = real;
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		channel_close(&context);
		check_whole(&tally, 2, 1);
	}
}

/* Not even the question whether it hears arrives. */
SCENE(stalls, a_worker_that_cannot_be_reached_is_replaced)
{
	struct tally tally = { 0 };
	struct incarnation *worker;
	void *context;

	open_one(&tally, nothing, ORD_START_FORK);
	worker = &tally.pool->incarnations[0];
	channel_disconnect(&worker->tasks);
	worker->tasks = open_abyss(&context);
	for (int i = 0; i < 3; i++)
		submit(&tally);
	await_dump(tally.pool, "was asked whether it hears");
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	channel_close(&context);
	check_whole(&tally, 4, 1);
}

/* The bell that tells of them is not heard. */
SCENE(stalls, answers_that_nobody_tells_of_are_fetched)
{
	struct tally tally = { 0 };

	open_one(&tally, nothing, ORD_START_FORK);
	CHECK_EQ(epoll_ctl(tally.pool->epoll, EPOLL_CTL_DEL, tally.pool->incarnations[0].bell, NULL), 0);
	for (int i = 0; i < 2; i++) {
		submit(&tally);
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	}
	check_whole(&tally, 3, 0);
}

static int
log_and_stay(struct ord_task *task, void *user)
{
	ord_log(ORD_INFO, "here");
	return stay(task, user);
}

static void
end_it(struct tally *tally, const struct ord_message *message)
{
	CHECK(strcmp(ord_message_text(message, NULL), "here") == 0);
	CHECK_OK(tally->pool, ord_pool_cancel_all(tally->pool));
}

/* The timer that tells of records is believed to run, and does not. */
SCENE(stalls, a_timer_that_does_not_fire_is_made_up_for)
{
	struct tally tally = { .on_message = end_it };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = log_and_stay, .workers = 1));
	await_dump(tally.pool, "worker 0: ready");
	atomic_store(&tally.pool->incarnations[0].region.page->armed, 1);
	submit(&tally);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(repaired(tally.pool), 0);
	tally_close(&tally, 1);
	CHECK_EQ(tally.messages, 1);
}

/* --- answers that are lost --- */

static int
ask(struct ord_task *task, void *user)
{
	const void *answer;
	size_t size;
	int status = ord_task_ask(task, "?", 1, &answer, &size);

	(void)user;
	return status != 0 ? status : ord_task_return(task, answer, size);
}

/* Between these two its frames go nowhere. */
struct gap {
	struct tally *tally;
	void *real, *context;
	unsigned asked;
	bool leave_open;
};

static void
open_gap(struct gap *gap)
{
	struct incarnation *worker = &gap->tally->pool->incarnations[0];

	gap->real = worker->tasks;
	worker->tasks = open_abyss(&gap->context);
}

static void
close_gap(struct gap *gap)
{
	struct incarnation *worker = &gap->tally->pool->incarnations[0];

	if (worker->tasks != NULL && worker->tasks != gap->real)
		channel_disconnect(&worker->tasks);
	worker->tasks = gap->real;
	channel_close(&gap->context);
}

/* The first answer is lost, the others come. */
static void
answer_into_gap(const struct ord_ask *question, void *user)
{
	struct gap *gap = user;
	uint64_t sequence = ord_ask_sequence(question);

	if (gap->asked++ == 0)
		open_gap(gap);
	CHECK_OK(gap->tally->pool, ord_pool_answer(gap->tally->pool, sequence, "!", 1));
	if (gap->asked == 1 && !gap->leave_open)
		close_gap(gap);
}

static void
check_tried_again(struct tally *tally)
{
	struct ord_statistics statistics = ORD_STATISTICS;

	CHECK_EQ(ord_pool_statistics(tally->pool, &statistics), 0);
	CHECK_EQ(statistics.repaired, 1);
	CHECK_EQ(statistics.deaths, 0);
	CHECK_EQ(statistics.retried, 1);
	tally_close(tally, 1);
	CHECK_EQ(tally->states[ORD_DONE], 1);
}

SCENE(stalls, an_answer_that_is_lost)
{
	for EACH_START (start) {
		struct tally tally = { 0 };
		struct gap gap = { .tally = &tally };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask, .workers = 1, .start = start, .retries = 1,
					   .on_ask = answer_into_gap, .on_ask_user = &gap));
		submit(&tally);
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK_EQ(gap.asked, 2);
		check_tried_again(&tally);
	}
}

static void
check_lost(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	CHECK(strstr(ord_result_error(result), "what its master answered was lost on the way") != NULL);
}

SCENE(stalls, a_task_whose_answer_is_lost_ends_with_a_sentence)
{
	struct tally tally = { .on_result = check_lost };
	struct gap gap = { .tally = &tally };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask, .workers = 1, .on_ask = answer_into_gap, .on_ask_user = &gap));
	submit(&tally);
	tally_close(&tally, 1);
	CHECK_EQ(tally.states[ORD_EXITED], 1);
}

/* Nor does what would show that it was lost. */
SCENE(stalls, an_answer_to_a_worker_that_cannot_be_reached)
{
	struct tally tally = { 0 };
	struct gap gap = { .tally = &tally, .leave_open = true };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask, .workers = 1, .retries = 1, .on_ask = answer_into_gap,
				   .on_ask_user = &gap));
	submit(&tally);
	await_dump(tally.pool, "was asked whether it hears");
	CHECK_EQ(gap.asked, 1);
	tally.pool->incarnations[0].probe_ns -= 3600 * UINT64_C(1000000000);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(gap.asked, 2);
	channel_disconnect(&gap.real);
	channel_close(&gap.context);
	check_tried_again(&tally);
}

/* Who has its answer and takes long is left alone. */
static int
ask_and_stay(struct ord_task *task, void *user)
{
	int status = ask(task, user);

	for (uint64_t end = scene_now_ms() + 3500; scene_now_ms() < end;)
		scene_pause_ms(50);
	return status;
}

SCENE(stalls, an_answer_that_came)
{
	struct tally tally = { 0 };
	struct gap gap = { .tally = &tally, .asked = 1 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask_and_stay, .workers = 1, .on_ask = answer_into_gap, .on_ask_user = &gap));
	submit(&tally);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(tally.pool->incarnations[0].probe, 0);
	check_whole(&tally, 1, 0);
}

/* --- ends that are not told --- */

/* The spawner's next packet is taken and forgotten. */
static void
lose_packet(struct ord_pool *pool, uint32_t type)
{
	struct pollfd life = { .fd = pool->launch.life, .events = POLLIN };
	struct life_event event;

	CHECK_EQ(poll(&life, 1, (int)SCENE_LONG_MS), 1);
	CHECK_EQ(launch_receive(&pool->launch, &event), 1);
	CHECK_EQ(event.packet.type, type);
}

/* It is long ago that something was heard. */
static void
let_doubt_come(struct ord_pool *pool, uint64_t *doubt_ns)
{
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; *doubt_ns == 0;) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(pool, ord_pool_step(pool, 1000));
	}
	*doubt_ns = 1;
	pool->look.at_ns = 1; /* now, also where looks are rare */
}

static void
check_untold(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	if (ord_result_state(result) == ORD_DONE)
		return;
	CHECK_EQ(ord_result_state(result), ORD_SIGNALED);
	CHECK(strstr(ord_result_error(result), "was killed in a way that nobody has told") != NULL);
	CHECK(ord_result_duration_ns(result) < 3600 * UINT64_C(1000000000));
}

SCENE(stalls, an_end_of_a_worker_that_is_not_told)
{
	struct tally tally = { .on_result = check_untold };

	open_one(&tally, nothing, ORD_START_FORK);
	CHECK_OK(tally.pool, ord_pool_submit_task(tally.pool, &ORD_TASK(.function = stay), NULL));
	submit(&tally);
	await_dump(tally.pool, "runs task 1 attempt 0 for ");
	CHECK_EQ(kill(tally.pool->incarnations[0].pid, SIGKILL), 0);
	lose_packet(tally.pool, LIFE_ENDED);
	let_doubt_come(tally.pool, &tally.pool->incarnations[0].doubt_ns);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	tally_close(&tally, 3);
	CHECK_EQ(tally.states[ORD_DONE], 2);
}

SCENE(stalls, an_end_of_a_command_that_is_not_told)
{
	const char *argv[] = { "true", NULL };
	struct tally tally = { .on_result = check_untold };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL));
	lose_packet(tally.pool, LIFE_ENDED);
	let_doubt_come(tally.pool, &tally.pool->commands[0].doubt_ns);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL));
	tally_close(&tally, 2);
	CHECK_EQ(tally.states[ORD_DONE], 1);
}

/* It is asked about, and nothing comes of it. */
SCENE(stalls, a_command_that_takes_long)
{
	const char *argv[] = { "sleep", "2", NULL };
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL));
	let_doubt_come(tally.pool, &tally.pool->commands[0].doubt_ns);
	check_whole(&tally, 1, 0);
}

/* --- a ledger that counts wrong --- */

/* The place is believed to hold a task that was answered long ago. */
static void
lose_credit(struct ord_pool *pool)
{
	struct place *place = &pool->core.places[0];
	struct slot *slot = &pool->core.slots[0];

	CHECK_EQ(place_reserve(place, 1), 0);
	place_out(&pool->core, place);
	place_note(place, slot);
	place->batch = 1;
	place_in(&pool->core, place);
}

SCENE(stalls, a_lost_credit_is_found)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		open_one(&tally, nothing, start);
		lose_credit(tally.pool);
		submit(&tally);
		await_dump(tally.pool, "holds 1, the first 0 (not its own any more)");
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		check_whole(&tally, 2, 1);
	}
}

static void
check_sentence(struct ord_pool *pool, int status, const char *first, const char *word)
{
	CHECK_EQ(status, ORD_ESTALLED);
	if (strncmp(ord_pool_error(pool), first, strlen(first)) != 0 || strstr(ord_pool_error(pool), word) == NULL)
		fprintf(stderr, "%s\n", ord_pool_error(pool));
	CHECK(strncmp(ord_pool_error(pool), first, strlen(first)) == 0);
	CHECK(strstr(ord_pool_error(pool), word) != NULL);
}

/* Nobody could ever be given a task again: no repair helps, every call says so, and the pool can be ended. */
SCENE(stalls, a_ledger_in_which_nothing_can_move_fails_every_call)
{
	static const char sentence[] = "nothing can move any more, though 1 tasks wait and 0 are with workers";
	struct tally tally = { 0 };

	open_one(&tally, nothing, ORD_START_FORK);
	tally.pool->core.n_idle--;
	tally.pool->core.prefetch_floor = UINT32_MAX;
	submit(&tally);
	check_sentence(tally.pool, ord_pool_run(tally.pool), sentence, "first not delivered: 1");
	check_sentence(tally.pool, ord_pool_step(tally.pool, 0), sentence, "worker 0: ready");
	check_sentence(tally.pool, ord_pool_step(tally.pool, -1), sentence, "");
	CHECK_OK(tally.pool, ord_pool_cancel_all(tally.pool));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	tally.pool->core.n_idle++;
	tally_close(&tally, 2);
	CHECK_EQ(tally.states[ORD_CANCELED], 1);
}

/* --- tasks that wait for their owner --- */

static void
stay_silent(const struct ord_ask *question, void *user)
{
	(void)question;
	++*(int *)user;
}

SCENE(stalls, tasks_that_all_wait_for_an_answer)
{
	struct tally tally = { 0 };
	int asked = 0;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask, .workers = 2, .on_ask = stay_silent, .on_ask_user = &asked));
	for (int i = 0; i < 3; i++)
		submit(&tally);
	check_sentence(tally.pool, ord_pool_run(tally.pool), "nothing can move any more: 2 tasks wait for an answer",
		"worker 0: ready");
	CHECK_EQ(asked, 2);
	check_dump(tally.pool, ", waits for an answer: ord_pool_answer");
	/* Who only looks is not disturbed. */
	CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
	CHECK_OK(tally.pool, ord_pool_step(tally.pool, 1));
	for (uint64_t i = 0; i < 2; i++)
		CHECK_OK(tally.pool, ord_pool_answer(tally.pool, i, "!", 1));
	CHECK_EQ(ord_pool_run(tally.pool), ORD_ESTALLED);
	CHECK_EQ(tally.results, 2);
	CHECK_OK(tally.pool, ord_pool_answer(tally.pool, 2, "!", 1));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	check_whole(&tally, 3, 0);
}

SCENE(stalls, an_iterator_whose_task_waits_for_an_answer)
{
	const struct ord_result *result;
	struct ord_pool *pool;
	int asked = 0;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = ask, .workers = 1, .on_ask = stay_silent, .on_ask_user = &asked)));
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_OK(pool, ord_pool_submit(pool, "x", 1, NULL));
	check_sentence(pool, ord_pool_next(pool, &result), "nothing can move any more: 1 tasks", "waits for an answer");
	CHECK_EQ(ord_pool_next_within(pool, 20, &result), ORD_EAGAIN);
	CHECK_OK(pool, ord_pool_answer(pool, 0, "!", 1));
	CHECK_OK(pool, ord_pool_next(pool, &result));
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

/* A deadline will end it: that is movement. */
SCENE(stalls, one_that_asks_and_has_a_deadline_ends_by_that)
{
	struct tally tally = { 0 };
	int asked = 0;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask, .workers = 1, .timeout_ms = 3500, .on_ask = stay_silent,
				   .on_ask_user = &asked));
	submit(&tally);
	tally_close(&tally, 1);
	CHECK_EQ(tally.states[ORD_TIMED_OUT], 1);
}

/* finish cannot wait for the answer either: it says so and takes the pool down. */
SCENE(stalls, finish_does_not_wait_for_ever)
{
	struct tally tally = { 0 };
	int asked = 0;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask, .workers = 1, .grace_ms = 50, .on_ask = stay_silent,
				   .on_ask_user = &asked));
	submit(&tally);
	CHECK_FAILS(tally.pool, ord_pool_finish(tally.pool), ORD_ESTALLED, "wait for an answer");
	check_dump(tally.pool, "pool: finished");
	ord_pool_destroy(&tally.pool);
}

/* --- workers that are stuck, or stopped --- */

SCENE(stalls, a_task_that_runs_for_ever_is_movement)
{
	struct tally tally = { 0 };
	int32_t pid;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = stay, .workers = 1));
	for (int i = 0; i < 3; i++)
		submit(&tally);
	await_dump(tally.pool, "runs task 0 attempt 0 for ");
	check_dump(tally.pool, "first not delivered: 0, attempt 0, begun by worker 0\n");
	check_dump(tally.pool, "; tasks sent ");
	await_looks(tally.pool, 4);
	pid = tally.pool->incarnations[0].pid;
	CHECK_EQ(kill(pid, SIGSTOP), 0);
	await_dump(tally.pool, " (stopped), runs task 0");
	await_looks(tally.pool, 6);
	CHECK(!pool_stalled(tally.pool, true));
	CHECK_EQ(kill(pid, SIGCONT), 0);
	CHECK_OK(tally.pool, ord_pool_cancel_all(tally.pool));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(tally.pool->incarnations[0].pid, pid);
	CHECK_EQ(repaired(tally.pool), 0);
	tally_close(&tally, 3);
	CHECK_EQ(tally.states[ORD_CANCELED], 3);
}

/* It was stopped before its tasks came: it could be taken for one that has lost them. */
SCENE(stalls, a_worker_that_is_stopped_is_not_replaced)
{
	struct tally tally = { 0 };
	struct incarnation *worker;
	int32_t pid;

	open_one(&tally, nothing, ORD_START_FORK);
	worker = &tally.pool->incarnations[0];
	pid = worker->pid;
	CHECK_EQ(kill(pid, SIGSTOP), 0);
	await_dump(tally.pool, " (stopped), idle");
	submit(&tally);
	await_looks(tally.pool, 3);
	CHECK(worker->probe != 0);
	worker->probe_ns -= 3600 * UINT64_C(1000000000);
	await_looks(tally.pool, 5);
	CHECK(!pool_stalled(tally.pool, true));
	CHECK_EQ(kill(pid, SIGCONT), 0);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(worker->pid, pid);
	check_whole(&tally, 2, 0);
}

static void
never_stop(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	for (;;)
		pause();
}

/* Workers that are told to leave and do not are ended in time. */
SCENE(stalls, a_stop_hook_that_does_not_return)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nothing, .workers = 1, .recycle_tasks = 1, .on_worker_stop = never_stop,
				   .start_timeout_ms = 1500, .grace_ms = 50));
	for (int i = 0; i < 6; i++)
		submit(&tally);
	tally_close(&tally, 6);
	CHECK_EQ(tally.states[ORD_DONE], 6);
}

/* --- an owner that does not step --- */

static int
flood(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	for (int i = 0; i < 20000; i++)
		ord_log(ORD_INFO, "one of many records that do not fit into the outbox, number %d", i);
	return 0;
}

static void *
watch(void *user)
{
	const struct ord_pool *pool = user;

	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS;
		!dump_says(pool, "waits until its records are taken (ord_pool_step)"); scene_pause_ms(10))
		CHECK(scene_now_ms() < end);
	check_dump(pool, "owner: last step ");
	return NULL;
}

SCENE(stalls, an_owner_that_does_not_step_is_seen_by_another_thread)
{
	struct tally tally = { 0 };
	pthread_t watchdog;

	open_one(&tally, nothing, ORD_START_EXEC);
	CHECK_OK(tally.pool, ord_pool_submit_task(tally.pool, &ORD_TASK(.function = flood), NULL));
	CHECK_EQ(pthread_create(&watchdog, NULL, watch, tally.pool), 0);
	pthread_join(watchdog, NULL);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(tally.messages, 20000);
	check_whole(&tally, 2, 0);
}

/* --- queues --- */

static void
await_queue_dump(struct ord_queue *queue, const char *words)
{
	char text[DUMP_MAX];

	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS;; scene_pause_ms(5)) {
		int length = ord_queue_dump(queue, text, sizeof text);

		CHECK(length > 0 && (size_t)length == strlen(text));
		if (strstr(text, words) != NULL)
			return;
		if (scene_now_ms() >= end)
			fprintf(stderr, "no \"%s\" in:\n%s", words, text);
		CHECK(scene_now_ms() < end);
	}
}

static struct ord_queue *
open_queue(const struct ord_pool_options *options, uint32_t out_max)
{
	struct ord_queue *queue;

	CHECK_EQ(ord_queue_new(&queue, &ORD_QUEUE_OPTIONS(.pool = options, .in_max = 20, .out_max = out_max)), 0);
	CHECK_EQ(ord_queue_start(queue), 0);
	return queue;
}

static void
get_rest(struct ord_queue *queue, int wanted)
{
	struct ord_result *result;

	for (int i = 0; i < wanted; i++) {
		CHECK_EQ(ord_queue_get(queue, SCENE_LONG_MS, &result), 0);
		ord_result_destroy(&result);
	}
	CHECK_EQ(ord_queue_stop(queue), 0);
	CHECK_EQ(ord_queue_join(queue, SCENE_LONG_MS), 0);
}

SCENE(stalls, a_queue_from_which_nobody_gets)
{
	struct ord_queue *queue = open_queue(&ORD_POOL_OPTIONS(.function = nothing, .workers = 1, .window = 4), 3);
	int put = 0;

	while (ord_queue_put(queue, "x", 1, 200, NULL) == 0)
		put++;
	CHECK(put >= 20);
	await_queue_dump(queue, "its thread sleeps until results are got (ord_queue_get)\n");
	await_queue_dump(queue, "rows: 20 tasks wait for the pool (of 20, 20 bytes), 3 results for ord_queue_get (of 3, 3 bytes)");
	await_queue_dump(queue, "first not delivered: ");
	await_queue_dump(queue, "done, waits for ord_pool_next\n");
	get_rest(queue, put);
	await_queue_dump(queue, "queue: over");
	ord_queue_destroy(&queue);
}

struct gate {
	pthread_mutex_t lock;
	struct ord_queue *queue;
	int dumped;
};

static void
hold(const struct ord_message *message, void *user)
{
	struct gate *gate = user;
	char text[DUMP_MAX];

	(void)message;
	CHECK(ord_queue_dump(gate->queue, text, sizeof text) > 0);
	CHECK(strstr(text, ", in a callback") != NULL);
	pthread_mutex_lock(&gate->lock);
	gate->dumped++;
	pthread_mutex_unlock(&gate->lock);
}

static int
say(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	ord_log(ORD_INFO, "word");
	return 0;
}

/* Its thread is in a callback and does not return from it: the dump says so in a second. */
SCENE(stalls, a_queue_whose_callback_does_not_return)
{
	struct gate gate = { .lock = PTHREAD_MUTEX_INITIALIZER };
	char text[DUMP_MAX];

	gate.queue = open_queue(&ORD_POOL_OPTIONS(.function = say, .workers = 1, .on_message = hold, .on_message_user = &gate), 3);
	pthread_mutex_lock(&gate.lock);
	CHECK_EQ(ord_queue_put(gate.queue, "x", 1, 0, NULL), 0);
	await_queue_dump(gate.queue, "the queue's thread has not answered for 1000 ms: it is in a callback");
	pthread_mutex_unlock(&gate.lock);
	await_queue_dump(gate.queue, "pool: open, 1 workers ready");
	get_rest(gate.queue, 1);
	CHECK_EQ(gate.dumped, 1);
	CHECK_EQ(ord_queue_dump(gate.queue, NULL, 0), ord_queue_dump(gate.queue, text, sizeof text));
	CHECK(ord_queue_dump(gate.queue, text, 10) > 10 && strlen(text) == 9);
	CHECK_EQ(ord_queue_dump(gate.queue, NULL, 1), ORD_EINVAL);
	CHECK_EQ(ord_queue_dump(NULL, text, sizeof text), ORD_EINVAL);
	ord_queue_destroy(&gate.queue);
}

/* --- in any state --- */

SCENE(stalls, a_dump_of_a_pool_in_any_state)
{
	struct ord_pool *pool;
	struct tally tally = { 0 };
	struct ord_queue *queue;
	char text[DUMP_MAX], part[50];

	CHECK_EQ(ord_pool_dump(NULL, text, sizeof text), ORD_EINVAL);
	CHECK(text[0] == '\0');
	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = nothing)));
	CHECK_EQ(ord_pool_dump(pool, NULL, 1), ORD_EINVAL);
	check_dump(pool, "pool: not started");
	CHECK_EQ(ord_pool_dump(pool, part, sizeof part), ord_pool_dump(pool, NULL, 0));
	dump_of(pool, text);
	CHECK_EQ(strlen(part), sizeof part - 1);
	CHECK(memcmp(part, text, sizeof part - 1) == 0);
	ord_pool_destroy(&pool);
	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = nothing, .program = "/nonexistent/program", .start = ORD_START_EXEC)));
	CHECK(ord_pool_start(pool) != 0);
	check_dump(pool, "pool: could not start");
	ord_pool_destroy(&pool);
	CHECK_EQ(ord_queue_new(&queue, NULL), 0);
	await_queue_dump(queue, "queue: not started, 0 put");
	ord_queue_destroy(&queue);

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nothing, .start = ORD_START_INLINE));
	submit(&tally);
	check_dump(tally.pool, "spawner: none, tasks run in this process");
	tally_close(&tally, 1);

	tally = (struct tally){ 0 };
	open_one(&tally, nothing, ORD_START_FORK);
	check_dump(tally.pool, "pool: open, 1 workers ready");
	CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
	submit(&tally);
	check_dump(tally.pool, "first not delivered: 1, attempt 0, waits for ord_pool_resume\n");
	CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
	CHECK_OK(tally.pool, ord_pool_interrupt(tally.pool));
	CHECK_EQ(ord_pool_finish(tally.pool), ORD_EINTERRUPTED);
	check_dump(tally.pool, "pool: finished");
	check_dump(tally.pool, "error: interrupted");
	ord_pool_destroy(&tally.pool);
}

/* While only commands run nobody wakes up to look after them; with a function's task beside them it is every second. */
SCENE(stalls, commands_that_run_are_left_alone)
{
	const char *argv[] = { "sleep", "100", NULL };
	struct tally tally = { 0 };
	uint64_t end = scene_now_ms() + SCENE_LONG_MS;

	open_one(&tally, nothing, ORD_START_FORK);
	CHECK_OK(tally.pool, ord_pool_resize(tally.pool, 2));
	CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL));
	while (!tally.pool->look.rests) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 1000));
	}
	CHECK(tally.pool->look.at_ns > (scene_now_ms() + 5000) * 1000000);
	CHECK_OK(tally.pool, ord_pool_submit_task(tally.pool, &ORD_TASK(.function = stay), NULL));
	CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
	CHECK(!tally.pool->look.rests);
	CHECK(tally.pool->look.at_ns <= (scene_now_ms() + 2000) * 1000000);
	ord_pool_cancel_all(tally.pool);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(tally.results, 3);
	ord_pool_destroy(&tally.pool);
}
