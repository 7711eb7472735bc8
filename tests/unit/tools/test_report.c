/* What is told at the end and meanwhile: job log, exit status, estimates, displays. */
#include <string.h>

#include <criterion/criterion.h>
#include <orderly/orderly.h>

#include "display.h"
#include "estimate.h"
#include "joblog.h"
#include "tally.h"

#define S UINT64_C(1000000000)

Test(report, a_row_of_the_job_log)
{
	struct text command = { 0 }, out = { 0 };
	struct joblog_row row = { .number = 12,
		.started_ns = 1700000000 * S + 7000000,
		.ran_ns = 12 * S + 34600000,
		.received = 56,
		.exit_code = 3,
		.command = &command };

	text_add_string(&command, "echo a\nb");
	joblog_format(&out, &row);
	cr_assert_eq(
		out.size, strlen("12\t:\t1700000000.007\t    12.035\t0\t56\t3\t0\techo a b\n"));
	cr_assert_eq(
		memcmp(out.bytes, "12\t:\t1700000000.007\t    12.035\t0\t56\t3\t0\techo a\0b\n",
			out.size),
		0);
	text_finish(&command);
	text_finish(&out);
}

/* Counts n tasks that exit with a code. */
static bool
count(struct tally *tally, int code, int n)
{
	struct outcome outcome = {
		.state = code == 0 ? ORD_DONE : ORD_EXITED, .exit_code = code, .started = true
	};
	bool halts = false;

	while (n-- > 0)
		halts |= tally_add(tally, &outcome);
	return halts;
}

Test(report, exit_status)
{
	struct tally tally = { .failed = 0 };
	struct outcome canceled = { .state = ORD_CANCELED, .exit_code = -1 };

	cr_assert_eq(tally_status(&tally), 0);
	count(&tally, 0, 5);
	count(&tally, 7, 2);
	tally_add(&tally, &canceled);
	cr_assert_eq(tally_status(&tally), 2);
	count(&tally, 1, 98);
	cr_assert_eq(tally_status(&tally), 100);
	count(&tally, 1, 1);
	cr_assert_eq(tally_status(&tally), 101);
	count(&tally, 1, 1000);
	cr_assert_eq(tally_status(&tally), 101);
}

Test(report, halts)
{
	struct tally first = { .halt = { HALT_NOW, HALT_FAIL, 1 } },
		     third = { .halt = { HALT_SOON, HALT_FAIL, 3 } };
	struct tally success = { .halt = { HALT_SOON, HALT_SUCCESS, 2 } };
	struct outcome killed = {
		.state = ORD_SIGNALED, .exit_code = -1, .signal = 9, .started = true
	};

	cr_assert_not(count(&first, 0, 9));
	cr_assert(tally_add(&first, &killed));
	cr_assert_not(count(&first, 3, 1));
	cr_assert_eq(tally_status(&first), 137);
	cr_assert_not(count(&third, 1, 2));
	cr_assert(count(&third, 1, 1));
	cr_assert_not(count(&third, 1, 1));
	cr_assert_eq(tally_status(&third), 4);
	cr_assert_not(count(&success, 1, 50));
	cr_assert(count(&success, 0, 2));
	cr_assert_eq(tally_status(&success), 0);
}

Test(report, estimate_of_few_long_tasks)
{
	struct estimate estimate = { .n_looks = 0 };

	estimate_look(&estimate, 0, 0);
	cr_assert_eq(estimate_rest(&estimate, 10, 4), ESTIMATE_UNKNOWN);
	cr_assert_eq(estimate_rest(&estimate, 0, 4), 0);
	estimate_task(&estimate, 10 * S);
	estimate_task(&estimate, 20 * S);
	estimate_look(&estimate, 20 * S, 2);
	cr_assert_eq(estimate_rest(&estimate, 8, 4), 30 * S);
	cr_assert_eq(estimate_rest(&estimate, 1, 4), 15 * S);
}

Test(report, estimate_of_many_short_tasks)
{
	struct estimate estimate = { .n_looks = 0 };

	for (uint64_t i = 0; i <= 200; i++) {
		estimate_look(&estimate, i * S / 10, i < 100 ? i : 100 + (i - 100) * 50);
		estimate_task(&estimate, S / 1000);
	}
	cr_assert_eq((int)(estimate_rate(&estimate) + 0.5), 500);
	cr_assert_eq(estimate_rest(&estimate, 5000, 2) / (S / 100), 1000);
}

/* Jobs of a list that wait again are done no more. */
Test(report, estimate_of_what_is_undone)
{
	struct estimate estimate = { .n_looks = 0 };

	estimate_look(&estimate, 1 * S, 30);
	estimate_look(&estimate, 2 * S, 40);
	estimate_look(&estimate, 3 * S, 8);
	cr_assert_eq((int)estimate_rate(&estimate), 0);
	estimate_look(&estimate, 5 * S, 12);
	cr_assert_eq((int)estimate_rate(&estimate), 2);
}

static void
check_display(enum progress_style style, const struct display_numbers *numbers, unsigned columns,
	const char *expected)
{
	struct display display = { .style = style, .jobs = 2, .begun_ns = 0 };
	struct text line = { 0 };

	estimate_look(&display.estimate, 0, 0);
	for (int i = 0; i < 10; i++)
		estimate_task(&display.estimate, 4 * S);
	estimate_look(&display.estimate, 20 * S, 10);
	display_format(&display, numbers, 61 * S, columns, &line);
	text_add_byte(&line, '\0');
	cr_assert_str_eq(line.bytes, expected);
	text_finish(&line);
}

Test(report, displays)
{
	struct display_numbers some = {
		.done = 10, .running = 2, .failed = 1, .total = 50, .total_known = true
	};
	struct display_numbers open = { .done = 10, .running = 2 };
	struct display_numbers none = { .total_known = true };

	check_display(PROGRESS_PLAIN, &some, 80,
		"orderly map: 10/50  2 running  1 failed  0.5/s  1:20 left\n");
	check_display(PROGRESS_PLAIN, &open, 80,
		"orderly map: 10 done, more may come  2 running  0.5/s  1:01 so far\n");
	check_display(PROGRESS_PLAIN, &none, 80, "orderly map: 0/0  0 running  0.5/s  0:00 left\n");
	check_display(PROGRESS_JSON, &some, 80,
		"{\"elapsed\":61.000,\"done\":10,\"total\":50,\"running\":2,\"failed\":1,\"rate\":0.50,\"left\":80.0}\n");
	check_display(PROGRESS_JSON, &open, 80,
		"{\"elapsed\":61.000,\"done\":10,\"total\":null,\"running\":2,\"failed\":0,\"rate\":0.50,\"left\":null}\n");
	check_display(PROGRESS_BAR, &some, 66,
		" 20% [##...........] 10/50  2 running  1 failed  0.5/s  1:20 left");
	check_display(PROGRESS_BAR, &some, 20, " 20% 10/50  2 runni");
	check_display(PROGRESS_BAR, &some, 5, "10/5");
	check_display(PROGRESS_BAR, &open, 30, "10 done, more may come  2 run");
}
