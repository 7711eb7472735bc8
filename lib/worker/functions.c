/*
 * Functions that tasks bring along, by number.  The master tells what a number
 * means before the first call with it; the function is looked for inside the
 * first task that calls it, so that whatever a module does when it is loaded
 * is that task's, its crash and its words too.
 */
#include "worker/worker.h"

#include <string.h>

#include <orderly/status.h>

#include "base/memory.h"
#include "spawn/function.h"

static int
reserve(struct worker_functions *functions, uint32_t number)
{
	uint32_t room = functions->room != 0 ? functions->room : 16;
	struct known_function *known;

	while (room <= number)
		room *= 2;
	if (room == functions->room)
		return 0;
	known = memory_resize(functions->known, room * sizeof *known);
	if (known == NULL)
		return -1;
	memset(known + functions->room, 0, (room - functions->room) * sizeof *known);
	functions->known = known;
	functions->room = room;
	return 0;
}

int
worker_learn(struct worker *worker, uint16_t number, const char *bytes, size_t size)
{
	struct known_function *known;
	struct function_spec spec;
	char *copy;

	if (number == 0 || function_decode(&spec, bytes, size) != 0 || spec.kind == FUNCTION_NONE)
		return ORD_EINVAL;
	copy = memory_copy(bytes, size);
	if (copy == NULL || reserve(&worker->functions, number) != 0) {
		memory_free(copy);
		return ORD_ENOMEM;
	}
	known = &worker->functions.known[number];
	memory_free(known->bytes);
	*known = (struct known_function){ .bytes = copy, .size = size };
	return 0;
}

bool
worker_knows(const struct worker *worker, uint16_t number)
{
	if (number == 0)
		return worker->function != NULL;
	return number < worker->functions.room && worker->functions.known[number].bytes != NULL;
}

void
worker_forget(struct worker *worker)
{
	for (uint32_t i = 0; i < worker->functions.room; i++)
		memory_free(worker->functions.known[i].bytes);
	memory_free(worker->functions.known);
	worker->functions = (struct worker_functions){ 0 };
}

/* A file that was missing may be there for the next task, so a failure is not kept. */
static int
find(struct worker *worker, struct known_function *known)
{
	struct error error = { 0, "" };
	struct function_spec spec;
	void *user;

	if (function_decode(&spec, known->bytes, known->size) == 0 &&
		function_resolve(&spec, &known->function, &user, &error) == 0)
		return 0;
	return ord_task_fail_at(&worker->task, NULL, 0, "%s", error.text);
}

int
worker_call(struct worker *worker, uint16_t number)
{
	struct known_function *known;

	if (number == 0)
		return worker->function(&worker->task, worker->user);
	if (!worker_knows(worker, number)) /* INLINE without memory */
		return ord_task_fail_at(&worker->task, NULL, 0, "no memory for its function");
	known = &worker->functions.known[number];
	if (known->function == NULL && find(worker, known) != 0)
		return ORD_ENOTSUP;
	return known->function(&worker->task, worker->user);
}
