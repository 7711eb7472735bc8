/*
 * Log records of tasks: checked, as everything that comes from a worker is,
 * and shown where they lie.
 */
#include <orderly/log.h>

#include "pool/pool.h"
#include "wire/log.h"

/*
 * The payload where the worker cannot change it any more: what lies in its
 * outbox is copied first, or a NUL could go after it was seen.  NULL: no memory.
 */
static const char *
own_payload(struct incarnation *incarnation, const struct record *record)
{
	struct buffer *copy = &incarnation->pool->text;
	uintptr_t at = (uintptr_t)record->payload - (uintptr_t)incarnation->region.ring;

	if (at >= 2 * REGION_RING_SIZE)
		return record->payload;
	copy->size = 0;
	return buffer_append(copy, record->payload, record->size) == 0 ? copy->bytes : NULL;
}

/* A name holds until another is told.  Without memory for it there is none. */
static int
take_file(struct incarnation *incarnation, const struct log_record *log)
{
	if (log->file == NULL)
		return incarnation->named ? 0 : -1;
	incarnation->named = true;
	incarnation->file.size = 0;
	buffer_append(&incarnation->file, log->file, log->file_size + 1);
	return 0;
}

int
pool_take_log(struct incarnation *incarnation, const struct record *record, bool stale)
{
	struct ord_pool *pool = incarnation->pool;
	struct log_record log;
	const char *payload;

	if (record->size <= LOG_HEAD)
		return -1;
	payload = own_payload(incarnation, record);
	if (payload == NULL) {
		incarnation->named = true;
		incarnation->file.size = 0;
		pool->messages_dropped++;
		return 0;
	}
	if (log_decode(&log, payload, record->size) != 0 || take_file(incarnation, &log) != 0 ||
		record->value < ORD_TRACE || record->value > ORD_CRITICAL)
		return -1;
	if (stale) {
		pool->dropped++;
		return 0;
	}
	if (incarnation->sequence != ORD_NO_SEQUENCE)
		tail_add(&pool->tails[incarnation->place], incarnation->sequence, log.text,
			log.text_size, true);
	pool_say(pool,
		&(struct ord_message){ .sequence = incarnation->sequence,
			.time_ns = log.time_ns,
			.text = log.text,
			.size = log.text_size,
			.file = incarnation->file.size != 0 ? incarnation->file.bytes : "",
			.line = log.line,
			.worker = incarnation->place,
			.level = record->value,
			.source = ORD_SOURCE_LOG });
	return 0;
}
