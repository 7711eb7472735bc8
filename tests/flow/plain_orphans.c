/*
 * No orphan: SIGKILL of a master, of its spawner or of a worker while a pool starts, runs or drains, with tasks
 * and commands that leave processes behind, in their group or in sessions of their own. This process is a
 * subreaper above all of them, so whoever loses its parent and lives becomes its child: none means none.
 *
 *   plain_orphans [ROUNDS [SEED]]      or ORDERLY_TEST_ROUNDS (for each of the three), ORDERLY_TEST_SEED
 */
#define _GNU_SOURCE /* pipe2 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <orderly/orderly.h>

#include "children.h"
#include "host.h"
#include "victims.h"

enum {
	ROUNDS = 15,
	DEADLINE_S = 1400,
	LONG_DEADLINE_S = 3 * 3600,
	TASKS = 24,
	GONE_MS = 100000,
	TOLD_MS = 100000,
	MOST = 256
};

#define MASTER "--master"

/* What a master tells: it starts a pool, the pool runs, it drains, it is gone; the pool was lost. */
enum told { TOLD_START = 's', TOLD_RUN = 'r', TOLD_DRAIN = 'd', TOLD_END = 'e', TOLD_LOST = 'l' };

enum victim { VICTIM_MASTER, VICTIM_SPAWNER, VICTIM_WORKER, VICTIMS };

/* In a session of its own it is out of reach of who kills the group of its worker. */
static void
leave_behind(int in_a_session, int twice)
{
	if (fork() != 0)
		return;
	if (in_a_session)
		setsid();
	if (twice && fork() != 0)
		_exit(0);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	for (;;)
		pause();
}

static int
act(struct ord_task *task, void *user)
{
	uint64_t kind = *(const uint64_t *)ord_task_input(task, NULL);

	(void)user;
	switch (kind % 8) {
	case 0: leave_behind(1, 1); break;
	case 1: leave_behind(1, 0); break;
	case 2: leave_behind(0, 1); break;
	case 3: leave_behind(0, 0); break;
	case 4:
		signal(SIGTERM, SIG_IGN);
		host_pause_us(3000);
		break;
	default: host_pause_us(kind % 1000); break;
	}
	return 0;
}

static void
tell(enum told what)
{
	char byte = (char)what;

	if (write(STDOUT_FILENO, &byte, 1) != 1)
		_exit(2);
}

static void
submit(struct ord_pool *pool, uint64_t *random)
{
	static const char *const commands[][4] = { { "sh", "-c", "setsid sleep 1000 & exit 0",
							   NULL },
		{ "sh", "-c", "sleep 1000 & exit 0", NULL }, { "sleep", "0.003", NULL } };
	uint64_t kind = host_random(random);

	if (kind % 5 != 0)
		ord_pool_submit(pool, &kind, sizeof kind, NULL);
	else
		ord_pool_submit_command(pool, &ORD_COMMAND(.argv = commands[kind / 5 % 3]), NULL);
}

static void
drop(const struct ord_result *result, void *user)
{
	(void)result;
	(void)user;
}

/* One pool after the other, until it is killed or its spawner is. */
static int
be_master(uint64_t seed)
{
	uint64_t random = seed | 1;

	for (;;) {
		struct ord_pool *pool = NULL;
		int status;

		tell(TOLD_START);
		status = ord_pool_new(&pool,
			&ORD_POOL_OPTIONS(.function = act, .workers = 3, .on_result = drop,
				.start = seed % 2 == 0 ? ORD_START_EXEC : ORD_START_FORK,
				.grace_ms = 20));
		if (status == 0)
			status = ord_pool_start(pool);
		if (status == 0)
			tell(TOLD_RUN);
		for (int i = 0; i < TASKS && status == 0; i++) {
			submit(pool, &random);
			status = ord_pool_step(pool, (int)(host_random(&random) % 2));
		}
		if (status == 0) {
			tell(TOLD_DRAIN);
			status = ord_pool_finish(pool);
		}
		ord_pool_destroy(&pool);
		tell(status == 0 ? TOLD_END : TOLD_LOST);
		if (status != 0)
			return 0;
	}
}

static pid_t
start_master(uint64_t seed, int *ear)
{
	char number[32];
	char *argv[] = { (char *)(uintptr_t) "master", (char *)(uintptr_t)MASTER, number, NULL };
	int ends[2];
	pid_t pid;

	snprintf(number, sizeof number, "%llu", (unsigned long long)seed);
	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	close(ends[1]);
	*ear = ends[0];
	return pid;
}

/* What it tells next; 0: it has ended. */
static int
hear(int ear)
{
	struct pollfd wait = { .fd = ear, .events = POLLIN };
	char byte = 0;
	ssize_t n;

	CHECK(poll(&wait, 1, TOLD_MS) == 1);
	n = read(ear, &byte, 1);
	return n == 1 ? byte : 0;
}

static void
hear_until(int ear, int wanted)
{
	int told;

	while ((told = hear(ear)) != wanted)
		CHECK(told != 0);
}

static void
strike(pid_t pid, pid_t parent)
{
	int held = victims_hold(pid, parent);

	if (held < 0)
		return;
	victims_signal(held, SIGKILL);
	close(held);
}

static void
strike_master(pid_t master, int ear)
{
	(void)ear;
	strike(master, getpid());
}

/* They end without our help; what may be left is what had left its group, and what commands had started. */
static void
await_ends(const pid_t *ours, size_t n)
{
	uint64_t end_ms = host_now_ms() + GONE_MS;

	for (size_t i = 0; i < n; i++) {
		while (kill(ours[i], 0) == 0 && host_now_ms() < end_ms) {
			waitpid(ours[i], NULL, WNOHANG);
			host_pause_us(1000);
		}
		CHECK(kill(ours[i], 0) != 0 && errno == ESRCH);
	}
}

/* All that live below us are killed, so that the next round begins with none. */
static void
sweep(void)
{
	pid_t children[MOST];
	size_t n;

	while ((n = victims_of(getpid(), children, MOST)) != 0) {
		for (size_t i = 0; i < n; i++)
			strike(children[i], getpid());
		if (children_gone(10))
			return;
	}
}

static void
strike_spawner(pid_t master, int ear)
{
	pid_t spawner, ours[MOST];
	size_t n;
	int told;

	if (victims_of(master, &spawner, 1) == 1) {
		n = victims_of(spawner, ours, MOST);
		/* Of these only workers and commands are ours: they lead groups of their own, in our session. */
		for (size_t i = 0; i < n;)
			if (getpgid(ours[i]) == ours[i] && getsid(ours[i]) == getsid(0))
				i++;
			else
				ours[i] = ours[--n];
		strike(spawner, master);
		while ((told = hear(ear)) != TOLD_LOST && told != TOLD_END)
			CHECK(told != 0);
		await_ends(ours, n);
	}
	strike(master, getpid());
	sweep();
}

/* The pool goes on, and at its end nothing of it is left. */
static void
strike_worker(pid_t master, int ear)
{
	pid_t spawner, children[MOST];
	size_t n;

	if (victims_of(master, &spawner, 1) == 1) {
		n = victims_of(spawner, children, MOST);
		if (n != 0)
			strike(children[host_now_ms() % n], spawner);
	}
	hear_until(ear, TOLD_END);
	/* The next pool may have begun. */
	CHECK(victims_of(getpid(), children, MOST) == 1 && children[0] == master);
	strike(master, getpid());
}

static void
play(enum victim victim, uint64_t *random)
{
	static const char phases[] = { TOLD_START, TOLD_RUN, TOLD_DRAIN };
	static void (*const strikes[])(
		pid_t, int) = { strike_master, strike_spawner, strike_worker };
	int ear;
	pid_t master = start_master(host_random(random) % 1000000, &ear);

	hear_until(ear, phases[host_random(random) % 3]);
	host_pause_us(host_random(random) % 15000);
	strikes[victim](master, ear);
	CHECK(children_gone(GONE_MS));
	close(ear);
}

static uint64_t
number(int argc, char **argv, int which, const char *name, uint64_t otherwise)
{
	const char *text = argc > which ? argv[which] : getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

int
main(int argc, char **argv)
{
	uint64_t rounds, random;

	ord_worker_main(argc, argv);
	if (argc == 3 && strcmp(argv[1], MASTER) == 0)
		return be_master(strtoull(argv[2], NULL, 10));
	rounds = number(argc, argv, 1, "ORDERLY_TEST_ROUNDS", ROUNDS);
	random = number(argc, argv, 2, "ORDERLY_TEST_SEED", 20261121) | 1;
	host_begin(rounds > ROUNDS ? LONG_DEADLINE_S : DEADLINE_S);
	for (uint64_t i = 0; i < rounds; i++)
		for (enum victim victim = VICTIM_MASTER; victim < VICTIMS; victim++)
			play(victim, &random);
	printf("%llu rounds for each of master, spawner and worker\n", (unsigned long long)rounds);
	return host_end();
}
