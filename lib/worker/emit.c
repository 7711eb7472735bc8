/*
 * Records go into the outbox in the order in which they are made, and each
 * names its task only if the reader could not know it from the one before.
 */
#include "worker/worker.h"

char *
emit_room(struct worker *worker, size_t space)
{
	char *room;

	while ((room = outbox_reserve(&worker->outbox, space)) == NULL)
		worker->drain(worker);
	return room;
}

static void
commit(struct worker *worker, size_t space, bool last)
{
	outbox_commit(&worker->outbox, space, !last);
	if (outbox_is_worth_a_ring(&worker->outbox))
		outbox_ring(&worker->outbox);
}

void
emit_written(struct worker *worker, size_t space)
{
	commit(worker, space, false);
}

void
emit(struct worker *worker, const struct emission *record)
{
	size_t size = record->head_size + record->body_size;
	char *to = record_begin(emit_room(worker, record_space(size)), record->kind, record->flags,
		record->value, (uint32_t)size);

	if (record->head_size != 0)
		memcpy(to, record->head, record->head_size);
	if (record->body_size != 0)
		memcpy(to + record->head_size, record->body, record->body_size);
	commit(worker, record_space(size), record->last);
}

void
emit_run(struct worker *worker, uint64_t sequence, uint32_t index, uint32_t attempt)
{
	char payload[RECORD_RUN_SIZE];

	worker->known_run = true;
	wire_put64(payload, sequence);
	wire_put64(payload + 8, index);
	emit(worker,
		&(struct emission){ .kind = RECORD_RUN,
			.value = (uint16_t)attempt,
			.last = true,
			.head = payload,
			.head_size = sizeof payload });
}
