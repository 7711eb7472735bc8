/*
 * The easy call where mpmq was measured: no-op items with a process each, and
 * log messages from two items to a callback. mpmq's figures are constants, so
 * it is compared across machines: a goal is a multiple of what it gave.
 */
#include <stdio.h>
#include <stdlib.h>

#include <orderly/orderly.h>

#include "support/measure.h"

/* What mpmq gave for the same work. */
#define MPMQ_ITEMS_PER_S 48.0
#define MPMQ_MESSAGES_PER_S 25700.0

enum { ITEMS = 200, SPEAKERS = 2, MESSAGES = 20000 };

static int
do_nothing(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 0;
}

static int
speak(struct ord_task *task, void *user)
{
	(void)user;
	for (int i = 0; i < MESSAGES; i++)
		if (ord_log(ORD_INFO, "message %d of %d", i, MESSAGES) != 0)
			return ord_task_fail(task, "cannot log");
	return 0;
}

static void
count(const struct ord_message *message, void *user)
{
	unsigned *messages = user;

	(void)message;
	(*messages)++;
}

/* Seconds that a call takes. */
static double
map_seconds(ord_task_fn function, size_t n, const struct ord_map_options *options)
{
	static const struct ord_bytes inputs[ITEMS];
	uint64_t began_ns = now_ns();
	struct ord_results *results;

	if (ord_map(function, inputs, n, &results, options) != 0)
		fail("map: %s", ord_results_error(results));
	ord_results_destroy(&results);
	return (double)(now_ns() - began_ns) / 1e9;
}

static void
measure_items(const struct ord_map_options *options, const char *name, const char *goal)
{
	struct series ours = { 0 }, theirs = { 0 };

	for (size_t round = 0; round < rounds(); round++) {
		series_add(&ours, ITEMS / map_seconds(do_nothing, ITEMS, options));
		series_add(&theirs, MPMQ_ITEMS_PER_S);
	}
	figure_print(&(struct figure){ .name = name,
			     .unit = "items/s",
			     .against = "mpmq, measured elsewhere",
			     .goal = goal },
		&ours, &theirs);
}

static void
measure_messages(void)
{
	struct series ours = { 0 }, theirs = { 0 };

	for (size_t round = 0; round < rounds(); round++) {
		unsigned messages = 0;
		double seconds = map_seconds(speak, SPEAKERS,
			&ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = SPEAKERS,
						 .on_message = count,
						 .on_message_user = &messages)));

		if (messages != SPEAKERS * MESSAGES)
			fail("%u messages of %d", messages, SPEAKERS * MESSAGES);
		series_add(&ours, messages / seconds);
		series_add(&theirs, MPMQ_MESSAGES_PER_S);
	}
	figure_print(&(struct figure){ .name = "messages of 2 items x 20000, ord_map",
			     .unit = "messages/s",
			     .against = "mpmq, measured elsewhere",
			     .goal = "ratio >= 20" },
		&ours, &theirs);
}

int
main(int argc, char **argv)
{
	ord_worker_main(argc, argv);
	measure_items(&ORD_MAP_OPTIONS(.process_per_item = 1),
		"no-op items x 200, a process each, ord_map", "ratio >= 10");
	measure_items(&ORD_MAP_OPTIONS(.process_per_item = 1,
			      .pool = &ORD_POOL_OPTIONS(.start = ORD_START_FORK)),
		"no-op items x 200, a process each, FORK, ord_map", NULL);
	measure_items(NULL, "no-op items x 200, ord_map", NULL);
	measure_messages();
	return 0;
}
