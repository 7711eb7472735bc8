/*
 * Frames from another process: any bytes are taken apart without reading
 * beyond them, and what was understood is written again and must be the same
 * bytes, padding apart, which the writer zeroes and the reader does not look at.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/log.h"
#include "wire/record.h"

/* assert() may be compiled out; this is not. */
static void
must(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_wire: %s\n", what);
	abort();
}

/* Reads each byte, so that the sanitizers see a piece that reaches too far. */
static void
touch(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		volatile char byte = bytes[i];

		(void)byte;
	}
}

static void
check_log(const struct record *record, char *again)
{
	struct log_record log;
	size_t before;

	if (log_decode(&log, record->payload, record->size) != 0)
		return;
	must((log.file == NULL) == (log.file_size == LOG_FILE_SAME), "a name without its size");
	if (log.file != NULL) {
		must(log.file_size <= LOG_FILE_MAX, "a file name is too long");
		touch(log.file, log.file_size + 1);
		must(log.file[log.file_size] == '\0', "a file name has no end");
	}
	touch(log.text, log.text_size + 1);
	must(log.text[log.text_size] == '\0', "a text has no end");
	before = log_encode(again, log.time_ns, log.line, log.file, log.file_size);
	memcpy(again + before, log.text, log.text_size + 1);
	must(before + log.text_size + 1 == record->size, "a log's parts are not all of it");
	must(memcmp(again, record->payload, record->size) == 0, "a log differs");
}

static void
check_result(const struct record *record, char *again)
{
	struct result_record result;
	char *to = again;

	if (result_decode(&result, record) != 0)
		return;
	touch(result.output, result.output_size);
	if ((record->flags & RECORD_MARKS) != 0) {
		wire_put64(to, result.marks);
		to += 8;
	}
	if ((record->flags & RECORD_TIMES) != 0) {
		wire_put64(to, result.started_ns);
		wire_put64(to + 8, result.ended_ns);
		to += 16;
	}
	memcpy(to, result.output, result.output_size);
	to += result.output_size;
	must((size_t)(to - again) == record->size, "a result's parts are not all of it");
	must(memcmp(again, record->payload, record->size) == 0, "a result differs");
}

/* Whatever its kind: both are asked of any record. */
static void
check_record(const struct record *record, const char *from, const char *cursor)
{
	size_t space = (size_t)(cursor - from);
	char *again = malloc(space);
	char *payload;

	must(again != NULL, "no memory");
	must(record->kind > 0 && record->kind < RECORD_KINDS, "an unknown kind");
	must(space == record_space(record->size) && record->payload == from + RECORD_HEADER,
		"a record lies elsewhere");
	touch(record->payload, record->size);
	check_log(record, again);
	check_result(record, again);
	memset(again, 'x', space);
	payload = record_begin(again, record->kind, record->flags, record->value, record->size);
	if (record->size != 0)
		memcpy(payload, record->payload, record->size);
	must(memcmp(again, from, RECORD_HEADER + record->size) == 0, "a record differs");
	for (size_t i = RECORD_HEADER + record->size; i < space; i++)
		must(again[i] == 0, "padding is not zero");
	free(again);
}

static void
check_records(const char *records, size_t size)
{
	const char *end = records + size, *cursor = records, *from = records;
	struct record record;
	int more;

	while ((more = record_next(&record, &cursor, end)) == 1) {
		must(cursor > from && cursor <= end, "the cursor goes wrong");
		check_record(&record, from, cursor);
		from = cursor;
	}
	must(cursor == from, "a bad record moves the cursor");
	must((more == 0) == (cursor == end), "the end is not the end");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	char header[FRAME_HEADER];
	struct frame frame;

	check_records(text, size);
	if (frame_decode(&frame, text, size) != 0) {
		must(size < FRAME_HEADER || size % 8 != 0, "a good frame is refused");
		return 0;
	}
	must(frame.records == text + FRAME_HEADER && frame.size == size - FRAME_HEADER,
		"a frame's records lie elsewhere");
	must(frame_encode(header, frame.token, frame.id, frame.position) == header + FRAME_HEADER,
		"a header has another size");
	must(memcmp(header, bytes, FRAME_HEADER) == 0, "a frame differs");
	check_records(frame.records, frame.size);
	return 0;
}
