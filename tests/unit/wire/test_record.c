/* Frames and records: what is encoded comes back, and nothing else is taken for it. */
#include <criterion/criterion.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/record.h"

enum { KINDS = RECORD_KINDS - 1 };

/* A copy of exactly `size` bytes, so that a read beyond them is seen by the sanitizers. */
static char *
exactly(const char *bytes, size_t size)
{
	char *copy = malloc(size != 0 ? size : 1);

	cr_assert_not_null(copy);
	if (size != 0)
		memcpy(copy, bytes, size);
	return copy;
}

static char *
put(char *to, uint8_t kind, uint8_t flags, uint16_t value, const char *payload, uint32_t size)
{
	char *at = record_begin(to, kind, flags, value, size);

	if (size != 0)
		memcpy(at, payload, size);
	return to + record_space(size);
}

Test(record, space_is_a_multiple_of_eight)
{
	cr_assert_eq(record_space(0), 8);
	cr_assert_eq(record_space(1), 16);
	cr_assert_eq(record_space(8), 16);
	cr_assert_eq(record_space(9), 24);
	cr_assert_eq(record_space(RECORD_PAYLOAD_MAX), RECORD_PAYLOAD_MAX + 8);
	cr_assert_eq(record_space(RECORD_INPUT_MAX + 8), (size_t)RECORD_INPUT_MAX + 16);
}

Test(record, numbers_at_any_address)
{
	char bytes[24];

	for (size_t i = 0; i < 16; i++) {
		wire_put64(bytes + i, UINT64_C(0x0123456789abcdef) + i);
		cr_assert_eq(wire_get64(bytes + i), UINT64_C(0x0123456789abcdef) + i);
		cr_assert_eq((unsigned char)bytes[i],
			0xef + i <= 0xff ? 0xef + i : (0xef + i) & 0xff); /* little-endian */
	}
}

Test(record, a_frame_comes_back)
{
	char bytes[FRAME_HEADER + 16];
	struct frame frame;

	cr_assert_eq(frame_encode(bytes, UINT64_MAX, 7, UINT64_C(1) << 40), bytes + FRAME_HEADER);
	cr_assert_eq(frame_decode(&frame, bytes, sizeof bytes), 0);
	cr_assert_eq(frame.token, UINT64_MAX);
	cr_assert_eq(frame.id, 7);
	cr_assert_eq(frame.position, UINT64_C(1) << 40);
	cr_assert_eq(frame.records, bytes + FRAME_HEADER);
	cr_assert_eq(frame.size, 16);
	cr_assert_eq(frame_decode(&frame, bytes, FRAME_HEADER), 0);
	cr_assert_eq(frame.size, 0);
}

Test(record, frames_are_whole_or_bad)
{
	char bytes[FRAME_HEADER + 32] = { 0 };
	struct frame frame;

	for (size_t size = 0; size <= sizeof bytes; size++) {
		char *copy = exactly(bytes, size);
		int good = size >= FRAME_HEADER && size % 8 == 0;

		cr_assert_eq(frame_decode(&frame, copy, size), good ? 0 : -1);
		free(copy);
	}
}

/* Every kind with every set of flags, payloads of 0 to 40 bytes, one behind the other. */
static size_t
write_all(char *bytes, const char *payload)
{
	char *to = bytes;
	uint32_t size = 0;

	for (uint8_t kind = 1; kind <= KINDS; kind++)
		for (uint8_t flags = 0; flags <= RECORD_FLAGS; flags++, size = (size + 1) % 41)
			to = put(to, kind, flags, (uint16_t)(kind * 1000 + flags), payload, size);
	return (size_t)(to - bytes);
}

Test(record, records_come_back)
{
	static char bytes[65536];
	const char payload[] = "0123456789012345678901234567890123456789";
	size_t size = write_all(bytes, payload);
	char *copy = exactly(bytes, size);
	const char *cursor = copy;
	uint32_t expected = 0;
	struct record record = { 0 };

	for (uint8_t kind = 1; kind <= KINDS; kind++)
		for (uint8_t flags = 0; flags <= RECORD_FLAGS;
			flags++, expected = (expected + 1) % 41) {
			cr_assert_eq(record_next(&record, &cursor, copy + size), 1);
			cr_assert_eq(record.kind, kind);
			cr_assert_eq(record.flags, flags);
			cr_assert_eq(record.value, kind * 1000 + flags);
			cr_assert_eq(record.size, expected);
			cr_assert_arr_eq(record.payload, payload, expected);
		}
	cr_assert_eq(record_next(&record, &cursor, copy + size), 0);
	cr_assert_eq(cursor, copy + size);
	free(copy);
}

/* Cut anywhere, the whole records before the cut come, and then it is bad or the end. */
Test(record, every_truncation)
{
	static char bytes[65536];
	size_t size = write_all(bytes, "0123456789012345678901234567890123456789");

	for (size_t cut = 0; cut < size; cut++) {
		char *copy = exactly(bytes, cut);
		const char *cursor = copy, *before = copy, *whole = bytes;
		struct record record;
		int more;

		while ((more = record_next(&record, &cursor, copy + cut)) == 1) {
			cr_assert(cursor > before && cursor <= copy + cut);
			cr_assert(record.payload + record.size <= copy + cut);
			whole += record_space(record.size);
			before = cursor;
		}
		cr_assert_eq(cursor, before); /* a bad record moves nothing */
		cr_assert_eq(whole - bytes, cursor - copy);
		cr_assert_eq(more, cursor == copy + cut ? 0 : -1);
		free(copy);
	}
}

static int
next_of(uint8_t kind, uint8_t flags, uint32_t size, size_t there)
{
	char bytes[64] = { 0 }, *copy;
	struct record record = { 0 };
	const char *cursor;
	int more;

	memcpy(bytes, &size, sizeof size);
	bytes[4] = (char)kind;
	bytes[5] = (char)flags;
	copy = exactly(bytes, there);
	cursor = copy;
	more = record_next(&record, &cursor, copy + there);
	cr_assert_eq(cursor - copy, more == 1 ? (ptrdiff_t)record_space(size) : 0);
	free(copy);
	return more;
}

Test(record, unknown_kinds_and_flags_are_bad)
{
	for (unsigned kind = 0; kind < 256; kind++)
		cr_assert_eq(next_of((uint8_t)kind, 0, 0, 8), kind >= 1 && kind <= KINDS ? 1 : -1);
	for (unsigned flags = 0; flags < 256; flags++)
		cr_assert_eq(next_of(RECORD_RESULT, (uint8_t)flags, 0, 8),
			flags <= RECORD_FLAGS ? 1 : -1);
}

Test(record, sizes_that_do_not_fit_are_bad)
{
	static const uint32_t sizes[] = { 17, 24, RECORD_INPUT_MAX, RECORD_INPUT_MAX + 8,
		RECORD_INPUT_MAX + 9, INT32_MAX, UINT32_MAX - 8, UINT32_MAX - 7, UINT32_MAX - 1,
		UINT32_MAX };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		cr_assert_eq(next_of(RECORD_CALL, 0, sizes[i], 24), -1);
	cr_assert_eq(next_of(RECORD_CALL, 0, 16, 24), 1);
	cr_assert_eq(next_of(RECORD_CALL, 0, 9, 24), 1);
	cr_assert_eq(next_of(RECORD_CALL, 0, 9, 23), -1); /* its padding is missing */
}

/* What lay there before does not leave the process. */
Test(record, padding_is_zero)
{
	for (uint32_t size = 0; size <= 16; size++) {
		char bytes[32];

		memset(bytes, 'x', sizeof bytes);
		put(bytes, RECORD_PART, 0, 0, "yyyyyyyyyyyyyyyy", size);
		for (size_t i = RECORD_HEADER + size; i < record_space(size); i++)
			cr_assert_eq(bytes[i], 0);
		cr_assert_eq(bytes[record_space(size)], 'x');
	}
}

/* --- RESULT --- */

Test(record, results_with_and_without_their_parts)
{
	for (uint8_t flags = 0; flags <= RECORD_FLAGS; flags++) {
		size_t head = ((flags & RECORD_MARKS) != 0 ? 8u : 0u) +
			((flags & RECORD_TIMES) != 0 ? 16u : 0u);
		char payload[40];

		for (size_t i = 0; i < head; i += 8)
			wire_put64(payload + i, i + 1);
		memcpy(payload + head, "output", 6);
		for (size_t cut = 0; cut <= head + 6; cut++) {
			struct record record = {
				.kind = RECORD_RESULT, .flags = flags, .size = (uint32_t)cut
			};
			struct result_record result;
			char *copy = exactly(payload, cut);

			record.payload = copy;
			cr_assert_eq(result_decode(&result, &record), cut >= head ? 0 : -1);
			if (cut >= head) {
				cr_assert_eq(result.output, copy + head);
				cr_assert_eq(result.output_size, cut - head);
				cr_assert_eq(result.marks, (flags & RECORD_MARKS) != 0 ? 1 : 0);
				cr_assert_eq(result.started_ns,
					(flags & RECORD_TIMES) != 0 ? head - 15 : 0);
				cr_assert_eq(result.ended_ns,
					(flags & RECORD_TIMES) != 0 ? head - 7 : 0);
			}
			free(copy);
		}
	}
}
