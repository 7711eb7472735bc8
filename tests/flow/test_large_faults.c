/*
 * Large payloads where something goes wrong: workers that lie about their
 * blocks, that are killed at any instant, tasks that are stopped, and systems
 * without memory or addresses.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "memory_fault.h"
#include "pool/pool.h"
#include "shared/slab.h"
#include "tally.h"
#include "worker/worker.h"

enum { KIB = 1024, MIB = 1024 * KIB, LARGE = 100 * KIB };

static void
fill(unsigned char *bytes, size_t size, uint64_t seed)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(i * 13 + (i >> 8) + seed * 5);
}

static int
holds(const unsigned char *bytes, size_t size, uint64_t seed)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != (unsigned char)(i * 13 + (i >> 8) + seed * 5))
			return 0;
	return 1;
}

/* --- workers that lie --- */

enum lie {
	LIE_NONE,
	LIE_HOLE, /* harmless */
	LIE_SCRIBBLE,
	LIE_HARMLESS = LIE_SCRIBBLE,
	LIE_OFFSET,
	LIE_END,
	LIE_FAR,
	LIE_CONTROL,
	LIE_UNALIGNED,
	LIE_EMPTY,
	LIE_HUGE,
	LIE_INDEX,
	LIE_GENERATION_NONE,
	LIE_GENERATION_LATER,
	LIE_TWICE,
	LIE_PART_BEHIND,
	LIE_PART_BEFORE,
	LIE_SHORT,
	LIE_LONG,
	LIES
};

static void
say(struct worker *worker, uint8_t kind, const struct slab_handle *handle, size_t size)
{
	char bytes[SLAB_OUTPUT_SIZE + 8] = "";

	memcpy(bytes, handle, sizeof *handle);
	emit(worker, &(struct emission){ .kind = kind, .head = bytes, .head_size = size });
}

static struct slab_handle
handle_of(const struct worker *worker, enum lie lie)
{
	uint64_t stretch = worker->slab.stretch;
	struct slab_handle handle = { SLAB_CONTROL_SIZE, LARGE, 0, 1 };

	switch (lie) {
	case LIE_HOLE: handle.offset = stretch / 2; break;
	case LIE_OFFSET: handle.offset = stretch; break;
	case LIE_END:
		handle.offset = stretch - ARENA_UNIT;
		handle.size = ARENA_UNIT;
		break;
	case LIE_FAR: handle.offset = UINT64_MAX / ARENA_UNIT * ARENA_UNIT; break;
	case LIE_CONTROL: handle.offset = 0; break;
	case LIE_UNALIGNED: handle.offset += 1; break;
	case LIE_EMPTY: handle.size = 0; break;
	case LIE_HUGE: handle.size = UINT64_MAX; break;
	case LIE_INDEX: handle.index = SLAB_BLOCKS; break;
	case LIE_GENERATION_NONE: handle.generation = 0; break;
	case LIE_GENERATION_LATER: handle.generation = 2; break;
	default: break;
	}
	return handle;
}

static int
lie(struct ord_task *task, void *user)
{
	enum lie what = (enum lie)INPUT_AS(char, task);
	struct slab_handle handle = handle_of(task->worker, what);
	void *room;

	(void)user;
	if (what == LIE_NONE)
		return 0;
	if (what == LIE_SCRIBBLE) {
		CHECK_EQ(ord_task_reserve(task, LARGE, &room), 0);
		memset(room, 'x', LARGE);
		return 0;
	}
	if (what == LIE_PART_BEFORE)
		say(task->worker, RECORD_PART, &handle, 8);
	say(task->worker, RECORD_BLOCK, &handle,
		what == LIE_SHORT ? SLAB_OUTPUT_SIZE - 1 : what == LIE_LONG ? SLAB_OUTPUT_SIZE + 1 : SLAB_OUTPUT_SIZE);
	if (what == LIE_TWICE)
		say(task->worker, RECORD_BLOCK, &handle, SLAB_OUTPUT_SIZE);
	if (what == LIE_PART_BEHIND)
		say(task->worker, RECORD_PART, &handle, 8);
	if (what <= LIE_HARMLESS)
		return 0;
	for (;;)
		pause();
}

static void
found_out(enum lie what)
{
	struct ord_statistics statistics = ORD_STATISTICS;
	struct tally tally = { 0 };
	char honest = LIE_NONE, verb = (char)what;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = lie, .workers = 1));
	for (int i = 0; i < 3; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, i == 1 ? &verb : &honest, 1, NULL));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
	CHECK_EQ(statistics.deaths, what > LIE_HARMLESS);
	CHECK_EQ(tally.states[ORD_SIGNALED], what > LIE_HARMLESS);
	CHECK_EQ(slabs_held(tally.pool), 0);
	tally_close(&tally, 3);
}

SCENE(large_faults, blocks_that_make_no_sense)
{
	for (enum lie what = LIE_HOLE; what < LIES; what++)
		found_out(what);
}

/* Where there is no slab there are no blocks. */
SCENE(large_faults, blocks_without_a_slab)
{
	struct rlimit limit = { 100 << 20, 100 << 20 };
	struct tally tally = { 0 };
	char verb = LIE_HOLE;

	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = lie, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, &verb, 1, NULL));
	tally_close(&tally, 1);
	CHECK_EQ(tally.states[ORD_SIGNALED], 1);
}

/* A worker whose control words are not what they were, and that goes on writing after it has committed. */
static int
spoil(struct ord_task *task, void *user)
{
	struct worker *worker = task->worker;
	void *room;

	(void)user;
	if (worker->slab.outputs.map != NULL)
		memset(worker->slab.outputs.map, (int)ord_task_sequence(task) * 37, SLAB_CONTROL_SIZE);
	if (worker->slab.outputs.filled != 0)
		memset(worker->slab.outputs.map + SLAB_CONTROL_SIZE, 'x',
			worker->slab.outputs.filled - SLAB_CONTROL_SIZE);
	return ord_task_reserve(task, LARGE, &room);
}

static void
read_string(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	CHECK(strlen(ord_result_output(result, NULL)) < (size_t)1 << 40);
}

SCENE(large_faults, workers_that_spoil_their_own_words)
{
	struct tally tally = { .on_result = read_string };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = spoil, .workers = 2, .retries = 3, .max_deaths = 1000));
	for (int i = 0; i < 300; i++)
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "", 0, NULL));
	tally_close(&tally, 300);
}

/* --- death at any instant --- */

enum { DEADLY = 2500 };

struct shared {
	atomic_uint started[DEADLY];
};

/* An alarm is set in one of three attempts and may ring in this task, in its commit, or in a later one. */
static int
work_under_an_alarm(struct ord_task *task, void *user)
{
	struct shared *shared = user;
	uint64_t sequence = ord_task_sequence(task), state = sequence * 2654435761u + ord_task_attempt(task) + 1;
	struct itimerval soon = { .it_value = { 0, (suseconds_t)(1 + scene_random(&state) % 700) } };
	size_t size;
	const unsigned char *input;
	void *room;

	atomic_fetch_add(&shared->started[sequence], 1);
	if (scene_random(&state) % 3 == 0)
		setitimer(ITIMER_REAL, &soon, NULL);
	input = ord_task_input(task, &size);
	CHECK(holds(input, size, sequence));
	if (sequence % 2)
		return ord_task_return(task, input, size);
	if (ord_task_reserve(task, size + 10, &room) != 0)
		return 1;
	memcpy(room, input, size);
	return ord_task_return(task, room, size);
}

static void
check_once(struct tally *tally, const struct ord_result *result)
{
	const struct shared *shared = tally->user;
	uint64_t sequence = ord_result_sequence(result);
	const unsigned char *output;
	size_t size;

	output = ord_result_output(result, &size);
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(size, LARGE + sequence * 16);
	CHECK(holds(output, size, sequence) && output[size] == '\0');
	CHECK(atomic_load(&shared->started[sequence]) <= ord_result_attempts(result));
}

SCENE(large_faults, killed_at_any_instant)
{
	static unsigned char input[LARGE + DEADLY * 16];
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct tally tally = { .on_result = check_once, .user = shared };
	struct ord_statistics statistics = ORD_STATISTICS;

	CHECK(shared != MAP_FAILED);
	tally_open(&tally,
		&TALLY_OPTIONS(&tally, .function = work_under_an_alarm, .function_user = shared, .workers = 4,
			.start = ORD_START_FORK, .retries = 200, .quarantine = 250, .max_deaths = 100000));
	for (uint64_t i = 0; i < DEADLY; i++) {
		fill(input, LARGE + i * 16, i);
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, input, LARGE + i * 16, NULL));
	}
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
	CHECK(statistics.deaths > 100);
	CHECK_EQ(slabs_held(tally.pool), 0);
	tally_close(&tally, DEADLY);
	munmap(shared, sizeof *shared);
}

/* --- tasks that are stopped --- */

static int
hold_room(struct ord_task *task, void *user)
{
	void *room;
	size_t size;
	const unsigned char *input = ord_task_input(task, &size);

	(void)user;
	CHECK(holds(input, size, 0));
	if (ord_task_reserve(task, LARGE, &room) != 0)
		return 1;
	while (!ord_task_canceled(task) || ord_task_sequence(task) % 3 == 0)
		scene_pause_ms(1);
	return 0;
}

static void
stopped(uint32_t timeout_ms, uint32_t retries)
{
	static unsigned char input[LARGE];
	struct tally tally = { 0 };

	fill(input, sizeof input, 0);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = hold_room, .workers = 3, .grace_ms = 20,
				   .timeout_ms = timeout_ms, .retries = retries, .quarantine = 100));
	for (int i = 0; i < 24; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, input, sizeof input, NULL));
	for (int i = 0; i < 24 && timeout_ms == 0; i++) {
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 10));
		CHECK_OK(tally.pool, ord_pool_cancel(tally.pool, (uint64_t)i));
	}
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(slabs_held(tally.pool), 0);
	tally_close(&tally, 24);
	CHECK_EQ(tally.states[timeout_ms != 0 ? ORD_TIMED_OUT : ORD_CANCELED], 24);
}

SCENE(large_faults, canceled)
{
	stopped(0, 0);
}

SCENE(large_faults, timed_out)
{
	stopped(30, 0);
	stopped(30, 1);
}

/* --- a system that has none of what is needed --- */

static void
check_echo(struct tally *tally, const struct ord_result *result)
{
	const unsigned char *output;
	size_t size;

	(void)tally;
	output = ord_result_output(result, &size);
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(size, LARGE + ord_result_sequence(result));
	CHECK(holds(output, size, ord_result_sequence(result)) && output[size] == '\0');
}

static void
echo_some(struct tally *tally, uint64_t from, uint64_t to)
{
	static unsigned char input[LARGE + 1000];

	for (uint64_t i = from; i < to; i++) {
		fill(input, LARGE + i, i);
		CHECK_OK(tally->pool, ord_pool_submit_wait(tally->pool, input, LARGE + i, NULL));
	}
	CHECK_OK(tally->pool, ord_pool_run(tally->pool));
}

/* From now on the kernel has no pages for any file but at its beginning. */
static void
let_pages_end(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fallocate, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSPC),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CHECK_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void
all_echoes(uint32_t start)
{
	struct tally tally = { .on_result = check_echo };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 2, .start = start));
	echo_some(&tally, 0, 100);
	CHECK_EQ(slabs_held(tally.pool), 0);
	tally_close(&tally, 100);
}

SCENE(large_faults, no_pages_from_the_start)
{
	let_pages_end();
	all_echoes(ORD_START_EXEC);
	all_echoes(ORD_START_FORK);
}

/* The master runs out of them: what workers give is copied out. */
SCENE(large_faults, no_pages_in_the_master)
{
	struct tally tally = { .on_result = check_echo };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 2));
	echo_some(&tally, 0, 20);
	let_pages_end();
	echo_some(&tally, 20, 300);
	CHECK_EQ(slabs_held(tally.pool), 0);
	tally_close(&tally, 300);
}

/* So many addresses more than are in use, and no others; 0 where that cannot be said. */
static int
let_addresses_end(long more_kib)
{
	long kib = scene_memory_kib(0, "VmSize");
	struct rlimit limit = { (rlim_t)(kib + more_kib) * 1024, RLIM_INFINITY };

	return kib != 0 && setrlimit(RLIMIT_AS, &limit) == 0;
}

SCENE(large_faults, no_addresses_in_the_master)
{
	struct tally tally = { .on_result = check_echo };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 2));
	if (let_addresses_end(100 * KIB)) {
		echo_some(&tally, 0, 300);
		CHECK(tally.pool->slabs.inputs.map == NULL);
	}
	tally_close(&tally, tally.results);
}

static int
echo_in_few_addresses(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);

	(void)user;
	if (ord_task_sequence(task) == 0)
		(void)!let_addresses_end(100 * KIB);
	return ord_task_return(task, input, size);
}

/* The first task limits its worker before an output is mapped; the input is mapped by then. */
SCENE(large_faults, no_addresses_for_outputs)
{
	struct tally tally = { .on_result = check_echo };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = echo_in_few_addresses, .workers = 1));
	echo_some(&tally, 0, 100);
	tally_close(&tally, 100);
}

static void *
limit_worker(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	(void)!let_addresses_end(100 * KIB);
	return NULL;
}

SCENE(large_faults, no_addresses_in_workers)
{
	struct tally tally = { .on_result = check_echo };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = tally_echo, .on_worker_start = limit_worker, .workers = 2));
	echo_some(&tally, 0, 100);
	tally_close(&tally, 100);
}

/* --- without memory --- */

static void
check_echo_or_memory(struct tally *tally, const struct ord_result *result)
{
	if (ord_result_state(result) == ORD_DONE)
		check_echo(tally, result);
	else
		CHECK(strstr(ord_result_error(result), "memory") != NULL);
}

/* The n-th allocation from the first submit on fails, each n in a pool of its own. */
SCENE(large_faults, without_memory_in_the_master)
{
	unsigned long n = 1;
	int came;

	do {
		static unsigned char input[LARGE + 3];
		struct tally tally = { .on_result = check_echo_or_memory };
		int status = 0;

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 1));
		memory_fault_at(n++);
		for (uint64_t i = 0; i < 3; i++) {
			fill(input, LARGE + i, i);
			status = ord_pool_submit(tally.pool, input, LARGE + i, NULL);
			if (status != 0)
				CHECK_OK(tally.pool, ord_pool_submit(tally.pool, input, LARGE + i, NULL));
		}
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		came = memory_fault_came();
		memory_fault_at(0);
		CHECK_EQ(slabs_held(tally.pool), 0);
		tally_close(&tally, 3);
	} while (came);
	CHECK(n > 3);
}

/* The first, second … allocation of the task fails, of each worker's first one and of its later ones. */
static int
reserve_without_memory(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);
	void *room;
	int status;

	(void)user;
	memory_fault_at(1 + ord_task_sequence(task) % 5);
	status = ord_task_reserve(task, size, &room);
	memory_fault_at(0);
	if (status != 0) {
		CHECK(status == ORD_ENOMEM && room == NULL);
		return ord_task_return(task, input, size);
	}
	memcpy(room, input, size);
	return 0;
}

SCENE(large_faults, without_memory_in_workers)
{
	struct tally tally = { .on_result = check_echo };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = reserve_without_memory, .workers = 1, .recycle_tasks = 5));
	echo_some(&tally, 0, 100);
	CHECK_EQ(slabs_held(tally.pool), 0);
	tally_close(&tally, 100);
}

/* --- a child of the task has nothing to give out --- */

static int
fork_and_return(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);
	void *room, *other;
	pid_t child;

	(void)user;
	if (ord_task_reserve(task, size, &room) != 0)
		return 1;
	memcpy(room, input, size);
	child = fork();
	if (child == 0) {
		if (ord_task_reserve(task, size, &other) != 0 || other == room)
			_exit(1);
		memset(other, '!', size);
		_exit(ord_task_return(task, other, size) != 0 || ord_task_return(task, room, size) != 0);
	}
	return child < 0 ? 1 : scene_await(child) == 0 ? 0 : ord_task_fail(task, "the child");
}

SCENE(large_faults, a_child_of_the_task)
{
	struct tally tally = { .on_result = check_echo };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = fork_and_return, .workers = 2));
	echo_some(&tally, 0, 30);
	CHECK_EQ(slabs_held(tally.pool), 0);
	tally_close(&tally, 30);
}
