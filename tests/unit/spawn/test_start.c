/* The start of a spawner, and everything that can be wrong with it: a sentence, and nothing left. */
#define _GNU_SOURCE /* prlimit */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <orderly/pool.h>
#include <orderly/version.h>
#include <orderly/worker.h>

#include "base/fd.h"
#include "memory_fault.h"
#include "spawn/entry.h"
#include "spawn/sweep.h"
#include "support.h"

/* A start that fails with this status and words in its sentence. */
static void
fails(struct stage *stage, const struct launch_options *options, int status, const char *words)
{
	int got = launch_start(&stage->launch, options, &stage->error);

	if (got != status || strstr(stage->error.text, words) == NULL)
		fprintf(stderr, "%d: %s\n", got, stage->error.text);
	CHECK(got == status);
	CHECK(strstr(stage->error.text, words) != NULL);
	CHECK(stage->launch.life == -1);
	launch_finish(&stage->launch, 0);
	sweep_directory(stage->directory);
}

static void
with_program(const char *program, uint32_t timeout_ms, int status, const char *words)
{
	struct stage stage = { .launch.life = -1 };
	struct launch_options options = stage_options(&stage, ORD_START_EXEC);

	options.program = program;
	options.timeout_ms = timeout_ms;
	fails(&stage, &options, status, words);
}

static void
write_script(char *path, const char *text)
{
	int fd = mkstemp(path);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(fchmod(fd, 0755) == 0);
	close(fd);
}

static void
foreign(void)
{
	char silent[] = "/tmp/orderly-silent-XXXXXX", babbling[] = "/tmp/orderly-babble-XXXXXX";

	write_script(silent, "#!/bin/sh\nsleep 1000 & wait\n");
	write_script(babbling, "#!/bin/sh\necho hello >&3; sleep 1000\n");
	with_program("/no/such/program", LONG_MS, ORD_EPROGRAM, "/no/such/program: No such file");
	with_program("no-such-program", LONG_MS, ORD_EPROGRAM, "no-such-program: No such file");
	with_program("/etc/passwd", LONG_MS, ORD_EPROGRAM, "/etc/passwd: Permission denied");
	with_program("/bin/true", LONG_MS, ORD_EPROGRAM, "/bin/true ended without a word: let it");
	with_program(silent, 500, ORD_EPROGRAM, "said nothing: let it");
	with_program(babbling, 500, ORD_EPROGRAM, "said nothing: let it");
	unlink(silent);
	unlink(babbling);
}

Test(starts, of_foreign_programs_fail)
{
	play(foreign);
}

/* This program, started with a lie in its environment. */
__attribute__((constructor(101))) static void
liar(int argc, char **argv)
{
	const char *lie = getenv("ORDERLY_TEST_LIE");
	struct life_packet packet = {
		.magic = LIFE_MAGIC, .type = LIFE_HELLO, .status = LIFE_VERSION
	};
	char bytes[sizeof packet + 16];

	if (lie == NULL || argc < 2 || strcmp(argv[1], ENTRY_MARK) != 0)
		return;
	packet.text_size = (uint32_t)strlen(lie);
	memcpy(bytes, &packet, sizeof packet);
	memcpy(bytes + sizeof packet, lie, packet.text_size);
	(void)!write(ENTRY_LIFE, bytes, sizeof packet + packet.text_size);
	/* Only the version is a lie of the first kind; the other is silence. */
	if (strcmp(lie, ORD_VERSION) == 0)
		for (;;)
			pause();
	_exit(0);
}

static void
other_version(void)
{
	char sentence[128];

	setenv("ORDERLY_TEST_LIE", "0.0.9", 1);
	snprintf(sentence, sizeof sentence, "has version 0.0.9 (protocol %u) of orderly, this is " ORD_VERSION,
		LIFE_VERSION);
	with_program(NULL, LONG_MS, ORD_EPROGRAM, sentence);
	setenv("ORDERLY_TEST_LIE", ORD_VERSION, 1);
	with_program(NULL, 500, ORD_ETIMEDOUT, "not ready in time");
}

Test(starts, of_other_versions_fail)
{
	play(other_version);
}

static void
function_missing(void)
{
	struct stage stage = { .launch.life = -1 };
	struct launch_options options = stage_options(&stage, ORD_START_EXEC);

	options.config.function.build_id[0] ^= 1;
	fails(&stage, &options, ORD_ENOTSUP, "another build");
	options = stage_options(&stage, ORD_START_EXEC);
	CHECK(function_describe_name(&options.config.function, "no-such.so:work", &stage.error) ==
		0);
	fails(&stage, &options, ORD_ENOTSUP, "cannot load no-such.so");
}

Test(starts, without_the_function_fail)
{
	play(function_missing);
}

static void *
idle_thread(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void
threads(void)
{
	struct stage stage = { .launch.life = -1 };
	struct launch_options options = stage_options(&stage, ORD_START_FORK);
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, idle_thread, NULL) == 0);
	fails(&stage, &options, ORD_ENOTSUP, "ord_worker_main");
	/* EXEC does not mind. */
	stage_open(&stage, ORD_START_EXEC);
	stage_close(&stage, 100);
}

Test(starts, by_fork_with_threads_fail)
{
	play(threads);
}

/* With each number of free descriptors from none to enough. */
static void
few_descriptors(uint32_t start)
{
	struct stage stage = { .launch.life = -1 };
	struct launch_options options = stage_options(&stage, start);
	struct rlimit before, limit;
	int status = -1;

	getrlimit(RLIMIT_NOFILE, &before);
	for (unsigned more = 0; status != 0; more++) {
		CHECK(more < 20);
		limit = before;
		limit.rlim_cur = count_fds() + more;
		setrlimit(RLIMIT_NOFILE, &limit);
		status = launch_start(&stage.launch, &options, &stage.error);
		setrlimit(RLIMIT_NOFILE, &before);
		CHECK(status == 0 || stage.error.text[0] != '\0');
	}
	stage_close(&stage, 100);
}

static void
few_exec(void)
{
	few_descriptors(ORD_START_EXEC);
}

static void
few_fork(void)
{
	few_descriptors(ORD_START_FORK);
}

Test(starts, without_descriptors_fail)
{
	play(few_exec);
	play(few_fork);
}

/* The spawner has none left: that worker fails, the next does not. */
static void
full_spawner(void)
{
	struct stage stage;
	struct actor actor = { 0 };
	struct rlimit limit, before;

	stage_open(&stage, ORD_START_EXEC);
	CHECK(prlimit(stage.launch.pid, RLIMIT_NOFILE, NULL, &before) == 0);
	limit = before;
	CHECK(region_new(&actor.region, &actor.region_fd) == 0);
	for (limit.rlim_cur = 7; limit.rlim_cur < 12; limit.rlim_cur++) {
		CHECK(prlimit(stage.launch.pid, RLIMIT_NOFILE, &limit, NULL) == 0);
		CHECK(launch_worker(&stage.launch, limit.rlim_cur, 0,
			      &(struct launch_gifts){ actor.region_fd, actor.region_fd,
				      actor.region_fd, actor.region_fd }) == 0);
		CHECK(stage_hears(&stage, LONG_MS));
		CHECK(stage.event.packet.id == limit.rlim_cur);
		if (stage.event.packet.type == LIFE_READY)
			break;
		CHECK(stage.event.packet.type == LIFE_FAILED &&
			stage.event.packet.status == EMFILE);
	}
	CHECK(limit.rlim_cur > 7);
	CHECK(prlimit(stage.launch.pid, RLIMIT_NOFILE, &before, NULL) == 0);
	actor_enter(&actor, &stage, 100, ACT_SIT, 1);
	actor_leave(&actor);
	stage_close(&stage, 100);
}

Test(starts, of_workers_survive_a_full_spawner)
{
	play(full_spawner);
}

static void
closed_standard(void)
{
	struct stage stage;
	struct actor actor = { 0 };

	for (int start = ORD_START_EXEC; start <= ORD_START_FORK; start++) {
		int kept[3];

		for (int fd = 0; fd < 3; fd++) {
			kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 50);
			close(fd);
		}
		stage_open(&stage, (uint32_t)start);
		actor_enter(&actor, &stage, 1, ACT_FDS, 0);
		/* What the worker misses is /dev/null. */
		CHECK(stage_await(&stage, LIFE_ENDED, 1)->status == 7 << 8);
		actor_leave(&actor);
		stage_close(&stage, 100);
		for (int fd = 0; fd < 3; fd++) {
			dup2(kept[fd], fd);
			close(kept[fd]);
		}
	}
}

Test(starts, need_no_standard_descriptors)
{
	play(closed_standard);
}

/* A fault that is not met in this process is met in the spawner, which inherits the count. */
static void
no_memory(void)
{
	struct stage stage = { .launch.life = -1 };
	int status = -1, failed = 0;

	for (unsigned long n = 1; n <= 20; n++) {
		struct launch_options options = stage_options(&stage, ORD_START_FORK);

		memory_fault_at(n);
		status = launch_start(&stage.launch, &options, &stage.error);
		memory_fault_at(0);
		CHECK(status == 0 || (stage.launch.life == -1 && stage.error.text[0] != '\0'));
		failed += status != 0;
		launch_finish(&stage.launch, 100);
		sweep_directory(stage.directory);
	}
	CHECK(status == 0 && failed != 0);
}

Test(starts, without_memory_fail)
{
	play(no_memory);
}

/* A user who types the mark gets what any argument gives. */
Test(starts, are_not_typed)
{
	char name[] = "program", mark[] = ENTRY_MARK;
	char *argv[] = { name, mark, NULL };

	ord_worker_main(2, argv);
	ord_worker_main(0, NULL);
	cr_assert(entry_ran());
}
