/*
 * Deadlines and the ladder of asking, SIGTERM, SIGKILL.
 *
 * A command has one ladder: SIGTERM, or the signal that it asked for, to its
 * group, after the grace SIGKILL.
 * The task of a worker is asked first, by the cancel word of the page; after
 * the grace the spawner tries to turn its run word from RUNNING into DOOMED.
 * If that fails the task has ended or is being committed, and its worker is
 * left alone; if it succeeds the worker can no longer commit it, and the
 * ladder goes on.  So a kill is always meant for one attempt of one task.  A
 * task that was claimed and had not begun when it was asked to end finds the
 * cancel word when it begins, and its function is not called.
 *
 * While the pool is suspended only the ladders go on that the master asked
 * for; no deadline passes.
 */
#include "spawn/spawner_state.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"

#define RUN_PHASE_MASK UINT64_C(3)
#define KILL_GRACE_MS \
	10 /* for a task that is between its claim and its function, or its function and its result */
#define RELEASED_LOOK_NS (2 * CLOCK_NS_PER_MS)
#define RELEASED_IDLE_NS \
	CLOCK_NS_PER_S /* a released worker that is idle by then has nothing to begin */

void
stop_wake_at(struct spawner *spawner, uint64_t at_ns)
{
	if (spawner->next_ns == 0 || at_ns < spawner->next_ns)
		spawner->next_ns = at_ns;
}

void
stop_at(struct spawner *spawner, struct child *child, enum child_step step, uint64_t at_ns)
{
	child->step = step;
	child->step_ns = at_ns;
	if (step == STEP_NONE)
		child->urgent = 0;
	if (at_ns != 0)
		stop_wake_at(spawner, at_ns);
}

void
stop_look_at(struct spawner *spawner, struct child *child, uint64_t at_ns)
{
	child->look_ns = at_ns;
	if (at_ns != 0)
		stop_wake_at(spawner, at_ns);
}

static uint64_t
after_grace(const struct child *child)
{
	return clock_now_ns() + child->grace_ms * CLOCK_NS_PER_MS;
}

/* Its ladder goes on now, if it did not. */
static void
urge(struct spawner *spawner, struct child *child)
{
	child->urgent = 1;
	if (child->step_ns != 0)
		stop_wake_at(spawner, child->step_ns);
}

static void
kill_child(struct spawner *spawner, struct child *child)
{
	kill(child->target, SIGKILL);
	stop_at(spawner, child, STEP_KILLED, 0);
}

static void
terminate(struct spawner *spawner, struct child *child)
{
	if (child->step >= STEP_TERMINATED)
		return;
	kill(child->target, child->stop_signal);
	/* One that was stopped shall hear of it. */
	kill(child->target, SIGCONT);
	stop_at(spawner, child, STEP_TERMINATED, after_grace(child));
}

/* The task may no longer be committed: 0 if it is over. */
static int
doom(struct child *worker, uint64_t run)
{
	uint64_t running = run | RUN_RUNNING;

	if (!atomic_compare_exchange_strong(&worker->region.page->run, &running, run | RUN_DOOMED))
		return 0;
	worker->doomed = run | RUN_DOOMED;
	worker->flags =
		worker->step == STEP_ASKED && worker->run == run ? worker->reason : LIFE_STOPPED;
	return 1;
}

/* Whether a ladder is under way that a new one must not replace: it is for the task that runs. */
static int
on_the_ladder(const struct child *worker)
{
	return worker->step >= STEP_TERMINATED ||
		(worker->step == STEP_ASKED &&
			atomic_load(&worker->region.page->run) == (worker->run | RUN_RUNNING));
}

static void
ask(struct spawner *spawner, struct child *worker, uint64_t run, enum cancel_reason reason,
	uint32_t grace_ms)
{
	static const uint32_t reasons[] = { [CANCEL_ASKED] = LIFE_STOPPED,
		[CANCEL_TIMEOUT] = LIFE_TIMED_OUT,
		[CANCEL_CPU] = LIFE_TIMED_OUT | LIFE_OVER_CPU };

	if (on_the_ladder(worker)) {
		if (reason == CANCEL_ASKED && worker->run == run)
			urge(spawner, worker);
		return;
	}
	atomic_store(&worker->region.page->cancel, run | (uint64_t)reason);
	worker->run = run;
	worker->grace_ms = grace_ms;
	worker->reason = reasons[reason];
	worker->urgent = reason == CANCEL_ASKED;
	stop_at(spawner, worker, STEP_ASKED, after_grace(worker));
}

/*
 * A task that is being committed, or was claimed and has not begun, cannot be
 * doomed, and in a stopped worker it never ends.  So the worker goes on until
 * it has, and is stopped again.
 */
static void
release(struct spawner *spawner, struct child *worker)
{
	kill(worker->target, SIGCONT);
	worker->released_ns = clock_now_ns();
	stop_at(spawner, worker, STEP_RELEASED, worker->released_ns + RELEASED_LOOK_NS);
}

static void
look_at_released(struct spawner *spawner, struct child *worker)
{
	uint64_t run = atomic_load(&worker->region.page->run), now = clock_now_ns();

	if (doom(worker, worker->run)) {
		terminate(spawner, worker);
	} else if (spawner->suspended_ns != 0 &&
		(run == (worker->run | RUN_COMMITTING) ||
			(RUN_PHASE(run) == RUN_IDLE &&
				now - worker->released_ns < RELEASED_IDLE_NS))) {
		stop_at(spawner, worker, STEP_RELEASED, now + RELEASED_LOOK_NS);
	} else {
		if (spawner->suspended_ns != 0)
			suspend_child(worker);
		stop_at(spawner, worker, STEP_NONE, 0);
	}
}

static void
grace_is_over(struct spawner *spawner, struct child *worker)
{
	if (doom(worker, worker->run)) {
		terminate(spawner, worker);
	} else if (spawner->suspended_ns != 0) {
		release(spawner, worker);
	} else {
		stop_at(spawner, worker, STEP_NONE, 0);
	}
}

static void
take_step(struct spawner *spawner, struct child *child)
{
	switch (child->step) {
	case STEP_TIMEOUT:
		child->flags |= LIFE_TIMED_OUT;
		terminate(spawner, child);
		break;
	case STEP_ASKED: grace_is_over(spawner, child); break;
	case STEP_RELEASED: look_at_released(spawner, child); break;
	case STEP_TERMINATED: kill_child(spawner, child); break;
	case STEP_NONE:
	case STEP_LEAVING:
	case STEP_KILLED: child->step_ns = 0; break;
	}
}

static void
stop_task(struct spawner *spawner, struct child *worker, const struct life_packet *packet)
{
	uint64_t run = packet->run & ~RUN_PHASE_MASK;

	if ((packet->flags & LIFE_KILL) == 0) {
		ask(spawner, worker, run, CANCEL_ASKED, packet->grace_ms);
		return;
	}
	/* If the worker has claimed the task and not begun it, it finds this when it does. */
	atomic_store(&worker->region.page->cancel, run | CANCEL_ASKED);
	if (worker->doomed == (run | RUN_DOOMED) || doom(worker, run))
		kill_child(spawner, worker);
	else
		ask(spawner, worker, run, CANCEL_ASKED, KILL_GRACE_MS);
}

static void
stop_process(struct spawner *spawner, struct child *child, int at_once, uint32_t grace_ms)
{
	if (child->step == STEP_LEAVING)
		return;
	if (child->step != STEP_TERMINATED && child->step != STEP_KILLED) {
		child->flags = LIFE_STOPPED;
		child->grace_ms = grace_ms;
	}
	if (at_once)
		kill_child(spawner, child);
	else
		terminate(spawner, child);
	urge(spawner, child);
}

void
stop_child(struct spawner *spawner, const struct life_packet *packet)
{
	struct child *child = children_by_id(spawner, packet->id);

	/* It may have ended while the packet was under way. */
	if (child == NULL)
		return;
	if (child->is_worker && packet->run != 0)
		stop_task(spawner, child, packet);
	else
		stop_process(spawner, child, (packet->flags & LIFE_KILL) != 0, packet->grace_ms);
}

/* A worker's signals are its own matter. */
void
stop_signal_child(struct spawner *spawner, const struct life_packet *packet)
{
	const struct child *child = children_by_id(spawner, packet->id);

	if (child != NULL && !child->is_worker && child->step != STEP_LEAVING &&
		packet->status > 0 && packet->status <= SIGRTMAX)
		kill(child->target, packet->status);
}

void
stop_all(struct spawner *spawner, uint32_t grace_ms)
{
	for (size_t i = 0; i < spawner->n_children; i++) {
		struct child *child = &spawner->children[i];
		uint64_t last = clock_now_ns() + grace_ms * CLOCK_NS_PER_MS;

		stop_process(spawner, child, 0, grace_ms);
		/* One that is on a longer ladder has no more time than the others. */
		if (child->step == STEP_TERMINATED && child->step_ns > last)
			stop_at(spawner, child, STEP_TERMINATED, last);
	}
}

/*
 * The worker changes the deadline for each task but sets the timer only if it
 * would fire too late, so most of its fires are for tasks that are over.
 * Returns the deadline, 0 if there is none to keep.
 */
static uint64_t
deadline_of(const struct child *worker, uint64_t *run)
{
	uint64_t deadline;

	*run = atomic_load(&worker->region.page->run);
	if (RUN_PHASE(*run) != RUN_RUNNING)
		return 0;
	deadline = atomic_load(&worker->region.page->deadline_ns);
	if (deadline != 0 && *run == worker->extended_run &&
		deadline == worker->extended_deadline_ns)
		deadline += worker->extension_ns;
	return deadline;
}

static uint64_t
sooner(uint64_t next_ns, uint64_t at_ns)
{
	return at_ns != 0 && (next_ns == 0 || at_ns < next_ns) ? at_ns : next_ns;
}

/*
 * Look what the task uses; if these are the bounds of a task that has begun
 * meanwhile, what is done here for the other does nothing, for it is over.
 * Who has too much memory gets no grace, for it would use that to take more.
 */
static uint64_t
look_at_usage(struct spawner *spawner, struct child *worker, uint64_t run)
{
	const struct status_page *page = worker->region.page;
	struct bounded bounded = { .cpu_ms = atomic_load(&page->cpu_ms),
		.memory_mib = atomic_load(&page->memory_mib),
		.cpu_from_ns = atomic_load(&page->cpu_from_ns),
		.since_ns = atomic_load(&page->started_ns) };
	struct bounded_look look;

	if (bounded.cpu_ms == 0 && bounded.memory_mib == 0)
		return 0;
	/* Short tasks may follow each other faster than anybody should look. */
	if (clock_now_ns() < worker->rest_ns)
		return worker->rest_ns;
	if (worker->memory_run != run)
		worker->memory = (struct bounded_memory){ 0 };
	worker->memory_run = run;
	bounded_look(&look, &worker->memory, &bounded, worker->pid, spawner->n_children);
	worker->rest_ns = look.rest_ns;
	if (look.over_kib != 0 && doom(worker, run)) {
		worker->flags = 0;
		worker->over_kib = look.over_kib;
		kill_child(spawner, worker);
	} else if (look.over_cpu) {
		ask(spawner, worker, run, CANCEL_CPU, atomic_load(&page->grace_ms));
	}
	return look.again_ns;
}

/*
 * Look whether the deadline has passed, and at what the task uses; if there is
 * more to look for, look again then.  The timer that both processes have is
 * the worker's to set: if the spawner set it too, it could put it off for a
 * task that has begun meanwhile.
 */
static void
look_at_task(struct spawner *spawner, struct child *worker)
{
	uint64_t run, deadline = deadline_of(worker, &run), again_ns;

	if (RUN_PHASE(run) != RUN_RUNNING)
		return;
	run &= ~RUN_PHASE_MASK;
	if (deadline != 0 && deadline <= clock_now_ns()) {
		ask(spawner, worker, run, CANCEL_TIMEOUT,
			atomic_load(&worker->region.page->grace_ms));
		deadline = 0;
	}
	again_ns = look_at_usage(spawner, worker, run);
	stop_look_at(spawner, worker, sooner(deadline, again_ns));
}

static void
look_at_command(struct spawner *spawner, struct child *command)
{
	struct bounded_look look;

	bounded_look(&look, &command->memory, &command->bounded, command->pid, spawner->n_children);
	if (look.over_kib != 0) {
		if (command->step < STEP_TERMINATED)
			command->over_kib = look.over_kib;
		kill_child(spawner, command);
		return;
	}
	if (look.over_cpu && command->step < STEP_TERMINATED) {
		command->flags |= LIFE_TIMED_OUT | LIFE_OVER_CPU;
		terminate(spawner, command);
	}
	stop_look_at(spawner, command, look.again_ns);
}

static void
look(struct spawner *spawner, struct child *child)
{
	child->look_ns = 0;
	if (child->is_worker)
		look_at_task(spawner, child);
	else
		look_at_command(spawner, child);
}

void
stop_deadline(struct spawner *spawner, struct child *worker)
{
	uint64_t fires;

	/* The worker may have set it again meanwhile: then there is nothing to read, and the look does no harm. */
	(void)!read(worker->deadline, &fires, sizeof fires);
	trace_look(spawner, worker);
	if (spawner->suspended_ns != 0)
		worker->look_ns = clock_now_ns(); /* later, by the time that passes till then */
	else
		look(spawner, worker);
}

/* Take what is due of one child; returns when the next is, 0: never. */
static uint64_t
take_due(struct spawner *spawner, struct child *child, uint64_t now_ns)
{
	int suspended = spawner->suspended_ns != 0;
	uint64_t next;

	if (child->trace_until_ns != 0 && child->trace_until_ns <= now_ns)
		trace_is_late(child);
	if (!suspended && child->look_ns != 0 && child->look_ns <= now_ns)
		look(spawner, child);
	if (suspended && !child->urgent)
		return child->trace_until_ns;
	if (child->step == STEP_LEAVING && child->step_ns <= now_ns) {
		if (ended_look(spawner, child))
			return 0;
	} else if (child->step_ns != 0 && child->step_ns <= now_ns) {
		take_step(spawner, child);
	}
	next = suspended ? child->step_ns : sooner(child->step_ns, child->look_ns);
	return sooner(next, child->trace_until_ns);
}

void
stop_steps(struct spawner *spawner, uint64_t now_ns)
{
	uint64_t next = 0;

	if (spawner->next_ns == 0 || now_ns < spawner->next_ns)
		return;
	/* One that is removed is replaced by the last. */
	for (size_t i = spawner->n_children; i-- > 0;)
		next = sooner(next, take_due(spawner, &spawner->children[i], now_ns));
	spawner->next_ns = next;
}
