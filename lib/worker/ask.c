/*
 * A task asks its master, or gives its slot back and wants one again.  Each of
 * these is a record in the stream of results; the answer comes among the tasks.
 */
#include <orderly/message.h>
#include <orderly/status.h>

#include "worker/worker.h"

/* Say it now: somebody waits for what comes of it. */
static void
say(struct worker *worker, uint8_t kind, const void *bytes, size_t size)
{
	emit(worker,
		&(struct emission){ .kind = kind, .last = true, .body = bytes, .body_size = size });
	outbox_ring(&worker->outbox);
}

int
ord_task_ask(struct ord_task *task, const void *request, size_t size, const void **answer,
	size_t *answer_size)
{
	struct worker *worker = task->worker;
	int status;

	if (answer != NULL)
		*answer = "";
	if (answer_size != NULL)
		*answer_size = 0;
	if (*worker->alive == 0 || task->sequence == ORD_NO_SEQUENCE)
		return ORD_ENOTSUP;
	if (request == NULL && size != 0)
		return ORD_EINVAL;
	if (size > RECORD_PAYLOAD_MAX)
		return ORD_ETOOBIG;
	if (ord_task_canceled(task))
		return ORD_EINTERRUPTED;
	say(worker, RECORD_ASK, request, size);
	status = worker->await(worker);
	task->interrupted = status == ORD_EINTERRUPTED;
	if (status != 0)
		return status;
	if (answer != NULL && worker->reply.bytes.size != 0)
		*answer = worker->reply.bytes.bytes;
	if (answer_size != NULL)
		*answer_size = worker->reply.bytes.size;
	return ORD_OK;
}

int
ord_task_yield(struct ord_task *task)
{
	struct worker *worker = task->worker;

	if (*worker->alive == 0)
		return ORD_ENOTSUP;
	/* Inside the master there is nobody else who could run, and a hook has no slot. */
	if (task->yielded || worker->outbox.bell < 0 || task->sequence == ORD_NO_SEQUENCE)
		return ORD_OK;
	task->yielded = true;
	say(worker, RECORD_YIELD, NULL, 0);
	return ORD_OK;
}

int
ord_task_resume(struct ord_task *task)
{
	struct worker *worker = task->worker;
	int status;

	if (*worker->alive == 0)
		return ORD_ENOTSUP;
	if (!task->yielded)
		return ORD_OK;
	task->yielded = false;
	say(worker, RECORD_RESUME, NULL, 0);
	status = worker->await(worker);
	task->interrupted |= status == ORD_EINTERRUPTED;
	return status;
}
