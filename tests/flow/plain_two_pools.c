/*
 * Two pools in one thread, moved by a foreign loop: poll on the descriptors of both, and step(0) whichever is
 * readable. Nothing may be slept over (workers that die, deadlines, tasks that answer late, records without a
 * result), and a pool that waits may not keep the loop awake.
 *
 *   plain_two_pools [ROUNDS]
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <orderly/orderly.h>

#include "host.h"

enum {
	TASKS = 300,
	ROUNDS = 2,
	FORKS = 40,
	DEADLINE_S = 1400,
	SLEPT_OVER_MS = 100000,
	QUIET_MS = 300,
	QUIET_STEPS = 50
};

struct side {
	struct ord_pool *pool;
	uint64_t submitted, results, messages, steps;
	uint64_t wanted_messages;
};

static int
state_wanted(uint64_t sequence)
{
	return sequence % 60 == 25 ? ORD_SIGNALED : sequence % 100 == 50 ? ORD_TIMED_OUT : ORD_DONE;
}

static int
act(struct ord_task *task, void *user)
{
	uint64_t sequence = ord_task_sequence(task);

	(void)user;
	if (sequence % 10 == 3)
		ord_log(ORD_INFO, "record");
	if (sequence % 10 == 4)
		printf("line\n");
	if (sequence % 20 == 3)
		host_pause_us(30000); /* the record must come without the result */
	switch (state_wanted(sequence)) {
	case ORD_SIGNALED: raise(SIGKILL); break;
	case ORD_TIMED_OUT:
		for (;;)
			pause();
	}
	return 0;
}

static void
on_message(const struct ord_message *message, void *user)
{
	struct side *side = user;

	(void)message;
	side->messages++;
}

static void
on_result(const struct ord_result *result, void *user)
{
	struct side *side = user;

	CHECK(ord_result_sequence(result) == side->results);
	CHECK(ord_result_state(result) == state_wanted(side->results));
	side->results++;
}

static void
open_side(struct side *side, uint32_t workers, uint32_t window)
{
	CHECK_OK(NULL,
		ord_pool_new(&side->pool,
			&ORD_POOL_OPTIONS(.function = act, .workers = workers, .window = window,
				.timeout_ms = 3000, .grace_ms = 50, .on_result = on_result,
				.on_result_user = side, .on_message = on_message,
				.on_message_user = side)));
	CHECK_OK(side->pool, ord_pool_start(side->pool));
}

static void
submit(struct side *side)
{
	while (side->submitted < TASKS) {
		int status = ord_pool_submit(side->pool, NULL, 0, NULL);

		if (status == ORD_EAGAIN)
			return;
		CHECK_OK(side->pool, status);
		side->wanted_messages += side->submitted % 10 == 3 || side->submitted % 10 == 4;
		side->submitted++;
	}
}

/* One turn of the loop; 0: the time was up. */
static int
turn(struct side sides[2], int timeout_ms)
{
	struct pollfd fds[2];
	int n;

	for (int i = 0; i < 2; i++)
		fds[i] = (struct pollfd){ .fd = ord_pool_fd(sides[i].pool), .events = POLLIN };
	do
		n = poll(fds, 2, timeout_ms);
	while (n < 0 && errno == EINTR);
	for (int i = 0; i < 2; i++) {
		if (fds[i].revents == 0)
			continue;
		sides[i].steps++;
		CHECK_OK(sides[i].pool, ord_pool_step(sides[i].pool, 0));
	}
	return n;
}

static void
stay_quiet(struct side sides[2])
{
	uint64_t end_ms = host_now_ms() + QUIET_MS, now_ms;
	uint64_t before = sides[0].steps + sides[1].steps;

	while ((now_ms = host_now_ms()) < end_ms)
		turn(sides, (int)(end_ms - now_ms));
	CHECK(sides[0].steps + sides[1].steps - before < QUIET_STEPS);
}

static void
play(void)
{
	struct side sides[2] = { { 0 }, { 0 } };

	open_side(&sides[0], 2, 16);
	open_side(&sides[1], 3, 1000);
	while (sides[0].results < TASKS || sides[1].results < TASKS) {
		submit(&sides[0]);
		submit(&sides[1]);
		CHECK(turn(sides, SLEPT_OVER_MS) > 0);
	}
	stay_quiet(sides);
	for (int i = 0; i < 2; i++) {
		CHECK_OK(sides[i].pool, ord_pool_finish(sides[i].pool));
		ord_pool_destroy(&sides[i].pool);
		CHECK(sides[i].messages == sides[i].wanted_messages);
	}
}

/* Threads that libzmq has made for the first a moment ago are no threads of the host for the second. */
static void
fork_beside_another(void)
{
	struct side sides[2] = { { 0 }, { 0 } };

	for (int i = 0; i < 2; i++) {
		uint32_t start = i == 0 ? ORD_START_EXEC : ORD_START_FORK;

		CHECK_OK(NULL,
			ord_pool_new(&sides[i].pool,
				&ORD_POOL_OPTIONS(.function = act, .workers = 1, .start = start)));
		CHECK_OK(sides[i].pool, ord_pool_start(sides[i].pool));
	}
	ord_pool_destroy(&sides[0].pool);
	ord_pool_destroy(&sides[1].pool);
}

int
main(int argc, char **argv)
{
	ord_worker_main(argc, argv);
	host_begin(DEADLINE_S);
	for (int i = 0; i < FORKS; i++)
		fork_beside_another();
	for (long round = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS; round > 0; round--)
		play();
	return host_end();
}
