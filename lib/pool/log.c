/*
 * Log records of tasks: checked, as everything that comes from a worker is,
 * and made into messages.
 */
#include <orderly/log.h>

#include <string.h>

#include "pool/pool.h"

#define FILE_MAX 1024

int
pool_take_log(struct incarnation *incarnation, const struct record *record, bool stale)
{
	struct ord_pool *pool = incarnation->pool;
	struct log_record log;
	char file[FILE_MAX + 1];

	if (log_decode(&log, record) != 0 || log.file_size > FILE_MAX ||
		record->value < ORD_TRACE || record->value > ORD_CRITICAL)
		return -1;
	if (stale) {
		pool->dropped++;
		return 0;
	}
	pool->text.size = 0;
	if (buffer_append(&pool->text, log.text, log.text_size) != 0 ||
		buffer_append(&pool->text, "", 1) != 0) {
		pool->messages_dropped++;
		return 0;
	}
	memcpy(file, log.file, log.file_size);
	file[log.file_size] = '\0';
	pool_say(pool,
		&(struct ord_message){ .sequence = incarnation->sequence,
			.time_ns = log.time_ns,
			.text = pool->text.bytes,
			.size = log.text_size,
			.file = file,
			.line = log.line,
			.worker = incarnation->place,
			.level = record->value,
			.source = ORD_SOURCE_LOG });
	return 0;
}
