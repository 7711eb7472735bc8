/*
 * A task gets its end: a result, or a cancel before it started.  It stays in
 * the window until its turn to be delivered comes.
 */
#include "core/core.h"

#include <orderly/result.h>

#include "core/lists.h"
#include "core/roster.h"
#include "shared/region.h"

static void
leave_list(struct core *core, struct slot *slot)
{
	if (slot->state == SLOT_WAITING)
		waiting_remove(core, slot);
	else if (slot->state == SLOT_SENT)
		core->n_sent--;
}

/* What never ran has no process and no times; in its slot stand those of the task before. */
void
slot_clear_run(struct slot *slot)
{
	if (slot->attempt == 0)
		slot->result.pid = 0;
	slot->result.started_ns = slot->result.ended_ns = 0;
}

static void
drop_input(struct core *core, struct slot *slot)
{
	core_charge(core, slot, -(ptrdiff_t)slot->task.input.size);
	blob_finish(&slot->task.input);
	if ((slot->burdens & BURDEN_EXTRA) == 0)
		return;
	core_charge(core, slot, -(ptrdiff_t)slot->rest->extra.feed.size);
	blob_finish(&slot->rest->extra.feed);
	slot->burdens &= (uint8_t)~BURDEN_EXTRA;
}

void
core_settle(struct core *core, struct slot *slot, uint32_t state)
{
	if (slot->state == SLOT_SENT && slot->started) {
		struct place *place = &core->places[slot->place];

		core->mean_bytes += slot->result.output.size / 8;
		core->mean_bytes -= core->mean_bytes / 8;
		place->fed = true;
		place->fruitless = 0;
		core->fruitless = 0;
	}
	if (state == ORD_CANCELED && slot->rest->detail == NULL)
		detail_error(&slot->rest->detail,
			slot->started ? "canceled while it ran" : "canceled before it started");
	if (!slot->started)
		slot_clear_run(slot);
	/* Behind no output stands what was left of the one of the task before. */
	if (slot->result.output.size == 0 && slot->result.output.block == NULL)
		slot->result.output.near[0] = '\0';
	leave_list(core, slot);
	drop_input(core, slot);
	slot->result.state = (uint8_t)state;
	slot->result.attempts = (uint16_t)(slot->attempt + slot->started);
	slot->state = SLOT_SETTLED;
	core->n_settled++;
	if (core->options.completion)
		settled_append(core, slot);
	if (core->options.bulky_from != 0 && slot->result.output.size >= core->options.bulky_from)
		bulky_push(core, slot);
	news_append(core, slot);
}

bool
core_cancel(struct core *core, struct slot *slot)
{
	if (slot->state == SLOT_SETTLED)
		return false;
	if (slot->state == SLOT_WAITING ||
		(!slot->task.command &&
			claim_cancel(&core->options.claims[slot->index], slot->sequence,
				slot->attempt))) {
		core_settle(core, slot, ORD_CANCELED);
		return false;
	}
	slot->cancel = true;
	return true;
}
