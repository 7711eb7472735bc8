/*
 * A worker that was given tasks and does not come to them is about to be
 * replaced.  Between the look that says so and its end it may wake and start
 * one, which would then die with it and be blamed.  So its tasks are withdrawn
 * first, by their claim words: whoever comes to one skips it.  When the worker
 * has ended they are armed again, in the same attempt, as if nothing had been.
 */
#include "core/core.h"

#include "core/roster.h"
#include "shared/region.h"

static struct slot *
held(const struct core *core, const struct place *at, uint32_t i)
{
	return sent_slot(core, &at->sent[(at->first + i) & (at->capacity - 1)]);
}

static uint64_t
canceled_word(const struct slot *slot)
{
	return CLAIM_WORD(slot->sequence, slot->attempt, 0, CLAIM_CANCELED);
}

static void
arm_again(struct core *core, uint32_t place, uint32_t from)
{
	struct place *at = &core->places[place];

	for (uint32_t i = from; i < at->count; i++) {
		struct slot *slot = held(core, at, i);

		/* Unless another place holds it that is being emptied like this one. */
		if (slot != NULL && (slot->copies == 1 || core->n_withdrawn == 0) &&
			atomic_load(&core->options.claims[slot->index]) == canceled_word(slot))
			claim_arm(
				&core->options.claims[slot->index], slot->sequence, slot->attempt);
	}
}

/* From the last on: it starts them from the first. */
bool
core_withdraw(struct core *core, uint32_t place)
{
	struct place *at = &core->places[place];

	if (at->command || at->withdrawn || core_running(core, place) != NULL)
		return false;
	for (uint32_t i = at->count; i-- > 0;) {
		struct slot *slot = held(core, at, i);

		if (slot == NULL ||
			claim_cancel(&core->options.claims[slot->index], slot->sequence,
				slot->attempt) ||
			core_runner(core, slot) != place)
			continue;
		arm_again(core, place, i + 1);
		return false;
	}
	at->withdrawn = true;
	core->n_withdrawn++;
	return true;
}

void
core_restore(struct core *core, uint32_t place)
{
	struct place *at = &core->places[place];

	if (!at->withdrawn)
		return;
	at->withdrawn = false;
	core->n_withdrawn--;
	arm_again(core, place, 0);
	/* What was to be canceled meanwhile had no claim to cancel. */
	for (uint32_t i = 0; i < at->count; i++) {
		struct slot *slot = held(core, at, i);

		if (slot == NULL || (!slot->cancel && !core->stopped) ||
			core_runner(core, slot) != UINT32_MAX)
			continue;
		slot->cancel = false;
		slot->cancel = core_cancel(core, slot);
	}
}

bool
core_is_withdrawn(const struct core *core, const struct slot *slot)
{
	return core->n_withdrawn != 0 && slot->state == SLOT_SENT && !slot->task.command &&
		atomic_load(&core->options.claims[slot->index]) == canceled_word(slot);
}
