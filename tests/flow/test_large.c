/*
 * Payloads that lie in the slab: exact bytes at every border, room that is
 * reserved and written in place, results that are kept, and outputs of
 * workers that are gone.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool/pool.h"
#include "shared/slab.h"
#include "tally.h"

enum { KIB = 1024, MIB = 1024 * KIB };

/* What a task shall do with so many bytes, and how it says so. */
enum way { WAY_RETURN, WAY_RESERVE, WAY_FEWER, WAY_FROM_THE_MIDDLE, WAY_TWICE, WAY_REPLACED, WAY_DROPPED, WAYS };

struct order {
	uint64_t size;
	uint32_t way;
	uint32_t seed;
};

static unsigned char
byte_of(uint32_t seed, size_t at)
{
	return (unsigned char)(at * 31 + (at >> 8) + seed * 7);
}

static void
fill(unsigned char *bytes, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = byte_of(seed, i);
}

static int
holds(const unsigned char *bytes, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != byte_of(seed, i))
			return 0;
	return 1;
}

static int
reserve_and_return(struct ord_task *task, const struct order *order, size_t more, size_t from)
{
	unsigned char *to;
	void *room;
	int status = ord_task_reserve(task, order->size + more, &room);

	if (status != 0)
		return status;
	CHECK((uintptr_t)room % 8 == 0);
	to = room;
	fill(to + from, order->size, order->seed);
	return more == 0 ? 0 : ord_task_return(task, to + from, order->size);
}

static int
return_copy(struct ord_task *task, const struct order *order)
{
	unsigned char *bytes = malloc(order->size + 1);
	int status;

	CHECK(bytes != NULL);
	fill(bytes, order->size, order->seed);
	status = ord_task_return(task, bytes, order->size);
	memset(bytes, 0, order->size);
	free(bytes);
	return status;
}

static int
work(struct ord_task *task, void *user)
{
	struct order order = INPUT_AS(struct order, task);
	struct order other = { order.size + 100 * KIB, 0, order.seed + 1 };

	(void)user;
	switch (order.way) {
	case WAY_RESERVE: return reserve_and_return(task, &order, 0, 0);
	case WAY_FEWER: return reserve_and_return(task, &order, 5000, 0);
	case WAY_FROM_THE_MIDDLE: return reserve_and_return(task, &order, 300, 123);
	case WAY_TWICE: CHECK_EQ(reserve_and_return(task, &other, 0, 0), 0); return reserve_and_return(task, &order, 0, 0);
	case WAY_REPLACED: CHECK_EQ(reserve_and_return(task, &other, 0, 0), 0); break;
	case WAY_DROPPED:
		CHECK_EQ(reserve_and_return(task, &other, 0, 0), 0);
		return ord_task_fail(task, "after all");
	}
	return return_copy(task, &order);
}

static void
check(struct tally *tally, const struct ord_result *result)
{
	const struct order *orders = tally->user;
	const struct order *order = &orders[ord_result_sequence(result)];
	const unsigned char *output;
	size_t size;

	output = ord_result_output(result, &size);
	if (order->way == WAY_DROPPED) {
		CHECK_EQ(ord_result_state(result), ORD_FAILED);
		CHECK_EQ(size, 0);
		return;
	}
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(size, order->size);
	CHECK((uintptr_t)output % 8 == 0 && output[size] == '\0');
	CHECK(holds(output, size, order->seed));
}

static size_t
add_orders(struct order *orders)
{
	static const uint64_t around[] = { 0, 1, 23, 24, 4096, SLAB_FROM, 65512, 65536, 2 * 65536, 256 * KIB, MIB, MIB + 4096 };
	size_t n = 0;

	for (size_t i = 0; i < sizeof around / sizeof *around; i++)
		for (uint32_t way = 0; way < WAYS; way++)
			for (int more = -1; more <= 1; more++)
				if (more >= 0 || around[i] != 0) {
					orders[n] = (struct order){ around[i] + (uint64_t)more, way, (uint32_t)n };
					n++;
				}
	return n;
}

static void
every_way(uint32_t start, uint32_t order, uint32_t overflow)
{
	static struct order orders[1000];
	struct tally tally = { .on_result = check, .user = orders, .completion = order == ORD_COMPLETION };
	size_t n = add_orders(orders);

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = work, .workers = 2, .start = start, .order = order,
				   .overflow = overflow, .window_bytes = overflow == ORD_OVERFLOW_SPILL ? 2 * MIB : 0));
	for (size_t i = 0; i < n; i++)
		TALLY_SUBMIT(&tally, orders[i]);
	tally_close(&tally, n);
}

SCENE(large, outputs_exec)
{
	every_way(ORD_START_EXEC, ORD_SUBMISSION, ORD_OVERFLOW_WAIT);
}

SCENE(large, outputs_fork)
{
	every_way(ORD_START_FORK, ORD_COMPLETION, ORD_OVERFLOW_WAIT);
}

SCENE(large, outputs_inline)
{
	every_way(ORD_START_INLINE, ORD_SUBMISSION, ORD_OVERFLOW_WAIT);
}

SCENE(large, outputs_spilled)
{
	every_way(ORD_START_EXEC, ORD_SUBMISSION, ORD_OVERFLOW_SPILL);
}

static int
wrong_calls(struct ord_task *task, void *user)
{
	void *room = &room;

	(void)user;
	CHECK_EQ(ord_task_reserve(task, 10, NULL), ORD_EINVAL);
	CHECK_EQ(ord_task_reserve(task, ((size_t)1 << 30) + 1, &room), ORD_ETOOBIG);
	CHECK(room == NULL);
	CHECK_EQ(ord_task_reserve(task, 0, &room), 0);
	CHECK(room != NULL);
	if (ord_task_sequence(task) == 0)
		return ord_task_reserve(task, ((size_t)1 << 30) + 1, &room);
	CHECK_EQ(ord_task_reserve(task, 3, &room), 0);
	memcpy(room, "abc", 3);
	return 0;
}

static void
check_wrong_calls(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	if (ord_result_sequence(result) == 0)
		CHECK(strstr(ord_result_error(result), "1 GiB") != NULL);
	else
		CHECK(strcmp(ord_result_output(result, NULL), "abc") == 0);
}

SCENE(large, reserve_says_what_is_wrong)
{
	struct tally tally = { .on_result = check_wrong_calls };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = wrong_calls, .workers = 1));
	for (int i = 0; i < 2; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "", 0, NULL));
	tally_close(&tally, 2);
}

/* --- results that are kept --- */

/* More than a place has indices. */
enum { KEPT = 3 * SLAB_BLOCKS / 2, KEPT_SIZE = 20 * KIB };

struct keeper {
	struct ord_result *kept[KEPT];
	size_t n;
};

static void
keep(struct tally *tally, const struct ord_result *result)
{
	struct keeper *keeper = tally->user;

	CHECK_EQ(ord_result_keep(result, &keeper->kept[keeper->n++]), 0);
}

static void
check_kept(const struct ord_result *kept)
{
	const unsigned char *output;
	size_t size;

	output = ord_result_output(kept, &size);
	CHECK_EQ(ord_result_state(kept), ORD_DONE);
	CHECK_EQ(size, KEPT_SIZE);
	CHECK(output[size] == '\0' && holds(output, size, (uint32_t)ord_result_sequence(kept)));
}

/* Some freed while the pool runs, the rest long after its end. */
SCENE(large, kept_beyond_the_pool)
{
	static struct keeper keeper;
	struct tally tally = { .on_result = keep, .user = &keeper };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = work, .workers = 1));
	for (uint32_t i = 0; i < KEPT; i++) {
		struct order order = { KEPT_SIZE, i % 2 ? WAY_RESERVE : WAY_RETURN, i };

		TALLY_SUBMIT(&tally, order);
		if (i % 10 == 0 && keeper.n != 0) {
			check_kept(keeper.kept[keeper.n / 2]);
			ord_result_destroy(&keeper.kept[--keeper.n]);
		}
	}
	CHECK_OK(tally.pool, ord_pool_finish(tally.pool));
	ord_pool_destroy(&tally.pool);
	for (size_t i = 0; i < keeper.n; i++) {
		check_kept(keeper.kept[i]);
		ord_result_destroy(&keeper.kept[i]);
	}
}

/* A child of the host frees its copies; the parent's stay as they are. */
SCENE(large, kept_in_a_forked_child)
{
	static struct keeper keeper;
	struct tally tally = { .on_result = keep, .user = &keeper };
	struct order order = { KEPT_SIZE, WAY_RESERVE, 0 };
	pid_t child;
	int status;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = work, .workers = 1));
	for (order.seed = 0; order.seed < 10; order.seed++)
		TALLY_SUBMIT(&tally, order);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	child = fork();
	if (child == 0) {
		for (size_t i = 0; i < 10; i++) {
			check_kept(keeper.kept[i]);
			ord_result_destroy(&keeper.kept[i]);
		}
		ord_pool_destroy(&tally.pool);
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	for (order.seed = 10; order.seed < 40; order.seed++)
		TALLY_SUBMIT(&tally, order);
	tally_close(&tally, 40);
	for (size_t i = 0; i < keeper.n; i++) {
		check_kept(keeper.kept[i]);
		ord_result_destroy(&keeper.kept[i]);
	}
}

/* --- workers that end --- */

/* Each worker's outputs wait for the first task while one worker after another leaves. */
static int
work_behind_a_slow_head(struct ord_task *task, void *user)
{
	if (ord_task_sequence(task) == 0)
		scene_pause_ms(500);
	return work(task, user);
}

static void
after_their_workers(uint32_t recycle)
{
	static struct order orders[300];
	struct tally tally = { .on_result = check, .user = orders };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = work_behind_a_slow_head, .workers = 2, .recycle_tasks = recycle));
	for (uint32_t i = 0; i < 300; i++) {
		orders[i] = (struct order){ 70 * KIB + i * 1000, i % 2, i };
		TALLY_SUBMIT(&tally, orders[i]);
	}
	tally_close(&tally, 300);
}

SCENE(large, outputs_of_workers_that_left)
{
	after_their_workers(1);
	after_their_workers(7);
}

/* A third of the attempts die: before, while or after the output is written. */
static int
die_now_and_then(struct ord_task *task, void *user)
{
	struct order order = INPUT_AS(struct order, task);
	void *room;

	(void)user;
	if (ord_task_attempt(task) != 0 || order.seed % 3 != 0)
		return work(task, user);
	if (order.seed % 9 == 0)
		raise(SIGKILL);
	CHECK_EQ(ord_task_reserve(task, order.size, &room), 0);
	memset(room, '!', order.size / 2);
	if (order.seed % 9 == 3)
		raise(SIGKILL);
	CHECK_EQ(ord_task_return(task, room, order.size / 3), 0);
	raise(SIGKILL);
	return 0;
}

SCENE(large, workers_that_die_with_blocks)
{
	static struct order orders[900];
	struct tally tally = { .on_result = check, .user = orders };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = die_now_and_then, .workers = 3, .retries = 1, .max_deaths = 1000));
	for (uint32_t i = 0; i < 900; i++) {
		orders[i] = (struct order){ 70 * KIB + i * 500, i % 2, i };
		TALLY_SUBMIT(&tally, orders[i]);
	}
	tally_close(&tally, 900);
	CHECK_EQ(tally.states[ORD_DONE], 900);
}

/* --- inputs --- */

static int
sum_up(struct ord_task *task, void *user)
{
	size_t size;
	const unsigned char *input = ord_task_input(task, &size);
	uint64_t sum = 0;

	(void)user;
	CHECK((uintptr_t)input % 8 == 0);
	if (ord_task_attempt(task) == 0 && input[0] % 5 == 0)
		raise(SIGKILL);
	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + input[i];
	return ord_task_return(task, &sum, sizeof sum);
}

static uint64_t
sum_of(const unsigned char *bytes, size_t size)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = sum * 31 + bytes[i];
	return sum;
}

static void
check_sum(struct tally *tally, const struct ord_result *result)
{
	const uint64_t *sums = tally->user;

	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK(OUTPUT_AS(uint64_t, result) == sums[ord_result_sequence(result)]);
}

/* Inputs stay until their result, whatever becomes of the first that reads them, and with a time limit before them. */
static void
inputs(uint32_t start, uint32_t timeout_ms)
{
	static unsigned char bytes[3 * MIB];
	static uint64_t sums[200];
	struct tally tally = { .on_result = check_sum, .user = sums };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = sum_up, .workers = 3, .retries = 1, .start = start,
				   .max_deaths = 1000, .timeout_ms = timeout_ms, .window_bytes = 8 * MIB));
	for (uint32_t i = 0; i < 200; i++) {
		size_t size = 60 * KIB + i % 17 * 1001 + (i % 29 == 0 ? 2 * MIB : 0);

		fill(bytes, size, i);
		sums[i] = sum_of(bytes, size);
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, bytes, size, NULL));
		memset(bytes, 0, size);
	}
	tally_close(&tally, 200);
}

SCENE(large, inputs_exec)
{
	inputs(ORD_START_EXEC, 0);
}

SCENE(large, inputs_fork)
{
	inputs(ORD_START_FORK, SCENE_LONG_MS);
}

/* --- where there is no slab --- */

SCENE(large, under_a_limit_of_file_sizes)
{
	scene_limit(RLIMIT_FSIZE, 100 << 20);
	every_way(ORD_START_EXEC, ORD_SUBMISSION, ORD_OVERFLOW_WAIT);
	inputs(ORD_START_EXEC, 0);
}

/* --- blocks are used again --- */

static void
check_borrowed(struct tally *tally, const struct ord_result *result)
{
	check(tally, result);
	CHECK(blob_is_borrowed(&result->output));
}

/* All come through the slab, more of them than it has indices, and it gets no larger than what is there at once. */
SCENE(large, blocks_are_used_again)
{
	static struct order orders[3 * SLAB_BLOCKS];
	struct tally tally = { .on_result = check_borrowed, .user = orders };
	struct stat file;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = work, .workers = 1, .window = 4));
	for (uint32_t i = 0; i < 3 * SLAB_BLOCKS; i++) {
		orders[i] = (struct order){ 40 * KIB + i, i % 2, i };
		TALLY_SUBMIT(&tally, orders[i]);
	}
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(fstat(tally.pool->slabs.fd, &file), 0);
	CHECK(file.st_blocks * 512 < 2 * MIB);
	tally_close(&tally, 3 * SLAB_BLOCKS);
}

static int
take_in(struct ord_task *task, void *user)
{
	(void)user;
	return ord_task_input(task, NULL) == NULL;
}

SCENE(large, inputs_are_used_again)
{
	static unsigned char bytes[100 * KIB];
	struct tally tally = { 0 };
	struct stat file;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = take_in, .workers = 2, .window = 8));
	for (uint32_t i = 0; i < 2 * SLAB_INPUTS; i++)
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, bytes, sizeof bytes, NULL));
	CHECK(slabs_held(tally.pool) != 0);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(slabs_held(tally.pool), 0);
	CHECK_EQ(fstat(tally.pool->slabs.fd, &file), 0);
	CHECK(file.st_blocks * 512 > (long)sizeof bytes && file.st_blocks * 512 < 4 * MIB);
	tally_close(&tally, 2 * SLAB_INPUTS);
	CHECK_EQ(tally.states[ORD_DONE], 2 * SLAB_INPUTS);
}
