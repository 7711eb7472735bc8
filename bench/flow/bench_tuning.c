/*
 * What can be tuned, each as a ratio to no-op tasks of 8 bytes at the default
 * window (4096), exact capture: the window, the size of payloads, and several
 * items in one task, where items are counted.
 */
#include <stdio.h>
#include <string.h>

#include "support/ours.h"
#include "support/turns.h"

enum { WORKERS = 2, DEFAULT_WINDOW = 4096, ITEM = 8, LARGEST = 32768 };

struct setting {
	const char *name;
	uint32_t window;
	uint32_t payload; /* bytes; 0: a number */
	uint32_t items;   /* that a payload holds */
};

struct side {
	struct ours ours;
	uint64_t items;
};

static const struct setting settings[] = {
	{ "window 4096, 8 bytes", DEFAULT_WINDOW, 0, 1 },
	{ "window 16", 16, 0, 1 },
	{ "window 64", 64, 0, 1 },
	{ "window 256", 256, 0, 1 },
	{ "window 1024", 1024, 0, 1 },
	{ "window 16384", 16384, 0, 1 },
	{ "window 65536", 65536, 0, 1 },
	{ "64 bytes", DEFAULT_WINDOW, 64, 1 },
	{ "512 bytes", DEFAULT_WINDOW, 512, 1 },
	{ "4096 bytes", DEFAULT_WINDOW, 4096, 1 },
	{ "32768 bytes", DEFAULT_WINDOW, LARGEST, 1 },
	{ "8 items in a task", DEFAULT_WINDOW, 8 * ITEM, 8 },
	{ "64 items in a task", DEFAULT_WINDOW, 64 * ITEM, 64 },
	{ "512 items in a task", DEFAULT_WINDOW, 512 * ITEM, 512 },
};

enum { SETTINGS = sizeof settings / sizeof *settings };

/* As many tasks as hold so many items. */
static void
run_items(void *user, uint64_t items)
{
	struct side *side = user;

	ours_run(&side->ours, (items + side->items - 1) / side->items);
}

int
main(int argc, char **argv)
{
	static unsigned char payload[LARGEST];
	static struct side sides[SETTINGS];
	static struct turn turns[SETTINGS];

	ord_worker_main(argc, argv);
	memset(payload, 'x', sizeof payload);
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *setting = &settings[i];

		sides[i].ours.payload = setting->payload ? payload : NULL;
		sides[i].ours.payload_size = setting->payload;
		sides[i].items = setting->items;
		ours_start(&sides[i].ours,
			&ORD_POOL_OPTIONS(.workers = WORKERS, .window = setting->window));
		turns[i] =
			(struct turn){ .name = setting->name, .run = run_items, .user = &sides[i] };
	}
	turns_take(turns, SETTINGS);
	for (size_t i = 1; i < SETTINGS; i++)
		turns_compare(settings[i].items > 1 ? "item" : "task", &turns[i], &turns[0], NULL);
	for (size_t i = 0; i < SETTINGS; i++)
		ours_stop(&sides[i].ours);
	return 0;
}
