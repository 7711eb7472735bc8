/*
 * Halt and go on.  The spawner stops and continues the processes; here nothing
 * is given out meanwhile, and no worker is late because of it.  Tasks that are
 * asked to end do so also in a pool that is suspended, so calls wait for them;
 * what else they could wait for only ord_pool_resume brings.
 */
#include <orderly/status.h>

#include "base/clock.h"
#include "pool/pool.h"

static int
may_halt(struct ord_pool *pool)
{
	int status = pool_check(pool);

	if (status != 0)
		return status;
	if (!pool->started)
		return error_set(&pool->error, ORD_EINVAL,
			"the pool is not started: call ord_pool_start first");
	if (pool->ended) {
		pool->error = pool->failure;
		return pool->failure.status;
	}
	return ORD_OK;
}

/* INLINE has nobody to tell, nor has a pool whose workers are gone. */
static int
tell_spawner(struct ord_pool *pool, int on)
{
	int status = pool->launch.life >= 0 ? launch_suspend(&pool->launch, on) : ORD_OK;

	if (status == ORD_ENOMEM)
		return error_memory(&pool->error);
	return status == 0 ? ORD_OK
			   : error_set(&pool->error, status, "the spawner of this pool is gone");
}

int
ord_pool_suspend(struct ord_pool *pool)
{
	int status = may_halt(pool);

	if (status == 0 && !pool->core.suspended && !pool->finished) {
		status = tell_spawner(pool, 1);
		if (status != 0)
			return status;
		pool->core.suspended = true;
		pool->suspended_ns = clock_now_ns();
		pool_wake(pool);
	}
	return status;
}

int
pool_go_on(struct ord_pool *pool)
{
	uint64_t passed = clock_now_ns() - pool->suspended_ns;
	int status = tell_spawner(pool, 0);

	if (status != 0)
		return status;
	pool->core.suspended = false;
	for (uint32_t i = 0; pool->incarnations != NULL && i < pool->core.n_places; i++)
		if (pool->incarnations[i].ready_by_ns != 0)
			pool->incarnations[i].ready_by_ns += passed;
	return ORD_OK;
}

int
ord_pool_resume(struct ord_pool *pool)
{
	int status = may_halt(pool);

	if (status != 0 || !pool->core.suspended)
		return status;
	status = pool_go_on(pool);
	if (status == 0 && pool->inline_worker == NULL)
		pool_dispatch(pool);
	pool_wake(pool);
	return status;
}

static bool
ends_are_awaited(const struct ord_pool *pool)
{
	for (uint32_t i = 0; i < pool->core.n_slots && pool->core.n_sent != 0; i++)
		if (pool->core.slots[i].state == SLOT_SENT && pool->core.slots[i].cancel)
			return true;
	return false;
}

bool
pool_halted(const struct ord_pool *pool)
{
	return pool->core.suspended && !ends_are_awaited(pool);
}
