/*
 * Ends: of the master, of the spawner, of a pool; nothing is left after any of them.
 * Not run with ThreadSanitizer (not under TSAN): it turns vfork into fork, and failed commands are what the tests wait for.
 */
#define _GNU_SOURCE /* usleep */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <orderly/pool.h>

#include "base/clock.h"
#include "base/fd.h"
#include "spawn/sweep.h"
#include "support.h"

#define ARGV(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

static void
socket_name(struct sockaddr_un *name, const char *directory, unsigned id)
{
	name->sun_family = AF_UNIX;
	snprintf(name->sun_path, sizeof name->sun_path, "%.80s/%u", directory, id);
}

static void
leave_socket(const char *directory, unsigned id)
{
	struct sockaddr_un name;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	socket_name(&name, directory, id);
	CHECK(bind(fd, (struct sockaddr *)&name, sizeof name) == 0);
	close(fd);
}

static int
has_socket(const char *directory, unsigned id)
{
	struct sockaddr_un name;

	socket_name(&name, directory, id);
	return access(name.sun_path, F_OK) == 0;
}

/* All of a pool: workers with families that ignore SIGTERM, and commands. */
struct cast {
	struct stage stage;
	struct actor actor;
	pid_t outsider;
};

static void
gather(struct cast *cast, uint32_t start)
{
	memset(cast, 0, sizeof *cast);
	stage_open(&cast->stage, start);
	leave_socket(cast->stage.directory, 1);
	actor_enter(&cast->actor, &cast->stage, 1, ACT_FAMILY, 1);
	cast->outsider = (pid_t)atomic_load(&cast->actor.region.page->committed);
	stage_command(&cast->stage, 2, ARGV("sleep", "1000"), NULL, NULL, 0, 0, NULL);
	stage_command(&cast->stage, 3, ARGV("sh", "-c", "trap '' TERM; sleep 1000 & wait; wait"),
		NULL, NULL, 0, 0, NULL);
	stage_command(&cast->stage, 4,
		ARGV("sh", "-c", "setsid sh -c 'trap \"\" TERM; sleep 1000' &"), NULL, NULL, 0, 0,
		NULL);
	stage_await(&cast->stage, LIFE_ENDED, 4);
}

static void
at_the_end(uint32_t start)
{
	struct cast cast;

	gather(&cast, start);
	stage_close(&cast.stage, 200);
	CHECK(!is_alive(cast.actor.pid) && !is_alive(cast.outsider));
	actor_leave(&cast.actor);
}

static void
end_exec(void)
{
	at_the_end(ORD_START_EXEC);
}

static void
end_fork(void)
{
	at_the_end(ORD_START_FORK);
}

/* A pool may see millions of workers: what each bound goes with it, and nobody else's. */
static void
sockets_of_a_worker(void)
{
	struct stage stage;
	struct actor actor = { 0 };
	uint64_t end_ns;

	stage_open(&stage, ORD_START_FORK);
	for (unsigned id = 6; id < 9; id++)
		leave_socket(stage.directory, id);
	actor_enter(&actor, &stage, 7, ACT_EXIT, 0);
	stage_await(&stage, LIFE_ENDED, 7);
	end_ns = clock_now_ns() + LONG_MS * CLOCK_NS_PER_MS;
	while (has_socket(stage.directory, 7)) {
		CHECK(clock_now_ns() < end_ns);
		usleep(1000);
	}
	for (unsigned id = 6; id < 9; id += 2)
		CHECK(has_socket(stage.directory, id));
	stage_close(&stage, 200);
	actor_leave(&actor);
}

Test(ends, of_a_worker_leave_no_socket)
{
	play(sockets_of_a_worker);
}

Test(ends, of_a_pool_leave_nothing)
{
	play(end_exec);
	play(end_fork);
}

/* The master lives in a child of the scene, which hears of everything that loses its parent. */
static void
master_dies(uint32_t start, int with_witness)
{
	struct {
		pid_t worker, outsider;
		char directory[SPAWN_DIRECTORY_MAX];
	} told;
	int link[2], witness[2];
	pid_t master;

	CHECK(fd_pipe(&link[0], &link[1]) == 0 && fd_pipe(&witness[0], &witness[1]) == 0);
	master = fork();
	if (master == 0) {
		struct cast cast;

		gather(&cast, start);
		/* A child of the host that holds the life channel open. */
		if (with_witness && fork() == 0) {
			char byte;

			close(link[1]);
			close(witness[1]);
			_exit((int)read(witness[0], &byte, 1));
		}
		told.worker = cast.actor.pid;
		told.outsider = cast.outsider;
		memcpy(told.directory, cast.stage.directory, sizeof told.directory);
		CHECK(write(link[1], &told, sizeof told) == sizeof told);
		raise(SIGKILL);
	}
	fd_close(&link[1]);
	CHECK(read(link[0], &told, sizeof told) == sizeof told);
	fd_close(&link[0]);
	CHECK(waitpid(master, NULL, 0) == master);
	CHECK(await_death(told.worker) && await_death(told.outsider));
	for (uint64_t i = 0; access(told.directory, F_OK) == 0; i++) {
		CHECK(i < LONG_MS);
		poll(NULL, 0, 1);
	}
	fd_close(&witness[0]);
	fd_close(&witness[1]);
}

static void
master_exec(void)
{
	master_dies(ORD_START_EXEC, 0);
}

static void
master_exec_watched(void)
{
	master_dies(ORD_START_EXEC, 1);
}

static void
master_fork(void)
{
	master_dies(ORD_START_FORK, 1);
}

Test(ends, of_the_master_leave_nothing)
{
	play(master_exec);
	play(master_exec_watched);
	play(master_fork);
}

/* A master with all that it does, until it is killed. */
_Noreturn static void
be_busy(uint32_t start, int link)
{
	struct stage stage = { .launch.life = -1 };
	struct launch_options options = stage_options(&stage, start);
	struct actor actor = { 0 };

	CHECK(write(link, stage.directory, sizeof stage.directory) == sizeof stage.directory);
	CHECK(launch_start(&stage.launch, &options, &stage.error) == 0);
	for (uint64_t id = 1;; id += 2) {
		stage_command(&stage, id, ARGV("sleep", "1000"), NULL, NULL, 0, 0, NULL);
		memset(&actor, 0, sizeof actor);
		actor_enter(&actor, &stage, id + 1, ACT_FAMILY, 1);
	}
}

static void
any_moment(uint32_t start)
{
	char directory[SPAWN_DIRECTORY_MAX];
	int link[2];

	for (unsigned round = 0; round < 25; round++) {
		pid_t master;

		CHECK(fd_pipe(&link[0], &link[1]) == 0);
		master = fork();
		if (master == 0)
			be_busy(start, link[1]);
		CHECK(read(link[0], directory, sizeof directory) == sizeof directory);
		usleep(round * 700);
		CHECK(kill(master, SIGKILL) == 0);
		CHECK(nothing_is_left());
		/* Before it was configured the spawner knew nothing of it. */
		sweep_directory(directory);
		fd_close(&link[0]);
		fd_close(&link[1]);
	}
}

static void
any_moment_exec(void)
{
	any_moment(ORD_START_EXEC);
}

static void
any_moment_fork(void)
{
	any_moment(ORD_START_FORK);
}

Test(ends, of_the_master_may_come_at_any_moment)
{
	play(any_moment_exec);
	play(any_moment_fork);
}

/* What was under way is killed with the spawner; what had left its group is the host's problem, as stated. */
static void
spawner_dies(uint32_t start)
{
	struct stage stage;
	struct actor actors[3] = { { 0 } };
	int got = 0;

	stage_open(&stage, start);
	for (size_t i = 0; i < 3; i++)
		actor_enter(&actors[i], &stage, i, ACT_SIT, 1);
	stage_command(&stage, 9, ARGV("sleep", "1000"), NULL, NULL, 0, 0, NULL);
	/* The answer says that the spawner has done all that came before. */
	stage_command(&stage, 10, ARGV("/no/such"), NULL, NULL, 0, 0, NULL);
	stage_await(&stage, LIFE_FAILED, 10);
	kill(stage.launch.pid, SIGKILL);
	for (uint64_t i = 0; got != ORD_ELOST; i++) {
		CHECK(i < LONG_MS);
		got = launch_receive(&stage.launch, &stage.event);
		CHECK(got == 0 || got == ORD_ELOST);
		poll(NULL, 0, 1);
	}
	for (size_t i = 0; i < 3; i++) {
		CHECK(await_death(actors[i].pid));
		actor_leave(&actors[i]);
	}
	CHECK(launch_stop(&stage.launch, 1, 0, 0, 0) == ORD_ELOST);
	sweep_directory(stage.directory);
	stage_close(&stage, 100);
}

static void
spawner_exec(void)
{
	spawner_dies(ORD_START_EXEC);
}

static void
spawner_fork(void)
{
	spawner_dies(ORD_START_FORK);
}

Test(ends, of_the_spawner_are_noticed)
{
	play(spawner_exec);
	play(spawner_fork);
}

/* The last reports are read although the other end is gone, with something it had not read. */
static void
last_words(void)
{
	struct stage stage;
	struct actor actor = { 0 };

	stage_open(&stage, ORD_START_EXEC);
	actor_enter(&actor, &stage, 1, ACT_EXIT, 0);
	while (is_alive(actor.pid))
		poll(NULL, 0, 1);
	stage_command(&stage, 2, ARGV("true"), NULL, NULL, 0, 0, NULL);
	poll(&(struct pollfd){ .fd = stage.launch.life, .events = POLLIN }, 1, LONG_MS);
	kill(stage.launch.pid, SIGSTOP);
	CHECK(launch_stop(&stage.launch, 77, 0, 0, 0) == 0);
	kill(stage.launch.pid, SIGKILL);
	stage_await(&stage, LIFE_ENDED, 1);
	actor_leave(&actor);
	sweep_directory(stage.directory);
	stage_close(&stage, 100);
}

Test(ends, of_the_spawner_lose_no_report)
{
	play(last_words);
}

/* A spawner that does not answer, and what left the group of a command: it is let go on to find that. */
static void
stuck(void)
{
	struct stage stage;
	struct actor actor = { 0 };
	uint64_t began;

	stage_open(&stage, ORD_START_EXEC);
	actor_enter(&actor, &stage, 1, ACT_SIT, 0);
	stage_command(&stage, 2, ARGV("sh", "-c", "setsid sleep 1000 &"), NULL, NULL, 0, 0, NULL);
	stage_await(&stage, LIFE_ENDED, 2);
	kill(stage.launch.pid, SIGSTOP);
	began = clock_now_ns();
	sweep_directory(stage.directory);
	stage_close(&stage, 100);
	CHECK(clock_now_ns() - began < LONG_MS * CLOCK_NS_PER_MS);
	CHECK(await_death(actor.pid));
	actor_leave(&actor);
}

Test(ends, do_not_wait_for_ever)
{
	play(stuck);
}

/* A host that has SIGCHLD for itself, and one that reaps whatever there is. */
static void
sigchld_ignored(void)
{
	struct stage stage;
	struct actor actor = { 0 };

	signal(SIGCHLD, SIG_IGN);
	stage_open(&stage, ORD_START_EXEC);
	actor_enter(&actor, &stage, 1, ACT_EXIT, 0);
	CHECK(WEXITSTATUS(stage_await(&stage, LIFE_ENDED, 1)->status) == 3);
	actor_leave(&actor);
	stage_close(&stage, 100);
}

static void
thief(int number)
{
	int kept = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = kept;
}

static void
sigchld_stolen(void)
{
	struct sigaction action = { .sa_handler = thief };
	struct stage stage;
	struct actor actor = { 0 };

	sigaction(SIGCHLD, &action, NULL);
	stage_open(&stage, ORD_START_EXEC);
	actor_enter(&actor, &stage, 1, ACT_EXIT, 0);
	CHECK(WEXITSTATUS(stage_await(&stage, LIFE_ENDED, 1)->status) == 3);
	actor_leave(&actor);
	stage_close(&stage, 100);
	stage_open(&stage, ORD_START_FORK);
	actor_enter(&actor, &stage, 1, ACT_EXIT, 0);
	CHECK(WEXITSTATUS(stage_await(&stage, LIFE_ENDED, 1)->status) == 3);
	actor_leave(&actor);
	stage_close(&stage, 100);
}

Test(ends, are_known_whatever_the_host_reaps)
{
	play(sigchld_ignored);
	play(sigchld_stolen);
}

/* The host's own children are the host's. */
static void
foreign_child(void)
{
	struct stage stage;
	pid_t own = fork();
	int status;

	if (own == 0) {
		poll(NULL, 0, 100);
		_exit(17);
	}
	stage_open(&stage, ORD_START_FORK);
	stage_close(&stage, 100);
	CHECK(waitpid(own, &status, 0) == own && WEXITSTATUS(status) == 17);
}

Test(ends, of_others_are_left_to_the_host)
{
	play(foreign_child);
}

/* Nobody wakes while nothing happens. */
static unsigned long
switches(pid_t pid)
{
	char path[64], text[8192] = "";
	const char *line;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	CHECK(file != NULL && fread(text, 1, sizeof text - 1, file) != 0);
	fclose(file);
	line = strstr(text, "\nvoluntary_ctxt_switches:\t");
	CHECK(line != NULL);
	return strtoul(line + strlen("\nvoluntary_ctxt_switches:\t"), NULL, 10);
}

static void
idle(void)
{
	struct stage stage;
	struct actor actor = { 0 };
	unsigned long before = 0;

	stage_open(&stage, ORD_START_EXEC);
	actor_enter(&actor, &stage, 1, ACT_SIT, 1);
	stage_command(&stage, 2, ARGV("sleep", "1000"), NULL, NULL, 60000, 100, NULL);
	/* The answer to this one says that the spawner has done all that came before. */
	stage_command(&stage, 3, ARGV("/no/such"), NULL, NULL, 0, 0, NULL);
	stage_await(&stage, LIFE_FAILED, 3);
	/* On a busy machine it may still have to go to sleep. */
	for (int i = 0; i < 20 && switches(stage.launch.pid) != before; i++) {
		before = switches(stage.launch.pid);
		poll(NULL, 0, 1500);
	}
	CHECK(switches(stage.launch.pid) == before);
	actor_leave(&actor);
	stage_close(&stage, 100);
}

Test(ends, are_waited_for_asleep)
{
	play(idle);
}

/* In a child of the owner the channel is dropped and the pool lives on. */
static void
abandoned(void)
{
	struct stage stage;
	struct actor actor = { 0 };
	int status;
	pid_t pid;

	stage_open(&stage, ORD_START_EXEC);
	pid = fork();
	if (pid == 0) {
		launch_abandon(&stage.launch);
		CHECK(stage.launch.life == -1);
		launch_finish(&stage.launch, 0);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	actor_enter(&actor, &stage, 1, ACT_SIT, 0);
	actor_leave(&actor);
	stage_close(&stage, 100);
}

Test(ends, of_a_copy_touch_nobody)
{
	play(abandoned);
}
