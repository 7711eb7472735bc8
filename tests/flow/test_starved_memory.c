/*
 * (not under TSAN: it needs far more itself)
 *
 * Too little memory, files that may not be long, no place for sockets: in the host, in the spawner and its workers.
 */
#define _GNU_SOURCE /* unshare */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "starved.h"

enum { TASKS = 20, KIB = 1024 };

static const char *const file_sizes[] = { "ulimit -f", NULL };

static void
check_nothing_left(void)
{
	scene_await_alone();
	CHECK_EQ(scene_count_endpoints(), 0);
}

/* --- RLIMIT_FSIZE: the kernel would also send SIGXFSZ --- */

static void
sweep_file_size(uint32_t start)
{
	static const rlim_t limits[] = { 0, 1, 4095, 4096, 30 * KIB, 32 * KIB, 40 * KIB, 200 * KIB, 260 * KIB, 266240, 300 * KIB,
		1 << 20, RLIM_INFINITY };
	static const char shared[100000] = "s";
	struct fared fared = { .status = 1 };
	int failures = 0;

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		scene_limit(RLIMIT_FSIZE, limits[i]);
		fared = starved_pool(&STARVED_OPTIONS(.function = starved_work, .start = start, .shared = shared,
					     .shared_size = sizeof shared), TASKS);
		scene_limit(RLIMIT_FSIZE, RLIM_INFINITY);
		failures += fared.status != 0;
		CHECK(fared.status == 0 || starved_says(&fared, file_sizes));
		CHECK(fared.status != 0 || fared.done == fared.results);
		check_nothing_left();
	}
	CHECK(fared.status == 0 && failures > 5);
}

SCENE(starved_memory, file_sizes_exec)
{
	sweep_file_size(ORD_START_EXEC);
}

SCENE(starved_memory, file_sizes_fork)
{
	sweep_file_size(ORD_START_FORK);
}

SCENE(starved_memory, file_sizes_inline)
{
	sweep_file_size(ORD_START_INLINE);
}

static void
check_command(struct tally *tally, const struct ord_result *result)
{
	const rlim_t *limit = tally->user;

	CHECK_EQ(ord_result_state(result), *limit == RLIM_INFINITY ? ORD_DONE : ORD_FAILED);
	CHECK(*limit == RLIM_INFINITY || strstr(ord_result_error(result), "ulimit -f") != NULL);
}

/* Long inputs and long arguments of commands go as files. */
SCENE(starved_memory, file_sizes_of_commands)
{
	static char input[300000], argument[120000];
	rlim_t limits[] = { 100000, RLIM_INFINITY };
	const char *argv[] = { "true", argument, argument, NULL };

	memset(argument, 'a', sizeof argument - 1);
	for (int i = 0; i < 2; i++) {
		struct tally tally = { .on_result = check_command, .user = &limits[i] };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .start = ORD_START_EXEC, .workers = 2));
		scene_limit(RLIMIT_FSIZE, limits[i]);
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL));
		argv[1] = NULL;
		CHECK_OK(tally.pool,
			ord_pool_submit_command(tally.pool,
				&ORD_COMMAND(.argv = argv, .input = input, .input_size = sizeof input), NULL));
		argv[1] = argument;
		tally_close(&tally, 2);
		scene_limit(RLIMIT_FSIZE, RLIM_INFINITY);
	}
}

/* --- RLIMIT_AS --- */

#ifndef __SANITIZE_ADDRESS__

static const char *const memory[] = { "ulimit -v", "memory", "without a word", "ended while it was configured", NULL };

/* Of addresses (RLIMIT_AS), or of those that can be written (RLIMIT_DATA). */
static void
sweep_addresses(int what, const char *name, uint32_t start)
{
	rlim_t used = (rlim_t)scene_memory_kib(0, name) * KIB;
	struct fared fared = { .status = 1 };
	int failures = 0;

	for (rlim_t more = 0; more <= 96 << 20; more += (rlim_t)starved_step(512) * KIB) {
		scene_limit(what, used + more);
		fared = starved_pool(&STARVED_OPTIONS(.function = starved_work, .start = start), TASKS);
		scene_limit(what, RLIM_INFINITY);
		failures += fared.status != 0;
		CHECK(fared.status == 0 || starved_says(&fared, memory));
		check_nothing_left();
	}
	CHECK(failures > 0);
}

SCENE(starved_memory, addresses_exec)
{
	sweep_addresses(RLIMIT_AS, "VmSize", ORD_START_EXEC);
}

SCENE(starved_memory, addresses_fork)
{
	sweep_addresses(RLIMIT_AS, "VmSize", ORD_START_FORK);
}

SCENE(starved_memory, data)
{
	sweep_addresses(RLIMIT_DATA, "VmData", ORD_START_FORK);
}

SCENE(starved_memory, addresses_of_workers)
{
	struct fared fared = { .status = 1 };
	char program[STARVED_PATH], before[64];
	int failures = 0;

	for (int kib = 8 * KIB; kib <= 100 * KIB; kib += starved_step(2) * KIB) {
		snprintf(before, sizeof before, "ulimit -v %d", kib);
		starved_program(program, before);
		fared = starved_pool(
			&STARVED_OPTIONS(.function = starved_work, .start = ORD_START_EXEC, .program = program), TASKS);
		CHECK_EQ(unlink(program), 0);
		failures += fared.status != 0;
		CHECK(fared.status == 0 || starved_says(&fared, memory));
		check_nothing_left();
	}
	CHECK(fared.status == 0 && fared.done == TASKS && failures > 0);
}

#endif

/* --- where sockets lie --- */

static int
may_mount(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void
run_in(const char *directory, int works)
{
	/* What is mounted over may hide this program. */
	struct fared fared = starved_pool(
		&STARVED_OPTIONS(.function = starved_work, .start = ORD_START_FORK), TASKS);

	CHECK_EQ(fared.status == 0, works);
	CHECK(works || strstr(fared.text, directory) != NULL);
	scene_await_alone();
}

/* A directory that is given is not used if nothing can be written there; then /dev/shm, then /tmp. */
SCENE(starved_memory, no_runtime_directory)
{
	const char *folder = getenv("XDG_RUNTIME_DIR");
	char here[STARVED_PATH];

	CHECK(folder != NULL);
	snprintf(here, sizeof here, "%s", folder);
	CHECK_EQ(setenv("XDG_RUNTIME_DIR", "/nowhere", 1), 0);
	run_in("", 1);
	CHECK_EQ(setenv("XDG_RUNTIME_DIR", "relative", 1), 0);
	run_in("", 1);
	CHECK_EQ(unsetenv("XDG_RUNTIME_DIR"), 0);
	run_in("", 1);
	CHECK_EQ(setenv("XDG_RUNTIME_DIR", here, 1), 0);
}

/* Root may write everywhere but where the mount says no. */
SCENE(starved_memory, read_only_places)
{
	char folder[STARVED_PATH];

	snprintf(folder, sizeof folder, "%s", getenv("XDG_RUNTIME_DIR"));
	if (!may_mount())
		return;
	CHECK(mount("none", folder, "tmpfs", MS_RDONLY, "") == 0);
	run_in("", 1);
	CHECK(mount("none", "/dev/shm", "tmpfs", MS_RDONLY, "") == 0);
	run_in("", 1);
	CHECK(mount("none", "/tmp", "tmpfs", MS_RDONLY, "") == 0);
	CHECK_EQ(setenv("XDG_RUNTIME_DIR", "/dev", 1), 0);
	run_in("", 1);
	CHECK_EQ(setenv("XDG_RUNTIME_DIR", "/proc", 1), 0);
	run_in("XDG_RUNTIME_DIR", 0);
	CHECK_EQ(setenv("XDG_RUNTIME_DIR", "/sys", 1), 0);
	run_in("XDG_RUNTIME_DIR", 0);
	CHECK_EQ(setenv("XDG_RUNTIME_DIR", "/nowhere", 1), 0);
	run_in("/tmp/orderly-", 0);
	CHECK(umount("/tmp") == 0 && umount(folder) == 0);
	CHECK_EQ(setenv("XDG_RUNTIME_DIR", folder, 1), 0);
}

/* So many files fit: the directory of the pool, and each socket. */
SCENE(starved_memory, full_places)
{
	char folder[STARVED_PATH], options[64];

	snprintf(folder, sizeof folder, "%s", getenv("XDG_RUNTIME_DIR"));
	if (!may_mount())
		return;
	for (int inodes = 1; inodes <= 6; inodes++) {
		struct fared fared;

		snprintf(options, sizeof options, "size=16k,nr_inodes=%d", inodes);
		CHECK(mount("none", folder, "tmpfs", 0, options) == 0);
		fared = starved_pool(&STARVED_OPTIONS(.function = starved_work, .start = ORD_START_EXEC), TASKS);
		CHECK(fared.status == 0 || (strstr(fared.text, "No space left") != NULL && strstr(fared.text, folder) != NULL));
		CHECK_EQ(fared.status == 0, inodes >= 3);
		check_nothing_left();
		CHECK(umount(folder) == 0);
	}
}
