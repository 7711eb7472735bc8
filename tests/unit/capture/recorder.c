/* The recorder takes its memory from malloc, so that no fault meant for the library hits it. */
#include "recorder.h"

#include <stdlib.h>
#include <string.h>

static void *
room_for(void *block, size_t *room, size_t wanted, size_t size)
{
	if (wanted <= *room)
		return block;
	*room = wanted * 2 + 64;
	block = realloc(block, *room * size);
	if (block == NULL)
		abort();
	return block;
}

void
recorder_add(
	struct recorder *recorder, uint64_t sequence, const char *text, size_t size, int partial)
{
	struct record *record;

	recorder->records = room_for(recorder->records, &recorder->records_room,
		recorder->n_records + 1, sizeof *record);
	recorder->bytes =
		room_for(recorder->bytes, &recorder->bytes_room, recorder->n_bytes + size + 1, 1);
	record = &recorder->records[recorder->n_records++];
	*record = (struct record){ sequence, recorder->n_bytes, size, partial };
	if (size != 0)
		memcpy(recorder->bytes + recorder->n_bytes, text, size);
	recorder->n_bytes += size;
}

int
recorder_on_line(const struct words_line *line, void *user)
{
	struct recorder *recorder = user;

	recorder->beyond += (uint8_t)line->text[line->size];
	recorder_add(recorder, line->sequence, line->text, line->size, line->partial);
	return recorder->stop_at != 0 && recorder->n_records >= recorder->stop_at ? -1 : 0;
}

void
recorder_clear(struct recorder *recorder)
{
	recorder->n_records = 0;
	recorder->n_bytes = 0;
}

void
recorder_finish(struct recorder *recorder)
{
	free(recorder->records);
	free(recorder->bytes);
	*recorder = (struct recorder){ 0 };
}

int
recorder_same(const struct recorder *one, const struct recorder *other, int with_sequence)
{
	if (one->n_records != other->n_records || one->n_bytes != other->n_bytes)
		return 0;
	for (size_t i = 0; i < one->n_records; i++) {
		const struct record *a = &one->records[i];
		const struct record *b = &other->records[i];

		if (a->at != b->at || a->size != b->size || a->partial != b->partial ||
			(with_sequence && a->sequence != b->sequence))
			return 0;
	}
	return one->n_bytes == 0 || memcmp(one->bytes, other->bytes, one->n_bytes) == 0;
}
