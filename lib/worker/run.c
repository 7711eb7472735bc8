/*
 * One task, in the order that docs/protocol.md calls a commit: claim, run
 * word, function, words, COMMITTING, result, idle.  A process that dies
 * between any two of these steps leaves the master knowing what to do.
 */
#include "worker/worker.h"

#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <orderly/result.h>
#include <orderly/status.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/ticks.h"

#define TIMES_WORTH_NS 100000 /* a shorter task shares the times of its message */

#define HELD_NS 1000000 /* so long a worker was stopped between the clock and its run word */

/*
 * A timer that fires too early only makes the spawner look, and it looks again
 * by itself at the deadline that it then finds.  So the timer is set only if
 * none is pending that fires before this deadline; the clock must be read
 * after `run` was stored, or a timer could fire in between and find nothing.
 */
static void
set_timer(struct worker *worker, uint64_t deadline_ns, uint64_t now_ns)
{
	struct itimerspec when = { .it_value = { (time_t)(deadline_ns / CLOCK_NS_PER_S),
					   (long)(deadline_ns % CLOCK_NS_PER_S) } };

	if (worker->timer_ns > now_ns && worker->timer_ns <= deadline_ns)
		return;
	timerfd_settime(worker->deadline, TFD_TIMER_ABSTIME, &when, NULL);
	worker->timer_ns = deadline_ns;
}

/* The deadline stands before `run` says RUNNING: the spawner reads them the other way round. */
static void
say_running(struct worker *worker, uint64_t run, uint64_t deadline_ns)
{
	atomic_store_explicit(&worker->region.page->deadline_ns, deadline_ns, memory_order_release);
	atomic_store(&worker->region.page->run, run);
}

/* A look of the spawner is due then: at the deadline, or soon for what else bounds the task. */
static uint64_t
first_look(const struct worker *worker, uint64_t began_ns, uint64_t timeout_ms)
{
	uint64_t deadline_ns = began_ns + timeout_ms * CLOCK_NS_PER_MS;
	uint64_t soon_ns = began_ns + BOUNDED_FIRST_NS;

	if (worker->bounded && (timeout_ms == 0 || soon_ns < deadline_ns))
		return soon_ns;
	return deadline_ns;
}

/*
 * limits: the time-out, and above it the grace, in milliseconds.
 * A worker that is stopped by ord_pool_suspend right here must not find its
 * time passed when it goes on: it reads the clock before and after.
 */
static void
enter(struct worker *worker, uint64_t run, uint64_t limits)
{
	uint64_t timeout_ms = limits & UINT32_MAX, began_ns, now_ns;

	if ((timeout_ms == 0 && !worker->bounded) || worker->deadline < 0) {
		say_running(worker, run, 0);
		return;
	}
	if (timeout_ms != 0)
		atomic_store_explicit(&worker->region.page->grace_ms, (uint32_t)(limits >> 32),
			memory_order_relaxed);
	do {
		began_ns = clock_now_ns();
		say_running(
			worker, run, timeout_ms != 0 ? began_ns + timeout_ms * CLOCK_NS_PER_MS : 0);
		now_ns = clock_now_ns();
	} while (now_ns - began_ns >= HELD_NS);
	set_timer(worker, first_look(worker, began_ns, timeout_ms), now_ns);
}

/* Doomed: this task is the spawner's, which is about to end this process. */
static void
await_the_end(void)
{
	for (;;)
		pause();
}

/* Why the task that runs shall end, an enum cancel_reason; 0: the page says nothing of it. */
static unsigned
reason_of(const struct worker *worker)
{
	uint64_t cancel = atomic_load_explicit(&worker->region.page->cancel, memory_order_acquire);
	uint64_t run = RUN_WORD(worker->task.sequence, worker->task.attempt, 0);

	return (cancel & ~UINT64_C(3)) == run ? (unsigned)(cancel & 3) : 0;
}

static uint16_t
decide(const struct worker *worker, int status)
{
	const struct ord_task *task = &worker->task;

	/* One that was interrupted while it asked may find an older task's reason in the page. */
	if (task_canceled(task))
		return reason_of(worker) >= CANCEL_TIMEOUT ? ORD_TIMED_OUT : ORD_CANCELED;
	return status == 0 ? ORD_DONE : ORD_FAILED;
}

static const char *
body_of(struct worker *worker, uint16_t state, int status, size_t *size)
{
	struct ord_task *task = &worker->task;

	if (state == ORD_DONE) {
		*size = task->output.size;
		return task->output.bytes;
	}
	if (state == ORD_TIMED_OUT)
		snprintf(task->error, sizeof task->error,
			"its %stime was up, and the function returned",
			reason_of(worker) == CANCEL_CPU ? "processor " : "");
	else if (state == ORD_CANCELED)
		snprintf(task->error, sizeof task->error, "canceled while it ran");
	else if (task->error[0] == '\0')
		snprintf(task->error, sizeof task->error, "the function returned %d%s%s", status,
			status < 0 ? ": " : "", status < 0 ? ord_strerror(status) : "");
	*size = strlen(task->error);
	return task->error;
}

static bool
wants_starts(const struct worker *worker)
{
	return (worker->region.page->wants & WANTS_STARTS) != 0;
}

/* worker->ticks were read shortly before. */
static void
read_clock(struct worker *worker)
{
	worker->now_ns = clock_now_ns();
	worker->now_ticks = worker->ticks;
}

/* The times of one that was announced are its own, never those of its message. */
static uint64_t
announce(struct worker *worker)
{
	char payload[RECORD_START_SIZE];

	read_clock(worker);
	wire_put64(payload, worker->now_ns);
	emit(worker,
		&(struct emission){
			.kind = RECORD_START, .head = payload, .head_size = sizeof payload });
	return worker->now_ns;
}

static void
answer(struct worker *worker, uint16_t state, int status, uint32_t marks, uint64_t started_ns,
	bool last)
{
	char head[24];
	size_t head_size = 0, size;
	uint8_t flags = 0;
	const char *body = body_of(worker, state, status, &size);

	if (size >= SLAB_FROM)
		body = slab_answer(worker, body, &size, RECORD_PAYLOAD_MAX - sizeof head);
	if (marks != 0) {
		wire_put64(head, marks);
		head_size = 8;
		flags |= RECORD_MARKS;
	}
	if (!worker->said_times || last || wants_starts(worker) ||
		worker->now_ns - started_ns > TIMES_WORTH_NS) {
		wire_put64(head + head_size, started_ns);
		wire_put64(head + head_size + 8, worker->now_ns);
		head_size += 16;
		flags |= RECORD_TIMES;
		worker->said_times = true;
	}
	emit(worker,
		&(struct emission){ .kind = RECORD_RESULT,
			.flags = flags,
			.value = state,
			.last = last,
			.head = head,
			.head_size = head_size,
			.body = body,
			.body_size = size });
}

/* What stands before the input, or instead of it; how many bytes of it are the limits. */
static size_t
take_flags(struct worker *worker, const struct record *call)
{
	size_t before = (call->flags & RECORD_TIMEOUT) != 0 ? 8 : 0;
	struct ord_task *task = &worker->task;

	task->input += before;
	task->input_size -= before;
	if ((call->flags & RECORD_BOUNDS) != 0)
		bounds_enter(worker);
	if ((call->flags & RECORD_SLAB) != 0 && slab_find_input(worker, task->input) != 0)
		_exit(LEAVE_SYSTEM); /* the task that was claimed ends with this worker */
	return before;
}

static void
begin(struct worker *worker, uint64_t sequence, uint32_t attempt, const struct record *call)
{
	struct ord_task *task = &worker->task;
	size_t before = 0;

	task->sequence = sequence;
	task->attempt = attempt;
	task->input = call->payload;
	task->input_size = call->size;
	if (call->flags != 0)
		before = take_flags(worker, call);
	task->output.size = 0;
	task->error[0] = '\0';
	task->yielded = task->interrupted = task->held = false;
	task->progress.sent_ns = 0;
	atomic_store_explicit(
		&worker->region.page->started_ns, worker->now_ns, memory_order_relaxed);
	enter(worker, RUN_WORD(sequence, attempt, RUN_RUNNING),
		before != 0 ? wire_get64(call->payload) : 0);
}

/*
 * Call the function and take care of what it left; says whether it was too
 * short to have written anything.  Without capture that matters only for the
 * clock, and the end of the task before is near enough.
 */
static inline int
run(struct worker *worker, uint16_t function, bool *instant)
{
	uint64_t ticks = worker->words >= 0 ? ticks_now() : worker->ticks;
	int status = 0;

	/* A cancel may have come between the claim and here, when the spawner had no run word to doom. */
	if (!task_canceled(&worker->task))
		status = function == 0 ? worker->function(&worker->task, worker->user)
				       : worker_call(worker, function);
	if (*worker->alive == 0)
		_exit(1); /* a child that the task forked returned from it: the result is its parent's to give */
	worker->ticks = ticks_now();
	*instant = worker->ticks - ticks < worker->instant &&
		worker->ticks - worker->now_ticks < worker->stale;
	if (worker->task.held)
		progress_flush(&worker->task);
	return status;
}

/* The end of a task, from the words on. */
static void
finish(struct worker *worker, int status, bool instant, uint64_t started_ns, bool last)
{
	const struct ord_task *task = &worker->task;
	uint64_t running = RUN_WORD(task->sequence, task->attempt, RUN_RUNNING);
	uint32_t marks = worker_mark(worker, task->sequence, instant);

	if (!instant || last)
		read_clock(worker);
	if (!atomic_compare_exchange_strong(&worker->region.page->run, &running,
		    RUN_WORD(task->sequence, task->attempt, RUN_COMMITTING)))
		await_the_end();
	answer(worker, decide(worker, status), status, marks, started_ns, last);
	atomic_store_explicit(&worker->region.page->run, RUN_IDLE, memory_order_release);
}

void
worker_run(struct worker *worker, uint64_t sequence, uint32_t index, uint32_t attempt,
	const struct record *call, bool last)
{
	uint64_t started_ns = worker->now_ns;
	bool instant;
	int status;

	if (!worker->known_run)
		emit_run(worker, sequence, index, attempt);
	if (!claim_start(&worker->claims[index], sequence, attempt, worker->place)) {
		emit(worker, &(struct emission){ .kind = RECORD_SKIP, .last = last });
		return;
	}
	outbox_remind(&worker->outbox);
	begin(worker, sequence, attempt, call);
	if (wants_starts(worker))
		started_ns = announce(worker);
	status = run(worker, call->value, &instant);
	if (worker->bounded)
		bounds_leave(worker);
	finish(worker, status, instant, started_ns, last);
}

/*
 * Plain tasks: a few bytes for the worker's own function, in its first
 * attempt, without limits, not the last of its message.  The same steps as
 * above, without what is the same for all of them.
 */

/* The payload size of a plain CALL that is not the last record; BLOB_INLINE + 1: another record is there. */
static inline size_t
plain_size(const char *at, const char *end)
{
	size_t left = (size_t)(end - at), size;

	if (left <= RECORD_HEADER)
		return BLOB_INLINE + 1;
	size = wire_get64(at) - RECORD_WORD(RECORD_CALL, 0, 0, 0);
	return size <= BLOB_INLINE && record_space(size) < left ? size : BLOB_INLINE + 1;
}

static inline void
begin_plain(struct worker *worker, struct status_page *page, uint64_t sequence, const char *input,
	size_t size)
{
	struct ord_task *task = &worker->task;

	task->sequence = sequence;
	task->input = input;
	task->input_size = size;
	task->output.size = 0;
	task->error[0] = '\0';
	task->yielded = task->interrupted = task->held = false;
	task->progress.sent_ns = 0;
	atomic_store_explicit(&page->started_ns, worker->now_ns, memory_order_relaxed);
	atomic_store(&page->run, RUN_WORD(sequence, 0, RUN_RUNNING));
}

/* Done, a few bytes, nothing beside them; the next one follows at once. */
static inline void
finish_plain(struct worker *worker, struct status_page *page, uint64_t sequence, char *room)
{
	uint64_t running = RUN_WORD(sequence, 0, RUN_RUNNING);
	size_t size = worker->task.output.size;

	if (!atomic_compare_exchange_strong(
		    &page->run, &running, RUN_WORD(sequence, 0, RUN_COMMITTING)))
		await_the_end();
	wire_put64(room, RECORD_WORD(RECORD_RESULT, 0, ORD_DONE, size));
	if (size != 0) /* then its buffer has room for more */
		copy_all_near(room + RECORD_HEADER, worker->task.output.bytes);
	outbox_put(&worker->outbox, record_space(size));
	atomic_store_explicit(&page->run, RUN_IDLE, memory_order_release);
}

/* Where its answer goes if it is plain; NULL: it is not. */
static inline char *
room_for_plain(struct worker *worker)
{
	if (worker->task.output.size > BLOB_INLINE ||
		(worker->words >= 0 && worker_has_words(worker)) || task_canceled(&worker->task) ||
		outbox_is_worth_a_ring(&worker->outbox))
		return NULL;
	return outbox_reserve(&worker->outbox, RECORD_HEADER + BLOB_INLINE + 1);
}

static bool
may_be_plain(const struct worker *worker)
{
	return worker->known_run && worker->said_times && worker->function != NULL &&
		!wants_starts(worker);
}

uint32_t
worker_run_plain(struct worker *worker, uint64_t sequence, uint32_t index, const char **cursor,
	const char *end)
{
	struct status_page *page = worker->region.page;
	const char *at = *cursor;
	uint32_t n = 0;
	size_t size;

	if (!may_be_plain(worker))
		return 0;
	worker->task.attempt = 0;
	atomic_store_explicit(&page->deadline_ns, 0, memory_order_relaxed);
	while ((size = plain_size(at, end)) <= BLOB_INLINE &&
		claim_start(&worker->claims[index], sequence, 0, worker->place)) {
		bool instant;
		char *room;
		int status;

		outbox_remind(&worker->outbox);
		begin_plain(worker, page, sequence, at + RECORD_HEADER, size);
		status = run(worker, 0, &instant);
		if (instant && status == 0 && (room = room_for_plain(worker)) != NULL)
			finish_plain(worker, page, sequence, room);
		else
			finish(worker, status, instant, worker->now_ns, false);
		at += record_space(size);
		sequence++;
		index = (index + 1) & (worker->n_claims - 1);
		n++;
	}
	*cursor = at;
	return n;
}
