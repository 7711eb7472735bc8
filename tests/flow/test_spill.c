/*
 * What a slow first task holds up: with ORD_OVERFLOW_SPILL outputs wait in a file, whatever is wrong with
 * that file no result is lost; with ORD_OVERFLOW_DROP messages are dropped and counted.
 */
#define _GNU_SOURCE /* unshare */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/memory_fault.h"
#include "tally.h"

enum { MIB = 1 << 20, DIRECTORY_SIZE = 32 };

/* What a task shall return, and when. */
struct order {
	uint32_t size;
	uint32_t pause_ms;
	char gate[DIRECTORY_SIZE]; /* "": none; else it lasts while this file is there */
};

static void
fill(char *bytes, size_t size, uint64_t sequence)
{
	uint64_t state = sequence * 7919 + 1;

	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t word = scene_random(&state);

		memcpy(bytes + i, &word, sizeof word);
	}
	memset(bytes + size / 8 * 8, (int)sequence, size % 8);
}

static int
act(struct ord_task *task, void *user)
{
	struct order order = INPUT_AS(struct order, task);
	char *bytes = malloc(order.size + 1);
	int status;

	(void)user;
	CHECK(bytes != NULL);
	fill(bytes, order.size, ord_task_sequence(task));
	while (order.gate[0] != '\0' && access(order.gate, F_OK) == 0)
		scene_pause_ms(2);
	scene_pause_ms((int)order.pause_ms);
	status = ord_task_return(task, bytes, order.size);
	free(bytes);
	return status;
}

/* The whole output is what its task made. */
static void
check_output(const struct ord_result *result)
{
	static char wanted[4 * MIB];
	size_t size;
	const char *output = ord_result_output(result, &size);

	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK(size <= sizeof wanted);
	fill(wanted, size, ord_result_sequence(result));
	CHECK(memcmp(output, wanted, size) == 0);
	CHECK_EQ(output[size], 0);
}

static void
check_result(struct tally *tally, const struct ord_result *result)
{
	size_t size;

	check_output(result);
	ord_result_output(result, &size);
	CHECK(tally->user == NULL || ord_result_sequence(result) == 0 || size == *(size_t *)tally->user);
}

static struct ord_statistics
statistics_of(struct ord_pool *pool)
{
	struct ord_statistics statistics = ORD_STATISTICS;

	CHECK_EQ(ord_pool_statistics(pool, &statistics), 0);
	return statistics;
}

static void
gate_make(struct order *order)
{
	int fd;

	strcpy(order->gate, "/tmp/ord-gate-XXXXXX");
	fd = mkstemp(order->gate);
	CHECK(fd >= 0);
	close(fd);
}

#define SPILL(tally, bytes, ...)                                                                                  \
	&TALLY_OPTIONS((tally), .function = act, .workers = 3, .overflow = ORD_OVERFLOW_SPILL, .window_bytes = (bytes), \
		__VA_ARGS__)

/* A first task that ends when all others have, which return so many bytes each. */
static void
submit_behind_a_gate(struct tally *tally, struct order *first, int behind, uint32_t size)
{
	struct order order = { .size = size };

	gate_make(first);
	TALLY_SUBMIT(tally, *first);
	for (int i = 0; i < behind; i++)
		TALLY_SUBMIT(tally, order);
}

/* Steps until so many are settled behind the first. */
static void
await_settled(struct ord_pool *pool, uint64_t settled)
{
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; statistics_of(pool).settled < settled;) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(pool, ord_pool_step(pool, 100));
	}
}

/* --- the file --- */

static void
slow_head(uint32_t start, int behind)
{
	struct tally tally = { .on_result = check_result, .user = (size_t[]){ MIB } };
	struct ord_statistics statistics;
	struct order first = { .size = 1 };

	tally_open(&tally, SPILL(&tally, 16 * MIB, .start = start));
	submit_behind_a_gate(&tally, &first, behind, MIB);
	await_settled(tally.pool, (uint64_t)behind);
	statistics = statistics_of(tally.pool);
	CHECK(statistics.bytes <= 16 * MIB);
	CHECK(statistics.spilled + statistics.bytes >= (uint64_t)behind * MIB);
	CHECK(scene_memory_kib(0, "RssAnon") <= 64 << 10);
	unlink(first.gate);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK(scene_memory_kib(0, "RssAnon") <= 64 << 10);
	CHECK_EQ(statistics_of(tally.pool).spilled, 0);
	tally_close(&tally, (uint64_t)behind + 1);
}

SCENE(spill, a_slow_head_exec)
{
	slow_head(ORD_START_EXEC, 1024);
}

SCENE(spill, a_slow_head_fork)
{
	slow_head(ORD_START_FORK, 256);
}

SCENE(spill, a_slow_head_inline)
{
	struct tally tally = { .on_result = check_result };
	struct order order = { .size = MIB };

	tally_open(&tally, SPILL(&tally, 16 * MIB, .start = ORD_START_INLINE));
	for (int i = 0; i < 40; i++)
		TALLY_SUBMIT(&tally, order);
	tally_close(&tally, 40);
}

/* Without the policy the window is what it was. */
SCENE(spill, nothing_without_the_policy)
{
	struct tally tally = { .on_result = check_result };
	struct order first = { .size = 1 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 3, .window_bytes = 4 * MIB,
				   .spill_directory = "/nowhere"));
	submit_behind_a_gate(&tally, &first, 20, MIB);
	await_settled(tally.pool, 4);
	for (int i = 0; i < 20; i++)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 5));
	CHECK(statistics_of(tally.pool).settled <= 8);
	CHECK_EQ(statistics_of(tally.pool).spilled, 0);
	unlink(first.gate);
	tally_close(&tally, 21);
}

/* --- any mixture --- */

static struct order
random_order(uint64_t *state)
{
	static const uint32_t sizes[] = { 10, 4095, 4096, 4097, 70000, 300000, 3 * MIB };
	uint64_t random = scene_random(state);
	struct order order = { .size = sizes[random % 7] - (uint32_t)(random >> 20) % 5 };

	order.pause_ms = (random >> 40) % 20 == 0 ? (uint32_t)(random >> 50) % 100 : 0;
	return order;
}

static void
any_mixture(uint32_t start, uint32_t delivery, uint64_t seed, uint64_t spill_bytes)
{
	struct tally tally = { .on_result = check_result, .completion = delivery == ORD_COMPLETION };
	uint64_t state = seed, spilled = 0;

	tally_open(&tally, SPILL(&tally, MIB, .start = start, .order = delivery, .window = 300,
				   .spill_bytes = spill_bytes));
	for (int i = 0; i < 1000; i++) {
		struct order order = random_order(&state);

		TALLY_SUBMIT(&tally, order);
		if (statistics_of(tally.pool).spilled > spilled)
			spilled = statistics_of(tally.pool).spilled;
		CHECK(spill_bytes == 0 || spilled <= spill_bytes);
	}
	CHECK(spilled != 0 || delivery == ORD_COMPLETION || spill_bytes != 0);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(statistics_of(tally.pool).spilled, 0);
	CHECK_EQ(statistics_of(tally.pool).bytes, 0);
	tally_close(&tally, 1000);
}

SCENE(spill, any_mixture)
{
	any_mixture(ORD_START_EXEC, ORD_SUBMISSION, 11, 0);
	any_mixture(ORD_START_FORK, ORD_SUBMISSION, 12, 0);
	any_mixture(ORD_START_EXEC, ORD_COMPLETION, 13, 0);
}

SCENE(spill, any_mixture_and_little_room)
{
	any_mixture(ORD_START_EXEC, ORD_SUBMISSION, 21, 3 * MIB);
	any_mixture(ORD_START_FORK, ORD_SUBMISSION, 22, 100000);
}

/* Results that nobody takes wait in the file as well, in both orders. */
static void
iterate(uint32_t delivery)
{
	const struct ord_result *result;
	struct order order = { .size = 200000 };
	struct ord_pool *pool;
	uint64_t seen = 0;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .workers = 2, .overflow = ORD_OVERFLOW_SPILL,
						   .window_bytes = MIB, .order = delivery)));
	CHECK_OK(pool, ord_pool_start(pool));
	for (int i = 0; i < 100; i++)
		CHECK_OK(pool, ord_pool_submit(pool, &order, sizeof order, NULL));
	await_settled(pool, 100);
	CHECK(statistics_of(pool).spilled >= 90 * 200000);
	for (uint64_t sequence;; seen++) {
		CHECK_OK(pool, ord_pool_next(pool, &result));
		if (result == NULL)
			break;
		sequence = ord_result_sequence(result);
		CHECK(delivery == ORD_COMPLETION || sequence == seen);
		check_output(result);
	}
	CHECK_EQ(seen, 100);
	CHECK_EQ(statistics_of(pool).spilled, 0);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

SCENE(spill, results_that_nobody_takes)
{
	iterate(ORD_SUBMISSION);
	iterate(ORD_COMPLETION);
}

static void
take_output(struct tally *tally, const struct ord_result *result)
{
	size_t size;
	const char *output = ord_result_output(result, &size);

	(void)tally;
	if (ord_result_sequence(result) == 0)
		return;
	CHECK_EQ(size, ord_result_sequence(result) % 2 == 0 ? 100000 : 50000);
	for (size_t i = 0; i < size; i++)
		CHECK(output[i] == (ord_result_sequence(result) % 2 == 0 ? '\0' : 'p'));
}

/* Outputs of commands, also of those that fail, and values that are passed on. */
SCENE(spill, commands_and_values)
{
	static const char *const argv[] = { "sh", "-c", "head -c 100000 /dev/zero; exit 3", NULL };
	static char value[50000];
	struct tally tally = { .on_result = take_output };
	struct order first = { .size = 1 };

	memset(value, 'p', sizeof value);
	tally_open(&tally, SPILL(&tally, 500000, .grace_ms = 1000));
	gate_make(&first);
	TALLY_SUBMIT(&tally, first);
	for (int i = 1; i <= 40; i++)
		if (i % 2 == 0)
			CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL));
		else
			CHECK_OK(tally.pool, ord_pool_submit_task_wait(tally.pool,
						     &ORD_TASK(.input = value, .input_size = sizeof value, .pass = 1), NULL));
	await_settled(tally.pool, 40);
	CHECK(statistics_of(tally.pool).spilled > MIB);
	unlink(first.gate);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(tally.states[ORD_EXITED], 20);
	CHECK_EQ(tally.states[ORD_PASSED], 20);
	CHECK_OK(tally.pool, ord_pool_finish(tally.pool));
	ord_pool_destroy(&tally.pool);
}

/* --- what can be wrong with it --- */

static void
start_fails(const char *directory)
{
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .overflow = ORD_OVERFLOW_SPILL,
						   .spill_directory = directory)));
	CHECK_FAILS(pool, ord_pool_start(pool), ORD_ESYSTEM, directory);
	CHECK(strstr(ord_pool_error(pool), ".spill_directory") != NULL);
	ord_pool_destroy(&pool);
}

SCENE(spill, no_directory)
{
	start_fails("/nowhere/at/all");
	start_fails("/etc/passwd");
	start_fails("/proc");
	setenv("TMPDIR", "/nowhere/else", 1);
	start_fails("/nowhere");
	unsetenv("TMPDIR");
}

/* Outputs that find no room stay in memory, and the pool waits as it does without the file. */
static void
little_room(const struct ord_pool_options *options, struct tally *tally, uint64_t most)
{
	struct order first = { .size = 1 };

	tally_open(tally, options);
	submit_behind_a_gate(tally, &first, 60, 500000);
	await_settled(tally->pool, most / 500000);
	for (int i = 0; i < 20; i++)
		CHECK_OK(tally->pool, ord_pool_step(tally->pool, 5));
	CHECK(statistics_of(tally->pool).spilled <= most);
	CHECK(statistics_of(tally->pool).settled < 60);
	unlink(first.gate);
	tally_close(tally, 61);
}

SCENE(spill, a_small_limit)
{
	struct tally tally = { .on_result = check_result };

	little_room(SPILL(&tally, 2 * MIB, .spill_bytes = 3 * MIB), &tally, 3 * MIB);
}

/* As ulimit -f: no signal comes. */
SCENE(spill, a_small_limit_of_files)
{
	struct rlimit limit = { 3 * MIB, 3 * MIB };
	struct tally tally = { .on_result = check_result };

	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	little_room(SPILL(&tally, 2 * MIB, .grace_ms = 1000), &tally, 3 * MIB);
}

SCENE(spill, a_small_disk)
{
	struct tally tally = { .on_result = check_result };
	char directory[] = "/tmp/ord-spill-XXXXXX";

	CHECK(mkdtemp(directory) != NULL);
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("none", directory, "tmpfs", 0, "size=3m") == 0) {
		little_room(SPILL(&tally, 2 * MIB, .spill_directory = directory), &tally, 3 * MIB);
		CHECK(umount(directory) == 0);
	}
	CHECK(rmdir(directory) == 0);
}

/* The spill file of this process. */
static int
open_spill_file(void)
{
	char path[64], name[256] = "";

	for (int fd = 3; fd < 256; fd++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (readlink(path, name, sizeof name - 1) > 0 && strncmp(name, "/var/tmp/", 9) == 0)
			return open(path, O_RDWR | O_CLOEXEC);
	}
	return -1;
}

static void
check_cut(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	if (ord_result_state(result) == ORD_DONE) {
		check_output(result);
		return;
	}
	CHECK_EQ(ord_result_state(result), ORD_FAILED);
	CHECK(strstr(ord_result_error(result), "/var/tmp") != NULL);
}

/* What cannot be read back fails at its place; the others are what they were. */
SCENE(spill, a_file_that_is_cut)
{
	struct tally tally = { .on_result = check_cut };
	struct order first = { .size = 1 };
	uint64_t spilled;
	int fd;

	unsetenv("TMPDIR");
	tally_open(&tally, SPILL(&tally, MIB, .grace_ms = 1000));
	submit_behind_a_gate(&tally, &first, 20, 200000);
	await_settled(tally.pool, 20);
	spilled = statistics_of(tally.pool).spilled;
	CHECK(spilled > 2 * MIB);
	fd = open_spill_file();
	CHECK(fd >= 0);
	CHECK(ftruncate(fd, (off_t)spilled / 2) == 0);
	close(fd);
	unlink(first.gate);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK(tally.states[ORD_FAILED] >= 5 && tally.states[ORD_FAILED] <= 15);
	CHECK_EQ(tally.states[ORD_FAILED] + tally.states[ORD_DONE], 21);
	CHECK_EQ(statistics_of(tally.pool).spilled, 0);
	CHECK_OK(tally.pool, ord_pool_finish(tally.pool));
	ord_pool_destroy(&tally.pool);
}

/* Destroyed with everything in the file; and a child that the host forks has nothing to do with it. */
SCENE(spill, is_left_behind)
{
	struct tally tally = { .on_result = check_result };
	struct order first = { .size = 1 };
	int status;

	tally_open(&tally, SPILL(&tally, MIB, .grace_ms = 1000));
	submit_behind_a_gate(&tally, &first, 20, 200000);
	await_settled(tally.pool, 20);
	if (fork() == 0) {
		ord_pool_destroy(&tally.pool);
		_exit(tally.pool != NULL);
	}
	CHECK(wait(&status) > 0 && status == 0);
	CHECK(statistics_of(tally.pool).spilled > 2 * MIB);
	ord_pool_destroy(&tally.pool);
	unlink(first.gate);
}

/* Each allocation of a delivery fails once. */
SCENE(spill, no_memory)
{
	struct order order = { .size = 200000 };
	const struct ord_result *result;
	struct ord_pool *pool;
	unsigned failed = 0, done = 0;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .workers = 2, .overflow = ORD_OVERFLOW_SPILL,
						   .window_bytes = MIB)));
	CHECK_OK(pool, ord_pool_start(pool));
	for (int i = 0; i < 30; i++)
		CHECK_OK(pool, ord_pool_submit(pool, &order, sizeof order, NULL));
	await_settled(pool, 30);
	for (uint64_t i = 0; i < 30; i++) {
		memory_fault_at(1 + i % 3);
		CHECK_OK(pool, ord_pool_next(pool, &result));
		memory_fault_at(0);
		CHECK(result != NULL && ord_result_sequence(result) == i);
		if (ord_result_state(result) == ORD_FAILED) {
			failed++;
			CHECK(strstr(ord_result_error(result), "no memory") != NULL);
		} else {
			done++;
			check_output(result);
		}
	}
	CHECK(failed >= 5 && failed <= 10);
	CHECK_EQ(failed + done, 30);
	CHECK_EQ(statistics_of(pool).spilled, 0);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

/* --- messages --- */

static int
say_a_lot(struct ord_task *task, void *user)
{
	static char text[2000];

	(void)user;
	memset(text, 'x', sizeof text - 1);
	if (INPUT_AS(struct order, task).gate[0] != '\0')
		return act(task, user);
	for (int i = 0; i < 2000; i++)
		ord_log(ORD_INFO, "%d %s", i, text);
	return 0;
}

static void
count_messages(struct tally *tally, const struct ord_message *message)
{
	uint64_t *counts = tally->user;

	counts[ord_message_sequence(message)]++;
}

static uint64_t
many_messages(uint32_t overflow)
{
	uint64_t counts[8] = { 0 }, dropped;
	struct tally tally = { .on_message = count_messages, .user = counts };
	struct order first = { .size = 1 }, order = { .size = 1 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = say_a_lot, .workers = 3, .messages = ORD_ORDERED,
				   .window_bytes = MIB, .overflow = overflow));
	gate_make(&first);
	TALLY_SUBMIT(&tally, first);
	for (int i = 0; i < 7; i++)
		TALLY_SUBMIT(&tally, order);
	for (int i = 0; i < 100; i++) {
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 5));
		CHECK(overflow != ORD_OVERFLOW_DROP || statistics_of(tally.pool).bytes <= MIB + 4000);
	}
	unlink(first.gate);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	dropped = statistics_of(tally.pool).messages_dropped;
	CHECK_EQ(statistics_of(tally.pool).dropped, 0);
	CHECK_EQ(tally.messages + dropped, 7 * 2000);
	for (int i = 1; i < 8; i++)
		CHECK(counts[i] <= 2000 && (dropped != 0 || counts[i] == 2000));
	tally_close(&tally, 8);
	CHECK_EQ(tally.states[ORD_DONE], 8);
	return dropped;
}

SCENE(drop, messages_over_the_bound)
{
	CHECK(many_messages(ORD_OVERFLOW_DROP) > 0);
	CHECK_EQ(many_messages(ORD_OVERFLOW_WAIT), 0);
	CHECK_EQ(many_messages(ORD_OVERFLOW_SPILL), 0);
}
