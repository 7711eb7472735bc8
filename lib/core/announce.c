/*
 * What is to be announced of tasks.  The core calls nobody back: a task of
 * which there is news lies in a list, and what is new about it is seen from
 * its slot when the owner takes it.  So a task that was tried again, began
 * and ended since the last look is announced in just that order, and one that
 * ended in a callback about an earlier announcement is not forgotten.
 *
 * An attempt that ended before it could say that it began, because its worker
 * died just then, is announced as started first: starts and ends match.
 */
#include "core/core.h"

#include "core/lists.h"

void
core_begun(struct core *core, struct slot *slot, uint32_t place, uint64_t begun_ns)
{
	slot->begun = true;
	slot->result.started_ns = begun_ns;
	slot->place = place;
	news_append(core, slot);
}

static struct announcement
tell_start(struct core *core, struct slot *slot)
{
	slot->told = true;
	core->n_told_running++;
	return (struct announcement){ ANNOUNCE_STARTED, slot->attempt - slot->untold, slot };
}

static struct announcement
tell_end(struct core *core, struct slot *slot, enum announcement_kind kind)
{
	core->n_told_running -= slot->told;
	slot->told = false;
	return (struct announcement){ kind, slot->attempt - slot->untold, slot };
}

static struct announcement
next_of(struct core *core, struct slot *slot)
{
	bool settled = slot->state == SLOT_SETTLED;
	struct announcement next;

	if (!slot->told && (slot->untold != 0 || slot->begun || (settled && slot->started)))
		return tell_start(core, slot);
	if (slot->untold != 0) {
		next = tell_end(core, slot, ANNOUNCE_RETRIED);
		slot->untold--;
		return next;
	}
	if (!settled)
		return (struct announcement){ ANNOUNCE_NOTHING, 0, NULL };
	core->n_told_ended++;
	return tell_end(core, slot, ANNOUNCE_ENDED);
}

struct announcement
core_announcement(struct core *core)
{
	struct announcement next = { ANNOUNCE_NOTHING, 0, NULL };

	while (core->news != NULL && next.kind == ANNOUNCE_NOTHING) {
		struct slot *slot = core->news;

		next = next_of(core, slot);
		if (next.kind == ANNOUNCE_STARTED || next.kind == ANNOUNCE_RETRIED)
			continue;
		core->news = slot->rest->next_news;
		slot->has_news = false;
	}
	return next;
}
