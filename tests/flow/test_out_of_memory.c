/*
 * Tasks that the kernel kills for want of memory, in a real control group with
 * a small limit, where one can be made: as root, in version 1, or in version 2
 * where the memory controller is given on; not under TSAN, which needs more.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tally.h"

/* Enough for this process and idle workers, and filled in no time. */
#ifdef __SANITIZE_ADDRESS__
#define LIMIT "402653184"
#else
#define LIMIT "67108864"
#endif
#define SH(script) ((const char *const[]){ "sh", "-c", (script), NULL })

struct group {
	char path[800], home[600]; /* the group, and the one this process came from */
};

static int
put(const char *folder, const char *name, const char *text)
{
	char path[1000];
	int fd, status;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	status = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
	if (fd >= 0)
		close(fd);
	return status;
}

/* The path of this process's group of a controller. */
static int
own_group(const char *controller, char *path, size_t size)
{
	char line[600], wanted[64], *found;
	FILE *file = fopen("/proc/self/cgroup", "re");
	int status = -1;

	snprintf(wanted, sizeof wanted, ":%s:", controller);
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if ((found = strstr(line, wanted)) != NULL && found == strchr(line, ':')) {
			found += strlen(wanted);
			found[strcspn(found, "\n")] = '\0';
			snprintf(path, size, "%s", strcmp(found, "/") == 0 ? "" : found);
			status = 0;
		}
	if (file != NULL)
		fclose(file);
	return status;
}

/* A group below this process's own with a limit, and this process in it. */
static int
enter(struct group *group, const char *mount, const char *controller, const char *limit)
{
	char own[256];

	if (own_group(controller, own, sizeof own) != 0)
		return -1;
	snprintf(group->home, sizeof group->home, "%s%s", mount, own);
	snprintf(group->path, sizeof group->path, "%s/orderly-test-%d", group->home, (int)getpid());
	if (mkdir(group->path, 0755) != 0)
		return -1;
	put(group->path, "memory.swap.max", "0");
	if (put(group->path, limit, LIMIT) == 0 && put(group->path, "cgroup.procs", "0") == 0) {
		put(group->path, "memory.memsw.limit_in_bytes", LIMIT);
		return 0;
	}
	rmdir(group->path);
	return -1;
}

static int
enter_any(struct group *group)
{
	return enter(group, "/sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes") == 0 ||
		enter(group, "/sys/fs/cgroup", "", "memory.max") == 0;
}

static void
leave(const struct group *group)
{
	CHECK_EQ(put(group->home, "cgroup.procs", "0"), 0);
	for (int i = 0; rmdir(group->path) != 0 && i < 1000; i++)
		scene_pause_ms(10); /* what ended is still leaving it */
}

enum { SWELL, DIE, SWELL_BELOW, COMMAND_SWELLS, COMMAND_DIES, ENDS };

static void
check_end(struct tally *tally, const struct ord_result *result)
{
	static const int states[ENDS] = { ORD_OUT_OF_MEMORY, ORD_SIGNALED, ORD_OUT_OF_MEMORY, ORD_OUT_OF_MEMORY,
		ORD_SIGNALED };
	uint64_t sequence = ord_result_sequence(result);
	int state = states[sequence];

	(void)tally;
	if (ord_result_state(result) != state)
		fprintf(stderr, "task %d: %s: %s\n", (int)sequence, ord_state_name(ord_result_state(result)),
			ord_result_error(result));
	CHECK_EQ(ord_result_state(result), state);
	CHECK((strstr(ord_result_error(result), "memory") != NULL) == (state == ORD_OUT_OF_MEMORY));
	if (sequence == SWELL_BELOW) {
		CHECK_EQ(ord_result_exit_code(result), 128 + SIGKILL);
	} else {
		CHECK_EQ(ord_result_signal(result), SIGKILL);
	}
	if (sequence == SWELL)
		CHECK(strcmp(ord_result_last_words(result, NULL), "swelling") == 0);
}

static void
submit_command(struct tally *tally, const char *script)
{
	CHECK_OK(tally->pool, ord_pool_submit_command(tally->pool, &ORD_COMMAND(.argv = SH(script)), NULL));
	CHECK_OK(tally->pool, ord_pool_run(tally->pool));
}

static void
submit(struct tally *tally, const char *input)
{
	CHECK_OK(tally->pool, ord_pool_submit(tally->pool, input, strlen(input) + 1, NULL));
	CHECK_OK(tally->pool, ord_pool_run(tally->pool));
}

/* One after the other, so that each end has its own cause. */
SCENE(out_of_memory, in_a_control_group)
{
	struct group group;
	char name[4200];

	if (!enter_any(&group)) {
		fprintf(stderr, "skipped: no control group with a memory limit can be made here (%s)\n", strerror(errno));
		return;
	}
	CHECK(getenv("ORDERLY_BUILD") != NULL);
	snprintf(name, sizeof name, "%s/modules/module_die.so:die", getenv("ORDERLY_BUILD"));
	for EACH_START (start) {
		struct tally tally = { .on_result = check_end };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function_name = name, .workers = 2, .start = start,
					   .max_deaths = 100));
		submit(&tally, "print=swelling;swell");
		submit(&tally, "raise=9");
		submit_command(&tally, "head -c 1000000000 /dev/zero | tail -n 1; exit $?");
		submit_command(&tally, "x=$(head -c 1000000000 /dev/zero | tr '\\0' x)");
		submit_command(&tally, "kill -9 $$");
		tally_close(&tally, ENDS);
	}
	leave(&group);
}
