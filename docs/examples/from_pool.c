/* What Pool.map does: squares of numbers, computed in worker processes, each at the index of its input. */
#include <inttypes.h>
#include <stdio.h>

#include <orderly/orderly.h>

#define COUNT 10

static int
square(struct ord_task *task, void *user)
{
	const uint64_t *number = ord_task_input(task, NULL);
	uint64_t answer = *number * *number;

	(void)user;
	return ord_task_return(task, &answer, sizeof answer);
}

int
main(int argc, char **argv)
{
	struct ord_bytes inputs[COUNT];
	struct ord_results *results;
	uint64_t numbers[COUNT];
	int status;

	ord_worker_main(argc, argv);
	for (uint64_t i = 0; i < COUNT; i++) {
		numbers[i] = i;
		inputs[i] = (struct ord_bytes){ &numbers[i], sizeof numbers[i] };
	}
	status = ord_map(square, inputs, COUNT, &results, NULL);
	if (status != 0)
		fprintf(stderr, "from_pool: %s\n", ord_results_error(results));
	for (size_t i = 0; status == 0 && i < ord_results_count(results); i++) {
		const uint64_t *answer = ord_result_output(ord_results_at(results, i), NULL);

		printf("%" PRIu64 "\n", *answer);
	}
	ord_results_destroy(&results);
	return status != 0;
}
