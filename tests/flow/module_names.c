/* A shared object whose functions are known by names only: static ones, in its table. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <orderly/function.h>
#include <orderly/orderly.h>

static int
triple(struct ord_task *task, void *user)
{
	uint64_t number = *(const uint64_t *)ord_task_input(task, NULL) * 3;

	(void)user;
	return ord_task_return(task, &number, sizeof number);
}
ORD_FUNCTION(triple);

/* The sum of the shared bytes. */
static int
sum(struct ord_task *task, void *user)
{
	size_t size;
	const uint8_t *bytes = ord_task_shared(task, &size);
	uint64_t total = 0;

	(void)user;
	for (size_t i = 0; i < size; i++)
		total += bytes[i];
	return ord_task_return(task, &total, sizeof total);
}
ORD_FUNCTION(sum);

/* In the program's table too. */
static int
who(struct ord_task *task, void *user)
{
	(void)user;
	return ord_task_return(task, "module", 7);
}
ORD_FUNCTION(who);

/* For dlsym. */
int module_pid(struct ord_task *task, void *user);

__attribute__((visibility("default"))) int
module_pid(struct ord_task *task, void *user)
{
	(void)user;
	return ord_task_return(task, "module_pid", 11);
}
