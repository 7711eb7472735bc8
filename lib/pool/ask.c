/*
 * Tasks that ask their master, and tasks that gave their slot back: what is
 * said to them in return.  Each question gets one answer.
 */
#include "deliver/ask.h"

#include <orderly/status.h>

#include "pool/pool.h"

static int
answer(struct ord_pool *pool, struct slot *slot, int status, const void *bytes, size_t size)
{
	uint32_t place = core_runner(&pool->core, slot);

	if (place == UINT32_MAX) /* claim words are input too */
		return ORD_EINVAL;
	if (pool->inline_worker != NULL) {
		if (inline_answer(pool, bytes, size) != 0)
			return ORD_ENOMEM;
	} else if (incarnation_reply(&pool->incarnations[place], RECORD_ANSWER, (uint16_t)-status,
			   bytes, size) != 0) {
		return ORD_ENOMEM;
	}
	slot->asking = false;
	return ORD_OK;
}

/* Without memory for so little the worker is replaced, so that it never waits for nothing. */
static void
refuse(struct ord_pool *pool, struct slot *slot, int status)
{
	if (pool->inline_worker == NULL && answer(pool, slot, status, NULL, 0) == ORD_ENOMEM)
		incarnation_spoil(&pool->incarnations[core_runner(&pool->core, slot)]);
	slot->asking = false;
}

static void
say_ask(struct ord_pool *pool, const struct ord_ask *ask)
{
	pool->callbacks++;
	pool->options.on_ask(ask, pool->options.on_ask_user);
	pool->callbacks--;
}

int
pool_take_ask(struct incarnation *incarnation, struct slot *slot, const struct record *record)
{
	struct ord_pool *pool = incarnation->pool;
	struct ord_ask ask = { .sequence = slot->sequence,
		.size = record->size,
		.user = slot->task.user,
		.worker = incarnation->place };

	if (slot->asking)
		return -1;
	slot->asking = true;
	incarnation->ask = incarnation->asked;
	pool->text.size = 0;
	if (slot->cancel) {
		refuse(pool, slot, ORD_EINTERRUPTED);
	} else if (pool->options.on_ask == NULL) {
		refuse(pool, slot, ORD_ENOTSUP);
	} else if (buffer_append(&pool->text, record->payload, record->size) != 0 ||
		buffer_append(&pool->text, "", 1) != 0) {
		refuse(pool, slot, ORD_ENOMEM);
	} else {
		ask.request = pool->text.bytes;
		say_ask(pool, &ask);
	}
	return 0;
}

void
pool_stop_asking(struct ord_pool *pool, struct slot *slot)
{
	uint32_t place = core_runner(&pool->core, slot);

	if (place == UINT32_MAX || slot->task.command)
		return;
	if (slot->asking)
		refuse(pool, slot, ORD_EINTERRUPTED);
	core_grant(&pool->core, place);
}

void
pool_grant(struct ord_pool *pool, uint32_t place)
{
	const struct slot *slot = core_running(&pool->core, place);
	int status = slot != NULL && slot->cancel ? ORD_EINTERRUPTED : ORD_OK;

	if (incarnation_reply(
		    &pool->incarnations[place], RECORD_GRANT, (uint16_t)-status, NULL, 0) != 0)
		incarnation_spoil(&pool->incarnations[place]);
}

int
ord_pool_answer(struct ord_pool *pool, uint64_t sequence, const void *bytes, size_t size)
{
	int status = pool_check(pool);
	struct slot *slot;

	if (status != 0)
		return status;
	if (bytes == NULL && size != 0)
		return error_set(
			&pool->error, ORD_EINVAL, "answer is NULL and its size is %zu", size);
	if (size > RECORD_INPUT_MAX)
		return error_set(&pool->error, ORD_ETOOBIG,
			"an answer of %zu bytes is larger than 1 GiB: answer with a file's name instead",
			size);
	slot = pool->started ? core_find(&pool->core, sequence) : NULL;
	if (slot == NULL || slot->state != SLOT_SENT || !slot->asking)
		return error_set(&pool->error, ORD_EINVAL,
			"task %llu does not wait for an answer: it has ended, or is tried again and will ask again",
			(unsigned long long)sequence);
	status = answer(pool, slot, ORD_OK, bytes, size);
	if (status == ORD_EINVAL)
		return error_set(&pool->error, status, "nobody runs task %llu any more",
			(unsigned long long)sequence);
	return status == 0 ? ORD_OK : error_memory(&pool->error);
}
