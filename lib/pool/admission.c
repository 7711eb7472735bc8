/*
 * Tasks are held back while the machine has too little memory left or too much
 * to do.  It is looked at once a second, and only while tasks wait; the core
 * gives one out all the same when nothing else runs.
 */
#include "pool/pool.h"

#include "base/clock.h"
#include "base/machine.h"

#define LOOK_NS CLOCK_NS_PER_S

void
admission_look(struct ord_pool *pool)
{
	const struct ord_pool_options *options = &pool->options;
	struct admission *admission = &pool->admission;
	uint64_t now_ns = pool->core.n_waiting != 0 ? clock_now_ns() : 0;

	if (now_ns < admission->next_ns || now_ns == 0)
		return;
	admission->next_ns = now_ns + LOOK_NS;
	pool->core.held = (options->free_memory_mib != 0 &&
				  machine_free_mib(admission->root) < options->free_memory_mib) ||
		(options->max_load != 0 && machine_load(admission->root) > options->max_load);
}

uint64_t
admission_next(const struct ord_pool *pool)
{
	return pool->core.held && pool->core.n_waiting != 0 && !pool->core.stopped
		? pool->admission.next_ns
		: UINT64_MAX;
}
