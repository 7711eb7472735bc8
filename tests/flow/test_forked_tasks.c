/* A task that forks: its child may not speak for it, whatever it does. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tally.h"

enum { MANY = 50 };

/* The child logs and returns from the task function, as the parent does. */
static int
fork_and_return(struct ord_task *task, void *user)
{
	uint64_t sequence = ord_task_sequence(task);
	pid_t child = fork();
	int status;

	(void)user;
	if (child == 0) {
		if (ord_log(ORD_INFO, "from a child") != ORD_ENOTSUP)
			_exit(9);
		return ord_task_return(task, "child", 6);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return ord_task_fail(task, "no child");
	ord_log(ORD_INFO, "child %d", WEXITSTATUS(status));
	return ord_task_return(task, &sequence, sizeof sequence);
}

struct heard {
	uint64_t results;
	uint64_t logs;
};

static void
must_be_the_parents(const struct ord_result *result, void *user)
{
	struct heard *heard = user;

	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(*(const uint64_t *)ord_result_output(result, NULL), heard->results);
	heard->results++;
}

static void
must_be_a_refusal(const struct ord_message *message, void *user)
{
	struct heard *heard = user;

	CHECK_EQ(ord_message_text(message, NULL)[6], '1');
	heard->logs++;
}

SCENE(forked_tasks, speak_once)
{
	struct heard heard = { 0 };
	struct ord_pool *pool;

	CHECK_EQ(ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = fork_and_return, .workers = 2,
					     .on_result = must_be_the_parents, .on_result_user = &heard,
					     .on_message = must_be_a_refusal, .on_message_user = &heard)),
		0);
	CHECK_OK(pool, ord_pool_start(pool));
	for (int i = 0; i < MANY; i++)
		CHECK_OK(pool, ord_pool_submit_wait(pool, NULL, 0, NULL));
	CHECK_OK(pool, ord_pool_finish(pool));
	CHECK_EQ(heard.results, MANY);
	CHECK_EQ(heard.logs, MANY);
	ord_pool_destroy(&pool);
}

/* The record arms the timer that brings the master; it fires while nobody looks. */
static int
leave_a_holder(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	ord_log(ORD_INFO, "last words");
	if (fork() == 0) {
		setsid();
		for (;;)
			pause();
	}
	raise(SIGKILL);
	return 0;
}

/* What a task left behind holds descriptors of its worker: the pool must not be woken by them for ever. */
SCENE(forked_tasks, hold_what_was_their_workers)
{
	struct pollfd quiet = { .events = POLLIN };
	struct tally tally = { 0 };
	int looks = 0;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = leave_a_holder, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	while (tally.messages == 0 && tally.results == 0) {
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
		scene_pause_ms(30);
	}
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	quiet.fd = ord_pool_fd(tally.pool);
	for (; looks < 1000 && poll(&quiet, 1, 300) != 0; looks++)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
	CHECK(looks < 1000);
	tally_close(&tally, 1);
	CHECK_EQ(tally.messages, 1);
}
