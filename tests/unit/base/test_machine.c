/* Memory and load; the files of the kernel are made up in a directory of the test. */
#include <criterion/criterion.h>


#include "base/machine.h"
#include "kernel_files.h"

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

#define CGROUP2 "/sys/fs/cgroup/a/b"
#define CGROUP1 "/sys/fs/cgroup/memory/a"

TestSuite(machine, .init = make, .fini = sweep);

Test(machine, says_nothing_of_what_it_cannot_read)
{
	cr_assert_eq(machine_free_mib(root), UINT64_MAX);
	cr_assert_eq(machine_load(root), 0);
	put("/proc/meminfo", "MemTotal: 1000 kB\nNot MemAvailable: 7 kB\nMemAvailable:\n");
	put("/proc/loadavg", "many\n");
	cr_assert_eq(machine_free_mib(root), UINT64_MAX);
	cr_assert_eq(machine_load(root), 0);
}

Test(machine, what_is_available)
{
	put("/proc/meminfo", "MemTotal:        2041052 kB\nMemFree:          105240 kB\nMemAvailable:    1204224 kB\n");
	cr_assert_eq(machine_free_mib(root), 1176);
}

Test(machine, this_one)
{
	uint64_t left = machine_free_mib("");

	cr_assert(left > 0);
	cr_assert_lt(left, UINT64_C(1) << 30);
	cr_assert(machine_load("") < 1000000);
}

Test(machine, the_rest_of_a_group)
{
	put("/proc/meminfo", "MemAvailable: 10485760 kB\n");
	put("/proc/self/cgroup", "0::/a/b\n");
	put(CGROUP2 "/memory.max", "max\n");
	put(CGROUP2 "/memory.current", "104857600\n");
	cr_assert_eq(machine_free_mib(root), 10240);
	put(CGROUP2 "/memory.max", "1073741824\n");
	cr_assert_eq(machine_free_mib(root), 924);
	/* Files that can be dropped are free, as MemAvailable has it. */
	put(CGROUP2 "/memory.stat", "anon 4096\nfile 62914560\ninactive_anon 1\ninactive_file 52428800\nactive_file 1\n");
	cr_assert_eq(machine_free_mib(root), 974);
	/* A group above has less left. */
	put("/sys/fs/cgroup/a/memory.max", "209715200\n");
	put("/sys/fs/cgroup/a/memory.current", "199229440\n");
	cr_assert_eq(machine_free_mib(root), 10);
	put("/sys/fs/cgroup/a/memory.current", "299229440\n");
	cr_assert_eq(machine_free_mib(root), 0);
	/* The machine itself may have less than the group may take. */
	put("/sys/fs/cgroup/a/memory.max", "max\n");
	put("/proc/meminfo", "MemAvailable: 20480 kB\n");
	cr_assert_eq(machine_free_mib(root), 20);
}

Test(machine, the_rest_of_a_group_of_version_1)
{
	put("/proc/meminfo", "MemAvailable: 10485760 kB\n");
	put("/proc/self/cgroup", "3:cpu,cpuacct:/\n2:memory:/a\n");
	put(CGROUP1 "/memory.limit_in_bytes", "9223372036854771712\n");
	put(CGROUP1 "/memory.usage_in_bytes", "104857600\n");
	cr_assert_eq(machine_free_mib(root), 10240);
	put(CGROUP1 "/memory.limit_in_bytes", "209715200\n");
	cr_assert_eq(machine_free_mib(root), 100);
	put(CGROUP1 "/memory.stat", "inactive_file 104857600\ntotal_inactive_file 52428800\n");
	cr_assert_eq(machine_free_mib(root), 150);
}

Test(machine, load_in_hundredths)
{
	put("/proc/loadavg", "12.34 15.88 12.54 13/163 29330\n");
	cr_assert_eq(machine_load(root), 1234);
	put("/proc/loadavg", "0.05 0.01 0.00 1/100 1\n");
	cr_assert_eq(machine_load(root), 5);
}
