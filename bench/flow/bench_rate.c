/*
 * No-op tasks of 8 bytes a second and processor time per task at three windows,
 * capture off, against the raw loop of the same window with as many tasks in a
 * message.
 */
#include <stdio.h>

#include "reference/loop.h"
#include "support/ours.h"
#include "support/turns.h"

enum { WORKERS = 2 };

static void
bench_window(struct loop *loop, uint64_t window, const struct goals *goals)
{
	uint64_t batch = window / 4 < 4096 ? window / 4 : 4096;
	struct loop_turn raw = { loop, { window, batch, window / WORKERS, 8 } };
	struct ours ours = { 0 };
	struct turn turns[2] = { { .name = "capture off", .run = ours_turn, .user = &ours },
		{ .name = "raw loop", .run = loop_turn, .user = &raw } };
	char what[64];

	ours_start(&ours,
		&ORD_POOL_OPTIONS(.workers = WORKERS, .window = (uint32_t)window,
			.capture = ORD_CAPTURE_OFF));
	turns_take(turns, 2);
	snprintf(what, sizeof what, "no-op, window %llu", (unsigned long long)window);
	turns_compare(what, &turns[0], &turns[1], goals);
	ours_stop(&ours);
}

int
main(int argc, char **argv)
{
	static const struct goals small = { "ratio >= 0.65", "ratio >= 0.8", "ratio <= 1.6",
		"ratio <= 1.35" };
	static const struct goals large = { "ratio >= 0.6", "ratio >= 0.8", "ratio <= 1.6",
		"ratio <= 1.35" };
	struct loop *loop;

	ord_worker_main(argc, argv);
	loop = loop_new(WORKERS);
	loop_connect(loop);
	bench_window(loop, 1024, &small);
	bench_window(loop, 4096, &small);
	bench_window(loop, 16384, &large);
	loop_destroy(loop);
	return 0;
}
