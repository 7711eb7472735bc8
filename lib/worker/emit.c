/*
 * Records go into the outbox in the order in which they are made, and each
 * names its task only if the reader could not know it from the one before.
 */
#include "worker/worker.h"

#define FLUSH_BYTES \
	(32u * 1024u) /* a message of records is not much larger, so that a flood delays nobody */
#define FLUSH_PARTS \
	(256u * 1024u) /* pieces of one large result delay nobody, and larger messages cost less */

static char *
reserve(struct worker *worker, size_t size)
{
	char *room;

	while ((room = outbox_reserve(&worker->outbox, size)) == NULL)
		worker->drain(worker);
	return room;
}

void
emit(struct worker *worker, uint8_t kind, uint8_t flags, uint16_t value, const void *head,
	size_t head_size, const void *body, size_t body_size, bool last)
{
	size_t size = head_size + body_size;
	char *to = record_begin(
		reserve(worker, record_space(size)), kind, flags, value, (uint32_t)size);

	if (head_size != 0)
		memcpy(to, head, head_size);
	if (body_size != 0)
		memcpy(to + head_size, body, body_size);
	outbox_commit(&worker->outbox, record_space(size), !last);
	if (worker->flush != NULL &&
		worker->outbox.position - worker->outbox.sent >=
			(kind == RECORD_PART ? FLUSH_PARTS : FLUSH_BYTES))
		worker->flush(worker);
}

void
emit_run(struct worker *worker, uint64_t sequence, uint32_t index, uint32_t attempt)
{
	char payload[RECORD_RUN_SIZE];

	if (worker->out_known && worker->out_sequence == sequence &&
		worker->out_attempt == attempt && worker->out_index == index)
		return;
	worker->out_known = true;
	worker->out_sequence = sequence;
	worker->out_index = index;
	worker->out_attempt = attempt;
	wire_put64(payload, sequence);
	wire_put64(payload + 8, index);
	emit(worker, RECORD_RUN, 0, (uint16_t)attempt, payload, sizeof payload, NULL, 0, true);
}

void
emit_next(struct worker *worker)
{
	worker->out_sequence++;
	worker->out_index = (worker->out_index + 1) & (worker->n_claims - 1);
	worker->out_attempt = 0;
}
