/*
 * The ends of children: who it was, what goes with it, and how it ended.  A
 * child is looked at before it is reaped: until then its process group cannot
 * be another's, so that what is left of the group can be killed.
 */
#define _GNU_SOURCE /* wait4 */
#include "spawn/spawner_state.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "wire/channel.h"

#define LEAVING_LOOK_NS CLOCK_NS_PER_MS
#define LEAVING_MOST_NS (2 * CLOCK_NS_PER_S) /* who sleeps in the kernel after that is left */

/* A worker takes its group with it; a command that ended by itself leaves its children alone, as with xargs. */
static int
takes_its_group(const struct child *child)
{
	return child->is_worker || child->flags != 0 || child->over_kib != 0;
}

static uint64_t
microseconds(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

/* Shells end with this code when what they waited for was killed. */
#define KILLED_BELOW (128 + SIGKILL)

/*
 * Why it ended, as far as its status does not say so: nobody here has sent it
 * a SIGKILL, and the kernel has killed somebody for want of memory meanwhile.
 */
static uint32_t
reasons(struct spawner *spawner, const struct child *child, int status)
{
	bool killed = (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
		(!child->is_worker && WIFEXITED(status) && WEXITSTATUS(status) == KILLED_BELOW);

	if (child->flags == 0 && child->step != STEP_KILLED && killed &&
		oom_did_it(&spawner->oom, child->oom_before))
		return LIFE_OUT_OF_MEMORY;
	return child->flags;
}

/* Tell its end; it is no more. */
static void
tell(struct spawner *spawner, struct child *child, const struct ending *ending)
{
	struct life_packet packet = { .type = LIFE_ENDED,
		.id = child->id,
		.place = child->place,
		.pid = child->pid,
		.status = ending->status,
		.flags = reasons(spawner, child, ending->status),
		.run = child->doomed,
		.over_kib = child->over_kib,
		.user_us = ending->user_us,
		.system_us = ending->system_us,
		.max_rss_kib = ending->max_rss_kib,
		.started_ns = child->started_ns,
		.ended_ns = ending->ended_ns };

	report(spawner, &packet, child->stack != NULL ? child->stack : "");
	/* With a process per task these would be millions. */
	if (child->is_worker && spawner->config.directory[0] != '\0')
		channel_unbind(spawner->config.directory, child->id);
	children_remove(spawner, child);
}

/* Who was sent SIGKILL with its group may die a moment before the others, and what follows it is not to meet those. */
static int
leaves_others(const struct child *child)
{
	return !child->is_worker && child->target < 0 && takes_its_group(child) &&
		kill(child->target, 0) == 0;
}

int
ended_look(struct spawner *spawner, struct child *child)
{
	uint64_t now = clock_now_ns();

	if (leaves_others(child) && now - child->ending.ended_ns < LEAVING_MOST_NS) {
		stop_at(spawner, child, STEP_LEAVING, now + LEAVING_LOOK_NS);
		return 0;
	}
	child->step = STEP_KILLED;
	tell(spawner, child, &child->ending);
	return 1;
}

static void
reap(struct spawner *spawner, pid_t pid)
{
	struct child *child = children_by_pid(spawner, pid);
	struct ending ending;
	struct rusage usage;
	int status;

	if (child != NULL && takes_its_group(child))
		kill(child->target, SIGKILL);
	else if (child != NULL && spawner->suspended_ns != 0)
		kill(child->target, SIGCONT); /* nobody else would, when all goes on */
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return;
	/* Else a tracer, or a descendant whose parent died before it; it came to us to be reaped. */
	if (child == NULL) {
		trace_ended(spawner, pid);
		return;
	}
	/* Other holders of the timer may live on: epoll would keep watching it for them. */
	if (child->deadline >= 0)
		epoll_ctl(spawner->wake, EPOLL_CTL_DEL, child->deadline, NULL);
	ending = (struct ending){ .status = status,
		.user_us = microseconds(usage.ru_utime),
		.system_us = microseconds(usage.ru_stime),
		.max_rss_kib = (uint64_t)usage.ru_maxrss,
		.ended_ns = clock_now_ns() };
	if (!leaves_others(child)) {
		tell(spawner, child, &ending);
		return;
	}
	child->ending = ending;
	child->look_ns = 0;
	child->urgent = 1;
	stop_at(spawner, child, STEP_LEAVING, ending.ended_ns + LEAVING_LOOK_NS);
}

void
ended_reap(struct spawner *spawner)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
			return;
		reap(spawner, info.si_pid);
	}
}

/* How it ended is only known while it is told: to keep that for all who ever lived would be too much for what never happens. */
void
ended_tell(struct spawner *spawner, const struct life_packet *doubt)
{
	struct life_packet packet = { .type = LIFE_ENDED,
		.id = doubt->id,
		.place = doubt->place,
		.status = SIGKILL,
		.flags = LIFE_UNKNOWN,
		.ended_ns = clock_now_ns() };

	if (children_by_id(spawner, doubt->id) == NULL)
		report(spawner, &packet, "");
}
