/* See tally.h. */
#include "tally.h"

#include <stdio.h>
#include <string.h>

void
tally_result(const struct ord_result *result, void *user)
{
	struct tally *tally = user;
	int state = ord_result_state(result);

	CHECK(state > 0 && state < TALLY_STATES);
	if (!tally->completion)
		CHECK_EQ(ord_result_sequence(result), tally->results);
	CHECK((ord_result_error(result)[0] == '\0') == (state == ORD_DONE || state == ORD_PASSED));
	tally->results++;
	tally->states[state]++;
	if (tally->on_result != NULL)
		tally->on_result(tally, result);
}

void
tally_message(const struct ord_message *message, void *user)
{
	struct tally *tally = user;
	uint64_t sequence = ord_message_sequence(message);
	size_t size;

	CHECK(ord_message_text(message, &size)[size] == '\0');
	if (!tally->completion && sequence != ORD_NO_SEQUENCE)
		CHECK(sequence >= tally->results);
	tally->messages++;
	if (tally->on_message != NULL)
		tally->on_message(tally, message);
}

void
tally_open(struct tally *tally, const struct ord_pool_options *options)
{
	CHECK_OK(NULL, ord_pool_new(&tally->pool, options));
	CHECK_OK(tally->pool, ord_pool_start(tally->pool));
}

void
tally_close(struct tally *tally, uint64_t results)
{
	CHECK_OK(tally->pool, ord_pool_finish(tally->pool));
	ord_pool_destroy(&tally->pool);
	CHECK(tally->pool == NULL);
	CHECK_EQ(tally->results, results);
}

int
tally_echo(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);

	(void)user;
	return ord_task_return(task, input, size);
}
