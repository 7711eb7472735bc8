/* Payloads: inline, of our own, and borrowed. */
#include <string.h>

#include <criterion/criterion.h>

#include "base/blob.h"
#include "base/memory.h"
#include "memory_fault.h"

struct lender {
	uint64_t handle;
	int times;
};

static void
take_back(void *owner, uint64_t handle)
{
	struct lender *lender = owner;

	lender->handle = handle;
	lender->times++;
}

static const struct blob empty;

Test(blob, sizes_around_what_is_inline)
{
	char bytes[64];

	memset(bytes, 'x', sizeof bytes);
	for (size_t size = 0; size <= sizeof bytes; size++) {
		struct blob blob = empty;

		cr_assert_eq(blob_set(&blob, bytes, size), 0);
		cr_assert_eq(blob.size, size);
		cr_assert_eq(memcmp(blob_bytes(&blob), bytes, size), 0);
		cr_assert_eq(blob_bytes(&blob)[size], '\0');
		cr_assert_eq(blob.block != NULL, size > BLOB_INLINE);
		cr_assert_not(blob_is_borrowed(&blob));
		blob_finish(&blob);
		cr_assert_eq(blob.size, 0);
		cr_assert_str_eq(blob_bytes(&blob), "");
	}
}

/* Whatever was in it before: it is given back once, and not what comes after it. */
Test(blob, borrowed_goes_back_once)
{
	struct lender lender = { 0 };
	struct blob_lease lease = { take_back, &lender, 42 };
	struct blob blob = empty;

	for (int round = 1; round <= 3; round++) {
		blob_set(&blob, "12345678901234567890123", 23);
		blob_finish(&blob);
		blob_borrow(&blob, "bytes of another", 16, &lease);
		cr_assert(blob_is_borrowed(&blob));
		cr_assert_str_eq(blob_bytes(&blob), "bytes of another");
		blob_finish(&blob);
		cr_assert_eq(lender.times, round);
		cr_assert_eq(lender.handle, 42);
		blob_finish(&blob);
		cr_assert_eq(lender.times, round);
		blob_own(&blob, memory_copy("own", 3), 3);
		cr_assert_not(blob_is_borrowed(&blob));
		blob_finish(&blob);
		cr_assert_eq(blob_set(&blob, "123456789012345678901234567890", 30), 0);
		cr_assert_not(blob_is_borrowed(&blob));
		blob_finish(&blob);
		cr_assert_eq(lender.times, round);
	}
}

Test(blob, moves_as_a_struct)
{
	struct lender lender = { 0 };
	struct blob_lease lease = { take_back, &lender, 1 };
	struct blob from = empty, to;

	blob_borrow(&from, "x", 1, &lease);
	to = from;
	from = empty;
	blob_finish(&from);
	cr_assert_eq(lender.times, 0);
	blob_finish(&to);
	cr_assert_eq(lender.times, 1);
}

Test(blob, without_memory)
{
	struct blob blob = empty;

	memory_fault_at(1);
	cr_assert_eq(blob_set(&blob, "123456789012345678901234567890", 30), -1);
	cr_assert_eq(blob.size, 0);
	cr_assert_null(blob.block);
	cr_assert_eq(blob_join(&blob, "a", SIZE_MAX, "b", 1), -1);
	cr_assert_eq(blob_join(&blob, "a", SIZE_MAX - 1, "b", 1), -1);
}
