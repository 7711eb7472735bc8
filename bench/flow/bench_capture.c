/*
 * Exact capture with tasks that print nothing: no-op tasks a second and
 * processor time per task, against the raw loop, which captures nothing, and
 * against the same pool with capture off.
 */
#include "reference/loop.h"
#include "support/ours.h"
#include "support/turns.h"

enum { WORKERS = 2, WINDOW = 4096 };

enum side { EXACT, RAW, OFF, SIDES };

int
main(int argc, char **argv)
{
	static const struct goals goals = { .rate = "ratio >= 0.5",
		.rate_stretch = "ratio >= 0.7" };
	struct ours exact = { 0 }, off = { 0 };
	struct loop_turn raw = { .shape = { WINDOW, WINDOW / 4, WINDOW / WORKERS, 8 } };
	struct turn turns[SIDES] = {
		[EXACT] = { .name = "exact capture", .run = ours_turn, .user = &exact },
		[RAW] = { .name = "raw loop", .run = loop_turn, .user = &raw },
		[OFF] = { .name = "capture off", .run = ours_turn, .user = &off },
	};

	ord_worker_main(argc, argv);
	raw.loop = loop_new(WORKERS);
	loop_connect(raw.loop);
	ours_start(&exact, &ORD_POOL_OPTIONS(.workers = WORKERS, .window = WINDOW));
	ours_start(&off,
		&ORD_POOL_OPTIONS(.workers = WORKERS, .window = WINDOW,
			.capture = ORD_CAPTURE_OFF));
	turns_take(turns, SIDES);
	turns_compare("silent no-op, window 4096", &turns[EXACT], &turns[RAW], &goals);
	turns_compare("silent no-op, window 4096", &turns[EXACT], &turns[OFF], NULL);
	ours_stop(&exact);
	ours_stop(&off);
	loop_destroy(raw.loop);
	return 0;
}
