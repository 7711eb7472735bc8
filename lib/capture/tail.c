/* A ring, so that a line costs one copy and nothing is ever moved; it is made straight when it is taken. */
#include "capture/tail.h"

#include <string.h>

#include "base/memory.h"

#define ROOM \
	(2 * TAIL_MAX) /* a power of two; the byte before the first one that counts is looked at too */

static void
append(struct tail *tail, const char *text, size_t size)
{
	size_t at = tail->size & (ROOM - 1), first;

	if (size > ROOM) {
		text += size - ROOM;
		size = ROOM;
	}
	first = size <= ROOM - at ? size : ROOM - at;
	memcpy(tail->bytes + at, text, first);
	if (first != size)
		memcpy(tail->bytes, text + first, size - first);
	tail->size += size;
}

void
tail_add(struct tail *tail, uint64_t sequence, const char *text, size_t size, bool line_ends)
{
	if (tail->bytes == NULL) {
		tail->bytes = memory_resize(NULL, ROOM);
		if (tail->bytes == NULL)
			return;
	}
	if (tail->sequence != sequence)
		tail->size = 0;
	tail->sequence = sequence;
	if (size != 0)
		append(tail, text, size);
	if (line_ends)
		tail->bytes[tail->size++ & (ROOM - 1)] = '\n';
}

/* A letter of UTF-8 that was cut in two is left out. */
static size_t
skip_half_a_letter(const char *bytes, size_t begin, size_t end)
{
	for (int i = 0; i < 3 && begin < end && ((uint8_t)bytes[begin] & 0xc0) == 0x80; i++)
		begin++;
	return begin;
}

static size_t
beginning(const char *bytes, size_t end)
{
	size_t begin = end > TAIL_MAX ? end - TAIL_MAX : 0;
	const char *newline;

	if (begin == 0 || bytes[begin - 1] == '\n')
		return begin;
	newline = memchr(bytes + begin, '\n', end - begin);
	if (newline != NULL && newline + 1 < bytes + end)
		return (size_t)(newline + 1 - bytes);
	return skip_half_a_letter(bytes, begin, end);
}

/* What is there of it, in one piece; NULL without memory. */
static char *
straighten(const struct tail *tail, size_t size)
{
	size_t at = (tail->size - size) & (ROOM - 1), first = ROOM - at;
	char *text = memory_resize(NULL, size + 1);

	if (text == NULL)
		return NULL;
	if (first > size)
		first = size;
	memcpy(text, tail->bytes + at, first);
	memcpy(text + first, tail->bytes, size - first);
	return text;
}

char *
tail_take(struct tail *tail, uint64_t sequence, size_t *size)
{
	size_t end = tail->size < ROOM ? (size_t)tail->size : ROOM, begin;
	char *text = tail->sequence == sequence && end != 0 ? straighten(tail, end) : NULL;

	*size = 0;
	tail->size = 0;
	if (text == NULL)
		return NULL;
	end -= text[end - 1] == '\n';
	begin = beginning(text, end);
	*size = end - begin;
	memmove(text, text + begin, *size);
	text[*size] = '\0';
	if (*size != 0)
		return text;
	memory_free(text);
	return NULL;
}

void
tail_finish(struct tail *tail)
{
	memory_free(tail->bytes);
	*tail = (struct tail){ 0 };
}
