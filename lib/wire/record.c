/*
 * The codec.  x86-64 and arm64 are little-endian and so is the wire; a big
 * endian port swaps in wire_get64 and wire_put64.
 */
#include "wire/record.h"

char *
frame_encode(char *to, uint64_t token, uint64_t id, uint64_t position)
{
	wire_put64(to, token);
	wire_put64(to + 8, id);
	wire_put64(to + 16, position);
	return to + FRAME_HEADER;
}

int
frame_decode(struct frame *frame, const char *bytes, size_t size)
{
	if (size < FRAME_HEADER || (size - FRAME_HEADER) % 8 != 0)
		return -1;
	frame->token = wire_get64(bytes);
	frame->id = wire_get64(bytes + 8);
	frame->position = wire_get64(bytes + 16);
	frame->records = bytes + FRAME_HEADER;
	frame->size = size - FRAME_HEADER;
	return 0;
}

int
result_decode(struct result_record *result, const struct record *record)
{
	const char *at = record->payload;
	const char *end = at + record->size;

	memset(result, 0, sizeof *result);
	if ((record->flags & RECORD_MARKS) != 0) {
		if (end - at < 8)
			return -1;
		result->marks = wire_get64(at);
		at += 8;
	}
	if ((record->flags & RECORD_TIMES) != 0) {
		if (end - at < 16)
			return -1;
		result->started_ns = wire_get64(at);
		result->ended_ns = wire_get64(at + 8);
		at += 16;
	}
	result->output = at;
	result->output_size = (uint32_t)(end - at);
	return 0;
}
