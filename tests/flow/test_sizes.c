/* Inputs and outputs of every size come through unchanged. */
#include <stdlib.h>
#include <string.h>

#include "tally.h"

#define MIB (1u << 20)

static const size_t sizes[] = { 0, 1, 7, 8, 22, 23, 24, 25, 4095, 4096, 65511, 65512, 65513, 65535, 65536, 65537, 262143,
	262144, 262145, 1 << 20, (1 << 20) + 1, 64 << 20 };

enum { SIZES = sizeof sizes / sizeof sizes[0] };

static unsigned char
byte_of(size_t size, size_t at)
{
	return (unsigned char)(at * 31 + (at >> 8) + size);
}

static char *
make(size_t size)
{
	char *bytes = malloc(size + 1);

	CHECK(bytes != NULL);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)byte_of(size, i);
	return bytes;
}

static int
holds(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)bytes[i] != byte_of(size, i))
			return 0;
	return 1;
}

static int
echo(struct ord_task *task, void *user)
{
	size_t size;
	const char *input = ord_task_input(task, &size);

	(void)user;
	if ((uintptr_t)input % 8 != 0 || !holds(input, size))
		return ord_task_fail(task, "the input of %zu bytes is not what was submitted", size);
	return ord_task_return(task, input, size);
}

static void
check_echo(struct tally *tally, const struct ord_result *result)
{
	size_t size;
	const char *output = ord_result_output(result, &size);

	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(size, sizes[ord_result_sequence(result) % SIZES]);
	CHECK((uintptr_t)output % 8 == 0 && output[size] == '\0' && holds(output, size));
}

static void
echo_all(uint32_t start, uint32_t order)
{
	struct tally tally = { .on_result = check_echo, .completion = order == ORD_COMPLETION };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = echo, .workers = 2, .start = start, .order = order));
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < SIZES; i++) {
			char *input = make(sizes[i]);

			CHECK_OK(tally.pool,
				ord_pool_submit_wait(tally.pool, sizes[i] != 0 ? input : NULL, sizes[i], NULL));
			free(input);
		}
	}
	tally_close(&tally, 2 * SIZES);
}

SCENE(sizes, exec)
{
	echo_all(ORD_START_EXEC, ORD_SUBMISSION);
}

SCENE(sizes, fork)
{
	echo_all(ORD_START_FORK, ORD_SUBMISSION);
}

SCENE(sizes, completion)
{
	echo_all(ORD_START_EXEC, ORD_COMPLETION);
}

SCENE(sizes, inline)
{
	echo_all(ORD_START_INLINE, ORD_SUBMISSION);
}

static int
return_twice(struct ord_task *task, void *user)
{
	(void)user;
	CHECK_EQ(ord_task_return(task, "the first", 9), 0);
	CHECK_EQ(ord_task_return(task, NULL, 1), ORD_EINVAL);
	CHECK_EQ(ord_task_return(task, task, ((size_t)1 << 30) + 1), ORD_ETOOBIG);
	return ord_task_return(task, ord_task_sequence(task) == 0 ? "2nd" : NULL, ord_task_sequence(task) == 0 ? 3 : 0);
}

static void
check_second(struct tally *tally, const struct ord_result *result)
{
	size_t size;
	const char *output = ord_result_output(result, &size);

	(void)tally;
	CHECK(strcmp(output, ord_result_sequence(result) == 0 ? "2nd" : "") == 0);
	CHECK_EQ(size, ord_result_sequence(result) == 0 ? 3 : 0);
}

SCENE(sizes, the_last_return_counts)
{
	struct tally tally = { .on_result = check_second };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = return_twice, .workers = 1));
	for (int i = 0; i < 2; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "", 0, NULL));
	tally_close(&tally, 2);
}
