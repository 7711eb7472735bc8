/*
 * No-op tasks of 8 bytes against pools of Python and Perl that keep the order:
 * multiprocessing's map with its own chunks, its imap and MCE with 64 tasks in a
 * chunk. Window 4096, capture off; and the pool as users get it, with exact
 * capture.
 */
#include "against/peer.h"
#include "support/ours.h"
#include "support/turns.h"

enum side { OFF, DEFAULT, MAP, IMAP, MCE, SIDES };

static struct peer python, perl;

static void
compare(const struct turn turns[SIDES], enum side peer, const struct goals *goals)
{
	turns_compare("no-op, window 4096", &turns[OFF], &turns[peer], goals);
	turns_compare("no-op", &turns[DEFAULT], &turns[peer], NULL);
}

int
main(int argc, char **argv)
{
	static struct ours off, exact;
	static struct peer_turn map = { &python, "map" }, imap = { &python, "64" };
	static struct peer_turn mce = { &perl, "64" };
	static struct turn turns[SIDES] = {
		[OFF] = { .name = "capture off", .run = ours_turn, .user = &off },
		[DEFAULT] = { .name = "default pool", .run = ours_turn, .user = &exact },
		[MAP] = { .name = "Pool.map", .run = peer_turn, .user = &map },
		[IMAP] = { .name = "Pool.imap, chunks of 64", .run = peer_turn, .user = &imap },
		[MCE] = { .name = "MCE ordered, chunks of 64", .run = peer_turn, .user = &mce },
	};

	ord_worker_main(argc, argv);
	if (!peer_start(&python, "python3", "pool.py"))
		turns[MAP].run = turns[IMAP].run = NULL;
	if (!peer_start(&perl, "perl", "mce.pl"))
		turns[MCE].run = NULL;
	ours_start(
		&off, &ORD_POOL_OPTIONS(.workers = 2, .window = 4096, .capture = ORD_CAPTURE_OFF));
	ours_start(&exact, &ORD_POOL_OPTIONS(.workers = 2));
	turns_take(turns, SIDES);
	compare(turns, MAP, &(struct goals){ "ratio >= 2.5", "ratio >= 3.3", NULL, NULL });
	compare(turns, IMAP, &(struct goals){ "ratio >= 7", "ratio >= 11", NULL, NULL });
	compare(turns, MCE, &(struct goals){ "ratio >= 3.5", "ratio >= 5", NULL, NULL });
	ours_stop(&off);
	ours_stop(&exact);
	peer_stop(&python);
	peer_stop(&perl);
	return 0;
}
