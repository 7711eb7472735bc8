/*
 * Functions that tasks bring along: each has a number, and a worker is told
 * what the number means before it is called for the first time.
 */
#include "pool/pool.h"

#include <orderly/status.h>

int
pool_function(struct ord_pool *pool, ord_task_fn function, const char *name, uint32_t *number)
{
	(void)function;
	(void)name;
	*number = 0;
	return error_set(&pool->error, ORD_ENOTSUP, "tasks cannot bring functions along yet");
}
