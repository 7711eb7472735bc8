/*
 * Who died, and waiting.  The processes of other takers that can be looked at
 * are kept as descriptors, which a wait polls beside the store's own: so a death
 * on this host ends the wait at once.  Of the others only their silence tells.
 */
#include "jobs/jobs.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"

#define PAUSE_MS 1 /* behind a change: a busy list changes all the time */
#define POLL_MOST \
	64 /* descriptors of a wait; more takers than that are looked at from time to time */

static int
note_taker(void *user, const struct store_taker *taker)
{
	struct ord_jobs *jobs = user;
	struct watched *watched, *one = NULL;

	if (taker->id == jobs->store.self.id)
		return 0;
	for (size_t i = 0; i < jobs->n_watched && one == NULL; i++)
		if (jobs->watched[i].id == taker->id)
			one = &jobs->watched[i];
	if (one == NULL) {
		watched = memory_resize(jobs->watched, (jobs->n_watched + 1) * sizeof *watched);
		if (watched == NULL)
			return error_memory(&jobs->error);
		jobs->watched = watched;
		one = &watched[jobs->n_watched++];
		*one = (struct watched){ .id = taker->id, .life = taker->life, .fd = -1 };
	}
	one->seen_ms = taker->seen_ms;
	one->timeout_ms = taker->timeout_ms;
	one->seen = 1;
	return 0;
}

/* Ask the store who is there. */
static int
ask(struct ord_jobs *jobs)
{
	size_t left = 0;
	int status;

	for (size_t i = 0; i < jobs->n_watched; i++)
		jobs->watched[i].seen = 0;
	status = jobs->store.functions->takers(&jobs->store, 0, note_taker, jobs);
	if (status != 0)
		return status;
	for (size_t i = 0; i < jobs->n_watched; i++)
		if (jobs->watched[i].seen)
			jobs->watched[left++] = jobs->watched[i];
		else
			store_unwatch(&jobs->store, &jobs->watched[i].fd);
	jobs->n_watched = left;
	jobs->looked_ns = clock_now_ns();
	return 0;
}

/* Takers of the same process end with their objects only. */
static int
is_dead(struct ord_jobs *jobs, struct watched *one, int64_t now)
{
	enum life_sign sign;

	if (life_is_same(&jobs->store.self.life, &one->life))
		return 0;
	sign = life_look(&jobs->store.self.life, &one->life, &one->fd);
	if (sign == LIFE_UNKNOWN)
		return now - one->seen_ms > one->timeout_ms;
	return sign == LIFE_ENDED;
}

int
jobs_meet(struct ord_jobs *jobs, int anew)
{
	if (anew || clock_now_ns() - jobs->looked_ns > JOBS_LOOK_MS * CLOCK_NS_PER_MS)
		return ask(jobs);
	return 0;
}

/* One who was met; his death is told by a descriptor from then on, where that is possible. */
static int
somebody_died(struct ord_jobs *jobs)
{
	int died = 0;

	for (size_t i = 0; i < jobs->n_watched; i++)
		died |= is_dead(jobs, &jobs->watched[i], jobs_list_ms(jobs));
	return died;
}

int
jobs_look_after(struct ord_jobs *jobs, int anew)
{
	int64_t now;
	int died = 0, status = jobs_meet(jobs, anew);

	now = jobs_list_ms(jobs);
	for (size_t i = 0; status == 0 && i < jobs->n_watched; i++) {
		struct watched *one = &jobs->watched[i];

		if (!is_dead(jobs, one, now))
			continue;
		died = 1;
		status = jobs->store.functions->bury(
			&jobs->store, one->id, one->seen_ms, jobs_now_ms());
		if (status == 0) {
			store_unwatch(&jobs->store, &one->fd);
			*one = jobs->watched[--jobs->n_watched];
			i--;
		}
	}
	/* Who said something since he was asked for is not buried by that: once more, with what he said. */
	return status == 0 && died && !anew ? jobs_look_after(jobs, 1) : status;
}

int
jobs_bound(const struct ord_jobs *jobs, int timeout_ms)
{
	int64_t now = jobs_list_ms(jobs), most = jobs->options.heartbeat_ms;

	/* From its last heartbeat on, or calls in between would put the next one off. */
	if (!jobs->options.read_only)
		most -= (int64_t)((clock_now_ns() - jobs->beaten_ns) / CLOCK_NS_PER_MS);
	if (jobs->store.functions->descriptor((struct store *)(uintptr_t)&jobs->store) < 0)
		most = jobs->options.poll_ms < most ? jobs->options.poll_ms : most;
	if (jobs->n_watched > POLL_MOST - 2)
		most = jobs->options.poll_ms < most ? jobs->options.poll_ms : most;
	for (size_t i = 0; i < jobs->n_watched; i++) {
		int64_t left = jobs->watched[i].seen_ms + jobs->watched[i].timeout_ms - now + 1;

		/* Takers of this process end with their objects, and never by silence. */
		if (jobs->watched[i].fd < 0 && left < most &&
			!life_is_same(&jobs->store.self.life, &jobs->watched[i].life))
			most = left > 1 ? left : 1;
	}
	if (jobs->store.due_ms != 0 && jobs->store.due_ms - jobs_now_ms() < most)
		most = jobs->store.due_ms - jobs_now_ms();
	if (most < 1)
		most = 1;
	return timeout_ms >= 0 && timeout_ms < most ? timeout_ms
						    : (int)(most > 1000000 ? 1000000 : most);
}

static int
poll_all(struct ord_jobs *jobs, int timeout_ms)
{
	struct pollfd entries[POLL_MOST];
	nfds_t n = 0;
	int descriptor = jobs->store.functions->descriptor(&jobs->store), ready;

	entries[n++] = (struct pollfd){ .fd = jobs->wake, .events = POLLIN };
	if (descriptor >= 0)
		entries[n++] = (struct pollfd){ .fd = descriptor, .events = POLLIN };
	for (size_t i = 0; i < jobs->n_watched && n < POLL_MOST; i++)
		if (jobs->watched[i].fd >= 0)
			entries[n++] =
				(struct pollfd){ .fd = jobs->watched[i].fd, .events = POLLIN };
	ready = poll(entries, n, timeout_ms);
	if (ready > 0 && descriptor >= 0 && entries[1].revents != 0)
		ready = poll(entries, 1, PAUSE_MS);
	if (ready < 0 && errno != EINTR)
		return error_system(&jobs->error, errno, "waiting failed");
	return 0;
}

int
jobs_is_interrupted(struct ord_jobs *jobs)
{
	uint64_t count;

	if (read(jobs->wake, &count, sizeof count) != sizeof count)
		return 0;
	return error_set(&jobs->error, ORD_EINTERRUPTED, "interrupted while waiting for a job");
}

uint64_t
jobs_deadline(int timeout_ms)
{
	return timeout_ms < 0 ? 0 : clock_now_ns() + (uint64_t)timeout_ms * CLOCK_NS_PER_MS;
}

int
jobs_left(uint64_t deadline)
{
	return deadline == 0 ? -1 : clock_left_ms(clock_now_ns(), deadline);
}

int
jobs_beat(struct ord_jobs *jobs)
{
	jobs->beaten_ns = clock_now_ns();
	return jobs->store.functions->beat(&jobs->store, jobs_now_ms());
}

int
jobs_beat_if_due(struct ord_jobs *jobs, uint32_t every_ms)
{
	uint64_t silent_ns = clock_now_ns() - jobs->beaten_ns;

	return silent_ns < every_ms * CLOCK_NS_PER_MS ? 0 : jobs_beat(jobs);
}

int
jobs_wait(struct ord_jobs *jobs, int timeout_ms)
{
	uint64_t deadline = jobs_deadline(timeout_ms);

	for (;;) {
		int status = jobs_is_interrupted(jobs), left;

		if (status == 0)
			status = jobs->store.functions->changed(&jobs->store);
		if (status != 0)
			return status > 0 ? 0 : status;
		/* A burial is a change that this one makes itself. */
		if (!jobs->options.read_only && somebody_died(jobs))
			return 0;
		left = jobs_left(deadline);
		if (left == 0)
			return ORD_ETIMEDOUT;
		status = poll_all(jobs, jobs_bound(jobs, left));
		/* The next look may be as much as a heartbeat away. */
		if (status == 0 && !jobs->options.read_only)
			status = jobs_beat_if_due(jobs, jobs->options.heartbeat_ms / 2);
		if (status != 0)
			return status;
	}
}
