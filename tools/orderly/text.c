/* Growth by doubling, so that n appends cost O(n); the end of memory is the end of the command. */
#include "text.h"

#include <stdlib.h>
#include <string.h>

#include "complain.h"

void *
text_allocate(size_t count, size_t size)
{
	void *memory = calloc(count != 0 ? count : 1, size);

	if (memory == NULL)
		complain_memory();
	return memory;
}

void *
text_reallocate(void *old, size_t count, size_t size)
{
	void *memory;

	if (size != 0 && count > SIZE_MAX / 2 / size)
		complain_memory();
	memory = realloc(old, count * size);
	if (memory == NULL)
		complain_memory();
	return memory;
}

void
text_add(struct text *text, const void *bytes, size_t size)
{
	size_t capacity = text->capacity != 0 ? text->capacity : 64;

	if (size == 0)
		return;
	if (size > SIZE_MAX / 4 - text->size)
		complain_memory();
	if (text->size + size > text->capacity) {
		while (capacity < text->size + size)
			capacity *= 2;
		text->bytes = text_reallocate(text->bytes, capacity, 1);
		text->capacity = capacity;
	}
	memcpy(text->bytes + text->size, bytes, size);
	text->size += size;
}

void
text_add_string(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void
text_add_byte(struct text *text, char byte)
{
	text_add(text, &byte, 1);
}

void
text_add_number(struct text *text, uint64_t number)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	text_add(text, digits + at, sizeof digits - at);
}

bool
text_is_close(const char *a, const char *b)
{
	size_t same = 0, end = 0, n = strlen(a), m = strlen(b);

	while (a[same] != '\0' && a[same] == b[same])
		same++;
	while (end < n - same && end < m - same && a[n - 1 - end] == b[m - 1 - end])
		end++;
	n -= same + end;
	m -= same + end;
	return (n <= 1 && m <= 1) ||
		(n == 2 && m == 2 && a[same] == b[same + 1] && a[same + 1] == b[same]);
}

void
text_clear(struct text *text)
{
	text->size = 0;
}

void
text_finish(struct text *text)
{
	free(text->bytes);
	*text = (struct text){ 0 };
}
