/* Buffers: growth, drop, no memory, sizes that cannot be. */
#include <criterion/criterion.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "memory_fault.h"

Test(buffer, zeroed_is_empty)
{
	struct buffer buffer = { 0 };

	cr_assert_eq(buffer_append(&buffer, NULL, 0), 0);
	cr_assert_eq(buffer_reserve(&buffer, 0), 0);
	buffer_drop(&buffer, 0);
	cr_assert_null(buffer.bytes);
	cr_assert_eq(buffer.size, 0);
	cr_assert_eq(buffer.capacity, 0);
	buffer_finish(&buffer);
}

Test(buffer, reserve_leaves_the_size)
{
	struct buffer buffer = { 0 };

	cr_assert_eq(buffer_append(&buffer, "abc", 3), 0);
	cr_assert_eq(buffer_reserve(&buffer, 1000), 0);
	cr_assert_eq(buffer.size, 3);
	cr_assert(buffer.capacity >= 1003);
	memset(buffer.bytes + buffer.size, 'x', 1000);
	cr_assert_arr_eq(buffer.bytes, "abc", 3);
	buffer_finish(&buffer);
}

Test(buffer, grows_by_doubling)
{
	struct buffer buffer = { 0 };
	size_t capacity = 0;
	unsigned growths = 0;

	for (unsigned i = 0; i < 100000; i++) {
		char byte = (char)(i * 7);

		cr_assert_eq(buffer_append(&buffer, &byte, 1), 0);
		cr_assert(buffer.size <= buffer.capacity);
		growths += buffer.capacity != capacity;
		capacity = buffer.capacity;
	}
	cr_assert(growths <= 12);
	for (unsigned i = 0; i < 100000; i++)
		cr_assert_eq(buffer.bytes[i], (char)(i * 7));
	buffer_finish(&buffer);
}

Test(buffer, drop_moves_the_rest)
{
	struct buffer buffer = { 0 };
	size_t capacity;

	cr_assert_eq(buffer_append(&buffer, "0123456789", 10), 0);
	capacity = buffer.capacity;
	buffer_drop(&buffer, 3);
	cr_assert_eq(buffer.size, 7);
	cr_assert_arr_eq(buffer.bytes, "3456789", 7);
	buffer_drop(&buffer, 0);
	cr_assert_eq(buffer.size, 7);
	buffer_drop(&buffer, 7);
	cr_assert_eq(buffer.size, 0);
	cr_assert_eq(buffer.capacity, capacity);
	cr_assert_eq(buffer_append(&buffer, "a", 1), 0);
	cr_assert_eq(buffer.bytes[0], 'a');
	buffer_finish(&buffer);
}

Test(buffer, sizes_that_cannot_be)
{
	struct buffer buffer = { 0 };

	cr_assert_eq(buffer_append(&buffer, "abc", 3), 0);
	cr_assert_eq(buffer_reserve(&buffer, SIZE_MAX), -1);
	cr_assert_eq(buffer_reserve(&buffer, SIZE_MAX - 2), -1);
	cr_assert_eq(buffer_reserve(&buffer, SIZE_MAX / 2 - 2), -1);
	cr_assert_eq(buffer.size, 3);
	cr_assert_arr_eq(buffer.bytes, "abc", 3);
	buffer_finish(&buffer);
}

Test(buffer, no_memory_changes_nothing)
{
	struct buffer buffer = { 0 };
	struct buffer before;
	char block[200] = { 0 };

	memory_fault_at(1);
	cr_assert_eq(buffer_append(&buffer, "abc", 3), -1);
	cr_assert(memory_fault_came());
	cr_assert_null(buffer.bytes);
	cr_assert_eq(buffer_append(&buffer, "abc", 3), 0);
	before = buffer;
	memory_fault_at(1);
	cr_assert_eq(buffer_append(&buffer, block, sizeof block), -1);
	cr_assert(memory_fault_came());
	cr_assert_eq(buffer.bytes, before.bytes);
	cr_assert_eq(buffer.size, before.size);
	cr_assert_eq(buffer.capacity, before.capacity);
	cr_assert_arr_eq(buffer.bytes, "abc", 3);
	buffer_finish(&buffer);
}

Test(buffer, usable_after_finish)
{
	struct buffer buffer = { 0 };

	cr_assert_eq(buffer_append(&buffer, "abc", 3), 0);
	buffer_finish(&buffer);
	cr_assert_null(buffer.bytes);
	cr_assert_eq(buffer.size, 0);
	cr_assert_eq(buffer.capacity, 0);
	buffer_finish(&buffer);
	cr_assert_eq(buffer_append(&buffer, "d", 1), 0);
	cr_assert_eq(buffer.bytes[0], 'd');
	buffer_finish(&buffer);
}
