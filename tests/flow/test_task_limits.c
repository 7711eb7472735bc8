/* What a task may use: who takes more is ended as stated, and what runs next in its place is well. */
#define _GNU_SOURCE /* prlimit */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tally.h"

enum verb {
	VERB_LIMITS,  /* return what the kernel says of the three */
	VERB_BURN,    /* for ever */
	VERB_POLITE,  /* until it is asked to end */
	VERB_CHILD,   /* let a child burn for ever */
	VERB_GRANDCHILD, /* a child's child, and the child waits */
	VERB_TAKE,    /* touch so many MiB, and free them again */
	VERB_HOLD,    /* or keep them for ever */
	VERB_HOLD_IN_CHILD,
	VERB_HOLD_TWICE, /* in the first two attempts */
	VERB_HOLD_ONCE,
	VERB_GROW,    /* write a file for ever */
	VERB_OPEN,    /* open descriptors until none can be had */
	VERB_MAP,     /* ask for so many MiB of addresses, and give them back */
	VERB_RAISE,   /* burn for so many ms of processor time */
	VERB_LARGE    /* return so many MiB */
};

struct order {
	enum verb verb;
	uint32_t amount;
};

struct kernel {
	rlim_t address, file, files;
};

static struct kernel
kernel_limits(void)
{
	struct rlimit address, file, files;

	CHECK(getrlimit(RLIMIT_AS, &address) == 0 && getrlimit(RLIMIT_FSIZE, &file) == 0 &&
		getrlimit(RLIMIT_NOFILE, &files) == 0);
	return (struct kernel){ address.rlim_cur, file.rlim_cur, files.rlim_cur };
}

static uint64_t
used_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int
burn(struct ord_task *task, uint32_t ms)
{
	uint64_t from = used_ms();

	while ((ms == 0 || used_ms() - from < ms) && (task == NULL || !ord_task_canceled(task)))
		;
	return 0;
}

static int
in_child(int generations, int (*what)(struct ord_task *, uint32_t), uint32_t amount)
{
	pid_t child = fork();
	int status;

	if (child == 0 && generations > 1)
		_exit(in_child(generations - 1, what, amount));
	if (child == 0)
		_exit(what(NULL, amount));
	CHECK(child > 0);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int
take(uint32_t mib, int hold)
{
	size_t size = (size_t)mib << 20;
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(bytes != MAP_FAILED);
	for (size_t i = 0; i < size; i += 4096)
		bytes[i] = 1;
	while (hold)
		pause();
	scene_pause_ms(30); /* for somebody to look */
	return munmap(bytes, size);
}

static int
hold_on(struct ord_task *task, uint32_t mib)
{
	(void)task;
	return take(mib, 1);
}

static void
grow(void)
{
	static char block[65536];
	char name[] = "/tmp/orderly-grow-XXXXXX";
	int fd = mkstemp(name);

	CHECK(fd >= 0 && unlink(name) == 0);
	for (;;)
		CHECK(write(fd, block, sizeof block) > 0);
}

static uint32_t
open_most(void)
{
	uint32_t n = 0;
	int fds[4096];

	while (n < 4096 && (fds[n] = dup(2)) >= 0)
		n++;
	CHECK(n == 4096 || errno == EMFILE);
	for (uint32_t i = 0; i < n; i++)
		close(fds[i]);
	return n;
}

static int
act(struct ord_task *task, void *user)
{
	struct order order = INPUT_AS(struct order, task);
	struct kernel limits = kernel_limits();
	uint32_t n = 0;
	void *map;

	(void)user;
	switch (order.verb) {
	case VERB_LIMITS: return ord_task_return(task, &limits, sizeof limits);
	case VERB_BURN: return burn(NULL, 0);
	case VERB_POLITE: return burn(task, 0);
	case VERB_RAISE: return burn(NULL, order.amount);
	case VERB_CHILD: return in_child(1, burn, 0);
	case VERB_GRANDCHILD: return in_child(2, burn, 0);
	case VERB_TAKE: return take(order.amount, 0);
	case VERB_HOLD: return take(order.amount, 1);
	case VERB_HOLD_IN_CHILD: return in_child(1, hold_on, order.amount);
	case VERB_HOLD_TWICE: return take(order.amount, ord_task_attempt(task) < 2);
	case VERB_HOLD_ONCE: return take(order.amount, ord_task_attempt(task) < 1);
	case VERB_GROW: grow(); break;
	case VERB_OPEN: n = open_most(); break;
	case VERB_MAP:
		map = mmap(NULL, (size_t)order.amount << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		n = map == MAP_FAILED;
		if (n == 0)
			munmap(map, (size_t)order.amount << 20);
		break;
	case VERB_LARGE:
		map = calloc(order.amount, 1 << 20);
		return ord_task_return(task, map, (size_t)order.amount << 20);
	}
	return ord_task_return(task, &n, sizeof n);
}

static void
submit(struct tally *tally, enum verb verb, uint32_t amount, struct ord_task_options options)
{
	struct order order = { verb, amount };

	options.size = sizeof options;
	options.input = &order;
	options.input_size = sizeof order;
	CHECK_OK(tally->pool, ord_pool_submit_task_wait(tally->pool, &options, NULL));
}

/* What is expected of the task with this sequence. */
struct wanted {
	int state;
	int signal;
	uint32_t attempts;
	const char *word;
};

static void
check_wanted(struct tally *tally, const struct ord_result *result)
{
	const struct wanted *wanted = (const struct wanted *)tally->user + ord_result_sequence(result);

	if (ord_result_state(result) != wanted->state)
		fprintf(stderr, "task %d: %s (%s)\n", (int)ord_result_sequence(result),
			ord_state_name(ord_result_state(result)), ord_result_error(result));
	CHECK_EQ(ord_result_state(result), wanted->state);
	CHECK_EQ(ord_result_signal(result), wanted->signal);
	CHECK_EQ(ord_result_attempts(result), wanted->attempts != 0 ? wanted->attempts : 1);
	if (wanted->word != NULL && strstr(ord_result_error(result), wanted->word) == NULL)
		fprintf(stderr, "%s\n", ord_result_error(result));
	CHECK(wanted->word == NULL || strstr(ord_result_error(result), wanted->word) != NULL);
}

/* AddressSanitizer takes memory and addresses of its own. */
#ifdef __SANITIZE_ADDRESS__
#define SKIP_WITH_ASAN() return
#else
#define SKIP_WITH_ASAN() (void)0
#endif

#define NO_LIMITS ((struct ord_task_options){ .size = 0 })
#define OWN(...) ((struct ord_task_options){ __VA_ARGS__ })

SCENE(task_limits, processor_time)
{
	struct wanted wanted[] = { { .state = ORD_TIMED_OUT, .signal = SIGTERM, .word = "processor time" },
		{ .state = ORD_DONE }, { .state = ORD_TIMED_OUT, .word = "processor time" }, { .state = ORD_DONE },
		{ .state = ORD_TIMED_OUT, .signal = SIGTERM, .word = "cpu_ms" },
		{ .state = ORD_TIMED_OUT, .signal = SIGTERM, .word = "cpu_ms" }, { .state = ORD_DONE } };

	for EACH_START (start) {
		struct tally tally = { .on_result = check_wanted, .user = wanted };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .start = start, .grace_ms = 50));
		submit(&tally, VERB_BURN, 0, OWN(.cpu_ms = 100));
		submit(&tally, VERB_RAISE, 300, NO_LIMITS);
		submit(&tally, VERB_POLITE, 0, OWN(.cpu_ms = 100, .grace_ms = SCENE_LONG_MS));
		/* What tasks before it have used does not count. */
		submit(&tally, VERB_RAISE, 50, OWN(.cpu_ms = 5000));
		submit(&tally, VERB_CHILD, 0, OWN(.cpu_ms = 100));
		submit(&tally, VERB_GRANDCHILD, 0, OWN(.cpu_ms = 100));
		submit(&tally, VERB_LIMITS, 0, NO_LIMITS);
		tally_close(&tally, 7);
	}
}

/* It counts from the task's beginning, and only what is used: not time that passes. */
SCENE(task_limits, time_that_passes_is_none)
{
	struct wanted wanted[40];
	struct tally tally = { .on_result = check_wanted, .user = wanted };

	for (int i = 0; i < 40; i++)
		wanted[i] = (struct wanted){ .state = ORD_DONE };
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .cpu_ms = 400));
	for (int i = 0; i < 40; i++)
		submit(&tally, i % 10 == 0 ? VERB_TAKE : VERB_RAISE, i % 10 == 0 ? 1 : 20, NO_LIMITS);
	tally_close(&tally, 40);
}

SCENE(task_limits, memory)
{
	struct wanted wanted[] = { { .state = ORD_DONE },
		{ .state = ORD_OUT_OF_MEMORY, .signal = SIGKILL, .word = "limit is 100 MiB (memory_mib)" },
		{ .state = ORD_DONE }, { .state = ORD_DONE },
		{ .state = ORD_OUT_OF_MEMORY, .signal = SIGKILL, .word = "memory_mib" },
		{ .state = ORD_DONE } };

	SKIP_WITH_ASAN();
	for EACH_START (start) {
		struct tally tally = { .on_result = check_wanted, .user = wanted };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .start = start, .memory_mib = 100));
		submit(&tally, VERB_TAKE, 20, NO_LIMITS);
		submit(&tally, VERB_HOLD, 200, NO_LIMITS);
		submit(&tally, VERB_TAKE, 200, OWN(.memory_mib = ORD_NONE));
		submit(&tally, VERB_TAKE, 200, OWN(.memory_mib = 300));
		submit(&tally, VERB_HOLD_IN_CHILD, 200, NO_LIMITS);
		submit(&tally, VERB_TAKE, 10, NO_LIMITS);
		tally_close(&tally, 6);
	}
}

SCENE(task_limits, memory_doubles)
{
	struct wanted wanted[] = { { .state = ORD_DONE, .attempts = 3 }, { .state = ORD_DONE },
		{ .state = ORD_OUT_OF_MEMORY, .signal = SIGKILL, .attempts = 2, .word = "limit is 90 MiB" },
		{ .state = ORD_DONE, .attempts = 2 } };
	struct ord_statistics statistics = ORD_STATISTICS;
	struct tally tally = { .on_result = check_wanted, .user = wanted };

	SKIP_WITH_ASAN();
	/* A quarantine of 1 is for tasks that kill their workers, not for these. */
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .memory_mib = 64, .memory_most_mib = 1000,
				   .quarantine = 1));
	submit(&tally, VERB_HOLD_TWICE, 200, NO_LIMITS);
	submit(&tally, VERB_TAKE, 10, NO_LIMITS);
	submit(&tally, VERB_HOLD, 200, OWN(.memory_most_mib = 90));
	submit(&tally, VERB_HOLD_ONCE, 200, OWN(.memory_mib = 120, .memory_most_mib = 230));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
	CHECK_EQ(statistics.retried, 4);
	tally_close(&tally, 4);
}

/* Of the pages that a forked worker shares with its host it has its part, not all. */
SCENE(task_limits, shared_pages_count_in_part)
{
	struct wanted wanted[] = { { .state = ORD_DONE }, { .state = ORD_OUT_OF_MEMORY, .signal = SIGKILL } };
	struct tally tally = { .on_result = check_wanted, .user = wanted };
	size_t size = 240 << 20;
	char *mine = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	SKIP_WITH_ASAN();
	CHECK(mine != MAP_FAILED);
	memset(mine, 1, size);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .start = ORD_START_FORK, .memory_mib = 200));
	submit(&tally, VERB_TAKE, 10, NO_LIMITS);
	submit(&tally, VERB_HOLD, 260, NO_LIMITS);
	tally_close(&tally, 2);
	munmap(mine, size);
}

/* --- the kernel's --- */

static void
check_kernel(struct tally *tally, const struct ord_result *result)
{
	const struct kernel *wanted = (const struct kernel *)tally->user + ord_result_sequence(result);
	const struct kernel *seen = &OUTPUT_AS(struct kernel, result);

	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(seen->address, wanted->address);
	CHECK_EQ(seen->file, wanted->file);
	CHECK_EQ(seen->files, wanted->files);
}

/* A task's own limits end with it, whatever the worker has. */
SCENE(task_limits, do_not_leak)
{
	SKIP_WITH_ASAN();
	for EACH_START (start) {
		struct kernel host = kernel_limits(), pools = { 30000ul << 20, 50 << 20, 100 };
		struct kernel own = { 40000ul << 20, 7 << 20, 64 };
		struct kernel wanted[] = { pools, own, pools, host, pools, { own.address, pools.file, pools.files }, pools };
		struct tally tally = { .on_result = check_kernel, .user = wanted };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .start = start, .address_mib = 30000,
					   .file_mib = 50, .open_files = 100));
		submit(&tally, VERB_LIMITS, 0, NO_LIMITS);
		submit(&tally, VERB_LIMITS, 0, OWN(.address_mib = 40000, .file_mib = 7, .open_files = 64));
		submit(&tally, VERB_LIMITS, 0, NO_LIMITS);
		submit(&tally, VERB_LIMITS, 0, OWN(.address_mib = ORD_NONE, .file_mib = ORD_NONE, .open_files = ORD_NONE));
		submit(&tally, VERB_LIMITS, 0, OWN(.cpu_ms = 10000));
		submit(&tally, VERB_LIMITS, 0, OWN(.address_mib = 40000));
		submit(&tally, VERB_LIMITS, 0, NO_LIMITS);
		tally_close(&tally, 7);
	}
}

/* The same in a worker that has none itself, or what its start hook has set. */
static void *
lower_files(struct ord_task *task, void *user)
{
	struct rlimit files;

	(void)task;
	CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = 77;
	CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
	return user;
}

SCENE(task_limits, do_not_leak_into_a_worker_without)
{
	SKIP_WITH_ASAN();
	for EACH_START (start) {
		struct kernel host = kernel_limits(), lowered = { host.address, host.file, 77 };
		struct kernel own = { 40000ul << 20, 7 << 20, 64 };
		struct kernel wanted[] = { host, own, host, host, host };
		struct kernel wanted_lowered[] = { lowered, own, lowered, lowered, lowered };

		for (int hook = 0; hook < 2; hook++) {
			struct tally tally = { .on_result = check_kernel, .user = hook ? wanted_lowered : wanted };

			tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .start = start,
						   .on_worker_start = hook ? lower_files : NULL));
			submit(&tally, VERB_LIMITS, 0, NO_LIMITS);
			submit(&tally, VERB_LIMITS, 0, OWN(.address_mib = 40000, .file_mib = 7, .open_files = 64));
			submit(&tally, VERB_LIMITS, 0, NO_LIMITS);
			submit(&tally, VERB_LIMITS, 0, OWN(.cpu_ms = 10000, .memory_mib = 10000));
			submit(&tally, VERB_LIMITS, 0, NO_LIMITS);
			tally_close(&tally, 5);
		}
	}
}

static void
check_number(struct tally *tally, const struct ord_result *result)
{
	const uint32_t *wanted = tally->user;
	uint64_t n = ord_result_sequence(result);

	if (n == 3) {
		CHECK_EQ(ord_result_state(result), ORD_SIGNALED);
		CHECK_EQ(ord_result_signal(result), SIGXFSZ);
		CHECK(strstr(ord_result_error(result), "file_mib") != NULL);
		return;
	}
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	if (n < 3 && n != 2)
		CHECK_EQ(OUTPUT_AS(uint32_t, result), wanted[n]);
	if (n == 2) /* those that the worker has open itself are among the 50 */
		CHECK(OUTPUT_AS(uint32_t, result) > 5 && OUTPUT_AS(uint32_t, result) < 47);
}

SCENE(task_limits, of_the_kernel)
{
	struct rlimit core = { 0, 0 };

	SKIP_WITH_ASAN();
	CHECK(setrlimit(RLIMIT_CORE, &core) == 0);
	for EACH_START (start) {
		struct tally tally = { .on_result = check_number, .user = (uint32_t[]){ 1, 0 } };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .start = start, .address_mib = 20000));
		submit(&tally, VERB_MAP, 20000, NO_LIMITS);
		submit(&tally, VERB_MAP, 20000, OWN(.address_mib = 50000));
		submit(&tally, VERB_OPEN, 0, OWN(.open_files = 50));
		submit(&tally, VERB_GROW, 0, OWN(.file_mib = 2));
		submit(&tally, VERB_LIMITS, 0, NO_LIMITS);
		/* What the pool itself moves for a task is no file of the task's. */
		submit(&tally, VERB_LARGE, 9, OWN(.file_mib = 2, .open_files = 32));
		tally_close(&tally, 6);
	}
}

SCENE(task_limits, too_few_addresses_for_a_worker)
{
	struct ord_pool *pool;

	SKIP_WITH_ASAN();
	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .workers = 2, .address_mib = 1)));
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_OK(pool, ord_pool_submit(pool, "x", 1, NULL));
	CHECK_FAILS(pool, ord_pool_finish(pool), ORD_ECRASHLOOP, "address_mib is 1");
	ord_pool_destroy(&pool);
}

SCENE(task_limits, that_the_host_forbids)
{
	struct rlimit files = { 900, 900 }, file = { 8 << 20, 8 << 20 };
	struct ord_pool *pool;

	CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0 && setrlimit(RLIMIT_FSIZE, &file) == 0);
	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .workers = 1, .open_files = 901)));
	CHECK_FAILS(pool, ord_pool_start(pool), ORD_ESYSTEM, "open_files is 901 and the hard limit of this process 900");
	ord_pool_destroy(&pool);
	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .workers = 1, .file_mib = 8)));
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_FAILS(pool, ord_pool_submit_task(pool, &ORD_TASK(.file_mib = 9), NULL), ORD_ESYSTEM, "ulimit -H -f");
	CHECK_FAILS(pool, ord_pool_submit_command(pool, &ORD_COMMAND(.argv = (const char *[]){ "true", NULL }, .open_files = 1000), NULL),
		ORD_ESYSTEM, "ulimit -H -n");
	CHECK_FAILS(pool, ord_pool_submit_task(pool, &ORD_TASK(.open_files = 31), NULL), ORD_EINVAL, "32");
	CHECK_OK(pool, ord_pool_submit_task(pool, &ORD_TASK(.input = &(struct order){ VERB_LIMITS, 0 }, .input_size = sizeof(struct order),
				     .open_files = 900, .file_mib = ORD_NONE), NULL));
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
	CHECK_EQ(ord_pool_new(&pool, &ORD_POOL_OPTIONS(.open_files = 31)), ORD_EINVAL);
}

/* --- commands --- */

static void
command(struct tally *tally, const char *line, struct ord_command options)
{
	const char *argv[] = { "sh", "-c", line, NULL };

	options.size = sizeof options;
	options.argv = argv;
	CHECK_OK(tally->pool, ord_pool_submit_command(tally->pool, &options, NULL));
}

#define BOUND(...) ((struct ord_command){ __VA_ARGS__ })

SCENE(task_limits, of_commands)
{
	static const char burn_line[] = "while :; do :; done";
	static const char burn_below[] = "sh -c 'while :; do :; done'; true";
	struct wanted wanted[] = { { .state = ORD_TIMED_OUT, .signal = SIGTERM, .word = "the command was stopped: its 100 ms" },
		{ .state = ORD_TIMED_OUT, .signal = SIGTERM, .word = "cpu_ms" },
		{ .state = ORD_DONE },
		{ .state = ORD_OUT_OF_MEMORY, .signal = SIGKILL, .word = "the command was killed: it had" },
		{ .state = ORD_OUT_OF_MEMORY, .signal = SIGKILL, .word = "memory_mib" },
		{ .state = ORD_SIGNALED, .signal = SIGXFSZ, .word = "file_mib" },
		{ .state = ORD_DONE }, { .state = ORD_DONE }, { .state = ORD_DONE },
		{ .state = ORD_TIMED_OUT, .signal = SIGKILL, .word = "cpu_ms" } };
	struct tally tally = { .on_result = check_wanted, .user = wanted };
	struct rlimit core = { 0, 0 };

	CHECK(setrlimit(RLIMIT_CORE, &core) == 0);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 2, .start = ORD_START_EXEC, .grace_ms = 50, .file_mib = 3));
	command(&tally, burn_line, BOUND(.cpu_ms = 100));
	command(&tally, burn_below, BOUND(.cpu_ms = 100));
	command(&tally, "sleep 0.3", BOUND(.cpu_ms = 200, .memory_mib = 100));
	command(&tally, "(head -c 300M /dev/zero; sleep 1000) | tail >/dev/null", BOUND(.memory_mib = 100));
	command(&tally, "sh -c '(head -c 300M /dev/zero; sleep 1000) | tail >/dev/null; true'; true", BOUND(.memory_mib = 100));
	command(&tally, "f=$(mktemp) && exec 9>\"$f\" && rm \"$f\" && exec dd if=/dev/zero of=/dev/fd/9 bs=64k count=1000 2>/dev/null", BOUND(.file_mib = 0));
	command(&tally, "test $(ulimit -n) = 40 && test $(ulimit -Hn) = 40", BOUND(.open_files = 40));
	command(&tally, "test $(ulimit -v) = 2048000 && test $(ulimit -f) = 6144", BOUND(.address_mib = 2000));
	command(&tally, "test $(ulimit -f) != 6144", BOUND(.file_mib = ORD_NONE));
	command(&tally, "trap '' TERM; while :; do :; done", BOUND(.cpu_ms = 100));
	tally_close(&tally, 10);
}

SCENE(task_limits, a_command_gets_more_memory)
{
	struct wanted wanted[] = { { .state = ORD_DONE, .attempts = 3 } };
	struct tally tally = { .on_result = check_wanted, .user = wanted };

	static const char line[] = "echo x >>\"$ATTEMPTS\"; test $(wc -l <\"$ATTEMPTS\") -ge 3 || "
				   "(head -c 200M /dev/zero; sleep 1000) | tail >/dev/null";
	char name[64] = "ATTEMPTS=/tmp/orderly-attempts-XXXXXX";
	const char *env[] = { name, NULL };
	int fd = mkstemp(strchr(name, '/'));

	CHECK(fd >= 0);
	close(fd);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 2, .start = ORD_START_EXEC));
	command(&tally, line, BOUND(.env = env, .memory_mib = 40, .memory_most_mib = 4000));
	tally_close(&tally, 1);
	unlink(strchr(name, '/'));
}

/* Time that passes while all is stopped uses no processor; when it goes on, the limit holds. */
SCENE(task_limits, after_a_halt)
{
	struct wanted wanted[] = { { .state = ORD_TIMED_OUT, .signal = SIGTERM, .word = "cpu_ms" },
		{ .state = ORD_TIMED_OUT, .signal = SIGTERM, .word = "cpu_ms" } };
	struct tally tally = { .on_result = check_wanted, .user = wanted };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .grace_ms = 50, .cpu_ms = 300));
	submit(&tally, VERB_BURN, 0, NO_LIMITS);
	command(&tally, "while :; do :; done", BOUND(.cpu_ms = 0));
	for (int i = 0; i < 3; i++) {
		CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
		for (int k = 0; k < 20; k++) {
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
			scene_pause_ms(1);
		}
		CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
		scene_pause_ms(10);
	}
	tally_close(&tally, 2);
}

/* The timer of a task with a deadline fires while one without runs, which was halted meanwhile. */
static void
must_be_done_behind_one(struct tally *tally, const struct ord_result *result)
{
	int *late = tally->user;

	if (ord_result_sequence(result) == 0)
		*late = ord_result_state(result) != ORD_DONE;
	CHECK(*late || ord_result_state(result) == ORD_DONE);
}

/* Whether the first task was late itself, on a busy machine. */
static int
halt_behind_a_deadline(uint32_t timeout_ms)
{
	int late = 0;
	struct tally tally = { .on_result = must_be_done_behind_one, .user = &late };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .grace_ms = 20));
	submit(&tally, VERB_LIMITS, 0, OWN(.timeout_ms = timeout_ms));
	submit(&tally, VERB_RAISE, 2 * timeout_ms + 100, NO_LIMITS);
	while (tally.results < 1)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 100));
	scene_pause_ms(20);
	CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
	for (int i = 0; i < 10; i++) {
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
		scene_pause_ms(1);
	}
	CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
	tally_close(&tally, 2);
	return late;
}

SCENE(task_limits, no_deadline_is_none_after_a_halt)
{
	for (uint32_t ms = 400; halt_behind_a_deadline(ms); ms *= 5)
		CHECK(ms < 20000);
}

/* A limit ends its attempt and no other: the next task of the message is another's and counts no attempt. */
SCENE(task_limits, among_others)
{
	struct wanted wanted[200];
	struct tally tally = { .on_result = check_wanted, .user = wanted };

	SKIP_WITH_ASAN();
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .memory_mib = 80, .grace_ms = 20));
	for (int i = 0; i < 200; i++) {
		wanted[i] = (struct wanted){ .state = ORD_DONE };
		if (i % 50 == 7)
			wanted[i] = (struct wanted){ .state = ORD_OUT_OF_MEMORY, .signal = SIGKILL };
		if (i % 50 == 13)
			wanted[i] = (struct wanted){ .state = ORD_TIMED_OUT, .signal = SIGTERM };
		if (i % 50 == 7)
			submit(&tally, VERB_HOLD, 150, NO_LIMITS);
		else
			submit(&tally, i % 50 == 13 ? VERB_BURN : VERB_LIMITS, 0, i % 50 == 13 ? OWN(.cpu_ms = 30) : NO_LIMITS);
	}
	tally_close(&tally, 200);
}
