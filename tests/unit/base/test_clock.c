/* Clocks: they go on, and what is left is rounded up. */
#include <criterion/criterion.h>

#include <stdint.h>
#include <time.h>

#include "base/clock.h"

Test(clock, now_never_goes_back)
{
	uint64_t last = clock_now_ns();
	uint64_t first = last;

	for (int i = 0; i < 100000; i++) {
		uint64_t now = clock_now_ns();

		cr_assert(now >= last);
		last = now;
	}
	cr_assert(last != first);
}

Test(clock, wall_is_the_time_of_people)
{
	time_t before = time(NULL);
	uint64_t wall = clock_wall_ns();
	time_t after = time(NULL);

	/* time() may be some milliseconds behind. */
	cr_assert(wall >= (uint64_t)before * CLOCK_NS_PER_S);
	cr_assert(wall < ((uint64_t)after + 2) * CLOCK_NS_PER_S);
}

Test(clock, left_is_rounded_up)
{
	const uint64_t now = 5 * CLOCK_NS_PER_S;

	cr_assert_eq(clock_left_ms(now, now + 1), 1);
	cr_assert_eq(clock_left_ms(now, now + CLOCK_NS_PER_MS - 1), 1);
	cr_assert_eq(clock_left_ms(now, now + CLOCK_NS_PER_MS), 1);
	cr_assert_eq(clock_left_ms(now, now + CLOCK_NS_PER_MS + 1), 2);
	cr_assert_eq(clock_left_ms(now, now + CLOCK_NS_PER_S), 1000);
}

Test(clock, left_has_ends)
{
	const uint64_t now = 5 * CLOCK_NS_PER_S;

	cr_assert_eq(clock_left_ms(now, now), 0);
	cr_assert_eq(clock_left_ms(now, now - 1), 0);
	cr_assert_eq(clock_left_ms(now, 0), 0);
	cr_assert_eq(clock_left_ms(now, now + INT32_MAX * CLOCK_NS_PER_MS), INT32_MAX);
	cr_assert_eq(clock_left_ms(now, now + INT32_MAX * CLOCK_NS_PER_MS + 1), INT32_MAX);
	cr_assert_eq(clock_left_ms(now, UINT64_MAX), INT32_MAX);
}
