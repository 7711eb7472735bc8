/*
 * Many workers: no-op tasks a second of 64 workers with a window of 1024 each,
 * against 2 workers with a window of 4096, and against the raw loop with as many
 * workers.
 */
#include "reference/loop.h"
#include "support/ours.h"
#include "support/turns.h"

/* Many windows in a round: at the beginning and at the end of a run few workers are busy. */
enum { FEW = 2, FEW_WINDOW = 4096, MANY = 64, MANY_WINDOW = 65536, TASKS = 2000000 };

enum side { OURS_MANY, OURS_FEW, RAW_MANY, SIDES };

int
main(int argc, char **argv)
{
	static const struct goals goals = { .rate = "ratio >= 0.5",
		.rate_stretch = "ratio >= 0.8" };
	static struct ours many, few;
	static struct loop_turn raw = { .shape = { MANY_WINDOW, MANY_WINDOW / MANY / 4,
						MANY_WINDOW / MANY, 8 } };
	static struct turn turns[SIDES] = {
		[OURS_MANY] = { "64 workers, window 65536", ours_turn, &many, .tasks = TASKS },
		[OURS_FEW] = { "2 workers, window 4096", ours_turn, &few, .tasks = TASKS },
		[RAW_MANY] = { "raw loop, 64 workers", loop_turn, &raw, .tasks = TASKS },
	};

	ord_worker_main(argc, argv);
	raw.loop = loop_new(MANY);
	loop_connect(raw.loop);
	ours_start(&many,
		&ORD_POOL_OPTIONS(.workers = MANY, .window = MANY_WINDOW,
			.capture = ORD_CAPTURE_OFF));
	ours_start(&few,
		&ORD_POOL_OPTIONS(.workers = FEW, .window = FEW_WINDOW,
			.capture = ORD_CAPTURE_OFF));
	ours_wait_ready(&many, MANY);
	turns_take(turns, SIDES);
	turns_compare("no-op", &turns[OURS_MANY], &turns[OURS_FEW], &goals);
	turns_compare("no-op", &turns[OURS_MANY], &turns[RAW_MANY], NULL);
	ours_stop(&many);
	ours_stop(&few);
	loop_destroy(raw.loop);
	return 0;
}
