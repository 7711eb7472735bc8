/* What processes use, and whether that is too much. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "spawn/bounded.h"
#include "spawn/usage.h"
#include "support.h"

#define MIB (1 << 20)

static uint64_t
own_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* A child that uses so much and so long, says so, and waits to be killed; with a child of its own that is the same again. */
static pid_t
start(size_t mib, uint64_t burn_ms, int generations)
{
	int ends[2];
	char ready;
	pid_t pid;

	CHECK(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		char *bytes = mmap(NULL, mib * MIB + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (generations > 1)
			start(mib, burn_ms, generations - 1);
		memset(bytes, 1, mib * MIB);
		while (own_ns() < burn_ms * CLOCK_NS_PER_MS)
			;
		(void)!write(ends[1], "x", 1);
		for (;;)
			pause();
	}
	close(ends[1]);
	CHECK(read(ends[0], &ready, 1) == 1);
	close(ends[0]);
	return pid;
}

static void
stop(pid_t pid)
{
	struct usage usage;

	usage_read(&usage, pid, 0);
	for (size_t i = usage.n_pids; i-- > 0;)
		kill(usage.pids[i], SIGKILL);
	CHECK(waitpid(pid, NULL, 0) == pid);
}

static void
families(void)
{
	pid_t pid = start(20, 30, 3);
	struct usage usage;

	usage_read(&usage, pid, 0);
	CHECK(usage.n_pids == 3 && usage.pids[0] == pid && usage.threads == 3);
	CHECK(usage.resident_kib >= 60 << 10);
	/* The first is exact, the others go by ticks of 10 ms. */
	CHECK(usage.cpu_ns >= 70 * CLOCK_NS_PER_MS);
	CHECK(usage_part_kib(&usage) >= 60 << 10);
	CHECK(usage_part_kib(&usage) <= usage.resident_kib);
	/* Who began before is another task's. */
	usage_read(&usage, pid, clock_now_ns() + CLOCK_NS_PER_S);
	CHECK(usage.n_pids == 1);
	stop(pid);
	usage_read(&usage, pid, 0);
	CHECK(usage.n_pids == 0 && usage.threads == 0);
	CHECK(nothing_is_left());
}

Test(bounded, a_family)
{
	play(families);
}

static void
zombie(void)
{
	struct bounded bounded = { .cpu_ms = 1 };
	struct bounded_memory memory = { 0 };
	struct bounded_look look;
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0) {
		while (own_ns() < 50 * CLOCK_NS_PER_MS)
			;
		_exit(0);
	}
	CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	bounded_look(&look, &memory, &bounded, pid, 1);
	CHECK(!look.over_cpu && look.again_ns == 0);
	CHECK(waitpid(pid, NULL, 0) == pid);
}

/* It has its end, whatever it used. */
Test(bounded, a_process_that_has_ended)
{
	play(zombie);
}

static void
limits(void)
{
	pid_t pid = start(20, 50, 1);
	struct bounded bounded = { .cpu_ms = 40, .memory_mib = 1000 };
	struct bounded_memory memory = { 0 };
	struct bounded_look look;

	bounded_look(&look, &memory, &bounded, pid, 1);
	CHECK(look.over_cpu && look.over_kib == 0 && look.again_ns > clock_now_ns());
	bounded = (struct bounded){ .cpu_ms = 100000, .memory_mib = 10 };
	bounded_look(&look, &memory, &bounded, pid, 1);
	CHECK(!look.over_cpu && look.over_kib >= 20 << 10);
	/* What was used before does not count. */
	bounded = (struct bounded){ .cpu_ms = 40, .cpu_from_ns = 50 * CLOCK_NS_PER_MS };
	bounded_look(&look, &memory, &bounded, pid, 1);
	CHECK(!look.over_cpu && look.again_ns != 0);
	/* With many the looks are rarer, but not so rare that a limit means nothing. */
	bounded_look(&look, &memory, &bounded, pid, 100000);
	CHECK(look.rest_ns > clock_now_ns() + 50 * CLOCK_NS_PER_MS);
	CHECK(look.again_ns <= clock_now_ns() + 100 * CLOCK_NS_PER_MS);
	bounded = (struct bounded){ .cpu_ms = 0 };
	bounded_look(&look, &memory, &bounded, pid, 1);
	CHECK(!look.over_cpu && look.over_kib == 0 && look.again_ns == 0);
	stop(pid);
}

/* A child that shares memory with this process, so that only an exact look tells that it has not too much. */
static void
sharing(void)
{
	size_t size = 64 * MIB;
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct bounded bounded = { .memory_mib = 50 };
	struct bounded_memory memory = { 0 };
	struct bounded_look look;
	pid_t pid;

	CHECK(bytes != MAP_FAILED);
	memset(bytes, 1, size);
	pid = start(0, 0, 1);
	bounded_look(&look, &memory, &bounded, pid, 1);
	CHECK(look.over_kib == 0 && memory.looked_ns != 0 && memory.resident_kib >= 64 << 10);
	CHECK(look.rest_ns >= memory.looked_ns + 4 * memory.cost_ns);
	CHECK(look.again_ns >= look.rest_ns);
	/* With others that are looked at so, longer. */
	memory.looked_ns = 0;
	bounded_look(&look, &memory, &bounded, pid, 100000);
	CHECK(look.rest_ns >= memory.looked_ns + CLOCK_NS_PER_S);
	stop(pid);
	munmap(bytes, size);
}

Test(bounded, exact_looks_are_followed_by_rest)
{
	play(sharing);
}

Test(bounded, limits)
{
	play(limits);
}

static void
without_descriptors(void)
{
	pid_t pid = start(20, 50, 1);
	struct bounded bounded = { .cpu_ms = 40, .memory_mib = 1 };
	struct bounded_memory memory = { 0 };
	struct rlimit files;
	struct bounded_look look;

	CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = 0;
	CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
	bounded_look(&look, &memory, &bounded, pid, 1);
	CHECK(look.over_cpu && look.over_kib == 0 && look.again_ns != 0);
	bounded.cpu_ms = 100000;
	bounded_look(&look, &memory, &bounded, pid, 1);
	CHECK(!look.over_cpu && look.over_kib == 0 && look.again_ns != 0);
	files.rlim_cur = files.rlim_max;
	CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
	bounded_look(&look, &memory, &bounded, pid, 1);
	CHECK(look.over_kib != 0);
	stop(pid);
}

/* Nothing can be opened just now: what can be known is, and it is looked at again. */
Test(bounded, without_descriptors)
{
	play(without_descriptors);
}

#define SHARED 100

static void
shared(void)
{
	char *mine = mmap(NULL, SHARED * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct bounded bounded = { .memory_mib = 80 };
	struct bounded_memory memory = { 0 };
	struct bounded_look look;
	pid_t sharer, pid;

	memset(mine, 1, SHARED * MIB);
	sharer = start(1, 0, 1);
	pid = start(1, 0, 1);
	/* A third of the shared pages is its own. */
	bounded_look(&look, &memory, &bounded, pid, 1);
	CHECK(look.over_kib == 0);
	CHECK(memory.resident_kib > SHARED << 10 && memory.part_kib < 80 << 10);
	bounded.memory_mib = 20;
	bounded_look(&look, &memory, &bounded, pid, 1);
	CHECK(look.over_kib > 20 << 10 && look.over_kib < 80 << 10);
	stop(pid);
	stop(sharer);
	munmap(mine, SHARED * MIB);
}

Test(bounded, pages_that_are_shared)
{
	play(shared);
}
