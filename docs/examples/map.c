/*
 * The easy call: a function once for each input, a process for each, what they
 * say while they run, and the sum of what they return.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <orderly/orderly.h>

enum { ITEMS = 3 };

static int
work(struct ord_task *task, void *user) /* runs in a worker process */
{
	const uint64_t *number = ord_task_input(task, NULL);
	uint64_t items = 10 + *number;

	(void)user;
	ord_log(ORD_INFO, "hello from process %d", (int)getpid());
	return ord_task_return(task, &items, sizeof items);
}

static void
show(const struct ord_message *message, void *user)
{
	(void)user;
	printf("item %" PRIu64 ": %s\n", ord_message_sequence(message),
		ord_message_text(message, NULL));
}

int
main(int argc, char **argv)
{
	uint64_t numbers[ITEMS], sum = 0;
	struct ord_bytes inputs[ITEMS];
	struct ord_results *results;

	ord_worker_main(argc, argv);
	for (uint64_t i = 0; i < ITEMS; i++) {
		numbers[i] = i;
		inputs[i] = (struct ord_bytes){ &numbers[i], sizeof numbers[i] };
	}
	if (ord_map(work, inputs, ITEMS, &results,
		    &ORD_MAP_OPTIONS(.process_per_item = 1,
			    .pool = &ORD_POOL_OPTIONS(.on_message = show))) != 0) {
		fprintf(stderr, "map: %s\n", ord_results_error(results));
		return 1;
	}
	for (size_t i = 0; i < ITEMS; i++)
		sum += *(const uint64_t *)ord_result_output(ord_results_at(results, i), NULL);
	printf("%d items returned %" PRIu64 "\n", ITEMS, sum);
	ord_results_destroy(&results);
	return 0;
}
