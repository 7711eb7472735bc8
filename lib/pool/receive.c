/*
 * Results come in, from the outboxes where workers wrote them.  Records are
 * input: whatever makes no sense costs the worker that wrote it, and nobody
 * else.
 */
#include <orderly/result.h>

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pool/pool.h"

#define MESSAGES_AT_ONCE 256 /* of one worker, before others have their turn */

static void
acknowledge(struct incarnation *incarnation)
{
	struct ord_pool *pool = incarnation->pool;

	if (!core_may_take(&pool->core, incarnation->place)) {
		if (incarnation->owed == 0)
			pool->n_paused++;
		incarnation->owed = incarnation->taken;
		intake_pause(pool, &incarnation->pipe);
		return;
	}
	if (incarnation->owed != 0)
		pool->n_paused--;
	incarnation->owed = 0;
	outbox_acknowledge(&incarnation->region, incarnation->taken);
}

static int
take_run(struct incarnation *incarnation, const struct record *record)
{
	if (record->size != RECORD_RUN_SIZE || incarnation->parts.size != 0)
		return -1;
	incarnation->sequence = wire_get64(record->payload);
	incarnation->attempt = record->value;
	incarnation->known = true;
	incarnation->begun |= incarnation->sequence != ORD_NO_SEQUENCE;
	return 0;
}

/* The entry that a worker must be answering now: it answers in the order in which it was given tasks. */
static int
expect(const struct incarnation *incarnation, struct slot **slot)
{
	const struct sent *sent = core_expected(&incarnation->pool->core, incarnation->place, slot);

	if (sent == NULL || !incarnation->known || sent->sequence != incarnation->sequence ||
		sent->attempt != incarnation->attempt ||
		incarnation->pool->core.places[incarnation->place].command)
		return -1;
	return 0;
}

/* A message is answered: how long it took, and how long ago that was. */
static void
measure(const struct incarnation *incarnation)
{
	struct core *core = &incarnation->pool->core;
	uint64_t now_ns = clock_now_ns();

	if (incarnation->batch_ns != 0 && incarnation->ended_ns >= incarnation->batch_ns)
		core_measured(core, incarnation->ended_ns - incarnation->batch_ns,
			incarnation->batch_tasks);
	if (incarnation->batch_ns != 0 && now_ns > incarnation->ended_ns)
		core_late(core, now_ns - incarnation->ended_ns);
}

static void
answered(struct incarnation *incarnation)
{
	struct core *core = &incarnation->pool->core;
	bool last = core->places[incarnation->place].batch == 1;

	core_answered(core, incarnation->place);
	incarnation->sequence++;
	incarnation->attempt = 0;
	incarnation->batch_tasks++;
	if (!last)
		return;
	measure(incarnation);
	incarnation->batch_ns = 0;
	incarnation->batch_tasks = 0;
}

/* As expect, for records that only the worker that claimed the task can make. */
static int
expect_runner(const struct incarnation *incarnation, struct slot **slot)
{
	if (expect(incarnation, slot) != 0)
		return -1;
	return *slot == NULL || core_runner(&incarnation->pool->core, *slot) == incarnation->place
		? 0
		: -1;
}

/* Its size is told, so that it is allocated once; without memory for that it grows. */
static void
begin_parts(struct incarnation *incarnation, size_t count)
{
	blob_finish(&incarnation->block);
	if (count <= RECORD_INPUT_MAX / RECORD_PAYLOAD_MAX)
		(void)buffer_reserve(&incarnation->parts, count * RECORD_PAYLOAD_MAX + 1);
}

static int
take_part(struct incarnation *incarnation, const struct record *record)
{
	struct slot *slot;

	if (expect_runner(incarnation, &slot) != 0 ||
		record->size > RECORD_INPUT_MAX - incarnation->parts.size)
		return -1;
	if (slot == NULL)
		return 0;
	if (incarnation->parts.size == 0)
		begin_parts(incarnation, record->value);
	else if (incarnation->block.block != NULL)
		return -1;
	/* Without memory for its result the task fails; its worker and what that has done are not to blame. */
	incarnation->parts_lost |=
		buffer_append(&incarnation->parts, record->payload, record->size) != 0;
	if (incarnation->parts_lost)
		return 0;
	core_charge(&incarnation->pool->core, slot, (ptrdiff_t)record->size);
	return 0;
}

static int
take_block(struct incarnation *incarnation, const struct record *record)
{
	struct slot *slot;

	return expect_runner(incarnation, &slot) == 0 ? slabs_take(incarnation, record, slot) : -1;
}

static int
whole_output(struct incarnation *incarnation, struct slot *slot, const struct result_record *result)
{
	struct blob *output = &slot->result.output;
	struct buffer *parts = &incarnation->parts;
	char *exact;

	core_charge(&incarnation->pool->core, slot, (ptrdiff_t)result->output_size);
	if (parts->size == 0)
		return blob_set(output, result->output, result->output_size);
	if (incarnation->block.block != NULL) {
		*output = incarnation->block;
		incarnation->block = (struct blob){ 0 };
		return 0;
	}
	if (buffer_append(parts, result->output, result->output_size) != 0 ||
		buffer_reserve(parts, 1) != 0)
		return -1;
	parts->bytes[parts->size] = '\0';
	exact = memory_resize(
		parts->bytes, parts->size + 1); /* it grew by doubling, and may wait long */
	blob_own(output, exact != NULL ? exact : parts->bytes, parts->size);
	*parts = (struct buffer){ 0 };
	return 0;
}

static uint32_t
keep_output(struct incarnation *incarnation, struct slot *slot, const struct record *record,
	const struct result_record *result)
{
	if (record->value != ORD_DONE) {
		blob_finish(&incarnation->block);
		pool_last_words(incarnation->pool, incarnation->place, slot);
		detail_error(&slot->rest->detail, "%.*s", (int)result->output_size, result->output);
		return record->value;
	}
	if (!incarnation->parts_lost && whole_output(incarnation, slot, result) == 0)
		return ORD_DONE;
	detail_error(&slot->rest->detail, "the master has no memory for its result");
	return ORD_FAILED;
}

static int
take_result(struct incarnation *incarnation, const struct record *record)
{
	struct result_record result;
	struct slot *slot;
	uint32_t state;

	if (result_decode(&result, record) != 0 || expect_runner(incarnation, &slot) != 0 ||
		(record->value != ORD_DONE && record->value != ORD_FAILED &&
			record->value != ORD_CANCELED && record->value != ORD_TIMED_OUT))
		return -1;
	if (result.started_ns != 0) {
		incarnation->started_ns = result.started_ns;
		incarnation->ended_ns = result.ended_ns;
		if (incarnation->batch_ns == 0)
			incarnation->batch_ns = result.started_ns;
	}
	/* The mark was written before the record was committed, so it is in the pipe now. */
	if (result.marks != 0)
		words_read_to(incarnation, result.marks);
	if (slot != NULL) {
		slot->place = incarnation->place;
		slot->result.pid = incarnation->pid;
		slot->result.started_ns = incarnation->started_ns;
		slot->result.ended_ns = incarnation->ended_ns;
		state = keep_output(incarnation, slot, record, &result);
		core_attempted(&incarnation->pool->core, slot, state);
	}
	incarnation->parts.size = 0;
	incarnation->parts_lost = false;
	answered(incarnation);
	return 0;
}

/*
 * Is this said by a hook?  In the order of the stream that can only be before
 * the first task, or when the worker owes no answer or will give none.
 */
static bool
is_outside(const struct incarnation *incarnation)
{
	const struct place *place = &incarnation->pool->core.places[incarnation->place];

	return incarnation->known && incarnation->sequence == ORD_NO_SEQUENCE &&
		(!incarnation->begun || incarnation->leaving || place->count == 0 ||
			place->command);
}

static int
take_log(struct incarnation *incarnation, const struct record *record)
{
	struct slot *slot;

	if (is_outside(incarnation))
		return pool_take_log(incarnation, record, false);
	return expect_runner(incarnation, &slot) == 0
		? pool_take_log(incarnation, record, slot == NULL)
		: -1;
}

static int
take_skip(struct incarnation *incarnation)
{
	const struct core *core = &incarnation->pool->core;
	struct slot *slot;

	/* Only a task that was canceled, or that another has started who holds it too, can have been refused. */
	if (expect(incarnation, &slot) != 0)
		return -1;
	if (slot != NULL && core_is_withdrawn(core, slot)) {
		/* From one that is being killed nothing more is taken: its tasks come back with its end. */
		if (core->places[incarnation->place].withdrawn)
			return -1;
	} else if (slot != NULL &&
		(slot->copies < 2 || core_runner(core, slot) == UINT32_MAX ||
			core_runner(core, slot) == incarnation->place)) {
		return -1;
	}
	answered(incarnation);
	return 0;
}

/* What a task wants of its master while it runs. */
static int
take_wish(struct incarnation *incarnation, const struct record *record)
{
	struct core *core = &incarnation->pool->core;
	struct slot *slot;

	if (expect_runner(incarnation, &slot) != 0 || slot == NULL)
		return -1;
	if (record->kind != RECORD_YIELD)
		incarnation->asked++;
	if (record->kind == RECORD_ASK)
		return pool_take_ask(incarnation, slot, record);
	if (record->kind == RECORD_RESUME)
		incarnation->resume = incarnation->asked;
	if (record->kind == RECORD_YIELD)
		core_yield(core, incarnation->place);
	else
		core_wish(core, incarnation->place);
	if (slot->cancel)
		core_grant(core, incarnation->place);
	return 0;
}

static int
take_leaving(struct incarnation *incarnation)
{
	struct core *core = &incarnation->pool->core;

	incarnation->leaving = true;
	if (core->places[incarnation->place].state == PLACE_READY)
		core_retiring(core, incarnation->place);
	return 0;
}

/* A task that ended is announced before anything that its worker says of the next. */
static int
take_end(struct incarnation *incarnation, const struct record *record)
{
	int status = take_result(incarnation, record);

	pool_announce(incarnation->pool);
	return status;
}

/* What only the worker that runs a task can say of it. */
static int
take_news(struct incarnation *incarnation, const struct record *record)
{
	struct slot *slot;

	if (expect_runner(incarnation, &slot) != 0)
		return -1;
	return record->kind == RECORD_START ? pool_take_start(incarnation, record, slot)
					    : pool_take_progress(incarnation, record, slot);
}

/* The last thing that a worker says which on_worker_start, or too few addresses, have made unfit. */
static int
take_unfit(struct incarnation *incarnation, const struct record *record)
{
	struct ord_pool *pool = incarnation->pool;

	if (incarnation->ready_by_ns == 0 || !is_outside(incarnation) ||
		(pool->options.on_worker_start == NULL && pool->bounds.address_mib == 0))
		return -1;
	incarnation->unfit = true;
	error_set(&pool->start_error, ORD_ECRASHLOOP, "%s worker %u failed: %.*s",
		pool->bounds.address_mib == 0 ? "on_worker_start of" : "the start of",
		incarnation->place, (int)record->size, record->payload);
	return 0;
}

static int
take_record(struct incarnation *incarnation, const struct record *record)
{
	switch (record->kind) {
	case RECORD_RUN: return take_run(incarnation, record);
	case RECORD_LOG: return take_log(incarnation, record);
	case RECORD_PART: return take_part(incarnation, record);
	case RECORD_BLOCK: return take_block(incarnation, record);
	case RECORD_RESULT: return take_end(incarnation, record);
	case RECORD_SKIP: return take_skip(incarnation);
	case RECORD_ASK:
	case RECORD_YIELD:
	case RECORD_RESUME: return take_wish(incarnation, record);
	case RECORD_LEAVING: return take_leaving(incarnation);
	case RECORD_START:
	case RECORD_PROGRESS: return take_news(incarnation, record);
	case RECORD_UNFIT: return take_unfit(incarnation, record);
	default: return -1;
	}
}

/*
 * Stops early when many messages have been said: what is left is still in the
 * outbox, because it is not acknowledged, and the next round takes it there.
 */
int
receive_records(struct incarnation *incarnation, const char *records, size_t size)
{
	uint64_t enough = incarnation->pool->messages + MESSAGES_AT_ONCE;
	uint64_t position = incarnation->taken;
	const char *end = records + size, *cursor = records;
	struct record record;
	int more = 1;

	while (!incarnation->pool->destroy && incarnation->pool->messages < enough) {
		plain_take(incarnation, &cursor, end);
		more = record_next(&record, &cursor, end);
		if (more != 1)
			break;
		incarnation->taken = position + (uint64_t)(cursor - records);
		if (take_record(incarnation, &record) != 0)
			return fault_note(
				incarnation, FAULT_RECORD, record.kind, incarnation->taken);
	}
	if (more < 0)
		return fault_note(incarnation, FAULT_CUT, 0, incarnation->taken);
	incarnation->left = cursor != end;
	incarnation->pool->left |= incarnation->left;
	acknowledge(incarnation);
	return 0;
}

/* One that is killed for another reason has its say to the end. */
static void
distrust(struct incarnation *incarnation)
{
	incarnation->distrusted = true;
	incarnation_spoil(incarnation);
}

/*
 * In place: what decides how far to read is copied out of a record before it
 * is checked, and the ring shows itself twice, so a worker that changes its
 * bytes meanwhile spoils its own words only.
 */
void
receive_outbox(struct incarnation *incarnation)
{
	int64_t left;

	if (incarnation->region.page == NULL || incarnation->distrusted)
		return;
	left = outbox_left(&incarnation->region, incarnation->taken);
	incarnation->left = false;
	if (left == 0)
		return;
	if (left < 0)
		fault_note(incarnation, FAULT_PAGE, 0,
			atomic_load(&incarnation->region.page->committed));
	if (left < 0 ||
		receive_records(incarnation, outbox_at(&incarnation->region, incarnation->taken),
			(size_t)left) != 0)
		distrust(incarnation);
}

void
receive_left(struct ord_pool *pool)
{
	pool->left = false;
	for (uint32_t i = 0; i < pool->core.n_places && !pool->destroy; i++)
		if (pool->incarnations[i].left)
			receive_outbox(&pool->incarnations[i]);
}

static void
resume_place(struct ord_pool *pool, uint32_t place)
{
	if (!core_may_take(&pool->core, place))
		return;
	if (pool->incarnations != NULL) {
		struct incarnation *incarnation = &pool->incarnations[place];

		intake_resume(pool, &incarnation->pipe, SOURCE_WORDS, place);
		if (incarnation->owed != 0)
			acknowledge(incarnation);
	}
	intake_resume(pool, &pool->commands[place].out, SOURCE_STDOUT, place);
	intake_resume(pool, &pool->commands[place].err, SOURCE_STDERR, place);
}

void
receive_resume(struct ord_pool *pool)
{
	for (uint32_t i = 0; i < pool->core.n_places && pool->n_paused != 0; i++)
		resume_place(pool, i);
}
