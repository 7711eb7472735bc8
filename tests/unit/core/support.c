#include "support.h"

#include <criterion/criterion.h>

#include <string.h>

#include <orderly/result.h>

#include "shared/region.h"

void
stage_open(struct stage *stage, struct core_options options, uint64_t first)
{
	memset(stage, 0, sizeof *stage);
	options.claims = stage->claims;
	if (options.window_bytes == 0)
		options.window_bytes = 1 << 20;
	if (options.max_deaths == 0)
		options.max_deaths = 10;
	if (options.quarantine == 0)
		options.quarantine = 3;
	cr_assert(core_slots(options.window) <= sizeof stage->claims / sizeof *stage->claims);
	cr_assert_eq(core_init(&stage->core, &options, first), 0);
}

void
stage_close(struct stage *stage)
{
	cr_assert_null(core_check(&stage->core));
	core_finish(&stage->core);
}

void
stage_bring_up(struct stage *stage)
{
	while (stage->core.n_empty != 0) {
		uint32_t place = stage_next(stage, DISPATCH_SPAWN, NULL);

		core_spawning(&stage->core, place);
		core_ready(&stage->core, place);
	}
}

static struct slot *
submit(struct stage *stage, struct task task, const char *input)
{
	struct slot *slot;

	cr_assert(core_has_room(&stage->core, strlen(input)));
	cr_assert_eq(blob_set(&task.input, input, strlen(input)), 0);
	slot = core_submit(&stage->core, &task, NULL);
	cr_assert_null(core_check(&stage->core));
	return slot;
}

struct slot *
stage_submit(struct stage *stage, const char *input, uint32_t retries)
{
	return submit(stage, (struct task){ .limits.retries = (uint16_t)retries }, input);
}

struct slot *
stage_submit_command(struct stage *stage, uint32_t retries)
{
	return submit(stage, (struct task){ .limits.retries = (uint16_t)retries, .command = true },
		"true");
}

uint32_t
stage_next(struct stage *stage, enum dispatch_kind kind, uint64_t *sequence)
{
	struct dispatch next;

	stage->core.now_ns = stage->now_ns;
	next = core_dispatch(&stage->core, stage->now_ns);

	cr_assert_null(core_check(&stage->core));
	cr_assert_eq(next.kind, kind);
	stage->n = next.n;
	if (sequence != NULL)
		*sequence = next.slot->sequence;
	return next.place;
}

bool
stage_start(struct stage *stage, uint32_t place)
{
	struct slot *slot;
	const struct sent *sent = core_expected(&stage->core, place, &slot);

	cr_assert_not_null(sent);
	if (claim_start(&stage->claims[sent->index], sent->sequence, sent->attempt, place)) {
		cr_assert_not_null(slot);
		cr_assert_eq(core_runner(&stage->core, slot), place);
		return true;
	}
	cr_assert(slot == NULL || core_runner(&stage->core, slot) != place);
	core_answered(&stage->core, place);
	return false;
}

void
stage_answer(struct stage *stage, uint32_t place, uint32_t state, const char *output)
{
	struct slot *slot;

	if (core_running(&stage->core, place) == NULL)
		cr_assert(stage_start(stage, place));
	core_expected(&stage->core, place, &slot);
	cr_assert_not_null(slot);
	if (state == ORD_DONE)
		cr_assert_eq(blob_set(&slot->result.output, output, strlen(output)), 0);
	else
		detail_error(&slot->rest->detail, "%s", output);
	core_charge(&stage->core, slot, (ptrdiff_t)slot->result.output.size);
	slot->result.pid = 1000 + (int32_t)place;
	slot->place = place;
	core_attempted(&stage->core, slot, state);
	core_answered(&stage->core, place);
	cr_assert_null(core_check(&stage->core));
}

void
stage_die(struct stage *stage, uint32_t place, int wait_status)
{
	struct end end = { .wait_status = wait_status, .pid = 1000 + (int32_t)place };

	core_ended(&stage->core, place, &end, stage->now_ns);
	cr_assert_null(core_check(&stage->core));
}

void
stage_end_command(struct stage *stage, uint32_t place, int wait_status)
{
	struct end end = { .wait_status = wait_status, .pid = 2000 + (int32_t)place };

	core_command_ended(&stage->core, place, &end);
	cr_assert_null(core_check(&stage->core));
}

struct ord_result
stage_take(struct stage *stage, uint64_t sequence)
{
	struct slot *slot = core_deliverable(&stage->core);
	struct ord_result result;

	cr_assert_not_null(slot);
	cr_assert_eq(slot->sequence, sequence);
	core_release(&stage->core, slot, &result);
	cr_assert_eq(result.sequence, sequence);
	cr_assert_null(core_check(&stage->core));
	return result;
}

void
stage_expect(struct stage *stage, uint64_t sequence, uint32_t state)
{
	struct ord_result result = stage_take(stage, sequence);

	cr_assert_eq(result.state, state);
	result_finish(&result);
}

void
stage_expect_once(struct stage *stage, uint32_t state)
{
	struct ord_result result = stage_take(stage, 0);

	cr_assert_eq(result.state, state);
	cr_assert_eq(result.attempts, 1);
	cr_assert_eq(result.pid, 1000);
	result_finish(&result);
}

void
stage_do_last(struct stage *stage, uint32_t place)
{
	stage_answer(stage, place, ORD_DONE, "");
	stage_expect(stage, 0, ORD_DONE);
	stage_close(stage);
}

void
stage_quiet(const struct stage *stage)
{
	cr_assert_null(core_check(&stage->core));
	cr_assert_null(core_deliverable(&stage->core));
}
