/*
 * Tasks go out: those that the core gave to a place become one message.  What
 * they have in common was counted when they were given, so that its size is
 * known before the first of them is looked at again.
 */
#include "pool/pool.h"

/* Records that may lie in the bytes that the largest plain input has: even an empty one has a header. */
#define SPILLS_OVER ((BLOB_INLINE + 1) / RECORD_HEADER + 1)

static bool
follows(const struct incarnation *incarnation, const struct slot *slot)
{
	return incarnation->in_known && slot->attempt == 0 &&
		slot->sequence == incarnation->in_sequence && slot->index == incarnation->in_index;
}

static char *
put_run(char *to, const struct slot *slot)
{
	char *payload = record_begin(to, RECORD_RUN, 0, slot->attempt, RECORD_RUN_SIZE);

	wire_put64(payload, slot->sequence);
	wire_put64(payload + 8, slot->index);
	return to + record_space(RECORD_RUN_SIZE);
}

static void
put_bounds(char *to, const struct slot *slot)
{
	const struct bounds *bounds = &slot->rest->extra.bounds;

	wire_put64(to, (uint64_t)bounds->memory_mib << 32 | bounds->cpu_ms);
	wire_put64(to + 8, (uint64_t)bounds->file_mib << 32 | bounds->address_mib);
	wire_put64(to + 16, (uint64_t)slot->task.limits.grace_ms << 32 | bounds->open_files);
}

static inline char *
put_call(char *to, const struct slot *slot)
{
	const struct limits *limits = &slot->task.limits;
	size_t before = limits->timeout_ms != 0 ? 8 : 0;
	size_t size = slot->task.input.size;
	uint8_t flags = (before != 0 ? RECORD_TIMEOUT : 0) |
		(slot->rest->extra.feed.size != 0 ? RECORD_SLAB : 0);
	char *payload;

	if (limits->bounded != 0) {
		before += RECORD_BOUNDS_SIZE;
		flags |= RECORD_BOUNDS;
	}
	payload = record_begin(
		to, RECORD_CALL, flags, slot->task.function, (uint32_t)(size + before));
	if (limits->timeout_ms != 0)
		wire_put64(payload, (uint64_t)limits->grace_ms << 32 | limits->timeout_ms);
	if (limits->bounded != 0)
		put_bounds(payload + before - RECORD_BOUNDS_SIZE, slot);
	if (slot->task.input.block == NULL)
		copy_near(payload + before, slot->task.input.near, size);
	else
		memcpy(payload + before, slot->task.input.block, size);
	return to + record_space(size + before);
}

/* Plain tasks follow each other, so only the first may need a RUN. */
static void
put_plain(struct incarnation *incarnation, char *to, const struct dispatch *dispatch)
{
	const struct core *core = &incarnation->pool->core;
	const struct slot *slot = dispatch->slot, *slots = core->slots;
	uint32_t index = slot->index, mask = core->n_slots - 1;

	if (!follows(incarnation, slot))
		to = put_run(to, slot);
	incarnation->in_known = true;
	incarnation->in_sequence = slot->sequence + dispatch->n;
	incarnation->in_index = (index + dispatch->n) & mask;
	/* A record writes more than it has, and the next one over that; so the last few go the other way. */
	for (uint32_t i = 0; i < dispatch->n; i++) {
		const struct blob *input = &slots[(index + i) & mask].task.input;
		size_t size = input->size;

		if (i + SPILLS_OVER >= dispatch->n) {
			to = put_call(to, &slots[(index + i) & mask]);
			continue;
		}
		wire_put64(to, RECORD_WORD(RECORD_CALL, 0, 0, size));
		copy_all_near(to + RECORD_HEADER, input->near);
		to += record_space(size);
	}
}

/* The last n that were sent to its place. */
static void
put_tasks(struct incarnation *incarnation, char *to, uint32_t n)
{
	const struct core *core = &incarnation->pool->core;
	const struct place *place = &core->places[incarnation->place];
	uint32_t at = place->first + place->count - n, mask = place->capacity - 1;

	for (uint32_t i = 0; i < n; i++) {
		const struct slot *slot = &core->slots[place->sent[(at + i) & mask].index];

		if (!follows(incarnation, slot))
			to = put_run(to, slot);
		to = put_call(to, slot);
		incarnation->in_known = true;
		incarnation->in_sequence = slot->sequence + 1;
		incarnation->in_index = (slot->index + 1) & (core->n_slots - 1);
	}
}

int
batch_compose(struct incarnation *incarnation, const struct dispatch *dispatch,
	struct channel_message *message)
{
	size_t runs = dispatch->breaks + !follows(incarnation, dispatch->slot);
	size_t size = dispatch->n * RECORD_HEADER + dispatch->input_bytes + 8 * dispatch->timed +
		RECORD_BOUNDS_SIZE * dispatch->bounded + runs * record_space(RECORD_RUN_SIZE);
	char *to;

	if (dispatch->functions && functions_bytes(incarnation, dispatch->n, &size) != 0)
		return -1;
	to = incarnation_frame(incarnation, message, size + (dispatch->last ? RECORD_HEADER : 0));
	if (to == NULL)
		return -1;
	if (dispatch->last)
		record_begin(to + size, RECORD_BYE, 0, 0, 0);
	if (dispatch->functions)
		to = functions_put(incarnation, to, dispatch->n);
	if (dispatch->plain)
		put_plain(incarnation, to, dispatch);
	else
		put_tasks(incarnation, to, dispatch->n);
	return 0;
}

void
batch_send(struct ord_pool *pool, const struct dispatch *dispatch)
{
	struct incarnation *incarnation = &pool->incarnations[dispatch->place];
	struct channel_message message;

	if (batch_compose(incarnation, dispatch, &message) == 0)
		incarnation_post(incarnation, &message);
	else
		incarnation_spoil(incarnation); /* its tasks come back with its end, uncounted */
}
