/*
 * What a worker does before its first task and behind its last.  A hook sees a
 * task that is none: no input, no place in the order; what it says belongs to
 * no task.  Before the master is connected records wait in the outbox, and the
 * timer brings the master there.
 */
#include "worker/worker.h"

#include <string.h>
#include <unistd.h>

#include <orderly/message.h>

static void
enter(struct worker *worker)
{
	static const uint64_t nothing = 0;
	struct ord_task *task = &worker->task;

	task->sequence = ORD_NO_SEQUENCE;
	task->attempt = 0;
	task->input = (const char *)&nothing;
	task->input_size = 0;
	task->output.size = 0;
	task->error[0] = '\0';
	task->yielded = task->interrupted = false;
	emit_run(worker, ORD_NO_SEQUENCE, 0, 0);
}

static void
leave(struct worker *worker)
{
	if (*worker->alive == 0)
		_exit(1); /* a child that the hook forked returned from it */
	worker_mark(worker, ORD_NO_SEQUENCE, false);
	worker->known_run = false;
}

int
worker_start_hook(struct worker *worker, const struct bounds *bounds)
{
	struct ord_task *task = &worker->task;

	bounds_read(&worker->inherited);
	if (worker->start_hook == NULL && !bounds_any_kernel(bounds))
		return 0;
	enter(worker);
	if (bounds_start(worker, bounds) == 0 && worker->start_hook != NULL)
		worker->user = worker->start_hook(task, worker->user);
	leave(worker);
	if (task->error[0] == '\0')
		return 0;
	emit(worker,
		&(struct emission){ .kind = RECORD_UNFIT,
			.body = task->error,
			.body_size = strlen(task->error) });
	return -1;
}

void
worker_stop_hook(struct worker *worker)
{
	if (worker->stop_hook == NULL)
		return;
	enter(worker);
	worker->stop_hook(&worker->task, worker->user);
	leave(worker);
}
