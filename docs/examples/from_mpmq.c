/*
 * What MPmq.execute does: a process for each item, two at once, their log
 * records and their progress in the caller while they run, and the results at
 * the offsets of their items.
 */
#include <inttypes.h>
#include <stdio.h>

#include <orderly/orderly.h>

#define COUNT 3

static int
work(struct ord_task *task, void *user)
{
	const uint64_t *total = ord_task_input(task, NULL);

	(void)user;
	ord_log(ORD_INFO, "processing a total of %" PRIu64 " items", *total);
	for (uint64_t done = 1; done <= *total; done++)
		ord_task_progress(task, done, *total);
	return ord_task_return(task, total, sizeof *total);
}

static void
show_message(const struct ord_message *message, void *user)
{
	(void)user;
	printf("%" PRIu64 " says: %s\n", ord_message_sequence(message),
		ord_message_text(message, NULL));
}

/* What a display is made of: a line for each item, and how many are where. */
static void
show_event(const struct ord_event *event, void *user)
{
	(void)user;
	if (ord_event_kind(event) == ORD_TASK_PROGRESS)
		printf("%" PRIu64 " has done %" PRIu64 " of %" PRIu64 "\n",
			ord_event_sequence(event), ord_event_done(event), ord_event_total(event));
	else if (ord_event_kind(event) == ORD_TASK_ENDED)
		printf("%" PRIu64 " %s; %" PRIu64 " running, %" PRIu64 " queued, %" PRIu64
		       " completed\n",
			ord_event_sequence(event), ord_state_name(ord_event_state(event)),
			ord_event_running(event), ord_event_queued(event),
			ord_event_completed(event));
}

int
main(int argc, char **argv)
{
	static const uint64_t totals[COUNT] = { 8, 16, 12 };
	const struct ord_pool_options pool =
		ORD_POOL_OPTIONS(.workers = 2, .on_message = show_message, .on_event = show_event);
	struct ord_bytes items[COUNT];
	struct ord_results *results;
	uint64_t sum = 0;
	int status;

	ord_worker_main(argc, argv);
	for (size_t i = 0; i < COUNT; i++)
		items[i] = (struct ord_bytes){ &totals[i], sizeof totals[i] };
	status = ord_map(work, items, COUNT, &results,
		&ORD_MAP_OPTIONS(.pool = &pool, .process_per_item = 1));
	if (status != 0)
		fprintf(stderr, "from_mpmq: %s\n", ord_results_error(results));
	for (size_t i = 0; status == 0 && i < ord_results_count(results); i++)
		sum += *(const uint64_t *)ord_result_output(ord_results_at(results, i), NULL);
	ord_results_destroy(&results);
	printf("%" PRIu64 " items\n", sum);
	return status != 0;
}
