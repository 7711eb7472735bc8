/* One buffer of twice what is kept: it is moved down once in a while, so that a line costs one copy. */
#include "capture/tail.h"

#include <string.h>

#include "base/memory.h"

#define ROOM (2 * TAIL_MAX)
/* What is never dropped: the last newline and the byte before the first one that counts are looked at too. */
#define KEPT (TAIL_MAX + 2)

static void
append(struct tail *tail, const char *text, size_t size)
{
	if (size > KEPT) {
		text += size - KEPT;
		size = KEPT;
	}
	if (tail->size + size > ROOM) {
		size_t rest = KEPT - size < tail->size ? KEPT - size : tail->size;

		memmove(tail->bytes, tail->bytes + tail->size - rest, rest);
		tail->size = rest;
	}
	if (size != 0)
		memcpy(tail->bytes + tail->size, text, size);
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
	append(tail, text, size);
	if (line_ends)
		append(tail, "\n", 1);
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

char *
tail_take(struct tail *tail, uint64_t sequence, size_t *size)
{
	size_t end = tail->sequence == sequence ? tail->size : 0, begin;
	char *text;

	*size = 0;
	tail->size = 0;
	if (end != 0 && tail->bytes[end - 1] == '\n')
		end--;
	if (end == 0)
		return NULL;
	begin = beginning(tail->bytes, end);
	text = memory_copy(tail->bytes + begin, end - begin);
	*size = text != NULL ? end - begin : 0;
	return text;
}

void
tail_finish(struct tail *tail)
{
	memory_free(tail->bytes);
	*tail = (struct tail){ 0 };
}
