/* See support.h. */
#define _GNU_SOURCE /* prctl, pipe2 */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <orderly/pool.h>
#include <orderly/worker.h>

#include "base/clock.h"
#include "base/fd.h"
#include "spawn/entry.h"

/* With this in the environment an EXEC spawner of this program has the worker of these tests. */
#define ACTING "ORDERLY_TEST_ACTING"

__attribute__((constructor)) static void
hook(int argc, char **argv)
{
	if (getenv(ACTING) != NULL && argc > 1 && strcmp(argv[1], ENTRY_MARK) == 0)
		spawner_run(ENTRY_LIFE, act);
	ord_worker_main(argc, argv);
}

void
check(int holds, const char *what, const char *file, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: %s (errno %d)\n", file, line, what, errno);
	_exit(1);
}

unsigned
count_fds(void)
{
	DIR *fds = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(fds) != NULL)
		count++;
	closedir(fds);
	return count - 3;
}

static void
wait_or_kill(pid_t pid, int *status)
{
	for (uint64_t end = clock_now_ns() + 2 * LONG_MS * CLOCK_NS_PER_MS; clock_now_ns() < end;
		poll(NULL, 0, 2))
		if (waitpid(pid, status, WNOHANG) != 0)
			return;
	kill(pid, SIGKILL);
	waitpid(pid, status, 0);
}

/* What was orphaned came to us; give the kernel a moment to end what was killed. */
int
nothing_is_left(void)
{
	for (uint64_t end = clock_now_ns() + LONG_MS * CLOCK_NS_PER_MS; clock_now_ns() < end;
		poll(NULL, 0, 2)) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0)
			return 1;
	}
	return 0;
}

void
play(void (*scene)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		unsigned fds;

		prctl(PR_SET_CHILD_SUBREAPER, 1);
		setenv(ACTING, "1", 1);
		fds = count_fds();
		scene();
		CHECK(count_fds() == fds);
		CHECK(nothing_is_left());
		_exit(0);
	}
	wait_or_kill(pid, &status);
	cr_assert_eq(status, 0);
}

static void
say_ready(const struct worker_setup *setup)
{
	struct life_packet packet = { .magic = LIFE_MAGIC,
		.type = LIFE_READY,
		.id = setup->id,
		.place = setup->place,
		.pid = getpid() };

	CHECK(fd_send(setup->life, &packet, sizeof packet, NULL, 0, 0) == (ssize_t)sizeof packet);
	close(setup->life);
}

/* A child of the worker, and one that has left its group and session behind. */
static void
raise_family(struct status_page *page)
{
	int link[2];
	pid_t pid;

	signal(SIGTERM, SIG_IGN);
	CHECK(pipe(link) == 0);
	if (fork() == 0) {
		if (fork() == 0) {
			setsid();
			if (fork() != 0)
				_exit(0);
			pid = getpid();
			CHECK(write(link[1], &pid, sizeof pid) == sizeof pid);
		}
		for (;;)
			pause();
	}
	CHECK(read(link[0], &pid, sizeof pid) == sizeof pid);
	atomic_store(&page->committed, (uint64_t)pid);
}

static void
run_task(const struct worker_setup *setup, struct status_page *page, enum act how)
{
	uint64_t deadline = atomic_load(&page->deadline_ns);
	struct itimerspec when = { .it_value = { .tv_sec = (time_t)(deadline / CLOCK_NS_PER_S),
					   .tv_nsec = (long)(deadline % CLOCK_NS_PER_S) } };

	signal(SIGTERM, SIG_IGN);
	/* Who obeys is not to be ended because the machine did not let it run. */
	atomic_store(&page->grace_ms, how == ACT_OBEY ? LONG_MS : 100);
	if (how == ACT_LATE)
		atomic_store(&page->deadline_ns, clock_now_ns() + 1000 * CLOCK_NS_PER_MS);
	atomic_store(&page->run, RUN_WORD(7, 1, RUN_RUNNING));
	if (deadline != 0)
		timerfd_settime(setup->deadline, TFD_TIMER_ABSTIME, &when, NULL);
	while (how != ACT_OBEY || atomic_load(&page->cancel) == 0)
		poll(NULL, 0, 1);
	atomic_store(&page->run, RUN_WORD(7, 1, RUN_IDLE));
}

void
act(const struct worker_setup *setup)
{
	struct region region;
	enum act what;
	char byte;

	CHECK(region_map(&region, setup->region) == 0);
	what = (enum act)region.page->token;
	if (what == ACT_FAMILY)
		raise_family(region.page);
	say_ready(setup);
	switch (what) {
	case ACT_EXIT: _exit(3);
	case ACT_SEGV: raise(SIGSEGV); break;
	case ACT_ANSWER:
		CHECK(write(1, "ORD", 3) == 3 && write(2, "ERLY", 4) == 4);
		CHECK(read(0, &byte, 1) == 0);
		_exit(0);
	case ACT_RUN:
	case ACT_OBEY:
	case ACT_LATE: run_task(setup, region.page, what); break;
	case ACT_FDS: _exit((int)count_fds());
	case ACT_FUNCTION: _exit(setup->function(NULL, setup->user));
	case ACT_SPAWNER: kill(getppid(), SIGKILL); break;
	case ACT_SIT:
	case ACT_FAMILY: break;
	}
	for (;;)
		pause();
}

static int
function_of_tests(struct ord_task *task, void *user)
{
	(void)task;
	return user == NULL ? 42 : 43;
}

struct launch_options
stage_options(struct stage *stage, uint32_t start)
{
	struct launch_options options = {
		.start = start, .timeout_ms = LONG_MS, .serve = act, .claims = -1
	};
	struct function_spec *function = &options.config.function;

	strcpy(stage->directory, "/tmp/orderly-test-XXXXXX");
	CHECK(mkdtemp(stage->directory) != NULL);
	CHECK(rmdir(stage->directory) == 0); /* the name is free now; the spawner makes it */
	strcpy(options.config.directory, stage->directory);
	options.config.master_pid = getpid();
	CHECK(function_describe(function, function_of_tests, &stage->error) == 0);
	if (start == ORD_START_FORK) {
		function->kind = FUNCTION_ADDRESS;
		function->address = (uint64_t)(uintptr_t)function_of_tests;
		function->user = 1;
	}
	return options;
}

void
stage_open(struct stage *stage, uint32_t start)
{
	struct launch_options options;
	int status;

	memset(stage, 0, sizeof *stage);
	options = stage_options(stage, start);
	status = launch_start(&stage->launch, &options, &stage->error);
	if (status != 0)
		fprintf(stderr, "%s\n", stage->error.text);
	CHECK(status == 0);
}

void
stage_close(struct stage *stage, uint32_t grace_ms)
{
	launch_finish(&stage->launch, grace_ms);
	CHECK(stage->launch.life == -1);
	CHECK(access(stage->directory, F_OK) != 0);
}

int
stage_hears(struct stage *stage, int timeout_ms)
{
	struct pollfd life = { .fd = stage->launch.life, .events = POLLIN };
	uint64_t end = clock_now_ns() + (uint64_t)timeout_ms * CLOCK_NS_PER_MS;
	int got;

	while ((got = launch_receive(&stage->launch, &stage->event)) == 0 && clock_now_ns() < end) {
		CHECK(launch_flush(&stage->launch) == 0);
		life.events = launch_blocked(&stage->launch) ? POLLIN | POLLOUT : POLLIN;
		poll(&life, 1, clock_left_ms(clock_now_ns(), end));
	}
	CHECK(got >= 0);
	return got;
}

const struct life_packet *
stage_await(struct stage *stage, uint32_t type, uint64_t id)
{
	do
		CHECK(stage_hears(stage, LONG_MS));
	while (stage->event.packet.type != type || stage->event.packet.id != id);
	return &stage->event.packet;
}

void
actor_enter(struct actor *actor, struct stage *stage, uint64_t id, enum act what, int with_words)
{
	int words = -1;

	actor->id = id;
	if (actor->region.page == NULL)
		CHECK(region_new(&actor->region, &actor->region_fd) == 0);
	actor->region.page->token = (uint64_t)what;
	actor->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	actor->words = -1;
	if (with_words)
		CHECK(fd_pipe(&actor->words, &words) == 0);
	CHECK(launch_worker(&stage->launch, id, 5,
		      &(struct launch_gifts){
			      actor->region_fd, actor->timer, actor->timer, words }) == 0);
	fd_close(&words);
	actor->pid = stage_await(stage, LIFE_READY, id)->pid;
	CHECK(stage->event.packet.place == 5);
}

void
actor_leave(struct actor *actor)
{
	region_finish(&actor->region);
	fd_close(&actor->region_fd);
	fd_close(&actor->timer);
	fd_close(&actor->words);
}

static size_t
add_string(char *text, size_t at, const char *string)
{
	strcpy(text + at, string);
	return at + strlen(string) + 1;
}

void
stage_command(struct stage *stage, uint64_t id, const char *const *argv, const char *const *env,
	const char *cwd, uint32_t timeout_ms, uint32_t grace_ms, const int fds[3])
{
	static const int none[3] = { -1, -1, -1 };
	struct spawn_command head = { .has_cwd = cwd != NULL };
	size_t size = sizeof head, room = sizeof head + (cwd != NULL ? strlen(cwd) + 1 : 0);
	char *text;

	for (const char *const *string = argv; *string != NULL; string++, head.argc++)
		room += strlen(*string) + 1;
	for (const char *const *string = env; env != NULL && *string != NULL; string++, head.envc++)
		room += strlen(*string) + 1;
	text = malloc(room);
	memcpy(text, &head, sizeof head);
	for (uint32_t i = 0; i < head.argc; i++)
		size = add_string(text, size, argv[i]);
	for (uint32_t i = 0; i < head.envc; i++)
		size = add_string(text, size, env[i]);
	if (cwd != NULL)
		size = add_string(text, size, cwd);
	CHECK(launch_command(&stage->launch, id, 2,
		      &(struct launch_limits){ .timeout_ms = timeout_ms, .grace_ms = grace_ms }, text, size,
		      fds != NULL ? fds : none) == 0);
	free(text);
}

void
read_all(int fd, char *text, size_t size)
{
	struct pollfd end = { .fd = fd, .events = POLLIN };
	size_t at = 0;
	ssize_t got;

	do {
		CHECK(at < size - 1);
		CHECK(poll(&end, 1, LONG_MS) == 1);
		got = read(fd, text + at, size - 1 - at);
		CHECK(got >= 0);
		at += (size_t)got;
	} while (got > 0);
	text[at] = '\0';
}

int
is_alive(pid_t pid)
{
	char path[64], text[512] = "";
	const char *behind;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof text - 1) <= 0)
		text[0] = '\0';
	close(fd);
	behind = strrchr(text, ')');
	return behind != NULL && behind[2] != 'Z' && behind[2] != 'X';
}

int
await_death(pid_t pid)
{
	uint64_t end = clock_now_ns() + LONG_MS * CLOCK_NS_PER_MS;

	while (is_alive(pid)) {
		if (clock_now_ns() > end)
			return 0;
		poll(NULL, 0, 1);
	}
	return 1;
}
