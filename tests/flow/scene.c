/* See scene.h. */
#define _GNU_SOURCE /* close_range, environ */
#include "scene.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "children.h"

#define MARK "--scene"
#define PROGRAM "/proc/self/exe"
#define CALLED "boxfort-worker" /* tests/support/criterion/leaks.c looks for leaks where it reads this */

enum { LOOK_MS = 2, FIRST_INHERITED = 3 };

/* What a fresh process of this program is told. */
struct call {
	char offset[32];
	char how[8]; /* w: with ord_worker_main, b: bare; then s: a scene, p: a part */
};

static void (*function_at(const char *text))(void)
{
	uintptr_t address = (uintptr_t)scene_play + (uintptr_t)strtoull(text, NULL, 16);
	void (*function)(void);

	memcpy(&function, &address, sizeof function);
	return function;
}

void
scene_pause_ms(int ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
		;
}

uint64_t
scene_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t
scene_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void
give_up(const char *text, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, text);
	_exit(1);
}

void
scene_check(int holds, const char *what, const char *file, int line)
{
	char text[1024];

	if (holds)
		return;
	snprintf(text, sizeof text, "%s (errno %d)", what, errno);
	give_up(text, file, line);
}

void
scene_check_equal(long long left, long long right, const char *what, const char *file, int line)
{
	char text[1024];

	if (left == right)
		return;
	snprintf(text, sizeof text, "%s: %lld and %lld", what, left, right);
	give_up(text, file, line);
}

void
scene_check_ok(struct ord_pool *pool, int status, const char *what, const char *file, int line)
{
	char text[2048];

	if (status == 0)
		return;
	snprintf(text, sizeof text, "%s: %s: %s", what, ord_status_name(status), pool != NULL ? ord_pool_error(pool) : "");
	give_up(text, file, line);
}

void
scene_check_fails(struct ord_pool *pool, int status, int wanted, const char *word, const char *what, const char *file,
	int line)
{
	char text[2048];

	if (status == wanted && strstr(ord_pool_error(pool), word) != NULL)
		return;
	snprintf(text, sizeof text, "%s: %s, not %s with \"%s\": %s", what, ord_status_name(status),
		ord_status_name(wanted), word, ord_pool_error(pool));
	give_up(text, file, line);
}

void
scene_limit(int what, unsigned long long most)
{
	struct rlimit now;

	CHECK(getrlimit(what, &now) == 0);
	now.rlim_cur = most < now.rlim_max ? most : now.rlim_max;
	CHECK(setrlimit(what, &now) == 0);
}

static unsigned
count_entries(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	unsigned count = 0;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		count += entry->d_name[0] != '.';
	if (folder != NULL)
		closedir(folder);
	return count;
}

unsigned
scene_count_fds(void)
{
	return count_entries("/proc/self/fd") - 1;
}

unsigned
scene_count_endpoints(void)
{
	return count_entries(getenv("XDG_RUNTIME_DIR"));
}

long
scene_memory_kib(pid_t pid, const char *name)
{
#ifdef __SANITIZE_ADDRESS__
	(void)pid;
	(void)name;
	return 0;
#else
	char line[256];
	long kib = 0;
	FILE *file;

	snprintf(line, sizeof line, "/proc/%d/status", pid != 0 ? pid : getpid());
	file = fopen(line, "r");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtol(line + strlen(name) + 1, NULL, 10);
	if (file != NULL)
		fclose(file);
	return kib;
#endif
}

void
scene_await_alone(void)
{
	CHECK(children_gone(SCENE_LONG_MS / 4));
}

static void
run_scene(void (*scene)(void))
{
	unsigned fds;

	children_adopt();
	fds = scene_count_fds();
	scene();
	scene_await_alone();
	CHECK_EQ(scene_count_fds(), fds);
	CHECK_EQ(scene_count_endpoints(), 0);
}

/* main belongs to Criterion; glibc gives a constructor its arguments. */
__attribute__((constructor)) static void
scene_hook(int argc, char **argv)
{
	int ours = argc == 4 && strcmp(argv[1], MARK) == 0;

	if (!ours || argv[3][0] == 'w')
		ord_worker_main(argc, argv);
	if (!ours)
		return;
	if (argv[3][1] == 's')
		run_scene(function_at(argv[2]));
	else
		function_at(argv[2])();
	exit(0);
}

/* Between fork and exec only what a process with threads may call there. */
static pid_t
start(const struct call *call, const char *folder)
{
	char *argv[] = { (char *)(uintptr_t)CALLED, (char *)(uintptr_t)MARK, (char *)(uintptr_t)call->offset,
		(char *)(uintptr_t)call->how, NULL };
	pid_t pid;

	if (folder != NULL)
		setenv("XDG_RUNTIME_DIR", folder, 1);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* who waits for it may be ended by a deadline */
		close_range(FIRST_INHERITED, ~0U, 0);
		execv(PROGRAM, argv);
		_exit(127);
	}
	return pid;
}

static struct call
call_of(void (*function)(void), char with, char what)
{
	struct call call;
	uintptr_t address;

	memcpy(&address, &function, sizeof address);
	snprintf(call.offset, sizeof call.offset, "%llx", (unsigned long long)(address - (uintptr_t)scene_play));
	snprintf(call.how, sizeof call.how, "%c%c", with, what);
	return call;
}

int
scene_await(pid_t pid)
{
	uint64_t end = scene_now_ms() + 2 * SCENE_LONG_MS;
	int status = -1;

	for (; scene_now_ms() < end; scene_pause_ms(LOOK_MS))
		if (waitpid(pid, &status, WNOHANG) != 0)
			return status;
	fprintf(stderr, "the scene %d hangs\n", pid);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return status;
}

/* What a scene that failed has left there. */
static void
sweep(const char *folder)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf %s", folder);
	if (system(command) != 0)
		perror("rm");
}

int
scene_play(void (*scene)(void), int with_worker_main)
{
	struct call call = call_of(scene, with_worker_main ? 'w' : 'b', 's');
	char folder[] = "/tmp/ord-scene-XXXXXX";
	int status;

	if (mkdtemp(folder) == NULL)
		return -1;
	status = scene_await(start(&call, folder));
	if (rmdir(folder) != 0) {
		perror(folder);
		sweep(folder);
		return -1;
	}
	return status;
}

pid_t
scene_start(void (*part)(void))
{
	struct call call = call_of(part, 'w', 'p');
	pid_t pid = start(&call, NULL);

	CHECK(pid > 0);
	return pid;
}

void
scene_line(void (*part)(void), char *line, size_t size)
{
	struct call call = call_of(part, 'w', 'p');
	char program[512];
	ssize_t length = readlink(PROGRAM, program, sizeof program - 1);

	CHECK(length > 0);
	program[length] = '\0';
	CHECK(snprintf(line, size, "%s %s %s %s", program, MARK, call.offset, call.how) < (int)size);
}
