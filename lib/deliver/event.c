/* What the user's event callback can ask. */
#include "deliver/event.h"

int
ord_event_kind(const struct ord_event *event)
{
	return event->kind;
}

const char *
ord_event_name(int kind)
{
	switch (kind) {
	case ORD_TASK_STARTED: return "task started";
	case ORD_TASK_PROGRESS: return "task progress";
	case ORD_TASK_RETRIED: return "task retried";
	case ORD_TASK_ENDED: return "task ended";
	case ORD_WORKER_STARTED: return "worker started";
	case ORD_WORKER_ENDED: return "worker ended";
	case ORD_TASK_PROCESS: return "task process";
	default: return "unknown";
	}
}

uint64_t
ord_event_sequence(const struct ord_event *event)
{
	return event->sequence;
}

uint32_t
ord_event_attempt(const struct ord_event *event)
{
	return event->attempt;
}

uint32_t
ord_event_worker(const struct ord_event *event)
{
	return event->worker;
}

int32_t
ord_event_pid(const struct ord_event *event)
{
	return event->pid;
}

int
ord_event_state(const struct ord_event *event)
{
	return event->state;
}

uint64_t
ord_event_time_ns(const struct ord_event *event)
{
	return event->time_ns;
}

uint64_t
ord_event_done(const struct ord_event *event)
{
	return event->done;
}

uint64_t
ord_event_total(const struct ord_event *event)
{
	return event->total;
}

uint64_t
ord_event_running(const struct ord_event *event)
{
	return event->running;
}

uint64_t
ord_event_queued(const struct ord_event *event)
{
	return event->queued;
}

uint64_t
ord_event_completed(const struct ord_event *event)
{
	return event->completed;
}

void *
ord_event_user(const struct ord_event *event)
{
	return event->user;
}
