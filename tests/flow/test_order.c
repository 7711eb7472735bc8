/* Results come in the order of submission, whatever happens to the workers. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tally.h"

enum { MANY = 50000 };

static int
square(struct ord_task *task, void *user)
{
	uint64_t value = INPUT_AS(uint64_t, task);

	(void)user;
	value *= value;
	return ord_task_return(task, &value, sizeof value);
}

static void
must_be_square(struct tally *tally, const struct ord_result *result)
{
	uint64_t sequence = ord_result_sequence(result);

	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(OUTPUT_AS(uint64_t, result), sequence * sequence);
}

SCENE(order, tiny_tasks)
{
	for EACH_START (start) {
		struct tally tally = { .on_result = must_be_square };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = square, .workers = 3, .start = start));
		for (uint64_t i = 0; i < MANY; i++)
			TALLY_SUBMIT(&tally, i);
		tally_close(&tally, MANY);
	}
}

/* What happens to the task with this sequence is decided by its sequence alone. */
enum fate { FATE_DONE, FATE_SLOW, FATE_FAILED, FATE_EXITED, FATE_SEGV, FATE_KILLED };

static enum fate
fate_of(uint64_t sequence)
{
	uint64_t state = sequence * 2654435761u + 88172645463325252u;
	uint64_t dice = (scene_random(&state), scene_random(&state) % 1000);

	if (dice < 50)
		return FATE_FAILED;
	if (dice < 60)
		return FATE_SLOW;
	return dice < 66 ? FATE_EXITED + dice % 3 : FATE_DONE;
}

static int
suffer(struct ord_task *task, void *user)
{
	uint64_t sequence = ord_task_sequence(task);

	switch (fate_of(sequence)) {
	case FATE_FAILED: return ord_task_fail(task, "task %d", (int)sequence);
	case FATE_EXITED: _exit(3);
	case FATE_SEGV: raise(SIGSEGV); break;
	case FATE_KILLED: raise(SIGKILL); break;
	case FATE_SLOW: scene_pause_ms(sequence % 10 == 0 ? 20 : 2); break;
	case FATE_DONE: break;
	}
	return square(task, user);
}

static void
must_have_its_fate(struct tally *tally, const struct ord_result *result)
{
	int state = ord_result_state(result);

	switch (fate_of(ord_result_sequence(result))) {
	case FATE_FAILED: CHECK_EQ(state, ORD_FAILED); break;
	case FATE_EXITED:
		CHECK_EQ(state, ORD_EXITED);
		CHECK_EQ(ord_result_exit_code(result), 3);
		break;
	case FATE_SEGV: CHECK_EQ(ord_result_signal(result), SIGSEGV); break;
	case FATE_KILLED: CHECK_EQ(ord_result_signal(result), SIGKILL); break;
	default: must_be_square(tally, result);
	}
	CHECK_EQ(ord_result_attempts(result), 1);
}

SCENE(order, delays_failures_and_deaths)
{
	for EACH_START (start) {
		struct tally tally = { .on_result = must_have_its_fate };

		tally_open(&tally,
			&TALLY_OPTIONS(&tally, .function = suffer, .workers = 4, .start = start, .max_deaths = 1000));
		for (uint64_t i = 0; i < MANY; i++)
			TALLY_SUBMIT(&tally, i);
		tally_close(&tally, MANY);
		CHECK(tally.states[ORD_DONE] < MANY && tally.states[ORD_SIGNALED] > 0 && tally.states[ORD_EXITED] > 0);
	}
}

/* Four tasks; each waits until it is its turn to be done. */
struct turn {
	int pipe[2];
	unsigned char before; /* how many are done before it */
};

static int
wait_for_turn(struct ord_task *task, void *user)
{
	const struct turn *turn = ord_task_input(task, NULL);
	unsigned char token;

	(void)user;
	do {
		CHECK_EQ(read(turn->pipe[0], &token, 1), 1);
		if (token != turn->before)
			CHECK_EQ(write(turn->pipe[1], &token, 1), 1);
	} while (token != turn->before);
	token++;
	CHECK_EQ(write(turn->pipe[1], &token, 1), 1);
	return ord_task_return(task, &turn->before, 1);
}

static void
play_permutation(const unsigned char *places)
{
	struct tally tally = { 0 };
	struct turn turn;
	unsigned char token = 0;

	CHECK(pipe(turn.pipe) == 0);
	CHECK_EQ(write(turn.pipe[1], &token, 1), 1);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = wait_for_turn, .workers = 3, .window = 3,
				   .start = ORD_START_FORK, .keep_fds = turn.pipe, .n_keep_fds = 2));
	for (int i = 0; i < 4; i++) {
		turn.before = places[i];
		TALLY_SUBMIT(&tally, turn);
	}
	tally_close(&tally, 4);
	CHECK_EQ(tally.states[ORD_DONE], 4);
	close(turn.pipe[0]);
	close(turn.pipe[1]);
}

/* With a window of 3 the fourth task starts only when the first has been delivered. */
SCENE(order, every_completion_order_of_four)
{
	int played = 0;

	for (int code = 0; code < 256; code++) {
		unsigned char places[4] = { code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 & 3 };

		if ((1 << places[0] | 1 << places[1] | 1 << places[2] | 1 << places[3]) != 15)
			continue;
		played++;
		if (places[3] < places[0]) { /* cannot be: what is first in time is changed with what can */
			places[3] = places[0];
			places[0] = (unsigned char)(code >> 6 & 3);
		}
		play_permutation(places);
	}
	CHECK_EQ(played, 24);
}

static void
submit_next(struct tally *tally, const struct ord_result *result)
{
	uint64_t next = ord_result_sequence(result) + 1;

	must_be_square(tally, result);
	if (next < MANY / 4)
		CHECK_OK(tally->pool, ord_pool_submit(tally->pool, &next, sizeof next, NULL));
}

SCENE(order, window_of_one_resubmits_from_its_callback)
{
	struct tally tally = { .on_result = submit_next };
	uint64_t zero = 0;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = square, .workers = 2, .window = 1));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, &zero, sizeof zero, NULL));
	CHECK_FAILS(tally.pool, ord_pool_submit(tally.pool, &zero, sizeof zero, NULL), ORD_EAGAIN, "window");
	tally_close(&tally, MANY / 4);
}

static int
wait_for_file(struct ord_task *task, void *user)
{
	const char *path = ord_task_input(task, NULL);

	(void)user;
	while (path[0] != '\0' && access(path, F_OK) != 0)
		scene_pause_ms(1);
	return 0;
}

static void
first_is_last(struct tally *tally, const struct ord_result *result)
{
	const char *path = tally->user;

	CHECK((ord_result_sequence(result) == 0) == (tally->results == 5000));
	if (tally->results == 4999)
		CHECK(mkdir(path, 0700) == 0);
}

SCENE(order, completion)
{
	char path[] = "/tmp/ord-scene-XXXXXX";
	struct tally tally = { .completion = 1, .on_result = first_is_last, .user = path };

	CHECK(mkdtemp(path) != NULL);
	CHECK(rmdir(path) == 0);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = wait_for_file, .workers = 3, .order = ORD_COMPLETION));
	CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, path, sizeof path, NULL));
	for (int i = 1; i < 5000; i++)
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "", 1, NULL));
	tally_close(&tally, 5000);
	CHECK(rmdir(path) == 0);
}
