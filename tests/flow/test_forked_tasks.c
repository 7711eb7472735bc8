/* A task that forks: its child may not speak for it, whatever it does. */
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

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
