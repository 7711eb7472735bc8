/* Many pools and many tasks: nothing grows.  ORD_GROWTH_POOLS and ORD_GROWTH_TASKS say how many. */
#define _GNU_SOURCE /* unshare */
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "scale.h"
#include "tally.h"

enum { POOLS = 300, WARM = 20, TASKS = 1000000, SLACK_KIB = 6 << 10, PATH = 256 };

static uint64_t
number_of(const char *name, uint64_t usual)
{
	const char *value = getenv(name);

	return value != NULL ? strtoull(value, NULL, 10) : usual;
}

static int
nothing(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 0;
}

static void
one_pool(uint32_t start, uint64_t tasks)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nothing, .workers = 2, .start = start));
	for (uint64_t i = 0; i < tasks; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, tasks);
}

static void
many_pools(uint32_t start)
{
	unsigned fds;
	long kib;

	for (int i = 0; i < WARM; i++)
		one_pool(start, 10);
	fds = scene_count_fds();
	kib = scene_memory_kib(0, "VmRSS");
	for (uint64_t i = number_of("ORD_GROWTH_POOLS", SCALED(POOLS)); i > 0; i--)
		one_pool(start, i % 20);
	CHECK_EQ(scene_count_fds(), fds);
	CHECK(scene_memory_kib(0, "VmRSS") < kib + SLACK_KIB);
}

SCENE(growth, many_pools_exec)
{
	many_pools(ORD_START_EXEC);
	CHECK_EQ(scene_count_endpoints(), 0);
}

SCENE(growth, many_pools_fork)
{
	many_pools(ORD_START_FORK);
	CHECK_EQ(scene_count_endpoints(), 0);
}

static unsigned
count_shared_memory(void)
{
	DIR *folder = opendir("/dev/shm");
	unsigned count = 0;

	CHECK(folder != NULL);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

/* Sockets lie in /dev/shm where there is no runtime directory; here it is one that nobody else has. */
SCENE(growth, nothing_is_left_in_shared_memory)
{
	char folder[PATH];
	unsigned before;

	snprintf(folder, sizeof folder, "%s", getenv("XDG_RUNTIME_DIR"));
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("none", "/dev/shm", "tmpfs", 0, "size=4m") != 0)
		return;
	before = count_shared_memory();
	CHECK_EQ(unsetenv("XDG_RUNTIME_DIR"), 0);
	for (int i = 0; i < WARM; i++)
		one_pool(ORD_START_EXEC, (uint64_t)i);
	CHECK_EQ(count_shared_memory(), before);
	CHECK_EQ(setenv("XDG_RUNTIME_DIR", folder, 1), 0);
}

SCENE(growth, a_million_tasks)
{
	uint64_t tasks = number_of("ORD_GROWTH_TASKS", SCALED(TASKS));
	struct tally tally = { 0 };
	unsigned fds;
	long kib;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nothing, .workers = 2));
	for (uint64_t i = 0; i < tasks / 10; i++)
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "x", 1, NULL));
	kib = scene_memory_kib(0, "VmRSS");
	fds = scene_count_fds();
	for (uint64_t i = tasks / 10; i < tasks; i++)
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "x", 1, NULL));
	CHECK(scene_memory_kib(0, "VmRSS") < kib + SLACK_KIB);
	CHECK_EQ(scene_count_fds(), fds);
	tally_close(&tally, tasks);
}
