/* Keeps what a struct words gives out, and reads text[size] of each line as a user may. */
#ifndef UNIT_CAPTURE_RECORDER_H
#define UNIT_CAPTURE_RECORDER_H

#include <stddef.h>
#include <stdint.h>

#include "capture/words.h"

struct record {
	uint64_t sequence;
	size_t at; /* in bytes */
	size_t size;
	int partial;
};

struct recorder {
	struct record *records;
	size_t n_records;
	size_t records_room;
	char *bytes;
	size_t n_bytes;
	size_t bytes_room;
	uint64_t beyond; /* the sum of all text[size] */
	size_t stop_at;  /* on_line says -1 when so many lines have come; 0: never */
};

/* A words_line_fn; user is the recorder. */
int recorder_on_line(const struct words_line *line, void *user);

/* Append one line, by hand. */
void recorder_add(
	struct recorder *recorder, uint64_t sequence, const char *text, size_t size, int partial);

/* Nothing recorded any more. */
void recorder_clear(struct recorder *recorder);

void recorder_finish(struct recorder *recorder);

/* Whether both hold the same lines; with_sequence 0: whatever task they are of. */
int recorder_same(const struct recorder *one, const struct recorder *other, int with_sequence);

#endif
