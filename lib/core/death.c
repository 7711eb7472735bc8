/*
 * A process ended.  Of the tasks that were with it, the one that had started
 * and has no result died with it; those that had not started take their old
 * places among the waiting, and nothing is counted against them.
 */
#include "core/core.h"

#include <string.h>
#include <sys/wait.h>

#include <orderly/result.h>

#include "base/clock.h"
#include "core/lists.h"
#include "core/roster.h"
#include "shared/region.h"

#define CROWDED_NS (20 * CLOCK_NS_PER_MS)

static const uint64_t back_off_ms[] = { 0, 10, 100, 1000 };

uint32_t
core_runner(const struct core *core, const struct slot *slot)
{
	uint64_t word;

	if (slot->state != SLOT_SENT)
		return UINT32_MAX;
	if (slot->task.command)
		return slot->place;
	word = atomic_load_explicit(&core->options.claims[slot->index], memory_order_acquire);
	if (word != CLAIM_WORD(slot->sequence, slot->attempt, CLAIM_PLACE(word), CLAIM_STARTED) ||
		CLAIM_PLACE(word) >= core->n_places)
		return UINT32_MAX;
	return CLAIM_PLACE(word);
}

struct slot *
core_running(const struct core *core, uint32_t place)
{
	const struct place *at = &core->places[place];

	/* A command runs beside the worker, not in it. */
	for (uint32_t i = 0; i < at->count && !at->command; i++) {
		struct slot *slot =
			sent_slot(core, &at->sent[(at->first + i) & (at->capacity - 1)]);

		if (slot != NULL && core_runner(core, slot) == place)
			return slot;
	}
	return NULL;
}

static void
give_back(struct core *core, struct slot *slot)
{
	core->n_sent--;
	slot->place = UINT32_MAX;
	waiting_insert(core, slot);
}

static uint32_t
state_of(const struct slot *slot, const struct end *end)
{
	if (end->over_kib != 0)
		return ORD_OUT_OF_MEMORY;
	if (end->timed_out)
		return ORD_TIMED_OUT;
	if (slot->cancel && (end->stopped || WIFSIGNALED(end->wait_status)))
		return ORD_CANCELED;
	if (end->out_of_memory)
		return ORD_OUT_OF_MEMORY;
	if (WIFSIGNALED(end->wait_status))
		return ORD_SIGNALED;
	return slot->task.command && WEXITSTATUS(end->wait_status) == 0 ? ORD_DONE : ORD_EXITED;
}

static bool
try_again(struct core *core, struct slot *slot, uint32_t state)
{
	return state != ORD_DONE && state != ORD_CANCELED && !slot->cancel && !core->stopped &&
		slot->attempt < slot->task.limits.retries && slot->attempt < UINT8_MAX;
}

/* It was killed for its memory, and the next attempt shall have twice as much. */
static bool
give_more(struct core *core, struct slot *slot, const struct end *end)
{
	struct bounds *bounds = &slot->rest->extra.bounds;
	uint32_t most = bounds->memory_most_mib, memory = bounds->memory_mib;

	if (end->over_kib == 0 || memory >= most || slot->cancel || core->stopped ||
		slot->attempt == UINT8_MAX)
		return false;
	bounds->memory_mib = memory <= most / 2 ? memory * 2 : most;
	return true;
}

/* What its attempt had put into the result goes: the next one begins anew. */
static void
forget_attempt(struct core *core, struct slot *slot)
{
	core_charge(core, slot, -(ptrdiff_t)slot->result.output.size);
	blob_finish(&slot->result.output);
	detail_free(&slot->rest->detail);
	slot->rest->given_up = slot->place + 1;
	slot->result.started_ns = slot->result.ended_ns = 0;
	slot->started = false;
	slot->asking = false;
}

static void
retry(struct core *core, struct slot *slot)
{
	forget_attempt(core, slot);
	slot->attempt++;
	slot->task.plain = false;
	slot->untold++;
	slot->begun = false;
	core->retried++;
	if (!slot->task.command)
		claim_arm(&core->options.claims[slot->index], slot->sequence, slot->attempt);
	give_back(core, slot);
	news_append(core, slot);
}

void
core_attempted(struct core *core, struct slot *slot, uint32_t state)
{
	slot->started = true;
	if (state == ORD_TIMED_OUT && try_again(core, slot, state))
		retry(core, slot);
	else
		core_settle(core, slot, state);
}

static void
settle_dead(struct core *core, struct slot *slot, const struct end *end)
{
	uint32_t state = state_of(slot, end);

	slot->started = true;
	slot->result.pid = end->pid;
	if (!slot->task.command && state != ORD_CANCELED && state != ORD_TIMED_OUT &&
		end->over_kib == 0 && slot->kills < UINT8_MAX)
		slot->kills++;
	if (!slot->task.command && slot->kills >= core->options.quarantine &&
		slot->attempt < slot->task.limits.retries && state != ORD_CANCELED)
		state = ORD_QUARANTINED;
	if (state != ORD_QUARANTINED &&
		(give_more(core, slot, end) || try_again(core, slot, state))) {
		retry(core, slot);
		return;
	}
	core_certify(slot, end);
	core_explain(slot, state, end);
	core_settle(core, slot, state);
}

static void
back_off(struct core *core, struct place *place, uint64_t now_ns)
{
	size_t last = sizeof back_off_ms / sizeof back_off_ms[0] - 1;
	size_t step = place->fruitless < last ? place->fruitless : last;

	place->not_before_ns = now_ns + back_off_ms[step] * CLOCK_NS_PER_MS;
	place->fruitless++;
	core->fruitless++;
}

static void
vacate(struct core *core, struct place *place)
{
	place_out(core, place);
	place->state = PLACE_EMPTY;
	place->batch = place->prefetched = 0;
	place_in(core, place);
}

/*
 * Nobody else holds it, so its claim word is armed: unless somebody has
 * written there what makes no sense, and then nobody could ever start it.
 */
static void
take_back(struct core *core, struct slot *slot)
{
	if (slot->cancel || core->stopped) {
		core_settle(core, slot, ORD_CANCELED);
		return;
	}
	claim_arm(&core->options.claims[slot->index], slot->sequence, slot->attempt);
	give_back(core, slot);
}

/*
 * What it had started died with it: one task, or several if it was a worker
 * whose answers could not be trusted.  What another place has started, or may
 * start, is no longer this one's.  Returns whether it had started this.
 */
static bool
leave_behind(struct core *core, struct slot *slot, uint32_t place, const struct end *end)
{
	uint32_t runner = core_runner(core, slot);

	if (runner == place) {
		slot->place = place;
		settle_dead(core, slot, end);
	} else if (slot->copies == 0) {
		take_back(core, slot);
	}
	return runner == place;
}

void
core_ended(struct core *core, uint32_t place, const struct end *end, uint64_t now_ns)
{
	struct place *at = &core->places[place];
	bool started = false;
	bool had_its_share =
		core->options.recycle != 0 && at->given >= core->options.recycle && at->count == 0;
	bool expected = at->state == PLACE_STOPPED || had_its_share;

	vacate(core, at);
	core->recycled += had_its_share || at->retiring;
	if (!expected)
		core->deaths++;
	if (at->command) {
		if (!expected && !at->fed)
			back_off(core, at, now_ns);
		return; /* a command has a process of its own and goes on */
	}
	balance_forget(core, at);
	while (at->count != 0) {
		struct slot *slot = sent_slot(core, &at->sent[at->first & (at->capacity - 1)]);

		place_pop(core, place);
		if (slot != NULL)
			started |= leave_behind(core, slot, place, end);
	}
	balance_unpick(core);
	balance(core);
	if (!started && !expected && !at->fed)
		back_off(core, at, now_ns);
}

void
core_spawn_failed(struct core *core, uint32_t place, uint64_t now_ns)
{
	vacate(core, &core->places[place]);
	back_off(core, &core->places[place], now_ns);
}

void
core_command_ended(struct core *core, uint32_t place, const struct end *end)
{
	struct slot *slot;

	core->crowded_ns = 0; /* it has made room */
	if (core_expected(core, place, &slot) == NULL)
		return;
	core_answered(core, place);
	if (slot != NULL)
		settle_dead(core, slot, end);
}

bool
core_command_put_back(struct core *core, uint32_t place, uint64_t now_ns)
{
	struct slot *slot;

	if (core->n_sent < 2 || core->stopped || core_expected(core, place, &slot) == NULL ||
		slot == NULL || slot->cancel)
		return false;
	core_answered(core, place);
	slot_clear_run(slot);
	give_back(core, slot);
	core->crowded_ns = now_ns + CROWDED_NS;
	return true;
}

void
core_command_failed(struct core *core, uint32_t place, int exit_code, const char *text)
{
	struct detail *detail;
	struct slot *slot;

	if (core_expected(core, place, &slot) == NULL)
		return;
	core_answered(core, place);
	if (slot == NULL)
		return;
	detail = detail_get(&slot->rest->detail);
	if (detail != NULL)
		detail->exit_code = exit_code;
	detail_error(&slot->rest->detail, "%s", text);
	slot_clear_run(slot);
	slot->started = true;
	core_settle(core, slot, ORD_FAILED);
}

/* With a worker, but not begun. */
static void
stop_unstarted(struct core *core, struct slot *slot, const char *text)
{
	if (slot->state != SLOT_SENT || slot->task.command ||
		!claim_cancel(&core->options.claims[slot->index], slot->sequence, slot->attempt))
		return;
	if (text != NULL)
		detail_error(&slot->rest->detail, "%s", text);
	core_settle(core, slot, ORD_CANCELED);
}

void
core_stop(struct core *core, const char *text)
{
	core->stopped = true;
	while (core->waiting != NULL) {
		struct slot *slot = core->waiting;

		if (text != NULL)
			detail_error(&slot->rest->detail, "%s", text);
		core_settle(core, slot, ORD_CANCELED);
	}
	for (uint32_t i = 0; i < core->n_slots && core->n_sent != 0; i++)
		stop_unstarted(core, &core->slots[i], text);
}

/* Without the spawner nobody knows how a worker ended: SIGKILL is what the kernel sends it then. */
void
core_lost(struct core *core, const char *text)
{
	struct end end = { .wait_status = 9, .stopped = false };

	core_stop(core, text);
	for (uint32_t i = 0; i < core->n_places; i++) {
		struct place *at = &core->places[i];

		if (at->command)
			core_command_ended(core, i, &end);
		if (at->state != PLACE_EMPTY && core->options.functions)
			core_ended(core, i, &end, 0);
	}
	core_stop(core, text);
}
