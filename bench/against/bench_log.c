/*
 * One log record of 80 bytes per task into a callback of the master: ord_log
 * against MCE->print, and against Python's QueueHandler and QueueListener, each
 * with 64 tasks in a chunk; and against the same pool with tasks that are silent.
 */
#include "against/peer.h"
#include "support/spoken.h"
#include "support/turns.h"

enum side { LOG, SILENT, LISTENER, PRINT, SIDES };

static struct peer python, perl;

int
main(int argc, char **argv)
{
	static struct spoken spoken;
	static struct ours silent;
	static struct peer_turn listener = { &python, "log" }, print = { &perl, "print" };
	static struct turn turns[SIDES] = {
		[LOG] = { .name = "ord_log", .run = spoken_turn, .user = &spoken },
		[SILENT] = { .name = "silent tasks", .run = ours_turn, .user = &silent },
		[LISTENER] = { .name = "QueueListener", .run = peer_turn, .user = &listener },
		[PRINT] = { .name = "MCE->print", .run = peer_turn, .user = &print },
	};

	ord_worker_main(argc, argv);
	if (!peer_start(&python, "python3", "pool.py"))
		turns[LISTENER].run = NULL;
	if (!peer_start(&perl, "perl", "mce.pl"))
		turns[PRINT].run = NULL;
	spoken_start(&spoken, &ORD_POOL_OPTIONS(.workers = 2));
	ours_start(&silent, &ORD_POOL_OPTIONS(.workers = 2));
	turns_take(turns, SIDES);
	turns_compare("one record per task", &turns[LOG], &turns[PRINT],
		&(struct goals){ "ratio >= 40", "ratio >= 66", NULL, NULL });
	turns_compare("one record per task", &turns[LOG], &turns[LISTENER],
		&(struct goals){ "ratio >= 80", "ratio >= 156", NULL, NULL });
	turns_compare("one record per task", &turns[LOG], &turns[SILENT], NULL);
	spoken_stop(&spoken);
	ours_stop(&silent);
	peer_stop(&python);
	peer_stop(&perl);
	return 0;
}
