/* Allocation: zeroed, copied, of no size and of sizes that cannot be. */
#include <criterion/criterion.h>

#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "memory_fault.h"

Test(memory, new_is_zeroed)
{
	char *block = memory_resize(NULL, 4096);

	cr_assert_not_null(block);
	memset(block, 'x', 4096);
	memory_free(block);
	block = memory_new(64, 64);
	cr_assert_not_null(block);
	for (size_t i = 0; i < 4096; i++)
		cr_assert_eq(block[i], 0);
	memory_free(block);
}

Test(memory, nothing_is_something)
{
	void *one = memory_new(0, 8);
	void *two = memory_new(8, 0);
	void *three = memory_resize(NULL, 0);

	cr_assert_not_null(one);
	cr_assert_not_null(two);
	cr_assert_not_null(three);
	three = memory_resize(three, 0);
	cr_assert_not_null(three);
	memory_free(one);
	memory_free(two);
	memory_free(three);
	memory_free(NULL);
}

Test(memory, product_overflows)
{
	volatile size_t half = SIZE_MAX / 2 + 1;

	cr_assert_null(memory_new(half, 2));
	cr_assert_null(memory_new(2, half));
	cr_assert_null(memory_new(SIZE_MAX / 16 + 1, 16));
}

Test(memory, resize_keeps)
{
	char *block = memory_copy("0123456789", 10);

	cr_assert_not_null(block);
	block = memory_resize(block, 100000);
	cr_assert_not_null(block);
	cr_assert_arr_eq(block, "0123456789", 10);
	block = memory_resize(block, 5);
	cr_assert_not_null(block);
	cr_assert_arr_eq(block, "01234", 5);
	memory_free(block);
}

Test(memory, copy_has_a_nul_behind)
{
	char *copy = memory_copy("a\0b", 3);
	char *empty = memory_copy(NULL, 0);

	cr_assert_not_null(copy);
	cr_assert_arr_eq(copy, "a\0b\0", 4);
	cr_assert_not_null(empty);
	cr_assert_eq(empty[0], '\0');
	cr_assert_null(memory_copy("a", SIZE_MAX));
	memory_free(copy);
	memory_free(empty);
}

Test(memory, faults_can_be_made)
{
	void *block;

	memory_fault_at(2);
	block = memory_new(1, 1);
	cr_assert_not_null(block);
	cr_assert_not(memory_fault_came());
	cr_assert_null(memory_copy("a", 1));
	cr_assert(memory_fault_came());
	memory_free(block);
	block = memory_resize(NULL, 1);
	cr_assert_not_null(block);
	memory_free(block);
}
