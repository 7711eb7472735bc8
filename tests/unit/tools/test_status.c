/* --status: what stands in front of lines. */
#include <criterion/criterion.h>

#include "estimate.h"
#include "run_status.h"

#define S UINT64_C(1000000000)

static const struct run_numbers half = { .finished = 3, .total = 12, .started = 7, .running = 4, .failed = 1,
	.elapsed_ns = 125 * S + S / 4, .rest_ns = 3661 * S, .rate = 1.25 };

static void
says(const char *format, const struct run_numbers *numbers, const char *wanted)
{
	struct text out = { 0 };

	cr_assert_null(run_status_check(format), "%s", format);
	run_status_fill(&out, format, numbers);
	text_add_byte(&out, '\0');
	cr_assert_str_eq(out.bytes, wanted, "%s: %s", format, out.bytes);
	text_finish(&out);
}

Test(status, placeholders)
{
	struct run_numbers none = { .rest_ns = ESTIMATE_UNKNOWN };

	says("", &half, "");
	says("[%f/%t] ", &half, "[3/12] ");
	says("%s %r %u %F", &half, "7 4 9 1");
	says("%p%%", &half, "25%%");
	says("%o %e %w", &half, "1.2 125.2 2:05");
	says("%E %W", &half, "3661.0 1:01:01");
	says("%E %W %p", &none, "? ? 100%");
	says("100 %% \xc3\xbc\n", &half, "100 % \xc3\xbc\n");
}

Test(status, what_is_none)
{
	static const char *const wrong[] = { "%", "%x", "a%", "%f %z %t", "%%%", "%\n", "% f" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		cr_assert_not_null(run_status_check(wrong[i]), "%s", wrong[i]);
}
