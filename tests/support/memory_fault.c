/* The wrappers are called in place of the functions of base/memory.h in every test program. */
#include "memory_fault.h"

#include <stddef.h>

static unsigned long countdown;
static int came;

void *__real_memory_new(size_t count, size_t size);
void *__real_memory_resize(void *block, size_t size);
void *__real_memory_copy(const void *bytes, size_t size);
void *__wrap_memory_new(size_t count, size_t size);
void *__wrap_memory_resize(void *block, size_t size);
void *__wrap_memory_copy(const void *bytes, size_t size);

void
memory_fault_at(unsigned long n)
{
	countdown = n;
	came = 0;
}

int
memory_fault_came(void)
{
	return came;
}

/* Nothing is written while no fault is asked for: threads may allocate. */
static int
fails(void)
{
	if (countdown == 0)
		return 0;
	countdown--;
	came = countdown == 0;
	return came;
}

void *
__wrap_memory_new(size_t count, size_t size)
{
	return fails() ? NULL : __real_memory_new(count, size);
}

void *
__wrap_memory_resize(void *block, size_t size)
{
	return fails() ? NULL : __real_memory_resize(block, size);
}

void *
__wrap_memory_copy(const void *bytes, size_t size)
{
	return fails() ? NULL : __real_memory_copy(bytes, size);
}
