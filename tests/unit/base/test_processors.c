/* Processors by affinity and quota; the files of the kernel are made up in a directory of the test. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <criterion/criterion.h>

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/processors.h"
#include "kernel_files.h"

#define MANY UINT32_MAX /* no quota */

static char root[KERNEL_FILES_ROOT_MAX];

static void
make(void)
{
	kernel_files_make(root);
}

static void
sweep(void)
{
	kernel_files_sweep(root);
}

static void
put(const char *name, const char *text)
{
	kernel_files_put(root, name, text);
}

/* What the affinity mask alone says. */
static uint32_t
all(void)
{
	return processors_usable_by("/nonexistent");
}

static void
usable(uint32_t n)
{
	uint32_t most = all();

	cr_assert_eq(processors_quota(root), n);
	cr_assert_eq(processors_usable_by(root), n < most ? n : most);
}

#define MOUNT(options, group, point, type) "30 23 0:28 " group " " point " rw,relatime " options "- " type "\n"
#define SHARED "shared:4 master:1 "

TestSuite(processors, .init = make, .fini = sweep);

Test(processors, are_those_of_the_mask)
{
	cpu_set_t mask, one;

	cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
	cr_assert_eq(all(), CPU_COUNT(&mask));
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
		if (CPU_ISSET(i, &mask))
			CPU_SET(i, &one);
	cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
	cr_assert_eq(all(), 1);
	cr_assert_eq(processors_usable(), 1);
	cr_assert_eq(sched_setaffinity(0, sizeof mask, &mask), 0);
}

Test(processors, by_unified_quota)
{
	put("/proc/self/cgroup", "0::/\n");
	put("/proc/self/mountinfo", MOUNT("", "/", "/sys/fs/cgroup", "cgroup2 cgroup2 rw"));
	put("/sys/fs/cgroup/cpu.max", "max 100000\n");
	usable(MANY);
	put("/sys/fs/cgroup/cpu.max", "100000 100000\n");
	usable(1);
	put("/sys/fs/cgroup/cpu.max", "100001 100000\n");
	usable(2);
	put("/sys/fs/cgroup/cpu.max", "1000 100000\n");
	usable(1);
}

/* Each group on the way up limits those below it. */
Test(processors, by_nested_quotas)
{
	put("/proc/self/cgroup", "0::/a/b c/d\n");
	put("/proc/self/mountinfo", "garbage\n\n- - -\n" MOUNT(SHARED, "/", "/mnt/gro\\040ups", "cgroup2 none rw"));
	put("/mnt/gro ups/a/b c/d/cpu.max", "400000 100000\n");
	usable(4);
	put("/mnt/gro ups/a/b c/cpu.max", "max 100000\n");
	usable(4);
	put("/mnt/gro ups/a/cpu.max", "50000 100000\n");
	usable(1);
	put("/mnt/gro ups/a/cpu.max", "150000 100000\n");
	usable(2);
	/* The mount's own counts in a name space, and what lies above the mount does not. */
	put("/mnt/gro ups/cpu.max", "1 100000\n");
	usable(1);
	put("/mnt/gro ups/cpu.max", "max 100000\n");
	put("/mnt/cpu.max", "1 100000\n");
	usable(2);
}

/* The mount shows a part of the hierarchy. */
Test(processors, by_the_groups_that_are_mounted)
{
	put("/proc/self/cgroup", "0::/docker/x/y\n");
	put("/proc/self/mountinfo", MOUNT("", "/docker/x", "/sys/fs/cgroup", "cgroup2 cgroup rw"));
	put("/sys/fs/cgroup/y/cpu.max", "100000 100000\n");
	put("/sys/fs/cgroup/docker/x/y/cpu.max", "max 100000\n");
	usable(1);
	/* A neighbour's name that only begins like ours. */
	put("/proc/self/cgroup", "0::/docker/xx\n");
	usable(MANY);
	/* Out of sight: the mount is all that is known. */
	put("/proc/self/cgroup", "0::/../other\n");
	put("/sys/fs/other/cpu.max", "1 100000\n");
	usable(MANY);
	put("/sys/fs/cgroup/cpu.max", "100000 100000\n");
	usable(1);
}

#define OLD_GROUPS "9:name=systemd:/u\n4:memory:/\n2:cpuacct,cpu:/a\n1:cpuset:/none\n"

Test(processors, by_quotas_of_version_one)
{
	put("/proc/self/cgroup", OLD_GROUPS);
	put("/proc/self/mountinfo", MOUNT("", "/", "/cg/set", "cgroup cgroup rw,cpuset")
		MOUNT("", "/", "/cg/cpu", "cgroup cgroup rw,cpuacct,cpu"));
	put("/cg/set/cpu.cfs_quota_us", "1\n");
	put("/cg/set/cpu.cfs_period_us", "100000\n");
	put("/cg/cpu/a/cpu.cfs_quota_us", "-1\n");
	put("/cg/cpu/a/cpu.cfs_period_us", "100000\n");
	usable(MANY);
	put("/cg/cpu/cpu.cfs_quota_us", "200000\n");
	usable(MANY);
	put("/cg/cpu/cpu.cfs_period_us", "100000\n");
	usable(2);
	put("/cg/cpu/a/cpu.cfs_quota_us", "50000\n");
	usable(1);
}

/* Both versions at once: controllers of the first, and a second without them. */
Test(processors, by_hybrid_quotas)
{
	put("/proc/self/cgroup", OLD_GROUPS "0::/u\n");
	put("/sys/fs/cgroup/unified/u/cpu.max", "max 100000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "300000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
	usable(3);
	put("/sys/fs/cgroup/unified/cpu.max", "20 10\n");
	usable(2);
	put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100");
	put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "99");
	usable(1);
}

static const char *const odd[] = { "", "\n", "max", "100000", "100000 ", "100000 max", "x 1", "-5 100000", "0 100000",
	"100000 0", "99999999999999999999999 1", "1 99999999999999999999999", "18446744073709551615 1", " 1 100", "\xff\xff",
	"1e5 100000" };

Test(processors, odd_quotas_limit_nothing)
{
	put("/proc/self/cgroup", "0::/a\n");
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		put("/sys/fs/cgroup/a/cpu.max", odd[i]);
		usable(MANY);
	}
	/* Large, and still a quota. */
	put("/sys/fs/cgroup/a/cpu.max", "1844674407370955160 1844674407370955160\n");
	usable(1);
	put("/sys/fs/cgroup/a/cpu.max", "1844674407370955160 1\n");
	usable(MANY);
	put("/sys/fs/cgroup/a/cpu.max", "500000000 1\n");
	usable(500000000);
}

Test(processors, odd_groups_limit_nothing)
{
	static const char *const groups[] = { "", "\n\n", "0", "0:", "0::", "0::a\n", "::\n", ":::::::\n", "0:/a\n", "1:cp:/a\n",
		"1:cpux,cpuset:/a\n", "0::/a" };

	put("/sys/fs/cgroup/a/cpu.max", "1 1\n");
	put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "1\n");
	put("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "1\n");
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		put("/proc/self/cgroup", groups[i]);
		usable(MANY);
	}
	put("/proc/self/cgroup", "0::/a\n");
	usable(1);
	put("/proc/self/mountinfo", MOUNT("", "/", "/elsewhere", "cgroup2 cgroup rw"));
	usable(MANY);
}

static void
put_long(const char *name, const char *first, size_t size, char fill, const char *rest)
{
	char *text = malloc(size + strlen(first) + strlen(rest) + 1);

	memcpy(text, first, strlen(first));
	memset(text + strlen(first), fill, size);
	strcpy(text + strlen(first) + size, rest);
	put(name, text);
	free(text);
}

Test(processors, long_lines_are_passed_over)
{
	static const size_t sizes[] = { 3000, 4090, 4096, 8100, 8191, 8192, 8193, 20000, 100000 };

	put("/sys/fs/cgroup/a/cpu.max", "1 1\n");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		put("/proc/self/mountinfo", "");
		put_long("/proc/self/cgroup", "0::/", sizes[i], 'x', "\n0::/a\n");
		usable(1);
		put("/proc/self/cgroup", "0::/a\n");
		put_long("/proc/self/mountinfo", "1 1 1 ", sizes[i], '/', " / - cgroup2 x x\n");
		usable(sizes[i] > 8100 ? 1 : MANY);
	}
}
