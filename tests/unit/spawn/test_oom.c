/* Whose end the kernel's count of a control group explains; the files are a folder of the test's. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "spawn/oom.h"
#include "kernel_files.h"

static char root[KERNEL_FILES_ROOT_MAX];

static void
set_up(void)
{
	kernel_files_make(root);
}

static void
tear_down(void)
{
	kernel_files_sweep(root);
}

static void
put(const char *name, const char *text)
{
	kernel_files_put(root, name, text);
}

#define EVENTS(n) "low 0\nhigh 7\nmax 1234\noom 9\noom_kill " n "\noom_group_kill 0\n"
#define CONTROL(n) "oom_kill_disable 0\nunder_oom 0\noom_kill " n "\n"

Test(oom, version_2, .init = set_up, .fini = tear_down)
{
	struct oom oom;

	put("/proc/self/cgroup", "0::/user/session\n");
	put("/sys/fs/cgroup/user/session/memory.events", EVENTS("3"));
	put("/sys/fs/cgroup/memory.events", EVENTS("99"));
	oom_open(&oom, root);
	cr_assert_eq(oom_count(&oom), 3);
	cr_assert_not(oom_did_it(&oom, 3));
	/* Two are killed: two of those that lived then are explained, and no third. */
	put("/sys/fs/cgroup/user/session/memory.events", EVENTS("5"));
	cr_assert_not(oom_did_it(&oom, 5));
	cr_assert(oom_did_it(&oom, 4));
	cr_assert(oom_did_it(&oom, 3));
	cr_assert_not(oom_did_it(&oom, 3));
	oom_close(&oom);
}

Test(oom, version_1, .init = set_up, .fini = tear_down)
{
	struct oom oom;

	put("/proc/self/cgroup", "5:devices:/x\n4:memory:/jobs/7\n3:cpuset:/\n0::/\n");
	put("/sys/fs/cgroup/memory/jobs/7/memory.oom_control", CONTROL("0"));
	put("/sys/fs/cgroup/memory/memory.oom_control", CONTROL("8"));
	oom_open(&oom, root);
	cr_assert_eq(oom_count(&oom), 0);
	put("/sys/fs/cgroup/memory/jobs/7/memory.oom_control", CONTROL("18446744073709551615"));
	cr_assert_eq(oom_count(&oom), UINT64_MAX);
	cr_assert(oom_did_it(&oom, 0));
	oom_close(&oom);
}

/* Several controllers in one hierarchy, and one whose name begins alike. */
Test(oom, among_others, .init = set_up, .fini = tear_down)
{
	struct oom oom;

	put("/proc/self/cgroup", "6:memory2,cpu:/no\n4:cpu,memory,devices:/jobs\n");
	put("/sys/fs/cgroup/memory/no/memory.oom_control", CONTROL("1"));
	put("/sys/fs/cgroup/memory/jobs/memory.oom_control", CONTROL("2"));
	oom_open(&oom, root);
	cr_assert_eq(oom_count(&oom), 2);
	oom_close(&oom);
}

/* The path is the host's, and what is mounted is the group. */
Test(oom, in_a_container, .init = set_up, .fini = tear_down)
{
	struct oom oom;

	put("/proc/self/cgroup", "0::/docker/0123456789\n");
	put("/sys/fs/cgroup/memory.events", EVENTS("1"));
	oom_open(&oom, root);
	cr_assert_eq(oom_count(&oom), 1);
	oom_close(&oom);
}

/* What is missing or makes no sense explains nothing. */
Test(oom, nothing_to_go_by, .init = set_up, .fini = tear_down)
{
	static const char *const groups[] = { "", "\n", "nonsense\n", "0:\n", "0::\n",
		"0::relative\n", "::/\n", "0::/no-end" };
	static const char *const events[] = { "", "oom_kill", "oom_kill \n", "oom_kill -\n",
		"xoom_kill 5\n" };
	struct oom oom;

	oom_open(&oom, root);
	cr_assert_eq(oom.fd, -1);
	cr_assert_not(oom_did_it(&oom, 0));
	oom_close(&oom);
	put("/sys/fs/cgroup/memory.events", EVENTS("1"));
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		put("/proc/self/cgroup", groups[i]);
		oom_open(&oom, root);
		cr_assert_eq(oom_count(&oom), strcmp(groups[i], "::/\n") == 0, "%s", groups[i]);
		oom_close(&oom);
	}
	put("/proc/self/cgroup", "0::/\n");
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
		put("/sys/fs/cgroup/memory.events", events[i]);
		oom_open(&oom, root);
		cr_assert(oom.fd > 2);
		cr_assert_eq(oom_count(&oom), 0, "%s", events[i]);
		cr_assert_not(oom_did_it(&oom, 0));
		oom_close(&oom);
	}
}

/* Children that live in a group of their own are counted there, if that counts at all. */
Test(oom, a_group_of_its_children, .init = set_up, .fini = tear_down)
{
	char group[KERNEL_FILES_ROOT_MAX + 16];
	struct oom oom;

	put("/proc/self/cgroup", "0::/\n");
	put("/sys/fs/cgroup/memory.events", EVENTS("7"));
	snprintf(group, sizeof group, "%s/group", root);
	oom_open(&oom, root);
	oom_open_group(&oom, group);
	cr_assert_eq(oom_count(&oom), 7);
	put("/group/memory.events", EVENTS("2"));
	oom_open_group(&oom, group);
	cr_assert_eq(oom_count(&oom), 2);
	cr_assert_not(oom_did_it(&oom, 2));
	put("/group/memory.events", EVENTS("3"));
	cr_assert(oom_did_it(&oom, 2));
	cr_assert_not(oom_did_it(&oom, 2));
	oom_close(&oom);
}
