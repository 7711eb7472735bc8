/* A shared object with a task function: a pool that runs the installed command finds it by name. */
#include <stdint.h>

#include <orderly/orderly.h>

int double_it(struct ord_task *task, void *user);

__attribute__((visibility("default"))) int
double_it(struct ord_task *task, void *user)
{
	size_t size;
	const uint64_t *number = ord_task_input(task, &size);
	uint64_t doubled;

	(void)user;
	if (size != sizeof *number)
		return ord_task_fail(task, "not a number");
	doubled = *number * 2;
	return ord_task_return(task, &doubled, sizeof doubled);
}
