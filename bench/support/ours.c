/* The pool's side of a comparison; see ours.h. */
#include "ours.h"

#include <string.h>

#include "measure.h"

int
ours_answer(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);
	uint64_t number;

	(void)user;
	if (size != sizeof number)
		return ord_task_return(task, input, size);
	memcpy(&number, input, sizeof number);
	number++;
	return ord_task_return(task, &number, sizeof number);
}

static void
check_echo(const struct ours *ours, const void *output, size_t size)
{
	if (size != ours->payload_size || memcmp(output, ours->payload, 64) != 0 ||
		memcmp((const char *)output + size - 64, ours->payload + size - 64, 64) != 0)
		fail("an echo is not what was sent");
}

static void
check(const struct ord_result *result, void *user)
{
	struct ours *ours = user;
	size_t size;
	const void *output = ord_result_output(result, &size);
	uint64_t number;

	if (ord_result_state(result) != ORD_DONE)
		fail("task %llu: %s", (unsigned long long)ord_result_sequence(result),
			ord_result_error(result));
	if (ord_result_sequence(result) != ours->delivered)
		fail("a result is not at its place");
	if (ours->payload) {
		check_echo(ours, output, size);
	} else {
		memcpy(&number, output, sizeof number);
		if (size != sizeof number || number != ours->delivered + 1)
			fail("a result is wrong");
	}
	ours->delivered++;
}

void
ours_start(struct ours *ours, struct ord_pool_options *options)
{
	if (!options->function)
		options->function = ours_answer;
	options->on_result = check;
	options->on_result_user = ours;
	ours->submitted = ours->delivered = 0;
	if (ord_pool_new(&ours->pool, options) != 0 || ord_pool_start(ours->pool) != 0)
		fail("start: %s", ord_pool_error(ours->pool));
}

void
ours_run(struct ours *ours, uint64_t tasks)
{
	for (uint64_t end = ours->submitted + tasks; ours->submitted < end; ours->submitted++) {
		const void *input = ours->payload ? ours->payload : (const void *)&ours->submitted;
		size_t size = ours->payload ? ours->payload_size : sizeof ours->submitted;

		if (ord_pool_submit_wait(ours->pool, input, size, NULL) != 0)
			fail("submit: %s", ord_pool_error(ours->pool));
	}
	if (ord_pool_run(ours->pool) != 0 || ours->delivered != ours->submitted)
		fail("run: %s", ord_pool_error(ours->pool));
}

void
ours_turn(void *ours, uint64_t tasks)
{
	ours_run(ours, tasks);
}

void
ours_wait_ready(struct ours *ours, uint64_t workers)
{
	struct ord_statistics statistics = ORD_STATISTICS;

	while (ord_pool_statistics(ours->pool, &statistics) == 0 && statistics.workers < workers)
		if (ord_pool_step(ours->pool, 1000) != 0)
			fail("workers: %s", ord_pool_error(ours->pool));
}

void
ours_stop(struct ours *ours)
{
	ord_pool_destroy(&ours->pool);
}
