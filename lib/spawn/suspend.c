/*
 * Everything stopped, and on again.  Children are stopped by their process
 * groups; what has left its group is out of reach.  The time that passes
 * meanwhile moves every deadline: those that the spawner keeps are changed,
 * and for the one in a worker's page, which is the worker's to write, it
 * remembers how much longer the task that ran then has.
 */
#include "spawn/spawner_state.h"

#include <signal.h>

#include "base/clock.h"

void
suspend_child(const struct child *child)
{
	kill(child->target, SIGSTOP);
}

void
suspend_all(struct spawner *spawner)
{
	if (spawner->suspended_ns != 0)
		return;
	spawner->suspended_ns = clock_now_ns();
	for (size_t i = 0; i < spawner->n_children; i++) {
		const struct child *child = &spawner->children[i];

		/* One that was told to end does so in the grace that it has. */
		if (child->step < STEP_TERMINATED || !child->urgent)
			suspend_child(child);
	}
}

/*
 * Both words are compared: a worker that was stopped between its clock and the
 * beginning of its task reads the clock again (worker/run.c), and needs no more.
 */
static void
extend(struct child *worker, uint64_t passed_ns)
{
	uint64_t run = atomic_load(&worker->region.page->run);
	uint64_t deadline = atomic_load(&worker->region.page->deadline_ns);

	if (RUN_PHASE(run) != RUN_RUNNING)
		return;
	if (worker->extended_run != run || worker->extended_deadline_ns != deadline)
		worker->extension_ns = 0;
	worker->extended_run = run;
	worker->extended_deadline_ns = deadline;
	worker->extension_ns += passed_ns;
}

static void
go_on(const struct spawner *spawner, struct child *child, uint64_t now_ns)
{
	uint64_t since = spawner->suspended_ns > child->started_ns ? spawner->suspended_ns
								   : child->started_ns;
	uint64_t passed = now_ns - since;

	if (child->step_ns != 0 && !child->urgent)
		child->step_ns += passed;
	if (child->look_ns != 0)
		child->look_ns += passed;
	if (child->is_worker)
		extend(child, passed);
	if (child->step != STEP_LEAVING)
		kill(child->target, SIGCONT);
}

void
suspend_end(struct spawner *spawner)
{
	uint64_t now_ns = clock_now_ns();

	if (spawner->suspended_ns == 0)
		return;
	for (size_t i = 0; i < spawner->n_children; i++)
		go_on(spawner, &spawner->children[i], now_ns);
	spawner->suspended_ns = 0;
	spawner->next_ns = now_ns; /* what is due next is found out in this turn */
}
