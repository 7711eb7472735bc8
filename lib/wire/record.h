/*
 * Frames and records: the bytes between a master and its workers, as
 * docs/protocol.md has them.  Encode and decode only; what a record means is
 * the caller's business.  Decoders take any bytes and never read beyond them.
 *
 * To add a record kind: a name here, a line in docs/protocol.md, its case in
 * worker/serve.c or pool/receive.c, LIFE_VERSION + 1, a corpus file.
 */
#ifndef WIRE_RECORD_H
#define WIRE_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FRAME_HEADER 24u
#define RECORD_HEADER 8u
#define RECORD_PAYLOAD_MAX 65536u            /* in the results stream */
#define RECORD_INPUT_MAX (UINT32_C(1) << 30) /* of a CALL */
#define RECORD_BOUNDS_SIZE 24u               /* six numbers of 4 bytes, see docs/protocol.md */
#define RECORD_BEFORE_MAX 32u                /* of a CALL: what stands before its input */

enum record_kind {
	RECORD_RUN = 1,
	RECORD_CALL,
	RECORD_BYE,
	RECORD_LOG,
	RECORD_PART,
	RECORD_RESULT,
	RECORD_SKIP,
	RECORD_FUNCTION, /* tasks: what a CALL's value means */
	RECORD_ANSWER,   /* tasks: to an ASK */
	RECORD_GRANT,    /* tasks: to a RESUME */
	RECORD_START,    /* results: an attempt begins */
	RECORD_PROGRESS, /* results */
	RECORD_ASK,      /* results */
	RECORD_YIELD,    /* results: the task gives its slot back */
	RECORD_RESUME,   /* results: it wants one again */
	RECORD_UNFIT,    /* results: the start hook failed */
	RECORD_LEAVING,  /* results: this worker ends; what it has not started is another's */
	RECORD_BLOCK,    /* results: the output lies in the slab, and RESULT follows */
	RECORD_KINDS
};

enum record_flags {
	RECORD_TIMEOUT =
		1 << 0, /* CALL: 4 + 4 bytes before the input: time-out and grace in milliseconds */
	RECORD_MARKS = 1 << 1, /* RESULT: 8 bytes, how many marks the words have had */
	RECORD_TIMES = 1 << 2, /* RESULT: 8 + 8 bytes, when it started and ended */
	RECORD_SLAB = 1 << 3,  /* CALL: the input lies in the slab, these 8 + 8 bytes say where */
	RECORD_BOUNDS =
		1 << 4, /* CALL: 24 bytes behind the time-out, if there is one: what it may use */
	RECORD_FLAGS = 31
};

struct frame {
	uint64_t token;
	uint64_t id;
	uint64_t position;
	const char *records; /* size bytes */
	size_t size;
};

struct record {
	uint32_t size; /* of the payload */
	uint8_t kind;
	uint8_t flags;
	uint16_t value;
	const char *payload;
};

/* Bytes that a record with such a payload takes. */
static inline size_t
record_space(size_t payload)
{
	return RECORD_HEADER + ((payload + 7) & ~(size_t)7);
}

/* Little-endian 64 bits, any alignment. */
static inline uint64_t
wire_get64(const char *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof value);
	return value;
}

static inline void
wire_put64(char *bytes, uint64_t value)
{
	memcpy(bytes, &value, sizeof value);
}

/* Write a frame's header; returns the byte behind it. */
char *frame_encode(char *to, uint64_t token, uint64_t id, uint64_t position);

/* Take a frame apart; -1 if it is too short or ends inside an 8-byte unit. */
int frame_decode(struct frame *frame, const char *bytes, size_t size);

/* A record's header: its payload's size below, kind, flags and value above. */
#define RECORD_WORD(kind, flags, value, size) \
	((uint64_t)(value) << 48 | (uint64_t)(flags) << 40 | (uint64_t)(kind) << 32 | \
		(uint64_t)(size))

/*
 * Write a record's header and zero its padding; returns where the payload
 * goes.  The caller has record_space(size) bytes there.
 */
static inline char *
record_begin(char *to, uint8_t kind, uint8_t flags, uint16_t value, uint32_t size)
{
	wire_put64(to, RECORD_WORD(kind, flags, value, size));
	if (size % 8 != 0)
		wire_put64(to + record_space(size) - 8, 0);
	return to + RECORD_HEADER;
}

/*
 * Take the next record of *cursor … end; 1: here it is and *cursor is behind
 * it, 0: the end, -1: bad (too long, unknown kind or flag).
 */
static inline int
record_next(struct record *record, const char **cursor, const char *end)
{
	size_t left = (size_t)(end - *cursor);
	uint64_t word;

	if (left < RECORD_HEADER)
		return left == 0 ? 0 : -1;
	word = wire_get64(*cursor);
	record->size = (uint32_t)word;
	record->kind = (uint8_t)(word >> 32);
	record->flags = (uint8_t)(word >> 40);
	record->value = (uint16_t)(word >> 48);
	record->payload = *cursor + RECORD_HEADER;
	if (record->kind == 0 || record->kind >= RECORD_KINDS ||
		(record->flags & ~RECORD_FLAGS) != 0 ||
		record->size > RECORD_INPUT_MAX + RECORD_BEFORE_MAX ||
		record_space(record->size) > left)
		return -1;
	*cursor += record_space(record->size);
	return 1;
}

/* RUN: the sequence, and the index of its claim word. */
#define RECORD_RUN_SIZE 16u

/* START: when, CLOCK_MONOTONIC in ns.  PROGRESS: how much is done, of how much. */
#define RECORD_START_SIZE 8u
#define RECORD_PROGRESS_SIZE 16u

/* RESULT: its parts; absent ones are 0. */
struct result_record {
	uint64_t marks;
	uint64_t started_ns;
	uint64_t ended_ns;
	const char *output;
	uint32_t output_size;
};
int result_decode(struct result_record *result, const struct record *record);

#endif
