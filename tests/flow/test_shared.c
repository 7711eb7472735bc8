/* Bytes for all tasks: one copy, the same for every worker, read-only where they are a copy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tally.h"

enum { SIZE = 40 << 20, TASKS = 40 };

/* The start methods that have this program's functions. */
#define EACH_PROCESS(start) \
	(uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start += start == ORD_START_FORK ? 2 : 1)

static uint64_t
sum(const uint8_t *bytes, size_t size)
{
	uint64_t total = 0;

	for (size_t i = 0; i < size; i++)
		total += bytes[i];
	return total;
}

static uint8_t *
some_bytes(size_t size)
{
	uint8_t *bytes = malloc(size);
	uint64_t state = 88;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)scene_random(&state);
	return bytes;
}

/* What a worker found, and what it has in memory of its own for it. */
struct found {
	uint64_t total;
	uint64_t size;
	long own_kib;
};

static int
look(struct ord_task *task, void *user)
{
	struct found found;
	size_t size;
	const void *bytes = ord_task_shared(task, &size);

	(void)user;
	CHECK(bytes != NULL);
	CHECK(size == 0 || ord_task_shared(task, NULL) == bytes);
	CHECK_EQ((uintptr_t)bytes % 8, 0);
	found.total = sum(bytes, size);
	found.size = size;
	found.own_kib = scene_memory_kib(0, "RssAnon");
	return ord_task_return(task, &found, sizeof found);
}

static void
check_found(struct tally *tally, const struct ord_result *result)
{
	const struct found *wanted = tally->user;
	struct found found;

	CHECK_EQ(ord_result_state(result), ORD_DONE);
	found = OUTPUT_AS(struct found, result);
	CHECK_EQ(found.total, wanted->total);
	CHECK_EQ(found.size, wanted->size);
	CHECK(found.own_kib <= wanted->own_kib);
}

static void
spread(uint32_t start, const uint8_t *bytes, size_t size)
{
	struct found wanted = { sum(bytes, size), size, start == ORD_START_EXEC ? SIZE / 2048 : 1 << 20 };
	struct tally tally = { .on_result = check_found, .user = &wanted };
	uint8_t *copy = malloc(size + 1);

	memcpy(copy, bytes, size);
	tally_open(&tally,
		&TALLY_OPTIONS(&tally, .function = look, .shared = copy, .shared_size = size, .workers = 3, .start = start));
	/* EXEC has its copy; what a fork has seen stays, too. */
	if (start != ORD_START_INLINE)
		memset(copy, 0, size);
	for (uint64_t i = 0; i < TASKS; i++)
		TALLY_SUBMIT(&tally, i);
	tally_close(&tally, TASKS);
	free(copy);
}

SCENE(shared, the_same_for_all)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, SIZE };
	uint8_t *bytes = some_bytes(SIZE);

	for EACH_PROCESS(start)
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
			spread(start, bytes, sizes[i]);
	free(bytes);
}

static int
scribble(struct ord_task *task, void *user)
{
	(void)user;
	*(volatile uint8_t *)(uintptr_t)ord_task_shared(task, NULL) = 1;
	return 0;
}

/* A task that writes there dies, and others see what was given. */
SCENE(shared, cannot_be_written)
{
	struct tally tally = { 0 };
	uint64_t i = 0;

	tally_open(&tally,
		&TALLY_OPTIONS(&tally, .function = scribble, .shared = "given", .shared_size = 6, .workers = 1,
			.start = ORD_START_EXEC));
	TALLY_SUBMIT(&tally, i);
	tally_close(&tally, 1);
	CHECK_EQ(tally.states[ORD_SIGNALED], 1);
}

static int
say(struct ord_task *task, void *user)
{
	return ord_task_return(task, user, 6);
}

static void *
remember(struct ord_task *task, void *user)
{
	(void)user;
	return (void *)(uintptr_t)ord_task_shared(task, NULL);
}

static void
check_given(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	CHECK(strcmp(ord_result_output(result, NULL), "given") == 0);
}

SCENE(shared, is_there_for_hooks)
{
	for EACH_PROCESS(start) {
		struct tally tally = { .on_result = check_given };
		uint64_t i = 0;

		tally_open(&tally,
			&TALLY_OPTIONS(&tally, .function = say, .on_worker_start = remember, .shared = "given", .shared_size = 6,
				.workers = 1, .start = start));
		TALLY_SUBMIT(&tally, i);
		tally_close(&tally, 1);
	}
}

static void
check_sum(struct tally *tally, const struct ord_result *result)
{
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(OUTPUT_AS(uint64_t, result), ((struct found *)tally->user)->total);
}

SCENE_WITHOUT_WORKER_MAIN(shared, with_the_installed_command)
{
	uint8_t *bytes = some_bytes(100000);
	struct found wanted = { .total = sum(bytes, 100000) };
	struct tally tally = { .on_result = check_sum, .user = &wanted };
	char program[4200], name[4200];
	uint64_t i = 0;

	snprintf(program, sizeof program, "%s/orderly", getenv("ORDERLY_BUILD"));
	snprintf(name, sizeof name, "%s/modules/module_names.so:sum", getenv("ORDERLY_BUILD"));
	tally_open(&tally,
		&TALLY_OPTIONS(&tally, .function_name = name, .program = program, .start = ORD_START_COMMAND, .workers = 2,
			.shared = bytes, .shared_size = 100000));
	free(bytes);
	for (; i < 20; i++)
		TALLY_SUBMIT(&tally, i);
	tally_close(&tally, 20);
}

/* Commands only: nobody would see them. */
SCENE(shared, without_workers)
{
	static const char *const argv[] = { "true", NULL };
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .shared = "given", .shared_size = 6, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL));
	tally_close(&tally, 1);
	CHECK_EQ(tally.states[ORD_DONE], 1);
}
