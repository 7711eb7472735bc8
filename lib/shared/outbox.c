/*
 * Two processes, one ring.  The worker writes bytes, then `committed`; the
 * master writes `acknowledged`.  Where one stores a word and then reads the
 * other's to decide whether to wake it, a full fence stands between, on both
 * sides: without it each can miss the other.
 */
#define _GNU_SOURCE /* syscall */
#include "shared/outbox.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define FLUSH_NS 5000000 /* how long a record may wait for the bell */

void
outbox_init(struct outbox *outbox, struct region *region, int timer, int bell)
{
	*outbox = (struct outbox){ .region = region, .timer = timer, .bell = bell };
}

char *
outbox_look_for_room(struct outbox *outbox, size_t size)
{
	outbox->seen =
		atomic_load_explicit(&outbox->region->page->acknowledged, memory_order_acquire);
	if (outbox->position - outbox->seen + size > REGION_RING_SIZE)
		return NULL;
	return outbox->region->ring + (outbox->position & (REGION_RING_SIZE - 1));
}

void
outbox_arm(struct outbox *outbox)
{
	struct itimerspec soon = { .it_value = { 0, FLUSH_NS } };

	atomic_store_explicit(&outbox->region->page->armed, 1, memory_order_relaxed);
	timerfd_settime(outbox->timer, 0, &soon, NULL);
}

void
outbox_commit(struct outbox *outbox, size_t size, int urgent)
{
	outbox_put(outbox, size);
	if (!urgent || outbox->timer < 0)
		return;
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&outbox->region->page->armed, memory_order_relaxed) == 0)
		outbox_arm(outbox);
}

void
outbox_ring(struct outbox *outbox)
{
	bool news = outbox->told != outbox->position;
	uint64_t one = 1;

	outbox->told = outbox->position;
	if (!news || outbox->bell < 0 ||
		atomic_load_explicit(&outbox->region->page->acknowledged, memory_order_acquire) ==
			outbox->position)
		return;
	if (write(outbox->bell, &one, sizeof one) < 0)
		return; /* the counter is full: the master has not even seen the first of them */
}

void
outbox_wait(struct outbox *outbox)
{
	struct status_page *page = outbox->region->page;

	atomic_store_explicit(&page->waiting, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	while (atomic_load_explicit(&page->acknowledged, memory_order_acquire) == outbox->seen &&
		atomic_load_explicit(&page->waiting, memory_order_relaxed) != 0)
		syscall(SYS_futex, &page->waiting, FUTEX_WAIT, 1, NULL, NULL, 0);
	atomic_store_explicit(&page->waiting, 0, memory_order_relaxed);
}

int64_t
outbox_left(const struct region *region, uint64_t taken)
{
	uint64_t committed = atomic_load_explicit(&region->page->committed, memory_order_acquire);

	if (committed - taken > REGION_RING_SIZE)
		return -1;
	return (int64_t)(committed - taken);
}

const char *
outbox_at(const struct region *region, uint64_t position)
{
	return region->ring + (position & (REGION_RING_SIZE - 1));
}

void
outbox_acknowledge(const struct region *region, uint64_t taken)
{
	struct status_page *page = region->page;

	atomic_store_explicit(&page->acknowledged, taken, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&page->waiting, memory_order_relaxed) == 0)
		return;
	atomic_store_explicit(&page->waiting, 0, memory_order_relaxed);
	syscall(SYS_futex, &page->waiting, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int
outbox_disarm(const struct region *region)
{
	if (atomic_load_explicit(&region->page->armed, memory_order_relaxed) == 0)
		return 0;
	atomic_store_explicit(&region->page->armed, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return 1;
}
