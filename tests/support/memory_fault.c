/* The wrappers are called in place of the functions of base/memory.h in every test program. */
#include "memory_fault.h"

#include <stdatomic.h>
#include <stddef.h>

static atomic_ulong countdown;
static atomic_int came, all_behind;

void *__real_memory_new(size_t count, size_t size);
void *__real_memory_resize(void *block, size_t size);
void *__real_memory_copy(const void *bytes, size_t size);
void *__wrap_memory_new(size_t count, size_t size);
void *__wrap_memory_resize(void *block, size_t size);
void *__wrap_memory_copy(const void *bytes, size_t size);

void
memory_fault_at(unsigned long n)
{
	atomic_store(&came, 0);
	atomic_store(&all_behind, 0);
	atomic_store(&countdown, n);
}

void
memory_fault_lasts(int lasts)
{
	atomic_store(&all_behind, lasts);
}

int
memory_fault_came(void)
{
	return atomic_load(&came);
}

/* Several threads may allocate; one of them meets the fault. */
static int
fails(void)
{
	unsigned long left = atomic_load(&countdown);

	if (atomic_load(&came) && atomic_load(&all_behind))
		return 1;
	while (left != 0 && !atomic_compare_exchange_weak(&countdown, &left, left - 1))
		;
	if (left != 1)
		return 0;
	atomic_store(&came, 1);
	return 1;
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
