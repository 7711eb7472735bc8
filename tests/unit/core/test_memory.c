/* Without memory: nothing is lost, nothing is half done. */
#include <criterion/criterion.h>

#include <string.h>

#include <orderly/result.h>

#include "memory_fault.h"
#include "support.h"

Test(memory, a_core_is_made_or_not)
{
	struct core_options options = {
		.window = 4, .workers = 2, .max_deaths = 1, .quarantine = 1
	};
	unsigned long n = 0;
	struct core core;

	do {
		memory_fault_at(++n);
		if (core_init(&core, &options, 0) != 0)
			cr_assert(core.slots == NULL && core.places == NULL);
		else
			core_finish(&core);
	} while (memory_fault_came());
	memory_fault_at(0);
	cr_assert(n > 1);
}

/* A task that cannot be given out waits on, and goes out when there is memory again. */
Test(memory, dispatch)
{
	struct stage stage;

	stage_open(&stage, (struct core_options){ .window = 4, .workers = 1 }, 0);
	stage_submit_command(&stage, 0);
	memory_fault_at(1);
	struct dispatch next = core_dispatch(&stage.core, 0);
	if (memory_fault_came()) {
		cr_assert_eq(next.kind, DISPATCH_NOTHING);
		cr_assert_null(core_check(&stage.core));
		cr_assert(core_has_time(&stage.core) && core_next_time(&stage.core) != UINT64_MAX);
		stage_next(&stage, DISPATCH_COMMAND, NULL);
	}
	memory_fault_at(0);
	stage_end_command(&stage, 0, EXITED(0));
	stage_expect(&stage, 0, ORD_DONE);
	stage_close(&stage);
}

/* A state is known without memory, its story is not. */
Test(memory, of_a_death)
{
	for (unsigned long n = 1; n < 4; n++) {
		struct stage stage;

		stage_open(&stage, (struct core_options){ .window = 4, .workers = 1 }, 0);
		stage_submit_command(&stage, 0);
		stage_next(&stage, DISPATCH_COMMAND, NULL);
		memory_fault_at(n);
		stage_end_command(&stage, 0, EXITED(3));
		memory_fault_at(0);
		struct ord_result result = stage_take(&stage, 0);
		cr_assert_eq(result.state, ORD_EXITED);
		cr_assert_eq(result.pid, 2000);
		result_finish(&result);
		stage_close(&stage);
	}
}

Test(memory, errors_are_cut)
{
	struct ord_result result = { 0 };
	char text[10000];

	memset(text, 'e', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	detail_error(&result.detail, "%s", text);
	cr_assert_eq(strlen(result.detail->error), 4095);
	detail_error(&result.detail, "%s", "short");
	cr_assert_str_eq(result.detail->error, "short");
	result_finish(&result);
	cr_assert_null(result.detail);
}
