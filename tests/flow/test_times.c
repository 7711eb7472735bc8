/* When tasks began and ended: a long task behind many short ones of its message has times of its own. */
#include <string.h>
#include <time.h>

#include "tally.h"

enum { TASKS = 120000, EVERY = 5000, BEFORE = 2048, WINDOW = 16384 };

#define LONG_NS 300000

struct times {
	struct tally tally;
	uint64_t read[WINDOW]; /* by the task itself, at its begin */
};

static uint64_t
read_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int
tell_time(struct ord_task *task, void *user)
{
	uint64_t now_ns = read_clock();

	(void)user;
	while (ord_task_sequence(task) % EVERY == EVERY - 1 && read_clock() < now_ns + LONG_NS)
		;
	return ord_task_return(task, &now_ns, sizeof now_ns);
}

static void
check_times(struct tally *tally, const struct ord_result *result)
{
	struct times *times = tally->user;
	uint64_t sequence = ord_result_sequence(result), now_ns;
	size_t size;
	const void *output = ord_result_output(result, &size);

	CHECK_EQ(size, sizeof now_ns);
	memcpy(&now_ns, output, sizeof now_ns);
	times->read[sequence % WINDOW] = now_ns;
	CHECK(ord_result_started_ns(result) <= now_ns);
	CHECK(ord_result_ended_ns(result) != 0);
	if (sequence % EVERY != EVERY - 1)
		return;
	CHECK(ord_result_ended_ns(result) >= now_ns + LONG_NS);
	CHECK(ord_result_started_ns(result) > times->read[(sequence - BEFORE) % WINDOW]);
}

static void
play(uint32_t capture)
{
	static struct times times;

	times.tally = (struct tally){ .on_result = check_times, .user = &times };
	tally_open(&times.tally,
		&TALLY_OPTIONS(&times.tally, .function = tell_time, .workers = 1, .window = WINDOW,
			.capture = capture));
	for (int i = 0; i < TASKS; i++)
		TALLY_SUBMIT(&times.tally, i);
	tally_close(&times.tally, TASKS);
}

SCENE(times, of_a_long_task_behind_short_ones)
{
	play(ORD_CAPTURE_OFF);
	play(ORD_CAPTURE_EXACT);
}
