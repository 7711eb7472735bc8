/*
 * Pipes that the pool reads.  A pipe from which nothing may be taken leaves
 * the epoll, because a full one would wake the loop for ever.
 */
#include <sys/epoll.h>

#include "base/fd.h"
#include "pool/pool.h"

int
pool_watch(struct ord_pool *pool, int fd, enum source source, uint32_t place)
{
	struct epoll_event event = { .events = EPOLLIN,
		.data.u64 = ((uint64_t)place << 8) | (uint64_t)source };

	/* Each ring is an event, so nobody has to read how often it rang. */
	if (source == SOURCE_BELL)
		event.events |= EPOLLET;
	return epoll_ctl(pool->epoll, EPOLL_CTL_ADD, fd, &event);
}

int
intake_open(
	struct ord_pool *pool, struct intake *intake, int fd, enum source source, uint32_t place)
{
	intake->fd = fd;
	intake->paused = false;
	return pool_watch(pool, fd, source, place);
}

void
intake_pause(struct ord_pool *pool, struct intake *intake)
{
	if (intake->fd < 0 || intake->paused)
		return;
	epoll_ctl(pool->epoll, EPOLL_CTL_DEL, intake->fd, NULL);
	intake->paused = true;
	pool->n_paused++;
}

void
intake_resume(struct ord_pool *pool, struct intake *intake, enum source source, uint32_t place)
{
	if (intake->fd < 0 || !intake->paused)
		return;
	/* Without memory in the kernel it stays paused, and the next round tries again. */
	if (pool_watch(pool, intake->fd, source, place) != 0)
		return;
	intake->paused = false;
	pool->n_paused--;
}

void
intake_close(struct ord_pool *pool, struct intake *intake)
{
	if (intake->fd < 0)
		return;
	if (intake->paused)
		pool->n_paused--;
	else
		epoll_ctl(pool->epoll, EPOLL_CTL_DEL, intake->fd, NULL);
	intake->paused = false;
	fd_close(&intake->fd);
}
