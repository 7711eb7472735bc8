/* The workers and commands that run, in no order. */
#include "spawn/spawner_state.h"

#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

#define OOM_LOOK_NS (10 * CLOCK_NS_PER_MS)

/* A look a while ago is good enough: with a process per task one each time would be a hundredth of its cost. */
static void
count_killed(struct spawner *spawner)
{
	uint64_t now_ns = clock_now_ns();

	if (spawner->oom_looked_ns != 0 && now_ns - spawner->oom_looked_ns < OOM_LOOK_NS)
		return;
	spawner->oom_looked_ns = now_ns;
	spawner->oom_before = oom_count(&spawner->oom);
}

int
children_reserve(struct spawner *spawner)
{
	size_t room = spawner->room_for_children * 2 + 8;
	struct child *grown;

	count_killed(spawner);
	if (spawner->n_children < spawner->room_for_children)
		return 0;
	grown = memory_resize(spawner->children, room * sizeof *grown);
	if (grown == NULL)
		return -1;
	spawner->children = grown;
	spawner->room_for_children = room;
	return 0;
}

struct child *
children_add(struct spawner *spawner, uint64_t id, uint32_t place, pid_t pid, pid_t target)
{
	struct child *child = &spawner->children[spawner->n_children++];

	memset(child, 0, sizeof *child);
	child->id = id;
	child->place = place;
	child->pid = pid;
	child->target = target;
	child->stop_signal = SIGTERM;
	child->deadline = child->trace = child->words[0] = child->words[1] = -1;
	child->oom_before = spawner->oom_before;
	child->started_ns = clock_now_ns();
	if (spawner->suspended_ns != 0)
		suspend_child(child);
	return child;
}

struct child *
children_by_id(struct spawner *spawner, uint64_t id)
{
	for (size_t i = 0; i < spawner->n_children; i++)
		if (spawner->children[i].id == id)
			return &spawner->children[i];
	return NULL;
}

struct child *
children_by_pid(struct spawner *spawner, pid_t pid)
{
	for (size_t i = 0; i < spawner->n_children; i++)
		if (spawner->children[i].pid == pid && spawner->children[i].step != STEP_LEAVING)
			return &spawner->children[i];
	return NULL;
}

void
children_remove(struct spawner *spawner, struct child *child)
{
	fd_close(&child->deadline);
	fd_close(&child->words[0]);
	fd_close(&child->words[1]);
	trace_finish(child);
	region_finish(&child->region);
	*child = spawner->children[--spawner->n_children];
}
