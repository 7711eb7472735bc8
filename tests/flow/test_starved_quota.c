/*
 * (not under TSAN: it has a pwrite of its own)
 *
 * The spill file meets a quota or a full disk at any write: outputs stay in memory, and none is lost.
 */
#define _GNU_SOURCE /* syscall */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tally.h"

enum { SIZE = 200000, TASKS = 40 };

static atomic_int good_writes; /* so many succeed */
static atomic_int failures;
static int failure;

/* This program's own, for the library too. */
ssize_t
pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	if (atomic_fetch_sub(&good_writes, 1) > 0)
		return syscall(SYS_pwrite64, fd, bytes, size, offset);
	atomic_fetch_add(&failures, 1);
	errno = failure;
	return -1;
}

static char
byte_of(uint64_t sequence)
{
	return (char)('a' + sequence % 26);
}

/* The first waits for a file to go away. */
static int
act(struct ord_task *task, void *user)
{
	static char bytes[SIZE];
	const char *gate = ord_task_input(task, NULL);

	(void)user;
	while (ord_task_sequence(task) == 0 && access(gate, F_OK) == 0)
		scene_pause_ms(1);
	memset(bytes, byte_of(ord_task_sequence(task)), sizeof bytes);
	return ord_task_return(task, bytes, sizeof bytes);
}

static void
check_result(struct tally *tally, const struct ord_result *result)
{
	static char wanted[SIZE];
	size_t size;
	const char *output = ord_result_output(result, &size);

	(void)tally;
	memset(wanted, byte_of(ord_result_sequence(result)), sizeof wanted);
	CHECK_EQ(size, SIZE);
	CHECK(memcmp(output, wanted, SIZE) == 0);
}

static void
play(int error, int good)
{
	struct tally tally = { .on_result = check_result };
	char gate[] = "/tmp/ord-gate-XXXXXX";
	struct ord_statistics statistics = ORD_STATISTICS;
	uint64_t end = scene_now_ms() + SCENE_LONG_MS;

	CHECK(mkdtemp(gate) != NULL);
	failure = error;
	atomic_store(&failures, 0);
	atomic_store(&good_writes, good);
	tally_open(&tally,
		&TALLY_OPTIONS(&tally, .function = act, .workers = 2, .overflow = ORD_OVERFLOW_SPILL, .window_bytes = 4 * SIZE));
	for (int i = 0; i < TASKS; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, gate, sizeof gate, NULL));
	/* Where nothing can be written the bound is met in memory, and only the first can make room. */
	while (atomic_load(&failures) == 0) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 100));
	}
	CHECK_EQ(ord_pool_statistics(tally.pool, &statistics), 0);
	CHECK(good == 0 || statistics.spilled != 0);
	CHECK_EQ(tally.results, 0);
	rmdir(gate);
	tally_close(&tally, TASKS);
	CHECK_EQ(tally.states[ORD_DONE], TASKS);
}

SCENE(quota, at_any_write)
{
	for (int good = 0; good < 6; good++) {
		play(EDQUOT, good);
		play(ENOSPC, good);
	}
	play(EIO, 1);
}
