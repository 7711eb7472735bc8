/*
 * What spilling costs when it is needed: echoes of 4096 bytes of which every
 * 1024th sleeps 5 ms while what comes behind it waits for its turn, in memory
 * or, with a bound of 1 MiB, in the unlinked file.
 */
#include <string.h>
#include <time.h>

#include "support/ours.h"
#include "support/turns.h"

enum { WORKERS = 2, WINDOW = 1024, SIZE = 4096, BOUND = 1 << 20, ROUND = 16384 };

struct side {
	struct ours ours;
	uint64_t spilled; /* the most that was seen */
};

static int
answer_late(struct ord_task *task, void *user)
{
	if (ord_task_sequence(task) % WINDOW == 0)
		nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
	return ours_answer(task, user);
}

static void
run_and_look(void *user, uint64_t tasks)
{
	struct side *side = user;

	while (tasks > 0) {
		uint64_t part = tasks < WINDOW / 4 ? tasks : WINDOW / 4;
		struct ord_statistics statistics = ORD_STATISTICS;

		for (uint64_t i = 0; i < part; i++, side->ours.submitted++)
			if (ord_pool_submit_wait(side->ours.pool, side->ours.payload, SIZE, NULL) !=
				0)
				fail("submit: %s", ord_pool_error(side->ours.pool));
		if (ord_pool_statistics(side->ours.pool, &statistics) == 0 &&
			statistics.spilled > side->spilled)
			side->spilled = statistics.spilled;
		tasks -= part;
	}
	ours_run(&side->ours, 0);
}

int
main(int argc, char **argv)
{
	static unsigned char payload[SIZE];
	static struct side spilled, held;
	static struct turn turns[2] = {
		{ "spilled", run_and_look, &spilled, .tasks = ROUND },
		{ "held in memory", run_and_look, &held, .tasks = ROUND },
	};

	ord_worker_main(argc, argv);
	memset(payload, 'x', sizeof payload);
	spilled.ours.payload = held.ours.payload = payload;
	spilled.ours.payload_size = held.ours.payload_size = SIZE;
	ours_start(&spilled.ours,
		&ORD_POOL_OPTIONS(.function = answer_late, .workers = WORKERS, .window = WINDOW,
			.window_bytes = BOUND, .overflow = ORD_OVERFLOW_SPILL));
	ours_start(&held.ours,
		&ORD_POOL_OPTIONS(.function = answer_late, .workers = WORKERS, .window = WINDOW));
	turns_take(turns, 2);
	if (spilled.spilled == 0 || held.spilled != 0)
		fail("%llu bytes were spilled", (unsigned long long)spilled.spilled);
	turns_compare("task behind a slow one", &turns[0], &turns[1], NULL);
	ours_stop(&spilled.ours);
	ours_stop(&held.ours);
	return 0;
}
