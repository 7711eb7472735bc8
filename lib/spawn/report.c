/*
 * What the spawner tells the master.  Packets that find no room are kept, so
 * that a busy master delays no deadline; only when there is no memory to keep
 * one does the spawner wait for room, with an eye on the master's life.
 */
#define _GNU_SOURCE /* EPOLLRDHUP and friends */
#include "spawn/spawner_state.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LOOK_MS 1000 /* how often a lost master is looked for while nothing else would tell */

int
master_is_gone(const struct spawner *spawner)
{
	return spawner->master < 0 && getppid() != spawner->master_pid;
}

/* 0: the master is gone. */
static int
wait_for_room(struct spawner *spawner)
{
	struct pollfd both[2] = { { .fd = spawner->life, .events = POLLOUT },
		{ .fd = spawner->master, .events = POLLIN } };

	while (poll(both, 2, LOOK_MS) < 0 && errno == EINTR)
		;
	return (both[0].revents & (POLLHUP | POLLERR)) == 0 && both[1].revents == 0 &&
		!master_is_gone(spawner);
}

/* Be woken when there is room, and only then. */
static void
watch_room(struct spawner *spawner)
{
	int wanted = spawner->post.first != NULL;
	struct epoll_event event = { .events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN,
		.data.u64 = SPAWNER_WAKE_LIFE };

	if (wanted != spawner->writing &&
		epoll_ctl(spawner->wake, EPOLL_CTL_MOD, spawner->life, &event) == 0)
		spawner->writing = wanted;
}

void
report_flush(struct spawner *spawner, int wait)
{
	while (post_flush(&spawner->post, spawner->life) == 0 && spawner->post.first != NULL &&
		wait)
		if (!wait_for_room(spawner))
			break;
	watch_room(spawner);
}

void
report(struct spawner *spawner, struct life_packet *packet, const char *text)
{
	packet->text_size = (uint32_t)strlen(text);
	/* A failure other than ENOMEM means that the master is gone; the loop will see that. */
	while (post_send(&spawner->post, spawner->life, packet, text, NULL, 0) != 0 &&
		errno == ENOMEM)
		if (!wait_for_room(spawner))
			return;
	watch_room(spawner);
}

void
report_failed(
	struct spawner *spawner, const struct request *request, int failed_errno, const char *text)
{
	struct life_packet packet = { .type = LIFE_FAILED,
		.id = request->packet.id,
		.place = request->packet.place,
		.status = failed_errno };

	report(spawner, &packet, text);
}

void
report_begun(struct spawner *spawner, const struct request *request, pid_t pid)
{
	struct life_packet packet = { .type = LIFE_BEGUN,
		.id = request->packet.id,
		.place = request->packet.place,
		.pid = pid };

	report(spawner, &packet, "");
}
