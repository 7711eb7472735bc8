/*
 * Tasks that are submitted and taken one by one. Python's imap sends one task a
 * message; the pool decides itself how many travel together. A pool with two
 * tasks at each worker has one in each message, as a loop on bare libzmq that is
 * told to; and that loop with a whole window.
 */
#include "against/peer.h"
#include "reference/loop.h"
#include "support/ours.h"
#include "support/turns.h"

enum { WORKERS = 2, WINDOW = 4096, SMALL = 2 * WORKERS };

enum side { DEFAULT, IMAP, RAW, LOCKSTEP, LOCKSTEP_RAW, SIDES };

static struct peer python;

int
main(int argc, char **argv)
{
	static const struct goals goals = { .rate = "ratio >= 20", .rate_stretch = "ratio >= 30" };
	static struct ours ours, small;
	static struct loop_turn raw = { .shape = { WINDOW, 1, WINDOW / WORKERS, 8 } };
	static struct loop_turn small_raw = { .shape = { SMALL, 1, SMALL / WORKERS, 8 } };
	static struct peer_turn imap = { &python, "1" };
	static struct turn turns[SIDES] = {
		[DEFAULT] = { .name = "default pool", .run = ours_turn, .user = &ours },
		[IMAP] = { .name = "Pool.imap", .run = peer_turn, .user = &imap },
		[RAW] = { .name = "raw loop, 1 task a message", .run = loop_turn, .user = &raw },
		[LOCKSTEP] = { .name = "1 task a message", .run = ours_turn, .user = &small },
		[LOCKSTEP_RAW] = { .name = "raw loop", .run = loop_turn, .user = &small_raw },
	};

	ord_worker_main(argc, argv);
	if (!peer_start(&python, "python3", "pool.py"))
		turns[IMAP].run = NULL;
	raw.loop = small_raw.loop = loop_new(WORKERS);
	loop_connect(raw.loop);
	ours_start(&ours, &ORD_POOL_OPTIONS(.workers = WORKERS));
	ours_start(&small, &ORD_POOL_OPTIONS(.workers = WORKERS, .window = SMALL));
	turns_take(turns, SIDES);
	turns_compare("no-op one by one", &turns[DEFAULT], &turns[IMAP], &goals);
	turns_compare("no-op one by one", &turns[DEFAULT], &turns[RAW], NULL);
	turns_compare("no-op, window 4", &turns[LOCKSTEP], &turns[IMAP], NULL);
	turns_compare("no-op, window 4", &turns[LOCKSTEP], &turns[LOCKSTEP_RAW], NULL);
	ours_stop(&ours);
	ours_stop(&small);
	loop_destroy(raw.loop);
	peer_stop(&python);
	return 0;
}
